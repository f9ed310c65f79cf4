"""Steam of boilers, rows of the KPI table."""

from __future__ import annotations

import math
from collections.abc import Callable

from twin.results.ratios import Values
from twin.results.tally import Totals


def _steam(*columns: str) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        if totals.names["steam"]:
            yield "", math.fsum(totals.at("units/boiler_steam", process, column) for process in totals.names["process"] for column in columns)

    return values


ROWS = (
    ("steam_made", "J", "heat of the steam that boilers made, in a plant with one", _steam("made")),
    ("steam_used", "J", "heat of that steam that units drew; energy of its carrier is what they drew besides", _steam("used")),
    ("steam_exported", "J", "heat of that steam that left the plant", _steam("exported")),
    ("steam_blown_off", "J", "heat of that steam that nobody drew and nothing held", _steam("blown off")),
)
