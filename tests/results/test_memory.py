"""Runs in memory: everything reads as from an HDF5 file, without one, and long ones are packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from results_plant import new_writer, steps, write_run

from twin.results.digest import file_digest
from twin.results.layout import SERIES, VARIABLES
from twin.results.memory import MemoryArray
from twin.results.read import open_file


def test_everything_reads_as_from_a_file(tmp_path: Path) -> None:
    """Arrays with their types, labels, units, attributes of the root, groups and what is in them, sums."""
    with write_run(None) as memory, write_run(tmp_path / "a.h5") as result:
        assert memory.groups == result.groups
        for group in ("", *result.groups):
            assert memory.variables(group) == result.variables(group), group
        for name in (*(variable.path for variable in VARIABLES), "time", "time_bounds", "size", "size_bounds", "summary/kpi", "unit"):
            one, other = np.asarray(memory.array(name)), np.asarray(result.array(name))
            assert one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
            assert memory.unit(name) == result.unit(name) and memory.dims(name) == result.dims(name), name
        changing = ("created", "digest")
        assert {k: v for k, v in memory.attrs.items() if k not in changing} == {k: v for k, v in result.attrs.items() if k not in changing}
        assert repr(dict(memory.kpis)) == repr(dict(result.kpis))
    with open_file(tmp_path / "a.h5") as again, write_run(None) as memory:
        assert repr(memory.totals) == repr(again.totals)  # those of the writer, and those summed from the file


def test_a_run_in_memory_makes_no_hdf5_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **options: Any) -> None:
        raise AssertionError("an HDF5 file is made")

    monkeypatch.setattr(h5py.File, "__init__", refused)
    assert len(write_run(None).kpis) > 10


def test_the_sums_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key figures and findings of the run that was just made rest on one summing up of its record steps."""
    read: list[str] = []
    monkeypatch.setattr("twin.results.read.Tally.add_file", lambda self, file: read.append("read again"))
    with write_run(None) as memory:
        read.clear()
        assert memory.totals.processed() > 0.0 and not read


def test_rows_that_are_done_with_are_packed(tmp_path: Path) -> None:
    """3000 steps come in blocks; those before the last take less than their bytes, and read back to the last bit."""
    with new_writer(None) as writer:
        for first in range(0, 3000, 500):
            writer.append(steps(first, 500))
        memory = writer.finish({})
    dataset = memory._file["streams/element_flow"]
    kinds = [type(part) for part in dataset._parts]
    assert len(kinds) > 2 and kinds[:-1] == [bytes] * (len(kinds) - 1)
    assert sum(len(part) for part in dataset._parts[:-1]) < 0.7 * dataset.size * 8
    with new_writer(tmp_path / "a.h5") as writer:
        writer.append(steps(0, 3000))
        result = writer.finish({})
    with result, memory:
        assert memory.digest == result.digest == file_digest(memory._file, "ab" * 32)
        for variable in SERIES:
            assert np.array_equal(memory.array(variable.path), result.array(variable.path)), variable.path


@pytest.mark.parametrize("kind", ["f8", "f4", "i8", "S5"])
def test_rows_of_any_type_come_back(kind: str) -> None:
    """Rows that were never written hold zeros or empty texts, as in HDF5."""
    array = MemoryArray((0, 3), kind, None)
    values = (np.arange(90_000) * 7919 % 10_007).reshape(-1, 3).astype(kind)
    for start in (0, 10_000):
        array.resize(start + 10_000)
        array[start : start + 10_000] = values[start : start + 10_000]
    array.resize(30_000)
    assert isinstance(array._parts[0], bytes) and array.shape == (30_000, 3) and array.size == 90_000
    assert np.array_equal(array[:20_000], values[:20_000]) and not np.any(array[20_000:] != np.zeros((), kind))
    with pytest.raises(AssertionError):
        array[0:5] = values[:5]
