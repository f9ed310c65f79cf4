"""The key ``policies`` of a scenario: who decides what while the plant runs, checked against the plant and read into SI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pydantic import ConfigDict, Field, ValidationError

from twin.errors import UsageError
from twin.materials import ELEMENTS
from twin.quantities import Duration, parse, quantity_of, shown
from twin.scenario.distributions import Distribution
from twin.scenario.fields import Text
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.machine import MachineModel
from twin.scenario.places import Path, Plain, split
from twin.scenario.policy import READS, RESERVED, SETS, Policy, PolicyParameter, Value, Values, find
from twin.scenario.problems import in_words, nearest
from twin.scenario.quantity_names import Axes, resolve

Complain = Callable[[Path, str], None]
Validate = Callable[[str, Plain], tuple[UnitModel | None, list[tuple[Path, str]]]]
_EXAMPLE = "{policy: proportional, every: 10 min, reads: level.bin, sets: units.mill.rate, bounds: [5 t/h, 20 t/h], …}"


class PolicyEntry(Model):
    """A decision that is taken again and again while the plant runs: a policy by name, what it reads and sets, and its parameters."""

    model_config = ConfigDict(extra="allow")

    policy: Text = Field(description="The policy by its name; its parameters stand beside these keys.")
    title: Text = Field(default="", description="A name for people.")
    every: Duration = Field(description="How often it is asked, first after this time.")
    reads: Any = Field(
        description="The quantity it goes by, e.g. level.bin; where it reads several, one for each of its words.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
    )
    sets: Any = Field(
        description="The set point, e.g. units.mill.rate: a number that stands in the scenario and that `events` may change.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
    )
    bounds: Any = Field(
        description="The least and the largest value of the set point; what the policy asks for beyond them is cut.",
        json_schema_extra={"anyOf": [{"type": "array", "minItems": 2, "maxItems": 2}, {"type": "object"}]},
    )


@dataclass(frozen=True)
class SetPoint:
    """A number that a policy sets: its ``path``, the ``unit`` and the ``field`` of its model, its bounds and what stands in the scenario, in SI."""

    path: str
    unit: str
    field: str
    si: str
    low: float
    high: float
    start: float

    def on(self, model: UnitModel, value: float) -> Any:
        """Return what the field of ``model`` becomes."""
        from twin.scenario.distributions import constant

        return constant(value, self.si) if isinstance(getattr(model, self.field), Distribution) else value


@dataclass(frozen=True)
class PolicySpec:
    """A policy in a plant, in SI: ``code`` is None in a stored scenario whose policy is not installed, which can only be replayed.

    ``reads`` are names of quantities, in the order that the policy declares; ``units`` the SI unit of each parameter.
    """

    name: str
    policy: str
    code: Policy | None
    every: float
    reads: tuple[str, ...]
    sets: tuple[SetPoint, ...]
    parameters: Values
    units: Mapping[str, str]
    given: tuple[str, ...] = ()

    def numbers(self) -> Iterator[tuple[Path, float, str, bool]]:
        """Yield (place below the entry, value, SI unit, whether it was given) of every number."""
        yield ("every",), self.every, "s", True
        several = len(self.sets) > 1
        for role, point in zip(self.code.sets if self.code is not None else (), self.sets, strict=False):
            below: Path = ("bounds", role) if several else ("bounds",)
            yield (*below, 0), point.low, point.si, True
            yield (*below, 1), point.high, point.si, True
        for key, value in self.parameters.items():
            rows = [((key,), value)] if isinstance(value, float) else [((key, k), item) for k, item in enumerate(value)]
            for place, number in rows:
                yield place, number, self.units[key], key in self.given


@dataclass
class Plant:
    """What policies can read and set: the units with what stands of them in the scenario, and the names of quantities."""

    models: Mapping[str, UnitModel]
    written: Mapping[str, Plain]
    axes: Axes
    wearing: Mapping[str, str]
    validate: Validate
    closed: bool
    """Whether the scenario is a stored one, which may name a policy that is not installed."""
    owners: dict[str, str] = field(default_factory=dict)
    """The policy that sets a path."""


def plant_of(
    models: Mapping[str, UnitModel], kinds: Mapping[str, Kind], written: Mapping[str, Plain], more: Axes, validate: Validate, *, closed: bool
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
    return Plant(models, written, axes, wearing, validate, closed)


def read_policies(entries: Mapping[str, Any], plant: Plant, complain: Complain) -> dict[str, PolicySpec]:
    """Return the policies of a scenario, in the order written; what is wrong with them is noted."""
    found: dict[str, PolicySpec] = {}
    for name, entry in entries.items():
        spec = _read(name, entry, plant, lambda below, message, name=name: complain(("policies", name, *below), message))  # type: ignore[misc]
        if spec is not None:
            found[name] = spec
    return found


def _read(name: str, entry: Any, plant: Plant, complain: Complain) -> PolicySpec | None:
    if not isinstance(entry, dict):
        complain((), f"a policy is a mapping, e.g. {_EXAMPLE} (got {shown(entry)})")
        return None
    try:
        head = PolicyEntry.model_validate(entry)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            complain(detail["loc"][:-1] if detail["type"] == "missing" else detail["loc"], in_words(detail, ()))
        return None
    code = None
    try:
        code = find(head.policy)
    except UsageError as error:
        if not plant.closed:
            complain(("policy",), str(error))
            return None
    wrong: list[bool] = []

    def note(below: Path, message: str) -> None:
        wrong.append(True)
        complain(below, message)

    reads = _by_role(head.reads, READS, code.reads if code else (), note)
    places: dict[str, Path] = {role: (READS, role) if isinstance(head.reads, dict) else (READS,) for role in reads}
    units = {f"{READS}.{role}": si for role, quantity in reads.items() if (si := _unit_read(quantity, plant, lambda m, at=places[role]: note(at, m)))}  # type: ignore[misc]
    points = _set_points(name, head, code, plant, note)
    units |= {f"{SETS}.{role}": point.si for role, point in points.items()}
    if wrong:
        return None
    written = {key: value for key, value in entry.items() if key not in RESERVED}
    parameters, own = _parameters(code, written, units, note) if code is not None else ({}, {})
    if wrong:
        return None
    return PolicySpec(name, head.policy, code, head.every, tuple(map(str, reads.values())), tuple(points.values()), parameters, own, tuple(written))


def _by_role(written: Any, key: str, roles: tuple[str, ...], complain: Complain) -> dict[str, Any]:
    """What stands for each of the policy's words; a bare value where it has one word. Without ``roles``, as written."""
    if not isinstance(written, dict):
        if len(roles) > 1:
            complain((key,), f"one for each is needed: {{{', '.join(f'{role}: …' for role in roles)}}} (got {shown(written)})")
            return {}
        return {roles[0] if roles else "": written}
    if not roles:
        return dict(written)
    for role in written:
        if role not in roles:
            complain((key, role), f"unknown word {role!r}; {nearest(role, roles)}")
    for role in roles:
        if role not in written:
            complain((key,), f"{role!r} is missing")
    return {role: written[role] for role in roles if role in written}


