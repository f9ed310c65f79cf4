"""What a furnace step is driven by, and the levers that steer it: feed, blast, burner and coolant.

A lever is the share of a rate, the same through a step: the first of feed and reductant, the second of the blast, the third of the burner's power, the
fourth of the coolant's rate. They are chosen so that the step *ends* as it should, so what comes out does not hang on its length:

- the bath ends neither above ``hottest`` nor below ``coldest``; one that begins above may not get hotter, one that begins below comes back along an
  exponential of :data:`REACHES` s, or as fast as it can; bought oxygen and burnt off-gas keep to their limits;
- the burner brings the bath to ``target`` along such an exponential, too, after as fast as it can where that is slower;
- coolant comes in proportion to how far the bath is within ``band`` below ``hottest``, by the mean of a straight line from its start to its end.

**What is cut.** Too hot: the blast, then the feed, which is cold. Too cold: the feed, then the blast. Too much off-gas: the blast first, unless what feed
and reductant need to burn is more than the blast brings; then the blast only stands in for air that would be drawn in above the bath, with its nitrogen,
and the feed is cut first. Reductant goes with the feed: it is charged with it, cold, and burns. What does not help by cutting is left alone.

By a linear model of temperature and off-gas over the levers the next ones are found without a step; its slopes are measured where a limit first holds,
and corrected by every step that is tried (Broyden 1965).
"""

from __future__ import annotations

import math

from twin.kernels.compile import kernel
from twin.kernels.furnace_space import NORMAL, PAIR, Run, Setting, f8
from twin.kernels.furnace_tables import LEVER, LIMIT
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.kernels.record_table import Record

REACHES = 300.0  # s: in which the distance to the target falls to 1/e
USEFUL = 0.5  # of the flame's heat, for a first guess only: that above a bath's temperature
MOST_OF_A_FLAME = 2.0  # of its power that reaches the bath, with what its oxygen burns there
COLD_FEED = 8e5  # J/kg that a cold charge takes up, likewise
AIM = 0.01  # of the band below a limit: where a step is to end
CLOSELY = 0.03  # of the band, over a step as long as REACHES: what is that near is not tried again
KEPT = 1e-6  # how closely a limit is kept, as share of it or of the band
GAS_BAND = 0.1  # of the limit of the off-gas, over which it is weighed
BURNER_KEPT = 0.5  # K, over a step as long as the burner takes
FILLED_TO = 2.0  # K: how closely the burner brings what comes into an empty furnace to its target
ROUNDS = 40
FOLLOWS = 20  # rounds in which burner and coolant come to rest
CLOSE = 1e-7  # of a lever

Levers = tuple[float, float, float, float]


@kernel()
def bought(volume: float, fraction: float) -> float:
    """Bought oxygen in a gas of ``volume`` with the O2 fraction ``fraction``, the rest being air.

    >>> round(bought(1.0, 0.21), 12), round(bought(1.0, 0.605), 12), round(bought(2.0, 1.0), 12)
    (0.0, 0.5, 2.0)
    """
    return volume * (fraction - AIR_OXYGEN) / (1.0 - AIR_OXYGEN)


@kernel()
def ramp(start: float, to: float, over: float, seconds: float) -> float:
    """What goes in a straight line from ``start`` to ``to`` over a time, then stays; ``start`` where ``over`` is 0.

    >>> [ramp(20.0, 5.0, 1800.0, t) for t in (0.0, 600.0, 3600.0)], ramp(20.0, 5.0, 0.0, 600.0)
    ([20.0, 15.0, 5.0], 20.0)
    """
    return start + (to - start) * min(seconds / over, 1.0) if over > 0.0 else start


@kernel()
def _until(seconds: float, over: float, dt: float) -> float:
    """``dt``, or less where a ramp ends before."""
    return min(dt, over - seconds) if over - seconds > 1e-6 * dt else dt


@kernel()
def until_ramps_end(plan: Record, seconds: float, dt: float) -> float:
    """``dt``, or what is left to the next end of a ramp: within a step each is a straight line."""
    for over in (plan.target_over, plan.feed_over, plan.blast_over, plan.reductant_over):
        dt = _until(seconds, over, dt)
    return dt


