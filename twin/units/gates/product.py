"""Products: what leaves the plant, at once, by pick-ups or by orders, and whether it keeps its specification.

What is judged is a *lot*: what a truck draws from one bunker, or what arrives where a product takes all at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.scenario.kinds.product import Product as ProductModel
from twin.units.gates.orders import OrderBay, Orders
from twin.units.gates.pickups import Bay, PickUps
from twin.units.gates.taker import Taker
from twin.units.gates.trucks import Ramp
from twin.units.ground.account import Account
from twin.units.ground.assembly import Assembly
from twin.units.ground.sink import Sink

Floats = NDArray[np.float64]


class Product:
    """The kind's behaviour: a sink for what is delivered at once, a drain of a bunker, pick-ups or orders."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: ProductModel) -> None:
        """Add the product to the plant."""
        bunkers = [site.bunkers[source] for source in model.from_ if source in site.bunkers]
        account = site.accounts[name] = Account(site, name, model)
        if not bunkers:
            site.receivers[name] = Sink(name, account)
            return
        if model.orders:
            _take_orders(site, name, bunkers, account, model)
        if model.pickup is not None:
            _pick_up(site, name, bunkers, account, model)
        elif not model.orders:
            _add(site, Drain(site, name, site.next_index(), bunkers, account))


def _add(site: Assembly, unit: Taker) -> None:
    for bunker in unit.bunkers:
        bunker.takers.append(unit)
    site.units.append(unit)


def _pick_up(site: Assembly, name: str, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
    """Trucks take what they find."""
    pickups = PickUps(site, name, site.next_index(), bunkers, account, model)
    _add(site, pickups)
    if pickups.model.time is not None:
        pickups.bay = Bay(site, f"{name}.bay", name, pickups)
        site.units.append(pickups.bay)
        pickups.bay.ramp = Ramp(f"{name}.loading", site.next_index(), pickups.bay)
        site.units.append(pickups.bay.ramp)


def _take_orders(site: Assembly, name: str, bunkers: list[Bunker], account: Account, model: ProductModel) -> None:
    """Orders take what lies there before trucks that come at the same instant."""
    orders = Orders(site, name, bunkers, account, model)
    _add(site, orders)
    if model.loading is not None:
        orders.bay = OrderBay(site, name, orders, model.loading)
        site.units.append(orders.bay)
        orders.bay.ramp = Ramp(f"{name}.order_loading", site.next_index(), orders.bay)
        site.units.append(orders.bay.ramp)


class Drain(Taker):
    """A product without pick-ups empties its bunkers whenever something lies in them."""

    def step(self, now: int) -> bool:
        for bunker in self.bunkers:
            if bunker.has(self, 0.0):
                self.draw(bunker, bunker.level, now)
        for bunker in self.bunkers:
            bunker.getters.join(self, 0.0)
        return False
