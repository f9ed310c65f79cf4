"""Fuels and oxygen that a site keeps in a tank and has delivered: what a phase or a batch may use must be there before it begins."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from twin.quantities import Duration, DurationOrZero, PricePerEnergy, Quantity
from twin.scenario.energy.values import PriceOrSeries
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.series import OrSeries, Series
from twin.scenario.variates import DurationVariate

Heat = Annotated[float, Quantity("J", gt=0)]
HeatOrNone = Annotated[float, Quantity("J", ge=0)]
Volume = Annotated[float, Quantity("Nm3", gt=0)]
VolumeOrNone = Annotated[float, Quantity("Nm3", ge=0)]
Share = Annotated[float, Quantity("1", ge=0, le=1)]
GasPrice = Annotated[float, Quantity("EUR/Nm3")]
PriceOfGas: TypeAlias = Annotated[float | Series, OrSeries("EUR/Nm3")]


class Delivery(Model):
    """When what is used up comes again: when it runs low, at fixed times, or at fixed times if it has run low."""

    lead: DurationVariate | None = Field(default=None, description="From the order to the delivery; none where not given.")
    every: Duration | None = Field(default=None, description="Ordered at fixed times, so far apart; with `level` only if it has run low.")
    first: DurationOrZero = Field(default=0.0, description="The first of these times, from the start of the run.")


class FuelDelivery(Delivery):
    """Of a fuel, by its lower heating value."""

    size: Heat = Field(description="What is delivered at once; what does not fit goes back, and is not paid.")
    level: Heat | None = Field(default=None, description="Ordered as soon as what is there and on its way has fallen to this.")
    price: PriceOrSeries | None = Field(default=None, description="What is paid for it, as it is when it comes; without it the site's price counts.")


class OxygenDelivery(Delivery):
    """Of oxygen, by the volume of the gas."""

    size: Volume = Field(description="What is delivered at once; what does not fit goes back, and is not paid.")
    level: Volume | None = Field(default=None, description="Ordered as soon as what is there and on its way has fallen to this.")
    price: PriceOfGas | None = Field(default=None, description="What is paid for it, as it is when it comes; without it the cost is not known.")


class FuelStock(Model):
    """A tank of a fuel: burners, reductants that are bought and heated batches of one site draw from it."""

    of: Text = Field(description="What it holds, as SITE.CARRIER.")
    capacity: Heat = Field(description="What it holds at most, by the lower heating value.")
    fill: Share = Field(default=1.0, description="Share of it that is full at the start.")
    price: PricePerEnergy | None = Field(default=None, description="What cost what lies in it at the start; what deliveries cost then where not given.")
    keep: HeatOrNone = Field(default=0.0, description="What no phase or batch may count on, e.g. for burners that hold waiting baths.")
    delivery: FuelDelivery | None = Field(default=None, description="How it is filled up; never where not given.")


class OxygenStock(Model):
    """A tank of oxygen before an oxygen plant, which may be a vaporiser: what its furnaces draw is drawn from the tank."""

    of: Text = Field(description="The oxygen plant that it feeds, as SITE.PLANT.")
    capacity: Volume = Field(description="What it holds at most.")
    fill: Share = Field(default=1.0, description="Share of it that is full at the start.")
    price: GasPrice | None = Field(default=None, description="What cost what lies in it at the start; what deliveries cost then where not given.")
    keep: VolumeOrNone = Field(default=0.0, description="What no phase may count on, e.g. for burners that hold waiting baths.")
    delivery: OxygenDelivery | None = Field(default=None, description="How it is filled up; never where not given.")


Stock: TypeAlias = FuelStock | OxygenStock
