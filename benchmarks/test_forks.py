"""What it costs to put a plant back into a state and let it run on: members of an ensemble, from one state, in one process."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from figures import Figures
from size import size
from weee import with_stops

import twin

pytestmark = pytest.mark.benchmark(timer=time.process_time)

MEMBERS, AHEAD = size(100, 4), 900.0
CORES = 2
"""Members do not know each other: each of two cores takes half of them."""


def test_members_put_back_and_advanced(benchmark: Any, figures: Figures) -> None:
    """A hundred members of the WEEE line with all stops, each put back and advanced by 15 min; and what a ``set`` and a ``state`` alone take."""
    plant = twin.Plant(with_stops())
    plant.run(size(5, 0) * 86400.0 + 7.3 * 3600.0)  # in a shift
    states = []
    start = plant.state()
    for member in range(MEMBERS):
        plant.set(start)
        plant.fork(member, redraw=True)
        states.append(plant.state())

    def advance() -> None:
        for place, state in enumerate(states):
            plant.set(state)
            plant.run(state.time + AHEAD)
            kept[place] = plant.state()

    kept = list(states)
    benchmark.pedantic(advance, rounds=size(5, 1), warmup_rounds=1)
    seconds = benchmark.stats.stats.median
    figures.figure("members_times_faster_than_real_time_on_two_cores", AHEAD / (seconds / CORES), at_least=3000.0)
    alone = {}
    for name, call in (("set", lambda: plant.set(start)), ("state", plant.state)):
        times = []
        for _ in range(size(100, 3)):
            began = time.process_time()
            call()
            times.append(time.process_time() - began)
        alone[name] = 1e3 * float(np.median(times))
    figures.figure("plant_set_ms", alone["set"], at_most=1.0)
    figures.beside("plant_state_ms", alone["state"], "ms")
