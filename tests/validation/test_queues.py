"""Queues: cases Q and N, through the engine. A server is a separator with a cycle time, a customer a lot of 1 kg.

Pathwise oracles come first: with the same uniforms the engine's departures equal Lindley's recursion in integer nanoseconds. Means stand beside
them in bands of 4 standard errors over replications with fixed seeds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plants import arrival_gaps, departures, draws, mean_interval, parts, scenario

import twin
from twin.scenario.distributions import constant, exponential
from twin.scenario.machine import MachineModel

HOUR = 3600.0


def queue(arrivals: Any, service: Any, horizon: str = "20000 h", servers: int = 1, room: str = "1000 t", **feed: Any) -> twin.Scenario:
    units: dict[str, Any] = {"jobs": parts(arrivals, **feed), "line": {"kind": "bunker", "from": "jobs", "capacity": room}}
    for k in range(servers):
        units[f"server_{k}"] = {"kind": "separator", "from": "line", "ports": ["out"], "cycle_time": service, "hold": "until_done"}
    units["done"] = {"kind": "product", "from": [f"server_{k}.out" for k in range(servers)]}
    return scenario(units, horizon)


def service_draws(plant: twin.Scenario, count: int) -> list[int]:
    model = plant.units["server_0"]
    assert isinstance(model, MachineModel) and model.cycle_time is not None
    return draws("server_0", "rate", model.cycle_time, count) if not model.cycle_time.is_constant else [round(model.cycle_time.mean * 1e9)] * count


def lindley(arrivals: list[int], services: list[int]) -> tuple[list[int], list[int]]:
    """Waiting times and departures of a single server, ns."""
    waits, ends = [], []
    end = 0
    for arrival, service in zip(arrivals, services, strict=True):
        start = max(arrival, end)
        waits.append(start - arrival)
        end = start + service
        ends.append(end)
    return waits, ends


@pytest.mark.parametrize(
    "service",
    [
        {"exponential": {"mean": "1 h"}},
        {"constant": "1 h"},
        {"uniform": ["0.5 h", "1.5 h"]},
        {"gamma": {"mean": "1 h", "shape": 2}},
        {"lognormal": {"mean": "1 h", "sd": "2 h"}},
        {"weibull": {"scale": "1 h", "shape": 1.5}},
    ],
)
def test_departures_are_lindleys_to_the_nanosecond(service: Any) -> None:
    """Q6: the same uniforms through the engine and through the recursion."""
    plant = queue({"exponential": {"mean": "1.25 h"}}, service, "5000 h")
    found = departures(twin.run(plant), "done")
    gaps = draws("jobs", "arrival", exponential(1.25 * HOUR, "s"), len(found))
    _, ends = lindley(np.cumsum(gaps).tolist(), service_draws(plant, len(found)))
    assert len(found) > 3500
    assert found == ends


def test_tied_arrivals_and_services_are_lindleys_too() -> None:
    plant = queue({"discrete": {"values": ["1 h", "2 h"], "weights": [1, 1]}}, {"discrete": {"values": ["1 h", "1.5 h"], "weights": [1, 1]}}, "3000 h")
    found = departures(twin.run(plant), "done")
    model = plant.units["jobs"]
    gaps = arrival_gaps("jobs", model.every, len(found))  # type: ignore[attr-defined]
    assert found == lindley(np.cumsum(gaps).tolist(), service_draws(plant, len(found)))[1]


def mean_wait(plant: twin.Scenario, replication: int) -> float:
    """Mean time in queue, h, from Lindley on the engine's own departures: they are equal to the nanosecond (tested above)."""
    result = twin.run(plant, replication=replication)
    found = departures(result, "done")
    arrivals = departures(result, "jobs")[: len(found)]
    starts = [max(a, e) for a, e in zip(arrivals, [0, *found[:-1]], strict=True)]
    return sum(s - a for s, a in zip(starts, arrivals, strict=True)) / len(found) / 1e9 / HOUR


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"constant": "1 h"}, 2.0),
        ({"uniform": ["0.5 h", "1.5 h"]}, 13 / 6),
        ({"gamma": {"mean": "1 h", "shape": 2}}, 3.0),
        ({"exponential": {"mean": "1 h"}}, 4.0),
    ],
)
def test_mean_wait_is_pollaczek_khinchines(service: Any, expected: float) -> None:
    """Q1, Q4: load .8."""
    plant = queue({"exponential": {"mean": "1.25 h"}}, service, "8000 h")
    mean, error = mean_interval([mean_wait(plant, k) for k in range(10)])
    assert abs(mean - expected) < 4 * error
    assert 4 * error < 0.5 * expected


def blocked_queue(rate: float, places: int, horizon: str) -> twin.Scenario:
    """M/M/1/K: a customer that finds the system full is turned away; the bunker holds all of it, the one in service included."""
    return queue({"exponential": {"mean": f"{1 / rate:.17g} h"}}, {"exponential": {"mean": "1 h"}}, horizon, room=f"{places} kg", when_full="turn_away")


def finite_queue(gaps: list[int], services: list[int], places: int) -> tuple[list[int], int]:
    """Departures, and how many were turned away, of a single server with room for ``places`` in all."""
    ends: list[int] = []
    lost = served = 0
    arrival = 0
    for gap in gaps:
        arrival += gap
        inside = sum(1 for end in ends[-places:] if end > arrival)
        if inside >= places:
            lost += 1
            continue
        ends.append(max(arrival, ends[-1] if ends else 0) + services[served])
        served += 1
    return ends, lost


