"""How what is delivered changes in time: seasons, trends, campaigns, hazards; and how it is sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from twin.quantities import Duration, Fraction, Mass, Quantity
from twin.scenario.calendars import read_moment
from twin.scenario.fields import Composition, Count, Name
from twin.scenario.kind import NOT_USED, Model, default
from twin.scenario.problems import Faults, Loc
from twin.scenario.sizes import SizeDistribution
from twin.scenario.tables import files_of
from twin.scenario.variates import DurationVariate, MassVariate
from twin.scenario.vocabulary import Vocabulary

AMOUNT = "amount"
"""What varies where it is not one material's share: how much comes in a time."""
LEAST_FACTOR = 1e-3


def _instant(value: object, info: ValidationInfo) -> object:
    """A date becomes the time from the start of the run; a time stays as it is."""
    if isinstance(value, str) and value[:4].isdigit() and value[4:5] == "-":
        start: datetime = files_of(info).start
        return f"{(read_moment(value) - start).total_seconds()!r} s"
    return value


Instant = Annotated[float, Quantity("s"), BeforeValidator(_instant), WithJsonSchema({"type": "string", "examples": ["2026-07-01", "30 d"]})]
"""A moment, written as a date or as a time since the start; s from the start, before it below 0."""

Amplitude = Annotated[float, Quantity("1", ge=0, lt=1, example="15 %")]
Change = Annotated[float, Quantity("1", gt=-1, example="+4 %")]


class Season(Model):
    """A variation that comes back: a factor 1 + amplitude cos(2 pi (t - peak)/period)."""

    of: Name = Field(default=AMOUNT, description="'amount', how much comes in a time, or the material whose share varies; the other shares make room.")
    amplitude: Amplitude = Field(description="Largest deviation from the mean, as a share of it.")
    period: Duration = Field(description="Time from peak to peak.")
    peak: Instant = Field(default=0.0, description="A moment of the peak: a date, or a time since the start.")

    def factor(self, t: float) -> float:
        """Return the factor at ``t`` s.

        >>> half = Season(of="amount", amplitude="20 %", period="365 d", peak="0 d")
        >>> half.factor(0.0), round(half.factor(365 * 86400 / 2), 12)
        (1.2, 0.8)
        """
        return 1.0 + self.amplitude * math.cos(2.0 * math.pi * (t - self.peak) / self.period)


class Trend(Model):
    """A steady change: a factor 1 + change t/per, t from the start."""

    of: Name = Field(default=AMOUNT, description="'amount', or the material whose share changes.")
    change: Change = Field(description="Relative change after each 'per', of the value at the start.")
    per: Duration = Field(description="The time of one such change.")

    def factor(self, t: float) -> float:
        """Return the factor at ``t`` s; never less than :data:`LEAST_FACTOR`.

        >>> round(Trend(change="-10 %", per="365 d").factor(2 * 365 * 86400.0), 12)
        0.8
        """
        return max(LEAST_FACTOR, 1.0 + self.change * t / self.per)


class Campaign(Model):
    """A time in which something else is delivered; what is not given stays as it is."""

    begin: Instant = Field(description="When it begins: a date, or a time since the start.")
    length: Duration = Field(description="How long it lasts.")
    repeat: Duration | None = Field(default=None, description="From the begin of one to the begin of the next; once where not given.")
    every: DurationVariate | None = Field(default=None, description="Time from one delivery to the next.")
    mass: MassVariate | None = Field(default=None, description="Mass of a delivery.")
    composition: Composition | None = Field(default=None, description="Share of each material.")
    size: SizeDistribution | None = Field(default=None, description="Size distribution.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = Faults()
        if self.repeat is not None and self.repeat < self.length:
            faults.add("must be no shorter than 'length'", "repeat")
        if not any((self.every, self.mass, self.composition, self.size)):
            faults.add("changes nothing: give 'every', 'mass', 'composition' or 'size'")
        faults.stop_if_any()
        return self

    def holds(self, t: float) -> bool:
        """Return whether it is on at ``t`` s."""
        since = t - self.begin
        if since < 0.0:
            return False
        return since % self.repeat < self.length if self.repeat is not None else since < self.length


class DeliveryHazard(Model):
    """What now and then is wrong with a delivery: batteries among it, pieces too large, rain."""

    chance: Fraction = Field(description="Share of the deliveries that it happens to.")
    add: dict[Name, Fraction] = Field(default={}, description="Share of the delivery that these materials then make up, e.g. {water: 12 %}.")
    size: SizeDistribution | None = Field(default=None, description="Size distribution of such a delivery.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        faults = Faults()
        if not self.add and self.size is None:
            faults.add("does nothing: give 'add' or 'size'")
        if sum(self.add.values()) >= 1.0:
            faults.add(f"must leave room for the rest of the delivery: less than 1 in sum (got {sum(self.add.values()):g})", "add")
        faults.stop_if_any()
        return self


class Samples(Model):
    """How many samples are taken of a lot, and how they are analysed."""

    samples: Count = Field(default=1, le=1000, description="How many samples are taken of it; their mean counts.")
    error: Fraction = default(
        0.0, NOT_USED, description="Standard deviation of the analysis of one sample, in points of each material's share, beside the chance of its pieces."
    )


class Sampling(Samples):
    """Grab samples: what a laboratory would measure of a delivery, beside what it is."""

    mass: Mass = Field(description="Mass of a sample.")
    every: Count = Field(default=1, description="One delivery in so many is sampled, the first of them first.")


def check_supply(
    seasons: tuple[Season, ...],
    trends: tuple[Trend, ...],
    campaigns: dict[str, Campaign],
    hazards: dict[str, DeliveryHazard],
    delivered: list[str],
    words: Vocabulary,
) -> Iterator[tuple[Loc, str]]:
    """Yield what is wrong with all this in view of the materials and sizes of a scenario; ``delivered`` are the feed's materials."""
    variations: tuple[tuple[str, tuple[Season | Trend, ...]], ...] = (("season", seasons), ("trend", trends))
    for key, found in variations:
        for index, variation in enumerate(found):
            if variation.of != AMOUNT and variation.of not in delivered:
                yield (key, index, "of"), f"'amount' or a material that is delivered is needed: {', '.join(delivered)} (got {variation.of!r})"
    sized: tuple[tuple[str, Mapping[str, Campaign | DeliveryHazard]], ...] = (("campaigns", campaigns), ("hazards", hazards))
    for key, entries in sized:
        for name, entry in entries.items():
            for loc, message in words.wrong_sizes(entry.size, delivered) if entry.size is not None else ():
                yield (key, name, "size", *loc), message
