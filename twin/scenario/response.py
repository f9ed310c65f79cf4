"""What a sensor was measured to take the materials for: shares by material and size, inline or from a CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.quantities import Quantity, format_quantity, shown
from twin.scenario.partition import DEFAULT, Curve, curve_through, read_curve
from twin.scenario.problems import Faults, Loc, wrong
from twin.scenario.sizes import SizeClasses
from twin.scenario.tables import files_of, read_table
from twin.scenario.vocabulary import Vocabulary

_SIZE = Quantity("m", gt=0)
_SHARE = Quantity("1", ge=0, le=1)
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
        if set(value) == {"csv"} and isinstance(value["csv"], str):
            return _read_csv(value["csv"], info)
        faults = Faults()
        curves = tuple((str(key), read_curve(share, faults, str(key))) for key, share in value.items())
        faults.stop_if_any()
        return cls(curves)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        share = _SHARE.json_schema()
        by_size = {"type": "object", "additionalProperties": share, "minProperties": 1}
        curve = {"anyOf": [share, {"type": "array", "items": share}, by_size]}
        csv = {"type": "object", "properties": {"csv": {"type": "string"}}, "required": ["csv"], "additionalProperties": False}
        return {"anyOf": [csv, {"type": "object", "additionalProperties": curve, "minProperties": 1}]}


def _read_csv(name: str, info: ValidationInfo) -> Response:
    columns = read_table(name, files_of(info), {"size": "m", "*": "1"})
    keys: Sequence[str] = [column for column in columns if column != "size"]
    if "size" not in columns or not keys:
        raise wrong(f"{name}: a column 'size_mm' and one for each material are needed (got {', '.join(columns)})")
    faults = Faults()
    sizes = columns["size"].numbers(_SIZE, faults, name)
    shares = [columns[key].numbers(_SHARE, faults, name) for key in keys]
    faults.stop_if_any()
    curves = tuple((key, curve_through(list(zip(sizes, column, strict=True)), faults, "csv")) for key, column in zip(keys, shares, strict=True))
    faults.stop_if_any()
    return Response(curves, name)
