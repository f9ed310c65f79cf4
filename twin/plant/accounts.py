"""Accounts: what was there, came in, went out and is stored, by material and element; energy by carrier. A run that does not close fails.

*In* is summed where feeds deliver, *out* where products take, *stored* by weighing the content of every unit at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.errors import BalanceError
from twin.kernels.heaps import add_materials
from twin.materials import ELEMENTS
from twin.plant.build import Built
from twin.units.ground.components import Components

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
"""Largest residual of a material or element, as a share of its own inflow and initial stock."""
TRACE = 1e-6
"""An element that is less than this share of all mass is a trace …"""
TRACE_TOLERANCE = 1e-15
"""… and its residual is judged against all mass instead."""


@dataclass(frozen=True)
class Balance:
    """Masses in kg by component, ``initial + in + converted = out + stored``: what melts is converted from materials to elements,
    a composite that comes apart to its constituents.

    Elements close without a source. ``by_product``: what left with each product. Energies in J by carrier: ``metered`` by the recorder and ``used`` by times
    and masses, both less what boilers ``supplied``.
    """

    initial: Floats
    inflow: Floats
    converted: Floats
    out: Floats
    stored: Floats
    components: Components
    carriers: tuple[str, ...]
    metered: Floats
    used: Floats
    by_product: Mapping[str, Floats]
    supplied: Floats

    def materials(self, rows: Floats) -> Floats:
        """The materials among the components."""
        return rows[: self.components.solid]

    @property
    def material_residual(self) -> Floats:
        """By material, kg."""
        return self.materials(self.initial + self.inflow + self.converted - self.out - self.stored)

    @property
    def residual(self) -> Floats:
        """By element, kg."""
        return self.components.elements_of(self.initial + self.inflow - self.out - self.stored)

    @property
    def worst(self) -> float:
        """The largest residual over its measure: 1e-9 is the limit."""
        return max((share for _, share in self._shares()), default=0.0)

    def _shares(self) -> list[tuple[str, float]]:
        base, residual = self.components.elements_of(self.initial + self.inflow), self.residual
        total = float(base.sum())
        found = []
        for name, own, left in zip(ELEMENTS, base.tolist(), residual.tolist(), strict=True):
            trace = own < TRACE * total
            measure = total * TRACE_TOLERANCE / TOLERANCE if trace else own
            if left != 0.0:
                found.append((f"element {name}", abs(left) / measure if measure > 0.0 else float("inf")))
        for name, metered, used, supplied in zip(self.carriers, self.metered.tolist(), self.used.tolist(), self.supplied.tolist(), strict=True):
            if used or metered:
                found.append((f"carrier {name}", abs(metered - used) / (max(used, metered) + supplied)))
        return found

    def check(self, materials: tuple[str, ...], suspect: Callable[[], str] = lambda: "") -> None:
        """Raise :class:`~twin.errors.BalanceError` if something does not close; ``suspect`` says which machine it is, "" if none is known."""
        bad = [f"{name} by {share:.3g} of what came in" for name, share in self._shares() if not share <= TOLERANCE]
        base = self.materials(self.initial + self.inflow + np.maximum(self.converted, 0.0)).tolist()  # of what came in or was made
        for name, own, left in zip(materials, base, self.material_residual.tolist(), strict=True):
            if not abs(left) <= TOLERANCE * max(own, TRACE * sum(base)):
                bad.append(f"material {name} by {left:.6g} kg of {own:.6g} kg")
        if bad:
            cause = suspect() or "A kernel or a unit loses or makes mass; please report this"
            raise BalanceError(f"the run does not close (allowed is {TOLERANCE:g}): {'; '.join(bad)}. {cause}")


def stocks(built: Built) -> Floats:
    """Weigh what lies in every unit: masses by component, kg."""
    total = np.zeros(built.site.shape[0])
    for bunker in built.site.bunkers.values():
        bunker.content.weigh(total)
    for conveyor in built.conveyors:
        conveyor.content.weigh(total)
    for line in built.lines:
        for matrix, share in line.on_the_line():
            add_materials(total, np.ascontiguousarray(matrix), share)
    for process in built.processes:
        process.weigh(total)
    return total


def balance(built: Built, initial: Floats, metered: Floats) -> Balance:
    """Close the accounts."""
    site = built.site
    inflow, out = np.zeros(site.shape[0]), np.zeros(site.shape[0])
    for gate in built.gates:
        inflow += gate.taken
    for account in site.accounts.values():
        out += account.taken
    carriers = site.recorder.axes.carriers
    used, converted = np.zeros(len(carriers)), np.zeros(site.shape[0])
    used[0] = sum(line.records.energy_used(line) for line in built.lines) + sum(conveyor.energy_used() for conveyor in built.conveyors)
    for line in built.lines:
        converted += line.liberated.converted
    for process in built.processes:
        inflow += process.inflow
        converted += process.converted
    for records in built.process_records:
        used += records.energy_used()
    supplied = np.zeros(len(carriers))
    for carrier, main in site.recorder.mains.items():
        supplied[carrier] += main.supplied
    return Balance(initial, inflow, converted, out, stocks(built), site.components, carriers, metered, used, accounts_state(built), supplied)


def leaking(built: Built) -> str:
    """Name the first machine that makes or loses mass of the last lot of its line, with the numbers; "" where none does."""
    for line in built.lines:
        leak = line.network.leak()
        if leak is not None:
            machine, taken, given = leak
            numbers = f"of the {taken:.9g} kg that it takes of the last lot come out {given:.9g} kg"
            way = "turns materials into others" if abs(given - taken) <= TOLERANCE * taken else "makes mass" if given > taken else "loses mass"
            return f"Machine {machine.name!r} of line {line.name!r} {way}: {numbers}; hold its kernel to twin.testing.check_kernel"
    return ""


def accounts_state(built: Built) -> State:
    """What products took in so far."""
    return {name: account.taken.copy() for name, account in built.site.accounts.items()}
