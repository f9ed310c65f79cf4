"""Suction hood: which pieces it lifts off the end of a belt."""

import math

import numpy as np
import pytest
from machine_bench import SIZES, Bench

from twin.kernels.air_classifier import terminal_velocity
from twin.kernels.suction_hood import drawn_velocity
from twin.materials.pieces import with_pieces

NAMES = ("film", "sheet", "can", "stone")
PROPERTIES = {
    "density": np.array([930.0, 1050.0, 2700.0, 2500.0]),
    "wall": np.array([50e-6, 1e-3, 0.15e-3, 0.0]),
    "envelope_density": np.array([20.0, 1050.0, 60.0, 2500.0]),
    "thickness_ratio": np.array([0.5, 0.5, 0.6, 0.6]),
    "sphericity": np.array([0.5, 0.5, 0.7, 0.8]),
}
FORMS = ("film", "plate", "hollow", "solid")


def hood(**changes):
    machine = Bench("suction_hood", **changes)
    properties = with_pieces(PROPERTIES, SIZES.lower, SIZES.upper, FORMS)
    machine.properties, machine.shape = properties, (4, len(SIZES.mean))
    from machine_bench import VALUES

    machine.coefficients = machine.kernel.prepare({**VALUES["suction_hood"][2], **changes}, properties, SIZES)
    return machine


def lifted(machine, rate=1e-6):
    """Share by material of what is coarser than 63 mm."""
    x = np.zeros(machine.shape)
    x[:, 8:] = 1.0
    return machine.split(x, rate)[0, :, 8:].sum(axis=1) / 2.0


def test_it_lifts_film_and_leaves_stones():
    film, sheet, can, stone = lifted(hood())
    assert film > 0.95
    assert film > sheet > stone
    assert can > stone
    assert stone < 0.05


def test_one_cell_by_hand():
    machine = hood()
    cell = (1, 8)
    falls = terminal_velocity(*(machine.properties[f"piece_{name}"][cell] for name in ("diameter", "envelope", "sphericity")))
    rises = 20.0 * 0.2 / (10 * 0.1**2 + 0.2)
    x = np.zeros(machine.shape)
    x[cell] = 1.0
    assert machine.split(x, 1e-9)[0][cell] == pytest.approx(1 / (1 + (falls / rises) ** 4), rel=1e-6)


@pytest.mark.parametrize(("change", "more"), [({"velocity": 12.0}, False), ({"distance": 0.3}, False), ({"area": 0.5}, True)])
def test_air_and_distance(change, more):
    base, changed = lifted(hood())[1:3].sum(), lifted(hood(**change))[1:3].sum()
    assert (changed > base + 0.01) if more else (changed < base - 0.01)


def test_a_full_belt_hides_film_by_the_share_that_lies_beneath():
    machine = hood(velocity_loss=0.0)
    x = np.zeros(machine.shape)
    x[0, 8] = 1.0
    thin, full = (machine.split(x, rate)[0, 0, 8] for rate in (1e-9, 0.5))
    layers = 0.5 * machine.properties["piece_cover"][0, 8] / (2.0 * 1.2)
    assert full / thin == pytest.approx(1 - 0.7 * (1 - (1 - math.exp(-layers)) / layers), rel=1e-6)


def test_what_it_lifts_slows_its_air_and_too_much_is_counted():
    machine = hood(held_back=0.0, distance=0.3)
    x = np.zeros(machine.shape)
    x[0:2, 8] = 1.0
    thin, full = (machine.split(x, rate)[0, 1, 8] for rate in (1e-9, 4.0))
    assert full < 0.98 * thin
    assert machine.warned[0] == 1


def test_far_from_the_mouth_there_is_no_air():
    assert drawn_velocity(20.0, 0.2, 100.0) < 1e-3
