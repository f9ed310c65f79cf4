"""What every unit of the engine is: a step function over a plain record.

A unit waits for exactly one thing: a time (``record.until``) or its place in named waiting lists. All state stands in the record and in
arrays that :meth:`Unit.save` returns; nothing lives in a generator, so a saved run goes on to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

from twin.engine.clock import Clock, Wakeup

if TYPE_CHECKING:
    from twin.engine.waiting import WaitingList

State = dict[str, Any]
"""A snapshot: dict of str, int, float, bool, None, list, dict and NumPy arrays."""

NEVER = -1


class RecordLike(Protocol):
    """The field that every unit's record has."""

    until: int


@dataclass(slots=True)
class Record:
    """The least a unit remembers. ``until`` is the time (ns) of its pending event, -1 when it has none."""

    until: int = NEVER


def record_to_state(record: Any) -> State:
    """The fields of a record as plain data."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def record_from_state(record: Any, state: State) -> None:
    """Set the fields of a record from plain data, in place; lists and dicts are copied, so that the state can be used again."""
    for field in fields(record):
        value = state[field.name]
        setattr(record, field.name, value.copy() if isinstance(value, (list, dict)) else value)


class Unit:
    """Base of all units. ``index`` is the rank of declaration; it breaks ties in time.

    ``takes_any``: of several lists it waits in, one that serves it is enough; else all must.
    """

    def __init__(self, name: str, index: int, clock: Clock, record: RecordLike) -> None:
        self.name = name
        self.index = index
        self.clock = clock
        self.record = record
        self.waiting: list[WaitingList] = []
        self.takes_any = True
        self.wakeup = Wakeup(clock.environment, self)

    def step(self, now: int) -> bool:
        """Do one thing. Return False after joining waiting lists; set ``record.until`` to wait for a time; else be called again at once."""
        raise NotImplementedError(f"{type(self).__name__}.step")

    def run(self, now: int) -> None:
        """Step until the unit waits."""
        record, step = self.record, self.step
        record.until = NEVER
        while step(now):
            if record.until >= 0:
                self.clock.schedule(self, record.until)
                return

    def wake(self, now: int) -> None:
        """Let a unit that waits in a list look again, at this instant."""
        record = self.record
        if record.until < 0:
            record.until = now
            self.clock.schedule(self, now)

    site_name = ""
    """The site of a cluster that it is of; "" in a plant alone."""

    @property
    def full_name(self) -> str:
        """Its name, among all sites."""
        return f"{self.site_name}/{self.name}" if self.site_name else self.name

    @property
    def askers(self) -> int:
        """How many wait behind the unit's place in a list: itself, or the trucks of a gate."""
        return 1

    def leave_lists(self) -> None:
        """Give up all places in waiting lists."""
        left, self.waiting = self.waiting, []  # first, since who moves up looks at who still waits
        for waiting_list in left:
            waiting_list.remove(self)

    def abandon_lists(self, now: int) -> None:
        """Give up all places without having been served: whoever is next may be."""
        left = list(self.waiting)
        self.leave_lists()
        for waiting_list in left:
            waiting_list.wake_first(now)

    @property
    def gives_up(self) -> bool:
        """Whether it leaves the lists by itself at some time, as trucks that lose patience do."""
        return False

    @property
    def leaves_each(self) -> bool:
        """Whether it leaves each of its lists as it is served there, as who hands a lot over does, and does not keep a place until all are served."""
        return False

    interruptible = False
    """Whether a task of the unit can be interrupted, so that what it holds goes to others."""

    def interrupt(self, number: int, asked: int, again: bool, now: int) -> bool:
        """Stop the task ``number`` at this instant, give back what it holds, and ask again as of ``asked`` ns.

        It goes on with what is left or, with ``again``, starts anew. False where it is over at this instant anyway.
        """
        raise NotImplementedError(f"{type(self).__name__}.interrupt")

    def settle(self, now: int) -> None:
        """Cut what is being recorded at ``now``; called between events, changes no state that matters to the run."""

    def inside(self) -> Iterator[tuple[str, float]]:
        """What it holds that no results file tells, by name, SI. To look changes nothing."""
        yield from ()

    def vacate(self) -> None:
        """Before a load into a plant that has run: stand in no list, and have nobody in those where it stood."""
        for waiting_list in self.waiting:
            waiting_list.clear()
        self.waiting = []

    def redraw(self, now: int) -> None:
        """Draw anew what was drawn and has not happened by ``now`` (ns), given that it has not: the next failure, arrival, end of a repair."""

    def cancel(self) -> None:
        """Nothing is pending any more: its event passes without effect."""
        self.record.until = NEVER
        self.wakeup.callbacks = []
        self.wakeup = Wakeup(self.clock.environment, self)

    def rearm(self) -> None:
        """After a load: a fresh event on the clock, at the time it was pending for."""
        self.wakeup = Wakeup(self.clock.environment, self)
        if self.record.until >= 0:
            self.clock.schedule(self, self.record.until)
            self.clock.events -= 1

    def save(self) -> State:
        """The unit's state as plain data and arrays."""
        return {"record": record_to_state(self.record)}

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore, by name, who waits in lists of the unit's own or holds it; called when all units are loaded."""

    def load(self, state: State) -> None:
        """Take over a saved state; places in waiting lists and pending events are restored by the plant."""
        record_from_state(self.record, state["record"])
