"""The search of ``twin optimise`` on plants: settings as written, runs that are kept and found again, limits over weeks, and a verdict that equal settings do not win."""

from __future__ import annotations

import doctest
import importlib
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from noisy_problems import CASES

import twin
from twin.cli import main
from twin.errors import RunError, ScenarioError, UsageError
from twin.fit.optimise import search, surrogate
from twin.fit.optimise.archive import Archive, Trial
from twin.fit.optimise.chance import design_effect, kept_of
from twin.fit.optimise.engine import FunctionRuns, optimise_one, optimise_problem
from twin.fit.optimise.plant import Optimum, optimise
from twin.fit.optimise.problem import Effort, Limit, Objective, Observation, Problem, Request
from twin.fit.optimise.selection import select
from twin.fit.optimise.space import Range, Space, Variants
from twin.fit.optimise.study import load_study
from twin.study.executors import Serial
from twin.study.read import Study
from twin.study.runs import Job, run_job
from twin.study.weeks import periods

PLANT = """\
twin: 1
name: small
time: {start: 2026-01-05T00:00, horizon: 22 d, warmup: 1 d}
lot: 1 t
record: {every: 12 h}
materials: {good: {}, bad: {}}
calendars: {early: {weekdays: ["06:00-14:00"]}, late: {weekdays: ["06:00-22:00"]}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 3 h}}, mass: 10 t, composition: {good: 60 %, bad: 40 %}, variability: {concentration: 20}, price: 0 EUR/t}
  yard: {kind: bunker, from: trucks, capacity: 100 t}
  sort: {kind: separator, from: yard, rate: 4 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 10 %}}}
  good_out: {kind: product, from: sort.good, targets: [good], price: 100 EUR/t}
  bad_out: {kind: product, from: sort.bad, price: -20 EUR/t}
"""
STUDY = """\
study: 1
base: plant.yaml
change: {time.horizon: 2 d, time.warmup: 0 h}
vary:
  units.sort.rate: {low: 1 t/h, high: 5 t/h}
  hours: {choice: {always: {}, early: {units.sort.calendar: early}}}
  units.yard.capacity: {list: [50 t, 100 t]}
objectives: {margin: maximise}
kind: terminating
runs: {search: 16, start: 8, batch: 4, replications: 1, finalists: 2, choice: 6, verdict: 4}
"""


def write(folder: Path, study: str = STUDY, plant: str = PLANT) -> Path:
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    path = folder / "study.yaml"
    path.write_text(study, encoding="utf-8")
    return path


def tried(found: Optimum) -> list[Any]:
    return [(trial.by, trial.setting.written, trial.observation) for trial in found.outcome.archive]


def test_what_varies_is_tried_in_readable_numbers() -> None:
    assert Range("a", "m", low=30.0, high=60.0, written="mm").at(1 / 3) == (0.04, "40 mm")
    assert Range("a", "1", low=0.1, high=0.2).at(1 / 3)[1] == 0.1333
    assert Range("a", "kg/s", low=1.0, high=100.0, written="t/h", log=True).at(0.5)[1] == "10 t/h"
    assert [Range("a", "1", whole=True, low=2.0, high=4.0).at(u)[1] for u in (0.0, 0.4, 1.0)] == [2, 3, 4]
    space = Space((Range("a", "1", whole=True, low=0.0, high=1.0), Variants("b", "", levels=("x", "y"), values=(0.0, 1.0), changes={"x": {}, "y": {"p.q": 3}})))
    setting = space.setting([0.9, 0.6])
    assert space.size == 4 and setting == space.setting([0.6, 0.99]) and setting.changes == {"a": 1, "p.q": 3}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Optimum:
    folder = tmp_path_factory.mktemp("optimise")
    return optimise(write(folder), folder / "out.h5", executor="serial")


