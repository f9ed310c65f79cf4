"""Rules of lines, belts and bunkers, each against a timetable reckoned by hand: ends of shifts, levels, belts that stop, bunkers that overflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plants import departures, parts, scenario, share

import twin
from twin.errors import ScenarioError

MINUTE, HOUR = 60 * 10**9, 3600 * 10**9
DAY = 24 * HOUR
STOCK = {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}}}


def press(**rules: Any) -> dict[str, Any]:
    """A baler of 5 h a lot in a shift of 8 h that begins at 06:00, the time of the start."""
    return {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "5 h", "calendar": "early", "power": {"idle": "10 kW"}, **rules}


def shifts(days: int = 10, early: str = "06:00-14:00", **rules: Any) -> twin.Result:
    units = {"stock": STOCK, "press": press(**rules), "out": {"kind": "product", "from": "press"}}
    more = {"time": {"start": "2026-01-05T06:00", "horizon": f"{days} d"}, "calendars": {"early": {"daily": early.split(", ")}}}
    return twin.run(scenario(units, f"{days} d", **more))


def done(result: twin.Result) -> list[float]:
    """When lots left, h since the start."""
    return [time / HOUR for time in departures(result, "out")]


# -- the end of a shift --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "lots"), [("suspend", 16), ("finish", 20), ("do_not_start", 10), ("run_empty", 16)])
def test_what_ten_shifts_yield(rule: str, lots: float) -> None:
    """Lots of 5 h in shifts of 8 h: carried over 80 / 5; finished, two a shift; not started, one; run empty, the mass that passed in 80 h."""
    result = shifts(at_shift_end=rule)
    assert result.kpis["product_mass.out"].value == pytest.approx(lots, rel=1e-12)


def test_a_finished_lot_takes_overtime() -> None:
    result = shifts(2, at_shift_end="finish", overtime={"cost": "90 EUR/h"})
    assert done(result) == [5.0, 10.0, 29.0, 34.0]
    assert result.kpis["overtime.press"].value == 2 * 2 * 3600.0
    assert result.kpis["overtime_cost"].value == pytest.approx(360.0)
    assert result.kpis["utilisation.press"].value == 1.0  # 20 h of work in 16 h planned and 4 h of overtime
    assert (share(result, "press", "running"), share(result, "press", "overtime")) == (pytest.approx(16 / 48), pytest.approx(4 / 48))
    assert result.kpis["energy.electricity"].value == pytest.approx(20 * 10 * 3.6e6)


def test_overtime_has_an_end() -> None:
    """Each second lot lacks 2 h; after 90 min of overtime it waits for the morning with half an hour left."""
    result = shifts(3, at_shift_end="finish", overtime="90 min")
    assert done(result) == [5.0, 24.5, 29.5, 49.0, 54.0]


def test_a_breakdown_in_overtime() -> None:
    """A machine that fails after 9 h of work, one hour into the overtime, is mended in 30 min, within the overtime; or in 2 h, which is too long."""
    failing = {"failures": {"mtbf": {"constant": "9 h"}, "mttr": {"constant": "30 min"}}, "at_shift_end": "finish", "overtime": "2 h"}
    assert done(shifts(2, **failing))[:2] == [5.0, 24.5]  # 14:00 to 16:00 less the repair: half an hour is left for the morning
    assert done(shifts(2, **{**failing, "overtime": "3 h"}))[:2] == [5.0, 10.5]
    slow = {**failing, "failures": {"mtbf": {"constant": "9 h"}, "mttr": {"constant": "2 h"}}}
    assert done(shifts(2, **slow))[:2] == [5.0, 25.0]


def test_nothing_is_started_that_would_not_be_done() -> None:
    result = shifts(2, at_shift_end="do_not_start")
    assert done(result) == [5.0, 29.0]
    assert result.kpis["closing.press"].value == 2 * 3 * 3600.0
    assert result.kpis["utilisation.press"].value == pytest.approx(10 / 16)


def test_the_feed_stops_before_the_machines_are_empty() -> None:
    """The last 12 min of a shift nothing is fed: 7.8 h of 5 h a lot, handed over at the end of the shift."""
    result = shifts(2, run_out="12 min")  # which is 'run_empty' by itself
    assert done(result) == [5.0, 8.0, 24.0 + 2.2, 24.0 + 7.2, 32.0]
    assert result.kpis["product_mass.out"].value == pytest.approx(15.6 / 5, rel=1e-12)
    assert result.kpis["closing.press"].value == 2 * 720.0


def test_breaks_and_maintenance_have_rules_of_their_own() -> None:
    """The break from 10:30 to 11:00 lies in the first lot, which is finished before it is kept; the second is carried over the night."""
    early = "06:00-10:30, 11:00-14:00"
    assert done(shifts(2, early, at_break="finish"))[:2] == [5.0, 24.0 + 2.0]
    assert done(shifts(2, early))[:2] == [5.5, 24.0 + 2.5]
    assert done(shifts(2, early, at_shift_end="finish"))[:2] == [5.5, 10.5]
    served = {"maintenance": {"every": "1 d", "first": "4 h", "duration": "2 h"}}
    assert done(shifts(2, **served))[:1] == [7.0]
    assert done(shifts(2, **served, at_maintenance="finish"))[:1] == [5.0]
    assert done(shifts(2, **served, at_maintenance="do_not_start", cycle_time="3 h"))[:3] == [3.0, 25.0, 28.0]  # 3 to 4 h it stands, 6 to 8 h it works


def test_the_crew_stays_for_overtime() -> None:
    """The line's hours are those of its crew: they finish the lot, and the crew is free afterwards."""
    units = {"stock": STOCK, "press": press(at_shift_end="finish", needs="crew"), "out": {"kind": "product", "from": "press"}}
    del units["press"]["calendar"]
    more = {"time": {"start": "2026-01-05T06:00", "horizon": "2 d"}, "calendars": {"early": {"daily": ["06:00-14:00"]}}}
    result = twin.run(scenario(units, "2 d", **more, resources={"crew": {"count": 1, "calendar": "early"}}))
    assert done(result) == [5.0, 10.0, 29.0, 34.0]


