"""The place before a furnace where ladles of hot melt are poured in: open only while the furnace waits to be charged."""

from __future__ import annotations

from twin.engine.bunker import Bunker
from twin.engine.content import Heap
from twin.engine.unit import State, Unit
from twin.units.ground.assembly import Assembly


class Mouth(Bunker):
    """Takes melt from one port, hot, while it is ``open``; ``capacity`` is what the recipe asks for at most."""

    hot = True

    def __init__(self, site: Assembly, furnace: str, source: str, capacity: float) -> None:
        name = f"{source} into {furnace}"
        super().__init__(name, capacity, Heap(site.shape, site.genealogy, furnace))
        self.open = False

    def room(self) -> float:
        """Mass that still fits, kg; nothing while closed."""
        return super().room() if self.open else 0.0

    def set_open(self, open_: bool, now: int) -> None:
        """Open or close it; who waits to pour looks again."""
        self.open = open_
        if open_:
            self.putters.wake_first(now)

    def save(self) -> State:
        return {**super().save(), "open": self.open}

    def load(self, state: State, units: dict[str, Unit]) -> None:
        super().load(state, units)
        self.open = state["open"]
