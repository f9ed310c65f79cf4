"""A small plant and its tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCENARIO = HERE / "small_line.yaml"
WRITTEN: dict[str, Any] = {
    "live": 1,
    "plant": {"scenario": str(SCENARIO), "start": "2026-01-05T06:00+01:00"},
    "estimate": {"members": 10, "fault_free": "4 d"},
    "sources": {"log": {"file": "readings.csv"}},
    "tags": {
        "YARD": {"quantity": "level.yard", "unit": "t", "error": "3 %", "bias": "500 kg", "every": "1 min"},
        "STEEL_BAY": {"quantity": "level.steel_bay", "unit": "kg", "error": "200 kg", "every": "1 min"},
        "MAGNET_POWER": {"quantity": "power.magnet", "unit": "kW", "error": "2 %", "every": "15 min", "delay": "10 s"},
        "MAGNET_RUNS": {"quantity": "state.magnet", "unit": "%", "error": "1 %", "every": "15 min"},
        "TRUCKS": {"input": "deliveries", "unit": "t"},
        "STEEL_TRUCKS": {"input": "steel", "unit": "t"},
        "MAGNET_STOP": {"input": "magnet"},
    },
}
