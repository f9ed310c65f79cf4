"""A limit on the power of a cluster: granted with what a lot needs else, by priority, never exceeded, and without effect where it is never met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twin.errors import RunError, ScenarioError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.results.cluster import ClusterResult, open_cluster
from twin.scenario.cluster import load_cluster
from twin.scenario.starters import starter

MACHINE = """twin: 1
time: {start: 2026-01-05T00:00, horizon: 2 d}
lot: 200 kg
record: {every: 1 h}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
resources: {crew: 1}
units:
  drop: {kind: feed, every: 900 d, mass: 1 t, composition: {steel: 100 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  heap: {kind: bunker, from: drop, capacity: 9000 t, initial: {mass: 5000 t}}
  mill: {kind: shredder, from: heap, rate: 12 t/h, power: {specific: 5 kWh/t}}
  out: {kind: product, from: mill}
"""
TWO = """twin: 1
time: {horizon: 2 d}
sites: {a: {extends: machine.yaml, seed: 1}, b: {extends: machine.yaml, seed: 2}}
energy: {power: {price: 100 EUR/MWh}}
"""
PAIR = """twin: 1
time: {horizon: 3 d, warmup: 12 h}
sites: {north: {extends: plant.yaml, seed: 11}, south: {extends: plant.yaml, seed: 12}}
energy: {power: {price: 100 EUR/MWh}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("limit")
    for name, text in {"machine": MACHINE, "two": TWO, "pair": PAIR, "plant": starter()}.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    return found


def lots(result: ClusterResult) -> dict[str, int]:
    return {name: int(site.attrs["lots"]) for name, site in result.sites.items()}


def test_two_machines_of_60_kw_under_100_do_half_the_lots_each(folder: Path) -> None:
    """A lot of 200 kg at 12 t/h takes 60 s: 2880 in two days, the last at the end itself, and half of them where they take turns."""
    with run_cluster(load_cluster(folder / "two.yaml")) as free, run_cluster(load_cluster(folder / "two.yaml", {"energy.power.limit": "100 kW"})) as shared:
        assert lots(free) == {"a": 2879, "b": 2879}
        assert lots(shared) == {"a": 1440, "b": 1439}
        assert free.energy.number("power/highest") == pytest.approx(120e3, rel=1e-9)
        assert shared.energy.number("power/highest") == pytest.approx(60e3, rel=1e-9)


def test_who_has_priority_goes_first(folder: Path) -> None:
    """Under 100 kW the site that is named does all its lots, whichever it is; the other none but the one before."""
    for first, second in (("a", "b"), ("b", "a")):
        changes = {"energy.power.limit": "100 kW", "energy.power.priority": [first]}
        with run_cluster(load_cluster(folder / "two.yaml", changes)) as result:
            assert lots(result)[first] >= 2878 and lots(result)[second] <= 1


def test_who_lacks_people_does_not_keep_power_from_others(folder: Path) -> None:
    """The site with priority has its crew on weekdays from 6 to 14 only; in the other 32 of 48 hours the other site works."""
    crew = {"resources.crew": {"count": {"day": 1}}, "calendars.day": {"weekdays": ["06:00-14:00"]}, "units.mill.needs": "crew"}
    changes = {"energy.power.limit": "100 kW", "energy.power.priority": ["a"], "sites.a.change": crew}
    with run_cluster(load_cluster(folder / "two.yaml", changes)) as result:
        assert lots(result)["a"] == pytest.approx(16 * 60, abs=3)
        assert lots(result)["b"] == pytest.approx(32 * 60, abs=3)


def test_a_limit_that_is_never_met_changes_no_bit(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "pair.yaml")) as free, run_cluster(load_cluster(folder / "pair.yaml", {"energy.power.limit": "900 kW"})) as held:
        assert {name: site.digest for name, site in free.sites.items()} == {name: site.digest for name, site in held.sites.items()}
        assert [site.attrs["events"] for site in free.sites.values()] == [site.attrs["events"] for site in held.sites.values()]


@pytest.mark.parametrize("limit", [500, 400, 350])
def test_no_moment_is_above_the_limit(folder: Path, limit: int) -> None:
    """Two plants of lines with repairs, recycles and shifts: they draw more than 500 kW together where nothing holds them."""
    with (
        run_cluster(load_cluster(folder / "pair.yaml", {"energy.power.limit": f"{limit} kW"})) as result,
        run_cluster(load_cluster(folder / "pair.yaml")) as free,
    ):
        assert free.energy.number("power/highest") > 500e3
        assert 0.6 * limit * 1e3 < result.energy.number("power/highest") <= limit * 1e3 * (1.0 + 1e-9)
        assert result.energy.number("power/drawn") < free.energy.number("power/drawn")


def test_a_run_under_a_limit_goes_on(folder: Path) -> None:
    cluster = load_cluster(folder / "pair.yaml", {"energy.power.limit": "350 kW", "energy.power.priority": ["south"]})
    run_cluster_until(cluster, 129600.123456789, folder / "state.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "state.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest


def test_what_can_never_start_is_said(folder: Path) -> None:
    def wrong(**changes: Any) -> str:
        with pytest.raises(ScenarioError) as caught:
            load_cluster(folder / "two.yaml", {key.replace("__", "."): value for key, value in changes.items()})
        return str(caught.value)

    message = wrong(energy__power__limit="50 kW")
    assert "energy.power.limit" in message and "a.mill can never start: its lots draw 60 kW above the 0 W" in message
    idle = {f"sites.{name}.change": {"units.mill.power.idle": "60 kW"} for name in ("a", "b")}
    with pytest.raises(ScenarioError, match=r"all units draw 120 kW idle"):
        load_cluster(folder / "two.yaml", {"energy.power.limit": "100 kW", **idle})
    with pytest.raises(RunError, match=r"can never start"):
        run_cluster(load_cluster(folder / "pair.yaml", {"energy.power.limit": "150 kW"}))
