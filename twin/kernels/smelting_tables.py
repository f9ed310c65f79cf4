"""What the equilibrium and the heat of smelting work on: one table for each kind of record, and the places of rows. Needs no compiler."""

from __future__ import annotations

from typing import NamedTuple

from twin.kernels.record_table import COUNT, Field, Records, Table, places

NAN = float("nan")

ELEMENT = Table(
    "How an element behaves in the melts",
    (
        Field("role", "", 0.0, "what it does: place in ROLE", COUNT),
        Field("molar_mass", "kg/mol", 0.0, "of the element"),
        Field("A", "J/mol O2", 0.0, "free energy of its oxide, dG = A + B T + C T ln T …"),
        Field("B", "J/(mol O2 K)", 0.0, "… its B …"),
        Field("C", "J/(mol O2 K)", 0.0, "… and its C"),
        Field("oxygen", "mol/mol", 0.0, "z, oxygen of the oxide of one atom of metal"),
        Field("ln_ratio", "", NAN, "ln of metal over slag by mole fraction at the pivot, of elements without dG"),
        Field("slope", "", NAN, "d ln(slag/metal) / d ln pO2; nan for z/2"),
        Field("metal_a", "K", 0.0, "log10 of its activity coefficient in metal is metal_a/T + metal_b"),
        Field("metal_b", "", 0.0, "see metal_a"),
        Field("self", "", 0.0, "by how much ln of that coefficient falls with its own mole fraction …"),
        Field("clamp", "", 0.0, "… up to this mole fraction"),
        Field("slag_a", "K", 0.0, "log10 of the activity coefficient of its oxide in slag is slag_a/T + slag_b"),
        Field("slag_b", "", 0.0, "see slag_a"),
        Field("vapour_A", "J/mol", NAN, "free energy of evaporation of the metal is vapour_A + vapour_B T; nan where it is not volatile"),
        Field("vapour_B", "J/(mol K)", NAN, "see vapour_A"),
        Field("oxide_vapour_A", "J/mol", NAN, "free energy of evaporation of the oxide; nan where it is not volatile"),
        Field("oxide_vapour_B", "J/(mol K)", NAN, "see oxide_vapour_A"),
        Field("in_slag", "", 0.0, "1 if the slag takes its oxide"),
        Field("solvent", "", 0.0, "1 for copper, by which oxygen dissolves in the metal"),
        Field("matte", "", 0.0, "1 for sulphur"),
        Field("speiss", "", 0.0, "1 for what makes a speiss"),
        Field("to_pure", "", 0.0, "1 if the activity coefficient of its oxide goes to 1 as it becomes pure"),
        Field("more", "mol/mol", 0.0, "oxygen that its higher oxide has more; 0 where there is none"),
        Field("higher_A", "J/mol", 0.0, "free energy of MO_z + more/2 O2 = the higher oxide, both dissolved, is higher_A + higher_B T"),
        Field("higher_B", "J/(mol K)", 0.0, "see higher_A"),
        Field("solid_oxygen", "mol/mol", 0.0, "oxygen of its solid oxide to an atom; 0 where none forms"),
        Field("solid_A", "J/mol O2", 0.0, "free energy of the solid oxide from the metal, dG = A + B T + C T ln T …"),
        Field("solid_B", "J/(mol O2 K)", 0.0, "… its B …"),
        Field("solid_C", "J/(mol O2 K)", 0.0, "… and its C"),
        Field("basicity", "", 0.0, "by how much ln of the activity coefficient of its oxide rises with the slag's basicity …"),
        Field("basicity_at", "", 0.0, "… and the basicity at which slag_a and slag_b hold"),
        Field("base", "", 0.0, "what a mol of it adds to the basicity, -1 for silica"),
    ),
)
GASES = Table(
    "Gases and limits of smelting",
    (
        Field("co_A", "J/mol", 0.0, "free energy of CO is co_A + co_B T"),
        Field("co_B", "J/(mol K)", 0.0, "see co_A"),
        Field("co2_A", "J/mol", 0.0, "likewise of CO2"),
        Field("co2_B", "J/(mol K)", 0.0, "see co2_A"),
        Field("h2o_A", "J/mol", 0.0, "likewise of H2O"),
        Field("h2o_B", "J/(mol K)", 0.0, "see h2o_A"),
        Field("oxygen_A", "J/mol", 0.0, "free energy of 1/2 O2 = [O] in copper"),
        Field("oxygen_B", "J/(mol K)", 0.0, "see oxygen_A"),
        Field("oxygen_self", "", 0.0, "by how much ln of the activity coefficient of oxygen in copper rises with x_O/x_Cu"),
        Field("pivot", "log10 atm", 0.0, "pO2 about which slopes turn"),
        Field("matte_limit", "kg/kg", 0.0, "sulphur in metal above which a matte is counted"),
        Field("speiss_limit", "kg/kg", 0.0, "arsenic and antimony in metal above which a speiss is counted"),
        Field("copper_limit", "mol/mol", 0.0, "copper in metal below which it is counted as poor"),
        Field("coldest", "K", 0.0, "where the data begin"),
        Field("hottest", "K", 0.0, "where they end"),
        Field("most_oxygen", "mol/mol", 0.0, "oxygen in copper, at most"),
    ),
)
HEAT = Table(
    "Heat and oxide of an element; by kg of the element, T0 being 1573.15 K",
    (
        Field("metal_H", "J/kg", 0.0, "heat content of the metal at T0"),
        Field("metal_c", "J/(kg K)", 0.0, "its slope there"),
        Field("oxide_F", "J/kg", 0.0, "formation of its oxide at 298.15 K"),
        Field("oxide_H", "J/kg", 0.0, "heat content of the oxide at T0"),
        Field("oxide_c", "J/(kg K)", 0.0, "its slope there"),
        Field("vapour_h", "J/kg", 0.0, "enthalpy of the vapour of the metal at T0, formation included"),
        Field("vapour_c", "J/(kg K)", 0.0, "its slope"),
        Field("oxide_vapour_h", "J/kg", 0.0, "enthalpy of the vapour of the oxide at T0, formation included"),
        Field("oxide_vapour_c", "J/(kg K)", 0.0, "its slope"),
        Field("metal_F", "J/kg", 0.0, "formation of the dissolved element"),
        Field("higher_F", "J/kg", 0.0, "formation of its higher oxide less that of the oxide"),
        Field("higher_H", "J/kg", 0.0, "likewise its heat content at T0"),
        Field("higher_c", "J/(kg K)", 0.0, "likewise its slope"),
        Field("group", "", 0.0, "of its oxide in the viscosity of slag: place in GROUP", COUNT),
        Field("atoms", "", 0.0, "of metal in the formula of its oxide"),
        Field("key", "", 0.0, "part in the slag's window: place in KEY", COUNT),
    ),
)
ENTHALPY = Table(
    "An enthalpy as a function of temperature; of a molecule by the mol, of a mixture of all of it",
    (
        Field("formation", "J", 0.0, "at 298.15 K"),
        Field("content", "J", 0.0, "heat content at 1573.15 K above 298.15 K"),
        Field("slope", "J/K", 0.0, "of the heat content there"),
    ),
)


