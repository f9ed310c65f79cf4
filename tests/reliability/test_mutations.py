"""What the fuzzer rests on: files are sealed right, cases are repeatable, and what may not be opened is seen to be."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import h5py
import pytest
import small
from forging import seal_again
from fuzz import COMMANDS, SHARES, WORK, Cases, Cut, Watch
from mutate import Original, mutate_hdf5
from reads import Reads

from twin.results.seal import is_intact


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> small.Files:
    return small.make(tmp_path_factory.mktemp("small"))


@pytest.mark.parametrize("which", ["result", "state", "results_of_study"])
def test_what_is_sealed_by_its_changes_has_the_digest_of_all_of_it(which: str, files: small.Files, tmp_path: Path) -> None:
    """But where a change made a large array or a link to nowhere, whose digest would take longer than the case, or cannot be made."""
    original = Original(getattr(files, which))
    (tmp_path / "foreign").write_bytes(bytes(4096))
    compared = 0
    for k in range(25):
        target = tmp_path / "it.h5"
        if not mutate_hdf5(original, target, tmp_path / "foreign", random.Random(k)):
            continue
        assert is_intact(target)
        with h5py.File(target, "r+") as file:
            sealed = [file.attrs.get(name) for name in ("digest", "state_digest")]
            if any(isinstance(item := file.get(name), h5py.Dataset) and item.nbytes > 1 << 24 for name in original.arrays):
                continue
            try:
                seal_again(file)
            except (KeyError, OSError, TypeError):
                continue
            assert [file.attrs.get(name) for name in ("digest", "state_digest")] == sealed, k
            compared += 1
    assert compared >= 15


def test_a_case_is_its_seed_and_its_number(files: small.Files, tmp_path: Path) -> None:
    """In whatever folder and order it is made, all but what HDF5 stamps."""
    first, second = (Cases(files, 3, tmp_path / name / "case") for name in ("a", "b") if (tmp_path / name).mkdir() is None)
    for case in (5, 4, 3, 2, 1, 0):
        again = second.make(case)
        contents = {path.name: path.read_bytes() for path in second.folder.iterdir() if path.suffix != ".h5"}
        assert first.make(case) == again
        assert {path.name: path.read_bytes() for path in first.folder.iterdir() if path.suffix != ".h5"} == contents


def test_every_kind_has_commands_and_a_share() -> None:
    assert set(SHARES) == set(COMMANDS)
    assert sum(SHARES.values()) == 100


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
def test_a_file_that_is_opened_below_python_is_seen(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_bytes(bytes(64))
    reads = Reads(foreign)
    assert reads.works
    assert not reads.take()
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", shape=(64,), dtype="u1", external=[(str(foreign), 0, 64)])
        file["x"][:4]
    assert reads.take()
    assert not reads.take()


def test_what_takes_long_is_cut(tmp_path: Path) -> None:
    (tmp_path / "foreign").write_bytes(bytes(64))
    watch = Watch(tmp_path / "foreign")
    counted = watch.count(lambda: None, int(0.6 * WORK))
    watch.begin()
    try:
        counted()
        with pytest.raises(Cut):
            counted()
    finally:
        watch.end()
