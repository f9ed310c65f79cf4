"""Every number that a run uses, with its path, SI unit, basis and source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twin.errors import UsageError
from twin.materials import Number
from twin.quantities import parse, quantity_of, shown
from twin.scenario.annotations import NOT_STATED, Annotation
from twin.scenario.asking import EVERY
from twin.scenario.events import Entry
from twin.scenario.kind import UnitModel
from twin.scenario.machine import MachineModel
from twin.scenario.merge import CHANGED
from twin.scenario.model import Parameter
from twin.scenario.places import Path, dotted, split
from twin.scenario.policies import PolicySpec
from twin.scenario.process import ProcessModel
from twin.scenario.settings import Carrier, Settings
from twin.scenario.source_settings import SourceSettings

_DEFAULT_SOURCE = "default of twin"
_ELSEWHERE = ("twin", "materials", "units", "events", "thermochemistry", "policies")

_POLICY_DEFAULT = ("assumed", "default of the policy", None, None)
Default: TypeAlias = tuple[str, str, float | None, float | None]
"""Basis, source, lower and upper end of a default."""


@dataclass(frozen=True)
class Found:
    """A number in a model, and where its default comes from if nobody gave it."""

    path: Path
    value: float
    unit: str
    default: Default | None


def numbers_in(model: BaseModel, path: Path) -> Iterator[Found]:
    """Yield every number in a model, at any depth."""
    for name, key, unit, default in _fields(type(model)):
        given = name in model.model_fields_set
        yield from _numbers(getattr(model, name), unit, (*path, key), None if given else default)


@cache
def _fields(model: type[BaseModel]) -> list[tuple[str, str, str, Default]]:
    """Name, key, SI unit and default of each field of a model."""
    return [(name, field.alias or name, _unit(field), _default_of(field)) for name, field in model.model_fields.items()]


def _default_of(field: FieldInfo) -> Default:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    basis, source = str(extra.get("x-basis", "assumed")), str(extra.get("x-source", _DEFAULT_SOURCE))
    low, high = extra.get("x-low"), extra.get("x-high")
    return basis, source, float(low) if isinstance(low, (int, float)) else None, float(high) if isinstance(high, (int, float)) else None


def _numbers(value: Any, unit: str, path: Path, default: Default | None) -> Iterator[Found]:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, (int, float)):
        yield Found(path, float(value), unit, default)
    elif isinstance(value, BaseModel):
        yield from numbers_in(value, path)
    elif hasattr(value, "numbers"):
        yield from (Found((*path, *below), number, own, default) for below, number, own in value.numbers())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, unit, (*path, str(key)), default)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _numbers(item, unit, (*path, index), default)


def _unit(field: FieldInfo) -> str:
    found = next((q for part in (*field.metadata, field.annotation) if (q := quantity_of(part)) is not None), None)
    return found.si if found else "1"


def parameters_of(
    settings: Settings,
    models: Mapping[str, UnitModel],
    events: Iterable[Entry],
    materials: Iterable[tuple[str, Number]],
    carriers: Mapping[str, tuple[Carrier, Number | None]],
    annotations: Mapping[Path, Annotation],
    complain: Callable[[Path, str], None],
    policies: Iterable[PolicySpec] = (),
    source_settings: Mapping[str, SourceSettings] | None = None,
) -> list[Parameter]:
    """Return every number of a scenario; what is wrong with the ``low`` and ``high`` of one is noted."""
    found = [number for number in numbers_in(settings, ()) if number.path[0] not in _ELSEWHERE]
    unit_level: dict[Path, Annotation] = {}
    settings_by_source = source_settings or {}
    for name, model in models.items():
        found += numbers_in(model, ("units", name))
        if isinstance(model, MachineModel):
            found += _by_source(name, settings_by_source.get(name, {}))
        if model.basis or model.source:
            unit_level["units", name] = Annotation(model.basis or "assumed", model.source or NOT_STATED)
    decided = {spec.name: spec for spec in policies}
    for spec in decided.values():
        found += [Found(("policies", spec.name, *below), value, unit, None if given else _POLICY_DEFAULT) for below, value, unit, given in spec.numbers()]
    for entry in events:
        found += _changed_numbers(entry)
        found += _changed_policies(entry, decided)
    parameters, limited = [], dict.fromkeys(path for path, about in annotations.items() if about.low is not None)
    found = [replace(number, path=_as_written(number.path, annotations)) if number.default is None else number for number in found]
    for number in found:
        parameters.append(_annotated(number, annotations, unit_level, complain))
        limited.pop(number.path, None)
    for path in limited:
        complain(path, "'low' and 'high' need one number as 'value'")
    for name, (_, stored) in carriers.items():
        if stored is not None:
            parameters.append(Parameter(f"carriers.{name}.co2", stored.value, stored.unit, stored.basis, stored.source, stored.low, stored.high))
    parameters += [Parameter(path, n.value, n.unit, n.basis, n.source, n.low, n.high) for path, n in materials]
    if any(isinstance(model, ProcessModel) for model in models.values()):
        parameters += _thermochemistry(settings)
    return parameters


def annotated_numbers(model: BaseModel, path: Path, annotations: Mapping[Path, Annotation], complain: Callable[[Path, str], None]) -> list[Parameter]:
    """Return every number in a model that stands at a path; what is wrong with the ``low`` and ``high`` of one is noted."""
    limited = dict.fromkeys(place for place, about in annotations.items() if about.low is not None)
    parameters = []
    for number in numbers_in(model, path):
        parameters.append(_annotated(number, annotations, {}, complain))
        limited.pop(number.path, None)
    for place in limited:
        complain(place, "'low' and 'high' need one number as 'value'")
    return parameters


def _thermochemistry(settings: Settings) -> Iterator[Parameter]:
    """Every number that smelting rests on; what the scenario changes is assumed."""
    chosen = settings.thermochemistry
    changed = chosen.changes()
    for path, n in chosen.data().numbers():
        source = CHANGED if path in changed else n.source
        yield Parameter(f"thermochemistry.numbers.{path}", n.value, n.unit, "assumed" if path in changed else n.basis, source, n.low, n.high)
    for element, slope in chosen.slopes.items():
        yield Parameter(f"thermochemistry.slopes.{element}", slope, "1", "assumed", NOT_STATED)


def _by_source(head: str, settings: SourceSettings) -> Iterator[Found]:
    for source, values in settings.items():
        for setting in values:
            if not setting.point.choices:
                yield Found(("units", head, "settings", source, setting.point.path), setting.value, setting.point.si, None)


def _changed_numbers(entry: Entry) -> Iterator[Found]:
    for text in entry.event.changes:
        path = split(text)
        if path[0] == "resources":
            spec = entry.event.resources.get(str(path[1]))
            for number in numbers_in(spec, path[:2]) if spec else ():
                if number.path[: len(path)] == path and number.default is None:
                    yield Found(("events", entry.index, "set", text, *number.path[len(path) :]), number.value, number.unit, None)
            continue
        if path[0] == "policies":
            continue
        model = entry.event.models.get(str(path[1]))
        for number in numbers_in(model, path[:2]) if model else ():
            if number.path[: len(path)] == path and number.default is None:
                yield Found(("events", entry.index, "set", text, *number.path[len(path) :]), number.value, number.unit, None)


def _changed_policies(entry: Entry, specs: Mapping[str, PolicySpec]) -> Iterator[Found]:
    for text in entry.event.changes:
        path = split(text)
        if path[0] == "policies" and str(path[1]) in entry.event.policies:
            spec, key = specs[str(path[1])], str(path[2])
            changed = entry.event.policies[spec.name]
            if key == EVERY:
                yield Found(("events", entry.index, "set", text), changed.asking.every or 0.0, "s", None)
                continue
            value = changed.parameters[key]
            rows = [((), value)] if isinstance(value, float) else [((k,), item) for k, item in enumerate(value)]
            yield from (Found(("events", entry.index, "set", text, *below), number, spec.units[key], None) for below, number in rows)


def _as_written(path: Path, annotations: Mapping[Path, Annotation]) -> Path:
    """The path under which a number was annotated: a list of one entry may be written without the list."""
    if 0 not in path or any(path[:n] in annotations for n in range(path.index(0) + 1, len(path) + 1)):
        return path
    shorter = tuple(part for part in path if part != 0)
    return shorter if any(shorter[:n] in annotations for n in range(path.index(0) + 1, len(shorter) + 1)) else path


def _annotated(found: Found, annotations: Mapping[Path, Annotation], unit_level: Mapping[Path, Annotation], complain: Callable[[Path, str], None]) -> Parameter:
    """Return a number with the basis and source that its own or the nearest annotation above it, else its unit, states."""
    path = dotted(found.path)
    if found.default is not None:
        return Parameter(path, found.value, found.unit, *found.default)
    about = next((annotations[found.path[:n]] for n in range(len(found.path), 0, -1) if found.path[:n] in annotations), None)
    about = about or unit_level.get(found.path[:2], Annotation())
    low = high = None
    if (own := annotations.get(found.path)) is not None and own.low is not None:
        try:
            low, high = parse(own.low, found.unit), parse(own.high, found.unit)
        except UsageError as error:
            complain(found.path, f"'low' and 'high': {error}")
            return Parameter(path, found.value, found.unit, about.basis, about.source)
        if not low <= found.value <= high:
            complain(found.path, f"the value must lie between 'low' and 'high' (got {shown(own.low)} to {shown(own.high)})")
    return Parameter(path, found.value, found.unit, about.basis, about.source, low, high)
