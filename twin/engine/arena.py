"""Where all that lies in the bunkers and on the conveyors of a plant is kept: one arena, in which each content has a place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels import heaps
from twin.kernels.compile import entry
from twin.kernels.heaps import PLACE, ArenaTables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIRST_PLACES, FIRST_SLOTS = 8, 64
SPARED = 4
"""An arena that is full becomes larger by what is asked for and this part of it: members of a live twin are many, and none of them is filled to the brim."""
IDLE = 2
"""An arena in which so many times as many slots were taken as are held is laid out anew."""
FLOAT = np.dtype(np.float64)
_put, _draw = entry(heaps.put), entry(heaps.draw)


class Arena:
    """Matrices of ``shape`` (component, size), kg, slot by slot; a place is a stretch of slots (:data:`twin.kernels.heaps.PLACE`).

    Compiled code works on its ``handle``, which stays the same while the arena grows. Stretches that queues have left lie idle until :meth:`tidy`.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._count = self._used = 0
        self._places = np.zeros(FIRST_PLACES, dtype=PLACE)
        self._data, self._mass = np.zeros((FIRST_SLOTS, *shape)), np.zeros(FIRST_SLOTS)
        self._slots_used, self._material_used = np.zeros(0, dtype=np.int64), np.zeros((0, shape[0]))
        self._traced = False
        self.handle = ArenaTables(**self._arrays)

    @property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        used = {"slots_used": self._slots_used, "material_used": self._material_used}
        return {"places": self._places, "data": self._data, "mass": self._mass, **used}

    def add(self, slots: int, mixed: bool = False, traced: bool = False) -> int:
        """Return a new place of so many slots: a heap where it is ``mixed``; ``traced`` where somebody asks from which lots was drawn."""
        if self._count == len(self._places):
            self._places = np.concatenate([self._places, np.zeros_like(self._places)])
        place, self._count = self._count, self._count + 1
        self._traced = self._traced or traced
        self._places[place] = (self._stretch(slots), slots, 0, 0, mixed)
        self.handle.lay_out(self._arrays)
        return place

    def _stretch(self, slots: int) -> int:
        """Return the first of so many slots that nobody has used."""
        if self._traced and len(self._slots_used) <= slots:
            self._slots_used, self._material_used = np.zeros(slots + 1, dtype=np.int64), np.zeros((slots, self._shape[0]))
        first, self._used = self._used, self._used + slots
        if self._used > len(self._mass):
            size = self._used + self._used // SPARED
            data, mass = np.zeros((size, *self._shape)), np.zeros(size)
            data[:first], mass[:first] = self._data[:first], self._mass[:first]
            self._data, self._mass = data, mass
        return first

    def _misfit(self, x: Floats) -> UsageError:
        """Entered kernels look at nothing: what others hand in is looked at before."""
        return UsageError(f"a lot must be a contiguous array of floats of shape {self._shape} (got {x.dtype}, {x.shape}); see numpy.ascontiguousarray")

    def put(self, place: int, x: Floats, share: float, amount: float) -> int:
        """:func:`twin.kernels.heaps.put` for a matrix of anybody's."""
        if x.dtype is not FLOAT or x.shape != self._shape or not x.flags.c_contiguous:
            raise self._misfit(x)
        return _put(self.handle, place, x, share, amount)

    def draw(self, place: int, want: float, share: float, out: Floats, how: int) -> int:
        """:func:`twin.kernels.heaps.draw` into a matrix of anybody's."""
        if out.dtype is not FLOAT or out.shape != self._shape or not out.flags.c_contiguous:
            raise self._misfit(out)
        return _draw(self.handle, place, want, share, out, how)

    def slots(self, place: int) -> int:
        """How many slots a place has."""
        return int(self._places[place]["slots"])

    def order(self, place: int) -> Ints:
        """The slots of a queue's lots, counted from the first of the place, oldest first."""
        own = self._places[place]
        return (np.arange(own["oldest"], own["oldest"] + own["lots"], dtype=np.int64)) % int(own["slots"])

    def lots(self, place: int) -> tuple[Floats, Floats]:
        """Copies of a queue's lots, oldest first: (lot, component, size) and (lot,), kg."""
        rows = int(self._places[place]["first"]) + self.order(place)
        return self._data[rows], self._mass[rows]

    def heap(self, place: int) -> Floats:
        """What lies in a heap (component, size), kg: itself and no copy, until the arena grows."""
        found: Floats = self._data[int(self._places[place]["first"])]
        return found

    def scale(self, place: int, factor: float) -> None:
        """There is ``factor`` times as much of all that lies there."""
        own = self._places[place]
        stretch = slice(int(own["first"]), int(own["first"] + own["slots"]))
        self._data[stretch] *= factor
        self._mass[stretch] *= factor

    def traced(self) -> Iterator[tuple[int, Floats]]:
        """Yield from which slots the last traced draw took, and what (component,), kg."""
        for slot, rows in zip(self._slots_used.tolist(), self._material_used, strict=False):
            if slot < 0:
                return
            yield slot, rows

    def move(self, place: int, slots: int) -> None:
        """Give a queue a stretch of so many slots, enough for its lots, which go there in their order."""
        self.fill(place, slots, *self.lots(place))

    def tidy(self) -> None:
        """Lay all stretches side by side where more than half of the slots are nobody's any more: a plant that runs for months would keep what it once took."""
        places = self._places[: self._count]
        held = int(places["slots"].sum())
        if self._used < IDLE * held:
            return
        size = held + held // SPARED
        data, mass, first = np.zeros((size, *self._shape)), np.zeros(size), 0
        for own in places:
            before, slots = int(own["first"]), int(own["slots"])
            data[first : first + slots], mass[first : first + slots] = self._data[before : before + slots], self._mass[before : before + slots]
            own["first"], first = first, first + slots
        self._data, self._mass, self._used = data, mass, held
        self.handle.lay_out(self._arrays)

    def fill(self, place: int, slots: int, data: Floats, mass: Floats) -> None:
        """Lay lots ``data`` (lot, component, size) and ``mass`` (lot,), kg, into a queue of so many slots, in place of all that lay there."""
        own, count = self._places[place], len(mass)
        if slots != own["slots"]:
            first = self._stretch(slots)
            own["first"], own["slots"] = first, slots
            self.handle.lay_out(self._arrays)
        own["oldest"], own["lots"] = 0, count
        first = int(own["first"])
        self._data[first : first + count], self._mass[first : first + count] = data, mass
