"""Small plants for the analytic cases, and what the tests read from their results."""

from __future__ import annotations

from typing import Any

import numpy as np

import twin
from twin.engine.clock import nanoseconds
from twin.engine.streams import Stream
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import first_gap

SEED = 20260105


def scenario(units: dict[str, Any], horizon: str, **more: Any) -> twin.Scenario:
    """A scenario of one material whose lots are parts of 1 kg."""
    top = {
        "twin": 1,
        "name": "case",
        "time": {"horizon": horizon},
        "seed": SEED,
        "lot": "1 kg",
        "materials": {"part": {}},
        "record": {"every": horizon, "genealogy": True},
    }
    return twin.load({**top, **more, "units": units})


def parts(every: Any, **more: Any) -> dict[str, Any]:
    """A feed of single parts."""
    return {"kind": "feed", "every": every, "mass": {"constant": "1 kg"}, "composition": {"part": "100 %"}, **more}


def departures(result: twin.Result, unit: str) -> list[int]:
    """When lots came to be at a unit, ns: for a product, when parts left the plant."""
    units, times, lots = (result.array(f"lots/{name}") for name in ("at_unit", "at_time", "lot"))
    return list(dict(zip(lots[units == unit].tolist(), times[units == unit].tolist(), strict=True)).values())


def draws(unit: str, purpose: str, distribution: Distribution, count: int, seed: int = SEED, replication: int = 0) -> list[int]:
    """The durations, ns, that a unit draws from one of its streams."""
    stream = Stream(seed, replication, unit, purpose)
    return [nanoseconds(distribution.inverse(stream.uniform())) for _ in range(count)]


def arrival_gaps(unit: str, distribution: Distribution, count: int) -> list[int]:
    """The gaps, ns, between deliveries: the first is what is left of one at an instant picked at random."""
    stream = Stream(SEED, 0, unit, "arrival")
    return [nanoseconds(first_gap(distribution, stream.uniform())), *(nanoseconds(distribution.inverse(stream.uniform())) for _ in range(count - 1))]


def share(result: twin.Result, unit: str, state: str) -> float:
    """Share of the whole run that a unit spends in a state."""
    shares = result.array("units/state_share")
    unit_names, states = result.array("unit").tolist(), result.array("state").tolist()
    bounds = result.array("time_bounds")
    lengths = bounds[:, 1] - bounds[:, 0]
    return float((shares[:, unit_names.index(unit), states.index(state)] * lengths).sum() / lengths.sum())


def mean_interval(values: list[float]) -> tuple[float, float]:
    """Mean of independent replications and its standard error."""
    array = np.array(values)
    return float(array.mean()), float(array.std(ddof=1) / np.sqrt(len(array)))
