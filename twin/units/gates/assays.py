"""Assays of deliveries that are not the catalogue's: given, by size, from a schedule, or spread from one delivery to the next."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.engine.streams import Stream
from twin.materials import ELEMENTS
from twin.scenario.kinds.feed import Feed as FeedModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import REST

Floats = NDArray[np.float64]
LEAST_SHAPE = 1e-3
"""Least shape of the gamma distribution that shares spread with: a relative standard deviation of 32."""


class Assays:
    """Fills in the content rows of a delivery. What the elements leave open is the rest; where they pass one, those that vary are cut to fit."""

    def __init__(self, site: Assembly, model: FeedModel) -> None:
        self.site, self.model = site, model
        self.components = site.components

    def applied(self, shares: Floats, count: int, stream: Stream) -> Floats:
        """``shares`` (component, size) of delivery number ``count`` with its own assays; ``stream`` draws those that spread."""
        components = self.components
        if not components.contents:
            return shares
        result = shares.copy()
        factors = self._spread(stream)
        for m in dict.fromkeys(m for m, _ in components.contents):
            rows = [(row, e) for row, (material, e) in enumerate(components.contents, start=components.content) if material == m and e != REST]
            rest = components.contents.index((m, REST)) + components.content
            fractions = {row: self._fraction(m, e, count) * factors.get((m, e), 1.0) for row, e in rows}
            fixed = float(sum(components.elements[m].tolist()))
            room = 1.0 - fixed
            total = sum(fractions.values()) if fractions else np.zeros(shares.shape[1])
            cut = np.minimum(1.0, room / np.maximum(total, 1e-300))
            for row, fraction in fractions.items():
                result[row] = shares[m] * fraction * cut
            result[rest] = shares[m] * np.maximum(0.0, room - total * cut)
        return result

    def _fraction(self, m: int, e: int, count: int) -> Floats:
        """Mass fraction of an element in a material by size class."""
        model, sizes = self.model, self.site.shape[1]
        material, element = self.site.scenario.materials.names[m], ELEMENTS[e]
        schedule = model.schedule
        if schedule is not None and (material, element) in schedule.assayed:
            return np.full(sizes, schedule.assays[count][schedule.assayed.index((material, element))])
        if element in model.assay.get(material, {}):
            return np.full(sizes, model.assay[material][element])
        if element in model.assay_by_size.get(material, {}):
            return np.array(model.assay_by_size[material][element])
        return np.full(sizes, self.site.scenario.materials.assay[m, e])

    def _spread(self, stream: Stream) -> dict[tuple[int, int], float]:
        """A factor of mean 1 for each share that spreads, inverted from one uniform each."""
        if not self.model.assay_spread:
            return {}
        from scipy.special import gammaincinv

        factors = {}
        for material, elements in self.model.assay_spread.items():
            m = self.site.scenario.materials.names.index(material)
            for element, deviation in elements.items():
                u = stream.uniform()
                shape = max(1.0 / (deviation * deviation), LEAST_SHAPE) if deviation > 0.0 else math.inf
                factors[m, ELEMENTS.index(element)] = float(gammaincinv(shape, u)) / shape if shape < math.inf else 1.0
        return factors
