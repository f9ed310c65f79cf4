"""Deliveries in time: totals of a day or a month as trucks within opening hours, and weighings as the tonnage of each hour or day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from twin.errors import TableError
from twin.fit.tables.limits import MOST_ROWS
from twin.fit.tables.options import Options
from twin.fit.tables.rows import Times, shown_time
from twin.scenario.calendars import CalendarSpec

_TONNE = 1000
_HOURS = {"hour": 1, "day": 24}


@dataclass(frozen=True)
class Delivery:
    """What comes at a time: kg, and the share of each material or of an element in one, in the order of the table's names."""

    time: datetime
    line: int
    mass: Fraction
    shares: tuple[Fraction, ...]


def as_they_come(rows: list[Delivery], names: Sequence[str], times: Times, options: Options, notes: list[str]) -> list[Delivery]:
    """Return the deliveries in the order of time, spread over trucks or summed as the options say. Raises ``TableError``."""
    if options.trucks is None and times.grain == "month":
        raise TableError(
            ["each row is the total of a month: say the mass of a truck that brings it, e.g. --trucks '24 t', or --trucks none for one delivery on the first"]
        )
    if options.hours is not None and not options.trucks:
        raise TableError(["--hours says when the trucks of a day's or a month's total come: say the mass of a truck too, e.g. --trucks '24 t'"])
    if options.trucks:
        rows = _spread(rows, times, options.trucks, options.hours, notes)
    elif times.grain != "instant" and options.every is None:
        notes.append("dates without a time of day: deliveries come at midnight")
    if any(b.time < a.time for a, b in pairwise(rows)):
        notes.append("rows sorted by time")
    rows.sort(key=lambda row: row.time)
    if options.every is None:
        return rows
    if options.every == "hour" and times.grain != "instant" and not options.trucks:
        raise TableError([f"--every hour needs a time of day, and each row is of a {times.grain}: say --every day, or spread it with --trucks"])
    notes.append(f"summed: a row is the tonnage of {'an hour' if options.every == 'hour' else 'a day'}, at its begin")
    return summed(rows, names, _HOURS[options.every])


def summed(rows: Sequence[Delivery], names: Sequence[str], hours: int) -> list[Delivery]:
    """Return one delivery for each span of ``hours`` (1 or 24) that has any, at its begin: the mass, and shares weighted by it.

    ``rows`` are in the order of time. An assay is weighted by the mass of its material, by that of the delivery where no material has a column.

    >>> noon = datetime(2026, 3, 2, 12)
    >>> rows = [Delivery(noon + timedelta(minutes=20 * k), 2 + k, Fraction(1000 * (k + 1)), (Fraction(k),)) for k in range(2)]
    >>> [(row.time.hour, float(row.mass), float(row.shares[0])) for row in summed(rows, ["steel"], 1)]
    [(12, 3000.0, 0.6666666666666666)]
    """
    groups: dict[datetime, list[Delivery]] = {}
    for row in rows:
        begin = row.time.replace(minute=0, second=0) if hours == 1 else row.time.replace(hour=0, minute=0, second=0)
        groups.setdefault(begin, []).append(row)
    return [_sum(begin, group, names) for begin, group in groups.items()]


def _sum(begin: datetime, group: Sequence[Delivery], names: Sequence[str]) -> Delivery:
    mass = sum((row.mass for row in group), Fraction(0))
    shares = []
    for k, name in enumerate(names):
        material = name.partition(".")[0]
        of = names.index(material) if "." in name and material in names else None
        weights = [row.mass if of is None else row.mass * row.shares[of] for row in group]
        if not (whole := sum(weights, Fraction(0))):  # none of the material came: any assay is right, the mean is within its bounds
            weights, whole = [Fraction(1)] * len(group), Fraction(len(group))
        shares.append(sum((weight * row.shares[k] for weight, row in zip(weights, group, strict=True)), Fraction(0)) / whole)
    return Delivery(begin, group[0].line, mass, tuple(shares))


def _spread(rows: Sequence[Delivery], times: Times, truck: Fraction, hours: CalendarSpec | None, notes: list[str]) -> list[Delivery]:
    """Return each row's mass as equal trucks of at most ``truck`` kg, evenly over the open time of its day or month."""
    if times.grain == "instant":
        raise TableError(["--trucks spreads the total of a day or a month, and these rows have a time of day: each is a delivery; leave --trucks out"])
    found: list[Delivery] = []
    for row in rows:
        count = math.ceil(row.mass / truck)
        if len(found) + count > MOST_ROWS:
            raise TableError([f"more than {MOST_ROWS} trucks would come: say a larger one with --trucks"])
        periods = list(_open_periods(row.time, times.grain == "month", hours))
        if not periods:
            raise TableError(
                [f"line {row.line}: the {times.grain} of {shown_time(row.time)} has a mass, and --hours has it closed: open it, or leave the row out"]
            )
        found += [Delivery(time, row.line, row.mass / count, row.shares) for time in _evenly(periods, count)]
    when = "day and night" if hours is None else "in the hours that are open"
    notes.append(f"each {times.grain}'s mass spread evenly, {when}, over trucks of at most {float(truck / _TONNE):g} t")
    return found


def _open_periods(first: datetime, whole_month: bool, hours: CalendarSpec | None) -> Iterator[tuple[datetime, datetime]]:
    day = first.replace(hour=0, minute=0, second=0)
    while day.month == first.month and (whole_month or day.day == first.day):
        for begin, end in hours.week[day.weekday()] if hours is not None else ((0, 86_400),):
            yield day + timedelta(seconds=begin), day + timedelta(seconds=end)
        day += timedelta(days=1)


def _evenly(periods: Sequence[tuple[datetime, datetime]], count: int) -> Iterator[datetime]:
    """Yield ``count`` times, each in the middle of an equal part of the open time, in whole seconds."""
    step = sum((end - begin for begin, end in periods), timedelta(0)) / count
    passed, left = timedelta(0), iter(periods)
    begin, end = next(left)
    for k in range(count):
        at = step / 2 + k * step
        while at > passed + (end - begin):
            passed += end - begin
            begin, end = next(left)
        yield (begin + (at - passed)).replace(microsecond=0)
