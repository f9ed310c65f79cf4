"""A bunker that overflows: what finds no room in it goes to a second one, or out of the plant."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.engine.bunker import Bunker, Floats
from twin.engine.content import Content
from twin.engine.unit import State, Unit
from twin.kernels.recording import record_passage
from twin.scenario.kinds.bunker import OVERFLOW
from twin.units.ground.assembly import Assembly
from twin.units.ground.outlet import Receiver


class Reservations(dict[str, float]):
    """Room kept by unit, kg: in the bunker where it fits there, else where it overflows to. ``outside``: of that, what is kept in no bunker."""

    def __init__(self, bunker: OverflowingBunker) -> None:
        super().__init__()
        self._bunker = bunker
        self.outside: dict[str, float] = {}

    @property
    def _next(self) -> dict[str, float]:
        outlet = self._bunker.outlet
        return outlet.reserved if isinstance(outlet, Bunker) else self.outside

    def __setitem__(self, name: str, amount: float) -> None:
        if self._bunker.fits_here(amount):
            super().__setitem__(name, amount)
        else:
            self._next[name] = amount

    def pop(self, name: str, *default: Any) -> Any:
        """The room that was kept, wherever it was."""
        return super().pop(name) if name in self else self._next.pop(name, *default)


class OverflowingBunker(Bunker):
    """Gives to its ``outlet`` what it has no room for; who delivers sees the room of both. A part that fits stays, a truck goes whole."""

    def __init__(self, site: Assembly, name: str, capacity: float, content: Content) -> None:
        super().__init__(name, capacity, content)
        self.reserved = Reservations(self)
        self.recorder, self.stream_row = site.recorder, site.row(f"{name}.{OVERFLOW}")
        self._lanes, self._solid = np.zeros(site.shape[1]), site.components.solid
        self.outlet: Receiver

    def connect(self, site: Assembly) -> None:
        """Find where it overflows to."""
        self.outlet = site.receiver_of(f"{self.name}.{OVERFLOW}")
        if isinstance(self.outlet, Bunker):
            self.outlet.tell(spiller=self)

    def tell_fillers(self) -> None:
        """Who fills the bunker fills what it overflows into; once all units are connected."""
        place: Receiver = self.outlet
        while isinstance(place, Bunker):
            place.fillers.extend(unit for unit in self.fillers if unit not in place.fillers)
            if not isinstance(place, OverflowingBunker):
                return
            place = place.outlet

    def _who_takes(self) -> list[Unit]:
        return [*self.takers, *(self.outlet._who_takes() if isinstance(self.outlet, Bunker) else ())]

    def own_room(self) -> float:
        """Mass that still fits into the bunker itself, kg."""
        return super().room()

    def fits_here(self, amount: float) -> bool:
        """Whether ``amount`` kg fit into the bunker itself."""
        room = super().room()
        return room > 0.0 if amount == 0.0 else room >= amount - self.tolerance

    def room(self) -> float:
        """Mass that still fits, kg: into the bunker or, once it is full, where it overflows to."""
        own = super().room()
        return own if own > 0.0 else self.outlet.room()

    def fits(self, amount: float) -> bool:
        """Whether ``amount`` kg fit into the bunker, or where it overflows to."""
        if self.fits_here(amount):
            return True
        room = self.outlet.room()
        return room > 0.0 if amount == 0.0 else room >= amount - self.outlet.tolerance

    def put(self, x: Floats, share: float, amount: float, lot: int, now: int) -> None:
        """Take in ``share`` of the matrix ``x``, ``amount`` kg, or hand it on where there is no room."""
        if self.fits_here(amount):
            super().put(x, share, amount, lot, now)
            return
        recorder, k = self.recorder, self.recorder.step(now)
        record_passage(x, share, recorder.mass[k], recorder.size[k], self.stream_row, self._solid, self._lanes)
        self.outlet.put(x, share, amount, lot, now)

    def save(self) -> State:
        kept = self.reserved
        assert isinstance(kept, Reservations)
        return {**super().save(), "outside": dict(kept.outside)}

    def load(self, state: State, units: dict[str, Unit]) -> None:
        super().load(state, units)
        kept, self.reserved = self.reserved, (reservations := Reservations(self))
        reservations.update(kept)
        reservations.outside.update(state["outside"])
