"""Random recycle loops of a mill and a sieve whose splits depend on their load, and what they settle to when nothing but plain sweeps is used.

The loops are one-lot lines of the engine's :class:`Network`; the scan knows nothing of it but the two formulas of the machines below.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import MachineKernel, Properties, Response, Sizes, Spread, kernel, machine_kernel, settling, splitting
from twin.units.ground.components import Components
from twin.units.lines.machine import Machine
from twin.units.lines.network import Network, Wiring

Floats = NDArray[np.float64]
MATERIALS, COARSE, FINE = 3, 0, 1
LOT = 100.0

SETTLED, FLOODED = 0, 1
MOST = 1e4
SWEEPS = 20_000


@kernel()
def broken(share: float, slope: float, rate: float, nominal: float) -> float:
    """Share of the coarse that a mill breaks: less the more it has to do."""
    return share / (1.0 + slope * rate / nominal)


@kernel()
def kept(least: float, most: float, power: float, rate: float, nominal: float) -> float:
    """Share that a sieve sends back: more the more lies on it."""
    crowd = (rate / nominal) ** power
    return least + (most - least) * crowd / (1.0 + crowd)


@machine_kernel
def _mill(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    rate = at.sum()
    for m in range(x.shape[0]):
        share = broken(coefficients[2 + m], coefficients[0], rate, coefficients[1])
        out[0, m, 0] = x[m, 0] * (1.0 - share)
        out[0, m, 1] = x[m, 1] + x[m, 0] * share
    return 0


@machine_kernel
def _sieve(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    rate = at.sum()
    for s in range(x.shape[1]):
        back = kept(coefficients[2 + 2 * s], coefficients[3 + 2 * s], coefficients[0], rate, coefficients[1])
        for m in range(x.shape[0]):
            out[1, m, s] = x[m, s] * back
            out[0, m, s] = x[m, s] * (1.0 - back)
    return 0


def _given(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return np.array(values["table"], dtype=np.float64)


MILL = MachineKernel(apply=_mill, prepare=_given)
SIEVE = MachineKernel(apply=_sieve, prepare=_given)


@settling
def _lie(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: Floats) -> int:
    settings[0] = at.sum()
    return 0


@splitting
def _leave(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    for m in range(shares.shape[1]):
        shares[0, m, 0] = 1.0
        shares[0, m, 1] = 1.0 - broken(coefficients[2 + m], coefficients[0], settings[0], coefficients[1])
    return 0


@splitting
def _part(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    for s in range(shares.shape[2]):
        back = kept(coefficients[2 + 2 * s], coefficients[3 + 2 * s], coefficients[0], settings[0], coefficients[1])
        for m in range(shares.shape[1]):
            shares[0, m, s] = 1.0 - back
            shares[1, m, s] = back
    return 0


def _fall(coefficients: Floats, materials: int, classes: int) -> Spread:
    return Spread(np.array([[0.0, 0.0], [1.0, 0.0]]))


SOLVED_MILL = MachineKernel(response=Response(_lie, _leave, ("rate",), spread=_fall), prepare=_given)
SOLVED_SIEVE = MachineKernel(response=Response(_lie, _part, ("rate",)), prepare=_given)
"""The same machines in the form that can be solved; classes ascend, so the fine is the first."""
FINE_FIRST = np.array([0, 1, 4, 5, 2, 3])
"""Order of a sieve's numbers for them."""


class Rate:
    """A constant rate, kg/s."""

    def __init__(self, value: float) -> None:
        self.value = value

    def inverse(self, u: float) -> float:
        return self.value


