"""Comminution: breakage by size class, and how composites come apart as they break.

Size classes ascend; a breakage matrix ``b[i, j]`` is the mass share of what breaks in class j that arrives in class i <= j, self-share
``b[j, j]`` included, and its columns sum to 1. Sizes are in m, masses in kg, unless a function says otherwise.
"""

from __future__ import annotations

import math

import numpy as np

from twin.kernels.compile import Floats, kernel

OWN_EXPONENT = 1.5
"""Exponent of Rosin and Rammler's law of the sizes in which parts come off."""


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
    """Mean of 1 - C over a class whose mass is spread evenly from ``lower`` to ``upper`` [m].

    C is the probability that a crusher breaks a piece of size x again: 0 below k1, 1 above k2, 1-((k2-x)/(k2-k1))^k3 between (Whiten 1972).

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


def own_sizes(size: float, lower: Floats, upper: Floats) -> Floats:
    """Mass by class (size,) of parts that come off a composite as pieces of ``size`` [m]: Rosin and Rammler's law, 63 % finer than it; an assumption.

    The sum is 1 but for what is coarser than the largest class.

    >>> own_sizes(0.002, np.array([0.0, 0.001, 0.002]), np.array([0.001, 0.002, 0.004])).round(4).tolist()
    [0.2978, 0.3343, 0.3088]
    """
    finer = [-math.expm1(-((bound / size) ** OWN_EXPONENT)) for bound in (*lower.tolist(), float(upper[-1]))]
    return np.diff(np.array(finer))


@kernel()
def newly_liberated(coarse: float, fine: float) -> float:
    """Share of an unliberated composite that comes free when it is broken from a size at which ``coarse`` of it would be liberated to one with ``fine``.

    (fine - coarse)/(1 - coarse), so that the way to a size does not matter: by two steps or one, the share of the whole that is free is the same.

    >>> newly_liberated(0.0, 0.6), newly_liberated(0.2, 0.6), newly_liberated(1.0, 1.0)
    (0.6, 0.49999999999999994, 1.0)
    """
    if coarse >= 1.0:
        return 1.0
    return max(0.0, (fine - coarse) / (1.0 - coarse))
