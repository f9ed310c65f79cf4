"""From which delivery a product came: shares that follow from the genealogy of lots."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS
from twin.errors import UsageError
from twin.kernels.ancestry import walk_back
from twin.results.read import Result

Floats = NDArray[np.float64]
SHOWN = 12
"""Origins that a printed table names for each product."""


@dataclass(frozen=True)
class Trace:
    """What each product took in, by origin. An *origin* is a delivery or an initial stock.

    ``origin_units`` and ``origin_times`` (s) say which, ``origin_mass`` (origin,) how much, kg. ``mass`` (product, origin, material), kg.
    """

    products: tuple[str, ...]
    materials: tuple[str, ...]
    origin_units: tuple[str, ...]
    origin_times: Floats
    origin_mass: Floats
    mass: Floats

    def shares(self, product: str) -> Floats:
        """Share of each origin in a product, (origin,); they sum to 1. Raises :class:`~twin.errors.UsageError` for an unknown product."""
        if product not in self.products:
            raise UsageError(f"no product {product!r} in the file; known: {', '.join(self.products)}")
        masses: Floats = self.mass[self.products.index(product)].sum(axis=1)
        total = float(masses.sum())
        return masses / total if total > 0.0 else masses

    def rows(self, product: str, most: int = SHOWN) -> list[tuple[str, float, float, float]]:
        """The origins with the largest shares: (unit, time s, share of the product, share of the origin that went there)."""
        shares = self.shares(product)
        masses = self.mass[self.products.index(product)].sum(axis=1)
        order = sorted(range(len(shares)), key=lambda k: (-shares[k], k))[:most]
        return [(self.origin_units[k], float(self.origin_times[k]), float(shares[k]), float(masses[k] / self.origin_mass[k])) for k in order if shares[k] > 0.0]

    def __repr__(self) -> str:
        lines = []
        for product in self.products:
            lines.append(f"{product}")
            lines += [f"  {unit:24} {time / 86400:9.3f} d  {100 * share:6.2f} % of the product" for unit, time, share, _ in self.rows(product)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{html.escape(product)}</td><td>{html.escape(unit)}</td><td>{time / 86400:.3f} d</td><td>{100 * share:.2f} %</td></tr>"
            for product in self.products
            for unit, time, share, _ in self.rows(product)
        )
        return f"<table><tr><th>product</th><th>origin</th><th>time</th><th>share</th></tr>{body}</table>"


def trace(result: Result) -> Trace:
    """Follow every product back to deliveries and initial stocks.

    Within a material a mix is perfect, so shares are exact material by material. Raises :class:`~twin.errors.UsageError` where the run kept no
    genealogy.
    """
    lots = result.array("lots/lot").astype(np.int64)
    if not len(lots):
        raise UsageError(f"{result.path or 'this result'} holds no genealogy of lots: run the scenario with 'record: {{genealogy: true}}'")
    parents, mass = result.array("lots/parent").astype(np.int64), np.ascontiguousarray(result.array("lots/mass"))
    units, times = [str(unit) for unit in result.array("lots/at_unit")], result.array("lots/at_time")
    received = np.zeros((int(lots.max()) + 1, mass.shape[1]))
    np.add.at(received, lots, mass)
    order = np.argsort(-lots, kind="stable")
    backwards = lots[order].copy(), parents[order].copy(), np.ascontiguousarray(mass[order])
    origins = [k for k in range(len(lots)) if parents[k] == 0]
    origin_lots = lots[origins]
    products = tuple(str(name) for name in result.array("product"))
    found = np.zeros((len(products), len(origins), mass.shape[1]))
    unit_of = np.array(units)
    for p, product in enumerate(products):
        weight = np.zeros_like(received)
        ends = np.unique(lots[unit_of == product])
        weight[ends] = received[ends]
        walk_back(*backwards, received, weight)
        found[p] = weight[origin_lots]
    return Trace(
        products,
        tuple(str(name) for name in result.array("material")),
        tuple(units[k] for k in origins),
        np.asarray(times[origins], dtype=np.float64) / NANOSECONDS,
        received[origin_lots].sum(axis=1),
        found,
    )
