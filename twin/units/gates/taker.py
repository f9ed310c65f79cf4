"""Who takes from bunkers what leaves the plant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.engine.bunker import Bunker
from twin.engine.unit import Unit
from twin.kernels.recording import record_passage
from twin.units.ground.account import Account, Verdict
from twin.units.ground.assembly import Assembly


@dataclass(slots=True)
class TakerRecord:
    """``trucks``: pick-ups so far; ``due``: whether the pending event is a pick-up, ``planned`` for when (ns); ``taken``: kg in the present ``period``
    of the customer's limit. ``consulted``: pick-ups that policies were asked for. Of the gap to the next one there are ``left`` s at
    ``since`` ns, drawn as a ``gap`` s from one of mean ``mean`` s; below 0 where the time was given."""

    until: int = 0
    trucks: int = 0
    due: bool = False
    planned: int = 0
    period: int = 0
    taken: float = 0.0
    consulted: int = 0
    since: int = 0
    left: float = -1.0
    mean: float = 0.0
    gap: float = 0.0


class Taker(Unit):
    """Takes from bunkers into a product's account."""

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account) -> None:
        super().__init__(name, index, site.clock, record := TakerRecord())
        self.record: TakerRecord = record
        self.bunkers, self.account = bunkers, account
        self.bunker_rows = {bunker.name: site.row(bunker.name) for bunker in bunkers}
        self.passed: dict[str, Verdict] = {}
        """Under what verdict a lot that is about to be drawn from a bunker was let go, where it was judged before."""
        self._part, self._solid = np.zeros(site.shape), site.components.solid

    def draw(self, bunker: Bunker, amount: float, now: int) -> float:
        account, genealogy = self.account, self.account.genealogy
        lot = genealogy.new(account.name, now) if genealogy is not None else 0
        amount = bunker.draw(amount, self._part, lot, now)
        account.take(self._part, 1.0, amount, now, self.passed.pop(bunker.name, None))
        self.record_flow(self.bunker_rows[bunker.name], now)
        return amount

    def record_flow(self, stream_row: int, now: int) -> None:
        """What was just drawn flows in a stream."""
        recorder = self.account.recorder
        k = recorder.step(now)
        record_passage(self._part, 1.0, recorder.mass[k], recorder.size[k], stream_row, self._solid, self.account.lanes)
