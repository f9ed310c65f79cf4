"""Pickers by shift: who is there decides what is picked; events, resume, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import ScenarioError

STAFF = {"early": {"calendar": "early", "pickers": 4}, "late": {"calendar": "late", "pickers": 1}, "helper": {"calendar": "noon", "pickers": 2}}


def plant(**belt: Any) -> dict[str, Any]:
    """A belt that runs round the clock, with pickers from 06:00 to 22:00."""
    belt = {"staff": STAFF, **belt} if "pickers" not in belt else belt
    return {
        "twin": 1,
        "time": {"start": "2026-01-05", "horizon": "4 d"},
        "lot": "100 kg",
        "record": {"every": "1 h", "genealogy": True},
        "catalogue": ["lvp"],
        "size_bounds": "40 80 160 300 600 mm",
        "calendars": {"early": {"daily": "06:00-14:00"}, "late": {"daily": "14:00-22:00"}, "noon": {"weekdays": ["10:00-16:00"]}},
        "units": {
            "trucks": {
                "kind": "feed", "every": {"uniform": ["20 min", "40 min"]}, "mass": "1 t", "composition": {"pet_clear": "10 %", "ldpe_film": "90 %"},
                "size": {"rosin_rammler": {"x63": "200 mm", "n": 2}}, "when_full": "turn_away",
            },
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "20 t", "initial": {"mass": "10 t"}, "discharge": "mixed"},
            "belt": {"kind": "manual_picking", "from": "yard", "rate": "1 t/h", "targets": "pet_clear", "belt_speed": "0.4 m/s", **belt},
            "bottles": {"kind": "product", "from": "belt.picked", "targets": ["pet_clear"]},
            "rest": {"kind": "product", "from": "belt.rest"},
        },
    }  # fmt: skip


def picked_by_hour(result: twin.Result) -> np.ndarray:
    """Mass of bottles picked over those that came, by hour of a Tuesday."""
    flow = result.dataset("streams")["mass_flow"].sel(material="pet_clear")
    picked, rest = (flow.sel(stream=f"belt.{port}").values for port in ("picked", "rest"))
    return np.asarray((picked / (picked + rest))[24:48])


def test_each_shift_picks_with_the_people_it_has() -> None:
    with twin.run(twin.load(plant())) as result:
        by_hour = picked_by_hour(result)
    alone = {}
    for pickers in (1, 3, 4, 6):
        with twin.run(twin.load(plant(pickers=pickers))) as result:
            alone[pickers] = picked_by_hour(result)[8]
    assert alone[1] + 0.02 < alone[3] < alone[4] <= alone[6]
    assert not by_hour[:6].any()
    assert not by_hour[23:].any()
    for hour, pickers in ((8, 4), (12, 6), (15, 3), (18, 1)):
        assert by_hour[hour] == pytest.approx(alone[pickers], rel=1e-9), hour


def test_grade_and_recovery_move_with_pickers_picks_and_load() -> None:
    def bottles(**belt: Any) -> tuple[float, float]:
        with twin.run(twin.load(plant(**belt))) as result:
            return result.kpis["grade.bottles.pet_clear"].value, result.kpis["recovery.bottles.pet_clear"].value

    base = bottles(pickers=2)
    for changed in (bottles(pickers=5), bottles(pickers=2, picks="45 min-1")):
        assert changed[0] > base[0] + 0.01
        assert changed[1] > base[1] + 0.005
    thinner = bottles(pickers=2, rate="0.5 t/h")  # film covers it still, so that pickers make as many mistakes
    assert thinner[0] == pytest.approx(base[0], abs=0.005)
    assert thinner[1] > base[1] + 0.03


@pytest.mark.sampled(3)
@pytest.mark.parametrize("hours", [6.0, 9.99, 13.9, 14.0, 30.3, 47.9])
@pytest.mark.parametrize("blocking", ["after", "before"])
def test_resumed_at_any_time_it_is_the_same_run(tmp_path: Path, hours: float, blocking: str) -> None:
    events = [{"at": "20 h", "set": {"units.belt.picks": "40 min-1"}}, {"at": "2026-01-06T14:00", "set": {"units.belt.recognition": "70 %"}}]
    wear = {"parameter": "recognition", "per": "3 t", "change": "-5 %"}
    scenario = twin.load({**plant(blocking=blocking, wear=wear), "events": events, "time": {"start": "2026-01-05", "horizon": "2 d"}})
    whole = twin.run(scenario, out=tmp_path / "whole.h5")
    twin.run_until(scenario, hours * 3600.0, save=tmp_path / "state.h5")
    with whole, twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5") as resumed:
        assert resumed.digest == whole.digest


def test_an_event_keeps_who_is_on_shift() -> None:
    """An event in the early shift changes the picks; the early shift's four go on."""
    event = [{"at": "32 h", "set": {"units.belt.picks": "20 min-1"}}]
    with twin.run(twin.load({**plant(), "events": event})) as result, twin.run(twin.load(plant(pickers=4, picks="20 min-1"))) as slow:
        assert picked_by_hour(result)[9] == pytest.approx(picked_by_hour(slow)[9], rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units.belt.staff.early.calendar": "night"}, "unknown calendar 'night'"),
        ({"units.belt.staff.early.pickers": "-1"}, "0"),
        ({"units.belt.targets": "pett"}, "unknown material or group 'pett'"),
        ({"events": [{"at": "1 h", "set": {"units.belt.staff.early.pickers": 3}}]}, "cannot change while the plant runs"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(plant()).change(changes)
    assert any(message in problem.message for problem in caught.value.problems), [problem.message for problem in caught.value.problems]


def test_its_numbers_are_listed_with_their_basis() -> None:
    listed = {parameter.path: parameter for parameter in twin.load(plant()).parameters()}
    assert listed["units.belt.staff.late.pickers"].value == 1.0
    assert listed["units.belt.picks"].basis == "assumed"
