"""Deadlocks are found when a unit starts to wait, and named; what merely ends is none."""

from __future__ import annotations

from typing import Any

import pytest
from plants import parts, scenario

import twin
from twin.errors import BudgetError, DeadlockError

STATION: dict[str, Any] = {"kind": "separator", "ports": ["out"], "cycle_time": "1 h"}


def circle(first: str | None, second: str | None, **more: Any) -> dict[str, Any]:
    """Two stations that feed one another over two bunkers of 2 kg."""
    units: dict[str, Any] = {
        "a": {"kind": "bunker", "from": "two.out", "capacity": "2 kg"},
        "one": {**STATION, "from": "a"},
        "b": {"kind": "bunker", "from": "one.out", "capacity": "2 kg"},
        "two": {**STATION, "from": "b"},
    }
    for name, mass in (("a", first), ("b", second)):
        if mass is not None:
            units[name]["initial"] = {"mass": mass, "composition": {"part": "100 %"}}
    return {**units, **more}


def ticking() -> dict[str, Any]:
    """Something else that goes on for ever."""
    return {"tick": parts({"constant": "1 h"}), "heap": {"kind": "bunker", "from": "tick", "capacity": "1000 t"}, "end": {"kind": "product", "from": "heap"}}


def test_two_full_bunkers_in_a_circle() -> None:
    plant = scenario(circle("2 kg", "2 kg", **ticking()), "100 h").change({"units.one.blocking": "before", "units.two.blocking": "before"})
    with pytest.raises(DeadlockError, match=r"deadlock at 0 s: .*'one' waits for 'b: room', which only 'two' can bring about"):
        twin.run(plant)


def test_two_empty_bunkers_in_a_circle() -> None:
    plant = scenario(circle("0.5 kg", None, **ticking()), "100 h")
    with pytest.raises(DeadlockError, match=r"'one' waits for 'a: material', which only 'two'") as caught:
        twin.run(plant)
    assert "'two' waits for 'b: material'" in str(caught.value)
    assert "tick" not in str(caught.value)


def test_a_circle_with_one_part_goes_round_for_ever() -> None:
    result = twin.run(scenario(circle("1 kg", None), "100 h"))
    assert result.kpis["utilisation.one"].value == pytest.approx(0.5)


def test_a_bunker_that_nobody_empties() -> None:
    units = {"jobs": parts({"constant": "1 h"}), "yard": {"kind": "bunker", "from": "jobs", "capacity": "5 kg"}, "one": {**STATION, "from": "yard"}}
    units["full"] = {"kind": "bunker", "from": "one.out", "capacity": "3 kg"}
    with pytest.raises(DeadlockError, match=r"deadlock at 18000 s: 'one' waits for 'full: room', which only nobody can bring about"):
        twin.run(scenario(units, "100 h"))


def test_trucks_before_a_yard_that_nobody_empties_wait_in_vain() -> None:
    units = {"jobs": parts({"constant": "1 h"}), "yard": {"kind": "bunker", "from": "jobs", "capacity": "3 kg"}}
    with pytest.raises(DeadlockError, match=r"'jobs.gate' waits for 'yard: room'"):
        twin.run(scenario(units, "100 h"))


def test_a_used_up_stock_and_a_feed_that_ended_are_no_deadlock() -> None:
    units: dict[str, Any] = {
        "stock": {"kind": "bunker", "capacity": "9 kg", "initial": {"mass": "3 kg", "composition": {"part": "100 %"}}},
        "one": {**STATION, "from": "stock"},
        "next": {"kind": "bunker", "from": "one.out", "capacity": "9 kg"},
        "two": {**STATION, "from": "next"},
        "done": {"kind": "product", "from": "two"},
    }
    assert twin.run(scenario(units, "100 h")).kpis["product_mass.done"].value == 3.0
    units["stock"] = {"kind": "bunker", "from": "jobs", "capacity": "9 kg"}
    units["jobs"] = parts({"constant": "1 h"}, limit=4)
    assert twin.run(scenario(units, "100 h")).kpis["product_mass.done"].value == 4.0


