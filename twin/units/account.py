"""What a product took in, for the balance, and whether it keeps its specification lot by lot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.recording import GATE_COUNTS, Recorder
from twin.engine.window import window_begin
from twin.kernels.recording import record_taking
from twin.scenario.kinds.product import PENALISE, Limit
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.assembly import Assembly
from twin.units.settlement import PricedLots, Settlement

Floats = NDArray[np.float64]
OFFSPEC, PENALTY = (GATE_COUNTS.index(name) for name in ("offspec_mass", "penalty"))


class Account:
    """What a product took in: masses for the balance, recorded flow, off-spec mass and penalties lot by lot."""

    def __init__(self, site: Assembly, name: str, model: ProductModel) -> None:
        self.name = name
        self.recorder: Recorder = site.recorder
        self.genealogy: Genealogy | None = site.genealogy
        self.row, self.gate_row = site.row(name), site.gate(name)
        self.taken = np.zeros(site.shape[0])
        self.limits = [(site.components.content_of(limit.name, site.scenario.materials), limit) for limit in model.spec.limits]
        self.penalty = model.penalty if model.when_off_spec == PENALISE else None
        self.settlement = _settlement(site, name, model)
        self._rows, self.lanes, self._solid = np.zeros(site.shape[0]), np.zeros(site.shape[1]), site.components.solid

    def take(self, x: Floats, share: float, amount: float, now: int) -> None:
        """``share`` of the matrix ``x``, ``amount`` kg, leaves the plant."""
        k = self.recorder.step(now)
        record_taking(x, share, self._rows, self.taken, self.recorder.mass[k], self.recorder.size[k], self.row, self._solid, self.lanes)
        if self.settlement is not None:
            self.settlement.lot(self._rows, amount, now)
        if self.limits:
            self._judge(amount, k)

    def _judge(self, amount: float, k: int) -> None:
        """Count the lot just taken if it is outside the specification, and what it loses in price."""
        missed = self.missed(self._rows, amount)
        first = next(missed, None)
        if first is None:
            return
        counts = self.recorder.gates[k][self.gate_row]
        counts[OFFSPEC] += amount
        if self.penalty is not None:
            counts[PENALTY] += amount * self.penalty.of([first, *missed])

    def missed(self, rows: Floats, amount: float) -> Iterator[tuple[Limit, float]]:
        """Yield the limits that a lot of ``amount`` kg with ``rows`` (component,), kg, misses, each with the share found."""
        masses = rows.tolist()
        for content, limit in self.limits:
            share = sum(m * c for m, c in zip(masses, content.tolist(), strict=True)) / amount
            if not limit.holds(share):
                yield limit, share


def _settlement(site: Assembly, name: str, model: ProductModel) -> Settlement | PricedLots | None:
    """What counts the worth of lots where no price tells it afterwards: a settlement, or prices that change."""
    scenario, recorder = site.scenario, site.recorder
    if model.price.changes:
        terms = [
            (None if term.name is None else site.components.content_of(term.name, scenario.materials), term.value, term.payable) for term in model.price.terms
        ]
        return PricedLots(terms, scenario.start, window_begin(nanoseconds(scenario.warmup), recorder.every))
    if model.settlement is None:
        return None
    contents = [site.components.content_of(metal, scenario.materials) for metal in model.settlement.metals]
    window = window_begin(nanoseconds(scenario.warmup), recorder.every), recorder.horizon
    return Settlement(model.settlement, contents, site.stream(name, "measurement"), scenario.start, window)
