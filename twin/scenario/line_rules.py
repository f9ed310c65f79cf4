"""The rules of a line, written on the machine that takes from bunkers: what it does when a shift ends, and from which level on it runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from twin.quantities import Duration, DurationOrZero, Mass, MassOrZero, Quantity, format_quantity
from twin.scenario.fields import Shorthand
from twin.scenario.kind import NOT_USED, Model, UnitModel, default
from twin.scenario.problems import Faults

CostPerTime = Annotated[float, Quantity("EUR/s", ge=0)]
AtEnd = Literal["suspend", "finish", "do_not_start", "run_empty"]
SUSPEND: AtEnd = "suspend"
FINISH: AtEnd = "finish"
DO_NOT_START: AtEnd = "do_not_start"
RUN_EMPTY: AtEnd = "run_empty"
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
