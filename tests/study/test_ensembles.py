"""``--ensemble`` of run, compare and sweep: chance and parameters apart, and no member undoes what a variant or a study sets itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sweep_plant

import twin
from twin.cli.parser import main
from twin.study.apart import parts_of_results
from twin.study.ensemble import Ensemble, read_ensemble, write_ensemble
from twin.study.executors import Serial

SHARES = (0.80, 0.84, 0.88, 0.92, 0.96)
RATES = (0.50, 0.52, 0.54, 0.51, 0.53)
STUDY = (
    sweep_plant.STUDY.replace("recovery.good", "grade.good_out.good")
    .replace("design: {sobol: 8}\nreplications: 2", "design: grid\nreplications: 6")
    .replace("{uniform: [1 t/h, 3 t/h]}", "{list: [2 t/h]}")
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sweep_plant.write(tmp_path, STUDY)
    (tmp_path / "faster.yaml").write_text("twin: 1\nextends: plant.yaml\nname: faster\nchange: {units.sort.rate: 2.2 t/h}\n", encoding="utf-8")
    paths = ("units.sort.rate", "units.sort.partition.good.good")
    write_ensemble(tmp_path / "e.csv", Ensemble(paths, ("kg/s", "1"), tuple(zip(RATES, SHARES, strict=True))), ("of a test",))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--executor", "serial", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_run_tells_that_grade_is_of_the_parameters_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Feed and partition have no chance in them: what is not known of the grade is that of the ensemble's shares."""
    found = told(capsys, "run", "plant.yaml", "--replications", "6", "--ensemble", "e.csv")["ensemble"]
    grade = found["grade.good_out.good"]
    assert grade["chance_of_one_run"] < 1e-9
    assert grade["explained"] == pytest.approx(1.0)
    assert grade["mean"] == pytest.approx(sum(0.6 * share / (0.6 * share + 0.4 * 0.05) for share in (*SHARES, SHARES[0])) / 6)
    assert found["throughput"]["chance_of_one_run"] > 0.0


def test_compare_keeps_what_the_variant_sets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The variant's rate is its own in every run; the shares of the members are in both, so that they cancel in the grade's difference."""
    found = told(capsys, "compare", "plant.yaml", "faster.yaml", "--replications", "6", "--ensemble", "e.csv")["ensemble"]["faster"]
    assert "grade.good_out.good" not in found or abs(found["grade.good_out.good"]["parameters"]) < 1e-9
    assert found["throughput"]["parameters"] > 0.0
    assert main(["compare", "plant.yaml", "faster.yaml", "--replications", "6", "--ensemble", "e.csv", "--executor", "serial"]) == 0
    assert "faster has its own units.sort.rate, which no member changes" in capsys.readouterr().out


def test_sweep_tells_them_apart_at_each_point(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "sweep", "study.yaml", "--ensemble", "e.csv")
    rows = found["ensemble"]["grade.good_out.good"]
    assert [row["factors"]["units.trucks.mass"] for row in rows] == ["2 t", "3 t"]
    assert all(row["parts"]["parameters"] > 0.004 for row in rows)
    assert all(row["parts"]["chance_of_one_run"] < 1e-9 for row in rows)
    again = told(capsys, "sweep", "study.yaml", "--ensemble", "e.csv")
    assert (again["reused"], again["ensemble"]) == (12, found["ensemble"])


@pytest.mark.parametrize("command", [["run", "plant.yaml", "--replications", "4"], ["compare", "plant.yaml", "faster.yaml", "--replications", "4"]])
def test_too_few_replications_are_refused_before_any_run(command: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--ensemble", "e.csv", "--executor", "serial"]) == 2
    assert "need --replications 6 or more (got 4)" in capsys.readouterr().err
    assert not list(folder.glob("*.h5"))


def test_a_report_tells_the_parts_of_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page of the runs that ``twin run`` kept tells what ``twin run --ensemble`` told, in both languages."""
    by_run = told(capsys, "run", "plant.yaml", "--replications", "6", "--ensemble", "e.csv")["ensemble"]["throughput"]
    runs = [path.name for path in sorted(folder.glob("*-r?.h5"))]
    command = ["--ensemble", "e.csv", "--executor", "serial", "-o", "page.html"]
    assert main(["report", *runs, *command]) == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "Chance and parameters apart" in page and "over 6 pairs of runs" in page
    results = [twin.open(run) for run in runs]
    found = parts_of_results(results, twin.load("plant.yaml"), read_ensemble("e.csv"), Serial())["throughput"]
    assert found.parameters == pytest.approx(by_run["parameters"], rel=1e-9) and found.chance == pytest.approx(by_run["chance_of_mean"], rel=1e-9)
    assert f"{100 * by_run['explained']:.0f} %" in page
    assert main(["report", *runs, *command, "--language", "de"]) == 0
    assert "Zufall und Parameter getrennt" in (folder / "page.html").read_text(encoding="utf-8")
    capsys.readouterr()
    for few, more, why in ((6, ["--brief"], "whole report"), (3, [], "at least 6 replications")):
        assert main(["report", *runs[:few], *command, *more]) == 2
        assert why in capsys.readouterr().err
