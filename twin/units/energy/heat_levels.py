"""What the series of a heat network say at a time: it holds until the next of them steps, while boilers and tank make many events in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.units.energy.heat_setup import Setup
from twin.units.energy.profiles import next_change

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Levels:
    """From ``since`` until ``until`` (ns; None: for ever).

    By source: ``heat`` (W, of those that are no boiler's), ``source_price`` (EUR/J), ``source_co2`` (kg/J); by boiler: ``most`` (W), ``ratio``, ``price`` and
    ``co2`` of its carrier, ``costs`` (EUR/J of heat), ``plan`` (W); by user: ``wanted`` (W), ``user_price``. ``pipe``: what the pipe loses, W; ``demand``: W.
    """

    since: int
    until: int | None
    heat: Floats
    source_price: Floats
    source_co2: Floats
    most: Floats
    ratio: Floats
    price: Floats
    co2: Floats
    costs: Floats
    plan: Floats
    wanted: Floats
    user_price: Floats
    pipe: float
    demand: float

    def holds(self, now: int) -> bool:
        """Whether this is what the series say at ``now``, ns."""
        return self.since <= now and (self.until is None or now < self.until)


def levels_at(setup: Setup, now: int) -> Levels:
    """Return what all series say at ``now``, ns."""
    offers, makers, takers, way = setup.offers, setup.makers, setup.takers, setup.way
    pipe = 0.0 if way is None else way.loss(way.ground.at(now))
    return Levels(
        now,
        next_change(list(setup.profiles()), now),
        np.array([offer.heat.at(now) for offer in offers]),
        np.array([offer.price.at(now) for offer in offers]),
        np.array([offer.co2.at(now) for offer in offers]),
        np.array([maker.most.at(now) for maker in makers]),
        np.array([maker.ratio.at(now) for maker in makers]),
        np.array([maker.price.at(now) for maker in makers]),
        np.array([maker.co2.at(now) for maker in makers]),
        np.array([maker.price.at(now) / maker.ratio.at(now) for maker in makers]),
        np.array([maker.plan.at(now) for maker in makers]),
        np.array([taker.heat.at(now) for taker in takers]),
        np.array([taker.price.at(now) for taker in takers]),
        pipe,
        sum(taker.heat.at(now) for taker in takers) + pipe,
    )
