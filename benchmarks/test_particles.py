"""The particle mode against the same in NumPy, both on one thread.

On an empty belt, where pieces hardly meet, both do little but draw numbers and the ratio falls to about 2; nobody needs the particle mode there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from belts import FINE_SIZES, METALS, PACKAGING, SIZES, STREAM, sorter_values, thrower_values
from figures import Figures
from interleaved import interleave
from peers.particles_numpy import Sorter, Thrower, frozen_sorter, frozen_thrower
from size import size

from twin.kernels.particles import Sampled, eddy_partition, sensor_partition

pytestmark = pytest.mark.benchmark(timer=time.process_time)
PIECES = size(200_000, 20_000)
STRETCHES = size((2048, 4096, 8192, 16384), (4096,))
"""Pieces that NumPy is given at once; the best for it counts."""
THERE = (STREAM > 0.0).reshape(-1)


def compare(benchmark: Any, figures: Figures, name: str, peer: Sorter | Thrower, candidate: Callable[[int], Sampled]) -> None:
    candidate(4096)
    contenders = {f"numpy {stretch}": lambda stretch=stretch: lambda: peer.sample(PIECES, stretch, 1) for stretch in STRETCHES}
    times = interleave(benchmark, {**contenders, "candidate": lambda: lambda: candidate(PIECES)}, rounds=7)
    sampled = times.results["candidate"]
    best = min(contenders, key=times.median)
    theirs = np.atleast_2d(times.results[best])
    ours, error = (part.reshape(len(part), -1)[: len(theirs), THERE] for part in (sampled.share, sampled.error))
    assert np.all(np.abs(ours - theirs) < 4.0 * math.sqrt(2.0) * error + 1e-3)
    figures.figure(f"{name}_speedup", times.ratio(best, "candidate"), at_least=3.0)
    figures.beside(f"{name}_ns_a_piece", 1e9 * times.median("candidate") / sampled.pieces.sum(), "ns")
    figures.beside(f"{name}_numpy_ns_a_piece", 1e9 * times.median(best) / PIECES, "ns")
    figures.beside(f"{name}_numpy_pieces_at_once", best.split()[1])
    figures.beside(f"{name}_layers_on_the_belt", float((peer.belt.share * peer.belt.side**2).sum()) * peer.belt.per_metre / peer.belt.width)


def test_particles_of_a_sensor_sorter(benchmark: Any, figures: Figures) -> None:
    values = sorter_values()
    compare(benchmark, figures, "particles", frozen_sorter(), lambda n: sensor_partition(values, PACKAGING, SIZES, STREAM, pieces=n, seed=1))


def test_particles_of_an_eddy_current_separator(benchmark: Any, figures: Figures) -> None:
    values = thrower_values()
    compare(benchmark, figures, "eddy_particles", frozen_thrower(), lambda n: eddy_partition(values, METALS, FINE_SIZES, 2.0 * STREAM, pieces=n, seed=1))
