"""Hammer mill and granulator: fines and liberated copper move with load and parameters; wear; limits; laws of breakage; parts that come off."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_bench import MATERIALS, PROPERTIES, VALUES, Bench, size_classes

from twin.kernels.breakage_laws import LAWS
from twin.kernels.comminution import own_sizes
from twin.kernels.machine_pass import let_fall
from twin.kernels.mills import MILL, caught_share, collision_share, cut_size, emptying, tip_speed

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


# --- laws of breakage, emptying and parts that come off ---------------------------------------------------------------------------------

STEEL, PLASTICS = MATERIALS.index("steel"), MATERIALS.index("plastics")
LAW = {name: np.array([float(LAWS.index(name))] * 6) for name in LAWS}


@pytest.mark.parametrize("name", ["shredder", "hammer_mill", "granulator"])
def test_a_material_breaks_by_its_own_law_and_no_other(name):
    """Steel alone made ductile: its pieces leave coarser with few fines, and not a bit of any other material moves."""
    brittle = Bench(name)
    ductile = Bench(name, laws=np.array([1.0, 0, 0, 0, 0, 0]))
    x = brittle.feed()
    before, after = (machine.split(x, NOMINAL.get(name, 5.0))[0] for machine in (brittle, ductile))
    np.testing.assert_array_equal(after[1:], before[1:])
    assert after[STEEL, 0] < 0.7 * before[STEEL, 0]
    assert after[STEEL].sum() == pytest.approx(x[STEEL].sum(), rel=1e-13)


@pytest.mark.parametrize("law", LAWS[1:])
def test_a_law_is_austins_function_with_its_own_numbers(law):
    """All of one law is the brittle mill with that law's numbers."""
    values = VALUES["hammer_mill"][2]
    own = {"fines_share": values[f"{law}_fines_share"], "coarse_exponent": values[f"{law}_coarse_exponent"]}
    x = Bench("hammer_mill").feed()
    np.testing.assert_array_equal(Bench("hammer_mill", laws=LAW[law]).split(x, 5.0), Bench("hammer_mill", **own).split(x, 5.0))


def test_ductile_steel_makes_few_fines_in_a_car_shredder():
    """Below 16 mm behind a grate of 140 mm: over a fifth of steel by the brittle law, below a twentieth as it is torn."""
    large = {"grate": 0.14, "nominal_grate": 0.14, "rotor_diameter": 1.9, "rotor_speed": 10.0, "hammer_mass": 110.0, "strength": 12 * 3600.0}
    x = np.zeros(Bench("hammer_mill").shape)
    x[STEEL, -1] = 1.0
    brittle, torn = (Bench("hammer_mill", laws=LAW[law], **large).split(x, 5.0)[0][STEEL, :6].sum() for law in ("brittle", "ductile"))
    assert brittle > 0.2
    assert torn < 0.05


@given(ratio=st.floats(0.3, 3.0), rate=st.floats(0.1, 20.0), exponent=st.floats(0.0, 2.5), slope=st.floats(0.0, 3.0))
@quick
def test_an_opening_that_empties_the_mill_is_less_work_at_a_larger_nominal_rate(ratio, rate, exponent, slope):
    """(a/a_n)^q times faster: breakage by that less, and as full at that times the throughput."""
    faster = ratio**exponent
    opened = Bench("hammer_mill", nominal_grate=0.030 / ratio, emptying=exponent, load_slope=slope)
    same = Bench("hammer_mill", impacts=50.0 / faster, nominal=NOMINAL["hammer_mill"] * faster, load_slope=slope)
    x = opened.feed()
    np.testing.assert_allclose(opened.split(x, rate), same.split(x, rate), rtol=1e-10)


def test_coarser_holes_spare_cuts_and_take_more():
    """Behind holes twice as wide pieces are more than twice as coarse, at the same rate and even at one at which the narrower is overfull."""

    def median(aperture: float, rate: float) -> float:
        passing = np.cumsum(granulate(rate, aperture=aperture).sum(axis=0)) / 100.0
        return float(np.exp(np.interp(0.5, passing, np.log(FINE_SIZES.upper))))

    assert median(0.016, 0.5) > 2.0 * median(0.008, 0.5)
    overfull, room = Bench("granulator", sizes=FINE_SIZES), Bench("granulator", sizes=FINE_SIZES, aperture=0.015)
    for machine in (overfull, room):
        machine.split(machine.feed(), 3.0 * NOMINAL["granulator"])
    assert (overfull.warned[0], room.warned[0]) == (1, 0)


