"""Orders for a product: how much by when, written in the scenario or as a CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, format_quantity, shown
from twin.scenario.calendars import read_moment
from twin.scenario.kind import Model
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.tables import MOST_FAULTS, Column, Files, files_of, read_table
from twin.scenario.variates import DurationVariate

LONGEST_NAME = 80
"""Characters of an order's name."""
MOST_ORDERS = 10_000
"""Orders of one product."""
_MASS, _OFFSET = Quantity("kg", gt=0), Quantity("s")
_DATE = re.compile(r"\s*\d{4}-\d\d-")
_KEYS = ("mass", "due", "name", "from")
_EXAMPLE = "orders.csv or [{mass: 40 t, due: 2026-01-09T12:00, name: A1}]"


@dataclass(frozen=True)
class Order:
    """``mass`` kg that are wanted by ``due``, and are loaded not before ``earliest``, both s from the start of the run."""

    mass: float
    due: float
    name: str
    earliest: float = 0.0


@dataclass(frozen=True)
class OrderList:
    """The orders of a product by due date, those of the same date as written.

    ``file``: the CSV, "" where they stand in the scenario. ``masses`` (kg) are those that stand in the scenario, as written, for the table of parameters.
    """

    orders: tuple[Order, ...] = ()
    file: str = ""
    masses: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.orders)

    @property
    def largest(self) -> float:
        """Mass of the largest order, kg."""
        return max((order.mass for order in self.orders), default=0.0)

    def numbers(self) -> Iterator[tuple[Loc, float, str]]:
        """Yield place, value and unit of each mass that stands in the scenario."""
        for index, mass in enumerate(self.masses):
            yield (index, "mass"), mass, "kg"

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> OrderList:
        """Return what is written as the name of a CSV or as a list of orders; raises pydantic's errors."""
        if isinstance(value, OrderList):
            return value
        files = files_of(info)
        if isinstance(value, str):
            return _by_due_date(_read_csv(value, files), value)
        if isinstance(value, (list, tuple)) and value:
            orders = _read_written(value, files.start)
            return _by_due_date(orders, "", tuple(order.mass for order in orders))
        raise wrong(f"a list of orders is needed, {_EXAMPLE} (got {shown(value)})")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text, moment = {"type": "string"}, {"type": "string", "examples": ["2026-01-09T12:00", "4 d"]}
        order = {"mass": _MASS.json_schema(), "due": moment, "name": text, "from": moment}
        item = {"type": "object", "properties": order, "required": ["mass", "due"], "additionalProperties": False}
        return {"anyOf": [{"type": "string", "examples": ["orders.csv"]}, {"type": "array", "items": item, "minItems": 1}]}


