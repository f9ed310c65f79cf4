"""Ten bunkers and stations in a chain against the same chain in bare SimPy with ``Store``."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from chain import ARRIVAL, LOT, MATERIALS, PLACES, SERVICE, SIZES, build_chain, end_of, plant_of_separators
from figures import Figures
from interleaved import interleave
from peers.bare_chain import MatrixChain, StoreChain
from plant_run import prepared
from size import size

import twin

pytestmark = pytest.mark.benchmark(timer=time.process_time)
PARTS = size(8000, 400)
STATIONS = len(SERVICE)


def test_chain_on_the_engine(benchmark: Any, figures: Figures) -> None:
    end = end_of(PARTS)

    def peer() -> Any:
        chain = StoreChain(SERVICE, ARRIVAL, PLACES, PARTS)
        return lambda: chain.run(end)

    build_chain(200).run()
    times = interleave(benchmark, {"peer": peer, "candidate": lambda: build_chain(PARTS).run}, rounds=15)
    chain, bare = times.results["candidate"], times.results["peer"]
    assert chain.passed == (bare.done, bare.last) == (PARTS, bare.last)
    visits = PARTS * STATIONS
    figures.figure("chain_cpu_over_store_chain", times.ratio("candidate", "peer"), at_most=0.6)
    figures.figure("chain_events_a_visit", chain.events_a_visit, at_most=2.3)
    figures.beside("chain_visits", visits)
    figures.beside("chain_us_a_visit", 1e6 * times.median("candidate") / visits, "us")
    figures.beside("store_chain_us_a_visit", 1e6 * times.median("peer") / visits, "us")
    figures.beside("store_chain_events_a_visit", bare.events / visits)


def test_chain_of_separators(benchmark: Any, figures: Figures) -> None:
    """The whole of a line and its accounts, where the peer's stations only send the same matrices through a table."""
    scenario = twin.load(plant_of_separators(PARTS // 2))
    lot = np.full((MATERIALS, SIZES), LOT / (MATERIALS * SIZES))

    def peer() -> Any:
        chain = MatrixChain(SERVICE, ARRIVAL, PLACES, PARTS // 2, lot)
        return lambda: chain.run(end_of(PARTS // 2))

    prepared(twin.load(plant_of_separators(50)))()()
    times = interleave(benchmark, {"peer": peer, "candidate": prepared(scenario)}, rounds=7)
    simulation, bare = times.results["candidate"], times.results["peer"]
    assert bare.done == PARTS // 2
    visits = sum(line.record.lots for line in simulation.built.lines)
    figures.figure("separator_chain_events_a_visit", simulation.built.site.clock.events / visits, at_most=2.3)
    per_visit = times.median_of(lambda candidate, peer: (candidate / visits) / (peer / (STATIONS * bare.done)))
    figures.beside("separator_chain_cpu_a_visit_over_matrix_store_chain", per_visit)
    figures.beside("separator_chain_visits", visits)
    figures.beside("separator_chain_us_a_visit", 1e6 * times.median("candidate") / visits, "us")
    figures.beside("matrix_store_chain_us_a_visit", 1e6 * times.median("peer") / (STATIONS * bare.done), "us")
