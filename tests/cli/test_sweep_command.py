"""``twin sweep`` as a user types it: tables, JSON, exit codes. What is stored and resumed stands in tests/study."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from twin.cli.sweep import add_parser, run
from twin.errors import ScenarioError, UsageError

PLANT = """\
twin: 1
name: small
time: {horizon: 1 d}
lot: 500 kg
record: {every: 1 d, streams: false}
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""
STUDY = """\
study: 1
title: "Two rates, [bold]and not bold"
base: plant.yaml
vary: {units.sort.rate: {list: [1 t/h, 2 t/h]}}
kind: terminating
responses: [throughput, recovery.good]
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    path = tmp_path / "rates.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    return run(parser.parse_args(["sweep", *arguments]))


def test_the_table_says_what_came_out(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(str(study), "--executor", "serial") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:2] == ["Two rates, [bold]and not bold", "over 2 points, one run each: no interval"]
    assert lines[3].split()[0] == "throughput"
    assert lines[-2:] == ["2 runs done; 0 failed", "rates.h5"]
    assert printed.err == ""
    assert command(str(study), "--executor", "serial") == 0
    assert "2 runs done, 2 of them found in the file; 0 failed" in capsys.readouterr().out


def test_json_is_one_object(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(str(study), "--executor", "serial", "--json", "-o", "x.h5", "--keep-runs", "runs") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["points"], told["replications"], told["reused"]) == ("x.h5", 2, 1, 0)
    assert told["responses"]["throughput"]["unit"] == "kg/s"
    assert told["responses"]["throughput"]["min"] < told["responses"]["throughput"]["max"]
    assert sorted(path.name for path in Path("runs").iterdir()) == ["rates-p00000-r0.h5", "rates-p00001-r0.h5"]


def test_failed_runs_are_told_and_give_exit_code_1(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vary = "vary: {units.sort.rate: {list: [1 t/h, 2 t/h]}, budget.events: {list: [10, 100000]}}"
    study.write_text(STUDY.replace("vary: {units.sort.rate: {list: [1 t/h, 2 t/h]}}", vary), encoding="utf-8")
    assert command(str(study), "--executor", "serial") == 1
    printed = capsys.readouterr().out
    assert "2 runs done; 2 failed" in printed
    assert "failed 2 x BudgetError: event budget spent: 10 events" in printed


def test_wrong_input(study: Path) -> None:
    with pytest.raises(UsageError, match="at least one worker is needed"):
        command(str(study), "--workers", "0")
    study.write_text(STUDY.replace("list", "lst"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"rates.yaml:4:25 .*did you mean 'list'"):
        command(str(study))
