"""Futures of a forecast: those of one moment are shared by what is compared, those of another moment are others."""

from __future__ import annotations

import numpy as np
from live_plant import SCENARIO

import twin
from twin.live.ensemble import Ensemble, Following, forecast
from twin.measurement import Measurement

HOUR = 3600.0
YARD = ["level.yard"]


def _following(members: int) -> Ensemble:
    return Ensemble(twin.load(SCENARIO), Following({"YARD": Measurement("level.yard", "instant", absolute=3000.0)}, members=members))


def test_what_one_forecast_drew_badly_is_not_drawn_again_for_all_later_ones() -> None:
    """Trucks come at random, one an hour in the mean, of 8 t, and 10 t/h leave: what three futures say of an hour differs from moment to moment by
    8 t * sqrt(1/3) = 4.6 t or so, and is not always the same. (With one set of futures for all moments it was 1.7 t.)
    """
    ensemble, said = _following(3), []
    for window in range(1, 25):
        ensemble.step(window * 900.0, {"YARD": 50_000.0})
        now = ensemble.levels()[0].mean
        said.append(float(forecast(ensemble, YARD, [HOUR]).values.mean()) - now)
    assert 3000.0 < np.std(said) < 7000.0


def test_futures_of_one_moment_and_number_are_the_same_and_of_two_numbers_are_two() -> None:
    ensemble = _following(3)
    ensemble.step(900.0, {"YARD": 50_000.0})
    first, again, other = (forecast(ensemble, YARD, [8 * HOUR], number=number).values for number in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
