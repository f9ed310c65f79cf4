"""What a sensor was measured to take the materials for: shares by material and size, inline or from a CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.quantities import format_quantity, shown
from twin.scenario.curves import Curve, curve_schema, measured_curves, read_curve
from twin.scenario.partition import DEFAULT
from twin.scenario.problems import Faults, Loc, wrong
from twin.scenario.sizes import SizeClasses
from twin.scenario.tables import csv_named, csv_schema
from twin.scenario.vocabulary import Vocabulary

_EXAMPLE = "shares such as {copper: 90 %, default: 2 %}, shares by size {copper: {5 mm: 60 %, 20 mm: 95 %}, …}, or {csv: file}"


@dataclass(frozen=True)
class Response:
    """The share of a material, group or ``default`` that a sensor takes for what is to be ejected; ``file`` names the CSV it came from."""

    curves: tuple[tuple[str, Curve], ...] = ()
    file: str | None = None

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for key, curve in self.curves:
            for index, share in enumerate(curve.shares):
                more: tuple[str | int, ...] = (format_quantity(curve.sizes[index], "m"),) if curve.sizes else (index,) if len(curve.shares) > 1 else ()
                yield (key, *more), share, "1"

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the table in view of a scenario's materials and sizes."""
        keys = [key for key, _ in self.curves]
        for key, curve in self.curves:
            place: Loc = ("csv",) if self.file else (key,)
            if key != DEFAULT and (message := vocabulary.unknown_material(key)):
                yield place, message
            if not curve.sizes and len(curve.shares) not in (1, len(vocabulary.sizes)):
                yield place, f"{len(vocabulary.sizes)} shares are needed, one for each size class (got {len(curve.shares)})"
        if not keys:
            return
        if missing := vocabulary.unresolved(keys):
            yield (), f"no share of {', '.join(repr(name) for name in missing)}; name it or give a 'default'"
        for material, groups in vocabulary.ambiguous(keys):
            yield (), f"{material!r} is in {' and '.join(repr(group) for group in groups)}: give its own share"

    def table(self, materials: Any, sizes: SizeClasses) -> NDArray[np.float64]:
        """Return the shares (material, size); (1, size) where there is but a ``default``, and nothing where there are none."""
        if not self.curves:
            return np.zeros((0, 0))
        curves = dict(self.curves)
        if set(curves) == {DEFAULT}:
            return np.array([curves[DEFAULT].at(sizes)])
        groups = [[group for group, members in materials.groups.items() if name in members] for name in materials.names]
        keys = [next(key for key in (name, *own, DEFAULT) if key in curves) for name, own in zip(materials.names, groups, strict=True)]
        return np.array([curves[key].at(sizes) for key in keys])

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Response:
        """Return what is written as ``{material: share}`` or as ``{csv: file}``."""
        if isinstance(value, Response):
            return value
        if not isinstance(value, Mapping) or not value:
            raise wrong(f"{_EXAMPLE} are needed (got {shown(value)})")
        if (name := csv_named(value)) is not None:
            return cls(measured_curves(name, info, "material"), name)
        faults = Faults()
        curves = tuple((str(key), read_curve(share, faults, str(key))) for key, share in value.items())
        faults.stop_if_any()
        return cls(curves)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [csv_schema(), {"type": "object", "additionalProperties": curve_schema(), "minProperties": 1}]}
