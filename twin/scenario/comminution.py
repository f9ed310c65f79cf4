"""The parameters that all mills share: their opening's discharge, breakage, load and liberation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.kernels.breakage_laws import LAWS
from twin.quantities import Factor, FactorOrZero, Fraction, MassFlow, Quantity
from twin.scenario.kind import MEMORY, default
from twin.scenario.liberation import CATALOGUE, NONE, Liberation
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults, Loc
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

MODEL = "assumption of the model of a mill; calibrate to a product's size distribution"
BY_CATALOGUE = "each composite's own table in the catalogue, with basis and source there; composites without one stay whole"
TEAR = "an assumption: a tear or a fold leaves most of a piece together, four fifths of its size on average, and hardly any fines"
HALVES = "a strip torn once at a random place: r^2 of its mass is in pieces below r times its length"
LINT = "an assumption: what is pulled apart sheds lint and dust"
ELASTIC = "an assumption: what gives way and springs back makes hardly any fines"
RITTINGER = "Rittinger's law: the energy a tonne gets goes as 1/opening; .7 to 1.1 of hammer mills for biomass, from memory of the literature, unverified"

EnergyAboveZero = Annotated[float, Quantity("J/kg", gt=0)]
ShareBelowOne = Annotated[float, Quantity("1", ge=0, lt=1)]


class Mill(MachineModel):
    """Breaks pieces by a population balance with Austin's breakage function, behind an opening that lets small pieces out.

    A material breaks by the law that its ``breaks`` names: brittle, ductile, rubber or fibre.
    """

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
    emptying: FactorOrZero = default(
        1.0, RITTINGER, low=0.5, high=2.0, description="How the mill empties through a wider opening: (opening/nominal one)^this; 0 for no dependence."
    )
    fines_share: Fraction = default(0.3, MEMORY, low=0.1, high=0.6, description="Austin's phi of brittle materials: weight of the term that makes the fines.")
    fines_exponent: Factor = default(0.8, MEMORY, low=0.4, high=1.5, description="Austin's gamma: exponent of the fines, of all materials.")
    coarse_exponent: Factor = default(3.0, MEMORY, low=2.0, high=5.0, description="Austin's beta of brittle materials: exponent of the coarse fragments.")
    ductile_fines_share: Fraction = default(0.02, TEAR, low=0.0, high=0.05, description="Phi of ductile materials, which are torn, sheared and crumpled.")
    ductile_coarse_exponent: Factor = default(4.0, TEAR, low=2.5, high=6.0, description="Beta of ductile materials.")
    rubber_fines_share: Fraction = default(0.01, ELASTIC, low=0.0, high=0.05, description="Phi of rubber and what stretches as it does.")
    rubber_coarse_exponent: Factor = default(2.0, HALVES, low=1.5, high=4.0, description="Beta of rubber.")
    fibre_fines_share: Fraction = default(0.08, LINT, low=0.02, high=0.2, description="Phi of fibre: wood, paper, textile and foam.")
    fibre_coarse_exponent: Factor = default(2.0, HALVES, low=1.5, high=4.0, description="Beta of fibre.")
    liberation: Liberation = default(
        Liberation(),
        BY_CATALOGUE,
        description="How composites come apart: 'catalogue', by their own tables; 'gaudin', by grain; 'none'; or the liberated share by size of those named, "
        "{cable: {2 mm: 90 %, 16 mm: 20 %}}, {csv: file}.",
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
        """Return the composites that come apart whatever the catalogue says: those of the table, or all."""
        return None if self.liberation.model in (NONE, CATALOGUE) else self.liberation.names

    @property
    def liberates_by_catalogue(self) -> bool:
        """Return whether the composites come apart that have a table in the catalogue."""
        return self.liberation.model == CATALOGUE

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the table of liberation."""
        yield from super().check(vocabulary)
        yield from ((("liberation", *loc), message) for loc, message in self.liberation.check(vocabulary))

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[Any]]:
        """Return the parameters, ``nominal`` from the rate where it is not given, each material's law by its number (``laws``), and what comes apart."""
        values = {**super().kernel_values(materials, sizes), **self.liberation.values(materials, sizes)}
        values["laws"] = np.array([LAWS.index(law) for law in materials.breaks], dtype=np.float64)
        if self.nominal is None and self.rate is not None:
            values["nominal"] = self.rate.mean
        return values
