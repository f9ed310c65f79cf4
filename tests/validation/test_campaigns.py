"""Campaigns, changeovers and cleaning, each against a timetable reckoned by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import departures, share

import twin
from twin.errors import ScenarioError

HOUR = 3600 * 10**9
TWO_HOURS = {"time": {"constant": "2 h"}}


def yard(material: str, mass: str = "900 t") -> dict[str, Any]:
    return {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": mass, "composition": {material: "100 %"}}}


def plant(horizon: str = "72 h", yards: dict[str, Any] | None = None, products: dict[str, Any] | None = None, **line: Any) -> twin.Scenario:
    """One line of 10 t/h, lots of 2 t, on two sorts of scrap that it keeps apart."""
    units = {
        "fridges": yard("fridge"),
        "screens": yard("screen"),
        **(yards or {}),
        "line": {
            "kind": "separator", "from": ["fridges", "screens"], "take": "campaigns", "rate": "10 t/h",
            "ports": ["cool", "rest"], "partition": {"cool": {"fridge": 1, "screen": 0}}, **line,
        },
        "a": {"kind": "product", "from": "line.cool"},
        "b": {"kind": "product", "from": "line.rest"},
        **(products or {}),
    }  # fmt: skip
    return twin.load(
        {
            "twin": 1, "name": "case", "time": {"start": "2026-01-05", "horizon": horizon}, "seed": 5, "lot": "2 t", "record": {"every": "1 h", "genealogy": True},
            "materials": {"fridge": {}, "screen": {}}, "calendars": {"day": {"daily": ["06:00-14:00"]}}, "resources": {"crew": {"count": 1, "calendar": "day"}},
            "units": units,
        }
    )  # fmt: skip


def drawn(result: twin.Result) -> list[tuple[float, str]]:
    """When lots of the line began, h, and from which yard."""
    lots, units, times, parents = (result.array(f"lots/{name}").tolist() for name in ("lot", "at_unit", "at_time", "parent"))
    unit_of = dict(zip(lots, units, strict=True))
    found = [(time / HOUR, unit_of.get(parent, "")) for unit, time, parent in zip(units, times, parents, strict=True) if unit == "line"]
    return list(dict.fromkeys(found))


def runs(result: twin.Result) -> list[tuple[str, int]]:
    """Lots in a row of the same yard."""
    found: list[tuple[str, int]] = []
    for _, name in drawn(result):
        found = [*found[:-1], (name, found[-1][1] + 1)] if found and found[-1][0] == name else [*found, (name, 1)]
    return found


def test_forty_tonnes_of_each_with_two_hours_between() -> None:
    """4 h of work and 2 h of cleaning: 40 t every 6 h, 480 t in 72 h, and no changeover before the first."""
    result = twin.run(plant(campaign="40 t", changeover=TWO_HOURS))
    assert result.kpis["processed"].value == 480e3
    assert (result.kpis["product_mass.a"].value, result.kpis["product_mass.b"].value) == (240e3, 240e3)
    assert result.kpis["changeover.line"].value == 12 * 2 * 3600.0
    assert share(result, "line", "changeover") == pytest.approx(1 / 3)
    assert runs(result) == [("fridges", 20), ("screens", 20)] * 6
    assert [time for time, _ in drawn(result)][19:22] == [pytest.approx(3.8), 6.0, pytest.approx(6.2)]


def test_a_plan_is_worked_off_and_repeated() -> None:
    legs = [{"from": "fridges", "mass": "20 t"}, {"from": "screens", "mass": "8 t"}, {"from": "fridges", "mass": "6 t"}]
    assert runs(twin.run(plant("8 h", campaign={"plan": legs})))[:4] == [("fridges", 10), ("screens", 4), ("fridges", 3 + 10), ("screens", 4)]
    once = twin.run(plant("10 h", campaign={"plan": legs, "repeat": False}))
    assert runs(once) == [("fridges", 10), ("screens", 4), ("fridges", 3)]
    assert once.kpis["processed"].value == 34e3


def test_the_source_that_holds_most_is_next() -> None:
    """Without a mass a campaign lasts until there is no lot left."""
    result = twin.run(plant("20 h", yards={"fridges": yard("fridge", "10 t"), "screens": yard("screen", "31 t")}, campaign={"by": "stock"}))
    assert runs(result) == [("screens", 15), ("fridges", 5)]


@pytest.mark.parametrize(("rule", "expected"), [("next", [("fridges", 5), ("screens", 20)]), ("wait", [("fridges", 5)])])
def test_a_source_that_runs_out_before_its_campaign_is_over(rule: str, expected: list[tuple[str, int]]) -> None:
    yards = {"fridges": yard("fridge", "10 t"), "screens": yard("screen", "60 t")}
    result = twin.run(plant("5 h", yards=yards, campaign={"mass": "40 t", "when_empty": rule}))
    assert runs(result) == expected


def test_the_crew_changes_over_in_its_hours() -> None:
    """The first campaign ends at 04:00; the crew comes at 06:00, and works until 08:00. The second ends at 12:00, the third begins at 14:00."""
    result = twin.run(plant("30 h", campaign="40 t", changeover={**TWO_HOURS, "needs": "crew"}))
    begins = [time for (time, name), (_, before) in zip(drawn(result)[1:], drawn(result), strict=False) if name != before]
    assert begins == [8.0, 14.0]
    assert result.kpis["resource_load.crew"].value == pytest.approx(4 / 8)


def test_times_depend_on_what_comes_after_what() -> None:
    times = {"fridges": {"screens": {"constant": "1 h"}}}
    result = twin.run(plant("11 h", campaign="20 t", changeover={**TWO_HOURS, "times": times}))
    begins = [time for (time, name), (_, before) in zip(drawn(result)[1:], drawn(result), strict=False) if name != before]
    assert begins == [pytest.approx(3.0), pytest.approx(7.0), pytest.approx(10.0)]


def test_a_flush_is_lost() -> None:
    """After each changeover 500 kg go out with the rest, unseparated and in no time: screens at 6 h, where they belong, fridges at 12 h."""
    result = twin.run(plant("13 h", campaign="40 t", changeover={**TWO_HOURS, "flush": {"mass": "500 kg", "to": "line.rest"}}))
    rest = np.array(result.array("streams/mass_flow"))[:, result.array("stream").tolist().index("line.rest")] * 3600.0  # kg in each hour
    assert np.flatnonzero(rest[:, 0]).tolist() == [12]
    assert rest[12, 0] == pytest.approx(500.0)
    assert rest[6, 1] == pytest.approx(10.5e3)
    assert result.kpis["product_mass.b"].value == pytest.approx(41e3)  # a campaign ends with the lot that makes it full
    assert result.kpis["utilisation.line"].value == pytest.approx(9 / 13)


def test_materials_of_one_yard_count_where_they_are_asked_for() -> None:
    """One yard, first in first out: 10 t of fridges and then screens; the changeover is due where the lots' main material changes."""
    units: dict[str, Any] = {
        "a_trucks": {"kind": "feed", "every": {"constant": "100 h"}, "first": "0 h", "mass": "10 t", "composition": {"fridge": "90 %", "screen": "10 %"}},
        "b_trucks": {"kind": "feed", "every": {"constant": "100 h"}, "first": "30 min", "mass": "10 t", "composition": {"fridge": "40 %", "screen": "60 %"}},
        "yard": {"kind": "bunker", "from": ["a_trucks", "b_trucks"], "capacity": "100 t"},
        "line": {"kind": "separator", "ports": ["out"], "from": "yard", "rate": "10 t/h", "changeover": {**TWO_HOURS, "between": "materials"}},
        "out": {"kind": "product", "from": "line"},
    }
    top = {"twin": 1, "time": {"horizon": "6 h"}, "lot": "2 t", "materials": {"fridge": {}, "screen": {}}, "record": {"every": "1 h"}}
    result = twin.run(twin.load({**top, "units": units}))
    assert result.kpis["changeover.line"].value == 2 * 3600.0
    assert result.kpis["product_mass.out"].value == 20e3


