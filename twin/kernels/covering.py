"""What lies on top where pieces lie on each other."""

from __future__ import annotations

import math

from twin.kernels.compile import kernel


@kernel()
def uncovered_share(layers: float) -> float:
    """Share of pieces that no other covers where pieces lie at random in ``layers`` o >= 0 (area of all over that of the belt): (1 - e^-o)/o.

    A piece with the share u of the others above it is uncovered with the probability e^(-o u); this is the mean over u from 0 to 1.

    >>> uncovered_share(0.0), round(uncovered_share(1.0), 4), round(uncovered_share(3.0), 4)
    (1.0, 0.6321, 0.3167)
    """
    if layers < 1e-9:
        return 1.0 - 0.5 * layers
    return -math.expm1(-layers) / layers
