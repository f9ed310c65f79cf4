"""The heat network of a cluster: sources, a tank, a pipe, boilers, and who uses the heat."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.quantities import Duration, Length, Quantity, Temperature
from twin.scenario.energy.values import ELECTRICITY as ELECTRICITY
from twin.scenario.energy.values import FactorOrSeries, FlowOrSeries, PowerOrSeries, PriceOrSeries, RatioOrSeries, TemperatureOrSeries
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.series import Series

HeatCapacity = Annotated[float, Quantity("J/(kg K)", gt=0)]
PowerPerKelvin = Annotated[float, Quantity("W/(m2 K)", ge=0)]
LineLoss = Annotated[float, Quantity("W/(m K)", ge=0)]
Rate = Annotated[float, Quantity("1/s", ge=0, example="0.2 %/h")]
Watts = Annotated[float, Quantity("W", ge=0)]
Flow = Annotated[float, Quantity("kg/s", gt=0)]
Kelvins = Annotated[float, Quantity("K", ge=0)]
Share = Annotated[float, Quantity("1", ge=0, le=1)]
Capacity = Annotated[float, Quantity("J", gt=0)]


class WasteSource(Model):
    """Heat that is there whether it is used or not: steam that nobody draws, a hot gas, or a profile. Give one of `from`, `flow` and `heat`."""

    from_: Text = Field(default="", alias="from", description="A waste-heat boiler, as SITE.UNIT: the steam that its site neither draws nor stores.")
    heat: PowerOrSeries | None = Field(default=None, description="A profile of what there is, at a level high enough.")
    temperature: Temperature | None = Field(default=None, description="Of the hot gas, or of the steam, which condenses there.")
    flow: FlowOrSeries | None = Field(default=None, description="Of the hot gas.")
    specific_heat: HeatCapacity = Field(default=1150.0, description="Of the hot gas.")
    pinch: Kelvins = Field(default=10.0, description="By how much the source is warmer than the water, at the narrowest.")
    price: PriceOrSeries = Field(default=0.0, description="What is paid for what is taken.")
    co2: FactorOrSeries = Field(default=0.0, description="CO2 that counts for what is taken.")


class Band(Model):
    """Two contents of the tank, as shares of what it holds, between which a boiler is on or off."""

    on: Share = Field(default=0.0, description="The boiler starts when the tank has fallen to this.")
    off: Share = Field(default=1.0, description="It stops when the tank has risen to this.")


class Boiler(Model):
    """What makes heat of a carrier when it is wanted: a boiler, a heat pump, a rod. Those that cost least go first."""

    power: PowerOrSeries = Field(description="The most heat that it gives.")
    carrier: Text = Field(description="What it takes: `electricity` is drawn from the power network.")
    efficiency: RatioOrSeries = Field(default=1.0, description="Heat per energy taken: .92 of a gas boiler, 3.2 of a heat pump.")
    price: PriceOrSeries | None = Field(default=None, description="Of its carrier; electricity has that of the power network where none is given.")
    co2: FactorOrSeries | None = Field(default=None, description="Of its carrier; by default that of the power network, or what is stored of a fuel.")
    biogenic: bool = Field(default=False, strict=True, description="Whether its CO2 is of wood and the like, which is counted apart.")
    on_off: Band | None = Field(default=None, description="It runs at its full power or not at all, by the content of the tank.")


class TankModel(Model):
    """A store of heat: a standing cylinder of hot water over cold, or its capacity and losses."""

    diameter: Length | None = Field(default=None, description="Of the cylinder.")
    height: Length | None = Field(default=None, description="Of the cylinder.")
    conductance: PowerPerKelvin = Field(default=0.3, description="Of its insulation.")
    hot: Temperature | None = Field(default=None, description="Of its hot water; by default that of the supply.")
    cold: Temperature | None = Field(default=None, description="Of its cold water; by default that of the return.")
    around: Temperature = Field(default=283.15, description="Of the air around it.")
    capacity: Capacity | None = Field(default=None, description="Instead of a cylinder: the heat that it holds.")
    loss_rate: Rate = Field(default=0.0, description="With a capacity: what is lost of the content.")
    loss: Watts = Field(default=0.0, description="With a capacity: what is lost whenever there is any.")
    fill: Share = Field(default=0.0, description="Share of the capacity that it holds at the start.")
    charge: Watts | None = Field(default=None, description="The most power that it takes.")
    discharge: Watts | None = Field(default=None, description="The most power that it gives.")


class PipeModel(Model):
    """Buried pipes from the sources to the users, through which a constant flow runs."""

    length: Length = Field(description="One way.")
    conductance: LineLoss = Field(description="From the water to the ground.")
    flow: Flow = Field(description="Of water, all the time.")
    ground: TemperatureOrSeries = Field(default=283.15, description="Of the ground.")
    specific_heat: HeatCapacity = Field(default=4190.0, description="Of the water.")
    both: bool = Field(default=True, strict=True, description="Whether the way back loses heat too, at the temperature of the return.")


class User(Model):
    """Who uses heat."""

    heat: PowerOrSeries = Field(description="What is wanted.")
    price: PriceOrSeries = Field(default=0.0, description="What is paid for it.")


class Plan(Model):
    """What sources shall give, found before the run, e.g. by a linear programme: the tank takes or gives the difference."""

    plan: dict[Text, PowerOrSeries] = Field(min_length=1, description="Heat by boiler; one that is not named stands still unless heat would be lacking.")


class HeatNetwork(Model):
    """One pair of pipes, supply and return."""

    supply: Temperature = Field(description="Of the water that goes out.")
    return_: Temperature = Field(alias="return", description="Of the water that comes back.")
    hypothetical: bool = Field(default=False, strict=True, description="Whether such a network is assumed and not there; every report says so.")
    sources: dict[Text, WasteSource] = Field(default_factory=dict, description="Heat that is there anyway, taken in this order.")
    boilers: dict[Text, Boiler] = Field(default_factory=dict, description="Heat that is made, the cheapest first; of equal costs the first.")
    tank: TankModel | None = Field(default=None, description="A store of heat.")
    pipe: PipeModel | None = Field(default=None, description="What the way to the users loses.")
    users: dict[Text, User] = Field(default_factory=dict, description="Who uses heat.")
    dispatch: Literal["rule"] | Plan = Field(default="rule", description="`rule`: waste first, then the tank, then boilers by cost; or a plan.")
    every: Duration = Field(default=3600.0, description="Length of a step of the record.")


def series_of(network: Model) -> list[Series]:
    """Return every series that networks change by."""
    found: list[Series] = []

    def walk(value: object) -> None:
        if isinstance(value, Series):
            found.append(value)
        elif isinstance(value, Model):
            for name in type(value).model_fields:
                walk(getattr(value, name))
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)

    walk(network)
    return found