@kernel()
def set_rates(plan: Record, dt: float, run: Run) -> None:
    """The rates of a step: those at its middle; the target at its end."""
    control, seconds = run.control, run.sums.seconds
    middle = seconds + 0.5 * dt
    control.target = ramp(plan.target, plan.target_to, plan.target_over, seconds + dt)
    control.feed_rate = ramp(plan.feed_rate, plan.feed_to, plan.feed_over, middle)
    control.blast = ramp(plan.blast, plan.blast_to, plan.blast_over, middle)
    control.reductant_rate = ramp(plan.reductant_rate, plan.reductant_to, plan.reductant_over, middle)


@kernel()
def set_drive(plan: Record, dt: float, hot: bool, control: Record, drive: Record) -> None:
    """Fill in what a step is driven by, at the levers that stand."""
    lever = control.lever
    drive.dt, drive.target, drive.answer = dt, control.target, control.answer
    drive.fed = drive.coolant = drive.reductant = drive.blast_o2 = drive.blast_n2 = 0.0
    if control.feed_mass > 0.0:
        drive.fed = min(lever[LEVER.feed] * control.feed_rate * dt / control.feed_mass, control.feed_left)
    fuel = lever[LEVER.burner] * plan.burner_power * dt / plan.fuel_lhv
    drive.fuel = fuel
    drive.flame_o2 = fuel * control.need * plan.burner_excess
    flame = drive.flame_o2 / plan.burner_oxygen
    drive.flame_n2 = flame * (1.0 - plan.burner_oxygen)
    drive.bought_o2 = bought(flame, plan.burner_oxygen)
    if hot:
        drive.coolant = min(lever[LEVER.coolant] * plan.coolant_rate * dt, control.coolant_left)
        drive.reductant = min(lever[LEVER.feed] * control.reductant_rate * dt, control.reductant_left)
        blast = lever[LEVER.blast] * control.blast * dt * NORMAL
        drive.blast_o2, drive.blast_n2 = blast * plan.blast_oxygen, blast * (1.0 - plan.blast_oxygen)
        drive.bought_o2 += bought(blast, plan.blast_oxygen)


@kernel()
def times(drive: Record, factor: float) -> None:
    """A step of ``factor`` times the length, driven alike."""
    drive.dt *= factor
    drive.fed *= factor
    drive.coolant *= factor
    drive.fuel *= factor
    drive.reductant *= factor
    drive.blast_o2 *= factor
    drive.blast_n2 *= factor
    drive.flame_o2 *= factor
    drive.flame_n2 *= factor
    drive.bought_o2 *= factor


@kernel()
def supply(burner: float, plan: Record, control: Record) -> float:
    """Largest share of the blast that the bought oxygen allows, at a share ``burner`` of the burner's power."""
    blast = bought(control.blast, plan.blast_oxygen)
    if blast <= 0.0 or plan.oxygen_limit == math.inf:
        return 1.0
    flame = burner * plan.burner_power / plan.fuel_lhv * control.need * plan.burner_excess / plan.burner_oxygen / NORMAL
    return float(min(max((plan.oxygen_limit - bought(flame, plan.burner_oxygen)) / blast, 0.0), 1.0))


@kernel()
def guess_slopes(setting: Setting, run: Run) -> None:
    """First guesses of what a whole lever does to heat and off-gas; they are to be measured when a limit next holds."""
    plan, control = setting.plan, run.control
    control.measured = -1.0
    lance = plan.burner_in_bath
    control.heat[LEVER.feed] = -COLD_FEED * plan.feed_rate
    control.heat[LEVER.blast] = 0.5e6 * plan.blast
    control.heat[LEVER.burner] = USEFUL * (lance + (1.0 - lance) * plan.burner_return) * plan.burner_power
    control.heat[LEVER.coolant] = -COLD_FEED * plan.coolant_rate
    burns = control.organic * plan.feed_rate + control.burnable * plan.reductant_rate
    control.volume[LEVER.feed] = burns * plan.air_excess / AIR_OXYGEN / NORMAL
    control.volume[LEVER.blast] = plan.blast
    control.volume[LEVER.burner] = plan.burner_power / plan.fuel_lhv * control.need * plan.burner_excess / plan.burner_oxygen / NORMAL
    control.volume[LEVER.coolant] = 0.0


