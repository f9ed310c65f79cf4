"""Crews: priorities, pre-emption, shifts, patience, choices and loading, against closed forms, integrated chains and a queue written by hand."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import arrival_gaps, departures, draws, scenario

import twin
from twin.cli import main
from twin.errors import ScenarioError
from twin.scenario.distributions import exponential

HOUR = 3600 * 10**9
MINUTE = 60 * 10**9


def truck(every: Any, time: Any, needs: Any = "bridge", priority: int | None = None, **feed: Any) -> dict[str, Any]:
    """A feed whose trucks need somebody; distributions by their mean in minutes."""
    unload = {"time": _minutes(time), "needs": needs, **({"priority": priority} if priority is not None else {})}
    return {"kind": "feed", "every": _minutes(every), "mass": "1 t", "composition": {"part": 1}, "unload": unload, **feed}


def _minutes(value: Any) -> Any:
    return {"exponential": {"mean": f"{value} min"}} if isinstance(value, (int, float)) else value


def plant(feeds: dict[str, Any], horizon: str, resources: dict[str, Any], **top: Any) -> twin.Scenario:
    """Each feed fills a bunker of its own that is never full."""
    units: dict[str, Any] = {}
    for name, feed in feeds.items():
        units[name] = feed
        units[f"hall_{name}"] = {"kind": "bunker", "from": name, "capacity": "10 Mt"}
        units[f"out_{name}"] = {"kind": "product", "from": f"hall_{name}"}
    return scenario(units, horizon, **{"record": {"every": "1 d"}, "lot": "1 t", "resources": resources, **top})


def means(model: twin.Scenario, names: tuple[str, ...], runs: int) -> list[tuple[float, float]]:
    """(mean, standard error) of key figures over replications."""
    found = [[twin.run(model, replication=k).kpis[name].value for name in names] for k in range(runs)]
    return [(float(np.mean(own)), float(np.std(own, ddof=1)) / runs**0.5) for own in np.transpose(found)]


def two_classes(preempt: str | None, horizon: str = "60 d", **top: Any) -> twin.Scenario:
    feeds = {"urgent": truck(60, 12, priority=1), "regular": truck(20, 12)}
    bridge: dict[str, Any] = {"count": 1, **({"preempt": preempt} if preempt else {})}
    return plant(feeds, horizon, {"bridge": bridge}, time={"horizon": horizon, "warmup": "2 d"}, **top)


# -- closed forms ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("preempt", "expected"), [(None, (720, 3600)), ("resume", (180, 3780))])
def test_two_classes_wait_as_cobham_says(preempt: str | None, expected: tuple[int, int]) -> None:
    """M/M/1, .2 urgent and .6 regular, 12 min each. Not interrupted: 12 and 60 min. Pre-emptive resume: 15 and 75 min in the system, 3 and 63 of waiting."""
    found = means(two_classes(preempt), ("wait.urgent", "wait.regular"), 8)
    for (value, error), right, other in zip(found, expected, (2880, 2880), strict=True):
        assert abs(value - right) < 4 * error
        assert abs(other - right) > 6 * error or right == expected[1]  # one queue for both would be seen
    assert found[0][1] < 40


def chain(arrival: float, service: float, leaving: Any, places: int = 200) -> float:
    """Share that leaves of a birth-death chain with rates in 1/min; ``leaving(n)``: rate at which those n in the system leave unserved."""
    weights = [1.0]
    for n in range(1, places):
        weights.append(weights[-1] * arrival / (service + leaving(n)))
    return sum(w * leaving(n) for n, w in enumerate(weights)) / (arrival * sum(weights))


def test_trucks_lose_patience_as_the_chain_says() -> None:
    """One unloads, the others lose patience: 23.19 %. Were the one who unloads impatient too it were more, were only the first so it were less."""
    right = chain(1 / 12, 1 / 10, lambda n: max(0, n - 1) / 30)
    assert right == pytest.approx(0.2319, abs=5e-5)
    model = plant({"trucks": truck(12, 10, patience={"exponential": {"mean": "30 min"}})}, "60 d", {"bridge": 1})
    found = means(model, ("turned_away_share.trucks", "left_share.trucks", "wait.trucks"), 8)
    assert found[0] == found[1]
    value, error = found[0]
    assert abs(value - right) < 4 * error < 0.016
    for wrong in (chain(1 / 12, 1 / 10, lambda n: n / 30), chain(1 / 12, 1 / 10, lambda n: min(1, max(0, n - 1)) / 30)):
        assert abs(value - wrong) > 0.02
    wait, spread = found[2]
    assert abs(wait - right * 1800) < 4 * spread  # who leaves at 1/30 each minute waited in the mean: share times 30 min (Little)


# -- pathwise ----------------------------------------------------------------------------------------------------------------------------


class Bridge:
    """A queue written by hand: ``servers`` equal ones; jobs (came, rank, gate, patience) in ns, the higher rank first, then who came first.

    ``service(gate)`` draws how long a job takes, when it first begins.
    """

    def __init__(self, jobs: list[Job], servers: int, preempt: str, between: int, service: Callable[[int], int]) -> None:
        self.jobs, self.free, self.preempt, self.between, self.service = jobs, servers, preempt, between, service
        self.left: dict[int, int] = {}
        self.whole: dict[int, int] = {}
        self.waiting: list[int] = []
        self.working: list[int] = []  # in order of beginning
        self.begun: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.gone: dict[int, int] = {}
        self.events = [(job[0], COMES, k) for k, job in enumerate(jobs)]
        heapq.heapify(self.events)

    def run(self) -> None:
        while self.events:
            now, what, k = heapq.heappop(self.events)
            if what == ENDS and k in self.working and self.begun[k] + self.left[k] == now:
                self.working.remove(k)
                self.ends[k] = now
                heapq.heappush(self.events, (now + self.between, RESTED, k))
            elif what == RESTED:
                self.free += 1
            elif what == COMES:
                self.waiting.append(k)
                if self.jobs[k][3]:
                    heapq.heappush(self.events, (now + self.jobs[k][3], LEAVES, k))
            elif what == LEAVES and k in self.waiting and k not in self.begun:
                self.waiting.remove(k)
                self.gone[k] = now
            while self.serves_one(now):
                pass

    def serves_one(self, now: int) -> bool:
        if not self.waiting:
            return False
        first = min(self.waiting, key=lambda k: (-self.jobs[k][1], self.jobs[k][0], self.jobs[k][2]))
        if not self.free and not self.interrupts(self.jobs[first][1], now):
            return False
        self.waiting.remove(first)
        self.free -= 1
        if first not in self.left:
            self.left[first] = self.whole[first] = self.service(self.jobs[first][2])
        self.working.append(first)
        self.begun[first] = now
        heapq.heappush(self.events, (now + self.left[first], ENDS, first))
        return True

    def interrupts(self, rank: int, now: int) -> bool:
        lower = [k for k in self.working if self.jobs[k][1] < rank and self.begun[k] + self.left[k] > now] if self.preempt else []
        if not lower:
            return False
        out = min(lower, key=lambda k: (self.jobs[k][1], -self.working.index(k)))
        self.working.remove(out)
        self.left[out] = self.whole[out] if self.preempt == "repeat" else self.left[out] - (now - self.begun[out])
        self.waiting.append(out)
        self.free += 1
        return True


ENDS, RESTED, COMES, LEAVES = range(4)
Job = tuple[int, int, int, int]
GATES = {"small": (60, 1), "large": (30, 0), "vans": (40, -1)}
"""Minutes between trucks, and priority."""


def jobs_of(patience: int, count: int) -> list[Job]:
    """The trucks of all gates, as the plant draws them."""
    found: list[Job] = []
    for place, (name, (every, rank)) in enumerate(GATES.items()):
        came = np.cumsum(arrival_gaps(name, exponential(every * 60.0, "s"), count)).tolist()
        deadlines = draws(name, "patience", exponential(patience * 60.0, "s"), count) if patience else [0] * count
        found += [(moment, rank, place, deadline) for moment, deadline in zip(came, deadlines, strict=True)]
    return found


@pytest.mark.parametrize(
    ("servers", "preempt", "between", "patience"),
    [(1, "", 0, 0), (1, "resume", 0, 0), (1, "repeat", 0, 0), (2, "resume", 0, 40), (2, "", 3, 0), (1, "resume", 2, 25), (3, "repeat", 1, 90)],
)
def test_trucks_are_served_when_a_queue_written_by_hand_says(servers: int, preempt: str, between: int, patience: int) -> None:
    """Three kinds of trucks before one bridge: each end of unloading to the nanosecond, and who leaves."""
    mean = 12 * servers
    bridge: dict[str, Any] = {"count": servers, **({"preempt": preempt} if preempt else {}), **({"between": f"{between} min"} if between else {})}
    more = {"patience": {"exponential": {"mean": f"{patience} min"}}} if patience else {}
    feeds = {name: truck(every, mean, priority=rank, **more) for name, (every, rank) in GATES.items()}
    result = twin.run(plant(feeds, "20 d", {"bridge": bridge}, record={"every": "1 d", "genealogy": True}))
    horizon, lengths = 20 * 24 * HOUR, [iter(draws(name, "unload", exponential(mean * 60.0, "s"), 1500)) for name in GATES]
    by_hand = Bridge(jobs_of(patience, 1200), servers, preempt, between * MINUTE, lambda gate: next(lengths[gate]))
    by_hand.run()
    for place, name in enumerate(GATES):
        ends = sorted(end for k, end in by_hand.ends.items() if by_hand.jobs[k][2] == place and end < horizon)
        assert departures(result, name) == ends
        assert len(ends) > 150
    left = [end for end in by_hand.gone.values() if end < horizon]
    assert result.array("gates/left").sum() == len(left)
    assert (len(left) > 30) == bool(patience)
