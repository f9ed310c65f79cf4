"""Puts tanks of fuels and oxygen before the units of the sites that draw from them, and draws up what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from twin.engine.clock import NANOSECONDS
from twin.errors import BalanceError
from twin.plant.build import Built
from twin.results.energy import Values
from twin.scenario.energy.read import Energy
from twin.scenario.energy.stocked import asked_by, stocks_of
from twin.scenario.energy.stocks import OxygenStock, Stock
from twin.scenario.process import ProcessModel
from twin.units.energy.profiles import steps_of
from twin.units.energy.supply_stock import Asker, Recorded, SupplyStock
from twin.units.ground.supply_share import Supply

TOLERANCE = 1e-9
"""The most that a tank may not close by, over what it held and got."""


def join_stocks(energy: Energy, sites: Mapping[str, Built], times: Recorded) -> list[SupplyStock]:
    """Put the tanks last at the last site, as networks, each before the processes that draw from it."""
    return [_join(name, stock, sites, times) for name, stock in stocks_of(energy).items()]


def _join(name: str, model: Stock, sites: Mapping[str, Built], times: Recorded) -> SupplyStock:
    last = list(sites.values())[-1].site
    place, _, name_there = model.of.partition(".")
    what = Supply(name_there, isinstance(model, OxygenStock))
    built = sites[place]
    price = steps_of(model.delivery.price if model.delivery is not None else None, last.scenario.start)
    stock = SupplyStock(name, last.next_index(), last.clock, model, times, price, built.site.stream(f"stock {name}", "lead"))
    last.units.append(stock)
    for process in built.processes:
        unit = built.site.scenario.units.get(process.name)
        if isinstance(unit, ProcessModel) and any(True for _ in asked_by(unit, built.site.scenario, what.name, oxygen=what.oxygen)):
            process.supplies[what] = stock
            stock.askers_of[process] = Asker(f"{place}.{process.name}", partial(process.supply_wanted, what), partial(process.lacks_only, stock))
    stock.arm()
    return stock


def stock_values(stocks: Sequence[SupplyStock]) -> dict[str, Values]:
    """What tanks did, fuels and oxygen apart. Raises :class:`~twin.errors.BalanceError` where one does not close."""
    found: dict[str, Values] = {}
    for group, oxygen in (("fuels", False), ("oxygen", True)):
        chosen = [stock for stock in stocks if isinstance(stock.model, OxygenStock) == oxygen]
        if chosen:
            found |= {f"{group}/{name}": values for name, values in _values(chosen).items()}
    return found


def _values(stocks: Sequence[SupplyStock]) -> dict[str, Values]:
    times = stocks[0].times
    sums = {name: np.array([getattr(stock.sums, name) for stock in stocks]) for name in SUMS} | {"paid": np.array([stock.paid for stock in stocks])}
    last = np.array([stock.level_at(times.horizon) for stock in stocks])
    closures = np.abs(sums["first"] + sums["delivered"] - sums["used"] - last) / np.array([stock.model.capacity for stock in stocks])
    if not closures.max() <= TOLERANCE:
        worst = stocks[int(np.argmax(closures))].label
        raise BalanceError(f"tank {worst!r} does not close by {closures.max():.3g} of what it holds (allowed is {TOLERANCE:g}); please report this")
    return {
        "stock": tuple(stock.label for stock in stocks),
        "of": tuple(stock.model.of for stock in stocks),
        "capacity": np.array([stock.model.capacity for stock in stocks]),
        **sums,
        "last": last,
        "waited": np.array([stock.seconds_waited for stock in stocks]),
        "deliveries": np.array([stock.sums.deliveries for stock in stocks], dtype=np.int64),
        "time": np.array([min((k + 1) * times.every, times.horizon) / NANOSECONDS for k in range(len(stocks[0].content))]),
        "content": np.array([stock.content for stock in stocks]).T,
    }


SUMS = ("first", "used", "delivered", "turned_back", "lacking", "lowest", "paid", "worth")
