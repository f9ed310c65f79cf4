"""A bench for one machine kernel: its parameters at the start, a feed, and what comes out."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.kernels.air import AIR_CLASSIFIER
from twin.kernels.comminution import SHREDDER
from twin.kernels.compile import MachineKernel, Sizes
from twin.kernels.eddy import EDDY_CURRENT
from twin.kernels.magnetic import OVERBAND_MAGNET
from twin.kernels.partition import SEPARATOR, SPLITTER
from twin.kernels.sizing import SCREEN

MATERIALS = ("steel", "aluminium", "copper", "pcb", "plastics", "glass")
SHARES = (0.40, 0.10, 0.05, 0.10, 0.30, 0.05)
X63 = (0.060, 0.045, 0.030, 0.045, 0.060, 0.020)  # m, of the Rosin-Rammler feed, so that size and material go together
PROPERTIES = {
    "density": np.array([7850.0, 2700.0, 8960.0, 2000.0, 1080.0, 2500.0]),
    "conductivity": np.array([7.0e6, 3.5e7, 5.8e7, 4.0e5, 0.0, 0.0]),
    "sphericity": np.array([0.6, 0.55, 0.45, 0.45, 0.5, 0.65]),
    "ferromagnetic": np.array([0.95, 0.0, 0.0, 0.06, 0.0, 0.0]),
    "breakage": np.array([0.4, 0.6, 0.5, 1.1, 1.0, 4.0]),
}


def size_classes(*bounds_mm: float) -> Sizes:
    bounds = np.array([0.0, *bounds_mm]) / 1000.0
    lower, upper = bounds[:-1].copy(), bounds[1:].copy()
    mean = np.sqrt(lower * upper)
    mean[0] = upper[0] / 2
    return Sizes(lower, upper, mean)


SIZES = size_classes(0.5, 1, 2, 4, 8, 16, 31.5, 63, 125, 250)

VALUES: dict[str, tuple[MachineKernel, int, dict[str, Any]]] = {
    "shredder": (
        SHREDDER,
        1,
        {
            "gap": 0.040,
            "free_share": 0.3,
            "discharge_exponent": 2.3,
            "energy": 18 * 3600.0,
            "strength": 6 * 3600.0,
            "nominal": 25 / 3.6,
            "load_slope": 1.0,
            "selection_exponent": 0.8,
            "fines_share": 0.3,
            "fines_exponent": 0.8,
            "coarse_exponent": 3.0,
        },
    ),
    "screen": (
        SCREEN,
        2,
        {
            "aperture": 0.020,
            "wire": 0.005,
            "inclination": math.radians(15),
            "area": 6.0,
            "deck": 1.0,
            "bulk_density": 600.0,
            "curve": 0.0,
            "sharpness": 4.0,
        },
    ),
    "overband_magnet": (
        OVERBAND_MAGNET,
        2,
        {
            "field": 0.45,
            "decay": 0.2,
            "height": 0.3,
            "length": 1.2,
            "belt_width": 1.2,
            "belt_speed": 1.5,
            "bulk_density": 500.0,
            "steepness": 4.0,
            "carry": 0.5,
        },
    ),
    "eddy_current": (
        EDDY_CURRENT,
        3,
        {
            "field": 0.2,
            "pole_pairs": 6.0,
            "drum_radius": 0.15,
            "rotor_speed": 50.0,
            "belt_speed": 2.0,
            "belt_width": 1.0,
            "drop": 0.6,
            "splitter": 1.2,
            "splitter_rest": 0.82,
            "spread": 0.06,
            "scatter": 1.0,
            "shielding": 0.2,
        },
    ),
    "air_classifier": (
        AIR_CLASSIFIER,
        2,
        {
            "velocity": 9.0,
            "area": 0.5,
            "stages": 8.0,
            "feed_stage": 4.0,
            "sharpness": 2.0,
            "velocity_loss": 0.05,
            "sharpness_loss": 0.8,
        },
    ),
    "separator": (SEPARATOR, 3, {}),
    "splitter": (SPLITTER, 3, {"shares": np.array([0.2, 0.5, 0.3])}),
}


class Bench:
    """One machine, to be fed with any lot at any throughput."""

    def __init__(
        self,
        name: str,
        properties: Mapping[str, np.ndarray] = PROPERTIES,
        sizes: Sizes = SIZES,
        **changes: Any,
    ) -> None:
        self.kernel, self.ports, values = VALUES[name]
        self.properties, self.sizes = properties, sizes
        self.shape = (len(properties["density"]), len(sizes.mean))
        if name == "separator" and "partition" not in changes:
            shares = np.arange(1.0, 1.0 + 3 * math.prod(self.shape)).reshape(3, *self.shape)
            changes["partition"] = shares / shares.sum(axis=0)
        self.coefficients = self.kernel.prepare({**values, **changes}, properties, sizes)
        self.warned = np.zeros(len(self.kernel.warnings), dtype=np.int64)
        self.status = 0

    def feed(self) -> np.ndarray:
        """100 kg of the mixture of this file."""
        below = [[-math.expm1(-((u / x63) ** 1.2)) for u in self.sizes.upper[:-1]] for x63 in X63]
        shares = np.diff(np.array([[0.0, *row, 1.0] for row in below]), axis=1)
        return shares * 100.0 * np.array(SHARES)[:, None]

    def split(self, x: np.ndarray, rate: float = 2.0, at: np.ndarray | None = None) -> np.ndarray:
        """What comes out (port, material, size) of a lot x at ``rate`` kg/s of the composition of x, or in a stream ``at``."""
        x = np.ascontiguousarray(x, dtype=np.float64)
        if at is None:
            at = x * (rate / x.sum()) if x.sum() > 0 else np.zeros_like(x)
        out = np.full((self.ports + 1, *self.shape), np.nan)  # the evaluator's buffer may hold more ports
        at = np.ascontiguousarray(at)
        self.status = self.kernel.apply(x, at, self.coefficients, np.zeros(0), 0.0, out, self.warned)
        return out[: self.ports]

    def grade_and_recovery(self, port: int, materials: tuple[str, ...], rate: float = 2.0) -> tuple[float, float]:
        """Grade of a port's product in some materials and their recovery into it, from :meth:`feed`."""
        x = self.feed()
        product = self.split(x, rate)[port]
        rows = [MATERIALS.index(name) for name in materials]
        return product[rows].sum() / product.sum(), product[rows].sum() / x[rows].sum()
