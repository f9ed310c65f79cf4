"""The JSON Schema of a cluster, which editors complete from: sites, links, networks, factors of CO2 elsewhere."""

from __future__ import annotations

import json
from typing import Any

from twin.scenario.cluster import TIME_KEYS
from twin.scenario.elsewhere import Elsewhere
from twin.scenario.energy.read import Energy
from twin.scenario.fields import NAME
from twin.scenario.links import Link
from twin.scenario.schema import DIALECT, EXTENSION, model_schema, shared_definitions, whole_or_extending, written_schema
from twin.scenario.settings import Settings, TimeFrame

_NAMED = {"type": "object", "propertyNames": {"pattern": f"^{NAME}$"}}


def cluster_schema() -> dict[str, Any]:
    """Return the schema of a cluster's file, whole or one that extends another.

    Which units there are (a feed, a boiler), and what may stand below a site's ``change``, is checked by the loader alone.
    """
    definitions: dict[str, Any] = {}
    settings = model_schema(Settings, {})["properties"]
    time = model_schema(TimeFrame, definitions)["properties"]
    energy, link, elsewhere = (model_schema(model, definitions) for model in (Energy, Link, Elsewhere))
    values = {
        "time": _object({key: time[key] for key in TIME_KEYS}, "Begin, horizon and warm-up of all sites."),
        "energy": {**energy, "description": "Power and heat that sites share."},
        **elsewhere["properties"],
    }
    written = written_schema(_object(values, "Several plants in one time."))
    texts = {key: {"type": "string", "description": settings[key]["description"]} for key in ("name", "title")}
    linked = {"type": "boolean", "default": True, "description": "false: no links and no networks, each site as alone."}
    structure = {
        "twin": settings["twin"],
        **texts,
        "sites": {**_NAMED, "minProperties": 1, "additionalProperties": _site(settings["seed"]), "description": "The plants, by name."},
        "links": {**_NAMED, "additionalProperties": written_schema(link), "description": "Trucks between sites, by name."},
        "linked": linked,
    }
    written["properties"] = {**structure, **written["properties"], **EXTENSION}
    written |= whole_or_extending(["twin", "sites"], about=False)
    defined = {key: written_schema(definitions[key]) for key in sorted(definitions)}
    return {"$schema": DIALECT, "title": "twin cluster", **written, "$defs": {**defined, **shared_definitions()}}


def cluster_schema_text() -> str:
    """Return the schema as indented JSON with a final newline, the same for the same models."""
    return json.dumps(cluster_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, "description": description}


def _site(seed: dict[str, Any]) -> dict[str, Any]:
    base = {"type": "string", "description": "The scenario file of its plant, from the folder of this one.", "examples": ["weee_line.yaml"]}
    own = written_schema(_object({"seed": seed}, "A plant, with its own seed and what is changed in it."))
    own["properties"] = {"extends": base, **own["properties"], "change": EXTENSION["change"]}
    return {**own, "required": ["extends"]}
