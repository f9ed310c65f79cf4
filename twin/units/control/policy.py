"""A policy at run time: when it is asked, and what it answers, which is in force from the next lot on."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from twin.engine.bunker import Bunker
from twin.engine.calendars import FAR
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.unit import State, Unit
from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.scenario.policies import PolicySpec
from twin.scenario.policy import Floats, Policy, Values
from twin.scenario.set_points import SetPoint
from twin.units.control.timetable import Timetable
from twin.units.ground.assembly import Assembly

Observe: TypeAlias = Callable[[], Sequence[float]]
Row: TypeAlias = tuple[int, str, float, float]
"""What was done before: at which asking, from 1; path of the set point, its value, and what was asked for."""
Actions: TypeAlias = Mapping[str, Sequence[Row]]
"""The rows of each policy of a run, in order of time."""


@dataclass(slots=True)
class PolicyRecord:
    """``memory`` of the policy; ``values`` in force by set point; ``replayed``: rows of an earlier run that were done.

    ``by_clock``: when it is next asked by the clock (ns), below 0 if never; ``called``: somebody has asked it at this instant; ``askings`` so far; ``sides``:
    of each level, where it lay between the thresholds.
    """

    until: int = 0
    by_clock: int = -1
    called: bool = False
    askings: int = 0
    sides: list[int] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    replayed: int = 0


class PolicyUnit(Unit):
    """Asks a policy, cuts its answer to the bounds, notes what changes and sets it. Where a quantity that it goes by has no value now it is not asked.

    With the rows of an earlier run it does what was done then, and needs no policy; it observes all the same, since that cuts what is recorded.
    """

    def __init__(self, site: Assembly, spec: PolicySpec, index: int, timetable: Timetable) -> None:
        start = [point.start for point in spec.sets]
        asking = spec.asking
        every = nanoseconds(asking.every) if asking.every is not None else -1
        sides = [0] * len(asking.thresholds)
        first = 0 if sides else every  # what lies above a threshold at the start has reached it
        memory = list(spec.code.memory) if spec.code is not None else []
        super().__init__(spec.name, index, site.clock, record := PolicyRecord(first, every, sides=sides, memory=memory, values=start))
        self.record: PolicyRecord = record
        self.spec, self.every, self.timetable, self.recorder = spec, every, timetable, site.recorder
        self.levels: list[tuple[Bunker, tuple[float, ...]]] = []
        self.parameters: Values = spec.parameters
        self.observe: Observe = lambda: ()
        self.rows: Sequence[Row] | None = None
        timetable.policies[spec.name] = self
        for point in spec.sets:
            if point.resource:  # who waits for one may be helped at any time
                site.resources[point.unit].changed_until = FAR

    def connect(self, observe: Observe, rows: Sequence[Row] | None) -> None:
        """How it reads what it goes by; ``rows``: what was done in an earlier run, to be done again. Raises ``UsageError`` where it can do neither."""
        if rows is None and self.spec.code is None:
            raise UsageError(
                f"the policy {self.spec.policy!r} of policies.{self.name} is not installed; install the package that declares it in the entry-point group "
                "'twin.policies'. `twin reproduce` needs none: what the policy did is in the file"
            )
        self.observe, self.rows = observe, rows

    def let_answer(self, decide: Callable[[Floats], Floats]) -> PolicySpec:
        """Somebody outside answers from now on, and keeps what there is to remember."""
        code = self.spec.code
        roles = (code.reads, code.sets) if code is not None else (self.spec.reads, tuple(point.path for point in self.spec.sets))
        outside = Policy("outside", lambda observed, _, __: (decide(observed), ()), *roles)
        self.spec, self.rows, self.record.memory = replace(self.spec, code=outside), None, []
        return self.spec

    def watch(self, bunkers: Mapping[str, Bunker]) -> None:
        """Be told when one of the levels that have thresholds changes."""
        self.levels = [(bunkers[name], limits) for name, limits in self.spec.asking.thresholds.items()]
        for bunker, _ in self.levels:
            bunker.tell(follower=self)

    def revise(self, spec: PolicySpec, now: int | None) -> None:
        """A timed event changed parameters, or how often it is asked: then so long after the event, where its next time has not come."""
        self.parameters = spec.parameters
        every = nanoseconds(spec.asking.every) if spec.asking.every is not None else -1
        if every == self.every:
            return
        self.every, record = every, self.record
        if now is not None:
            record.by_clock = now + every
            if record.until > now:
                record.until = record.by_clock
                self.clock.reschedule(self, record.until)

    def wake(self, now: int) -> None:
        """A level has changed: the policy is asked if it has reached, left or crossed a threshold."""
        if self._sides() != self.record.sides:
            self.ask(now)

    def ask(self, now: int) -> None:
        """Decide at this instant, whatever the clock says."""
        record = self.record
        record.called = True
        if record.until == now:
            return
        pending, record.until = record.until >= 0, now
        if pending:
            self.clock.reschedule(self, now)
        else:
            self.clock.schedule(self, now)

    def _sides(self) -> list[int]:
        """Where each level lies: twice the thresholds that are below it, and one more if it is at one."""
        return [bisect_left(limits, bunker.level) + bisect_right(limits, bunker.level) for bunker, limits in self.levels]

    def step(self, now: int) -> bool:
        record = self.record
        sides = self._sides()
        due = record.called or sides != record.sides
        record.called, record.sides = False, sides
        if 0 <= record.by_clock <= now:
            record.by_clock += self.every
            due = True
        if due:
            record.askings += 1
            observed = tuple(self.observe())
            if self.rows is not None:
                self._replay(self.rows, now)
            else:
                self._ask(observed, now)
        record.until = record.by_clock
        return record.until >= 0

    def _ask(self, observed: Floats, now: int) -> None:
        record, code = self.record, self.spec.code
        assert code is not None
        if any(math.isnan(value) for value in observed):
            return
        try:
            action, memory = code.decided(observed, tuple(record.memory), self.parameters)
        except UsageError as error:
            raise UsageError(f"policies.{self.name}, asked at {format_quantity(now / NANOSECONDS, 's')}: {error}") from error
        record.memory = list(memory)
        for place, (point, asked) in enumerate(zip(self.spec.sets, action, strict=True)):
            if not math.isnan(asked):
                self._set(place, point.limited(asked), asked, now)

    def _replay(self, rows: Sequence[Row], now: int) -> None:
        record = self.record
        places = {point.path: place for place, point in enumerate(self.spec.sets)}
        while record.replayed < len(rows) and rows[record.replayed][0] <= record.askings:
            _, path, value, asked = rows[record.replayed]
            record.replayed += 1
            self._set(places[path], value, asked, now)

    def _set(self, place: int, value: float, asked: float, now: int) -> None:
        """Nothing is done, and nothing noted, where the value is in force already."""
        record, point = self.record, self.spec.sets[place]
        if value == record.values[place]:
            return
        record.values[place] = value
        self.recorder.actions.append(
            {
                "action_time": now,
                "action_policy": self.name,
                "asking": record.askings,
                "set_point": point.path,
                "action_value": value,
                "asked": asked,
                "unit_of_measure": point.si,
            }
        )
        self.recorder.note(now, point.unit, _words(self.name, point, value, asked)[:190])
        self.timetable.set_point(point, value, now)

    def save(self) -> State:
        saved = super().save()
        saved["record"] = {**saved["record"], "memory": list(self.record.memory), "values": list(self.record.values), "sides": list(self.record.sides)}
        return saved

    def load(self, state: State) -> None:
        super().load(state)
        self.record.memory, self.record.values, self.record.sides = list(self.record.memory), list(self.record.values), list(self.record.sides)
        for point, value in zip(self.spec.sets, self.record.values, strict=True):
            if value != point.start:
                self.timetable.set_point(point, value, None)


def _words(name: str, point: SetPoint, value: float, asked: float) -> str:
    cut = "" if asked == value else f", asked for {point.words(asked) if not point.choices else f'{asked:g}'}"
    return f"{name} sets {point.path} = {point.words(value)}{cut}"
