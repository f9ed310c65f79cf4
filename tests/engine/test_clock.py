"""The clock: integer time, order by (time, declaration), budgets."""

from __future__ import annotations

import numpy as np
import pytest

from twin.engine.clock import Clock, nanoseconds
from twin.engine.unit import Record, Unit
from twin.errors import UsageError


class Ticker(Unit):
    """Writes down when it wakes, every ``period`` ns."""

    def __init__(self, name: str, index: int, clock: Clock, period: int, log: list[tuple[int, str]]) -> None:
        super().__init__(name, index, clock, Record())
        self.period, self.log = period, log

    def step(self, now: int) -> bool:
        self.log.append((now, self.name))
        self.record.until = now + self.period
        return True


def test_ties_are_broken_by_declaration_and_not_by_insertion() -> None:
    clock, log = Clock(), []  # type: ignore[var-annotated]
    units = [Ticker("first", 0, clock, 3, log), Ticker("second", 1, clock, 2, log)]
    for unit in reversed(units):
        clock.schedule(unit, 6)
    clock.run(13)
    assert log == [(6, "first"), (6, "second"), (8, "second"), (9, "first"), (10, "second"), (12, "first"), (12, "second")]
    assert clock.now == 13


def test_events_at_the_end_are_not_done() -> None:
    clock, log = Clock(), []  # type: ignore[var-annotated]
    clock.schedule(Ticker("a", 0, clock, 5, log), 5)
    clock.run(10)
    assert log == [(5, "a")]
    clock.run(11)
    assert log == [(5, "a"), (10, "a")]


@pytest.mark.parametrize("bad", [1.0, np.int64(3), True, "3", float("nan")])
def test_a_time_that_is_no_int_is_refused(bad: object) -> None:
    clock = Clock()
    unit = Ticker("a", 0, clock, 1, [])
    with pytest.raises(UsageError, match="a time must be a Python int of nanoseconds"):
        clock.schedule(unit, bad)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a time must be a Python int of nanoseconds"):
        clock.run(bad)  # type: ignore[arg-type]


def test_the_past_is_refused() -> None:
    clock = Clock(now=10)
    with pytest.raises(UsageError, match="a: cannot wake at 9 ns, it is already 10 ns"):
        clock.schedule(Ticker("a", 0, clock, 1, []), 9)


def test_a_moved_event_happens_once() -> None:
    clock, log = Clock(), []  # type: ignore[var-annotated]
    unit = Ticker("a", 0, clock, 100, log)
    clock.schedule(unit, 50)
    clock.reschedule(unit, 20)
    clock.run(60)
    assert log == [(20, "a")]


def test_durations_are_rounded_once() -> None:
    assert sum(nanoseconds(0.1) for _ in range(10)) == nanoseconds(1.0)
    assert nanoseconds(1 / 3) == 333_333_333
