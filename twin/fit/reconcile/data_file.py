"""The data of a reconciliation as a file: YAML, or a CSV of readings alone. Every problem is found at once, each with its place."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from twin.errors import Problem, ScenarioError, UsageError
from twin.fit.reconcile.equations import Setting
from twin.fit.reconcile.network import Edge, read_edge
from twin.fit.reconcile.readings import Reading, Window, read_one
from twin.quantities import Quantity, shown
from twin.scenario.calendars import read_moment
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.places import Node, dotted, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at, nearest, wrong
from twin.scenario.tables import Files, read_rows, read_text
from twin.scenario.yaml_source import parse_yaml

COLUMNS = ("name", "value", "error", "unit", "from", "to", "instrument", "source")
MOST_READINGS = 20_000
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
_SHARE = Annotated[float, Quantity("1", gt=0, lt=1)]


def _labels(value: object) -> object:
    """A name or a list of names."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and _LABEL.fullmatch(name) for name in names):
        raise wrong(f"a name or a list of names is needed (got {shown(value)})")
    if len(set(names)) < len(names):
        raise wrong(f"a name stands twice (got {shown(value)})")
    return tuple(names)


Labels = Annotated[tuple[str, ...], BeforeValidator(_labels)]


def _window(value: object) -> object:
    if not isinstance(value, Mapping) or set(value) != {"from", "to"}:
        raise wrong(f"a window is written {{from: 2026-03-01, to: 2026-04-01}} (got {shown(value)})")
    window = Window(read_moment(value["from"]), read_moment(value["to"]))
    if window.seconds <= 0.0:
        raise wrong(f"a window ends after it begins (got {shown(value)})")
    return window


class DataModel(Model):
    """The data as written."""

    reconcile: Literal[1]
    name: Text = ""
    title: Text = ""
    window: Annotated[Window | None, BeforeValidator(_window)] = None
    flows: dict[str, Text] = Field(default_factory=dict)
    nodes: Literal["units", "lines"] = "units"
    stocks: Labels = ()
    breaking: Labels = ()
    steady: Labels = ()
    sizes: Labels = ()
    whole: Labels = ()
    error: _SHARE | None = None
    constants: dict[str, Any] = Field(default_factory=dict)
    relations: tuple[Text, ...] = ()
    measurements: dict[str, Any] = Field(default_factory=dict)
    table: Text | None = None


@dataclass(frozen=True)
class Data:
    """The data, checked: readings by the names that people wrote; ``edges`` is the network where the file has one."""

    name: str
    title: str
    window: Window | None
    edges: tuple[Edge, ...]
    stocks: tuple[str, ...]
    breaking: tuple[str, ...]
    setting: Setting
    readings: tuple[Reading, ...]
    digest: str
    place: Callable[[Loc, str], Problem] = field(compare=False)
    by_line: bool = False
    """Whether the lines of a scenario are nodes, and not their machines."""


