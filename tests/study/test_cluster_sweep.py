"""Sweeps of clusters: a path begins with a site, or with what sites share; a run is the one that the changed file gives; what is finished is not made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twin.cli import main
from twin.errors import ScenarioError, UsageError
from twin.plant.cluster import run_cluster
from twin.results.cluster import open_cluster
from twin.scenario.cluster import Cluster, load_cluster
from twin.scenario.cluster_store import cluster_files, cluster_text, load_stored_cluster
from twin.scenario.starters import starter
from twin.study.cluster_changes import cluster_with
from twin.study.study_file import load_study
from twin.study.sweep import sweep

PAIR = """twin: 1
time: {horizon: 1 d, warmup: 6 h}
sites:
  north:
    extends: plant.yaml
    seed: 11
    change: {units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light_metal.from: box}
  south: {extends: plant.yaml, seed: 12}
links:
  metal:
    from: north.light_metal
    to: south.deliveries
    trucks: 1
    payload: {value: 1 t, basis: assumed, low: 500 kg, high: 2 t, source: a choice of this test}
    travel: 30 min
energy:
  power: {price: {series: {file: tariff.csv, column: price}}, co2: 363 g/kWh}
  heat:
    supply: 90 °C
    return: 60 °C
    boilers: {main: {power: 1 MW, carrier: natural_gas, price: 45 EUR/MWh}}
    users: {homes: {heat: {value: 300 kW, basis: assumed, low: 200 kW, high: 400 kW, source: a choice of this test}}}
