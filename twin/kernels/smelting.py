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

**Slope.** A measured slope d ln E_s / d ln pO2 may replace z/2. It turns the line about the pivot pressure and acts within 1e-13 to 1e-4
atm, beyond which the slope is z/2 again; the oxygen balance keeps MO_z.

**Gas.** CO and CO2, H2 and H2O, SO2 by their equilibrium constants; N2 and HCl (also for HBr) take no part; O2 has its pressure. Carbon is solid where
its activity would pass one. **Metal.** Oxygen dissolves as x_O = k sqrt(pO2) x_Cu; iron's activity coefficient falls with its own mole
fraction, ln g = ln g0 - e x, up to a limit beyond which it stays. **Slag.** Takes all oxides, and the inert remainder of assays.

Valid from 1373 to 1773 K, 1e-13 to 1e-4 atm and for metal that is mostly copper, with Henrian activity coefficients; leaving this is
counted. Not in the model: chlorides of metals, sulphur in slag, Fe3+ in slag, a second liquid metal or slag, precipitation of solids.

Sources: the numbers stand, with theirs, in the data of ``twin.materials.thermochemistry``. Form: Yazawa, Takeda; phase split: Michelsen 1994.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.kernels import phases as ph
from twin.kernels.compile import Floats, kernel
from twin.kernels.phases import CLOSED, split_phases

Counts = NDArray[np.int64]

R = 8.314462618  # J/(mol K)

COLUMNS = (
    *("role", "molar_mass", "A", "B", "C", "oxygen", "ln_ratio", "slope", "metal_a", "metal_b", "self", "clamp", "slag_a", "slag_b"),
    *("vapour_A", "vapour_B", "oxide_vapour_A", "oxide_vapour_B", "in_slag", "solvent", "matte", "speiss", "to_pure"),
)
"""Columns of the table of elements, see :func:`prepare_smelting`."""
ROLE, MOLAR_MASS, DG_A, DG_B, DG_C, OXYGEN, LN_RATIO, SLOPE, METAL_A, METAL_B, SELF, CLAMP, SLAG_A, SLAG_B = range(14)
VAPOUR_A, VAPOUR_B, OXIDE_VAPOUR_A, OXIDE_VAPOUR_B, IN_SLAG, SOLVENT, MATTE, SPEISS, TO_PURE = range(14, 23)

CONSTANTS = (
    *("co_A", "co_B", "co2_A", "co2_B", "h2o_A", "h2o_B", "oxygen_A", "oxygen_B"),
    *("pivot", "matte_limit", "speiss_limit", "copper_limit", "coldest", "hottest", "most_oxygen"),
)
"""Entries of the array of constants, see :func:`prepare_smelting`."""
CO_A, CO_B, CO2_A, CO2_B, H2O_A, H2O_B, DISSOLVED_A, DISSOLVED_B, PIVOT, MATTE_LIMIT, SPEISS_LIMIT, COPPER_LIMIT, COLDEST, HOTTEST, MOST_OXYGEN = range(15)

DISTRIBUTED, AS_CARBON, AS_HYDROGEN, AS_NITROGEN, AS_OXYGEN, AS_HALOGEN, AS_INERT = range(7)
"""Roles of an element."""

LEAST, MOST = -13.0, -4.0  # log10 pO2 of the range that the model is meant for; it is extended beyond, and counted
LN10 = math.log(10.0)
FLOOR = -184.0  # ln pO2: 1e-80 atm, where no oxide is left
TOP = 1e-6  # how far below the total pressure, in ln, the search for pO2 ends
NARROWEST = 1e-11  # of ln pO2, where the jump is many times the oxygen
COLLAPSED = 1e-8  # of ln pO2: two sides of a jump; between them amounts are linear to 1e-16

STATE = ("log_po2", "metal_moles", "slag_moles", "gas_moles", "solid_carbon", "co2_over_co", "residual", "steps")
WARNINGS = ("oxygen_low", "oxygen_high", "temperature", "solid_carbon", "matte", "speiss", "iron_rich", "copper_poor")
STATUSES = (
    "an amount is negative or not finite",
    "the temperature must lie between 1000 and 2500 K and the pressure between 0.01 and 100 atm",
    "the equilibrium did not converge",
)


