"""An emulator's file: what of the plant is hidden from the twin, and which signals lie, fall silent or come late."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, StrictInt, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from twin.errors import Problem, ScenarioError, TwinError, UsageError
from twin.live.tags import Tags
from twin.live.tags.models import Written
from twin.quantities import Quantity, parse, shown
from twin.scenario import Scenario
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.places import Node, Plain, dotted, from_plain, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at, nearest, wrong
from twin.scenario.tables import read_text
from twin.scenario.yaml_source import parse_yaml
from twin.study.changes import with_changes
from twin.study.factors import faults_in, read_factor

Kind = Literal["bias", "drift", "factor", "stuck", "missing", "nan", "late", "clock", "repeated"]
_TIME = Annotated[float, Quantity("s", ge=0)]
_NEEDS = {"bias": "size", "drift": "size", "factor": "factor", "missing": "chance", "nan": "chance", "late": "by", "clock": "by", "repeated": "chance"}
"""What a kind of fault must say; a size is in the unit of the signal's quantity, that of a drift for each day."""


class FaultModel(Model):
    """What is wrong with a signal for a time."""

    signal: Text
    kind: Kind
    begin: _TIME = Field(default=0.0, alias="from")
    end: _TIME = Field(default=math.inf, alias="to", json_schema_extra={"default": None})
    size: Written | None = None
    factor: Annotated[float, Quantity("1")] | None = None
    chance: Annotated[float, Quantity("1", ge=0, le=1)] = 1.0
    by: Annotated[float, Quantity("s")] | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> FaultModel:
        need = _NEEDS.get(self.kind)
        if need is not None and getattr(self, need) is None:
            raise wrong(f"a fault of the kind {self.kind!r} needs {need!r}")
        if not self.begin < self.end:
            raise wrong("'from' must lie before 'to'")
        return self


class StopModel(Model):
    """Operators stop a machine."""

    machine: Text
    copy_number: Annotated[StrictInt, Field(ge=1)] = Field(default=1, alias="copy")
    begin: _TIME = Field(alias="from")
    end: _TIME = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> StopModel:
        if not self.begin < self.end:
            raise wrong("'from' must lie before 'to'")
        return self


class LaterModel(Model):
    """What of the plant becomes another at a time, as a screen that is worn, and stays so."""

    begin: _TIME = Field(alias="from")
    change: Annotated[dict[str, Any], Field(min_length=1)]


class TruthModel(Model):
    """What the twin is not told: values, and what is drawn by the seed."""

    change: dict[str, Any] = Field(default_factory=dict)
    drawn: dict[str, Any] = Field(default_factory=dict)
    later: list[LaterModel] = Field(default_factory=list)


class EmulatorModel(Model):
    """An emulator's file."""

    emulate: Literal[1]
    title: Text = ""
    truth: TruthModel = Field(default_factory=TruthModel)
    faults: list[FaultModel] = Field(default_factory=list)
    stops: list[StopModel] = Field(default_factory=list)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a signal from ``begin`` to before ``end`` [s]. ``size`` SI (of a drift: SI/s), ``by`` s, ``chance`` 0..1 of each reading."""

    signal: str
    kind: Kind
    begin: float
    end: float
    size: float = 0.0
    factor: float = 1.0
    chance: float = 1.0
    by: float = 0.0

    def holds(self, time: float) -> bool:
        """Whether it is on at ``time`` s."""
        return self.begin <= time < self.end


@dataclass(frozen=True)
class Stop:
    """Operators stop a copy (from 0) of a machine from ``begin`` to ``end`` [s]."""

    machine: str
    copy: int
    begin: float
    end: float


@dataclass(frozen=True)
class Later:
    """From ``begin`` [s] on the plant is another, by path; ``cause``: "feed" where it is the feed that changed, else "machine"."""

    begin: float
    change: Mapping[str, Plain]
    cause: Literal["machine", "feed"]


@dataclass(frozen=True)
class Emulation:
    """What is to be emulated: the true ``scenario``, what was ``hidden`` in it (paths and values as written), faults, stops, and what changes later."""

    scenario: Scenario
    hidden: Mapping[str, Plain]
    seed: int
    faults: tuple[Fault, ...] = ()
    stops: tuple[Stop, ...] = ()
    later: tuple[Later, ...] = ()


def load_emulation(source: str | os.PathLike[str] | Mapping[str, Any] | None, tags: Tags, seed: int) -> Emulation:
    """Return what an emulator's file says of the plant of ``tags``: the truth that ``seed`` draws. None: no file, so the scenario is the truth.

    Raises :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if source is None:
        source = {"emulate": 1}
    if isinstance(source, Mapping):
        return _Checking(from_plain(source, "<emulator>"), tags, seed).emulation()
    path = Path(source)
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return _Checking(parse_yaml(text, str(path)), tags, seed).emulation()


