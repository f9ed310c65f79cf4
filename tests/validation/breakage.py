"""Grinding and crushing in closed form, which the breakage kernels are held against. Classes and matrices as in ``twin.kernels.comminution``."""

from __future__ import annotations

import math

import numpy as np

from twin.kernels.compile import Floats, kernel


@kernel()
def reid_batch(feed: Floats, selection: Floats, breakage: Floats, time: float) -> Floats:
    """Batch grinding in closed form (Reid 1965): masses (size,) after ``time`` [s] at ``selection`` rates (size,) [1/s].

    Rates S(1-b_jj) must differ between classes, and rounding grows with the number of classes: use :func:`batch_product` otherwise.
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
    """Probability that a crusher breaks a piece of ``size`` again: 0 below k1, 1 above k2, 1-((k2-x)/(k2-k1))^k3 between (Whiten 1972)."""
    if size >= k2:
        return 1.0
    if size <= k1:
        return 0.0
    return float(1.0 - ((k2 - size) / (k2 - k1)) ** k3)
