"""Studies from forms and the film of a day, on the page's own answers and in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL, Served, answer_of, ended

import twin
from twin.errors import UsageError
from twin.page.film import film as film_of
from twin.page.folder import Folder
from twin.page.studies import Watched, listed, write_study
from twin.results.kpis import Kpi
from twin.study.runs import Job, Outcome

expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect


def test_levels_of_a_film_are_those_of_the_run_at_the_hours(shared: Served) -> None:
    path = shared.folder / "small.h5"
    with twin.run(twin.load(shared.folder / "small.yaml"), out=path, replication=3) as result:
        levels, names = result.array("units/level"), [str(name) for name in result.array("bunker")]
    shares: list[float] = []
    film = film_of(path, 2, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert film["minutes"] == 1440 and film["begin"] == "2026-01-06T06:00" and film["days"] == 2
    yard = next(one for one in film["levels"] if one["name"] == "yard")
    hours = [yard["values"][60 * (hour + 1) - 1] for hour in range(24)]
    assert hours == [round(level / 1000.0, 4) for level in levels[24:48, names.index("yard")].tolist()]
    assert {one["name"] for one in film["states"]} == {"magnet", "screen", "eddy"}
    with pytest.raises(UsageError, match="days 1 to 2"):
        film_of(path, 9, shares.append)
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
    assert shared.ask("studies", file="small.yaml")["studies"] == [{"file": "rates.yaml", "kind": "sweep", "base": "small.yaml", "objectives": {}}]
    assert "already" in shared.ask("study", **form, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])["error"]
    for wrong in ({"points": 1}, {"vary": []}, {"kind": "calibrate"}, {"kind": "x"}, {"name": "../x"}, {"figures": []}):
        said = shared.ask("study", **{**form, "name": "other", "vary": [{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}], **wrong})
        assert said["error"]
    assert not Path(shared.folder / "other.yaml").exists()
    outside = shared.folder.parent / "outside.h5"
    (shared.folder / "linked.h5").symlink_to(outside)
    given = shared.ask("study", **{**form, "name": "linked"}, vary=[{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}])
    assert "is a link" in ended(shared, given["job"])["message"] and not outside.exists()


@pytest.mark.soak
def test_a_study_is_made_and_a_film_is_seen_in_the_browser(shared: Served, tab: Callable[..., Any]) -> None:
    one = tab(shared)
    page = one.drawn()
    page.goto(f"{shared.root}/#study")
    page.get_by_label("Which").fill("units.magnet.rate")
    expect(page.get_by_label("from, e.g. 20 mm")).to_have_value("4 t/h")
    page.get_by_label("Points").fill("4")
    page.get_by_label("Runs of each").fill("1")
    page.get_by_role("button", name="Start").first.click()
    page.locator("svg.parallel:not(.front) polyline").nth(3).wait_for(state="attached", timeout=120_000)  # other tests' studies may stand on the page, too
    page.locator("pre", has_text="throughput").first.wait_for(timeout=60_000)
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


@pytest.mark.soak
def test_a_calibration_from_a_form_finds_what_made_the_data(shared: Served) -> None:
    """The small plant with a magnet of 5 t/h makes the measured throughput; the calibration is started from the page, and its interval holds 5 t/h."""
    plant = twin.load(shared.folder / "small.yaml").change({"units.magnet.rate": "5 t/h"})
    with twin.run(plant, out=shared.folder / "truth.h5", replication=7) as result:
        measured = result.kpis["throughput"].value * 3.6
    target = {"what": "throughput", "value": f"{measured:.4f} t/h", "csv": "", "column": "", "over": "", "error": "1 %"}
    form = {"file": "small.yaml", "name": "fit", "kind": "calibrate", "points": 40, "vary": [{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}]}
    for wrong in (
        {"targets": []},
        {"targets": [{**target, "value": ""}]},
        {"targets": [{**target, "what": "no_figure"}]},
        {"targets": [{**target, "csv": "../x.csv", "value": ""}]},
    ):
        assert shared.ask("study", **{**form, **wrong})["error"] and not (shared.folder / "fit.yaml").exists(), wrong
    found = answer_of(shared, shared.ask("study", **form, targets=[target])["job"])
    assert {"file": "fit.yaml", "kind": "calibrate", "base": "small.yaml", "objectives": {}} in shared.ask("studies", file="small.yaml")["studies"]
    assert len(found["rows"]) > 40 and found["answer"]["files"] == ["fit_calibrated.yaml"]
    rate = next(number for number in twin.load(shared.folder / "fit_calibrated.yaml").numbers if number.path == "units.magnet.rate")
    assert rate.basis == "calibrated" and rate.low is not None and rate.high is not None and rate.low < 5 / 3.6 < rate.high < 6 / 3.6


def test_a_search_with_two_aims_says_which_way_each_is_to_go(shared: Served) -> None:
    form = {
        "file": "small.yaml",
        "name": "best",
        "kind": "optimise",
        "points": 8,
        "replications": 1,
        "vary": [{"path": "units.magnet.rate", "low": "4 t/h", "high": "8 t/h"}],
    }
    assert "one or two" in shared.ask("study", **form, figures=["margin", "throughput", "co2"])["error"]
    written = write_study(
        Folder(shared.folder), "best", "small.yaml", {**form, "figures": ["margin", "energy.electricity"], "minimise": ["energy.electricity"]}
    )
    assert listed(Folder(shared.folder)) == [{"file": written, "kind": "optimise", "base": "small.yaml", "objectives": {"margin": 1, "energy.electricity": -1}}]


def test_the_front_and_what_matters_are_reckoned_right(shared: Served, tab: Callable[..., Any]) -> None:
    """On rows whose answer is known: a front of three of five settings, and rank correlations of 1, -1 and, of x 0..5 with 5 0 4 1 3 2, of -9/35 by hand."""
    page = tab(shared).drawn()
    points = [(0, 5), (1, 4), (2, 0), (3, 3), (1, 1)]
    rows = [{"changes": {"a.b": k}, "texts": {}, "figures": {"margin": x, "co2": y}} for k, (x, y) in enumerate(points)]
    best = page.evaluate(
        "async (rows) => { const m = await import('/static/watched.js'); return m.front(m.settings(rows), ['margin', 'co2'], { margin: 1, co2: 1 }).map((row) => row.figures.margin); }",
        rows,
    )
    assert best == [0, 1, 3]
    turned = page.evaluate(
        "async (rows) => { const m = await import('/static/watched.js'); return m.front(m.settings(rows), ['margin', 'co2'], { margin: 1, co2: -1 }).map((row) => row.figures.margin); }",
        rows,
    )
    assert turned == [2, 3]
    shares = page.evaluate(
        "async () => { const { rankCorrelation: r } = await import('/static/watched.js'); const x = [0, 1, 2, 3, 4, 5]; return [r(x, [1, 2, 4, 8, 16, 32]), r(x, [9, 7, 5, 3, 1, 0]), r(x, [5, 0, 4, 1, 3, 2])]; }"
    )
    assert shares == pytest.approx([1.0, -1.0, -9 / 35])
    several = [{"changes": {"a.b": 1}, "texts": {"a.b": "1 t", "margin": f"{x} EUR"}, "figures": {"margin": x}} for x in (10, 20)]
    texts = "async (rows) => { const m = await import('/static/watched.js'); return m.settings(rows)[0].texts; }"
    assert page.evaluate(texts, several[:1]) == {"a.b": "1 t", "margin": "10 EUR"}
    assert page.evaluate(texts, several).get("margin") is None  # no run's text is that of the mean
    several[1]["means"] = {"margin": "15 EUR"}
    assert page.evaluate(texts, several) == {"a.b": "1 t", "margin": "15 EUR"}


def test_a_row_tells_the_mean_of_the_runs_of_its_setting_so_far() -> None:
    rows: list[dict[str, Any]] = []
    watched = Watched(["throughput"], lambda row: None)
    own = twin.load(SMALL)
    for k, value in enumerate((1.0, 2.0, 6.0)):
        job = Job(own, changes={"units.magnet.rate": "6 t/h" if k == 1 else "5 t/h"})
        rows.append(watched._row(job, Outcome({"throughput": Kpi(value, "kg/s")})))
    assert [row["means"]["throughput"] for row in rows] == ["3.6 t/h", "7.2 t/h", "12.6 t/h"]
