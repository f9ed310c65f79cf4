"""Heat data of the furnace: they agree with the free energies, and with known heats."""

import doctest
import math

import numpy as np
import pytest

from twin.kernels import heat as kernel
from twin.kernels.smelting_tables import MOLECULE
from twin.materials import ELEMENTS
from twin.materials.heat import SPECIES, T0, formula, heat_data
from twin.materials.thermochemistry import changed, thermochemistry

HEAT = heat_data()
R = 8.314462618


def at(element, column):
    return float(HEAT.elements[column][ELEMENTS.index(element)])


def species(name):
    return HEAT.species[SPECIES.index(name)]


def test_molecules_stand_where_the_kernel_takes_them():
    own = [name.upper() for name in MOLECULE._fields[:-1]]
    assert [name.upper() for name in SPECIES] == [*own, "O IN COPPER"]


@pytest.mark.parametrize("function", [formula])
def test_docstring_examples(function):
    globs = {function.__name__: function}
    for example in doctest.DocTestParser().get_doctest(function.__doc__, globs, function.__name__, None, 0).examples:
        assert str(eval(example.source.strip(), globs)) == example.want.strip()


def test_all_values_are_there():
    assert all(np.isfinite(HEAT.elements[name]).all() for name in HEAT.elements.dtype.names)
    assert np.isfinite(HEAT.species.view(np.float64)).all()
    assert (HEAT.elements["metal_H"] > 0.0).all()
    assert (HEAT.elements["metal_c"] > 0.0).all()


@pytest.mark.parametrize("name", [e for e in ELEMENTS if e != "rest" and thermochemistry().elements[e].oxides])
def test_oxidation_at_furnace_temperature_is_the_slope_of_the_free_energy(name):
    """Enthalpy of the oxide less metal and oxygen, at T0: z/2 d(dG/T)/d(1/T), by differences of the very columns the equilibrium uses."""
    row = thermochemistry().smelting().elements[ELEMENTS.index(name)]

    def over_t(t):
        return (row["A"] + row["B"] * t + row["C"] * t * math.log(t)) / t

    h = 0.01
    slope = (over_t(T0 + h) - over_t(T0 - h)) / (1.0 / (T0 + h) - 1.0 / (T0 - h))
    oxide = at(name, "oxide_F") + at(name, "oxide_H") - at(name, "metal_H")
    assert oxide * row["molar_mass"] == pytest.approx(0.5 * row["oxygen"] * (slope + species("O2")[1]), rel=1e-5)


def test_sulphur_in_copper_follows_from_its_free_energy():
    sulphur = (at("S", "metal_F") + at("S", "metal_H")) * 0.03206
    reaction = species("SO2")[0] + species("SO2")[1] - species("O2")[1] - sulphur
    assert reaction == pytest.approx(thermochemistry().gases["so2"].A.value)


def test_vapours_are_the_liquid_and_its_evaporation():
    zinc = thermochemistry().elements["Zn"]
    assert (at("Zn", "vapour_h") - at("Zn", "metal_H")) * 0.06538 == pytest.approx(zinc.vapour.A.value)
    lead = thermochemistry().elements["Pb"]
    oxide = at("Pb", "oxide_F") + at("Pb", "oxide_H")
    assert (at("Pb", "oxide_vapour_h") - oxide) * 0.2072 == pytest.approx(lead.oxide_vapour.A.value)


def test_against_nasa_data():
    """Heat contents of metals and oxides that are stable there, within 1 %, and formations of gases within 1 kJ."""
    ct = pytest.importorskip("cantera")
    found = {s.name: s for s in (*ct.Species.list_from_file("nasa_condensed.yaml"), *ct.Species.list_from_file("nasa_gas.yaml"))}

    def content(hot, cold=None):
        return (found[hot].thermo.h(T0) - found[cold or hot].thermo.h(298.15)) / 1000.0

    for element, hot, cold in [("Zn", "Zn(L)", "Zn(cr)"), ("Al", "AL(L)", "AL(cr)"), ("Si", "Si(cr)", None), ("Pb", "Pb(L)", "Pb(cr)"), ("C", "C(gr)", None)]:
        mass = float(HEAT.molar_mass[ELEMENTS.index(element)])
        assert at(element, "metal_H") * mass == pytest.approx(content(hot, cold), rel=0.01), element
    assert at("Cu", "oxide_H") * 2 * 0.063546 == pytest.approx(content("Cu2O(L)", "Cu2O(s)"), rel=0.01)
    assert at("Pb", "oxide_H") * 0.2072 == pytest.approx(content("PbO(L)", "PbO(rd)"), rel=0.01)
    names = {"HCl": "HCL", "Cl2": "CL2"}
    for name in SPECIES[:-1]:
        thermo = found[names.get(name, name)].thermo
        assert species(name)[0] == pytest.approx(thermo.h(298.15) / 1000.0, abs=1000.0), name
        assert species(name)[1] == pytest.approx(content(names.get(name, name)), rel=0.01), name
        for t, within in ((1273.15, 0.03), (1873.15, 0.03), (673.15, 0.09)):
            ours = kernel.content(species(name)[1], species(name)[2], t)
            assert ours == pytest.approx((thermo.h(t) - thermo.h(298.15)) / 1000.0, rel=within), (name, t)


