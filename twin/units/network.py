"""The machines of a line as the tables and buffers that the compiled evaluator works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.unit import State
from twin.errors import KernelError, NetworkError
from twin.kernels import evaluator as ev
from twin.kernels import line_pass as lp
from twin.kernels.compile import Properties, Sizes
from twin.units.components import Components
from twin.units.machine import Machine
from twin.units.riders import Riders

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LOT = -1
"""Source of a machine that takes from the line's lot."""


@dataclass(frozen=True)
class Wiring:
    """How the machines of a line hang together; numbers are positions in ``machines``, which stand in order of evaluation.

    ``sources[i]``: where machine i takes from, (machine or :data:`LOT`, port). ``blocks``: (first, last + 1, whether it is a recycle loop).
    ``outlets``: (machine, port) of the
    ports that leave the line, in declared order.
    """

    sources: tuple[tuple[tuple[int, int], ...], ...]
    blocks: tuple[tuple[int, int, bool], ...]
    outlets: tuple[tuple[int, int], ...]


class Network:
    """Evaluates the lot in ``lot`` (component, size); ``x`` are its materials.

    ``constituents``: what composites come apart into on this line, by place; kg of each material for a kg.
    After :meth:`evaluate`: ``out`` (machine, port, material, size) kg, ``phi`` (machine,), ``outlet_mass`` (outlet,) kg, and the properties below.
    """

    def __init__(self, name: str, machines: Sequence[Machine], wiring: Wiring, properties: Properties, sizes: Sizes, components: Components) -> None:
        self.name, self.machines, self.wiring = name, list(machines), wiring
        self._properties, self._sizes = properties, sizes
        shape = (len(properties["density"]), len(sizes.mean))
        count = len(machines)
        ports = max(len(machine.ports) for machine in machines)
        kinds = max(1, *(len(machine.kernel.warnings) for machine in machines))
        self.table = np.zeros((count, 10), dtype=np.int64)
        self.sources = np.array([source for row in wiring.sources for source in row], dtype=np.int64).reshape(-1, 2)
        self.blocks = np.array(wiring.blocks, dtype=np.int64).reshape(-1, 3)
        self.outlets = np.array(wiring.outlets, dtype=np.int64).reshape(-1, 2)
        self.limits = np.zeros((count, 2))
        self.lot = np.zeros((components.rows, shape[1]))
        self.x = self.lot[: shape[0]]
        self.inp, self.at = np.zeros((count, *shape)), np.zeros((count, *shape))
        self.out = np.zeros((count, ports, *shape))
        self.warn, self.warned = np.zeros((count, kinds), dtype=np.int64), np.zeros((count, kinds), dtype=np.int64)
        self.phi, self.lanes, self.series = np.ones(count), np.zeros(shape[1]), np.zeros((2, *shape))
        self.outlet_mass = np.zeros(len(wiring.outlets))
        self.result = np.zeros(lp.RESULTS)
        self.outlet_views = [self.out[i, p] for i, p in wiring.outlets]
        self.riders: Riders | None = None
        if components.rows > shape[0]:
            self.riders = Riders(self, components)
            self.outlet_views = list(self.riders.parts)
        self._fill_table()
        self.constituents: dict[int, Floats] = {}
        self._coefficients: list[Floats] = [np.zeros(0)] * count
        self._parameters: list[Floats] = [np.zeros(0)] * count
        for i in range(count):
            self._prepare(i)
        self._pack()

    def _fill_table(self) -> None:
        at = 0
        for i, machine in enumerate(self.machines):
            row = self.table[i]
            row[lp.ADDRESS] = lp.address_of(machine.kernel.apply)
            row[lp.SOURCES], row[lp.SOURCES_END] = at, at + len(self.wiring.sources[i])
            at = int(row[lp.SOURCES_END])
            row[lp.PORTS], row[lp.WARNINGS] = len(machine.ports), len(machine.kernel.warnings)
            row[lp.BYPASS] = machine.bypass_port
            self.limits[i, lp.UP] = machine.count

    def _prepare(self, i: int) -> None:
        machine = self.machines[i]
        try:
            prepared = machine.kernel.prepare(machine.values, self._properties, self._sizes)
        except (ArithmeticError, ValueError) as error:  # a power that overflows, a root of less than 0: parameters far from any machine
            raise KernelError(f"{machine.name}: its coefficients cannot be computed ({error}); check its parameters {_shown(machine)}") from None
        self._coefficients[i] = np.ascontiguousarray(prepared, dtype=np.float64).ravel()
        self._parameters[i] = np.array([float(machine.values[name]) for name in machine.kernel.parameters])
        if not np.isfinite(self._coefficients[i]).all():
            raise KernelError(f"{machine.name}: its coefficients are not finite; check its parameters {_shown(machine)}")

    def _pack(self) -> None:
        tables = [np.asarray(machine.values["constituents"]) for machine in self.machines if "constituents" in machine.values]
        self.constituents = {m: row for table in tables for m, row in enumerate(table) if row.any()}
        for parts, begin, end in (
            (self._coefficients, lp.COEFFICIENTS, lp.COEFFICIENTS_END),
            (self._parameters, lp.PARAMETERS, lp.PARAMETERS_END),
        ):
            bounds = np.concatenate(([0], np.cumsum([len(part) for part in parts])))
            self.table[:, begin], self.table[:, end] = bounds[:-1], bounds[1:]
        self.coefficients = np.concatenate([*self._coefficients, np.zeros(1)])
        self.parameters = np.concatenate([*self._parameters, np.zeros(1)])

    def changed(self, machine: Machine) -> None:
        """A parameter of the machine changed: prepare it anew."""
        self._prepare(self.machines.index(machine))
        self._pack()

    def evaluate(self, lot: int, mass: float, now: int) -> None:
        """Take the lot in ``x`` through the line; ``lot`` (its number), ``mass`` (kg) and ``now`` (ns) are for the error if that fails."""
        status = ev.evaluate(
            self.x, self.table, self.sources, self.blocks, self.outlets, self.coefficients, self.parameters, self.limits,
            self.inp, self.at, self.out, self.warn, self.warned, self.phi, self.lanes, self.series, self.outlet_mass, self.result,
        )  # fmt: skip
        if status != 0:
            self._explain(status, f"lot {lot} of {mass:g} kg at {now / NANOSECONDS:.6g} s")
        if self.riders is not None:
            status = self.riders.follow()
            if status != 0:
                self._explain(status, f"contents of lot {lot} of {mass:g} kg at {now / NANOSECONDS:.6g} s")

    def through(self, machine: Machine, materials: Sequence[int]) -> float:
        """Mass of some materials that the evaluated lot takes through a machine, recycle included, kg."""
        inp = self.inp[self.machines.index(machine)]
        return sum(sum(inp[m].tolist()) for m in materials)

    def _explain(self, status: int, which: str) -> None:
        machine = self.machines[int(self.result[lp.CULPRIT])]
        where = f"line {self.name!r}, machine {machine.name!r}, {which}"
        if status == lp.NOT_CONVERGED:
            raise NetworkError(
                f"{where}: rate and splits did not converge in {int(self.result[lp.PASSES])} passes (the last at {self.result[lp.TAU]:.6g} s a lot). "
                "More comes back than the loop lets go: send less back, split sharper or run the recycle through a bunker"
            )
        if status == lp.NOT_FINITE:
            raise KernelError(f"{where}: a stream is not finite at port {self._bad_port()}")
        reasons = machine.kernel.statuses
        reason = reasons[status - 1] if 0 < status <= len(reasons) else f"status {status}"
        raise KernelError(f"{where}: {reason}")

    def _bad_port(self) -> str:
        for i, machine in enumerate(self.machines):
            for p, port in enumerate(machine.ports):
                if not np.isfinite(self.out[i, p]).all():
                    return f"{machine.name}.{port}"
        return "(none)"

    @property
    def seconds(self) -> float:
        """Duration of the lot, s."""
        return float(self.result[lp.TAU])

    @property
    def bottleneck(self) -> int:
        """The machine that limited the lot."""
        return int(self.result[lp.BOTTLENECK])

    @property
    def sweeps(self) -> int:
        """Sweeps through recycle loops for the lot."""
        return int(self.result[lp.SWEEPS])

    @property
    def slowed(self) -> int:
        """1 where the loops do not settle in the time that the machines need, so that the lot takes longer; else 0."""
        return int(self.result[lp.SLOWED])

    @property
    def in_doubt(self) -> bool:
        """Whether the loops flooded or could settle in two ways, so that the duration was searched for from empty loops."""
        return bool(self.result[lp.DOUBT])

    def save(self) -> State:
        """What the present lot and the tallies need; tables follow from the machines."""
        return {
            "x": self.lot.copy(), "out": self.out.copy(), "phi": self.phi.copy(), "limits": self.limits.copy(), "warned": self.warned.copy(),
            "riders": self.riders.save() if self.riders is not None else None, "outlet_mass": self.outlet_mass.copy(), "result": self.result.copy(),
        }  # fmt: skip

    def load(self, state: State) -> None:
        """Take over a saved network (its machines are loaded before)."""
        self.lot[:] = state["x"]
        if self.riders is not None:
            self.riders.load(state["riders"])
        for name in ("out", "phi", "limits", "warned", "outlet_mass", "result"):
            getattr(self, name)[:] = state[name]
        for i in range(len(self.machines)):
            self._prepare(i)
        self._pack()


def _shown(machine: Machine) -> str:
    """The numbers among a machine's parameters, in SI."""
    return ", ".join(f"{name} = {value:g}" for name, value in machine.values.items() if isinstance(value, (int, float)))
