"""A study as a file: which scenario, what varies, at which points, how often. Every problem is found at once, each with its place."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, ValidationError
from pydantic_core import PydanticCustomError

from twin.errors import Problem, ScenarioError, TwinError, UsageError
from twin.plant.api import load
from twin.quantities import shown
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster, is_cluster, load_cluster
from twin.scenario.fields import Count, Text
from twin.scenario.kind import Model
from twin.scenario.loading import CHANGE
from twin.scenario.places import Node, Plain, dotted, from_plain, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at
from twin.scenario.tables import LONGEST_HEADER, Files, not_stored, read_rows, read_text
from twin.scenario.yaml_source import parse_yaml
from twin.study.cluster_changes import plant_or_cluster_with, site_of
from twin.study.design import Design, DesignField, Points, points_of
from twin.study.ensemble import Ensemble
from twin.study.factors import Factor, all_assumed, faults_in, read_factor
from twin.study.runs import Job

MOST_RUNS = 10_000_000
_HEADER = re.compile(r"(.*?)(?:\s*\[([^\]]+)\])?")


def _responses(value: object) -> object:
    return () if value == "all" else value


class StudyModel(Model):
    """A study as written."""

    study: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")] | None = None
    title: Text = ""
    base: Text
    change: dict[str, Any] = Field(default_factory=dict)
    vary: Literal["assumed"] | dict[str, Any] = Field(default_factory=dict)
    design: DesignField = Field(default_factory=lambda: Design.model_validate({"grid": {}}))
    replications: Annotated[Count, Field(le=100_000)] = 1
    kind: Literal["terminating", "steady"]
    responses: Annotated[tuple[Text, ...], BeforeValidator(_responses)] = ()
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys of a study file."""
        return tuple(cls.model_fields)


@dataclass(frozen=True)
class StudyFile:
    """A study, checked: its ``base`` with ``change`` made, a scenario or a cluster, its points, and what is to be reported (``responses``; all where empty)."""

    name: str
    title: str
    kind: Literal["terminating", "steady"]
    base: Scenario | Cluster
    points: Points
    design: Design
    replications: int
    responses: tuple[str, ...]
    seed: int
    text: str
    files: Mapping[str, str]
    """Texts of the tables that it reads, by name."""
    place: Callable[[Loc, str], Problem]
    """``place(path, message)`` is a problem at a place of the file."""
    ensemble: Ensemble | None = None
    """Of which replication k has member k, beside what the point changes."""

    @property
    def scenario(self) -> Scenario:
        """The base, of a plant. Raises ``UsageError`` where it is a cluster."""
        if isinstance(self.base, Cluster):
            raise UsageError(f"{self.name}: its base is a cluster, and this is of one plant")
        return self.base

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.points) * self.replications

    def job(self, run: int, keep: Path | None = None) -> Job:
        """Return a run, counted from 0: the replications of the first point, then those of the second.

        Replication k of all points has the same seed and number, and so the same random numbers.
        """
        point, replication = divmod(run, self.replications)
        member = {} if self.ensemble is None else self.ensemble.changes(replication)
        return Job(self.base, replication, {**member, **self.points.changes(point)}, keep)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over what decides which runs the study has: scenario, factors, points, replications, kind."""
        parts: list[object] = [
            self.base.sha256,
            [f.path for f in self.points.factors],
            self.replications,
            self.kind,
            self.design.model_dump(mode="json"),
            self.seed,
        ]
        if self.ensemble is not None:
            parts.append([self.ensemble.paths, self.ensemble.members])
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
        for point in range(len(self.points)):
            digest.update(json.dumps(self.points.changes(point), sort_keys=True).encode())
        return digest.hexdigest()


def load_study(
    source: str | os.PathLike[str] | Mapping[str, Any] | StudyFile, *, base: Scenario | Cluster | None = None, files: Mapping[str, str] | None = None
) -> StudyFile:
    """Return the study in a YAML file, a YAML text of several lines, or a mapping of the same form.

    The scenario in ``base``, and a table, are looked for beside the file; a loaded scenario, and ``files`` by name, can be given instead. Raises
    :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if isinstance(source, StudyFile):
        return source
    root, text, folder, stem = read_source(source)
    return _Reading(root, text, folder, base, files or {}).study(stem)


def read_source(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Node, str, Path, str]:
    """Return what a study is read from: its tree, its text, the folder that its files stand in, and a name. Raises ``ScenarioError``."""
    if isinstance(source, Mapping):
        try:
            return from_plain(source, "<study>"), json.dumps(source), Path(), "study"
        except UsageError as error:
            raise ScenarioError([Problem("<study>", 0, 0, "", str(error))]) from None
    if isinstance(source, str) and "\n" in source:
        return parse_yaml(source, "<text>"), source, Path(), "study"
    path = Path(source)
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return parse_yaml(text, str(path)), text, path.parent, path.stem


