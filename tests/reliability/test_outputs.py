"""One rule for all outputs: what is no file of that kind stays as it is, whatever it is; the command says so in a line and ends with exit code 2."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import small
from sweep_small import digest_of, journal_rows

from twin.cli import main
from twin.results import temporary as temporaries
from twin.results.temporary import remove_stale, temporary_for

COMMANDS = {
    "run": ["run", "{scenario}", "-o", "{out}"],
    "state": ["run", "{scenario}", "--until", "1 d", "--save", "{out}"],
    "resume": ["resume", "{state}", "-o", "{out}"],
    "replications": ["run", "{scenario}", "--replications", "1", "-o", "{out}", "--executor", "serial"],
    "report": ["report", "{result}", "-o", "{out}"],
    "bundle": ["bundle", "{result}", "-o", "{out}"],
    "sweep": ["sweep", "{study}", "-o", "{out}", "--executor", "serial"],
    "journal": ["sweep", "{study}", "-o", "{unjournalled}", "--executor", "serial"],
    "schema": ["schema", "-o", "{out}"],
    "reconciliation": ["reconcile", "{readings}", "-o", "{out}"],
    "values": ["reconcile", "{readings}", "--csv", "{out}"],
    "audit": ["reconcile", "{readings}", "--audit", "{out}"],
    "new": ["new", "{out}"],
    "pdf": ["report", "{result}", "-o", "{page}", "--pdf"],
    "figure": ["sensitivity", "{results_of_study}", "--figure", "{out}"],
    "figures": ["report", "{result}", "-o", "{page}", "--figures", "{above}"],
}
NAMES = {"journal": "s.h5.journal", "pdf": "page.pdf", "figure": "bars.svg", "figures": "flowsheet.svg", "replications": "out-r0.h5"}


def fifo(path: Path) -> None:
    os.mkfifo(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def link(path: Path) -> None:
    precious = path.with_name("precious")
    precious.write_text("mine", encoding="utf-8")
    path.symlink_to(precious)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("a device can be made by root only")


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "not "),
    "text": (lambda path: path.write_text("mine", encoding="utf-8"), "not "),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "link": (link, "a link"),
    "dangling": (dangling, "a link"),
    "fifo": (fifo, "a pipe"),
    "socket": (unix_socket, "a socket"),
    "device": (device, "a device"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> small.Files:
    return small.make(tmp_path_factory.mktemp("outputs"))


def arguments(command: str, files: small.Files, folder: Path) -> tuple[list[str], Path]:
    """The command line, and the place that is in its way."""
    at = folder / NAMES.get(command, "out")
    known = {**vars(files), "out": at.with_name("out.h5") if command == "replications" else at, "page": folder / "page.html"}
    known |= {"unjournalled": folder / "s.h5", "above": folder, "readings": files.folder / "readings.yaml"}
    return [part.format(**known) for part in COMMANDS[command]], at


@pytest.mark.sampled(40)
@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_ours_stays(
    command: str, kind: str, files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line, at = arguments(command, files, tmp_path)
    make, word = FOREIGN[kind]
    make(at)
    before = at.lstat()
    content = at.read_bytes() if kind in ("empty", "text", "link") else b""
    names = sorted(path.name for path in tmp_path.iterdir())
    assert main(line) == 2
    printed = capsys.readouterr()
    after = at.lstat()
    assert (after.st_mode, after.st_ino, after.st_mtime_ns) == (before.st_mode, before.st_ino, before.st_mtime_ns)
    assert not content or at.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    said = printed.err.strip().splitlines()
    assert len([text for text in said if text.startswith("twin:")]) == 1
    if command != "new":
        assert word in said[-1]
    assert str(at.name) in said[-1]


@pytest.mark.sampled(5)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:weasyprint")
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "new"])
def test_what_is_ours_is_replaced(command: str, files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line, at = arguments(command, files, tmp_path)
    for _ in range(2):
        assert main(line) == 0
    assert command == "journal" or at.is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".tmp", ".journal"))]


def test_folders_for_outputs_that_are_files_end_in_a_line(files: small.Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    for line in (
        ["sweep", str(files.study), "-o", str(tmp_path / "s.h5"), "--keep-runs", str(taken)],
        ["report", str(files.result), "-o", str(tmp_path / "a.html"), "--figures", str(taken)],
        ["compare", str(files.scenario), str(files.scenario), "-o", str(taken), "--replications", "2"],
    ):
        assert main(line) == 2
        assert capsys.readouterr().err.startswith("twin: cannot make the folder")
    assert taken.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_takes_no_file_ends_in_a_line(
    files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is read-only, also to root: the system call is refused as it would be there."""
    real = os.open

    def refused(path: object, flags: int, *more: object, **others: object) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(tmp_path)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refused)
    monkeypatch.chdir(tmp_path)
    for command in ("run", "report", "bundle", "sweep", "schema", "new", "resume"):
        line, _ = arguments(command, files, tmp_path)
        assert main(line) == 2, command
        printed = capsys.readouterr().err
        assert "Read-only file system" in printed, command
        assert "Traceback" not in printed, command


