"""A policy at run time: it is asked every so often, and what it answers is in force from the next lot on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from twin.engine.calendars import FAR
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.unit import State, Unit
from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.scenario.policies import PolicySpec
from twin.scenario.policy import Floats, Values
from twin.scenario.set_points import SetPoint
from twin.units.assembly import Assembly
from twin.units.timetable import Timetable

Observe: TypeAlias = Callable[[], Sequence[float]]
Row: TypeAlias = tuple[int, str, float, float]
"""What was done before: time (ns), path of the set point, its value, and what was asked for."""
Actions: TypeAlias = Mapping[str, Sequence[Row]]
"""The rows of each policy of a run, in order of time."""


@dataclass(slots=True)
class PolicyRecord:
    """``memory`` of the policy; ``values`` in force by set point; ``replayed``: rows of an earlier run that were done."""

    until: int = 0
    memory: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    replayed: int = 0


class PolicyUnit(Unit):
    """Asks a policy, cuts its answer to the bounds, notes what changes and sets it. Where a quantity that it goes by has no value now it is not asked.

    With the rows of an earlier run it does what was done then, and needs no policy; it observes all the same, since that cuts what is recorded.
    """

    def __init__(self, site: Assembly, spec: PolicySpec, index: int, timetable: Timetable) -> None:
        start = [point.start for point in spec.sets]
        every = nanoseconds(spec.every)
        memory = list(spec.code.memory) if spec.code is not None else []
        super().__init__(spec.name, index, site.clock, record := PolicyRecord(every, memory, start))
        self.record: PolicyRecord = record
        self.spec, self.every, self.timetable, self.recorder = spec, every, timetable, site.recorder
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

    def step(self, now: int) -> bool:
        observed = tuple(self.observe())
        if self.rows is not None:
            self._replay(self.rows, now)
        else:
            self._ask(observed, now)
        self.record.until = now + self.every
        return True

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
        while record.replayed < len(rows) and rows[record.replayed][0] <= now:
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
            {"action_time": now, "action_policy": self.name, "set_point": point.path, "action_value": value, "asked": asked, "unit_of_measure": point.si}
        )
        self.recorder.note(now, point.unit, _words(self.name, point, value, asked)[:190])
        self.timetable.set_point(point, value, now)

    def save(self) -> State:
        saved = super().save()
        saved["record"] = {**saved["record"], "memory": list(self.record.memory), "values": list(self.record.values)}
        return saved

    def load(self, state: State) -> None:
        super().load(state)
        self.record.memory, self.record.values = list(self.record.memory), list(self.record.values)
        for point, value in zip(self.spec.sets, self.record.values, strict=True):
            if value != point.start:
                self.timetable.set_point(point, value, None)


def _words(name: str, point: SetPoint, value: float, asked: float) -> str:
    cut = "" if asked == value else f", asked for {point.words(asked) if not point.choices else f'{asked:g}'}"
    return f"{name} sets {point.path} = {point.words(value)}{cut}"
