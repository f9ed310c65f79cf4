import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels import eddy_current as eddy
from twin.kernels.eddy_current import eddy_acceleration, sphere_response, throw
from twin.kernels.physical_constants import AIR_DENSITY
from twin.kernels.sizing import size_moment

LIGHT, HEAVY, REST = 0, 1, 2
CONDUCTORS = ("aluminium", "copper")
ROWS = [MATERIALS.index(name) for name in CONDUCTORS]
RANGE = slice(4, 8)  # 8 to 63 mm, what such a machine is fed with
MU0 = 4e-7 * math.pi


def thrown(machine, rate):
    """Grade of the conductors in all that is thrown, and their recovery, from a feed of 8 to 63 mm."""
    x = np.zeros_like(machine.feed())
    x[:, RANGE] = machine.feed()[:, RANGE]
    out = machine.split(x, rate)
    product = out[LIGHT] + out[HEAVY]
    return product[ROWS].sum() / product.sum(), product[ROWS].sum() / x[ROWS].sum()


def compared(bench, rate=1.0, **changes):
    before, after = thrown(bench("eddy_current"), 1.0), thrown(bench("eddy_current", **changes), rate)
    return after[0] / before[0], after[1] / before[1]


def test_load_scatters_the_throw(bench):
    grade, recovery = compared(bench, rate=8.0)
    assert grade < 0.98
    assert recovery < 0.998


def test_a_slower_rotor_throws_less_of_the_best_conductors_only(bench):
    grade, recovery = compared(bench, rotor_speed=25.0)
    assert grade > 1.01
    assert recovery < 0.99


def test_a_near_splitter_further_out_gives_less_and_cleaner_conductors(bench):
    grade, recovery = compared(bench, splitter_rest=0.90)
    assert grade > 1.05
    assert recovery < 0.99


def test_a_faster_belt_carries_insulators_over_the_splitter(bench):
    grade, _ = compared(bench, belt_speed=2.3)
    assert grade < 0.6


def test_a_weaker_field_throws_less_of_the_best_conductors_only(bench):
    grade, recovery = compared(bench, field=0.075)
    assert grade > 1.01
    assert recovery < 0.9


def test_the_far_splitter_parts_aluminium_from_copper(bench):
    aluminium = [bench("eddy_current", splitter=s).grade_and_recovery(LIGHT, ("aluminium",)) for s in (1.1, 1.2, 1.3)]
    copper = [bench("eddy_current", splitter=s).grade_and_recovery(HEAVY, ("copper",)) for s in (1.1, 1.2, 1.3)]
    assert [g for g, _ in aluminium] == sorted(g for g, _ in aluminium)
    assert [r for _, r in aluminium] == sorted((r for _, r in aluminium), reverse=True)
    assert [r for _, r in copper] == sorted(r for _, r in copper)


def test_light_is_aluminium_heavy_is_copper_and_steel_stays_on_the_drum(bench):
    machine = bench("eddy_current")
    x = np.zeros_like(machine.feed())
    x[:, 6] = 1.0  # 16 to 31.5 mm
    out = machine.split(x, 0.5)[:, :, 6]
    aluminium, copper = out[:, MATERIALS.index("aluminium")], out[:, MATERIALS.index("copper")]
    assert aluminium[LIGHT] > 0.9
    assert copper[HEAVY] > 0.6
    assert out[REST, MATERIALS.index("steel")] >= PROPERTIES["ferromagnetic"][0]
    assert out[REST, MATERIALS.index("plastics")] > 0.95


@given(rate=st.floats(0.0, 20.0), factor=st.floats(1.0, 4.0))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_what_is_thrown_well_beyond_the_splitter_falls_with_load(bench, rate, factor):
    machine = bench("eddy_current")
    x = machine.feed()
    cell = (MATERIALS.index("aluminium"), 6)
    assert machine.split(x, rate * factor)[LIGHT][cell] <= machine.split(x, rate)[LIGHT][cell] + 1e-12


def test_range_warnings(bench):
    machine = bench("eddy_current")
    x = machine.feed()
    machine.split(x, 1.0)
    assert list(machine.warned) == [0, 1, 0]
    fines = np.zeros_like(x)
    fines[4, :2] = 1.0
    machine.split(fines, 5.0)
    assert list(machine.warned) == [1, 1, 1]


def test_splitters_out_of_order_are_refused(bench):
    machine = bench("eddy_current", splitter=0.8)
    machine.split(machine.feed(), 1.0)
    assert machine.status == 1
    assert "splitter_rest" in machine.kernel.statuses[0]