@kernel()
def wanted(target: float, start: float, least: float, most: float, dt: float) -> float:
    """Temperature at which the burner would have a step end, which ends at ``least`` without it and at ``most`` with all of its power.

    It is that of a bath which goes as fast as it can until the exponential is slower: dT/dt is the nearest to (target - T)/REACHES that there is.

    >>> [round(wanted(1500.0, start, start - 6.0, start + 60.0, 600.0), 3) for start in (1500.0, 1490.0, 1450.0, 1350.0, 1501.0, 1530.0)]
    [1500.0, 1498.647, 1492.092, 1410.0, 1500.135, 1524.0]
    """
    away = target - start
    end = most if away > 0.0 else least
    rate = (end - start) / dt
    if away * rate <= 0.0:
        return end if away != 0.0 else target
    turn = REACHES * abs(rate)  # so far from the target
    if abs(away) <= turn:
        return target - away * math.exp(-dt / REACHES)
    straight = (abs(away) - turn) / abs(rate)
    return end if straight >= dt else target - math.copysign(turn, away) * math.exp(-(dt - straight) / REACHES)


@kernel()
def slack_of(plan: Record, dt: float, edges: tuple[float, float], temperature: float, volume: float) -> tuple[float, float, float]:
    """By how much a step keeps to its limits, hot, cold and off-gas, negative where it does not. ``edges``: the lowest and the highest temperature."""
    gas = (1.0 - volume / (plan.gas_limit * dt)) / GAS_BAND if plan.gas_limit < math.inf else math.inf
    return (edges[1] - temperature) / plan.band, (temperature - edges[0]) / plan.band, gas


@kernel()
def _first(limit: int, plan: Record, control: Record) -> int:
    """The lever that is cut first."""
    if limit == LIMIT.cooling:
        return LEVER.blast
    if limit == LIMIT.heat:
        return LEVER.feed
    burns = control.organic * control.feed_rate * (1.0 if control.feed_left > 0.0 else 0.0) + control.burnable * control.reductant_rate
    return LEVER.feed if burns > control.blast * NORMAL * plan.blast_oxygen * plan.blast_use else LEVER.blast


@kernel()
def _gain(limit: int, k: int, dt: float, plan: Record, control: Record, slope: float) -> float:
    """What a whole lever does to the slack of a limit in a step."""
    if limit == LIMIT.off_gas:
        return float(-control.volume[k] / (plan.gas_limit * GAS_BAND))
    gain = float(control.heat[k] * dt / (slope * plan.band))
    return gain if limit == LIMIT.heat else -gain


@kernel()
def _cut(limit: int, dt: float, plan: Record, control: Record, slope: float) -> int:
    """The lever to cut for a limit, -1 where none is left that helps."""
    k = _first(limit, plan, control)
    for _ in range(2):
        if _gain(limit, k, dt, plan, control, slope) < 0.0 and control.lever[k] > 0.0:
            return k
        k = LEVER.blast if k == LEVER.feed else LEVER.feed
    return -1


@kernel()
def mean_cooling(start: float, end: float, plan: Record) -> float:
    """Mean of the coolant's lever while the temperature goes in a straight line from ``start`` to ``end``: 0 to 1 over ``band`` below ``hottest``."""
    a, b = (start - plan.hottest) / plan.band + 1.0, (end - plan.hottest) / plan.band + 1.0
    if abs(b - a) < 1e-6:
        return float(min(max(0.5 * (a + b), 0.0), 1.0))
    low, high = min(max(a, 0.0), 1.0), min(max(b, 0.0), 1.0)  # the integral of a clipped line: x^2/2 up to 1, then x - 1/2
    return float((0.5 * (high * high - low * low) + max(b - 1.0, 0.0) - max(a - 1.0, 0.0)) / (b - a))


@kernel()
def capacity(run: Run) -> float:
    """Heat capacity [J/K] of the bath that levers heat: of an empty furnace, that of what comes into it; 0 where that is not known."""
    return float(run.now.slope if run.now.slope > 0.0 else run.control.filled)


