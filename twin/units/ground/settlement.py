"""Settlement of traded lots: payable metal at the price of a period, less charges; paid provisionally at delivery, and finally later.

The terms are those that concentrates and scrap are usually traded on; source: from memory of contracts, unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import nanoseconds
from twin.engine.meter import Steps
from twin.engine.streams import Stream
from twin.engine.unit import State
from twin.measurement import UNIFORMS, Measurement
from twin.quantities import NANOSECONDS
from twin.scenario.series import Series
from twin.scenario.settlement import MetalTerms
from twin.scenario.settlement import Settlement as Terms

Floats = NDArray[np.float64]


def payable_share(assay: float, payable: float, minimum_deduction: float) -> float:
    """Return the share of the dry mass that is paid as metal: ``payable`` of the assay, but at least ``minimum_deduction`` less than it, and not below 0.

    >>> payable_share(0.25, 0.965, 0.01), payable_share(0.40, 0.965, 0.01), payable_share(0.008, 0.965, 0.01)
    (0.24, 0.386, 0.0)
    """
    return max(0.0, min(payable * assay, assay - minimum_deduction))


def settled_assay(seller: float, buyer: float, umpire: float, splitting_limit: float) -> float:
    """Return the assay that counts: the mean of both parties' where they differ by no more than the limit, else the middle one of theirs and the umpire's.

    >>> round(settled_assay(0.252, 0.248, 0.1, 0.005), 3), settled_assay(0.26, 0.24, 0.255, 0.005), settled_assay(0.26, 0.24, 0.23, 0.005)
    (0.25, 0.255, 0.24)
    """
    return 0.5 * (seller + buyer) if abs(seller - buyer) <= splitting_limit else sorted((seller, buyer, umpire))[1]


def penalty(share: float, free: float, charge: float, per: float) -> float:
    """Return what an impurity costs, EUR per kg of dry mass: ``charge`` for each ``per`` of its share above ``free``.

    .35 % where .2 % are free, at 5 EUR/t for each .1 %, is 7.5 EUR/t:

    >>> round(1000.0 * penalty(0.0035, 0.002, 0.005, 0.001), 9)
    7.5
    """
    return charge * max(0.0, share - free) / per


class Lots(Protocol):
    """What counts the worth of lots as they leave: EUR of those in the window, and what is paid in it for these and earlier ones."""

    @property
    def value(self) -> float: ...

    @property
    def paid(self) -> float: ...

    def lot(self, rows: Floats, amount: float, now: int) -> None: ...

    def save(self) -> State: ...

    def load(self, state: State) -> None: ...


@dataclass
class Metal:
    """What a kg of each component holds of a metal, its terms and prices, and how a laboratory measures its share of the dry mass."""

    content: list[float]
    terms: MetalTerms
    prices: Steps
    assay: Measurement


class Settlement:
    """The lots of one product. ``value``: EUR of the lots that left from ``begin`` (ns) on; ``paid``: EUR from then to ``end``, for these and earlier ones.

    Stream: ``measurement``, three numbers for each assay (seller's, buyer's, umpire's) of a metal that has an error.
    """

    def __init__(self, terms: Terms, content_of: Callable[[str], Floats], stream: Stream, start: datetime, window: tuple[int, int]) -> None:
        """``content_of(name)``: what a kg of each component holds of an element, material or group (component,)."""
        self.terms, self.stream, self.start = terms, stream, start
        contents = [content_of(name) for name in terms.metals]
        self.impurities = [(content_of(name).tolist(), own) for name, own in terms.penalties.items()]
        self.begin, self.end = window
        self.metals = [
            Metal(content.tolist(), own, _steps(own, start), Measurement(f"share.{name}", "instant", absolute=own.assay_error))
            for (name, own), content in zip(terms.metals.items(), contents, strict=True)
        ]
        self.final_after = nanoseconds(terms.final_after)
        self.value = self.paid = 0.0

    def lot(self, rows: Floats, amount: float, now: int) -> None:
        """A lot of ``amount`` kg with ``rows`` (component,), kg, leaves."""
        first, last = self._worth(rows.tolist(), amount, now)
        provisional = self.terms.provisional * first
        if now >= self.begin:
            self.value += last
            self.paid += provisional
        if self.begin <= now + self.final_after < self.end:
            self.paid += last - provisional

    def _worth(self, masses: list[float], amount: float, now: int) -> tuple[float, float]:
        """What a lot is worth at delivery by the seller's assays, and in the end, EUR; 0 of a lot without dry mass, which is assayed all the same."""
        dry = amount * (1.0 - self.terms.moisture)
        first = last = 0.0 - dry * self.terms.treatment_charge
        for content, of in self.impurities:
            share = _share(masses, content, dry)
            first = last = first - dry * penalty(share, of.free, of.charge, of.per)
        for metal in self.metals:
            own = metal.terms
            true = _share(masses, metal.content, dry)
            seller, settled = self._assays(true, metal)
            at_delivery, of_period = metal.prices.at(now), metal.prices.mean(*self._period(now))
            first += dry * payable_share(seller, own.payable, own.minimum_deduction) * (at_delivery - own.refining_charge)
            last += dry * payable_share(settled, own.payable, own.minimum_deduction) * (of_period - own.refining_charge)
        return first, last

    def _assays(self, true: float, metal: Metal) -> tuple[float, float]:
        """The seller's assay and the one that counts; each lies between 0 and 1."""
        if not metal.terms.assay_error:
            return true, true
        readings = [metal.assay.read(true, [self.stream.uniform() for _ in range(UNIFORMS)]) for _ in range(3)]
        seller, buyer, umpire = (min(max(reading, 0.0), 1.0) for reading in readings)
        return seller, settled_assay(seller, buyer, umpire, metal.terms.splitting_limit)

    def _period(self, now: int) -> tuple[int, int]:
        """The time, ns, whose mean price counts."""
        if self.terms.price_period == "delivery":
            return now, now
        moment = self.start + timedelta(microseconds=now // 1000)
        begin = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        if self.terms.price_period == "next_month":
            begin = _next_month(begin)
        return _since(begin, self.start), _since(_next_month(begin), self.start)

    def save(self) -> State:
        """The sums, and how many numbers were drawn."""
        return {"value": self.value, "paid": self.paid, "used": self.stream.used}

    def load(self, state: State) -> None:
        """Take over saved sums."""
        self.value, self.paid = state["value"], state["paid"]
        self.stream.rewind(state["used"])


class PricedLots:
    """The lots of a product of which a price changes in time: each is worth what stands in the price as it leaves, and is paid at once.

    ``terms``: what a kg of each component holds of what is priced (None: the whole mass is), its price, and the share that is paid.
    """

    def __init__(self, terms: Sequence[tuple[Floats | None, float | Series, float]], start: datetime, begin: int) -> None:
        self.terms = [(None if content is None else content.tolist(), steps_of(price, start), payable) for content, price, payable in terms]
        self.begin = begin
        self.value = self.paid = 0.0

    def lot(self, rows: Floats, amount: float, now: int) -> None:
        """A lot of ``amount`` kg with ``rows`` (component,), kg, leaves."""
        if now < self.begin:
            return
        masses = rows.tolist()
        for content, prices, payable in self.terms:
            priced = amount if content is None else sum([mass * share for mass, share in zip(masses, content, strict=True)])
            self.value += prices.at(now) * payable * priced
        self.paid = self.value

    def save(self) -> State:
        """The sums."""
        return {"value": self.value, "paid": self.paid}

    def load(self, state: State) -> None:
        """Take over saved sums."""
        self.value, self.paid = state["value"], state["paid"]


def _share(masses: list[float], content: list[float], dry: float) -> float:
    """What the dry mass holds; 0 where there is none: a weighbridge may show nothing of a load."""
    return sum(mass * part for mass, part in zip(masses, content, strict=True)) / dry if dry > 0.0 else 0.0


def _steps(terms: MetalTerms, start: datetime) -> Steps:
    return steps_of(terms.price, start)


class SoldLots:
    """The lots of a product of which links take some. What its own trucks take is worth what ``own`` says, what links take what their receivers pay for it,
    as soon as they took it in, from ``begin`` (ns) on.
    """

    def __init__(self, own: Lots, begin: int) -> None:
        self.own, self.begin = own, begin
        self.by_link = False
        """Whether what leaves just now is taken by a link."""
        self._value = self._paid = 0.0

    def lot(self, rows: Floats, amount: float, now: int) -> None:
        """A lot of ``amount`` kg with ``rows`` (component,), kg, leaves."""
        if not self.by_link:
            self.own.lot(rows, amount, now)

    def received(self, worth: float, paid: float, now: int) -> None:
        """A receiver took in what is ``worth`` so much, of which so much is ``paid`` until the end, EUR."""
        if now >= self.begin:
            self._value += worth
            self._paid += paid

    @property
    def value(self) -> float:
        """EUR of all lots in the window."""
        return self.own.value + self._value

    @property
    def paid(self) -> float:
        """EUR of that, and of earlier lots, that is paid in the window."""
        return self.own.paid + self._paid

    def save(self) -> State:
        """The sums."""
        return {"own": self.own.save(), "value": self._value, "paid": self._paid}

    def load(self, state: State) -> None:
        """Take over saved sums."""
        self.own.load(state["own"])
        self._value, self._paid = state["value"], state["paid"]


def steps_of(price: float | Series, start: datetime) -> Steps:
    """Return a price, or anything that holds until it changes, as steps of the run."""
    if isinstance(price, Series):
        return Steps([round(second * NANOSECONDS) for second in price.seconds(start)], price.values)
    return Steps([0], [price])


def _next_month(moment: datetime) -> datetime:
    return (moment + timedelta(days=32)).replace(day=1)


def _since(moment: datetime, start: datetime) -> int:
    return (moment - start) // timedelta(microseconds=1) * 1000
