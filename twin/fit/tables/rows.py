"""What the modules of all kinds share: the table that is written, moments of rows, shares that sum to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from twin.errors import TableError
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.moments import Moment
from twin.fit.tables.options import Options
from twin.fit.tables.zones import standard_times

_MOST_OFF = Fraction(1, 50)
"""What shares may lack to 1 at most, however few decimals are written."""


@dataclass
class Made:
    """The table in the form that scenarios read: its heading, its rows as texts, notes on the whole, a summary in words."""

    kind: str
    heading: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    summary: str = ""


@dataclass(frozen=True)
class Times:
    """When the rows are, in local standard time, in the order of the file; None where a row has no date. ``grain``: what a cell stands for."""

    values: tuple[datetime | None, ...]
    grain: Literal["instant", "day", "month"]
    notes: tuple[str, ...] = ()


def times_of(columns: Sequence[Column], options: Options) -> Times:
    """Return the times of the rows, from one column or from a date and a time of day. Raises ``TableError``."""
    day, clock = _time_columns(columns)
    found = day.needed_moments()
    values = found.values
    grain = found.grain
    if found.note:
        day.notes.append(found.note)
    if clock is not None:
        if clock.clocks is None:
            raise TableError([f"column {clock.label!r}: times of day are needed, e.g. 06:12"])
        values, grain = _joined(values, clock), "instant"
    return _standard(values, grain, day, options)


def moments_of(column: Column, options: Options) -> list[datetime | None]:
    """Return the moments of one column in local standard time. Raises ``TableError``."""
    found = column.needed_moments()
    if found.note:
        column.notes.append(found.note)
    return list(_standard(found.values, found.grain, column, options).values)


def _standard(values: Sequence[Moment | None], grain: Literal["instant", "day", "month"], column: Column, options: Options) -> Times:
    filled = [k for k, value in enumerate(values) if value is not None]
    given = [value for value in values if value is not None]
    if grain == "instant":
        try:
            times, notes = standard_times(given, [column.lines[k] for k in filled], options.clock)
        except TableError as error:
            raise TableError([f"column {column.label!r}: {fault}" for fault in error.faults]) from None
    else:
        times, notes = [moment.at for moment in given], []
    if any(time.microsecond for time in times):
        notes.append("parts of a second left out")
    by_row: list[datetime | None] = [None] * len(values)
    for k, time in zip(filled, times, strict=True):
        if not 1900 <= time.year <= 2200:
            raise TableError([f"column {column.label!r}: line {column.lines[k]}: the year {time.year} is none from 1900 to 2200"])
        by_row[k] = time.replace(microsecond=0)
    column.notes += notes
    return Times(tuple(by_row), grain, tuple(notes))


def _time_columns(columns: Sequence[Column]) -> tuple[Column, Column | None]:
    """Return the column of the time, or those of the date and of the time of day."""
    for column in columns:
        if column.entry.role is None:
            if column.role in ("time", "date", "clock") and column.clocks is not None:
                column.role = "clock"
            elif column.role in ("time", "date", "clock") and column.moments is not None:
                column.role = "time"
        elif column.role == "date":
            column.role = "time"
    dated = [column for column in columns if column.role in ("time", "date")]
    if any(column.moments is not None or column.fault for column in dated):
        for column in dated:
            if column.entry.role is None and column.moments is None and not column.fault:
                column.role = None
    for column in dated:
        column.role = "time" if column.role == "date" else column.role
    timed = [column for column in columns if column.role == "time"]
    if not timed:
        timed = [column for column in columns if column.role is None and column.entry.role is None and column.moments is not None]
        for column in timed:
            column.role = "time"
    _prefer(timed)
    day = the_one(columns, "time")
    if day is None:
        said = next((column for column in columns if column.role == "clock"), None)
        what = f"; {said.label!r} is a time of day without a date" if said else ""
        raise TableError([f'no column of dates is found{what}: say which, e.g. --map "COLUMN=time" (columns: {", ".join(column.label for column in columns)})'])
    clock = the_one(columns, "clock")
    if clock is not None and day.moments is not None and day.moments.grain == "instant":
        clock.role = None
        clock.notes.append("left out: the dates have a time of day already")
        clock = None
    return day, clock


def _prefer(timed: Sequence[Column]) -> None:
    """Of several columns of dates, one that has a time of day says more than one that has none, where both are called alike."""
    instants = [column for column in timed if column.moments is not None and column.moments.grain == "instant" and column.entry.role is None]
    said = any(column.entry.role for column in timed)
    if len(timed) > 1 and len(instants) == 1 and not said:
        for column in timed:
            if column is not instants[0]:
                column.role = None


def _joined(values: Sequence[Moment | None], clock: Column) -> tuple[Moment | None, ...]:
    assert clock.clocks is not None
    found: list[Moment | None] = []
    for value, since, line in zip(values, clock.clocks, clock.lines, strict=True):
        if value is not None and since is None:
            raise TableError([f"column {clock.label!r}: line {line} has a date and no time of day"])
        found.append(Moment(value.at + since) if value is not None and since is not None else None)
    return tuple(found)


def stamp(time: datetime) -> str:
    """Return a moment as scenarios read it.

    >>> stamp(datetime(2026, 3, 2, 6, 12)), stamp(datetime(2026, 3, 2, 6, 12, 30))
    ('2026-03-02T06:12', '2026-03-02T06:12:30')
    """
    return time.isoformat(timespec="seconds" if time.second else "minutes")


def shown_time(time: datetime) -> str:
    """Return a moment for people."""
    return stamp(time).replace("T", " ")


def number(value: Fraction) -> str:
    """Return the shortest decimal that is read back as the same float.

    >>> number(Fraction("12260") / 1000)
    '12.26'
    """
    return repr(float(value)).removesuffix(".0")


def normalised(shares: Sequence[Fraction], steps: Sequence[Fraction], line: int, what: str) -> tuple[list[Fraction], bool]:
    """Return shares with a sum of 1, and whether they were scaled; what they lack must be explained by their last decimal places.

    >>> normalised([Fraction("0.333"), Fraction("0.666")], [Fraction(1, 1000)] * 2, 2, "shares")[1]
    True

    Raises ``TableError``.
    """
    total = sum(shares, Fraction(0))
    if total == 1:
        return list(shares), False
    if total <= 0 or abs(total - 1) > min(sum(steps, Fraction(0)) / 2 + Fraction(1, 10**9), _MOST_OFF):
        got = f"{float(100 * total):.6g} %"
        raise TableError(
            [f"line {line}: the {what} sum to {got}, which rounding does not explain: correct the file, or map a column that is none of them to ignore"]
        )
    return [share / total for share in shares], True


def length_of(time: timedelta) -> Fraction:
    """Return a length of time in minutes."""
    return Fraction(time.days * 1440) + Fraction(time.seconds, 60) + Fraction(time.microseconds, 60_000_000)
