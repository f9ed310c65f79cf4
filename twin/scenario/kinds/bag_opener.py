"""A bag opener: empties bags, so that what lay in them has its own sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twin.quantities import Fraction, Length
from twin.scenario.kind import MEMORY, Kind, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Loc
from twin.scenario.sizes import SizeClasses, SizeDistribution
from twin.scenario.vocabulary import Vocabulary

MODEL = "assumption: bags are known by their size"


class BagOpener(MachineModel):
    """Tears bags open by a plain table: what is larger than a bag's size takes, where it is opened, the sizes of its contents."""

    kind: Literal["bag_opener"]
    contents: SizeDistribution = Field(description="Sizes of what lies in the bags, written as the 'size' of a feed.")
    bag_size: Length = default(0.2, MODEL, low=0.12, high=0.4, description="What is larger is a bag.")
    opened: Fraction = default(0.9, MEMORY, low=0.7, high=0.98, description="Share of the bags that are opened and emptied. It falls with wear.")

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the sizes of the contents."""
        yield from super().check(vocabulary)
        yield from ((("contents", *loc), message) for loc, message in vocabulary.wrong_sizes(self.contents, vocabulary.materials))

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the parameters and the share of each size class in the ``contents`` (material, size)."""
        groups = [[group for group, members in materials.groups.items() if name in members] for name in materials.names]
        contents = [self.contents.fractions(name, of, sizes) for name, of in zip(materials.names, groups, strict=True)]
        return {**super().kernel_values(materials, sizes), "contents": np.array(contents)}


KIND = Kind(
    name="bag_opener",
    model=BagOpener,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.bag_opener:BAG_OPENER",
    summary="Empties a share of the bags by a plain table; what falls out has the sizes of the contents.",
)
