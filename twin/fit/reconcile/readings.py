"""Readings as people write them, ``12.4 t ± 2 %``, and what they say together about a window of time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from twin.errors import UsageError
from twin.measurement import MOST_PIECES, Measurement
from twin.quantities import UNITS, parse, shown
from twin.scenario.calendars import read_moment
from twin.scenario.problems import nearest, wrong

KEYS = ("value", "absolute", "relative", "pieces", "exact", "from", "to", "at", "of", "source")
DIMENSIONS = ("kg", "kg/s", "1")
_ERROR = re.compile(r"(.*?)(?:±|\+/-|\+-)(.*)", re.DOTALL)
_TAIL = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*(.*)", re.DOTALL)
LARGEST, SMALLEST = 1e15, 1e-12
"""Limits of values and errors, SI: beyond them squares overflow, or one reading drowns in the rounding of the rest."""
MINUTE = 1.0
"""Moments this many seconds apart are the same: sheets round to minutes."""


@dataclass(frozen=True)
class Window:
    """A time from ``begin`` to ``end``."""

    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.begin).total_seconds()

    def __str__(self) -> str:
        return f"{_date(self.begin)} to {_date(self.end)}"


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes").removesuffix("T00:00")


@dataclass(frozen=True)
class Reading:
    """One row of data: what instrument ``instrument`` says of ``quantity``, in the SI unit ``si``. ``deviation`` is 0 for an exact value."""

    quantity: str
    instrument: str
    value: float
    deviation: float
    si: str
    begin: datetime | None = None
    end: datetime | None = None
    source: str = ""
    own_unit: bool = True

    @property
    def exact(self) -> bool:
        """Whether it is taken as it stands."""
        return self.deviation == 0.0


def parse_value(text: object) -> tuple[float, str]:
    """Return a value in SI and its unit, kg, kg/s or 1. Raises ``UsageError``.

    >>> parse_value("3.6 t/h"), parse_value(12)
    ((1.0, 'kg/s'), (12.0, '1'))
    """
    for si in DIMENSIONS:
        try:
            return parse(text, si), si
        except UsageError as error:
            if "separators" in str(error) or "finite" in str(error) or "too small" in str(error):  # what is wrong with the number, whatever its unit
                raise
    raise UsageError(f"a mass, a mass per time or a number is needed, e.g. '12 t', '3 t/h', '12 %' (got {shown(text)})")


def read_one(name: str, written: object, error: float | None) -> Reading:
    """Return the reading that stands at ``name``: a text such as ``100 t ± 2 t``, or a mapping with :data:`KEYS`.

    ``error`` is a relative one for what has none. After ±, ``%`` is a share of a mass, and points of a share. Raises pydantic's error.
    """
    found = _read(name, written, error)
    if abs(found.value) > LARGEST or found.deviation > LARGEST or 0.0 < found.deviation < SMALLEST:
        raise wrong(f"a value of at most {LARGEST:g} and an error from {SMALLEST:g} to {LARGEST:g}, in {found.si}, are needed (got {shown(written)})")
    return found


def _read(name: str, written: object, error: float | None) -> Reading:
    if isinstance(written, Mapping):
        unknown = next((key for key in written if key not in KEYS), None)
        if unknown is not None:
            raise wrong(f"unknown key {shown(unknown)}; {nearest(unknown, KEYS)}")
        if "value" not in written:
            raise wrong("'value' is missing")
        return _from_mapping(name, written, error)
    if isinstance(written, (str, int, float)) and not isinstance(written, bool):
        return _from_text(name, written, error)
    raise wrong(f"a value such as '100 t ± 2 t' or a mapping with 'value' is needed (got {shown(written)})")


def _from_text(name: str, written: str | float, error: float | None) -> Reading:
    text = str(written).strip()
    exact = text.endswith(" exact")
    match = _ERROR.fullmatch(text.removesuffix("exact"))
    try:
        if match is None:
            value, si = parse_value(text.removesuffix("exact").strip() if exact or isinstance(written, str) else written)
            return Reading(name, name, value, 0.0 if exact else _default(value, error), si)
        if exact:
            raise UsageError(f"an error and 'exact' exclude each other (got {shown(written)})")
        first, after = match[1].strip(), match[2].strip()
        tail, own = _TAIL.fullmatch(after), _TAIL.fullmatch(first)
        if tail is None or own is None:
            raise UsageError(f"a number before and after ± is needed, e.g. '100 t ± 2 t' (got {shown(written)})")
        if not own[1] and tail[1] and tail[1] not in ("%", "‰") and tail[1].split("/")[0] in UNITS:  # 100 ± 10 t
            first = f"{first} {tail[1]}"
        value, si = parse_value(first)
        return Reading(name, name, value, _positive(_deviation(after, tail[1], own[1], value, si), written), si)
    except UsageError as fault:
        raise wrong(str(fault)) from None


def _deviation(after: str, tail: str, own: str, value: float, si: str) -> float:
    """The deviation that is written after ±."""
    if si != "1" and tail in ("%", "‰", "ppm"):
        return parse(after, "1") * abs(value)
    if not tail:  # in the unit of the value
        return parse(f"{after} {own}".strip(), si)
    return parse(after, si)


def _positive(deviation: float, written: object) -> float:
    if not deviation > 0.0:
        raise UsageError(f"an error is more than 0; write 'exact' for a value without one (got {shown(written)})")
    return deviation


def _default(value: float, error: float | None) -> float:
    if error is None:
        raise UsageError("its error is missing: write '100 t ± 2 t', '100 t ± 2 %' or '100 t exact', or give 'error' for all that have none")
    if math.isinf(error):  # it stands beside the value
        return error
    if value == 0.0:
        raise UsageError("a relative error of 0 is none: write what it is, e.g. '0 t ± 0.5 t'")
    return error * abs(value)


def _from_mapping(name: str, written: Mapping[str, Any], error: float | None) -> Reading:
    try:
        kinds = [key for key in ("absolute", "relative", "pieces") if key in written]
        text = written["value"]
        if kinds and isinstance(text, str) and (_ERROR.fullmatch(text) or text.endswith(" exact")):
            raise UsageError(f"its error is said twice: after the value, and as {kinds[0]!r}")
        base = _from_text(name, text, error if not kinds and written.get("exact") is not True else math.inf)
        deviation = base.deviation
        if written.get("exact") is True:
            if kinds:
                raise UsageError("an error and 'exact' exclude each other")
            deviation = 0.0
        elif kinds:
            deviation = _positive(_measurement(name, written, base).deviation(base.value), written["value"])
    except UsageError as fault:
        raise wrong(str(fault)) from None
    at = read_moment(written["at"]) if "at" in written else None
    begin = read_moment(written["from"]) if "from" in written else at
    end = read_moment(written["to"]) if "to" in written else begin if at is not None else None
    if at is not None and ("from" in written or "to" in written):
        raise wrong("'at' is a moment, 'from' and 'to' a time: give one of them")
    if (begin is None) != (end is None) or (begin is not None and end is not None and at is None and end <= begin):
        raise wrong("'from' and 'to' belong together, and 'to' comes later")
    quantity, source = written.get("of", name), written.get("source", "")
    if not isinstance(quantity, str) or not isinstance(source, str):
        raise wrong("'of' and 'source' are texts")
    return replace(base, quantity=quantity, instrument=name, deviation=deviation, begin=begin, end=end, source=source)


def _measurement(name: str, written: Mapping[str, Any], base: Reading) -> Measurement:
    """The error of a mapping, by the project's one model of measurement."""
    pieces = written.get("pieces", 0)
    if isinstance(pieces, bool) or not isinstance(pieces, int) or not 0 <= pieces <= MOST_PIECES:
        raise UsageError(f"'pieces' is a whole number of counted pieces from 1 to {MOST_PIECES} (got {shown(pieces)})")
    if pieces and (base.si != "1" or not 0.0 <= base.value <= 1.0):
        raise UsageError(f"'pieces' is for a share from 0 to 1 (got {shown(written['value'])})")
    absolute = parse(written["absolute"], base.si) if "absolute" in written else 0.0
    relative = parse(written["relative"], "1") if "relative" in written else 0.0
    return Measurement(name, "sum" if base.si == "kg" else "mean", absolute=absolute, relative=relative, pieces=pieces)


