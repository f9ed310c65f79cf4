"""What a run, a study or a comparison says, as plain tables of numbers for spreadsheets and other programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin.quantities import DAY
from twin.results.kpis import Kpi
from twin.results.read import Result
from twin.results.stops import pareto
from twin.results.texts import unit_for
from twin.study.comparison import Comparison
from twin.study.read import Study

Cell = str | float | int | None
PER_TONNE_HOUR, TONNE = 1000.0 / 3600.0, 1000.0


@dataclass(frozen=True)
class Sheet:
    """A table: ``name`` (at most 31 characters, as spreadsheets allow), ``columns`` with their unit in brackets, rows of as many cells; None where nothing is
    known."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def of_run(result: Result, quantities: Sequence[str] = ()) -> list[Sheet]:
    """Return the tables of a run: key figures, products by material and by element, streams, states, stops, about; and ``quantities`` over time."""
    series = [_series(result, quantities)] if quantities else []
    stops = [_stops(result)] if pareto(result.totals) else []
    return [_key_figures(result), _products(result), _elements(result), _streams(result), _states(result), *stops, *series, _about(result)]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _key_figures(result: Result) -> Sheet:
    columns = ("key figure", "value", "unit", "low", "high", "value in SI", "SI unit", "note")
    return Sheet("key figures", columns, tuple(_key_figure(name, kpi) for name, kpi in result.kpis.items()))


def _key_figure(name: str, kpi: Kpi) -> tuple[Cell, ...]:
    factor, shown = unit_for(name, kpi.unit, abs(kpi.value))
    numbers = (_known(number / factor) for number in (kpi.value, kpi.low, kpi.high))
    value, low, high = numbers
    return name, value, shown, low, high, _known(kpi.value), "" if kpi.unit == "1" else kpi.unit, kpi.note


def _labels(result: Result, axis: str) -> list[str]:
    return [str(label) for label in result.array(axis)]


def _products(result: Result) -> Sheet:
    materials, mass = _labels(result, "material"), result.totals.sums["streams/mass_flow"]
    rows = []
    for product, row in _product_rows(result):
        total = float(mass[row].sum())
        rows += [(product, material, part / TONNE, part / total) for material, part in zip(materials, mass[row].tolist(), strict=True) if part > 0.0]
    return Sheet("products", ("product", "material", "mass [t]", "share of mass"), tuple(rows))


def _product_rows(result: Result) -> Iterator[tuple[str, int]]:
    streams = _labels(result, "stream")
    for product in result.totals.inputs.products:
        yield product, streams.index(product)


def _elements(result: Result) -> Sheet:
    elements, mass = _labels(result, "element"), result.totals.sums["streams/element_flow"]
    rows = []
    for product, row in _product_rows(result):
        total = float(mass[row].sum())
        rows += [(product, element, part / TONNE, part / total) for element, part in zip(elements, mass[row].tolist(), strict=True) if part > 0.0]
    return Sheet("product elements", ("product", "element", "mass [t]", "share of mass"), tuple(rows))


def _streams(result: Result) -> Sheet:
    duration, materials = result.totals.duration, _labels(result, "material")
    solid, whole = result.totals.sums["streams/mass_flow"], result.totals.sums["streams/element_flow"]
    rows: list[tuple[Cell, ...]] = []
    for stream, parts, elements in zip(_labels(result, "stream"), solid.tolist(), whole.sum(axis=1).tolist(), strict=True):
        total = max(float(sum(parts)), float(elements))
        per_hour = total / duration / PER_TONNE_HOUR if duration > 0 else math.nan
        rows.append((stream, _known(per_hour), _known(total / TONNE), *(_known(part / TONNE) for part in parts)))
    return Sheet("streams", ("stream", "mean [t/h]", "mass [t]", *(f"{material} [t]" for material in materials)), tuple(rows))


def _states(result: Result) -> Sheet:
    duration, states, shares = result.totals.duration, _labels(result, "state"), result.totals.sums["units/state_share"]
    rows = [(unit, *(value / duration for value in row)) for unit, row in zip(_labels(result, "unit"), shares.tolist(), strict=True) if _all_known(row)]
    return Sheet("states", ("unit", *(f"{state} [share]" for state in states)), tuple(rows))


