"""The line evaluator: one compiled call that takes a lot through all machines of a line.

Rate and network are found together. Where all recycle loops can be solved (:mod:`twin.kernels.loop_solve`) the duration follows from the flows. What
that gives is taken only if every feed agrees with what its sources give off, and if each loop comes to it from empty. Else, and for loops that flood,
the duration is searched for (:mod:`twin.kernels.duration`). At the settings found the network is linear, so mass closes to rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from twin.kernels.compile import kernel
from twin.kernels.duration import RATE_TOLERANCE, by_secants, confirmed, first_guess, with_care
from twin.kernels.line_pass import SPLIT_TOLERANCE, empty, need_of, run_through
from twin.kernels.line_tables import AS_A_WHOLE, IN_DOUBT, LINE, NOT_CONVERGED, NOT_FINITE, Line
from twin.kernels.loop_solve import close_given, deliver_loop, settles_from_empty, solve_loop
from twin.kernels.machine_pass import apply, mass_of, sum_up

f8, i8 = types.float64, types.int64

CLOSE_TOLERANCE = 2e-16
"""Share of a machine's feed still circling at which a loop that is summed up by sweeps counts as closed."""
SLOWER = 1e-3
"""A lot that takes so much longer, as a share, than any of its machines needs is noted as slowed by its loops."""
SOLVED = 1e-12
"""Relative gap between the duration taken and the one needed at which it counts as found."""
MOST_TURNS = 20


@kernel(inner=True)
def _loops(line: Line, begin: int, end: int) -> int:
    """How many of the blocks ``begin`` to ``end - 1`` are loops."""
    found = 0
    for b in range(begin, end):
        found += line.blocks[b].loop
    return found


@kernel(inner=True)
def _limited(line: Line) -> int:
    """The number of blocks up to the last machine that can limit the line; those behind wait until the duration stands."""
    limited = 0
    for b in range(line.blocks.shape[0]):
        for i in range(line.blocks[b].first, line.blocks[b].end):
            if line.flows[i].seconds > 0.0:
                limited = b + 1
    return limited


@kernel(inner=True)
def _close(line: Line, feed: float, tau: float, begin: int, end: int) -> int:
    """Sum up what circles in the loops among the blocks ``begin`` to ``end - 1``, at the conditions found."""
    if not _loops(line, begin, end):
        return 0
    return int(run_through(line, feed, tau, 0, CLOSE_TOLERANCE, 0, begin, end))


@kernel(inner=True)
def _search(line: Line, feed: float) -> int:
    """Search for the duration and take the lot through the line at it, loops closed."""
    result, count = line.result[0], line.blocks.shape[0]
    empty(line)
    tau = first_guess(line)
    end = _limited(line)
    status = by_secants(line, feed, tau, _loops(line, 0, end), end)
    if status == 0:
        status = confirmed(line, feed, end)
    if status == IN_DOUBT:
        result.doubt = 1
        status = with_care(line, feed, tau, end)
    if status == 0:
        need, tau = need_of(line), result.tau
        status = _close(line, feed, tau, 0, end)
    if status == 0 and end < count:
        status = run_through(line, feed, tau, 1, SPLIT_TOLERANCE, 0, end, count)
        if status == NOT_CONVERGED and tau > 0.0:  # a loop that nothing limits floods at that duration: the line runs slower for it
            end = 0
            result.doubt = 1
            status = with_care(line, feed, tau, count)
            need, tau = need_of(line), result.tau
        if status == 0:
            status = _close(line, feed, tau, end, count)
    if status != 0:
        return int(status)
    result.tau = tau if need - tau < -RATE_TOLERANCE * need else need
    result.slowed = 1 if need > 0.0 and result.tau > need * (1.0 + SLOWER) else 0
    return 0


@kernel(f8(LINE, f8, f8), inner=True)
def _go_through(line: Line, feed: float, floor: float) -> float:
    """Take the lot through all blocks at a duration of ``floor`` s, or what the machines up to the first that reacts need if that is more.

    Returns the duration at which they were evaluated, or nan where a loop could not be solved.
    """
    tau, reacted = floor, 0
    for b in range(line.blocks.shape[0]):
        if line.blocks[b].loop:
            solved = solve_loop(line, b, feed, tau, 1 - reacted)
            if not math.isfinite(solved) or not deliver_loop(line, b):
                return math.nan
            tau = solved
            reacted = 1
            continue
        for i in range(line.blocks[b].first, line.blocks[b].end):
            sum_up(line.x, line.inp, line.out, line.machines, line.sources, i)
            flow, machine = line.flows[i], line.machines[i]
            flow.flow_ratio = mass_of(line.inp[i]) / feed
            if reacted == 0 and flow.up > 0.0:
                tau = max(tau, flow.flow_ratio * flow.seconds / flow.up)
            if machine.settings < machine.settings_end or machine.structure == AS_A_WHOLE:
                reacted = 1
            if apply(line, i, tau, 1) != 0:
                return math.nan
    return tau


