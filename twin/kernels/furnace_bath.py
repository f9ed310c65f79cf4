"""What reacts in a furnace's bath in a step: metal, slag and gas at equilibrium, the vapours that leave, and the heat of each."""

from __future__ import annotations

import math

from twin.kernels import heat as ht
from twin.kernels import phases as ph
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_space import (
    ABOVE,
    BATH,
    HOTTEST_EQUILIBRIUM,
    KA,
    KEPT,
    METAL,
    MOLTEN_FROM,
    PO2,
    SLAG,
    SOLID,
    VAPOUR,
    VAPOUR_O,
    Setting,
    Space,
    T,
    burns,
)
from twin.kernels.heat import SPAN, add_metal, add_molecules, add_oxides
from twin.kernels.physical_constants import ATMOSPHERE
from twin.kernels.smelting import AS_CARBON, AS_HALOGEN, AS_HYDROGEN, AS_NITROGEN, MATTE, MOLAR_MASS, OXYGEN, ROLE, R, prepare_smelting, smelt

ASIDE = (0.0, 3.0, 15.0, 60.0, 200.0)  # K: an odd melt that finds no equilibrium, one in a million, is tried so much colder
NOT_CONVERGED, OUT_OF_RANGE = 3, 2  # status, and place of the warning, of the equilibrium
TRACE = 1e-100  # kg: what is less takes no part, so that no quotient of it overflows


@kernel()
def _vapours(dt: float, temperature: float, setting: Setting, space: Space) -> None:
    """Which vapours leave: VAPOUR receives the kg of each element, VAPOUR_O the mol of O that leave with it, KEPT those that stay."""
    table, oxygen, work, out, scratch = setting.table, setting.oxygen, space.work, space.out, space.scratch
    gas_moles = space.smelted[3]
    scratch[VAPOUR, :] = scratch[VAPOUR_O, :] = scratch[KEPT, :] = 0.0
    leaving = 0.0
    if dt > 0.0 and gas_moles > 0.0:
        leaving = -math.expm1(-setting.manner[KA] * ATMOSPHERE * dt / (R * temperature * gas_moles))
    bound = 0.0
    for k in range(table.shape[0]):
        i = int(work[ph.WHICH, k])
        if work[ph.MOLES, k] <= 0.0 or table[i, MATTE] > 0.0 or out[2, i] <= 0.0 or work[ph.TO_GAS, k] <= 0.0:
            continue
        mol = out[2, i] / table[i, MOLAR_MASS] * table[i, OXYGEN] * min(work[ph.OXIDE_TO_GAS, k] / work[ph.TO_GAS, k], 1.0)
        scratch[VAPOUR, i], scratch[VAPOUR_O, i], scratch[KEPT, i] = leaving * out[2, i], leaving * mol, (1.0 - leaving) * mol
        bound += mol
    there = max(out[2, oxygen], 0.0) / table[oxygen, MOLAR_MASS]
    if bound > there:
        for i in range(table.shape[0]):
            scratch[VAPOUR_O, i] *= there / bound
            scratch[KEPT, i] *= there / bound


@kernel()
def _gas_heat(oxygen: float, setting: Setting, space: Space) -> None:
    """Add the heat of the gas as it leaves the bath to the fourth of the sums. ``oxygen``: mol of O of it that no metal holds."""
    table, heat, out, scratch, moles, sums = setting.table, setting.heat, space.out, space.scratch, space.moles, space.sums[3]
    ratio = space.smelted[5]  # CO2/CO
    moles[:] = 0.0
    carbon, hydrogen, halogen = 0.0, 0.0, 0.0
    for i in range(table.shape[0]):
        n, role = out[2, i] / table[i, MOLAR_MASS], int(table[i, ROLE])
        if role == AS_CARBON:
            carbon += n
        elif role == AS_HYDROGEN:
            hydrogen += n
        elif role == AS_NITROGEN:
            moles[ht.N2] += 0.5 * n
        elif role == AS_HALOGEN:
            halogen += n
        elif table[i, MATTE] > 0.0:
            moles[ht.SO2] += n
        elif scratch[VAPOUR, i] > 0.0:
            share = scratch[VAPOUR_O, i] * table[i, MOLAR_MASS] / (scratch[VAPOUR, i] * table[i, OXYGEN])
            _add_linear(scratch[VAPOUR, i] * (1.0 - share), heat[i, ht.VAPOUR], heat[i, ht.VAPOUR_C], sums)
            _add_linear(scratch[VAPOUR, i] * share, heat[i, ht.OXIDE_VAPOUR], heat[i, ht.OXIDE_VAPOUR_C], sums)
    left = max(oxygen - 2.0 * moles[ht.SO2] - carbon, 0.0)
    moles[ht.CO2] = min(carbon * ratio / (1.0 + ratio), left)
    moles[ht.CO] = carbon - moles[ht.CO2]
    left -= moles[ht.CO2]
    bound = min(hydrogen, halogen)
    moles[ht.HCL], moles[ht.CL2] = bound, 0.5 * (halogen - bound)
    moles[ht.H2O] = min(0.5 * (hydrogen - bound), left)
    moles[ht.H2] = 0.5 * (hydrogen - bound) - moles[ht.H2O]
    moles[ht.O2] = 0.5 * (left - moles[ht.H2O])
    add_molecules(moles, setting.species, sums)


