"""Orders: each is loaded as soon as all of it lies there, the earliest due first."""

from __future__ import annotations

from twin.engine.bunker import Bunker
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.streams import Stream
from twin.engine.unit import NEVER, State
from twin.quantities import format_quantity
from twin.scenario.distributions import Distribution
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.orders import OrderLoading
from twin.units.gates.loads import PICKUPS, REFUSED, Loader
from twin.units.gates.trucks import Truck, TruckQueue
from twin.units.ground.account import Account
from twin.units.ground.assembly import Assembly


class Orders(Loader):
    """The orders of a product, by due date. ``open``: places of those that have not been loaded; ``done``: when each was, ns, below 0 before.

    The first that may be loaded is waited for; what is due later does not pass it. It stands in no list of its bunkers, so that it keeps nobody from them:
    it watches what is put in. ``room``: kg that ``outlet`` must have room for before a rejected lot is looked at again. ``bay``: where orders are loaded;
    None where that takes no time.
    """

    def __init__(self, site: Assembly, name: str, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
        super().__init__(site, f"{name}.orders", site.next_index(), bunkers, account, model)
        self.orders = model.orders.orders
        self.begins = [nanoseconds(max(0.0, order.earliest)) for order in self.orders]
        self.open = list(range(len(self.orders)))
        self.done = [NEVER] * len(self.orders)
        self.room = 0.0
        self.bay: OrderBay | None = None
        self._busy = False
        for bunker in bunkers:
            bunker.watchers.append(self)

    def wake(self, now: int) -> None:
        """Something was put in, or there is room for what was rejected: look again, if an order may be whole."""
        record = self.record
        if self._busy or (not self.waiting and self.ready(now) < 0):
            return
        if record.until < 0:
            record.until = now
            self.clock.schedule(self, now)
        elif record.until > now:
            record.until = now
            self.clock.reschedule(self, now)

    def step(self, now: int) -> bool:
        if self._lacks_room():
            return False
        self._busy = True  # what is put in meanwhile is looked at by the loop
        while self.room <= 0.0 and (order := self.ready(now)) >= 0:
            if self.bay is None:
                if self.load_order(order, now):
                    self.finish(order, now)
            elif self.bay.trucks:
                break
            else:
                self.bay.add(Truck(self.orders[order].mass, now), now)
        self._busy = False
        later = [self.begins[order] for order in self.open if self.begins[order] > now]
        if self._lacks_room() or not later:
            return False
        self.record.until = min(later)
        return True

    def _lacks_room(self) -> bool:
        """Whether a rejected lot must wait in its bunker, since there is no room where it would go; then this waits for room."""
        if self.room <= 0.0 or self.outlet is None:
            return False
        if not self.outlet.room_for(self, self.room):
            self.outlet.putters.join(self, self.room)
            return True
        self.room = 0.0
        self.leave_lists()
        return False

    def ready(self, now: int) -> int:
        """The order that is loaded next, if all of it lies there; -1 else."""
        order = next((order for order in self.open if self.begins[order] <= now), -1)
        return order if order >= 0 and self._stock() >= self.orders[order].mass else -1

    def _stock(self) -> float:
        """What lies in the bunkers, with what may be missed by rounding, kg."""
        return sum(bunker.level + bunker.tolerance for bunker in self.bunkers if bunker.level > 0.0)

    def uncovered(self) -> int:
        """The first order, by due date, that what lies in the bunkers does not cover once those before it are loaded; -1 where there is none."""
        stock = self._stock()
        for order in self.open:
            stock -= self.orders[order].mass
            if stock < 0.0:
                return order
        return -1

    def load_order(self, order: int, now: int) -> bool:
        """Load an order that lies there; where part of it is rejected it stays open."""
        counts, parts, left = self.counts(now), [], self.orders[order].mass
        for bunker in self.bunkers:
            if (amount := min(left, bunker.level)) > bunker.tolerance:
                parts.append((bunker, amount))
                left -= amount
        if self.outlet is not None and self._rejected(parts, now):
            return False
        counts[PICKUPS] += 1.0
        for bunker, amount in parts:
            self.draw(bunker, amount, now)
        self.open.remove(order)
        return True

    def _rejected(self, parts: list[tuple[Bunker, float]], now: int) -> bool:
        """Judge the lots of a load; those outside the specification go where they go, or the load waits until there is room for them."""
        outlet = self.outlet
        assert outlet is not None
        refused = False
        for bunker, amount in parts:
            before = bunker.level
            if not self.refused(bunker, amount, outlet, now):
                continue
            refused = True
            if bunker.level == before:
                self.room = amount
                return True
        if refused:
            counts = self.counts(now)
            counts[PICKUPS] += 1.0
            counts[REFUSED] += 1.0
        return refused

    def finish(self, order: int, now: int) -> None:
        """An order has been loaded."""
        self.done[order] = now
        wanted = self.orders[order]
        late = now / NANOSECONDS - wanted.due
        when = f"{format_quantity(late, 's')} late" if late > 0.0 else "on time"
        self.note(now, f"order {wanted.name!r} of {wanted.mass:.6g} kg done, {when}")

    def save(self) -> State:
        return {**super().save(), "open": list(self.open), "done": list(self.done), "room": self.room}

    def load(self, state: State) -> None:
        super().load(state)
        self.open, self.done, self.room = list(state["open"]), list(state["done"]), state["room"]


class OrderBay(TruckQueue):
    """Where orders are loaded: one after the other, or as many at once as there are hands for. At most one waits, the next.

    Which order it is, is seen when its turn comes. What it is leaves the bunker, and the plant, as loading begins; it is done when that ends. Stream:
    ``order_loading``.
    """

    def __init__(self, site: Assembly, product: str, orders: Orders, model: OrderLoading) -> None:
        super().__init__(site, f"{product}.order_bay", product, site.needed(model.needs, model.priority))
        self.orders, self.time = orders, model.time
        self.stream = site.stream(product, "order_loading")
        self.loading: dict[int, int] = {}
        """The order of each truck that is loaded or interrupted, by the truck's number."""

    def step(self, now: int) -> bool:
        if not self.trucks:
            return False
        truck = self.trucks[0]
        fresh = truck.left < 0
        if fresh and self.turn() and self.orders.ready(now) < 0:
            self._leaves(now)
            return True
        if truck.number < 0:
            self.number(truck)
        if not self.has_hands(now):
            check_deadlock(self, now)
            return False
        if fresh:
            order = self.orders.ready(now)
            if not self.orders.load_order(order, now):
                self.give_hands_back(truck, now)
                self._leaves(now)
                return True
            self.loading[truck.number] = order
        self.serve(now, nanoseconds(self.time.inverse(self.stream.uniform())) if fresh else 0)
        self.orders.wake(now)
        return True

    @property
    def service(self) -> tuple[Distribution, Stream]:
        return self.time, self.stream

    def _leaves(self, now: int) -> None:
        """The load is not there any more, or was rejected."""
        self.leave_queue(now)
        self.abandon_lists(now)
        self.orders.wake(now)

    def finished(self, truck: Truck, now: int) -> None:
        """The truck is gone."""
        self.orders.finish(self.loading.pop(truck.number), now)
        self.orders.wake(now)

    def save(self) -> State:
        loading = [[number, order] for number, order in self.loading.items()]
        return {**super().save(), "used": self.stream.used, "loading": loading}

    def load(self, state: State) -> None:
        super().load(state)
        self.stream.rewind(state["used"])
        self.loading = dict(state["loading"])
