"""Whether a model fits: the misfit that is left, held against that of runs of the model itself, measured as the plant was.

There are three looks. One misfit of all readings sees much that is wrong a little, and hardly one scale of six that reads too much: so the second asks of
each instrument whether all its readings lie on one side, by the same number of their errors (which is the same share of each where the error is a share), and
takes the one that lies farthest. The third is of what was held out.

The reference is no formula: each run of the last stage is taken for the plant, as the emulator and the chance without it see it, measured with errors that
are drawn, and fitted as the data were. So whatever the chance of the plant looks like and the emulator misses counts on both sides. The model is said
not to fit where its misfit is larger than that of all but :data:`LEVEL` of the references. (Were a run's own part left in the chance, it would miss less than a
plant of which nothing is known beforehand, and right models with many readings beside few runs would be called wrong too often.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.emulator import Emulator
from twin.fit.calibrate.posterior import Posterior, distance, nearest_points, slopes_at

Floats = NDArray[np.float64]
Places = Sequence[int]
LEVEL = 0.01
"""Of right models so many are called wrong by each of the three looks, and at most three times as many by all."""
NEAR = 6
"""Steps from a run's own point to the most probable one, which is near."""
LEAST_TOLD = 1e-9
"""An offset of which the parameters take up all but such a share is not told from them: what is left is rounding."""
ROUNDS, LEAST = 4, 1000
"""How often each reference run is measured anew, oftener where there would be fewer references than this."""


@dataclass(frozen=True)
class Readings:
    """Values (target,) on their scales and the covariance ``error`` of measurement; ``used`` were fitted to, ``held`` held out, ``instruments`` read them."""

    measured: Floats
    error: Floats
    used: Places
    held: Places
    instruments: Sequence[str]

    def without(self, instrument: str) -> Readings:
        """Return the same without the readings of an instrument, and with nothing held out."""
        return replace(self, used=[k for k in self.used if self.instruments[k] != instrument], held=[])

    def sides(self) -> dict[str, Floats]:
        """Return for each instrument how its readings (used,) go together: all too high, each by its error. Empty where there is one instrument only."""
        errors = np.sqrt(np.diag(self.error)[list(self.used)])
        names = [self.instruments[k] for k in self.used]
        found = {name: np.array([size if own == name else 0.0 for own, size in zip(names, errors.tolist(), strict=True)]) for name in dict.fromkeys(names)}
        return found if len(found) > 1 else {}


@dataclass(frozen=True)
class Offset:
    """What all used readings of an ``instrument`` have in common: how many standard deviations they lie ``away``, and its ``size`` in errors of each."""

    instrument: str
    away: float
    size: float


@dataclass(frozen=True)
class Adequacy:
    """``misfit`` and how many of ``references`` runs have as much, ``p``; the same of what was held out, NaN where nothing was.

    ``offsets``: of each instrument, farthest first; ``offset_p``: how many references have one that lies as far, NaN where there is one instrument only.
    ``away`` (target,): by how many standard deviations each measured value lies from what all others say of it; held out: from what those used say.
    """

    misfit: float
    p: float
    held_out: float
    held_out_p: float
    offsets: tuple[Offset, ...]
    offset_p: float
    references: int
    away: Floats

    @property
    def fitted(self) -> bool:
        """Whether what was fitted to says nothing against the model."""
        return not (self.p <= LEVEL or self.offset_p <= LEVEL)

    @property
    def fits(self) -> bool:
        """Whether the data say nothing against the model."""
        return self.fitted and not self.held_out_p <= LEVEL


@dataclass(frozen=True)
class _Fitted:
    """Of values that were fitted: the misfit (case,), that of what was held out, how far each instrument lies (case, instrument) and by how much it is off."""

    misfit: Floats
    held_out: Floats
    away: Floats
    size: Floats

    @property
    def farthest(self) -> Floats:
        return np.asarray(np.abs(self.away).max(axis=1, initial=0.0))


