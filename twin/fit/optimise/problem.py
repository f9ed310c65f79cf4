"""What is sought: settings within a space, one or two key figures to be made large or small, and limits that the setting must keep.

A problem knows nothing of plants. What is run is asked of :class:`Runs`: a plant on the executors of a study, or a function in its place, as the tests of the
search do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twin.fit.optimise.space import Setting, Space

CASH = {"margin": "margin_cash"}
"""What was paid in the window, beside what was earned with the change of stock: where they point apart nothing is claimed, as in a comparison."""
SEARCH, SELECTION, FRESH = 0, 100_000, 200_000
"""First replication of the search, of the choice among finalists, and of the verdict: no two of them share a random number."""
SURE = 0.95
"""How probable it must be that a limit is kept, and that the best was selected."""


@dataclass(frozen=True)
class Objective:
    """A key figure that is to be large (``sense`` 1) or small (-1); ``zone``: differences below it do not matter, in SI, NaN where it is not stated."""

    name: str
    sense: int = 1
    zone: float = math.nan

    @property
    def word(self) -> str:
        """As a study says it."""
        return "maximise" if self.sense > 0 else "minimise"


@dataclass(frozen=True)
class Limit:
    """A limit on a key figure, in SI: on its mean over runs, or in a ``share`` of the periods (``per``: ``"week"`` or ``"day"``) of each run.

    ``sense`` 1: at least ``value``; -1: at most.
    """

    name: str
    value: float
    sense: int
    share: float | None = None
    per: str = "week"

    def keeps(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return self.sense * (value - self.value) >= 0.0

    @property
    def key(self) -> str:
        """Under which name an observation has the values of the periods."""
        return f"{self.per}.{self.name}"


@dataclass(frozen=True)
class Observation:
    """What one run showed: key figures by name, and for limits in a share of periods the value in each of them (NaN: none), by :attr:`Limit.key`."""

    values: Mapping[str, float]
    periods: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Effort:
    """How many runs are spent: ``budget`` settings in the search, the first ``start`` on a Sobol' sequence, ``batch`` at once, ``replications`` runs of each;
    then ``select`` runs on ``finalists``, and ``confirm`` of each setting that the verdict is on."""

    budget: int = 60
    start: int = 20
    batch: int = 8
    finalists: int = 8
    select: int = 80
    confirm: int = 20
    replications: int = 1

    @property
    def most(self) -> int:
        """Runs in all, at most, with one objective."""
        return self.budget * self.replications + self.select + 3 * self.confirm


@dataclass(frozen=True)
class Problem:
    """What is sought and with how many runs; ``seed`` is that of the search, not of the runs."""

    space: Space
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    effort: Effort = field(default_factory=Effort)
    seed: int = 0
    base: tuple[float, ...] | None = None
    """Where the base stands in the space, which is tried first; None where it has no place there."""

    @property
    def chance_limits(self) -> tuple[Limit, ...]:
        """The limits that hold in a share of periods."""
        return tuple(limit for limit in self.limits if limit.share is not None)

    @property
    def mean_limits(self) -> tuple[Limit, ...]:
        """The limits on means."""
        return tuple(limit for limit in self.limits if limit.share is None)


@dataclass(frozen=True)
class Request:
    """A run that is wanted: replication ``replication`` of a setting, None for the base. ``phase`` is for who watches."""

    setting: Setting | None
    replication: int
    phase: str


class Runs(Protocol):
    """Who makes runs."""

    def make(self, requests: Sequence[Request]) -> list[Observation | None]:
        """Return what each run showed, in this order; None where it failed."""
        ...
