"""What becomes of basis, source and range of a number that a draft changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL

from twin.errors import ScenarioError
from twin.page.draft import Desk, Draft, read_draft
from twin.page.folder import Folder
from twin.page.plant import unit_form
from twin.page.shaping import shaped
from twin.plant.api import load
from twin.quantities import parse
from twin.scenario.model import Parameter
from twin.study.factors import all_assumed

RATE, MASS = "units.magnet.rate", "units.deliveries.mass"
SHREDDED = SMALL.replace(
    "  screen: {kind: screen, from: magnet.rest, aperture: 50 mm, area: 4 m2}",
    """  screen:
    kind: screen
    from: magnet.rest
    aperture: {value: 50 mm, basis: measured, source: sieve of May, low: 48 mm, high: 52 mm}
    area: 4 m2
    basis: literature
    source: a handbook
    maintenance:
      - {every: {value: 5 d, basis: measured, source: log}, duration: {value: 2 h, basis: measured, source: log}}
""",
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "small.yaml").write_text(SHREDDED, encoding="utf-8")
    return Desk(Folder(tmp_path))


def numbers(desk: Desk, changes: dict[str, Any], **stated: Any) -> dict[str, Parameter]:
    """The numbers of the change file that is saved, by path."""
    draft, problems = desk.tidy(read_draft({"base": "small.yaml", "changes": changes}), {}, stated.get("stated", {}))
    assert problems == []
    desk.save(draft, "other")
    return {number.path: number for number in load(desk.folder.path / "other.yaml").numbers}


def test_a_changed_number_keeps_its_range_and_says_what_it_was(desk: Desk) -> None:
    found = numbers(desk, {RATE: "7000 kg/h"})[RATE]
    assert (found.basis, found.low, found.high) == ("assumed", 4 / 3.6, 8 / 3.6)
    assert found.source == "changed from 6 t/h (assumed: a guess)"
    assert RATE in [factor.path for factor in all_assumed(load(desk.folder.path / "other.yaml"))]  # it can still be varied over what it may be


def test_beyond_its_range_a_number_has_none_and_says_so(desk: Desk) -> None:
    found = numbers(desk, {RATE: "9 t/h"})[RATE]
    assert found.low is None and found.source == "changed from 6 t/h (assumed: a guess), which may be 4 t/h to 8 t/h"


def test_the_interval_of_a_measurement_is_not_that_of_another_value(desk: Desk) -> None:
    found = numbers(desk, {"units.screen.aperture": "51 mm"})["units.screen.aperture"]
    assert (found.basis, found.low) == ("assumed", None) and found.source == "changed from 50 mm (measured: sieve of May)"


def test_a_default_keeps_the_range_of_the_model(desk: Desk) -> None:
    before = next(number for number in desk.base(Draft("small.yaml", {})).numbers if number.path.startswith("units.eddy.") and number.low is not None)
    assert before.high is not None
    found = numbers(desk, {before.path: f"{(before.value + before.high) / 2!r} {before.unit if before.unit != '1' else ''}".strip()})[before.path]
    assert (found.low, found.high, found.basis) == (before.low, before.high, "assumed") and found.source.startswith("changed from ")


def test_a_list_that_is_put_anew_keeps_the_sources_of_what_is_as_it_was(desk: Desk) -> None:
    path = "units.screen.maintenance"
    rows = [{"every": "30 d", "duration": "8 h"}, {"every": "120 h", "duration": "3 h"}, {"every": "5 d", "duration": "2 h"}]
    desk.save(shaped(desk, Draft("small.yaml", {}), path, rows), "other")
    found = {number.path: number for number in load(desk.folder.path / "other.yaml").numbers}
    assert [(found[f"{path}.2.{key}"].basis, found[f"{path}.2.{key}"].source) for key in ("every", "duration")] == [("measured", "log")] * 2
    assert all(found[f"{path}.{k}.{key}"].basis == "assumed" for k in (0, 1) for key in ("every", "duration"))  # not of the handbook that the unit names


def test_a_user_says_where_a_number_comes_from(desk: Desk) -> None:
    said = {RATE: {"basis": "measured", "source": "weigh belt, week 3", "low": "6,8 t/h", "high": "7200 kg/h"}}
    found = numbers(desk, {RATE: "7 t/h"}, stated=said)[RATE]
    assert (found.basis, found.source, found.low, found.high) == ("measured", "weigh belt, week 3", 6.8 / 3.6, 7.2 / 3.6)
    draft, _ = desk.tidy(read_draft({"base": "small.yaml", "changes": {RATE: "7 t/h"}}), {}, said)
    later, _ = desk.tidy(draft, {RATE: "7,1 t/h"})
    assert later.changes[RATE] == {"value": "7.1 t/h", "basis": "measured", "source": "weigh belt, week 3"}  # the interval was that of the other value
    back, _ = desk.tidy(later, {}, {RATE: {"basis": "assumed", "source": "a guess", "low": "4 t/h", "high": "8 t/h"}})
    assert desk.tidy(back, {RATE: "6 t/h"})[0].changes[RATE] == {"value": "6 t/h", "basis": "assumed", "source": "a guess"}
    plain, _ = desk.tidy(read_draft({"base": "small.yaml", "changes": {RATE: "6 t/h"}}), {}, {RATE: {"basis": "assumed", "source": "a guess", "low": "4 t/h", "high": "8 t/h"}})  # fmt: skip
    assert plain.is_plain  # the base says all of it
    wide, _ = desk.tidy(read_draft({"base": "small.yaml", "changes": {RATE: "7 t/h"}}), {}, {RATE: {"low": "7.5 t/h", "high": "8 t/h"}})
    with pytest.raises(ScenarioError, match="between 'low' and 'high'") as caught:
        desk.scenario(wide)
    assert caught.value.problems[0].path.removeprefix("change.") == RATE


def test_one_value_is_one_digest_whatever_it_was_typed_as(desk: Desk) -> None:
    digests = set()
    for text in ("32 mm", "3.2 cm", "0.032 m"):
        numbers(desk, {"units.screen.aperture": text, RATE: "7 t/h"})
        digests.add(load(desk.folder.path / "other.yaml").sha256)
    assert len(digests) == 1


def test_a_variant_of_a_variant_names_the_last_value_alone(desk: Desk) -> None:
    numbers(desk, {RATE: "7 t/h"})
    draft, _ = desk.tidy(read_draft({"base": "other.yaml", "changes": {RATE: "5 t/h"}}))
    desk.save(draft, "third")
    found = {number.path: number for number in load(desk.folder.path / "third.yaml").numbers}[RATE]
    assert (found.source, found.low) == ("changed from 7 t/h (assumed)", 4 / 3.6)


def test_what_is_said_of_a_number_in_a_form_stays_as_it_was_said(desk: Desk) -> None:
    mean = {"value": "11,5 t", "basis": "measured", "source": "2024-05 lab book", "low": "10500 kg", "high": "12,5 t", "note": "2024"}
    found = shaped(desk, Draft("small.yaml", {}), MASS, {"normal": {"mean": mean, "sd": "2 t"}})
    assert found.changes[f"{MASS}.normal.mean"] == {**mean, "value": "11.5 t", "low": "10500 kg", "high": "12.5 t"}
    desk.save(found, "other")
    own = {number.path: number for number in load(desk.folder.path / "other.yaml").numbers}[f"{MASS}.normal.mean"]
    assert (own.source, own.low, own.high) == ("2024-05 lab book", 10500.0, 12500.0)
    year = shaped(desk, Draft("small.yaml", {}), MASS, {"normal": {"mean": {"value": "11 t", "source": "2024"}, "sd": "1.5 t"}})
    assert year.changes[f"{MASS}.normal.mean"] == {"value": "11 t", "source": "2024"}
    with pytest.raises(ScenarioError, match=r"as 1\.2 t or as 1200 t"):
        shaped(desk, Draft("small.yaml", {}), MASS, {"normal": {"mean": {"value": "1.200 t", "basis": "measured"}, "sd": "1.5 t"}})


def test_what_is_stated_of_a_number_inside_what_is_put_anew_stands_there(desk: Desk) -> None:
    mean = f"{MASS}.lognormal.mean"
    draft = shaped(desk, Draft("small.yaml", {}), MASS, {"lognormal": {"mean": "12 t", "sd": "1 t"}})
    found, problems = desk.tidy(draft, {}, {mean: {"basis": "measured", "source": "lab book"}})
    said = {"value": "12 t", "basis": "measured", "source": "lab book"}
    assert problems == [] and dict(found.changes) == {MASS: {"lognormal": {"mean": said, "sd": "1 t"}}}
    desk.save(found, "other")
    own = {number.path: number for number in load(desk.folder.path / "other.yaml").numbers}[mean]
    assert (own.value, own.basis, own.source) == (12000.0, "measured", "lab book")


def test_what_is_stated_in_a_list_that_is_put_anew_is_of_the_value_there(desk: Desk) -> None:
    path = "units.screen.maintenance"
    draft = shaped(desk, Draft("small.yaml", {}), path, [{"every": "6 d", "duration": "2 h"}, {"every": "30 d", "duration": "8 h"}])
    found, problems = desk.tidy(draft, {}, {f"{path}.0.every": {"basis": "measured", "source": "log of May"}})
    assert problems == [] and list(found.changes) == [path]
    desk.save(found, "other")
    own = {number.path: number for number in load(desk.folder.path / "other.yaml").numbers}
    assert (own[f"{path}.0.every"].value, own[f"{path}.0.every"].source) == (6 * 86400.0, "log of May")
    same = shaped(desk, Draft("small.yaml", {}), path, [{"every": "5 d", "duration": "2 h"}, {"every": "30 d", "duration": "8 h"}])
    found, _ = desk.tidy(same, {}, {f"{path}.0.every": {"basis": "literature", "source": "a book"}})
    desk.save(found, "third")  # what else stands in that entry keeps what the base says of it
    own = {number.path: number for number in load(desk.folder.path / "third.yaml").numbers}
    assert [own[f"{path}.0.{key}"].source for key in ("every", "duration")] == ["a book", "log"]


def test_of_what_is_no_number_nothing_can_be_stated(desk: Desk) -> None:
    draft = Draft("small.yaml", {MASS: {"lognormal": {"mean": "12 t", "sd": "1 t"}}}, ("units.screen.maintenance",))
    for path in (f"{MASS}.normal.mean", "units.nobody.rate", "units.magnet.kind", "units.screen.maintenance.0.every", f"{MASS}.lognormal"):
        found, problems = desk.tidy(draft, {}, {path: {"basis": "measured", "source": "a scale"}})
        assert found == draft and [problem.path for problem in problems] == [path], path
        assert "no number at" in problems[0].message


def test_the_ends_of_a_range_stay_to_the_last_digit_where_a_source_is_stated(desk: Desk) -> None:
    (desk.folder.path / "small.yaml").write_text(SHREDDED.replace("low: 4 t/h, high: 8 t/h", "low: 4.123456 t/h, high: 2.3456789 kg/s"), encoding="utf-8")
    draft = Draft("small.yaml", {RATE: "7 t/h"})
    before, now = desk.base(draft), desk.scenario(draft)
    rows = (unit_form(before, now, "magnet", draft) or {})["numbers"]
    (ends,) = (row["range"] for row in rows if row["path"] == RATE)
    found = numbers(desk, dict(draft.changes), stated={RATE: {"basis": "assumed", "source": "a scale", "low_is": ends[0], "high_is": ends[1]}})[RATE]
    own = next(number for number in before.numbers if number.path == RATE)
    assert (found.low, found.high, found.source) == (own.low, own.high, "a scale") and own.low == 4.123456 / 3.6
    for path in [number.path for number in before.numbers if number.low is not None and number.path.startswith("units.eddy.")]:
        rows = (unit_form(before, before, "eddy", Draft("small.yaml", {})) or {})["numbers"]
        (row,) = (row for row in rows if row["path"] == path)
        number = next(number for number in before.numbers if number.path == path)
        assert [parse(end, number.unit) for end in row["range"]] == [number.low, number.high], path
