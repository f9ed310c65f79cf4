"""CO2 elsewhere: upstream of what a cluster buys, avoided by what it sells; what goes from member to member is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.cli import main
from twin.errors import ScenarioError
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.results.cluster import ClusterResult, open_cluster
from twin.scenario.cluster import load_cluster
from twin.scenario.starters import starter

PAIR = """twin: 1
time: {horizon: 2 d, warmup: 12 h}
sites:
  north:
    extends: plant.yaml
    seed: 11
    change: {units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light_metal.from: box,
             units.light_metal.pickup: {every: 9 h, mass: 1 t}}
  south: {extends: plant.yaml, seed: 12}
links:
  metal: {from: north.light_metal, to: south.deliveries, trucks: 2, payload: 2 t, travel: 30 min, only: ONLY}
upstream:
  carriers: {electricity: {value: 80 g/kWh, basis: assumed, low: 0 g/kWh, high: 200 g/kWh, source: "of this test"}}
  feeds: {north.deliveries: 50 kg/t, south.deliveries: 0.2 t/t}
avoided:
  metal: {product: north.light_metal, factor: 3 t/t, instead_of: light metal from ore}
  more_metal: {product: south.light_metal, factor: 3 t/t, instead_of: light metal from ore}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere")
    (path / "plant.yaml").write_text(starter(), encoding="utf-8")
    for name, only in {"pair": "false", "closed": "true"}.items():
        (path / f"{name}.yaml").write_text(PAIR.replace("ONLY", only), encoding="utf-8")
    return path


def _mass(result: ClusterResult, site: str, stream: str) -> float:
    return result.sites[site].totals.mass(stream)


@pytest.mark.parametrize("linked", [True, False])
def test_what_is_bought_and_sold_counts_by_its_factor_and_what_links_carry_does_not(folder: Path, linked: bool) -> None:
    with run_cluster(load_cluster(folder / "pair.yaml", {"linked": linked})) as result:
        brought, loaded = (result.hauls["metal"].moved.mass, result.hauls["metal"].moved.loaded) if linked else (0.0, 0.0)
        assert (brought > 3000.0) is (loaded > 3000.0) is linked
        power = {name: site.kpis["energy.electricity"].value for name, site in result.sites.items()}
        north = 80e-3 / 3.6e6 * power["north"] + 0.05 * _mass(result, "north", "deliveries")
        south = 80e-3 / 3.6e6 * power["south"] + 0.2 * (_mass(result, "south", "deliveries") - brought)
        kpis = result.kpis
        assert kpis["scope_3_upstream.north"].value == pytest.approx(north, rel=1e-12)
        assert kpis["scope_3_upstream.south"].value == pytest.approx(south, rel=1e-12)
        assert kpis["scope_3_upstream"].value == pytest.approx(north + south, rel=1e-12)
        assert kpis["avoided.metal"].value == pytest.approx(3.0 * (_mass(result, "north", "light_metal") - loaded), rel=1e-9, abs=1e-6)
        assert kpis["avoided.more_metal"].value == pytest.approx(3.0 * _mass(result, "south", "light_metal"), rel=1e-12)
        assert kpis["avoided.metal"].note == "instead of light metal from ore"
        assert kpis["co2"].value == pytest.approx(kpis["scope_1"].value + kpis["scope_2"].value, rel=1e-12)


def test_what_stays_inside_spares_nobody_anything(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "closed.yaml")) as result:
        assert _mass(result, "north", "light_metal") > 3000.0
        assert result.kpis["avoided.metal"].value == pytest.approx(0.0, abs=1e-6)
        south = 80e-3 / 3.6e6 * result.sites["south"].kpis["energy.electricity"].value
        assert result.kpis["scope_3_upstream.south"].value == pytest.approx(south, abs=1e-6)