def test_the_best_setting_of_a_small_plant_is_found(found: Optimum, tmp_path: Path) -> None:
    """Trucks bring 3.3 t/h: it earns most who sorts always, and at more than that. The base, 4 t/h, can hardly be beaten, so that nothing is claimed."""
    best = found.best
    assert best is not None
    assert best.written[1] == "always" and best.values[0] * 3.6 > 3.0
    verdict = found.outcome.verdict
    assert len(found.outcome.archive) == 16 and verdict.best.setting == best
    runs = [{one.request.replication for one in found.made if one.request.phase == phase} for phase in ("search", "choice", "verdict")]
    assert not runs[0] & runs[1] and not runs[1] & runs[2] and not runs[0] & runs[2]
    study = Study(found.path)
    with pytest.raises(UsageError, match="were sought and not drawn"):
        twin.sensitivity(study)
    with pytest.raises(UsageError, match="holds the runs of an optimisation"):
        study.source()
    assert study.complete and study.points == len(found.made) and study.response("margin").shape == (study.points, 1)


def test_the_best_setting_is_a_scenario_that_extends_the_base(found: Optimum, tmp_path: Path) -> None:
    from twin.fit.optimise.found import history_text, write_best

    out = found.study.path.with_name("best.yaml")  # type: ignore[union-attr]
    write_best(found, out)
    scenario = twin.load(out)
    assert found.best is not None
    rate = next(number for number in scenario.parameters() if number.path == "units.sort.rate")
    assert rate.value == found.best.values[0] and rate.low is not None and "twin optimise" in rate.source
    outcome = run_job(Job(scenario.change({"time.horizon": "2 d", "time.warmup": "0 h"}), 200_000))
    assert outcome.kpis is not None and found.outcome.verdict.best.runs[0] is not None
    assert outcome.kpis["margin"].value == found.outcome.verdict.best.runs[0].values["margin"]
    rows = history_text(found).splitlines()
    assert len(rows) == 17 and rows[0].startswith("trial,by,failed,finalist,units.sort.rate,hours,")


class Interrupted(Serial):
    """Ends after some runs, as a kill would."""

    def __init__(self, after: int) -> None:
        self.left = after

    def run(self, jobs: Any) -> Any:
        for index, job in enumerate(jobs):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield index, run_job(job)


@pytest.mark.parametrize("after", [5, 19])
def test_what_was_interrupted_goes_on_to_the_last_bit(found: Optimum, tmp_path: Path, after: int) -> None:
    study, out = write(tmp_path), tmp_path / "out.h5"
    with pytest.raises(KeyboardInterrupt):
        optimise(study, out, executor=Interrupted(after))
    again = optimise(study, out, executor="serial")
    assert again.advance.reused == after and tried(again) == tried(found)
    assert Study(out).digest == Study(found.path).digest
    third = optimise(study, out, executor="serial")
    assert third.advance.reused == third.advance.done and repr(third) == repr(found)


def test_worker_processes_find_the_same(found: Optimum, tmp_path: Path) -> None:
    again = optimise(write(tmp_path), tmp_path / "out.h5", executor="processes", workers=2)
    assert tried(again) == tried(found) and Study(again.path).digest == Study(found.path).digest


@pytest.mark.soak
def test_a_cluster_finds_the_same_and_goes_on_where_it_was(found: Optimum, tmp_path: Path) -> None:
    study, out = write(tmp_path), tmp_path / "out.h5"
    with pytest.raises(KeyboardInterrupt):
        optimise(study, out, executor=Interrupted(13))
    again = optimise(study, out, executor="dask", workers=2)
    assert again.advance.reused == 13 and tried(again) == tried(found) and Study(out).digest == Study(found.path).digest


LIMITED = """\
study: 1
base: plant.yaml
vary: {units.sort.rate: {low: 2 t/h, high: 6 t/h}}
objectives: {margin: maximise}
limits:
  - {figure: throughput, at_most: 3 t/h}
  - {figure: grade.good_out.good, at_least: 50 %, in: 60 %}
kind: terminating
runs: {search: 14, start: 8, replications: 3, finalists: 3, choice: 60, verdict: 20}
"""


@pytest.mark.soak
def test_limits_on_means_and_in_a_share_of_weeks_are_kept(tmp_path: Path) -> None:
    found = optimise(write(tmp_path, LIMITED), tmp_path / "out.h5", executor="serial")
    mean, weeks = found.outcome.verdict.best.kept
    assert found.best is not None and found.best.values[0] * 3.6 < 3.05
    assert mean.low * 3.6 <= 3.0 and mean.value <= mean.low and mean.sure > 0.95
    assert weeks.periods == 20 * 2 and weeks.counted <= weeks.periods and weeks.limit.share == 0.6
    assert "grade.good_out.good (true) at least 50 % in 60 % of ISO weeks: kept" in repr(found)