@kernel()
def _follow(dt: float, ends: tuple[float, float], before: Levers, plan: Record, run: Run) -> tuple[float, float, float]:
    """Move burner and coolant, and the blast where the oxygen does not suffice, once after the levers that stand. Returns how the step then ends, and by how
    much they moved. ``ends``: temperature and off-gas at the levers ``before``.
    """
    now, control = run.now, run.control
    heats, burner_heat = capacity(run), control.heat[LEVER.burner]
    lever, slope = control.lever, max(heats, 1.0)
    t, v = ends
    for k in range(4):
        t += control.heat[k] * (lever[k] - before[k]) * dt / slope
        v += control.volume[k] * (lever[k] - before[k]) * dt
    moved = 0.0
    if burner_heat > 0.0 and heats > 0.0:
        rise, own = burner_heat * dt / slope, lever[LEVER.burner]
        want = control.target  # of what fills an empty furnace, which has no way to go
        if now.slope > 0.0:
            want = wanted(control.target, now.temperature, t - own * rise, t + (control.most_burner - own) * rise, dt)
        new = min(max(own + (want - t) / rise, 0.0), control.most_burner)
        moved = abs(new - lever[LEVER.burner])
        t += burner_heat * (new - lever[LEVER.burner]) * dt / slope
        v += control.volume[LEVER.burner] * (new - lever[LEVER.burner]) * dt
        lever[LEVER.burner] = new
    elif burner_heat > 0.0:
        lever[LEVER.burner] = control.most_burner if control.target > now.temperature else 0.0
    if control.coolant_left > 0.0 and plan.coolant_rate > 0.0:
        c = lever[LEVER.coolant]
        new = mean_cooling(now.temperature, t, plan)
        new = min(max(c + (new - c) / (1.0 - 0.5 * control.heat[LEVER.coolant] * dt / (slope * plan.band)), 0.0), 1.0)
        moved = max(moved, abs(new - c))
        t += control.heat[LEVER.coolant] * (new - c) * dt / slope
        lever[LEVER.coolant] = new
    most = supply(lever[LEVER.burner], plan, control)
    if lever[LEVER.blast] > most:
        moved = max(moved, lever[LEVER.blast] - most)
        t -= control.heat[LEVER.blast] * (lever[LEVER.blast] - most) * dt / slope
        v -= control.volume[LEVER.blast] * (lever[LEVER.blast] - most) * dt
        lever[LEVER.blast] = most
    return t, v, moved


@kernel()
def _gas_slack(k: int, share: float, dt: float, ends: tuple[float, float], before: Levers, plan: Record, run: Run) -> float:
    """Set the lever ``k`` to ``share``, let burner and coolant follow until they rest, and return the slack of the off-gas."""
    run.control.lever[k] = share
    _, v = ends
    for _ in range(FOLLOWS):
        _, v, moved = _follow(dt, ends, before, plan, run)
        if moved < 1e-12:
            break
    return float((1.0 - v / (plan.gas_limit * dt)) / GAS_BAND)


@kernel()
def _close_in(most_fed: float, dt: float, ends: tuple[float, float], before: Levers, plan: Record, run: Run) -> None:
    """Set feed and blast to the most whose gas keeps to its limit with burner and coolant following: where each cut makes room for another, cuts swing.

    The share is bracketed by nothing and all and halved: what feed and burner give off together rises with the feed, whatever each of them does. Where
    nothing fed is still too much, the levers are left at it.
    """
    control = run.control
    lever = control.lever
    k = _first(LIMIT.off_gas, plan, control)
    other = LEVER.blast if k == LEVER.feed else LEVER.feed
    top_k, top = (most_fed, 1.0) if k == LEVER.feed else (1.0, most_fed)
    lever[other], control.held[other], control.held[k] = top, -1.0, -1.0
    full = _gas_slack(k, top_k, dt, ends, before, plan, run)
    if full >= AIM:
        return
    control.held[k] = LIMIT.off_gas
    none = _gas_slack(k, 0.0, dt, ends, before, plan, run)
    if none < AIM:
        if none <= full:  # cutting it does not help
            lever[k], control.held[k] = top_k, -1.0
        k, top_k = other, top
        control.held[k] = LIMIT.off_gas
        none = _gas_slack(k, 0.0, dt, ends, before, plan, run)
    low, high = 0.0, top_k
    while none >= AIM and high - low > CLOSE:
        share = 0.5 * (low + high)
        if _gas_slack(k, share, dt, ends, before, plan, run) >= AIM:
            low = share
        else:
            high = share
    _gas_slack(k, low, dt, ends, before, plan, run)


