"""Bunkers of a plant: a store of the engine, filled at the start where the scenario says so."""

from __future__ import annotations

from twin.engine.bunker import Bunker as Store
from twin.engine.content import Heap, Queue
from twin.scenario.kinds.bunker import Bunker as BunkerModel
from twin.scenario.kinds.bunker import InitialStock
from twin.units.assembly import Assembly
from twin.units.composition import spread


class Bunker:
    """The kind's behaviour: a place for material, in order of arrival (``fifo``) or as one heap (``mixed``)."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: BunkerModel) -> None:
        """Add the bunker to the plant."""
        make = Heap if model.discharge == "mixed" else Queue
        store = Store(name, model.capacity, make(site.shape, site.genealogy, name))
        if model.initial is not None:
            _fill(site, store, model.initial)
        site.recorder.watch(store)
        site.bunkers[name] = site.receivers[name] = store


def _fill(site: Assembly, store: Store, initial: InitialStock) -> None:
    scenario = site.scenario
    shares = spread(dict(initial.composition or {}), initial.size, scenario.materials.names, scenario.materials.groups, scenario.sizes)
    lot = 0
    if site.genealogy is not None:
        lot = site.genealogy.new(store.name, 0)
        site.genealogy.edge(lot, 0, shares.sum(axis=1) * initial.mass)
    store.put(shares, initial.mass, initial.mass, lot, 0)
