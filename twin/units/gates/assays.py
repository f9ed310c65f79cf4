"""Assays of deliveries that are not the catalogue's: given, by size, from a schedule, or spread from one delivery to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True)
class _Varied:
    """A material whose assay varies: its content ``rows`` with their elements, its row of the ``rest``, and the ``room`` that fixed elements leave."""

    m: int
    rows: tuple[tuple[int, int], ...]
    rest: int
    room: float


class Assays:
    """Fills in the content rows of a delivery. What the elements leave open is the rest; where they pass one, those that vary are cut to fit."""

    def __init__(self, site: Assembly, model: FeedModel) -> None:
        self.site = site
        self.components = site.components
        contents, first = self.components.contents, self.components.content
        self.varied = [
            _Varied(
                m,
                tuple((row, e) for row, (material, e) in enumerate(contents, start=first) if material == m and e != REST),
                contents.index((m, REST)) + first,
                1.0 - float(sum(self.components.elements[m].tolist())),
            )
            for m in dict.fromkeys(m for m, _ in contents)
        ]
        self.set_model(model)

    def set_model(self, model: FeedModel) -> None:
        """Parameters after a timed event."""
        self.model = model
        self.given = {(one.m, e): self._fraction(one.m, e) for one in self.varied for _, e in one.rows}

    def applied(self, shares: Floats, count: int, stream: Stream) -> Floats:
        """``shares`` (component, size) of delivery number ``count`` with its own assays; ``stream`` draws those that spread."""
        components = self.components
        if not components.contents:
            return shares
        result = shares.copy()
        factors = self._spread(stream)
        for one in self.varied:
            m, room = one.m, one.room
            fractions = {row: self._of(count, m, e) * factors.get((m, e), 1.0) for row, e in one.rows}
            total = sum(fractions.values()) if fractions else np.zeros(shares.shape[1])
            cut = np.minimum(1.0, room / np.maximum(total, 1e-300))
            for row, fraction in fractions.items():
                result[row] = shares[m] * fraction * cut
            result[one.rest] = shares[m] * np.maximum(0.0, room - total * cut)
        return result

    def _of(self, count: int, m: int, e: int) -> Floats:
        """Mass fraction of an element in a material of delivery number ``count``, by size class."""
        schedule = self.model.schedule
        if schedule is not None and schedule.assayed:
            name = self.site.scenario.materials.names[m], ELEMENTS[e]
            if name in schedule.assayed:
                return np.full(self.site.shape[1], schedule.assays[count][schedule.assayed.index(name)])
        return self.given[m, e]

    def _fraction(self, m: int, e: int) -> Floats:
        """The same of any delivery, by the feed or the catalogue."""
        model, sizes = self.model, self.site.shape[1]
        material, element = self.site.scenario.materials.names[m], ELEMENTS[e]
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
