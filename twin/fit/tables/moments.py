"""A column of dates, of dates with a time of day, of months or of times of day. Two readings that differ are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal

from twin.errors import TableError
from twin.fit.tables.cells import Cell, Typed, is_blank

Order = Literal["day-first", "month-first"]
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan januar january", "feb februar february", "mar mär mrz maerz märz march", "apr april", "may mai", "jun juni june", "jul juli july"),
        start=1,
    )
    for name in names.split()
} | {
    name: number
    for number, names in enumerate(
        ("aug august", "sep sept september", "oct okt october oktober", "nov november", "dec dez december dezember"),
        start=8,
    )
    for name in names.split()
}
_CLOCK = r"(?:(?:,\s*|\s+|[Tt]|\s+-\s+)(?P<clock>\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?:\s*(?P<half>[AaPp]\.?[Mm]\.?)|\s*(?:Uhr|h))?)?"
_ZONE = r"\s*(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?"
_WEEKDAY = r"(?:[A-Za-zäöü]{2,10}\.?,?\s+)?"
_FORMS: tuple[tuple[str, str, str], ...] = (
    ("year-month-day", "ymd", r"(?P<a>\d{4})-(?P<b>\d\d?)-(?P<c>\d\d?)"),
    ("year-month-day", "ymd", r"(?P<a>\d{4})/(?P<b>\d\d?)/(?P<c>\d\d?)"),
    ("year-month-day", "ymd", r"(?P<a>\d{4})\.(?P<b>\d\d?)\.(?P<c>\d\d?)"),
    ("day.month.year", "dmy", r"(?P<a>\d\d?)\.\s?(?P<b>\d\d?)\.\s?(?P<c>\d{4}|\d\d)"),
    ("month.day.year", "mdy", r"(?P<a>\d\d?)\.\s?(?P<b>\d\d?)\.\s?(?P<c>\d{4}|\d\d)"),
    ("day/month/year", "dmy", r"(?P<a>\d\d?)[/-](?P<b>\d\d?)[/-](?P<c>\d{4}|\d\d)"),
    ("month/day/year", "mdy", r"(?P<a>\d\d?)[/-](?P<b>\d\d?)[/-](?P<c>\d{4}|\d\d)"),
    ("day month year", "dmy", r"(?P<a>\d\d?)\.?[ -]?(?P<b>[A-Za-zä]{3,9})\.?[ -]?(?P<c>\d{4}|\d\d)"),
    ("yearmonthday", "ymd", r"(?P<a>(?:19|20)\d\d)(?P<b>\d\d)(?P<c>\d\d)"),
    ("month day year", "mdy", r"(?P<a>[A-Za-zä]{3,9})\.? (?P<b>\d\d?),? (?P<c>\d{4})"),
)
_PATTERNS = [(name, order, re.compile(_WEEKDAY + form + _CLOCK + _ZONE, re.ASCII)) for name, order, form in _FORMS]
_MONTH_FORMS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("year-month", "ym", re.compile(r"(?P<a>\d{4})\s*[/.-]\s*(?P<b>\d\d?)", re.ASCII)),
    ("month-year", "my", re.compile(r"(?P<a>\d\d?)\s*[/.-]\s*(?P<b>\d{4})", re.ASCII)),
    ("month year", "my", re.compile(r"(?P<a>[A-Za-zä]{3,9})\.?[ -]*(?P<b>\d{4})", re.ASCII)),
    ("year month", "ym", re.compile(r"(?P<a>\d{4})[ -]*(?P<b>[A-Za-zä]{3,9})\.?", re.ASCII)),
)
_TIME = re.compile(r"(?P<clock>\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(?:\s*(?P<half>[AaPp]\.?[Mm]\.?)|\s*(?:Uhr|h))?", re.ASCII)
_LONGEST = 60
_SERIAL = (Fraction(29_000), Fraction(60_000))
"""Days after 30 December 1899 that a spreadsheet writes for a date from 1979 to 2064."""
_BARE_CLOCKS = (re.compile(r"(\d\d?)[.](\d\d)(?:[.](\d\d))?(?:\s*Uhr)?", re.ASCII), re.compile(r"(\d\d)(\d\d)(\d\d)?", re.ASCII))
_DAYS = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Moment:
    """A date and time of day as written; ``offset``: its distance to UTC, where the cell says one."""

    at: datetime
    offset: timedelta | None = None


@dataclass(frozen=True)
class Moments:
    """The moments of a column, None where a cell is blank.

    ``form`` names the way they are written; ``grain`` is what one cell stands for: an ``instant``, a ``day``, a ``month``. ``note`` says what was taken for
    granted.
    """

    values: tuple[Moment | None, ...]
    form: str
    grain: Literal["instant", "day", "month"]
    note: str = ""


def moments(cells: Sequence[Cell], order: Order | None, lines: Sequence[int] = ()) -> Moments | None:
    """Return the dates of a column, or None where it holds something else.

    >>> moments(["02.03.2026 06:12"], None).values[0].at
    datetime.datetime(2026, 3, 2, 6, 12)

    Raises ``TableError`` where day and month can be taken for one another and ``order`` does not say which is which.
    """
    filled = [(index, cell) for index, cell in enumerate(cells) if not is_blank(cell)]
    if not filled:
        return None
    if all(isinstance(cell, Typed) for _, cell in filled):
        return _typed(cells, filled)
    texts = [(index, cell) for index, cell in filled if isinstance(cell, str) and len(cell) <= _LONGEST]
    if len(texts) < len(filled):
        return None
    found = [(name, way, read) for name, way, pattern in _PATTERNS if (read := _all(_moment, texts, pattern, way))]
    if not found:
        _refuse_mixed_orders(texts, lines)
        return _months(cells, texts)
    name, read, note = _chosen(found, texts, order, lines)
    values: list[Moment | None] = [None] * len(cells)
    clock = False
    for (index, text), moment in zip(texts, read, strict=True):
        values[index] = moment
        clock |= ":" in text
    if any(re.search(r"(?<!\d)\d\d?[./-]\d\d?[./-]\d\d(?!\d)", text) for _, text in texts) and "year" in name and not name.startswith("year"):
        note = ", ".join(part for part in (note, "years of two digits taken as 20..") if part)
    return Moments(tuple(values), name + (" time" if clock else ""), "instant" if clock else "day", note)


def clocks(cells: Sequence[Cell]) -> tuple[timedelta | None, ...] | None:
    """Return the times of day of a column as time since midnight, None where it holds something else; 24:00 is the end of the day.

    >>> clocks(["06:12", "24:00"])
    (datetime.timedelta(seconds=22320), datetime.timedelta(days=1))
    """
    values: list[timedelta | None] = []
    for cell in cells:
        if is_blank(cell):
            values.append(None)
        elif isinstance(cell, Typed):
            if isinstance(cell.value, time):
                values.append(timedelta(hours=cell.value.hour, minutes=cell.value.minute, seconds=cell.value.second))
            elif isinstance(cell.value, timedelta):
                values.append(cell.value)
            else:
                return None
        else:
            match = _TIME.fullmatch(cell) if len(cell) <= _LONGEST else None
            since = _since_midnight(match["clock"], match["half"]) if match else None
            if since is None:
                return None
            values.append(since)
    return tuple(values) if any(value is not None for value in values) else None


def bare_clocks(cells: Sequence[Cell]) -> tuple[timedelta | None, ...] | None:
    """Return times of day written ``06.12``, ``0612`` or ``061230``; to be asked only of a column that is called so.

    >>> bare_clocks(["0612", "2359"])
    (datetime.timedelta(seconds=22320), datetime.timedelta(seconds=86340))
    """
    for pattern in _BARE_CLOCKS:
        found = [pattern.fullmatch(cell) if isinstance(cell, str) and len(cell) <= _LONGEST else None for cell in cells if not is_blank(cell)]
        if found and all(found):
            return clocks(["" if is_blank(cell) else ":".join(part for part in pattern.fullmatch(str(cell)).groups() if part) for cell in cells])  # type: ignore[union-attr]
    return None


def serials(values: Sequence[Fraction | None]) -> Moments | None:
    """Return numbers as the dates that a spreadsheet counts (days after 30 December 1899), None where they are none.

    >>> serials([Fraction("46083.25")]).values[0].at
    datetime.datetime(2026, 3, 2, 6, 0)
    """
    if not all(value is None or _SERIAL[0] <= value <= _SERIAL[1] for value in values):
        return None
    found = [None if value is None else Moment(_DAYS + timedelta(seconds=round(value * 86_400))) for value in values]
    day = all(value is None or value.denominator == 1 for value in values)
    return Moments(tuple(found), "spreadsheet day number", "day" if day else "instant", "numbers taken as days after 30 December 1899")


def _typed(cells: Sequence[Cell], filled: Sequence[tuple[int, Cell]]) -> Moments | None:
    values: list[Moment | None] = [None] * len(cells)
    clock = False
    for index, cell in filled:
        value = cell.value if isinstance(cell, Typed) else None
        if isinstance(value, datetime):
            clock |= value.time() != time()
            offset = value.utcoffset()
            values[index] = Moment(value.replace(tzinfo=None), offset)
        elif isinstance(value, date):
            values[index] = Moment(datetime(value.year, value.month, value.day))
        else:
            return None
    return Moments(tuple(values), "date of the file" + (" with time" if clock else ""), "instant" if clock else "day")


def _chosen(
    found: list[tuple[str, str, list[Moment | None]]], texts: Sequence[tuple[int, str]], order: Order | None, lines: Sequence[int]
) -> tuple[str, list[Moment | None], str]:
    wanted = {"day-first": "dmy", "month-first": "mdy"}.get(order or "")
    name, _, read = next((item for item in found if item[1] == wanted), found[0])
    other = next((item for item in found if item[2] != read), None)
    if other is None or (wanted and any(item[1] == wanted for item in found)):
        return name, read, ""
    if name == "day.month.year":
        return name, read, "day first, as dates with points are written"
    k = next(k for k, (one, two) in enumerate(zip(read, other[2], strict=True)) if one != two)
    index, text = texts[k]
    one, two = read[k], other[2][k]
    assert one is not None
    assert two is not None
    ways = f"{one.at.day} {one.at:%B %Y} (day first) or {two.at.day} {two.at:%B %Y} (month first)"
    raise TableError(
        [f"line {lines[index] if lines else index + 1}: {text!r} is {ways}, and no cell of the column decides: say --dates day-first or --dates month-first"]
    )


def _refuse_mixed_orders(texts: Sequence[tuple[int, str]], lines: Sequence[int]) -> None:
    """Raise where each cell is a date with the day or the month first, and no one order fits all."""
    read = {way: [_moment(text, pattern, way) for _, text in texts] for name, way, pattern in _PATTERNS if name in ("day/month/year", "month/day/year")}
    if all(any(found[k] is not None for found in read.values()) for k in range(len(texts))):
        firsts = {way: next(k for k, moment in enumerate(found) if moment is None) for way, found in read.items()}
        day, month = (texts[firsts[way]] for way in ("mdy", "dmy"))
        shown = [f"{text!r} (line {lines[index] if lines else index + 1})" for index, text in (day, month)]
        raise TableError([f"day and month are mixed: {shown[0]} has the day first, {shown[1]} the month: correct the file"])


def _months(cells: Sequence[Cell], texts: Sequence[tuple[int, str]]) -> Moments | None:
    for name, way, pattern in _MONTH_FORMS:
        if read := _all(_month, texts, pattern, way):
            values: list[Moment | None] = [None] * len(cells)
            for (index, _), moment in zip(texts, read, strict=True):
                values[index] = moment
            return Moments(tuple(values), name, "month")
    return None


def _all(
    read_one: Callable[[str, re.Pattern[str], str], Moment | None], texts: Sequence[tuple[int, str]], pattern: re.Pattern[str], way: str
) -> list[Moment | None]:
    """Return all texts read in one way, nothing from the first on that cannot be."""
    found: list[Moment | None] = []
    for _, text in texts:
        if (moment := read_one(text, pattern, way)) is None:
            return []
        found.append(moment)
    return found


def _month(text: str, pattern: re.Pattern[str], way: str) -> Moment | None:
    match = pattern.fullmatch(text)
    if match is None:
        return None
    year, month = (match["a"], match["b"]) if way == "ym" else (match["b"], match["a"])
    return _made(year, month, "1", timedelta())


def _moment(text: str, pattern: re.Pattern[str], way: str) -> Moment | None:
    match = pattern.fullmatch(text)
    if match is None:
        return None
    parts = dict(zip(way, (match["a"], match["b"], match["c"]), strict=True))
    since = _since_midnight(match["clock"], match["half"]) if match["clock"] else timedelta()
    if since is None or (match["zone"] and not match["clock"]):
        return None
    made = _made(parts["y"], parts["m"], parts["d"], since)
    return Moment(made.at, _offset(match["zone"])) if made and match["zone"] else made


def _made(year: str, month: str, day: str, since: timedelta) -> Moment | None:
    number = int(month) if month.isdecimal() else _MONTHS.get(month.lower(), 0)
    if len(year) == 4 and not 1900 <= int(year) <= 2200:
        return None
    try:
        return Moment(datetime(int(year) + (2000 if len(year) == 2 else 0), number, int(day)) + since)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta:
    if zone in ("Z", "UTC"):
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (-1 if zone[0] == "-" else 1) * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _since_midnight(clock: str, half: str | None) -> timedelta | None:
    hour, minute, *seconds = clock.replace(",", ".").split(":")
    h, m, s = int(hour), int(minute), Fraction(seconds[0]) if seconds else Fraction(0)
    if half:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half[0] in "Pp" else 0)
    if h > 24 or m > 59 or s >= 60 or (h == 24 and (m or s)):
        return None
    return timedelta(hours=h, minutes=m, microseconds=round(s * 1_000_000))
