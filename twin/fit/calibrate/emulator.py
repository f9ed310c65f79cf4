"""What the plant's runs give as a polynomial of its parameters, fitted to single runs: what it leaves is the plant's own chance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from twin.errors import RunError

Floats = NDArray[np.float64]
SPARE = 5
"""Runs beyond one for each term and reading."""


@dataclass(frozen=True)
class Emulator:
    """``coefficients`` (term, target) over the terms of standard normal parameters, moved by ``centre`` and shrunk by ``width`` (parameter,).

    ``chance`` (target, target): covariance of single runs about it. ``inverse`` (term, term): of the terms' products, for how well it is known at a point.
    ``points`` (run, parameter), ``residuals`` (run, target) and ``leverage`` (run,) are of the runs that it was fitted to; ``freedom``: runs less terms.
    """

    degree: int
    centre: Floats
    width: Floats
    coefficients: Floats
    chance: Floats
    inverse: Floats
    points: Floats
    residuals: Floats
    leverage: Floats
    freedom: int

    def terms(self, points: Floats) -> Floats:
        """Return the terms (point, term) at points (point, parameter)."""
        return terms((points - self.centre) / self.width, self.degree)

    def mean(self, points: Floats) -> Floats:
        """Return what is expected (point, target)."""
        return np.asarray(self.terms(points) @ self.coefficients)

    def doubt(self, points: Floats) -> Floats:
        """Return the variance of what is expected (point,), as a share of the chance of one run."""
        found = self.terms(points)
        return np.asarray(np.einsum("ij,jk,ik->i", found, self.inverse, found))

    def slopes(self, point: Floats) -> Floats:
        """Return the derivatives (target, parameter) at one point (parameter,)."""
        step = 1e-3
        moved = np.concatenate([point + step * np.eye(len(point)), point - step * np.eye(len(point))])
        found = self.mean(moved)
        return np.asarray((found[: len(point)] - found[len(point) :]).T / (2.0 * step))

    def part(self, targets: Floats | list[int]) -> Emulator:
        """Return the same of some targets only."""
        rows = np.asarray(targets, dtype=np.int64)
        own = self.coefficients[:, rows], self.chance[np.ix_(rows, rows)]
        return Emulator(self.degree, self.centre, self.width, *own, self.inverse, self.points, self.residuals[:, rows], self.leverage, self.freedom)

    def left_out(self) -> Floats:
        """Return how far each run (run, target) lies from an emulator that was fitted without it."""
        return np.asarray(self.residuals / (1.0 - self.leverage)[:, None])

    def chance_without(self) -> Floats:
        """Return the chance (run, target, target) that an emulator has which was fitted without each run."""
        own = self.residuals / np.sqrt(1.0 - self.leverage)[:, None]
        return np.asarray((self.chance * self.freedom - own[:, :, None] * own[:, None, :]) / (self.freedom - 1))


def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a matrix."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def terms(points: Floats, degree: int) -> Floats:
    """Return 1, the parameters and, of degree 2, their products: (point, term).

    >>> terms(np.array([[2.0, 3.0]]), 2).tolist()
    [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0]]
    """
    columns = [np.ones(len(points)), *points.T]
    if degree == 2:
        columns += [points[:, i] * points[:, j] for i, j in combinations_with_replacement(range(points.shape[1]), 2)]
    return np.array(columns).T


def number_of_terms(parameters: int, degree: int) -> int:
    """Return how many terms there are."""
    return 1 + parameters + (parameters * (parameters + 1) // 2 if degree == 2 else 0)


def runs_needed(parameters: int, degree: int, readings: int) -> int:
    """Return how many runs with a result an emulator of so many readings takes at least.

    >>> runs_needed(4, 2, 63)
    83
    """
    return number_of_terms(parameters, degree) + readings + SPARE


def fit_emulator(points: Floats, values: Floats, degree: int) -> Emulator:
    """Fit an emulator to runs at points (run, parameter) with values (run, target). Raises :class:`~twin.errors.RunError` where the runs are too few."""
    centre, width = points.mean(axis=0), np.maximum(points.std(axis=0), 1e-6)
    design = terms((points - centre) / width, degree)
    freedom = len(points) - design.shape[1]
    need = runs_needed(points.shape[1], degree, values.shape[1])
    if len(points) < need:
        raise RunError(f"{len(points)} runs with a result are too few for {design.shape[1]} terms and {values.shape[1]} readings; at least {need} are needed")
    orthogonal, upper = np.linalg.qr(design)
    coefficients = np.linalg.solve(upper, orthogonal.T @ values)
    residuals = values - design @ coefficients
    back = inverse(upper)
    leverage = np.minimum((orthogonal**2).sum(axis=1), 1.0 - 1e-6)
    return Emulator(degree, centre, width, coefficients, residuals.T @ residuals / freedom, back @ back.T, points, residuals, leverage, freedom)
