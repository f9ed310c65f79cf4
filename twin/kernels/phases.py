"""How elements share out between metal, slag and gas where their distribution factors are given: the phase split of smelting.

An element of n_i mol has the mole fraction x_i in metal, E_s x_i in slag (as oxide of one metal atom) and E_g x_i in gas, so that
x_i = n_i / S_i, S_i = N_m + E_s N_s + E_g N_g. The moles N of the solutions are those at which the fractions of each add up to 1, or to less where it
does not exist: the minimum of the convex function sum N - sum n_i ln S_i (Michelsen 1994, Comput. Chem. Eng. 18, 545), found by Newton's method.

A solid oxide of one metal forms where its activity, in proportion to a power of the metal's, comes to 1: x_i stays there, and n_i - x_i S_i is solid. In the
function, -n_i ln S_i goes over into a straight line in S_i, so it stays convex and its first derivatives continuous.
"""

from __future__ import annotations

import math

from twin.kernels.compile import kernel
from twin.kernels.record_table import Record, Records

BARRIER = 1e-15  # of all moles: keeps each solution alive in the arithmetic
CLOSED = 1e-14  # of all oxygen, and of all moles
ROUNDING = 5e-15  # of a sum of fractions: no step can better it
FLAT = 1e-11  # of a sum of fractions: good enough where a solution's moles hardly change it, as those of nearly pure oxygen gas
SETTLED = 1e-9  # of the moles of a solution: the next step would change them by its square
PATIENCE = 15  # plain Newton steps
LONGEST = 300  # steps


@kernel()
def self_limited(amount: float, others: float, slag: float, x: float, e: float, clamp: float) -> float:
    """Mole fraction x of an element whose activity coefficient falls with x: (``others`` + ``slag`` exp(-e min(x, clamp))) x = ``amount``.

    The left side rises with x where e clamp < 1, so there is one solution; Newton from ``x``, at most ``amount``/``others``.

    >>> x = self_limited(0.5, 1.0, 20.0, 0.0, 11.3, 0.07)
    >>> round(x, 6), round((1.0 + 20.0 * math.exp(-11.3 * x)) * x, 9)
    (0.034313, 0.5)
    """
    if others + slag * math.exp(-e * clamp) <= 0.0:
        return x
    limit = amount / (others + slag * math.exp(-e * clamp))
    if limit >= clamp:
        return limit
    x = min(max(x, 0.0), clamp)
    for _ in range(30):
        g = slag * math.exp(-e * x)
        step = ((others + g) * x - amount) / (others + g * (1.0 - e * x))
        x = min(max(x - step, 0.0), clamp)
        if abs(step) <= 1e-15 * x:
            break
    return x


@kernel()
def pure_limited(amount: float, others: float, slag: float, y: float, ln_g: float) -> float:
    """Mole fraction y of an oxide whose activity coefficient goes to 1 as it becomes pure, ln g = ``ln_g`` (1 - y)^2.

    Solves ``others`` y g(y)/g(0) + ``slag`` y = ``amount``; ``others`` is the metal and gas over E_s. The activity y g(y) rises with y where
    ``ln_g`` < 2, so there is one solution. Newton from ``y``, inside a bracket. Above y = 1 (no slag exists), g stays 1.

    >>> y = pure_limited(1.0, 0.8, 0.9, 0.0, math.log(3.0))
    >>> round(y, 6), round(0.8 * y * math.exp(math.log(3.0) * ((1.0 - y) ** 2 - 1.0)) + 0.9 * y, 9)
    (0.852425, 1.0)
    """
    low, high = 0.0, amount / (others * math.exp(-max(ln_g, 0.0)) + slag)
    y = min(max(y, 0.0), high)
    for _ in range(60):
        away = max(1.0 - y, 0.0)
        g = others * math.exp(ln_g * (away * away - 1.0))
        value = (g + slag) * y - amount
        if value > 0.0:
            high = y
        else:
            low = y
        new = y - value / (g * (1.0 - 2.0 * ln_g * y * away) + slag)
        if not low <= new <= high:
            new = 0.5 * (low + high)
        if abs(new - y) <= 1e-15 * new:
            return new
        y = new
    return y


