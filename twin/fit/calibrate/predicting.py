"""Between what a reading is expected that nothing was fitted to: given the parameters, and what the readings that were fitted to missed by chance.

A week that was fitted to and read high by chance says something of the next, through the covariance of the chance. That one is estimated from runs, and a
prediction by an estimated covariance is less sure than by a known one, in three ways (n degrees of freedom, m readings to spare, r what the used ones miss):

- the variance that is left is computed too small in the mean, by (n - m)/n;
- how the one follows the others is known like any regression: to its own variance come r' C⁻¹ r/n times the same, C the covariance of the used ones;
- so in units of its variance the deviation is no normal number, but one of Student's t with n - m degrees of freedom.

Where nothing is measured with an error these three are exact (Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed. (2003), ch. 4.3, 7.3);
with errors beside the chance they hold to the first order of 1/n, the known errors being free of all three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chance:
    """The covariances (target, target) of measurement, ``error``, and of the plant's ``chance``, known with ``freedom``; how many readings are to ``spare``."""

    error: Floats
    chance: Floats
    freedom: int
    spare: float


def given_used(known: Chance, used: list[int], others: list[int], missed: Floats, generator: np.random.Generator) -> Floats:
    """Return draws (draw, other) of by how much other readings lie off their expectation, given by how much the used ones did: ``missed`` (draw, used).

    With 20 used readings beside 100 degrees of freedom, each of which missed by a deviation, the variance is 1.2 x 100/80 x 80/78 = 1.54, the last factor that
    of Student's t:

    >>> missed = np.ones((40000, 20))
    >>> lone = Chance(np.zeros((21, 21)), np.eye(21), 100, 20.0)
    >>> float(given_used(lone, list(range(20)), [20], missed, np.random.default_rng(2)).var().round(2))
    1.54
    """
    error, chance, count = known.error, known.chance, known.freedom
    within, across = np.ix_(used, used), np.ix_(used, others)
    whole = error + chance
    follow: Floats = np.linalg.solve(whole[within], whole[across]).astype(np.float64)  # (used, other)
    leaning = np.linalg.solve(whole[within], missed.T).T  # (draw, used)
    of_error, of_chance = (_left(part, used, others, follow) for part in (error, chance))
    twice = np.einsum("du,us,ds->d", leaning, chance[within], leaning)[:, None] / count
    beside = (leaning @ (chance[across] - chance[within] @ follow)) ** 2 / count
    degrees = max(count - known.spare, 1.0)
    by_chance = of_chance * (count / degrees) * (1.0 + twice) + beside
    shape = len(missed), len(others)
    student = generator.standard_t(degrees, shape)
    return np.asarray(missed @ follow + np.sqrt(of_error) * generator.standard_normal(shape) + np.sqrt(by_chance) * student)


def _left(part: Floats, used: list[int], others: list[int], follow: Floats) -> Floats:
    """The variance (other,) by a part of the covariance of a reading less what follows from the used ones."""
    across = part[np.ix_(used, others)]
    left = np.diag(part[np.ix_(others, others)]) - 2.0 * (follow * across).sum(axis=0) + (follow * (part[np.ix_(used, used)] @ follow)).sum(axis=0)
    return np.asarray(np.maximum(left, 0.0), dtype=np.float64)
