"""Gate and resources: who waits and who is served are told apart, one queue before one resource, true reasons, loads, and what can never work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import scenario

import twin
from twin.cli import main
from twin.errors import DeadlockError, ScenarioError

EXPONENTIAL_20 = {"exponential": {"mean": "20 min"}}
ON_THE_BRIDGE = {"time": {"exponential": {"mean": "12 min"}}, "needs": "bridge"}
EVENINGS = {"day": {"daily": ["06:00-14:00"]}, "evening": {"daily": ["14:00-22:00"]}}


def gate(every: Any = EXPONENTIAL_20, horizon: str = "90 d", **feed: Any) -> twin.Scenario:
    """A bunker that is never full behind a weighbridge."""
    trucks = {"kind": "feed", "every": every, "mass": "1 t", "composition": {"part": 1}, "unload": ON_THE_BRIDGE, **feed}
    units = {"trucks": trucks, "hall": {"kind": "bunker", "from": "trucks", "capacity": "10 Mt"}, "out": {"kind": "product", "from": "hall"}}
    return scenario(units, horizon, record={"every": "1 d"}, resources={"bridge": 1, "clerk": 1}, lot="1 t")


def mean(plant: twin.Scenario, *names: str, runs: int = 4) -> list[tuple[float, float]]:
    """(mean, standard error) of key figures over replications."""
    found = [[twin.run(plant, replication=k).kpis[name].value for name in names] for k in range(runs)]
    return [(float(np.mean(own)), float(np.std(own, ddof=1)) / runs**0.5) for own in np.transpose(found)]


@pytest.mark.soak
def test_who_is_served_does_not_wait() -> None:
    """M/M/1 at .6: 18 min of waiting, .9 trucks wait, .6 are on the bridge. With the truck on the bridge among them it is 30 min and 1.5."""
    names = ("wait.trucks", "queue.trucks", "unloading.trucks", "resource_load.bridge", "resource_queue.bridge", "resource_wait.bridge")
    found = mean(gate(), *names)
    for (value, error), expected in zip(found, (1080, 0.9, 0.6, 0.6, 0.9, 1080), strict=True):
        assert abs(value - expected) < 4 * error < 0.6 * expected


@pytest.mark.sampled(1)
@pytest.mark.parametrize("places", [0, 1, 2])
def test_places_are_for_those_who_wait(places: int) -> None:
    """M/M/1/K with K = places + 1: .375, .1837, .0993 are turned away. With the truck on the bridge in a place, 0 and 1 would be the same, 1 and 2 be .375 and .184."""
    weights = [0.6**k for k in range(places + 2)]
    [(value, error)] = mean(gate(queue_limit=places), "turned_away_share.trucks")
    assert error < 0.006
    assert abs(value - weights[-1] / sum(weights)) < 0.015


def two_gates(bridges: int = 1) -> twin.Scenario:
    units: dict[str, Any] = {}
    for name, every in (("small", "60 min"), ("large", "20 min")):
        units[name] = {
            "kind": "feed", "every": {"exponential": {"mean": every}}, "mass": "1 t", "composition": {"part": 1},
            "unload": {"time": {"exponential": {"mean": "12 min"}}, "needs": "bridge"},
        }  # fmt: skip
        units[f"hall_{name}"] = {"kind": "bunker", "from": name, "capacity": "10 Mt"}
        units[f"out_{name}"] = {"kind": "product", "from": f"hall_{name}"}
    return scenario(units, "120 d", record={"every": "1 d", "genealogy": True}, resources={"bridge": bridges}, lot="1 t")


@pytest.mark.soak
def test_two_gates_before_one_bridge_are_one_queue() -> None:
    """M/M/1 at .8: both wait 48 min. If only the first truck of each gate asks they take turns, and wait 19 and 60 min."""
    (small, one), (large, other) = mean(two_gates().change({"record.genealogy": False}), "wait.small", "wait.large", runs=5)
    assert abs(small - 2880) < 4 * one < 2000
    assert abs(large - 2880) < 4 * other < 2000
    assert 0.8 < small / large < 1.25


def test_trucks_of_all_gates_begin_in_the_order_in_which_they_came() -> None:
    """Pathwise: with constant times on the bridge the ends of unloading are Lindley's over both gates together."""
    plant = two_gates().change({f"units.{name}.unload": {"time": {"constant": "12 min"}, "needs": "bridge"} for name in ("small", "large")})
    from plants import draws

    came = sorted(
        (int(t), name)
        for name, minutes in (("small", 60), ("large", 20))
        for t in np.cumsum(draws(name, "arrival", twin.scenario.distributions.exponential(minutes * 60.0, "s"), 9_500))
    )
    ends: dict[str, list[int]] = {"small": [], "large": []}
    free = 0
    for moment, name in came:
        free = max(moment, free) + 720 * 10**9
        ends[name].append(free)
    from plants import departures

    result = twin.run(plant)
    for name in ("small", "large"):
        found = departures(result, name)
        assert len(found) > 2700
        assert found == ends[name][: len(found)]


