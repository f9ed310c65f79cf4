"""The top-level keys of a scenario besides its units: time, record, resources, carriers, budget, events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, StrictInt, WithJsonSchema, model_validator

from twin.errors import ScenarioError, UsageError
from twin.materials import Number, emission_factor
from twin.quantities import DAY, NANOSECONDS, Duration, DurationOrZero, Mass, Quantity, format_quantity, shown
from twin.scenario.calculation_points import CalculationPoint
from twin.scenario.calendars import CalendarSpec, read_moment
from twin.scenario.fields import CalendarName, Count, Name, Names, OneOrMore, Shorthand, Switch, Text
from twin.scenario.heads import HEADS_SCHEMA, read_heads
from twin.scenario.kind import NOT_USED, Model, default
from twin.scenario.money import MoneyPlan
from twin.scenario.problems import Faults, wrong
from twin.scenario.series import OrSeries, Series
from twin.scenario.sizes import ONE_CLASS, SizeClasses, read_bounds

if TYPE_CHECKING:
    from twin.materials.thermochemistry import Thermochemistry

FORMAT = 1
"""The version of the language: the value of the key ``twin``."""
DEFAULT_START = datetime(2026, 1, 5)
"""A Monday at midnight."""
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
_DURATION = Quantity("s", ge=0)


def _none(value: object) -> object:
    return None if value == "none" else value


def _moment(value: object) -> datetime:
    return value if isinstance(value, datetime) else read_moment(value)


def _file_name(value: object) -> str:
    if not isinstance(value, str) or not _TITLE.fullmatch(value):
        raise wrong(f"a name of letters, digits, '_', '-' and '.' is needed, at most 80: files are called by it (got {shown(value)})")
    return value


def _catalogues(value: object) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
        raise wrong(f"a list of catalogues is needed, e.g. [weee] or [my_materials.yaml] (got {shown(value)})")
    return tuple(dict.fromkeys(items))


def _record(value: object) -> object:
    return {"every": "none", "streams": False} if value == "none" else value


def _resource(value: object) -> object:
    return {"count": value} if isinstance(value, int) and not isinstance(value, bool) else value


_MOMENT_SCHEMA = {"type": "string", "examples": ["2026-01-05T06:00"]}
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema(_MOMENT_SCHEMA), PlainSerializer(lambda m: m.isoformat())]


MOST_WINDOWS = 10_000_000
"""So many windows of a tariff are held in memory at most: 285 years of quarter-hours."""
LONGEST_HORIZON = 500_000.0 * DAY
"""s; beyond it the record steps of a run could not be counted."""


class TimeFrame(Model):
    """When the run begins, how long it lasts, and what of it is not counted."""

    start: Moment = Field(default=DEFAULT_START, description="Date and time of day at which the run begins, local and without time zone.")
    horizon: Duration = Field(description="How long the run lasts.")
    warmup: DurationOrZero = default(0.0, NOT_USED, description="How much of the beginning the KPIs leave out.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        faults = Faults()
        if self.horizon > LONGEST_HORIZON:
            faults.add(f"must be at most {format_quantity(LONGEST_HORIZON, 's')} (got {format_quantity(self.horizon, 's')})", "horizon")
        if self.warmup >= self.horizon:
            faults.add(f"must be shorter than the horizon, {format_quantity(self.horizon, 's')} (got {format_quantity(self.warmup, 's')})", "warmup")
        faults.stop_if_any()
        return self


class Record(Model):
    """What is recorded."""

    every: Annotated[Duration | None, Shorthand(_none, {"const": "none"})] = Field(default=3600.0, description="Length of a record step, or none.")
    streams: Switch = Field(default=True, description="Whether mass flows are recorded.")
    genealogy: Switch = Field(default=False, description="Whether the parents of every lot are recorded, for `twin trace`.")


class ResourceSpec(Model):
    """What units share and wait for: fitters, loaders, cranes."""

    count: Annotated[int | dict[str, int], PlainValidator(read_heads), WithJsonSchema(HEADS_SCHEMA)] = Field(
        description="How many there are; or how many by calendar, e.g. {day: 3, evening: 1}: of those that are open the first written counts, while none is, "
        "there are none."
    )
    calendar: CalendarName = Field(default=None, description="When they work; always where not given. Work stands still while it is closed.")
    when_fewer: Literal["finish", "suspend"] = Field(
        default="finish",
        description="What happens where a shift has fewer than work: they finish what they began; or of the lowest priority the last who began is interrupted "
        "and goes on when one is free.",
    )
    preempt: Literal["resume", "repeat"] | None = Field(
        default=None,
        description="Who asks with a higher priority interrupts the work of the lowest, of equals the last begun; it then goes on with what is left (`resume`) "
        "or starts again (`repeat`). Not at all where not given.",
    )
    between: Duration | None = Field(default=None, description="Time after a task until the one is free again; none where not given.")
    skills: Names = Field(default=(), description="What each of them can do, for needs such as {skill: mechanic}.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if isinstance(self.count, dict) and self.calendar is not None:
            faults = Faults()
            faults.add("'count' names calendars already: leave out 'calendar', or give one number", "calendar")
            faults.stop()
        return self

    @property
    def most(self) -> int:
        """How many there are in the largest shift."""
        return max(self.count.values()) if isinstance(self.count, dict) else self.count

    @property
    def text(self) -> str:
        """How many, in words, e.g. ``3`` or ``day 3, evening 1``."""
        return ", ".join(f"{name} {count}" for name, count in self.count.items()) if isinstance(self.count, dict) else str(self.count)

    @property
    def shifts(self) -> tuple[tuple[str | None, int], ...]:
        """(calendar, how many), in the order in which they hold; None is always."""
        return tuple(self.count.items()) if isinstance(self.count, dict) else ((self.calendar, self.count),)


class PeakTariff(Model):
    """A price of the highest mean power within one of the windows that follow each other from midnight on."""

    price: Annotated[float, Quantity("EUR/J", ge=0, example="120 EUR/(kW a)")] = Field(
        description="Price of the peak for the time in which it counts, e.g. `120 EUR/(kW a)` or `12 EUR/(kW month)`; a year has 365 d."
    )
    window: Duration = default(900.0, "quarter-hours, as grid operators in the EU meter", description="Length of a window, a part of a day, e.g. `15 min`.")
    by: Literal["run", "month"] = default(
        "run", NOT_USED, description="The peak of the whole run (`run`) counts all the time, or that of each calendar month for its month (`month`)."
    )

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if self.window < 1.0 or not (DAY / self.window).is_integer():
            faults = Faults()
            faults.add(f"must be a part of a day, at least 1 s, e.g. 15 min (got {format_quantity(self.window, 's')})", "window")
            faults.stop()
        return self


class CarrierSettings(Model):
    """An energy carrier: what one joule of it costs and emits."""

    price: Annotated[float | Series, OrSeries("EUR/J")] | None = Field(
        default=None, description="Price of the energy, or a series of it; without one a cost and the margin are incomplete."
    )
    co2: Annotated[float | Series, OrSeries("kg/J", 0.0)] | None = Field(
        default=None, description="CO2 of the energy, or a series of it; the stored factor of 'year' where not given."
    )
    year: StrictInt | None = Field(default=None, description="Year of the stored CO2 factor; the newest where not given.")
    peak: PeakTariff | None = Field(default=None, description="What the highest mean power costs besides; of electricity only.")


@dataclass(frozen=True)
class Carrier:
    """An energy carrier: price in EUR/J, None where none is stated; CO2 in kg/J. Of a series, its mean over the run, and the series."""

    price: float | None
    co2: float
    price_series: Series | None = None
    co2_series: Series | None = None
    peak: PeakTariff | None = None


ELECTRICITY = "electricity"
"""The carrier of the machines' power; it is there without being named."""


