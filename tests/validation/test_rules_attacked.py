"""Rules of lines in odd company: overtime with repairs, warm-up with crews and with ends of shifts, rates that change while they follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plants import departures, parts, scenario, share

import twin

HOUR = 3600 * 10**9
STOCK = {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}}}
EARLY: dict[str, Any] = {"time": {"start": "2026-01-05T06:00", "horizon": "2 d"}, "calendars": {"early": {"daily": ["06:00-14:00"]}}}


def press(**rules: Any) -> dict[str, Any]:
    """A machine of one port in a shift of 8 h that begins at the start."""
    return {"kind": "separator", "ports": ["out"], "from": "stock", "calendar": "early", **rules}


def run(units: dict[str, Any], **more: Any) -> twin.Result:
    result = twin.run(scenario(units, "2 d", **{**EARLY, **more}))
    assert abs(result.attrs["worst_residual"]) < 1e-12
    shares = result.array("units/state_share").sum(axis=2)
    assert np.allclose(shares[~np.isnan(shares)], 1.0, atol=1e-12)
    return result


def done(result: twin.Result, unit: str = "out") -> list[float]:
    """When lots left, h since the start."""
    return [time / HOUR for time in departures(result, unit)]


def test_a_repair_in_overtime_may_need_the_crew_of_the_line() -> None:
    """Lots of 5 h; the second breaks down at 15:00, in overtime, for half an hour: the one operator repairs and then finishes it."""
    line = press(
        cycle_time="5 h",
        at_shift_end="finish",
        needs="operator",
        failures={"mtbf": {"constant": "9 h"}, "mttr": {"constant": "30 min"}},
        repair={"needs": "operator"},
    )
    result = run({"stock": STOCK, "press": line, "out": {"kind": "product", "from": "press"}}, resources={"operator": 1})
    assert done(result)[:3] == [5.0, 10.5, 29.0]


def test_a_crew_is_free_when_a_breakdown_outlasts_the_overtime() -> None:
    """Down from 15:00 for 20 h with 2 h of overtime: others get the operator at 15:00 for their own lots."""
    line = press(
        cycle_time="5 h", at_shift_end="finish", overtime="2 h", needs="operator", failures={"mtbf": {"constant": "9 h"}, "mttr": {"constant": "20 h"}}
    )
    other = {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "1 h", "needs": "operator", "priority": -1}
    units = {"stock": STOCK, "press": line, "other": other, "out": {"kind": "product", "from": "press"}, "more": {"kind": "product", "from": "other"}}
    result = run(units, resources={"operator": 1})
    assert done(result, "more")[:3] == [10.0, 11.0, 12.0]


def test_a_line_that_warms_up_keeps_its_turn() -> None:
    """Both need the one operator for lots of an hour. A cold line that gets him warms up with him, and does not lose him to the warm one for ever."""
    states = {"standby_after": "20 min", "warm_up": "5 min"}
    line = {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "1 h", "needs": "operator"}
    units = {
        "stock": STOCK,
        "warm": line,
        "cold": {**line, "energy_states": states, "power": {"idle": "60 kW", "standby": "6 kW"}},
        "out": {"kind": "product", "from": "cold"},
        "more": {"kind": "product", "from": "warm"},
    }
    result = run(units, resources={"operator": 1})
    assert len(done(result)) >= 20
    assert len(done(result, "more")) >= 20


def test_warming_up_counts_for_what_would_not_be_done_in_time() -> None:
    """A lot of 30 min comes 35 min before the end: with 10 min of warm-up it would be done 5 min late, so that it is left for the morning."""
    line = press(cycle_time="30 min", lot="1 kg", at_shift_end="do_not_start", energy_states={"off_after": "20 min", "warm_up": "10 min"}, **{"from": "yard"})
    units = {
        "gate": parts({"constant": "445 min"}, limit=1),
        "yard": {"kind": "bunker", "from": "gate", "capacity": "1 t"},
        "press": line,
        "out": {"kind": "product", "from": "press"},
    }
    result = run(units)
    assert done(result) == [pytest.approx(24.0 + 40 / 60)]
    assert result.kpis["closing.press"].value == pytest.approx(35 * 60.0)


def test_a_lot_that_waited_for_its_crew_is_not_started_too_late() -> None:
    """The operator is away until 09:30 of a shift that ends at 14:00: a lot of 5 h would not be done."""
    other = {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "3.5 h", "needs": "operator", "calendar": "first"}
    line = press(cycle_time="5 h", at_shift_end="do_not_start", needs="operator")
    units = {"stock": STOCK, "other": other, "press": line, "out": {"kind": "product", "from": "press"}, "more": {"kind": "product", "from": "other"}}
    calendars = {"early": {"daily": ["06:00-14:00"]}, "first": {"daily": ["06:00-09:30"], "holidays": ["2026-01-06"]}}
    result = run(units, resources={"operator": 1}, calendars=calendars)
    assert done(result) == [29.0]


def test_a_rate_that_follows_never_passes_the_machine() -> None:
    """The machine's rate is set to a quarter at 2 h: its ramp of an hour does not let it run faster than that."""
    line = {**press(lot="1 t", rate="20 t/h"), "follows": {"of": "stock", "lowest_at": "0 t", "full_at": "10 t", "lowest": "4 t/h", "ramp": "10 h"}}
    units = {"stock": STOCK, "press": line, "out": {"kind": "product", "from": "press"}}
    result = run(units, lot="1 t", events=[{"at": "2 h", "set": {"units.press.rate": "5 t/h"}}])
    gaps = np.diff([time for time in done(result) if 2.0 < time < 7.9])
    assert len(gaps) > 10
    assert gaps.min() >= 0.2 - 1e-9


