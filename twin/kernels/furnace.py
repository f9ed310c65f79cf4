"""A phase of a batch furnace: charging, blowing, reducing or settling, integrated in steps to its end test in one compiled call.

Everything that enters or leaves is a row of ``E + 2`` numbers: kg of each element in the order of ``ELEMENTS`` (oxygen and carbon among them), the
enthalpy of formation [J] of what it is made of at 298.15 K, and the sensible heat [J] above 298.15 K; both relative to the elements at 298.15 K.
Their sum is the enthalpy. What flows in adds up to what flows out and what the bath gained, column by column for the elements, and for the two heats
together but for the wall loss. The physics of a step stands in ``twin.kernels.furnace_step``.

Steps are of second order and choose their own length: ``twin.kernels.furnace_stages``. Limits: ``twin.kernels.furnace_control``. What held a
step back gets its seconds.

**End.** In the step in which the tests come to hold, its length is bracketed until they just do. A phase that is cut off before its end has the steps
of the whole one, but for the last: what a phase has come to is computed again from its start.
"""

from __future__ import annotations

import math

from numba import types

from twin.kernels import furnace_control as fc
from twin.kernels import furnace_limits as fl
from twin.kernels import furnace_plan as fp
from twin.kernels import furnace_stages as fx
from twin.kernels.bundles import records_of
from twin.kernels.compile import Floats, entry, kernel
from twin.kernels.furnace_end import kg_of, margin
from twin.kernels.furnace_plan import OUTCOMES, STATUSES, plan_of
from twin.kernels.furnace_space import (
    COUNTS,
    EMPTY,
    MOLTEN_FROM,
    NORMAL,
    NUMBERS,
    STATUS_AND_LENGTH,
    Account,
    Charge,
    Counts,
    Data,
    Run,
    Setting,
    Space,
    Works,
    f8,
    i8,
    record_of,
)
from twin.kernels.furnace_step import oxygen_to_burn
from twin.kernels.furnace_tables import FED, LEVER, LIMIT, OVER, PARTS, PLAN, REPORTS, ROW, STATE, STREAMS, SUMS, SUPPLY, TEST, WARNING
from twin.kernels.heat import add_cold, temperature_of
from twin.kernels.physical_constants import AIR_OXYGEN, COLD, LEVELS
from twin.kernels.record_table import Record, Records
from twin.kernels.slag import LEAST_SILICATE, MOST_ALUMINA, MOST_VISCOUS, NOTICED_SOLIDS, WINDOW_IRON, WINDOW_LIME
from twin.kernels.smelting_tables import SOLUTION

__all__ = [
    "FEED_ROWS",
    "LEVELS",
    "LIMITS",
    "OUTCOMES",
    "PARTS",
    "PLAN",
    "STATE",
    "STATUSES",
    "STREAMS",
    "SUMS",
    "SUPPLIES",
    "TESTS",
    "WARNINGS",
    "Charge",
    "Data",
    "Works",
    "plan_of",
    "run_phase",
]

FEED_ROWS: tuple[str, ...] = FED._fields
SUPPLIES: tuple[str, ...] = SUPPLY._fields
TESTS: tuple[str, ...] = TEST._fields
LIMITS: tuple[str, ...] = LIMIT._fields
WARNINGS: tuple[str, ...] = WARNING._fields
CLOSE = 1e-3  # of a step: how well its end is bracketed …
NEARLY = 2e-4  # … or of the limit of a test: by how much it may hold


@kernel(i8(Run.kind, Setting.kind, Space.kind), inner=True)
def _waiting_for(run: Run, setting: Setting, space: Space) -> int:
    """What the next step waits for if no limit holds it back."""
    plan, control, tests, elements = setting.plan, run.control, setting.charge.tests, setting.data.chemistry.elements
    if control.feed_left > 0.0 and plan.feed_rate > 0.0:
        return LIMIT.feeder
    for k in range(tests.shape[0]):
        if margin(tests[k : k + 1], space.new, run.now, run.sums.blown, elements.shape[0]) >= 0.0:
            continue
        what, way, element = tests[k].quantity, tests[k].way, elements[tests[k].element]
        if what == TEST.temperature:
            return LIMIT.heat if way > 0.0 else LIMIT.cooling
        if what == TEST.entrained:
            return LIMIT.settling
        if what == TEST.slag and way < 0.0 and not (math.isnan(element.vapour_A) and math.isnan(element.oxide_vapour_A)):
            return LIMIT.fuming
    if plan.reductant_rate > 0.0 and control.reductant_left > 0.0:
        return LIMIT.reductant
    return LIMIT.blast if plan.blast > 0.0 else LIMIT.time


