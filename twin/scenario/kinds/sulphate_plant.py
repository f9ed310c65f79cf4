"""A sulphate plant: the bleed of a tankhouse is evaporated to crude nickel sulphate."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twin.quantities import Fraction, Quantity
from twin.scenario.batch_refining import BatchRefiningModel
from twin.scenario.kind import MEMORY, Kind, Model, default

Water = Annotated[float, Quantity("1", ge=0, le=7)]
METALS = ("Ni", "Cu", "Co", "Fe", "Zn")


class ToCopper(Model):
    """Share of each element that comes out with the copper, before the liquor is evaporated."""

    Cu: Fraction = default(0.95, MEMORY, low=0.85, high=0.99, description="In liberator cells or as crystals.")
    As: Fraction = default(0.6, MEMORY, low=0.2, high=0.9, description="With the last copper, as a sludge.")
    Sb: Fraction = default(0.5, MEMORY, low=0.2, high=0.9, description="With the last copper, as a sludge.")
    Bi: Fraction = default(0.5, MEMORY, low=0.2, high=0.9, description="With the last copper, as a sludge.")


class ToSulphate(Model):
    """Share of each element that falls as crude sulphate."""

    Ni: Fraction = default(0.92, MEMORY, low=0.8, high=0.98, description="The rest stays in the acid.")
    Co: Fraction = default(0.9, MEMORY, low=0.7, high=0.98, description="Falls with nickel.")
    Fe: Fraction = default(0.8, MEMORY, low=0.5, high=0.95, description="Falls with nickel.")
    Zn: Fraction = default(0.7, MEMORY, low=0.4, high=0.95, description="Falls with nickel.")
    Cu: Fraction = default(0.03, MEMORY, low=0.0, high=0.1, description="What was not taken out before.")
    As: Fraction = default(0.03, MEMORY, low=0.0, high=0.1, description="Sticks with the acid.")


class SulphatePlant(BatchRefiningModel):
    """Takes the copper out of batches of bleed, evaporates what is left, and separates crude nickel sulphate from black acid.

    Bleed is the mass of its metals here, so sulphate and water of the crystals are taken up; the acid that returns is the mass of what is dissolved in it.
    """

    kind: Literal["sulphate_plant"]
    to_copper: ToCopper = Field(default=ToCopper(), description="What comes out with the copper.")
    to_sulphate: ToSulphate = Field(default=ToSulphate(), description="What falls as crude sulphate.")
    water: Water = default(
        2.0, "NiSO4 with 1 to 2 H2O from strong acid, 6 from weak, " + MEMORY, low=1.0, high=6.0, description="Mol of water to a mol of the sulphates."
    )

    named: ClassVar[tuple[str, ...]] = ("copper", "sulphate")
    rest_port: ClassVar[str] = "acid"
    phase: ClassVar[str] = "bleed"

    def taken_up(self, port: str) -> dict[str, dict[str, float]]:
        """Return sulphate and water of each metal in the crystals."""
        if port != "sulphate":
            return {}
        return {metal: {"S": 1.0, "O": 4.0 + self.water, "H": 2.0 * self.water} for metal in METALS}


KIND = Kind(
    name="sulphate_plant",
    model=SulphatePlant,
    role="process",
    ports=lambda model: ("copper", "sulphate", "acid"),
    behaviour="twin.units.melts.batch_refinery:BatchRefinery",
    summary="A sulphate plant: copper, crude nickel sulphate and acid from the bleed of a tankhouse.",
)
