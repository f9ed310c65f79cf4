"""A phase of a batch furnace: charging, blowing, reducing or settling, integrated in steps to its end test in one compiled call.

Everything that enters or leaves is a row of ``E + 2`` numbers: kg of each element in the order of ``ELEMENTS`` (oxygen and carbon among them), the
enthalpy of formation [J] of what it is made of at 298.15 K, and the sensible heat [J] above 298.15 K; both relative to the elements at 298.15 K.
Their sum is the enthalpy. What flows in adds up to what flows out and what the bath gained, column by column for the elements, and for the two heats
together but for the wall loss. The physics of a step stands in ``twin.kernels.furnace_step``.

Limits: ``twin.kernels.furnace_limits``. What held a step back gets its seconds.

**End.** In the step in which the tests come to hold, its length is bracketed until they just do.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.kernels import furnace_limits as fl
from twin.kernels import furnace_plan as fp
from twin.kernels import furnace_space as fs
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_plan import (
    DEFAULTS,
    FEED_ROWS,
    LIMITS,
    METAL,
    OUTCOMES,
    PLAN,
    SLAG,
    SOLID,
    SPLIT,
    STATE,
    STATUSES,
    STREAMS,
    SUMS,
    SUPPLIES,
    TESTS,
    WARNINGS,
    plan_of,
)
from twin.kernels.furnace_space import MOLTEN_FROM, NORMAL, Setting, Space
from twin.kernels.furnace_step import oxygen_to_burn
from twin.kernels.heat import add_cold, temperature_of
from twin.kernels.phases import ROWS as SMELT_ROWS
from twin.kernels.phases import WIDTH
from twin.kernels.physical_constants import AIR_OXYGEN, COLD, LEVELS
from twin.kernels.slag import LEAST_SILICATE, MOST_ALUMINA, MOST_VISCOUS, WINDOW_IRON, WINDOW_LIME
from twin.kernels.smelting import AS_NITROGEN, AS_OXYGEN, MOLAR_MASS, OXIDE_VAPOUR_A, ROLE, VAPOUR_A

Counts = NDArray[np.int64]

__all__ = [
    "DEFAULTS",
    "FEED_ROWS",
    "LEVELS",
    "LIMITS",
    "METAL",
    "OUTCOMES",
    "PLAN",
    "SLAG",
    "SOLID",
    "SPLIT",
    "STATE",
    "STATUSES",
    "STREAMS",
    "SUMS",
    "SUPPLIES",
    "TESTS",
    "WARNINGS",
    "plan_of",
    "run_phase",
]

SMELTING_WARNINGS = 8  # that come from a step's equilibrium
CLOSE = 1e-3  # of a step: how well its end is bracketed
RAISED, LEAST_FACTOR = 1.5, 0.02  # how the next step's factor is guessed


@kernel()
def _sum(row: Floats, elements: int) -> float:
    total = 0.0
    for i in range(elements):
        total += row[i]
    return total


@kernel()
def _margin(tests: Floats, new: Floats, then: Floats, blown: float, elements: int) -> float:
    """By how much the worst test holds, positive where all do: in its own unit, as share of the limit where that is not zero. Inf without tests."""
    worst = math.inf
    for k in range(tests.shape[0]):
        what, element = int(tests[k, 0]), int(tests[k, 1])
        metal, slag = _sum(new[fs.METAL], elements), _sum(new[fs.SLAG], elements)
        value = 0.0
        if what == fp.IN_METAL:
            value = new[fs.METAL, element] / metal if metal > 0.0 else 0.0
        elif what == fp.IN_SLAG:
            value = new[fs.SLAG, element] / slag if slag > 0.0 else 0.0
        elif what == fp.IN_SLAG_AND_DROPS:
            drops = then[fs.ENTRAINED] / metal if metal > 0.0 else 0.0
            mass = slag + drops * metal
            value = (new[fs.SLAG, element] + drops * new[fs.METAL, element]) / mass if mass > 0.0 else 0.0
        elif what == fp.TEMPERATURE:
            value = then[fs.T]
        elif what == fp.LOG_PO2:
            value = then[fs.PO2]
        elif what == fp.BLOWN:
            value = blown
        elif what == fp.ENTRAINED:
            value = then[fs.ENTRAINED] / slag if slag > 0.0 else 0.0
        scale = abs(tests[k, 3]) if tests[k, 3] != 0.0 else 1.0
        worst = min(worst, tests[k, 2] * (value - tests[k, 3]) / scale)
    return worst


@kernel()
def _waiting_for(plan: Floats, tests: Floats, left: Floats, table: Floats, new: Floats, then: Floats, blown: float, elements: int) -> int:
    """What a step that no limit held back waits for."""
    if left[0] > 0.0 and plan[fp.FEED_RATE] > 0.0:
        return fp.FEEDER
    for k in range(tests.shape[0]):
        if _margin(tests[k : k + 1], new, then, blown, elements) >= 0.0:
            continue
        what, element = int(tests[k, 0]), int(tests[k, 1])
        if what == fp.TEMPERATURE:
            return fp.HEATING if tests[k, 2] > 0.0 else fp.COOLING
        if what == fp.ENTRAINED:
            return fp.SETTLING
        if what == fp.IN_SLAG and tests[k, 2] < 0.0 and not (math.isnan(table[element, VAPOUR_A]) and math.isnan(table[element, OXIDE_VAPOUR_A])):
            return fp.FUMING
    if plan[fp.REDUCTANT_RATE] > 0.0 and left[2] > 0.0:
        return fp.REDUCING
    return fp.BLASTING if plan[fp.BLAST] > 0.0 else fp.TIME


@kernel()
def _count(plan: Floats, dt: float, new: Floats, then: Floats, elements: int, smelted: Counts, warn: Counts) -> None:
    """Count the warnings of a step."""
    first = smelted.shape[0]
    for k in range(first):
        warn[k] += smelted[k]
    slag, bath = _sum(new[fs.SLAG], elements), _sum(new[fs.BATH], elements)
    iron_silicate = then[fs.SILICATE] >= LEAST_SILICATE
    if slag > 1e-3 * bath and iron_silicate:
        warn[first] += 0 if WINDOW_IRON[0] <= then[fs.IRON] <= WINDOW_IRON[1] else 1
        warn[first + 1] += 0 if WINDOW_LIME[0] <= then[fs.LIME] <= WINDOW_LIME[1] else 1
        warn[first + 2] += 1 if then[fs.ALUMINA] > MOST_ALUMINA else 0
        warn[first + 3] += 1 if then[fs.VISCOSITY] > MOST_VISCOUS else 0
        warn[first + 4] += 1 if then[fs.LIQUIDUS] > then[fs.T] else 0
    warn[first + 8] += 1 if slag > 1e-3 * bath and not iron_silicate else 0
    warn[first + 5] += 1 if bath > 0.0 and then[fs.MOLTEN] == 0.0 else 0
    warn[first + 6] += 1 if then[fs.T] > plan[fp.HOTTEST] + 1.0 else 0
    warn[first + 7] += 1 if then[fs.VOLUME] > 1.001 * plan[fp.GAS_LIMIT] * dt else 0


@kernel()
def _begin(state: Floats, plan: Floats, run: fl.Run, setting: Setting, space: Space) -> int:
    """Find the temperature that the bath's enthalpy gives it, bring it to equilibrium and take that as the start."""
    n = setting.table.shape[0]
    now, old = run.now, run.old
    cold = np.zeros(3)
    add_cold(old, setting.heat, 1.0, cold)
    start = temperature_of(old[n + 1], cold[1], cold[2])
    now[fs.PO2], now[fs.ENTRAINED] = state[1], state[3]
    now[fs.T], now[fs.A], now[fs.B], now[fs.MOLTEN] = start, cold[1], cold[2], 0.0
    if math.isnan(start):
        now[fs.T] = state[0] if state[0] > 0.0 else COLD
    elif start >= fl.SURELY_COLD:
        guess = state[0] if state[0] >= MOLTEN_FROM else max(start, MOLTEN_FROM)
        now[fs.MOLTEN] = 1.0
        for _ in range(60):
            now[fs.T] = guess
            status = fl.try_step(plan, 0.0, 0.0, run, setting, space)
            if status != 0:
                return status
            if abs(space.then[fs.T] - guess) < 0.01:
                break
            guess += 0.7 * (space.then[fs.T] - guess)
        if space.then[fs.T] < MOLTEN_FROM and start < fl.SURELY_HOT:
            now[fs.T], now[fs.MOLTEN] = start, 0.0
    return fl.try_step(plan, 0.0, 0.0, run, setting, space)


