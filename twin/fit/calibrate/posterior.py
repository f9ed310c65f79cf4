"""What is known of the parameters after the data: the posterior by an emulator, and draws of it.

The chance of the plant is a covariance that runs tell with ``freedom`` n degrees of freedom. Readings beyond what the parameters take up say by it what the
others miss by chance: an estimate with an estimated covariance. Of such an estimate the variance that is computed is too small in the mean by (n - m)/n, and
its real one is larger than with the covariance itself by (n - 1)/(n - m - 1), with m readings to spare: a regression on m columns (Rao, Proc. 5th Berkeley
Symp. I (1967) 355; Dodelson and Schneider, Phys. Rev. D 88 (2013) 063537). Together :func:`enlarged`; Hartlap's factor n/(n - readings - 1) is another, and
mostly less. With a known error beside the chance m is a trace, and the factor is right to the first order of 1/n: readings whose error is large lean on no
chance (:func:`to_spare`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def spare(self) -> float:
        """How many readings are to spare, see :func:`to_spare`."""
        plain = self.error + self.emulator.chance
        return to_spare(plain, self.emulator.chance, self.emulator.slopes(self._mode(plain, np.zeros(self.emulator.points.shape[1]))))

    @cached_property
    def factor(self) -> float:
        """By how much the chance is enlarged for how few runs it is estimated from."""
        return enlarged(self.emulator.freedom, self.spare)

    @property
    def covariance(self) -> Floats:
        """Error and chance together, the chance enlarged."""
        return np.asarray(self.error + self.emulator.chance * self.factor)

    def log_density(self) -> Callable[[Floats], Floats]:
        """Return the function that gives the logarithm of the density, but for a constant, at points (point, parameter)."""
        whitened = np.linalg.inv(np.linalg.cholesky(self.covariance))
        shares, axes = np.linalg.eigh(whitened @ self.emulator.chance @ whitened.T)
        shares = np.maximum(shares, 0.0)
        turn = whitened.T @ axes

        def density(points: Floats) -> Floats:
            away = (self.measured - self.emulator.mean(points)) @ turn
            variance = 1.0 + self.emulator.doubt(points)[:, None] * shares
            inside = np.where((np.abs(points) > EDGE).any(axis=1), -np.inf, 0.0)
            return np.asarray(inside - 0.5 * (away**2 / variance + np.log(variance)).sum(axis=1) - 0.5 * (points**2).sum(axis=1))

        return density

    def mode(self, start: Floats | None = None) -> Floats:
        """Return the most probable point (parameter,), by steps of Gauss and Newton."""
        return self._mode(self.covariance, np.zeros(self.emulator.points.shape[1]) if start is None else start)

    def _mode(self, covariance: Floats, start: Floats) -> Floats:
        return np.asarray(nearest_points(self.emulator, inverse(covariance), self.measured[None, :], start[None, :])[0])


def to_spare(covariance: Floats, chance: Floats, slopes: Floats) -> float:
    """Return how many readings (target,) lean on the chance beyond what the parameters take up: the trace of (covariance + slopes slopes')⁻¹ chance.

    ``covariance`` holds the ``chance`` (target, target) and the error, ``slopes`` (target, parameter) are by parameters with a standard normal prior. Without
    error, and with a wide prior, it is readings less parameters; of readings whose error is four fifths of the variance a fifth counts.

    >>> chance = np.eye(10)
    >>> round(to_spare(chance, chance, 1e3 * np.eye(10, 2)), 3), round(to_spare(5.0 * chance, chance, np.zeros((10, 2))), 3)
    (8.0, 2.0)
    """
    return float(np.trace(np.linalg.solve(covariance + slopes @ slopes.T, chance)))


def enlarged(freedom: int, spare: float) -> float:
    """Return the factor on a chance known with ``freedom`` degrees of freedom where ``spare`` readings beside say what it is.

    Of 135 degrees of freedom and 23 readings to spare the variance is 46 % larger than it is computed; of 235 and 6 it is 5 %.

    >>> round(enlarged(135, 23), 3), round(enlarged(235, 6), 3), enlarged(235, 0)
    (1.455, 1.053, 1.0)
    """
    return freedom / (freedom - spare) * (freedom - 1) / max(freedom - spare - 1, 1.0)


def nearest_points(emulator: Emulator, weight: Floats, measured: Floats, start: Floats, steps: int = 12) -> Floats:
    """Return the most probable points (case, parameter) for measured values (case, target), all cases at once.

    ``weight`` (target, target), or (case, target, target) where it is not the same for all, inverts their covariance.
    """
    point, parameters = start.copy(), start.shape[1]
    value = _cost(emulator, weight, measured, point)
    for _ in range(steps):
        slopes = slopes_at(emulator, point)
        away = measured - emulator.mean(point)
        pulled = np.swapaxes(slopes, 1, 2) @ weight
        square = pulled @ slopes + np.eye(parameters)
        pull = (pulled @ away[:, :, None])[:, :, 0] - point
        move = np.linalg.solve(square, pull[:, :, None])[:, :, 0]
        for shrink in (1.0, 0.3, 0.1):
            tried = np.clip(point + shrink * move, -EDGE, EDGE)
            cost = _cost(emulator, weight, measured, tried)
            better = cost < value
            point, value = np.where(better[:, None], tried, point), np.where(better, cost, value)
    return point


def distance(away: Floats, weight: Floats) -> Floats:
    """Return away' weight away (case,) of deviations (case, target), ``weight`` as in :func:`nearest_points`."""
    return np.asarray((away[:, None, :] @ weight @ away[:, :, None])[:, 0, 0])


def _cost(emulator: Emulator, weight: Floats, measured: Floats, point: Floats) -> Floats:
    return np.asarray(distance(measured - emulator.mean(point), weight) + (point**2).sum(axis=1))


def slopes_at(emulator: Emulator, points: Floats) -> Floats:
    """Return the derivatives (case, target, parameter) at points (case, parameter)."""
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