class _Roles(NamedTuple):
    """What an element does in an equilibrium."""

    distributed: int  # shared out between metal, slag and gas
    carbon: int
    hydrogen: int
    nitrogen: int
    oxygen: int
    halogen: int
    inert: int  # stays in slag


class _Groups(NamedTuple):
    """Groups of oxides in the viscosity of slag."""

    none: int
    former: int  # as SiO2
    iron: int  # as FeO
    lime: int  # as CaO
    amphoteric: int  # as Al2O3


class _Keys(NamedTuple):
    """What the window and the liquidus of a slag ask for, as places of mass fractions."""

    none: int
    Fe: int
    Si: int
    Ca: int
    Al: int
    Mg: int
    Zn: int
    Cr: int
    flux: int  # oxides that lower the liquidus, of Pb, Cu, Na, Bi and Sb
    iron_to_silica: int  # Fe/SiO2 by mass


class _Molecules(NamedTuple):
    """Places of molecules in arrays of mol, and in the table of enthalpies."""

    CO: int
    CO2: int
    H2: int
    H2O: int
    SO2: int
    N2: int
    O2: int
    HCL: int
    CL2: int
    DISSOLVED: int  # oxygen in copper


ROLE, GROUP, KEY, MOLECULE = places(_Roles), places(_Groups), places(_Keys), places(_Molecules)

