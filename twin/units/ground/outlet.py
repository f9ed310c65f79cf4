"""Where a line, a conveyor or a gate delivers to: a bunker, a conveyor, or a product that takes all at once."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import Unit
from twin.engine.waiting import WaitingList

Floats = NDArray[np.float64]


class Receiver(Protocol):
    """What can be delivered to. :class:`~twin.engine.bunker.Bunker` is the model."""

    name: str
    putters: WaitingList
    reserved: dict[str, float]
    tolerance: float
    fillers: list[Unit]
    """Who delivers to it, for the deadlock report."""

    @property
    def hot(self) -> bool:
        """Whether melts keep their heat on the way to it."""

    def room(self) -> float:
        """Mass that still fits, kg."""

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Whether ``unit`` may put ``amount`` kg now."""

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Take in ``share`` of the matrix ``x``, ``amount`` kg."""


NOBODY: list[Unit] = []


def unlimited(name: str) -> WaitingList:
    """The waiting list of a receiver that is never full: nobody ever joins it."""
    return WaitingList(f"{name}: room", lambda _: True, lambda: NOBODY)
