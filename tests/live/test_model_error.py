"""How large the model's error is, found from innovations alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import twin
from twin.live.ensemble import Ensemble, Following
from twin.live.ensemble.model_error import SIZES, ModelErrors, Moved, moved
from twin.measurement import Measurement


def found(true: float, windows: int, seed: int, error: float = 0.03, still: bool = False) -> ModelErrors:
    """A level that moves by steps that are known but for a walk of ``true`` a window, read with ``error``; all shares of the capacity."""
    chance = np.random.Generator(np.random.Philox([seed, 5]))
    errors = ModelErrors(("a",), 900.0)
    level = 0.5
    for _ in range(windows):
        step = float(chance.uniform(0.2, 0.8)) - level
        level += step + true * float(chance.standard_normal())
        errors.seen("a", Moved(step, 0.0, 0.0, not still), level + error * float(chance.standard_normal()), error**2)
    return errors


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_size_of_a_walk_is_found(seed: int) -> None:
    """Of 0, .004 and .02 a window beside readings of .03; by the prior alone, or by a constant of .006, all three would be the same."""
    none, middle, large = (found(true, 2000, seed).deviation("a") for true in (0.0, 0.004, 0.02))
    assert none < 0.0012
    assert 0.0025 < middle < 0.006
    assert 0.014 < large < 0.026


def test_probabilities_are_those_of_a_walk_by_hand() -> None:
    """Three readings of a level that nothing moves but its own error: the likelihood of two differences, by the normal law of both together."""
    errors = ModelErrors(("a",), 900.0)
    r = 0.03**2
    for reading in (0.50, 0.54, 0.47):
        errors.seen("a", Moved(0.0, 0.0, 0.0, True), reading, r)
    before = ModelErrors(("a",), 900.0).weights("a")
    d = np.array([0.04, -0.07])
    told = []
    for size in SIZES:
        # y2 - y1 and y3 - y2: each has q2 + 2 r, both share the second reading
        cov = np.array([[size**2 + 2 * r, -r], [-r, size**2 + 2 * r]])
        told.append(np.exp(-0.5 * d @ np.linalg.solve(cov, d)) / np.sqrt(np.linalg.det(cov)))
    expected = before * np.array(told)
    assert errors.weights("a") == pytest.approx(expected / expected.sum(), rel=1e-3)  # what was seen a window ago counts a little less


def test_one_wild_reading_is_no_walk_and_what_stands_still_errs_by_nothing() -> None:
    calm, struck = found(0.0, 500, 4), found(0.0, 500, 4)
    struck.seen("a", Moved(0.0, 0.0, 0.0, True), 50.0, 0.03**2)
    assert struck.deviation("a") < 2.0 * calm.deviation("a")
    still = found(0.0, 300, 5, still=True)
    assert still.weights("a") == pytest.approx(ModelErrors(("a",), 900.0).weights("a"))  # all sizes expected the same


def test_it_goes_on_from_its_state() -> None:
    errors = found(0.004, 100, 6)
    again = ModelErrors(("a",), 900.0)
    again.load(errors.save())
    assert again.deviation("a") == errors.deviation("a")
    step = moved(np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 6.0]), 10.0)
    assert step.mean == pytest.approx(0.4 / 3) and step.at_all and step.before == pytest.approx(7.0 / 3 / 100)
    for one in (errors, again):
        one.unseen("a", step)
        one.seen("a", step, 0.4, 0.03**2)
    assert again.deviation("a") == errors.deviation("a")


def test_what_an_instrument_shows_too_much_is_not_averaged_away() -> None:
    """A yard in which nothing moves, read a hundred times with an error of 1 t by an instrument that is off by 2 t, as it well may be: the mean of the
    readings is known to .1 t, and is 2 t off. Were the bias taken for an error of each reading, the interval would be about half a tonne wide.
    """
    scenario = twin.load(Path(__file__).parent / "small_line.yaml").change({"units.yard.initial.mass": "50 t"})
    measured = {"yard": Measurement("level.yard", "instant", absolute=1000.0, bias_deviation=2000.0)}
    ensemble = Ensemble(scenario, Following(measured, members=20))
    for plant in ensemble.members.plants:  # whose trucks are imposed, and none comes
        plant.stop("magnet")
    chance = np.random.Generator(np.random.Philox(3))
    for window in range(1, 101):
        ensemble.step(window * 900.0, {"yard": 52_000.0 + 1000.0 * float(chance.standard_normal())})
    yard = ensemble.levels()[0]
    assert yard.low < 50_000.0 < yard.high and abs(yard.mean - 52_000.0) < 1000.0
    assert 4_000.0 < yard.high - yard.low < 12_000.0  # two deviations of 2 t each way, as twenty members have it
