"""One step of a furnace: what is added reacts, gas leaves and burns above the bath, heat is shared out.

**Bath.** What is in it and what is added to it is brought to the equilibrium of ``twin.kernels.smelting`` at the temperature foreseen for the step's end. C,
H, N, S and halogens leave with the gas. Metal vapours and oxide vapours leave by the share 1 - exp(-kA P/(R T n)) of what the gas would hold when
saturated, n mol/s being the gas (mass transfer and saturation in one); the rest stays. Below 1373.15 K nothing reacts and the charge is only heated.

**Coal and tuyeres** apart from the bath, and cooled walls: ``twin.kernels.fuming``.

**Above the bath.** The gas, what is said not to react in the bath, and the burner's fuel burn to CO2, H2O, SO2, HCl and oxides of the fumed metals, with
the oxygen that is there and air for the rest. Of the heat that this sets free over gas at the bath's temperature a share returns; the rest leaves with
the gas, whose temperature follows. A flame that does not heat returns nothing.

**Electrodes** give what the bath lacks of its target at the end of the step, at most their power: without a state of their own, whatever the step.

**Temperature.** Enthalpy is carried along, closed to rounding; metal and slag hold it at a temperature. Reactions run at that foreseen, and most
take up heat when they run warmer: where a solid oxide dissolves they can take up more than the bath does, and steps of any length would swing ever
wider. So the bath moves towards the temperature found by 1/(1 - answer), the answer being how much colder it comes out for each degree that
reactions run warmer: the linearly implicit step. It rests where reactions and heat content agree, whatever the answer.  The
formation is that of the elements as they stand in metal and slag, so reactions need no heats of their own. Heats of mixing are not in the model.
"""

from __future__ import annotations

import math

from numba import types

from twin.kernels.compile import Floats, kernel
from twin.kernels.fuming import divide, join, to_jackets
from twin.kernels.furnace_bath import react
from twin.kernels.furnace_space import (
    EMPTY,
    HIGHEST_VISCOSITY,
    LOWEST_VISCOSITY,
    MATRIX,
    MOLTEN_FROM,
    NORMAL,
    NUMBERS,
    Setting,
    Space,
    burns,
    clear,
    f8,
    i8,
    record_of,
)
from twin.kernels.furnace_tables import DRIVE, FED, HEATS, OVER, REPORT, REPORTS, ROW, SCRATCH, SUPPLY
from twin.kernels.heat import SPAN, add_cold, add_levels, add_molecules, add_oxides, content, temperature_of
from twin.kernels.physical_constants import AIR_OXYGEN, COLD
from twin.kernels.record_table import Record, Records
from twin.kernels.slag import SLAG_DENSITY, settled_share, settling_velocity, slag_properties
from twin.kernels.smelting_tables import KEY, MOLECULE, ROLE


@kernel()
def burnt(mass: Floats, fumed: float, elements: Records, moles: Floats) -> float:
    """Molecules of what ``mass`` (element,) kg burns to; returns mol of O that are left over, negative where they are missing.

    ``fumed``: mol of O that the fumed metals take. ``moles`` (species,) receives CO2, H2O, SO2, N2, HCl, Cl2, no O2.
    """
    hydrogen, halogen, oxygen = 0.0, 0.0, 0.0
    moles[:] = 0.0
    for i in range(elements.shape[0]):
        if mass[i] == 0.0:
            continue
        n, role = mass[i] / elements[i].molar_mass, elements[i].role
        if role == ROLE.carbon:
            moles[MOLECULE.CO2] += n
        elif role == ROLE.hydrogen:
            hydrogen += n
        elif role == ROLE.nitrogen:
            moles[MOLECULE.N2] += 0.5 * n
        elif role == ROLE.oxygen:
            oxygen += n
        elif role == ROLE.halogen:
            halogen += n
        elif elements[i].matte > 0.0:
            moles[MOLECULE.SO2] += n
    bound = min(hydrogen, halogen)
    moles[MOLECULE.HCL], moles[MOLECULE.CL2], moles[MOLECULE.H2O] = bound, 0.5 * (halogen - bound), 0.5 * (hydrogen - bound)
    return float(oxygen - fumed - 2.0 * moles[MOLECULE.CO2] - moles[MOLECULE.H2O] - 2.0 * moles[MOLECULE.SO2])


