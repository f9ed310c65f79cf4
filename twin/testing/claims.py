"""What the author of a model says of it, to be held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import MachineKernel, Properties, Sizes
from twin.testing.bare import Bare
from twin.testing.trials import Trial

Floats = NDArray[np.float64]
STEPS = 9
ROUNDING = 1e-12


@dataclass(frozen=True)
class Monotone:
    """The share of a mixture that leaves by ``port`` only rises, or only falls, from ``low`` to ``high`` of ``over``, and differs at the ends.

    ``over``: ``"throughput"``, kg/s at the same composition, with the load from 0 to 1; or a name among the values. ``materials``: of these alone, by
    their places; all where none is named.
    """

    port: str
    goes: Literal["up", "down"]
    over: str = "throughput"
    low: float = 0.01
    high: float = 10.0
    materials: tuple[int, ...] = ()


def unkept(claim: Monotone, kernel: MachineKernel, values: Mapping[str, Any], properties: Properties, sizes: Sizes, names: Sequence[str], lot: Floats) -> str:
    """Return in which way a claim is not kept, for a kernel that breaks no other rule; "" where it is."""
    shares, places = [], list(claim.materials) or list(range(lot.shape[0]))
    points = np.linspace(claim.low, claim.high, STEPS).tolist()
    for point in points:
        by_rate = claim.over == "throughput"
        changed = values if by_rate else {**values, claim.over: point}
        coefficients = np.ascontiguousarray(kernel.prepare(changed, properties, sizes), dtype=np.float64).ravel()
        parameters = np.array([float(changed[name]) for name in kernel.parameters])
        rate, load = (point, point / claim.high) if by_rate else (1.0, 0.5)
        outcome = Bare(kernel, coefficients, parameters, len(names), compiled=True).run(Trial("a claim", lot, lot * (rate / lot.sum()), load), 0.0)
        shares.append(float(outcome.out[list(names).index(claim.port), places].sum() / lot[places].sum()))
    sign = 1.0 if claim.goes == "up" else -1.0
    words = f"the share at port {claim.port!r} is said to go {claim.goes} with {claim.over}"
    for k in range(STEPS - 1):
        if sign * (shares[k + 1] - shares[k]) < -ROUNDING:
            return f"{words}, and is {shares[k]:.6g} at {points[k]:g} and {shares[k + 1]:.6g} at {points[k + 1]:g}"
    if sign * (shares[-1] - shares[0]) <= ROUNDING:
        return f"{words}, and stays at {shares[0]:.6g} from {points[0]:g} to {points[-1]:g}"
    return ""
