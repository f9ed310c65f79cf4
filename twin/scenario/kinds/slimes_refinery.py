"""A refinery for anode slimes: batches of slimes to doré, selenium, a leach liquor and a slag."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.quantities import Fraction
from twin.scenario.batch_refining import BatchRefiningModel
from twin.scenario.kind import MEMORY, Kind, Model, default


class ToDore(Model):
    """Share of each element that is cast as doré; what is lost of precious metals is in slag, liquor and selenium."""

    Ag: Fraction = default(0.985, MEMORY, low=0.96, high=0.995, description="The rest is metal and chloride in the slag.")
    Au: Fraction = default(0.995, MEMORY, low=0.98, high=0.999, description="The rest is metal in the slag.")
    Pd: Fraction = default(0.97, MEMORY, low=0.85, high=0.99, description="Some dissolves in the leach.")
    Pt: Fraction = default(0.97, MEMORY, low=0.85, high=0.99, description="Some dissolves in the leach.")
    Cu: Fraction = default(0.01, MEMORY, low=0.002, high=0.03, description="What leach and slag leave, 1 to 2 % of the doré.")
    Se: Fraction = default(0.001, MEMORY, low=0.0, high=0.005, description="What roasting leaves.")
    Te: Fraction = default(0.005, MEMORY, low=0.0, high=0.02, description="What soda slag leaves.")
    Pb: Fraction = default(0.002, MEMORY, low=0.0, high=0.01, description="What oxidation leaves.")
    Bi: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="What oxidation leaves.")


class ToLiquor(Model):
    """Share of each element that the leach takes out; the liquor goes to the tankhouse or is precipitated."""

    Cu: Fraction = default(0.95, MEMORY, low=0.85, high=0.99, description="With oxygen or air in sulphuric acid.")
    Ni: Fraction = default(0.7, MEMORY, low=0.3, high=0.95, description="NiO of the slimes dissolves badly.")
    Te: Fraction = default(0.5, MEMORY, low=0.1, high=0.8, description="Under pressure most, else little.")
    As: Fraction = default(0.7, MEMORY, low=0.4, high=0.95, description="Most.")
    Sb: Fraction = default(0.1, MEMORY, low=0.0, high=0.4, description="A little.")
    Fe: Fraction = default(0.9, MEMORY, low=0.5, high=1.0, description="Dissolves.")
    Zn: Fraction = default(0.9, MEMORY, low=0.5, high=1.0, description="Dissolves.")
    Co: Fraction = default(0.9, MEMORY, low=0.5, high=1.0, description="Dissolves.")
    Ag: Fraction = default(0.0005, MEMORY, low=0.0, high=0.002, description="Held down by chloride.")
    Pd: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="Some.")
    Pt: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="Some.")


class ToSelenium(Model):
    """Share of each element that is roasted off and precipitated as crude selenium."""

    Se: Fraction = default(0.93, MEMORY, low=0.8, high=0.98, description="As SeO2, reduced by SO2.")
    Te: Fraction = default(0.005, MEMORY, low=0.0, high=0.02, description="Little.")
    As: Fraction = default(0.01, MEMORY, low=0.0, high=0.05, description="Little.")


class SlimesRefinery(BatchRefiningModel):
    """Leaches, roasts, smelts and cupels batches of anode slimes. Everything that goes nowhere else is in the slag, which returns to a furnace.

    Fixed shares by element, each a parameter. Acid, soda, silica, oxygen and SO2 are not tracked.
    """

    kind: Literal["slimes_refinery"]
    to_dore: ToDore = Field(default=ToDore(), description="What goes to the doré.")
    to_liquor: ToLiquor = Field(default=ToLiquor(), description="What the leach takes out.")
    to_selenium: ToSelenium = Field(default=ToSelenium(), description="What is roasted off.")

    named: ClassVar[tuple[str, ...]] = ("dore", "liquor", "selenium")
    rest_port: ClassVar[str] = "slag"
    phase: ClassVar[str] = "slimes"


KIND = Kind(
    name="slimes_refinery",
    model=SlimesRefinery,
    role="process",
    ports=lambda model: ("dore", "liquor", "selenium", "slag"),
    behaviour="twin.units.melts.batch_refinery:BatchRefinery",
    summary="A refinery for anode slimes: doré, leach liquor, selenium and slag.",
)
