"""From composition and size distribution to the matrix of a lot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.scenario.sizes import SizeClasses, SizeDistribution
from twin.units.ground.assembly import Assembly

Floats = NDArray[np.float64]


def spread(shares: Mapping[str, float], law: SizeDistribution | None, names: Sequence[str], groups: Mapping[str, Sequence[str]], sizes: SizeClasses) -> Floats:
    """The share of each (material, size) of a composition, shape ``(material, size)``; it sums to 1.

    Without a size distribution all lies in the largest class (the only one, in a scenario without size bounds).
    """
    result = np.zeros((len(names), len(sizes)))
    total = math.fsum(shares.values())
    for row, name in enumerate(names):
        share = shares.get(name, 0.0) / total
        if share > 0.0:
            member_of = [group for group, members in groups.items() if name in members]
            fractions = law.fractions(name, member_of, sizes) if law is not None else (0.0,) * (len(sizes) - 1) + (1.0,)
            result[row] = [share * fraction for fraction in fractions]
    return result


def lot_shares(site: Assembly, composition: Mapping[str, float], law: SizeDistribution | None) -> Floats:
    """The share of each (component, size) in a lot of catalogue materials: those of :func:`spread`, with the contents that the catalogue gives."""
    scenario, components = site.scenario, site.components
    result = np.zeros(site.shape)
    result[: components.solid] = spread(composition, law, scenario.materials.names, scenario.materials.groups, scenario.sizes)
    for row, (material, element) in enumerate(components.contents, start=components.content):
        result[row] = result[material] * scenario.materials.assay[material, element]
    return result