COEFFICIENT = Table(
    "An element at a temperature: its distribution is ln E_s = c + half u + turn (u - pivot), u = ln pO2",
    (
        Field("c", "", 0.0, "see above"),
        Field("half", "", 0.0, "z/2"),
        Field("turn", "", 0.0, "slope less z/2"),
        Field("gas_metal", "", 0.0, "mole fraction in gas over that in metal, as vapour of the metal"),
        Field("gas_oxide", "", 0.0, "mole fraction in gas over activity in slag, as vapour of the oxide"),
        Field("slag", "", 0.0, "1 if the slag takes its oxide"),
        Field("self", "", 0.0, "fall of ln of its activity coefficient in metal with its own mole fraction …"),
        Field("limit", "", 0.0, "… up to this one"),
        Field("role", "", 0.0, "as in the table of elements", COUNT),
        Field("copper", "", 0.0, "1 for the solvent of oxygen"),
        Field("pure", "", 0.0, "ln of the activity coefficient of its oxide that goes to 1 as it becomes pure; 0 where it is constant"),
        Field("more", "mol/mol", 0.0, "oxygen that its higher oxide has more"),
        Field("higher", "", 0.0, "ln of higher oxide over oxide by mole, at 1 atm of O2"),
        Field("solid", "", 0.0, "ln of the activity of its solid oxide over the mole fraction in metal, at 1 atm of O2"),
        Field("solid_half", "", 0.0, "half the oxygen of the solid oxide; 0 where none forms"),
        Field("basicity", "", 0.0, "as in the table of elements"),
        Field("basicity_at", "", 0.0, "as in the table of elements"),
    ),
)
CONDITIONS = Table(
    "Temperature and pressure of an equilibrium, as what follows from them",
    (
        Field("ln_co", "", 0.0, "ln of the mole fraction of CO over the activity of carbon, at 1 atm of O2"),
        Field("ln_co2", "", 0.0, "likewise of CO2"),
        Field("ln_water", "", 0.0, "ln of H2O over H2 at 1 atm of O2"),
        Field("ln_dissolved", "", 0.0, "ln of x_O/x_Cu at 1 atm of O2"),
        Field("pivot", "ln atm", 0.0, "pO2 about which slopes turn"),
        Field("pressure", "atm", 0.0, "of the gas"),
        Field("most_oxygen", "mol/mol", 0.0, "oxygen in copper, at most"),
        Field("self_oxygen", "", 0.0, "by how much ln of the activity coefficient of oxygen in copper rises with x_O/x_Cu"),
        Field("temperature", "K", 0.0, "that all this holds for"),
    ),
)
PRESENT = Table(
    "An element that is there, those with a constant factor first",
    (
        Field("to_slag", "", 0.0, "mole fraction in slag over that in metal"),
        Field("to_gas", "", 0.0, "likewise in gas, as metal and as oxide"),
        Field("oxide_to_gas", "", 0.0, "likewise as oxide"),
        Field("in_metal", "mol/mol", 0.0, "mole fraction in metal"),
        Field("in_slag", "mol/mol", 0.0, "mole fraction in slag"),
        Field("moles", "mol", 0.0, "of all of it"),
        Field("shift", "", 0.0, "of ln of the activity coefficient of its oxide, by the slag's basicity"),
        Field("pure", "", 0.0, "ln of that coefficient where it goes to 1 as the oxide becomes pure; 0 where it is constant"),
        Field("higher", "", 0.0, "share of what is dissolved in slag that is the higher oxide"),
        Field("most", "mol/mol", 0.0, "mole fraction in metal at which its solid oxide forms"),
        Field("solid", "mol", 0.0, "that is solid oxide"),
        Field("which", "", 0.0, "its place in the table of elements", COUNT),
    ),
)
MIXTURE = Table(
    "The mixture whose equilibrium is sought; triples are metal, slag and gas",
    (
        Field("permanent", "mol", 0.0, "gas that takes no part"),
        Field("carbon", "mol", 0.0, "of the feed"),
        Field("hydrogen", "mol", 0.0, "H that can become water"),
        Field("inert", "mol", 0.0, "in slag, of the remainder of assays"),
        Field("basicity", "", 0.0, "of the slag"),
        Field("total", "mol", 0.0, "of everything"),
        Field("constant", "", 0.0, "elements that are there and have a constant factor", COUNT),
        Field("present", "", 0.0, "elements that are there", COUNT),
        Field("held", "mol/mol", 0.0, "the most carbon in a mol of gas"),
        Field("o2", "mol/mol", 0.0, "pO2/P"),
        Field("dissolved", "mol/mol", 0.0, "x_O/x_Cu"),
        Field("phases", "mol", 0.0, "of the solutions at the pressure that stands", length=3),
        Field("oxygen", "mol O", 0.0, "in the solutions at that pressure", length=3),
        Field("carbon_gas", "mol", 0.0, "carbon in the gas at that pressure"),
        Field("ratio", "", 0.0, "CO2/CO at that pressure"),
        Field("steps", "", 0.0, "Newton steps"),
        Field("u", "ln atm", 0.0, "the oxygen pressure that stands, of the search for all at once; what follows is its own, too"),
        Field("dissolved_rise", "", 0.0, "of ln of `dissolved` over ln pO2"),
        Field("slag_atoms", "mol", 0.0, "of metal in slag"),
        Field("slag_base", "mol", 0.0, "of base less acid in slag"),
        Field("system", "", 0.0, "rows of the linear system, the residual last", length=30),
        Field("sum_oxygen", "mol O", 0.0, "in the solutions that are written out", length=3),
        Field("sum_moles", "mol", 0.0, "of them", length=3),
        Field("sum_ratio", "", 0.0, "their CO2/CO"),
    ),
)
MELT = Table(
    "What an equilibrium reports",
    (
        Field("log_po2", "log10 atm", 0.0, "oxygen pressure; given below 0 it is the first guess"),
        Field("metal_moles", "mol", 0.0, "of metal"),
        Field("slag_moles", "mol", 0.0, "of slag"),
        Field("gas_moles", "mol", 0.0, "of gas"),
        Field("solid_carbon", "mol", 0.0, "carbon that is solid"),
        Field("co2_over_co", "", 0.0, "of the gas"),
        Field("basicity", "", 0.0, "of the slag"),
        Field("solids", "kg", 0.0, "solid oxides in the slag, with their oxygen"),
        Field("residual", "", 0.0, "oxygen that the root left open over all oxygen"),
        Field("steps", "", 0.0, "Newton steps"),
        Field("near", "", 0.0, "1 after an equilibrium; given so, with log_po2, the search starts from the solutions that stand in the mixture"),
    ),
)


class _Solutions(NamedTuple):
    """Rows of what the equilibrium shares out; the last two are parts of the slag."""

    metal: int
    slag: int  # with the solid oxides in it
    gas: int
    carbon: int  # solid
    higher: int  # of the slag, in its higher oxidation state
    solids: int  # of the slag, as solid oxide


SOLUTION = places(_Solutions)


class _Unknowns(NamedTuple):
    """What an equilibrium is found for."""

    metal: int  # ln of the moles
    slag: int
    gas: int
    pressure: int  # ln pO2
    basicity: int


UNKNOWN = places(_Unknowns)


class _Odd(NamedTuple):
    """Places of what an equilibrium counts."""

    oxygen_low: int
    oxygen_high: int
    temperature: int
    solid_carbon: int
    matte: int
    speiss: int
    iron_rich: int
    copper_poor: int


ODD = places(_Odd)
TABLES = (ELEMENT, GASES, HEAT, ENTHALPY, COEFFICIENT, CONDITIONS, PRESENT, MIXTURE, MELT)


class ChemistryRecords(NamedTuple):
    """Data of the equilibrium, for who needs no compiler: an ELEMENT for each element, and one GASES."""

    elements: Records
    gases: Records
