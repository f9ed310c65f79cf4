"""A furnace step of second order: once as a whole, once in two halves; what the halves differ by is added to them (Richardson).

The step of ``twin.kernels.furnace_step`` is of first order: vapours leave by its end, and reactions run at the temperature of its start. Twice the halves
less the whole is of second order, and as it is linear, it closes as they do. Where an element would become negative it takes as much of the difference
as it can. The difference is also the estimate of the error.
"""

from __future__ import annotations

import math

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_control import set_drive, set_rates, times
from twin.kernels.furnace_space import MOLTEN_FROM, Run, Setting, Space
from twin.kernels.furnace_step import step
from twin.kernels.furnace_tables import REPORTS, ROW
from twin.kernels.heat import temperature_of
from twin.kernels.record_table import Record

TRACE = 1e-3  # of a product's mass: what is less of an element weighs less in the error
LEAST_PRODUCT = 0.02  # of the bath: what is less of a product weighs less, too
ANSWERED = 0.3  # K between start and middle of a step that show how reactions answer to the temperature
MOST_ANSWER = 20.0
DEGREES = 200.0  # K whose tolerance-th part is as bad as the tolerance of an amount
FUME = ROW.fume - ROW.feed
FOUND = (ROW.metal, ROW.slag, ROW.fume)  # whose elements are judged


@kernel()
def try_whole(dt: float, run: Run, setting: Setting, space: Space) -> int:
    """Try a step as a whole, from the state of the run, at the levers that stand. Returns 0 or a status of ``smelt``."""
    run.sums.tried += 1.0
    set_rates(setting.plan, dt, run)
    set_drive(setting.plan, dt, run.now.molten > 0.0, run.control, run.drive)
    return step(run.old, run.now, run.drive, setting, space)


