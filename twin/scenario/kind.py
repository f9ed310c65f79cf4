"""A kind of unit: its parameters, ports and behaviour, declared once, and how it is found.

Kinds are found by the entry-point group ``twin.kinds``, those of this package like those of a user's own; only what is asked for is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from twin.errors import UsageError
from twin.scenario.fields import Text
from twin.scenario.problems import Loc, nearest
from twin.scenario.vocabulary import Vocabulary

GROUP = "twin.kinds"
MEMORY = "from memory of the literature, unverified"
NOT_USED = "not used where it is not given"
"""Sources of defaults."""
Role = Literal["feed", "bunker", "machine", "product", "conveyor", "process", "utility"]
"""A ``process`` makes melts of materials; a ``utility`` serves other units and takes no material."""


class Model(BaseModel):
    """What every part of a scenario is: frozen, and with no key but those it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False, arbitrary_types_allowed=True)


class UnitModel(Model):
    """The parameters of one unit, in SI."""

    changeable: ClassVar[frozenset[str]] = frozenset()
    """The keys that an entry of ``events`` may change while the plant runs."""

    kind: Text = Field(description="What the unit is.")
    title: Text = Field(default="", description="A name for people.")
    basis: Literal["measured", "literature", "calibrated", "assumed"] | None = Field(
        default=None, description="Where those numbers of the unit come from that do not say it themselves."
    )
    source: Text = Field(default="", description="Source of those numbers of the unit that do not name their own.")

    def materials_used(self) -> Iterator[tuple[Loc, str]]:
        """Yield (place, name) of each material that the unit brings into the plant."""
        yield from ()

    @property
    def liberates(self) -> tuple[str, ...] | None:
        """Return the composites that come apart in the unit: all of them where empty, None where none does."""
        return None

    @property
    def liberates_by_catalogue(self) -> bool:
        """Return whether composites with a table in the catalogue come apart in the unit, where their assays are the catalogue's."""
        return False

    def materials_named(self) -> Iterator[str]:
        """Yield each name that the accounts of the unit ask for: a material, a group or an element."""
        yield from ()

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield (place, message) of what is wrong in view of the scenario's materials and sizes."""
        yield from ()

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys of the unit, as written in YAML."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


@dataclass(frozen=True)
class Kind:
    """A kind of unit.

    ``ports(model)`` names the outlets of a machine or process, in the order in which they are delivered, and that of a product that rejects or of a bunker
    that overflows; other units have none and are referred to by their name alone. ``behaviour`` is ``"module:Class"`` for what is not a machine,
    ``kernel`` is ``"module:NAME"`` of a
    :class:`twin.kernels.compile.MachineKernel` for a machine; both are imported when a plant is built.
    """

    name: str
    model: type[UnitModel]
    role: Role
    ports: Callable[[Any], tuple[str, ...]] = lambda model: ()
    behaviour: str | None = None
    kernel: str | None = None
    summary: str = ""

    def __reduce__(self) -> tuple[Callable[[str], Kind], tuple[str]]:
        """A kind is pickled by its name, so that scenarios can go to other processes."""
        return find, (self.name,)


@cache
def _entries() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        found.setdefault(entry.name, entry)
    return found


def names() -> tuple[str, ...]:
    """Return the names of all installed kinds, sorted."""
    return tuple(_entries())


@cache
def find(name: str) -> Kind:
    """Return the kind of that name; raises ``UsageError`` for a name that no installed package declares."""
    if name not in _entries():
        raise UsageError(f"unknown kind {name[:80]!r}; {nearest(name, names())}")
    kind = _entries()[name].load()
    if not isinstance(kind, Kind) or kind.name != name:
        raise UsageError(f"the entry point {name!r} ({_entries()[name].value}) does not lead to a Kind of that name")
    return kind


_Default = TypeVar("_Default")


def default(value: _Default, source: str, *, basis: str = "assumed", low: float | None = None, high: float | None = None, description: str = "") -> Any:
    """Return a field with a default in SI whose basis and source are stated and go to the results' parameters."""
    return Field(
        default=value,
        description=description or None,
        json_schema_extra={"x-basis": basis, "x-source": source, **({"x-low": low, "x-high": high} if low is not None else {})},
    )
