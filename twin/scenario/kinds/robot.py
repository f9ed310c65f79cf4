"""Robots over a belt: a camera tells pieces apart, arms with a cycle time take the targets that they can grip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import Fraction, Frequency, Length, Mass, Quantity, Speed
from twin.scenario.confusion import ConfusionMatrix
from twin.scenario.fields import Names
from twin.scenario.kind import MEMORY, NOT_USED, Kind, default
from twin.scenario.kinds.sensor_sorter import PEAKS, Unevenness
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults, Loc
from twin.scenario.response import Response
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

Arms = Annotated[float, Quantity("1", ge=0, le=1000, example="2")]
"""Erlang's formula counts them one by one."""
MODEL = "assumption of the robot model; calibrate to a count of what is picked, dropped and missed"


class Robot(MachineModel):
    """Arms take the targets that a camera recognises, that they can grip and have the time for; more load hides pieces and finds the arms busy."""

    kind: Literal["robot"]
    targets: Names = Field(description="Materials or groups that are picked; of a confusion matrix the classes that pieces are taken for.")
    arms: Arms = default(1.0, "one unless said otherwise", description="Arms over the belt.")
    picks: Frequency = default(
        40 / 60, MEMORY, low=20 / 60, high=80 / 60, description="Grips per time that one arm tries, 1 over its cycle time, e.g. 40 min-1."
    )
    recognition: Fraction = default(0.9, MODEL, low=0.7, high=0.98, description="Share of the uncovered targets that it takes for targets.")
    mistakes: Fraction = default(0.02, MODEL, low=0.0, high=0.08, description="Share of all other uncovered pieces that it takes for targets.")
    confusion_matrix: ConfusionMatrix = default(
        ConfusionMatrix(), NOT_USED, description="What pieces of each material, group or `default` are taken for, in place of recognition and mistakes."
    )
    grip: Fraction = default(0.85, MODEL, low=0.5, high=0.97, description="Share of the grips that hold.")
    grips: Response = default(
        Response(),
        NOT_USED,
        description="Share of the grips that hold by material, in place of 'grip': {ldpe_film: 60 %, default: 90 %}, by size, or {csv: file}.",
    )
    smallest: Length = default(0.05, MODEL, low=0.03, high=0.10, description="Smallest piece that is picked.")
    largest: Length = default(0.5, MODEL, low=0.3, high=1.0, description="Largest piece that is picked.")
    heaviest: Mass = default(2.0, MODEL, low=0.5, high=6.0, description="Heaviest piece that an arm lifts.")
    belt_speed: Speed = default(0.5, MEMORY, low=0.2, high=1.0, description="Speed of the belt.")
    belt_width: Length = default(1.2, MEMORY, low=0.6, high=1.6, description="Width of the belt that is covered.")
    unevenness: Unevenness = default(
        0.3, PEAKS, low=0.0, high=1.0, description="How far the load of the belt peaks: its standard deviation over its mean; 0 is even."
    )

    @model_validator(mode="after")
    def _can_grip_something(self) -> Self:
        faults = Faults()
        if self.smallest >= self.largest:
            faults.add("must be below 'largest'", "smallest")
        faults.stop_if_any()
        return self

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield the targets that no catalogue, or no class of the confusion matrix, knows, and what is wrong with the tables."""
        yield from super().check(vocabulary)
        for key, part in (("grips", self.grips), ("confusion_matrix", self.confusion_matrix)):
            yield from (((key, *loc), message) for loc, message in part.check(vocabulary))
        if self.confusion_matrix.rows:
            yield from (self._place(index, message) for index, message in self.confusion_matrix.unknown_classes(self.targets))
            return
        for index, name in enumerate(self.targets):
            if message := vocabulary.unknown_material(name):
                yield self._place(index, message)

    def _place(self, index: int, message: str) -> tuple[Loc, str]:
        return ("targets", index) if len(self.targets) > 1 else ("targets",), message

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the parameters, ``target`` 1 for each material that is picked or the share ``taken`` for one, and the table of ``grips``, or nothing."""
        values = {**super().kernel_values(materials, sizes), "grips": self.grips.table(materials, sizes)}
        target, taken = np.zeros(len(materials.names)), np.zeros(0)
        if self.confusion_matrix.rows:
            taken = self.confusion_matrix.taken_for(self.targets, materials)
        else:
            for name in self.targets:
                target[list(materials.members(name))] = 1.0
        return {**values, "target": target, "taken": taken}


KIND = Kind(
    name="robot",
    model=Robot,
    role="machine",
    ports=lambda model: ("picked", "rest"),
    kernel="twin.kernels.robot:ROBOT",
    summary="Arms take targets off a belt; less of them with more load, slower arms, grips that fail.",
)
