"""Slag-metal-gas equilibrium of a smelting furnace at a given temperature.

The unknown is the oxygen pressure. At each value of it every element is shared out between three solutions, metal (m), slag (s) and gas
(g), and the pressure is moved until the oxygen of all oxides and gases is the oxygen that was charged.

**Distribution.** With mole fractions x, and y as oxide MO_z of one metal atom (Yazawa's mono-nuclear form, M + (z/2) O2 = MO_z)::

    y_s = E_s x_m,    E_s = exp(-dG z / (2 R T)) g_M / g_MO (pO2)^(z/2),    dG = A + B T + C T ln T  per mol O2
    y_g = E_g x_m,    E_g = g_M p_M / P  +  y_s g_MO p_MO / (P x_m),       p = exp(-dG_vap/RT), atm

In mass this is L = K g_M (n_S/n_M)/g_MO pO2^(z/2), n_S and n_M being the moles of a mass of slag and of metal; here they follow from the
distribution itself. Element i with n_i mol holds x_i = n_i / S_i, S_i = N_m + E_s N_s + E_g N_g, and the moles N of the three solutions are
such that the fractions of each add up to one, or less where it does not exist. These are the conditions of the minimum of the convex
function sum N - sum n_i ln S_i (Michelsen), found by Newton's method; the amounts n_i E N/S_i close for each element whatever N is.

**States.** An element may dissolve in slag as two oxides, MO_z and MO_(z+w), with MO_z + (w/2) O2 = MO_(z+w) at equilibrium: Sn2+ and Sn4+, Fe2+ and Fe3+.
Both draw on one x_m, so E_s is the sum of both, and each brings its own oxygen.

**Solids.** Where the activity of an element's solid oxide (SnO2, Fe3O4, ZnO, NiO, Cu2O, chromite) comes to 1, it stays there and what is too much is
solid. Solids are part of the slag's row, counted apart, and have their own oxygen. Those of two metals, as zinc ferrite, are not in the model.

**Basicity.** ln of an oxide's activity coefficient may rise in proportion to the slag's basicity, see :mod:`twin.kernels.basicity`, found with the pressure.

**Slope.** A measured slope d ln E_s / d ln pO2 may replace z/2. It turns the line about the pivot pressure and acts within 1e-13 to 1e-4
atm, beyond which the slope is z/2 again; the oxygen balance keeps MO_z.

**Gas.** CO and CO2, H2 and H2O, SO2 by their equilibrium constants; N2 and HCl (also for HBr) take no part; O2 has its pressure. Carbon is solid where
its activity would pass one. **Metal.** Oxygen dissolves as x exp(e x) = k sqrt(pO2), x = x_O/x_Cu; iron's activity coefficient falls with its own mole
fraction, ln g = ln g0 - e x, up to a limit beyond which it stays. **Slag.** Takes all oxides, and the inert remainder of assays.

Valid from 1373 to 1773 K, 1e-13 to 1e-4 atm and for metal that is mostly copper, with Henrian activity coefficients; leaving this is
counted. Not in the model: chlorides of metals, sulphur in slag, a second liquid metal or slag, solids of two metals.

Sources: the numbers stand, with theirs, in the data of ``twin.materials.thermochemistry``. Form: Yazawa, Takeda; phase split: Michelsen 1994.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.kernels.basicity import USUAL, set_basicity
from twin.kernels.compile import Floats, kernel
from twin.kernels.joint_equilibrium import NEARLY_SETTLED, SETTLED, converge
from twin.kernels.nested_equilibrium import add_inert, add_split, clear_sums, find_nested
from twin.kernels.oxygen_pressure import LEAST, LN10, MOST, Share, oxygen_needed
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_space import Chemistry, Melt
from twin.kernels.smelting_tables import MELT, ODD, ROLE, SOLUTION

Counts = NDArray[np.int64]

R = 8.314462618  # J/(mol K)

STATE = MELT.names
WARNINGS: tuple[str, ...] = ODD._fields
STATUSES = (
    "an amount is negative or not finite",
    "the temperature must lie between 1000 and 2500 K and the pressure between 0.01 and 100 atm",
    "the equilibrium did not converge",
)


@kernel()
def prepare_smelting(chemistry: Chemistry, temperature: float, pressure: float, melt: Melt) -> None:
    """Evaluate everything that depends on ``temperature`` [K] and ``pressure`` [atm] alone: COEFFICIENT and CONDITIONS of the ``melt``."""
    gases, conditions = chemistry.gases[0], melt.conditions[0]
    rt = R * temperature
    ln_t, ln_p = math.log(temperature), math.log(pressure)
    pivot = LN10 * gases.pivot
    for i in range(chemistry.elements.shape[0]):
        _prepare_element(chemistry.elements[i], temperature, ln_t, ln_p, pivot, melt.at[i])
    conditions.ln_co = -(gases.co_A + gases.co_B * temperature) / rt - ln_p
    conditions.ln_co2 = -(gases.co2_A + gases.co2_B * temperature) / rt - ln_p
    conditions.ln_water = -(gases.h2o_A + gases.h2o_B * temperature) / rt
    conditions.ln_dissolved = -(gases.oxygen_A + gases.oxygen_B * temperature) / rt
    conditions.pivot, conditions.pressure, conditions.most_oxygen, conditions.temperature = pivot, pressure, gases.most_oxygen, temperature
    conditions.self_oxygen = gases.oxygen_self


@kernel()
def _prepare_element(element: Record, temperature: float, ln_t: float, ln_p: float, pivot: float, out: Record) -> None:
    """The COEFFICIENT of an ELEMENT."""
    rt = R * temperature
    half = 0.5 * element.oxygen
    ln_metal = LN10 * (element.metal_a / temperature + element.metal_b)
    ln_slag = LN10 * (element.slag_a / temperature + element.slag_b)
    if math.isnan(element.ln_ratio):
        dg = element.A + element.B * temperature + element.C * temperature * ln_t
        out.c = -half * dg / rt + ln_metal - ln_slag
    else:
        out.c = -element.ln_ratio - half * pivot
    out.half = half
    out.turn = 0.0 if math.isnan(element.slope) else element.slope - half
    volatile = not math.isnan(element.vapour_A)
    out.gas_metal = math.exp(ln_metal - (element.vapour_A + element.vapour_B * temperature) / rt - ln_p) if volatile else 0.0
    volatile = not math.isnan(element.oxide_vapour_A)
    vapour = element.oxide_vapour_A + element.oxide_vapour_B * temperature
    out.gas_oxide = math.exp(ln_slag - vapour / rt - ln_p) if volatile else 0.0
    out.slag, out.self, out.limit = element.in_slag, element.self, element.clamp
    out.role, out.copper = element.role, element.solvent
    out.pure = ln_slag if element.to_pure > 0.0 else 0.0
    out.basicity, out.basicity_at = element.basicity, element.basicity_at
    out.more = element.more
    out.higher = -(element.higher_A + element.higher_B * temperature) / rt if element.more > 0.0 else 0.0
    out.solid_half = 0.5 * element.solid_oxygen
    dg = element.solid_A + element.solid_B * temperature + element.solid_C * temperature * ln_t
    out.solid = -out.solid_half * dg / rt + ln_metal if element.solid_oxygen > 0.0 else 0.0


@kernel()
def _clear(mixture: Record) -> None:
    """Begin a mixture anew. What is not set here is set before it is read."""
    mixture.permanent = mixture.carbon = mixture.hydrogen = mixture.inert = mixture.total = 0.0
    mixture.constant = mixture.present = 0
    mixture.basicity = mixture.steps = 0.0
    for j in range(3):
        mixture.oxygen[j] = 0.0
    clear_sums(mixture)


@kernel()
def _take_in(mass: Floats, elements: Records, share: Share) -> float:
    """Sort the feed by what it does. Returns mol of oxygen; NaN for a mass that is none."""
    at, mixture = share.at, share.mixture
    oxygen, hydrogen, halogen, total, present = 0.0, 0.0, 0.0, 0.0, 0
    for constant in range(2, 0, -1):  # those with a constant factor first
        for i in range(mass.shape[0]):
            if not (mass[i] >= 0.0 and math.isfinite(mass[i])):
                return math.nan
            n = mass[i] / elements[i].molar_mass
            special = at[i].self > 0.0 or at[i].pure != 0.0 or at[i].copper != 0.0
            if elements[i].role == ROLE.distributed and n > 0.0 and special == (constant == 1):
                element = share.present[present]
                element.which, element.moles = i, n
                element.in_metal = element.in_slag = element.solid = element.higher = 0.0
                present += 1
                total += n
        if constant == 2:
            mixture.constant = present
    mixture.present = present
    for i in range(mass.shape[0]):
        n, role = mass[i] / elements[i].molar_mass, elements[i].role
        if role == ROLE.distributed:
            continue
        total += n
        if role == ROLE.carbon:
            mixture.carbon += n
        elif role == ROLE.hydrogen:
            hydrogen += n
        elif role == ROLE.nitrogen:
            mixture.permanent += 0.5 * n
        elif role == ROLE.oxygen:
            oxygen += n
        elif role == ROLE.halogen:
            halogen += n
        elif role == ROLE.inert:
            mixture.inert += n
    bound = min(hydrogen, halogen)
    mixture.permanent += bound + 0.5 * (halogen - bound) + 0.5 * (hydrogen - bound)
    mixture.hydrogen, mixture.total = hydrogen - bound, total
    return oxygen


@kernel()
def _close(mass: Floats, elements: Records, available: float, free: bool, mixture: Record, out: Floats) -> float:
    """Write oxygen, and what does not react. What the root left open goes where most oxygen is; returns it over all oxygen.

    ``free``: oxygen that nothing takes, as O2.
    """
    oxygen = mixture.sum_oxygen
    left = available - (oxygen[0] + oxygen[1] + oxygen[2])
    if free and left > 0.0:
        oxygen[2] += left
        mixture.sum_moles[2] += 0.5 * left
        left = 0.0
    most = 0
    for j in range(3):
        if oxygen[j] > oxygen[most]:
            most = j
    for i in range(mass.shape[0]):
        role = elements[i].role
        if role == ROLE.oxygen:
            for j in range(3):
                out[j, i] = oxygen[j] * elements[i].molar_mass
            out[most, i] = mass[i] - (out[(most + 1) % 3, i] + out[(most + 2) % 3, i])
        elif role in (ROLE.hydrogen, ROLE.nitrogen, ROLE.halogen):
            out[SOLUTION.gas, i] = mass[i]
    return abs(left) / available if available > 0.0 else 0.0


@kernel()
def _is_rich(share: Share) -> bool:
    """Whether an element whose activity coefficient falls has come to the end of that."""
    rich = False
    for k in range(share.mixture.constant, share.mixture.present):
        own = share.at[share.present[k].which]
        rich = rich or (own.self > 0.0 and share.present[k].in_metal >= own.limit * (1.0 - 1e-9))
    return rich


@kernel()
def _judge(temperature: float, chemistry: Chemistry, share: Share, out: Floats, state: Record, counted: Counts) -> None:
    """Count where the model's range is left, and note the solid carbon."""
    metal, everything, sulphur, speiss, copper, moles = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    limits = chemistry.gases[0]
    for i in range(chemistry.elements.shape[0]):
        element = chemistry.elements[i]
        metal += out[SOLUTION.metal, i]
        everything += out[SOLUTION.metal, i] + out[SOLUTION.slag, i] + out[SOLUTION.gas, i] + out[SOLUTION.carbon, i]
        sulphur += element.matte * out[SOLUTION.metal, i]
        speiss += element.speiss * out[SOLUTION.metal, i]
        copper += element.solvent * out[SOLUTION.metal, i] / element.molar_mass
        moles += out[SOLUTION.metal, i] / element.molar_mass
        state.solid_carbon += out[SOLUTION.carbon, i] / element.molar_mass
        if out[SOLUTION.solids, i] > 0.0:
            state.solids += out[SOLUTION.solids, i] * (1.0 + element.solid_oxygen * 0.015999 / element.molar_mass)
    counted[ODD.oxygen_low] += 1 if state.log_po2 < LEAST else 0
    counted[ODD.oxygen_high] += 1 if state.log_po2 > MOST else 0
    counted[ODD.temperature] += 1 if not limits.coldest <= temperature <= limits.hottest else 0
    counted[ODD.solid_carbon] += 1 if state.solid_carbon * 0.012 > 1e-9 * everything else 0
    if metal > 1e-9 * everything:
        counted[ODD.matte] += 1 if sulphur > limits.matte_limit * metal else 0
        counted[ODD.speiss] += 1 if speiss > limits.speiss_limit * metal else 0
        counted[ODD.iron_rich] += 1 if _is_rich(share) else 0
        counted[ODD.copper_poor] += 1 if copper < limits.copper_limit * moles else 0


