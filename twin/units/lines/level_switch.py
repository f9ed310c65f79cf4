"""A line that starts when its bunker is full enough and stops when it is low: batch-wise running, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.bunker import Bunker
from twin.scenario.line_rules import LineRules


@dataclass(slots=True)
class LevelSwitch:
    """``start_at`` and ``stop_at`` in kg; ``on`` from the one level to the other.

    >>> from twin.engine.content import Queue
    >>> bin = Bunker("bin", 80e3, Queue((1, 1), None, "bin"))
    >>> switch = LevelSwitch(start_at=50e3, stop_at=10e3)
    >>> bin.content.level = 49e3
    >>> switch.lets(500.0, bin)
    False
    >>> bin.content.level = 50e3
    >>> switch.lets(500.0, bin)
    True
    >>> bin.content.level = 10.4e3
    >>> switch.lets(500.0, bin), switch.on
    (False, False)
    """

    start_at: float
    stop_at: float
    on: bool = False

    @classmethod
    def of(cls, model: LineRules) -> LevelSwitch | None:
        """The switch of a line; None where it has none."""
        return cls(model.start_at, model.stop_at or 0.0) if model.start_at is not None else None

    def lets(self, amount: float, bunker: Bunker, must_run: bool = False) -> bool:
        """Whether ``amount`` kg may be drawn; 0 where they cannot be drawn yet for another reason, which switches nothing on. ``must_run``: the shortest
        run is not over, so that the low level switches nothing off."""
        level = bunker.level
        if self.on and not must_run and (amount > 0.0 or level < self.stop_at):
            self.on = level - amount >= self.stop_at - bunker.tolerance
        if not self.on and amount > 0.0:
            self.on = level >= self.start_at - bunker.tolerance
        return self.on and amount > 0.0

    def wish(self, amount: float) -> float:
        """For what level (kg) the line waits that draws ``amount`` kg at once."""
        return amount if self.on else self.start_at
