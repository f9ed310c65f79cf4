"""What lies in a bunker or on a conveyor: a queue of lots (``fifo``) or one perfectly mixed heap (``mixed``)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.genealogy import Genealogy
from twin.engine.unit import State
from twin.kernels import heaps
from twin.kernels.compile import entry

Floats = NDArray[np.float64]
FIRST_SLOTS = 16
NO_SLOTS = np.empty(0, dtype=np.int64)
NO_MATERIALS = np.empty((0, 0))
_queue_put, _queue_draw = entry(heaps.queue_put), entry(heaps.queue_draw)
_heap_put, _heap_draw = entry(heaps.heap_put), entry(heaps.heap_draw)


class Content(Protocol):
    """How a content takes and gives lots. ``lot`` is a genealogy number, 0 where none is kept."""

    level: float

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Add ``share`` of the matrix ``x``, ``amount`` kg."""

    def draw(self, amount: float, out: Floats, lot: int) -> None:
        """Take ``amount`` kg (all that there is, within rounding) into ``out``; ``lot`` becomes a child of what was taken."""

    def peek(self, amount: float, out: Floats) -> None:
        """Write into ``out`` what a draw would take, taking nothing."""

    def scale(self, factor: float) -> None:
        """There is ``factor`` times as much of all that lies here."""

    def weigh(self, out: Floats) -> None:
        """Add what lies here to ``out`` (material,), kg."""

    def save(self) -> State:
        """As plain data and arrays."""

    def load(self, state: State) -> None:
        """Take over a saved content."""


class Queue:
    """Lots in order of arrival; a draw may take several and split the last."""

    def __init__(self, shape: tuple[int, int], genealogy: Genealogy | None = None, unit: str = "") -> None:
        self.shape = shape
        self.level = 0.0
        self.genealogy = genealogy
        self.data = np.zeros((FIRST_SLOTS, *shape))
        self.mass = np.zeros(FIRST_SLOTS)
        self.ring = np.zeros(2, dtype=np.int64)
        self.lots = np.zeros(FIRST_SLOTS, dtype=np.int64)
        self._traced = genealogy is not None
        self._slots_used, self._material_used = NO_SLOTS, NO_MATERIALS
        self._fit_trace()

    def _fit_trace(self) -> None:
        if self._traced:
            self._slots_used = np.zeros(len(self.mass), dtype=np.int64)
            self._material_used = np.zeros((len(self.mass), self.shape[0]))

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        slot = _queue_put(self.data, self.mass, self.ring, x, share, amount)
        if slot < 0:
            self._grow()
            slot = _queue_put(self.data, self.mass, self.ring, x, share, amount)
        self.level += amount
        if self._traced:
            self.lots[slot] = lot

    def _grow(self) -> None:
        order = self._order()
        count = len(order)
        for name in ("data", "mass", "lots"):
            old: NDArray[Any] = getattr(self, name)
            new = np.zeros((2 * len(old), *old.shape[1:]), dtype=old.dtype)
            new[:count] = old[order]
            setattr(self, name, new)
        self.ring[0] = 0
        self._fit_trace()

    def _order(self) -> NDArray[np.int64]:
        first, count = self.ring.tolist()
        return (np.arange(first, first + count, dtype=np.int64)) % len(self.mass)

    def draw(self, amount: float, out: Floats, lot: int) -> None:
        touched = _queue_draw(self.data, self.mass, self.ring, amount, out, self._slots_used, self._material_used)
        if self._traced and self.genealogy is not None:
            for k in range(touched):
                self.genealogy.edge(lot, int(self.lots[self._slots_used[k]]), self._material_used[k])
        self.level = self.level - amount if self.ring[1] else 0.0

    def peek(self, amount: float, out: Floats) -> None:
        order = self._order()
        upto = int(np.searchsorted(np.cumsum(self.mass[order]), amount)) + 1
        few = order[: upto + 1]
        slots = np.arange(len(few))
        heaps.queue_draw(self.data[few], self.mass[few], np.array([0, len(slots)]), amount, out, NO_SLOTS, NO_MATERIALS)

    def scale(self, factor: float) -> None:
        self.data *= factor
        self.mass *= factor
        self.level = float(self.mass[self._order()].sum())

    def weigh(self, out: Floats) -> None:
        for slot in self._order():
            heaps.add_materials(out, self.data[slot], 1.0)

    def save(self) -> State:
        order = self._order()
        return {"level": self.level, "data": self.data[order], "mass": self.mass[order], "lots": self.lots[order]}

    def load(self, state: State) -> None:
        count = len(state["mass"])
        slots = FIRST_SLOTS
        while slots < count:
            slots *= 2
        self.data, self.mass, self.lots = np.zeros((slots, *self.shape)), np.zeros(slots), np.zeros(slots, dtype=np.int64)
        self.data[:count], self.mass[:count], self.lots[:count] = state["data"], state["mass"], state["lots"]
        self.ring[:] = 0, count
        self.level = state["level"]
        self._fit_trace()


class Heap:
    """One perfectly mixed heap: every draw has the composition of the whole at that moment."""

    def __init__(self, shape: tuple[int, int], genealogy: Genealogy | None = None, unit: str = "") -> None:
        self.level = 0.0
        self.heap = np.zeros(shape)
        self.genealogy = genealogy
        self.unit = unit
        self.lot = 0
        self._materials = np.zeros(shape[0])

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        if self.genealogy is not None:
            self._mix(x, share, lot, now)
        _heap_put(self.heap, x, share)
        self.level += amount

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

    def draw(self, amount: float, out: Floats, lot: int) -> None:
        _heap_draw(self.heap, amount / self.level, out)
        if self.genealogy is not None:
            self._materials[:] = 0.0
            heaps.add_materials(self._materials, out, 1.0)
            self.genealogy.edge(lot, self.lot, self._materials)
        left = self.level - amount
        self.level = left if left > heaps.WHOLE * self.level else 0.0

    def peek(self, amount: float, out: Floats) -> None:
        heaps.heap_draw(self.heap.copy(), amount / self.level, out)

    def scale(self, factor: float) -> None:
        self.heap *= factor
        self.level *= factor

    def weigh(self, out: Floats) -> None:
        heaps.add_materials(out, self.heap, 1.0)

    def save(self) -> State:
        return {"level": self.level, "heap": self.heap, "lot": self.lot}

    def load(self, state: State) -> None:
        self.level, self.lot = state["level"], state["lot"]
        self.heap[:] = state["heap"]
