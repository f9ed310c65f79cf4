"""Power that several plants share: what a unit of one plant does with it, whoever grants it."""

from __future__ import annotations

from abc import abstractmethod

from twin.engine.resource import Resource
from twin.engine.unit import Unit


class PowerShare(Resource):
    """Power that is granted, with all else that a unit needs, and given back; how much each asks for is known to who grants it."""

    @abstractmethod
    def covers(self, unit: Unit) -> bool:
        """Whether there is enough for ``unit`` now, whoever stands before it."""

    @abstractmethod
    def release(self, unit: Unit, now: int) -> None:
        """``unit`` is done, if it held any."""

    @abstractmethod
    def keeps(self, unit: Unit, power: float, now: int) -> None:
        """Of what ``unit`` asked for it draws ``power`` W; others may have the rest."""
