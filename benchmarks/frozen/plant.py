"""The plant of the WEEE line as ``weee_plant.json`` has it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frozen.air import AIR_CLASSIFIER
from frozen.compile import Floats, MachineKernel, Sizes
from frozen.eddy import EDDY_CURRENT
from frozen.magnetic import OVERBAND_MAGNET
from frozen.mills import SHREDDER
from frozen.partition import SEPARATOR, SPLITTER
from frozen.sizing import SCREEN
from frozen.streams import Stream

PATH = Path(__file__).with_name("weee_plant.json")
KERNELS: dict[str, MachineKernel] = {
    "separator": SEPARATOR,
    "splitter": SPLITTER,
    "overband_magnet": OVERBAND_MAGNET,
    "air_classifier": AIR_CLASSIFIER,
    "eddy_current": EDDY_CURRENT,
    "screen": SCREEN,
    "shredder": SHREDDER,
}


def nanoseconds(seconds: float) -> int:
    """Round a duration to integer nanoseconds."""
    return round(seconds * 1_000_000_000)


@dataclass(frozen=True)
class Layout:
    """A line; ``machines`` in order of evaluation, by whose places ``sources``, ``blocks`` and ``outlets`` go. A source (-1, 0) is the lot."""

    name: str
    machines: list[str]
    sources: list[list[list[int]]]
    blocks: list[list[int]]
    outlets: list[list[int]]
    destinations: list[str]
    bunkers: list[str]
    lot: float
    take: str


@dataclass(frozen=True)
class Machine:
    """``rate``, kg/s: one number, low, mode and high of a triangular distribution that is drawn anew each ``redraw`` s, or nothing."""

    kind: str
    count: int
    ports: int
    rate: list[float] | None
    redraw: float | None
    values: Mapping[str, Any]

    @property
    def kernel(self) -> MachineKernel:
        return KERNELS[self.kind]


class WeeePlant:
    """``deliveries`` is the CSV that the engine reads too; ``horizon`` in s.

    Sections of units stay as the data have them: dictionaries by name.
    """

    def __init__(self, deliveries: str, horizon: float) -> None:
        data = json.loads(PATH.read_text())
        self.deliveries, self.horizon, self.seed = deliveries, horizon, int(data["seed"])
        self.materials: list[str] = data["materials"]
        self.properties: dict[str, Floats] = {name: np.array(values) for name, values in data["properties"].items()}
        self.sizes = Sizes(*(np.array(data["sizes"][name]) for name in Sizes._fields))
        self.size_fractions: list[list[float]] = data["size_fractions"]
        self.feeds, self.bunkers, self.conveyors, self.products = (data[name] for name in ("feeds", "bunkers", "conveyors", "products"))
        self.lines = [Layout(**line) for line in data["lines"]]
        self.machines = {name: Machine(**machine) for name, machine in data["machines"].items()}
        self.shape = (len(self.materials), len(self.sizes.mean))

    def coefficients(self, name: str) -> Floats:
        """What a machine's kernel prepares, flat."""
        machine = self.machines[name]
        prepared = machine.kernel.prepare(machine.values, self.properties, self.sizes)
        return np.ascontiguousarray(prepared, dtype=np.float64).ravel()

    def spread(self, composition: Mapping[str, float]) -> Floats:
        """The share of each (material, size) of a composition; it sums to 1."""
        result = np.zeros(self.shape)
        total = math.fsum(composition.values())
        for row, name in enumerate(self.materials):
            share = composition.get(name, 0.0) / total
            if share > 0.0:
                result[row] = [share * fraction for fraction in self.size_fractions[row]]
        return result

    def arrivals(self) -> Iterator[tuple[int, Floats, float]]:
        """Yield time, ns, matrix and mass, kg, of each delivery."""
        header, *rows = self.deliveries.splitlines()
        names = header.split(",")[2:]
        for row in rows:
            time, mass, *fractions = (float(number) for number in row.split(","))
            yield nanoseconds(time), self.spread(dict(zip(names, fractions, strict=True))) * mass, mass


class Rate:
    """Seconds a machine needs for a bare lot; drawn anew by the hour where the rate is random."""

    def __init__(self, plant: WeeePlant, name: str) -> None:
        machine = plant.machines[name]
        self.limited = machine.rate is not None
        self.law = machine.rate if machine.rate is not None and len(machine.rate) == 3 else None
        self.redraw = nanoseconds(machine.redraw or 0.0)
        self.stream = Stream(plant.seed, 0, name, "rate")
        self.valid_until = -1
        self.value = machine.rate[0] if machine.rate is not None else math.inf

    def seconds(self, mass: float, now: int) -> float:
        if self.law is not None and now >= self.valid_until:
            self.value = triangular(*self.law, self.stream.uniform())
            self.valid_until = (now // self.redraw + 1) * self.redraw
        return mass / self.value


def triangular(low: float, mode: float, high: float, u: float) -> float:
    """The variate of the uniform number ``u`` in [0, 1)."""
    if u * (high - low) < mode - low:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1 - u) * (high - low) * (high - mode))
