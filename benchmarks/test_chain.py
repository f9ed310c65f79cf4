"""Ten bunkers and stations in a chain against the same chain in bare SimPy with ``Store`` and in Ciw; and longer chains and lines against those of ten."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from chain import ARRIVAL, LOT, MATERIALS, PLACES, SERVICE, SIZES, build_chain, end_of, line_of_separators, plant_of_separators
from figures import Figures
from interleaved import interleave
from peers.bare_chain import MatrixChain, StoreChain
from peers.ciw_chain import CiwChain
from plant_run import prepared
from size import size

import twin
from twin.quantities import NANOSECONDS

pytestmark = pytest.mark.benchmark(timer=time.process_time)
PARTS = size(8000, 400)
CIW_PARTS = size(2000, 200)
STATIONS = len(SERVICE)
GROWN = {10: size(8000, 800), 100: size(1200, 120), 1000: size(300, 30)}
"""Parts that a source makes, by how long the chain is."""
GROWN_LINES = {10: size(4000, 200), 100: size(1000, 100), 1000: size(200, 60)}
"""Lots that a line takes, by its machines."""


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


def test_chain_against_ciw(benchmark: Any, figures: Figures) -> None:
    services, arrival = [service / NANOSECONDS for service in SERVICE], ARRIVAL / NANOSECONDS
    build_chain(200).run()
    contenders = {"ciw": lambda: CiwChain(services, arrival, PLACES, CIW_PARTS).run, "candidate": lambda: build_chain(CIW_PARTS).run}
    times = interleave(benchmark, contenders, rounds=5)
    (passed, last), (ours, ours_last) = times.results["ciw"].passed, times.results["candidate"].passed
    assert (passed, last) == (ours, ours_last / NANOSECONDS) == (CIW_PARTS, last)
    figures.beside("chain_times_faster_than_ciw", times.ratio("ciw", "candidate"))
    figures.beside("ciw_us_a_visit", 1e6 * times.median("ciw") / (CIW_PARTS * STATIONS), "us")


def test_growth_of_a_chain(benchmark: Any, figures: Figures) -> None:
    """What a visit costs while a chain works: each station has a part before it at the start."""
    build_chain(200, filled=1).run()
    contenders = {f"n{count}": lambda count=count, parts=parts: build_chain(parts, count, filled=1).run for count, parts in GROWN.items()}
    times = interleave(benchmark, contenders, rounds=7)
    visits = {count: times.results[f"n{count}"].visits for count in GROWN}
    for count in (100, 1000):
        assert visits[count] > 0.7 * count * GROWN[count]
        ratio = times.median_of(lambda count=count, **seconds: (seconds[f"n{count}"] / visits[count]) / (seconds["n10"] / visits[10]))
        figures.beside(f"chain_cost_a_visit_of_{count}_stations_over_10", ratio)
        figures.beside(f"chain_visits_of_{count}_stations", visits[count])


def test_growth_of_an_empty_chain(benchmark: Any, figures: Figures) -> None:
    """The same from empty bunkers until the last part has left: while a chain fills and drains, many stations wait for one another."""
    parts = {10: size(3000, 300), 100: size(300, 30)}
    contenders = {f"n{count}": lambda count=count: build_chain(parts[count], count).run for count in parts}
    times = interleave(benchmark, contenders, rounds=3)
    assert all(times.results[f"n{count}"].passed[0] == parts[count] for count in parts)
    figures.beside("chain_from_empty_cost_a_visit_of_100_stations_over_10", times.ratio("n100", "n10"))


def test_growth_of_a_line(benchmark: Any, figures: Figures) -> None:
    """What a machine costs for a lot, on lines of more and more separators: the whole of a run, with accounts."""
    scenarios = {count: twin.load(line_of_separators(lots, count)) for count, lots in GROWN_LINES.items()}
    for scenario in scenarios.values():
        prepared(scenario.change({"time.horizon": "1000 s"}))()()
    times = interleave(benchmark, {f"n{count}": prepared(scenario) for count, scenario in scenarios.items()}, rounds=5)
    visits = {count: count * sum(line.record.lots for line in times.results[f"n{count}"].built.lines) for count in scenarios}
    for count in (100, 1000):
        assert visits[count] > 0
        ratio = times.median_of(lambda count=count, **seconds: (seconds[f"n{count}"] / visits[count]) / (seconds["n10"] / visits[10]))
        figures.beside(f"line_cost_a_machine_visit_of_{count}_machines_over_10", ratio)
    figures.beside("line_us_a_machine_visit_of_10_machines", 1e6 * times.median("n10") / visits[10], "us")
