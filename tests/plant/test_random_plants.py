"""What must hold for any plant: it closes, resumes to the last bit, and never hangs."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest
from random_plants import random_plant

import twin
from twin.errors import DeadlockError


@pytest.mark.sampled(12)
@pytest.mark.parametrize("seed", range(200))
def test_a_random_plant_closes_and_resumes_to_the_last_bit(seed: int, tmp_path: Path) -> None:
    plant = random_plant(seed)
    try:
        whole = twin.run(plant)
    except DeadlockError:
        pytest.skip("a plant that stands still is reported, which is right")
    shares = whole.array("units/state_share")
    known = ~np.isnan(shares[0, :, 0])
    assert np.allclose(shares[:, known].sum(axis=2), 1.0, atol=1e-9)
    chance = random.Random(seed)
    stop = chance.choice([chance.uniform(1.0, plant.horizon - 1.0), 3600.0 * chance.randrange(1, 119)])
    twin.run_until(plant, stop, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@pytest.mark.soak
def test_most_random_plants_run() -> None:
    """The skip above must not swallow the test."""
    ran = 0
    for seed in range(12):
        with contextlib.suppress(DeadlockError):
            ran += twin.run(random_plant(seed)).attrs["lots"] > 20
    assert ran >= 8
