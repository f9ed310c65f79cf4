"""A density separator: dense medium, jig or air table."""

from __future__ import annotations

from typing import Any, Literal, Self

from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.kernels.physical_constants import WATER_DENSITY
from twin.quantities import Density, Factor, FactorOrZero, Length, MassFlow, format_quantity
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults
from twin.scenario.sizes import SizeClasses

MODEL = "assumption of the density model; calibrate to a measured partition curve"


class DensitySeparator(MachineModel):
    """Parts pieces at a density, less sharply the smaller they are and the more it is loaded; on an air table ``sink`` is the heavy product."""

    kind: Literal["density_separator"]
    cut: Density = Field(description="Density of which half sinks: the medium's, or what the jig or table is set to.")
    medium: Literal["dense_medium", "jig", "air_table"] = default("dense_medium", "the sharpest", description="What parts the pieces.")
    nominal: MassFlow | None = Field(default=None, description="Throughput that 'crowding' refers to; the mean of 'rate' where not given.")
    deviation: Density = default(40.0, MEMORY, low=20.0, high=60.0, description="Ep of large pieces in an uncrowded dense medium.")
    imperfection: Factor = default(0.16, MEMORY, low=0.10, high=0.30, description="Ep over the cut's excess over water (jig) or air (air table), uncrowded.")
    fine_size: Length = default(0.002, MODEL, low=0.0005, high=0.006, description="Size at which Ep is twice that of large pieces.")
    fine_exponent: Factor = default(1.0, MODEL, low=0.5, high=2.0, description="How Ep grows as pieces get smaller: 1 + (fine_size/size)^n.")
    crowding: FactorOrZero = default(0.5, MODEL, low=0.0, high=2.0, description="Share by which Ep has grown at the nominal throughput.")
    shape_effect: FactorOrZero = default(
        0.0, MODEL, low=0.0, high=1.0, description="Exponent e of sphericity in the density that a jig or air table sees; 0: shape plays no part."
    )

    @model_validator(mode="after")
    def _can_sort(self) -> Self:
        faults = Faults()
        if self.rate is None and self.nominal is None:
            faults.add("'rate' or 'nominal' is needed: the throughput that 'crowding' refers to", "nominal")
        if self.medium != "air_table" and self.cut <= WATER_DENSITY:
            faults.add(f"must be more than that of water, {format_quantity(WATER_DENSITY, 'kg/m3')} (got {format_quantity(self.cut, 'kg/m3')})", "cut")
        faults.stop_if_any()
        return self

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[Any]]:
        """Return the parameters, ``nominal`` from the rate where it is not given."""
        values = super().kernel_values(materials, sizes)
        if self.nominal is None and self.rate is not None:
            values["nominal"] = self.rate.mean
        return values


KIND = Kind(
    name="density_separator",
    model=DensitySeparator,
    role="machine",
    ports=lambda model: ("sink", "float"),
    kernel="twin.kernels.density_separator:DENSITY_SEPARATOR",
    summary="Sorts by density in a dense medium, a jig or on an air table; less sharply with load and for small pieces.",
)