@kernel(f8(f8, PAIR, f8, f8, Run.kind, Setting.kind), inner=True)
def find_levers(dt: float, edges: tuple[float, float], temperature: float, volume: float, run: Run, setting: Setting) -> float:
    """Set the levers by the linear model. Returns by how much they move, 1 being what is worth another try.

    ``temperature``, ``volume``: how the step ends with the levers that stand.
    """
    plan, now, control = setting.plan, run.now, run.control
    heats = capacity(run)
    lever, slope = control.lever, max(heats, 1.0)
    before = (lever[0], lever[1], lever[2], lever[3])
    frozen = now.slope > 0.0 and now.molten == 0.0 and now.temperature < plan.coldest  # a furnace that has to melt first is not fed
    most_fed = 0.0 if frozen else 1.0
    lever[LEVER.feed], lever[LEVER.blast] = most_fed, supply(lever[LEVER.burner], plan, control)
    control.held[0], control.held[1] = LIMIT.heat if frozen else -1.0, -1.0
    chokes = False
    for turn in range(ROUNDS):
        t, v, moved = _follow(dt, (temperature, volume), before, plan, run)
        hot, cold, gas = slack_of(plan, dt, edges, t, v)
        limit = LIMIT.cooling if hot <= min(cold, gas) else LIMIT.heat if cold <= gas else LIMIT.off_gas
        slack = min(hot, cold, gas)
        chokes = chokes or (gas < 0.999 * AIM and not frozen)
        if turn == ROUNDS // 2 and chokes:
            _close_in(most_fed, dt, (temperature, volume), before, plan, run)
            continue
        if slack < 0.999 * AIM:
            k = _cut(limit, dt, plan, control, slope)
            if k < 0 and gas < 0.999 * AIM:  # what no lever helps does not hide the off-gas
                limit, slack = LIMIT.off_gas, gas
                k = _cut(limit, dt, plan, control, slope)
            if k >= 0:
                gain = _gain(limit, k, dt, plan, control, slope)
                lever[k] = max(lever[k] + (AIM - slack) / gain, 0.0)
                control.held[k] = limit
                continue
        if turn < ROUNDS // 2:  # what was cut more than it need have been
            for k in range(2):
                held = int(control.held[k])
                if held >= 0 and (slack >= 0.999 * AIM or _gain(limit, k, dt, plan, control, slope) >= 0.0):
                    own = hot if held == LIMIT.cooling else cold if held == LIMIT.heat else gas
                    gain = _gain(held, k, dt, plan, control, slope)
                    top = most_fed if k == LEVER.feed else supply(lever[LEVER.burner], plan, control)
                    if own > 1.01 * AIM and gain < 0.0 and lever[k] < top:
                        new = min(lever[k] + (AIM - own) / gain, top)
                        moved = max(moved, abs(new - lever[k]))
                        lever[k] = new
                        if new == top and not frozen:
                            control.held[k] = -1.0
        if moved < 1e-9:
            break
    worth = 0.0
    for k in range(4):
        moved = abs(lever[k] - before[k])
        kelvin = abs(control.heat[k]) * moved * dt / slope if heats > 0.0 else 0.0
        close = (BURNER_KEPT if k == LEVER.burner else CLOSELY * plan.band) * min(dt / REACHES, 1.0) if now.slope > 0.0 else FILLED_TO
        worth = max(worth, kelvin / close)
        if plan.gas_limit < math.inf:
            worth = max(worth, abs(control.volume[k]) * moved / (plan.gas_limit * GAS_BAND * CLOSELY))
    return worth


@kernel()
def learn(dt: float, before: tuple[float, float, float, float], temperature: float, volume: float, plan: Record, run: Run) -> None:
    """Correct the slopes by what a change of the levers from ``before`` did: it changed how the step ends by ``temperature`` and ``volume``.

    What else moved the bath while a lever moved next to nothing is not the flame's doing: it gives no more than :data:`MOST_OF_A_FLAME` of its power.
    """
    control, slope = run.control, max(capacity(run), 1.0)
    heat, gas, square = temperature * slope / dt, volume / dt, 0.0
    for k in range(4):
        moved = control.lever[k] - before[k]
        heat -= control.heat[k] * moved
        gas -= control.volume[k] * moved
        square += moved * moved
    if square < 1e-8:
        return
    for k in range(4):
        moved = control.lever[k] - before[k]
        old = control.heat[k]
        control.heat[k] += heat * moved / square
        control.volume[k] += gas * moved / square
        if k >= LEVER.burner and control.heat[k] / (old if old != 0.0 else 1.0) < 0.3:  # a flame heats, and cold scrap cools
            control.heat[k] = 0.3 * old
    control.heat[LEVER.burner] = min(control.heat[LEVER.burner], MOST_OF_A_FLAME * plan.burner_power)
