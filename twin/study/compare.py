"""Results side by side: what differs between their scenarios, and their key figures."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from twin.errors import UsageError
from twin.materials.number import ANNOTATION
from twin.results.kpis import kpi_text
from twin.results.read import Result, open_file
from twin.scenario.places import Plain
from twin.scenario.yaml_source import parse_yaml

ABSENT = "–"
"""Shown where a scenario does not have a value or a file does not have a KPI."""


@dataclass(frozen=True)
class Difference:
    """A value at ``path`` that is not the same in all scenarios, as written in each."""

    path: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One KPI of all files; NaN where a file does not have it."""

    name: str
    unit: str
    values: tuple[float, ...]

    def relative(self, column: int) -> float:
        """Change against the first file, as a share of it; NaN where that has no meaning."""
        base, value = self.values[0], self.values[column]
        return (value - base) / abs(base) if base else math.nan

    def texts(self) -> list[str]:
        """The values with a readable unit."""
        return [kpi_text(self.name, value, self.unit) for value in self.values]


@dataclass(frozen=True)
class Comparison:
    """Two or more results, the first of which is the base. One run each: differences carry no interval."""

    names: tuple[str, ...]
    differences: tuple[Difference, ...]
    rows: tuple[Row, ...]

    def __getitem__(self, kpi: str) -> Row:
        for row in self.rows:
            if row.name == kpi:
                return row
        raise KeyError(f"no KPI {kpi!r}; known: {', '.join(row.name for row in self.rows)}")

    def __repr__(self) -> str:
        lines = [f"{d.path}: {' | '.join(d.values)}" for d in self.differences] or ["the scenarios are the same"]
        width = max(len(row.name) for row in self.rows)
        lines += [f"{row.name:{width}}  {' | '.join(row.texts())}" for row in self.rows]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.names)

        def line(label: str, cells: Sequence[str]) -> str:
            return f"<tr><td>{html.escape(label)}</td>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"

        body = "".join(line(d.path, d.values) for d in self.differences) + "".join(line(row.name, row.texts()) for row in self.rows)
        return f"<table><tr><th></th>{head}</tr>{body}</table>"


def compare(*results: Result | str | os.PathLike[str]) -> Comparison:
    """Compare results (or result files), the first being the base. Raises :class:`~twin.errors.UsageError` for fewer than two."""
    if len(results) < 2:
        raise UsageError(f"at least two results are needed to compare (got {len(results)})")
    opened = [result if isinstance(result, Result) else open_file(os.fspath(result)) for result in results]
    names = tuple(_name(result, k) for k, result in enumerate(opened))
    kpis = dict.fromkeys(name for result in opened for name in result.kpis)
    rows = []
    for name in kpis:
        found = [result.kpis.get(name) for result in opened]
        unit = next(kpi.unit for kpi in found if kpi is not None)
        rows.append(Row(name, unit, tuple(kpi.value if kpi is not None else math.nan for kpi in found)))
    comparison = Comparison(names, tuple(_differences(opened)), tuple(rows))
    for given, result in zip(results, opened, strict=True):
        if given is not result:
            result.close()
    return comparison


def _name(result: Result, k: int) -> str:
    return result.path.stem if result.path is not None else f"{result.attrs['scenario_name']} ({k + 1})"


def _differences(results: Sequence[Result]) -> list[Difference]:
    """Leaves of the merged scenarios, and seed and replication, that are not the same in all."""
    leaves = []
    for result in results:
        found = _flatten(parse_yaml(result.scenario, result.path.name if result.path is not None else "scenario").plain())
        found["seed"] = str(result.attrs["seed"])
        found["replication"] = str(result.attrs["replication"])
        leaves.append(found)
    paths = dict.fromkeys(path for found in leaves for path in found)
    rows = [Difference(path, tuple(found.get(path, ABSENT) for found in leaves)) for path in paths]
    return [row for row in rows if len(dict.fromkeys(row.values)) > 1]


def _flatten(tree: Plain, path: str = "") -> dict[str, str]:
    if isinstance(tree, dict) and "value" in tree and all(key in ANNOTATION for key in tree):
        return _flatten(tree["value"], path)  # where a value comes from is no difference of the plant
    if isinstance(tree, dict) and tree:
        found: dict[str, str] = {}
        for key, value in tree.items():
            found.update(_flatten(value, f"{path}.{key}" if path else str(key)))
        return found
    if isinstance(tree, list):
        return {path: ", ".join(str(item) for item in tree)}
    return {path: str(tree)}
