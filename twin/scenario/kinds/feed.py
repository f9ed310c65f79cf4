"""A feed: deliveries that arrive at the gate, drawn or from a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from twin.materials.catalogue import SUM_TOLERANCE
from twin.quantities import DurationOrZero, FactorOrZero, Fraction, Quantity, format_quantity
from twin.scenario.assays import OrCsv, read_assays
from twin.scenario.calendars import read_moment
from twin.scenario.fields import EVERY_COUNTS, CalendarName, Composition, Count, EveryCounts, Name, OneOrMore
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.series import OrSeries, Series
from twin.scenario.sizes import SizeDistribution
from twin.scenario.supply import Campaign, DeliveryHazard, Sampling, Season, Trend, check_supply
from twin.scenario.tables import Column, Files, files_of, read_table
from twin.scenario.variates import DurationVariate, MassVariate
from twin.scenario.vocabulary import Vocabulary


@dataclass(frozen=True)
class Schedule:
    """Deliveries from a CSV: ``times`` in s from the start, ascending, ``masses`` in kg. Rows before the start are left out; ``early`` counts them.

    ``fractions`` holds for each delivery the share of each of ``materials``; None where the feed's ``composition`` holds for all. ``assays`` holds for
    each the share of each (material, element) in ``assayed``.
    """

    name: str
    times: tuple[float, ...]
    masses: tuple[float, ...]
    materials: tuple[str, ...] = ()
    fractions: tuple[tuple[float, ...], ...] | None = None
    assayed: tuple[tuple[str, str], ...] = ()
    assays: tuple[tuple[float, ...], ...] = ()
    early: int = 0

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Schedule:
        """Return the schedule of a CSV named in a scenario, from the start of the run on."""
        whole = _read_schedule(value, info)
        early = sum(time < 0.0 for time in whole.times)  # they ascend
        rows = slice(early, None)
        fractions = whole.fractions[rows] if whole.fractions is not None else None
        return cls(whole.name, whole.times[rows], whole.masses[rows], whole.materials, fractions, whole.assayed, whole.assays[rows], early)


def _read_schedule(value: object, info: ValidationInfo) -> Schedule:
    files = files_of(info)
    columns = read_table(value, files, {"time": "s", "mass": "kg", "*": "1"})
    name, faults = str(value), Faults()
    clock = [key for key in ("timestamp", "time") if key in columns]
    if len(clock) != 1 or "mass" not in columns:
        raise wrong(f"{name}: the columns 'timestamp' (dates) or 'time' (e.g. time_h), and 'mass' (e.g. mass_t) are needed (got {', '.join(columns)})")
    times = _timestamps(columns["timestamp"], files, faults, name) if clock == ["timestamp"] else columns["time"].numbers(Quantity("s"), faults, name)
    masses = columns["mass"].numbers(Quantity("kg", gt=0), faults, name)
    shared = [key for key in columns if key not in (*clock, "mass")]
    materials = tuple(key for key in shared if "." not in key)
    shares = [columns[key].numbers(Quantity("1", ge=0, le=1), faults, name) for key in materials]
    assayed = tuple((key.partition(".")[0], key.partition(".")[2]) for key in shared if "." in key)
    assays = [columns[f"{material}.{element}"].numbers(Quantity("1", ge=0, le=1), faults, name) for material, element in assayed]
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
    return Schedule(name, tuple(times), tuple(masses), materials, rows, assayed, tuple(zip(*assays, strict=True)))


def _timestamps(column: Column, files: Files, faults: Faults, name: str) -> list[float]:
    times = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        try:
            times.append((read_moment(cell) - files.start).total_seconds())
        except ValueError as error:
            faults.add(f"{name}:{line} column 'timestamp': {error}")
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
    needs: Needs = Field(default=(), description="Resources that are held while unloading.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


class Feed(UnitModel):
    """Deliveries: every so often a mass, of a composition and size distribution; or a schedule from a CSV."""

    changeable: ClassVar[frozenset[str]] = frozenset({"every", "mass", "composition", "variability", "size", "season", "trend", "campaigns"})
    """Not the price: the accounts know one."""

    kind: Literal["feed"]
    every: DurationVariate | None = Field(default=None, description="Time from one delivery to the next.")
    first: DurationOrZero | None = Field(
        default=None,
        description="Time of the first delivery. Where not given it comes as if deliveries had always come: after what is left of a gap at an instant picked "
        "at random; of a constant gap, after one whole gap.",
    )
    limit: Count | None = Field(default=None, description="How many deliveries come in all; no limit where not given.")
    mass: MassVariate | None = Field(default=None, description="Mass of a delivery.")
    schedule: Annotated[Schedule | None, BeforeValidator(Schedule.read), WithJsonSchema({"type": "string", "examples": ["deliveries.csv"]})] = Field(
        default=None, description="CSV with the columns timestamp (or time_h), mass_t and, if you like, one per material; instead of every and mass."
    )
    composition: Composition | None = Field(default=None, description="Share of each material.")
    variability: Variability | None = Field(default=None, description="How compositions differ between deliveries; not at all where not given.")
    size: SizeDistribution | None = Field(default=None, description="Size distribution of all materials or of each.")
    assay: Annotated[dict[str, dict[str, Fraction]], BeforeValidator(read_assays), OrCsv()] = Field(
        default={},
        description="Share of elements in materials of these deliveries, where it is not the catalogue's, e.g. {pcb: {Cu: 24 %}}; or {csv: file}, the means of "
        "a laboratory's samples with columns such as pcb.Cu.",
    )
    assay_by_size: dict[str, dict[str, tuple[Fraction, ...]]] = Field(
        default={}, description="The same for each size class, the finest first, e.g. {pcb: {Au: [0.05 %, 0.02 %]}}."
    )
    assay_spread: dict[str, dict[str, FactorOrZero]] = Field(
        default={}, description="How the share of an element differs between deliveries: its relative standard deviation, gamma distributed."
    )
    season: Annotated[tuple[Season, ...], OneOrMore()] = Field(default=(), description="Variations that come back.")
    trend: Annotated[tuple[Trend, ...], OneOrMore()] = Field(default=(), description="Steady changes.")
    campaigns: dict[Name, Campaign] = Field(default={}, description="Times in which something else is delivered, by name; of several at once the first holds.")
    hazards: dict[Name, DeliveryHazard] = Field(default={}, description="What now and then is wrong with a delivery, by name.")
    sampling: Sampling | None = Field(
        default=None, description="Grab samples of deliveries: measured beside true composition in the results; none where not given."
    )
    when_full: Literal["wait", "turn_away"] = Field(default="wait", description="What a truck does that finds no room.")
    queue_limit: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=None, description="How many trucks may wait; those that come then are turned away. No limit where not given."
    )
    balk: tuple[Fraction, ...] = Field(
        default=(),
        description="Chance that a truck turns when it sees the queue, with none waiting, with one, …; the last holds for more. None does where not given.",
    )
    patience: DurationVariate | None = Field(
        default=None, description="How long a truck waits, for room or hands, before it leaves; as long as it takes where not given."
    )
    calendar: CalendarName = Field(default=None, description="When deliveries come; always where not given.")
    every_counts: EveryCounts | None = Field(default=None, description=EVERY_COUNTS)
    unload: Unloading | None = Field(default=None, description="Time and resources for unloading; none where not given.")
    price: Annotated[float | Series, OrSeries("EUR/kg")] = Field(
        default=0.0, description="What a delivery costs, or a series of it: what stands there as it is taken in; negative where money is received for it."
    )

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
            if self.calendar is not None:
                faults.add(
                    "'calendar' and 'schedule' exclude each other: the schedule says when deliveries come; leave out the calendar, or its closed rows",
                    "calendar",
                )
        if self.every_counts is not None and self.calendar is None:
            faults.add("'every_counts' needs a 'calendar'; without one all time counts", "every_counts")
        has_columns = self.schedule is not None and bool(self.schedule.materials)
        if self.composition is None and not has_columns:
            faults.add("'composition' is missing", "composition")
        if self.schedule is not None:
            varied = [key for key in ("season", "trend", "campaigns") if getattr(self, key)]
            for key in varied:
                faults.add(f"{key!r} and 'schedule' exclude each other: the schedule says what comes when", key)
        if has_columns and self.hazards:
            faults.add("a schedule with compositions has no 'hazards'", "hazards")
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
        for key, campaign in self.campaigns.items():
            yield from ((("campaigns", key, "composition", name), name) for name in campaign.composition or {})
        for key, hazard in self.hazards.items():
            yield from ((("hazards", key, "add", name), name) for name in hazard.add)

    def assays_given(self) -> Iterator[tuple[Loc, str, str]]:
        """Yield (place, material, element) of each share that differs from the catalogue's or between deliveries."""
        for key, given in (("assay", self.assay), ("assay_by_size", self.assay_by_size), ("assay_spread", self.assay_spread)):
            for material, elements in given.items():
                for element in elements:
                    yield (key, material, element), material, element
        for material, element in self.schedule.assayed if self.schedule else ():
            yield ("schedule",), material, element

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the size distribution and the assays."""
        delivered = list(dict.fromkeys(name for _, name in self.materials_used()))
        yield from check_supply(self.season, self.trend, self.campaigns, self.hazards, delivered, vocabulary)
        for loc, message in vocabulary.wrong_sizes(self.size, delivered):
            yield ("size", *loc), message
        for loc, material, element in self.assays_given():
            if material not in delivered:
                yield loc, f"{material!r} is not delivered; {nearest(material, delivered)}"
            elif element not in vocabulary.elements or element == "rest":
                yield (
                    loc,
                    f"an element is needed; {nearest(element, vocabulary.elements)} (got {element[:40]!r}; what an assay leaves open is the rest by itself)",
                )
        yield from self._wrong_totals(vocabulary)
        for material, elements in self.assay_by_size.items():
            for element, shares in elements.items():
                if len(shares) != len(vocabulary.sizes):
                    yield ("assay_by_size", material, element), f"{len(vocabulary.sizes)} shares are needed, one for each size class (got {len(shares)})"
                if element in self.assay.get(material, {}):
                    yield ("assay_by_size", material, element), "stands under 'assay' too: give one of both"

    def _wrong_totals(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield where an assay of its own and what the catalogue says of the other elements add up to more than 1."""
        cases: list[tuple[Loc, str, dict[str, float], str]] = []
        for material, given in self.assay.items():
            cases.append((("assay", material), material, given, ""))
        for material, by_size in self.assay_by_size.items():
            cases.append((("assay_by_size", material), material, {element: max(shares) for element, shares in by_size.items()}, ""))
        if self.schedule is not None:
            for number, row in enumerate(self.schedule.assays, start=1):
                for material in dict.fromkeys(name for name, _ in self.schedule.assayed):
                    own = {e: share for (name, e), share in zip(self.schedule.assayed, row, strict=True) if name == material}
                    cases.append((("schedule",), material, own, f"delivery {number}: {material}: "))
        for loc, material, own, which in cases:
            others = sum(share for e, share in vocabulary.assays.get(material, {}).items() if e != "rest" and e not in own)
            if (total := sum(own.values()) + others) > 1 + SUM_TOLERANCE:
                yield (
                    loc,
                    f"{which}with the catalogue's other elements the assay adds up to more than 100 % (got {100 * total:.6g} %): name those that are less",
                )
                return


KIND = Kind(
    name="feed",
    model=Feed,
    role="feed",
    behaviour="twin.units.gates.feed:Feed",
    summary="Deliveries that arrive at the gate, drawn or from a schedule.",
)