@kernel()
def oxygen_to_burn(mass: Floats, elements: Records, moles: Floats) -> float:
    """Mol of O2 that ``mass`` (element,) kg takes to burn, less what it holds; at least 0."""
    return max(-0.5 * burnt(mass, 0.0, elements, moles), 0.0)


@kernel(types.void(NUMBERS, types.boolean, record_of(DRIVE), Setting.kind, MATRIX, MATRIX), inner=True)
def _take_in(bath: Floats, hot: bool, drive: Record, setting: Setting, scratch: Floats, new: Floats) -> None:
    """Share what is added out between the bath and what is above it, and write what flowed in."""
    elements, plan, feed, supplies = setting.data.chemistry.elements, setting.plan, setting.charge.feed, setting.charge.supplies
    n = elements.shape[0]
    mix, above, flame = new[ROW.bath], scratch[SCRATCH.above], scratch[SCRATCH.flame]
    organics = plan.organics_in_bath
    used = plan.reductant_use if hot else 0.0
    lance = plan.burner_in_bath if hot else 0.0
    for j in range(n + 2):
        free = j >= n or burns(elements[j])
        fed = drive.fed * (feed[FED.bulk, j] + feed[FED.organic, j] + feed[FED.fines, j])
        dust = drive.fed * plan.dust_share * feed[FED.fines, j]
        over = drive.fed * (1.0 - organics) * feed[FED.organic, j] if free else 0.0
        coolant, fuel = drive.coolant * supplies[SUPPLY.coolant, j], drive.fuel * supplies[SUPPLY.fuel, j]
        reductant = drive.reductant * supplies[SUPPLY.reductant, j]
        flame[j] = (1.0 - lance) * fuel if free else 0.0
        wasted = (1.0 - used) * reductant if free else 0.0
        above[j] = over + wasted
        mix[j] = bath[j] + (fed - dust - over) + coolant + (reductant - wasted) + (fuel - flame[j])
        new[ROW.feed, j], new[ROW.coolant, j], new[ROW.fuel, j], new[ROW.reductant, j], new[ROW.dust, j] = fed, coolant, fuel, reductant, dust
    used = plan.blast_use if hot else 0.0
    for i in range(n):
        role, unit = elements[i].role, 2.0 * elements[i].molar_mass
        if role == ROLE.oxygen:
            mix[i] += unit * (used * drive.blast_o2 + lance * drive.flame_o2)
            above[i] += unit * (1.0 - used) * drive.blast_o2
            flame[i] += unit * (1.0 - lance) * drive.flame_o2
            new[ROW.oxygen, i] = unit * drive.bought_o2
            new[ROW.air, i] = unit * (drive.blast_o2 + drive.flame_o2 - drive.bought_o2)
        elif role == ROLE.nitrogen:
            mix[i] += unit * ((drive.blast_n2 if hot else 0.0) + lance * drive.flame_n2)
            above[i] += 0.0 if hot else unit * drive.blast_n2
            flame[i] += unit * (1.0 - lance) * drive.flame_n2
            new[ROW.air, i] = unit * (drive.blast_n2 + drive.flame_n2)


