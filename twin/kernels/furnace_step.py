"""One step of a furnace: what is added reacts, gas leaves and burns above the bath, heat is shared out.

**Bath.** What is in it and what is added to it is brought to the equilibrium of ``twin.kernels.smelting`` at the temperature the step begins with. C,
H, N, S and halogens leave with the gas. Metal vapours and oxide vapours leave by the share 1 - exp(-kA P/(R T n)) of what the gas would hold when
saturated, n mol/s being the gas (mass transfer and saturation in one); the rest stays. Below 1373.15 K nothing reacts and the charge is only heated.

**Above the bath.** The gas, what is said not to react in the bath, and the burner's fuel burn to CO2, H2O, SO2, HCl and oxides of the fumed metals, with
the oxygen that is there and air for the rest. Of the heat that this sets free over gas at the bath's temperature a share returns; the rest leaves with
the gas, whose temperature follows. A flame that does not heat returns nothing.

**Temperature.** Enthalpy is carried along, closed to rounding; the temperature is the one at which metal, slag and the gas of the step hold it. The
formation is that of the elements as they stand in metal and slag, so reactions need no heats of their own. Heats of mixing are not in the model.
"""

from __future__ import annotations

import math

from twin.kernels import heat as ht
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_bath import react
from twin.kernels.furnace_space import (
    ABOVE,
    AIR_IN,
    ALUMINA,
    AREA,
    BATH,
    BLAST_N2,
    BLAST_O2,
    BLAST_USE,
    BOUGHT_O2,
    BULK,
    BURNER_IN_BATH,
    BURNER_RETURN,
    COOLANT,
    COOLANT_IN,
    COOLANT_KG,
    DROPLET,
    DT,
    DUST,
    DUST_SHARE,
    ENTRAINED,
    ENTRAINMENT,
    EXCESS,
    FED,
    FEED,
    FINES,
    FLAME,
    FLAME_N2,
    FLAME_O2,
    FREEBOARD,
    FUEL,
    FUEL_IN,
    FUEL_KG,
    FUME,
    GAS,
    GAS_T,
    HIGHEST_VISCOSITY,
    IN_BATH,
    IRON,
    LEVEL,
    LIME,
    LIQUIDUS,
    LOWEST_VISCOSITY,
    METAL,
    MOLTEN,
    MOLTEN_FROM,
    NORMAL,
    ORGANIC,
    OXYGEN_IN,
    PO2,
    POST,
    REDUCTANT,
    REDUCTANT_IN,
    REDUCTANT_KG,
    REDUCTANT_USE,
    RETURN,
    RETURNED,
    SILICATE,
    SLAG,
    SOLID,
    STIRRED,
    THICKNESS,
    VAPOUR,
    VISCOSITY,
    VOLUME,
    WALL,
    WALL_HEAT,
    A,
    B,
    Setting,
    Space,
    T,
    burns,
)
from twin.kernels.heat import SPAN, add_cold, add_levels, add_molecules, add_oxides, content, temperature_of
from twin.kernels.physical_constants import AIR_OXYGEN, COLD
from twin.kernels.slag import SLAG_DENSITY, settling_velocity, slag_properties
from twin.kernels.smelting import AS_CARBON, AS_HALOGEN, AS_HYDROGEN, AS_NITROGEN, AS_OXYGEN, MATTE, MOLAR_MASS, OXYGEN, ROLE


@kernel()
def burnt(mass: Floats, fumed: float, table: Floats, moles: Floats) -> float:
    """Molecules of what ``mass`` (element,) kg burns to; returns mol of O that are left over, negative where they are missing.

    ``fumed``: mol of O that the fumed metals take. ``moles`` (species,) receives CO2, H2O, SO2, N2, HCl, Cl2, no O2.
    """
    hydrogen, halogen, oxygen = 0.0, 0.0, 0.0
    moles[:] = 0.0
    for i in range(table.shape[0]):
        if mass[i] == 0.0:
            continue
        n, role = mass[i] / table[i, MOLAR_MASS], int(table[i, ROLE])
        if role == AS_CARBON:
            moles[ht.CO2] += n
        elif role == AS_HYDROGEN:
            hydrogen += n
        elif role == AS_NITROGEN:
            moles[ht.N2] += 0.5 * n
        elif role == AS_OXYGEN:
            oxygen += n
        elif role == AS_HALOGEN:
            halogen += n
        elif table[i, MATTE] > 0.0:
            moles[ht.SO2] += n
    bound = min(hydrogen, halogen)
    moles[ht.HCL], moles[ht.CL2], moles[ht.H2O] = bound, 0.5 * (halogen - bound), 0.5 * (hydrogen - bound)
    return float(oxygen - fumed - 2.0 * moles[ht.CO2] - moles[ht.H2O] - 2.0 * moles[ht.SO2])


