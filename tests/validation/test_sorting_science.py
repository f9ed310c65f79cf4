"""Sorting kernels against analytic solutions and published or independently computed numbers; each test names its source."""

import math

import numpy as np
import pytest
from breakage import batch_product, reid_batch, whiten_classification

from twin.kernels.air_classifier import climb, drag_coefficient, terminal_velocity
from twin.kernels.comminution import breakage_matrix, gaudin_liberation, whiten_product
from twin.kernels.eddy_current import eddy_acceleration, sphere_response, throw
from twin.kernels.magnetic import lift_ratio
from twin.kernels.sizing import deck_capacity, karra_cut_size, karra_efficiency, karra_loading, throughfall_aperture, whiten_efficiency

MU0 = 4e-7 * math.pi


# --- comminution -----------------------------------------------------------------------------------------------------------------------


def ziff_mcgrady(classes_per_octave: int, time: float) -> float:
    """Mass share below x = 1 of binary breakage at the rate x from the start n = e^-x, on classes of ratio 2^(1/classes_per_octave)."""
    per = classes_per_octave
    bounds = np.array([0.0, *(2.0 ** (k / per) for k in range(-12 * per, 6 * per + 1))])
    lower, upper = bounds[:-1].copy(), bounds[1:].copy()
    mean = np.sqrt(lower * upper)
    mean[0] = upper[0] / 2
    below = np.array([1 - math.exp(-x) * (1 + x) for x in bounds])
    breakage = breakage_matrix(lower, upper, mean, 1.0, 2.0, 2.0)  # b(x|y) = 2/y in number is (x/y)^2 in mass
    product = batch_product(np.diff(below), mean, breakage, time)
    return float(product[upper <= 1.0 + 1e-12].sum())


@pytest.mark.parametrize(("time", "expected"), [(1.0, 0.593994), (3.0, 0.908422)])
def test_ziff_mcgrady(time, expected):
    """Ziff and McGrady 1985: mass below x is 1 - e^-u (1+u), u = x(1+t). x is a mass, not a diameter."""
    assert expected == pytest.approx(1 - math.exp(-(1 + time)) * (2 + time), abs=1e-6)
    assert ziff_mcgrady(4, time) == pytest.approx(expected, rel=5e-3)


def test_ziff_mcgrady_is_of_second_order_in_the_class_ratio():
    exact = 1 - math.exp(-2.0) * 3.0
    errors = [ziff_mcgrady(per, 1.0) / exact - 1 for per in (1, 2, 4)]
    assert np.all(np.abs(errors) < np.array([0.0285, 0.0069, 0.0015]))  # what a plain mass scheme was once measured to give
    orders = [math.log2(errors[0] / errors[1]), math.log2(errors[1] / errors[2])]
    assert min(orders) > 1.8


def test_reid():
    """Reid 1965, three classes: S = .5 and .2 1/s, 60 % of the coarse class to the middle, 2 s."""
    breakage = np.array([[1.0, 1.0, 0.4], [0.0, 0.0, 0.6], [0.0, 0.0, 0.0]])
    for solve in (reid_batch, batch_product):
        masses = solve(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.2, 0.5]), breakage, 2.0)
        np.testing.assert_allclose(masses, [0.329680, 0.302441, 0.367879], atol=1e-6)


def test_the_retained_share_falls_exponentially_where_rate_and_breakage_have_one_exponent():
    """S = k x^a and B = (x/y)^a give R(x,t) = R0(x) exp(-k x^a t); k = .02 /mm/min, a = 1, x = 5 mm, t = 10 min: .367879."""
    bounds = np.array([0.0, *(5.0 * 2.0 ** (k / 8) for k in range(-40, 25))])
    lower, upper = bounds[:-1].copy(), bounds[1:].copy()
    mean = np.sqrt(lower * upper)
    mean[0] = upper[0] / 2
    feed = np.zeros(len(mean))
    feed[-1] = 1.0
    product = batch_product(feed, 0.02 * mean, breakage_matrix(lower, upper, mean, 1.0, 1.0, 1.0), 10.0)
    assert product[lower >= 5.0 - 1e-9].sum() == pytest.approx(0.367879, rel=2e-3)  # second order: 8 classes an octave


