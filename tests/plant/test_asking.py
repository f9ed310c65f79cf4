"""When a policy is asked: at thresholds, by lots, by trucks; and copies of a machine that come and go by events."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from smelter_plant import smelter

import twin
from twin.errors import ScenarioError
from twin.plant.simulate import Simulation
from twin.study.reproduce import reproduce

HOUR = 3600 * 10**9
PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "asked",
    "time": {"start": "2026-01-05T00:00", "horizon": "2 d"},
    "lot": "1 t",
    "record": {"every": "1 h"},
    "materials": {"sand": {}},
    "units": {
        "trucks": {"kind": "feed", "every": {"constant": "1 h"}, "first": "30 min", "mass": "12 t", "composition": {"sand": 1}},
        "bin": {"kind": "bunker", "from": "trucks", "capacity": "80 t"},
        "mill": {"kind": "splitter", "from": "bin", "rate": "10 t/h", "shares": {"fine": 0.7, "coarse": 0.3}},
        "bay": {"kind": "bunker", "from": "mill.fine", "capacity": "60 t"},
        "fine": {"kind": "product", "from": "bay", "pickup": {"every": {"constant": "3 h"}, "first": "2 h", "mass": "20 t"}},
        "coarse": {"kind": "product", "from": "mill.coarse"},
    },
}  # fmt: skip
STEP = {"policy": "hysteresis", "reads": "level.bin", "sets": "units.mill.rate", "bounds": ["1 t/h", "20 t/h"], "normal": "10 t/h", "raised": "15 t/h"}


def plant(policies: dict[str, Any], events: list[dict[str, Any]] | None = None, **units: Any) -> twin.Scenario:
    tree = copy.deepcopy(PLANT)
    for name, more in units.items():
        tree["units"][name].update(more)
    return twin.load({**tree, "policies": policies, **({"events": events} if events else {})})


def faults(policies: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as error:
        plant(policies)
    return str(error.value)


def test_at_a_threshold_the_policy_decides_in_the_instant_in_which_the_level_reaches_it() -> None:
    """By hand: 12 t an hour from 0:30 on, 10 t/h out by lots of 1 t drawn at their start. Just after the truck of 0:30 + k h there lie 12 + 2 k t.

    So 20 t are reached by that of 4:30; by the clock, each 6 h, it would have been seen at 6:00. At 15 t/h, 3 t an hour less each hour, 15 lots are drawn in
    each: 15 t left come with a lot that starts at 4:30 + n x 4 min.
    """
    result = twin.run(plant({"pace": {**STEP, "up": "20 t", "down": "15 t", "ask": {"at": ["15 t", "20 t"]}}}))
    times, values = result.array("policies/action_time"), result.array("policies/action_value") * 3.6
    assert times[0] == 4.5 * HOUR and values[0] == pytest.approx(15.0)
    assert (np.diff(values) != 0).all() and len(values) > 3
    down = times[1] - times[0]
    assert down % (4 * 60 * 10**9) == 0  # a lot is drawn as the one before it is done, of the lot that works at 4:30 the rest is at the old rate
    simulation = Simulation(plant({}))
    assert simulation.built.site.bunkers["bin"].followers == []


def test_what_lies_above_a_threshold_at_the_start_asks_at_once() -> None:
    full = {"initial": {"mass": "40 t", "composition": {"sand": 1}}}
    result = twin.run(plant({"pace": {**STEP, "up": "30 t", "down": "5 t", "ask": {"at": ["5 t", "30 t"]}}}, bin=full))
    assert result.array("policies/action_time")[0] == 0


def test_a_level_that_stops_at_a_threshold_has_reached_it_from_both_sides() -> None:
    """Lots of 1 t: the level is exactly 8 t before it is less. Hysteresis lets go at 'down', which includes it."""
    full = {"initial": {"mass": "20 t", "composition": {"sand": 1}}}
    result = twin.run(plant({"pace": {**STEP, "up": "15 t", "down": "8 t", "ask": {"at": ["8 t", "15 t"]}}}, bin=full, trucks={"first": "47.9 h"}))
    times, values = result.array("policies/action_time"), result.array("policies/action_value") * 3.6
    assert values.tolist() == pytest.approx([15.0, 10.0])
    # at 0 one of 10 t/h is not drawn yet: 20 t, raised, 12 lots of 4 min until 8 t are left as the twelfth is drawn
    assert times.tolist() == [0, 11 * 4 * 60 * 10**9]


def test_a_line_asks_before_it_looks_for_its_lot() -> None:
    """The rate that a lot gets is that of the level just before it is drawn: each lot, not each 10 minutes."""
    pace = {"policy": "proportional", "reads": "level.bin", "sets": "units.mill.rate", "bounds": ["1 t/h", "20 t/h"], "low": "0 t", "high": "20 t",
            "at_low": "1 t/h", "at_high": "21 t/h", "ask": {"lot": "mill"}}  # fmt: skip
    result = twin.run(plant({"pace": pace}, bin={"initial": {"mass": "10 t", "composition": {"sand": 1}}}, trucks={"first": "47.9 h"}))
    times, asked = result.array("policies/action_time")[:11] / HOUR, result.array("policies/asked")[:11] * 3.6  # then comes a truck
    levels = np.arange(10, -1, -1.0)
    assert asked == pytest.approx(1.0 + levels)  # 11 t/h, 10 t/h, ..., and 1 t/h when nothing is left
    expected = np.concatenate([[0.0], np.cumsum(1.0 / (1.0 + levels[:-1]))])
    assert times == pytest.approx(expected, abs=2e-12 * 100)
    assert result.array("policies/asking")[:11].tolist() == list(range(1, 12))


def test_a_truck_asks_before_it_is_loaded() -> None:
    """The loads of the pick-ups follow what lies in the bay as each comes, by a policy of the mass; those of the feed likewise."""
    sends = {"policy": "steps", "reads": "level.bin", "sets": "units.trucks.mass", "bounds": ["6 t", "12 t"], "thresholds": ["13 t"], "values": ["12 t", "6 t"],
             "ask": {"truck": "trucks"}}  # fmt: skip
    result = twin.run(plant({"sends": sends}))
    times = result.array("policies/action_time")
    assert len(times) > 5 and ((times - HOUR // 2) % HOUR == 0).all()
    record = result.quantity("flow.trucks") * 3600  # kg in each hour: one truck
    assert set(np.round(record, 6)) == {6000.0, 12000.0}
    set_at = dict(zip((times // HOUR).tolist(), result.array("policies/action_value").tolist(), strict=True))
    mass, expected = 12000.0, []
    for hour in range(len(record)):
        mass = set_at.get(hour, mass)
        expected.append(mass)
    assert np.round(record, 6).tolist() == expected


def test_a_pick_up_asks_too() -> None:
    calls = {"policy": "steps", "reads": "level.bay", "sets": "units.mill.rate", "bounds": ["2 t/h", "12 t/h"], "thresholds": ["10 t"],
             "values": ["12 t/h", "2 t/h"], "ask": {"truck": ["fine"]}}  # fmt: skip
    times = twin.run(plant({"calls": calls})).array("policies/action_time")
    assert len(times) >= 2 and ((times - 2 * HOUR) % (3 * HOUR) == 0).all()


def test_a_truck_is_sent_when_there_is_a_load() -> None:
    """Dispatch: no truck comes by itself, and one within half an hour from when 20 t lie there; it goes on until 4 t are left.

    The gap that is under way passes at the new rate: of 100 d to the next truck, at the time t of the call, (100 d - t) / 100 d x 30 min are left.
    """
    sends = {"policy": "hysteresis", "reads": "level.bay", "sets": "units.fine.pickup.every", "bounds": ["30 min", "100 d"], "normal": "100 d",
             "raised": "30 min", "up": "20 t", "down": "4 t", "ask": {"at": ["4 t", "20 t"]}}  # fmt: skip
    run = plant({"sends": sends}, fine={"pickup": {"every": {"constant": "100 d"}, "first": "0 s", "mass": "20 t"}})
    result = twin.run(run)
    times, values = result.array("policies/action_time"), result.array("policies/action_value")
    assert values[:2].tolist() == [1800.0, 8_640_000.0]
    assert times[1] - times[0] == pytest.approx((1 - times[0] / 1e9 / 8_640_000) * 1800e9, abs=2)
    assert result.kpis["product_mass.fine"].value == pytest.approx(20e3 * (values == 1800.0).sum(), rel=0.2)
    level = result.quantity("level.bay")
    assert level.max() < 24e3


def test_events_change_pick_ups() -> None:
    """20 t every 3 h from 2:00 on; from 10:00 on every 6 h: of the 3 h from 8:00 one is left, which is two."""
    run = plant({}, [{"at": "10 h", "set": {"units.fine.pickup.every": {"constant": "6 h"}, "units.fine.pickup.mass": "12 t"}}], mill={"rate": "40 t/h"},
                bay={"initial": {"mass": "60 t", "composition": {"sand": 1}}, "capacity": "5000 t"})  # fmt: skip
    taken = twin.run(run).quantity("flow.fine") * 3.6
    hours = np.flatnonzero(taken > 0.0)
    assert hours.tolist() == [2, 5, 8, 12, 18, 24, 30, 36, 42]
    assert taken[hours] == pytest.approx([20, 20, 20, 12, 12, 12, 12, 12, 12])


def test_the_fullest_yard_is_worked_off() -> None:
    """Three yards that fill at 4, 3 and 2 t/h, one line at 9 t/h: the one worked off changes when another holds 5 t more."""
    tree = copy.deepcopy(PLANT)
    units = tree["units"]
    for name, mass in (("a", "4 t"), ("b", "3 t"), ("c", "2 t")):
        units[f"trucks_{name}"] = {**units["trucks"], "mass": mass}
        units[name] = {"kind": "bunker", "from": f"trucks_{name}", "capacity": "200 t", "initial": {"mass": "30 t", "composition": {"sand": 1}}}
    del units["trucks"], units["bin"]
    units["mill"].update({"from": ["a", "b", "c"], "rate": "9 t/h", "prefer": "a"})
    choice = {"policy": "fullest", "reads": ["level.a", "level.b", "level.c"], "sets": "units.mill.prefer", "choices": ["a", "b", "c"], "margin": "5 t",
              "ask": {"lot": "mill"}}  # fmt: skip
    result = twin.run({**tree, "policies": {"yard": choice}})
    levels = np.array([result.quantity(f"level.{name}") for name in "abc"])
    spread = levels.max(axis=0) - levels.min(axis=0)
    assert spread[5:].max() < 5e3 + 5e3  # the margin, and what an hour brings
    assert set(result.array("policies/action_value").tolist()) == {1.0, 2.0, 3.0}
    flow = [result.quantity(f"flow.{name}").mean() for name in "abc"]
    assert flow == pytest.approx([4 / 3.6, 3 / 3.6, 2 / 3.6], rel=0.06)
    with pytest.raises(ScenarioError, match="a list of two or more quantities"):
        twin.load({**tree, "policies": {"yard": {**choice, "reads": "level.a"}}})
    with pytest.raises(ScenarioError, match="of one unit"):
        twin.load({**tree, "policies": {"yard": {**choice, "reads": ["level.a", "queue.trucks_a"]}}})


EVERYWHERE: dict[str, Any] = {
    "pace": {**STEP, "up": "20 t", "down": "15 t", "every": "7 h", "ask": {"at": ["15 t", "20 t"], "truck": ["trucks", "fine"]}},
    "loads": {"policy": "hysteresis", "reads": "level.bay", "sets": "units.fine.pickup.every", "bounds": ["1 h", "9 h"], "normal": "9 h", "raised": "1 h",
              "up": "10 t", "down": "4 t", "ask": {"at": ["4 t", "10 t"]}},
    "which": {"policy": "proportional", "reads": "state.mill", "sets": "units.trucks.mass", "bounds": ["6 t", "14 t"], "low": 0, "high": 1, "at_low": "14 t",
              "at_high": "6 t", "ask": {"lot": ["mill"], "truck": "trucks"}},
}  # fmt: skip


@pytest.mark.parametrize("moment", [4.5 * 3600.0, 4.5 * 3600.0 + 1e-9, 11 * 3600.0, 100_000.0])
def test_saved_and_resumed_with_the_digest_of_the_undisturbed_run(tmp_path: Path, moment: float) -> None:
    run = plant(EVERYWHERE, [{"at": "20 h", "set": {"policies.pace.every": "1 h", "units.mill.count": 2}}, {"at": "30 h", "set": {"units.mill.count": 1}}])
    whole = twin.run(run)
    assert len(whole.array("policies/action_time")) > 40
    twin.run_until(run, moment, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


def test_what_was_done_is_done_again_at_the_same_askings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several askings at one instant, and no code of the policies."""
    from twin.scenario import policy

    events = [{"at": "20 h", "set": {"policies.pace.every": "90 min"}}]
    result = twin.run(plant(EVERYWHERE, events), out=tmp_path / "run.h5")
    monkeypatch.setattr(policy, "OWN", {})
    found = reproduce(tmp_path / "run.h5")
    assert found.verdict == "equal" and found.digests[0] == result.digest


