"""Size classes, and how the mass of a feed is distributed over them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.quantities import Quantity, format_quantity, shown
from twin.scenario.fields import read_share
from twin.scenario.problems import Faults, nearest, wrong
from twin.scenario.tables import csv_named, csv_schema, files_of, read_table

_LENGTH = Quantity("m", gt=0)
_EXPONENT = Quantity("1", gt=0, le=20)
_MOST_CLASSES = 100
COARSE_LIMIT = 0.05
"""A feed of which more than this share is coarser than the largest size bound is refused; less is counted to the last class."""


@dataclass(frozen=True)
class SizeClasses:
    """Size classes in ascending order, m. Class i reaches from ``lower[i]`` to ``upper[i]``; ``lower[0]`` is 0.

    ``mean`` is the geometric mean of the bounds, for the first class half its upper bound: for the bounds 1 mm and 4 mm
    ``(0.0005, 0.002)``.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    mean: tuple[float, ...]

    @classmethod
    def between(cls, bounds: Sequence[float]) -> SizeClasses:
        """Return the classes that end at each of ``bounds``, m, ascending."""
        lower = (0.0, *bounds[:-1])
        mean = tuple(math.sqrt(a * b) if a else b / 2 for a, b in zip(lower, bounds, strict=True))
        return cls(lower, tuple(bounds), mean)

    def __len__(self) -> int:
        return len(self.upper)

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every bound."""
        yield from (((index,), bound, "m") for index, bound in enumerate(self.upper))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each class, e.g. ``"1 mm to 2 mm"``."""
        pairs = zip(self.lower, self.upper, strict=True)
        return tuple(f"{format_quantity(a, 'm') if a else '0'} to {format_quantity(b, 'm')}" for a, b in pairs)


ONE_CLASS = SizeClasses.between((1.0,))
"""What a scenario without ``size_bounds`` has: one class up to 1 m."""


def read_bounds(value: object) -> SizeClasses:
    """Return the classes of ``size_bounds``: ``"0.5 1 2 mm"`` or a list of lengths."""
    if isinstance(value, str):
        *numbers, unit = value.split() or [""]
        value = [f"{number} {unit}" for number in numbers] or [value]
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_CLASSES:
        raise wrong(f"up to {_MOST_CLASSES} lengths are needed, e.g. '0.5 1 2 4 mm' (got {shown(value)})")
    faults, bounds = Faults(), []
    for index, item in enumerate(value):
        try:
            bounds.append(_LENGTH.read(item))
        except UsageError as error:
            faults.add(str(error), index, got=item)
    faults.stop_if_any()
    for small, large in pairwise(bounds):
        if large <= small:
            raise wrong(f"size bounds must rise (got {format_quantity(large, 'm')} after {format_quantity(small, 'm')})")
    return SizeClasses.between(bounds)


