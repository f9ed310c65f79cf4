"""The rules of a line, written on the machine that takes from bunkers: what it does when a shift ends, and from which level on it runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from twin.quantities import CostPerTime, Duration, DurationOrZero, Mass, MassOrZero, format_quantity
from twin.scenario.fields import Name, Shorthand, Switch, read_reference
from twin.scenario.kind import NOT_USED, Model, UnitModel, default
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults
from twin.scenario.variates import DurationVariate

Outlet = Annotated[str, BeforeValidator(read_reference), WithJsonSchema({"type": "string"})]
AtEnd = Literal["suspend", "finish", "do_not_start", "run_empty"]
SUSPEND: AtEnd = "suspend"
FINISH: AtEnd = "finish"
DO_NOT_START: AtEnd = "do_not_start"
RUN_EMPTY: AtEnd = "run_empty"
DUE = "due"
LONGEST_BREAK = 7200.0
"""s; a calendar that closes for at most so long makes a break, for longer the end of a shift."""


def _longest(value: object) -> object:
    return value if isinstance(value, dict) else {"max": value}


class Overtime(Model):
    """How long a line may go on after its time, and what that costs."""

    max: Duration | None = Field(
        default=None, description="How long after the end of a shift the line may still finish its lot, repairs included; no limit where not given."
    )
    cost: CostPerTime = default(0.0, NOT_USED, description="What an hour of overtime costs besides all else.")


class Flush(Model):
    """What is lost when a line goes over to another material."""

    mass: Mass = Field(description="Mass of the new material that is run through first.")
    to: Outlet = Field(description="The port through which it leaves the line, whatever it is, e.g. `line.rest`.")


class Changeover(Model):
    """What it takes to go over to another source or material, between two lots."""

    time: DurationVariate = Field(description="How long the line stands.")
    between: Literal["sources", "materials"] = Field(
        default="sources", description="What must differ: the bunker that is taken from, or the material of which a lot holds most."
    )
    times: dict[Name, dict[Name, DurationVariate]] = Field(
        default={}, description="Other times by what was worked on and what comes, e.g. {fridges: {screens: 3 h}}; names of bunkers, or of materials."
    )
    needs: Needs = Field(default=(), description="Resources that are held meanwhile.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    flush: Flush | None = Field(default=None, description="What is lost afterwards; nothing where not given.")


class Leg(Model):
    """One campaign of a plan."""

    from_: Name = Field(alias="from", description="The bunker that is taken from.")
    mass: Mass | None = Field(default=None, description="How much; until there is no lot left where not given; `by: due`, until the order is covered.")
    for_: Name | None = Field(default=None, alias="for", description="With `by: due`: the product whose orders the campaign serves.")


def _mass_of(value: object) -> object:
    return value if isinstance(value, dict) else {"mass": value}


class CampaignPlan(Model):
    """How long a line works on one of its sources, and on which next."""

    mass: Mass | None = Field(default=None, description="Mass of a campaign; until there is no lot left where not given.")
    by: Literal["order", "stock", "due"] = Field(
        default="order",
        description="Which source is next: in the order of 'from', the one that holds most, or, `due`, that of the product with the earliest order that its "
        "stock does not cover; then `plan` says with `for` which serves which.",
    )
    plan: tuple[Leg, ...] = Field(default=(), description="Campaigns one after the other, e.g. [{from: fridges, mass: 40 t}, {from: screens, mass: 20 t}].")
    repeat: Switch = Field(default=True, description="Whether the plan begins anew after its last campaign.")
    when_empty: Literal["next", "wait"] = Field(
        default="next", description="What happens when a source holds no lot before its campaign is over: go to the next, or wait for more."
    )

    @model_validator(mode="after")
    def _serves(self) -> Self:
        faults = Faults()
        by_due = self.by == DUE
        if by_due and not self.plan:
            faults.add("'by: due' needs a 'plan' that says which source serves which product, e.g. [{from: fridges, for: cold}]", "plan")
        if by_due and (self.mass is not None or not self.repeat):
            key = "repeat" if self.mass is None else "mass"
            faults.add(f"{key!r} is not used with 'by: due'; the 'mass' of a campaign stands in its 'plan'", key)
        for k, leg in enumerate(self.plan):
            if (leg.for_ is not None) != by_due:
                text = "'for' is missing: the product whose orders the campaign serves" if by_due else "'for' is used only with 'by: due'"
                faults.add(text, "plan", k, "for")
        faults.stop_if_any()
        return self


class EnergyStates(Model):
    """When a line that stands goes to stand-by and off, and what a start takes. What machines then draw is in their `power`."""

    standby_after: Duration | None = Field(default=None, description="How long after its work the line goes to stand-by; never where not given.")
    off_after: Duration | None = Field(default=None, description="How long after its work it is switched off; only at the end of its hours where not given.")
    warm_up: DurationOrZero = default(0.0, NOT_USED, description="How long a start from stand-by takes.")
    warm_up_off: DurationOrZero | None = Field(default=None, description="How long a start takes when it was off, the first start included; `warm_up` else.")
    min_run: DurationOrZero = default(0.0, NOT_USED, description="How long the line at least stays on after a start, be it idle.")
    min_stop: DurationOrZero = default(0.0, NOT_USED, description="How long it at least rests before it starts again.")

    @model_validator(mode="after")
    def _can_rest(self) -> Self:
        faults = Faults()
        if self.standby_after is None and self.off_after is None:
            for key in ("min_run", "min_stop"):
                if getattr(self, key):
                    faults.add("needs 'standby_after' or 'off_after': without them the line never rests within its hours", key)
        faults.stop_if_any()
        return self


class LineRules(UnitModel):
    """What a line does by rule; all of it stands on the machine that takes from bunkers."""

    at_shift_end: AtEnd | None = Field(
        default=None,
        description="What happens to the lot when the line's calendars close: `suspend` it until they open; `finish` it in overtime; `do_not_start` one "
        "that would not be done in time; `run_empty`: stop the feed `run_out` before, and hand over what has passed. Where not given, `run_empty` with a "
        "`run_out`, else `suspend`.",
    )
    at_break: AtEnd = Field(default=SUSPEND, description="The same where the calendars close for 2 h at most.")
    at_maintenance: AtEnd = Field(default=SUSPEND, description="The same before planned maintenance.")
    overtime: Annotated[Overtime, Shorthand(_longest, {"type": "string", "examples": ["2 h"]})] = Field(
        default=Overtime(), description="How long `finish` may take after the end of a shift, and what an hour of it costs."
    )
    run_out: DurationOrZero | None = Field(default=None, description="How long the machines need to run empty once the feed has stopped.")
    start_at: Mass | None = Field(default=None, description="The line starts when its bunker holds so much, and then runs until `stop_at`.")
    stop_at: MassOrZero | None = Field(
        default=None, description="A line with `start_at` stops before its bunker would hold less than this; empty where not given."
    )

    campaign: Annotated[CampaignPlan | None, Shorthand(_mass_of, {"type": "string", "examples": ["40 t"]})] = Field(
        default=None, description="With `take: campaigns`: how much is taken from one bunker before the next one's turn; a mass, or a plan."
    )
    changeover: Changeover | None = Field(default=None, description="What it takes to go over to another source or material; nothing where not given.")

    settings: dict[Name, dict[str, Any]] = Field(
        default={},
        description="What is set while the line works on one of its bunkers: numbers and words of its machines and of belts, e.g. "
        "{fridges: {units.screen.aperture: 12 mm, units.belt.transit: 2 min}, screens: {…}}; the same paths for each.",
    )
    energy_states: EnergyStates | None = Field(
        default=None, description="When the line goes to stand-by and off, and how it starts again; it is idle whenever it stands where not given."
    )

    @property
    def shift_end(self) -> AtEnd:
        """What happens at the end of a shift."""
        if self.at_shift_end is not None:
            return self.at_shift_end
        return RUN_EMPTY if self.run_out else SUSPEND

    @property
    def ends(self) -> tuple[AtEnd, AtEnd, AtEnd]:
        """What happens at the end of a shift, at a break and before maintenance."""
        return self.shift_end, self.at_break, self.at_maintenance

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        faults = Faults()
        if self.overtime != Overtime() and FINISH not in self.ends:
            faults.add("'overtime' needs 'finish': at_shift_end, at_break or at_maintenance", "overtime")
        if self.run_out is not None and RUN_EMPTY not in self.ends:
            faults.add("'run_out' needs 'run_empty': at_shift_end, at_break or at_maintenance", "run_out")
        if self.stop_at is not None and self.start_at is None:
            faults.add("'stop_at' needs 'start_at', the level at which the line starts", "stop_at")
        elif self.start_at is not None and self.start_at <= (self.stop_at or 0.0):
            low, high = format_quantity(self.stop_at or 0.0, "kg"), format_quantity(self.start_at, "kg")
            faults.add(f"must lie above 'stop_at', {low} (got {high})", "start_at")
        faults.stop_if_any()
        return self


def rule_keys() -> tuple[str, ...]:
    """The keys that stand on the machine that takes from bunkers and on no other of a line."""
    own: dict[str, Any] = LineRules.model_fields
    return tuple(name for name in own if name not in UnitModel.model_fields)
