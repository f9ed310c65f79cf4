"""Air classification: drag with shape, terminal velocity, zigzag stages, and the air classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frozen.compile import Floats, MachineKernel, Properties, Sizes, kernel, machine_kernel

GRAVITY = 9.80665  # m/s2
AIR_DENSITY, AIR_VISCOSITY = 1.204, 1.825e-5  # kg/m3, Pa s; 20 °C, 101325 Pa
MAX_REYNOLDS = 2.6e5
NODES = 17
MAX_LOADING = 2.0  # kg solids per kg air: the end of the table over loading


@kernel()
def drag_coefficient(reynolds: float, sphericity: float) -> float:
    """CD = 24/Re (1 + A Re^B) + C/(1 + D/Re) (Haider and Levenspiel 1989), for Re in 0..2.6e5 exclusive of 0, sphericity .026..1.

    >>> [round(drag_coefficient(re, 1.0), 4) for re in (1.0, 100.0)]
    [28.4699, 1.1498]
    """
    f = sphericity
    a = math.exp(2.3288 - 6.4581 * f + 2.4486 * f * f)
    b = 0.0964 + 0.5565 * f
    c = math.exp(4.905 - 13.8944 * f + 18.4222 * f * f - 10.2599 * f * f * f)
    d = math.exp(1.4681 + 12.2584 * f - 20.7322 * f * f + 15.8855 * f * f * f)
    return float(24.0 / reynolds * (1.0 + a * reynolds**b) + c / (1.0 + d / reynolds))


@kernel()
def terminal_velocity(size: float, density: float, sphericity: float) -> float:
    """Terminal velocity [m/s] in air at 20 °C of a piece of ``size`` [m], ``density`` [kg/m3]: v^2 = 4 g d (rho-rho_air)/(3 rho_air CD).

    Found by bisection of CD Re^2, which grows with Re and does not depend on v. 0 for what floats.

    >>> round(terminal_velocity(0.005, 2700.0, 1.0), 2), round(terminal_velocity(0.005, 1050.0, 0.7), 3)
    (18.64, 5.361)
    """
    if density <= AIR_DENSITY or size <= 0.0:
        return 0.0
    wanted = 4.0 * GRAVITY * size**3 * AIR_DENSITY * (density - AIR_DENSITY) / (3.0 * AIR_VISCOSITY * AIR_VISCOSITY)
    low, high = -40.0, 30.0  # ln Re
    for _ in range(60):
        middle = 0.5 * (low + high)
        reynolds = math.exp(middle)
        if drag_coefficient(reynolds, sphericity) * reynolds * reynolds < wanted:
            low = middle
        else:
            high = middle
    return math.exp(0.5 * (low + high)) * AIR_VISCOSITY / (AIR_DENSITY * size)


@kernel()
def climb(log_odds: float, stages: float, feed_stage: float) -> float:
    """Share that leaves a zigzag of N ``stages`` at the top, fed at stage i: (1-(q/p)^i)/(1-(q/p)^N), absorbing at 0 and N.

    ``log_odds`` is ln(q/p), q = 1-p, with p the probability of going up from a stage. 0 < i < N.

    >>> round(climb(math.log(0.4 / 0.6), 6.0, 3.0), 6), round(climb(math.log(0.3 / 0.7), 10.0, 5.0), 6)
    (0.771429, 0.985748)
    """
    if log_odds == 0.0:
        return feed_stage / stages
    if log_odds < 0.0:
        return math.expm1(feed_stage * log_odds) / math.expm1(stages * log_odds)
    falling = math.expm1(-feed_stage * log_odds) / math.expm1(-stages * log_odds)
    return math.exp((feed_stage - stages) * log_odds) * falling


HEAD = 1  # coefficients before the tables: kg solids per kg air for 1 kg/s


@kernel()
def _air_coefficients(
    diameter: Floats,
    density: Floats,
    sphericity: Floats,
    velocity: float,
    area: float,
    stages: float,
    feed_stage: float,
    sharpness: float,
    velocity_loss: float,
    sharpness_loss: float,
) -> Floats:
    materials, classes = diameter.shape
    cells = materials * classes
    c = np.zeros(HEAD + cells + NODES * cells)
    c[0] = 1.0 / (AIR_DENSITY * velocity * area)
    for m in range(materials):
        for s in range(classes):
            cell = m * classes + s
            settling = terminal_velocity(diameter[m, s], density[m, s], sphericity[m, s])
            reynolds = AIR_DENSITY * settling * diameter[m, s] / AIR_VISCOSITY
            c[HEAD + cell] = 1.0 if reynolds > MAX_REYNOLDS and settling < 3.0 * velocity else 0.0  # far above it any drag law says heavy
            for k in range(NODES):
                loading = k * MAX_LOADING / (NODES - 1.0)
                rising = velocity / (1.0 + velocity_loss * loading)
                exponent = sharpness / (1.0 + sharpness_loss * loading)
                up = 1.0
                if settling > 0.0:
                    up = climb(exponent * math.log(settling / rising), stages, feed_stage)
                c[HEAD + (1 + k) * cells + cell] = min(up, 1.0)
    return c


def _prepare_air(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _air_coefficients(
        np.ascontiguousarray(properties["piece_diameter"]),
        np.ascontiguousarray(properties["piece_envelope"]),
        np.ascontiguousarray(properties["piece_sphericity"]),
        float(values["velocity"]),
        float(values["area"]),
        float(values["stages"]),
        float(values["feed_stage"]),
        float(values["sharpness"]),
        float(values["velocity_loss"]),
        float(values["sharpness_loss"]),
    )


@machine_kernel
def _classify(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    c = coefficients
    total, beyond = 0.0, 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
            beyond += at[m, s] * c[HEAD + m * classes + s]
    loading = total * c[0]
    if loading > MAX_LOADING:
        warn[0] += 1
    if beyond > 0.0:
        warn[1] += 1
    place = min(loading, MAX_LOADING) * ((NODES - 1.0) / MAX_LOADING)
    node = min(int(place), NODES - 2)
    share = place - node
    cells = materials * classes
    table = HEAD + (1 + node) * cells
    for m in range(materials):
        for s in range(classes):
            cell = table + m * classes + s
            light = x[m, s] * ((1.0 - share) * c[cell] + share * c[cell + cells])
            out[0, m, s] = light
            out[1, m, s] = x[m, s] - light
    return 0


AIR_CLASSIFIER = MachineKernel(
    apply=_classify,
    prepare=_prepare_air,
    warnings=("more than 2 kg of solids per kg of air", "pieces near the cut beyond a Reynolds number of 260000"),
)
"""Zigzag air classifier; ports ``light``, ``heavy``. Of pieces: ``piece_diameter``, ``piece_envelope``, ``piece_sphericity``.

A piece falls as its outline does, air and all (:mod:`twin.materials.pieces`): :func:`terminal_velocity` of the sphere with its volume, at the density and
sphericity of the outline. At each stage a piece of the terminal velocity vt goes up with odds p/q = (v/vt)^n in air rising at v, so :func:`climb` with
ln(q/p) = n ln(vt/v). Solids take momentum from the air and shelter one another: at a loading of l kg per kg of air, v falls by
1/(1 + velocity_loss l) and the sharpness n by 1/(1 + sharpness_loss l). Tabulated at 17 loadings up to 2 and interpolated.

values: ``velocity`` [m/s] of the air in the channel, ``area`` [m2] of its cross-section, ``stages`` N, ``feed_stage`` i (counted from the
bottom, 0 < i < N), ``sharpness`` n of one stage, ``velocity_loss``, ``sharpness_loss``.
Valid to 2 kg/kg and Reynolds numbers of 2.6e5. Sources: Haider and Levenspiel 1989 (coefficients from memory, checked for spheres);
the form of the odds and both losses are assumptions of this model.
"""
