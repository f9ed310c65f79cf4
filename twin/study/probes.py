"""What a study reads of a run beside its key figures: figures over windows, means of quantities, partition curves, batch tests.

A probe is a name and where to look; its values come back in the place of the run's key figures, small enough for thousands of runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.quantities import NANOSECONDS, format_quantity
from twin.results.kpis import KPIS, Kpi
from twin.results.read import Result
from twin.scenario import Scenario
from twin.scenario.problems import nearest

Floats = NDArray[np.float64]
Of = Literal["figure", "quantity", "passage", "batch"]
Over = Literal["mean", "sum", "instant"]
MONEY = frozenset(
    ("revenue", "feed_cost", "energy_cost", "stock_value", "margin", "margin_cash", "cost", "operating_result", "settled", "unpaid", "penalties", "penalty")
)
"""Figures that rest on sums over the whole run where prices are series or lots are settled."""
_UNITS = {definition.pattern.partition(".")[0]: definition.unit for definition in KPIS}


@dataclass(frozen=True)
class Probe:
    """Where to look: ``what`` from ``begin`` to ``end``, s from the start; None for the run's own window, after the warm-up.

    ``of`` says what ``what`` is: the ``figure`` named so; a ``quantity`` by its name, its ``over`` a mean, a sum (a flow's mass, kg) or the instant
    ``end``; the ``passage``, the share of what leaves a machine in size class ``size`` that goes to the stream ``what``, of all ``streams``; or in a ``batch``
    test of ``mass`` kg of ``feed`` the share of ``what`` (a material or an element; "" for all) that went to the product ``streams[0]``.
    """

    name: str
    of: Of
    what: str
    begin: float | None = None
    end: float | None = None
    over: Over = "mean"
    streams: tuple[str, ...] = ()
    size: int = -1
    mass: float = 0.0
    feed: str = ""

    def plain(self) -> dict[str, Any]:
        """Return all that it says, for the key of a run."""
        return asdict(self)


def unit_of_figure(name: str) -> str | None:
    """Return the SI unit of a key figure by its name, None for a name that begins like none.

    >>> unit_of_figure("recovery.Cu"), unit_of_figure("throughput")
    ('1', 'kg/s')
    """
    return _UNITS.get(name.partition(".")[0])


def take(probes: Sequence[Probe], result: Result, scenario: Scenario) -> dict[str, Kpi]:
    """Return what the probes find in a finished run, by their names. Raises ``UsageError`` for what the run does not have."""
    batches: dict[tuple[str, float], Any] = {}
    sums: Sums = {}
    found: dict[str, Kpi] = {}
    for probe in probes:
        if probe.of == "batch":
            found[probe.name] = Kpi(_of_batch(probe, scenario, batches), "1")
        else:
            found[probe.name] = _READ[probe.of](probe, result, sums)
    return found


Sums = dict[tuple[float | None, float | None], Any]


def _figure(probe: Probe, result: Result, sums: Sums) -> Kpi:
    if probe.begin is None and probe.end is None:
        return _named(probe, dict(result.kpis))
    window = probe.begin, probe.end
    if window not in sums:
        sums[window] = result.totals_between(probe.begin, probe.end), {}
    totals, known = sums[window]
    stem = probe.what.partition(".")[0]
    if stem in MONEY and (totals.metered.settled or totals.metered.fees):
        raise UsageError(f"{probe.name}: {probe.what} is known over the whole run only, as its prices are a series or settled by lot; leave its window out")
    if stem not in known:
        known[stem] = {name: kpi for row in KPIS if row.pattern.partition(".")[0] == stem for name, kpi in row.named(totals)}
    return _named(probe, known[stem])


def _named(probe: Probe, known: Mapping[str, Kpi]) -> Kpi:
    if probe.what not in known:
        raise UsageError(f"{probe.name}: the run has no key figure {probe.what!r}; {nearest(probe.what, known)}")
    return Kpi(known[probe.what].value, known[probe.what].unit)


def _steps(probe: Probe, result: Result) -> tuple[slice, Floats]:
    """The record steps of a window and their lengths, s."""
    bounds = result.array("time_bounds")
    begin = float(result.attrs["warmup"]) if probe.begin is None else probe.begin
    first = int(np.searchsorted(bounds[:, 0], begin - 1.0 / NANOSECONDS))
    last = len(bounds) if probe.end is None else int(np.searchsorted(bounds[:, 0], probe.end - 1.0 / NANOSECONDS))
    return slice(first, last), bounds[first:last, 1] - bounds[first:last, 0]


def _quantity(probe: Probe, result: Result, _: Sums) -> Kpi:
    values, unit = np.asarray(result.quantity(probe.what)), result.quantity_unit(probe.what)
    steps, lengths = _steps(probe, result)
    if probe.over == "instant":
        return Kpi(float(values[max(steps.stop - 1, 0)]), unit)
    own, there = values[steps], ~np.isnan(values[steps])
    if not there.any():
        return Kpi(math.nan, unit)
    weights = lengths
    if probe.what.startswith("share."):  # of what flowed, not of the hours
        stream = probe.what.removeprefix("share.").rpartition(".")[0]
        weights = lengths * np.nan_to_num(np.asarray(result.quantity(f"flow.{stream}"))[steps])
    total = math.fsum((own[there] * weights[there]).tolist())
    if probe.over == "sum":
        return Kpi(total, "kg" if unit == "kg/s" else unit)
    weight = math.fsum(weights[there].tolist())
    return Kpi(total / weight if weight > 0.0 else math.nan, unit)


def _passage(probe: Probe, result: Result, _: Sums) -> Kpi:
    flows, labels = result.array("streams/size_flow"), [str(name) for name in result.array("stream")]
    missing = [name for name in (probe.what, *probe.streams) if name not in labels]
    if missing:
        raise UsageError(f"{probe.name}: the run has no stream {missing[0]!r}; {nearest(missing[0], labels)}")
    steps, lengths = _steps(probe, result)
    masses = {name: math.fsum((flows[steps, labels.index(name), probe.size] * lengths).tolist()) for name in probe.streams}
    whole = math.fsum(masses.values())
    return Kpi(masses[probe.what] / whole if whole > 0.0 else math.nan, "1")


_READ: dict[str, Callable[[Probe, Result, Sums], Kpi]] = {"figure": _figure, "quantity": _quantity, "passage": _passage}


def _of_batch(probe: Probe, scenario: Scenario, batches: dict[tuple[str, float], Any]) -> float:
    from twin.study.batch_test import batch_test

    key = probe.feed, probe.mass
    if key not in batches:
        batches[key] = batch_test(scenario, probe.mass, probe.feed or None)
    found, product = batches[key], probe.streams[0]
    if product not in found.product_names:
        raise UsageError(f"{probe.name}: no product {product!r}; {nearest(product, found.product_names)}")
    column = found.product_names.index(product)
    if not probe.what:
        return float(found.products[column]) / float(found.mass)
    if probe.what in found.element_names:
        row = found.element_names.index(probe.what)
        part, whole = found.elements[row, column], found.brought_elements[row]
    elif probe.what in found.material_names:
        row = found.material_names.index(probe.what)
        part, whole = found.materials[row, column], found.brought[row]
    else:
        raise UsageError(f"{probe.name}: no material or element {probe.what!r}; {nearest(probe.what, (*found.element_names, *found.material_names))}")
    return float(part) / float(whole) if whole > 0.0 else math.nan


def outside_steps(probe: Probe, scenario: Scenario) -> str:
    """Return what is wrong with a probe's window, "" where nothing is: it lies in the run and its ends are ends of record steps."""
    every = scenario.record.every
    if every is None:
        return "" if probe.begin is None and probe.end is None else "the scenario records nothing (record.every: none), so that a run has no windows"
    for end in (probe.begin, probe.end):
        if end is None:
            continue
        if not -1.0 / NANOSECONDS <= end <= scenario.horizon + 1.0 / NANOSECONDS:
            return f"its window leaves the run, which is from 0 to {format_quantity(scenario.horizon, 's')} (got {format_quantity(end, 's')} from the start)"
        if abs(end / every - round(end / every)) > 1e-9 and abs(end - scenario.horizon) > 1.0 / NANOSECONDS:
            step = format_quantity(every, "s")
            return f"its window ends within a record step of {step} (got {format_quantity(end, 's')} from the start); change record.every"
    return ""
