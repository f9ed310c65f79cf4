"""What is inside a plant that no signal shows: shares in bunkers, furnaces, wear; each with its interval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import twin
from twin.live.ensemble import Ensemble, Following
from twin.measurement import Measurement

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMALL = Path(__file__).parent / "small_line.yaml"


def test_shares_of_a_bunker_are_what_was_delivered() -> None:
    """All trucks bring 45 % steel, 10 % aluminium, 5 % copper and 40 % plastics; what the magnet lifts is mostly steel."""
    plant = twin.Plant(SMALL)
    plant.run(86400.0)
    inside = plant.inside()
    yard = {name.rpartition(".")[2]: value for name, value in inside.items() if name.startswith("content.yard.")}
    assert yard == pytest.approx({"steel": 0.45, "aluminium": 0.10, "copper": 0.05, "plastics": 0.40})
    assert sum(value for name, value in inside.items() if name.startswith("content.steel_bay.")) == pytest.approx(1.0)
    assert inside["content.steel_bay.steel"] > 0.9
    before = plant.state()
    plant.inside()
    plant.run(90000.0)
    after = plant.observe(["level.yard"])[0]
    plant.set(before)
    plant.run(90000.0)
    assert plant.observe(["level.yard"])[0] == after  # to look changes nothing


def test_an_empty_bunker_has_no_shares() -> None:
    plant = twin.Plant(SMALL, live=True)
    plant.impose()
    plant.correct("yard", 0.0)
    assert np.isnan(plant.inside()["content.yard.steel"])


def test_furnaces_hold_what_they_began_with() -> None:
    scenario = twin.load(SCENARIOS / "copper_smelter.yaml")
    inside = twin.Plant(scenario).inside()
    shown = 0
    for name, model in scenario.units.items():
        initial = getattr(model, "initial", None)
        metal = getattr(initial, "metal", None)
        if initial is None or metal is None:
            continue
        shown += 1
        assert inside[f"bath.{name}.metal"] == pytest.approx(metal.mass)
        assert inside[f"bath.{name}.metal.Cu"] == pytest.approx(metal.assay["Cu"], rel=1e-9)
        assert inside[f"bath.{name}.temperature"] == pytest.approx(initial.temperature)
    assert shown


def test_wear_is_told_as_observed() -> None:
    plant = twin.Plant(SCENARIOS / "weee_line.yaml")
    plant.run(9 * 86400.0)
    inside = plant.inside()
    for name in ("wear.shredder.gap", "wear.granulator.gap"):
        assert inside[name] == plant.observe([name])[0]
    assert max(inside["wear.shredder.gap"], inside["wear.granulator.gap"]) >= 0.05  # 500 t, 100 t: after some days both have worn, unless renewed


def test_the_twin_tells_it_with_intervals() -> None:
    scenario = twin.load(SMALL)
    ensemble = Ensemble(scenario, Following({"yard": Measurement("level.yard", "instant", absolute=3000.0)}, imposed=(), members=10))
    ensemble.step(6 * 3600.0, {"yard": 30_000.0})
    inside = {row.quantity: row for row in ensemble.inside()}
    steel = inside["content.steel_bay.steel"]
    assert steel.low <= steel.mean <= steel.high and not steel.measured
    shares = [plant.inside()["content.steel_bay.steel"] for plant in ensemble.members.plants]
    assert steel.mean == pytest.approx(np.nanmean(shares)) and steel.low >= np.nanmin(shares)
    assert all(row.mean > 0.0 for row in inside.values())
