"""Key figures period by period, from the record steps of a run, and what they say of the warm-up: whether a plant has settled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.quantities import DAY, WEEK, format_quantity
from twin.results.kpis import KPIS
from twin.results.tally import Tally, Totals
from twin.scenario import Scenario
from twin.study.statistics import LEAST_PERIODS, SURE_PERIODS, SteadyState

MOST_PERIODS = 1_000
"""Where no calendar gives a period, record steps are joined so that there are at most so many."""
_ROWS = 1024
_TOLERANCE = 1e-9


def period_of(scenario: Scenario) -> float:
    """Return the longest period (s) of the plant's calendars, at least a record step.

    A week where days differ; a day where they do not; without calendars, as many record steps as make at most :data:`MOST_PERIODS` periods. On shorter steps
    the cycle of the shifts would hide whether a plant has settled.
    """
    step = scenario.record.every if scenario.record.every is not None else scenario.horizon
    calendars = scenario.calendars.values()
    if any(len(dict.fromkeys(calendar.week)) > 1 or calendar.holidays or calendar.closed for calendar in calendars):
        return max(WEEK, step)
    if calendars:
        return max(DAY, step)
    return step * max(1, math.ceil(scenario.horizon / step / MOST_PERIODS - _TOLERANCE))


def period_text(period: float) -> str:
    """Return a period in words: ``"a week"``, ``"a day"``, ``"15 min"``."""
    return {WEEK: "a week", DAY: "a day"}.get(period) or format_quantity(period, "s")


@dataclass(frozen=True)
class WarmUp:
    """What MSER-5 says of a key figure's means over periods of ``period`` (s), against the ``warmup`` (s) of the scenario."""

    kpi: str
    period: float
    warmup: float
    state: SteadyState

    @property
    def needed(self) -> float:
        """The warm-up (s) that MSER-5 wants, NaN where it says none."""
        return self.state.cut * self.period if self.state.cut is not None else math.nan

    @property
    def enough(self) -> bool:
        """Whether the scenario's warm-up is at least as long."""
        return self.needed <= self.warmup * (1 + 1e-12)

    def __str__(self) -> str:
        about = f"{self.kpi}: {self.state.verdict}"
        counted = f"{self.state.periods} period{'' if self.state.periods == 1 else 's'} of {period_text(self.period)}"
        if self.state.verdict == "too short to judge":
            return f"{about} ({counted}, at least {LEAST_PERIODS} are needed)"
        if self.state.verdict == "no steady state":
            longer = "; of so few, many a steady series looks so: a longer horizon tells" if self.state.periods < SURE_PERIODS else ""
            return f"{about} within {counted}{longer}"
        own = f"the warm-up of {format_quantity(self.warmup, 's')}"
        if self.enough:
            return f"{self.kpi}: {own} is enough (MSER-5 cuts {self.state.cut} of {counted})"
        return f"{self.kpi}: {own} is too short, cut {format_quantity(self.needed, 's')} (MSER-5 cuts {self.state.cut} of {counted})"


def period_means(file: Any, period: float, names: Sequence[str]) -> dict[str, list[float]]:
    """Return key figures of every whole period from the start on, warm-up included; NaN where one has no value.

    ``file`` is an open results file. A record step belongs to the period in which it begins.
    """
    stems = dict.fromkeys(name.partition(".")[0] for name in names)
    wanted = [definition for definition in KPIS if definition.pattern.partition(".")[0] in stems]
    bounds = np.asarray(file["time_bounds"])
    labels = Tally(file).totals(file)
    rows = _Rows(file)
    count = math.floor(bounds[-1, 1] / period + _TOLERANCE) if len(bounds) else 0
    edges = np.searchsorted(bounds[:, 0], period * np.arange(count + 1) * (1 - 1e-12) - _TOLERANCE)
    found: dict[str, list[float]] = {name: [] for name in names}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        window = _Window(file)
        window.add(bounds[first:last], lambda variable, first=first, last=last: rows.of(variable, first, last))  # type: ignore[misc]
        totals = window.over(labels)
        values = {name: kpi.value for definition in wanted for name, kpi in definition.named(totals)}
        for name in names:
            found[name].append(values.get(name, math.nan))
    return found


class _Window(Tally):
    """Sums over some record steps, whether in the warm-up or not."""

    def __init__(self, file: Any) -> None:
        super().__init__(file, begin=-math.inf)

    def over(self, labels: Totals) -> Totals:
        """Return the sums, with the labels of another one of the same file."""
        return replace(labels, duration=self._duration, sums=self._sums, begin=self._begin, end=self._end)


class _Rows:
    """Rows of the arrays of a file, read in blocks, one of each array at a time."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._blocks: dict[str, tuple[int, Any]] = {}

    def of(self, variable: str, first: int, last: int) -> Any:
        """Return rows ``first`` to before ``last``, in which ``first`` never goes back."""
        start, block = self._blocks.get(variable, (0, ()))
        if last > start + len(block):
            start, block = first, np.asarray(self._file[variable][first : max(last, first + _ROWS)])
            self._blocks[variable] = start, block
        return block[first - start : last - start]
