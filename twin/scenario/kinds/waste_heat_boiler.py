"""A waste-heat boiler: steam from the heat of off-gas, which goes on colder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin.quantities import Duration, Energy, FactorOrZero, Quantity
from twin.scenario.fields import Name
from twin.scenario.kind import MEMORY, NOT_USED, Kind, default
from twin.scenario.problems import refuse
from twin.scenario.process import ProcessModel

ExitTemperature = Annotated[float, Quantity("K", gt=373.15, le=1073.15, example="350 °C")]
Efficiency = Annotated[float, Quantity("1", gt=0, le=1, example="95 %")]


class WasteHeatBoiler(ProcessModel):
    """Cools the off-gas of furnaces down to an exit temperature and makes steam, which units of the plant draw before any is bought.

    The gas goes on at once to an off-gas filter, or to a product without pick-ups. Steam is counted as heat; its pressure and the turbine are not tracked.
    """

    kind: Literal["waste_heat_boiler"]
    carrier: Name = Field(default="steam", description="The energy carrier that it makes; one boiler makes one.")
    exit: ExitTemperature = default(
        623.15,
        "350 to 450 °C, above the dew point of acid and below sticky dust, " + MEMORY,
        low=573.15,
        high=723.15,
        description="Temperature of the gas behind it.",
    )
    ingress: FactorOrZero = default(0.1, MEMORY, low=0.02, high=0.3, description="Cold air that leaks in, for the mass of the gas.")
    efficiency: Efficiency = default(
        0.95, MEMORY, low=0.9, high=0.98, description="Heat in steam over the heat that the gas gives off; the rest is lost by the casing and with blow-down."
    )
    spread: Duration = default(
        3600.0,
        "a furnace tells its gas when a phase ends; about the length of a phase, assumed",
        low=600.0,
        high=10800.0,
        description="How long the heat of a phase's gas is made to steam.",
    )
    store: Energy = default(0.0, NOT_USED, description="Heat that an accumulator of steam holds.")
    excess: Literal["exported", "blown_off"] = Field(default="blown_off", description="What becomes of steam that nobody draws and no accumulator holds.")

    @model_validator(mode="after")
    def _from_ports(self) -> Self:
        for source in self.from_:
            if "." not in source:
                refuse(f"off-gas comes from ports such as 'converter.offgas', not from a bunker (got {source!r})", "from")
        if self.carrier == "electricity":
            refuse("a boiler makes heat, not electricity", "carrier")
        return self

    def carriers_used(self) -> Iterator[str]:
        """Yield electricity, and the carrier that it makes."""
        yield "electricity"
        yield self.carrier


KIND = Kind(
    name="waste_heat_boiler",
    model=WasteHeatBoiler,
    role="process",
    ports=lambda model: ("gas",),
    behaviour="twin.units.melts.boiler:Boiler",
    summary="A waste-heat boiler: steam for the plant from the heat of off-gas.",
)
