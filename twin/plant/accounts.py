"""Accounts: what was there, came in, went out and is stored, by material and element; energy by carrier. A run that does not close fails.

*In* is summed where feeds deliver, *out* where products take, *stored* by weighing the content of every unit at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.errors import BalanceError
from twin.kernels.heaps import add_materials
from twin.materials import ELEMENTS
from twin.plant.build import Built

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
"""Largest residual of a material or element, as a share of its own inflow and initial stock."""
TRACE = 1e-6
"""An element that is less than this share of all mass is a trace …"""
TRACE_TOLERANCE = 1e-15
"""… and its residual is judged against all mass instead."""
ELECTRICITY = "electricity"


@dataclass(frozen=True)
class Balance:
    """Masses in kg by material, ``initial + in = out + stored``; energies in J: ``metered`` by the recorder and ``used`` by times and masses."""

    initial: Floats
    inflow: Floats
    out: Floats
    stored: Floats
    assay: Floats
    metered: float
    used: float

    @property
    def residual(self) -> Floats:
        """By material, kg."""
        return self.initial + self.inflow - self.out - self.stored

    def elements(self, masses: Floats) -> Floats:
        """Masses by element of masses by material, kg."""
        total = np.zeros(self.assay.shape[1])
        for mass, row in zip(masses.tolist(), self.assay, strict=True):
            total += mass * row
        return total

    @property
    def worst(self) -> float:
        """The largest residual over its measure: 1e-9 is the limit."""
        return max((share for _, share in self._shares()), default=0.0)

    def _shares(self) -> list[tuple[str, float]]:
        total = float((self.initial + self.inflow).sum())
        found = []
        base, residual = self.elements(self.initial + self.inflow), self.elements(self.residual)
        for name, own, left in zip(ELEMENTS, base.tolist(), residual.tolist(), strict=True):
            trace = own < TRACE * total
            measure = total * TRACE_TOLERANCE / TOLERANCE if trace else own
            if left != 0.0:
                found.append((f"element {name}", abs(left) / measure if measure > 0.0 else float("inf")))
        if self.used or self.metered:
            found.append((f"carrier {ELECTRICITY}", abs(self.metered - self.used) / max(self.used, self.metered)))
        return found

    def check(self, materials: tuple[str, ...]) -> None:
        """Raise :class:`~twin.errors.BalanceError` if something does not close."""
        bad = [f"{name} by {share:.3g} of what came in" for name, share in self._shares() if not share <= TOLERANCE]
        base = (self.initial + self.inflow).tolist()
        for name, own, left in zip(materials, base, self.residual.tolist(), strict=True):
            if not abs(left) <= TOLERANCE * max(own, TRACE * sum(base)):
                bad.append(f"material {name} by {left:.6g} kg of {own:.6g} kg")
        if bad:
            raise BalanceError(
                f"the run does not close (allowed is {TOLERANCE:g}): " + "; ".join(bad) + ". A kernel or a unit loses or makes mass; please report this"
            )


def stocks(built: Built) -> Floats:
    """Weigh what lies in every unit: masses by material, kg."""
    total = np.zeros(built.site.shape[0])
    for bunker in built.site.bunkers.values():
        bunker.content.weigh(total)
    for conveyor in built.conveyors:
        conveyor.content.weigh(total)
    for line in built.lines:
        for matrix, share in line.on_the_line():
            add_materials(total, np.ascontiguousarray(matrix), share)
    return total


def balance(built: Built, initial: Floats, metered: float) -> Balance:
    """Close the accounts."""
    site = built.site
    inflow, out = np.zeros(site.shape[0]), np.zeros(site.shape[0])
    for gate in built.gates:
        inflow += gate.taken
    for account in site.accounts.values():
        out += account.taken
    used = sum(line.records.energy_used(line) for line in built.lines) + sum(conveyor.energy_used() for conveyor in built.conveyors)
    return Balance(initial, inflow, out, stocks(built), site.scenario.materials.assay, metered, used)


def accounts_state(built: Built) -> State:
    """What products took in so far."""
    return {name: account.taken.copy() for name, account in built.site.accounts.items()}
