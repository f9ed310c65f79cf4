"""``twin materials`` as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from twin.cli import main
from twin.materials import PROPERTIES, builtin_catalogue, builtin_names

MINE = """\
twin_catalogue: 1
name: mine
title: My materials
materials:
  slag: {title: A slag, density: 3500 kg/m3, assay: {Fe: {value: 30 %, basis: measured, source: "our laboratory", low: 28 %, high: 33 %, note: one year}, Si: 15 %}}
  pot: {density: 900 kg/m3, assay: {C: 85 %, H: 14 %}, nir: pp, colour: {value: black, basis: measured, source: "our camera"}}
  mix: {constituents: {slag: 60 %, pot: 40 %}, grain: 5 mm}
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["materials", *arguments]) == 0
    found = capsys.readouterr()
    assert found.err == ""
    return found.out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(printed(capsys, *arguments, "--json"))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["materials", *arguments]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    return found.err


def test_all_catalogues_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    for name in builtin_names():
        catalogue = builtin_catalogue(name)
        assert re.search(rf"^{name} +{catalogue.title} +{len(catalogue.materials)} *$", text, re.MULTILINE), name
    rows = as_json(capsys)["catalogues"]
    assert [row["name"] for row in rows] == list(builtin_names()) == ["copper_scrap", "elv", "lvp", "weee"]
    assert rows[3] == {"name": "weee", "title": builtin_catalogue("weee").title, "materials": len(builtin_catalogue("weee").materials)}


def test_a_catalogue_lists_its_materials(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "weee")
    assert re.search(r"^brass +8520 kg/m3 +15 MS/m +0 % +0 MJ/kg +metal +yellow +Cu 61, Zn 36, Pb 2 %", text, re.MULTILINE)
    assert re.search(r"^water +1000 kg/m3 .* -2\.443 MJ/kg +water +clear +O 88\.8, H 11\.2 %", text, re.MULTILINE)
    assert len([line for line in text.splitlines() if "kg/m3" in line]) == len(builtin_catalogue("weee").materials)


def test_a_catalogue_as_json_is_what_kernels_get(capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "lvp")["catalogue"]
    catalogue = builtin_catalogue("lvp")
    assert [row["name"] for row in found["materials"]] == list(catalogue.materials)
    carton = next(row for row in found["materials"] if row["name"] == "carton")
    chosen = catalogue.select(["carton"])
    assert carton["properties"] == {key: float(chosen.properties[key][0]) for key in PROPERTIES}
    assert carton["constituents"] == {"fibre": 0.75, "ldpe_film": 0.21, "aluminium": 0.04}
    assert (carton["nir"], carton["colour"]) == ("carton", "mixed")
    assert sum(carton["assay"].values()) == pytest.approx(1, abs=1e-12)


def test_a_material_shows_every_number_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "weee", "--material", "pcb")
    assert re.search(r"^assay\.Cu +20 % +6\.5 % +28\.7 % +literature +median of the columns", text, re.MULTILINE)
    assert re.search(r"^conductivity +400000 S/m +100000 S/m +2 MS/m +assumed +from memory of the literature, unverified \(effective", text, re.MULTILINE)
    found = as_json(capsys, "weee", "--material", "pcb")["materials"]
    numbers = {path.removeprefix("materials.pcb."): number for path, number in builtin_catalogue("weee").numbers(["pcb"])}
    assert len(found) == 1 and list(found[0]["numbers"]) == list(numbers)
    for path, number in numbers.items():
        shown = found[0]["numbers"][path]
        assert (shown["value"], shown["unit"], shown["low"], shown["high"]) == (number.value, number.unit, number.low, number.high), path
        assert (shown["basis"], shown["source"], shown["note"]) == (number.basis, number.source, number.note), path


def test_a_material_is_looked_for_in_all_catalogues(capsys: pytest.CaptureFixture[str]) -> None:
    assert [row["catalogue"] for row in as_json(capsys, "--material", "battery")["materials"]] == ["elv", "lvp", "weee"]


def test_a_file_of_ones_own(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(r"^pot +900 kg/m3 .* pp +black +C 85, H 14 %", printed(capsys, mine), re.MULTILINE)
    text = printed(capsys, mine, "--material", "slag")
    assert re.search(r"^assay\.Fe +30 % +28 % +33 % +measured +our laboratory \(one year\)", text, re.MULTILINE)
    assert "nir" in text and "none" in text
    text = printed(capsys, mine, "--material", "mix")
    assert re.search(r"^density +[\d.]+ kg/m3 +computed +from its constituents", text, re.MULTILINE)
    assert re.search(r"^grain +5 mm", text, re.MULTILINE)


def test_an_element_by_material(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = as_json(capsys, mine, "--element", "Fe")["shares"]
    assert [(row["material"], row["share"]) for row in rows] == [("slag", 0.3), ("mix", pytest.approx(0.18))]
    assert rows[0]["stated"]["basis"] == "measured" and rows[1]["stated"] is None
    text = printed(capsys, "--element", "Pd")
    assert re.search(r"^pcb +weee +0\.00845[78] % +0\.003 % +0\.025 % +literature", text, re.MULTILINE)
    assert re.search(r"^populated_board +weee +[\d.]+ % +computed", text, re.MULTILINE)
    shares = [row["share"] for row in as_json(capsys, "--element", "Pd")["shares"]]
    assert shares == sorted(shares, reverse=True) and min(shares) > 0


def test_what_is_unknown_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown catalogue 'wee'; did you mean 'weee'?" in refused(capsys, "wee")
    assert "material 'alumnium' is not in weee; did you mean 'aluminium'?" in refused(capsys, "weee", "--material", "alumnium")
    assert "material 'tinplat' is not in any catalogue; did you mean 'tinplate'?" in refused(capsys, "--material", "tinplat")
    assert "unknown element 'cu'; did you mean 'Cu'?" in refused(capsys, "--element", "cu")
    assert "nosuch.yaml: no such file" in refused(capsys, "nosuch.yaml")
    assert "not allowed with" in refused(capsys, "weee", "--material", "pcb", "--element", "Cu")


def test_errors_of_a_file_have_places(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(mine).write_text(MINE.replace("nir: pp", "nir: 5"), encoding="utf-8")
    assert re.search(r"mine\.yaml:6:\d+ materials\.pot\.nir: a class is named by lower-case letters", refused(capsys, mine))
    assert main(["materials", mine, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["errors"][0]
    assert (error["line"], error["path"]) == (6, "materials.pot.nir")


def test_the_pieces_of_a_material(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "lvp", "--material", "ldpe_film", "--pieces", "--sizes", "220 400 mm")
    assert re.search(r"^220 mm to 400 mm +4\.34 g +0\.0465 kg/m2 +73\.59 mm +20 kg/m3 +0\.095 +2\.325 mm", text, re.MULTILINE), text
    row = as_json(capsys, "lvp", "--material", "ldpe_film", "--pieces")["pieces"][0]
    assert row["form"] == "film" and len(row["classes"]) == 10 and row["classes"][9]["heaviness"] == pytest.approx(6.289e-3, rel=1e-3)
    assert "form: solid" in printed(capsys, mine, "--material", "slag", "--pieces")
    assert "--pieces shows the pieces of one material" in refused(capsys, "lvp", "--pieces")
    assert "--sizes: a length is needed" in refused(capsys, "lvp", "--material", "hdpe", "--pieces", "--sizes", "1 xx")
    assert "--sizes: size bounds must rise" in refused(capsys, "lvp", "--material", "hdpe", "--pieces", "--sizes", "2 1 mm")
