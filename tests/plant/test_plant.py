"""A plant in memory: a state is what the plant was, to the last bit, as often as one likes; a fork is a future of its own."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_plants import random_plant
from scipy import stats
from smelter_plant import smelter

import twin
from twin.errors import UsageError
from twin.scenario.equilibrium import beyond

ROOT = Path(__file__).parents[2]
EVERYTHING = ROOT / "tests" / "scenarios" / "everything.yaml"
DAY = 86400.0


def differences(a: Any, b: Any, path: str = "") -> list[str]:
    """Where two states differ in any bit."""
    if isinstance(a, dict):
        return [found for key in dict.fromkeys((*a, *b)) for found in differences(a.get(key), b.get(key), f"{path}/{key}")]
    if isinstance(a, (list, tuple)):
        parts = zip(a, b, strict=False)
        return [path] * (len(a) != len(b)) + [found for k, (x, y) in enumerate(parts) for found in differences(x, y, f"{path}[{k}]")]
    if isinstance(a, np.ndarray):
        return [] if a.shape == b.shape and a.tobytes() == b.tobytes() else [path]
    return [] if a == b or (a != a and b != b) else [f"{path}: {a!r} {b!r}"]


def check_put_back(scenario: twin.Scenario, first: float, last: float) -> None:
    """A used plant and a fresh one both go on from a state as the plant that it was taken from did."""
    plant = twin.Plant(scenario)
    plant.run(first)
    then = plant.state()
    kept = copy.deepcopy(then.content)
    plant.run(last)
    end = plant.state()
    for other in (plant, plant, twin.Plant(scenario)):
        other.set(then)
        assert differences(then.content, other.state().content) == []
        other.run(last)
        assert differences(end.content, other.state().content) == []
    assert differences(kept, then.content) == []


@pytest.mark.parametrize(("first", "last"), [(0.0, 3.0), (1.31, 2.9), (4.0, 9.97)])
def test_a_plant_with_everything_goes_on_from_a_state_to_the_last_bit(first: float, last: float) -> None:
    scenario = twin.load(EVERYTHING)
    check_put_back(scenario, first * DAY, min(last * DAY, scenario.horizon))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("seed", range(60))
def test_a_random_plant_does_so_too(seed: int) -> None:
    scenario = random_plant(seed)
    chance = random.Random(seed)
    first, last = sorted(chance.uniform(0.0, scenario.horizon) for _ in range(2))
    check_put_back(scenario, first, last)


@pytest.mark.slow
def test_a_smelter_does_so_too() -> None:
    check_put_back(twin.load(smelter()), 0.71 * DAY, 1.5 * DAY)


def test_a_sorting_line_with_rules_of_its_own_does_so_too() -> None:
    check_put_back(twin.load(ROOT / "scenarios" / "wood_line.yaml"), 1.2 * DAY, 2.4 * DAY)


def test_to_take_a_state_changes_nothing_of_the_run() -> None:
    """But for the last bits of sums that are recorded, since what is at work is added up in parts."""
    scenario = twin.load(EVERYTHING)
    alone, watched = twin.Plant(scenario), twin.Plant(scenario)
    alone.run(5 * DAY)
    chance = random.Random(1)
    for moment in sorted(chance.uniform(0.0, 5 * DAY) for _ in range(40)):
        watched.run(moment)
        watched.state()
    watched.run(5 * DAY)
    a, b = alone.state().content, watched.state().content
    assert a["events"] == b["events"]
    for before, after in zip(a["units"], b["units"], strict=True):
        assert before["record"] == after["record"]
    for name, bunker in a["bunkers"].items():
        assert differences(bunker, b["bunkers"][name]) == []


def test_a_plant_runs_as_a_run_does() -> None:
    """What it observes at the end of a step is what the file of a run says of that step."""
    scenario = twin.load(EVERYTHING)
    result, plant = twin.run(scenario), twin.Plant(scenario)
    names = [f"level.{name}" for name in result.array("bunker")] + [f"flow.{name}" for name in result.array("stream")]
    for step in (1, 30, 100):
        plant.run(step * scenario.record.every)
        for name, value in zip(names, plant.observe(names), strict=True):
            assert value == result.quantity(name)[step - 1], name


def test_a_replication_may_begin_from_the_state_of_another() -> None:
    """So a study needs one plant for all its replications."""
    scenario = twin.load(EVERYTHING)
    plant = twin.Plant(scenario)
    start = plant.state()
    plant.run(2 * DAY)
    plant.set(start, replication=3)
    plant.run(2 * DAY)
    other = twin.Plant(scenario, replication=3)
    other.run(2 * DAY)
    assert differences(other.state().content, plant.state().content) == []


def test_machines_are_not_prepared_anew_where_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = twin.Plant(ROOT / "scenarios" / "weee_line.yaml")
    plant.run(3600.0)
    then = plant.state()
    plant.run(7200.0)
    prepared: list[str] = []
    monkeypatch.setattr("twin.units.lines.network.Network._prepare", lambda self, i: prepared.append(self.machines[i].name))
    plant.set(then)
    assert prepared == []


def test_forks_of_a_number_are_one_future_and_of_two_are_two() -> None:
    plant = twin.Plant(EVERYTHING)
    plant.run(2 * DAY)
    then = plant.state()
    ends = []
    for member in (5, 5, 6):
        plant.set(then)
        plant.fork(member)
        plant.run(3 * DAY)
        ends.append(plant.state().content)
    assert differences(ends[0], ends[1]) == []
    assert differences(ends[0]["units"], ends[2]["units"]) != []
    plant.set(then)
    plant.run(3 * DAY)
    assert differences(ends[0]["units"], plant.state().content["units"]) != []


LIFE = {"exponential": {"mean": "9 h"}}


def failing(life: Any, mttr: Any = "30 min", **more: Any) -> twin.Scenario:
    """A machine that fails by the calendar, with a yard that never empties."""
    return twin.load(
        {
            "twin": 1,
            "time": {"horizon": "40 d"},
            "lot": "500 kg",
            "materials": {"steel": {}},
            "units": {
                "yard": {"kind": "bunker", "capacity": "5000 t", "initial": {"mass": "5000 t", "composition": {"steel": "100 %"}}},
                "sorter": {"kind": "separator", "from": "yard", "rate": "1 t/h", "failures": {"mtbf": life, "mttr": mttr, "clock": "calendar"}, **more},
                "out": {"kind": "product", "from": "sorter.out"},
            },
        }
    )


def next_failures(scenario: twin.Scenario, now: float, members: int, redraw: bool) -> list[float]:
    """How long after ``now`` the sorter fails in each fork, h."""
    plant = twin.Plant(scenario)
    plant.run(now)
    then = plant.state()
    found = []
    for member in range(members):
        plant.set(then)
        plant.fork(member, redraw=redraw)
        record = plant._built.lines[0].breakdowns[0].record
        assert record.phase == "working"
        found.append((record.fails_at * 1e-9 - now) / 3600.0)
    return found


def test_what_is_pending_stays_unless_it_is_drawn_anew() -> None:
    scenario = failing(LIFE)
    assert len(set(next_failures(scenario, 3600.0, 5, redraw=False))) == 1
    assert len(set(next_failures(scenario, 3600.0, 5, redraw=True))) == 5
    assert len(set(next_failures(failing({"constant": "9 h"}), 3600.0, 5, redraw=True))) == 1  # what is certain stays so


def test_a_life_drawn_anew_is_that_of_what_has_lived_so_long() -> None:
    """Weibull of shape 3 that has lived 4 h: the mean and the spread of what is left, by the truncated distribution; 4 sigma of 400 forks.

    Drawn without regard to its age it would be 8.93 h in the mean, and what is left of it 4.93.
    """
    law, age = stats.weibull_min(3.0, scale=10.0), 4.0
    left = np.array(next_failures(failing({"weibull": {"scale": "10 h", "shape": 3.0}}), age * 3600.0, 400, redraw=True))
    mean = law.expect(lambda x: x - age, lb=age, conditional=True)
    spread = np.sqrt(law.expect(lambda x: (x - age - mean) ** 2, lb=age, conditional=True))
    assert abs(left.mean() - mean) < 4.0 * spread / 20.0
    assert left.min() >= 0.0
    tails = (law.sf(age + left) / law.sf(age)).tolist()  # uniform where the law is right
    assert stats.kstest(tails, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    "law",
    [
        {"uniform": {"low": "2 h", "high": "5 h"}}, {"exponential": {"mean": "3 h"}}, {"lognormal": {"mean": "3 h", "sd": "2 h"}},
        {"normal": {"mean": "4 h", "sd": "1 h", "min": "0 h"}}, {"empirical": {"values": ["1 h", "2 h", "6 h"]}}, {"constant": "3 h"},
        {"discrete": {"values": ["1 h", "2 h", "6 h"], "weights": [1, 2, 1]}}, {"triangular": {"low": "1 h", "mode": "2 h", "high": "6 h"}},
    ],
)  # fmt: skip
def test_a_variate_beyond_what_is_reached_has_the_rest_of_the_distribution(law: dict[str, Any]) -> None:
    """By hand for any law: the share of uniforms whose variate is beyond x is spread over them evenly."""
    distribution = failing(law).units["sorter"].failures.mtbf
    us = (np.arange(4000) + 0.5) / 4000
    values = np.array([distribution.inverse(float(u)) for u in us])
    for reached in (0.0, 0.9 * 3600.0, 2.0 * 3600.0, 2.9 * 3600.0):
        above = values[values > reached]
        if len(above) < 50:
            continue
        found = np.array([beyond(distribution.inverse, reached, float(u)) for u in (np.arange(len(above)) + 0.5) / len(above)])
        assert found.min() >= reached
        np.testing.assert_allclose(found, above, rtol=2e-2, atol=20.0)


def test_the_end_of_a_repair_is_drawn_anew_too() -> None:
    """A repair of 1 to 3 h that has lasted for 90 min ends within the 90 min that are left, each at another time."""
    scenario = failing({"constant": "2 h"}, mttr={"uniform": {"low": "1 h", "high": "3 h"}})
    plant = twin.Plant(scenario)
    plant.run(2 * 3600.0 + 5400.0)
    record = plant._built.lines[0].breakdowns[0].record
    if record.phase == "working":  # that repair was a short one
        pytest.skip("the first repair took less than 90 min with this seed")
    then, ends = plant.state(), []
    for member in range(20):
        plant.set(then)
        plant.fork(member, redraw=True)
        ends.append(record.ends * 1e-9 - plant.time)
    assert len(set(ends)) == 20
    assert 0.0 <= min(ends) < max(ends) <= 5400.0


def test_arrivals_pick_ups_and_trucks_that_unload_are_drawn_anew() -> None:
    """All that is pending in a plant with everything is no earlier than now, and a plant so forked runs on and closes."""
    plant = twin.Plant(EVERYTHING)
    plant.run(2.3 * DAY)
    then = plant.state()
    for member in range(12):
        plant.set(then)
        plant.fork(member, redraw=True)
        now = plant.time * 1e9
        assert all(unit.record.until < 0 or unit.record.until >= now for unit in plant._built.site.units)
        plant.run(3.3 * DAY)


def test_what_cannot_be_done_is_said() -> None:
    plant, other = twin.Plant(EVERYTHING), twin.Plant(failing(LIFE))
    with pytest.raises(UsageError, match="of another plant"):
        plant.set(other.state())
    plant.run(DAY)
    with pytest.raises(UsageError, match=r"from 1 d, where it is"):
        plant.run(0.5 * DAY)
    with pytest.raises(UsageError, match="to its horizon"):
        plant.run(1e9)
    with pytest.raises(UsageError, match=r"a fork has a number from 0 to 4294967295 \(got -1\)"):
        plant.fork(-1)
