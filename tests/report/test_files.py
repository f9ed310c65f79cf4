"""``twin report`` as a user types it: what it writes, what it refuses, and what it says where a package is missing."""

from __future__ import annotations

import argparse
import builtins
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pages_of_plants import SMALL, hostile, source

import twin
from twin.cli import report as command
from twin.errors import FileError, UsageError
from twin.report.files import report


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    found = [folder / f"small-r{k}.h5" for k in range(3)]
    for k, path in enumerate(found):
        twin.run(twin.load(SMALL), replication=k, out=path).close()
    return found


def typed(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["report", *arguments]))


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = builtins.__import__

    def import_(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", import_)


def test_a_report_of_one_run_and_of_several(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "one.html"
    assert typed(str(runs[0]), "-o", str(out)) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert "one run, no interval" in out.read_text(encoding="utf-8")
    assert typed(*map(str, runs), "-o", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(out), "pdf": None, "figures": []}
    text = out.read_text(encoding="utf-8")
    assert "mean of 3 replications" in text
    assert "one run" not in text.lower()
    assert [path.name for path in tmp_path.iterdir()] == ["one.html"]


def test_the_same_runs_give_the_same_page(runs: list[Path], tmp_path: Path) -> None:
    pages = [report(runs, tmp_path / name).page.read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]


def test_what_is_no_report_is_not_replaced(runs: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.h5"
    kept.write_bytes(runs[0].read_bytes())
    with pytest.raises(FileError, match=r"kept\.h5: it is not a report of twin"):
        report([runs[0]], kept)
    assert kept.read_bytes() == runs[0].read_bytes()
    (tmp_path / "a.pdf").write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match=r"a\.pdf: it is not a report of twin"):
        report([runs[0]], tmp_path / "a.html", pdf=True)
    with pytest.raises(FileError, match="make it first"):
        report([runs[0]], tmp_path / "nowhere" / "a.html")


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("nothing", encoding="utf-8")
    with pytest.raises(FileError):
        report([tmp_path / "text.h5"], tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_a_result_in_memory_may_be_reported(tmp_path: Path) -> None:
    with twin.run(twin.load(SMALL)) as result:
        report([result], tmp_path / "a.html")
        assert len(result.kpis) > 3  # still open
    assert "run 1: seed 1, replication 0" in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("plant", ["hostile", "copper"])
def test_figures_as_files(plant: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need matplotlib: pip install matplotlib")
    written = report([source(plant).first], tmp_path / "a.html", figures=tmp_path / "figures").figures
    names = {path.name for path in written}
    assert {"flowsheet.svg", "flowsheet.png", "sankey_mass.svg", "sankey_energy.png", "states.svg", "levels.png"} <= names
    assert ("phases.svg" in names) == (plant == "copper")
    for path in written:
        if path.suffix == ".svg":
            ElementTree.parse(path)
        else:
            assert path.read_bytes().startswith(b"\x89PNG")
    assert "<script" not in (tmp_path / "figures" / "flowsheet.svg").read_text(encoding="utf-8")


def test_a_title_that_looks_like_a_formula_is_drawn_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need matplotlib: pip install matplotlib")
    plant = hostile()
    plant["units"]["sort"]["title"] = r"$\frac{1$"
    with twin.run(twin.load(plant)) as result:
        report([result], tmp_path / "a.html", figures=tmp_path)
    assert r"$\frac{1$" in (tmp_path / "flowsheet.svg").read_text(encoding="utf-8")


@pytest.mark.soak
def test_a_pdf(runs: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="a PDF needs weasyprint: pip install weasyprint")
    written = report([runs[0]], tmp_path / "a.html", pdf=True)
    assert written.pdf == tmp_path / "a.pdf"
    assert written.pdf.read_bytes().startswith(b"%PDF-")
    report([runs[0]], tmp_path / "a.html", pdf=True)  # replaced


@pytest.mark.parametrize(("package", "how"), [("jinja2", {}), ("weasyprint", {"pdf": True}), ("matplotlib", {"figures": "figures"})])
def test_a_missing_package_is_named(package: str, how: dict[str, Any], runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, package)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=package):
        report([runs[0]], "a.html", **how)
    assert not (tmp_path / "a.html").exists()