@pytest.mark.parametrize(
    ("cleaning", "stops"),
    [({"per": "20 t"}, 4), ({"every": "3 h"}, 3), ({"per": "20 t", "every": "3 h"}, 4)],
)
def test_cleaning_by_mass_and_by_time(cleaning: dict[str, str], stops: int) -> None:
    """12 h of 10 t/h: after each 20 t, 2 h of work and 30 min of cleaning; or after 3 h of work."""
    result = twin.run(plant("12 h", campaign="1 kt", cleaning={**cleaning, "time": {"constant": "30 min"}}))
    assert result.kpis["cleaning.line"].value == stops * 1800.0
    assert result.kpis["processed"].value == pytest.approx(1e3 * 10 * (12 - 0.5 * stops), abs=2e3)
    notes = list(zip(result.array("events/event_unit").tolist(), result.array("events/what").tolist(), strict=True))
    assert len([what for unit, what in notes if unit == "line.cleaning"]) == stops


def test_cleaning_frees_a_blinded_screen() -> None:
    """The aperture loses 1 % each 1.99 t; at 10 % it is cleaned, and as new."""
    units: dict[str, Any] = {
        "yard": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"fridge": "100 %"}, "size": ["50 %", "50 %"]}},
        "screen": {
            "kind": "screen", "from": "yard", "aperture": "20 mm", "area": "4 m2", "rate": "10 t/h", "wear": {"parameter": "aperture", "per": "1.99 t", "change": "-1 %"},
            "cleaning": {"blinding": "10 %", "time": {"constant": "30 min"}},
        },
        "a": {"kind": "product", "from": "screen.oversize"}, "b": {"kind": "product", "from": "screen.undersize"},
    }  # fmt: skip
    top = {"twin": 1, "time": {"horizon": "10 h"}, "lot": "2 t", "materials": {"fridge": {}}, "size_bounds": "10 40 mm", "record": {"every": "30 min"}}
    result = twin.run(twin.load({**top, "units": units}))
    assert result.kpis["cleaning.screen"].value == 4 * 1800.0  # 20 t and 30 min, again and again: at 2, 4.5, 7 and 9.5 h
    fine = np.array(result.array("streams/mass_flow"))[:, result.array("stream").tolist().index("b"), 0]
    assert fine[5] == pytest.approx(fine[0])
    assert fine[3] < fine[0]


