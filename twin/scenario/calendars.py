"""Calendars: the open periods of a week, less holidays and closed periods. Times are local and naive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.quantities import DAY, shown
from twin.scenario.problems import Faults, nearest, wrong

_DAY = round(DAY)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"daily": range(7), "weekdays": range(5), "weekend": range(5, 7)}
KEYS = (*_GROUPS, *DAYS, "holidays", "closed")
_PERIOD = re.compile(r"([0-2]\d):([0-5]\d)\s*[-–]\s*([0-2]\d):([0-5]\d)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")

Period = tuple[int, int]


@dataclass(frozen=True)
class CalendarSpec:
    """When a unit may work.

    ``week`` holds for Monday to Sunday the open periods as (start, end) in seconds of the day, ascending; a period past midnight is cut
    there. ``holidays`` are closed days, ``closed`` closed periods (from, to).
    """

    week: tuple[tuple[Period, ...], ...]
    holidays: tuple[date, ...] = ()
    closed: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def open_per_week(self) -> int:
        """Open seconds in a week without holidays."""
        return sum(end - start for day in self.week for start, end in day)

    @classmethod
    def read(cls, value: object) -> CalendarSpec:
        """Return the calendar written as a mapping of days to periods; a single day overrides ``weekdays``, ``weekend`` and ``daily``."""
        if isinstance(value, CalendarSpec):
            return value
        if not isinstance(value, Mapping):
            raise wrong(f'a mapping of days to periods is needed, e.g. {{weekdays: ["06:00-22:00"]}} (got {shown(value)})')
        faults = Faults()
        for key in value:
            if key not in KEYS:
                faults.add(f"unknown key {shown(key)}; {nearest(key, KEYS)}", str(key))
        written: list[list[Period]] = [[] for _ in DAYS]
        for key, days in (*_GROUPS.items(), *((day, range(i, i + 1)) for i, day in enumerate(DAYS))):
            if key in value:
                periods = _periods(value[key], faults, key)
                for day in days:
                    written[day] = periods
        week = _week(written, faults)
        holidays = tuple(m.date() for m in _moments(value.get("holidays", []), faults, "holidays"))
        closed = _closed(value.get("closed", []), faults)
        if not len(faults) and not any(week):
            faults.add(f'no open period at all; give some, e.g. {{weekdays: ["06:00-22:00"]}} (got {shown(dict(value))})')
        faults.stop_if_any()
        return cls(week, tuple(sorted(set(holidays))), tuple(sorted(closed)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        period = {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]\\s*[-–]\\s*[0-2][0-9]:[0-5][0-9]$", "examples": ["06:00-22:00"]}
        periods = {"anyOf": [period, {"type": "array", "items": period}]}
        moment = {"type": "string", "examples": ["2026-12-24"]}
        properties: dict[str, Any] = dict.fromkeys((*_GROUPS, *DAYS), periods)
        properties["holidays"] = {"type": "array", "items": moment}
        closed = {"type": "object", "properties": {"from": moment, "to": moment}, "required": ["from", "to"], "additionalProperties": False}
        properties["closed"] = {"type": "array", "items": closed}
        return {"type": "object", "properties": properties, "additionalProperties": False}


def _periods(value: object, faults: Faults, key: str) -> list[Period]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        faults.add(f'a list of periods is needed, e.g. ["06:00-22:00"] (got {shown(value)})', key)
        return []
    periods: list[Period] = []
    for index, item in enumerate(items):
        match = _PERIOD.fullmatch(item.strip()) if isinstance(item, str) else None
        start, end = (int(match[1]) * 3600 + int(match[2]) * 60, int(match[3]) * 3600 + int(match[4]) * 60) if match else (-1, -1)
        if match is None or start >= _DAY or end > _DAY or start == end:
            faults.add(f'a period is needed, e.g. "06:00-22:00" or "00:00-24:00" (got {shown(item)})', key, index)
        else:
            periods.append((start, end))
    return periods


def _week(written: list[list[Period]], faults: Faults) -> tuple[tuple[Period, ...], ...]:
    """Cut what passes midnight, and refuse periods of one day that overlap."""
    days: list[list[Period]] = [[] for _ in DAYS]
    for day, periods in enumerate(written):
        for start, end in periods:
            days[day].append((start, end if end > start else _DAY))
            if 0 < end <= start:
                days[(day + 1) % 7].append((0, end))
    for name, periods in zip(DAYS, days, strict=True):
        periods.sort()
        if any(b > c for (_, b), (c, _) in pairwise(periods)):
            faults.add(f"periods of {name} overlap")
            break
    return tuple(tuple(periods) for periods in days)


def read_moment(value: object) -> datetime:
    """Return a date with or without a time of day, as in ``2026-02-01T06:00``, without time zone; raises ``ValueError``."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value.strip()):
        raise wrong(f"a date is needed, e.g. 2026-02-01 or 2026-02-01T06:00, without time zone (got {shown(value)})")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise wrong(f"there is no such date: {error} (got {shown(value)})") from None
    if not 1900 <= moment.year <= 2200:
        raise wrong(f"a date from 1900 to 2200 is needed (got {shown(value)})")
    return moment


def _moments(value: object, faults: Faults, *loc: str | int) -> list[datetime]:
    if not isinstance(value, list):
        faults.add(f"a list of dates is needed, e.g. [2026-12-24] (got {shown(value)})", *loc)
        return []
    found = []
    for index, item in enumerate(value):
        try:
            found.append(read_moment(item))
        except ValueError as error:
            faults.add(str(error), *loc, index)
    return found


def _closed(value: object, faults: Faults) -> list[tuple[datetime, datetime]]:
    if not isinstance(value, list):
        faults.add(f"a list of {{from: date, to: date}} is needed (got {shown(value)})", "closed")
        return []
    found = []
    for index, item in enumerate(value):
        if not isinstance(item, Mapping) or set(item) != {"from", "to"}:
            faults.add(f"{{from: date, to: date}} is needed, e.g. {{from: 2026-08-03, to: 2026-08-14}} (got {shown(item)})", "closed", index)
            continue
        try:
            begin, end = read_moment(item["from"]), read_moment(item["to"])
        except ValueError as error:
            faults.add(str(error), "closed", index)
            continue
        if len(item["to"].strip()) == len("2026-08-14"):
            end += timedelta(days=1)  # a day that is named as the last is closed to its end
        if end <= begin:
            faults.add(f"'to' must be after 'from' (got {shown(dict(item))})", "closed", index)
        else:
            found.append((begin, end))
    return found
