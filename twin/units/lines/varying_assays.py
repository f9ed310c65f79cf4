"""What rides on the materials of a lot through a line: the elements of materials whose assay varies by delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.kernels import evaluator as ev
from twin.units.ground.components import Components

if TYPE_CHECKING:
    from twin.units.lines.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class VaryingAssays:
    """Follows the content rows of a lot. ``parts`` (outlet, component, size): what leaves at each outlet, materials included.

    Contents of different materials go in one pass: a pass has one content of each material at most. Melts and their heat never enter a line.
    """

    def __init__(self, network: Network, components: Components) -> None:
        self.network, self.components = network, components
        shape = network.x.shape
        self.parts = np.zeros((len(network.wiring.outlets), components.rows, shape[1]))
        self.passes: list[list[tuple[int, int]]] = []  # of (material, row)
        seen: dict[int, int] = {}
        for row, (material, _) in enumerate(components.contents, start=components.content):
            level = seen[material] = seen.get(material, -1) + 1
            if level == len(self.passes):
                self.passes.append([])
            self.passes[level].append((material, row))
        self.flows = np.zeros((*network.out.shape[:2], len(components.contents)))
        self._x, self._inp, self._out = np.zeros(shape), np.zeros_like(network.inp), np.zeros_like(network.out)

    def follow(self) -> int:
        """After the lot was evaluated; returns a status of the evaluator."""
        network, first = self.network, self.components.content
        for k, (i, p) in enumerate(network.wiring.outlets):
            self.parts[k, : self.components.solid] = network.out[i, p]
        line = network.bundle(x=self._x, inp=self._inp, out=self._out)
        for members in self.passes:
            self._x[:] = 0.0
            for material, row in members:
                self._x[material] = network.lot[row]
            status = ev.follow(line)
            if status != 0:
                return int(status)
            for material, row in members:
                self.flows[:, :, row - first] = self._out[:, :, material].sum(axis=2)
                for k, (i, p) in enumerate(network.wiring.outlets):
                    self.parts[k, row] = self._out[i, p, material]
        return 0

    def pass_unseparated(self, outlet: int) -> None:
        """The lot leaves by one outlet as it is."""
        machine, port = self.network.wiring.outlets[outlet]
        self.parts[:] = self.flows[:] = 0.0
        self.parts[outlet] = self.network.lot
        begin = self.components.content
        self.flows[machine, port] = self.network.lot[begin : begin + self.flows.shape[2]].sum(axis=1)

    def record(self, mass: Floats, share: float, streams: Ints, intake_rows: Ints, weights: Floats) -> None:
        """Add ``share`` of the contents to the rows of the recorder's ``mass`` (stream, component)."""
        begin = self.components.content
        end = begin + len(self.components.contents)
        for machine, port, row in streams.tolist():
            mass[row, begin:end] += share * self.flows[machine, port]
        drawn = self.network.lot[begin:end].sum(axis=1)
        for row, weight in zip(intake_rows.tolist(), weights.tolist(), strict=True):
            mass[row, begin:end] += share * weight * drawn

    def save(self) -> State:
        """What the present lot needs."""
        return {"parts": self.parts.copy(), "flows": self.flows.copy()}

    def load(self, state: State) -> None:
        """Take over a saved lot."""
        self.parts[:], self.flows[:] = state["parts"], state["flows"]