@pytest.mark.soak
def test_two_bridges_serve_two_trucks_of_one_gate() -> None:
    """M/M/2 at .6 each: Erlang's wait of 6.75 min (a gate that sends one truck at a time would not keep up)."""
    plant = gate({"exponential": {"mean": "10 min"}}).change({"resources.bridge": 2})
    [(wait, error), (load, _)] = mean(plant, "wait.trucks", "resource_load.bridge")
    assert abs(wait - 405) < 4 * error < 100
    assert load == pytest.approx(0.6, abs=0.02)


def test_a_truck_that_finds_room_waits_for_the_ramp() -> None:
    """A truck in 15 min, 20 min to unload, an empty hall, `turn_away`: none is turned away, and the queue grows."""
    unload = {"time": {"constant": "20 min"}}
    result = twin.run(gate({"constant": "15 min"}, "1 d", unload=unload, when_full="turn_away"))
    assert result.kpis["turned_away_share.trucks"].value == 0
    assert not any("turned away" in str(what) for what in result.array("events/what"))
    limited = twin.run(gate({"constant": "15 min"}, "1 d", unload=unload, when_full="turn_away", queue_limit=2))
    reasons = {str(what).partition(": ")[2] for what in limited.array("events/what") if "turned away" in str(what)}
    assert reasons == {"the queue is full, 2 wait (queue_limit)"}


def test_each_truck_turned_away_is_told_why() -> None:
    """No room for it and those before it; larger than the hall; the queue full."""
    units = {
        "trucks": {"kind": "feed", "every": "1 h", "mass": {"discrete": {"values": ["4 t", "12 t"]}}, "composition": {"part": 1}, "when_full": "turn_away",
                   "unload": {"time": {"constant": "90 min"}}},
        "hall": {"kind": "bunker", "from": "trucks", "capacity": "10 t"},
        "out": {"kind": "product", "from": "hall", "pickup": {"every": "20 h", "mass": "8 t"}},
    }  # fmt: skip
    result = twin.run(scenario(units, "4 d", lot="1 t", resources={"bridge": 1}))
    reasons = [str(what).partition(": ")[2] for what in result.array("events/what") if "turned away" in str(what)]
    assert set(reasons) == {"hall has no room", "hall holds only 10000 kg"}
    assert len(reasons) == result.array("gates/turned_away").sum()
    assert result.array("units/level_max").max() <= 10_000 * (1 + 1e-9)


def test_a_resource_is_loaded_over_the_time_it_is_on_duty() -> None:
    """A line that needs a picker on duty 8 of 24 h works all of that: load 1, 8/24 of one on duty, no one waits for long."""
    units = {
        "yard": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": 1}}},
        "belt": {"kind": "splitter", "from": "yard", "cycle_time": "1 h", "shares": {"out": 1}, "needs": ["picker"]},
        "out": {"kind": "product", "from": "belt"},
    }
    top = {"calendars": {"day": {"daily": ["06:00-14:00"]}}, "resources": {"picker": {"count": 2, "calendar": "day"}}, "lot": "1 t", "record": {"every": "1 h"}}
    result = twin.run(scenario(units, "5 d", **top))
    assert list(result.array("resource")) == ["picker"]
    assert result.kpis["resource_load.picker"].value == pytest.approx(0.5)
    on_duty = result.array("resources/available")[:, 0].reshape(5, 24)
    assert on_duty[:, 6:14].tolist() == [[2.0] * 8] * 5
    assert on_duty.sum() == 80
    assert result.array("resources/grants").sum() == 40


# -- what closes, and what is never open -----------------------------------------------------------------------------------------------