@kernel("void(f8[:, ::1], f8[::1], f8, f8, f8[:, ::1])")
def prepare_smelting(table: Floats, constants: Floats, temperature: float, pressure: float, out: Floats) -> None:
    """Evaluate everything that depends on temperature alone.

    - ``table`` (element, len(COLUMNS)): ``A`` [J/mol O2], ``B``, ``C`` [J/(mol O2 K)] of the oxide; ``oxygen`` z; ``ln_ratio``: ln of metal
      over slag by mole fraction at the pivot, for elements without dG (else NaN); ``slope``: NaN for z/2; ``metal_a``/T + ``metal_b`` = log10
      g_M, likewise of slag; ``self``, ``clamp``: e and its limit; vapour columns [J/mol, J/(mol K)], NaN where not volatile;
    - ``constants`` (len(CONSTANTS),): free energies per mol of CO, CO2 and H2O, of 1/2 O2 = [O]; the pivot as log10 pO2; limits;
    - ``temperature`` [K], ``pressure`` [atm];
    - ``out`` (element + 1, WIDTH).
    """
    rt = R * temperature
    ln_t, ln_p = math.log(temperature), math.log(pressure)
    pivot = LN10 * constants[PIVOT]
    elements = table.shape[0]
    for i in range(elements):
        half = 0.5 * table[i, OXYGEN]
        ln_metal = LN10 * (table[i, METAL_A] / temperature + table[i, METAL_B])
        ln_slag = LN10 * (table[i, SLAG_A] / temperature + table[i, SLAG_B])
        if math.isnan(table[i, LN_RATIO]):
            dg = table[i, DG_A] + table[i, DG_B] * temperature + table[i, DG_C] * temperature * ln_t
            c = -half * dg / rt + ln_metal - ln_slag
        else:
            c = -table[i, LN_RATIO] - half * pivot
        slope = table[i, SLOPE]
        out[i, ph.C], out[i, ph.HALF] = c, half
        out[i, ph.TURN] = 0.0 if math.isnan(slope) else slope - half
        volatile = not math.isnan(table[i, VAPOUR_A])
        out[i, ph.GAS_METAL] = math.exp(ln_metal - (table[i, VAPOUR_A] + table[i, VAPOUR_B] * temperature) / rt - ln_p) if volatile else 0.0
        volatile = not math.isnan(table[i, OXIDE_VAPOUR_A])
        vapour = table[i, OXIDE_VAPOUR_A] + table[i, OXIDE_VAPOUR_B] * temperature
        out[i, ph.GAS_OXIDE] = math.exp(ln_slag - vapour / rt - ln_p) if volatile else 0.0
        out[i, ph.SLAG], out[i, ph.SELF], out[i, ph.LIMIT] = table[i, IN_SLAG], table[i, SELF], table[i, CLAMP]
        out[i, ph.ROLE], out[i, ph.COPPER] = table[i, ROLE], table[i, SOLVENT]
        out[i, ph.PURE] = ln_slag if table[i, TO_PURE] > 0.0 else 0.0
    gas = out[elements]
    gas[0] = -(constants[CO_A] + constants[CO_B] * temperature) / rt - ln_p
    gas[1] = -(constants[CO2_A] + constants[CO2_B] * temperature) / rt - ln_p
    gas[2] = -(constants[H2O_A] + constants[H2O_B] * temperature) / rt
    gas[3] = -(constants[DISSOLVED_A] + constants[DISSOLVED_B] * temperature) / rt
    gas[4], gas[5], gas[6] = pivot, pressure, constants[MOST_OXYGEN]


