"""Spreadsheets of runs, studies and comparisons, and plots over time."""

from __future__ import annotations

import csv
import io
import json
import math
import uuid
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import twin
from twin.cli.parser import main
from twin.errors import FileError, UsageError
from twin.report.plotting import chart_of, drawn, in_text

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "written",
    "title": "=A plant",
    "time": {"start": "2026-01-05T06:00", "horizon": "4 d", "warmup": "1 d"},
    "lot": "1 t",
    "record": {"every": "2 h"},
    "catalogue": ["weee"],
    "size_bounds": "8 63 125 mm",
    "units": {
        "trucks": {"kind": "feed", "every": {"exponential": {"mean": "2 h"}}, "mass": "16 t", "composition": {"steel": "70 %", "copper": "30 %"},
                   "size": {"rosin_rammler": {"x63": "40 mm", "n": 1.4}}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "60 t"},
        "mill": {"kind": "separator", "from": "yard", "rate": "9 t/h", "ports": ["red", "rest"], "partition": {"red": {"steel": "5 %", "copper": "90 %"}},
                 "failures": {"mtbf": "20 h", "mttr": "1 h", "reason": "jam"}, "power": {"idle": "10 kW"}},
        "copper": {"kind": "product", "from": "mill.red", "price": "5000 EUR/t"},
        "rest": {"kind": "product", "from": "mill.rest", "price": "200 EUR/t"},
    },
    "carriers": {"electricity": {"price": "0.2 EUR/kWh", "co2": "0.4 kg/kWh"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    scenario = twin.load(PLANT)
    found = []
    for k, run in enumerate((scenario, scenario.change({"units.mill.rate": "7 t/h"}))):
        found.append(folder / f"run{k}.h5")
        twin.run(run, out=found[-1]).close()
    return found


def read(path: Path, sheet: str) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True))
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def test_a_workbook_holds_the_numbers_of_the_run(files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "run.xlsx"
    assert main(["export", str(files[0]), "-o", str(out), "--quantity", "level.yard", "--quantity", "flow.mill.red"]) == 0
    with twin.open(files[0]) as result:
        figures = {row["key figure"]: row for row in read(out, "key figures")}
        assert list(figures) == list(result.kpis)
        for name, kpi in result.kpis.items():
            given = figures[name]["value in SI"]
            assert (given is None and not math.isfinite(kpi.value)) or given == pytest.approx(kpi.value, rel=1e-15)  # a workbook holds 16 digits
        throughput = figures["throughput"]
        assert throughput["unit"] == "t/h" and throughput["value"] == pytest.approx(result.kpis["throughput"].value * 3.6)
        copper = [row for row in read(out, "products") if row["product"] == "copper"]
        assert sum(row["mass [t]"] for row in copper) == pytest.approx(result.kpis["product_mass.copper"].value / 1000)
        assert sum(row["share of mass"] for row in copper) == pytest.approx(1.0)
        elements = {row["element"]: row["mass [t]"] for row in read(out, "product elements") if row["product"] == "copper"}
        assert sum(elements.values()) == pytest.approx(sum(row["mass [t]"] for row in copper))
        streams = {row["stream"]: row for row in read(out, "streams")}
        assert streams["mill.red"]["copper [t]"] + streams["mill.rest"]["copper [t]"] == pytest.approx(streams["yard"]["copper [t]"], rel=1e-9)
        over = read(out, "over time")
        assert [row["level.yard [kg]"] for row in over] == pytest.approx(result.quantity("level.yard").tolist(), rel=1e-15) and len(over) == 48
        assert over[-1]["end of step [d]"] == 4.0
        assert {row["reason"] for row in read(out, "stops")} == {"jam"}
        about = {row["what"]: row["value"] for row in read(out, "about")}
        assert about["digest"] == result.digest and about["scenario title"] == "=A plant" and about["window [d]"] == 3.0


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "parquet"])
def test_the_same_run_gives_the_same_bytes(files: list[Path], tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{k}.{suffix}" for k in range(2)]
    for path in paths:
        twin.export(files[0], out=path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_csv_and_parquet_hold_one_table(files: list[Path], tmp_path: Path) -> None:
    import pyarrow.parquet

    twin.export(files[0], out=tmp_path / "a.csv", table="products")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8"))))
    twin.export(files[0], out=tmp_path / "a.parquet", table="products")
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["material"] for row in rows] == [row["material"] for row in table] and len(rows) == 4
    assert [float(row["mass [t]"]) for row in rows] == [row["mass [t]"] for row in table]
    twin.export(files[0], out=tmp_path / "b.csv", table="products", decimal="comma")
    german = list(csv.DictReader(io.StringIO((tmp_path / "b.csv").read_text(encoding="utf-8-sig")), delimiter=";"))
    assert [row["mass [t]"].replace(",", ".") for row in german] == [row["mass [t]"] for row in rows]


def test_a_title_is_no_formula(files: list[Path], tmp_path: Path) -> None:
    twin.export(files[0], out=tmp_path / "a.csv", table="about")
    assert "'=A plant" in (tmp_path / "a.csv").read_text(encoding="utf-8")
    twin.export(files[0], out=tmp_path / "a.xlsx")
    cells = {cell.value: cell.data_type for row in openpyxl.load_workbook(tmp_path / "a.xlsx")["about"].iter_rows() for cell in row}
    assert "=A plant" in cells
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        assert not any(b"<f>" in book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/"))


def test_a_comparison_has_its_differences(files: list[Path], tmp_path: Path) -> None:
    assert main(["export", *map(str, files), "-o", str(tmp_path / "c.xlsx")]) == 0
    rows = {row["key figure"]: row for row in read(tmp_path / "c.xlsx", "comparison")}
    values = [twin.open(path).kpis["throughput"].value * 3.6 for path in files]
    numbers = [value for value in rows["throughput"].values() if isinstance(value, float)]
    assert numbers[:3] == pytest.approx([values[0], values[1], values[1] - values[0]])


def test_a_study_has_a_row_for_each_point(tmp_path: Path) -> None:
    (tmp_path / "plant.yaml").write_text(__import__("yaml").safe_dump(PLANT, sort_keys=False), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "study: 1\nbase: plant.yaml\nvary: {units.mill.rate: {list: [6 t/h, 8 t/h]}}\ndesign: grid\nreplications: 2\nkind: terminating\nresponses: [throughput]\n",
        encoding="utf-8",
    )
    assert main(["sweep", str(tmp_path / "s.yaml"), "-o", str(tmp_path / "s.h5")]) == 0
    twin.export(tmp_path / "s.h5", out=tmp_path / "s.xlsx")
    rows = read(tmp_path / "s.xlsx", "points")
    study = twin.Study(tmp_path / "s.h5")
    assert [row["units.mill.rate [kg/s]"] for row in rows] == pytest.approx(study.factor("units.mill.rate").tolist())
    assert [row["throughput [kg/s]"] for row in rows] == pytest.approx(study.response("throughput").mean(axis=1).tolist())


def test_key_figures_as_a_frame(files: list[Path]) -> None:
    with twin.open(files[0]) as result:
        frame = result.kpis.to_frame()
        assert frame.loc["throughput", "value"] == result.kpis["throughput"].value and list(frame.index) == list(result.kpis)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "{folder}/a.doc"], "must end in one of .xlsx, .csv, .parquet or .zip"),
        (["-o", "{folder}/a.csv", "--table", "product"], "did you mean 'products'"),
        (["-o", "{folder}/a.xlsx", "--quantity", "level.yart"], "did you mean 'level.yard'"),
        (["-o", "{folder}/nowhere/a.xlsx"], "does not exist"),
        (["-o", "{folder}/there.xlsx"], "exists; give another name"),
    ],
)
def test_what_cannot_be_exported_is_said(files: list[Path], tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there.xlsx").write_text("mine", encoding="utf-8")
    code = main(["export", str(files[0]), *(argument.format(folder=tmp_path) for argument in arguments)])
    assert code and said in capsys.readouterr().err
    assert (tmp_path / "there.xlsx").read_text(encoding="utf-8") == "mine"


def test_replace_replaces_a_file_and_no_link(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("old", encoding="utf-8")
    twin.export(files[0], out=tmp_path / "there.csv", replace=True)
    assert (tmp_path / "there.csv").read_text(encoding="utf-8").startswith("key figure,")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    with pytest.raises(FileError, match="a link"):
        twin.export(files[0], out=tmp_path / "link.csv", replace=True)


@pytest.mark.parametrize("content", [b"", b"no results", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(FileError):
        twin.export(tmp_path / "a.h5", out=tmp_path / "a.xlsx")
    with pytest.raises(FileError):
        twin.plot(tmp_path / "a.h5", "level.yard")


def test_a_plot_shows_the_values(files: list[Path]) -> None:
    """The line of the figure goes through the value of each step, at its place on the scale."""
    with twin.open(files[0]) as result:
        chart = chart_of(result, ["level.yard"])
        values = result.quantity("level.yard") / 1000.0
        assert chart.unit == "t" and chart.bounds() == (0.0, pytest.approx(values.max()))
        (line, *_) = [shape for shape in drawn(chart).shapes if shape.css == "series"]
        ordinates = [command[2] for command in line.commands][::2]  # type: ignore[union-attr]
        assert np.corrcoef(ordinates, values)[0, 1] == pytest.approx(-1.0)
        text = in_text(chart)
        assert text.count("█") > 40 and "2026-01-05 06:00" in text and "2026-01-09 06:00" in text
        shares = chart_of(result, ["state.mill.running", "state.mill.starved"])
        assert shares.unit == "%" and shares.bounds() == (0.0, pytest.approx(100.0))


def test_plots_of_several_units_or_of_nothing_are_refused(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    with twin.open(files[0]) as result:
        for names, said in (
            (["level.yard", "flow.yard"], "one unit"),
            (["kpi.throughput"], "one number for the run"),
            ([], "from 1 to 6"),
            (["level.x"], "unknown"),
        ):
            with pytest.raises(UsageError, match=said):
                chart_of(result, names)
    assert main(["plot", str(files[0])]) == 0 and "level.yard" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_figure_is_the_same_twice_and_replaces_only_its_kind(files: list[Path], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    twin.plot(files[0], "level.yard", out=path)
    first = path.read_bytes()
    twin.plot(files[0], "level.yard", out=path)
    assert path.read_bytes() == first
    path.write_bytes(b"mine")
    with pytest.raises(FileError, match="will not replace"):
        twin.plot(files[0], "level.yard", out=path)
    with pytest.raises(UsageError, match="must end in"):
        twin.plot(files[0], "level.yard", out=tmp_path / "a.pdf")


def test_an_inventory_is_read_by_the_package_of_openlca(files: list[Path], tmp_path: Path) -> None:
    """Read with olca-schema, by which openLCA's own tools read it: one process whose exchanges balance, with flows, properties and units that are there."""
    import olca_schema as o
    from olca_schema import zipio

    scenario = twin.load(PLANT)
    paths = [files[0], tmp_path / "second.h5"]
    twin.run(scenario, out=paths[1], replication=1).close()
    for out in ("a.zip", "b.zip"):
        assert main(["export", *map(str, paths), "-o", str(tmp_path / out)]) == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipio.ZipReader(tmp_path / "a.zip") as package:
        (process,) = list(package.read_each(o.Process))
        flows = {flow.id: flow for flow in package.read_each(o.Flow)}
        groups = {unit.id for group in package.read_each(o.UnitGroup) for unit in group.units or []}
        properties = {quantity.id for quantity in package.read_each(o.FlowProperty)}
    exchanges = process.exchanges or []
    assert all(e.flow.id in flows and e.unit.id in groups and e.flow_property.id in properties for e in exchanges)
    (treated,) = [e for e in exchanges if e.is_quantitative_reference]
    assert treated.amount == 1000.0 and not treated.is_input
    named = {flows[e.flow.id].name: e for e in exchanges if e is not treated}
    assert named["trucks"].amount == pytest.approx(1000.0) and named["trucks"].is_input and flows[named["trucks"].flow.id].flow_type is o.FlowType.WASTE_FLOW
    taken, given, drawn = [], [], []
    for path in paths:
        with twin.open(path) as result:
            taken.append(result.totals.mass("trucks"))
            given.append(result.totals.mass("copper") / taken[-1])
            drawn.append(result.kpis["energy.electricity"].value / 1e6 / taken[-1])
    assert named["copper"].amount == pytest.approx(1000 * np.mean(given)) and named["copper"].uncertainty.sd == pytest.approx(1000 * np.std(given, ddof=1))
    assert named["electricity"].amount == pytest.approx(1000 * np.mean(drawn)) and named["electricity"].is_input
    assert flows[named["copper"].flow.id].flow_type is o.FlowType.PRODUCT_FLOW
    assert "No allocation" in process.description


def test_every_object_of_an_inventory_is_one_of_the_schema_and_every_reference_is_in_the_package(files: list[Path], tmp_path: Path) -> None:
    """Each file is what its folder says, goes through olca-schema unchanged, and names nothing that openLCA would not find when it imports the package."""
    import olca_schema as o

    assert main(["export", str(files[0]), "-o", str(tmp_path / "a.zip")]) == 0
    folders = {"unit_groups": o.UnitGroup, "flow_properties": o.FlowProperty, "flows": o.Flow, "processes": o.Process}
    defined: dict[tuple[str, str], str] = {}
    roots = []
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        assert json.loads(package.read("olca-schema.json")) == {"version": 2}
        for name in package.namelist()[1:]:
            folder, _, file = name.partition("/")
            tree = json.loads(package.read(name))
            assert (tree["@type"], f"{tree['@id']}.json") == (folders[folder].__name__, file)
            assert uuid.UUID(tree["@id"])
            assert folders[folder].from_dict(tree).to_dict() == tree
            assert (tree["@type"], tree["@id"]) not in defined
            roots.append(tree)
            for each in (tree, *tree.get("units", ())):
                defined[each.get("@type", "Unit"), each["@id"]] = each["name"]
    assert {tree["@type"] for tree in roots} == {kind.__name__ for kind in folders.values()}
    named = [reference for tree in roots for reference in references(tree, root=True)]
    assert len(named) > 20
    assert [reference for reference in named if defined.get((reference["@type"], reference["@id"])) != reference["name"]] == []
    # openLCA's own: a package with others would give each user a second mass and a second energy
    assert defined["FlowProperty", "93a60a56-a3c8-11da-a746-0800200b9a66"] == "Mass"
    assert defined["FlowProperty", "f6811440-ee37-11de-8a39-0800200c9a66"] == "Energy"
    assert defined["UnitGroup", "93a60a57-a4c8-11da-a746-0800200c9a66"] == "Units of mass"
    assert defined["Unit", "20aadc24-a391-41cf-b340-3e4529f44bde"] == "kg"


def references(node: Any, *, root: bool = False) -> list[dict[str, Any]]:
    """What a data set names: mappings with a type and an identifier below it."""
    if isinstance(node, list):
        return [found for item in node for found in references(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if not root and "@id" in node and "@type" in node else []
    return own + [found for item in node.values() for found in references(item)]


def test_no_inventory_of_two_scenarios(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another scenario"):
        twin.export(*files, out=tmp_path / "a.zip")