@kernel()
def _add_linear(mass: float, h: float, c: float, sums: Floats) -> None:
    """Add ``mass`` of what has the enthalpy ``h`` at T0 and the constant heat capacity ``c``."""
    sums[0] += mass * (h - c * SPAN)
    sums[1] += mass * c * SPAN
    sums[2] += mass * c


@kernel()
def react(now: Floats, dt: float, setting: Setting, space: Space) -> int:
    """Equilibrate what stands in ``new[BATH]``; write METAL, SLAG, SOLID, take the gas out of the bath; sums of metal, slag, solid, gas."""
    table, heat, species, oxygen = setting.table, setting.heat, setting.species, setting.oxygen
    out, smelted, scratch, sums, new = space.out, space.smelted, space.scratch, space.sums, space.new
    n = table.shape[0]
    temperature = min(max(now[T], MOLTEN_FROM), HOTTEST_EQUILIBRIUM)
    for i in range(n):
        space.mass[i] = new[BATH, i] if new[BATH, i] > TRACE else 0.0
    status = NOT_CONVERGED
    for aside in ASIDE:
        tried = max(temperature - aside, MOLTEN_FROM)
        smelted[:] = 0.0
        smelted[0] = now[PO2]
        prepare_smelting(table, setting.constants, tried, 1.0, space.at)
        status = smelt(space.mass, tried, table, setting.constants, space.at, space.work, out, smelted, space.counted)
        status = NOT_CONVERGED if math.isnan(smelted[0]) else status
        if status != NOT_CONVERGED:
            break
    if status != 0:
        return status
    if now[T] > HOTTEST_EQUILIBRIUM:
        space.counted[OUT_OF_RANGE] += 1
    _vapours(dt, temperature, setting, space)
    gas_oxygen = out[2, oxygen] / table[oxygen, MOLAR_MASS]
    for i in range(n):
        new[METAL, i], new[SLAG, i], new[SOLID, i] = out[0, i], out[1, i], out[3, i]
        if i == oxygen:
            continue
        if burns(i, table):
            gone = min(out[2, i], new[BATH, i])
            new[BATH, i] -= gone
            scratch[ABOVE, i] += gone
        elif out[2, i] > 0.0:
            scratch[VAPOUR, i] = min(scratch[VAPOUR, i], new[BATH, i])
            stays = out[2, i] - scratch[VAPOUR, i]
            oxide = scratch[KEPT, i] / table[i, OXYGEN] * table[i, MOLAR_MASS] if scratch[KEPT, i] > 0.0 else 0.0
            new[METAL, i] += stays - min(oxide, stays)
            new[SLAG, i] += min(oxide, stays)
            new[BATH, i] -= scratch[VAPOUR, i]
            gas_oxygen -= scratch[KEPT, i]
    gas_oxygen = max(gas_oxygen, 0.0)
    leaves = min(gas_oxygen * table[oxygen, MOLAR_MASS], out[2, oxygen], new[BATH, oxygen])
    new[SLAG, oxygen] += out[2, oxygen] - leaves
    new[BATH, oxygen] -= leaves
    scratch[ABOVE, oxygen] += leaves
    free = gas_oxygen
    for i in range(n):
        free -= scratch[VAPOUR_O, i]
    add_metal(new[METAL], table, species, heat, oxygen, sums[0])
    add_oxides(new[SLAG], heat, oxygen, sums[1])
    add_metal(new[SOLID], table, species, heat, oxygen, sums[2])
    _gas_heat(max(free, 0.0), setting, space)
    return 0
