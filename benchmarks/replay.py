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

from twin.engine import content
from twin.kernels import evaluator, heaps
from twin.kernels.line_tables import IN_DOUBT
from twin.scenario import Scenario
from twin.units.lines import network

Floats = NDArray[np.float64]
BLOCK = 1024
_evaluate, _search, _outcome = evaluator.evaluate, evaluator.search, evaluator.outcome
_draw, TAKE = heaps.draw, heaps.TAKE


@numba.njit(error_model="numpy")
def _shape(line: Any) -> tuple[int, int, int]:
    """Materials, size classes and machines of a line."""
    return line.x.shape[0], line.x.shape[1], line.flows.shape[0]


@numba.njit(error_model="numpy")
def _note(line: Any, lot: Floats, limits: Floats) -> None:
    """Copy the lot and what limits its machines (machine, 2)."""
    lot[:] = line.x
    for i in range(line.flows.shape[0]):
        limits[i, 0], limits[i, 1] = line.flows[i].seconds, line.flows[i].up


@numba.njit(error_model="numpy")
def _draw_lot(line: Any, arena: Any, place: int, want: float, share: float) -> int:
    """The lot of a line as it is drawn; returns how many lots are left."""
    return _draw(arena, place, want, share, line.lot, TAKE)


@numba.njit(error_model="numpy")
def _replay(lots: Floats, limits: Floats, count: int, line: Any, probe: Any) -> int:
    """Evaluate ``count`` lots (lot, material, size) at their limits (lot, machine, 2)."""
    for k in range(count):
        line.x[:] = lots[k]
        for i in range(line.flows.shape[0]):
            line.flows[i].seconds, line.flows[i].up = limits[k, i, 0], limits[k, i, 1]
        status = _evaluate(line, probe)
        if status == IN_DOUBT:
            status = _search(line)
        if status != 0:
            return status
    return 0


@dataclass
class Reel:
    """Lots of one line while its tables stayed the same, in blocks."""

    line: Any
    probe: Any
    lots: list[Floats] = field(default_factory=list)
    limits: list[Floats] = field(default_factory=list)
    count: int = 0

    def note(self) -> None:
        place = self.count % BLOCK
        if place == 0:
            materials, classes, machines = _shape(self.line)
            self.lots.append(np.empty((BLOCK, materials, classes)))
            self.limits.append(np.empty((BLOCK, machines, 2)))
        _note(self.line, self.lots[-1][place], self.limits[-1][place])
        self.count += 1

    def replay(self) -> None:
        for k, (lots, limits) in enumerate(zip(self.lots, self.limits, strict=True)):
            status = _replay(lots, limits, min(BLOCK, self.count - k * BLOCK), self.line, self.probe)
            assert status == 0, f"the evaluator returned {status}"


@dataclass
class Tape:
    """All that the evaluator was given in a run."""

    reels: dict[int, Reel] = field(default_factory=dict)

    def note(self, line: Any, probe: Any) -> tuple[int, float, int, int]:
        if id(line) not in self.reels:  # the reel keeps its line alive
            self.reels[id(line)] = Reel(line, probe)
        self.reels[id(line)].note()
        return _outcome(line, probe)

    def take(self, line: Any, probe: Any, arena: Any, place: int, want: float, share: float) -> tuple[int, int, float, int, int]:
        """What :func:`twin.kernels.lots.take_lot` does, noted between drawing and evaluating."""
        return (_draw_lot(line, arena, place, want, share), *self.note(line, probe))

    @property
    def lots(self) -> int:
        return sum(reel.count for reel in self.reels.values())

    def replay(self) -> None:
        for reel in self.reels.values():
            reel.replay()


def tape_of(scenario: Scenario) -> Tape:
    """Run a scenario, unmeasured, and note what the evaluator is given."""
    tape = Tape()
    with patch.object(network, "_outcome", tape.note), patch.object(content, "_take_lot", tape.take):
        prepared(scenario)()()
    tape.replay()  # compiles
    return tape
