"""Worked numbers of sorting: breakage, screens, air, magnets, eddy currents, sensors, pieces."""

from __future__ import annotations

import math

import numpy as np

from twin.kernels.air_classifier import climb, drag_coefficient, terminal_velocity
from twin.kernels.comminution import gaudin_liberation, whiten_product
from twin.kernels.eddy_current import eddy_acceleration, over_height, piece_acceleration, throw
from twin.kernels.magnetic import lift_ratio, piece_lift
from twin.kernels.manual_picking import erlang_loss
from twin.kernels.sensor_sorter import areal_density, co_ejection
from twin.kernels.sizing import deck_capacity, karra_cut_size, karra_efficiency, karra_loading, throughfall_aperture, whiten_efficiency
from twin.kernels.suction_hood import drawn_velocity
from twin.materials.pieces import Shape, along_the_plane
from validation_cases.case import PEER, PUBLISHED, Case, about, worked

MU0 = 4e-7 * math.pi


def _whiten() -> float:
    breakage = np.array([[1.0, 0.7, 0.3], [0.0, 0.3, 0.5], [0.0, 0.0, 0.2]])
    return float(whiten_product(np.array([0.0, 0.0, 100.0]), np.array([0.0, 0.4, 0.8]), breakage)[0])


def _karra(feed: float) -> tuple[float, float]:
    opening = throughfall_aperture(20.0, 5.0, math.radians(20.0))
    loading = karra_loading(0.6 * feed, 6.0 * deck_capacity(opening, 1.0, 1000.0), 40.0, 35.0)
    return loading, karra_cut_size(opening, 15.0, loading)


def _sphere(conductivity: float, density: float, part: int) -> float:
    return float(eddy_acceleration(0.010, density, conductivity, 0.1, 62.83, 2 * math.pi * 300.0)[part])


def _sheet(part: int) -> float:
    """Force over area of an endless sheet of aluminium, over B0^2/mu0."""
    k, angular, b0, wall, conductivity, radius = 40.0, 1800.0, 0.2, 1e-3, 3.5e7, 100.0
    volume, area = 4.0 / 3.0 * radius**3, 3 * math.pi / 64 * wall * radius
    force = piece_acceleration(volume, area, radius, 0.0, conductivity, b0, k, angular)[part]
    return float(force / (math.pi * radius**2) / (b0 * b0 / MU0))


def _sheet_law(part: int) -> float:
    x = MU0 * 3.5e7 * 1e-3 * 1800.0 / (2 * 40.0)
    return (x, x * x)[part] / (1.0 + x * x)


def _can_at(field: float) -> float:
    can = Shape("hollow", 7850.0, 0.25e-3, thickness_ratio=0.75)
    return float(piece_lift(field, field / 0.2, float(can.demagnetisation(np.array(0.09)))))


def _fluids(size: float, density: float) -> float:
    import fluids

    return float(terminal_velocity(size, density, 1.0) / fluids.v_terminal(size, density, 1.204, 1.825e-5))


