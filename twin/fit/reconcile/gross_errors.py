"""Tests of gross errors: of the whole, of each node, of each measurement; and who is named.

With V the signatures of :mod:`twin.fit.reconcile.solve` and s the coordinates of the redundant equations, which are independent and standard normal where
all errors are as stated:

- the whole: s's is chi-square;
- a measurement: V_i's / |V_i| is standard normal, and of all such statistics it has the most power against a bias of that one (Mah and Tamhane 1982);
- a node: what its balance lacks, over the deviation of that, where all its streams are measured.

Two measurements whose signatures point the same way give the same statistic for every bias: no data of this plant can tell them apart, so they are named
together. The level is that of the largest of all statistics, so that of clean data one in twenty names anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.fit.reconcile.solve import Solution
from twin.fit.reconcile.system import Floats
from twin.quantities import digits

LEVEL = 0.05
"""Chance that clean data fail a test."""
ALIKE = 1.0 - 1e-9
"""Two signatures with at least this cosine are the same."""
DRAWS = 20_000
"""Draws from which the critical value is taken; the level is met within .3 points."""
FAINT = 1e-5
"""A signature shorter than this cannot be tested: nothing checks the measurement."""
HOPELESS = 1e-4
"""Where the rest has less than this probability after all suspects are taken out, the whole contradicts itself."""


@dataclass(frozen=True)
class GlobalTest:
    """The test of the whole."""

    objective: float
    redundancy: int
    critical: float
    probability: float
    """Chance of at least ``objective`` where all errors are as stated; 1 without redundancy."""

    @property
    def passed(self) -> bool:
        """Whether the whole may be as stated."""
        return self.redundancy == 0 or self.objective <= self.critical

    @property
    def text(self) -> str:
        """The test in words."""
        balances = f"{self.redundancy} redundant balance{'' if self.redundancy == 1 else 's'}"
        return f"{digits(self.objective)} of at most {digits(self.critical)} ({balances}, p = {self.probability:.2g})"


@dataclass(frozen=True)
class NodalTest:
    """The test of one balance. ``lack`` is in minus out less what the stock gained, as measured; not a number where a stream was not measured."""

    name: str
    node: str
    lack: float
    deviation: float
    critical: float
    si: str = "kg"

    @property
    def statistic(self) -> float:
        """``lack`` over its deviation."""
        return self.lack / self.deviation if self.deviation > 0.0 else math.nan

    @property
    def passed(self) -> bool:
        """Whether it was tested and may close."""
        return not abs(self.statistic) > self.critical


@dataclass(frozen=True)
class Suspect:
    """A gross error: one of ``names``, which no data can tell apart where they are several.

    ``nodes`` are the places at which a loss would look the same. ``bias`` is by how much each of ``names`` would be wrong (reading less truth), SI.
    """

    names: tuple[str, ...]
    statistic: float
    critical: float
    bias: tuple[float, ...]
    nodes: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether it is one measurement."""
        return len(self.names) == 1


@dataclass(frozen=True)
class Tests:
    """All tests of one solution. ``statistics`` (measured,) are those of measurements, not a number where nothing checks one."""

    whole: GlobalTest
    nodes: tuple[NodalTest, ...]
    statistics: Floats
    critical: float
    suspects: tuple[Suspect, ...]
    rest: GlobalTest
    """The whole again, with all suspects taken out."""

    @property
    def contradiction(self) -> bool:
        """Whether the whole cannot be right even without all suspects."""
        return self.rest.probability < HOPELESS


def global_test(objective: float, redundancy: int) -> GlobalTest:
    """Return the test of the whole; 9.4877 is the critical value for four degrees of freedom.

    >>> round(global_test(6.4075, 4).critical, 4), global_test(6.4075, 4).passed
    (9.4877, True)
    """
    from scipy.special import chdtrc, chdtri

    if redundancy == 0:
        return GlobalTest(0.0, 0, 0.0, 1.0)
    return GlobalTest(objective, redundancy, float(chdtri(redundancy, LEVEL)), float(chdtrc(redundancy, objective)))


def sidak(count: int) -> float:
    """Return the critical value for the largest of ``count`` independent statistics (Sidak 1967).

    >>> round(sidak(6), 4)
    2.631
    """
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + 0.5 * (1.0 - LEVEL) ** (1.0 / count)) if count else math.inf