@kernel()
def _accept(dt: float, run: fl.Run, space: Space) -> None:
    """Make what was tried the state of the run, and add it up."""
    new, then, sums, drive = space.new, space.then, run.sums, run.drive
    run.old[:] = new[fs.BATH]
    run.now[:] = then
    for k in range(run.streams.shape[0]):
        for j in range(new.shape[1]):
            run.streams[k, j] += new[fs.FEED + k, j]
    run.left[0] = max(run.left[0] - drive[fs.FED], 0.0) if drive[fs.FED] < run.left[0] else 0.0
    run.left[1] = max(run.left[1] - drive[fs.COOLANT_KG], 0.0)
    run.left[2] = max(run.left[2] - drive[fs.REDUCTANT_KG], 0.0)
    sums[fp.SECONDS] += dt
    sums[fp.FED] = 1.0 - run.left[0] if run.left[3] > 0.0 else 0.0
    sums[fp.OXYGEN_V] += drive[fs.BOUGHT_O2] / NORMAL
    sums[fp.AIR_V] += (drive[fs.BLAST_O2] + drive[fs.FLAME_O2] - drive[fs.BOUGHT_O2]) / AIR_OXYGEN / NORMAL
    sums[fp.FREEBOARD_V] += then[fs.FREEBOARD]
    sums[fp.GAS_V] += then[fs.VOLUME]
    sums[fp.GAS_PEAK] = max(sums[fp.GAS_PEAK], then[fs.VOLUME] / dt) if dt > 0.0 else 0.0
    sums[fp.BLOWN_KG] += drive[fs.BLAST_O2] * run.control[fl.O2_MASS]
    sums[fp.WALL] += then[fs.WALL_HEAT]
    sums[fp.RETURNED] += then[fs.RETURNED]
    for k in range(4):
        sums[fp.HEAT + k] += then[fs.LEVEL + k]
    if then[fs.B] > 0.0:
        sums[fp.T_MOST] = max(sums[fp.T_MOST], then[fs.T])
        sums[fp.T_LEAST] = min(sums[fp.T_LEAST], then[fs.T]) if sums[fp.T_LEAST] > 0.0 else then[fs.T]
    sums[fp.STEPS] += 1.0


