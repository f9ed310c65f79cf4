"""Forms of what is written in several ways, made from the JSON Schema that its type gives itself: sizes, prices, orders, stops, needs, responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from twin.quantities import kind_of

Spec = dict[str, Any]
Schema = Mapping[str, Any]
DEEPEST = 12
NUMBERS = ("quantity", "count", "limit", "moment", "value")
"""Forms of one number, a limit with one, a date or a time, or a number or word."""
_DATE = re.compile(r"\d{4}-\d\d-")
_LIMIT = re.compile(r"[<>]=?")


def form_of_type(hint: Any) -> Spec:
    """Return the form of a type by its JSON Schema: ``ways`` where it is written in several.

    >>> from typing import Annotated
    >>> from twin.quantities import Quantity
    >>> form_of_type(Annotated[float, Quantity("m", gt=0, example="5 mm")])["example"]
    '5 mm'
    """
    schema = TypeAdapter(hint).json_schema(by_alias=True)
    return form_of_schema(schema, schema.get("$defs", {}))


def form_of_schema(schema: Schema, defined: Schema, depth: int = 0) -> Spec:
    """Return the form of a schema; what it does not limit is one value."""
    if "$ref" in schema:
        schema = defined.get(str(schema["$ref"]).rpartition("/")[2], {})
    if depth > DEEPEST:
        return {"form": "value"}
    if "x-unit" in schema:
        unit = str(schema["x-unit"])
        return {"form": "quantity", "example": schema.get("examples", [""])[0], "what": "" if unit == "1" else kind_of(unit)}
    if "anyOf" in schema:
        ways = _specific_first(_distinct(form for way in schema["anyOf"] if way != {"type": "null"} for form in _flat(form_of_schema(way, defined, depth + 1))))
        return ways[0] if len(ways) == 1 else {"form": "ways", "ways": ways}
    if "enum" in schema or "const" in schema:
        return {"form": "choice", "choices": [str(one) for one in schema.get("enum", [schema.get("const")])]}
    return _by_type(schema, defined, depth)


def _by_type(schema: Schema, defined: Schema, depth: int) -> Spec:
    match schema.get("type"):
        case "string":
            return _text(schema)
        case "boolean":
            return {"form": "flag"}
        case "integer":
            return {"form": "count"}
        case "number":
            return {"form": "quantity", "example": "2", "what": ""}
        case "array":
            items = schema.get("items", {})
            return {"form": "list", "item": form_of_schema(items if isinstance(items, dict) else {}, defined, depth + 1)}
        case "object":
            return _mapping(schema, defined, depth)
    return {"form": "value"}


def _text(schema: Schema) -> Spec:
    examples = [str(one) for one in schema.get("examples", [])]
    example = examples[0] if examples else ""
    if _LIMIT.match(example):
        return {"form": "limit", "example": example}
    if _DATE.match(example):
        return {"form": "moment", "example": " / ".join(examples)}
    return {"form": "text", "example": example} if example else {"form": "text"}


def _mapping(schema: Schema, defined: Schema, depth: int) -> Spec:
    """A mapping with keys of its own, or of names to what is alike."""
    if schema.get("properties"):
        needed = schema.get("required", ())
        fields = [
            {
                "key": key,
                "about": "" if "x-unit" in below else below.get("description", ""),
                "required": key in needed,
                "spec": form_of_schema(below, defined, depth + 1),
            }
            for key, below in schema["properties"].items()
        ]
        return {"form": "group", "fields": fields}
    below = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties", {}))
    found: Spec = {"form": "map", "item": form_of_schema(below if isinstance(below, dict) else {}, defined, depth + 1)}
    if unit := schema.get("propertyNames", {}).get("x-unit"):  # shares by size: the names are numbers too
        found["by"] = {"unit": unit, "example": schema["propertyNames"].get("examples", [""])[0]}
    return found


def _flat(form: Spec) -> list[Spec]:
    ways: list[Spec] = form["ways"] if form["form"] == "ways" else [form]
    return ways


def _distinct(forms: Iterator[Spec]) -> list[Spec]:
    found: list[Spec] = []
    for form in forms:
        if form not in found:
            found.append(form)
    return found


def _specific_first(ways: list[Spec]) -> list[Spec]:
    """So that the first that fits a value is the one that is meant: mappings with keys of their own before those of any names, words of a choice before any."""
    order = {"group": 0, "choice": 1, "distribution": 2, "map": 4, "partition": 4, "tests": 4}
    return sorted(ways, key=lambda way: order.get(way["form"], 3))


def fitting(spec: Spec, value: object) -> Spec:
    """Return the way in which a value is written, the first where none fits; any other form is returned as it is.

    >>> ways = {"form": "ways", "ways": [{"form": "text"}, {"form": "list", "item": {"form": "text"}}]}
    >>> fitting(ways, ["a", "b"])["form"], fitting(ways, "a")["form"]
    ('list', 'text')
    """
    if spec["form"] != "ways":
        return spec
    found: Spec = next((way for way in spec["ways"] if _fits(way, value)), spec["ways"][0])
    return found


def _fits(spec: Spec, value: object) -> bool:
    match spec["form"]:
        case "group":
            return isinstance(value, Mapping) and {str(key) for key in value} <= {field["key"] for field in spec["fields"]}
        case "map":
            return isinstance(value, Mapping) and ("by" not in spec or all(str(key)[:1].isdigit() for key in value))
        case "partition" | "tests" | "calendar":
            return isinstance(value, Mapping)
        case "list":
            return isinstance(value, list)
        case "flag":
            return isinstance(value, bool)
        case "choice":
            return value in spec["choices"]
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
