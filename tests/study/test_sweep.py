"""Sweeps: what is stored, what is made again and what is not, and what is left when a sweep is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray
from sweep_plant import PLANT, STUDY, write

import twin
from twin.errors import FileError, ScenarioError, UsageError
from twin.plant import simulate
from twin.results.kpis import Kpi
from twin.study import runs
from twin.study.executors import Serial
from twin.study.journal import Journal, Row
from twin.study.read import Study
from twin.study.runs import Job, Outcome, job_key, run_job
from twin.study.study_file import load_study
from twin.study.sweep import Advance, sweep

PROGRAM = "import sys; from twin.study.sweep import sweep; sweep(sys.argv[1], sys.argv[2], executor=sys.argv[3])"


class Counting(Serial):
    """The runs that were really made."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, jobs: Any) -> Any:
        def counted() -> Any:
            for job in jobs:
                self.jobs.append(job)
                yield job

        yield from super().run(counted())


def made(study: Path, out: Path, **more: Any) -> tuple[int, Study]:
    """How many runs a sweep makes, and what is in the file then."""
    counting = Counting()
    found = sweep(study, out, executor=counting, **more)
    return len(counting.jobs), found


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("swept")
    return sweep(write(folder), folder / "swept.h5", executor="serial")


@pytest.mark.soak
def test_what_is_in_the_file_is_what_the_runs_give(swept: Study) -> None:
    assert swept.complete
    assert swept.counts == {"done": 16, "failed": 0, "lost": 0, "open": 0}
    assert swept.factors == {"units.sort.rate": "kg/s", "units.trucks.mass": "kg"}
    assert swept.design == {"sobol": 8}
    assert swept.responses == ("throughput", "recovery.good")
    rate, mass = swept.factor("units.sort.rate"), swept.factor("units.trucks.mass")
    assert rate.shape == (8,)
    assert sorted(dict.fromkeys(mass.tolist())) == [2000.0, 3000.0]
    scenario = twin.load(PLANT).change({"units.sort.rate": f"{float(rate[5])!r} kg/s", "units.trucks.mass": "2 t" if mass[5] == 2000 else "3 t"})
    with twin.run(scenario, replication=1) as result:
        assert swept.response("throughput")[5, 1] == result.kpis["throughput"].value
        assert swept.array("digest")[11] == result.digest
        assert sorted(swept.all_responses) == sorted(result.kpis)
        assert list(swept.all_responses)[:2] == ["throughput", "processed"]  # in the order of the table of KPIs
        assert swept.all_responses["throughput"] == "kg/s"


def test_xarray_reads_it(swept: Study) -> None:
    with xarray.open_dataset(swept.path, engine="h5netcdf") as data:
        assert dict(data.sizes) == {"run": 16, "factor": 2, "response": len(swept.all_responses)}
        assert data["response_value"].dims == ("run", "response")
        first = data.where(data["point"] == 3, drop=True)
        assert first["response_value"].sel(response="throughput").to_numpy().tolist() == swept.response("throughput")[3].tolist()
        assert data["cpu"].attrs["units"] == "s"
        assert data["factor_value"].sel(factor="units.trucks.mass").attrs["units_in" if "units_in" in data["factor_value"].attrs else "units"] == "factor_unit"
    with xarray.open_datatree(swept.path, engine="h5netcdf") as tree:
        assert {"study", "scenario"} <= tree.children.keys()
    loaded = swept.dataset()
    assert loaded["factor_value"].sel(factor="units.sort.rate").to_numpy()[::2].tolist() == swept.factor("units.sort.rate").tolist()


def test_the_table_has_means_of_points(swept: Study) -> None:
    row = swept.table[0]
    means = swept.response("throughput").mean(axis=1)
    assert (row.name, row.low, row.high) == ("throughput", means.min(), means.max())
    assert row.mean == pytest.approx(means.mean())
    assert "throughput" in repr(swept.table)
    assert "<td>throughput</td>" in swept._repr_html_()
    assert "8 points x 2 replications, 2 factors (16 done)" in repr(swept)


def test_what_the_scenario_was_is_kept(swept: Study) -> None:
    again = twin.load(swept.scenario, files=swept.files)
    assert again.sha256 == swept.attrs["scenario_sha256"]
    assert swept.array("study/yaml") == STUDY
    assert swept.source().sha256 == swept.attrs["study_sha256"]


