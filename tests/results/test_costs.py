"""Costs besides material and energy: by hand on a plant that runs 16 h a day at 8 t/h, and the same whatever the record step."""

from __future__ import annotations

import doctest
import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin
from twin.engine import meter
from twin.engine.meter import Meter, Rules, Steps
from twin.errors import ScenarioError, UsageError
from twin.results import cost_inputs, costs
from twin.results import investment as formulas
from twin.results.investment import Investment, internal_rate, npv
from twin.results.kpis import Kpi

PLANT = """
twin: 1
name: yard
time: {start: 2026-01-05T06:00, horizon: 9 d, warmup: 2 d}
lot: 1 t
catalogue: [weee]
size_bounds: "8 63 125 mm"
calendars: {day: {weekdays: ["06:00-22:00"]}}
units:
  trucks: {kind: feed, every: {constant: 1 h}, first: 0 s, mass: 20 t, composition: {steel: 50 %, plastics: 50 %},
           size: {rosin_rammler: {x63: 40 mm, n: 1.4}}, queue_limit: 0, when_full: turn_away, price: -30 EUR/t}
  yard: {kind: bunker, from: trucks, capacity: 120 t}
  mill: {kind: splitter, from: yard, rate: 8 t/h, calendar: day, shares: {steel: 50 %, residue: 50 %}, power: {idle: 10 kW, specific: 2 kWh/t}}
  steel: {kind: product, from: mill.steel, price: 150 EUR/t}
  residue: {kind: product, from: mill.residue, price: -80 EUR/t}
carriers: {electricity: {price: {series: {file: prices.csv, column: spot, hold: step}}, co2: 0.4 kg/kWh, peak: {price: 120 EUR/(kW a)}}}
money:
  interest: 6 %
  investment: {amount: 1 MEUR, life: 20 a}
  labour: {operator: {heads: {day: 2}, wage: 32 EUR/h}}
  by_unit:
    mill:
      investment: {amount: 250 kEUR, life: 10 a, salvage: 15 kEUR}
      maintenance: {per_hour: 5 EUR/h, per_failure: 100 EUR}
      wear_parts: {hammers: {price: 1000 EUR, per: 2000 t}}
  carbon: {price: 80 EUR/t}
  prices:
    cheap_steel: {products: {steel: 100 EUR/t}}
    dear_power: {carriers: {electricity: 0.5 EUR/kWh}}
"""
SPOT = "time,spot [EUR/MWh]\n2026-01-01,100\n2026-01-08T07:00,200\n2026-01-08T07:20,50\n2026-01-09T14:00,120\n"
HOURS = 5 * 16
"""Monday to Friday of the week of 7 d from Wednesday on."""
TONNES = 8 * HOURS


@cache
def kpis(*changes: tuple[str, object]) -> dict[str, Kpi]:
    scenario = twin.load(PLANT, files={"prices.csv": SPOT})
    with twin.run(scenario.change(dict(changes)) if changes else scenario) as result:
        return dict(result.kpis)


def test_each_cost_by_hand() -> None:
    found = {name: kpi.value for name, kpi in kpis().items()}
    window = 7 / 365
    assert found["processed"] == pytest.approx(1000 * TONNES, rel=1e-9)
    assert found["labour_cost"] == pytest.approx(2 * 32 * HOURS)
    assert found["maintenance_cost"] == pytest.approx(5 * HOURS)
    assert found["wear_cost"] == pytest.approx(1000 * TONNES / 2000)
    assert found["carbon_cost"] == pytest.approx(0.08 * 0.4 * 26 * HOURS)
    assert found["peak_power"] == pytest.approx(26e3)
    assert found["peak_cost"] == pytest.approx(120 * 26 * window)
    assert found["capital_cost"] == pytest.approx((32_828.97 + 87_184.56) * window, rel=1e-6)
    # 100 EUR/MWh until Thursday 7:00, then 20 min at 200, 50 until Friday 14:00, 120 from then on: 16 + 1 h, 1/3 h, 14 2/3 + 8 h, and the rest
    cheap = 17 * 100 + 200 / 3 + (14 + 2 / 3 + 8) * 50
    energy = 26e-3 * (cheap + (HOURS - 40) * 120)
    assert found["energy_cost"] == pytest.approx(energy, rel=1e-9)
    parts = ("labour_cost", "maintenance_cost", "wear_cost", "carbon_cost", "peak_cost")
    assert found["operating_result"] == pytest.approx(found["margin"] - sum(found[part] for part in parts))
    assert found["result"] == pytest.approx(found["operating_result"] - found["capital_cost"])
    assert found["cost.mill"] == pytest.approx(energy + found["maintenance_cost"] + found["wear_cost"] + 32_828.97 * window, rel=1e-6)


