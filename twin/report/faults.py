"""What is wrong, told in the language of a report: messages of the engine by the table of words, read backwards; those it does not have stay as they are."""

from __future__ import annotations

import re
from functools import cache

from twin.report.language import PLACE, Language, language, pattern_of

_ENDS = {
    "got": re.compile(r"(?P<head>.*) \(got (?P<got>.*)\)", re.DOTALL),
    "meant": re.compile(r"(?P<head>.*); did you mean (?P<meant>[^?]+)\? \(known: (?P<known>.*)\)", re.DOTALL),
    "near": re.compile(r"(?P<head>.*); did you mean (?P<meant>[^?]+)\?", re.DOTALL),
    "known": re.compile(r"(?P<head>.*); known: (?P<known>.*)", re.DOTALL),
    "none": re.compile(r"(?P<head>.*); none is known", re.DOTALL),
}
"""How messages end: with what was got, or with what is known."""
DEEPEST = 6
SAID = "said"
"""The place of a message that is itself words of the table."""


def in_words(text: str, words: Language) -> str:
    """Return a message in the language, or as it is where any part of it has no words.

    >>> in_words("'sd' is missing", language("de")), in_words("nobody knows this", language("de"))
    ("'sd' fehlt", 'nobody knows this')
    """
    return text if words.code == "en" else _said(text, words, 0) or text


def _said(text: str, words: Language, depth: int) -> str | None:
    """The message, None where it or a part of it has no words."""
    if depth > DEEPEST:
        return None
    for end, pattern in _ENDS.items():
        if (found := pattern.fullmatch(text)) and (head := _said(found["head"], words, depth + 1)):
            return words(f"fault-end.{end}", **{**found.groupdict(), "head": head, **({"got": _got(found["got"], words)} if end == "got" else {})})
    for pattern, key in _patterns():
        if found := pattern.fullmatch(text):
            parts = {name: _said(part, words, depth + 1) if name == SAID else part for name, part in found.groupdict().items()}
            if all(part is not None for part in parts.values()):
                return words(key, **parts)
    return None


def _got(text: str, words: Language) -> str:
    """What was got, with what it is called: ``'100 mm', a length``."""
    value, comma, what = text.rpartition(", ")
    known = _said(what, words, DEEPEST) if comma else None
    return f"{value}, {known}" if known is not None else words.say(text)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Patterns of the messages, those with more words of their own first."""
    texts = language("en").section("fault.")
    found = [(pattern_of(text), f"fault.{key}", len(PLACE.sub("", text))) for key, text in texts.items()]
    found.sort(key=lambda entry: -entry[2])
    return [(pattern, key) for pattern, key, _ in found]
