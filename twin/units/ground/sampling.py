"""Samples of deliveries and of loads: what a laboratory finds, beside what is in them, drawn by :mod:`twin.measurement` and by nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.measurement import UNIFORMS, Measurement, Pieces, deviations_of_rows, shares_in_sample
from twin.scenario.acceptance import Acceptance
from twin.scenario.supply import Sampling
from twin.units.ground.assembly import Assembly

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """What was found: shares by component, of the samples together, not numbers where they held no piece; and the relative standard deviation of each
    material's, after Gy."""

    shares: Floats
    deviation: Floats


class Sampler:
    """Samples deliveries of a feed, or loads of a product.

    Stream ``measurement`` of ``instrument``: for each sample those of :func:`~twin.measurement.shares_in_sample`, then three for each material that is there
    where the analysis has an error.
    """

    def __init__(self, site: Assembly, unit: str, spec: Sampling | Acceptance, instrument: str = "") -> None:
        self.unit, self.spec, self._site = unit, spec, site
        self.stream = site.stream(instrument or unit, "measurement")
        self._pieces = Pieces.of(site.scenario.properties)
        self._heaviness = np.array([[pieces.heaviness for pieces in own] for own in self._pieces])
        self._analyses = [Measurement(f"share.{unit}.{name}", "instant", absolute=spec.error) for name in site.scenario.materials.names]

    @property
    def used(self) -> int:
        """How many uniforms were used."""
        return self.stream.used

    def rewind(self, used: int) -> None:
        """Go on after so many uniforms."""
        self.stream.rewind(used)

    def sample(self, shares: Floats, mass: float, number: int, now: int) -> None:
        """Sample delivery ``number``, of ``mass`` kg with ``shares`` (component, size), if it is its turn, and note it beside the truth."""
        if isinstance(self.spec, Acceptance) or number % self.spec.every == 0:
            self.note(self.find(shares, mass), shares, mass, number, now)

    def find(self, shares: Floats, mass: float) -> Finding:
        """Take the samples of a lot of ``mass`` kg with ``shares`` (component, size), and analyse them: the mean over those that hold a piece counts."""
        components = self._site.components
        found = [rows for rows in (self._one(shares, mass) for _ in range(self.spec.samples)) if not math.isnan(rows[0])]
        rows = np.array([math.fsum(column) / len(found) for column in zip(*found, strict=True)]) if found else np.full(components.solid, math.nan)
        measured = np.zeros(len(shares))
        measured[: components.solid] = rows
        for row, (material, _) in enumerate(components.contents, start=components.content):
            true = math.fsum(shares[material].tolist())
            measured[row] = math.fsum(shares[row].tolist()) * rows[material] / true if true > 0.0 else 0.0
        return Finding(measured, np.array(self._deviations(shares, mass)))

    def note(self, finding: Finding, shares: Floats, mass: float, number: int, now: int) -> None:
        """Add a row to the table of samples."""
        components = self._site.components
        truth = np.array([math.fsum(row) for row in shares.tolist()])
        self._site.recorder.samples.append(
            {
                "sample_unit": self.unit,
                "sample_time": now,
                "sample_delivery": number,
                "sample_mass": self.spec.samples * min(self.spec.mass, mass),
                "delivery_mass": mass,
                "true": truth[: components.solid],
                "measured": finding.shares[: components.solid],
                "deviation": finding.deviation,
                "true_element": components.elements_of(truth),
                "measured_element": components.elements_of(finding.shares),
            }
        )

    def _one(self, shares: Floats, mass: float) -> list[float]:
        """What one sample is found to hold: mass shares by material."""
        picked = [math.fsum(row) for row in shares_in_sample(shares, self._pieces, mass, self.spec.mass, self.stream.uniform)]
        if self.spec.error == 0.0:
            return picked
        return [
            min(max(analysis.read(share, [self.stream.uniform() for _ in range(UNIFORMS)]), 0.0), 1.0) if share > 0.0 else share
            for share, analysis in zip(picked, self._analyses, strict=True)
        ]

    def _deviations(self, shares: Floats, mass: float) -> list[float]:
        """Relative standard deviation of each material's share in the samples together."""
        own = shares[: len(self._pieces)]
        deviations = deviations_of_rows(own, self._heaviness, self.spec.mass, mass)
        return [deviation / math.sqrt(self.spec.samples) for deviation in deviations]
