"""How much of its rates a furnace step can run at: the limits of a phase, its burner and its coolant.

Feed, blast and reductant run at their rates times one factor, at most 1. It is the largest one at which the bought oxygen and the burnt off-gas
keep to their limits, and the bath ends the step neither above ``hottest`` nor below ``coldest``; a bath that is above may only be fed with what cools
it, one that is below with what does not slow its heating. The factor of the last step, somewhat raised, is tried first; where it is too large the root
is bracketed. The burner is an integral controller of ``target``; coolant comes in proportion within ``band`` below ``hottest``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from twin.kernels import furnace_plan as fp
from twin.kernels import furnace_space as fs
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_space import MOLTEN_FROM, NORMAL, Setting, Space
from twin.kernels.furnace_step import step
from twin.kernels.physical_constants import AIR_OXYGEN

# Entries of what steers a run: factor and limit of the last step, share of burner and coolant, mol O2 for a kg of fuel, the burner's most, kg of a mol O2
FACTOR, LIMIT, BURNER, COOLING_SHARE, NEED, MOST_BURNER, O2_MASS = range(7)
SURELY_COLD, SURELY_HOT = MOLTEN_FROM - 100.0, MOLTEN_FROM + 100.0  # K, by the heat content of an unreacted charge
USEFUL = 0.5  # of the flame's heat, for the burner's control only: that above a bath's temperature
GAIN = 0.5  # of what would reach the target in a step
FLAME_SHARE = 0.95  # of the off-gas limit: the rest is for the bath
TRIES = 8
KEPT = 1e-6  # how closely a limit is kept, as share of it or of the band
CLOSELY = 0.05  # of a limit or the band: near enough below it
NEARLY = 0.99  # of the secant, so that the next try keeps the limit
MOMENT = 1e-9  # s
FED_UP = 1e-12  # share of the feed


class Run(NamedTuple):
    """The state of a run of steps: bath, NOW, drive of the last step, what is left, steering, streams and sums.

    ``left``: share of the feed, kg of coolant, kg of reductant, and kg of all the feed.
    """

    old: Floats
    now: Floats
    drive: Floats
    left: Floats
    control: Floats
    streams: Floats
    sums: Floats


@kernel()
def bought(volume: float, fraction: float) -> float:
    """Bought oxygen in a gas of ``volume`` with the O2 fraction ``fraction``, the rest being air.

    >>> round(bought(1.0, 0.21), 12), round(bought(1.0, 0.605), 12), round(bought(2.0, 1.0), 12)
    (0.0, 0.5, 2.0)
    """
    return volume * (fraction - AIR_OXYGEN) / (1.0 - AIR_OXYGEN)


@kernel()
def _drive(plan: Floats, dt: float, factor: float, burner: float, coolant: float, left: Floats, need: float, hot: bool, drive: Floats) -> None:
    """Fill in what a step is driven by. ``left``: share of feed, kg of coolant, kg of reductant, kg of feed; ``need``: mol O2 for a kg of fuel."""
    drive[:] = 0.0
    drive[fs.DT] = dt
    if left[3] > 0.0:
        drive[fs.FED] = min(factor * plan[fp.FEED_RATE] * dt / left[3], left[0])
    fuel = burner * plan[fp.POWER] * dt / plan[fp.LHV]
    drive[fs.FUEL_KG] = fuel
    drive[fs.FLAME_O2] = fuel * need * plan[fp.BURNER_EXCESS]
    flame = drive[fs.FLAME_O2] / plan[fp.BURNER_OXYGEN]
    drive[fs.FLAME_N2] = flame * (1.0 - plan[fp.BURNER_OXYGEN])
    drive[fs.BOUGHT_O2] = bought(flame, plan[fp.BURNER_OXYGEN])
    if hot:
        drive[fs.COOLANT_KG] = min(coolant * plan[fp.COOLANT_RATE] * dt, left[1])
        drive[fs.REDUCTANT_KG] = min(factor * plan[fp.REDUCTANT_RATE] * dt, left[2])
        blast = factor * plan[fp.BLAST] * dt * NORMAL
        drive[fs.BLAST_O2], drive[fs.BLAST_N2] = blast * plan[fp.BLAST_OXYGEN], blast * (1.0 - plan[fp.BLAST_OXYGEN])
        drive[fs.BOUGHT_O2] += bought(blast, plan[fp.BLAST_OXYGEN])


@kernel()
def try_step(plan: Floats, dt: float, factor: float, run: Run, setting: Setting, space: Space) -> int:
    """Try a step from the state of the run, at ``factor`` of the rates. Returns 0 or a status of ``smelt``."""
    run.sums[fp.TRIED] += 1.0
    now = run.now
    _drive(plan, dt, factor, run.control[BURNER], run.control[COOLING_SHARE], run.left, run.control[NEED], now[fs.MOLTEN] > 0.0, run.drive)
    return step(run.old, now, run.drive, setting, space)


@kernel()
def set_burner(plan: Floats, run: Run) -> None:
    """Set burner and coolant for the next step."""
    now, control = run.now, run.control
    if plan[fp.POWER] > 0.0:
        lance = plan[fp.MANNER + fs.BURNER_IN_BATH]
        reaches = USEFUL * (lance + (1.0 - lance) * plan[fp.MANNER + fs.BURNER_RETURN]) * plan[fp.DT] * plan[fp.POWER]
        wanted = (plan[fp.TARGET] - now[fs.T]) * now[fs.B] / max(reaches, 1.0)
        control[BURNER] = min(max(control[BURNER] + GAIN * wanted, 0.0), control[MOST_BURNER])
    control[COOLING_SHARE] = min(max((now[fs.T] - plan[fp.HOTTEST]) / plan[fp.BAND] + 1.0, 0.0), 1.0)


@kernel()
def supply(plan: Floats, control: Floats) -> float:
    """Largest factor that the bought oxygen allows."""
    blast = bought(plan[fp.BLAST], plan[fp.BLAST_OXYGEN])
    if blast <= 0.0 or plan[fp.OXYGEN_LIMIT] == math.inf:
        return 1.0
    flame = control[BURNER] * plan[fp.POWER] / plan[fp.LHV] * control[NEED] * plan[fp.BURNER_EXCESS] / plan[fp.BURNER_OXYGEN] / NORMAL
    return float(min(max((plan[fp.OXYGEN_LIMIT] - bought(flame, plan[fp.BURNER_OXYGEN])) / blast, 0.0), 1.0))


@kernel()
def limit_step(plan: Floats, dt: float, factor: float, run: Run, setting: Setting, space: Space) -> int:
    """Try a step at ``factor`` of the rates, and at less until it keeps to the limits. Leaves factor and limit (-1: none) in the run's control."""
    now, control = run.now, run.control
    start, empty = now[fs.T], now[fs.B] <= 0.0
    floor, limit = plan[fp.COLDEST], -1
    if start < floor and not empty:
        status = try_step(plan, dt, 0.0, run, setting, space)
        if status != 0 or now[fs.MOLTEN] == 0.0:
            control[FACTOR], control[LIMIT] = 0.0, fp.HEATING
            return status
        floor = min(floor, space.then[fs.T])
    top = factor
    if control[LIMIT] >= 0.0 and control[FACTOR] > 0.0:
        factor = min(top, control[FACTOR])
    low, high, at_low, at_high = 0.0, top, math.nan, math.nan
    for tried in range(TRIES):
        factor = low if tried == TRIES - 1 else factor
        status = try_step(plan, dt, factor, run, setting, space)
        if status != 0:
            return status
        slack, nearest = slack_of(plan, dt, start, floor, empty, space.then)
        if slack >= -KEPT:
            if factor >= top or slack <= CLOSELY or tried == TRIES - 1:
                break
            low, at_low = factor, slack
        elif factor == 0.0:
            limit = nearest
            break
        else:
            high, at_high, limit = factor, slack, nearest
        if math.isnan(at_high):
            factor = top
            continue
        if math.isnan(at_low):
            factor = 0.9 * factor if tried == 0 and factor < top else 0.0
            continue
        factor = low + NEARLY * (high - low) * at_low / (at_low - at_high)
    control[FACTOR], control[LIMIT] = factor, float(limit)
    return 0


