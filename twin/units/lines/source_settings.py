"""Sets a line and its belts for the bunker that it works on."""

from __future__ import annotations

from typing import Protocol

from twin.scenario.set_points import SetPoint
from twin.scenario.source_settings import SourceSettings


class Sets(Protocol):
    """What changes parameters of units: the timetable."""

    def set_point(self, point: SetPoint, value: float, now: int | None) -> None:
        """Set one of them; ``now`` is None while a saved state is restored."""


class BySource:
    """The settings of one line. ``source``: the bunker that it is set for, empty before the first lot."""

    def __init__(self, settings: SourceSettings, timetable: Sets) -> None:
        self._settings, self._timetable = settings, timetable
        self.source = ""

    def follow(self, source: str, now: int) -> None:
        """The next lot comes from ``source``; one without settings leaves all as it is."""
        if source != self.source and source in self._settings:
            self.source = source
            self._apply(now)

    def restore(self, source: str) -> None:
        """Take over what a saved line was set for, before its machines are prepared."""
        self.source = source
        if source:
            self._apply(None)

    def _apply(self, now: int | None) -> None:
        for setting in self._settings[self.source]:
            self._timetable.set_point(setting.point, setting.value, now)
