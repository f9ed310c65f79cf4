"""Several windows in one run: each is reconciled, what a stock held at its end is carried over to the next, and the whole time is reconciled as their total."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from twin.errors import ContradictionError, UsageError
from twin.fit.reconcile.closing import month
from twin.fit.reconcile.data_file import Data, load_data
from twin.fit.reconcile.equations import canonical
from twin.fit.reconcile.network import Network
from twin.fit.reconcile.outcome import Reconciliation, network_of, reconcile
from twin.fit.reconcile.readings import MINUTE, Reading, Window
from twin.scenario.model import Scenario

MOST_WINDOWS = 120
CARRIED = "carried over"
"""Begins the source of a stock that the window before says."""
_RANGE = re.compile(r"(\d{4}-\d{2})\.\.(\d{4}-\d{2})")


@dataclass(frozen=True)
class Windows:
    """The outcome of each window, in the order of time, and of the whole time; ``notes`` say what was carried over and what was not."""

    windows: tuple[Reconciliation, ...]
    total: Reconciliation
    notes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether no window and not the whole has anything to look at."""
        return all(not one.tests.suspects and one.tests.whole.passed for one in (*self.windows, self.total))


def months(text: str) -> list[Window]:
    """Return the windows of one month, or of all from one to another. Raises ``UsageError``.

    >>> [str(window) for window in months("2025-12..2026-01")]
    ['2025-12-01 to 2026-01-01', '2026-01-01 to 2026-02-01']
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return [month(text)]
    found, last = [month(match[1])], month(match[2])
    if last.begin < found[0].begin:
        raise UsageError(f"the last month comes after the first, e.g. 2026-01..2026-03 (got {text[:40]!r})")
    while found[-1].begin < last.begin:
        found.append(month(f"{found[-1].end:%Y-%m}"))
        if len(found) > MOST_WINDOWS:
            raise UsageError(f"at most {MOST_WINDOWS} windows are reconciled in one run (got {text[:40]!r})")
    return found


def reconcile_windows(
    data: Data | str | os.PathLike[str], plant: Scenario | None = None, *, windows: Sequence[Window], leave_out: Sequence[str] = ()
) -> Windows:
    """Reconcile each window, then the time from the first to the last as a whole.

    The reconciled closing stocks of a window, with their errors, are the opening stocks of the one that follows it at once, in place of the count at that
    moment, which they hold already. Of a window that has suspects nothing is carried over: the count stands. What is unaccounted for is always told from
    counts, as stated in :func:`~twin.fit.reconcile.closing.losses_of`. Errors of several stocks that are carried over are taken as independent.

    Raises what :func:`~twin.fit.reconcile.reconcile` raises, and ``UsageError`` where windows overlap, leave a gap, or are fewer than two.
    """
    ordered = _in_order(windows)
    loaded = data if isinstance(data, Data) else load_data(data)
    network = network_of(loaded, plant)
    found: list[Reconciliation] = []
    notes: list[str] = []
    for window in ordered:
        counted = _one(loaded, plant, window, leave_out)
        carried = _carried(found[-1]) if found else []
        if found and found[-1].tests.suspects:
            notes.append(f"{found[-1].window}: has suspects, so that nothing is carried over into {window}; the counts at {window.begin:%Y-%m-%d} stand")
            carried = []
        if carried:
            names = {reading.quantity for reading in carried}
            own = [reading for reading in loaded.readings if not _counts(reading, names, window, loaded, network)]
            outcome = _one(replace(loaded, readings=(*own, *carried)), plant, window, [name for name in leave_out if name not in names])
            counted = replace(outcome, losses=counted.losses, data=loaded)
        found.append(counted)
    total = _one(loaded, plant, Window(ordered[0].begin, ordered[-1].end), leave_out)
    return Windows(tuple(found), total, tuple(notes))


def _in_order(windows: Sequence[Window]) -> list[Window]:
    ordered = sorted(windows, key=lambda window: window.begin)
    if len(ordered) < 2:
        raise UsageError("several windows are at least two: for one use reconcile()")
    if len(ordered) > MOST_WINDOWS:
        raise UsageError(f"at most {MOST_WINDOWS} windows are reconciled in one run (got {len(ordered)})")
    for one, other in pairwise(ordered):
        if abs((other.begin - one.end).total_seconds()) > MINUTE:
            how = "overlap" if other.begin < one.end else "leave a gap, over which no stock can be carried"
            raise UsageError(f"the windows {one} and {other} {how}: each begins where the one before ends")
    return ordered


def _one(data: Data, plant: Scenario | None, window: Window, leave_out: Sequence[str]) -> Reconciliation:
    try:
        return reconcile(data, plant, window=window, leave_out=leave_out)
    except ContradictionError as error:
        raise ContradictionError(f"{window}: {error}") from None


def _carried(before: Reconciliation) -> list[Reading]:
    """The closing stocks of a window as opening stocks of the next: of each node in mass, and in each component that was told."""
    assert before.window is not None
    found = []
    for row in before.rows:
        kind, _, rest = row.name.partition(".")
        stock, _, moment = rest.rpartition(".")
        if kind == "level" and moment == "closing" and not math.isnan(row.reconciled) and not math.isnan(row.deviation):
            at = before.window.end
            name = f"level.{stock}.opening"
            found.append(Reading(name, name, row.reconciled, row.deviation, row.si, at, at, f"{CARRIED} from {before.window}"))
    return found


def _counts(reading: Reading, carried: set[str], window: Window, data: Data, network: Network) -> bool:
    """Whether a reading is the count of a carried stock at the begin of the window: the window before took it as its closing."""
    name = canonical(reading.quantity, network, data.setting.constants)
    at_begin = reading.begin is not None and abs((reading.begin - window.begin).total_seconds()) <= MINUTE
    return at_begin and f"{name}.opening" in carried
