"""From which delivery a product of a cluster came, also where trucks of a link brought it from another site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels.ancestry import walk_back, walk_back_melted
from twin.plant.trace import Family, Trace, ends_of
from twin.results.cluster import ClusterResult
from twin.results.held import contradictions
from twin.results.read import Result
from twin.scenario import load_stored

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Layer:
    """What is followed at once: kg of each material, or of one element in each material and melts; ``mass`` (edge, column), ``received`` (lot, column)."""

    family: Family
    mass: Floats
    received: Floats
    melted: Ints | None

    def walk(self, weight: Floats) -> None:
        """Hand ``weight`` (lot, column) on to where it came from."""
        family, present = self.family, self.family.present(self.mass, self.received)
        if self.melted is None:
            walk_back(family.lots, family.parents, self.mass, self.received, present, weight)
        else:
            walk_back_melted(family.lots, family.parents, self.mass, self.received, present, self.melted, weight)


@dataclass(frozen=True)
class _Site:
    """A site with its lots: ``first`` (origin,) are those of its origins, ``brought`` says of which lots of which site one of them is made."""

    name: str
    family: Family
    products: tuple[str, ...]
    first: Ints
    layers: Sequence[_Layer]
    columns: Sequence[str]
    brought: Mapping[int, tuple[str, tuple[int, ...]]]

    @property
    def origins(self) -> tuple[Ints, Floats]:
        """Places of the origins in the table of lots, and their mass, kg."""
        return np.flatnonzero(self.family.parents == 0)[::-1], sum(layer.received[self.first].sum(axis=1) for layer in self.layers) + np.zeros(len(self.first))


def trace_cluster(result: ClusterResult, element: str | None = None) -> Trace:
    """Follow products of all sites, ``SITE/PRODUCT``, back to deliveries and initial stocks, ``SITE/UNIT``: a load of a link to what its sender made it of.

    As :func:`twin.plant.trace.trace` does within a site; elements are followed where one of the sites smelts. A load whose sender keeps no lots is an origin.
    Raises :class:`~twin.errors.UsageError` where no site keeps lots, and for an unknown element.
    """
    with contradictions(result.path):
        kept = {name: site for name, site in result.sites.items() if len(site.array("lots/lot"))}
        if not kept:
            raise UsageError(f"{result.path or 'this result'} holds no genealogy of lots: run its sites with 'record: {{genealogy: true}}'")
        axis = _axis(kept, element)
        sites = {name: _site(name, site, result, kept, axis) for name, site in kept.items()}
        return _traced(sites, axis)


def _axis(sites: Mapping[str, Result], element: str | None) -> tuple[str, ...]:
    """What is told apart: an element, all elements, or all materials."""
    elements = tuple(str(name) for name in next(iter(sites.values())).array("element"))
    if element is not None and element not in elements:
        raise UsageError(f"unknown element {element[:40]!r}; known: {', '.join(elements)}")
    if element is not None:
        return (element,)
    if any(len(site.array("process")) for site in sites.values()):
        return elements
    return tuple(dict.fromkeys(str(name) for site in sites.values() for name in site.array("material")))


def _site(name: str, result: Result, whole: ClusterResult, kept: Mapping[str, Result], axis: tuple[str, ...]) -> _Site:
    family = Family.read(result)
    materials = tuple(str(material) for material in result.array("material"))
    elements = [str(element) for element in result.array("element")]
    first = family.lots[np.flatnonzero(family.parents == 0)[::-1]]
    products = tuple(str(product) for product in result.array("product"))
    brought = dict(_brought(name, whole, kept))
    if not set(axis) <= set(elements):
        layers = [_Layer(family, family.mass, family.received(family.mass), None)]
        return _Site(name, family, products, first, layers, materials, brought)
    assay = load_stored(result.scenario, result.files).materials.assay
    melted = np.zeros(int(family.lots.max()) + 1, dtype=np.int64)
    melted[family.lots] = np.isin(family.units, result.array("process")).astype(np.int64)
    masses = [family.of_element(elements.index(one), assay) for one in axis]
    return _Site(name, family, products, first, [_Layer(family, mass, family.received(mass), melted) for mass in masses], (), brought)


def _brought(name: str, whole: ClusterResult, kept: Mapping[str, Result]) -> Iterator[tuple[int, tuple[str, tuple[int, ...]]]]:
    """Yield each lot that a link brought, with the site and the lots it was made of."""
    for link, (sender, receiver) in whole.link_ends.items():
        carried = whole.hauls[link].carried
        if receiver == name and sender in kept:
            lots: dict[int, list[int]] = {}
            for load, lot in carried.sent:
                lots.setdefault(load, []).append(lot)
            yield from ((lot, (sender, tuple(lots[load]))) for load, lot in carried.taken if load in lots)


def _traced(sites: Mapping[str, _Site], axis: tuple[str, ...]) -> Trace:
    places: dict[tuple[str, int], int] = {}
    units: list[str] = []
    times: list[float] = []
    masses: list[float] = []
    for name, site in sites.items():
        rows, origin_mass = site.origins
        for k, row in enumerate(rows.tolist()):
            if int(site.first[k]) not in site.brought:
                places[name, k] = len(units)
                units.append(f"{name}/{site.family.units[row]}")
                times.append(float(site.family.times[row]))
                masses.append(float(origin_mass[k]))
    products = [(name, product) for name, site in sites.items() for product in site.products]
    found = np.zeros((len(products), len(units), len(axis)))
    for p, (name, product) in enumerate(products):
        for place, column, kg in _origins_of(sites, axis, name, product):
            found[p, places[place], column] += kg
    labels = tuple(f"{name}/{product}" for name, product in products)
    return Trace(labels, axis, tuple(units), np.array(times), np.array(masses), found)


def _origins_of(sites: Mapping[str, _Site], axis: tuple[str, ...], name: str, product: str) -> Iterator[tuple[tuple[str, int], int, float]]:
    """Yield (site and place of an origin, place in ``axis``, kg) of all that a product took in; every hop over a link leads to earlier lots."""
    for depth in range(len(sites[name].layers)):
        layer = sites[name].layers[depth]
        waiting = {name: ends_of(layer.family, product, layer.received)}
        while waiting:
            at, weight = waiting.popitem()
            site = sites[at]
            site.layers[depth].walk(weight)
            for k, lot in enumerate(site.first.tolist()):
                if not weight[lot].any():
                    continue
                if lot in site.brought:
                    _hand_on(sites, depth, site, weight[lot], site.brought[lot], waiting)
                elif site.columns:
                    yield from (((at, k), axis.index(material), float(kg)) for material, kg in zip(site.columns, weight[lot], strict=True) if kg)
                else:
                    yield (at, k), depth, float(weight[lot].sum())


def _hand_on(sites: Mapping[str, _Site], depth: int, site: _Site, weight: Floats, made_of: tuple[str, tuple[int, ...]], waiting: dict[str, Floats]) -> None:
    """Put the ``weight`` (column,) of a load on the lots of the sender that it was made of, as they had it."""
    sender = sites[made_of[0]]
    lots, received = list(made_of[1]), sender.layers[depth].received
    there = waiting.setdefault(sender.name, np.zeros_like(received))
    held = received[lots]
    if not site.columns:
        there[lots] += held * (float(weight.sum()) / float(held.sum()))
        return
    for column, material in enumerate(site.columns):
        if weight[column]:
            own = sender.columns.index(material)
            share = held[:, own] if float(held[:, own].sum()) > 0.0 else held.sum(axis=1)
            there[lots, own] += share * (weight[column] / float(share.sum()))
