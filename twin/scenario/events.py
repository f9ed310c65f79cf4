"""Timed events: parameters that change while the plant runs, checked as if they stood in the units."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import UsageError
from twin.quantities import shown
from twin.scenario.kind import UnitModel
from twin.scenario.model import TimedEvent
from twin.scenario.places import Path, Plain, dotted, split
from twin.scenario.policies import PolicySpec
from twin.scenario.policy_changes import PolicyChanges
from twin.scenario.problems import nearest
from twin.scenario.settings import Event, Settings

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
    complain: Complain,
    policies: Mapping[str, PolicySpec] | None = None,
) -> list[Entry]:
    """Return the events in the order of time, each with the changed models; what is wrong with them is noted.

    ``units`` are the parameters of the units as written, ``policies`` those that are right. An event keeps what earlier ones changed.
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
    decisions = PolicyChanges(policies or {}, settings.policies)
    entries = []
    for at, index, event in sorted(moments, key=lambda moment: moment[:2]):
        changed: dict[str, list[str]] = {}
        for text, value in event.set.items():
            try:
                if decisions.take(text, value):
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
        decided = decisions.changed(lambda text, message, index=index: complain(("events", index, "set", text), message))  # type: ignore[misc]
        entries.append(Entry(index, TimedEvent(at, dict(event.set), after, policies=decided)))
    return entries


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
        raise UsageError(f"only parameters of units and policies can change, e.g. units.screen.aperture (got {shown(text)})")
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
