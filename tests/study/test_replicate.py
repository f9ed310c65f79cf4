"""Replications: means with intervals, how many there are, and the check of the warm-up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import FileError, RunError, UsageError
from twin.quantities import DAY, WEEK
from twin.scenario import Scenario
from twin.study.executors import Executor
from twin.study.periods import WarmUp, period_means, period_of, period_text
from twin.study.replicate import Procedure, Replications, replicate
from twin.study.runs import Job, Outcome, run_job
from twin.study.statistics import SteadyState, student_interval

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "queue",
    "title": "Trucks before a gate",
    "time": {"start": "2026-01-05", "horizon": "4 d", "warmup": "1 d"},
    "lot": "1 t",
    "record": {"every": "1 h"},
    "materials": {"x": {}},
    "units": {
        "trucks": {"kind": "feed", "every": {"exponential": {"mean": "1 h"}}, "mass": "1 t", "composition": {"x": 1}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "1000 t"},
        "m": {"kind": "separator", "from": "yard", "rate": "1.5 t/h"},
        "out": {"kind": "product", "from": "m"},
    },
}


def plant(**changes: object) -> Scenario:
    scenario = twin.load(PLANT)
    return scenario.change({path.replace("__", "."): value for path, value in changes.items()}) if changes else scenario


def test_the_interval_is_that_of_the_runs() -> None:
    scenario = plant()
    found = replicate(scenario, number=4, executor="serial")
    single = [twin.run(scenario, replication=k).kpis["throughput"].value for k in range(4)]
    estimate = found["throughput"]
    assert estimate.values == tuple(single)
    assert estimate.interval == student_interval(single)
    assert (estimate.n, estimate.flag, found.n) == (4, "", 4)
    assert "4 replications, terminating (from 1 d to 4 d)" in repr(found)
    assert "<th>95 % interval</th>" in found._repr_html_()
    with pytest.raises(KeyError, match="did you mean 'throughput'"):
        found["thruput"]


def test_one_run_has_no_interval_and_says_so() -> None:
    found = replicate(plant(), number=1, executor="serial")
    assert found["throughput"].interval is None
    assert found["throughput"].flag == "one run: no interval"
    assert found["throughput"].texts()[1] == ""
    assert found.remarks == ("one run: no interval",)


class Backwards(Executor):
    """Finishes the last job first."""

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        for index, job in reversed(list(enumerate(jobs))):
            yield index, run_job(job)


def test_executor_and_order_change_nothing() -> None:
    one, other = (replicate(plant(), number=3, executor=executor) for executor in ("serial", Backwards()))
    assert [outcome.digest for outcome in one.outcomes] == [outcome.digest for outcome in other.outcomes]
    assert repr(one) == repr(other)


@pytest.mark.soak
def test_worker_processes_give_the_same() -> None:
    one, other = replicate(plant(), number=3, executor="serial"), replicate(plant(), number=3, workers=2)
    assert [outcome.digest for outcome in one.outcomes] == [outcome.digest for outcome in other.outcomes]


@pytest.mark.soak
def test_runs_are_added_until_the_interval_is_narrow() -> None:
    told: list[tuple[int, int]] = []
    found = replicate(plant(), number=3, until=0.04, executor="serial", progress=lambda *counts: told.append(counts))
    assert 20 < found.n < 100
    assert found["throughput"].relative_half_width <= 0.04
    assert found.remarks == ()
    assert told[0] == (1, 20)  # of fewer runs the spread is too uncertain to stop by
    assert told[-1] == (found.n, found.n)
    again = replicate(plant(), number=3, until=0.04, executor=Backwards())
    assert again.n == found.n


def test_the_cap_holds_and_says_what_is_missing() -> None:
    found = replicate(plant(), number=3, until=0.001, at_most=5, executor="serial")
    assert found.n == 5
    assert found["throughput"].relative_half_width > 0.001
    assert "after 5 replications, wanted 0.1 %; needs" in found.remarks[0]
    assert found.needed("throughput") is None or found.needed("throughput") > 100  # type: ignore[operator]


@pytest.mark.soak
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"number": 0}, "at least one replication"),
        ({"kind": "forever"}, "'terminating' or 'steady'"),
        ({"until": 0.0}, "above 0"),
        ({"until": math.nan}, "above 0"),
        ({"until": 0.1, "number": 1, "at_most": 1}, "at most 1 replications are less than the 2"),
        ({"until": 0.1, "at_most": 5}, "at most 5 replications are less than the 10"),
        ({"until": 0.1, "kpis": ("thruput",)}, "no KPI 'thruput'"),
        ({"confidence": 95}, "a confidence is from"),
        ({"executor": "nobody"}, "unknown executor"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replicate(plant(time__horizon="6 h", time__warmup="1 h"), **{"executor": "serial", **arguments})


def test_a_run_that_fails_is_named() -> None:
    with pytest.raises(RunError, match=r"queue, replication 0: .*event budget spent"):
        replicate(plant(budget__events=30), number=2, executor="serial")


def test_files_are_kept_where_they_are_wanted(tmp_path: Path) -> None:
    found = replicate(plant(), number=2, kind="steady", executor="serial", keep=lambda k: tmp_path / f"{k}.h5")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["0.h5", "1.h5"]
    with twin.open(tmp_path / "1.h5") as result:
        assert result.digest == found.outcomes[1].digest
    (tmp_path / "mine.h5").write_text("mine", encoding="utf-8")
    with pytest.raises(FileError, match="not a results file of twin"):
        replicate(plant(), number=1, executor="serial", keep=lambda k: tmp_path / "mine.h5")


def test_a_key_figure_without_a_value_in_some_runs_is_flagged() -> None:
    kpis = [{"grade.out.x": twin.run(plant(time__horizon="1.1 d")).kpis["throughput"]._replace(value=value)} for value in (0.5, math.nan, 0.7)]
    found = Replications(plant(), Procedure(3), [Outcome(own) for own in kpis])
    assert found["grade.out.x"].mean == pytest.approx(0.6)
    assert found["grade.out.x"].flag == "a value in 2 of 3 runs only"
    assert found["grade.out.x"].interval is not None
    assert found["grade.out.x"].interval.n == 2


# -- warm-up ---------------------------------------------------------------------------------------------------------------------------------


def test_the_period_is_that_of_the_calendars() -> None:
    daily = {"calendars.shift": {"daily": ["06:00-14:00"]}}
    weekly = {"calendars.shift": {"weekdays": ["06:00-14:00"]}}
    assert period_of(plant()) == 3600.0
    assert period_of(plant().change(daily)) == DAY
    assert period_of(plant().change(weekly)) == WEEK
    assert period_of(plant().change({**daily, "record.every": "2 d"})) == 2 * DAY
    assert period_of(plant(time__horizon="400 d")) == 10 * 3600.0  # 9600 steps are joined to at most 1000 periods
    assert [period_text(period) for period in (WEEK, DAY, 900.0)] == ["a week", "a day", "15 min"]


def test_means_over_periods_are_those_of_the_record_steps(tmp_path: Path) -> None:
    import h5py

    scenario = plant(time__horizon="4.5 d", time__warmup="30 h")
    twin.run(scenario, out=tmp_path / "x.h5").close()
    with h5py.File(tmp_path / "x.h5", "r") as file:
        found = period_means(file, DAY, ("throughput", "utilisation.m", "nothing"))
    with twin.open(tmp_path / "x.h5") as result:
        flow = result.array("streams/mass_flow")[:, list(result.array("stream")).index("yard"), :].sum(axis=1)
        running = result.array("units/state_share")[:, list(result.array("unit")).index("m"), list(result.array("state")).index("running")]
    assert found["throughput"] == pytest.approx([flow[24 * k : 24 * (k + 1)].mean() for k in range(4)])
    assert found["utilisation.m"] == pytest.approx([running[24 * k : 24 * (k + 1)].mean() for k in range(4)])
    assert all(math.isnan(value) for value in found["nothing"])


@pytest.mark.soak
def test_a_steady_plant_with_a_warm_up_that_is_enough() -> None:
    found = replicate(plant(time__horizon="20 d"), number=3, kind="steady", executor="serial", kpis=("utilisation.m",))
    assert [own.kpi for own in found.warm_up] == ["throughput", "utilisation.m"]
    own = found.warm_up[0]
    assert own.state.periods == 480
    assert own.enough
    assert "the warm-up of 1 d is enough (MSER-5 cuts" in str(own)
    assert str(own) in repr(found)


@pytest.mark.soak
def test_a_plant_that_changes_to_the_end_has_no_steady_state() -> None:
    """A machine that is a little faster every day, and always has enough to do."""
    events = [{"at": f"{day} d", "set": {"units.m.rate": f"{0.2 + 0.04 * day:.2f} t/h"}} for day in range(1, 20)]
    growing = plant(time__horizon="20 d", units__trucks__every="1 h", units__m__rate="0.2 t/h", events=events)
    found = replicate(growing, number=2, kind="steady", executor="serial")
    assert found.warm_up[0].state.verdict == "no steady state"
    assert not found.warm_up[0].enough
    assert "throughput: no steady state within 480 periods of 1 h" in str(found.warm_up[0])


def test_too_few_weeks_are_not_judged_and_a_terminating_study_is_not_asked() -> None:
    scenario = plant(time__horizon="15 d").change({"calendars.shift": {"weekdays": ["06:00-22:00"]}, "units.m.calendar": "shift"})
    found = replicate(scenario, number=2, kind="steady", executor="serial")
    assert str(found.warm_up[0]) == "throughput: too short to judge (2 periods of a week, at least 20 are needed)"
    assert replicate(scenario, number=2, executor="serial").warm_up == ()


def test_a_warm_up_that_is_too_short_is_told_what_to_cut() -> None:
    own = WarmUp("throughput", WEEK, 2 * DAY, SteadyState(40, "steady", 5))
    assert not own.enough
    assert str(own) == "throughput: the warm-up of 2 d is too short, cut 35 d (MSER-5 cuts 5 of 40 periods of a week)"
    few = WarmUp("throughput", WEEK, 2 * DAY, SteadyState(30, "no steady state", None))
    assert "within 30 periods of a week; of so few, many a steady series looks so: a longer horizon tells" in str(few)
