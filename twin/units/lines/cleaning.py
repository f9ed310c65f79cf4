"""Cleaning of a machine: after a time of work, after a mass, or when what wears has changed by so much."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.clock import nanoseconds
from twin.engine.unit import State
from twin.scenario.cleaning import Cleaning as CleaningModel
from twin.units.lines.interruption import Interruption
from twin.units.lines.machine import Machine


@dataclass(slots=True)
class Cleaning:
    """When a machine is due: ``passed`` kg and ``since`` ns of the line's work since the last time."""

    model: CleaningModel
    machine: Machine
    work: Interruption
    passed: float = 0.0
    since: int = 0

    def lot_passed(self, mass: float, operated: int, now: int) -> bool:
        """A lot took ``mass`` kg through the machine; ``operated``: ns that the line has worked. Returns whether cleaning begins."""
        self.passed += mass
        why = self._due(operated - self.since)
        if not why or self.work.busy:
            return False
        self.passed, self.since = 0.0, operated
        if self.model.blinding is not None:
            self.machine.replaced()
        self.work.begin(self.model.time, f"cleaned {why}", now)
        return True

    def _due(self, worked: int) -> str:
        """Why it is due; empty if it is not."""
        model = self.model
        if model.per is not None and self.passed >= model.per * (1 - 1e-9):
            return f"after {self.passed:.6g} kg"
        if model.every is not None and worked >= nanoseconds(model.every):
            return f"after {worked / 3.6e12:.6g} h of work"
        if model.blinding is not None and (changed := self.machine.worn_share) >= model.blinding * (1 - 1e-9):
            return f"when {100 * changed:.4g} % of {self.machine.wear.parameter if self.machine.wear else ''} were lost"
        return ""

    def save(self) -> State:
        """What has passed since the last time."""
        return {"passed": self.passed, "since": self.since}

    def load(self, state: State) -> None:
        """Take over a saved account."""
        self.passed, self.since = state["passed"], state["since"]