def _unit_read(quantity: Any, plant: Plant, complain: Callable[[str], None]) -> str:
    """The SI unit of what is read, "" where it is not there. States and materials are looked up when the plant is built, which knows them."""
    if not isinstance(quantity, str):
        complain(f"the name of a quantity is needed, e.g. level.bin (got {shown(quantity)})")
        return ""
    if quantity.startswith("kpi."):
        complain(f"a key figure is known when the run has ended; read a level, a flow or a queue instead (got {quantity!r})")
        return ""
    name = ".".join(quantity.split(".")[:2]) if quantity.startswith("state.") else quantity
    whole = quantity.rpartition(".")[0] if quantity.startswith("flow.") else ""
    try:
        found = resolve(whole if whole.count(".") and _known(whole, plant) else name, plant.axes, plant.wearing)
    except UsageError as error:
        complain(str(error))
        return ""
    return found.si


def _known(name: str, plant: Plant) -> bool:
    with suppress(UsageError):
        return bool(resolve(name, plant.axes, plant.wearing))
    return False


def _set_points(name: str, head: PolicyEntry, code: Policy | None, plant: Plant, complain: Complain) -> dict[str, SetPoint]:
    roles = code.sets if code is not None else ()
    paths = _by_role(head.sets, SETS, roles, complain)
    bounds = _by_role(head.bounds, "bounds", roles or tuple(paths), complain)
    found: dict[str, SetPoint] = {}
    for role, path in paths.items():
        several = isinstance(head.sets, dict)
        try:
            point = _set_point(path, plant)
            if path in plant.owners:
                raise UsageError(f"is set by the policy {plant.owners[path]!r} already; each set point has one policy")
        except UsageError as error:
            complain((SETS, role) if several else (SETS,), str(error))
            continue
        plant.owners[path] = name
        place: Path = ("bounds", role) if isinstance(head.bounds, dict) else ("bounds",)
        limited = _bounded(point, bounds.get(role), plant, lambda message, place=place: complain(place, message))  # type: ignore[misc]
        if limited is not None:
            found[role] = limited
    return found


