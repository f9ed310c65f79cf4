"""A limit on what units draw together: what a lot, a phase, a batch or a section draws above idle is granted with all else that it needs, or not at all, and
given back when it is done.

Idle power is always held. Who lacks nothing but power stands by the priority of its site, then in order of asking, and nobody of a lower place overtakes it: a
large lot is not starved by small ones. Who lacks people too is passed over meanwhile. A furnace asks for what its phase may draw at most, since how much it
does is known once it has begun, and keeps that then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twin.engine.clock import Clock
from twin.engine.resource import Hold, Queue, Rules
from twin.engine.staffing import Staffing
from twin.engine.unit import State, Unit
from twin.errors import RunError
from twin.quantities import format_quantity
from twin.units.ground.power_share import PowerShare

ROUNDING = 1e-12
"""Share of the limit by which sums of powers may seem to be above it."""


@dataclass(frozen=True)
class Drawer:
    """A unit under the limit: ``name`` with its site, ``idle`` W now, what its present ``lot`` draws above that, W; ``ready``: whether it lacks nothing
    else; ``rank``."""

    name: str
    unit: Unit
    idle: Callable[[], float]
    lot: Callable[[], float]
    ready: Callable[[], bool]
    rank: int


class PowerQueue(Queue):
    """Several can be served at once, and the first may lack something else: whoever can go on is woken."""

    limit: PowerLimit
    overtakes = True

    def remove(self, unit: Unit) -> None:
        self._delete(self.units.index(unit))
        self.wake_first(unit.clock.now)

    def wake_first(self, now: int) -> None:
        for unit in list(self.units):
            if unit.record.until < 0 and self.limit.drawers[unit].ready() and self.limit.free_for(unit):
                unit.wake(now)  # whoever lacks something else is woken by that


class PowerLimit(PowerShare):
    """``most`` W for all ``drawers``, of which ``kept`` W are never to be had; without events of its own."""

    def __init__(self, index: int, clock: Clock, most: float, kept: float = 0.0) -> None:
        super().__init__("energy limit", index, clock, Rules(Staffing([(None, 1)])))
        self.most, self.kept = most, kept
        self.idle: list[Callable[[], float]] = []
        """What else draws now and never asks, W: belts."""
        self.drawers: dict[Unit, Drawer] = {}
        self.held: dict[Unit, float] = {}
        queue = PowerQueue("energy limit: power", lambda _: self.free_for(self.queue.units[0]), lambda: [hold.unit for hold in self.holders])
        queue.ranks, queue.choices, queue.limit = [], [], self
        self.queue = queue

    def free_for(self, unit: Unit, more: int = 0) -> bool:
        """Whether the lot of ``unit`` may draw its power now, and nobody who has only to wait for power stands before it."""
        for other in self.queue.units:
            if other is unit:
                break
            if self.drawers[other].ready():
                return False
        return self._fits(unit)

    def _idle(self) -> float:
        return self.kept + sum([drawer.idle() for drawer in self.drawers.values()]) + sum([draws() for draws in self.idle])

    def covers(self, unit: Unit) -> bool:
        return self._idle() + sum(self.held.values()) + self.drawers[unit].lot() <= self.most * (1.0 + ROUNDING)

    def _fits(self, unit: Unit) -> bool:
        if self.covers(unit):
            return True
        if not self.held:
            asked, idle = self.drawers[unit].lot(), self._idle()
            words = [format_quantity(value, "W") for value in (asked, idle, self.most)]
            raise RunError(
                f"{self.drawers[unit].name}: its work draws {words[0]} above idle; with the {words[1]} that all units draw idle this is above "
                f"energy.power.limit, {words[2]}, so that it can never start. Raise the limit, or slow the unit down (rate)"
            )
        return False

    def yields(self, unit: Unit, rank: int, more: int = 0) -> bool:
        """Nobody is interrupted for power."""
        return False

    def join(self, unit: Unit, rank: int, asked: int, choices: tuple[int, ...]) -> None:
        """Wait for power, by the priority of the site."""
        self.queue.stand(unit, self.drawers[unit].rank, asked, choices)

    def grant(self, hold: Hold, now: int) -> None:
        self.holders.append(hold)
        self.held[hold.unit] = self.drawers[hold.unit].lot()

    def give_back(self, unit: Unit, number: int, now: int) -> bool:
        for place, hold in enumerate(self.holders):
            if hold.unit is unit:
                del self.holders[place], self.held[unit]
                return True
        return False

    def release(self, unit: Unit, now: int) -> None:
        """``unit`` is done, if it held any."""
        if self.give_back(unit, 0, now):
            self.queue.wake_first(now)

    def keeps(self, unit: Unit, power: float, now: int) -> None:
        """Of what ``unit`` asked for it draws ``power`` W; others may have the rest."""
        if unit in self.held:
            less = power < self.held[unit]
            self.held[unit] = power
            if less:
                self.queue.wake_first(now)

    def account(self, now: int) -> None:
        """It has no row of its own."""

    def save(self) -> State:
        """Who holds how much, and who waits, by names with their sites."""
        names = {unit: drawer.name for unit, drawer in self.drawers.items()}
        own = {"holders": [[names[hold.unit], hold.number, hold.rank, hold.asked, hold.leaves, hold.cut, self.held[hold.unit]] for hold in self.holders]}
        return {**super().save(), **own, "queue": {**self.queue.save(), "units": [names[unit] for unit in self.queue.units]}}

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Units of all sites; the sites are loaded before."""
        known = {drawer.name: unit for unit, drawer in self.drawers.items()}
        self.holders = [Hold(known[name], *task) for name, *task, _ in state["holders"]]
        self.held = {known[name]: power for name, *_, power in state["holders"]}
        self.queue.load(state["queue"], known)


def ranks_of(sites: Sequence[str], priority: Sequence[str]) -> dict[str, int]:
    """The rank of each site; larger goes first.

    >>> ranks_of(["recycler", "smelter", "mill"], ["smelter"])
    {'recycler': 0, 'smelter': 1, 'mill': 0}
    """
    return {name: len(priority) - priority.index(name) if name in priority else 0 for name in sites}
