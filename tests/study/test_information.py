"""Which numbers to measure first: against closed forms, and through the command."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from twin.cli.parser import main
from twin.errors import UsageError
from twin.study.information import Claim, assess, claim_of

CLAIM = Claim("margin >= 0 EUR", "margin", True, 0.0)


def loss(mean: float, spread: float) -> float:
    """What perfect knowledge of a normal gain is worth: the expected loss of the better call now (Raiffa and Schlaifer 1961)."""
    return float(spread * norm.pdf(mean / spread) - abs(mean) * norm.cdf(-abs(mean) / spread))


@pytest.mark.parametrize(("mean", "a", "b"), [(1.0, 2.0, 2.0), (-3.0, 2.0, 1.0), (0.0, 5.0, 0.5), (50.0, 1.0, 1.0)])
def test_the_worth_of_factors_of_a_normal_gain(mean: float, a: float, b: float) -> None:
    """20,000 points: the mean of a positive part of spread s has a standard error of less than .006 s."""
    x = np.random.default_rng(3).normal(size=(20_000, 2))
    found = assess(CLAIM, x, (mean + a * x[:, 0] + b * x[:, 1])[:, None], (("a", "1"), ("b", "1")), {"a": "assumed"})
    whole = math.hypot(a, b)
    assert found.stake == pytest.approx(loss(mean, whole), abs=0.02 * whole)
    assert found.wrong == pytest.approx(norm.cdf(-abs(mean) / whole), abs=0.01)
    by_name = {each.path: each for each in found.first}
    for name, size, other in (("a", a, b), ("b", b, a)):
        if size**2 / whole**2 < 0.009:
            assert name not in by_name
            continue
        each = by_name[name]
        assert each.share == pytest.approx(size**2 / whole**2, abs=0.02)
        assert each.worth == pytest.approx(loss(mean, size), abs=0.02 * size)
        rest = norm.cdf(-np.abs(mean + size * np.random.default_rng(4).normal(size=50_000)) / other)
        assert each.wrong == pytest.approx(np.mean(rest), abs=0.01)


def test_the_error_that_settles_a_claim_does_so() -> None:
    """Gain 1 + 2 a + .3 b, a of spread 1: with the error told, the mean over outcomes of the probability of a wrong call is the one allowed."""
    x = np.random.default_rng(5).normal(size=(8000, 2))
    found = assess(CLAIM, x, (1 + 2 * x[:, 0] + 0.3 * x[:, 1])[:, None], (("a", "1"), ("b", "1")), {}, spreads={"a": 0.5}, allowed=0.1)
    first = found.first[0]
    assert first.path == "a" and first.error is not None
    known = 2 / math.sqrt(1 + first.error**2)  # spread of what the measurement tells
    rest = math.sqrt(4.09 - known**2)
    z = np.random.default_rng(6).normal(size=100_000)
    assert np.mean(norm.cdf(-np.abs(1 + known * z) / rest)) == pytest.approx(0.1, abs=0.005)
    assert first.samples == math.ceil((0.5 / first.error) ** 2)


def test_no_number_of_samples_settles_what_rests_on_something_else() -> None:
    x = np.random.default_rng(7).normal(size=(4000, 2))
    found = assess(CLAIM, x, (2 * x[:, 0] + 2 * x[:, 1])[:, None], (("a", "1"), ("b", "1")), {}, spreads={"a": 1.0, "b": 1.0})
    assert [each.error for each in found.first] == [None, None] and [each.samples for each in found.first] == [None, None]
    assert found.together is not None and found.together.wrong < 0.05 and found.together.samples is not None
    count = found.together.samples
    told = 2 * math.sqrt(2) / math.sqrt(1 + 1 / count)
    z = np.random.default_rng(8).normal(size=100_000)
    assert np.mean(norm.cdf(-np.abs(told * z) / math.sqrt(8 - told**2))) == pytest.approx(0.05, abs=0.005)


def test_a_curve_is_followed_and_a_claim_below_is_turned_round() -> None:
    x = np.random.default_rng(9).uniform(-1, 1, size=(3000, 1))
    below = Claim("", "margin", False, 1.0)
    found = assess(below, x, (3 * x[:, 0] ** 2)[:, None], (("a", "1"),), {})
    assert found.fit == pytest.approx(1.0) and found.first[0].wrong < 0.01
    assert found.held / found.points == pytest.approx(math.sqrt(1 / 3), abs=0.03)
    assert found.stake == pytest.approx(2 / 3 * math.sqrt(1 / 3), abs=0.04)  # E[(1 - 3 x²)+] less the mean gain, which is 0 but for chance


@pytest.mark.parametrize(
    ("text", "said"),
    [("margin", "a claim is a key figure"), ("margn >= 0 EUR", "did you mean 'margin'"), ("margin >= 5 t", "EUR"), ("margin >= ", "EUR")],
)
def test_what_is_no_claim(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        claim_of(text, {"margin": "EUR", "throughput": "kg/s"})


def test_too_few_points_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 15 are needed"):
        assess(CLAIM, np.zeros((14, 2)), np.zeros((14, 1)), (("a", "1"), ("b", "1")), {})


PLANT = """
twin: 1
name: plant
time: {start: 2026-01-05T06:00, horizon: 2 d}
lot: 1 t
materials: {ore: {}}
units:
  stock: {kind: bunker, capacity: 9 kt, initial: {mass: 8 kt, composition: {ore: 1}}}
  mill: {kind: splitter, from: stock, rate: 10 t/h, shares: {good: 50 %, rest: 50 %}, power: {idle: 10 kW}}
  good: {kind: product, from: mill.good, price: 10 EUR/t}
  rest: {kind: product, from: mill.rest, price: -8 EUR/t}
carriers: {electricity: {price: 0.1 EUR/kWh}}
"""


def test_the_command_says_what_to_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plant.yaml").write_text(PLANT, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "study: 1\nbase: plant.yaml\nvary: {units.good.price: {uniform: [4 EUR/t, 20 EUR/t]}, units.mill.rate: {uniform: [9 t/h, 11 t/h]}}\n"
        "design: {sobol: 32}\nkind: terminating\nresponses: [margin, throughput]\n",
        encoding="utf-8",
    )
    study = str(tmp_path / "s.h5")
    assert main(["sweep", str(tmp_path / "s.yaml"), "-o", study]) == 0
    capsys.readouterr()
    assert main(["sensitivity", study, "--claim", "margin >= 500 EUR", "--spread", "units.good.price=1 EUR/t", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["first"][0]["path"] == "units.good.price" and said["first"][0]["samples"] >= 1 and said["stake"] > 0.0
    assert main(["sensitivity", study, "--claim", "margin >= 500 EUR"]) == 0
    assert "measure first" in capsys.readouterr().out
    assert main(["sensitivity", study, "--claim", "margin >= -90 kEUR"]) == 0
    assert "settled: it holds" in capsys.readouterr().out
    for more, words in (
        (["--claim", "throughput >= 9 t/h"], "--stake"),
        (["--claim", "margin >= 0 EUR", "--spread", "x=1"], "varies no number"),
        (["--stake", "1 EUR"], "belong to --claim"),
        (["--claim", "margin >= 0 EUR", "--spread", "units.mill.rate"], "PATH=VALUE"),
    ):
        assert main(["sensitivity", study, *more]) == 2
        assert words in capsys.readouterr().err
