"""Policies decide while the plant runs: by hand, with their memory saved, and again without their code."""

from __future__ import annotations

import copy
import dataclasses
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import FileError, ScenarioError, UsageError
from twin.plant.simulate import Simulation
from twin.results.layout import table_of
from twin.scenario import policy
from twin.study.reproduce import reproduce

TONNE_AN_HOUR = 1000.0 / 3600.0
PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "decides",
    "time": {"start": "2026-01-05T06:00", "horizon": "3 d"},
    "lot": "1 t",
    "record": {"every": "1 h"},
    "materials": {"sand": {}, "stone": {}},
    "units": {
        "trucks": {"kind": "feed", "every": {"exponential": {"mean": "1 h"}}, "mass": "12 t", "composition": {"sand": 0.6, "stone": 0.4}},
        "bin": {"kind": "bunker", "from": "trucks", "capacity": "60 t"},
        "mill": {
            "kind": "splitter", "from": "bin", "rate": "10 t/h", "shares": {"fine": 0.7, "coarse": 0.3}, "power": {"idle": "10 kW", "specific": "3 kWh/t"},
            "failures": {"mtbf": "9 h", "mttr": "1 h"},
        },
        "bay": {"kind": "bunker", "from": "mill.fine", "capacity": "30 t"},
        "press": {"kind": "splitter", "from": "bay", "rate": "9 t/h", "shares": {"hard": 0.5, "soft": 0.5}},
        "hard": {"kind": "product", "from": "press.hard"},
        "soft": {"kind": "product", "from": "press.soft"},
        "coarse": {"kind": "product", "from": "mill.coarse"},
    },
    "policies": {},
}  # fmt: skip
PACE = {
    "policy": "proportional", "every": "10 min", "reads": "level.bin", "sets": "units.mill.rate", "bounds": ["6 t/h", "20 t/h"],
    "low": "5 t", "high": "40 t", "at_low": "5 t/h", "at_high": "22 t/h",
}  # fmt: skip
CAUTIOUS = {
    "policy": "cautious", "every": "25 min", "reads": {"level": "level.bin", "works": "state.mill"},
    "sets": {"first": "units.mill.rate", "second": "units.press.rate"}, "bounds": {"first": ["6 t/h", "20 t/h"], "second": ["3 t/h", "12 t/h"]},
    "slow": "8 t/h",
}  # fmt: skip


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that brings policies is installed."""
    for name, attribute in (("cautious", "POLICY"), ("failing", "FAILING"), ("miscounting", "MISCOUNTING")):
        monkeypatch.setitem(policy._entries(), name, EntryPoint(name, f"deciding_policy:{attribute}", policy.GROUP))


def scenario(policies: dict[str, Any], **changes: Any) -> twin.Scenario:
    """The plant with policies, and other changes by path."""
    tree = copy.deepcopy(PLANT)
    tree["policies"] = policies
    events = changes.pop("events", [])
    loaded = twin.load({**tree, "events": events} if events else tree)
    return loaded.change(changes) if changes else loaded


def test_a_rate_follows_a_level_between_its_bounds() -> None:
    """Asked every 10 min, the mill has what the line gives of the level then, cut to the bounds; and from the next lot on it works at that rate."""
    run = scenario({"pace": PACE}, events=[{"at": "1 d", "set": {"units.mill.power": {"idle": "20 kW"}}}])
    result = twin.run(run)
    times, values, asked = (result.array(f"policies/{name}") for name in ("action_time", "action_value", "asked"))
    assert (times % (600 * 10**9) == 0).all() and len(times) > 50
    assert np.array_equal(values, np.clip(asked, 6 * TONNE_AN_HOUR, 20 * TONNE_AN_HOUR))
    assert asked.min() < values.min() and set(result.array("policies/set_point")) == {"units.mill.rate"}
    simulation = Simulation(run)
    simulation.start()
    levels = {}
    for time in times.tolist()[:20]:
        simulation.built.site.clock.run(time)
        levels[time] = float(simulation.observe(["level.bin"])[0])
    expected = [5 * TONNE_AN_HOUR + min(1.0, max(0.0, (level - 5000.0) / 35000.0)) * 17 * TONNE_AN_HOUR for level in levels.values()]
    assert asked[:20] == pytest.approx(expected, rel=1e-12)
    line = simulation.built.lines[0]
    assert line.machines[0].rate is not None and line.machines[0].rate.inverse(0.5) in (values[18], values[19])
    words = [str(what) for what in result.array("events/what")]
    assert any(word.startswith("pace sets units.mill.rate = 6 t/h, asked for 5") for word in words)


def test_a_policy_with_nothing_to_do_changes_no_bit() -> None:
    """Levels are read without cutting what is recorded; a set point that stays is not noted."""
    same = {**PACE, "at_low": "10 t/h", "at_high": "10 t/h"}
    with_policy, without = twin.run(scenario({"pace": same})), twin.run(scenario({}))
    assert len(with_policy.array("policies/action_time")) == 0
    assert with_policy.array("events/what").tolist() == without.array("events/what").tolist()
    for name in ("streams/mass_flow", "units/power", "units/level"):
        assert np.array_equal(with_policy.array(name), without.array(name), equal_nan=True)
    assert not without.has("policies/action_time") and "policies" not in without.groups


@pytest.mark.parametrize("policies", [{"pace": PACE}, {"careful": CAUTIOUS}])
@pytest.mark.parametrize("moment", [3600.0 * 5, 3600.0 * 24, 100_000.0, 3600.0 * 30.5])
@pytest.mark.usefixtures("installed")
def test_a_run_that_was_saved_has_the_digest_of_the_undisturbed_one(tmp_path: Path, policies: dict[str, Any], moment: float) -> None:
    key = "policies.pace.low" if "pace" in policies else "policies.careful.lag"
    events = [{"at": "1 d", "set": {key: "15 t" if "pace" in policies else 0.5, "units.mill.shares": {"fine": 0.6, "coarse": 0.4}}}]
    run = scenario(policies, events=events)
    twin.run_until(run, moment, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(run).digest


@pytest.mark.usefixtures("installed")
def test_an_event_changes_a_policy_from_its_time_on() -> None:
    event = [{"at": "1 d", "set": {"policies.pace.at_high": "8 t/h"}}]
    changed, plain = twin.run(scenario({"pace": PACE}, events=event)), twin.run(scenario({"pace": PACE}))
    day = 86_400 * 10**9
    before = [result.array("policies/action_value")[result.array("policies/action_time") < day] for result in (changed, plain)]
    assert np.array_equal(*before)
    late = changed.array("policies/action_value")[changed.array("policies/action_time") >= day]
    assert late.max() <= 8 * TONNE_AN_HOUR < plain.array("policies/action_value")[-20:].max()


def test_a_set_point_outlives_an_event_on_the_same_unit() -> None:
    """An event gives the unit all its parameters anew: what the policy has set stays."""
    run = scenario({"pace": PACE}, events=[{"at": "30 h", "set": {"units.mill.shares": {"fine": 0.6, "coarse": 0.4}}}])
    simulation = Simulation(run)
    simulation.start()
    simulation.built.site.clock.run(30 * 3600 * 10**9 + 1)
    mill = simulation.built.lines[0].machines[0]
    last = [action["action_value"] for action in simulation.built.site.recorder.actions]
    assert mill.rate is not None and mill.rate.inverse(0.5) == last[-1] != 10 * TONNE_AN_HOUR


@pytest.mark.usefixtures("installed")
def test_a_file_is_reproduced_with_and_without_the_code_of_its_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = scenario({"careful": CAUTIOUS}, events=[{"at": "1 d", "set": {"policies.careful.lag": 0.5}}])
    result = twin.run(run, out=tmp_path / "run.h5")
    assert reproduce(tmp_path / "run.h5").verdict == "equal"
    assert len(result.array("policies/action_time")) > 50
    assert {len(result.array(f"policies/{variable.name}")) for variable in table_of("policies")} == {len(result.array("policies/action_time"))}
    monkeypatch.delitem(policy._entries(), "cautious")
    with pytest.raises(ScenarioError, match="unknown policy 'cautious'"):
        scenario({"careful": CAUTIOUS})
    found = reproduce(tmp_path / "run.h5")
    assert found.verdict == "equal" and found.digests[0] == result.digest
    with pytest.raises(UsageError, match="is not installed"):
        twin.run(twin.plant.api.load_stored(result.scenario, result.files))


@pytest.mark.usefixtures("installed")
def test_the_code_of_a_policy_is_part_of_what_made_a_file() -> None:
    assert "kinds_sha256" not in twin.run(scenario({"pace": PACE})).attrs
    assert "kinds_sha256" in twin.run(scenario({"careful": CAUTIOUS})).attrs


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", "policies.wrong, asked at 10 min: its 'decide' failed: ZeroDivisionError"),
        ("miscounting", "must return 1 values and a memory of 0"),
    ],
)
def test_a_policy_that_fails_ends_the_run_with_its_name_and_the_time(name: str, message: str) -> None:
    wrong = {key: PACE[key] for key in ("every", "reads", "sets", "bounds")}
    with pytest.raises(UsageError, match=message):
        twin.run(scenario({"wrong": {"policy": name, **wrong}}))


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"policy": "propotional"}, "policies.pace.policy", "did you mean 'proportional'"),
        ({"reads": "level.bn"}, "policies.pace.reads", "did you mean 'level.bin'"),
        ({"reads": "kpi.throughput"}, "policies.pace.reads", "is known when the run has ended"),
        ({"reads": {"quantity": "level.bn"}}, "policies.pace.reads.quantity", "did you mean 'level.bin'"),
        ({"reads": 5}, "policies.pace.reads", "the name of a quantity is needed"),
        ({"sets": "units.mill.shares"}, "policies.pace.sets", "a number or a word is needed that stands there and may change"),
        ({"sets": "units.mil.rate"}, "policies.pace.sets", "did you mean 'mill'"),
        ({"sets": "resources.crew.count"}, "policies.pace.sets", "unknown resource"),
        ({"bounds": ["0 t/h", "20 t/h"]}, "policies.pace.bounds", "units.mill.rate could not be so: must be more than 0 kg/s"),
        ({"bounds": ["20 t/h", "10 t/h"]}, "policies.pace.bounds", "must not be more than the second"),
        ({"bounds": "20 t/h"}, "policies.pace.bounds", "the least and the largest value"),
        ({"low": "50 t"}, "policies.pace.high", "must be more than 'low'"),
        ({"low": "50 t/h"}, "policies.pace.low", "a mass is needed"),
        ({"lo": "50 t"}, "policies.pace.lo", "did you mean 'low'"),
        ({"every": "0 s"}, "policies.pace.every", "more than"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(changes: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario({"pace": {**PACE, **changes}})
    found = {problem.path: problem.message for problem in refused.value.problems}
    assert path in found and message in found[path], found


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("policies.pace.lo", "5 t", "one parameter of the policy can change"),
        ("policies.pac.low", "5 t", "did you mean 'pace'"),
        ("policies.pace.low", "50 t", "must be more than 'low'"),
        ("policies.pace.low", "5 m", "a mass is needed"),
        ("units.mill.rate", "5 t/h", "is set by the policy 'pace'"),
    ],
)
def test_an_event_that_a_policy_forbids_is_refused(text: str, value: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario({"pace": PACE}, events=[{"at": "1 d", "set": {text: value}}])
    assert message in str(refused.value)


def test_two_policies_cannot_set_one_thing() -> None:
    with pytest.raises(ScenarioError, match="is set by the policy 'pace' already"):
        scenario({"pace": PACE, "race": PACE})


def test_a_state_or_material_that_is_not_in_the_plant_is_refused() -> None:
    reads = {**PACE, "low": 0.1, "high": 0.9, "reads": "state.mill.runing"}
    with pytest.raises(ScenarioError, match=r"policies\.pace\.reads"):
        twin.run(scenario({"pace": reads}))
    flows = {**PACE, "low": "1 t/h", "high": "2 t/h", "reads": "flow.mill.fine.stone"}
    with pytest.raises(ScenarioError, match=r"reads: unknown quantity 'flow\.mill\.fine\.stoney'"):
        scenario({"pace": {**flows, "reads": "flow.mill.fine.stoney"}})
    assert len(twin.run(scenario({"pace": flows})).array("policies/action_time")) > 10


def test_a_quantity_that_never_has_a_value_is_refused() -> None:
    """A policy that reads it would never be asked."""
    flow = {**PACE, "low": "1 t/h", "high": "2 t/h", "reads": "flow.mill.fine"}
    with pytest.raises(ScenarioError, match="is not known with 'streams: false'"):
        twin.run(scenario({"pace": flow}, **{"record.streams": False}))
    load = {**PACE, "low": 0.1, "high": 0.9, "reads": "load.polish"}
    polish = {"kind": "splitter", "from": "press.hard", "shares": {"fair": 0.5, "dull": 0.5}}
    more = {"polish": polish, "hard": {"kind": "product", "from": "polish.fair"}, "dull": {"kind": "product", "from": "polish.dull"}}
    plant = twin.load({**PLANT, "units": {**PLANT["units"], **more}, "policies": {"pace": load}})
    with pytest.raises(ScenarioError, match="and so no load"):
        twin.run(plant)


def test_a_policy_is_not_asked_where_what_it_reads_has_no_value() -> None:
    """Nothing leaves the mill before its first lot is done, so that there is no share; with the shares of these materials there never is one above 0."""
    late = {**PACE, "reads": "share.bin.Cu", "low": 0.1, "high": 0.9}
    result = twin.run(scenario({"pace": late}))
    times, flows = result.array("policies/action_time"), result.quantity("flow.bin")
    assert len(times) == 1 and times[0] > 600 * 10**9
    assert (flows[: int(times[0] // (3600 * 10**9))] == 0.0).all()


def test_steps_and_hysteresis_set_what_they_say() -> None:
    common = {key: PACE[key] for key in ("every", "reads", "sets", "bounds")}
    steps = twin.run(scenario({"pace": {"policy": "steps", **common, "thresholds": ["10 t", "30 t"], "values": ["7 t/h", "11 t/h", "15 t/h"]}}))
    assert set(np.round(steps.array("policies/action_value") / TONNE_AN_HOUR, 9)) == {7.0, 11.0, 15.0}
    both = twin.run(scenario({"pace": {"policy": "hysteresis", **common, "up": "30 t", "down": "12 t", "normal": "8 t/h", "raised": "16 t/h"}}))
    values = np.round(both.array("policies/action_value") / TONNE_AN_HOUR, 9)
    assert set(values) == {8.0, 16.0} and (np.diff(values) != 0).all()


def test_a_policy_stands_among_the_parameters_with_basis_and_source() -> None:
    low = {"value": "5 t", "basis": "measured", "source": "operator, March"}
    found = {number.path: number for number in scenario({"pace": {**PACE, "low": low}}).parameters()}
    assert dataclasses.astuple(found["policies.pace.low"])[1:5] == (5000.0, "kg", "measured", "operator, March")
    assert found["policies.pace.bounds.1"].value == pytest.approx(20 * TONNE_AN_HOUR)


# -- which source is taken --------------------------------------------------------------------------------------------------------------------

PREFER = {
    "policy": "hysteresis", "every": "30 min", "reads": "level.wet", "sets": "units.mill.prefer", "choices": ["dry", "wet"],
    "up": "30 t", "down": "8 t", "normal": "dry", "raised": "wet",
}  # fmt: skip


def two_yards(policies: dict[str, Any], **changes: Any) -> twin.Scenario:
    """The plant with two yards before the mill, which takes from the dry one while it holds a lot."""
    tree = copy.deepcopy(PLANT)
    units: dict[str, Any] = {
        "dry_trucks": {**tree["units"]["trucks"], "every": "2 h", "composition": {"sand": 1}},
        "wet_trucks": {**tree["units"]["trucks"], "every": "3 h", "composition": {"stone": 1}},
        "dry": {"kind": "bunker", "from": "dry_trucks", "capacity": "90 t"},
        "wet": {"kind": "bunker", "from": "wet_trucks", "capacity": "90 t"},
        **{name: unit for name, unit in tree["units"].items() if name not in ("trucks", "bin")},
    }
    units["mill"] = {**units["mill"], "from": ["dry", "wet"], "prefer": "dry", "rate": "8 t/h"}
    del units["mill"]["failures"]
    return twin.load({**tree, "units": units, "policies": policies, **changes})


def test_a_policy_chooses_the_source() -> None:
    """When the wet yard holds 30 t it is emptied first, down to 8 t; each lot is of one yard."""
    result = twin.run(two_yards({"which": PREFER}, record={"every": "30 min"}))
    values, times = result.array("policies/action_value"), result.array("policies/action_time")
    assert set(values) == {1.0, 2.0} and (np.diff(values) != 0).all() and len(values) > 4
    assert values[0] == 2.0  # dry stands there at the start
    level = result.quantity("level.wet")
    steps = times // (1800 * 10**9) - 1
    assert (level[steps[values == 2.0]] >= 30_000.0).all() and (level[steps[values == 1.0]] <= 8_000.0).all()
    words = [str(what) for what in result.array("events/what") if "prefer" in str(what)]
    assert words[:2] == ["which sets units.mill.prefer = wet", "which sets units.mill.prefer = dry"]


def test_an_event_chooses_the_source_from_the_next_lot_on() -> None:
    """From 5 h on stone is drawn as long as a lot of it lies there."""
    run = two_yards({}, events=[{"at": "7 h", "set": {"units.mill.prefer": "wet"}}], lot="2 t")
    result = twin.run(run)
    stone, sand = result.quantity("flow.wet.stone"), result.quantity("flow.dry.sand")
    assert stone[:6].sum() < stone[7:13].sum() and stone[7] * 3600 > 7_000 and sand[6] * 3600 > 3_000


@pytest.mark.parametrize("moment", [3600.0 * 7.3, 3600.0 * 24, 3600.0 * 41])
def test_a_run_that_chooses_its_source_resumes_to_the_last_bit(tmp_path: Path, moment: float) -> None:
    run = two_yards({"which": PREFER}, events=[{"at": "30 h", "set": {"policies.which.raised": "dry"}}])
    twin.run_until(run, moment, tmp_path / "state.h5")
    result = twin.run(run, out=tmp_path / "run.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest
    assert reproduce(tmp_path / "run.h5").verdict == "equal"
    assert result.array("policies/action_value")[result.array("policies/action_time") > 31 * 3600 * 10**9].tolist() in ([], [1.0])


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"choices": ["dry", "damp"]}, "policies.which.choices", "could not be 'damp': must be one of those it takes from"),
        ({"choices": ["dry"]}, "policies.which.choices", "two or more different ones"),
        ({"normal": "damp"}, "policies.which.normal", "one of the choices is needed: dry, wet"),
        ({"sets": "units.mill.from"}, "policies.which.sets", "known: prefer, rate"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(changes: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        two_yards({"which": {**PREFER, **changes}})
    found = {problem.path: problem.message for problem in refused.value.problems}
    assert path in found and message in found[path], found


def test_a_word_needs_choices() -> None:
    with pytest.raises(ScenarioError, match="is a word: give 'choices'"):
        two_yards({"which": {key: value for key, value in PREFER.items() if key != "choices"} | {"bounds": ["1", "2"]}})
    with pytest.raises(ScenarioError, match="prefers no bunker"):
        two_yards({}).change({"units.mill.from": {"dry": "50 %", "wet": "50 %"}})


# -- a plant with everything ------------------------------------------------------------------------------------------------------------------

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"
ALL = {
    "crushing": {
        "policy": "proportional", "every": "35 min", "reads": "queue.trucks", "sets": "units.sorter_a.rate", "bounds": ["1 t/h", "3 t/h"],
        "low": 0, "high": 2, "at_low": "1 t/h", "at_high": "4 t/h",
    },
    "working": {
        "policy": "steps", "every": "1 h", "reads": "state.crusher", "sets": "units.sorter_b.rate", "bounds": ["1.5 t/h", "2.5 t/h"],
        "thresholds": [0.3, 0.8], "values": ["1.5 t/h", "2 t/h", "2.5 t/h"],
    },
    "belt": {
        "policy": "steps", "every": "50 min", "reads": "flow.other", "sets": "units.belt.transit", "bounds": ["5 min", "20 min"],
        "thresholds": ["1 t/h"], "values": ["20 min", "8 min"],
    },
    "buying": {
        "policy": "hysteresis", "every": "90 min", "reads": "level.heap", "sets": "units.other.mass", "bounds": ["2 t", "4 t"],
        "up": "15 t", "down": "6 t", "normal": "4 t", "raised": "2 t",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def everything() -> tuple[twin.Scenario, twin.Result]:
    """The plant with every feature of the engine, and four policies that read means as well as levels."""
    run = twin.load(EVERYTHING).change({"policies": ALL, "record.every": "20 min"})
    return run, twin.run(run)


def test_policies_stand_among_everything_else(everything: tuple[twin.Scenario, twin.Result]) -> None:
    _, result = everything
    assert set(result.array("policies/action_policy")) == set(ALL)
    assert result.attrs["worst_residual"] < 1e-12


@pytest.mark.parametrize("moment", [3600.0 * 20, 123_456.7, 20 * 60.0 * 512, 5.3 * 86_400, 9 * 86_400.0])
def test_a_plant_with_everything_and_policies_resumes_to_the_last_bit(everything: tuple[twin.Scenario, twin.Result], tmp_path: Path, moment: float) -> None:
    run, result = everything
    twin.run_until(run, moment, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest


def test_a_replayed_plant_with_everything_is_equal_and_a_forged_action_is_refused(
    everything: tuple[twin.Scenario, twin.Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, result = everything
    with twin.run(run, out=tmp_path / "run.h5") as written:
        assert written.digest == result.digest
    monkeypatch.setattr(policy, "OWN", {})
    monkeypatch.setattr(policy, "_entries", dict)
    assert reproduce(tmp_path / "run.h5").verdict == "equal"
    monkeypatch.setattr("twin.study.reproduce.actions_in", lambda stored: {"belt": [(0, "units.belt.transit", 1e9, 1e9)]})
    with pytest.raises(FileError, match="its parts contradict one another"):
        reproduce(tmp_path / "run.h5")


# -- how many people there are ----------------------------------------------------------------------------------------------------------------


def sorting(count: Any, policies: dict[str, Any], **changes: Any) -> twin.Scenario:
    """Two lines that each need one of a crew, and more coming in than one line can do."""
    line = {"kind": "splitter", "from": "bin", "rate": "6 t/h", "shares": {"good": 0.5, "bad": 0.5}, "needs": "crew"}
    feed = {"kind": "feed", "every": {"exponential": {"mean": "1 h"}}, "mass": "9 t", "composition": {"sand": 1}}
    ends = {f"{port}_{k}": {"kind": "product", "from": f"line_{k}.{port}"} for k in (1, 2) for port in ("good", "bad")}
    units = {"trucks": feed, "bin": {"kind": "bunker", "from": "trucks", "capacity": "50 t"}, "line_1": line, "line_2": line, **ends}
    top = {key: PLANT[key] for key in ("twin", "name", "time", "lot", "record")}
    calendars = {"day": {"daily": "06:00-18:00"}, "night": {"daily": "18:00-06:00"}}
    tree = {**top, "materials": {"sand": {}}, "calendars": calendars, "resources": {"crew": {"count": count}}, "units": units, "policies": policies}
    return twin.load({**tree, **changes})


CALLS = {
    "policy": "hysteresis", "every": "1 h", "reads": "level.bin", "sets": "resources.crew.count", "bounds": [1, 2],
    "up": "30 t", "down": "8 t", "normal": 1, "raised": 2,
}  # fmt: skip


def test_people_are_called_in_when_much_waits() -> None:
    """With 30 t in the bin a second one comes, until 8 t are left."""
    with_policy, without = twin.run(sorting(1, {"calls": CALLS})), twin.run(sorting(1, {}))
    assert with_policy.array("policies/action_value").tolist()[:3] == [2.0, 1.0, 2.0]
    there = with_policy.array("resources/available")[:, 0]
    assert set(np.round(there, 9)) == {1.0, 2.0} and (without.array("resources/available") == 1.0).all()
    assert with_policy.kpis["throughput"].value > 1.1 * without.kpis["throughput"].value


@pytest.mark.parametrize("moment", [3600.0 * 20, 3600.0 * 33.3, 3600.0 * 50])
def test_people_by_shift_are_called_in_and_a_saved_run_goes_on_to_the_last_bit(tmp_path: Path, moment: float) -> None:
    """A policy sets how many the night shift has; an event sets the day shift, and leaves the night as the policy has it."""
    calls = {**CALLS, "sets": "resources.crew.count.night", "bounds": [0, 2], "normal": 0}
    run = sorting({"day": 1, "night": 0}, {"calls": calls}, events=[{"at": "30 h", "set": {"resources.crew.count.day": 2}}])
    result = twin.run(run)
    assert set(result.array("policies/action_value")) == {0.0, 2.0}
    assert 2.0 in np.round(result.array("resources/available")[:, 0], 9)
    twin.run_until(run, moment, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == result.digest


@pytest.mark.parametrize(
    ("count", "changes", "path", "message"),
    [
        (1, {"sets": "resources.crw.count"}, "policies.calls.sets", "did you mean 'crew'"),
        (1, {"sets": "resources.crew.calendar"}, "policies.calls.sets", "only the count can be set"),
        (1, {"sets": "resources.crew.count.day"}, "policies.calls.sets", "has one count at all times"),
        ({"day": 1}, {}, "policies.calls.sets", "counts by shift; name one, as resources.crew.count.day"),
        (1, {"bounds": [0, 2]}, "policies.calls.bounds", "whole numbers from 1 on are needed"),
        (1, {"bounds": [1, 1.5]}, "policies.calls.bounds", "whole numbers from 1 on are needed"),
    ],
)
def test_a_count_that_cannot_be_set_is_refused(count: Any, changes: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        sorting(count, {"calls": {**CALLS, **changes}})
    found = {problem.path: problem.message for problem in refused.value.problems}
    assert path in found and message in found[path], found
    with pytest.raises(ScenarioError, match="is set by the policy 'calls'"):
        sorting(1, {"calls": CALLS}, events=[{"at": "1 d", "set": {"resources.crew.count": 3}}])
