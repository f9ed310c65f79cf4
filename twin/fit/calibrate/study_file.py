"""A calibration as a file: the scenario, what is believed of its parameters, what was measured. Every problem is found at once, each with its place."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, ValidationError
from pydantic_core import PydanticCustomError

from twin.errors import Problem, ScenarioError, TwinError, UsageError
from twin.fit.calibrate.emulator import runs_needed
from twin.fit.calibrate.priors import Prior
from twin.fit.calibrate.target_models import ParameterField, ParameterModel, TargetModel, Written
from twin.fit.calibrate.targets import MOST_READINGS, Setting, Target, moment, targets_of
from twin.plant.api import load
from twin.quantities import format_quantity, parse, shown
from twin.scenario import Scenario
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.model import Parameter
from twin.scenario.places import Node, dotted, from_plain, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at, nearest, wrong
from twin.scenario.tables import Files, read_text
from twin.scenario.yaml_source import parse_yaml
from twin.study.changes import with_changes
from twin.study.factors import faults_in, is_whole, read_factor
from twin.study.probes import Probe, outside_steps

FEW = 6
"""Up to so many parameters an emulator of all products of two is fitted; more take the ensemble smoother."""
MOST_PARAMETERS = 60


def _two(value: object) -> object:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise wrong(f"the runs of both stages are needed, e.g. [150, 250] (got {shown(value)})")
    return value


class CalibrationModel(Model):
    """A calibration as written."""

    calibrate: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")] | None = None
    title: Text = ""
    base: Text
    change: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, ParameterField]
    targets: dict[str, TargetModel]
    error: Written | None = None
    discrepancy: Written | None = None
    hold_out_from: Text | None = None
    pilot: Annotated[StrictInt, Field(ge=8, le=1000)] = 20
    runs: Annotated[tuple[StrictInt, StrictInt], BeforeValidator(_two)] = (150, 250)
    members: Annotated[StrictInt, Field(ge=100, le=10_000)] = 400
    ensemble: Annotated[StrictInt, Field(ge=10, le=10_000)] = 200
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = 0


@dataclass(frozen=True)
class Calibration:
    """A calibration, checked."""

    name: str
    title: str
    scenario: Scenario
    base: Path | None
    """The scenario's file, None where a loaded one was given."""
    priors: tuple[Prior, ...]
    targets: tuple[Target, ...]
    pilot: int
    runs: tuple[int, int]
    members: int
    ensemble: int
    seed: int
    changed: Mapping[str, Any]
    data_sha256: str
    """SHA-256 over the study file and the tables that it reads."""
    place: Callable[[Loc, str], Problem] = field(compare=False)
    left_out: tuple[str, ...] = ()
    """Instruments and targets that were left out beside what the study says."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Where runs are looked at; targets that are not used too, so that they can be taken in again without new runs."""
        return tuple(target.probe for target in self.targets)

    @property
    def few(self) -> bool:
        """Whether the emulator of two stages is taken, and not the ensemble smoother."""
        return len(self.priors) <= FEW

    @property
    def used(self) -> list[int]:
        """Places of the targets that the parameters are fitted to."""
        return [k for k, target in enumerate(self.targets) if target.used and not target.held_out]

    @property
    def held(self) -> list[int]:
        """Places of the targets that are held out."""
        return [k for k, target in enumerate(self.targets) if target.used and target.held_out]


def without(calibration: Calibration, instruments: Sequence[str]) -> Calibration:
    """Return the calibration with the readings of some instruments, or some targets, left out. Raises ``UsageError`` for a name that none has."""
    if not instruments:
        return calibration
    names = list(dict.fromkeys(name for target in calibration.targets for name in (target.instrument, target.name, target.name.partition("@")[0])))
    for name in instruments:
        if name not in names:
            raise UsageError(f"no target or instrument {shown(name)}; {nearest(name, names)}")
    left = [{target.instrument, target.name, target.name.partition("@")[0]} & set(instruments) for target in calibration.targets]
    targets = tuple(replace(target, used=False) if out else target for target, out in zip(calibration.targets, left, strict=True))
    found = replace(calibration, targets=targets, left_out=tuple(instruments))
    if not found.used:
        raise UsageError("all targets are left out or held out: nothing is left to fit to")
    return found