def test_a_week_has_the_figures_that_a_run_of_it_would_have(tmp_path: Path) -> None:
    """The weeks of 22 days from a Monday, after a day of warm-up: the second and the third. Their mean throughput is that of both together."""
    write(tmp_path)
    scenario = twin.load(tmp_path / "plant.yaml")
    assert periods(scenario, "week") == [(7 * 86400.0, 14 * 86400.0), (14 * 86400.0, 21 * 86400.0)]
    kpis = run_job(Job(scenario, watch=(("week", "throughput"), ("week", "grade.good_out.good"), ("day", "product_mass.good_out")))).kpis
    assert kpis is not None
    later = run_job(Job(scenario.change({"time.warmup": "7 d", "time.horizon": "21 d"}))).kpis
    assert later is not None
    both = (kpis["week.0.throughput"].value + kpis["week.1.throughput"].value) / 2
    assert both == pytest.approx(later["throughput"].value, rel=1e-9) and "week.2.throughput" not in kpis
    days = [kpis[f"day.{k}.product_mass.good_out"].value for k in range(21)]
    assert math.fsum(days) == pytest.approx(kpis["product_mass.good_out"].value, rel=1e-9)
    with pytest.raises(UsageError, match="no whole ISO week"):
        periods(scenario.change({"time.horizon": "9 d", "time.warmup": "3 d"}), "week")


def test_all_that_is_wrong_with_a_study_is_said_at_once(tmp_path: Path) -> None:
    wrong = """\
study: 1
base: plant.yaml
vary:
  units.sort.rat: {low: 1 t/h, high: 5 t/h}
  units.yard.capacity: {low: 100 t, high: 50 t}
  units.trucks.mass: {low: 1 t/h, high: 5 t}
  hours: {choice: {early: {units.sort.calendar: erly}, always: {}}}
objectives: {profit: maximise}
indifference: {margin: 5 EUR}
limits:
  - {figure: throughput, at_least: 3 t, in: 120 %}
  - {figure: margin, at_least: 3 EUR, in: 90 %}
  - {figure: throughput}
kind: steady
runs: {search: 10, start: 12, choice: 3}
"""
    with pytest.raises(ScenarioError) as caught:
        load_study(write(tmp_path, wrong))
    text = str(caught.value)
    for said in (
        "4:3 vary.\"units.sort.rat\": unknown key 'rat'",
        "'low' must be less than 'high'",
        "a mass is needed",
        "unknown calendar 'erly'",
        "no key figure 'profit'",
        "margin is no objective",
        "a mass per time is needed",
        "below 100 % is needed",
        "'margin' is told of a whole run only",
        "either 'at_least' or 'at_most' is needed",
        "the start is a part of the search, at most 10 (got 12)",
        "each of 8 finalists and the base needs at least 2 runs, 18 in all (got 3)",
    ):
        assert said in text, f"{said}\n{text}"


def test_a_figure_that_the_plant_has_not_is_named_after_one_run(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no key figure 'recovery\.bad'; did you mean"):
        optimise(write(tmp_path, STUDY.replace("{margin:", "{recovery.bad:")), tmp_path / "out.h5", executor="serial")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"pip install 'twin\[fit\]'"):
        optimise(write(tmp_path), tmp_path / "out.h5", executor="serial")


def test_the_command_prints_a_verdict_and_writes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["optimise", "study.yaml", "--executor", "serial", "--history", "h.csv", "--report", "page.html"]) == 0
    printed = capsys.readouterr().out
    assert "16 settings tried: 8 of a Sobol' sequence (the base one of them)" in printed and "fresh pairs of runs, 95 % interval" in printed
    assert (tmp_path / "study_best.yaml").is_file() and (tmp_path / "h.csv").is_file() and (tmp_path / "study.h5").is_file()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (page.count('class="dot') == 16 and "cannot tell" in page) or "better than the base" in page
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    (tmp_path / "study.h5").unlink()
    assert main(["optimise", "study.yaml", "--executor", "serial", "--report", "mine.html", "--json"]) == 2
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "study.h5").exists(), "it was looked at before any run"