@kernel()
def add_halves(run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Take the step that stands tried as a whole in two halves, and extrapolate. Returns 0 or a status, and the error over the tolerance.

    The error is inf where bath and halves do not agree whether the bath is molten; the halves stand as they are then.
    """
    now, drive, reports = run.now, run.drive, space.reports
    space.whole[:] = space.new
    reports[REPORTS.whole] = reports[REPORTS.then]
    run.sums.tried += 2.0
    times(drive, 0.5)
    status = step(run.old, now, drive, setting, space)
    if status == 0:
        space.first[:] = space.new
        reports[REPORTS.middle] = reports[REPORTS.then]
        status = step(space.first[ROW.bath], reports[REPORTS.middle], drive, setting, space)
    times(drive, 2.0)
    if status != 0:
        return status, math.inf
    _learn_answer(run, reports[REPORTS.middle], reports[REPORTS.whole], reports[REPORTS.then])
    alike = reports[REPORTS.middle].molten == now.molten and reports[REPORTS.then].molten == reports[REPORTS.whole].molten
    error = _error(run, setting, space) if alike else math.inf
    _extrapolate(1.0 if alike else 0.0, run, setting, space)
    return 0, error


@kernel()
def _learn_answer(run: Run, middle: Record, whole: Record, then: Record) -> None:
    """Reactions of nearly the same bath, at the temperature of a step's start and of its middle, show how they answer to it."""
    warmer = middle.temperature - run.now.temperature
    if run.now.molten > 0.0 and middle.molten > 0.0 and abs(warmer) > ANSWERED:
        found = (then.unanswered - whole.unanswered) / warmer
        run.control.answer += 0.5 * (min(max(found, -MOST_ANSWER), 0.0) - run.control.answer)


@kernel()
def _error(run: Run, setting: Setting, space: Space) -> float:
    """The largest relative difference of the step and its halves, over the tolerance."""
    new, whole, first = space.new, space.whole, space.first
    n = new.shape[1] - 2
    worst = abs(space.then.temperature - space.reports[REPORTS.whole].temperature) / DEGREES
    bath = 0.0
    for i in range(n):
        bath += new[ROW.bath, i]
    for k in FOUND:
        flows = 1.0 if k == ROW.fume else 0.0
        mass = 0.0
        for i in range(n):
            mass += new[k, i] + flows * (first[k, i] + run.streams[FUME, i])
        if mass <= 0.0:
            continue
        weight = min(mass / (LEAST_PRODUCT * bath), 1.0) if bath > 0.0 else 1.0
        for i in range(n):
            found = new[k, i] + flows * first[k, i]
            scale = found + flows * run.streams[FUME, i] + TRACE * mass
            worst = max(worst, weight * abs(found - whole[k, i]) / scale)
    return float(worst / setting.plan.tolerance)


@kernel()
def _allowed(halves: float, whole: float) -> float:
    """How much of their difference can be added so that nothing becomes negative."""
    return min(halves / (whole - halves), 1.0) if whole > halves >= 0.0 else 1.0


@kernel()
def _extrapolate(order: float, run: Run, setting: Setting, space: Space) -> None:
    """Write into ``new`` and ``then`` what the halves give, and ``order`` times what they differ by from the whole."""
    new, whole, first = space.new, space.whole, space.first
    n = new.shape[1] - 2
    for j in range(n + 2):
        weight = order
        if j < n:
            weight = min(weight, _allowed(new[ROW.bath, j], whole[ROW.bath, j]))
            for k in range(ROW.feed, ROW.dust + 1):
                weight = min(weight, _allowed(first[k, j] + new[k, j], whole[k, j]))
        for k in range(ROW.feed, ROW.dust + 1):
            halves = first[k, j] + new[k, j]
            new[k, j] = halves + weight * (halves - whole[k, j])
        new[ROW.bath, j] += weight * (new[ROW.bath, j] - whole[ROW.bath, j])
        for k in range(ROW.metal, ROW.feed):
            new[k, j] += weight * (new[k, j] - whole[k, j])
        if j < n:
            new[ROW.bath, j] = max(new[ROW.bath, j], 0.0)
            _share_out(j, new)
    _extrapolate_report(order, run, space)


@kernel()
def _share_out(j: int, new: Floats) -> None:
    """No part of the bath has less than nothing of an element."""
    least = min(new[ROW.metal, j], new[ROW.slag, j], new[ROW.solid, j])
    if least < 0.0:
        total = 0.0
        for k in range(ROW.metal, ROW.feed):
            new[k, j] = max(new[k, j], 0.0)
            total += new[k, j]
        for k in range(ROW.metal, ROW.feed):
            new[k, j] *= new[ROW.bath, j] / total if total > 0.0 else 0.0


@kernel()
def _beyond(order: float, halves: float, whole: float) -> float:
    return halves + order * (halves - whole)


@kernel()
def _extrapolate_report(order: float, run: Run, space: Space) -> None:
    then, whole, middle, new = space.then, space.reports[REPORTS.whole], space.reports[REPORTS.middle], space.new
    n = new.shape[1] - 2
    then.content = _beyond(order, then.content, whole.content)
    then.slope = _beyond(order, then.slope, whole.slope)
    if run.drive.answer == 0.0 or run.now.molten == 0.0:
        found = temperature_of(new[ROW.bath, n + 1], then.content, then.slope)
        then.temperature = then.temperature if math.isnan(found) else found
    else:
        then.temperature = _beyond(order, then.temperature, whole.temperature)
    then.log_po2 = _beyond(order, then.log_po2, whole.log_po2)
    then.entrained = max(_beyond(order, then.entrained, whole.entrained), 0.0)
    then.molten = 1.0 if then.temperature >= MOLTEN_FROM and then.slope > 0.0 else 0.0
    then.gas_volume = _beyond(order, middle.gas_volume + then.gas_volume, whole.gas_volume)
    then.freeboard_air = _beyond(order, middle.freeboard_air + then.freeboard_air, whole.freeboard_air)
    then.wall = _beyond(order, middle.wall + then.wall, whole.wall)
    then.returned = _beyond(order, middle.returned + then.returned, whole.returned)
    then.electric = _beyond(order, middle.electric + then.electric, whole.electric)
    then.fallen = max(_beyond(order, then.fallen, whole.fallen), 0.0)
    for k in range(4):
        then.level[k] = _beyond(order, middle.level[k] + then.level[k], whole.level[k])


@kernel()
def try_step(dt: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Try a step of second order, from the state of the run, at the levers that stand. Returns 0 or a status of ``smelt``, and the error."""
    status = try_whole(dt, run, setting, space)
    if status != 0:
        return status, math.inf
    return add_halves(run, setting, space)
