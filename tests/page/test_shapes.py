"""Forms of distributions, calendars, partition tables and phases: what they say becomes changes, one text for one value, and what is wrong is told where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from served_pages import SMALL, Served

from twin.errors import ScenarioError, UsageError
from twin.page.draft import Desk, Draft, read_draft, written
from twin.page.folder import Folder
from twin.page.plant import unit_form
from twin.page.shapes import blocks_of, plant_blocks, spec_of
from twin.page.shaping import form_at, shaped
from twin.plant.api import load
from twin.scenario.distributions import FORMS
from twin.scenario.kind import find, names

expect = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright").expect

SIZE = {"rosin_rammler": {"x63": "90 mm", "n": 1.4}}
SMELTER = Path(__file__).parents[2] / "scenarios" / "copper_smelter.yaml"
SORTED = (
    SMALL.replace("units:\n", "calendars: {two_shifts: {weekdays: ['06:00-22:00']}}\nunits:\n", 1)
    .replace("  eddy: {kind: eddy_current, from: screen.undersize}\n", "")
    .replace("  light: {kind: product, from: eddy.light, price: 900 EUR/t}\n", "  light: {kind: product, from: sort.light, price: 900 EUR/t}\n")
    .replace("eddy.heavy", "sort.heavy")
    .replace("eddy.rest", "sort.rest")
    .replace(
        "  steel: {kind",
        "  sort: {kind: separator, from: screen.undersize, rate: 5 t/h, partition: {light: {aluminium: 90 %, default: 2 %}, heavy: {copper: 80 %, default: 1 %}}}\n  steel: {kind",
    )
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "smelter.yaml").write_bytes(SMELTER.read_bytes())
    return Desk(Folder(tmp_path))


def draft_of(file: str = "small.yaml") -> Draft:
    return read_draft({"base": file})


def test_a_distribution_is_one_value_however_it_is_typed(desk: Desk) -> None:
    path = "units.deliveries.mass"
    digests = set()
    for mean, sd in (("9 t", "1500 kg"), ("9000 kg", "1,5 t"), ("9.0 t", "1.5 t")):
        found = shaped(desk, draft_of(), path, {"lognormal": {"mean": mean, "sd": sd}})
        assert dict(found.changes) == {path: {"lognormal": {"mean": "9 t", "sd": "1.5 t"}}}
        desk.save(found, "other")
        digests.add(load(desk.folder.path / "other.yaml").sha256)
    assert len(digests) == 1
    same = shaped(desk, found, path, {"normal": {"mean": "10000 kg", "sd": "1,5 t"}})
    assert same.is_plain  # the base says so already
    wider = shaped(desk, draft_of(), path, {"normal": {"mean": "10 t", "sd": "2 t", "max": "20 t"}})
    assert dict(wider.changes) == {f"{path}.normal.sd": "2 t", f"{path}.normal.max": "20 t"}
    assert shaped(desk, wider, path, {"normal": {"mean": "10 t", "sd": "1.5 t"}}).is_plain


@pytest.mark.parametrize(
    ("value", "at", "words"),
    [
        ({"normal": {"mean": "1.200 t", "sd": "1 t"}}, "normal.mean", "as 1.2 t or as 1200 t"),
        ({"normal": {"mean": "10 m", "sd": "1 t"}}, "normal.mean", "mass"),
        ({"normal": {"mean": "10 t"}}, "normal", "'sd' is missing"),
        ({"uniform": {"low": "3 t", "high": "1 t"}}, "uniform", "'low' must be less"),
        ({"empirical": {"values": ["1 t"]}}, "empirical.values", "at least 2"),
        ({"no_form": {}}, "", "known"),
        ("x", "", "mass"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(desk: Desk, value: Any, at: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        shaped(desk, draft_of(), "units.deliveries.mass", value)
    problem = caught.value.problems[0]
    place = ".".join(filter(None, ("units.deliveries.mass", at)))
    assert problem.path.removeprefix("change.").startswith(place.rpartition(".")[0]) and words in str(caught.value)


def test_every_form_of_a_distribution_can_be_written(desk: Desk) -> None:
    (block,) = (one for one in blocks_of(desk.base(draft_of()), "deliveries") if one["key"] == "mass")
    forms = {one["name"]: one for one in block["spec"]["forms"]}
    assert set(forms) == set(FORMS) - {"constant"}
    texts = {
        "low": "1 t",
        "mode": "2 t",
        "high": "3 t",
        "shape": "2",
        "values": ["1 t", "2 t"],
        "weights": ["1", "3"],
        "cumulative": ["0", "1"],
        "step": "1 kg",
        "sd": "1 t",
    }
    for name, form in forms.items():
        value = {key: texts.get(key, "2 t") for key in form["parameters"] if key not in ("min", "max")}
        assert f"units.deliveries.mass.{name}" in str(
            [number.path for number in desk.scenario(shaped(desk, draft_of(), "units.deliveries.mass", {name: value})).numbers]
        ), name


def test_phases_of_a_furnace_change_as_little_as_can_be(desk: Desk) -> None:
    base = desk.base(draft_of("smelter.yaml"))
    (block,) = (one for one in blocks_of(base, "anode_1") if one["key"] == "phases")
    path, phases = block["path"], block["value"]
    assert shaped(desk, draft_of("smelter.yaml"), path, phases).is_plain
    k = next(k for k, phase in enumerate(phases) if "oxidise" in phase)
    longer = [{**phase, "oxidise": {**phase["oxidise"], "max": "0,25 d"}} if j == k else phase for j, phase in enumerate(phases)]
    found = shaped(desk, draft_of("smelter.yaml"), path, longer)
    assert dict(found.changes) == {f"{path}.{k}.oxidise.max": "6 h"} and not found.remove
    more = [*phases, {"settle": {"duration": "1.800 s"}}]
    with pytest.raises(ScenarioError, match=r"as 1\.8 s or as 1800 s"):
        shaped(desk, draft_of("smelter.yaml"), path, more)
    more[-1] = {"name": "wait", "settle": {"duration": "30 min"}}
    assert len(desk.scenario(shaped(desk, draft_of("smelter.yaml"), path, more)).units["anode_1"].phases) == len(phases) + 1  # type: ignore[attr-defined]
    with pytest.raises(ScenarioError) as caught:
        shaped(desk, draft_of("smelter.yaml"), path, [*phases, {"settle": {"durration": "30 min"}}])
    assert f"{path}.{len(phases)}" in caught.value.problems[0].path


def test_calendars_and_tables_have_forms(tmp_path: Path) -> None:
    (tmp_path / "sorted.yaml").write_text(SORTED, encoding="utf-8")
    desk = Desk(Folder(tmp_path))
    base = desk.base(draft_of("sorted.yaml"))
    assert [block["path"] for block in plant_blocks(base)] == ["calendars.two_shifts", "time"]
    early = shaped(desk, draft_of("sorted.yaml"), "calendars.two_shifts", {"weekdays": ["05:00-21:00"], "holidays": ["2026-01-06"]})
    assert desk.scenario(early).calendars["two_shifts"].open_per_week == 5 * 16 * 3600
    night = shaped(desk, early, "calendars.night", {"daily": ["22:00-06:00"]})
    assert set(desk.scenario(night).calendars) == {"two_shifts", "night"}
    with pytest.raises(ScenarioError, match="period is needed"):
        shaped(desk, draft_of("sorted.yaml"), "calendars.two_shifts", {"weekdays": ["5-21"]})
    (block,) = (one for one in blocks_of(base, "sort") if one["spec"]["form"] == "partition")
    assert "aluminium" in block["spec"]["materials"] and block["value"]["light"]["aluminium"] == "90 %"
    for text in ("92,5 %", "0.925", "925 ‰"):
        table = {**block["value"], "light": {**block["value"]["light"], "aluminium": text}}
        assert dict(shaped(desk, draft_of("sorted.yaml"), block["path"], table).changes) == {f"{block['path']}.light.aluminium": "92.5 %"}
    with pytest.raises(ScenarioError):
        shaped(desk, draft_of("sorted.yaml"), block["path"], {**block["value"], "light": {"default": "120 %"}})


def test_a_unit_that_the_draft_brings_has_forms_too(desk: Desk) -> None:
    draft = read_draft(
        {"base": "small.yaml", "changes": {"units.bay": {"kind": "bunker", "from": "magnet.steel", "capacity": "20 t"}, "units.steel.from": "bay"}}
    )
    found = shaped(desk, draft, "units.bay.initial", {"mass": "5000 kg", "composition": {"steel": "1,0"}, "size": SIZE})
    assert found.changes["units.bay"] == {
        "kind": "bunker",
        "from": "magnet.steel",
        "capacity": "20 t",
        "initial": {"mass": "5 t", "composition": {"steel": "100 %"}, "size": SIZE},
    }
    assert shaped(desk, found, "units.bay.initial", None).changes["units.bay"] == draft.changes["units.bay"]


def test_a_path_without_a_form_is_refused(desk: Desk) -> None:
    for path in ("units.magnet.kind", "units.nobody.mass", "seed", "units", "calendars.a.b", "", "units.screen.aperture"):
        with pytest.raises(UsageError, match="YAML"):
            form_at(desk.base(draft_of()), path)


def test_every_field_of_every_kind_has_a_form() -> None:
    for name in names():
        model = find(name).model
        hints = get_type_hints(model, include_extras=True)
        for key, field in model.model_fields.items():
            spec = spec_of(hints[key])
            assert spec["form"] and json.dumps(spec), (name, field.alias or key)


WAYS = """twin: 1
name: ways
time: {start: 2026-01-05T06:00, horizon: 2 d}
lot: 200 kg
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
resources: {loader: 2, crane: {count: 1, skills: [lift]}}
units:
  deliveries:
    {kind: feed, every: 2 h, mass: 10 t, composition: {aluminium: 60 %, copper: 40 %}, size: {rosin_rammler: {x63: 90 mm, n: 1.4}}}
  yard: {kind: bunker, from: deliveries, capacity: 200 t}
  sorter: {kind: sensor_sorter, from: yard, rate: 6 t/h, eject: [copper], needs: loader}
  bay: {kind: bunker, from: sorter.eject, capacity: 100 t}
  copper: {kind: product, from: bay, price: 5000 EUR/t, spec: {copper: ">= 60 %"}, orders: [{mass: 4 t, due: 1 d}]}
  rest: {kind: product, from: sorter.pass}
