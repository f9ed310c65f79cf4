"""A plan of heat sources for a cluster: from a run of it, whose waste heat no plan can move, by the linear programme of :mod:`twin.fit.years.heat_plan`.

Whoever follows the plan in that run knows what will come; what a plan gains so is the most that any gains.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.errors import UsageError
from twin.fit.years.heat_plan import HeatPlan, PlanInput, heat_plan
from twin.results.cluster import ClusterResult
from twin.scenario.cluster import Cluster
from twin.units.energy.heat_setup import Setup, setup_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LaidPlan:
    """What each of ``boilers`` shall give, step by step of ``every`` s from ``start`` on, and what the programme reckoned with."""

    boilers: tuple[str, ...]
    start: datetime
    every: float
    given: PlanInput
    plan: HeatPlan

    def csv(self) -> str:
        """Return the plan as a table that a scenario reads as series: ``time,biomass [MW],gas_boiler [MW]``, a row where something changes."""
        lines, before = [",".join(["time", *(f"{name} [MW]" for name in self.boilers)])], ""
        for step, watts in enumerate(self.plan.made.T.tolist()):
            moment = (self.start + timedelta(seconds=step * self.every)).isoformat()
            cells = ",".join(f"{value / 1e6:.9f}" for value in watts)
            if cells != before:
                lines.append(f"{moment},{cells}")
            before = cells
        return "\n".join(lines) + "\n"


def lay_plan(result: ClusterResult, cluster: Cluster) -> LaidPlan:
    """Return the plan of least cost of a cluster's boilers over a finished run of it, in steps of ``energy.heat.every``.

    Waste heat is as the run had it, as means over steps, demand and prices as series say; the tank begins as written and ends no emptier. Raises
    :class:`~twin.errors.UsageError` where there is no tank, a boiler's power changes in time, or the demand cannot be met.
    """
    energy = cluster.energy
    if energy is None or energy.heat is None or not result.energy.has_heat:
        raise UsageError(f"{cluster.name} has no heat network to plan")
    start, every = next(iter(cluster.sites.values())).start, nanoseconds(energy.heat.every)
    setup, horizon = setup_of(energy.heat, energy.power, start), nanoseconds(cluster.horizon)
    if setup.store is None:
        raise UsageError("a plan needs a tank: without one there is nothing to shift; give energy.heat.tank")
    if horizon % every:
        raise UsageError("the horizon is no whole number of steps of energy.heat.every; choose one that divides it")
    changing = [maker.name for maker in setup.makers if len(maker.most.times) > 1]
    if changing:
        raise UsageError(f"the power of {changing[0]!r} changes in time, which a plan does not know; give a number")
    given = _given(result, setup, every, horizon // every)
    return LaidPlan(tuple(maker.name for maker in setup.makers), start, every / NANOSECONDS, given, heat_plan(given))


def _given(result: ClusterResult, setup: Setup, every: int, steps: int) -> PlanInput:
    assert setup.store is not None
    edges = [(k * every, (k + 1) * every) for k in range(steps)]
    demand = np.array([sum(taker.heat.mean(*edge) for taker in setup.takers) for edge in edges])
    if setup.way is not None:
        demand = demand + np.array([setup.way.loss(setup.way.ground.mean(*edge)) for edge in edges])
    offered = np.asarray(result.energy.values["heat/offered_by_step"], dtype=np.float64)
    costs = np.array([[maker.price.mean(*edge) / maker.ratio.mean(*edge) for edge in edges] for maker in setup.makers])
    most = [maker.most.values[0] for maker in setup.makers]
    first = setup.fill * setup.store.capacity
    return PlanInput(demand, offered.sum(axis=1), every / NANOSECONDS, most, costs, setup.store, setup.charge, setup.discharge, first)
