"""What policies can read and set in a plant: the names of quantities, and numbers and words of units with their bounds and choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from twin.errors import UsageError
from twin.materials import ELEMENTS
from twin.quantities import format_quantity, parse, quantity_of, shown
from twin.scenario.distributions import Distribution, constant
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.machine import MachineModel
from twin.scenario.places import Path, Plain, dotted, split
from twin.scenario.problems import nearest
from twin.scenario.quantity_names import Axes
from twin.scenario.settings import ResourceSpec

Complain = Callable[[Path, str], None]
Validate = Callable[[str, Plain], tuple[UnitModel | None, list[tuple[Path, str]]]]


@dataclass(frozen=True)
class SetPoint:
    """What a policy sets: its ``path``, the ``unit`` and the ``field`` of its model, or a ``part`` of that, its bounds and what stands there, in SI.

    Of a word, the numbers are those of the ``choices``, from 1; ``start`` is 0 where another word stands in the scenario.
    """

    path: str
    unit: str
    field: str
    si: str
    low: float
    high: float
    start: float
    choices: tuple[str, ...] = ()
    part: str = ""
    resource: bool = False
    """Whether ``unit`` is a resource, of which ``field`` is the count, or the count in the shift of that calendar."""

    def limited(self, asked: float) -> float:
        """Return what is set where a policy asks for ``asked``: cut to the bounds; of a word the nearest number of one, of people a whole number.

        >>> SetPoint("units.mill.prefer", "mill", "prefer", "1", 1.0, 2.0, 0.0, ("dry", "wet")).limited(1.7)
        2.0
        """
        within = min(max(asked, self.low), self.high)
        return float(round(within)) if self.choices or self.resource else within

    def on_resource(self, spec: ResourceSpec, value: float) -> ResourceSpec:
        """Return the resource with ``value`` of them, in the one shift or at all times."""
        count: int | dict[str, int] = {**spec.count, self.field: round(value)} if isinstance(spec.count, dict) else round(value)
        return spec.model_copy(update={"count": count})

    def words(self, value: float) -> str:
        """Return a value as people read it."""
        return self.choices[round(value) - 1] if self.choices and 1 <= round(value) <= len(self.choices) else format_quantity(value, self.si)

    def on(self, model: UnitModel, value: float) -> Any:
        """Return what the field of ``model`` becomes."""
        whole = getattr(model, self.field)
        present = getattr(whole, self.part) if self.part else whole
        new: Any = self.choices[round(value) - 1] if self.choices else constant(value, self.si) if isinstance(present, Distribution) else value
        return whole.model_copy(update={self.part: new}) if self.part else new

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys below the unit that lead to it, as written."""
        return tuple(str(part) for part in split(self.path)[2:])

    def written(self, unit: Mapping[str, Any], value: Plain) -> dict[str, Plain]:
        """Return the unit as written, with another value at the set point."""
        key, *below = self.keys
        return {**unit, key: {**unit[key], below[0]: value} if below else value}


@dataclass
class Plant:
    """What policies can read and set: the units with what stands of them in the scenario, and the names of quantities."""

    models: Mapping[str, UnitModel]
    written: Mapping[str, Plain]
    axes: Axes
    wearing: Mapping[str, str]
    validate: Validate
    resources: Mapping[str, ResourceSpec]
    closed: bool
    """Whether the scenario is a stored one, which may name a policy that is not installed."""
    owners: dict[str, str] = field(default_factory=dict)
    """The policy that sets a path."""


def plant_of(
    models: Mapping[str, UnitModel],
    kinds: Mapping[str, Kind],
    written: Mapping[str, Plain],
    more: Axes,
    validate: Validate,
    *,
    resources: Mapping[str, ResourceSpec],
    closed: bool,
) -> Plant:
    """Return what policies can read and set. ``more``: materials, carriers and resources."""
    roles = {name: kinds[name].role for name in models}
    ports = [f"{name}.{port}" for name, model in models.items() for port in kinds[name].ports(model)]
    axes = {
        **more,
        "stream": [*(name for name, role in roles.items() if role in ("feed", "bunker", "conveyor", "product")), *ports],
        "unit": list(models),
        "bunker": [name for name, role in roles.items() if role == "bunker"],
        "machine": [name for name, role in roles.items() if role == "machine"],
        "gate": [name for name, role in roles.items() if role in ("feed", "product")],
        "element": ELEMENTS,
    }
    wearing = {name: model.wear.parameter for name, model in models.items() if isinstance(model, MachineModel) and model.wear is not None}
    return Plant(models, written, axes, wearing, validate, resources, closed)