@kernel()
def pure_at(activity: float, ln_g: float) -> float:
    """Mole fraction y of such an oxide at its ``activity`` over g(0): y exp(``ln_g`` ((1 - y)^2 - 1)) = ``activity``. Newton inside a bracket.

    >>> y = pure_at(0.3, math.log(3.0))
    >>> round(y, 6), round(y * math.exp(math.log(3.0) * ((1.0 - y) ** 2 - 1.0)), 9)
    (0.887593, 0.3)
    """
    low, high = 0.0, activity * math.exp(max(ln_g, 0.0))
    y = min(activity, high)
    for _ in range(60):
        away = max(1.0 - y, 0.0)
        g = math.exp(ln_g * (away * away - 1.0))
        if g * y > activity:
            high = y
        else:
            low = y
        new = y - (g * y - activity) / (g * (1.0 - 2.0 * ln_g * y * away))
        if not low <= new <= high:
            new = 0.5 * (low + high)
        if abs(new - y) <= 1e-15 * new:
            return new
        y = new
    return y


@kernel()
def most_in_metal(u: float, own: Record) -> float:
    """Mole fraction in metal at which the solid oxide of an element ``own`` (COEFFICIENT) forms, at ln pO2 = ``u``; infinite where none does."""
    if own.solid_half <= 0.0:
        return math.inf
    ln_x = -(own.solid + own.solid_half * u)
    if own.self <= 0.0:
        return math.exp(min(ln_x, 600.0))
    if ln_x >= math.log(own.limit) - own.self * own.limit:  # from there on its activity coefficient stays
        return math.exp(min(ln_x + own.self * own.limit, 600.0))
    x = math.exp(ln_x)
    for _ in range(30):
        step = (math.log(x) - own.self * x - ln_x) / (1.0 / x - own.self)
        x = min(max(x - step, 0.1 * x), own.limit)
        if abs(step) <= 1e-15 * x:
            break
    return x


@kernel()
def fall_of(x: float, element: Record) -> float:
    """Activity coefficient at the mole fraction ``x`` over that at dilution, of an ``element`` (COEFFICIENT) whose coefficient falls."""
    return math.exp(-element.self * min(x, element.limit)) if element.self > 0.0 else 1.0


@kernel()
def _write(present: Records, constant: int, mixture: Record) -> None:
    """Fractions in slag of elements with a constant factor, and what of each element is solid, at the moles of the solutions that were found."""
    m, s, g = mixture.phases[0], mixture.phases[1], mixture.phases[2]
    for k in range(mixture.present):
        element = present[k]
        if k < constant:
            element.in_slag = element.to_slag * element.in_metal
        element.solid = 0.0
        if element.in_metal >= element.most:
            element.solid = max(element.moles - element.in_metal * (m + element.to_gas * g) - element.in_slag * s, 0.0)


