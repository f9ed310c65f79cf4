"""Where the computer is short of something, a command works, or ends in one line with the right exit code; nothing of its own is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small

from twin.cli import main
from twin.cli.terminal import clean

TWIN = [sys.executable, "-m", "twin"]
HOSTILE = "a\x1b[2J\x1b]0;owned\x07b\x9b31mc\x7fd\u202ee\u2066f\u0085g\u2028h\rI"
"""Clears the screen, names the window, colours, deletes, turns the direction, ends the line."""
LONG = small.PLANT.replace("horizon: 2 d", "horizon: 2000 d").replace("every: 4 h, genealogy: true", "every: 4 h")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> small.Files:
    return small.make(tmp_path_factory.mktemp("environment"))


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=folder, env={**os.environ, **environment}, check=False, timeout=120)


def line(*arguments: object) -> str:
    return " ".join([*TWIN, *map(str, arguments)])


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("command", ["run", "validate", "schema", "--help", "materials"])
def test_a_full_disk_below_stdout_is_said_in_a_line(command: str, files: small.Files, tmp_path: Path) -> None:
    more = {"run": [files.scenario, "-o", tmp_path / "a.h5"], "validate": [files.scenario]}.get(command, [])
    done = shell(f"{line(command, *more)} > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() == "twin: cannot write to stdout: No space left on device"
    assert command != "run" or (tmp_path / "a.h5").exists()


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "| true", "2>/dev/full"])
def test_closed_streams_stop_nothing(closed: str, files: small.Files, tmp_path: Path) -> None:
    done = shell(f"{line('run', files.scenario, '-o', tmp_path / 'a.h5')} {closed}; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert main(["cite", str(tmp_path / "a.h5")]) == 0  # nothing that was printed got into it
    failed = shell(f"{line('run', tmp_path / 'none.yaml')} {closed}; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


@pytest.mark.soak
@pytest.mark.slow
def test_a_terminal_that_knows_ascii_only(files: small.Files, tmp_path: Path) -> None:
    titled = tmp_path / "titled.yaml"
    for name in ("trucks.csv", "stuff.yaml"):
        (tmp_path / name).write_bytes((files.folder / name).read_bytes())
    titled.write_text(small.PLANT.replace("A small plant", "Größe 10 µm €"), encoding="utf-8")
    for command in (["run", titled, "-o", tmp_path / "a.h5"], ["validate", titled], ["sensitivity", files.results_of_study], ["materials"]):
        done = shell(line(*command), tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()


@pytest.mark.slow
def test_a_working_folder_that_is_gone(tmp_path: Path, files: small.Files) -> None:
    (tmp_path / "gone").mkdir()
    done = shell(f"rmdir ../gone; {line('run', files.scenario)}", tmp_path / "gone", PYTHONPATH=str(Path(__file__).parents[2]))
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("twin: the working folder cannot be used")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_no_home_and_no_name_of_the_user(tmp_path: Path) -> None:
    """A number without an entry in the table of users, as containers give one; kernels are then compiled without a cache."""
    code = (
        "import os, pwd\n"
        "def nobody(*_): raise KeyError('no such user')\n"
        "pwd.getpwuid = pwd.getpwnam = nobody\n"
        "from twin.kernels import compile\n"
        "print(compile.cache_folder('x'))"
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "USER", "LOGNAME")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=kept, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr


FULL = """\
import errno, os
import numba.core.caching as caching
def full(*_, **__): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
caching.IndexDataCacheFile.save = full
import numpy as np
from twin.kernels.compile import kernel
from numba import types
@kernel(types.float64(types.float64))
def early(x):
    return 2.0 * x
@kernel()
def late(x):
    return 3.0 * x
