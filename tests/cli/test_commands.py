"""Every command as a user types it: exit codes, what goes to stdout and stderr, what is kept."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import twin
from twin.cli import main

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"
SMALL = """\
twin: 1
name: small
title: A small plant
time: {horizon: 2 d}
lot: 200 kg
record: {every: 1 h, genealogy: true}
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: 2 h, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}, power: {idle: 5 kW}}
  good_out: {kind: product, from: sort.good, price: {good: 100 EUR/t}}
  bad_out: {kind: product, from: sort.bad}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_run_prints_the_key_figures_and_the_path(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small)]) == 0
    printed = capsys.readouterr()
    assert "A small plant" in printed.out
    assert "throughput" in printed.out
    assert "no interval" in printed.out
    assert printed.out.strip().endswith("small.h5")
    assert printed.err == ""  # no bar unless a terminal
    with twin.open("small.h5") as result:
        assert result.attrs["scenario_name"] == "small"


def test_run_as_json(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small), "--json", "--seed", "5", "-o", "x.h5", "--set", "units.sort.rate=1 t/h"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert Path(printed["file"]).name == "x.h5"
    assert printed["seed"] == 5
    assert printed["scenario"] == "small"
    assert printed["kpis"]["throughput"] == {"value": pytest.approx(1000 / 3600, rel=0.1), "unit": "kg/s"}
    assert printed["balance"]["worst_residual"] < 1e-9
    assert printed["warnings"] == []
    with twin.open("x.h5") as result:
        assert printed["digest"] == result.digest


def test_errors_as_json(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write_text(SMALL.replace("rate: 2 t/h", "rate: 2").replace("yard: {", "yard: {capacty: 1 t, "), encoding="utf-8")
    assert main(["run", str(small), "--json"]) == 2
    errors = json.loads(capsys.readouterr().out)["errors"]
    assert [(error["line"], error["path"]) for error in errors] == [(10, "units.yard.capacty"), (11, "units.sort.rate")]
    assert "did you mean 'capacity'?" in errors[0]["message"]
    assert not Path("small.h5").exists()


def test_errors_go_to_stderr_one_line_each(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write_text(SMALL.replace("rate: 2 t/h", "rate: 2"), encoding="utf-8")
    assert main(["validate", str(small)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert f"{small}:11:" in printed.err


def test_an_earlier_result_is_replaced_but_no_other_file(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small)]) == 0
    assert main(["run", str(small), "--seed", "3"]) == 0
    Path("notes.h5").write_text("mine", encoding="utf-8")
    capsys.readouterr()
    assert main(["run", str(small), "-o", "notes.h5"]) == 2
    assert "not a results file of twin" in capsys.readouterr().err
    assert Path("notes.h5").read_text(encoding="utf-8") == "mine"


def test_a_failed_run_leaves_the_earlier_result(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small)]) == 0
    before = Path("small.h5").read_bytes()
    assert main(["run", str(small), "--set", "budget.events=30"]) == 1
    assert "event budget spent" in capsys.readouterr().err
    assert Path("small.h5").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["small.h5", "small.yaml"]


RANDOM = "units.trucks.every={exponential: {mean: 2 h}}"


