"""Trucks that leave after they have waited for a while."""

from __future__ import annotations

from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.unit import NEVER, Record, State, Unit
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import beyond
from twin.units.gates.gate import Gate
from twin.units.ground.assembly import Assembly


class Patience(Unit):
    """How long each truck of a gate waits, drawn as it comes; wakes when the next would leave. Stream: ``patience``, one uniform a truck."""

    def __init__(self, site: Assembly, name: str, gate: Gate, patience: Distribution) -> None:
        super().__init__(name, site.next_index(), site.clock, Record())
        self.gate, self.patience = gate, patience
        self.stream = site.stream(gate.title, "patience")

    def deadline(self, now: int) -> int:
        """When a truck that comes now leaves if it still waits, ns."""
        return now + nanoseconds(self.patience.inverse(self.stream.uniform()))

    def watch(self, deadline: int) -> None:
        """A truck waits that leaves at ``deadline`` ns."""
        record = self.record
        if record.until < 0:
            record.until = deadline
            self.clock.schedule(self, deadline)
        elif deadline < record.until:
            record.until = deadline
            self.clock.reschedule(self, deadline)

    def redraw(self, now: int) -> None:
        waiting = [truck for truck in self.gate.trucks if truck.gives_up > now]
        for truck in waiting:
            waited = beyond(self.patience.inverse, (now - truck.came) / NANOSECONDS, self.stream.uniform())
            truck.gives_up = max(now, truck.came + nanoseconds(waited))
        if waiting:
            self.record.until = min(truck.gives_up for truck in self.gate.trucks if truck.gives_up >= 0)
            self.clock.reschedule(self, self.record.until)

    def step(self, now: int) -> bool:
        self.gate.give_up(now)
        self.record.until = min((truck.gives_up for truck in self.gate.trucks if truck.gives_up >= 0), default=NEVER)
        return self.record.until >= 0

    def save(self) -> State:
        return {**super().save(), "used": self.stream.used}

    def load(self, state: State) -> None:
        super().load(state)
        self.stream.rewind(state["used"])