def resolved_carriers(
    written: Mapping[str, CarrierSettings], drawn: Iterable[str], time: TimeFrame, complain: Callable[[str, str], None]
) -> dict[str, tuple[Carrier, Number | None]]:
    """Return each carrier that is ``written`` or ``drawn`` by name, sorted, with the stored CO2 factor where one was taken. What is wrong is noted by name."""
    found: dict[str, tuple[Carrier, Number | None]] = {}
    for name, settings in sorted({ELECTRICITY: CarrierSettings(), **{name: CarrierSettings() for name in drawn}, **written}.items()):
        price, co2 = settings.price, settings.co2
        for key, series in (("price", price), ("co2", co2)):
            if isinstance(series, Series) and series.seconds(time.start)[0] > 0.0:
                complain(name, f"{key!r}: {series.file} begins {format_quantity(series.seconds(time.start)[0], 's')} after the run; give a value for its start")
        if settings.peak is not None and time.horizon / settings.peak.window > MOST_WINDOWS:
            complain(name, f"'peak' has more than {MOST_WINDOWS:,} windows in the run; choose longer ones or a shorter horizon")
        if settings.peak is not None and name != ELECTRICITY:
            complain(name, "'peak' is a tariff of electricity only")
        price_series, co2_series = price if isinstance(price, Series) else None, co2 if isinstance(co2, Series) else None
        mean_price, mean_co2 = (value.mean(time.start, time.horizon) if isinstance(value, Series) else value for value in (price, co2))
        stored = None
        if mean_co2 is None:
            try:
                stored = emission_factor(name, settings.year).number
            except UsageError as error:
                complain(name, str(error))
                continue
            mean_co2 = stored.value
        found[name] = (Carrier(mean_price, mean_co2, price_series, co2_series, settings.peak), stored)
    return found


