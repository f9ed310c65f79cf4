"""Loads: what trucks take from the bunkers of a product, judged before it leaves, and where it goes when it is rejected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.recording import GATE_COUNTS
from twin.kernels.heaps import add_materials
from twin.scenario.kinds.product import REJECTED
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.gates.taker import Taker
from twin.units.ground.account import Account
from twin.units.ground.assembly import Assembly
from twin.units.ground.outlet import Receiver

Floats = NDArray[np.float64]
PICKUPS, REFUSED = (GATE_COUNTS.index(name) for name in ("pickups", "rejected_pickups"))
NOTE_LENGTH = 190
"""Most characters of a row of the event table."""


class Loader(Taker):
    """Takes loads for a product and judges them. ``outlet``: where lots go that are rejected; None where none is."""

    def __init__(self, site: Assembly, name: str, index: int, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
        super().__init__(site, name, index, bunkers, account)
        self.product = account.name
        self.rejects = model.rejects
        self.rejected_row = site.row(f"{self.product}.{REJECTED}") if model.rejects else -1
        self.outlet: Receiver | None = None
        self._rows = np.zeros(site.shape[0])

    def connect(self, site: Assembly) -> None:
        """Find where rejected lots go to, and let the deadlock report know who fills whom."""
        if self.rejects:
            self.outlet = site.receiver_of(f"{self.product}.{REJECTED}")
            self.outlet.fillers.append(self)

    def refused(self, bunker: Bunker, amount: float, outlet: Receiver, now: int) -> bool:
        """Judge the lot that ``amount`` kg would be; one outside the specification goes to ``outlet``, or stays where there is no room for it."""
        if amount > bunker.level - bunker.tolerance:
            amount = bunker.level
        bunker.content.peek(amount, self._part)
        self._rows[:] = 0.0
        add_materials(self._rows, self._part, 1.0)
        verdict = self.account.judge(self._part, self._rows, amount, now)
        if not verdict.found:
            self.passed[bunker.name] = verdict
            return False
        limit, share = verdict.found[0]
        fits = amount <= outlet.room() + outlet.tolerance
        if fits:
            self.account.count(verdict, amount, now)
            self._set_aside(bunker, amount, outlet, now)
        where = f"goes to {outlet.name}" if fits else f"stays in {bunker.name}, no room in {outlet.name}"
        self.note(now, f"lot of {amount:.6g} kg rejected: {100 * share:.5g} % {limit.name}, asked for {limit.text}; {where}")
        return True

    def _set_aside(self, bunker: Bunker, amount: float, outlet: Receiver, now: int) -> None:
        """A rejected lot goes where they go. It comes to be at its bunker, since it never was the product."""
        genealogy = self.account.genealogy
        lot = genealogy.new(bunker.name, now) if genealogy is not None else 0
        amount = bunker.draw(amount, self._part, lot, now)
        for row in (self.bunker_rows[bunker.name], self.rejected_row):
            self.record_flow(row, now)
        outlet.put(self._part, 1.0, amount, lot, now)

    def counts(self, now: int) -> Floats:
        """The counts of the product's gate in the present record step."""
        recorder = self.account.recorder
        counts: Floats = recorder.gates[recorder.step(now)][self.account.gate_row]
        return counts

    def note(self, now: int, what: str) -> None:
        """Add a row to the event table."""
        self.account.recorder.note(now, self.product, what[:NOTE_LENGTH])
