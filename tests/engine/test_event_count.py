"""An event only when someone must wait: events a visit in a chain where everyone always waits for the slowest."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from chain import SERVICE, build_chain, plant_of_separators

import twin

MOST_EVENTS = 2.3


def test_chain_of_stations_on_the_bare_engine() -> None:
    chain = build_chain(500).run()
    assert chain.passed[0] == 500
    assert chain.events_a_visit <= MOST_EVENTS


def test_chain_runs_at_the_pace_of_its_slowest_station() -> None:
    """Once the bunkers before it are full, a part passes the slowest station as often as it can work."""
    early, late = build_chain(300).run(), build_chain(500).run()
    assert late.passed[1] - early.passed[1] == 200 * max(SERVICE)


def test_chain_of_separators_in_a_plant() -> None:
    result = twin.run(twin.load(plant_of_separators(300)))
    visits = result.attrs["lots"]
    assert visits > 2500
    assert result.attrs["events"] / visits <= MOST_EVENTS
