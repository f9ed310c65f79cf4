"""The tables and buffers of a line that the compiled evaluator works on: records with named fields, and one bundle of arrays.

A machine is known by the addresses of its kernel, by where its feed comes from and by what limits it. Each field is described where it is declared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.bundles import Bundle, BundleType, records_of

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Records = Any  # arrays of the records below, whose fields numba gives as attributes

f8, i8 = types.float64, types.int64

AS_A_WHOLE, BY_CELL, BY_SIZE, BY_MATERIAL = 0, 1, 2, 3
"""Structure of a machine: anything (an ``apply``), by cell (a response), by cell and falling into finer classes (with a spread), by cell and taking
given sizes (with a pour)."""

MACHINE = np.dtype(
    [
        ("apply", "i8"),  # address of the kernel's apply, where it has no response
        ("settle", "i8"),  # addresses of its response's functions …
        ("split", "i8"),
        ("structure", "i8"),  # … and its structure
        ("coefficients", "i8"),  # where, among the line's numbers, its coefficients begin and end …
        ("coefficients_end", "i8"),
        ("parameters", "i8"),  # … its parameters …
        ("parameters_end", "i8"),
        ("spread", "i8"),  # … and its spread or pour begins
        ("settings", "i8"),
        ("settings_end", "i8"),
        ("sources", "i8"),  # the rows of what it takes from
        ("sources_end", "i8"),
        ("ports", "i8"),
        ("bypass", "i8"),  # port that everything takes while no copy works; -1: the line stops instead
        ("warnings", "i8"),
        ("tear", "i8"),  # its number among the machines of its loop that break or that something comes back to; -1: neither
        ("stale", "i8"),  # 1: its shares are to be computed anew, though it has no settings
    ]
)
STREAM = np.dtype([("machine", "i8"), ("port", "i8")])
"""A stream: a port of a machine. As a source the machine -1 is the lot."""
FLOW = np.dtype([("seconds", "f8"), ("up", "f8"), ("flow_ratio", "f8")])
"""Of a machine: time for the bare lot on one copy, s (0: nothing limits it), copies that work, and the mass through it over that of the lot."""
BLOCK = np.dtype([("first", "i8"), ("end", "i8"), ("loop", "i8"), ("tears", "i8"), ("solvable", "i8")])
"""Machines ``first`` to ``end - 1``: a recycle loop if ``loop`` is 1, which can be solved where all its machines give a response."""
RESULT = np.dtype(
    [
        ("tau", "f8"),  # duration of the lot, s
        ("bottleneck", "i8"),
        ("sweeps", "i8"),  # through loops: passes of the search, solves
        ("passes", "i8"),
        ("culprit", "i8"),  # the machine that a non-zero status speaks of
        ("rises", "i8"),  # 1: the flow into a loop rose by a growing step from sweep to sweep, so that it could settle in two ways
        ("doubt", "i8"),  # 1: the duration was searched for with care
        ("slowed", "i8"),  # 1: the lot takes longer than any of its machines needs
        ("searched", "i8"),  # 1: the duration was searched for and not solved
    ]
)

NOT_CONVERGED, NOT_FINITE, OVERLOADED, IN_DOUBT = -1, -2, -3, -4
"""Status values; a positive one is a kernel's own. ``OVERLOADED``: given up because a machine of a loop is over the load allowed, and it rises.
``IN_DOUBT``: the loops flood, or could settle in two ways, or were not solved."""


MACHINES, STREAMS, BLOCKS, FLOWS, RESULTS = (records_of(dtype) for dtype in (MACHINE, STREAM, BLOCK, FLOW, RESULT))
"""Types of arrays of these records in compiled code."""
MATRIX, MATRICES, PORTS = f8[:, ::1], f8[:, :, ::1], f8[:, :, :, ::1]

FIELDS: tuple[tuple[str, Any], ...] = (
    ("lot", MATRIX),  # (component, size) the lot, kg
    ("x", MATRIX),  # (material, size) its materials, which are its first rows
    ("machines", MACHINES),
    ("sources", STREAMS),
    ("blocks", BLOCKS),
    ("numbers", f8[::1]),  # coefficients, parameters and spreads of all machines
    ("flows", FLOWS),
    ("inp", MATRICES),  # (machine, material, size) feed of a machine, kg
    ("at", MATRICES),  # (machine, material, size) the stream through one of its copies, kg/s
    ("out", PORTS),  # (machine, port, material, size) what it gives off, kg
    ("shares", PORTS),  # (machine, port, material, size)
    ("fallen", MATRICES),  # (machine, size, material) what a mill lets fall into a class, kg
    ("settings", f8[::1]),
    ("found", f8[::1]),  # settings that the last flows give
    ("split_at", f8[::1]),  # settings that the shares stand at
    ("warn", i8[:, ::1]),  # (machine, warning) by the last call
    ("outlets", STREAMS),  # the ports that leave the line
    ("outlet_mass", f8[::1]),  # (outlet,) kg
    ("warned", i8[:, ::1]),  # (machine, warning) lots
    ("given", MATRICES),  # (machine, material, size) what comes to a machine of a loop from outside it, kg
    ("ahead", MATRICES),  # (machine, material, size) what is inside a machine, beside …
    ("per_tear", PORTS),  # (machine, tear, material, size) … and by a kg of what is inside a tear
    ("back", PORTS),  # (tear, tear, material, size) what comes to a tear by a kg of what is inside another
    ("inside", MATRICES),  # (tear, material, size) what comes to a tear beside that; then what is inside, kg
    ("rows", MATRICES),  # (4, size, material) scratch of a mill, class by class
    ("inverse", MATRIX),  # (setting, setting) minus the inverse of the slopes of the gaps
    ("gaps", MATRIX),  # rows of a number a setting: see twin.kernels.loop_solve
    ("series", MATRICES),  # (2, material, size) the last feed of a searched loop, and its change
    ("result", RESULTS),
)
"""All of a line: names and types of the arrays, in their order."""


LINE: Any = BundleType("Line", FIELDS)


class Line(Bundle):
    """A line, by the names of :data:`FIELDS`, as Python and compiled code hold it."""

    kind = LINE

    lot: Floats
    x: Floats
    machines: Records
    sources: Records
    blocks: Records
    numbers: Floats
    flows: Records
    inp: Floats
    at: Floats
    out: Floats
    shares: Floats
    fallen: Floats
    settings: Floats
    found: Floats
    split_at: Floats
    warn: Ints
    outlets: Records
    outlet_mass: Floats
    warned: Ints
    given: Floats
    ahead: Floats
    per_tear: Floats
    back: Floats
    inside: Floats
    rows: Floats
    inverse: Floats
    gaps: Floats
    series: Floats
    result: Records
