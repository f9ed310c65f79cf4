"""The parameters that all units share in which material becomes melt: furnaces, casting, refining, gas cleaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from twin.quantities import Power as Watts
from twin.quantities import SpecificEnergy
from twin.scenario.fields import References
from twin.scenario.kind import NOT_USED, Model, UnitModel, default


class Electricity(Model):
    """Electric power: ``idle`` at all times, ``specific`` for each kg that is worked on."""

    idle: Watts = default(0.0, NOT_USED, description="Electric power at all times.")
    specific: SpecificEnergy = default(0.0, NOT_USED, description="Electric energy for the mass that is worked on.")


class ProcessModel(UnitModel):
    """A unit that takes materials or melts and gives melts: elements in metal, slag, dust or gas."""

    works_in_phases: ClassVar[bool] = False
    """Whether it is a furnace, with ``phases``: to be asked where the language of furnaces need not be imported for plants that have none."""

    from_: References = Field(alias="from", description="What it takes from: bunkers, and ports whose melt is brought hot.")
    power: Electricity = Field(default=Electricity(), description="Electric power of drives, fans and pumps.")

    def carriers_used(self) -> Iterator[str]:
        """Yield each energy carrier that the unit draws."""
        yield "electricity"

    def utilities(self) -> Iterator[str]:
        """Yield the name of each utility unit, such as an oxygen plant, that it draws from."""
        yield from ()