def test_whiten_crusher():
    """Whiten 1972, computed by hand for three classes, coarse first in the source."""
    breakage = np.array([[1.0, 0.7, 0.3], [0.0, 0.3, 0.5], [0.0, 0.0, 0.2]])
    product = whiten_product(np.array([0.0, 0.0, 100.0]), np.array([0.0, 0.4, 0.8]), breakage)
    np.testing.assert_allclose(product, [43.72294, 32.46753, 23.80952], rtol=1e-6)


def test_whiten_classification_has_its_three_pieces():
    assert whiten_classification(0.9, 1.0, 2.0, 2.3) == 0.0
    assert whiten_classification(2.1, 1.0, 2.0, 2.3) == 1.0
    assert whiten_classification(1.5, 1.0, 2.0, 2.3) == pytest.approx(1 - 0.5**2.3, rel=1e-12)


def test_liberation():
    """Gaudin's cubes."""
    assert [gaudin_liberation(k) for k in (0.5, 1.0, 2.0, 4.0, 10.0)] == pytest.approx([0.0, 0.0, 0.125, 0.421875, 0.729], abs=1e-12)


# --- screens ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("feed", "loading", "cut", "to_oversize"),
    [(100.0, 0.6236, 17.794, {10.0: 0.0236, 18.0: 0.5234}), (200.0, 1.2472, 16.060, {18.0: 0.7408})],
)
def test_karra(feed, loading, cut, to_oversize):
    """Karra 1979 worked through: h = 20 mm, d = 5 mm, 20 deg, 40 % oversize, 35 % half-size, 15 % near-size, 6 m2, 1000 kg/m3."""
    opening = throughfall_aperture(20.0, 5.0, math.radians(20.0))
    k = karra_loading(0.6 * feed, 6.0 * deck_capacity(opening, 1.0, 1000.0), 40.0, 35.0)
    assert k == pytest.approx(loading, rel=1e-3)
    d50 = karra_cut_size(opening, 15.0, k)
    assert d50 == pytest.approx(cut, rel=1e-3)
    for size, share in to_oversize.items():
        assert karra_efficiency(size / d50) == pytest.approx(share, abs=1e-3)


def test_karra_is_consistent_with_itself():
    """At K = .844 the load factor cancels the .975: the cut is at the throughfall aperture."""
    assert karra_cut_size(20.0, 0.0, 0.844) == pytest.approx(20.0, rel=1e-3)


def test_whiten_curve():
    """Whiten's efficiency curve at a = 4: values, quartiles and imperfection."""
    assert [whiten_efficiency(x, 4.0) for x in (0.5, 1.0, 1.5)] == pytest.approx([0.1065, 0.5, 0.8825], abs=5e-5)
    x25, x75 = 0.7343, 1.2716
    assert whiten_efficiency(x25, 4.0) == pytest.approx(0.25, abs=1e-4)
    assert whiten_efficiency(x75, 4.0) == pytest.approx(0.75, abs=1e-4)
    imperfection = (x75 - x25) / 2
    assert imperfection == pytest.approx(0.2686, abs=1e-4)


# --- air -------------------------------------------------------------------------------------------------------------------------------


def test_drag():
    """Haider and Levenspiel 1989 for spheres."""
    got = [drag_coefficient(re, 1.0) for re in (0.1, 1.0, 10.0, 100.0, 1000.0)]
    assert got == pytest.approx([249.94, 28.470, 4.4106, 1.1498, 0.48386], rel=1e-4)


PIECES = [
    (0.001, 8960.0, 1.0, 14.045),
    (0.005, 2700.0, 1.0, 18.637),
    (0.005, 1050.0, 1.0, 11.737),
    (0.005, 1050.0, 0.7, 5.361),
    (1e-4, 2650.0, 1.0, 0.5518),
]


