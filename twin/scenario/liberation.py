"""How composites come apart as they are broken: by a model of their grain, or by a measured table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.quantities import format_quantity, shown
from twin.scenario.curves import Curve, curve_schema, measured_curves, read_curve
from twin.scenario.problems import Faults, Loc, wrong
from twin.scenario.sizes import SizeClasses
from twin.scenario.tables import csv_named, csv_schema
from twin.scenario.vocabulary import Vocabulary

NONE, GAUDIN, CATALOGUE = "none", "gaudin", "catalogue"
_WORDS = (CATALOGUE, GAUDIN, NONE)
_EXAMPLE = "'none', 'gaudin', 'catalogue', shares by size such as {cable: {2 mm: 90 %, 16 mm: 20 %}}, or {csv: file}"


@dataclass(frozen=True)
class Liberation:
    """Which composites come apart.

    ``model`` is ``catalogue`` (those that have a table there), ``gaudin`` (all, by their grain), ``none`` or ``table`` (those with a curve in ``curves``).

    A curve gives the liberated share of a composite that was whole and is broken to a size; finer pieces are liberated no less than coarser ones.
    """

    model: str = CATALOGUE
    curves: tuple[tuple[str, Curve], ...] = ()
    file: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The composites of the table."""
        return tuple(name for name, _ in self.curves)

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for name, curve in self.curves:
            for index, share in enumerate(curve.shares):
                yield (name, format_quantity(curve.sizes[index], "m") if curve.sizes else index), share, "1"

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with the table in view of a scenario's materials and sizes."""
        for name, curve in self.curves:
            place: Loc = ("csv",) if self.file else (name,)
            if message := vocabulary.unknown_material(name, groups=False):
                yield place, message
            elif name in vocabulary.materials and name not in vocabulary.composites:
                yield place, f"{name!r} has no constituents that it could be broken into; composites here: {', '.join(vocabulary.composites) or 'none'}"
            if not curve.sizes and len(curve.shares) not in (1, len(vocabulary.sizes)):
                yield place, f"{len(vocabulary.sizes)} shares are needed, one for each size class (got {len(curve.shares)})"
                continue
            shares = curve.at(vocabulary.sizes)
            if any(fine < coarse for fine, coarse in pairwise(shares)):
                yield place, f"the liberated share of {name!r} must not rise with size (got {', '.join(f'{share:g}' for share in shares)}, the finest first)"

    def values(self, materials: Any, sizes: SizeClasses) -> dict[str, NDArray[np.float64]]:
        """Return what a kernel is prepared with.

        ``constituents`` (material, material): kg of a constituent in a kg of a composite that comes apart, rows of others are 0; ``liberated``
        (material, size): the liberated share, for ``gaudin`` left to the kernel and not given; ``comes_off`` (material, material): size of the pieces, m,
        that a constituent comes off a composite in, 0 where it takes the size of the fragment.
        """
        curves = dict(self.curves)
        if self.model == CATALOGUE:
            curves = {name: Curve(tuple(share for _, share in points), tuple(size for size, _ in points)) for name, points in materials.liberated.items()}
        apart = [name for name in materials.constituents if self.model == GAUDIN or name in curves]
        if self.model == NONE or (self.model == CATALOGUE and not apart):
            return {}
        count = len(materials.names)
        parts, own, shares = np.zeros((count, count)), np.zeros((count, count)), np.zeros((count, len(sizes)))
        for name in apart:
            m = materials.index(name)
            for part, share in materials.constituents[name]:
                parts[m, materials.index(part)] += share
                own[m, materials.index(part)] = materials.comes_off.get(name, {}).get(part, 0.0)
            if name in curves:
                shares[m] = curves[name].at(sizes)
        return {"constituents": parts, "comes_off": own, **({} if self.model == GAUDIN else {"liberated": shares})}

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> Liberation:
        """Return what is written as a word, as ``{composite: {size: share}}`` or as ``{csv: file}``."""
        if isinstance(value, Liberation):
            return value
        if value in _WORDS:
            return cls(str(value))
        if not isinstance(value, Mapping) or not value:
            raise wrong(f"{_EXAMPLE} is needed (got {shown(value)})")
        if (name := csv_named(value)) is not None:
            return cls("table", measured_curves(name, info, "composite"), name)
        faults = Faults()
        curves = tuple((str(name), read_curve(shares, faults, str(name))) for name, shares in value.items())
        faults.stop_if_any()
        return cls("table", curves)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"enum": list(_WORDS)}, csv_schema(), {"type": "object", "additionalProperties": curve_schema(), "minProperties": 1}]}