class Budget(Model):
    """What a run may use before it is ended with a message."""

    events: Count = Field(default=50_000_000, description="Number of events.")
    wall: Annotated[Duration | None, Shorthand(_none, {"const": "none"})] = Field(default=None, description="Wall-clock time, or none.")


class Event(Model):
    """A change of parameters at a time."""

    at: Any = Field(description="When: a date, or the time since the start.", json_schema_extra={"type": "string", "examples": ["2026-02-01T06:00", "10 d"]})
    set: dict[str, Any] = Field(description="What is changed: paths and values, e.g. {units.screen.aperture: 12 mm}.", min_length=1)

    def seconds(self, start: datetime) -> float:
        """Return the time since ``start``, s; raises pydantic's or ``UsageError``."""
        if isinstance(self.at, str) and re.match(r"\s*\d{4}-\d\d-", self.at):
            return (read_moment(self.at) - start).total_seconds()
        return _DURATION.read(self.at)


def _sizes(value: object) -> object:
    return value if isinstance(value, SizeClasses) else read_bounds(value)


_BOUNDS_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string", "examples": ["0.5 1 2 4 8 16 31.5 63 mm"]}, {"type": "array", "items": Quantity("m", gt=0).json_schema()}]
}


class Thermochemical(Model):
    """Choices and changes among the thermochemical data, see the page on smelting."""

    oxides: dict[str, Text] = Field(default={}, description="Variant of the oxide's free energy by element, e.g. {Fe: nasa}.")
    activities: dict[str, Text] = Field(default={}, description="Variant of the activity coefficient in copper by element, e.g. {Sn: low}.")
    slopes: dict[str, Annotated[float, Quantity("1")]] = Field(
        default={}, description="Measured slope of the distribution against ln pO2 by element, instead of half the oxygen of its oxide."
    )
    numbers: dict[str, Any] = Field(default={}, description="Other values at the places of the data, e.g. {elements: {Pb: {slag: {default: {b: -1}}}}}.")

    def changes(self) -> dict[str, float]:
        """Return the changed numbers in SI by dotted path."""
        return {".".join(path): value for path, value in _leaves(self.numbers, ())}

    def data(self) -> Thermochemistry:
        """Return the data with what is changed; raises ``UsageError`` for a place that is not there."""
        from twin.materials.thermochemistry import changed, thermochemistry

        changes = self.changes()
        return changed(changes) if changes else thermochemistry()

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            if self.oxides or self.activities or self.slopes or self.numbers:
                self.data().smelting(self.oxides, self.activities, self.slopes)
        except (UsageError, ScenarioError) as error:
            raise wrong(str(error)) from None
        return self


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, str(key)))
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UsageError(f"thermochemistry.numbers.{'.'.join((*path, str(key)))}: a number in SI is needed (got {shown(value)})")
        else:
            yield (*path, str(key)), float(value)


MOST_ABOUT = 8000
"""Characters of all texts of ``about`` together: they stand in one attribute of a results file, which holds 64 kB."""


class About(Model):
    """What a study is for and who made it: texts for reports. None of it is in a hash, as no number depends on it."""

    purpose: Text = Field(default="", description="Which plant this is, who asked, and which decision it is for.")
    author: Text = Field(default="", description="Who made the study.")
    organisation: Text = Field(default="", description="Where the author works, or for whom.")
    question: Text = Field(default="", description="What is asked: which alternatives are compared, and what would count as better.")
    outputs: Text = Field(default="", description="Which key figures answer the question.")
    alternatives: Text = Field(default="", description="How the other scenarios of the study differ.")
    calibration: Text = Field(default="", description="Which models were calibrated, and to what.")
    data: Text = Field(default="", description="Who may see the data, and since when they hold.")
    preparation: Text = Field(default="", description="How measured data were cleaned and fitted.")
    assumptions: Text = Field(default="", description="Which simplifications of the plant matter for the answer.")
    warmup: Text = Field(default="", description="How the warm-up was chosen.")
    period: Text = Field(default="", description="Whether the question is about a given period, or about the long run.")
    effort: Text = Field(default="", description="How long the runs took, and on how many cores.")
    access: Text = Field(default="", description="Under which address and licence others get the results file.")

    @model_validator(mode="after")
    def _short(self) -> Self:
        size = sum(len(text) for text in self.texts().values())
        if size > MOST_ABOUT:
            faults = Faults()
            faults.add(f"the texts must have at most {MOST_ABOUT} characters together (got {size}); say it shorter")
            faults.stop_if_any()
        return self

    def texts(self) -> dict[str, str]:
        """Return the texts that are given, by key."""
        return {name: text.strip() for name, text in self if text.strip()}