@pytest.mark.soak
def test_replications_write_a_file_each(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small), "--replications", "3", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [Path(run["file"]).name for run in runs] == ["small-r0.h5", "small-r1.h5", "small-r2.h5"]
    assert [run["replication"] for run in runs] == [0, 1, 2]
    assert main(["run", str(small), "--replication", "2", "-o", "again.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == runs[2]["digest"]


@pytest.mark.soak
def test_replications_print_means_with_intervals(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(small), "--replications", "3", "--executor", "serial", "--set", RANDOM]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "3 replications, terminating (from 0 s to 2 d)" in printed.out
    assert re.search(r"^throughput +[\d.]+ t/h +[\d.]+ to [\d.]+ t/h +[\d.]+ t/h +3 *$", printed.out, re.MULTILINE)
    assert printed.out.strip().endswith("small-r2.h5")
    assert main([*command, "--json", "--confidence", "90 %"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["replications"], found["confidence"]) == ("terminating", 3, 0.9)
    kpi = found["kpis"]["throughput"]
    values = [run["kpis"]["throughput"]["value"] for run in found["runs"]]
    assert kpi["mean"] == pytest.approx(sum(values) / 3)
    assert kpi["interval"]["low"] < kpi["mean"] < kpi["interval"]["high"]
    assert kpi["interval"]["half_width"] == pytest.approx(2.91998558 * statistics.stdev(values) / 3**0.5)
    assert found["warm_up"] == []


@pytest.mark.soak
def test_replications_until_an_interval_is_narrow(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--executor", "serial", "--set", RANDOM, "--json"]
    assert main(["run", str(small), "--until-half-width", "1000 %", "--of", "revenue", *options]) == 0
    assert json.loads(capsys.readouterr().out)["replications"] == 20
    assert main(["run", str(small), "--replications", "2", "--until-half-width", "0.01", "--at-most", "3", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["replications"] == 3
    assert "after 3 replications, wanted 1 %" in found["remarks"][0]


@pytest.mark.soak
def test_a_steady_study_says_whether_the_warm_up_is_enough(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(small), "--replications", "2", "--kind", "steady", "--executor", "serial", "--set", RANDOM]
    assert main([*command, "--set", "time.warmup=12 h"]) == 0
    printed = capsys.readouterr().out
    assert "2 replications, steady (from 12 h to 2 d)" in printed
    assert "periods of 1 h" in printed
    assert main([*command, "--set", "record.every=6 h", "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)["warm_up"]
    assert (verdict["kpi"], verdict["verdict"], verdict["periods"], verdict["cut"]) == ("throughput", "too short to judge", 8, None)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("until", ["10 h", "2026-01-05T10:00"])
def test_until_save_and_resume(small: Path, capsys: pytest.CaptureFixture[str], until: str) -> None:
    assert main(["run", str(small), "--until", until, "--save", "state.h5"]) == 0
    assert "twin resume state.h5" in capsys.readouterr().out
    assert main(["resume", "state.h5", "--until", "1 d", "--save", "later.h5"]) == 0
    capsys.readouterr()
    assert main(["resume", "later.h5", "-o", "full.h5", "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert main(["run", str(small), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == resumed["digest"]


def test_validate_shows_lines_topology_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(EVERYTHING)]) == 0
    printed = capsys.readouterr().out
    for text in (
        "4 lines",
        "crusher (recycle), sieve (recycle), magnet",
        "crusher 6 t/h",
        "sieve mean 8 t/h x 2",
        "trucks feed",
        "coarse -> crusher shredder (above)",
    ):
        assert text in printed
    assert main(["validate", str(EVERYTHING), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["lines"]["crusher"]["recycle"] == [["crusher", "sieve"]]
    assert found["destination"]["magnet.steel"] == "fe"


def test_new_writes_a_scenario_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new"]) == 0
    assert main(["run", "plant.yaml", "--set", "time.horizon=3 d"]) == 0
    assert main(["new"]) == 2
    assert "plant.yaml exists" in capsys.readouterr().err


def test_schema_validates_the_starter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "-o", str(tmp_path / "s.json")]) == 0
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))


def test_compare_shows_what_differs(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small), "-o", "base.h5"]) == 0
    assert main(["run", str(small), "-o", "slow.h5", "--set", "units.sort.rate=1 t/h"]) == 0
    capsys.readouterr()
    assert main(["compare", "base.h5", "slow.h5"]) == 0
    printed = capsys.readouterr().out
    assert "units.sort.rate" in printed
    assert "no interval" in printed
    assert main(["compare", "base.h5", "slow.h5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["differences"] == [{"path": "units.sort.rate", "values": ["2 t/h", "1 t/h"]}]
    change = found["kpis"]["throughput"]["changes"][0]
    assert (change["interval"], change["verdict"], change["method"]) == (None, "", "one run")
    assert main(["compare", "base.h5", "slow.h5", "--json", "--kpi", "throughput", "--kpi", "recovery"]) == 0
    assert list(json.loads(capsys.readouterr().out)["kpis"]) == ["throughput", "recovery.good", "recovery.good_out.good"]
    assert main(["compare", "base.h5"]) == 2
    assert main(["compare", "base.h5", "slow.h5", "--replications", "3"]) == 2


@pytest.fixture
def changed(small: Path) -> Path:
    """A slower separator, and trucks that come at random in both plants."""
    small.write_text(SMALL.replace("every: 2 h", "every: {exponential: {mean: 2 h}}").replace("2 d", "8 d"), encoding="utf-8")
    path = small.with_name("slow.yaml")
    path.write_text("twin: 1\nextends: small.yaml\nname: slow\nchange: {units.sort.rate: 0.8 t/h}\n", encoding="utf-8")
    return path


def test_compare_runs_scenarios_and_judges(small: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compare", str(small), str(changed), "--replications", "3", "--executor", "serial"]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert re.search(r"^units\.sort\.rate +2 t/h +0\.8 t/h$", printed.out, re.MULTILINE)
    assert re.search(r"^throughput +\S+ t/h +\S+ kg/h +-\S+ ± \S+ t/h +-\S+ % +\S+  worse *$", printed.out, re.MULTILINE)
    assert re.search(r"^utilisation\.sort .* higher *$", printed.out, re.MULTILINE)
    assert "worse: throughput, processed" in printed.out
    assert "terminating study; intervals of the differences at 95 % for each key figure" in printed.out
    assert "would appear by chance alone" in printed.out
    assert "3 pairs of runs with common random numbers" in printed.out
    assert sorted(path.name for path in Path().iterdir()) == ["slow.yaml", "small.yaml"]  # nothing is kept unless asked for
    assert main([*command, "-o", "runs", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    change = found["kpis"]["throughput"]["changes"][0]
    assert change["verdict"] == "worse"
    assert change["interval"]["high"] < 0
    assert (change["method"], change["n"]) == ("paired", 3)
    assert found["bottleneck"]["busiest"][0]["line"] == "sort"
    files = [str(path) for path in sorted(Path("runs").iterdir())]
    assert len(files) == 6
    assert main(["compare", *files[3:], *files[:3], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kpis"]["throughput"]["changes"] == [change]


@pytest.mark.soak
def test_compare_of_several_variants_shares_the_risk(small: Path, changed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.with_name("slower.yaml").write_text("twin: 1\nextends: slow.yaml\nname: slower\nchange: {units.sort.rate: 0.5 t/h}\n", encoding="utf-8")
    assert main(["compare", str(small), str(changed), "slower.yaml", "--replications", "4", "--executor", "serial", "--seed", "4"]) == 0
    printed = capsys.readouterr().out
    assert "at 97.5 % for each key figure, 95 % for all 2 variants at once (Bonferroni)" in printed
    assert "slower worse: throughput" in printed
    assert printed.count("key figure  ") == 2


def test_trace_names_deliveries(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small)]) == 0
    capsys.readouterr()
    assert main(["trace", "small.h5", "--product", "good_out", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["good_out"]
    assert rows[0]["unit"] == "trucks"
    assert sum(row["share_of_product"] for row in rows) <= 1.0 + 1e-12
    assert main(["trace", "small.h5", "--product", "nope"]) == 2
    assert "known: good_out, bad_out" in capsys.readouterr().err
    assert main(["run", str(small), "--set", "record.genealogy=false", "-o", "bare.h5"]) == 0
    assert main(["trace", "bare.h5"]) == 2
    assert "record: {genealogy: true}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "the following arguments are required: SCENARIO"),
        (["bogus"], "invalid choice"),
        (["run", "nope.yaml"], "no such file"),
        (["run", "small.yaml", "--set", "units"], "--set needs PATH=VALUE"),
        (["run", "small.yaml", "--until", "soon", "--save", "s.h5"], "--until"),
        (["run", "small.yaml", "--until", "9 d", "--save", "s.h5"], "can be stopped between"),
        (["run", "small.yaml", "--until", "1 d"], "belong together"),
        (["run", "small.yaml", "--seed", "x"], "a whole number from 0 is needed"),
        (["run", "small.yaml", "--kind", "steady"], "say how many with --replications"),
        (["run", "small.yaml", "--replications", "0"], "at least one replication is needed"),
        (["run", "small.yaml", "--replications", "2", "--kind", "endless"], "invalid choice: 'endless'"),
        (["run", "small.yaml", "--replications", "2", "--confidence", "a lot"], "--confidence: a share is needed"),
        (["run", "small.yaml", "--until-half-width", "5 t"], "--until-half-width: a share is needed"),
        (["compare", "small.yaml", "small.h5"], "cannot be compared with each other"),
        (["compare", "small.yaml", "nope.yaml"], "no such file"),
        (["resume", "small.yaml"], "is a scenario, not a results file"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_one_line(small: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("twin ")
    assert main([]) == 0
    assert "COMMAND" in capsys.readouterr().out


@pytest.mark.soak
def test_interrupted_replications_say_what_was_kept(small: Path) -> None:
    long = [sys.executable, "-m", "twin", "run", str(small), "--set", "time.horizon=100 d", "--replications", "900"]
    process = subprocess.Popen(long, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not Path("small-r0.h5").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"^interrupted: \d+ of 900 runs are kept$", err, re.MULTILINE)
    kept = sorted(path.name for path in Path().iterdir())
    assert kept[-1] == "small.yaml"
    assert len(kept) - 1 >= int(err.partition("interrupted: ")[2].split()[0])  # a run may end between the last that was told and the signal
    assert all(name.startswith("small-r") for name in kept[:-1])


def test_an_interrupted_run_says_what_was_kept(small: Path) -> None:
    """SIGINT as Ctrl-C sends it: exit code 130, the earlier result in place, no half file."""
    long = [sys.executable, "-m", "twin", "run", str(small), "--set", "time.horizon=100000 d", "-o", "long.h5"]
    Path("long.h5").unlink(missing_ok=True)
    process = subprocess.Popen(long, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    deadline = time.monotonic() + 60
    while not any(path.name.startswith(".") or path.suffix not in (".yaml",) for path in Path().iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted at" in err
    assert "nothing was written" in err
    assert "Traceback" not in err
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


@pytest.mark.parametrize("command", ["report", "cite", "bundle", "resume", "reproduce", "compare"])
def test_a_scenario_where_a_result_is_needed_is_told_to_be_run_first(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "p.yaml"]) == 0
    assert (tmp_path / "p.yaml").read_text().startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    (tmp_path / "other.h5").write_bytes(b"")
    assert main([command, *(["other.h5"] if command == "compare" else []), "p.yaml"]) == 2
    assert command == "compare" or "p.yaml is a scenario, not a results file: run it first, 'twin run p.yaml'" in capsys.readouterr().err


def test_what_commands_do_has_a_name_in_twin_and_key_figures_are_rows(tmp_path: Path) -> None:
    import twin

    scenario = {"twin": 1, "time": {"horizon": "2 h"}, "materials": {"a": {}}, "units": {
        "f": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"a": "100 %"}},
        "b": {"kind": "bunker", "from": "f", "capacity": "9 t"}, "p": {"kind": "product", "from": "b"},
    }}  # fmt: skip
    with twin.run(twin.load(scenario), out=tmp_path / "r.h5") as result:
        rows = result.kpis.rows()
    assert {row["kpi"]: row["value"] for row in rows}["processed"] == 1000.0
    assert all(list(row) == ["kpi", "value", "unit", "low", "high", "note"] for row in rows)
    assert "twin" in twin.cite([tmp_path / "r.h5"]).sentence
    assert twin.report([tmp_path / "r.h5"], tmp_path / "r.html").page.stat().st_size > 1000
    assert twin.bundle([tmp_path / "r.h5"], tmp_path / "r.zip").path.is_file()


def test_a_cold_start_says_that_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Under a bar of the modules that the plant needs, its machines' kernels among them."""
    from twin.cli import running
    from twin.kernels import compile as kernels

    shown: list[tuple[str, int, int]] = []

    @contextlib.contextmanager
    def bar(label: str) -> Iterator[Callable[[int, int], None]]:
        yield lambda done, all_of_them: shown.append((label, done, all_of_them))

    loaded: list[str] = []
    monkeypatch.setattr(running.replications, "progress", bar)
    monkeypatch.setattr(running, "import_module", loaded.append)
    monkeypatch.setattr(kernels, "cache_folder", lambda caller: tmp_path)
    scenario = twin.load(Path(__file__).parents[2] / "scenarios" / "weee_line.yaml")
    running.compile_if_cold(scenario)
    told = capsys.readouterr()
    assert told.err.startswith("compiling kernels, once")
    assert told.out == ""
    assert {"twin.plant.simulate", *(str(kind.kernel).partition(":")[0] for kind in scenario.kinds.values() if kind.kernel)} <= {*loaded}
    assert shown == [("compiling kernels, once", done, len(loaded)) for done in range(len(loaded))]
    (tmp_path / "kernels_x").mkdir()
    (tmp_path / "kernels_x" / "evaluator.nbi").touch()
    loaded.clear()
    running.compile_if_cold(scenario)
    assert capsys.readouterr().err == "" and not loaded
    running.compile_if_cold(twin.load(Path(__file__).parents[2] / "scenarios" / "copper_smelter.yaml"))  # whose furnaces are another matter
    assert capsys.readouterr().err.startswith("compiling kernels, once")
    assert "twin.units.melts.furnace" in loaded
