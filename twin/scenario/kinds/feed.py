"""A feed: deliveries that arrive at the gate, drawn or from a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from twin.quantities import DurationOrZero, PricePerMass, Quantity, format_quantity
from twin.scenario.calendars import read_moment
from twin.scenario.distributions import DurationVariate, MassVariate
from twin.scenario.fields import SUM_TOLERANCE, CalendarName, Composition, Count, Names
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.problems import Faults, Loc, wrong
from twin.scenario.sizes import SizeDistribution
from twin.scenario.tables import Column, Files, files_of, read_table
from twin.scenario.vocabulary import Vocabulary


@dataclass(frozen=True)
class Schedule:
    """Deliveries from a CSV: ``times`` in s from the start, ascending, ``masses`` in kg.

    ``fractions`` holds for each delivery the share of each of ``materials``; None where the feed's ``composition`` holds for all.
    """

    name: str
    times: tuple[float, ...]
    masses: tuple[float, ...]
    materials: tuple[str, ...] = ()
    fractions: tuple[tuple[float, ...], ...] | None = None


def _read_schedule(value: object, info: ValidationInfo) -> Schedule:
    files = files_of(info)
    columns = read_table(value, files, {"time": "s", "mass": "kg", "*": "1"})
    name, faults = str(value), Faults()
    clock = [key for key in ("timestamp", "time") if key in columns]
    if len(clock) != 1 or "mass" not in columns:
        raise wrong(f"{name}: the columns 'timestamp' (dates) or 'time' (e.g. time_h), and 'mass' (e.g. mass_t) are needed (got {', '.join(columns)})")
    times = _timestamps(columns["timestamp"], files, faults, name) if clock == ["timestamp"] else columns["time"].numbers(Quantity("s", ge=0), faults, name)
    masses = columns["mass"].numbers(Quantity("kg", gt=0), faults, name)
    materials = tuple(key for key in columns if key not in (*clock, "mass"))
    shares = [columns[key].numbers(Quantity("1", ge=0, le=1), faults, name) for key in materials]
    faults.stop_if_any()
    lines = columns["mass"].lines
    for index, (before, after) in enumerate(pairwise(times)):
        if after < before:
            faults.add(f"{name}:{lines[index + 1]} the times must not fall ({format_quantity(after, 's')} after {format_quantity(before, 's')})")
            break
    rows = tuple(zip(*shares, strict=True)) if materials else None
    for line, row in zip(lines, rows or (), strict=False):
        if abs(sum(row) - 1) > SUM_TOLERANCE:
            faults.add(f"{name}:{line} the shares of the materials must sum to 1 (got {sum(row):.9g})")
            break
    faults.stop_if_any()
    return Schedule(name, tuple(times), tuple(masses), materials, rows)


def _timestamps(column: Column, files: Files, faults: Faults, name: str) -> list[float]:
    times = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        try:
            times.append((read_moment(cell) - files.start).total_seconds())
        except ValueError as error:
            faults.add(f"{name}:{line} column 'timestamp': {error}")
            break
        if times[-1] < 0:
            faults.add(f"{name}:{line} column 'timestamp': {cell} is before the start, {files.start.isoformat()}")
            break
    return times


class Variability(Model):
    """How compositions differ between deliveries."""

    concentration: Annotated[float, Quantity("1", gt=0, le=1e9, example="40")] = Field(
        description="Sum of the parameters of the Dirichlet distribution that compositions are drawn from; the larger, the more alike."
    )


class Unloading(Model):
    """What holds a truck at the gate."""

    time: DurationVariate = Field(description="How long unloading takes.")
    needs: Names = Field(default=(), description="Resources that are held while unloading.")


class Feed(UnitModel):
    """Deliveries: every so often a mass, of a composition and size distribution; or a schedule from a CSV."""

    changeable: ClassVar[frozenset[str]] = frozenset({"every", "mass", "composition", "variability", "size"})
    """Not the price: the accounts know one."""

    kind: Literal["feed"]
    every: DurationVariate | None = Field(default=None, description="Time from one delivery to the next.")
    first: DurationOrZero | None = Field(default=None, description="Time of the first delivery; one 'every' after the start where not given.")
    limit: Count | None = Field(default=None, description="How many deliveries come in all; no limit where not given.")
    mass: MassVariate | None = Field(default=None, description="Mass of a delivery.")
    schedule: Annotated[Schedule | None, BeforeValidator(_read_schedule), WithJsonSchema({"type": "string", "examples": ["deliveries.csv"]})] = Field(
        default=None, description="CSV with the columns timestamp (or time_h), mass_t and, if you like, one per material; instead of every and mass."
    )
    composition: Composition | None = Field(default=None, description="Share of each material.")
    variability: Variability | None = Field(default=None, description="How compositions differ between deliveries; not at all where not given.")
    size: SizeDistribution | None = Field(default=None, description="Size distribution of all materials or of each.")
    when_full: Literal["wait", "turn_away"] = Field(default="wait", description="What a truck does that finds no room.")
    queue_limit: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=None, description="How many trucks may wait; those that come then are turned away. No limit where not given."
    )
    calendar: CalendarName = Field(default=None, description="When deliveries come; always where not given.")
    unload: Unloading | None = Field(default=None, description="Time and resources for unloading; none where not given.")
    price: PricePerMass = Field(default=0.0, description="What a delivery costs; negative where money is received for it.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = Faults()
        if self.schedule is None:
            for key in ("every", "mass"):
                if getattr(self, key) is None:
                    faults.add(f"{key!r} is missing (or give a 'schedule')", key)
        else:
            for key in ("every", "mass", "first"):
                if getattr(self, key) is not None:
                    faults.add(f"{key!r} and 'schedule' exclude each other", key)
        has_columns = self.schedule is not None and bool(self.schedule.materials)
        if self.composition is None and not has_columns:
            faults.add("'composition' is missing", "composition")
        if self.composition is not None and has_columns:
            faults.add("the schedule has columns of materials already", "composition")
        if self.variability is not None and has_columns:
            faults.add("a schedule with compositions has no 'variability'", "variability")
        faults.stop_if_any()
        return self

    def materials_used(self) -> Iterator[tuple[Loc, str]]:
        """Yield (place, name) of each material that is delivered."""
        for name in self.composition or {}:
            yield ("composition", name), name
        for name in self.schedule.materials if self.schedule else ():
            yield ("schedule",), name

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the size distribution."""
        for loc, message in vocabulary.wrong_sizes(self.size, [name for _, name in self.materials_used()]):
            yield ("size", *loc), message


KIND = Kind(
    name="feed",
    model=Feed,
    role="feed",
    behaviour="twin.units.feed:Feed",
    summary="Deliveries that arrive at the gate, drawn or from a schedule.",
)
