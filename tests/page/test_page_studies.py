"""Studies from forms and the film of a day, on the page's own answers and in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_pages import Served, answer_of, ended

import twin

expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect


def test_levels_of_a_film_are_those_of_the_run_at_the_hours(shared: Served) -> None:
    path = shared.folder / "small.h5"
    with twin.run(twin.load(shared.folder / "small.yaml"), out=path, replication=3) as result:
        levels, names = result.array("units/level"), [str(name) for name in result.array("bunker")]
    film = answer_of(shared, shared.ask("film", file="small.h5", day=2)["job"])["answer"]
    assert film["minutes"] == 1440 and film["begin"] == "2026-01-06T06:00" and film["days"] == 2
    yard = next(one for one in film["levels"] if one["name"] == "yard")
    hours = [yard["values"][60 * (hour + 1) - 1] for hour in range(24)]
    assert hours == [round(level / 1000.0, 4) for level in levels[24:48, names.index("yard")].tolist()]
    assert {one["name"] for one in film["states"]} == {"magnet", "screen", "eddy"}
    assert shared.ask("film", file="small.h5", day=9)["job"]
    assert "Error" not in str(shared.ask("film", file="small.h5", day="x").get("error")) and "day" in shared.ask("film", file="small.h5", day="x")["error"]
    assert "no file" in shared.ask("film", file="../small.h5", day=1)["error"]


def test_a_sweep_from_a_form_is_that_of_its_file(shared: Served) -> None:
    offered = shared.ask("studies", file="small.yaml")
    assert {"path": "units.magnet.rate", "value": "6 t/h", "low": "4 t/h", "high": "8 t/h"} in offered["numbers"]
    form = {"file": "small.yaml", "name": "rates", "kind": "sweep", "points": 4, "replications": 1, "figures": ["throughput"]}
    given = shared.ask("study", **form, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])
    found = answer_of(shared, given["job"])
    assert len(found["rows"]) == 4 and found["answer"]["files"] == ["rates.h5"]
    again = twin.sweep(shared.folder / "rates.yaml", shared.folder / "again.h5", executor="serial")
    assert sorted(again.response("throughput").ravel().tolist()) == sorted(row["figures"]["throughput"] for row in found["rows"])
    assert shared.ask("studies", file="small.yaml")["studies"] == [{"file": "rates.yaml", "kind": "sweep", "base": "small.yaml"}]
    assert "already" in shared.ask("study", **form, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])["error"]
    for wrong in ({"points": 1}, {"vary": []}, {"kind": "calibrate"}, {"name": "../x"}, {"figures": []}):
        said = shared.ask("study", **{**form, "name": "other", "vary": [{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}], **wrong})
        assert said["error"]
    assert not Path(shared.folder / "other.yaml").exists()
    outside = shared.folder.parent / "outside.h5"
    (shared.folder / "linked.h5").symlink_to(outside)
    given = shared.ask("study", **{**form, "name": "linked"}, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])
    assert "is a link" in ended(shared, given["job"])["message"] and not outside.exists()


def test_a_study_is_made_and_a_film_is_seen_in_the_browser(shared: Served, tab: Callable[..., Any]) -> None:
    one = tab(shared)
    page = one.drawn()
    page.goto(f"{shared.root}/#study")
    page.get_by_label("Which").fill("units.magnet.rate")
    expect(page.get_by_label("from, e.g. 20 mm")).to_have_value("4 t/h")
    page.get_by_label("Points").fill("4")
    page.get_by_label("Runs of each").fill("1")
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator(".parallel polyline")).to_have_count(4, timeout=120_000)
    expect(page.locator("pre")).to_contain_text("throughput", timeout=60_000)
    page.goto(f"{shared.root}/#runs")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Look at it").first.wait_for(timeout=60_000)
    page.goto(f"{shared.root}/#results")
    page.get_by_role("button", name="Make the film").click()
    page.locator(".film [data-state]").first.wait_for(timeout=120_000)
    page.locator("input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("output")).to_contain_text("06:02")
    assert page.locator("meter").count() == 1