@dataclass(frozen=True)
class SizeDistribution:
    """How mass is distributed over sizes: one law for all materials, or one each.

    ``laws`` maps a material, a group or ``default`` to ``(form, parameters)``:

    - ``rosin_rammler`` (x63, n): share finer than d is ``1 - exp(-(d/x63)^n)`` (Rosin and Rammler 1933);
    - ``ggs`` (k, a): ``(d/k)^a`` up to k (Gates, Gaudin, Schuhmann);
    - ``fractions``: the share of each class;
    - ``passing`` (d1, p1, d2, p2, ...): measured shares finer than sizes, between them linear in the logarithm of the size, below the first in the size.
    """

    laws: tuple[tuple[str, str, tuple[float, ...]], ...]

    def finer(self, law: tuple[str, tuple[float, ...]], size: float) -> float:
        """Return the share finer than ``size``, m, from 0 to 1."""
        form, parameters = law
        if form == "passing":
            return _measured(parameters, size)
        scale, exponent = parameters
        if form == "rosin_rammler":
            return -math.expm1(-((size / scale) ** exponent))
        return float(min(size / scale, 1.0) ** exponent)

    def fractions(self, material: str, groups: Sequence[str], sizes: SizeClasses) -> tuple[float, ...]:
        """Return the share of each class for a material that belongs to ``groups``; what is coarser than the last bound is in the last class."""
        return _fractions(self, *self._law(material, groups), sizes)

    def coarser(self, material: str, groups: Sequence[str], sizes: SizeClasses) -> float:
        """Return the share of a material that is coarser than the last bound."""
        form, parameters = self._law(material, groups)
        return 0.0 if form == "fractions" else 1.0 - self.finer((form, parameters), sizes.upper[-1])

    def _law(self, material: str, groups: Sequence[str]) -> tuple[str, tuple[float, ...]]:
        by_key = {key: (form, parameters) for key, form, parameters in self.laws}
        for key in (material, *groups, "default"):
            if key in by_key:
                return by_key[key]
        raise UsageError(f"no size distribution for {material!r}, and no 'default'")

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for key, form, parameters in self.laws:
            place = () if len(self.laws) == 1 and key == "default" else (key,)
            if form == "fractions":
                yield from (((*place, index), share, "1") for index, share in enumerate(parameters))
            elif form == "passing":
                yield from (((*place, format_quantity(d, "m")), share, "1") for d, share in zip(parameters[::2], parameters[1::2], strict=True))
            else:
                names = _LAWS[form]
                yield from (((*place, form, name), x, unit) for name, x, unit in zip(names, parameters, ("m", "1"), strict=True))

    @classmethod
    def read(cls, value: object, info: ValidationInfo | None = None) -> SizeDistribution:
        """Return the distribution written as one law, as a mapping of materials to laws, or as ``{csv: file}`` of a sieving."""
        if isinstance(value, SizeDistribution):
            return value
        if info is not None and isinstance(value, Mapping) and (name := csv_named(value)) is not None:
            return cls(_read_csv(name, info))
        faults = Faults()
        if isinstance(value, Mapping) and not any(key in _LAWS for key in value):
            if not value:
                raise wrong("a size distribution is missing, e.g. {rosin_rammler: {x63: 90 mm, n: 1.4}}")
            laws = [(str(key), *_read_law(law, faults, str(key))) for key, law in value.items()]
        else:
            laws = [("default", *_read_law(value, faults))]
        faults.stop_if_any()
        return cls(tuple(laws))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        law = {"anyOf": [_law_schema("rosin_rammler"), _law_schema("ggs"), {"type": "array", "items": Quantity("1", ge=0, le=1).json_schema()}]}
        return {"anyOf": [csv_schema(), *law["anyOf"], {"type": "object", "additionalProperties": law, "minProperties": 1}]}


_LAWS = {"rosin_rammler": ("x63", "n"), "ggs": ("k", "a")}


def _law_schema(form: str) -> dict[str, Any]:
    scale, exponent = _LAWS[form]
    parameters = {
        "type": "object",
        "properties": {scale: _LENGTH.json_schema(), exponent: _EXPONENT.json_schema()},
        "required": [scale, exponent],
        "additionalProperties": False,
    }
    return {"type": "object", "properties": {form: parameters}, "required": [form], "additionalProperties": False}


def _read_law(value: object, faults: Faults, *loc: str | int) -> tuple[str, tuple[float, ...]]:
    if isinstance(value, list) and value:
        before = len(faults)
        shares = tuple(read_share(item, faults, *loc, index) for index, item in enumerate(value))
        if len(faults) == before and abs(sum(shares) - 1) > 1e-6:
            faults.add(f"the shares must sum to 1 (got {sum(shares):.9g})", *loc)
        return "fractions", shares
    form = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else None
    if not isinstance(value, Mapping) or form not in _LAWS or not isinstance(value[form], Mapping):
        faults.add(f"{{rosin_rammler: {{x63: 90 mm, n: 1.4}}}}, {{ggs: {{k: 90 mm, a: 0.7}}}} or a list of shares is needed (got {shown(value)})", *loc)
        return "fractions", ()
    written, names = value[form], _LAWS[form]
    for key in written:
        if key not in names:
            faults.add(f"unknown key {shown(key)}; {nearest(key, names)}", *loc, form, str(key))
    parameters = []
    for name, quantity in zip(names, (_LENGTH, _EXPONENT), strict=True):
        if name not in written:
            faults.add(f"{name!r} is missing", *loc, form, name)
            continue
        try:
            parameters.append(quantity.read(written[name]))
        except UsageError as error:
            faults.add(str(error), *loc, form, name)
    return form, tuple(parameters)