@pytest.mark.parametrize(("rate", "places"), [(0.9, 5), (1.0, 4), (1.2, 10), (0.9, 1)])
def test_a_finite_queue_turns_away_whom_the_recursion_does(rate: float, places: int) -> None:
    plant = blocked_queue(rate, places, "4000 h")
    result = twin.run(plant)
    found = departures(result, "done")
    arrived = int(result.array("gates/arrivals")[:, 0].sum())
    gaps = draws("jobs", "arrival", exponential(1 / rate * HOUR, "s"), arrived)
    ends, lost = finite_queue(gaps, service_draws(plant, arrived), places)
    assert found == ends[: len(found)]
    assert 0 <= len(ends) - len(found) <= places
    assert int(result.array("gates/turned_away")[:, 0].sum()) == lost


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize(("rate", "places", "turned_away"), [(0.9, 5, 0.1260225499883686), (1.0, 4, 0.2)])
def test_share_turned_away(rate: float, places: int, turned_away: float) -> None:
    """Q2, in a band of 4 standard errors that rejects one place more and one less."""
    plant = blocked_queue(rate, places, "10000 h").change({"record.genealogy": False})
    mean, error = mean_interval([twin.run(plant, replication=k).kpis["turned_away_share.jobs"].value for k in range(12)])

    def loss(n: int) -> float:
        rho = rate
        weights = [rho**k for k in range(n + 1)]
        return weights[-1] / sum(weights)

    assert loss(places) == pytest.approx(turned_away, rel=1e-12)
    assert abs(mean - turned_away) < 4 * error
    assert abs(loss(places + 1) - mean) > 4 * error
    assert abs(loss(places - 1) - mean) > 4 * error


def test_three_servers_share_one_queue_in_order_of_asking() -> None:
    """Q3, pathwise: who has been free longest serves next; ties go to the first declared."""
    plant = queue({"exponential": {"mean": "0.5 h"}}, {"exponential": {"mean": "1.25 h"}}, "3000 h", servers=3)
    result = twin.run(plant)
    found = departures(result, "done")
    arrivals = np.cumsum(draws("jobs", "arrival", exponential(0.5 * HOUR, "s"), len(found) + 50)).tolist()
    services = [draws(f"server_{k}", "rate", exponential(1.25 * HOUR, "s"), len(found) + 50) for k in range(3)]
    free = [(0, k) for k in range(3)]
    used, ends = [0, 0, 0], []
    for arrival in arrivals:
        free.sort()
        since, k = free.pop(0)
        end = max(since, arrival) + services[k][used[k]]
        used[k] += 1
        free.append((end, k))
        ends.append(end)
    assert found == sorted(ends)[: len(found)]


def test_service_that_takes_no_time_is_served_at_once() -> None:
    """A cycle time that rounds to 0 ns neither hangs nor loses a part."""
    result = twin.run(queue({"constant": "1 h"}, {"constant": "0.0000000001 s"}, "100 h"))
    assert departures(result, "done") == departures(result, "jobs")


def test_golden_uniforms() -> None:
    """N1: NumPy's Philox and SeedSequence give what they gave when the project began."""
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(42, spawn_key=(1, 2))))
    assert generator.random(3).tolist() == pytest.approx([0.77326873, 0.17746778, 0.38911761], abs=5e-9)
    assert np.random.SeedSequence(42, spawn_key=(1, 2)).generate_state(4).tolist() == [4007147622, 3772432517, 3162052391, 3078089812]


def test_adding_a_unit_moves_no_other_units_numbers() -> None:
    plant = queue({"exponential": {"mean": "1.25 h"}}, {"exponential": {"mean": "1 h"}}, "500 h")
    extra = {
        "units.zz_feed": parts({"exponential": {"mean": "1 h"}}),
        "units.zz_bunker": {"kind": "bunker", "from": "zz_feed", "capacity": "1000 t"},
        "units.zz_server": {"kind": "separator", "from": "zz_bunker", "ports": ["out"], "cycle_time": {"exponential": {"mean": "0.5 h"}}},
        "units.zz_out": {"kind": "product", "from": "zz_server"},
    }
    assert departures(twin.run(plant), "done") == departures(twin.run(plant.change(extra)), "done")


def test_ticks_of_a_tenth_of_a_second_are_exact() -> None:
    """N2: ten times .1 s is 1 s, and a run of 1000 s has 10,000 ticks, those at the horizon not done."""
    result = twin.run(queue({"constant": "0.1 s"}, {"constant": "0.05 s"}, "1000 s"))
    assert int(result.array("gates/arrivals").sum()) == 9999
    assert departures(result, "jobs")[9] == 1_000_000_000


def test_parts_of_a_tenth_fill_a_bunker_of_three_tenths() -> None:
    """N2: SimPy's Container hangs on three times .1 into .3."""
    plant = scenario(
        {
            "jobs": {"kind": "feed", "every": {"constant": "1 h"}, "mass": {"constant": "0.1 kg"}, "composition": {"part": "100 %"}, "limit": 3},
            "line": {"kind": "bunker", "from": "jobs", "capacity": "0.3 kg"},
            "server": {"kind": "separator", "from": "line", "ports": ["out"], "cycle_time": "1 h", "lot": "0.3 kg"},
            "done": {"kind": "product", "from": "server"},
        },
        "10 h",
    )
    result = twin.run(plant)
    assert departures(result, "done") == [4 * 3600 * 10**9]
    assert constant(1.0, "kg").inverse(0.3) == 1.0
