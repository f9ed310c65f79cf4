"""Oxygen that burning takes, and how much of a blast of enriched air is bought."""

from __future__ import annotations

from twin.kernels.physical_constants import AIR_OXYGEN
from twin.materials.elements import ELEMENTS

MOLAR_VOLUME = 0.022414
"""Nm3/mol."""


def bought_share(oxygen: float) -> float:
    """Bought oxygen in a Nm3 of air enriched to the volume fraction ``oxygen``: 0.24 at 40 %.

    >>> round(bought_share(0.4), 6)
    0.240506
    """
    return (oxygen - AIR_OXYGEN) / (1.0 - AIR_OXYGEN)


def oxygen_need(composition: tuple[float, ...]) -> float:
    """Oxygen that burns a kg of fuel, Nm3: 2.79 for methane (C 0.749, H 0.251).

    >>> shares = dict(C=0.7487, H=0.2513)
    >>> round(oxygen_need(tuple(shares.get(element, 0.0) for element in ELEMENTS)), 2)
    2.79
    """
    share = dict(zip(ELEMENTS, composition, strict=True))
    moles = share["C"] / 0.012011 + share["H"] / 0.004032 + share["S"] / 0.03206 - share["O"] / 0.031998
    return MOLAR_VOLUME * moles
