"""Runs of whole plants in ``scenarios/``, several replications of each, for the tests of what is in a plant's header."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import twin

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NEAR = 0.02
"""Share of its capacity within which a bunker counts as empty or full."""


def scenario_of(name: str) -> twin.Scenario:
    return twin.load(SCENARIOS / f"{name}.yaml")


@dataclass
class Outcome:
    """What the tests look at: key figures, bunkers that were empty and full at some time, models that left their range, the worst residual."""

    kpis: dict[str, float]
    empty: set[str]
    full: set[str]
    warned: set[tuple[str, str]]
    residual: float


def outcome(job: tuple[str, int]) -> Outcome:
    name, replication = job
    scenario = scenario_of(name)
    with twin.run(scenario, replication=replication) as result:
        bunkers = [str(bunker) for bunker in result.array("bunker")]
        capacity = np.array([scenario.units[bunker].capacity for bunker in bunkers])
        low, high = result.array("units/level_min").min(axis=0), result.array("units/level_max").max(axis=0)
        counts = result.array("units/range_warnings")
        units, kinds = [str(u) for u in result.array("unit")], [str(k) for k in result.array("warning")]
        return Outcome(
            {key: kpi.value for key, kpi in result.kpis.items()},
            {bunker for bunker, level, size in zip(bunkers, low, capacity, strict=True) if level <= NEAR * size},
            {bunker for bunker, level, size in zip(bunkers, high, capacity, strict=True) if level >= (1 - NEAR) * size},
            {(units[u], kinds[k]) for u, k in zip(*np.nonzero(counts), strict=True)},
            float(result.attrs["worst_residual"]),
        )


def replicated(names: Sequence[str], replications: int) -> dict[str, list[Outcome]]:
    """Replications of each scenario, with the same random numbers for all."""
    jobs = [(name, replication) for name in names for replication in range(replications)]
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(outcome, jobs))
    return {name: [run for (other, _), run in zip(jobs, done, strict=True) if other == name] for name in names}


def mean(outcomes: dict[str, list[Outcome]], name: str, kpi: str) -> float:
    return float(np.mean([run.kpis[kpi] for run in outcomes[name]]))


def paired(outcomes: dict[str, list[Outcome]], base: str, name: str, kpi: str) -> np.ndarray:
    """Differences to the base plant, replication by replication."""
    return np.array([after.kpis[kpi] - before.kpis[kpi] for before, after in zip(outcomes[base], outcomes[name], strict=True)])


def longest(outcomes: dict[str, list[Outcome]], name: str) -> str:
    """The line that runs for the largest share of its planned time."""
    shares = {key.partition(".")[2]: mean(outcomes, name, key) for key in outcomes[name][0].kpis if key.startswith("utilisation.")}
    return max(shares, key=lambda line: shares[line])
