"""Bunkers of a plant: a store of the engine, filled at the start where the scenario says so."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker as Store
from twin.engine.content import Heap, Queue
from twin.errors import ScenarioError
from twin.materials import ELEMENTS
from twin.scenario.kinds.bunker import Bunker as BunkerModel
from twin.scenario.kinds.bunker import InitialStock
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import REST
from twin.units.ground.composition import lot_shares
from twin.units.ground.overflow import OverflowingBunker

Floats = NDArray[np.float64]


class Bunker:
    """The kind's behaviour: a place for material, in order of arrival (``fifo``) or as one heap (``mixed``)."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: BunkerModel) -> None:
        """Add the bunker to the plant."""
        make = Heap if model.discharge == "mixed" else Queue
        content = make(site.shape, site.genealogy, name, site.arena)
        store = Store(name, model.capacity, content) if model.when_full == "wait" else OverflowingBunker(site, name, model.capacity, content)
        if model.initial is not None:
            _fill(site, store, model.initial)
        site.recorder.watch(store)
        site.bunkers[name] = site.receivers[name] = store


def _fill(site: Assembly, store: Store, initial: InitialStock) -> None:
    melt = initial.melt
    shares = _melt_shares(site, store.name, melt) if melt is not None else lot_shares(site, dict(initial.composition or {}), initial.size)
    lot = 0
    if site.genealogy is not None:
        lot = site.genealogy.new(store.name, 0)
        site.genealogy.edge(lot, 0, shares.sum(axis=1) * initial.mass)
    store.put(shares, initial.mass, initial.mass, lot, 0)


def _melt_shares(site: Assembly, name: str, melt: dict[str, float]) -> Floats:
    """The share of each (component, size) in a cold melt.

    What its fractions leave open is inert; its oxygen is bound to its elements in order of affinity, which gives its heat of formation.
    """
    components = site.components
    if components.melt < 0:
        raise ScenarioError([site.scenario.problem(f"units.{name}.initial.melt", "no unit of this plant works on melts")])
    result, total = np.zeros(site.shape), math.fsum(melt.values())
    for element, share in melt.items():
        result[components.melt + ELEMENTS.index(element), 0] = share / max(1.0, total)
    result[components.melt + REST, 0] += max(0.0, 1.0 - total)
    elements = result[components.melt : components.melt + len(ELEMENTS), 0]
    result[components.formation, 0] = site.heat.formation(elements)
    return result
