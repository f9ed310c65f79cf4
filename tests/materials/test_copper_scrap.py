"""The smelter's feeds: in the published ranges of their grades, and loading beside the sorting line's materials."""

from __future__ import annotations

from typing import Any

import pytest

from twin.materials import ELEMENTS, builtin_catalogue
from twin.scenario import load

SCRAP = builtin_catalogue("copper_scrap")
GROUPS = {"copper_scrap", "refining_scrap", "alloy_scrap", "shredder_scrap", "e_scrap", "residues", "flux", "reductants", "shredder_parts"}


def assay(material: str) -> dict[str, float]:
    return dict(zip(ELEMENTS, SCRAP.assay(material), strict=True))


def test_groups() -> None:
    assert set(SCRAP.groups) == GROUPS
    assert SCRAP.groups["e_scrap"] == ("escrap_low", "escrap_medium", "escrap_high")
    assert {"silica_sand", "limestone", "burnt_lime"} <= set(SCRAP.groups["flux"])
    assert SCRAP.groups["reductants"] == ("scrap_iron", "lump_coke", "lignite_dust")


@pytest.mark.parametrize(("group", "low", "high"), [("residues", 10, 60), ("shredder_scrap", 15, 60), ("alloy_scrap", 55, 85), ("refining_scrap", 80, 100)])
def test_copper_lies_in_the_published_ranges(group: str, low: float, high: float) -> None:
    """Dusts, slimes and shredder material 15 to 60, alloy scrap 60 to 80, refining scrap 80 to 99 % Cu (montanwerke-brixlegg.com).

    Sludge is 20 % when dry, 11 % as received; turnings with oil lie a little below the alloy they come from, red brass and bronze above 80 %.
    """
    for material in SCRAP.groups[group]:
        assert low <= 100 * assay(material)["Cu"] <= high, material


@pytest.mark.parametrize("material", SCRAP.groups["e_scrap"])
def test_boards_lie_within_the_literature_columns(material: str) -> None:
    ranges = {"Cu": (6.5, 28.7), "Fe": (0.1, 12), "Al": (1, 7), "Sn": (1, 5.62), "Pb": (0.3, 4.2), "Ni": (0.1, 2), "Zn": (0.2, 2.2)}
    ranges |= {"Sb": (0.05, 4), "Ag": (0.0079, 0.33), "Au": (0.0068, 0.1), "Pd": (0.003, 0.025)}
    for element, (low, high) in ranges.items():
        number = SCRAP.materials[material].assay[element]
        assert number.low is not None and number.high is not None
        assert low - 1e-9 <= 100 * number.low and 100 * number.high <= high + 1e-9, element


def test_grades_of_boards_are_in_order() -> None:
    low, medium, high = (assay(material) for material in SCRAP.groups["e_scrap"])
    for element in ("Cu", "Au", "Ag", "Pd"):
        assert low[element] < medium[element] < high[element], element
    for element in ("Al", "Fe", "C"):
        assert low[element] > medium[element] > high[element], element


def test_alloys_have_their_metal() -> None:
    assert assay("brass_scrap")["Zn"] > 0.3
    assert assay("bronze_scrap")["Sn"] > assay("gunmetal_scrap")["Sn"] > 0.04
    assert assay("nickel_scrap")["Ni"] > 0.1
    assert assay("scrap_iron")["Fe"] > 0.95
    assert assay("alloy_turnings")["C"] > 0.02


def test_fluxes_are_what_they_are_called() -> None:
    assert assay("silica_sand")["Si"] / (1 - 0.04) * 60.084 / 28.085 == pytest.approx(0.973, abs=0.01)
    assert assay("limestone")["Ca"] / (1 - 0.01) * 100.09 / 40.078 == pytest.approx(0.97, abs=0.01)
    assert assay("burnt_lime")["Ca"] * 56.077 / 40.078 == pytest.approx(0.93, abs=0.01)


def test_it_loads_beside_the_sorting_lines_materials() -> None:
    weee = builtin_catalogue("weee")
    both = weee.joined(SCRAP)
    assert not set(weee.materials) & set(SCRAP.materials)
    assert not both.clashes() and not SCRAP.joined(weee).clashes()
    assert both.select(["pcb", "escrap_high", "shredder_copper"]).names == ("pcb", "escrap_high", "shredder_copper")


def test_a_scenario_takes_both() -> None:
    plant: dict[str, Any] = {
        "twin": 1,
        "time": {"start": "2026-01-05", "horizon": "1 d"},
        "catalogue": ["weee", "copper_scrap"],
        "units": {
            "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"copper": 0.5, "shredder_copper": 0.3, "silica_sand": 0.2}},
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "9 t"},
            "gone": {"kind": "product", "from": "yard", "pickup": {"every": "1 h", "mass": "1 t"}, "targets": ["copper_scrap"]},
        },
    }
    materials = load(plant).materials
    assert set(materials.names) == {"copper", "shredder_copper", "silica_sand"}
    assert materials.groups["copper_scrap"] == ("shredder_copper",)