@dataclass(frozen=True)
class _Bench:
    """What is the same for data and references: the emulator of all targets, which targets are used and held out, and the most probable point of the data.

    ``sides`` (instrument, used): in which direction the readings of each would go together.
    """

    emulator: Emulator
    used: Places
    held: Places
    at: Floats
    sides: Floats

    def fitted(self, measured: Floats, covariance: Floats, start: Floats) -> _Fitted:
        """Fit values (case, target) with a covariance for each case."""
        used, held = list(self.used), list(self.held)
        weight = _inverses(covariance[:, used][:, :, used])
        points = nearest_points(self.emulator.part(used), weight, measured[:, used], start, NEAR)
        away = measured - self.emulator.mean(points)
        offsets = self._offsets(away[:, used], weight, points)
        misfit = distance(away[:, used], weight)
        if not held:
            return _Fitted(misfit, np.full(len(misfit), math.nan), *offsets)
        pull, spread = self._of_held(covariance, weight)
        beyond = away[:, held] - (pull @ away[:, used, None])[:, :, 0]
        return _Fitted(misfit, distance(beyond, _inverses(spread)), *offsets)

    def _offsets(self, away: Floats, weight: Floats, points: Floats) -> tuple[Floats, Floats]:
        """How far each instrument lies (case, instrument), and by how much it is off: the score of an offset where the parameters may take up what they can."""
        slopes = slopes_at(self.emulator.part(list(self.used)), points)
        steep = weight @ slopes
        known = _inverses(np.swapaxes(slopes, 1, 2) @ steep + np.eye(slopes.shape[2]))
        left = weight - steep @ known @ np.swapaxes(steep, 1, 2)
        rest = away + (slopes @ points[:, :, None])[:, :, 0]
        score = (self.sides @ left @ rest[:, :, None])[:, :, 0]
        told, most = (np.einsum("iu,cuv,iv->ci", self.sides, matrix, self.sides) for matrix in (left, weight))
        seen = told > LEAST_TOLD * most
        told = np.where(seen, told, 1.0)
        return np.where(seen, score / np.sqrt(told), 0.0), np.where(seen, score / told, 0.0)

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


def adequacy(emulator: Emulator, readings: Readings, seed: int) -> Adequacy:
    """Judge whether a model fits what was read."""
    measured, error, used = readings.measured, readings.error, list(readings.used)
    posterior = Posterior(emulator.part(used), measured[used], error[np.ix_(used, used)])
    at, factor, sides = posterior.mode(), posterior.factor, readings.sides()
    bench = _Bench(emulator, used, readings.held, at, np.array([*sides.values()]).reshape(len(sides), len(used)))
    whole = error + factor * emulator.chance
    references = _references(bench, error, factor, seed)
    now = bench.fitted(measured[None, :], whole[None, :, :], at[None, :])
    p = _share_above(np.concatenate([one.misfit for one in references]), float(now.misfit[0]))
    held_p = _share_above(np.concatenate([one.held_out for one in references]), float(now.held_out[0])) if readings.held else math.nan
    offset_p = _share_above(np.concatenate([one.farthest for one in references]), float(now.farthest[0])) if sides else math.nan
    found = [Offset(*one) for one in zip(sides, now.away[0].tolist(), now.size[0].tolist(), strict=True)]
    offsets = tuple(sorted(found, key=lambda one: -abs(one.away)))
    return Adequacy(float(now.misfit[0]), p, float(now.held_out[0]), held_p, offsets, offset_p, len(emulator.points), bench.away(measured, whole))


def _references(bench: _Bench, error: Floats, factor: float, seed: int) -> list[_Fitted]:
    """The runs that the emulator was fitted to, each seen without it, measured and fitted as the data were, some times over."""
    emulator = bench.emulator
    generator = np.random.Generator(np.random.Philox(seed))
    sizes, axes = np.linalg.eigh(error)
    root = axes * np.sqrt(np.maximum(sizes, 0.0))
    without = error + factor * emulator.chance_without()
    truth = emulator.mean(emulator.points) + emulator.left_out()
    rounds = max(ROUNDS, math.ceil(LEAST / len(truth)))
    return [bench.fitted(truth + generator.standard_normal(truth.shape) @ root.T, without, emulator.points) for _ in range(rounds)]


def _inverses(matrices: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrices))


def _share_above(references: Floats, found: float) -> float:
    return (1.0 + float((references >= found).sum())) / (1.0 + len(references))
