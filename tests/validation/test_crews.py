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


@pytest.mark.sampled(1)
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


@pytest.mark.soak
def test_trucks_turn_at_the_sight_of_the_queue_as_the_chain_says() -> None:
    """None turns where nobody waits, half where one waits, all where two do: an M/M/1 with fewer births in the states 2, 3."""
    born = [1.0, 1.0, 0.5, 0.0]  # with 0, 1, 2, 3 in the system; the one who unloads does not wait
    weights = np.cumprod([1.0, *(0.8 * b for b in born[:3])])
    right = float((weights * (1 - np.array(born))).sum() / weights.sum())
    model = plant({"trucks": truck(15, 12, balk=["0 %", "50 %", "100 %"])}, "120 d", {"bridge": 1})
    [(value, error)] = means(model, ("turned_away_share.trucks",), 8)
    assert abs(value - right) < 4 * error < 0.012
    notes = [what for _, _, what in _events(twin.run(model))]
    assert any("turned at the sight of the queue, 2 wait (balk)" in note for note in notes)


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


@pytest.mark.sampled(4)
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


# -- by shift ----------------------------------------------------------------------------------------------------------------------------

SHIFTS = {"day": {"daily": ["06:00-14:00"]}, "evening": {"daily": ["06:00-22:00"]}}
MOST = 90
"""Trucks at most in the integrated chain."""


def crew_at(hour: int) -> int:
    return 3 if 6 <= hour < 14 else 1 if 6 <= hour < 22 else 0


def generator(crew: int) -> np.ndarray:
    """Rates 1/h between (n in the system, b of them at work): one comes and one is done an hour; who is too many for the shift finishes."""
    rates = np.zeros((MOST + 1, 4, MOST + 1, 4))
    for n in range(MOST + 1):
        for b in range(min(n, 3) + 1):
            if n < MOST:
                rates[n, b, n + 1, b + 1 if b < crew else b] += 1.0
            if b:
                rates[n, b, n - 1, min(n - 1, b) if b <= crew else b - 1] += b
    matrix = rates.reshape(4 * (MOST + 1), -1)
    return np.asarray(matrix - np.diag(matrix.sum(axis=1)))


def reassigned(p: np.ndarray, crew: int, suspend: bool) -> np.ndarray:
    """A shift begins: more begin at once; fewer are sent away, or go on."""
    found = np.zeros_like(p)
    for n in range(MOST + 1):
        for b in range(min(n, 3) + 1):
            found[n, min(n, crew) if suspend or b < crew else b] += p[n, b]
    return found


def integrated(suspend: bool) -> np.ndarray:
    """(waiting, at work) in the mean of each hour of the day, in the long run: the birth-death equations by minutes."""
    from scipy.linalg import expm

    minute = {crew: expm(generator(crew) / 60.0) for crew in (0, 1, 3)}
    p = np.zeros((MOST + 1, 4))
    p[0, 0] = 1.0
    n, b = np.meshgrid(np.arange(MOST + 1), np.arange(4), indexing="ij")
    hours = np.zeros((24, 2))
    for _ in range(25):
        for hour in range(24):
            p = reassigned(p, crew_at(hour), suspend)
            hours[hour] = 0.0
            for _ in range(60):
                after = (p.reshape(-1) @ minute[crew_at(hour)]).reshape(p.shape)
                mean = (p + after) / 2
                hours[hour] += np.array([(mean * (n - b)).sum(), (mean * b).sum()]) / 60
                p = after
    return hours


@pytest.mark.sampled(1)
@pytest.mark.parametrize("when_fewer", ["finish", "suspend"])
def test_a_crew_by_shift_keeps_up_as_the_integrated_chain_says(when_fewer: str) -> None:
    """Three by day, one in the evening, none at night; trucks come round the clock. Each hour of the day, against the other rule too."""
    right, other = integrated(when_fewer == "suspend"), integrated(when_fewer != "suspend")
    crew = {"count": {"day": 3, "evening": 1}, "when_fewer": when_fewer}
    model = plant({"trucks": truck(60, 60, "crew")}, "130 d", {"crew": crew}, calendars=SHIFTS, record={"every": "1 h"})
    found = []
    for k in range(10):
        result = twin.run(model, replication=k)
        gate = list(result.array("gate")).index("trucks")
        both = np.stack([result.array("gates/queue")[:, gate], result.array("gates/unloading")[:, gate]], axis=1)
        found.append(both.reshape(130, 24, 2)[10:].mean(axis=0))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / len(found) ** 0.5
    assert np.all(np.abs(mean - right) < 5 * error + 1e-9)
    assert np.max(np.abs(mean - other) / np.maximum(error, 1e-3)) > 15


