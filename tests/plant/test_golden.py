"""A golden run: the key figures of a plant with every feature stay what they were, unless somebody means to change them.

After a wanted change: ``python tests/plant/test_golden.py`` writes the file anew; say in the changelog what moved and why.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import twin

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"
GOLDEN = Path(__file__).parents[1] / "golden" / "everything.json"


def figures() -> dict[str, object]:
    result = twin.run(EVERYTHING)
    kpis = {name: kpi.value for name, kpi in result.kpis.items() if not math.isnan(kpi.value)}
    return {"events": int(result.attrs["events"]), "lots": int(result.attrs["lots"]), "scenario_sha256": str(result.attrs["scenario_sha256"]), "kpis": kpis}


def test_the_golden_run() -> None:
    """Counts are equal; values to 1e-9, since other processors may move last bits."""
    golden, found = json.loads(GOLDEN.read_text(encoding="utf-8")), figures()
    assert {key: found[key] for key in ("events", "lots", "scenario_sha256")} == {key: golden[key] for key in ("events", "lots", "scenario_sha256")}
    assert found["kpis"] == pytest.approx(golden["kpis"], rel=1e-9, abs=1e-12)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(figures(), indent=1) + "\n", encoding="utf-8")
