"""Loads that are judged by samples: what is found beside what is true, on which mass, and how likely a load passes."""

from __future__ import annotations

import doctest
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import twin
from twin.cli import main
from twin.engine.streams import Stream
from twin.errors import ScenarioError, UsageError
from twin.measurement import Measurement
from twin.scenario.limits import Limit
from twin.study import acceptance
from twin.study.acceptance import acceptance_curve, chance_to_pass, samples_that_settle

LOADS = 400
AT_MOST = {"dirt": "<= 10 %"}


def plant(dirt: float, loads: int = LOADS, **product: Any) -> dict[str, Any]:
    """Blocks of 98 to 102 mm and half as high, which weigh 0.5 kg, of which a share is dirt; trucks take 20 t of them in each hour."""
    return {
        "twin": 1,
        "name": "bales",
        "time": {"horizon": f"{loads} h"},
        "record": {"every": "10 h"},
        "lot": "1 t",
        "size_bounds": "98 102 mm",
        "materials": {"good": {"density": "1000 kg/m3"}, "dirt": {"density": "1000 kg/m3"}},
        "units": {
            "bay": {"kind": "bunker", "capacity": "1 Mt", "initial": {"mass": "900 kt", "composition": {"good": 1 - dirt, "dirt": dirt}, "size": [0, "100 %"]}},
            "out": {
                "kind": "product",
                "from": "bay",
                "pickup": {"every": {"constant": "1 h"}, "first": "30 min", "mass": {"constant": "20 t"}},
                "spec": AT_MOST,
                "price": "50 EUR/t",
                **product,
            },
        },
    }  # fmt: skip


def run(dirt: float, **product: Any) -> twin.Result:
    return twin.run(twin.load(plant(dirt, **product)))


def summed(result: twin.Result, name: str) -> float:
    return float(result.array(f"gates/{name}").sum())


