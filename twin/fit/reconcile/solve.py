"""Least squares under equations: Gauss-Newton in the null space, with observability and redundancy from singular values.

What was measured is moved by as little as possible, counted in its standard deviations, so that all equations hold (Kuehn and Davidson 1961; for products
Cencic 2016). In each step the equations are linearised; a singular value decomposition of the part of the unmeasured unknowns gives the combinations of
equations in which none of them stands. Those are the redundant ones: they alone move what was measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import ContradictionError
from twin.fit.reconcile.system import Floats, System

RANK = 1e-8
"""Singular values below this share of the largest count as 0: unknowns and equations are scaled to 1 before."""
SEEN = 1e-6
"""An unmeasured unknown with more than this part in a direction that no equation sees is not observable."""
CLOSED = 1e-11
"""By how much of their largest term equations may miss 0 at the end."""
MOST_STEPS, FEWEST_STEPS = 200, 30
LARGE = 300
"""Unknowns above which fewer steps are made, as each takes a time that grows with their third power."""


@dataclass(frozen=True)
class Space:
    """The linearised equations at a point, taken apart.

    ``signatures`` (measured, redundancy): orthonormal columns; row i is the direction in which a bias of measurement i, in its own deviations, moves the
    redundant equations, and the square of its length is 1 - (reconciled variance)/(measured variance). ``whiten`` (redundancy, equation) takes what the
    equations lack to coordinates that are independent with variance 1 where all errors are as stated. ``back`` (unmeasured, equation) is the pseudo-inverse
    for the unmeasured, ``hidden`` (unmeasured,) says which of them no equation determines.
    """

    signatures: Floats
    whiten: Floats
    back: Floats
    hidden: NDArray[np.bool_]
    measured_part: Floats


@dataclass(frozen=True)
class Solution:
    """Reconciled values. ``coordinates`` (redundancy,) are the residuals of the redundant equations, standard normal each; their squares sum to ``objective``.

    ``gain`` (variable, measured): how each reconciled value moves with the error of each measurement, in units of that error's deviation; not a number for
    what is not observable.
    """

    system: System
    values: Floats
    gain: Floats
    space: Space
    coordinates: Floats
    steps: int

    @property
    def redundancy(self) -> int:
        """The number of independent equations between measurements alone."""
        return int(self.space.signatures.shape[1])

    @property
    def objective(self) -> float:
        """The sum of squared adjustments, each in its deviations: chi-square with ``redundancy`` degrees where all is as stated."""
        return float(self.coordinates @ self.coordinates)

    @property
    def covariance(self) -> Floats:
        """Covariance (variable, variable) of the reconciled values."""
        return np.asarray(self.gain @ self.gain.T)

    @property
    def deviation(self) -> Floats:
        """Standard deviations (variable,) of the reconciled values."""
        return np.asarray(np.sqrt((self.gain**2).sum(axis=1)))

    @property
    def hidden(self) -> NDArray[np.bool_]:
        """Whether a variable (variable,) is unmeasured and not observable."""
        found = np.zeros(len(self.values), dtype=np.bool_)
        found[self.system.unmeasured] = self.space.hidden
        return found


def space_at(system: System, x: Floats) -> Space:
    """Take the equations apart at the point ``x`` (variable,)."""
    jacobian = system.jacobian(x)
    measured, unmeasured = system.measured, system.unmeasured
    of_measured = jacobian[:, measured] * system.scale[measured]
    of_unmeasured = jacobian[:, unmeasured] * system.scale[unmeasured]
    left, back, hidden = _without_unmeasured(of_unmeasured)
    reduced = left.T @ of_measured
    u, size, _ = np.linalg.svd(reduced, full_matrices=False) if min(reduced.shape) else (np.zeros((reduced.shape[0], 0)), np.zeros(0), None)
    independent = u[:, size > RANK * max(1.0, size[0] if len(size) else 1.0)]
    rows = independent.T @ reduced * (system.deviation[measured] / system.scale[measured])
    if rows.shape[0]:
        turn, weight, signatures = np.linalg.svd(rows, full_matrices=False)
        whiten = (turn / weight).T @ independent.T @ left.T
    else:
        signatures, whiten = np.zeros((0, len(measured))), np.zeros((0, len(system.equations)))
    return Space(signatures.T, whiten, back, hidden, of_measured * (system.deviation[measured] / system.scale[measured]))


def _without_unmeasured(part: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Combinations of equations without unmeasured unknowns, the pseudo-inverse, and which unknowns are hidden."""
    equations, unknowns = part.shape
    if not equations or not unknowns:
        return np.eye(equations), np.zeros((unknowns, equations)), np.ones(unknowns, dtype=np.bool_)
    u, size, vt = np.linalg.svd(part, full_matrices=True)
    rank = int((size > RANK * max(1.0, size[0])).sum())
    back = (vt[:rank].T / size[:rank]) @ u[:, :rank].T
    hidden = np.sqrt((vt[rank:] ** 2).sum(axis=0)) > SEEN
    return u[:, rank:], back, hidden


