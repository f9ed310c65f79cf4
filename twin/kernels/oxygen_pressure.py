"""The oxygen pressure at which metal, slag and gas hold the oxygen that there is: the one unknown of :mod:`twin.kernels.smelting`."""

from __future__ import annotations

import math
from typing import NamedTuple

from twin.kernels.compile import kernel
from twin.kernels.phases import CLOSED, most_in_metal, split_phases
from twin.kernels.record_table import Record, Records

LEAST, MOST = -13.0, -4.0  # log10 pO2 of the range that the model is meant for; it is extended beyond, and counted
LN10 = math.log(10.0)
FLOOR = -184.0  # ln pO2: 1e-80 atm, where no oxide is left
TOP = 1e-6  # how far below the total pressure, in ln, the search for pO2 ends
NARROWEST = 1e-11  # of ln pO2, where the jump is many times the oxygen
COLLAPSED = 1e-8  # of ln pO2: two sides of a jump; between them amounts are linear to 1e-16


class Share(NamedTuple):
    """The bundle of a :class:`~twin.kernels.smelting_tables.Melt` that the search for the pressure works on, its single records taken out."""

    at: Records
    conditions: Record
    present: Records
    mixture: Record


@kernel()
def dissolved_oxygen(dilute: float, self_interaction: float, most: float) -> float:
    """Oxygen in copper, x_O/x_Cu, that is ``dilute`` by Sieverts' law: x exp(``self_interaction`` x) = ``dilute``, at most ``most``. Newton in ln x.

    >>> round(dissolved_oxygen(0.02, 0.0, 0.08), 6), round(dissolved_oxygen(0.02, -5.7, 0.08), 6), dissolved_oxygen(1.0, -5.7, 0.08)
    (0.02, 0.022772, 0.08)
    """
    if self_interaction == 0.0 or dilute < 1e-9:
        return min(dilute, most)
    if dilute >= most * math.exp(self_interaction * most):
        return most
    x = dilute
    for _ in range(30):
        step = (math.log(x / dilute) + self_interaction * x) / (1.0 / x + self_interaction)
        x = min(max(x - step, 0.5 * x), most)
        if abs(step) <= 1e-15 * x:
            break
    return x


@kernel()
def set_pressure(u: float, share: Share) -> None:
    """Set what depends on ln pO2 = ``u`` alone, in the PRESENT and the MIXTURE of ``share``."""
    conditions, mixture = share.conditions, share.mixture
    po2, root = math.exp(u), math.exp(0.5 * u)
    co, co2 = math.exp(conditions.ln_co) * root, math.exp(conditions.ln_co2) * po2
    mixture.held, mixture.o2 = co + co2, po2 / conditions.pressure
    mixture.dissolved = dissolved_oxygen(math.exp(conditions.ln_dissolved) * root, conditions.self_oxygen, conditions.most_oxygen)
    turned = min(max(u, LEAST * LN10), MOST * LN10) - conditions.pivot
    for k in range(mixture.present):
        element = share.present[k]
        own = share.at[element.which]
        e = math.exp(own.c + own.half * u + own.turn * turned)
        element.oxide_to_gas = e * own.gas_oxide
        e *= own.slag * math.exp(-element.shift) if element.shift != 0.0 else own.slag
        higher = e * math.exp(own.higher + 0.5 * own.more * u) if own.more > 0.0 else 0.0
        element.to_slag = e + higher
        element.higher = higher / (e + higher) if higher > 0.0 else 0.0
        element.most = most_in_metal(u, own)
        element.to_gas = own.gas_metal + element.oxide_to_gas


