"""Trucks between two sites of a cluster: one unit that loads and sends them, one for all that are under way. Both belong to the sender."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
from twin.engine.waiting import WaitingList
from twin.engine.window import window_begin
from twin.errors import UsageError
from twin.materials import ELEMENTS
from twin.plant.build import Built, varied_assays
from twin.plant.dispatch import Dispatcher
from twin.plant.gatehouse import Gatehouse
from twin.plant.streams import melt_streams
from twin.results.hauls import Carried, Found, Haul, Moved
from twin.scenario.distributions import Distribution
from twin.scenario.kinds.product import Price
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.links import Link
from twin.scenario.model import Scenario
from twin.scenario.series import Series
from twin.scenario.sizes import SizeClasses
from twin.units.gates.arrivals import Arrivals
from twin.units.gates.gate import Gate
from twin.units.gates.pickups import PickUps
from twin.units.gates.product import Drain
from twin.units.gates.trucks import Truck
from twin.units.ground.assembly import Assembly
from twin.units.ground.settlement import Lots, PricedLots, Settlement, SoldLots

Floats = NDArray[np.float64]
Pairs = tuple[tuple[str, str], ...]
FIRST_CLASS = 4.0
"""The first size class, which has no lower bound, counts as reaching from its upper bound over this: its mean is then half its upper bound."""


def size_shares(here: SizeClasses, there: SizeClasses) -> Floats:
    """Share of the mass of a class ``here`` that lies in a class ``there`` (here, there), even by the logarithm of the size; equal classes give one another.

    Of 1 mm to 4 mm, 0.5 lies below 2 mm. What is beyond the largest class counts to it.
    """
    shares = np.zeros((len(here), len(there)))
    for row, (lower, upper) in enumerate(zip(here.lower, here.upper, strict=True)):
        low = lower or upper / FIRST_CLASS
        below = [min(1.0, max(0.0, math.log(bound / low) / math.log(upper / low))) for bound in there.upper[:-1]]
        shares[row] = np.diff([0.0, *below, 1.0])
    return shares


def row_shares(sender: Assembly, receiver: Assembly) -> Floats:
    """Kg in a row of the receiver for a kg in a row of the sender (receiver, sender); a material whose assay varies only there has the catalogue's."""
    here, there = sender.components, receiver.components
    shares = np.zeros((there.rows, here.rows))
    names = receiver.scenario.materials.names
    own = {sender.scenario.materials.names[m]: m for m, _ in here.contents}
    for m, name in enumerate(sender.scenario.materials.names):
        shares[names.index(name), m] = 1.0
        if name not in own:
            for row, (material, element) in enumerate(there.contents, start=there.content):
                if names[material] == name:
                    shares[row, m] = receiver.scenario.materials.assay[material, element]
    for column, (m, element) in enumerate(here.contents, start=here.content):
        material = names.index(sender.scenario.materials.names[m])
        shares[there.content + there.contents.index((material, element)), column] = 1.0
    for row, (material, element) in enumerate(there.contents, start=there.content):
        m = own.get(names[material], -1)
        if m >= 0 and (m, element) not in here.contents:
            shares[row, m] = receiver.scenario.materials.assay[material, element]
    return shares


def varied_by_links(links: Iterable[Link], sites: Mapping[str, Scenario]) -> dict[str, Pairs]:
    """The (material, element) pairs whose share differs in what comes to each site by links, also over several."""
    found: dict[str, Pairs] = dict.fromkeys(sites, ())
    for _ in sites:
        for link in links:
            source, target = link.sender[0], link.receiver[0]
            known = varied_assays(sites[target])
            coming = (*found[target], *varied_assays(sites[source]), *found[source])
            found[target] = tuple(pair for pair in dict.fromkeys(coming) if pair not in known)
    return found


@dataclass(slots=True, eq=False)
class Trip:
    """A truck on the road until ``due`` (ns), with load ``number`` of the link; ``load`` (component of the receiver, size), kg; 0 ``mass`` on the way back."""

    due: int
    mass: float
    load: Floats
    number: int = 0


