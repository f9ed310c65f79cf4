"""Feeds that change in time, go wrong now and then, and are sampled."""

from __future__ import annotations

import doctest
import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.engine.streams import Stream
from twin.errors import ScenarioError
from twin.measurement import Measurement, sampling_deviation


def plant(days: float = 10.0, **feed: Any) -> dict[str, Any]:
    return {
        "twin": 1,
        "time": {"horizon": f"{days} d"},
        "record": {"every": "1 h"},
        "size_bounds": "10 40 100 mm",
        "materials": {
            "metal": {"density": "7800 kg/m3"},
            "plastic": {"density": "1000 kg/m3"},
            "water": {"density": "1000 kg/m3", "moisture": "100 %"},
        },
        "units": {
            "trucks": {
                "kind": "feed",
                "every": "1 h",
                "mass": "10 t",
                "composition": {"metal": "30 %", "plastic": "70 %"},
                "size": ["20 %", "50 %", "30 %"],
                **feed,
            },
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "100000 t"},
            "out": {"kind": "product", "from": "yard"},
        },
    }


def arriving(result: twin.Result) -> tuple[np.ndarray, np.ndarray]:
    """Mass delivered in each hour, kg, and the share of metal in it."""
    flow = result.array("streams/mass_flow")[:, list(result.array("stream")).index("trucks")] * 3600.0
    total = flow.sum(axis=1)
    return total, np.divide(flow[:, list(result.array("material")).index("metal")], total, out=np.full(len(total), np.nan), where=total > 0)


