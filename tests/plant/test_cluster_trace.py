"""Genealogy over links: a product is traced to the deliveries of the site that sent a load, through one link, two in a row, and a circle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.errors import UsageError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.plant.cluster_trace import trace_cluster
from twin.plant.trace import trace
from twin.results.cluster import open_cluster
from twin.scenario.cluster import load_cluster

SITE = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 4 d}
lot: 1 t
record: {every: 1 d, genealogy: true}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
units:
  drop: {kind: feed, every: 7 h, mass: 10 t, composition: {steel: STEEL, copper: 10 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  trucks: {kind: feed, every: 900 d, mass: 1 t, first: 899 d, composition: {steel: 50 %, copper: 50 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  heap: {kind: bunker, from: [drop, trucks], capacity: 4000 t}
  mill: {kind: shredder, from: heap, rate: 9 t/h}
  bay: {kind: bunker, from: mill, capacity: 4000 t}
  out: {kind: product, from: bay, pickup: {every: 20 h, mass: 6 t}}
"""
CHAIN = """twin: 1
time: {horizon: 4 d}
sites: {one: {extends: site.yaml, seed: 1}, two: {extends: site.yaml, seed: 2}, three: {extends: site.yaml, seed: 3}}
links:
  first: {from: one.out, to: two.trucks, trucks: 1, payload: 8 t, travel: 2 h}
  second: {from: two.out, to: three.trucks, trucks: 2, payload: 5 t, travel: 1 h}
  home: {from: three.out, to: one.trucks, trucks: 1, payload: 4 t, travel: 3 h}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("lots")
    (found / "site.yaml").write_text(SITE.replace("STEEL", "90 %"), encoding="utf-8")
    (found / "ring.yaml").write_text(CHAIN, encoding="utf-8")
    (found / "chain.yaml").write_text(CHAIN.partition("  home:")[0], encoding="utf-8")
    run_cluster(load_cluster(found / "ring.yaml"), out=found / "ring.h5").close()
    run_cluster(load_cluster(found / "chain.yaml"), out=found / "chain.h5").close()
    return found


@pytest.mark.parametrize("name", ["chain", "ring"])
def test_what_products_took_in_is_all_of_deliveries_of_the_sites_themselves(folder: Path, name: str) -> None:
    """No load of a link is an origin, and by product and material all mass is found again, as each site's own trace has it."""
    with open_cluster(folder / f"{name}.h5") as result:
        found = trace_cluster(result)
        assert set(found.origin_units) == {"one/drop", "two/drop", "three/drop"}
        for site, own in result.sites.items():
            alone = trace(own)
            assert found.mass[found.products.index(f"{site}/out")].sum(axis=0) == pytest.approx(alone.mass[0].sum(axis=0), rel=1e-9)
        assert float(found.shares("three/out").sum()) == pytest.approx(1.0, rel=1e-12)


def test_a_site_without_links_to_it_is_traced_as_alone(folder: Path) -> None:
    with open_cluster(folder / "chain.h5") as result:
        found, alone = trace_cluster(result), trace(result.sites["one"])
        mine = [k for k, unit in enumerate(found.origin_units) if unit == "one/drop"]
        assert np.array_equal(found.mass[found.products.index("one/out")][mine], alone.mass[0])
        assert found.mass[found.products.index("one/out")].sum() == pytest.approx(alone.mass.sum(), rel=1e-12)


def test_a_load_is_shared_out_by_what_it_was_made_of(folder: Path) -> None:
    """What of the first site's deliveries is in the second's product: what its own trace puts down to the trucks' loads, each as the first site made it."""
    with open_cluster(folder / "chain.h5") as result:
        found, two = trace_cluster(result), trace(result.sites["two"])
        carried = result.hauls["first"].carried
        assert len(carried.taken) >= 5
        loads = sum(float(two.mass[0][k].sum()) for k, unit in enumerate(two.origin_units) if unit == "trucks")
        of_one = sum(float(found.mass[found.products.index("two/out")][k].sum()) for k, unit in enumerate(found.origin_units) if unit == "one/drop")
        assert of_one == pytest.approx(loads, rel=1e-9) != 0.0
        latest = max(found.origin_times[k] for k in range(len(found.origin_units)) if found.origin_units[k] == "one/drop" and found.mass[1][k].sum() > 0.0)
        assert latest < 4 * 86400.0 - 2 * 3600.0, "a delivery must have been driven for two hours"


def test_elements_are_followed_too(folder: Path) -> None:
    with open_cluster(folder / "ring.h5") as result:
        found = trace_cluster(result, "Cu")
        for site, own in result.sites.items():
            assert found.mass[found.products.index(f"{site}/out")].sum() == pytest.approx(trace(own, "Cu").mass.sum(), rel=1e-9)
        with pytest.raises(UsageError, match="unknown element"):
            trace_cluster(result, "Xx")


def test_lots_of_links_survive_a_stop(folder: Path) -> None:
    cluster = load_cluster(folder / "ring.yaml")
    run_cluster_until(cluster, 150_000.3, folder / "state.h5")
    with resume_cluster(folder / "state.h5", out=folder / "again.h5") as again, open_cluster(folder / "ring.h5") as whole:
        assert again.digest == whole.digest
        assert again.hauls["home"].carried == whole.hauls["home"].carried
        assert np.array_equal(trace_cluster(again).mass, trace_cluster(whole).mass)


def test_a_sender_without_lots_leaves_loads_as_origins(folder: Path) -> None:
    changes = {"sites.one.change": {"record.genealogy": False}}
    with run_cluster(load_cluster(folder / "chain.yaml", changes)) as result:
        found = trace_cluster(result)
        assert set(found.origin_units) == {"two/drop", "two/trucks", "three/drop"}
    nothing = {f"sites.{site}.change": {"record.genealogy": False} for site in ("one", "two", "three")}
    with run_cluster(load_cluster(folder / "chain.yaml", nothing)) as result, pytest.raises(UsageError, match="holds no genealogy"):
        trace_cluster(result)


def test_the_command_traces_a_cluster(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(folder / "chain.h5"), "--product", "three/out", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["three/out"]
    assert {row["unit"] for row in rows} <= {"one/drop", "two/drop", "three/drop"}
    assert main(["trace", str(folder / "chain.h5")]) == 0
    assert "two/drop" in capsys.readouterr().out