@kernel()
def _find_together(mass: Floats, guess: float, basicity: float, available: float, near: bool, chemistry: Chemistry, share: Share, out: Floats) -> float:
    """Find pressure, moles and basicity at once, from what the mixture holds where that is ``near``, else from the split at the guess; NaN where they were not.

    Shares out at it. Returns log10 of the pressure.
    """
    mixture = share.mixture
    mixture.basicity = basicity
    for j in range(3):
        mixture.phases[j] = mixture.phases[j] if near and mixture.phases[j] > 0.0 else mixture.total
    if not near:
        set_basicity(basicity, share)
        if math.isnan(oxygen_needed(guess * LN10, share)):
            return math.nan
    u = converge(guess * LN10, available, NEARLY_SETTLED if near else SETTLED, chemistry.elements, share)
    if not math.isnan(u):
        add_split(mass, 1.0, share, out)
    return u / LN10


@kernel()
def smelt(mass: Floats, temperature: float, chemistry: Chemistry, melt: Melt) -> int:
    """Share out ``mass`` between metal, slag and gas at equilibrium. Returns 0, or a status that :data:`STATUSES` explains from 1.

    - ``mass`` (element,) [kg], any amounts >= 0, oxygen among them;
    - ``temperature`` [K]; ``chemistry``: of ``twin.materials.thermochemistry``;
    - ``melt``: prepared by :func:`prepare_smelting` for this temperature. Its ``out`` and ``state`` are overwritten; given with ``log_po2`` < 0, that is the
      first guess, else 1e-8 atm is; given with ``near`` too, as the last call left it, the search starts there; ``counted`` is counted up.

    Copper 1000 kg, iron 100 kg, SiO2 60 kg (Si 28.05, O 31.95) and 28 kg of further oxygen at 1573.15 K give log10 pO2, % Fe in metal and % Cu in
    slag of -9.6895, 0.3884, 0.8832.
    """
    state, out = melt.state[0], melt.out
    share = Share(melt.at, melt.conditions[0], melt.present, melt.mixture[0])
    mixture = share.mixture
    if not (1000.0 <= temperature <= 2500.0 and 0.01 <= share.conditions.pressure <= 100.0):
        return 2
    guess, basicity = (state.log_po2, state.basicity) if state.log_po2 < 0.0 else (-8.0, USUAL)
    near = state.near > 0.0 and state.log_po2 < 0.0
    state.near = 0.0
    state.log_po2 = state.metal_moles = state.slag_moles = state.gas_moles = state.solid_carbon = 0.0
    state.co2_over_co = state.residual = state.steps = state.solids = state.basicity = 0.0
    out[:, :] = 0.0
    _clear(mixture)
    available = _take_in(mass, chemistry.elements, share)
    if not math.isfinite(available + mixture.total):
        return 1
    if mixture.total <= 0.0:
        state.log_po2 = guess
        return 0
    log_po2, free = math.nan, False
    if available > 0.0:
        log_po2 = _find_together(mass, guess, basicity, available, near, chemistry, share, out)
    if math.isnan(log_po2):
        log_po2, free = find_nested(mass, guess, basicity, available, chemistry, share, out)
    if math.isnan(log_po2):
        return 3
    add_inert(mass, chemistry.elements, out)
    state.residual = _close(mass, chemistry.elements, available, free, mixture, out)
    if state.residual * available > 1e-8 * mixture.total:
        return 3
    state.log_po2 = log_po2
    state.metal_moles, state.slag_moles, state.gas_moles = mixture.sum_moles[0], mixture.sum_moles[1], mixture.sum_moles[2]
    state.co2_over_co, state.steps, state.basicity, state.near = mixture.sum_ratio, mixture.steps, mixture.basicity, 1.0
    _judge(temperature, chemistry, share, out, state, melt.counted)
    return 0
