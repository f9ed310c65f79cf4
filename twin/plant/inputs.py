"""What key figures need of feeds, products and calculation points besides the arrays: parts of the KPI inputs of a results file."""

from __future__ import annotations

from typing import Any

from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import ACCEPT, Product
from twin.scenario.model import Scenario
from twin.scenario.series import Series


def feed_price_input(model: Feed) -> dict[str, Any]:
    """What a delivery costs; of a series its mean is found afterwards, from what came when."""
    if isinstance(model.price, Series):
        return {"price": 0.0, "by_series": True}
    return {"price": model.price if "price" in model.model_fields_set else None}


def moisture_input(scenario: Scenario) -> dict[str, Any]:
    """The moisture of materials that have some, where a key figure is told on dry mass."""
    water = dict(zip(scenario.materials.names, scenario.materials.properties["moisture"].tolist(), strict=True))
    return {"moisture": found} if (found := {name: share for name, share in water.items() if share > 0.0}) else {}


def points_input(scenario: Scenario) -> dict[str, Any]:
    """The calculation points, each with its act by number."""
    found = {
        name: {"at": list(point.at), "operation": point.operation, "act": point.act, "targets": list(point.targets)}
        for name, point in scenario.calculation_points.items()
    }
    return {"calculation_points": found} if found else {}


def product_input(model: Product, settled: bool) -> dict[str, Any]:
    """What a product is to keep and to bring, and what becomes of its loads; ``settled``: its lots are counted at what each is worth."""
    found: dict[str, Any] = {
        "targets": list(model.aims()),
        "spec": [limit.name for limit in model.spec.limits],
        "price": [list(term) for term in model.price.fixed],
    }
    if settled:
        found["settled"] = True
    if model.sampled is not None:
        found["sampled"] = True
    if model.grade_basis != "as_received":
        found["grade_basis"] = model.grade_basis
    if model.goes_to is not None:
        found["goes_to"] = model.goes_to
    if model.when_off_spec != ACCEPT:
        found["when_off_spec"] = model.when_off_spec
    if model.pickup is not None:
        found["load"] = model.pickup.mass.mean
        if model.pickup.limit is not None:
            found["limited"] = True
        if model.pickup.time is not None:
            found["loads"] = True
    if model.loading is not None:
        found["loads"] = True
    return found
