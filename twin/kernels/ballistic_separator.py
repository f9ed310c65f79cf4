"""Ballistic separation: which pieces the paddles carry up, and the ballistic separator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.kernels.compile import Floats, MachineKernel, Properties, Sizes
from twin.kernels.partition import SEPARATOR
from twin.kernels.sizing import share_below, size_moment


def flat_share(thickness_ratio: float, half: float, sharpness: float) -> float:
    """Share of pieces of a ``thickness_ratio`` that walk up the paddles: 1/(1 + (t/half)^sharpness); an assumption.

    >>> flat_share(0.1, 0.1, 3.0), round(flat_share(0.02, 0.1, 3.0), 3), round(flat_share(0.4, 0.1, 3.0), 3)
    (0.5, 0.992, 0.015)
    """
    return 1.0 / (1.0 + float((thickness_ratio / half) ** sharpness))


def _prepare_ballistic(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    opening, screening = float(values["opening"]), min(float(values["screening"]), 1.0)
    half, sharpness, measured = float(values["flat_ratio"]), float(values["flat_sharpness"]), values["flat"]
    passing = np.array([screening * share_below(opening, low, high) for low, high in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)])
    mean = [size_moment(1.0, low, high) for low, high in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)]
    ratios = (properties["piece_height"] / np.array(mean)).tolist()
    flat = np.zeros((len(ratios), len(passing)))
    flat[:] = measured if measured.size else np.array([[flat_share(ratio, half, sharpness) for ratio in row] for row in ratios])
    table = np.zeros((3, *flat.shape))
    table[0], table[1], table[2] = (1.0 - passing) * flat, (1.0 - passing) * (1.0 - flat), passing
    return SEPARATOR.prepare({"partition": table}, properties, sizes)


BALLISTIC_SEPARATOR = MachineKernel(response=SEPARATOR.response, prepare=_prepare_ballistic)
"""Ballistic separator; ports ``flat``, ``rolling``, ``fines``. A plain partition table: it does not react to load. Of pieces:
``piece_height``, over their size.

Of what is smaller than the ``opening`` of the paddles the share ``screening`` falls through (:func:`twin.kernels.sizing.share_below`). Of the rest
the share ``flat`` goes up, as measured or else :func:`flat_share`, and what is left rolls down.

values: ``opening`` [m], ``screening`` 0..1, ``flat_ratio``, ``flat_sharpness``, and ``flat``, measured shares (material, size) or (1, size), or empty.
"""
