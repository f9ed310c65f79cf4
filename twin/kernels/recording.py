"""Adding up what a line does, record step by record step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from twin.kernels.compile import kernel
from twin.kernels.line_tables import FLOWS, RESULTS, Records

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64


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


@kernel(
    i8(
        f8[:, :, :, ::1], i8[:, ::1], f8[:, ::1], f8[::1], i8[::1], FLOWS, f8, f8, f8, RESULTS,
        f8[:, ::1], f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[::1], f8[::1],
    )
)  # fmt: skip
def record_interval(
    out: Floats,
    streams: Ints,
    x: Floats,
    weights: Floats,
    intake_rows: Ints,
    flows: Records,
    share: float,
    feed: float,
    seconds: float,
    result: Records,
    mass: Floats,
    size: Floats,
    load_seconds: Floats,
    bottleneck_seconds: Floats,
    energy: Floats,
    power: Floats,
    through: Floats,
    lanes: Floats,
) -> int:
    """Add ``share`` of a lot of ``feed`` kg, worked on for ``seconds``, to a record step.

    ``streams`` (stream, 3): machine, port, row in ``mass`` (row, component) and ``size`` (row, size), kg. ``intake_rows`` and ``weights`` (bunker,):
    row and share of each
    bunker that the lot ``x`` was drawn from. ``load_seconds``, ``bottleneck_seconds``, ``energy`` (J) and ``through`` (kg), each (machine,);
    ``power`` (machine, 2): idle W, specific J/kg. ``result`` names the bottleneck.
    """
    for k in range(streams.shape[0]):
        _add_margins(out[streams[k, 0], streams[k, 1]], share, mass[streams[k, 2]], size[streams[k, 2]], out.shape[2], lanes)
    for k in range(intake_rows.shape[0]):
        if weights[k] > 0.0:
            _add_margins(x, share * weights[k], mass[intake_rows[k]], size[intake_rows[k]], out.shape[2], lanes)
    for i in range(flows.shape[0]):
        passed = flows[i].flow_ratio * feed * share
        through[i] += passed
        energy[i] += power[i, 0] * seconds + power[i, 1] * passed
        if flows[i].up > 0.0:
            load_seconds[i] += flows[i].flow_ratio * flows[i].seconds / flows[i].up * share
    bottleneck_seconds[result[0].bottleneck] += seconds
    return 0
