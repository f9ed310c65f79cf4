"""An oxygen plant: how much oxygen there is at once, and what it costs in electricity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin.quantities import Power as Watts
from twin.quantities import Quantity
from twin.scenario.kind import MEMORY, Kind, UnitModel, default
from twin.scenario.phases import NormalFlow

JOULES_PER_NORMAL_CUBIC_METRE = Quantity("J/Nm3", ge=0, example="0.45 kWh/Nm3")


class OxygenPlant(UnitModel):
    """Oxygen for furnaces, which share its capacity."""

    kind: Literal["oxygen_plant"]
    capacity: NormalFlow = Field(description="Oxygen at most, all furnaces together.")
    specific: Annotated[float, JOULES_PER_NORMAL_CUBIC_METRE] = default(
        1.53e6, "0.35 to 0.5 kWh/Nm3, " + MEMORY, low=1.26e6, high=1.8e6, description="Electric energy for the oxygen that is made."
    )
    idle: Watts = default(0.0, "not used where it is not given", description="Electric power at all times.")


KIND = Kind(
    name="oxygen_plant",
    model=OxygenPlant,
    role="utility",
    behaviour="twin.units.melts.oxygen_plant:OxygenPlant",
    summary="Oxygen that furnaces share.",
)
