"""Trucks that take a product away: when they come, what they load, and what a customer takes at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from twin.quantities import Duration, DurationOrZero, Mass, MassOrZero, format_quantity
from twin.scenario.fields import EVERY_COUNTS, CalendarName, EveryCounts
from twin.scenario.kind import NOT_USED, Model, default
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, Loc
from twin.scenario.variates import DurationVariate, MassVariate


class PickUpLimit(Model):
    """What a customer takes at most."""

    mass: Mass = Field(description="What is taken at most in each period.")
    per: Duration = Field(description="Length of a period; the first begins with the run.")


class PickUp(Model):
    """Trucks that take the product away."""

    every: DurationVariate = Field(description="Time from one truck to the next.")
    first: DurationOrZero | None = Field(default=None, description="Time of the first truck; where not given, as of deliveries.")
    mass: MassVariate = Field(description="What a truck takes.")
    minimum: MassOrZero = default(0.0, NOT_USED, description="A truck that finds less leaves empty.")
    unit: Mass | None = Field(default=None, description="Mass of a bale or container: only whole ones are loaded; loose where not given.")
    limit: PickUpLimit | None = Field(
        default=None, description="What the customer takes in a period: the last truck takes what is left of it, further ones do not come."
    )
    time: DurationVariate | None = Field(default=None, description="How long loading takes; what is loaded leaves as it begins. None where not given.")
    needs: Needs = Field(default=(), description="Resources that are held while loading.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    calendar: CalendarName = Field(default=None, description="When trucks come; always where not given.")
    every_counts: EveryCounts | None = Field(default=None, description=EVERY_COUNTS)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = Faults()
        if self.every_counts is not None and self.calendar is None:
            faults.add("'every_counts' needs a 'calendar'; without one all time counts", "every_counts")
        if self.needs and self.time is None:
            faults.add("'needs' needs a 'time': loading that takes none holds nobody", "needs")
        faults.stop_if_any()
        return self


def check_pickup(pickup: PickUp) -> Iterator[tuple[Loc, str]]:
    """Yield what is wrong: a pick-up that can never load anything is an error."""
    unit, limit = pickup.unit, pickup.limit
    if unit is not None and pickup.mass.upper < unit:
        yield ("pickup", "unit"), f"a truck takes at most {format_quantity(pickup.mass.upper, 'kg')}, less than one unit of {format_quantity(unit, 'kg')}"
    for key, least in (("unit", unit or 0.0), ("minimum", pickup.minimum)):
        if limit is not None and limit.mass < least:
            yield ("pickup", "limit"), f"is less than {key!r}, so that no truck ever comes (got {format_quantity(limit.mass, 'kg')})"