@kernel()
def split_phases(at: Records, present: Records, mixture: Record) -> int:
    """Find the moles of metal, slag and gas. Returns the steps, or 0 where it did not converge.

    ``at``: a COEFFICIENT for each element. ``present``: a PRESENT for each of the ``mixture.present`` elements that are there, the first
    ``mixture.constant`` of them with a constant factor; ``to_slag``, ``to_gas``, ``moles`` and ``which`` are given, ``in_metal`` and ``in_slag`` are
    found. ``mixture.phases``: the start, then the answer. Where a solution does not exist, the fractions are what it would begin with, and its moles next
    to nothing. No element's fraction in metal passes ``most``, at which its solid oxide forms: the rest is ``solid``, and adds no curvature.
    """
    permanent, carbon, held, dissolved, inert = mixture.permanent, mixture.carbon, mixture.held, mixture.dissolved, mixture.inert
    constant, there, total, phases = mixture.constant, mixture.present, mixture.total, mixture.phases
    barrier = BARRIER * total
    room = 1.0 - mixture.o2
    m, s, g = phases[0], phases[1], phases[2]
    r0 = r1 = r2 = math.inf
    for step in range(1, LONGEST + 1):
        r0, r1, r2 = 1.0 - barrier / m, 1.0 - (barrier + inert) / s, room - (barrier + permanent) / g
        h00, h11, h22 = barrier / (m * m), (barrier + inert) / (s * s), (barrier + permanent) / (g * g)
        h01 = h02 = h12 = 0.0
        if held < room and held * g < carbon:  # the rest of the carbon is solid
            r2 -= held
        else:
            r2 -= carbon / g
            h22 += carbon / (g * g)
        for k in range(constant):
            element = present[k]
            es, eg = element.to_slag, element.to_gas
            inverse = 1.0 / (m + es * s + eg * g)
            x = element.moles * inverse
            bend = x * inverse
            if x > element.most:
                x, bend = element.most, 0.0
            element.in_metal = x
            r0 -= x
            r1 -= es * x
            r2 -= eg * x
            h00 += bend
            h01 += bend * es
            h02 += bend * eg
            h11 += bend * es * es
            h12 += bend * es * eg
            h22 += bend * eg * eg
        h10, h20, h21 = h01, h02, h12
        for k in range(constant, there):
            element = present[k]
            own = at[element.which]
            n, es, eg = element.moles, element.to_slag, element.to_gas
            slope = 0.0  # dx/dy along the curve of activities
            if element.pure != 0.0:
                y = pure_limited(n, (m + eg * g) / es, s, element.in_slag, element.pure)
                away = max(1.0 - y, 0.0)
                slope = math.exp(element.pure * (away * away - 1.0)) / es
                x = y * slope
                slope *= 1.0 - 2.0 * element.pure * y * away
            else:
                x = self_limited(n, m + eg * g, es * s, element.in_metal, own.self, own.limit)
                es *= fall_of(x, own)
                y = es * x
                slope = 1.0 / (es * (1.0 - own.self * x) if x < own.limit else es)
            metal = 1.0 + own.copper * dissolved
            dy = 1.0 / ((m + eg * g) * slope + s)
            if x > element.most:
                x, dy = element.most, 0.0
                y = pure_at(element.to_slag * x, element.pure) if element.pure != 0.0 else element.to_slag * fall_of(x, own) * x
            element.in_metal, element.in_slag = x, y
            dx = slope * dy
            r0 -= metal * x
            r1 -= y
            r2 -= eg * x
            h00 += metal * dx * x
            h01 += metal * dx * y
            h02 += metal * dx * eg * x
            h10 += dy * x
            h11 += dy * y
            h12 += dy * eg * x
            h20 += eg * dx * x
            h21 += eg * dx * y
            h22 += eg * dx * eg * x
        # Newton for relative steps: rows and columns times N, so that a solution that vanishes does not spoil the elimination
        a00, a01, a02, b0 = h00 * m * m, h01 * m * s, h02 * m * g, -r0 * m
        a10, a11, a12, b1 = h10 * s * m, h11 * s * s, h12 * s * g, -r1 * s
        a20, a21, a22, b2 = h20 * g * m, h21 * g * s, h22 * g * g, -r2 * g
        if step > PATIENCE:  # where the solutions are nearly alike the function is flat one way: damp, towards the sure step N (1 - r)
            damping = max(abs(r0), abs(r1), abs(r2)) * (0.02 * step)
            a00, a11, a22 = a00 + damping * m, a11 + damping * s, a22 + damping * g
        f = a10 / a00
        a11, a12, b1 = a11 - f * a01, a12 - f * a02, b1 - f * b0
        f = a20 / a00
        a21, a22, b2 = a21 - f * a01, a22 - f * a02, b2 - f * b0
        f = a21 / a11
        a22, b2 = a22 - f * a12, b2 - f * b1
        d2 = b2 / a22
        d1 = (b1 - a12 * d2) / a11
        d0 = (b0 - a01 * d1 - a02 * d2) / a00
        exact = max(abs(r0), abs(r1), abs(r2)) <= ROUNDING
        if exact or (abs(r0) * m + abs(r1) * s + abs(r2) * g <= CLOSED * total and max(abs(d0), abs(d1), abs(d2)) <= SETTLED):
            phases[0], phases[1], phases[2] = m, s, g
            _write(present, constant, mixture)
            return step
        if not (math.isfinite(d0) and math.isfinite(d1) and math.isfinite(d2)):
            d0, d1, d2 = -r0, -r1, -r2 / room
        m *= min(max(1.0 + d0, 0.02), 50.0)
        s *= min(max(1.0 + d1, 0.02), 50.0)
        g *= min(max(1.0 + d2, 0.02), 50.0)
    if max(abs(r0), abs(r1), abs(r2)) <= FLAT:
        phases[0], phases[1], phases[2] = m, s, g
        _write(present, constant, mixture)
        return LONGEST
    return 0
