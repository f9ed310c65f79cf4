"""One pass through a line: every machine in order, and each recycle loop by sweeps until it stands.

It knows no machine. :mod:`twin.kernels.duration` looks for the time that a lot takes with it where the loops cannot be solved
(:mod:`twin.kernels.loop_solve`), :mod:`twin.kernels.evaluator` puts all together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from twin.kernels.compile import kernel
from twin.kernels.line_tables import LINE, NOT_CONVERGED, NOT_FINITE, OVERLOADED, Floats, Line, Records
from twin.kernels.machine_pass import apply, copy_to, mass_of, sum_up

f8, i8 = types.float64, types.int64

SPLIT_TOLERANCE = 1e-10
"""Relative change of a loop's streams at which its splits count as converged; an order below the 1e-9 that is promised."""
MAX_SWEEPS = 2000
DAMPED_SWEEPS = 400
"""After this many sweeps a loop's streams are damped by half."""
EXTRAPOLATE_EVERY = 3
"""Every third sweep the feed of a loop's first machine is extrapolated cell by cell to the limit of its geometric series (Aitken)."""
LEAST_CHANGE = 1e-12
"""Relative change of a cell below which its ratio is too much rounding to extrapolate from."""
LARGEST_RATIO = 0.99999
CEILING = 1.01
"""A patient pass is given up when a machine is so much beyond its limit."""
LEAST_RISE = 1e-4
"""Steps of what circles, as a share of it, that are too small to tell whether they grow."""
FLOOD, FLOOD_SWEEPS = 1e4, 20
"""A loop whose first machine is to take so many times the lot, after so many sweeps, floods: it is given up early."""
MAX_CLOSING = 200_000
_plain: Any = np.int64


@kernel(inner=True)
def _gather(x: Floats, inp: Floats, out: Floats, machines: Records, sources: Records, i: int, damping: float) -> float:
    """Add up the feed of machine ``i``; returns the largest change of a material over its mass (0 where nothing moved)."""
    worst = 0.0
    for m in range(x.shape[0]):
        change = 0.0
        mass = 0.0
        for s in range(x.shape[1]):
            total = 0.0
            for k in range(machines[i].sources, machines[i].sources_end):
                source = sources[k].machine
                total += x[m, s] if source < 0 else out[source, sources[k].port, m, s]
            old = inp[i, m, s]
            total = old + damping * (total - old)
            change += abs(total - old)
            mass += total
            inp[i, m, s] = total
        if change > worst * mass:
            worst = change / mass if mass > 0.0 else 0.0
    return worst


@kernel(inner=True)
def _extrapolate(inp: Floats, before: Floats, delta: Floats, sweep: int) -> None:
    """Sum up what is left of the geometric series that the feed ``inp`` of a loop's first machine runs through from sweep to sweep.

    ``before`` is the feed of the sweep before, ``delta`` the last change of it; both are brought up to date.
    """
    for m in range(inp.shape[0]):
        for s in range(inp.shape[1]):
            change = inp[m, s] - before[m, s]
            if sweep % EXTRAPOLATE_EVERY == EXTRAPOLATE_EVERY - 1 and abs(change) > LEAST_CHANGE * inp[m, s]:
                ratio = change / delta[m, s] if delta[m, s] != 0.0 else 0.0
                if 0.0 < ratio < LARGEST_RATIO:
                    inp[m, s] = max(0.0, inp[m, s] + change * ratio / (1.0 - ratio))
            delta[m, s] = change
            before[m, s] = inp[m, s]


@kernel(inner=True)
def _overloaded(flows: Records, begin: int, end: int, seconds: float) -> bool:
    """Whether one of the machines ``begin`` to ``end - 1`` needs more than ``seconds``."""
    over = 0
    for i in range(begin, end):
        over += flows[i].flow_ratio * flows[i].seconds > seconds * flows[i].up > 0.0
    return over > 0


@kernel(inner=True)
def _run_once(line: Line, b: int, feed: float, tau: float, fresh: int) -> int:
    """Block ``b``, which is no loop."""
    for i in range(line.blocks[b].first, line.blocks[b].end):
        sum_up(line.x, line.inp, line.out, line.machines, line.sources, i)
        if fresh >= 0:
            line.flows[i].flow_ratio = mass_of(line.inp[i]) / feed
        status = apply(line, i, tau, 1 if fresh >= 0 else 0)
        if status != 0:
            line.result[0].culprit = i
            return int(status)
    return 0


