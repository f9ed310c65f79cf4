"""What shows in several signals and is one event counts once: alarms are grouped by their cause and by time.

An alarm belongs to an event of the last day that has the same cause. One that cannot tell its cause belongs to whatever event is open, since two faults on one
day are rare beside one that shows twice; and an event that could not be told takes the cause that is found for it within the day. A sensor that stands still
is an event of its own. After a day the same is told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.live.alarm import Alarm, Kind

DAY = 86400.0
UNTOLD = "cannot tell"


@dataclass
class Event:
    """``number`` from 1; ``begin`` s; ``subject``: what is named as the cause, "" where it cannot be told; ``signals`` that have shown it; ``own``: it takes
    no other alarm.
    """

    number: int
    begin: float
    kind: Kind
    subject: str
    signals: tuple[str, ...]
    own: bool = False

    def takes(self, kind: str, subject: str, own: bool) -> bool:
        """Whether an alarm of this cause is of it."""
        if (kind, subject) == (self.kind, self.subject):
            return True
        return not own and not self.own and UNTOLD in (kind, self.kind)


class Events:
    """Those of the last day."""

    def __init__(self) -> None:
        self._open: list[Event] = []
        self._count = 0

    def after(self, number: int) -> None:
        """Number what comes after ``number``: alarms of it are known from before."""
        self._count = max(self._count, number)

    def told(self, alarm: Alarm, subject: str, *, own: bool = False) -> Alarm | None:
        """Return an alarm with the number of its event and all signals that have shown it; None where it says nothing that was not told.

        >>> events = Events()
        >>> events.told(Alarm(0.0, "YARD", "cannot tell", ""), "").signals
        ('YARD',)
        >>> events.told(Alarm(900.0, "POWER", "cannot tell", ""), "")[-2:]
        (1, ('YARD', 'POWER'))
        """
        self._open = [event for event in self._open if alarm.time - event.begin < DAY]
        event = next((event for event in reversed(self._open) if event.takes(alarm.kind, subject, own)), None)
        if event is None:
            self._count += 1
            self._open.append(Event(self._count, alarm.time, alarm.kind, subject, (alarm.signal,), own))
            return alarm._replace(event=self._count, signals=(alarm.signal,))
        found_out = event.kind == UNTOLD != alarm.kind
        if alarm.signal in event.signals and not found_out:
            return None
        event.signals = tuple(dict.fromkeys((*event.signals, alarm.signal)))
        if found_out:
            event.kind, event.subject = alarm.kind, subject
        return alarm._replace(kind=event.kind, event=event.number, signals=event.signals)

    def save(self) -> dict[str, Any]:
        """As plain data."""
        rows = [[event.number, event.begin, event.kind, event.subject, list(event.signals), event.own] for event in self._open]
        return {"count": self._count, "open": rows}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        self._count = int(state["count"])
        self._open = [
            Event(int(number), float(begin), kind, subject, tuple(signals), bool(own)) for number, begin, kind, subject, signals, own in state["open"]
        ]
