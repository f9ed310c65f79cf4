"""The parameters that all mills share: their opening's discharge, breakage, load and liberation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import Factor, FactorOrZero, Fraction, MassFlow, Quantity
from twin.scenario.kind import MEMORY, default
from twin.scenario.liberation import NONE, Liberation
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults, Loc
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

MODEL = "assumption of the model of a mill; calibrate to a product's size distribution"
NOT_APART = "nothing comes apart where it is not given"

EnergyAboveZero = Annotated[float, Quantity("J/kg", gt=0)]
ShareBelowOne = Annotated[float, Quantity("1", ge=0, lt=1)]


class Mill(MachineModel):
    """Breaks pieces by a population balance with Austin's breakage function, behind an opening that lets small pieces out."""

    nominal: MassFlow | None = Field(default=None, description="Throughput at which pieces are broken as described; the mean of 'rate' where not given.")
    load_slope: FactorOrZero = default(
        1.0, MODEL, low=0.0, high=3.0, description="How breakage falls with throughput q: (1 + slope)/(1 + slope q/nominal); 0 for no dependence."
    )
    free_share: ShareBelowOne = default(0.3, MODEL, low=0.1, high=0.6, description="Pieces below this share of the opening leave unhindered.")
    discharge_exponent: Factor = default(
        2.3,
        "constant in a public code of Whiten's crusher",
        low=1.0,
        high=4.0,
        description="Whiten's K3: shape of the discharge up to the opening.",
    )
    fines_share: Fraction = default(0.3, MEMORY, low=0.1, high=0.6, description="Austin's phi: weight of the term that makes the fines.")
    fines_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Austin's gamma: exponent of the fines.")
    coarse_exponent: Factor = default(3.0, MEMORY, low=2.0, high=5.0, description="Austin's beta: exponent of the coarse fragments.")
    liberation: Liberation = default(
        Liberation(),
        NOT_APART,
        description="How composites come apart: 'none'; 'gaudin', by grain; or the liberated share by size, {cable: {2 mm: 90 %, 16 mm: 20 %}}, {csv: file}.",
    )

    @model_validator(mode="after")
    def _has_a_nominal_rate(self) -> Self:
        if self.rate is None and self.nominal is None:
            faults = Faults()
            faults.add("'rate' or 'nominal' is needed: the throughput that breakage refers to", "nominal")
            faults.stop()
        return self

    @property
    def liberates(self) -> tuple[str, ...] | None:
        """Return the composites that come apart: those of the table, or all."""
        return None if self.liberation.model == NONE else self.liberation.names

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the table of liberation."""
        yield from super().check(vocabulary)
        yield from ((("liberation", *loc), message) for loc, message in self.liberation.check(vocabulary))

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[Any]]:
        """Return the parameters, ``nominal`` from the rate where it is not given, and what comes apart."""
        values = {**super().kernel_values(materials, sizes), **self.liberation.values(materials, sizes)}
        if self.nominal is None and self.rate is not None:
            values["nominal"] = self.rate.mean
        return values