SETTINGS = {
    "fridges": {"units.line.rate": "10 t/h", "units.belt.transit": "30 min"},
    "screens": {"units.line.rate": "20 t/h", "units.belt.transit": "10 min"},
}
BELT = {"belt": {"kind": "conveyor", "from": "line.rest", "transit": "30 min", "capacity": "100 t"}, "b": {"kind": "product", "from": "belt"}}


def test_rates_and_belt_speeds_follow_the_source() -> None:
    """40 t of fridges take 4 h, of screens 2 h; with 2 h between, one round is 10 h. Screens come off their belt after 10 min."""
    result = twin.run(plant("20 h", products=BELT, campaign="40 t", changeover=TWO_HOURS, settings=SETTINGS))
    times = drawn(result)
    assert [time for (time, name), (_, before) in zip(times[1:], times, strict=False) if name != before] == [6.0, 10.0, 16.0]
    assert result.kpis["processed"].value == 160e3
    on_belt = [time / HOUR for time in departures(result, "b")]
    assert on_belt[0] == pytest.approx(6.1 + 1 / 6)
    stated = {row.path: row.value for row in plant(products=BELT, campaign="40 t", settings=SETTINGS).numbers}
    assert stated['units.line.settings.screens."units.belt.transit"'] == 600.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fridge": SETTINGS["fridges"]}, "does not take from it.*fridges"),
        ({**SETTINGS, "screens": {"units.line.rate": "20 t/h"}}, "each source needs the same paths"),
        ({key: {"units.line.speed": "1 m/s"} for key in SETTINGS}, "'speed' of 'line' cannot be set"),
        ({key: {"units.line.rate": "20 t"} for key in SETTINGS}, "settings.*rate.*20 t"),
        ({key: {"units.fridges.capacity": "20 t"} for key in SETTINGS}, "machines and belts"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        plant(products=BELT, campaign="40 t", settings=settings)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"campaign": {"plan": [{"from": "fridge", "mass": "1 t"}]}}, "does not take from it.*fridges"),
        ({"from": "fridges"}, "campaigns need several bunkers"),
        ({"take": "first", "campaign": "40 t"}, "'campaign' needs 'take: campaigns'"),
        ({"changeover": {**TWO_HOURS, "times": {"fridge": {"screens": "1 h"}}}}, "what changes are sources"),
        ({"changeover": {**TWO_HOURS, "flush": {"mass": "1 t", "to": "line.cold"}}}, "an outlet of the line is needed"),
        ({"changeover": {**TWO_HOURS, "needs": "team"}}, "unknown resource 'team'"),
        ({"cleaning": TWO_HOURS}, "says not when"),
        ({"cleaning": {**TWO_HOURS, "blinding": "10 %"}}, "'blinding' needs 'wear'"),
    ],
)
def test_what_cannot_work_is_refused(line: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.run(plant(**line))


@pytest.mark.parametrize("until", [3.9, 4.5, 6.0, 13.1, 30.7])
def test_a_run_that_is_resumed_goes_on_to_the_last_bit(tmp_path: Path, until: float) -> None:
    case = plant(
        "48 h", campaign="40 t", calendar="day", cleaning={"per": "26 t", "time": {"exponential": {"mean": "20 min"}}, "needs": "crew"},
        changeover={"time": {"exponential": {"mean": "2 h"}}, "needs": "crew", "flush": {"mass": "500 kg", "to": "line.rest"}},
        settings=SETTINGS, products=BELT,
    )  # fmt: skip
    whole = twin.run(case)
    twin.run_until(case, until * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest


def test_changeover_and_cleaning_of_one_line_have_ranks_of_their_own() -> None:
    """Time and rank alone decide who is first at an instant. Breakdowns, listed stops and these two were each built with one rank once."""
    from twin.plant.build import build

    text = """
twin: 1
name: ranks
time: {start: 2026-01-05, horizon: 1 d}
lot: 100 kg
catalogue: [weee]
units:
  a: {kind: feed, every: 1 h, mass: 1 t, composition: {steel: 100 %}}
  b: {kind: feed, every: 1 h, mass: 1 t, composition: {copper: 100 %}}
  yard_a: {kind: bunker, from: a, capacity: 100 t}
  yard_b: {kind: bunker, from: b, capacity: 100 t}
  m:
    kind: splitter
    from: [yard_a, yard_b]
    take: campaigns
    campaign: {mass: 5 t}
    changeover: {time: 10 min}
    cleaning: {every: 3 h, time: 10 min}
    rate: 3 t/h
    shares: {out: 100 %}
    count: 2
    failures: {mtbf: 5 h, mttr: 1 h}
  p: {kind: product, from: m.out}
"""
    units = build(twin.load(text)).site.units
    ranks = [unit.index for unit in units]
    assert len(set(ranks)) == len(ranks)
    assert {"m.changeover", "m.cleaning", "m.breakdown", "m.1.breakdown"} <= {unit.name for unit in units}
