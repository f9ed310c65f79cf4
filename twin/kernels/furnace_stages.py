"""A furnace step of second order in two stages, each a step of ``twin.kernels.furnace_step``: the implicit method of Alexander (1977).

The step of ``furnace_step`` is implicit in what leaves, which is that of its end, and of first order. The first stage is one of G = 1 - 1/sqrt(2) of the
length. What it brought, a rate, is laid on for 1 - G of the length, and from there the second stage does the last G::

    Y = X + G dt f(Y),    X' = X + (1 - G)/G (Y - X) + G dt f(X')

It is of second order and keeps what dies away quickly from swinging (L-stable). X' is at equilibrium itself, and all streams are sums with positive
weights, so that elements and heat close as those of the stages do. Where the rate would take more of an element than there is, it takes what there is.

**Temperature.** A stage reacts at the temperature that it will end at, as far as that is foreseen: by the warming of the stage before, and that of the first
stage; where it ends more than :data:`CLOSE` off, it is done again at what it came to. How much colder the bath comes out for each degree that reactions run
warmer, which such pairs show, brings it there at once.

**Error.** What metal, slag and fume hold is compared with a straight line through start and first stage: the curvature within the step.
"""

from __future__ import annotations

import math

from numba import types

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_control import REACHES, set_drive, set_rates, times
from twin.kernels.furnace_space import EMPTY, NUMBERS, PAIR, STATUS_AND_LENGTH, Run, Setting, Space, f8, i8
from twin.kernels.furnace_step import settle, step
from twin.kernels.furnace_tables import REPORTS, ROW
from twin.kernels.record_table import Record

FIRST = 1.0 - math.sqrt(0.5)  # of the length of a step: its first stage
LAID_ON = (1.0 - FIRST) / FIRST  # of what that brought
TRACE = 1e-3  # of a product's mass: what is less of an element weighs less in the error
LEAST_PRODUCT = 0.002  # of the bath: what is less of a product weighs less, too
CLOSE = 1.0  # K, over a step as long as REACHES
STRAYED = 3.0  # of that, if the answer of the reactions was not found in this step
STAGE_TRIES = 4
OXIDATION = 3e5  # J/mol: about what a vapour gives that is taken up by the slag
ANSWERED = 0.3  # of CLOSE between two tries of a stage that show how reactions answer to the temperature
MOST_ANSWER = 20.0
FURTHEST, FURTHEST_LIQUIDUS = 100.0, 50.0  # K that temperature and liquidus are foreseen to move at most
BENDS = 3.0  # as steps grow
DEGREES = 50.0  # K whose tolerance-th part is as bad as the tolerance of an amount
FUME = ROW.fume - ROW.feed
JUDGED = (ROW.metal, ROW.slag)  # whose elements are judged, with those of the fume


@kernel(i8(Run.kind, Setting.kind, Space.kind), inner=True)
def equilibrate(run: Run, setting: Setting, space: Space) -> int:
    """Bring the bath to equilibrium in no time. Returns 0 or a status of ``smelt``."""
    run.sums.tried += 1.0
    set_rates(setting.plan, 0.0, run)
    set_drive(setting.plan, 0.0, run.now.molten > 0.0, run.control, run.drive)
    status = step(run.old, run.now, run.drive, setting, space)
    if status == 0:
        settle(0.0, run.now, setting, space)
    return status


@kernel(f8(f8, Setting.kind, Space.kind), inner=True)
def _unforeseen(dt: float, setting: Setting, space: Space) -> float:
    """K by which the vapours that the gas of a stage of ``dt`` s left behind, and that were not foreseen, may have warmed the bath or cooled it.

    They are what the next try foresees.
    """
    moles, elements = 0.0, setting.data.chemistry.elements
    for i in range(elements.shape[0]):
        moles += abs(space.keeps[i] - space.held[i]) / elements[i].molar_mass
    space.held[:] = space.keeps
    return float(moles * dt * OXIDATION / max(space.then.slope, EMPTY))


