"""A baler: presses what a bunker holds into bales."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import Mass
from twin.scenario.kind import Kind
from twin.scenario.machine import MachineModel
from twin.scenario.sizes import SizeClasses


class Baler(MachineModel):
    """Takes from its bunker the mass of one bale at a time and passes it on as it is; it changes neither sizes nor materials."""

    kind: Literal["baler"]
    bale: Mass = Field(description="Mass of a bale, which is the lot of its line: it waits until there is enough for one.")

    @model_validator(mode="after")
    def _draws_a_bale(self) -> Self:
        return self if self.lot is not None else self.model_copy(update={"lot": self.bale})

    @classmethod
    def wearing_fields(cls) -> tuple[str, ...]:
        """Return nothing: no part of it changes what it delivers."""
        return ()

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return ``shares``: all to the one port."""
        return {"shares": np.ones(1)}


Baler.changeable -= {"bale"}  # the lot of a line stays what it is


KIND = Kind(
    name="baler",
    model=Baler,
    role="machine",
    ports=lambda model: ("out",),
    kernel="twin.kernels.partition:SPLITTER",
    summary="Presses bales: takes the mass of one at a time, so that what it fills holds whole bales.",
)
