"""Fuming of slag by injected coal: a tuyere zone beside the bath, an interface that grows with gas, and walls that slag freezes onto.

**Zones.** Coal that is blown in with air is divided (Richards, Brimacombe and Toop 1985): a part is entrained in the slag and reduces it there, in the
bath's equilibrium, whose gas carries the metal vapours; a part burns in the gas before the tuyeres and gives heat; the rest passes and burns above the
bath. Carbon burns to CO2, to CO where the blast falls short; where it falls short of CO too, coal passes unburnt. Of the oxygen that is left over a share
oxidises the slag, where it makes ferric iron that the entrained coal has to reduce again; the rest passes. The gas of the tuyeres carries no metal.

**Freeze lining.** Slag freezes onto cooled walls until its layer conducts what the bath supplies: q = h (T - T_liquidus) = k (T_liquidus - T_wall) / d. The
layer follows at once, and the slag that it is made of stays counted in the bath.
"""

from __future__ import annotations

from numba import types

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_space import NORMAL, Setting, Space, burns, f8, record_of
from twin.kernels.furnace_tables import DRIVE, HEATS, ROW, SCRATCH, SUPPLY
from twin.kernels.heat import add_molecules, content
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting_tables import MOLECULE, ROLE


@kernel()
def frozen(film: float, conductivity: float, thickest: float, wall: float, temperature: float, liquidus: float) -> tuple[float, float]:
    """Heat flux [W/m2] through a layer of frozen slag, and its thickness [m].

    ``film`` W/(m2 K): from bath to layer; ``conductivity`` W/(m K) and ``thickest`` m: of the layer; ``wall``, ``temperature``, ``liquidus`` K. A bath that
    is hardly above its liquidus loses what the thickest layer conducts; a wall as hot as the slag's liquidus carries no layer.

    >>> flux, thickness = frozen(500.0, 1.5, 0.1, 350.0, 1550.0, 1450.0)
    >>> round(flux), round(thickness, 4)
    (50000, 0.033)
    >>> round(frozen(500.0, 1.5, 0.1, 350.0, 1440.0, 1450.0)[0])
    16500
    """
    across = conductivity * (liquidus - wall)
    if across <= 0.0:
        return max(film * (temperature - wall), 0.0), 0.0
    flux = max(film * (temperature - liquidus), across / thickest)
    return flux, across / flux


@kernel()
def to_jackets(plan: Record, now: Record) -> float:
    """Heat to cooled walls [W]; none without them, or where there is no molten slag to freeze."""
    if plan.jacket_area <= 0.0 or now.molten == 0.0 or now.liquidus <= 0.0:
        return 0.0
    flux, _ = frozen(plan.jacket_film, plan.frozen_conductivity, plan.frozen_most, plan.jacket_temperature, now.temperature, now.liquidus)
    return float(plan.jacket_area * flux)


@kernel()
def transfer(gas: float, dt: float, plan: Record) -> float:
    """Mass transfer of vapours kA [m3/s] where ``gas`` mol pass through the bath in ``dt`` s: at the plan's reference its own, else by a power of the gas."""
    if plan.fuming_exponent == 0.0 or dt <= 0.0:
        return float(plan.fuming)
    return float(plan.fuming * (gas / (NORMAL * dt * plan.fuming_gas)) ** plan.fuming_exponent)


@kernel()
def _least_oxygen(coal: Floats, elements: Records) -> tuple[float, float]:
    """Mol of O2 that ``coal`` (element,) kg takes to burn to CO2 and H2O, and mol of its carbon."""
    need, carbon = 0.0, 0.0
    for i in range(elements.shape[0]):
        n, role = coal[i] / elements[i].molar_mass, elements[i].role
        if role == ROLE.carbon:
            carbon += n
            need += n
        elif role == ROLE.hydrogen:
            need += 0.25 * n
        elif role == ROLE.oxygen:
            need -= 0.5 * n
        elif elements[i].matte > 0.0:
            need += n
    return need, carbon


@kernel()
def _ash(coal: Floats, setting: Setting) -> tuple[float, float]:
    """Oxygen [kg] that the ash of ``coal`` (element + 2,) binds, and the formation [J] of its oxides: both stay with the ash, which all goes to the bath."""
    elements, heat, oxygen = setting.data.chemistry.elements, setting.data.heat, setting.data.oxygen
    bound, formation = 0.0, 0.0
    for i in range(elements.shape[0]):
        if coal[i] > 0.0 and not burns(elements[i]) and elements[i].oxygen > 0.0:
            bound += coal[i] / elements[i].molar_mass * elements[i].oxygen * elements[oxygen].molar_mass
            formation += coal[i] * heat[i].oxide_F
    share = min(coal[oxygen] / bound, 1.0) if bound > 0.0 else 0.0
    return bound * share, formation * share


