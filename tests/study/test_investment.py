"""Whether a change pays: gain a year, net present value with interval, payback, and one answer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import twin
from twin.cli import main
from twin.errors import UsageError
from twin.quantities import YEAR
from twin.results.investment import Investment
from twin.scenario import Scenario
from twin.study.compare import compare
from twin.study.comparison import Payoff, Row
from twin.study.investment import Means, difference_of, payoff, payoffs
from twin.study.statistics import paired
from twin.study.verdicts import Change, change_of

PLANT = """
twin: 1
name: base
time: {start: 2026-01-05T06:00, horizon: 5 d}
lot: 500 kg
materials: {x: {}, y: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 10 t, composition: {x: 50 %, y: 50 %}, price: -20 EUR/t}
  yard: {kind: bunker, from: trucks, capacity: 1000 t, initial: {mass: 400 t, composition: {x: 50 %, y: 50 %}}}
  mill: {kind: separator, from: yard, rate: {normal: {mean: 4 t/h, sd: 0.4 t/h}}, partition: {good: {x: 80 %, y: 0 %}}}
  good: {kind: product, from: mill.good, price: {x: 100 EUR/t}}
  rest: {kind: product, from: mill.rest, price: -30 EUR/t}
money:
  interest: 6 %
  by_unit: {mill: {investment: {amount: 100 kEUR, life: 10 a, salvage: 5 kEUR}}}
  prices: {cheap: {products: {good: {x: 10 EUR/t}}}}
