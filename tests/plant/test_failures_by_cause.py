"""Breakdowns by cause: each with a clock of its own, booked under its own reason; what a stop log says of them, into a scenario and back."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.cli.parser import main
from twin.errors import ScenarioError
from twin.results.stops import pareto
from twin.scenario import load

JAM = {"mtbf": {"constant": "10 h"}, "mttr": {"constant": "1 h"}}
MOTOR = {"mtbf": {"constant": "25 h"}, "mttr": {"constant": "5 h"}, "reason": "motor too hot"}


def plant(hours: float, top: dict[str, Any] | None = None, **machine: Any) -> twin.Scenario:
    """A stock that never ends, and one machine of 1 t/h a copy."""
    units = {
        "stock": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}}},
        "m": {"kind": "splitter", "from": "stock", "rate": "1 t/h", "shares": {"out": 1}, **machine},
        "done": {"kind": "product", "from": "m"},
    }
    base = {"twin": 1, "time": {"start": "2026-01-05", "horizon": f"{hours} h"}, "lot": "100 kg", "materials": {"part": {}}, "record": {"every": "8 h"}}
    return twin.load({**base, **(top or {}), "units": units})


def booked(result: twin.Result) -> dict[str, tuple[int, float]]:
    """Number and hours down by reason."""
    return {row.reason: (row.number, round(row.seconds / 3600.0, 6)) for row in pareto(result.totals)}


def test_no_repair_sets_the_clock_of_another_cause_back() -> None:
    """Within 50 h of work jams at 10, 20, 30, 40, 50 h and the motor at 25 and 50 h; the two at once are 5 h, booked as jam for the first.

    Down 4 x 1 h + 5 h + 5 h = 14 h of 64 h. Were a machine as new after each repair, the motor would never fail.
    """
    with twin.run(plant(192, failures_by_cause={"jam": JAM, "motor": MOTOR})) as result:
        assert booked(result) == {"motor too hot": (6, 27.0), "jam": (15, 15.0)}
        assert result.kpis["availability.m"].value == pytest.approx(50 / 64, abs=1e-9)


def test_one_cause_is_what_failures_are() -> None:
    with twin.run(plant(192, failures_by_cause={"jam": JAM})) as apart, twin.run(plant(192, failures={**JAM, "reason": "jam"})) as whole:
        assert booked(apart) == booked(whole) == {"jam": (17, 17.0)}


def test_causes_stand_beside_failures_and_wait_for_the_fitter() -> None:
    """One by the calendar at 4 h, one by work at 4 h: one fitter mends them one after the other, 1 h + 1 h, and nothing is booked twice."""
    own = {"mtbf": {"constant": "4 h"}, "mttr": {"constant": "1 h"}}
    machine = {"failures": own, "failures_by_cause": {"belt": {**own, "clock": "calendar"}}, "repair": {"needs": "fitter"}}
    with twin.run(plant(7, {"resources": {"fitter": 1}}, **machine)) as result:
        assert sum(hours for _, hours in booked(result).values()) == pytest.approx(2.0)
        assert {reason: number for reason, (number, _) in booked(result).items()} == {"breakdown": 1, "belt": 1}


@pytest.mark.sampled(1)
def test_availability_of_two_exponential_causes() -> None:
    """Clocks that stand while the machine is down: A = 1/(1 + 0.5/10 + 4/40) = 0.8696. Of 20,000 h some 435 repairs of the motor: 4 sigma are 0.02."""
    causes = {"jam": {"mtbf": "10 h", "mttr": "30 min"}, "motor": {"mtbf": "40 h", "mttr": "4 h"}}
    top = {"lot": "10 t", "record": {"every": "200 h"}}
    stock = {"units.stock.capacity": "90 kt", "units.stock.initial.mass": "50 kt"}
    with twin.run(plant(20_000, top, failures_by_cause=causes).change(stock)) as result:
        assert result.kpis["availability.m"].value == pytest.approx(1 / 1.15, abs=0.02)


def test_a_copy_that_is_away_ages_in_no_cause() -> None:
    """Two copies of which the second goes after 3 h and comes back after 6 h: it fails 3 h later than it would have, in both causes.

    While the first is mended alone, from 5 h on for 10 min, the line stands and nobody ages.
    """
    causes = {"a": {"mtbf": {"constant": "5 h"}, "mttr": {"constant": "10 min"}}, "b": {"mtbf": {"constant": "8 h"}, "mttr": {"constant": "10 min"}}}
    base = plant(11.5, count=2, failures_by_cause=causes)
    events = [{"at": "3 h", "set": {"units.m.count": 1}}, {"at": "6 h", "set": {"units.m.count": 2}}]
    with twin.run(base.change({"events": events, "record.genealogy": True})) as result:
        begun = zip(*(result.array(f"events/{name}").tolist() for name in ("event_time", "event_unit", "what")), strict=True)
        found = [(round(ns / 3.6e12, 3), unit) for ns, unit, what in begun if what == "failed"]
    assert found == [(5.0, "m.a.breakdown"), (8.0, "m.a.1.breakdown"), (8.167, "m.b.breakdown"), (10.167, "m.a.breakdown"), (11.0, "m.b.1.breakdown")]


def test_a_run_that_goes_on_from_a_saved_state_is_the_same(tmp_path: Path) -> None:
    """Saved while one copy is away, with the lives of both its causes standing still."""
    causes = {"a": {"mtbf": "5 h", "mttr": "30 min"}, "b": {"mtbf": "8 h", "mttr": "1 h"}}
    events = [{"at": "3 h", "set": {"units.m.count": 1}}, {"at": "30 h", "set": {"units.m.count": 2}}]
    scenario = plant(60, count=2, failures_by_cause=causes).change({"events": events})
    saved = twin.run_until(scenario, 12 * 3600.0, tmp_path / "state.h5")
    with twin.run(scenario) as whole, twin.resume(saved) as resumed:
        assert booked(whole) == booked(resumed)
        assert whole.digest == resumed.digest


def test_a_repair_needs_something_to_repair() -> None:
    with pytest.raises(ScenarioError, match="'repair' needs 'failures'"):
        plant(1, repair={"needs": "fitter"})
    with pytest.raises(ScenarioError, match="unknown key 'of'"):
        plant(1, failures_by_cause={"jam": {**JAM, "of": "part"}})


# -- from a log ---------------------------------------------------------------------------------------------------------------------------


def log_of(hours: float, seed: int) -> str:
    """A machine that works day and night, with jams (mean 12 h, 15 min) and a motor of Weibull life (63 % at 120 h, shape 3; 6 h), each with its own age."""
    draw = random.Random(seed)
    now, rows = datetime(2026, 1, 5), ["machine,begin,end,reason"]
    left = {"jam": draw.expovariate(1 / 12), "Motor, Süd": draw.weibullvariate(120, 3)}
    while True:
        cause = min(left, key=lambda key: left[key])
        worked = left[cause]
        now += timedelta(hours=worked)
        if now > datetime(2026, 1, 5) + timedelta(hours=hours):
            return "\n".join(rows) + "\n"
        length = draw.expovariate(1 / (0.25 if cause == "jam" else 6.0)) + 1e-3
        rows.append(f'm,{now:%Y-%m-%dT%H:%M:%S},{now + timedelta(hours=length):%Y-%m-%dT%H:%M:%S},"{cause}"')
        now += timedelta(hours=length)
        left = {key: value - worked for key, value in left.items()}
        left[cause] = draw.expovariate(1 / 12) if cause == "jam" else draw.weibullvariate(120, 3)


def machine_of(path: Path) -> Any:
    return load(path).units["m"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plant.yaml").write_text(
        "twin: 1\nlot: 1 t\ntime: {start: 2026-01-05, horizon: 30 d}\nmaterials: {rock: {}}\nunits:\n"
        "  yard: {kind: bunker, capacity: 9 kt, initial: {mass: 900 t, composition: {rock: 1}}}\n"
        "  m: {kind: splitter, from: yard, rate: 1 t/h, shares: {out: 1}, failures: {mtbf: 1 h, mttr: 1 h}}\n  out: {kind: product, from: m}\n"
    )
    return tmp_path


def test_a_log_by_cause_becomes_failures_by_cause(folder: Path) -> None:
    """The motor's 200 lives: mean 120 h x Gamma(4/3) = 107 h. With a clock that every jam sets back its shape could not be seen."""
    (folder / "log.csv").write_text(log_of(24_000, 4), encoding="utf-8")
    assert main(["stops", "log.csv", "--by-cause", "--plant", "plant.yaml", "-o", "m.yaml"]) == 0
    causes = machine_of(folder / "m.yaml").failures_by_cause
    assert machine_of(folder / "m.yaml").failures is None
    assert {key: model.reason for key, model in causes.items()} == {"jam": "jam", "motor_sued": "Motor, Süd"}
    assert causes["motor_sued"].mtbf.mean / 3600 == pytest.approx(107, rel=0.06)
    assert causes["jam"].mtbf.mean / 3600 == pytest.approx(12, rel=0.08)
    assert causes["motor_sued"].mttr.mean / 3600 == pytest.approx(6, rel=0.2)
    numbers = {number.path: number for number in load(folder / "m.yaml").parameters()}
    shape = numbers["units.m.failures_by_cause.motor_sued.mtbf.weibull.shape"]
    assert shape.basis == "measured"
    assert shape.low is not None
    assert shape.high is not None
    assert shape.low < 3.0 < shape.high
    (folder / "plant.yaml").write_text(
        (folder / "plant.yaml").read_text().replace("failures: {", "failures_by_cause: {x: {").replace("mttr: 1 h}}", "mttr: 1 h}}}")
    )
    assert main(["stops", "log.csv", "--plant", "plant.yaml", "-o", "whole.yaml"]) == 0
    assert machine_of(folder / "whole.yaml").failures_by_cause == {}