@dataclass(slots=True)
class RoadRecord:
    """``free`` trucks stand at the sender; ``trips``: loads that left it, ``unloaded`` and ``turned_away`` ones; ``back``: ways back that began.

    In the window of key figures: ``ways`` that began, there and back, kg ``loaded``, kg ``brought``, kg that its weighbridge showed (``weighed``), and the
    EUR ``worth`` of it.
    """

    until: int = NEVER
    free: int = 0
    trips: int = 0
    unloaded: int = 0
    turned_away: int = 0
    back: int = 0
    ways: int = 0
    brought: float = 0.0
    worth: float = 0.0
    loaded: float = 0.0
    weighed: float = 0.0


@dataclass(slots=True)
class Terms:
    """What a receiver pays for a load: ``lots`` reckons each by itself, all since the start; ``seller`` books it for the sender."""

    lots: Lots
    seller: SoldLots


class Road(Unit):
    """Loaded trucks on their way to a gate, and empty ones on their way back. What is sent is counted by the sender's rows, what comes by the receiver's.

    A truck counts as under way until it is unloaded, or turned away. Streams of the sender's seed: ``travel`` and ``back``, one uniform a way.
    """

    def __init__(self, name: str, link: Link, sender: Assembly, receiver: Assembly, gate: Gate) -> None:
        super().__init__(f"link {name} road", sender.next_index(), sender.clock, record := RoadRecord(free=link.trucks))
        self.record: RoadRecord = record
        self.link_name, self.link, self.gate = name, link, gate
        self.travel, self.back = sender.stream(f"link {name}", "travel"), sender.stream(f"link {name}", "back")
        self.rows, self.sizes = row_shares(sender, receiver), size_shares(sender.scenario.sizes, receiver.scenario.sizes)
        self.here, self.there, self.shape = sender.components, receiver.components, receiver.shape
        self.trips: list[Trip] = []
        self.sent, self.received, self.refused = (np.zeros(len(ELEMENTS)) for _ in range(3))
        self.lots_sent: list[tuple[int, int]] = []
        self.lots_taken: list[tuple[int, int]] = []
        """Load and lot of those that left the sender, and of those that came to be at the receiver."""
        self.terms: Terms | None = None
        self.house = Gatehouse(name, link, receiver) if link.weigh is not None or link.sample is not None else None
        """Where loads are weighed and sampled, if they are."""
        self.calendars = [found] if (found := sender.calendar(link.calendar)) is not None else []
        self.dispatcher: Dispatcher
        self._stepping = False
        self.at_gate = WaitingList(f"link {name}: room at {link.to} for the trucks at its gate", lambda _: False, self._who_lets_in)
        gate.links[name] = self

    @property
    def pays(self) -> bool:
        """Whether the receiver pays by the link's terms, and not the price of its feed."""
        return self.terms is not None

    def _who_lets_in(self) -> list[Unit]:
        """Where its trucks stand: in the queue of the gate, or before the hands that unload them."""
        ramp = getattr(self.gate, "ramp", None)
        places = [self.gate] if ramp is None else [self.gate, ramp]
        return [place for place in places if any(truck.link == self.link_name for truck in place.trucks)]

    def leave(self, load: Floats, mass: float, start: int, lots: Iterable[int] = ()) -> None:
        """A truck leaves at ``start`` (ns) with ``load`` (component of the sender, size), ``mass`` kg, of ``lots`` of the sender."""
        self.record.free -= 1
        self.record.trips += 1
        self.lots_sent += [(self.record.trips, lot) for lot in lots]
        self.sent += self.here.elements_of(load.sum(axis=1))
        carried = np.ascontiguousarray(self.rows @ load @ self.sizes)
        self._go(Trip(self._there(start, self.link.travel, self.travel), mass, carried, self.record.trips))

    def done(self, truck: Truck, taken_in: bool, now: int) -> None:
        """The gate has done with a truck: it drives back."""
        elements = self.there.elements_of(truck.load.sum(axis=1))
        if taken_in:
            self.record.unloaded += 1
            self.received += elements
            if self.gate.genealogy is not None:
                self.lots_taken.append((truck.trip, self.gate.lot))
            self._pay(truck, now)
        else:
            self.record.turned_away += 1
            self.refused += elements
        self.record.back += 1
        self._go(Trip(self._there(now, self.link.back or self.link.travel, self.back), 0.0, np.zeros((0, 0))))

    def _there(self, start: int, way: Distribution, stream: Stream) -> int:
        """When a truck that drives from ``start`` on (ns) is there, drawn by ``stream``; a driver drives in working hours."""
        self.record.ways += start >= self.gate.counts_from
        length = nanoseconds(way.inverse(stream.uniform()))
        return advance(self.calendars, start, length) if self.calendars else start + length

    def _pay(self, truck: Truck, now: int) -> None:
        """The receiver took in a load."""
        counts = now >= self.gate.counts_from
        self.record.brought += truck.mass if counts else 0.0
        if self.terms is None:
            return
        lots = self.terms.lots
        before = lots.value, lots.paid
        rows, mass = (truck.load.sum(axis=1), truck.mass) if self.house is None else self.house.find(truck.load, truck.mass, truck.trip)
        self.record.weighed += mass if counts else 0.0
        lots.lot(rows, mass, now)
        worth, paid = lots.value - before[0], lots.paid - before[1]
        self.record.worth += worth if counts else 0.0
        self.terms.seller.received(worth, paid, now)
        self.gate.pay(worth, now)

    def _go(self, trip: Trip) -> None:
        self.leave_lists()
        self.trips.append(trip)
        record = self.record
        if self._stepping:
            return  # the step looks at all of them as it ends
        if record.until < 0:
            record.until = trip.due
            self.clock.schedule(self, trip.due)
        elif trip.due < record.until:
            record.until = trip.due
            self.clock.reschedule(self, trip.due)

    def step(self, now: int) -> bool:
        self._stepping = True
        while (trip := next((trip for trip in self.trips if trip.due <= now), None)) is not None:
            self.trips.remove(trip)
            if trip.mass > 0.0:
                self.gate.arrive(trip.load / trip.mass, trip.mass, now, self.link_name, trip.number)
            else:
                self.record.free += 1
                self.dispatcher.wake(now)
        self._stepping = False
        if not self.trips:
            if self.record.free < self.link.trucks:  # all that are not at home stand at the gate
                self.at_gate.join(self, 0.0)
                check_deadlock(self, now)
            return False
        self.record.until = min(trip.due for trip in self.trips)
        return True

    def haul(self) -> Haul:
        """What was done up to now."""
        ramp = getattr(self.gate, "ramp", None)
        waiting = [truck.load for truck in (*self.gate.trucks, *(ramp.trucks if ramp is not None else ())) if truck.link == self.link_name]
        under_way = np.zeros(len(ELEMENTS))
        for load in (*(trip.load for trip in self.trips if trip.mass > 0.0), *waiting):
            under_way += self.there.elements_of(load.sum(axis=1))
        record, link = self.record, self.link
        value = self.terms.lots.value if self.terms is not None else 0.0
        moved = _moved(record, link)
        carried = Carried(tuple(self.lots_sent), tuple(self.lots_taken))
        found = None if self.house is None else Found(self.house.found.copy(), tuple(self.house.weighed), record.weighed)
        return Haul(record.trips, record.unloaded, record.turned_away, self.sent, self.received, self.refused, under_way, value, moved, carried, found)

    def save(self) -> State:
        sums: dict[str, Any] = {"sent": self.sent.copy(), "received": self.received.copy(), "refused": self.refused.copy()}
        sums |= {"lots": self.terms.lots.save()} if self.terms is not None else {}
        sums |= {"house": self.house.save()} if self.house is not None else {}
        trips = [{"due": trip.due, "mass": trip.mass, "load": trip.load.copy(), "number": trip.number} for trip in self.trips]
        sums |= {name: [list(pair) for pair in getattr(self, name)] for name in ("lots_sent", "lots_taken")}
        return {**super().save(), **sums, "stands": bool(self.waiting), "trips": trips, "used": [self.travel.used, self.back.used]}

    def load(self, state: State) -> None:
        super().load(state)
        self.sent, self.received, self.refused = (state[key].copy() for key in ("sent", "received", "refused"))
        if self.terms is not None:
            self.terms.lots.load(state["lots"])
        if self.house is not None:
            self.house.load(state["house"])
        for trip in state["trips"]:  # what is loaded goes to compiled code that looks at no bounds
            if trip["mass"] > 0.0 and (trip["load"].shape != self.shape or trip["load"].dtype != np.float64):
                raise ValueError(f"a load of link {self.link_name} has the shape {trip['load'].shape}, not {self.shape}")
        self.trips = [Trip(trip["due"], trip["mass"], trip["load"].copy(), trip["number"]) for trip in state["trips"]]
        self.lots_sent, self.lots_taken = ([(int(load), int(lot)) for load, lot in state[name]] for name in ("lots_sent", "lots_taken"))
        self.travel.rewind(state["used"][0])
        self.back.rewind(state["used"][1])

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        if state["stands"]:
            self.at_gate.restore(self, 0.0, 0)


