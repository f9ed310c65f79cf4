"""A product that takes all at once, straight from ports."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import Unit
from twin.units.ground.account import Account
from twin.units.ground.outlet import unlimited

Floats = NDArray[np.float64]


class Sink:
    """Takes all at once, straight from ports."""

    capacity = float("inf")
    hot = False

    def __init__(self, name: str, account: Account) -> None:
        self.name, self.account = name, account
        self.putters = unlimited(name)
        self.reserved: dict[str, float] = {}
        self.tolerance = 0.0
        self.fillers: list[Unit] = []

    def room(self) -> float:
        """Endless."""
        return float("inf")

    def room_for(self, unit: Unit, amount: float) -> bool:
        """Always."""
        return True

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Take in ``share`` of the matrix ``x``."""
        account = self.account
        account.take(x, share, amount, now)
        if account.genealogy is not None:
            taken = account.genealogy.new(self.name, now)
            account.genealogy.edge(taken, lot, account._rows)
