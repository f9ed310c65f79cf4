"""Records and places that are written down once: name, unit, default and meaning of each field; no compiler is needed to read them.

Compiled code reads a field of a record by its name, and a row of an array by a place with a name; neither has a number that somebody has to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

Records = Any  # an array of records, whose fields numba gives as attributes
Record = Any  # one of them

NUMBER, COUNT = "f8", "i8"

P = TypeVar("P", bound=tuple[int, ...])


class Field(NamedTuple):
    """A field of a record. ``kind``: of its values in memory; ``length``: how many they are, 0 for one."""

    name: str
    unit: str
    default: float
    meaning: str
    kind: str = NUMBER
    length: int = 0


@dataclass(frozen=True)
class Table:
    """All fields of one kind of record, in their order."""

    title: str
    fields: tuple[Field, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """As numpy and numba lay it out."""
        return np.dtype([(field.name, field.kind, (field.length,)) if field.length else (field.name, field.kind) for field in self.fields])

    @cached_property
    def _by_name(self) -> dict[str, float]:
        return {field.name: field.default for field in self.fields}

    @cached_property
    def _defaults(self) -> Records:
        record = np.zeros(1, dtype=self.dtype)
        for field in self.fields:
            record[field.name] = field.default
        return record

    def new(self, count: int = 1) -> Records:
        """Return ``count`` records, all fields at their defaults.

        >>> Table("a pair", (Field("dt", "s", 60.0, "step"), Field("blast", "Nm3/s", 0.0, "air"))).new()["dt"].tolist()
        [60.0]
        """
        return self._defaults.copy() if count == 1 else np.repeat(self._defaults, count)

    def of(self, values: Mapping[str, float]) -> Records:
        """Return an array of one record, with ``values`` by name; what is not named has its default. Raises ``KeyError`` for a name that is not there."""
        named = self._by_name | dict(values)
        if len(named) > len(self.names):
            raise KeyError(next(name for name in values if name not in self._by_name))
        record = np.empty(1, dtype=self.dtype)
        record[0] = tuple(named.values())
        return record


def places(kind: type[P]) -> P:
    """Number the fields of a named tuple from 0: places in an array, which compiled code takes as constants.

    >>> class Parts(NamedTuple):
    ...     metal: int
    ...     slag: int
    >>> places(Parts).slag
    1
    """
    fields: tuple[str, ...] = getattr(kind, "_fields")  # noqa: B009 - named tuples share no type that has it
    return kind(*range(len(fields)))
