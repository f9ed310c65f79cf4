"""A run made again from its file: equal bits, within the tolerance, or where the two part."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

import twin
from twin.errors import FileError, UsageError
from twin.results.digest import file_digest
from twin.study.reproduce import reproduce

ROOT = Path(__file__).parents[2]
PLANT = """\
twin: 1
name: small
time: {horizon: 2 d}
lot: 200 kg
record: {every: 1 h, genealogy: true}
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 9 t}
  sort:
    {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}, failures: {mtbf: 6 h, mttr: 1 h}}
  good_out: {kind: product, from: sort.good}
  bad_out: {kind: product, from: sort.bad}
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "small.h5"
    twin.run(twin.load(PLANT), out=path, replication=2).close()
    return path


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    """Change a file and let it state the digest that it then has."""
    with h5py.File(path, "r+") as file:
        change(file)
        file.attrs["digest"] = file_digest(file, file.attrs["scenario_sha256"])


def scale(name: str, place: Any, factor: float) -> Callable[[Any], object]:
    def change(file: Any) -> None:
        file[name][place] = file[name][place] * factor

    return change


def test_equal_to_the_last_bit(made: Path) -> None:
    before = made.read_bytes()
    found = reproduce(made)
    assert (found.verdict, found.reproduced, found.arrays, found.first, found.changes) == ("equal", True, (), "", ())
    assert found.digests[0] == found.digests[1]
    assert found.events[0] == found.events[1] > 100
    assert made.read_bytes() == before


def test_a_scenario_with_a_catalogue_and_another_seed_needs_nothing_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "line.h5"
    scenario = twin.load(ROOT / "scenarios" / "weee_line.yaml").change({"time.horizon": "60 h", "seed": 99})
    twin.run(scenario, out=path).close()
    assert reproduce(path).verdict == "equal"


@pytest.mark.soak
def test_a_last_bit_passes_and_is_said(made: Path) -> None:
    rewrite(made, scale("gates/product_mass", (10, 0), 1 + 4e-16))
    found = reproduce(made)
    assert (found.verdict, found.first) == ("close", "")
    assert [array.name for array in found.arrays] == ["gates/product_mass"]
    assert 0 < found.largest < 1e-15
    assert found.arrays[0].where == "11 h, good_out"


@pytest.mark.soak
def test_what_is_nearly_nothing_does_not_count(made: Path) -> None:
    rewrite(made, scale("balance/material_residual", 0, 3.0))
    rewrite(made, lambda file: file["balance/material_residual"].write_direct(file["balance/material_residual"][...] + 1e-12))
    found = reproduce(made)
    assert found.verdict == "close"
    assert found.largest < 1e-13


@pytest.mark.soak
def test_a_changed_number_is_found_where_it_stands(made: Path) -> None:
    rewrite(made, scale("units/level", (12, 0), 1.5))
    found = reproduce(made)
    assert (found.verdict, found.reproduced) == ("different", False)
    assert found.arrays[0].name == "units/level"
    assert found.arrays[0].where == "13 h, yard"
    assert found.first == "record step 12, which ends at 13 h: units/level"


@pytest.mark.soak
def test_a_changed_event_is_the_first_that_differs(made: Path) -> None:
    def change(file: Any) -> None:
        file["events/event_time"][1] += 5_000_000_000

    rewrite(made, change)
    found = reproduce(made)
    assert found.verdict == "different"
    assert found.first.startswith("event 1: ")
    there, here = found.first.removeprefix("event 1: ").removesuffix(" here").split(" there, ")
    assert there.split(" ", 2)[2] == here.split(" ", 2)[2]
    assert float(there.split()[0]) == pytest.approx(float(here.split()[0]) + 5)


@pytest.mark.soak
def test_a_lot_that_differs_is_named(made: Path) -> None:
    rewrite(made, scale("lots/mass", (3, 0), 1.001))
    assert reproduce(made).first.startswith("lots row 3: ")


@pytest.mark.soak
def test_an_event_count_that_differs_does_not_pass(made: Path) -> None:
    rewrite(made, lambda file: (file.attrs.modify("events", file.attrs["events"] + 1), scale("units/level", (12, 0), 1 + 4e-16)(file)))
    found = reproduce(made)
    assert found.verdict == "different"
    assert found.events[0] == found.events[1] + 1


@pytest.mark.soak
def test_another_replication_than_stated(made: Path) -> None:
    with h5py.File(made, "r+") as file:
        file.attrs["replication"] = 0
    found = reproduce(made)
    assert found.verdict == "different"
    assert found.first.startswith("event 0: ")


def test_versions_and_sources_that_changed_are_named(made: Path) -> None:
    def change(file: Any) -> None:
        file.attrs["platform"] = file.attrs["platform"].replace('"numpy": "', '"numpy": "0.')
        file.attrs["code_sha256"] = "0" * 64

    rewrite(made, change)
    found = reproduce(made)
    assert found.verdict == "equal"
    assert [change.split()[0] for change in found.changes] == ["numpy", "the"]
    assert found.changes[1] == "the sources of twin have changed"


@pytest.mark.soak
def test_a_parameter_that_is_read_otherwise_is_named(made: Path) -> None:
    with twin.open(made) as result:
        k = list(result.array("parameters/path")).index("lot")
    rewrite(made, scale("parameters/value", k, 2.0))
    assert "lot 400 there, 200 here" in reproduce(made).changes


def test_a_seed_that_the_scenario_has_not(made: Path) -> None:
    with h5py.File(made, "r+") as file:
        file.attrs["seed"] = 12
    with pytest.raises(FileError, match="states the seed 12, but the scenario in it has"):
        reproduce(made)


def test_a_damaged_file_and_a_saved_state_are_refused(made: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.h5"
    twin.run_until(twin.load(PLANT), 3600.0 * 12, state)
    with pytest.raises(FileError, match="it is a saved state; 'twin resume' goes on from it"):
        reproduce(state)
    with h5py.File(made, "r+") as file:
        file["units/level"][0] = 7.0
    with pytest.raises(FileError, match="damaged or was changed"):
        reproduce(made)


def test_a_resumed_run_is_reproduced_but_not_one_resumed_with_other_code(tmp_path: Path) -> None:
    state, path = tmp_path / "state.h5", tmp_path / "whole.h5"
    twin.run_until(twin.load(PLANT), 3600.0 * 12, state)
    twin.resume(state, out=path).close()
    assert reproduce(path).verdict == "equal"
    with h5py.File(path, "r+") as file:
        file.attrs["resumed_with_other_code"] = "numpy 1 there, 2 here"
    with pytest.raises(UsageError, match="resumed with other code than it began with"):
        reproduce(path)


@pytest.mark.soak
@pytest.mark.slow
def test_a_processor_without_fma_and_avx2(tmp_path: Path) -> None:
    """The C library then computes exponentials otherwise: the run is equal to the last bit or within the tolerance, with as many events."""
    path = tmp_path / "other.h5"
    program = f"""
import twin
twin.run(twin.load({str(ROOT / "scenarios" / "weee_line.yaml")!r}).change({{"time.horizon": "4 d"}}), out={str(path)!r}).close()
"""
    environment = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"cannot run with GLIBC_TUNABLES: {done.stderr[-200:]}")
    found = reproduce(path)
    assert found.reproduced
    assert found.events[0] == found.events[1]
    assert found.largest < 1e-9
