"""The machines of the WEEE line in NumPy: from the matrix (material, size) of a lot, kg, to one for each port.

``rate`` is in 1/s: what the matrix is multiplied by to make the lot a stream through one of the parallel machines. The coefficients ``c`` are those
of the frozen kernels' ``prepare``; the formulas of each lot are those of these kernels, over the whole matrix at once. Only their range warnings
are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from frozen import eddy, magnetic, mills, sizing
from frozen.comminution import newly_liberated
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOLERANCE = 1e-11
"""Relative change of a cut size or a duration that counts as none."""
MOST_ROUNDS = 200


class Separator:
    reacts = False

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        self.shares = c.reshape(-1, *shape)

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        return list(self.shares * x)


class Splitter:
    reacts = False

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        self.shares = c[:, None, None]

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        return list(self.shares * x)


class OverbandMagnet:
    reacts = True

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        head, materials = magnetic.HEAD, shape[0]
        self.burden, self.steepness, self.carry = float(c[0]), float(c[3]), float(c[4])
        pull, cover, self.clinging = c[head + materials :].reshape(3, *shape)
        self.rows = np.flatnonzero(c[head : head + materials])  # only of these is anything lifted
        self.most, self.pull, self.cover = c[head + self.rows, None], pull[self.rows], cover[self.rows]

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        total, rows = float(x.sum()) * rate, self.rows
        burden = self.burden * total
        lifted = x[rows] * (self.most * (self.pull / (self.pull + (1.0 + burden * self.cover) ** self.steepness)))
        carried = self.carry * burden * float(np.vdot(lifted, self.cover)) * rate
        remaining = total - float(lifted.sum()) * rate + carried
        left = x.copy()
        left[rows] -= lifted
        rest = left * (1.0 - (carried / remaining if remaining > 0.0 else 0.0) * self.clinging)
        return x - rest, rest


class AirClassifier:
    reacts = True
    nodes, most = 17, 2.0

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        cells = shape[0] * shape[1]
        self.air = float(c[0])
        self.table = c[1 + cells :].reshape(self.nodes, *shape)

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        place = min(float(x.sum()) * rate * self.air, self.most) * ((self.nodes - 1) / self.most)
        node = min(int(place), self.nodes - 2)
        share = place - node
        light = x * ((1.0 - share) * self.table[node] + share * self.table[node + 1])
        return light, x - light


class EddyCurrent:
    reacts = True
    nodes, most = 17, 4.0

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        begin, cells = eddy.HEAD + shape[0] + shape[1], shape[0] * shape[1]
        self.wavenumber = float(c[1])
        self.covered = c[begin : begin + 2 * cells].reshape(2, cells)
        """What a kg/s of each cell covers of the belt, and that times its height."""
        self.table = c[begin + 2 * cells :].reshape(2, 2, self.nodes, *shape)
        """Past the near and the far splitter, thrown, then as without a field."""

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        occupation, high = (self.covered @ x.ravel()).tolist()
        occupation, high = occupation * rate, high * rate
        aloft = 0.0
        if occupation > 1e-9:
            aloft = (1.0 + math.expm1(-occupation) / occupation) * -math.expm1(-2.0 * self.wavenumber * high / occupation)
        place = min(occupation, self.most) * ((self.nodes - 1) / self.most)
        node = min(int(place), self.nodes - 2)
        share = place - node
        thrown, fallen = (1.0 - share) * self.table[:, :, node] + share * self.table[:, :, node + 1]
        beyond, light = x * ((1.0 - aloft) * thrown + aloft * fallen)
        return light, beyond - light, x - beyond


class Screen:
    reacts = True

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        classes, head = shape[1], sizing.HEAD
        self.opening, self.area, self.capacity, self.sharpness, sticking = (float(value) for value in c[:head])
        if sticking:
            raise ValueError(f"the peer's screen knows no moisture (sensitivity {sticking})")
        by_size = c[head : head + 4 * classes].reshape(4, classes)
        self.down = c[head + 4 * classes + shape[0] :].reshape(shape)
        self.shares, self.size = np.vstack([np.ones(classes), by_size[:3]]), by_size[3].copy()

    def cut(self, by_size: Floats, rate: float) -> float:
        """Karra's cut size, mm, of the masses of a lot by size."""
        total, under, half, near = (self.shares @ by_size).tolist()
        if total <= 0.0:
            return self.opening
        percent = 100.0 / total
        oversize, half, near = max(0.0, 100.0 - under * percent), half * percent, min(near * percent, 80.0)
        coarse = min(1.6 - 0.012 * oversize, 4.275 - 0.0425 * oversize)
        fine = max(0.012 * half + 0.7, 0.1528 * half**0.564, 0.0061 * half**1.37, 0.05 * half - 1.5)
        loading = under * rate * 3.6 / (self.area * self.capacity * coarse * fine)
        if loading <= 0.0:
            return self.opening
        return min(self.opening, float(self.opening * 0.975 * (1.0 - near / 100.0) ** 0.511 * loading**-0.148))

    def to_undersize(self, cut: float) -> Floats:
        """Share (material, size)."""
        ratio: Floats = self.size / cut
        if self.sharpness == 0.0:
            karra: Floats = np.exp(-0.693 * ratio**5.846) * self.down
            return karra
        decay: Floats = np.exp(-self.sharpness * ratio)
        return (1.0 - (1.0 - decay) / (1.0 + (math.exp(self.sharpness) - 2.0) * decay)) * self.down

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        under = x * self.to_undersize(self.cut(x.sum(axis=0), rate))
        return x - under, under


