"""Recycle loops whose machines give a response, closed by a solve.

At given settings a loop is linear. What stands in a machine's feed is, cell by cell, what comes in from before plus a multiple of what comes back to
the machines that a stream leads back to, the loop's *tears*: as many equations as tears, one in nearly every plant. A mill lets what it breaks fall into
finer classes, so classes are closed from the coarsest on. The duration follows from the flows, and the settings from flows and duration: they are all that
is iterated, by secants (Broyden's rule where there are several), from those that a first sweep through the empty loop gives.

A loop can settle in more than one way. :func:`settles_from_empty` lets it fill, by plain sweeps at the duration found, and says whether it comes to the
same. What circles only grows while a loop fills, and to no more the longer the duration: so if it does, no shorter duration settles within its limits.
"""

from __future__ import annotations

import math

from numba import types

from twin.kernels.compile import kernel
from twin.kernels.line_pass import FLOOD
from twin.kernels.line_tables import BY_MATERIAL, BY_SIZE, LINE, MATRICES, MATRIX, Floats, Line
from twin.kernels.machine_pass import add_to, apply, copy_to, deliver, fill, flat, let_fall, mass_of, set_shares, settle, sum_up

f8, i8 = types.float64, types.int64

SETTLED = 1e-11
"""Relative change of a setting at which the settings stand."""
STEP, LAST_GAP, GAP, BEGUN, MOVED, TURNED = range(6)
"""Rows of ``gaps``, a number a setting: the last step, the gap before it and the gap now, whether there was a step, and two products of the rule."""
MOST_SOLVES = 40
AGREES = 1e-11
"""Largest gap between a machine's feed and what its sources give off, as a share of it."""
NOTHING_LEAVES = 1e-9
"""A loop that lets go less than this share of what comes back is left to the search."""
NEAR, STEADY, MOST_FILLING = 0.03, 0.5, 60
"""How near the solution a filling loop must come, as a share of what circles, by a step that takes it nearer by this factor, in so many steps."""


@kernel(types.void(MATRIX, MATRIX, MATRIX), inner=True)
def _add_share(into: Floats, shares: Floats, x: Floats) -> None:
    a, b, c = flat(into), flat(shares), flat(x)
    for k in range(a.shape[0]):
        a[k] += b[k] * c[k]


@kernel(types.void(LINE, i8), inner=True)
def _take_given(line: Line, b: int) -> None:
    """Write what comes to the machines of loop ``b`` from outside it."""
    first, end = line.blocks[b].first, line.blocks[b].end
    for i in range(first, end):
        fill(line.given[i], 0.0)
        for k in range(line.machines[i].sources, line.machines[i].sources_end):
            source, p = line.sources[k].machine, line.sources[k].port
            if source < first or source >= end:
                add_to(line.given[i], line.x if source < 0 else line.out[source, p])


@kernel(types.void(LINE, MATRIX, MATRICES, i8, i8, i8), inner=True)
def _add_inflow(line: Line, ahead: Floats, per_tear: Floats, source: int, port: int, tears: int) -> None:
    """Add what a port of a machine of the loop gives off, beside and by what is inside the tears."""
    shares, tear = line.shares[source, port], line.machines[source].tear
    if tear >= 0 and line.machines[source].structure == BY_MATERIAL:
        for m in range(shares.shape[0]):
            for s in range(shares.shape[1]):
                per_tear[tear, m, s] += 1.0
        return
    if tear >= 0:
        add_to(per_tear[tear], shares)
        return
    _add_share(ahead, shares, line.ahead[source])
    for t in range(tears):
        _add_share(per_tear[t], shares, line.per_tear[source, t])


@kernel(types.void(LINE, i8), inner=True)
def _set_up(line: Line, b: int) -> None:
    """Write what is inside every machine of loop ``b`` beside (``ahead``) and by (``per_tear``) what is inside its tears, and what comes to these from that."""
    first, end, tears = line.blocks[b].first, line.blocks[b].end, line.blocks[b].tears
    for back in range(2):  # what comes from machines before, in order; then what comes back to the tears
        for i in range(first, end):
            own = line.machines[i].tear
            if back and own < 0:
                continue
            ahead = line.inside[own] if own >= 0 else line.ahead[i]
            per_tear = line.back[own] if own >= 0 else line.per_tear[i]
            if not back:
                copy_to(ahead, line.given[i])
                for t in range(tears):
                    fill(per_tear[t], 0.0)
            for k in range(line.machines[i].sources, line.machines[i].sources_end):
                source = line.sources[k].machine
                if first <= source < end and (source >= i) == back:
                    _add_inflow(line, ahead, per_tear, source, line.sources[k].port, tears)


