"""Links of a cluster: trucks take a product of one site to a feed of another. What is sent comes, or is under way, element by element."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import twin
from twin.cli import main
from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, resume_cluster_until, run_cluster, run_cluster_until
from twin.plant.links import size_shares
from twin.results.cluster import open_cluster
from twin.scenario.cluster import Cluster, load_cluster
from twin.scenario.sizes import SizeClasses
from twin.scenario.starters import starter

HEAP = """twin: 1
time: {start: 2026-01-05T06:00, horizon: 10 d, warmup: 1 d}
lot: 200 kg
record: {every: 6 h}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
units:
  drop: {kind: feed, every: 30 d, mass: 1 t, composition: {steel: 60 %, pcb: 40 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}, assay: {pcb: {Cu: 15 %}}}
  heap: {kind: bunker, from: drop, capacity: 40000 t, initial: {mass: 30000 t, composition: {steel: 60 %, pcb: 40 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}}
  scrap: {kind: product, from: heap, price: 100 EUR/t}
  at_once: {kind: product, from: second}
  second: {kind: feed, every: 30 d, mass: 1 t, composition: {steel: 100 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
"""
YARD = """twin: 1
time: {start: 2026-01-05T06:00, horizon: 10 d, warmup: 1 d}
lot: 200 kg
record: {every: 6 h}
catalogue: [weee]
size_bounds: "8 31.5 100 mm"
units:
  gate: {kind: feed, every: 2 h, mass: 1 t, composition: {steel: 90 %, pcb: 10 %}, size: {rosin_rammler: {x63: 20 mm, n: 1.4}}, unload: {time: 15 min}}
  yard: {kind: bunker, from: gate, capacity: 50000 t}
  used: {kind: product, from: yard}
"""
SITES = """twin: 1
time: {horizon: 2 d, warmup: 6 h}
sites: {heap: {extends: heap.yaml, seed: 1}, yard: {extends: yard.yaml, seed: 2}}
"""
ROAD = "links: {road: {from: heap.scrap, to: yard.gate, trucks: 3, payload: 24 t, load: 10 min, travel: 30 min, back: 25 min, only: true, price: 50 EUR/t}}\n"
PLANTS = """twin: 1
time: {horizon: 4 d, warmup: 12 h}
sites:
  north: {extends: sender.yaml, seed: 11}
  south: {extends: plant.yaml, seed: 12, change: {record.genealogy: true, units.deliveries.queue_limit: 1}}
links:
  metal: {from: north.light_metal, to: south.deliveries, trucks: 2, payload: 4 t, travel: {lognormal: {mean: 3 h, sd: 2 h}}, dispatch: {level: 500 kg}}
"""
SENDER = """twin: 1
extends: plant.yaml
change:
  units.box: {kind: bunker, from: eddy.light, capacity: 40 t}
  units.light_metal.from: box
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("links")
    texts = {"heap": HEAP, "yard": YARD, "road": SITES + ROAD, "plant": starter(), "sender": SENDER, "plants": PLANTS}
    for name, text in texts.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    return found


def closes(cluster: Cluster) -> None:
    with run_cluster(cluster) as result:
        for haul in result.hauls.values():
            came = haul.received + haul.refused + haul.under_way
            assert haul.trips >= haul.unloaded + haul.turned_away > 0
            assert np.abs(haul.sent - came).max() <= 1e-12 * haul.sent.sum()
            assert (np.abs(haul.sent - came) <= 1e-12 * haul.sent).all()


@pytest.mark.parametrize("trucks", [1, 2, 5, 6, 8])
def test_with_fixed_times_loads_are_those_of_the_slowest(folder: Path, trucks: int) -> None:
    """Loading 600 s and unloading 900 s, one truck after the other, drives of 1800 and 1500 s: min(N/4800 s, 1/900 s) loads a second, from 3300 s on.

    A truck that waited for no bay would bring N/4800 s however many there are; one that comes back before it is unloaded, N/3900 s.
    """
    with run_cluster(load_cluster(folder / "road.yaml", {"links.road.trucks": trucks})) as result:
        haul = result.hauls["road"]
        rate = min(trucks / 4800.0, 1.0 / 900.0)
        assert abs(haul.unloaded - (2 * 86400.0 - 3300.0) * rate) <= trucks
        assert haul.received.sum() == pytest.approx(haul.unloaded * 24000.0, rel=1e-12)
        assert haul.value == pytest.approx(haul.unloaded * 24.0 * 50.0)
        assert result.sites["yard"].kpis["throughput"].value >= 0.0


def test_what_is_sent_comes_or_is_under_way(folder: Path) -> None:
    closes(load_cluster(folder / "road.yaml"))
    closes(load_cluster(folder / "road.yaml", {"links.road.only": False, "links.road.travel": "1 d"}))
    closes(load_cluster(folder / "plants.yaml"))


def test_what_a_gate_turns_away_is_counted_apart_and_the_truck_comes_back(folder: Path) -> None:
    """The yard takes 100 t: four trucks of 24 t, and every one after them is turned away (or waits for ever, where the feed says so)."""
    full = {
        "sites.yard.change": {"units.yard.capacity": "100 t", "units.used": {"kind": "product", "from": "yard", "pickup": {"every": "900 d", "mass": "1 t"}}}
    }
    turned = {"sites.yard.change": {**full["sites.yard.change"], "units.gate.when_full": "turn_away"}}
    with run_cluster(load_cluster(folder / "road.yaml", turned)) as away, run_cluster(load_cluster(folder / "road.yaml", full)) as waits:
        assert away.hauls["road"].unloaded == waits.hauls["road"].unloaded == 4
        assert away.hauls["road"].turned_away > 50 and waits.hauls["road"].turned_away == 0
        assert waits.hauls["road"].trips == 4 + 3 and waits.hauls["road"].under_way.sum() == pytest.approx(72000.0, rel=1e-12)
    closes(load_cluster(folder / "road.yaml", turned))
    closes(load_cluster(folder / "road.yaml", full))


def test_melts_do_not_travel(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    smelter = (Path(__file__).parents[2] / "scenarios" / "copper_smelter.yaml").as_posix()
    pit = "{units.pit: {kind: bunker, from: granulation.granulate, capacity: 900 t}, units.iron_silicate.from: pit}"
    text = f"""twin: 1
time: {{horizon: 10 d, warmup: 1 d}}
sites: {{one: {{extends: {smelter}, seed: 1, change: {pit}}}, two: {{extends: {smelter}, seed: 2}}}}
links: {{road: {{from: one.iron_silicate, to: two.escrap_low, trucks: 1, payload: 24 t, travel: 1 h}}}}
"""
    (folder / "melt.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", (folder / "melt.yaml").as_posix()]) == 2
    assert "what was molten" in capsys.readouterr().err


def test_an_assay_that_varies_travels(folder: Path) -> None:
    """The heap's own deliveries hold 15 % Cu; pcb of the initial stock has the catalogue's. What arrives has the sender's share of Cu."""
    with run_cluster(load_cluster(folder / "road.yaml")) as result:
        haul = result.hauls["road"]
        assert np.allclose(haul.received / haul.received.sum(), haul.sent / haul.sent.sum(), rtol=1e-12, atol=0.0)


def test_a_run_goes_on_with_its_trucks_under_way(folder: Path) -> None:
    cluster = load_cluster(folder / "plants.yaml")
    first, second = folder / "first.h5", folder / "second.h5"
    run_cluster_until(cluster, 100000.123456789, first)
    resume_cluster_until(first, 200000.5, second)
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, run_cluster(cluster) as memory, resume_cluster(second, out=folder / "again.h5") as again:
        assert whole.digest == memory.digest == again.digest
        assert whole.hauls["metal"].trips == again.hauls["metal"].trips > 3


def test_not_linked_each_site_is_as_alone(folder: Path) -> None:
    cluster = load_cluster(folder / "plants.yaml", {"linked": False})
    (folder / "none.yaml").write_text(PLANTS[: PLANTS.index("links:")], encoding="utf-8")
    with run_cluster(cluster) as off, run_cluster(load_cluster(folder / "none.yaml")) as none, run_cluster(load_cluster(folder / "plants.yaml")) as linked:
        assert off.digest == none.digest and not off.hauls
        for name, site in cluster.sites.items():
            assert off.sites[name].digest == twin.run(site).digest != linked.sites[name].digest


def test_size_classes_are_cut_by_the_logarithm() -> None:
    one, two = SizeClasses.between((1e-3, 4e-3)), SizeClasses.between((1e-3, 2e-3, 4e-3))
    assert np.array_equal(size_shares(one, one), np.eye(2))
    assert np.allclose(size_shares(one, two), [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    assert np.array_equal(size_shares(two, one), [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"links.road.from": "west.scrap"}, "SITE.PRODUCT is needed"),
        ({"links.road.from": "heap"}, "SITE.PRODUCT is needed (got 'heap'); of site 'heap': scrap"),
        ({"links.road.from": "heap.scrab"}, "has no product 'scrab'; did you mean 'scrap'?"),
        ({"links.road.to": "yard.used"}, "has no feed 'used'"),
        ({"links.road.to": "heap.drop"}, "leads to another site"),
        ({"links.road.from": "heap.at_once"}, "trucks need a bunker"),
        ({"links.road.trucks": 0}, "links.road.trucks"),
        ({"links.road.dispatch": {"level": "50000 t"}}, "no truck is ever sent"),
        ({"links.road.trunks": 3}, "did you mean 'trucks'?"),
        ({"links.road.travel": "3 t"}, "links.road.travel"),
        ({"linked": "no way"}, "true or false is needed"),
        ({"links.road": 3}, "a mapping is needed"),
        ({"sites.yard.change": {"units.gate.composition": {"steel": "100 %"}}}, "does not know pcb"),
    ],
)
def test_what_is_wrong_with_a_link_is_said(folder: Path, change: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "road.yaml", change)
    assert said in str(caught.value)


def test_the_commands_take_links(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    assert main(["run", "road.yaml", "-o", "run.h5", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["links"]["road"]["trips"] > run["links"]["road"]["unloaded"] > 100
    assert main(["reproduce", "run.h5", "--json"]) == 0
    assert all(site["verdict"] == "equal" for site in json.loads(capsys.readouterr().out)["sites"].values())
    assert main(["run", "road.yaml", "--set", "linked=false", "-o", "off.h5", "--json"]) == 0
    assert "links" not in json.loads(capsys.readouterr().out)
    assert main(["run", "road.yaml", "-o", "run.h5"]) == 0
    assert "under way" in capsys.readouterr().out


def test_trucks_may_leave_at_fixed_times(folder: Path) -> None:
    """Every 5 h from 2 h on: 10 times in 2 d, whatever lies there; a calendar puts off what falls into the night; with a level only if so much is there."""
    fixed = {"links.road.dispatch": {"every": "5 h", "first": "2 h"}}
    with run_cluster(load_cluster(folder / "road.yaml", fixed)) as result:
        haul = result.hauls["road"]
        assert haul.trips == 10
        assert haul.sent.sum() == pytest.approx(240e3)
    with run_cluster(load_cluster(folder / "road.yaml", {"links.road.dispatch": {"every": "5 h", "first": "2 h", "level": "40 kt"}})) as result:
        assert result.hauls["road"].trips == 0
    with run_cluster(load_cluster(folder / "road.yaml", {"links.road.dispatch": {"every": "10 min"}, "links.road.trucks": 1})) as result:
        assert 20 < result.hauls["road"].trips < 48, "a truck that is on its way cannot leave: the next time at which it is there"


def test_trucks_at_fixed_times_take_what_there_is_and_survive_a_stop(folder: Path) -> None:
    cluster = load_cluster(folder / "plants.yaml", {"links.metal.dispatch": {"every": "9 h", "first": "1 h"}})
    run_cluster_until(cluster, 200_000.3, folder / "fixed.h5")
    with run_cluster(cluster) as whole, resume_cluster(folder / "fixed.h5", out=folder / "fixed_again.h5") as again:
        haul = whole.hauls["metal"]
        assert whole.digest == again.digest
        assert 6 <= haul.trips <= 11
        assert 0.0 < haul.sent.sum() / haul.trips < 4000.0


@pytest.mark.parametrize(
    ("dispatch", "said"), [({}, "say when: level: 20 t, every: 6 h, or both"), ({"first": "1 h", "level": "1 t"}, "'first' needs 'every'")]
)
def test_a_dispatch_says_when(folder: Path, dispatch: dict[str, str], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        load_cluster(folder / "road.yaml", {"links.road.dispatch": dispatch})
