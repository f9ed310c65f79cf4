"""What a classifier takes pieces of each material for: a confusion matrix by class, inline or from a CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.materials.catalogue import SUM_TOLERANCE
from twin.quantities import shown
from twin.scenario.curves import SHARE
from twin.scenario.fields import read_share
from twin.scenario.partition import DEFAULT
from twin.scenario.problems import Faults, Loc, nearest, wrong
from twin.scenario.tables import MOST_FAULTS, csv_named, csv_schema, files_of, read_table
from twin.scenario.vocabulary import Vocabulary

_TRUE = "material"
"""The heading of the column of a CSV that names what pieces are."""
_EXAMPLE = "what pieces are and what they are taken for, {pet_clear: {pet: 94 %, other: 6 %}, default: {pet: 2 %, other: 98 %}}, or {csv: file}"


@dataclass(frozen=True)
class ConfusionMatrix:
    """Rows by material, group or ``default``: the share of its pieces that is taken for each class, which sum to 1. ``file`` names the CSV they came from."""

    rows: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    file: str | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Return what pieces are taken for, in the order written."""
        return tuple(dict.fromkeys(name for _, row in self.rows for name, _ in row))

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for key, row in self.rows:
            for name, share in row:
                yield (key, name), share, "1"

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the rows in view of a scenario's materials."""
        keys = [key for key, _ in self.rows]
        for key in keys:
            if key != DEFAULT and (message := vocabulary.unknown_material(key)):
                yield ("csv",) if self.file else (key,), message
        if not keys:
            return
        if missing := vocabulary.unresolved(keys):
            yield (), f"no row of {', '.join(repr(name) for name in missing)}; name it or give a 'default'"
        for material, groups in vocabulary.ambiguous(keys):
            yield (), f"{material!r} is in {' and '.join(repr(group) for group in groups)}: give its own row"

    def unknown_classes(self, wanted: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Yield (place, message) of each class that is ``wanted`` and nothing is taken for."""
        for index, name in enumerate(wanted):
            if name not in self.classes:
                yield index, f"nothing is taken for the class {name!r}; {nearest(name, self.classes)}"

    def taken_for(self, wanted: Iterable[str], materials: Any) -> NDArray[np.float64]:
        """Return the share of each material (material,) that is taken for one of the ``wanted`` classes."""
        rows, among = {key: dict(row) for key, row in self.rows}, tuple(wanted)
        groups = [[group for group, members in materials.groups.items() if name in members] for name in materials.names]
        keys = [next(key for key in (name, *own, DEFAULT) if key in rows) for name, own in zip(materials.names, groups, strict=True)]
        return np.array([min(sum(rows[key].get(name, 0.0) for name in among), 1.0) for key in keys])

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> ConfusionMatrix:
        """Return what is written as ``{material: {class: share}}`` or as ``{csv: file}``."""
        if isinstance(value, ConfusionMatrix):
            return value
        if not isinstance(value, Mapping) or not value:
            raise wrong(f"{_EXAMPLE} are needed (got {shown(value)})")
        if (name := csv_named(value)) is not None:
            return cls(_read_csv(name, info), name)
        faults, rows = Faults(), []
        for key, row in value.items():
            if not isinstance(row, Mapping) or not row:
                faults.add(f"a mapping of classes to shares is needed, e.g. {{pet: 94 %, other: 6 %}} (got {shown(row)})", str(key))
                continue
            shares = tuple((str(name), read_share(share, faults, str(key), str(name))) for name, share in row.items())
            _whole(shares, faults, "", str(key))
            rows.append((str(key), shares))
        faults.stop_if_any()
        return cls(tuple(rows))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        row = {"type": "object", "additionalProperties": SHARE.json_schema(), "minProperties": 1}
        return {"anyOf": [csv_schema(), {"type": "object", "additionalProperties": row, "minProperties": 1}]}


def _read_csv(name: str, info: ValidationInfo) -> tuple[tuple[str, tuple[tuple[str, float], ...]], ...]:
    columns = read_table(name, files_of(info), {"*": "1"})
    classes = [column for column in columns if column != _TRUE]
    if _TRUE not in columns or not classes:
        raise wrong(f"{name}: a column '{_TRUE}' and one for each class are needed (got {', '.join(columns)})")
    faults = Faults()
    keys, lines = columns[_TRUE].cells, columns[_TRUE].lines
    shares = [columns[each].numbers(SHARE, faults, name) for each in classes]
    faults.stop_if_any()
    rows: list[tuple[str, tuple[tuple[str, float], ...]]] = []
    for line, key, row in zip(lines, keys, zip(*shares, strict=True), strict=True):
        if key in [known for known, _ in rows]:
            faults.add(f"{name}:{line} {key!r} is there twice")
        rows.append((key, tuple(zip(classes, row, strict=True))))
        _whole(rows[-1][1], faults, f"{name}:{line} {key!r}: ")
    faults.stop_if_any()
    return tuple(rows)


def _whole(row: tuple[tuple[str, float], ...], faults: Faults, where: str, *loc: str) -> None:
    total = math.fsum(share for _, share in row)
    if abs(total - 1.0) > SUM_TOLERANCE and len(faults) <= MOST_FAULTS:
        faults.add(f"{where}what its pieces are taken for must sum to 1 (got {total:.6g})", *loc)