@pytest.mark.parametrize("dirt", [0.07, 0.1, 0.14])
def test_as_many_loads_pass_as_a_binomial_number_of_pieces_lets(dirt: float) -> None:
    """A sample of 100 kg holds about 200 pieces, each in it independently: both kinds are binomial, so the share is one of a random number."""
    result = run(dirt)
    passed = 1.0 - result.kpis["offspec_share.out"].value
    expected = math.fsum(binom.pmf(k, 40_000, 0.005) * binom.cdf(math.ceil(0.1 * k) - 1, k, dirt) for k in range(130, 275))
    at_the_limit = math.fsum(binom.pmf(k, 40_000, 0.005) * binom.pmf(k // 10, k, dirt) for k in range(130, 280, 10))  # their masses decide
    spread = 4 * math.sqrt(expected * (1 - expected) / LOADS)
    assert expected - spread < passed < expected + at_the_limit + spread
    assert chance_to_pass(dirt, Limit("dirt", "<=", 0.1), 200.0) == pytest.approx(expected + at_the_limit / 2, abs=0.05)


def test_the_truth_stands_beside_what_was_found() -> None:
    result = run(0.14)
    kpis = result.kpis
    found = kpis["offspec_share.out"].value
    assert kpis["offspec_share_true.out"].value == 1.0
    assert kpis["passed_offspec.out"].value == pytest.approx(1.0 - found) and 0.01 < 1.0 - found < 0.2
    assert kpis["failed_onspec.out"].value == 0.0
    assert kpis["grade.out.dirt"].value == pytest.approx(0.14)
    samples = result.array("samples/measured")[:, result.array("material").tolist().index("dirt")]
    assert len(samples) == LOADS and set(result.array("samples/sample_unit").tolist()) == {"out"}
    assert kpis["grade_found.out.dirt"].value == pytest.approx(samples.mean(), rel=1e-12)
    assert samples.mean() == pytest.approx(0.14, abs=4 * math.sqrt(0.14 * 0.86 / 200 / LOADS))
    assert (samples <= 0.1).mean() == pytest.approx(1.0 - found)
    good = run(0.07)
    assert good.kpis["offspec_share_true.out"].value == 0.0 and good.kpis["failed_onspec.out"].value == good.kpis["offspec_share.out"].value > 0.02


def test_what_has_no_price_or_is_said_to_be_is_judged_by_the_truth() -> None:
    judged: tuple[dict[str, Any], ...] = ({"price": {}}, {"acceptance": {"by": "truth"}})
    for product in judged:
        result = run(0.1001, loads=5, **product)
        assert result.kpis["offspec_share.out"].value == 1.0
        assert not any(name.startswith(("grade_found", "passed", "failed", "offspec_share_true")) for name in result.kpis)
    numbers = {number.path: number for number in twin.load(plant(0.1, loads=5)).parameters()}
    assert numbers["units.out.acceptance.mass"].value == 100.0 and numbers["units.out.acceptance.mass"].basis == "assumed"


def test_more_samples_and_larger_ones_judge_better() -> None:
    wrong = [run(0.12, acceptance=own).kpis["passed_offspec.out"].value for own in ({"samples": 1}, {"samples": 4}, {"mass": "20 t"})]
    assert wrong[0] > 2 * wrong[1] > 0.0 and wrong[2] == 0.0


def test_penalties_are_of_what_was_found() -> None:
    result = run(0.14, when_off_spec="penalise", penalty={"dirt": {"price": "1 EUR/t", "per": "1 %"}})
    found = result.array("samples/measured")[:, result.array("material").tolist().index("dirt")]
    beyond = np.maximum(found - 0.1, 0.0)
    assert result.kpis["penalty.out"].value == pytest.approx(20 * 100 * beyond.sum(), rel=1e-9)


def test_a_load_is_judged_once_and_goes_where_its_samples_say(tmp_path: Path) -> None:
    tree = plant(0.1, loads=60, when_off_spec="reject")
    tree["units"]["back"] = {"kind": "product", "from": "out.rejected", "price": "0 EUR/t"}
    scenario = twin.load(tree)
    whole = twin.run(scenario)
    assert len(whole.array("samples/sample_time")) == 60
    rejected = summed(whole, "rejected_pickups")
    assert 10 <= rejected <= 45 and summed(whole, "offspec_mass") == 0.0
    assert summed(whole, "judged_mass") == pytest.approx(60 * 20e3)
    assert summed(whole, "rejected_mass") == pytest.approx(20e3 * rejected) == pytest.approx(summed(whole, "failed_onspec"))
    for hours in (0.2, 17.5, 40.0):
        twin.run_until(scenario, hours * 3600.0, tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


def test_analyses_are_readings_of_the_one_model() -> None:
    """All of a load is the sample, so that only the analysis errs: the numbers are those of Measurement.read, from the stream of the instrument."""
    result = run(0.09, loads=20, acceptance={"mass": "20 t", "error": "1 %"})
    names = result.array("material").tolist()
    stream, seen = Stream(1, 0, "out.acceptance", "measurement"), result.array("samples/measured")
    for row in seen:
        for name, true in (("good", 0.91), ("dirt", 0.09)):
            expected = Measurement(f"share.out.{name}", "instant", absolute=0.01).read(true, [stream.uniform() for _ in range(3)])
            assert row[names.index(name)] == pytest.approx(expected, rel=1e-12)


# -- on which mass --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["as_received", "dry"])
def test_grades_and_specifications_as_received_or_dry(basis: str) -> None:
    """60 kg of paper with 10 % moisture, 30 of film and 10 of water are 84 kg dry, of which the film is 35.7 %."""
    tree = plant(0.0, loads=5, grade_basis=basis, spec={"film": ">= 33 %"}, acceptance={"mass": "20 t"})
    tree["materials"] = {
        "paper": {"density": "1000 kg/m3", "moisture": "10 %"},
        "film": {"density": "900 kg/m3"},
        "water": {"density": "1000 kg/m3", "moisture": "100 %"},
    }
    tree["units"]["bay"]["initial"]["composition"] = {"paper": "60 %", "film": "30 %", "water": "10 %"}  # fmt: skip
    result = twin.run(twin.load(tree))
    expected = 0.3 if basis == "as_received" else 30 / 84
    for name in ("grade.out.film", "grade_found.out.film"):
        assert result.kpis[name].value == pytest.approx(expected, rel=1e-12)
    assert result.kpis["offspec_share.out"].value == (1.0 if basis == "as_received" else 0.0)
    assert result.kpis["offspec_share_true.out"].value == result.kpis["offspec_share.out"].value


# -- the curve ------------------------------------------------------------------------------------------------------------------------------


def test_the_curve_of_arithmetic_is_that_of_drawn_samples() -> None:
    curve = acceptance_curve(run(0.09, loads=5), "out", draws=300)
    assert curve.pieces == pytest.approx(201.0, rel=0.005) and curve.true == pytest.approx(0.09) and curve.lot == 20e3
    for point in curve.points:
        assert abs(point.chance - point.drawn) < 4 * math.sqrt(0.25 / 300) + 0.03
    assert curve.points[0].drawn > 0.97 and curve.points[-1].drawn < 0.1
    assert curve.settles == samples_that_settle(0.1, curve.margin, curve.pieces, 0.0, 0.05)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.98), st.floats(0.01, 0.2), st.integers(20, 2000), st.floats(0.0, 0.02))
def test_the_samples_that_settle_do(limit: float, margin: float, pieces: int, error: float) -> None:
    """By the exact chance at both sides, but for what a normal is off where less than some ten pieces are counted."""
    sides = (limit - margin, limit + margin)
    needed = samples_that_settle(limit, margin, float(pieces), error, 0.05)
    assert needed is not None
    counted = min(p * (1 - p) for p in sides) * needed * pieces if sides[0] > 0.0 and sides[1] < 1.0 else 0.0
    if counted > 20.0:
        wrong = (
            chance_to_pass(sides[0], Limit("x", ">", limit), pieces, needed, error),
            1 - chance_to_pass(sides[1], Limit("x", ">=", limit), pieces, needed, error),
        )
        assert max(wrong) < 0.08
    assert samples_that_settle(limit, 0.0, float(pieces), error, 0.05) is None


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.01, 0.99), st.integers(1, 500), st.integers(1, 5))
def test_a_purer_load_passes_no_less_often(one: float, other: float, limit: float, pieces: int, samples: int) -> None:
    low, high = (chance_to_pass(share, Limit("x", ">=", limit), pieces, samples, 0.01) for share in sorted((one, other)))
    assert -1e-9 <= low <= high + 1e-9 <= 1.0 + 2e-9


