"""Products whose price changes in time: what leaves is worth what stands in the price then, whatever the record step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError


def plant(folder: Path, price: Any, every: str = "1 d", **more: Any) -> dict[str, Any]:
    (folder / "prices.csv").write_text("time,paper\n2026-01-05T00:00,100 EUR/t\n2026-01-07T12:00,160 EUR/t\n2026-01-09T00:00,40 EUR/t\n", encoding="utf-8")
    tree: dict[str, Any] = {
        "twin": 1, "name": "prices", "time": {"start": "2026-01-05T00:00", "horizon": "6 d"}, "lot": "1 t", "record": {"every": every},
        "materials": {"paper": {}, "film": {}},
        "units": {
            "stock": {"kind": "bunker", "capacity": "9 kt", "initial": {"mass": "5 kt", "composition": {"paper": "75 %", "film": "25 %"}}},
            "press": {"kind": "splitter", "from": "stock", "rate": "10 t/h", "shares": {"bales": 1}},
            "bales": {"kind": "product", "from": "press.bales", "price": price},
        },
    }  # fmt: skip
    return {**tree, **more}


SERIES = {"series": {"file": "prices.csv", "column": "paper", "hold": "step"}}
TONNES = (60 * 10, 36 * 10, 48 * 10)
"""Leave in the three times: from 0:00 of the 5th to noon of the 7th, to the 9th, to the 11th."""


def run(folder: Path, tree: dict[str, Any]) -> twin.Result:
    import yaml

    (folder / "plant.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return twin.run(twin.load(folder / "plant.yaml"))


@pytest.mark.parametrize("every", ["7 h", "1 d", "6 d"])
def test_what_leaves_is_worth_its_price_then(tmp_path: Path, every: str) -> None:
    """The lot that is done at a step of the price leaves at the new one: each hour ten lots of 1 t, done at 6, 12, ... min."""
    result = run(tmp_path, plant(tmp_path, SERIES, every))
    first, second, third = TONNES
    expected = 100 * (first - 1) + 160 * second + 40 * third  # 599 lots are done before noon of the 7th, 360 from then on, 480 to just before the end
    assert result.kpis["revenue"].value == pytest.approx(expected, rel=1e-12)
    assert result.kpis["margin_cash"].value == pytest.approx(expected, rel=1e-12)


def test_a_part_of_a_product_has_its_own_price(tmp_path: Path) -> None:
    price = {"paper": {"value": SERIES, "payable": "90 %"}, "film": "-50 EUR/t"}
    result = run(tmp_path, plant(tmp_path, price))
    whole = run(tmp_path, plant(tmp_path, SERIES))
    tonnes = result.totals.mass("bales") / 1000
    assert result.kpis["revenue"].value == pytest.approx(0.75 * 0.9 * whole.kpis["revenue"].value - 0.25 * 50 * tonnes, rel=1e-12)


def test_equal_prices_in_a_series_are_a_price(tmp_path: Path) -> None:
    tree = plant(tmp_path, SERIES)
    (tmp_path / "prices.csv").write_text("time,paper\n2026-01-05T00:00,100 EUR/t\n2026-01-07T12:00,100 EUR/t\n", encoding="utf-8")
    changing, fixed = run(tmp_path, tree), run(tmp_path, plant(tmp_path, "100 EUR/t"))
    for name in ("revenue", "margin", "margin_cash"):
        assert changing.kpis[name].value == pytest.approx(fixed.kpis[name].value, rel=1e-12)


def test_saved_and_resumed(tmp_path: Path) -> None:
    import yaml

    (tmp_path / "plant.yaml").write_text(yaml.safe_dump(plant(tmp_path, SERIES), sort_keys=False), encoding="utf-8")
    scenario = twin.load(tmp_path / "plant.yaml")
    whole = twin.run(scenario)
    twin.run_until(scenario, 3.3 * 86_400, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ({"series": {"file": "prices.csv", "column": "papier"}}, "papier"),
        ({"series": {"file": "nowhere.csv", "column": "paper"}}, "nowhere.csv"),
        ({"series": {"file": "prices.csv", "column": "paper", "hold": "line"}}, "hold"),
        ({"paper": {"series": {"file": "prices.csv"}}}, "a file and a column"),
    ],
)
def test_wrong_series_are_named(tmp_path: Path, price: Any, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        run(tmp_path, plant(tmp_path, price))


def test_a_series_begins_with_the_run(tmp_path: Path) -> None:
    tree = plant(tmp_path, {"paper": SERIES})
    tree["time"]["start"] = "2026-01-04T12:00"
    with pytest.raises(ScenarioError, match=r"units.bales.price.paper: prices.csv begins 12 h after the run"):
        run(tmp_path, tree)


def test_a_price_scenario_holds_no_series(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="of numbers"):
        run(tmp_path, plant(tmp_path, SERIES, money={"prices": {"low": {"products": {"bales": SERIES}}}}))
