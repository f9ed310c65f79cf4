"""Oxygen pressure, the solutions' moles and basicity found together: Newton's method for five unknowns, from an equilibrium that is near.

The nested search of :mod:`twin.kernels.oxygen_pressure` finds every root, each of its pressures at a split of its own: some 70 splits' steps from near,
250 from far. Here all is solved at once, in 4 to 8 evaluations; where that does not converge, the nested search does. The unknowns move by ln m, ln s, ln g
(moles of metal, slag and gas), u = ln pO2 and the basicity b. An element has x in metal and y = Y(x, u, b) in slag, and holds x (m + E_g g) + y s = n, so that

    dx = -(x dm + y ds + E_g x dg + (x g dE_g/du + s dY/du) du + s dY/db db) / (m + E_g g + s dY/dx)

Where its solid oxide is there, x follows the pressure alone and what is left of n is solid.
"""

from __future__ import annotations

import math

from twin.kernels.basicity import MOST_ACID, MOST_BASIC, set_basicity
from twin.kernels.compile import kernel
from twin.kernels.oxygen_pressure import FLOOR, LEAST, LN10, MOST, TOP, Share, set_pressure
from twin.kernels.phases import BARRIER, fall_of, pure_at, pure_limited, self_limited
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_tables import UNKNOWN

WIDTH = len(UNKNOWN) + 1  # of a row of the linear system: its last place is the residual
METAL, SLAG, GAS, PRESSURE, BASICITY = UNKNOWN
TURNS = 40
SETTLED, NEARLY_SETTLED = 1e-9, 1e-7  # of the last step, of moles, of ln pO2 and of the basicity: the next would be its square; and from near
OPEN = 1e-10  # of all oxygen
FURTHEST, FURTHEST_BASICITY = 2.3, 0.2  # of a step of ln pO2, of one of the basicity


@kernel()
def _respond(constant: bool, element: Record, own: Record, mixture: Record) -> tuple[float, float, float, float, bool]:
    """Set the fractions of an element in metal and slag; returns dY/dx, dY/du, dY/db, dx/du and whether its solid oxide is there."""
    m, s, g = mixture.phases[METAL], mixture.phases[SLAG], mixture.phases[GAS]
    n, e, others = element.moles, element.to_slag, m + element.to_gas * g
    rise = own.half + (own.turn if LEAST * LN10 < mixture.u < MOST * LN10 else 0.0) + 0.5 * own.more * element.higher
    if constant:
        x = n / (others + e * s)
    elif element.pure != 0.0:
        y = pure_limited(n, others / e, s, element.in_slag, element.pure)
        away = max(1.0 - y, 0.0)
        x = y * math.exp(element.pure * (away * away - 1.0)) / e
    else:
        x = self_limited(n, others, e * s, element.in_metal, own.self, own.limit)
    solid, follows = x > element.most, 0.0
    x = min(x, element.most)
    by_x, by_u, by_b = e, rise, -own.basicity
    if not constant and element.pure != 0.0:
        if solid:
            y = pure_at(e * x, element.pure)
        away = max(1.0 - y, 0.0)
        bend = 1.0 / y - 2.0 * element.pure * away
        by_x, by_u, by_b = 1.0 / (x * bend), rise / bend, -own.basicity * away * away / bend
    else:
        fall = e if constant else e * fall_of(x, own)
        y = fall * x
        by_x = fall * (1.0 - own.self * x) if own.self > 0.0 and x < own.limit else fall
        by_u, by_b = rise * y, -own.basicity * y
    if solid:
        follows = -own.solid_half * x if own.self <= 0.0 or x >= own.limit else -own.solid_half / (1.0 / x - own.self)
    element.in_metal, element.in_slag = x, y
    element.solid = max(n - x * others - y * s, 0.0) if solid else 0.0
    return by_x, by_u, by_b, follows, solid


