"""What kernels are tried with: lots, streams and loads, the same for each try."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CELLS = 6
"""So many single cells are tried, beside the corners."""
RATES = (1e-6, 0.01, 0.3, 1.0, 3.0, 10.0, 100.0)
"""Streams of the same mixture, kg/s, each with a load of its own."""


@dataclass(frozen=True)
class Trial:
    """``x`` (material, size), kg, in a stream ``at`` (material, size), kg/s, at a ``load``; ``name`` says in words what it is."""

    name: str
    x: Floats
    at: Floats
    load: float


def random(seed: int) -> np.random.Generator:
    """The same numbers for the same seed, on every computer."""
    return np.random.Generator(np.random.Philox(seed))


def mixture(shape: tuple[int, int], draw: np.random.Generator) -> Floats:
    """A lot of 100 kg with all cells filled, by up to a thousand to one."""
    found: Floats = 10.0 ** draw.uniform(-3.0, 0.0, shape)
    found *= 100.0 / found.sum()
    return found


def trials(shape: tuple[int, int], seed: int) -> list[Trial]:
    """Lots and streams of so many materials and size classes: none, one cell, all cells, very large and very small ones, many loads."""
    draw = random(seed)
    nothing, even = np.zeros(shape), np.full(shape, 100.0 / (shape[0] * shape[1]))
    found = [Trial("no lot and no stream", nothing, nothing, 0.0), Trial("no lot in a stream of 1 kg/s", nothing, even / 100.0, 0.5)]
    found.append(Trial("100 kg in all cells, in no stream", even, nothing, 0.0))
    last = shape[0] - 1, shape[1] - 1
    cells = {(0, 0), (0, last[1]), (last[0], 0), last} | {(int(draw.integers(shape[0])), int(draw.integers(shape[1]))) for _ in range(CELLS)}
    for m, s in sorted(cells):
        one = np.zeros(shape)
        one[m, s] = 1.0
        found.append(Trial(f"100 kg of material {m} in size class {s}, at 1 kg/s", 100.0 * one, one, 0.5))
    found.append(Trial("100 kg in all cells alike, at 1 kg/s", even, even / 100.0, 0.5))
    found.append(Trial("1e7 kg at 1e5 kg/s", 1e5 * mixture(shape, draw), 1e3 * mixture(shape, draw), 3.0))
    found.append(Trial("1e-9 kg at 1e-9 kg/s", 1e-11 * mixture(shape, draw), 1e-11 * mixture(shape, draw), 1e-9))
    for k, rate in enumerate(RATES):
        lot = mixture(shape, draw)
        gaps = np.where(draw.uniform(size=shape) < 0.3, 0.0, lot)
        load = k / 2.0
        found.append(Trial(f"100 kg of a mixture at {rate:g} kg/s and load {load:g}", lot, lot * (rate / 100.0), load))
        found.append(Trial(f"a mixture with gaps in another of {rate:g} kg/s, load {load:g}", gaps, mixture(shape, draw) * (rate / 100.0), load))
    return found
