"""Sensitivity: indices of functions whose indices are known, and what the command says of a small plant."""

from __future__ import annotations

import argparse
import doctest
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_plant import STUDY, write

from twin.cli import sensitivity as command
from twin.cli import tornado
from twin.cli.tornado import Bar, text_bars
from twin.errors import TwinError, UsageError
from twin.study import sensitivity as module
from twin.study.design import Design, points_of
from twin.study.elasticities import elasticities
from twin.study.executors import Serial
from twin.study.factors import Factor
from twin.study.sensitivity import Sensitivity, analyse, noise_share
from twin.study.study_file import load_study
from twin.study.sweep import sweep

BASES = {"a": "assumed", "b": "measured", "c": "assumed"}


def analysed(design: dict[str, Any], function: Any, seed: int = 0) -> Sensitivity:
    """The analysis of a function of three factors, each from 0 to 1."""
    levels = points_of(Design.model_validate(design), [Factor(name, "1") for name in BASES], seed).levels
    return analyse(design, levels, levels, np.asarray(function(levels.T))[:, None], BASES, seed=seed)


def ishigami(x: Any) -> Any:
    x = (x * 2 - 1) * math.pi
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def linear(x: Any) -> Any:
    return 5 + 4 * x[0] - 2 * x[1] + x[2]


def test_sobol_indices_of_the_ishigami_function() -> None:
    """First 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437 (T. Ishigami, T. Homma 1990, with 7 and 0.1)."""
    found = analysed({"saltelli": 2048}, ishigami)
    known = {"a": (0.3139, 0.5576), "b": (0.4424, 0.4424), "c": (0.0, 0.2437)}
    assert [factor.path for factor in found.factors] == ["a", "b", "c"]
    for factor in found.factors:
        first, total = known[factor.path]
        assert factor.second == pytest.approx(first, abs=0.03) and factor.size == pytest.approx(total, abs=0.03)
        assert factor.half_width is not None and 0.005 < factor.half_width < 0.1
    assert found.assumed == pytest.approx(0.3139, abs=0.03)
    assert found.assumed_half_width is not None and 0 < found.assumed_half_width < 0.1


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_the_seed_of_the_study_decides_the_intervals(seed: int) -> None:
    """SALib takes 0 for no seed."""
    for design in ({"saltelli": 16}, {"morris": {"trajectories": 4}}):
        assert analysed(design, ishigami, seed) == analysed(design, ishigami, seed)


def test_elementary_effects_of_a_linear_function_are_its_slopes() -> None:
    found = analysed({"morris": {"trajectories": 6, "levels": 4}}, linear)
    assert [(f.path, f.basis) for f in found.factors] == [("a", "assumed"), ("b", "measured"), ("c", "assumed")]
    assert [f.size for f in found.factors] == pytest.approx([4, 2, 1])
    assert [f.second for f in found.factors] == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.fit is not None and found.fit > 0.8 and found.assumed is not None


def test_ranks_of_a_linear_function_share_the_variance_by_the_squares_of_its_slopes() -> None:
    found = analysed({"sobol": 512}, linear)
    assert [f.second for f in found.factors] == pytest.approx([16 / 21, 4 / 21, 1 / 21], abs=0.03)
    assert found.factors[1].size < 0
    assert found.fit == pytest.approx(0.98, abs=0.03)
    assert found.assumed == pytest.approx(17 / 21, abs=0.04)


def test_a_point_without_result_takes_its_block_with_it() -> None:
    levels = points_of(Design.model_validate({"saltelli": 8}), [Factor(name, "1") for name in BASES], 0).levels
    y = linear(levels.T)[:, None].copy()
    y[7] = math.nan
    found = analyse({"saltelli": 8}, levels, levels, y, BASES)
    assert (found.points, found.used) == (40, 35) and found.factors
    y[5:] = math.nan
    assert analyse({"saltelli": 8}, levels, levels, y, BASES).reason == "1 blocks of factors + 2 points have a result at every run, at least 2 are needed"


def test_what_does_not_change_and_what_changes_together_is_said() -> None:
    assert analysed({"saltelli": 8}, lambda x: 3.0 + 0 * x[0]).reason == "it does not change"
    same = np.repeat(np.linspace(0, 1, 9)[:, None], 3, axis=1)
    assert "cannot be told apart" in analyse({"list": True}, same, same, same[:, :1], BASES).reason


def test_noise_is_what_replications_do_to_points_unequally() -> None:
    plant = np.arange(50.0)[:, None]
    assert noise_share(plant + np.array([[0.0, 9.0, -4.0]])) == pytest.approx(0.0, abs=1e-12)
    chance = np.random.default_rng(1).normal(0, 10, (50, 4))
    means = (plant + chance).mean(axis=1)
    assert noise_share(plant + chance) == pytest.approx(100 / 4 / means.var(ddof=1), rel=0.2)
    assert noise_share(plant) is None


def test_the_examples_in_the_texts_are_right() -> None:
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
    assert doctest.testmod(tornado).failed == 0


def test_bars_with_two_sides_have_a_middle() -> None:
    assert text_bars([Bar("a", -1.0, 0.5), Bar("b", 0.0, 0.25)]) == ["████████████│██████", "            │███"]


def called(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["sensitivity", *arguments]))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitivity")
    return sweep(write(folder), folder / "swept.h5", executor="serial").path


