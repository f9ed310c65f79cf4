"""The estimate of a run against what the run then comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.plant.estimate import estimate

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize("name", ["weee_line"])
def test_counts_are_of_the_order_of_the_run(name: str) -> None:
    """Within a factor of four of lots and events: what fails and waits it does not know."""
    scenario = twin.load(SCENARIOS / f"{name}.yaml").change({"time.horizon": "14 d", "time.warmup": "0 s"})
    found = estimate(scenario)
    with twin.run(scenario) as result:
        assert 1 / 4 < found.lots / int(result.attrs["lots"]) < 4
        assert 1 / 4 < found.events / int(result.attrs["events"]) < 4


def test_lots_of_nothing_are_told_before_the_run_begins() -> None:
    scenario = twin.load(SCENARIOS / "weee_line.yaml").change({"lot": "1e-6 g"})
    found = estimate(scenario)
    assert found.lots > 1e14 and found.seconds > 1e9 and "years of CPU" in str(found)
    assert estimate(twin.load(SCENARIOS / "weee_line.yaml").change({"record.every": "1 ms"})).size > 1e12