@kernel()
def _add_element(constant: bool, base: float, element: Record, own: Record, mixture: Record) -> None:
    """Add what an element holds to the residuals and to their derivatives."""
    a, m, s, g = mixture.system, mixture.phases[METAL], mixture.phases[SLAG], mixture.phases[GAS]
    by_x, by_u, by_b, follows, solid = _respond(constant, element, own, mixture)
    x, y, gas, oxide = element.in_metal, element.in_slag, element.to_gas, element.oxide_to_gas
    gas_u = (own.half + (own.turn if LEAST * LN10 < mixture.u < MOST * LN10 else 0.0)) * oxide
    inverse = 0.0 if solid else 1.0 / (m + gas * g + s * by_x)
    z, more = 2.0 * own.half, own.more * element.higher
    in_oxide, in_metal, in_solid = z + more, own.copper * mixture.dissolved, 2.0 * own.solid_half if solid else 0.0
    mixture.oxygen[METAL] += in_metal * x * m
    mixture.oxygen[SLAG] += in_oxide * y * s + in_solid * element.solid
    mixture.oxygen[GAS] += z * oxide * x * g
    atoms = y * s + element.solid
    mixture.slag_atoms += atoms
    mixture.slag_base += base * atoms
    a[METAL * WIDTH + 5] -= (1.0 + in_metal) * x
    a[SLAG * WIDTH + 5] -= y
    a[GAS * WIDTH + 5] -= gas * x
    over = base - mixture.basicity
    for c in range(5):
        held = x * m if c == METAL else y * s if c == SLAG else gas * x * g if c == GAS else x * g * gas_u if c == PRESSURE else 0.0
        moved = s * by_u if c == PRESSURE else s * by_b if c == BASICITY else 0.0
        dx = (follows if c == PRESSURE else 0.0) if solid else -(held + moved) * inverse
        dy = by_x * dx + (by_u if c == PRESSURE else by_b if c == BASICITY else 0.0)
        dsolid = -((m + gas * g) * dx + s * dy + held) if solid else 0.0
        a[METAL * WIDTH + c] -= (1.0 + in_metal) * dx
        a[SLAG * WIDTH + c] -= dy
        a[GAS * WIDTH + c] -= gas * dx
        doxygen = in_metal * m * dx + in_oxide * s * dy + z * oxide * g * dx + in_solid * dsolid
        datoms = s * dy + dsolid
        if c == METAL:
            doxygen += in_metal * x * m
        elif c == SLAG:
            doxygen += in_oxide * y * s
            datoms += y * s
        elif c == GAS:
            doxygen += z * oxide * x * g
        elif c == PRESSURE:
            doxygen += 0.5 * own.more * more * (1.0 - element.higher) * y * s + z * gas_u * x * g
        a[PRESSURE * WIDTH + c] += doxygen
        a[BASICITY * WIDTH + c] -= over * datoms
    copper = own.copper * mixture.dissolved * mixture.dissolved_rise
    a[METAL * WIDTH + PRESSURE] -= copper * x
    a[GAS * WIDTH + PRESSURE] -= gas_u * x
    a[PRESSURE * WIDTH + PRESSURE] += copper * x * m


@kernel()
def _add_gas(u: float, share: Share) -> None:
    """Add what is in the gas beside vapours, and what keeps each solution alive in the arithmetic."""
    conditions, mixture = share.conditions, share.mixture
    a, phases = mixture.system, mixture.phases
    g, barrier = phases[GAS], BARRIER * mixture.total
    co, co2 = math.exp(conditions.ln_co + 0.5 * u), math.exp(conditions.ln_co2 + u)
    water = math.exp(conditions.ln_water + 0.5 * u)
    room = 1.0 - mixture.o2
    for j in range(3):
        alive = barrier + (mixture.inert if j == SLAG else mixture.permanent if j == GAS else 0.0)
        a[j * WIDTH + 5] += (room if j == GAS else 1.0) - alive / phases[j]
        a[j * WIDTH + j] += alive / phases[j]
    a[GAS * WIDTH + PRESSURE] -= mixture.o2
    each, spread = (co + 2.0 * co2) / (co + co2), 0.5 * co * co2 / ((co + co2) * (co + co2))
    solid = mixture.held < room and mixture.held * g < mixture.carbon
    if solid:
        carbon, rise = mixture.held * g, 0.5 * co + co2
        a[GAS * WIDTH + 5] -= mixture.held
        a[GAS * WIDTH + PRESSURE] -= rise
        a[PRESSURE * WIDTH + GAS] += carbon * each
        a[PRESSURE * WIDTH + PRESSURE] += rise * g * each
    else:
        carbon = mixture.carbon
        a[GAS * WIDTH + 5] -= carbon / g
        a[GAS * WIDTH + GAS] += carbon / g
    steam = 0.5 * mixture.hydrogen * water / (1.0 + water)
    free = 2.0 * mixture.o2 * g
    mixture.oxygen[GAS] += free + carbon * each + steam
    a[PRESSURE * WIDTH + GAS] += free
    a[PRESSURE * WIDTH + PRESSURE] += free + carbon * spread + 0.5 * steam / (1.0 + water)
    mixture.carbon_gas, mixture.ratio = carbon, co2 / co


