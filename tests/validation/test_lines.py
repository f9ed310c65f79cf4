"""Two-machine lines: cases L1 to L4, through the engine, first pathwise, then against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest
from plants import departures, mean_interval, scenario, share

import twin
from twin.engine.clock import nanoseconds
from twin.engine.streams import Stream
from twin.scenario.distributions import Distribution
from twin.scenario.machine import MachineModel

HOUR = 3600.0
EXPONENTIAL = {"exponential": {"mean": "1 h"}}


def two_machines(room: int, horizon: str, *, first: Any, second: Any, before: bool, hold: bool) -> twin.Scenario:
    """M1, a bunker for ``room`` parts, M2; M1 never starves."""
    end = {"kind": "separator", "ports": ["out"]}
    units = {
        "stock": {"kind": "bunker", "capacity": "1000000 t", "initial": {"mass": "900000 t", "composition": {"part": "100 %"}}},
        "m1": {**end, "from": "stock", "blocking": "before" if before else "after", **first},
        "between": {"kind": "bunker", "from": "m1", "capacity": f"{room} kg"},
        "m2": {**end, "from": "between", "hold": "until_done" if hold else "start", **second},
        "done": {"kind": "product", "from": "m2"},
    }
    return scenario(units, horizon)


class Clock:
    """What one machine draws: service times, and work between failures with repairs, all ns, as the engine names its streams."""

    def __init__(self, plant: twin.Scenario, name: str) -> None:
        model = plant.units[name]
        assert isinstance(model, MachineModel) and model.cycle_time is not None
        self.services = self._stream(plant, name, "rate", model.cycle_time)
        self.left = math.inf
        self.lives: Callable[[], int] | None = None
        if model.failures is not None:
            self.lives = self._stream(plant, name, "life", model.failures.mtbf)
            self.repairs = self._stream(plant, name, "repair", model.failures.mttr)
            self.left = self.lives()

    @staticmethod
    def _stream(plant: twin.Scenario, name: str, purpose: str, distribution: Distribution) -> Callable[[], int]:
        if purpose == "rate" and distribution.is_constant:
            return lambda: nanoseconds(distribution.mean)
        stream = Stream(plant.seed, 0, name, purpose)
        return lambda: nanoseconds(distribution.inverse(stream.uniform()))

    def work(self, start: int) -> tuple[int, int]:
        """End of a part begun at ``start``, and when the machine is next able to begin: a failure may fall on the end."""
        need, now = self.services(), start
        while self.lives is not None and self.left < need:
            need -= int(self.left)
            now += int(self.left) + self.repairs()
            self.left = self.lives()
        end = now + need
        able = end
        if self.lives is not None:
            self.left -= need
            if self.left == 0:
                able = end + self.repairs()
                self.left = self.lives()
        return end, able


def recursion(plant: twin.Scenario, parts: int, room: int, before: bool, hold: bool) -> list[int]:
    """When parts leave M2: s_j[k] = max(e_j[k-1], e_{j-1}[k], …) and the room of the bunker, by the blocking rule."""
    m1, m2 = Clock(plant, "m1"), Clock(plant, "m2")
    freed: list[int] = []  # when the place of part k in the bunker is free again
    able1 = able2 = 0
    ends: list[int] = []
    for k in range(parts):
        place = freed[k - room] if k >= room else 0
        if before:
            delivered, able1 = m1.work(max(able1, place))
            able1 = max(able1, delivered)
        else:
            end, able = m1.work(able1)
            delivered = max(end, place)
            able1 = max(able, delivered)
        start = max(able2, delivered)
        end2, able2 = m2.work(start)
        freed.append(end2 if hold else start)
        ends.append(end2)
    return ends


FAILING = {"failures": {"mtbf": {"exponential": {"mean": "20 h"}}, "mttr": {"exponential": {"mean": "5 h"}}}}
STEPWISE = {"failures": {"mtbf": {"geometric": {"mean": "10 h", "step": "1 h"}}, "mttr": {"geometric": {"mean": "4 h", "step": "1 h"}}}}


@pytest.mark.sampled(12)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("room", [1, 3, 10])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"cycle_time": EXPONENTIAL}, {"cycle_time": {"exponential": {"mean": "0.9 h"}}}),
        ({"cycle_time": EXPONENTIAL, **FAILING}, {"cycle_time": EXPONENTIAL, **FAILING}),
        ({"cycle_time": "1 h", **STEPWISE}, {"cycle_time": "1 h", **STEPWISE}),
        ({"cycle_time": {"uniform": ["0.5 h", "2 h"]}}, {"cycle_time": "1 h", **FAILING}),
    ],
)
def test_departures_are_the_recursions_to_the_nanosecond(first: Any, second: Any, room: int, hold: bool, before: bool) -> None:
    """L1 (its geometric times are full of ties) and L2, with both blocking rules and both ways to free a place."""
    plant = two_machines(room, "1500 h", first=first, second=second, before=before, hold=hold)
    found = departures(twin.run(plant), "done")
    assert len(found) > 400
    assert found == recursion(plant, len(found), room, before, hold)


def chain_throughput(places: int, p1: float, r1: float, p2: float, r2: float, mu2: float = 1.0) -> float:
    """L2: stationary throughput of the Markov chain, M1 blocked before service, ``places`` downstream of M1 in all (mu1 = 1)."""
    states = [(n, a, b) for n in range(places + 1) for a in (0, 1) for b in (0, 1)]
    number = {state: i for i, state in enumerate(states)}
    q = np.zeros((len(states), len(states)))
    for n, a, b in states:
        moves = []
        if a and n < places:
            moves += [((n + 1, a, b), 1.0), ((n, 0, b), p1)]
        if not a:
            moves.append(((n, 1, b), r1))
        if b and n > 0:
            moves += [((n - 1, a, b), mu2), ((n, a, 0), p2)]
        if not b:
            moves.append(((n, a, 1), r2))
        for target, rate in moves:
            q[number[n, a, b], number[target]] += rate
            q[number[n, a, b], number[n, a, b]] -= rate
    system = np.vstack([q.T, np.ones(len(states))])
    pi = np.linalg.lstsq(system, np.array([0.0] * len(states) + [1.0]), rcond=None)[0]
    return float(sum(mu2 * pi[number[n, a, b]] for n, a, b in states if b and n > 0))


def test_the_chain_itself_is_right() -> None:
    assert chain_throughput(10, 0.01, 0.1, 0.01, 0.1) == pytest.approx(0.78592114, abs=1e-8)
    assert chain_throughput(5, 0.0, 1.0, 0.0, 1.0, 1.25) == pytest.approx(0.911180501, abs=1e-9)
    assert [round(chain_throughput(n, 0.01, 0.1, 0.01, 0.1), 6) for n in (1, 2, 5, 20)] == [0.454545, 0.589955, 0.722006, 0.830002]


@pytest.mark.soak
@pytest.mark.slow
def test_throughput_of_the_exponential_line() -> None:
    """L2 with two places: 4 standard errors reject one place, three places and blocking after service."""
    machine = {"cycle_time": EXPONENTIAL, "failures": {"mtbf": "100 h", "mttr": "10 h"}}
    plant = two_machines(2, "6000 h", first=machine, second=machine, before=True, hold=True).change({"record.genealogy": False})
    after = plant.change({"units.m1.blocking": "after"})

    def throughput(case: twin.Scenario) -> tuple[float, float]:
        return mean_interval([twin.run(case, replication=k).kpis["product_mass.done"].value / 6000 for k in range(16)])

    mean, error = throughput(plant)
    exact = chain_throughput(2, 0.01, 0.1, 0.01, 0.1)
    assert abs(mean - exact) < 4 * error
    for other in (chain_throughput(1, 0.01, 0.1, 0.01, 0.1), chain_throughput(3, 0.01, 0.1, 0.01, 0.1), throughput(after)[0]):
        assert abs(other - exact) > 8 * error


def fluid_output(ups: list[Callable[[], float]], downs: list[Callable[[], float]], capacity: float, horizon: float) -> float:
    """L3: output of two machines of speed 1 with a bunker, machines wearing only while they work; hours and kg."""
    level = out = now = 0.0
    left, up = [ups[0](), ups[1]()], [True, True]
    while now < horizon:
        works = [up[0] and (level < capacity or up[1]), up[1] and (level > 0.0 or up[0])]
        slope = float(works[0]) - float(works[1])
        step = horizon - now
        for j in (0, 1):
            if works[j] or not up[j]:
                step = min(step, left[j])
        if slope > 0:
            step = min(step, capacity - level)
        elif slope < 0:
            step = min(step, level)
        now, level, out = now + step, level + slope * step, out + (step if works[1] else 0.0)
        level = min(max(level, 0.0), capacity)
        if abs(level - capacity) < 1e-12:
            level = capacity
        if level < 1e-12:
            level = 0.0
        for j in (0, 1):
            if works[j] or not up[j]:
                left[j] -= step
                if left[j] <= 1e-12:
                    up[j] = not up[j]
                    left[j] = ups[j]() if up[j] else downs[j]()
    return out


def fluid_line(lot: float, capacity: float, horizon: str) -> twin.Scenario:
    failing = {"failures": {"mtbf": {"exponential": {"mean": "100 h"}}, "mttr": {"exponential": {"mean": "10 h"}}}}
    rate = {"rate": "1 kg/h"}
    plant = two_machines(10, horizon, first={**rate, **failing}, second={**rate, **failing}, before=False, hold=True)
    return plant.change({"lot": f"{lot} kg", "units.between.capacity": f"{capacity} kg", "record.genealogy": False})


@pytest.mark.soak
@pytest.mark.slow
def test_small_lots_approach_the_fluid_line() -> None:
    """L3 pathwise: on the same up and down times the output tends to that of the fluid as lots shrink, and beats half a percent."""
    plant = fluid_line(1.0, 10.0, "4000 h")
    hours: list[list[Callable[[], float]]] = []
    for purpose, mean in (("life", 100.0), ("repair", 10.0)):
        row: list[Callable[[], float]] = []
        for name in ("m1", "m2"):
            stream = Stream(plant.seed, 0, name, purpose)
            row.append(lambda stream=stream, mean=mean: -mean * math.log1p(-stream.uniform()))  # type: ignore[misc]
        hours.append(row)
    exact = fluid_output(hours[0], hours[1], 10.0, 4000.0)
    errors = []
    for lot in (2.5, 0.5, 0.1):
        made = twin.run(fluid_line(lot, 10.0, "4000 h")).kpis["product_mass.done"].value
        errors.append(abs(made - exact) / exact)
    assert errors[2] < errors[0]
    assert errors[2] < 0.005


def test_the_fluid_reference_itself_is_right() -> None:
    """L3 closed form for equal machines: .8587257617728531; here 40 runs of 20,000 h, in 4 standard errors."""
    values = []
    for k in count():
        if k == 40:
            break
        streams = [[Stream(7, k, name, purpose) for name in ("a", "b")] for purpose in ("up", "down")]
        ups = [lambda s=s: -100.0 * math.log1p(-s.uniform()) for s in streams[0]]  # type: ignore[misc]
        downs = [lambda s=s: -10.0 * math.log1p(-s.uniform()) for s in streams[1]]  # type: ignore[misc]
        values.append(fluid_output(ups, downs, 10.0, 20_000.0) / 20_000.0)  # type: ignore[arg-type]
    mean, error = mean_interval(values)
    assert abs(mean - 0.8587257617728531) < 4 * error
    assert 4 * error < 0.008


def one_line(clock: str) -> twin.Scenario:
    """Three machines without a bunker, mean repair over mean life .1, .2 and .05."""
    units: dict[str, Any] = {"stock": {"kind": "bunker", "capacity": "1000000 t", "initial": {"mass": "900000 t", "composition": {"part": "100 %"}}}}
    source = "stock"
    for name, repair in (("a", "1 h"), ("b", "2 h"), ("c", "0.5 h")):
        units[name] = {"kind": "separator", "from": source, "ports": ["out"], "failures": {"mtbf": "10 h", "mttr": repair, "clock": clock}}
        source = f"{name}.out"
    units["a"]["rate"] = "1 kg/h"
    units["done"] = {"kind": "product", "from": source}
    return scenario(units, "20000 h").change({"record.genealogy": False, "lot": "5 kg"})


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize(("clock", "expected", "other"), [("operating", 1 / 1.35, 1 / (1.1 * 1.2 * 1.05)), ("calendar", 1 / (1.1 * 1.2 * 1.05), 1 / 1.35)])
def test_efficiency_of_a_line_without_bunkers(clock: str, expected: float, other: float) -> None:
    """L4: .7407 where machines fail only while they work, .7215 where they fail at any time; each band rejects the other."""
    mean, error = mean_interval([share(twin.run(one_line(clock), replication=k), "a", "running") for k in range(12)])
    assert abs(mean - expected) < 4 * error
    assert abs(mean - other) > 4 * error


@pytest.mark.parametrize("before", [True, False])
def test_a_larger_bunker_never_makes_less(before: bool) -> None:
    """M1, pathwise: on the same draws no part leaves later when the bunker holds more."""
    machine = {"cycle_time": EXPONENTIAL, **FAILING}
    found = [departures(twin.run(two_machines(room, "800 h", first=machine, second=machine, before=before, hold=True)), "done") for room in (1, 2, 5, 10, 50)]
    for small, large in pairwise(found):
        assert len(large) >= len(small)
        assert all(b <= a for a, b in zip(small, large, strict=False))
    assert len(found[-1]) > len(found[0])


def test_scaling_the_mass_scales_nothing_else() -> None:
    """M1: a line of parts of 1 t departs when one of parts of 1 kg does."""
    machine = {"cycle_time": EXPONENTIAL, **FAILING}
    small = two_machines(3, "500 h", first=machine, second=machine, before=False, hold=False)
    large = small.change({"lot": "1 t", "units.between.capacity": "3 t"})
    assert departures(twin.run(small), "done") == departures(twin.run(large), "done")


def test_scaling_time_scales_departures() -> None:
    """M1: the same line in minutes instead of hours; integer durations make it exact."""
    first = {"cycle_time": "1 h", **STEPWISE}
    hours = two_machines(3, "600 h", first=first, second=first, before=False, hold=False)
    failing = {"mtbf": {"geometric": {"mean": "10 min", "step": "1 min"}}, "mttr": {"geometric": {"mean": "4 min", "step": "1 min"}}}
    text = {"cycle_time": "1 min", "failures": failing}
    minutes = two_machines(3, "600 min", first=text, second=text, before=False, hold=False)
    assert departures(twin.run(hours), "done") == [60 * time for time in departures(twin.run(minutes), "done")]


@pytest.mark.soak
def test_the_line_and_its_reverse_make_the_same() -> None:
    """M1, smoke check: the throughput of M1-M2 is that of M2-M1 within 4 standard errors of the difference."""
    a = {"cycle_time": EXPONENTIAL, "failures": {"mtbf": "50 h", "mttr": "10 h"}}
    b = {"cycle_time": {"exponential": {"mean": "0.8 h"}}, "failures": {"mtbf": "20 h", "mttr": "5 h"}}
    differences = []
    for k in range(8):
        made = [
            twin.run(two_machines(4, "3000 h", first=x, second=y, before=True, hold=True), replication=k).kpis["throughput"].value for x, y in ((a, b), (b, a))
        ]
        differences.append(made[0] - made[1])
    mean, error = mean_interval(differences)
    assert abs(mean) < 4 * error
