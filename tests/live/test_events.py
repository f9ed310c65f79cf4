"""Alarms of one event, which several signals show, count as one."""

from __future__ import annotations

import json

from twin.live.alarm import Alarm, Kind
from twin.live.ensemble.events import DAY, Events


def alarm(hours: float, signal: str, kind: Kind = "cannot tell") -> Alarm:
    return Alarm(hours * 3600.0, signal, kind, f"{signal} does not fit")


def numbers(found: list[Alarm | None]) -> list[int]:
    return [one.event if one is not None else 0 for one in found]


def test_signals_of_one_cause_are_one_event_for_a_day() -> None:
    events = Events()
    found = [events.told(alarm(hours, signal, "machine"), "units.screen.aperture") for hours, signal in ((1, "A"), (2, "B"), (3, "A"), (24.9, "C"))]
    assert numbers(found) == [1, 1, 0, 1] and found[3] is not None and found[3].signals == ("A", "B", "C")
    assert found[1] is not None and found[1].whole == "B does not fit. Shown by A too"
    again = events.told(alarm(26, "A", "machine"), "units.screen.aperture")
    assert again is not None and (again.event, again.signals) == (2, ("A",))  # after a day the same is told again


def test_another_cause_is_another_event_and_one_that_cannot_be_told_is_of_what_is_open() -> None:
    events = Events()
    found = [events.told(alarm(1, "A", "machine"), "m"), events.told(alarm(2, "A", "sensor"), "A"), events.told(alarm(3, "B"), "")]
    assert numbers(found) == [1, 2, 2] and found[2] is not None and found[2].kind == "sensor"


def test_a_cause_that_is_found_within_the_day_is_that_of_the_event() -> None:
    events = Events()
    events.told(alarm(1, "A"), "")
    found = events.told(alarm(5, "A", "feed"), "f")
    assert found is not None and (found.event, found.kind) == (1, "feed")
    assert numbers([events.told(alarm(6, "B", "feed"), "f"), events.told(alarm(7, "B", "machine"), "m")]) == [1, 2]


def test_a_sensor_that_stands_still_is_its_own_event() -> None:
    """Else one that fails within a day of some other alarm would be told by nobody."""
    events = Events()
    events.told(alarm(1, "A"), "")
    still = events.told(alarm(2, "B", "sensor"), "B", own=True)
    assert still is not None and (still.event, still.signals) == (2, ("B",))
    assert numbers([events.told(alarm(3, "C"), ""), events.told(alarm(4, "B", "sensor"), "B", own=True)]) == [1, 0]


def test_events_go_on_after_a_restart() -> None:
    events, after = Events(), Events()
    for hours, signal in ((1, "A"), (3, "B")):
        events.told(alarm(hours, signal), "")
    after.load(json.loads(json.dumps(events.save())))
    for hours, signal in ((4, "C"), (4, "A"), (DAY, "A")):
        assert after.told(alarm(hours, signal), "") == events.told(alarm(hours, signal), "")
