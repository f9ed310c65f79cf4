"""One pass through a line: every machine in order, and each recycle loop until it stands.

It knows no machine. Integer tables say in which order to evaluate, where each machine's feed comes from and which machines form a recycle
loop; kernels are called by address, so that a new one compiles alone. :mod:`frozen.duration` looks for the time that a lot takes,
:mod:`frozen.evaluator` puts both together.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from frozen.compile import MACHINE_SIGNATURE, kernel

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64

ADDRESS, COEFFICIENTS, COEFFICIENTS_END, PARAMETERS, PARAMETERS_END, SOURCES, SOURCES_END, PORTS, BYPASS, WARNINGS = range(10)
"""Columns of the machine table. ``BYPASS`` is the port everything takes while no machine works, -1 where there is no bypass."""
FIRST, LAST, LOOP = range(3)
"""Columns of the block table: machines ``FIRST`` to ``LAST - 1``, which are a loop if ``LOOP`` is 1."""
SECONDS, UP = range(2)
"""Columns of the limit table: time for the bare lot on one machine (0: no limit), number of machines that work."""
TAU, BOTTLENECK, SWEEPS, PASSES, CULPRIT, RISES, DOUBT, SLOWED = range(8)
"""Entries of ``result``. ``CULPRIT`` is the machine that a non-zero status speaks of. ``RISES``: whether the flow into a loop rose by a growing step
from one sweep to the next, so that it could settle in two ways. ``DOUBT``: whether the duration was searched for with care. ``SLOWED``: whether the
lot takes longer than any of its machines needs."""
RESULTS = 8

SPLIT_TOLERANCE = 1e-10
"""Relative change of a loop's streams at which its splits count as converged; an order below the 1e-9 that is promised."""
CLOSE_TOLERANCE = 2e-16
"""Share of a machine's feed still circling at which a loop counts as closed."""
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

NOT_CONVERGED, NOT_FINITE, OVERLOADED = -1, -2, -3
"""Status values; a positive one is a kernel's own. ``OVERLOADED``: given up because a machine of a loop is over the load allowed, and it rises."""


class Line(NamedTuple):
    """Tables and buffers of a line; see :func:`frozen.evaluator.evaluate`."""

    x: Floats
    machines: Ints
    sources: Ints
    blocks: Ints
    coefficients: Floats
    parameters: Floats
    limits: Floats
    inp: Floats
    at: Floats
    out: Floats
    warn: Ints
    phi: Floats
    lanes: Floats
    series: Floats
    result: Floats


LINE: Any = types.NamedTuple(  # type: ignore[no-untyped-call]
    (
        f8[:, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],
        f8[:, :, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1],
    ),
    Line,
)  # fmt: skip
"""The type of :class:`Line` in compiled code."""


def _call_by_address(typing_context: Any, address: Any, x: Any, at: Any, coefficients: Any, parameters: Any, load: Any, out: Any, warn: Any) -> Any:
    signature = types.int64(address, x, at, coefficients, parameters, load, out, warn)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(context.get_value_type(types.int64), [context.get_value_type(t) for t in sig.args[1:]])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return signature, generate


_call: Any = intrinsic(_call_by_address)


def address_of(apply: Any) -> int:
    """The address at which a compiled ``apply`` can be called in this process."""
    result = apply.overloads[MACHINE_SIGNATURE.args]
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


@kernel(f8(f8[:, ::1], f8[::1]))
def mass_of(x: Floats, lanes: Floats) -> float:
    """Sum of a matrix, size class by size class first: independent sums that the processor can overlap."""
    lanes[:] = 0.0
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            lanes[s] += x[m, s]
    total = 0.0
    for s in range(x.shape[1]):
        total += lanes[s]
    return total


@kernel(f8(f8[:, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], i8[:, ::1], i8, f8))
def _gather(x: Floats, inp: Floats, out: Floats, machines: Ints, sources: Ints, i: int, damping: float) -> float:
    """Add up the feed of machine ``i``; returns the largest change of a material over its mass (0 where nothing moved)."""
    worst = 0.0
    for m in range(x.shape[0]):
        change = 0.0
        mass = 0.0
        for s in range(x.shape[1]):
            total = 0.0
            for k in range(machines[i, SOURCES], machines[i, SOURCES_END]):
                source = sources[k, 0]
                total += x[m, s] if source < 0 else out[source, sources[k, 1], m, s]
            old = inp[i, m, s]
            total = old + damping * (total - old)
            change += abs(total - old)
            mass += total
            inp[i, m, s] = total
        if change > worst * mass:
            worst = change / mass if mass > 0.0 else 0.0
    return worst


@kernel(types.void(f8[:, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], i8[:, ::1], i8))
def _sum_up(x: Floats, inp: Floats, out: Floats, machines: Ints, sources: Ints, i: int) -> None:
    """Add up the feed of machine ``i``, which is in no loop."""
    for k in range(machines[i, SOURCES], machines[i, SOURCES_END]):
        source = sources[k, 0]
        given = x if source < 0 else out[source, sources[k, 1]]
        if k == machines[i, SOURCES]:
            inp[i] = given
        else:
            inp[i] += given


@kernel(types.void(f8[:, ::1], f8[:, ::1], f8[:, ::1], i8))
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


