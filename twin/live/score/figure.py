"""One figure of a score."""

from __future__ import annotations

from dataclasses import dataclass

ABSENT = "not in the data"


@dataclass(frozen=True)
class Figure:
    """``value`` in ``unit`` ("" for a plain number), from ``count`` cases; nan with a ``note`` where there is none."""

    name: str
    value: float
    unit: str
    count: int
    note: str = ""
