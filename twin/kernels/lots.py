"""What is done with a lot at once: it is drawn and taken through its line; what it became is counted and put into bunkers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.bundles import Bundle, BundleType
from twin.kernels.compile import kernel
from twin.kernels.evaluator import outcome
from twin.kernels.heaps import ARENA, TAKE, ArenaTables, count_liberated, draw, put
from twin.kernels.line_tables import LINE, MATRIX, Line

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64
MOST_DOORS = 62
"""Outlets that one number can name, a bit each."""

FIELDS: tuple[tuple[str, Any], ...] = (
    ("places", i8[::1]),  # (outlet,) in the arena, -1 where it leads elsewhere
    ("composites", i8[::1]),  # (composite,) components that come apart …
    ("parts", MATRIX),  # … (composite, component) what a kg of them becomes, kg …
    ("changes", MATRIX),  # … (composite, component) what they became of the last lot, kg …
    ("converted", f8[::1]),  # … (component,) and of all so far, kg
)
"""Where a line hands its lots over, and what it counts then: names and types, in their order."""


DOORS: Any = BundleType("Doors", FIELDS)


class Doors(Bundle):
    """Where a line hands its lots over, by the names of :data:`FIELDS`."""

    kind = DOORS

    places: Ints
    composites: Ints
    parts: Floats
    changes: Floats
    converted: Floats


OUTCOME: Any = types.Tuple((i8, i8, f8, i8, i8))  # type: ignore[no-untyped-call]


@kernel(OUTCOME(LINE, LINE, ARENA, i8, f8, f8))
def take_lot(line: Line, probe: Line, arena: ArenaTables, place: int, want: float, share: float) -> tuple[int, int, float, int, int]:
    """Draw a lot of ``want`` kg, or ``share`` of a heap, and take it through the line.

    Returns how many lots are left there (:func:`~twin.kernels.heaps.draw`), and what :func:`~twin.kernels.evaluator.outcome` does.
    """
    lots = draw(arena, place, want, share, line.lot, TAKE)
    status, tau, sweeps, slowed = outcome(line, probe)
    return lots, status, tau, sweeps, slowed


@kernel(i8(LINE, ARENA, DOORS, i8))
def hand_over(line: Line, arena: ArenaTables, doors: Doors, to: int) -> int:
    """The lot of a line is done: count what came apart, and put what leaves by each of the outlets named in ``to``, a bit each, into its bunker.

    Returns those of them whose slots are all taken, where nothing was put.
    """
    if doors.composites.shape[0] > 0:
        count_liberated(line.lot, line.out, line.outlets, doors.composites, doors.parts, doors.changes, doors.converted)
    left = 0
    for k in range(doors.places.shape[0]):
        if to >> k & 1:
            stream = line.outlets[k]
            if put(arena, doors.places[k], line.out[stream.machine, stream.port], 1.0, line.outlet_mass[k]) < 0:
                left |= 1 << k
    return left
