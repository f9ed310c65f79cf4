"""Queues that grow as long as a run lasts: its mean wait says nothing, since it would be longer in a longer run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.quantities import format_quantity

FEWEST_STEPS = 9
"""Record steps below which nothing is said."""
FEWEST_WAITING = 5.0
ABOVE_CHANCE = 2.0
"""A queue of a gate that just keeps up wanders by about the root of the number of trucks; one that is so many times longer does not keep up."""
STEADINESS = 0.5
"""From the second to the third part it grows at least by this share of what it grew from the first to the second; a queue that levels off does not."""


@dataclass(frozen=True)
class Growth:
    """A queue by its mean in the first, second and third part of the window, and at its end."""

    gate: str
    means: tuple[float, float, float]
    last: float
    wait: float

    @property
    def text(self) -> str:
        """What is said of it."""
        means = ", ".join(f"{mean:.3g}" for mean in self.means)
        return (
            f"{self.gate}: the queue grows without bound: {means} trucks wait in the three parts of the window, {self.last:.3g} at its end; the mean wait of "
            f"{format_quantity(self.wait, 's')} would be longer in a longer run. More comes than what is behind it takes"
        )


def growing(result: Any) -> list[Growth]:
    """Return the queues of trucks that grow all through the window of a run."""
    bounds, warmup = result.array("time_bounds"), float(result.attrs["warmup"])
    inside = bounds[:, 0] >= warmup - 1e-9
    found = []
    for k, gate in enumerate(result.array("gate")):
        queue = result.array("gates/queue")[inside, k]
        if len(queue) < FEWEST_STEPS or not queue.any():
            continue
        first, second, third = (float(part.mean()) for part in np.array_split(queue, 3))
        let_in = float((result.array("gates/arrivals") - result.array("gates/turned_away"))[inside, k].sum())
        steady = first < second < third and third - second >= STEADINESS * (second - first)
        if steady and third >= max(FEWEST_WAITING, ABOVE_CHANCE * let_in**0.5):
            wait = float(result.array("gates/wait")[inside, k].sum()) / max(1.0, let_in)
            found.append(Growth(str(gate), (first, second, third), float(queue[-1]), wait))
    return found