@kernel()
def oxygen_needed(u: float, share: Share) -> float:
    """Oxygen [mol O] that metal, slag and gas hold at ln pO2 = ``u``; it rises with u. NaN where the split did not converge.

    What depends on u is set here, in the PRESENT and the MIXTURE of ``share``.
    """
    conditions, mixture = share.conditions, share.mixture
    set_pressure(u, share)
    po2, root = math.exp(u), math.exp(0.5 * u)
    co, co2, water = math.exp(conditions.ln_co) * root, math.exp(conditions.ln_co2) * po2, math.exp(conditions.ln_water) * root
    phases = mixture.phases
    for j in range(3):
        phases[j] = max(phases[j], 1e-3 * mixture.total)
    steps = split_phases(share.at, share.present, mixture)
    for tried in range(2):  # from elsewhere: next to no gas, then as much of each
        if steps == 0:
            phases[0] = phases[1] = mixture.total
            phases[2] = 1e-12 * mixture.total if tried == 0 else mixture.total
            steps = split_phases(share.at, share.present, mixture)
    if steps == 0:
        return math.nan
    in_metal, in_slag, in_gas = 0.0, 0.0, 2.0 * mixture.o2 * phases[2]
    for k in range(mixture.present):
        element = share.present[k]
        own = share.at[element.which]
        z, x = 2.0 * own.half, element.in_metal
        in_slag += (z + own.more * element.higher) * element.in_slag * phases[1] + 2.0 * own.solid_half * element.solid
        in_gas += z * x * element.oxide_to_gas * phases[2]
        in_metal += own.copper * mixture.dissolved * x * phases[0]
    saturated = mixture.held < 1.0 - mixture.o2
    carbon = min(mixture.carbon, mixture.held * phases[2]) if saturated else mixture.carbon
    in_gas += carbon * (co + 2.0 * co2) / (co + co2) + 0.5 * mixture.hydrogen * water / (1.0 + water)
    mixture.oxygen[0], mixture.oxygen[1], mixture.oxygen[2] = in_metal, in_slag, in_gas
    mixture.carbon_gas, mixture.ratio = carbon, co2 / co
    mixture.steps += steps
    return float(in_metal + in_slag + in_gas)


@kernel()
def oxygen_root(guess: float, available: float, share: Share) -> tuple[float, float]:
    """Two values of ln pO2 that hold between them the one at which the available oxygen is needed; NaN where a split did not converge.

    They are equal where it was found, and at FLOOR or the top where it is beyond. Where two solutions share one composition, as copper and its
    pure oxide do, the need jumps at one pressure: the two values are then the two sides of the jump. ``share`` stands at the second.
    """
    top = math.log(share.conditions.pressure) - TOP
    phases, mixture = share.mixture.phases, share.mixture
    for j in range(3):
        phases[j] = mixture.total
    if available <= 0.0:
        needed = oxygen_needed(FLOOR, share)
        return FLOOR, FLOOR if math.isfinite(needed) else math.nan
    b, width = min(guess, top), LN10
    fb = oxygen_needed(b, share) - available
    a, fa = b, fb
    while abs(fb) > CLOSED * available and (fa > 0.0) == (fb > 0.0):  # widen until the bracket holds the root
        if (fb > 0.0 and b == FLOOR) or (fb < 0.0 and b == top):
            return b, b
        a, fa = b, fb
        b = max(b - width, FLOOR) if fb > 0.0 else min(b + width, top)
        width *= 2.0
        fb = oxygen_needed(b, share) - available
    if abs(fb) <= CLOSED * available:
        return b, b
    # Chandrupatla 1997: inverse quadratic interpolation where it is safe, else bisection
    c, fc = a, fa
    t = min(max(fa / (fa - fb), 0.02), 0.98)
    for _ in range(200):
        x = a + t * (b - a)
        fx = oxygen_needed(x, share) - available
        if abs(fx) <= CLOSED * available:
            return x, x
        if math.isnan(fx):
            return x, math.nan
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        if abs(b - a) <= COLLAPSED and (abs(fb - fa) <= 10.0 * available or abs(b - a) <= NARROWEST):
            return b, a
        t = 0.5
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        if phi * phi < xi and (1.0 - phi) * (1.0 - phi) < 1.0 - xi:
            t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        least = 0.4 * COLLAPSED / abs(b - a)
        t = min(max(t, least), 1.0 - least) if least < 0.4 else 0.5
    return a, math.nan