def test_price_scenarios_are_the_same_run() -> None:
    found = {name: kpi.value for name, kpi in kpis().items()}
    assert found["operating_result_at.cheap_steel"] == pytest.approx(found["operating_result"] - 50 * TONNES / 2)
    assert found["operating_result_at.dear_power"] == pytest.approx(found["operating_result"] + found["energy_cost"] - 0.5 * 26 * HOURS)
    changed = kpis(("units.steel.price", "100 EUR/t"))
    assert changed["operating_result"].value == pytest.approx(found["operating_result_at.cheap_steel"])


@pytest.mark.parametrize("every", ["20 min", "1 d", "2 d"])
def test_no_figure_depends_on_the_record_step(every: str) -> None:
    """The steps begin with the window; 2 d blur hours and quarter-hours alike."""
    horizon = ("time.horizon", "8 d")
    base, other = kpis(horizon), kpis(horizon, ("record.every", every))
    assert base.keys() == other.keys()
    for name, kpi in base.items():
        assert other[name].value == pytest.approx(kpi.value, rel=1e-9, nan_ok=True), name


def test_a_constant_series_is_a_price() -> None:
    """Two ways to the same cost: summed while running, and energy times price."""
    constant = kpis(("carriers.electricity.price", "0.10 EUR/kWh"))
    scenario = twin.load(PLANT.replace("prices.csv", "flat.csv"), files={"flat.csv": "time,spot [EUR/MWh]\n0 h,100\n3 h,100\n100 h,100\n"})
    with twin.run(scenario) as result:
        assert result.kpis["energy_cost"].value == pytest.approx(constant["energy_cost"].value, rel=1e-12)


def test_a_series_of_co2_is_summed_in_the_same_way() -> None:
    text = PLANT.replace("co2: 0.4 kg/kWh", "co2: {series: {file: grid.csv, column: co2}}")
    grid = "time,co2 [kg/kWh]\n0 h,0.4\n2026-01-09T06:00,0.1\n".replace("0 h", "2026-01-05")
    with twin.run(twin.load(text, files={"prices.csv": SPOT, "grid.csv": grid})) as result:
        assert result.kpis["co2"].value == pytest.approx(26 * (0.4 * 32 + 0.1 * (HOURS - 32)), rel=1e-9)


def test_the_peak_of_each_month() -> None:
    """In February the mill runs at half its rate."""
    change: dict[str, object] = {
        "carriers.electricity.peak": {"price": "12 EUR/(kW month)", "by": "month"},
        "time.start": "2026-01-28T06:00",
        "events": [{"at": "2026-02-01T00:00", "set": {"units.mill.rate": "4 t/h"}}],
        "carriers.electricity.price": "0.10 EUR/kWh",
        "time.horizon": "10 d",
    }
    found = _run(change)
    month = 365 / 12
    assert found["peak_cost"].value == pytest.approx(12 * (26 * 1.75 + 18 * 6.25) / month)  # the window begins on the 30th at 6:00
    assert found["peak_power"].value == pytest.approx(26e3)


def _run(changes: dict[str, object]) -> dict[str, Kpi]:
    with twin.run(twin.load(PLANT, files={"prices.csv": SPOT}).change(changes)) as result:
        return dict(result.kpis)


def test_carbon_that_the_price_of_energy_holds_already_is_not_paid_twice() -> None:
    assert _run({"money.carbon.factors": {"electricity": "0 kg/kWh"}})["carbon_cost"].value == 0.0


