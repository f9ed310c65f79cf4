"""Reconciled values: published and worked cases, then what must hold of any."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import SORTING, network_of, solved

from twin.errors import ContradictionError, UsageError
from twin.fit.reconcile import Reconciliation, reconcile
from twin.fit.reconcile.data_file import load_data
from twin.fit.reconcile.equations import Setting, build
from twin.fit.reconcile.readings import Measured
from twin.fit.reconcile.solve import solve
from twin.fit.reconcile.system import System

STAN = """
reconcile: 1
flows: {f1: -> a, f2: -> a, f5: a -> b, f4: -> b, f3: b ->}
constants: {tc: 0.5 ± 0.05}
relations: [f4 = tc * f3]
measurements: {f1: 100 ± 10, f2: 50 exact, f3: 300 ± 30, f5: 160 ± 16}
"""
YARD = """
reconcile: 1
flows: {scrap: -> yard, charged: yard ->, sold: yard ->}
measurements: {scrap: 1240 t ± 6 t, charged: 900 t ± 5 t, sold: 310 t ± 8 t, yard.change: 42 t ± 12.728 t}
"""
BYPASS = """
reconcile: 1
flows: {s1: -> a, s2: a -> b, s3: a -> c, s4: b -> d, s5: c -> d, s6: d ->}
measurements: {s1: 101.91 ± 1, s2: 64.45 ± 1, s3: 34.65 ± 1, s4: 64.2 ± 1, s5: 36.44 ± 1, s6: 98.88 ± 1}
"""


MIXTURES = {
    "mixed": ("residue", "copper"), "heavy": ("mixed", "aluminium"), "rest": ("heavy", "light"),
    "undersize": ("rest", "steel"), "feed": ("undersize",), "milled": ("undersize", "oversize"),
}  # fmt: skip
"""Of the sorting line, what each inner stream is made of."""


def values(found: Reconciliation, scale: float = 1.0) -> dict[str, tuple[float, float]]:
    return {row.name: (row.reconciled / scale, row.deviation / scale) for row in found.rows}


def test_the_example_of_stan() -> None:
    """O. Cencic, Nonlinear data reconciliation in material flow analysis with software STAN, Sustain. Environ. Res. 26 (2016): flows and a transfer coefficient."""
    found = values(reconcile(STAN))
    expected = {
        "flow.f1": (102.42596, 7.88279), "flow.f2": (50.0, 0.0), "flow.f3": (302.41623, 22.60861),
        "flow.f4": (149.99027, 21.21330), "flow.f5": (152.42596, 7.88279), "tc": (0.495973, 0.037681),
    }  # fmt: skip
    assert set(found) == set(expected)
    for name, (value, deviation) in expected.items():
        assert found[name] == (pytest.approx(value, abs=6e-6), pytest.approx(deviation, abs=6e-6)), name


def test_a_yard_with_its_change_of_stock() -> None:
    found = reconcile(YARD)
    got = values(found, 1000.0)
    expected = {"flow.scrap": 1241.50523, "flow.charged": 898.95470, "flow.sold": 307.32404, "level.yard.change": 35.22648}
    for name, value in expected.items():
        assert got[name][0] == pytest.approx(value, abs=5e-5), name
    assert found.tests.whole.objective == pytest.approx(0.501742, abs=5e-6)


def test_opening_and_closing_are_a_change() -> None:
    """Two counts with 9 t of error each are a change with 12.728 t: the flows come out the same, and both counts move by half."""
    both = YARD.replace("yard.change: 42 t ± 12.728 t", "yard.opening: 100 t ± 9 t, yard.closing: 142 t ± 9 t")
    one, two = values(reconcile(YARD)), values(reconcile(both))
    for name in ("flow.scrap", "flow.charged", "flow.sold"):
        assert two[name] == pytest.approx(one[name], rel=1e-6)
    change = two["level.yard.closing"][0] - two["level.yard.opening"][0]
    assert change == pytest.approx(one["level.yard.change"][0], rel=1e-4)
    assert two["level.yard.opening"][0] - 100_000 == pytest.approx(142_000 - two["level.yard.closing"][0], rel=1e-6)


def test_the_bypass_of_the_textbook() -> None:
    """S. Narasimhan and C. Jordache, Data Reconciliation and Gross Error Detection (2000): four nodes, six streams with variance 1."""
    found = reconcile(BYPASS)
    expected = {"s1": 100.22, "s2": 64.50, "s3": 35.72, "s4": 64.50, "s5": 35.72, "s6": 100.22}
    for name, value in expected.items():
        row = found.row(f"flow.{name}")
        assert (row.reconciled, row.deviation) == (pytest.approx(value, abs=5e-3), pytest.approx(0.57735, abs=5e-6))
    assert found.tests.whole.objective == pytest.approx(6.4075, abs=5e-5) and found.tests.whole.critical == pytest.approx(9.4877, abs=5e-5)


def test_a_sorter_of_three_streams() -> None:
    """100 ± 2 in, 62 ± 1 and 36 ± 1.5 out: the lack of 2 is shared as 4 : 1 : 2.25, the variances."""
    found = reconcile("reconcile: 1\nflows: {f: -> s, a: s ->, b: s ->}\nmeasurements: {f: 100 ± 2, a: 62 ± 1, b: 36 ± 1.5}\n")
    got = values(found)
    assert got["flow.f"] == pytest.approx((98.89655172, 1.33906813), abs=1e-8)
    assert got["flow.a"] == pytest.approx((62.27586207, 0.92847669), abs=1e-8)
    assert got["flow.b"] == pytest.approx((36.62068966, 1.24568220), abs=1e-8)
    assert found.tests.whole.probability == pytest.approx(0.45761407, abs=1e-8)


def test_the_two_product_formula() -> None:
    """Assays alone tell how a feed parts: concentrate over feed is (f - t)/(c - t), with its error to first order."""
    f, c, t = 0.02, 0.40, 0.003
    text = f"reconcile: 1\nflows: {{feed: -> cell, concentrate: cell ->, tailing: cell ->}}\nmeasurements: {{feed: 100 exact, feed.Cu: {{value: {f}, relative: 5 %}}, concentrate.Cu: {{value: {c}, relative: 5 %}}, tailing.Cu: {{value: {t}, relative: 5 %}}}}\n"
    found = reconcile(text)
    row = found.row("flow.concentrate")
    assert row.reconciled == pytest.approx(100 * (f - t) / (c - t), rel=1e-9) and row.status == "calculated"
    slopes = np.array([1 / (c - t), -(f - t) / (c - t) ** 2, (f - c) / (c - t) ** 2]) * 100 * 0.05 * np.array([f, c, t])
    assert row.deviation == pytest.approx(float(np.sqrt((slopes**2).sum())), rel=1e-9)
    assert found.tests.whole.redundancy == 0 and "Nothing can be checked" in found.verdict


def test_assays_by_size_close_in_each_class() -> None:
    """A screen with masses, sizes and copper by size: consistent readings stay, and a missing assay is calculated from the rest."""
    true = {"in": (100.0, 0.4, 0.10, 0.02), "under": (45.0, 0.8, 0.105, 0.02), "over": (55.0, 4 / 55, None, None)}
    coarse = (100 * 0.6 * 0.02 - 45 * 0.2 * 0.02) / (55 * 51 / 55)
    fine = (100 * 0.4 * 0.10 - 45 * 0.8 * 0.105) / 4
    lines = []
    for name, (mass, share, of_fine, of_coarse) in true.items():
        lines += [f"  {name}: {mass} ± 1", f"  {name}.fine: {share} ± 0.01"]
        if of_fine is not None:
            lines += [f"  {name}.Cu.fine: {of_fine} ± 0.002", f"  {name}.Cu.coarse: {of_coarse} ± 0.001"]
    text = "reconcile: 1\nsizes: [fine, coarse]\nflows: {in: -> screen, under: screen ->, over: screen ->}\nmeasurements:\n" + "\n".join(lines) + "\n"
    found = reconcile(text)
    assert found.row("share.over.Cu.coarse").reconciled == pytest.approx(coarse, rel=1e-9)
    assert found.row("share.over.Cu.fine").reconciled == pytest.approx(fine, rel=1e-6)
    assert found.row("share.over.coarse").status == "calculated" and found.tests.whole.objective == pytest.approx(0.0, abs=1e-12)
    mill = text.replace("flows:", "breaking: screen\nflows:")
    assert reconcile(mill).row("share.over.Cu.fine").status == "not observable", "in a mill sizes are not conserved"


def test_what_no_equation_tells_is_said() -> None:
    found = reconcile("reconcile: 1\nflows: {f: -> a, g: a -> b, h: a -> b, i: b ->}\nmeasurements: {f: 10 ± 1, i: 11 ± 1}\n")
    assert [found.row(f"flow.{name}").status for name in "fghi"] == ["checked", "not observable", "not observable", "checked"]
    assert math.isnan(found.row("flow.g").reconciled)
    alone = reconcile("reconcile: 1\nflows: {f: -> a, g: a ->}\nmeasurements: {f: 10 ± 1}\n")
    assert (alone.row("flow.f").status, alone.row("flow.g").status) == ("not checked", "calculated")


def test_exact_values_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ContradictionError, match="mass of a misses by 1"):
        reconcile("reconcile: 1\nflows: {f: -> a, g: a ->}\nmeasurements: {f: 11 exact, g: 10 exact}\n")
    with pytest.raises(ContradictionError, match=r"g = 2 \* f"):
        reconcile("reconcile: 1\nflows: {f: -> a, g: a ->}\nrelations: [g = 2 * f]\nmeasurements: {f: 11 ± 1, g: 10 exact}\n")


def test_two_instruments_of_one_stream() -> None:
    text = "reconcile: 1\nflows: {f: -> a, g: a ->}\nmeasurements: {f: 100 ± 2, belt: {value: 104 ± 2, of: f}, g: 90 ± 50}\n"
    found = reconcile(text)
    assert found.row("belt").reconciled == found.row("flow.f").reconciled == pytest.approx(102.0, abs=0.02)
    out = reconcile(text, leave_out=["belt"])
    assert out.row("flow.f").reconciled == pytest.approx(100.0, abs=0.02) and out.row("belt").status == "left out"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.5, 2.0), min_size=5, max_size=5), st.floats(0.001, 0.3))
def test_consistent_data_are_not_touched(parts: list[float], error: float) -> None:
    a, b, c, d, e = parts
    true = {"residue": a, "copper": b, "aluminium": c, "light": d, "steel": e}
    true |= {"mixed": a + b, "heavy": a + b + c, "rest": a + b + c + d, "undersize": sum(parts), "feed": sum(parts), "oversize": 1.0, "milled": sum(parts) + 1}
    solution = solved(SORTING, true, error)
    order = [variable.name.removeprefix("flow.") for variable in solution.system.variables]
    assert solution.values == pytest.approx([true[name] for name in order], rel=1e-12)
    assert solution.objective < 1e-18


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.005, 0.1))
def test_reconciled_balances_close_and_errors_fall(seed: int, error: float) -> None:
    draws = np.random.Generator(np.random.Philox(key=seed)).standard_normal(len(SORTING))
    solution = solved(SORTING, {name: mass * (1 + error * z) for (name, (_, mass)), z in zip(SORTING.items(), draws, strict=True)}, error)
    assert np.abs(solution.system.residuals(solution.values)).max() < 1e-11
    assert (solution.deviation <= solution.system.deviation * (1 + 1e-12)).all()
    moved = (solution.values - solution.system.value) / solution.system.deviation
    assert solution.objective == pytest.approx(float(moved @ moved), rel=1e-9, abs=1e-15)


@settings(max_examples=10, deadline=None)
@given(st.permutations(list(SORTING)))
def test_the_order_of_rows_does_not_matter(order: list[str]) -> None:
    flows = ", ".join(f"{name}: {text}" for name, (text, _) in SORTING.items())
    written = {name: f"{mass * (1 + 0.01 * (k % 3 - 1))} t ± 2 %" for k, (name, (_, mass)) in enumerate(SORTING.items())}
    text = f"reconcile: 1\nflows: {{{flows}}}\nmeasurements:\n"
    one = reconcile(text + "".join(f"  {name}: {written[name]}\n" for name in SORTING))
    other = reconcile(text + "".join(f"  {name}: {written[name]}\n" for name in order))
    assert one.rows == other.rows and one.tests.suspects == other.tests.suspects


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(1e-9, 1e9))
def test_units_do_not_matter(seed: int, size: float) -> None:
    draws = np.random.Generator(np.random.Philox(key=seed)).standard_normal(len(SORTING))
    read = {name: mass * (1 + 0.02 * z) for (name, (_, mass)), z in zip(SORTING.items(), draws, strict=True)}
    grown = {name: (text, mass * size) for name, (text, mass) in SORTING.items()}
    one, other = solved(SORTING, read, 0.02), solved(grown, {name: value * size for name, value in read.items()}, 0.02)
    assert other.values / size == pytest.approx(one.values, rel=1e-10) and other.objective == pytest.approx(one.objective, rel=1e-8, abs=1e-12)


def test_the_covariance_is_that_of_many_readings() -> None:
    """STAN's example with errors a tenth as large, where it is all but linear: 400 readings of the reconciled state spread as the gain says."""
    data = load_data(STAN)
    base = reconcile(data)
    true = base.solution.values
    small = base.solution.system
    random = np.random.Generator(np.random.Philox(key=5)).standard_normal((400, len(true)))
    found = []
    for draw in random:
        variables = tuple(
            replace(v, value=true[k] + 0.1 * v.deviation * draw[k], deviation=0.1 * v.deviation) if v.measured else v for k, v in enumerate(small.variables)
        )
        found.append(solve(System(variables, small.equations)).values)
    spread = np.array(found).std(axis=0)
    moving = base.solution.deviation > 0.0
    assert (np.abs(spread[moving] / (0.1 * base.solution.deviation[moving]) - 1.0) < 4 / math.sqrt(800)).all()


