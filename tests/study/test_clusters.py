"""Clusters in studies: key figures of the whole, replications, what a link brings, and the range of its price."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twin.cli import main
from twin.errors import UsageError
from twin.plant.cluster import run_cluster
from twin.scenario.cluster import load_cluster
from twin.scenario.starters import starter
from twin.study.compare import compare
from twin.study.replicate import replicate
from twin.study.runs import Outcome
from twin.study.years_file import YearsFile

METAL = """twin: 1
time: {horizon: 2 d, warmup: 12 h}
sites:
  north:
    extends: plant.yaml
    seed: 11
    change: {units.box: {kind: bunker, from: eddy.light, capacity: 40 t}, units.light_metal.from: box}
  south: {extends: plant.yaml, seed: 12}
links:
  metal: {from: north.light_metal, to: south.deliveries, trucks: 2, payload: 2 t, travel: 1 h, price: 900 EUR/t, distance: 12 km, cost: 2 EUR/km,
          fuel: {use: 3 kWh/km, price: 0.2 EUR/kWh, co2: 0.25 kg/kWh}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("clusters")
    alone = "twin: 1\nextends: metal.yaml\nchange: {linked: false}\n"
    for name, text in {"plant": starter(), "metal": METAL, "alone": alone}.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    return found


def test_the_whole_is_its_sites_less_driving(folder: Path) -> None:
    with run_cluster(load_cluster(folder / "metal.yaml")) as result:
        kpis, moved = result.kpis, result.hauls["metal"].moved
        sites = [site.kpis for site in result.sites.values()]
        assert moved.distance > 0.0
        assert kpis["margin"].value == pytest.approx(sum(site["margin"].value for site in sites) - moved.cost, rel=1e-12)
        assert kpis["co2"].value == pytest.approx(sum(site["co2"].value for site in sites) + moved.co2, rel=1e-12)
        assert kpis["energy.electricity"].value == pytest.approx(sum(site["energy.electricity"].value for site in sites), rel=1e-12)
        assert kpis["north/throughput"] == sites[0]["throughput"]
        assert kpis["haul_cost.metal"].value == pytest.approx(moved.distance / 1000 * (2.0 + 3.0 * 0.2), rel=1e-12)


def test_replications_of_a_cluster_are_its_runs(folder: Path) -> None:
    cluster = load_cluster(folder / "metal.yaml")
    found = replicate(cluster, number=2, executor="serial")
    for k in range(2):
        with run_cluster(cluster, replication=k) as result:
            assert found["margin"].values[k] == result.kpis["margin"].value
            assert found.outcomes[k].digest == result.digest
    processes = replicate(cluster, number=2, workers=2)
    assert [outcome.digest for outcome in processes.outcomes] == [outcome.digest for outcome in found.outcomes]
    with pytest.raises(UsageError, match="of one plant"):
        replicate(cluster, number=2, kind="steady", executor="serial")


def test_what_a_link_brings_does_not_hang_on_its_price(folder: Path) -> None:
    """All together gain the same at 900 and at 100 EUR/t but for what lies in the receiver's yard; the price range in which both gain stays where it is."""
    base = load_cluster(folder / "alone.yaml")
    sides = [load_cluster(folder / "metal.yaml", {"links.metal.price": price}) for price in ("900 EUR/t", "100 EUR/t")]
    found = [compare(base, side, replications=2, executor="serial") for side in sides]
    cash = [one["margin_cash"].changes[0].difference for one in found]
    assert cash[0] == pytest.approx(cash[1], rel=1e-9)
    north = [one["north/margin_cash"].changes[0].difference for one in found]
    hauled = found[0]["hauled.metal"].values[1]
    assert north[0] - north[1] == pytest.approx(0.8 * hauled, rel=1e-9)
    ranges = [next(remark for remark in one.remarks if "gains above" in remark) for one in found]
    assert "all members together" in " ".join(found[0].remarks) and len(ranges) == 2
    assert found[0]["haul_cost.metal"].changes[0].verdict in ("", "worse", "cannot tell")


def test_commands_take_clusters(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert main(["compare", "alone.yaml", "metal.yaml", "--replications", "2", "--kpi", "margin", "--kpi", "north/", "--executor", "serial"]) == 0
    told = capsys.readouterr().out
    assert "links.metal.price" in told and "north/margin" in told and "south/margin" not in told
    assert main(["run", "metal.yaml", "--replications", "2", "--executor", "serial", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kpis"]["margin"]["n"] == 2 and [run["replication"] for run in said["runs"]] == [0, 1]
    assert main(["compare", "plant.yaml", "metal.yaml", "--replications", "2"]) == 2
    assert "a cluster and one plant" in capsys.readouterr().err
    assert main(["compare", "alone.yaml", "metal.yaml", "--seed", "3"]) == 2
    assert main(["run", "metal.yaml", "--replications", "2", "--kind", "steady"]) == 2


TOWN = """twin: 1
time: {horizon: 1 d, warmup: 0 s}
sites: {plant: {extends: plant.yaml, seed: 11}}
energy:
  power: {price: {series: {file: year.csv, column: price, hold: step}}, co2: 363 g/kWh}
"""


@pytest.mark.soak
def test_chance_and_the_year_are_told_apart(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A dear year costs more, whatever chance does: at 100, 200, 300 EUR/MWh the spread of a dearer plant's bill is nearly all by year."""
    monkeypatch.chdir(folder)
    for k in range(4):
        (folder / f"year_{k}.csv").write_text(f"time,price [EUR/MWh]\n0 h,{100 * k + 100}\n", encoding="utf-8")
    (folder / "year.csv").write_text("time,price [EUR/MWh]\n0 h,50\n", encoding="utf-8")
    (folder / "town.yaml").write_text(TOWN, encoding="utf-8")
    thirsty = "{extends: plant.yaml, seed: 11, change: {units.shredder.power.specific: 60 kWh/t}}"
    (folder / "thirsty.yaml").write_text(TOWN.replace("{extends: plant.yaml, seed: 11}", thirsty), encoding="utf-8")
    command = ["compare", "town.yaml", "thirsty.yaml", "--replications", "2", "--executor", "serial", "--kpi", "power_cost", "--kpi", "power_drawn"]
    assert main([*command, *(f"--years=year.csv=year_{k}.csv" for k in range(4)), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["kpis"]
    cost, drawn = said["power_cost"], said["power_drawn"]
    more = drawn["difference"] / 3.6e9
    assert drawn["sd_year"] < 0.1 * drawn["difference"], "the year moves no machine; its chance is another each year"
    assert cost["difference"] == pytest.approx(more * 250.0, rel=0.1) and cost["verdict"] == "worse"
    assert cost["sd_year"] == pytest.approx(more * 129.1, rel=0.2)
    assert main([*command, "--years=year.csv=year_1.csv"]) == 2
    assert "at least 3 years" in capsys.readouterr().err
    assert main([*command, *(f"--years=other.csv=year_{k}.csv" for k in range(3))]) == 2
    assert main([*command, "--years=year_1.csv"]) == 2


def test_years_broken_off_go_on_to_the_same_file(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off after four of six runs, the command makes the other two, and its file has the bytes of one that was made in one go."""
    monkeypatch.chdir(folder)
    for k in range(3):
        (folder / f"dear_{k}.csv").write_text(f"time,price [EUR/MWh]\n0 h,{100 * k + 100}\n", encoding="utf-8")
    (folder / "year.csv").write_text("time,price [EUR/MWh]\n0 h,50\n", encoding="utf-8")
    (folder / "own.yaml").write_text(TOWN.replace("1 d", "6 h"), encoding="utf-8")
    (folder / "other.yaml").write_text(
        TOWN.replace("1 d", "6 h").replace("seed: 11}", "seed: 11, change: {units.shredder.power.idle: 20 kW}}"), encoding="utf-8"
    )
    command = ["compare", "own.yaml", "other.yaml", "--replications", "1", "--executor", "serial", *(f"--years=year.csv=dear_{k}.csv" for k in range(3))]
    made: list[int] = []
    append = YearsFile.append

    def counted(file: YearsFile, key: str, outcome: Outcome) -> None:
        append(file, key, outcome)
        made.append(1)
        if len(made) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(YearsFile, "append", counted)
    assert main([*command, "-o", "pieces.json"]) == 130
    said = " ".join(capsys.readouterr().err.split())
    assert "of 6 runs had finished, and are kept beside pieces.json; the same command goes on from there" in said
    assert (folder / "pieces.json.journal").exists() and not (folder / "pieces.json").exists()
    assert main([*command, "-o", "pieces.json"]) == 0
    first = capsys.readouterr().out
    assert len(made) == 6 and not (folder / "pieces.json.journal").exists()
    assert main([*command, "-o", "whole.json"]) == 0
    assert capsys.readouterr().out == first and len(made) == 12
    assert (folder / "whole.json").read_bytes() == (folder / "pieces.json").read_bytes()
    assert main([*command, "-o", "whole.json"]) == 0 and len(made) == 12, "all was there"
    (folder / "mine.json").write_text("{}", encoding="utf-8")
    assert main([*command, "-o", "mine.json"]) == 2
    assert "will not replace mine.json" in capsys.readouterr().err
    (folder / "whole.json").write_text('{"twin_years": 1,\n"runs": [{"ke', encoding="utf-8")
    assert main([*command, "-o", "whole.json"]) == 2
    assert "was cut short or changed" in capsys.readouterr().err
