"""What the receiver of a link finds at its gate: the weight that its bridge shows of a load, and what its laboratory finds in samples of it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.materials import ELEMENTS
from twin.measurement import UNIFORMS, Measurement
from twin.scenario.links import Link
from twin.units.ground.assembly import Assembly
from twin.units.ground.sampling import Sampler

Floats = NDArray[np.float64]


class Gatehouse:
    """Weighs and samples loads of one link; what it finds is what is paid for, and moves nothing else.

    Streams of the receiver's seed: ``link NAME weighbridge`` and ``link NAME laboratory``, each for the purpose ``measurement``. ``found`` (element,) kg of all
    loads by what was found, ``weighed``: load, kg that it holds and kg that the bridge showed, of each.
    """

    def __init__(self, name: str, link: Link, receiver: Assembly) -> None:
        self.components = receiver.components
        bridge = link.weigh
        self.bridge = Measurement(f"mass.{name}", "instant", bridge.error, bridge.share, bias=bridge.bias, resolution=bridge.step) if bridge else None
        self.stream = receiver.stream(f"link {name} weighbridge", "measurement")
        self.every = link.sample.every if link.sample is not None else 1
        self.sampler = Sampler(receiver, link.receiver[1], link.sample, f"link {name} laboratory") if link.sample is not None else None
        self.last = np.zeros(receiver.components.rows)
        """Shares by component that were found last; all zero before."""
        self.loads = 0
        self.found = np.zeros(len(ELEMENTS))
        self.weighed: list[tuple[int, float, float]] = []

    def find(self, load: Floats, mass: float, number: int) -> tuple[Floats, float]:
        """Return the rows (component,), kg, and the kg that count for load ``number``, which holds ``load`` (component, size), ``mass`` kg.

        A load that is not sampled, or whose samples held no piece, counts as the last that was; before the first as what it is.
        """
        shown = mass if self.bridge is None else max(0.0, self.bridge.read(mass, [self.stream.uniform() for _ in range(UNIFORMS)]))
        shares = load.sum(axis=1) / mass
        if self.sampler is not None:
            if self.loads % self.every == 0:
                finding = self.sampler.find(load / mass, mass).shares
                if not math.isnan(float(finding.sum())):
                    self.last = finding
            shares = self.last if self.last.any() else shares
        self.loads += 1
        rows = shares * shown
        self.found += self.components.elements_of(rows)
        self.weighed.append((number, mass, shown))
        return rows, shown

    def save(self) -> State:
        """What was found, and how many numbers were drawn."""
        used = [self.stream.used, self.sampler.used if self.sampler is not None else 0]
        rows = np.array(self.weighed, dtype=np.float64).reshape(-1, 3)
        return {"last": self.last.copy(), "loads": self.loads, "found": self.found.copy(), "weighed.data": rows, "used": used}

    def load(self, state: State) -> None:
        """Take over a saved state."""
        self.last, self.found, self.loads = state["last"].copy(), state["found"].copy(), state["loads"]
        self.weighed = [(int(number), mass, shown) for number, mass, shown in state["weighed.data"].tolist()]
        self.stream.rewind(state["used"][0])
        if self.sampler is not None:
            self.sampler.rewind(state["used"][1])
