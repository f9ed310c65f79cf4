"""The JSON Schema of the language, which editors complete from: every installed kind, and basis and source on every value."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from twin.materials.number import BASES
from twin.quantities import Quantity, format_quantity
from twin.scenario import policy
from twin.scenario.asking import AskEntry
from twin.scenario.distributions import FORMS
from twin.scenario.fields import NAME
from twin.scenario.kind import find, names
from twin.scenario.policies import PolicyEntry
from twin.scenario.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ANNOTATED: dict[str, Any] = {
    "description": "A value with what is known about it.",
    "type": "object",
    "required": ["value"],
    "additionalProperties": False,
    "properties": {
        "value": {"description": "The value itself."},
        "basis": {"enum": list(BASES), "description": "Where the value comes from."},
        "source": {"type": "string", "description": "Publication, measurement or reasoning."},
        "low": {"description": "Least value that it may have; of an assumed value, or end of the interval of one that was measured or calibrated."},
        "high": {"description": "Largest value that it may have; likewise."},
        "note": {"type": "string"},
    },
}
_STRUCTURE = ("twin", "units", "materials")
"""Top-level keys whose values are never written with basis and source."""
_REFERENCE = {"$ref": "#/$defs/annotated"}
_PARAMETER: dict[str, Any] = {"description": "A quantity, with basis and source if you like.", "anyOf": [{"type": ["string", "number"]}, _REFERENCE]}
_OURS = ("x-distribution", "x-basis", "x-source", "x-low", "x-high")
_PARAMETERS = {
    "constant": None,
    "normal": ("mean", "sd"),
    "lognormal": ("mean", "sd"),
    "triangular": ("low", "mode", "high"),
    "exponential": ("mean",),
    "weibull": ("scale", "shape"),
    "gamma": ("mean", "shape"),
    "geometric": ("mean",),
}
_OPTIONAL = {"geometric": ("step",), "normal": ("min", "max"), "lognormal": ("min", "max"), "exponential": ("min", "max")}
_OPTIONAL |= {"weibull": ("min", "max"), "gamma": ("min", "max")}

_TEXT = {"type": "string"}
_HASHED = {"type": "object", "properties": {"file": _TEXT, "sha256": _TEXT}, "required": ["file", "sha256"], "additionalProperties": False}
EXTENSION: dict[str, Any] = {
    "extends": {
        "anyOf": [_TEXT, _HASHED],
        "description": "The scenario file that is changed; with its hash, it is held to be that file.",
        "examples": ["weee_line.yaml"],
    },
    "change": {"type": "object", "description": "Paths and new values, e.g. units.screen.aperture: 10 mm."},
    "remove": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}], "description": "Paths of what is taken away."},
}
"""The keys of a file that extends another."""


def json_schema() -> dict[str, Any]:
    """Return the schema of a scenario file, whole or one that extends another."""
    definitions: dict[str, Any] = {}
    whole = model_schema(Settings, definitions)
    whole["properties"]["units"] = {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME}$"},
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/$defs/unit"},
        "description": whole["properties"]["units"]["description"],
    }
    whole["properties"]["policies"] = {
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME}$"},
        "additionalProperties": {"$ref": "#/$defs/policy"},
        "description": whole["properties"]["policies"]["description"],
    }
    definitions["unit"] = _unit(definitions)
    definitions["policy"] = _policy(definitions)
    whole |= whole_or_extending(whole.pop("required"), about=True)
    about = whole["properties"]["about"]
    written = written_schema(whole)
    written["properties"] |= {key: written_schema(whole["properties"][key]) for key in _STRUCTURE}
    written["properties"] |= {"extends": EXTENSION["extends"], "about": about, **{key: EXTENSION[key] for key in ("change", "remove")}}
    defined = {key: written_schema(definitions[key]) for key in sorted(definitions)}
    return {"$schema": DIALECT, "title": "twin scenario", **written, "$defs": {**defined, **shared_definitions()}}


def whole_or_extending(required: list[str], *, about: bool) -> dict[str, Any]:
    """Return what tells a file that stands for itself, with the ``required`` keys, from one that ``extends`` another, and may say what it is ``about``."""
    own = ["twin", "name", "title", *(["about"] if about else []), *EXTENSION]
    apart = ["change", "remove", *(["about"] if about else [])]
    return {
        "if": {"required": ["extends"]},
        "then": {"propertyNames": {"enum": own}},
        "else": {"required": required, "properties": dict.fromkeys(apart, False)},
    }


def shared_definitions() -> dict[str, Any]:
    """Return what written values refer to."""
    return {"quantity": Quantity("kg").text_schema(), "parameter": _PARAMETER, "distribution": _distribution(), "annotated": _ANNOTATED}


def schema_text() -> str:
    """Return the schema as indented JSON with a final newline, the same for the same kinds."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def model_schema(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a model; what it refers to is put into ``definitions``."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for name, definition in schema.pop("$defs", {}).items():
        assert definitions.setdefault(name, definition) == definition, f"two models are called {name}"
    return schema


