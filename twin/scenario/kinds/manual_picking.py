"""Manual picking: people at a belt take out what they recognise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.quantities import FactorOrZero, Fraction, Frequency, Length, Mass, Quantity, Speed
from twin.scenario.fields import CalendarName, Name, Names
from twin.scenario.kind import MEMORY, NOT_USED, Kind, Model, default
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Faults, Loc
from twin.scenario.sizes import SizeClasses
from twin.scenario.vocabulary import Vocabulary

Pickers = Annotated[float, Quantity("1", ge=0, le=1000, example="4")]
"""Erlang's formula counts them one by one."""
MODEL = "assumption of the picking model; calibrate to a count of what is picked and missed"


class Shift(Model):
    """Pickers who are there while a calendar is open."""

    calendar: CalendarName = Field(default=None, description="When they work; always where not given.")
    pickers: Pickers = Field(description="How many they are; 2.5 are two for half of the time and three for the other half.")


class ManualPicking(MachineModel):
    """Pickers take the targets that they see, recognise and have the time for; more load hides pieces and leaves less time for each."""

    kind: Literal["manual_picking"]
    targets: Names = Field(description="Materials or groups that are picked.")
    pickers: Pickers | None = default(None, NOT_USED, description="Pickers at the belt; where they differ by shift, give 'staff' instead.")
    staff: dict[Name, Shift] = default(
        {},
        NOT_USED,
        description="Pickers by shift, e.g. {early: {calendar: early, pickers: 4}, late: {calendar: late, pickers: 3}}; those of open calendars add up.",
    )
    picks: Frequency = default(30 / 60, MEMORY, low=20 / 60, high=45 / 60, description="Picks per time that one picker can do, e.g. 30 min-1.")
    recognition: Fraction = default(0.9, MODEL, low=0.6, high=0.99, description="Share of the uncovered targets that pickers recognise.")
    mistakes: Fraction = default(0.01, MODEL, low=0.0, high=0.05, description="Share of all other uncovered pieces that they take for targets, without hurry.")
    hurry: FactorOrZero = default(2.0, MODEL, low=0.0, high=5.0, description="By how much mistakes grow when pickers are always busy: 2 makes three of one.")
    smallest: Length = default(0.04, MEMORY, low=0.02, high=0.10, description="Smallest piece that is picked.")
    largest: Length = default(0.6, MODEL, low=0.3, high=1.5, description="Largest piece that one picker can take.")
    heaviest: Mass = default(5.0, MEMORY, low=1.0, high=15.0, description="Heaviest piece that one picker can take.")
    belt_speed: Speed = default(0.25, MEMORY, low=0.1, high=0.6, description="Speed of the belt.")
    belt_width: Length = default(1.0, MEMORY, low=0.6, high=1.6, description="Width of the belt that is covered.")

    @model_validator(mode="after")
    def _somebody_picks(self) -> Self:
        faults = Faults()
        if self.pickers is None and not self.staff:
            faults.add("'pickers' is missing: how many there are, e.g. 4, or 'staff' by shift", "pickers")
        if self.pickers is not None and self.staff:
            faults.add("give 'pickers' or 'staff', not both", "pickers")
        if self.smallest >= self.largest:
            faults.add("must be below 'largest'", "smallest")
        faults.stop_if_any()
        return self

    @property
    def roster(self) -> tuple[str, tuple[tuple[str | None, float], ...]] | None:
        """Return the pickers of each shift, where they are given by shift."""
        return ("pickers", tuple((shift.calendar, shift.pickers) for shift in self.staff.values())) if self.staff else None

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield the targets that no catalogue knows."""
        yield from super().check(vocabulary)
        for index, name in enumerate(self.targets):
            if message := vocabulary.unknown_material(name):
                yield ("targets", index) if len(self.targets) > 1 else ("targets",), message

    def kernel_values(self, materials: Any, sizes: SizeClasses) -> dict[str, float | NDArray[np.float64]]:
        """Return the parameters, ``target`` 1 for each material that is picked, and all pickers of the ``staff``."""
        target = np.zeros(len(materials.names))
        for name in self.targets:
            target[list(materials.members(name))] = 1.0
        values = {**super().kernel_values(materials, sizes), "target": target}
        return values if self.pickers is not None else {**values, "pickers": sum(shift.pickers for shift in self.staff.values())}


ManualPicking.changeable -= {"staff"}  # its calendars are those of the start; a plan with other people is another calendar


KIND = Kind(
    name="manual_picking",
    model=ManualPicking,
    role="machine",
    ports=lambda model: ("picked", "rest"),
    kernel="twin.kernels.manual_picking:MANUAL_PICKING",
    summary="People take targets off a belt; less of them with more load, fewer or slower pickers, a deeper bed.",
)