@kernel(i8(f8[:, :, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1], i8[:, ::1], i8, f8, f8, i8))
def _apply(
    inp: Floats,
    at: Floats,
    out: Floats,
    machines: Ints,
    coefficients: Floats,
    parameters: Floats,
    limits: Floats,
    warn: Ints,
    i: int,
    tau: float,
    phi: float,
    fresh: int,
) -> int:
    """Split the feed of machine ``i``; with ``fresh`` its conditions ``at`` are set from that feed first."""
    up = limits[i, UP]
    if up <= 0.0:
        for p in range(machines[i, PORTS]):
            for m in range(inp.shape[1]):
                for s in range(inp.shape[2]):
                    out[i, p, m, s] = inp[i, m, s] if p == machines[i, BYPASS] else 0.0
        return 0
    rate = 1.0 / (tau * up) if tau > 0.0 else 0.0
    if fresh > 0:
        for m in range(inp.shape[1]):
            for s in range(inp.shape[2]):
                at[i, m, s] = inp[i, m, s] * rate
    warn[i, :] = 0
    return int(
        _call(
            machines[i, ADDRESS],
            inp[i],
            at[i],
            coefficients[machines[i, COEFFICIENTS] : machines[i, COEFFICIENTS_END]],
            parameters[machines[i, PARAMETERS] : machines[i, PARAMETERS_END]],
            phi * limits[i, SECONDS] * rate,
            out[i],
            warn[i],
        )
    )


@kernel(types.boolean(f8[:, ::1], f8[::1], i8, i8, f8))
def _overloaded(limits: Floats, phi: Floats, begin: int, end: int, seconds: float) -> bool:
    """Whether one of the machines ``begin`` to ``end - 1`` needs more than ``seconds``."""
    over = 0
    for i in range(begin, end):
        over += phi[i] * limits[i, SECONDS] > seconds * limits[i, UP] > 0.0
    return over > 0


@kernel(i8(LINE, f8, f8, i8, f8, i8, i8, i8))
def run_through(line: Line, feed: float, tau: float, fresh: int, tolerance: float, patience: int, begin: int, end: int) -> int:
    """The machines of blocks ``begin`` to ``end - 1`` once, in order, and each loop until it stands to ``tolerance``, at ``tau`` s for a lot of ``feed`` kg.

    With ``fresh`` = 0 at the conditions already set, with -1 all machines at those, and at the flows ``phi``, of another lot. With ``patience`` > 0 a
    loop is extrapolated only after so many sweeps, since that can carry it past the state in which it would settle, and given up when a machine is
    beyond its limit by :data:`CEILING` and the flow rises by a growing step.
    """
    x, machines, sources, blocks, coefficients, parameters, limits, inp, at, out, warn, phi, lanes, series, result = line
    patient = patience > 0
    for b in range(begin, end):
        loop = blocks[b, LOOP]
        sweep = 0
        before = 2.0
        first = blocks[b, FIRST]
        level, rise, last_rise = phi[first], 0.0, math.inf
        if loop:
            series[0] = inp[first]
            series[1] = 0.0
        while True:
            worst = 0.0
            damping = 0.5 if fresh > 0 and sweep > DAMPED_SWEEPS and not (patient and rise > 0.0) else 1.0
            for i in range(blocks[b, FIRST], blocks[b, LAST]):
                if loop:
                    worst = max(worst, _gather(x, inp, out, machines, sources, i, damping))
                else:
                    _sum_up(x, inp, out, machines, sources, i)
                if fresh >= 0:
                    phi[i] = mass_of(inp[i], lanes) / feed
                if loop and i == first and (sweep <= DAMPED_SWEEPS or patient):
                    rise = phi[i] - level
                    if not patient or sweep > patience:
                        _extrapolate(inp[i], series[0], series[1], sweep)
                        if fresh >= 0 and sweep % EXTRAPOLATE_EVERY == EXTRAPOLATE_EVERY - 1:
                            phi[i] = mass_of(inp[i], lanes) / feed
                    level = phi[i]
                own = fresh if loop or fresh < 0 else 1
                status = _apply(inp, at, out, machines, coefficients, parameters, limits, warn, i, tau, phi[i], own)
                if status != 0:
                    result[CULPRIT] = i
                    return status
            sweep += 1
            result[SWEEPS] += loop
            if not loop or worst <= tolerance:
                break
            if fresh > 0 and sweep > 1:  # the first sweep of a warm loop carries the conditions it was left at
                if rise >= last_rise > LEAST_RISE * level:
                    result[RISES] = 1.0
                    if patient and _overloaded(limits, phi, first, blocks[b, LAST], CEILING * tau):
                        result[CULPRIT] = first
                        return OVERLOADED
                last_rise = rise
            if fresh <= 0 and worst < 1e-13 and worst >= before:
                break  # what still moves is rounding
            before = worst
            if not np.isfinite(worst):
                result[CULPRIT] = first
                return NOT_FINITE
            if sweep >= (MAX_SWEEPS if fresh > 0 else MAX_CLOSING) or (fresh > 0 and sweep > FLOOD_SWEEPS and phi[first] > FLOOD):
                result[CULPRIT] = first
                return NOT_CONVERGED
    return 0


@kernel(types.void(LINE))
def empty(line: Line) -> None:
    """Nothing circles: every loop begins from zero."""
    blocks, out = line.blocks, line.out
    line.inp[:] = 0.0
    for b in range(blocks.shape[0]):
        if blocks[b, LOOP]:
            out[blocks[b, FIRST] : blocks[b, LAST]] = 0.0


@kernel(f8(LINE))
def need_of(line: Line) -> float:
    """The longest time any machine needs for the lot, s; notes which."""
    phi, limits = line.phi, line.limits
    need = 0.0
    for i in range(phi.shape[0]):
        if limits[i, UP] > 0.0:
            own = phi[i] * limits[i, SECONDS] / limits[i, UP]
            if own > need:
                need = own
                line.result[BOTTLENECK] = i
    return need
