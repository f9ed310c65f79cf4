"""Dated stops of a machine: a stop log, or a few stops written in the scenario. They are replayed beside drawn breakdowns or instead of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, format_quantity, shown
from twin.scenario.calendars import read_moment
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.tables import MOST_FAULTS, Column, Files, files_of, read_table

NOT_STATED = "not stated"
"""The reason of a stop that has none in the list."""
LONGEST_REASON = 80
"""Characters of a reason."""
NANOSECOND = 1e-9  # s: the engine rounds to it
MOST_REASONS = 200
"""Reasons of one machine that are told apart: each is a row of the results at every record step."""
_LENGTH, _OFFSET = Quantity("s", gt=0), Quantity("s")
_DATE = re.compile(r"\s*\d{4}-\d\d-")
_COLUMNS = ("begin", "time", "end", "duration", "reason", "machine", "copy")
_KEYS = ("at", "for", "reason", "copy")
_EXAMPLE = "{list: stops.csv} or [{at: 2026-01-05T10:00, for: 30 min, reason: jam}]"


def _read_reason(value: object) -> str:
    faults = Faults()
    reason = _reason(value, faults, "")
    faults.stop_if_any()
    return reason


Reason = Annotated[str, BeforeValidator(_read_reason), WithJsonSchema({"type": "string", "maxLength": LONGEST_REASON})]
"""What a stop is booked under."""


@dataclass(frozen=True)
class Stop:
    """A stop that begins ``begin`` s after the start of the run and lasts ``length`` s; ``copy`` of several is counted from 1.

    ``place``: where it stands, for messages.
    """

    begin: float
    length: float
    reason: str
    copy: int
    place: str

    @property
    def end(self) -> float:
        """When it is over, s."""
        return self.begin + self.length


@dataclass(frozen=True)
class StopList:
    """The stops of a machine, by their begin, from the start of the run on; of one copy none overlap.

    ``name``: the file, "" where they stand in the scenario. ``early``: how many were over by the start and are left out; ``cut``: how many were under way
    then, of which the rest is kept. ``lengths`` are those that are written in the scenario, for the table of parameters.
    """

    name: str = ""
    stops: tuple[Stop, ...] = ()
    early: int = 0
    cut: int = 0
    lengths: tuple[float, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the reasons in the order in which they first occur."""
        return tuple(dict.fromkeys(stop.reason for stop in self.stops))

    def numbers(self) -> Iterator[tuple[Loc, float, str]]:
        """Yield place, value and unit of each length that stands in the scenario."""
        for index, length in enumerate(self.lengths):
            yield (index, "for"), length, "s"

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> StopList:
        """Return what is written as ``{list: file}`` or as a list of stops; raises pydantic's errors."""
        if isinstance(value, StopList):
            return value
        files = files_of(info)
        if isinstance(value, Mapping) and "list" in value:
            return _from_start(_read_csv(value, files), str(value["list"]))
        if isinstance(value, (list, tuple)) and value:
            stops = _read_written(value, files.start)
            return _from_start(stops, "", tuple(stop.length for stop in stops))
        raise wrong(f"a list of stops is needed, {_EXAMPLE} (got {shown(value)})")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        texts = {"type": "string"}
        listed = {"type": "object", "properties": {"list": texts, "machine": texts}, "required": ["list"], "additionalProperties": False}
        copy = {"type": "integer", "minimum": 1}
        stop = {"at": {"type": "string", "examples": ["2026-01-05T10:00", "10 h"]}, "for": _LENGTH.json_schema(), "reason": texts, "copy": copy}
        item = {"type": "object", "properties": stop, "required": ["at", "for"], "additionalProperties": False}
        return {"anyOf": [listed, {"type": "array", "items": item, "minItems": 1}]}


