"""Key figures of every whole week, or day, of a run: what a limit is judged by that must hold in most weeks.

A week is that of ISO 8601, from Monday to Sunday in the plant's own time; only whole ones within the window count. Figures are taken from the record steps
that begin in the week, and from the loads sampled in it, so that steps must end where weeks do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from twin.errors import UsageError
from twin.quantities import DAY, WEEK, format_quantity
from twin.results.kpis import KPIS, Kpi
from twin.scenario import Scenario
from twin.scenario.problems import nearest

if TYPE_CHECKING:
    from twin.results.read import Result

LENGTHS = {"week": WEEK, "day": DAY}
FIGURES = (
    "throughput", "processed", "recovery", "grade", "grade_found", "yield", "product_mass", "offspec_share", "offspec_share_true", "passed_offspec",
    "failed_onspec", "rejected_mass", "utilisation", "starts", "blocked", "starved", "waiting", "oee", "availability", "load", "specific_energy",
    "energy", "co2", "co2_per_tonne", "queue", "wait", "turned_away_share", "turned_away_mass", "pickup_queue", "pickup_wait", "short_pickup_share",
    "empty_pickup_share", "rejected_pickup_share", "on_time_share", "late", "open_orders", "deportment",
)  # fmt: skip
"""Key figures, by the word before the first dot, that are told from record steps, samples and orders alone, and so have a value in a week."""
_TOLERANCE = 1e-6


def periods(scenario: Scenario, per: str) -> list[tuple[float, float]]:
    """Return begin and end (s from the start) of each whole week (or day) between warm-up and horizon.

    Raises ``UsageError`` where there is none, or where record steps do not end with them.
    """
    length, every = LENGTHS[per], scenario.record.every
    first = _first(scenario.start, scenario.warmup, per)
    count = math.floor((scenario.horizon - first) / length + 1e-9)
    if count < 1:
        what = "whole ISO week (Monday to Sunday)" if per == "week" else "whole day"
        window = f"{format_quantity(scenario.warmup, 's')} to {format_quantity(scenario.horizon, 's')}"
        raise UsageError(f"there is no {what} between {window} after {scenario.start:%A %Y-%m-%d %H:%M}; give a longer time.horizon")
    if every is None or any(abs(round(at / every) * every - at) > _TOLERANCE for at in (first, length)):
        step = "no record steps" if every is None else f"record steps of {format_quantity(every, 's')}"
        raise UsageError(
            f"with {step} a {per} has no figures of its own: the {per}s begin {format_quantity(first, 's')} after the start; take record: {{every: 1 h}}"
        )
    return [(first + k * length, first + (k + 1) * length) for k in range(count)]


def _first(start: datetime, warmup: float, per: str) -> float:
    """The first Monday (or any day) 00:00 at or after the warm-up, s from the start."""
    warm = start + timedelta(seconds=warmup)
    midnight = warm.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < warm or (per == "week" and midnight.weekday() != 0):
        midnight += timedelta(days=1)
    return (midnight - start).total_seconds()


def check_figure(name: str) -> None:
    """Raise ``UsageError`` for a key figure that a week has no value of."""
    if name.partition(".")[0] not in FIGURES:
        raise UsageError(f"{name[:80]!r} is told of a whole run only, not of a week; {nearest(name.partition('.')[0], FIGURES)}")


def figures_of_periods(result: Result, scenario: Scenario, watch: Sequence[tuple[str, str]]) -> dict[str, Kpi]:
    """Return what is watched in each period: ``{"week.0.grade.steel.Fe": …, "week.1.grade.steel.Fe": …}``, NaN where a period has no value."""
    found: dict[str, Kpi] = {}
    for per in dict.fromkeys(per for per, _ in watch):
        names = [name for own, name in watch if own == per]
        stems = dict.fromkeys(name.partition(".")[0] for name in names)
        wanted = [definition for definition in KPIS if definition.pattern.partition(".")[0] in stems]
        for k, (begin, end) in enumerate(periods(scenario, per)):
            totals = result.totals_between(begin, end)
            values = {name: kpi for definition in wanted for name, kpi in definition.named(totals)}
            found |= {f"{per}.{k}.{name}": values.get(name, Kpi(math.nan, "1")) for name in names}
    return found