def test_two_units_that_hold_what_the_other_needs_cannot_arise() -> None:
    """Resources are granted together or not at all."""
    need: dict[str, Any] = {"needs": ["left", "right"]}
    units: dict[str, Any] = {
        "jobs": parts({"constant": "30 min"}),
        "yard": {"kind": "bunker", "from": "jobs", "capacity": "1000 kg"},
        "one": {**STATION, "from": "yard", **need},
        "two": {**STATION, "from": "yard", "needs": ["right", "left"]},
        "done": {"kind": "product", "from": ["one.out", "two.out"]},
    }
    result = twin.run(scenario(units, "100 h", resources={"left": 1, "right": 1}))
    assert result.kpis["product_mass.done"].value == pytest.approx(99, abs=1)


def test_a_blend_whose_second_bunker_never_fills() -> None:
    units: dict[str, Any] = {
        "jobs": parts({"constant": "1 h"}, when_full="turn_away"),
        "a": {"kind": "bunker", "from": "jobs", "capacity": "50 kg"},
        "b": {"kind": "bunker", "from": "one.rest", "capacity": "50 kg"},
        "one": {**STATION, "ports": ["good", "rest"], "partition": {"good": {"part": "50 %"}}, "from": {"a": "50 %", "b": "50 %"}},
        "done": {"kind": "product", "from": "one.good"},
    }
    with pytest.raises(DeadlockError, match=r"'one' waits for 'a: material' and 'b: material', which only 'jobs.gate', 'one'"):
        twin.run(scenario(units, "100 h"))


def test_an_event_budget_ends_a_run_that_goes_on_for_ever() -> None:
    plant = scenario(circle("1 kg", None), "100000 h", budget={"events": 20_000})
    with pytest.raises(BudgetError, match=r"event budget spent: 20000 events .* allowed are 20000 \(budget.events\)"):
        twin.run(plant)


def test_a_wall_clock_budget_ends_a_run() -> None:
    plant = scenario(circle("1 kg", None), "10000000 h", budget={"wall": "0.2 s"})
    with pytest.raises(BudgetError, match=r"wall-clock budget spent: .* allowed are 0.2 s \(budget.wall\)"):
        twin.run(plant)


@pytest.mark.soak
def test_work_that_takes_no_time_does_not_hang() -> None:
    plant = scenario(circle("1 kg", None), "1 h").change({"units.one.cycle_time": "0.0000000001 s", "units.two.cycle_time": "0.0000000001 s"})
    with pytest.raises(BudgetError, match="time stands still at 0 s: more than 409600 events at one instant"):
        twin.run(plant)


@pytest.mark.parametrize(("one", "room"), [(50, 330), (30, 330), (70, 1010)])
def test_who_hands_over_leaves_each_list_as_it_is_served(one: int, room: int) -> None:
    """A full product bay before a line with two outlets, which waits for room there and in the bunker of the line that stands behind it at the bay.

    The truck comes and the first takes its part of the bay, and only then the second: no deadlock (the car plant with two fluff drums ended in one).
    """
    text = f"""
twin: 1
name: behind
time: {{start: 2026-01-05, horizon: 60 h}}
lot: 100 kg
catalogue: [weee]
units:
  trucks: {{kind: feed, every: 1 h, mass: 10 t, composition: {{steel: 100 %}}, when_full: turn_away}}
  yard: {{kind: bunker, from: trucks, capacity: 100 t}}
  m: {{kind: splitter, from: yard, rate: 10 t/h, shares: {{one: {one} %, two: {100 - one} %}}}}
  a: {{kind: bunker, from: [m.one, n.out], capacity: 1 t}}
  b: {{kind: bunker, from: m.two, capacity: {room} kg}}
  n: {{kind: splitter, from: b, rate: 1 t/h, shares: {{out: 100 %}}}}
  p: {{kind: product, from: a, pickup: {{every: 2 h, mass: 1 t}}}}
"""
    assert twin.run(twin.load(text)).array("gates/product_mass").sum() == pytest.approx(29_000.0)  # a truck every two hours, each full
