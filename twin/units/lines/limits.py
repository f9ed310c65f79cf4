"""What limits the machines of a line lot by lot: how long each would take for the bare lot alone, and how many of its copies work."""

from __future__ import annotations

from collections.abc import Sequence

from twin.units.lines.intake import Intake
from twin.units.lines.machine import Machine
from twin.units.lines.network import Network


class Limits:
    """Sets ``seconds`` and ``up`` of a network. ``seconds_for``: the mass, kg, of the lot that all seconds were looked up for, below 0 where they are to be."""

    def __init__(self, network: Network, intake: Intake) -> None:
        self._network, self._intake = network, intake
        self._machines = list(enumerate(network.machines))
        self._countable = [(i, machine) for i, machine in self._machines if machine.count > 1 or machine.bypass_port >= 0]
        self.changed()

    def changed(self) -> None:
        """A timed event may have changed rates: they are looked up for the next lot."""
        self.seconds_for = -1.0
        self._varying = [(i, machine) for i, machine in self._machines if machine.varies or machine.follows is not None]
        self.batching = [machine for _, machine in self._machines if machine.cycle_time is not None and machine.count > 1]
        """The machines of which several copies take a batch each."""

    def set_for(self, amount: float, now: int, rated: bool) -> None:
        """Set them for a lot of ``amount`` kg; machines that vary draw anew unless it is ``rated`` already."""
        if amount != self.seconds_for or self.batching:
            self._look_up(self._machines, amount, now, not rated)
            self.seconds_for = amount
        elif self._varying and not rated:
            self._look_up(self._varying, amount, now, True)
        for i, machine in self._countable:
            self._network.up[i] = machine.record.up

    def _look_up(self, machines: Sequence[tuple[int, Machine]], amount: float, now: int, redraw: bool) -> None:
        batches = self._intake.count(amount)
        for i, machine in machines:
            self._network.seconds[i] = machine.seconds(amount, now, batches, redraw)