print(early(1.0), late(1.0))
"""


@pytest.mark.slow
def test_a_disk_that_is_full_below_the_cache_costs_time_only(tmp_path: Path) -> None:
    """Full when a kernel is to be kept, whether it compiles when it is decorated or when it is called; and full from the start, so that there is no cache."""
    path = tmp_path / "full.py"
    path.write_text(FULL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "2.0 3.0"), done.stderr
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\nfrom twin.kernels import compile\nprint(compile.cache_folder('x'))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "small")}, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "until", "sweep"])
def test_sigterm_is_taken_as_an_interrupt(command: str, tmp_path: Path) -> None:
    """Exit code 143, a line that says what was kept, and no temporary file."""
    scenario = small.write(tmp_path)
    scenario.write_text(LONG, encoding="utf-8")
    more = {
        "run": ["run", scenario, "-o", tmp_path / "a.h5"],
        "until": ["run", scenario, "--until", "1999 d", "--save", tmp_path / "a.h5"],
        "sweep": ["sweep", tmp_path / "study.yaml", "-o", tmp_path / "a.h5", "--executor", "serial"],
    }[command]
    before = sorted(path.name for path in tmp_path.iterdir())
    process = subprocess.Popen([*TWIN, *map(str, more)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    deadline = time.monotonic() + 90
    while len(list(tmp_path.iterdir())) == len(before) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert said.startswith("interrupted")
    assert "Traceback" not in said
    left = [name for name in sorted(path.name for path in tmp_path.iterdir()) if name not in before]
    assert left in ([], ["a.h5"] if command == "sweep" else [])


def test_what_a_terminal_acts_on_is_shown_and_not_done() -> None:
    cleaned = clean(HOSTILE)
    assert not any(mark in cleaned for mark in "\x1b\x07\x9b\x7f\u202e\u2066\x85\u2028\r")
    assert "".join(character for character in cleaned if character.isascii()) == "a[2J]0;ownedb31mcdefghI"
    assert clean("tab\tand\nline µ € 漢") == "tab\tand\nline µ € 漢"


def is_clean(text: str) -> bool:
    return clean(text) == text


def hostile_plant(folder: Path) -> Path:
    """YAML refuses control characters as they are; escapes in double quotes bring them in."""
    path = small.write(folder)
    escaped = "".join(character if character.isascii() and character.isprintable() else f"\\u{ord(character):04x}" for character in HOSTILE)
    hostile = small.PLANT.replace("title: A small plant", f'title: "{escaped}"').replace("source: a guess", f'source: "{escaped}"')
    path.write_text(hostile, encoding="utf-8")
    return path


def test_titles_names_and_messages_reach_the_terminal_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    scenario = str(hostile_plant(tmp_path))
    out = f"{HOSTILE.replace('/', '')}.h5"
    (tmp_path / "study.yaml").write_text(small.STUDY + r'title: "x\u001b[2Jx"' + "\n", encoding="utf-8")
    for line in (
        ["validate", scenario],
        ["run", scenario, "-o", out],
        ["run", scenario, "-o", "b.h5", "--replication", "1"],
        ["run", scenario, "--replications", "2", "--executor", "serial"],
        ["compare", out, "b.h5"],
        ["cite", out],
        ["trace", out],
        ["report", out, "-o", "\x1b[2J.html"],
        ["reproduce", out],
        ["sweep", "study.yaml", "--executor", "serial"],
        ["sensitivity", "study.h5"],
        ["sensitivity", "study.h5", "--elasticities"],
        ["materials", "--help"],
    ):
        try:
            assert main(line) == 0, line
        except SystemExit as ended:
            assert ended.code == 0
        printed = capsys.readouterr()
        assert printed.out
        assert is_clean(printed.out), line
        assert is_clean(printed.err), line
    for line in (
        ["run", f"{HOSTILE}.yaml"],
        ["run", scenario, "--set", f"{HOSTILE}=1"],
        ["run", scenario, "--set", f"units.sort.rate={HOSTILE}"],
        ["report", f"none{HOSTILE}.h5"],
        ["trace", out, "--element", HOSTILE],
        ["compare", out, HOSTILE],
        [HOSTILE],
    ):
        assert main(line) == 2, line
        printed = capsys.readouterr()
        assert printed.err
        assert is_clean(printed.err), line


def test_colours_of_our_own_still_reach_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from twin.cli import terminal

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with terminal.streams():
        terminal.console().print("[bold]title \x1b[2J[/]")
    assert "\x1b[1m" in shown.getvalue()
    assert "\x1b[2J" not in shown.getvalue()
