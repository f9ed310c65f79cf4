"""``twin import``: exports as weighbridges, sieves and shift books write them become the table that scenarios read, or are refused with both readings."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import sys
import tempfile
import zipfile
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin
from twin.cli import main
from twin.errors import ScenarioError, TableError, UsageError
from twin.fit.tables.importing import import_file
from twin.fit.tables.numerals import numbers
from twin.fit.tables.options import Options
from twin.scenario import load

PLANT = """\
twin: 1
name: german
time: {start: 2026-03-02T00:00, horizon: 5 d}
lot: 500 kg
catalogue: [weee]
units:
  trucks: {kind: feed, schedule: deliveries.csv, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  yard: {kind: bunker, from: trucks, capacity: 300 t}
  out: {kind: product, from: yard}
"""
HEAD = "timestamp,mass_t,steel,plastics\n"
FIRST = "2026-03-02T06:12,12.26,0.6,0.4"


def imported(folder: Path, content: str | bytes, *options: str, name: str = "in.csv") -> dict[str, Any]:
    """The table of ``twin import``: its rows, and what was printed as JSON."""
    source, out = folder / name, folder / "deliveries.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    out.unlink(missing_ok=True)
    assert main(["import", str(source), "-o", str(out), *options]) == 0
    lines = [line for line in out.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {"heading": lines[0], "rows": lines[1:], "out": out}


def refused(folder: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, *options: str, name: str = "in.csv") -> str:
    """What is said of a file that is not read."""
    source, out = folder / name, folder / "deliveries.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    capsys.readouterr()
    assert main(["import", str(source), "-o", str(out), *options]) == 2
    assert not out.exists()
    return capsys.readouterr().err


RIGHT: dict[str, tuple[str | bytes, list[str]]] = {
    "german, date and time apart, gross and tare": (
        "Datum;Uhrzeit;Brutto_t;Tara_t;Netto_t;steel;plastics\r\n02.03.2026;06:12;24,36;12,10;12,26;0,60;0,40\r\n03.03.2026;06:40;1.024,50;1.012,00;12,50;0,62;0,38\r\n",
        [FIRST, "2026-03-03T06:40,12.5,0.62,0.38"],
    ),
    "semicolons and decimal commas": ("timestamp;mass_t;steel;plastics\r\n02.03.2026 06:12;12,26;0,60;0,40\r\n", [FIRST]),
    "quoted decimal commas": (HEAD + '2026-03-02T06:12,"12,26","0,60","0,40"\n', [FIRST]),
    "Windows-1252 and a supplier": ((HEAD.strip() + ",Händler\n" + FIRST + ",Müller\n").encode("cp1252"), [FIRST]),
    "per cent in the heading": ("timestamp,mass_t,steel_%,plastics_%\n2026-03-02T06:12,12.26,60,40\n", [FIRST]),
    "per cent without a unit": (HEAD + "2026-03-02T06:12,12.26,60,40\n", [FIRST]),
    "per cent beside the numbers": (HEAD + "2026-03-02T06:12,12.26,60 %,40%\n", [FIRST]),
    "a German date": (HEAD + "02.03.2026 06:12,12.26,0.6,0.4\n", [FIRST]),
    "plates and suppliers": (HEAD.strip() + ",kennzeichen,lieferant\n" + FIRST + ",LUN-AB 12,Haendler A\n", [FIRST]),
    "not sorted": (HEAD + "2026-03-03T06:12,12.26,0.6,0.4\n" + FIRST + "\n", [FIRST, "2026-03-03T06:12,12.26,0.6,0.4"]),
    "an empty share": (HEAD + FIRST + "\n2026-03-02T07:12,12.26,1,\n", [FIRST, "2026-03-02T07:12,12.26,1,0"]),
    "blank lines and a total": (HEAD + FIRST + "\n\n\nSumme,12.26,,\n", [FIRST]),
    "a total without a word": (HEAD + FIRST + "\n2026-03-02T07:12,2,0.5,0.5\n,14.26,,\n", [FIRST, "2026-03-02T07:12,2,0.5,0.5"]),
    "UTC": (HEAD + "2026-03-02T06:12:00Z,12.26,0.6,0.4\n", [FIRST]),
    "pounds": ("timestamp,mass_lb,steel,plastics\n2026-03-02T06:12,27028,0.6,0.4\n", ["2026-03-02T06:12,12.25969457636,0.6,0.4"]),
    "seconds": (HEAD + "2026-03-02 06:12:30,12.26,0.6,0.4\n", ["2026-03-02T06:12:30,12.26,0.6,0.4"]),
    "rounded shares": (HEAD + "2026-03-02T06:12,12.26,0.333,0.666\n", ["2026-03-02T06:12,12.26,0.3333333333333333,0.6666666666666666"]),
    "units below the heading": ("timestamp,mass,steel,plastics\n,t,%,%\n2026-03-02T06:12,12.26,60,40\n", [FIRST]),
    "tabs": ((HEAD + FIRST + "\n").replace(",", "\t"), [FIRST]),
    "pipes": ((HEAD + FIRST + "\n").replace(",", "|"), [FIRST]),
    "UTF-16": (("\ufeff" + HEAD + FIRST + "\n").encode("utf-16-be"), [FIRST]),
    "byte order mark": (("\ufeff" + HEAD + FIRST + "\n").encode(), [FIRST]),
    "thousands by a narrow space": ("timestamp,mass_kg,steel,plastics\n2026-03-02T06:12,12\u202f260,0.6,0.4\n", [FIRST]),
    "thousands by an apostrophe": ("timestamp,mass_kg,steel,plastics\n2026-03-02T06:12,12'260,0.6,0.4\n", [FIRST]),
    "old line ends": ((HEAD + FIRST + "\n").replace("\n", "\r"), [FIRST]),
    "trailing separators": ("timestamp;mass_t;steel;plastics;;\n02.03.2026 06:12;12,26;0,6;0,4;;\n", [FIRST]),
    "lines above the heading": (
        "Wiegeprotokoll Werk Nord;;;\nStand 01.04.2026;;;\n\ntimestamp;mass_t;steel;plastics\n02.03.2026 06:12;12,26;0,6;0,4\n",
        [FIRST],
    ),
    "sep= for a spreadsheet": ("sep=;\ntimestamp;mass_t;steel;plastics\n02.03.2026 06:12;12,26;0,6;0,4\n", [FIRST]),
    "the heading on every page": (HEAD + FIRST + "\n" + HEAD + "2026-03-02T07:12,2,0.5,0.5\n", [FIRST, "2026-03-02T07:12,2,0.5,0.5"]),
    "a spreadsheet's day numbers": ("Datum;Netto [t]\n46083,25;12,26\n", ["2026-03-02T06:00,12.26"]),
    "the end of a day": ("Datum;Uhrzeit;Netto [t]\n01.03.2026;24:00;12,26\n", ["2026-03-02T00:00,12.26"]),
    "masses by material": ("timestamp;steel [kg];plastics [kg]\n02.03.2026 06:12;6.000,5;6.000,5\n", ["2026-03-02T06:12,12.001,0.5,0.5"]),
    "an empty truck": (HEAD + FIRST + "\n2026-03-02T08:00,0,0.6,0.4\n", [FIRST]),
    "afternoon": ("Date,Net weight (kg)\n3/13/2026 6:12 PM,12260.5\n", ["2026-03-13T18:12,12.2605"]),
    "digits of a date and a clock": ("Datum;Uhrzeit;Netto [t];Auftrag\n20260302;061200;12,26;20260415\n", ["2026-03-02T06:12,12.26"]),
    "points in a clock": ("Datum;Uhrzeit;Netto [t]\n02.03.2026;06.12;12,26\n", ["2026-03-02T06:12,12.26"]),
    "the unit in a column": ("Datum;Netto;Einheit\n02.03.2026 06:12;12260;kg\n", ["2026-03-02T06:12,12.26"]),
    "a price beside shares": (HEAD.strip() + ",Preis EUR/t\n" + FIRST + ",35.5\n", [FIRST]),
    "megagrams": ("Datum;Menge [Mg]\n02.03.2026 06:12;12,26\n", ["2026-03-02T06:12,12.26"]),
}


@pytest.mark.parametrize("case", RIGHT)
def test_an_export_is_read_as_it_is_meant(case: str, tmp_path: Path) -> None:
    content, rows = RIGHT[case]
    found = imported(tmp_path, content)
    assert found["rows"] == rows
    materials = {"steel": {}, "plastics": {}}
    plant = {"twin": 1, "time": {"start": "2026-03-02", "horizon": "5 d"}, "materials": materials, "units": {
        "trucks": {"kind": "feed", "schedule": "deliveries.csv", **({} if "steel" in found["heading"] else {"composition": {"steel": 1}})},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "99 t"}, "out": {"kind": "product", "from": "yard"},
    }}  # fmt: skip
    schedule = load(plant, files={"deliveries.csv": found["out"].read_text(encoding="utf-8")}).units["trucks"].schedule
    assert len(schedule.times) == len(rows)


BOTH: dict[str, tuple[str, str, str, tuple[str, ...], str]] = {
    "a point, or thousands": (
        "timestamp,mass_kg,steel,plastics\n2026-03-02T06:12,12.260,0.6,0.4\n", "12.26 (decimal point)", "12,260 (decimal comma)", ("--decimal", "comma"), FIRST,
    ),
    "a comma, or thousands": (
        'timestamp,mass_kg,steel,plastics\n2026-03-02T06:12,"12,260",0.60,0.40\n', "12,260 (decimal point)", "12.26 (decimal comma)", ("--decimal", "point"), FIRST,
    ),
    "the unit beside the number": (
        "Datum;Netto\n02.03.2026 06:12;12.260 kg\n", "12.26 kg (decimal point)", "12,260 kg (decimal comma)", ("--decimal", "comma"), "2026-03-02T06:12,12.26",
    ),
    "day or month": ("Date,mass_t\n02/03/2026 06:12,12.26\n", "2 March 2026", "3 February 2026", ("--dates", "day-first"), "2026-03-02T06:12,12.26"),
    "the repeated hour": (
        "timestamp,mass_t\n2026-10-25T02:50,12\n2026-10-25T02:10,12\n", "a row out of order", "the second 02:10", ("--zone", "Europe/Berlin"), "2026-10-25T01:50,12",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BOTH)
def test_what_can_be_read_in_two_ways_is_refused_with_both_and_the_option_that_settles_it(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, one, two, option, first = BOTH[case]
    said = refused(tmp_path, capsys, content)
    assert one in said
    assert two in said
    assert option[0] in said
    assert imported(tmp_path, content, *option)["rows"][0] == first


WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blanks": (" \n\n", "is empty"),
    "binary": (bytes(range(256)) * 9, "zero bytes"),
    "zero bytes": (b"a,b\n1,\x002\n", "zero bytes"),
    "control characters": (b"a,b\n1,\x012\n", "control character 0x01"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(600), ".xls"),
    "no workbook": (b"PK\x03\x04" + bytes(600), "damaged archive"),
    "no Parquet": (b"PAR1" + bytes(600), "no Parquet file"),
    "a heading alone": (HEAD, "no rows below"),
    "no heading": (FIRST + "\n" + FIRST + "\n", "there is no heading"),
    "one column": ("a\nb\n", "one column only"),
    "columns without end": ("a," * 5000 + "\n" + "1," * 5000 + "\n", "at most 1000"),
    "a row too short": (HEAD + FIRST + "\n2026-03-02T07:12,12.26,0.6\n", "in.csv:3 has 3 values, 4 are needed"),
    "commas not quoted": (HEAD + "2026-03-02T06:12,12,26,0,6,0,4\n", "separator stands within values"),
    "mixed decimal signs": ("Datum;Netto [t]\n02.03.2026 06:12;12,5\n02.03.2026 07:12;12.6\n", "decimal signs are mixed"),
    "thousands beside decimals": ("Datum;Netto [t]\n02.03.2026 06:12;12.260\n02.03.2026 07:12;1,5\n", "thousands, or mixed signs? Say --decimal comma"),
    "a share below 0": (HEAD + "2026-03-02T06:12,12.26,120,-20\n", "a value below 0"),
    "a mass of a planet": (HEAD + "2026-03-02T06:12,1e20,0.6,0.4\n", "is the unit right?"),
    "a quote that is not closed": ('Datum;Netto [t]\n02.03.2026 06:12;"12,26\n', "is a quote not closed"),
    "mixed dates": ("Date,mass_t\n03/13/2026,1\n14/03/2026,2\n", "day and month are mixed"),
    "a mass below 0": (HEAD + "2026-03-02T06:12,-12.26,0.6,0.4\n", "negative (-12260 kg)"),
    "a minus behind": ("Datum;Netto [t]\n02.03.2026 06:12;12,5-\n", "negative (-12500 kg)"),
    "nothing but empty trucks": (HEAD + "2026-03-02T06:12,0,0.6,0.4\n", "nothing to deliver"),
    "a heading twice": ("timestamp,mass_t,mass_t\n2026-03-02T06:12,1,2\n", "there twice"),
    "two net masses": ("timestamp,netto_t,mass_t\n2026-03-02T06:12,1,2\n", "can both be 'mass'"),
    "no unit": ("timestamp,netto\n2026-03-02T06:12,12.26\n", "it has no unit"),
    "a ton of three sizes": ("timestamp,mass_ton\n2026-03-02T06:12,12.26\n", "907.18474 kg (US short ton)"),
    "gross less tare is another net": (
        "Datum;Brutto [t];Tara [t];Netto [t]\n02.03.2026 06:12;24,36;12,10;12,36\n",
        "gross less tare is 12260 kg, and net is 12360 kg",
    ),
    "shares of 80 %": (HEAD + "2026-03-02T06:12,12.26,0.5,0.3\n", "sum to 80 %"),
    "shares that rounding does not explain": (HEAD + "2026-03-02T06:12,12.26,0.333,0.650\n", "rounding does not explain"),
    "an odd cell": (HEAD + FIRST + "\n2026-03-02T06:12,viel,0.6,0.4\n", "line 3: 'viel'"),
    "no mass": (HEAD + FIRST + "\n2026-03-02T06:12,,0.6,0.4\n", "line 3 has no mass"),
    "a date that is none": (HEAD + "2026-02-30T06:12,12.26,0.6,0.4\n", "'2026-02-30T06:12'"),
    "some with an offset": ("time,mass_t\n2026-03-02T06:12Z,1\n2026-03-02T06:12,1\n", "some times say their offset"),
    "a month without trucks": ("MONTH,paper_t\n2017 / 11,1278.4\n", "--trucks '24 t'"),
    "several units": ("Datum;Netto\n02.03.2026 06:12;12 t\n02.03.2026 07:12;900 kg\n", "another unit"),
    "shares and masses": ("timestamp,mass_t,steel,plastics,pcb_kg\n2026-03-02T06:12,1,0.6,0.4,3\n", "has a unit of mass"),
    "not known": ("a,b\nx,y\n", "what kind of table"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = WRONG[case]
    said = refused(tmp_path, capsys, content)
    assert words in said
    assert "Traceback" not in said


def test_a_run_takes_what_was_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(PLANT)
    imported(tmp_path, RIGHT["german, date and time apart, gross and tare"][0])
    assert main(["validate", "base.yaml"]) == 0
    with twin.run("base.yaml", out="out.h5") as result:
        assert result.kpis["product_mass.out"].value == pytest.approx(24_760, rel=1e-12)


def test_the_head_names_the_source_its_hash_and_the_mapping(tmp_path: Path) -> None:
    content = RIGHT["semicolons and decimal commas"][0]
    text = imported(tmp_path, content)["out"].read_text()
    assert isinstance(content, str)
    head = text.splitlines()[:5]
    assert head[0] == "# twin import: deliveries from in.csv"
    assert head[1] == f"# sha256: {hashlib.sha256(content.encode()).hexdigest()}"
    assert "# column 'mass_t': mass [t, decimal comma]" in text
    assert str(tmp_path) not in text


def test_nothing_is_replaced_unless_asked_and_never_the_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(HEAD + FIRST + "\n")
    out.write_text("mine")
    assert main(["import", str(source), "-o", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["import", str(source), "-o", str(source), "--force"]) == 2
    assert source.read_text() == HEAD + FIRST + "\n"
    assert main(["import", str(source), "-o", str(out), "--force"]) == 0
    assert out.read_text().endswith(FIRST + "\n")


def test_a_years_clock_becomes_standard_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "2026-07-01 12:00,1\n2026-10-25 01:30,1\n2026-10-25 02:50,1\n2026-10-25 02:10,1\n2026-10-25 03:30,1\n"
    found = imported(tmp_path, "timestamp,mass_t\n" + rows, "--zone", "Europe/Berlin")["rows"]
    assert [row.partition(",")[0] for row in found] == ["2026-07-01T11:00", "2026-10-25T00:30", "2026-10-25T01:50", "2026-10-25T02:10", "2026-10-25T03:30"]
    backwards = "timestamp,mass_t\n" + "".join(reversed(rows.splitlines(keepends=True)))
    assert imported(tmp_path, backwards, "--zone", "Europe/Berlin")["rows"] == found
    (tmp_path / "deliveries.csv").unlink()
    alone = "timestamp,mass_t\n2026-10-25 02:30,1\n"
    said = refused(tmp_path, capsys, alone, "--zone", "Europe/Berlin")
    assert "01:30 (first) or 02:30 (second)" in said
    assert imported(tmp_path, alone, "--zone", "Europe/Berlin", "--repeated-hour", "second")["rows"] == ["2026-10-25T02:30,1"]
    (tmp_path / "deliveries.csv").unlink()
    assert "was skipped" in refused(tmp_path, capsys, "timestamp,mass_t\n2026-03-29 02:30,1\n", "--zone", "Europe/Berlin")


def test_offsets_of_summer_and_winter_are_one_fixed_offset(tmp_path: Path) -> None:
    content = "timestamp,mass_t\n2026-03-02T06:12+01:00,1\n2026-07-02T06:12+02:00,1\n"
    assert imported(tmp_path, content)["rows"] == ["2026-03-02T06:12,1", "2026-07-02T05:12,1"]


def test_months_of_short_tons_by_material_are_spread_over_trucks(tmp_path: Path) -> None:
    """The form of case 13: 1278.4 and 1094.7 short tons in a month are 2,153.85 t."""
    content = "MONTH,DISTRICT,PAPERTONS,MGPTONS\n2017 / 12,01,701.6,621.2\n2017 / 11,01,648.8,629.6\n2017 / 11,02,582.9,511.8\n"
    options = ("--map", "PAPERTONS=paper [short ton]", "--map", "MGPTONS=mgp [short ton]", "--trucks", "24 t")
    found = imported(tmp_path, content, *options)
    rows = [row.split(",") for row in found["rows"]]
    assert found["heading"] == "timestamp,mass_t,paper,mgp"
    assert sum(float(row[1]) for row in rows) == pytest.approx((701.6 + 621.2 + 648.8 + 629.6 + 582.9 + 511.8) * 0.90718474, rel=1e-12)
    assert sum(float(row[1]) * float(row[2]) for row in rows) == pytest.approx((701.6 + 648.8 + 582.9) * 0.90718474, rel=1e-12)
    assert max(float(row[1]) for row in rows) <= 24
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {row[0][:7] for row in rows} == {"2017-11", "2017-12"}


def test_moisture_is_taken_off_only_when_asked(tmp_path: Path) -> None:
    content = "Datum;Netto [kg];Feuchte [%]\n02.03.2026 06:12;10000,5;18,5\n"
    assert imported(tmp_path, content)["rows"] == ["2026-03-02T06:12,10.0005"]
    assert imported(tmp_path, content, "--basis", "dry")["rows"] == ["2026-03-02T06:12,8.1504075"]
    dry = "Datum;Trockenmasse [kg];Feuchte [%]\n02.03.2026 06:12;8150,4075;18,5\n"
    assert imported(tmp_path, dry)["rows"] == ["2026-03-02T06:12,10.0005"]


def test_a_row_of_one_material_each(tmp_path: Path) -> None:
    content = "Datum;Netto [t];Sorte\n02.03.2026 06:12;12,26;Altholz AI\n02.03.2026 07:12;2,5;Altholz AII\n"
    found = imported(tmp_path, content, "--map", "Sorte=material")
    assert found["heading"] == "timestamp,mass_t,altholz_ai,altholz_aii"
    assert found["rows"] == ["2026-03-02T06:12,12.26,1,0", "2026-03-02T07:12,2.5,0,1"]


def test_a_mapping_file_says_it_by_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = "wann;was;wieviel\n02.03.2026 06:12;x;12.260\n"
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("kind: deliveries\ncolumns:\n  wann: time\n  wieviel: {role: mass, unit: kg, decimal: comma}\n")
    assert imported(tmp_path, content, "--mapping", str(mapping))["rows"] == ["2026-03-02T06:12,12.26"]
    (tmp_path / "deliveries.csv").unlink()
    mapping.write_text("columns: {wieveil: mass}\n")
    assert "did you mean 'wieviel'" in refused(tmp_path, capsys, content, "--mapping", str(mapping))
    mapping.write_text("columns: {wieviel: {role: mass, unit: kilometres}}\n")
    assert "no unit that is known" in refused(tmp_path, capsys, content, "--mapping", str(mapping))


SIEVE = "size_retained,size_passing,mass_pct\n38.1,53.8,0.9217612322327966\n10.0,38.1,49.0782387677672034\n1.0,10.0,30\n0.0,1.0,20\n"


@pytest.mark.parametrize(
    "content",
    [
        SIEVE,
        "Siebweite [mm];Durchgang [%]\n53,8;100\n38,1;99,0782387677672034\n10;50\n1;20\n",
        "Siebweite [mm];Durchgang [%]\n1;20\n10;50\n38,1;99,0782387677672034\n53,8;100\n",
        "sieve_mm,cumulative retained [%]\n53.8,0\n38.1,0.9217612322327966\n10,50\n1,80\n",
        "sieve_mm,retained_g\n53.8,0\n38.1,9.217612322327966\n10,490.782387677672034\n1,300\npan,200\n",
        "Sieve size (mm),Mass retained (g),% retained,Cumulative retained %,Passing %\n53.8,0,0,0,100\n38.1,9.2,0.9,0.9,99.0782387677672034\n10,490.8,49.1,50,50\n1,300,30,80,20\n",
        "sieve (µm),% passing\n1000,20\n10000,50\n38100,99.0782387677672034\n53800,100\n",
    ],
)
def test_a_sieve_report_of_any_form_gives_the_same_distribution(content: str, tmp_path: Path) -> None:
    """The form of case 06: half is coarser than 10 mm."""
    found = imported(tmp_path, content)
    assert found["heading"] == "size_mm,passing"
    assert [row.partition(",")[0] for row in found["rows"]] == ["1", "10", "38.1", "53.8"]
    assert [float(row.partition(",")[2]) for row in found["rows"]] == pytest.approx([0.2, 0.5, 0.990782387677672, 1], abs=1e-12)
    plant = {"twin": 1, "time": {"start": "2026-03-02", "horizon": "1 d"}, "size_bounds": "1 10 38.1 53.8 mm", "materials": {"rock": {}}, "units": {
        "f": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"rock": 1}, "size": {"csv": "psd.csv"}},
        "b": {"kind": "bunker", "from": "f", "capacity": "99 t"}, "p": {"kind": "product", "from": "b"},
    }}  # fmt: skip
    scenario = load(plant, files={"psd.csv": found["out"].read_text()})
    fractions = scenario.units["f"].size.fractions("rock", [], scenario.sizes)
    assert sum(fractions[2:]) == pytest.approx(0.5, abs=1e-12)


SIEVES = {
    "Siebweite [mm];Durchgang [%]\n10;50\n10;60\n20;100\n": "10 mm is there twice",
    "Siebweite [mm];Durchgang [%]\n5;50\n10;40\n20;100\n": "both rises and falls",
    "Siebweite [mm];Rückstand [%]\n5;50\n10;40\n": "neither classes (100 %) nor cumulative",
    "size_retained,size_passing,mass_pct\n10,20,50\n0,5,50\n": "classes must join",
}


@pytest.mark.parametrize("content", SIEVES)
def test_a_sieve_report_that_contradicts_itself_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SIEVES[content] in refused(tmp_path, capsys, content)


def test_rounded_sieve_shares_are_scaled_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path, "size_retained,size_passing,mass_pct\n10,20,33.33\n5,10,33.33\n0,5,33.33\n", "--json")
    assert any("scaled" in note for note in json.loads(capsys.readouterr().out)["notes"])


STOPS = "Anlage;Beginn;Ende;Dauer [min];Grund\nBrecher;02.03.2026 09:00;02.03.2026 09:35;35.9;Störstoff\nBrecher;02.03.2026 23:50;03.03.2026 00:05;15.1;\n"


def test_a_shift_book_becomes_listed_stops(tmp_path: Path) -> None:
    found = imported(tmp_path, STOPS.encode("cp1252"))
    assert found["heading"] == "machine,begin,duration_min,reason"
    assert found["rows"] == ["Brecher,2026-03-02T09:00,35.9,Störstoff", "Brecher,2026-03-02T23:50,15.1,"]
    plant = {"twin": 1, "time": {"start": "2026-03-02", "horizon": "2 d"}, "materials": {"rock": {}}, "units": {
        "b": {"kind": "bunker", "capacity": "99 t", "initial": {"mass": "9 t", "composition": {"rock": 1}}},
        "m": {"kind": "splitter", "from": "b", "rate": "1 t/h", "shares": {"x": 1}, "stops": {"list": "stops.csv", "machine": "Brecher"}},
        "p": {"kind": "product", "from": "m.x"},
    }}  # fmt: skip
    stops = load(plant, files={"stops.csv": found["out"].read_text(encoding="utf-8")}).units["m"].stops.stops
    assert [stop.length for stop in stops] == pytest.approx([35.9 * 60, 15.1 * 60])


def test_times_of_a_shift_book_go_over_midnight(tmp_path: Path) -> None:
    content = "Datum;Von;Bis;Maschine;Ursache\n02.03.2026;23:50;00:05;Brecher;Stau\n"
    assert imported(tmp_path, content)["rows"] == ["Brecher,2026-03-02T23:50,15,Stau"]


def test_a_duration_that_contradicts_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(tmp_path, capsys, STOPS.replace("35.9", "45.9"))
    assert "from begin to end are 35 min, and the duration is 45.9 min" in said


def test_assays_bear_the_name_of_their_material(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = "Datum;Probe;Cu [%];Au [ppm]\n02.03.2026;7;18,5;120,5\n"
    assert "--material" in refused(tmp_path, capsys, content)
    found = imported(tmp_path, content, "--material", "pcb")
    assert found["heading"] == "timestamp,pcb.Cu,pcb.Au"
    assert found["rows"] == ["2026-03-02T00:00,0.185,0.0001205"]


def test_a_table_that_was_imported_is_read_again(tmp_path: Path) -> None:
    once = imported(tmp_path, STOPS.encode("cp1252"))
    again = imported(tmp_path, once["out"].read_bytes())
    assert again["rows"] == once["rows"]


# -- workbooks and Parquet ----------------------------------------------------------------------------------------------------------------

AT = datetime(2026, 3, 2, 6, 12)


def workbook(*rows: list[Any], percent: str = "", more: dict[str, Any] | None = None) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place in percent.split():
        book.active[place].number_format = "0.0%"
    for place, value in (more or {}).items():
        book.active[place] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(f"xl/{name}.xml", content)
    return stream.getvalue()


def test_a_workbook_has_types_and_percent(tmp_path: Path) -> None:
    titled = workbook(["Wiegeprotokoll"], [], ["Datum", "Netto [t]", "steel", "plastics"], [AT, 12.26, 0.6, 0.4], ["Summe", 12.26], percent="C4 D4")
    assert imported(tmp_path, titled)["rows"] == [FIRST]
    apart = workbook(["Datum", "Uhrzeit", "Netto [kg]"], [AT.date(), AT.time(), 12260])
    assert imported(tmp_path, apart)["rows"] == ["2026-03-02T06:12,12.26"]
    assert imported(tmp_path, workbook(["Datum", "Netto [kg]"], [AT, 12260]), name="wrong_name.csv")["rows"] == ["2026-03-02T06:12,12.26"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: workbook(["Datum", "Netto [kg]"], ["02.03.2026 06:12", "12.260"]), "12,260 (decimal comma)"),
        (lambda: workbook(["Datum", "Brutto [t]", "Tara [t]", "Netto [t]"], [AT, 24.36, 12.1, "=B2-C2"]), "the formula '=B2-C2', and its value is not stored"),
        (lambda: workbook(["Datum", "Netto [kg]"], [AT, 1], more={"BTX3": 1}), "at most 1000 are read"),
        (lambda: workbook(), "is empty"),
        (lambda: zipped(workbook=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "declares a document type"),
        (lambda: zipped(other=b"<a/>"), "no workbook that can be read"),
        (lambda: workbook(["Datum", "Netto [kg]"], [AT, 1])[:900], "damaged archive"),
    ],
    ids=["text in cells", "a formula", "far to the right", "nothing", "entities", "another archive", "cut off"],
)
def test_a_workbook_that_cannot_be_trusted_is_refused(content: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refused(tmp_path, capsys, content(), name="in.xlsx")


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.fit.tables.workbook.MOST_UNPACKED", 1_000_000)
    assert "too large when unpacked (2000000 bytes" in refused(tmp_path, capsys, zipped(sheet=bytes(2_000_000)), name="in.xlsx")


def test_parquet_is_read_by_its_types(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    def table(**columns: Any) -> bytes:
        stream = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), stream)
        return stream.getvalue()

    assert imported(tmp_path, table(timestamp=[AT], mass_t=[12.26], steel=[0.6], plastics=[0.4]))["rows"] == [FIRST]
    utc = pyarrow.array([AT], pyarrow.timestamp("us", tz="UTC"))
    assert imported(tmp_path, table(timestamp=utc, mass_kg=[12260]), "--zone", "Europe/Berlin")["rows"] == ["2026-03-02T07:12,12.26"]
    (tmp_path / "deliveries.csv").unlink()
    assert "holds lists" in refused(tmp_path, capsys, table(timestamp=[AT], mass_kg=[[1]]))


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 3)), min_size=1, max_size=12),
    st.sampled_from([(",", "."), (".", ","), (",", "\u202f"), (".", "'"), (",", "")]),
)
@settings(max_examples=40, deadline=None)
def test_a_number_is_read_back_or_refused_and_never_another(written: list[tuple[int, int]], signs: tuple[str, str]) -> None:
    """Whatever signs a column is written with: what is read is what was written, or two readings are named."""
    decimal, thousands = signs
    values = [Fraction(digits, 10**places) for digits, places in written]
    cells = []
    for value, (_, places) in zip(values, written, strict=True):
        whole, _, part = f"{float(value):.{places}f}".partition(".") if value.denominator > 1 or places else (str(value), "", "")
        cells.append(f"{int(whole):,}".replace(",", thousands) + (decimal + part if part else ""))
    try:
        found = numbers(cells, None)
    except TableError as error:
        assert "(decimal point) or" in str(error)
        found = numbers(cells, "comma" if decimal == "," else "point")
    assert found is not None
    assert [float(value) for value in found.values if value is not None] == [float(value) for value in values]


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_whatever_a_file_holds_it_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_bytes(content)
        with contextlib.suppress(TableError, UsageError):
            import_file(path, Options())


@given(st.text(alphabet="0123456789.,;:-/ \t\n\"'%tkgaZ|", max_size=200))
@settings(max_examples=100, deadline=None)
def test_whatever_a_table_holds_it_is_read_or_refused(rows: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_text(f"Datum;Netto [kg];steel\n02.03.2026;12,5;1\n{rows}", encoding="utf-8")
        with contextlib.suppress(TableError, UsageError):
            import_file(path, Options())


@pytest.mark.parametrize(("library", "content"), [("openpyxl", zipped(workbook=b"<a/>")), ("pyarrow", b"PAR1" + bytes(99))])
def test_a_missing_library_is_named_with_its_extra(
    library: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    assert "pip install 'twin[data]'" in refused(tmp_path, capsys, content)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("size_mm,share\n1,0.5\n2,0.9\n", "all must pass the largest size (got 0.9)"),
        ("size_mm,passing\n1,0.5\n2,0.4\n4,1\n", "what passes must not fall"),
        ("mesh,passing\n1,1\n", "the columns 'size_mm' and 'passing'"),
    ],
)
def test_a_sieving_that_a_scenario_names_is_checked(table: str, words: str) -> None:
    feed = {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"rock": 1}, "size": {"csv": "psd.csv"}}
    plant = {"twin": 1, "time": {"start": "2026-03-02", "horizon": "1 d"}, "size_bounds": "1 4 mm", "materials": {"rock": {}}, "units": {
        "f": feed, "b": {"kind": "bunker", "from": "f", "capacity": "99 t"}, "p": {"kind": "product", "from": "b"},
    }}  # fmt: skip
    with pytest.raises(ScenarioError, match=re.escape(words)):
        load(plant, files={"psd.csv": table})
