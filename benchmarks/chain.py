"""Stations in a chain, ten of them or more, a bunker before each: on the bare engine, and as a plant of separators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.clock import NANOSECONDS, Clock
from twin.engine.deadlock import check_deadlock
from twin.engine.unit import NEVER, State, Unit

SERVICE = tuple(seconds * NANOSECONDS for seconds in (91, 95, 90, 97, 93, 100, 94, 98, 92, 96))
"""How long each station takes, ns. The slowest stands in the middle: those before it are blocked by it, those behind it starved."""
ARRIVAL = 89 * NANOSECONDS
PLACES = 5
"""Parts that a bunker holds."""
PART = 1.0  # kg
NOTHING: NDArray[np.float64] = np.zeros((0, 0))
"""The matrix of a part: nobody looks at it."""


def end_of(parts: int, stations: int = len(SERVICE)) -> int:
    """A time at which all parts have long passed, ns."""
    return (parts + 20) * max(SERVICE) + sum(services(stations))


def services(stations: int) -> tuple[int, ...]:
    """The times of a chain of so many stations: those of ten, over and over."""
    return tuple(SERVICE[k % len(SERVICE)] for k in range(stations))


class Pile:
    """A content of equal parts, of which only the mass is kept."""

    def __init__(self) -> None:
        self.level = 0.0

    def put(self, x: NDArray[np.float64], share: float, amount: float, lot: int, now: int) -> None:
        self.level += amount

    def draw(self, amount: float, out: NDArray[np.float64], lot: int, through: Any = None) -> None:
        self.level -= amount

    def peek(self, amount: float, out: NDArray[np.float64]) -> None: ...

    def weigh(self, out: NDArray[np.float64]) -> None: ...

    def save(self) -> State:
        return {"level": self.level}

    def load(self, state: State) -> None:
        self.level = state["level"]


@dataclass(slots=True)
class StationRecord:
    """``busy``: a part is on the station; ``last``: when the last one left it, ns."""

    until: int = NEVER
    busy: bool = False
    done: int = 0
    last: int = 0


class Station(Unit):
    """Takes a part from ``inlet``, works on it for ``service`` ns, and keeps it until ``outlet`` has room.

    Without ``inlet`` it makes ``parts`` parts, without ``outlet`` they leave.
    """

    def __init__(self, index: int, clock: Clock, service: int, inlet: Bunker | None, outlet: Bunker | None, parts: int = 0) -> None:
        super().__init__(f"station_{index}", index, clock, record := StationRecord())
        self.record: StationRecord = record
        self.service, self.inlet, self.outlet, self.parts = service, inlet, outlet, parts
        if inlet is not None:
            inlet.takers.append(self)
        if outlet is not None:
            outlet.fillers.append(self)

    def step(self, now: int) -> bool:
        """As a line does it: it looks at level, room and first place itself, and asks nobody in the common case."""
        record = self.record
        if record.busy:
            outlet = self.outlet
            if outlet is not None:
                before = outlet.putters.units
                if (before and before[0] is not self) or outlet.room() < PART - outlet.tolerance:
                    outlet.putters.join(self, PART)
                    check_deadlock(self, now)
                    return False
                if self.waiting:
                    self.leave_lists()
                outlet.put(NOTHING, 1.0, PART, 0, now)
            record.busy = False
            record.done += 1
            record.last = now
        inlet = self.inlet
        if inlet is not None:
            before = inlet.getters.units
            if (before and before[0] is not self) or inlet.content.level < PART - inlet.tolerance:
                inlet.getters.join(self, PART)
                check_deadlock(self, now)
                return False
            if self.waiting:
                self.leave_lists()
            inlet.draw(PART, NOTHING, 0, now)
        elif record.done == self.parts:
            return False
        record.busy = True
        record.until = now + self.service
        return True


@dataclass(frozen=True)
class Chain:
    """The chain on the bare engine, ready to run to ``end``, ns."""

    clock: Clock
    stations: list[Station]
    parts: int
    end: int

    def run(self) -> Chain:
        for station in self.stations:
            self.clock.schedule(station, 0)
        self.clock.run(self.end)
        return self

    @property
    def passed(self) -> tuple[int, int]:
        """Parts that left the chain, and when the last one did, ns."""
        record = self.stations[-1].record
        return record.done, record.last

    @property
    def events_a_visit(self) -> float:
        return self.clock.events / self.visits

    @property
    def visits(self) -> int:
        """Parts that stations are done with, the source left out."""
        return sum(station.record.done for station in self.stations[1:])


def build_chain(parts: int, count: int = len(SERVICE), filled: int = 0) -> Chain:
    """A source and ``count`` stations, through which ``parts`` go.

    With ``filled`` so many parts lie in each bunker at the start, and the run ends when the source has made its last: nobody waits along the whole chain.
    """
    clock = Clock()
    bunkers = [Bunker(f"bunker_{k}", PLACES * PART, Pile()) for k in range(count)]
    for bunker in bunkers if filled else ():
        bunker.put(NOTHING, 1.0, filled * PART, 0, 0)
    stations = [Station(0, clock, ARRIVAL, None, bunkers[0], parts)]
    for k, service in enumerate(services(count)):
        outlet = bunkers[k + 1] if k + 1 < len(bunkers) else None
        stations.append(Station(k + 1, clock, service, bunkers[k], outlet))
    return Chain(clock, stations, parts, parts * ARRIVAL if filled else end_of(parts, count))


MATERIALS, SIZES = 20, 12
LOT = 100.0  # kg


def plant_of_separators(lots: int) -> dict[str, Any]:
    """The same chain as a scenario: ten separators that separate nothing, lots of 100 kg of 20 materials in 12 size classes."""
    units: dict[str, Any] = {}
    source = "deliveries"
    for k, service in enumerate(SERVICE):
        units[f"bunker_{k}"] = {"kind": "bunker", "from": source, "capacity": f"{(PLACES if k else 40) * LOT} kg"}
        units[f"station_{k}"] = {"kind": "separator", "from": f"bunker_{k}", "ports": ["out"], "cycle_time": f"{service // NANOSECONDS} s"}
        source = f"station_{k}.out"
    return plant(lots, units, source)


def line_of_separators(lots: int, count: int) -> dict[str, Any]:
    """One line of ``count`` such separators behind one another, of which the first sets the pace."""
    units: dict[str, Any] = {"bunker": {"kind": "bunker", "from": "deliveries", "capacity": f"{40 * LOT} kg"}}
    source = "bunker"
    for k in range(count):
        units[f"machine_{k}"] = {"kind": "separator", "from": source, "ports": ["out"]}
        source = f"machine_{k}.out"
    units["machine_0"]["cycle_time"] = f"{max(SERVICE) // NANOSECONDS} s"
    return plant(lots, units, source)


def plant(lots: int, machines: dict[str, Any], last: str) -> dict[str, Any]:
    """A scenario of a feed, ``machines`` and a product that takes from ``last``, long enough for so many lots."""
    names = [f"material_{m}" for m in range(MATERIALS)]
    horizon = round(lots * max(SERVICE) / NANOSECONDS)
    units: dict[str, Any] = {
        "deliveries": {
            "kind": "feed",
            "every": f"{20 * ARRIVAL // NANOSECONDS} s",
            "mass": f"{20 * LOT} kg",
            "composition": dict.fromkeys(names, 1 / MATERIALS),
            "size": {"rosin_rammler": {"x63": "60 mm", "n": 1.2}},
            "when_full": "turn_away",
        }
    }
    units |= machines
    units["product"] = {"kind": "product", "from": last}
    bounds = [round(0.5 * 2.0**s, 3) for s in range(SIZES)]
    return {
        "twin": 1,
        "name": "chain",
        "time": {"horizon": f"{horizon} s"},
        "seed": 1,
        "lot": f"{LOT} kg",
        "record": "none",
        "size_bounds": " ".join(str(bound) for bound in bounds) + " mm",
        "materials": {name: {} for name in names},
        "units": units,
    }
