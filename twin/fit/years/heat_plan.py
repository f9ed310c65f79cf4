"""A plan of heat sources by a linear programme, made before a run that reads it as a series: what would have cost least had everything been known.

Hour by hour: what boilers make, what goes into the tank and comes out, what waste heat is not taken. The tank loses as the run's does, exactly within a step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels.heat_store import StoreData

Floats = NDArray[np.float64]
SMALL = 1e-7
"""Cost of moving heat through the tank, over the dearest heat, and half that of not taking waste heat: of plans of one cost the one that takes most, and moves
least. A run takes what there is as soon as there is room, and without that order would hold another content than the plan."""


@dataclass(frozen=True)
class PlanInput:
    """``demand`` and ``waste`` (step,) W of what lasts ``step`` s; ``most`` (boiler,) W; ``costs`` (boiler, step) EUR/J of heat; the tank's ``charge`` and
    ``discharge`` W; ``first`` J in it, which must be there again at the end."""

    demand: Floats
    waste: Floats
    step: float
    most: Sequence[float]
    costs: Floats
    store: StoreData
    charge: float
    discharge: float
    first: float


@dataclass(frozen=True)
class HeatPlan:
    """``made`` (boiler, step) W, ``content`` (step,) J at the end of each, ``wasted`` (step,) W, and its ``cost``, EUR."""

    made: Floats
    content: Floats
    wasted: Floats
    cost: float


def heat_plan(given: PlanInput) -> HeatPlan:
    """Return the plan of least cost (HiGHS). Raises :class:`~twin.errors.UsageError` where demand cannot be met.

    dE/dt = p - r E - c over a step of constant p is E' = a E + b (p - c), a = exp(-r step), b = (1 - a) / r.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    steps, boilers = len(given.demand), len(given.most)
    rate, step = given.store.rate, given.step
    kept = math.exp(-rate * step)
    gain = -math.expm1(-rate * step) / rate if rate > 0.0 else step
    places = [k * steps + np.arange(steps) for k in range(boilers + 4)]
    into, out, wasted, content = places[boilers:]
    rows, columns, values = [], [], []

    def add(row: NDArray[np.int64], column: NDArray[np.int64], value: float) -> None:
        rows.append(row)
        columns.append(column)
        values.append(np.full(len(column), value))

    k = np.arange(steps)
    for column, value in (*((place, 1.0) for place in places[:boilers]), (out, 1.0), (into, -1.0), (wasted, -1.0)):
        add(k, column, value)
    add(steps + k, content, 1.0 / step)
    add(steps + k[1:], content[:-1], -kept / step)
    add(steps + k, into, -gain / step)
    add(steps + k, out, gain / step)
    size = (boilers + 4) * steps
    left: Any = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(2 * steps, size)).tocsr()
    right = np.concatenate([given.demand - given.waste, np.full(steps, -gain * given.store.fixed / step)])
    right[steps] += kept * given.first / step
    tiny = SMALL * float(given.costs.max(initial=1e-12))
    cost = np.concatenate([*(row for row in given.costs), np.full(2 * steps, tiny), np.full(steps, 2.0 * tiny), np.zeros(steps)])
    most = np.concatenate(
        [
            *(np.full(steps, watts) for watts in given.most),
            np.full(steps, given.charge),
            np.full(steps, given.discharge),
            given.waste,
            np.full(steps, given.store.capacity),
        ]
    )
    least = np.zeros(size)
    least[content[-1]] = given.first
    mega = 1e6  # powers in MW and energies in MJ: the solver's tolerances are absolute
    bounds: Any = list(zip((least / mega).tolist(), (most / mega).tolist(), strict=True))
    found: Any = linprog(cost * mega * step, A_eq=left, b_eq=right / mega, bounds=bounds, method="highs")
    if found.status != 0:
        raise UsageError(f"no plan meets the demand: {found.message}")
    solution = found.x.reshape(boilers + 4, steps) * mega
    money = float((given.costs * solution[:boilers]).sum() * step)
    return HeatPlan(solution[:boilers], solution[boilers + 3], solution[boilers + 2], money)
