"""What limits a plant: found from who waits for whom over a window.

Between two units lies a place, a bunker or a belt. If the unit before it stands blocked by it for a larger share of its time than the unit behind stands
starved by it, the cause lies behind, and an arrow points there; else it lies before. Beginning where the plant takes in, the arrows are followed, along the
largest wait, until none leads on: that unit limits the plant. (The arrows of C.-T. Kuo, J.-T. Lim and S. M. Meerkov, Bottlenecks in serial production lines,
Mathematical Problems in Engineering 2 (1996) 233; from memory.) Feeds and pick-ups take part: a feed is
blocked while its trucks wait for room or are turned away, a
pick-up is starved by as much as its trucks leave short.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from twin.errors import FileError
from twin.results.tally import Totals

Role = Literal["machine", "process", "feed", "pick-up", "resource", "conveyor", "nothing"]

BUSY = 0.9
"""A resource that is at work for a smaller share of its time limits nobody for long."""
LEAST_WAIT = 0.005
"""Waits of less than this share of a unit's time decide nothing: a lot's time now and then."""


class Standing(NamedTuple):
    """``unit`` stood ``share`` of its planned time because of ``on``; ``how``: blocked by, starved by, waiting for."""

    unit: str
    how: str
    on: str
    share: float


@dataclass(frozen=True)
class PlantLimit:
    """What limits the plant. ``unit``: a line by its head machine, a furnace, a feed, a product that is picked up, a resource.

    ``machine``: of a line, the machine that limits it for most of its running time, else the unit itself. ``path``: the waits that lead there from where the
    plant takes in. ``running``: share of its planned time in which the unit ran, NaN of feeds, pick-ups and resources.
    """

    unit: str
    role: Role
    machine: str
    running: float
    path: tuple[Standing, ...]

    def sentence(self) -> str:
        """Say it in one sentence."""
        if self.role == "nothing":
            return "what limits the plant cannot be told: nothing was processed"
        who = {
            "feed": f"the deliveries of {self.unit} limit the plant",
            "pick-up": f"the pick-ups of {self.unit} limit the plant",
            "resource": f"the resource {self.unit} limits the plant",
            "process": f"{self.unit} limits the plant",
            "conveyor": f"the conveyor {self.unit} limits the plant",
            "machine": f"{self.machine} limits the plant" if self.machine == self.unit else f"{self.machine} limits the plant (in the line of {self.unit})",
        }[self.role]
        ran = "" if math.isnan(self.running) else f"its {'line' if self.role == 'machine' else 'unit'} ran {100 * self.running:.0f} % of its planned time"
        waits = [f"{unit} stood {how} {on} {100 * share:.0f} % of its time" for unit, how, on, share in self.path]
        return f"{who}: {'; '.join([*waits, *([ran] if ran else [])])}" if waits or ran else who

    @property
    def short(self) -> str:
        """Name it in a few words.

        >>> PlantLimit("residue", "pick-up", "residue", math.nan, ()).short
        'pick-ups of residue'
        """
        if self.role == "nothing":
            return ""
        return {"feed": f"deliveries of {self.unit}", "pick-up": f"pick-ups of {self.unit}", "resource": f"resource {self.unit}"}.get(self.role, self.machine)

    def as_object(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "unit": self.unit,
            "role": self.role,
            "machine": self.machine,
            "running": None if math.isnan(self.running) else self.running,
            "path": [wait._asdict() for wait in self.path],
            "sentence": self.sentence(),
        }


class _Plant:
    """The waits of a window by unit, and who lies on the other side of each place."""

    def __init__(self, totals: Totals) -> None:
        self.totals, self.places = totals, totals.inputs.places
        self.machines = {line.head: line.machines for line in totals.inputs.lines}
        self.waits: dict[str, list[Standing]] = {}
        for wait in standings(totals):
            self.waits.setdefault(wait.unit, []).append(wait)
        for feed in totals.inputs.feed_prices:
            self.waits[feed] = list(self._of_feed(feed))
        for product in totals.inputs.products:
            self.waits[product] = list(self._of_pickup(product))

    def _of_feed(self, feed: str) -> Iterator[Standing]:
        """A feed is blocked for the share of the time that its first truck waits for room, or by the share that is turned away, whichever is more."""
        totals = self.totals
        offered = totals.mass(feed) + _known(totals.at("gates/turned_away_mass", feed))
        away = _known(totals.at("gates/turned_away_mass", feed)) / offered if offered > 0.0 else 0.0
        for wait in self.waits.get(feed, ()):
            yield wait._replace(share=max(away, wait.share)) if wait.how == "blocked by" else wait

    def _of_pickup(self, product: str) -> Iterator[Standing]:
        """A pick-up is starved by the share of what its trucks came for that was not there."""
        totals = self.totals
        asked = _known(totals.at("gates/pickups", product)) * totals.inputs.products[product].load
        if asked > 0.0:
            for place in totals.places_before(product):
                yield Standing(product, "starved by", place, max(0.0, 1.0 - totals.mass(product) / asked))

    def wait(self, unit: str, how: str, on: str) -> float:
        """The share of its time that a unit stood so."""
        return math.fsum(wait.share for wait in self.waits.get(unit, ()) if wait.how == how and wait.on == on)

    def role(self, unit: str) -> Role:
        """What a unit is."""
        totals = self.totals
        if unit in totals.inputs.feed_prices:
            return "feed"
        if unit in totals.inputs.products:
            return "pick-up"
        if self.machines.get(unit):
            return "machine"
        if unit in totals.names["process"]:
            return "process"
        return "conveyor" if unit in self.places else "resource"

    def others(self, unit: str, wait: Standing) -> Iterator[tuple[str, float]]:
        """Who lies on the other side of the place that a unit waits for, and the share of its time that it waits for the same place."""
        place = self.places.get(wait.on)
        if wait.how == "waiting for" or place is None:
            # who holds what it waits for may hold it because it is slow itself: a resource limits where it is always at work and waited for longer than used
            if wait.how == "waiting for" and self._load(wait.on) >= BUSY:
                yield wait.on, self._state(unit, "running") / self._planned(unit)
            return
        beyond, how = (place.takers, "starved by") if wait.how == "blocked by" else (place.fillers, "blocked by")
        for other in beyond:
            if other == wait.on:  # a conveyor or process empties itself: it waits as a whole
                yield other, self._state(other, "starved")
            elif other != unit and self._limits(other):
                yield other, self.wait(other, how, wait.on)

    def _state(self, unit: str, state: str) -> float:
        totals = self.totals
        return _known(totals.at("units/state_share", unit, state)) / totals.duration if totals.duration > 0.0 else 0.0

    def _load(self, resource: str) -> float:
        """The share of the people or tools on duty that is at work."""
        available = _known(self.totals.at("resources/available", resource))
        return _known(self.totals.at("resources/in_use", resource)) / available if available > 0.0 else 0.0

    def _planned(self, unit: str) -> float:
        """The share of the time that a unit is meant to work."""
        return max(1e-9, 1.0 - sum(self._state(unit, state) for state in ("off_shift", "maintenance")))

    def _limits(self, unit: str) -> bool:
        """A product that takes whatever is there limits nobody."""
        product = self.totals.inputs.products.get(unit)
        return product is None or not math.isnan(product.load)

    def next(self, unit: str, downstream: bool) -> tuple[Standing, str] | None:
        """The largest wait of a unit whose cause lies beyond, and the unit that lies there.

        A unit that was reached ``downstream``, because it takes too little from a full place, does not take more where it is starved by another.
        """
        found: list[tuple[Standing, str]] = []
        for wait in self.waits.get(unit, ()):
            if wait.share < LEAST_WAIT or (downstream and wait.how == "starved by"):
                continue
            for other, back in self.others(unit, wait):
                if wait.share > back:
                    found.append((wait, other))
        return max(found, key=lambda entry: entry[0].share, default=None)


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def standings(totals: Totals) -> list[Standing]:
    """Return every wait of a unit for another or for a resource, as a share of the time that the unit is meant to work, in the order of the file."""
    found = []
    for label in totals.names.get("cause", ()):
        unit, how, on = _parted(label)
        planned = totals.duration - sum(_known(totals.at("units/state_share", unit, state)) for state in ("off_shift", "maintenance"))
        share = totals.at("units/wait_share", label) / planned if planned > 0.0 else math.nan
        found.append(Standing(unit, how, on, share))
    return found


_WORDS = ("blocked by", "starved by", "waiting for")


def _parted(label: str) -> tuple[str, str, str]:
    """Who stands, how and because of whom, of an entry of the axis ``cause``. Raises ``FileError`` where it says none of that."""
    for how in _WORDS:
        unit, found, on = label.partition(f" {how} ")
        if found:
            return unit, how, on
    words = f"{', '.join(_WORDS[:-1])} or {_WORDS[-1]}"
    raise FileError(f"the axis 'cause' has the entry {label!r}, in which nothing is {words} anything: the file was changed, make the run again")


def limit_of(totals: Totals) -> PlantLimit:
    """Return what limits the plant over the window."""
    plant = _Plant(totals)
    starts = [taker for stream in totals.inputs.intake for taker in _takers(plant, stream)]
    if not starts or not totals.processed() > 0.0 or not totals.names.get("cause"):
        return PlantLimit("", "nothing", "", math.nan, ())
    start = max(dict.fromkeys(starts), key=lambda unit: totals.mass(_intake_of(plant, unit)))
    return _followed(plant, start)


def _takers(plant: _Plant, stream: str) -> tuple[str, ...]:
    place = plant.places.get(stream)
    return place.takers if place is not None else (stream.partition(".")[0],)


def _intake_of(plant: _Plant, unit: str) -> str:
    return next((stream for stream in plant.totals.inputs.intake if unit in _takers(plant, stream)), "")


def _followed(plant: _Plant, start: str) -> PlantLimit:
    """Follow the arrows from a unit to where none leads on."""
    unit, seen, path = start, {start: None}, []
    wait: Standing | None = None
    while (found := plant.next(unit, wait is not None and wait.how == "blocked by")) is not None and found[1] not in seen:
        wait, unit = found
        seen[unit] = None
        path.append(wait)
    totals, role = plant.totals, plant.role(unit)
    running = math.nan
    if role in ("machine", "process", "conveyor"):
        planned = totals.duration - sum(_known(totals.at("units/state_share", unit, state)) for state in ("off_shift", "maintenance"))
        running = sum(_known(totals.at("units/state_share", unit, state)) for state in ("running", "overtime")) / planned if planned > 0.0 else math.nan
    machine = max(plant.machines[unit], key=lambda name: _known(totals.at("units/bottleneck", name))) if role == "machine" else unit
    return PlantLimit(unit, role, machine, running, tuple(path))