"""


@pytest.fixture
def ways(tmp_path: Path) -> Desk:
    (tmp_path / "small.yaml").write_text(WAYS, encoding="utf-8")
    return Desk(Folder(tmp_path))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("sorter.needs", ["loader", {"skill": "lift"}], {"needs": ["loader", {"skill": "lift"}]}),
        ("sorter.needs", {"any_of": ["loader", "crane"]}, {"needs": {"any_of": ["loader", "crane"]}}),
        ("sorter.settings", {"yard": {"units.sorter.rate": "5000 kg/h"}}, {"settings": {"yard": {"units.sorter.rate": "5 t/h"}}}),
        ("sorter.stops", [{"at": "1,5 h", "for": "1800 s", "reason": "jam"}], {"stops": [{"at": "1.5 h", "for": "30 min", "reason": "jam"}]}),
        ("sorter.response", {"copper": {"2,5 cm": "0,9"}, "default": "2 %"}, {"response": {"copper": {"25 mm": "90 %"}, "default": "2 %"}}),
        ("deliveries.size", {"rosin_rammler": {"x63": "9 cm", "n": "1,6"}}, {"size.rosin_rammler.n": 1.6}),
        ("deliveries.size", {"copper": {"ggs": {"k": "0.2 m", "a": "1.2"}}, "default": ["25 %"] * 4},
         {"size": {"copper": {"ggs": {"k": "200 mm", "a": 1.2}}, "default": ["25 %"] * 4}}),
        ("copper.price", {"Cu": {"value": "6 EUR/kg", "payable": "0,92"}}, {"price": {"Cu": {"value": "6000 EUR/t", "payable": "92 %"}}}),
        ("copper.price", "5 EUR/kg", {}),
        ("copper.spec", {"copper": ">= 0,6", "aluminium": "<= 3 %"}, {"spec.aluminium": "<= 3 %"}),
        ("copper.orders", [{"mass": "4000 kg", "due": "1 d"}, {"mass": "2 t", "due": "2026-01-06T12:00", "name": "A"}],
         {"orders": [{"mass": "4 t", "due": "1 d"}, {"mass": "2 t", "due": "2026-01-06T12:00", "name": "A"}]}),
    ],
)  # fmt: skip
def test_what_may_be_written_in_several_ways_has_forms(ways: Desk, path: str, value: Any, said: dict[str, Any]) -> None:
    unit = path.partition(".")[0]
    found = shaped(ways, draft_of(), f"units.{path}", value)
    assert {one.removeprefix(f"units.{unit}."): text for one, text in found.changes.items()} == said
    ways.save(found, "other") if said else None
    if unit != "deliveries":  # a feed cannot do without its sizes
        assert written(ways.scenario(shaped(ways, found, f"units.{path}", None)), f"units.{path}") == ""


@pytest.mark.parametrize(
    ("path", "value", "at", "words"),
    [
        ("sorter.needs", ["loadr"], "", "did you mean 'loader'"),
        ("sorter.settings", {"yard": {"units.sorter.rate": "1.200 t/h"}}, 'yard."units.sorter.rate"', "as 1.2 t/h or as 1200 t/h"),
        ("sorter.stops", [{"at": "1 h", "for": "30 m"}], "0.for", "a time is needed"),
        ("sorter.response", {"copper": {"25 t": "90 %"}}, "copper.25 t", "length"),
        ("deliveries.size", {"rosin_rammler": {"x63": "9 t", "n": "1.6"}}, "rosin_rammler.x63", "length"),
        ("copper.price", {"Cu": {"value": "6 t"}}, "Cu", "price"),
        ("copper.spec", {"copper": "60 %"}, "copper", "limit"),
        ("copper.orders", [{"mass": "4 t"}], "0", "'due' is missing"),
        ("deliveries.schedule", "../deliveries.csv", "", "only files in the folder"),
    ],
)
def test_what_is_wrong_in_one_of_the_ways_is_told_where_it_is(ways: Desk, path: str, value: Any, at: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words) as caught:
        shaped(ways, draft_of(), f"units.{path}", value)
    assert any(problem.path.removeprefix("change.").startswith(".".join(filter(None, (f"units.{path}", at)))) for problem in caught.value.problems)


def test_what_units_share_has_forms(ways: Desk) -> None:
    assert [block["path"] for block in plant_blocks(ways.base(draft_of()))] == ["resources.crane", "resources.loader", "time"]
    more = shaped(ways, draft_of(), "resources.loader", "3")
    assert dict(more.changes) == {"resources.loader": 3} and ways.scenario(more).resources["loader"].count == 3
    crew = shaped(ways, more, "resources.fitters", {"count": "2", "skills": ["weld"]})
    assert ways.scenario(crew).resources["fitters"].skills == ("weld",)
    longer = shaped(ways, crew, "time", {"start": "2026-01-05T06:00", "horizon": "72 h", "warmup": "0,5 d"})
    assert (ways.scenario(longer).horizon, ways.scenario(longer).warmup) == (3 * 86400.0, 43200.0) and longer.changes["time.horizon"] == "3 d"
    with pytest.raises(ScenarioError, match="shorter than the horizon"):
        shaped(ways, draft_of(), "time", {"start": "2026-01-05T06:00", "horizon": "2 d", "warmup": "3 d"})


def test_fields_that_exclude_each_other_are_changed_one_after_the_other(ways: Desk) -> None:
    (ways.folder.path / "deliveries.csv").write_text("time_h,mass_t\n1,8\n9,12\n", encoding="utf-8")
    one = shaped(ways, draft_of(), "units.deliveries.schedule", "deliveries.csv")
    with pytest.raises(ScenarioError, match="exclude each other"):
        ways.scenario(one)
    (block,) = (block for block in (unit_form(ways.base(one), ways.nearest(one), "deliveries", one) or {})["blocks"] if block["key"] == "schedule")
    assert block["value"] == "deliveries.csv"  # it is shown, though the plant cannot be loaded with it
    two = shaped(ways, shaped(ways, one, "units.deliveries.every", None), "units.deliveries.mass", None)
    assert ways.scenario(two).units["deliveries"].schedule.name == "deliveries.csv"  # type: ignore[attr-defined]


def test_a_distribution_is_changed_in_the_browser(shared: Served, tab: Callable[..., Any]) -> None:
    one = tab(shared)
    page = one.drawn()
    page.click("[data-unit=deliveries]")
    page.wait_for_selector("#h-unit")
    page.locator("summary", has_text="Distributions, tables").click()
    block = page.locator("details.block", has=page.locator("summary", has_text="mass")).first
    block.locator("summary").first.click()
    block.locator("select").first.select_option("lognormal")
    block.get_by_label("mean").fill("1.200 t")
    block.get_by_label("mean").press("Tab")
    block.get_by_role("button", name="Take over").click()
    expect(block.locator("strong.wrong").first).to_contain_text("as 1.2 t or as 1200 t")
    block.get_by_label("mean").fill("12 t")
    block.get_by_label("mean").press("Tab")
    block.get_by_role("button", name="Take over").click()
    expect(page.locator(".changes")).to_contain_text("lognormal")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".changes")).to_have_count(0)
    page.click("[data-unit=light]")
    expect(page.locator("#h-unit")).to_contain_text("light")
    page.locator("summary", has_text="Distributions, tables").click()
    block = page.locator("details.block", has=page.locator("summary", has_text="price")).first
    block.locator("summary").first.click()
    block.get_by_label("Given as").select_option(label="by name")
    block.get_by_label("Name", exact=True).fill("Al")
    block.get_by_role("button", name="Add").click()
    block.get_by_role("textbox").first.fill("1,5 EUR")
    block.get_by_role("button", name="Take over").click()
    expect(block.locator("strong.wrong").first).to_contain_text("a price per mass is needed")
    block.get_by_role("textbox").first.fill("1,5 EUR/kg")
    block.get_by_role("button", name="Take over").click()
    expect(page.locator(".changes")).to_contain_text("1.5 EUR/kg")


def test_a_number_of_a_unit_that_the_draft_brings_has_one_text_and_a_range(shared: Served) -> None:
    second = {"kind": "overband_magnet", "from": "screen.oversize"}
    draft = {
        "base": "small.yaml",
        "changes": {"units.second": second, "units.steel.from": ["magnet.steel", "second.steel"], "units.coarse.from": "second.rest"},
    }
    texts = set()
    for text in ("25 cm", "0,25 m", "250 mm"):
        found = shared.ask("plant", draft=draft, typed={"units.second.height": text}, language="en")
        assert found["problems"] == []
        texts.add(found["draft"]["changes"]["units.second.height"])
    assert texts == {"250 mm"}
    rows = {row["label"]: row for row in shared.ask("unit", draft=found["draft"], unit="second", language="en")["unit"]["numbers"]}
    fields = find("overband_magnet").model.model_fields
    ranged = {key for key, field in fields.items() if isinstance(said := field.json_schema_extra, dict) and "x-low" in said}
    assert {label for label, row in rows.items() if row.get("ends")} == ranged != set()


def test_a_form_shows_a_number_of_which_something_is_stated(shared: Served, tab: Callable[..., Any]) -> None:
    page = tab(shared).drawn()
    page.click("[data-unit=deliveries]")
    page.wait_for_selector("#h-unit")
    mean = page.locator(".field", has=page.locator("[id='f-units.deliveries.mass.normal.mean']"))
    mean.get_by_role("textbox").first.fill("11 t")
    mean.get_by_role("textbox").first.press("Enter")
    mean.locator("details.stated summary").click()
    mean.get_by_label("source").fill("2026-05 lab book")
    mean.get_by_role("button", name="Take over").click()
    expect(page.locator(".changes")).to_contain_text("2026-05 lab book")
    page.locator("summary", has_text="Distributions, tables").click()
    block = page.locator("details.block", has=page.locator("summary", has_text="mass")).first
    block.locator("summary").first.click()
    expect(block.get_by_label("mean")).to_have_value("11 t")
    block.get_by_label("mean").fill("12 t")
    block.get_by_label("mean").press("Tab")
    block.get_by_label("sd").fill("2 t")
    block.get_by_label("sd").press("Tab")
    block.get_by_role("button", name="Take over").click()
    expect(page.locator(".changes")).to_contain_text("12 t (assumed: 2026-05 lab book)")
    expect(page.locator(".changes")).to_contain_text("2 t")
    assert block.locator("strong.wrong").count() == 0
