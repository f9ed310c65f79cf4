"""The equilibrium by searches within each other: phases split at a pressure, the pressure sought at a basicity, the basicity sought around both.

It finds every root, in 100 to 1000 steps of the phase split. It stands in where :mod:`twin.kernels.joint_equilibrium` does not come to rest: next to no
oxygen or nearly pure oxygen, jumps of the pressure, solutions that vanish.
"""

from __future__ import annotations

import math

from twin.kernels.basicity import MOST_ACID, MOST_BASIC, basicity_of, set_basicity
from twin.kernels.compile import Floats, kernel
from twin.kernels.oxygen_pressure import FLOOR, LN10, TOP, Share, oxygen_needed, oxygen_root
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_space import Chemistry
from twin.kernels.smelting_tables import ROLE, SOLUTION

ALIKE = 1e-7  # basicities
NARROWEST_BASICITY = 1e-12  # between two basicities: with little slag it may jump from one to another
JUMP = 1e-6  # between two basicities at the end: what is off then is a jump
TRIES = 120  # for the basicity: a bracket that is halved in every fourth is there long before
FURTHEST = 0.2  # of a secant for it


@kernel()
def clear_sums(mixture: Record) -> None:
    """Begin the sums over the sides of a jump anew."""
    mixture.sum_ratio = 0.0
    for j in range(3):
        mixture.sum_oxygen[j] = mixture.sum_moles[j] = 0.0


@kernel()
def add_split(mass: Floats, kept: float, share: Share, out: Floats) -> None:
    """Add the split that stands in ``share`` to its sums and to ``out``. ``kept`` < 1 cuts all oxides to the oxygen that there is."""
    mixture = share.mixture
    phases = mixture.phases
    for j in range(3):
        mixture.sum_oxygen[j] += kept * mixture.oxygen[j]
        mixture.sum_moles[j] += phases[j]
    mixture.sum_ratio += mixture.ratio
    for i in range(mass.shape[0]):
        if share.at[i].role == ROLE.carbon and mass[i] > 0.0:
            out[SOLUTION.gas, i] += mass[i] * (kept * min(mixture.carbon_gas / mixture.carbon, 1.0))
            out[SOLUTION.carbon, i] += mass[i] * (1.0 - kept * min(mixture.carbon_gas / mixture.carbon, 1.0))
    for k in range(mixture.present):
        element = share.present[k]
        i = element.which
        own, x = share.at[i], element.in_metal
        metal, slag, solid = x * phases[0], element.in_slag * phases[1], element.solid
        vapour, oxide = x * own.gas_metal * phases[2], x * element.oxide_to_gas * phases[2]
        unit = mass[i] / (metal + slag + vapour + oxide + solid)
        out[SOLUTION.metal, i] += unit * (metal + (1.0 - kept) * (slag + oxide + solid))
        out[SOLUTION.slag, i] += unit * (kept * (slag + solid))
        out[SOLUTION.gas, i] += unit * (vapour + kept * oxide)
        out[SOLUTION.solids, i] += unit * (kept * solid)
        if own.more > 0.0:  # a solid between the two oxides counts as a mixture of them
            between = (own.solid_half - own.half) * 2.0 / own.more if solid > 0.0 else 0.0
            out[SOLUTION.higher, i] += unit * (kept * (slag * element.higher + solid * between))


@kernel()
def _scale(factor: float, mixture: Record, out: Floats) -> None:
    for j in range(3):
        mixture.sum_oxygen[j] *= factor
        mixture.sum_moles[j] *= factor
    mixture.sum_ratio *= factor
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[j, i] *= factor


@kernel()
def add_inert(mass: Floats, elements: Records, out: Floats) -> None:
    """Write what is inert, which is all in the slag."""
    for i in range(mass.shape[0]):
        if elements[i].role == ROLE.inert:
            out[SOLUTION.slag, i] = mass[i]


@kernel()
def _find(mass: Floats, guess: float, available: float, share: Share, out: Floats) -> tuple[float, bool]:
    """Find the pressure and share out at it. Returns its log10, NaN where it did not converge, and whether it is that of a gas of oxygen."""
    mixture = share.mixture
    first, second = oxygen_root(guess * LN10, available, share)
    if math.isnan(second):
        return math.nan, False
    needed, weight = mixture.oxygen[0] + mixture.oxygen[1] + mixture.oxygen[2], 1.0
    kept = min(1.0, available / needed) if second == FLOOR and needed > 0.0 else 1.0
    add_split(mass, kept, share, out)
    if first != second:  # the lever rule between the two sides of a jump
        other = oxygen_needed(first, share)
        weight = min(max((available - other) / (needed - other), 0.0), 1.0 - 1e-15)
        _scale(weight / (1.0 - weight), mixture, out)
        add_split(mass, 1.0, share, out)
        _scale(1.0 - weight, mixture, out)
    return (weight * second + (1.0 - weight) * first) / LN10, second == math.log(share.conditions.pressure) - TOP


@kernel()
def find_nested(mass: Floats, guess: float, basicity: float, available: float, chemistry: Chemistry, share: Share, out: Floats) -> tuple[float, bool]:
    """As ``_find``, at the basicity that the slag then has.

    What the slag has less what it is taken to have is above 0 at the most acid and below at the most basic, so a root lies between them: secants, halved
    where they leave the bracket or do not narrow it. NaN where neither that root nor a jump over it was found.
    """
    low, high = MOST_ACID, MOST_BASIC
    before = off_before = width = 0.0
    log_po2, free = math.nan, False
    for k in range(TRIES):
        set_basicity(basicity, share)
        out[:, :] = 0.0
        clear_sums(share.mixture)
        log_po2, free = _find(mass, guess, available, share, out)
        if math.isnan(log_po2):
            return log_po2, free
        add_inert(mass, chemistry.elements, out)
        off = basicity_of(out[SOLUTION.slag], chemistry.elements) - basicity
        if abs(off) <= ALIKE or high - low <= NARROWEST_BASICITY:
            return log_po2, free
        low, high = (basicity, high) if off > 0.0 else (low, basicity)
        step = off
        if k > 0 and off != off_before:
            step = min(max(-off * (basicity - before) / (off - off_before), -FURTHEST), FURTHEST)
        before, off_before = basicity, off
        basicity += step
        if k % 4 == 3:  # secants that came no nearer
            basicity = 0.5 * (low + high) if high - low > 0.5 * width and k > 4 else basicity
            width = high - low
        if not low <= basicity <= high:
            basicity = 0.5 * (low + high)
        guess = min(log_po2, -1e-9)
    return (log_po2 if high - low <= JUMP else math.nan), free
