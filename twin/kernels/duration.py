"""How long a lot takes: the shortest time that settles from empty loops and at which no machine exceeds its limit.

With the lot's duration ``tau`` (s) as unknown, every machine ``i`` that has a limit needs ``phi_i * seconds_i / up_i``, where ``phi_i`` is the mass
through it over the mass of the lot, ``seconds_i`` the time it would take for the bare lot and ``up_i`` the number of its parallel machines that work.
The line can run at ``tau`` if its loops settle there and no need is more than ``tau``.

Most loops settle in one way only. :func:`by_secants` takes what went round at the last duration to the next, which is quick, and gives up
(:data:`IN_DOUBT`) as soon as a loop floods, which means that more comes back than it lets go, or could settle in two ways: from one sweep to the next the
flow into a loop rose by a growing step, or the bracket closed over a jump. A heavy recycle that showed none of it is :func:`confirmed`.
In doubt :func:`with_care` begins every try with empty loops, as a plant does in the morning, and keeps a bracket of one duration at which the line
cannot run and one at which it can.
"""

from __future__ import annotations

import math

from numba import types

from twin.kernels.compile import kernel
from twin.kernels.line_pass import CEILING, SPLIT_TOLERANCE, empty, need_of, run_through
from twin.kernels.line_tables import IN_DOUBT, LINE, NOT_CONVERGED, OVERLOADED, Line

f8, i8 = types.float64, types.int64

RATE_TOLERANCE = 1e-9
FIRST_TOLERANCE = 1e-3
LOOP_EFFORT = 0.03
"""Loops are first converged to ``FIRST_TOLERANCE``, later to this share of what the duration still misses …"""
LOOSE_PASSES = 10
"""… and from this pass on fully."""
MAX_PASSES = 200
FINER = 0.01
"""Where a loop settles so slowly that what is left of it hides which way the duration misses, splits are converged so much further."""
HIDDEN = 1e-6
"""The largest relative gap that can be hidden so."""
BISECT_EVERY = 8
"""Now and then the interval is halved instead, so that a kink cannot hold the secants up."""

HEAVY = 1.5
"""Where more than this goes round, as a multiple of the lot, the duration found is tried from empty loops …"""
CHECK_TOLERANCE, SAME = 1e-4, 0.1
"""… to this tolerance, and the flows must be the same to a tenth: the other way to settle, if there is one, is far away."""

FLOOD_TOLERANCE = 1e-4
"""How closely, as a share, the duration below which a loop floods is found."""
PATIENCE = 300
"""Sweeps before a try from empty loops may be extrapolated."""
MAX_TRIES = 150


@kernel(f8(LINE), inner=True)
def first_guess(line: Line) -> float:
    """The time the head needs for the bare lot; where it has no limit, the longest that any machine would need for it. Sets all flows to the bare lot."""
    for i in range(line.flows.shape[0]):
        line.flows[i].flow_ratio = 1.0
    if line.flows[0].up > 0.0 and line.flows[0].seconds > 0.0:
        return float(line.flows[0].seconds / line.flows[0].up)
    return float(need_of(line))


@kernel(inner=True)
def by_secants(line: Line, feed: float, tau: float, loops: int, end: int) -> int:
    """Find the duration from ``tau`` on by secants over blocks 0 to ``end - 1``, each pass going on from the loops of the one before.

    ``loops``: how many blocks are loops. Leaves the duration in ``result`` and the loops settled at it; returns a status.
    """
    result = line.result[0]
    finest = SPLIT_TOLERANCE
    tolerance = FIRST_TOLERANCE if loops else finest
    slow, fast, last_tau, last_gap = 0.0, 0.0, 0.0, 0.0
    while True:
        status = run_through(line, feed, tau, 1, tolerance, 0, 0, end)
        if status != 0 and status != NOT_CONVERGED:
            return status
        result.passes += 1
        if status == NOT_CONVERGED or result.rises == 1:
            return IN_DOUBT
        need = need_of(line)
        gap = need - tau
        tight = tolerance <= finest
        if tight and (abs(gap) <= RATE_TOLERANCE * need or (gap < 0.0 and 0.0 < tau - fast <= RATE_TOLERANCE * tau)):
            break  # found, or the slow side of a jump: the shortest time at which no machine exceeds its limit
        if tight and fast > 0.0 and slow > 0.0 and slow - fast <= RATE_TOLERANCE * slow:
            if abs(gap) > HIDDEN * need and loops:
                return IN_DOUBT
            if abs(gap) <= HIDDEN * need:
                if finest < SPLIT_TOLERANCE:
                    break
                finest *= FINER
                tolerance, slow, fast, last_tau = finest, 0.0, 0.0, 0.0
                continue
        if result.passes >= MAX_PASSES:
            result.tau = tau
            return IN_DOUBT if loops else NOT_CONVERGED
        tolerance = min(tolerance, max(finest, LOOP_EFFORT * abs(gap) / need)) if result.passes < LOOSE_PASSES else finest
        if abs(gap) <= RATE_TOLERANCE * need:
            tolerance = finest
            continue
        if tight and gap > 0.0:  # a gap from loosely converged loops may have the wrong sign and bounds nothing
            fast = tau
        elif tight:
            slow = tau
        guess = need
        if last_tau > 0.0 and gap != last_gap:
            guess = tau - gap * (tau - last_tau) / (gap - last_gap)
        last_tau, last_gap = tau, gap
        if fast > 0.0 and slow > 0.0 and (not fast < guess < slow or result.passes % BISECT_EVERY == 0):
            guess = 0.5 * (fast + slow)
            if slow - fast <= RATE_TOLERANCE * slow:
                guess = slow
        tau = min(max(guess, 0.5 * tau), 2.0 * tau)
    result.tau = tau
    return IN_DOUBT if loops and gap < -HIDDEN * need else 0


