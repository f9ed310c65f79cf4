"""The machines of a line as the tables and buffers that the compiled evaluator works on."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.engine.unit import State
from twin.errors import KernelError, NetworkError
from twin.kernels import evaluator as ev
from twin.kernels import line_tables as lt
from twin.kernels.compile import SETTLE_SIGNATURE, SPLIT_SIGNATURE, Properties, Sizes, entry
from twin.kernels.heaps import mass_of_rows
from twin.kernels.machine_pass import address_of
from twin.materials.pieces import with_pieces
from twin.units.ground.components import Components
from twin.units.lines.machine import Machine
from twin.units.lines.sticking import Sticking
from twin.units.lines.varying_assays import VaryingAssays

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_OUTCOME = itemgetter(*((lt.RESULT.names or ()).index(name) for name in ("tau", "sweeps", "slowed")))
_outcome = entry(ev.outcome)
LOT = -1
"""Source of a machine that takes from the line's lot."""
LEAK = 1e-11
"""What rounding may do to a material in a machine, as a share of its feed: far less than what fails a run."""


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
    After :meth:`evaluate`: ``out`` (machine, port, material, size) kg, ``flows`` (machine,) records, ``outlet_mass`` (outlet,) kg, and of the lot
    ``duration`` (s), ``sweeps`` (how often its loops were closed) and ``slowed`` (1 where the loops do not settle in the time that the machines need, so that
    it takes longer; else 0). ``seconds`` and ``up`` (machine,) are to be set before: the fields of that name of ``flows``.
    """

    def __init__(self, name: str, machines: Sequence[Machine], wiring: Wiring, properties: Properties, sizes: Sizes, components: Components) -> None:
        self.name, self.machines, self.wiring = name, list(machines), wiring
        self._properties = properties if "piece_number" in properties else with_pieces(properties, sizes.lower, sizes.upper)
        self._sizes = sizes
        shape = (len(properties["density"]), len(sizes.mean))
        count = len(machines)
        kinds = max(1, *(len(machine.kernel.warnings) for machine in machines))
        self.table = np.zeros(count, dtype=lt.MACHINE)
        self.sources = np.array([source for row in wiring.sources for source in row], dtype=lt.STREAM)
        self.blocks = np.zeros(len(wiring.blocks), dtype=lt.BLOCK)
        self.outlets = np.array(list(wiring.outlets), dtype=lt.STREAM)
        self.flows = np.zeros(count, dtype=lt.FLOW)
        self.seconds, self.up, self.flow_ratio = self.flows["seconds"], self.flows["up"], self.flows["flow_ratio"]
        self.flow_ratio[:] = 1.0
        self.lot = np.zeros((components.rows, shape[1]))
        self.x = self.lot[: shape[0]]
        self._fill_table(shape[1])
        self._arrays = self._allocate(shape, kinds)
        self.inp, self.out, self.warned, self.outlet_mass, self.result = (self._arrays[name] for name in ("inp", "out", "warned", "outlet_mass", "result"))
        self._result = {name: self.result[name] for name in lt.RESULT.names or ()}
        self.duration, self.sweeps, self.slowed = 0.0, 0, 0
        self.outcome: tuple[int, int, float, int, int] | None = None
        self.outlet_views = [self.out[i, p] for i, p in wiring.outlets]
        self.varying_assays: VaryingAssays | None = None
        if components.rows > shape[0]:
            self.varying_assays = VaryingAssays(self, components)
            self.outlet_views = list(self.varying_assays.parts)
        self.sticking = Sticking.of(self._properties, components)
        self.constituents: dict[int, Floats] = {}
        self._coefficients: list[Floats] = [np.zeros(0)] * count
        self._parameters: list[Floats] = [np.zeros(0)] * count
        self._spreads: list[Floats] = [np.zeros(0)] * count
        self._prepared: list[dict[str, Any]] = [{}] * count
        for i in range(count):
            self._prepare(i)
        self._pack()

    def _allocate(self, shape: tuple[int, int], kinds: int) -> dict[str, NDArray[Any]]:
        """The arrays of the evaluator's line, for matrices of ``shape`` and so many kinds of warnings."""
        count = len(self.machines)
        ports = max(len(machine.ports) for machine in self.machines)
        settings = int(self.table["settings_end"][-1]) + 1
        tears = max(1, *self.blocks["tears"].tolist())
        shapes: dict[str, tuple[int, ...]] = {
            "inp": (count, *shape), "at": (count, *shape), "out": (count, ports, *shape), "shares": (count, ports, *shape),
            "fallen": (count, shape[1], shape[0]), "settings": (settings,), "found": (settings,), "split_at": (settings,), "outlet_mass": (len(self.outlets),),
            "given": (count, *shape), "ahead": (count, *shape), "per_tear": (count, tears, *shape), "back": (tears, tears, *shape),
            "inside": (tears, *shape), "rows": (4, shape[1], shape[0]), "inverse": (settings, settings), "gaps": (6, settings), "series": (2, *shape),
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {name: np.zeros(dimensions) for name, dimensions in shapes.items()}
        for name in ("warn", "warned"):
            arrays[name] = np.zeros((count, kinds), dtype=np.int64)
        arrays |= {
            "lot": self.lot,
            "x": self.x,
            "machines": self.table,
            "sources": self.sources,
            "blocks": self.blocks,
            "flows": self.flows,
            "outlets": self.outlets,
        }
        return {**arrays, "result": np.zeros(1, dtype=lt.RESULT)}

    def _fill_table(self, classes: int) -> None:
        at, settings = 0, 0
        for i, machine in enumerate(self.machines):
            row, kernel = self.table[i], machine.kernel
            if kernel.response is None:
                row["apply"] = address_of(kernel.apply)
            else:
                row["settle"] = address_of(kernel.response.settle, SETTLE_SIGNATURE)
                row["split"] = address_of(kernel.response.split, SPLIT_SIGNATURE)
                row["structure"] = lt.BY_SIZE if kernel.response.spread else lt.BY_MATERIAL if kernel.response.pour else lt.BY_CELL
                row["settings"] = settings
                settings += kernel.response.count(classes)
            row["settings_end"] = settings
            row["sources"], row["sources_end"] = at, at + len(self.wiring.sources[i])
            at += len(self.wiring.sources[i])
            row["ports"], row["warnings"] = len(machine.ports), len(kernel.warnings)
            row["bypass"], row["tear"] = machine.bypass_port, -1
            self.up[i] = machine.count
        for block, (first, end, loop) in zip(self.blocks, self.wiring.blocks, strict=True):
            block["first"], block["end"], block["loop"] = first, end, loop
            for i in range(first, end):
                if loop and (self.table[i]["structure"] > lt.BY_CELL or any(i <= source < end for source, _ in self.wiring.sources[i])):
                    self.table[i]["tear"] = block["tears"]
                    block["tears"] += 1
            structures = self.table["structure"][first:end].tolist()
            alone = block["tears"] == 1 and structures[0] == lt.BY_MATERIAL  # one that lets pieces take given sizes is solved for where it is the one tear
            block["solvable"] = lt.AS_A_WHOLE not in structures and (alone or lt.BY_MATERIAL not in structures)

    def _prepare(self, i: int) -> None:
        """Compute what the kernel of a machine works with. Raises :class:`~twin.errors.KernelError`, which names the machine."""
        machine = self.machines[i]
        kernel, response = machine.kernel, machine.kernel.response
        self._prepared[i] = dict(machine.values)
        missing = [name for name in kernel.parameters if name not in machine.values]
        if missing:
            raise KernelError(f"{machine.name}: its kernel names the parameter {missing[0]!r}, which it does not have; it has {_shown(machine)}")
        try:
            prepared = kernel.prepare(machine.values, self._properties, self._sizes)
            self._coefficients[i] = np.ascontiguousarray(prepared, dtype=np.float64).ravel()
            self._parameters[i] = np.array([float(machine.values[name]) for name in kernel.parameters])
            if response is not None and response.spread is not None:
                self._spreads[i] = response.spread(self._coefficients[i], *self.x.shape).flat(self.x.shape[0])
            if response is not None and response.pour is not None:
                self._spreads[i] = np.ascontiguousarray(response.pour(self._coefficients[i], *self.x.shape)).ravel()
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - parameters far from any machine, or a wrong kernel of others: no traceback says which machine it is
            raise KernelError(f"{machine.name}: its coefficients cannot be computed ({_cause(error)}); check its parameters {_shown(machine)}") from None
        if not np.isfinite(self._coefficients[i]).all():
            raise KernelError(f"{machine.name}: its coefficients are not finite; check its parameters {_shown(machine)}")

    def numbers_of(self, machine: Machine) -> tuple[Floats, Floats, tuple[int, int]]:
        """Coefficients and parameters of a machine as they are now, and how many materials and size classes there are."""
        i = self.machines.index(machine)
        return self._coefficients[i], self._parameters[i], (self.x.shape[0], self.x.shape[1])

    def leak(self) -> tuple[Machine, float, float] | None:
        """The first machine that makes or loses mass of the present lot, with what it takes in and gives off, kg; None where none does.

        Material by material, but in all where composites come apart.
        """
        for i, machine in enumerate(self.machines):
            taken, given = self.inp[i].sum(axis=1), self.out[i, : len(machine.ports)].sum(axis=(0, 2))
            total = float(taken.sum()), float(given.sum())
            if "constituents" in machine.values:
                taken, given = np.array(total[:1]), np.array(total[1:])
            if total[0] > 0.0 and not bool((np.abs(taken - given) <= LEAK * taken).all()):
                return machine, *total
        return None

    def _pack(self) -> None:
        tables = [np.asarray(machine.values["constituents"]) for machine in self.machines if "constituents" in machine.values]
        self.constituents = {m: row for table in tables for m, row in enumerate(table) if row.any()}
        bounds = np.cumsum([0, *(len(part) for parts in zip(self._coefficients, self._parameters, self._spreads, strict=True) for part in parts)])
        self.table["coefficients"], self.table["parameters"], self.table["spread"] = bounds[0:-1:3], bounds[1:-1:3], bounds[2:-1:3]
        self.table["coefficients_end"], self.table["parameters_end"] = bounds[1:-1:3], bounds[2:-1:3]
        self.table["stale"] = 1
        parts = [part for parts in zip(self._coefficients, self._parameters, self._spreads, strict=True) for part in parts]
        self._arrays["numbers"] = np.concatenate([*parts, np.zeros(1)])
        self.line = self.probe = lt.Line(**self._arrays)
        if self.blocks["loop"].any():  # once more, with buffers of its own for all but the lot
            self.probe = self.bundle(**{name: array.copy() for name, array in self._arrays.items() if name not in ("lot", "x")})

    def bundle(self, **own: NDArray[Any]) -> lt.Line:
        """The line for the evaluator, with some arrays of the caller's ``own``, by name."""
        return lt.Line(**{**self._arrays, **own})

    def changed(self, machine: Machine) -> None:
        """A parameter of the machine changed: prepare it anew."""
        self._prepare(self.machines.index(machine))
        self._pack()

    def evaluate(self, lot: int, mass: float, now: int) -> None:
        """Take the lot in ``x`` through the line, unless it was as it was drawn (``outcome``).

        ``lot`` (its number), ``mass`` (kg) and ``now`` (ns) are for the error if that fails.
        """
        taken, self.outcome = self.outcome, None
        if taken is None:
            status, self.duration, self.sweeps, self.slowed = _outcome(self.line, self.probe)
        else:
            _, status, self.duration, self.sweeps, self.slowed = taken
        if status == lt.IN_DOUBT:
            status = ev.search(self.line)
            self._read()
        if status != 0:
            self._explain(status, f"lot {lot} of {mass:g} kg at {now / NANOSECONDS:.6g} s")
        if self.varying_assays is not None:
            status = self.varying_assays.follow()
            if status != 0:
                self._explain(status, f"contents of lot {lot} of {mass:g} kg at {now / NANOSECONDS:.6g} s")
        if self.sticking is not None:
            self._spread(self.sticking)

    def _spread(self, sticking: Sticking) -> None:
        """Moisture and dirt go where the surfaces go; what the ports of outlets are recorded with follows."""
        sticking.spread(self.outlet_views, self.outlet_mass)
        if self.varying_assays is None:
            return
        for (machine, port), part in zip(self.wiring.outlets, self.varying_assays.parts, strict=True):
            self.out[machine, port] = part[: len(self.x)]
            begin = self.varying_assays.components.content
            self.varying_assays.flows[machine, port] = part[begin : begin + self.varying_assays.flows.shape[2]].sum(axis=1)

    def passes_unseparated(self, outlet: int) -> None:
        """What lies in ``x`` leaves by one of the outlets as it is, as when a line is flushed; nothing is worked on."""
        machine, port = self.wiring.outlets[outlet]
        for name in ("inp", "out", "outlet_mass"):
            self._arrays[name][:] = 0.0
        self.flow_ratio[:] = 0.0
        self.out[machine, port] = self.x
        self.outlet_mass[outlet] = float(self.lot.sum())
        for field in self._result.values():
            field[:] = 0
        self._read()
        if self.varying_assays is not None:
            self.varying_assays.pass_unseparated(outlet)

    def _read(self) -> None:
        """Take over what Python needs of the result, at once."""
        self.duration, self.sweeps, self.slowed = _OUTCOME(self.result.item())

    def through(self, machine: Machine, materials: NDArray[np.int64]) -> float:
        """Mass of some materials, by place, that the evaluated lot takes through a machine, recycle included, kg."""
        return float(mass_of_rows(self.inp, self.machines.index(machine), materials))

    def _explain(self, status: int, which: str) -> None:
        machine = self.machines[int(self._result["culprit"][0])]
        where = f"line {self.name!r}, machine {machine.name!r}, {which}"
        if status == lt.NOT_CONVERGED:
            passes, tau = int(self._result["passes"][0]), float(self._result["tau"][0])
            raise NetworkError(
                f"{where}: rate and splits did not converge in {passes} passes (the last at {tau:.6g} s a lot). "
                "More comes back than the loop lets go: send less back, split sharper or run the recycle through a bunker"
            )
        if status == lt.NOT_FINITE:
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
    def in_doubt(self) -> bool:
        """Whether the loops flooded or could settle in two ways, so that the duration was searched for from empty loops."""
        return bool(self._result["doubt"][0])

    @property
    def searched(self) -> bool:
        """Whether the duration was searched for, since the loops could not be solved."""
        return bool(self._result["searched"][0])

    def save(self) -> State:
        """What the present lot and the tallies need; tables follow from the machines."""
        arrays = {name: getattr(self, name).copy() for name in ("out", "flow_ratio", "seconds", "up", "warned", "outlet_mass")}
        result = np.array([float(field[0]) for field in self._result.values()])
        return {"x": self.lot.copy(), "varying_assays": self.varying_assays.save() if self.varying_assays is not None else None, "result": result, **arrays}

    def load(self, state: State) -> None:
        """Take over a saved network (its machines are loaded before)."""
        self.lot[:] = state["x"]
        if self.varying_assays is not None:
            self.varying_assays.load(state["varying_assays"])
        for name in ("out", "flow_ratio", "seconds", "up", "warned", "outlet_mass"):
            getattr(self, name)[:] = state[name]
        for field, value in zip(self._result.values(), state["result"].tolist(), strict=True):
            field[0] = value
        self._read()
        changed = [i for i, machine in enumerate(self.machines) if not _equal(self._prepared[i], machine.values)]
        for i in changed:
            self._prepare(i)
        if changed:
            self._pack()


def _equal(prepared: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a machine's parameters are those that it was prepared with."""
    return prepared.keys() == values.keys() and all(value is prepared[name] or np.array_equal(value, prepared[name]) for name, value in values.items())


def _shown(machine: Machine) -> str:
    """The numbers among a machine's parameters, in SI."""
    return ", ".join(f"{name} = {value:g}" for name, value in machine.values.items() if isinstance(value, (int, float)))


def _cause(error: Exception) -> str:
    """An exception in one line; what is no matter of numbers with its type and its place in the kernel."""
    words = " ".join(str(error).split())
    if isinstance(error, (ArithmeticError, ValueError)):  # a power that overflows, a root of less than 0
        return words
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {words}" + ("" if place.filename == __file__ else f", at {Path(place.filename).name}:{place.lineno}")
