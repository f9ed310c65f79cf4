"""What an instrument shows of a true value, and how likely a reading is: the one model of measurement, of one form for all who measure.

An instrument has a random error (a part that is absolute, a part in proportion to the value, and for a share the chance of which pieces were picked and
counted), a bias that is the same in all its readings, a delay, steps in which it shows, and gaps. A reading is made by :meth:`Measurement.read` from a
true value and uniforms that the caller draws; :meth:`Measurement.log_likelihood` is the logarithm of the density (of pieces alone, steps and gaps: of the
probability) of exactly that.

A sample of so many kg holds pieces of many masses. Which of them is drawn by :func:`shares_in_sample`: the number of each class in the sample is binomial,
each piece of the lot being in it with the chance M_sample/M_lot, and each has a size of its own. So a sample in which n pieces are expected has none with
the probability e^-n, where the lot is large. Where many are expected, their mass together is drawn from a gamma distribution of the same mean and
variance. Its variance is Gy's fundamental sampling error: with w_c the mass share of class c and m_c the mass of one of its pieces, the relative variance
of the share a of a constituent is

    (1/M_sample - 1/M_lot) sum over c of w_c m_c (a_c - a)^2/a^2

(his heterogeneity of constitution, with a_c = 1 in classes of the constituent and 0 in others). The analysis of the sample is a :class:`Measurement` on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import UsageError

Floats = NDArray[np.float64]
Uniform = Callable[[], float]
"""Gives the next uniform, 0..1, of a stream."""
Over = Literal["instant", "mean", "sum"]
UNIFORMS = 3
"""Uniforms of a reading: for the error, for the pieces, for a gap."""
_NORMAL = NormalDist()
_TINY = 2.0**-53
MOST_PIECES = 1_000_000


@dataclass(frozen=True)
class Measurement:
    """How a quantity is measured. All deviations are standard deviations in the SI unit of the quantity, unless said otherwise.

    ``quantity`` is a name as in :mod:`twin.scenario.quantity_names`; ``over``: a reading is of an instant, or the mean or sum over a time. ``relative`` is a
    share of the true value. ``pieces``: a share (0 to 1) is that among so many counted pieces; 0 where none are counted. ``bias`` and ``bias_deviation``: what
    is believed of the offset that all readings share. ``delay`` [s], ``resolution`` (step of the display, 0 for none), ``gaps`` (chance 0 to 1 of no reading).

    Raises ``UsageError`` for a negative or infinite number.
    """

    quantity: str
    over: Over = "mean"
    absolute: float = 0.0
    relative: float = 0.0
    pieces: int = 0
    bias: float = 0.0
    bias_deviation: float = 0.0
    delay: float = 0.0
    resolution: float = 0.0
    gaps: float = 0.0

    def __post_init__(self) -> None:
        for name in ("absolute", "relative", "pieces", "bias_deviation", "delay", "resolution", "gaps"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise UsageError(f"measurement of {self.quantity}: {name} must be a finite number from 0 (got {value!r})")
        if not math.isfinite(self.bias):
            raise UsageError(f"measurement of {self.quantity}: bias must be finite (got {self.bias!r})")
        if self.gaps >= 1.0:
            raise UsageError(f"measurement of {self.quantity}: gaps is a chance below 1 (got {self.gaps!r})")
        if self.pieces > MOST_PIECES:
            raise UsageError(f"measurement of {self.quantity}: at most {MOST_PIECES} counted pieces (got {self.pieces})")

    def deviation(self, true: float) -> float:
        """Return the standard deviation of a reading of ``true``, without the bias that readings share, with the rounding to steps.

        A share of 20 % among 400 pieces is known to 2 points; with 1.5 points of the laboratory beside them to 2.5:

        >>> round(Measurement("share.copper.Cu", absolute=0.015, pieces=400).deviation(0.2), 12)
        0.025
        """
        variance = self.absolute**2 + (self.relative * true) ** 2 + self.resolution**2 / 12.0
        if self.pieces:
            share = min(max(true, 0.0), 1.0)
            variance += share * (1.0 - share) / self.pieces
        return math.sqrt(variance)

    def moment(self, time: float) -> float:
        """Return the time [s] of the truth that is shown at ``time`` [s]."""
        return time - self.delay

    def with_bias(self, u: float) -> Measurement:
        """Return one instrument of the kind, its bias drawn from ``u`` 0..1 and known from then on."""
        return replace(self, bias=self.bias + self.bias_deviation * _quantile(u), bias_deviation=0.0)

    def read(self, true: float, u: ArrayLike) -> float:
        """Return a reading of ``true`` from the uniforms ``u`` (3,), 0..1; not a number where there is a gap.

        The bias is ``bias``: draw an instrument by :meth:`with_bias` first where it is not known.

        >>> Measurement("flow.magnet.steel", absolute=2.0, bias=1.0, resolution=0.5).read(100.0, [0.8413447460685429, 0.5, 0.5])
        103.0
        """
        own = np.asarray(u, dtype=np.float64)
        if own.shape != (UNIFORMS,):
            raise UsageError(f"measurement of {self.quantity}: a reading takes {UNIFORMS} uniforms (got {own.shape})")
        of_error, of_pieces, of_gap = own.tolist()
        if of_gap < self.gaps:
            return math.nan
        value = _picked(of_pieces, true, self.pieces) if self.pieces else true
        size = math.hypot(self.absolute, self.relative * true)
        value += self.bias + (size * _quantile(of_error) if size > 0.0 else 0.0)
        return self.resolution * math.floor(value / self.resolution + 0.5) if self.resolution > 0.0 else value

    def log_likelihood(self, true: ArrayLike, reading: ArrayLike) -> float:
        """Return the logarithm of the likelihood of readings (any shape) of one instrument, where ``true`` of the same shape holds.

        Readings share a bias that is believed to be normal. Where it is not known and there are several readings, or pieces beside it, rounding to steps is
        taken as a normal error of the same variance. Not a number stands for a gap.

        >>> round(Measurement("level.bay", absolute=2.0).log_likelihood(10.0, 12.0), 6)
        -2.112086
        """
        truth, shown = np.broadcast_arrays(np.asarray(true, dtype=np.float64), np.asarray(reading, dtype=np.float64))
        truth, shown = truth.ravel(), shown.ravel()
        there = ~np.isnan(shown)
        missing = int((~there).sum())
        if missing and self.gaps == 0.0:
            return -math.inf
        total = missing * math.log(self.gaps) if missing else 0.0
        total += int(there.sum()) * math.log1p(-self.gaps)
        return total + self._of_values(truth[there], shown[there])

    def _of_values(self, truth: Floats, shown: Floats) -> float:
        if not len(shown):
            return 0.0
        if self.pieces and (self.bias_deviation == 0.0 or len(shown) == 1):
            return math.fsum(self._of_counted(t, r) for t, r in zip(truth.tolist(), shown.tolist(), strict=True))
        if self.bias_deviation == 0.0 or len(shown) == 1:
            sizes = np.hypot(np.hypot(self.absolute, self.relative * truth), self.bias_deviation)
            rows = zip((shown - truth - self.bias).tolist(), sizes.tolist(), strict=True)
            return math.fsum(_log_density(away, size, self.resolution) for away, size in rows)
        variances = np.array([self.deviation(t) ** 2 for t in truth.tolist()])
        if not (variances > 0.0).all():
            raise UsageError(f"measurement of {self.quantity}: several readings without any error of their own cannot share a bias that is not known")
        return _with_shared_bias(shown - truth - self.bias, variances, self.bias_deviation**2)

    def _of_counted(self, true: float, shown: float) -> float:
        """One reading of a share among counted pieces: the chance of each count, times the density of the rest."""
        share = min(max(true, 0.0), 1.0)
        size = math.hypot(math.hypot(self.absolute, self.relative * true), self.bias_deviation)
        if size == 0.0 and self.resolution == 0.0:
            count = (shown - self.bias) * self.pieces
            whole = round(count)
            possible = 0 <= whole <= self.pieces and abs(count - whole) < 1e-6
            return float(_log_binomial(share, self.pieces)[whole]) if possible else -math.inf
        chances = _log_binomial(share, self.pieces)
        likely = np.flatnonzero(chances > chances.max() - 60.0)
        terms = [float(chances[k]) + _log_density(shown - self.bias - k / self.pieces, size, self.resolution) for k in likely.tolist()]
        most = max(terms)
        return most + math.log(math.fsum(math.exp(term - most) for term in terms)) if math.isfinite(most) else most


def _quantile(u: float) -> float:
    return _NORMAL.inv_cdf(min(max(u, _TINY), 1.0 - _TINY))


def _log_binomial(share: float, pieces: int) -> Floats:
    """Logarithms of the chances (pieces + 1,) of each count."""
    counts = np.arange(pieces + 1, dtype=np.float64)
    if share in (0.0, 1.0):
        return np.where(counts == share * pieces, 0.0, -np.inf)
    steps = np.log((pieces - counts[:-1]) / (counts[:-1] + 1.0)) + math.log(share / (1.0 - share))
    return np.concatenate([[0.0], np.cumsum(steps)]) + pieces * math.log1p(-share)


def _picked(u: float, true: float, pieces: int) -> float:
    """The share among ``pieces`` picked ones, inverted from ``u``."""
    chances = np.exp(_log_binomial(min(max(true, 0.0), 1.0), pieces))
    return int(np.searchsorted(np.cumsum(chances)[:-1], u, side="right")) / pieces


def _log_density(away: float, size: float, resolution: float) -> float:
    """A normal density at ``away``, or the probability of the step around it."""
    if resolution > 0.0:
        low, high = away - resolution / 2.0, away + resolution / 2.0
        if size == 0.0:
            return 0.0 if low <= 0.0 < high or high == 0.0 else -math.inf
        return _log_between(low / size, high / size)
    if size == 0.0:
        return math.inf if away == 0.0 else -math.inf
    return -0.5 * (away / size) ** 2 - math.log(size) - 0.5 * math.log(2.0 * math.pi)


def _log_between(low: float, high: float) -> float:
    """The logarithm of the chance of a standard normal between two bounds, exact in the tails."""
    if low < 0.0 and high <= 0.0:
        low, high = -high, -low
    if low <= 0.0:
        chance = 0.5 * (math.erf(high / math.sqrt(2.0)) - math.erf(low / math.sqrt(2.0)))
        return math.log(chance) if chance > 0.0 else -math.inf
    chance = 0.5 * (math.erfc(low / math.sqrt(2.0)) - math.erfc(high / math.sqrt(2.0)))
    if chance > 1e-300:
        return math.log(chance)
    return -0.5 * low**2 - math.log(low) - 0.5 * math.log(2.0 * math.pi)  # Mills' ratio: of a tail so far out all lies at its near end


def _with_shared_bias(away: Floats, variances: Floats, shared: float) -> float:
    """Normal errors of their own variances and one offset of variance ``shared`` in all, by the formula of Sherman and Morrison."""
    weights = 1.0 / variances
    total = math.fsum(weights.tolist())
    pull = math.fsum((weights * away).tolist())
    square = math.fsum((weights * away**2).tolist()) - pull**2 * shared / (1.0 + shared * total)
    determinant = math.fsum(np.log(variances).tolist()) + math.log1p(shared * total)
    return -0.5 * (square + determinant + len(away) * math.log(2.0 * math.pi))


FEW = 50.0
"""Up to so many expected pieces each is drawn, beyond their mass together."""


@dataclass(frozen=True)
class Pieces:
    """Pieces of one material in one size class, which has its mass spread evenly in log size.

    ``smallest`` and ``largest`` [kg]; ``heaviness`` [kg]: mean mass of a piece by mass, which makes the variance; ``number`` [1/kg]: pieces in a kg.
    """

    smallest: float
    largest: float
    heaviness: float
    number: float

    @classmethod
    def of(cls, properties: Mapping[str, Floats]) -> list[list[Pieces]]:
        """Return the pieces by material and size class, from the tables of :mod:`twin.materials.pieces` among the properties.

        Cubes between 1 and 3 m of 1 kg/m3: a kg holds more pieces than at the geometric mean, of 5.2 kg, and most of it is in heavier ones.

        >>> from twin.materials.pieces import with_pieces
        >>> cubes = {"density": np.array([1.0]), "thickness_ratio": np.array([1.0])}
        >>> pieces = Pieces.of(with_pieces(cubes, [1.0], [3.0]))[0][0]
        >>> round(pieces.number * 5.196, 3), round(pieces.heaviness / 5.196, 3)
        (1.518, 1.518)
        """
        columns = (properties[f"piece_{name}"].tolist() for name in ("smallest", "largest", "heaviness", "number"))
        return [[cls(*cell) for cell in zip(*rows, strict=True)] for rows in zip(*columns, strict=True)]

    def mass(self, u: float) -> float:
        """Mass [kg] of a piece picked by number, inverted from ``u`` 0..1: finer ones are more, 1/m is spread evenly, whatever power of the size m is."""
        return 1.0 / (1.0 / self.smallest - u * (1.0 / self.smallest - 1.0 / self.largest))

    def drawn(self, mass: float, sampled: float, uniform: Uniform) -> float:
        """Draw the mass [kg] of these pieces in a sample of the share ``sampled`` 0..1 of a delivery that holds ``mass`` kg of them.

        Its mean is ``mass * sampled``. One uniform for the number and one for each piece, or one for all where more than :data:`FEW` are expected.
        """
        there = mass * self.number
        if there * sampled <= FEW:
            found = pieces_found(uniform(), there * sampled, there)
            return math.fsum([self.mass(uniform()) for _ in range(found)]) if found else 0.0  # a sum of none is 0 too: most often there is none
        from scipy.special import gammaincinv

        expected = mass * sampled
        shape = expected / (self.heaviness * (1.0 - sampled))  # variance: expected * heaviness * (1 - sampled)
        return float(gammaincinv(shape, uniform())) / shape * expected


def pieces_found(u: float, expected: float, there: float) -> int:
    """Pieces in a sample, inverted from ``u`` 0..1: binomial, of ``there`` pieces (rounded up) with the mean ``expected``, which is at most ``there``.

    >>> [pieces_found(u, 0.5, 1e6) for u in (0.6, 0.61, 0.95)]  # e^-0.5 = 0.6065
    [0, 1, 2]
    >>> pieces_found(0.5, 3.0, 3.0), pieces_found(0.999, 2.9, 3.0)
    (3, 3)
    """
    most = max(1, math.ceil(there))
    chance = expected / most
    if chance > 0.5:  # those that stay behind are fewer
        return most - pieces_found(1.0 - u, most - expected, most) if chance < 1.0 else most
    count, probability = 0, math.exp(most * math.log1p(-chance))
    left = u - probability
    while left >= 0.0 and count < most:
        probability *= (most - count) / (count + 1) * chance / (1.0 - chance)
        count += 1
        left -= probability
        if count > expected and probability < 1e-18:
            break
    return count


TRACE = 1e-30
"""A mass share so small that not one piece of it is in any delivery: what long chains of shares leave where nothing should be."""


def sampling_deviation(shares: Floats, masses: Floats, constituent: Floats, sample: float, delivery: float) -> float:
    """Relative standard deviation of a constituent's share in a sample, after Gy.

    ``shares`` (class,): mass shares of the delivery, in sum 1; ``masses`` (class,): kg of a piece, its mean by mass; ``constituent`` (class,): its content in
    each; ``sample`` and ``delivery`` in kg. NaN for a constituent that is not there, or of which less than :data:`TRACE` is left by rounding.

    Pieces of 1 g, a tenth of them the constituent, 1 kg of a very large lot: 1000 pieces, so sqrt(.9/.1/1000).

    >>> shares, masses = np.array([0.1, 0.9]), np.array([1e-3, 1e-3])
    >>> round(sampling_deviation(shares, masses, np.array([1.0, 0.0]), 1.0, 1e12), 6)
    0.094868
    """
    rows = list(zip(shares.tolist(), masses.tolist(), constituent.tolist(), strict=True))
    mean = math.fsum(w * a for w, _, a in rows)
    if mean <= TRACE or sample >= delivery:
        return 0.0 if mean > TRACE else math.nan
    heterogeneity = math.fsum(w * m * (a - mean) ** 2 for w, m, a in rows) / mean**2
    return math.sqrt((1.0 / sample - 1.0 / delivery) * heterogeneity)


def deviations_of_rows(shares: Floats, masses: Floats, sample: float, delivery: float) -> list[float]:
    """:func:`sampling_deviation` of each material's share, to the last bit, where a piece is of one material; ``shares`` and ``masses`` (material, size).

    >>> shares, masses = np.array([[0.06, 0.04], [0.9, 0.0]]), np.full((2, 2), 1e-3)
    >>> [round(value, 6) for value in deviations_of_rows(shares, masses, 1.0, 1e12)]
    [0.094868, 0.010541]
    """
    weights, found = shares * masses, []
    for m, row in enumerate(shares):
        mean = math.fsum(row.tolist())
        if mean <= TRACE or sample >= delivery:
            found.append(0.0 if mean > TRACE else math.nan)
            continue
        terms = weights * (0.0 - mean) ** 2
        terms[m] = weights[m] * (1.0 - mean) ** 2
        heterogeneity = math.fsum(terms.ravel().tolist()) / mean**2
        found.append(math.sqrt((1.0 / sample - 1.0 / delivery) * heterogeneity))
    return found


def shares_in_sample(shares: Floats, pieces: Sequence[Sequence[Pieces]], mass: float, sample: float, uniform: Uniform) -> list[list[float]]:
    """Draw the mass shares by (material, size) in a sample of ``sample`` kg of ``mass`` kg with ``shares`` (material, size): each piece is in it independently.

    Not numbers in a sample that holds no piece at all; the true shares in one that takes all. Uniforms: see :meth:`Pieces.drawn`, for each class that is there.
    """
    true: list[list[float]] = shares[: len(pieces)].tolist()
    sampled = min(1.0, sample / mass)
    if sampled >= 1.0:
        return true
    drawn = [
        [own.drawn(mass * share, sampled, uniform) if share > 0.0 else 0.0 for share, own in zip(row, owns, strict=True)]
        for row, owns in zip(true, pieces, strict=True)
    ]
    total = math.fsum(value for row in drawn for value in row)
    return [[value / total if total > 0.0 else math.nan for value in row] for row in drawn]


def equal_pieces(share: float, deviation: float) -> float:
    """Return among how many equal pieces a ``share`` has the relative standard deviation ``deviation``: the ``pieces`` of a :class:`Measurement` of it.

    >>> round(equal_pieces(0.1, 0.094868))  # the thousand pieces of :func:`sampling_deviation`
    1000
    """
    return (1.0 - share) / (share * deviation**2) if 0.0 < share < 1.0 and deviation > 0.0 else math.inf