@pytest.mark.parametrize(("size", "density", "sphericity", "expected"), PIECES)
def test_terminal_velocity(size, density, sphericity, expected):
    """Copper, aluminium, ABS (round and flat) and sand in air of 1.204 kg/m3 and 18.25 uPa s."""
    assert terminal_velocity(size, density, sphericity) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("size", "density", "sphericity", "expected"), [p for p in PIECES if p[2] == 1.0])
def test_terminal_velocity_against_another_correlation(size, density, sphericity, expected):
    """Barati's drag, as the package fluids has it, is 2 to 4 % higher."""
    fluids = pytest.importorskip("fluids")
    theirs = fluids.v_terminal(size, density, 1.204, 1.825e-5)
    assert terminal_velocity(size, density, sphericity) == pytest.approx(theirs, rel=0.05)


def test_zigzag():
    """Gambler's ruin with absorbing ends."""
    assert climb(math.log(0.4 / 0.6), 6.0, 3.0) == pytest.approx(0.771429, abs=1e-6)
    assert climb(math.log(0.3 / 0.7), 10.0, 5.0) == pytest.approx(0.985748, abs=1e-6)


# --- magnets and eddy currents -----------------------------------------------------------------------------------------------------------


def test_steel_is_lifted_at_a_force_index_of_32_millitesla_squared_per_metre():
    assert lift_ratio(0.03225, 7850.0) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("conductivity", "density", "along", "away"),
    [(3.5e7, 2700.0, 94.45, 71.85), (5.8e7, 8960.0, 29.44, 35.10), (4.8e6, 11340.0, 4.95, 0.54)],
)
def test_eddy_current_sphere(conductivity, density, along, away):
    """Exact response of aluminium, copper and lead spheres of 20 mm at .1 T, 62.83 1/m, 300 Hz."""
    thrust, repulsion = eddy_acceleration(0.010, density, conductivity, 0.1, 62.83, 2 * math.pi * 300.0)
    assert thrust == pytest.approx(along, rel=1e-3, abs=5e-3)  # the expected values are rounded to 0.01
    assert repulsion == pytest.approx(away, rel=1e-3, abs=5e-3)


def test_eddy_current_of_small_spheres():
    """Aluminium and copper of 5 mm, same field."""
    for conductivity, density, along in ((3.5e7, 2700.0, 9.57), (5.8e7, 8960.0, 4.76)):
        assert eddy_acceleration(0.0025, density, conductivity, 0.1, 62.83, 2 * math.pi * 300.0)[0] == pytest.approx(along, rel=1e-3)


def test_small_spheres_follow_conductivity_over_density():
    """a_x = k B0^2 w (s/rho) a^2/10 within 2 % while mu0 s w a^2 < .3, and no longer at 3."""
    k, field, angular, density = 62.83, 0.1, 2 * math.pi * 300.0, 2700.0
    for square, within in ((0.01, 2e-6), (0.1, 2e-4), (0.3, 2e-2)):
        conductivity = square / (MU0 * angular * 0.004**2)
        law = k * field**2 * angular * conductivity / density * 0.004**2 / 10
        assert eddy_acceleration(0.004, density, conductivity, field, k, angular)[0] == pytest.approx(law, rel=within)
    conductivity = 3.0 / (MU0 * angular * 0.004**2)
    law = k * field**2 * angular * conductivity / density * 0.004**2 / 10
    assert eddy_acceleration(0.004, density, conductivity, field, k, angular)[0] < 0.95 * law


def test_large_spheres_are_perfect_conductors():
    real, imaginary = sphere_response(1.0, 5.8e7, 1e9)
    assert real == pytest.approx(-1.5, rel=1e-4)
    assert imaginary == pytest.approx(0.0, abs=1e-4)


def test_throw_without_forces():
    """2 m/s, .8 m: .8079 m."""
    assert throw(0.0, 0.0, 0.0, 0.0, 60.0, 0.2, 2.0, 0.8) == pytest.approx(0.8079, rel=1e-4)
