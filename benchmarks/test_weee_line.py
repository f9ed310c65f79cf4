"""The WEEE line, thirty days in lots of 100 kg, against the same plant by hand in SimPy and NumPy."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from figures import Figures
from interleaved import interleave
from peers.weee_numpy import Plant
from plant_run import prepared
from weee import frozen, without_stops

pytestmark = pytest.mark.benchmark(timer=time.process_time)
EQUAL = 1e-9


def test_weee_line_against_simpy_and_numpy(benchmark: Any, figures: Figures) -> None:
    warm, scenario = without_stops("1 d"), without_stops()
    for remember in (True, False):
        Plant(frozen(warm), remember).run()
    prepared(warm)()()
    plant = frozen(scenario)
    contenders = {"remembering": lambda: Plant(plant, remember=True).run, "peer": lambda: Plant(plant).run, "candidate": prepared(scenario)}
    times = interleave(benchmark, contenders, rounds=3)
    simulation, peer = times.results["candidate"], times.results["peer"]
    worst = 0.0
    for name, account in simulation.built.site.accounts.items():
        difference = np.abs(account.taken - peer.products[name]).max() / account.taken.sum()
        worst = max(worst, float(difference))
    lines = simulation.built.lines
    lots = sum(line.record.lots for line in lines)
    figures.figure("weee_times_faster_than_simpy_and_numpy", times.ratio("peer", "candidate"), at_least=10.0)
    figures.beside("weee_times_faster_than_a_peer_that_remembers_the_last_lot", times.ratio("remembering", "candidate"))
    figures.beside("weee_line_visits", lots)
    figures.beside("weee_machine_visits", sum(line.record.lots * len(line.machines) for line in lines))
    figures.beside("weee_product_masses_differ_by_at_most", worst)
    figures.beside("weee_us_a_visit", 1e6 * times.median("candidate") / lots, "us")
    figures.beside("weee_peer_us_a_visit", 1e6 * times.median("peer") / lots, "us")
    assert lots == peer.lots
    assert worst <= EQUAL
