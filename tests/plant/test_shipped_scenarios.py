"""Every scenario that is shipped runs and closes in its first days; what its header says is tested plant by plant, mostly in ``make soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
FIRST_DAYS = {"time.horizon": "2 d", "time.warmup": "0 h", "record.every": "1 h"}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_its_first_days_close(path: Path) -> None:
    with twin.run(twin.load(path).change(FIRST_DAYS)) as result:
        assert abs(result.attrs["worst_residual"]) < 1e-12
        assert result.kpis["throughput"].value > 0.0
