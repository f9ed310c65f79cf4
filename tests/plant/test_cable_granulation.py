"""The cable granulation of the docs: what its copper is worth, and that cutting finer, in bounds, gives more and purer copper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import twin

PAGE = Path(__file__).parents[2] / "docs" / "machines" / "cable_granulation.md"


@pytest.fixture(scope="module")
def plant() -> twin.Scenario:
    """The scenario that the page shows."""
    text = PAGE.read_text(encoding="utf-8")
    return twin.load(text.split("<!-- file: cable.yaml -->\n```yaml\n")[1].split("```")[0])


@contextmanager
def running(plant: twin.Scenario, changes: dict[str, Any]) -> Iterator[twin.Result]:
    with twin.run(plant.change(changes)) as result:
        yield result


def copper(plant: twin.Scenario, **fine: Any) -> tuple[float, float]:
    """Grade and recovery of copper in the granulate."""
    with running(plant, {f"units.fine.{key}": value for key, value in fine.items()}) as result:
        assert result.attrs["worst_residual"] < 1e-9
        return result.kpis["grade.granulate.Cu"].value, result.kpis["recovery.granulate.Cu"].value


def free(plant: twin.Scenario, **fine: Any) -> tuple[float, float]:
    """Of what leaves the fine cut and is not insulation the share that is free copper; and the share of the copper there that is free."""
    with running(plant, {f"units.fine.{key}": value for key, value in fine.items()}) as result:
        flow = result.dataset("streams")["mass_flow"].sum(dim="time").sel(stream="fine.out")
        metal, cable = float(flow.sel(material="copper")), float(flow.sel(material="cable"))
        return metal / (metal + cable), metal / (metal + 0.45 * cable)


def test_it_makes_granulate_of_98_percent_copper(plant: twin.Scenario) -> None:
    grade, recovery = copper(plant)
    assert grade > 0.98
    assert recovery > 0.95


def test_a_finer_cut_raises_grade_and_recovery(plant: twin.Scenario) -> None:
    coarse, fine = copper(plant, aperture="12 mm"), copper(plant)
    assert fine[0] > coarse[0] + 0.001
    assert fine[1] > coarse[1] + 0.04


@pytest.mark.parametrize(
    ("coarse", "fine"),
    [
        ({"aperture": "12 mm"}, {"aperture": "5 mm"}),
        ({"rotor_speed": "250 rpm"}, {"rotor_speed": "900 rpm"}),
        ({"knife_gap": "1 mm"}, {"knife_gap": "0.1 mm"}),
    ],
)
def test_a_finer_cut_sets_more_copper_free(plant: twin.Scenario, coarse: dict[str, Any], fine: dict[str, Any]) -> None:
    (grade, recovery), (finer_grade, finer_recovery) = free(plant, **coarse), free(plant, **fine)
    assert finer_grade > grade + 0.01
    assert finer_recovery > recovery + 0.01


def test_load_dirties_the_granulate(plant: twin.Scenario) -> None:
    light, heavy = [], []
    for rate, found in (("0.6 t/h", light), ("1.8 t/h", heavy)):
        with running(plant, {"units.coarse.rate": rate, "units.trucks.mass": "5 t"}) as result:
            found += [result.kpis["grade.granulate.Cu"].value, result.kpis["recovery.granulate.Cu"].value]
    assert light[0] > heavy[0] + 0.003
    assert light[1] > heavy[1]


def test_all_copper_goes_to_products_and_none_is_made(plant: twin.Scenario) -> None:
    with running(plant, {}) as result:
        assert result.kpis["recovery.Cu"].value == pytest.approx(1.0, abs=0.01)
        assert not result.array("units/range_warnings").any()