@kernel()
def slack_of(plan: Floats, dt: float, start: float, floor: float, free: bool, then: Floats) -> tuple[float, int]:
    """By how much a step keeps to the limits of off-gas and temperature, negative where it does not, and the one that is nearest."""
    slack, limit = 1.0, fp.OFF_GAS
    if plan[fp.GAS_LIMIT] < math.inf:
        slack = 1.0 - then[fs.VOLUME] / (plan[fp.GAS_LIMIT] * dt)
    if free:
        return slack, limit
    hot = (max(plan[fp.HOTTEST], start) - then[fs.T]) / plan[fp.BAND]
    if hot < slack:
        slack, limit = hot, fp.COOLING
    cold = (then[fs.T] - floor) / plan[fp.BAND]
    if cold < slack:
        slack, limit = cold, fp.HEATING
    return slack, limit


@kernel()
def length(plan: Floats, factor: float, run: Run) -> float:
    """Length of the next step [s]."""
    seconds = run.sums[fp.SECONDS]
    dt = min(plan[fp.DT], plan[fp.AT_MOST] - seconds)
    if seconds < plan[fp.AT_LEAST] - MOMENT:
        dt = min(dt, plan[fp.AT_LEAST] - seconds)
    if run.left[0] > 0.0 and plan[fp.FEED_RATE] * factor > 0.0:
        dt = min(dt, max(run.left[0] * run.left[3] / (plan[fp.FEED_RATE] * factor), min(1.0, dt)))
    return float(dt)


@kernel()
def throttled(plan: Floats, left: Floats, now: Floats) -> bool:
    """Whether there is anything that the factor acts on."""
    melts = now[fs.MOLTEN] > 0.0
    return bool((left[0] > 0.0 and plan[fp.FEED_RATE] > 0.0) or (melts and (plan[fp.BLAST] > 0.0 or (plan[fp.REDUCTANT_RATE] > 0.0 and left[2] > 0.0))))


@kernel()
def most_burner(plan: Floats, need: float, moles: Floats) -> float:
    """Share of the burner's power whose gas the off-gas limit can take. ``moles`` (species,): of a kg of fuel, burnt."""
    products = 0.0
    for j in range(moles.shape[0]):
        products += moles[j]
    products += need * (plan[fp.BURNER_EXCESS] / plan[fp.BURNER_OXYGEN] - 1.0)
    volume = plan[fp.POWER] / plan[fp.LHV] * products / NORMAL
    return min(1.0, FLAME_SHARE * plan[fp.GAS_LIMIT] / volume) if volume > 0.0 else 1.0
