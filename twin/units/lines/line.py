"""A line: machines coupled without a bunker between them; they run, wait and stop as one.

The line draws a lot, computes its outlets and its duration, works on it, and delivers port by port. It knows when it will be stopped next and waits
once, for the earliest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twin.engine.clock import Clock, nanoseconds
from twin.engine.genealogy import Genealogy
from twin.engine.needs import Needs, seize
from twin.engine.states import BLOCKED, RUNNING, STARVED, WAITING, WARM_UP
from twin.engine.unit import State
from twin.scenario.line_rules import DO_NOT_START, RUN_EMPTY
from twin.units.ground.outlet import Receiver
from twin.units.lines.breakdown import WORKING, next_failure
from twin.units.lines.delivery import Delivery
from twin.units.lines.liberation import Liberated
from twin.units.lines.limits import Limits
from twin.units.lines.line_times import DELIVER, READY, RUN_OUT, START, WARMING, WORK, Equipment
from twin.units.lines.ruled_line import RuledLine
from twin.units.lines.steering import Steering


class Line(RuledLine):
    """``lot`` kg is drawn at once, or as many batches of it as copies of a machine with a cycle time work.

    ``partial`` takes less where the bunkers hold less. ``before``: start only when every outlet has room.
    """

    def __init__(
        self,
        name: str,
        index: int,
        clock: Clock,
        equipment: Equipment,
        *,
        needs: Needs,
        before: bool = False,
        genealogy: Genealogy | None = None,
    ) -> None:
        super().__init__(name, index, clock, equipment, needs)
        self.delivery = Delivery(self.network, before)
        self.liberated = Liberated(self.network.lot.shape[0])
        self.before, self.genealogy = before, genealogy
        self.limits = Limits(self.network, self.intake)
        self._rostered = [machine for machine in self.machines if machine.roster is not None]
        self._wearing = [(i, machine) for i, machine in enumerate(self.machines) if machine.wear is not None]
        self._wrapped = [machine for machine in self.machines if len(machine.wrapping)]
        self._steering: list[Steering] = []
        self._following = [machine.follows for machine in self.machines if machine.follows is not None]

    def connect(self, outlets: Sequence[Receiver]) -> None:
        """Where its outlets lead to, in declared order; lets the deadlock report know who fills and empties what."""
        self.delivery.connect(outlets)
        for bunker in self.intake.bunkers:
            bunker.takers.append(self)
        self._steering = [Steering(self, i, machine) for i, machine in enumerate(self.machines) if machine.steers]
        for receiver in dict.fromkeys(outlets):
            receiver.fillers.append(self)

    # -- the step function ---------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == WORK:
            self._progress(now)
            if self._needs_some:
                self._dismiss(now)
            if record.operated >= self._next_failure:
                self._fail_due(now)
            if record.left > 0:
                return self._stopped(now)
            if record.gone:
                return self._hand_over(now)
            record.phase = DELIVER
            if not self.delivery.hand_over(self, now):
                self.liberated.count(self.network, 1.0, record.lot, now, self.genealogy)
                self.delivery.begin(self)
            return self._deliver(now)
        if record.since < now:
            self._close(now)
        if record.phase == READY:
            return self._take(now)
        if record.phase == START:
            return self._start(now)
        if record.phase == WARMING:
            record.phase = START
            if record.asked >= 0:  # who warmed it up is wanted elsewhere: it must warm up again
                self._let_go(now)
            else:
                self.rest.awake = now  # type: ignore[union-attr]  # only a line with energy states warms up
            return self._start(now)
        if record.phase == RUN_OUT:
            return self._hand_over(now)
        return self._deliver(now)  # a lot that is done moves as soon as there is room, also at night and during a repair

    def _take(self, now: int) -> bool:
        """Draw a lot if line, material and (where asked) room allow it."""
        record, intake, network = self.record, self.intake, self.network
        if self._hindered(now):
            return record.until >= 0
        ruled = self._ruled if self._ruled is not None else self._find_rules()
        if ruled and self.deciders and record.consulted < now:
            return self._consult(now)
        if self.limits.batching:
            intake.batches = max(1, *(machine.batching for machine in self.limits.batching))
        amount = intake.find(self)
        if ruled and self.switch is not None and not self.switch.lets(amount, intake.bunkers[0], self.rest is not None and self.rest.must_run(now)):
            return self._stand_until_level(now)
        if amount <= 0.0:
            if record.state == BLOCKED and self.waiting:  # it waited for room (blocking: before) and what it would have taken is gone
                self.abandon_lists(now)
            self._wait(STARVED, intake.lists, now, intake.wishes, takes_any=intake.takes_any)
            return False
        if ruled and (instead := self._by_rule(amount, now)) is not None:
            return instead
        if ahead := self.before or (ruled and record.rule == DO_NOT_START):
            intake.peek(network.lot, amount)
            counted = network.warned.copy()
            self._evaluate(amount, now)
            late = self._too_late(nanoseconds(network.duration), now)
            if late or (self.before and not self._room_before(now)):
                network.warned[:] = counted  # the lot is evaluated, and its warnings counted, again when it starts
                return late and self._stand_until_closing(now)
        if self.waiting:
            self.leave_lists()
        if self.genealogy is not None:
            record.lot = self.genealogy.new(self.name, now)
        if ahead:
            intake.draw(self, network.lot, amount, record.lot, now)
        else:
            self.limits.set_for(amount, now, record.rated)
            intake.draw(self, network.lot, amount, record.lot, now, network)
            network.evaluate(record.lots + 1, amount, now)
        record.feed = amount
        record.rated = False
        record.gone = 0
        record.duration = record.left = nanoseconds(network.duration)
        record.slowed += network.slowed
        sweeps = network.sweeps
        record.sweeps += sweeps
        if sweeps > record.most_sweeps:
            record.most_sweeps = sweeps
        for hazard in self.hazards:
            hazard.enters(network.through(hazard.machine, hazard.materials))
        for machine in self._wrapped:
            machine.wrap(network.through(machine, machine.wrapping))
        record.phase = START
        return self._go_on(now)  # nothing hinders it, as it did not before

    def _find_rules(self) -> bool:
        """Whether the line has any rule that is looked at before a lot; all are there when the first is taken."""
        rules = (self.switch, self.changeover, self.closing, self.settings, self.rest)
        lists = (self.deciders, self._rostered, self._following, self._steering)
        self._ruled = any(rule is not None for rule in rules) or any(lists)
        return self._ruled

    def _by_rule(self, amount: float, now: int) -> bool | None:
        """What is done instead of drawing a lot of ``amount`` kg: what a step returns, or None where it is drawn, with machines set for it."""
        record, intake, network = self.record, self.intake, self.network
        if self.changeover is not None and self._changes_over(self.changeover, amount, now):
            return self._take(now)
        if record.rule == RUN_EMPTY and now >= self._feed_stops:
            return self._stand_until_closing(now)
        if self.settings is not None:
            self.settings.follow(intake.bunkers[intake.chosen].name, now)
        if record.flush:
            return self._run_flush(now)
        for machine in self._rostered:
            if machine.follows_roster(now):
                network.changed(machine)
        for followed in self._following:
            followed.look()
        for steering in self._steering:
            if steering.follows():
                network.changed(steering.machine)
        return None

    def _evaluate(self, amount: float, now: int) -> None:
        """Take a lot that was looked at through the line."""
        self.limits.set_for(amount, now, self.record.rated)
        self.record.rated = True
        self.network.evaluate(self.record.lots + 1, amount, now)

    def _room_before(self, now: int) -> bool:
        """With blocking ``before``: reserve room for all outlets, or wait for it."""
        lacking, wishes = self.delivery.reserve(self)
        if not lacking:
            return True
        if any(place in self.waiting for place in self.intake.lists):
            self.abandon_lists(now)
        self._wait(BLOCKED, lacking, now, wishes, takes_any=False)
        return False

    def _start(self, now: int) -> bool:
        """Work on the lot until it is done or the line is stopped, whichever comes first."""
        return self.record.until >= 0 if self._hindered(now) else self._go_on(now)

    def _go_on(self, now: int) -> bool:
        """The same where nothing hinders it."""
        record = self.record
        ruled = self._ruled is not False
        if ruled and self._must_not_start(now):
            return True
        if self.waiting and self.repaired in self.waiting:  # it is repaired, and waits for what it needs only: its next repair may need the same
            self.waiting.remove(self.repaired)
            self.repaired.remove(self)
        if self._needs_some and not record.kept and not seize(self, self.needs, now, asked=record.asked if record.asked >= 0 else None):
            self._wait(WAITING, [], now, takes_any=False)
            return False
        if self.waiting:
            self.leave_lists()
        if ruled and self._warms_up(now):
            return True
        if self._next_failure < 0:
            self._next_failure = next_failure(self.breakdowns)
        if record.began < now:
            if self.rest is not None:
                self.rest.begin_run(now)
            self.recorder.starts[self.recorder.step(now)][self.records.line_row] += 1
        record.phase, record.state, record.since, record.began, record.asked = WORK, RUNNING, now, now, -1
        record.until = self._stop(now)
        return True

    def _must_not_start(self, now: int) -> bool:
        """Whether a rule forbids to start now: the lot would not be done in time, or the line has not stood for as long as it must."""
        record = self.record
        if record.rule == DO_NOT_START and record.left == record.duration and self._too_late(record.left, now):  # it had to wait for a repair or for people
            return self._stand_until_closing(now)
        if self.rest is not None and (delay := self.rest.stop_left(self.windows, now)):
            self.abandon_lists(now)
            record.state, record.until = WARM_UP, now + delay
            return True
        return False

    def _warms_up(self, now: int) -> bool:
        """Whether the line is switched on first, with the people it needs, who might be gone afterwards."""
        record = self.record
        if self.rest is None or not (delay := self.rest.start_delay(self.windows, now)):
            return False
        record.kept, record.asked = bool(self.needs), -1
        record.phase, record.state, record.until = WARMING, WARM_UP, now + delay
        return True

    interruptible = True

    def interrupt(self, number: int, asked: int, again: bool, now: int) -> bool:
        """Somebody else gets what it holds. A lot is never worked on twice: it always goes on with what is left."""
        record = self.record
        if record.until <= now:
            return False
        record.asked = asked
        record.until = now
        self.clock.reschedule(self, now)
        return True

    def _run_flush(self, now: int) -> bool:
        """After a changeover the first of the new material goes out of the line unseparated."""
        record, network, rule = self.record, self.network, self.changeover
        assert rule is not None
        if self.waiting:
            self.leave_lists()
        if self.genealogy is not None:
            record.lot = self.genealogy.new(self.name, now)
        bunker = self.intake.bunkers[self.intake.chosen]
        record.feed = self.intake.draw(self, network.lot, min(rule.flush, bunker.level), record.lot, now)
        network.passes_unseparated(rule.outlet)
        record.flush = False
        record.duration = record.left = record.gone = 0
        self.records.running(self, now, now)
        record.phase = DELIVER
        self.delivery.begin(self)
        return self._deliver(now)

    def _hand_over(self, now: int) -> bool:
        """What was worked on since the last time is to be delivered: all of the lot, or what passed before the line ran empty."""
        record = self.record
        passed = record.duration - record.left
        share = (passed - record.gone) / record.duration if record.duration and (record.gone or record.left) else 1.0
        record.gone = passed
        if share <= 0.0:
            record.phase = START
            return True
        record.phase = DELIVER
        self.liberated.count(self.network, share, record.lot, now, self.genealogy)
        self.delivery.begin(self, share)
        return self._deliver(now)

    def _deliver(self, now: int) -> bool:
        delivery = self.delivery
        if any(delivery.pending) and not delivery.deliver(self, now):
            self._wait(BLOCKED, self.delivery.lists(), now, takes_any=False)
            return False
        if self.record.left > 0:  # it ran empty, and goes on with the rest of the lot
            self.record.phase = START
        else:
            self._finish(now)
        return True

    def _finish(self, now: int) -> None:
        """The lot is gone."""
        record = self.record
        record.phase = READY
        record.lots += 1
        if self.closing is not None and now >= record.closes:
            self._open_until = -1  # the overtime was for this lot
        self.intake.finish(self, now)
        for hazard in self.hazards:
            hazard.passed(now)
        for i, machine in self._wearing:
            changed, spent = machine.wears(float(self.network.flow_ratio[i]) * record.feed)
            if changed:
                self.network.changed(machine)
            if spent and self.replacements[machine.name].record.phase == WORKING:
                self.recorder.note(now, machine.name, "worn part is replaced")
                self.replacements[machine.name].begin(now)
        for i, cleaning in self.cleanings:
            if cleaning.lot_passed(float(self.network.flow_ratio[i]) * record.feed, record.operated, now) and cleaning.machine.wear is not None:
                self.network.changed(cleaning.machine)

    def rates_changed(self) -> None:
        """A timed event may have changed rates: they are looked up for the next lot."""
        self.limits.changed()

    @property
    def drawn(self) -> int:
        """Lots that the line has drawn so far."""
        return self.record.lots + (self.record.phase != READY)

    # -- recording -----------------------------------------------------------------------------------------------------------------------

    def on_the_line(self) -> list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], float]]:
        """What lies on the line: (matrix, share of it)."""
        record, network = self.record, self.network
        if record.phase in (START, WORK, RUN_OUT, WARMING):
            return [(network.lot, 1.0 - record.gone / record.duration if record.gone else 1.0)]
        if record.phase == DELIVER:
            masses = zip(network.outlet_views, self.delivery.pending, network.outlet_mass.tolist(), strict=True)
            lying = [(matrix, left / mass) for matrix, left, mass in masses if left > 0.0]
            return [*lying, (network.lot, record.left / record.duration)] if record.left else lying
        return []

    def save(self) -> State:
        return {
            **super().save(),
            "takes_any": self.takes_any,
            "delivery": self.delivery.save(),
            "repaired": [unit.name for unit in self.repaired.units],
            "network": self.network.save(),
            "intake": self.intake.save(),
            "records": self.records.save(),
            "liberated": self.liberated.save(),
            "set_for": self.settings.source if self.settings is not None else "",
            "cleanings": [cleaning.save() for _, cleaning in self.cleanings],
            "rest": self.rest.save() if self.rest is not None else {},
            "switched_on": self.switch is not None and self.switch.on,
            "seconds_for": self.limits.seconds_for,
            "machines": [machine.save() for machine in self.machines],
        }

    def load(self, state: State) -> None:
        super().load(state)
        self._open_until = self._next_failure = -1  # looked up when they are next needed
        if self.settings is not None:
            self.settings.restore(state["set_for"])
        self.takes_any, self.limits.seconds_for = state["takes_any"], state["seconds_for"]
        for machine, saved in zip(self.machines, state["machines"], strict=True):
            machine.load(saved)
        self.network.load(state["network"])
        self.delivery.load(state["delivery"])
        self.intake.load(state["intake"])
        self.records.load(state["records"])
        self.liberated.load(state["liberated"])
        for (_, cleaning), saved in zip(self.cleanings, state["cleanings"], strict=True):
            cleaning.load(saved)
        if self.switch is not None:
            self.switch.on = state["switched_on"]
        if self.rest is not None:
            self.rest.load(state["rest"])
        for name in state["repaired"]:
            assert name == self.name
            self.repaired.join(self, 0.0)
