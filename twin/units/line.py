"""A line: machines coupled without a bunker between them; they run, wait and stop as one.

The line draws a lot, computes its outlets and its duration, works on it, and delivers port by port. It knows when it will be stopped next and waits
once, for the earliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.engine.calendars import Windows
from twin.engine.clock import Clock, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.genealogy import Genealogy
from twin.engine.needs import Needs, release, seize
from twin.engine.recording import Recorder
from twin.engine.states import BLOCKED, DOWN, MAINTENANCE, OFF_SHIFT, RUNNING, STARVED, STATES, WAITING
from twin.engine.unit import State, Unit
from twin.engine.waiting import WaitingList, lacking
from twin.units.breakdown import WORKING, Breakdown, Replacement, next_failure
from twin.units.delivery import Delivery
from twin.units.downtime import Downtime
from twin.units.hazard import QUIET, Hazard
from twin.units.intake import Intake
from twin.units.liberation import Liberated
from twin.units.line_records import LineRecords
from twin.units.machine import Machine
from twin.units.network import Network
from twin.units.outlet import Receiver

READY, START, WORK, DELIVER = range(4)
"""Phases: no lot on the line; a lot waits to be (further) worked on; work; delivery."""


@dataclass(slots=True)
class LineRecord:
    """All times in ns. ``left``: work left on the lot; ``operated``: running time so far; ``state`` holds since ``since``; ``rated``: the lot's
    rates are drawn; ``cause``: the unit or resource that it waits for. ``lots``: lots done; ``slowed``: lots that take longer than their machines need, since
    the loops do not settle faster. ``ailing``: failed copies and hazards that are not yet dealt with. ``asked``: since when an interrupted line wants what it
    needs, else below 0."""

    until: int = 0
    phase: int = READY
    state: int = STARVED
    since: int = 0
    began: int = 0
    left: int = 0
    duration: int = 0
    operated: int = 0
    feed: float = 0.0
    lot: int = 0
    lots: int = 0
    rated: bool = False
    down: int = 0
    serviced: int = 0
    slowed: int = 0
    ailing: int = 0
    sweeps: int = 0
    most_sweeps: int = 0
    cause: str = ""
    asked: int = -1
    state_time: list[int] = field(default_factory=lambda: [0] * len(STATES))


def _batching(machines: Sequence[Machine]) -> list[Machine]:
    """The machines of which several copies take a batch each."""
    return [machine for machine in machines if machine.cycle_time is not None and machine.count > 1]


class Line(Unit):
    """``lot`` kg is drawn at once, or as many batches of it as copies of a machine with a cycle time work.

    ``partial`` takes less where the bunkers hold less. ``before``: start only when every outlet has room.
    """

    def __init__(
        self,
        name: str,
        index: int,
        clock: Clock,
        *,
        network: Network,
        intake: Intake,
        windows: Windows,
        needs: Needs,
        recorder: Recorder,
        records: LineRecords,
        before: bool = False,
        genealogy: Genealogy | None = None,
    ) -> None:
        super().__init__(name, index, clock, record := LineRecord())
        self.record: LineRecord = record
        self.network, self.intake = network, intake
        self.delivery = Delivery(network, before)
        self.liberated = Liberated(network.lot.shape[0])
        self.windows, self.needs, self.before, self.genealogy = windows, needs, before, genealogy
        self.recorder, self.records = recorder, records
        self.machine_rows = records.machine_rows
        self.breakdowns: list[Breakdown] = []
        self.replacements: dict[str, Replacement] = {}
        self.hazards: list[Hazard] = []
        self.downtimes: list[Downtime] = []
        self.repaired = WaitingList(f"{name}: repair", lambda _: not (self.record.down or self.record.serviced), self._menders)
        self.machines: list[Machine] = network.machines
        self._varying = [machine for machine in self.machines if machine.varies]
        self._batching = _batching(self.machines)
        self._rostered = [machine for machine in self.machines if machine.roster is not None]
        self._wearing = [(i, machine) for i, machine in enumerate(self.machines) if machine.wear is not None]
        self._countable = [(i, machine) for i, machine in enumerate(self.machines) if machine.count > 1 or machine.bypass_port >= 0]
        self._open_until = -1
        self._next_failure = -1
        self._seconds_for = -1.0

    def connect(self, outlets: Sequence[Receiver]) -> None:
        """Where its outlets lead to, in declared order; lets the deadlock report know who fills and empties what."""
        self.delivery.connect(outlets)
        for bunker in self.intake.bunkers:
            bunker.takers.append(self)
        for receiver in dict.fromkeys(outlets):
            fillers = getattr(receiver, "fillers", None)
            if fillers is not None:
                fillers.append(self)

    def _menders(self) -> list[Unit]:
        units: list[Unit] = [b for b in self.breakdowns if b.record.phase != WORKING]
        units += [h for h in self.hazards if h.record.phase != QUIET]
        return [*units, *(r for r in self.replacements.values() if r.record.phase != WORKING)]

    # -- the step function ---------------------------------------------------------------------------------------------------------------

    def step(self, now: int) -> bool:
        record = self.record
        if record.phase == WORK:
            self._progress(now)
            if self.needs:
                release(self, self.needs, now)
            if record.operated >= self._next_failure:
                self._fail_due(now)
            if record.left > 0:
                record.phase = START
                return True
            record.phase = DELIVER
            self.liberated.count(self.network, record.lot, now, self.genealogy)
            self.delivery.begin(self)
            return self._deliver(now)
        if record.since < now:
            self._close(now)
        if record.phase == READY:
            return self._take(now)
        if record.phase == START:
            return self._start(now)
        return self._deliver(now)  # a lot that is done moves as soon as there is room, also at night and during a repair

    def _hindered(self, now: int) -> bool:
        """Off-shift, in maintenance or down: give up waiting for material or room, and wait for that to end."""
        record = self.record
        if now >= self._open_until:
            imposed, until = self.windows.status(now)
            if imposed != RUNNING:
                self.abandon_lists(now)
                record.state, record.until = OFF_SHIFT if imposed == OFF_SHIFT else MAINTENANCE, until
                return True
            self._open_until = until
        if record.down or record.serviced:
            self.abandon_lists(now)
            self._wait(MAINTENANCE if record.serviced else DOWN, [self.repaired], now)
            return True
        return False

    def _wait(self, state: int, lists: Sequence[WaitingList], now: int, wishes: Sequence[float] = (), takes_any: bool = True) -> None:
        self.record.state = state
        self.takes_any = takes_any
        for k, waiting_list in enumerate(lists):
            waiting_list.join(self, wishes[k] if wishes else 0.0)
        self.record.cause = lacking(self)
        check_deadlock(self, now)

    def _take(self, now: int) -> bool:
        """Draw a lot if line, material and (where asked) room allow it."""
        record, intake, network = self.record, self.intake, self.network
        if self._hindered(now):
            return record.until >= 0
        if self._batching:
            intake.batches = max(1, *(machine.batching for machine in self._batching))
        amount = intake.find(self)
        if amount <= 0.0:
            if record.state == BLOCKED and self.waiting:  # it waited for room (blocking: before) and what it would have taken is gone
                self.abandon_lists(now)
            self._wait(STARVED, intake.lists, now, intake.wishes, takes_any=intake.takes_any)
            return False
        for machine in self._rostered:
            if machine.follows_roster(now):
                network.changed(machine)
        if self.before:
            intake.peek(network.lot, amount)
            counted = network.warned.copy()
            self._evaluate(amount, now)
            if not self._room_before(now):
                network.warned[:] = counted  # the lot is evaluated, and its warnings counted, again when it starts
                return False
        if self.waiting:
            self.leave_lists()
        if self.genealogy is not None:
            record.lot = self.genealogy.new(self.name, now)
        amount = intake.draw(self, network.lot, amount, record.lot, now)
        if not self.before:
            self._evaluate(amount, now)
        record.feed = amount
        record.rated = False
        record.duration = record.left = nanoseconds(network.duration)
        record.slowed += network.slowed
        record.sweeps += network.sweeps
        record.most_sweeps = max(record.most_sweeps, network.sweeps)
        for hazard in self.hazards:
            hazard.enters(network.through(hazard.machine, hazard.materials))
        record.phase = START
        return self._start(now)

    def _evaluate(self, amount: float, now: int) -> None:
        network = self.network
        if amount != self._seconds_for or self._batching or (self._varying and not self.record.rated):
            batches = self.intake.count(amount)
            for i, machine in enumerate(self.machines):
                network.seconds[i] = machine.seconds(amount, now, batches, redraw=not self.record.rated)
            self._seconds_for = amount
        self.record.rated = True
        for i, machine in self._countable:
            network.up[i] = machine.record.up
        network.evaluate(self.record.lots + 1, amount, now)

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
        record = self.record
        if self._hindered(now):
            return record.until >= 0
        if self.repaired in self.waiting:  # it is repaired, and waits for what it needs only: its next repair may need the same
            self.waiting.remove(self.repaired)
            self.repaired.remove(self)
        if self.needs and not seize(self, self.needs, now, asked=record.asked if record.asked >= 0 else None):
            self._wait(WAITING, [], now, takes_any=False)
            return False
        if self.waiting:
            self.leave_lists()
        if self._next_failure < 0:
            self._next_failure = next_failure(self.breakdowns)
        record.phase, record.state, record.since, record.began, record.asked = WORK, RUNNING, now, now, -1
        record.until = self._stop(now)
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

    def _stop(self, now: int) -> int:
        """When the running line will be stopped next, ns."""
        record = self.record
        stop = now + min(record.left, max(0, self._next_failure - record.operated))
        if now >= self._open_until:  # not known yet after a resume
            imposed, until = self.windows.status(now)
            self._open_until = until if imposed == RUNNING else now
        if self._open_until < stop:
            stop = self._open_until
        for breakdown in self.breakdowns:
            if breakdown.by_calendar and breakdown.record.phase == WORKING and now <= breakdown.record.fails_at < stop:
                stop = breakdown.record.fails_at
        return stop

    def _progress(self, now: int) -> None:
        """Account for the work done since ``began``; the lot keeps what is left."""
        record = self.record
        done = now - record.began
        record.operated += done
        record.left -= done
        record.began = record.since = now
        record.state_time[RUNNING] += done
        if record.ailing and done:
            self._add_downtime(now - done, now)
        if done or record.duration == 0:
            self.records.running(self, now - done, now)

    def _fail_due(self, now: int) -> None:
        record = self.record
        self._next_failure = -1
        for breakdown in self.breakdowns:
            own = breakdown.record
            if not breakdown.by_calendar and own.phase == WORKING and 0 <= own.fails_at <= record.operated:
                breakdown.fail(now)

    def _deliver(self, now: int) -> bool:
        if not self.delivery.deliver(self, now):
            self._wait(BLOCKED, self.delivery.lists(), now, takes_any=False)
            return False
        self._finish(now)
        return True

    def _finish(self, now: int) -> None:
        """The lot is gone."""
        record = self.record
        record.phase = READY
        record.lots += 1
        self.intake.finish(self, now)
        for hazard in self.hazards:
            hazard.passed(now)
        for i, machine in self._wearing:
            changed, spent = machine.wears(float(self.network.phi[i]) * record.feed)
            if changed:
                self.network.changed(machine)
            if spent and self.replacements[machine.name].record.phase == WORKING:
                self.recorder.note(now, machine.name, "worn part is replaced")
                self.replacements[machine.name].begin(now)

    # -- what others report --------------------------------------------------------------------------------------------------------------

    def operated(self, now: int) -> int:
        """Running time of the line up to ``now``, ns."""
        record = self.record
        return record.operated + (now - record.began if record.phase == WORK else 0)

    def copy_down(self, breakdown: Breakdown, now: int) -> None:
        """A copy of a machine failed; all up to now is accounted for."""
        machine = breakdown.machine
        self.recorder.note(now, breakdown.name, "failed")
        self.record.ailing += 1
        machine.record.up -= 1
        self.records.copies(self, self.machines.index(machine), machine)
        self._next_failure = -1
        if machine.record.up == 0 and machine.bypass_port < 0:
            self.record.down += 1
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)

    def copy_up(self, breakdown: Breakdown, now: int) -> None:
        """A copy of a machine is repaired; all up to now is accounted for."""
        machine = breakdown.machine
        self.recorder.note(now, breakdown.name, "repaired")
        self.record.ailing -= 1
        if machine.record.up == 0 and machine.bypass_port < 0:
            self.record.down -= 1
        machine.record.up += 1
        self.records.copies(self, self.machines.index(machine), machine)
        self._next_failure = -1
        if self.record.phase == WORK and self.record.until >= 0:
            self._replan(now)
        self.repaired.wake_first(now)

    def stop_begins(self, now: int) -> None:
        """A hazard struck: the line stands."""
        self.record.ailing += 1
        self.record.down += 1

    def stop_ends(self, now: int) -> None:
        """What struck is dealt with."""
        self.record.ailing -= 1
        self.record.down -= 1
        self.repaired.wake_first(now)

    def service_begins(self, now: int) -> None:
        """A worn part is being replaced: the line stands."""
        self._cut(now)
        self.record.serviced += 1

    def service_ends(self, machine: Machine, now: int) -> None:
        """The part is new."""
        self._cut(now)
        self.record.serviced -= 1
        self.network.changed(machine)
        self.recorder.note(now, machine.name, "worn part replaced")
        self.repaired.wake_first(now)

    def change_power(self, machine: Machine, power: tuple[float, float], now: int) -> None:
        """A timed event changed the power of a machine."""
        self.settle(now)
        machine.power = power
        self.records.copies(self, self.machines.index(machine), machine)

    def rates_changed(self) -> None:
        """A timed event may have changed rates: they are looked up for the next lot."""
        self._seconds_for = -1.0
        self._varying = [machine for machine in self.machines if machine.varies]
        self._batching = _batching(self.machines)

    def _replan(self, now: int) -> None:
        """While working: the next stop may have moved."""
        record = self.record
        if record.began < now:
            self._progress(now)
        self._next_failure = next_failure(self.breakdowns)
        until = now if record.down or record.serviced else self._stop(now)
        if until != record.until:
            record.until = until
            self.clock.reschedule(self, until)

    @property
    def drawn(self) -> int:
        """Lots that the line has drawn so far."""
        return self.record.lots + (self.record.phase != READY)

    # -- recording -----------------------------------------------------------------------------------------------------------------------

    def _cut(self, now: int) -> None:
        """Close the present interval before something about it changes."""
        if self.record.phase != WORK and self.record.since < now:
            self._close(now)

    def _close(self, now: int) -> None:
        """Account for a time without work, cut where shifts and planned stops begin and end."""
        record = self.record
        state = MAINTENANCE if record.serviced else DOWN if record.down else record.state
        for begin, end, effective in self.windows.pieces(record.since, now, state):
            record.state_time[effective] += end - begin
            if record.ailing and effective not in (OFF_SHIFT, MAINTENANCE):
                self._add_downtime(begin, end)
            self.records.standing(self, begin, end, effective)
        record.since = now

    def _add_downtime(self, begin: int, end: int) -> None:
        for downtime in self.downtimes:
            downtime.add(self.recorder, begin, end)

    def settle(self, now: int) -> None:
        if self.record.phase == WORK:
            if self.record.began < now:
                self._progress(now)
        elif self.record.since < now:
            self._close(now)

    def on_the_line(self) -> list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], float]]:
        """What lies on the line: (matrix, share of it)."""
        record, network = self.record, self.network
        if record.phase in (START, WORK):
            return [(network.lot, 1.0)]
        if record.phase == DELIVER:
            masses = zip(network.outlet_views, self.delivery.pending, network.outlet_mass.tolist(), strict=True)
            return [(matrix, left / mass) for matrix, left, mass in masses if left > 0.0]
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
            "seconds_for": self._seconds_for,
            "machines": [machine.save() for machine in self.machines],
        }

    def load(self, state: State) -> None:
        super().load(state)
        self.takes_any, self._seconds_for = state["takes_any"], state["seconds_for"]
        for machine, saved in zip(self.machines, state["machines"], strict=True):
            machine.load(saved)
        self.network.load(state["network"])
        self.delivery.load(state["delivery"])
        self.intake.load(state["intake"])
        self.records.load(state["records"])
        self.liberated.load(state["liberated"])
        for name in state["repaired"]:
            assert name == self.name
            self.repaired.join(self, 0.0)
