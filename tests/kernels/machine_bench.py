"""A bench for one machine kernel: its parameters at the start, a feed, and what comes out."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.kernels.air_classifier import AIR_CLASSIFIER
from twin.kernels.bag_opener import BAG_OPENER
from twin.kernels.ballistic_separator import BALLISTIC_SEPARATOR
from twin.kernels.compile import MachineKernel, Sizes
from twin.kernels.corona_separator import CORONA_SEPARATOR
from twin.kernels.density_separator import DENSITY_SEPARATOR
from twin.kernels.eddy_current import EDDY_CURRENT
from twin.kernels.magnetic import MAGNETIC_DRUM, OVERBAND_MAGNET
from twin.kernels.manual_picking import MANUAL_PICKING
from twin.kernels.mills import GRANULATOR, HAMMER_MILL, SHREDDER
from twin.kernels.partition import SEPARATOR, SPLITTER
from twin.kernels.robot import ROBOT
from twin.kernels.sensor_sorter import SENSOR_SORTER
from twin.kernels.sizing import SCREEN
from twin.kernels.suction_hood import SUCTION_HOOD
from twin.kernels.trommel import TROMMEL
from twin.materials.pieces import with_pieces

MATERIALS = ("steel", "aluminium", "copper", "pcb", "plastics", "glass")
SHARES = (0.40, 0.10, 0.05, 0.10, 0.30, 0.05)
X63 = (0.060, 0.045, 0.030, 0.045, 0.060, 0.020)  # m, of the Rosin-Rammler feed, so that size and material go together
PROPERTIES = {
    "density": np.array([7850.0, 2700.0, 8960.0, 2000.0, 1080.0, 2500.0]),
    "conductivity": np.array([7.0e6, 3.5e7, 5.8e7, 4.0e5, 0.0, 0.0]),
    "sphericity": np.array([0.6, 0.55, 0.45, 0.45, 0.5, 0.65]),
    "ferromagnetic": np.array([0.95, 0.0, 0.0, 0.06, 0.0, 0.0]),
    "breakage": np.array([0.4, 0.6, 0.5, 1.1, 1.0, 4.0]),
    "thickness_ratio": np.array([0.35, 0.25, 0.3, 0.15, 0.2, 0.5]),
    "moisture": np.zeros(6),
    "solidity": np.ones(6),
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
            "nominal_gap": 0.040,
            "emptying": 1.0,
            "ductile_fines_share": 0.02,
            "ductile_coarse_exponent": 4.0,
            "rubber_fines_share": 0.01,
            "rubber_coarse_exponent": 2.0,
            "fibre_fines_share": 0.08,
            "fibre_coarse_exponent": 2.0,
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
            "free_area": 1.0,
            "moisture_sensitivity": 0.0,
            "floating": 0.0,
        },
    ),
    "trommel": (
        TROMMEL,
        2,
        {
            "aperture": 0.030,
            "diameter": 2.5,
            "length": 6.0,
            "speed": 12 / 60.0,
            "inclination": math.radians(5),
            "open_area": 0.45,
            "bulk_density": 400.0,
            "reach": 1.0,
            "moisture_sensitivity": 0.0,
            "floating": 0.0,
        },
    ),
    "magnetic_drum": (
        MAGNETIC_DRUM,
        2,
        {
            "duty": 0.0,
            "field": 0.25,
            "pole_pitch": 0.45,
            "radius": 0.6,
            "drum_speed": 0.5,
            "gap": 0.13,
            "feed_speed": 1.2,
            "width": 1.2,
            "bulk_density": 500.0,
            "steepness": 4.0,
            "carry": 0.5,
            "clinging": 50.0,
        },
    ),
    "density_separator": (
        DENSITY_SEPARATOR,
        2,
        {
            "medium": 0.0,
            "cut": 2300.0,
            "nominal": 2.0,
            "deviation": 40.0,
            "imperfection": 0.16,
            "fine_size": 0.002,
            "fine_exponent": 1.0,
            "crowding": 0.5,
            "shape_effect": 0.0,
        },
    ),
    "hammer_mill": (
        HAMMER_MILL,
        1,
        {
            "grate": 0.030,
            "nominal_grate": 0.030,
            "emptying": 1.0,
            "ductile_fines_share": 0.02,
            "ductile_coarse_exponent": 4.0,
            "rubber_fines_share": 0.01,
            "rubber_coarse_exponent": 2.0,
            "fibre_fines_share": 0.08,
            "fibre_coarse_exponent": 2.0,
            "rotor_diameter": 1.2,
            "rotor_speed": 800 / 60.0,
            "impacts": 50.0,
            "hammer_mass": 15.0,
            "hammer_edge": 1.0,
            "free_share": 0.3,
            "discharge_exponent": 2.3,
            "strength": 6 * 3600.0,
            "nominal": 25 / 3.6,
            "load_slope": 1.0,
            "selection_exponent": 0.8,
            "fines_share": 0.4,
            "fines_exponent": 0.8,
            "coarse_exponent": 3.0,
        },
    ),
    "granulator": (
        GRANULATOR,
        1,
        {
            "aperture": 0.008,
            "nominal_aperture": 0.008,
            "emptying": 2.0,
            "ductile_fines_share": 0.01,
            "ductile_coarse_exponent": 2.0,
            "rubber_fines_share": 0.01,
            "rubber_coarse_exponent": 2.0,
            "fibre_fines_share": 0.03,
            "fibre_coarse_exponent": 2.0,
            "rotor_diameter": 0.4,
            "rotor_speed": 500 / 60.0,
            "rotor_knives": 5.0,
            "bed_knives": 2.0,
            "knife_gap": 0.3e-3,
            "residence": 2.0,
            "selectivity": 0.3,
            "free_share": 0.3,
            "discharge_exponent": 2.3,
            "nominal": 2 / 3.6,
            "load_slope": 1.0,
            "fines_share": 0.05,
            "fines_exponent": 0.8,
            "coarse_exponent": 2.0,
        },
    ),
    "manual_picking": (
        MANUAL_PICKING,
        2,
        {
            "target": np.ones(1),
            "pickers": 4.0,
            "picks": 0.5,
            "recognition": 0.9,
            "mistakes": 0.01,
            "hurry": 2.0,
            "smallest": 0.04,
            "largest": 0.6,
            "heaviest": 5.0,
            "belt_speed": 0.25,
            "belt_width": 1.0,
        },
    ),
    "robot": (
        ROBOT,
        2,
        {
            "target": np.ones(1),
            "taken": np.zeros(0),
            "grips": np.zeros((0, 0)),
            "arms": 2.0,
            "picks": 0.7,
            "recognition": 0.9,
            "mistakes": 0.02,
            "grip": 0.85,
            "smallest": 0.05,
            "largest": 0.5,
            "heaviest": 2.0,
            "belt_speed": 0.5,
            "belt_width": 1.2,
            "unevenness": 0.5,
        },
    ),
    "ballistic_separator": (
        BALLISTIC_SEPARATOR,
        3,
        {
            "opening": 0.040,
            "screening": 0.85,
            "flat_ratio": 0.1,
            "flat_sharpness": 2.0,
            "flat": np.zeros((0, 0)),
            "angle": math.radians(15),
            "reference_angle": math.radians(15),
            "angle_effect": 11.5,
            "speed": 3.0,
            "speed_enough": 3.0,
            "speed_effect": 1.0,
            "width": 2.5,
            "travel": 0.3,
            "hiding": 0.05,
            "riding": 0.02,
        },
    ),
    "bag_opener": (BAG_OPENER, 1, {"bag_size": 0.2, "opened": 0.9, "contents": np.ones((1, 1))}),
    "corona_separator": (
        CORONA_SEPARATOR,
        3,
        {
            "voltage": 32e3,
            "gap": 0.055,
            "roll_radius": 0.14,
            "roll_speed": 1.0,
            "width": 1.0,
            "corona_arc": math.radians(40),
            "current_density": 2e-3,
            "permittivity": 3.0,
            "drop": 0.35,
            "splitter": 0.22,
            "splitter_insulator": 0.12,
            "spread": 0.025,
            "scatter": 1.0,
            "shielding": 0.5,
            "moisture_conductivity": 1e-9,
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
            "clinging": 50.0,
        },
    ),
    "eddy_current": (
        EDDY_CURRENT,
        3,
        {
            "field": 0.15,
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
            "velocity": 7.5,
            "area": 0.5,
            "stages": 8.0,
            "feed_stage": 4.0,
            "sharpness": 2.0,
            "velocity_loss": 0.05,
            "sharpness_loss": 0.8,
        },
    ),
    "suction_hood": (
        SUCTION_HOOD,
        2,
        {
            "velocity": 20.0,
            "area": 0.2,
            "distance": 0.1,
            "belt_speed": 2.0,
            "belt_width": 1.2,
            "sharpness": 4.0,
            "velocity_loss": 0.5,
            "held_back": 0.7,
        },
    ),
    "sensor_sorter": (
        SENSOR_SORTER,
        2,
        {
            "sensor": 0.0,
            "ejects": 0.0,
            "signal": np.zeros(0),
            "signal_2": np.zeros(0),
            "visible": np.zeros(0),
            "response": np.array([[0.3]]),
            "response_2": np.zeros((0, 0)),
            "threshold": 0.0,
            "conductivity": 1e5,
            "width": 0.1,
            "thin": 1.0,
            "thick": 200.0,
            "detection": 0.95,
            "confusion": 0.01,
            "moisture_loss": 1.0,
            "belt_speed": 3.0,
            "belt_width": 2.0,
            "valve_pitch": 0.0125,
            "valve_time": 0.01,
            "blocked_valves": 0.0,
            "late": 0.5,
            "smallest": 0.01,
            "sharpness": 4.0,
            "overlap": 0.5,
            "lifted": 0.0,
            "unevenness": 0.0,
            "position_error": 0.004,
            "timing_error": 0.003,
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
        self.properties, self.sizes = with_pieces(properties, sizes.lower, sizes.upper), sizes
        self.shape = (len(properties["density"]), len(sizes.mean))
        if name == "separator" and "partition" not in changes:
            shares = np.arange(1.0, 1.0 + 3 * math.prod(self.shape)).reshape(3, *self.shape)
            changes["partition"] = shares / shares.sum(axis=0)
        self.coefficients = self.kernel.prepare({**values, **changes}, self.properties, sizes)
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
