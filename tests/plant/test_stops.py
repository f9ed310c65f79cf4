"""When a line stops, for how long, and which state is counted: shifts, holidays, maintenance, failures, resources, wear, parallel machines, bypass."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from plants import departures, scenario, share

import twin

H = 3600 * 10**9
STOCK = {"kind": "bunker", "capacity": "10000 kg", "initial": {"mass": "9000 kg", "composition": {"part": "100 %"}}}
FAR = {"constant": "100000 h"}


def station(horizon: str, top: dict[str, Any] | None = None, more: dict[str, Any] | None = None, **machine: Any) -> twin.Scenario:
    """One machine that takes 1 h a part, from a stock that never ends."""
    own = {"kind": "separator", "from": "stock", "ports": ["out"], "cycle_time": "1 h", **machine}
    units = {"stock": STOCK, "m": {key: value for key, value in own.items() if value is not None}, "done": {"kind": "product", "from": "m"}}
    return scenario({**units, **(more or {})}, horizon, **(top or {}))


def ends(plant: twin.Scenario) -> list[float]:
    """When parts are done, h."""
    return [time / H for time in departures(twin.run(plant), "done")]


def shares(plant: twin.Scenario, unit: str = "m") -> dict[str, float]:
    result = twin.run(plant)
    found = {str(state): share(result, unit, str(state)) for state in result.array("state")}
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-12)
    return {state: value for state, value in found.items() if value > 0}


def test_a_part_that_the_night_interrupts_keeps_its_remaining_work() -> None:
    """Monday 00:00; open from 06:00 to 08:30: parts end at 7, 8 and on the next day after another half hour."""
    plant = station("48 h", {"calendars": {"early": {"weekdays": ["06:00-08:30"]}}}, calendar="early")
    assert ends(plant) == [7.0, 8.0, 30.5, 31.5, 32.5]
    assert shares(plant) == {"off_shift": pytest.approx(43 / 48), "running": pytest.approx(5 / 48)}


def test_a_holiday_a_weekend_and_a_closed_period() -> None:
    calendars = {"day": {"weekdays": ["08:00-10:00"], "holidays": ["2026-01-06"], "closed": [{"from": "2026-01-07T09:00", "to": "2026-01-07T12:00"}]}}
    plant = station("9 d", {"calendars": calendars}, calendar="day")
    days = [24.0 * day for day in (0, 3, 4, 7, 8)]
    assert ends(plant) == sorted([day + hour for day in days for hour in (9.0, 10.0)] + [48.0 + 9.0])


def test_a_shift_over_midnight() -> None:
    plant = station("40 h", {"calendars": {"night": {"monday": ["22:00-02:00"]}}}, calendar="night")
    assert ends(plant) == [23.0, 24.0, 25.0, 26.0]


def test_a_line_works_while_all_its_calendars_are_open() -> None:
    calendars = {"a": {"weekdays": ["06:00-10:00"]}, "b": {"weekdays": ["08:00-12:00"]}}
    second = {"n": {"kind": "separator", "from": "m.out", "ports": ["out"], "calendar": "b"}, "done": {"kind": "product", "from": "n"}}
    assert ends(station("24 h", {"calendars": calendars}, second, calendar="a")) == [9.0, 10.0]


def test_planned_maintenance_interrupts_a_part() -> None:
    plant = station("10 h", maintenance={"every": "5 h", "first": "1.5 h", "duration": "2 h"})
    assert ends(plant) == [1.0, 4.0, 5.0, 6.0, 9.0]
    assert shares(plant) == {"maintenance": pytest.approx(0.4), "running": pytest.approx(0.6)}


def test_off_shift_comes_before_maintenance_and_maintenance_before_down() -> None:
    plant = station(
        "24 h",
        {"calendars": {"day": {"weekdays": ["00:00-12:00"]}}},
        calendar="day",
        maintenance={"every": "100 h", "first": "10 h", "duration": "4 h"},
        failures={"mtbf": {"constant": "9 h"}, "mttr": {"constant": "2 h"}},
    )
    assert shares(plant) == {
        "off_shift": pytest.approx(12 / 24),
        "maintenance": pytest.approx(2 / 24),
        "down": pytest.approx(1 / 24),
        "running": pytest.approx(9 / 24),
    }


def test_failures_by_operating_hours_strike_in_the_middle_of_a_part() -> None:
    plant = station("10 h", failures={"mtbf": {"constant": "2.5 h"}, "mttr": {"constant": "1 h"}})
    assert ends(plant) == [1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 9.0]
    assert shares(plant) == {"down": pytest.approx(0.25), "running": pytest.approx(0.75)}


def test_an_operating_clock_stands_still_off_shift_and_a_calendar_clock_does_not() -> None:
    top = {"calendars": {"day": {"weekdays": ["00:00-04:00"]}}}
    failing = {"mtbf": {"constant": "5 h"}, "mttr": {"constant": "1 h"}}
    assert ends(station("30 h", top, calendar="day", failures=failing)) == [1, 2, 3, 4, 25, 27, 28]
    assert ends(station("30 h", top, calendar="day", failures={**failing, "clock": "calendar"})) == [1, 2, 3, 4, 25, 26, 27, 28]


def test_a_calendar_failure_finds_a_line_that_waits_for_material() -> None:
    """The feed comes at 10 h; the machine fails at 8 h for 4 h: down, not starved, and the part is done at 13 h."""
    more = {
        "jobs": {"kind": "feed", "every": "10 h", "mass": "1 kg", "composition": {"part": "100 %"}},
        "stock": {"kind": "bunker", "from": "jobs", "capacity": "9 kg"},
    }
    plant = station("14 h", None, more, failures={"mtbf": {"constant": "8 h"}, "mttr": {"constant": "4 h"}, "clock": "calendar"})
    assert ends(plant) == [13.0]
    assert shares(plant) == {"down": pytest.approx(4 / 14), "starved": pytest.approx(9 / 14), "running": pytest.approx(1 / 14)}


def test_a_repair_waits_for_its_calendar_and_for_the_fitter() -> None:
    top = {"calendars": {"day": {"weekdays": ["06:00-08:00"]}}, "resources": {"fitter": {"count": 1, "calendar": "day"}}}
    failing = {"failures": {"mtbf": {"constant": "2 h"}, "mttr": {"constant": "3 h"}}}
    assert ends(station("40 h", {"calendars": top["calendars"]}, repair={"calendar": "day"}, **failing))[:3] == [1.0, 2.0, 32.0]
    assert ends(station("40 h", top, repair={"needs": "fitter"}, **failing))[:3] == [1.0, 2.0, 32.0]  # two hours today, one tomorrow


def test_one_fitter_repairs_in_order_of_asking() -> None:
    failing = {"failures": {"mtbf": {"constant": "2 h"}, "mttr": {"constant": "3 h"}}, "repair": {"needs": "fitter"}}
    more = {
        "other": STOCK,
        "n": {"kind": "separator", "from": "other", "ports": ["out"], "cycle_time": "1 h", **failing},
        "second": {"kind": "product", "from": "n"},
    }
    result = twin.run(station("9 h", {"resources": {"fitter": 1}}, more, **failing))
    assert [time / H for time in departures(result, "done")] == [1, 2, 6, 7]
    assert [time / H for time in departures(result, "second")] == [1, 2]


def test_an_operator_shared_by_two_lines_alternates() -> None:
    more = {
        "other": STOCK,
        "n": {"kind": "separator", "from": "other", "ports": ["out"], "cycle_time": "1 h", "needs": "operator"},
        "second": {"kind": "product", "from": "n"},
    }
    plant = station("6.5 h", {"resources": {"operator": 1}}, more, needs="operator")
    result = twin.run(plant)
    assert [time / H for time in departures(result, "done")] == [1, 3, 5]
    assert [time / H for time in departures(result, "second")] == [2, 4, 6]
    assert share(result, "n", "waiting") == pytest.approx(3.5 / 6.5)


def test_two_parallel_machines_share_the_load_and_fail_on_their_own() -> None:
    """Both fail after 2.5 h of work for 1 h at the same time; a lot takes half as long while both work."""
    plant = station("4.4 h", count=2, cycle_time=None, rate="1 kg/h", failures={"mtbf": {"constant": "2.5 h"}, "mttr": {"constant": "1 h"}})
    assert ends(plant) == [0.5, 1.0, 1.5, 2.0, 2.5, 4.0]


def test_a_parallel_machine_that_fails_halves_the_rate_from_the_next_lot() -> None:
    """Lives 1.25 h and 10 h: from the lot after the failure one machine works alone, until the repair."""
    life = {"discrete": {"values": ["1.25 h", "100 h"], "weights": [1, 1]}}
    plant = station("6 h", count=2, cycle_time=None, rate="1 kg/h", failures={"mtbf": life, "mttr": {"constant": "2 h"}})
    for seed in range(30):  # a seed by which one machine lives long and the other fails once
        result = twin.run(plant, seed=seed)
        events = result.array("events/what").tolist()
        units = set(result.array("events/event_unit").tolist())
        if events.count("failed") == 1 and len(units) == 1:
            break
    found = [time / H for time in departures(result, "done")]
    assert found[:3] == [0.5, 1.0, 1.5]  # the lot in work is finished at the rate it began with
    assert found[3:5] == [2.5, 3.5]
    assert found[5] == 4.0
    assert share(result, "m", "down") == 0.0


def test_a_bypassed_machine_lets_everything_through() -> None:
    machine = {
        "kind": "separator",
        "from": "m.out",
        "ports": ["good", "rest"],
        "partition": {"good": {"part": "100 %"}},
        "when_down": "bypass",
        "bypass_to": "rest",
    }
    more = {
        "n": {**machine, "failures": {"mtbf": {"constant": "2.5 h"}, "mttr": {"constant": "2 h"}}},
        "done": {"kind": "product", "from": "n.good"},
        "past": {"kind": "product", "from": "n.rest"},
    }
    result = twin.run(station("9 h", None, more))
    assert [time / H for time in departures(result, "done")] == [1, 2, 3, 6, 7]
    assert [time / H for time in departures(result, "past")] == [4, 5, 8]
    assert share(result, "m", "running") == 1.0


def test_wear_changes_a_parameter_and_the_part_is_replaced() -> None:
    wear = {"parameter": "gap", "per": "2 kg", "change": "+10 %", "replace_after": "4 kg", "replace_time": "3 h"}
    plant = station("12 h", kind="shredder", rate="1 kg/h", cycle_time=None, ports=None, wear=wear)
    assert ends(plant) == [1, 2, 3, 4, 8, 9, 10, 11]
    assert shares(plant) == {"maintenance": pytest.approx(4 / 12), "running": pytest.approx(8 / 12)}


def test_a_timed_event_acts_from_the_next_lot() -> None:
    plant = station("8 h", {"events": [{"at": "2.5 h", "set": {"units.m.cycle_time": "2 h"}}]})
    assert ends(plant) == [1, 2, 3, 5, 7]


def test_an_event_at_the_instant_a_lot_begins_acts_on_it() -> None:
    plant = station("8 h", {"events": [{"at": "2 h", "set": {"units.m.cycle_time": "2 h"}}]})
    assert ends(plant) == [1, 2, 4, 6]


def test_a_rate_is_redrawn_for_each_lot_or_each_period() -> None:
    rates = {"discrete": {"values": ["1 kg/h", "2 kg/h"], "weights": [1, 1]}}
    each = ends(station("40 h", cycle_time=None, rate=rates))
    steps = {round(b - a, 9) for a, b in pairwise(each)}
    assert steps == {0.5, 1.0}
    period = ends(station("40 h", cycle_time=None, rate=rates, redraw="10 h"))
    changes = sum(1 for a, b, c in zip(period, period[1:], period[2:], strict=False) if abs((c - b) - (b - a)) > 1e-9)
    assert changes <= 3


def test_a_finished_lot_moves_as_soon_as_there_is_room_also_at_night() -> None:
    more = {
        "between": {"kind": "bunker", "from": "m", "capacity": "1 kg"},
        "n": {"kind": "separator", "from": "between", "ports": ["out"], "cycle_time": "5 h"},
        "done": {"kind": "product", "from": "n"},
    }
    plant = station("24 h", {"calendars": {"day": {"weekdays": ["00:00-03:00"]}}}, more, calendar="day")
    result = twin.run(plant)
    assert [time / H for time in departures(result, "done")] == [6, 11, 16]
    assert share(result, "m", "off_shift") == pytest.approx(21 / 24)