def _measured(points: tuple[float, ...], size: float) -> float:
    """The share finer than ``size`` by a sieving: d1, p1, d2, p2, ..., rising."""
    sizes, shares = points[::2], points[1::2]
    i = bisect_right(sizes, size)
    if i == 0:
        return shares[0] * size / sizes[0]
    if i == len(sizes):
        return shares[-1]
    return shares[i - 1] + (shares[i] - shares[i - 1]) * (math.log(size / sizes[i - 1]) / math.log(sizes[i] / sizes[i - 1]))


def _read_csv(name: str, info: ValidationInfo) -> tuple[tuple[str, str, tuple[float, ...]], ...]:
    """Return the laws of a sieving: a column ``size`` and the share finer, ``passing`` for all materials or one column for each material."""
    columns = read_table(name, files_of(info), {"size": "m", "*": "1"})
    keys = [column for column in columns if column != "size"]
    if "size" not in columns or not keys:
        raise wrong(f"{name}: the columns 'size_mm' and 'passing' (or one for each material) are needed (got {', '.join(columns)})")
    faults = Faults()
    sizes = columns["size"].numbers(_LENGTH, faults, name)
    laws = []
    for key in keys:
        points = sorted(zip(sizes, columns[key].numbers(Quantity("1", ge=0, le=1), faults, name), strict=True))
        faults.stop_if_any()
        for (small, less), (large, more) in pairwise(points):
            if large <= small or more < less:
                faults.add(f"{name}: column {key!r}: sizes must differ, and what passes must not fall as they rise (at {format_quantity(large, 'm')})", "csv")
        if abs(points[-1][1] - 1) > 1e-6:
            faults.add(f"{name}: column {key!r}: all must pass the largest size (got {points[-1][1]:g}): add the size that all passes", "csv")
        faults.stop_if_any()
        laws.append(("default" if key == "passing" else key, "passing", tuple(x for point in points for x in point)))
    return tuple(laws)


def spread(
    composition: Mapping[str, float], law: SizeDistribution | None, names: Sequence[str], groups: Mapping[str, Sequence[str]], sizes: SizeClasses
) -> NDArray[np.float64]:
    """Return the share of each material and size class of a composition, shape ``(material, size)``; it sums to 1.

    Without a law all is in the last class.
    """
    table = np.zeros((len(names), len(sizes)))
    total = math.fsum(composition.values())
    for row, name in enumerate(names):
        if share := composition.get(name, 0.0) / total:
            member_of = [group for group, members in groups.items() if name in members]
            fractions = law.fractions(name, member_of, sizes) if law else (*(0.0 for _ in sizes.upper[1:]), 1.0)
            table[row] = [share * fraction for fraction in fractions]
    return table


@lru_cache(maxsize=1024)
def _fractions(distribution: SizeDistribution, form: str, parameters: tuple[float, ...], sizes: SizeClasses) -> tuple[float, ...]:
    """The share of each class by a law: asked for with every truck, and always the same."""
    if form == "fractions":
        total = math.fsum(parameters)
        return tuple(share / total for share in parameters)
    below = [0.0, *(distribution.finer((form, parameters), bound) for bound in sizes.upper[:-1]), 1.0]
    return tuple(b - a for a, b in pairwise(below))
