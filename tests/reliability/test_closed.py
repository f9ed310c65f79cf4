"""A scenario that is stored in a file reads no file of the computer it is opened on, whatever it names and however rightly the file is sealed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small
from forging import forge, replace, text

from twin.cli import main

SECRET = "correct-horse-battery"
_WATCHED: list[str] = []
_OPENED: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and _WATCHED and isinstance(arguments[0], (str, bytes, Path)) and _WATCHED[0] in str(arguments[0]):
        _OPENED.append(str(arguments[0]))


sys.addaudithook(_watch)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> small.Files:
    return small.make(tmp_path_factory.mktemp("closed"))


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Path]:
    """A file that is nobody's business, in a form that a scenario, a catalogue and a CSV would each quote in what they say of it."""
    path = tmp_path / "secret.yaml"
    path.write_text(f"{SECRET}: 1\n{SECRET}\n", encoding="utf-8")
    _WATCHED[:], _OPENED[:] = [str(path)], []
    yield path
    _WATCHED.clear()


def names(secret: Path) -> dict[str, Callable[[str], str]]:
    """Ways in which a stored scenario can name a file."""
    return {
        "extends": lambda old: f"twin: 1\nextends: {secret}\n",
        "alone": lambda old: str(secret),
        "catalogue": lambda old: old.replace("- stuff.yaml", f"- {secret}"),
        "csv": lambda old: old.replace("trucks.csv", str(secret)),
        "partition": lambda old: old.replace("partition:", f"partition:\n      csv: {secret}\n    title:"),
        "above": lambda old: old.replace("trucks.csv", f"../../../../../../../..{secret}"),
    }


WAYS = ("extends", "alone", "catalogue", "csv", "partition", "above")
COMMANDS = {
    "reproduce": ["reproduce", "{result}"],
    "report": ["report", "{result}", "-o", "{folder}/page.html"],
    "bundle": ["bundle", "{result}", "-o", "{folder}/b.zip"],
    "trace": ["trace", "{result}", "--element", "Fe"],
    "compare": ["compare", "{result}", "{second}"],
    "cite": ["cite", "{result}"],
    "resume": ["resume", "{state}", "-o", "{folder}/full.h5"],
    "sensitivity": ["sensitivity", "{study}"],
    "elasticities": ["sensitivity", "{study}", "--elasticities"],
}


def rewritten(source: Path, target: Path, change: Callable[[str], str]) -> Path:
    def do(file: Any) -> None:
        old = file["scenario/yaml"][()].decode("utf-8")
        new = change(old)
        assert new != old
        replace(file, "scenario/yaml", text(new))

    return forge(source, target, do)


@pytest.mark.sampled(18)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_stored_scenario_opens_no_file_of_this_computer(
    command: str, way: str, files: small.Files, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    change = names(secret)[way]
    forged = {
        "result": rewritten(files.result, tmp_path / "forged.h5", change),
        "second": rewritten(files.second, tmp_path / "second.h5", change),
        "state": rewritten(files.state, tmp_path / "state.h5", change),
        "study": rewritten(files.results_of_study, tmp_path / "study.h5", change),
        "folder": tmp_path,
    }
    code = main([part.format(**forged) for part in COMMANDS[command]])
    printed = capsys.readouterr()
    written = [path.read_bytes() for path in (tmp_path / "page.html", tmp_path / "b.zip") if path.exists()]
    assert _OPENED == []
    assert SECRET not in printed.out + printed.err
    assert not any(SECRET.encode() in content for content in written)
    if command not in ("compare", "cite"):  # which do not load the scenario
        assert code == 2
        assert "Traceback" not in printed.err


@pytest.mark.parametrize("part", ["base", "change", "csv"])
def test_a_stored_study_opens_no_file_of_this_computer(part: str, files: small.Files, secret: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def do(file: Any) -> None:
        old = file["study/yaml"][()].decode("utf-8")
        new = {
            "base": str(secret),
            "change": f"{old}change: {{units.trucks.schedule: {secret}}}\n",
            "csv": f"study: 1\nbase: small.yaml\ndesign: {{csv: {secret}}}\nkind: terminating\n",
        }[part]
        replace(file, "study/yaml", text(new))

    forged = forge(files.results_of_study, tmp_path / "study.h5", do)
    assert main(["sensitivity", str(forged), "--elasticities"]) == 2
    printed = capsys.readouterr()
    assert _OPENED == []
    assert SECRET not in printed.out + printed.err


def test_the_watch_sees_what_is_opened(secret: Path) -> None:
    """Without this the tests above could not fail."""
    assert main(["validate", str(secret)]) == 2
    assert _OPENED


@pytest.mark.soak
def test_the_right_file_reads_what_is_stored_with_it(files: small.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far from the files that the scenario was loaded with, all commands go on from the texts in the file."""
    monkeypatch.chdir(tmp_path)
    for command in ("reproduce", "report", "bundle", "trace", "resume", "elasticities"):
        known = {"result": files.result, "second": files.second, "state": files.state, "study": files.results_of_study, "folder": tmp_path}
        assert main([part.format(**known) for part in COMMANDS[command]]) == 0, command


def test_a_cause_that_says_nothing_ends_in_a_line(files: small.Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wait that names nobody, in a file with a right digest, once ended in a StopIteration."""

    def do(file: Any) -> None:
        causes = file["cause"][()]
        assert len(causes)
        causes[0] = b"yard"
        replace(file, "cause", causes, dtype=file["cause"].dtype)

    forged = forge(files.result, tmp_path / "forged.h5", do)
    assert main(["report", str(forged), "-o", str(tmp_path / "page.html")]) == 2
    assert "the axis 'cause' has the entry 'yard'" in capsys.readouterr().err
