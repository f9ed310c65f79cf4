"""States of lines that were seen and that a member contradicts: a line that starves has nothing before it, one that is blocked no room behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.members import Members
from twin.measurement import Measurement
from twin.plant.plant import Plant
from twin.plant.surroundings import Surroundings

Floats = NDArray[np.float64]
MOSTLY = 0.6
"""From this share of a window on a line counts as being in a state."""
HARDLY = 0.05
"""Up to this share it counts as not having been in it."""
ALL_THROUGH = 0.95
NEARLY_FULL = 0.06
"""A bunker with less room than this share of its capacity may be full: levels are read with such an error."""


class _Seen(NamedTuple):
    """The signals of a line's states; "" where there is none."""

    running: str
    starved: str
    blocked: str


class Contradictions:
    """Puts right the bunkers around a line that nobody measures. ``quantities``: what the members are asked for."""

    def __init__(self, members: Members, levels: Mapping[str, str], measured: Mapping[str, Measurement]) -> None:
        self._members, self._levels = members, levels
        signal = {measurement.quantity: name for name, measurement in measured.items()}
        self._lines: list[tuple[Surroundings, _Seen]] = []
        self.quantities: list[str] = []
        self._line_of = _line_by_unit(members.plants[0])
        for line in members.plants[0].lines:
            of = [f"state.{line.line}", f"state.{line.line}.starved", f"state.{line.line}.blocked"]
            seen = _Seen(*(signal.get(name, "") for name in of))
            if any(seen):
                self._lines.append((line, seen))
                self.quantities += of
        self._running = {line.line: seen.running for line, seen in self._lines if seen.running}

    def agree(self, quantity: str, good: Mapping[str, float], seen: Floats, place: Mapping[str, int]) -> NDArray[np.bool_]:
        """Which members a mean says something of: where the state of its line is seen, those whose line ran all through the window, as the true one did."""
        line = self._line_of.get(quantity.split(".")[1], "")
        if quantity.startswith("state.") or line not in self._running:
            return np.ones(len(seen), dtype=bool)
        if good.get(self._running[line], 0.0) < ALL_THROUGH:
            return np.zeros(len(seen), dtype=bool)
        return np.asarray(seen[:, place[f"state.{line}"]] >= ALL_THROUGH)

    def put_right(self, good: Mapping[str, float], seen: Floats, place: Mapping[str, int], chance: np.random.Generator) -> None:
        """Correct the members that contradict what was seen."""
        for line, signals in self._lines:
            drawn = chance.random((len(seen), 2))
            true = {state: good.get(signal, np.nan) for state, signal in signals._asdict().items() if signal}
            for member, plant in enumerate(self._members.plants):
                own = {
                    "running": seen[member, place[f"state.{line.line}"]],
                    "starved": seen[member, place[f"state.{line.line}.starved"]],
                    "blocked": seen[member, place[f"state.{line.line}.blocked"]],
                }
                self._before(plant, line, true, own, drawn[member, 0])
                self._behind(plant, line, true, own, drawn[member, 1])

    def _before(self, plant: Plant, line: Surroundings, true: Mapping[str, float], own: Mapping[str, float], u: float) -> None:
        unseen = [name for name in line.before if name not in self._levels]
        if not unseen:
            return
        starved = true.get("starved", np.nan)
        if starved >= MOSTLY and own["starved"] <= HARDLY:
            for name in unseen:
                if plant.observe([f"level.{name}"])[0] > line.lot:
                    plant.correct(name, float(u * line.lot))
        elif own["starved"] >= MOSTLY and (starved <= HARDLY or true.get("running", np.nan) >= MOSTLY):
            plant.correct(unseen[0], max(float(plant.observe([f"level.{unseen[0]}"])[0]), (1.0 + 3.0 * float(u)) * line.lot))

    def _behind(self, plant: Plant, line: Surroundings, true: Mapping[str, float], own: Mapping[str, float], u: float) -> None:
        unseen = [name for name in line.behind if name not in self._levels]
        if not unseen:
            return
        capacities = plant.capacities
        levels = dict(zip(unseen, plant.observe([f"level.{name}" for name in unseen]).tolist(), strict=True))
        blocked = true.get("blocked", np.nan)
        if blocked >= MOSTLY and own["blocked"] <= HARDLY:
            if self._explained(plant, line):
                return
            fullest = max(unseen, key=lambda name: levels[name] / capacities[name])
            plant.correct(fullest, max(levels[fullest], capacities[fullest] - float(u) * line.lot))
        elif own["blocked"] >= MOSTLY and (blocked <= HARDLY or true.get("running", np.nan) >= MOSTLY):
            for name in unseen:
                if capacities[name] - levels[name] < line.lot:
                    plant.correct(name, max(0.0, capacities[name] - (1.0 + 3.0 * float(u)) * line.lot))

    def _explained(self, plant: Plant, line: Surroundings) -> bool:
        """Whether a bunker behind the line whose level is measured is as good as full: then that one blocks it."""
        capacities = plant.capacities
        for name in line.behind:
            if name in self._levels and capacities[name] - plant.observe([f"level.{name}"])[0] < max(2.0 * line.lot, NEARLY_FULL * capacities[name]):
                return True
        return False


def _line_by_unit(plant: Plant) -> dict[str, str]:
    """The line of each machine and of each of its streams' first words."""
    found = {}
    for line, machines in plant.machines.items():
        for machine in machines:
            found[machine] = line
    return found
