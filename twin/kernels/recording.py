"""Adding up what a line does, record step by record step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.bundles import Bundle, BundleType
from twin.kernels.compile import kernel
from twin.kernels.line_tables import LINE, Line

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64
NANOSECONDS = 1_000_000_000  # of a second; kernels stand on numpy and numba alone, so it is said again


@kernel(i8(f8[:, ::1], f8, f8[::1], f8[::1], i8, f8[::1]))
def _add_margins(x: Floats, share: float, by_row: Floats, by_size: Floats, solid: int, lanes: Floats) -> int:
    """Add ``share`` of the row sums of ``x``, and of the column sums of its first ``solid`` rows."""
    lanes[:] = 0.0
    for m in range(x.shape[0]):
        total = 0.0
        for s in range(x.shape[1]):
            value = x[m, s]
            total += value
            if m < solid:
                lanes[s] += value
        by_row[m] += total * share
    for s in range(x.shape[1]):
        by_size[s] += lanes[s] * share
    return 0


@kernel(i8(f8[:, ::1], f8, f8[:, ::1], f8[:, ::1], i8, i8, f8[::1]))
def record_passage(x: Floats, share: float, mass: Floats, size: Floats, row: int, solid: int, lanes: Floats) -> int:
    """Add ``share`` of the matrix ``x`` to the row of a stream in ``mass`` (stream, component) and ``size`` (stream, size), kg.

    Sizes are those of the first ``solid`` rows, the materials. ``lanes`` (size,) is scratch.
    """
    return int(_add_margins(x, share, mass[row], size[row], solid, lanes))


@kernel(i8(f8[:, ::1], f8, f8[::1], f8[::1], f8[:, ::1], f8[:, ::1], i8, i8, f8[::1]))
def record_taking(x: Floats, share: float, rows: Floats, taken: Floats, mass: Floats, size: Floats, row: int, solid: int, lanes: Floats) -> int:
    """``share`` of ``x`` leaves the plant: write its ``rows`` (component,), add them to ``taken``, and record them in the row of a stream."""
    rows[:] = 0.0
    lanes[:] = 0.0
    for m in range(x.shape[0]):
        total = 0.0
        for s in range(x.shape[1]):
            value = x[m, s] * share
            total += value
            if m < solid:
                lanes[s] += value
        rows[m] = total
        taken[m] += total
        mass[row, m] += total
    for s in range(x.shape[1]):
        size[row, s] += lanes[s]
    return 0


FIELDS: tuple[tuple[str, Any], ...] = (
    ("streams", i8[:, ::1]),  # (stream, 3) machine, port, row
    ("intake_rows", i8[::1]),  # (bunker,) rows of the streams out of the bunkers drawn from
    ("weights", f8[::1]),  # (bunker,) from where the lot came
    ("power", f8[:, ::1]),  # (machine, 2) idle W, specific J/kg
    ("through", f8[::1]),  # (machine,) kg so far
    ("lanes", f8[::1]),  # (size,) scratch
    ("mass", f8[:, :, ::1]),  # of the recorder, step first: (step, stream, component) kg …
    ("size", f8[:, :, ::1]),  # … (step, stream, size) kg
    ("state", i8[:, :, ::1]),  # … (step, line, state) ns
    ("load", f8[:, ::1]),  # … (step, machine) s
    ("bottleneck", f8[:, ::1]),  # … (step, machine) s
    ("energy", f8[:, ::1]),  # … (step, machine) J
    ("waits", i8[:, ::1]),  # … (step, wait) ns
    ("line_row", i8),  # of the line among the recorder's
    ("first_machine", i8),  # of its machines, which stand together
)
"""What a line adds up in: names and types, in their order."""


SUMS: Any = BundleType("Sums", FIELDS)


class Sums(Bundle):
    """Where a line adds up what it does, by the names of :data:`FIELDS`."""

    kind = SUMS

    streams: Ints
    intake_rows: Ints
    weights: Floats
    power: Floats
    through: Floats
    lanes: Floats
    mass: Floats
    size: Floats
    state: Ints
    load: Floats
    bottleneck: Floats
    energy: Floats
    waits: Ints
    line_row: int
    first_machine: int


@kernel(i8(LINE, SUMS, i8, i8, i8, f8, f8))
def record_interval(line: Line, sums: Sums, k: int, state: int, part: int, share: float, feed: float) -> int:
    """Add to record step ``k`` that ``line`` was in ``state`` for ``part`` ns, and worked on ``share`` of a lot of ``feed`` kg in it."""
    flows, out, first, seconds = line.flows, line.out, sums.first_machine, part / NANOSECONDS
    sums.state[k, sums.line_row, state] += part
    for n in range(sums.streams.shape[0]):
        row = sums.streams[n, 2]
        _add_margins(out[sums.streams[n, 0], sums.streams[n, 1]], share, sums.mass[k, row], sums.size[k, row], out.shape[2], sums.lanes)
    for n in range(sums.intake_rows.shape[0]):
        if sums.weights[n] > 0.0:
            row = sums.intake_rows[n]
            _add_margins(line.x, share * sums.weights[n], sums.mass[k, row], sums.size[k, row], out.shape[2], sums.lanes)
    for i in range(flows.shape[0]):
        passed = flows[i].flow_ratio * feed * share
        sums.through[i] += passed
        sums.energy[k, first + i] += sums.power[i, 0] * seconds + sums.power[i, 1] * passed
        if flows[i].up > 0.0:
            sums.load[k, first + i] += flows[i].flow_ratio * flows[i].seconds / flows[i].up * share
    sums.bottleneck[k, first + line.result[0].bottleneck] += seconds
    return 0


@kernel(i8(SUMS, i8, i8, i8, i8, i8))
def record_standing(sums: Sums, k: int, state: int, part: int, waits: int, idle: int) -> int:
    """Add to record step ``k`` that the line was in ``state``, and did not work, for ``part`` ns.

    ``waits``: the row of what it waited for, -1 where it did not; with ``idle`` 1 its machines drew their idle power.
    """
    sums.state[k, sums.line_row, state] += part
    if waits >= 0:
        sums.waits[k, waits] += part
    if idle:
        seconds = part / NANOSECONDS
        for i in range(sums.power.shape[0]):
            sums.energy[k, sums.first_machine + i] += sums.power[i, 0] * seconds
    return 0
