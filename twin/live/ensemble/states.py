"""States of lines that were seen and that a member contradicts: a line that starves has nothing before it, one that is blocked no room behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.members import Members
from twin.measurement import Measurement
from twin.plant.plant import Plant
from twin.plant.surroundings import Surroundings

Floats = NDArray[np.float64]
NEVER = 0.005
"""Up to this share of a window a line counts as not having been in a state,"""
SOME = 0.05
"""and from this on as having been: lines work by lots, and the ends of windows are no matter of theirs."""
FAR = 0.5
"""A member whose share is so far from the true one contradicts it too."""
NEAR = 0.2
"""One that is as near as this agrees."""
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
            drawn = chance.random((len(seen), 4))
            for state, signal, bunkers in (("starved", signals.starved, line.before), ("blocked", signals.blocked, line.behind)):
                unseen = [name for name in bunkers if name not in self._levels]
                true = good.get(signal, np.nan)
                if not unseen or not np.isfinite(true):
                    continue
                own = seen[:, place[f"state.{line.line}.{state}"]]
                side = _Side(line, state, unseen, float(true), own)
                self._put_right(side, drawn[:, :2] if state == "starved" else drawn[:, 2:])

    def _put_right(self, side: _Side, drawn: Floats) -> None:
        """Those that contradict take the levels of one that agrees, give or take a lot; where none does, what the state alone says."""
        plants = self._members.plants
        wrong = np.flatnonzero(side.contradict()).tolist()
        if side.state == "blocked" and side.true >= SOME:
            wrong = [member for member in wrong if not self._explained(plants[member], side.line)]
        if not wrong:
            return
        names = [f"level.{name}" for name in side.unseen]
        levels = {member: plants[member].observe(names).tolist() for member in np.flatnonzero(side.agree()).tolist()}
        donors = list(levels)
        for member in wrong:
            u, v = drawn[member].tolist()
            taken = levels[donors[int(v * len(donors))]] if donors else []
            given = [level + (u - 0.5) * side.line.lot for level in taken] or _by_itself(side, plants[member], u)
            for name, level in zip(side.unseen, given, strict=True):
                plants[member].correct(name, min(max(level, 0.0), plants[member].capacities[name]))

    def _explained(self, plant: Plant, line: Surroundings) -> bool:
        """Whether a bunker behind the line whose level is measured is as good as full: then that one blocks it."""
        capacities = plant.capacities
        for name in line.behind:
            if name in self._levels and capacities[name] - plant.observe([f"level.{name}"])[0] < max(2.0 * line.lot, NEARLY_FULL * capacities[name]):
                return True
        return False


@dataclass(frozen=True)
class _Side:
    """What a ``line``'s ``state`` says of the ``unseen`` bunkers on that side: its ``true`` share of the window, and the members' ``own`` (member,)."""

    line: Surroundings
    state: str
    unseen: Sequence[str]
    true: float
    own: Floats

    def contradict(self) -> NDArray[np.bool_]:
        """Which members were in the state where the plant never was, or the other way round, or far longer or shorter."""
        if self.true <= NEVER:
            return np.asarray(self.own >= SOME)
        never = (self.own <= NEVER) if self.true >= SOME else np.zeros(len(self.own), dtype=bool)
        return np.asarray(never | (np.abs(self.own - self.true) > FAR))

    def agree(self) -> NDArray[np.bool_]:
        """Which members were in it about as long."""
        alike = (self.own >= SOME) == (self.true >= SOME)
        return np.asarray(alike & (np.abs(self.own - self.true) <= NEAR) & ~self.contradict())


def _by_itself(side: _Side, plant: Plant, u: float) -> list[float]:
    """Levels that a state asks for: before a line that starved less than a lot, and one to four lots before one that did not; behind it room alike."""
    lot, capacities = side.line.lot, plant.capacities
    levels = dict(zip(side.unseen, plant.observe([f"level.{name}" for name in side.unseen]).tolist(), strict=True))
    rooms = {name: capacities[name] - level for name, level in levels.items()}
    some = (1.0 + 3.0 * u) * lot
    if side.state == "starved" and side.true >= SOME:
        return [min(level, u * lot) for level in levels.values()]
    if side.state == "starved":
        fullest = max(levels, key=lambda name: levels[name])
        return [max(level, some) if name == fullest else level for name, level in levels.items()]
    if side.true >= SOME:
        fullest = min(rooms, key=lambda name: rooms[name] / capacities[name])
        return [max(level, capacities[name] - u * lot) if name == fullest else level for name, level in levels.items()]
    return [capacities[name] - some if rooms[name] < lot else level for name, level in levels.items()]


def _line_by_unit(plant: Plant) -> dict[str, str]:
    """The line of each machine and of each of its streams' first words."""
    found = {}
    for line, machines in plant.machines.items():
        for machine in machines:
            found[machine] = line
    return found