def machines(count: int, **machine: Any) -> dict[str, Any]:
    """Machines that take 1 t in an hour from a yard that is never empty."""
    units: dict[str, Any] = {"yard": {"kind": "bunker", "capacity": "10 kt", "initial": {"mass": "9 kt", "composition": {"part": 1}}}}
    for k in range(count):
        units[f"m{k}"] = {"kind": "splitter", "from": "yard", "cycle_time": "1 h", "shares": {"out": 1}, **machine}
    units["out"] = {"kind": "product", "from": [f"m{k}" for k in range(count)]}
    return units


def works(count: int, crew: Any, horizon: str = "5 d", **more: Any) -> twin.Scenario:
    start = {"time": {"start": "2026-01-05T06:00", "horizon": horizon}, "calendars": SHIFTS, "record": {"every": "1 h"}, "lot": "1 t"}
    return scenario(machines(count, needs="crew"), horizon, **{**start, "resources": {"crew": crew}, **more})


@pytest.mark.parametrize("when_fewer", ["finish", "suspend"])
def test_three_by_day_and_one_in_the_evening_do_32_jobs_of_an_hour(when_fewer: str) -> None:
    result = twin.run(works(4, {"count": {"day": 3, "evening": 1}, "when_fewer": when_fewer}))
    assert result.kpis["product_mass.out"].value == pytest.approx(5 * 32e3)
    assert result.array("resources/grants").sum() == 5 * 32
    assert result.array("resources/available").reshape(5, 24).tolist() == [[3.0] * 8 + [1.0] * 8 + [0.0] * 8] * 5
    assert result.kpis["resource_load.crew"].value == pytest.approx(1)


def test_who_began_finishes_or_is_sent_home() -> None:
    """Jobs of 90 min from six on: at 22:00 the one job is half done; it is finished, or goes on at six."""
    slow = {f"units.m{k}.cycle_time": "90 min" for k in range(4)}
    finish = twin.run(works(4, {"count": {"day": 3, "evening": 1}}, "1 d").change(slow)).array("resources/in_use")[:, 0]
    suspend = twin.run(works(4, {"count": {"day": 3, "evening": 1}, "when_fewer": "suspend"}, "1 d").change(slow)).array("resources/in_use")[:, 0]
    assert finish.tolist() == [3.0] * 9 + [1.0] * 7 + [0.5] + [0.0] * 7  # the three of half past one finish at three, the last one at half past ten
    assert suspend.tolist() == [3.0] * 8 + [1.0] * 8 + [0.0] * 8


def test_events_change_how_many_there_are() -> None:
    crew = {"count": 2, "when_fewer": "suspend"}
    events = [{"at": "10 h", "set": {"resources.crew.count": 1}}, {"at": "20.5 h", "set": {"resources.crew.count": 4}},
              {"at": "30 h", "set": {"resources.crew.count": {"day": 3}}}, {"at": "40 h", "set": {"resources.crew.count.evening": 1}}]  # fmt: skip
    result = twin.run(works(5, crew, "60 h", events=events))
    expected = [2.0] * 10 + [1.0] * 10 + [2.5] + [4.0] * 9 + [3.0] * 2 + [0.0] * 16 + [3.0] * 8 + [1.0] * 4  # from 06:00 on
    assert result.array("resources/available")[:, 0].tolist() == expected
    assert result.array("resources/in_use")[:, 0].tolist() == expected
    assert next(str(what) for what in result.array("events/what")) == "resources.crew.count = 1"


# -- loading -----------------------------------------------------------------------------------------------------------------------------


