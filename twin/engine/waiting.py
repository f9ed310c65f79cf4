"""Named waiting lists: a unit keeps its place, in order of asking, until it is served or leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twin.engine.deadlock import check_deadlock

if TYPE_CHECKING:
    from twin.engine.unit import Unit


class WaitingList:
    """Units that wait for one thing, first come first served.

    ``enough(amount)`` says whether the first one's wish could be met now, so that nobody is woken for nothing. ``rescuers`` names the units
    that could bring it about; the deadlock report walks along them. ``ends_quietly``: where there is no rescuer at all, to wait here is an
    end, not a deadlock (an initial stock has been used up). ``overtakes``: whoever stands before and lacks something else too is passed over.
    ``before_change`` is called with the time before somebody joins or leaves.
    """

    overtakes = False

    def __init__(self, name: str, enough: Callable[[float], bool], rescuers: Callable[[], list[Unit]], ends_quietly: bool = False) -> None:
        self.name = name
        self.place = name.partition(":")[0].rpartition(" of ")[2].partition(".")[0]
        """The unit or resource that the list stands before; a place of a unit's own, as its tundish, counts as the unit."""
        self.units: list[Unit] = []
        self.wishes: list[float] = []
        self.asked: list[int] = []
        self.enough = enough
        self.rescuers = rescuers
        self.ends_quietly = ends_quietly
        self.before_change: Callable[[int], None] | None = None

    def free_for(self, unit: Unit) -> bool:
        """Whether nobody stands before ``unit``."""
        return not self.units or self.units[0] is unit

    def join(self, unit: Unit, wish: float, asked: int | None = None) -> None:
        """Take the last place, or keep the one held with a new ``wish``.

        ``asked``: since when, ns, the unit wants it, where that is before now (a truck that came before others, and only now is the first of its gate): it
        takes its place before all who have asked since then; of those who asked at that instant, before those declared later.
        """
        units = self.units
        if units and unit in units:
            self.wishes[units.index(unit)] = wish
            return
        if self.before_change is not None:
            self.before_change(unit.clock.now)
        if asked is None:
            units.append(unit)
            self.wishes.append(wish)
            self.asked.append(unit.clock.now)
            unit.waiting.append(self)
            return
        place = len(units)
        while place and (asked, unit.index) < (self.asked[place - 1], units[place - 1].index):
            place -= 1
        self._insert(place, unit, wish, asked)

    def _insert(self, place: int, unit: Unit, wish: float, asked: int) -> None:
        self.units.insert(place, unit)
        self.wishes.insert(place, wish)
        self.asked.insert(place, asked)
        unit.waiting.append(self)

    def _delete(self, place: int) -> None:
        del self.units[place], self.wishes[place], self.asked[place]

    def clear(self) -> None:
        """Nobody waits any more; nobody is told. For a plant that is put into another state."""
        self.units.clear()
        self.wishes.clear()
        self.asked.clear()

    def serves(self, unit: Unit) -> tuple[int, ...]:
        """Which of the choices of ``unit`` the list is for, where any of several lists would do; () where the unit needs this one."""
        return ()

    def restore(self, unit: Unit, wish: float, asked: int) -> None:
        """Put back the next of a saved list, in its order."""
        self.units.append(unit)
        self.wishes.append(wish)
        self.asked.append(asked)
        unit.waiting.append(self)

    def remove(self, unit: Unit) -> None:
        """Strike the unit from the list (its own ``waiting`` is its own affair). Who moves up to the first place looks whether it can be served."""
        if self.before_change is not None:
            self.before_change(unit.clock.now)
        units = self.units
        if units[0] is not unit:
            self._delete(units.index(unit))
            return
        self._delete(0)
        if units:
            if self.enough(self.wishes[0]):
                units[0].wake(unit.clock.now)
            else:
                check_deadlock(units[0], unit.clock.now)

    def wake_first(self, now: int) -> None:
        """Wake the first waiter if its wish can be met."""
        units = self.units
        if units and self.enough(self.wishes[0]):
            units[0].wake(now)


def lacking(unit: Unit) -> str:
    """The unit or resource that keeps ``unit`` waiting: the first of those it waits for that could not serve it now; "" where it waits for none.

    Where any of several would do (a line that may take from two bunkers), the first in their order stands for all.
    """
    for waiting_list in unit.waiting:
        if not _serves_now(waiting_list, unit):
            choices = waiting_list.serves(unit)
            if not choices or not all(_chosen(unit, choice) for choice in choices):
                return waiting_list.place
    return unit.waiting[0].place if unit.waiting else ""


def _serves_now(places: WaitingList, unit: Unit) -> bool:
    return places.units[0] is unit and places.enough(places.wishes[0])


def _chosen(unit: Unit, choice: int) -> bool:
    """Whether another list would serve the unit for the same choice."""
    return any(choice in places.serves(unit) and _serves_now(places, unit) for places in unit.waiting)