def _unit(definitions: dict[str, Any]) -> dict[str, Any]:
    kinds, branches = names(), []
    for name in kinds:
        kind = find(name)
        schema = model_schema(kind.model, definitions)
        schema["properties"]["kind"] = {"const": name, "description": kind.summary}
        definitions[name] = schema
        branches.append({"if": {"properties": {"kind": {"const": name}}, "required": ["kind"]}, "then": {"$ref": f"#/$defs/{name}"}})
    return {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(kinds)}}, "allOf": branches}


def _policy(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a policy in a plant: its parameters are those of the policy, and checked by the loader alone."""
    schema = model_schema(PolicyEntry, definitions)
    schema["properties"]["policy"] = {"type": "string", "examples": list(policy.names()), "description": schema["properties"]["policy"]["description"]}
    ask = model_schema(AskEntry, definitions)
    schema["properties"]["ask"] = {**ask, "description": schema["properties"]["ask"]["description"]}
    return {**schema, "additionalProperties": True}


def _distribution() -> dict[str, Any]:
    """Return the schema of ``{form: parameters}``; the units of the parameters are checked by the loader alone."""
    quantity = {"$ref": "#/$defs/parameter"}
    table = {"type": "array", "items": quantity, "minItems": 1}
    forms: dict[str, Any] = {
        "constant": quantity,
        "uniform": {"anyOf": [{**table, "minItems": 2, "maxItems": 2}, _object(("low", "high"), (), quantity)]},
        "empirical": _object(("values",), ("cumulative",), _annotatable(table)),
        "discrete": _object(("values",), ("weights",), _annotatable(table)),
    }
    forms |= {form: _object(needed, _OPTIONAL.get(form, ()), quantity) for form, needed in _PARAMETERS.items() if needed}
    properties = {form: forms[form] if forms[form] == quantity else _annotatable(forms[form]) for form in FORMS}
    return {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False, "properties": properties}


def _object(needed: tuple[str, ...], optional: tuple[str, ...], item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(needed), "properties": dict.fromkeys((*needed, *optional), item), "additionalProperties": False}


def written_schema(schema: Any) -> Any:
    """Return a schema as people write values: with a unit, as a distribution where one may be drawn, with basis and source; never null."""
    if isinstance(schema, list):
        return [written_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-unit" in schema:
        return _value(schema)
    ways = [way for way in schema.get("anyOf", ()) if way != {"type": "null"}]
    if len(ways) == 1:
        return written_schema({**{key: item for key, item in schema.items() if key != "anyOf"}, **ways[0], **_said(schema)})
    result: dict[str, Any] = {}
    for key, item in schema.items():
        if key in ("examples", "enum", "const", "required"):
            result[key] = item
        elif key in ("properties", "patternProperties"):
            result[key] = {name: _annotatable(written_schema(below)) for name, below in item.items()}
        elif key in ("items", "additionalProperties"):
            result[key] = _annotatable(written_schema(item))
        elif key not in (*_OURS, "default", "title"):
            result[key] = written_schema(item)
    if ways:
        result["anyOf"] = [written_schema(way) for way in ways]
    if "patternProperties" in result:
        result["additionalProperties"] = False
    if isinstance(schema.get("default"), (str, bool, int)):
        result["default"] = schema["default"]
    return result


def _said(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("description", "default") if key in schema}


def _value(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a quantity or variate, which goes by reference where it is text with a unit."""
    about: dict[str, Any] = {key: schema[key] for key in ("description", "examples", "x-unit") if key in schema}
    if isinstance(schema.get("default"), float):
        about["default"] = format_quantity(schema["default"], schema["x-unit"])
    ways = list(schema["anyOf"]) if "anyOf" in schema else [{"$ref": "#/$defs/quantity"}]
    if "x-distribution" in schema:
        ways.append({"$ref": "#/$defs/distribution"})
    return {**(ways[0] if len(ways) == 1 else {"anyOf": ways}), **about}


def _annotatable(schema: Any) -> Any:
    """Return a schema of which the value may also stand in an annotation; what is fixed, as the name of a kind, may not."""
    if not isinstance(schema, dict) or schema == {} or "const" in schema:
        return schema
    about = {key: schema[key] for key in ("description", "examples", "x-unit", "default") if key in schema}
    plain = {key: item for key, item in schema.items() if key not in about}
    ways = plain["anyOf"] if list(plain) == ["anyOf"] else [plain]
    return {"anyOf": [*ways, _REFERENCE], **about}
