"""Arithmetic of what lies in bunkers and on conveyors: putting, drawing and splitting lots without losing mass.

All contents of a plant lie in one *arena*, each at a *place* of its own, which is a stretch of slots. A queue holds lots in a ring of them, oldest first; a
heap is one slot, perfectly mixed. A split takes ``part = x * share`` and leaves ``x - part``, so that nothing is lost to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.bundles import Bundle, BundleType, records_of
from twin.kernels.compile import kernel
from twin.kernels.line_tables import MATRICES, MATRIX, STREAMS, Records
from twin.kernels.machine_pass import flat

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64
WHOLE = 1e-12
"""A draw that leaves less than this share of a lot takes all of it."""
PEEK, TAKE, TRACE = range(3)
"""How a draw is meant: to look only, to take, or to take and tell from where."""

PLACE = np.dtype(
    [
        ("first", "i8"),  # the first of its slots …
        ("slots", "i8"),  # … and how many they are
        ("oldest", "i8"),  # of a queue: the slot of its oldest lot, counted from the first …
        ("lots", "i8"),  # … and how many lots there are
        ("mixed", "i8"),  # 1: a heap
    ]
)

FIELDS: tuple[tuple[str, Any], ...] = (
    ("places", records_of(PLACE)),
    ("data", MATRICES),  # (slot, component, size) kg
    ("mass", f8[::1]),  # (slot,) kg
    ("slots_used", i8[::1]),  # of the last traced draw: (lot,) the slots, counted from the first of the place, up to a -1 …
    ("material_used", MATRIX),  # … and (lot, component) kg out of each
)
"""An arena: names and types of the arrays, in their order."""


ARENA: Any = BundleType("Arena", FIELDS)


class ArenaTables(Bundle):
    """An arena, by the names of :data:`FIELDS`; its arrays are replaced when they grow."""

    kind = ARENA

    places: Records
    data: Floats
    mass: Floats
    slots_used: Ints
    material_used: Floats


@kernel(types.void(MATRIX, MATRIX, f8), inner=True)
def _add_part(into: Floats, x: Floats, share: float) -> None:
    a, b = flat(into), flat(x)
    for k in range(a.shape[0]):
        a[k] += b[k] * share


@kernel(types.void(MATRIX, MATRIX, f8), inner=True)
def _write_part(into: Floats, x: Floats, share: float) -> None:
    a, b = flat(into), flat(x)
    for k in range(a.shape[0]):
        a[k] = b[k] * share


@kernel(types.void(MATRIX, MATRIX, f8), inner=True)
def _take_part(out: Floats, x: Floats, share: float) -> None:
    """Add ``share`` of ``x`` to ``out``, and take it from ``x``."""
    a, b = flat(out), flat(x)
    for k in range(a.shape[0]):
        part = b[k] * share
        b[k] -= part
        a[k] += part


@kernel(i8(ARENA, i8, MATRIX, f8, f8))
def put(arena: ArenaTables, place: int, x: Floats, share: float, amount: float) -> int:
    """Put ``share`` of the matrix ``x``, ``amount`` kg, at a place: the last of its lots, or mixed into the heap.

    Returns its slot, counted from the first of the place, or -1 when all slots are taken.
    """
    own = arena.places[place]
    if own.mixed:
        _add_part(arena.data[own.first], x, share)
        return 0
    if own.lots == own.slots:
        return -1
    slot = int((own.oldest + own.lots) % own.slots)
    _write_part(arena.data[own.first + slot], x, share)
    arena.mass[own.first + slot] = amount
    own.lots += 1
    return slot


@kernel(types.void(MATRIX, MATRIX, f8, f8[::1]), inner=True)
def _trace_part(out: Floats, x: Floats, share: float, taken: Floats) -> None:
    """:func:`_take_part` that notes what was ``taken`` (component,)."""
    for m in range(out.shape[0]):
        total = 0.0
        for s in range(out.shape[1]):
            part = x[m, s] * share
            x[m, s] -= part
            out[m, s] += part
            total += part
        taken[m] = total


@kernel(i8(ARENA, i8, f8, f8, MATRIX, i8))
def draw(arena: ArenaTables, place: int, want: float, share: float, out: Floats, how: int) -> int:
    """Draw ``want`` kg into ``out`` (overwritten): the oldest lots, of which the last is split, or ``share`` (0..1) of a heap.

    ``how``: :data:`PEEK` writes what a draw would take and takes nothing; :data:`TRACE` leaves the slots drawn from and what came out of each of them in
    ``slots_used`` and ``material_used``. Returns how many lots are left.
    """
    own, data, mass = arena.places[place], arena.data, arena.mass
    row = flat(out)
    for k in range(row.shape[0]):
        row[k] = 0.0
    if own.mixed:
        part = 1.0 if share >= 1.0 - WHOLE else share
        if how == PEEK:
            _add_part(out, data[own.first], part)
        else:
            _take_part(out, data[own.first], part)
        return 0
    need, oldest, lots, touched = want, own.oldest, own.lots, 0
    while lots > 0 and need > 0.0:
        slot = own.first + oldest
        whole = mass[slot] <= need * (1.0 + WHOLE)
        part = 1.0 if whole else need / mass[slot]
        if how == PEEK:
            _add_part(out, data[slot], part)
        elif how == TRACE:
            _trace_part(out, data[slot], part, arena.material_used[touched])
            arena.slots_used[touched] = oldest
        else:
            _take_part(out, data[slot], part)
        touched += 1
        if not whole:
            if how != PEEK:
                mass[slot] -= need
            break
        need -= mass[slot]
        oldest = (oldest + 1) % own.slots
        lots -= 1
        if need <= WHOLE * want:
            break
    if how != PEEK:
        own.oldest, own.lots = oldest, lots
    if how == TRACE:
        arena.slots_used[touched] = -1
    return int(lots)


@kernel(i8(f8[::1], f8[:, ::1], f8))
def add_materials(total: Floats, x: Floats, share: float) -> int:
    """Add ``share`` of the matrix ``x``, summed over sizes, to ``total`` (material,)."""
    for m in range(x.shape[0]):
        row = 0.0
        for s in range(x.shape[1]):
            row += x[m, s]
        total[m] += row * share
    return 0


@kernel(i8(f8[:, :, ::1], f8[:, ::1], f8[:, :, ::1]))
def to_elements(mass: Floats, assay: Floats, out: Floats) -> int:
    """Masses by element ``out`` (step, stream, element), overwritten, of masses by material (step, stream, material) and ``assay`` (material, element)."""
    out[:, :, :] = 0.0
    for t in range(mass.shape[0]):
        for k in range(mass.shape[1]):
            for m in range(mass.shape[2]):
                value = mass[t, k, m]
                if value != 0.0:
                    for e in range(assay.shape[1]):
                        out[t, k, e] += value * assay[m, e]
    return 0


@kernel(f8(f8[:, :, ::1], i8, i8[::1]))
def mass_of_rows(x: Floats, i: int, rows: Ints) -> float:
    """Sum of some rows of the matrix ``x[i]``, kg; ``x`` (machine, material, size), ``rows`` places of materials."""
    total = 0.0
    for k in range(rows.shape[0]):
        for s in range(x.shape[2]):
            total += x[i, rows[k], s]
    return total


@kernel(i8(MATRIX, f8[:, :, :, ::1], STREAMS, i8[::1], MATRIX, MATRIX, f8[::1]))
def count_liberated(x: Floats, out: Floats, outlets: Records, composites: Ints, parts: Floats, changes: Floats, converted: Floats) -> int:
    """What came apart of each of the ``composites`` (place,) between the lot ``x`` (component, size) and what left it by the ``outlets`` of ``out``.

    Written: ``changes`` (composite, component), kg: less of it, more of its ``parts`` (composite, component), which are of a kg; their sum is added to
    ``converted`` (component,). Returns how many came apart.
    """
    found = 0
    for k in range(composites.shape[0]):
        m = composites[k]
        taken, left = 0.0, 0.0
        for s in range(x.shape[1]):
            taken += x[m, s]
        for outlet in range(outlets.shape[0]):
            row = 0.0
            for s in range(x.shape[1]):
                row += out[outlets[outlet].machine, outlets[outlet].port, m, s]
            left += row
        free = max(taken - left, 0.0)
        found += free > 0.0
        for n in range(converted.shape[0]):
            changes[k, n] = free * parts[k, n] - (free if n == m else 0.0)
            converted[n] += changes[k, n]
    return found
