"""What reacts in a furnace's bath in a step: metal, slag and gas at equilibrium, the vapours that leave, and the heat of each."""

from __future__ import annotations

import math

from numba import types

from twin.kernels.compile import Floats, kernel
from twin.kernels.fuming import transfer
from twin.kernels.furnace_space import HOTTEST_EQUILIBRIUM, MOLTEN_FROM, Setting, Space, burns, f8, i8, record_of
from twin.kernels.furnace_tables import HEATS, REPORT, ROW, SCRATCH
from twin.kernels.heat import SPAN, add_higher, add_metal, add_molecules, add_oxides
from twin.kernels.physical_constants import ATMOSPHERE
from twin.kernels.record_table import Record
from twin.kernels.smelting import R, prepare_smelting, smelt
from twin.kernels.smelting_tables import MOLECULE, ODD, ROLE, SOLUTION

ASIDE = (0.0, 3.0, 15.0, 60.0, 200.0)  # K: an odd melt that finds no equilibrium, one in a million, is tried so much colder
NOT_CONVERGED = 3  # status of the equilibrium
TRACE = 1e-100  # kg: what is less takes no part, so that no quotient of it overflows


@kernel(types.void(f8, f8, Setting.kind, Space.kind), inner=True)
def _vapours(dt: float, temperature: float, setting: Setting, space: Space) -> None:
    """Which vapours leave: the scratch receives the kg of each element, the mol of O that leave with it, and those that stay."""
    elements, oxygen, present, out, scratch = setting.data.chemistry.elements, setting.data.oxygen, space.melt.present, space.melt.out, space.scratch
    gas_moles = space.melt.state[0].gas_moles
    scratch[SCRATCH.vapour, :] = scratch[SCRATCH.vapour_oxygen, :] = scratch[SCRATCH.kept, :] = 0.0
    leaving = 0.0
    if dt > 0.0 and gas_moles > 0.0:
        carried = transfer(gas_moles + space.then.tuyere_gas, dt, setting.plan)
        leaving = -math.expm1(-carried * ATMOSPHERE * dt / (R * temperature * gas_moles))
    bound = 0.0
    for k in range(space.melt.mixture[0].present):
        share = present[k]
        i = share.which
        if elements[i].matte > 0.0 or out[SOLUTION.gas, i] <= 0.0 or share.to_gas <= 0.0:
            continue
        mol = out[SOLUTION.gas, i] / elements[i].molar_mass * elements[i].oxygen * min(share.oxide_to_gas / share.to_gas, 1.0)
        scratch[SCRATCH.vapour, i] = leaving * out[SOLUTION.gas, i]
        scratch[SCRATCH.vapour_oxygen, i], scratch[SCRATCH.kept, i] = leaving * mol, (1.0 - leaving) * mol
        bound += mol
    there = max(out[SOLUTION.gas, oxygen], 0.0) / elements[oxygen].molar_mass
    if bound > there:
        for i in range(elements.shape[0]):
            scratch[SCRATCH.vapour_oxygen, i] *= there / bound
            scratch[SCRATCH.kept, i] *= there / bound


@kernel()
def _add_linear(mass: float, h: float, c: float, sums: Record) -> None:
    """Add ``mass`` of what has the enthalpy ``h`` at T0 and the constant heat capacity ``c``."""
    sums.formation += mass * (h - c * SPAN)
    sums.content += mass * c * SPAN
    sums.slope += mass * c


