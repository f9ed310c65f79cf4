"""What X-rays see of a material: its effective atomic number, out of its assay."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.materials.elements import ELEMENTS, REST
from twin.materials.thermochemistry import thermochemistry

ATOMIC_NUMBERS: dict[str, int] = dict(
    zip(
        ELEMENTS[:-1],
        (1, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 20, 24, 25, 26, 27, 28, 29, 30, 32, 33, 34, 35, 46, 47, 49, 50, 51, 52, 78, 79, 82, 83),
        strict=True,
    )
)
REST_NUMBER, REST_ELECTRONS = 10, 500.0
"""Atomic number that an assay's remainder is counted with, between organics (6) and silicates (12), and its mol of electrons in a kg: assumed."""
EXPONENT = 2.94
"""Exponent of the atomic number in the attenuation by an electron: the usual power law of the photoelectric effect (Mayneord)."""


def effective_atomic_number(assay: Sequence[float]) -> float:
    """Return Z_eff = (sum f Z^2.94)^(1/2.94), f the share of an element in the electrons of the material.

    ``assay`` gives mass fractions in the order of ``ELEMENTS``. Water has 7.42:

    >>> round(effective_atomic_number([{"H": 0.111907, "O": 0.888093}.get(element, 0.0) for element in ELEMENTS]), 2)
    7.42
    """
    data = thermochemistry().elements
    electrons, power = [], []
    for element, share in zip(ELEMENTS, assay, strict=True):
        number = REST_NUMBER if element == REST else ATOMIC_NUMBERS[element]
        count = share * (REST_ELECTRONS if element == REST else number / data[element].molar_mass.value)
        electrons.append(count)
        power.append(count * math.pow(number, EXPONENT))
    total = math.fsum(electrons)
    return math.pow(math.fsum(power) / total, 1.0 / EXPONENT) if total > 0.0 else 0.0
