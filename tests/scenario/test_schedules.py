"""Delivery schedules from CSV."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_plants import plant, problems

from twin.scenario import load
from twin.scenario.kinds.feed import Feed, Schedule

FEED: dict[str, Any] = {"units.deliveries": {"kind": "feed", "schedule": "d.csv"}, "units.sorter.partition": {"accept": 0.5}}


def schedule(text: str, changes: dict[str, Any] | None = None) -> Schedule:
    scenario = load(plant({**FEED, **(changes or {})}), files={"d.csv": text})
    feed = scenario.units["deliveries"]
    assert isinstance(feed, Feed)
    assert feed.schedule is not None
    assert scenario.files == {"d.csv": text}
    return feed.schedule


def test_timestamps_masses_and_compositions() -> None:
    found = schedule("timestamp,mass_t,target,other\n2026-01-05T06:30,12,30 %,70 %\n2026-01-06,10.5,0.4,0.6\n")
    assert found == Schedule("d.csv", (1800.0, 64_800.0), (12_000.0, 10_500.0), ("target", "other"), ((0.3, 0.7), (0.4, 0.6)))


def test_times_since_the_start_and_one_composition_for_all() -> None:
    found = schedule("time_h,mass [kg]\n0,500\n1.5,500\n", {"units.deliveries.composition": {"target": 1}})
    assert (found.times, found.masses, found.fractions) == ((0.0, 5400.0), (500.0, 500.0), None)
    assert schedule("time,mass\n2 h,5 t\n", {"units.deliveries.composition": {"target": 1}}).times == (7200.0,)


@pytest.mark.parametrize(
    "text", ["time_h,mass_t,target\n-2,1,1\n-1,2,1\n3,4,1\n", "timestamp,mass_t,target\n2026-01-05,1,1\n2026-01-05T05:59,2,1\n2026-01-05T09:00,4,1\n"]
)
def test_rows_before_the_start_are_left_out_and_counted(text: str) -> None:
    found = schedule(text)
    assert (found.times, found.masses, found.fractions, found.early) == ((10_800.0,), (4000.0,), ((1.0,),), 2)


def test_a_schedule_and_a_calendar_exclude_each_other() -> None:
    changes = {**FEED, "calendars": {"day": {"weekdays": ["06:00-18:00"]}}, "units.deliveries.calendar": "day"}
    found = problems(plant(changes), files={"d.csv": "time_h,mass_t,target\n1,1,1\n"})
    assert "exclude each other: the schedule says when deliveries come" in found["units.deliveries.calendar"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_h,target\n1,1\n", "the columns 'timestamp' (dates) or 'time' (e.g. time_h), and 'mass'"),
        ("time_h,timestamp,mass_t,target\n1,2026-01-06,1,1\n", "the columns 'timestamp'"),
        ("time,mass_t,target\n1,1,1\n", "d.csv:2 column 'time': a time is needed"),
        ("time_h,mass_t,target\n2,1,1\n1,1,1\n", "d.csv:3 the times must not fall (1 h after 2 h)"),
        ("time_h,mass_t,target\n1,0,1\n", "must be more than 0 kg"),
        ("time_h,mass_t,target,other\n1,1,0.5,0.4\n", "d.csv:2 the shares of the materials must sum to 1 (got 0.9)"),
        ("timestamp,mass_t,target\n5.1.2026,1,1\n", "d.csv:2 column 'timestamp': a date is needed"),
        ("timestamp,mass_t,target\n2026-01-06T06:00+01:00,1,1\n", "without time zone"),
        ("time_h,mass_t,targt\n1,1,1\n", "unknown material 'targt'; did you mean 'target'?"),
        ("time_h,mass_t,mass_kg,target\n1,1,1,1\n", "column 'mass' is there twice"),
    ],
)
def test_wrong_schedules_are_refused(text: str, message: str) -> None:
    found = problems(plant(FEED), files={"d.csv": text})
    assert message in found.get("units.deliveries.schedule", ""), found


def test_a_schedule_and_draws_exclude_each_other() -> None:
    text = "time_h,mass_t,target\n1,1,1\n"
    found = problems(
        plant(
            {
                **FEED,
                "units.deliveries.every": "1 h",
                "units.deliveries.mass": "1 t",
                "units.deliveries.first": "1 h",
                "units.deliveries.composition": {"target": 1},
                "units.deliveries.variability": {"concentration": 5},
            }
        ),
        files={"d.csv": text},
    )
    assert set(found) == {f"units.deliveries.{key}" for key in ("every", "mass", "first", "composition", "variability")}
