"""Opening of bags: what lay in them takes its own sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, splitting
from twin.kernels.partition import not_reacting
from twin.kernels.sizing import share_below


def _prepare_opener(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    bag, opened = float(values["bag_size"]), min(float(values["opened"]), 1.0)
    taken = [opened * (1.0 - share_below(bag, low, high)) for low, high in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)]
    contents = np.broadcast_to(np.asarray(values["contents"], dtype=np.float64), (len(properties["density"]), len(sizes.mean)))
    shares = [[share / sum(row) for share in row] for row in contents.tolist()]
    return np.array([*taken, *(share for row in shares for share in row)])


@splitting
def _stay(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    for s in range(shares.shape[2]):
        shares[0, :, s] = 1.0 - coefficients[s]
    return 0


def _contents(coefficients: Floats, materials: int, classes: int) -> Floats:
    return coefficients[classes:].reshape(materials, classes)


BAG_OPENER = MachineKernel(response=Response(not_reacting, _stay, pour=_contents), prepare=_prepare_opener)
"""Bag opener; one port, ``out``. A plain table: it does not react to load.

What is larger than ``bag_size`` is a bag, and of that the share ``opened`` falls out and takes the sizes of its ``contents``; a class that the
bag's size cuts is a bag in part (:func:`twin.kernels.sizing.share_below`).

values: ``bag_size`` [m], ``opened`` 0..1, ``contents`` (material, size) or (1, 1), shares >= 0 of each material's contents.
"""
