"""A weighed batch through the empty plant."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import twin
from twin.cli import main
from twin.errors import UsageError
from twin.study.batch_test import batch_test

PLANT: dict[str, Any] = {
    "twin": 1,
    "time": {"horizon": "10 d", "warmup": "1 d"},
    "lot": "300 kg",
    "calendars": {"day": {"weekdays": ["06:00-14:00"]}},
    "resources": {"crew": {"count": 1, "calendar": "day"}},
    "materials": {"good": {"assay": {"Cu": "90 %"}}, "bad": {"assay": {"Fe": "50 %"}}},
    "units": {
        "trucks": {
            "kind": "feed",
            "every": {"exponential": {"mean": "1 h"}},
            "mass": "2 t",
            "composition": {"good": "40 %", "bad": "60 %"},
            "variability": {"concentration": 20},
            "hazards": {"rich": {"chance": "50 %", "add": {"good": "50 %"}}},
            "calendar": "day",
        },
        "others": {"kind": "feed", "every": "1 h", "mass": "2 t", "composition": {"bad": "100 %"}},
        "yard": {"kind": "bunker", "from": ["trucks", "others"], "capacity": "3 t", "initial": {"mass": "2 t", "composition": {"bad": "100 %"}}},
        "sorter": {
            "kind": "separator",
            "from": "yard",
            "rate": "1 t/h",
            "calendar": "day",
            "needs": "crew",
            "failures": {"mtbf": "1 h", "mttr": "5 h"},
            "partition": {"good": {"good": "80 %", "bad": "10 %"}},
        },
        "bay": {"kind": "bunker", "from": "sorter.good", "capacity": "4 t"},
        "good_out": {"kind": "product", "from": "bay", "pickup": {"every": "2 d", "mass": "1 t"}},
        "bad_out": {"kind": "product", "from": "sorter.rest"},
    },
}


def test_a_batch_is_shared_out_as_its_machines_say_and_nothing_else_comes_along() -> None:
    """5 t of 40 % good: 80 % of good and 10 % of bad to the one product, whatever shifts, breakdowns, hazards and initial stock the plant has."""
    found = batch_test(twin.load(PLANT), 5000.0)
    assert found.feed == "trucks"
    np.testing.assert_allclose(found.materials, [[1600.0, 400.0], [300.0, 2700.0]], rtol=1e-12)
    np.testing.assert_allclose(found.products, [1900.0, 3100.0], rtol=1e-12)
    assert found.left == 0.0
    assert abs(found.residual) < 1e-9
    assert found.seconds == pytest.approx(5 * 3600.0)
    assert found.recovery("Cu") == pytest.approx({"good_out": 0.8, "bad_out": 0.2})


def test_another_feed_and_another_composition() -> None:
    scenario = twin.load(PLANT)
    np.testing.assert_allclose(batch_test(scenario, 1000.0, "others").products, [100.0, 900.0], rtol=1e-12)
    np.testing.assert_allclose(batch_test(scenario, 1000.0, composition={"good": 1.0, "bad": 0.0}).products, [800.0, 200.0], rtol=1e-12)


def test_what_cannot_be_tested_is_refused() -> None:
    scenario = twin.load(PLANT)
    with pytest.raises(UsageError, match="did you mean 'trucks'"):
        batch_test(scenario, 1000.0, "truck")
    for mass in (0.0, 1e-9, 1e12):
        with pytest.raises(UsageError, match="a batch from 1 kg to 10 kt is needed"):
            batch_test(scenario, mass)
    with pytest.raises(UsageError, match="has furnaces"):
        batch_test(twin.load("scenarios/copper_smelter.yaml"), 1000.0)


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    path = tmp_path / "plant.yaml"
    path.write_text(json.dumps(PLANT), encoding="utf-8")
    assert main(["batch", str(path), "--mass", "2 t", "--element", "Cu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["products"]["good_out"]["recovery"] == pytest.approx({"Cu": 0.8})
    assert found["left_in_plant"] == 0.0
    assert main(["batch", str(path), "--mass", "2 t"]) == 0
    text = capsys.readouterr().out
    assert "batch of 2 t from trucks" in text
    assert "100.0 %" in text
    assert main(["batch", str(path), "--element", "Kryptonite"]) == 2
    assert "unknown element" in capsys.readouterr().err
