"""Comminution: size distributions, breakage, liberation, and the shredder.

Size classes ascend; a breakage matrix ``b[i, j]`` is the mass share of what breaks in class j that arrives in class i <= j, self-share
``b[j, j]`` included, and its columns sum to 1. Sizes are in m, masses in kg, unless a function says otherwise.

The shredder is Whiten's crusher P = (I-C)(I-BC)^-1 F, with the probability C of being broken again taken from the population balance of a
perfectly mixed chamber: a piece is broken at the rate S of its size and leaves at the rate D at which the opening lets that size through,
hence C = S/(S+D). A piece wider than the gap has D = 0: it stays until it has been broken to size. A batch model has no such limit, and
Whiten's C alone no rate and so no load; this form has both. By Herbst and Fuerstenau's energy-specific selection function, S times the
residence time is the specific energy over the strength, and energy per tonne falls as throughput rises, as on a motor of given power.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Sizes, kernel, machine_kernel

REFERENCE_SIZE = 0.1
"""Size in m at which a piece of relative breakage 1 breaks once per ``strength``."""


def rosin_rammler(size: float, x63: float, n: float) -> float:
    """Mass share finer than ``size`` [m]: 1 - exp(-(size/x63)^n), x63 [m] > 0, n > 0 (Rosin and Rammler 1933).

    >>> round(rosin_rammler(0.010, 0.020, 1.2), 6)
    0.352913
    """
    return -math.expm1(-((size / x63) ** n))


def gates_gaudin_schuhmann(size: float, k: float, a: float) -> float:
    """Mass share finer than ``size`` [m]: (size/k)^a, 1 above the top size k [m]; a > 0.

    >>> round(gates_gaudin_schuhmann(0.010, 0.040, 0.7), 6)
    0.378929
    """
    return min(1.0, float((size / k) ** a))


def gaudin_liberation(k: float) -> float:
    """Liberated share of the dispersed phase when cubes of ``k`` times the particle size are broken: ((k-1)/k)^3, 0 for k <= 1 (Gaudin).

    >>> gaudin_liberation(2.0), gaudin_liberation(4.0), round(gaudin_liberation(10.0), 6)
    (0.125, 0.421875, 0.729)
    """
    return ((k - 1.0) / k) ** 3 if k > 1.0 else 0.0


@kernel()
def austin_breakage(ratio: float, fines_share: float, fines_exponent: float, coarse_exponent: float) -> float:
    """Share of a broken piece that is finer than ``ratio`` times its size: phi r^g + (1-phi) r^b (Austin, Klimpel and Luckie).

    ``fines_share`` phi is in 0..1, the exponents are > 0. The fragments' mass is complete: 1 at ``ratio`` >= 1.

    >>> round(austin_breakage(0.5, 0.4, 0.6, 3.0), 6)
    0.338902
    """
    if ratio <= 0.0:
        return 0.0
    if ratio >= 1.0:
        return 1.0
    return float(fines_share * ratio**fines_exponent + (1.0 - fines_share) * ratio**coarse_exponent)


@kernel()
def breakage_matrix(lower: Floats, upper: Floats, mean: Floats, fines_share: float, fines_exponent: float, coarse_exponent: float) -> Floats:
    """Austin's breakage function on size classes: ``b[i, j]`` (size, size), parents at their class mean, columns summing to 1.

    What stays within a parent's own class is kept as ``b[j, j]``; with it the plain mass scheme is of second order in the class ratio.

    >>> bounds = np.array([0.0, 1.0, 2.0, 4.0])
    >>> b = breakage_matrix(bounds[:-1], bounds[1:], np.array([0.5, 2.0**0.5, 8.0**0.5]), 1.0, 2.0, 2.0)
    >>> [round(float(share), 6) for share in b[:, 2]]
    [0.125, 0.375, 0.5]
    """
    classes = mean.shape[0]
    b = np.zeros((classes, classes))
    b[0, 0] = 1.0
    for j in range(1, classes):
        above = 1.0
        for i in range(j, 0, -1):
            below = austin_breakage(lower[i] / mean[j], fines_share, fines_exponent, coarse_exponent)
            b[i, j] = above - below
            above = below
        b[0, j] = above
    return b


@kernel()
def reid_batch(feed: Floats, selection: Floats, breakage: Floats, time: float) -> Floats:
    """Batch grinding in closed form (Reid 1965): masses (size,) after ``time`` [s] at ``selection`` rates (size,) [1/s].

    Rates S(1-b_jj) must differ between classes, and rounding grows with the number of classes: use :func:`batch_product` otherwise.

    >>> b = np.array([[1.0, 1.0, 0.4], [0.0, 0.0, 0.6], [0.0, 0.0, 0.0]])
    >>> [round(float(m), 6) for m in reid_batch(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.2, 0.5]), b, 2.0)]
    [0.32968, 0.302441, 0.367879]
    """
    classes = feed.shape[0]
    rate = np.empty(classes)
    for i in range(classes):
        rate[i] = selection[i] * (1.0 - breakage[i, i])
    mode = np.zeros((classes, classes))  # mass in class i is the sum over j >= i of mode[i, j] exp(-rate[j] t)
    product = np.zeros(classes)
    for i in range(classes - 1, -1, -1):
        own = feed[i]
        for j in range(i + 1, classes):
            gain = 0.0
            for k in range(i + 1, j + 1):
                gain += breakage[i, k] * selection[k] * mode[k, j]
            mode[i, j] = gain / (rate[i] - rate[j])
            own -= mode[i, j]
            product[i] += mode[i, j] * math.exp(-rate[j] * time)
        mode[i, i] = own
        product[i] += own * math.exp(-rate[i] * time)
    return product


@kernel()
def batch_product(feed: Floats, selection: Floats, breakage: Floats, time: float) -> Floats:
    """Batch grinding by the Poisson series of breakage events: as :func:`reid_batch`, for any rates and number of classes.

    The series has positive terms only, so it neither cancels nor goes negative; it is cut below rounding.

    >>> b = np.array([[1.0, 1.0, 0.4], [0.0, 0.0, 0.6], [0.0, 0.0, 0.0]])
    >>> [round(float(m), 6) for m in batch_product(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.2, 0.5]), b, 2.0)]
    [0.32968, 0.302441, 0.367879]
    """
    classes = feed.shape[0]
    product = feed.copy()
    fastest = 0.0
    for i in range(classes):
        fastest = max(fastest, selection[i])
    steps = int(fastest * time / 50.0) + 1  # exp(-50) is far from underflow
    events = fastest * time / steps
    for _ in range(steps if events > 0.0 else 0):
        term = product.copy()
        weight = math.exp(-events)
        for i in range(classes):
            product[i] = weight * term[i]
        count = 0
        while count < events or weight > 1e-18:
            count += 1
            for i in range(classes):  # ascending: class i draws on classes j >= i, not yet overwritten
                mass = term[i] * (1.0 - selection[i] / fastest)
                for j in range(i, classes):
                    mass += breakage[i, j] * (selection[j] / fastest) * term[j]
                term[i] = mass
            weight *= events / count
            for i in range(classes):
                product[i] += weight * term[i]
    return product


@kernel()
def whiten_classification(size: float, k1: float, k2: float, k3: float) -> float:
    """Probability that a crusher breaks a piece of ``size`` again: 0 below k1, 1 above k2, 1-((k2-x)/(k2-k1))^k3 between (Whiten 1972).

    >>> round(whiten_classification(0.015, 0.010, 0.020, 2.3), 6)
    0.796937
    """
    if size >= k2:
        return 1.0
    if size <= k1:
        return 0.0
    return float(1.0 - ((k2 - size) / (k2 - k1)) ** k3)


@kernel()
def whiten_product(feed: Floats, classification: Floats, breakage: Floats) -> Floats:
    """Whiten's crusher, P = (I-C)(I-BC)^-1 F, by back substitution: masses (size,).

    ``classification`` C is in 0..1; C b_jj < 1 in every class, so it must be below 1 in the finest, which cannot be broken out of.

    >>> b = np.array([[1.0, 0.7, 0.3], [0.0, 0.3, 0.5], [0.0, 0.0, 0.2]])
    >>> [round(float(m), 5) for m in whiten_product(np.array([0.0, 0.0, 100.0]), np.array([0.0, 0.4, 0.8]), b)]
    [43.72294, 32.46753, 23.80952]
    """
    classes = feed.shape[0]
    inside = np.empty(classes)
    product = np.empty(classes)
    for i in range(classes - 1, -1, -1):
        arriving = feed[i]
        for j in range(i + 1, classes):
            arriving += breakage[i, j] * classification[j] * inside[j]
        inside[i] = arriving / (1.0 - breakage[i, i] * classification[i])
        product[i] = (1.0 - classification[i]) * inside[i]
    return product


@kernel()
def mean_discharge(lower: float, upper: float, k1: float, k2: float, k3: float) -> float:
    """Mean of 1 - C, C of :func:`whiten_classification`, over a class whose mass is spread evenly from ``lower`` to ``upper`` [m].

    The mean, not the value at the class centre, so that a gap that wears by a few per cent changes the product by a little.

    >>> round(mean_discharge(0.010, 0.020, 0.010, 0.020, 2.3), 6)  # 1/(1+k3)
    0.30303
    """
    free = max(0.0, min(upper, k1) - lower)
    start, end = max(lower, k1), min(upper, k2)
    partial = 0.0
    if end > start:
        span = k2 - k1
        partial = span / (k3 + 1.0) * (((k2 - start) / span) ** (k3 + 1.0) - ((k2 - end) / span) ** (k3 + 1.0))
    return (free + partial) / (upper - lower)


HEAD = 4  # coefficients before the tables: breakage events without load, nominal kg/s, load slope, gap in range


@kernel()
def _shredder_coefficients(
    lower: Floats,
    upper: Floats,
    mean: Floats,
    relative: Floats,
    gap: float,
    free: float,
    discharge_exponent: float,
    selection_exponent: float,
    fines_share: float,
    fines_exponent: float,
    coarse_exponent: float,
) -> Floats:
    classes, materials = mean.shape[0], relative.shape[0]
    c = np.zeros(HEAD + 2 * classes + materials + classes * classes)
    b = breakage_matrix(lower, upper, mean, fines_share, fines_exponent, coarse_exponent)
    for j in range(classes):
        c[HEAD + j] = mean_discharge(lower[j], upper[j], free * gap, gap, discharge_exponent)
        leaving = 1.0 - b[j, j]
        c[HEAD + classes + j] = leaving * (mean[j] / REFERENCE_SIZE) ** selection_exponent
        for i in range(j):
            c[HEAD + 2 * classes + materials + j * classes + i] = b[i, j] / leaving
    for m in range(materials):
        c[HEAD + 2 * classes + m] = relative[m]
    return c


def _prepare_shredder(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    gap, slope = float(values["gap"]), float(values["load_slope"])
    c = _shredder_coefficients(
        sizes.lower,
        sizes.upper,
        sizes.mean,
        properties["breakage"],
        gap,
        float(values["free_share"]),
        float(values["discharge_exponent"]),
        float(values["selection_exponent"]),
        float(values["fines_share"]),
        float(values["fines_exponent"]),
        float(values["coarse_exponent"]),
    )
    c[0] = float(values["energy"]) * (1.0 + slope) / float(values["strength"])
    c[1] = float(values["nominal"])
    c[2] = slope
    c[3] = 1.0 if sizes.upper[0] <= gap <= sizes.upper[-1] else 0.0
    return c


@machine_kernel
def _shred(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    c = coefficients
    rate = HEAD + classes
    relative = rate + classes
    table = relative + materials
    total = 0.0
    for m in range(materials):
        for j in range(classes):
            total += at[m, j]
    loaded = total / c[1]
    events = c[0] / (1.0 + c[2] * loaded)
    stuck = 0.0
    for m in range(materials):
        for j in range(classes):
            out[0, m, j] = x[m, j]
        broken = events * c[relative + m]
        for j in range(classes - 1, 0, -1):
            inside = out[0, m, j]
            leaving = c[HEAD + j] + broken * c[rate + j]
            if leaving > 0.0:
                kept = inside * (c[HEAD + j] / leaving)
                out[0, m, j] = kept
                moved = inside - kept
                if moved > 0.0:
                    row = table + j * classes
                    for i in range(j):
                        out[0, m, i] += moved * c[row + i]
            else:
                stuck += inside
    if total > 0.0:
        if loaded > 2.0:
            warn[0] += 1
        if c[3] == 0.0:
            warn[1] += 1
    if stuck > 0.0:
        warn[2] += 1
    return 0


SHREDDER = MachineKernel(
    apply=_shred,
    prepare=_prepare_shredder,
    warnings=(
        "throughput above twice the nominal rate",
        "gap outside the size classes",
        "unbreakable material wider than the gap",
    ),
)
"""Shredder with a discharge opening; one port, ``out``. Material property: ``breakage`` (relative rate, 1 = reference).

Per material and class, of what arrives in class j the share D_j/(D_j + n_j(1-b_jj)) leaves as it is and the rest falls into finer classes
in the proportions b_ij, which is :func:`whiten_product` with C = n/(n+D) rearranged so that masses stay positive and add up. Here D_j is
:func:`mean_discharge`, and n_j = breakage (x_j/0.1 m)^selection_exponent E/strength the expected breakage events. The specific energy
falls with the throughput Q: E = energy (1+load_slope)/(1+load_slope Q/nominal), which is ``energy`` at the nominal rate. The finest class
is not broken; a piece that cannot break and does not fit passes unbroken and is counted.

values: ``gap`` [m], ``free_share`` (sizes below this share of the gap leave freely, 0..1 exclusive), ``discharge_exponent``,
``energy`` [J/kg], ``strength`` [J/kg], ``nominal`` [kg/s], ``load_slope`` >= 0, ``selection_exponent``, ``fines_share``,
``fines_exponent``, ``coarse_exponent``.
Valid for a gap within the size classes and up to twice the nominal rate. Sources: Whiten 1972, Austin et al. 1984, Herbst and
Fuerstenau 1980 (from memory); the load law is an assumption of this model.
"""