@dataclass(frozen=True)
class Measured:
    """What one instrument says of a quantity in the window, from ``rows`` readings."""

    quantity: str
    instrument: str
    value: float
    deviation: float
    rows: int
    si: str
    source: str = ""


def gathered(readings: Iterable[Reading], window: Window | None, dated: bool) -> tuple[list[Measured], list[str]]:
    """Return what each instrument says of the window, in order of their names, and notes on what was not used.

    Flows and their parts of a window add up and must cover it; assays are averaged. ``dated``: what has no time of its own belongs to no window but that of the
    file, so it is left out where another was asked for, but for constants and assays, which hold at all times. Raises ``UsageError``.
    """
    by_instrument: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        by_instrument.setdefault((reading.quantity, reading.instrument), []).append(reading)
    found, notes = [], []
    for (quantity, instrument), rows in sorted(by_instrument.items()):
        summed = quantity.startswith(("flow.", "level."))
        own = [row for row in rows if _within(row, window, dated and summed)]
        if not own:
            notes.append(f"{instrument}: no reading falls in the window")
            continue
        measured, note = (_one_stock if quantity.startswith("level.") else _summed if summed else _mean)(quantity, instrument, own, window)
        if measured is not None:
            found.append(measured)
        if note:
            notes.append(note)
    return found, notes


