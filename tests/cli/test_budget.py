"""What is said before a long run, and asked where somebody is there to answer."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import twin
from twin.cli import budget, main
from twin.errors import UsageError

SMALL = """\
twin: 1
name: small
time: {horizon: 2 d}
lot: 200 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: 2 h, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good}
  bad_out: {kind: product, from: sort.bad}
budget: {wall: 1 s}
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_a_short_run_begins_without_a_word(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget.weigh([twin.load(small)], 1, yes=False)
    assert capsys.readouterr().err == ""


def test_without_a_terminal_a_long_run_is_said_and_goes_on(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The scenario's own budget then ends it; nobody was asked."""
    assert main(["run", str(small), "--set", "lot=1 mg", "-o", "x.h5"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("estimated: about ") and "lots" in told and "of CPU" in told and "go on?" not in told


def test_many_short_runs_are_long(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    budget.weigh([twin.load(small)], 1_000_000, yes=True)
    assert "1000000 runs of about" in capsys.readouterr().err


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("answer", "code"), [("n", 2), ("", 2), ("y", 1)])
def test_at_a_terminal_it_is_asked(small: Path, answer: str, code: int) -> None:
    """No is a refusal; yes begins, and the scenario's own budget of a second ends it."""
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "twin", "run", str(small), "--set", "lot=1 mg", "-o", "x.h5"]
    with subprocess.Popen(command, stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL) as process:
        os.close(terminal)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(reader, 1000)
        os.write(reader, f"{answer}\n".encode())
        while True:
            try:
                seen += os.read(reader, 1000)
            except OSError:
                break
        assert process.wait(timeout=120) == code, seen
    assert b"estimated: about" in seen and not Path("x.h5").exists()


def test_no_is_a_refusal_that_says_what_to_do(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Answering:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return "n\n"

    monkeypatch.setattr(sys, "stdin", Answering())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(UsageError, match="larger lots"):
        budget.weigh([twin.load(small).change({"lot": "1 mg"})], 1, yes=False)
    budget.weigh([twin.load(small).change({"lot": "1 mg"})], 1, yes=True)
