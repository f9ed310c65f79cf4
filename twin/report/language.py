"""The languages of reports: words by key from one table, numbers and dates as each language writes them.

The table is ``words.txt``; ``docs/words.py`` makes of it the catalogues (``locale/en.mo``, ``locale/de.mo``) that :mod:`gettext` reads. The engine speaks
English. A sentence of it is put into another language by the table read backwards: a key that begins with ``say.`` and some others are patterns.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources

from twin.errors import UsageError
from twin.report.drawing import Drawing, Text

LANGUAGES = ("en", "de")
INDEX = "index of what is read backwards"
"""The entry of a catalogue that lists the keys of sentences and words of the engine."""
SECTIONS = "index of what a page is given at once"
"""The entry that lists the keys of what the local page says."""
WHOLE = ("ui.", "fault.")
BACKWARDS = ("say.", "kind.", "state.", "role.", "range.", "slow.", "basis.", "carrier.", "phase.", "limit.", "about.")
PLACE = re.compile(r"\{([a-z_]+)(?::([awq]))?\}")
"""What is put into a sentence: as it is, ``a`` a text with numbers, ``w`` words, ``q`` one number with its unit."""
_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:[,\N{NARROW NO-BREAK SPACE}]\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?(?!\.?\d)")
_QUANTITY = r"[<>≥≤±+\-]?\s?\d[^:()]*?"
_NAMES = ("unit-name", "bar-name", "node-name", "panel-name")
_SPACE = "\N{NARROW NO-BREAK SPACE}"


class Language:
    """What a report says, in one language: call it with a key of the table and what stands in its places.

    >>> Language("de")("column.mass flow"), Language("de").amount("1,234.5 t/h"), Language("de").say("limited by heat")
    ('Massenstrom', '1\\u202f234,5 t/h', 'limited by heat')
    """

    def __init__(self, code: str = "en") -> None:
        if code not in LANGUAGES:
            raise UsageError(f"a report is written in one of {', '.join(LANGUAGES)} (got {code!r})")
        self.code = code
        self._words, self._english = _catalogue(code), _catalogue("en")

    def __call__(self, key: str, /, **values: object) -> str:
        """The words of a key. Raises ``KeyError`` for a key that the table does not have."""
        return self._filled(self._raw(key), values)

    def has(self, key: str) -> bool:
        """Whether the table has a key."""
        return self._words.gettext(key) != key

    def section(self, prefix: str) -> dict[str, str]:
        """All words whose keys begin with ``prefix``, by what follows it, with their places in braces as they are."""
        keys = self._english.gettext(SECTIONS).split("\n")
        return {key.removeprefix(prefix): self._raw(key) for key in keys if key.startswith(prefix)}

    def _raw(self, key: str) -> str:
        text = self._words.gettext(key)
        if text == key:
            raise KeyError(f"no words for {key!r}: put them in twin/report/words.txt and run python docs/words.py")
        return text

    def _filled(self, text: str, values: dict[str, object]) -> str:
        def put(match: re.Match[str]) -> str:
            value = str(values[match[1]])
            return self.say(value) if match[2] == "w" else self.amount(value) if match[2] else value

        return PLACE.sub(put, text)

    def amount(self, text: str) -> str:
        """A text with numbers, as the engine writes them, with the language's decimal mark and thousands apart."""
        if self.code == "en":
            return text

        def local(match: re.Match[str]) -> str:
            return match[1].replace(",", _SPACE) + (match[2] or "").replace(".", ",") + (match[3] or "")

        return re.sub(r"\bpp\b", self._raw("unit.pp"), _NUMBER.sub(local, text))

    def date(self, moment: datetime) -> str:
        """A date with its time of day: 2026-01-05 06:00, 05.01.2026 06:00."""
        return f"{moment:%d.%m.%Y %H:%M}" if self.code == "de" else f"{moment:%Y-%m-%d %H:%M}"

    def say(self, text: str) -> str:
        """A sentence or word of the engine in this language; what is not known stays as it is."""
        return text if self.code == "en" else self._said(text)

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one of each language
    def _said(self, text: str) -> str:
        words, patterns = _backwards()
        if text in words:
            return self._raw(words[text])
        spaced = text.replace("_", " ")
        if spaced in words:
            return self._raw(words[spaced])
        for pattern, key in patterns:
            if found := pattern.fullmatch(text if " " in text else spaced):
                return self._filled(self._raw(key), dict(found.groupdict()))
        return text

    def drawing(self, drawing: Drawing, names: Collection[str]) -> Drawing:
        """A figure in this language; ``names`` are those of units, which stay."""
        if self.code == "en":
            return drawing
        shapes = [self._text(shape, names) if isinstance(shape, Text) else replace(shape, title=self.say(shape.title)) for shape in drawing.shapes]
        return Drawing(drawing.width, drawing.height, self.say(drawing.title), self.say(drawing.text), shapes)

    def _text(self, shape: Text, names: Collection[str]) -> Text:
        text, title = shape.text, self.say(shape.title)
        if shape.css == "unit-kind" and ": " in shape.title:
            whole = self.say(shape.title.partition(": ")[2].rpartition(" (")[0])
            text = whole if len(whole) <= max(len(text), 14) else f"{whole[: max(len(text), 14) - 1]}…"
        elif shape.css.partition(" ")[0] in _NAMES:
            text = text if text in names else self.say(text)
        else:
            text = self.amount(self.say(text))
        return replace(shape, text=text, title=title)


@cache
def language(code: str) -> Language:
    """The one object of a language. Raises :class:`~twin.errors.UsageError` for one that there is not."""
    return Language(code)


@cache
def _catalogue(code: str) -> gettext.GNUTranslations:
    with resources.files("twin.report").joinpath("locale", f"{code}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


@cache
def _backwards() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Words by their English text, and patterns of English sentences, each with its key; patterns with more words of their own first."""
    english = _catalogue("en")
    words: dict[str, str] = {}
    patterns = []
    for key in english.gettext(INDEX).split("\n"):
        text = english.gettext(key)
        if PLACE.search(text):
            patterns.append((pattern_of(text), key, len(PLACE.sub("", text)) + 3 * len(PLACE.findall(text))))
        else:
            words.setdefault(text, key)
    patterns.sort(key=lambda entry: -entry[2])
    return words, [(pattern, key) for pattern, key, _ in patterns]


def pattern_of(text: str) -> re.Pattern[str]:
    """Return what a sentence with places in braces matches; each place is a group of its name."""
    parts, end = [], 0
    for match in PLACE.finditer(text):
        inside = _QUANTITY if match[2] == "q" else ".+?"
        parts += [re.escape(text[end : match.start()]), f"(?P<{match[1]}>{inside})"]
        end = match.end()
    return re.compile("".join([*parts, re.escape(text[end:])]), re.DOTALL)