@kernel(types.void(MATRIX, MATRIX, MATRIX, MATRIX, f8[::1], f8[::1], i8), inner=True)
def _solve_mill(inside: Floats, back: Floats, shares: Floats, fallen: Floats, broken: Floats, numbers: Floats, spread: int) -> None:
    """Solve a loop whose one tear is a mill, from the coarsest class on, of which its pieces fall into the finer ones; ``inside`` becomes what is in it.

    ``back`` is overwritten by what is inside for a kg that comes, ``broken`` (material,) is scratch.
    """
    classes, materials = fallen.shape
    fill(fallen, 0.0)
    gain = flat(back)
    for k in range(gain.shape[0]):
        kept = 1.0 - gain[k]
        gain[k] = 1.0 / kept if kept > NOTHING_LEAVES else 0.0
    for j in range(classes - 1, -1, -1):
        for m in range(materials):
            within = (inside[m, j] + fallen[j, m]) * back[m, j]
            inside[m, j] = within
            broken[m] = within - within * shares[m, j]
        let_fall(numbers, spread, j, broken, fallen)


@kernel(types.void(MATRIX, MATRIX, MATRIX, MATRIX, f8[::1], i8), inner=True)
def _solve_pour(inside: Floats, back: Floats, shares: Floats, inp: Floats, numbers: Floats, sizes: int) -> None:
    """Solve a loop whose one tear is a machine that lets pieces take given sizes; ``inside`` becomes what it gives off.

    Its feed is u = (e + C p q)/(1 - C s) with e (``inside``) from outside, C (``back``) what comes back of a kg given off, s the shares that keep their
    size and p the sizes given; what takes these, q = sum of (1 - s) u, is one number a material and enters linearly.
    """
    classes = inside.shape[1]
    for m in range(inside.shape[0]):
        base, slope = 0.0, 0.0
        for s in range(classes):
            kept = 1.0 - back[m, s] * shares[m, s]
            gain = 1.0 / kept if kept > NOTHING_LEAVES else 0.0
            inp[m, s] = inside[m, s] * gain
            back[m, s] *= numbers[sizes + m * classes + s] * gain
            base += (1.0 - shares[m, s]) * inp[m, s]
            slope += (1.0 - shares[m, s]) * back[m, s]
        poured = base / (1.0 - slope) if slope < 1.0 - NOTHING_LEAVES else 0.0
        for s in range(classes):
            inp[m, s] += back[m, s] * poured
            inside[m, s] = inp[m, s] * shares[m, s] + numbers[sizes + m * classes + s] * poured


@kernel(types.void(LINE, i8, i8, i8, i8), inner=True)
def _solve_cell(line: Line, b: int, tears: int, m: int, j: int) -> None:
    """Solve u = C u + e for what is inside the tears in one cell.

    C (``back``) is not negative and its columns sum to 1 at most, so that it needs no pivots. It is overwritten.
    """
    c, u = line.back, line.inside
    for i in range(line.blocks[b].first, line.blocks[b].end):
        if line.machines[i].structure == BY_SIZE:
            u[line.machines[i].tear, m, j] += line.fallen[i, j, m]
    for t in range(tears):
        kept = 1.0 - c[t, t, m, j]
        gain = 1.0 / kept if kept > NOTHING_LEAVES else 0.0
        u[t, m, j] *= gain
        for r in range(t + 1, tears):
            c[t, r, m, j] *= gain
        for r in range(t + 1, tears):
            u[r, m, j] += c[r, t, m, j] * u[t, m, j]
            for q in range(t + 1, tears):
                c[r, q, m, j] += c[r, t, m, j] * c[t, q, m, j]
    for t in range(tears - 2, -1, -1):
        for q in range(t + 1, tears):
            u[t, m, j] += c[t, q, m, j] * u[q, m, j]


@kernel(types.void(LINE, i8), inner=True)
def _solve_many(line: Line, b: int) -> None:
    """Solve a loop with any tears, cell by cell from the coarsest class on."""
    first, end, tears = line.blocks[b].first, line.blocks[b].end, line.blocks[b].tears
    materials, classes = line.x.shape
    broken = line.rows[3, 0]
    for i in range(first, end):
        fill(line.fallen[i], 0.0)
    for j in range(classes - 1, -1, -1):
        for m in range(materials):
            _solve_cell(line, b, tears, m, j)
        for i in range(first, end):
            if line.machines[i].structure == BY_SIZE:
                inside = line.inside[line.machines[i].tear]
                for m in range(materials):
                    broken[m] = inside[m, j] - inside[m, j] * line.shares[i, 0, m, j]
                let_fall(line.numbers, line.machines[i].spread, j, broken, line.fallen[i])