def test_flows_from_assays_alone() -> None:
    """One flow and three assays to 5 % in each of 12 streams, 20 times: every one is solved, and the sums of squares are chi-square (4 sd)."""
    random = np.random.Generator(np.random.Philox(key=6))
    mass = {name: tons for name, (_, tons) in SORTING.items()}
    objectives, redundancy = [], 0
    for _ in range(20):
        measured = [Measured("flow.feed", "flow.feed", 100.0 * (1 + 0.05 * random.standard_normal()), 5.0, 1, "1")]
        for component in ("Al", "Cu", "Fe"):
            share = {name: random.uniform(0.02, 0.6) for name in ("residue", "copper", "aluminium", "light", "steel", "oversize")}
            for mixed, parts in MIXTURES.items():
                share[mixed] = sum(mass[part] * share[part] for part in parts) / sum(mass[part] for part in parts)
            for name in SORTING:
                read = share[name] * (1 + 0.05 * random.standard_normal())
                measured.append(Measured(f"share.{name}.{component}", f"share.{name}.{component}", read, 0.05 * share[name], 1, "1"))
        solution = solve(build(network_of(SORTING), measured, Setting(), "1")[0])
        redundancy = solution.redundancy
        objectives.append(solution.objective)
        assert np.abs(solution.system.residuals(solution.values)).max() < 1e-9
    assert redundancy == 13 and abs(sum(objectives) - 20 * redundancy) < 4 * math.sqrt(2 * 20 * redundancy)


def test_names_that_are_not_there() -> None:
    with pytest.raises(UsageError, match="'f9' is no stream"):
        reconcile(STAN.replace("f1: 100", "f9: 100"))
    with pytest.raises(UsageError, match=r"instrument.*did you mean 'flow.f1'"):
        reconcile(STAN, leave_out=["flow.f11"])
    with pytest.raises(UsageError, match="stands in no balance"):
        reconcile(STAN.replace("f1: 100 ± 10", "f1: 100 ± 10, f1.Cu.fine: 0.1 ± 0.01"))
