"""Why machines stopped over a window: a Pareto table of reasons, from what stands under ``/stops`` of a results file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.results.tally import Totals


class StopReason(NamedTuple):
    """A reason why a machine stopped: how many stops of it began, for how long (s, summed over copies) it was down, its share of all time down, and the share
    of it and of those before it together."""

    reason: str
    machine: str
    number: int
    seconds: float
    share: float
    cumulative: float


def pareto(totals: Totals) -> list[StopReason]:
    """Return the reasons that occurred, the longest first; empty where nothing stopped, or the file was written before there were reasons."""
    if "stops/down" not in totals.sums or "stops/number" not in totals.sums:
        return []
    numbers, seconds = (np.nan_to_num(totals.sums[f"stops/{name}"], posinf=0.0).tolist() for name in ("number", "down"))
    found = [
        (down, round(number), *label.partition(": ")[::2])
        for label, number, down in zip(totals.names["stop"], numbers, seconds, strict=True)
        if number > 0.0 or down > 0.0
    ]
    found.sort(key=lambda row: (-row[0], -row[1], row[2], row[3]))
    whole = sum(down for down, *_ in found)
    rows, before = [], 0.0
    for down, number, machine, reason in found:
        before += down
        rows.append(StopReason(reason, machine, number, down, down / whole if whole else 0.0, before / whole if whole else 0.0))
    return rows