@kernel(i8(f8, NUMBERS, f8, Run.kind, Setting.kind, Space.kind), inner=True)
def _stage(dt: float, bath: Floats, warm: float, run: Run, setting: Setting, space: Space) -> int:
    """Do a stage of the step of ``dt`` s that the drive stands for, from ``bath`` and the report in the middle, foreseen to end at ``warm`` K."""
    control, drive, now, base, then = run.control, run.drive, run.now, space.reports[REPORTS.middle], space.then
    base.temperature = warm if now.molten == 0.0 else min(max(warm, now.temperature - FURTHEST), now.temperature + FURTHEST)
    times(drive, FIRST)
    close = CLOSE * min(dt / REACHES, 1.0)
    status, before, found = 0, math.nan, math.nan
    for tried in range(STAGE_TRIES):
        run.sums.tried += 1.0
        drive.answer = control.answer
        status = step(bath, base, drive, setting, space)
        off, strayed = then.temperature - base.temperature, then.unanswered - base.temperature
        near = abs(off) <= close and (control.learned > 0.0 or abs(strayed) <= STRAYED * close)
        near = _unforeseen(FIRST * dt, setting, space) <= close and near
        if status != 0 or now.molten == 0.0 or near or not math.isfinite(off) or tried == STAGE_TRIES - 1:
            break
        warmer = base.temperature - before
        if abs(warmer) > ANSWERED * close:
            control.answer = min(max((then.unanswered - found) / warmer, -MOST_ANSWER), 0.0)
            control.learned = 1.0
            off = strayed / (1.0 - control.answer)
        elif abs(off) <= close:  # by an answer that may hold no longer
            off = math.copysign(close, strayed)
        before, found = base.temperature, then.unanswered
        base.temperature += off
    times(drive, 1.0 / FIRST)
    return status


@kernel()
def _liquidus(dt: float, now: Record, control: Record) -> float:
    moved = min(max(control.liquidus * dt, -FURTHEST_LIQUIDUS), FURTHEST_LIQUIDUS)
    return float(now.liquidus + moved) if now.liquidus > 0.0 else 0.0


@kernel(i8(f8, Run.kind, Setting.kind, Space.kind), inner=True)
def try_first(dt: float, run: Run, setting: Setting, space: Space) -> int:
    """Try the first stage of a step of ``dt`` s, from the state of the run, at the levers that stand. Returns 0 or a status of ``smelt``."""
    control, drive, now, base = run.control, run.drive, run.now, space.reports[REPORTS.middle]
    control.learned = 0.0
    set_rates(setting.plan, dt, run)
    set_drive(setting.plan, dt, now.molten > 0.0, control, drive)
    space.reports[REPORTS.middle] = space.reports[REPORTS.now]
    base.liquidus = _liquidus(FIRST * dt, now, control)
    drive.target = now.temperature + FIRST * (control.target - now.temperature)
    status = _stage(dt, run.old, now.temperature + FIRST * dt * (control.trend if now.molten > 0.0 else 0.0), run, setting, space)
    if status == 0 and dt > 0.0:
        control.trend = (space.then.temperature - now.temperature) / (FIRST * dt)
    return status


@kernel(PAIR(f8, Run.kind, Space.kind), inner=True)
def end_by_first(dt: float, run: Run, space: Space) -> tuple[float, float]:
    """Temperature and off-gas of the step whose first stage stands tried, on a straight line, and what curvature added in the last one.

    A second's curvature says nothing of minutes: it counts for a step that is :data:`BENDS` times as long as the one it was found in, at most.
    What fills an empty furnace is as hot at the end as after the first stage, but for what walls take of it.
    """
    now, then, control = run.now, space.then, run.control
    if now.slope <= 0.0:
        return now.temperature + (then.temperature - now.temperature) * (1.0 + control.warming_off), then.gas_volume / FIRST
    bent = min(dt, BENDS * control.off_over)
    warm = now.temperature + (then.temperature - now.temperature) / FIRST + control.warming_off * bent * bent
    return warm, then.gas_volume / FIRST + control.gas_off * bent * bent


@kernel(types.void(Run.kind, Space.kind), inner=True)
def _lay_on(run: Run, space: Space) -> None:
    """Lay on what the first stage brought: into ``first`` its streams, and the bath that the second begins with."""
    new, first, old = space.new, space.first, run.old
    n = new.shape[1] - 2
    for j in range(n + 2):
        for k in range(ROW.feed, ROW.dust + 1):
            first[k, j] = LAID_ON * new[k, j]
        for k in range(ROW.metal, ROW.feed):
            first[k, j] = new[k, j]
        bath = old[j] + LAID_ON * (new[ROW.bath, j] - old[j])
        if j < n and bath < 0.0:
            leaves = first[ROW.gas, j] + first[ROW.fume, j]
            keeps = max(1.0 + bath / leaves, 0.0) if leaves > 0.0 else 1.0
            first[ROW.gas, j] *= keeps
            first[ROW.fume, j] *= keeps
            bath = 0.0
        first[ROW.bath, j] = bath


