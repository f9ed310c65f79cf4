"""The line evaluator: one compiled call that takes a lot through all machines of a line.

It knows no machine. Integer tables say in which order to evaluate, where each machine's feed comes from and which machines form a recycle
loop; kernels are called by address, so that a new one compiles alone.

Rate and network are solved together. With the lot's duration ``tau`` (s) as unknown, every machine ``i`` that has a limit needs
``phi_i * seconds_i / up_i``, where ``phi_i`` is the mass through it over the mass of the lot, ``seconds_i`` the time it would take for the bare lot and
``up_i`` the number of its parallel machines that work. The line runs at the smallest ``tau`` that is no less than any of these needs, with all
splits taken at that ``tau``; it is found by secants, kept within the bounds already known, and
longer where a loop floods, which means that more comes back than it lets go. At the converged splits the network is linear (see
:class:`twin.kernels.compile.MachineKernel`), and a loop is closed by
summing its geometric series until nothing is left, so mass closes to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from twin.kernels.compile import MACHINE_SIGNATURE, kernel

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

f8, i8 = types.float64, types.int64

ADDRESS, COEFFICIENTS, COEFFICIENTS_END, PARAMETERS, PARAMETERS_END, SOURCES, SOURCES_END, PORTS, BYPASS, WARNINGS = range(10)
"""Columns of the machine table. ``BYPASS`` is the port everything takes while no machine works, -1 where there is no bypass."""
FIRST, LAST, LOOP = range(3)
"""Columns of the block table: machines ``FIRST`` to ``LAST - 1``, which are a loop if ``LOOP`` is 1."""
SECONDS, UP = range(2)
"""Columns of the limit table: time for the bare lot on one machine (0: no limit), number of machines that work."""
TAU, BOTTLENECK, SWEEPS, PASSES, CULPRIT = range(5)
"""Entries of ``result``. ``CULPRIT`` is the machine that a non-zero status speaks of."""

SPLIT_TOLERANCE = 1e-10
"""Relative change of a loop's streams at which its splits count as converged; an order below the 1e-9 that is promised."""
RATE_TOLERANCE = 1e-9
FIRST_TOLERANCE = 1e-3
LOOP_EFFORT = 0.03
"""Loops are first converged to ``FIRST_TOLERANCE``, later to this share of what the duration still misses …"""
LOOSE_PASSES = 10
"""… and from this pass on fully."""
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
FLOOD, FLOOD_SWEEPS = 1e4, 20
"""A loop whose first machine is to take so many times the lot, after so many sweeps, floods: it is given up early."""
FLOOD_TOLERANCE = 1e-4
"""How closely, as a share, the duration at which a loop floods is found; each try near it takes all its sweeps."""
MAX_CLOSING = 200_000
MAX_PASSES = 200
FINER = 0.01
"""Where a loop settles so slowly that what is left of it hides which way the duration misses, splits are converged so much further."""
HIDDEN = 1e-6
"""The largest relative gap that can be hidden so."""
BISECT_EVERY = 8
"""Now and then the interval is halved instead, so that a kink cannot hold the secants up."""

NOT_CONVERGED, NOT_FINITE = -1, -2
"""Status values of the evaluator; a positive one is a kernel's own."""


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
def _mass(x: Floats, lanes: Floats) -> float:
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


@kernel(
    i8(
        f8[:, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],
        f8[:, :, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, :, ::1], f8, f8, i8, f8, i8, i8, f8[::1],
    )
)  # fmt: skip
def _pass(
    x: Floats,
    machines: Ints,
    sources: Ints,
    blocks: Ints,
    coefficients: Floats,
    parameters: Floats,
    limits: Floats,
    inp: Floats,
    at: Floats,
    out: Floats,
    warn: Ints,
    phi: Floats,
    lanes: Floats,
    series: Floats,
    feed: float,
    tau: float,
    fresh: int,
    tolerance: float,
    begin: int,
    end: int,
    result: Floats,
) -> int:
    """The machines of blocks ``begin`` to ``end - 1`` once, in order, and each loop until it stands; with ``fresh`` = 0 at the conditions already set,
    with -1 all machines at those, and at the flows ``phi``, of another lot."""
    for b in range(begin, end):
        loop = blocks[b, LOOP]
        sweep = 0
        before = 2.0
        first = blocks[b, FIRST]
        if loop:
            series[0] = inp[first]
            series[1] = 0.0
        while True:
            worst = 0.0
            damping = 0.5 if fresh > 0 and sweep > DAMPED_SWEEPS else 1.0
            for i in range(blocks[b, FIRST], blocks[b, LAST]):
                if loop:
                    worst = max(worst, _gather(x, inp, out, machines, sources, i, damping))
                else:
                    _sum_up(x, inp, out, machines, sources, i)
                if loop and i == first and sweep <= DAMPED_SWEEPS:
                    _extrapolate(inp[i], series[0], series[1], sweep)
                if fresh >= 0:
                    phi[i] = _mass(inp[i], lanes) / feed
                own = fresh if loop or fresh < 0 else 1
                status = _apply(inp, at, out, machines, coefficients, parameters, limits, warn, i, tau, phi[i], own)
                if status != 0:
                    result[CULPRIT] = i
                    return status
            sweep += 1
            result[SWEEPS] += loop
            if not loop or worst <= tolerance:
                break
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


