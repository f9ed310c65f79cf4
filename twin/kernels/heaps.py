"""Arithmetic of what lies in bunkers and on conveyors: putting, drawing and splitting lots without losing mass.

A *queue* holds lots in a ring of slots, oldest first: ``data`` (slot, material, size) kg, ``mass`` (slot,) kg, ``ring`` = [first slot, number of
lots]. A *heap* is one matrix (material, size) in kg, perfectly mixed. A split takes ``part = x * share`` and leaves ``x - part``, so that
nothing is lost to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.compile import kernel
from twin.kernels.line_tables import STREAMS, Records

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64
WHOLE = 1e-12
"""A draw that leaves less than this share of a lot takes all of it."""


@kernel(i8(f8[:, :, ::1], f8[::1], i8[::1], f8[:, ::1], f8, f8))
def queue_put(data: Floats, mass: Floats, ring: Ints, x: Floats, share: float, amount: float) -> int:
    """Append ``share`` of the matrix ``x`` as a lot of ``amount`` kg. Returns the slot, or -1 when all slots are taken."""
    slots = data.shape[0]
    if ring[1] == slots:
        return -1
    slot = int((ring[0] + ring[1]) % slots)
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            data[slot, m, s] = x[m, s] * share
    mass[slot] = amount
    ring[1] += 1
    return slot


@kernel(i8(f8[:, :, ::1], f8[::1], i8[::1], f8, f8[:, ::1], i8[::1], f8[:, ::1]))
def queue_draw(data: Floats, mass: Floats, ring: Ints, want: float, out: Floats, slots_used: Ints, material_used: Floats) -> int:
    """Add up the oldest lots into ``out`` (overwritten) until ``want`` kg are drawn; the last lot is split.

    Where ``slots_used`` is not empty, it receives the slots drawn from and ``material_used`` (slot used, material) their masses. Returns the number of lots
    touched.
    """
    slots = data.shape[0]
    trace = slots_used.shape[0] > 0
    out[:, :] = 0.0
    need = want
    touched = 0
    while ring[1] > 0 and need > 0.0:
        slot = ring[0]
        whole = mass[slot] <= need * (1.0 + WHOLE)
        share = 1.0 if whole else need / mass[slot]
        for m in range(out.shape[0]):
            taken = 0.0
            for s in range(out.shape[1]):
                part = data[slot, m, s] * share
                data[slot, m, s] -= part
                out[m, s] += part
                taken += part
            if trace:
                material_used[touched, m] = taken
        if trace:
            slots_used[touched] = slot
        touched += 1
        if not whole:
            mass[slot] -= need
            break
        need -= mass[slot]
        ring[0] = (slot + 1) % slots
        ring[1] -= 1
        if need <= WHOLE * want:
            break
    return touched


@kernel(i8(f8[:, ::1], f8[:, ::1], f8))
def heap_put(heap: Floats, x: Floats, share: float) -> int:
    """Mix ``share`` of the matrix ``x`` into the heap."""
    for m in range(heap.shape[0]):
        for s in range(heap.shape[1]):
            heap[m, s] += x[m, s] * share
    return 0


@kernel(i8(f8[:, ::1], f8, f8[:, ::1]))
def heap_draw(heap: Floats, share: float, out: Floats) -> int:
    """Take ``share`` (0..1) of the heap into ``out`` (overwritten)."""
    if share >= 1.0 - WHOLE:
        share = 1.0
    for m in range(heap.shape[0]):
        for s in range(heap.shape[1]):
            part = heap[m, s] * share
            out[m, s] = part
            heap[m, s] -= part
    return 0


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


@kernel(i8(f8[:, ::1], f8[:, :, :, ::1], STREAMS, i8[::1], f8[:, ::1], f8[:, ::1], f8[::1]))
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
