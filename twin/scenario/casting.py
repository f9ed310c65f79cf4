"""The parameters that casting and granulation share: a tundish that melt is poured into, and how fast it becomes solid."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from twin.quantities import Mass, MassFlow, Quantity
from twin.scenario.kind import MEMORY, default
from twin.scenario.problems import refuse
from twin.scenario.process import ProcessModel

MeltTemperature = Annotated[float, Quantity("K", gt=298.15, example="1200 °C")]


class CastingModel(ProcessModel):
    """A unit in which melt becomes solid, portion by portion as it was poured, and gives off its heat."""

    capacity: Mass = Field(description="What the tundish or launder before it holds; what is becoming solid has left it.")
    rate: MassFlow = Field(description="How much becomes solid in a time.")
    temperature: MeltTemperature = default(
        1473.15, "1150 to 1300 °C, " + MEMORY, low=1423.15, high=1573.15, description="Temperature of the melt: at which levels its heat is given off."
    )

    phase: ClassVar[str] = "cast"
    """What the work is called in the table of batches."""

    def outlets(self) -> dict[str, float]:
        """Return the share of each port; what the others leave goes to the first."""
        raise NotImplementedError(f"{type(self).__name__}.outlets")

    @model_validator(mode="after")
    def _from_ports(self) -> Self:
        for source in self.from_:
            if "." not in source:
                refuse(f"melt comes hot, from ports such as 'anode_furnace.metal', not from a bunker (got {source!r})", "from")
        return self
