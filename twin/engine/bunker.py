"""Bunkers: a capacity by mass, a content, and two waiting lists.

Levels are compared with an explicit tolerance. ``held`` and ``reserved`` are kept by unit and never as a running float sum, so that
taking a place back is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.content import Content, Through
from twin.engine.unit import State
from twin.engine.waiting import WaitingList

if TYPE_CHECKING:
    from twin.engine.unit import Unit

Floats = NDArray[np.float64]
RELATIVE_TOLERANCE = 1e-9
EMPTY = 1e-3
"""A bunker filled to less than this share of its capacity counts as empty when its level is corrected."""


class Bunker:
    """A place for material between units.

    ``capacity`` in kg. ``put`` and ``draw`` do not wait: a unit asks :meth:`room_for` or :meth:`has` first and joins ``putters`` or ``getters`` where the
    answer is no. ``spillers``: bunkers that overflow into this one. ``watchers`` look whenever something was put in,
    ``followers`` also when something was drawn; they stand in no list. ``watch`` is
    called with the bunker and the time before its level changes and may be replaced by a recorder.
    """

    hot = False
    """Whether melts keep their heat on the way here."""

    def __init__(self, name: str, capacity: float, content: Content) -> None:
        self.name = name
        self.capacity = capacity
        self.content = content
        self.tolerance = RELATIVE_TOLERANCE * capacity
        self.held: dict[str, float] = {}
        self.reserved: dict[str, float] = {}
        self.fillers: list[Unit] = []
        self.takers: list[Unit] = []
        self.spillers: list[Bunker] = []
        self.watchers: list[Unit] = []
        self.followers: list[Unit] = []
        self._tells = False
        self.getters = WaitingList(f"{name}: material", self.contains, self._who_fills, ends_quietly=True)
        self.putters = WaitingList(f"{name}: room", self.fits, self._who_takes)
        self.step_end = 1 << 62
        self.low = self.high = 0.0
        self.close_steps: Callable[[Bunker, int], None] = _unwatched

    def _who_fills(self) -> list[Unit]:
        return self.fillers

    def _who_takes(self) -> list[Unit]:
        return self.takers

    @property
    def level(self) -> float:
        """Mass in the bunker, kg; a place that is held or reserved is not in it."""
        return self.content.level

    @property
    def occupied(self) -> float:
        """Mass that counts against the capacity, kg."""
        occupied = self.content.level
        for mass in self.held.values():
            occupied += mass
        for mass in self.reserved.values():
            occupied += mass
        return occupied

    def room(self) -> float:
        """Mass that still fits, kg; below the tolerance it is 0."""
        room = self.capacity - (self.occupied if self.held or self.reserved else self.content.level)
        return room if room > self.tolerance else 0.0

    def contains(self, amount: float) -> bool:
        """Whether ``amount`` kg lie here, within the tolerance."""
        level = self.content.level
        return level >= amount - self.tolerance and level > 0.0

    def fits(self, amount: float) -> bool:
        """Whether ``amount`` kg fit, within the tolerance. An amount of 0 asks for any room at all."""
        room = self.room()
        return room > 0.0 if amount == 0.0 else room >= amount - self.tolerance

    def has(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may draw ``amount`` kg now: it is there and nobody stands before."""
        return self.getters.free_for(unit) and self.contains(amount)

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may put ``amount`` kg now: it fits and nobody stands before."""
        return self.putters.free_for(unit) and self.fits(amount)

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Take in ``share`` of the matrix ``x`` (material, size), ``amount`` kg; wakes the first that waits for material."""
        if now >= self.step_end:
            self.close_steps(self, now)
        content = self.content
        content.put(x, share, amount, lot, now)
        level = content.level
        if level > self.high:
            self.high = level
        getters = self.getters
        if getters.units:
            getters.wake_first(now)
        if self.watchers:
            for watcher in self.watchers:
                watcher.wake(now)

    def admit(self, amount: float, now: int) -> bool:
        """Let ``amount`` kg in if all of it finds room; returns whether it did.

        It counts from now on. That nobody stands before, the matter itself, and who is told (:meth:`arrived`) is the affair of who brings it, at this instant.
        """
        content = self.content
        level = content.level
        room = self.capacity - (self.occupied if self.held or self.reserved else level)
        if room <= self.tolerance or room < amount - self.tolerance:
            return False
        if now >= self.step_end:
            self.close_steps(self, now)
        content.level = level = level + amount
        if level > self.high:
            self.high = level
        return True

    def arrived(self, now: int) -> None:
        """Something was put in: who waits for material looks, and who watches."""
        self.getters.wake_first(now)
        for watcher in self.watchers:
            watcher.wake(now)

    def draw(self, amount: float, out: Floats, lot: int, now: int, through: Through | None = None) -> float:
        """Give out ``amount`` kg, or all there is where it is less by the tolerance, into ``out``; returns the mass given.

        ``through``: the line whose lot ``out`` is; it may have taken it then (:class:`~twin.engine.content.Through`).
        """
        if now >= self.step_end:
            self.close_steps(self, now)
        content = self.content
        level = content.level
        if amount > level - self.tolerance:
            amount = level
        content.draw(amount, out, lot, through)
        level = content.level
        if level < self.low:
            self.low = level
        if self.putters.units:
            self.putters.wake_first(now)
        if self.getters.units:
            self.getters.wake_first(now)
        if self._tells:
            for follower in self.followers:
                follower.wake(now)
            self._tell_spillers(now)
        return amount

    def correct(self, level: float, usual: Floats, now: int) -> float:
        """Hold ``level`` kg from now on, as somebody measured it; returns what was added, kg, which no mass balance knows.

        There is more or less of all that lies here. What little lies in an empty bunker says nothing of what there is: then it is of the shares ``usual``
        (component, size), and where these are none the bunker stays as it is. It never holds more than fits beside what is held for others.
        """
        if now >= self.step_end:
            self.close_steps(self, now)
        before = self.content.level
        level = min(max(level, 0.0), before + self.room())
        if abs(level - before) <= self.tolerance:
            return 0.0
        if before > EMPTY * self.capacity:
            self.content.scale(level / before)
        elif level > before and usual.any():
            self.content.put(usual, level - before, level - before, 0, now)
        self.low, self.high = min(self.low, self.content.level), max(self.high, self.content.level)
        self.getters.wake_first(now)
        self.putters.wake_first(now)
        if self._tells:
            for follower in self.followers:
                follower.wake(now)
            self._tell_spillers(now)
        return self.content.level - before

    def tell(self, *, spiller: Bunker | None = None, follower: Unit | None = None) -> None:
        """From now on tell a bunker that overflows into this one that something was drawn, or a unit that the level has changed."""
        self._tells = True
        if spiller is not None:
            self.spillers.append(spiller)
        if follower is not None:
            self.followers.append(follower)
            self.watchers.append(follower)

    def _tell_spillers(self, now: int) -> None:
        """There is room here: who waits before a full bunker that overflows into this one may go on."""
        for bunker in self.spillers:
            if bunker.putters.units:
                bunker.putters.wake_first(now)
            bunker._tell_spillers(now)

    def release(self, unit: Unit, now: int) -> None:
        """Free the place that ``unit`` held for the lot it was working on."""
        if self.held.pop(unit.name, None) is not None:
            self.putters.wake_first(now)
            self._tell_spillers(now)

    def set_capacity(self, capacity: float, now: int | None) -> None:
        """It holds ``capacity`` kg from now on; what lies in it above that stays until it is drawn. ``now`` is None while a saved state is restored."""
        larger = capacity > self.capacity
        self.capacity, self.tolerance = capacity, RELATIVE_TOLERANCE * capacity
        if larger and now is not None:
            self.putters.wake_first(now)
            self._tell_spillers(now)

    def save(self) -> State:
        """As plain data and arrays, waiting lists with their wishes included."""
        state: dict[str, Any] = {"content": self.content.save(), "held": dict(self.held), "reserved": dict(self.reserved)}
        for key, waiting_list in (("getters", self.getters), ("putters", self.putters)):
            state[key] = {"units": [unit.name for unit in waiting_list.units], "wishes": list(waiting_list.wishes), "asked": list(waiting_list.asked)}
        state.update(low=self.low, high=self.high, step_end=self.step_end)
        return state

    def load(self, state: State, units: dict[str, Unit]) -> None:
        """Take over a saved bunker; ``units`` finds the waiting ones by name."""
        self.content.load(state["content"])
        self.held, self.reserved = dict(state["held"]), dict(state["reserved"])
        for key, waiting_list in (("getters", self.getters), ("putters", self.putters)):
            for name, wish, asked in zip(state[key]["units"], state[key]["wishes"], state[key]["asked"], strict=True):
                waiting_list.restore(units[name], wish, asked)
        self.low, self.high, self.step_end = state["low"], state["high"], state["step_end"]


def _unwatched(bunker: Bunker, now: int) -> None:
    """No recorder follows this bunker."""
    bunker.step_end = 1 << 62
