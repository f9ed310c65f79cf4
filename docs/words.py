"""Makes the catalogues that gettext reads out of the one table of words, twin/report/words.txt: ``python docs/words.py``.

A test holds the committed catalogues against the table. The bytes depend on the table alone.
"""

from __future__ import annotations

import struct
from pathlib import Path

from twin.report.language import BACKWARDS, INDEX, LANGUAGES, SECTIONS, WHOLE
from twin.results.kpis import KPIS

FOLDER = Path(__file__).resolve().parents[1] / "twin" / "report"
TABLE = FOLDER / "words.txt"
IN_CODE = "="
"""Stands for the English definition of a key figure, which the code has."""


def table() -> dict[str, dict[str, str]]:
    """Return the words by key and language. Raises ``ValueError`` with the line where one is missing or a key stands twice."""
    meanings = {f"meaning.{row.pattern.partition('.')[0]}": row.meaning for row in reversed(KPIS)}
    found: dict[str, dict[str, str]] = {}
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, *words = (part.strip() for part in line.split(" | "))
        if len(words) != len(LANGUAGES) or not all(words) or key in found:
            raise ValueError(f"{TABLE.name}, line {number}: a key that is new, and its words in {', '.join(LANGUAGES)} (got {line!r})")
        found[key] = {code: meanings[key] if word == IN_CODE else word for code, word in zip(LANGUAGES, words, strict=True)}
    return found


def catalogue(entries: dict[str, str]) -> bytes:
    """Return a catalogue in the form of GNU gettext: little-endian, sorted by key, without a hash table."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n", **entries}
    pairs = sorted((key.encode(), text.encode()) for key, text in texts.items())
    start = 28 + 16 * len(pairs)
    spans: list[list[int]] = [[], []]
    body = b""
    for side in range(2):
        for pair in pairs:
            spans[side] += [len(pair[side]), start + len(body)]
            body += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    return head + struct.pack(f"<{len(spans[0])}I", *spans[0]) + struct.pack(f"<{len(spans[1])}I", *spans[1]) + body


def catalogues() -> dict[str, bytes]:
    """Return the catalogue of each language."""
    words = table()
    index = {INDEX: "\n".join(key for key in words if key.startswith(BACKWARDS)), SECTIONS: "\n".join(key for key in words if key.startswith(WHOLE))}
    return {code: catalogue({key: own[code] for key, own in words.items()} | index) for code in LANGUAGES}


if __name__ == "__main__":
    for code, content in catalogues().items():
        (FOLDER / "locale" / f"{code}.mo").write_bytes(content)