def test_docstring_examples() -> None:
    assert doctest.testmod(acceptance).attempted == 3 and doctest.testmod(acceptance).failed == 0


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    twin.run(twin.load(plant(0.09, loads=5)), out=tmp_path / "r.h5").close()
    assert main(["acceptance", "r.h5", "out", "--draws", "10", "--samples", "2", "--error", "0.5 %"]) == 0
    said = capsys.readouterr().out
    assert "2 samples of 100 kg, analysis ± 0.5 points" in said and "in the run it truly was 9 %" in said
    assert main(["acceptance", "r.h5", "out", "--draws", "0", "--json", "--margin", "3 %"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["points"]) == 11 and found["points"][0]["drawn"] is None
    assert found["samples_that_settle"] == samples_that_settle(0.1, 0.03, found["equal_pieces"], 0.0, 0.05)
    for wrong in (["bay"], ["out", "--limit", "gold"], ["out", "--samples", "0"], ["out", "--mass", "2 mm"], ["out", "--margin", "0"], ["out", "--wrong", "0.7"],
                  ["out", "--draws", "-1"], ["out", "--error", "2"]):  # fmt: skip
        assert main(["acceptance", "r.h5", *wrong]) == 2
        assert "Traceback" not in (err := capsys.readouterr().err) and err.startswith("twin: ")
    assert main(["acceptance", "nowhere.h5", "out"]) != 0


def test_a_product_that_did_not_leave_has_no_curve() -> None:
    tree = plant(0.1, loads=5)
    tree["units"]["out"]["pickup"]["first"] = "9 h"
    with pytest.raises(UsageError, match="nothing of out left"):
        acceptance_curve(twin.run(twin.load(tree)), "out")


def test_without_sizes_there_are_no_pieces_to_sample() -> None:
    tree = plant(0.1001, loads=5)
    del tree["size_bounds"], tree["units"]["bay"]["initial"]["size"]
    assert "offspec_share_true.out" not in twin.run(twin.load(tree)).kpis
    tree["units"]["out"]["acceptance"] = {"samples": 3}
    with pytest.raises(ScenarioError, match="give 'size_bounds'"):
        twin.load(tree)


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ({"acceptance": {"mass": "0 kg"}}, "mass"),
        ({"acceptance": {"samples": 0}}, "samples"),
        ({"acceptance": {"samples": 1001}}, "samples"),
        ({"acceptance": {"error": "-1 %"}}, "error"),
        ({"acceptance": {"by": "guess"}}, "by"),
        ({"acceptance": {}, "spec": {}}, "needs a 'spec'"),
        ({"grade_basis": "wet"}, "grade_basis"),
        ({"goes_to": "the moon"}, "goes_to"),
    ],
)
def test_what_is_wrong_is_said(product: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.load(plant(0.1, **product))
