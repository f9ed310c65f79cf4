"""What a twin says that something does not fit: an alarm, and how alarms of one event become one."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["drift", "sensor", "machine", "feed", "cannot tell"]


class Alarm(NamedTuple):
    """At ``time`` s something of ``signal`` does not fit; ``kind`` is the likely cause ("drift": not asked for yet), ``text`` says what speaks for it.

    ``event``: the number of what happened, which several ``signals`` may show.
    """

    time: float
    signal: str
    kind: Kind
    text: str
    event: int = 0
    signals: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The text, and the other signals that show it."""
        others = [signal for signal in self.signals if signal != self.signal]
        return f"{self.text}. Shown by {', '.join(others)} too" if others else self.text

    def joined(self, later: Alarm) -> Alarm:
        """The alarm of the event after a ``later`` one of it: as it was raised, with all signals that show it, and its cause where that was open.

        >>> first = Alarm(900.0, "YARD", "cannot tell", "high", 1, ("YARD",))
        >>> first.joined(Alarm(1800.0, "POWER", "machine", "worn", 1, ("YARD", "POWER")))[:4]
        (900.0, 'POWER', 'machine', 'worn')
        """
        best = self if self.kind == later.kind else later
        return best._replace(time=self.time, signals=later.signals)
