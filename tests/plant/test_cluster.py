"""A cluster: its sites run in one time as they would alone, to the last bit, also over a stop; what it is made of is checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import twin
from twin.cli import main
from twin.engine.clock import Clock
from twin.errors import FileError, ScenarioError, UsageError
from twin.plant.cluster import resume_cluster, resume_cluster_until, run_cluster, run_cluster_until
from twin.plant.topology import derive
from twin.results.cluster import open_cluster
from twin.results.read import open_file
from twin.scenario.cluster import Cluster, is_cluster, load_cluster
from twin.scenario.starters import starter

PAIR = """twin: 1
title: Two small plants
time: {horizon: 3 d, warmup: 12 h}
sites:
  north: {extends: plant.yaml, seed: 11}
  south: {extends: plant.yaml, seed: 12, change: {record.every: 45 min, record.genealogy: true, units.screen.aperture: 30 mm}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plant and a cluster of two of it, which has been run."""
    found = tmp_path_factory.mktemp("cluster")
    (found / "plant.yaml").write_text(starter(), encoding="utf-8")
    (found / "pair.yaml").write_text(PAIR, encoding="utf-8")
    run_cluster(pair(found), out=found / "pair.h5").close()
    return found


def pair(folder: Path) -> Cluster:
    return load_cluster(folder / "pair.yaml")


def problems(folder: Path, text: str) -> str:
    (folder / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "wrong.yaml")
    return str(caught.value)


def test_each_site_has_the_digest_of_its_run_alone(folder: Path) -> None:
    with open_cluster(folder / "pair.h5") as result:
        for name, scenario in pair(folder).sites.items():
            alone = twin.run(scenario, out=folder / f"{name}.h5")
            assert result.sites[name].digest == alone.digest
            assert result.sites[name].attrs["events"] == alone.attrs["events"]
            for path in ("streams/mass_flow", "summary/value", "events/event_time", "time"):
                assert result.sites[name].array(path).tobytes() == alone.array(path).tobytes()


def test_a_site_is_the_scenario_with_its_seed_and_changes(folder: Path) -> None:
    changes = {"time.horizon": "3 d", "time.warmup": "12 h", "seed": 12, "record.every": "45 min", "record.genealogy": True, "units.screen.aperture": "30 mm"}
    assert pair(folder).sites["south"].sha256 == twin.load(folder / "plant.yaml").change(changes).sha256


def test_in_memory_and_over_two_stops_the_digest_is_the_same(folder: Path) -> None:
    first, second = folder / "first.h5", folder / "second.h5"
    run_cluster_until(pair(folder), 100000.123456789, first)
    resume_cluster_until(first, 200000.5, second)
    with open_cluster(folder / "pair.h5") as undisturbed, run_cluster(pair(folder)) as memory, resume_cluster(second, out=folder / "again.h5") as again:
        assert undisturbed.digest == memory.digest == again.digest
        assert [site.digest for site in again.sites.values()] == [site.digest for site in undisturbed.sites.values()]
    with open_cluster(folder / "again.h5") as reopened:
        assert list(reopened.sites) == ["north", "south"]


def test_another_replication_is_another_run_and_the_order_of_sites_changes_no_site(folder: Path) -> None:
    turned = Cluster("turned", "", dict(list(pair(folder).sites.items())[::-1]))
    with open_cluster(folder / "pair.h5") as result, run_cluster(turned) as other, run_cluster(pair(folder), replication=1) as next_one:
        assert {name: site.digest for name, site in other.sites.items()} == {name: site.digest for name, site in result.sites.items()}
        assert other.digest != result.digest
        assert all(next_one.sites[name].digest != result.sites[name].digest for name in result.sites)


def test_a_site_of_the_file_opens_like_a_run(folder: Path) -> None:
    with open_file(folder / "pair.h5" / "sites" / "south") as site:
        assert site.kpis["throughput"].value > 0.0
        assert np.isfinite(site.quantity("level.bay")).all()
    with pytest.raises(FileError, match="several sites; name one"):
        open_file(folder / "pair.h5")
    with pytest.raises(FileError, match="none of them 'west'"):
        open_file(folder / "pair.h5" / "sites" / "west")
    with pytest.raises(FileError, match="single run"):
        open_cluster(folder / "north.h5")
    with pytest.raises(FileError, match="is no cluster"):
        open_file(folder / "north.h5" / "sites" / "a")


def test_a_changed_site_is_found_out_without_the_seal(folder: Path) -> None:
    changed = folder / "changed.h5"
    shutil.copy(folder / "pair.h5", changed)
    with h5py.File(changed, "r+") as file:
        file.attrs["note"] = "opened for writing, which drops the seal"
    open_cluster(changed).close()
    with h5py.File(changed, "r+") as file:
        file["sites/south/summary/value"][0] += 1.0
    with pytest.raises(FileError, match="damaged or was changed"):
        open_cluster(changed)


def test_a_lost_site_is_found_out(folder: Path) -> None:
    changed = folder / "lost.h5"
    shutil.copy(folder / "pair.h5", changed)
    with h5py.File(changed, "r+") as file:
        del file["sites/south"]
    with pytest.raises(FileError, match="not those of its sites"):
        open_cluster(changed)


def test_a_shared_time_is_begun_once() -> None:
    shared = Clock()
    one = Clock(shares=shared)
    with pytest.raises(UsageError, match="stands at 0 ns"):
        one.begin_at(5, 0)
    shared.begin_at(5, 0)
    one.begin_at(5, 3)
    assert (one.now, one.events, one.environment) == (5, 3, shared.environment)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("twin: 1\nsites: {a: {extends: plant.yaml}, b: {extends: plant.yaml}}\n", "the seed 1 is that of 'a' too, and both have a unit"),
        ("twin: 1\nsites: {a: {extends: plant.yaml}, b: {extends: plant.yaml, seed: 2, change: {time.horizon: 9 d}}}\n", "ends after 9 d"),
        ("twin: 1\nsites: {a: {extends: plant.yaml}, b: {extends: plant.yaml, seed: 2, change: {time.start: 2027-01-01}}}\n", "one clock needs one begin"),
        ("twin: 1\nsites: {a: {extends: nowhere.yaml}}\n", "no such file"),
        ("twin: 1\nsites: {a: {extends: pair.yaml}}\n", "is a cluster itself"),
        ("twin: 1\nsites: {a: {seed: 2}}\n", "a site needs extends"),
        ("twin: 1\nsites: {a: {extends: plant.yaml, sed: 2}}\n", "did you mean 'seed'"),
        ("twin: 1\nsites: {A b: {extends: plant.yaml}}\n", "a site's name has small letters"),
        ("twin: 1\nsites: {}\n", "a cluster has sites"),
        ("twin: 1\nsites: 3\n", "a cluster has sites"),
        ("sites: {a: {extends: plant.yaml}}\n", "begins with 'twin: 1'"),
        ("twin: 1\nlinkz: {}\nsites: {a: {extends: plant.yaml}}\n", "unknown key"),
        ("twin: 1\nsites: {a: {extends: plant.yaml, seed: 2, change: {seed: 3}}}\n", "give it once"),
        ("twin: 1\nsites: {a: {extends: plant.yaml, change: {units.screen.aperture: 3 kg}}}\n", "wrong.yaml:2"),
        ("twin: 1\nextends: wrong.yaml\nchange: {sites.a.seed: 3}\n", "extends itself"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, text: str, said: str) -> None:
    assert said in problems(folder, text)


def test_a_cluster_extends_a_cluster(folder: Path) -> None:
    (folder / "wider.yaml").write_text("twin: 1\nextends: pair.yaml\nchange: {sites.north.seed: 5, time.horizon: 2 d}\n", encoding="utf-8")
    assert is_cluster(folder / "wider.yaml") and not is_cluster(folder / "plant.yaml") and not is_cluster(folder / "nothing.yaml")
    wider = load_cluster(folder / "wider.yaml")
    assert (wider.name, wider.sites["north"].seed, wider.horizon) == ("wider", 5, 172800.0)


def test_where_one_plant_is_needed_a_cluster_is_refused(folder: Path) -> None:
    with pytest.raises(ScenarioError, match="a cluster of several plants"):
        twin.load(folder / "pair.yaml")


def test_the_commands_take_a_cluster(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)

    def twin_json(*words: str) -> dict[str, object]:
        assert main([*words, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    run = twin_json("run", "pair.yaml", "-o", "run.h5")
    assert list(run["sites"]) == ["north", "south"]  # type: ignore[call-overload]
    twin_json("run", "pair.yaml", "--until", "1 d", "--save", "state.h5")
    assert twin_json("resume", "state.h5", "-o", "resumed.h5")["digest"] == run["digest"]
    assert all(site["verdict"] == "equal" for site in twin_json("reproduce", "run.h5")["sites"].values())  # type: ignore[attr-defined]
    assert list(twin_json("validate", "pair.yaml")["sites"]) == ["north", "south"]  # type: ignore[call-overload]
    other = twin_json("run", "pair.yaml", "--set", "sites.north.seed=13", "-o", "other.h5")
    assert other["sites"]["north"]["digest"] != run["sites"]["north"]["digest"]  # type: ignore[index]
    assert other["sites"]["south"]["digest"] == run["sites"]["south"]["digest"]  # type: ignore[index]
    for words, said in ((["--seed", "3"], "each site of a cluster has its own"), (["--kind", "steady"], "is of one plant")):
        assert main(["run", "pair.yaml", *words]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "scenarios" / "clusters").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_cluster_is_right(path: Path) -> None:
    assert is_cluster(path)
    for scenario in load_cluster(path).sites.values():
        derive(scenario)
