"""The particle mode in NumPy: stretches of belt one after the other, all pieces of a stretch at once.

The same models as ``twin.kernels.particles``, with NumPy's own random numbers, over the belts of ``frozen/particles.json``. Neighbours are compared by
shifting the arrays against each other, and only the windows that are open are compared with the pieces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PATH = Path(__file__).parents[1] / "frozen" / "particles.json"
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Pieces = tuple[Floats, Floats, NDArray[np.int64], Floats, Flags]
"""Place along and across the belt, cell, half the side, and whether it is counted."""


@dataclass(frozen=True)
class Belt:
    """Sides of the pieces (cell,) in m, how frequent each cell is, pieces per metre and width of the belt in m."""

    side: Floats
    share: Floats
    per_metre: float
    width: float

    def stretches(self, pieces: int, stretch: int, guard: float, rng: np.random.Generator) -> Iterator[Pieces]:
        """Yield stretches of ``stretch`` pieces on average, until about ``pieces`` are counted."""
        bounds = np.cumsum(self.share)
        bounds[-1] = 1.0
        length = stretch / self.per_metre
        for _ in range(max(1, round(pieces / (stretch * (1.0 - 2.0 * guard / length))))):
            count = rng.poisson(stretch)
            x = rng.random(count) * length
            x.sort()
            cell = np.searchsorted(bounds, rng.random(count), side="right")
            yield x, rng.random(count) * self.width, cell, 0.5 * self.side[cell], (x >= guard) & (x < length - guard)


@dataclass(frozen=True)
class Sorter:
    """A sensor sorter: the probability (cell,) that a piece is recognised, ``extra`` length of a window, pitch of the valves and errors, m."""

    belt: Belt
    read: Floats
    extra: float
    pitch: float
    along: float
    across: float

    def sample(self, pieces: int, stretch: int, seed: int) -> Floats:
        """The share that is ejected of each cell, from about ``pieces`` pieces, ``stretch`` at once."""
        rng = np.random.Generator(np.random.SFC64(seed))
        kinds, largest = len(self.belt.side), 0.5 * self.belt.side.max()
        reach = largest + 0.5 * self.extra + 6.8 * self.along
        counts = np.zeros((2, kinds), dtype=np.int64)
        for x, y, cell, half, inside in self.belt.stretches(pieces, stretch, largest + reach, rng):
            single = self._single(x, y, half, rng.random(len(x)))
            ejected = self._blown(x, y, half, single & (rng.random(len(x)) < self.read[cell]), reach, rng) & single
            counts[0] += np.bincount(cell[inside & ejected], minlength=kinds)
            counts[1] += np.bincount(cell[inside], minlength=kinds)
        return counts[0] / counts[1]

    def _single(self, x: Floats, y: Floats, half: Floats, rank: Floats) -> Flags:
        single, reach = np.ones(len(x), dtype=bool), half.max()
        for k in range(1, len(x)):
            along = x[k:] - x[:-k]
            if along.min() > reach:
                break
            apart = np.maximum(along, np.abs(y[k:] - y[:-k]))
            later_on_top = rank[k:] > rank[:-k]
            single[:-k] &= ~((apart < half[k:]) & later_on_top)
            single[k:] &= ~((apart < half[:-k]) & ~later_on_top)
        return single

    def _blown(self, x: Floats, y: Floats, half: Floats, opens: Flags, reach: float, rng: np.random.Generator) -> Flags:
        at, h = x[opens], half[opens]
        seen_x, seen_y = at + self.along * rng.standard_normal(len(at)), y[opens] + self.across * rng.standard_normal(len(at))
        start, stop = seen_x - h - 0.5 * self.extra, seen_x + h + 0.5 * self.extra
        left, right = np.floor((seen_y - h) / self.pitch) * self.pitch, np.floor((seen_y + h) / self.pitch) * self.pitch + self.pitch
        first, last = np.searchsorted(at, x - reach), np.searchsorted(at, x + reach, side="right")
        blown = np.zeros(len(x), dtype=bool)
        for k in range(int((last - first).max(initial=0))):
            j = np.minimum(first + k, len(at) - 1)
            blown |= (first + k < last) & (start[j] <= x) & (x < stop[j]) & (left[j] <= y) & (y < right[j])
        return blown


@dataclass(frozen=True)
class Thrower:
    """An eddy-current separator: where the cells land without and with the field, m, the share that is held, the edges of the splitters."""

    belt: Belt
    free: Floats
    thrown: Floats
    held: Floats
    edges: tuple[float, float]
    spread: float
    scatter: float
    shielding: float

    def sample(self, pieces: int, stretch: int, seed: int) -> Floats:
        """The shares (port, cell), from about ``pieces`` pieces, ``stretch`` at once."""
        rng = np.random.Generator(np.random.SFC64(seed))
        kinds, reach = len(self.belt.side), float(self.belt.side.max())
        counts = np.zeros(3 * kinds, dtype=np.int64)
        for x, y, cell, half, inside in self.belt.stretches(pieces, stretch, reach, rng):
            layers = self._layers(x, y, half, reach)
            chance = rng.random(len(x))
            landing = self.free[cell] + (self.thrown - self.free)[cell] / (1.0 + self.shielding * layers)
            landing += self.spread * math.sqrt(3.0) / math.pi * (1.0 + self.scatter * layers) * np.log(chance / (1.0 - chance))
            port = np.where(rng.random(len(x)) < self.held[cell], 2, (landing < self.edges[0]).astype(np.int64) + (landing < self.edges[1]))
            counts += np.bincount((port * kinds + cell)[inside], minlength=3 * kinds)
        table = counts.reshape(3, kinds)
        return table / table.sum(axis=0)

    def _layers(self, x: Floats, y: Floats, half: Floats, reach: float) -> Floats:
        area = np.zeros(len(x))
        for k in range(1, len(x)):
            along = x[k:] - x[:-k]
            if along.min() > reach:
                break
            both, least = half[k:] + half[:-k], 2.0 * np.minimum(half[k:], half[:-k])
            shared = np.clip(both - along, 0.0, least) * np.clip(both - np.abs(y[k:] - y[:-k]), 0.0, least)
            area[:-k] += shared
            area[k:] += shared
        layers: Floats = area / (4.0 * half * half)
        return layers


def frozen_sorter() -> Sorter:
    return Sorter(**_frozen("sorter"))


def frozen_thrower() -> Thrower:
    return Thrower(**_frozen("thrower"))


def _frozen(name: str) -> dict[str, Any]:
    data = json.loads(PATH.read_text())[name]
    belt = {key: np.array(value) if isinstance(value, list) else value for key, value in data.pop("belt").items()}
    return {"belt": Belt(**belt), **{key: np.array(value) if isinstance(value, list) else value for key, value in data.items()}}