def test_a_part_without_a_life_lasts_until_the_machine_replaces_it() -> None:
    """16 h a day at 8 t/h; the part would be replaced after the window, and costs its share all the same."""
    wear = {"parameter": "gap", "per": "500 t", "change": "+5 %", "replace_after": "4000 t"}
    mill = {"kind": "shredder", "from": "yard", "rate": "8 t/h", "calendar": "day", "gap": "20 mm", "wear": wear}
    tree = twin.load(PLANT, files={"prices.csv": SPOT}).merged
    assert isinstance(tree, dict)
    units = {**tree["units"], "mill": mill, "steel": {"kind": "product", "from": "mill"}}  # type: ignore[dict-item]
    del units["residue"]
    money = {"by_unit": {"mill": {"wear_parts": {"knives": {"price": "1000 EUR"}}}}}
    with twin.run(twin.load({**tree, "units": units, "money": money}, files={"prices.csv": SPOT})) as result:
        assert result.kpis["wear_cost"].value == pytest.approx(1000 * TONNES / 4000, rel=1e-6)


def test_a_plant_without_the_block_has_none_of_it() -> None:
    text = (
        PLANT.partition("money:")[0]
        .replace(", peak: {price: 120 EUR/(kW a)}", "")
        .replace("{series: {file: prices.csv, column: spot, hold: step}}", "0.1 EUR/kWh")
    )
    with twin.run(twin.load(text)) as result:
        assert not result.has("accounts/through")
        names = {name.partition(".")[0] for name in result.kpis}
    assert not names & {name.partition(".")[0] for name, *_ in costs.ROWS}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("money", {"investment": {"amount": "1 EUR", "life": "1 a"}}, "no interest is stated"),
        ("money.labour.operator.heads", {"night": 2}, "unknown calendar 'night'; known: day"),
        ("money.by_unit.mil", {"maintenance": {"per_hour": "5 EUR/h"}}, "unknown unit 'mil'; did you mean 'mill'?"),
        ("money.by_unit.steel", {"maintenance": {"per_hour": "5 EUR/h"}}, "only what runs has a maintenance"),
        ("money.by_unit.mill.wear_parts.liners", {"price": "1 EUR"}, "say how long it lasts with 'per'"),
        ("money.prices.low", {"products": {"stel": "1 EUR/t"}}, "unknown name 'stel'; did you mean 'steel'?"),
        ("money.carbon.factors", {"coal": "0.4 kg/kWh"}, "unknown carrier 'coal'"),
        ("carriers.electricity.peak.window", "7 min", "must be a part of a day"),
        ("carriers.electricity.price.series.column", "spit", "there is no column 'spit'; did you mean 'spot'?"),
        ("carriers.electricity.price.series.hold", "linear", "'hold' is 'step'"),
        ("carriers.electricity.price.series.column", ["spot"], "the name of a column is needed"),
        ("carriers.electricity.price.series", {"file": "prices.csv"}, "a series names a file and a column"),
        ("carriers.electricity.price.series.of", "x", "unknown key 'of' of a series"),
        ("money.investment", {"amount": "1 EUR", "life": "1000 a", "interest": "-90 %"}, "makes values too large to compute"),
        ("time.horizon", "400000 d", "windows in the run"),
    ],
)
def test_what_is_wrong_is_said(path: str, value: object, message: str) -> None:
    scenario = twin.load(PLANT, files={"prices.csv": SPOT})
    with pytest.raises(ScenarioError) as caught:
        scenario.change({path: value})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,spot [EUR/MWh]\n2026-02-01,100\n", "after the run; give a value for its start"),
        ("time,spot [EUR/MWh]\n2026-01-02,100\n2026-01-01,100\n", "times must ascend"),
        ("time,spot\n2026-01-02,100\n", "a price per energy is needed"),
        ("when,spot [EUR/MWh]\n2026-01-02,100\n", "there is no column 'time'"),
        ("time,spot [EUR/MWh]\n2026-01-01,100\n5 h,90\n", "not both"),
    ],
)
def test_a_series_that_cannot_be_used_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(PLANT, files={"prices.csv": text})
    assert message in str(caught.value)