@given(exponent=st.floats(-6.0, 6.0))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_the_response_is_the_closed_form_and_passive(exponent):
    q2 = 10.0**exponent
    angular = q2 / (MU0 * 1e7 * 1e-4)
    real, imaginary = sphere_response(0.01, 1e7, angular)
    assert -1.5 <= real <= 0.0
    assert imaginary <= 0.0
    z = cmath.sqrt(1j * q2)
    if 0.1 < q2 < 1e4:
        expected = -1.5 * (1 - 3 / (cmath.tanh(z) * z) + 3 / z**2)
        assert complex(real, imaginary) == pytest.approx(expected, rel=1e-9)
    elif q2 >= 1e4:
        assert complex(real, imaginary) == pytest.approx(-1.5 + 4.5 / z - 4.5 / z**2, rel=1e-12)
    else:
        assert real == pytest.approx(-q2 * q2 / 105, rel=q2)
        assert imaginary == pytest.approx(-q2 / 10, rel=q2)


def test_series_and_closed_form_meet():
    angular = 0.1 / (MU0 * 1e7 * 1e-4)
    below, above = sphere_response(0.01, 1e7, angular * (1 - 1e-9)), sphere_response(0.01, 1e7, angular * (1 + 1e-9))
    assert below == pytest.approx(above, rel=1e-8)


def test_insulators_and_a_standing_field_feel_nothing():
    assert sphere_response(0.01, 0.0, 2000.0) == (0.0, 0.0)
    assert eddy_acceleration(0.01, 2700.0, 3.5e7, 0.2, 40.0, 0.0) == (0.0, 0.0)


def test_a_throw_without_forces_is_the_parabola_and_drag_shortens_it():
    parabola = 2.5 * math.sqrt(2 * (0.6 + 0.01) / 9.80665)
    assert throw(0.01, 0.0, 0.0, 0.0, 40.0, 0.15, 2.5, 0.6) == pytest.approx(parabola, abs=1e-5)
    assert throw(0.01, 0.0, 0.0, 0.05, 40.0, 0.15, 2.5, 0.6) < parabola - 0.01


def test_a_slow_belt_carries_a_piece_round_the_drum_until_it_lets_go():
    """It slides without friction, so it lets go at cos(angle) = (v^2/(g r) + 2)/3; then the parabola."""
    belt, drum, drop = 0.8, 0.15, 0.6
    cosine = (belt**2 / (9.80665 * drum) + 2) / 3
    sine = math.sqrt(1 - cosine**2)
    speed = math.sqrt(9.80665 * drum * cosine)
    fall = drop - drum * (1 - cosine)
    down = speed * sine
    time = (-down + math.sqrt(down**2 + 2 * 9.80665 * fall)) / 9.80665
    assert throw(1e-6, 0.0, 0.0, 0.0, 40.0, drum, belt, drop) == pytest.approx(drum * sine + speed * cosine * time, abs=2e-3)