class _Checking:
    def __init__(self, root: Node, tags: Tags, seed: int) -> None:
        self.root, self.tags, self.seed = root, tags, seed
        self.problems: list[Problem] = []

    def complain(self, loc: Loc, message: str) -> None:
        node, _, _ = lookup(self.root, loc)
        self.problems.append(Problem(*node.place, dotted(loc), message))

    def emulation(self) -> Emulation:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"an emulator's file is a mapping that begins with 'emulate: 1' (got {shown(self.root.plain())})")])
        try:
            model = EmulatorModel.model_validate(self.root.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(part for part in detail["loc"] if part != "[key]")
                loc = loc[: max(lookup(self.root, loc)[2] + (detail["type"] in ("missing", "extra_forbidden")), 1)]
                unknown = detail["type"] == "extra_forbidden"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, in_words(detail, keys_at(EmulatorModel, loc[:-1]) if unknown else ()))
            raise ScenarioError(self.problems) from None
        hidden = self._hidden(model)
        faults = [fault for k, own in enumerate(model.faults) if (fault := self._fault(k, own)) is not None]
        self._check_stops(model)
        scenario = self.tags.scenario
        try:
            scenario = with_changes(scenario, {"seed": self.seed, **hidden}) if not self.problems else scenario
        except ScenarioError as error:
            raise ScenarioError([self.root.problem("the truth cannot be", ("truth",)), *error.problems]) from None
        later = self._later(model, scenario) if not self.problems else ()
        if self.problems:
            raise ScenarioError(self.problems)
        stops = sorted((Stop(own.machine, own.copy_number - 1, own.begin, own.end) for own in model.stops), key=lambda stop: stop.begin)
        return Emulation(scenario, hidden, self.seed, tuple(faults), tuple(stops), later)

    def _later(self, model: EmulatorModel, scenario: Scenario) -> tuple[Later, ...]:
        """Changes in the order of time, each held against a plant that has had those before."""
        from twin.plant.plant import Plant

        plant = Plant(scenario, live=True) if model.truth.later else None
        found: list[Later] = []
        so_far: dict[str, Plain] = {}
        for k, own in sorted(enumerate(model.truth.later), key=lambda row: row[1].begin):
            so_far |= own.change
            try:
                assert plant is not None
                plant.revise(so_far)
            except ScenarioError as error:
                self.complain(("truth", "later", k, "change"), error.problems[0].message)
                break
            units = [path.split(".")[1] for path in own.change if path.startswith("units.")]
            feed = bool(units) and all(unit in scenario.kinds and scenario.kinds[unit].role == "feed" for unit in units)
            found.append(Later(own.begin, dict(own.change), "feed" if feed else "machine"))
        return tuple(found)

    def _hidden(self, model: EmulatorModel) -> dict[str, Plain]:
        """What is changed and what is drawn; each path draws from a stream of its own, so that one more changes no other."""
        found: dict[str, Plain] = dict(model.truth.change)
        known = {number.path: number for number in self.tags.scenario.parameters()}
        for path, how in model.truth.drawn.items():
            loc: Loc = ("truth", "drawn", path)
            try:
                factor = read_factor(path, how, self.tags.scenario, known)
            except (ValidationError, PydanticCustomError) as error:
                for below, message in faults_in(error, loc):
                    self.complain(below, message)
            except TwinError as error:
                self.complain(loc, str(error))
            else:
                found[path] = factor.at(float(stream_of(self.seed, f"truth/{path}").random()))[1]
        return found

    def _fault(self, k: int, model: FaultModel) -> Fault | None:
        loc: Loc = ("faults", k)
        tag = self.tags.get(model.signal)
        if tag is None:
            self.complain((*loc, "signal"), f"no signal {shown(model.signal)}; {nearest(model.signal, [own.signal for own in self.tags.tags])}")
            return None
        size = 0.0
        if model.size is not None:
            try:
                size = parse(model.size, tag.si) / (86400.0 if model.kind == "drift" else 1.0)
            except UsageError as error:
                self.complain((*loc, "size"), str(error))
        factor = 1.0 if model.factor is None else model.factor
        return Fault(model.signal, model.kind, model.begin, model.end, size, factor, model.chance, model.by or 0.0)

    def _check_stops(self, model: EmulatorModel) -> None:
        from twin.plant.plant import Plant
        from twin.scenario.machine import MachineModel

        if not model.stops:
            return
        units = self.tags.scenario.units
        known = [name for name in Plant(self.tags.scenario, live=True).inputs if isinstance(units[name], MachineModel)]
        for k, stop in enumerate(model.stops):
            if stop.machine not in known:
                self.complain(("stops", k, "machine"), f"{shown(stop.machine)} is no machine; {nearest(stop.machine, known)}")


def stream_of(seed: int, name: str) -> np.random.Generator:
    """Random numbers of a name, apart from all others."""
    words = np.frombuffer(name.encode().ljust(-(-len(name.encode()) // 4) * 4, b"\0"), dtype="<u4").tolist()
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words])))
