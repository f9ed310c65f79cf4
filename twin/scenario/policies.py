"""The key ``policies`` of a scenario: who decides what while the plant runs, checked against the plant and read into SI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from twin.errors import UsageError
from twin.quantities import Duration, parse, shown
from twin.scenario.asking import Asking, read_asking
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.places import Path
from twin.scenario.policy import READS, RESERVED, SETS, Policy, PolicyParameter, Value, Values, find
from twin.scenario.problems import in_words, nearest
from twin.scenario.quantity_names import resolve
from twin.scenario.set_points import Complain, Plant, SetPoint, bounded, chosen, find_set_point

_EXAMPLE = "{policy: proportional, every: 10 min, reads: level.bin, sets: units.mill.rate, bounds: [5 t/h, 20 t/h], …}"


class PolicyEntry(Model):
    """A decision that is taken again and again while the plant runs: a policy by name, what it reads and sets, and its parameters."""

    model_config = ConfigDict(extra="allow")

    policy: Text = Field(description="The policy by its name; its parameters stand beside these keys.")
    title: Text = Field(default="", description="A name for people.")
    every: Duration | None = Field(default=None, description="How often it is asked, first after this time.")
    ask: Any = Field(default=None, description="When else it is asked: at thresholds of a level, by lots, by trucks.")
    reads: Any = Field(
        description="The quantity it goes by, e.g. level.bin; where it reads several, one for each of its words, or a list.",
        json_schema_extra={
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "object", "additionalProperties": {"type": "string"}}]
        },
    )
    sets: Any = Field(
        description="The set point, e.g. units.mill.rate or resources.crew.count: what stands in the scenario and `events` may change.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]},
    )
    bounds: Any = Field(
        default=None,
        description="The least and the largest value of a number that is set; what the policy asks for beyond them is cut.",
        json_schema_extra={"anyOf": [{"type": "array", "minItems": 2, "maxItems": 2}, {"type": "object"}]},
    )
    choices: Any = Field(
        default=None,
        description="Of a word that is set, as `prefer`, the words to choose from; the policy answers with the number of one of them, from 1.",
        json_schema_extra={"anyOf": [{"type": "array", "minItems": 2, "items": {"type": "string"}}, {"type": "object"}]},
    )


@dataclass(frozen=True)
class PolicySpec:
    """A policy in a plant, in SI: ``code`` is None in a stored scenario whose policy is not installed, which can only be replayed.

    ``reads`` are names of quantities, in the order that the policy declares; ``units`` the SI unit of each parameter.
    """

    name: str
    policy: str
    code: Policy | None
    asking: Asking
    reads: tuple[str, ...]
    sets: tuple[SetPoint, ...]
    parameters: Values
    units: Mapping[str, str]
    given: tuple[str, ...] = ()

    def numbers(self) -> Iterator[tuple[Path, float, str, bool]]:
        """Yield (place below the entry, value, SI unit, whether it was given) of every number."""
        if self.asking.every is not None:
            yield ("every",), self.asking.every, "s", True
        yield from ((place, value, "kg", True) for place, value in self.asking.places)
        several = len(self.sets) > 1
        for role, point in zip(self.code.sets if self.code is not None else (), self.sets, strict=False):
            if point.choices:
                continue
            below: Path = ("bounds", role) if several else ("bounds",)
            yield (*below, 0), point.low, point.si, True
            yield (*below, 1), point.high, point.si, True
        for key, value in self.parameters.items():
            rows = [((key,), value)] if isinstance(value, float) else [((key, k), item) for k, item in enumerate(value)]
            for place, number in rows:
                yield place, number, self.units[key], key in self.given


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

    listed = code.many if code else isinstance(head.reads, list)
    reads = _list_read(head.reads, code.reads[0] if code else "", note) if listed else _by_role(head.reads, READS, code.reads if code else (), note)
    places: dict[str, Path] = {role: (READS, role) if isinstance(head.reads, dict) else (READS,) for role in reads}
    units = {f"{READS}.{role}": si for role, quantity in reads.items() if (si := _unit_read(quantity, plant, lambda m, at=places[role]: note(at, m)))}  # type: ignore[misc]
    if code and listed and units:
        if len(kinds := dict.fromkeys(units.values())) > 1:
            note((READS,), f"quantities of one unit are needed, such as levels (got {', '.join(kinds)})")
        units[f"{READS}.{code.reads[0]}"] = next(iter(units.values()))
    asking = read_asking(head.every, head.ask, {role: str(quantity) for role, quantity in reads.items()}, plant.models, note)
    points = _set_points(name, head, code, plant, note)
    units |= {f"{SETS}.{role}": point.si for role, point in points.items()}
    if wrong or asking is None:
        return None
    written = {key: value for key, value in entry.items() if key not in RESERVED}
    words = {f"{SETS}.{role}": point.choices for role, point in points.items() if point.choices}
    parameters, own = _parameters(code, written, units, words, note) if code is not None else ({}, {})
    if wrong:
        return None
    return PolicySpec(name, head.policy, code, asking, tuple(map(str, reads.values())), tuple(points.values()), parameters, own, tuple(written))


def check_flows(specs: Iterable[PolicySpec], plant: Plant, materials: Sequence[str], complain: Complain) -> None:
    """Note each flow of a material that the plant does not have."""
    axes = {**plant.axes, "material": materials}
    for spec in specs:
        for name in spec.reads:
            try:
                if name.startswith("flow."):
                    resolve(name, axes)
            except UsageError as error:
                complain(("policies", spec.name, READS), str(error))


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


def _list_read(written: Any, role: str, complain: Complain) -> dict[str, Any]:
    """The quantities of a policy that reads a list of them."""
    if not isinstance(written, list) or len(written) < 2:
        complain((READS,), f"a list of two or more quantities is needed, e.g. [level.dry, level.wet] (got {shown(written)})")
        return {}
    return {f"{role}.{number}": quantity for number, quantity in enumerate(written, 1)}


def _unit_read(quantity: Any, plant: Plant, complain: Callable[[str], None]) -> str:
    """The SI unit of what is read, "" where it is not there. Materials are looked up when they are known, states when the plant is built."""
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
    bounds = _by_role(head.bounds, "bounds", roles or tuple(paths), complain) if head.bounds is not None else {}
    choices = _by_role(head.choices, "choices", roles or tuple(paths), complain) if head.choices is not None else {}
    found: dict[str, SetPoint] = {}
    for role, path in paths.items():
        several = isinstance(head.sets, dict)
        try:
            point = find_set_point(path, plant)
            if path in plant.owners:
                raise UsageError(f"is set by the policy {plant.owners[path]!r} already; each set point has one policy")
        except UsageError as error:
            complain((SETS, role) if several else (SETS,), str(error))
            continue
        plant.owners[path] = name
        key, given, limit = ("choices", head.choices, chosen) if not point.si else ("bounds", head.bounds, bounded)
        place: Path = (key, role) if isinstance(given, dict) else (key,) if given is not None else ()
        said = choices.get(role) if key == "choices" else bounds.get(role)
        limited = limit(point, said, plant, lambda message, place=place: complain(place, message))  # type: ignore[misc]
        if limited is not None:
            found[role] = limited
    return found


def _parameters(
    code: Policy, written: Mapping[str, Any], units: Mapping[str, str], words: Mapping[str, tuple[str, ...]], complain: Complain
) -> tuple[dict[str, Value], dict[str, str]]:
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
            found[key] = read_value(declared, own[key], written[key], words.get(declared.unit, ()))
        except UsageError as error:
            complain((key,), str(error))
    if len(found) == len(code.parameters):
        for key, message in code.check(found):
            complain((key,) if key in written else (), message)
    return found, own


def read_value(declared: PolicyParameter, si: str, written: Any, choices: tuple[str, ...] = ()) -> Value:
    """Return a parameter as written in SI, of one of the ``choices`` its number from 1; raises ``UsageError``."""

    def read(item: Any) -> float:
        if choices and item not in choices:
            raise UsageError(f"one of the choices is needed: {', '.join(choices)} (got {shown(item)})")
        return float(choices.index(item) + 1) if choices else parse(item, si)

    if not declared.many:
        return read(written)
    if not isinstance(written, list) or not written:
        raise UsageError(f"a list of numbers is needed (got {shown(written)})")
    return tuple(read(item) for item in written)
