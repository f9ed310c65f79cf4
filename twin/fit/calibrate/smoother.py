"""More than six parameters: an ensemble smoother with several data assimilations (Emerick and Reynolds, Computers & Geosciences 55 (2013) 3).

Each member is moved by what its own run missed, in steps that each count the data a ``1/STEPS`` part. The covariances are those of a plane fitted to
the members' runs: what the plane leaves is the plant's own chance, and counts beside the error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.emulator import Emulator
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
    covariance = STEPS * (error[np.ix_(used, used)] + plane.chance[np.ix_(used, used)])
    sizes, axes = np.linalg.eigh(covariance)
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal(expected.shape) @ (axes * np.sqrt(np.maximum(sizes, 0.0))).T
    about, seen = members - members.mean(axis=0), expected - expected.mean(axis=0)
    together, spread = about.T @ seen / (len(members) - 1), seen.T @ seen / (len(members) - 1)
    gain = np.linalg.solve(spread + covariance, together.T).T
    return np.asarray(np.clip(members + (measured[used] + noise - expected) @ gain.T, -EDGE, EDGE))
