"""A hidden plant that tells its follower what its instruments show, window by window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.live.ensemble.evidence import Evidence
from twin.live.ensemble.fault_free import HiddenPlant
from twin.live.ensemble.signatures import Prepared, Signature
from twin.live.ensemble.suspects import suspects
from twin.live.ensemble.watch import Limit
from twin.live.follower import Follower
from twin.live.readings import Reading
from twin.live.tags.inputs import reading_of

Change = Callable[[int, list[Reading]], list[Reading]]


class Partner:
    """Tells what a hidden plant shows, as readings of its tags."""

    def __init__(self, follower: Follower, seed: int) -> None:
        self.tags, self.sequence = follower.tags, 0
        self.hidden = HiddenPlant(follower.tags.scenario, follower.following, seed)
        self.inputs = {tag.input: tag for tag in self.tags.inputs}

    def readings(self, until: float) -> list[Reading]:
        self.hidden.plant.run(until)
        rows = [reading_of(self.inputs[row.unit], row, self.tags.start, self._next()) for row in self.hidden.plant.happened()]
        for signal, value in self.hidden.read().items():
            rows.append(Reading(signal, self.tags.start + until, self.tags[signal].written(value), True, self._next()))
        return rows

    def _next(self) -> int:
        self.sequence += 1
        return self.sequence


def follow(follower: Follower, partner: Partner, begin: float, end: float, change: Change = lambda window, rows: rows) -> None:
    """Follow a plant from ``begin`` to ``end`` s; ``change`` is what becomes of the readings of a window on their way."""
    window = follower.following.window
    for number in range(round(begin / window) + 1, round(end / window) + 1):
        follower.take(change(number, partner.readings(number * window)), follower.tags.start + number * window)


def unblaming(follower: Follower, limit: float) -> Prepared:
    """Limits chosen by hand, and suspects that look like nothing: alarms of which nobody can tell what they are of."""
    known = suspects(follower.ensemble)
    count = len(Evidence(follower.ensemble).names)
    nothing = tuple(Signature(suspect, np.zeros((4, count))) for suspect in known)
    return Prepared(Limit(limit, 1.0, 2880), 1e9, np.zeros(count), np.ones(count), nothing)