@kernel(inner=True)
def _extrapolated(line: Line, first: int, feed: float, fresh: int, sweep: int, patience: int, level: float) -> float:
    """Extrapolate the feed of a loop's ``first`` machine where it is time to; returns by how much its flow rose above ``level``."""
    rise: float = line.flows[first].flow_ratio - level
    if patience <= 0 or sweep > patience:
        _extrapolate(line.inp[first], line.series[0], line.series[1], sweep)
        if fresh >= 0 and sweep % EXTRAPOLATE_EVERY == EXTRAPOLATE_EVERY - 1:
            line.flows[first].flow_ratio = mass_of(line.inp[first]) / feed
    return rise


@kernel(inner=True)
def _run_loop(line: Line, b: int, feed: float, tau: float, fresh: int, tolerance: float, patience: int) -> int:
    """Sweep through loop ``b`` until it stands; arguments as of :func:`run_through`."""
    first, end, result, flows = line.blocks[b].first, line.blocks[b].end, line.result, line.flows
    sweep, before = 0, 2.0
    level, rise, last_rise = flows[first].flow_ratio, 0.0, math.inf
    copy_to(line.series[0], line.inp[first])
    line.series[1] = 0.0
    result[0].culprit = first
    while True:
        worst = 0.0
        damping = 0.5 if fresh > 0 and sweep > DAMPED_SWEEPS and not (patience > 0 and rise > 0.0) else 1.0
        for i in range(first, end):
            worst = max(worst, _gather(line.x, line.inp, line.out, line.machines, line.sources, i, damping))
            if fresh >= 0:
                flows[i].flow_ratio = mass_of(line.inp[i]) / feed
            if i == first and (sweep <= DAMPED_SWEEPS or patience > 0):
                rise = _extrapolated(line, first, feed, fresh, sweep, patience, level)
                level = flows[first].flow_ratio
            status = apply(line, i, tau, fresh)
            if status != 0:
                result[0].culprit = i
                return int(status)
        sweep += 1
        result[0].sweeps += 1
        if worst <= tolerance:
            return 0
        if fresh > 0 and sweep > 1:  # the first sweep of a warm loop carries the conditions it was left at
            if rise >= last_rise > LEAST_RISE * level:
                result[0].rises = 1
                if patience > 0 and _overloaded(flows, first, end, CEILING * tau):
                    return OVERLOADED
            last_rise = rise
        if fresh <= 0 and worst < 1e-13 and worst >= before:
            return 0  # what still moves is rounding
        before = worst
        if not np.isfinite(worst):
            return NOT_FINITE
        if sweep >= (MAX_SWEEPS if fresh > 0 else MAX_CLOSING) or (fresh > 0 and sweep > FLOOD_SWEEPS and flows[first].flow_ratio > FLOOD):
            return NOT_CONVERGED


@kernel(inner=True)
def _run_blocks(line: Line, feed: float, tau: float, fresh: int, tolerance: float, patience: int, begin: int, end: int) -> int:
    """:func:`run_through`, compiled when it is first needed."""
    for b in range(begin, end):
        loop = line.blocks[b].loop
        status = _run_loop(line, b, feed, tau, fresh, tolerance, patience) if loop else _run_once(line, b, feed, tau, fresh)
        if status != 0:
            return int(status)
    return 0


@kernel(inner=True)
def run_through(line: Line, feed: float, tau: float, fresh: int, tolerance: float, patience: int, begin: int, end: int) -> int:
    """The machines of blocks ``begin`` to ``end - 1`` once, in order, and each loop until it stands to ``tolerance``, at ``tau`` s for a lot of ``feed`` kg.

    With ``fresh`` = 0 at the conditions already set, with -1 all machines at those, and at the flows, of another lot. With ``patience`` > 0 a
    loop is extrapolated only after so many sweeps, since that can carry it past the state in which it would settle, and given up when a machine is
    beyond its limit by :data:`CEILING` and the flow rises by a growing step.
    """
    # as plain integers: of each literal one a version would be compiled
    return int(_run_blocks(line, feed, tau, _plain(fresh), tolerance, _plain(patience), _plain(begin), _plain(end)))


@kernel(inner=True)
def empty(line: Line) -> None:
    """Nothing circles: every loop begins from zero."""
    line.inp[:] = 0.0
    for b in range(line.blocks.shape[0]):
        if line.blocks[b].loop:
            line.out[line.blocks[b].first : line.blocks[b].end] = 0.0


@kernel(f8(LINE), inner=True)
def need_of(line: Line) -> float:
    """The longest time any machine needs for the lot, s; notes which."""
    need = 0.0
    for i in range(line.flows.shape[0]):
        if line.flows[i].up > 0.0:
            own = line.flows[i].flow_ratio * line.flows[i].seconds / line.flows[i].up
            if own > need:
                need = own
                line.result[0].bottleneck = i
    return need
