"""``twin reproduce`` and ``twin cite`` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest

from twin.cli import main
from twin.results.digest import file_digest

SMALL = """\
twin: 1
name: small
title: A small plant
time: {horizon: 1 d}
lot: 200 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good}
  bad_out: {kind: product, from: sort.bad}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, encoding="utf-8")
    assert main(["run", "small.yaml", "--seed", "5", "--replication", "1"]) == 0
    capsys.readouterr()
    return "small.h5"


def _scale(path: str, factor: float) -> None:
    with h5py.File(path, "r+") as file:
        file["units/level"][3, 0] *= factor
        file.attrs["digest"] = file_digest(file, file.attrs["scenario_sha256"])


def test_reproduced_to_the_last_bit(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("small.yaml").unlink()
    assert main(["reproduce", small]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("small.h5: reproduced to the last bit")
    assert printed.err == ""
    assert [path.name for path in Path().iterdir()] == ["small.h5"]


def test_a_last_bit_shows_the_table_and_passes(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    _scale(small, 1 + 4e-16)
    assert main(["reproduce", small]) == 0
    printed = capsys.readouterr().out
    assert "largest relative difference" in printed
    assert "units/level" in printed
    assert "small.h5: reproduced within 1e-09, not to the last bit" in printed
    assert "GLIBC_TUNABLES" in printed


@pytest.mark.soak
def test_a_difference_fails_and_is_placed(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    _scale(small, 2.0)
    assert main(["reproduce", small]) == 1
    printed = capsys.readouterr().out
    assert "first difference: record step 3" in printed
    assert "NOT reproduced" in printed
    assert main(["reproduce", small, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["verdict"], found["reproduced"]) == ("small.h5", "different", False)
    assert found["arrays"][0]["name"] == "units/level"
    assert found["events"]["stored"] == found["events"]["rerun"]


def test_what_is_no_result_is_refused(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "small.yaml", "--until", "10 h", "--save", "state.h5"]) == 0
    capsys.readouterr()
    for path in ("state.h5", "small.yaml", "none.h5"):
        for command in ("reproduce", "cite"):
            assert main([command, path]) == 2
            assert path in capsys.readouterr().err


def test_cite(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", small]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("A small plant, simulated from 0 s to 1 d: throughput ")
    assert "(one run, no interval); seed 5, replication 1, twin " in printed
    assert "@misc{small_" in printed
    assert "references:" in printed
    assert main(["cite", small, "--json", "--kpi", "yield.good_out"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kpis"]["yield.good_out"]["interval"] is None
    assert found["kpis"]["yield.good_out"]["flag"] == "one run, no interval"
    assert (found["seed"], found["replications"]) == (5, [1])


@pytest.mark.soak
def test_cite_replications(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "small.yaml", "--replications", "3", "--executor", "serial"]) == 0
    capsys.readouterr()
    assert main(["cite", "small-r0.h5", "small-r1.h5", "small-r2.h5"]) == 0
    assert "n = 3 replications" in capsys.readouterr().out
    assert main(["cite", "small-r0.h5", "small-r0.h5"]) == 2
    assert "give each once" in capsys.readouterr().err
