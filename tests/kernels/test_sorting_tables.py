"""Ballistic separator and bag opener."""

import math

import numpy as np
import pytest
from machine_bench import MATERIALS, PROPERTIES, Bench

SHAPED = {**PROPERTIES, "thickness_ratio": np.array([0.35, 0.25, 0.3, 0.02, 0.005, 0.5])}
PLASTICS, GLASS = MATERIALS.index("plastics"), MATERIALS.index("glass")


def test_film_goes_up_bottles_roll_and_fines_fall_through():
    machine = Bench("ballistic_separator", properties=SHAPED)
    x = machine.feed()
    flat, rolling, fines = machine.split(x, 1e-6)
    assert flat[PLASTICS, 8] > 0.95 * x[PLASTICS, 8]
    assert rolling[GLASS, 8] > 0.95 * x[GLASS, 8]
    np.testing.assert_allclose(fines[:, :6], 0.85 * x[:, :6], rtol=1e-6)
    assert not fines[:, 8:].any()


def test_wider_openings_send_more_to_the_fines():
    shares = [Bench("ballistic_separator", opening=opening).split(Bench("ballistic_separator").feed(), 2.0)[2].sum() for opening in (0.03, 0.05, 0.08)]
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 5.0


def test_measured_shares_stand_in_for_the_thickness():
    machine = Bench("ballistic_separator", flat=np.full((1, 10), 0.3), screening=0.0, riding=0.0)
    x = machine.feed()
    np.testing.assert_allclose(machine.split(x, 2.0)[0], 0.3 * x, rtol=1e-12)


def of_flat(machine, rate=1e-6):
    """(share of the film that goes up, share of the glass that does), coarse pieces."""
    x = machine.feed()
    flat = machine.split(x, rate)[0]
    return flat[PLASTICS, 8] / x[PLASTICS, 8], flat[GLASS, 8] / x[GLASS, 8]


def test_a_steeper_deck_carries_less_up():
    shares = [of_flat(Bench("ballistic_separator", flat=np.full((1, 10), 0.3), angle=math.radians(a))) for a in (15, 17.5, 20)]
    assert shares[0] == pytest.approx((0.3, 0.3), rel=1e-4)
    odds = 0.3 / 0.7 * math.exp(-11.5 * math.radians(5))
    assert shares[2] == pytest.approx((odds / (1 + odds),) * 2, rel=1e-4)
    assert shares[0] > shares[1] > shares[2]


def test_faster_paddles_carry_more_up_until_it_is_enough():
    shares = [of_flat(Bench("ballistic_separator", flat=np.full((1, 10), 0.3), speed=s))[0] for s in (1.5, 2.5, 3.0, 4.5)]
    assert shares[0] < shares[1] < shares[2] == shares[3]


def test_a_full_deck_hides_openings_and_carries_rolling_pieces_up():
    machine = Bench("ballistic_separator", properties=SHAPED)
    x = machine.feed()
    thin, full = (machine.split(x, rate) for rate in (1e-6, 5.0))
    assert full[2].sum() < 0.95 * thin[2].sum()
    assert full[0, GLASS].sum() > 1.05 * thin[0, GLASS].sum()


def test_what_counts_is_the_area_of_flat_pieces_not_the_mass():
    machine = Bench("ballistic_separator", properties=SHAPED)
    x = machine.feed()
    at = x * 0.02
    film, glass = at.copy(), at.copy()
    film[PLASTICS] *= 2.0
    glass[GLASS] += at[PLASTICS].sum() / x.shape[1]
    plain, more_film, more_glass = (machine.split(x, at=stream)[2].sum() for stream in (at, film, glass))
    assert more_film < plain - 0.01
    assert more_glass == pytest.approx(plain, rel=1e-3)


def test_opened_bags_take_the_sizes_of_their_contents_and_the_others_stay():
    contents = np.zeros((6, 10))
    contents[:, 5], contents[:, 7] = 1.0, 3.0
    machine = Bench("bag_opener", bag_size=0.063, contents=contents)
    x = machine.feed()
    out = machine.split(x, 2.0)[0]
    bags = x[:, 8:].sum(axis=1)
    np.testing.assert_allclose(out[:, 8:], 0.1 * x[:, 8:], rtol=1e-12)
    np.testing.assert_allclose(out[:, 5] - x[:, 5], 0.9 * bags * 0.25, rtol=1e-12)
    np.testing.assert_allclose(out[:, 7] - x[:, 7], 0.9 * bags * 0.75, rtol=1e-12)
    np.testing.assert_allclose(out.sum(axis=1), x.sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("opened", [0.0, 1.0])
def test_no_bag_and_every_bag(opened):
    contents = np.zeros((6, 10))
    contents[:, 3] = 1.0
    machine = Bench("bag_opener", opened=opened, contents=contents)
    x = machine.feed()
    out = machine.split(x, 2.0)[0]
    expected = x[:, 9] * (1.0 - opened * np.log(250 / 200) / np.log(250 / 125))
    np.testing.assert_allclose(out[:, 9], expected, rtol=1e-12)