@pytest.mark.soak
def test_set_without_a_name_leaves_the_run_of_the_scenario(
    files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(files.scenario), "--json"]) == 0
    base = (tmp_path / "small.h5").read_bytes()
    capsys.readouterr()
    assert main(["run", str(files.scenario), "--json", "--set", "units.sort.rate=1 t/h"]) == 0
    printed = capsys.readouterr()
    other = json.loads(printed.out)["file"]
    assert (tmp_path / "small.h5").read_bytes() == base
    assert Path(other).name.startswith("small-set-")
    assert Path(other).name in printed.err
    assert main(["run", str(files.scenario), "--json", "--set", "units.sort.rate=1.5 t/h"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] != other
    several = ["run", str(files.scenario), "--json", "--replications", "1", "--executor", "serial"]
    assert main(several) == 0
    base = (tmp_path / "small-r0.h5").read_bytes()
    assert main([*several, "--set", "units.sort.rate=1 t/h"]) == 0
    assert (tmp_path / "small-r0.h5").read_bytes() == base
    assert (tmp_path / f"{Path(other).stem}-r0.h5").exists()


@pytest.mark.soak
def test_a_sweep_loses_nothing_to_a_disk_that_confirms_nothing(
    files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``fsync`` fails from the first row on: the journal keeps all runs, and the same command, on a sound disk, makes none of them again."""
    out = tmp_path / "s.h5"

    def fails(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    shutil.copyfile(files.results_of_study, out)  # something is there already, so that nothing unconfirmed may take its place
    before = out.read_bytes()
    other = small_other(files, tmp_path)
    line = ["sweep", str(other), "-o", str(out), "--executor", "serial", "--json"]
    with monkeypatch.context() as patched:
        patched.setattr("twin.study.journal.SYNC", -1.0)
        patched.setattr(os, "fsync", fails)
        assert main(line) == 2
    assert out.read_bytes() == before
    assert journal_rows(tmp_path / "s.h5.journal") == 8
    capsys.readouterr()
    assert main(line) == 0
    assert json.loads(capsys.readouterr().out)["reused"] == 8
    assert main([*line[:3], str(tmp_path / "t.h5"), *line[4:]]) == 0
    assert digest_of(tmp_path / "t.h5") == digest_of(out)


def small_other(files: small.Files, folder: Path) -> Path:
    """The same study of a plant that differs, so that no run is found finished."""
    for name in ("trucks.csv", "stuff.yaml"):
        shutil.copyfile(files.folder / name, folder / name)
    (folder / "small.yaml").write_text(small.PLANT.replace("seed: 3", "seed: 4"), encoding="utf-8")
    (folder / "study.yaml").write_text(small.STUDY, encoding="utf-8")
    return folder / "study.yaml"


def test_a_folder_or_link_named_like_a_temporary_blocks_nobody(files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = temporary_for(tmp_path / "out")
    stem = mine.name.rsplit("-", 2)[0]
    (tmp_path / f"{stem}-999999999-0.tmp").mkdir()
    precious = tmp_path / "precious"
    precious.write_text("mine", encoding="utf-8")
    (tmp_path / f"{stem}-999999999-1.tmp").symlink_to(precious)
    (tmp_path / f"{stem}-999999999-2.tmp").write_bytes(b"half")
    assert main(["run", str(files.scenario), "-o", str(tmp_path / "a.h5")]) == 0
    assert (tmp_path / f"{stem}-999999999-0.tmp").is_dir()
    assert (tmp_path / f"{stem}-999999999-1.tmp").is_symlink()
    assert precious.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / f"{stem}-999999999-2.tmp").exists()
    assert mine.exists()  # this process is at it
    temporaries.drop(mine)


def test_a_temporary_of_an_earlier_process_with_our_number_is_stale(tmp_path: Path) -> None:
    """In a container every command may have the same number."""
    mine = temporary_for(tmp_path / "out")
    old = mine.with_name(f"{mine.name.rsplit('-', 1)[0]}-987654.tmp")
    old.write_bytes(b"half")
    remove_stale(tmp_path)
    assert mine.exists()
    assert not old.exists()
    temporaries.drop(mine)