@kernel(types.void(f8, record_of(PLAN), Space.kind, COUNTS), inner=True)
def _count(dt: float, plan: Record, space: Space, warned: Counts) -> None:
    """Count the warnings of a step."""
    new, then = space.new, space.then
    elements = new.shape[1] - 2
    for k in range(space.melt.counted.shape[0]):
        warned[k] += space.melt.counted[k]
    slag, bath = kg_of(new[ROW.slag], elements), kg_of(new[ROW.bath], elements)
    iron_silicate = then.silicate >= LEAST_SILICATE
    if slag > 1e-3 * bath and iron_silicate:
        warned[WARNING.iron_to_silica] += 0 if WINDOW_IRON[0] <= then.iron_to_silica <= WINDOW_IRON[1] else 1
        warned[WARNING.lime] += 0 if WINDOW_LIME[0] <= then.lime <= WINDOW_LIME[1] else 1
        warned[WARNING.alumina] += 1 if then.alumina > MOST_ALUMINA else 0
        warned[WARNING.viscosity] += 1 if then.viscosity > MOST_VISCOUS else 0
        warned[WARNING.liquidus] += 1 if then.solids > NOTICED_SOLIDS else 0
    warned[WARNING.other_slag] += 1 if slag > 1e-3 * bath and not iron_silicate else 0
    warned[WARNING.too_cold] += 1 if bath > 0.0 and then.molten == 0.0 else 0
    warned[WARNING.overheated] += 1 if then.temperature > plan.hottest + 1.0 else 0
    warned[WARNING.off_gas] += 1 if then.gas_volume > 1.001 * plan.gas_limit * dt else 0


@kernel(i8(record_of(STATE), Run.kind, Setting.kind, Space.kind), inner=True)
def _begin(state: Record, run: Run, setting: Setting, space: Space) -> int:
    """Find the temperature that the bath's enthalpy gives it, bring it to equilibrium and take that as the start."""
    now, old, heat, control = run.now, run.old, setting.data.heat, run.control
    cold = space.over[OVER.gas]
    cold.formation = cold.content = cold.slope = 0.0
    add_cold(old, heat, 1.0, cold)
    if cold.slope < EMPTY:
        cold.content = cold.slope = 0.0
    start = temperature_of(old[heat.shape[0] + 1], cold.content, cold.slope)
    now.log_po2, now.entrained, now.fallen = state.log_po2, state.entrained, state.fallen
    now.temperature, now.content, now.slope, now.molten = start, cold.content, cold.slope, 0.0
    if math.isnan(start):
        now.temperature = state.temperature if state.temperature > 0.0 else COLD
    elif start >= fl.SURELY_COLD or state.temperature >= MOLTEN_FROM:  # oxides of lime and alumina hold less than a cold charge of them is taken to
        guess = state.temperature if state.temperature >= MOLTEN_FROM else max(start, MOLTEN_FROM)
        now.molten = 1.0
        before = found = math.nan
        for _ in range(60):
            now.temperature = guess
            status = fx.equilibrate(run, setting, space)
            if status != 0:
                return status
            if abs(space.then.unanswered - guess) < 0.01 * (1.0 - control.answer):
                break
            off, warmer = space.then.unanswered - guess, guess - before
            if math.isfinite(before) and abs(warmer) > fx.ANSWERED:
                answer = (space.then.unanswered - found) / warmer
                control.answer = min(max(answer, -fx.MOST_ANSWER), 0.0)
            before, found = guess, space.then.unanswered
            guess += (0.7 if control.answer == 0.0 else 1.0 / (1.0 - control.answer)) * off
        if space.then.unanswered < MOLTEN_FROM and start < fl.SURELY_HOT:
            now.temperature, now.molten = start, 0.0
    return fx.equilibrate(run, setting, space)


