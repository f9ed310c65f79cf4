"""What is never open at the same time: the calendars of a line's machines and of the people it needs, of a repair, of an unloading.

Exact: weeks are cut where calendars open and close, then holidays and closed periods date by date. Nothing of the simulator is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import product
from math import prod
from typing import Protocol

from pydantic import BaseModel

from twin.quantities import DAY
from twin.scenario.calendars import CalendarSpec
from twin.scenario.kinds.product import PickUp
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.needs import Need, alternatives

SEARCH_DAYS = 3700
"""How many dates are looked at; what is not open together on any of them never is."""
MOST_WAYS = 256
"""So many ways to choose people and shifts are looked at."""
Periods = list[tuple[float, float]]
Users = dict[str, list[str]]
"""Who has each calendar."""


class LineLike(Protocol):
    """A derived line; see :class:`twin.plant.topology.LineLayout`."""

    @property
    def name(self) -> str: ...
    @property
    def machines(self) -> tuple[str, ...]: ...


def never_open(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of each line, and of each other work, whose calendars are never open at the same time."""
    for path, what, ways in _works(scenario, lines):
        if all(len(calendars) > 1 and not _meet(scenario, list(calendars)) for calendars in ways):
            named: Users = {}
            for calendars in ways:
                for calendar, users in calendars.items():
                    named[calendar] = list(dict.fromkeys([*named.get(calendar, []), *users]))
            who = ", ".join(f"{name!r} ({', '.join(users)})" for name, users in named.items())
            yield path, f"{what} can never be: the calendars {who} are never open at the same time; let them overlap, or need fewer of them at once"


def opens_after(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[str]:
    """Yield a warning for each line that is never open within the run, and later is."""
    days = int(scenario.horizon // DAY) + 2
    for path, what, ways in _works(scenario, lines):
        if all(calendars and not _meet(scenario, list(calendars), days) for calendars in ways):
            named = dict.fromkeys(calendar for calendars in ways for calendar in calendars)
            yield f"{path}: {what} cannot be within this run: its calendars ({', '.join(named)}) are not open together before it ends"


def _works(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[tuple[str, str, list[Users]]]:
    """Yield (path, what is done, ways to do it: the calendars that must be open for each, with who has them)."""
    for line in lines:
        found: Users = {}
        needs: list[Need] = []
        for name in line.machines:
            model = scenario.units[name]
            assert isinstance(model, MachineModel)
            if model.calendar is not None:
                found.setdefault(model.calendar, []).append(name)
            needs += model.needs
        yield f"units.{line.name}", f"work of the line {', '.join(line.machines)}", _ways(scenario, found, needs)
    for name, unit in scenario.units.items():
        yield from _below(scenario, f"units.{name}", unit, is_unit=True)


def _below(scenario: Scenario, path: str, model: BaseModel, is_unit: bool) -> Iterator[tuple[str, str, list[Users]]]:
    """All parts of a unit that need resources, whatever they are called: repair, unload, a phase, a ladle."""
    needs = getattr(model, "needs", ())
    if needs and not (is_unit and isinstance(model, MachineModel)):
        found: Users = {}
        calendar = getattr(model, "calendar", None)
        if calendar is not None and not is_unit and not isinstance(model, PickUp):  # a pick-up's says when trucks come
            found[calendar] = [path.rpartition(".")[2]]
        yield path, f"'{path.partition('.')[2]}'", _ways(scenario, found, needs)
    for field in type(model).model_fields:
        value = getattr(model, field)
        parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, tuple) else [("", value)]
        for key, part in parts:
            if isinstance(part, BaseModel):
                yield from _below(scenario, f"{path}.{field}{f'.{key}' if key != '' else ''}", part, is_unit=False)


def _ways(scenario: Scenario, found: Users, needs: Sequence[Need]) -> list[Users]:
    """The calendars of each way to meet ``needs``, beside those ``found``: whom it takes, and in which shift. One way without any, if they are too many."""
    options: list[list[tuple[str | None, str]]] = []
    for need in dict.fromkeys(needs):
        who = alternatives(need, scenario.skills)
        options.append([(calendar, name) for name in who for calendar, count in scenario.resources[name].shifts if count > 0])
    if prod(map(len, options)) > MOST_WAYS:
        return [{}]
    return [_together(found, way) for way in product(*options)]


def _together(found: Users, way: Sequence[tuple[str | None, str]]) -> Users:
    users = {calendar: list(names) for calendar, names in found.items()}
    for calendar, name in way:
        if calendar is not None and name not in users.setdefault(calendar, []):
            users[calendar].append(name)
    return users


def _meet(scenario: Scenario, names: Sequence[str], days: int = SEARCH_DAYS) -> bool:
    """Whether all these calendars are open at one time of the first ``days`` dates, from the start of the run on."""
    specs = [scenario.calendars[name] for name in names]
    if not any(reduce(_common, [_week(spec, day) for spec in specs]) for day in range(7)):
        return False
    first = scenario.start.date()
    horizon = scenario.horizon if days < SEARCH_DAYS else float("inf")
    for number in range(days):
        day = first + timedelta(days=number)
        since = (datetime.combine(day, datetime.min.time()) - scenario.start).total_seconds()
        common = reduce(_common, [_on(spec, day) for spec in specs])
        if any(since + b > 0.0 and since + a < horizon for a, b in common):
            return True
    return False


def _week(spec: CalendarSpec, weekday: int) -> Periods:
    return [(float(a), float(b)) for a, b in spec.week[weekday]]


def _on(spec: CalendarSpec, day: date) -> Periods:
    """Open periods of a date, in s from its midnight."""
    if day in spec.holidays:
        return []
    found, midnight = _week(spec, day.weekday()), datetime.combine(day, datetime.min.time())
    for begin, end in spec.closed:
        a, b = (begin - midnight).total_seconds(), (end - midnight).total_seconds()
        found = [cut for c, d in found for cut in ((c, min(d, a)), (max(c, b), d)) if cut[0] < cut[1]]
    return found


def _common(one: Periods, other: Periods) -> Periods:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]