@dataclass(frozen=True)
class Loop:
    """``feed`` (material, size) kg; ``mill``: slope, nominal kg/s, share broken of each material; ``sieve``: power, nominal kg/s, least and most share
    that goes back of coarse and of fine. ``limits``: kg/s of the mill and of the sieve (0: none)."""

    feed: Floats
    mill: Floats
    sieve: Floats
    limits: Floats

    def network(self, solved: bool = False) -> Network:
        """The loop as a line: lot -> mill -> sieve, whose coarse goes back to the mill; ``solved``: of machines that say how they respond."""
        kinds = (SOLVED_MILL, SOLVED_SIEVE) if solved else (MILL, SIEVE)
        tables = (self.mill, self.sieve[FINE_FIRST] if solved else self.sieve)
        machines = [
            Machine(name, kernel, ports, {"table": table}, rate=Rate(limit) if limit > 0 else None)
            for name, kernel, ports, table, limit in zip(("mill", "sieve"), kinds, (("out",), ("fine", "coarse")), tables, self.limits.tolist(), strict=True)
        ]
        names = tuple(f"m{m}" for m in range(MATERIALS))
        sizes = Sizes(np.array([0.0, 0.01]), np.array([0.01, 0.1]), np.array([0.005, 0.05]))
        wiring = Wiring((((-1, 0), (1, 1)), ((0, 0),)), ((0, 2, True),), ((1, 0),))
        components = Components(names, MATERIALS, -1, MATERIALS, (), -1, -1, -1, np.zeros((MATERIALS, 1)))
        network = Network("loop", machines, wiring, {"density": np.ones(MATERIALS)}, sizes, components)
        network.lot[:] = self.feed[:, ::-1] if solved else self.feed
        for i, machine in enumerate(machines):
            network.seconds[i] = machine.seconds(float(self.feed.sum()), 0)
        return network


def random_loop(seed: int) -> Loop:
    """A loop; of some the sieve lets ever less through beyond a point, so that they flood, or settle with little and with much going round."""
    chance = random.Random(seed)
    shares = np.array([chance.random() + 0.05 for _ in range(MATERIALS)])
    coarse = chance.uniform(0.3, 1.0)
    feed = np.stack([shares * coarse, shares * (1.0 - coarse)], axis=1)
    nominal = chance.uniform(0.8, 4.0)
    mill = [chance.choice([0.0, chance.uniform(0.0, 1.5)]), chance.uniform(0.5, 3.0), *(chance.uniform(0.3, 0.9) for _ in range(MATERIALS))]
    most = chance.choice([0.9, 0.97, 1.0])
    least = chance.uniform(0.3, 0.8)
    sieve = [chance.choice([1.0, 2.0, 4.0, 8.0]), nominal, least, chance.uniform(least, most), chance.uniform(0.0, 0.2), chance.uniform(0.2, most)]
    limits = [chance.uniform(0.5, 4.0), chance.choice([0.0, 0.0, chance.uniform(0.5, 6.0)])]
    return Loop(LOT * feed / feed.sum(), np.array(mill), np.array(sieve), np.array(limits))


@numba.njit(error_model="numpy")
def settle(feed: Floats, mill: Floats, sieve: Floats, tau: float, load: Floats) -> int:
    """Sweep from an empty loop at ``tau`` s a lot until nothing changes; writes the mass through both machines over that of the lot."""
    total = feed.sum()
    x, back = np.zeros_like(feed), np.zeros_like(feed)
    before = 0.0
    for _ in range(SWEEPS):
        x[:] = feed + back
        mass = x.sum()
        for m in range(x.shape[0]):
            share = broken(mill[2 + m], mill[0], mass / tau, mill[1])
            x[m, 1] += x[m, 0] * share
            x[m, 0] *= 1.0 - share
        for s in range(x.shape[1]):
            back[:, s] = x[:, s] * kept(sieve[2 + 2 * s], sieve[3 + 2 * s], sieve[0], mass / tau, sieve[1])
        load[:] = mass / total
        if abs(mass - before) <= 1e-11 * mass:
            return SETTLED
        if mass > MOST * total:
            return FLOODED
        before = mass
    return FLOODED


@numba.njit(error_model="numpy")
def shortest(feed: Floats, mill: Floats, sieve: Floats, limits: Floats, step: float) -> tuple[float, float]:
    """Scan durations from the shortest possible upwards by ``step``: the last that is too short and the first at which the loop settles within its limits, s."""
    load = np.zeros(2)
    tau = max(feed.sum() / limits[0], feed.sum() / limits[1] if limits[1] > 0.0 else 0.0)
    before = 0.0
    for _ in range(200_000):
        if settle(feed, mill, sieve, tau, load) == SETTLED:
            need = load[0] * feed.sum() / limits[0]
            if limits[1] > 0.0:
                need = max(need, load[1] * feed.sum() / limits[1])
            if need <= tau * (1.0 + 1e-9):
                return before, tau
        before = tau
        tau *= step
    return before, np.inf