def test_the_step_is_fine_enough():
    """Against a Runge-Kutta integration of its own with a step of 10 microseconds."""
    radius, drum, k, speed, drop = 0.010, 0.15, 40.0, 2.0, 0.6
    thrust, repulsion = eddy_acceleration(radius, 2700.0, 3.5e7, 0.2, k, 2 * math.pi * 287.0)
    drag = 0.375 * 0.44 * 1.204 / (2700.0 * radius)

    def motion(state):
        x, y, vx, vy = state
        distance = math.hypot(x, y + drum)
        ox, oy = x / distance, (y + drum) / distance
        f = math.exp(-2 * k * (distance - drum))
        brake = drag * math.hypot(vx, vy)
        ax = f * (thrust * oy + repulsion * ox) - brake * vx
        ay = f * (repulsion * oy - thrust * ox) - brake * vy - 9.80665
        return np.array([vx, vy, ax, ay])

    state, h = np.array([0.0, radius, speed, 0.0]), 2e-5
    while state[1] > -drop:
        last = state
        k1 = motion(state)
        k2 = motion(state + h / 2 * k1)
        k3 = motion(state + h / 2 * k2)
        k4 = motion(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    exact = last[0] + (state[0] - last[0]) * (last[1] + drop) / (last[1] - state[1])
    assert throw(radius, thrust, repulsion, drag, k, drum, speed, drop) == pytest.approx(exact, abs=1e-4)


def test_a_field_far_too_strong_still_lands(bench):
    machine = bench("eddy_current", field=20.0)
    x = machine.feed()
    out = machine.split(x, 1.0)
    assert np.isfinite(out).all()


def test_the_table_holds_what_the_formulas_say_at_no_load(bench):
    machine = bench("eddy_current")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    out = machine.split(x, at=np.zeros_like(x))
    m, s = MATERIALS.index("copper"), 6
    angular = 6 * 2 * math.pi * 50 - 40.0 * 2.0
    diameter = (6 / math.pi * 0.3) ** (1 / 3) * size_moment(1.0, SIZES.lower[s], SIZES.upper[s])  # of the ball with the volume of a block 0.3 d high
    area = machine.properties["piece_eddy_area"][m, s]
    assert area == pytest.approx((6 / math.pi * 0.3) ** (2 / 3) * size_moment(2.0, SIZES.lower[s], SIZES.upper[s]) / 60, rel=1e-9)
    thrust, repulsion = eddy_acceleration(math.sqrt(15 * area), 8960.0, 5.8e7, 0.15, 40.0, angular)
    middle = 0.5 * 0.3 * size_moment(1.0, SIZES.lower[s], SIZES.upper[s])
    mean = math.sinh(80.0 * middle) / (80.0 * middle)  # of exp(-2 k y) over the height, over that at the middle; k = 40/m
    thrust, repulsion = mean * thrust, mean * repulsion
    landing = throw(middle, thrust, repulsion, 0.75 * eddy.DRAG * AIR_DENSITY / (0.45 * diameter * 8960.0), 40.0, 0.15, 2.0, 0.6)
    scale = 0.06 * math.sqrt(3) / math.pi
    beyond, far = (1 / (1 + math.exp((edge - landing) / scale)) for edge in (0.82, 1.2))
    np.testing.assert_allclose(out[:, m, s], [far, beyond - far, 1 - beyond], rtol=1e-9)


def test_an_endless_sheet_feels_what_a_sheet_of_current_feels():
    """A sheet in By = B0 sin(wt - kx) carries K = 2x/(1 - ix) B0/mu0, x = mu0 s w d/2k: thrust Re(K By*)/2, and away Re(K Bx*)/2, each for its area."""
    k, angular, b0, wall, conductivity, radius = 40.0, 1800.0, 0.2, 1e-3, 3.5e7, 100.0
    x = 4e-7 * math.pi * conductivity * wall * angular / (2 * k)
    volume, area = 4.0 / 3.0 * radius**3, 3 * math.pi / 64 * wall * radius
    per_area = [part / (math.pi * radius**2) for part in eddy.piece_acceleration(volume, area, radius, 0.0, conductivity, b0, k, angular)]
    pressure = b0 * b0 / (4e-7 * math.pi)
    np.testing.assert_allclose(per_area, [pressure * x / (1 + x * x), pressure * x * x / (1 + x * x)], rtol=0.01)


def test_a_small_disc_feels_the_moment_of_a_loop():
    """Weak and low: the moment pi/8 w R^4 s w B of a disc in the field across it, half of the time k B0 m."""
    k, angular, b0, wall, conductivity, radius = 1.0, 100.0, 0.2, 1e-3, 1e6, 0.01
    volume, area = 4.0 / 3.0 * radius**3, 3 * math.pi / 64 * wall * radius
    thrust = eddy.piece_acceleration(volume, area, radius, 0.0, conductivity, b0, k, angular)[0]
    assert thrust == pytest.approx(0.5 * k * b0 * b0 * math.pi / 8 * wall * radius**4 * conductivity * angular, rel=1e-3)


def test_a_large_shell_is_pushed_by_the_pressure_on_its_underside():
    """2 B0 along a perfect conductor: B0^2/mu0 over the area at the most, half as high again of a ball; the dipole at the middle alone would vanish."""
    k, b0, height = 40.0, 0.2, 0.3
    volume = 1.5 * height**3  # of a cube of 0.3 m as a shell
    repulsion = eddy.piece_acceleration(volume, 1.0, 0.0, 0.0, 1e9, b0, k, 1e4)[1] * eddy.over_height(k, height) * math.exp(-k * height)
    pressure = b0 * b0 / (4e-7 * math.pi)
    assert 0.5 < repulsion / (pressure * height**2) < 1.0


def test_pieces_on_others_are_thrown_less(bench):
    machine = bench("eddy_current", scatter=0.0, shielding=0.0)
    x = machine.feed()
    crowd = x.copy()
    crowd[MATERIALS.index("plastics"), -1] += 1000.0  # tall and many
    metals = [MATERIALS.index(name) for name in ("aluminium", "copper")]
    alone, crowded = (machine.split(x, at=at)[:2, metals].sum() for at in (x * 0.001, crowd * 0.01))
    assert crowded < 0.95 * alone
