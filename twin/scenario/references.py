"""Names that units use: what they take from, calendars, resources; checked with the nearest name, and ports written out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from twin.scenario.fields import Sources
from twin.scenario.kind import Kind, UnitModel
from twin.scenario.needs import Need, alternatives, assigned
from twin.scenario.problems import Loc, nearest
from twin.scenario.settings import ResourceSpec

Complain = Callable[[Loc, str], None]


@dataclass(frozen=True)
class Names:
    """What can be referred to.

    A unit whose parameters are wrong is in ``units``; it has a model, in ``partial``, only where its ports are certain all the same.
    """

    units: Collection[str]
    models: Mapping[str, UnitModel]
    partial: Mapping[str, UnitModel]
    kinds: Mapping[str, Kind]
    calendars: tuple[str, ...]
    resources: Mapping[str, ResourceSpec]
    faulty: Collection[str] = ()
    """Resources that are wrong themselves: they are known all the same, so that nobody who needs one is told that it is not."""

    @property
    def skills(self) -> dict[str, tuple[str, ...]]:
        """The skills of each resource."""
        return {name: spec.skills for name, spec in self.resources.items()}

    def wrong_needs(self, needs: tuple[Need, ...]) -> Iterator[tuple[Loc, str]]:
        """Yield (place below ``needs``, message) of each resource or skill that is not known, and of needs that can never be met at once."""
        known, right = (*self.resources, *self.faulty), True
        for index, need in enumerate(needs):
            place: Loc = (index,) if len(needs) > 1 else ()
            for name in (need,) if isinstance(need, str) else need.names:
                if name not in known:
                    right = False
                    yield place, f"unknown resource {name!r}; {nearest(name, known)}"
            if not isinstance(need, str) and need.skill is not None and not alternatives(need, self.skills) and not self.faulty:
                right = False
                yield place, f"no resource has the skill {need.skill!r}; {nearest(need.skill, dict.fromkeys(s for own in self.skills.values() for s in own))}"
        counts = {name: spec.most for name, spec in self.resources.items()}
        if right and not self.faulty and not assigned(needs, self.skills, counts):
            yield (), "more are needed at once than there are: raise a 'count', or need fewer"

    def outlet(self, written: str) -> str:
        """Return the outlet that ``written`` means, with its port written out; raises ``ValueError`` with what is wrong."""
        unit, _, port = written.partition(".")
        if unit not in self.units:
            raise ValueError(f"unknown unit {unit!r}; {nearest(unit, self.units)}")
        model = self.models.get(unit) or self.partial.get(unit)
        if model is None:
            return written
        kind = self.kinds[unit]
        ports = kind.ports(model)
        listed = ", ".join(f"'{unit}.{name}'" for name in ports)
        if kind.role == "product":
            return _rejected(written, unit, port, ports)
        if kind.role == "bunker" and port and port in ports:
            return written
        if kind.role == "bunker" and port == "overflow":
            raise ValueError(f"{unit!r} has no port 'overflow': 'when_full: overflow' would give it one (got {written!r})")
        if kind.role == "utility":
            raise ValueError(f"{unit!r} is a {kind.name}: nothing can be taken from it (got {written!r})")
        if kind.role not in ("machine", "process"):
            if port:
                raise ValueError(f"{unit!r} is a {kind.name} and has no ports: write {unit!r} (got {written!r})")
            return unit
        if port and port not in ports:
            raise ValueError(f"{unit!r} has no port {port!r}; {nearest(port, ports)}")
        if not port and len(ports) > 1:
            raise ValueError(f"{unit!r} has several ports: name one of {listed} (got {written!r})")
        return f"{unit}.{port or ports[0]}"


def _rejected(written: str, unit: str, port: str, ports: tuple[str, ...]) -> str:
    """Return the outlet of a product, which has one only where it rejects."""
    if port and port in ports:
        return written
    if ports:
        raise ValueError(f"{unit!r} is a product: only what it rejects can be taken from it, '{unit}.{ports[0]}' (got {written!r})")
    also = "; 'when_off_spec: reject' would give it the port 'rejected'" if port else ""
    raise ValueError(f"{unit!r} is a product: nothing can be taken from it (got {written!r}){also}")


def check(names: Names, complain: Complain) -> dict[str, UnitModel]:
    """Return the models with the ports of ``from`` and ``recycle`` written out, after checking every name in them."""
    written_out = {}
    for name, model in (*names.models.items(), *names.partial.items()):
        updates: dict[str, object] = {}
        for field, key in (("from_", "from"), ("recycle", "recycle")):
            value = getattr(model, field, None)
            if isinstance(value, Sources):
                updates[field] = Sources(_outlets(value.names, names, (name, key), complain), value.shares)
            elif isinstance(value, tuple) and value:
                updates[field] = _outlets(value, names, (name, key), complain)
        for loc, message in wrong_names(model, names):
            complain((name, *loc), message)
        if name in names.models:
            written_out[name] = model.model_copy(update=updates)
            _check_ports(name, model, names, complain)
    return written_out


def _outlets(written: tuple[str, ...], names: Names, loc: Loc, complain: Complain) -> tuple[str, ...]:
    found: list[str] = []
    for index, item in enumerate(written):
        place = (*loc, index) if len(written) > 1 else loc
        try:
            outlet = names.outlet(item)
        except ValueError as error:
            complain(place, str(error))
            continue
        if outlet in found:
            complain(place, f"{outlet!r} is named twice")
        found.append(outlet)
    return tuple(found)


def _check_ports(name: str, model: UnitModel, names: Names, complain: Complain) -> None:
    bypass = getattr(model, "bypass_to", None)
    ports = names.kinds[name].ports(model)
    if isinstance(bypass, str) and bypass not in ports:
        complain((name, "bypass_to"), f"{name!r} has no port {bypass!r}; {nearest(bypass, ports)}")
    if getattr(model, "when_down", None) == "bypass" and bypass is None and len(ports) > 1:
        complain((name, "when_down"), f"'bypass' needs 'bypass_to', the port that takes all: one of {', '.join(ports)}")


def wrong_names(model: BaseModel, names: Names) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of every calendar and resource in a model, at any depth, that is not defined."""
    for field, about in type(model).model_fields.items():
        value, key = getattr(model, field), about.alias or field
        if field == "calendar" and isinstance(value, str) and value not in names.calendars:
            yield (key,), f"unknown calendar {value!r}; {nearest(value, names.calendars)}"
        elif field == "priority" and value is not None and not getattr(model, "needs", ()):
            yield (key,), "is not used without 'needs': nobody is asked for"
        elif field == "needs" and isinstance(value, tuple):
            yield from (((key, *loc), message) for loc, message in names.wrong_needs(value))
        elif isinstance(value, BaseModel):
            yield from (((key, *loc), message) for loc, message in wrong_names(value, names))
        elif isinstance(value, (tuple, Mapping)):
            for index, item in value.items() if isinstance(value, Mapping) else enumerate(value):
                if isinstance(item, BaseModel):
                    yield from (((key, index, *loc), message) for loc, message in wrong_names(item, names))


def wrong_resource(spec: ResourceSpec, names: Names) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of every calendar of a resource that is not defined."""
    for calendar in spec.count if isinstance(spec.count, dict) else ():
        if calendar not in names.calendars:
            yield ("count", calendar), f"unknown calendar {calendar!r}; {nearest(calendar, names.calendars)}"
    yield from wrong_names(spec, names)