def load_calibration(source: str | os.PathLike[str] | Mapping[str, Any] | Calibration, *, base: Scenario | None = None) -> Calibration:
    """Return the calibration in a YAML file, a YAML text of several lines, or a mapping; ``base``: a loaded scenario in the place of the one it names.

    Raises :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if isinstance(source, Calibration):
        return source
    if isinstance(source, Mapping):
        return _Reading(from_plain(source, "<calibration>"), json.dumps(source, default=str), Path(), base).calibration("calibration")
    if isinstance(source, str) and "\n" in source:
        return _Reading(parse_yaml(source, "<text>"), source, Path(), base).calibration("calibration")
    path = Path(source)
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return _Reading(parse_yaml(text, str(path)), text, path.parent, base).calibration(path.stem)


class _Reading:
    """A tree and what is wrong with it, gathered on the way."""

    def __init__(self, root: Node, text: str, folder: Path, base: Scenario | None) -> None:
        self.root, self.text, self.folder, self.base = root, text, folder, base
        self.problems: list[Problem] = []

    def problem(self, loc: Loc, message: str) -> Problem:
        node, _, _ = lookup(self.root, loc)
        return Problem(*node.place, dotted(loc), message)

    def complain(self, loc: Loc, message: str) -> None:
        found = self.problem(loc, message)
        if found not in self.problems:
            self.problems.append(found)

    def calibration(self, stem: str) -> Calibration:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"a calibration is a mapping that begins with 'calibrate: 1' (got {shown(self.root.plain())})")])
        model = self._model()
        scenario, base = self._scenario(model)
        files = Files(self.folder, start=scenario.start)
        priors = self._priors(model, scenario)
        targets = self._targets(model, scenario, files)
        self._check(model, targets)
        if self.problems:
            raise ScenarioError(self.problems)
        name = model.name or re.sub(r"[^A-Za-z0-9_.-]", "_", stem).lstrip("_.-")[:80] or "calibration"
        digest = hashlib.sha256(json.dumps([self.text, files.texts], sort_keys=True).encode()).hexdigest()
        sizes = (model.pilot, model.runs, model.members, model.ensemble, model.seed)
        return Calibration(name, model.title, scenario, base, tuple(priors), tuple(targets), *sizes, model.change, digest, self.problem)

    def _model(self) -> CalibrationModel:
        plain = self.root.plain()
        assert isinstance(plain, dict)
        if self.base is not None:
            plain = {**plain, "base": self.base.name}
        try:
            return CalibrationModel.model_validate(plain)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(part for part in detail["loc"] if part != "[key]")
                loc = loc[: max(lookup(self.root, loc)[2] + (detail["type"] in ("missing", "extra_forbidden")), 1)]
                unknown = detail["type"] == "extra_forbidden"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, in_words(detail, _keys(loc) if unknown else ()))
            raise ScenarioError(self.problems) from None

    def _scenario(self, model: CalibrationModel) -> tuple[Scenario, Path | None]:
        path = self.folder / model.base
        try:
            if self.base is None and not path.is_file():
                raise UsageError(f"{model.base}: no such file")
            scenario = self.base if self.base is not None else load(path)
            return with_changes(scenario, model.change), None if self.base is not None else path
        except ScenarioError as error:
            raise ScenarioError([self.problem(("base",), f"{model.base} is wrong, or a change of it"), *error.problems]) from None
        except UsageError as error:
            raise ScenarioError([self.problem(("base",), str(error))]) from None

    def _priors(self, model: CalibrationModel, scenario: Scenario) -> list[Prior]:
        known = {number.path: number for number in scenario.parameters()}
        found = []
        for path, written in model.parameters.items():
            loc: Loc = ("parameters", path)
            try:
                prior = _prior(path, written, scenario, known)
                self._try(prior, scenario)
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error, loc):
                    self.complain(below, message)
            except TwinError as error:
                self.complain(loc, str(error))
            else:
                found.append(prior)
        return found

    def _try(self, prior: Prior, scenario: Scenario) -> None:
        """Put the ends and the middle of a prior into the scenario."""
        if is_whole(scenario, prior.path):
            raise UsageError("a whole number is not calibrated: what lies between two has no meaning; compare its values, each calibrated by itself")
        if prior.path in ("seed", "time.horizon", "time.warmup", "lot"):
            raise UsageError("this is no property of the plant; what was measured cannot tell it")
        for u in (0.0, -2.5, 2.5):
            try:
                with_changes(scenario, {prior.path: prior.written(u)})
            except ScenarioError as error:
                reached = format_quantity(prior.value(u), prior.unit)
                raise UsageError(f"{reached}, which its prior reaches, is not possible: {error.problems[0].message}") from None

    def _targets(self, model: CalibrationModel, scenario: Scenario, files: Files) -> list[Target]:
        try:
            held_from = moment(model.hold_out_from, scenario)
        except UsageError as error:
            self.complain(("hold_out_from",), str(error))
            held_from = None
        setting = Setting(scenario, files, model.error, model.discrepancy, held_from)
        found: list[Target] = []
        for name, written in model.targets.items():
            loc: Loc = ("targets", name)
            try:
                own = targets_of(name, written, setting)
                fault = next((text for target in own if (text := outside_steps(target.probe, scenario))), "")
                if fault:
                    raise UsageError(fault)
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error, loc):
                    self.complain(below, message)
            except UsageError as error:
                self.complain(loc, str(error))
            else:
                found += own
        return found

    def _check(self, model: CalibrationModel, targets: list[Target]) -> None:
        if not model.parameters:
            self.complain(("parameters",), "nothing is to be found: name at least one parameter by its path")
        if len(model.parameters) > MOST_PARAMETERS:
            self.complain(("parameters",), f"at most {MOST_PARAMETERS} parameters are possible (got {len(model.parameters)})")
        for path in model.parameters:
            if path in model.change:
                self.complain(("change", path), f"{path} is calibrated, so that a change of it has no effect")
        if len(targets) > MOST_READINGS:
            told = "give a series a longer 'every'"
            self.complain(("targets",), f"there are {len(targets)} readings; more than {MOST_READINGS} need more runs than there are: {told}")
        if targets and not any(target.used and not target.held_out for target in targets):
            self.complain(("targets",), "all targets are held out: nothing is left to fit to")
        if not model.targets:
            self.complain(("targets",), "nothing was measured: name at least one target")
        for place, count in enumerate(model.runs):
            if not 40 <= count <= 100_000:
                self.complain(("runs", place), f"40 to 100000 runs of a stage are possible (got {count})")
        self._check_enough(model, len(targets))

    def _check_enough(self, model: CalibrationModel, readings: int) -> None:
        """What the emulator would refuse after the runs is told before them."""
        few = len(model.parameters) <= FEW
        need = runs_needed(len(model.parameters), 2 if few else 1, readings)
        stages = [(("runs", place), count) for place, count in enumerate(model.runs)] if few else [(("members",), model.members)]
        for loc, count in stages:
            if 40 <= count < need and 0 < readings <= MOST_READINGS:
                told = f"{len(model.parameters)} parameters and {readings} readings need at least {need} runs with a result"
                self.complain(loc, f"{told} (got {count}); give more, some above that for runs that fail, or a series a longer 'every'")


def _keys(loc: Loc) -> tuple[str, ...]:
    if loc[:1] == ("parameters",) and len(loc) > 2:
        return tuple(ParameterModel.model_fields)
    if loc[:1] == ("targets",) and len(loc) == 3:
        return tuple(info.alias or name for name, info in TargetModel.model_fields.items())
    return keys_at(CalibrationModel, loc[:-1])


def _prior(path: str, written: ParameterModel, scenario: Scenario, known: Mapping[str, Parameter]) -> Prior:
    """The prior of a parameter: between what is written, else what the scenario says that it may be."""
    how: object = "assumed" if written.low is None else {"uniform": [written.low, written.high]}
    factor = read_factor(path, how, scenario, known)
    assert factor.distribution is not None
    low, high = factor.distribution.lower, factor.distribution.upper
    if written.low is not None:  # as written, rounded once
        low, high = parse(written.low, factor.unit), parse(written.high, factor.unit)
    if written.prior == "lognormal" and low <= 0.0:
        raise UsageError(f"a lognormal prior is of what is above 0 (got low {written.low or low})")
    return Prior(path, factor.unit, low, high, written.prior)