class Shredder:
    reacts = True

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        materials, classes = shape
        self.events, self.nominal, self.slope, _, composites, _ = (float(value) for value in c[: mills.HEAD])
        ends = np.cumsum([mills.HEAD, classes, materials, materials * classes, materials, mills.WAYS * classes * classes])
        self.leaving, relative, selection, laws, tables = (c[begin:end] for begin, end in pairwise(ends.tolist()))
        self.selection = selection.reshape(shape) * relative[:, None]
        broken_to = tables.reshape(mills.WAYS, classes, classes)[laws.astype(int)].transpose(0, 2, 1)
        """Share (material, to, from)."""
        if composites > 1.0:
            raise ValueError(f"the peer's shredder takes one composite apart (got {composites:g})")
        self.composite, self.parts, self.fragments = -1, np.zeros(materials), np.ascontiguousarray(broken_to)
        if composites:
            place, free, self.parts = np.split(c[ends[-1] :], [1, 1 + classes])
            self.composite = int(place[0])
            liberated = np.array([[newly_liberated(coarse, fine) for coarse in free] for fine in free])
            self.freed = self.fragments[self.composite] * liberated
            self.fragments[self.composite] -= self.freed
        self._identity = np.eye(classes)

    def events_at(self, stream: float) -> float:
        return self.events / (1.0 + self.slope * stream / self.nominal)

    def broken(self, events: float) -> Floats:
        """Probability (material, size) that a piece is broken before it leaves."""
        rates = events * self.selection
        both = rates + self.leaving
        broken = np.divide(rates, both, out=np.zeros_like(rates), where=both > 0.0)
        broken[:, 0] = 0.0
        return broken

    def balance(self, broken: Floats) -> Floats:
        """The matrices (material, size, size) of inside = feed + fragments (broken inside), but for what comes free of the composite."""
        return self._identity - self.fragments * broken[:, None, :]

    def inside(self, matrix: Floats, broken: Floats, x: Floats) -> Floats:
        """What is inside (material, size): first of the composite, whose constituents then come to the others."""
        k = self.composite
        if k >= 0:
            whole = np.linalg.solve(matrix[k], x[k])
            x = x + np.multiply.outer(self.parts, self.freed @ (broken[k] * whole))
        solved: Floats = np.linalg.solve(matrix, x[:, :, None])[:, :, 0]
        return solved

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        broken = self.broken(self.events_at(float(x.sum()) * rate))
        return ((1.0 - broken) * self.inside(self.balance(broken), broken, x),)


MACHINES: dict[str, type[Any]] = {
    "separator": Separator,
    "splitter": Splitter,
    "overband_magnet": OverbandMagnet,
    "air_classifier": AirClassifier,
    "eddy_current": EddyCurrent,
    "screen": Screen,
    "shredder": Shredder,
}


class CrusherCircuit:
    """A shredder and the screen that sends its oversize back.

    At a given cut of the screen the circuit is one linear system for what is inside the shredder; the cut itself is found by Wegstein's
    method.
    """

    def __init__(self, shredder: Shredder, screen: Screen, remember: bool) -> None:
        self.shredder, self.screen, self.remember = shredder, screen, remember
        self.cut = screen.opening
        self._diagonal = np.arange(len(screen.size))
        self._set(shredder.events)

    def _set(self, events: float) -> None:
        self.at_events = events
        self.broken = self.shredder.broken(events)
        self.passed = 1.0 - self.broken
        self.matrix = self.shredder.balance(self.broken)

    def solve(self, x: Floats, mass: float, floor: float, needs: Sequence[float], counts: Sequence[int]) -> tuple[float, float, Floats]:
        """Duration of the lot in s, at least ``floor``; mass through the machines over that of the lot; undersize.

        ``needs``: seconds that shredder and screen need for the bare lot.
        """
        cut, last = self.cut, (0.0, 0.0)
        for turn in range(MOST_ROUNDS):
            under = self.screen.to_undersize(cut)
            matrix = self.matrix.copy()
            matrix[:, self._diagonal, self._diagonal] -= (1.0 - under) * self.passed
            out = self.passed * self.shredder.inside(matrix, self.broken, x)
            by_size, leaves = out.sum(axis=0), out * under
            phi = 1.0 + float(by_size.sum() - leaves.sum()) / mass
            duration = max(floor, phi * needs[0] / counts[0], phi * needs[1] / counts[1])
            events = self.shredder.events_at(phi * mass / (duration * counts[0]))
            found = self.screen.cut(by_size, 1.0 / (duration * counts[1]))
            settled = abs(events - self.at_events) <= TOLERANCE * events
            if abs(found - cut) <= TOLERANCE * found and settled:
                self.cut = cut if self.remember else self.screen.opening
                return duration, phi, leaves
            if not settled:
                self._set(events)
            here = (cut, found)
            slope = (found - last[1]) / (cut - last[0]) if turn and cut != last[0] else 0.0
            cut = min(self.screen.opening, cut + (found - cut) / (1.0 - slope)) if abs(slope) < 0.9 else found
            last = here
        raise RuntimeError(f"no cut size found in {MOST_ROUNDS} rounds")
