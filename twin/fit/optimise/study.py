"""An optimisation as a file: which scenario, what varies, what is sought, which limits hold, how many runs. Every problem is found at once, with its place."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError
from pydantic_core import PydanticCustomError

from twin.errors import Problem as Fault
from twin.errors import ScenarioError, UsageError
from twin.fit.optimise.problem import Effort, Limit, Objective, Problem
from twin.fit.optimise.space import Space
from twin.fit.optimise.vary import level_of, read_dimension, unusable
from twin.plant.api import load
from twin.quantities import parse, shown
from twin.results.kpis import KPIS
from twin.scenario import Scenario
from twin.scenario.fields import Count, Text
from twin.scenario.kind import Model
from twin.scenario.places import Node, dotted, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at, nearest
from twin.study.changes import with_changes
from twin.study.factors import Factor, faults_in
from twin.study.study_file import known_part, read_source
from twin.study.weeks import check_figure, periods

Quantity = str | int | float
MOST_RUNS = 100_000
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
Runs = Annotated[Count, Field(le=MOST_RUNS)]


class LimitModel(Model):
    """A limit as written: on the mean of a figure, or with ``in`` in a share of the weeks (``per``: week or day)."""

    figure: Text
    at_least: Quantity | None = None
    at_most: Quantity | None = None
    in_: Quantity | None = Field(default=None, alias="in")
    per: Literal["week", "day"] = "week"


class RunsModel(Model):
    """How many runs are spent: on the search (of which ``start`` on a Sobol' sequence), on the choice among ``finalists``, and on each setting in the
    verdict."""

    search: Runs = 60
    start: Runs | None = None
    batch: Annotated[Count, Field(le=1000)] = 8
    replications: Annotated[Count, Field(le=1000)] = 2
    finalists: Annotated[StrictInt, Field(ge=1, le=50)] = 8
    choice: Runs = 80
    verdict: Annotated[StrictInt, Field(ge=2, le=10_000)] = 20


class OptimiseModel(Model):
    """An optimisation as written."""

    study: Literal[1]
    name: Annotated[str, Field(pattern=_NAME)] | None = None
    title: Text = ""
    base: Text
    change: dict[str, Any] = Field(default_factory=dict)
    vary: dict[str, Any]
    objectives: Annotated[dict[str, Literal["maximise", "minimise"]], Field(min_length=1, max_length=2)]
    indifference: dict[str, Quantity] = Field(default_factory=dict)
    limits: list[LimitModel] = Field(default_factory=list)
    runs: RunsModel = Field(default_factory=RunsModel)
    kind: Literal["terminating", "steady"]
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0


@dataclass(frozen=True)
class OptimiseStudy:
    """An optimisation, checked: its scenario with ``change`` made, what is sought, and the ``path`` of the base where it is a file."""

    name: str
    title: str
    kind: str
    scenario: Scenario
    changed: Mapping[str, Any]
    problem: Problem
    units: Mapping[str, str]
    """SI units of the figures that are asked for, by name."""
    path: Path | None
    text: str
    place: Callable[[Loc, str], Fault]

    @property
    def watch(self) -> tuple[tuple[str, str], ...]:
        """What runs tell of every period."""
        return tuple(dict.fromkeys((limit.per, limit.name) for limit in self.problem.chance_limits))


def load_study(source: str | os.PathLike[str] | Mapping[str, Any] | OptimiseStudy, *, base: Scenario | None = None) -> OptimiseStudy:
    """Return the optimisation in a YAML file, a YAML text of several lines, or a mapping of the same form; ``base`` takes the place of the scenario it names.

    Raises :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if isinstance(source, OptimiseStudy):
        return source
    root, text, folder, stem = read_source(source)
    return _Reading(root, text, folder, base).study(stem)


class _Reading:
    """A tree and what is wrong with it, gathered on the way."""

    def __init__(self, root: Node, text: str, folder: Path, base: Scenario | None) -> None:
        self.root, self.text, self.folder, self.base = root, text, folder, base
        self.faults: list[Fault] = []

    def fault(self, loc: Loc, message: str, *, at_key: bool = False) -> Fault:
        node, key_place, followed = lookup(self.root, loc)
        return Fault(*(key_place if at_key and followed == len(loc) else node.place), dotted(loc), message)

    def complain(self, loc: Loc, message: str, *, at_key: bool = False) -> None:
        found = self.fault(loc, message, at_key=at_key)
        if found not in self.faults:
            self.faults.append(found)

    def study(self, stem: str) -> OptimiseStudy:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"a study is a mapping that begins with 'study: 1' (got {shown(self.root.plain())})")])
        model = self._model()
        scenario = self._scenario(model)
        if scenario is None:
            raise ScenarioError(self.faults)
        factors = self._factors(model, scenario)
        units: dict[str, str] = {}
        objectives = self._objectives(model, units)
        limits = self._limits(model, scenario, units)
        effort = self._effort(model)
        if model.kind == "steady" and scenario.warmup <= 0:
            self.complain(("kind",), "what a plant tends to is seen after a warm-up; give 'time: {warmup: …}' in the scenario, or change: {time.warmup: 2 d}")
        if self.faults:
            raise ScenarioError(self.faults)
        name = model.name or re.sub(r"[^A-Za-z0-9_.-]", "_", stem).lstrip("_.-")[:80] or "study"
        known = {number.path: number for number in scenario.parameters()}
        levels = tuple(level_of(factor, known) for factor in factors)
        at_base = None if any(math.isnan(level) for level in levels) else levels
        problem = Problem(Space(tuple(factors)), tuple(objectives), tuple(limits), effort, model.seed, at_base)
        path = self.folder / model.base if self.base is None else None
        return OptimiseStudy(name, model.title, model.kind, scenario, dict(model.change), problem, units, path, self.text, self.fault)

    def _model(self) -> OptimiseModel:
        plain = self.root.plain()
        assert isinstance(plain, dict)
        if self.base is not None:
            plain = {**plain, "base": self.base.name}
        try:
            return OptimiseModel.model_validate(plain)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = known_part(self.root, tuple(part for part in detail["loc"] if part != "[key]"))
                unknown = detail["type"] == "extra_forbidden"
                message = in_words(detail, keys_at(OptimiseModel, loc[:-1]) if unknown else ())
                if detail["type"] == "missing" and loc == ("kind",):
                    message += ": 'terminating' (from start to horizon) or 'steady' (what it tends to after the warm-up)"
                if detail["type"] == "missing" and loc == ("objectives",):
                    message += ": what is sought, e.g. objectives: {margin: maximise}"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, message, at_key=unknown)
            raise ScenarioError(self.faults) from None

    def _scenario(self, model: OptimiseModel) -> Scenario | None:
        scenario = self.base
        if scenario is None:
            path = self.folder / model.base
            try:
                if not path.is_file():
                    raise UsageError(f"{model.base}: no such file")
                scenario = load(path)
            except ScenarioError as error:
                self.complain(("base",), f"{model.base} is wrong: {len(error.problems)} problem{'s' if len(error.problems) > 1 else ''}")
                self.faults.extend(error.problems)
                return None
            except UsageError as error:
                self.complain(("base",), str(error))
                return None
        try:
            return with_changes(scenario, model.change)
        except ScenarioError as error:
            for problem in error.problems:
                loc = next((("change", path) for path in model.change if problem.path.removeprefix("change.").startswith(path)), ("change",))
                self.complain(loc, problem.message)
            return None

    def _factors(self, model: OptimiseModel, scenario: Scenario) -> list[Factor]:
        known = {number.path: number for number in scenario.parameters()}
        factors: list[Factor] = []
        if not model.vary:
            self.complain(("vary",), "nothing varies; name what may be set, by path, e.g. vary: {units.screen.aperture: {low: 30 mm, high: 60 mm}}")
        for path, how in model.vary.items():
            loc: Loc = ("vary", path)
            try:
                factor = read_dimension(path, how, scenario, known)
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error, loc):
                    self.complain(below, message)
                continue
            for reason in unusable(factor, scenario):
                self.complain(loc, reason, at_key=True)
            factors.append(factor)
        self._check_paths(model, factors)
        return factors

    def _check_paths(self, model: OptimiseModel, factors: list[Factor]) -> None:
        taken: dict[str, str] = {}
        for factor in factors:
            for path in dict.fromkeys(path for changes in getattr(factor, "changes", {factor.path: {factor.path: 0}}).values() for path in changes):
                if path in taken:
                    self.complain(("vary", factor.path), f"{path} is set by {taken[path]} too", at_key=True)
                if path in model.change:
                    self.complain(("change", path), f"{path} varies in this study, so that a change of it has no effect", at_key=True)
                taken[path] = factor.path

    def _objectives(self, model: OptimiseModel, units: dict[str, str]) -> list[Objective]:
        found = []
        for name, word in model.objectives.items():
            zone, unit = math.nan, self._unit(name, ("objectives", name), units)
            if name in model.indifference and unit is not None:
                zone = self._quantity(model.indifference[name], unit, ("indifference", name))
                if zone <= 0.0:
                    self.complain(("indifference", name), f"a difference that does not matter is above 0 (got {shown(model.indifference[name])})")
            found.append(Objective(name, 1 if word == "maximise" else -1, zone))
        for name in model.indifference:
            if name not in model.objectives:
                self.complain(("indifference", name), f"{name} is no objective; {nearest(name, model.objectives)}", at_key=True)
        return found

    def _limits(self, model: OptimiseModel, scenario: Scenario, units: dict[str, str]) -> list[Limit]:
        found = []
        for k, written in enumerate(model.limits):
            loc: Loc = ("limits", k)
            unit = self._unit(written.figure, (*loc, "figure"), units)
            ends = [(side, sense, value) for side, sense, value in (("at_least", 1, written.at_least), ("at_most", -1, written.at_most)) if value is not None]
            if len(ends) != 1:
                self.complain(loc, "either 'at_least' or 'at_most' is needed, e.g. {figure: grade.steel.Fe, at_least: 95 %, in: 90 %}")
                continue
            if unit is None:
                continue
            ((side, sense, value),) = ends
            share = None if written.in_ is None else self._share(written, scenario, loc)
            found.append(Limit(written.figure, self._quantity(value, unit, (*loc, side)), sense, share, written.per))
        return found

    def _share(self, written: LimitModel, scenario: Scenario, loc: Loc) -> float:
        share = self._quantity(written.in_, "1", (*loc, "in"))
        if not 0.0 < share < 1.0:
            self.complain((*loc, "in"), f"a share of {written.per}s above 0 % and below 100 % is needed; none is ever sure of all (got {shown(written.in_)})")
        try:
            check_figure(written.figure)
            periods(scenario, written.per)
        except UsageError as error:
            self.complain((*loc, "figure"), str(error))
        return share

    def _quantity(self, value: object, unit: str, loc: Loc) -> float:
        try:
            return parse(value, unit)
        except UsageError as error:
            self.complain(loc, str(error))
            return 1.0

    def _unit(self, name: str, loc: Loc, units: dict[str, str]) -> str | None:
        """The SI unit of a key figure. Whether the plant has it is seen at its first run."""
        stems = {definition.pattern.partition(".")[0]: definition.unit for definition in KPIS}
        unit = stems.get(name.partition(".")[0])
        if unit is None:
            self.complain(loc, f"no key figure {name[:80]!r}; {nearest(name.partition('.')[0], stems)}", at_key=loc[0] == "objectives")
            return None
        units[name] = unit
        return unit

    def _effort(self, model: OptimiseModel) -> Effort:
        runs = model.runs
        start = runs.start if runs.start is not None else max(1, round(runs.search / 3))
        if start > runs.search:
            self.complain(("runs", "start"), f"the start is a part of the search, at most {runs.search} (got {start})")
        if runs.choice < 2 * (runs.finalists + 1):
            self.complain(
                ("runs", "choice") if "choice" in runs.model_fields_set else ("runs",),
                f"each of {runs.finalists} finalists and the base needs at least 2 runs, {2 * (runs.finalists + 1)} in all (got {runs.choice})",
            )
        return Effort(runs.search, start, runs.batch, runs.finalists, runs.choice, runs.verdict, runs.replications)