def _set_point(path: Any, plant: Plant) -> SetPoint:
    """What a path leads to, without its bounds; raises ``UsageError``."""
    if not isinstance(path, str):
        raise UsageError(f"a path is needed, e.g. units.mill.rate (got {shown(path)})")
    parts = split(path)
    if len(parts) != 3 or parts[0] != "units":
        raise UsageError(f"a policy sets one number of a unit, e.g. units.mill.rate (got {shown(path)})")
    unit, key = str(parts[1]), str(parts[2])
    if unit not in plant.models:
        raise UsageError(f"unknown unit {unit!r}; {nearest(unit, plant.models)}")
    model = plant.models[unit]
    known = [name for name in model.keys() if name in model.changeable and _settable(model, name) is not None]  # noqa: SIM118 - a method of the model
    found = _settable(model, key) if key in model.changeable else None
    if found is None:
        raise UsageError(f"{key!r} of {unit!r} cannot be set: a number is needed that stands there and may change; {nearest(key, known)}")
    attribute, si, start = found
    return SetPoint(path, unit, attribute, si, start, start, start)


def _settable(model: UnitModel, key: str) -> tuple[str, str, float] | None:
    """The field of a key, its SI unit and its number; None where it has none."""
    name = next((name for name, item in type(model).model_fields.items() if (item.alias or name) == key), "")
    value = getattr(model, name, None)
    if isinstance(value, Distribution):
        return (name, value.unit, value.mean) if value.is_constant else None
    if isinstance(value, float):
        item = type(model).model_fields[name]
        quantity = next((q for part in (*item.metadata, item.annotation) if (q := quantity_of(part)) is not None), None)
        return name, quantity.si if quantity is not None else "1", value
    return None


def _bounded(point: SetPoint, written: Any, plant: Plant, complain: Callable[[str], None]) -> SetPoint | None:
    """The set point with its bounds, at each of which the unit must be right."""
    if not isinstance(written, list) or len(written) != 2:
        complain(f"the least and the largest value of {point.path} are needed, e.g. [5 t/h, 20 t/h] (got {shown(written)})")
        return None
    try:
        low, high = (parse(value, point.si) for value in written)
    except UsageError as error:
        complain(str(error))
        return None
    if low > high:
        complain(f"the first must not be more than the second (got {shown(written)})")
        return None
    unit = plant.written.get(point.unit)
    key = point.path.rpartition(".")[2]
    for value in dict.fromkeys((low, high)):
        text: Plain = value if point.si == "1" else f"{value!r} {point.si}"
        _, wrong = plant.validate(point.unit, {**cast(dict[str, Plain], unit), key: text})
        for _, message in wrong:
            complain(f"{point.path} could not be so: {message}")
            return None
    return replace(point, low=low, high=high)


