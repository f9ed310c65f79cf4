"""The assays of a laboratory's samples, as a feed takes them: the mean share of each element, ``{csv: file}``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from twin.quantities import Quantity
from twin.scenario.problems import Faults, wrong
from twin.scenario.tables import csv_named, csv_schema, files_of, read_table

_SHARE = Quantity("1", ge=0, le=1)
_BESIDE = ("timestamp", "time", "sample")
"""Columns that say which sample a row is of, and are passed over."""


@dataclass(frozen=True)
class OrCsv:
    """Adds ``{csv: file}`` to the JSON Schema of a mapping."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [csv_schema(), handler(schema)]}


def read_assays(value: object, info: ValidationInfo) -> object:
    """Return ``{material: {element: mean share}}`` of the file that ``value`` names, or ``value`` where it names none.

    A row is a sample, and all weigh the same. Raises pydantic's errors: no such file, no column of an element, a share below 0 or above 1.
    """
    name = csv_named(value) if isinstance(value, Mapping) else None
    if name is None:
        return value
    columns = read_table(name, files_of(info), {"*": "1"})
    assayed = [key for key in columns if key not in _BESIDE]
    if not assayed or not all(key.partition(".")[2] for key in assayed):
        odd = next((key for key in assayed if "." not in key), "none")
        raise wrong(f"{name}: columns such as pcb.Cu are needed, a material and an element of it, beside 'timestamp' and 'sample' (got {odd!r})")
    faults, found = Faults(), dict[str, dict[str, Any]]()
    for key in assayed:
        material, _, element = key.partition(".")
        shares = columns[key].numbers(_SHARE, faults, name)
        found.setdefault(material, {})[element] = math.fsum(shares) / len(shares)
    faults.stop_if_any()
    return found
