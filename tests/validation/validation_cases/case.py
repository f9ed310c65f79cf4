"""A case: a figure with its source, what the simulator gives, and whether that is within the stated tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

ANALYTIC, PUBLISHED, PEER = "analytic", "published", "peer"
"""Where an expected figure comes from: derived or worked by hand; measured and printed by others; computed by another program."""


@dataclass(frozen=True)
class Case:
    """``subject`` in words, with ``unit``; ``got`` computes the figure in it; right is ``low`` to ``high``, which ``expected`` says in words.

    ``known``: whether the figure was known to us when the parameters were set, so that agreeing proves less. ``plant``: it takes runs of whole plants.
    ``note``: why it fails, or what to keep in mind.
    """

    group: str
    subject: str
    kind: str
    source: str
    unit: str
    expected: str
    low: float
    high: float
    got: Callable[[], float]
    known: bool = True
    plant: bool = False
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """A case with the figure ``got`` for it."""

    case: Case
    got: float

    @property
    def passed(self) -> bool:
        """Whether the figure is within what is right; never where there is none."""
        return not math.isnan(self.got) and self.case.low <= self.got <= self.case.high


def about(value: float, tolerance: float) -> tuple[float, float]:
    """The range of a relative ``tolerance`` around a ``value``."""
    width = abs(value) * tolerance
    return value - width, value + width


def worked(group: str, subject: str, source: str, unit: str, expected: float, got: Callable[[], float], tolerance: float = 1e-3, kind: str = ANALYTIC) -> Case:
    """A case whose figure is a number, right within a relative ``tolerance``."""
    low, high = about(expected, tolerance)
    return Case(group, subject, kind, source, unit, f"{expected:g} within {100 * tolerance:g} %", low, high, got)
