"""Density separation against worked numbers: Tromp's partition curve, Ep and imperfection."""

import pytest

from twin.kernels.density_separator import deviation_of, sinking


def test_tromp_curve():
    """2.9 t/m3 in a bath of 2.7 with Ep .05; quartiles are Ep from the cut."""
    assert sinking(2.9, 2.7, 0.05) == pytest.approx(0.98780, abs=5e-6)
    for share, where in ((0.25, 2.65), (0.5, 2.70), (0.75, 2.75)):
        assert sinking(where, 2.7, 0.05) == pytest.approx(share, rel=1e-9)


def test_imperfection_in_water():
    """I = Ep/(rho50 - 1): a jig of I = .16 at 2.0 has Ep .16, between the .1 and .3 that are usual for jigs and air tables."""
    assert deviation_of(0.16, 2000.0, 1000.0) / 1000.0 == pytest.approx(0.16)
