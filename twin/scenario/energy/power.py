"""The power network of a cluster: what its sites draw is priced together, their own sun is used first, and no more is drawn than a limit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.quantities import Quantity
from twin.scenario.energy.values import GridFactor, PowerOrSeries, PriceOrSeries
from twin.scenario.fields import Text
from twin.scenario.kind import Model

Limit = Annotated[float, Quantity("W", gt=0)]


class OwnPower(Model):
    """Power made by the cluster itself, as a profile: it is used as it is made, what is over is fed in."""

    power: PowerOrSeries = Field(description="What it makes, e.g. of a roof full of solar cells.")
    feed_in: PriceOrSeries = Field(default=0.0, description="What is paid for what is fed into the grid.")


class PowerNetwork(Model):
    """Electricity of all sites, from one connection to the grid."""

    carrier: Literal["electricity"] = Field(default="electricity", description="What is shared.")
    price: PriceOrSeries | None = Field(default=None, description="Price of what is drawn from the grid; without it the cost is not known.")
    co2: GridFactor | None = Field(
        default=None,
        description="CO2 of what is drawn from the grid (scope 2): a factor, a series, or that of a year as it is stored, {year: 2024, vintage: '2025'}.",
    )
    pv: OwnPower | None = Field(default=None, description="Power that the cluster makes itself.")
    limit: Limit | None = Field(default=None, description="The most that all may draw together; a lot, a phase or a batch that would exceed it waits.")
    priority: tuple[Text, ...] = Field(default=(), description="Sites in the order in which they get power that is scarce; who is not named comes last.")