# -- the search without a plant ---------------------------------------------------------------------------------------------------------------


def two(seed: int = 0, **effort: int) -> Problem:
    return Problem(Space(tuple(Range(f"x{k}", "1", low=0.0, high=1.0) for k in range(2))), (Objective("y", 1, 0.05),), (), Effort(**effort), seed)


def bowl(values: Any, draw: np.random.Generator) -> Observation:
    return Observation({"y": 1.0 - 4.0 * (values["x0"] - 0.6) ** 2 - 4.0 * (values["x1"] - 0.3) ** 2 + 0.05 * draw.standard_normal()})


def test_a_hill_is_found_and_told_from_the_base() -> None:
    outcome = optimise_one(two(budget=40, start=13, select=40), FunctionRuns(bowl, {"x0": 0.1, "x1": 0.9}))
    best = outcome.selected
    assert best is not None and abs(best.values[0] - 0.6) < 0.1 and abs(best.values[1] - 0.3) < 0.1
    assert outcome.verdict.claims and outcome.surrogate.trusted
    parts = surrogate.importances(outcome.surrogate.goals[0], outcome.problem.space)  # type: ignore[arg-type]
    assert all(0.2 < part < 0.8 for part in parts)


def test_a_surrogate_of_nothing_but_noise_is_not_trusted() -> None:
    archive = Archive(two())
    draw = np.random.default_rng(3)
    archive.trials += [Trial(setting, Observation({"y": draw.standard_normal()}), "sobol") for setting in search.start(two(), 40)]
    fitted = surrogate.surrogate_of(archive)
    assert not fitted.trusted and surrogate.propose(archive, fitted, 4) == []


def test_leave_one_out_is_what_leaving_one_out_gives() -> None:
    """The closed form against 20 fits with one value left out, at the same kernel."""
    archive = Archive(two())
    settings = search.start(two(), 20)
    values = [bowl(dict(zip(("x0", "x1"), one.values, strict=True)), np.random.default_rng(k)).values["y"] for k, one in enumerate(settings)]
    archive.trials += [Trial(one, Observation({"y": value}), "sobol") for one, value in zip(settings, values, strict=True)]
    whole = surrogate.surrogate_of(archive).goals[0]
    assert whole is not None
    rest = []
    for k in range(20):
        keep = [i for i in range(20) if i != k]
        points = whole.points[keep]
        left = replace(whole, points=points, values=whole.values[keep], inverse=np.linalg.inv(whole.kernel(points)))
        rest.append(whole.values[k] - left.predict(whole.points[k : k + 1])[0][0])
    assert whole.r2 == pytest.approx(1.0 - np.sum(np.square(rest)) / np.sum(np.square(whole.values - whole.middle)), rel=1e-6)


def test_weeks_of_a_run_that_go_together_count_as_fewer() -> None:
    """Of 40 runs with 10 weeks, all of which are alike in a run, each run counts once; independent weeks count as they are."""
    limit, draw = Limit("purity", 0.5, 1, share=0.7), np.random.default_rng(1)
    alike = [Observation({}, {"week.purity": (float(one),) * 10}) for one in draw.random(40) < 0.8]
    apart = [Observation({}, {"week.purity": tuple(map(float, draw.random(10) < 0.8))}) for _ in range(40)]
    assert design_effect(limit, [alike]) == pytest.approx(10.0, rel=0.05) and design_effect(limit, [apart]) < 1.6
    effect = design_effect(limit, [alike])
    assert kept_of(limit, alike, effect).counted == pytest.approx(40.0, rel=0.05)
    assert kept_of(limit, alike, effect).low < kept_of(limit, alike).low - 0.05


def test_equal_settings_are_seldom_called_better() -> None:
    """20 studies in which no setting matters: 0.5 of them are expected to claim, five or more happen once in 10,000; a verdict on the runs of the search claims most."""

    def flat(values: Any, draw: np.random.Generator) -> Observation:
        return Observation({"y": 10.0 + draw.standard_normal()})

    said = sum(
        optimise_one(two(seed, budget=12, start=12, select=8, finalists=2, confirm=8), FunctionRuns(flat, {"x0": 0.5, "x1": 0.5}, 40 + seed)).verdict.claims
        for seed in range(20)
    )
    assert said < 5


