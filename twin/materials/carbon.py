"""Where the carbon of materials comes from: fossil, biogenic, or on minerals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from twin.materials.number import Number, Reading
from twin.materials.properties import OF_CARBON

CO2 = 44.009 / 12.011
"""kg of CO2 from a kg of carbon."""


def mean_by_carbon(parts: Iterable[tuple[float, float]]) -> float:
    """Mean of shares of carbon: ``parts`` are kg of carbon and the share. 0 where there is no carbon.

    >>> mean_by_carbon([(3.0, 0.0), (1.0, 0.8)])
    0.2
    """
    known = list(parts)
    whole = math.fsum(carbon for carbon, _ in known)
    return math.fsum(carbon * share for carbon, share in known) / whole if whole > 0.0 else 0.0


def check_shares(properties: Mapping[str, Number | None], path: str, reading: Reading) -> None:
    """Note as wrong shares that are more than all the carbon."""
    total = math.fsum(number.value for key in OF_CARBON if (number := properties.get(key)) is not None)
    if total > 1.0 + 1e-9:
        reading.wrong(f"{path}.{OF_CARBON[0]}", f"{' and '.join(OF_CARBON)} must not add up to more than 100 % of the carbon (got {100 * total:.6g} %)")