def stored_study(text: str, base: Scenario | Cluster, files: Mapping[str, str]) -> StudyFile:
    """Return the study that a study file holds, from its own text, scenario and tables; no other file is read, whatever it says."""
    return _Reading(parse_yaml(text, "<stored study>"), text, None, base, files).study("study")


class _Reading:
    """A tree and what is wrong with it, gathered on the way."""

    def __init__(self, root: Node, text: str, folder: Path | None, base: Scenario | Cluster | None, given: Mapping[str, str]) -> None:
        self.root, self.text, self.folder, self.base, self.given = root, text, folder, base, given
        self.files: dict[str, str] = {}
        self.problems: list[Problem] = []

    def problem(self, loc: Loc, message: str, *, at_key: bool = False) -> Problem:
        node, key_place, followed = lookup(self.root, loc)
        return Problem(*(key_place if at_key and followed == len(loc) else node.place), dotted(loc), message)

    def complain(self, loc: Loc, message: str, *, at_key: bool = False) -> None:
        found = self.problem(loc, message, at_key=at_key)
        if found not in self.problems:
            self.problems.append(found)

    def study(self, stem: str) -> StudyFile:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"a study is a mapping that begins with 'study: 1' (got {shown(self.root.plain())})")])
        model = self._model()
        scenario = self._scenario(model)
        if scenario is None:
            raise ScenarioError(self.problems)
        factors = self._table_factors(model, scenario) if model.design.csv is not None else self._factors(model, scenario)
        self._check(model, scenario, factors)
        if self.problems:
            raise ScenarioError(self.problems)
        name = model.name or re.sub(r"[^A-Za-z0-9_.-]", "_", stem).lstrip("_.-")[:80] or "study"
        points = self._points(model, factors)
        return StudyFile(
            name,
            model.title,
            model.kind,
            scenario,
            points,
            model.design,
            model.replications,
            model.responses,
            model.seed,
            self.text,
            self.files,
            self.problem,
        )

    def _model(self) -> StudyModel:
        """The study as written; with stand-ins for wrong values, so that as much as possible is checked in one pass."""
        plain = self.root.plain()
        assert isinstance(plain, dict)
        if self.base is not None:
            plain = {**plain, "base": self.base.name}
        try:
            return StudyModel.model_validate(plain)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = known_part(self.root, tuple(part for part in detail["loc"] if part != "[key]"))
                unknown = detail["type"] == "extra_forbidden"
                message = in_words(detail, keys_at(StudyModel, loc[:-1]) if unknown else ())
                if detail["type"] == "missing" and loc == ("kind",):
                    message += ": 'terminating' (from start to horizon) or 'steady' (what it tends to after the warm-up)"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, message, at_key=unknown)
            bad = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
        if "base" in bad:
            raise ScenarioError(self.problems)
        stand_in = {"study": 1, "kind": "terminating", **({"design": {"lhs": 2}} if "design" in bad else {})}
        return StudyModel.model_validate({**stand_in, **{key: value for key, value in plain.items() if key not in bad}})

    def _scenario(self, model: StudyModel) -> Scenario | Cluster | None:
        if self.base is not None:
            return self._with_change(self.base, model)
        try:
            if self.folder is None:
                raise UsageError(not_stored(model.base))
            path = self.folder / model.base
            if not path.is_file():
                raise UsageError(f"{model.base}: no such file")
            scenario = load_cluster(path) if is_cluster(path) else load(path)
        except ScenarioError as error:
            self.complain(("base",), f"{model.base} is wrong: {len(error.problems)} problem{'s' if len(error.problems) > 1 else ''}")
            self.problems.extend(error.problems)
            return None
        except UsageError as error:
            self.complain(("base",), str(error))
            return None
        return self._with_change(scenario, model)

    def _with_change(self, scenario: Scenario | Cluster, model: StudyModel) -> Scenario | Cluster | None:
        if not model.change:
            return scenario
        try:
            return plant_or_cluster_with(scenario, model.change)
        except ScenarioError as error:
            for problem in error.problems:
                loc = next((("change", path) for path in model.change if problem.path.removeprefix("change.").startswith(path)), ("change",))
                self.complain(loc, problem.message)
            return None

    def _factors(self, model: StudyModel, scenario: Scenario | Cluster) -> list[Factor]:
        if model.vary == "assumed":
            found = all_assumed(scenario)
            if not found:
                self.complain(("vary",), "no assumed number of the scenario says from where to where it may be ('low' and 'high')")
            return found
        known = {number.path: number for number in scenario.parameters()}
        factors = []
        for path, how in model.vary.items():
            loc: Loc = ("vary", path)
            try:
                factor = read_factor(path, how, scenario, known)
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error, loc):
                    self.complain(below, message)
                continue
            if how != "assumed" and (reason := _unusable(factor, scenario)):
                self.complain(loc, reason, at_key=True)
            factors.append(factor)
        return factors

    def _table_factors(self, model: StudyModel, scenario: Scenario | Cluster) -> list[Factor]:
        """The columns of a table as factors, each cell a level."""
        name = str(model.design.csv)
        loc: Loc = ("design", "csv")
        if model.vary:
            self.complain(("vary",), "what varies stands in the columns of the table; leave 'vary' out", at_key=True)
        try:
            found = read_rows(name, Files(self.folder, self.given, self.files, closed=self.folder is None))
        except UsageError as error:
            self.complain(loc, str(error))
            return []
        numbered = [(line, row) for line, row in found if any(cell.strip() for cell in row)]
        lines, rows = [line for line, _ in numbered], [row for _, row in numbered]
        if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
            self.complain(loc, f"{name}: a row with a path in every column is needed, and below it rows of as many values")
            return []
        known = {number.path: number for number in scenario.parameters()}
        factors = []
        for column, heading in enumerate(rows[0]):
            match = _HEADER.fullmatch(heading.strip()) if len(heading) <= LONGEST_HEADER else None
            path, unit = (match[1], match[2]) if match is not None else (heading, None)
            cells = [_cell(row[column], unit) for row in rows[1:]]
            try:
                factors.append(read_factor(path, {"list": cells}, scenario, known))
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error):
                    row = f"row {lines[below[-1] + 1]}, " if below and isinstance(below[-1], int) else ""
                    self.complain(loc, f"{name}: {row}column {heading!r}: {message}")
                continue
            if reason := _unusable(factors[-1], scenario):
                self.complain(loc, f"{name}: column {heading!r}: {reason}")
        return factors

    def _check(self, model: StudyModel, scenario: Scenario | Cluster, factors: list[Factor]) -> None:
        if isinstance(model.design.grid, Mapping):
            for path in model.design.grid:
                if path not in [factor.path for factor in factors]:
                    self.complain(("design", "grid", path), f"{path} does not vary in this study", at_key=True)
        if model.kind == "steady" and scenario.warmup <= 0:
            self.complain(("kind",), "what a plant tends to is seen after a warm-up; give 'time: {warmup: …}' in the scenario, or change: {time.warmup: 2 d}")
        for factor in factors:
            path = site_of(factor.path, scenario)[1] if isinstance(scenario, Cluster) else factor.path
            if path == "seed":
                why = "the seed does not vary in a study, so that points share their random numbers; take 'replications'"
                self.complain(("vary", factor.path), why, at_key=True)
        clashes = [path for path in model.change if path in [factor.path for factor in factors]]
        for path in clashes:
            self.complain(("change", path), f"{path} varies in this study, so that a change of it has no effect", at_key=True)

    def _points(self, model: StudyModel, factors: list[Factor]) -> Points:
        try:
            points = points_of(model.design, factors, model.seed)
            if len(points) * model.replications > MOST_RUNS:
                raise UsageError(f"the study has {len(points) * model.replications} runs, at most {MOST_RUNS} are possible")
        except UsageError as error:
            raise ScenarioError([self.problem(("design",), str(error))]) from None
        except ImportError as error:
            raise UsageError(f"the design {model.design.form!r} needs {error.name}: pip install 'twin[study]'") from None
        return points


