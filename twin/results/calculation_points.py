"""What enters the operations at which acts measure mass, and the shares of a plant's products that it documents: rows of the KPI table.

No loss of the operation itself is reckoned, and none of these figures is what an act calls by the name of a target: that is of a country and a year.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.results.ratios import Values, ratio
from twin.results.tally import CalculationPoint, Totals

if TYPE_CHECKING:
    from twin.results.read import Result

RECYCLING, OTHER_RECOVERY = "recycling", "other_recovery"


def share_at_point(totals: Totals) -> Values:
    """Yield of each target its dry mass that enters the operations over its dry mass that was processed."""
    points = totals.inputs.calculation_points.values()
    for of in dict.fromkeys(target for point in points for target in point.targets):
        entering = math.fsum(totals.dry(stream, of) for point in points if of in point.targets for stream in point.at)
        yield of, ratio(entering, processed(totals, of))


def processed(totals: Totals, of: str) -> float:
    """Return the dry mass (kg) of an element, a material or a group that the plant took in for processing, once."""
    inputs = totals.inputs
    return math.fsum(totals.dry(stream, of) for stream in inputs.intake) - math.fsum(totals.dry(stream, of) for stream in inputs.returned)


def moisture_at_point(totals: Totals) -> Values:
    """Yield the moisture in what enters at each point over all of it."""
    for name, point in totals.inputs.calculation_points.items():
        yield name, ratio(_moisture(totals, point), _mass(totals, point))


def nontarget_at_point(totals: Totals) -> Values:
    """Yield what enters at each point and is neither target nor moisture over all that enters."""
    for name, point in totals.inputs.calculation_points.items():
        targets = math.fsum(totals.dry(stream, of) for stream in point.at for of in _apart(totals, point))
        yield name, ratio(max(0.0, _mass(totals, point) - _moisture(totals, point) - targets), _mass(totals, point))


def acts(totals: Totals) -> str:
    """Return which act each point is of, and what it leads to, for a note."""
    return "; ".join(f"{name}: {', '.join(point.at)} into {point.operation}, {point.act}" for name, point in totals.inputs.calculation_points.items())


def to_recovery(totals: Totals) -> Values:
    """Yield what went to recycling or other recovery over what was processed, where products say what becomes of them."""
    if any(product.goes_to for product in totals.inputs.products.values()):
        yield "", ratio(_to(totals, RECYCLING, OTHER_RECOVERY), totals.processed())


def to_recycling(totals: Totals) -> Values:
    """Yield what went to recycling over what went to recycling or other recovery."""
    if any(product.goes_to for product in totals.inputs.products.values()):
        yield "", ratio(_to(totals, RECYCLING), _to(totals, RECYCLING, OTHER_RECOVERY))


def untold(totals: Totals) -> str:
    """Return which products do not say what becomes of them, for a note."""
    found = [name for name, product in totals.inputs.products.items() if not product.goes_to and totals.mass(name) > 0.0]
    return f"'goes_to' is not said of {', '.join(found)}: counted as not recovered" if found else ""


def shares_by_month(result: Result) -> Iterator[tuple[str, float, float]]:
    """Yield each calendar month after the warm-up ("2026-01"), with ``share_to_recovery`` and ``share_to_recycling`` of the record steps that begin in it.

    Raises ``UsageError`` where no product says what becomes of it. Not a number in a month in which nothing was processed or recovered.
    """
    inputs = result.totals.inputs
    if not any(product.goes_to for product in inputs.products.values()):
        raise UsageError("no product says what becomes of it: give 'goes_to', e.g. recycling")
    start = datetime.fromisoformat(str(result.attrs["start"]))
    bounds, flow = result.array("time_bounds"), result.array("streams/mass_flow")
    streams = result.array("stream").tolist()

    def mass(names: Iterable[str], rows: NDArray[np.bool_]) -> float:
        lengths = (bounds[rows, 1] - bounds[rows, 0])[:, None]
        return math.fsum(float((np.nan_to_num(flow[rows, streams.index(name)]) * lengths).sum()) for name in names)

    moments = [start + timedelta(seconds=round(begin)) for begin in bounds[:, 0].tolist()]
    counted = bounds[:, 0] >= result.totals.begin - 1e-9
    for month in dict.fromkeys(f"{moment:%Y-%m}" for moment, counts in zip(moments, counted.tolist(), strict=True) if counts):
        rows = counted & np.array([f"{moment:%Y-%m}" == month for moment in moments])
        recovered = mass((name for name, product in inputs.products.items() if product.goes_to in (RECYCLING, OTHER_RECOVERY)), rows)
        recycled = mass((name for name, product in inputs.products.items() if product.goes_to == RECYCLING), rows)
        taken = mass(inputs.intake, rows) - mass(inputs.returned, rows)
        yield month, float(ratio(recovered, taken)), float(ratio(recycled, recovered))


def _to(totals: Totals, *outlets: str) -> float:
    return math.fsum(totals.mass(name) for name, product in totals.inputs.products.items() if product.goes_to in outlets)


def _mass(totals: Totals, point: CalculationPoint) -> float:
    return math.fsum(totals.mass(stream) for stream in point.at)


def _moisture(totals: Totals, point: CalculationPoint) -> float:
    return math.fsum(totals.water(stream) for stream in point.at)


def _apart(totals: Totals, point: CalculationPoint) -> list[str]:
    """The targets of a point, groups as their members, each once; elements only where they are all that is aimed at."""
    materials = dict.fromkeys(one for of in point.targets if of not in totals.names["element"] for one in totals.inputs.groups.get(of, (of,)))
    return list(materials) or list(point.targets)


ROWS: tuple[tuple[str, str, str, Callable[[Totals], Values], Callable[[Totals], str]], ...] = (
    (
        "share_at_calculation_point.<X>",
        "1",
        "X that enters the operations stated in calculation_points over X processed, both without moisture; no loss in the operation is reckoned",
        share_at_point,
        acts,
    ),
    ("nontarget_at_calculation_point.<point>", "1", "what enters and is neither target nor moisture over all that enters", nontarget_at_point, acts),
    ("moisture_at_calculation_point.<point>", "1", "moisture over all that enters", moisture_at_point, acts),
    (
        "share_to_recovery",
        "1",
        "mass of products that go to recycling or other recovery over mass processed, where products say what becomes of them",
        to_recovery,
        untold,
    ),
    ("share_to_recycling", "1", "mass of products that go to recycling over mass of those that go to any recovery", to_recycling, untold),
)
"""Name, unit, meaning, values and note of each key figure."""
