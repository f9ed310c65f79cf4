"""Separation by given shares: the partition table that was measured on a plant, and the splitter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, settling, splitting


def _shares(table: Floats) -> Floats:
    """``table`` with its first axis scaled to sum to 1, so that rounding in the input never makes or loses mass."""
    total = np.zeros(table.shape[1:])
    for share in table:
        total = total + share
    return np.ascontiguousarray(table / total)


def _prepare_separator(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _shares(np.asarray(values["partition"], dtype=np.float64)).reshape(-1)


@settling
def not_reacting(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    """The settings of a machine that has none."""
    return 0


@splitting
def _separate(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    cells = shares.shape[1] * shares.shape[2]
    for p in range(coefficients.shape[0] // cells):  # not shares.shape[0]: the caller's buffer may have room for more ports
        for m in range(shares.shape[1]):
            for s in range(shares.shape[2]):
                shares[p, m, s] = coefficients[p * cells + m * shares.shape[2] + s]
    return 0


SEPARATOR = MachineKernel(response=Response(not_reacting, _separate), prepare=_prepare_separator)
"""Any machine whose partition was measured; ports as in the table.

values: ``partition`` (port, material, size), the share of each material and size that each port takes, >= 0 and summing to 1 over the
ports. It does not react to load.
"""


def _prepare_splitter(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    return _shares(np.asarray(values["shares"], dtype=np.float64))


@splitting
def _share(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    for p in range(coefficients.shape[0]):
        shares[p] = coefficients[p]
    return 0


SPLITTER = MachineKernel(response=Response(not_reacting, _share), prepare=_prepare_splitter)
"""Divides a stream without separating it; ports as declared.

values: ``shares`` (port,), >= 0 and summing to 1.
"""
