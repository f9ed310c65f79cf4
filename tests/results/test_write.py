"""Writing: whatever the blocks, whatever goes wrong, the file is whole or the old one."""

from __future__ import annotations

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
from results_plant import ATTRS, AXES, ONCE, START, events, kpis_in, new_writer, steps, write_run

from twin.errors import FileError
from twin.results import check, write
from twin.results.guarded import uninterrupted
from twin.results.layout import SERIES
from twin.results.read import open_file, open_state
from twin.results.write import Writer

HERE = Path(__file__).parent


def temporaries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".tmp"))


def small(path: Path | None, block: int) -> Writer:
    """A writer that flushes after ``block`` steps, so that short tests cross many blocks."""
    writer = new_writer(path)
    writer._file.attrs["rows_at_once"] = block
    writer._attach()
    return writer


def in_child(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    paths = [str(HERE), str(HERE.parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, **options)


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    with write_run(tmp_path / "a.h5", 20, 7) as result:
        whole = steps(0, 20)
        for variable in SERIES:
            assert np.array_equal(result.array(variable.path), whole[variable.path]), variable.path
        assert result.array("time").tolist() == [900.0 * (step + 1) for step in range(20)]
        assert result.array("events/what").tolist() == ["event 0 für", "event 1 für", "event 2 für"]
        assert result.array("balance/initial").tolist() == [1.0] * 34
        assert np.isnan(result.array("balance/out")).all()
        assert result.array("units/range_warnings")[2, 0] == 2
    assert not temporaries(tmp_path)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("block", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("appended", [1, 3, 20])
def test_the_digest_does_not_depend_on_blocks_or_medium(tmp_path: Path, block: int, appended: int) -> None:
    expected = write_run(None).digest
    with small(tmp_path / "a.h5", block) as writer:
        for first in range(0, 20, appended):
            writer.append(steps(first, min(appended, 20 - first)))
        for number in range(3):
            writer.append_rows("events", events(1, number))
        result = writer.finish(ONCE)
    with result:
        assert result.digest == expected


def test_the_same_run_gives_the_same_bytes_but_for_the_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.results.write.now_text", lambda: "2026-01-01T00:00:00+00:00")  # else the two may fall in different seconds
    for name in ("a.h5", "b.h5"):
        with new_writer(tmp_path / name) as writer:
            writer.append(steps(0, 20))
            writer.finish(ONCE, {"created": "2026-01-01"}).close()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("stop", [0, 1, 4, 5, 19])
@pytest.mark.parametrize("block", [1, 4, 16])
def test_a_resumed_run_has_the_digest_of_the_undisturbed_one(tmp_path: Path, stop: int, block: int) -> None:
    state = {"clock": 12345678901234567890, "level": np.arange(3.0)}
    with small(tmp_path / "state.h5", block) as writer:
        if stop:
            writer.append(steps(0, stop))
        writer.append_rows("events", events(2))
        writer.save(state, {name: ONCE[name] for name in ("scenario/yaml", "scenario/file_name", "scenario/file_text")})
    with pytest.raises(FileError, match="not complete: it is a saved state"):
        open_file(tmp_path / "state.h5")
    with open_state(tmp_path / "state.h5") as saved:
        assert saved.state["clock"] == state["clock"] and saved.state["level"].tolist() == [0, 1, 2]
        assert saved.scenario == ONCE["scenario/yaml"] and saved.files == {"feed.csv": "a,b\n1,2\n"}
    for target in (tmp_path / "full.h5", tmp_path / "state.h5", None):
        with Writer.resume(tmp_path / "state.h5", target, {"forced": "yes"}) as writer:
            writer.append(steps(stop, 20 - stop))
            writer.append_rows("events", events(1, 2))
            result = writer.finish(ONCE)
        with result:
            assert result.digest == write_run(None).digest
            assert result.attrs["forced"] == "yes" and result.attrs["complete"]
        if target == tmp_path / "state.h5":
            break


def test_a_finished_run_is_digested_once_and_looked_at_only_if_it_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was just written is not checked as what somebody sent; a file that took its place in that instant is."""
    done: list[str] = []
    digest, structure = write.file_digest, check.check_structure
    monkeypatch.setattr(write, "file_digest", lambda *arguments: (done.append("digest"), digest(*arguments))[1])
    monkeypatch.setattr(check, "check_structure", lambda *arguments: (done.append("structure"), structure(*arguments))[1])
    write_run(tmp_path / "a.h5").close()
    assert done == ["digest"]
    put_in_place = write.put_in_place

    def replaced(temporary: Path, target: Path, sort: Any) -> None:
        put_in_place(temporary, target, sort)
        with h5py.File(target, "r+") as file:
            file.attrs["digest"] = "another"

    monkeypatch.setattr(write, "put_in_place", replaced)
    write_run(tmp_path / "a.h5").close()
    assert done == ["digest", "digest", "structure"]


def test_the_kpis_written_are_those_of_the_arrays(tmp_path: Path) -> None:
    with small(tmp_path / "a.h5", 4) as writer:
        writer.append(steps(0, 3))
        writer.append(steps(3, 17))
        result = writer.finish(ONCE)
    with result, h5py.File(tmp_path / "a.h5") as file:
        again = kpis_in(file)
        assert list(again) == list(result.kpis)
        assert repr([kpi.value for kpi in again.values()]) == repr([kpi.value for kpi in result.kpis.values()])


def test_long_texts_are_cut_at_a_character(tmp_path: Path) -> None:
    with new_writer(tmp_path / "a.h5") as writer:
        writer.append_rows("events", {"event_time": [1], "event_unit": ["mill"], "what": ["ü" * 500]})
        result = writer.finish(ONCE)
    with result:
        assert result.array("events/what")[0] == "ü" * 98 + "…"


def test_lots_and_batches_take_their_second_axis(tmp_path: Path) -> None:
    with new_writer(tmp_path / "a.h5") as writer:
        for start in (0, 1500):
            numbers = np.arange(start, start + 1500)
            columns = {"lot": numbers + 1, "parent": numbers, "mass": np.outer(numbers, [1.0, 2.0]), "at_unit": ["mill"] * 1500, "at_time": numbers // 2}
            columns["element_mass"] = np.outer(numbers, np.ones(len(AXES["element"])))
            writer.append_rows("lots", columns)
        result = writer.finish(ONCE)
    with result:
        assert result.array("lots/mass").shape == (3000, 2) and result.array("lots/mass")[2999].tolist() == [2999, 5998]
        assert result.array("lots/lot").tolist() == list(range(1, 3001))


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ({"streams/nothing": [1.0]}, KeyError),
        ({"streams/mass_flow": np.ones((1, 2))}, ValueError),
        ({"streams/mass_flow": np.ones((2, 5, 2))}, ValueError),
    ],
)
def test_a_block_of_the_wrong_shape_is_refused(block: dict[str, Any], error: type[Exception]) -> None:
    with new_writer(None) as writer, pytest.raises(error):
        writer.append({"time": [900.0], "time_bounds": [[0.0, 900.0]], **block})


def test_rows_must_be_whole() -> None:
    with new_writer(None) as writer:
        with pytest.raises(KeyError, match="needs the columns event_time, event_unit, what"):
            writer.append_rows("events", {"what": ["x"]})
        with pytest.raises(ValueError, match="different lengths"):
            writer.append_rows("events", {"event_time": [1], "event_unit": ["mill"], "what": []})
        with pytest.raises(KeyError, match="written once"):
            writer.finish({"streams/mass_flow": []})


def test_an_exception_leaves_the_old_file(tmp_path: Path) -> None:
    write_run(tmp_path / "a.h5").close()
    before = (tmp_path / "a.h5").read_bytes()
    with pytest.raises(RuntimeError, match="mine"), new_writer(tmp_path / "a.h5") as writer:
        writer.append(steps(0, 3))
        raise RuntimeError("mine")
    assert (tmp_path / "a.h5").read_bytes() == before
    assert not temporaries(tmp_path)


def test_a_finished_file_replaces_an_older_one(tmp_path: Path) -> None:
    write_run(tmp_path / "a.h5", 5).close()
    write_run(tmp_path / "a.h5", 9).close()
    with open_file(tmp_path / "a.h5") as result:
        assert len(result.array("time")) == 9


def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.h5").symlink_to(tmp_path / "real" / "a.h5")
    for _ in range(2):  # dangling, then of a results file
        with pytest.raises(FileError, match=r"will not replace .*link\.h5: it is a link"):
            write_run(tmp_path / "link.h5")
        assert (tmp_path / "link.h5").is_symlink()
        write_run(tmp_path / "real" / "a.h5").close()


@pytest.mark.parametrize("content", [b"", b"important text", b"\x89HDF\r\n\x1a\n broken"])
def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    with pytest.raises(FileError, match=r"will not replace .*not a results file of twin; give another name with -o"):
        new_writer(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_bytes() == content
    assert not temporaries(tmp_path)


def test_a_foreign_file_that_appears_during_the_run_is_not_replaced(tmp_path: Path) -> None:
    with new_writer(tmp_path / "a.h5") as writer:
        (tmp_path / "a.h5").write_text("mine")
        with pytest.raises(FileError, match="will not replace"):
            writer.finish(ONCE)
    assert (tmp_path / "a.h5").read_text() == "mine" and not temporaries(tmp_path)


def test_a_foreign_hdf5_file_and_a_folder_are_not_replaced(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(FileError, match="not a results file of twin"):
        new_writer(tmp_path / "a.h5")
    with pytest.raises(FileError, match="it is a folder"):
        new_writer(tmp_path)
    with pytest.raises(FileError, match="does not exist; make it first"):
        new_writer(tmp_path / "no" / "a.h5")


def test_temporaries_of_dead_processes_are_removed(tmp_path: Path) -> None:
    child = in_child("pass")
    child.communicate()
    with new_writer(tmp_path / "a.h5") as writer:
        (mine,) = temporaries(tmp_path)
        parts = mine.removesuffix(".tmp").split("-")
        dead = "-".join([*parts[:3], str(child.pid), "0.tmp"])
        elsewhere = "-".join([*parts[:2], "00000000", str(child.pid), "0.tmp"])
        for name in (dead, elsewhere):
            (tmp_path / name).write_bytes(b"half")
        write_run(tmp_path / "b.h5").close()
        assert temporaries(tmp_path) == sorted([mine, elsewhere])
        writer.finish(ONCE).close()


ENDLESS = """
import sys
from results_plant import *
with new_writer(sys.argv[1]) as writer:
    print("begun", flush=True)
    first = 0
    while True:
        writer.append(steps(first, 64))
        first += 64
"""
FINISHING = """
import sys
from results_plant import *
print("begun", flush=True)
while True:
    write_run(sys.argv[1], 60).close()
"""


@pytest.mark.sampled(3)
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("code", "wait"), [(ENDLESS, 0.0), (ENDLESS, 0.3), (FINISHING, 0.05), (FINISHING, 0.11), (FINISHING, 0.17), (FINISHING, 0.23)])
def test_a_killed_run_leaves_the_old_file_or_the_new_one(tmp_path: Path, code: str, wait: float) -> None:
    write_run(tmp_path / "a.h5", 20).close()
    before = (tmp_path / "a.h5").read_bytes()
    child = in_child(code, str(tmp_path / "a.h5"))
    assert child.stdout is not None and child.stdout.readline() == "begun\n"
    time.sleep(wait)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    if code == ENDLESS:
        assert (tmp_path / "a.h5").read_bytes() == before
        assert len(temporaries(tmp_path)) == 1
    open_file(tmp_path / "a.h5").close()
    write_run(tmp_path / "a.h5").close()
    assert not temporaries(tmp_path)


LIMITED = """
import resource, sys
from results_plant import *
from twin.errors import FileError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    with new_writer(sys.argv[1]) as writer:
        for first in range(0, 20000, 500):
            writer.append(steps(first, 500))
        writer.finish(ONCE)
except FileError as error:
    print("refused:", error)
"""


@pytest.mark.sampled(3)
@pytest.mark.skipif(sys.platform != "linux", reason="size limits of Linux")
@pytest.mark.parametrize("limit", [0, 1000, 20_000, 200_000, 1_000_000, 5_000_000])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, limit: int) -> None:
    write_run(tmp_path / "a.h5", 20).close()
    before = (tmp_path / "a.h5").read_bytes()
    child = in_child(LIMITED, str(tmp_path / "a.h5"), str(limit))
    output, _ = child.communicate(timeout=120)
    assert "refused: cannot write" in output and "nothing was kept of this run" in output, output
    assert child.returncode == 0, output
    assert (tmp_path / "a.h5").read_bytes() == before
    assert not temporaries(tmp_path)


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.1, 0.15, 0.2])
def test_ctrl_c_cleans_up_wherever_it_comes(tmp_path: Path, wait: float) -> None:
    child = in_child(ENDLESS, str(tmp_path / "a.h5"))
    assert child.stdout is not None and child.stdout.readline() == "begun\n"
    time.sleep(wait)
    child.send_signal(signal.SIGINT)
    try:
        output, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    assert "KeyboardInterrupt" in output and "ignored" not in output
    assert not list(tmp_path.iterdir())


def test_an_interrupt_waits_until_hdf5_is_left() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            reached.append("inner")
        reached.append("outer")
    assert reached == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


MEMORY = """
import sys
from pathlib import Path
from results_plant import *
with new_writer(sys.argv[1]) as writer:
    for first in range(0, int(sys.argv[2]), 100):
        writer.append(steps(first, 100))
        writer.append_rows("events", events(100, first))
    writer.finish(ONCE)
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""
"""Prints the most memory that the process itself had, kB; ``ru_maxrss`` would count that of the process which started it, and hide what grows."""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="kB of Linux")
def test_memory_does_not_grow_with_the_horizon(tmp_path: Path) -> None:
    """80,000 more steps hold 300 MB of arrays; they may cost less than a twentieth of that. HDF5's own tables fill up to some 40 MB in the first 80,000."""
    peaks = []
    for count in ("80000", "160000"):
        output, _ = in_child(MEMORY, str(tmp_path / "a.h5"), count).communicate(timeout=120)
        peaks.append(int(output))
    assert peaks[1] - peaks[0] < 15_000, peaks


def test_numbers_too_long_for_hdf5_become_text() -> None:
    with Writer(None, AXES, START, {**ATTRS, "seed": 2**70, "nothing": None}) as writer:
        result = writer.finish(ONCE)
    assert result.attrs["seed"] == str(2**70) and "nothing" not in result.attrs
