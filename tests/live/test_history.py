"""The history: repeated, late, impossible readings; a second process beside the writer; a killed writer; disks and files that fail."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from twin.errors import FileError
from twin.live.history import History, HistoryReader
from twin.live.history.archive import archive
from twin.live.readings import Reading

T = 1_767_589_200.0


def rows_of(path: Path) -> list[Reading]:
    with HistoryReader(path) as reader:
        return [row.reading for row in reader.after()]


def test_what_is_repeated_late_or_impossible_is_told(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        first = history.append([Reading("A", T, 1.0, True, 0), Reading("A", T + 10, 2.0, True, 1), Reading("B", T, 5.0)], T + 1)
        assert tuple(first) == (3, 0, 0, 0, 3)
        again = history.append([Reading("A", T + 10, 2.0, True, 1), Reading("A", T + 11, 9.0, True, 1), Reading("B", T, 5.0), Reading("A", T + 5, 1.5)], T + 12)
        assert (again.stored, again.late, again.repeated) == (1, 1, 3)  # same time and count, same count, same time; and one late
        odd = history.append(
            [Reading("A", math.nan, 1.0), Reading("A", -5.0, 1.0), Reading("A", 1e18, 1.0), Reading("A", T + 20, math.nan), Reading("A", T + 21, math.inf)], T
        )
        assert (odd.stored, odd.refused) == (2, 3)
    found = rows_of(path)
    assert [r.value for r in found[:4]] == [1.0, 2.0, 5.0, 1.5]
    assert all(math.isnan(r.value) and not r.good for r in found[4:])
    with HistoryReader(path) as reader:
        assert reader.counts() == {"late": 1, "missing": 2, "refused": 3, "repeated": 3, "stored": 6}
        assert sum(note.kind == "refused" for note in reader.notes()) == 3
        assert [row.reading.time - T for row in reader.between(T, T + 11, block=2)] == [0.0, 0.0, 5.0, 10.0]


def test_two_trucks_at_one_moment_are_two(tmp_path: Path) -> None:
    with History(tmp_path / "h.sqlite") as history:
        assert history.append([Reading("TRUCK", T, 8.0, True, 0), Reading("TRUCK", T, 8.0, True, 1)], T).stored == 2
        assert history.append([Reading("TRUCK", T, 8.0, True, 1)], T).repeated == 1


def test_what_came_before_a_restart_is_known_after_it(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    block = [Reading("A", T + k, float(k), True, k) for k in range(10)]
    with History(path) as history:
        history.append(block, T)
    with History(path) as history:
        assert history.append(block, T).repeated == 10
        assert history.append([Reading("A", T + 4.5, 0.0)], T).late == 1
        restarted = history.append([Reading("A", T + 100 + k, float(k), True, k) for k in range(5)], T + 100)
        assert (restarted.stored, restarted.repeated) == (5, 0)  # a source that counts from 0 again was restarted
        assert history.append([Reading("A", T + 200, 3.0, True, 3)], T + 200).repeated == 1


def test_clock_skew_is_noted_once(tmp_path: Path) -> None:
    with History(tmp_path / "h.sqlite") as history:
        history.append([Reading("A", T + k, 1.0) for k in range(50)], T + 50)
        history.append([Reading("A", T + 1000 + k, 1.0) for k in range(50)], T + 51)
    with HistoryReader(tmp_path / "h.sqlite") as reader:
        clocks = [note for note in reader.notes() if note.kind == "clock"]
    assert len(clocks) == 1 and "before ours" in clocks[0].text


WRITER = """
import sys
from twin.live.history import History
from twin.live.readings import Reading
with History(sys.argv[1]) as history:
    k = 0
    while True:
        history.append([Reading("A", 1.7e9 + k + i, 1.0, True, k + i) for i in range(50)], 1.7e9)
        k += 50
        sys.stdout.write(f"{k}\\n"); sys.stdout.flush()