@kernel()
def _end(plan: Floats, tests: Floats, dt: float, before: float, run: fl.Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Bracket the length at which the tests come to hold. Returns a status and the length, of the step that now stands tried."""
    n, sums = setting.table.shape[0], run.sums
    factor = run.control[fl.FACTOR]
    short, long, g_short = 0.0, dt, before
    g_long = _margin(tests, space.new, space.then, sums[fp.BLOWN_KG] + run.drive[fs.BLAST_O2] * run.control[fl.O2_MASS], n)
    tried, side = dt, 0
    for _ in range(30):
        if long - short <= CLOSE * dt:
            break
        share = min(max(g_short / (g_short - g_long), 0.02), 0.98) if math.isfinite(g_long - g_short) else 0.5
        tried = short + share * (long - short)
        status = fl.try_step(plan, tried, factor, run, setting, space)
        if status != 0:
            return status, tried
        g = _margin(tests, space.new, space.then, sums[fp.BLOWN_KG] + run.drive[fs.BLAST_O2] * run.control[fl.O2_MASS], n)
        if g < 0.0 or run.left[0] - run.drive[fs.FED] > fl.FED_UP:
            short, g_short = tried, min(g, 0.0)
            g_long = 0.5 * g_long if side == 1 else g_long
            side = 1
        else:
            long, g_long = tried, g
            g_short = 0.5 * g_short if side == 2 else g_short
            side = 2
    if tried != long:
        status = fl.try_step(plan, long, factor, run, setting, space)
        return status, long
    return 0, long


@kernel()
def _finish(run: fl.Run, space: Space, bath: Floats, state: Floats, split: Floats) -> None:
    """Write the bath, its parts, which close to it, and the state."""
    now = run.now
    bath[:] = run.old
    for j in range(bath.shape[0]):
        most = 0
        for k in range(3):
            split[k, j] = space.new[fs.METAL + k, j]
            most = k if abs(split[k, j]) > abs(split[most, j]) else most
        split[most, j] = bath[j] - (split[(most + 1) % 3, j] + split[(most + 2) % 3, j])
    state[0], state[1], state[2], state[3] = now[fs.T], now[fs.PO2], now[fs.MOLTEN], now[fs.ENTRAINED]
    state[4], state[5], state[6] = now[fs.LIQUIDUS], now[fs.VISCOSITY], now[fs.GAS_T]


@kernel()
def _run(plan: Floats, tests: Floats, state: Floats, run: fl.Run, setting: Setting, space: Space, limits: Floats, warn: Counts) -> int:
    """The loop over the steps."""
    n, sums, left, now, control = setting.table.shape[0], run.sums, run.left, run.now, run.control
    status = _begin(state, plan, run, setting, space)
    if status != 0:
        return status
    _accept(0.0, run, space)
    control[fl.FACTOR], control[fl.LIMIT] = 1.0, -1.0
    before = _margin(tests, space.new, now, 0.0, n)
    while True:
        if before >= 0.0 and left[0] <= 0.0 and sums[fp.SECONDS] >= plan[fp.AT_LEAST] - fl.MOMENT:
            return 0
        if sums[fp.SECONDS] >= plan[fp.AT_MOST] - fl.MOMENT:
            sums[fp.OUTCOME] = 1.0
            return 0
        fl.set_burner(plan, run)
        most = fl.supply(plan, control)
        factor = min(most, RAISED * control[fl.FACTOR] + LEAST_FACTOR)
        held = control[fl.LIMIT]
        dt = fl.length(plan, factor, run)
        waits = _waiting_for(plan, tests, left, setting.table, space.new, now, sums[fp.BLOWN_KG], n)
        status = fl.limit_step(plan, dt, factor, run, setting, space)
        if status != 0:
            return status
        blown = sums[fp.BLOWN_KG] + run.drive[fs.BLAST_O2] * control[fl.O2_MASS]
        after = _margin(tests, space.new, space.then, blown, n)
        fed = left[0] - run.drive[fs.FED] <= fl.FED_UP
        if before < 0.0 <= after and fed and sums[fp.SECONDS] + dt >= plan[fp.AT_LEAST] - fl.MOMENT:
            status, dt = _end(plan, tests, dt, before, run, setting, space)
            if status != 0:
                return status
            after = 0.0
        if control[fl.LIMIT] < 0.0 and control[fl.FACTOR] < most:
            control[fl.LIMIT] = held
        limit = int(control[fl.LIMIT]) if control[fl.FACTOR] < most else fp.OXYGEN_SUPPLY if most < 1.0 else -1
        if limit < 0 or not fl.throttled(plan, left, now):
            limit = waits
        limits[limit] += dt
        _count(plan, dt, space.new, space.then, n, space.counted, warn)
        _accept(dt, run, space)
        before = after


@kernel()
def run_phase(
    bath: Floats,
    state: Floats,
    feed: Floats,
    supplies: Floats,
    plan: Floats,
    tests: Floats,
    table: Floats,
    constants: Floats,
    heat: Floats,
    species: Floats,
    split: Floats,
    streams: Floats,
    sums: Floats,
    limits: Floats,
    warn: Counts,
) -> int:
    """Run a phase to its end. Returns 0, or a status that :data:`STATUSES` explains from 1.

    The phase ends as soon as ``at_least`` has passed, all is fed and every test holds; at ``at_most`` in any case.

    - ``bath`` (E + 2,): in and out;
    - ``state`` (len(STATE),): in and out; zeros for a furnace of which nothing is known;
    - ``feed`` (3, E + 2): rows FEED_ROWS, the whole charge; its temperature is in its sensible heat. What of the organics does not burn belongs to ``bulk``;
    - ``supplies`` (3, E + 2): rows SUPPLIES, each per kg;
    - ``plan`` (len(PLAN),); ``tests`` (n, 4): index in TESTS, index of the element, +1 for at least or -1 for at most, limit;
    - ``table``, ``constants``: of ``Thermochemistry.smelting()``; ``heat``, ``species``: ``elements`` and ``species`` of ``twin.materials.heat.heat_data()``;
    - ``split`` (3, E + 2), ``streams`` (9, E + 2), ``sums`` (len(SUMS),), ``limits`` (len(LIMITS),) [s]: overwritten;
    - ``warn`` (len(WARNINGS),): counted up.
    """
    n = table.shape[0]
    split[:, :] = 0.0
    streams[:, :] = 0.0
    sums[:] = 0.0
    limits[:] = 0.0
    if not (fp.valid_amounts(bath.reshape(1, n + 2), n) and fp.valid_amounts(feed, n) and fp.valid_amounts(supplies, n)):
        return 1
    if not fp.possible(plan):
        return 2
    run = fl.Run(bath.copy(), np.zeros(len(fs.NOW)), np.zeros(len(fs.DRIVE)), np.zeros(4), np.zeros(7), streams, sums)
    scratch = np.zeros((fs.SCRATCH_ROWS, n + 2))
    new, then = np.zeros((fs.ROWS, n + 2)), np.zeros(len(fs.NOW))
    counted = np.zeros(SMELTING_WARNINGS, dtype=np.int64)
    at, work, out = np.zeros((n + 1, WIDTH)), np.zeros((SMELT_ROWS, n)), np.zeros((4, n))
    space = Space(at, work, np.zeros(n), out, np.zeros(8), counted, scratch, np.zeros(10), np.zeros((4, 3)), new, then)
    oxygen = nitrogen = 0
    for i in range(n):
        oxygen = i if int(table[i, ROLE]) == AS_OXYGEN else oxygen
        nitrogen = i if int(table[i, ROLE]) == AS_NITROGEN else nitrogen
    setting = Setting(table, constants, heat, species, feed, supplies, plan[fp.MANNER :].copy(), oxygen, nitrogen)
    run.left[0], run.left[1], run.left[2] = 1.0, plan[fp.COOLANT_MASS], plan[fp.REDUCTANT_MASS]
    for k in range(3):
        run.left[3] += _sum(feed[k], n)
    if run.left[3] <= 0.0:
        run.left[0] = 0.0
    run.control[fl.O2_MASS] = 2.0 * table[oxygen, MOLAR_MASS]
    run.control[fl.NEED] = oxygen_to_burn(supplies[fs.FUEL, :n], table, space.moles)
    run.control[fl.MOST_BURNER] = fl.most_burner(plan, run.control[fl.NEED], space.moles)
    status = _run(plan, tests, state, run, setting, space, limits, warn)
    if status != 0:
        return 3
    sums[fp.FUEL_HEAT] = _sum(streams[2], n) / max(_sum(supplies[fs.FUEL], n), 1e-300) * plan[fp.LHV]
    _finish(run, space, bath, state, split)
    return 0
