"""The parameters that all machines share: what they take, how fast, when they stop, what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import Duration, DurationOrZero, Mass, RelativeChange, SpecificEnergy, format_quantity, quantity_of
from twin.quantities import Power as Watts
from twin.scenario.cleaning import Cleaning
from twin.scenario.fields import CalendarName, Count, Name, Names, OneOrMore, References, Sources, Switch
from twin.scenario.following import Following
from twin.scenario.kind import NOT_USED, Model, UnitModel, default
from twin.scenario.line_rules import LineRules
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, Loc, nearest
from twin.scenario.sizes import SizeClasses
from twin.scenario.stops import Reason, StopList
from twin.scenario.variates import CycleVariate, DurationVariate, GapVariate, LifeVariate, RateVariate
from twin.scenario.vocabulary import Vocabulary


class Power(Model):
    """Electric power: ``idle`` while the machine is on, ``specific`` for each kg that passes."""

    idle: Watts = default(0.0, NOT_USED, description="Electric power while the machine is on, of each where several stand in parallel.")
    specific: SpecificEnergy = default(0.0, NOT_USED, description="Electric energy for the mass that passes, recycle included.")


class MachinePower(Power):
    """The same of a machine, whose line may rest."""

    standby: Watts = default(0.0, NOT_USED, description="Electric power in stand-by, of each; with `energy_states` of the line.")
    switched_off: Watts = default(0.0, NOT_USED, description="Electric power while the line is off or off shift, of each; with `energy_states` of the line.")


class Failures(Model):
    """Breakdowns: time to failure and time to repair; a bare quantity is the mean of an exponential distribution."""

    mtbf: LifeVariate = Field(description="Time to failure; a bare quantity is the mean of an exponential distribution.")
    mttr: LifeVariate = Field(description="Time to repair; a bare quantity is the mean of an exponential distribution.")
    clock: Literal["operating", "calendar"] = Field(
        default="operating", description="Which time runs to the next failure: that in which the machine works, or all time."
    )
    reason: Reason = Field(default="breakdown", description="What the down time is booked under, as stops from a list are under theirs.")


class CauseFailures(Failures):
    """Breakdowns of one cause; those of several strike independently, each with a clock of its own that no repair of another sets back."""

    reason: Reason | None = Field(default=None, description="What the down time is booked under; the cause's name where not given.")  # type: ignore[assignment]


class Repair(Model):
    """What a repair waits for; without it, repairs run round the clock."""

    needs: Needs = Field(default=(), description="Resources that are held during a repair.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    calendar: CalendarName = Field(default=None, description="When repairs are done.")


class Wear(Model):
    """A parameter that changes with the mass processed, until the worn part is replaced."""

    parameter: Name = Field(description="The parameter of the machine that wears.")
    of: Names = Field(default=(), description="Materials or groups whose mass counts, such as film that wraps; all that passes where not given.")
    per: Mass = Field(description="The mass after which the change applies once.")
    change: RelativeChange = Field(description="Relative change of the parameter for each 'per' of mass.")
    replace_after: Mass | None = Field(default=None, description="Mass after which the part is replaced and the parameter is as new.")
    replace_time: DurationOrZero = default(0.0, NOT_USED, description="How long a replacement stops the machine.")
    needs: Needs = Field(default=(), description="Resources that are held during a replacement.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


class Maintenance(Model):
    """Planned maintenance at fixed intervals."""

    every: Duration = Field(description="From the start of one to the start of the next.")
    first: DurationOrZero | None = Field(default=None, description="Start of the first, from the start of the run; 'every' where not given.")
    duration: Duration = Field(description="How long the machine is stopped.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.duration >= self.every:
            _refuse("must be shorter than 'every'", "duration")
        return self


class Hazard(Model):
    """Rare events that material brings about: a battery catches fire, a piece jams the rotor. The line is stopped after the lot that strikes."""

    of: Names = Field(default=(), description="Materials or groups that bring it about; all that passes where not given.")
    per: GapVariate = Field(description="Mass of them from one event to the next; a bare quantity is the mean of an exponential distribution.")
    stop: DurationVariate = Field(description="How long the line stands.")
    needs: Needs = Field(default=(), description="Resources that are held meanwhile.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    calendar: CalendarName = Field(default=None, description="When it is dealt with; round the clock where not given.")


def _refuse(message: str, *loc: str | int) -> None:
    faults = Faults()
    faults.add(message, *loc)
    faults.stop()


class MachineModel(LineRules):
    """A machine: whatever splits what it takes among its ports."""

    from_: Sources = Field(alias="from", description="What it takes from: a port or bunker, several in the order written, or a blend {a: 70 %, b: 30 %}.")
    recycle: References = Field(default=(), description="Ports of the same line that come back to this machine.")
    take: Literal["first", "alternate", "fullest", "campaigns"] = Field(
        default="first", description="Which of several bunkers is taken from; in `campaigns`, one for a while before the next."
    )
    prefer: Name | None = Field(
        default=None, description="Of several bunkers the one that is taken from whenever it holds a lot, before `take` decides; on the line's first machine."
    )
    lot: Mass | None = Field(default=None, description="What the line draws at once; on the line's first machine. Else the scenario's lot.")
    partial: Switch = Field(default=False, description="Draw less where the bunker holds less than a lot.")
    rate: RateVariate | None = Field(
        default=None,
        description="The largest mass per time through the machine, recycle included, of each where several are; no limit where not given.",
    )
    follows: Following | None = Field(default=None, description="Lets the rate follow a level, e.g. of the bunker before; `rate` is then the largest.")
    cycle_time: CycleVariate | None = Field(
        default=None, description="Time that a lot takes, instead of a rate; where several are parallel each takes a lot of its own."
    )
    redraw: Duration | None = Field(default=None, description="How often a distributed rate is drawn anew; for each lot where not given.")
    blocking: Literal["after", "before"] = Field(
        default="after", description="Process and then wait for room, or start only when every outlet bunker has room; on the line's first machine."
    )
    hold: Literal["start", "until_done"] = Field(
        default="start", description="When the place of a lot in its bunker is freed: as it is drawn, or when the line is done with it."
    )
    count: Count = Field(default=1, le=1000, description="How many equal machines stand in parallel; rate, cycle time and power are those of one.")
    when_down: Literal["stop", "bypass"] = Field(default="stop", description="What happens when none of them works.")
    bypass_to: Name | None = Field(default=None, description="The own port that takes all while the machine is bypassed.")
    calendar: CalendarName = Field(default=None, description="When it works; always where not given.")
    needs: Needs = Field(default=(), description="Resources that are held while the line runs.")
    priority: Priority | None = Field(default=None, description=f"{PRIORITY} Of the machines of a line the largest holds.")
    power: MachinePower = Field(default=MachinePower(), description="Electric power.")
    failures: Failures | None = Field(default=None, description="Breakdowns.")
    failures_by_cause: dict[Name, CauseFailures] = Field(
        default={},
        description="Breakdowns by cause, beside 'failures' or instead of them, e.g. {jam: {mtbf: 8 h, mttr: 10 min}, motor: {mtbf: 600 h, mttr: 9 h}}.",
    )
    stops: StopList = Field(
        default=StopList(),
        description="Dated stops, replayed beside 'failures' or instead of them: {list: stops.csv} with the columns begin and end (or time_h and duration_min) "
        "and reason, if you like also copy and machine; or a list of {at, for, reason, copy}.",
    )
    repair: Repair = Field(default=Repair(), description="What repairs wait for.")
    hazards: dict[Name, Hazard] = Field(default={}, description="Rare events that stop the line, by name, e.g. {fire: {of: battery, per: 2 t, stop: 45 min}}.")
    cleaning: Cleaning | None = Field(default=None, description="When it is cleaned, a state of its own; never where not given.")
    wear: Wear | None = Field(default=None, description="A parameter that wears.")
    maintenance: Annotated[tuple[Maintenance, ...], OneOrMore()] = Field(default=(), description="Planned maintenance.")

    FIXED: ClassVar[frozenset[str]] = frozenset()
    """Own keys of a kind that no event may change: they say how the line is built."""
    SHARED_CHANGEABLE: ClassVar[frozenset[str]] = frozenset({"rate", "cycle_time", "power", "prefer", "count"})

    @classmethod
    def own_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields that the machine adds to those of every machine."""
        return tuple(name for name in cls.model_fields if name not in MachineModel.model_fields)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.changeable = cls.SHARED_CHANGEABLE | {cls.model_fields[name].alias or name for name in cls.own_fields()} - cls.FIXED

    @classmethod
    def wearing_fields(cls) -> tuple[str, ...]:
        """Return the names of the parameters that can wear: the own fields that are one number with a unit."""
        fields = ((name, cls.model_fields[name]) for name in cls.own_fields())
        return tuple(name for name, field in fields if _is_number(field.annotation) and any(quantity_of(m) for m in field.metadata))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = Faults()
        if self.rate is not None and self.cycle_time is not None:
            faults.add("give 'rate' or 'cycle_time', not both", "cycle_time")
        if self.redraw is not None and (self.rate is None or self.rate.is_constant):
            faults.add("'redraw' needs a 'rate' with a distribution", "redraw")
        if self.bypass_to is not None and self.when_down != "bypass":
            faults.add("'bypass_to' needs 'when_down: bypass'", "bypass_to")
        if self.wear is not None and self.wear.parameter not in self.wearing_fields():
            faults.add(f"unknown parameter {self.wear.parameter!r}; {nearest(self.wear.parameter, self.wearing_fields())}", "wear", "parameter")
        if self.follows is not None and self.rate is None:
            faults.add("'follows' needs a 'rate', the largest", "follows")
        if self.prefer is not None and (self.from_.shares is not None or self.take == "campaigns"):
            faults.add("a blend, or a line that works in campaigns, prefers no bunker", "prefer")
        elif self.prefer is not None and self.prefer not in self.from_.names:
            faults.add(f"must be one of those it takes from; {nearest(self.prefer, self.from_.names)}", "prefer")
        if self.take == "campaigns" and self.from_.shares is not None:
            faults.add("a blend takes from all bunkers at once and has no campaigns", "take")
        if self.campaign is not None and self.take != "campaigns":
            faults.add("'campaign' needs 'take: campaigns'", "campaign")
        if self.cleaning is not None and self.cleaning.blinding is not None and self.wear is None:
            faults.add("'blinding' needs 'wear': a parameter that changes with the mass processed", "cleaning", "blinding")
        if self.repair != Repair() and not self.breakdowns:
            faults.add("'repair' needs 'failures'", "repair")
        if (copy := max((stop.copy for stop in self.stops.stops), default=1)) > self.count:
            faults.add(f"there is no copy {copy}: 'count' is {self.count}", "stops")
        faults.stop_if_any()
        return self

    @property
    def breakdowns(self) -> dict[str, tuple[Failures, str]]:
        """Return what is drawn, and the reason it is booked under, by cause; "" is that of ``failures``."""
        found = {"": (self.failures, self.failures.reason)} if self.failures is not None else {}
        return found | {cause: (model, model.reason or cause) for cause, model in self.failures_by_cause.items()}

    @property
    def unlimited(self) -> bool:
        """Return whether neither a rate nor a cycle time holds it back."""
        return self.rate is None and self.cycle_time is None

    @property
    def limit_text(self) -> str:
        """What holds each of its copies back, as ``twin validate`` prints it, e.g. ``mean 3 t/h x 2`` or ``30 s a lot``; empty where nothing does."""
        if self.rate is not None:
            times = f" x {self.count}" if self.count > 1 else ""
            return f"{'' if self.rate.is_constant else 'mean '}{format_quantity(self.rate.mean, 'kg/s')}{times}"
        if self.cycle_time is not None:
            what = f"batch x {self.count}" if self.count > 1 else "lot"
            return f"{'' if self.cycle_time.is_constant else 'mean '}{format_quantity(self.cycle_time.mean, 's')} a {what}"
        return ""

    @property
    def joint_limit_text(self) -> str:
        """What holds all its copies together back, on average, e.g. ``6 t/h`` or ``30 s a lot``; empty where nothing does."""
        if self.rate is not None:
            return format_quantity(self.rate.mean * self.count, "kg/s")
        return f"{format_quantity(self.cycle_time.mean, 's')} a lot" if self.cycle_time is not None else ""

    @property
    def roster(self) -> tuple[str, tuple[tuple[str | None, float], ...]] | None:
        """Return a kernel value that follows calendars, and (calendar, what it adds to that value while open) of each; None where none does."""
        return None

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield the hazards and the wear by what no catalogue knows."""
        for name, hazard in self.hazards.items():
            for word in hazard.of:
                if message := vocabulary.unknown_material(word):
                    yield ("hazards", name, "of"), message
        for word in self.wear.of if self.wear is not None else ():
            if message := vocabulary.unknown_material(word):
                yield ("wear", "of"), message

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the values that the machine's kernel is prepared with, in SI, by name.

        Each own field that is a number gives itself, a switch 0 or 1, and a choice of words the place of its word in the declaration, from 0.
        A kind whose kernel wants a table overrides this.
        """
        found = ((name, _number(self, name)) for name in self.own_fields())
        return {name: value for name, value in found if value is not None}


def _is_number(annotation: Any) -> bool:
    return annotation is float


def _number(model: UnitModel, name: str) -> float | None:
    value = getattr(model, name)
    if isinstance(value, (bool, int, float)):
        return float(value)
    annotation = type(model).model_fields[name].annotation
    if isinstance(value, str) and get_origin(annotation) is Literal:
        return float(get_args(annotation).index(value))
    return None