def _from_start(stops: Iterable[Stop], name: str, lengths: tuple[float, ...] = ()) -> StopList:
    """Sort, refuse what overlaps, and leave out what was over by the start."""
    ordered = sorted(stops, key=lambda stop: (stop.begin, stop.end))
    _check_overlap(ordered)
    kept, cut = [], 0
    for stop in ordered:
        if stop.end > NANOSECOND:
            cut += stop.begin < 0.0
            kept.append(stop if stop.begin >= 0.0 else Stop(0.0, stop.end, stop.reason, stop.copy, stop.place))
    found = StopList(name, tuple(kept), len(ordered) - len(kept), cut, lengths)
    if len(found.reasons) > MOST_REASONS:
        raise wrong(f"{name or 'the list'} has {len(found.reasons)} different reasons, and {MOST_REASONS} are told apart: write a few classes of causes")
    return found


def _check_overlap(ordered: Iterable[Stop]) -> None:
    faults = Faults()
    last: dict[int, Stop] = {}
    for stop in ordered:
        before = last.get(stop.copy)
        if before is not None and before.end - stop.begin > NANOSECOND and len(faults) < MOST_FAULTS:
            over = format_quantity(min(before.end, stop.end) - stop.begin, "s")
            rule = "one machine stops once at a time; join them, or give each its 'copy'"
            faults.add(f"{stop.place} begins before {before.place} is over, by {over}: {rule}")
        if before is None or stop.end > before.end:
            last[stop.copy] = stop
    faults.stop_if_any()


# -- from a CSV ---------------------------------------------------------------------------------------------------------------------------


def _read_csv(value: Mapping[Any, Any], files: Files) -> list[Stop]:
    for key in value:
        if key not in ("list", "machine"):
            raise wrong(f"unknown key {shown(key)} beside 'list'; {nearest(key, ('list', 'machine'))}")
    columns = read_table(value["list"], files, {"time": "s", "duration": "s"})
    name = str(value["list"])
    _check_columns(columns, name)
    rows = _rows_of(columns, value.get("machine"), name)
    columns = {key: _some(column, rows) for key, column in columns.items()}
    faults = Faults()
    begins = _moments(columns["begin"], files.start, faults, name) if "begin" in columns else columns["time"].numbers(_OFFSET, faults, name)
    if "duration" in columns:
        lengths = columns["duration"].numbers(_LENGTH, faults, name)
    else:
        lengths = [end - begin for begin, end in zip(begins, _moments(columns["end"], files.start, faults, name), strict=True)]
    reasons = [_reason(cell, faults, f"{name}:{line} column 'reason': ") for line, cell in _cells(columns["reason"])]
    copies = [_copy(cell, faults, f"{name}:{line} column 'copy': ") for line, cell in _cells(columns["copy"])] if "copy" in columns else [1] * len(rows)
    faults.stop_if_any()
    lines = columns["reason"].lines
    for line, length in zip(lines, lengths, strict=True):
        if not length > 0.0 and len(faults) < MOST_FAULTS:
            faults.add(f"{name}:{line} a stop must end after it begins (got {format_quantity(length, 's')} from begin to end)")
    faults.stop_if_any()
    places = [f"{name}:{line}" for line in lines]
    return [Stop(*row) for row in zip(begins, lengths, reasons, copies, places, strict=True)]


def _check_columns(columns: Mapping[str, Column], name: str) -> None:
    for key in columns:
        if key not in _COLUMNS:
            raise wrong(f"{name}:1 unknown column {shown(key)}; {nearest(key, _COLUMNS)}; leave out what is something else")
    for one, other, words in (
        ("begin", "time", "'begin' (dates) or 'time' (e.g. time_h)"),
        ("end", "duration", "'end' (dates) or 'duration' (e.g. duration_min)"),
    ):
        if (one in columns) == (other in columns):
            raise wrong(f"{name}:1 the column {words} is needed, one of both (got {', '.join(columns)})")
    if "reason" not in columns:
        raise wrong(f"{name}:1 the column 'reason' is needed; its cells may be empty (got {', '.join(columns)})")
    if "end" in columns and "time" in columns:
        raise wrong(f"{name}:1 'end' is a date and needs 'begin' beside it, 'time' needs 'duration' (got {', '.join(columns)})")