@kernel(types.void(f8, Setting.kind, Space.kind), inner=True)
def _gas_heat(oxygen: float, setting: Setting, space: Space) -> None:
    """Add the heat of the gas as it leaves the bath to that of the gas. ``oxygen``: mol of O of it that no metal holds."""
    elements, heat, out, scratch = setting.data.chemistry.elements, setting.data.heat, space.melt.out, space.scratch
    moles, sums = space.moles, space.heats[HEATS.gas]
    ratio = space.melt.state[0].co2_over_co
    moles[:] = 0.0
    carbon, hydrogen, halogen = 0.0, 0.0, 0.0
    for i in range(elements.shape[0]):
        n, role = out[SOLUTION.gas, i] / elements[i].molar_mass, elements[i].role
        if role == ROLE.carbon:
            carbon += n
        elif role == ROLE.hydrogen:
            hydrogen += n
        elif role == ROLE.nitrogen:
            moles[MOLECULE.N2] += 0.5 * n
        elif role == ROLE.halogen:
            halogen += n
        elif elements[i].matte > 0.0:
            moles[MOLECULE.SO2] += n
        elif scratch[SCRATCH.vapour, i] > 0.0:
            vapour = scratch[SCRATCH.vapour, i]
            share = scratch[SCRATCH.vapour_oxygen, i] * elements[i].molar_mass / (vapour * elements[i].oxygen)
            _add_linear(vapour * (1.0 - share), heat[i].vapour_h, heat[i].vapour_c, sums)
            _add_linear(vapour * share, heat[i].oxide_vapour_h, heat[i].oxide_vapour_c, sums)
    left = max(oxygen - 2.0 * moles[MOLECULE.SO2] - carbon, 0.0)
    moles[MOLECULE.CO2] = min(carbon * ratio / (1.0 + ratio), left)
    moles[MOLECULE.CO] = carbon - moles[MOLECULE.CO2]
    left -= moles[MOLECULE.CO2]
    bound = min(hydrogen, halogen)
    moles[MOLECULE.HCL], moles[MOLECULE.CL2] = bound, 0.5 * (halogen - bound)
    moles[MOLECULE.H2O] = min(0.5 * (hydrogen - bound), left)
    moles[MOLECULE.H2] = 0.5 * (hydrogen - bound) - moles[MOLECULE.H2O]
    moles[MOLECULE.O2] = 0.5 * (left - moles[MOLECULE.H2O])
    add_molecules(moles, setting.data.species, sums)


@kernel(i8(record_of(REPORT), f8, f8, Setting.kind, Space.kind), inner=True)
def _equilibrate(now: Record, dt: float, temperature: float, setting: Setting, space: Space) -> int:
    """Bring what stands in the bath's row to equilibrium, with the vapours that its gas is foreseen to leave behind. Returns 0 or a status of ``smelt``.

    With them, what is left of metal and slag is what the gas is in equilibrium with; without, a step would see less of what is volatile by what its own gas
    holds, which goes with its length and makes it one of first order.
    """
    chemistry, melt, mass, keeps = setting.data.chemistry, space.melt, space.mass, space.keeps
    for i in range(mass.shape[0]):
        mass[i] = space.new[ROW.bath, i] if space.new[ROW.bath, i] > TRACE else 0.0
        keeps[i] = min(space.held[i] * dt, mass[i])
        mass[i] += keeps[i]
    status = NOT_CONVERGED
    for aside in ASIDE:
        tried = max(temperature - aside, MOLTEN_FROM)
        if not melt.state[0].near > 0.0:  # else the last equilibrium of this phase is the guess, with all that it found
            melt.state[0].log_po2 = now.log_po2
        if melt.conditions[0].temperature != tried:
            prepare_smelting(chemistry, tried, 1.0, melt)
        status = smelt(mass, tried, chemistry, melt)
        status = NOT_CONVERGED if math.isnan(melt.state[0].log_po2) else status
        if status != NOT_CONVERGED:
            break
        melt.state[0].near = 0.0
    return status


@kernel()
def _give_back(i: int, stays: float, oxide: float, foreseen: float, new: Floats) -> None:
    """Give metal and slag the ``stays`` kg that the gas leaves behind, ``oxide`` of them bound, less the ``foreseen``, which they hold already.

    They hold what is in the bath less what leaves it, and so at least what is taken out, but for rounding: that is what is cut off at none.
    """
    more = stays - foreseen
    if more > 0.0:
        bound = more * (oxide / stays)
        new[ROW.metal, i] += more - bound
        new[ROW.slag, i] += bound
        return
    there = new[ROW.metal, i] + new[ROW.slag, i]
    if more < 0.0 and there > 0.0:
        left = max(1.0 + more / there, 0.0)
        new[ROW.metal, i] *= left
        new[ROW.slag, i] *= left


