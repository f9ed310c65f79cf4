"""Walking back through the genealogy of lots: by material, and by element through furnaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.compile import kernel

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
f8, i8 = types.float64, types.int64


@kernel(i8(f8[::1], f8[::1], f8[::1]))
def to_composite(change: Floats, present: Floats, weight: Floats) -> int:
    """Undo what came apart in a lot: what of ``weight`` (material,) was set free from a composite is put down to the composite.

    ``change`` (material,), kg, is below 0 for the one composite; ``present`` (material,), kg, is what the lot holds, and loses what was set free.
    """
    composite = -1
    for m in range(change.shape[0]):
        if change[m] < 0.0:
            composite = m
    for m in range(change.shape[0]):
        if composite >= 0 and change[m] > 0.0 and present[m] > 0.0:
            moved = weight[m] * min(1.0, change[m] / present[m])
            weight[m] -= moved
            weight[composite] += moved
            present[m] -= change[m]
    return 0


@kernel(i8(i8[::1], i8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[:, ::1]))
def walk_back(lots: Ints, parents: Ints, mass: Floats, received: Floats, present: Floats, weight: Floats) -> int:
    """Hand each lot's ``weight`` on to its parents, youngest lot first, in proportion to what came from each, material by material.

    ``lots``, ``parents`` (edge,), sorted by lot descending, and ``mass`` (edge, material), kg; ``received`` (lot, material): the sum of ``mass`` over the edges
    of a lot. An edge of a lot to itself, which stands before its others, says what came apart in it; ``present`` (lot, material), ``received`` with the
    constituents that came of that, is overwritten. So is ``weight`` (lot, material), kg: what it holds for lots without parents (whose parent is 0) is the
    answer.
    """
    for k in range(lots.shape[0]):
        lot, parent = lots[k], parents[k]
        if parent == lot:
            to_composite(mass[k], present[lot], weight[lot])
        elif parent > 0:
            for m in range(mass.shape[1]):
                if received[lot, m] > 0.0 and weight[lot, m] > 0.0:
                    weight[parent, m] += weight[lot, m] * (mass[k, m] / received[lot, m])
    return 0


@kernel(i8(i8[::1], i8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], i8[::1], f8[:, ::1]))
def walk_back_melted(lots: Ints, parents: Ints, mass: Floats, received: Floats, present: Floats, melted: Ints, weight: Floats) -> int:
    """The same for one element in a plant that smelts: ``mass`` (edge, material + 1), kg of the element in each material and, last, in melts.

    A lot that is ``melted`` (lot,) holds the element in one melt, whatever it came in, so that what it is handed on is shared out over all that it
    received of the element.
    """
    last = mass.shape[1] - 1
    for k in range(lots.shape[0]):
        lot, parent = lots[k], parents[k]
        if parent == lot:
            to_composite(mass[k], present[lot], weight[lot])
            continue
        if parent <= 0:
            continue
        if melted[lot]:
            total, wanted = 0.0, 0.0
            for m in range(last + 1):
                total += received[lot, m]
                wanted += weight[lot, m]
            for m in range(last + 1):
                if total > 0.0 and wanted > 0.0:
                    weight[parent, m] += wanted * (mass[k, m] / total)
        else:
            for m in range(last + 1):
                if received[lot, m] > 0.0 and weight[lot, m] > 0.0:
                    weight[parent, m] += weight[lot, m] * (mass[k, m] / received[lot, m])
    return 0