class Settings(Model):
    """A scenario without the parameters of its units."""

    twin: Literal[1] = Field(description="Version of the language.")
    name: Annotated[str, BeforeValidator(_file_name)] | None = Field(default=None, description="Name of the scenario; the file's where not given.")
    title: Text = Field(default="", description="A line for people.")
    about: About = Field(default=About(), description="What the study is for and who made it, for reports; not part of any hash.")
    time: TimeFrame = Field(description="When the run begins and how long it lasts.")
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = Field(default=1, description="Seed of all random numbers.")
    lot: Mass | None = Field(default=None, description="What a line draws at once, where its first machine does not say.")
    record: Annotated[Record, Shorthand(_record, {"const": "none"})] = Field(default=Record(), description="What is recorded, or none.")
    catalogue: Annotated[
        tuple[str, ...],
        BeforeValidator(_catalogues),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "examples": [["weee"]]}),
    ] = Field(default=(), description="Catalogues of materials: names of those that come with twin, or YAML files.")
    materials: dict[str, Any] = Field(default={}, description="Materials defined here, as in a catalogue.")
    size_bounds: Annotated[SizeClasses, BeforeValidator(_sizes), WithJsonSchema(_BOUNDS_SCHEMA)] = Field(
        default=ONE_CLASS, description="Upper bounds of the size classes; one class where not given."
    )
    calendars: dict[Name, CalendarSpec] = Field(default={}, description="Calendars by name.")
    resources: dict[Name, Annotated[ResourceSpec, Shorthand(_resource, {"type": "integer", "minimum": 1})]] = Field(
        default={}, description="Shared resources: a count, or the keys below."
    )
    carriers: dict[Name, CarrierSettings] = Field(default={}, description="Prices and CO2 factors of energy carriers.")
    money: MoneyPlan | None = Field(default=None, description="What the plant costs besides material and energy, see the page on money.")
    calculation_points: dict[Name, CalculationPoint] = Field(
        default={}, description="Where mass enters the operation at which an act measures it, by name; see the page on quality."
    )
    sticking: dict[Name, Annotated[float, Quantity("1", ge=0, lt=1, example="60 %")]] = Field(
        default={},
        description="How much of a material, or of those of a group, sticks to the surfaces of the other pieces of a lot and leaves a line with them, e.g. "
        "of water and dirt; none where not given.",
    )
    budget: Budget = Field(default=Budget(), description="What a run may use.")
    thermochemistry: Thermochemical = Field(default=Thermochemical(), description="What smelting rests on, where it differs from the data of twin.")
    units: dict[str, Any] = Field(description="The plant: units by name, in the order in which ties in time are broken.", min_length=1)
    policies: dict[Name, Any] = Field(default={}, description="Decisions that are taken while the plant runs, by name, see the page on policies.")
    events: Annotated[tuple[Event, ...], OneOrMore()] = Field(default=(), max_length=1000, description="Changes of parameters while the plant runs.")

    @model_validator(mode="after")
    def _counts_a_step(self) -> Self:
        """Key figures are sums over the record steps that begin at or after the warm-up: there must be one."""
        time, every = self.time, self.record.every
        if every is None:
            return self
        first = -(-round(time.warmup * NANOSECONDS) // round(every * NANOSECONDS)) * every
        if first >= time.horizon:
            faults = Faults()
            step, warmup, horizon = (format_quantity(value, "s") for value in (every, time.warmup, time.horizon))
            faults.add(
                f"no record step begins between the warm-up of {warmup} and the horizon of {horizon}, so that no key figure could be computed: steps of {step} "
                f"begin at multiples of it, the next one at {format_quantity(first, 's')}; choose a shorter record.every",
                "time",
                "warmup",
            )
            faults.stop_if_any()
        return self