@pytest.mark.soak
def test_the_command_says_what_a_sweep_depends_on(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(str(swept)) == 0
    out = capsys.readouterr().out
    for text in ("throughput", "recovery.good", "units.sort.rate", "units.trucks.mass", "R² = ", "basis 'assumed'", "means of 2 replications", "█"):
        assert text in out


@pytest.mark.soak
@pytest.mark.parametrize("design", ["saltelli: 2", "morris: {trajectories: 2}"])
def test_a_study_file_is_swept_first(tmp_path: Path, design: str, capsys: pytest.CaptureFixture[str]) -> None:
    study = write(tmp_path, STUDY.replace("sobol: 8", design))
    figure = tmp_path / "t.svg"
    arguments = [str(study), "--response", "throughput", "--json", "--executor", "serial", "-o", str(tmp_path / "s.h5"), "--figure", str(figure)]
    assert called(*arguments) == 0
    first, drawn = json.loads(capsys.readouterr().out), figure.read_bytes()
    assert [each["name"] for each in first["responses"]] == ["throughput"]
    rate = next(f for f in first["responses"][0]["factors"] if f["path"] == "units.sort.rate")
    assert rate["basis"] == "assumed" and rate["size"] > 0
    assert first["responses"][0]["noise"] is not None
    assert called(*arguments) == 0
    assert json.loads(capsys.readouterr().out) == first and figure.read_bytes() == drawn


@pytest.mark.soak
def test_elasticities_share_the_random_numbers(swept: Path) -> None:
    study = load_study(swept.parent / "study.yaml")
    found = elasticities(study, Serial(), ["throughput"], replications=3).responses[0]
    rate = next(row for row in found.factors if row.step.path == "units.sort.rate")
    assert (rate.step.low, rate.step.high) == pytest.approx((0.9 * rate.step.base, 1.1 * rate.step.base))
    assert rate.elasticity == pytest.approx((rate.up - rate.down) / found.base / 0.2)
    assert rate.interval is not None and rate.interval.n == 3 and abs(rate.interval.mean - rate.elasticity) < 1e-12
    assert found.factors[0].swing >= found.factors[1].swing
    ends = elasticities(study, Serial(), ["throughput"], step=None).responses[0].factors
    assert {row.step.path: (row.step.low * 3.6, row.step.high * 3.6) for row in ends}["units.sort.rate"] == pytest.approx((1, 3))


def test_the_command_prints_elasticities_of_a_results_file(swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "t.png"
    assert called(str(swept), "--elasticities", "--response", "throughput", "--executor", "serial", "--figure", str(figure)) == 0
    out = capsys.readouterr().out
    assert "each factor 10 % down and up, means of 2 replications" in out and "│" in out and "±" in out
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_side_that_does_not_run_is_left_out_and_said(tmp_path: Path) -> None:
    share = "units.sort.partition.good.good"
    study = load_study(
        write(tmp_path, STUDY.replace("units.trucks.mass: {list: [2 t, 3 t]}", f"{share}: {{uniform: [80 %, 95 %]}}").replace("sobol: 8", "sobol: 2"))
    )
    found = elasticities(study, Serial(), ["recovery.good"], step=0.2, replications=1)
    assert any(share in line for line in found.left_out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--response", "throughputt"], "throughput"),
        (["--figure", "t.pdf"], "--figure: a file that ends in .svg or .png is needed (got 't.pdf')"),
        (["--replications", "2"], "--step and --replications belong to --elasticities"),
        (["--elasticities", "--step", "ten"], "--step: a share, e.g. '10 %', or 'range' is needed (got 'ten')"),
        (["--elasticities", "--step", "150 %"], "a step is more than 0 % and less than 100 % of the base"),
        (["--elasticities", "--replications", "0"], "at least one replication is needed (got 0)"),
        (["--confidence", "95"], "a confidence is from 0.5 to below 1"),
        (["-o", "x.h5"], "--output is of the sweep of a study file"),
    ],
)
def test_wrong_inputs_are_told(swept: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        called(str(swept), "--executor", "serial", *arguments)
    assert message in str(error.value)


def test_a_study_that_asks_for_nothing_or_varies_nothing_is_told(tmp_path: Path) -> None:
    study = write(tmp_path, STUDY.replace("responses: [throughput, recovery.good]\n", "").replace("sobol: 8", "sobol: 2"))
    path = sweep(study, tmp_path / "all.h5", executor="serial").path
    with pytest.raises(UsageError, match="say which"):
        called(str(path))
    fixed = write(tmp_path, "study: 1\nbase: plant.yaml\nkind: terminating\nresponses: [throughput]\n")
    with pytest.raises(UsageError, match="nothing varies"):
        called(str(fixed), "--executor", "serial", "-o", str(tmp_path / "none.h5"))
    with pytest.raises(TwinError):
        called(str(tmp_path / "plant.yaml"), "--executor", "serial")


@pytest.mark.soak
def test_without_salib_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sweep(write(tmp_path, STUDY.replace("sobol: 8", "saltelli: 2")), tmp_path / "s.h5", executor="serial")
    monkeypatch.setitem(sys.modules, "SALib.analyze", None)
    with pytest.raises(UsageError, match=r"the indices of the design 'saltelli' need SALib.*pip install 'twin\[study\]'"):
        module.sensitivity(found)
