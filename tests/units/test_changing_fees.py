"""Gate fees and wages that change in time: what is taken in costs what stands there then, an hour of work what stands in that hour; no record step changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError
from twin.results.kpis import Kpi

FEES = "time,fee\n2026-01-05T00:00,-30 EUR/t\n2026-01-07T12:00,-50 EUR/t\n"
WAGES = "time,wage\n2026-01-05T00:00,30 EUR/h\n2026-01-07T07:00,40 EUR/h\n"
FEE = {"series": {"file": "fees.csv", "column": "fee", "hold": "step"}}
WAGE = {"series": {"file": "wages.csv", "column": "wage"}}


def plant(every: str = "1 d", fee: Any = FEE, wage: Any = WAGE, **more: Any) -> twin.Scenario:
    """10 t an hour come for four days, the first half of an hour into the run; two people work from 6 to 14 h."""
    tree = {
        "twin": 1,
        "name": "fees",
        "time": {"start": "2026-01-05T00:00", "horizon": "4 d", "warmup": "1 d"},
        "lot": "10 t",
        "record": {"every": every},
        "materials": {"film": {}},
        "calendars": {"day": {"daily": "06:00-14:00"}},
        "units": {
            "trucks": {"kind": "feed", "every": {"constant": "1 h"}, "first": "30 min", "mass": "10 t", "composition": {"film": 1}, "price": fee},
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"},
            "press": {"kind": "splitter", "from": "yard", "rate": "20 t/h", "shares": {"bales": 1}},
            "bales": {"kind": "product", "from": "press.bales", "price": "10 EUR/t"},
        },
        "money": {"labour": {"operator": {"heads": 2, "calendar": "day", "wage": wage}}},
        **more,
    }
    return twin.load(tree, files={"fees.csv": FEES, "wages.csv": WAGES})


def kpis(**more: Any) -> dict[str, Kpi]:
    with twin.run(plant(**more)) as result:
        return dict(result.kpis)


@pytest.mark.parametrize("every", ["6 h", "1 d"])
def test_fees_and_wages_by_hand(every: str) -> None:
    """From the second day on 36 trucks come at -30 and 36 at -50 EUR/t; two people work 9 h at 30 EUR/h and 15 h at 40 EUR/h."""
    found = kpis(every=every)
    fees = 36 * 10 * (-30) + 36 * 10 * (-50)
    assert found["margin_cash"].value == pytest.approx(found["revenue"].value - fees)
    assert found["feed_cost"].value == pytest.approx(fees * found["processed"].value / 720e3)
    assert found["labour_cost"].value == pytest.approx(2 * (9 * 30 + 15 * 40))
    assert found["operating_result"].value == pytest.approx(found["margin"].value - 2 * 870)


def test_a_series_of_one_value_is_that_value() -> None:
    one = kpis(fee="-30 EUR/t", wage="30 EUR/h")
    files = {"fees.csv": "time,fee\n2026-01-05T00:00,-30 EUR/t\n", "wages.csv": "time,wage\n0 h,30 EUR/h\n"}
    scenario = plant()
    with twin.run(twin.load(scenario.to_yaml(), files=files)) as result:
        other = dict(result.kpis)
    for name in ("margin", "margin_cash", "feed_cost", "labour_cost"):
        assert other[name].value == pytest.approx(one[name].value, rel=1e-12)


def test_a_saved_state_goes_on_with_the_same_sum(tmp_path: Path) -> None:
    scenario = plant()
    whole = twin.run(scenario)
    for hours in (10.0, 30.2, 70.0):
        twin.run_until(scenario, hours * 3600.0, tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


def test_a_price_scenario_takes_the_place_of_the_series() -> None:
    found = kpis(money={"prices": {"free": {"feeds": {"trucks": "0 EUR/t"}}}})
    assert found["operating_result_at.free"].value == pytest.approx(found["operating_result"].value + found["feed_cost"].value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"fee": {"series": {"file": "late.csv", "column": "fee"}}}, "units.trucks.price: late.csv begins 12 h after the run"),
        ({"wage": {"series": {"file": "late.csv", "column": "wage"}}}, "money.labour.operator.wage: late.csv begins 12 h after the run"),
        ({"wage": {"series": {"file": "wages.csv", "column": "wag"}}}, "did you mean 'wage'"),
        ({"fee": {"series": {"file": "wages.csv", "column": "wage"}}}, "EUR"),
        ({"wage": {"series": {"file": "negative.csv", "column": "wage"}}}, "at least 0"),
    ],
)
def test_what_is_wrong_is_said(more: dict[str, Any], message: str) -> None:
    files = {
        "fees.csv": FEES,
        "wages.csv": WAGES,
        "late.csv": "time,fee,wage\n2026-01-05T12:00,-30 EUR/t,30 EUR/h\n",
        "negative.csv": "time,wage\n0 h,-1 EUR/h\n",
    }
    tree: Any = plant().merged
    if "fee" in more:
        tree["units"]["trucks"]["price"] = more["fee"]
    else:
        tree["money"]["labour"]["operator"]["wage"] = more["wage"]
    with pytest.raises(ScenarioError, match=message):
        twin.load(tree, files=files)