def test_batches_do_not_depend_on_what_was_asked_before() -> None:
    """Proposals are a function of the trials alone."""
    problem = two(7)
    archive = Archive(problem)

    def show(settings: Sequence[Any], by: str) -> None:
        archive.trials.extend(Trial(one, bowl(dict(zip(("x0", "x1"), one.values, strict=True)), np.random.default_rng(len(archive))), by) for one in settings)

    show(search.start(problem, 12), "sobol")
    first = search.propose(archive, 8)
    assert search.propose(archive, 8) == first and search.propose(archive, 3) == first[:3]
    show(first, "tpe")
    again = Archive(problem, list(archive.trials))
    assert search.propose(again, 8) == search.propose(archive, 8) != first


# -- two objectives ---------------------------------------------------------------------------------------------------------------------------


def test_a_front_holds_what_is_best_between_two_aims() -> None:
    """One aim is best at (0.2, 0.5), the other at (0.8, 0.5): the front is the line between, the base (0.5, 0.95) is worse than its knee in both."""

    def both(values: Any, draw: np.random.Generator) -> Observation:
        low, noise = (values["x1"] - 0.5) ** 2, 0.02 * draw.standard_normal(2)
        return Observation({"a": 1.0 - (values["x0"] - 0.2) ** 2 - low + noise[0], "b": 5.0 + (values["x0"] - 0.8) ** 2 + low + noise[1]})

    space = Space(tuple(Range(f"x{k}", "1", low=0.0, high=1.0) for k in range(2)))
    problem = Problem(space, (Objective("a", 1), Objective("b", -1)), (), Effort(budget=60, start=20, finalists=6, select=60, confirm=10))
    outcome = optimise_problem(problem, FunctionRuns(both, {"x0": 0.5, "x1": 0.95}, common=True))
    front = outcome.front
    settings = [one.point.setting.values for one in front.points]
    assert len(settings) >= 3 and all(abs(x1 - 0.5) < 0.15 and 0.1 < x0 < 0.9 for x0, x1 in settings)
    means = [one.point.means for one in front.points]
    assert means == sorted(means) and [b for _, b in means] == sorted((b for _, b in means), reverse=True)
    assert front.at_knee.word == "better" and outcome.selected == front.at_knee.point.setting
    assert all(change.interval.confidence == pytest.approx(1 - 0.05 / (2 * len(settings))) for change in front.at_knee.changes)


def test_the_front_of_a_plant_is_told_in_words(tmp_path: Path) -> None:
    study = STUDY.replace("{margin: maximise}", "{throughput: maximise, product_mass.bad_out: minimise}")
    found = optimise(write(tmp_path, study), tmp_path / "out.h5", executor="serial")
    assert "of 2 finalists on the front; against the base:" in repr(found)
    again = optimise(write(tmp_path, study), tmp_path / "out.h5", executor="serial")
    assert repr(again) == repr(found) and again.advance.reused == again.advance.done


def test_runs_that_are_all_equal_are_no_certainty() -> None:
    """Five runs of each finalist, all of them 100 %: the choice is not called sure, and goes on until so many were equal that it is."""
    space = Space((Range("x", "1", low=0.0, high=3.0, whole=True),))
    problem = Problem(space, (Objective("y", 1, 0.01),), (Limit("z", 0.9, 1),), Effort(select=120))
    runs = FunctionRuns(lambda values, draw: Observation({"y": 1.0, "z": 1.0}), {"x": 0.0})
    few = select(replace(problem, effort=Effort(select=20)), space.every(), runs)
    assert few.spent == 20 and few.probability < 0.95 and few.best.sure == pytest.approx(6 / 7)
    more = select(problem, space.every(), runs)
    assert more.spent > 60 and more.best.sure >= 0.95