def test_an_event_changes_how_often_a_policy_is_asked() -> None:
    pace = {"policy": "proportional", "reads": "level.bin", "sets": "units.mill.rate", "bounds": ["1 t/h", "20 t/h"], "low": "0 t", "high": "40 t",
            "at_low": "5 t/h", "at_high": "15 t/h", "every": "4 h"}  # fmt: skip
    run = plant({"pace": pace}, [{"at": "13 h", "set": {"policies.pace.every": "1 h"}}], trucks={"every": {"uniform": ["20 min", "100 min"]}})
    times = twin.run(run).array("policies/action_time") / HOUR
    early = set(times[times < 13].tolist())
    assert early and early <= {4.0, 8.0, 12.0}  # an asking that changes nothing leaves no row
    assert (times[times > 13] % 1 == 0).all() and len(times[times > 13]) > 20


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "when is it asked"),
        ({"ask": {}}, "one of 'at', 'lot' and 'truck' is needed"),
        ({"ask": {"lot": "mil"}}, "did you mean 'mill'"),
        ({"ask": {"truck": "coarse"}}, "a feed, or a product with 'pickup', is needed"),
        ({"ask": {"at": ["20 t", "10 t"]}}, "rise"),
        ({"ask": {"at": []}}, "a list of thresholds"),
        ({"ask": {"at": ["x"]}}, "'x'"),
        ({"ask": {"at": ["1 h"]}}, "1 h"),
        ({"ask": {"when": "now"}}, "when"),
        ({"ask": 5}, "ask"),
        ({"ask": {"at": {"levels": ["10 t"]}}}, "unknown word 'levels'"),
        ({"ask": {"at": ["10 t"]}, "reads": "queue.trucks", "up": 3, "down": 1}, "only a level"),
    ],
)
def test_wrong_askings_are_named(entry: dict[str, Any], said: str) -> None:
    assert said in faults({"pace": {**STEP, "up": "20 t", "down": "15 t", **entry}})