@kernel()
def oxygen_to_burn(mass: Floats, table: Floats, moles: Floats) -> float:
    """Mol of O2 that ``mass`` (element,) kg takes to burn, less what it holds; at least 0."""
    return max(-0.5 * burnt(mass, 0.0, table, moles), 0.0)


@kernel()
def _take_in(bath: Floats, hot: bool, drive: Floats, setting: Setting, scratch: Floats, new: Floats) -> None:
    """Share what is added out between the bath and what is above it, and write what flowed in."""
    table, manner, feed, supplies = setting.table, setting.manner, setting.feed, setting.supplies
    n = table.shape[0]
    mix, above, flame = new[BATH], scratch[ABOVE], scratch[FLAME]
    organics = manner[IN_BATH]
    used = manner[REDUCTANT_USE] if hot else 0.0
    lance = manner[BURNER_IN_BATH] if hot else 0.0
    for j in range(n + 2):
        free = j >= n or burns(j, table)
        fed = drive[FED] * (feed[BULK, j] + feed[ORGANIC, j] + feed[FINES, j])
        dust = drive[FED] * manner[DUST_SHARE] * feed[FINES, j]
        over = drive[FED] * (1.0 - organics) * feed[ORGANIC, j] if free else 0.0
        coolant, fuel = drive[COOLANT_KG] * supplies[COOLANT, j], drive[FUEL_KG] * supplies[FUEL, j]
        reductant = drive[REDUCTANT_KG] * supplies[REDUCTANT, j]
        flame[j] = (1.0 - lance) * fuel if free else 0.0
        wasted = (1.0 - used) * reductant if free else 0.0
        above[j] = over + wasted
        mix[j] = bath[j] + (fed - dust - over) + coolant + (reductant - wasted) + (fuel - flame[j])
        new[FEED, j], new[COOLANT_IN, j], new[FUEL_IN, j], new[REDUCTANT_IN, j], new[DUST, j] = fed, coolant, fuel, reductant, dust
    used = manner[BLAST_USE] if hot else 0.0
    for i in range(n):
        role, unit = int(table[i, ROLE]), 2.0 * table[i, MOLAR_MASS]
        if role == AS_OXYGEN:
            mix[i] += unit * (used * drive[BLAST_O2] + lance * drive[FLAME_O2])
            above[i] += unit * (1.0 - used) * drive[BLAST_O2]
            flame[i] += unit * (1.0 - lance) * drive[FLAME_O2]
            new[OXYGEN_IN, i] = unit * drive[BOUGHT_O2]
            new[AIR_IN, i] = unit * (drive[BLAST_O2] + drive[FLAME_O2] - drive[BOUGHT_O2])
        elif role == AS_NITROGEN:
            mix[i] += unit * ((drive[BLAST_N2] if hot else 0.0) + lance * drive[FLAME_N2])
            above[i] += 0.0 if hot else unit * drive[BLAST_N2]
            flame[i] += unit * (1.0 - lance) * drive[FLAME_N2]
            new[AIR_IN, i] = unit * (drive[BLAST_N2] + drive[FLAME_N2])


