"""How much of its rates a furnace step can run at: the limits of a phase, its burner and its coolant.

Feed, blast and reductant run at their rates times one factor, at most 1. It is the largest one at which the bought oxygen and the burnt off-gas
keep to their limits, and the bath ends the step neither above ``hottest`` nor below ``coldest``; a bath that is above may only be fed with what cools
it, one that is below with what does not slow its heating. The factor of the last step, somewhat raised, is tried first; where it is too large the root
is bracketed. The burner is an integral controller of ``target``; coolant comes in proportion within ``band`` below ``hottest``.
"""

from __future__ import annotations

import math

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_space import MOLTEN_FROM, NORMAL, Run, Setting, Space
from twin.kernels.furnace_step import step
from twin.kernels.furnace_tables import LIMIT
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.kernels.record_table import Record

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


@kernel()
def bought(volume: float, fraction: float) -> float:
    """Bought oxygen in a gas of ``volume`` with the O2 fraction ``fraction``, the rest being air.

    >>> round(bought(1.0, 0.21), 12), round(bought(1.0, 0.605), 12), round(bought(2.0, 1.0), 12)
    (0.0, 0.5, 2.0)
    """
    return volume * (fraction - AIR_OXYGEN) / (1.0 - AIR_OXYGEN)


@kernel()
def _drive(plan: Record, dt: float, factor: float, hot: bool, control: Record, drive: Record) -> None:
    """Fill in what a step is driven by, at ``factor`` of the rates."""
    drive.dt = dt
    drive.fed = drive.coolant = drive.reductant = drive.blast_o2 = drive.blast_n2 = 0.0
    if control.feed_mass > 0.0:
        drive.fed = min(factor * plan.feed_rate * dt / control.feed_mass, control.feed_left)
    fuel = control.burner * plan.burner_power * dt / plan.fuel_lhv
    drive.fuel = fuel
    drive.flame_o2 = fuel * control.need * plan.burner_excess
    flame = drive.flame_o2 / plan.burner_oxygen
    drive.flame_n2 = flame * (1.0 - plan.burner_oxygen)
    drive.bought_o2 = bought(flame, plan.burner_oxygen)
    if hot:
        drive.coolant = min(control.cooling * plan.coolant_rate * dt, control.coolant_left)
        drive.reductant = min(factor * plan.reductant_rate * dt, control.reductant_left)
        blast = factor * plan.blast * dt * NORMAL
        drive.blast_o2, drive.blast_n2 = blast * plan.blast_oxygen, blast * (1.0 - plan.blast_oxygen)
        drive.bought_o2 += bought(blast, plan.blast_oxygen)


@kernel()
def try_step(dt: float, factor: float, run: Run, setting: Setting, space: Space) -> int:
    """Try a step from the state of the run, at ``factor`` of the rates. Returns 0 or a status of ``smelt``."""
    run.sums.tried += 1.0
    _drive(setting.plan, dt, factor, run.now.molten > 0.0, run.control, run.drive)
    return step(run.old, run.now, run.drive, setting, space)


@kernel()
def set_burner(plan: Record, run: Run) -> None:
    """Set burner and coolant for the next step."""
    now, control = run.now, run.control
    if plan.burner_power > 0.0:
        lance = plan.burner_in_bath
        reaches = USEFUL * (lance + (1.0 - lance) * plan.burner_return) * plan.dt * plan.burner_power
        wanted = (plan.target - now.temperature) * now.slope / max(reaches, 1.0)
        control.burner = min(max(control.burner + GAIN * wanted, 0.0), control.most_burner)
    control.cooling = min(max((now.temperature - plan.hottest) / plan.band + 1.0, 0.0), 1.0)


@kernel()
def supply(plan: Record, control: Record) -> float:
    """Largest factor that the bought oxygen allows."""
    blast = bought(plan.blast, plan.blast_oxygen)
    if blast <= 0.0 or plan.oxygen_limit == math.inf:
        return 1.0
    flame = control.burner * plan.burner_power / plan.fuel_lhv * control.need * plan.burner_excess / plan.burner_oxygen / NORMAL
    return float(min(max((plan.oxygen_limit - bought(flame, plan.burner_oxygen)) / blast, 0.0), 1.0))


@kernel()
def limit_step(dt: float, factor: float, run: Run, setting: Setting, space: Space) -> int:
    """Try a step at ``factor`` of the rates, and at less until it keeps to the limits. Leaves factor and limit (-1: none) in the run's control."""
    plan, now, control = setting.plan, run.now, run.control
    start, empty = now.temperature, now.slope <= 0.0
    floor, limit = plan.coldest, -1
    if start < floor and not empty:
        status = try_step(dt, 0.0, run, setting, space)
        if status != 0 or now.molten == 0.0:
            control.factor, control.limit = 0.0, LIMIT.heat
            return status
        floor = min(floor, space.then.temperature)
    top = factor
    if control.limit >= 0.0 and control.factor > 0.0:
        factor = min(top, control.factor)
    low, high, at_low, at_high = 0.0, top, math.nan, math.nan
    for tried in range(TRIES):
        factor = low if tried == TRIES - 1 else factor
        status = try_step(dt, factor, run, setting, space)
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
    control.factor, control.limit = factor, limit
    return 0


@kernel()
def slack_of(plan: Record, dt: float, start: float, floor: float, free: bool, then: Record) -> tuple[float, int]:
    """By how much a step keeps to the limits of off-gas and temperature, negative where it does not, and the one that is nearest."""
    slack, limit = 1.0, LIMIT.off_gas
    if plan.gas_limit < math.inf:
        slack = 1.0 - then.gas_volume / (plan.gas_limit * dt)
    if free:
        return slack, limit
    hot = (max(plan.hottest, start) - then.temperature) / plan.band
    if hot < slack:
        slack, limit = hot, LIMIT.cooling
    cold = (then.temperature - floor) / plan.band
    if cold < slack:
        slack, limit = cold, LIMIT.heat
    return slack, limit


@kernel()
def length(plan: Record, factor: float, run: Run) -> float:
    """Length of the next step [s]."""
    seconds = run.sums.seconds
    dt = min(plan.dt, plan.at_most - seconds)
    if seconds < plan.at_least - MOMENT:
        dt = min(dt, plan.at_least - seconds)
    if run.control.feed_left > 0.0 and plan.feed_rate * factor > 0.0:
        dt = min(dt, max(run.control.feed_left * run.control.feed_mass / (plan.feed_rate * factor), min(1.0, dt)))
    return float(dt)


@kernel()
def throttled(plan: Record, control: Record, now: Record) -> bool:
    """Whether there is anything that the factor acts on."""
    feeds = control.feed_left > 0.0 and plan.feed_rate > 0.0
    reduces = plan.reductant_rate > 0.0 and control.reductant_left > 0.0
    return bool(feeds or (now.molten > 0.0 and (plan.blast > 0.0 or reduces)))


@kernel()
def most_burner(plan: Record, need: float, moles: Floats) -> float:
    """Share of the burner's power whose gas the off-gas limit can take. ``moles`` (species,): of a kg of fuel, burnt."""
    products = 0.0
    for j in range(moles.shape[0]):
        products += moles[j]
    products += need * (plan.burner_excess / plan.burner_oxygen - 1.0)
    volume = plan.burner_power / plan.fuel_lhv * products / NORMAL
    return min(1.0, FLAME_SHARE * plan.gas_limit / volume) if volume > 0.0 else 1.0
