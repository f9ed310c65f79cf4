"""Robots in a plant: what they take, by targets and by a confusion matrix, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import ScenarioError
from twin.scenario import load
from twin.study.particles import closed_partition


def plant(files: dict[str, str] | None = None, **robot: Any) -> twin.Scenario:
    return load(
        {
            "twin": 1,
            "name": "robots",
            "time": {"start": "2026-01-05", "horizon": "6 h"},
            "lot": "20 kg",
            "catalogue": ["lvp"],
            "size_bounds": "60 130 220 400 mm",
            "units": {
                "trucks": {
                    "kind": "feed",
                    "every": "1 h",
                    "mass": "400 kg",
                    "size": {"rosin_rammler": {"x63": "180 mm", "n": 3}},
                    "composition": {"pet_clear": "60 %", "hdpe": "20 %", "ldpe_film": "20 %"},
                },
                "yard": {"kind": "bunker", "from": "trucks", "capacity": "9 t", "initial": {"mass": "4 t"}},
                "arm": {"kind": "robot", "from": "yard", "rate": "400 kg/h", "targets": ["hdpe"], **robot},
                "disturbing": {"kind": "product", "from": "arm.picked", "targets": ["hdpe"]},
                "bottles": {"kind": "product", "from": "arm.rest", "targets": ["pet_clear"]},
            },
        },
        files=files,
    )


def picked(scenario: twin.Scenario) -> np.ndarray:
    """Share of each material that is picked from a thin stream."""
    return closed_partition(scenario, "arm", np.full((3, 4), 1e-8))[0, :, 2]


def test_a_plant_with_it_closes_and_takes_the_targets() -> None:
    result = twin.run(plant())
    assert result.attrs["worst_residual"] < 1e-9
    assert result.kpis["grade.disturbing.hdpe"].value > 0.7
    assert 0.2 < result.kpis["recovery.disturbing.hdpe"].value < 0.9 * 0.85
    assert twin.run(plant(arms=3)).kpis["recovery.disturbing.hdpe"].value > result.kpis["recovery.disturbing.hdpe"].value + 0.02


def test_grips_and_a_matrix_by_class() -> None:
    matrix = {"ldpe_film": {"film": "80 %", "bottle": "20 %"}, "default": {"film": "5 %", "bottle": "95 %"}}
    shares = picked(plant(targets=["film"], confusion_matrix=matrix, grips={"ldpe_film": "50 %", "default": "90 %"}))
    assert dict(zip(plant().materials.names, shares.tolist(), strict=True)) == pytest.approx({"pet_clear": 0.045, "hdpe": 0.045, "ldpe_film": 0.4}, rel=1e-2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": ["hpde"]}, "did you mean 'hdpe'"),
        ({"targets": ["film"], "confusion_matrix": {"default": {"films": 1}}}, "nothing is taken for the class 'film'; did you mean 'films'"),
        ({"grips": {"hdpe": "90 %"}}, "name it or give a 'default'"),
        ({"smallest": "60 cm"}, "below 'largest'"),
        ({"arms": 1e9}, "1000"),
        ({"picks": "2 s"}, "frequency is needed"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        plant(**settings)
