"""A batch test: a weighed batch through the empty plant, and where each material of it ended, as standards for treatment plants ask for.

The plant is the scenario's without what belongs to a day's work: no shifts, breakdowns, hazards, maintenance, shared hands or events, empty bunkers,
products that take at once, and one delivery of the feed's mean composition. Its machines, loads and splits are those of the scenario.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import RunError, UsageError
from twin.plant.api import load, run
from twin.plant.topology import derive
from twin.quantities import format_quantity
from twin.results.read import Result
from twin.scenario import Scenario
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.problems import nearest
from twin.scenario.process import ProcessModel

Floats = NDArray[np.float64]
THROUGH = 1e-9
"""Share of the batch that may be left in the plant when it counts as through."""
LEAST, MOST = 1.0, 1e7
"""kg; below a kilogram lots are lost in rounding, and ten thousand tonnes are no batch."""
FIRST_HORIZON, LONGEST = 86_400.0, 400 * 86_400.0
_STOPS = ("calendar", "failures", "failures_by_cause", "repair", "stops", "hazards", "maintenance", "needs", "blocking", "wear")
_VARIATIONS = ("season", "trend", "campaigns", "hazards", "variability", "assay_spread", "sampling", "calendar", "unload", "queue_limit", "schedule", "price")


@dataclass(frozen=True)
class BatchTest:
    """Where a batch of ``mass`` kg went. ``products`` (product,) kg, ``materials`` (material, product) kg, ``elements`` (element, product) kg.

    ``brought`` (material,) and ``brought_elements`` (element,) kg came in; ``left`` kg stayed in the plant, where lines blend or loops hold something back.
    ``seconds``: how long it took. ``residual``: in less out less left, kg.
    """

    feed: str
    mass: float
    seconds: float
    product_names: tuple[str, ...]
    material_names: tuple[str, ...]
    element_names: tuple[str, ...]
    products: Floats
    materials: Floats
    elements: Floats
    brought: Floats
    brought_elements: Floats
    left: float
    residual: float

    def recovery(self, element: str) -> dict[str, float]:
        """Return the share of an element in the batch that went to each product."""
        e = self.element_names.index(element)
        total = float(self.brought_elements[e])
        return {name: float(mass) / total if total > 0.0 else float("nan") for name, mass in zip(self.product_names, self.elements[e].tolist(), strict=True)}


def batch_test(scenario: Scenario, mass: float, feed: str | None = None, composition: Mapping[str, float] | None = None) -> BatchTest:
    """Send one batch of ``mass`` kg of a feed (the first one where not named) through the empty plant.

    ``composition`` replaces the feed's, shares in sum 1. Raises :class:`~twin.errors.UsageError` for an unknown feed or a plant with furnaces, and
    :class:`~twin.errors.RunError` where the batch never comes through.
    """
    feeds = [name for name, model in scenario.units.items() if isinstance(model, Feed)]
    chosen = feed if feed is not None else feeds[0]
    if chosen not in feeds:
        raise UsageError(f"no feed {chosen!r} in {scenario.name!r}; {nearest(chosen, feeds)}")
    if any(isinstance(model, ProcessModel) for model in scenario.units.values()):
        raise UsageError(f"{scenario.name!r} has furnaces, whose heels and returns no single batch describes: a batch test is for sorting plants")
    if not LEAST <= mass <= MOST:
        limits = f"from {format_quantity(LEAST, 'kg')} to {format_quantity(MOST, 'kg')}"
        raise UsageError(f"a batch {limits} is needed, e.g. '5 t' (got {format_quantity(mass, 'kg')})")
    horizon = FIRST_HORIZON
    while True:
        result = run(load(_stripped(scenario, chosen, mass, composition, horizon), files=scenario.files))
        with result:
            found = _outcome(result, scenario, chosen, mass)
        if found.left <= THROUGH * mass or horizon >= LONGEST:
            break
        horizon *= 4.0
    if found.left > 0.5 * mass:
        raise RunError(
            f"batch test of {scenario.name!r}: {format_quantity(found.left, 'kg')} of {format_quantity(mass, 'kg')} were still in the plant after "
            f"{format_quantity(horizon, 's')}; a line that blends several bunkers waits for material that one feed does not bring"
        )
    return found


def _stripped(scenario: Scenario, feed: str, mass: float, composition: Mapping[str, float] | None, horizon: float) -> dict[str, Any]:
    """The merged scenario, with one delivery and nothing that stops it."""
    merged = scenario.merged
    assert isinstance(merged, dict)
    tree: dict[str, Any] = copy.deepcopy(merged)
    tree.pop("events", None)
    tree["time"] = {"start": scenario.start.isoformat(), "horizon": f"{horizon!r} s"}
    tree["record"] = {"every": f"{horizon!r} s"}
    heads = [line.name for line in derive(scenario).lines]
    for name, model in scenario.units.items():
        unit = tree["units"][name]
        if isinstance(model, Feed):
            for key in _VARIATIONS:
                unit.pop(key, None)
            own = dict(model.composition) if model.composition is not None else _mean_of_schedule(model)
            shares = dict(composition) if composition is not None and name == feed else own
            first = "0 s" if name == feed else f"{2 * horizon!r} s"
            unit.update(mass=f"{mass!r} kg", every=f"{4 * horizon!r} s", first=first, limit=1, composition=shares)
        elif isinstance(model, Bunker):
            unit.pop("initial", None)
            unit["capacity"] = f"{max(model.capacity, 2.0 * mass)!r} kg"
        elif isinstance(model, Product):
            for key in ("pickup", "when_off_spec", "reroute", "reject_price", "penalty", "penalties"):
                unit.pop(key, None)
        else:
            for key in _STOPS:
                unit.pop(key, None)
            if name in heads:
                unit["partial"] = True
    return tree


def _mean_of_schedule(model: Feed) -> dict[str, float]:
    """The composition of all deliveries of a schedule together."""
    schedule = model.schedule
    assert schedule is not None
    assert schedule.fractions is not None
    total = sum(schedule.masses)
    rows = list(zip(schedule.masses, schedule.fractions, strict=True))
    return {name: sum(m * row[k] for m, row in rows) / total for k, name in enumerate(schedule.materials)}


def _outcome(result: Result, scenario: Scenario, feed: str, mass: float) -> BatchTest:
    names = {axis: tuple(str(name) for name in result.array(axis)) for axis in ("product", "material", "element", "stream")}
    kg = result.array("streams/mass_flow").sum(axis=0) * float(result.array("time")[0])
    rows = [names["stream"].index(name) for name in names["product"]]
    materials = kg[rows].T
    return BatchTest(
        feed,
        mass,
        _last_flow(result),
        names["product"],
        names["material"],
        names["element"],
        materials.sum(axis=0),
        materials,
        result.array("balance/out_by_product"),
        result.array("balance/material_in"),
        result.array("balance/in"),
        float(result.array("balance/stored").sum()),
        float(result.array("balance/residual").sum()),
    )


def _last_flow(result: Result) -> float:
    """How long the line ran that ran longest, s; units that are no line have no states."""
    states = [str(name) for name in result.array("state")]
    running = result.array("units/state_share")[:, :, states.index("running")] * float(result.array("time")[0])
    return float(np.nanmax(running.sum(axis=0)))
