"""A plant as a Gymnasium environment: by Gymnasium's own checker, beside the same law as a policy, and many in one plant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import UsageError

pytest.importorskip("gymnasium")
from gymnasium.utils.env_checker import check_env

from twin.fit.control.environment import PlantEnvironment, environments

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "mill",
    "time": {"start": "2026-01-05T06:00", "horizon": "6 d"},
    "lot": "1 t",
    "record": {"every": "10 min"},
    "materials": {"sand": {}},
    "units": {
        "trucks": {"kind": "feed", "every": {"exponential": {"mean": "1 h"}}, "mass": "12 t", "composition": {"sand": 1}},
        "bin": {"kind": "bunker", "from": "trucks", "capacity": "60 t"},
        "mill": {"kind": "splitter", "from": "bin", "rate": "10 t/h", "shares": {"fine": 0.7, "coarse": 0.3}, "failures": {"mtbf": "9 h", "mttr": "1 h"}},
        "fine": {"kind": "product", "from": "mill.fine"},
        "coarse": {"kind": "product", "from": "mill.coarse"},
    },
    "policies": {
        "pace": {
            "policy": "proportional", "every": "30 min", "reads": "level.bin", "sets": "units.mill.rate", "bounds": ["6 t/h", "20 t/h"],
            "low": "5 t", "high": "40 t", "at_low": "6 t/h", "at_high": "20 t/h",
        }
    },
}  # fmt: skip
PAID = {"flow.mill.fine": 0.05 * 3600.0, "queue.trucks": -30.0}


def proportional(level: float) -> float:
    """The law of the scenario's policy, as an action."""
    return 2.0 * min(1.0, max(0.0, (level - 5000.0) / 35000.0)) - 1.0


def played(environment: PlantEnvironment, **reset: Any) -> list[tuple[float, float]]:
    observed, _ = environment.reset(**reset)
    found, over = [], False
    while not over:
        observed, earned, _, over, _ = environment.step(np.array([proportional(float(observed[0]))]))
        found.append((float(observed[0]), earned))
    return found


@pytest.fixture(scope="module")
def environment() -> PlantEnvironment:
    return PlantEnvironment(PLANT, "pace", PAID, start=86400.0, length=86400.0)


@pytest.mark.filterwarnings("ignore::UserWarning")  # its advice on spaces without bounds, which levels do not have
def test_the_checker_of_gymnasium_has_nothing_against_it(environment: PlantEnvironment) -> None:
    check_env(environment, skip_render_check=True)


def test_an_episode_has_as_many_steps_as_its_length_and_is_the_same_for_the_same_seed(environment: PlantEnvironment) -> None:
    first = played(environment, seed=7)
    assert len(first) == 48
    assert played(environment, seed=7) == first
    assert played(environment, seed=8) != first
    assert played(environment, options={"member": 5}) == played(environment, options={"member": 5})


def test_who_answers_as_the_policy_does_gets_the_plant_of_the_policy() -> None:
    """From the start on, without a fork: the levels at each asking are those of a run with the policy, to the last bit."""
    scenario = twin.load(PLANT)
    with_policy, answered = twin.Plant(scenario), twin.Plant(scenario)
    answered.answer_for("pace", lambda observed: ((6.0 + 7.0 * (1.0 + proportional(observed[0]))) / 3.6,))
    for step in range(1, 100):
        with_policy.run(step * 1800.0)
        answered.run(step * 1800.0)
        assert with_policy.observe(["level.bin"]) == pytest.approx(answered.observe(["level.bin"]), rel=1e-12), step


def test_many_take_turns_in_one_plant_and_do_as_each_alone(environment: PlantEnvironment) -> None:
    many = environments(environment, 3)
    observed, _ = many.reset(seed=11)
    rows = []
    for _ in range(20):
        action = np.array([[proportional(float(level))] for level in observed[:, 0]])
        observed, earned, _, _, _ = many.step(action)
        rows.append((observed[:, 0].tolist(), earned.tolist()))
    for place in range(3):
        alone = played(environment, seed=11 + place)
        assert [(levels[place], paid[place]) for levels, paid in rows] == alone[:20]


def test_it_is_paid_by_what_the_plant_does(environment: PlantEnvironment) -> None:
    """0.05 EUR a kg of what flows, less 30 EUR for each hour that a truck waits: against the quantities themselves."""
    environment.reset(seed=3)
    plant = environment._held()
    since = plant.time
    _, earned, _, _, _ = environment.step(np.array([1.0]))
    there = plant.state()
    environment.reset(seed=3)
    plant = environment._held()
    environment._shared.answer = (20.0 / 3.6,)
    expected = 0.0
    for k in range(1, 4):
        plant.run(since + 600.0 * k)
        flow, queue = plant.observe(["flow.mill.fine", "queue.trucks"])
        expected += 600.0 * (0.05 * flow - 30.0 / 3600.0 * queue)
    assert earned == pytest.approx(expected, rel=1e-12)
    assert plant.time == there.time


def test_what_lies_outside_the_bounds_is_cut(environment: PlantEnvironment) -> None:
    environment.reset(seed=1)
    *_, info = environment.step(np.array([7.0]))
    assert info["set"] == {"units.mill.rate": pytest.approx(20.0 / 3.6)}


@pytest.mark.parametrize(
    ("change", "policy", "message"),
    [
        ({}, "nobody", "has no policy 'nobody'; it has pace"),
        ({"record": {"every": "1 h"}}, "pace", "is asked every 30 min, which is no whole number of record steps of 1 h"),
        ({"policies": {"pace": {**PLANT["policies"]["pace"], "ask": {"lot": "mill"}}}}, "pace", "must be asked by the clock alone"),
    ],
)
def test_what_cannot_be_answered_is_said(change: dict[str, Any], policy: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PlantEnvironment({**PLANT, **change}, policy, PAID)


def test_a_reward_of_something_unknown_is_refused() -> None:
    with pytest.raises(UsageError, match=r"flow\.mill\.fin"):
        PlantEnvironment(PLANT, "pace", {"flow.mill.fin": 1.0})