"""


def plant(**changes: object) -> Scenario:
    scenario = twin.load(PLANT)
    return scenario.change({path.replace("__", "."): value for path, value in changes.items()}) if changes else scenario


def test_the_answer_follows_from_the_pairs() -> None:
    """A mill that finds more costs more."""
    better = {"good": {"x": "90 %", "y": "0 %"}}
    found = compare(
        plant(), plant(name="better", units__mill__partition=better, money__by_unit__mill__investment__amount="130 kEUR"),
        replications=3, executor="serial", payback_limit=5.0,
    )  # fmt: skip
    stated, cheap = found.payoffs
    row = found["operating_result"]
    assert (stated.name, stated.prices, cheap.prices) == ("better", "", "cheap")
    assert stated.plan == Investment(30e3, 10.0, 0.06, 0.0)
    assert stated.gain == pytest.approx(row.changes[0].difference * 73)  # windows of 5 d in a year
    assert row.difference is not None
    low, high = (stated.plan.npv(bound * 73) for bound in (row.difference.low, row.difference.high))
    assert (stated.npv_low, stated.npv_high) == pytest.approx((low, high))
    assert stated.payback == pytest.approx(30e3 / stated.gain)
    assert stated.verdict == "pays" and stated.chance > 0.999
    # a tonne of x that is found earns 100 + 30 EUR: a tenth of 2 t/h of x
    assert stated.gain == pytest.approx(0.1 * 2 * 130 * 8760, rel=0.2)
    assert cheap.gain == pytest.approx(stated.gain * 40 / 130, rel=1e-9)
    assert stated.sentence.startswith("better pays: +")


def test_what_earns_nothing_does_not_pay_and_has_no_payback() -> None:
    found = compare(
        plant(), plant(name="two", units__mill__count=2, units__mill__rate={"normal": {"mean": "2 t/h", "sd": "0.2 t/h"}}), replications=2, executor="serial"
    )
    one = found.payoffs[0]
    assert one.plan == Investment(100e3, 10.0, 0.06, 5e3)
    assert one.gain == pytest.approx(0.0, abs=1e-6)
    assert one.verdict == "does not pay"
    assert one.payback_text == "none" and math.isnan(one.rate)
    assert "two does not pay" in one.sentence and one.sentence.endswith("payback none")


def change(*gains: float) -> Change:
    return change_of([0.0] * len(gains), list(gains), "paired" if len(gains) > 1 else "one run", 1, 0.95)


def test_none_where_the_interval_of_the_gain_holds_nothing() -> None:
    plan = Investment(1000.0, 10.0, 0.0)
    one = payoff("v", "", change(-100.0, 500.0, 200.0), plan, YEAR, 8.0)
    assert (one.verdict, one.payback_text) == ("cannot tell", "none")
    t = (200.0 - 125.0) / (300.0 / math.sqrt(3.0))  # mean, limit (1000 EUR over 8 a) and standard error; Student of 2 degrees in closed form:
    assert one.chance == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)))
    assert "it cannot be told whether v pays" in one.sentence
    single = payoff("v", "", change(400.0), plan, YEAR, 8.0)
    assert (single.verdict, single.interval, math.isnan(single.chance)) == ("cannot tell", None, True)
    assert "one run each has no interval" in single.sentence
    sure = payoff("v", "", change(100.0, 100.0), plan, YEAR, 8.0)
    assert (sure.chance, sure.payback, sure.verdict) == (0.0, 10.0, "cannot tell")
    assert payoff("v", "", change(100.0, 100.0), Investment(-5.0, 10.0, 0.0), YEAR, 8.0).chance == 1.0


def test_the_worked_numbers_come_out_of_a_comparison() -> None:
    """52 kEUR a year, seen in windows of a tenth of a year."""
    one = payoff("eddy", "", change(5190.0, 5210.0), Investment(250e3, 10, 0.06, 15e3), YEAR / 10, 5.0)
    assert one.npv == pytest.approx(141_100.45, abs=0.005)
    assert (one.payback, one.discounted, 100 * one.rate) == pytest.approx((4.8077, 5.8406, 16.4975), abs=5e-5)
    found = paired([0.0, 0.0], [51_900.0, 52_100.0])
    assert found is not None
    assert one.npv_high - one.npv == pytest.approx(found.half_width * 7.360087, rel=1e-6)


def test_why_there_is_no_answer() -> None:
    both = {"a": Investment(1.0, 10.0, 0.06)}
    other = {"a": Investment(1.0, 10.0, 0.06), "b": Investment(2.0, 10.0, 0.06), "c": Investment(3.0, 5.0, 0.06)}
    with pytest.raises(UsageError, match="differs in life or interest"):
        difference_of(both, other)
    assert difference_of(both, both) is None
    row = Row("margin", "EUR", (1.0, math.nan), (change(1.0, 2.0),))
    sides = [Means("x", 10.0, {}), Means("y", 10.0, both)]
    assert payoffs([row], sides, None, None)[1] == ["y: no net present value, since its margin or that of x is incomplete; 'twin run' says what has no price"]
    full = Row("margin", "EUR", (1.0, 2.0), (change(1.0, 2.0),))
    assert "the windows differ in length" in payoffs([full], [Means("x", 10.0, {}), Means("y", 20.0, both)], None, None)[1][0]
    assert "--invest" in payoffs([full], [Means("x", 10.0, both), Means("y", 10.0, other)], None, None)[1][0]
    found: list[Payoff] = payoffs([full], [Means("x", 10.0, {}), Means("y", 10.0, {})], both["a"], None)[0]
    assert [one.plan for one in found] == [both["a"]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pays")
    (folder / "base.yaml").write_text(PLANT, encoding="utf-8")
    (folder / "better.yaml").write_text("twin: 1\nextends: base.yaml\nname: better\nchange: {units.mill.partition.good.x: 90 %}\n", encoding="utf-8")
    for name in ("base", "better"):
        twin.run(twin.load(folder / f"{name}.yaml"), out=folder / f"{name}.h5")
    return [str(folder / f"{name}.h5") for name in ("base", "better")]


def test_the_command_answers(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--invest", "30 kEUR", "--life", "10", "--interest", "6 %", "--salvage", "1 kEUR", "--payback-limit", "5 a"]) == 0
    out = capsys.readouterr().out
    assert "net present value" in out and "it cannot be told whether better pays: +" in out
    assert main(["compare", *files, "--json", "--invest", "30 kEUR", "--life", "10 a", "--interest", "0.06"]) == 0
    first = json.loads(capsys.readouterr().out)["investments"][0]
    assert (first["investment"]["amount"], first["verdict"], first["gain_interval"]) == (30e3, "cannot tell", None)
    assert main(["compare", *files]) == 0
    assert "net present value" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--invest", "30 kEUR"], "missing: --life, --interest"),
        (["--salvage", "1 EUR"], "missing: --invest, --life, --interest"),
        (["--invest", "30 t", "--life", "10", "--interest", "6 %"], "--invest: an amount of money is needed"),
        (["--invest", "30 EUR", "--life", "soon", "--interest", "6 %"], "--life: a number of years above 0 is needed"),
        (["--invest", "30 EUR", "--life", "0", "--interest", "6 %"], "--life: a number of years above 0 is needed"),
        (["--invest", "30 EUR", "--life", "1", "--interest", "-2"], "interest must be above -100 %"),
        (["--payback-limit", "0"], "--payback-limit: a number of years"),
    ],
)
def test_wrong_options_are_said(files: list[str], given: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, *given]) == 2
    assert message in capsys.readouterr().err


def test_a_second_eddy_current_pays() -> None:
    """The question that the shipped pair answers; and `validate` says that a rate is per copy."""
    folder = Path(twin.__file__).parents[1] / "scenarios"
    base, second = (twin.load(folder / f"{name}.yaml") for name in ("wood_line", "wood_line_second_eddy_current"))
    found = compare(base, second, replications=3, executor="serial")
    assert {one.prices: one.verdict for one in found.payoffs} == {"": "pays", "metal_low": "pays", "metal_high": "pays"}
    assert found.payoffs[0].plan == Investment(180e3, 10.0, 0.06, 15e3)
    assert found["recovery.aluminium"].verdict == "better"


def test_validate_says_that_a_rate_is_per_copy(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(twin.__file__).parents[1] / "scenarios"
    assert main(["validate", str(folder / "wood_line_second_eddy_current.yaml")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "eddy: 'rate' is that of one copy, so 2 x 8 t/h = 16 t/h together; sifter of the same line has no limit" in said
