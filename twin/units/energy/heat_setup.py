"""What a heat network is made of, with its series as steps of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from twin.engine.meter import Steps
from twin.errors import UsageError
from twin.kernels.heat_store import StoreData, Tank, two_zone_tank
from twin.kernels.heat_supply import HotStream, Pipe, exchanged, pipe_loss, pipe_outlet
from twin.materials.carriers import emission_factor
from twin.scenario.energy.heat import ELECTRICITY, Boiler, HeatNetwork, PipeModel, Plan, TankModel, WasteSource
from twin.scenario.energy.power import PowerNetwork
from twin.units.energy.profiles import steps_of

NOTHING = Steps([0], [0.0])


@dataclass(frozen=True)
class Offer:
    """Heat that is there anyway: ``heat`` W by profile, or of ``gas`` (W per kg/s) with its ``flow`` kg/s, or of a boiler at ``place``, SITE.UNIT."""

    name: str
    place: str
    heat: Steps
    price: Steps
    co2: Steps


@dataclass(frozen=True)
class Maker:
    """A boiler: ``most`` W of heat, ``ratio`` of it to its carrier; prices EUR/J and ``co2`` kg/J of the carrier; ``plan`` W, where there is one."""

    name: str
    electric: bool
    biogenic: bool
    most: Steps
    ratio: Steps
    price: Steps
    co2: Steps
    on: float
    off: float
    plan: Steps

    @property
    def on_off(self) -> bool:
        """Whether it runs at full power or not at all."""
        return self.off > self.on


@dataclass(frozen=True)
class Taker:
    """A user: ``heat`` W that it wants, ``price`` EUR/J that it pays."""

    name: str
    heat: Steps
    price: Steps


@dataclass(frozen=True)
class Way:
    """The pipe: ``flow`` W/K of its water; temperatures in K."""

    pipe: Pipe
    flow: float
    supply: float
    back: float
    both: bool
    ground: Steps

    def loss(self, ground: float) -> float:
        """What it loses, W."""
        out = pipe_loss(self.pipe, self.supply, ground, self.flow)
        return out + (pipe_loss(self.pipe, self.back, ground, self.flow) if self.both else 0.0)

    def arrives(self, ground: float) -> float:
        """The temperature of the water at its end, K."""
        return pipe_outlet(self.pipe, self.supply, ground, self.flow)


@dataclass(frozen=True)
class Setup:
    """A heat network; ``store`` None without a tank; ``planned``: whether boilers follow a plan."""

    offers: tuple[Offer, ...]
    makers: tuple[Maker, ...]
    takers: tuple[Taker, ...]
    way: Way | None
    store: StoreData | None
    fill: float
    charge: float
    discharge: float
    planned: bool

    def profiles(self) -> Iterator[Steps]:
        """Everything that may change by a series."""
        for offer in self.offers:
            yield from (offer.heat, offer.price, offer.co2)
        for maker in self.makers:
            yield from (maker.most, maker.ratio, maker.price, maker.co2, maker.plan)
        for taker in self.takers:
            yield from (taker.heat, taker.price)
        if self.way is not None:
            yield self.way.ground


def setup_of(model: HeatNetwork, power: PowerNetwork | None, start: datetime) -> Setup:
    """Return what the block `energy.heat` describes."""
    tank = model.tank
    unbound = float("inf")
    return Setup(
        tuple(_offer(name, source, model, start) for name, source in model.sources.items()),
        tuple(_maker(name, boiler, model, power, start) for name, boiler in model.boilers.items()),
        tuple(Taker(name, steps_of(user.heat, start), steps_of(user.price, start)) for name, user in model.users.items()),
        None if model.pipe is None else _way(model.pipe, model, start),
        None if tank is None else store_of(tank, model),
        0.0 if tank is None else tank.fill,
        unbound if tank is None or tank.charge is None else tank.charge,
        unbound if tank is None or tank.discharge is None else tank.discharge,
        isinstance(model.dispatch, Plan),
    )


def store_of(tank: TankModel, model: HeatNetwork) -> StoreData:
    """Return what a tank holds and loses."""
    if tank.capacity is not None:
        return StoreData(tank.capacity, tank.loss_rate, tank.loss)
    assert tank.diameter is not None and tank.height is not None
    hot, cold = tank.hot or model.supply, tank.cold or model.return_
    return two_zone_tank(Tank(tank.diameter, tank.height, tank.conductance, hot, cold, tank.around))


def _offer(name: str, source: WasteSource, model: HeatNetwork, start: datetime) -> Offer:
    heat = steps_of(source.heat or 0.0, start)
    if source.flow is not None and source.temperature is not None:
        per_flow = exchanged(HotStream(source.temperature, 1.0, source.specific_heat), model.return_, model.supply, source.pinch)
        flow = steps_of(source.flow, start)
        heat = Steps(flow.times, [value * per_flow for value in flow.values])
    return Offer(name, source.from_, heat, steps_of(source.price, start), steps_of(source.co2, start))


def _maker(name: str, boiler: Boiler, model: HeatNetwork, power: PowerNetwork | None, start: datetime) -> Maker:
    electric = boiler.carrier == ELECTRICITY
    price, co2 = boiler.price, boiler.co2
    if electric and power is not None:
        price, co2 = (power.price if price is None else price), (power.co2 if co2 is None else co2)
    elif co2 is None:
        co2 = _stored(boiler.carrier)
    plan = model.dispatch.plan.get(name, 0.0) if isinstance(model.dispatch, Plan) else 0.0
    band = boiler.on_off
    return Maker(
        name,
        electric,
        boiler.biogenic,
        steps_of(boiler.power, start),
        steps_of(boiler.efficiency, start),
        steps_of(price, start),
        steps_of(co2, start),
        band.on if band is not None else 0.0,
        band.off if band is not None else 0.0,
        steps_of(plan, start),
    )


def _stored(carrier: str) -> float | None:
    """The CO2 factor of a fuel as it is stored, kg/J; None where it is not known."""
    try:
        return emission_factor(carrier).number.value
    except UsageError:
        return None


def _way(pipe: PipeModel, model: HeatNetwork, start: datetime) -> Way:
    return Way(Pipe(pipe.length, pipe.conductance), pipe.flow * pipe.specific_heat, model.supply, model.return_, pipe.both, steps_of(pipe.ground, start))
