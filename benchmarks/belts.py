"""The belts of the particle mode's benchmark: what lies on them and the machines over them."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.kernels.compile import Sizes
from twin.materials.pieces import with_pieces
from twin.scenario.kinds.eddy_current import EddyCurrent
from twin.scenario.kinds.sensor_sorter import SensorSorter
from twin.scenario.sizes import read_bounds

COARSE, FINE = read_bounds("16 31.5 63 125 mm"), read_bounds("4 8 16 31.5 mm")
SIZES, FINE_SIZES = (Sizes(*(np.array(values) for values in (bounds.lower, bounds.upper, bounds.mean))) for bounds in (COARSE, FINE))
PACKAGING = with_pieces(
    {
        "density": np.array([1350.0, 950.0, 900.0]),
        "thickness_ratio": np.array([0.05, 0.05, 0.02]),
        "solidity": np.ones(3),
        "moisture": np.zeros(3),
        "conductivity": np.zeros(3),
    },
    COARSE.lower,
    COARSE.upper,
)
METALS = with_pieces(
    {"density": np.array([2700.0, 8930.0, 1080.0]), "conductivity": np.array([3.5e7, 5.8e7, 0.0]), "ferromagnetic": np.zeros(3)}, FINE.lower, FINE.upper
)
STREAM = np.array([[0.0, 0.2, 0.5, 0.3], [0.0, 0.2, 0.5, 0.3], [0.0, 0.1, 0.4, 0.5]]) * np.array([[0.3], [0.5], [0.2]]) * 4.0 / 3.6
"""Three materials, 4 t/h, of which the first is the sensor's target; kg/s. An eddy current gets twice as much."""


class Taught(SensorSorter):
    """Given signals in the place of a catalogue's classes."""

    def _signal(self, materials: Any, ejected: Any) -> Any:
        return np.array([1.0, 0.0, 0.0])

    def _visible(self, materials: Any) -> Any:
        return np.ones(3)


def sorter_values() -> Any:
    return Taught.model_validate({"kind": "sensor_sorter", "from": "yard", "eject": ["pet"], "lifted": 0, "unevenness": 0}).kernel_values(None, COARSE)


def thrower_values() -> Any:
    return EddyCurrent.model_validate({"kind": "eddy_current", "from": "yard"}).kernel_values(None, FINE)
