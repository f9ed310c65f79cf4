"""The space that is searched: numbers between two ends, whole numbers, and choices among named variants, as points of the unit cube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from twin.quantities import parse
from twin.scenario.places import Plain
from twin.study.factors import Factor

RESOLUTION = 1000
"""Numbers are tried in decimal steps of at most this part of their range, so that the best one can be read."""


@dataclass(frozen=True)
class Range(Factor):
    """A number from ``low`` to ``high``, in the unit ``written`` of the study ("" for none), on a linear or (``log``) a logarithmic scale.

    >>> Range("units.screen.aperture", "m", low=30.0, high=60.0, written="mm").at(0.25)
    (0.0375, '37.5 mm')
    >>> Range("units.mill.rate", "kg s-1", low=1.0, high=100.0, written="t/h", log=True).at(0.5)[1]
    '10 t/h'
    >>> Range("units.eddy.count", "1", whole=True, low=1.0, high=4.0).at(0.99)
    (4.0, 4)
    """

    low: float = 0.0
    high: float = 1.0
    written: str = ""
    log: bool = False

    @property
    def is_bounded(self) -> bool:
        return True

    @property
    def count(self) -> int:
        """How many values a whole number has; 0 of any other."""
        return round(self.high - self.low) + 1 if self.whole else 0

    def at(self, u: float) -> tuple[float, Plain]:
        number = self._number(u)
        text: Plain = int(number) if self.whole or (not self.written and number == int(number)) else number
        if self.written:
            text = f"{text if self.whole else _short(number)} {self.written}"
        return parse(text, self.unit), text

    def _number(self, u: float) -> float:
        if self.whole:
            return min(self.low + math.floor(u * self.count), self.high)
        if self.log:
            raw = self.low * math.exp(u * math.log(self.high / self.low))
            step = raw * math.log(self.high / self.low)
        else:
            raw, step = self.low + u * (self.high - self.low), self.high - self.low
        digits = math.ceil(math.log10(RESOLUTION / step))
        return min(max(round(raw, digits), self.low), self.high)

    def level_of(self, value: float) -> float:
        """Return the place of a value in SI, from 0 to 1; NaN outside."""
        low, high = (parse(f"{end!r} {self.written}" if self.written else end, self.unit) for end in (self.low, self.high))
        if not low <= value <= high:
            return math.nan
        if self.whole:
            return (value - low + 0.5) / self.count
        return math.log(value / low) / math.log(high / low) if self.log else (value - low) / (high - low)


def _short(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


@dataclass(frozen=True)
class Variants(Factor):
    """A choice among named variants (``levels``), each of which makes ``changes``: values by path."""

    changes: Mapping[str, Mapping[str, Plain]] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A point of a space: ``levels``, each from 0 to 1. Two settings with equal ``written`` are one."""

    space: Space = field(repr=False, compare=False)
    levels: tuple[float, ...]

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values in SI; of words their places."""
        return tuple(factor.at(u)[0] for factor, u in zip(self.space.factors, self.levels, strict=True))

    @cached_property
    def written(self) -> tuple[Plain, ...]:
        """The values as a study shows them; of a choice its name."""
        return tuple(factor.at(u)[1] for factor, u in zip(self.space.factors, self.levels, strict=True))

    @cached_property
    def changes(self) -> dict[str, Plain]:
        """What is changed in the scenario: values by path."""
        found: dict[str, Plain] = {}
        for factor, value in zip(self.space.factors, self.written, strict=True):
            found |= factor.changes[str(value)] if isinstance(factor, Variants) else {factor.path: value}
        return found

    @property
    def text(self) -> str:
        """The setting on one line."""
        return ", ".join(f"{factor.path}={value}" for factor, value in zip(self.space.factors, self.written, strict=True))


@dataclass(frozen=True)
class Space:
    """What varies, in the order of the study."""

    factors: tuple[Factor, ...]

    def __len__(self) -> int:
        return len(self.factors)

    @property
    def names(self) -> tuple[str, ...]:
        """What varies, by path or name."""
        return tuple(factor.path for factor in self.factors)

    @property
    def size(self) -> int:
        """How many settings there are; 0 where a number varies without steps."""
        counts = [count_of(factor) for factor in self.factors]
        return math.prod(counts)

    def every(self) -> list[Setting]:
        """Return all settings, where numbers have steps."""
        axes = [[(k + 0.5) / count_of(factor) for k in range(count_of(factor))] for factor in self.factors]
        return [self.setting(levels) for levels in itertools.product(*axes)]

    def setting(self, levels: Sequence[float]) -> Setting:
        """Return the setting at a point of the unit cube; equal settings have equal levels."""
        return Setting(self, tuple(_centred(factor, float(u)) for factor, u in zip(self.factors, levels, strict=True)))


def count_of(factor: Factor) -> int:
    """Return how many values a factor has; 0 of a number without steps."""
    return factor.count if isinstance(factor, Range) else len(factor.levels)


def is_ordered(factor: Factor) -> bool:
    """Whether the values of a factor are numbers, not words."""
    return bool(factor.unit)


def _centred(factor: Factor, u: float) -> float:
    """The middle of the step that holds ``u``; ``u`` itself where there are no steps."""
    count = count_of(factor)
    return u if not count else (min(int(u * count), count - 1) + 0.5) / count
