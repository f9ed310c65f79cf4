"""``twin bundle``: everything is in the archive, its description is read back, and the results in it reproduce."""

from __future__ import annotations

import argparse
import builtins
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages_of_plants import SMALL, hostile

import twin
from twin.cli import bundle as command
from twin.errors import FileError, UsageError
from twin.report.bundle import METADATA, NO_LICENSE, _inputs, bundle
from twin.results.provenance import twin_version
from twin.study.reproduce import reproduce

CSV = "time,mass_kg,good_%,bad_%\n1 h,3000,60,40\n5 h,2500,50,50\n"


def with_table() -> dict[str, Any]:
    trucks = {"kind": "feed", "schedule": "tables/trucks.csv"}
    return {**SMALL, "units": {**SMALL["units"], "trucks": trucks}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    scenario = twin.load(with_table(), files={"tables/trucks.csv": CSV})
    found = [folder / f"odd name é {k}.h5" for k in range(2)]
    for k, path in enumerate(found):
        twin.run(scenario, replication=k, out=path).close()
    return found


@pytest.fixture
def crate() -> Any:
    return pytest.importorskip("rocrate.rocrate", reason="no bundles: pip install rocrate").ROCrate


def typed(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["bundle", *arguments]))


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


@pytest.mark.usefixtures("crate")
def test_everything_is_there(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "b.zip"
    assert typed(*map(str, reversed(runs)), "-o", str(out), "--json") == 0
    names = [
        METADATA, "scenario/small.yaml", "scenario/tables/trucks.csv", "results/small-r0.h5", "results/small-r1.h5", "report.html",
        "environment/made_on.json", "environment/requirements.txt", "CITATION.cff", "citation.bib",
    ]  # fmt: skip
    assert json.loads(capsys.readouterr().out) == {"bundle": str(out), "files": names}
    folder = unpacked(out, tmp_path / "b")
    assert sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file()) == sorted(names)
    assert (folder / "results/small-r1.h5").read_bytes() == runs[1].read_bytes()
    assert (folder / "scenario/tables/trucks.csv").read_text() == CSV
    with twin.open(runs[0]) as result:
        assert json.loads((folder / "environment/made_on.json").read_text())["small-r0.h5"] == result.attrs["platform"]
        assert twin.load(folder / "scenario/small.yaml").sha256 == result.attrs["scenario_sha256"]
        cff = yaml.safe_load((folder / "CITATION.cff").read_text())
        assert result.digest in json.dumps(cff["references"])
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert "mean of 2 replications" in (folder / "report.html").read_text()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["b.zip"]


@pytest.mark.usefixtures("crate")
def test_the_results_in_it_reproduce(runs: list[Path], tmp_path: Path) -> None:
    folder = unpacked(bundle(runs[:1], tmp_path / "b.zip").path, tmp_path / "b")
    again = reproduce(folder / "results/small-r0.h5")
    assert again.verdict == "equal"
    assert again.digests[0] == again.digests[1]
    with twin.run(twin.load(folder / "scenario/small.yaml")) as rerun:
        assert rerun.digest == again.digests[0]


def test_the_description_is_read_back(runs: list[Path], tmp_path: Path, crate: Any) -> None:
    written = bundle(runs, tmp_path / "b.zip")
    read = crate(unpacked(written.path, tmp_path / "b"))
    assert {entity.id for entity in read.data_entities} == set(written.names) - {METADATA}
    assert "throughput" in read.description
    assert "n = 2 replications" in read.description
    actions = [entity for entity in read.contextual_entities if entity.type == "CreateAction"]
    assert [action["result"].id for action in actions] == ["results/small-r0.h5", "results/small-r1.h5"]
    assert {given.id for given in actions[0]["object"]} == {"scenario/small.yaml", "scenario/tables/trucks.csv"}
    assert actions[0]["instrument"]["softwareVersion"] == twin_version()
    assert read.license == NO_LICENSE
    sizes = {entity.id: int(entity["contentSize"]) for entity in read.data_entities}
    assert sizes == {name: (tmp_path / "b" / name).stat().st_size for name in sizes}


def test_the_license_is_the_authors(runs: list[Path], tmp_path: Path, crate: Any) -> None:
    address = "https://creativecommons.org/licenses/by/4.0/"
    for number, given in enumerate((address, "For reviewers only.")):
        assert typed(str(runs[0]), "-o", str(tmp_path / "b.zip"), "--license", given) == 0
        license_ = crate(unpacked(tmp_path / "b.zip", tmp_path / f"b{number}")).license
        assert (license_.id if given == address else license_) == given