@kernel(f8(f8, f8, f8, types.boolean, Setting.kind, Space.kind), inner=True)
def _burn_above(hot_gas: float, fume_oxygen: float, bath: float, fixed: bool, setting: Setting, space: Space) -> float:
    """Burn what is above a bath at ``bath`` K, write gas and fume; returns the heat that comes back to the bath [J], none where it is ``fixed``.

    ``hot_gas`` [J]: what the gas brought from the bath; ``fume_oxygen``: mol of O that the fumed metals take in all.
    """
    data, elements = setting.data, setting.data.chemistry.elements
    species, oxygen, nitrogen = data.species, data.oxygen, data.nitrogen
    plan, scratch, moles, new, then = setting.plan, space.scratch, space.moles, space.new, space.then
    n = elements.shape[0]
    above, flame = scratch[SCRATCH.above], scratch[SCRATCH.flame]
    clear(space.over)
    burner, gas, fumed = space.over[OVER.flame], space.over[OVER.gas], space.over[OVER.fume]
    left = burnt(flame[:n], 0.0, elements, moles)
    moles[MOLECULE.O2] = 0.5 * max(left, 0.0)
    add_molecules(moles, species, burner)
    brought = flame[n] + flame[n + 1]
    returned = plan.burner_return * max(brought - burner.formation - content(burner.content, burner.slope, bath), 0.0)
    volume = 0.0
    for j in range(moles.shape[0]):
        volume += moles[j]
    left += burnt(above[:n], fume_oxygen, elements, moles) - max(left, 0.0)
    air = 0.5 * max(-left, 0.0) * plan.air_excess
    moles[MOLECULE.O2] = 0.5 * max(left, 0.0) + air - 0.5 * max(-left, 0.0)
    moles[MOLECULE.N2] += air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN
    add_molecules(moles, species, gas)
    add_oxides(scratch[SCRATCH.vapour], data.heat, oxygen, fumed)
    heat_above = above[n] + above[n + 1] + hot_gas
    surplus = heat_above - gas.formation - fumed.formation - content(gas.content + fumed.content, gas.slope + fumed.slope, bath)
    returned += plan.post_combustion * plan.heat_return * max(surplus, 0.0)
    for j in range(moles.shape[0]):
        volume += moles[j]
    if fixed:
        returned = 0.0
    for i in range(n):
        new[ROW.gas, i] = above[i] + flame[i]
        new[ROW.fume, i] = scratch[SCRATCH.vapour, i]
    fume = fume_oxygen * elements[oxygen].molar_mass
    new[ROW.fume, oxygen] = fume
    new[ROW.air, oxygen] += 2.0 * air * elements[oxygen].molar_mass
    new[ROW.air, nitrogen] += 2.0 * air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN * elements[nitrogen].molar_mass
    new[ROW.gas, oxygen] += 2.0 * air * elements[oxygen].molar_mass - fume
    new[ROW.gas, nitrogen] += 2.0 * air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN * elements[nitrogen].molar_mass
    total = brought + heat_above - returned
    formation = burner.formation + gas.formation + fumed.formation
    a, b = burner.content + gas.content, burner.slope + gas.slope
    then.gas_temperature = temperature_of(total - formation, a + fumed.content, b + fumed.slope)
    then.gas_volume, then.freeboard_air, then.returned = volume / NORMAL, air / AIR_OXYGEN / NORMAL, returned
    if math.isnan(then.gas_temperature):
        then.gas_temperature = 0.0
        return float(total + returned)  # no gas to carry it
    new[ROW.fume, n], new[ROW.fume, n + 1] = fumed.formation, content(fumed.content, fumed.slope, then.gas_temperature)
    new[ROW.gas, n] = burner.formation + gas.formation
    new[ROW.gas, n + 1] = total - formation - new[ROW.fume, n + 1]
    add_levels(a + fumed.content, b + fumed.slope, then.gas_temperature, then.level)
    return float(returned)


@kernel(types.void(record_of(REPORT), Setting.kind, Space.kind), inner=True)
def _heat_only(now: Record, setting: Setting, space: Space) -> None:
    """A bath that is too cold to react: all of it is solid, its heat content that of before and of what was added to it."""
    new, solid, heat = space.new, space.heats[HEATS.solid], setting.data.heat
    n = heat.shape[0]
    new[ROW.solid, :n] = new[ROW.bath, :n]
    solid.formation, solid.content, solid.slope = new[ROW.bath, n], now.content, now.slope
    add_cold(new[ROW.feed], heat, 1.0, solid)
    add_cold(new[ROW.coolant], heat, 1.0, solid)
    add_cold(new[ROW.dust], heat, -1.0, solid)
    add_cold(space.scratch[SCRATCH.above], heat, -1.0, solid)


