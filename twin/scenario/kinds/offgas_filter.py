"""An off-gas filter: what condenses becomes dust, the rest leaves as gas."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twin.quantities import Fraction, Mass, Quantity
from twin.scenario.kind import MEMORY, NOT_USED, Kind, default
from twin.scenario.problems import refuse
from twin.scenario.process import ProcessModel

ShareBelowOne = Annotated[float, Quantity("1", ge=0, lt=1, example="20 %")]


class OffgasFilter(ProcessModel):
    """Cleans the off-gas of furnaces. Dust falls into a hopper, and from there to where the port ``dust`` leads, as far as there is room.

    Dust that is charged again brings back its zinc and chlorine; a ``bleed`` takes them out.
    The gas leaves to a product without pick-ups. Lime, water and activated carbon are not tracked.
    """

    kind: Literal["offgas_filter"]
    hopper: Mass = Field(description="Dust that its hopper holds; while it is full, furnaces wait with their off-gas.")
    efficiency: Fraction = default(0.999, MEMORY, low=0.99, high=0.9999, description="Share of the dust that is caught.")
    halogens_in_dust: Fraction = default(
        0.7, MEMORY, low=0.3, high=0.95, description="Share of chlorine and bromine that is bound in the dust, at most what its metals can bind."
    )
    bleed: ShareBelowOne = Field(
        default=0.0, description="Share of the dust that leaves by the port 'bleed', which is there where the share is above 0; the rest goes to 'dust'."
    )
    desulphurisation: Fraction = default(0.0, NOT_USED, low=0.0, high=0.98, description="Share of the sulphur that is bound in the dust, as SO2.")

    @model_validator(mode="after")
    def _from_ports(self) -> Self:
        for source in self.from_:
            if "." not in source:
                refuse(f"off-gas comes from ports such as 'converter.offgas', not from a bunker (got {source!r})", "from")
        return self


KIND = Kind(
    name="offgas_filter",
    model=OffgasFilter,
    role="process",
    ports=lambda model: ("dust", "gas", *(("bleed",) if model.bleed > 0.0 else ())),
    behaviour="twin.units.melts.offgas:OffgasFilter",
    summary="An off-gas filter: dust and clean gas.",
)