@kernel()
def oxygen_needed(u: float, at: Floats, gas: Floats, hydrogen: float, total: float, phases: Floats, work: Floats, parts: Floats) -> float:
    """Oxygen [mol O] that metal, slag and gas hold at ln pO2 = ``u``; it rises with u. NaN where the split did not converge.

    ``hydrogen``: mol of H that can become water. ``at``, ``gas``, ``phases`` and ``work`` as in :func:`~twin.kernels.phases.split_phases`; what
    depends on u is set here. ``parts`` (6,) receives oxygen in metal, in slag, in gas, mol of carbon in the gas, CO2/CO, and adds up the steps.
    """
    g = at[at.shape[0] - 1]
    po2, root = math.exp(u), math.exp(0.5 * u)
    co, co2, water = math.exp(g[0]) * root, math.exp(g[1]) * po2, math.exp(g[2]) * root
    gas[ph.HELD], gas[ph.O2], gas[ph.DISSOLVED] = co + co2, po2 / g[5], min(math.exp(g[3]) * root, g[6])
    turned = min(max(u, LEAST * LN10), MOST * LN10) - g[4]
    present = int(gas[ph.PRESENT])
    for k in range(present):
        i = int(work[ph.WHICH, k])
        e = math.exp(at[i, ph.C] + at[i, ph.HALF] * u + at[i, ph.TURN] * turned)
        work[ph.TO_SLAG, k] = e * at[i, ph.SLAG]
        work[ph.OXIDE_TO_GAS, k] = e * at[i, ph.GAS_OXIDE]
        work[ph.TO_GAS, k] = at[i, ph.GAS_METAL] + work[ph.OXIDE_TO_GAS, k]
    for j in range(3):
        phases[j] = max(phases[j], 1e-3 * total)
    steps = split_phases(at, gas, total, phases, work)
    if steps == 0:
        return math.nan
    in_metal, in_slag, in_gas = 0.0, 0.0, 2.0 * gas[ph.O2] * phases[2]
    for k in range(present):
        i = int(work[ph.WHICH, k])
        z, x = 2.0 * at[i, ph.HALF], work[ph.IN_METAL, k]
        in_slag += z * work[ph.IN_SLAG, k] * phases[1]
        in_gas += z * x * work[ph.OXIDE_TO_GAS, k] * phases[2]
        in_metal += at[i, ph.COPPER] * gas[ph.DISSOLVED] * x * phases[0]
    saturated = gas[ph.HELD] < 1.0 - gas[ph.O2]
    carbon = min(gas[ph.CARBON], gas[ph.HELD] * phases[2]) if saturated else gas[ph.CARBON]
    in_gas += carbon * (co + 2.0 * co2) / (co + co2) + 0.5 * hydrogen * water / (1.0 + water)
    parts[0], parts[1], parts[2], parts[3], parts[4] = in_metal, in_slag, in_gas, carbon, co2 / co
    parts[5] += steps
    return float(in_metal + in_slag + in_gas)


@kernel()
def _oxygen_root(
    guess: float, available: float, at: Floats, gas: Floats, hydrogen: float, total: float, phases: Floats, work: Floats, parts: Floats
) -> tuple[float, float]:
    """Two values of ln pO2 that hold between them the one at which the available oxygen is needed; NaN where a split did not converge.

    They are equal where it was found, and at FLOOR or the top where it is beyond. Where two solutions share one composition, as copper and its
    pure oxide do, the need jumps at one pressure: the two values are then the two sides of the jump. ``phases`` and ``work`` stand at the second.
    """
    top = math.log(at[at.shape[0] - 1, 5]) - TOP
    for j in range(3):
        phases[j] = total
    if available <= 0.0:
        needed = oxygen_needed(FLOOR, at, gas, hydrogen, total, phases, work, parts)
        return FLOOR, FLOOR if math.isfinite(needed) else math.nan
    b = min(guess, top)
    fb = oxygen_needed(b, at, gas, hydrogen, total, phases, work, parts) - available
    a, fa, width = b, fb, LN10
    while abs(fb) > CLOSED * available and (fa > 0.0) == (fb > 0.0):  # widen until the bracket holds the root
        if (fb > 0.0 and b == FLOOR) or (fb < 0.0 and b == top):
            return b, b
        a, fa = b, fb
        b = max(b - width, FLOOR) if fb > 0.0 else min(b + width, top)
        width *= 2.0
        fb = oxygen_needed(b, at, gas, hydrogen, total, phases, work, parts) - available
    if abs(fb) <= CLOSED * available:
        return b, b
    # Chandrupatla 1997: inverse quadratic interpolation where it is safe, else bisection
    c, fc = a, fa
    t = min(max(fa / (fa - fb), 0.02), 0.98)
    for _ in range(200):
        x = a + t * (b - a)
        fx = oxygen_needed(x, at, gas, hydrogen, total, phases, work, parts) - available
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


@kernel()
def _add(mass: Floats, at: Floats, gas: Floats, kept: float, phases: Floats, work: Floats, parts: Floats, sums: Floats, out: Floats) -> None:
    """Add the split that stands in ``phases`` and ``work``. ``kept`` < 1 cuts all oxides to the oxygen that there is."""
    for j in range(3):
        sums[j] += kept * parts[j]
        sums[3 + j] += phases[j]
    sums[6] += parts[4]
    for i in range(mass.shape[0]):
        if int(at[i, ph.ROLE]) == AS_CARBON and mass[i] > 0.0:
            out[2, i] += mass[i] * (kept * min(parts[3] / gas[ph.CARBON], 1.0))
            out[3, i] += mass[i] * (1.0 - kept * min(parts[3] / gas[ph.CARBON], 1.0))
    for k in range(int(gas[ph.PRESENT])):
        i = int(work[ph.WHICH, k])
        x = work[ph.IN_METAL, k]
        metal, slag = x * phases[0], work[ph.IN_SLAG, k] * phases[1]
        vapour, oxide = x * at[i, ph.GAS_METAL] * phases[2], x * work[ph.OXIDE_TO_GAS, k] * phases[2]
        unit = mass[i] / (metal + slag + vapour + oxide)
        out[0, i] += unit * (metal + (1.0 - kept) * (slag + oxide))
        out[1, i] += unit * (kept * slag)
        out[2, i] += unit * (vapour + kept * oxide)