@kernel(i8(NUMBERS, record_of(REPORT), record_of(DRIVE), Setting.kind, Space.kind), inner=True)
def step(bath: Floats, now: Record, drive: Record, setting: Setting, space: Space) -> int:
    """Do one step from ``bath`` (element + 2,) and ``now``, a REPORT of its start but for the temperature, which is that of its reactions.

    It is driven by ``drive``, a DRIVE. Returns 0 or a status of ``smelt``.

    With no time and nothing driven it brings the bath to equilibrium: gas leaves, vapours stay.
    """
    elements, new, then = setting.data.chemistry.elements, space.new, space.then
    metal, slag, solid, gas = space.heats[HEATS.metal], space.heats[HEATS.slag], space.heats[HEATS.solid], space.heats[HEATS.gas]
    n, hot, dt = elements.shape[0], now.molten > 0.0, drive.dt
    new[:, :] = 0.0
    space.reports[REPORTS.then] = space.reports[REPORTS.blank]
    clear(space.heats)
    space.scratch[:, :] = 0.0
    space.melt.counted[:] = 0
    _take_in(bath, hot, drive, setting, space.scratch, new)
    mix = new[ROW.bath]
    fume_oxygen = flame = 0.0
    if hot:
        if setting.plan.tuyere_zone > 0.0:
            divide(drive, setting, space)
        status = react(now, dt, setting, space)
        if status != 0:
            return status
        if setting.plan.tuyere_zone > 0.0:
            flame = join(now.temperature, setting, space)
        for i in range(n):
            fume_oxygen += space.scratch[SCRATCH.vapour, i] / elements[i].molar_mass * elements[i].oxygen
    else:
        _heat_only(now, setting, space)
    a, b = metal.content + slag.content + solid.content, metal.slope + slag.slope + solid.slope
    if b < EMPTY:
        a = b = 0.0
    formation = metal.formation + slag.formation + solid.formation
    wall = (setting.plan.wall_loss * (now.temperature - COLD) / SPAN + to_jackets(setting.plan, now)) * dt if b > 0.0 else 0.0
    total = mix[n] + mix[n + 1] - wall
    between = now.temperature  # of the gas that leaves, and of what a flame heats: so that a bath whose temperature is held has no error of the step
    if now.slope <= 0.0 or b <= 0.0:
        between = temperature_of(total - flame - formation - gas.formation, a + gas.content, b + gas.slope)
        between = now.temperature if math.isnan(between) else between
    hot_gas = gas.formation + content(gas.content, gas.slope, between) + flame
    total += _burn_above(hot_gas, fume_oxygen, between, b <= 0.0, setting, space) - hot_gas
    share = 1.0 / (1.0 - drive.answer) if hot else 1.0
    if b > 0.0 and dt > 0.0:
        wanted = content(a, b, now.temperature + (drive.target - now.temperature) / share) - (total - formation)
        then.electric = min(max(wanted, 0.0), setting.plan.electrode_power * dt)
        total += then.electric
    temperature = temperature_of(total - formation, a, b)
    then.unanswered = between if math.isnan(temperature) else temperature
    then.temperature = now.temperature + share * (then.unanswered - now.temperature) if share != 1.0 else then.unanswered
    mix[n], mix[n + 1] = formation, total - formation
    for k in range(3):
        part = space.heats[HEATS.metal + k]
        new[ROW.metal + k, n] = part.formation
        new[ROW.metal + k, n + 1] = content(part.content, part.slope, then.unanswered)
    then.content, then.slope, then.wall = a, b, wall
    then.molten = 1.0 if then.temperature >= MOLTEN_FROM and b > 0.0 else 0.0
    then.log_po2 = space.melt.state[0].log_po2 if hot else now.log_po2
    return 0


@kernel(types.void(f8, record_of(REPORT), Setting.kind, Space.kind), inner=True)
def settle(dt: float, now: Record, setting: Setting, space: Space) -> None:
    """Slag's properties, and the metal that is entrained in it: the stirred value, or what has not settled through the depth of the slag since ``now``."""
    plan, new, then, shares = setting.plan, space.new, space.then, space.shares
    elements = setting.data.chemistry.elements
    slag = metal = 0.0
    for i in range(elements.shape[0]):
        slag += new[ROW.slag, i]
        metal += new[ROW.metal, i]
    if slag <= 0.0:
        return
    solids = space.melt.state[0].solids / slag if now.molten > 0.0 else 0.0  # by mass: crystals are the denser, so this errs on the thick side
    then.viscosity, then.liquidus, then.solids = slag_properties(new[ROW.slag], elements, setting.data.heat, then.temperature, solids, shares)
    if math.isnan(then.viscosity):
        then.viscosity = then.liquidus = 0.0
        return
    then.viscosity *= plan.thickness
    then.iron_to_silica, then.lime, then.alumina, then.silicate = shares[KEY.iron_to_silica], shares[KEY.Ca], shares[KEY.Al], shares[KEY.Fe] + shares[KEY.Si]
    if plan.stirred > 0.0:
        entrained = plan.entrainment * slag
    else:
        viscosity = min(max(then.viscosity, LOWEST_VISCOSITY), HIGHEST_VISCOSITY)
        then.falls = settling_velocity(plan.droplet, viscosity) * SLAG_DENSITY * plan.area / slag
        further = (0.5 * (now.falls + then.falls) if now.falls > 0.0 else then.falls) * dt
        entrained = now.entrained * settled_share(plan.droplet, plan.spread, viscosity, now.fallen, further)
        then.fallen = now.fallen + further
    then.entrained = min(entrained, metal)
