"""The WEEE line, thirty days in lots of 100 kg, against the same plant by hand: in SimPy and NumPy, with compiled lines, and in salabim."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from figures import Figures
from frozen.plant import WeeePlant
from interleaved import interleave
from peers.weee_compiled import CompiledPlant
from peers.weee_numpy import Plant
from peers.weee_salabim import SalabimPlant
from plant_run import prepared
from size import size
from weee import without_stops

import twin

pytestmark = pytest.mark.benchmark(timer=time.process_time)
EQUAL = 1e-9


def test_weee_line_against_peers_by_hand(benchmark: Any, figures: Figures) -> None:
    warm, scenario = without_stops("4 h"), without_stops(size("30 d", "6 h"))
    plant = frozen(warm)
    for peer in (Plant(plant), Plant(plant, remember=True), CompiledPlant(plant), SalabimPlant(plant)):
        peer.run()
    prepared(warm)()()
    plant = frozen(scenario)
    contenders = {
        "remembering": lambda: Plant(plant, remember=True).run,
        "numpy": lambda: Plant(plant).run,
        "compiled": lambda: CompiledPlant(plant).run,
        "salabim": lambda: SalabimPlant(plant).run,
        "candidate": prepared(scenario),
    }
    times = interleave(benchmark, contenders, rounds=3)
    simulation = times.results["candidate"]
    ours = {name: account.taken for name, account in simulation.built.site.accounts.items()}
    lines = simulation.built.lines
    lots = sum(line.record.lots for line in lines)
    figures.figure("weee_times_faster_than_simpy_and_numpy", times.ratio("numpy", "candidate"), at_least=10.0)
    figures.figure("weee_times_faster_than_salabim", times.ratio("salabim", "candidate"), at_least=10.0)
    figures.beside("weee_times_faster_than_simpy_and_a_compiled_call_a_lot", times.ratio("compiled", "candidate"))
    figures.beside("weee_times_faster_than_a_peer_that_remembers_the_last_lot", times.ratio("remembering", "candidate"))
    figures.beside("weee_line_visits", lots)
    figures.beside("weee_machine_visits", sum(line.record.lots * len(line.machines) for line in lines))
    figures.beside("weee_us_a_visit", 1e6 * times.median("candidate") / lots, "us")
    figures.beside("weee_peer_us_a_visit", 1e6 * times.median("numpy") / lots, "us")
    figures.beside("weee_compiled_peer_us_a_visit", 1e6 * times.median("compiled") / lots, "us")
    figures.beside("weee_salabim_us_a_visit", 1e6 * times.median("salabim") / lots, "us")
    worst = {name: difference(ours, times.results[name].products) for name in contenders if name != "candidate"}
    figures.beside("weee_product_masses_differ_by_at_most", max(worst.values()))
    assert {name: times.results[name].lots for name in worst} == dict.fromkeys(worst, lots)
    assert max(worst.values()) <= EQUAL, worst
    assert difference(times.results["numpy"].products, times.results["salabim"].products) <= EQUAL


def frozen(scenario: twin.Scenario) -> WeeePlant:
    """The frozen plant for as long as the scenario and with its deliveries."""
    return WeeePlant(scenario.files["deliveries.csv"], scenario.horizon)


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    """The largest difference of a material's mass in a product, over the product's mass."""
    assert ours.keys() == theirs.keys()
    return max(float(np.abs(masses - theirs[name]).max() / masses.sum()) if masses.any() else float(theirs[name].sum()) for name, masses in ours.items())
