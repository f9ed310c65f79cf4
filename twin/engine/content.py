"""What lies in a bunker or on a conveyor: a queue of lots (``fifo``) or one perfectly mixed heap (``mixed``)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.arena import Arena
from twin.engine.genealogy import Genealogy
from twin.engine.unit import State
from twin.kernels import heaps
from twin.kernels.compile import entry
from twin.kernels.lots import take_lot

Floats = NDArray[np.float64]
FIRST_SLOTS = 16
SPARE = 4
"""A queue that has so many times as many slots as lots gives half of them back, and so on."""
_take_lot = entry(take_lot)


class Through(Protocol):
    """A line that takes a lot in one go with drawing it: ``line`` and ``probe`` of the evaluator, with their buffers.

    ``outcome``: what :func:`twin.kernels.lots.take_lot` returned for the lot in them, until somebody asks for it; None where none was taken so.
    """

    line: Any
    probe: Any
    outcome: tuple[int, int, float, int, int] | None


class Content(Protocol):
    """How a content takes and gives lots. ``lot`` is a genealogy number, 0 where none is kept."""

    level: float

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Add ``share`` of the matrix ``x``, ``amount`` kg."""

    def draw(self, amount: float, out: Floats, lot: int, through: Through | None = None) -> None:
        """Take ``amount`` kg (all that there is, within rounding) into ``out``; ``lot`` becomes a child of what was taken.

        ``through``: the line whose lot ``out`` is, which may take it at once.
        """

    def peek(self, amount: float, out: Floats) -> None:
        """Write into ``out`` what a draw would take, taking nothing."""

    def scale(self, factor: float) -> None:
        """There is ``factor`` times as much of all that lies here."""

    def weigh(self, out: Floats) -> None:
        """Add what lies here to ``out`` (material,), kg."""

    def give_back(self) -> None:
        """Leave room that is not needed any more to others."""

    def save(self) -> State:
        """As plain data and arrays."""

    def load(self, state: State) -> None:
        """Take over a saved content."""


class Queue:
    """Lots in order of arrival; a draw may take several and split the last. It lies in an ``arena``, by default in one of its own."""

    def __init__(self, shape: tuple[int, int], genealogy: Genealogy | None = None, unit: str = "", arena: Arena | None = None) -> None:
        self.level = 0.0
        self.genealogy = genealogy
        self.arena = arena if arena is not None else Arena(shape)
        self.place = self.arena.add(FIRST_SLOTS, traced=genealogy is not None)
        self.lots = np.zeros(FIRST_SLOTS, dtype=np.int64)
        self._handle = self.arena.handle

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        slot = self.arena.put(self.place, x, share, amount)
        if slot < 0:
            slot = self.store(x, share, amount)
        self.level += amount
        if self.genealogy is not None:
            self.lots[slot] = lot

    def store(self, x: Floats, share: float, amount: float) -> int:
        """Lay ``share`` of ``x``, ``amount`` kg, behind all lots; the level is the caller's affair. Returns its slot."""
        slot = self.arena.put(self.place, x, share, amount)
        if slot < 0:
            self._resize(2 * self.arena.slots(self.place))
            slot = self.arena.put(self.place, x, share, amount)
        return slot

    def give_back(self) -> None:
        count, held = len(self.arena.order(self.place)), self.arena.slots(self.place)
        slots = held
        while slots > FIRST_SLOTS and slots >= SPARE * count:
            slots //= 2
        if slots < held:
            self._resize(slots)

    def _resize(self, slots: int) -> None:
        lots = np.zeros(slots, dtype=np.int64)
        order = self.arena.order(self.place)
        lots[: len(order)] = self.lots[order]
        self.lots = lots
        self.arena.move(self.place, slots)

    @property
    def oldest(self) -> float:
        """Mass of the lot that came first, kg."""
        return float(self.arena.lots(self.place)[1][0])

    def draw(self, amount: float, out: Floats, lot: int, through: Through | None = None) -> None:
        if self.genealogy is not None:
            left = self.arena.draw(self.place, amount, 0.0, out, heaps.TRACE)
            for slot, rows in self.arena.traced():
                self.genealogy.edge(lot, int(self.lots[slot]), rows)
        elif through is None:
            left = self.arena.draw(self.place, amount, 0.0, out, heaps.TAKE)
        else:
            through.outcome = outcome = _take_lot(through.line, through.probe, self._handle, self.place, amount, 0.0)
            left = outcome[0]
        self.level = self.level - amount if left else 0.0

    def peek(self, amount: float, out: Floats) -> None:
        self.arena.draw(self.place, amount, 0.0, out, heaps.PEEK)

    def scale(self, factor: float) -> None:
        self.arena.scale(self.place, factor)
        self.level = float(self.arena.lots(self.place)[1].sum())

    def weigh(self, out: Floats) -> None:
        for x in self.arena.lots(self.place)[0]:
            heaps.add_materials(out, x, 1.0)

    def save(self) -> State:
        data, mass = self.arena.lots(self.place)
        return {"level": self.level, "data": data, "mass": mass, "lots": self.lots[self.arena.order(self.place)]}

    def load(self, state: State) -> None:
        count, slots = len(state["mass"]), self.arena.slots(self.place)
        while slots < count:
            slots *= 2
        if slots > len(self.lots):
            self.lots = np.zeros(slots, dtype=np.int64)
        self.lots[:count] = state["lots"]
        self.arena.fill(self.place, slots, state["data"], state["mass"])
        self.level = state["level"]