def _all_known(row: Sequence[float]) -> bool:
    return all(math.isfinite(value) for value in row)


def _stops(result: Result) -> Sheet:
    rows = tuple((row.machine, row.reason, row.number, row.seconds / 3600.0, row.share) for row in pareto(result.totals))
    return Sheet("stops", ("machine", "reason", "stops", "time down [h]", "share of all time down"), rows)


def _series(result: Result, quantities: Sequence[str]) -> Sheet:
    """Quantities over the record steps: where each ends, in days since the start, and their values in SI."""
    ends = (result.array("time_bounds")[:, 1] / DAY).tolist()
    columns = [result.quantity(name) for name in quantities]
    rows = [(end, *(_known(float(column[k])) for column in columns)) for k, end in enumerate(ends)]
    units = [result.quantity_unit(name) for name in quantities]
    return Sheet("over time", ("end of step [d]", *(f"{name} [{unit}]" for name, unit in zip(quantities, units, strict=True))), tuple(rows))


def _about(result: Result) -> Sheet:
    attrs = result.attrs
    keys = ("scenario_name", "scenario_title", "scenario_sha256", "seed", "replication", "digest", "twin_version")
    rows: list[tuple[Cell, ...]] = [(key.replace("_", " "), attrs[key] if isinstance(attrs[key], int) else str(attrs[key])) for key in keys if key in attrs]
    rows += [("window [d]", result.totals.duration / DAY), ("warm-up [d]", float(attrs["warmup"]) / DAY)]
    return Sheet("about", ("what", "value"), tuple(rows))


def of_study(study: Study) -> list[Sheet]:
    """Return the tables of a study: each point with its factors and the means of its responses over the replications, and what the responses span."""
    factors, responses = study.factors, study.responses
    units = study.all_responses
    columns = ("point", *(_titled(path, unit) for path, unit in factors.items()), *(_titled(name, units[name]) for name in responses))
    values = [_levels(study, path) for path in factors]
    means = [[_mean(values) for values in study.response(name).tolist()] for name in responses]
    rows = [(point, *(column[point] for column in values), *(column[point] for column in means)) for point in range(study.points)]
    about: list[tuple[Cell, ...]] = [("study", str(study.attrs.get("study_name", ""))), ("digest", study.digest), ("replications", study.replications)]
    return [Sheet("points", columns, tuple(rows)), Sheet("about", ("what", "value"), tuple(about))]


def _mean(values: Sequence[float]) -> float | None:
    """The mean over the replications that gave a result."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else None


def _titled(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit and unit != "1" else name


def _levels(study: Study, path: str) -> list[Cell]:
    values = study.factor(path).tolist()
    words = study.words.get(path)
    return [str(words[round(value)]) for value in values] if words else [_known(value) for value in values]


def of_comparison(comparison: Comparison) -> list[Sheet]:
    """Return the table of a comparison: the mean of each side, and of each variant the difference to the base with its interval and verdict."""
    base, *variants = comparison.names
    columns = ["key figure", "unit", base]
    for name in variants:
        columns += [name, f"{name}: difference", f"{name}: low", f"{name}: high", f"{name}: verdict"]
    rows: list[tuple[Cell, ...]] = []
    for row in comparison.rows:
        factor, shown = unit_for(row.name, row.unit, max((abs(value) for value in row.values if math.isfinite(value)), default=0.0))
        cells: list[Cell] = [row.name, shown, _known(row.values[0] / factor)]
        for value, change in zip(row.values[1:], row.changes, strict=True):
            ends = (None, None) if change.interval is None else (_known(change.interval.low / factor), _known(change.interval.high / factor))
            cells += [_known(value / factor), _known(change.difference / factor), *ends, change.text]
        rows.append(tuple(cells))
    about: list[tuple[Cell, ...]] = [(f"runs of {name}", runs) for name, runs in zip(comparison.names, comparison.runs, strict=True)]
    about += [("confidence of all intervals together", comparison.confidence), *(("remark", remark) for remark in comparison.remarks)]
    return [Sheet("comparison", tuple(columns), tuple(rows)), Sheet("about", ("what", "value"), tuple(about))]