@kernel(types.void(LINE, i8), inner=True)
def close_loop(line: Line, b: int) -> None:
    """Write the feeds ``inp`` of the machines of loop ``b`` at their shares. Where hardly anything leaves it they are wrong, which shows in their residual."""
    first, end, tears = line.blocks[b].first, line.blocks[b].end, line.blocks[b].tears
    _set_up(line, b)
    if tears == 1 and line.machines[first].structure == BY_SIZE:
        _solve_mill(line.inside[0], line.back[0, 0], line.shares[first, 0], line.fallen[first], line.rows[3, 0], line.numbers, line.machines[first].spread)
    elif tears == 1 and line.machines[first].structure == BY_MATERIAL:
        _solve_pour(line.inside[0], line.back[0, 0], line.shares[first, 0], line.inp[first], line.numbers, line.machines[first].spread)
    else:
        _solve_many(line, b)
    for i in range(first, end):
        own, inp = line.machines[i].tear, line.inp[i]
        if line.machines[i].structure == BY_MATERIAL:
            continue  # written with the solution
        copy_to(inp, line.inside[own] if own >= 0 else line.ahead[i])
        if own < 0:
            for t in range(tears):
                _add_share(inp, line.per_tear[i, t], line.inside[t])
        elif line.machines[i].structure == BY_SIZE:
            for m in range(inp.shape[0]):
                for s in range(inp.shape[1]):
                    inp[m, s] = max(0.0, inp[m, s] - line.fallen[i, s, m])
    line.result[0].sweeps += 1


@kernel(types.void(LINE, i8), inner=True)
def close_given(line: Line, b: int) -> None:
    """:func:`close_loop` for what comes to it now."""
    _take_given(line, b)
    close_loop(line, b)


@kernel(f8(LINE, i8, f8), inner=True)
def _need(line: Line, b: int, feed: float) -> float:
    """Set the flows of loop ``b``; returns what its machines need for the lot, s."""
    need = 0.0
    for i in range(line.blocks[b].first, line.blocks[b].end):
        line.flows[i].flow_ratio = mass_of(line.inp[i]) / feed
        if line.flows[i].up > 0.0:
            need = max(need, line.flows[i].flow_ratio * line.flows[i].seconds / line.flows[i].up)
    return need


@kernel(i8(LINE, i8, f8), inner=True)
def _settle_all(line: Line, b: int, tau: float) -> int:
    """Write the settings ``found`` that the flows of loop ``b`` give at ``tau`` s a lot."""
    for i in range(line.blocks[b].first, line.blocks[b].end):
        status = settle(line, i, tau, line.found)
        if status != 0:
            line.result[0].culprit = i
            return int(status)
    return 0


@kernel(i8(LINE, i8), inner=True)
def _split_all(line: Line, b: int) -> int:
    """Write the shares of the machines of loop ``b`` at their settings and close it."""
    for i in range(line.blocks[b].first, line.blocks[b].end):
        status = set_shares(line, i)
        if status != 0:
            line.result[0].culprit = i
            return int(status)
    close_loop(line, b)
    return 0


@kernel(i8(LINE, i8, f8, f8), inner=True)
def sweep_empty(line: Line, b: int, feed: float, tau: float) -> int:
    """Take the lot through loop ``b`` once, with nothing that comes back, at ``tau`` s a lot: its settings are those of an empty loop."""
    for i in range(line.blocks[b].first, line.blocks[b].end):
        for p in range(line.machines[i].ports):
            fill(line.out[i, p], 0.0)
    for i in range(line.blocks[b].first, line.blocks[b].end):
        sum_up(line.x, line.inp, line.out, line.machines, line.sources, i)
        line.flows[i].flow_ratio = mass_of(line.inp[i]) / feed
        status = apply(line, i, tau, 1)
        if status != 0:
            line.result[0].culprit = i
            return int(status)
    return 0


@kernel(i8(LINE, i8, i8), inner=True)
def _step(line: Line, begin: int, end: int) -> int:
    """Move the settings ``begin`` to ``end`` - 1 on by Broyden's rule; returns 1 where they stand.

    ``gaps`` holds its rows, ``inverse`` minus the inverse of how the gaps change with the settings. A step that would
    carry a setting across 0 is a plain one.
    """
    settings, found, rows, inverse = line.settings, line.found, line.gaps, line.inverse
    count = end - begin
    stands = 1
    for d in range(count):
        gap = found[begin + d] - settings[begin + d]
        if not abs(gap) <= SETTLED * max(abs(found[begin + d]), abs(settings[begin + d])):
            stands = 0
    if stands:
        return 1
    scaled = 0.0  # step' (inverse change of gap)
    for d in range(count):
        rows[GAP, d] = found[begin + d] - settings[begin + d]
    if rows[BEGUN, 0] > 0.0:
        for d in range(count):
            total = 0.0
            for e in range(count):
                total += inverse[d, e] * (rows[GAP, e] - rows[LAST_GAP, e])
            rows[MOVED, d] = total
            scaled += rows[STEP, d] * total
        if scaled != 0.0:
            for e in range(count):
                total = 0.0
                for d in range(count):
                    total += rows[STEP, d] * inverse[d, e]
                rows[TURNED, e] = total
            for d in range(count):
                factor = -(rows[STEP, d] + rows[MOVED, d]) / scaled
                for e in range(count):
                    inverse[d, e] += factor * rows[TURNED, e]
    rows[BEGUN, 0] = 1.0
    plain = 0
    for d in range(count):
        total = 0.0
        for e in range(count):
            total += inverse[d, e] * rows[GAP, e]
        rows[STEP, d] = total
        if (settings[begin + d] + total) * found[begin + d] < 0.0 or not math.isfinite(total):
            plain = 1
    for d in range(count):
        if plain:
            rows[STEP, d] = rows[GAP, d]
        rows[LAST_GAP, d] = rows[GAP, d]
        settings[begin + d] += rows[STEP, d]
    return 0