def _moved(record: RoadRecord, link: Link) -> Moved:
    """What was done in the window, with what driving took."""
    distance, fuel = record.ways * (link.distance or 0.0), link.fuel
    energy = distance * fuel.use if fuel is not None else 0.0
    cost = distance * (link.cost or 0.0) + (energy * fuel.price if fuel is not None else 0.0)
    return Moved(distance, record.brought, record.worth, energy, cost, energy * fuel.co2 if fuel is not None else 0.0, record.loaded)


def join(name: str, link: Link, sender: Built, receiver: Built) -> Road:
    """Join two plants by a link. Its units come last at the sender. Raises :class:`~twin.errors.UsageError` where what it takes may be a melt."""
    site, (_, product) = sender.site, link.sender
    check_no_melt(name, link, site.scenario, site.destination)
    model = site.scenario.units[product]
    assert isinstance(model, ProductModel)
    gate = next(gate for gate in receiver.gates if gate.feed == link.receiver[1])
    _silence(site, [unit for unit in site.units if isinstance(unit, Drain) and unit.account.name == product])
    if link.only:
        _silence(site, [unit for unit in site.units if isinstance(unit, PickUps) and unit.product == product])
        _silence(receiver.site, [unit for unit in receiver.site.units if isinstance(unit, Arrivals) and unit.gate is gate])
    road = Road(name, link, site, receiver.site, gate)
    if link.paid:
        road.terms = _terms(name, link, model, site, receiver.site)
        gate.count_prices()
    site.units.append(road)
    dispatcher = Dispatcher(site, name, link, model, road)
    dispatcher.connect(site)
    site.units.append(dispatcher)
    return road