@kernel()
def _set_up(u: float, available: float, elements: Records, share: Share) -> None:
    """The linear system of a step: residuals, and how they change with ln m, ln s, ln g, ln pO2 and the basicity."""
    mixture, conditions = share.mixture, share.conditions
    a = mixture.system
    for k in range(5 * WIDTH):
        a[k] = 0.0
    for j in range(3):
        mixture.oxygen[j] = 0.0
    set_basicity(mixture.basicity, share)
    set_pressure(u, share)
    mixture.u, mixture.slag_atoms, mixture.slag_base = u, 0.0, 0.0
    dilute = mixture.dissolved
    mixture.dissolved_rise = 0.5 / (1.0 + conditions.self_oxygen * dilute) if dilute < conditions.most_oxygen else 0.0
    for k in range(mixture.present):
        element = share.present[k]
        _add_element(k < mixture.constant, elements[element.which].base, element, share.at[element.which], mixture)
    _add_gas(u, share)
    mixture.slag_atoms += mixture.inert
    for j in range(3):
        a[PRESSURE * WIDTH + 5] += mixture.oxygen[j]
    a[PRESSURE * WIDTH + 5] -= available
    for c in range(WIDTH):
        a[PRESSURE * WIDTH + c] /= available
        a[BASICITY * WIDTH + c] /= max(mixture.slag_atoms, 1e-300)
    found = mixture.slag_base / mixture.slag_atoms if mixture.slag_atoms > 0.0 else 0.0
    if not MOST_ACID < found < MOST_BASIC:
        found = min(max(found, MOST_ACID), MOST_BASIC)
        for c in range(5):
            a[BASICITY * WIDTH + c] = 0.0
    a[BASICITY * WIDTH + BASICITY] += 1.0
    a[BASICITY * WIDTH + 5] = mixture.basicity - found


@kernel()
def _solve(mixture: Record) -> bool:
    """Gauss with the largest pivot of each column. The last column becomes the step that the residuals ask for; False where there is none."""
    a = mixture.system
    for c in range(5):
        best = c
        for r in range(c + 1, 5):
            if abs(a[r * WIDTH + c]) > abs(a[best * WIDTH + c]):
                best = r
        if not abs(a[best * WIDTH + c]) > 0.0:
            return False
        if best != c:
            for k in range(c, WIDTH):
                a[c * WIDTH + k], a[best * WIDTH + k] = a[best * WIDTH + k], a[c * WIDTH + k]
        for r in range(c + 1, 5):
            f = a[r * WIDTH + c] / a[c * WIDTH + c]
            for k in range(c + 1, WIDTH):
                a[r * WIDTH + k] -= f * a[c * WIDTH + k]
    for c in range(4, -1, -1):
        rest = -a[c * WIDTH + 5]
        for k in range(c + 1, 5):
            rest -= a[c * WIDTH + k] * a[k * WIDTH + 5]
        a[c * WIDTH + 5] = rest / a[c * WIDTH + c]
        if not math.isfinite(a[c * WIDTH + 5]):
            return False
    return True


@kernel()
def converge(u: float, available: float, settled: float, elements: Records, share: Share) -> float:
    """The equilibrium that is near ``u`` = ln pO2, the moles and the basicity of the mixture; returns its ln pO2, NaN where it was not found.

    ``share`` stands at it then. ``available``: mol of oxygen, above 0; ``settled``: of the last step; ``elements``: an ELEMENT for each.
    """
    mixture = share.mixture
    a, top = mixture.system, math.log(share.conditions.pressure) - TOP
    for _ in range(TURNS):
        _set_up(u, available, elements, share)
        mixture.steps += 1.0
        open_oxygen = abs(a[PRESSURE * WIDTH + 5])
        if not _solve(mixture):
            return math.nan
        longest = 0.0
        for c in range(5):
            longest = max(longest, abs(a[c * WIDTH + 5]))
        if longest <= settled and open_oxygen <= OPEN:
            return u
        for j in range(3):
            mixture.phases[j] *= min(max(1.0 + a[j * WIDTH + 5], 0.02), 50.0)
        u += min(max(a[PRESSURE * WIDTH + 5], -FURTHEST), FURTHEST)
        step = min(max(a[BASICITY * WIDTH + 5], -FURTHEST_BASICITY), FURTHEST_BASICITY)
        mixture.basicity = min(max(mixture.basicity + step, MOST_ACID), MOST_BASIC)
        if not FLOOR < u < top:
            return math.nan
    return math.nan