class Heap:
    """One perfectly mixed heap: every draw has the composition of the whole at that moment. It lies in an ``arena``, by default in one of its own."""

    def __init__(self, shape: tuple[int, int], genealogy: Genealogy | None = None, unit: str = "", arena: Arena | None = None) -> None:
        self.level = 0.0
        self.arena = arena if arena is not None else Arena(shape)
        self.place = self.arena.add(1, mixed=True)
        self.genealogy = genealogy
        self.unit = unit
        self.lot = 0
        self._materials = np.zeros(shape[0])
        self._handle = self.arena.handle

    @property
    def heap(self) -> Floats:
        """What lies there (component, size), kg."""
        return self.arena.heap(self.place)

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        if self.genealogy is not None:
            self._mix(x, share, lot, now)
        self.arena.put(self.place, x, share, amount)
        self.level += amount

    def store(self, x: Floats, share: float, amount: float) -> int:
        """Mix ``share`` of ``x``, ``amount`` kg, in; the level is the caller's affair."""
        return self.arena.put(self.place, x, share, amount)

    def _mix(self, x: Floats, share: float, lot: int, now: int) -> None:
        """The heap becomes a new lot, child of the old heap and of what is put on it."""
        assert self.genealogy is not None
        mixed = self.genealogy.new(self.unit, now)
        if self.lot and self.level > 0.0:
            self._materials[:] = 0.0
            heaps.add_materials(self._materials, self.heap, 1.0)
            self.genealogy.edge(mixed, self.lot, self._materials)
        self._materials[:] = 0.0
        heaps.add_materials(self._materials, x, share)
        self.genealogy.edge(mixed, lot, self._materials)
        self.lot = mixed

    def draw(self, amount: float, out: Floats, lot: int, through: Through | None = None) -> None:
        if through is not None and self.genealogy is None:
            through.outcome = _take_lot(through.line, through.probe, self._handle, self.place, amount, amount / self.level)
        else:
            self.arena.draw(self.place, amount, amount / self.level, out, heaps.TAKE)
        if self.genealogy is not None:
            self._materials[:] = 0.0
            heaps.add_materials(self._materials, out, 1.0)
            self.genealogy.edge(lot, self.lot, self._materials)
        left = self.level - amount
        self.level = left if left > heaps.WHOLE * self.level else 0.0

    def peek(self, amount: float, out: Floats) -> None:
        self.arena.draw(self.place, amount, amount / self.level, out, heaps.PEEK)

    def give_back(self) -> None:
        pass

    def scale(self, factor: float) -> None:
        self.arena.scale(self.place, factor)
        self.level *= factor

    def weigh(self, out: Floats) -> None:
        heaps.add_materials(out, self.heap, 1.0)

    def save(self) -> State:
        return {"level": self.level, "heap": self.heap.copy(), "lot": self.lot}

    def load(self, state: State) -> None:
        self.level, self.lot = state["level"], state["lot"]
        self.heap[:] = state["heap"]