@pytest.mark.parametrize("names", [("y",), ("y", "z")])
def test_a_choice_in_which_every_run_fails_is_no_choice(names: tuple[str, ...]) -> None:
    """All runs after the search fail: nothing was selected, where the first of equals was said to be so with a probability of 100 %."""
    problem = replace(two(budget=16, start=6, select=24), objectives=tuple(Objective(name, 1) for name in names))
    runs = FunctionRuns(lambda values, draw: Observation(dict.fromkeys(names, values["x0"])), {"x0": 0.5, "x1": 0.5})

    class Failing:
        def make(self, requests: Sequence[Request]) -> list[Observation | None]:
            return runs.make(requests) if requests[0].phase == "search" else [None] * len(requests)

    with pytest.raises(RunError, match=r"y: none of \d+ runs of the choice among \d+ finalists gave a value"):
        optimise_problem(problem, Failing())


@pytest.mark.parametrize(("failing", "least"), [(0.85, 0), (0.5, 25)])
def test_a_finalist_whose_runs_fail_by_chance_is_not_counted_out(failing: float, least: int) -> None:
    """Four settings 1 apart with a deviation of 1, whatever the share of runs that fail. Of 30 choices some are sure, and at most 1.5 of them wrong in the mean.

    Counted out after five failed runs, of 85 % that fail 42 in a hundred were sure, and 26 wrong.
    """
    space = Space((Range("x", "1", low=0.0, high=3.0, whole=True),))
    problem = Problem(space, (Objective("y", 1, 0.01),), (), Effort(select=400))
    settings, sure, wrong = space.every(), 0, 0
    for seed in range(30):
        chance = np.random.default_rng(seed)

        class Often:
            def make(self, requests: Sequence[Request], chance: np.random.Generator = chance) -> list[Observation | None]:
                drawn = [(settings.index(one.setting) + chance.standard_normal(), chance.random() > failing) for one in requests]
                return [Observation({"y": float(value)}) if runs else None for value, runs in drawn]

        choice = select(problem, settings, Often())
        sure += choice.probability >= 0.95
        wrong += choice.probability >= 0.95 and choice.best.finalist.setting != settings[3]
    assert sure >= least
    assert wrong <= 3


def test_a_space_of_few_settings_is_tried_whole_and_the_base_is_a_finalist(tmp_path: Path) -> None:
    """The base is the best of four settings: it is selected, and nothing is claimed."""
    study = STUDY.replace("units.sort.rate: {low: 1 t/h, high: 5 t/h}", "units.sort.rate: {list: [1 t/h, 4 t/h]}").replace(
        "  units.yard.capacity: {list: [50 t, 100 t]}\n", ""
    )
    found = optimise(write(tmp_path, study), tmp_path / "out.h5", executor="serial")
    assert [trial.by for trial in found.outcome.archive] == ["base", "all", "all", "all"]
    assert found.best is not None and found.best.written == ("4 t/h", "always") and not found.outcome.verdict.claims
    assert "no setting was found that is better than the base" in repr(found)


def test_a_margin_that_cash_contradicts_is_withheld() -> None:
    def earned(values: Any, draw: np.random.Generator) -> Observation:
        return Observation({"margin": 10.0 + values["x0"] + 0.01 * draw.standard_normal(), "margin_cash": 10.0 - values["x0"] + 0.01 * draw.standard_normal()})

    problem = replace(two(budget=12, start=12, select=12, finalists=2, confirm=8), objectives=(Objective("margin", 1, 0.1),))
    outcome = optimise_one(problem, FunctionRuns(earned, {"x0": 0.1, "x1": 0.5}))
    assert outcome.verdict.word == "withheld" and not outcome.verdict.claims and outcome.verdict.over_base.verdict == "better"


def test_the_search_lacks_less_than_a_sobol_sequence_of_the_same_runs() -> None:
    """On the ridge in six dimensions it lacks a tenth of what the sequence does (benchmarks/optimise.py, 30 seeds); 0.7 is what must be met, none is 1."""
    case = next(one for one in CASES if one.name == "ridge")
    effort, best = Effort(budget=48, start=16, select=24, finalists=4, confirm=4), case.best()
    found = [[case.regret(how(effort, seed).verdict.best.setting, best) for seed in range(2)] for how in (case.run, case.by_sobol)]
    assert 0.0 <= sum(found[0]) < 0.7 * sum(found[1])


@pytest.mark.parametrize("name", ["chance", "front", "space"])
def test_the_worked_numbers(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"twin.fit.optimise.{name}"))
    assert found.attempted and not found.failed
