"""What a meter sums while a plant runs is what its recorder sums: at one price, however often it is stated, energy costs the same."""

from __future__ import annotations

import pytest
from random_plants import random_plant
from smelter_plant import smelter

import twin
from twin.results.kpis import Kpi
from twin.scenario import Scenario

EVERY = 7
"""min between two rows of the series: no multiple of a record step or a quarter-hour."""


def metered(scenario: Scenario, carriers: list[str]) -> tuple[dict[str, Kpi], dict[str, Kpi]]:
    """The key figures with a price and a factor, and with series that always say these."""
    prices = {f"carriers.{name}.price": f"0.1{k} EUR/kWh" for k, name in enumerate(carriers)}
    factors = {f"carriers.{name}.co2": f"0.3{k} kg/kWh" for k, name in enumerate(carriers)}
    constant = scenario.change({**prices, **factors})
    rows = range(0, round(scenario.horizon / 60), EVERY)
    files = {f"{name}.csv": "time,price [EUR/kWh],co2 [kg/kWh]\n" + "".join(f"{t} min,0.1{k},0.3{k}\n" for t in rows) for k, name in enumerate(carriers)}
    tree = dict(constant.merged)  # type: ignore[arg-type]
    tree["carriers"] = {name: {key: {"series": {"file": f"{name}.csv", "column": key}} for key in ("price", "co2")} for name in carriers}
    tree["carriers"]["electricity"]["peak"] = {"price": "100 EUR/(kW a)"}
    with twin.run(constant) as one, twin.run(twin.load(tree, files={**constant.files, **files})) as other:
        return dict(one.kpis), dict(other.kpis)


def test_furnaces_draw_the_same_at_a_series() -> None:
    """A lance furnace with gas, coke and oxygen from a plant, and a converter."""
    scenario = twin.load(smelter("12 h"))
    one, other = metered(scenario, list(scenario.carriers))
    assert one["energy_cost"].value > 500.0
    for name in ("energy_cost", "co2"):
        assert other[name].value == pytest.approx(one[name].value, rel=1e-12)
    mean = one["energy.electricity"].value / scenario.horizon
    assert mean < other["peak_power"].value


@pytest.mark.parametrize("seed", range(4))
def test_lines_and_belts_draw_the_same_at_a_series(seed: int) -> None:
    plain = random_plant(seed)
    power = {f"units.{name}.power": {"idle": "5 kW", "specific": "3 kWh/t"} for name, kind in plain.kinds.items() if kind.role in ("machine", "conveyor")}
    one, other = metered(plain.change({"carriers": {"electricity": {}}, **power}), ["electricity"])
    assert one["energy_cost"].value > 0.0
    for name in ("energy_cost", "co2"):
        assert other[name].value == pytest.approx(one[name].value, rel=1e-12)
