"""The line evaluator: one compiled call that takes a lot through all machines of a line.

Rate and network are solved together: the duration of the lot is looked for with all splits taken at it (:mod:`frozen.duration`). At the
converged splits the network is linear (see :class:`frozen.compile.MachineKernel`), and a loop is closed by summing its geometric series until
nothing is left, so mass closes to rounding.
"""

from __future__ import annotations

import numpy as np
from numba import types

from frozen.compile import kernel
from frozen.duration import IN_DOUBT, RATE_TOLERANCE, by_secants, confirmed, first_guess, with_care
from frozen.line_pass import (
    CLOSE_TOLERANCE,
    CULPRIT,
    DOUBT,
    FIRST,
    LAST,
    LINE,
    LOOP,
    NOT_CONVERGED,
    NOT_FINITE,
    SECONDS,
    SLOWED,
    SPLIT_TOLERANCE,
    TAU,
    WARNINGS,
    Floats,
    Ints,
    Line,
    empty,
    mass_of,
    need_of,
    run_through,
)

f8, i8 = types.float64, types.int64

SLOWER = 1e-3
"""A lot that takes so much longer, as a share, than any of its machines needs is noted as slowed by its loops."""


@kernel(i8(i8[:, ::1], i8, i8))
def _loops(blocks: Ints, begin: int, end: int) -> int:
    """How many of the blocks ``begin`` to ``end - 1`` are loops."""
    found = 0
    for b in range(begin, end):
        found += blocks[b, LOOP]
    return found


@kernel(i8(i8[:, ::1], f8[:, ::1]))
def _limited(blocks: Ints, limits: Floats) -> int:
    """The number of blocks up to the last machine that can limit the line; those behind wait until the duration stands."""
    limited = 0
    for b in range(blocks.shape[0]):
        for i in range(blocks[b, FIRST], blocks[b, LAST]):
            if limits[i, SECONDS] > 0.0:
                limited = b + 1
    return limited


@kernel(i8(LINE, f8, f8, i8, i8))
def _close(line: Line, feed: float, tau: float, begin: int, end: int) -> int:
    """Sum up what circles in the loops among the blocks ``begin`` to ``end - 1``, at the conditions found."""
    if not _loops(line.blocks, begin, end):
        return 0
    return int(run_through(line, feed, tau, 0, CLOSE_TOLERANCE, 0, begin, end))


@kernel(i8(LINE, f8))
def _solve(line: Line, feed: float) -> int:
    """Find the duration and take the lot through the line at it, loops closed."""
    result, count = line.result, line.blocks.shape[0]
    empty(line)
    tau = first_guess(line)
    end = _limited(line.blocks, line.limits)
    status = by_secants(line, feed, tau, _loops(line.blocks, 0, end), end)
    if status == 0:
        status = confirmed(line, feed, end)
    if status == IN_DOUBT:
        result[DOUBT] = 1.0
        status = with_care(line, feed, tau, end)
    if status == 0:
        need, tau = need_of(line), result[TAU]
        status = _close(line, feed, tau, 0, end)
    if status == 0 and end < count:
        status = run_through(line, feed, tau, 1, SPLIT_TOLERANCE, 0, end, count)
        if status == NOT_CONVERGED and tau > 0.0:  # a loop that nothing limits floods at that duration: the line runs slower for it
            end = 0
            result[DOUBT] = 1.0
            status = with_care(line, feed, tau, count)
            need, tau = need_of(line), result[TAU]
        if status == 0:
            status = _close(line, feed, tau, end, count)
    if status != 0:
        return int(status)
    result[TAU] = tau if need - tau < -RATE_TOLERANCE * need else need
    result[SLOWED] = 1.0 if need > 0.0 and result[TAU] > need * (1.0 + SLOWER) else 0.0
    return 0


@kernel(
    i8(
        f8[:, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],
        f8[:, :, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1], f8[::1],
    )
)  # fmt: skip
def evaluate(
    x: Floats,
    machines: Ints,
    sources: Ints,
    blocks: Ints,
    outlets: Ints,
    coefficients: Floats,
    parameters: Floats,
    limits: Floats,
    inp: Floats,
    at: Floats,
    out: Floats,
    warn: Ints,
    warned: Ints,
    phi: Floats,
    lanes: Floats,
    series: Floats,
    outlet_mass: Floats,
    result: Floats,
) -> int:
    """Take the lot ``x`` (material, size), kg, through the line.

    Tables as the constants of :mod:`frozen.line_pass` name their columns: ``machines`` (machine, 10), ``sources`` (source, 2) of (machine or -1
    for the lot, port), ``blocks`` (block, 3), ``outlets`` (outlet, 2) of (machine, port), ``limits`` (machine, 2). Written: ``inp`` and ``at``
    (machine, material, size), ``out`` (machine, port, material, size) kg, ``phi`` (machine,), ``outlet_mass`` (outlet,) kg, ``result`` (8,);
    ``warned`` (machine, warning) is added to. ``lanes`` (size,), ``series`` (2, material, size) and ``warn`` are scratch.

    Returns 0, a kernel's status, ``NOT_CONVERGED`` or ``NOT_FINITE``.
    """
    result[:] = 0.0
    line = Line(x, machines, sources, blocks, coefficients, parameters, limits, inp, at, out, warn, phi, lanes, series, result)
    status = _solve(line, mass_of(x, lanes))
    if status != 0:
        return int(status)
    check = result[TAU]
    for k in range(outlets.shape[0]):
        outlet_mass[k] = mass_of(out[outlets[k, 0], outlets[k, 1]], lanes)
        check += outlet_mass[k]
    if not np.isfinite(check):
        for i in range(machines.shape[0]):
            if not np.isfinite(phi[i]):
                result[CULPRIT] = i
                return NOT_FINITE
        return NOT_FINITE
    for i in range(machines.shape[0]):
        for w in range(machines[i, WARNINGS]):
            warned[i, w] += 1 if warn[i, w] > 0 else 0
    return 0