def test_worked_numbers_of_an_investment() -> None:
    plan = Investment(250e3, 10, 0.06, 15e3)
    assert plan.npv(52e3) == pytest.approx(141_100.45, abs=0.005)
    assert plan.internal_rate(52e3) == pytest.approx(0.164975, abs=5e-7)
    assert plan.payback(52e3) == pytest.approx(4.8077, abs=5e-5)
    assert plan.discounted_payback(52e3) == pytest.approx(5.8406, abs=5e-5)
    assert npv([-40e3, 5e3, 8e3, 12e3, 30e3], 0.08) == pytest.approx(3_065.22, abs=0.005)


RATES = st.floats(-0.5, 1.0)


@given(st.floats(1.0, 1e7), st.integers(1, 40), RATES, st.floats(0.0, 1e6))
def test_the_annuity_is_the_gain_at_which_nothing_is_won(amount: float, life: int, rate: float, salvage: float) -> None:
    plan = Investment(amount, life, rate, salvage)
    assert plan.npv(plan.annuity()) == pytest.approx(0.0, abs=1e-7 * (amount + salvage * (1 + rate) ** -life))


@given(st.floats(1.0, 1e6), st.integers(1, 30), st.floats(0.5, 4.0))
def test_the_internal_rate_makes_the_value_nil(amount: float, life: int, times: float) -> None:
    gain = times * amount / life
    rate = Investment(amount, life, 0.05).internal_rate(gain)
    if not math.isnan(rate):
        assert npv([-amount, *[gain] * life], rate) == pytest.approx(0.0, abs=1e-6 * amount)
    assert math.isnan(internal_rate([1.0, 1.0])) and math.isnan(internal_rate([-1.0, 3.0, -1.0]))


def test_what_is_too_far_is_said_and_not_computed() -> None:
    for life, interest in ((0.0, 0.06), (10.0, -1.0), (10.0, math.nan), (1000.0, -0.9)):
        with pytest.raises(UsageError):
            Investment(1.0, life, interest)
    assert 0.0 < Investment(1000.0, 1000.0, 0.06).internal_rate(52.0) < 0.0521
    assert Investment(1000.0, 2.5, 0.06, 10.0).internal_rate(500.0) == pytest.approx(0.13, abs=0.05)
    assert math.isinf(Investment(1000.0, 10.0, 0.06).discounted_payback(50.0)) and math.isinf(Investment(1000.0, 10.0, 0.06).payback(0.0))


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0.0, 100.0)), min_size=1, max_size=6), st.integers(60, 2000), st.integers(0, 3000))
def test_a_meter_does_not_care_how_intervals_are_cut(pieces: list[tuple[int, float]], cut: int, begin: int) -> None:
    """Energy in windows and at prices is the same for an interval as for its parts, and whole windows hold all of it."""
    steps = Steps([0, 700, 4000], [1.0, -2.0, 5.0])
    whole, parts = (Meter(Rules(begin, 200_000, {0: steps}, {0: steps}, 900, 300), 1, 0, 1) for _ in range(2))
    now, total = 0, 0.0
    for length, power in pieces:
        whole.drawn(0, 0, now, now + length, np.array([power * length]))
        whole.passed(0, now, now + length, np.array([float(length)]))
        for since in range(now, now + length, cut):
            until = min(since + cut, now + length)
            parts.drawn(0, 0, since, until, np.array([power * (until - since)]))
            parts.passed(0, since, until, np.array([float(until - since)]))
        total += power * max(0, now + length - max(begin, now))
        now += length
    assert whole.windows.sum() == pytest.approx(total, rel=1e-9, abs=1e-9)
    for name in ("cost", "co2", "windows", "through"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-6)
    other = Meter(whole.rules, 1, 0, 1)
    other.load(whole.save())
    assert other.save()["cost"].tolist() == whole.cost.tolist()


def test_docstring_numbers() -> None:
    for module in (formulas, cost_inputs, meter):
        failed, tried = doctest.testmod(module)
        assert tried and not failed
