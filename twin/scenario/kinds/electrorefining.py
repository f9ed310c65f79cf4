"""An electrorefining tankhouse: anodes to cathodes, slimes and a bleed, in sections that work in cycles of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin.kernels import refining
from twin.materials import ELEMENTS
from twin.quantities import Area, Duration, DurationOrZero, Fraction, Mass, Quantity, SpecificEnergy, Volume
from twin.scenario.fields import Count, Name, Switch
from twin.scenario.kind import MEMORY, Kind, Model, default
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults
from twin.scenario.process import ProcessModel

FROM_BUNKERS = "a tankhouse takes its anodes from bunkers: put one between"

Concentration = Annotated[float, Quantity("kg/m3", gt=0, example="20 g/L")]
CurrentDensity = Annotated[float, Quantity("A/m2", gt=0, le=2000)]
Voltage = Annotated[float, Quantity("V", gt=0, le=10)]
Efficiency = Annotated[float, Quantity("1", gt=0, le=1, example="95 %")]
ShareBelowOne = Annotated[float, Quantity("1", ge=0, lt=1, example="15 %")]


class Pulling(Model):
    """Taking the cathodes out of a section; its current is off from the moment they are due."""

    time: DurationOrZero = default(6 * 3600.0, MEMORY, low=2 * 3600.0, high=12 * 3600.0, description="How long a section takes.")
    needs: Needs = Field(default=(), description="Resources that are held meanwhile, such as a crane.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


class Loading(Model):
    """Taking scrap and slimes out of a section and setting new anodes."""

    time: DurationOrZero = default(10 * 3600.0, MEMORY, low=4 * 3600.0, high=24 * 3600.0, description="How long a section takes.")
    needs: Needs = Field(default=(), description="Resources that are held meanwhile, such as a crane.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


class Electrolyte(Model):
    """The electrolyte, one for all sections."""

    volume: Volume = default(10.0, MEMORY, low=6.0, high=15.0, description="Volume for each cell, that in tanks and pipes included.")
    copper: Concentration = default(45.0, MEMORY, low=40.0, high=55.0, description="Copper, which is held at this concentration from above.")
    lowest_copper: Concentration = default(35.0, MEMORY, low=30.0, high=40.0, description="Below it cathodes suffer: counted as a warning.")
    initial: dict[str, Concentration] = Field(default={}, description="What else is dissolved at the start, by element.")


class Liberator(Model):
    """Cells with insoluble anodes in which copper is won from the electrolyte."""

    cell_voltage: Voltage = default(2.0, MEMORY, low=1.8, high=2.3, description="Cell voltage.")
    current_efficiency: Efficiency = default(0.9, MEMORY, low=0.75, high=0.95, description="Copper deposited over that of Faraday's law.")


class Heating(Model):
    """What keeps the electrolyte warm."""

    carrier: Name = Field(default="steam", description="An energy carrier of the scenario.")
    specific: SpecificEnergy = default(1.08e6, "300 kWh/t, " + MEMORY, low=3.6e5, high=2.2e6, description="Heat for each kg of copper deposited.")


class InitialCells(Model):
    """Anodes in the cells at the start."""

    assay: dict[str, Fraction] = Field(description="Mass fractions of the elements of the anodes; what is left open is inert.", min_length=1)


class ToSlimes(Model):
    """Share of each element of the dissolved anodes that goes to the slimes."""

    Cu: ShareBelowOne = default(0.001, MEMORY, low=0.0003, high=0.003, description="Fine copper, Cu2O and selenides in the slimes.")
    Ag: Fraction = default(0.99, MEMORY, low=0.97, high=0.998, description="Insoluble, also as selenide.")
    Au: Fraction = default(0.999, MEMORY, low=0.99, high=1.0, description="Insoluble.")
    Pd: Fraction = default(0.99, MEMORY, low=0.9, high=1.0, description="Insoluble but for a little.")
    Pt: Fraction = default(0.99, MEMORY, low=0.9, high=1.0, description="Insoluble but for a little.")
    Se: Fraction = default(0.99, MEMORY, low=0.97, high=1.0, description="As selenides.")
    Te: Fraction = default(0.98, MEMORY, low=0.9, high=1.0, description="As tellurides.")
    Pb: Fraction = default(0.99, MEMORY, low=0.95, high=1.0, description="As sulphate, which dissolves little; its oxygen is not tracked.")
    Sn: Fraction = default(0.95, MEMORY, low=0.8, high=0.99, description="As hydrated oxide; its oxygen is not tracked.")
    Sb: Fraction = default(0.7, MEMORY, low=0.4, high=0.95, description="Most, with arsenic and bismuth; changes with their ratios.")
    Bi: Fraction = default(0.7, MEMORY, low=0.4, high=0.95, description="Most, with arsenic and antimony.")
    As: Fraction = default(0.25, MEMORY, low=0.05, high=0.4, description="Most dissolves.")
    Ni: Fraction = default(0.05, MEMORY, low=0.0, high=0.2, description="As NiO in anodes with much nickel and oxygen.")
    Co: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="Dissolves.")
    Fe: Fraction = default(0.02, MEMORY, low=0.0, high=0.2, description="Dissolves.")
    Zn: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="Dissolves.")
    In: Fraction = default(0.1, MEMORY, low=0.0, high=0.5, description="Most dissolves.")
    Ge: Fraction = default(0.5, MEMORY, low=0.0, high=1.0, description="Not known.")
    S: Fraction = default(1.0, MEMORY, low=0.9, high=1.0, description="As sulphides.")
    O: Fraction = default(0.0, "becomes water with the acid; leaves with the bleed", low=0.0, high=0.2, description="Oxygen of the anodes.")  # noqa: E741
    others: Fraction = default(1.0, "taken as insoluble", low=0.0, high=1.0, description="Every other element.")


class ToCathode(Model):
    """Share of each element of the dissolved anodes that ends in the cathodes, as inclusions of slimes and electrolyte. Copper follows Faraday's law."""

    Ag: Fraction = default(0.008, MEMORY, low=0.002, high=0.02, description="Mostly deposited, and slimes that stick.")
    Au: Fraction = default(0.0005, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Pd: Fraction = default(0.0005, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Pt: Fraction = default(0.0005, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Se: Fraction = default(0.001, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Te: Fraction = default(0.001, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Pb: Fraction = default(0.001, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Sn: Fraction = default(0.0005, MEMORY, low=0.0, high=0.005, description="Slimes that stick.")
    Sb: Fraction = default(0.0015, MEMORY, low=0.0, high=0.01, description="Floating slimes.")
    Bi: Fraction = default(0.0015, MEMORY, low=0.0, high=0.01, description="Floating slimes.")
    As: Fraction = default(0.001, MEMORY, low=0.0, high=0.005, description="Electrolyte in the deposit.")
    Ni: Fraction = default(0.0005, MEMORY, low=0.0, high=0.002, description="Electrolyte in the deposit.")
    Fe: Fraction = default(0.005, MEMORY, low=0.0, high=0.05, description="Electrolyte in the deposit.")


class Electrorefining(ProcessModel):
    """A tankhouse: anodes dissolve, copper grows on cathodes, in sections of cells that are loaded, pulled and emptied each on its own."""

    kind: Literal["electrorefining"]
    sections: Count = Field(le=1000, description="Sections, each with a cycle of its own.")
    cells: Count = Field(le=10000, description="Cells of a section, in series.")
    anodes: Annotated[Count, Field(ge=2)] = Field(le=10000, description="Anodes of a cell.")
    cathodes: Count | None = Field(default=None, description="Cathodes of a cell; one between every two anodes where not given.")
    anode_mass: Mass = default(430.0, MEMORY, low=330.0, high=450.0, description="Mass of an anode.")
    cathode_area: Area = Field(description="Area of both faces of a cathode.")
    current_density: CurrentDensity = Field(description="Current over the area of the cathodes, both faces.")
    current_efficiency: Efficiency = default(
        0.95, MEMORY, low=0.90, high=0.98, description="Copper deposited over that of Faraday's law: less by shorts and what dissolves again."
    )
    cell_voltage: Voltage = default(0.30, MEMORY, low=0.25, high=0.35, description="Voltage of a cell.")
    rectifier_efficiency: Efficiency = default(0.93, MEMORY, low=0.85, high=0.97, description="Direct current at the cells over the electricity drawn for it.")
    chemical_dissolution: ShareBelowOne = default(
        0.01, MEMORY, low=0.005, high=0.02, description="Copper that acid and air dissolve without current, for each kg deposited."
    )
    anode_cycle: Duration = Field(description="How long anodes are under current, pulls left out.")
    pulls: Annotated[Count, Field(le=1000)] = default(3, MEMORY, description="How often cathodes are pulled in an anode cycle, the last time at its end.")
    scrap: ShareBelowOne = default(0.15, MEMORY, low=0.11, high=0.20, description="Share of an anode that is not dissolved: the lug, and what holds it.")
    stagger: DurationOrZero | None = Field(
        default=None, description="How much later each section is first loaded than the one before; where not given, they are spread evenly over the cycle."
    )
    partial: Switch = Field(default=False, description="Load a section with as many full cells as there are anodes for.")
    pull: Pulling = Field(default=Pulling(), description="Pulling cathodes.")
    load: Loading = Field(default=Loading(), description="Loading anodes.")
    electrolyte: Electrolyte = Field(default=Electrolyte(), description="The electrolyte.")
    bleed: dict[str, Concentration] = default(
        {"Ni": 20.0, "As": 10.0}, MEMORY, description="Highest concentration of elements in the electrolyte; above it, it is bled."
    )
    copper_removal: Literal["liberator", "bleed"] = Field(
        default="liberator", description="How copper that dissolves chemically leaves the electrolyte: in liberator cells, or with the bleed, as sulphate."
    )
    liberator: Liberator = Field(default=Liberator(), description="Liberator cells.")
    to_slimes: ToSlimes = Field(default=ToSlimes(), description="What goes to the slimes.")
    to_cathode: ToCathode = Field(default=ToCathode(), description="What goes to the cathodes.")
    heating: Heating | None = Field(default=None, description="Heating of the electrolyte; none where not given.")
    initial: InitialCells | None = Field(
        default=None, description="Anodes in all cells at the start, the sections spread evenly over their cycle; none where not given."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = Faults()
        for place, named in ((("bleed",), self.bleed), (("electrolyte", "initial"), self.electrolyte.initial)):
            for element in named:
                if element not in ELEMENTS:
                    faults.add(f"unknown element {element[:20]!r}; known: {', '.join(ELEMENTS)}", *place, element)
                elif element == "Cu":
                    faults.add("copper has its own concentration, electrolyte.copper", *place, element)
        for element in ToCathode.model_fields:
            total = self.slimes_share(element) + self.cathode_share(element)
            if total > 1.0:
                faults.add(f"slimes and cathodes cannot take more than all {element} (got {100 * total:.6g} %)", "to_cathode", element)
        if self.initial is not None:
            self._check_start(self.initial, faults)
        if any("." in source for source in self.from_):
            faults.add(FROM_BUNKERS, "from")
        faults.stop_if_any()
        return self

    def _check_start(self, initial: InitialCells, faults: Faults) -> None:
        for element in initial.assay:
            if element not in ELEMENTS:
                faults.add(f"unknown element {element[:20]!r}; known: {', '.join(ELEMENTS)}", "initial", "assay", element)
        if initial.assay.get("Cu", 0.0) < 0.5:
            faults.add(f"anodes of copper are needed (got {100 * initial.assay.get('Cu', 0.0):.6g} % Cu)", "initial", "assay")
        if (total := sum(initial.assay.values())) > 1.0 + 1e-6:
            faults.add(f"the elements must not add up to more than 100 % (got {100 * total:.6g} %)", "initial", "assay")
        if self.stagger is not None:
            faults.add("with anodes in the cells the sections are spread evenly over the cycle: leave it out", "stagger")

    def slimes_share(self, element: str) -> float:
        """Return the share of an element that goes to the slimes."""
        return float(getattr(self.to_slimes, element if element in ToSlimes.model_fields else "others"))

    def cathode_share(self, element: str) -> float:
        """Return the share of an element that goes to the cathodes; 0 for copper, which follows Faraday's law."""
        return float(getattr(self.to_cathode, element)) if element in ToCathode.model_fields else 0.0

    @property
    def cathodes_of_a_cell(self) -> int:
        """How many cathodes hang in a cell."""
        return self.cathodes if self.cathodes is not None else self.anodes - 1

    @property
    def current(self) -> float:
        """Of a cell, A."""
        return self.current_density * self.cathode_area * self.cathodes_of_a_cell

    def section_power(self, cells: int) -> float:
        """Electricity that ``cells`` of a section draw under current, W: their current at its voltage, and what is drawn by the copper that they deposit."""
        deposited = refining.deposition(self.current, self.current_efficiency) * cells
        return self.cell_voltage * self.current * cells / self.rectifier_efficiency + self.power.specific * deposited

    def carriers_used(self) -> Iterator[str]:
        """Yield each energy carrier that the tankhouse draws."""
        yield "electricity"
        if self.heating is not None:
            yield self.heating.carrier


def _ports(model: Electrorefining) -> tuple[str, ...]:
    return ("cathode", "scrap", "slimes", "bleed", *(("liberator",) if model.copper_removal == "liberator" else ()))


KIND = Kind(
    name="electrorefining",
    model=Electrorefining,
    role="process",
    ports=_ports,
    behaviour="twin.units.melts.tankhouse:Tankhouse",
    summary="An electrorefining tankhouse: anodes to cathodes, slimes, scrap and a bleed.",
)
