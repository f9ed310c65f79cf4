"""Partition tables: the share of each material and size that each port takes, inline or from a CSV of measurements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import format_quantity, shown
from twin.scenario.curves import SHARE, SIZE, Curve, curve_schema, curve_through, measured_shares, read_curve
from twin.scenario.fields import NAME, read_share
from twin.scenario.problems import Faults, wrong
from twin.scenario.tables import csv_named, csv_schema

_NAME = re.compile(NAME)
DEFAULT = "default"
"""The key that speaks for every material that has no other."""


def check_port(port: object, faults: Faults, *loc: str | int) -> None:
    """Note a fault where ``port`` cannot be the name of a port."""
    if not isinstance(port, str) or not _NAME.fullmatch(port):
        faults.add(f"the name of a port has small letters, digits and '_' and begins with a letter (got {shown(port)})", *loc)


@dataclass(frozen=True)
class Partition:
    """Curves by port and by material, group or ``default``, in the order written; ``file`` names the CSV they came from."""

    ports: tuple[tuple[str, tuple[tuple[str, Curve], ...]], ...] = ()
    file: str | None = None

    def curve(self, port: str, material: str, groups: Sequence[str]) -> Curve:
        """Return the curve that speaks for a material that belongs to ``groups``: its own, its group's, the default; raises ``UsageError``."""
        curves = dict(dict(self.ports)[port])
        for key in (material, *groups, DEFAULT):
            if key in curves:
                return curves[key]
        raise UsageError(f"no share of {material!r}, and no {DEFAULT!r}")

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for port, curves in self.ports:
            for key, curve in curves:
                for index, share in enumerate(curve.shares):
                    more: tuple[str | int, ...] = (format_quantity(curve.sizes[index], "m"),) if curve.sizes else (index,) if len(curve.shares) > 1 else ()
                    yield (port, key, *more), share, "1"

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Partition:
        """Return the table written as ``{port: {material: share}}`` or ``{csv: file}``."""
        if isinstance(value, Partition):
            return value
        if not isinstance(value, Mapping) or not value:
            raise wrong(f"a mapping of ports to shares is needed, e.g. {{accept: {{steel: 95 %, default: 2 %}}}}, or {{csv: file}} (got {shown(value)})")
        if (name := csv_named(value)) is not None:
            return _read_csv(name, info)
        faults = Faults()
        ports = tuple((str(port), _read_port(port, written, faults)) for port, written in value.items())
        faults.stop_if_any()
        return cls(ports)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        port = {"anyOf": [SHARE.json_schema(), {"type": "object", "additionalProperties": curve_schema(), "minProperties": 1}]}
        table = {"type": "object", "propertyNames": {"pattern": f"^{NAME}$"}, "additionalProperties": port, "minProperties": 1}
        return {"anyOf": [csv_schema(), table]}


def _read_port(port: object, written: object, faults: Faults) -> tuple[tuple[str, Curve], ...]:
    check_port(port, faults, str(port))
    if not isinstance(written, Mapping):
        return ((DEFAULT, Curve((read_share(written, faults, str(port)),))),)
    if not written:
        faults.add("a mapping of materials to shares is needed, e.g. {steel: 95 %, default: 2 %}", str(port))
    return tuple((str(key), read_curve(share, faults, str(port), str(key))) for key, share in written.items())


def _read_csv(name: str, info: ValidationInfo) -> Partition:
    columns = measured_shares(name, info)
    if "material" not in columns or len(columns) < (3 if "size" in columns else 2):
        raise wrong(f"{name}: the columns 'material', if you like 'size_mm', and one for each port are needed (got {', '.join(columns)})")
    faults = Faults()
    keys = [cell if cell not in ("", "*") else DEFAULT for cell in columns["material"].cells]
    sizes = columns["size"].numbers(SIZE, faults, name) if "size" in columns else None
    ports = []
    for port in (column for column in columns if column not in ("material", "size")):
        check_port(port, faults, "csv")
        shares = columns[port].numbers(SHARE, faults, name)
        curves: dict[str, list[tuple[float, float]]] = {}
        for key, size, share in zip(keys, sizes or [1.0] * len(keys), shares, strict=True):
            curves.setdefault(key, []).append((size, share))
        ports.append((port, tuple((key, _measured(key, points, sizes is not None, name, faults)) for key, points in curves.items())))
        if len(faults):
            break  # the other ports have the same materials and sizes, and most likely the same faults
    faults.stop_if_any()
    return Partition(tuple(ports), name)


def _measured(key: str, points: list[tuple[float, float]], sized: bool, name: str, faults: Faults) -> Curve:
    if sized:
        return curve_through(points, faults, "csv")
    if len(points) > 1:
        faults.add(f"{name}: material {key!r} is there twice, and there is no column 'size_mm'", "csv")
    return Curve((points[0][1],))
