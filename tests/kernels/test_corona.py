import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, SIZES

from twin.kernels.corona_separator import VACUUM_PERMITTIVITY, charged_share, image_ratio, induced_ratio, landing, pauthenier_factor, retained_charge

CONDUCTOR, MIDDLING, INSULATOR = 0, 1, 2
COPPER, PLASTICS = MATERIALS.index("copper"), MATERIALS.index("plastics")
quick = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def cable(machine):
    """100 kg of granulated cable: 40 % copper of x63 = 1.8 mm, 60 % insulation of 2.5 mm."""
    x = np.zeros_like(machine.feed())
    for row, mass, x63 in ((COPPER, 40.0, 0.0018), (PLASTICS, 60.0, 0.0025)):
        below = [1.0 - math.exp(-((u / x63) ** 2)) for u in machine.sizes.upper[:-1]]
        x[row] = mass * np.diff([0.0, *below, 1.0])
    return x


def thrown(machine, rate):
    """Grade and recovery of the copper in the conductors, and recovery of the plastics in the insulators."""
    out = machine.split(cable(machine), rate)
    return out[CONDUCTOR, COPPER].sum() / out[CONDUCTOR].sum(), out[CONDUCTOR, COPPER].sum() / 40.0, out[INSULATOR, PLASTICS].sum() / 60.0


def moved(bench, rates=(0.2, 0.2), **range_of):
    ends = [{key: values[end] for key, values in range_of.items()} for end in (0, 1)]
    before, after = (thrown(bench("corona_separator", **changes), rate) for changes, rate in zip(ends, rates, strict=True))
    return [100.0 * (b - a) for a, b in zip(before, after, strict=True)]


def test_load_shades_and_scatters(bench):
    grade, recovery, insulators = moved(bench, rates=(0.05, 0.4))
    assert grade < -3.0
    assert recovery < -5.0
    assert insulators < -20.0


def test_more_voltage_pins_insulators_and_draws_conductors_off(bench):
    grade, recovery, insulators = moved(bench, voltage=(24e3, 40e3))
    assert grade > 1.0
    assert recovery > 5.0
    assert insulators > 20.0


def test_a_faster_roll_throws_more_and_dirtier_conductors(bench):
    grade, recovery, insulators = moved(bench, roll_speed=(0.8, 1.3))
    assert grade < -3.0
    assert recovery > 20.0
    assert insulators < -20.0


def test_a_splitter_further_out_gives_less_and_cleaner_conductors(bench):
    grade, recovery, insulators = moved(bench, rates=(0.3, 0.3), splitter=(0.19, 0.25))
    assert grade > 1.0
    assert recovery < -5.0
    assert insulators == 0.0


def test_water_takes_the_charge_of_insulators(bench):
    damp = {**PROPERTIES, "moisture": np.full(6, 0.1)}
    dry, wet = (thrown(bench("corona_separator", properties=p), 0.2) for p in (PROPERTIES, damp))
    assert wet[0] < dry[0] - 0.01
    assert wet[2] < dry[2] - 0.1


def test_conductors_fly_insulators_are_brushed_off_and_coarse_ones_are_middlings(bench):
    machine = bench("corona_separator")
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    out = machine.split(x, at=np.zeros_like(x))
    assert out[CONDUCTOR, COPPER, 2] > 0.95
    assert out[CONDUCTOR, MATERIALS.index("pcb"), 2] > 0.95
    assert out[INSULATOR, PLASTICS, 1] > 0.99
    assert out[INSULATOR, PLASTICS, 6] < 0.05
    assert np.all(np.diff(out[INSULATOR, PLASTICS]) <= 1e-12)


@given(rate=st.floats(0.0, 1.0), factor=st.floats(1.0, 3.0))
@quick
def test_fewer_insulators_are_pinned_with_more_load(bench, rate, factor):
    machine = bench("corona_separator")
    x = cable(machine)
    assert machine.split(x, rate * factor)[INSULATOR, PLASTICS].sum() <= machine.split(x, rate)[INSULATOR, PLASTICS].sum() + 1e-12


