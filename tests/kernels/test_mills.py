"""Hammer mill and granulator: fines and liberated copper move with load and parameters; wear; limits; they are the shredder's chamber."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, VALUES, Bench, size_classes

from twin.kernels.mills import caught_share, collision_share, cut_size, tip_speed

GLASS, COPPER, BOARD = (MATERIALS.index(name) for name in ("glass", "copper", "pcb"))
FINE = 5  # classes below 8 mm
NOMINAL = {"hammer_mill": 25 / 3.6, "granulator": 2 / 3.6}
FINE_SIZES = size_classes(0.25, 0.5, 1, 2, 4, 6, 8, 10, 16, 31.5)
PARTS = np.zeros((6, 6))
PARTS[BOARD, COPPER], PARTS[BOARD, MATERIALS.index("plastics")] = 0.45, 0.55  # a cable in the place of the boards
LIBERATED = np.zeros((6, 10))
LIBERATED[BOARD] = [1.0, 1.0, 0.99, 0.96, 0.85, 0.7, 0.55, 0.4, 0.2, 0.0]
quick = settings(max_examples=20, deadline=None, derandomize=True, database=None)


def fines(machine: Bench, rate: float = NOMINAL["hammer_mill"]) -> tuple[float, float]:
    """Grade and recovery of glass in what is finer than 8 mm."""
    x = machine.feed()
    below = machine.split(x, rate)[0][:, :FINE]
    return below[GLASS].sum() / below.sum(), below[GLASS].sum() / x[GLASS].sum()


def granulate(rate: float = NOMINAL["granulator"], name: str = "granulator", **changes: float) -> np.ndarray:
    """What becomes of 100 kg of cable, (material, size)."""
    machine = Bench(name, sizes=FINE_SIZES, constituents=PARTS, liberated=LIBERATED, **changes)
    x = np.zeros(machine.shape)
    x[BOARD, -2:] = 50.0
    return machine.split(x, rate)[0]


def metal(out: np.ndarray) -> tuple[float, float]:
    """Grade and recovery of free copper in what a perfect separator would take as metal: free copper and cable that is still whole."""
    return out[COPPER].sum() / (out[COPPER].sum() + out[BOARD].sum()), out[COPPER].sum() / 45.0


def test_load_leaves_pieces_coarser():
    light, heavy = fines(Bench("hammer_mill"), 0.25 * NOMINAL["hammer_mill"]), fines(Bench("hammer_mill"), 2.0 * NOMINAL["hammer_mill"])
    assert light[1] > heavy[1] + 0.1


@pytest.mark.parametrize(
    ("gentle", "hard"),
    [({"rotor_speed": 600 / 60}, {"rotor_speed": 1000 / 60}), ({"rotor_diameter": 1.0}, {"rotor_diameter": 1.4}), ({"grate": 0.060}, {"grate": 0.015})],
)
def test_a_faster_or_larger_rotor_and_a_finer_grate_break_the_tough_too(gentle, hard):
    """Glass breaks first: breaking more brings more of it, and the tougher rest as well, so that its grade in the fines falls."""
    before, after = fines(Bench("hammer_mill", **gentle)), fines(Bench("hammer_mill", **hard))
    assert after[1] > before[1] + 0.05
    assert after[0] < before[0]


def test_a_finer_grate_dilutes_the_glass_in_the_fines_by_points():
    assert fines(Bench("hammer_mill", grate=0.060))[0] > fines(Bench("hammer_mill", grate=0.015))[0] + 0.03


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("hammer_mill", {"grate": 0.008, "rotor_speed": 600 / 60}, {"grate": 0.008, "rotor_speed": 1000 / 60}),
        ("hammer_mill", {"grate": 0.010}, {"grate": 0.006}),
        ("hammer_mill", {"grate": 0.008, "hammer_edge": 0.7}, {"grate": 0.008}),
        ("granulator", {"rotor_speed": 300 / 60}, {"rotor_speed": 700 / 60}),
        ("granulator", {"rotor_knives": 3.0}, {"rotor_knives": 7.0}),
        ("granulator", {"bed_knives": 1.0}, {"bed_knives": 3.0}),
        ("granulator", {"aperture": 0.010}, {"aperture": 0.005}),
        ("granulator", {"knife_gap": 1.0e-3}, {"knife_gap": 0.1e-3}),
    ],
)
def test_breaking_finer_frees_more_copper_and_leaves_less_of_it_in_cable(name, before, after):
    (grade, recovery), (finer_grade, finer_recovery) = metal(granulate(NOMINAL[name], name, **before)), metal(granulate(NOMINAL[name], name, **after))
    assert finer_grade > grade + 0.01
    assert finer_recovery > recovery + 0.01


@pytest.mark.parametrize(("name", "changes"), [("hammer_mill", {"grate": 0.008}), ("granulator", {})])
def test_load_frees_less_copper(name, changes):
    light, heavy = (metal(granulate(times * NOMINAL[name], name, **changes)) for times in (0.25, 2.0))
    assert light[0] > heavy[0] + 0.01
    assert light[1] > heavy[1] + 0.01


def test_a_light_hammer_gives_less_to_heavy_pieces():
    """Of a steel piece of 180 mm, which weighs 15 kg, a hammer of 15 kg breaks half as much as a very heavy one; small pieces feel no difference."""
    x = np.zeros(Bench("hammer_mill").shape)
    x[MATERIALS.index("steel"), -1] = 1.0
    heavy, light = (Bench("hammer_mill", hammer_mass=mass, grate=0.3).split(x, 5.0)[0][0] for mass in (120.0, 5.0))
    assert light[-1] > heavy[-1] + 0.1
    small = np.zeros_like(x)
    small[:, 5] = 1.0
    heavy, light = (Bench("hammer_mill", hammer_mass=mass, grate=0.03).split(small, 5.0)[0] for mass in (120.0, 5.0))
    np.testing.assert_allclose(light, heavy, atol=1e-3)


def test_energy_rises_with_the_square_of_the_tip_speed():
    """The rotor 10 % faster is the same mill as one with 21 % more impacts."""
    x = Bench("hammer_mill").feed()
    faster, more = Bench("hammer_mill", rotor_speed=1.1 * 800 / 60), Bench("hammer_mill", impacts=50 * 1.21)
    np.testing.assert_allclose(faster.split(x, 5.0), more.split(x, 5.0), rtol=1e-12)


def test_the_hammer_mill_is_a_shredder_with_the_energy_of_its_hits():
    mill, values = VALUES["hammer_mill"][2], VALUES["shredder"][2]
    energy = 50 * 0.5 * tip_speed(1.2, 800 / 60) ** 2
    shared = {key: mill[key] for key in values.keys() & mill.keys()}
    shredder = Bench("shredder", **{**shared, "gap": 0.030, "nominal_gap": 0.030, "energy": energy})
    x = shredder.feed()
    np.testing.assert_allclose(Bench("hammer_mill", hammer_mass=1e9).split(x, 5.0), shredder.split(x, 5.0), rtol=1e-7)


def test_a_granulator_makes_a_narrower_product_than_a_shredder_with_that_opening():
    def spread(out: np.ndarray) -> float:
        passing = np.cumsum(out.sum(axis=0)) / out.sum()
        low, high = (np.interp(share, passing, np.log(FINE_SIZES.upper)) for share in (0.1, 0.9))
        return float(high - low)

    assert spread(granulate()) < 0.7 * spread(granulate(name="shredder", gap=0.008, nominal=NOMINAL["granulator"]))


def test_copper_and_mass_are_conserved_as_cable_comes_apart():
    out = granulate()
    assert out.sum() == pytest.approx(100.0, rel=1e-12)
    assert out[COPPER].sum() + 0.45 * out[BOARD].sum() == pytest.approx(45.0, rel=1e-12)


@pytest.mark.parametrize(("name", "opening"), [("hammer_mill", {"grate": 0.031}), ("granulator", {"aperture": 0.0155})])
def test_nothing_wider_than_the_opening_leaves_at_any_load(name, opening):
    machine = Bench(name, **opening)
    out = machine.split(machine.feed(), 5.0)[0]
    assert not out[:, 7 if name == "hammer_mill" else 6 :].any()


def test_what_cannot_break_is_passed_on_and_counted():
    hard = {**PROPERTIES, "breakage": np.array([0.0, 0.6, 0.5, 1.1, 1.0, 4.0])}
    for name in ("hammer_mill", "granulator"):
        machine = Bench(name, properties=hard)
        x = machine.feed()
        np.testing.assert_array_equal(machine.split(x, 0.5)[0][0], x[0])
        assert machine.warned[2] == 1


def test_knives_cut_all_alike_at_a_selectivity_of_zero():
    even = {**PROPERTIES, "thickness_ratio": np.full(6, 0.3)}
    machine = Bench("granulator", properties=even, selectivity=0.0)
    x = np.tile(machine.feed()[:1], (6, 1))
    out = machine.split(x, 0.5)[0]
    np.testing.assert_allclose(out, np.tile(out[:1], (6, 1)), rtol=1e-12)


@given(low=st.floats(0.2, 4.0), ratio=st.floats(1.05, 3.0))
@quick
def test_more_knives_never_leave_it_coarser(low, ratio):
    few, many = (np.cumsum(granulate(rotor_knives=knives).sum(axis=0)) for knives in (low, low * ratio))
    assert np.all(many >= few - 1e-9)


def test_worked_numbers():
    assert tip_speed(1.2, 800 / 60) == pytest.approx(50.27, abs=0.01)
    assert collision_share(15.0, 15.0) == 0.5
    assert cut_size(0.4, 500 / 60, 5, 2, 2.0) == pytest.approx(0.00754, rel=1e-3)
    assert caught_share(1.0, 1.0) == 0.5
