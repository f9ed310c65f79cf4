"""Grab samples: what a laboratory would find in a delivery, beside what is in it.

The fundamental sampling error after Gy: a sample of so many kg holds a chance number of pieces of each material and size. With w_c the mass share
of class c and m_c the mass of one of its pieces, the relative variance of the share a of a constituent is

    (1/M_sample - 1/M_delivery) sum over c of w_c m_c (a_c - a)^2/a^2

(his heterogeneity of constitution, with a_c = 1 in classes of the constituent and 0 in others), which the draws here have to first order: the mass of
each class in the sample is gamma distributed, with the mean and the variance of a Poisson number of pieces. Errors of splitting, preparing and
analysing come on top and are not in it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.scenario.supply import Sampling
from twin.units.assembly import Assembly

Floats = NDArray[np.float64]


def piece_mass(size: float, density: float, solidity: float, thickness_ratio: float) -> float:
    """Mass of a piece in kg: ``size`` by ``size`` [m], ``thickness_ratio`` times as thick, of ``density`` [kg/m3] where it is solid.

    >>> round(piece_mass(0.02, 2700.0, 1.0, 0.25), 5)
    0.0054
    """
    return density * solidity * thickness_ratio * size**3


def sampling_deviation(shares: Floats, masses: Floats, constituent: Floats, sample: float, delivery: float) -> float:
    """Relative standard deviation of a constituent's share in a sample, after Gy.

    ``shares`` (class,): mass shares of the delivery, in sum 1; ``masses`` (class,): kg of a piece; ``constituent`` (class,): its content in each;
    ``sample`` and ``delivery`` in kg. NaN for a constituent that is not there.

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
    """Samples the deliveries of a feed. Stream ``sampling``: one uniform for each class of material and size that a sampled delivery holds."""

    def __init__(self, site: Assembly, feed: str, spec: Sampling) -> None:
        self.feed, self.spec, self._site = feed, spec, site
        self._stream = site.stream(feed, "sampling")
        properties, sizes = site.scenario.materials.properties, site.scenario.sizes
        columns = (properties[name].tolist() for name in ("density", "solidity", "thickness_ratio"))
        self._pieces = [[piece_mass(size, *shape) for size in sizes.mean] for shape in zip(*columns, strict=True)]

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
        """Mass shares by (material, size) in a sample."""
        from scipy.special import gammaincinv

        left = 1.0 - min(1.0, self.spec.mass / mass)
        drawn = []
        for row, pieces in zip(shares[: len(self._pieces)].tolist(), self._pieces, strict=True):
            own = []
            for share, piece in zip(row, pieces, strict=True):
                if share <= 0.0 or left <= 0.0:
                    own.append(share)
                    continue
                shape = self.spec.mass * share / (piece * left)  # gamma: mean M w, variance M w m (1 - M/M_delivery)
                own.append(float(gammaincinv(shape, self._stream.uniform())) / shape * share)
            drawn.append(own)
        total = math.fsum(value for row in drawn for value in row)
        return [[value / total for value in row] for row in drawn] if total > 0.0 else shares[: len(self._pieces)].tolist()

    def _deviations(self, shares: Floats, mass: float) -> list[float]:
        """Relative standard deviation of each material's share."""
        solid = len(self._pieces)
        flat, pieces = shares[:solid].ravel(), np.array(self._pieces).ravel()
        found = []
        for m in range(solid):
            own = np.zeros((solid, shares.shape[1]))
            own[m] = 1.0
            found.append(sampling_deviation(flat, pieces, own.ravel(), self.spec.mass, mass))
        return found
