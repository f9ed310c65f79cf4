"""The steps of a furnace phase at the largest rates that its limits allow; see ``twin.kernels.furnace_control`` for what they are and what is cut.

The levers are found on the first stage of a step, with what the second made of the last one added; then the second is taken, and if a limit is passed all
is tried once more.
"""

from __future__ import annotations

import math

from twin.kernels import furnace_control as fc
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_space import MOLTEN_FROM, NORMAL, PAIR, STATUS_AND_LENGTH, Run, Setting, Space, f8, i8
from twin.kernels.furnace_stages import FIRST as FIRST_STAGE
from twin.kernels.furnace_stages import add_second, end_by_first, try_first
from twin.kernels.furnace_tables import LEVER, REPORTS
from twin.kernels.record_table import Record

SURELY_COLD, SURELY_HOT = MOLTEN_FROM - 100.0, MOLTEN_FROM + 100.0  # K, by the heat content of an unreacted charge
FLAME_SHARE = 0.95  # of the off-gas limit: the rest is for the bath
TRIES, AGAIN, AGAIN_FROM_EMPTY = 8, 3, 8
LET_OUT = (0.8, 0.4, 0.0)  # of feed and blast, one after the other …
LESS_FIRE = (0.9, 0.75, 0.5, 0.25, 0.0)  # … then of the burner
LOST, FAR_OFF = 10.0, 10.0  # s: a longer step whose levers were not found is done again shorter, as by an error of so much; else a whole one stood still
NOTHING = 1e-6  # of a move of the levers
MEASURED_BY = 0.2  # of a lever
MEASURED_FOR = 300.0  # s: what no lever helped is measured again after so long
MOMENT = 1e-9  # s
FED_UP = 1e-12  # share of the feed
FIRST, FIRST_EMPTY, LEAST = 60.0, 5.0, 1.0  # s: length of the first step, of that of an empty furnace, of the shortest
FREEZING, FREEZING_STEP = 2.0, 10.0  # K and s: how closely melting and freezing are found
MOST_FED = 0.5  # of the bath, in a step
GROWTH, SHRINKAGE, SAFELY = 3.0, 0.15, 0.85


@kernel()
def _levers(control: Record) -> tuple[float, float, float, float]:
    lever = control.lever
    return lever[0], lever[1], lever[2], lever[3]


@kernel()
def _set(control: Record, levers: tuple[float, float, float, float]) -> None:
    for k in range(4):
        control.lever[k] = levers[k]


@kernel()
def _foresee(before: tuple[float, float, float, float], run: Run) -> None:
    """Foresee what the levers do to the temperature that the next try reacts at, after they were moved from ``before``."""
    control = run.control
    if run.now.slope > 0.0:
        for k in range(4):
            control.trend += control.heat[k] * (control.lever[k] - before[k]) / run.now.slope


@kernel()
def _edges(dt: float, run: Run, plan: Record) -> tuple[float, float]:
    """The lowest and the highest temperature that a step may end at."""
    start = run.now.temperature
    if run.now.slope <= 0.0:
        return -math.inf, math.inf
    low = plan.coldest - max(plan.coldest - start, 0.0) * math.exp(-dt / fc.REACHES)
    return low, max(plan.hottest, start)


@kernel(i8(f8, PAIR, Run.kind, Setting.kind, Space.kind), inner=True)
def _measure(dt: float, ends: tuple[float, float], run: Run, setting: Setting, space: Space) -> int:
    """Measure what feed and blast do to temperature and off-gas, about the step that stands tried."""
    control = run.control
    control.measured = run.sums.seconds
    levers = _levers(control)
    for k in range(2):
        rate = control.blast if k == LEVER.blast else max(control.feed_rate if control.feed_left > 0.0 else 0.0, control.reductant_rate)
        if rate <= 0.0:
            control.heat[k] = control.volume[k] = 0.0
            continue
        control.lever[k] = levers[k] - MEASURED_BY if levers[k] > MEASURED_BY else levers[k] + MEASURED_BY
        _foresee(levers, run)
        status = try_first(dt, run, setting, space)
        if status != 0:
            return status
        t, v = end_by_first(dt, run, space)
        fc.learn(dt, levers, t - ends[0], v - ends[1], setting.plan, run)
        tried = _levers(control)
        _set(control, levers)
        _foresee(tried, run)
    return 0


@kernel()
def _kept(dt: float, edges: tuple[float, float], t: float, v: float, plan: Record) -> bool:
    hot, cold, gas = fc.slack_of(plan, dt, edges, t, v)
    return min(hot, cold, gas) >= -fc.KEPT


