"""Whole plants beside published ones: packaging, cars, electronics, the smelter. Their feeds and sizes are made up; see the scenarios."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import twin
from twin.study.batch_test import BatchTest, batch_test
from validation_cases.case import PUBLISHED, Case

SCENARIOS = Path(__file__).parents[3] / "scenarios"

ANTONOPOULOS = "Antonopoulos, Faraca, Tonini 2021, table 2: full-scale plants"
MEAN_AND_DEVIATION = {"PET": (81.0, 11.0), "HDPE": (76.0, 19.0), "film": (58.0, 15.0), "PP": (57.0, 18.0), "PS": (47.0, 12.0)}
"""Share of a material that ends in its own product, and its standard deviation over plants, %."""


@cache
def batch(name: str) -> BatchTest:
    """A batch of 10 t of the mean feed through the plant of a scenario."""
    return batch_test(twin.load(SCENARIOS / f"{name}.yaml"), 10_000.0)


def share(test: BatchTest, materials: tuple[str, ...], products: tuple[str, ...]) -> float:
    """Share, %, of the mass of some materials that came in which some products hold."""
    rows = [test.material_names.index(name) for name in materials]
    columns = [test.product_names.index(name) for name in products]
    return 100.0 * float(test.materials[rows][:, columns].sum() / test.brought[rows].sum())


def element_share(test: BatchTest, element: str, products: tuple[str, ...]) -> float:
    """Share, %, of an element that came in which some products hold."""
    row = test.element_names.index(element)
    columns = [test.product_names.index(name) for name in products]
    return 100.0 * float(test.elements[row, columns].sum() / test.brought_elements[row])


def grade(test: BatchTest, element: str, product: str) -> float:
    """Share, %, of an element in a product."""
    column = test.product_names.index(product)
    return 100.0 * float(test.elements[test.element_names.index(element), column] / test.products[column])


PET = ("pet_clear", "pet_coloured")
OWN = {
    "PET": (PET, ("pet_clear_out", "pet_coloured_out")),
    "HDPE": (("hdpe",), ("pe_out",)),
    "film": (("ldpe_film",), ("film_out",)),
    "PP": (("pp",), ("pp_out",)),
}


def own(name: str) -> float:
    """Share of a plastic that ends in its own product of the packaging plant, %."""
    return share(batch("lvp_line"), *OWN[name])


def chi_square() -> float:
    """Sum over the plastics with a product of their own of ((got - mean)/standard deviation)²."""
    return sum(((own(name) - mean) / sd) ** 2 for name, (mean, sd) in MEAN_AND_DEVIATION.items() if name in OWN)


def _plastic(name: str) -> Case:
    mean, sd = MEAN_AND_DEVIATION[name]
    return Case("Packaging plant", f"{name} that ends in its own product", PUBLISHED, ANTONOPOULOS, "%", f"{mean:g} ± 2 · {sd:g}", mean - 2 * sd, mean + 2 * sd,
                lambda: own(name), plant=True)  # fmt: skip


def _published(group: str, subject: str, source: str, unit: str, low: float, high: float, got, note: str = "") -> Case:
    expected = f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
    return Case(group, subject, PUBLISHED, source, unit, expected, low, high, got, plant=True, note=note)


@dataclass(frozen=True)
class Days:
    """Days of the packaging plant as it works: ``flows`` by stream and material, kg, and energy of units, J."""

    flows: dict[str, dict[str, float]]
    energy: dict[str, float]

    def through(self, unit: str) -> float:
        """Mass through a machine, kg."""
        return sum(sum(flow.values()) for stream, flow in self.flows.items() if stream.rpartition(".")[0] == unit)

    def energy_per_mass(self, unit: str) -> float:
        """Electricity of a machine for what went through it, kWh/t."""
        return self.energy[unit] / 3600.0 / self.through(unit)


@cache
def days() -> Days:
    """Three days after the first."""
    with twin.run(twin.load(SCENARIOS / "lvp_line.yaml").change({"time.horizon": "4 d", "time.warmup": "1 d"})) as result:
        names = {axis: [str(name) for name in result.array(axis)] for axis in ("stream", "material", "unit")}
        every = 3600.0
        mass = result.array("streams/mass_flow").sum(axis=0) * every
        energy = np.nansum(result.array("units/power"), axis=(0, 2)) * every
    flows = {stream: dict(zip(names["material"], row.tolist(), strict=True)) for stream, row in zip(names["stream"], mass, strict=True)}
    return Days(flows, dict(zip(names["unit"], energy.tolist(), strict=True)))


def eddy_share() -> float:
    """Share of the aluminium that reaches the eddy current of rolling pieces which it throws out, %."""
    by_port = {port: days().flows[f"eddy.{port}"]["aluminium"] for port in ("light", "heavy", "rest")}
    return 100.0 * (by_port["light"] + by_port["heavy"]) / sum(by_port.values())


def electricity() -> float:
    """Electricity of the packaging plant for what its bag opener takes from the hall, kWh/t."""
    return sum(days().energy.values()) / 3600.0 / sum(days().flows["hall"].values())


METAL_PRODUCTS = ("steel", "meatballs", "metals", "scrap_iron", "zorba_fines", "cast", "aluminium", "copper", "brass", "zinc_mix", "granulate")
"""Of the car shredder: what is sold as metal."""
CHANCEREL = "Chancerel and others 2009, one plant, abstract"


def _recoverable(element: str) -> float:
    return element_share(batch("weee_line_extended"), element, ("copper", "metal_fines", "residue"))


CASES: tuple[Case, ...] = (
    *(_plastic(name) for name in OWN),
    Case("Packaging plant", "joint chi-square of the four, of 9.49 at 5 %", PUBLISHED, ANTONOPOULOS, "–", "9.49 or less", 0.0, 9.49, chi_square, plant=True),
    _published("Packaging plant", "PET above film and PP", ANTONOPOULOS, "points", 0.0, math.inf, lambda: own("PET") - max(own("film"), own("PP"))),
    _published("Packaging plant", "HDPE above film and PP", ANTONOPOULOS, "points", 0.0, math.inf, lambda: own("HDPE") - max(own("film"), own("PP"))),
    _published("Packaging plant", "residue over input", "Wieczorek, Lobbe 2018: 30 to 40 %", "%", 30.0, 40.0,
               lambda: 100.0 * float(batch("lvp_line").products[batch("lvp_line").product_names.index("residue")] / batch("lvp_line").mass)),
    _published("Packaging plant", "aluminium thrown out by the eddy current that it reaches", "Ecoembes handbook p. 128: 90 % of whole cans", "%", 85.0, 95.0, eddy_share),
    _published("Packaging plant", "electricity, all machines, over what is sorted", "Pressley 2015: single-stream plants, another feed", "kWh/t", 4.7, 7.8, electricity),
    *(_published("Packaging plant", f"electricity of {subject}, idling included", f"SwolfPy's input data, from motors: {value:g}, which the plant's figure for what passes was set to; idling is on top; within a factor of 2", "kWh/t",
                 value / 2.0, value * 2.0, lambda unit=unit: days().energy_per_mass(unit),
                 "most of it is idling; the published machines pass several times as much") for subject, unit, value in (
        ("an eddy current", "eddy", 0.44), ("an overband magnet", "magnet", 1.18), ("a sorter of polyethylene", "nir_pe", 2.35), ("a sorter of PET", "nir_pet", 0.76),
        ("a baler of film", "film_baler", 0.8))),
    _published("Car shredder", "steel in metal products", "UBA, FKZ 3715 33 305 0: metal yield 99 %; 97 % asked of steel", "%", 97.0, 100.0,
               lambda: element_share(batch("elv_shredder"), "Fe", METAL_PRODUCTS)),
    _published("Car shredder", "aluminium in metal products", "as above; 90 % asked", "%", 90.0, 100.0,
               lambda: element_share(batch("elv_shredder"), "Al", METAL_PRODUCTS)),
    _published("Car shredder", "copper in shredded steel", "Eriez, vendor: 0.26 to 0.56 %, low-copper route 0.16 to 0.20 %", "%", 0.16, 0.56,
               lambda: grade(batch("elv_shredder"), "Cu", "steel")),
    *(_published("Electronic scrap", f"{element} that reaches fractions to be recovered from", CHANCEREL, "%", value - 10.0, value + 10.0,
                 lambda element=element: _recoverable(element)) for element, value in (("Cu", 60.0), ("Au", 25.6), ("Pd", 25.6), ("Ag", 11.5))),
)  # fmt: skip