@kernel(i8(LINE, i8), inner=True)
def deliver_loop(line: Line, b: int) -> int:
    """Write what the machines of a closed loop give off; returns whether every feed agrees with what its sources gave."""
    first, end = line.blocks[b].first, line.blocks[b].end
    for i in range(first, end):
        deliver(line, i)
    for i in range(first, end):
        sum_up(line.x, line.at, line.out, line.machines, line.sources, i)
        apart, at, inp = 0.0, line.at[i], line.inp[i]
        for m in range(at.shape[0]):
            for s in range(at.shape[1]):
                apart += abs(at[m, s] - inp[m, s])
        if not apart <= AGREES * mass_of(at):
            return 0
    return 1


@kernel(f8(LINE, i8, f8, f8, i8), inner=True)
def solve_loop(line: Line, b: int, feed: float, least: float, free: int) -> float:
    """Find the settings of loop ``b`` that its flows at them give, at ``least`` s a lot, or with ``free`` what its machines need if that is more.

    Returns the duration, or nan where that fails. Leaves feeds, flows, shares and warnings.
    """
    first, end = line.blocks[b].first, line.blocks[b].end
    begin, stop = line.machines[first].settings, line.machines[end - 1].settings_end
    tau = least
    for i in range(first, end):
        if free and line.flows[i].up > 0.0:
            tau = max(tau, line.flows[i].seconds / line.flows[i].up)
    if sweep_empty(line, b, feed, tau) != 0:
        return math.nan
    _take_given(line, b)
    line.gaps[BEGUN, 0] = 0.0
    for d in range(stop - begin):
        for e in range(stop - begin):
            line.inverse[d, e] = 1.0 if d == e else 0.0
    for _ in range(MOST_SOLVES):
        if _split_all(line, b) != 0:
            return math.nan
        need = _need(line, b, feed)
        tau = max(least, need) if free else least
        if not (math.isfinite(need) and line.flows[first].flow_ratio <= FLOOD) or _settle_all(line, b, tau) != 0:
            return math.nan
        if _step(line, begin, stop):
            return tau
    return math.nan


@kernel(types.void(LINE, LINE, i8), inner=True)
def _lay_out(line: Line, probe: Line, b: int) -> None:
    """Give ``probe`` what comes to loop ``b`` from outside it, and what limits its machines."""
    first, end = line.blocks[b].first, line.blocks[b].end
    for i in range(first, end):
        probe.flows[i].seconds, probe.flows[i].up = line.flows[i].seconds, line.flows[i].up
        for k in range(line.machines[i].sources, line.machines[i].sources_end):
            source, p = line.sources[k].machine, line.sources[k].port
            if 0 <= source < first or source >= end:
                copy_to(probe.out[source, p], line.out[source, p])
    _take_given(probe, b)


@kernel(i8(LINE, LINE, i8, f8, f8), inner=True)
def settles_from_empty(line: Line, probe: Line, b: int, feed: float, tau: float) -> int:
    """Return whether loop ``b``, filling from empty at ``tau`` s a lot, comes to the flow that :func:`solve_loop` left. It fills in ``probe``."""
    first, end = line.blocks[b].first, line.blocks[b].end
    begin, stop = line.machines[first].settings, line.machines[end - 1].settings_end
    circling = line.flows[first].flow_ratio
    _lay_out(line, probe, b)
    if sweep_empty(probe, b, feed, tau) != 0:
        return 0
    last = abs(probe.flows[first].flow_ratio - circling)
    for _ in range(MOST_FILLING):
        if _split_all(probe, b) != 0:
            return 0
        _need(probe, b, feed)
        away = abs(probe.flows[first].flow_ratio - circling)
        if away <= NEAR * circling and (away <= STEADY * last or away <= SETTLED * circling):
            return 1
        last = away
        if _settle_all(probe, b, tau) != 0:
            return 0
        for d in range(begin, stop):
            probe.settings[d] = probe.found[d]
    return 0