def test_causes_seen_once_are_taken_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["jam", "belt", "jam", "fuse", "jam"]
    lines = [f"m,2026-01-0{day}T06:00,2026-01-0{day}T07:00,{reason}" for day, reason in enumerate(rows, start=1)]
    (folder / "log.csv").write_text("machine,begin,end,reason\n" + "\n".join(lines) + "\n")
    assert main(["stops", "log.csv", "--by-cause", "--plant", "plant.yaml", "-o", "m.yaml"]) == 0
    assert "taken together as 'other causes': belt, fuse" in capsys.readouterr().out
    causes = machine_of(folder / "m.yaml").failures_by_cause
    assert causes["jam"].mtbf.mean / 3600 == pytest.approx((47 - 1 + 47 - 1) / 2)
    assert causes["other_causes"].reason == "other causes"
    (folder / "log.csv").write_text("machine,begin,end,reason\n" + "\n".join(lines[:2]) + "\n")
    assert main(["stops", "log.csv", "--by-cause", "--plant", "plant.yaml", "-o", "m.yaml"]) == 0
    (folder / "log.csv").write_text("machine,begin,end,reason\n" + lines[0] + "\n")
    assert main(["stops", "log.csv", "--by-cause", "--plant", "plant.yaml", "-o", "m.yaml"]) == 2
    assert "no cause has two stops" in capsys.readouterr().err