def _terms(name: str, link: Link, model: ProductModel, sender: Assembly, receiver: Assembly) -> Terms:
    """What the receiver pays, and the sender's book for it, which all links of a product share. Lots are valued as the receiver's components."""
    account, start = sender.accounts[link.sender[1]], sender.scenario.start
    begin, end = window_begin(nanoseconds(sender.scenario.warmup), sender.recorder.every), sender.recorder.horizon
    if not isinstance(account.settlement, SoldLots):
        own = account.settlement or PricedLots(_contents(model.price, sender), start, begin)
        account.settlement = SoldLots(own, begin)
    if link.settle is None:
        assert link.price is not None
        return Terms(PricedLots(_contents(link.price, receiver), start, 0), account.settlement)
    return Terms(
        Settlement(
            link.settle,
            lambda name: receiver.components.content_of(name, receiver.scenario.materials),
            sender.stream(f"link {name}", "measurement"),
            start,
            (0, end),
        ),
        account.settlement,
    )


def _contents(price: Price, site: Assembly) -> list[tuple[Floats | None, float | Series, float]]:
    """Each term of a price: what a kg of each component holds of what it pays (None: the whole mass counts), EUR/kg, and the share that is paid."""
    materials = site.scenario.materials
    return [(None if term.name is None else site.components.content_of(term.name, materials), term.value, term.payable) for term in price.terms]


def check_no_melt(name: str, link: Link, scenario: Scenario, destination: Mapping[str, str]) -> None:
    """Raise :class:`~twin.errors.UsageError` where what a link takes may be a melt: a gate knows materials alone."""
    source, product = link.sender
    if product in melt_streams(scenario, destination):
        raise UsageError(
            f"links.{name}.from: {product!r} of site {source!r} is, or holds, what was molten; trucks of a link carry materials of the catalogue only"
        )


def _silence(site: Assembly, units: Iterable[Unit]) -> None:
    """These do nothing: what they did is done by the link."""
    for unit in units:
        unit.record.until = NEVER
        for bunker in site.bunkers.values():
            bunker.takers = [taker for taker in bunker.takers if taker is not unit]
