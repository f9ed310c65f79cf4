"""Campaigns: a line works on one source for a while before it goes to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.engine.bunker import Bunker
from twin.engine.unit import State
from twin.scenario.line_rules import DUE, CampaignPlan
from twin.scenario.orders import Order


class Book(Protocol):
    """The orders of a product, by due date."""

    @property
    def orders(self) -> Sequence[Order]: ...

    def uncovered(self) -> int:
        """The place of the first order that the stock does not cover; -1 where there is none."""


@dataclass(frozen=True)
class Leg:
    """So much (kg) of a source, by its place among the line's bunkers; None: as long as there is any, or as the order for ``product`` asks."""

    source: int
    mass: float | None
    product: str = ""


class Campaigns:
    """The order of a line's campaigns: the next leg of a plan, the source that holds most, or whose product has the earliest order that is not covered.

    ``leg``: the place in the plan; ``taken`` kg of it. By due date ``serves`` is the order for which the campaign began, by its place among those of its
    product; -1 for none. ``books``: the orders for each leg.
    """

    def __init__(self, model: CampaignPlan, sources: Sequence[str]) -> None:
        legs = [Leg(sources.index(leg.from_), leg.mass, leg.for_ or "") for leg in model.plan]
        self.plan = legs or [Leg(j, model.mass) for j in range(len(sources))]
        self.by_stock, self.waits, self.repeats = model.by == "stock", model.when_empty == "wait", model.repeat
        self.by_due = model.by == DUE
        self.leg, self.taken, self.serves = -1, 0.0, -1
        self.books: list[Book] = []

    def connect(self, books: Mapping[str, Book]) -> None:
        """Find the orders that the campaigns serve."""
        if self.by_due:
            self.books = [books[leg.product] for leg in self.plan]

    @property
    def current(self) -> int:
        """The source of the present campaign; -1 before the first and after the last."""
        return self.plan[self.leg].source if 0 <= self.leg < len(self.plan) else -1

    def _goes_on(self) -> bool:
        if not 0 <= self.leg < len(self.plan):
            return False
        mass = self.plan[self.leg].mass
        if mass is None and self.by_due:  # what was done, or is covered, lies before what is not
            return 0 <= self.books[self.leg].uncovered() <= self.serves
        return mass is None or self.taken < mass * (1.0 - 1e-9)

    def candidates(self, bunkers: Sequence[Bunker]) -> Iterator[int]:
        """Legs in the order in which they are tried; the first whose source holds a lot is worked on."""
        if self._goes_on():
            yield self.leg
            if self.waits:
                return
        if self.by_due:
            urgent = self._by_due_date()
            yield from urgent[:1] if self.waits else urgent
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

    def _by_due_date(self) -> list[int]:
        """Legs by the due date of the first order that the stock does not cover; those that nobody waits for come last, the present one first of them."""
        urgent, idle = [], []
        for leg, book in enumerate(self.books):
            order = book.uncovered()
            if order >= 0:
                urgent.append((book.orders[order].due, leg))
            else:
                idle.append((leg != self.leg, leg))
        return [leg for _, leg in sorted(urgent)] + [leg for _, leg in sorted(idle)]

    def begin(self, leg: int) -> None:
        """Go to a leg; one that is gone on with keeps what was taken."""
        if leg != self.leg or not self._goes_on():
            self.leg, self.taken = leg, 0.0
            self.serves = self.books[leg].uncovered() if self.by_due else -1

    def save(self) -> State:
        """Where the plan stands."""
        return {"leg": self.leg, "taken": self.taken, "serves": self.serves}

    def load(self, state: State) -> None:
        """Take over a saved plan."""
        self.leg, self.taken, self.serves = state["leg"], state["taken"], state["serves"]