@kernel(i8(f8, PAIR, Run.kind, Setting.kind, Space.kind), inner=True)
def _search(dt: float, edges: tuple[float, float], run: Run, setting: Setting, space: Space) -> int:
    """Try the first stage of a step at the levers that stand, and at others until it keeps to the limits, or no lever helps. Returns 0 or a status."""
    control = run.control
    control.lost = 0.0
    last, t, v = _levers(control), math.nan, math.nan
    for tried in range(TRIES):
        if tried >= TRIES - 3:  # the linear model does not serve
            control.lever[LEVER.feed] *= 0.3 if tried < TRIES - 1 else 0.0
            control.lever[LEVER.blast] *= 0.3 if tried < TRIES - 1 else 0.0
        levers, holds = _levers(control), (control.held[0], control.held[1])
        if tried > 0:
            _foresee(last, run)
        status = try_first(dt, run, setting, space)
        if status != 0:
            return status
        before = t, v
        control.filled = space.then.slope / FIRST_STAGE if run.now.slope <= 0.0 else 0.0
        t, v = end_by_first(dt, run, space)
        if tried > 0:
            fc.learn(dt, last, t - before[0], v - before[1], setting.plan, run)
        last = levers
        kept = _kept(dt, edges, t, v, setting.plan)
        stale = not kept and control.measured < 0.0 and run.now.slope > 0.0
        if stale:
            status = _measure(dt, (t, v), run, setting, space)
            if status != 0:
                return status
        worth = fc.find_levers(dt, edges, t, v, run, setting)
        if not kept and not stale and worth <= NOTHING and run.sums.seconds >= control.measured + MEASURED_FOR:  # no lever helps, by slopes of long ago
            stale = True
            status = _measure(dt, (t, v), run, setting, space)
            if status != 0:
                return status
            worth = fc.find_levers(dt, edges, t, v, run, setting)
        if (kept and worth <= 1.0) or worth <= NOTHING or tried == TRIES - 1:
            _set(control, levers)
            control.held[0], control.held[1] = holds
            control.lost = 1.0 if tried == TRIES - 1 and worth > 1.0 else 0.0
            return try_first(dt, run, setting, space) if stale else 0
    return 0