def _within(row: Reading, window: Window | None, dated: bool) -> bool:
    if row.begin is None or row.end is None:
        return not dated
    if window is None:
        return True
    after = (row.begin - window.begin).total_seconds() >= -MINUTE
    before = (window.end - row.end).total_seconds() >= -MINUTE
    if after and before:
        return True
    if row.begin < row.end and row.end > window.begin and row.begin < window.end:
        raise UsageError(f"{row.instrument}: the reading from {Window(row.begin, row.end)} lies across the edge of the window {window}; cut it there")
    return False


def _in_kg(row: Reading, window: Window | None) -> tuple[float, float]:
    """Value and deviation of a flow as a mass, where there is a window."""
    if row.si != "kg/s" or window is None:
        return row.value, row.deviation
    seconds = (row.end - row.begin).total_seconds() if row.begin is not None and row.end is not None else window.seconds
    return row.value * seconds, row.deviation * seconds


def _summed(quantity: str, instrument: str, rows: Sequence[Reading], window: Window | None) -> tuple[Measured | None, str]:
    ordered = sorted(rows, key=lambda row: (row.begin or datetime.min, row.value))
    if len({row.si for row in rows}) > 1:
        raise UsageError(f"{instrument}: its readings have different units ({', '.join(sorted({row.si for row in rows}))})")
    parts = [_in_kg(row, window) for row in ordered]
    if len(ordered) > 1:
        if any(row.begin is None for row in ordered):
            raise UsageError(f"{instrument}: {len(ordered)} readings, and not each says from when to when it holds; give two instruments two names (with 'of')")
        for one, other in pairwise(ordered):
            if one.end is not None and other.begin is not None and (one.end - other.begin).total_seconds() > MINUTE:
                raise UsageError(f"{instrument}: two readings overlap at {_date(other.begin)}; give two instruments two names (with 'of')")
    if window is not None and ordered[0].begin is not None:
        covered = math.fsum((row.end - row.begin).total_seconds() for row in ordered if row.begin is not None and row.end is not None)
        if covered < window.seconds - MINUTE * (len(ordered) + 1):
            days = f"{covered / 86_400:.4g} of {window.seconds / 86_400:.4g} d"
            return None, f"{instrument}: covers {days} of the window, so it counts as not measured"
    value = math.fsum(part[0] for part in parts)
    si = "kg" if window is not None and ordered[0].si == "kg/s" else ordered[0].si
    return Measured(quantity, instrument, value, math.sqrt(math.fsum(part[1] ** 2 for part in parts)), len(parts), si, ordered[0].source), ""


def _mean(quantity: str, instrument: str, rows: Sequence[Reading], window: Window | None) -> tuple[Measured | None, str]:
    count = len(rows)
    deviation = math.sqrt(math.fsum(row.deviation**2 for row in rows)) / count
    ordered = sorted(rows, key=lambda row: (row.begin or datetime.min, row.value))
    return Measured(quantity, instrument, math.fsum(row.value for row in ordered) / count, deviation, count, ordered[0].si, ordered[0].source), ""


def _one_stock(quantity: str, instrument: str, rows: Sequence[Reading], window: Window | None) -> tuple[Measured | None, str]:
    if len(rows) > 1:
        raise UsageError(f"{instrument}: {len(rows)} readings of one stock; give two counts two names (with 'of')")
    return Measured(quantity, instrument, rows[0].value, rows[0].deviation, 1, rows[0].si, rows[0].source), ""