def find_set_point(path: Any, plant: Plant) -> SetPoint:
    """What a path leads to, without its bounds or choices; without a unit where it is a word. Raises ``UsageError``."""
    if not isinstance(path, str):
        raise UsageError(f"a path is needed, e.g. units.mill.rate (got {shown(path)})")
    parts = split(path)
    if parts[0] == "resources":
        return _count(path, tuple(map(str, parts)), plant.resources)
    if len(parts) not in (3, 4) or parts[0] != "units":
        raise UsageError(
            f"a policy sets one number of a unit, or how many there are of a resource, e.g. units.mill.rate or resources.crew.count (got {shown(path)})"
        )
    unit, key = str(parts[1]), str(parts[2])
    if unit not in plant.models:
        raise UsageError(f"unknown unit {unit!r}; {nearest(unit, plant.models)}")
    model = plant.models[unit]
    below = getattr(model, key, None) if key in model.changeable and len(parts) == 4 else None
    if isinstance(below, Model) and isinstance(cast(dict[str, Any], plant.written[unit]).get(key), dict):
        known = [name for name in type(below).model_fields if _settable(below, name) is not None]
        found = _settable(below, str(parts[3]))
        if found is None:
            raise UsageError(f"{parts[3]!r} of {unit}.{key} cannot be set: a number or a word is needed that stands there; {nearest(str(parts[3]), known)}")
        part, si, start = found
        return SetPoint(path, unit, key, si, start, start, start, part=part)
    known = [name for name in model.keys() if name in model.changeable and _settable(model, name) is not None]  # noqa: SIM118 - a method of the model
    found = _settable(model, key) if key in model.changeable and len(parts) == 3 else None
    if found is None:
        raise UsageError(
            f"{dotted(parts[2:])!r} of {unit!r} cannot be set: a number or a word is needed that stands there and may change; {nearest(key, known)}"
        )
    attribute, si, start = found
    return SetPoint(path, unit, attribute, si, start, start, start)


def _count(path: str, parts: tuple[str, ...], resources: Mapping[str, ResourceSpec]) -> SetPoint:
    """How many there are of a resource, ``resources.crew.count``, or in one of its shifts, ``resources.crew.count.day``; raises ``UsageError``."""
    if len(parts) not in (3, 4) or parts[2] != "count":
        raise UsageError(f"of resources only the count can be set, e.g. resources.crew.count (got {shown(path)})")
    if parts[1] not in resources:
        raise UsageError(f"unknown resource {parts[1]!r}; {nearest(parts[1], resources)}")
    count = resources[parts[1]].count
    if isinstance(count, dict):
        shift = parts[3] if len(parts) == 4 else ""
        if shift not in count:
            raise UsageError(f"{parts[1]!r} counts by shift; name one, as resources.{parts[1]}.count.{next(iter(count))}: {nearest(shift, count)}")
        return SetPoint(path, parts[1], shift, "1", count[shift], count[shift], float(count[shift]), resource=True)
    if len(parts) == 4:
        raise UsageError(f"{parts[1]!r} has one count at all times; write resources.{parts[1]}.count (got {shown(path)})")
    return SetPoint(path, parts[1], "count", "1", count, count, float(count), resource=True)


def _settable(model: Model, key: str) -> tuple[str, str, float] | None:
    """The field of a key, its SI unit ("" of a word) and its number; None where it has none."""
    name = next((name for name, item in type(model).model_fields.items() if (item.alias or name) == key), "")
    value = getattr(model, name, None)
    if isinstance(value, str):
        return name, "", 0.0
    if isinstance(value, Distribution):
        return (name, value.unit, value.mean) if value.is_constant else None
    if isinstance(value, float):
        item = type(model).model_fields[name]
        quantity = next((q for part in (*item.metadata, item.annotation) if (q := quantity_of(part)) is not None), None)
        return name, quantity.si if quantity is not None else "1", value
    return None


def chosen(point: SetPoint, written: Any, plant: Plant, complain: Callable[[str], None]) -> SetPoint | None:
    """The set point of a word with its choices, with each of which the unit must be right."""
    key = point.path.rpartition(".")[2]
    if not isinstance(written, list) or len(written) < 2 or not all(isinstance(word, str) for word in written) or len(dict.fromkeys(written)) < len(written):
        complain(f"{key!r} is a word: give 'choices', two or more different ones to choose from (got {shown(written)})")
        return None
    unit = cast(dict[str, Plain], plant.written.get(point.unit))
    for word in written:
        _, wrong = plant.validate(point.unit, point.written(unit, word))
        for _, message in wrong:
            complain(f"{point.path} could not be {word!r}: {message}")
            return None
    now = getattr(plant.models[point.unit], point.field)
    now = getattr(now, point.part) if point.part else now
    start = float(written.index(now) + 1) if now in written else 0.0
    return replace(point, si="1", low=1.0, high=float(len(written)), start=start, choices=tuple(written))


def bounded(point: SetPoint, written: Any, plant: Plant, complain: Callable[[str], None]) -> SetPoint | None:
    """The set point with its bounds, at each of which the unit must be right."""
    if not isinstance(written, list) or len(written) != 2:
        complain(f"'bounds' are needed, the least and the largest value of {point.path}, e.g. [5 t/h, 20 t/h] (got {shown(written)})")
        return None
    try:
        low, high = (parse(value, point.si) for value in written)
    except UsageError as error:
        complain(str(error))
        return None
    if low > high:
        complain(f"the first must not be more than the second (got {shown(written)})")
        return None
    if point.resource:
        least = 1 if point.path.endswith(".count") else 0
        if low < least or low != round(low) or high != round(high):
            complain(f"whole numbers from {least} on are needed (got {shown(written)})")
            return None
        return replace(point, low=low, high=high)
    unit = cast(dict[str, Plain], plant.written.get(point.unit))
    for value in dict.fromkeys((low, high)):
        text: Plain = value if point.si == "1" else f"{value!r} {point.si}"
        _, wrong = plant.validate(point.unit, point.written(unit, text))
        for _, message in wrong:
            complain(f"{point.path} could not be so: {message}")
            return None
    return replace(point, low=low, high=high)
