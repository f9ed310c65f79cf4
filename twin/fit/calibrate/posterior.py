"""What is known of the parameters after the data: the posterior by an emulator, and draws of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.emulator import Emulator, inverse
from twin.fit.calibrate.priors import EDGE

Floats = NDArray[np.float64]
WALKERS = 40
EVERY = 5
"""Of so many steps of a walker one is kept."""
STRETCH = 2.0
"""Largest factor of a move (Goodman and Weare, Comm. App. Math. Comp. Sci. 5 (2010) 65, eq. 10 with a = 2)."""


@dataclass(frozen=True)
class Posterior:
    """The posterior of standard normal parameters: ``measured`` (target,) on its scales, ``error`` (target, target) the covariance of measurement."""

    emulator: Emulator
    measured: Floats
    error: Floats

    @property
    def covariance(self) -> Floats:
        """Error and chance together, the chance enlarged for how few runs it is estimated from (Hartlap, A&A 464 (2007) 399, eq. 17)."""
        own = self.emulator
        return np.asarray(self.error + own.chance * own.freedom / max(own.freedom - len(self.measured) - 1, 1))

    def log_density(self) -> Callable[[Floats], Floats]:
        """Return the function that gives the logarithm of the density, but for a constant, at points (point, parameter)."""
        lower = np.linalg.cholesky(self.covariance)
        inverse = np.linalg.inv(lower)
        shares, axes = np.linalg.eigh(inverse @ self.emulator.chance @ inverse.T)
        shares = np.maximum(shares, 0.0)
        turn = inverse.T @ axes

        def density(points: Floats) -> Floats:
            away = (self.measured - self.emulator.mean(points)) @ turn
            variance = 1.0 + self.emulator.doubt(points)[:, None] * shares
            inside = np.where((np.abs(points) > EDGE).any(axis=1), -np.inf, 0.0)
            return np.asarray(inside - 0.5 * (away**2 / variance + np.log(variance)).sum(axis=1) - 0.5 * (points**2).sum(axis=1))

        return density

    def mode(self, start: Floats | None = None) -> Floats:
        """Return the most probable point (parameter,), by steps of Gauss and Newton."""
        weight = inverse(self.covariance)
        point = np.zeros(self.emulator.points.shape[1]) if start is None else start.copy()
        return np.asarray(nearest_points(self.emulator, weight, self.measured[None, :], point[None, :])[0])


def nearest_points(emulator: Emulator, weight: Floats, measured: Floats, start: Floats, steps: int = 12) -> Floats:
    """Return the most probable points (case, parameter) for measured values (case, target), all cases at once; ``weight`` inverts their covariance."""
    point, parameters = start.copy(), start.shape[1]
    value = _cost(emulator, weight, measured, point)
    for _ in range(steps):
        slopes = _slopes(emulator, point)
        away = measured - emulator.mean(point)
        square = np.einsum("cti,ts,csj->cij", slopes, weight, slopes) + np.eye(parameters)
        pull = np.einsum("cti,ts,cs->ci", slopes, weight, away) - point
        move = np.linalg.solve(square, pull[:, :, None])[:, :, 0]
        for shrink in (1.0, 0.3, 0.1):
            tried = np.clip(point + shrink * move, -EDGE, EDGE)
            cost = _cost(emulator, weight, measured, tried)
            better = cost < value
            point, value = np.where(better[:, None], tried, point), np.where(better, cost, value)
    return point


def _cost(emulator: Emulator, weight: Floats, measured: Floats, point: Floats) -> Floats:
    away = measured - emulator.mean(point)
    return np.asarray(np.einsum("ct,ts,cs->c", away, weight, away) + (point**2).sum(axis=1))


def _slopes(emulator: Emulator, points: Floats) -> Floats:
    """The derivatives (case, target, parameter)."""
    step, found = 1e-3, []
    for i in range(points.shape[1]):
        aside = np.zeros(points.shape[1])
        aside[i] = step
        found.append((emulator.mean(points + aside) - emulator.mean(points - aside)) / (2.0 * step))
    return np.stack(found, axis=2)


def sample(density: Callable[[Floats], Floats], start: Floats, steps: int, burn: int, generator: np.random.Generator) -> Floats:
    """Return draws (draw, parameter) by the stretch move, from walkers that begin at ``start`` (walker, parameter), an even number of them."""
    walkers, count, parameters = start.copy(), len(start), start.shape[1]
    value = density(walkers)
    kept = []
    halves = slice(0, count // 2), slice(count // 2, count)
    for step in range(steps):
        for own, other in (halves, halves[::-1]):
            size = count // 2
            factor = (1.0 + (STRETCH - 1.0) * generator.random(size)) ** 2 / STRETCH
            partner = walkers[other][generator.integers(0, size, size)]
            tried = partner + factor[:, None] * (walkers[own] - partner)
            found = density(tried)
            chance = np.log(generator.random(size))
            accepted = chance < (parameters - 1) * np.log(factor) + found - value[own]
            walkers[own] = np.where(accepted[:, None], tried, walkers[own])
            value[own] = np.where(accepted, found, value[own])
        if step >= burn and (step - burn) % EVERY == 0:
            kept.append(walkers.copy())
    return np.concatenate(kept)


def draws_of(posterior: Posterior, seed: int, steps: int, burn: int) -> Floats:
    """Return draws (draw, parameter) of a posterior; walkers begin about its mode, as wide as it is there."""
    generator = np.random.Generator(np.random.Philox(seed))
    mode = posterior.mode()
    slopes = posterior.emulator.slopes(mode)
    width = np.linalg.inv(slopes.T @ np.linalg.solve(posterior.covariance, slopes) + np.eye(len(mode)))
    start = mode + generator.standard_normal((WALKERS, len(mode))) @ np.linalg.cholesky(width).T
    return sample(posterior.log_density(), np.clip(start, -EDGE + 0.01, EDGE - 0.01), steps, burn, generator)
