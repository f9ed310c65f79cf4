"""Density separation: the partition curve, how sharp it is, and the density separator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.physical_constants import AIR_DENSITY, WATER_DENSITY

DENSE_MEDIUM, JIG, AIR_TABLE = 0.0, 1.0, 2.0
"""Values of the parameter ``medium``."""

LN3 = math.log(3.0)


@kernel()
def sinking(density: float, cut: float, deviation: float) -> float:
    """Share that sinks (Tromp curve): 1/(1+exp(-ln3 (rho-rho50)/Ep)); ``deviation`` Ep > 0, half the width from 25 to 75 %. All in one unit.

    >>> round(sinking(2.9, 2.7, 0.05), 5), round(sinking(2750.0, 2700.0, 50.0), 2)
    (0.9878, 0.75)
    """
    return 1.0 / (1.0 + math.exp(min(LN3 * (cut - density) / deviation, 700.0)))


@kernel()
def deviation_of(imperfection: float, cut: float, fluid: float) -> float:
    """Ep of a machine in which pieces settle in a ``fluid``: I (rho50 - rho_fluid), densities in kg/m3; in water I = Ep/(rho50 - 1).

    >>> round(deviation_of(0.16, 2000.0, 1000.0), 9)
    160.0
    """
    return imperfection * (cut - fluid)


@kernel()
def effective_density(density: float, fluid: float, sphericity: float, shape_effect: float) -> float:
    """Density of the sphere that settles like a piece: fluid + (density - fluid) f^e; flat pieces (low ``sphericity`` f) seem lighter.

    >>> round(effective_density(2700.0, 1000.0, 0.5, 1.0), 9), effective_density(2700.0, 1000.0, 0.5, 0.0)
    (1850.0, 2700.0)
    """
    return float(fluid + (density - fluid) * sphericity**shape_effect)


@kernel()
def size_factor(size: float, fine_size: float, exponent: float) -> float:
    """Factor by which Ep is larger for a piece of ``size`` than for a large one: 1 + (x0/x)^n; 2 at ``fine_size`` x0.

    >>> size_factor(0.004, 0.002, 1.0)
    1.5
    """
    return float(1.0 + (fine_size / size) ** exponent)


HEAD = 4  # coefficients before the tables: nominal kg/s, crowding, cut in range, fine size m


@kernel()
def _density_coefficients(
    mean: Floats,
    density: Floats,
    sphericity: Floats,
    cut: float,
    fluid: float,
    deviation: float,
    fine_size: float,
    fine_exponent: float,
    shape_effect: float,
) -> Floats:
    materials, classes = density.shape[0], mean.shape[0]
    c = np.zeros(HEAD + classes + materials * classes)
    for s in range(classes):
        c[HEAD + s] = 1.0 if mean[s] < fine_size else 0.0
        spread = deviation * size_factor(mean[s], fine_size, fine_exponent)
        for m in range(materials):
            seen = effective_density(density[m], fluid, sphericity[m], shape_effect)
            c[HEAD + classes + m * classes + s] = LN3 * (cut - seen) / spread
    return c


def _prepare_density(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    medium, cut = float(values["medium"]), float(values["cut"])
    fluid = AIR_DENSITY if medium == AIR_TABLE else WATER_DENSITY
    deviation, shape_effect = deviation_of(float(values["imperfection"]), cut, fluid), float(values["shape_effect"])
    in_range = 1.0
    if medium == DENSE_MEDIUM:
        deviation, shape_effect = float(values["deviation"]), 0.0
        in_range = 1.0 if cut <= 3600.0 else 0.0
    fine_size, fine_exponent = float(values["fine_size"]), float(values["fine_exponent"])
    c = _density_coefficients(
        sizes.mean, properties["density"], properties["sphericity"], cut, fluid, max(deviation, 1e-3), fine_size, fine_exponent, shape_effect
    )
    c[0], c[1], c[2], c[3] = float(values["nominal"]), float(values["crowding"]), in_range, fine_size
    return c


@settling
def _crowd(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    c = coefficients
    total, fine = 0.0, 0.0
    for m in range(at.shape[0]):
        for s in range(at.shape[1]):
            total += at[m, s]
            fine += at[m, s] * c[HEAD + s]
    settings[0] = 1.0 + c[1] * total / c[0]
    if total > 0.0:
        if total > 1.5 * c[0]:
            warn[0] += 1
        if fine > 0.2 * total:
            warn[1] += 1
        if c[2] == 0.0:
            warn[2] += 1
    return 0


@splitting
def _stratify(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    first = HEAD + classes
    for m in range(materials):
        for s in range(classes):
            sunk = 1.0 / (1.0 + math.exp(min(coefficients[first + m * classes + s] / settings[0], 700.0)))
            shares[0, m, s] = sunk
            shares[1, m, s] = 1.0 - sunk
    return 0


DENSITY_SEPARATOR = MachineKernel(
    response=Response(_crowd, _stratify, ("blur",)),
    prepare=_prepare_density,
    warnings=("throughput above 1.5 times the nominal one", "more than 20 % finer than 'fine_size'", "dense medium of more than 3600 kg/m3"),
)
"""Density separator: dense medium, jig or air table; ports ``sink``, ``float``. Material properties: ``density``, ``sphericity``.

The partition curve is :func:`sinking`. For large pieces at no load Ep is ``deviation`` in a dense medium, and follows from ``imperfection`` by
:func:`deviation_of` in a jig (water) or on an air table (air), where the cut's distance from the fluid drives pieces apart. Small pieces are
sorted less sharply (:func:`size_factor`), and so are all in a crowd: Ep (1 + crowding Q/nominal). In a jig and on an air table a flat piece
counts as less dense (:func:`effective_density`), if ``shape_effect`` is above 0.

values: ``medium`` (0 dense medium, 1 jig, 2 air table), ``cut`` [kg/m3], ``nominal`` [kg/s], ``deviation`` [kg/m3], ``imperfection``,
``fine_size`` [m], ``fine_exponent``, ``crowding``, ``shape_effect``.
Valid to 1.5 times the nominal throughput, for few pieces below ``fine_size`` and dense media to 3600 kg/m3. Sources: logistic partition curve;
Ep as a power of size as in Scott and Napier-Munn 1992 (structure read); the constant part beside it, crowding and shape are assumptions.
"""
