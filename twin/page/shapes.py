"""Forms of what is more than one number: distributions, calendars, partition tables, furnace phases and all other mappings and lists, from the models."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from twin.materials import ELEMENTS
from twin.page.draft import sources_of, written
from twin.page.schema_forms import Spec, form_of_type
from twin.quantities import Quantity, example_of, kind_of
from twin.scenario import Scenario
from twin.scenario.calendars import DAYS, KEYS, CalendarSpec
from twin.scenario.distributions import FORMS, Distribution, parameters_of
from twin.scenario.partition import DEFAULT, Partition
from twin.scenario.phases import Tests
from twin.scenario.places import Plain
from twin.scenario.series import OrSeries
from twin.scenario.settings import ResourceSpec, Settings, TimeFrame
from twin.scenario.variates import Variate

DEEPEST = 8
LEFT_OUT = ("kind", "basis", "source", "from", "title", "calendar")
SIMPLE = ("quantity", "count", "text", "flag", "choice")
"""Forms of one value; a unit's own fields of these forms have rows of their own."""


def blocks_of(scenario: Scenario, unit: str) -> list[dict[str, Any]]:
    """The fields of a unit that are more than one value: path, key, what it is, the form, and the value as written (None where it is not given)."""
    model, found = scenario.units[unit], []
    specs = _specs(type(model))
    for name, field in type(model).model_fields.items():
        key = field.alias or name
        spec = specs.get(name, {"form": "text"})
        path = f"units.{unit}.{key}"
        value = None if (said := written(scenario, path)) == "" else said
        if key in LEFT_OUT or (spec["form"] in SIMPLE and not _has_no_row(spec, value)):
            continue
        names = _names_for(key, spec, scenario, unit)
        found.append({"path": path, "key": key, "about": field.description or "", "spec": _at_home(spec, scenario), "value": value, "names": names})
    return found


@cache
def _specs(model: type[BaseModel]) -> dict[str, Spec]:
    """The forms of a model's fields by name, those of a row of their own or of wiring left out."""
    hints = get_type_hints(model, include_extras=True)
    return {name: spec_of(hints[name]) for name, field in model.model_fields.items() if (field.alias or name) not in LEFT_OUT}


def _has_no_row(spec: Spec, value: Plain | None) -> bool:
    """Whether a field of one value has no row among the unit's own: a name or a file, and a count that is not given."""
    return spec["form"] == "text" or (spec["form"] == "count" and value is None)


def _names_for(key: str, spec: Spec, scenario: Scenario, unit: str) -> list[str]:
    """What the names in a form are likely to be, offered while they are typed: materials and elements, resources, bunkers and what is set of machines."""
    if key == "settings":
        return [*sources_of(scenario, unit), *(number.path for number in scenario.numbers if number.path.startswith("units.") and number.path.count(".") == 2)]
    skills = dict.fromkeys(skill for known in scenario.skills.values() for skill in known)
    if key == "needs":
        return [*scenario.resources, *skills]
    if spec["form"] in ("ways", "map", "list", "group"):
        return [DEFAULT, *scenario.materials.names, *scenario.materials.groups, *ELEMENTS, *scenario.resources, *skills, *scenario.calendars]
    return [*scenario.units]


def plant_blocks(scenario: Scenario) -> list[dict[str, Any]]:
    """What units share, as forms: each calendar, each resource, and the time of the run."""
    found = []
    for section, names in ((CALENDARS, scenario.calendars), (RESOURCES, scenario.resources)):
        for name in names:
            path = f"{section}.{name}"
            found.append(
                {"path": path, "key": name, "about": "", "spec": SECTIONS[section](), "value": written(scenario, path), "names": [*scenario.calendars]}
            )
    time = {
        "path": TIME,
        "key": TIME,
        "about": Settings.model_fields[TIME].description,
        "spec": SECTIONS[TIME](),
        "value": written(scenario, TIME),
        "names": [],
    }
    return [*found, time]


CALENDARS, RESOURCES, TIME = "calendars", "resources", "time"
SECTIONS: dict[str, Callable[[], Spec]] = {CALENDARS: lambda: CALENDAR, RESOURCES: lambda: spec_of(ResourceSpec), TIME: lambda: spec_of(TimeFrame)}
"""Forms of what units share, by the section of the scenario; of calendars and resources each entry has one."""
CALENDAR: Spec = {"form": "calendar", "keys": list(KEYS), "days": list(DAYS)}


def _at_home(spec: Spec, scenario: Scenario) -> Spec:
    """The form with what only the scenario knows: the materials of a partition table."""
    if spec["form"] == "partition":
        return spec | {"materials": [DEFAULT, *scenario.materials.names]}
    return spec


def spec_of(hint: Any, depth: int = 0) -> Spec:
    """The form of a type: from its fields where it is a model, a container or one value, else from the JSON Schema that it gives itself."""
    found = _known(hint, depth) if depth <= DEEPEST else None
    return found if found is not None else form_of_type(hint)


def _known(hint: Any, depth: int) -> Spec | None:
    extras: list[Any] = []
    whole = hint
    while get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        extras += more
    if (simple := _simple(hint, extras)) is not None:
        return simple
    if get_origin(hint) in (Union, types.UnionType):
        parts = [part for part in get_args(hint) if part is not type(None)]
        inner = Annotated[(parts[0], *extras)] if extras else parts[0]
        return spec_of(inner, depth) if len(parts) == 1 else form_of_type(whole)
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
    if Any in arguments:  # only its JSON Schema says what it is
        return None
    if get_origin(hint) is dict:
        return {"form": "map", "item": spec_of(arguments[1], depth + 1) if arguments[1] is not float else {"form": "quantity", "example": "10 %", "what": ""}}
    if get_origin(hint) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"form": "list", "item": spec_of(arguments[0], depth + 1)}
    return None


def _fields(model: type[BaseModel], depth: int) -> Iterator[dict[str, Any]]:
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        spec = spec_of(hints[name], depth)
        if (field.alias or name) not in ("basis", "source" if "basis" in model.model_fields else "basis"):
            yield {"key": field.alias or name, "about": field.description or "", "required": field.is_required(), "spec": spec}
