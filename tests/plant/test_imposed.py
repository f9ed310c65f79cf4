"""Inputs imposed on a plant in memory: what happened in one plant, let happen in another, makes the same plant of it; then chance takes over again."""

from pathlib import Path

import numpy as np
import pytest

import twin

SCENARIOS = Path(__file__).parents[2] / "scenarios"
DAY = 86400.0
LINE = """
twin: 1
name: two_bays
time: {start: 2026-01-05T06:00, horizon: 10 d}
seed: 3
lot: 200 kg
record: {every: 15 min}
catalogue: [weee]
size_bounds: "0.5 8 31.5 125 500 mm"
units:
  deliveries: {kind: feed, every: {exponential: {mean: 60 min}}, mass: {normal: {mean: 8 t, sd: 1 t, min: 4 t, max: 12 t}},
    composition: {steel: 45 %, plastics: 55 %}, size: {rosin_rammler: {x63: 60 mm, n: 1.4}}, when_full: turn_away}
  yard: {kind: bunker, from: deliveries, capacity: 100 t, discharge: mixed, initial: {mass: 30 t}}
  magnet: {kind: overband_magnet, from: yard, rate: 10 t/h, failures: {mtbf: 20 h, mttr: {lognormal: {mean: 1 h, sd: 1 h}}}, power: {idle: 5 kW, specific: 1 kWh/t}}
  steel_bay: {kind: bunker, from: magnet.steel, capacity: 60 t, discharge: mixed}
  steel: {kind: product, from: steel_bay, pickup: {every: {gamma: {mean: 6 h, shape: 3}}, mass: 24 t}}
  rest: {kind: product, from: magnet.rest}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    path = tmp_path_factory.mktemp("imposed") / "line.yaml"
    path.write_text(LINE)
    return path


LEVELS = ["level.yard", "level.steel_bay"]


def test_what_happened_in_one_plant_makes_the_same_of_another(line):
    true, copy = twin.Plant(line, live=True), twin.Plant(line, live=True)
    copy.impose()
    true.happened()
    seen = {"delivery": 0, "pickup": 0, "stop": 0, "restart": 0}
    for day in range(1, 13):  # beyond the horizon of the scenario, which a live plant has not
        true.run(day * DAY)
        rows = true.happened()
        for row in rows:
            seen[row.what] += 1
        copy.apply(rows, day * DAY)
        np.testing.assert_allclose(copy.observe(LEVELS), true.observe(LEVELS), rtol=1e-9)
    assert min(seen.values()) > 5


def test_without_them_nothing_comes_and_goes(line):
    plant = twin.Plant(line, live=True)
    plant.impose(["deliveries", "steel"])
    plant.run(2 * DAY)
    yard, bay = plant.observe(LEVELS)
    assert yard == 0.0 and 10_000 < bay < 20_000  # of 30 t, with what magnets take
    plant.deliver("deliveries", 10_000.0, {"steel": 1.0})
    plant.run(2.2 * DAY)
    assert plant.observe(LEVELS)[1] > bay + 9_000
    plant.pick_up("steel", 5_000.0)
    plant.run(2.3 * DAY)
    assert plant.observe(LEVELS)[1] < bay + 5_100


def test_chance_takes_over_again_given_what_is_known(line):
    plant = twin.Plant(line, live=True)
    plant.impose()
    plant.run(DAY)
    state = plant.state()
    first = []
    for member in range(400):
        plant.set(state)
        plant.fork(member)
        plant.release()
        plant.happened()
        plant.run(DAY + 3600.0)
        first.append(sum(row.what == "delivery" for row in plant.happened()))
    # exponential gaps have no memory: one an hour in the mean, of variance 1; the mean of 400 is within 4 standard errors, a fresh truck at once would add 1
    assert abs(np.mean(first) - 1.0) < 0.2
    plant.set(state)
    plant.release()
    plant.run(30 * DAY)
    assert plant.observe(["level.yard"])[0] > 0


def test_a_stop_lasts_until_the_restart(line):
    plant = twin.Plant(line, live=True)
    plant.impose(["magnet", "deliveries"])
    plant.happened()
    plant.run(1800.0)
    plant.stop("magnet")
    assert plant.happened() == []  # what is imposed has happened elsewhere
    before = plant.observe(["level.yard"])[0]
    plant.run(3 * 3600.0)
    assert plant.observe(["level.yard"])[0] >= before - 200.0  # the lot that was under way
    there = plant.state()
    plant.restart("magnet")
    plant.run(4 * 3600.0)
    assert plant.observe(["level.yard"])[0] < before - 5_000.0
    again = []
    for member in range(50):  # down for 2.5 h already: a repair of mean 1 h that has lasted so long ends, later or sooner
        plant.set(there)
        plant.fork(member)
        plant.release(["magnet"])
        plant.run(plant.time + 2 * 3600.0)
        again.append(plant.observe(["level.yard"])[0])
    assert min(again) < before - 10_000.0 and len(set(again)) > 25


def test_parameters_are_revised_and_belong_to_the_state(line):
    plant = twin.Plant(line, live=True)
    plant.impose()
    plant.run(600.0)
    there = plant.state()
    plant.revise({"units.magnet.rate": "5 t/h"})
    slow = plant.state()
    plant.run(3600.0 + 600.0)
    assert plant.observe(["level.yard"])[0] == pytest.approx(there.content["bunkers"]["yard"]["content"]["level"] - 5_000, abs=400)
    other = twin.Plant(line, live=True)
    other.set(slow)
    other.run(3600.0 + 600.0)
    assert other.observe(LEVELS).tolist() == plant.observe(LEVELS).tolist()
    other.set(there)  # and the scenario's own again
    other.run(3600.0 + 600.0)
    plant.set(there)
    plant.revise({"units.magnet.rate": "5 t/h"})
    plant.revise({})
    plant.run(3600.0 + 600.0)
    assert other.observe(LEVELS).tolist() == plant.observe(LEVELS).tolist()
    assert plant.observe(["level.yard"])[0] == pytest.approx(there.content["bunkers"]["yard"]["content"]["level"] - 10_000, abs=400)


def test_what_corrections_add_is_accounted_for(line):
    plant = twin.Plant(line, live=True)
    plant.run(6 * 3600.0)
    before = plant.observe(LEVELS)
    assert plant.correct("steel_bay", before[1] + 1_000.0) == pytest.approx(1_000.0)
    assert plant.correct("yard", 0.0) == pytest.approx(-before[0])
    assert plant.correct("yard", 2_000.0) == pytest.approx(2_000.0)  # of what it held last
    assert plant.correct("steel_bay", 1e9) == pytest.approx(59_000.0 - before[1])  # not more than fits
    assert plant.corrected == pytest.approx({"yard": 2_000.0 - before[0], "steel_bay": 60_000.0 - before[1]})
    plant.run(30 * 3600.0)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda plant: plant.impose(["magnat"]), "'magnat' cannot be imposed"),
        (lambda plant: plant.deliver("steel", 1.0), "no feed 'steel'"),
        (lambda plant: plant.deliver("deliveries", -1.0), "mass above 0"),
        (lambda plant: plant.deliver("deliveries", 1.0, {"steel": 0.5}), "add up to 0.5"),
        (lambda plant: plant.deliver("deliveries", 1.0, {"gold": 1.0}), "no material 'gold'"),
        (lambda plant: plant.pick_up("rest", 1.0), "no product with pick-ups 'rest'"),
        (lambda plant: plant.stop("magnet"), "impose them first"),
        (lambda plant: plant.stop("magnet", 3), "no copy number 3"),
        (lambda plant: plant.correct("bay", 1.0), "no bunker 'bay'"),
        (lambda plant: plant.correct("yard", float("nan")), "cannot hold nan"),
        (lambda plant: plant.revise({"units.magnet.rate": "5 kg"}), "units.magnet.rate"),
    ],
)
def test_what_cannot_be_is_said(line, act, words):
    with pytest.raises(twin.errors.TwinError) as error:
        act(twin.Plant(line, live=True))
    assert words in str(error.value)


def test_a_plant_with_a_horizon_is_not_revised(line):
    with pytest.raises(twin.errors.UsageError, match="live=True"):
        twin.Plant(line).revise({"units.magnet.rate": "5 t/h"})


@pytest.mark.parametrize("scenario", ["weee_line.yaml", "copper_smelter.yaml"])
def test_larger_plants_replay_too(scenario):
    """Who repairs what is drawn elsewhere, so only stops and loads are the same, and levels nearly so."""
    true, copy = (twin.Plant(SCENARIOS / scenario, live=True) for _ in range(2))
    copy.impose()
    true.happened()
    names = [f"level.{name}" for name in true.scenario.units if true.scenario.kinds[name].name == "bunker"]
    true.run(2 * DAY)
    copy.apply(true.happened(), 2 * DAY)
    np.testing.assert_allclose(copy.observe(names), true.observe(names), rtol=1e-6, atol=1e-3)


def test_a_machine_that_never_fails_is_stopped_from_outside():
    """While it stands nothing is drawn from the yard; others cannot be told from it by state, and a state holds that it stands."""
    steady = twin.load(LINE.replace("failures: {mtbf: 20 h, mttr: {lognormal: {mean: 1 h, sd: 1 h}}}, ", ""))
    plant, other = twin.Plant(steady, live=True), twin.Plant(steady, live=True)
    assert "magnet" in plant.inputs and "magnet" not in plant.failing and "magnet" not in twin.Plant(steady).inputs
    with pytest.raises(twin.TwinError, match="not live"):
        twin.Plant(steady).stop("magnet")
    plant.run(5 * 3600.0)
    plant.stop("magnet")
    plant.stop("magnet")  # it stands already
    before = plant.observe(LEVELS)
    other.set(plant.state())
    trucks = 0.0
    for own in (plant, other):
        own.happened()
        own.run(8 * 3600.0)
        trucks = sum(row.mass for row in own.happened() if row.what == "delivery")
        np.testing.assert_allclose(own.observe(["level.yard"])[0], before[0] + trucks, rtol=1e-12)
    plant.restart("magnet")
    plant.restart("magnet")
    plant.run(9 * 3600.0)
    moved = plant.observe(["level.yard"])[0] - before[0] - trucks
    assert -10_500.0 < moved - sum(row.mass for row in plant.happened() if row.what == "delivery") < -9_000.0  # 10 t/h again
    other.release(["magnet"])
    other.run(9 * 3600.0)
    assert other.observe(LEVELS).tolist() == plant.observe(LEVELS).tolist()
