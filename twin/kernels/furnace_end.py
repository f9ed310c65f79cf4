"""When a furnace phase ends: what its tests ask for, and by how much they hold."""

from __future__ import annotations

import math

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_tables import ROW, TEST
from twin.kernels.record_table import Record, Records


@kernel()
def kg_of(row: Floats, elements: int) -> float:
    """Mass of a row (element + 2,): kg of its elements."""
    total = 0.0
    for i in range(elements):
        total += row[i]
    return total


@kernel()
def _asked(test: Record, new: Floats, then: Record, blown: float, elements: int) -> float:
    """The value of what an end test asks for."""
    what, element = test.quantity, test.element
    metal, slag = kg_of(new[ROW.metal], elements), kg_of(new[ROW.slag], elements)
    value = 0.0
    if what == TEST.metal:
        value = new[ROW.metal, element] / metal if metal > 0.0 else 0.0
    elif what == TEST.slag:
        value = new[ROW.slag, element] / slag if slag > 0.0 else 0.0
    elif what == TEST.slag_and_drops:
        drops = then.entrained / metal if metal > 0.0 else 0.0
        mass = slag + drops * metal
        value = (new[ROW.slag, element] + drops * new[ROW.metal, element]) / mass if mass > 0.0 else 0.0
    elif what == TEST.temperature:
        value = then.temperature
    elif what == TEST.log_po2:
        value = then.log_po2
    elif what == TEST.oxygen:
        value = blown
    elif what == TEST.entrained:
        value = then.entrained / slag if slag > 0.0 else 0.0
    return value


@kernel()
def margin(tests: Records, new: Floats, then: Record, blown: float, elements: int) -> float:
    """By how much the worst test holds, positive where all do: in its own unit, as share of the limit where that is not zero. Inf without tests."""
    worst = math.inf
    for k in range(tests.shape[0]):
        test = tests[k]
        scale = abs(test.limit) if test.limit != 0.0 else 1.0
        worst = min(worst, test.way * (_asked(test, new, then, blown, elements) - test.limit) / scale)
    return worst