def test_a_study_of_a_table_is_whole_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("units.sort.rate,units.yard.discharge\n1 t/h,fifo\n1.5 t/h,mixed\n", encoding="utf-8")
    found = sweep(write(tmp_path, "study: 1\nbase: plant.yaml\ndesign: {csv: points.csv}\nkind: terminating\n"), tmp_path / "s.h5", executor="serial")
    assert found.factors == {"units.sort.rate": "kg/s", "units.yard.discharge": ""}
    assert found.words == {"units.yard.discharge": ["fifo", "mixed"]}
    (tmp_path / "points.csv").unlink()
    (tmp_path / "plant.yaml").unlink()
    again = found.source()
    assert again.sha256 == found.attrs["study_sha256"]
    assert again.points.changes(1) == {"units.sort.rate": "1.5 t/h", "units.yard.discharge": "mixed"}


@pytest.mark.soak
def test_the_same_sweep_makes_nothing_again_and_a_larger_one_only_what_is_new(tmp_path: Path) -> None:
    study, out = write(tmp_path), tmp_path / "s.h5"
    count, first = made(study, out)
    assert count == 16
    stamp, throughput = out.stat().st_mtime_ns, first.response("throughput")
    count, again = made(study, out)
    assert (count, again.digest) == (0, first.digest)
    assert out.stat().st_mtime_ns == stamp  # nothing was written
    count, again = made(write(tmp_path, STUDY + "title: a name\n"), out)
    assert (count, again.attrs["study_title"]) == (0, "a name")
    count, more = made(write(tmp_path, STUDY.replace("replications: 2", "replications: 3")), out)
    assert count == 8
    assert more.response("throughput")[:, :2].tolist() == throughput.tolist()
    count, _ = made(write(tmp_path, STUDY.replace("sobol: 8", "sobol: 16")), out)
    assert count == 16  # the first half of a Sobol' sequence stays
    fresh = sweep(write(tmp_path), tmp_path / "t.h5", executor="serial")
    assert made(study, out)[1].digest == fresh.digest


@pytest.mark.sampled(2)
@pytest.mark.parametrize("change", ["seed", "scenario", "catalogue", "code", "versions", "environment"])
def test_nothing_is_used_again_when_something_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    text = "twin_catalogue: 1\nname: own\nmaterials:\n  good: {density: 2 t/m3, assay: {Cu: 1}}\n  bad: {density: 1 t/m3, assay: {Fe: 1}}\n"
    plant = PLANT.replace("materials: {good: {}, bad: {}}", "catalogue: [own.yaml]")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    short = STUDY.replace("sobol: 8", "sobol: 2").replace("replications: 2", "replications: 1")
    study, out = write(tmp_path, short, plant), tmp_path / "s.h5"
    assert made(study, out)[0] == 2
    assert made(study, out)[0] == 0
    if change == "seed":
        write(tmp_path, short, plant + "seed: 2\n")
    elif change == "scenario":
        write(tmp_path, short, plant.replace("30 t", "31 t"))
    elif change == "catalogue":
        (tmp_path / "own.yaml").write_text(text.replace("2 t/m3", "3 t/m3"), encoding="utf-8")
    elif change == "environment":
        monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA")
    elif change == "code":
        monkeypatch.setattr(runs, "code_digest", lambda: "other")
    else:
        monkeypatch.setattr(runs, "platform_record", lambda: {"numpy": "0"})
    runs.local_environment.cache_clear()
    try:
        assert made(study, out)[0] == 2
    finally:
        monkeypatch.undo()
        runs.local_environment.cache_clear()


def test_keys_of_jobs() -> None:
    scenario = twin.load(PLANT)
    keys = [
        job_key(Job(scenario)),
        job_key(Job(scenario, 1)),
        job_key(Job(scenario, 0, {"lot": "400 kg"})),
        job_key(Job(scenario), "elsewhere"),
        job_key(Job(scenario.change({"seed": 5}))),
    ]
    assert len(dict.fromkeys(keys)) == 5
    assert job_key(Job(scenario, keep=Path("x.h5"))) == keys[0]
    assert job_key(Job(twin.load(PLANT))) == keys[0]


FAILING = STUDY.replace("units.trucks.mass: {list: [2 t, 3 t]}", "units.trucks.mass: {list: [2 t, 3 t]}\n  budget.events: {list: [10, 1000000]}")


@pytest.mark.soak
def test_a_run_that_fails_is_recorded_and_the_sweep_goes_on(tmp_path: Path) -> None:
    study, out = write(tmp_path, FAILING), tmp_path / "s.h5"
    seen: list[tuple[int, int]] = []
    found = sweep(study, out, executor="serial", progress=lambda advance: seen.append((advance.done, advance.failed)))
    assert found.counts == {"done": 8, "failed": 8, "lost": 0, "open": 0}
    assert seen[-1] == (16, 8)
    errors = [error for _, _, error in found.failures()]
    assert all(error.startswith("BudgetError: ") for error in errors)
    failed = found.factor("budget.events") == 10
    assert np.isnan(found.response("throughput")[failed]).all()
    assert not np.isnan(found.response("throughput")[~failed]).any()
    assert made(study, out)[0] == 0  # it would fail again