def solve(system: System) -> Solution:
    """Return the reconciled values.

    Raises ``ContradictionError`` where the equations cannot hold together (exact values that contradict each other) or no solution was found.

    Two scales on one stream, 100 ± 1 and 104 ± 1 (deviations): the mean of both, and half the variance.

    >>> from twin.fit.reconcile.system import Equation, Term, Variable
    >>> scales = (Variable("a", 100.0, 1.0, 100.0), Variable("b", 104.0, 1.0, 100.0))
    >>> found = solve(System(scales, (Equation("same", (Term(1.0, (0,)), Term(-1.0, (1,)))),)))
    >>> found.values.round(6).tolist(), found.deviation.round(6).tolist(), round(found.objective, 6)
    ([102.0, 102.0], [0.707107, 0.707107], 8.0)
    """
    start = system.value.copy()
    linear = system.linear_part()
    if len(linear.equations) < len(system.equations):
        start, _, _ = _iterate(linear, start)
    x, space, steps = _iterate(system, start)
    measured, unmeasured = system.measured, system.unmeasured
    kept = np.eye(len(measured)) - space.signatures @ space.signatures.T
    gain = np.zeros((len(x), len(measured)))
    gain[measured] = system.deviation[measured, None] * kept
    gain[unmeasured] = -system.scale[unmeasured, None] * (space.back @ space.measured_part @ kept)
    gain[unmeasured[space.hidden]] = np.nan
    coordinates = space.signatures.T @ ((x[measured] - system.value[measured]) / system.deviation[measured])
    return Solution(system, x, gain, space, coordinates, steps)


def _iterate(system: System, start: Floats) -> tuple[Floats, Space, int]:
    """Gauss-Newton steps from ``start``; a step that makes the equations hold much worse is halved."""
    measured, unmeasured = system.measured, system.unmeasured
    x = start.copy()
    space = space_at(system, x)
    if not len(measured) and not len(unmeasured):
        _check_closed(system, x)
        return x, space, 0
    most = max(FEWEST_STEPS, int(MOST_STEPS * min(1.0, (LARGE / len(x)) ** 2)))
    for step in range(1, most + 1):
        lack = system.residuals(x)
        moved = (x[measured] - system.value[measured]) / system.deviation[measured]
        wanted = -lack + space.measured_part @ moved
        adjusted = space.signatures @ (space.whiten @ wanted)
        change = np.zeros(len(x))
        change[measured] = system.deviation[measured] * (adjusted - moved)
        change[unmeasured] = system.scale[unmeasured] * (space.back @ (-lack - space.measured_part @ (adjusted - moved)))
        before, part = float(np.abs(lack).max(initial=0.0)), 1.0
        while part > 1e-3 and float(np.abs(system.residuals(x + part * change)).max(initial=0.0)) > 10.0 * before + 1.0:
            part /= 2.0
        x = x + part * change
        space = space_at(system, x)
        if float(np.abs(change / system.scale).max(initial=0.0)) < 1e-12 or (step > 1 and _settled(system, x, change)):
            _check_closed(system, x)
            return x, space, step
    _check_closed(system, x)
    raise ContradictionError(
        f"no reconciliation was found in {most} steps: the measurements are too far from any state in which the balances hold; "
        "look for a wrong unit, a wrong stream or an error that is stated too large, and leave measurements out with --leave-out"
    )


def _settled(system: System, x: Floats, change: Floats) -> bool:
    """Whether the equations hold and the last step moved nothing by more than rounding."""
    return float(np.abs(system.residuals(x)).max(initial=0.0)) < CLOSED and float(np.abs(change / system.scale).max(initial=0.0)) < 1e-10


def _check_closed(system: System, x: Floats) -> None:
    """Raise where an equation does not hold though all that may move has moved."""
    lack = system.residuals(x)
    worst = np.flatnonzero(np.abs(lack) > 1e-7)
    if not len(worst):
        return
    first = worst[np.argsort(-np.abs(lack[worst]), kind="stable")][:5]
    told = "; ".join(f"{system.equations[k].name} misses by {lack[k] * system.sizes[k]:.6g}" for k in first)
    raise ContradictionError(f"exact values, constants and relations contradict each other: {told}; give one of them an error, or correct it")
