"""What the benchmark of the live twin counts as an alarm."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from twin.live.alarm import Alarm


@pytest.fixture(scope="module")
def benchmark_of_live() -> Any:
    spec = importlib.util.spec_from_file_location("benchmark_of_live", Path(__file__).parents[2] / "benchmarks" / "live.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_alarm_whose_cause_is_found_out_counts_once_and_with_its_cause(benchmark_of_live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one event: it cannot be told, another signal shows it, its cause is found, another signal shows that; and one more event that nobody can tell."""
    said = {
        10: Alarm(9000.0, "yard", "cannot tell", "a", 1, ("yard",)),
        20: Alarm(18000.0, "power", "cannot tell", "b", 1, ("yard", "power")),
        30: Alarm(27000.0, "yard", "machine", "c", 1, ("yard", "power")),
        40: Alarm(36000.0, "runs", "machine", "d", 1, ("yard", "power", "runs")),
        50: Alarm(45000.0, "yard", "cannot tell", "e", 2, ("yard",)),
    }

    class Quiet:
        """Stands for a plant, an ensemble and a monitor that says what is written above."""

        def __init__(self, *_: Any) -> None:
            self.plant = self.innovations = self
            self.windows = 0

        def __getattr__(self, _name: str) -> Any:
            return lambda *_: None

        def step(self, _time: float, _readings: Any, _inputs: Any) -> list[Alarm]:
            self.windows += 1
            return [said[self.windows]] if self.windows in said else []

    for name in ("HiddenPlant", "Ensemble", "Monitor"):
        monkeypatch.setattr(benchmark_of_live, name, Quiet)
    row = benchmark_of_live.alarms(1, None, 2)
    assert (row["alarms in 30 days"], row["of them with a cause"]) == (2, 1)
    assert row["told"] == ["day 0.10: machine: c", "day 0.52: cannot tell: e"]