def boarded(seed: int, **changes: float) -> Bench:
    """A shredder of materials of all laws in which boards and plastics come apart, parts of them in sizes of their own."""
    random = np.random.default_rng(seed)
    parts, own, shares = np.zeros((6, 6)), np.zeros((6, 6)), np.zeros((6, 10))
    for composite in (BOARD, PLASTICS):
        made = random.dirichlet(np.ones(4))
        parts[composite, [STEEL, 1, COPPER, GLASS]] = made
        own[composite, [STEEL, COPPER]] = random.uniform(0.0005, 0.05, 2)
        shares[composite] = np.sort(random.uniform(0.0, 1.0, 10))[::-1]
    own[BOARD, GLASS] = 1e-6
    return Bench("shredder", constituents=parts, liberated=shares, comes_off=own, laws=random.integers(0, 4, 6).astype(float), **changes)


@given(seed=st.integers(0, 10_000), rate=st.floats(0.1, 20.0), gap=st.floats(0.005, 0.2))
@quick
def test_parts_in_sizes_of_their_own_conserve_every_constituent(seed, rate, gap):
    machine = boarded(seed, gap=gap)
    x = machine.feed()
    out = machine.split(x, rate)[0]
    parts = MILL.spread(machine.coefficients, *machine.shape).parts
    lost = x.sum(axis=1) - out.sum(axis=1)
    assert out.min() >= 0.0
    assert out.sum() == pytest.approx(x.sum(), rel=1e-12)
    for m in (STEEL, 1, COPPER, GLASS):
        assert -lost[m] == pytest.approx(lost[PLASTICS] * parts[1, m] + lost[BOARD] * parts[0, m], rel=1e-9, abs=1e-9)


@numba.njit
def _let_fall(numbers, j, broken, fallen):
    let_fall(numbers, 0, j, broken, fallen)


@given(seed=st.integers(0, 10_000))
@quick
def test_compiled_lines_let_fall_as_the_machine_alone_does(seed):
    machine = boarded(seed)
    x = machine.feed()
    materials, classes = machine.shape
    numbers = MILL.spread(machine.coefficients, materials, classes).flat(materials)
    at, events, shares = x * 0.05, np.zeros(1), np.zeros((1, materials, classes))
    MILL.settle(at, machine.coefficients, np.zeros(0), 0.0, events, np.zeros(3, dtype=np.int64))
    MILL.split(events, machine.coefficients, shares)
    fallen, out = np.zeros((classes, materials)), np.zeros((materials, classes))
    for j in range(classes - 1, -1, -1):
        inside = x[:, j] + fallen[j]
        out[:, j] = inside * shares[0, :, j]
        _let_fall(numbers, j, inside - out[:, j], fallen)
    np.testing.assert_allclose(out, machine.split(x, at=at)[0], rtol=1e-11, atol=1e-13)


def test_chips_leave_a_board_as_fines_while_its_sheet_stays_coarse():
    """Parts of 2 mm come off above a gap of 60 mm: three quarters of them below 4 mm, where a few per cent of the sheet are."""
    parts, own, shares = np.zeros((6, 6)), np.zeros((6, 6)), np.zeros((6, 10))
    parts[BOARD, [COPPER, PLASTICS]] = 0.2, 0.8  # chips and sheet
    own[BOARD, COPPER] = 0.002
    shares[BOARD] = [1, 1, 0.9, 0.8, 0.6, 0.5, 0.3, 0.1, 0, 0]
    machine = Bench("shredder", gap=0.06, constituents=parts, liberated=shares, comes_off=own)
    x = np.zeros(machine.shape)
    x[BOARD, -1] = 100.0
    out = machine.split(x)[0]
    assert out[COPPER].sum() == pytest.approx(0.25 * out[PLASTICS].sum(), rel=1e-12)
    assert out[COPPER, :4].sum() > 0.75 * out[COPPER].sum()
    assert out[PLASTICS, :4].sum() < 0.5 * out[PLASTICS].sum()


def test_own_sizes_follow_rosin_and_rammler():
    sizes = own_sizes(0.002, FINE_SIZES.lower, FINE_SIZES.upper)
    assert sizes.sum() == pytest.approx(1.0, abs=1e-9)
    assert sizes[:4].sum() == pytest.approx(1.0 - np.exp(-1.0), rel=1e-12)
    assert own_sizes(1e-6, FINE_SIZES.lower, FINE_SIZES.upper)[0] == 1.0
    assert emptying(0.02, 0.01, 2.0) == 4.0
