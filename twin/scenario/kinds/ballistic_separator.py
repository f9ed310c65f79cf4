"""A ballistic separator: paddles part flat from rolling pieces and let fines through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.quantities import Factor, Fraction, Length
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Loc
from twin.scenario.response import Response
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

ECOEMBES = "a handbook of packaging sorting plants (Ecoembes) finds 40 mm best there"
MODEL = "assumption of the table that stands in for a measured one"


class BallisticSeparator(MachineModel):
    """Flat pieces walk up the paddles, rolling ones fall back, fines pass the openings: a plain table that does not react to load."""

    kind: Literal["ballistic_separator"]
    opening: Length = default(0.040, ECOEMBES, basis="literature", low=0.030, high=0.080, description="Openings of the paddles.")
    screening: Fraction = default(
        0.85, MEMORY, low=0.6, high=0.95, description="Share of what is smaller than the openings that passes them. Blinding lowers it."
    )
    flat: Response = default(
        Response(),
        MODEL,
        description="Share of the rest that goes up as flat, measured: {film: 90 %, default: 15 %}, by size, or {csv: file}; by thickness where not given.",
    )
    flat_ratio: Factor = default(0.1, MODEL, low=0.05, high=0.2, description="Thickness over size of the pieces of which half goes up; not used with 'flat'.")
    flat_sharpness: Factor = default(
        2.0, MODEL, low=1.0, high=5.0, description="How sharply flat parts from rolling around 'flat_ratio'; not used with 'flat'."
    )

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the measured shares."""
        yield from super().check(vocabulary)
        yield from ((("flat", *loc), message) for loc, message in self.flat.check(vocabulary))

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the parameters and the measured shares ``flat``, empty where there are none."""
        return {**super().kernel_values(materials, sizes), "flat": self.flat.table(materials, sizes)}


KIND = Kind(
    name="ballistic_separator",
    model=BallisticSeparator,
    role="machine",
    ports=lambda model: ("flat", "rolling", "fines"),
    kernel="twin.kernels.ballistic_separator:BALLISTIC_SEPARATOR",
    summary="Parts flat, rolling and fine pieces by a plain table, measured or from the thickness of the pieces.",
)