SCIENCE = "worked by hand from the equation"
CASES: tuple[Case, ...] = (
    worked("Mills", "Whiten's crusher, three classes: the finest", "Whiten 1972, worked by hand", "kg of 100", 43.72294, _whiten, 1e-6),
    worked("Mills", "Gaudin's cubes, liberated at a quarter of the grain", "Gaudin 1939", "–", 0.421875, lambda: gaudin_liberation(4.0), 1e-9),
    worked("Screens", "Karra: loading of 6 m2 with 100 t/h", "Karra 1979, coefficients from memory", "–", 0.6236, lambda: _karra(100.0)[0]),
    worked("Screens", "Karra: cut size at 100 t/h", "Karra 1979, coefficients from memory", "mm", 17.794, lambda: _karra(100.0)[1]),
    worked("Screens", "Karra: cut size at 200 t/h", "Karra 1979, coefficients from memory", "mm", 16.060, lambda: _karra(200.0)[1]),
    worked("Screens", "Karra: 18 mm to the oversize at 100 t/h", "Karra 1979", "–", 0.5234, lambda: karra_efficiency(18.0 / _karra(100.0)[1]), 2e-3),
    worked("Screens", "Whiten's curve, half the cut size, alpha 4", "Whiten 1972", "–", 0.1065, lambda: whiten_efficiency(0.5, 4.0)),
    worked("Air", "drag of a sphere at Re 100", "Haider and Levenspiel 1989", "–", 1.1498, lambda: drag_coefficient(100.0, 1.0), 1e-4),
    worked("Air", "copper bead of 1 mm falls at", SCIENCE, "m/s", 14.045, lambda: terminal_velocity(0.001, 8960.0, 1.0)),
    worked("Air", "piece of ABS of 5 mm, sphericity 0.7, falls at", SCIENCE, "m/s", 5.361, lambda: terminal_velocity(0.005, 1050.0, 0.7)),
    Case("Air", "5 mm of aluminium beside Barati's drag", PEER, "package fluids", "ratio", "1 within 5 %", 0.95, 1.05, lambda: _fluids(0.005, 2700.0)),
    worked("Air", "zigzag of 6 stages, fed in the middle, p = 0.6", "gambler's ruin", "–", 0.771429, lambda: climb(math.log(0.4 / 0.6), 6.0, 3.0), 1e-6),
    worked("Air", "air 0.5 m before a mouth of 0.25 m2 with 22 m/s", "DallaValle, from memory", "m/s", 2.0, lambda: drawn_velocity(22.0, 0.25, 0.5), 1e-9),
    worked("Magnets", "a ball of steel is lifted at 0.03225 T2/m", SCIENCE, "pull over weight", 1.0, lambda: lift_ratio(0.03225, 7850.0)),
    worked("Magnets", "demagnetising factor of a disc, 1 to 10000, times 10000", "Osborn 1945", "–", 0.7854, lambda: float(along_the_plane(np.array(1e4))) * 1e4),
    Case("Magnets", "pull over weight of a tinplate can at 0.04 T", PUBLISHED, "Ecoembes handbook p. 110: 0.04 T at the material suffice",
         "–", "1 or more", 1.0, math.inf, lambda: _can_at(0.04)),
    worked("Eddy current", "thrust on an aluminium ball of 20 mm, 0.1 T, 300 Hz", SCIENCE, "m/s2", 94.45, lambda: _sphere(3.5e7, 2700.0, 0)),
    worked("Eddy current", "repulsion of the same", SCIENCE, "m/s2", 71.85, lambda: _sphere(3.5e7, 2700.0, 1)),
    worked("Eddy current", "thrust on a copper ball of 20 mm", SCIENCE, "m/s2", 29.44, lambda: _sphere(5.8e7, 8960.0, 0)),
    Case("Eddy current", "thrust on an endless sheet of 1 mm of aluminium, over B²/μ0", "analytic", "current sheet in a travelling field",
         "–", f"{_sheet_law(0):.4f} within 1 %", *about(_sheet_law(0), 0.01), lambda: _sheet(0)),
    Case("Eddy current", "repulsion of the same, over B²/μ0", "analytic", "current sheet in a travelling field",
         "–", f"{_sheet_law(1):.4f} within 1 %", *about(_sheet_law(1), 0.01), lambda: _sheet(1)),
    worked("Eddy current", "squared field over a can of 66 mm, over that at its middle", "integral of exp(-2ky)", "–", math.sinh(2.64) / 2.64,
           lambda: over_height(40.0, 0.066), 1e-9),
    worked("Eddy current", "throw without forces, 2 m/s, 0.8 m deep", "parabola", "m", 0.8079, lambda: throw(0.0, 0.0, 0.0, 0.0, 60.0, 0.2, 2.0, 0.8), 1e-4),
    worked("Sensor sorters", "co-ejected at 3 t/h, pieces of 5 g, 3 m/s, 2 m", "Poisson, and a Monte Carlo within 0.005", "–", 0.0628,
           lambda: co_ejection(areal_density(3.0 / 3.6, 0.005, 3.0, 2.0) * 0.008 * (0.3 * 0.95 + 0.7 * 0.01))),
    worked("Picking", "pieces lost by 2 pickers who are offered 2 in a picking time", "Erlang's loss formula", "–", 0.4, lambda: erlang_loss(2.0, 2.0), 1e-9),
    Case("Pieces", "a film of 300 mm", PUBLISHED, "50 µm thick, some grams; from memory", "g", "2 to 10", 2.0, 10.0,
         lambda: 1e3 * float(Shape("film", 930.0, 50e-6, 20.0).mass(np.array(0.3)))),
    Case("Pieces", "a beverage can of 0.33 l, aluminium", PUBLISHED, "cans weigh 12 to 14 g; from memory", "g", "10 to 18", 10.0, 18.0,
         lambda: 1e3 * float(Shape("hollow", 2712.0, 0.157e-3, thickness_ratio=66 / 87.1).mass(np.array(0.0871)))),
)  # fmt: skip
