"""Looks at what a sweep left behind."""

from __future__ import annotations

from pathlib import Path

from twin.study.journal import HEADER
from twin.study.read import Study


def digest_of(path: Path) -> str:
    return Study(path).digest


def journal_rows(path: Path) -> int:
    """Rows of a journal, without its first line."""
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[0] == HEADER
    return len(lines) - 1
