"""What happened, record step by record step, in a block of arrays that is handed on and reused.

Recording creates no events: units report intervals when they end, and intervals are cut at step ends by arithmetic. Between blocks the plant
asks every unit to *settle*, so that memory does not grow with the horizon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import FAR
from twin.engine.meter import Meter
from twin.engine.states import ALWAYS, BLOCKED, STARVED, STATES, WAITING
from twin.engine.unit import State

BLOCK_BYTES = 8_000_000
MOST_STEPS = 512

GATE_COUNTS = (
    "arrivals", "turned_away", "turned_away_mass", "queue", "unloading",
    "pickups", "short_pickups", "empty_pickups", "offspec_mass", "rejected_pickups", "limited_pickups", "penalty", "left",
    "judged_mass", "passed_offspec", "failed_onspec",
)  # fmt: skip
"""Columns of :attr:`Recorder.gates`; ``queue`` and ``unloading`` (of a product, loading) are in truck-seconds, ``penalty`` in EUR; those of
loads that are judged by samples in kg."""
RESOURCE_COUNTS = ("in_use", "available", "queue", "grants")
"""Columns of :attr:`Recorder.resources`: seconds of work, seconds that there were to work, seconds of waiting, each summed over all; and how often one was
granted."""

STEAM = ("made", "used", "exported", "blown off")
"""Columns of :attr:`Recorder.steam`, J."""


class Main(Protocol):
    """What supplies a carrier within the plant: it is told what is drawn of it; ``supplied`` J so far."""

    supplied: float

    def draw(self, now: int, until: int, heat: float) -> None:
        """A unit draws ``heat`` J evenly from ``now`` to ``until``, ns."""


class Wait(NamedTuple):
    """A unit that stands in ``state`` because of the unit or resource ``on``: full, empty, or taken."""

    unit: str
    state: int
    on: str

    @property
    def label(self) -> str:
        """As the file names it.

        >>> Wait("shredder", BLOCKED, "bay").label
        'shredder blocked by bay'
        """
        return f"{self.unit} {WAIT_WORDS[self.state]} {self.on}"


WAIT_WORDS = {BLOCKED: "blocked by", STARVED: "starved by", WAITING: "waiting for"}
"""The states that have a cause outside the unit, in words that stand before it."""


@dataclass(frozen=True)
class Axes:
    """Names along the axes of what is recorded."""

    components: tuple[str, ...]
    sizes: int
    streams: tuple[str, ...]
    lines: tuple[str, ...]
    machines: tuple[str, ...]
    bunkers: tuple[str, ...]
    gates: tuple[str, ...]
    resources: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    states: tuple[str, ...] = ALWAYS
    stops: tuple[tuple[str, str], ...] = ()
    """Machine and reason."""


@dataclass
class Happening:
    """Rows of the event table not yet written."""

    times: list[int] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    what: list[str] = field(default_factory=list)


class Recorder:
    """Sums over record steps of ``every`` ns within one block.

    Arrays, step first: ``mass`` (stream, component) and ``size`` (stream, size) kg; ``state`` (line, state) ns; ``starts`` (line,);
    ``load`` (in ``loads`` by step) and
    ``bottleneck`` (machine,) s; ``down`` and ``repair_wait``
    (machine,) ns, summed over copies; ``energy`` (machine,) J; ``level``, ``low``, ``high`` (bunker,) kg; ``gates`` (gate, count); ``resources`` (resource,
    count); ``use`` (process, carrier) and ``heat`` (process, level) J; ``waits`` (wait,) ns; ``stops`` and ``stopped`` (stop,): how many began, and ns down
    summed over copies, by reason. With ``streams`` off the flows inside lines are
    not added up. ``most_steps`` in a block. ``keeps_last``: whether the ``last`` step of a block that was handed on is kept for who observes. ``meter``:
    what money needs exactly, where it is needed.
    """

    def __init__(self, axes: Axes, every: int, horizon: int, streams: bool, most_steps: int = MOST_STEPS) -> None:
        self.axes, self.every, self.horizon, self.streams = axes, every, horizon, streams
        self.steps = -(-horizon // every)
        shapes = self._shapes()
        width = 8 * sum(int(np.prod(shape)) for shape in shapes.values())
        self.block = max(1, min(most_steps, BLOCK_BYTES // width, self.steps))
        self.first = 0
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, shape in shapes.items():
            whole = name in ("state", "starts", "down", "repair_wait", "waits", "stops", "stopped")
            self.arrays[name] = np.zeros((self.block, *shape), dtype=np.int64 if whole else np.float64)
        # rows by step, since a list index is cheaper than an array view on the hot path
        rows = {name: list(array) for name, array in self.arrays.items()}
        self.mass, self.size, self.state, self.loads = rows["mass"], rows["size"], rows["state"], rows["load"]
        self.starts = rows["starts"]
        self.bottleneck, self.down, self.energy, self.gates = rows["bottleneck"], rows["down"], rows["energy"], rows["gates"]
        self.repair_wait, self.resources = rows["repair_wait"], rows["resources"]
        counts: Any = self.arrays["resources"]
        self.resource_counts: Any = memoryview(counts)
        """``resources`` (step, resource, count) number by number, which is quicker than by its rows."""
        self.use, self.heat, self.waits = rows["use"], rows["heat"], rows["waits"]
        self.steam = rows["steam"]
        self.mains: dict[int, Main] = {}
        self.stops, self.stopped = rows["stops"], rows["stopped"]
        self.stop_rows: dict[tuple[str, str], int] = {stop: row for row, stop in enumerate(axes.stops)}
        self.wait_rows: dict[tuple[str, int, str], int] = {(wait.unit, wait.state, wait.on): row for row, wait in enumerate(axes.waits)}
        self.batches: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []
        self.bunker_rows: dict[str, int] = {name: row for row, name in enumerate(axes.bunkers)}
        self.happening = Happening()
        self.actions: list[dict[str, Any]] = []
        self.meter: Meter | None = None
        self.keeps_last = False
        self.last: dict[str, NDArray[Any]] = {}

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        axes = self.axes
        return {
            "mass": (len(axes.streams), len(axes.components)),
            "size": (len(axes.streams), axes.sizes),
            "state": (len(axes.lines), len(STATES)),
            "starts": (len(axes.lines),),
            "load": (len(axes.machines),),
            "bottleneck": (len(axes.machines),),
            "down": (len(axes.machines),),
            "repair_wait": (len(axes.machines),),
            "energy": (len(axes.machines),),
            "level": (len(axes.bunkers),),
            "low": (len(axes.bunkers),),
            "high": (len(axes.bunkers),),
            "gates": (len(axes.gates), len(GATE_COUNTS)),
            "resources": (len(axes.resources), len(RESOURCE_COUNTS)),
            "use": (len(axes.processes), len(axes.carriers)),
            "heat": (len(axes.processes), len(axes.levels)),
            "steam": (len(axes.processes), len(STEAM)),
            "waits": (len(axes.waits),),
            "stops": (len(axes.stops),),
            "stopped": (len(axes.stops),),
        }

    @property
    def block_end(self) -> int:
        """The end of the present block, ns."""
        return min((self.first + self.block) * self.every, self.horizon)

    def step(self, now: int) -> int:
        """The row of the step that contains ``now``; the horizon itself belongs to the last."""
        number, last = now // self.every, self.steps - 1
        return (number if number < last else last) - self.first

    def parts(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        """The same as :meth:`cut`, at once where one step holds all of it, as it nearly always does; ``begin`` is before ``end``."""
        number = begin // self.every
        if end <= (number + 1) * self.every:
            return ((number - self.first, end - begin),)
        return self.cut(begin, end)

    def cut(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut [begin, end) at step ends: (row, ns in it)."""
        every = self.every
        while begin < end:
            number = begin // every
            until = min((number + 1) * every, end)
            yield number - self.first, until - begin
            begin = until

    def waited(self, unit: str, state: int, on: str, begin: int, end: int) -> None:
        """``unit`` stood in ``state`` from ``begin`` to ``end``, ns, because of ``on``; states without a cause outside are passed over."""
        row = self.wait_rows.get((unit, state, on), -1)
        if row >= 0:
            for k, part in self.cut(begin, end):
                self.waits[k][row] += part

    def stop_began(self, now: int, row: int) -> None:
        """A stop of the reason in ``row`` began."""
        self.stops[self.step(now)][row] += 1

    def note(self, now: int, unit: str, what: str) -> None:
        """Add a row to the event table."""
        happening = self.happening
        happening.times.append(now)
        happening.units.append(unit)
        happening.what.append(what)

    def watch(self, bunker: Bunker) -> None:
        """Follow the level of a bunker from now (time 0) on."""
        bunker.close_steps = self.close_steps
        bunker.step_end = min(self.every, self.horizon)
        bunker.low = bunker.high = bunker.level

    def close_steps(self, bunker: Bunker, now: int) -> None:
        """Write the level at the end of each step that ended by ``now``, with its lowest and highest within the step."""
        row = self.bunker_rows[bunker.name]
        while bunker.step_end <= now:
            k = -(-bunker.step_end // self.every) - 1 - self.first
            for name, value in (("level", bunker.level), ("low", bunker.low), ("high", bunker.high)):
                self.arrays[name][k, row] = value
            bunker.low = bunker.high = bunker.level
            bunker.step_end = min(bunker.step_end + self.every, self.horizon) if bunker.step_end < self.horizon else FAR

    def take(self) -> dict[str, NDArray[Any]]:
        """Copies of the block's arrays, as many steps as it has; empties the block and moves to the next."""
        count = min(self.block, self.steps - self.first)
        block = {name: array[:count].copy() for name, array in self.arrays.items()}
        if self.keeps_last:
            self.last = {name: array[-1:].copy() for name, array in block.items()}
        for array in self.arrays.values():
            array[:] = 0
        self.first += count
        return block

    def take_events(self) -> Happening:
        """The rows of the event table since the last call."""
        happening, self.happening = self.happening, Happening()
        return happening

    def take_batches(self) -> list[dict[str, Any]]:
        """The rows of the batch table since the last call: a mapping of columns each."""
        batches, self.batches = self.batches, []
        return batches

    def take_actions(self) -> list[dict[str, Any]]:
        """The rows of the table of what policies set, since the last call."""
        actions, self.actions = self.actions, []
        return actions

    def take_samples(self) -> list[dict[str, Any]]:
        """The rows of the table of samples since the last call."""
        samples, self.samples = self.samples, []
        return samples

    def sums_at(self, now: int) -> tuple[dict[str, NDArray[Any]], int]:
        """Return the sums of the step that runs or just ends at ``now``, as arrays of one step, and the time (ns) of it that has passed.

        Units must have settled. A step that was handed on with its block is there only with ``keeps_last``.
        """
        number = max(0, -(-now // self.every) - 1)
        k = number - self.first
        sums = {name: array[k : k + 1] for name, array in self.arrays.items()} if k >= 0 else self.last
        return sums, now - number * self.every

    def open_step(self, now: int) -> State:
        """The sums of the step that runs or just ends at ``now`` and of the meter, as copies; all that ended before was recorded."""
        sums, _ = self.sums_at(now)
        return {
            "sums": {name: array.copy() for name, array in (sums or {name: np.zeros_like(array[:1]) for name, array in self.arrays.items()}).items()},
            "meter": self.meter.save() if self.meter is not None else None,
        }

    def go_on(self, now: int, until: int, state: State) -> None:
        """Record from ``now`` on, in the step that runs or just ends, with its sums so far; what was recorded up to ``until`` in other steps is forgotten."""
        used = max(1, min(self.block, until // self.every - self.first + 2))
        self.first = max(0, -(-now // self.every) - 1)
        for name, array in self.arrays.items():
            array[:used] = 0
            array[:1] = state["sums"][name]
        self.happening, self.batches, self.samples, self.actions, self.last = Happening(), [], [], [], {}
        if self.meter is not None:
            self.meter.load(state["meter"])

    def save(self) -> State:
        """The open block."""
        happening = self.happening
        return {
            "first": self.first,
            "arrays": {name: array.copy() for name, array in self.arrays.items()},
            "happening": [list(happening.times), list(happening.units), list(happening.what)],
            "batches": [dict(batch) for batch in self.batches],
            "samples": [dict(sample) for sample in self.samples],
            "actions": [dict(action) for action in self.actions],
            "last": {name: array.copy() for name, array in self.last.items()},
            **({"meter": self.meter.save()} if self.meter is not None else {}),
        }

    def load(self, state: State) -> None:
        """Take over a saved block."""
        self.first = state["first"]
        for name, array in self.arrays.items():
            array[:] = state["arrays"][name]
        self.happening = Happening(*(list(column) for column in state["happening"]))
        self.batches = [dict(batch) for batch in state["batches"]]
        self.samples = [dict(sample) for sample in state["samples"]]
        self.actions = [dict(action) for action in state["actions"]]
        self.last = {name: array.copy() for name, array in state["last"].items()}
        if self.meter is not None:
            self.meter.load(state["meter"])