def test_a_furnace_asks_as_it_begins_to_charge(tmp_path: Path) -> None:
    """Scrap is ordered by what the furnace finds: at each charge, in the instant in which it begins, also after a resume."""
    tree = smelter("2 d")
    orders = {"policy": "steps", "reads": "level.bay", "sets": "units.trucks.mass", "bounds": ["5 t", "30 t"], "thresholds": ["190 t"], "values": ["30 t", "6 t"],
              "ask": {"lot": "tsl"}}  # fmt: skip
    run = twin.load({**tree, "policies": {"orders": orders}})
    result = twin.run(run)
    units, phases, starts = (result.array(f"batches/{name}").tolist() for name in ("batch_unit", "phase", "phase_start"))
    charges = [start for unit, phase, start in zip(units, phases, starts, strict=True) if unit == "tsl" and phase == "charge"]
    times, askings = result.array("policies/action_time").tolist(), result.array("policies/asking").tolist()
    assert times[0] == 0 and len(charges) > 4
    for time, asking in zip(times, askings, strict=True):  # each asking is a charge; scrap for it is there, so that it begins at once or waits for what lacks
        assert time <= charges[asking - 1] and (asking == 1 or charges[asking - 2] < time)
    twin.run_until(run, 30_000.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest


def test_events_change_how_many_copies_there_are() -> None:
    """One of 10 t/h for a day, then two, from 36 h on one again: masses by hand, of a stock that does not end."""
    stock = {"initial": {"mass": "2000 t", "composition": {"sand": 1}}, "capacity": "3000 t"}
    events = [{"at": "1 d", "set": {"units.mill.count": 2}}, {"at": "36 h", "set": {"units.mill.count": 1}}]
    result = twin.run(plant({}, events, bin=stock, trucks={"first": "47.9 h"}, mill={"power": {"idle": "10 kW"}}, bay={"capacity": "900 t"}))
    flow = result.quantity("flow.mill.fine") * 3.6 / 0.7
    assert flow[2:23] == pytest.approx(np.full(21, 10.0), rel=1e-9)
    assert flow[25:35] == pytest.approx(np.full(10, 20.0), rel=1e-9)
    assert flow[37:] == pytest.approx(np.full(len(flow) - 37, 10.0), rel=1e-9)
    power = result.quantity("power.mill")
    assert power[[5, 30, 40]] == pytest.approx([10e3, 20e3, 10e3])
    assert result.array("units/down_share").max() == 0.0  # what is not there is not down


def test_a_copy_that_is_away_draws_no_power_of_machines_that_are_off() -> None:
    """One truck comes, and no other: the line is off after 10 min. One copy draws 4 kW, two draw 8 kW from the second day to 36 h."""
    events = [{"at": "1 d", "set": {"units.mill.count": 2}}, {"at": "36 h", "set": {"units.mill.count": 1}}]
    mill = {"power": {"idle": "10 kW", "switched_off": "4 kW"}, "energy_states": {"off_after": "10 min"}}
    power = twin.run(plant({}, events, trucks={"every": {"constant": "90 d"}}, mill=mill)).quantity("power.mill")
    assert power[[5, 30, 40]] == pytest.approx([4e3, 8e3, 4e3])


def test_a_copy_that_is_away_does_not_age() -> None:
    """Each fails after 10 h of work: the first at 10 h, the second, there from 4 to 9 h and from 20 h on, after 5 h more of its own."""
    stock = {"initial": {"mass": "2000 t", "composition": {"sand": 1}}, "capacity": "3000 t"}
    events = [{"at": f"{at} h", "set": {"units.mill.count": count}} for at, count in ((4, 2), (9, 1), (20, 2))]
    mill = {"failures": {"mtbf": {"constant": "10 h"}, "mttr": {"constant": "1 h"}}}
    result = twin.run(plant({}, events, bin=stock, trucks={"first": "47.9 h"}, mill=mill, bay={"capacity": "900 t"}))
    failed = [
        (str(unit), time / HOUR)
        for unit, what, time in zip(result.array("events/event_unit"), result.array("events/what"), result.array("events/event_time"), strict=True)
        if str(what) == "failed"
    ]
    first = [time for name, time in failed if name == "mill.breakdown"]
    second = [time for name, time in failed if name == "mill.1.breakdown"]
    assert first[0] == pytest.approx(10.0) and first[1] == pytest.approx(21.0)
    # 4 h until it comes do not count; 5 h until 9 h; the line works from 20 h on all the time (two copies, never both down): 5 h more
    assert second[0] == pytest.approx(25.0)


def test_a_count_below_one_is_refused() -> None:
    with pytest.raises(ScenarioError, match="count"):
        plant({}, [{"at": "1 d", "set": {"units.mill.count": 0}}])
