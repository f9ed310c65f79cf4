"""Comminution: size distributions, breakage by size class, and how composites come apart as they break.

Size classes ascend; a breakage matrix ``b[i, j]`` is the mass share of what breaks in class j that arrives in class i <= j, self-share
``b[j, j]`` included, and its columns sum to 1. Sizes are in m, masses in kg, unless a function says otherwise.
"""

from __future__ import annotations

import numpy as np

from frozen.compile import Floats, kernel


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
