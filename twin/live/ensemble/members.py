"""The members of an ensemble: plants in memory that get the inputs of the real one and differ in chance and in slow parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.parameters import Changes, SlowParameter, first_values
from twin.measurement import Measurement
from twin.plant.plant import ENDLESS, Plant
from twin.scenario import Scenario
from twin.units.ground.inputs import Input

Floats = NDArray[np.float64]
WINDOW = 900.0
"""Seconds from one look at the plant to the next."""


@dataclass(frozen=True)
class Following:
    """What is followed, and how.

    ``measurements``: of what, by signal. ``parameters``: slow ones that are estimated. ``imposed``: feeds, products and machines whose inputs are logged;
    None for all. ``window`` s.
    """

    measurements: Mapping[str, Measurement]
    parameters: Sequence[SlowParameter] = ()
    imposed: Sequence[str] | None = None
    members: int = 40
    seed: int = 1
    window: float = WINDOW
    states: bool = True
    """Whether members whose lines contradict a state that was seen are corrected."""
    watched: Sequence[SlowParameter] = ()
    """Numbers that are not estimated, of which alarms may say that they have changed."""


@dataclass
class Members:
    """``plants`` (member,) and ``values`` (member, parameter), standard normal numbers."""

    scenario: Scenario
    following: Following
    plants: list[Plant] = field(default_factory=list)

    def __post_init__(self) -> None:
        following = self.following
        self.scenario = self.scenario.change({"record.every": f"{following.window!r} s", "record.genealogy": False, "time.horizon": ENDLESS})
        self.plants = [Plant(self.scenario, replication, live=True) for replication in range(following.members)]
        self.imposed = tuple(self.plants[0].inputs if following.imposed is None else following.imposed)
        self.changes = Changes(self.scenario, following.parameters)
        self.values = first_values(following.parameters, following.members, following.seed)
        for plant in self.plants:
            plant.impose(self.imposed)
        self.revise(range(following.members))

    def __len__(self) -> int:
        return len(self.plants)

    def revise(self, members: Sequence[int]) -> None:
        """These go on with their present values."""
        if self.following.parameters:
            for member in members:
                self.plants[member].revise(self.changes.of(self.values[member].tolist()))

    def run(self, inputs: Sequence[Input], until: float, names: Sequence[str]) -> Floats:
        """Run all to ``until`` s with what happened; returns (member, name), SI."""
        seen = np.zeros((len(self.plants), len(names)))
        for row, plant in enumerate(self.plants):
            plant.apply(inputs, until)
            seen[row] = plant.observe(names)
        return seen

    def save(self) -> dict[str, Any]:
        """As plain data and arrays."""
        return {"values": self.values.copy(), "time": self.plants[0].time, "members": [plant.state().content for plant in self.plants]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved, of the same scenario and the same following."""
        self.values = np.array(state["values"])
        for plant, content in zip(self.plants, state["members"], strict=True):
            plant.set(plant.state_of(content))
