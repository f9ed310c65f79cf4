"""Points of a study: what each design chooses, and what the factors make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc
from sweep_plant import PLANT, write

import twin
from twin.scenario.distributions import read_distribution
from twin.study.factors import Factor, written
from twin.study.study_file import StudyFile, load_study


def study(design: object, vary: object = None, **more: Any) -> StudyFile:
    factors = {"units.sort.rate": {"uniform": ["1 t/h", "3 t/h"]}, "units.trucks.mass": {"list": ["2 t", "3 t", "5 t"]}}
    entries = {"study": 1, "kind": "terminating", "design": design, "vary": factors if vary is None else vary, **more}
    return load_study(entries, base=twin.load(PLANT))


def values(found: StudyFile) -> list[list[float]]:
    return [found.points.values(k) for k in range(len(found.points))]


def test_a_factor_at_a_level() -> None:
    factor = Factor("units.screen.aperture", "m", read_distribution("uniform", ["20 mm", "60 mm"], "m"))
    assert factor.at(0.25) == (0.03, "0.03 m")
    assert factor.at(0.0)[0] == 0.02
    assert factor.at(1.0)[0] == 0.06
    assert Factor("x", "1", levels=(1, 2, 4), values=(1.0, 2.0, 4.0)).at(0.5) == (2.0, 2)
    assert Factor("x", "1", levels=(1, 2, 4), values=(1.0, 2.0, 4.0)).at(1.0) == (4.0, 4)


def test_whole_numbers_are_equally_likely() -> None:
    factor = Factor("units.sifter.stages", "1", read_distribution("uniform", [4, 7], "1"), whole=True)
    assert [factor.at(u)[1] for u in (0.0, 0.2, 0.3, 0.5, 0.75, 1.0)] == [4, 4, 5, 6, 7, 7]
    assert all(isinstance(factor.at(u)[1], int) for u in (0.1, 0.9))


def test_values_are_written_so_that_a_scenario_takes_them() -> None:
    assert written(0.03, "m") == "0.03 m"
    assert written(0.5, "1") == 0.5
    assert written(25.0, "1/s") == "25.0 s-1"
    from twin.quantities import parse

    for si in ("m", "1/s", "kg/(s m2)", "J/(kg K)", "EUR/J", "K"):
        assert parse(written(1.234567890123e-7, si), si) == 1.234567890123e-7


def test_grid_combines_all_levels() -> None:
    found = study({"grid": {"units.sort.rate": 3}})
    tons = 1000 / 3600
    assert np.allclose(values(found), [[rate * tons, mass] for rate in (1, 2, 3) for mass in (2000, 3000, 5000)])
    assert found.points.changes(0) == {"units.sort.rate": f"{tons!r} kg/s", "units.trucks.mass": "2 t"}
    assert len(study({"grid": 2}).points) == 6
    assert len(study("grid", {"units.trucks.mass": {"list": ["2 t", "3 t"]}}).points) == 2
    assert values(study("grid", {"units.trucks.mass": {"range": {"low": "2 t", "high": "4 t", "levels": 3}}})) == [[2000.0], [3000.0], [4000.0]]
    assert values(study("grid", {"units.trucks.mass": {"range": {"low": "2 t", "high": "4 t", "step": "0.5 t"}}}))[1] == [2500.0]


def test_grid_of_what_has_no_bounds_takes_the_middles() -> None:
    found = study({"grid": 2}, {"units.sort.rate": {"normal": {"mean": "2 t/h", "sd": "0.1 t/h"}}})
    assert np.allclose([row[0] * 3.6 for row in values(found)], [2 - 0.0674489750196, 2 + 0.0674489750196])


def test_list_takes_levels_side_by_side() -> None:
    vary = {"units.sort.rate": {"list": ["1 t/h", "2 t/h"]}, "units.trucks.mass": {"list": ["2 t", "3 t"]}}
    found = study("list", vary)
    assert [found.points.changes(k)["units.sort.rate"] for k in range(2)] == ["1 t/h", "2 t/h"]
    assert len(found.points) == 2


def test_words_vary_too() -> None:
    found = study("grid", {"units.yard.discharge": {"list": ["fifo", "mixed"]}})
    assert found.points.changes(1) == {"units.yard.discharge": "mixed"}
    assert found.points.factors[0].unit == ""
    assert values(found) == [[0.0], [1.0]]


def test_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("units.sort.rate,units.trucks.mass [t],units.yard.discharge\n1 t/h,2,fifo\n1.5 t/h,3.5,mixed\n", encoding="utf-8")
    found = load_study(write(tmp_path, "study: 1\nbase: plant.yaml\ndesign: {csv: points.csv}\nkind: terminating\n"))
    assert found.points.changes(1) == {"units.sort.rate": "1.5 t/h", "units.trucks.mass": "3.5 t", "units.yard.discharge": "mixed"}
    assert len(found) == 2


def test_samples_are_those_of_scipy() -> None:
    assert np.array_equal(study({"sobol": 8}, seed=3).points.levels, qmc.Sobol(2, scramble=True, rng=3).random(8))
    assert np.array_equal(study({"lhs": 5}, seed=3).points.levels, qmc.LatinHypercube(2, rng=3).random(5))
    assert not np.array_equal(study({"lhs": 5}).points.levels, study({"lhs": 5}, seed=1).points.levels)


def test_morris_and_saltelli_have_the_points_that_are_needed() -> None:
    pytest.importorskip("SALib")
    found = study({"morris": {"trajectories": 5, "levels": 4}})
    assert len(found.points) == 5 * 3
    steps = np.abs(np.diff(found.points.levels.reshape(5, 3, 2), axis=1))
    assert np.allclose(np.sort(steps, axis=2), [0.0, 2 / 3])  # one factor moves at a time
    assert len(study({"saltelli": 4}).points) == 4 * (2 + 2)
    unbounded = study({"morris": {"trajectories": 2}}, {"units.sort.rate": {"normal": {"mean": "2 t/h", "sd": "0.1 t/h"}}})
    assert all(1.8 < row[0] * 3.6 < 2.2 for row in values(unbounded))  # the ends of the design are no infinities


def test_assumed_numbers_span_what_the_scenario_says() -> None:
    found = study({"lhs": 4}, "assumed")
    assert [factor.path for factor in found.points.factors] == ["units.trucks.every.exponential.mean", "units.sort.rate"]
    one = study({"grid": 2}, {"units.trucks.every.exponential.mean": "assumed"})
    assert values(one) == [[3600.0], [10800.0]]


def test_a_study_without_factors_has_one_point() -> None:
    found = study("grid", {}, replications=4)
    assert len(found) == 4
    assert found.job(2).replication == 2
    assert found.job(2).changes == {}


def test_points_share_seed_and_replications() -> None:
    found = study({"lhs": 3}, replications=2)
    assert [found.job(k).replication for k in range(6)] == [0, 1] * 3
    assert [found.job(k).changes == found.job(k + 1).changes for k in (0, 2, 4)] == [True] * 3
    assert found.scenario.seed == 1