def yards(pickup: dict[str, Any]) -> twin.Scenario:
    """Two yards and one loader, a truck each hour to each yard at the same minute, and pick-ups from one."""
    units: dict[str, Any] = {name: truck({"constant": "60 min"}, {"constant": "10 min"}, "loader") for name in ("a", "b")}
    units |= {f"y{name}": {"kind": "bunker", "from": name, "capacity": "10 kt"} for name in ("a", "b")}
    units |= {"pa": {"kind": "product", "from": "ya", "pickup": pickup}, "pb": {"kind": "product", "from": "yb"}}
    return scenario(units, "10 d", resources={"loader": 1}, record={"every": "1 h"}, lot="1 t")


def test_one_loader_unloads_and_loads() -> None:
    """A pick-up in four hours, at the minute at which two trucks come: the loader serves it after both, 10 + 10 + 20 min."""
    pickup = {"every": "4 h", "mass": "4 t", "time": "20 min", "needs": "loader"}
    result = twin.run(yards(pickup))
    values = {name: kpi.value for name, kpi in result.kpis.items()}
    assert [values[f"wait.{name}"] for name in ("a", "b")] == pytest.approx([0, 600])
    assert values["pickup_wait.pa"] == pytest.approx(1200)
    assert values["product_mass.pa"] == pytest.approx(59 * 4000)  # at 0 h and at the end none comes
    assert values["resource_load.loader"] == pytest.approx((2 * 239 * 10 + 59 * 20) / (240 * 60))
    assert values["loading.pa"] == pytest.approx(59 * 20 / (240 * 60))
    assert "pa waiting for loader" in [str(name) for name in result.array("cause")]
    urgent = twin.run(yards({**pickup, "priority": 1})).kpis
    assert urgent["pickup_wait.pa"].value == pytest.approx(600)  # a is on the ramp already, being declared first
    assert urgent["wait.b"].value == pytest.approx(600 + 59 / 239 * 1200)


def test_a_truck_looks_what_is_there_when_its_turn_comes() -> None:
    """Two come for the last 4 t while the loader is busy: the first takes all, the second has waited for nothing and leaves empty."""
    pickup = {"every": "10 h", "mass": "4 t", "time": "30 min", "needs": "loader"}
    units: dict[str, Any] = {"trucks": truck({"constant": "1 h"}, {"constant": "10 min"}, "loader", first="10 h", limit=1)}
    units |= {"bay": {"kind": "bunker", "from": "trucks", "capacity": "9 t"}, "rest": {"kind": "product", "from": "bay"}}
    units["yard"] = {"kind": "bunker", "capacity": "9 t", "initial": {"mass": "4 t", "composition": {"part": 1}}}
    units |= {name: {"kind": "product", "from": "yard", "pickup": pickup} for name in ("one", "two")}
    result = twin.run(scenario(units, "15 h", resources={"loader": 1}))
    values = [result.kpis[f"{key}.{name}"].value for key in ("pickup_wait", "loading", "product_mass", "empty_pickup_share") for name in ("one", "two")]
    assert values == pytest.approx([600, 2400, 0.5 / 15, 0, 4000, 0, 0, 1])
    assert result.kpis["resource_load.loader"].value == pytest.approx(40 / 60 / 15)
    assert result.array("resources/grants").sum() == 2


# -- one of several, skills, what is interrupted -----------------------------------------------------------------------------------------


def test_one_of_several_hands_over_at_the_end_of_the_shift() -> None:
    """Lots of 5 h; two crews from 6 to 14 and from 14 to 22. Either will do: 16 h of work a day, where one alone gives 8, and both together none."""
    crews = {"early": {"count": 1, "calendar": "early"}, "late": {"count": 1, "calendar": "late"}}
    top = {"calendars": {"early": {"daily": ["06:00-14:00"]}, "late": {"daily": ["14:00-22:00"]}}, "resources": crews, "lot": "1 t", "record": {"every": "1 h"}}
    model = scenario(machines(1, needs={"any_of": ["early", "late"]}, cycle_time="5 h"), "5 d", **top)
    result = twin.run(model)
    hours = result.array("resources/in_use").reshape(5, 24, 2)
    assert hours[:, :, 0].tolist() == [[0.0] * 6 + [1.0] * 8 + [0.0] * 10] * 5
    assert hours[:, :, 1].tolist() == [[0.0] * 14 + [1.0] * 8 + [0.0] * 2] * 5
    assert result.kpis["product_mass.out"].value == 16e3
    with pytest.raises(ScenarioError, match="never open at the same time"):
        twin.run(model.change({"units.m0.needs": ["early", "late"]}))
    only = twin.run(model.change({"units.m0.needs": {"any_of": ["early", "late"]}, "resources.late.calendar": "early"}))
    assert only.kpis["product_mass.out"].value == 8e3


