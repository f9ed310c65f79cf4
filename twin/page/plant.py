"""A plant as a page shows it: the flowsheet, its units, and the parameters of one with unit, range, basis and source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twin.page.draft import Draft, said_in, sources_of, written
from twin.page.sourcing import states
from twin.page.typed import exactly_like, written_like
from twin.plant.streams import streams_of
from twin.plant.topology import derive
from twin.quantities import Quantity, example_of, format_quantity, kind_of, quantity_of
from twin.report.drawing import Drawing, svg
from twin.report.flows import flows_of
from twin.report.flowsheet import flowsheet
from twin.report.language import Language
from twin.report.source import Planned
from twin.scenario import Scenario
from twin.scenario.annotations import NOT_STATED
from twin.scenario.kind import find, names
from twin.scenario.model import Parameter

_HIDDEN = ("kind", "basis", "source", "from")
MOST_NUMBERS = 400
"""Numbers of a unit that are shown."""


def drawn(scenario: Scenario, words: Language) -> str:
    """The flowsheet as SVG."""
    planned = Planned(scenario, derive(scenario))
    sheet = flowsheet(planned, flows_of(planned)).whole
    return as_svg(sheet, "flowsheet", words, tuple(scenario.units))


def as_svg(drawing: Drawing, name: str, words: Language, units: tuple[str, ...]) -> str:
    """A figure in a language, without a style of its own, which the page does not allow."""
    return svg(words.drawing(drawing, units), name, scrolls=False)


def units_of(scenario: Scenario) -> list[dict[str, Any]]:
    """Every unit with its role, the streams that leave it and where they go."""
    found = derive(scenario)
    rows = []
    for name, model in scenario.units.items():
        streams = [{"name": stream, "to": found.destination.get(stream, "")} for stream in streams_of(scenario, name)]
        rows.append({"name": name, "kind": model.kind, "title": model.title, "role": scenario.kinds[name].role, "streams": streams})
    return rows


def changes_of(base: Scenario, draft: Draft) -> list[dict[str, Any]]:
    """The changes as a list: the path, what the base says and what is said now."""
    rows = [{"path": path, "before": _text(_before(base, path)), "now": _text(value)} for path, value in draft.changes.items()]
    return rows + [{"path": path, "before": _text(_before(base, path)), "now": ""} for path in draft.remove]


def _before(base: Scenario, path: str) -> Any:
    said = written(base, path)
    number = next((number for number in base.numbers if number.path == path), None) if said == "" else None
    return said if number is None else format_quantity(number.value, number.unit)


def _text(value: Any) -> str:
    if states(value):
        about = ": ".join(str(value[key]) for key in ("basis", "source") if key in value)
        return f"{_text(value['value'])} ({about})" if about else _text(value["value"])
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())[:300]
    return ", ".join(_text(item) for item in value)[:300] if isinstance(value, (list, tuple)) else str(value)


def numbers_of(scenario: Scenario) -> list[dict[str, str]]:
    """The numbers of units that state a range, as a form of a study offers them: path, value, and the ends of the range as the value is written."""
    rows = []
    for number in scenario.numbers:
        if number.path.startswith("units.") and number.low is not None and number.high is not None and number.low < number.high:
            said = written(scenario, number.path)
            like = str(said) if said != "" and not isinstance(said, (dict, list)) else format_quantity(number.value, number.unit)
            ends = [written_like(value, number.unit, like) for value in (number.low, number.high)]
            rows.append({"path": number.path, "value": like, "low": ends[0], "high": ends[1]})
    return rows


def paths_of(scenario: Scenario) -> list[dict[str, str]]:
    """The numbers of units by path, with their values, as a question of what a change would do offers them."""
    return [{"path": number.path, "value": format_quantity(number.value, number.unit)} for number in scenario.numbers if number.path.startswith("units.")]


def unit_form(base: Scenario, scenario: Scenario, unit: str, draft: Draft) -> dict[str, Any] | None:
    """What is known of a unit: its numbers with the range of the base, and what else can be set; None for one that there is not.

    ``scenario`` may lack what is wrong in the draft; fields and forms show it nevertheless.
    """
    from twin.page.shapes import blocks_of  # forms need the models of furnaces, the first picture does not

    if unit not in scenario.units:
        return None
    model = scenario.units[unit]
    before = {number.path: number for number in base.numbers}
    numbers = [number for number in scenario.numbers if number.path.startswith(f"units.{unit}.")]
    rows = [
        _number(base, scenario, number, before.get(number.path), model) | {"stated": states(said_in(draft, number.path, ""))}
        for number in numbers[:MOST_NUMBERS]
    ]
    role = scenario.kinds[unit].role
    return {
        "name": unit,
        "kind": model.kind,
        "title": model.title,
        "role": role,
        "summary": scenario.kinds[unit].summary,
        "takes": sources_of(scenario, unit),
        "streams": [{"name": stream, "to": derive(scenario).destination.get(stream, "")} for stream in streams_of(scenario, unit)],
        "numbers": rows,
        "fields": [_as_said(row, draft) for row in _other_fields(scenario, unit, model)],
        "blocks": [block_as_said(block, draft) for block in blocks_of(scenario, unit)],
        "more": max(0, len(numbers) - MOST_NUMBERS),
    }


def _as_said(row: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """A field with what the draft says of it."""
    said = said_in(draft, row["path"], row["text"])
    return row | {"text": str(said), "on": said if isinstance(said, bool) else row.get("on", False)}


def block_as_said(block: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """A form with what the draft says, which the scenario may lack."""
    said = said_in(draft, block["path"], "" if block["value"] is None else block["value"])
    return block | {"value": None if said == "" else said}


def _number(base: Scenario, scenario: Scenario, number: Parameter, before: Parameter | None, model: BaseModel) -> dict[str, Any]:
    """One number: as it is written, in SI, and between which ends the base lets it be."""
    said = written(scenario, number.path)
    text = str(said) if said != "" and not isinstance(said, (dict, list)) else format_quantity(number.value, number.unit)
    row: dict[str, Any] = {
        "path": number.path,
        "label": number.path.split(".", 2)[2],
        "text": text,
        "value": number.value,
        "unit": number.unit,
        "what": kind_of(number.unit),
        "basis": number.basis,
        "source": "" if number.source == NOT_STATED else number.source,
        "given": said != "",
        "range": ["", ""] if number.low is None or number.high is None else [exactly_like(end, number.unit, text) for end in (number.low, number.high)],
        "about": _about(model, number.path.split(".")[2:]),
    }
    if before is not None:
        said_before = written(base, number.path)
        like = str(said_before) if said_before != "" else format_quantity(before.value, before.unit)
        row |= {"before": like, "changed": before.value != number.value}
    else:
        before, like = _default(model, number), text  # a unit that the base has not: its kind says what its numbers may be
    if before is not None and before.low is not None and before.high is not None and before.low < before.high:
        ends = [written_like(value, before.unit, like) for value in (before.low, before.high)]
        row |= {"low": before.low, "high": before.high, "ends": ends, "like": written_like(before.value, before.unit, like)}
    return row


def _default(model: BaseModel, number: Parameter) -> Parameter | None:
    """The default of a field of a unit with its range; None for what has none, or is deeper."""
    field = _field(model, number.path.split(".", 2)[2])
    said = field[1].json_schema_extra if field is not None else None
    if field is None or not isinstance(said, dict) or "x-low" not in said or not isinstance(field[1].default, (int, float)):
        return None
    return replace(number, value=float(field[1].default), low=float(str(said["x-low"])), high=float(str(said["x-high"])))


def _about(model: BaseModel, path: list[str]) -> str:
    """What the model says of the field at a path, or of the nearest above it."""
    said, node = "", model
    for part in path:
        field = _field(node, part)
        if field is None:
            break
        said = field[1].description or said
        below = getattr(node, field[0], None)
        if not isinstance(below, BaseModel):
            break
        node = below
    return said


def _field(model: BaseModel, key: str) -> tuple[str, FieldInfo] | None:
    return next(((name, field) for name, field in type(model).model_fields.items() if (field.alias or name) == key), None)


def _other_fields(scenario: Scenario, unit: str, model: BaseModel) -> Iterator[dict[str, Any]]:
    """Fields that are no numbers, and numbers that are not given: flags, choices, names and texts; what is deeper stays with YAML."""
    for name, field in type(model).model_fields.items():
        key, value = field.alias or name, getattr(model, name)
        if key in _HIDDEN:
            continue
        row: dict[str, Any] = {"path": f"units.{unit}.{key}", "label": key, "about": field.description or "", "text": "" if value is None else str(value)}
        quantity = quantity_of(field.annotation) or next((part for part in field.metadata if isinstance(part, Quantity)), None)
        if key == "calendar":
            yield {**row, "form": "choice", "choices": ["", *scenario.calendars]}
        elif isinstance(value, bool):
            yield {**row, "form": "flag", "on": value}
        elif choices := _choices(field.annotation):
            yield {**row, "form": "choice", "choices": choices if field.is_required() or value is not None else ["", *choices]}
        elif quantity is not None and value is None:
            yield {**row, "form": "number", "text": "", "example": quantity.example or example_of(quantity.si)}
        elif key == "title":
            yield {**row, "form": "text"}


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return next((found for part in get_args(annotation) if (found := _choices(part))), [])


def kinds() -> list[dict[str, str]]:
    """The kinds of machines and bunkers that can be put into a plant."""
    found = (find(name) for name in names())
    return [{"name": kind.name, "role": kind.role, "summary": kind.summary} for kind in found if kind.role in ("machine", "bunker", "product")]