def test_an_outcome_says_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = twin.load(PLANT)
    assert run_job(Job(scenario, 0, {"units.sort.rate": "1 t"})).error.startswith("ScenarioError: <change> units.sort.rate: a mass per time is needed")
    ended: dict[type[BaseException], str] = {ZeroDivisionError: "failed", MemoryError: "lost", OSError: "lost"}
    for error, status in ended.items():

        def broken(*args: object, error: type[BaseException] = error, **more: object) -> None:
            raise error("a defect")

        monkeypatch.setattr(simulate, "run", broken)
        outcome = run_job(Job(scenario))
        assert (outcome.status, outcome.error, outcome.kpis) == (status, f"{error.__name__}: a defect", None)

    def interrupted(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_job(Job(scenario))


@pytest.mark.soak
def test_a_lost_run_is_made_again(tmp_path: Path) -> None:
    class Losing(Serial):
        def run(self, jobs: Any) -> Any:
            for index, outcome in super().run(jobs):
                yield index, Outcome(None, "WorkerLost: killed", status="lost") if index == 3 else outcome

    study, out = write(tmp_path), tmp_path / "s.h5"
    assert sweep(study, out, executor=Losing()).counts["lost"] == 1
    count, found = made(study, out)
    assert (count, found.counts["done"]) == (1, 16)


def test_equal_points_are_run_once(tmp_path: Path) -> None:
    text = STUDY.replace("units.sort.rate: {uniform: [1 t/h, 3 t/h]}", "units.sort.rate: {list: [1 t/h, 1 t/h, 2 t/h]}").replace("sobol: 8", "grid: {}")
    seen: list[Advance] = []
    counting = Counting()
    found = sweep(write(tmp_path, text), tmp_path / "s.h5", executor=counting, progress=seen.append)
    assert (len(counting.jobs), found.points, found.counts["done"], seen[-1].total) == (8, 6, 12, 8)
    assert found.response("throughput")[0].tolist() == found.response("throughput")[2].tolist()


@pytest.mark.soak
def test_an_unknown_response_is_found_at_the_first_result(tmp_path: Path) -> None:
    study = write(tmp_path, STUDY.replace("recovery.good", "recovry.good"))
    counting = Counting()
    with pytest.raises(ScenarioError, match=r"study.yaml:9:25 responses.1: no key figure 'recovry.good'; did you mean 'recovery.good'\?"):
        sweep(study, tmp_path / "s.h5", executor=counting)
    assert len(counting.jobs) == 1
    assert made(write(tmp_path), tmp_path / "s.h5")[0] == 15  # what had finished is kept


def test_all_responses_are_asked_for_by_default(tmp_path: Path) -> None:
    text = STUDY.replace("[throughput, recovery.good]", "all").replace("sobol: 8", "sobol: 2")
    found = sweep(write(tmp_path, text), tmp_path / "s.h5", executor="serial")
    assert found.responses == tuple(found.all_responses)
    assert [row.name for row in found.table] == list(found.responses)
    assert len(found.responses) > 20


def test_whole_results_can_be_kept(tmp_path: Path) -> None:
    study, out, folder = write(tmp_path, STUDY.replace("sobol: 8", "sobol: 2")), tmp_path / "s.h5", tmp_path / "runs"
    count, found = made(study, out, keep_runs=folder)
    assert count == 4
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["study-p00000-r0.h5", "study-p00000-r1.h5", "study-p00001-r0.h5", "study-p00001-r1.h5"]
    with twin.open(folder / names[3]) as result:
        assert result.digest == found.array("digest")[3]
        assert result.kpis["throughput"].value == found.response("throughput")[1, 1]
    (folder / names[2]).unlink()
    assert made(study, out, keep_runs=folder)[0] == 1
    assert made(study, out)[0] == 0


def test_other_files_are_not_replaced(tmp_path: Path) -> None:
    study = write(tmp_path)
    (tmp_path / "text.h5").write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match=r"will not replace .*text.h5: it is not a study file of twin"):
        sweep(study, tmp_path / "text.h5", executor="serial")
    twin.run(twin.load(PLANT), out=tmp_path / "run.h5").close()
    with pytest.raises(FileError, match="will not replace"):
        sweep(study, tmp_path / "run.h5", executor="serial")
    with pytest.raises(FileError, match=r"the folder .* does not exist"):
        sweep(study, tmp_path / "none" / "s.h5", executor="serial")
    with pytest.raises(FileError, match="is no study file"):
        Study(tmp_path / "run.h5")
    with pytest.raises(FileError, match="No such file"):
        Study(tmp_path / "none.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plant.yaml", "run.h5", "study.yaml", "text.h5"]


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    sweep(write(tmp_path, STUDY.replace("sobol: 8", "sobol: 2")), out, executor="serial")
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 1
    out.write_bytes(content)
    with pytest.raises(FileError, match="is damaged"):
        Study(out)
    with pytest.raises(FileError, match="and is damaged"):
        sweep(write(tmp_path), out, executor="serial")


