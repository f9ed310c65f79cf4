"""A shredder: breaks pieces until they pass its gap, finer the more energy each tonne gets."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import Factor, FactorOrZero, Fraction, Length, MassFlow, Quantity
from twin.scenario.kind import Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults
from twin.scenario.sizes import SizeClasses

MEMORY = "from memory of the literature, unverified"
MODEL = "assumption of the shredder model; calibrate to a product's size distribution"

EnergyAboveZero = Annotated[float, Quantity("J/kg", gt=0)]
ShareBelowOne = Annotated[float, Quantity("1", ge=0, lt=1)]


class Shredder(MachineModel):
    """Breaks pieces by a population balance with Austin's breakage function, behind an opening that lets small pieces out."""

    kind: Literal["shredder"]
    gap: Length = default(0.040, MODEL, low=0.020, high=0.080, description="Opening that lets pieces out: nothing wider leaves. It grows with wear.")
    free_share: ShareBelowOne = default(0.3, MODEL, low=0.1, high=0.6, description="Pieces below this share of the gap leave unhindered.")
    discharge_exponent: Factor = default(
        2.3,
        "constant in a public code of Whiten's crusher",
        low=1.0,
        high=4.0,
        description="Whiten's K3: shape of the discharge up to the gap.",
    )
    energy: EnergyAboveZero = default(
        18 * 3600.0,
        MEMORY,
        low=8 * 3600.0,
        high=40 * 3600.0,
        description="Energy that breaks each kg at the nominal rate; what it draws is 'power'.",
    )
    nominal: MassFlow | None = Field(default=None, description="Throughput at which each kg gets 'energy'; the mean of 'rate' where not given.")
    load_slope: FactorOrZero = default(
        1.0, MODEL, low=0.0, high=3.0, description="How energy falls with throughput q: (1 + slope)/(1 + slope q/nominal); 0 for no dependence."
    )
    strength: EnergyAboveZero = default(
        6 * 3600.0, MODEL, low=2 * 3600.0, high=15 * 3600.0, description="Energy in which a piece of 100 mm of breakage 1 breaks once, on average."
    )
    selection_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Exponent of size in the rate of breakage.")
    fines_share: Fraction = default(0.3, MEMORY, low=0.1, high=0.6, description="Austin's phi: weight of the term that makes the fines.")
    fines_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Austin's gamma: exponent of the fines.")
    coarse_exponent: Factor = default(3.0, MEMORY, low=2.0, high=5.0, description="Austin's beta: exponent of the coarse fragments.")

    @model_validator(mode="after")
    def _has_a_nominal_rate(self) -> Self:
        if self.rate is None and self.nominal is None:
            faults = Faults()
            faults.add("'rate' or 'nominal' is needed: the throughput at which each kg gets 'energy'", "nominal")
            faults.stop()
        return self

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[Any]]:
        """Return the parameters, ``nominal`` from the rate where it is not given."""
        values = super().kernel_values(materials, sizes)
        if self.nominal is None and self.rate is not None:
            values["nominal"] = self.rate.mean
        return values


KIND = Kind(
    name="shredder",
    model=Shredder,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.comminution:SHREDDER",
    summary="Breaks pieces until they pass its gap; coarser with more load, a wider gap or less energy.",
)
