"""Runs that follow one another in a process: what did not change is not done again, and nothing of one run gets into the next."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import twin
from twin.kernels.sizing import SCREEN
from twin.quantities import _parsed
from twin.scenario.yaml_text import _entry
from twin.study.runs import Job, run_job
from twin.units.lines import prepared

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"
SHORT = {"time.horizon": "1 h", "time.warmup": "0 h"}
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"lot": "250 kg"},
    {"units.shredder.wear.per": "700 kg"},  # parameters change during the run
    {"units.sorter_a.count": 2, "materials.pcb.assay.Cu": "21 %"},
    {"seed": 8},
)


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    scenario = twin.load(WEEE)
    return [Job(scenario, number % 2, {**SHORT, **changes}) for number, changes in enumerate(CHANGES)]


def forget() -> None:
    """Make this process know no more than one that has just begun."""
    prepared.remembering.cache_clear()
    prepared._last.clear()
    _entry.cache_clear()
    _parsed.cache_clear()


@pytest.fixture
def prepares(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the modules whose kernels are prepared, one for each time."""
    found: list[str] = []
    made = prepared._Remembered.__init__

    def counting(self: Any, prepare: Any) -> None:
        made(self, lambda *arguments: (found.append(prepare.__module__.rpartition(".")[2]), prepare(*arguments))[1])

    monkeypatch.setattr(prepared._Remembered, "__init__", counting)
    forget()
    yield found
    forget()


def test_the_order_of_runs_does_not_matter(jobs: list[Job]) -> None:
    alone = []
    for job in jobs:
        forget()
        alone.append(run_job(job).digest)
    assert len(dict.fromkeys(alone)) == len(jobs) and "" not in alone
    forget()
    for order in (jobs[::-1], jobs[1::2] + jobs[::2]):
        assert {id(job): run_job(job).digest for job in order} == dict(zip(map(id, jobs), alone, strict=True))


@pytest.mark.soak
def test_a_process_of_its_own_gives_the_same(jobs: list[Job]) -> None:
    code = (
        "import json, sys; import twin; from twin.study.runs import Job, run_job\n"
        "path, replication, changes = json.loads(sys.argv[1]); print(run_job(Job(twin.load(path), replication, changes)).digest)"
    )
    for job in jobs:
        arguments = json.dumps([str(WEEE), job.replication, dict(job.changes)])
        fresh = subprocess.run([sys.executable, "-c", code, arguments], capture_output=True, text=True, check=True).stdout.strip()
        assert run_job(job).digest == fresh


def test_only_machines_that_changed_are_prepared_anew(jobs: list[Job], prepares: list[str]) -> None:
    first = jobs[0]
    assert run_job(first).error == "" and len(prepares) == 17  # 17 machines
    prepares.clear()
    for more in ({}, {"lot": "250 kg"}, {"seed": 9}, {"units.yard.capacity": "90 t"}):
        assert run_job(Job(first.scenario, 0, {**SHORT, **more})).error == ""
    assert prepares == []
    assert run_job(Job(first.scenario, 0, {**SHORT, "units.sifter.velocity": "6.5 m/s"})).error == ""
    assert prepares == ["air_classifier"]


def test_a_material_that_changes_is_seen(jobs: list[Job], prepares: list[str]) -> None:
    for more in ({}, {"materials.plastics.density": "1150 kg/m3"}):
        assert run_job(Job(jobs[0].scenario, 0, {**SHORT, **more})).error == ""
    assert len(prepares) == 2 * 17


def test_kernels_of_others_are_prepared_each_time() -> None:
    def forgotten(values: Any, properties: Any, sizes: Any) -> Any:
        return np.zeros(1)

    other = replace(SCREEN, prepare=forgotten)
    assert prepared.remembering(other) is other
    assert prepared.remembering(SCREEN) is prepared.remembering(SCREEN) is not SCREEN


def test_a_run_of_a_study_makes_no_hdf5_file(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **options: Any) -> None:
        raise AssertionError("an HDF5 file is made")

    monkeypatch.setattr(h5py.File, "__init__", refused)
    outcome = run_job(jobs[0])
    assert outcome.error == "" and outcome.kpis is not None


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of machines whose every run has other parameters; the latest are kept."""
    calls: list[float] = []

    def prepare(values: Any, properties: Any, sizes: Any) -> Any:
        calls.append(values["x"])
        return np.full(1000, values["x"])

    remembered = prepared._Remembered(prepare)
    sizes = prepared.Sizes(*(np.ones(1) for _ in range(3)))
    for x in range(200):
        assert remembered({"x": float(x)}, {}, sizes)[0] == x
    assert len(remembered._found) == prepared.MOST and remembered._bytes == prepared.MOST * 8000
    remembered({"x": 199.0}, {}, sizes), remembered({"x": 0.0}, {}, sizes)
    assert calls == [*range(200), 0.0]
    monkeypatch.setattr(prepared, "MOST_BYTES", 20_000)
    remembered({"x": -0.0}, {}, sizes)
    assert len(remembered._found) == 2 and calls[-1] == 0.0 and str(calls[-1]) == "-0.0"
    with pytest.raises(ValueError, match="read-only"):
        remembered({"x": 0.0}, {}, sizes)[0] = 1.0