# -- levels --------------------------------------------------------------------------------------------------------------------------------


def level_switch(**rules: Any) -> twin.Scenario:
    units = {
        "trickle": parts({"constant": "6 min"}, mass={"constant": "0.5 t"}),
        "bin": {"kind": "bunker", "from": "trickle", "capacity": "80 t", "initial": {"mass": "10 t", "composition": {"part": "100 %"}}},
        "line": {"kind": "separator", "ports": ["out"], "from": "bin", "rate": "20 t/h", "start_at": "50 t", "stop_at": "10 t", **rules},
        "out": {"kind": "product", "from": "line"},
    }
    return scenario(units, "320 h", lot="0.5 t", record={"every": "10 min"})


def test_a_line_runs_between_two_levels() -> None:
    """40 t fill at 5 t/h and empty at 15 t/h: 30 cycles of 10.67 h, between 10 and 50 t."""
    result = twin.run(level_switch())
    assert result.kpis["starts.line"].value == 30
    assert (result.array("units/level_min").min(), result.array("units/level_max").max()) == (10e3, 50e3)
    assert result.kpis["utilisation.line"].value == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"start_at": "90 t"}, "'bin' never holds so much: its capacity is 80 t"),
        ({"start_at": "10.2 t"}, "there must be a lot of the line"),
        ({"start_at": "5 t"}, "must lie above 'stop_at', 10 t"),
    ],
)
def test_levels_that_cannot_work_are_refused(rules: dict[str, str], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.run(level_switch(**rules))


# -- belts ---------------------------------------------------------------------------------------------------------------------------------


def belt(limit: int = 5, **keys: Any) -> twin.Scenario:
    """Parts every 10 min, 30 min of belt; the bin behind holds one and is first emptied at 120 min, then within a minute each."""
    units = {
        "trucks": parts({"constant": "10 min"}, limit=limit),
        "belt": {"kind": "conveyor", "from": "trucks", "transit": "30 min", "capacity": "100 kg", "power": {"idle": "10 kW"}, **keys},
        "bin": {"kind": "bunker", "from": "belt", "capacity": "1 kg"},
        "press": {"kind": "separator", "ports": ["out"], "from": "bin", "cycle_time": "1 min", "calendar": "late"},
        "out": {"kind": "product", "from": "press"},
    }
    more = {"time": {"start": "2026-01-05T06:00", "horizon": "6 h"}, "calendars": {"late": {"daily": ["08:00-22:00"]}}}
    return scenario(units, "6 h", **more)


@pytest.mark.parametrize(
    ("mode", "minutes", "hours"),
    [
        ("run_on", [121, 122, 123, 124, 125], 6.0),
        ("accumulate", [121, 122, 123, 124, 125], 70 / 60),  # something moves from 10 min until the last lot has closed up, at 80 min
        ("stop", [121, 122, 131, 141, 151], 6.0 - 70 / 60),  # it stands from 50 to 120 min, and lots keep 10 min between them
    ],
)
def test_a_belt_whose_end_is_blocked(mode: str, minutes: list[int], hours: float) -> None:
    result = twin.run(belt(when_blocked=mode))
    assert [time / MINUTE for time in departures(result, "out")] == minutes
    assert result.kpis["energy.electricity"].value == pytest.approx(hours * 10 * 3.6e6)


def test_nothing_is_put_on_a_belt_that_stands() -> None:
    """A sixth lot comes at 60 min: it steps on the belt when that starts again, at 120 min, and needs its 30 min."""
    assert [time / MINUTE for time in departures(twin.run(belt(6, when_blocked="stop")), "out")] == [121, 122, 131, 141, 151, 152]


def test_a_belt_stands_with_its_line() -> None:
    """The crusher works 60 min, is mended for 20 min, and so on: the belt stands meanwhile, so that what left the crusher at 55 min arrives at 85 + 20 min."""
    units = {
        "stock": STOCK,
        "crusher": {
            "kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "5 min",
            "failures": {"mtbf": {"constant": "60 min"}, "mttr": {"constant": "20 min"}},
        },
        "belt": {"kind": "conveyor", "from": "crusher", "transit": "30 min", "capacity": "100 kg", "stops_with": "crusher", "power": {"idle": "6 kW"}},
        "out": {"kind": "product", "from": "belt"},
    }  # fmt: skip
    result = twin.run(scenario(units, "2 h"))
    times = [time / MINUTE for time in departures(result, "out")]
    assert times == [35, 40, 45, 50, 55, 60 + 20, *range(85, 120, 5)]
    assert result.kpis["energy.electricity"].value == pytest.approx(100 / 60 * 6 * 3.6e6)
    assert share(result, "belt", "down") == pytest.approx(20 / 120)


def test_a_belt_that_follows_nobody_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"units.belt.stops_with.*a machine is needed.*press"):
        twin.run(belt(stops_with="bin"))


