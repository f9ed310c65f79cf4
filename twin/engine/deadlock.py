"""Deadlock: a set of units each of which waits only on others of the set, found when a unit starts to wait.

A place in a list is *hopeful* if the unit before it is live, or leaves this list when it is served here whatever else it waits for, and what the place is
for is there already or some live unit could bring it. A unit is *live* if it waits for a time, has come to its end, or if its places are hopeful: all of
them, any one where it takes what comes first, or one of each of its choices. Whoever is not live never will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from twin.errors import DeadlockError
from twin.quantities import NANOSECONDS

if TYPE_CHECKING:
    from twin.engine.unit import Unit
    from twin.engine.waiting import WaitingList


LONGEST_CHAIN = 256
"""How far the cheap look follows a chain before the full one is taken."""


def check_deadlock(unit: Unit, now: int) -> None:
    """Raise :class:`~twin.errors.DeadlockError` if ``unit``, which just began to wait or moved up, can never be served."""
    each = unit
    for _ in range(LONGEST_CHAIN):  # the common case, cheaply: along units that each are first in their one list, somebody has an event of its own
        if len(each.waiting) != 1:
            break
        places = each.waiting[0]
        if places.units[0] is not each:
            break
        rescuers = places.rescuers()
        for rescuer in rescuers:
            if rescuer.record.until >= 0 or not rescuer.waiting:
                return
        if not rescuers:
            if places.ends_quietly:
                return
            break
        each = rescuers[0]
    dead = _dead(_reachable(unit))
    if unit in dead:
        raise DeadlockError(_report(dead, now))


def _acts(unit: Unit) -> bool:
    """Whether the unit is no part of a deadlock by itself: it has a pending event, is in the middle of its step, will give up, or has come to its end.

    The end is reached by a feed without further deliveries, and by who waits for material that nobody will bring any more.
    """
    if unit.record.until >= 0 or not unit.waiting or unit.gives_up:
        return True
    return any(places.ends_quietly and not places.rescuers() for places in unit.waiting)


def _before(places: WaitingList, unit: Unit) -> list[Unit]:
    place = places.units.index(unit)
    return places.units[place - 1 : place] if place else []


def _reachable(start: Unit) -> list[Unit]:
    """Everybody whose fate decides that of ``start``."""
    found = {start: None}
    todo = [start]
    while todo:
        unit = todo.pop()
        for places in unit.waiting:
            for other in (*_before(places, unit), *places.rescuers()):
                if other not in found:
                    found[other] = None
                    todo.append(other)
    return list(found)


def _dead(units: Iterable[Unit]) -> list[Unit]:
    """The largest set of units that only wait on one another."""
    dead = {unit: None for unit in units if not _acts(unit)}
    shrinking = True
    while shrinking:
        shrinking = False
        for unit in reversed(list(dead)):  # found outwards from who asks, and hope comes from outside: a chain is freed in one pass
            if _served(unit, [_hopeful(places, unit, dead) for places in unit.waiting]):
                del dead[unit]
                shrinking = True
    return list(dead)


def _served(unit: Unit, hopes: Sequence[bool]) -> bool:
    """Whether ``unit`` is served where ``hopes`` says so of each of the lists it waits in: by one, by all, or by one of each of its choices."""
    if unit.takes_any:
        return any(hopes)
    choices: dict[int, bool] = {}
    for places, hope in zip(unit.waiting, hopes, strict=True):
        served = places.serves(unit)
        if not served and not hope:
            return False
        for choice in served:
            choices[choice] = choices.get(choice, False) or hope
    return all(choices.values())


def _hopeful(places: WaitingList, unit: Unit, dead: dict[Unit, None]) -> bool:
    place = places.units.index(unit)
    for other in reversed(places.units[:place]) if not places.overtakes else ():
        if other not in dead:
            break
        if not other.leaves_each:
            return False
    wish = places.wishes[place]
    return places.enough(wish) or any(rescuer not in dead for rescuer in places.rescuers())


def _report(dead: list[Unit], now: int) -> str:
    lines = []
    for unit in dead:
        places = (" or " if unit.takes_any else " and ").join(f"{places.name!r}" for places in unit.waiting)
        who = dict.fromkeys(other.full_name for places in unit.waiting for other in (*_before(places, unit), *places.rescuers()))
        lines.append(f"{unit.full_name!r} waits for {places}, which only {', '.join(map(repr, who)) or 'nobody'} can bring about")
    return f"deadlock at {now / NANOSECONDS:.6g} s: " + "; ".join(lines) + ". Give a bunker more room or a taker, or start one filled (initial)"