@kernel(i8(LINE, f8), inner=True)
def _solve(line: Line, feed: float) -> int:
    """Solve for the duration, without checking how its loops come to it; 0, or ``IN_DOUBT`` where that fails."""
    floor, last_tau, last_gap = 0.0, 0.0, 0.0
    if line.flows[0].up <= 0.0 or line.flows[0].seconds <= 0.0:
        floor = first_guess(line)
    for turn in range(MOST_TURNS):
        tau = _go_through(line, feed, floor)
        if not math.isfinite(tau):
            return IN_DOUBT
        line.result[0].passes += 1
        need = need_of(line)
        gap = need - tau
        if abs(gap) <= SOLVED * tau:
            line.result[0].tau = need
            return 0
        floor = need
        if turn > 0 and gap != last_gap:
            floor = tau - gap * (tau - last_tau) / (gap - last_gap)
        if not floor > 0.0:
            return IN_DOUBT
        last_tau, last_gap = tau, gap
    return IN_DOUBT


@kernel(i8(LINE), inner=True)
def _solvable(line: Line) -> int:
    """Whether all loops of the line can be solved."""
    for b in range(line.blocks.shape[0]):
        if line.blocks[b].loop and not line.blocks[b].solvable:
            return 0
    return 1


@kernel(i8(LINE, LINE, f8), inner=True)
def solve(line: Line, probe: Line, feed: float) -> int:
    """Solve for the duration and take the lot through the line at it; 0, or ``IN_DOUBT`` where that fails or the loops do not come to it from empty."""
    if not _solvable(line):
        return IN_DOUBT
    status = _solve(line, feed)
    for b in range(line.blocks.shape[0]):
        if status == 0 and line.blocks[b].loop and not settles_from_empty(line, probe, b, feed, line.result[0].tau):
            status = IN_DOUBT
    return int(status)


@kernel(types.void(LINE), inner=True)
def _begin(line: Line) -> None:
    """Clear what the last lot left in ``result``."""
    own = line.result[0]
    own.tau, own.bottleneck, own.sweeps, own.passes, own.culprit = 0.0, 0, 0, 0, 0
    own.rises, own.doubt, own.slowed, own.searched = 0, 0, 0, 0


@kernel(i8(LINE), inner=True)
def _finish(line: Line) -> int:
    """Weigh what leaves the line and count warnings; 0, or ``NOT_FINITE``."""
    check = line.result[0].tau
    for k in range(line.outlets.shape[0]):
        line.outlet_mass[k] = mass_of(line.out[line.outlets[k].machine, line.outlets[k].port])
        check += line.outlet_mass[k]
    if not np.isfinite(check):
        for i in range(line.machines.shape[0]):
            if not np.isfinite(line.flows[i].flow_ratio):
                line.result[0].culprit = i
                break
        return NOT_FINITE
    for i in range(line.machines.shape[0]):
        for w in range(line.machines[i].warnings):
            line.warned[i, w] += 1 if line.warn[i, w] > 0 else 0
    return 0


@kernel(i8(LINE, LINE))
def evaluate(line: Line, probe: Line) -> int:
    """Take the lot of a line through it. ``probe`` is the same line with buffers of its own, in which its loops are filled from empty.

    Written: feeds, conditions, what leaves each port, shares, settings, flows, ``outlet_mass`` and ``result``; ``warned`` is added to. Returns 0,
    ``NOT_FINITE``, or ``IN_DOUBT`` where the line is not solved: it is then to be searched for by :func:`search`.
    """
    _begin(line)
    status = solve(line, probe, mass_of(line.x))
    return _finish(line) if status == 0 else status


OUTCOME: Any = types.Tuple((i8, f8, i8, i8))  # type: ignore[no-untyped-call]


@kernel(OUTCOME(LINE, LINE))
def outcome(line: Line, probe: Line) -> tuple[int, float, int, int]:
    """:func:`evaluate`, with what each lot is asked for: the status, and ``tau``, ``sweeps`` and ``slowed`` of the result."""
    status = evaluate(line, probe)
    own = line.result[0]
    return status, own.tau, own.sweeps, own.slowed


@kernel()
def search(line: Line) -> int:
    """Take the lot of a line through it by a search for its duration: as :func:`evaluate`, which is quicker where it can.

    Returns 0, a kernel's status, ``NOT_CONVERGED`` or ``NOT_FINITE``. It is compiled when it is first needed.
    """
    _begin(line)
    line.result[0].searched = 1
    status = _search(line, mass_of(line.x))
    return _finish(line) if status == 0 else status


@kernel()
def follow(line: Line) -> int:
    """Take what rides on a lot, as an element inside its materials, through the line at the conditions that :func:`evaluate` left for that lot.

    ``x`` (material, size), kg of it; conditions, shares, flows and ``result`` are those of the lot; feeds, what leaves each port and scratch are
    overwritten, so they should be others. Machines are linear in what they split at given conditions, so it goes where its material goes.
    """
    empty(line)
    for b in range(line.blocks.shape[0]):
        if line.blocks[b].loop and line.blocks[b].solvable:
            close_given(line, b)
            if deliver_loop(line, b):
                continue
        status = run_through(line, 1.0, line.result[0].tau, -1, CLOSE_TOLERANCE, 0, b, b + 1)
        if status != 0:
            return int(status)
    return 0