# -- bunkers that overflow -----------------------------------------------------------------------------------------------------------------


def yards(**hall: Any) -> dict[str, Any]:
    """10 t each hour, of which 8 t/h are worked: 2 t/h are too much."""
    return {
        "trucks": parts({"constant": "1 h"}, mass={"constant": "10 t"}, price="-5 EUR/t"),
        "hall": {"kind": "bunker", "from": "trucks", "capacity": "100 t", "when_full": "overflow", **hall},
        "reserve": {"kind": "bunker", "from": "hall.overflow", "capacity": "300 t", "when_full": "overflow"},
        "dump": {"kind": "product", "from": "reserve.overflow", "price": "-100 EUR/t"},
        "line": {"kind": "separator", "ports": ["out"], "from": ["hall", "reserve"], "rate": "8 t/h"},
        "out": {"kind": "product", "from": "line", "price": "10 EUR/t"},
    }


def test_what_the_hall_cannot_take_goes_to_the_reserve_and_then_outside() -> None:
    """239 trucks, 1912 t drawn from the hall by lots of 1 t: a hand-written account of levels gives what lies where."""
    result = twin.run(scenario(yards(), "240 h", lot="1 t", record={"every": "1 h"}))
    hall = reserve = dump = drawn = 0
    for hour in range(1, 241):
        for _ in range(8):  # from one truck to the next; the first comes after an hour
            if hour > 1 and hall:
                hall, drawn = hall - 1, drawn + 1
        if hour < 240:
            if hall + 10 <= 100:
                hall += 10
            elif reserve + 10 <= 300:
                reserve += 10
            else:
                dump += 10
    assert result.array("units/level")[-1].tolist() == [1e3 * hall, 1e3 * reserve]
    assert result.kpis["product_mass.dump"].value == pytest.approx(1e3 * dump)
    assert dump > 0
    assert result.kpis["processed"].value == pytest.approx(1e3 * (drawn + dump))


