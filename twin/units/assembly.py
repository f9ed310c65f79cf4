"""What units are put together with: the clock, the recorder, and everything that has been built so far, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import Calendar
from twin.engine.clock import Clock
from twin.engine.genealogy import Genealogy
from twin.engine.recording import Recorder
from twin.engine.resource import Resource
from twin.engine.streams import Stream
from twin.engine.unit import Unit
from twin.scenario.model import Scenario
from twin.units.outlet import Receiver

if TYPE_CHECKING:
    from twin.units.product import Account

Floats = NDArray[np.float64]


@dataclass
class Assembly:
    """A plant while it is being built.

    ``units`` in the order of their index; ``accounts``: what each product took in; ``destination`` says where a port, feed or conveyor leads to.
    """

    scenario: Scenario
    clock: Clock
    recorder: Recorder
    replication: int
    genealogy: Genealogy | None
    destination: Mapping[str, str]
    calendars: dict[str, Calendar] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    bunkers: dict[str, Bunker] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of a lot, (material, size)."""
        return len(self.scenario.materials.names), len(self.scenario.sizes)

    def next_index(self) -> int:
        """The rank of the next unit."""
        return len(self.units)

    def stream(self, unit: str, purpose: str) -> Stream:
        """The random stream of a unit for a purpose."""
        return Stream(self.scenario.seed, self.replication, unit, purpose)

    def calendar(self, name: str | None) -> Calendar | None:
        """A calendar by name."""
        return self.calendars[name] if name is not None else None

    def needed(self, names: Sequence[str]) -> list[Resource]:
        """Resources by name."""
        return [self.resources[name] for name in names]

    def receiver_of(self, source: str) -> Receiver:
        """Where what leaves ``source`` goes to."""
        return self.receivers[self.destination[source]]

    def row(self, stream: str) -> int:
        """The recorder's row of a stream."""
        return self.recorder.axes.streams.index(stream)

    def gate(self, name: str) -> int:
        """The recorder's row of a gate."""
        return self.recorder.axes.gates.index(name)

    def of_type(self, kind: type[Unit]) -> Iterator[Unit]:
        """All units of a class, in order."""
        return (unit for unit in self.units if isinstance(unit, kind))
