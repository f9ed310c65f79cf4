"""What a person says beside the file: options of the command, and a mapping file's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal

from twin.errors import UsageError
from twin.fit.tables.mapping import KINDS, ColumnMap
from twin.fit.tables.moments import Order
from twin.fit.tables.numerals import Decimal
from twin.fit.tables.text import SEPARATORS
from twin.fit.tables.units import unit_of
from twin.fit.tables.zones import Clock, clock_of
from twin.quantities import shown
from twin.scenario.calendars import CalendarSpec, read_moment

Basis = Literal["wet", "dry"]
_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "decimal": ("comma", "point"),
    "dates": ("day-first", "month-first"),
    "repeated_hour": ("first", "second"),
    "basis": ("wet", "dry"),
    "every": ("hour", "day"),
}


@dataclass(frozen=True)
class Options:
    """How a table is read. ``trucks``: kg of a truck that totals are spread over, 0 where a row stays a delivery; None where nothing is said.

    ``only``: (column, text) of the rows that are read, all where none; ``begin`` and ``end``: the span of their dates, the end left out. ``every``: what
    weighings are summed over; ``hours``: when the trucks of a total come.
    """

    kind: str | None = None
    columns: ColumnMap = field(default_factory=ColumnMap)
    decimal: Decimal | None = None
    dates: Order | None = None
    clock: Clock = field(default_factory=Clock)
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    trucks: Fraction | None = None
    basis: Basis = "wet"
    material: str | None = None
    only: tuple[tuple[str, str], ...] = ()
    begin: datetime | None = None
    end: datetime | None = None
    every: Literal["hour", "day"] | None = None
    hours: CalendarSpec | None = None


def options_from(said: dict[str, Any], columns: ColumnMap) -> Options:
    """Return the options that are said by name, as texts. Raises ``UsageError``."""
    for key, allowed in _CHOICES.items():
        if said.get(key) is not None and said[key] not in allowed:
            raise UsageError(f"{key.replace('_', '-')} is one of {', '.join(allowed)} (got {shown(said[key])})")
    for key in ("zone", "encoding", "sheet", "separator", "trucks", "material"):
        if said.get(key) is not None and not isinstance(said[key], str):
            raise UsageError(f"{key} is a text (got {shown(said[key])})")
    separator = said.get("separator")
    if separator is not None and separator not in SEPARATORS and separator not in SEPARATORS.values():
        raise UsageError(f"separator is one of {', '.join(SEPARATORS)} (got {shown(separator)})")
    return Options(
        kind=said.get("kind"),
        columns=columns,
        decimal=said.get("decimal"),
        dates=said.get("dates"),
        clock=clock_of(said.get("zone"), said.get("repeated_hour")),
        encoding=said.get("encoding"),
        separator=SEPARATORS.get(separator, separator) if separator else None,
        sheet=said.get("sheet"),
        trucks=_trucks(said.get("trucks")),
        basis=said.get("basis") or "wet",
        material=said.get("material"),
        only=_only(said.get("only")),
        **_span(said.get("from"), said.get("to")),
        every=said.get("every"),
        hours=_hours(said.get("hours")),
    )


def _only(said: object) -> tuple[tuple[str, str], ...]:
    """Pairs of the command line, or a mapping file's ``{Sorte: [A, B], Werk: Nord}``."""
    if said is None:
        return ()
    if isinstance(said, dict):
        pairs = [(str(key), value) for key, values in said.items() for value in (values if isinstance(values, list) else [values])]
        if pairs and not any(isinstance(value, (dict, list)) or value is None for _, value in pairs):
            return tuple((key, str(value)) for key, value in pairs)
    if isinstance(said, (str, list)):
        said = [said] if isinstance(said, str) else said
        split = [str(text).partition("=") for text in said]
        if all(equals and name.strip() and value.strip() for name, equals, value in split):
            return tuple((name.strip(), value.strip()) for name, _, value in split)
    raise UsageError(f"only names a column and the text of the rows that are read, e.g. --only Sorte=Mischschrott (got {shown(said)})")


def _span(begin: object, end: object) -> dict[str, Any]:
    found: dict[str, datetime | None] = {}
    for key, name, text in (("begin", "from", begin), ("end", "to", end)):
        try:
            found[key] = read_moment(text) if text is not None else None
        except ValueError:
            raise UsageError(f"{name} is a date, e.g. 2026-03-01 or 2026-03-01T06:00 (got {shown(text)})") from None
    if found["begin"] is not None and found["end"] is not None and not found["begin"] < found["end"]:
        raise UsageError(f"the rows that are read must end after they begin (from {begin} to {end}; the end itself is left out)")
    return found


def _hours(said: object) -> CalendarSpec | None:
    """Opening hours: ``06:00-18:00`` daily, ``weekdays 06:00-18:00, saturday 06:00-12:00``, or the mapping of a scenario's calendar."""
    if said is None:
        return None
    days: Any = said
    if isinstance(said, str):
        days = {}
        for part in said.split(","):
            *day, period = part.split()[-2:] or [""]
            days.setdefault(day[0] if day else "daily", []).append(period)
    try:
        return CalendarSpec.read(days)
    except ValueError:
        raise UsageError(f"hours are e.g. 06:00-18:00, or 'weekdays 06:00-18:00, saturday 06:00-12:00' (got {shown(said)})") from None


def _trucks(text: str | None) -> Fraction | None:
    if text is None or text == "none":
        return Fraction(0) if text else None
    match = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(\S.{0,20})", text)
    unit = unit_of(match[2]) if match else None
    if match is None or unit is None or unit.dimension != "mass" or Fraction(match[1]) <= 0:
        raise UsageError(f"trucks is the mass of a truck, e.g. '24 t', or 'none' (got {shown(text)})")
    return Fraction(match[1]) * unit.size
