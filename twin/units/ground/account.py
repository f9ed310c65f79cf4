"""What a product took in, for the balance, and whether it keeps its specification lot by lot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.recording import GATE_COUNTS, Recorder
from twin.engine.unit import State
from twin.engine.window import window_begin
from twin.kernels.compile import entry
from twin.kernels.recording import record_taking
from twin.scenario.kinds.product import PENALISE, Limit
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.sampling import Sampler
from twin.units.ground.settlement import Lots, PricedLots, Settlement, SoldLots

Floats = NDArray[np.float64]
_record_taking = entry(record_taking)
WHOLE = 1.0 - 1e-9
"""A lot of which this share is of materials is no melt."""
OFFSPEC, PENALTY = (GATE_COUNTS.index(name) for name in ("offspec_mass", "penalty"))
JUDGED, PASSED, FAILED = (GATE_COUNTS.index(name) for name in ("judged_mass", "passed_offspec", "failed_onspec"))
Missed = list[tuple[Limit, float]]


class Verdict(NamedTuple):
    """The limits that a lot misses as it was ``found``, and those that it ``truly`` misses, each with the share; whether it was ``sampled``."""

    found: Missed
    truly: Missed
    sampled: bool = False


class Account:
    """What a product took in: masses for the balance, recorded flow, off-spec mass and penalties lot by lot.

    ``sampler``: judges lots by samples, stream ``measurement`` of NAME.acceptance; None where they are judged by what is true. ``judged``: lots so far.
    """

    def __init__(self, site: Assembly, name: str, model: ProductModel) -> None:
        self.name = name
        self.recorder: Recorder = site.recorder
        self.genealogy: Genealogy | None = site.genealogy
        self.row, self.gate_row = site.row(name), site.gate(name)
        self.taken = np.zeros(site.shape[0])
        self.limits = [(site.components.content_of(limit.name, site.scenario.materials), limit) for limit in model.spec.limits]
        self.sampler = Sampler(site, name, model.sampled, f"{name}.acceptance") if model.sampled is not None else None
        self.judged = 0
        self._water = _water(site) if model.grade_basis == "dry" else None
        self.penalty = model.penalty if model.when_off_spec == PENALISE else None
        self.settlement = _settlement(site, name, model)
        self._rows, self.lanes, self._solid = np.zeros(site.shape[0]), np.zeros(site.shape[1]), site.components.solid

    def take(self, x: Floats, share: float, amount: float, now: int, verdict: Verdict | None = None) -> None:
        """``share`` of the matrix ``x``, ``amount`` kg, leaves the plant; ``verdict``: that under which it was let go, judged now where None."""
        k = self.recorder.step(now)
        _record_taking(x, share, self._rows, self.taken, self.recorder.mass[k], self.recorder.size[k], self.row, self._solid, self.lanes)
        if self.settlement is not None:
            self.settlement.lot(self._rows, amount, now)
        if self.limits:
            judged = self.judge(x, self._rows, amount, now, share) if verdict is None else verdict
            self.count(judged, amount, now)
            if judged.found:
                counts = self.recorder.gates[k][self.gate_row]
                counts[OFFSPEC] += amount
                if self.penalty is not None and not (isinstance(self.settlement, SoldLots) and self.settlement.by_link):
                    counts[PENALTY] += amount * self.penalty.of(judged.found)

    def judge(self, x: Floats, rows: Floats, amount: float, now: int, share: float = 1.0) -> Verdict:
        """Judge a lot of ``amount`` kg: ``share`` of ``x`` (component, size), or ``rows`` (component,), kg; by samples where it is sampled and is no melt."""
        truly = list(self._missed(rows, amount))
        if self.sampler is None or sum(rows[: self._solid].tolist()) < WHOLE * amount:
            return Verdict(truly, truly)
        shares = x * (share / amount)
        finding = self.sampler.find(shares, amount)
        self.sampler.note(finding, shares, amount, self.judged, now)
        self.judged += 1
        return Verdict([] if np.isnan(finding.shares).any() else list(self._missed(finding.shares, 1.0)), truly, True)

    def count(self, verdict: Verdict, amount: float, now: int) -> None:
        """Count a lot of ``amount`` kg, if it was judged by samples, and whether these were right."""
        if not verdict.sampled:
            return
        counts = self.recorder.gates[self.recorder.step(now)][self.gate_row]
        counts[JUDGED] += amount
        if bool(verdict.found) != bool(verdict.truly):
            counts[FAILED if verdict.found else PASSED] += amount

    def _missed(self, rows: Floats, amount: float) -> Iterator[tuple[Limit, float]]:
        """Yield the limits that a lot of ``amount`` kg with ``rows`` (component,), kg, misses, each with the share found."""
        masses = rows.tolist()
        if self._water is not None:
            amount -= sum(m * w for m, w in zip(masses, self._water, strict=True))
        for content, limit in self.limits:
            share = sum(m * c for m, c in zip(masses, content.tolist(), strict=True)) / amount if amount > 0.0 else 0.0
            if not limit.holds(share):
                yield limit, share

    def save(self) -> State:
        """How many lots were judged by samples, and how many numbers were drawn for it."""
        return {"judged": self.judged, "used": self.sampler.used if self.sampler is not None else 0}

    def load(self, state: State) -> None:
        """Go on from there."""
        self.judged = state["judged"]
        if self.sampler is not None:
            self.sampler.rewind(state["used"])


def _water(site: Assembly) -> list[float]:
    """Kg of moisture in a kg of each component."""
    water = np.zeros(site.components.rows)
    water[: site.components.solid] = site.scenario.materials.properties["moisture"]
    found: list[float] = water.tolist()
    return found


def _settlement(site: Assembly, name: str, model: ProductModel) -> Lots | None:
    """What counts the worth of lots where no price tells it afterwards: a settlement, or prices that change."""
    scenario, recorder = site.scenario, site.recorder
    if model.price.changes:
        terms = [
            (None if term.name is None else site.components.content_of(term.name, scenario.materials), term.value, term.payable) for term in model.price.terms
        ]
        return PricedLots(terms, scenario.start, window_begin(nanoseconds(scenario.warmup), recorder.every))
    if model.settlement is None:
        return None
    window = window_begin(nanoseconds(scenario.warmup), recorder.every), recorder.horizon
    return Settlement(
        model.settlement, lambda metal: site.components.content_of(metal, scenario.materials), site.stream(name, "measurement"), scenario.start, window
    )
