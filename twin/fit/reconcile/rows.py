"""Each quantity, measured beside reconciled, with what checks it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from twin.fit.reconcile.gross_errors import Tests
from twin.fit.reconcile.readings import Measured
from twin.fit.reconcile.solve import Solution
from twin.fit.reconcile.system import Variable

Status = Literal["checked", "not checked", "exact", "left out", "calculated", "not observable"]
UNCHECKED = 1e-6
"""Adjustability below which nothing checks a measurement."""
NEGATIVE = -1e-9
"""Below this share of its scale a quantity is negative."""


@dataclass(frozen=True)
class Row:
    """One quantity, measured beside reconciled, SI. Not a number: not measured, or not observable.

    ``adjustment`` is in deviations of the measurement; ``adjustability`` 0..1 is 1 less the reconciled over the measured deviation; ``statistic`` is that of
    the measurement's own test.
    """

    name: str
    instrument: str
    si: str
    status: Status
    measured: float = math.nan
    error: float = math.nan
    reconciled: float = math.nan
    deviation: float = math.nan
    adjustment: float = math.nan
    adjustability: float = math.nan
    statistic: float = math.nan
    source: str = ""
    impossible: bool = False
    """Whether it came out below 0, and is no change of a stock."""


@dataclass(frozen=True)
class _Rows:
    solution: Solution
    tests: Tests
    instruments: Mapping[str, str]
    measured: Mapping[str, Measured]
    taken_out: Mapping[str, Measured]
    """What was left out, by quantity."""

    def row(self, k: int, i: int) -> Row:
        """Row of unknown ``k``, which is measurement ``i``; -1 where it was not measured."""
        variable = self.solution.system.variables[k]
        instrument = self.instruments.get(variable.name, "")
        if i >= 0:
            return self._measured(variable, k, i, instrument)
        value = float(self.solution.values[k])
        if variable.deviation == 0.0:
            source = self.measured[instrument].source if instrument else ""
            return Row(variable.name, instrument, variable.si, "exact", variable.value, 0.0, value, 0.0, source=source)
        return self._unmeasured(variable, k, value)

    def _measured(self, variable: Variable, k: int, i: int, instrument: str) -> Row:
        value, deviation = float(self.solution.values[k]), float(self.solution.deviation[k])
        adjustability = max(1.0 - deviation / variable.deviation, 0.0)
        return Row(
            variable.name,
            instrument,
            variable.si,
            "checked" if adjustability > UNCHECKED else "not checked",
            variable.value,
            variable.deviation,
            value,
            deviation,
            (value - variable.value) / variable.deviation,
            adjustability,
            float(self.tests.statistics[i]),
            self.measured[instrument].source,
            _impossible(variable, value),
        )

    def _unmeasured(self, variable: Variable, k: int, value: float) -> Row:
        hidden = bool(self.solution.hidden[k])
        reconciled, deviation = (math.nan, math.nan) if hidden else (value, float(self.solution.deviation[k]))
        out = self.taken_out.get(variable.name)
        impossible = not hidden and _impossible(variable, value)
        if out is None:
            status: Status = "not observable" if hidden else "calculated"
            return Row(variable.name, "", variable.si, status, reconciled=reconciled, deviation=deviation, impossible=impossible)
        away = (reconciled - out.value) / out.deviation if out.deviation else math.nan
        return Row(
            variable.name,
            out.instrument,
            variable.si,
            "left out",
            out.value,
            out.deviation,
            reconciled,
            deviation,
            away,
            source=out.source,
            impossible=impossible,
        )


def _impossible(variable: Variable, value: float) -> bool:
    return value < NEGATIVE * variable.scale and not variable.name.endswith(".change")


def rows_of(solution: Solution, tests: Tests, instruments: Mapping[str, str], measured: Mapping[str, Measured], leave_out: Sequence[str]) -> tuple[Row, ...]:
    """Return a row for each unknown, then one for each reading that was left out beside another of the same quantity, or stands in no balance without it."""
    out = {measured[name].quantity: measured[name] for name in leave_out}
    rows = _Rows(solution, tests, instruments, measured, out)
    place = {int(k): i for i, k in enumerate(solution.system.measured)}
    found = [rows.row(k, place.get(k, -1)) for k in range(len(solution.system.variables))]
    told = {row.instrument for row in found}
    beside = [measured[name] for name in leave_out if name not in told]
    return (*found, *(Row(one.quantity, one.instrument, one.si, "left out", one.value, one.deviation, source=one.source) for one in beside))
