"""``twin import``: which rows are read, tonnage by hour and day, opening hours, and assays that a feed takes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.cli import main
from twin.errors import ScenarioError
from twin.fit.api import import_table
from twin.fit.tables.mapping import ColumnMap
from twin.fit.tables.options import options_from
from twin.scenario import load

MONTH = """\
Datum;Uhrzeit;Sorte;Werk;Netto [kg]
02.03.2026;06:20;Mischschrott;Nord;11.620
02.03.2026;06:44;Elektroschrott;Nord;4.300
02.03.2026;06:55;Mischschrott;Nord;12.880
03.03.2026;07:05;Mischschrott;Sued;6.020
03.03.2026;08:05;Mischschrott;Nord;6.500
07.04.2026;07:30;Mischschrott;Nord;12.000
Summe;;;;53.320
"""
DAYS = "Tag;Menge [t]\n02.03.2026;70\n07.03.2026;20\n"
FEED = {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"pcb": "10 %", "steel": "90 %"}, "assay": {"csv": "lab.csv"}}


def rows(folder: Path, text: str, *options: str) -> list[str]:
    """The rows that the command writes, without head and heading."""
    (folder / "in.csv").write_text(text, encoding="utf-8")
    out = folder / "out.csv"
    out.unlink(missing_ok=True)
    assert main(["import", str(folder / "in.csv"), "-o", str(out), *options]) == 0
    return [line for line in out.read_text(encoding="utf-8").splitlines() if not line.startswith("#")][1:]


def said(folder: Path, capsys: pytest.CaptureFixture[str], text: str, *options: str) -> str:
    """What is said where nothing is written."""
    (folder / "in.csv").write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert main(["import", str(folder / "in.csv"), "-o", str(folder / "none.csv"), *options]) == 2
    assert not (folder / "none.csv").exists()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "masses"),
    [
        (["--only", "Sorte=Mischschrott"], [11.62, 12.88, 6.02, 6.5, 12.0]),
        (["--only", "sorte=Elektroschrott"], [4.3]),
        (["--only", "Sorte=Mischschrott", "--only", "Sorte=Elektroschrott", "--only", "#4=Nord"], [11.62, 4.3, 12.88, 6.5, 12.0]),
        (["--only", "Sorte=Mischschrott", "--only", "Werk=Sued"], [6.02]),
        (["--from", "2026-03-02T06:44", "--to", "2026-03-03T08:05"], [4.3, 12.88, 6.02]),
        (["--only", "material=Mischschrott", "--map", "Sorte=material", "--to", "2026-03-03"], [11.62, 12.88]),
    ],
)
def test_rows_are_chosen_by_text_and_by_date_and_the_end_is_left_out(options: list[str], masses: list[float], tmp_path: Path) -> None:
    found = rows(tmp_path, MONTH, "--decimal", "comma", *options)
    assert [float(row.split(",")[1]) for row in found] == masses


def test_one_material_of_several_is_then_all_of_a_delivery(tmp_path: Path) -> None:
    found = rows(tmp_path, MONTH, "--decimal", "comma", "--map", "Sorte=material", "--only", "Werk=Sued")
    assert found == ["2026-03-03T07:05,6.02,1"]


def test_the_rows_left_out_still_say_how_numbers_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """25.620 can be read in two ways; 1.025.620 in a row that is not read says which."""
    table = "Datum;Sorte;Netto [kg]\n02.03.2026;A;25.620\n03.03.2026;B;1.025.620\n"
    assert rows(tmp_path, table, "--only", "Sorte=A") == ["2026-03-02T00:00,25.62"]
    assert "decimal comma" in said(tmp_path, capsys, table.replace("1.025.620", "6.500"), "--only", "Sorte=A")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "Sorte=Mischschrot"], "no row has this value; did you mean 'Mischschrott'?"),
        (["--only", "Sorten=Mischschrott"], "did you mean 'Sorte'?"),
        (["--only", "Sorte"], "--only Sorte=Mischschrott (got ['Sorte'])"),
        (["--from", "2027-01-01"], "no row is left to read (0 of 6 rows read: those from 2027-01-01 00:00)"),
        (["--from", "2026-04-01", "--to", "2026-03-01"], "must end after they begin"),
        (["--from", "gestern"], "from is a date"),
        (["--every", "week"], "every is one of hour, day"),
        (["--hours", "06:00-18:00"], "say the mass of a truck too"),
        (["--hours", "always"], "hours are e.g. 06:00-18:00"),
        (["--hours", ""], "hours are e.g. 06:00-18:00"),
    ],
)
def test_what_chooses_no_row_is_refused(options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in said(tmp_path, capsys, MONTH, "--decimal", "comma", *options)


def test_a_sieving_has_no_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = "Siebweite [mm];Durchgang [%]\n8;40\n16;100\n"
    assert "a sieving has none" in said(tmp_path, capsys, table, "--from", "2026-03-01")


def test_stops_are_chosen_by_machine_and_begin(tmp_path: Path) -> None:
    log = (
        "machine,begin,end,reason\na,2026-03-01T10:00,2026-03-01T11:00,jam\nb,2026-03-02T10:00,2026-03-02T11:00,jam\na,2026-03-03T10:00,2026-03-03T11:00,jam\n"
    )
    assert rows(tmp_path, log, "--only", "machine=a", "--from", "2026-03-02") == ["a,2026-03-03T10:00,60,jam"]


def test_tonnage_of_each_hour_and_day(tmp_path: Path) -> None:
    base = [MONTH, "--decimal", "comma", "--map", "Sorte=material"]
    assert rows(tmp_path, *base, "--to", "2026-03-03", "--every", "hour") == [f"2026-03-02T06:00,28.8,{24.5 / 28.8!r},{4.3 / 28.8!r}"]
    assert [row.split(",")[:2] for row in rows(tmp_path, *base, "--every", "day")] == [
        ["2026-03-02T00:00", "28.8"],
        ["2026-03-03T00:00", "12.52"],
        ["2026-04-07T00:00", "12"],
    ]


def test_an_assay_is_weighted_by_its_material(tmp_path: Path) -> None:
    """1 t with 10 % pcb of 20 % Cu and 3 t with 30 % of 10 %: 0.1 t and 0.9 t of pcb, (0.02 + 0.09) t of Cu, 11 %."""
    table = "timestamp,mass_t,pcb,steel,pcb.Cu\n2026-03-02T06:10,1,0.1,0.9,0.2\n2026-03-02T06:20,3,0.3,0.7,0.1\n"
    assert rows(tmp_path, table, "--every", "hour") == ["2026-03-02T06:00,4,0.25,0.75,0.11"]


def test_totals_have_no_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "needs a time of day" in said(tmp_path, capsys, DAYS, "--every", "hour")
    assert rows(tmp_path, DAYS, "--every", "day") == ["2026-03-02T00:00,70", "2026-03-07T00:00,20"]


def test_trucks_come_while_the_gate_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Monday 8 h for 4 trucks: in the middle of each 2 h. Saturday 2 h for one."""
    found = rows(tmp_path, DAYS, "--trucks", "20 t", "--hours", "weekdays 06:00-14:00, saturday 06:00-08:00")
    assert found == [*(f"2026-03-02T{hour:02d}:00,17.5" for hour in (7, 9, 11, 13)), "2026-03-07T07:00,20"]
    assert "line 3" in said(tmp_path, capsys, DAYS, "--trucks", "20 t", "--hours", "weekdays 06:00-14:00")


