"""What is wrong, and what an alarm says, in German: through the table of words, and as it is where the table has no words."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from served_pages import SMALL

from twin.errors import ScenarioError, TwinError, UsageError
from twin.live.ensemble.suspects import Suspect
from twin.page.draft import Desk, Draft
from twin.page.folder import Folder
from twin.page.live import alarm_in_words
from twin.page.shaping import shaped
from twin.page.typed import read_typed
from twin.quantities import _KNOWN, parse
from twin.report import faults
from twin.report.language import language

GERMAN = language("de")
ENGLISH = re.compile(r"\b(is|are|needed|must|got|known|did|you|the|there|and|of)\b")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("units.deliveries.mass", {"normal": {"mean": "1.200 t", "sd": "1 t"}}),
        ("units.deliveries.mass", {"normal": {"mean": "10 m", "sd": "1 t"}}),
        ("units.deliveries.mass", {"normal": {"mean": "10 t"}}),
        ("units.deliveries.mass", {"uniform": {"low": "3 t", "high": "1 t"}}),
        ("units.deliveries.composition", {"steel": "45 %", "copper": "5 %"}),
        ("units.deliveries.composition", {"steal": "100 %"}),
        ("units.deliveries.size", {"rosin_rammler": {"x63": "90 mm"}}),
        ("units.deliveries.schedule", "nothing.csv"),
        ("units.deliveries.schedule", "../outside.csv"),
        ("units.magnet.needs", "loader"),
        ("units.magnet.stops", [{"at": "1 h"}]),
        ("units.magnet.settings", {"bay": {"units.magnet.rate": "5 t/h"}}),
        ("units.light.spec", {"aluminium": "92 %"}),
        ("units.light.penalty", {"aluminium": {"per": "1 %", "price": "20 EUR/t"}}),
        ("units.nobody.needs", "x"),
    ],
)
def test_mistakes_in_forms_are_told_in_german(tmp_path: Path, path: str, value: Any) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(TwinError) as caught:
        shaped(Desk(Folder(tmp_path)), Draft("small.yaml", {}), path, value)
    messages = [problem.message for problem in caught.value.problems] if isinstance(caught.value, ScenarioError) else [str(caught.value)]
    for message in messages:
        said = faults.in_words(message, GERMAN)
        assert said != message and not ENGLISH.search(re.sub(r"'[^']*'|\{[^}]*\}", "", said)), said


def test_every_kind_of_quantity_is_asked_for_in_german() -> None:
    for si in _KNOWN:
        with pytest.raises(UsageError) as caught:
            parse("5 lightyears" if si != "1" else "a few", si)
        message = re.sub(r": unknown.*\)", ")", str(caught.value))
        assert faults.in_words(message, GERMAN) != message, message


def test_what_the_table_does_not_have_stays_english_as_a_whole() -> None:
    assert faults.in_words("nobody has words for this (got 'x')", GERMAN) == "nobody has words for this (got 'x')"
    assert doctest.testmod(faults).failed == 0
    with pytest.raises(UsageError) as caught:
        read_typed("1.200 t/h")
    assert faults.in_words(str(caught.value), language("en")) == str(caught.value)


@pytest.mark.parametrize("form", ["factor", "drift", "weighed"])
def test_alarms_are_told_in_german(form: Any) -> None:
    suspect = Suspect("LT1", "sensor", form, 0.12).named(1.0)
    for text in (
        f"LT1 has been above what is expected for some time (sum 9.1, limit 8). Likely {suspect}; for it speaks, in deviations: LT1 (+3.1), LT1 in the mean of a day (+2.0)",
        f"LT1 in the mean of a day has been below what is expected for days (sum 9, limit 8). Cannot tell of what: {suspect} and FT2 explain it alike",
        "LT1 has shown 12.5 t for 6 windows in which the plant moved: the sensor stands still",
    ):
        said = alarm_in_words(text, GERMAN)
        assert not ENGLISH.search(said) and "LT1" in said and alarm_in_words(text, language("en")) == text
        assert "." not in re.sub(r"\. [A-Z]", "", said), "numbers have a comma"
