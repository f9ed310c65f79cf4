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
from frozen import mills, sizing
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
        materials, classes = shape
        self.burden, self.steepness, self.carry = float(c[0]), float(c[3]), float(c[4])
        self.per_size = c[6 : 6 + classes]
        self.pull = c[6 + classes : 6 + classes + materials, None]
        self.magnetic = c[6 + classes + materials : 6 + classes + 2 * materials, None]

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        total = float(x.sum()) * rate
        resistance = (1.0 + self.burden * total * self.per_size) ** self.steepness
        lifted = x * (self.magnetic * (self.pull / (self.pull + resistance)))
        by_size = lifted.sum(axis=0)
        carried = self.carry * self.burden * total * float(by_size @ self.per_size) * rate
        remaining = total - float(by_size.sum()) * rate + carried
        steel = lifted + (x - lifted) * (carried / remaining if remaining > 0.0 else 0.0)
        return steel, x - steel


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
        materials, classes = shape
        self.cover = c[1 : 1 + materials]
        self.per_size = c[1 + 2 * materials : 1 + 2 * materials + classes]
        self.table = c[1 + 2 * materials + 2 * classes :].reshape(2, self.nodes, *shape)

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        place = min(float(self.cover @ (x @ self.per_size)) * rate, self.most) * ((self.nodes - 1) / self.most)
        node = min(int(place), self.nodes - 2)
        share = place - node
        near, far = (1.0 - share) * self.table[:, node] + share * self.table[:, node + 1]
        beyond = x * near
        light = beyond * far
        return light, beyond - light, x - beyond


class Screen:
    reacts = True

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        classes, head = shape[1], sizing.HEAD
        self.opening, self.area, self.capacity, self.sharpness, sticking = (float(value) for value in c[:head])
        if sticking:
            raise ValueError(f"the peer's screen knows no moisture (sensitivity {sticking})")
        by_size = c[head : head + 4 * classes].reshape(4, classes)
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

    def to_oversize(self, cut: float) -> Floats:
        ratio: Floats = self.size / cut
        if self.sharpness == 0.0:
            karra: Floats = -np.expm1(-0.693 * ratio**5.846)
            return karra
        decay: Floats = np.exp(-self.sharpness * ratio)
        return (1.0 - decay) / (1.0 + (math.exp(self.sharpness) - 2.0) * decay)

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        over = x * self.to_oversize(self.cut(x.sum(axis=0), rate))
        return over, x - over


class Shredder:
    reacts = True

    def __init__(self, c: Floats, shape: tuple[int, int]) -> None:
        materials, classes = shape
        self.events, self.nominal, self.slope, _, composites = (float(value) for value in c[: mills.HEAD])
        if composites:
            raise ValueError(f"the peer's shredder takes no composites apart ({composites:g} do)")
        ends = np.cumsum([mills.HEAD, classes, materials, materials * classes, classes * classes])
        self.leaving, relative, selection, fragments = (c[begin:end] for begin, end in pairwise(ends.tolist()))
        self.selection = selection.reshape(shape) * relative[:, None]
        self.fragments = np.ascontiguousarray(fragments.reshape(classes, classes).T)
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
        """The matrices (material, size, size) of inside = feed + fragments (broken inside)."""
        return self._identity - self.fragments * broken[:, None, :]

    def split(self, x: Floats, rate: float) -> Sequence[Floats]:
        broken = self.broken(self.events_at(float(x.sum()) * rate))
        inside = np.linalg.solve(self.balance(broken), x[:, :, None])[:, :, 0]
        return ((1.0 - broken) * inside,)


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
            over = self.screen.to_oversize(cut)
            matrix = self.matrix.copy()
            matrix[:, self._diagonal, self._diagonal] -= over * self.passed
            out = self.passed * np.linalg.solve(matrix, x[:, :, None])[:, :, 0]
            by_size = out.sum(axis=0)
            phi = 1.0 + float(by_size @ over) / mass
            duration = max(floor, phi * needs[0] / counts[0], phi * needs[1] / counts[1])
            events = self.shredder.events_at(phi * mass / (duration * counts[0]))
            found = self.screen.cut(by_size, 1.0 / (duration * counts[1]))
            settled = abs(events - self.at_events) <= TOLERANCE * events
            if abs(found - cut) <= TOLERANCE * found and settled:
                self.cut = cut if self.remember else self.screen.opening
                return duration, phi, out * (1.0 - over)
            if not settled:
                self._set(events)
            here = (cut, found)
            slope = (found - last[1]) / (cut - last[0]) if turn and cut != last[0] else 0.0
            cut = min(self.screen.opening, cut + (found - cut) / (1.0 - slope)) if abs(slope) < 0.9 else found
            last = here
        raise RuntimeError(f"no cut size found in {MOST_ROUNDS} rounds")