def _rows_of(columns: Mapping[str, Column], machine: object, name: str) -> list[int]:
    """The rows that are meant: all, or those of one machine where the log is of several."""
    if "machine" not in columns:
        if machine is not None:
            raise wrong(f"{name}:1 there is no column 'machine' to find {shown(machine)} in (got {', '.join(columns)})")
        return list(range(len(columns["reason"].cells)))
    known = columns["machine"].cells
    if machine is None:
        names = ", ".join(shown(cell) for cell in list(dict.fromkeys(known))[:5])
        raise wrong(f"{name} is of several machines: say which is meant, {{list: {name}, machine: …}} (there are {names})")
    rows = [row for row, cell in enumerate(known) if cell == machine]
    if not rows:
        raise wrong(f"{name}: no row is of the machine {shown(machine)}; {nearest(machine, known)}")
    return rows


def _some(column: Column, rows: list[int]) -> Column:
    return Column(column.name, column.unit, tuple(column.cells[row] for row in rows), tuple(column.lines[row] for row in rows))


def _cells(column: Column) -> Iterator[tuple[int, str]]:
    return zip(column.lines, column.cells, strict=True)


def _moments(column: Column, start: datetime, faults: Faults, name: str) -> list[float]:
    times = []
    for line, cell in _cells(column):
        try:
            times.append((read_moment(cell) - start).total_seconds())
        except ValueError as error:
            times.append(0.0)
            if len(faults) < MOST_FAULTS:
                faults.add(f"{name}:{line} column {column.name!r}: {error}")
    return times


def _reason(text: object, faults: Faults, place: str, *loc: str | int) -> str:
    if text is None or text == "":
        return NOT_STATED
    if not isinstance(text, str) or not text.isprintable():
        if len(faults) < MOST_FAULTS:
            faults.add(f"{place}a text of printable characters is needed (got {shown(text)})", *loc)
        return NOT_STATED
    if len(text) > LONGEST_REASON and len(faults) < MOST_FAULTS:
        faults.add(f"{place}a reason has at most {LONGEST_REASON} characters (got {len(text)}: {shown(text)}): shorten it", *loc)
    return text.strip() or NOT_STATED


def _copy(text: object, faults: Faults, place: str, *loc: str | int) -> int:
    number = int(text) if isinstance(text, str) and re.fullmatch(r"[1-9]\d{0,3}", text) else text
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 1000:
        if len(faults) < MOST_FAULTS:
            faults.add(f"{place}the number of a copy is needed, from 1 (got {shown(text)})", *loc)
        return 1
    return number


# -- written in the scenario --------------------------------------------------------------------------------------------------------------


def _read_written(items: Iterable[object], start: datetime) -> list[Stop]:
    faults, stops = Faults(), []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            faults.add(f"a stop is needed, e.g. {{at: 2026-01-05T10:00, for: 30 min, reason: jam}} (got {shown(item)})", index)
            continue
        found = len(faults)
        for key in item:
            if key not in _KEYS:
                faults.add(f"unknown key {shown(key)}; {nearest(key, _KEYS)}", index, str(key))
        for key in ("at", "for"):
            if key not in item:
                faults.add(f"{key!r} is missing", index, key)
        begin = _written_begin(item.get("at"), start, faults, index) if "at" in item else 0.0
        length = _written_length(item.get("for"), faults, index) if "for" in item else 1.0
        reason = _reason(item.get("reason"), faults, "", index, "reason")
        copy = _copy(item.get("copy", 1), faults, "", index, "copy")
        if len(faults) == found:
            stops.append(Stop(begin, length, reason, copy, f"stop {index + 1}"))
    faults.stop_if_any()
    return stops


def _written_begin(at: object, start: datetime, faults: Faults, index: int) -> float:
    try:
        if isinstance(at, str) and _DATE.match(at):
            return (read_moment(at) - start).total_seconds()
        return _OFFSET.read(at)
    except (UsageError, ValueError) as error:
        faults.add(f"a date or a time since the start is needed: {error}", index, "at")
        return 0.0


def _written_length(value: object, faults: Faults, index: int) -> float:
    try:
        return _LENGTH.read(value)
    except UsageError as error:
        faults.add(str(error), index, "for")
        return 1.0
