"""Grab samples: what a laboratory would find in a delivery, beside what is in it.

The fundamental sampling error after Gy: a sample of so many kg holds a chance number of pieces of each material and size. With w_c the mass share
of class c and m_c the mass of one of its pieces, the relative variance of the share a of a constituent is

    (1/M_sample - 1/M_delivery) sum over c of w_c m_c (a_c - a)^2/a^2

(his heterogeneity of constitution, with a_c = 1 in classes of the constituent and 0 in others). The draws here are of pieces: their number in the
sample is binomial, each piece of the delivery being in it with the chance M_sample/M_delivery, and each has a size of its own. So a sample in which n
pieces are expected has none with the probability e^-n, where the delivery is large. Where many are expected, their mass together is drawn from a gamma
distribution of the same mean and variance. Errors of splitting, preparing and analysing come on top and are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.streams import Stream
from twin.scenario.supply import Sampling
from twin.units.assembly import Assembly

Floats = NDArray[np.float64]


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

    def drawn(self, mass: float, sampled: float, stream: Stream) -> float:
        """Draw the mass [kg] of these pieces in a sample of the share ``sampled`` 0..1 of a delivery that holds ``mass`` kg of them.

        Its mean is ``mass * sampled``. One uniform for the number and one for each piece, or one for all where more than :data:`FEW` are expected.
        """
        there = mass * self.number
        if there * sampled <= FEW:
            return math.fsum(self.mass(stream.uniform()) for _ in range(pieces_found(stream.uniform(), there * sampled, there)))
        from scipy.special import gammaincinv

        expected = mass * sampled
        shape = expected / (self.heaviness * (1.0 - sampled))  # variance: expected * heaviness * (1 - sampled)
        return float(gammaincinv(shape, stream.uniform())) / shape * expected


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


def sampling_deviation(shares: Floats, masses: Floats, constituent: Floats, sample: float, delivery: float) -> float:
    """Relative standard deviation of a constituent's share in a sample, after Gy.

    ``shares`` (class,): mass shares of the delivery, in sum 1; ``masses`` (class,): kg of a piece, its mean by mass; ``constituent`` (class,): its content in
    each; ``sample`` and ``delivery`` in kg. NaN for a constituent that is not there.

    Pieces of 1 g, a tenth of them the constituent, 1 kg of a very large lot: 1000 pieces, so sqrt(.9/.1/1000).

    >>> shares, masses = np.array([0.1, 0.9]), np.array([1e-3, 1e-3])
    >>> round(sampling_deviation(shares, masses, np.array([1.0, 0.0]), 1.0, 1e12), 6)
    0.094868
    """
    rows = list(zip(shares.tolist(), masses.tolist(), constituent.tolist(), strict=True))
    mean = math.fsum(w * a for w, _, a in rows)
    if mean <= 0.0 or sample >= delivery:
        return 0.0 if mean > 0.0 else math.nan
    heterogeneity = math.fsum(w * m * (a - mean) ** 2 for w, m, a in rows) / mean**2
    return math.sqrt((1.0 / sample - 1.0 / delivery) * heterogeneity)


class Sampler:
    """Samples the deliveries of a feed. Stream ``sampling``: see :meth:`Pieces.drawn`, for each class of material and size that a sampled delivery holds."""

    def __init__(self, site: Assembly, feed: str, spec: Sampling) -> None:
        self.feed, self.spec, self._site = feed, spec, site
        self._stream = site.stream(feed, "sampling")
        self._pieces = Pieces.of(site.scenario.properties)

    @property
    def used(self) -> int:
        """How many uniforms were used."""
        return self._stream.used

    def rewind(self, used: int) -> None:
        """Go on after so many uniforms."""
        self._stream.rewind(used)

    def sample(self, shares: Floats, mass: float, number: int, now: int) -> None:
        """Take a sample of a delivery of ``mass`` kg with ``shares`` (component, size), and note it beside the truth."""
        if number % self.spec.every:
            return
        components = self._site.components
        found = self._drawn(shares, mass)
        rows = np.array([math.fsum(row) for row in found])
        true = np.array([math.fsum(row) for row in shares[: components.solid].tolist()])
        content = np.zeros(len(shares))
        for row, (material, _) in enumerate(components.contents, start=components.content):
            whole = math.fsum(shares[row].tolist())
            content[row] = whole * rows[material] / true[material] if true[material] > 0.0 else 0.0
        measured = content.copy()
        measured[: components.solid] = rows
        truth = np.array([math.fsum(row) for row in shares.tolist()])
        self._site.recorder.samples.append(
            {
                "sample_unit": self.feed,
                "sample_time": now,
                "sample_delivery": number,
                "sample_mass": min(self.spec.mass, mass),
                "delivery_mass": mass,
                "true": true,
                "measured": rows,
                "deviation": np.array(self._deviations(shares, mass)),
                "true_element": components.elements_of(truth),
                "measured_element": components.elements_of(measured),
            }
        )

    def _drawn(self, shares: Floats, mass: float) -> list[list[float]]:
        """Mass shares by (material, size) in a sample; not numbers in one that holds no piece at all."""
        sampled = min(1.0, self.spec.mass / mass)
        true: list[list[float]] = shares[: len(self._pieces)].tolist()
        if sampled >= 1.0:
            return true
        drawn = [
            [pieces.drawn(mass * share, sampled, self._stream) if share > 0.0 else 0.0 for share, pieces in zip(row, own, strict=True)]
            for row, own in zip(true, self._pieces, strict=True)
        ]
        total = math.fsum(value for row in drawn for value in row)
        return [[value / total if total > 0.0 else math.nan for value in row] for row in drawn]

    def _deviations(self, shares: Floats, mass: float) -> list[float]:
        """Relative standard deviation of each material's share."""
        solid = len(self._pieces)
        flat, masses = shares[:solid].ravel(), np.array([pieces.heaviness for own in self._pieces for pieces in own])
        found = []
        for m in range(solid):
            own = np.zeros((solid, shares.shape[1]))
            own[m] = 1.0
            found.append(sampling_deviation(flat, masses, own.ravel(), self.spec.mass, mass))
        return found