@pytest.mark.parametrize("module", ["twin.scenario.supply", "twin.measurement"])
def test_docstring_examples(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted > 0
    assert results.failed == 0


def test_a_season_of_the_amount_moves_trucks_together_and_apart() -> None:
    """Truck k comes when the factor has summed up to k hours: t + A sin(2 pi (t - peak)/period) period/(2 pi), counted from 0."""

    def summed(t: float) -> float:
        w = 2 * math.pi / (5 * 86400.0)
        return t + 0.5 * (math.sin(w * (t - 86400.0)) + math.sin(w * 86400.0)) / w

    with twin.run(twin.load(plant(season={"amplitude": "50 %", "period": "5 d", "peak": "1 d"}))) as result:
        hours = [int(summed((k + 1) * 3600.0) / 3600.0) - int(summed(k * 3600.0) / 3600.0) for k in range(240)]
        found = arriving(result)[0] / 10e3
        assert found.sum() == pytest.approx(239, abs=1)
        assert np.abs(np.cumsum(found) - np.cumsum(hours)).max() <= 1.0 + 1e-6  # a truck of a full hour falls to either side


def test_trend_and_season_of_one_material_shift_the_composition() -> None:
    """Shares before normalising: 30 % of metal times both factors, 70 % of plastics."""
    feed = {"season": {"of": "metal", "amplitude": "20 %", "period": "4 d", "peak": "2026-01-06"}, "trend": {"of": "metal", "change": "+10 %", "per": "5 d"}}
    scenario = twin.load({**plant(**feed), "time": {"horizon": "10 d", "start": "2026-01-05T00:00"}})
    with twin.run(scenario) as result:
        share = arriving(result)[1]
        for hour in (1, 40, 111, 239):  # the truck of that full hour counts in the hour that begins
            t = hour * 3600.0
            metal = 0.3 * (1 + 0.2 * math.cos(2 * math.pi * (t - 86400) / (4 * 86400))) * (1 + 0.1 * t / (5 * 86400))
            assert share[hour] == pytest.approx(metal / (metal + 0.7), rel=1e-12)


def test_campaigns_come_back_and_the_first_holds() -> None:
    campaigns = {
        "cars": {"begin": "2 d", "length": "1 d", "repeat": "4 d", "composition": {"metal": "90 %", "plastic": "10 %"}, "mass": "20 t"},
        "never": {"begin": "2 d", "length": "1 d", "composition": {"plastic": "100 %"}},
    }
    with twin.run(twin.load(plant(campaigns=campaigns))) as result:
        mass, share = arriving(result)
        hours = np.arange(240)
        on = ((hours - 48) % 96 < 24) & (hours >= 48)
        on[0] = False
        assert mass[1:][on[1:]] == pytest.approx(20e3)
        assert mass[1:][~on[1:]] == pytest.approx(10e3)
        assert share[1:][on[1:]] == pytest.approx(0.9)
        assert share[1:][~on[1:]] == pytest.approx(0.3)


def test_hazards_befall_some_deliveries_and_say_so() -> None:
    """Rain brings 10 % of water; binomial within 4 sigma, and each event is one wet truck."""
    with twin.run(twin.load(plant(days=40.0, hazards={"rain": {"chance": "20 %", "add": {"water": "10 %"}}}))) as result:
        struck = sum(1 for what in result.array("events/what") if str(what) == "hazard: rain")
        trucks = 40 * 24 - 1
        assert abs(struck - 0.2 * trucks) < 4 * math.sqrt(0.2 * 0.8 * trucks)
        water = float(result.array("balance/material_in")[list(result.array("material")).index("water")])
        assert water == pytest.approx(struck * 1000.0, rel=1e-9)
        assert result.attrs["worst_residual"] < 1e-12


def test_a_hazard_that_adds_nothing_changes_no_delivery() -> None:
    with twin.run(twin.load(plant(days=1.0, hazards={"rain": {"chance": "100 %", "add": {"water": "0 %"}}}))) as result:
        assert float(result.array("balance/material_in")[list(result.array("material")).index("water")]) == 0.0
        assert result.attrs["worst_residual"] < 1e-12


def test_an_oversize_delivery_has_its_sizes() -> None:
    hazards = {"oversize": {"chance": "100 %", "size": ["0 %", "0 %", "100 %"]}}
    with twin.run(twin.load(plant(days=0.2, hazards=hazards))) as result:
        flow = result.array("streams/size_flow")[:, list(result.array("stream")).index("trucks")].sum(axis=0)
        assert flow[2] > 0
        assert not flow[:2].any()


def test_a_new_hazard_moves_no_other_number() -> None:
    spread = {"variability": {"concentration": 40}, "every": {"exponential": {"mean": "1 h"}}}
    never = {"rain": {"chance": "0 %", "add": {"water": "10 %"}}}
    with twin.run(twin.load(plant(**spread))) as one, twin.run(twin.load(plant(**spread, hazards=never))) as two:
        np.testing.assert_array_equal(arriving(one)[1], arriving(two)[1])


def test_samples_scatter_as_gy_says_and_stand_beside_the_truth() -> None:
    """Measured over true: mean 1 within 4 standard errors, standard deviation that of the formula within 4 of its own (1/sqrt(2 n))."""
    with twin.run(twin.load(plant(days=60.0, sampling={"mass": "50 kg"}))) as result:
        metal = list(result.array("material")).index("metal")
        true, measured = result.array("samples/true")[:, metal], result.array("samples/measured")[:, metal]
        stated = float(result.array("samples/deviation")[0, metal])
        n = len(true)
        ratio = measured / true
        assert n == 60 * 24 - 1
        assert true == pytest.approx(0.3)
        assert 0.05 < stated < 0.5
        assert abs(ratio.mean() - 1) < 4 * stated / math.sqrt(n) + stated**2  # the ratio of two chance masses is off by the order of its variance
        assert abs(ratio.std() / stated - 1) < 4 / math.sqrt(2 * n) + stated
        assert result.array("samples/measured").sum(axis=1) == pytest.approx(1.0)
        assert result.array("samples/measured_element").sum(axis=1) == pytest.approx(1.0)


def test_a_larger_sample_and_smaller_pieces_are_nearer_to_the_truth() -> None:
    shares, masses, metal = np.array([0.3, 0.7]), np.array([0.02, 0.01]), np.array([1.0, 0.0])
    base = sampling_deviation(shares, masses, metal, 10.0, 1e4)
    assert sampling_deviation(shares, masses, metal, 40.0, 1e9) == pytest.approx(sampling_deviation(shares, masses, metal, 10.0, 1e9) / 2, rel=1e-6)
    assert sampling_deviation(shares, masses / 4, metal, 10.0, 1e4) == pytest.approx(base / 2, rel=1e-12)
    assert sampling_deviation(shares, masses, metal, 1e4, 1e4) == 0.0


def test_every_third_delivery_is_sampled_and_a_sample_of_all_is_exact() -> None:
    with twin.run(twin.load(plant(days=1.0, sampling={"mass": "20 t", "every": 3}))) as result:
        assert result.array("samples/sample_delivery").tolist() == list(range(0, 23, 3))
        np.testing.assert_allclose(result.array("samples/measured"), result.array("samples/true"), rtol=1e-14)


@pytest.mark.soak
def test_resumed_it_is_the_same_run(tmp_path: Path) -> None:
    scenario = twin.load(
        plant(
            days=3.0,
            every={"exponential": {"mean": "1 h"}},
            variability={"concentration": 40},
            season=[{"amplitude": "30 %", "period": "2 d"}, {"of": "metal", "amplitude": "10 %", "period": "1 d"}],
            trend={"change": "-10 %", "per": "10 d"},
            campaigns={"cars": {"begin": "1 d", "length": "12 h", "composition": {"metal": "90 %", "plastic": "10 %"}}},
            hazards={"rain": {"chance": "30 %", "add": {"water": "10 %"}}},
            sampling={"mass": "30 kg", "every": 2},
        )
    )
    whole = twin.run(scenario, out=tmp_path / "whole.h5")
    for hours in (0.4, 17.3, 30.0, 60.9):
        twin.run_until(scenario, hours * 3600.0, save=tmp_path / "state.h5")
        with twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5") as resumed:
            assert resumed.digest == whole.digest, hours
    whole.close()


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ({"season": {"amplitude": "120 %", "period": "1 d"}}, "1"),
        ({"season": {"of": "wood", "amplitude": "20 %", "period": "1 d"}}, "'amount' or a material that is delivered"),
        ({"season": {"amplitude": "20 %", "period": "1 d", "peak": "summer"}}, "summer"),
        ({"trend": {"change": "5", "per": "1 kg"}}, "a time is needed"),
        ({"campaigns": {"cars": {"begin": "1 d", "length": "2 d", "repeat": "1 d", "mass": "2 t"}}}, "no shorter than 'length'"),
        ({"campaigns": {"cars": {"begin": "1 d", "length": "2 d"}}}, "changes nothing"),
        ({"campaigns": {"cars": {"begin": "1 d", "length": "2 d", "composition": {"iron": "100 %"}}}}, "unknown material 'iron'"),
        ({"hazards": {"rain": {"chance": "20 %"}}}, "does nothing"),
        ({"hazards": {"rain": {"chance": "20 %", "add": {"water": "100 %"}}}}, "must leave room"),
        ({"sampling": {"mass": "2 mm"}}, "a mass is needed"),
    ],
)
def test_what_is_wrong_is_said(feed: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(plant(**feed))
    assert any(message in problem.message for problem in caught.value.problems), [p.message for p in caught.value.problems]


def rare_pieces(expected: float, **feed: Any) -> dict[str, Any]:
    """Metal of which ``expected`` pieces of 98 to 102 mm, 0.39 kg each on average by number, are in a sample of 50 kg; the rest is fine plastics."""
    share = expected * 7800.0 * 0.5 * 0.0999334**3 / 50.0  # cube of the mean by number of a class that is even in log size
    written = plant(days=100.0, composition={"metal": share, "plastic": 1.0 - share}, sampling={"mass": "50 kg"}, **feed)
    written["units"]["trucks"]["size"] = {"metal": [0.0, 0.0, 1.0], "plastic": [1.0, 0.0, 0.0]}
    return {**written, "size_bounds": "4 98 102 mm"}


@pytest.mark.parametrize("expected", [0.2, 0.5, 3.0])
def test_a_sample_holds_a_whole_number_of_pieces(expected: float) -> None:
    """Empty samples are e^-n of all within 4 standard errors, mean and spread those of a Poisson number of pieces.

    A gamma distribution of the same mean and variance, which is never 0, has no empty sample at all.
    """
    with twin.run(twin.load(rare_pieces(expected))) as result:
        metal = list(result.array("material")).index("metal")
        found = result.array("samples/measured")[:, metal] / result.array("samples/true")[:, metal]
    n, empty = len(found), math.exp(-expected)
    assert n > 2000
    assert abs((found == 0.0).mean() - empty) < 4 * math.sqrt(empty * (1 - empty) / n)
    piece = 7800.0 * 0.5 * 0.1**3
    law = [(math.exp(-expected) * expected**k / math.factorial(k), k * piece / (50.0 + (k - expected) * piece) * 50.0 / (expected * piece)) for k in range(40)]
    mean = math.fsum(p * x for p, x in law)
    variance = math.fsum(p * (x - mean) ** 2 for p, x in law)
    fourth = math.fsum(p * (x - mean) ** 4 for p, x in law)
    assert abs(found.mean() - mean) < 4 * math.sqrt(variance / n)
    assert abs(found.var() - variance) < 4 * math.sqrt((fourth - variance**2) / n)


@pytest.mark.parametrize(("sample", "pieces"), [("2 kg", "few"), ("60 kg", "many")])
def test_pieces_of_a_wide_class_scatter_by_their_own_masses(sample: str, pieces: str) -> None:
    """A class from 20 to 60 mm, even in log size: a kg is made of pieces of rho s 26 b^3/(27 * 3 ln 3) on average, not of the geometric mean's, 34 % lighter.

    Both where pieces are few, so that each is drawn, and where they are many; beside the deviation after Gy that the file states.
    """
    written = plant(days=100.0, composition={"metal": "50 %", "plastic": "50 %"}, sampling={"mass": sample})
    written["units"]["trucks"]["size"] = {"metal": [0.0, 1.0], "plastic": [1.0, 0.0]}
    with twin.run(twin.load({**written, "size_bounds": "20 60 mm"})) as result:
        metal = list(result.array("material")).index("metal")
        found, stated = result.array("samples/measured")[:, metal], result.array("samples/deviation")[:, metal]
    weight = 7800.0 * 0.5 * 0.06**3 * (1 - 1 / 27) / (3 * math.log(3))
    kg = float(sample.split()[0])
    fine = 1000.0 * 0.5 * 0.02**3 * (1 - 1 / 64) / (3 * math.log(4))
    relative = math.sqrt((1 / kg - 1 / 1e4) * (weight + fine) / 2)
    assert stated == pytest.approx(np.full(len(stated), relative), rel=1e-9)
    n = len(found)
    assert abs(found.std() / 0.5 / relative - 1) < 4 / math.sqrt(2 * n) + (0.12 if pieces == "few" else 0.02)


def test_a_sample_without_a_piece_measures_nothing() -> None:
    """Pieces of 4 kg, a sample of 0.5 kg: most are empty, and nothing is said of the delivery; before, the truth was."""
    written = plant(composition={"metal": "50 %", "plastic": "50 %"}, sampling={"mass": "500 g"})
    written["units"]["trucks"]["size"] = [0.0, 1.0]
    with twin.run(twin.load({**written, "size_bounds": "98 102 mm"})) as result:
        measured = result.array("samples/measured")
    nothing = np.isnan(measured).all(axis=1)
    expected = sum(0.25 / (rho * 0.5 * 0.0999334**3) for rho in (7800.0, 1000.0))
    n, empty = len(measured), math.exp(-expected)
    assert abs(nothing.mean() - empty) < 4 * math.sqrt(empty * (1 - empty) / n)
    assert measured[~nothing].sum(axis=1) == pytest.approx(1.0)


def test_an_analysis_errs_on_top_and_several_samples_count_as_their_mean() -> None:
    """All of a delivery is each sample, so that only the analysis errs: four of 2 points each scatter by 1, by the one model from the feed's stream."""
    with twin.run(twin.load(plant(days=20.0, sampling={"mass": "20 t", "samples": 4, "error": "2 %"}))) as result:
        names = result.array("material").tolist()
        seen, true = (result.array(f"samples/{key}")[:, names.index("metal")] for key in ("measured", "true"))
        assert (seen - true).std() == pytest.approx(0.01, rel=0.15) and abs((seen - true).mean()) < 4 * 0.01 / math.sqrt(len(seen))
        stream = Stream(1, 0, "trucks", "measurement")
        readings = []
        for _ in range(4):
            for name, share in (("metal", 0.3), ("plastic", 0.7)):
                reading = Measurement(f"share.trucks.{name}", "instant", absolute=0.02).read(share, [stream.uniform() for _ in range(3)])
                readings += [reading] if name == "metal" else []
        assert seen[0] == pytest.approx(math.fsum(readings) / 4, rel=1e-12)
