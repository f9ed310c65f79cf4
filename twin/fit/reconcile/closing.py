"""Closing a month: what is unaccounted for, and the trail of who changed what.

Unaccounted is opening stock + in - out - closing stock, of the measured values alone, before anything is reconciled: after it every balance closes.
"""

from __future__ import annotations

import calendar
import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import UsageError
from twin.fit.reconcile.network import OUTSIDE, Network
from twin.fit.reconcile.readings import Measured, Window
from twin.fit.reconcile.system import System, Variable
from twin.results.provenance import twin_version

if TYPE_CHECKING:
    from twin.fit.reconcile.outcome import Reconciliation

INTERVAL = 1.959963984540054
"""Standard deviations to each side of a 95 % interval."""
PLANT = "plant"
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True)
class Loss:
    """What is unaccounted for in ``place``: the plant, or one node. ``lacking`` are the quantities that were not measured, without which nobody can tell."""

    place: str
    component: str
    value: float
    deviation: float
    si: str
    lacking: tuple[str, ...]
    share: float = math.nan
    """Part of what came in."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return self.value - INTERVAL * self.deviation, self.value + INTERVAL * self.deviation

    @property
    def told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        low, high = self.interval
        return low > 0.0 or high < 0.0


def month(text: str) -> Window:
    """Return the window of a month. Raises ``UsageError``.

    >>> str(month("2026-02"))
    '2026-02-01 to 2026-03-01'
    """
    match = _MONTH.fullmatch(text.strip())
    if match is None or not 1 <= int(match[2]) <= 12 or not 1900 <= int(match[1]) < 2200:
        raise UsageError(f"a month is needed, e.g. 2026-03 (got {text[:40]!r})")
    year, number = int(match[1]), int(match[2])
    calendar.monthrange(year, number)
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return Window(datetime(year, number, 1), datetime(*after, 1))


def losses_of(network: Network, system: System, measured: Sequence[Measured]) -> tuple[Loss, ...]:
    """Return the unaccounted loss of the plant, in mass and in each component, then of those nodes at which it can be told."""
    system = System(_combined(system, measured), system.equations)
    balances: dict[str, list[int]] = {}
    for k, equation in enumerate(system.equations):
        if equation.node:
            _, _, rest = equation.node.partition(" (")
            balances.setdefault(rest.rstrip(")"), []).append(k)
    found = []
    for component, rows in balances.items():
        if "," in component:
            continue
        found.append(_loss(PLANT, component, rows, network, system))
    for k in balances.get("", []):
        one = _loss(system.equations[k].node, "", [k], network, system)
        if not one.lacking and len(balances[""]) > 1:
            found.append(one)
    return tuple(found)


def _combined(system: System, measured: Sequence[Measured]) -> tuple[Variable, ...]:
    """Unknowns with the weighted mean of all instruments that read them."""
    found = []
    for variable in system.variables:
        own = [one for one in measured if one.quantity == variable.name]
        if len(own) > 1 and all(one.deviation > 0.0 for one in own):
            weight = math.fsum(one.deviation**-2 for one in own)
            mean = math.fsum(one.value * one.deviation**-2 for one in own) / weight
            variable = replace(variable, value=mean, deviation=weight**-0.5)
        found.append(variable)
    return tuple(found)


def _loss(place: str, component: str, rows: Sequence[int], network: Network, system: System) -> Loss:
    """The sum of balances, in which inner streams cancel."""
    sums: dict[tuple[int, ...], float] = {}
    for k in rows:
        for term in system.equations[k].terms:
            sums[term.variables] = sums.get(term.variables, 0.0) + term.factor
    sums = {variables: factor for variables, factor in sums.items() if factor != 0.0}
    used = sorted({k for variables in sums for k in variables})
    lacking = tuple(system.variables[k].name for k in used if math.isinf(system.deviation[k]))
    si = next((system.variables[k].si for k in used if system.variables[k].si != "1"), "1")
    if lacking or not used:
        return Loss(place, component, math.nan, math.nan, si, lacking or ("any stream",))
    x = system.value
    value, came, slope = 0.0, 0.0, np.zeros(len(x))
    inward = {f"flow.{edge.name}" for edge in network.edges if (edge.source == OUTSIDE if place == PLANT else edge.target == place)}
    for variables, factor in sums.items():
        part = factor * math.prod(float(x[k]) for k in variables)
        value += part
        if any(system.variables[k].name in inward for k in variables):
            came += part
        for j, k in enumerate(variables):
            slope[k] += factor * math.prod(float(x[m]) for i, m in enumerate(variables) if i != j)
    deviation = float(np.sqrt(((slope[used] * system.deviation[used]) ** 2).sum()))
    return Loss(place, component, value, deviation, si, (), value / came if came > 0.0 else math.nan)


def audit_trail(found: Reconciliation | Sequence[Reconciliation], by: str = "", reason: str = "") -> str:
    """Return a CSV with a line for each quantity: what was read, what it became, what was taken out and by whom; hashes and version in each line.

    Of several windows one after the other.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("quantity", "instrument", "unit", "from", "to", "measured", "measured_sd", "reconciled", "reconciled_sd", "adjustment", "adjustment_in_sd",
         "status", "taken_out_by", "reason", "source", "data_sha256", "plant_sha256", "twin_version")
    )  # fmt: skip
    for one in [found] if not isinstance(found, Sequence) else found:
        writer.writerows(_audit_rows(one, by, reason))
    return out.getvalue()


def _audit_rows(found: Reconciliation, by: str, reason: str) -> Iterator[tuple[str, ...]]:
    times = (found.window.begin.isoformat(), found.window.end.isoformat()) if found.window is not None else ("", "")
    for row in found.rows:
        out_by = (by, reason) if row.status == "left out" else ("", "")
        numbers = (row.measured, row.error, row.reconciled, row.deviation, row.reconciled - row.measured, row.adjustment)
        told = ("" if math.isnan(number) else repr(number) for number in numbers)
        hashes = (found.data.digest, found.network.digest, twin_version())
        yield (row.name, row.instrument, row.si, *times, *told, row.status, *out_by, row.source, *hashes)