def test_a_mapping_file_says_the_same(tmp_path: Path) -> None:
    mapping = tmp_path / "maerz.yaml"
    mapping.write_text("decimal: comma\nonly: {Sorte: [Mischschrott, Elektroschrott], Werk: Nord}\nto: 2026-04-01\nevery: day\n", encoding="utf-8")
    assert rows(tmp_path, MONTH, "--mapping", str(mapping)) == ["2026-03-02T00:00,28.8", "2026-03-03T00:00,6.5"]
    mapping.write_text('trucks: 20 t\nhours: {weekdays: ["06:00-14:00"], saturday: ["06:00-08:00"]}\n', encoding="utf-8")
    assert rows(tmp_path, DAYS, "--mapping", str(mapping))[-1] == "2026-03-07T07:00,20"
    assert options_from({"only": "Sorte=A"}, ColumnMap()).only == (("Sorte", "A"),)


@given(
    masses=st.lists(st.integers(1, 90_000), min_size=1, max_size=6),
    truck=st.integers(1, 30),
    hours=st.sampled_from(["00:00-24:00", "06:00-06:01", "22:00-05:00", "08:00-12:00"]),
)
@settings(max_examples=40, deadline=None)
def test_no_mass_is_lost_and_every_truck_finds_the_gate_open(masses: list[int], truck: int, hours: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "totals.csv"
    path.write_text("Tag,Menge [kg]\n" + "".join(f"2026-03-{k + 1:02d},{mass}\n" for k, mass in enumerate(masses)), encoding="utf-8")
    found = import_table(path, trucks=f"{truck} t", hours=hours).made.rows
    assert sum(float(row[1]) for row in found) == pytest.approx(sum(masses) / 1000)
    begin, end = (text + ":00" for text in hours.split("-"))
    for clock in (f"{row[0].split('T')[1]}:00"[:8] for row in found):
        assert begin <= clock <= end if begin < end else clock >= begin or clock <= end


# -- assays -------------------------------------------------------------------------------------------------------------------------------


def plant(table: str) -> object:
    tree = {"twin": 1, "time": {"start": "2026-03-02", "horizon": "1 d"}, "catalogue": ["weee"], "units": {
        "f": FEED, "b": {"kind": "bunker", "from": "f", "capacity": "99 t"}, "p": {"kind": "product", "from": "b"},
    }}  # fmt: skip
    return load(tree, files={"lab.csv": table})


def test_a_feed_takes_the_means_of_what_was_imported(tmp_path: Path) -> None:
    report = "Probenahme;Probe;Cu [%];Au [ppm]\n02.03.2026;L-1;18,2;160\n09.03.2026;L-2;20,1;185\n16.03.2026;L-3;19,3;171\n"
    rows(tmp_path, report, "--material", "pcb")
    feed = plant((tmp_path / "out.csv").read_text(encoding="utf-8")).units["f"]  # type: ignore[attr-defined]
    assert feed.assay["pcb"]["Cu"] == pytest.approx(float(Fraction("0.576") / 3), rel=1e-15)
    assert feed.assay["pcb"]["Au"] == pytest.approx(172e-6, rel=1e-15)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("timestamp,pcb.Cu\n2026-03-02,1.82\n", "lab.csv:2 column 'pcb.Cu': must be at most 1"),
        ("timestamp,Cu\n2026-03-02,0.2\n", "columns such as pcb.Cu are needed"),
        ("timestamp\n2026-03-02\n", "columns such as pcb.Cu are needed"),
        ("timestamp,glass.Cu\n2026-03-02,0.2\n", "'glass' is not delivered"),
        ("timestamp,pcb.Xx\n2026-03-02,0.2\n", "an element is needed"),
    ],
)
def test_assays_that_a_feed_names_are_checked(table: str, words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        plant(table)
    assert words in str(refused.value)