class OrderLoading(Model):
    """How an order is loaded."""

    time: DurationVariate = Field(description="How long loading takes; what is loaded leaves its bunker as it begins, and the order is done when it ends.")
    needs: Needs = Field(default=(), description="Resources that are held while loading.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


def _by_due_date(orders: list[Order], file: str, masses: tuple[float, ...] = ()) -> OrderList:
    if len(orders) > MOST_ORDERS:
        raise wrong(f"{file or 'the list'} has {len(orders)} orders, at most {MOST_ORDERS} of one product are kept apart: join those of a day")
    return OrderList(tuple(sorted(orders, key=lambda order: order.due)), file, masses)


def _checked(orders: Iterable[tuple[str, Loc, Order]], faults: Faults) -> list[Order]:
    """The orders, each with its place in words and below the key; notes what no order may be."""
    found: list[Order] = []
    names: dict[str, str] = {}
    for place, loc, order in orders:
        found.append(order)
        if len(faults) >= MOST_FAULTS:
            continue
        if order.due <= 0.0:
            late = format_quantity(-order.due, "s")
            faults.add(f"{place}is due {late} before the run begins: an order is due after the start; leave out what is over", *loc)
        elif order.earliest >= order.due:
            begin, due = (format_quantity(time, "s") for time in (order.earliest, order.due))
            faults.add(f"{place}must not be loaded before {begin} and is due at {due} from the start: 'from' must lie before 'due'", *loc)
        if order.name in names:
            faults.add(f"{place}the name {shown(order.name)} is there twice, first {names[order.name]}: each order has its own", *loc)
        names.setdefault(order.name, place.strip(" :") or f"of order {int(loc[0]) + 1}" if loc else place)
    faults.stop_if_any()
    return found


# -- from a CSV ---------------------------------------------------------------------------------------------------------------------------


def _read_csv(name: str, files: Files) -> list[Order]:
    columns = read_table(name, files, {"due": "s", "mass": "kg", "from": "s"})
    for key in columns:
        if key not in _KEYS:
            raise wrong(f"{name}:1 unknown column {shown(key)}; {nearest(key, _KEYS)}; leave out what is something else")
    if "due" not in columns or "mass" not in columns:
        raise wrong(f"{name}:1 the columns 'due' (dates, or e.g. due_h) and 'mass' (e.g. mass_t) are needed (got {', '.join(columns)})")
    faults = Faults()
    masses = columns["mass"].numbers(_MASS, faults, name)
    dues = _moments(columns["due"], files.start, faults, name)
    begins = _moments(columns["from"], files.start, faults, name) if "from" in columns else [0.0] * len(dues)
    lines = columns["mass"].lines
    written = columns["name"].cells if "name" in columns else [""] * len(dues)
    names = [_name(cell, k + 1, faults, f"{name}:{line} column 'name': ") for k, (line, cell) in enumerate(zip(lines, written, strict=True))]
    faults.stop_if_any()
    orders = map(Order, masses, dues, names, begins)
    return _checked(((f"{name}:{line} ", (), order) for line, order in zip(lines, orders, strict=True)), faults)


def _moments(column: Column, start: datetime, faults: Faults, name: str) -> list[float]:
    times = []
    for line, cell in zip(column.lines, column.cells, strict=True):
        try:
            times.append(_moment(f"{cell} {column.unit}" if column.unit is not None and cell[-1:].isdigit() else cell, start))
        except (UsageError, ValueError) as error:
            times.append(0.0)
            if len(faults) < MOST_FAULTS:
                faults.add(f"{name}:{line} column {column.name!r}: a date or a time since the start is needed: {error}")
    return times


# -- written in the scenario --------------------------------------------------------------------------------------------------------------


def _read_written(items: Iterable[object], start: datetime) -> list[Order]:
    faults, orders = Faults(), []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            faults.add(f"an order is needed, e.g. {{mass: 40 t, due: 2026-01-09T12:00, name: A1}} (got {shown(item)})", index)
            continue
        for key in item:
            if key not in _KEYS:
                faults.add(f"unknown key {shown(key)}; {nearest(key, _KEYS)}", index, str(key))
        for key in ("mass", "due"):
            if key not in item:
                faults.add(f"{key!r} is missing", index, key)
        mass = _written(item, "mass", _MASS.read, faults, index)
        due = _written(item, "due", lambda value: _moment(value, start), faults, index)
        begin = _written(item, "from", lambda value: _moment(value, start), faults, index)
        name = _name(item.get("name"), index + 1, faults, "", index, "name")
        orders.append(("", (index,), Order(mass, due, name, begin)))
    faults.stop_if_any()
    return _checked(orders, faults)


def _written(item: Mapping[Any, Any], key: str, read: Any, faults: Faults, index: int) -> float:
    if key not in item:
        return 0.0
    try:
        return float(read(item[key]))
    except (UsageError, ValueError) as error:
        text = str(error) if key == "mass" else f"a date or a time since the start is needed: {error}"
        faults.add(text, index, key)
        return 0.0


def _moment(value: object, start: datetime) -> float:
    if isinstance(value, str) and _DATE.match(value):
        return (read_moment(value) - start).total_seconds()
    return _OFFSET.read(value)


def _name(text: object, number: int, faults: Faults, place: str, *loc: str | int) -> str:
    """The name of an order; its number, from 1, where it has none."""
    if text is None or text == "":
        return str(number)
    if isinstance(text, int) and not isinstance(text, bool):
        return str(text)
    if not isinstance(text, str) or not text.isprintable() or not text.strip() or len(text) > LONGEST_NAME:
        if len(faults) < MOST_FAULTS:
            faults.add(f"{place}a name of 1 to {LONGEST_NAME} printable characters is needed (got {shown(text)})", *loc)
        return str(number)
    return text.strip()
