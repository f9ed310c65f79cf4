"""Who loads and sends the trucks of a link, at its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.engine.bunker import Bunker
from twin.engine.calendars import FAR, advance
from twin.engine.clock import nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.unit import State, Unit
from twin.engine.waiting import WaitingList
from twin.engine.window import window_begin
from twin.kernels.compile import Floats
from twin.scenario.kinds.product import Product as ProductModel
from twin.scenario.links import Link
from twin.units.gates.loads import PICKUPS, Loader
from twin.units.ground.assembly import Assembly

if TYPE_CHECKING:
    from twin.plant.links import Road


class Dispatcher(Loader):
    """Loads free trucks, one after the other, whenever the product's bunkers hold enough. What is loaded leaves as loading begins. Stream: ``loading``."""

    def __init__(self, site: Assembly, name: str, link: Link, model: ProductModel, road: Road) -> None:
        account = site.accounts[link.sender[1]]
        bunkers = [site.bunkers[source] for source in model.from_ if source in site.bunkers]
        super().__init__(site, f"link {name}", site.next_index(), bunkers, account, model)
        self.link, self.road, self.calendars = link, road, road.calendars
        road.dispatcher = self
        rule = link.dispatch
        self.every = nanoseconds(rule.every) if rule is not None and rule.every is not None else 0
        self.first = self.due = nanoseconds(rule.first) if rule is not None else 0
        """Fixed times of departure, ns; without them ``every`` is 0. ``due``: the next."""
        self.lots: list[int] = []
        """The lots of the load that is just taken."""
        self.loading = site.stream(f"link {name}", "loading")
        self.counts_from = window_begin(nanoseconds(site.scenario.warmup), site.recorder.every)
        self.truck = WaitingList(f"{self.name}: a free truck", lambda _: road.record.free > 0, lambda: [road])
        for bunker in bunkers:
            bunker.takers.append(self)
            bunker.watchers.append(self)

    def step(self, now: int) -> bool:
        self.leave_lists()
        level = sum(bunker.level for bunker in self.bunkers)
        if self.calendars and (opening := max(calendar.opens(now) for calendar in self.calendars)) > now:
            if opening < FAR:
                self.record.until = opening
            return opening < FAR
        if self.every and now < self.due:
            self.record.until = self.due
            return True
        if level < self.link.level - max(bunker.tolerance for bunker in self.bunkers) or (self.every and self._empty):
            return self._next_time(now)
        if self.road.record.free == 0:
            self.truck.join(self, 0.0)
            check_deadlock(self, now)
            return False
        load = np.zeros_like(self._part)
        self.lots.clear()
        mass = self._load(load, now)
        if mass <= 0.0:
            return self._next_time(now)
        self.record.trucks += 1
        self.road.record.loaded += mass if now >= self.counts_from else 0.0
        self.counts(now)[PICKUPS] += 1.0
        length = 0 if self.link.load is None else nanoseconds(self.link.load.inverse(self.loading.uniform()))
        ends = advance(self.calendars, now, length) if self.calendars else now + length
        self.road.leave(load, mass, ends, self.lots)
        if self.every:
            self.due = self._after(now)
        if ends > now:
            self.record.until = ends
        return True

    @property
    def _empty(self) -> bool:
        """Whether there is nothing to take."""
        return all(bunker.level <= bunker.tolerance for bunker in self.bunkers)

    def _after(self, now: int) -> int:
        """The first fixed time after ``now``, ns."""
        return self.first + max(0, (now - self.first) // self.every + 1) * self.every

    def _next_time(self, now: int) -> bool:
        """Nothing is sent now: wait for more, or for the next of the fixed times."""
        if not self.every:
            return False
        self.due = self.record.until = self._after(now)
        return True

    def _load(self, load: Floats, now: int) -> float:
        """Take up to a payload, bunker by bunker, into ``load``; returns its mass, kg."""
        left = self.link.payload
        for bunker in self.bunkers:
            amount = min(left, bunker.level)
            if amount <= bunker.tolerance or (self.outlet is not None and self.refused(bunker, amount, self.outlet, now)):
                continue
            left -= self._drawn(bunker, amount, now)
            load += self._part
            if self.account.genealogy is not None:
                self.lots.append(self.account.genealogy.last)
        return self.link.payload - left

    def _drawn(self, bunker: Bunker, amount: float, now: int) -> float:
        """Draw for a truck; what the receiver pays for is not worth what other trucks pay."""
        terms = self.road.terms
        if terms is None:
            return self.draw(bunker, amount, now)
        terms.seller.by_link = True
        drawn = self.draw(bunker, amount, now)
        terms.seller.by_link = False
        return drawn

    def save(self) -> State:
        return {**super().save(), "loading": self.loading.used, "stands": bool(self.waiting), "due": self.due}

    def load(self, state: State) -> None:
        super().load(state)
        self.loading.rewind(state["loading"])
        self.due = state["due"]

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        super().load_lists(state, units)
        if state["stands"]:
            self.truck.restore(self, 0.0, 0)
