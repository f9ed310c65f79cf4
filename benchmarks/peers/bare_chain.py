"""The chain of ten stations in bare SimPy: a process for each, a ``Store`` before each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

Steps = Generator[simpy.Event, Any, None]


class StoreChain:
    """``services`` and ``arrival`` in ns; each Store holds ``places`` parts. ``done`` parts have left, the last at ``last``."""

    def __init__(self, services: Sequence[int], arrival: int, places: int, parts: int) -> None:
        self.env = simpy.Environment()
        self.done = self.last = 0
        stores = [simpy.Store(self.env, places) for _ in services]
        self.env.process(self.source(stores[0], arrival, parts))
        for k, service in enumerate(services):
            if k + 1 < len(stores):
                self.env.process(self.station(stores[k], service, stores[k + 1]))
            else:
                self.env.process(self.exit_station(stores[k], service))

    def source(self, outlet: simpy.Store, arrival: int, parts: int) -> Steps:
        for part in range(parts):
            yield self.env.timeout(arrival)
            yield outlet.put(self.make(part))

    def station(self, inlet: simpy.Store, service: int, outlet: simpy.Store) -> Steps:
        env = self.env
        while True:
            part = yield inlet.get()
            yield env.timeout(service)
            yield outlet.put(part)

    def exit_station(self, inlet: simpy.Store, service: int) -> Steps:
        env = self.env
        while True:
            yield inlet.get()
            yield env.timeout(service)
            self.done += 1
            self.last = int(env.now)

    def make(self, part: int) -> Any:
        return part

    def run(self, until: int) -> StoreChain:
        self.env.run(until)
        return self

    @property
    def events(self) -> int:
        """Events scheduled so far (it takes one number, so ask once)."""
        return next(self.env._eid)


class MatrixChain(StoreChain):
    """The same, where each station sends a lot's matrix (material, size) through its table of shares."""

    def __init__(self, services: Sequence[int], arrival: int, places: int, parts: int, lot: NDArray[np.float64]) -> None:
        self.lot, self.shares = lot, np.ones_like(lot)
        super().__init__(services, arrival, places, parts)

    def make(self, part: int) -> NDArray[np.float64]:
        return self.lot.copy()

    def station(self, inlet: simpy.Store, service: int, outlet: simpy.Store) -> Steps:
        env, shares = self.env, self.shares
        while True:
            lot = yield inlet.get()
            out = lot * shares
            yield env.timeout(service)
            yield outlet.put(out)

    def exit_station(self, inlet: simpy.Store, service: int) -> Steps:
        env, shares = self.env, self.shares
        total = np.zeros(self.lot.shape)
        while True:
            lot = yield inlet.get()
            out = lot * shares
            yield env.timeout(service)
            total += out
            self.done += 1
            self.last = int(env.now)
