"""Two sites that each wait for the other: found when it begins, and told by site. Sites whose trucks will be let in are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.cli import main
from twin.errors import DeadlockError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.scenario.cluster import Cluster, load_cluster

PLANT = """twin: 1
time: {start: 2026-01-05T06:00, horizon: 10 d}
lot: 200 kg
record: {every: 6 h}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
units:
  own: {kind: feed, every: 20 min, mass: 6 t, composition: {steel: 50 %, plastics: 50 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}, when_full: wait, queue_limit: 3}
  others: {kind: feed, every: 90 d, mass: 1 t, composition: {steel: 50 %, plastics: 50 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  yard: {kind: bunker, from: [own, others], capacity: 12 t}
  magnet: {kind: overband_magnet, from: yard, rate: 10 t/h, field: 0.5 T}
  bay: {kind: bunker, from: magnet.steel, capacity: 6 t}
  goods: {kind: product, from: bay}
  rest: {kind: product, from: magnet.rest}
"""
SOLD = {"kind": "product", "from": "bay", "pickup": {"every": "30 min", "mass": "1 t"}}
CIRCLE = """twin: 1
time: {horizon: 10 d, warmup: 0 h}
sites: {north: {extends: plant.yaml, seed: 1}, south: {extends: plant.yaml, seed: 2}}
links:
  down: {from: north.goods, to: south.others, trucks: 1, payload: 4 t, load: 10 min, travel: 30 min, only: true}
  up: {from: south.goods, to: north.others, trucks: 1, payload: 4 t, load: 10 min, travel: 30 min, only: true}
"""


def _cluster(folder: Path, changes: dict[str, object] | None = None) -> Cluster:
    (folder / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "circle.yaml").write_text(CIRCLE, encoding="utf-8")
    return load_cluster(folder / "circle.yaml", changes)


def test_a_circle_through_two_sites_is_found_and_told_by_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Own trucks queue before the link's at each gate: 6 t of bay are full before these are let in, and nobody ever works again."""
    with pytest.raises(DeadlockError) as error:
        run_cluster(_cluster(tmp_path))
    said = str(error.value)
    for part in (
        "'north/magnet' waits for 'bay: room', which only 'north/link down' can bring about",
        "'north/link down' waits for 'link down: a free truck', which only 'north/link down road' can bring about",
        "'north/link down road' waits for 'link down: room at south.others for the trucks at its gate'",
        "'south/magnet' waits for 'bay: room', which only 'south/link up' can bring about",
        "'south/link up road' waits for 'link up: room at north.others for the trucks at its gate'",
    ):
        assert part in said
    assert main(["run", str(tmp_path / "circle.yaml"), "-o", str(tmp_path / "circle.h5")]) == 1
    assert "deadlock at" in capsys.readouterr().err
    assert not (tmp_path / "circle.h5").exists()


def test_a_state_in_which_trucks_stand_at_gates_goes_on_to_the_same_end(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path)
    with pytest.raises(DeadlockError) as whole:
        run_cluster(cluster)
    moment = float(str(whole.value).split("deadlock at ")[1].split(" s")[0])
    for before in (60.0, 900.0, 3600.0):
        run_cluster_until(cluster, moment - before, tmp_path / "state.h5")
        with pytest.raises(DeadlockError) as resumed:
            resume_cluster(tmp_path / "state.h5")
        assert str(resumed.value) == str(whole.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"sites.south.change": {"units.bay.capacity": "6000 t"}},
        {"sites.south.change": {"units.others.patience": "2 h"}},
        {"sites.north.change": {"units.sold": SOLD}},
    ],
    ids=["room", "patience", "customers"],
)
def test_who_is_let_in_or_leaves_some_day_is_no_deadlock(tmp_path: Path, changes: dict[str, object]) -> None:
    """One site that never stands still, whose trucks give up, or whose bay others empty too, keeps the other one going."""
    with run_cluster(_cluster(tmp_path, changes)) as result:
        assert all(haul.unloaded + haul.turned_away > 5 for haul in result.hauls.values())
        assert all(site.attrs["complete"] for site in result.sites.values())
