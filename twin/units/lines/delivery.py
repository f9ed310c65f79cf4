"""How a line hands its lot over: port by port, in declared order, as far as each receiver has room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.engine.arena import Arena
from twin.engine.bunker import Bunker
from twin.engine.content import Heap, Queue
from twin.engine.unit import State, Unit
from twin.engine.waiting import WaitingList
from twin.kernels.compile import entry
from twin.kernels.lots import MOST_DOORS, Doors, hand_over
from twin.units.ground.outlet import Receiver
from twin.units.lines.network import Network

if TYPE_CHECKING:
    from twin.units.lines.line import Line


_hand_over = entry(hand_over)


class Door(NamedTuple):
    """An outlet that leads into a plain bunker: its number, its bit among all, the bunker, what lies in it, and who waits or watches there."""

    outlet: int
    bit: int
    bunker: Bunker
    content: Queue | Heap
    before: list[Unit]
    behind: list[Unit]
    watchers: list[Unit]


class Delivery:
    """The outlets of a line. ``pending`` (outlet,), kg: what of the present lot has not found room yet.

    With ``before`` a lot starts only when every receiver has room for its part, which is then reserved.
    """

    def __init__(self, network: Network, before: bool) -> None:
        self.network, self.before = network, before
        self.outlets: list[Receiver] = []
        self._places = list(enumerate(self.outlets))
        self.pending: list[float] = []
        self.masses: list[float] = []
        self._doors: list[Door] = []
        self._laid_out: dict[int, NDArray[np.float64]] | None = None
        """The constituents that the handle counts by; None as long as nothing was handed over."""
        self._handle: Doors
        self._arena: Arena | None = None

    def connect(self, outlets: Sequence[Receiver]) -> None:
        """Where the outlets lead to, in declared order."""
        self.outlets = list(outlets)
        self._places = list(enumerate(self.outlets))
        self.pending = [0.0] * len(self.outlets)

    def reserve(self, line: Line) -> tuple[list[WaitingList], list[float]]:
        """Reserve room for all outlets of the evaluated lot; else reserve nothing and say where room is lacking, and how much is wished for."""
        total: dict[str, float] = {}
        for k, receiver in enumerate(self.outlets):
            total[receiver.name] = total.get(receiver.name, 0.0) + float(self.network.outlet_mass[k])
        receivers = {receiver.name: receiver for receiver in self.outlets if total[receiver.name] > 0.0}
        lacking = [name for name, receiver in receivers.items() if not receiver.room_for(line, total[name])]
        if not lacking:
            for name, receiver in receivers.items():
                receiver.reserved[line.name] = total[name]
        return [receivers[name].putters for name in lacking], [total[name] for name in lacking]

    def begin(self, line: Line, share: float = 1.0) -> None:
        """The lot is done, or a ``share`` of it: that is to be delivered."""
        self.masses = self.network.outlet_mass.tolist()
        self.pending = list(self.masses) if share == 1.0 else [share * mass for mass in self.masses]
        if self.before:
            for receiver in self.outlets:
                receiver.reserved.pop(line.name, None)
            if line.record.left:  # it runs empty: the place of what is left of the lot is kept
                left = line.record.left / line.record.duration
                rest: dict[str, float] = {}
                for mass, receiver in zip(self.masses, self.outlets, strict=True):
                    rest[receiver.name] = rest.get(receiver.name, 0.0) + left * mass
                    if rest[receiver.name] > 0.0:
                        receiver.reserved[line.name] = rest[receiver.name]

    def _lay_out(self, line: Line) -> None:
        """Find the outlets that lead into plain bunkers, which are handed over to at once; all units are connected then."""
        self._doors = []
        places = np.full(len(self.outlets), -1, dtype=np.int64)
        for k, place in self._places[:MOST_DOORS]:
            if type(place) is not Bunker or place.spillers or not isinstance(place.content, Queue | Heap):
                continue
            if self._arena is None:
                self._arena = place.content.arena
            if place.content.arena is self._arena:
                self._doors.append(Door(k, 1 << k, place, place.content, place.putters.units, place.getters.units, place.watchers))
                places[k] = place.content.place
        self._laid_out = self.network.constituents
        self._handle = Doors(places=places, **line.liberated.arrays_for(self._laid_out))

    def hand_over(self, line: Line, now: int) -> bool:
        """The whole lot is done: count what came apart, and put into plain bunkers what finds room in them, all in one call; the rest is to be delivered.

        Returns False, and does nothing, where that is not all there is to do: places are reserved, contents vary or the genealogy is kept.
        """
        network = self.network
        if self.before or line.genealogy is not None or network.varying_assays is not None:
            return False
        if network.constituents is not self._laid_out:
            self._lay_out(line)
        if self._arena is None:
            return False
        self.masses = masses = network.outlet_mass.tolist()
        self.pending = pending = masses.copy()
        to, told, full = 0, [], []
        for outlet, bit, bunker, _, before, behind, watchers in self._doors:
            amount = masses[outlet]
            if amount <= 0.0 or before or bunker in full:
                continue
            if bunker.admit(amount, now):
                to |= bit
                pending[outlet] = 0.0
                if behind or watchers:
                    told.append(bunker)
            else:
                full.append(bunker)  # what of a later outlet would find room there comes after what is left of this one
        if left := _hand_over(network.line, self._arena.handle, self._handle, to):
            for door in self._doors:
                if left & door.bit:  # all its slots are taken: it gets more
                    door.content.store(network.outlet_views[door.outlet], 1.0, masses[door.outlet])
        for bunker in told:
            bunker.arrived(now)
        return True

    def deliver(self, line: Line, now: int) -> bool:
        """Deliver what finds room; returns whether all is gone."""
        pending, masses, views, lot, waiting = self.pending, self.masses, self.network.outlet_views, line.record.lot, line.waiting
        left = False
        for k, receiver in self._places:
            amount = pending[k]
            if amount <= 0.0:
                continue
            queue = receiver.putters.units
            if not queue or self.before or queue[0] is line:  # with "before" the place was reserved
                room = receiver.room()
                if 0.0 < room >= amount - receiver.tolerance:
                    pending[k] = 0.0
                    receiver.put(views[k], amount / masses[k], amount, lot, now)
                    if not waiting:
                        continue
                elif room > 0.0:
                    self._put_in_parts(k, receiver, lot, now)
            if pending[k] > 0.0:
                left = True
            elif waiting:
                self._leave(line, receiver, now)
        return not left

    def _leave(self, line: Line, receiver: Receiver, now: int) -> None:
        """Nothing is left for a receiver: whoever stands behind the line at its door comes next."""
        putters = receiver.putters
        if putters in line.waiting and not self._more_for(receiver):
            line.waiting.remove(putters)
            putters.remove(line)
            putters.wake_first(now)

    def _put_in_parts(self, k: int, receiver: Receiver, lot: int, now: int) -> None:
        """Put what fits; again where a full bunker overflows into another."""
        amount = self.pending[k]
        while amount > 0.0 and (room := receiver.room()) > 0.0:
            part = amount if amount <= room + receiver.tolerance else room
            self.pending[k] = amount - part if part < amount else 0.0
            receiver.put(self.network.outlet_views[k], part / self.masses[k], part, lot, now)
            amount = self.pending[k]

    def _more_for(self, receiver: Receiver) -> bool:
        return any(mass > 0.0 and other is receiver for mass, other in zip(self.pending, self.outlets, strict=True))

    def lists(self) -> list[WaitingList]:
        """Where the rest of the lot waits for room."""
        return [receiver.putters for mass, receiver in zip(self.pending, self.outlets, strict=True) if mass > 0.0]

    def save(self) -> State:
        """What is pending."""
        return {"pending": list(self.pending)}

    def load(self, state: State) -> None:
        """Take over a saved delivery."""
        self.pending = list(state["pending"])
        self.masses = self.network.outlet_mass.tolist()
