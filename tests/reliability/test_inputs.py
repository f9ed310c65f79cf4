"""Inputs that never end, or that cost more the longer they are than a person would wait for."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import small

from twin.cli import main
from twin.errors import ScenarioError
from twin.scenario import load
from twin.scenario.yaml_source import parse_yaml

MOST = 5.0
"""Seconds for what takes milliseconds: by the square of the length it took twelve and more."""
PLACES = {
    "scenario": lambda name: None,
    "extends": lambda name: f"twin: 1\nextends: {name}\n",
    "catalogue": lambda name: small.PLANT.replace("[stuff.yaml]", f"[{name}]"),
    "csv": lambda name: small.PLANT.replace("trucks.csv", name),
    "study": lambda name: None,
    "base": lambda name: small.STUDY.replace("small.yaml", name),
    "design": lambda name: f"study: 1\nbase: small.yaml\ndesign: {{csv: {name}}}\nkind: terminating\n",
}


def endless(kind: str, folder: Path) -> str:
    """The name of a thing that can be read for ever, or that says that it has no length."""
    path = folder / "endless.yaml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "no length":
        if not Path("/proc/self/environ").exists():
            pytest.skip("no procfs")
        path.symlink_to("/proc/self/environ")
    else:
        path.mkdir()
    return path.name


@pytest.mark.parametrize("kind", ["fifo", "link to a device", "no length", "folder"])
@pytest.mark.parametrize("place", PLACES)
def test_what_never_ends_is_refused(place: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    small.write(tmp_path)
    name = endless(kind, tmp_path)
    text = PLACES[place](name)
    if place in ("scenario", "study"):
        line = ["validate" if place == "scenario" else "sweep", name]
    else:
        (tmp_path / "asks.yaml").write_text(str(text), encoding="utf-8")
        line = ["sweep" if place in ("base", "design") else "validate", "asks.yaml"]
    began = time.monotonic()
    assert main(line) == 2
    assert time.monotonic() - began < 10 * MOST
    said = capsys.readouterr().err
    assert any(word in said for word in ("is not a file", "no such file", "is empty", "a header", "a row with a path", "cannot be read"))


@pytest.mark.parametrize("kind", ["fifo", "link to a device", "folder"])
@pytest.mark.parametrize("command", ["report", "bundle", "cite", "trace", "reproduce", "resume", "compare", "sensitivity"])
def test_results_that_never_end_are_refused(
    command: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(endless(kind, tmp_path)).rename("endless.h5")
    assert main([command, "endless.h5"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    ["1" * 200_000, "1" * 200_000 + "x", "1." + "1" * 200_000 + "e", "1_" * 100_000, "1,2" * 100_000 + "x", "1:2" * 100_000, "-" + "." * 200_000, "0" * 9_000,
     "1" * 9_000, "1" * 9_000 + "e", "1_" * 4_000 + "x", "1" * 399 + "e", "<" + " " * 9_000 + "\\n x"],
)  # fmt: skip
def test_a_number_of_many_digits_costs_what_its_length_is(text: str) -> None:
    for written in (f"a: {text}\n", f'a: "{text}"\n', f"{text}: 1\n", f"units: {{a: {{kind: bunker, capacity: '{text}'}}}}\n"):
        began = time.monotonic()
        try:
            parse_yaml(written, "<text>")
            load(f"twin: 1\ntime: {{horizon: 1 d}}\n{written}")
        except ScenarioError:
            pass
        assert time.monotonic() - began < MOST, written[:40]


def test_a_hundred_numbers_of_many_digits() -> None:
    began = time.monotonic()
    with pytest.raises(ScenarioError, match=r"too long|at most"):
        parse_yaml("".join(f"a{k}: {'1' * 40_000}\n" for k in range(100)), "<text>")
    assert time.monotonic() - began < MOST


def test_tables_of_long_headings_and_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    small.write(tmp_path)
    (tmp_path / "design.yaml").write_text("study: 1\nbase: small.yaml\ndesign: {csv: points.csv}\nkind: terminating\n", encoding="utf-8")
    for heading, cell in (
        ("[" * 100_000, "1"),
        ("_" * 100_000, "1"),
        ("units.sort.rate", "1" * 100_000),
        ("units.sort.rate [t/h]", "9" * 5_000),
        ("a", "1e999"),
    ):
        began = time.monotonic()
        for name in ("trucks.csv", "points.csv"):
            (tmp_path / name).write_text(f"{heading},mass_t\n{cell},1\n", encoding="utf-8")
        assert main(["validate", "small.yaml"]) == 2
        (tmp_path / "trucks.csv").write_text(small.TRUCKS, encoding="utf-8")
        (tmp_path / "points.csv").write_text(f"{heading}\n{cell}\n", encoding="utf-8")
        assert main(["sweep", "design.yaml", "-o", "s.h5"]) == 2
        assert "Traceback" not in capsys.readouterr().err
        assert time.monotonic() - began < 5 * MOST


def test_a_file_that_grows_while_it_is_read_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its length is asked first, and then believed no longer: at most the limit is read."""
    from twin.scenario import tables

    path = tmp_path / "grows.yaml"
    path.write_text("twin: 1\n" + "#" * 2_000, encoding="utf-8")
    monkeypatch.setattr(tables, "MOST_BYTES", 2_000)
    with pytest.raises(ScenarioError, match="too large"):
        load(path)


def test_keys_that_do_not_go_together_beside_one_that_is_wrong_are_all_said() -> None:
    """What two keys say of each other is looked at apart; it ended in a traceback where a third key was wrong (found by the fuzzer)."""
    wrong = small.PLANT.replace("every: 4 h", "every: 99 h").replace("budget: {events: 20000}", "budget: {events: none}")
    with pytest.raises(ScenarioError) as caught:
        load(wrong, files={"trucks.csv": small.TRUCKS, "stuff.yaml": small.STUFF})
    said = str(caught.value)
    assert "budget.events" in said
    assert "choose a shorter record.every" in said