@kernel(inner=True)
def _heaviest(line: Line, end: int) -> float:
    """The largest flow into a loop among the blocks before ``end``, over the lot; 0 without loops."""
    heaviest = 0.0
    for b in range(end):
        if line.blocks[b].loop:
            heaviest = max(heaviest, line.flows[line.blocks[b].first].flow_ratio)
    return heaviest


@kernel(inner=True)
def confirmed(line: Line, feed: float, end: int) -> int:
    """Whether heavy loops that were brought from one duration to the next settle in the same way from empty; a status, ``IN_DOUBT`` if not."""
    heaviest = _heaviest(line, end)
    if heaviest <= HEAVY:
        return 0
    tau = line.result[0].tau
    empty(line)
    status = run_through(line, feed, tau, 1, CHECK_TOLERANCE, PATIENCE, 0, end)
    if status in (NOT_CONVERGED, OVERLOADED) or (status == 0 and abs(_heaviest(line, end) - heaviest) > SAME * heaviest):
        return IN_DOUBT
    if status != 0:
        return status
    return int(run_through(line, feed, tau, 1, SPLIT_TOLERANCE, 0, 0, end))


@kernel(inner=True)
def with_care(line: Line, feed: float, tau: float, end: int) -> int:
    """Find the duration from ``tau`` on over blocks 0 to ``end - 1``, each try from empty loops. Leaves it and the loops as :func:`by_secants` does.

    What circles only grows when a loop starts empty, and to no more the longer the duration. So a longer duration than one at which the line can run is
    one as well, and the bracket holds the shortest. Its upper end is the answer where it closes over a jump, which is known to ``FLOOD_TOLERANCE``.
    """
    result = line.result[0]
    fast, slow = 0.0, 0.0  # the line cannot run at ``fast``, it can at ``slow``; 0: not known yet
    fast_need, slow_need = math.inf, 0.0
    result.tau = tau
    for k in range(MAX_TRIES):
        empty(line)
        status = run_through(line, feed, tau, 1, SPLIT_TOLERANCE, PATIENCE, 0, end)
        if status not in (0, NOT_CONVERGED, OVERLOADED):
            return status
        result.passes += 1
        result.tau = tau
        need = need_of(line) if status == 0 else math.inf
        if need <= tau * (1.0 + RATE_TOLERANCE):
            if need >= tau * (1.0 - RATE_TOLERANCE) or tau == slow:
                return 0
            slow, slow_need = tau, need
        else:
            fast, fast_need = tau, need
        if 0.0 < fast < slow and slow - fast <= (FLOOD_TOLERANCE if fast_need > CEILING * fast else RATE_TOLERANCE) * slow:
            if tau == slow:
                return 0
            tau = slow  # once more, for the loops as they are there
        elif slow == 0.0:
            tau = min(2.0 * tau, fast_need)
        elif fast == 0.0:
            tau = max(0.5 * slow, slow_need)
        else:
            tau = 0.5 * (fast + slow)
            if k % 2 and fast_need < math.inf:
                above, below = fast_need - fast, slow - slow_need
                tau = fast + (slow - fast) * above / (above + below)
        if tau <= 0.0:
            break
    return NOT_CONVERGED