@kernel()
def _take_feed(fed: float, control: Record, then: Record) -> None:
    """Note what is left of the feed; where it is all in, the next step will go on without it."""
    had = control.feed_left > 0.0
    control.feed_left = control.feed_left - fed if fed < control.feed_left else 0.0
    if had and control.feed_left == 0.0 and control.reductant_rate == 0.0:
        lever = control.lever[LEVER.feed]
        control.warming -= control.heat[LEVER.feed] * lever / max(then.slope, 1.0)
        control.gas -= control.volume[LEVER.feed] * lever
        control.heat[LEVER.feed] = control.volume[LEVER.feed] = 0.0


@kernel(types.void(f8, Run.kind, Space.kind), inner=True)
def _accept(dt: float, run: Run, space: Space) -> None:
    """Make what was tried the state of the run, and add it up."""
    new, then, sums, drive, control = space.new, space.then, run.sums, run.drive, run.control
    warming = then.temperature - run.now.temperature if run.now.slope > 0.0 else 0.0
    before = run.now.liquidus
    run.old[:] = new[ROW.bath]
    for k in range(ROW.metal, ROW.feed):
        space.start[k, :] = new[k]
    space.reports[REPORTS.now] = space.reports[REPORTS.then]
    for k in range(run.streams.shape[0]):
        for j in range(new.shape[1]):
            run.streams[k, j] += new[ROW.feed + k, j]
    if dt > 0.0:
        space.held[:] = space.keeps
        control.trend = (then.temperature - space.reports[REPORTS.first].temperature) / ((1.0 - fx.FIRST) * dt)
        control.warming, control.gas = warming / dt, then.gas_volume / dt
        control.liquidus = (then.liquidus - before) / dt if before > 0.0 and then.liquidus > 0.0 else 0.0
    _take_feed(drive.fed, control, then)
    control.coolant_left = max(control.coolant_left - drive.coolant, 0.0)
    control.reductant_left = max(control.reductant_left - drive.reductant, 0.0)
    sums.seconds += dt
    sums.fed = 1.0 - control.feed_left if control.feed_mass > 0.0 else 0.0
    sums.oxygen_volume += drive.bought_o2 / NORMAL
    sums.air_volume += (drive.blast_o2 + drive.flame_o2 - drive.bought_o2) / AIR_OXYGEN / NORMAL
    sums.freeboard_air += then.freeboard_air
    sums.gas_volume += then.gas_volume
    sums.gas_peak = max(sums.gas_peak, then.gas_volume / dt) if dt > 0.0 else 0.0
    sums.blown += drive.blast_o2 * control.oxygen_mass
    sums.wall_loss += then.wall
    sums.returned_heat += then.returned
    sums.electric_heat += then.electric
    for k in range(4):
        sums.heat[k] += then.level[k]
    if then.slope > 0.0:
        sums.hottest = max(sums.hottest, then.temperature)
        sums.coldest = min(sums.coldest, then.temperature) if sums.coldest > 0.0 else then.temperature
    sums.steps += 1.0


@kernel(f8(Run.kind, Setting.kind, Space.kind), inner=True)
def _margin_of(run: Run, setting: Setting, space: Space) -> float:
    """The margin of the tests after the step that stands tried."""
    blown = run.sums.blown + run.drive.blast_o2 * run.control.oxygen_mass
    return margin(setting.charge.tests, space.new, space.then, blown, setting.data.heat.shape[0])