@kernel()
def _scale(factor: float, sums: Floats, out: Floats) -> None:
    for k in range(sums.shape[0]):
        sums[k] *= factor
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[j, i] *= factor


@kernel()
def _take_in(mass: Floats, table: Floats, at: Floats, gas: Floats, work: Floats) -> tuple[float, float, float]:
    """Sort the feed by what it does. Returns mol of oxygen, of hydrogen that can become water, and of everything; NaN for a mass that is none."""
    oxygen, hydrogen, halogen, total, present = 0.0, 0.0, 0.0, 0.0, 0
    for constant in range(2, 0, -1):  # those with a constant factor first
        for i in range(mass.shape[0]):
            if not (mass[i] >= 0.0 and math.isfinite(mass[i])):
                return math.nan, 0.0, 0.0
            n = mass[i] / table[i, MOLAR_MASS]
            special = at[i, ph.SELF] > 0.0 or at[i, ph.PURE] != 0.0 or at[i, ph.COPPER] != 0.0
            if int(table[i, ROLE]) == DISTRIBUTED and n > 0.0 and special == (constant == 1):
                work[ph.WHICH, present], work[ph.MOLES, present] = i, n
                work[ph.IN_METAL, present] = work[ph.IN_SLAG, present] = 0.0
                present += 1
                total += n
        if constant == 2:
            gas[ph.CONSTANT] = present
    gas[ph.PRESENT] = present
    for i in range(mass.shape[0]):
        n, role = mass[i] / table[i, MOLAR_MASS], int(table[i, ROLE])
        if role == DISTRIBUTED:
            continue
        total += n
        if role == AS_CARBON:
            gas[ph.CARBON] += n
        elif role == AS_HYDROGEN:
            hydrogen += n
        elif role == AS_NITROGEN:
            gas[ph.PERMANENT] += 0.5 * n
        elif role == AS_OXYGEN:
            oxygen += n
        elif role == AS_HALOGEN:
            halogen += n
        elif role == AS_INERT:
            gas[ph.INERT] += n
    bound = min(hydrogen, halogen)
    gas[ph.PERMANENT] += bound + 0.5 * (halogen - bound) + 0.5 * (hydrogen - bound)
    return oxygen, hydrogen - bound, total


@kernel()
def _close(mass: Floats, table: Floats, available: float, free: bool, sums: Floats, out: Floats, state: Floats) -> None:
    """Write oxygen, and what does not react. What the root left open goes where most oxygen is; ``free``: oxygen that nothing takes, as O2."""
    left = available - (sums[0] + sums[1] + sums[2])
    if free and left > 0.0:
        sums[2] += left
        sums[5] += 0.5 * left
        left = 0.0
    state[6] = abs(left) / available if available > 0.0 else 0.0
    most = 0
    for j in range(3):
        if sums[j] > sums[most]:
            most = j
    for i in range(mass.shape[0]):
        role = int(table[i, ROLE])
        if role == AS_OXYGEN:
            for j in range(3):
                out[j, i] = sums[j] * table[i, MOLAR_MASS]
            out[most, i] = mass[i] - (out[(most + 1) % 3, i] + out[(most + 2) % 3, i])
        elif role == AS_INERT:
            out[1, i] = mass[i]
        elif role in (AS_HYDROGEN, AS_NITROGEN, AS_HALOGEN):
            out[2, i] = mass[i]