@given(voltage=st.floats(15e3, 40e3), step=st.floats(1.0, 1.5))
@quick
def test_more_voltage_never_pins_fewer_insulators(bench, voltage, step):
    low, high = (bench("corona_separator", voltage=v) for v in (voltage, voltage * step))
    x = cable(low)
    assert high.split(x, 0.1)[INSULATOR, PLASTICS].sum() >= low.split(x, 0.1)[INSULATOR, PLASTICS].sum() - 1e-9


def test_without_voltage_conductors_and_insulators_land_together(bench):
    machine = bench("corona_separator", voltage=1e-3)
    x = np.ones((len(MATERIALS), len(SIZES.mean)))
    out = machine.split(x, 0.01)
    np.testing.assert_allclose(out[:, PLASTICS], out[:, COPPER], rtol=1e-9)
    assert machine.warned[2] == 1


def test_the_image_force_is_that_of_a_charged_sphere():
    """q^2/(4 pi eps0 (2r)^2) with Pauthenier's charge, over the weight."""
    radius, density, field, permittivity = 4e-4, 1200.0, 6e5, 3.5
    charge = 4 * math.pi * VACUUM_PERMITTIVITY * pauthenier_factor(permittivity) * radius**2 * field
    force = charge**2 / (4 * math.pi * VACUUM_PERMITTIVITY * (2 * radius) ** 2)
    weight = 4 / 3 * math.pi * radius**3 * density * 9.80665
    assert image_ratio(4 / 3 * radius, density, field, permittivity) == pytest.approx(force / weight, rel=1e-12)


def test_the_induced_force_is_felicis():
    radius, density, field = 4e-4, 8960.0, 6e5
    charge = 2 / 3 * math.pi**3 * VACUUM_PERMITTIVITY * radius**2 * field
    weight = 4 / 3 * math.pi * radius**3 * density * 9.80665
    assert induced_ratio(4 / 3 * radius, density, field) == pytest.approx(0.832 * charge * field / weight, rel=1e-12)


def test_charging_and_discharging():
    tau = 4 * VACUUM_PERMITTIVITY * 5e5 / 1e-3
    assert charged_share(tau, 5e5, 1e-3) == pytest.approx(0.5)
    assert retained_charge(1.0, 0.0, 3.0) == 1.0
    assert retained_charge(1e-3, VACUUM_PERMITTIVITY * 3.0 / 1e-3, 3.0) == pytest.approx(math.exp(-1.0))
    assert pauthenier_factor(1e9) == pytest.approx(3.0)


@given(cosine=st.floats(-1.0, 1.0))
@quick
def test_a_piece_lands_on_its_parabola(cosine):
    radius, speed, drop = 0.14, 0.9, 0.35
    place = landing(cosine, radius, speed, drop)
    sine = math.sqrt(1 - cosine**2)
    if abs(cosine) > 1e-3:
        time = (place - radius * sine) / (speed * cosine)
        assert radius * cosine - speed * sine * time - 0.5 * 9.80665 * time**2 == pytest.approx(-drop, abs=1e-9)
    else:
        assert place == pytest.approx(radius, abs=1e-3)


def test_range_warnings_and_splitters_out_of_order(bench):
    machine = bench("corona_separator")
    x = cable(machine)
    machine.split(x, 0.2)
    assert list(machine.warned) == [0, 0, 0]
    machine.split(x, 1.0)
    assert list(machine.warned) == [1, 0, 0]
    machine.split(machine.feed(), 0.2)
    assert list(machine.warned) == [1, 1, 0]
    wrong = bench("corona_separator", splitter=0.10)
    wrong.split(x, 0.1)
    assert wrong.status == 1
    assert "splitter_insulator" in wrong.kernel.statuses[0]