@kernel()
def _burn_above(hot_gas: float, fume_oxygen: float, bath: float, fixed: bool, setting: Setting, space: Space) -> float:
    """Burn what is above a bath at ``bath`` K, write gas and fume; returns the heat that comes back to the bath [J], none where it is ``fixed``.

    ``hot_gas`` [J]: what the gas brought from the bath; ``fume_oxygen``: mol of O that the fumed metals take in all.
    """
    table, heat, species, oxygen, nitrogen = setting.table, setting.heat, setting.species, setting.oxygen, setting.nitrogen
    manner, scratch, moles, sums, new, then = setting.manner, space.scratch, space.moles, space.sums, space.new, space.then
    n = table.shape[0]
    above, flame = scratch[ABOVE], scratch[FLAME]
    sums[:, :] = 0.0
    left = burnt(flame[:n], 0.0, table, moles)
    moles[ht.O2] = 0.5 * max(left, 0.0)
    add_molecules(moles, species, sums[0])
    brought = flame[n] + flame[n + 1]
    returned = manner[BURNER_RETURN] * max(brought - sums[0, 0] - content(sums[0, 1], sums[0, 2], bath), 0.0)
    volume = 0.0
    for j in range(moles.shape[0]):
        volume += moles[j]
    left += burnt(above[:n], fume_oxygen, table, moles) - max(left, 0.0)
    air = 0.5 * max(-left, 0.0) * manner[EXCESS]
    moles[ht.O2] = 0.5 * max(left, 0.0) + air - 0.5 * max(-left, 0.0)
    moles[ht.N2] += air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN
    add_molecules(moles, species, sums[1])
    add_oxides(scratch[VAPOUR], heat, oxygen, sums[2])
    heat_above = above[n] + above[n + 1] + hot_gas
    surplus = heat_above - sums[1, 0] - sums[2, 0] - content(sums[1, 1] + sums[2, 1], sums[1, 2] + sums[2, 2], bath)
    returned += manner[POST] * manner[RETURN] * max(surplus, 0.0)
    for j in range(moles.shape[0]):
        volume += moles[j]
    if fixed:
        returned = 0.0
    for i in range(n):
        new[GAS, i] = above[i] + flame[i]
        new[FUME, i] = scratch[VAPOUR, i]
    fume = fume_oxygen * table[oxygen, MOLAR_MASS]
    new[FUME, oxygen] = fume
    new[AIR_IN, oxygen] += 2.0 * air * table[oxygen, MOLAR_MASS]
    new[AIR_IN, nitrogen] += 2.0 * air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN * table[nitrogen, MOLAR_MASS]
    new[GAS, oxygen] += 2.0 * air * table[oxygen, MOLAR_MASS] - fume
    new[GAS, nitrogen] += 2.0 * air * (1.0 - AIR_OXYGEN) / AIR_OXYGEN * table[nitrogen, MOLAR_MASS]
    total = brought + heat_above - returned
    formation = sums[0, 0] + sums[1, 0] + sums[2, 0]
    a, b = sums[0, 1] + sums[1, 1], sums[0, 2] + sums[1, 2]
    then[GAS_T] = temperature_of(total - formation, a + sums[2, 1], b + sums[2, 2])
    then[VOLUME], then[FREEBOARD], then[RETURNED] = volume / NORMAL, air / AIR_OXYGEN / NORMAL, returned
    if math.isnan(then[GAS_T]):
        then[GAS_T] = 0.0
        return float(total + returned)  # no gas to carry it
    new[FUME, n], new[FUME, n + 1] = sums[2, 0], content(sums[2, 1], sums[2, 2], then[GAS_T])
    new[GAS, n] = sums[0, 0] + sums[1, 0]
    new[GAS, n + 1] = total - formation - new[FUME, n + 1]
    add_levels(a + sums[2, 1], b + sums[2, 2], then[GAS_T], then[LEVEL : LEVEL + 4])
    return float(returned)


