"""The WEEE line by hand, in SimPy and NumPy, with one compiled call for each lot.

Places, gates and trucks are those of the NumPy peer. A line is one process: it draws a lot, calls ``evaluate``, which takes the lot through all machines of
the line, lets the time pass that it found, and delivers copies of what left. The evaluator and the machines are frozen copies of those that the engine
had (see ``frozen``); tables, coefficients and buffers are made once. It searches each recycle loop anew, as the engine did then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from frozen import line_pass as lp
from frozen.evaluator import evaluate
from frozen.plant import Layout, Rate, nanoseconds
from peers.weee_numpy import Plant
from peers.weee_places import Floats, Steps, Waiter, deliver


class CompiledPlant(Plant):
    """The plant of the NumPy peer on compiled lines."""

    def line(self, layout: Layout) -> CompiledLine:
        return CompiledLine(self, layout)


class CompiledLine:
    def __init__(self, plant: Plant, layout: Layout) -> None:
        self.env, self.layout = plant.env, layout
        self.intake = plant.intake(layout)
        self.places = [plant.places[name] for name in layout.destinations]
        self.rates = [(i, rate) for i, name in enumerate(layout.machines) if (rate := Rate(plant.data, name)).limited]
        self.at_bunkers, self.at_outlets = Waiter(self.env, layout.lot), Waiter(self.env)
        self.lots = 0
        self._tables(plant)
        self.env.process(self.run())

    def _tables(self, plant: Plant) -> None:
        layout, shape = self.layout, plant.data.shape
        models = [plant.data.machines[name] for name in layout.machines]
        count, ports = len(models), max(model.ports for model in models)
        warnings = max(1, *(len(model.kernel.warnings) for model in models))
        prepared = [plant.data.coefficients(name) for name in layout.machines]
        ends = np.cumsum([len(part) for part in prepared])
        table = np.zeros((count, 10), dtype=np.int64)
        table[:, lp.ADDRESS] = [lp.address_of(model.kernel.apply) for model in models]
        table[:, lp.COEFFICIENTS], table[:, lp.COEFFICIENTS_END] = ends - [len(part) for part in prepared], ends
        table[:, lp.SOURCES_END] = np.cumsum([len(row) for row in layout.sources])
        table[1:, lp.SOURCES] = table[:-1, lp.SOURCES_END]
        table[:, lp.PORTS] = [model.ports for model in models]
        table[:, lp.BYPASS] = -1
        table[:, lp.WARNINGS] = [len(model.kernel.warnings) for model in models]
        sources = np.array([source for row in layout.sources for source in row], dtype=np.int64)
        blocks, outlets = np.array(layout.blocks, dtype=np.int64), np.array(layout.outlets, dtype=np.int64)
        self.limits = np.zeros((count, 2))
        self.limits[:, lp.UP] = [model.count for model in models]
        self.x, out = np.zeros(shape), np.zeros((count, ports, *shape))
        self.outlet_mass, self.result = np.zeros(len(outlets)), np.zeros(lp.RESULTS)
        self.outlets = [out[i, port] for i, port in layout.outlets]
        self.arguments: tuple[Any, ...] = (
            self.x,
            table,
            sources,
            blocks,
            outlets,
            np.concatenate(prepared),
            np.zeros(1),
            self.limits,
            np.zeros((count, *shape)),
            np.zeros((count, *shape)),
            out,
            np.zeros((count, warnings), dtype=np.int64),
            np.zeros((count, warnings), dtype=np.int64),
            np.ones(count),
            np.zeros(shape[1]),
            np.zeros((2, *shape)),
            self.outlet_mass,
            self.result,
        )

    def run(self) -> Steps:
        env, mass, intake, limits, arguments = self.env, self.layout.lot, self.intake, self.limits, self.arguments
        while True:
            bunker = intake.choose()
            while bunker is None:
                intake.await_with(self.at_bunkers)
                yield self.at_bunkers.wait()
                intake.await_with(None)
                bunker = intake.choose()
            self.x[:] = bunker.draw(mass)
            for i, rate in self.rates:
                limits[i, lp.SECONDS] = rate.seconds(mass, env.now)
            status = evaluate(*arguments)
            if status != 0:
                raise RuntimeError(f"line {self.layout.name}: the evaluator returned {status}")
            yield env.timeout(nanoseconds(float(self.result[lp.TAU])))
            yield from deliver(self.at_outlets, self.loads())
            self.lots += 1

    def loads(self) -> list[tuple[Any, Floats, float]]:
        """What left by each outlet, and where to: copies, since bunkers keep what they are given."""
        return [(place, x.copy(), kg) for place, x, kg in zip(self.places, self.outlets, self.outlet_mass.tolist(), strict=True)]
