"""Separation by given shares: the partition table that was measured on a plant, and the splitter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frozen.compile import Floats, MachineKernel, Properties, Sizes, machine_kernel


def _shares(table: Floats) -> Floats:
    """``table`` with its first axis scaled to sum to 1, so that rounding in the input never makes or loses mass."""
    total = np.zeros(table.shape[1:])
    for share in table:
        total = total + share
    return np.ascontiguousarray(table / total)


def _prepare_separator(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _shares(np.asarray(values["partition"], dtype=np.float64)).reshape(-1)


@machine_kernel
def _separate(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    cells = materials * classes
    for p in range(coefficients.shape[0] // cells):  # not out.shape[0]: the caller's buffer may have room for more ports
        first = p * cells
        for m in range(materials):
            for s in range(classes):
                out[p, m, s] = x[m, s] * coefficients[first + m * classes + s]
    return 0


SEPARATOR = MachineKernel(apply=_separate, prepare=_prepare_separator)
"""Any machine whose partition was measured; ports as in the table.

values: ``partition`` (port, material, size), the share of each material and size that each port takes, >= 0 and summing to 1 over the
ports. It does not react to load.
"""


def _prepare_splitter(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _shares(np.asarray(values["shares"], dtype=np.float64))


@machine_kernel
def _share(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    for p in range(coefficients.shape[0]):
        share = coefficients[p]
        for m in range(materials):
            for s in range(classes):
                out[p, m, s] = x[m, s] * share
    return 0


SPLITTER = MachineKernel(apply=_share, prepare=_prepare_splitter)
"""Divides a stream without separating it; ports as declared.

values: ``shares`` (port,), >= 0 and summing to 1.
"""
