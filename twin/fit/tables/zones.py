"""A clock on the wall to the plant's time: local standard time at a fixed offset. Zones and summer time end here."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from typing import Literal

from twin.errors import TableError, UsageError
from twin.fit.tables.moments import Moment

_OFFSET = re.compile(r"(?:UTC)?([+-])(\d\d):?(\d\d)?", re.ASCII)
RepeatedHour = Literal["first", "second"]


@dataclass(frozen=True)
class Clock:
    """How moments are to be read: the zone of the clock that wrote them, and which of a repeated hour is meant where nothing else says it."""

    zone: tzinfo | None = None
    name: str = ""
    repeated: RepeatedHour | None = None


def clock_of(name: str | None, repeated: RepeatedHour | None = None) -> Clock:
    """Return the clock of a zone (``Europe/Berlin``) or of a fixed offset (``+01:00``). Raises ``UsageError``."""
    if name is None:
        return Clock(repeated=repeated)
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset > timedelta(hours=15):
            raise UsageError(f"--zone {name!r}: an offset lies between -15:00 and +15:00")
        return Clock(timezone(-offset if match[1] == "-" else offset), name, repeated)
    try:
        return Clock(zoneinfo.ZoneInfo(name), name, repeated)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, ValueError: a path that leads out of them
        raise UsageError(f"--zone {name!r} is not known, e.g. Europe/Berlin or +01:00") from None


def standard_times(moments: Sequence[Moment], lines: Sequence[int], clock: Clock) -> tuple[list[datetime], list[str]]:
    """Return the moments, in the order of the file, in local standard time at a fixed offset, and notes on it. Raises ``TableError``."""
    aware = [moment.offset is not None for moment in moments]
    if any(aware) and not all(aware):
        k = aware.index(not aware[0])
        raise TableError([f"line {lines[k]}: some times say their offset to UTC and some do not: correct the file, or import them apart"])
    if aware and aware[0]:
        return _from_instants(moments, clock)
    written = [moment.at for moment in moments]
    if clock.zone is None:
        return written, _check_no_zone(written, lines)
    return _from_wall(written, lines, clock)


def standard_offset(zone: tzinfo, year: int) -> timedelta:
    """Return the offset of a zone without summer time in a year: the smaller of those in January and July.

    >>> standard_offset(zoneinfo.ZoneInfo("Europe/Berlin"), 2026)
    datetime.timedelta(seconds=3600)
    """
    found = [datetime(year, month, 1, 12, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7)]
    return min(found)


def _from_instants(moments: Sequence[Moment], clock: Clock) -> tuple[list[datetime], list[str]]:
    offsets = sorted({moment.offset for moment in moments if moment.offset is not None})
    if clock.zone is not None:
        shift = standard_offset(clock.zone, moments[0].at.year)
        return _shifted(moments, shift), [f"times with an offset to UTC turned into standard time of {clock.name}, {_shown(shift)}"]
    if offsets[-1] - offsets[0] > timedelta(hours=1):
        raise TableError(
            [f"the times have offsets from {_shown(offsets[0])} to {_shown(offsets[-1])}: say in which zone the plant is, e.g. --zone Europe/Berlin"]
        )
    shift = offsets[0]
    summer = ", the smaller of two, taken as standard time" if len(offsets) > 1 else ""
    return _shifted(moments, shift), [f"times kept at {_shown(shift)}{summer}; --zone turns them into the standard time of a plant's zone"]


def _shifted(moments: Sequence[Moment], shift: timedelta) -> list[datetime]:
    return [moment.at - (moment.offset or timedelta()) + shift for moment in moments]


def _from_wall(written: Sequence[datetime], lines: Sequence[int], clock: Clock) -> tuple[list[datetime], list[str]]:
    zone = clock.zone
    assert zone is not None
    shift = standard_offset(zone, written[0].year)
    notes = [f"times of {clock.name} turned into standard time, {_shown(shift)}, without summer time"]
    folds = _folds(written, lines, clock)
    found = []
    for moment, fold, line in zip(written, folds, lines, strict=True):
        local = moment.replace(tzinfo=zone, fold=fold)
        standard = (local.astimezone(UTC) + shift).replace(tzinfo=None)
        if (local.astimezone(UTC).astimezone(zone)).replace(tzinfo=None) != moment:
            raise TableError([f"line {line}: {moment:%Y-%m-%d %H:%M} was skipped in {clock.name}, when summer time began: the clock was no clock of that zone"])
        found.append(standard)
    return found, notes


def _is_repeated(moment: datetime, zone: tzinfo) -> bool:
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return first > second


def _folds(written: Sequence[datetime], lines: Sequence[int], clock: Clock) -> list[int]:
    """Which of the two hours each moment is in, by the order of the file: times that fall while the file rises are in the second."""
    zone = clock.zone
    assert zone is not None
    folds = [0] * len(written)
    repeated = [k for k, moment in enumerate(written) if _is_repeated(moment, zone)]
    if not repeated:
        return folds
    if clock.repeated is not None:
        return [int(clock.repeated == "second") if k in set(repeated) else 0 for k in range(len(written))]
    by_night: dict[tuple[int, int], list[int]] = {}
    for k in repeated:
        by_night.setdefault((written[k].year, written[k].month), []).append(k)
    for night in by_night.values():
        for k, fold in zip(night, _folds_of_night(written, night, lines, clock), strict=True):
            folds[k] = fold
    return folds


def _folds_of_night(written: Sequence[datetime], night: list[int], lines: Sequence[int], clock: Clock) -> list[int]:
    inside = set(night)
    rest = [moment for k, moment in enumerate(written) if k not in inside]
    rises = all(a <= b for a, b in pairwise(rest))
    falls = all(a >= b for a, b in pairwise(rest)) and len(rest) > 1 and not rises
    contiguous = night[-1] - night[0] + 1 == len(night)
    order = night[::-1] if falls else night
    breaks = [k for k, (a, b) in enumerate(pairwise(order)) if written[b] < written[a]]
    if contiguous and (rises or falls) and len(breaks) == 1:
        later = set(order[breaks[0] + 1 :])
        return [int(k in later) for k in night]
    moment, line = written[night[0]], lines[night[0]]
    zone = clock.zone
    assert zone is not None
    shift = standard_offset(zone, moment.year)
    ways = [(moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) + shift).strftime("%H:%M") for fold in (0, 1)]
    what = f"line {line}: {moment:%Y-%m-%d %H:%M} came twice in {clock.name}; in standard time it is {ways[0]} (first) or {ways[1]} (second)"
    raise TableError([f"{what}, and the order of the rows does not decide: say --repeated-hour first or second"])


def _check_no_zone(written: Sequence[datetime], lines: Sequence[int]) -> list[str]:
    """Refuse a fall in the hour that Europe or North America repeats: sorting the rows would hide it."""
    rest_rises = [k for k, (a, b) in enumerate(pairwise(written)) if b < a]
    for k in rest_rises:
        before, after = written[k], written[k + 1]
        if before - after < timedelta(hours=1) and all(_may_repeat(moment) for moment in (before, after)):
            ways = f"a row out of order, or the second {after:%H:%M} of the night in which summer time ended"
            raise TableError(
                [
                    f"line {lines[k + 1]}: {after:%Y-%m-%d %H:%M} comes after {before:%H:%M}: {ways}: "
                    "say --zone Europe/Berlin, or --zone +01:00 where there is no summer time"
                ]
            )
    if written and any(_may_repeat(moment) for moment in written):
        return ["times taken as the plant's standard time; with a clock of summer time say --zone, as an hour was repeated"]
    return []


def _may_repeat(moment: datetime) -> bool:
    """Whether a time lies in the hour that the European Union or North America repeats when summer time ends."""
    if moment.weekday() != 6:
        return False
    europe = moment.month == 10 and moment.day >= 25 and moment.hour in (1, 2)
    america = moment.month == 11 and moment.day <= 7 and moment.hour == 1
    return europe or america


def _shown(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