@pytest.mark.usefixtures("crate")
def test_the_same_runs_give_the_same_bytes_without_paths(runs: list[Path], tmp_path: Path) -> None:
    first, second = (bundle(files, tmp_path / name).path for files, name in ((runs, "a.zip"), (runs[::-1], "b.zip")))
    assert first.read_bytes() == second.read_bytes()
    folder = unpacked(first, tmp_path / "a")
    for name in ("environment/requirements.txt", METADATA):
        text = (folder / name).read_text(encoding="utf-8")
        assert str(runs[0].parent) not in text
        assert "file:" not in text
    lines = (folder / "environment/requirements.txt").read_text().splitlines()
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in lines)
    assert any(line.startswith("numpy==") for line in lines)


@pytest.mark.usefixtures("crate")
def test_what_is_no_bundle_is_not_replaced(runs: list[Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("a.txt", "mine")
    (tmp_path / "text.zip").write_text("mine")
    (tmp_path / "folder.zip").mkdir()
    for name in ("mine.zip", "text.zip", "folder.zip"):
        with pytest.raises(FileError, match=rf"will not replace .*{name}: it is (not a bundle of twin|a folder)"):
            bundle(runs[:1], tmp_path / name)
    assert (tmp_path / "text.zip").read_text() == "mine"
    with pytest.raises(FileError, match="does not exist"):
        bundle(runs[:1], tmp_path / "nowhere" / "b.zip")
    one, two = bundle(runs[:1], tmp_path / "b.zip"), bundle(runs, tmp_path / "b.zip")
    assert len(two.names) == len(one.names) + 1


@pytest.mark.usefixtures("crate")
def test_what_does_not_belong_together_is_refused(runs: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    twin.run(twin.load(SMALL), out=other).close()
    with pytest.raises(UsageError, match="another scenario"):
        bundle([runs[0], other], tmp_path / "b.zip")
    with pytest.raises(UsageError, match="same replication"):
        bundle([runs[0], runs[0]], tmp_path / "b.zip")
    with pytest.raises(UsageError, match="at least one"):
        bundle([], tmp_path / "b.zip")
    with pytest.raises(FileError):
        bundle([tmp_path / "none.h5"], tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


class Stored:
    """A result as somebody might forge it."""

    attrs = {"scenario_sha256": "0"}  # noqa: RUF012
    scenario = "twin: 1\n"

    def __init__(self, *names: str) -> None:
        self.files = dict.fromkeys(names, "text")


@pytest.mark.parametrize("name", ["../up.csv", "/etc/passwd.csv", "a/../../b.csv", "C:\\x.csv", "a\\..\\b.csv", ".hidden.csv", "a//b.csv", "é .csv", "x.csv\n", "small.YAML", "", "weee", "x" * 300 + ".csv", "a./b.csv"])  # fmt: skip
def test_hostile_names_stay_inside(name: str) -> None:
    entry = list(_inputs(Stored(name), "small"))[1]  # type: ignore[arg-type]
    folder, inside = entry.name.split("/")
    assert folder == "files"
    assert inside.isascii()
    assert inside.replace("_", "a").replace("-", "a").replace(".", "a").isalnum()
    assert len(inside) < 100
    assert entry.title == name


def test_names_that_would_clash_are_kept_apart() -> None:
    names = [entry.name.casefold() for entry in _inputs(Stored("A.csv", "a.csv", "../a.csv", "small.yaml"), "small")]  # type: ignore[arg-type]
    assert len(set(names)) == len(names)


def test_a_hostile_plant_is_described_and_read_back(tmp_path: Path, crate: Any) -> None:
    path = tmp_path / "h.h5"
    twin.run(twin.load(hostile()), out=path).close()
    folder = unpacked(bundle([path], tmp_path / "b.zip").path, tmp_path / "b")
    assert crate(folder).name.startswith(hostile()["title"])
    assert "<script>alert(1)" not in (folder / "report.html").read_text(encoding="utf-8")


def test_a_missing_extra_is_named(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def import_(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "rocrate":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", import_)
    with pytest.raises(UsageError, match=r"pip install 'twin\[bundle\]'"):
        bundle(runs[:1], tmp_path / "b.zip")
    assert not list(tmp_path.iterdir())