@kernel(STATUS_AND_LENGTH(f8, f8, Run.kind, Setting.kind, Space.kind), inner=True)
def _let_out(dt: float, error: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Cut feed and blast of a step that stands tried until its gas keeps to the limit, where no search found how, and the burner where that is not enough."""
    control, limit = run.control, setting.plan.gas_limit * dt
    fed, blown, fired = control.lever[LEVER.feed], control.lever[LEVER.blast], control.lever[LEVER.burner]
    for turn in range(len(LET_OUT) + len(LESS_FIRE)):
        if error > 1.0 or space.then.gas_volume <= limit * (1.0 + fc.GAS_BAND * fc.KEPT):
            break
        before = _levers(control)
        if turn < len(LET_OUT):
            control.lever[LEVER.feed], control.lever[LEVER.blast] = LET_OUT[turn] * fed, LET_OUT[turn] * blown
        else:
            control.lever[LEVER.burner] = LESS_FIRE[turn - len(LET_OUT)] * fired
        if _levers(control) == before:
            continue
        _foresee(before, run)
        status = try_first(dt, run, setting, space)
        if status == 0:
            status, error = add_second(dt, run, setting, space)
        if status != 0:
            return status, math.inf
    return 0, error


@kernel(STATUS_AND_LENGTH(f8, Run.kind, Setting.kind, Space.kind), inner=True)
def limit_step(dt: float, run: Run, setting: Setting, space: Space) -> tuple[int, float]:
    """Try a step at the largest levers that keep to the limits. Returns 0 or a status of ``smelt``, and the error over the tolerance."""
    plan, now, control, first = setting.plan, run.now, run.control, space.reports[REPORTS.first]
    fc.set_rates(plan, dt, run)
    edges = _edges(dt, run, plan)
    fc.find_levers(dt, edges, now.temperature + control.warming * dt, control.gas * dt, run, setting)
    error = math.inf
    rounds = AGAIN if now.slope > 0.0 else AGAIN_FROM_EMPTY
    for again in range(rounds):
        status = _search(dt, edges, run, setting, space)
        if status == 0 and control.lost > 0.0 and dt > LOST:
            return 0, FAR_OFF
        if status == 0:
            status, error = add_second(dt, run, setting, space)
        if status != 0:
            return status, math.inf
        t, v = space.then.temperature, space.then.gas_volume
        straight = now.temperature + (first.temperature - now.temperature) / FIRST_STAGE
        control.warming_off, control.gas_off = (t - straight) / (dt * dt), (v - first.gas_volume / FIRST_STAGE) / (dt * dt)
        control.off_over = dt
        if now.slope <= 0.0:
            control.warming_off = (t - first.temperature) / max(first.temperature - now.temperature, 1.0)
        filled = now.slope > 0.0 or abs(t - control.target) <= fc.FILLED_TO
        if error > 1.0 or again == rounds - 1 or (filled and _kept(dt, edges, t, v, plan)):
            break
        levers, holds = _levers(control), (control.held[0], control.held[1])
        if fc.find_levers(dt, edges, t, v, run, setting) <= NOTHING:
            _set(control, levers)
            control.held[0], control.held[1] = holds
            break
    return _let_out(dt, error, run, setting, space)


@kernel()
def _parts(left: float, dt: float) -> float:
    """``dt``, or less, so that what is left takes a whole number of steps where it takes few."""
    count = math.ceil(left / dt - 1e-9)
    return left / count if 1 <= count <= 3 else dt


@kernel()
def length(plan: Record, run: Run) -> float:
    """Length of the next step [s]."""
    seconds, control = run.sums.seconds, run.control
    dt = min(plan.dt, control.next)
    dt = _parts(plan.at_most - seconds, dt)
    if seconds < plan.at_least - MOMENT:
        dt = _parts(plan.at_least - seconds, dt)
    rate = control.lever[LEVER.feed] * fc.ramp(plan.feed_rate, plan.feed_to, plan.feed_over, seconds + 0.5 * dt)
    if control.feed_left > 0.0 and rate > 0.0:
        dt = max(_parts(control.feed_left * control.feed_mass / rate, dt), min(LEAST, dt))
    rate = control.lever[LEVER.feed] * fc.ramp(plan.reductant_rate, plan.reductant_to, plan.reductant_over, seconds + 0.5 * dt)
    if 0.0 < control.reductant_left < math.inf and rate > 0.0:
        dt = max(_parts(control.reductant_left / rate, dt), min(LEAST, dt))
    rate = control.lever[LEVER.coolant] * plan.coolant_rate
    if control.coolant_left > 0.0 and rate > 0.0 and run.now.molten > 0.0:
        dt = max(_parts(control.coolant_left / rate, dt), min(LEAST, dt))
    bath = 0.0
    for i in range(run.old.shape[0] - 2):
        bath += run.old[i]
    rate = control.lever[LEVER.feed] * max(plan.feed_rate, plan.feed_to)
    if run.now.slope > 0.0 and control.feed_left > 0.0 and plan.feed_rate > 0.0 and rate > 0.0:
        dt = min(dt, max(MOST_FED * bath / rate, LEAST))
    return fc.until_ramps_end(plan, seconds, dt)


@kernel(f8(f8, f8, f8, Run.kind, Space.kind), inner=True)
def shortened(dt: float, error: float, coolant_rate: float, run: Run, space: Space) -> float:
    """Length to try instead of ``dt``; ``dt`` where the step stands: its error is allowed, freezing or melting is found closely, and it does not go on
    for long after feed or coolant have run out."""
    now, then, control = run.now, space.then, run.control
    if dt <= LEAST * (1.0 + 1e-6):
        return dt
    crossed = then.molten != now.molten and now.slope > 0.0 and (now.molten > 0.0 or now.temperature > 0.0)
    if crossed and abs(then.temperature - MOLTEN_FROM) > FREEZING:
        if dt <= FREEZING_STEP:
            return dt
        share = (MOLTEN_FROM - now.temperature) / (then.temperature - now.temperature)
        share = share if 0.0 < share < 1.0 else 0.5
        return max(min(share * dt + 0.5, 0.9 * dt), 0.5 * FREEZING_STEP)
    if error > 1.0:
        return max(LEAST, dt * max(SHRINKAGE, SAFELY / math.sqrt(error)))
    need = math.inf
    rate = control.lever[LEVER.feed] * control.feed_rate
    if control.feed_left > 0.0 and rate > 0.0:
        need = control.feed_left * control.feed_mass / rate
    rate = control.lever[LEVER.coolant] * coolant_rate
    if now.molten > 0.0 and control.coolant_left > 0.0 and rate > 0.0:
        need = min(need, control.coolant_left / rate)
    return max(need, LEAST) if need < 0.98 * dt else dt


@kernel()
def lengthened(dt: float, error: float, control: Record) -> float:
    """Length of the next step by the error of one of length ``dt``, which something else may have kept short."""
    return max(dt * min(GROWTH, SAFELY / math.sqrt(max(error, 1e-6))), control.next if error <= 1.0 and dt < 0.9 * control.next else 0.0, LEAST)


@kernel()
def throttled(plan: Record, control: Record, now: Record) -> int:
    """The lever that the phase waits for, -1 where there is nothing that one acts on."""
    if control.feed_left > 0.0 and plan.feed_rate > 0.0:
        return LEVER.feed
    if now.molten > 0.0 and control.blast > 0.0:
        return LEVER.blast
    return LEVER.feed if now.molten > 0.0 and control.reductant_rate > 0.0 and control.reductant_left > 0.0 else -1


@kernel()
def most_burner(plan: Record, need: float, moles: Floats) -> float:
    """Share of the burner's power whose gas the off-gas limit can take, and whose bought oxygen there is. ``moles`` (species,): of a kg of fuel, burnt."""
    products = 0.0
    for j in range(moles.shape[0]):
        products += moles[j]
    products += need * (plan.burner_excess / plan.burner_oxygen - 1.0)
    volume = plan.burner_power / plan.fuel_lhv * products / NORMAL
    most = min(1.0, FLAME_SHARE * plan.gas_limit / volume) if volume > 0.0 else 1.0
    flame = plan.burner_power / plan.fuel_lhv * need * plan.burner_excess / plan.burner_oxygen / NORMAL
    oxygen = fc.bought(flame, plan.burner_oxygen)
    return min(most, plan.oxygen_limit / oxygen) if oxygen > 0.0 else most
