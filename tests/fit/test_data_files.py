"""Data as people write them: readings, windows, tables, and messages for what is wrong."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from twin.errors import ScenarioError, UsageError
from twin.fit.reconcile import reconcile
from twin.fit.reconcile.closing import month
from twin.fit.reconcile.data_file import load_data
from twin.fit.reconcile.readings import read_one

HEAD = "reconcile: 1\nflows: {f: -> a, g: a ->}\n"


@pytest.mark.parametrize(
    ("text", "value", "deviation", "si"),
    [
        ("100 t ± 2 t", 100e3, 2e3, "kg"),
        ("100 t ± 2 %", 100e3, 2e3, "kg"),
        ("100 ± 2 t", 100e3, 2e3, "kg"),
        ("100 t ± 500 kg", 100e3, 500.0, "kg"),
        ("100 t ± 2", 100e3, 2e3, "kg"),
        ("3.6 t/h +/- 10 %", 1.0, 0.1, "kg/s"),
        ("12 % ± 0.5 %", 0.12, 0.005, "1"),
        ("0.12 ± 0.005", 0.12, 0.005, "1"),
        ("300 ppm +- 20 ppm", 3e-4, 2e-5, "1"),
        ("-5 t ± 1 t", -5e3, 1e3, "kg"),
        ("50 t exact", 50e3, 0.0, "kg"),
        ("0 t exact", 0.0, 0.0, "kg"),
        (7, 7.0, 0.21, "1"),
        ("7 t", 7e3, 210.0, "kg"),
        ({"value": "100 t", "absolute": "3 t", "relative": "4 %"}, 100e3, 5e3, "kg"),
        ({"value": "20 %", "absolute": "1.5 %", "pieces": 400}, 0.2, 0.025, "1"),
        ({"value": "20 %", "exact": True}, 0.2, 0.0, "1"),
        ({"value": "100 t ± 1 t", "source": "weighbridge"}, 100e3, 1e3, "kg"),
    ],
)
def test_readings_as_people_write_them(text: object, value: float, deviation: float, si: str) -> None:
    read = read_one("x", text, 0.03)
    assert (read.value, read.deviation, read.si) == (pytest.approx(value), pytest.approx(deviation), si)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("100 t", "its error is missing"),
        ("100 t ± 0 t", "more than 0"),
        ("100 t ± -2 t", "more than 0"),
        ("100 t ± 2 h", "a mass is needed"),
        ("100 t ±", "a number before and after"),
        ("± 2 t", "a number before and after"),
        ("1,5 t ± 1 t", "write 1.5, not 1,5"),
        ("5 m ± 1 m", "a mass, a mass per time or a number"),
        ("100 t ± 2 t exact", "exclude each other"),
        ({"value": "100 t ± 1 t", "relative": "2 %"}, "said twice"),
        ({"value": "100 t", "pieces": 3}, "'pieces' is for a share"),
        ({"value": "10 %", "pieces": 2.5}, "whole number"),
        ({"value": "10 t", "errror": "2 t"}, "unknown key .errror.; known: value"),
        ({"absolute": "2 t"}, "'value' is missing"),
        ({"value": "1 t ± 1 t", "at": "2026-01-01", "from": "2026-01-01", "to": "2026-02-01"}, "give one of them"),
        ({"value": "1 t ± 1 t", "from": "2026-02-01", "to": "2026-01-01"}, "comes later"),
        ({"value": "1 t ± 1 t", "at": "yesterday"}, "a date is needed"),
        ("1.0e+300 t ± 1 t", "a value of at most 1e\\+15"),
        ("1 t ± 1.0e-300 t", "an error from 1e-12"),
        (["1 t"], "a value such as"),
        (True, "a value such as"),
    ],
)
def test_readings_that_are_none(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_one("x", text, None)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("reconcile: 2\nflows: {f: -> a}\nmeasurements: {f: 1 t ± 1 t}\n", ":1:12 reconcile", "1 is needed"),
        (HEAD + "measurments: {f: 1 t ± 1 t}\n", ":3:14 measurments", "did you mean 'measurements'"),
        (HEAD + "measurements: {f: 1 t}\n", ":3:19 measurements.f", "its error is missing"),
        (HEAD, ":1:1", "nothing is measured"),
        ("reconcile: 1\nflows: {f: a}\nmeasurements: {f: 1 t ± 1 t}\n", ":2:12 flows.f", "a stream is written"),
        (HEAD + "stocks: yrad\nmeasurements: {f: 1 t ± 1 t}\n", ":3:9 stocks", "'yrad' is no node"),
        (HEAD + "window: {from: 2026-02-01, to: 2026-01-01}\nmeasurements: {f: 1 t ± 1 t}\n", "window", "ends after it begins"),
        (HEAD + "error: 2\nmeasurements: {f: 1 t}\n", "error", "less than"),
        (HEAD + "table: nothing.csv\n", "table", "no such file"),
        ("- 1\n- 2\n", ":1:1", "a mapping that begins with 'reconcile: 1'"),
    ],
)
def test_every_problem_has_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_data(text)
    assert place in str(caught.value) and message in str(caught.value)


def test_days_add_up_to_a_month() -> None:
    days = "\n".join(f"    - {{value: {10 + day % 3} t ± 1 t, from: 2026-02-{day:02d}, to: {after}}}" for day, after in _days())
    text = f"{HEAD}measurements:\n  f:\n{days}\n  g: {{value: 300 t ± 3 t, from: 2026-02-01, to: 2026-03-01}}\n"
    with pytest.raises(UsageError, match=r"29 times: say which one with --close"):
        reconcile(text)
    found = reconcile(text, window=month("2026-02"))
    row = found.row("flow.f")
    assert row.measured == pytest.approx(1000.0 * sum(10 + day % 3 for day in range(1, 29))) and row.error == pytest.approx(1000.0 * math.sqrt(28))
    short = text.replace("    - {value: 11 t ± 1 t, from: 2026-02-01, to: 2026-02-02}\n", "")
    lacking = reconcile(short, window=month("2026-02"))
    assert lacking.row("flow.f").status == "calculated" and "covers 27 of 28 d" in lacking.notes[0]


def _days() -> list[tuple[int, str]]:
    return [(day, f"2026-02-{day + 1:02d}" if day < 28 else "2026-03-01") for day in range(1, 29)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("{value: 1 t ± 1 t, from: 2026-01-20, to: 2026-02-10}", "across the edge of the window"),
        ("[{value: 1 t ± 1 t, from: 2026-02-01, to: 2026-02-20}, {value: 1 t ± 1 t, from: 2026-02-10, to: 2026-03-01}]", "two readings overlap"),
        ("[1 t ± 1 t, 2 t ± 1 t]", "give two instruments two names"),
        ("12 ± 1", "is in 1 and"),
    ],
)
def test_times_that_do_not_fit(rows: str, message: str) -> None:
    text = f"{HEAD}window: {{from: 2026-02-01, to: 2026-03-01}}\nmeasurements: {{f: {rows}, g: 5 t ± 1 t}}\n"
    with pytest.raises(UsageError, match=message):
        reconcile(text)


def test_rates_become_masses_in_a_window() -> None:
    found = reconcile(f"{HEAD}window: {{from: 2026-02-01, to: 2026-02-11}}\nmeasurements: {{f: 2 t/h ± 5 %, g: 480 t ± 1 t}}\n")
    assert found.row("flow.f").measured == pytest.approx(480e3) and found.row("flow.f").error == pytest.approx(24e3)
    assert reconcile(f"{HEAD}measurements: {{f: 2 t/h ± 5 %, g: 2 t/h ± 5 %}}\n").row("flow.f").si == "kg/s"


def test_stocks_are_counted_at_both_ends() -> None:
    """The closing of January is the opening of February; what was counted at other times is of other months."""
    counts = ", ".join(f"{{value: {mass} t ± 1 t, at: {day}}}" for mass, day in ((50, "2026-01-01"), (70, "2026-02-01"), (40, "2026-03-01")))
    times = ["{value: 120 t ± 1 t, from: 2026-01-01, to: 2026-02-01}", "{value: 100 t ± 1 t, from: 2026-02-01, to: 2026-03-01}"]
    text = f"{HEAD}measurements: {{level.a: [{counts}], f: [{', '.join(times)}], g: [{times[1]}, {times[1].replace('02-01', '01-01').replace('03-01', '02-01')}]}}\n"
    january, february = (reconcile(text, window=month(name)) for name in ("2026-01", "2026-02"))
    assert january.row("level.a.closing").measured == february.row("level.a.opening").measured == 70e3
    assert [round(found.losses[0].value) for found in (january, february)] == [0, 30_000]
    low, high = february.losses[0].interval
    assert (high - low) / 2 == pytest.approx(1.959964 * 1000 * 2, rel=1e-5) and february.losses[0].told_from_zero
    with pytest.raises(UsageError, match="say when the stock was counted"):
        reconcile(f"{HEAD}measurements: {{level.a: 5 t ± 1 t, f: 1 t ± 1 t}}\n")


def test_a_table_reads_like_the_mapping(tmp_path: Path) -> None:
    table = "name,value,error,unit,from,to,instrument\nf,100,2,t,,,\ng,98,2 %,t,,,\nf.Cu,12,0.5,%,,,\nf,101,exact,t,,,bridge\n"
    (tmp_path / "rows.csv").write_text(table, encoding="utf-8")
    (tmp_path / "data.yaml").write_text(f"{HEAD}table: rows.csv\n", encoding="utf-8")
    one = reconcile(tmp_path / "data.yaml")
    other = reconcile(f"{HEAD}measurements: {{f: 100 t ± 2 t, g: 98 t ± 2 %, f.Cu: 12 % ± 0.5 %, bridge: {{value: 101 t exact, of: f}}}}\n")
    assert repr(one.rows) == repr(other.rows) and one.data.digest != other.data.digest


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,value,err\nf,1,2\n", ":1:1: unknown column 'err'; columns are name, value"),
        ("name,value,error\nf,1\n", ":2:1: has 2 values, 3 are needed"),
        ("name,value,error,unit\nf,x,2,t\n", ":2:1: a number before and after"),
        ("name,value,error,unit\n,1,2,t\n", ":2:1: its name is missing"),
        ('name,value\n"f', "not a table"),
        ("", "columns are"),
    ],
)
def test_tables_that_are_wrong(table: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(table, encoding="utf-8")
    with pytest.raises(ScenarioError, match=message):
        load_data(tmp_path / "rows.csv")


def test_components_that_make_up_the_whole() -> None:
    """Two shares that were measured and a third that fills up: it is calculated, and closes in every stream."""
    text = "reconcile: 1\nflows: {f: -> a, g: a ->, h: a ->}\nwhole: [steel, copper, rest]\nmeasurements: {f: 100 t ± 1 t, g: 60 t ± 1 t, h: 40 t ± 1 t, f.steel: 50 % ± 1 %, f.copper: 20 % ± 1 %, g.steel: 80 % ± 1 %, g.copper: 5 % ± 1 %}\n"
    found = reconcile(text)
    for stream in "fgh":
        assert sum(found.row(f"share.{stream}.{part}").reconciled for part in ("steel", "copper", "rest")) == pytest.approx(1.0, abs=1e-12)
    assert found.row("share.h.rest").status == "calculated"
