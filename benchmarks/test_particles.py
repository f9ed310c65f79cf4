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
from figures import Figures
from interleaved import interleave
from peers.particles_numpy import Belt, Sorter, Thrower
from size import size

from twin.kernels.compile import Sizes
from twin.kernels.particles import DISC, Sampled, eddy_partition, landings, sensor_partition
from twin.kernels.sensor import errors, response, seen_share, surface_masses
from twin.scenario.kinds.eddy_current import EddyCurrent
from twin.scenario.kinds.sensor_sorter import SensorSorter
from twin.scenario.sizes import read_bounds

pytestmark = pytest.mark.benchmark(timer=time.process_time)
PIECES = size(200_000, 20_000)
COARSE, FINE = read_bounds("16 31.5 63 125 mm"), read_bounds("4 8 16 31.5 mm")
SIZES, FINE_SIZES = (Sizes(*(np.array(values) for values in (bounds.lower, bounds.upper, bounds.mean))) for bounds in (COARSE, FINE))
PACKAGING = {
    "density": np.array([1350.0, 950.0, 900.0]),
    "thickness_ratio": np.array([0.05, 0.05, 0.02]),
    "solidity": np.ones(3),
    "moisture": np.zeros(3),
    "conductivity": np.zeros(3),
}
METALS = {"density": np.array([2700.0, 8930.0, 1080.0]), "conductivity": np.array([3.5e7, 5.8e7, 0.0]), "ferromagnetic": np.zeros(3)}
STREAM = np.array([[0.0, 0.2, 0.5, 0.3], [0.0, 0.2, 0.5, 0.3], [0.0, 0.1, 0.4, 0.5]]) * np.array([[0.3], [0.5], [0.2]]) * 4.0 / 3.6
"""Three materials, 4 t/h, of which the first is the sensor's target; kg/s. An eddy current gets twice as much."""
STRETCHES = size((2048, 4096, 8192, 16384), (4096,))
"""Pieces that NumPy is given at once; the best for it counts."""
THERE = (STREAM > 0.0).reshape(-1)


class Taught(SensorSorter):
    """Given signals in the place of a catalogue's classes."""

    def _signal(self, materials: Any) -> Any:
        return np.array([1.0, 0.0, 0.0]), np.ones(3)


def there(table: Any) -> Any:
    return np.broadcast_to(table, STREAM.shape).reshape(-1)[THERE]


def belt_of(stream: Any, mass: Any, side: Any, values: Any) -> Belt:
    rates = there(stream / mass)
    return Belt(there(side), rates / rates.sum(), rates.sum() / values["belt_speed"], values["belt_width"])


def sorter_of(values: Any) -> Sorter:
    mass = surface_masses(PACKAGING, SIZES) * SIZES.mean**2
    seen = np.array([seen_share(d, values["smallest"], values["sharpness"]) for d in SIZES.mean])
    read = there(response(values, PACKAGING, SIZES) * seen)
    return Sorter(belt_of(STREAM, mass, SIZES.mean, values), read, values["belt_speed"] * values["valve_time"], values["valve_pitch"], *errors(values))


def thrower_of(values: Any) -> Thrower:
    mass = np.multiply.outer(METALS["density"] * (math.pi / 6.0), FINE_SIZES.mean**3)
    free, thrown = landings(values, METALS, FINE_SIZES)
    edges = (values["splitter"], values["splitter_rest"])
    held, blur = there(METALS["ferromagnetic"][:, None]), (values["spread"], values["scatter"], values["shielding"])
    return Thrower(belt_of(2.0 * STREAM, mass, DISC * FINE_SIZES.mean, values), there(free), there(thrown), held, edges, *blur)


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
    values = Taught.model_validate({"kind": "sensor_sorter", "from": "yard", "eject": ["pet"]}).kernel_values(None, COARSE)
    compare(benchmark, figures, "particles", sorter_of(values), lambda n: sensor_partition(values, PACKAGING, SIZES, STREAM, pieces=n, seed=1))


def test_particles_of_an_eddy_current_separator(benchmark: Any, figures: Figures) -> None:
    values = EddyCurrent.model_validate({"kind": "eddy_current", "from": "yard"}).kernel_values(None, FINE)
    compare(benchmark, figures, "eddy_particles", thrower_of(values), lambda n: eddy_partition(values, METALS, FINE_SIZES, 2.0 * STREAM, pieces=n, seed=1))
