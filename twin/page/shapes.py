"""Forms of what is more than one number: distributions, calendars, partition tables, furnace phases and all other mappings and lists, from the models."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from twin.page.draft import written
from twin.quantities import Quantity, example_of, kind_of
from twin.scenario import Scenario
from twin.scenario.calendars import DAYS, KEYS, CalendarSpec
from twin.scenario.distributions import FORMS, Distribution, parameters_of
from twin.scenario.needs import Needs
from twin.scenario.partition import DEFAULT, Partition
from twin.scenario.phases import Tests
from twin.scenario.series import OrSeries
from twin.scenario.variates import Variate

Spec = dict[str, Any]
DEEPEST = 8
LEFT_OUT = ("kind", "basis", "source", "from", "title", "calendar")
SIMPLE = ("quantity", "count", "text", "flag", "choice")
"""Forms of one value; a unit's own fields of these forms have rows of their own."""


def blocks_of(scenario: Scenario, unit: str) -> list[dict[str, Any]]:
    """The fields of a unit that are more than one value: path, key, what it is, the form, and the value as written (None where it is not given)."""
    model = scenario.units[unit]
    hints = get_type_hints(type(model), include_extras=True)
    found = []
    for name, field in type(model).model_fields.items():
        key = field.alias or name
        spec = spec_of(hints[name]) if key not in LEFT_OUT else None
        if spec is None or spec["form"] in SIMPLE:
            continue
        path = f"units.{unit}.{key}"
        value = written(scenario, path)
        found.append({"path": path, "key": key, "about": field.description or "", "spec": _at_home(spec, scenario), "value": None if value == "" else value})
    return found


def calendars_of(scenario: Scenario) -> list[dict[str, Any]]:
    """The calendars of a scenario as forms."""
    return [
        {"path": f"calendars.{name}", "key": name, "about": "", "spec": CALENDAR, "value": written(scenario, f"calendars.{name}")}
        for name in scenario.calendars
    ]


CALENDAR: Spec = {"form": "calendar", "keys": list(KEYS), "days": list(DAYS)}


def _at_home(spec: Spec, scenario: Scenario) -> Spec:
    """The form with what only the scenario knows: the materials of a partition table."""
    if spec["form"] == "partition":
        return spec | {"materials": [DEFAULT, *scenario.materials.names]}
    return spec


def spec_of(hint: Any, depth: int = 0) -> Spec | None:
    """The form of a type, None for one that stays with the YAML file."""
    extras: list[Any] = []
    while get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        extras += more
    if depth > DEEPEST or Needs is hint:
        return None
    if (simple := _simple(hint, extras)) is not None:
        return simple
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]
        inner = Annotated[(parts[0], *extras)] if extras else parts[0]
        return spec_of(inner, depth) if len(parts) == 1 else None
    return _nested(hint, depth)


def _simple(hint: Any, extras: list[Any]) -> Spec | None:
    quantity = next((part for part in extras if isinstance(part, Quantity)), None)
    variate = next((part for part in extras if isinstance(part, Variate)), None)
    series = next((part for part in extras if isinstance(part, OrSeries)), None)
    if variate is not None and hint is Distribution:
        return _distribution(variate)
    if quantity is None and series is not None:
        quantity = series.quantity
    if quantity is not None:
        return {"form": "quantity", "example": quantity.example or example_of(quantity.si), "what": "" if quantity.si == "1" else kind_of(quantity.si)}
    if hint is CalendarSpec:
        return CALENDAR
    if hint is Partition:
        return {"form": "partition"}
    if hint is Tests:
        return {"form": "tests", "names": ["temperature", "slag.Cu", "metal.Cu", "slag_and_drops.Cu", "log_po2"]}
    if hint is bool:
        return {"form": "flag"}
    if hint is int:
        return {"form": "count"}
    if hint is str:
        return {"form": "text"}
    return {"form": "choice", "choices": [str(one) for one in get_args(hint)]} if get_origin(hint) is Literal else None


def _distribution(variate: Variate) -> Spec:
    forms = [{"name": form, "parameters": list(parameters_of(form)), "table": parameters_of(form)[0] == "values"} for form in FORMS if form != "constant"]
    return {"form": "distribution", "example": example_of(variate.si), "what": kind_of(variate.si), "forms": forms}


def _nested(hint: Any, depth: int) -> Spec | None:
    """Mappings of fields, lists and mappings of names."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return {"form": "group", "fields": list(_fields(hint, depth + 1))}
    arguments = get_args(hint)
    if get_origin(hint) is dict:
        item = spec_of(arguments[1], depth + 1) if arguments[1] is not float else {"form": "quantity", "example": "10 %", "what": ""}
        return {"form": "map", "item": item} if item is not None else None
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        item = spec_of(arguments[0], depth + 1)
        return {"form": "list", "item": item} if item is not None else None
    return None


def _fields(model: type[BaseModel], depth: int) -> Iterator[dict[str, Any]]:
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        spec = spec_of(hints[name], depth)
        if spec is not None and (field.alias or name) not in ("basis", "source" if "basis" in model.model_fields else "basis"):
            yield {"key": field.alias or name, "about": field.description or "", "required": field.is_required(), "spec": spec}
