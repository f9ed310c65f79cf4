"""What units are put together with: the clock, the recorder, and everything that has been built so far, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.arena import Arena
from twin.engine.bunker import Bunker
from twin.engine.calendars import Calendar
from twin.engine.clock import Clock
from twin.engine.genealogy import Genealogy
from twin.engine.needs import Needs
from twin.engine.recording import Recorder
from twin.engine.resource import Resource
from twin.engine.staffing import Staffing
from twin.engine.streams import Stream
from twin.engine.unit import Unit
from twin.kernels.smelting_tables import ChemistryRecords
from twin.materials.heat import HeatData, heat_data
from twin.materials.thermochemistry import Thermochemistry
from twin.scenario.model import Scenario
from twin.scenario.needs import Need, alternatives
from twin.scenario.settings import ResourceSpec
from twin.units.ground.components import Components
from twin.units.ground.outlet import Receiver

if TYPE_CHECKING:
    from twin.units.ground.account import Account

Floats = NDArray[np.float64]


@dataclass
class Assembly:
    """A plant while it is being built.

    ``units`` in the order of their index; ``accounts``: what each product took in; ``intakes``: where a
    furnace takes a hot melt from, by stream; ``destination`` says where a port, feed or conveyor leads to. ``streams``: all random streams, in order of their
    making; ``forks``: the numbers of the forks that they go on in.
    """

    scenario: Scenario
    clock: Clock
    recorder: Recorder
    replication: int
    genealogy: Genealogy | None
    components: Components
    destination: Mapping[str, str]
    calendars: dict[str, Calendar] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    bunkers: dict[str, Bunker] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    intakes: dict[str, Receiver] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    forks: tuple[int, ...] = ()

    @cached_property
    def thermochemistry(self) -> Thermochemistry:
        """The thermochemical data with what the scenario changes."""
        return self.scenario.thermochemistry.data()

    @cached_property
    def smelting(self) -> ChemistryRecords:
        """Arrays of the equilibrium, in the variants that the scenario chooses."""
        chosen = self.scenario.thermochemistry
        return self.thermochemistry.smelting(chosen.oxides, chosen.activities, chosen.slopes)

    @cached_property
    def heat(self) -> HeatData:
        """Arrays of the heat balance that agree with the equilibrium."""
        return heat_data(self.thermochemistry, self.scenario.thermochemistry.oxides)

    @cached_property
    def arena(self) -> Arena:
        """What lies in bunkers and on conveyors."""
        return Arena(self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of a lot, (component, size)."""
        return self.components.rows, len(self.scenario.sizes)

    def next_index(self) -> int:
        """The rank of the next unit."""
        return len(self.units)

    def stream(self, unit: str, purpose: str) -> Stream:
        """The random stream of a unit for a purpose."""
        stream = Stream(self.scenario.seed, self.replication, unit, purpose)
        stream.take_from(self.replication, self.forks)
        self.streams.append(stream)
        return stream

    def take_from(self, replication: int, forks: tuple[int, ...]) -> None:
        """All random streams go on in a replication, and in a fork of it."""
        self.replication, self.forks = replication, forks
        for stream in self.streams:
            stream.take_from(replication, forks)

    def calendar(self, name: str | None) -> Calendar | None:
        """A calendar by name."""
        return self.calendars[name] if name is not None else None

    def needed(self, needs: Sequence[Need], priority: int | None = None) -> Needs:
        """What a task needs of resources, by name."""
        skills = self.scenario.skills
        return Needs([[self.resources[name] for name in alternatives(need, skills)] for need in needs], priority or 0)

    def staffing(self, spec: ResourceSpec) -> Staffing:
        """How many of a resource there are when."""
        return Staffing([(self.calendar(name), count) for name, count in spec.shifts])

    def receiver_of(self, source: str) -> Receiver:
        """Where what leaves ``source`` goes to: the receiver of that stream alone, else of the unit that it leads to."""
        return self.intakes[source] if source in self.intakes else self.receivers[self.destination[source]]

    def row(self, stream: str) -> int:
        """The recorder's row of a stream."""
        return self.recorder.axes.streams.index(stream)

    def gate(self, name: str) -> int:
        """The recorder's row of a gate."""
        return self.recorder.axes.gates.index(name)

    def of_type(self, kind: type[Unit]) -> Iterator[Unit]:
        """All units of a class, in order."""
        return (unit for unit in self.units if isinstance(unit, kind))
