"""Deliveries: trucks that arrive, wait at the gate, unload, or are turned away.

Arrivals, gate and ramp are three units, since each waits for one thing only: the next arrival; room and hands for the first truck in the queue; and the
end of the next unloading. Where trucks lose patience, a fourth waits for the next that does.
"""

from __future__ import annotations

from twin.scenario.kinds.feed import Feed as FeedModel
from twin.units.gates.arrivals import Arrivals
from twin.units.gates.gate import Gate
from twin.units.gates.patience import Patience
from twin.units.gates.trucks import Ramp
from twin.units.ground.assembly import Assembly


class Feed:
    """The kind's behaviour: builds the gate, the ramp and the arrivals of a feed."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: FeedModel) -> None:
        """Add them to the plant."""
        gate = Gate(site, f"{name}.gate", name, model)
        site.units.append(gate)
        gate.ramp = Ramp(f"{name}.ramp", site.next_index(), gate)
        site.units.append(gate.ramp)
        if model.patience is not None:
            gate.patience = Patience(site, f"{name}.patience", gate, model.patience)
            site.units.append(gate.patience)
        site.units.append(Arrivals(site, name, site.next_index(), model, gate))