def known_part(root: Node, loc: Loc) -> Loc:
    """Return a place without the names of pydantic's alternatives at its end, which are no keys."""
    followed = lookup(root, loc)[2]
    return loc[: max(followed + 1, 1)] if followed < len(loc) and followed < 2 else loc[:followed]


def _cell(text: str, unit: str | None) -> Plain:
    """A cell as it would be read from YAML; a bare number has the unit of its column."""
    stripped = text.strip()
    try:
        number = float(stripped)
    except ValueError:
        return stripped
    if not math.isfinite(number):
        return stripped
    if unit is not None:
        return f"{stripped} {unit}"
    return int(stripped) if stripped.lstrip("+-").isdigit() else number


def _unusable(factor: Factor, scenario: Scenario | Cluster) -> str | None:
    """Return why no level of a factor can be put in the scenario, which is then no accident of one point; None where one can."""
    reason = None
    for u in (0.5, 0.0, 1.0):
        try:
            plant_or_cluster_with(scenario, {factor.path: factor.at(u)[1]})
        except ScenarioError as error:
            first = error.problems[0]
            where = "" if first.path.removeprefix("change.") == factor.path or first.file != CHANGE else f"{first.path}: "
            reason = reason or f"{where}{first.message}"
        except TwinError as error:
            reason = reason or str(error)
        else:
            return None
    return reason


def factors_as_json(points: Points) -> Iterator[dict[str, Any]]:
    """Yield what a file keeps of each factor: its path, its unit and, where its values are words, the levels."""
    for factor in points.factors:
        kept: dict[str, Any] = {"path": factor.path, "unit": factor.unit}
        if not factor.unit:
            kept["levels"] = list(factor.levels)
        yield kept
