"""The kernels of a run alone: the line evaluator in a compiled loop over the lots that a run drew.

An unmeasured run notes every lot that a line evaluates, with the limits and tables that held; :func:`replay` then evaluates them again, without
the events, the bunkers and the accounts around.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numba
import numpy as np
from numpy.typing import NDArray
from plant_run import prepared

from twin.kernels import evaluator
from twin.scenario import Scenario

Floats = NDArray[np.float64]
Arguments = tuple[Any, ...]
X, LIMITS = 0, 7
"""Arguments of the evaluator that differ from lot to lot."""
BLOCK = 1024
_evaluate = evaluator.evaluate


@numba.njit(error_model="numpy")
def _replay(lots: Floats, limits: Floats, count: int, arguments: Arguments) -> int:
    """Evaluate ``count`` lots (lot, material, size) at their limits (lot, machine, 2)."""
    for k in range(count):
        arguments[X][:] = lots[k]
        arguments[LIMITS][:] = limits[k]
        status = _evaluate(*arguments)
        if status != 0:
            return status
    return 0


@dataclass
class Reel:
    """Lots of one line while its tables stayed the same, in blocks."""

    arguments: Arguments
    lots: list[Floats] = field(default_factory=list)
    limits: list[Floats] = field(default_factory=list)
    count: int = 0

    def note(self, arguments: Arguments) -> None:
        place = self.count % BLOCK
        if place == 0:
            self.lots.append(np.empty((BLOCK, *arguments[X].shape)))
            self.limits.append(np.empty((BLOCK, *arguments[LIMITS].shape)))
        self.lots[-1][place], self.limits[-1][place] = arguments[X], arguments[LIMITS]
        self.count += 1

    def replay(self) -> None:
        for k, (lots, limits) in enumerate(zip(self.lots, self.limits, strict=True)):
            status = _replay(lots, limits, min(BLOCK, self.count - k * BLOCK), self.arguments)
            assert status == 0, f"the evaluator returned {status}"


@dataclass
class Tape:
    """All that the evaluator was given in a run."""

    reels: dict[tuple[int, ...], Reel] = field(default_factory=dict)

    def note(self, *arguments: Any) -> int:
        key = tuple(id(argument) for argument in arguments)  # the reel keeps its arguments alive
        if key not in self.reels:
            self.reels[key] = Reel(arguments)
        self.reels[key].note(arguments)
        return _evaluate(*arguments)

    @property
    def lots(self) -> int:
        return sum(reel.count for reel in self.reels.values())

    def replay(self) -> None:
        for reel in self.reels.values():
            reel.replay()


def tape_of(scenario: Scenario) -> Tape:
    """Run a scenario, unmeasured, and note what the evaluator is given."""
    tape = Tape()
    with patch.object(evaluator, "evaluate", tape.note):
        prepared(scenario)()()
    tape.replay()  # compiles
    return tape
