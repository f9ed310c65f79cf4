"""More than six parameters: an ensemble smoother with several data assimilations (Emerick and Reynolds, Computers & Geosciences 55 (2013) 3).

Each member is moved by what its own run missed, in steps that each count the data a ``1/STEPS`` part. The covariances are those of a plane fitted to
the members' runs: what the plane leaves is the plant's own chance, and counts beside the error. It is enlarged for how few runs it comes from. In each step the
readings that lean on it, w of them, are believed too much by (n - w - 1)/n in the mean (Hartlap, A&A 464 (2007) 399, eq. 17, for a chance without error); and
what an estimate with it strays more, by m/n with m readings to spare, is the mean of four estimates of the chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.emulator import Emulator
from twin.fit.calibrate.posterior import to_spare
from twin.fit.calibrate.priors import EDGE

Floats = NDArray[np.float64]
STEPS = 4
MEMBERS = 400


def first_members(parameters: int, members: int, seed: int) -> Floats:
    """Return members (member, parameter) drawn from the prior, with mean 0 and the deviation 1 exactly."""
    drawn = np.random.Generator(np.random.Philox(seed)).standard_normal((members, parameters))
    return np.asarray((drawn - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1))


def assimilate(plane: Emulator, measured: Floats, error: Floats, used: list[int], members: Floats, seed: int) -> Floats:
    """Return the members (member, parameter) moved by one step towards values (target,), by a plane that was fitted to their runs."""
    expected = plane.mean(members)[:, used]
    covariance = STEPS * (error[np.ix_(used, used)] + _enlarged(plane, error, used))
    sizes, axes = np.linalg.eigh(covariance)
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal(expected.shape) @ (axes * np.sqrt(np.maximum(sizes, 0.0))).T
    about, seen = members - members.mean(axis=0), expected - expected.mean(axis=0)
    together, spread = about.T @ seen / (len(members) - 1), seen.T @ seen / (len(members) - 1)
    gain = np.linalg.solve(spread + covariance, together.T).T
    return np.asarray(np.clip(members + (measured[used] + noise - expected) @ gain.T, -EDGE, EDGE))


def _enlarged(plane: Emulator, error: Floats, used: list[int]) -> Floats:
    """The chance of the used readings, enlarged for how few runs it is estimated from."""
    chance = plane.chance[np.ix_(used, used)]
    whole, slopes = error[np.ix_(used, used)] + chance, plane.slopes(plane.centre)[used]
    leaning, spare = to_spare(whole, chance, np.zeros_like(slopes)), to_spare(whole, chance, slopes)
    return np.asarray(chance * plane.freedom / (plane.freedom - leaning - 1.0) * (1.0 + spare / (STEPS * plane.freedom)))