def critical_value(directions: Floats) -> float:
    """Return what the largest of ``|directions @ s|`` (test, redundancy), s standard normal, passes in a share :data:`LEVEL` of clean data.

    Statistics of one plant hang together, so Sidak's value for independent ones is too high. Taken from draws with a fixed seed, within its bounds.

    >>> round(critical_value(np.array([[1.0]])), 6), round(critical_value(np.eye(6)), 1)
    (1.959964, 2.6)
    """
    if not len(directions):
        return math.inf
    random = np.random.Generator(np.random.Philox(key=20_260_105))
    largest = [np.abs(random.standard_normal((1000, directions.shape[1])) @ directions.T).max(axis=1) for _ in range(DRAWS // 1000)]
    return min(max(float(np.quantile(np.concatenate(largest), 1.0 - LEVEL)), sidak(1)), sidak(len(directions)))


def directions_of(signatures: Floats) -> tuple[Floats, list[int]]:
    """Return the different directions (test, redundancy) among signatures, and which of them each has; -1 for one that is too short to test."""
    found: list[Floats] = []
    which = []
    for row in signatures:
        length = float(np.sqrt(row @ row))
        if length < FAINT:
            which.append(-1)
            continue
        unit = row / length
        same = next((k for k, other in enumerate(found) if abs(float(other @ unit)) > ALIKE), -1)
        if same < 0:
            same = len(found)
            found.append(unit)
        which.append(same)
    return np.array(found).reshape(len(found), signatures.shape[1]), which


def run_tests(solution: Solution, clean: float | None = None) -> Tests:
    """Return all tests of ``solution``; ``clean`` is the critical value of :func:`critical_value` where it is known already."""
    signatures, coordinates = solution.space.signatures, solution.coordinates
    directions, which = directions_of(signatures)
    critical = critical_value(directions) if clean is None else clean
    lengths = np.sqrt((signatures**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        statistics = np.where(lengths < FAINT, np.nan, signatures @ coordinates / np.maximum(lengths, FAINT))
    suspects, left = _suspects(solution, directions, which, critical)
    whole = global_test(solution.objective, solution.redundancy)
    rest = global_test(float(left @ left), solution.redundancy - len(suspects)) if suspects else whole
    return Tests(whole, nodal_tests(solution), statistics, critical, tuple(suspects), rest)


def _suspects(solution: Solution, directions: Floats, which: Sequence[int], critical: float) -> tuple[list[Suspect], Floats]:
    """Name the largest statistic, take its direction out of all, and go on while one is too large and half of the redundancy is left."""
    left, own = solution.coordinates.copy(), directions.copy()
    suspects: list[Suspect] = []
    while len(suspects) < max(1, solution.redundancy // 2) and len(directions):
        lengths = np.sqrt((own**2).sum(axis=1))
        sizes = np.where(lengths > 1e-4, np.abs(own @ left) / np.maximum(lengths, 1e-4), 0.0)
        k = int(np.argmax(sizes))
        if sizes[k] <= critical:
            break
        axis = own[k] / lengths[k]
        alike = [j for j in range(len(own)) if lengths[j] > 1e-4 and abs(float(own[j] @ axis)) / lengths[j] > ALIKE]
        suspects.append(_suspect(solution, [i for i, j in enumerate(which) if j in alike], axis, float(axis @ left), critical))
        left = left - axis * float(axis @ left)
        own = own - np.outer(own @ axis, axis)
    return suspects, left


def _suspect(solution: Solution, members: list[int], axis: Floats, statistic: float, critical: float) -> Suspect:
    system = solution.system
    names, bias = [], []
    for i in members:
        k = int(system.measured[i])
        names.append(system.variables[k].name)
        along = float(solution.space.signatures[i] @ axis)
        bias.append(-statistic / along * float(system.deviation[k]))
    return Suspect(tuple(names), statistic, critical, tuple(bias), _losses_like(solution, axis))


def _losses_like(solution: Solution, axis: Floats) -> tuple[str, ...]:
    """The nodes at which a loss of mass has the signature ``axis``."""
    found = []
    for k, equation in enumerate(solution.system.equations):
        if equation.node:
            column = solution.space.whiten[:, k]
            length = float(np.sqrt(column @ column))
            if length > 1e-9 and abs(float(column @ axis)) / length > ALIKE:
                found.append(equation.node)
    return tuple(found)


def nodal_tests(solution: Solution) -> tuple[NodalTest, ...]:
    """Return the test of each balance of mass, from measured values alone."""
    system = solution.system
    lacks = system.residuals(np.where(np.isinf(system.deviation), np.nan, system.value)) if len(system.equations) else np.zeros(0)
    slopes = system.jacobian(system.value)
    found = []
    for k, equation in enumerate(system.equations):
        if equation.node:
            used = sorted({v for term in equation.terms for v in term.variables})
            known = all(math.isfinite(system.variables[v].deviation) for v in used)
            deviation = float(np.sqrt(((slopes[k, used] * system.deviation[used]) ** 2).sum())) * float(system.sizes[k]) if known else math.nan
            lack = float(lacks[k] * system.sizes[k]) if known else math.nan
            found.append((equation.name, equation.node, lack, deviation, system.variables[used[0]].si if used else "kg"))
    critical = sidak(sum(1 for row in found if row[3] > 0.0))
    return tuple(NodalTest(name, node, lack, deviation, critical, si) for name, node, lack, deviation, si in found)