def two_lines(loaders: int = 1) -> twin.Scenario:
    """Two lines share a loader; a picker whom both need works from six to eight."""
    units: dict[str, Any] = {"yard": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": 1}}}}
    for name in ("a", "b"):
        units[name] = {
            "kind": "splitter", "from": "yard", "cycle_time": "3 h", "shares": {"out": 1},
            "failures": {"mtbf": {"constant": "1 h"}, "mttr": {"constant": "30 min"}, "clock": "calendar"}, "repair": {"needs": ["loader", "picker"]},
        }  # fmt: skip
        units[f"out_{name}"] = {"kind": "product", "from": name}
    top = {"calendars": {"early": {"daily": ["06:00-08:00"]}}, "resources": {"loader": loaders, "picker": {"count": 1, "calendar": "early"}}, "lot": "1 t"}
    return scenario(units, "5 d", time={"start": "2026-01-05T05:00", "horizon": "5 d"}, **top)


def test_a_closed_resource_opens_again() -> None:
    """Who waits for a picker who has gone home is served in the morning: no deadlock, and on every day something is repaired."""
    result = twin.run(two_lines())
    repaired = [float(t) / 1e9 for t, what in zip(result.array("events/event_time"), result.array("events/what"), strict=True) if str(what) == "repaired"]
    assert len(repaired) >= 10
    assert {int((t + 5 * 3600) // 86400) for t in repaired} == set(range(5))


def test_a_queue_that_outlasts_a_shift_goes_on_in_the_next(tmp_path: Path) -> None:
    """Trucks ask while the bridge is open, and it closes before they are served; the run may be saved meanwhile."""
    trucks = gate({"constant": "30 min"}, "6 d", unload={"time": {"constant": "50 min"}, "needs": ["bridge", "clerk"]}, limit=60)
    plant = trucks.change({"calendars": {"day": {"daily": ["06:00-14:00"]}}, "resources": {"bridge": {"count": 1, "calendar": "day"}, "clerk": 1}})
    result = twin.run(plant)
    assert result.array("gates/arrivals").sum() == 60
    assert result.array("resources/grants")[:, 0].sum() == pytest.approx(6 * 8 * 60 / 50, abs=1)
    twin.run_until(plant, 1.9 * 86400, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest


def test_a_true_deadlock_is_still_one() -> None:
    units: dict[str, Any] = {"yard": {"kind": "bunker", "capacity": "20 t", "initial": {"mass": "20 t", "composition": {"part": 1}}}}
    units["a"] = {"kind": "splitter", "from": "yard", "cycle_time": "1 h", "shares": {"out": 1}, "needs": "picker"}
    units["b"] = {"kind": "bunker", "from": "a", "capacity": "5 t"}
    units["stuck"] = {"kind": "splitter", "from": "b", "cycle_time": "1 h", "shares": {"out": 1}}
    units["c"] = {"kind": "bunker", "from": "stuck", "capacity": "3 t"}
    units["out"] = {"kind": "splitter", "from": "c", "cycle_time": "1 h", "shares": {"out": 1}, "lot": "3 t"}
    units["d"] = {"kind": "bunker", "from": "out", "capacity": "4 t"}
    with pytest.raises((DeadlockError, ScenarioError)):
        twin.run(scenario(units, "5 d", lot="1 t", resources={"picker": {"count": 1, "calendar": "day"}}, calendars={"day": {"daily": ["06:00-14:00"]}}))


def crews(**line: Any) -> dict[str, Any]:
    machine = {"kind": "splitter", "from": "yard", "cycle_time": "1 h", "shares": {"out": 1}, **line}
    yard = {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": 1}}}
    return {"yard": yard, "a": machine, "out": {"kind": "product", "from": "a"}}


FAILING = {"failures": {"mtbf": "5 h", "mttr": "1 h"}}


@pytest.mark.parametrize(
    ("units", "path"),
    [
        (crews(needs=["day_crew", "late_crew"]), "units.a"),
        (crews(calendar="evening", needs="day_crew"), "units.a"),
        (crews(**FAILING, repair={"needs": "day_crew", "calendar": "evening"}), "units.a.repair"),
        (crews(**FAILING, repair={"needs": ["day_crew", "late_crew"]}), "units.a.repair"),
        (crews(hazards={"fire": {"per": "5 t", "stop": "1 h", "needs": "day_crew", "calendar": "evening"}}), "units.a.hazards.fire"),
        ({**crews(), "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"part": 1},
                                "unload": {"time": "5 min", "needs": ["day_crew", "late_crew"]}},
          "hall": {"kind": "bunker", "from": "trucks", "capacity": "9 t"}, "o": {"kind": "product", "from": "hall"}}, "units.trucks.unload"),
        ({**crews(calendar="evening"), "b": {"kind": "splitter", "from": "a.out", "shares": {"x": 1}, "calendar": "day"},
          "out": {"kind": "product", "from": "b"}}, "units.a"),
    ],
)  # fmt: skip
def test_what_is_never_open_together_is_refused(units: dict[str, Any], path: str) -> None:
    resources = {"day_crew": {"count": 3, "calendar": "day"}, "late_crew": {"count": 1, "calendar": "evening"}}
    with pytest.raises(ScenarioError) as error:
        scenario(units, "5 d", lot="1 t", calendars=EVENINGS, resources=resources)
    assert [(problem.path, "never open at the same time" in problem.message) for problem in error.value.problems] == [(path, True)]
    overlapping = {**EVENINGS, "evening": {"daily": ["13:00-22:00"]}}
    scenario(units, "5 d", lot="1 t", calendars=overlapping, resources=resources)


def test_holidays_and_closed_periods_count() -> None:
    """Open together on Mondays only, and every Monday of ten years closed or a holiday but one."""
    calendars = {"mon": {"monday": "06:00-14:00"}, "all": {"daily": ["00:00-24:00"], "closed": [{"from": "2026-01-01", "to": "2199-12-31"}]}}
    resources = {"one": {"count": 1, "calendar": "mon"}, "two": {"count": 1, "calendar": "all"}}
    with pytest.raises(ScenarioError, match="never open at the same time"):
        scenario(crews(needs=["one", "two"]), "5 d", lot="1 t", calendars=calendars, resources=resources)
    calendars["all"]["closed"] = [{"from": "2026-01-01", "to": "2026-01-11"}]
    scenario(crews(needs=["one", "two"]), "5 d", lot="1 t", calendars=calendars, resources=resources)


# -- what is said ------------------------------------------------------------------------------------------------------------------------


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], plant: twin.Scenario, command: str = "run") -> list[str]:
    """The warnings of a command's JSON."""
    path = tmp_path / "plant.yaml"
    path.write_text(plant.to_yaml())
    assert main([command, str(path), "--json", *(["-o", str(tmp_path / "plant.h5")] if command == "run" else [])]) == 0
    return list(json.loads(capsys.readouterr().out)["warnings"])


def test_a_queue_that_grows_without_bound_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten an hour where eight are taken; an M/M/1 at .6 and at .9 over 60 d is silent in all of four runs."""
    growing = said(tmp_path, capsys, gate({"exponential": {"mean": "10 min"}}, "10 d"))
    assert len(growing) == 1
    assert growing[0].startswith("trucks: the queue grows without bound: ")
    from twin.results.growth import growing as found

    for minutes in ("20 min", "13.333 min"):
        assert not any(found(twin.run(gate({"exponential": {"mean": minutes}}, "60 d"), replication=k)) for k in range(4))


def test_data_that_end_early_and_rows_outside_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["2026-01-04T08:00,1", "2026-01-05T08:00,1", "2026-01-06T08:00,1", "2026-02-05T08:00,1"]
    (tmp_path / "s.csv").write_text("timestamp,mass_t\n" + "\n".join(rows[:3]) + "\n")
    path = tmp_path / "plant.yaml"
    path.write_text(
        "twin: 1\ntime: {start: 2026-01-05, horizon: 20 d}\nlot: 1 t\nmaterials: {part: {}}\nunits:\n"
        "  trucks: {kind: feed, schedule: s.csv, composition: {part: 1}}\n  hall: {kind: bunker, from: trucks, capacity: 9 t}\n"
        "  out: {kind: product, from: hall}\n"
    )
    for command in (["validate", str(path), "--json"], ["run", str(path), "--json", "-o", str(tmp_path / "r.h5")]):
        assert main(command) == 0
        found = json.loads(capsys.readouterr().out)["warnings"]
        assert ["is before the start" in found[0], "the deliveries of s.csv end at" in found[1] and "and the run at 20 d" in found[1]] == [True, True]
    assert twin.open(tmp_path / "r.h5").array("gates/arrivals").sum() == 2
    (tmp_path / "s.csv").write_text("timestamp,mass_t\n" + "\n".join(rows[1:]) + "\n")
    assert main(["validate", str(path), "--json"]) == 0
    assert ["1 row of s.csv is after the end" in text for text in json.loads(capsys.readouterr().out)["warnings"]] == [True]
