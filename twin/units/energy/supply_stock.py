"""A tank of fuel or oxygen: what a phase or a batch may use is set aside before it begins, with all else that it needs; deliveries fill it up.

Draws are even from the begin of a phase to its end, so the level is a line between events. Events are deliveries, orders at fixed times, and the moment at
which the level has fallen to that of the order, rounded up to a nanosecond. What is there at a time is told from what was there at the last event: to look
changes no bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from twin.engine.clock import NANOSECONDS, Clock, nanoseconds
from twin.engine.meter import Steps
from twin.engine.resource import Hold, Queue, Rules
from twin.engine.staffing import Staffing
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State, Unit
from twin.scenario.energy.stocks import Stock
from twin.units.ground.supply_share import SupplyShare

ROUNDING = 1e-12
"""Share of the tank by which sums may seem to be above what it holds."""


@dataclass(frozen=True)
class Recorded:
    """``begin`` (ns): from when on sums count; ``every`` (ns): a step of the record, up to ``horizon`` (ns)."""

    begin: int
    every: int
    horizon: int


@dataclass(frozen=True)
class Asker:
    """A unit that draws from the tank: ``name`` with its site, what its present work may use at most, and whether it lacks nothing else."""

    name: str
    most: Callable[[], float]
    ready: Callable[[], bool]


@dataclass(slots=True)
class Draw:
    """``amount`` that is set aside; used evenly from ``begin`` to ``end`` (ns), once that is known: before, both are the same and nothing is used."""

    amount: float
    begin: int
    end: int

    def used(self, now: int) -> float:
        """What of it was used by ``now``, ns."""
        if now >= self.end:
            return self.amount if self.end > self.begin else 0.0
        return self.amount * ((now - self.begin) / (self.end - self.begin)) if now > self.begin else 0.0


@dataclass(slots=True)
class Sums:
    """From the end of the warm-up on. ``first``: what there was then; ``used``, ``paid`` (EUR), ``worth`` (EUR) of what was used, what was ``turned_back``
    for want of room, ``lacking``: used and not there; ``deliveries``; ``waited``, ns, by all for whom there was not enough; ``lowest`` there ever was.
    """

    first: float = 0.0
    used: float = 0.0
    delivered: float = 0.0
    turned_back: float = 0.0
    lacking: float = 0.0
    paid: float = 0.0
    worth: float = 0.0
    deliveries: int = 0
    waited: int = 0
    lowest: float = math.inf


@dataclass(slots=True)
class StockRecord:
    """``level``: what there is but for draws under way; ``price``: what a unit of it cost, EUR; ``orders``: when each delivery comes, ns, as a heap;
    ``asked``: how often one was due at a fixed time; ``used``: all so far but for draws under way; ``valued``: of what was used, what counts in ``worth``
    already."""

    until: int = NEVER
    level: float = 0.0
    price: float = 0.0
    orders: list[int] = field(default_factory=list)
    asked: int = 0
    since: int = 0
    used: float = 0.0
    valued: float = 0.0
    counting: bool = False
    steps: int = 0


class AskersQueue(Queue):
    """In order of asking; who lacks something else too is passed over meanwhile, and several can be served at once."""

    stock: SupplyStock
    overtakes = True

    def remove(self, unit: Unit) -> None:
        if self.before_change is not None:
            self.before_change(unit.clock.now)
        self._delete(self.units.index(unit))
        self.wake_first(unit.clock.now)

    def wake_first(self, now: int) -> None:
        for unit in list(self.units):
            if unit.record.until < 0 and self.stock.askers_of[unit].ready() and self.stock.free_for(unit):
                unit.wake(now)


class SupplyStock(SupplyShare):
    """``askers_of`` units; amounts in J, or Nm3 of oxygen. ``lead``: the stream of the times that deliveries take."""

    def __init__(self, name: str, index: int, clock: Clock, model: Stock, times: Recorded, price: Steps, lead: Stream) -> None:
        super().__init__(f"energy stock {name}", index, clock, Rules(Staffing([(None, 1)])))
        self.label, self.model, self.times, self.price_of, self.lead = name, model, times, price, lead
        self.record: StockRecord = StockRecord(level=model.fill * model.capacity, price=price.at(0) if model.price is None else model.price)
        self.askers_of: dict[Unit, Asker] = {}
        self.held: dict[Unit, Draw] = {}
        self.sums = Sums()
        self.content = np.zeros(-(-times.horizon // times.every))
        queue = AskersQueue(f"{self.name}: {model.of}", lambda _: self.free_for(self.queue.units[0]), self._who_fills, ends_quietly=model.delivery is None)
        queue.ranks, queue.choices, queue.stock, queue.before_change = [], [], self, self._reach
        self.queue = queue

    # -- what there is ------------------------------------------------------------------------------------------------------------------------

    def level_at(self, now: int) -> float:
        """What there is at ``now``, ns, where nothing happened since the last event."""
        return self.record.level - sum([draw.used(now) for draw in self.held.values()])

    def _free(self, unit: Unit | None) -> float:
        """What ``unit`` could count on now: what nobody has set aside. Draws take from what was set aside for them, so it stays between events."""
        return self.record.level - self.model.keep - sum([draw.amount for other, draw in self.held.items() if other is not unit])

    def covers(self, unit: Unit) -> bool:
        return self.askers_of[unit].most() <= self._free(unit) + ROUNDING * self.model.capacity

    def free_for(self, unit: Unit, more: int = 0) -> bool:
        """Whether there is enough for ``unit``, and nobody who has only to wait for that stands before it."""
        for other in self.queue.units:
            if other is unit:
                break
            if self.askers_of[other].ready():
                return False
        return self.covers(unit)

    def yields(self, unit: Unit, rank: int, more: int = 0) -> bool:
        """Nobody is interrupted for it."""
        return False

    def _who_fills(self) -> list[Unit]:
        return [*(hold.unit for hold in self.holders), self]

    # -- who uses it --------------------------------------------------------------------------------------------------------------------------

    def join(self, unit: Unit, rank: int, asked: int, choices: tuple[int, ...]) -> None:
        """Wait, in order of asking."""
        self.queue.stand(unit, 0, asked, choices)

    def grant(self, hold: Hold, now: int) -> None:
        self._reach(now)
        self.holders.append(hold)
        self.held[hold.unit] = Draw(self.askers_of[hold.unit].most(), now, now)

    def keeps(self, unit: Unit, amount: float, now: int, until: int) -> None:
        if unit not in self.held:
            return
        self._reach(now)
        self.held[unit] = Draw(amount, now, until)
        if until == now:
            self.held[unit] = Draw(0.0, now, now)
            self.take(amount, now)
        self._plan(now)
        self.queue.wake_first(now)

    def take(self, amount: float, now: int) -> None:
        self._reach(now)
        there = min(amount, max(0.0, self.record.level - sum([draw.amount for draw in self.held.values()])))
        self.record.level -= there
        self.record.used += there
        self.sums.lacking += (amount - there) if self.record.counting else 0.0
        self._plan(now)

    def give_back(self, unit: Unit, number: int, now: int) -> bool:
        for place, hold in enumerate(self.holders):
            if hold.unit is unit:
                self._reach(now)
                draw = self.held.pop(unit)
                del self.holders[place]
                if draw.end > draw.begin:
                    self.record.level -= draw.amount
                    self.record.used += draw.amount
                self._plan(now)
                return True
        return False

    # -- deliveries ---------------------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        """A delivery comes, a fixed time is there, or the level has fallen to that of the order."""
        delivery = self.model.delivery
        if delivery is None:
            return False
        self._reach(now)
        record = self.record
        came = False
        while record.orders and record.orders[0] <= now:
            heappop(record.orders)
            self._fill(now)
            came = True
        if delivery.every is not None:
            while self._fixed() <= now:
                record.asked += 1
                if delivery.level is None or self._low(now):
                    self._order(now)
        else:
            while self._low(now):
                self._order(now)
        if came:
            self.queue.wake_first(now)
        record.until = self._next(now)
        return record.until >= 0

    def _fixed(self) -> int:
        """The next fixed time, ns."""
        delivery = self.model.delivery
        assert delivery is not None and delivery.every is not None
        return nanoseconds(delivery.first) + self.record.asked * nanoseconds(delivery.every)

    def _low(self, now: int) -> bool:
        """Whether what is there and on its way has fallen to the level of the order."""
        delivery = self.model.delivery
        assert delivery is not None and delivery.level is not None
        return self.level_at(now) + len(self.record.orders) * delivery.size <= delivery.level + ROUNDING * self.model.capacity

    def _order(self, now: int) -> None:
        delivery = self.model.delivery
        assert delivery is not None
        if delivery.lead is None:
            self._fill(now)
            self.queue.wake_first(now)
        else:
            heappush(self.record.orders, now + nanoseconds(delivery.lead.inverse(self.lead.uniform())))

    @property
    def paid(self) -> float:
        """What deliveries cost, EUR; NaN where they have no price, also if none came: then it is the site's price that counts, however many do."""
        delivery = self.model.delivery
        return math.nan if delivery is not None and delivery.price is None else self.sums.paid

    def _fill(self, now: int) -> None:
        """A delivery comes; what does not fit goes back."""
        assert self.model.delivery is not None
        record, sums, size = self.record, self.sums, self.model.delivery.size
        there = self.level_at(now)
        taken = min(size, max(0.0, self.model.capacity - there))
        self._value(now)
        price = self.price_of.at(now)
        if taken > 0.0 and there + taken > 0.0:
            record.price = (record.price * there + price * taken) / (there + taken)
        record.level += taken
        if record.counting:
            sums.delivered += taken
            sums.turned_back += size - taken
            sums.paid += price * taken if taken > 0.0 else 0.0
            sums.deliveries += 1

    def _next(self, now: int) -> int:
        """When something happens by itself, ns; below 0 where nothing does."""
        delivery = self.model.delivery
        if delivery is None:
            return NEVER
        found = self.record.orders[:1]
        if delivery.every is not None:
            found.append(self._fixed())
        elif (falls := self._falls(now)) is not None:
            found.append(falls)
        return min(found, default=NEVER)

    def _falls(self, now: int) -> int | None:
        """When the level has fallen to that of the order, ns; None where no draw under way brings it there."""
        delivery = self.model.delivery
        assert delivery is not None and delivery.level is not None
        over = self.level_at(now) + len(self.record.orders) * delivery.size - delivery.level
        draws = sorted((draw for draw in self.held.values() if draw.end > now), key=lambda draw: draw.end)
        rates = [draw.amount / (draw.end - draw.begin) for draw in draws]
        since = now
        for place, draw in enumerate(draws):
            rate = sum(rates[place:])
            if rate * (draw.end - since) >= over:
                return since + max(1, math.ceil(over / rate)) if rate > 0.0 else None
            over -= rate * (draw.end - since)
            since = draw.end
        return None

    def _plan(self, now: int) -> None:
        """Have the event at the next time at which something happens; at this instant where the level has fallen already."""
        delivery = self.model.delivery
        if delivery is None:
            return
        low = delivery.every is None and self._low(now)
        until, record = now if low else self._next(now), self.record
        if until == record.until:
            return
        pending = record.until >= 0
        record.until = until
        if until < 0:
            self.cancel()
        elif pending:
            self.clock.reschedule(self, until)
        else:
            self.clock.schedule(self, until)

    # -- accounts -----------------------------------------------------------------------------------------------------------------------------

    def arm(self) -> None:
        """Set its first event, before the run begins."""
        delivery = self.model.delivery
        low = delivery is not None and delivery.every is None and self._low(0)
        self.record.until = 0 if low else self._next(0)

    def _reach(self, now: int) -> None:
        """Account for what was so up to ``now``, before anything changes."""
        record, sums, times = self.record, self.sums, self.times
        while (end := min((record.steps + 1) * times.every, times.horizon)) <= now and record.steps < len(self.content):
            self.content[record.steps] = self.level_at(end)
            record.steps += 1
        if not record.counting and now >= times.begin:
            record.counting = True
            record.valued = self._used_by(times.begin)
            sums.first = sums.lowest = self.level_at(times.begin)
            sums.used = -record.valued
        if record.counting:
            sums.lowest = min(sums.lowest, self.level_at(now))
            since = max(record.since, times.begin)
            if since < now:
                sums.waited += (now - since) * sum([not self.covers(unit) for unit in self.queue.units])
        record.since = now

    def _used_by(self, now: int) -> float:
        return self.record.used + sum([draw.used(now) for draw in self.held.values()])

    def _value(self, now: int) -> None:
        """Count the worth of what was used up to ``now`` at what it cost."""
        if self.record.counting:
            used = self._used_by(now)
            if used > self.record.valued:  # where nothing is used no price is needed
                self.sums.worth += self.record.price * (used - self.record.valued)
            self.record.valued = used

    def close(self, now: int) -> None:
        """Account up to the end."""
        self._reach(now)
        self._value(now)
        self.sums.used += self._used_by(now)

    def account(self, now: int) -> None:
        """It has no row of its own."""

    def save(self) -> State:
        """Who uses how much, and who waits, by names with their sites."""
        names = {unit: asker.name for unit, asker in self.askers_of.items()}
        holders = [[names[hold.unit], hold.number, hold.rank, hold.asked, hold.leaves, hold.cut] for hold in self.holders]
        draws = [[names[unit], draw.amount, draw.begin, draw.end] for unit, draw in self.held.items()]
        queue = {**self.queue.save(), "units": [names[unit] for unit in self.queue.units]}
        own = {"holders": holders, "draws": draws, "queue": queue, "lead": self.lead.used, "content": self.content.copy()}
        saved = super().save()
        saved["record"]["orders"] = list(self.record.orders)
        return {**saved, **own, "sums": {name: getattr(self.sums, name) for name in Sums.__slots__}}

    def load(self, state: State) -> None:
        super().load(state)
        self.record.orders = sorted(int(due) for due in self.record.orders)
        self.lead.rewind(state["lead"])
        self.content[:] = state["content"]
        self.sums = Sums(**state["sums"])

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Units of all sites; the sites are loaded before."""
        known = {asker.name: unit for unit, asker in self.askers_of.items()}
        self.holders = [Hold(known[name], *task) for name, *task in state["holders"]]
        self.held = {known[name]: Draw(*draw) for name, *draw in state["draws"]}
        self.queue.load(state["queue"], known)

    @property
    def seconds_waited(self) -> float:
        """The time that units waited while there was not enough for them, s, of all together."""
        return self.sums.waited / NANOSECONDS
