"""What is never open at the same time: the calendars of a line's machines and of the people it needs, of a repair, of an unloading.

Exact: weeks are cut where calendars open and close, then holidays and closed periods date by date. Nothing of the simulator is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Protocol

from pydantic import BaseModel

from twin.quantities import DAY
from twin.scenario.calendars import CalendarSpec
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario

SEARCH_DAYS = 3700
"""How many dates are looked at; what is not open together on any of them never is."""
Periods = list[tuple[float, float]]


class LineLike(Protocol):
    """A derived line; see :class:`twin.plant.topology.LineLayout`."""

    @property
    def name(self) -> str: ...
    @property
    def machines(self) -> tuple[str, ...]: ...


def never_open(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of each line, and of each other work, whose calendars are never open at the same time."""
    for path, what, calendars in _works(scenario, lines):
        if len(calendars) > 1 and not _meet(scenario, list(calendars)):
            who = ", ".join(f"{name!r} ({', '.join(users)})" for name, users in calendars.items())
            yield path, f"{what} can never be: the calendars {who} are never open at the same time; let them overlap, or need fewer of them at once"


def opens_after(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[str]:
    """Yield a warning for each line that is never open within the run, and later is."""
    days = int(scenario.horizon // DAY) + 2
    for path, what, calendars in _works(scenario, lines):
        if calendars and not _meet(scenario, list(calendars), days):
            yield f"{path}: {what} cannot be within this run: its calendars ({', '.join(calendars)}) are not open together before it ends"


def _works(scenario: Scenario, lines: Sequence[LineLike]) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """Yield (path, what is done, the calendars that must be open for it, each with who has it)."""
    for line in lines:
        found: dict[str, list[str]] = {}
        for name in line.machines:
            model = scenario.units[name]
            assert isinstance(model, MachineModel)
            if model.calendar is not None:
                found.setdefault(model.calendar, []).append(name)
            _add(scenario, found, model.needs)
        yield f"units.{line.name}", f"work of the line {', '.join(line.machines)}", found
    for name, unit in scenario.units.items():
        yield from _below(scenario, f"units.{name}", unit, is_unit=True)


def _below(scenario: Scenario, path: str, model: BaseModel, is_unit: bool) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """All parts of a unit that need resources, whatever they are called: repair, unload, a phase, a ladle."""
    needs = getattr(model, "needs", ())
    if needs and not (is_unit and isinstance(model, MachineModel)):
        found: dict[str, list[str]] = {}
        calendar = getattr(model, "calendar", None)
        if calendar is not None and not is_unit:
            found[calendar] = [path.rpartition(".")[2]]
        _add(scenario, found, needs)
        yield path, f"'{path.partition('.')[2]}'", found
    for field in type(model).model_fields:
        value = getattr(model, field)
        parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, tuple) else [("", value)]
        for key, part in parts:
            if isinstance(part, BaseModel):
                yield from _below(scenario, f"{path}.{field}{f'.{key}' if key != '' else ''}", part, is_unit=False)


def _add(scenario: Scenario, found: dict[str, list[str]], needs: Sequence[str]) -> None:
    for need in needs:
        calendar = scenario.resources[need].calendar
        if calendar is not None and need not in found.setdefault(calendar, []):
            found[calendar].append(need)


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
