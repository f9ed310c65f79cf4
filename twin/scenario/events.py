"""Timed events: parameters that change while the plant runs, checked as if they stood in the units."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from twin.errors import UsageError
from twin.quantities import shown
from twin.scenario.kind import UnitModel
from twin.scenario.model import TimedEvent
from twin.scenario.places import Path, Plain, dotted, split
from twin.scenario.policies import PolicySpec
from twin.scenario.policy_changes import PolicyChanges
from twin.scenario.problems import in_words, nearest
from twin.scenario.references import Names
from twin.scenario.settings import Event, ResourceSpec, Settings

Complain = Callable[[Path, str], None]
Validate = Callable[[str, Plain], tuple[UnitModel | None, list[tuple[Path, str]]]]
"""Validates the parameters of a unit; gives its model, or what is wrong with it by place below the unit."""


@dataclass(frozen=True)
class Entry:
    """An event, and its index in the scenario's list."""

    index: int
    event: TimedEvent


def timed(
    settings: Settings,
    units: Mapping[str, Plain],
    models: Mapping[str, UnitModel],
    validate: Validate,
    known: Names,
    complain: Complain,
    policies: Mapping[str, PolicySpec] | None = None,
) -> list[Entry]:
    """Return the events in the order of time, each with the changed models; what is wrong with them is noted.

    ``units`` are the parameters of the units as written, ``known`` what can be named, ``policies`` those that are right. An event keeps what earlier ones
    changed.
    """
    moments: list[tuple[float, int, Event]] = []
    for index, event in enumerate(settings.events):
        try:
            at = event.seconds(settings.time.start)
        except (UsageError, ValueError) as error:
            complain(("events", index, "at"), f"a date or a time since the start is needed: {error}")
            continue
        if at < 0:
            complain(("events", index, "at"), f"must not be before the start, {settings.time.start.isoformat()} (got {shown(event.at)})")
            continue
        moments.append((at, index, event))
    state: dict[str, Plain] = {}
    crews = _Crews(known)
    decisions = PolicyChanges(policies or {}, settings.policies)
    entries = []
    for at, index, event in sorted(moments, key=lambda moment: moment[:2]):
        changed: dict[str, list[str]] = {}
        for text, value in event.set.items():
            try:
                if decisions.take(text, value) or crews.take(text, value):
                    continue
                unit = _apply(text, value, units, models, state)
            except UsageError as error:
                complain(("events", index, "set", text), str(error))
                continue
            if unit is not None:
                changed.setdefault(unit, []).append(text)
        after = {}
        for unit, texts in changed.items():
            model, wrong = validate(unit, state[unit])
            for place, message in wrong:
                complain(("events", index, "set", _nearest_change(texts, unit, place)), f"{dotted(place)}: {message}" if place else message)
            if model is not None:
                after[unit] = model.model_copy(update=_kept(models[unit]))
        resources = crews.changed(index, complain)
        decided = decisions.changed(lambda text, message, index=index: complain(("events", index, "set", text), message))  # type: ignore[misc]
        entries.append(Entry(index, TimedEvent(at, dict(event.set), after, resources, decided)))
    return entries


class _Crews:
    """The counts of resources, as events change them: ``resources.crew.count``, or one shift of it, ``resources.crew.count.day``."""

    def __init__(self, known: Names) -> None:
        self._specs = dict(known.resources)
        self._known = known
        self._texts: dict[str, list[tuple[str, Any]]] = {}

    def take(self, text: str, value: Plain) -> bool:
        """Note a change if it is one of a resource; raises ``UsageError`` where it cannot be."""
        path = split(text)
        if path[:1] != ("resources",):
            return False
        if len(path) < 3 or path[2] != "count" or len(path) > 4:
            raise UsageError(f"of resources only the count can change, e.g. resources.crew.count (got {shown(text)})")
        name = str(path[1])
        if name in self._known.faulty:
            return True
        if name not in self._specs:
            raise UsageError(f"unknown resource {name!r}; {nearest(name, self._specs)}")
        self._texts.setdefault(name, []).append((text, value))
        return True

    def changed(self, index: int, complain: Complain) -> dict[str, ResourceSpec]:
        """Return the resources that the changes noted since the last call leave, as event number ``index``; what is wrong is noted."""
        found = {}
        for name, changes in self._texts.items():
            for text, value in changes:
                spec, path = self._specs[name], split(text)
                count: Any = value
                if len(path) == 4:
                    count = {**spec.count, str(path[3]): value} if isinstance(spec.count, dict) else {str(path[3]): value}
                try:
                    read = ResourceSpec.model_validate({**({"calendar": spec.calendar} if spec.calendar else {}), "count": count})
                except ValidationError as error:
                    complain(("events", index, "set", text), "; ".join(in_words(detail, ()) for detail in error.errors(include_url=False)))
                    continue
                unknown = [calendar for calendar in read.count if calendar not in self._known.calendars] if isinstance(read.count, dict) else []
                for calendar in unknown:
                    complain(("events", index, "set", text), f"unknown calendar {calendar!r}; {nearest(calendar, self._known.calendars)}")
                found[name] = self._specs[name] = spec.model_copy(update={"count": read.count})
        self._texts = {}
        return found


def _kept(model: UnitModel) -> dict[str, Any]:
    """What no event changes and was written out already."""
    return {name: getattr(model, name) for name in ("from_", "recycle") if hasattr(model, name)}


def _nearest_change(texts: list[str], unit: str, place: Path) -> str:
    whole = dotted(("units", unit, *place))
    return next((text for text in texts if whole.startswith(text) or text.startswith(whole)), texts[0])


def _apply(text: str, value: Plain, units: Mapping[str, Plain], models: Mapping[str, UnitModel], state: dict[str, Plain]) -> str | None:
    """Make one change in ``state`` and return the unit's name, None where the unit is wrong anyway; raises ``UsageError``."""
    path = split(text)
    if len(path) < 3 or path[0] != "units":
        raise UsageError(f"only parameters of units and policies can change, and counts of resources, e.g. units.screen.aperture (got {shown(text)})")
    unit, key = str(path[1]), str(path[2])
    if unit not in units:
        raise UsageError(f"unknown unit {unit!r}; {nearest(unit, units)}")
    if unit not in models:
        return None
    model = models[unit]
    if key not in model.changeable:
        known = [name for name in model.keys() if name in model.changeable]  # noqa: SIM118 - a method of the model
        raise UsageError(f"{key!r} of {unit!r} cannot change while the plant runs; {nearest(key, known) if known else 'nothing of it can'}")
    if unit not in state:
        state[unit] = copy.deepcopy(units[unit])
    node: Any = state[unit]
    for part in path[2:-1]:
        if not isinstance(node.get(part), dict):
            node[part] = {}
        node = node[part]
    node[path[-1]] = copy.deepcopy(value)
    return unit