@kernel(types.void(i8[:, ::1], f8[:, :, ::1], f8[:, :, :, ::1]))
def _empty(blocks: Ints, inp: Floats, out: Floats) -> None:
    """Nothing circles: every loop begins from zero."""
    inp[:] = 0.0
    for b in range(blocks.shape[0]):
        if blocks[b, LOOP]:
            out[blocks[b, FIRST] : blocks[b, LAST]] = 0.0


@kernel(f8(f8[::1], f8[:, ::1], f8[::1]))
def _need(phi: Floats, limits: Floats, result: Floats) -> float:
    """The longest time any machine needs for the lot; notes which."""
    need = 0.0
    for i in range(phi.shape[0]):
        if limits[i, UP] > 0.0:
            own = phi[i] * limits[i, SECONDS] / limits[i, UP]
            if own > need:
                need = own
                result[BOTTLENECK] = i
    return need


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

    Tables as the constants above name their columns: ``machines`` (machine, 10), ``sources`` (source, 2) of (machine or -1 for the lot, port), ``blocks``
    (block, 3), ``outlets`` (outlet, 2) of (machine, port), ``limits`` (machine, 2). Written: ``inp`` and ``at`` (machine, material, size), ``out``
    (machine, port,
    material, size) kg, ``phi`` (machine,), ``outlet_mass`` (outlet,) kg, ``result``; ``warned`` (machine, warning) is added to. ``lanes`` (size,),
    ``series`` (2, material, size) and ``warn`` are scratch.

    Returns 0, a kernel's status, ``NOT_CONVERGED`` or ``NOT_FINITE``.
    """
    result[:] = 0.0
    feed = _mass(x, lanes)
    _empty(blocks, inp, out)
    phi[:] = 1.0
    tau = limits[0, SECONDS] / limits[0, UP] if limits[0, UP] > 0.0 and limits[0, SECONDS] > 0.0 else _need(phi, limits, result)
    loops = 0
    for b in range(blocks.shape[0]):
        loops += blocks[b, LOOP]
    limited = 0  # blocks up to the last machine that can limit the line; those behind wait until the duration stands
    for b in range(blocks.shape[0]):
        for i in range(blocks[b, FIRST], blocks[b, LAST]):
            if limits[i, SECONDS] > 0.0:
                limited = b + 1
    finest = SPLIT_TOLERANCE
    tolerance = FIRST_TOLERANCE if loops else finest
    slow, fast, last_tau, last_gap = 0.0, 0.0, 0.0, 0.0
    cold = False  # whether every pass begins with empty loops: a loop that can settle in two ways is else held in the one it was brought into
    while True:
        if cold:
            _empty(blocks, inp, out)
        status = _pass(
            x, machines, sources, blocks, coefficients, parameters, limits, inp, at, out, warn, phi, lanes, series, feed, tau, 1, tolerance, 0, limited, result
        )
        if status != 0 and status != NOT_CONVERGED:
            return status
        result[PASSES] += 1
        flooded = status == NOT_CONVERGED
        need = tau if flooded else _need(phi, limits, result)
        gap = need - tau
        tight, jump = tolerance <= finest, FLOOD_TOLERANCE if cold else RATE_TOLERANCE
        if not flooded and tight and (abs(gap) <= RATE_TOLERANCE * need or (gap < 0.0 and 0.0 < tau - fast <= jump * tau)):
            break  # found, or the slow side of a jump: the shortest time at which no machine exceeds its limit
        if tight and not flooded and fast > 0.0 and slow > 0.0 and slow - fast <= RATE_TOLERANCE * slow:
            hidden = abs(gap) <= HIDDEN * need
            if hidden and finest < SPLIT_TOLERANCE:
                break
            if hidden or not cold:
                finest *= FINER if hidden else 1.0
                cold = cold or not hidden
                tolerance, slow, fast, last_tau = finest, 0.0, 0.0, 0.0
                continue
        if result[PASSES] >= MAX_PASSES:
            result[TAU] = tau
            return NOT_CONVERGED
        if flooded:
            # more comes back than the loop lets go: the line must run slower
            _empty(blocks, inp, out)
            fast, last_tau, tolerance = tau, 0.0, finest
            if slow <= fast:
                slow = 0.0
            if slow > 0.0 and slow - fast <= FLOOD_TOLERANCE * slow:
                tau, fast = slow, slow * (1.0 - 0.5 * RATE_TOLERANCE)  # near enough to the flood: the line runs on its slow side
            else:
                tau = 0.5 * (fast + slow) if slow > 0.0 else 2.0 * tau
            continue
        tolerance = min(tolerance, max(finest, LOOP_EFFORT * abs(gap) / need)) if result[PASSES] < LOOSE_PASSES else finest
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
        if fast > 0.0 and slow > 0.0 and (not fast < guess < slow or result[PASSES] % BISECT_EVERY == 0):
            guess = 0.5 * (fast + slow)
            if slow - fast <= RATE_TOLERANCE * slow:
                guess = slow
        tau = min(max(guess, 0.5 * tau), 2.0 * tau)
    result[TAU] = max(need, tau) if gap < -RATE_TOLERANCE * need else need
    for part in range(2):
        # loops of the limited part are closed at the conditions found; the rest is worked out, and its loops closed, at the duration found
        begin, end = (0, limited) if part == 0 else (limited, blocks.shape[0])
        looping = 0
        for b in range(begin, end):
            looping += blocks[b, LOOP]
        for fresh in range(part, -1, -1):
            if begin < end and (fresh or looping):
                status = _pass(
                    x, machines, sources, blocks, coefficients, parameters, limits, inp, at, out, warn, phi, lanes, series, feed, tau,
                    fresh, SPLIT_TOLERANCE if fresh else CLOSE_TOLERANCE, begin, end, result,
                )  # fmt: skip
                if status != 0:
                    result[TAU] = tau
                    return status
    check = need
    for k in range(outlets.shape[0]):
        outlet_mass[k] = _mass(out[outlets[k, 0], outlets[k, 1]], lanes)
        check += outlet_mass[k]
    if not np.isfinite(check):
        for i in range(machines.shape[0]):
            if not np.isfinite(phi[i]):
                result[CULPRIT] = i
                return NOT_FINITE
        return NOT_FINITE
    for i in range(machines.shape[0]):
        for w in range(machines[i, WARNINGS]):
            warned[i, w] += warn[i, w]
    return 0


@kernel(
    i8(
        f8[:, ::1], i8[:, ::1], i8[:, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, ::1],
        f8[:, :, ::1], f8[:, :, ::1], f8[:, :, :, ::1], i8[:, ::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1],
    )
)  # fmt: skip
def follow(
    x: Floats,
    machines: Ints,
    sources: Ints,
    blocks: Ints,
    coefficients: Floats,
    parameters: Floats,
    limits: Floats,
    inp: Floats,
    at: Floats,
    out: Floats,
    warn: Ints,
    phi: Floats,
    lanes: Floats,
    series: Floats,
    result: Floats,
) -> int:
    """Take what rides on a lot, as an element inside its materials, through the line at the conditions that :func:`evaluate` left for that lot.

    ``x`` (material, size), kg of it; ``at``, ``phi`` and ``result`` as evaluate left them; ``inp`` and ``out`` are overwritten, ``warn``, ``lanes``
    and ``series`` are scratch. Machines are linear in what they split at given conditions, so it goes where its material goes.
    """
    _empty(blocks, inp, out)
    status = _pass(
        x, machines, sources, blocks, coefficients, parameters, limits, inp, at, out, warn, phi, lanes, series, 1.0, result[TAU],
        -1, CLOSE_TOLERANCE, 0, blocks.shape[0], result,
    )  # fmt: skip
    return int(status)
