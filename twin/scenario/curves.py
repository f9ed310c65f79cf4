"""Shares over the size of the pieces: one number, one for each size class, or by size, inline or from a CSV of measurements."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationInfo

from twin.errors import UsageError
from twin.quantities import Quantity
from twin.scenario.fields import read_share
from twin.scenario.problems import Faults, wrong
from twin.scenario.sizes import SizeClasses
from twin.scenario.tables import MOST_FAULTS, Column, files_of, read_table

SHARE = Quantity("1", ge=0, le=1)
SIZE = Quantity("m", gt=0)


@dataclass(frozen=True)
class Curve:
    """A share of one material: one number, one for each size class, or interpolated over ``sizes``, m.

    Between two sizes the share is linear in the logarithm of the size, outside it is that of the nearest: with 10 % at 1 mm and 50 % at
    16 mm it is 30 % at 4 mm.
    """

    shares: tuple[float, ...]
    sizes: tuple[float, ...] = ()

    def at(self, classes: SizeClasses) -> tuple[float, ...]:
        """Return the share of each size class, at its mean size."""
        if self.sizes:
            return tuple(self._interpolated(size) for size in classes.mean)
        return self.shares * len(classes) if len(self.shares) == 1 else self.shares

    def _interpolated(self, size: float) -> float:
        i = bisect_right(self.sizes, size)
        if i == 0 or i == len(self.sizes):
            return self.shares[min(i, len(self.shares) - 1)]
        low, high = self.sizes[i - 1], self.sizes[i]
        return self.shares[i - 1] + (self.shares[i] - self.shares[i - 1]) * (math.log(size / low) / math.log(high / low))


def read_curve(value: object, faults: Faults, *loc: str | int) -> Curve:
    """Return the curve written as one share, a list of them or ``{size: share}``; what is wrong is noted at ``loc``."""
    if isinstance(value, list) and value:
        return Curve(tuple(read_share(item, faults, *loc, index) for index, item in enumerate(value)))
    if not isinstance(value, Mapping):
        return Curve((read_share(value, faults, *loc),))
    points: list[tuple[float, float]] = []
    for size, share in value.items():
        try:
            points.append((SIZE.read(size), read_share(share, faults, *loc, str(size))))
        except UsageError as error:
            faults.add(str(error), *loc, str(size))
    return curve_through(points, faults, *loc)


def curve_through(points: list[tuple[float, float]], faults: Faults, *loc: str | int) -> Curve:
    """Return the curve through (size in m, share); what is wrong is noted at ``loc``."""
    points.sort()
    sizes = tuple(size for size, _ in points)
    if not points or len(set(sizes)) < len(sizes):
        faults.add("each size may stand once" if points else "sizes and shares are missing, e.g. {5 mm: 10 %, 20 mm: 60 %}", *loc)
        return Curve((0.0,))
    return Curve(tuple(share for _, share in points), sizes)


def curve_schema() -> dict[str, Any]:
    """Return the JSON Schema of what :func:`read_curve` reads."""
    share = SHARE.json_schema()
    by_size = {"type": "object", "propertyNames": SIZE.json_schema(), "additionalProperties": share, "minProperties": 1}
    return {"anyOf": [share, {"type": "array", "items": share}, by_size]}


def measured_shares(name: str, info: ValidationInfo) -> dict[str, Column]:
    """Return the columns of a CSV of shares, one of which may be ``size``; raises pydantic's errors."""
    return read_table(name, files_of(info), {"size": "m", "*": "1"})


def measured_curves(name: str, info: ValidationInfo, what: str) -> tuple[tuple[str, Curve], ...]:
    """Return the curves of a CSV with a column ``size`` and one for each ``what``, by its name; raises pydantic's errors."""
    columns = measured_shares(name, info)
    keys = [column for column in columns if column != "size"]
    if "size" not in columns or not keys:
        raise wrong(f"{name}: a column 'size_mm' and one for each {what} are needed (got {', '.join(columns)})")
    faults = Faults()
    sizes = columns["size"].numbers(SIZE, faults, name)
    shares = []
    for key in keys:
        shares.append(columns[key].numbers(SHARE, faults, name))
        if len(faults) > MOST_FAULTS:
            break
    faults.stop_if_any()
    curves = []
    for key, column in zip(keys, shares, strict=True):
        curves.append((key, curve_through(list(zip(sizes, column, strict=True)), faults, "csv")))
        faults.stop_if_any()  # the other columns have the same sizes
    return tuple(curves)