def test_two_sweeps_of_one_file(tmp_path: Path) -> None:
    with Journal(tmp_path / "s.h5.journal"), pytest.raises(UsageError, match=r"another sweep is at work on .*s\.h5"):
        sweep(write(tmp_path), tmp_path / "s.h5", executor="serial")


def row(key: str, value: float = 1.0) -> Row:
    kpis = {"throughput": Kpi(value, "kg/s")}
    return Row(key, Outcome(kpis, "", "d", 3, 1, 0.25))


def test_a_journal_keeps_every_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    rows = [row("a", 0.1 + 0.2), row("b", float("nan")), row("a", 5e-324)]
    with Journal(path) as journal:
        for one in rows:
            journal.append(one)
    whole = path.read_bytes()
    for cut in range(len(whole) - 40, len(whole) + 1):
        path.write_bytes(whole[:cut])
        with Journal(path) as journal:
            assert list(journal.places) == ["a", "b"]
            last = journal.row("a").outcome.kpis
            assert last is not None
            assert last["throughput"].value == (5e-324 if cut == len(whole) else 0.1 + 0.2)
            journal.append(row("c"))
            assert journal.row("c") == row("c")
        with Journal(path) as journal:
            assert list(journal.places) == ["a", "b", "c"]


def test_an_empty_journal_leaves_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"):
        pass
    assert not (tmp_path / "j").exists()


def wait_for(journal: Path, lines: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_killed_twice_it_equals_an_undisturbed_one(tmp_path: Path, swept: Study, executor: str) -> None:
    study, out = write(tmp_path), tmp_path / "s.h5"
    journal = tmp_path / "s.h5.journal"
    for lines in (3, 9):
        process = start("-c", PROGRAM, str(study), str(out), executor)
        wait_for(journal, lines, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not out.exists()
    finished = journal.read_bytes().count(b"\n") - 1  # the first line is the journal's own
    count, found = made(study, out)
    assert count == 16 - finished  # nothing that had finished is made again
    assert found.digest == swept.digest
    with h5py.File(out) as a, h5py.File(swept.path) as b:
        for name in b:
            if isinstance(b[name], h5py.Dataset) and name not in ("cpu", "run"):
                assert np.array_equal(a[name][()], b[name][()], equal_nan=b[name].dtype.kind == "f"), name
    assert not journal.exists()


@pytest.mark.slow
def test_ctrl_c_keeps_what_has_finished(tmp_path: Path, swept: Study) -> None:
    study, out = write(tmp_path), tmp_path / "s.h5"
    program = "import sys; from twin.cli.sweep import add_parser, run; import argparse; p = argparse.ArgumentParser(); add_parser(p.add_subparsers()); sys.exit(run(p.parse_args(sys.argv[1:])))"
    process = start("-c", program, "sweep", str(study), "-o", str(out))
    wait_for(tmp_path / "s.h5.journal", 3, process)
    os.kill(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed == ""
    found = Study(out)
    assert errors == f"interrupted: {found.counts['done']} of 16 runs are kept in {out}; the same command goes on from there\n"
    assert not found.complete
    assert found.counts["open"] == 16 - found.counts["done"]
    assert not (tmp_path / "s.h5.journal").exists()
    process = start("-c", program, "sweep", str(study), "-o", str(out), "--json", "--executor", "serial")
    printed, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    told = json.loads(printed)
    assert told["digest"] == swept.digest
    assert told["reused"] == found.counts["done"]
    assert told["runs"] == {"done": 16, "failed": 0, "lost": 0, "open": 0}


def test_a_study_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    study = {"study": 1, "kind": "terminating", "vary": {"units.sort.rate": {"list": ["1 t/h", "2 t/h"]}}, "name": "pair"}
    found = sweep(study, base=twin.load(PLANT), executor="serial")
    assert found.path == Path("pair.h5")
    assert found.response("throughput").shape == (2, 1)
    assert load_study(study, base=twin.load(PLANT)).sha256 == found.attrs["study_sha256"]
    with pytest.raises(UsageError, match=r"no 'throughptu' in pair.h5; did you mean 'throughput'\?"):
        found.response("throughptu")
    with pytest.raises(UsageError, match="no array 'nothing'"):
        found.array("nothing")
