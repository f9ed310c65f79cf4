"""Belt load that peaks: the mean of what a sorter does over the loads that its pieces meet, by a few nodes of a gamma distribution."""

from __future__ import annotations

import math

import numpy as np

from twin.kernels.compile import Floats

NODES, FEW = 5, 3
"""Loads that stand for all, the few up to :data:`FEW_UP_TO`: e^(-k g) at the load g is met within 3e-3 up to k = 2 and a coefficient of variation of 1."""
FEW_UP_TO = 0.5
EVEN = 1e-3
"""Coefficient of variation below which a load counts as even."""


def load_nodes(unevenness: float) -> tuple[Floats, Floats]:
    """Return loads (node,), in means of the belt, and the share of the mass (node,) that meets each.

    The load of a stretch of belt is g times the mean, g of a gamma distribution with the coefficient of variation ``unevenness`` c >= 0. Mass meets the
    load that it makes, so the shares are those of g weighted by g: gamma again, of the shape 1 + 1/c^2 and the scale c^2. Nodes and shares are those of
    Gauss and Laguerre; the nodes are eigenvalues of a tridiagonal matrix (Golub and Welsch 1969), bisected here so that every machine gets the same bits.
    A load of 1 where c is below :data:`EVEN`.

    The mean of e^(-k g) over mass is (1 + k c^2)^-(1 + 1/c^2):

    >>> loads, shares = load_nodes(1.0)
    >>> round(float(shares @ np.exp(-0.4 * loads)), 5), round((1 + 0.4) ** -2.0, 5)
    (0.5102, 0.5102)
    >>> round(float(shares.sum()), 12), round(float(shares @ loads), 6), load_nodes(0.0)
    (1.0, 2.0, (array([1.]), array([1.])))
    """
    if not unevenness >= EVEN:
        return np.ones(1), np.ones(1)
    scale = unevenness * unevenness
    power = 1.0 / scale
    count = NODES if unevenness > FEW_UP_TO else FEW
    diagonal = [2.0 * i + 1.0 + power for i in range(count)]
    beside = [math.sqrt(i * (i + power)) for i in range(1, count)]
    nodes = [_eigenvalue(i, diagonal, beside) for i in range(count)]
    shares = [_share(node, diagonal, beside) for node in nodes]
    total = math.fsum(shares)
    return scale * np.array(nodes), np.array([share / total for share in shares])


def _below(x: float, diagonal: list[float], beside: list[float]) -> int:
    """How many eigenvalues are below ``x``: the negative pivots of Sturm's sequence."""
    count, pivot = 0, 1.0
    for i, entry in enumerate(diagonal):
        pivot = entry - x - (beside[i - 1] ** 2 / pivot if i else 0.0)
        if pivot == 0.0:
            pivot = 1e-300
        count += pivot < 0.0
    return count


def _eigenvalue(place: int, diagonal: list[float], beside: list[float]) -> float:
    low, high = 0.0, diagonal[-1] + 2.0 * beside[-1]
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        if _below(middle, diagonal, beside) > place:
            high = middle
        else:
            low = middle


def _share(node: float, diagonal: list[float], beside: list[float]) -> float:
    """1 over the sum of squares of the orthonormal polynomials at a node."""
    before, now, total = 0.0, 1.0, 1.0
    for i, off in enumerate(beside):
        before, now = now, ((node - diagonal[i]) * now - (beside[i - 1] * before if i else 0.0)) / off
        total += now * now
    return 1.0 / total
