"""From which delivery a product came: shares that follow from the genealogy of lots."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels.ancestry import walk_back, walk_back_melted
from twin.quantities import DAY, NANOSECONDS
from twin.results.held import contradictions
from twin.results.read import Result
from twin.scenario import load_stored

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_LOTS = 1_000_000
"""Numbers of lots that may have no row: those before a run was saved, say."""
SHOWN = 12
"""Origins that a printed table names for each product."""


@dataclass(frozen=True)
class Trace:
    """What each product took in, by origin. An *origin* is a delivery or an initial stock.

    ``origin_units`` and ``origin_times`` (s) say which, ``origin_mass`` (origin,) how much, kg. ``mass`` (product, origin, material), kg; in a
    plant that smelts its last axis, ``materials``, names elements.
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
            lines += [f"  {unit:24} {time / DAY:9.3f} d  {100 * share:6.2f} % of the product" for unit, time, share, _ in self.rows(product)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{html.escape(product)}</td><td>{html.escape(unit)}</td><td>{time / DAY:.3f} d</td><td>{100 * share:.2f} %</td></tr>"
            for product in self.products
            for unit, time, share, _ in self.rows(product)
        )
        return f"<table><tr><th>product</th><th>origin</th><th>time</th><th>share</th></tr>{body}</table>"


@dataclass(frozen=True)
class Family:
    """The table of lots, edges sorted by lot, youngest first. ``mass`` (edge, material), ``elements`` (edge, element), kg.

    An edge of a lot to itself, first of its edges, says what came apart in it: below 0 for the composite, above 0 for its constituents.
    """

    lots: Ints
    parents: Ints
    mass: Floats
    elements: Floats
    units: NDArray[np.str_]
    times: Floats

    @classmethod
    def read(cls, result: Result) -> Family:
        lots = result.array("lots/lot").astype(np.int64)
        if not len(lots):
            raise UsageError(f"{result.path or 'this result'} holds no genealogy of lots: run the scenario with 'record: {{genealogy: true}}'")
        order = np.lexsort((lots != result.array("lots/parent").astype(np.int64), -lots))
        columns = {name: result.array(f"lots/{name}")[order] for name in ("lot", "parent", "mass", "element_mass", "at_unit", "at_time")}
        numbers = columns["lot"].astype(np.int64), columns["parent"].astype(np.int64)
        cls._check(numbers)
        masses = np.ascontiguousarray(columns["mass"]), np.ascontiguousarray(columns["element_mass"])
        return cls(*numbers, *masses, columns["at_unit"], columns["at_time"] / NANOSECONDS)

    @staticmethod
    def _check(numbers: tuple[Ints, Ints]) -> None:
        """Lots and parents are places in arrays that compiled code walks through unchecked: each lot made later than its parents, none far from the others."""
        lots, parents = numbers
        most = int(lots.max())
        if int(lots.min()) < 1 or most > MOST_LOTS + 2 * len(lots) or int(parents.min()) < 0 or bool((parents > lots).any()):
            raise ValueError(f"lots numbered from {lots.min()} to {most}, made of {parents.min()} to {parents.max()}")

    def received(self, mass: Floats) -> Floats:
        """What each lot received in all (lot, …) of ``mass`` (edge, …)."""
        total = np.zeros((int(self.lots.max()) + 1, mass.shape[1]))
        others = np.flatnonzero(self.lots != self.parents)[::-1]
        np.add.at(total, self.lots[others], mass[others])
        return total

    def present(self, mass: Floats, received: Floats) -> Floats:
        """What each lot holds once composites have come apart in it, (lot, …); composites as received."""
        total = received.copy()
        own = np.flatnonzero(self.lots == self.parents)
        np.add.at(total, self.lots[own], np.maximum(mass[own], 0.0))
        return total

    def of_element(self, e: int, assay: Floats) -> Floats:
        """Kg of an element in each material and, last, in melts, (edge, material + 1); where assays vary, materials share it by the catalogue's."""
        in_materials = self.mass * assay[:, e]
        known = in_materials.sum(axis=1)
        melt = self.elements.sum(axis=1) - self.mass.sum(axis=1) > 1e-9 * self.elements.sum(axis=1)
        whole = (known > 0.0) & ~melt & (self.lots != self.parents)
        scale = np.divide(self.elements[:, e], known, out=np.ones_like(known), where=whole)
        left = np.where(melt, np.maximum(self.elements[:, e] - known, 0.0), 0.0)
        return np.ascontiguousarray(np.hstack([in_materials * scale[:, None], left[:, None]]))


def trace(result: Result, element: str | None = None) -> Trace:
    """Follow every product back to deliveries and initial stocks.

    Within a material a mix is perfect, so shares are exact material by material; through furnaces they are exact element by element, since a bath is
    perfectly mixed. What came of a composite counts as the composite that was delivered.
    In a plant that smelts all elements are followed, or ``element`` alone. Air, oxygen and fuel are origins too, named after
    their furnace. Raises :class:`~twin.errors.UsageError` where the run kept no genealogy.
    """
    with contradictions(result.path):
        return _traced(result, element)


def _traced(result: Result, element: str | None) -> Trace:
    family = Family.read(result)
    products = tuple(str(name) for name in result.array("product"))
    names = tuple(str(name) for name in result.array("element"))
    if element is not None and element not in names:
        raise UsageError(f"unknown element {element[:40]!r}; known: {', '.join(names)}")
    smelts = len(result.array("process")) > 0
    origins = np.flatnonzero(family.parents == 0)[::-1]
    first = family.lots[origins]
    axis = (element,) if element is not None else names if smelts else tuple(str(name) for name in result.array("material"))
    found = np.zeros((len(products), len(origins), len(axis)))
    if not smelts and element is None:
        received = family.received(family.mass)
        for p, product in enumerate(products):
            weight = ends_of(family, product, received)
            walk_back(family.lots, family.parents, family.mass, received, family.present(family.mass, received), weight)
            found[p] = weight[first]
        origin_mass = received[first].sum(axis=1)
    else:
        assay = load_stored(result.scenario, result.files).materials.assay
        melted = np.zeros(int(family.lots.max()) + 1, dtype=np.int64)
        melted[family.lots] = np.isin(family.units, result.array("process")).astype(np.int64)
        origin_mass = np.zeros(len(origins))
        for k, name in enumerate(axis):
            mass = family.of_element(names.index(name), assay)
            received = family.received(mass)
            origin_mass += received[first].sum(axis=1)
            for p, product in enumerate(products):
                weight = ends_of(family, product, received)
                walk_back_melted(family.lots, family.parents, mass, received, family.present(mass, received), melted, weight)
                found[p, :, k] = weight[first].sum(axis=1)
    return Trace(products, axis, tuple(str(unit) for unit in family.units[origins]), family.times[origins], origin_mass, found)


def ends_of(family: Family, product: str, received: Floats) -> Floats:
    """What a product took in, by lot."""
    weight = np.zeros_like(received)
    ends = np.unique(family.lots[family.units == product])
    weight[ends] = received[ends]
    return weight
