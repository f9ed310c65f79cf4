"""A bunker: what stands between lines, with a capacity by mass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from twin.materials import ELEMENTS
from twin.materials.catalogue import SUM_TOLERANCE
from twin.quantities import Fraction, Mass, format_quantity
from twin.scenario.fields import Composition, References
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.problems import Faults, Loc
from twin.scenario.sizes import SizeDistribution
from twin.scenario.vocabulary import Vocabulary

OVERFLOW = "overflow"
"""The port of a bunker that overflows: where material goes that finds no room."""


class InitialStock(Model):
    """What is in a bunker at the start; composition and sizes are those of its feed where not given. A melt has neither."""

    mass: Mass = Field(description="Mass at the start.")
    composition: Composition | None = Field(default=None, description="Share of each material; that of the bunker's feed where not given.")
    size: SizeDistribution | None = Field(default=None, description="Size distribution; that of the bunker's feed where not given.")
    melt: dict[str, Fraction] | None = Field(
        default=None, min_length=1, description="Mass fractions by element of what has been molten, such as anodes, cold; what is left open is inert."
    )

    @model_validator(mode="after")
    def _right_melt(self) -> Self:
        faults = Faults()
        for element in self.melt or {}:
            if element not in ELEMENTS:
                faults.add(f"unknown element {element[:20]!r}; known: {', '.join(ELEMENTS)}", "melt", element)
        if self.melt is not None and (total := sum(self.melt.values())) > 1 + SUM_TOLERANCE:
            faults.add(f"the elements must not add up to more than 100 % (got {100 * total:.6g} %)", "melt")
        if self.melt is not None and (self.composition is not None or self.size is not None):
            faults.add("a melt has no 'composition' of materials and no 'size'", "melt")
        faults.stop_if_any()
        return self


class Bunker(UnitModel):
    """A store with a capacity by mass."""

    changeable: ClassVar[frozenset[str]] = frozenset({"capacity"})

    kind: Literal["bunker"]
    from_: References = Field(
        default=(), alias="from", description="Ports, feeds or conveyors that flow into it; nothing where it only empties its initial stock."
    )
    capacity: Mass = Field(description="What it holds.")
    discharge: Literal["fifo", "mixed"] = Field(default="fifo", description="First in, first out, or one perfectly mixed heap.")
    when_full: Literal["wait", "overflow"] = Field(
        default="wait",
        description="What happens to material that finds no room: it waits, or goes where the port `overflow` leads to, a second bunker or a product. "
        "A truck goes there whole.",
    )
    initial: InitialStock | None = Field(default=None, description="What is in it at the start; empty where not given.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.from_ and self.initial is None:
            faults = Faults()
            faults.add("'from' is missing: name what fills it, or give it an 'initial' stock", "from")
            faults.stop()
        if self.initial is not None and self.initial.mass > self.capacity:
            faults = Faults()
            limit, got = format_quantity(self.capacity, "kg"), format_quantity(self.initial.mass, "kg")
            faults.add(f"must be at most the capacity, {limit} (got {got})", "initial", "mass")
            faults.stop()
        return self

    def materials_used(self) -> Iterator[tuple[Loc, str]]:
        """Yield (place, name) of each material of the initial stock."""
        for name in (self.initial and self.initial.composition) or {}:
            yield ("initial", "composition", name), name

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the sizes of the initial stock."""
        if self.initial is not None and self.initial.composition is not None:
            for loc, message in vocabulary.wrong_sizes(self.initial.size, list(self.initial.composition)):
                yield ("initial", "size", *loc), message


def _ports(bunker: Bunker) -> tuple[str, ...]:
    return (OVERFLOW,) if bunker.when_full == OVERFLOW else ()


KIND = Kind(
    ports=_ports,
    name="bunker",
    model=Bunker,
    role="bunker",
    behaviour="twin.units.ground.bunker:Bunker",
    summary="A store with a capacity by mass, first in first out or mixed.",
)
