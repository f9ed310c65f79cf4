"""Numbers that change in time: a column of a CSV with the time from which each value holds, e.g. a day-ahead price."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, shown
from twin.scenario.calendars import read_moment
from twin.scenario.problems import Faults, nearest, wrong
from twin.scenario.tables import Files, files_of, read_table

TIME = "time"
HOLDS = ("step",)
_DATE = re.compile(r"\s*\d{4}-\d\d-")
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)\s*$")
STANDARD_TIME = "write the standard time of the place all year: in summer an hour less than clocks show"
_SINCE = Quantity("s", ge=0)


@dataclass(frozen=True)
class Series:
    """Values in SI, each from a time on until the next: ``times`` are dates, or seconds since the start of the run."""

    file: str
    column: str
    times: tuple[datetime | float, ...]
    values: tuple[float, ...]

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield nothing: the numbers of a file stand in the file, which the results keep."""
        yield from ()

    def seconds(self, start: datetime) -> tuple[float, ...]:
        """Return the times in seconds since ``start``, below 0 for what is before it."""
        return tuple(time if isinstance(time, float) else (time - start).total_seconds() for time in self.times)

    def mean(self, start: datetime, until: float) -> float:
        """Return the mean over time from ``start`` to ``until`` s after it."""
        begins = [max(0.0, min(time, until)) for time in self.seconds(start)]
        ends = [*begins[1:], until]
        return sum((end - begin) * value for begin, end, value in zip(begins, ends, self.values, strict=True)) / until


@dataclass(frozen=True)
class OrSeries:
    """Makes ``Annotated[float | Series, OrSeries("EUR/J")]`` a pydantic type: a quantity, or ``{series: {file: a.csv, column: b, hold: step}}``."""

    si: str
    least: float | None = None

    @property
    def quantity(self) -> Quantity:
        """What one value of it is."""
        return Quantity(self.si, ge=self.least)

    def read(self, value: object, info: ValidationInfo) -> float | Series:
        """Return the number or the series; raises pydantic's error."""
        if isinstance(value, Series):
            return value
        if isinstance(value, Mapping) and set(value) == {"series"}:
            return self._series(value["series"], files_of(info))
        try:
            return self.quantity.read(value)
        except UsageError as error:
            raise wrong(str(error)) from None

    def _series(self, value: object, files: Files) -> Series:
        keys = ("file", "column", "hold")
        if not isinstance(value, Mapping) or not {"file", "column"} <= set(value):
            raise wrong(f"a series names a file and a column, e.g. {{file: prices.csv, column: day_ahead}} (got {shown(value)})")
        for key in value:
            if key not in keys:
                raise wrong(f"unknown key {shown(key)} of a series; {nearest(str(key), keys)}")
        if value.get("hold", HOLDS[0]) not in HOLDS:
            raise wrong(f"'hold' is {HOLDS[0]!r}: a value holds until the next (got {shown(value['hold'])})")
        name, column = value["file"], value["column"]
        if not isinstance(column, str):
            raise wrong(f"the name of a column is needed (got {shown(column)})")
        table = read_table(name, files, {"*": self.si})
        for needed in (TIME, column):
            if needed not in table:
                raise wrong(f"{name}: there is no column {shown(needed)}; {nearest(needed, table)}")
        faults = Faults()
        values = table[column].numbers(self.quantity, faults, name)
        times = [_time(cell, line, name, faults) for line, cell in zip(table[TIME].lines, table[TIME].cells, strict=True)]
        faults.stop_if_any()
        if len({type(time) for time in times}) > 1:
            raise wrong(f"{name}: the times are dates, or times since the start, not both")
        for line, (before, after) in zip(table[TIME].lines[1:], pairwise(times), strict=True):
            if not before < after:  # type: ignore[operator]
                raise wrong(f"{name}:{line} column {TIME!r}: times must ascend (got {after} after {before}){_of_summer_time(before, after)}")
        return Series(str(name), column, tuple(times), tuple(values))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.json_schema()

    def json_schema(self) -> JsonSchemaValue:
        """Return the JSON Schema of a quantity, or of a series of it."""
        keys = {"file": {"type": "string"}, "column": {"type": "string"}, "hold": {"enum": list(HOLDS)}}
        named = {"type": "object", "properties": keys, "required": ["file", "column"], "additionalProperties": False}
        whole = {"type": "object", "properties": {"series": named}, "required": ["series"], "additionalProperties": False}
        return {"anyOf": [self.quantity.json_schema(), whole]}


def _of_summer_time(before: datetime | float, after: datetime | float) -> str:
    """A hint where an hour comes twice, as on the day on which summer time ends."""
    if not (isinstance(before, datetime) and isinstance(after, datetime)):
        return ""
    back = (before - after).total_seconds()
    autumn = before.month in (10, 11) and before.weekday() == 6
    return f"; where summer time ends an hour comes twice: {STANDARD_TIME}" if autumn and 0.0 <= back <= 3600.0 else ""


def _time(cell: str, line: int, table: str, faults: Faults) -> datetime | float:
    try:
        return read_moment(cell) if _DATE.match(cell) else _SINCE.read(cell)
    except (UsageError, ValueError) as error:
        hint = f"; {STANDARD_TIME}" if _ZONED.search(cell) else ""
        faults.add(f"{table}:{line} column {TIME!r}: {error}{hint}")
        return 0.0