def test_factors_change_no_run_and_are_kept_through_stop_resume_and_reproduction(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = load_cluster(folder / "pair.yaml")
    with run_cluster(cluster, out=folder / "whole.h5") as whole:
        (folder / "plain.yaml").write_text((folder / "pair.yaml").read_text(encoding="utf-8").partition("upstream:")[0], encoding="utf-8")
        with run_cluster(load_cluster(folder / "plain.yaml")) as plain:
            assert {name: site.digest for name, site in plain.sites.items()} == {name: site.digest for name, site in whole.sites.items()}
            assert not [key for key in plain.kpis if key.startswith(("avoided", "scope_3"))]
    run_cluster_until(cluster, 86400.0, folder / "state.h5")
    resume_cluster(folder / "state.h5", out=folder / "resumed.h5").close()
    with open_cluster(folder / "whole.h5") as first, open_cluster(folder / "resumed.h5") as second:
        assert second.digest == first.digest
        assert second.kpis["avoided.metal"].value == first.kpis["avoided.metal"].value > 0.0
    assert main(["reproduce", str(folder / "whole.h5")]) == 0
    assert "not" not in capsys.readouterr().out


def test_a_carrier_without_a_factor_is_named(folder: Path) -> None:
    text = (folder / "pair.yaml").read_text(encoding="utf-8").replace("electricity: {value", "heat: {value")
    text += "energy: {heat: {supply: 90 °C, return: 60 °C, boilers: {main: {power: 1 kW, carrier: heat, price: 1 EUR/MWh}}}}\n"
    (folder / "other.yaml").write_text(text, encoding="utf-8")
    with run_cluster(load_cluster(folder / "other.yaml", {"linked": False})) as result:
        assert result.kpis["scope_3_upstream"].note == "without electricity, of no stated factor"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("north.deliveries: 50", "north.delivery: 50", "upstream.feeds.\"north.delivery\": site 'north' has no feed 'delivery'; did you mean 'deliveries'?"),
        ("product: north.light_metal", "product: light_metal", "avoided.metal.product: SITE.PRODUCT is needed"),
        ("factor: 3 t/t, instead_of: light metal from ore}\n  more", "factor: 3 t/t}\n  more", "avoided.metal.instead_of: 'instead_of' is missing"),
        ("0.2 t/t", "0.2 kg/kWh", 'upstream.feeds."south.deliveries": a number'),
        ("80 g/kWh", "-80 g/kWh", "upstream.carriers.electricity"),
        ("electricity: {", "electricty: {", "upstream.carriers.electricty: no site and no boiler draws 'electricty'; did you mean 'electricity'?"),
        ("avoided:", "avoids:", "unknown key; did you mean 'avoided'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(folder: Path, old: str, new: str, said: str) -> None:
    text = (folder / "pair.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "wrong.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_cluster(folder / "wrong.yaml")
    assert said in str(error.value)
    assert all(problem.line > 1 for problem in error.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("to: south.deliveries", "to: south.delivery", "links.metal.to: site 'south' has no feed 'delivery'; did you mean 'deliveries'?"),
        ("upstream:", "energy: {power: {priority: [north, north]}}\nupstream:", "energy.power.priority.1: 'north' stands twice"),
        ("upstream:", "energy: {power: {priority: [nort]}}\nupstream:", "energy.power.priority.0: there is no site 'nort'; did you mean 'north'?"),
    ],
)
@pytest.mark.parametrize("linked", [True, False])
def test_what_is_wrong_with_links_is_said_whether_they_count_or_not(folder: Path, old: str, new: str, said: str, linked: bool) -> None:
    text = (folder / "pair.yaml").read_text(encoding="utf-8")
    (folder / "wrong.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_cluster(folder / "wrong.yaml", {"linked": linked})
    assert said in str(error.value)


def test_a_factor_of_a_boiler_stays_where_the_cluster_is_not_linked(folder: Path) -> None:
    """The same file with and without links: what its boilers burn is no unknown name in the case alone."""
    text = (folder / "pair.yaml").read_text(encoding="utf-8").replace("carriers: {", "carriers: {wood: 20 g/kWh, ")
    text += "energy: {heat: {supply: 90 °C, return: 60 °C, boilers: {main: {power: 1 kW, carrier: wood, price: 1 EUR/MWh}}}}\n"
    (folder / "wood.yaml").write_text(text, encoding="utf-8")
    assert load_cluster(folder / "wood.yaml", {"linked": False}).energy is None
    with pytest.raises(ScenarioError, match="no site and no boiler draws 'wood'"):
        load_cluster(folder / "wood.yaml", {"energy": {}})


def test_why_co2_cannot_be_told_is_said(folder: Path) -> None:
    text = (folder / "pair.yaml").read_text(encoding="utf-8")
    text += """energy:
  power: {price: 10 ct/kWh}
  heat:
    supply: 90 °C
    return: 60 °C
    boilers: {main: {power: 9 kW, carrier: straw, price: 1 EUR/MWh}, spare: {power: 9 kW, carrier: straw, price: 2 EUR/MWh}}
    users: {homes: {heat: 5 kW}}
"""
    (folder / "straw.yaml").write_text(text, encoding="utf-8")
    with run_cluster(load_cluster(folder / "straw.yaml", {"time.horizon": "1 d"})) as result:
        assert result.kpis["co2"].note == "no CO2 factor of boiler main; no CO2 factor of the power network's grid"
        assert result.kpis["scope_2"].value != result.kpis["scope_2"].value


def test_the_command_prints_them_and_what_they_are_instead_of(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(folder)
    assert main(["run", "pair.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "scope_3_upstream" in printed
    assert "avoided.metal: instead of light metal from ore, if that is so; in no other figure" in printed
