"""Worked and published numbers of smelting: oxygen pressures, distributions, solubilities, heats."""

from __future__ import annotations

import math
import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "kernels"))
import numpy as np
from furnace import METAL, SLAG, Furnace
from furnace_phase import HEAT, SMELTING

from twin.kernels.slag import KEYS, slag_properties
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry
from validation_cases.case import PUBLISHED, Case, worked

T0, R = 1573.15, 8.314462618
MOLES_PER_MASS = 1.50 / 1.574
"""mol in a mass of slag over that in the same mass of metal, with which the table of distributions was computed."""


def _log_po2(element: str, variant: str, temperature: float = T0) -> float:
    return thermochemistry().elements[element].oxides[variant].at(temperature) / (R * temperature * math.log(10.0))


@cache
def _distribution(element: str, pressure: float) -> float:
    """Decades between the distribution of a trace and the printed one."""
    trace = {} if element == "Cu" else {element: 1e-5}
    melt = Furnace().at_pressure(pressure, Cu=1000.0, rest=1000.0, **trace)
    moles = melt.kg(SLAG, element) / melt.state["slag_moles"] / (melt.kg(METAL, element) / melt.state["metal_moles"])
    return float(moles * MOLES_PER_MASS)


@cache
def _copper_in_slag(pressure: float) -> float:
    return float(Furnace().at_pressure(pressure, Cu=1000.0, Fe=500.0, Si=168.0).percent(SLAG, "Cu"))


@cache
def _oxygen(fraction: float) -> float:
    return float(Furnace()(Cu=63.546 * (1.0 - fraction), O=15.999 * fraction).log_po2)


def _gas(pressure: float) -> float:
    return float(Furnace().at_pressure(pressure, C=10.0).state["co2_over_co"])


def _gamma(element: str) -> float:
    """Activity coefficient in liquid copper, dilute, at 1300 °C: the variant that runs take."""
    return next(iter(thermochemistry().elements[element].metal.values())).at(T0)


def _dissolved(element: str, published: float, source: str) -> Case:
    return Case(
        "Metal", f"activity coefficient of {element} in liquid copper, dilute, 1300 °C", PUBLISHED, source, "–", f"{published:g} within a factor of 1.5",
        published / 1.5, published * 1.5, lambda: _gamma(element),
    )  # fmt: skip


def _viscosity(temperature: float, **oxides: float) -> float:
    mass = np.zeros(len(ELEMENTS))
    for element, kg in oxides.items():
        mass[ELEMENTS.index(element)] = kg
    return float(slag_properties(mass, SMELTING.elements, HEAT.elements, temperature, np.zeros(len(KEYS)))[0])


def _distributed(element: str, pressure: float, printed: float, decades: float) -> Case:
    return Case(
        "Slag and metal", f"wt% of {element} in slag over that in copper at 1e{pressure:.0f} atm", PUBLISHED, "mono-nuclear oxides with activities of the literature",
        "–", f"{printed:g} within {decades:g} decades", printed * 10**-decades, printed * 10**decades, lambda: _distribution(element, pressure),
    )  # fmt: skip


def _line(element: str, variant: str, expected: float, source: str, tolerance: float = 0.02) -> Case:
    return Case(
        "Oxygen pressure", f"log pO2 of {element} and its oxide ({variant}) at 1300 °C", PUBLISHED, source, "log10 atm", f"{expected:g} ± {tolerance:g}",
        expected - tolerance, expected + tolerance, lambda: _log_po2(element, variant),
    )  # fmt: skip


def _between(group: str, subject: str, source: str, unit: str, value: float, width: float, got, known: bool = True, note: str = "") -> Case:
    return Case(group, subject, PUBLISHED, source, unit, f"{value:g} ± {width:g}", value - width, value + width, got, known, note=note)


PALACIOS = "35.2 a(CuO0.5), silica-saturated; Palacios and Gaskell, abstract"
CASES: tuple[Case, ...] = (
    _line("Cu", "liquid", -3.547, "NASA polynomials"),
    _line("Cu", "liquid", -3.450, "assessment cuo.tdb (Schramm 2005)", 0.1),
    _line("Fe", "oneill", -10.745, "O'Neill and Pownceby 1993"),
    _line("Sn", "sno2_emf1", -8.41, "EMF, as tabulated"),
    worked("Gas", "CO2/CO at 1e-7 atm and 1300 °C", "NASA polynomials", "–", 22.7, lambda: _gas(-7.0), 2e-3),
    worked("Gas", "CO2/CO at 1e-10 atm", "NASA polynomials", "–", 0.719, lambda: _gas(-10.0), 2e-3),
    *(_distributed(e, p, v, d) for e, values, d in (
        ("Cu", (0.044, 0.0077), 0.3), ("Ni", (0.70, 0.022), 0.3), ("Pb", (1.5, 0.048), 0.5), ("Sn", (0.22, 0.0068), 1.0), ("Fe", (2860.0, 91.0), 1.0))
      for p, v in zip((-7.0, -10.0), values, strict=True)),
    *(Case("Slag and metal", f"wt% Cu dissolved in silicate slag at 1e{p:.0f} atm", PUBLISHED, PALACIOS, "wt%", f"{v:g} within 25 %", 0.75 * v, 1.25 * v,
           lambda p=p: _copper_in_slag(p)) for p, v in ((-7.0, 4.8), (-8.0, 2.7), (-9.0, 1.5), (-10.0, 0.86))),
    *(_dissolved(element, value, "COST507, package pycalphad; the data take it") for element, value in (
        ("Zn", 0.159), ("Ni", 2.85), ("Fe", 17.4), ("Al", 0.0029), ("Mg", 0.056), ("Cr", 17.6), ("Si", 0.16))),
    _dissolved("Sn", 0.037, "Shim 1996, constants seen in public code; the data take it"),
    Case("Slag", "viscosity of a blast-furnace slag (40 CaO, 40 SiO2, 10 Al2O3, 10 MgO) at 1500 °C", PUBLISHED, "about 0.3 Pa s, from memory", "Pa s", "0.2 to 0.5",
         0.2, 0.5, lambda: _viscosity(1773.15, Ca=40 * 40.078 / 56.077, Si=40 * 28.085 / 60.083, Al=10 * 53.964 / 101.961, Mg=10 * 24.305 / 40.304)),
    Case("Slag", "viscosity of fayalite at 1300 °C", PUBLISHED, "0.046 after Kondratiev and Jak 2001, coefficients recalled", "Pa s", "0.046 within a factor of 1.5",
         0.046 / 1.5, 0.046 * 1.5, lambda: _viscosity(T0, Fe=2 * 55.845, Si=28.085), note="the equation is one for mould slags; drops settle too slowly by it"),
    _between("Metal", "log pO2 of copper with x_O = 0.005", "cuo.tdb", "log10 atm", -5.66, 0.1, lambda: _oxygen(0.005)),
    _between("Metal", "log pO2 of copper with x_O = 0.02", "cuo.tdb", "log10 atm", -4.53, 0.1, lambda: _oxygen(0.02)),
)  # fmt: skip
