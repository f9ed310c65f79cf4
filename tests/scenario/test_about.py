"""``about``: what a study is for and who made it. It changes no hash, a results file keeps it, and the checklist of a report is filled from it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError
from twin.results.read import open_file
from twin.scenario import load_stored
from twin.scenario.settings import MOST_ABOUT
from twin.study.compare import compare

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "small",
    "time": {"horizon": "6 h"},
    "lot": "200 kg",
    "materials": {"good": {}},
    "units": {
        "trucks": {"kind": "feed", "every": "2 h", "mass": "3 t", "composition": {"good": "100 %"}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "30 t"},
        "cut": {"kind": "splitter", "from": "yard", "rate": "2 t/h", "shares": {"left": "50 %", "right": "50 %"}},
        "left": {"kind": "product", "from": "cut.left"},
        "right": {"kind": "product", "from": "cut.right"},
    },
}
ABOUT = {"purpose": "To size the yard.", "author": "Ä. Author", "question": "value: 3 t?", "warmup": "- none"}


def with_about(**about: str) -> dict[str, Any]:
    return {**copy.deepcopy(PLANT), "about": about}


def test_no_hash_and_no_digest_depends_on_it(tmp_path: Path) -> None:
    plain, told = twin.load(PLANT), twin.load(with_about(**ABOUT))
    assert plain.sha256 == told.sha256
    assert told.merged["about"] == ABOUT  # type: ignore[index, call-overload]
    first, second = (twin.run(scenario) for scenario in (plain, told))
    assert first.digest == second.digest
    assert dict(first.about) == {}
    twin.run(told, out=tmp_path / "told.h5").close()
    with open_file(tmp_path / "told.h5") as result:
        assert result.digest == first.digest
        assert dict(result.about) == ABOUT
        again = load_stored(result.scenario, result.files)
    assert again.about.texts() == ABOUT
    assert again.sha256 == plain.sha256
    assert [row.path for row in compare(first, second).differences] == []


def test_a_scenario_that_extends_has_its_own_question_and_the_author_of_the_other(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(twin.load(with_about(**ABOUT)).to_yaml(), encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text("twin: 1\nextends: base.yaml\nabout: {question: Is half enough?}\nchange: {about.purpose: To halve it.}\n", encoding="utf-8")
    assert twin.load(child).about.texts() == {**ABOUT, "question": "Is half enough?", "purpose": "To halve it."}


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"autor": "me"}, "author"),
        ({"author": 3}, "text"),
        ({"purpose": "x" * (MOST_ABOUT + 1)}, f"at most {MOST_ABOUT} characters"),
        ("a study", "about"),
    ],
)
def test_what_is_refused(about: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.load({**copy.deepcopy(PLANT), "about": about})


def test_the_longest_text_fits_into_a_results_file(tmp_path: Path) -> None:
    longest = "\N{CJK UNIFIED IDEOGRAPH-5B89}" * MOST_ABOUT
    twin.run(twin.load(with_about(purpose=longest)), out=tmp_path / "long.h5").close()
    with open_file(tmp_path / "long.h5") as result:
        assert result.about["purpose"] == longest
