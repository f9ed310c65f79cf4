"""A stop log to mean times between failures and to repair, by machine and by cause, and to the breakdowns of a scenario.

Up time is what lies between the end of a stop and the begin of the next. The first stretch, up to the first stop, is
of unknown age and left out; the last one, up to the end of the log, is censored. A planned stop pauses the machine: it ends no up time.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from twin.engine.calendars import Calendar
from twin.errors import TableError, UsageError
from twin.fit.lifetimes import Fit, fits
from twin.fit.tables.importing import assign_roles, read_columns
from twin.fit.tables.options import Options
from twin.fit.tables.rows import length_of
from twin.fit.tables.selection import selected
from twin.fit.tables.stops import LoggedStop, logged_stops
from twin.quantities import NANOSECONDS, format_quantity, shown
from twin.scenario.problems import nearest
from twin.scenario.stops import NOT_STATED
from twin.study.change_file import Change

ALL = "all causes"
OTHERS = "other causes"
OpenTime = Callable[[datetime, datetime], float]
"""Hours in which a machine was meant to work, between two moments."""


@dataclass(frozen=True)
class Log:
    """The stops of a log by machine, sorted, those that overlap joined; what was watched is from ``begin`` to ``end``."""

    machines: dict[str, list[LoggedStop]]
    begin: datetime
    end: datetime
    notes: list[str] = field(default_factory=list)
    source: str = ""


@dataclass(frozen=True)
class Times:
    """Times of one machine, or of one of its causes, h: up times that ended and that are censored, repairs that ended and that are censored."""

    up: tuple[float, ...]
    still_up: tuple[float, ...]
    repairs: tuple[float, ...]
    still_down: tuple[float, ...]


@dataclass(frozen=True)
class Reliability:
    """What a log says of one machine and cause: the times, and fits of both, the best first; none where nothing ended.

    ``clock``: ``operating`` where only the time in which the machine was meant to work counts, else ``calendar``.
    """

    machine: str
    cause: str
    stops: int
    down: float
    times: Times
    between: tuple[Fit, ...]
    repair: tuple[Fit, ...]
    clock: str


def read_log(path: Path, options: Options, begin: datetime | None, end: datetime | None) -> Log:
    """Return the stops of a log; what was watched goes from the first begin to the last end where ``begin`` and ``end`` do not say. Raises ``TableError``."""
    source, columns, notes = read_columns(path, options)
    try:
        assign_roles(columns, "stops")
        chosen = selected(columns, options, "stops")
        columns, notes = chosen.columns, [*notes, *chosen.notes]
        found, more = logged_stops(columns, options)
        notes = [*source.notes, *notes, *more]
        first = begin or min(stop.begin for stop in found)
        last = end or max(stop.end or stop.begin for stop in found)
        if not first < last:
            raise TableError([f"what was watched must end after it begins (from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M})"])
        machines: dict[str, list[LoggedStop]] = {}
        for stop in sorted(found, key=lambda stop: (stop.begin, stop.line)):
            machines.setdefault(stop.machine, []).append(stop)
        joined = {name: _joined(name, stops, first, last, notes) for name, stops in machines.items()}
    except TableError as error:
        raise TableError([f"{source.name}: {fault}" for fault in error.faults]) from None
    if begin is None or end is None:
        notes.append("watched from the first begin to the last end of the log: say --from and --to where it was longer")
    return Log(joined, first, last, notes, f"{source.name}, sha256 {source.sha256[:12]}")


def _joined(machine: str, stops: Sequence[LoggedStop], begin: datetime, end: datetime, notes: list[str]) -> list[LoggedStop]:
    """Leave out what lies outside, and join what overlaps: a machine stops once at a time, under the cause that came first."""
    found: list[LoggedStop] = []
    joined = left = 0
    for stop in stops:
        if stop.begin >= end or (stop.end is not None and stop.end <= begin) or stop.begin < begin:
            left += 1
            continue
        before = found[-1] if found else None
        if before is not None and (before.end is None or stop.begin < before.end):
            joined += 1
            if before.end is not None and (stop.end is None or stop.end > before.end):
                length = None if stop.end is None else length_of(stop.end - before.begin)
                found[-1] = LoggedStop(before.line, before.machine, before.begin, length, before.reason, before.copy)
        else:
            found.append(stop)
    of = f" of {machine}" if machine else ""
    if joined:
        notes.append(f"{joined} stop{'s' * (joined > 1)}{of} overlap one before: joined, under its cause")
    if left:
        notes.append(f"{left} stop{'s' * (left > 1)}{of} begin before what was watched, or lie outside: left out")
    return found


def reliability(log: Log, planned: Sequence[str], calendars: dict[str, Calendar | None], confidence: float = 0.9, *, apart: bool = False) -> list[Reliability]:
    """Return what a log says, by machine: all causes, then each with its own. ``planned``: reasons that are no failures.

    ``calendars``: by machine, with the begin of the log as their start; None or no entry where all time counts. ``apart``: each cause has a clock of its own,
    as in ``failures_by_cause``: stops of others pause it; else they mend the machine, which begins anew, and the cause's up time is censored. Raises
    ``UsageError``.
    """
    known = list(dict.fromkeys(stop.reason or NOT_STATED for stops in log.machines.values() for stop in stops))
    for reason in planned:
        if reason not in known:
            raise UsageError(f"--planned {shown(reason)}: no stop has this reason; {nearest(reason, known)}")
    found = []
    for machine, stops in log.machines.items():
        calendar = calendars.get(machine)
        if calendar is not None and (closed := sum(not _is_open(calendar, stop.begin, log.begin) for stop in stops)):
            log.notes.append(f"{closed} of {len(stops)} stops of {machine or 'the machine'} begin while its calendar is closed: does the log fit the calendar?")
        failures = [stop for stop in stops if (stop.reason or NOT_STATED) not in planned]
        causes = list(dict.fromkeys(stop.reason or NOT_STATED for stop in failures))
        chosen = [ALL, *(causes if len(causes) > 1 else [])]
        for cause in chosen:
            pausing = [*planned, *(other for other in causes if other != cause)] if apart and cause != ALL else planned
            found.append(_of(machine, cause, stops, pausing, log, calendar, confidence))
    return found


def with_rare_together(log: Log, planned: Sequence[str], least: int = 2) -> Log:
    """Return the log with the causes of fewer than ``least`` stops of a machine under one, ``other causes``; which they are is noted."""
    machines, notes = {}, list(log.notes)
    for machine, stops in log.machines.items():
        counts = Counter(stop.reason or NOT_STATED for stop in stops)
        rare = [cause for cause, count in counts.items() if count < least and cause not in planned]
        if len(rare) > 1:
            stops = [replace(stop, reason=OTHERS) if (stop.reason or NOT_STATED) in rare else stop for stop in stops]
            notes.append(f"{machine or 'the machine'}: causes of fewer than {least} stops, taken together as {OTHERS!r}: {', '.join(rare)}")
        machines[machine] = stops
    return replace(log, machines=machines, notes=notes)


def _of(machine: str, cause: str, stops: Sequence[LoggedStop], planned: Sequence[str], log: Log, calendar: Calendar | None, confidence: float) -> Reliability:
    times = _times(stops, cause, planned, log, _open_time(calendar, log.begin))
    own = [stop for stop in stops if _counts(stop, cause, planned)]
    down = math.fsum(((stop.end or log.end) - stop.begin).total_seconds() / 3600.0 for stop in own)
    between = fits(np.array(times.up), np.array(times.still_up), confidence) if times.up else []
    repair = fits(np.array(times.repairs), np.array(times.still_down), confidence) if times.repairs else []
    return Reliability(machine, cause, len(own), down, times, tuple(between), tuple(repair), "operating" if calendar else "calendar")


def _counts(stop: LoggedStop, cause: str, planned: Sequence[str]) -> bool:
    reason = stop.reason or NOT_STATED
    return reason not in planned and cause in (ALL, reason)


def _is_open(calendar: Calendar, moment: datetime, start: datetime) -> bool:
    now = round((moment - start).total_seconds()) * NANOSECONDS
    return calendar.opens(now) == now


def _open_time(calendar: Calendar | None, start: datetime) -> OpenTime:
    def hours(begin: datetime, end: datetime) -> float:
        if calendar is None:
            return (end - begin).total_seconds() / 3600.0
        low, high = (round((moment - start).total_seconds()) * NANOSECONDS for moment in (begin, end))
        return calendar.open_between(low, high) / NANOSECONDS / 3600.0 if high > low else 0.0

    return hours


def _times(stops: Sequence[LoggedStop], cause: str, planned: Sequence[str], log: Log, hours: OpenTime) -> Times:
    """Up times by the stop that ended them. A stop of another cause ends one too, which is censored for this cause: the machine is mended and begins anew."""
    up: list[float] = []
    still_up: list[float] = []
    repairs: list[float] = []
    still_down: list[float] = []
    since, age, known = log.begin, 0.0, False
    for stop in stops:
        age += hours(since, stop.begin)
        end = stop.end
        if (stop.reason or NOT_STATED) not in planned:
            if known and age > 0.0:
                (up if _counts(stop, cause, planned) else still_up).append(age)
            age, known = 0.0, True
            if _counts(stop, cause, planned):
                length = ((end or log.end) - stop.begin).total_seconds() / 3600.0
                if length > 0.0:
                    (repairs if end is not None and end <= log.end else still_down).append(length)
        since = end if end is not None else log.end
    if known and since < log.end and (age := age + hours(since, log.end)) > 0.0:
        still_up.append(age)
    return Times(tuple(up), tuple(still_up), tuple(repairs), tuple(still_down))


# -- what a scenario takes of it ----------------------------------------------------------------------------------------------------------


def failures_of(found: Reliability, source: str) -> dict[str, object]:
    """Return ``failures`` as a scenario writes them, each number measured, with its interval. Raises ``UsageError`` where too little was seen."""
    if not found.between or not found.repair:
        raise UsageError(f"{found.machine or 'the machine'}: two stops are needed at least to say how long it works between them")
    return {"mtbf": _law(found.between[0], source), "mttr": _law(found.repair[0], source), "clock": found.clock, "reason": "breakdown"}


def failures_by_cause_of(found: Sequence[Reliability], source: str) -> tuple[dict[str, object], list[str]]:
    """Return ``failures_by_cause`` of one machine, and notes on causes that are left out, having ended no up time.

    ``found``: its causes, each fitted apart. Raises ``UsageError`` where none is left.
    """
    written: dict[str, object] = {}
    notes: list[str] = []
    for one in found:
        if not one.between or not one.repair:
            notes.append(f"{one.machine or 'the machine'}: {one.cause!r} left out of the file: two stops are needed to say what lies between them")
            continue
        key = name = cause_key(one.cause)
        while key in written:
            key = f"{name}_{len(written)}"
        written[key] = {**failures_of(one, source), "reason": one.cause}
    if not written:
        raise UsageError(f"{found[0].machine or 'the machine'}: no cause has two stops, which are needed at least to say how long it works between them")
    return written, notes


def cause_key(cause: str) -> str:
    """Return a reason as the key of a scenario.

    >>> cause_key("Störstoff im Rotor"), cause_key("3rd belt")
    ('stoerstoff_im_rotor', 'cause_3rd_belt')
    """
    spelled = cause.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()).strip("_")[:40]
    return plain if plain[:1].isalpha() else f"cause_{plain}".rstrip("_")


def _law(fit: Fit, source: str) -> dict[str, object]:
    numbers: dict[str, object] = {}
    for name, interval in fit.parameters.items():
        value, low, high = (f"{x:.6g}" if name == "shape" else _hours(x) for x in (interval.value, interval.low, interval.high))
        plain: list[float | str] = [float(x) if name == "shape" else x for x in (value, low, high)]
        numbers[name] = Change(plain[0], "measured", source, plain[1], plain[2])
    return {fit.form: numbers}


def _hours(value: float) -> str:
    """A time as a scenario writes it, in hours with six digits."""
    return f"{value:.6g} h" if 1e-3 <= value < 1e6 else format_quantity(value * 3600.0, "s")