@kernel()
def _judge(temperature: float, table: Floats, constants: Floats, at: Floats, gas: Floats, work: Floats, out: Floats, state: Floats, warn: Counts) -> None:
    """Count where the model's range is left, and note the solid carbon."""
    metal, everything, sulphur, speiss, copper, moles = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    rich = False
    for k in range(int(gas[ph.CONSTANT]), int(gas[ph.PRESENT])):
        i = int(work[ph.WHICH, k])
        rich = rich or (at[i, ph.SELF] > 0.0 and work[ph.IN_METAL, k] >= at[i, ph.LIMIT] * (1.0 - 1e-9))
    for i in range(table.shape[0]):
        metal += out[0, i]
        everything += out[0, i] + out[1, i] + out[2, i] + out[3, i]
        sulphur += table[i, MATTE] * out[0, i]
        speiss += table[i, SPEISS] * out[0, i]
        copper += table[i, SOLVENT] * out[0, i] / table[i, MOLAR_MASS]
        moles += out[0, i] / table[i, MOLAR_MASS]
        state[4] += out[3, i] / table[i, MOLAR_MASS]
    warn[0] += 1 if state[0] < LEAST else 0
    warn[1] += 1 if state[0] > MOST else 0
    warn[2] += 1 if not constants[COLDEST] <= temperature <= constants[HOTTEST] else 0
    warn[3] += 1 if state[4] * 0.012 > 1e-9 * everything else 0
    if metal > 1e-9 * everything:
        warn[4] += 1 if sulphur > constants[MATTE_LIMIT] * metal else 0
        warn[5] += 1 if speiss > constants[SPEISS_LIMIT] * metal else 0
        warn[6] += 1 if rich else 0
        warn[7] += 1 if copper < constants[COPPER_LIMIT] * moles else 0


@kernel("i8(f8[::1], f8, f8[:, ::1], f8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[::1], i8[::1])")
def smelt(mass: Floats, temperature: float, table: Floats, constants: Floats, at: Floats, work: Floats, out: Floats, state: Floats, warn: Counts) -> int:
    """Share out ``mass`` between metal, slag and gas at equilibrium. Returns 0, or a status that :data:`STATUSES` explains from 1.

    - ``mass`` (element,) [kg], any amounts >= 0, oxygen among them;
    - ``temperature`` [K]; ``table``, ``constants``: of ``twin.materials.thermochemistry``;
    - ``at`` (element + 1, WIDTH): filled by :func:`prepare_smelting` for this temperature;
    - ``work`` (ROWS, element): overwritten;
    - ``out`` (4, element) [kg]: metal, slag, gas, solid carbon;
    - ``state`` (len(STATE),): log10 of pO2 in atm, mol of the three solutions and of solid carbon, CO2/CO, oxygen that the root left open
      over all oxygen, Newton steps. Given with ``state[0]`` < 0, that is the first guess of log10 pO2, else 1e-8 atm is;
    - ``warn`` (len(WARNINGS),): counted up.

    Copper 1000 kg, iron 100 kg, SiO2 60 kg (Si 28.05, O 31.95) and 28 kg of further oxygen at 1573.15 K give log10 pO2, % Fe in metal and % Cu in
    slag of -9.4384, 0.3234, 1.0791.
    """
    pressure = at[mass.shape[0], 5]
    if not (1000.0 <= temperature <= 2500.0 and 0.01 <= pressure <= 100.0):
        return 2
    gas, phases, parts, sums = work[ph.SUMS, :8], work[ph.SUMS, 8:11], work[ph.SUMS, 11:17], work[ph.SUMS, 17:24]
    for i in range(mass.shape[0]):
        work[ph.SUMS, i] = out[0, i] = out[1, i] = out[2, i] = out[3, i] = 0.0
    guess = state[0] if state[0] < 0.0 else -8.0
    for k in range(state.shape[0]):
        state[k] = 0.0
    available, hydrogen, total = _take_in(mass, table, at, gas, work)
    if not math.isfinite(available + total):
        return 1
    if total <= 0.0:
        state[0] = guess
        return 0
    first, second = _oxygen_root(guess * LN10, available, at, gas, hydrogen, total, phases, work, parts)
    if math.isnan(second):
        return 3
    needed, weight = parts[0] + parts[1] + parts[2], 1.0
    kept = min(1.0, available / needed) if second == FLOOR and needed > 0.0 else 1.0
    _add(mass, at, gas, kept, phases, work, parts, sums, out)
    if first != second:  # the lever rule between the two sides of a jump
        other = oxygen_needed(first, at, gas, hydrogen, total, phases, work, parts)
        weight = min(max((available - other) / (needed - other), 0.0), 1.0 - 1e-15)
        _scale(weight / (1.0 - weight), sums, out)
        _add(mass, at, gas, 1.0, phases, work, parts, sums, out)
        _scale(1.0 - weight, sums, out)
    _close(mass, table, available, second == math.log(pressure) - TOP, sums, out, state)
    if state[6] * available > 1e-8 * total:
        return 3
    state[0] = (weight * second + (1.0 - weight) * first) / LN10
    for j in range(3):
        state[1 + j] = sums[3 + j]
    state[5], state[7] = sums[6], parts[5]
    _judge(temperature, table, constants, at, gas, work, out, state, warn)
    return 0
