"""What a receiver's weighbridge and laboratory find of a link's loads is what is paid for; what is there stays what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_link_terms import HEAP, SITES, YARD

from twin.cli import main
from twin.errors import ScenarioError
from twin.materials import ELEMENTS
from twin.plant.cluster import resume_cluster, run_cluster, run_cluster_until
from twin.results.cluster import ClusterResult, open_cluster
from twin.results.hauls import Found
from twin.scenario.cluster import load_cluster

CU = ELEMENTS.index("Cu")
COPPER = {"Cu": {"value": "5000 EUR/t", "payable": "90 %"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("weighing")
    for name, text in {"heap": HEAP, "yard": YARD, "road": SITES}.items():
        (found / f"{name}.yaml").write_text(text, encoding="utf-8")
    return found


def road(folder: Path, price: Any = "50 EUR/t", **link: Any) -> ClusterResult:
    terms = {} if price is None else {"links.road.price": price}
    changes = {**terms, "links.road.only": True, "time.warmup": "0 s", **{f"links.road.{key}": value for key, value in link.items()}}
    return run_cluster(load_cluster(folder / "road.yaml", changes))


def found(result: ClusterResult) -> Found:
    house = result.hauls["road"].found
    assert house is not None
    return house


def test_what_the_bridge_shows_too_high_is_paid(folder: Path) -> None:
    """Each load weighs 240 kg more than it holds: 12 EUR at 50 EUR/t. What the yard holds, and what leaves the heap, is what it was."""
    with road(folder) as plain, road(folder, weigh={"bias": "240 kg"}) as high:
        loads, mass = high.hauls["road"].unloaded, high.hauls["road"].moved.mass
        assert loads > 80 and found(high).weighed == pytest.approx(mass + 240.0 * loads, rel=1e-12)
        assert high.hauls["road"].moved.worth == pytest.approx(0.05 * mass + 12.0 * loads, rel=1e-12)
        assert high.kpis["haul_weighed.road"].value == found(high).weighed and high.kpis["hauled.road"].value == mass
        for key in ("sent", "received", "refused", "under_way"):
            assert getattr(high.hauls["road"], key).tolist() == getattr(plain.hauls["road"], key).tolist()
        for site in ("heap", "yard"):
            out = [result.sites[site].array("balance/out_by_product") for result in (plain, high)]
            assert np.array_equal(*out)
        for site, sign in (("heap", 1.0), ("yard", -1.0)):
            more = high.sites[site].kpis["margin_cash"].value - plain.sites[site].kpis["margin_cash"].value
            assert more == pytest.approx(sign * 12.0 * loads, rel=1e-6)
        assert "haul_weighed.road" not in plain.kpis


def test_errors_of_weighings_are_of_the_size_that_is_said(folder: Path) -> None:
    """120 kg and .5 % of 24 t together are 169.7 kg; of n loads the mean is within 4/sqrt(n) of that, its deviation within 4/sqrt(2 n). Shown in steps of 20 kg."""
    with road(folder, weigh={"error": "120 kg", "share": "0.5 %", "step": "20 kg"}) as result:
        errors = np.array([shown - held for _, held, shown in found(result).loads])
        n, deviation = len(errors), float(np.hypot(120.0, 120.0))
        assert n > 80 and [load for load, *_ in found(result).loads] == list(range(1, n + 1))
        assert abs(errors.mean()) < 4.0 * deviation / np.sqrt(n)
        assert errors.std(ddof=1) == pytest.approx(deviation, rel=4.0 / np.sqrt(2.0 * n))
        assert all(shown % 20.0 == 0.0 for *_, shown in found(result).loads)


def test_what_samples_hold_is_paid(folder: Path) -> None:
    """The euros are those of what was found, to the last digits; over all loads it is near to what is there, and of single loads it is not."""
    with road(folder, COPPER, sample={"mass": "50 kg"}) as result:
        house, haul = found(result), result.hauls["road"]
        assert haul.moved.worth == pytest.approx(5.0 * 0.9 * house.by_element[CU], rel=1e-12)
        gap = house.by_element[CU] / haul.received[CU] - 1.0
        assert 1e-4 < abs(gap) < 0.1
    with road(folder, COPPER, sample={"mass": "200 kg", "samples": 4}) as closer:
        assert abs(found(closer).by_element[CU] / closer.hauls["road"].received[CU] - 1.0) < abs(gap)


def test_what_was_found_last_counts_for_loads_that_are_not_sampled(folder: Path) -> None:
    """Only the first load is sampled: all have its share of Cu."""
    with road(folder, COPPER, sample={"mass": "50 kg", "every": 100_000}) as all_as_first, road(folder, COPPER, sample={"mass": "50 kg"}) as each:
        first = found(all_as_first).by_element[CU] / sum(shown for *_, shown in found(all_as_first).loads)
        assert first == pytest.approx(0.4, rel=0.2) and first != pytest.approx(found(each).by_element[CU] / found(each).weighed, rel=1e-6)


def test_what_is_paid_inside_cancels(folder: Path) -> None:
    """Whatever is found, what one pays is what the other gets."""

    def together(**link: Any) -> float:
        with road(folder, COPPER, **link) as result:
            return sum(site.kpis["margin_cash"].value for site in result.sites.values())

    assert together(weigh={"error": "300 kg", "bias": "-150 kg"}, sample={"mass": "20 kg", "error": "2 %"}) == pytest.approx(together(), rel=1e-9)


SETTLE = {
    "metals": {"Cu": {"payable": "96.5 %", "minimum_deduction": "1 %", "price": "6000 EUR/t", "assay_error": "0.3 %", "splitting_limit": "0.5 %"}},
    "penalties": {"Pb": {"free": "0.2 %", "charge": "5 EUR/t", "per": "0.1 %"}},
    "treatment_charge": "90 EUR/t",
}


@pytest.mark.parametrize("weigh", [{"bias": "-23.99 t", "error": "20 kg"}, {"step": "60 t"}])
def test_a_load_that_is_shown_as_nothing_is_worth_nothing(folder: Path, weigh: dict[str, str]) -> None:
    """It draws the numbers of its assays all the same, so what is shown of one load moves no reading of the next."""
    with road(folder, None, settle=SETTLE, weigh=weigh) as result:
        shown = [shown for *_, shown in found(result).loads]
        worth = result.hauls["road"].moved.worth
        assert len(shown) > 80 and min(shown) == 0.0 <= worth < np.inf
        if not any(shown):
            assert worth == 0.0 and result.kpis["haul_weighed.road"].value == 0.0


def test_lots_of_water_alone_are_worth_nothing(folder: Path) -> None:
    with road(folder, None, settle={**SETTLE, "moisture": "100 %"}) as result:
        assert result.hauls["road"].moved.worth == 0.0 and result.hauls["road"].unloaded > 80


def test_it_is_resumed_in_the_middle_of_trips(folder: Path) -> None:
    changes = {"links.road.price": COPPER, "links.road.weigh": {"error": "80 kg"}, "links.road.sample": {"mass": "20 kg", "every": 2, "error": "1 %"}}
    cluster = load_cluster(folder / "road.yaml", changes)
    run_cluster_until(cluster, 90001.123456789, folder / "state.h5")
    run_cluster(cluster, out=folder / "whole.h5").close()
    with open_cluster(folder / "whole.h5") as whole, resume_cluster(folder / "state.h5", out=folder / "again.h5") as again:
        assert whole.digest == again.digest and found(whole).loads == found(again).loads
        assert found(whole).by_element.tolist() == found(again).by_element.tolist() and found(whole).weighed == found(again).weighed
        assert whole.hauls["road"].moved == again.hauls["road"].moved


def test_the_command_tells_it(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    more = ["--set", "links.road.price=50 EUR/t", "--set", "links.road.weigh={bias: 240 kg}", "--set", "links.road.only=true"]
    assert main(["run", "road.yaml", *more, "-o", "told.h5"]) == 0
    assert "t that came after the warm-up; paid by that" in " ".join(capsys.readouterr().out.split())
    assert main(["reproduce", "told.h5"]) == 0
    capsys.readouterr()
    assert main(["run", "road.yaml", *more, "--json", "-o", "told.h5"]) == 0
    said = json.loads(capsys.readouterr().out)["links"]["road"]
    assert said["weighed"][0]["shown"] == said["weighed"][0]["held"] + 240.0 and said["mass"]["found"]["Cu"] > said["mass"]["received"]["Cu"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weigh": {"error": "20 kg"}}, "links.road.weigh: 'weigh' tells what is paid for: give 'price' or 'settle' too"),
        ({"sample": {"mass": "20 kg"}}, "links.road.sample: 'sample' tells what is paid for"),
        ({"price": "50 EUR/t", "weigh": {"bias": "-24 t"}}, "bias must be less than a payload, 24 t (got -24 t)"),
        ({"price": "50 EUR/t", "weigh": {"error": "24 t"}}, "error must be less than a payload, 24 t (got 24 t)"),
        ({"price": "50 EUR/t", "weigh": {"error": "-20 kg"}}, "must be at least 0 kg"),
        ({"price": "50 EUR/t", "sample": {"samples": 2}}, "'mass' is missing"),
    ],
)
def test_what_cannot_be_is_said(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_cluster(folder / "road.yaml", {f"links.road.{key}": value for key, value in changes.items()})
    assert message in str(caught.value)
