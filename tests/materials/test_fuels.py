"""Fuels and furnace gases: what they are made of agrees with the heat they give and the CO2 that authorities count for it."""

from __future__ import annotations

import math

import pytest

from twin.errors import UsageError
from twin.materials import ELEMENTS, carriers, emission_factor, fuel

FUELS = tuple(carrier.name for carrier in carriers().values() if carrier.heating_value is not None)


def share(name: str) -> dict[str, float]:
    return dict(zip(ELEMENTS, fuel(name).composition, strict=True))


def test_which_burn() -> None:
    assert FUELS == ("natural_gas", "coke", "hard_coal", "coal_dust", "heavy_oil", "hydrogen")


@pytest.mark.parametrize("name", FUELS)
def test_the_composition_sums_to_one(name: str) -> None:
    assert math.fsum(fuel(name).composition) == pytest.approx(1.0, abs=1e-12)
    assert min(fuel(name).composition) >= 0.0 and share(name)["rest"] < 0.02


@pytest.mark.parametrize("name", [name for name in FUELS if name != "hydrogen"])
def test_carbon_gives_the_co2_that_is_counted(name: str) -> None:
    """Within 5 %: printed factors are rounded means; that of coke, 0.105 t/GJ, is the one that is furthest off."""
    burnt = share(name)["C"] * 44.009 / 12.011 / fuel(name).heating_value
    assert burnt == pytest.approx(emission_factor(name).number.value, rel=0.05)


@pytest.mark.parametrize("name", ["coke", "hard_coal", "coal_dust", "heavy_oil"])
def test_the_elements_give_the_heat(name: str) -> None:
    """Boie: 34.8 C + 93.9 H + 6.3 N + 10.5 S - 10.8 O - 2.5 W MJ/kg.

    Of H and O, ash and moisture hold some: ash as SiO2, Al2O3, CaO, MgO, FeO; W as stated in the notes.
    """
    water = {"coke": 0.03, "hard_coal": 0.09, "coal_dust": 0.11}.get(name, 0.0)
    x = share(name)
    ash = 1.139 * x["Si"] + 0.889 * x["Al"] + 0.399 * x["Ca"] + 0.658 * x["Mg"] + 0.286 * x["Fe"]
    hydrogen, oxygen = x["H"] - 0.1119 * water, x["O"] - 0.8881 * water - ash
    boie = 34.8 * x["C"] + 93.9 * hydrogen + 6.3 * x["N"] + 10.5 * x["S"] - 10.8 * oxygen - 2.5 * water
    assert boie * 1e6 == pytest.approx(fuel(name).heating_value, rel=0.06)


def test_gas_of_methane_and_hydrogen() -> None:
    """Pure methane has 50.0 MJ/kg, C 74.9 %, H 25.1 % and 0.717 kg/Nm3; hydrogen 120 MJ/kg, that is 10.8 MJ/Nm3."""
    gas, hydrogen = fuel("natural_gas"), fuel("hydrogen")
    assert gas.density is not None and hydrogen.density is not None
    assert gas.heating_value < 50.0e6 and gas.density > 0.717
    assert share("natural_gas")["H"] / share("natural_gas")["C"] == pytest.approx(0.336, rel=0.06)
    assert gas.heating_value * gas.density == pytest.approx(36.5e6, rel=0.03)  # H gas of German grids, 10.1 kWh/Nm3
    assert hydrogen.heating_value * hydrogen.density == pytest.approx(10.78e6, rel=2e-3)


def test_densities_of_gases_are_those_of_their_molar_mass() -> None:
    """22.414 l a mol, the ideal gas; of gases, solids and liquids only the first have a density."""
    oxygen = carriers()["oxygen"].density
    assert oxygen is not None and oxygen.value == pytest.approx(31.998e-3 / 22.414e-3, rel=2e-3)
    assert fuel("hydrogen").density == pytest.approx(2.016e-3 / 22.414e-3, rel=2e-3)
    assert fuel("coke").density is None


def test_what_is_no_fuel() -> None:
    with pytest.raises(UsageError, match="'oxygen' is no fuel; fuels: natural_gas, coke"):
        fuel("oxygen")
    with pytest.raises(UsageError, match="'electricity' is no fuel"):
        fuel("electricity")
    with pytest.raises(UsageError, match="'peat' is no carrier that is stored"):
        fuel("peat")


def test_every_number_has_a_source_and_every_assumed_one_a_range() -> None:
    for carrier in carriers().values():
        numbers = {"heating value": carrier.heating_value, "density": carrier.density, **carrier.composition}
        for key, number in numbers.items():
            if number is None:
                continue
            assert len(number.source) > 10 and number.source != "not stated", (carrier.name, key)
            if number.basis == "assumed":
                assert number.low is not None and number.high is not None and number.low < number.high, (carrier.name, key)
