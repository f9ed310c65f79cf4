"""However many readings come, no more of them are held than a window needs, and what is made of them is the same."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.live.readings import Reading
from twin.live.waiting import MOST_INPUTS, Sum, Waiting


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=60), st.randoms())
def test_a_mean_is_exact_in_any_order(values: list[float], order: object) -> None:
    one, other = Sum(), Sum()
    for value in values:
        one.add(value)
    order.shuffle(values)  # type: ignore[attr-defined]
    for value in values:
        other.add(value)
    assert one.mean == other.mean == math.fsum(values) / len(values)


def test_a_mean_beyond_every_number_is_none() -> None:
    """Of values as they were saved before they were bounded."""
    for values in ((1.7e308, 1.7e308), (1.7e308, -1.7e308, 1.7e308, 1.7e308), (math.inf, -math.inf)):
        own = Sum()
        for value in values:
            own.add(value)
        assert not math.isfinite(own.mean)
    assert math.isnan(Sum([1.7e308, 1.7e308, -1e300], 3).mean)


def test_a_flood_of_one_window_is_held_in_little_room_and_means_what_it_meant() -> None:
    waiting, values = Waiting(900.0), np.random.default_rng(1).normal(5.0, 2.0, 30_000).tolist()
    for k, value in enumerate(values):
        moment = 900.0 * (k + 1) / len(values)
        waiting.add_mean(moment, "POWER", value)
        waiting.add_instant(moment, Reading("YARD", 1000.0 + moment, value, True, k))
        waiting.add_input(moment, Reading("STOP", 1000.0 + moment, float(k % 2), True, k))
    assert len(json.dumps(waiting.save())) < 100 * MOST_INPUTS
    assert waiting.refused == len(values) - MOST_INPUTS
    after = Waiting(900.0)
    after.load(json.loads(json.dumps(waiting.save())))
    for own in (waiting, after):
        found = own.close(900.0)
        assert found.sums["POWER"].mean == math.fsum(values) / len(values)
        assert found.last["YARD"].value == values[-1] and len(found.told()) == MOST_INPUTS
        assert len(own) == 0


def test_readings_lie_in_the_window_that_ends_at_or_after_them() -> None:
    waiting = Waiting(900.0)
    for moment in (1800.0, 900.0, 900.0001, 2700.0):
        waiting.add_instant(moment, Reading(f"at {moment:g}", moment, 1.0))
    assert set(waiting.close(900.0).last) == {"at 900"}
    assert set(waiting.close(1800.0).last) == {"at 1800", "at 900"}  # of 900.0001
    assert set(waiting.close(2700.0).last) == {"at 2700"}


def test_of_two_readings_of_an_instant_the_later_counts_whichever_comes_first() -> None:
    early, late = Reading("A", 10.0, 1.0, True, 0), Reading("A", 20.0, 2.0, True, 1)
    for rows in ((early, late), (late, early)):
        waiting = Waiting(900.0)
        for row in rows:
            waiting.add_instant(row.time, row)
        assert waiting.close(900.0).last["A"] == late
