"""The one table of words: both languages for all that is used, catalogues made of it, numbers, and what no report says in either language."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import pytest
import words as table_of_words
from pages_of_plants import comparison_page, page, run, source

from twin.errors import UsageError
from twin.report.brief import render_brief
from twin.report.key_figures import MATRICES
from twin.report.language import LANGUAGES, PLACE, Language, language
from twin.report.page import SECTIONS
from twin.report.reporting import ANSWERED
from twin.report.verdicts import limit_sentence
from twin.results.kpis import KPIS
from twin.results.limits import limit_of
from twin.scenario.kind import find, names
from twin.scenario.settings import About

TABLE = table_of_words.table()
GERMAN = language("de")
FORBIDDEN = {
    "en": ("safe", "guaranteed", "compliant", "recycling rate", "climate neutral", "CO2 saved", "optimal", "validated"),
    "de": ("sicher", "garantiert", "konform", "Recyclingquote", "klimaneutral", "CO2 eingespart", "CO2-Einsparung", "optimal", "validiert"),
}
VOID = ("meta", "input", "br")


class Visible(HTMLParser):
    """The texts of a page that people read, without code, data and what the scenario says itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append((tag, "lang" in given and tag != "html"))
        self.texts += [given[name] or "" for name in ("aria-label", "placeholder") if name in given]

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        hidden = any(tag in ("script", "style", "code", "pre") or own for tag, own in self.open)
        if data.strip() and not hidden:
            self.texts.append(data.strip())


@cache
def pages_in(code: str) -> dict[str, str]:
    words = language(code)
    found = {plant: page(plant, 1, code) for plant in ("weee", "copper")}
    found |= {"several": page("small", 3, code), "brief": render_brief(source("weee"), words), "brief_copper": render_brief(source("copper"), words)}
    return found | {f"comparison {k}": comparison_page(code, *how) for k, how in enumerate(((1, False), (3, False), (3, True)))}


def test_catalogues_are_made_of_the_table() -> None:
    for code, content in table_of_words.catalogues().items():
        assert (table_of_words.FOLDER / "locale" / f"{code}.mo").read_bytes() == content, "run python docs/words.py"


def test_every_key_has_both_languages_with_the_same_places() -> None:
    for key, own in TABLE.items():
        assert set(own) == set(LANGUAGES)
        english, german = ({match[1] for match in PLACE.finditer(own[code])} for code in LANGUAGES)
        assert german <= english, key


def test_the_table_has_what_figures_kinds_states_and_chapters_need() -> None:
    stems = {row.pattern.partition(".")[0] for row in KPIS}
    needed = [f"{group}.{stem}" for group in ("kpi", "meaning") for stem in stems]
    needed += [f"chapter.{name}" for name in SECTIONS] + [f"kind.{name}" for name in names()] + [f"role.{find(name).role}" for name in names()]
    needed += [f"matrix.{title}" for title, *_ in MATRICES] + [f"column.{label}" for *_, columns in MATRICES for _, label in columns]
    needed += [f"ask.{number}" for number in ANSWERED] + [f"item.{number}" for number in ANSWERED]
    assert [key for key in needed if key not in TABLE] == []
    assert set(ANSWERED.values()) | {"author", "organisation"} == set(About.model_fields)


def test_every_state_and_valid_range_of_the_engine_has_words() -> None:
    from twin.engine.states import STATES
    from twin.kernels.furnace import LIMITS, WARNINGS
    from twin.units.melts.electrolyte import Electrolyte
    from twin.units.melts.furnace import Furnace
    from twin.units.melts.offgas import OffgasFilter

    words = [*STATES, *LIMITS, *WARNINGS, *Furnace.WARNINGS, *OffgasFilter.WARNINGS, *Electrolyte.WARNINGS]
    assert [word for word in words if GERMAN.say(word) == word] == []
    kernels = [kernel for name in names() if (kernel := getattr(find(name), "kernel", None)) is not None]
    ranges = [warning for kernel in kernels for warning in getattr(kernel, "warnings", ())]
    assert [text for text in ranges if GERMAN.say(text) == text] == []


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("3.676 t/h", "3,676 t/h"),
        ("-1,234,567.8 EUR", "-1\u202f234\u202f567,8 EUR"),
        ("0.97 ± 0.03 pp", "0,97 ± 0,03 %\u2011Punkte"),
        ("3.4e-15 kg", "3,4e-15 kg"),
        ("steel 98.9 %, c4.5 2 %", "steel 98,9 %, c4.5 2 %"),
        ("twin 0.1.0", "twin 0.1.0"),
        ("2026-01-05T06:00", "2026-01-05T06:00"),
    ],
)
def test_numbers_in_german(english: str, german: str) -> None:
    assert GERMAN.amount(english) == german
    assert language("en").amount(english) == english