def load_data(source: str | os.PathLike[str]) -> Data:
    """Return the data in a YAML file, a CSV of readings (its name ends in .csv) or a YAML text of several lines.

    Raises :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if isinstance(source, str) and "\n" in source:
        return _Reading(parse_yaml(source, "<text>"), source, Path()).data("data")
    path = Path(source)
    try:
        if path.suffix.lower() == ".csv":
            return _from_csv(path)
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return _Reading(parse_yaml(text, str(path)), text, path.parent).data(path.stem)


def _from_csv(path: Path) -> Data:
    text = read_text(path)
    found, problems = table_readings(str(path), Files(given={str(path): text}), None)
    if problems:
        raise ScenarioError([Problem(str(path), line, 1 if line else 0, "", message) for line, message in problems])

    def place(_: Loc, message: str) -> Problem:
        return Problem(str(path), 0, 0, "", message)

    return Data(path.stem, "", None, (), (), (), Setting(), tuple(found), hashlib.sha256(text.encode()).hexdigest(), place)


class _Reading:
    """A tree and what is wrong with it, gathered on the way."""

    def __init__(self, root: Node, text: str, folder: Path) -> None:
        self.root, self.text, self.folder = root, text, folder
        self.problems: list[Problem] = []

    def problem(self, loc: Loc, message: str) -> Problem:
        node, _, _ = lookup(self.root, loc)
        return Problem(*node.place, dotted(loc), message)

    def complain(self, loc: Loc, message: str) -> None:
        self.problems.append(self.problem(loc, message))

    def data(self, stem: str) -> Data:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"data to reconcile are a mapping that begins with 'reconcile: 1' (got {shown(self.root.plain())})")])
        model = self._model()
        edges = self._edges(model)
        constants = self._readings(model.constants, "constants", None)
        readings = self._readings(model.measurements, "measurements", model.error)
        if model.table is not None:
            readings += self._table(model.table, model.error)
        if not readings and not self.problems:
            self.complain((), "nothing is measured: give 'measurements', or a CSV of readings as 'table'")
        if len(readings) > MOST_READINGS:
            self.complain((), f"there are {len(readings)} readings, at most {MOST_READINGS} are read")
        if self.problems:
            raise ScenarioError(self.problems)
        setting = Setting(model.sizes, model.whole, model.relations, model.steady, tuple(model.constants))
        digest = hashlib.sha256((self.text + self.table_text).encode()).hexdigest()
        name, by_line, read = model.name or stem, model.nodes == "lines", tuple(constants + readings)
        return Data(name, model.title, model.window, edges, model.stocks, model.breaking, setting, read, digest, self.problem, by_line)

    def _model(self) -> DataModel:
        try:
            return DataModel.model_validate(self.root.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(part for part in detail["loc"] if part != "[key]")
                unknown = detail["type"] == "extra_forbidden"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, in_words(detail, keys_at(DataModel, loc[:-1]) if unknown else ()))
            raise ScenarioError(self.problems) from None

    def _edges(self, model: DataModel) -> tuple[Edge, ...]:
        found = []
        for name, text in model.flows.items():
            try:
                if not _LABEL.fullmatch(name):
                    raise UsageError(f"a stream's name is letters, digits and '_', with one dot at most (got {shown(name)})")
                edge = read_edge(name, text)
                for end in (edge.source, edge.target):
                    if end and not _LABEL.fullmatch(end):
                        raise UsageError(f"a node's name is letters, digits and '_' (got {shown(end)})")
                found.append(edge)
            except UsageError as error:
                self.complain(("flows", name), str(error))
        nodes = [end for edge in found for end in (edge.source, edge.target)]
        for key in ("stocks", "breaking", "steady"):
            for name in getattr(model, key):
                if found and name not in nodes and (key, name) != ("steady", "all"):
                    self.complain((key,), f"{name!r} is no node; {nearest(name, [node for node in nodes if node])}")
        return tuple(found)

    def _readings(self, written: Mapping[str, Any], key: str, error: float | None) -> list[Reading]:
        found = []
        for name, value in written.items():
            for index, one in enumerate(value if isinstance(value, list) else [value]):
                loc: Loc = (key, name, index) if isinstance(value, list) else (key, name)
                try:
                    found.append(read_one(name, one, error))
                except ValueError as fault:
                    self.complain(loc, str(fault))
        return found

    table_text = ""

    def _table(self, name: str, error: float | None) -> list[Reading]:
        files = Files(self.folder)
        found, problems = table_readings(name, files, error)
        for line, message in problems:
            self.complain(("table",), f"{name}:{line} {message}" if line else message)
        self.table_text = files.texts.get(name, "")
        return found


def table_readings(name: str, files: Files, error: float | None) -> tuple[list[Reading], list[tuple[int, str]]]:
    """Return the readings of a CSV with the columns :data:`COLUMNS` (``name`` and ``value`` are needed), and what is wrong with it, by line."""
    try:
        rows = read_rows(name, files)
    except UsageError as fault:
        return [], [(0, str(fault))]
    heads = [cell.strip() for cell in rows[0][1]] if rows else []
    strange = [head for head in heads if head not in COLUMNS]
    if strange or len(set(heads)) < len(heads) or not {"name", "value"} <= set(heads):
        told = f"unknown column {shown(strange[0])}; " if strange else ""
        return [], [(1, f"{told}columns are {', '.join(COLUMNS)}, each once at most; 'name' and 'value' are needed")]
    found, problems = [], []
    for line, row in rows[1:]:
        cells = dict(zip(heads, (cell.strip() for cell in row), strict=False))
        if len(row) != len(heads):
            problems.append((line, f"has {len(row)} values, {len(heads)} are needed: one for each column"))
        else:
            try:
                found.append(_cells(cells, error))
            except ValueError as fault:
                problems.append((line, str(fault)))
        if len(problems) > 50 or len(found) > MOST_READINGS:
            break
    return found, problems


def _cells(cells: Mapping[str, str], error: float | None) -> Reading:
    """A row: an error without a unit is in the unit of the value, ``exact`` is none, a share of a mass has ``%``."""
    unit, deviation, instrument = cells.get("unit", ""), cells.get("error", ""), cells.get("instrument", "")
    value = f"{cells['value']} {unit}".strip()
    text = f"{value} exact" if deviation == "exact" else f"{value} ± {deviation}" if deviation else value
    written: dict[str, Any] = {"value": text, "of": cells["name"], "source": cells.get("source", "")}
    begin, end = cells.get("from", ""), cells.get("to", "")
    if begin and end and begin != end:
        written |= {"from": begin, "to": end}
    elif begin or end:
        written["at"] = begin or end
    if not cells["name"]:
        raise wrong("its name is missing")
    return read_one(instrument or cells["name"], written, error)


def as_table(rows: list[tuple[str, float, float, str, Window | None]]) -> str:
    """Return a CSV that can be read again: name, value, error, unit, from, to."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[:6])
    for name, value, deviation, si, window in rows:
        times = (window.begin.isoformat(), window.end.isoformat()) if window is not None else ("", "")
        error = "" if math.isnan(deviation) else "exact" if deviation == 0.0 else repr(deviation)
        writer.writerow((name, repr(value), error, "" if si == "1" else si, *times))
    return out.getvalue()
