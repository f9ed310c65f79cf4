"""Moisture and dirt that stick to the surfaces of what they lie with: where they go, and that none is lost."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import twin
from twin.errors import ScenarioError
from twin.quantities import DAY
from twin.units.lines import sticking
from twin.units.lines.sticking import Sticking


def plant(clings: Any = "60 %", **feed: Any) -> dict[str, Any]:
    """Film and bottles with a tenth of water, which the machine sends to the fines: what clings goes with the film."""
    return {
        "twin": 1,
        "name": "wet",
        "time": {"horizon": "3 d"},
        "record": {"every": "1 h"},
        "lot": "1 t",
        "size_bounds": "40 100 mm",
        "materials": {
            "film": {"density": "930 kg/m3", "form": "film", "wall": "50 um"},
            "bottle": {"density": "950 kg/m3", "assay": {"Cl": "1 %"}},
            "dirt": {"density": "1000 kg/m3", "assay": {"Fe": "2 %"}},
        },
        "sticking": {"dirt": clings},
        "units": {
            "trucks": {
                "kind": "feed",
                "every": {"constant": "1 h"},
                "limit": 20,
                "mass": "2 t",
                "composition": {"film": "50 %", "bottle": "40 %", "dirt": "10 %"},
                "size": [0, 1],
                **feed,
            },
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"},
            "sorter": {
                "kind": "separator",
                "from": "yard",
                "rate": "5 t/h",
                "ports": ["film", "bottles", "fines"],
                "partition": {"film": {"film": "100 %", "default": 0}, "bottles": {"bottle": "100 %", "default": 0}},
            },
            "film": {"kind": "product", "from": "sorter.film"},
            "bottles": {"kind": "product", "from": "sorter.bottles"},
            "fines": {"kind": "product", "from": "sorter.fines"},
        },
    }


def test_what_clings_goes_by_surface() -> None:
    scenario = twin.load(plant())
    with twin.run(scenario) as result:
        names, cover = scenario.materials.names, scenario.properties["piece_cover"]
        areas = {name: share * float(cover[names.index(name), 1]) for name, share in (("film", 20e3), ("bottle", 16e3))}
        areas["dirt"] = 0.4 * 4e3 * float(cover[names.index("dirt"), 1])
        whole = sum(areas.values())
        masses = {product: result.totals.mass(product, "dirt") for product in ("film", "bottles", "fines")}
        assert masses["film"] == pytest.approx(0.6 * 4e3 * areas["film"] / whole, rel=1e-9)
        assert masses["bottles"] == pytest.approx(0.6 * 4e3 * areas["bottle"] / whole, rel=1e-9)
        assert sum(masses.values()) == pytest.approx(4e3, rel=1e-12)
        assert masses["film"] > 20 * masses["bottles"]  # a kg of film has so much more surface
        assert result.totals.mass("sorter.film", "dirt") == pytest.approx(masses["film"], rel=1e-12)
        assert np.abs(result.array("balance/material_residual")).max() <= 1e-12 * 40e3


def test_nothing_clings_where_nothing_is_said() -> None:
    with twin.run(twin.load(plant(0))) as dry:
        assert dry.totals.mass("film", "dirt") == 0.0 and dry.totals.mass("fines", "dirt") == pytest.approx(4e3)


def test_contents_go_with_what_clings_and_a_saved_state_goes_on(tmp_path: Path) -> None:
    """Where the iron in the dirt varies by delivery, its share in what clings to the film is that of all dirt."""
    scenario = twin.load(plant(assay_spread={"dirt": {"Fe": 0.5}}))
    whole = twin.run(scenario)
    shares = [whole.totals.mass(product, "Fe") / whole.totals.mass(product, "dirt") for product in ("film", "bottles", "fines")]
    assert shares == pytest.approx([shares[0]] * 3, rel=1e-9) and shares[0] != pytest.approx(0.02, rel=1e-3)
    assert np.abs(whole.array("balance/residual")).max() <= 1e-12 * 40e3
    for days in (0.11, 0.52):
        twin.run_until(scenario, days * DAY, tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@given(hnp.arrays(np.float64, (3, 2, 2), elements=st.floats(0.0, 1e3)), st.floats(0.0, 0.99))
def test_none_is_lost_and_none_is_below_zero(outlets: np.ndarray, share: float) -> None:
    before, masses = outlets.copy(), outlets.sum(axis=(1, 2))
    Sticking(np.array([0.0, share]), np.array([[1.0, 0.1], [2.0, 0.3]]), []).spread(list(outlets), masses)
    assert outlets.min() >= 0.0
    assert outlets.sum(axis=0) == pytest.approx(before.sum(axis=0), rel=1e-12, abs=1e-12)
    assert masses == pytest.approx(outlets.sum(axis=(1, 2)), rel=1e-9, abs=1e-9)


def test_docstring_examples() -> None:
    assert doctest.testmod(sticking).attempted == 4 and doctest.testmod(sticking).failed == 0


@pytest.mark.parametrize("clings", ["100 %", "-1 %", "wet"])
def test_what_is_wrong_is_said(clings: str) -> None:
    with pytest.raises(ScenarioError, match="sticking"):
        twin.load(plant(clings))


def test_what_sticks_is_delivered() -> None:
    with pytest.raises(ScenarioError, match="unknown material"):
        twin.load({**plant(), "sticking": {"gold": "10 %"}})
