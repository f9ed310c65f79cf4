"""A shift book to listed stops: machine, begin, end or duration, reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from twin.errors import TableError
from twin.fit.tables.cells import is_blank
from twin.fit.tables.columns import Column, the_one
from twin.fit.tables.limits import MOST_FAULTS
from twin.fit.tables.moments import Moment
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Made, length_of, moments_of, number, shown_time, stamp
from twin.scenario.stops import LONGEST_REASON

ONE = Fraction(1)  # min: a log that tells whole minutes


@dataclass(frozen=True)
class LoggedStop:
    """A row of a log: ``length`` in minutes, None where the stop was not over when the log ended."""

    line: int
    machine: str
    begin: datetime
    length: Fraction | None
    reason: str
    copy: str = ""

    @property
    def end(self) -> datetime | None:
        """When it was over."""
        return None if self.length is None else self.begin + timedelta(seconds=float(self.length * 60))


def stops(columns: Sequence[Column], options: Options) -> Made:
    """Return the stops of a log in the form that scenarios read. Raises ``TableError``."""
    found, notes = logged_stops(columns, options)
    still = [stop for stop in found if stop.length is None]
    for stop in still:
        notes.append(f"line {stop.line} left out: the stop has no end")
    ended = sorted((stop for stop in found if stop.length is not None), key=lambda stop: (stop.begin, stop.line))
    if not ended:
        raise TableError(["no stop has an end"])
    notes += overlaps(ended)
    if [stop.line for stop in ended] != [stop.line for stop in found if stop.length is not None]:
        notes.append("rows sorted by begin")
    several, copies = any(stop.machine for stop in ended), any(stop.copy for stop in ended)
    heading = [*(["machine"] if several else []), *(["copy"] if copies else []), "begin", "duration_min", "reason"]
    rows = []
    for stop in ended:
        assert stop.length is not None
        rows.append([*([stop.machine] if several else []), *([stop.copy or "1"] if copies else []), stamp(stop.begin), number(stop.length), stop.reason])
    minutes = sum((stop.length for stop in ended if stop.length is not None), Fraction(0))
    machines = list(dict.fromkeys(stop.machine for stop in ended if stop.machine))
    of = f" of {len(machines)} machine{'s' * (len(machines) > 1)} ({', '.join(machines[:5])}{' …' if len(machines) > 5 else ''})" if machines else ""
    summary = f"{len(rows)} stops{of}, {float(minutes / 60):.6g} h, {shown_time(ended[0].begin)} to {shown_time(ended[-1].begin)}"
    return Made("stops", heading, rows, notes, summary)


def logged_stops(columns: Sequence[Column], options: Options) -> tuple[list[LoggedStop], list[str]]:
    """Return the stops of a log in the order of the file, and notes. Raises ``TableError``."""
    notes: list[str] = []
    named = {role: the_one(columns, role) for role in ("machine", "begin", "end", "duration", "reason", "copy")}
    begin, day = named["begin"], _day(columns)
    if begin is None:
        raise TableError(['no column says when a stop began: say which, e.g. --map "COLUMN=begin"'])
    begins = _moments(begin, day, options)
    ends = _moments(named["end"], day, options) if named["end"] else None
    if ends is not None and named["end"] is not None and named["end"].clocks is not None:
        ends = _after(begins, ends, notes)
    lengths = _lengths(named["duration"]) if named["duration"] else None
    if ends is None and lengths is None:
        raise TableError(['no column says when a stop was over: say which, e.g. --map "COLUMN=end" or --map "COLUMN=duration [min]"'])
    both = _both(begins, ends, lengths, begin.lines, named)
    found, faults = [], []
    for k, (at, length) in enumerate(zip(begins, both, strict=True)):
        line = begin.lines[k]
        if at is None:
            if length is None and all(is_blank(column.cells[k]) for column in columns if column.role):
                continue
            faults.append(f"line {line} has no begin")
        elif length is not None and length < 0:
            faults.append(f"line {line}: the stop ends before it begins")
        elif length == 0:
            notes.append(f"line {line} left out: the stop has no length")
        else:
            machine, copy = _text(named["machine"], k), _text(named["copy"], k)
            if named["machine"] is not None and not machine:
                faults.append(f"line {line} names no machine")
            found.append(LoggedStop(line, machine, at, length, _reason(named["reason"], k), copy))
    if faults:
        more = [f"{len(faults) - MOST_FAULTS} more lines are wrong"] if len(faults) > MOST_FAULTS else []
        raise TableError([*faults[:MOST_FAULTS], *more])
    if not found:
        raise TableError(["the log has no stop"])
    return found, notes


def overlaps(ordered: Sequence[LoggedStop]) -> list[str]:
    """Return a note for stops of one machine that overlap; a scenario refuses them."""
    last: dict[tuple[str, str], LoggedStop] = {}
    found = []
    for stop in ordered:
        before = last.get((stop.machine, stop.copy))
        if before is not None and before.end is not None and stop.begin < before.end:
            found.append((before.line, stop.line))
        if before is None or before.end is None or (stop.end is not None and stop.end > before.end):
            last[stop.machine, stop.copy] = stop
    if not found:
        return []
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return [f"lines {found[0][0]} and {found[0][1]} overlap{more}: a scenario refuses stops of one machine that overlap; join them in the log"]


def _day(columns: Sequence[Column]) -> Column | None:
    """A column of dates beside times of day."""
    free = [column for column in columns if column.role in (None, "date") and column.entry.role in (None, "date") and column.moments is not None]
    return free[0] if len(free) == 1 else None


def _moments(column: Column, day: Column | None, options: Options) -> list[datetime | None]:
    if column.clocks is None:
        return moments_of(column, options)
    if day is None or day.moments is None:
        raise TableError([f"column {column.label!r}: is a time of day, and no column has the date"])
    day.role = "date"
    joined = []
    for date, since in zip(day.moments.values, column.clocks, strict=True):
        joined.append(Moment(date.at + since) if date is not None and since is not None else None)
    whole = Column(column.heading, column.position, column.name, None, column.cells, column.lines, column.entry)
    whole.moments = type(day.moments)(tuple(joined), day.moments.form + " time", "instant", day.moments.note)
    found = moments_of(whole, options)
    column.notes += [note for note in whole.notes if note not in column.notes]
    return found


def _after(begins: Sequence[datetime | None], ends: Sequence[datetime | None], notes: list[str]) -> list[datetime | None]:
    """An end given as a time of day before that of the begin is of the next day."""
    found, moved = [], 0
    for begin, end in zip(begins, ends, strict=True):
        late = begin is not None and end is not None and end < begin
        moved += late
        found.append(end + timedelta(days=1) if late and end is not None else end)
    if moved:
        notes.append(f"{moved} stop{'s' * (moved > 1)} read as over midnight: the time of the end is before that of the begin")
    return found


def _lengths(column: Column) -> list[Fraction | None]:
    if column.clocks is not None:
        column.notes.append("read as hours and minutes")
        return [None if value is None else length_of(value) for value in column.clocks]
    if column.unit is None and column.name.lower() in ("minutes", "minuten", "min"):
        from twin.fit.tables.units import unit_of

        column.unit = unit_of("min")
    return column.scaled("time")


def _both(
    begins: Sequence[datetime | None],
    ends: Sequence[datetime | None] | None,
    lengths: Sequence[Fraction | None] | None,
    lines: Sequence[int],
    named: dict[str, Column | None],
) -> list[Fraction | None]:
    """Return the lengths in minutes; where end and duration are given they must agree, and the duration counts, being finer."""
    between = None if ends is None else [None if a is None or b is None else length_of(b - a) for a, b in zip(begins, ends, strict=True)]
    if between is None or lengths is None:
        return list(lengths if between is None else between)  # type: ignore[arg-type]
    duration = named["duration"]
    assert duration is not None
    faults = [
        f"line {line}: from begin to end are {float(span):g} min, and the duration is {float(length):g} min"
        for line, span, length in zip(lines, between, lengths, strict=True)
        if span is not None and length is not None and abs(span - length) > ONE + duration.step / 2
    ]
    if faults:
        said = f'correct the log, or --map "{duration.label}=ignore"; an hour may be summer time: then say --zone'
        raise TableError([*faults[:MOST_FAULTS], said])
    duration.notes.append("agrees with begin and end, and counts")
    return [length if length is not None else span for span, length in zip(between, lengths, strict=True)]


def _text(column: Column | None, row: int) -> str:
    if column is None or is_blank(column.cells[row]):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in str(column.cells[row])).strip()


def _reason(column: Column | None, row: int) -> str:
    text = _text(column, row)
    if len(text) > LONGEST_REASON and column is not None:
        note = f"reasons cut to {LONGEST_REASON} characters"
        if note not in column.notes:
            column.notes.append(note)
    return text[:LONGEST_REASON].strip()
