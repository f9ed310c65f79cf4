"""Means with their intervals, bounds and differences, as people read them: one unit for all numbers of a figure."""

from __future__ import annotations

import math

from twin.quantities import digits
from twin.quantities import unit as unit_named
from twin.results.kpis import COUNTS, Kpi, kpi_text, stem_of

ONE_RUN = "one run, no interval"
ROUNDING = 1e-12
"""A half-width below this share of the sides says nothing of chance."""


def interval_text(name: str, mean: float, low: float, high: float, unit: str) -> str:
    """Return the ends of an interval in the unit in which the mean is shown.

    >>> interval_text("throughput", 1.019, 0.972, 1.066, "kg/s")
    '3.499 to 3.838 t/h'
    """
    factor, shown = unit_for(name, unit, abs(mean))
    if unit == "EUR" and max(abs(low), abs(high)) >= 100.0:
        return f"{low:,.0f} to {high:,.0f} EUR"
    return f"{digits(low / factor)} to {digits(high / factor)} {shown}".rstrip()


def bounds_text(name: str, kpi: Kpi) -> str:
    """Return the bounds that the change of stock sets to a share.

    >>> bounds_text("recovery.Cu", Kpi(0.96, "1", low=0.951, high=0.973))
    '95.1 to 97.3 %'
    """
    return interval_text(name, kpi.value, kpi.low, kpi.high, kpi.unit)


def difference_text(name: str, difference: float, half_width: float | None, unit: str, *sides: float) -> str:
    """Return a difference with its half-width, in the unit in which the larger of the sides is shown; of shares in percentage points (pp).

    >>> difference_text("throughput", 0.0811, 0.0125, "kg/s", 1.019, 1.101)
    '+0.292 ± 0.045 t/h'

    A half-width that is only rounding of the sides is none:

    >>> difference_text("margin", 125_233.594026423, 4.4e-11, "EUR", 9e5, 1.03e6)
    '+125,234 ± 0 EUR'
    """
    if math.isnan(difference):
        return ""
    largest = max((abs(side) for side in sides if not math.isnan(side)), default=0.0)
    factor, shown = unit_for(name, unit, largest)
    if half_width is not None and half_width <= ROUNDING * largest:
        half_width = 0.0
    difference, half_width = difference / factor, None if half_width is None else half_width / factor
    smaller = half_width or abs(difference)
    decimals = max(0, (1 if half_width else 3) - math.floor(math.log10(smaller))) if smaller > 0 else 0
    comma = "," if unit == "EUR" else ""
    number = f"{difference:+{comma}.{decimals}f}" if difference else "0"
    width = f" ± {half_width:{comma}.{decimals}f}" if half_width else " ± 0" if half_width is not None and difference else ""
    return f"{number}{width} {'pp' if shown == '%' else shown}".rstrip()


def unit_for(name: str, unit: str, size: float) -> tuple[float, str]:
    """The unit in which a figure of that size is shown, and what one of it is in SI."""
    if stem_of(name) in COUNTS:
        return 1.0, ""
    if unit == "1":
        return 0.01, "%"
    if unit == "kg/kg":
        return 0.001, "kg/t"
    shown = kpi_text(name, size, unit).partition(" ")[2]
    return (float(unit_named(shown).factor), shown) if size > 0 and unit != "K" else (1.0, unit)