def test_who_has_the_skill_is_taken() -> None:
    """Anna welds and repairs, Ben repairs: of two repairs at once each has one, and a weld waits for Anna only."""
    people = {"anna": {"count": 1, "skills": ["mechanic", "welder"]}, "ben": {"count": 1, "skills": ["mechanic"]}}
    units = machines(3)
    needs: list[Any] = [{"skill": "mechanic"}, {"skill": "mechanic"}, {"skill": "welder"}]
    for k, need in enumerate(needs):
        units[f"m{k}"] |= {"failures": {"mtbf": {"constant": "10 h"}, "mttr": {"constant": "2 h"}}, "repair": {"needs": need}}
    result = twin.run(scenario(units, "15 h", resources=people, record={"every": "1 h"}, lot="1 t"))
    assert list(result.array("resource")) == ["anna", "ben"]
    assert result.array("resources/in_use")[9:].tolist() == [[0, 0], [1, 1], [1, 1], [1, 0], [1, 0], [0, 0]]
    both = {"units.m0.repair.needs": [{"skill": "mechanic"}, "anna"]}
    result = twin.run(scenario(units, "15 h", resources=people, record={"every": "1 h"}, lot="1 t").change(both))
    assert result.array("resources/in_use")[10:].tolist() == [[1, 1], [1, 1], [1, 0], [1, 0], [1, 0]]  # then m1, which takes Anna as the first, and m2


@pytest.mark.parametrize(("preempt", "ends"), [("resume", 13.0), ("repeat", 14.0)])
def test_an_interrupted_repair_goes_on_or_starts_again(preempt: str, ends: float) -> None:
    """A repair of 3 h from 9:00 on; from 10:00 on an urgent one of 1 h has the fitter."""
    units = machines(2)
    units["m0"] |= {"failures": {"mtbf": {"constant": "9 h"}, "mttr": {"constant": "3 h"}}, "repair": {"needs": "fitter"}}
    units["m1"] |= {"failures": {"mtbf": {"constant": "10 h"}, "mttr": {"constant": "1 h"}}, "repair": {"needs": "fitter", "priority": 5}}
    result = twin.run(scenario(units, "18 h", resources={"fitter": {"count": 1, "preempt": preempt}}, record={"every": "1 h"}, lot="1 t"))
    repaired = [(str(unit), float(t) / HOUR) for t, unit, what in _events(result) if what == "repaired"]
    assert repaired == [("m1.breakdown", 11.0), ("m0.breakdown", ends)]
    assert result.kpis["repair_wait.m0"].value == pytest.approx(1 / 18)


def _events(result: twin.Result) -> list[tuple[Any, str, str]]:
    return [(t, str(u), str(w)) for t, u, w in zip(*(result.array(f"events/{key}") for key in ("event_time", "event_unit", "what")), strict=True)]


