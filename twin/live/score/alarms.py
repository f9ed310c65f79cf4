"""Alarms against faults, one an event: how many came without one, and how long after each fault its own came."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from twin.live.score.figure import ABSENT, Figure
from twin.live.score.said import Said, Truth

MONTH = 30 * 86400.0
AFTER = 86400.0
"""An alarm up to so long after a fault's end may still be of it, s."""


def alarm_figures(said: Said, truth: Truth | None, begin: float) -> Iterator[Figure]:
    """Yield alarms a month, those of no fault, and of each fault the delay of the first alarm after it, by whatever name, and whether the cause is right."""
    months = (said.times[-1] - begin) / MONTH
    alarms = [alarm for alarm in said.alarms if alarm["time"] > begin and not alarm["joins"]]
    yield Figure("alarms a month", len(alarms) / months, "", len(alarms))
    if truth is None:
        yield Figure("false alarms a month", math.nan, "", 0, ABSENT)
        return
    faults = [_Fault(row, truth.start) for row in (*truth.faults, *truth.later)]
    false = [alarm for alarm in alarms if not any(fault.on(alarm["time"]) for fault in faults)]
    free = sum(1 for time in said.times if time > begin and not any(fault.on(time) for fault in faults)) * said.window / MONTH
    yield Figure("false alarms a month", len(false) / free if free > 0.0 else math.nan, "", len(false), "" if free > 0.0 else ABSENT)
    for fault in faults:
        if fault.begin >= said.times[-1]:
            continue
        found = [alarm for alarm in said.alarms if fault.on(alarm["time"]) and fault.is_its(alarm)]
        yield Figure(f"delay of {fault.name}", found[0]["time"] - fault.begin if found else math.nan, "s", len(found), "" if found else "not found")
        named = [alarm for alarm in found if alarm["kind"] == fault.cause]
        yield Figure(f"cause named right, {fault.name}", len(named) / len(found) if found else math.nan, "", len(found), "" if found else "not found")


class _Fault:
    """A fault of a signal, or a change of the plant, as the truth tells of it."""

    def __init__(self, row: Mapping[str, Any], start: float) -> None:
        self.signal = str(row.get("signal", ""))
        self.begin = start + float(row["from"])
        self.end = math.inf if row.get("to") is None else start + float(row["to"])
        self.cause = "sensor" if self.signal else str(row["cause"])
        what = f"{row['kind']} of {self.signal}" if self.signal else f"change of {', '.join(row['change'])}"
        self.name = f"{what} from {float(row['from']) / 3600.0:g} h"

    def on(self, time: float) -> bool:
        """Whether an alarm at ``time`` may be of it."""
        return self.begin < time <= self.end + AFTER

    def is_its(self, alarm: Mapping[str, Any]) -> bool:
        """Whether an alarm is of it: of its signal, or that of a plant of any signal."""
        return not self.signal or self.signal in alarm["signals"]