@kernel(f8(Run.kind, Setting.kind, Space.kind), inner=True)
def _error(run: Run, setting: Setting, space: Space) -> float:
    """The largest relative distance from a straight line through start and first stage, over the tolerance."""
    new, first, start, then = space.new, space.first, space.start, space.then
    now, stage = run.now, space.reports[REPORTS.first]
    n = new.shape[1] - 2
    worst = 0.0
    if now.slope > 0.0:
        worst = FIRST * abs(then.temperature - now.temperature - (stage.temperature - now.temperature) / FIRST) / DEGREES
    bath = 0.0
    for i in range(n):
        bath += new[ROW.bath, i]
    if now.molten > 0.0:
        for k in JUDGED:
            mass = 0.0
            for i in range(n):
                mass += new[k, i]
            weight = min(mass / (LEAST_PRODUCT * bath), 1.0) if bath > 0.0 else 1.0
            for i in range(n):
                off = new[k, i] - start[k, i] - (first[k, i] - start[k, i]) / FIRST
                worst = max(worst, weight * abs(off) / (new[k, i] + TRACE * mass + 1e-300))
    mass = 0.0
    for i in range(n):
        mass += new[ROW.fume, i] + first[ROW.fume, i] + run.streams[FUME, i]
    if mass > 0.0:
        weight = min(mass / (LEAST_PRODUCT * bath), 1.0) if bath > 0.0 else 1.0
        for i in range(n):
            found = new[ROW.fume, i] + first[ROW.fume, i]
            off = first[ROW.fume, i] / LAID_ON - new[ROW.fume, i]
            worst = max(worst, weight * abs(off) / (found + run.streams[FUME, i] + TRACE * mass))
    return float(worst / setting.plan.tolerance)


@kernel(STATUS_AND_LENGTH(f8, Run.kind, Setting.kind, Space.kind), inner=True)
def add_second(dt: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Do the second stage of the step whose first stands tried. Returns 0 or a status, and the error over the tolerance."""
    now, then, control, base, first = run.now, space.then, run.control, space.reports[REPORTS.middle], space.reports[REPORTS.first]
    warm, _ = end_by_first(dt, run, space)
    space.reports[REPORTS.first] = space.reports[REPORTS.then]
    _lay_on(run, space)
    if now.slope > 0.0:
        base.content = now.content + LAID_ON * (first.content - now.content)
        base.slope = now.slope + LAID_ON * (first.slope - now.slope)
    else:  # nothing was there
        warm = first.temperature
        base.content, base.slope = first.content / FIRST * (1.0 - FIRST), first.slope / FIRST * (1.0 - FIRST)
    base.log_po2, base.liquidus = first.log_po2, _liquidus(dt, now, control)
    run.drive.target = control.target
    status = _stage(dt, space.first[ROW.bath], warm, run, setting, space)
    if status != 0:
        return status, math.inf
    error = _error(run, setting, space)
    new, stage = space.new, space.first
    for k in range(ROW.feed, ROW.dust + 1):
        for j in range(new.shape[1]):
            new[k, j] += stage[k, j]
    then.gas_volume += LAID_ON * first.gas_volume
    then.freeboard_air += LAID_ON * first.freeboard_air
    then.wall += LAID_ON * first.wall
    then.returned += LAID_ON * first.returned
    then.electric += LAID_ON * first.electric
    for k in range(4):
        then.level[k] += LAID_ON * first.level[k]
    settle(dt, now, setting, space)
    return 0, error


@kernel(STATUS_AND_LENGTH(f8, Run.kind, Setting.kind, Space.kind), inner=True)
def try_step(dt: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Try a step of second order, from the state of the run, at the levers that stand. Returns 0 or a status of ``smelt``, and the error."""
    status = try_first(dt, run, setting, space)
    if status != 0:
        return status, math.inf
    return add_second(dt, run, setting, space)
