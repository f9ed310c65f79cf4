"""How the fields of the models are written, in words: type, example, default and its source, for the reference pages."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twin.quantities import Quantity, example_of, format_quantity, kind_of
from twin.scenario import fields, needs
from twin.scenario.calendars import CalendarSpec
from twin.scenario.confusion import ConfusionMatrix
from twin.scenario.distributions import Distribution
from twin.scenario.kind import NOT_USED
from twin.scenario.kinds.feed import Schedule
from twin.scenario.kinds.product import Penalty, Price, Specification
from twin.scenario.liberation import Liberation
from twin.scenario.orders import OrderList
from twin.scenario.partition import Partition
from twin.scenario.phases import Tests
from twin.scenario.response import Response
from twin.scenario.sizes import SizeClasses, SizeDistribution
from twin.scenario.stops import Reason, StopList
from twin.scenario.variates import Variate

NAMED: tuple[tuple[Any, str], ...] = (
    (fields.Composition, "[composition](#compositions)"),
    (fields.Name, "name"),
    (fields.CalendarName, "name of a calendar, or `always`"),
    (fields.Names, "name, or list of names"),
    (needs.Needs, "resource, or list of [resources and choices](../crews.md)"),
    (needs.Priority, "whole number, -1000 to 1000"),
    (fields.References, "unit or port, or list of them"),
    (fields.Count, "whole number ≥ 1"),
    (fields.Sources, "unit or port, list, or blend `{a: 70 %, b: 30 %}`"),
    (fields.Switch, "`true` or `false`"),
    (fields.Text, "text"),
    (Reason, "text of at most 80 characters"),
    (CalendarSpec, "[calendar](#calendars)"),
    (Partition, "[partition table](#partition-tables)"),
    (Response, "mapping of materials to shares, by size if you like, or `{csv: file}`: see [sensor sorter](../machines/sensor_sorter.md)"),
    (ConfusionMatrix, "mapping of materials to mappings of classes to shares, or `{csv: file}`"),
    (Liberation, "`catalogue` · `gaudin` · `none`, or mapping of composites to shares by size, or `{csv: file}`"),
    (Penalty, "price per mass, or mapping of names to it or to `{price: 20 EUR/t, per: 1 %}`: see [quality](../quality.md)"),
    (Price, "[price](#specifications-and-prices)"),
    (OrderList, "name of a CSV, or list of `{mass: 40 t, due: 2026-01-09T12:00, name: A1, from: 2026-01-08}`: see [orders](../orders.md)"),
    (Schedule, "name of a [CSV file](#schedules)"),
    (StopList, "`{list: stops.csv}`, or list of `{at: 2026-01-05T10:00, for: 30 min, reason: jam}`: see [stop logs](../stop_logs.md)"),
    (SizeClasses, "lengths, e.g. `0.5 1 2 4 mm`, or a list of them"),
    (SizeDistribution, "[size distribution](#size-distributions)"),
    (Specification, "[specification](#specifications-and-prices)"),
    (Tests, 'mapping of tests to limits, e.g. `{slag.Cu: "< 1 %", temperature: "> 1250 °C"}`'),
    (datetime, "date, e.g. `2026-01-05T06:00`"),
    (bool, "`true` or `false`"),
    (int, "whole number"),
    (str, "text"),
)
"""Types that have a name of their own; a quantity, a choice and a mapping of fields are put in words by what they hold."""

LOOSE = {
    ("Campaign", "begin"): "date, or time since the start, e.g. `10 d`",
    ("Season", "peak"): "date, or time since the start, e.g. `10 d`",
    ("Labour", "heads"): "whole number ≥ 1, or mapping of calendars to whole numbers",
    ("CarrierSettings", "price"): "price per energy, e.g. `0.18 EUR/kWh`, or a [series](../money.md#prices-that-change)",
    ("CarrierSettings", "co2"): "mass per energy, e.g. `363 g/kWh`, or a [series](../money.md#prices-that-change)",
    ("Feed", "price"): "price per mass, e.g. `-30 EUR/t`, or a [series](../money.md#prices-that-change)",
    ("Labour", "wage"): "cost per time, e.g. `32 EUR/h`, or a [series](../money.md#prices-that-change)",
    ("MetalTerms", "price"): "price per mass, e.g. `120 EUR/t`, or a [series](../money.md#prices-that-change)",
    ("ResourceSpec", "count"): "whole number ≥ 1, or mapping of calendars to whole numbers",
    ("Event", "at"): "date, or time since the start, e.g. `10 d`",
    ("Event", "set"): "mapping of paths to values",
    ("Settings", "catalogue"): "name, or list of names",
    ("Settings", "materials"): "mapping, as in a [catalogue](materials.md)",
    ("PolicyEntry", "ask"): "mapping with `at`, `lot` or `truck`, see below",
    ("AskEntry", "at"): "list of masses, or mapping of the policy's words to them",
    ("AskEntry", "lot"): "name of a machine or furnace, or list of names",
    ("AskEntry", "truck"): "name of a feed or product, or list of names",
    ("PolicyEntry", "reads"): "[name of a quantity](#names-of-quantities), a list of them, or mapping of the policy's words to them",
    ("PolicyEntry", "sets"): "path, or mapping of the policy's words to them",
    ("PolicyEntry", "bounds"): "two values, or mapping of the policy's words to them",
    ("PolicyEntry", "choices"): "list of words, or mapping of the policy's words to them",
    ("Settings", "policies"): "mapping of names to [policies](#policies)",
    ("Settings", "units"): "mapping of names to [units](#units)",
    ("Thermochemical", "numbers"): "mapping, as the data file of [smelting](../smelting.md)",
    ("SensorSorter", "elements"): "element, or list of elements",
    ("MachineModel", "settings"): "mapping of bunkers to mappings of paths to values",
    ("Splitter", "shares"): "mapping of ports to shares",
}
"""Fields whose type says less than a person wants to know, by model and name."""

EMPTY = (BaseModel, ConfusionMatrix, OrderList, Partition, Penalty, Price, Response, Specification, StopList, Tests)
"""Types whose default holds nothing."""

PLACE = "@{}@"
"""Stands for the heading of a model in a link, until it is known."""


def key_of(model: type[BaseModel], name: str) -> str:
    """Return the key in YAML of a field."""
    return model.model_fields[name].alias or name


def type_of(model: type[BaseModel], name: str) -> tuple[str, list[type[BaseModel]]]:
    """Return how a field is written, and the models of the mappings in it. Raises ``TypeError`` for a type that has no words yet."""
    if (model.__name__, name) in LOOSE:
        return LOOSE[model.__name__, name], []
    nested: list[type[BaseModel]] = []
    words = _words(get_type_hints(model, include_extras=True)[name], nested)
    if words is None:
        raise TypeError(f"say in docs/fields_in_words.py how {model.__name__}.{name} is written")
    return words, nested


def _words(hint: Any, nested: list[type[BaseModel]]) -> str | None:
    for known, words in NAMED:
        if hint == known:
            return words
    if get_origin(hint) is Annotated:
        return _annotated(hint, nested)
    if get_origin(hint) in (Union, types.UnionType):
        return _words(next(part for part in get_args(hint) if part is not type(None)), nested)
    if get_origin(hint) is Literal:
        return " · ".join(f"`{word}`" for word in get_args(hint))
    if get_origin(hint) is tuple:
        below = _words(get_args(hint)[0], nested)
        return below and f"list of {below}"
    if get_origin(hint) is dict:
        below = _words(get_args(hint)[1], nested)
        return below and f"mapping of names to {below}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        nested.append(hint)
        return f"[mapping](#{PLACE.format(hint.__name__)})"
    return None


def _annotated(hint: Any, nested: list[type[BaseModel]]) -> str | None:
    base, *extras = get_args(hint)
    quantity = next((extra for extra in extras if isinstance(extra, Quantity)), None)
    if quantity is not None:
        return _quantity(quantity)
    variate = next((extra for extra in extras if isinstance(extra, Variate)), None)
    if variate is not None and base is Distribution:
        return f"{kind_of(variate.si)}, e.g. `{example_of(variate.si)}`, or [distribution](#distributions)"
    words = _words(base, nested)
    for extra in extras:
        if isinstance(extra, fields.OneOrMore):
            words = words and f"{words.removeprefix('list of ')}, or list of them"
        elif isinstance(extra, fields.Shorthand):
            words = words and f"{words}, or {_short(dict(extra.schema))}"
        elif isinstance(extra, FieldInfo) and base is int:
            low = next((part.ge for part in extra.metadata if hasattr(part, "ge")), None)
            words = f"{words}{'' if low is None else f' ≥ {low}'}"
    return words


def _quantity(quantity: Quantity) -> str:
    limits = [
        f"{sign} {format_quantity(limit, quantity.si) if limit else 0}"
        for sign, limit in ((">", quantity.gt), ("≥", quantity.ge), ("<", quantity.lt), ("≤", quantity.le))
        if limit is not None
    ]
    what = "number" if quantity.si == "1" else kind_of(quantity.si)
    return f"{what}{f' {limits[0]}' if limits else ''}{''.join(f', {limit}' for limit in limits[1:])}, e.g. `{quantity.example or example_of(quantity.si)}`"


def _short(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    return "a whole number" if schema.get("type") == "integer" else f"e.g. `{schema['examples'][0]}`" if schema.get("examples") else "a quantity"


def default_of(model: type[BaseModel], name: str) -> tuple[str, str]:
    """Return the default of a field as a person would write it, with its range, and what its basis and source are ("" where it has none)."""
    field = model.model_fields[name]
    if field.is_required():
        return "**required**", ""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    quantity = next((part for part in _parts(get_type_hints(model, include_extras=True)[name]) if isinstance(part, Quantity)), None)
    text = _value(field.get_default(call_default_factory=True), quantity)
    if extra.get("x-low") is not None:
        text += f" ({_value(extra['x-low'], quantity)} to {_value(extra['x-high'], quantity)})"
    stated = "x-source" in extra and extra["x-source"] != NOT_USED
    return text, f"{extra['x-basis']}: {extra['x-source']}" if stated else ""


def _parts(hint: Any) -> Iterable[Any]:
    for part in get_args(hint):
        yield part
        yield from _parts(part)


def _value(value: Any, quantity: Quantity | None) -> str:
    if value is None or value == () or value == {} or value == "" or isinstance(value, EMPTY):
        return "–"
    if isinstance(value, Liberation):
        return f"`{value.model}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, SizeClasses):
        return "one class"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(item, quantity)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(_value(item, quantity) for item in value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M}"
    if isinstance(value, str):
        return f"`{value}`"
    if quantity is None or (quantity.si == "1" and 1 not in (quantity.le, quantity.lt)):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:_}".replace("_", " ")
    if not value:
        return "0"
    return f"{100 * value:g} %" if quantity.si == "1" else format_quantity(float(value), quantity.si)
