"""Whether a model fits: the misfit that is left, held against that of runs of the model itself, measured as the plant was.

The reference is no formula: each run of the last stage is taken for the plant, as the emulator and the chance without it see it, measured with errors that
are drawn, and fitted as the data were. So whatever the chance of the plant looks like and the emulator misses counts on both sides. The model is said
not to fit where its misfit is larger than that of all but :data:`LEVEL` of the references. (Were a run's own part left in the chance, it would miss less than a
plant of which nothing is known beforehand, and right models with many readings beside few runs would be called wrong too often.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.emulator import Emulator
from twin.fit.calibrate.posterior import Posterior, distance, nearest_points

Floats = NDArray[np.float64]
Places = Sequence[int]
LEVEL = 0.02
"""Of right models so many are called wrong by the data that they were fitted to, and half as many by what was held out."""
NEAR = 6
"""Steps from a run's own point to the most probable one, which is near."""
ROUNDS = 4
"""How often each reference run is measured anew."""


@dataclass(frozen=True)
class Adequacy:
    """``misfit`` and how many of ``references`` runs have as much, ``p``; the same of what was held out, NaN where nothing was.

    ``away`` (target,): by how many standard deviations each measured value lies from what all others say of it; held out: from what those used say.
    """

    misfit: float
    p: float
    held_out: float
    held_out_p: float
    references: int
    away: Floats

    @property
    def fits(self) -> bool:
        """Whether the data say nothing against the model."""
        return self.p > LEVEL and not self.held_out_p <= LEVEL / 2.0


@dataclass(frozen=True)
class _Bench:
    """What is the same for data and references: the emulator of all targets, which targets are used and held out, and the most probable point of the data."""

    emulator: Emulator
    used: Places
    held: Places
    at: Floats

    def fitted(self, measured: Floats, covariance: Floats, start: Floats) -> tuple[Floats, Floats]:
        """Return the misfit (case,) of values (case, target) with a covariance for each case, and that of what was held out."""
        used, held = list(self.used), list(self.held)
        weight = _inverses(covariance[:, used][:, :, used])
        points = nearest_points(self.emulator.part(used), weight, measured[:, used], start, NEAR)
        away = measured - self.emulator.mean(points)
        misfit = distance(away[:, used], weight)
        if not held:
            return misfit, np.full(len(misfit), math.nan)
        pull, spread = self._of_held(covariance, weight)
        beyond = away[:, held] - (pull @ away[:, used, None])[:, :, 0]
        return misfit, distance(beyond, _inverses(spread))

    def _of_held(self, covariance: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """How what is held out follows what is used, (case, held, used), and its covariance given that, the doubt in the parameters included."""
        used, held = list(self.used), list(self.held)
        slopes = self.emulator.slopes(self.at)
        across = covariance[:, held][:, :, used]
        pull = across @ weight
        known = _inverses(slopes[used].T @ weight @ slopes[used] + np.eye(slopes.shape[1]))
        way = slopes[held] - pull @ slopes[used]
        spread = covariance[:, held][:, :, held] - pull @ np.swapaxes(across, 1, 2) + way @ known @ np.swapaxes(way, 1, 2)
        return pull, spread

    def away(self, measured: Floats, covariance: Floats) -> Floats:
        """By how many standard deviations each value (target,) lies from what the used ones beside it say."""
        slopes = self.emulator.slopes(self.at)
        rest = measured - self.emulator.mean(self.at[None, :])[0] + slopes @ self.at
        whole = covariance + slopes @ slopes.T
        found, used = np.empty(len(measured)), list(self.used)
        for place in range(len(measured)):
            others = [k for k in used if k != place]
            follow = np.linalg.solve(whole[np.ix_(others, others)], whole[others, place]) if others else np.zeros(0)
            variance = whole[place, place] - follow @ whole[others, place]
            found[place] = (rest[place] - follow @ rest[others]) / math.sqrt(max(variance, 1e-300))
        return found


def adequacy(emulator: Emulator, measured: Floats, error: Floats, used: Places, held: Places, seed: int) -> Adequacy:
    """Judge whether a model fits values (target,) with the covariance ``error`` of measurement; ``used`` were fitted to, ``held`` were held out."""
    posterior = Posterior(emulator.part(list(used)), measured[list(used)], error[np.ix_(list(used), list(used))])
    at, factor = posterior.mode(), posterior.factor
    bench = _Bench(emulator, used, held, at)
    whole, without = error + factor * emulator.chance, error + factor * emulator.chance_without()
    generator = np.random.Generator(np.random.Philox(seed))
    sizes, axes = np.linalg.eigh(error)
    root = axes * np.sqrt(np.maximum(sizes, 0.0))
    truth = emulator.mean(emulator.points) + emulator.left_out()
    misfits, beyond = [], []
    for _ in range(ROUNDS):
        shown = truth + generator.standard_normal(truth.shape) @ root.T
        misfit, held_out = bench.fitted(shown, without, emulator.points)
        misfits.append(misfit)
        beyond.append(held_out)
    (misfit_now,), (held_now,) = bench.fitted(measured[None, :], whole[None, :, :], at[None, :])
    references, others = np.concatenate(misfits), np.concatenate(beyond)
    p = _share_above(references, float(misfit_now))
    held_p = _share_above(others, float(held_now)) if held else math.nan
    return Adequacy(float(misfit_now), p, float(held_now), held_p, len(truth), bench.away(measured, whole))


def _inverses(matrices: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrices))


def _share_above(references: Floats, found: float) -> float:
    return (1.0 + float((references >= found).sum())) / (1.0 + len(references))