@kernel(f8(Setting.kind, Space.kind), inner=True)
def _part_with_gas(setting: Setting, space: Space) -> float:
    """Write metal, slag and solid, and take out of the bath what leaves with the gas. Returns the mol of O in it that no vapour of the bath keeps."""
    elements, oxygen, out, scratch, new = setting.data.chemistry.elements, setting.data.oxygen, space.melt.out, space.scratch, space.new
    gas_oxygen, molar_mass, keeps = out[SOLUTION.gas, oxygen] / elements[oxygen].molar_mass, elements[oxygen].molar_mass, space.keeps
    all_kept = 0.0
    for i in range(elements.shape[0]):
        new[ROW.metal, i], new[ROW.slag, i], new[ROW.solid, i] = out[SOLUTION.metal, i], out[SOLUTION.slag, i], out[SOLUTION.carbon, i]
        if i == oxygen:
            continue
        if burns(elements[i]):
            gone = min(out[SOLUTION.gas, i], new[ROW.bath, i])
            new[ROW.bath, i] -= gone
            scratch[SCRATCH.above, i] += gone
        elif out[SOLUTION.gas, i] > 0.0:
            scratch[SCRATCH.vapour, i] = min(scratch[SCRATCH.vapour, i], new[ROW.bath, i])
            stays = out[SOLUTION.gas, i] - scratch[SCRATCH.vapour, i]
            kept = scratch[SCRATCH.kept, i]
            oxide = kept / elements[i].oxygen * elements[i].molar_mass if kept > 0.0 else 0.0
            new[ROW.bath, i] -= scratch[SCRATCH.vapour, i]
            _give_back(i, stays, min(oxide, stays), keeps[i], new)
            keeps[i] = stays
            gas_oxygen -= kept
            all_kept += kept
        else:
            _give_back(i, 0.0, 0.0, keeps[i], new)
            keeps[i] = 0.0
    gas_oxygen = max(gas_oxygen, 0.0)
    leaves = min(gas_oxygen * elements[oxygen].molar_mass, out[SOLUTION.gas, oxygen], new[ROW.bath, oxygen])
    stays = max(out[SOLUTION.gas, oxygen] - leaves, 0.0)
    new[ROW.bath, oxygen] -= leaves
    _give_back(oxygen, stays, stays, keeps[oxygen], new)
    keeps[oxygen] = all_kept * molar_mass
    scratch[SCRATCH.above, oxygen] += leaves
    return float(gas_oxygen)


@kernel(i8(record_of(REPORT), f8, Setting.kind, Space.kind), inner=True)
def react(now: Record, dt: float, setting: Setting, space: Space) -> int:
    """Equilibrate what stands in the bath's row; write metal, slag and solid, take the gas out of the bath; heats of metal, slag, solid, gas."""
    data, heats, new = setting.data, space.heats, space.new
    temperature = min(max(now.temperature, MOLTEN_FROM), HOTTEST_EQUILIBRIUM)
    status = _equilibrate(now, dt, temperature, setting, space)
    if status != 0:
        return status
    if now.temperature > HOTTEST_EQUILIBRIUM:
        space.melt.counted[ODD.temperature] += 1
    _vapours(dt, temperature, setting, space)
    free = _part_with_gas(setting, space)
    for i in range(space.keeps.shape[0]):
        space.keeps[i] = space.keeps[i] / dt if dt > 0.0 else 0.0
    for i in range(space.mass.shape[0]):
        free -= space.scratch[SCRATCH.vapour_oxygen, i]
    molar_mass = data.chemistry.elements[data.oxygen].molar_mass
    add_metal(new[ROW.metal], molar_mass, data.species, data.heat, data.oxygen, heats[HEATS.metal])
    add_oxides(new[ROW.slag], data.heat, data.oxygen, heats[HEATS.slag])
    add_higher(space.melt.out[SOLUTION.higher], data.heat, heats[HEATS.slag])
    add_metal(new[ROW.solid], molar_mass, data.species, data.heat, data.oxygen, heats[HEATS.solid])
    _gas_heat(max(free, 0.0), setting, space)
    return 0
