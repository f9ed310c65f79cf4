"""Small plants for the tests of reconciliation."""

from __future__ import annotations

import numpy as np

from twin.fit.reconcile.equations import Setting, build
from twin.fit.reconcile.network import Network, explicit, read_edge
from twin.fit.reconcile.readings import Measured
from twin.fit.reconcile.solve import Solution, solve

SORTING = {
    "feed": ("-> mill", 100.0),
    "milled": ("mill -> screen", 130.0),
    "oversize": ("screen -> mill", 30.0),
    "undersize": ("screen -> magnet", 100.0),
    "steel": ("magnet ->", 45.0),
    "rest": ("magnet -> sifter", 55.0),
    "light": ("sifter ->", 15.0),
    "heavy": ("sifter -> eddy", 40.0),
    "aluminium": ("eddy ->", 6.0),
    "mixed": ("eddy -> table", 34.0),
    "copper": ("table ->", 10.0),
    "residue": ("table ->", 24.0),
}
"""A sorting line of 12 streams, in t: where each runs, and its true mass."""


def network_of(plant: dict[str, tuple[str, float]], stocks: tuple[str, ...] = ()) -> Network:
    return explicit([read_edge(name, text) for name, (text, _) in plant.items()], stocks, (), "test", "")


def solved(plant: dict[str, tuple[str, float]], values: dict[str, float], error: float) -> Solution:
    """Reconcile readings whose errors are a share of the true masses."""
    measured = [Measured(f"flow.{name}", f"flow.{name}", value, error * plant[name][1], 1, "1") for name, value in values.items()]
    return solve(build(network_of(plant), measured, Setting(), "1")[0])


def errors(count: int, streams: int, seed: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(key=seed)).standard_normal((count, streams))
