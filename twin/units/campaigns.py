"""Campaigns: a line works on one source for a while before it goes to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin.engine.bunker import Bunker
from twin.engine.unit import State
from twin.scenario.line_rules import CampaignPlan


@dataclass(frozen=True)
class Leg:
    """So much (kg) of a source, by its place among the line's bunkers; None: as long as there is any."""

    source: int
    mass: float | None


class Campaigns:
    """The order of a line's campaigns: the next leg of a plan, or the source that holds most. ``leg``: the place in the plan; ``taken`` kg of it."""

    def __init__(self, model: CampaignPlan, sources: Sequence[str]) -> None:
        legs = [Leg(sources.index(leg.from_), leg.mass) for leg in model.plan]
        self.plan = legs or [Leg(j, model.mass) for j in range(len(sources))]
        self.by_stock, self.waits, self.repeats = model.by == "stock", model.when_empty == "wait", model.repeat
        self.leg, self.taken = -1, 0.0

    @property
    def current(self) -> int:
        """The source of the present campaign; -1 before the first and after the last."""
        return self.plan[self.leg].source if 0 <= self.leg < len(self.plan) else -1

    def _goes_on(self) -> bool:
        if not 0 <= self.leg < len(self.plan):
            return False
        mass = self.plan[self.leg].mass
        return mass is None or self.taken < mass * (1.0 - 1e-9)

    def candidates(self, bunkers: Sequence[Bunker]) -> Iterator[int]:
        """Legs in the order in which they are tried; the first whose source holds a lot is worked on."""
        if self._goes_on():
            yield self.leg
            if self.waits:
                return
        if self.by_stock:
            others = [leg for leg in range(len(self.plan)) if leg != self.leg]
            yield from sorted(others, key=lambda leg: -bunkers[self.plan[leg].source].level)
            yield from [self.leg] if self.leg >= 0 else []
            return
        count = len(self.plan)
        ahead = range(self.leg + 1, self.leg + 1 + (count if self.repeats else max(0, count - self.leg - 1)))
        for leg in ahead:
            yield leg % count
            if self.waits:
                return

    def begin(self, leg: int) -> None:
        """Go to a leg; one that is gone on with keeps what was taken."""
        if leg != self.leg or not self._goes_on():
            self.leg, self.taken = leg, 0.0

    def save(self) -> State:
        """Where the plan stands."""
        return {"leg": self.leg, "taken": self.taken}

    def load(self, state: State) -> None:
        """Take over a saved plan."""
        self.leg, self.taken = state["leg"], state["taken"]