@pytest.mark.parametrize("key", ["better", "worse", "mixed", "other", "cannot_tell", "no_interval"])
def test_the_numbers_of_a_german_verdict_are_put_into_german_once(key: str) -> None:
    """Put in twice, the decimal mark of 9,438 is taken for thousands."""
    one = GERMAN("compare.one", name="Ausbeute: Cu", difference="+9.438 pp")
    said = GERMAN(f"compare.{key}", names=one, better=one, worse=one, variant="b", base="a")
    assert "+9,438 %\u2011Punkte" in said and "9\u202f438" not in said


def test_dates() -> None:
    moment = source("small").scenario.start
    assert (GERMAN.date(moment), language("en").date(moment)) == ("05.01.2026 00:00", "2026-01-05 00:00")


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("off_shift", "außer Schicht"),
        ("pick-ups of light", "Abholungen von light"),
        ("eddy: running 45.3 %", "eddy: in Betrieb 45,3 %"),
        ("a.steel to bay: 3.25 t/h (estimated part of what left the bunker)", "a.steel nach bay: 3,25 t/h (geschätzter Teil dessen, was den Bunker verließ)"),
        ("kiln: melt, 2.3 h, limited by off_gas", "kiln: melt, 2,3 h, begrenzt durch Abgas"),
        ("cannot tell, needs about 18 replications", "nicht zu sagen, braucht etwa 18 Wiederholungen"),
        ("nothing of the table", "nothing of the table"),
    ],
)
def test_sentences_of_the_engine(english: str, german: str) -> None:
    assert GERMAN.say(english) == german
    assert language("en").say(english) == english


def test_a_word_that_is_not_in_the_table_and_a_language_that_there_is_not() -> None:
    with pytest.raises(KeyError, match=r"docs/words\.py"):
        GERMAN("no.such.key")
    with pytest.raises(UsageError, match="one of en, de"):
        Language("fr")


@pytest.mark.parametrize("plant", ["weee", "copper", "small"])
def test_the_sentence_of_the_limit_is_that_of_the_engine(plant: str) -> None:
    limit = limit_of(run(plant).totals)
    assert limit_sentence(limit, language("en")) == limit.sentence()
    assert ("begrenz" in limit_sentence(limit, GERMAN)) == ("limit" in limit.sentence())


def test_no_english_of_the_table_is_left_in_a_german_page() -> None:
    scenarios = [source(plant).scenario for plant in ("weee", "copper", "small")]
    named = {name for scenario in scenarios for name in (*scenario.units, *scenario.materials.names)}
    titles = [unit.title for scenario in scenarios for unit in scenario.units.values() if unit.title]
    english = {own["en"]: key for key, own in TABLE.items() if own["en"] != own["de"] and own["en"] not in named}
    pieces = {piece.strip(): key for text, key in english.items() for piece in PLACE.sub("\0", text).split("\0") if len(piece.strip()) > 14}
    left = []
    for name, text in pages_in("de").items():
        for shown in Visible(text).texts:
            if any(title in shown or title.startswith(shown.removesuffix("…")) for title in titles):
                continue  # what the scenario says stays as it is
            left += [(name, shown, english[shown])] if shown in english else []
            left += [(name, shown, key) for piece, key in pieces.items() if piece in shown]
    assert left == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_that_no_report_uses(code: str) -> None:
    for name, text in pages_in(code).items():
        visible = "\n".join(Visible(text).texts)
        for phrase in ("not the legal recycling rate",):
            visible = visible.replace(phrase, "")
        for word in FORBIDDEN[code]:
            assert not re.search(rf"\b{word}\b", visible, re.IGNORECASE), (name, word)


def test_german_and_english_pages_show_the_same_numbers() -> None:
    """Digits of both pages in turn: a number that is put into German twice would lose its decimal mark."""
    for plant in ("weee", "copper"):
        shown = []
        for code in LANGUAGES:
            cells = re.findall(r"<td>(-?[\d,.\u202f]+)(?: [^\s<]+)?</td>", page(plant, 1, code))
            shown.append([cell.replace("\u202f", "").replace(",", "." if code == "de" else "") for cell in cells])
        assert len(shown[0]) > 300
        assert shown[0] == shown[1]