@kernel()
def _molecules(monoxide: float, oxygen: float, gas: Floats, elements: Records, moles: Floats) -> None:
    """What ``gas`` (element,) kg is made of, with ``monoxide`` mol of CO and ``oxygen`` mol of O2 in it."""
    hydrogen, halogen = 0.0, 0.0
    moles[:] = 0.0
    for i in range(elements.shape[0]):
        n, role = gas[i] / elements[i].molar_mass, elements[i].role
        if role == ROLE.carbon:
            moles[MOLECULE.CO2] += n
        elif role == ROLE.hydrogen:
            hydrogen += n
        elif role == ROLE.nitrogen:
            moles[MOLECULE.N2] += 0.5 * n
        elif role == ROLE.halogen:
            halogen += n
        elif elements[i].matte > 0.0:
            moles[MOLECULE.SO2] += n
    bound = min(hydrogen, halogen)
    moles[MOLECULE.HCL], moles[MOLECULE.CL2], moles[MOLECULE.H2O] = bound, 0.5 * (halogen - bound), 0.5 * (hydrogen - bound)
    moles[MOLECULE.CO2] -= monoxide
    moles[MOLECULE.CO], moles[MOLECULE.O2] = monoxide, oxygen


@kernel(types.void(record_of(DRIVE), Setting.kind, Space.kind), inner=True)
def divide(drive: Record, setting: Setting, space: Space) -> None:
    """Take coal and blast of the tuyere zone out of what was shared out to bath and freeboard; write its gas, and the oxygen that the slag takes up.

    Before, the bath holds the entrained coal and the blast that is used, the space above it the rest of the coal.
    """
    data, plan, elements = setting.data, setting.plan, setting.data.chemistry.elements
    n, oxygen, nitrogen = elements.shape[0], setting.data.oxygen, setting.data.nitrogen
    coal, above, mix, moles = space.scratch[SCRATCH.tuyere], space.scratch[SCRATCH.above], space.new[ROW.bath], space.moles
    reductant = setting.charge.supplies[SUPPLY.reductant]
    bound, formation = _ash(reductant, setting)
    over = (1.0 - plan.reductant_use) * drive.reductant
    above[oxygen], mix[oxygen] = max(above[oxygen] - over * bound, 0.0), mix[oxygen] + over * bound
    above[n], mix[n] = above[n] - over * formation, mix[n] + over * formation
    for j in range(n + 2):
        coal[j] = reductant[j] if j >= n or burns(elements[j]) else 0.0
    coal[oxygen], coal[n] = max(coal[oxygen] - bound, 0.0), coal[n] - formation
    for j in range(n + 2):
        coal[j] *= plan.coal_burnt * drive.reductant
    need, carbon = _least_oxygen(coal, elements)
    blown = plan.blast_use * drive.blast_o2
    least = need - 0.5 * carbon
    burnt = min(blown / least, 1.0) if least > 0.0 else 1.0
    for j in range(n + 2):
        coal[j] *= burnt
        above[j] -= min(coal[j], above[j]) if j < n else coal[j]
    need, carbon = need * burnt, carbon * burnt
    short, left = max(need - blown, 0.0), max(blown - need, 0.0)
    taken = plan.slag_oxidation * left
    unit = 2.0 * elements[oxygen].molar_mass
    mix[oxygen] = max(mix[oxygen] + unit * (taken - blown), 0.0)
    mix[nitrogen] = max(mix[nitrogen] - 2.0 * elements[nitrogen].molar_mass * drive.blast_n2, 0.0)
    coal[oxygen] += unit * (blown - taken)
    coal[nitrogen] += 2.0 * elements[nitrogen].molar_mass * drive.blast_n2
    _molecules(min(2.0 * short, carbon), left - taken, coal, elements, moles)
    add_molecules(moles, data.species, space.heats[HEATS.tuyere])
    gas = 0.0
    for j in range(moles.shape[0]):
        gas += moles[j]
    space.then.tuyere_gas = gas


@kernel(f8(f8, Setting.kind, Space.kind), inner=True)
def join(temperature: float, setting: Setting, space: Space) -> float:
    """Let the gas of the tuyeres, heated to the bath's ``temperature``, leave with that of the bath; returns the heat [J] that it keeps beyond that."""
    n = setting.data.chemistry.elements.shape[0]
    tuyere, gas, flame = space.scratch[SCRATCH.tuyere], space.heats[HEATS.gas], space.heats[HEATS.tuyere]
    surplus = tuyere[n] + tuyere[n + 1] - flame.formation - content(flame.content, flame.slope, temperature)
    space.new[ROW.bath, n] += tuyere[n]
    space.new[ROW.bath, n + 1] += tuyere[n + 1]
    gas.formation += flame.formation
    gas.content += flame.content
    gas.slope += flame.slope
    for i in range(n):
        space.scratch[SCRATCH.above, i] += tuyere[i]
    return float((1.0 - setting.plan.tuyere_heat) * max(surplus, 0.0))