def _parameters(code: Policy, written: Mapping[str, Any], units: Mapping[str, str], complain: Complain) -> tuple[dict[str, Value], dict[str, str]]:
    """The parameters of a policy in SI with their units, defaults included; what is wrong is noted."""
    found: dict[str, Value] = {}
    own: dict[str, str] = {}
    for key in written:
        if key not in code.parameters:
            complain((key,), f"unknown key {key!r}; {nearest(key, (*RESERVED, *code.parameters))}")
    for key, declared in code.parameters.items():
        own[key] = units.get(declared.unit, declared.unit)
        if key not in written:
            if declared.default is None:
                complain((), f"{key!r} is missing, a parameter of the policy {code.name!r}: {declared.description or own[key]}")
            else:
                found[key] = declared.default
            continue
        try:
            found[key] = read_value(declared, own[key], written[key])
        except UsageError as error:
            complain((key,), str(error))
    if len(found) == len(code.parameters):
        for key, message in code.check(found):
            complain((key,) if key in written else (), message)
    return found, own


def read_value(declared: PolicyParameter, si: str, written: Any) -> Value:
    """Return a parameter as written in SI; raises ``UsageError``."""
    if not declared.many:
        return parse(written, si)
    if not isinstance(written, list) or not written:
        raise UsageError(f"a list of numbers is needed (got {shown(written)})")
    return tuple(parse(item, si) for item in written)


class PolicyChanges:
    """The parameters of policies as events change them: ``policies.NAME.KEY``."""

    def __init__(self, specs: Mapping[str, PolicySpec], named: Mapping[str, Any]) -> None:
        self._specs, self._named = dict(specs), named
        self._owners = {point.path: name for name, spec in specs.items() for point in spec.sets}
        self._texts: dict[str, dict[str, str]] = {}

    def take(self, text: str, value: Plain) -> bool:
        """Note a change if it is one of a policy; raises ``UsageError`` where it cannot be, or where a policy sets what the event would."""
        path = split(text)
        for owned, owner in self._owners.items():
            if owned == text or owned.startswith(f"{text}.") or text.startswith(f"{owned}."):
                raise UsageError(f"{owned} is set by the policy {owner!r}; change a parameter of it instead, as policies.{owner}.…")
        if path[0] != "policies":
            return False
        name = str(path[1]) if len(path) > 1 else ""
        if name not in self._named:
            raise UsageError(f"unknown policy {name!r}; {nearest(name, self._named)}")
        spec = self._specs.get(name)
        if spec is None or spec.code is None:  # wrong anyway, or replayed
            return True
        key = str(path[2]) if len(path) == 3 else ""
        if key not in spec.code.parameters:
            raise UsageError(f"one parameter of the policy can change, e.g. policies.{name}.{next(iter(spec.parameters), 'key')} (got {shown(text)})")
        changed = read_value(spec.code.parameters[key], spec.units[key], value)
        self._specs[name] = replace(spec, parameters={**spec.parameters, key: changed})
        self._texts.setdefault(name, {})[key] = text
        return True

    def changed(self, complain: Callable[[str, str], None]) -> dict[str, Values]:
        """Return all parameters of the policies that the changes since the last call were of; ``complain`` notes (text of the change, message)."""
        texts, self._texts = self._texts, {}
        for name, keys in texts.items():
            code = self._specs[name].code
            assert code is not None
            for key, message in code.check(self._specs[name].parameters):
                complain(keys.get(key, next(iter(keys.values()))), f"{key}: {message}")
        return {name: self._specs[name].parameters for name in texts}
