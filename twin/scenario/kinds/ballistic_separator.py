"""A ballistic separator: paddles part flat from rolling pieces and let fines through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.quantities import DurationOrZero, Factor, FactorOrZero, Fraction, Frequency, Length, Quantity, Speed
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Loc
from twin.scenario.response import Response
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

ECOEMBES = "a handbook of packaging sorting plants (Ecoembes) finds 40 mm best there"
MODEL = "assumption of the table that stands in for a measured one"

Inclination = Annotated[float, Quantity("rad", gt=0, le=math.radians(45))]
PerAngle = Annotated[float, Quantity("1/rad", ge=0)]


class BallisticSeparator(MachineModel):
    """Flat pieces walk up the paddles, rolling ones fall back, fines pass the openings; a full deck hides openings and carries rolling pieces up."""

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
    angle: Inclination = default(
        math.radians(15), "as tried on an industrial one", low=math.radians(10), high=math.radians(22), description="Slope of the deck."
    )
    reference_angle: Inclination = default(math.radians(15), MODEL, low=math.radians(10), high=math.radians(22), description="Slope at which 'flat' holds.")
    angle_effect: PerAngle = default(
        11.5, MODEL, low=3.0, high=35.0, description="Fall of the log odds to go up for each radian of slope; 11.5 is 0.2 for each degree."
    )
    speed: Frequency = default(3.0, MEMORY, low=1.5, high=4.5, description="Revolutions of the cranks per time.")
    speed_enough: Frequency = default(3.0, MODEL, low=2.0, high=4.0, description="Speed above which more gains nothing.")
    speed_effect: DurationOrZero = default(1.0, MODEL, low=0.2, high=3.0, description="Fall of the log odds to go up for each 1/s below 'speed_enough'.")
    width: Length = default(2.5, MEMORY, low=1.2, high=3.5, description="Width of the deck.")
    travel: Speed = default(0.3, MODEL, low=0.1, high=0.6, description="Speed at which flat pieces walk up.")
    hiding: FactorOrZero = default(0.02, MODEL, low=0.0, high=0.1, description="h: under o layers of flat pieces 1/(1 + h o) of the openings are free.")
    riding: FactorOrZero = default(0.005, MODEL, low=0.0, high=0.03, description="r: of rolling pieces 1 - exp(-r o) ride up on o layers of flat ones.")

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
    summary="Parts flat, rolling and fine pieces, by a measured table or their thickness; flatter decks and faster paddles carry more up, full ones blur.",
)