@pytest.mark.parametrize("preempt", ["resume", "repeat"])
def test_an_interrupted_line_never_works_a_lot_twice(preempt: str) -> None:
    """A line that takes 1 h a lot loses its operator for 20 min of every two hours: 5/6 of its lots, and what is recorded is what flowed."""
    units = machines(1, needs="operator") | {"trucks": truck({"constant": "2 h"}, {"constant": "20 min"}, "operator", 1)}
    units |= {"hall": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"}, "rest": {"kind": "product", "from": "hall"}}
    top = {"resources": {"operator": {"count": 1, "preempt": preempt}}, "lot": "1 t", "record": {"every": "1 h"}}
    result = twin.run(scenario(units, "24 h", **top))
    flow = result.array("streams/mass_flow")[:, list(result.array("stream")).index("m0.out"), 0].sum() * 3600
    assert flow == pytest.approx(1000 * (24 - 11 / 3))
    assert result.kpis["wait.trucks"].value == 0
    assert result.kpis["resource_load.operator"].value == pytest.approx(1)


def test_a_line_goes_on_where_it_was_after_a_suspension() -> None:
    """Two lines, from ten on for one: the second, which began last, is sent away and goes on as soon as the first is done, before a third that waits."""
    units = machines(3, needs="crew", cycle_time="3 h")
    events = [{"at": "1 h", "set": {"resources.crew.count": 1}}]
    top = {"resources": {"crew": {"count": 2, "when_fewer": "suspend"}}, "events": events, "lot": "1 t", "record": {"every": "1 h"}}
    result = twin.run(scenario(units, "6 h", **top))
    shares, names = result.array("units/state_share"), list(result.array("unit"))
    running = [shares[:, names.index(f"m{k}"), -1].tolist() for k in range(3)]
    assert running == [[1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1]]


def test_a_line_and_its_repair_may_need_the_same_operator() -> None:
    """Repaired at 1:10, the line waits for an operator whom a truck has until 4:10; it fails again at 2:10, and its repair stands behind it: no deadlock."""
    failing = {"failures": {"mtbf": {"constant": "1 h"}, "mttr": {"constant": "10 min"}, "clock": "calendar"}, "repair": {"needs": "operator"}}
    units = machines(1, needs="operator", cycle_time="10 h", **failing)
    units["trucks"] = truck({"constant": "1 h"}, {"constant": "3 h"}, "operator", first="65 min", limit=1)
    units |= {"hall": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"}, "rest": {"kind": "product", "from": "hall"}}
    result = twin.run(scenario(units, "5 h", resources={"operator": 1}, lot="1 t"))
    assert [float(t) / MINUTE for t, _, what in _events(result) if what == "repaired"] == [70, 260]


# -- saved and resumed, and what is said -------------------------------------------------------------------------------------------------


def all_rules() -> twin.Scenario:
    """Every rule at once, with many ties."""
    crew = {"count": {"day": 2, "evening": 1}, "when_fewer": "suspend", "preempt": "resume", "skills": ["loader"]}
    resources = {"crew": crew, "bridge": {"count": 1, "preempt": "repeat", "between": "5 min"}, "boss": {"count": 1, "calendar": "day", "skills": ["loader"]}}
    patient = {"patience": {"exponential": {"mean": "40 min"}}, "queue_limit": 9}
    units: dict[str, Any] = {
        "red": truck(25, {"constant": "10 min"}, ["bridge", {"skill": "loader"}], 1, **patient),
        "blue": truck({"constant": "30 min"}, 20, "bridge", **patient),
        "hall": {"kind": "bunker", "from": ["red", "blue"], "capacity": "40 t"},
        "mill": {"kind": "splitter", "from": "hall", "cycle_time": "20 min", "shares": {"out": 1}, "needs": {"any_of": ["crew", "boss"]}, "priority": -1,
                 "failures": {"mtbf": "6 h", "mttr": "1 h"}, "repair": {"needs": [{"skill": "loader"}], "priority": 2}},
        "yard": {"kind": "bunker", "from": "mill", "capacity": "30 t"},
        "out": {"kind": "product", "from": "yard", "pickup": {"every": "2 h", "mass": "5 t", "time": "15 min", "needs": "crew"}},
    }  # fmt: skip
    events = [{"at": "30 h", "set": {"resources.bridge.count": 2}}, {"at": "60 h", "set": {"resources.crew.count.day": 1}}]
    top = {"resources": resources, "calendars": SHIFTS, "events": events, "lot": "1 t", "record": {"every": "1 h", "genealogy": True}}
    return scenario(units, "5 d", **top)


def test_all_rules_at_once_are_saved_and_resumed_to_the_last_bit(tmp_path: Path) -> None:
    model = all_rules()
    whole = twin.run(model)
    assert whole.array("gates/left").sum() > 10
    assert whole.kpis["product_mass.out"].value > 50e3
    moments = [*np.random.default_rng(1).uniform(1.0, 5 * 86400.0, 12), 30 * 3600.0, 54 * 3600.0, 68 * 3600.0]
    for moment in moments:
        twin.run_until(model, float(moment), tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


def test_the_order_of_shifts_is_part_of_the_scenario() -> None:
    """The first calendar that is open counts, so another order is another plant."""
    one, other = ({"count": dict(items)} for items in ([("day", 3), ("evening", 1)], [("evening", 1), ("day", 3)]))
    assert works(4, one).sha256 != works(4, other).sha256
    assert twin.run(works(4, other, "1 d")).kpis["product_mass.out"].value == 16e3


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"resources.crew.count": [3, 1, 0]},
         ["resources.crew.count: a whole number from 1 on is needed, or one for each calendar, e.g. {day: 3, evening: 1} (got [3, 1, 0])"]),
        ({"resources.crew.count": {"day": 3, "nigt": 1}}, ["resources.crew.count.nigt: unknown calendar 'nigt'; known: day, evening"]),
        ({"resources.crew.count": {"day": 0}}, ["resources.crew.count: at least one calendar must have one, e.g. {day: 3, evening: 1} (got {'day': 0})"]),
        ({"resources.crew.calendar": "day", "resources.crew.count": {"day": 1}},
         ["resources.crew.calendar: 'count' names calendars already: leave out 'calendar', or give one number"]),
        ({"calendars.day": {"daily": ["06:00-1400"]}},
         ["calendars.day.daily.0: a period is needed, e.g. \"06:00-22:00\" or \"00:00-24:00\" (got '06:00-1400')"]),
        ({"units.m0.needs": {"any_of": ["crew", "crwe"]}}, ["units.m0.needs: unknown resource 'crwe'; did you mean 'crew'? (known: crew)"]),
        ({"units.m0.needs": [{"skill": "welder"}, "crew"]}, ["units.m0.needs.0: no resource has the skill 'welder'; none is known"]),
        ({"units.m0.needs": ["crew", {"any_of": ["crew"]}], "resources.crew.count": 1},
         ["units.m0.needs: more are needed at once than there are: raise a 'count', or need fewer"]),
        ({"units.m0.needs": {"one_of": ["crew"]}},
         ["units.m0.needs: the name of a resource, {any_of: [a, b]} or {skill: name} is needed (got {'one_of': ['crew']})"]),
        ({"units.m0.priority": 1, "units.m0.repair": {"priority": 2}, "units.m0.failures": {"mtbf": "1 h", "mttr": "1 h"}},
         ["units.m0.repair.priority: is not used without 'needs': nobody is asked for"]),
        ({"units.m0.priority": 1.5}, ["units.m0.priority: a whole number is needed (got 1.5)"]),
        ({"events": [{"at": "1 h", "set": {"resources.crw.count": 1}}]},
         ["events.0.set.\"resources.crw.count\": unknown resource 'crw'; did you mean 'crew'? (known: crew)"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_once(change: dict[str, Any], messages: list[str]) -> None:
    """A name that is wrong where it is defined is known where it is used: no second message follows."""
    model = works(1, {"count": {"day": 3, "evening": 1}})
    with pytest.raises(ScenarioError) as error:
        model.change(change)
    assert [f"{problem.path}: {problem.message}" for problem in error.value.problems] == messages


def test_the_terminal_names_who_left_and_who_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(all_rules().to_yaml())
    assert main(["run", str(path), "--json", "-o", str(tmp_path / "plant.h5")]) == 0
    kpis = json.loads(capsys.readouterr().out)["kpis"]
    assert {"left_share.red", "pickup_wait.out", "loading.out", "resource_load.bridge"} <= set(kpis)
    notes = [what for _, _, what in _events(twin.open(tmp_path / "plant.h5")) if "left after waiting" in what]
    assert notes
    assert all(note.startswith("delivery of 1000 kg left after waiting ") for note in notes)
