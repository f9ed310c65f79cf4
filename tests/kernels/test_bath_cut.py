"""A phase of a furnace's bath that is cut off: undone but for its first part, and gone on with."""

import numpy as np
import pytest
from furnace_phase import HEAT, METHANE, SMELTING, E, row

from twin.errors import KernelError
from twin.kernels.furnace import plan_of
from twin.kernels.furnace_tables import END_TEST
from twin.scenario.furnace import Melted
from twin.units.melts.bath import METAL, Bath

NO_TESTS = np.zeros(0, dtype=END_TEST.dtype)
PLAN = {"blast": 0.4, "wall_loss": 1e6, "at_least": 3000.0, "at_most": 3000.0, "hottest": 1750.0, "fuming": 1.0}


def _bath():
    bath = Bath("converter", SMELTING, HEAT)
    bath.add_melt(METAL, Melted(mass="20 t", assay={"Cu": "93 %", "Fe": "4 %", "Zn": "3 %"}), 1500.0)
    return bath


def _run(bath, seconds=3000.0, **more):
    supplies = np.array([row(Cu=1.0), METHANE, row(29e6, C=1.0)])
    return bath.run(np.zeros((3, E + 2)), supplies, plan_of({**PLAN, "at_least": seconds, "at_most": seconds}), NO_TESTS, "a test", **more)


def test_a_cut_phase_is_that_part_of_it():
    bath, other = _bath(), _bath()
    whole, before = _run(bath), bath.parts.copy()
    part = bath.cut(1000.0)
    direct = _run(other, until=1000.0)
    assert part.sum("seconds") == 1000.0
    assert part.streams.tobytes() == direct.streams.tobytes()
    assert bath.parts.tobytes() == other.parts.tobytes()
    assert bath.state.tobytes() == other.state.tobytes()
    assert bath.warned.tolist() == other.warned.tolist()
    rest = _run(bath, 2000.0)
    assert part.streams + rest.streams == pytest.approx(whole.streams, rel=0.01, abs=1e-4 * np.abs(whole.streams).max())
    assert bath.parts[:, :E] == pytest.approx(before[:, :E], rel=0.01, abs=2.0)
    for name in ("wall_loss", "gas_volume", "air_volume"):
        assert part.sum(name) + rest.sum(name) == pytest.approx(whole.sum(name), rel=0.005)


def test_a_cut_beyond_the_end_is_the_phase():
    bath = _bath()
    whole, parts = _run(bath), bath.parts.copy()
    again = bath.cut(1e6)
    assert again.streams.tobytes() == whole.streams.tobytes()
    assert bath.parts.tobytes() == parts.tobytes()


def test_nothing_to_cut():
    bath = _bath()
    with pytest.raises(KernelError, match="converter: no phase has been run that could be cut off at 60 s"):
        bath.cut(60.0)
    _run(bath)
    bath.load(bath.save())
    with pytest.raises(KernelError, match="no phase has been run"):
        bath.cut(60.0)
