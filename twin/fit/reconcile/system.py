"""Unknowns and the equations between them: sums of products of at most three unknowns, as balances of mass and of assays are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_FACTORS = 3
"""Unknowns in a product: flow, share of a size class, assay in it."""


@dataclass(frozen=True)
class Variable:
    """An unknown. ``deviation`` is the standard deviation of ``value``: 0 for an exact one, infinite where ``value`` is only a first guess."""

    name: str
    value: float
    deviation: float
    scale: float
    """Its order of magnitude, more than 0."""
    si: str = "kg"

    @property
    def measured(self) -> bool:
        """Whether it was measured with an error."""
        return 0.0 < self.deviation < math.inf


@dataclass(frozen=True)
class Term:
    """``factor`` times the product of the unknowns with these numbers."""

    factor: float
    variables: tuple[int, ...]


@dataclass(frozen=True)
class Equation:
    """Terms whose sum is 0. ``node`` is where it is a balance of mass, else empty."""

    name: str
    terms: tuple[Term, ...]
    node: str = ""

    @property
    def linear(self) -> bool:
        """Whether no product stands in it."""
        return all(len(term.variables) <= 1 for term in self.terms)


@dataclass(frozen=True)
class System:
    """Unknowns and equations; equations are divided by the largest of their terms, so that kg and ppm weigh the same."""

    variables: tuple[Variable, ...]
    equations: tuple[Equation, ...]

    def linear_part(self) -> System:
        """Return the same unknowns with the equations that have no products."""
        return System(self.variables, tuple(equation for equation in self.equations if equation.linear))

    @cached_property
    def value(self) -> Floats:
        """Values (variable,)."""
        return np.array([variable.value for variable in self.variables], dtype=np.float64)

    @cached_property
    def deviation(self) -> Floats:
        """Standard deviations (variable,), 0 and infinity included."""
        return np.array([variable.deviation for variable in self.variables], dtype=np.float64)

    @cached_property
    def scale(self) -> Floats:
        """Orders of magnitude (variable,)."""
        return np.array([variable.scale for variable in self.variables], dtype=np.float64)

    @cached_property
    def measured(self) -> NDArray[np.intp]:
        """Numbers of the unknowns that were measured."""
        return np.array([k for k, variable in enumerate(self.variables) if variable.measured], dtype=np.intp)

    @cached_property
    def unmeasured(self) -> NDArray[np.intp]:
        """Numbers of the unknowns that were not."""
        return np.array([k for k, variable in enumerate(self.variables) if math.isinf(variable.deviation)], dtype=np.intp)

    @cached_property
    def sizes(self) -> Floats:
        """The largest term of each equation (equation,), by the orders of magnitude of its unknowns."""
        return np.array([self._size(equation.terms) for equation in self.equations], dtype=np.float64)

    def _size(self, terms: Sequence[Term]) -> float:
        return max((abs(term.factor) * math.prod(self.variables[k].scale for k in term.variables) for term in terms), default=1.0) or 1.0

    @cached_property
    def _terms(self) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp]]:
        """Row, scaled factor and unknowns (padded with the number after the last, which stands for 1) of each term."""
        none = len(self.variables)
        rows, factors, places = [], [], []
        for row, (equation, size) in enumerate(zip(self.equations, self.sizes.tolist(), strict=True)):
            for term in equation.terms:
                rows.append(row)
                factors.append(term.factor / size)
                places.append([*term.variables, *([none] * (MOST_FACTORS - len(term.variables)))])
        return np.array(rows, dtype=np.intp), np.array(factors, dtype=np.float64), np.array(places, dtype=np.intp).reshape(-1, MOST_FACTORS)

    def residuals(self, x: Floats) -> Floats:
        """Return what each equation lacks of 0 (equation,), divided by its size."""
        rows, factors, places = self._terms
        return np.asarray(np.bincount(rows, factors * np.append(x, 1.0)[places].prod(axis=1), len(self.equations)), dtype=np.float64)

    def jacobian(self, x: Floats) -> Floats:
        """Return the derivatives (equation, variable) of :meth:`residuals`."""
        rows, factors, places = self._terms
        padded = np.append(x, 1.0)[places]
        found = np.zeros((len(self.equations), len(self.variables) + 1))
        for k in range(MOST_FACTORS):
            others = np.delete(padded, k, axis=1).prod(axis=1)
            np.add.at(found, (rows, places[:, k]), factors * others)
        return found[:, :-1]
