"""What a line does by rule: when it waits, and for what; when it may not start; what it keeps and what it lets go."""

from __future__ import annotations

from collections.abc import Sequence

from twin.engine.clock import Clock
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import Needs, release
from twin.engine.states import CLOSING, DOWN, MAINTENANCE, OFF_SHIFT, RUNNING, STARVED
from twin.engine.waiting import WaitingList, lacking
from twin.scenario.line_rules import DO_NOT_START, FINISH, RUN_EMPTY
from twin.units.ground.decider import Decider
from twin.units.lines.changeover import ChangeoverRule
from twin.units.lines.level_switch import LevelSwitch
from twin.units.lines.line_stops import StoppableLine
from twin.units.lines.line_times import DELIVER, RUN_OUT, START, Equipment
from twin.units.lines.source_settings import BySource


class RuledLine(StoppableLine):
    """What of a line follows rules: of levels, sources, ends of shifts and the people it ``needs``."""

    def __init__(self, name: str, index: int, clock: Clock, equipment: Equipment, needs: Needs) -> None:
        super().__init__(name, index, clock, equipment)
        self.needs, self._needs_some = needs, bool(needs)
        self.switch: LevelSwitch | None = None
        self.settings: BySource | None = None
        self.deciders: list[Decider] = []

    def need(self, needs: Needs) -> None:
        """Take ``needs`` for each lot instead of those so far; before the first event."""
        self.needs, self._needs_some = needs, bool(needs)

    def _hindered(self, now: int) -> bool:
        """Off-shift, in maintenance or down: give up waiting for material or room, and wait for that to end."""
        record = self.record
        if now >= self._open_until:
            imposed, until = self._look_at_windows(now)
            if imposed != RUNNING:
                self.abandon_lists(now)
                self._let_go(now)
                record.state, record.until = OFF_SHIFT if imposed == OFF_SHIFT else MAINTENANCE, until
                return True
        if record.down or record.serviced or record.pauses:
            self.abandon_lists(now)
            self._let_go(now)  # the repair may need the same people
            self._wait(MAINTENANCE if record.serviced else DOWN if record.down else record.paused, [self.repaired], now)
            return True
        return False

    @property
    def leaves_each(self) -> bool:
        return self.record.phase == DELIVER  # each outlet takes its part on its own

    def _wait(self, state: int, lists: Sequence[WaitingList], now: int, wishes: Sequence[float] = (), takes_any: bool = True) -> None:
        self.record.state = state
        self.takes_any = takes_any
        for k, waiting_list in enumerate(lists):
            waiting_list.join(self, wishes[k] if wishes else 0.0)
        self.record.cause = lacking(self)
        check_deadlock(self, now)

    def _consult(self, now: int) -> bool:
        """Policies are asked before the next lot is looked for: their events come first at this instant, then the line goes on."""
        self.record.consulted = self.record.until = now
        for decider in self.deciders:
            decider.ask(now)
        return True

    def _changes_over(self, rule: ChangeoverRule, amount: float, now: int) -> bool:
        """Whether what would be drawn is another source or material than before, and a changeover begins."""
        record, intake = self.record, self.intake
        if rule.by_material:
            intake.peek(self.network.lot, amount)
            key = rule.main_material(self.network.x)
        else:
            key = intake.bunkers[intake.chosen].name
        before, record.set_for = record.set_for, key
        if not before or before == key:
            return False
        record.flush = rule.flush > 0.0
        rule.begin(before, key, now)
        return True

    def _too_late(self, duration: int, now: int) -> bool:
        """Whether work of so long (ns) that must be done before the line closes would not be, what a start takes included."""
        record = self.record
        if record.rule != DO_NOT_START:
            return False
        delay = self.rest.start_delay(self.windows, now) if self.rest is not None else 0
        return now + delay + duration > record.closes

    def _stand_until_level(self, now: int) -> bool:
        """Nothing is drawn until the bunker holds as much as the line starts at."""
        assert self.switch is not None
        self._wait(STARVED, self.intake.lists, now, [self.switch.wish(self.intake.lot)])
        return False

    def _stopped(self, now: int) -> bool:
        """The lot is not done: it waits to be worked on, or the machines run empty before the line closes."""
        record = self.record
        record.phase = START
        if record.rule != RUN_EMPTY or not self._feed_stops <= now <= record.closes:
            return True
        record.phase = RUN_OUT
        return self._stand_until_closing(now)

    def _stand_until_closing(self, now: int) -> bool:
        """Nothing is fed any more until the line closes."""
        self.abandon_lists(now)
        self.record.state, self.record.until = CLOSING, max(now, self.record.closes)
        return True

    def _let_go(self, now: int) -> None:
        """Crew and tools that stayed are free."""
        if self.record.kept:
            self.record.kept = False
            release(self, self.needs, now)

    def _dismiss(self, now: int) -> None:
        """The work is done or interrupted: crew and tools are free, unless they stay in overtime."""
        record = self.record
        record.kept = record.rule == FINISH and record.left > 0 and now >= record.closes and record.asked < 0
        if not record.kept:
            release(self, self.needs, now)