def test_a_line_fills_the_rest_of_a_bunker_before_it_overflows() -> None:
    units = {
        "stock": STOCK,
        "crusher": {"kind": "separator", "ports": ["out"], "from": "stock", "cycle_time": "1 h"},
        "bay": {"kind": "bunker", "from": "crusher", "capacity": "2.5 t", "when_full": "overflow"},
        "next": {"kind": "bunker", "from": "bay.overflow", "capacity": "10 t"},
        "out": {"kind": "product", "from": ["bay", "next"], "pickup": {"every": "30 d", "mass": "1 t"}},
    }
    result = twin.run(scenario(units, "20 h", lot="1 t", record={"every": "1 h"}))
    levels = result.array("units/level")[:, 1:] / 1e3
    assert levels[1].tolist() == [1.0, 0.0]
    assert levels[3].tolist() == [2.5, 0.5]
    assert levels[-1].tolist() == [2.5, 10.0]  # and the crusher waits with half a lot
    assert share(result, "crusher", "blocked") > 0.2


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"hall": {"kind": "bunker", "from": "trucks", "capacity": "100 t"}}, "'when_full: overflow' would give it one"),
        (
            {
                "reserve": {"kind": "conveyor", "from": "hall.overflow", "capacity": "300 t", "transit": "1 h"},
                "dump": {"kind": "product", "from": "reserve"},
                "line": {"kind": "separator", "ports": ["out"], "from": "hall", "rate": "8 t/h"},
            },
            "goes to a bunker or a product",
        ),
        ({"dump": {"kind": "bunker", "from": "reserve.overflow", "capacity": "1 t", "when_full": "overflow"}}, "'dump.overflow' leads nowhere"),
        ({"line": {"kind": "separator", "ports": ["out"], "from": ["hall.overflow"], "rate": "8 t/h"}}, "put a bunker between"),
    ],
)
def test_overflows_that_lead_nowhere_are_refused(units: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.run(scenario({**yards(), **units}, "10 h", lot="1 t"))


def test_an_overflow_in_a_circle_is_refused() -> None:
    units = yards()
    units["hall"]["from"] = ["trucks", "reserve.overflow"]
    del units["dump"]
    with pytest.raises(ScenarioError, match="overflow in a circle"):
        twin.run(scenario(units, "10 h", lot="1 t"))


# -- all that is saved and resumed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [7 * HOUR, 8 * HOUR, 9 * HOUR, 31 * HOUR + 7 * 60 * 10**9, 33 * HOUR + 1])
@pytest.mark.parametrize("rule", ["finish", "do_not_start", "run_empty"])
def test_a_run_that_is_resumed_goes_on_to_the_last_bit(tmp_path: Path, rule: str, until: int) -> None:
    failing = {"failures": {"mtbf": {"exponential": {"mean": "6 h"}}, "mttr": {"exponential": {"mean": "1 h"}}}}
    units = {
        **yards(),
        "line": {"kind": "separator", "ports": ["out"], "from": "hall", "rate": "8 t/h", "calendar": "early", "at_shift_end": rule, "lot": "9 t", **failing},
        "belt": {"kind": "conveyor", "from": "line", "transit": "30 min", "capacity": "40 t", "when_blocked": "stop", "stops_with": "line"},
        "bay": {"kind": "bunker", "from": "belt", "capacity": "30 t"},
        "press": {"kind": "separator", "ports": ["out"], "from": "bay", "rate": "20 t/h", "lot": "2 t", "start_at": "20 t", "stop_at": "4 t"},
        "out": {"kind": "product", "from": "press"},
    }
    units["reserve"]["from"] = "hall.overflow"
    units["spare"] = {"kind": "product", "from": "reserve", "pickup": {"every": "5 h", "mass": "20 t"}}
    more = {"time": {"start": "2026-01-05T06:00", "horizon": "4 d"}, "calendars": {"early": {"daily": ["06:00-14:00"]}}}
    plant = scenario(units, "4 d", **more, record={"every": "1 h", "genealogy": True})
    whole = twin.run(plant)
    state = tmp_path / "state.h5"
    twin.run_until(plant, until / 1e9, state)
    assert twin.resume(state).digest == whole.digest


# -- rates and shares that follow levels -----------------------------------------------------------------------------------------------------


def followed(horizon: str = "12 h", **follows: Any) -> twin.Result:
    """A bin that holds 60 t and gets nothing more; lots of 1 t; the rate between 5 t/h at 10 t and 20 t/h at 50 t."""
    units = {
        "bin": {"kind": "bunker", "capacity": "80 t", "initial": {"mass": "60 t", "composition": {"part": "100 %"}}},
        "line": {
            "kind": "separator", "ports": ["out"], "from": "bin", "rate": "20 t/h",
            "follows": {"of": "bin", "lowest_at": "10 t", "full_at": "50 t", "lowest": "5 t/h", **follows},
        },
        "out": {"kind": "product", "from": "line"},
    }  # fmt: skip
    return twin.run(scenario(units, horizon, lot="1 t"))


def lots_of_a_followed_rate(ramp: float) -> list[float]:
    """When lots end, h, by hand: the level is looked at before a lot is drawn."""
    level, rate, now, since, ends = 60.0, -1.0, 0.0, 0.0, []
    while level > 0.5:
        wanted = 5.0 + 15.0 * min(1.0, max(0.0, (level - 10.0) / 40.0))
        if rate >= 0.0 and ramp:
            step = 15.0 * (now - since) / ramp
            wanted = min(rate + step, max(rate - step, wanted))
        rate, since = wanted, now
        level -= 1.0
        now += 1.0 / rate
        ends.append(now)
    return ends


@pytest.mark.parametrize("ramp", [0.0, 6.0])
def test_a_rate_follows_the_level_between_two_set_points(ramp: float) -> None:
    found = done(followed(**({"ramp": f"{ramp:g} h"} if ramp else {})))
    expected = lots_of_a_followed_rate(ramp)
    assert found == pytest.approx([end for end in expected if end < 12.0], rel=1e-9)
    assert len(found) > 30


def test_a_rate_falls_with_what_lies_on_a_belt_behind() -> None:
    """An hour of belt that fills at the line's rate: at 20 t/h 20 t lie on it, at which the rate is to be 5 t/h; it settles between."""
    units = {
        "stock": STOCK,
        "line": {
            "kind": "separator", "ports": ["out"], "from": "stock", "rate": "20 t/h",
            "follows": {"of": "belt", "lowest_at": "20 t", "full_at": "0 t", "lowest": "5 t/h"},
        },
        "belt": {"kind": "conveyor", "from": "line", "transit": "1 h", "capacity": "50 t"},
        "out": {"kind": "product", "from": "belt"},
    }  # fmt: skip
    result = twin.run(scenario(units, "40 h", lot="0.1 t", record={"every": "1 h"}))
    rate = 20.0 / 1.75  # r = 20 - 15 r / 20
    assert result.array("streams/mass_flow")[-1, result.array("stream").tolist().index("belt"), 0] * 3.6 == pytest.approx(rate, rel=0.02)


def shared(by: str, **splitter: Any) -> twin.Result:
    units = {
        "stock": STOCK,
        "split": {"kind": "splitter", "from": "stock", "rate": "10 t/h", "shares": {"left": "50 %", "right": "50 %"}, "by": by, **splitter},
        "a": {"kind": "bunker", "from": "split.left", "capacity": "20 t"},
        "b": {"kind": "bunker", "from": "split.right", "capacity": "40 t"},
        "slow": {"kind": "separator", "ports": ["out"], "from": "a", "rate": "2 t/h", "lot": "1 t"},
        "quick": {"kind": "separator", "ports": ["out"], "from": "b", "rate": "12 t/h", "lot": "1 t"},
        "out": {"kind": "product", "from": ["slow", "quick"]},
    }
    return twin.run(scenario(units, "72 h", lot="1 t", record={"every": "1 h"}))


def test_shares_that_follow_the_levels_keep_the_feeding_line_from_being_blocked() -> None:
    """Half and half the slow line blocks the splitter at 4 t/h, once its 20 t are full after 6.7 h; by room or to the free one all 10 t/h get through."""
    assert shared("shares").kpis["processed"].value == pytest.approx(1e3 * (66.7 + 65.3 * 4.0), rel=0.01)
    for by in ("room", "free"):
        result = shared(by)
        assert result.kpis["utilisation.split"].value == pytest.approx(1.0)
        assert result.kpis["product_mass.out"].value > 680e3


def test_a_lot_goes_to_the_emptier_bunker() -> None:
    """20 and 40 t that nobody empties: whichever has the larger empty share gets the next lot, so that both fill alike."""
    units = {
        "stock": STOCK,
        "split": {"kind": "splitter", "from": "stock", "rate": "10 t/h", "shares": {"left": "50 %", "right": "50 %"}, "by": "free"},
        "a": {"kind": "bunker", "from": "split.left", "capacity": "20 t"},
        "b": {"kind": "bunker", "from": "split.right", "capacity": "40 t"},
        "oa": {"kind": "product", "from": "a", "pickup": {"every": "30 d", "mass": "1 t"}},
        "ob": {"kind": "product", "from": "b", "pickup": {"every": "30 d", "mass": "1 t"}},
    }
    levels = twin.run(scenario(units, "6 h", lot="1 t", record={"every": "6 min"})).array("units/level")[:, 1:] / 1e3
    a = b = 0
    for step in range(1, 60):
        a, b = (a + 1, b) if (20 - a) / 20 >= (40 - b) / 40 else (a, b + 1)
        assert levels[step].tolist() == [a, b]


def test_what_decides_of_a_splitter_cannot_change_while_it_runs() -> None:
    units = {
        "stock": STOCK,
        "split": {"kind": "splitter", "from": "stock", "rate": "10 t/h", "shares": {"out": 1}},
        "out": {"kind": "product", "from": "split"},
    }
    with pytest.raises(ScenarioError, match="'by' of 'split' cannot change while the plant runs"):
        scenario(units, "10 h", events=[{"at": "1 h", "set": {"units.split.by": "free"}}])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"of": "line"}, "a bunker or conveyor is needed; known: bin"),
        ({"full_at": "10 t"}, "must differ from 'lowest_at'"),
    ],
)
def test_what_cannot_be_followed_is_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        followed(**change)
