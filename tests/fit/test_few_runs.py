"""Many readings beside few runs: the chance is an estimate, and predictions, posteriors and verdicts by it are as sure as that lets them be."""

from __future__ import annotations

import hidden_plants
import numpy as np
import pytest
from numpy.typing import NDArray

import twin
from twin.fit.calibrate.adequacy import Adequacy, Readings, adequacy
from twin.fit.calibrate.calibrate import _Calibrating
from twin.fit.calibrate.emulator import fit_emulator
from twin.fit.calibrate.making import Making
from twin.fit.calibrate.posterior import Posterior, enlarged, to_spare
from twin.fit.calibrate.predicting import Chance, given_used
from twin.fit.calibrate.scales import FROM_THE_END, Scale, scale_for
from twin.fit.calibrate.smoother import STEPS, assimilate, first_members
from twin.fit.calibrate.study_file import load_calibration
from twin.study.executors import Serial

Floats = NDArray[np.float64]


def inside(draws: Floats, shown: Floats) -> int:
    """How many of what was shown (other,) lie between 5 and 95 % of the draws (draw, other)."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return int(((low <= shown) & (shown <= high)).sum())


@pytest.mark.parametrize("error", [0.0, 0.5])
def test_intervals_of_what_was_held_out_hold_nine_of_ten(error: float) -> None:
    """20 used readings beside 50 runs, 900 held out: .88 to .92 lie inside (right within 2 standard errors of .01). By the computed covariance .74 and .84 do."""
    generator, count, runs = np.random.default_rng(11), 20, 50
    used, others, right, computed = list(range(count)), list(range(count, count + 3)), 0, 0
    for _ in range(300):
        mixed = generator.standard_normal((count + 3, count + 3))
        root = np.linalg.cholesky(mixed @ mixed.T / count + 0.1 * np.eye(count + 3))
        seen = generator.standard_normal((runs, count + 3)) @ root.T
        chance, own = seen.T @ seen / runs, error**2 * np.eye(count + 3)
        spare = to_spare((own + chance)[:count, :count], chance[:count, :count], np.zeros((count, 1)))
        shown = root @ generator.standard_normal(count + 3) + error * generator.standard_normal(count + 3)
        missed = np.tile(shown[:count], (4000, 1))
        right += inside(given_used(Chance(own, chance, runs, spare), used, others, missed, generator), shown[count:])
        computed += inside(given_used(Chance(own + chance, 0.0 * chance, runs, 0.0), used, others, missed, generator), shown[count:])
    assert 0.88 <= right / 900 <= 0.92
    assert computed / 900 < 0.87


def test_an_estimate_by_an_estimated_chance_strays_as_far_as_is_said() -> None:
    """30 readings of one parameter beside 60 runs without error: of the standardised estimate the variance is 1 (within .16, 3 standard errors of 700).

    Rao's factor is exact there; by the chance as it is computed it is 3.8, with Hartlap's factor 1.9.
    """
    generator, count, runs = np.random.default_rng(5), 30, 60
    slopes, factor = 10.0 * np.ones((count, 1)), enlarged(runs, count - 1.0)
    away = []
    for _ in range(700):
        seen = generator.standard_normal((runs, count))
        weight = np.linalg.inv(seen.T @ seen / runs)
        information = (slopes.T @ weight @ slopes).item()
        away.append((slopes.T @ weight @ generator.standard_normal(count)).item() / information**0.5)
    assert 0.84 < np.var(away) / factor < 1.16
    assert factor == pytest.approx(60 / 31 * 59 / 30)


def test_the_posterior_counts_readings_to_spare_by_their_chance() -> None:
    """8 readings of chance 1 told by two parameters: 6 to spare without error, and a tenth of 8 where the error is nine tenths of the variance."""
    generator = np.random.default_rng(2)
    slopes, points = generator.standard_normal((8, 2)), generator.standard_normal((4000, 2))
    emulator = fit_emulator(points, 50.0 * points @ slopes.T + generator.standard_normal((4000, 8)), 1)
    assert Posterior(emulator, np.zeros(8), 1e-9 * np.eye(8)).spare == pytest.approx(6.0, abs=0.05)
    assert Posterior(emulator, np.zeros(8), 9.0 * np.eye(8)).spare == pytest.approx(0.6, abs=0.05)


def judged(number: int) -> Adequacy:
    """A right model with 27 readings of chance alone, five held out, beside 80 runs."""
    generator = np.random.default_rng(1000 + number)
    slopes, points = generator.standard_normal((32, 2)), generator.standard_normal((80, 2))
    emulator = fit_emulator(points, points @ slopes.T + generator.standard_normal((80, 32)), 1)
    shown = slopes @ generator.standard_normal(2) + generator.standard_normal(32)
    return adequacy(emulator, Readings(shown, 1e-9 * np.eye(32), list(range(27)), list(range(27, 32)), [f"scale {k % 5}" for k in range(32)]), number)


def test_right_models_with_many_readings_are_not_called_wrong() -> None:
    """Of 40 at most 4 (level 3 %; chance of more: .6 %). With a run's own part left in the chance it is compared by, 19 were.

    How far readings lie from what others say is told in standard deviations that are such: their own deviation is 1 within .1.
    """
    found = [judged(number) for number in range(40)]
    assert sum(not one.fits for one in found) <= 4
    assert np.std([one.away for one in found]) == pytest.approx(1.0, abs=0.1)


def test_the_smoother_takes_chance_for_as_sure_as_runs_tell_it() -> None:
    """60 readings of chance, 8 parameters, 200 members: how far the truth lies off, in deviations of the members, has the variance 1.25; without the factor 2."""
    generator, away = np.random.default_rng(3), []
    for number in range(40):
        mixed = generator.standard_normal((60, 60))
        root = np.linalg.cholesky(mixed @ mixed.T / 60 + 0.1 * np.eye(60))
        slopes, truth = 0.3 * generator.standard_normal((60, 8)), generator.standard_normal(8)
        shown, members = slopes @ truth + root @ generator.standard_normal(60), first_members(8, 200, number)
        for step in range(STEPS):
            runs = members @ slopes.T + generator.standard_normal((200, 60)) @ root.T
            members = assimilate(fit_emulator(members, runs, 1), shown, 1e-9 * np.eye(60), list(range(60)), members, 1000 * number + step)
        away += ((truth - members.mean(axis=0)) / members.std(axis=0)).tolist()
    assert np.var(away) < 1.55


def test_a_scale_goes_on_straight_beyond_its_knots_and_back() -> None:
    for scale in (Scale("logit", low=0.2, high=0.97), Scale("log", low=0.5), Scale("root", 0.3, low=0.0)):
        values = np.array([-0.4, 0.1, 0.45, 0.9, 0.99, 1.2])
        assert scale.back(scale.of(values)) == pytest.approx(values)
        assert (np.diff(scale.of(values)) > 0.0).all()
        steep = np.diff(scale.of(np.array([-0.4, -0.4 + 1e-6]))) / 1e-6
        assert scale.slope(-0.4) == pytest.approx(float(steep[0]), rel=1e-6)
        assert scale.bend(-0.4) == 0.0


def test_the_scale_is_chosen_by_runs_and_not_by_what_was_read() -> None:
    """A share of 90 % with an error of 2 points is compared by its odds whatever was read, 95 % or 101 %: two of 100 readings lie closer than four errors to 1."""
    runs = np.random.default_rng(1).normal(0.9, 0.01, 100)
    assert scale_for(runs, 0.02, share=True).form == "logit"
    assert scale_for(runs, 0.1 / FROM_THE_END + 0.01, share=True).form == "linear"
    truth = hidden_plants.true_plant(3, (hidden_plants.PRIORS[0], hidden_plants.PRIORS[2]))
    forms = []
    for read in (0.7, 0.9, 1.02):
        study = {**truth.study, "targets": {**truth.study["targets"], "grade_0": {**truth.study["targets"]["grade_0"], "value": read}}}
        calibration = load_calibration(study, base=twin.load(hidden_plants.PLANT))
        at = _Calibrating(calibration, Making(calibration, Serial(), None, None), None)
        shown = np.tile([t.value for t in calibration.targets], (50, 1))
        shown[:, [t.name for t in calibration.targets].index("grade_0")] = np.linspace(0.8, 0.9, 50)
        forms.append(at._data(shown, np.median(shown, axis=0)).scales[[t.name for t in calibration.targets].index("grade_0")])
    assert len(set(forms)) == 1