def test_boiling_points_of_the_vapours_that_were_computed():
    """Bismuth, silver and indium within 5 % of where they boil; antimony's dimers are left out, so it boils too late."""
    for element, boils, within in (("Bi", 1837, 0.05), ("Ag", 2435, 0.05), ("In", 2345, 0.05), ("Sb", 1860, 0.30), ("Zn", 1180, 0.02), ("Pb", 2022, 0.02)):
        vapour = thermochemistry().elements[element].vapour
        assert -vapour.A.value / vapour.B.value == pytest.approx(boils, rel=within), element


def test_formation_of_cold_materials():
    weight = dict(zip(ELEMENTS, HEAT.molar_mass.tolist(), strict=True))

    def material(heating_value=None, **moles):
        assay = np.zeros(len(ELEMENTS))
        for name, n in moles.items():
            assay[ELEMENTS.index(name)] = n * weight[name]
        mass = assay.sum()
        return HEAT.formation(assay / mass, None if heating_value is None else heating_value / mass) * mass

    assert material(Cu=1.0, Fe=2.0) == 0.0
    assert material(Si=1.0, O=2.0) == pytest.approx(-910.7e3, rel=0.01)
    # oxygen goes to silicon first, the rest to iron, nothing to copper
    assert material(Si=1.0, O=3.0, Fe=2.0, Cu=1.0) == pytest.approx(material(Si=1.0, O=2.0) + material(Fe=1.0, O=1.0))
    assert material(Cu=2.0, O=2.0) == pytest.approx(material(Cu=2.0, O=1.0))  # what no element takes is free
    # methane: LHV 802.3 kJ/mol, formation -74.6
    assert material(802.3e3, C=1.0, H=4.0) == pytest.approx(-74.6e3, abs=1500.0)
    assert material(C=1.0, H=4.0) == 0.0
    # PVC-like: chlorine takes hydrogen, so that C2H3Cl burns to 2 CO2, H2O and HCl
    assert material(1.0e6, C=2.0, H=3.0, Cl=1.0) == pytest.approx(1.0e6 + 2 * -393.5e3 - 241.8e3 - 92.3e3, abs=200.0)


def test_formation_worked_numbers():
    """As the docstring gives them."""
    assay = np.zeros(len(ELEMENTS))
    assay[ELEMENTS.index("Si")], assay[ELEMENTS.index("O")] = 0.467, 0.533
    assert HEAT.formation(assay) == pytest.approx(-1.53e7, rel=0.01)
    assay[:] = 0.0
    assay[ELEMENTS.index("C")] = 1.0
    assert HEAT.formation(assay, 32.8e6) == pytest.approx(4e4, abs=1e4)


def test_order_of_affinity():
    order = [ELEMENTS[i] for i in HEAT.affinity]
    wanted = ["Ca", "Mg", "Al", "Si", "Mn", "Zn", "Fe", "Ni", "Cu", "Ag"]
    assert [name for name in order if name in wanted] == wanted
    assert order.index("Sn") < order.index("Pb")


def test_the_heat_follows_the_chosen_oxide():
    other = heat_data(variants={"Fe": "nasa"})
    iron = ELEMENTS.index("Fe")
    difference = (other.elements["oxide_F"][iron] - HEAT.elements["oxide_F"][iron]) * 0.055845
    oneill = thermochemistry().elements["Fe"].oxides["oneill"].enthalpy(T0)
    assert difference == pytest.approx(0.5 * (-490144 - oneill))
    swept = heat_data(changed({"enthalpies.Cu.H": 8e5}))
    assert swept.elements["metal_H"][ELEMENTS.index("Cu")] == 8e5
