"""Change files: scenarios that extend a base by numbers which were measured or found. Written here and nowhere else, never over a file written by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.results.replace import check_replaceable, replacing, text_mark
from twin.scenario.merge import text_hash
from twin.scenario.places import Plain
from twin.scenario.tables import read_text
from twin.scenario.yaml_text import to_yaml

_HEAD = "# change file of twin"
MARK = text_mark("a change file of twin", _HEAD.encode(), begins=_HEAD.encode())
"""What a file that may be replaced begins with."""


@dataclass(frozen=True)
class Change:
    """A number as a scenario writes it, where it comes from, and its interval.

    ``basis``: ``measured``, ``literature``, ``calibrated`` (with the hash of its data in ``source``) or ``assumed``; ``low`` and ``high``
    are written as the value is, or None.
    """

    value: Plain
    basis: str
    source: str
    low: Plain | None = None
    high: Plain | None = None

    def plain(self) -> dict[str, Plain]:
        """Return the annotated number as a mapping."""
        limits: dict[str, Plain] = {} if self.low is None or self.high is None else {"low": self.low, "high": self.high}
        return {"value": self.value, "basis": self.basis, "source": self.source, **limits}


Changes = Mapping[str, "Change | Plain | Mapping[str, object]"]
"""By path: a number with its source, a plain value, or a mapping of them."""


def change_text(base: Path, out: Path, changes: Changes, about: Mapping[str, str], name: str | None = None, remove: Sequence[str] = ()) -> str:
    """Return the text of a change file at ``out`` that extends the scenario file ``base``.

    ``remove``: paths that it leaves out. Raises ``UsageError`` where the base cannot be read.
    """
    way = os.path.relpath(base.absolute(), out.absolute().parent)
    tree: dict[str, Plain] = {"twin": 1, "extends": {"file": Path(way).as_posix(), "sha256": text_hash(read_text(base, str(base)))}}
    if name is not None:
        tree["name"] = name
    tree["about"] = dict(about)
    if remove:
        tree["remove"] = list(remove)
    tree["change"] = {path: _plain(value) for path, value in changes.items()}
    return f"{_HEAD}\n{to_yaml(tree)}"


def _plain(value: object) -> Plain:
    if isinstance(value, Change):
        return value.plain()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value  # type: ignore[return-value]


def write_change_file(base: Path, out: Path, changes: Changes, about: Mapping[str, str], name: str | None = None, remove: Sequence[str] = ()) -> None:
    """Write a change file; one that twin wrote is replaced, any other file is not. Raises ``FileError``, ``UsageError``."""
    text = change_text(base, out, changes, about, name, remove)
    with replacing(out, MARK) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_change_file(out: Path) -> None:
    """Raise ``FileError`` where something stands at ``out`` that a change file must not replace, before work is spent on it."""
    check_replaceable(out, MARK)
