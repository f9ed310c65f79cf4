"""Compiles what most tests need, once, before two processes of tests would do it twice; `make test` runs it beside the checks of the code."""

from __future__ import annotations

from pathlib import Path

import twin

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def compile_first() -> None:
    """Run some hours of a smelter and of a sorting plant with most machines."""
    for name in ("copper_smelter", "weee_line_extended", "lvp_line"):
        scenario = twin.load(SCENARIOS / f"{name}.yaml")
        twin.run(scenario.change({"time.horizon": "8 h", "time.warmup": "0 h"})).close()


if __name__ == "__main__":
    compile_first()
