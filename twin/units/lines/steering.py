"""A splitter whose shares follow the levels of the bunkers behind it, or that gives a whole lot to the one that is emptiest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.units.ground.overflow import OverflowingBunker

if TYPE_CHECKING:
    from twin.units.ground.outlet import Receiver
    from twin.units.lines.line import Line
    from twin.units.lines.machine import Machine

ROOM, FREE = "room", "free"


def steered(shares: NDArray[np.float64], empty: NDArray[np.float64], by: str) -> NDArray[np.float64]:
    """The shares (port,) of a lot, where ``empty`` (port,) says what share of each bunker is empty, from 0 to 1.

    >>> steered(np.array([0.5, 0.5]), np.array([0.2, 0.6]), "room").round(9).tolist()
    [0.25, 0.75]
    >>> steered(np.array([0.5, 0.5]), np.array([0.2, 0.6]), "free").tolist()
    [0.0, 1.0]

    Where all are full the shares stay as they were written.
    """
    weights = shares * empty
    if not weights.sum() > 0.0:
        return shares
    if by == FREE:
        chosen = np.where(shares > 0.0, empty, -1.0)
        return np.where(np.arange(len(shares)) == int(np.argmax(chosen)), 1.0, 0.0)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


class Steering:
    """One such splitter of a line. ``places``: where each of its ports leads to."""

    def __init__(self, line: Line, number: int, machine: Machine) -> None:
        self.machine = machine
        outlets = [(i, p) for i, p in line.network.wiring.outlets]
        self.places: list[Receiver] = [line.delivery.outlets[outlets.index((number, p))] for p in range(len(machine.ports))]

    def follows(self) -> bool:
        """Look at the levels for the lot that begins now; returns whether the shares changed."""
        empty = np.array([_empty(place) for place in self.places])
        shares = steered(np.asarray(self.machine.fresh["shares"]), empty, self.machine.steers)
        if np.array_equal(shares, self.machine.values["shares"]):
            return False
        self.machine.values["shares"] = shares
        return True


def _empty(place: Receiver) -> float:
    """The share of a place that is empty; a product always is, a full bunker never, whatever it overflows to."""
    capacity: float = getattr(place, "capacity", math.inf)
    room: float = place.own_room() if isinstance(place, OverflowingBunker) else place.room()
    return 1.0 if capacity == math.inf else room / capacity