@kernel()
def step(bath: Floats, now: Floats, drive: Floats, setting: Setting, space: Space) -> int:
    """Do one step from ``bath`` (element + 2,) and ``now`` (len(NOW),), driven by ``drive`` (len(DRIVE),). Returns 0 or a status of ``smelt``.

    With no time and nothing driven it brings the bath to equilibrium: gas leaves, vapours stay.
    """
    table, sums, new, then = setting.table, space.sums, space.new, space.then
    n, hot, dt = table.shape[0], now[MOLTEN] > 0.0, drive[DT]
    new[:, :] = 0.0
    then[:] = 0.0
    sums[:, :] = 0.0
    space.scratch[:, :] = 0.0
    space.counted[:] = 0
    _take_in(bath, hot, drive, setting, space.scratch, new)
    mix = new[BATH]
    fume_oxygen = 0.0
    if hot:
        status = react(now, dt, setting, space)
        if status != 0:
            return status
        for i in range(n):
            fume_oxygen += space.scratch[VAPOUR, i] / table[i, MOLAR_MASS] * table[i, OXYGEN]
    else:
        _heat_only(now, setting, space)
    a, b = sums[0, 1] + sums[1, 1] + sums[2, 1], sums[0, 2] + sums[1, 2] + sums[2, 2]
    formation = sums[0, 0] + sums[1, 0] + sums[2, 0]
    wall = setting.manner[WALL] * (now[T] - COLD) / SPAN * dt if b > 0.0 else 0.0
    total = mix[n] + mix[n + 1] - wall
    between = temperature_of(total - formation - sums[3, 0], a + sums[3, 1], b + sums[3, 2])
    if math.isnan(between):
        between = now[T]
    hot_gas = sums[3, 0] + content(sums[3, 1], sums[3, 2], between)
    parts = sums[:3].copy()
    total += _burn_above(hot_gas, fume_oxygen, between, b <= 0.0, setting, space) - hot_gas
    temperature = temperature_of(total - formation, a, b)
    then[T] = between if math.isnan(temperature) else temperature
    mix[n], mix[n + 1] = formation, total - formation
    for k in range(3):
        new[METAL + k, n] = parts[k, 0]
        new[METAL + k, n + 1] = content(parts[k, 1], parts[k, 2], then[T])
    then[A], then[B], then[WALL_HEAT] = a, b, wall
    then[MOLTEN] = 1.0 if then[T] >= MOLTEN_FROM and b > 0.0 else 0.0
    then[PO2] = space.smelted[0] if hot else now[PO2]
    _settle(dt, now, setting, space)
    return 0


@kernel()
def _heat_only(now: Floats, setting: Setting, space: Space) -> None:
    """A bath that is too cold to react: all of it is solid, its heat content that of before and of what was added to it."""
    new, solid = space.new, space.sums[2]
    n = setting.table.shape[0]
    new[SOLID, :n] = new[BATH, :n]
    solid[0], solid[1], solid[2] = new[BATH, n], now[A], now[B]
    add_cold(new[FEED], setting.heat, 1.0, solid)
    add_cold(new[COOLANT_IN], setting.heat, 1.0, solid)
    add_cold(new[DUST], setting.heat, -1.0, solid)
    add_cold(space.scratch[ABOVE], setting.heat, -1.0, solid)


@kernel()
def _settle(dt: float, now: Floats, setting: Setting, space: Space) -> None:
    """Slag's properties, and the metal that is entrained in it: the stirred value, or what has not settled through the depth of the slag."""
    manner, new, then, shares = setting.manner, space.new, space.then, space.mass
    slag = metal = 0.0
    for i in range(setting.table.shape[0]):
        slag += new[SLAG, i]
        metal += new[METAL, i]
    if slag <= 0.0:
        return
    then[VISCOSITY], then[LIQUIDUS] = slag_properties(new[SLAG], setting.table, setting.heat, then[T], shares)
    if math.isnan(then[VISCOSITY]):
        then[VISCOSITY] = then[LIQUIDUS] = 0.0
        return
    then[VISCOSITY] *= manner[THICKNESS]
    then[IRON], then[LIME], then[ALUMINA], then[SILICATE] = shares[8], shares[2], shares[3], shares[0] + shares[1]
    if manner[STIRRED] > 0.0:
        entrained = manner[ENTRAINMENT] * slag
    else:
        viscosity = min(max(then[VISCOSITY], LOWEST_VISCOSITY), HIGHEST_VISCOSITY)
        depth = slag / SLAG_DENSITY / manner[AREA]
        entrained = now[ENTRAINED] * math.exp(-settling_velocity(manner[DROPLET], viscosity) * dt / depth)
    then[ENTRAINED] = min(entrained, metal)