"""


def test_a_killed_writer_loses_nothing_acknowledged_and_a_reader_sees_whole_blocks(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    for trial in range(3):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        acknowledged = int(child.stdout.readline())
        with HistoryReader(path) as reader:  # beside the writer
            seen = len(reader.after(0, 10_000_000))
            assert seen >= acknowledged and seen % 50 == 0
        time.sleep(0.15 + 0.1 * trial)
        child.send_signal(signal.SIGKILL)
        lines = child.communicate(timeout=20)[0].split()
        acknowledged = int(lines[-1]) if lines else acknowledged
        with HistoryReader(path) as reader:
            found = reader.after(0, 10_000_000)
            assert reader.check() == "ok"
        assert len(found) >= acknowledged and len(found) % 50 == 0
        assert [row.reading.sequence for row in found] == list(range(len(found)))
        for leftover in tmp_path.iterdir():
            leftover.unlink()


def test_one_writer_only(tmp_path: Path) -> None:
    with History(tmp_path / "h.sqlite"), pytest.raises(FileError, match="another twin writes"):
        History(tmp_path / "h.sqlite")
    History(tmp_path / "h.sqlite").close()


def test_files_that_are_no_history(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("time,value\n" * 1000)
    with pytest.raises(FileError, match="no history"):
        History(tmp_path / "text")
    with pytest.raises(FileError, match="no history"):
        HistoryReader(tmp_path / "text")
    assert (tmp_path / "text").read_text().startswith("time")
    other = sqlite3.connect(tmp_path / "other")
    other.execute("create table x(y)")
    other.close()
    with pytest.raises(FileError, match="another program"):
        History(tmp_path / "other")
    with pytest.raises(FileError, match="no such history"):
        HistoryReader(tmp_path / "nowhere")
    with pytest.raises(FileError, match="folder"):
        History(tmp_path / "no" / "folder")
    with pytest.raises(FileError, match="no regular file"):
        History(tmp_path)


def test_a_full_disk_stores_nothing_of_the_block_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with History(tmp_path / "h.sqlite") as history:
        history.append([Reading("A", T, 1.0)], T)
        pages = history._connection.execute("pragma page_count").fetchone()[0]
        history._connection.execute(f"pragma max_page_count={pages}")
        block = [Reading(f"S{k % 7}", T + k, 1.0, True, k) for k in range(5000)]
        with pytest.raises(FileError, match="disk is full"):
            history.append(block, T)
        assert len(rows_of(tmp_path / "h.sqlite")) == 1
        history._connection.execute("pragma max_page_count=1000000")
        assert history.append(block, T).stored == 5000


def test_a_lock_of_another_program_is_told(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        history._connection.execute("pragma busy_timeout=50")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(FileError, match="locked by another"):
            history.append([Reading("A", T, 1.0)], T)
        other.execute("rollback")
        other.close()
        assert history.append([Reading("A", T, 1.0)], T).stored == 1


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with History(path) as history:
        for k in range(20):
            history.append([Reading("A", T + 500 * k + i, 1.0, True, 500 * k + i) for i in range(500)], T)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4)
        file.write(os.urandom(size // 2))
    with pytest.raises(FileError, match=r"damaged|no history"), History(path) as history:
        history.append([Reading("A", T + k + 0.5, 1.0) for k in range(0, 10_000, 7)], T)


def test_hostile_signal_names_are_data(tmp_path: Path) -> None:
    names = ["'; drop table readings; --", "\x00\x1b[2J", "a" * 10_000, "", "ü\u202e"]
    with History(tmp_path / "h.sqlite") as history:
        assert history.append([Reading(name, T, 1.0) for name in names], T).stored == len(names)
        assert history.append([Reading("\ud800", T, 1.0)], T).refused == 1
    assert [reading.signal for reading in rows_of(tmp_path / "h.sqlite")] == names


def test_an_archive_holds_what_the_history_holds(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    with History(tmp_path / "h.sqlite") as history:
        history.append([Reading("A", T + 1, 1.0, True, 1), Reading("A", T, math.nan, False, 0), Reading("B", T + 2, 3.0)], T + 5)
    assert archive(tmp_path / "h.sqlite", tmp_path / "h.parquet") == 3
    table = parquet.read_table(tmp_path / "h.parquet").to_pydict()
    assert table["time"] == [T, T + 1, T + 2] and table["value"] == [None, 1.0, 3.0] and table["good"] == [False, True, True]
    with pytest.raises(FileError):
        archive(tmp_path / "h.sqlite", tmp_path / "h.parquet")
