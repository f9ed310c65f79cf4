"""A week plan: for each order, how likely it is on time, from replications; beside it what lies there and which deliveries are announced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.scenario import Scenario
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.orders import Order
from twin.study.executors import Executor
from twin.study.replicate import Progress, replicate
from twin.study.statistics import wilson

NOT_DONE = math.inf
"""When an order was done that was still open at the end of its run."""


@dataclass(frozen=True)
class PlannedOrder:
    """An order of ``product`` and when it was ``done`` in each replication, s from the start; infinity where it was still open at the end."""

    product: str
    order: Order
    done: tuple[float, ...]
    confidence: float = 0.95

    @property
    def on_time(self) -> int:
        """In how many replications it was done by its due date."""
        return sum(done <= self.order.due for done in self.done)

    @property
    def probability(self) -> float:
        """The share of the replications in which it was done by its due date."""
        return self.on_time / len(self.done)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval for the probability of being on time."""
        return wilson(self.on_time, len(self.done), self.confidence)

    @property
    def median(self) -> float:
        """The median time when it was done, s from the start; infinity where it was open at the end of half of the replications or more."""
        times = sorted(self.done)
        low, high = times[(len(times) - 1) // 2], times[len(times) // 2]
        return low if low == high else (low + high) / 2


@dataclass(frozen=True)
class Delivered:
    """What is announced of a ``feed`` for a ``day``: a number of deliveries, and their mass in kg."""

    day: date
    feed: str
    number: int
    mass: float


@dataclass(frozen=True)
class WeekPlan:
    """What a plan says: its ``orders`` by due date, how many ``later`` ones are due after its end, what lies in each bunker at the start (kg), the deliveries
    that are announced, and the feeds whose deliveries are ``drawn``."""

    scenario: Scenario
    replications: int
    orders: tuple[PlannedOrder, ...]
    later: int
    stock: dict[str, float]
    announced: tuple[Delivered, ...]
    drawn: tuple[str, ...]


def week_plan(
    scenario: Scenario,
    *,
    number: int = 200,
    days: float | None = None,
    confidence: float = 0.95,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    progress: Progress | None = None,
) -> WeekPlan:
    """Run ``number`` replications and return the plan of the orders that are due by their end; ``days`` is a horizon instead of the scenario's.

    ``executor``, ``workers``, ``address`` and ``progress`` are as in :func:`twin.study.replicate.replicate`; the plan does not depend on them. Raises
    ``UsageError`` where no order is due by the end, :class:`~twin.errors.RunError` where a run fails.
    """
    if days is not None:
        if not (math.isfinite(days) and days > 0):
            raise UsageError(f"a plan is of more than 0 days (got {days:g})")
        scenario = scenario.change({"time.horizon": f"{days!r} d"})
    orders = [(name, order) for name, model in scenario.units.items() if isinstance(model, Product) for order in model.orders.orders]
    if not any(order.due <= scenario.horizon for _, order in orders):
        due = f"the first of {len(orders)} is due {format_quantity(min(o.due for _, o in orders), 's')} after it" if orders else "no product has 'orders'"
        raise UsageError(f"no order is due within {format_quantity(scenario.horizon, 's')} of the start: {due}")
    found = replicate(scenario, number=number, confidence=confidence, executor=executor, workers=workers, address=address, progress=progress)
    return WeekPlan(
        scenario,
        found.n,
        _planned(scenario, orders, [outcome.orders for outcome in found.outcomes], confidence),
        sum(order.due > scenario.horizon for _, order in orders),
        {name: model.initial.mass for name, model in scenario.units.items() if isinstance(model, Bunker) and model.initial is not None},
        tuple(announced(scenario)),
        tuple(name for name, model in scenario.units.items() if isinstance(model, Feed) and model.schedule is None),
    )


def _planned(scenario: Scenario, orders: Sequence[tuple[str, Order]], runs: Sequence[tuple[float, ...]], confidence: float) -> tuple[PlannedOrder, ...]:
    """The orders due by the horizon; a run has the time of each order, product by product."""
    planned = []
    for place, (product, order) in enumerate(orders):
        if order.due <= scenario.horizon:
            times = tuple(NOT_DONE if math.isnan(run[place]) else run[place] for run in runs)
            planned.append(PlannedOrder(product, order, times, confidence))
    return tuple(sorted(planned, key=lambda one: one.order.due))


def announced(scenario: Scenario) -> list[Delivered]:
    """Return what schedules announce within the horizon, by day and feed."""
    found: dict[tuple[date, str], tuple[int, float]] = {}
    for name, model in scenario.units.items():
        if not isinstance(model, Feed) or model.schedule is None:
            continue
        for time, mass in zip(model.schedule.times, model.schedule.masses, strict=True):
            if time < scenario.horizon:
                day = (scenario.start + timedelta(seconds=time)).date()
                number, whole = found.get((day, name), (0, 0.0))
                found[day, name] = number + 1, whole + mass
    return [Delivered(day, name, *sums) for (day, name), sums in sorted(found.items(), key=lambda item: item[0][0])]
