"""How a line draws its lots from bunkers: from one, from whichever it may, or a blend of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.content import Through
from twin.engine.unit import State
from twin.units.lines.campaigns import Campaigns

if TYPE_CHECKING:
    from twin.units.lines.line import Line

Floats = NDArray[np.float64]
FIRST, ALTERNATE, FULLEST, CAMPAIGNS = "first", "alternate", "fullest", "campaigns"


class Intake:
    """Draws ``lot`` kg from ``bunkers``, or several such batches at once where ``batches`` (set before each search) allows and they are there.

    With ``shares`` it blends, waiting for all; else it takes from one at a time, chosen by ``take``, the one to ``prefer`` before. ``partial``: less where
    a bunker holds less. ``hold``: the place of the lot is freed only when the line is done with it. ``weights`` (bunker,): from where the present lot came.
    """

    def __init__(
        self,
        bunkers: Sequence[Bunker],
        lot: float,
        *,
        shares: Sequence[float] | None = None,
        take: str = FIRST,
        partial: bool = False,
        hold: bool = False,
        prefer: str | None = None,
        shape: tuple[int, int],
    ) -> None:
        self.bunkers, self.lot = list(bunkers), lot
        self.shares = list(shares) if shares is not None else None
        self.take, self.partial, self.hold = take, partial, hold
        self.takes_any = shares is None
        self.lists = [bunker.getters for bunker in bunkers]
        wished = [share * lot for share in self.shares] if self.shares is not None else [lot] * len(self.bunkers)
        self.wishes = [0.0] * len(wished) if partial else wished
        self.weights = np.zeros(len(self.bunkers))
        self.campaigns: Campaigns | None = None
        self.batches = 1
        self.chosen = 0
        self.turn = 0
        self._part = np.zeros(shape)
        self.prefer(prefer)
        if len(self.bunkers) == 1:
            self.weights[0] = 1.0

    def prefer(self, name: str | None) -> None:
        """Take from the bunker of that name whenever it holds a lot; None: as ``take`` says."""
        self.preferred = next((j for j, bunker in enumerate(self.bunkers) if bunker.name == name), -1)

    def find(self, line: Line) -> float:
        """Mass that could be drawn now, kg; 0 where the line must wait. Notes where from."""
        if self.shares is not None:
            return self._find_blend(line, self.shares)
        if len(self.bunkers) == 1:
            return self._offer(line, self.bunkers[0])
        if self.campaigns is not None:
            return self._find_campaign(line, self.campaigns)
        for j in self._order():
            amount = self._offer(line, self.bunkers[j])
            if amount > 0.0:
                self.chosen = j
                return amount
        return 0.0

    def _find_campaign(self, line: Line, campaigns: Campaigns) -> float:
        """The same where the line works in campaigns: the present one goes on, or the next begins."""
        for leg in campaigns.candidates(self.bunkers):
            source = campaigns.plan[leg].source
            amount = self._offer(line, self.bunkers[source])
            if amount > 0.0:
                campaigns.begin(leg)
                self.chosen = source
                return amount
        return 0.0

    def _offer(self, line: Line, bunker: Bunker) -> float:
        getters = bunker.getters
        if getters.units and getters.units[0] is not line:
            return 0.0
        level = bunker.content.level
        if self.batches == 1:
            if level >= self.lot - bunker.tolerance and level > 0.0:
                return self.lot
            return level if self.partial and level > bunker.tolerance else 0.0
        whole = self._whole(level, self.lot, bunker.tolerance)
        if self.partial and whole < self.batches and level - whole * self.lot > bunker.tolerance:
            return level
        if whole:
            return whole * self.lot
        return level if self.partial and level > bunker.tolerance else 0.0

    def _whole(self, level: float, lot: float, tolerance: float) -> int:
        """How many batches of ``lot`` kg lie there, at most as many as may be drawn."""
        whole = 0
        while whole < self.batches and level >= (whole + 1) * lot - tolerance and level > 0.0:
            whole += 1
        return whole

    def count(self, amount: float) -> int:
        """Of how many batches ``amount`` kg are, the last of which may be smaller."""
        return max(1, math.ceil(amount / self.lot * (1.0 - 1e-9)))

    def _order(self) -> list[int]:
        """The bunkers in the order in which they are looked at."""
        order = self._order_of_taking()
        return order if self.preferred < 0 else [self.preferred, *(j for j in order if j != self.preferred)]

    def _order_of_taking(self) -> list[int]:
        count = len(self.bunkers)
        if self.take == ALTERNATE:
            return [(self.turn + j) % count for j in range(count)]
        if self.take == FULLEST:
            return sorted(range(count), key=lambda j: -self.bunkers[j].level / self.bunkers[j].capacity)
        return list(range(count))

    def _find_blend(self, line: Line, shares: Sequence[float]) -> float:
        amount = self.lot
        if self.batches > 1:
            amount *= max(1, min(self._whole(b.content.level, share * self.lot, b.tolerance) for b, share in zip(self.bunkers, shares, strict=True)))
        for bunker, share in zip(self.bunkers, shares, strict=True):
            if not bunker.getters.free_for(line):
                return 0.0
            if not bunker.contains(share * amount):
                if not self.partial or bunker.level <= bunker.tolerance:
                    return 0.0
                amount = bunker.level / share
        return amount

    def peek(self, x: Floats, amount: float) -> None:
        """Write into ``x`` what :meth:`draw` would give."""
        if self.shares is None:
            self.bunkers[self.chosen].content.peek(amount, x)
            return
        x[:] = 0.0
        for bunker, share in zip(self.bunkers, self.shares, strict=True):
            bunker.content.peek(share * amount, self._part)
            x += self._part

    def draw(self, line: Line, x: Floats, amount: float, lot: int, now: int, through: Through | None = None) -> float:
        """Take ``amount`` kg into ``x`` (material, size); returns the mass drawn. ``through``: what takes it at once where it comes from one bunker."""
        if self.shares is None:
            bunker = self.bunkers[self.chosen]
            drawn = bunker.draw(amount, x, lot, now, through)
            if self.campaigns is not None:
                self.campaigns.taken += amount
            if len(self.bunkers) > 1:
                self.weights[:] = 0.0
                self.weights[self.chosen] = 1.0
                self.turn = (self.chosen + 1) % len(self.bunkers)
            if self.hold:
                bunker.held[line.name] = drawn
            return amount
        x[:] = 0.0
        for j, (bunker, share) in enumerate(zip(self.bunkers, self.shares, strict=True)):
            drawn = bunker.draw(share * amount, self._part, lot, now)
            x += self._part
            self.weights[j] = share
            if self.hold:
                bunker.held[line.name] = drawn
        return amount

    def finish(self, line: Line, now: int) -> None:
        """The line is done with the lot: free the place it held."""
        if self.hold:
            for bunker in self.bunkers:
                bunker.release(line, now)

    def save(self) -> State:
        """Whose turn it is and where the present lot came from."""
        campaigns = self.campaigns.save() if self.campaigns is not None else None
        return {"turn": self.turn, "chosen": self.chosen, "weights": self.weights.copy(), "campaigns": campaigns}

    def load(self, state: State) -> None:
        """Take over a saved intake."""
        self.turn, self.chosen = state["turn"], state["chosen"]
        self.weights[:] = state["weights"]
        if self.campaigns is not None:
            self.campaigns.load(state["campaigns"])
