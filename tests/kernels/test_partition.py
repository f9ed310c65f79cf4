import numpy as np
from machine_bench import MATERIALS, SIZES


def test_a_table_is_applied_as_it_stands(bench):
    shares = np.zeros((3, len(MATERIALS), len(SIZES.mean)))
    shares[0], shares[1, :3], shares[2, 3:] = 0.25, 0.75, 0.75
    machine = bench("separator", partition=shares)
    x = machine.feed()
    np.testing.assert_array_equal(machine.split(x, 3.0), x * shares)


def test_a_share_of_zero_gives_exactly_nothing_and_a_share_of_one_everything(bench):
    shares = np.zeros((3, len(MATERIALS), len(SIZES.mean)))
    shares[1] = 1.0
    machine = bench("separator", partition=shares)
    x = machine.feed()
    out = machine.split(x, 3.0)
    np.testing.assert_array_equal(out[1], x)
    assert not out[[0, 2]].any()


def test_shares_written_with_few_digits_neither_make_nor_lose_mass(bench):
    machine = bench("splitter", shares=np.array([0.333333, 0.333333, 0.333333]))
    x = machine.feed()
    np.testing.assert_allclose(machine.split(x).sum(axis=0), x, rtol=1e-15)


def test_load_changes_nothing(bench):
    for name in ("separator", "splitter"):
        machine = bench(name)
        x = machine.feed()
        np.testing.assert_array_equal(machine.split(x, 1.0), machine.split(x, 50.0))