def test_nothing_is_flushed_once_the_feed_has_stopped() -> None:
    """A changeover of 2 h that ends 10 min before the shift does, in the half hour in which the line runs empty: the flush is in the morning."""
    line = {
        "kind": "separator",
        "partition": {"out": {"part": "100 %"}},
        "from": ["a", "b"],
        "calendar": "early",
        "cycle_time": "350 min",
        "lot": "10 t",
        "take": "campaigns",
        "campaign": "10 t",
        "changeover": {"time": {"constant": "2 h"}, "flush": {"mass": "1 t", "to": "line.rest"}},
        "run_out": "30 min",
    }
    units = {"a": STOCK, "b": STOCK, "line": line, "out": {"kind": "product", "from": "line.out"}, "lost": {"kind": "product", "from": "line.rest"}}
    result = run(units)
    assert done(result, "lost")[0] == 24.0
    assert share(result, "line", "changeover") > 0.0


def test_trucks_that_will_leave_are_no_deadlock() -> None:
    """A truck has no room before the line runs, and the line starts at a level that only a truck could bring: each leaves after half an hour."""
    units = {
        "gate": parts({"constant": "3 h"}, mass={"constant": "7 kg"}, patience="30 min"),
        "bin": {"kind": "bunker", "from": "gate", "capacity": "10 kg", "initial": {"mass": "4 kg", "composition": {"part": "100 %"}}},
        "press": press(cycle_time="1 h", start_at="8 kg", **{"from": "bin"}),
        "out": {"kind": "product", "from": "press"},
    }
    result = run(units)
    assert done(result) == []
    assert result.kpis["left_share.gate"].value == 1.0
    assert result.kpis["wait.gate"].value == 1800.0


@pytest.mark.parametrize("cleaning", [{"every": "10 h", "time": "30 min"}, {"every": "5 h", "time": "4 h"}])
def test_who_cleans_is_free_while_the_line_is_closed(cleaning: dict[str, str]) -> None:
    """After overtime the line is cleaned in the morning, and what is not done at the end of the shift then: by night another line has the operator."""
    line = press(cycle_time="5 h", at_shift_end="finish", cleaning={**cleaning, "needs": "operator"})
    other = {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "1 h", "needs": "operator"}
    units = {"stock": STOCK, "press": line, "other": other, "out": {"kind": "product", "from": "press"}, "more": {"kind": "product", "from": "other"}}
    result = run(units, resources={"operator": 1})
    assert {9.0 + k for k in range(15)} <= {*np.floor(done(result, "more"))}
    assert done(result)[:2] == ([5.0, 10.0] if cleaning["every"] == "10 h" else [5.0, 30.0])


@pytest.mark.parametrize("by", ["room", "free"])
@pytest.mark.parametrize("overflows", [False, True])
def test_a_splitter_shares_between_a_product_and_a_bunker(by: str, overflows: bool) -> None:
    """Nobody empties the bunker. Once it is full the product takes all, which always has room, and nothing is blocked nor overflows."""
    units: dict[str, Any] = {
        "stock": STOCK,
        "split": {"kind": "splitter", "from": "stock", "rate": "5 kg/h", "shares": {"a": "50 %", "b": "50 %"}, "by": by},
        "out": {"kind": "product", "from": "split.a"},
        "bin": {"kind": "bunker", "from": "split.b", "capacity": "3 kg"},
        "sold": {"kind": "product", "from": "bin", "pickup": {"every": "100 h", "mass": "3 kg"}},
    }
    if overflows:
        units["bin"]["when_full"] = "overflow"
        units["over"] = {"kind": "product", "from": "bin.overflow"}
    result = run(units)
    assert result.kpis["utilisation.split"].value == pytest.approx(1.0)
    assert result.kpis["product_mass.out"].value > 235.0
    if overflows:
        assert result.kpis["product_mass.over"].value < 0.5