upstream: {carriers: {natural_gas: 20 g/kWh}}
"""
STUDY: dict[str, Any] = {
    "study": 1,
    "base": "pair.yaml",
    "kind": "terminating",
    "vary": {
        "north.units.screen.aperture": {"list": ["30 mm", "50 mm"]},
        "links.metal.trucks": {"range": {"low": 1, "high": 2, "levels": 2}},
        "energy.heat.users.homes.heat": "assumed",
    },
    "design": {"grid": {}},
    "replications": 2,
    "responses": ["hauled.metal", "heat_served", "north/throughput"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweeps")
    (path / "plant.yaml").write_text(starter(), encoding="utf-8")
    (path / "tariff.csv").write_text("time,price [ct/kWh]\n0 h,10\n9 h,30\n", encoding="utf-8")
    (path / "pair.yaml").write_text(PAIR, encoding="utf-8")
    return path


def _study(**changes: object) -> dict[str, Any]:
    return {**STUDY, **changes}


def test_a_change_by_path_is_the_change_of_the_file(folder: Path) -> None:
    cluster = load_cluster(folder / "pair.yaml")
    changes = {"links.metal.payload": "700 kg", "energy.heat.users.homes.heat": "250 kW", "upstream.carriers.natural_gas": "30 g/kWh"}
    assert cluster_with(cluster, changes).sha256 == load_cluster(folder / "pair.yaml", changes).sha256 != cluster.sha256
    assert cluster_with(cluster, {"linked": False}).sha256 == load_cluster(folder / "pair.yaml", {"linked": False}).sha256
    own = cluster_with(cluster, {"north.units.screen.aperture": "30 mm", "sites.south.seed": 5, "time.horizon": "2 d"})
    written = load_cluster(folder / "pair.yaml", {"sites.south.seed": 5, "time.horizon": "2 d"})
    assert own.sites["south"].sha256 == written.sites["south"].sha256
    assert own.sites["north"].units["screen"].aperture == pytest.approx(0.03)  # type: ignore[attr-defined]
    assert own.horizon == 2 * 86400.0


def test_a_cluster_that_is_not_linked_can_be_linked_again(folder: Path) -> None:
    """Its links and networks count nowhere meanwhile, and are not lost; also where a study keeps it as a text."""
    linked, off = load_cluster(folder / "pair.yaml"), load_cluster(folder / "pair.yaml", {"linked": False})
    bare = load_cluster(folder / "pair.yaml", {"linked": False, "links": {}, "energy": {}, "upstream": {}})
    assert not off.links and off.energy is None and not off.written and not off.files and not off.linked and linked.linked
    assert load_cluster(folder / "pair.yaml", {"linked": False, "upstream": {}}).sha256 == bare.sha256
    stored = load_stored_cluster(cluster_text(off), cluster_files(off))
    for own in (off, stored, cluster_with(linked, {"linked": False})):
        assert own.sha256 == off.sha256 != linked.sha256
        assert cluster_with(own, {"linked": True}).sha256 == linked.sha256
        assert [n.path for n in cluster_with(own, {"linked": True}).parameters()] == [n.path for n in linked.parameters()]
    seeded = cluster_with(off, {"south.seed": 5})  # its gas is burnt by a boiler alone: no unknown carrier
    assert not seeded.linked and cluster_with(seeded, {"linked": True, "south.seed": 12}).sha256 == linked.sha256
    with pytest.raises(ScenarioError, match="payload"):
        cluster_with(off, {"links.metal.payload": "1 m"})


def test_shares_of_a_site_give_way_as_in_a_plant(folder: Path) -> None:
    cluster = load_cluster(folder / "pair.yaml")
    feed = cluster.sites["north"].units["deliveries"]
    name, share = next(iter(feed.composition.items()))  # type: ignore[attr-defined]
    changed = cluster_with(cluster, {f"north.units.deliveries.composition.{name}": share / 2}).sites["north"].units["deliveries"]
    assert sum(changed.composition.values()) == pytest.approx(1.0)  # type: ignore[attr-defined]


def test_numbers_have_paths_by_site_and_of_what_sites_share(folder: Path) -> None:
    known = {number.path: number for number in load_cluster(folder / "pair.yaml").parameters()}
    assert (known["links.metal.payload"].value, known["links.metal.payload"].low, known["links.metal.payload"].unit) == (1000.0, 500.0, "kg")
    assert known["energy.heat.users.homes.heat"].high == 400e3
    assert known["upstream.carriers.natural_gas"].unit == "kg/J"
    assert known["south.units.screen.aperture"].unit == "m"
    assert not [path for path in {n.path for n in load_cluster(folder / "pair.yaml", {"linked": False}).parameters()} if path.startswith(("links", "energy"))]


def test_a_stored_cluster_is_the_cluster(folder: Path) -> None:
    cluster = load_cluster(folder / "pair.yaml")
    again = load_stored_cluster(cluster_text(cluster), cluster_files(cluster))
    assert (again.sha256, again.seed, again.name) == (cluster.sha256, cluster.seed, "pair")
    with pytest.raises(ScenarioError, match="stored scenario reads no other file"):
        load_stored_cluster(cluster_text(cluster), {})


def test_a_sweep_runs_what_a_file_would_and_makes_nothing_twice(folder: Path) -> None:
    text = "study: 1\nbase: pair.yaml\nkind: terminating\nreplications: 2\ndesign: {csv: words.csv}\nresponses: [heat_served, north/throughput]\n"
    (folder / "words.csv").write_text("north.units.screen.aperture [mm],energy.heat.users.homes.heat [kW]\n30,250\n50,350\n", encoding="utf-8")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    found = sweep(folder / "study.yaml", folder / "study.h5", executor="serial", keep_runs=folder / "kept")
    assert found.counts["done"] == 4
    expected = load_cluster(folder / "pair.yaml", {"energy.heat.users.homes.heat": "350 kW"})
    expected = cluster_with(expected, {"north.units.screen.aperture": "50 mm"})
    with run_cluster(expected, replication=1) as result, open_cluster(folder / "kept" / "study-p00001-r1.h5") as kept:
        assert kept.digest == result.digest
        assert found.response("north/throughput")[1, 1] == result.kpis["north/throughput"].value
        assert found.response("heat_served")[1, 1] == pytest.approx(350e3 * 18 * 3600)
    assert found.response("heat_served")[0, 0] == pytest.approx(250e3 * 18 * 3600)
    assert found.source().sha256 == found.attrs["study_sha256"]
    base = found.base()
    assert isinstance(base, Cluster)
    steps: list[tuple[int, int]] = []
    again = sweep(folder / "study.yaml", folder / "study.h5", executor="serial", keep_runs=folder / "kept", progress=lambda a: steps.append((a.reused, a.made)))
    assert steps[-1] == (4, 0)
    assert again.digest == found.digest


def test_the_switch_varies_too_and_each_pair_has_one_chance(folder: Path) -> None:
    study = _study(vary={"linked": {"list": [True, False]}}, design={"grid": {}}, responses=["north/throughput", "margin"], replications=1)
    found = sweep(study, folder / "switch.h5", base=load_cluster(folder / "pair.yaml"), executor="serial")
    assert found.counts["done"] == 2
    with run_cluster(load_cluster(folder / "pair.yaml", {"linked": False})) as alone:
        assert found.response("margin")[1, 0] == alone.kpis["margin"].value


def test_assumed_numbers_of_all_are_found(folder: Path) -> None:
    study = load_study(_study(vary="assumed", design={"lhs": 3}), base=load_cluster(folder / "pair.yaml"))
    paths = [factor.path for factor in study.points.factors]
    assert {"links.metal.payload", "energy.heat.users.homes.heat"} <= set(paths)
    with pytest.raises(UsageError, match="its base is a cluster"):
        _ = study.scenario


def test_whole_numbers_of_links_stay_whole(folder: Path) -> None:
    study = load_study(_study(vary={"links.metal.trucks": {"uniform": [1, 3]}}, design={"lhs": 8}), base=load_cluster(folder / "pair.yaml"))
    assert {study.points.changes(k)["links.metal.trucks"] for k in range(8)} == {1, 2, 3}


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"nort.units.screen.aperture": {"list": ["1 mm"]}}, "there is no site 'nort'; did you mean 'north'?"),
        ({"north.units.scren.aperture": {"list": ["1 mm"]}}, "there is no 'units.scren' to change; did you mean 'screen'?"),
        ({"links.meta.payload": {"list": ["1 t"]}}, "there is no 'links.meta' to change; did you mean 'metal'?"),
        ({"energy.heat.boilers.man.power": {"list": ["1 MW"]}}, "there is no 'energy.heat.boilers.man' to change; did you mean 'main'?"),
        ({"links.metal.payload": {"list": ["50 t"]}}, "no truck is ever sent"),
        ({"north.seed": {"list": [1, 2]}}, "the seed does not vary in a study"),
        ({"south.seed": {"list": [11, 12]}}, "the seed does not vary in a study"),
        ({"north": {"list": [1, 2]}}, "a path within the site is needed"),
        ({"time.record": {"list": ["1 h"]}}, "sites have time.start, time.horizon, time.warmup in common"),
    ],
)
def test_what_cannot_vary_is_said(folder: Path, vary: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load_study(_study(vary=vary, design={"grid": {}}), base=load_cluster(folder / "pair.yaml"))
    assert said in str(error.value)


def test_the_command_and_what_the_figures_depend_on(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    (folder / "town.yaml").write_text(
        "study: 1\nbase: pair.yaml\nkind: terminating\nvary: {energy.heat.users.homes.heat: assumed, links.metal.payload: assumed}\n"
        "design: {lhs: 4}\nresponses: [heat_cost]\n",
        encoding="utf-8",
    )
    assert main(["sweep", "town.yaml", "--executor", "serial"]) == 0
    assert "heat_cost" in capsys.readouterr().out
    assert main(["sensitivity", "town.h5"]) == 0
    assert "energy.heat.users.homes.heat" in capsys.readouterr().out
    (folder / "members.yaml").write_text("nothing", encoding="utf-8")
    assert main(["sweep", "town.yaml", "--ensemble", "members.yaml"]) == 2