@kernel(STATUS_AND_LENGTH(f8, f8, Run.kind, Setting.kind, Space.kind), inner=True)
def _end(dt: float, before: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Bracket the length at which the tests come to hold. Returns a status and the length, of the step that now stands tried."""
    short, long, g_short = 0.0, dt, before
    g_long = _margin_of(run, setting, space)
    tried, side = dt, 0
    for _ in range(30):
        if long - short <= CLOSE * dt or (tried == long and g_long <= NEARLY):
            break
        share = min(max((g_short - 0.5 * NEARLY) / (g_short - g_long), 0.01), 0.99) if math.isfinite(g_long - g_short) else 0.5
        tried = short + share * (long - short)
        status, _ = fx.try_step(tried, run, setting, space)
        if status != 0:
            return status, tried
        g = _margin_of(run, setting, space)
        if g < 0.0 or run.control.feed_left - run.drive.fed > fl.FED_UP:
            short, g_short = tried, min(g, 0.0)
            g_long = 0.5 * g_long if side == 1 else g_long
            side = 1
        else:
            long, g_long = tried, g
            g_short = 0.5 * g_short if side == 2 else g_short
            side = 2
    if tried != long:
        status, _ = fx.try_step(long, run, setting, space)
        return status, long
    return 0, long


@kernel(types.void(Run.kind, Setting.kind, Space.kind, record_of(STATE), Account.kind), inner=True)
def _finish(run: Run, setting: Setting, space: Space, state: Record, account: Account) -> None:
    """Write the parts of the bath, which close to it, the state, and what is solid in the slag.

    What steps give is at equilibrium at the temperature that was foreseen, up to 1 K off; what is reported and tapped is so at its own.
    """
    now, split = run.now, account.split
    state.log_po2, state.entrained = now.log_po2, now.entrained
    if now.molten > 0.0 and fx.equilibrate(run, setting, space) == 0:
        account.solids[:] = space.melt.out[SOLUTION.solids]
        state.log_po2, state.entrained = space.then.log_po2, space.then.entrained
    for j in range(split.shape[1]):
        most = 0
        for k in range(3):
            split[k, j] = space.new[ROW.metal + k, j]
            most = k if abs(split[k, j]) > abs(split[most, j]) else most
        split[most, j] = run.old[j] - (split[(most + 1) % 3, j] + split[(most + 2) % 3, j])
        if j < split.shape[1] - 2:
            split[most, j] = max(split[most, j], 0.0)  # of a trace of 1e-30 kg rounding may leave less than nothing
    state.temperature, state.molten = now.temperature, now.molten
    state.fallen, state.liquidus, state.viscosity, state.gas_temperature = now.fallen, now.liquidus, now.viscosity, now.gas_temperature


@kernel(i8(i8, Run.kind, Setting.kind), inner=True)
def _held_by(waits: int, run: Run, setting: Setting) -> int:
    """What held a step back, or what it waited for."""
    control = run.control
    k = fl.throttled(setting.plan, control, run.now)
    if k < 0 or control.lever[k] >= 1.0:
        return waits
    if control.held[k] >= 0.0:
        return int(control.held[k])
    return LIMIT.oxygen if k == LEVER.blast else waits


@kernel(STATUS_AND_LENGTH(Run.kind, Setting.kind, Space.kind), inner=True)
def _next_step(run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Try steps, each shorter than the last, until one keeps to the tolerance. Returns a status, and the length of the step that stands tried."""
    control = run.control
    dt = fl.length(setting.plan, run)
    while True:
        status, error = fl.limit_step(dt, run, setting, space)
        if status != 0:
            return status, dt
        shorter = fl.shortened(dt, error, setting.plan.coolant_rate, run, space)
        if shorter >= dt:
            control.next = fl.lengthened(dt, error, control)
            return 0, dt
        control.next = dt = shorter


@kernel(i8(record_of(STATE), Run.kind, Setting.kind, Space.kind, Account.kind), inner=True)
def _run(state: Record, run: Run, setting: Setting, space: Space, account: Account) -> int:
    """The loop over the steps."""
    plan, sums, control = setting.plan, run.sums, run.control
    status = _begin(state, run, setting, space)
    if status != 0:
        return status
    _accept(0.0, run, space)
    fc.guess_slopes(setting, run)
    control.lever[LEVER.feed] = control.lever[LEVER.blast] = 1.0
    control.next = fl.FIRST if run.now.slope > 0.0 else fl.FIRST_EMPTY
    before = margin(setting.charge.tests, space.new, run.now, 0.0, setting.data.heat.shape[0])
    while True:
        if before >= 0.0 and control.feed_left <= 0.0 and sums.seconds >= plan.at_least - fl.MOMENT:
            return 0
        if sums.seconds >= min(plan.at_most, plan.cut_at) - fl.MOMENT:
            sums.outcome = 1.0 if sums.seconds >= plan.at_most - fl.MOMENT else 2.0
            return 0
        waits = _waiting_for(run, setting, space)
        status, dt = _next_step(run, setting, space)
        if status != 0:
            return status
        after = _margin_of(run, setting, space)
        fed = control.feed_left - run.drive.fed <= fl.FED_UP
        if before < 0.0 <= after and fed and sums.seconds + dt >= plan.at_least - fl.MOMENT:
            status, dt = _end(dt, before, run, setting, space)
            after = 0.0
        if sums.seconds + dt > plan.cut_at + fl.MOMENT:
            dt = plan.cut_at - sums.seconds
            status, _ = fx.try_step(dt, run, setting, space)
            after = _margin_of(run, setting, space)
        if status != 0:
            return status
        account.limits[_held_by(waits, run, setting)] += dt
        _count(dt, plan, space, account.warned)
        molten, empty = run.now.molten, run.now.slope <= 0.0
        _accept(dt, run, space)
        before = after
        if run.now.molten != molten or empty:  # what was learnt of the one says nothing of the other: nothing reacts in a frozen bath
            fc.guess_slopes(setting, run)
            control.warming_off = control.gas_off = 0.0
        if molten == 0.0 and run.now.molten > 0.0:  # it reacts now
            status = fx.equilibrate(run, setting, space)
            if status != 0:
                return status
            _accept(0.0, run, space)


@kernel(types.void(Run.kind, Setting.kind, NUMBERS, NUMBERS), inner=True)
def _set_out(run: Run, setting: Setting, moles: Floats, spare: Floats) -> None:
    """What steers a run at its beginning."""
    control, plan, charge, elements = run.control, setting.plan, setting.charge, setting.data.chemistry.elements
    n = elements.shape[0]
    control.feed_left, control.coolant_left, control.reductant_left = 1.0, plan.coolant_mass, plan.reductant_mass
    for k in range(charge.feed.shape[0]):
        control.feed_mass += kg_of(charge.feed[k], n)
    if control.feed_mass <= 0.0:
        control.feed_left = 0.0
    control.oxygen_mass = 2.0 * elements[setting.data.oxygen].molar_mass
    control.need = oxygen_to_burn(charge.supplies[SUPPLY.fuel, :n], elements, moles)
    control.most_burner = fl.most_burner(plan, control.need, moles)
    control.burnable = oxygen_to_burn(charge.supplies[SUPPLY.reductant, :n], elements, spare)
    if control.feed_mass > 0.0:
        control.organic = oxygen_to_burn(charge.feed[FED.organic, :n], elements, spare) / control.feed_mass


@kernel(i8(Run.kind, Setting.kind, Space.kind, records_of(STATE.dtype), Account.kind))
def _phase(run: Run, setting: Setting, space: Space, states: Records, account: Account) -> int:
    """Run a phase whose plan has been looked at. Returns 0, or a status that STATUSES explains."""
    charge, plan, sums, n = setting.charge, setting.plan, run.sums, setting.data.heat.shape[0]
    if not (fp.valid_amounts(charge.bath.reshape(1, n + 2), n) and fp.valid_amounts(charge.feed, n) and fp.valid_amounts(charge.supplies, n)):
        return 1
    run.old[:] = charge.bath
    _set_out(run, setting, space.moles, space.spare)
    if _run(states[0], run, setting, space, account) != 0:
        return 3
    fuel = account.streams[ROW.fuel - ROW.feed]
    sums.fuel_heat = kg_of(fuel, n) / max(kg_of(charge.supplies[SUPPLY.fuel], n), 1e-300) * plan.fuel_lhv
    _finish(run, setting, space, states[0], account)
    charge.bath[:] = run.old
    return 0


_enter = entry(_phase)
"""What it is called with is laid out by :class:`~twin.kernels.furnace_space.Works`, or checked."""


def run_phase(data: Data, charge: Charge, plan: Records, state: Records, warned: Counts, works: Works | None = None) -> tuple[int, Account]:
    """Run a phase to its end. Returns 0, or a status that :data:`STATUSES` explains from 1, and what it gave.

    The phase ends as soon as ``at_least`` has passed, all is fed and every test holds; at ``at_most`` in any case.

    - ``data``: of ``twin.materials``, see :class:`~twin.kernels.furnace_space.Data`;
    - ``charge``: the bath, in and out, feed, supplies and tests;
    - ``plan``: one PLAN, see :func:`plan_of`;
    - ``state``: one STATE, in and out; zeros for a furnace of which nothing is known;
    - ``warned`` (len(WARNINGS),): counted up;
    - ``works``: those of the furnace, made with the same data and ``warned``; what it gave is overwritten by the next phase then.
    """
    works = Works(data, warned) if works is None else works
    if state.dtype != STATE.dtype or not state.flags.c_contiguous:
        raise TypeError(f"the state of a furnace is an array of STATE in C order (got {state.dtype})")
    works.begin(charge, plan)
    if not fp.possible(plan):
        return 2, works.account
    return _enter(works.run, works.setting, works.space, state, works.account), works.account
