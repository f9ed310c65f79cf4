"""What a tank of a site holds: what a unit of the plant does with it, whoever fills it."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from twin.engine.resource import Resource
from twin.engine.unit import Unit


class Supply(NamedTuple):
    """What a tank holds: a carrier, or the oxygen of a plant of this ``name``; a plant may be called as a carrier is."""

    name: str
    oxygen: bool


class SupplyShare(Resource):
    """Fuel or oxygen of which a unit asks for what its work may use at most, with all else that it needs; how much that is is known to who grants it."""

    @abstractmethod
    def covers(self, unit: Unit) -> bool:
        """Whether there is enough for ``unit`` now, whoever stands before it."""

    @abstractmethod
    def keeps(self, unit: Unit, amount: float, now: int, until: int) -> None:
        """Of what ``unit`` asked for it uses ``amount``, evenly from ``now`` to ``until`` (ns); others may have the rest."""

    @abstractmethod
    def take(self, amount: float, now: int) -> None:
        """``amount`` is used that nobody asked for: what a burner took while its furnace waited, told only ``now``."""
