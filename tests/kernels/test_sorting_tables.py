"""The machines that are plain tables: ballistic separator and bag opener."""

import numpy as np
import pytest
from machine_bench import MATERIALS, PROPERTIES, Bench

SHAPED = {**PROPERTIES, "thickness_ratio": np.array([0.35, 0.25, 0.3, 0.02, 0.005, 0.5])}
PLASTICS, GLASS = MATERIALS.index("plastics"), MATERIALS.index("glass")


def test_film_goes_up_bottles_roll_and_fines_fall_through():
    machine = Bench("ballistic_separator", properties=SHAPED)
    x = machine.feed()
    flat, rolling, fines = machine.split(x, 2.0)
    assert flat[PLASTICS, 8] > 0.95 * x[PLASTICS, 8]
    assert rolling[GLASS, 8] > 0.95 * x[GLASS, 8]
    np.testing.assert_allclose(fines[:, :6], 0.85 * x[:, :6], rtol=1e-12)
    assert not fines[:, 8:].any()


def test_wider_openings_send_more_to_the_fines():
    shares = [Bench("ballistic_separator", opening=opening).split(Bench("ballistic_separator").feed(), 2.0)[2].sum() for opening in (0.03, 0.05, 0.08)]
    assert shares == sorted(shares)
    assert shares[2] > shares[0] + 5.0


def test_measured_shares_stand_in_for_the_thickness():
    machine = Bench("ballistic_separator", flat=np.full((1, 10), 0.3), screening=0.0)
    x = machine.feed()
    np.testing.assert_allclose(machine.split(x, 2.0)[0], 0.3 * x, rtol=1e-12)


def test_it_does_not_react_to_load():
    machine = Bench("ballistic_separator")
    np.testing.assert_array_equal(machine.split(machine.feed(), 0.1), machine.split(machine.feed(), 10.0))


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
