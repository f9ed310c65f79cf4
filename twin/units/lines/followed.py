"""A rate that follows a level: of a bunker before or behind, or of what lies on a belt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from twin.engine.clock import nanoseconds
from twin.scenario.following import Following
from twin.units.ground.outlet import Receiver


class Holding(Protocol):
    """What holds a mass."""

    level: float


@dataclass(slots=True)
class FollowedRate:
    """``rate_now`` kg/s held at ``since`` ns, below 0 before the first lot. ``place``: whose ``level`` (kg) is followed; set when all units are there."""

    model: Following
    place: Receiver | None = None
    level: float = 0.0
    rate_now: float = -1.0
    since: int = 0

    def wanted(self, level: float, full: float) -> float:
        """The rate (kg/s) for a ``level`` (kg), where ``full`` is the largest.

        >>> follows = FollowedRate(Following.model_validate({"of": "bin", "lowest_at": "10 t", "full_at": "50 t", "lowest": "5 t/h"}))
        >>> [round(3.6 * follows.wanted(1e3 * level, 20 / 3.6), 9) for level in (0, 10, 30, 50, 80)]
        [5.0, 5.0, 12.5, 20.0, 20.0]
        """
        model = self.model
        share = (level - model.lowest_at) / (model.full_at - model.lowest_at)
        lowest = min(model.lowest, full)
        return lowest + (full - lowest) * min(1.0, max(0.0, share))

    def look(self) -> None:
        """Look at the level, before the next lot is drawn."""
        holding: Holding = getattr(self.place, "content")  # noqa: B009 - bunkers and conveyors have one, products, which no rate follows, do not
        self.level = holding.level

    def at(self, full: float, now: int) -> float:
        """The rate (kg/s) of the lot that begins at ``now`` ns, as near to the wanted one as the ramp lets it come."""
        wanted = self.wanted(self.level, full)
        if self.rate_now >= 0.0 and self.model.ramp:
            step = (full - min(self.model.lowest, full)) * (now - self.since) / nanoseconds(self.model.ramp)
            wanted = min(full, self.rate_now + step, max(self.rate_now - step, wanted))
        self.rate_now, self.since = wanted, now
        return wanted
