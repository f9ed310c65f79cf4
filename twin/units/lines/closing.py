"""What a line does with its lot when a shift ends, a break begins or planned maintenance is due."""

from __future__ import annotations

from dataclasses import dataclass

from twin.engine.calendars import FAR, Windows
from twin.engine.clock import nanoseconds
from twin.engine.states import MAINTENANCE, OFF_SHIFT
from twin.scenario.line_rules import FINISH, LONGEST_BREAK, SUSPEND, AtEnd, LineRules


@dataclass(frozen=True)
class Closing:
    """The rules of one line; times in ns. ``overtime_max``: how long after a closing a lot may be finished; ``run_out``: how long machines need to empty."""

    at_shift_end: AtEnd
    at_break: AtEnd
    at_maintenance: AtEnd
    overtime_max: int
    run_out: int

    @classmethod
    def of(cls, model: LineRules) -> Closing | None:
        """The rules that a scenario gives a line; None where every lot is suspended, which needs no rule."""
        if model.ends == (SUSPEND, SUSPEND, SUSPEND):
            return None
        longest = nanoseconds(model.overtime.max) if model.overtime.max is not None else FAR
        return cls(*model.ends, longest, nanoseconds(model.run_out or 0.0))

    def rule_at(self, windows: Windows, closes: int) -> AtEnd:
        """What happens at ``closes``, when the windows close."""
        if closes >= FAR:
            return SUSPEND
        imposed, until = windows.status(closes)
        if imposed == MAINTENANCE:
            return self.at_maintenance
        if imposed == OFF_SHIFT:
            return self.at_break if until - closes <= nanoseconds(LONGEST_BREAK) else self.at_shift_end
        return SUSPEND

    def overtime_until(self, rule: str, closed: int, opens: int) -> int:
        """Until when a lot may be finished that was on the line at ``closed``, at the latest until the windows open again; ``closed`` if not at all."""
        return min(opens, closed + self.overtime_max) if rule == FINISH else closed
