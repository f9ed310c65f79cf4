"""Reads a tags file and holds it against the plant. Every problem is found at once, each with its place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from twin.errors import Problem, ScenarioError, UsageError
from twin.live.ensemble.parameters import Changes
from twin.live.ensemble.settings import slow_parameters, watched_parameters
from twin.live.tags.models import ErrorModel, TagModel, TagsModel
from twin.live.tags.tags import Tag, Tags
from twin.measurement import Measurement
from twin.plant.api import load
from twin.plant.build import build
from twin.plant.imposed import ImposedInputs
from twin.plant.observe import Observer
from twin.plant.plant import Plant
from twin.plant.translation import Translation
from twin.quantities import CELSIUS, ZERO_CELSIUS, example_of, kind_of, parse, shown
from twin.quantities import unit as unit_of
from twin.scenario import Scenario
from twin.scenario.machine import MachineModel
from twin.scenario.places import Node, dotted, from_plain, lookup
from twin.scenario.places import Path as Loc
from twin.scenario.problems import in_words, keys_at, nearest
from twin.scenario.quantity_names import Quantity
from twin.scenario.tables import read_text
from twin.scenario.yaml_source import parse_yaml

MOST_TAGS = 10_000
LONGEST_SIGNAL = 200


def load_tags(source: str | os.PathLike[str] | Mapping[str, Any] | Tags, *, scenario: Scenario | None = None) -> Tags:
    """Return the tags in a YAML file, a YAML text of several lines, or a mapping; ``scenario``: a loaded one in the place of the one that is named.

    Raises :class:`~twin.errors.ScenarioError` with every problem found.
    """
    if isinstance(source, Tags):
        return source
    if isinstance(source, Mapping):
        return _Checking(from_plain(source, "<tags>"), json.dumps(source, default=str), Path(), scenario).tags()
    if isinstance(source, str) and "\n" in source:
        return _Checking(parse_yaml(source, "<text>"), source, Path(), scenario).tags()
    path = Path(source)
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return _Checking(parse_yaml(text, str(path)), text, path.parent, scenario).tags()


@dataclass(frozen=True)
class _Plant:
    """What tags are held against; ``inputs``: feeds, products and machines that can be told of."""

    scenario: Scenario
    observer: Observer
    inputs: tuple[str, ...]


class _Checking:
    """A tree and what is wrong with it, gathered on the way."""

    def __init__(self, root: Node, text: str, folder: Path, scenario: Scenario | None) -> None:
        self.root, self.text, self.folder, self.given = root, text, folder, scenario
        self.problems: list[Problem] = []

    def problem(self, loc: Loc, message: str) -> Problem:
        node, _, _ = lookup(self.root, loc)
        return Problem(*node.place, dotted(loc), message)

    def complain(self, loc: Loc, message: str) -> None:
        found = self.problem(loc, message)
        if found not in self.problems:
            self.problems.append(found)

    def tags(self) -> Tags:
        if not isinstance(self.root.value, dict):
            raise ScenarioError([self.root.problem(f"a tags file is a mapping that begins with 'live: 1' (got {shown(self.root.plain())})")])
        model = self._model()
        scenario, path = self._scenario(model)
        start = self._start(model, scenario)
        found = self._tags(model, scenario)
        self._estimate(model, scenario)
        if self.problems:
            raise ScenarioError(self.problems)
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return Tags(scenario, path, start, tuple(found), model.sources, self.folder, digest, model.title, model.estimate)

    def _model(self) -> TagsModel:
        try:
            return TagsModel.model_validate(self.root.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                loc = tuple(part for part in detail["loc"] if part != "[key]")
                loc = loc[: max(lookup(self.root, loc)[2] + (detail["type"] in ("missing", "extra_forbidden")), 1)]
                unknown = detail["type"] == "extra_forbidden"
                self.complain(loc[:-1] if detail["type"] == "missing" else loc, in_words(detail, _keys(loc) if unknown else ()))
            raise ScenarioError(self.problems) from None

    def _scenario(self, model: TagsModel) -> tuple[Scenario, Path | None]:
        if self.given is not None:
            return self.given, None
        path = self.folder / model.plant.scenario
        loc: Loc = ("plant", "scenario")
        try:
            if not path.is_file():
                raise UsageError(f"{model.plant.scenario}: no such file")
            return load(path), path
        except ScenarioError as error:
            raise ScenarioError([self.problem(loc, f"{model.plant.scenario} is wrong"), *error.problems]) from None
        except UsageError as error:
            raise ScenarioError([self.problem(loc, str(error))]) from None

    def _start(self, model: TagsModel, scenario: Scenario) -> float:
        text = model.plant.start
        if text is None:
            return scenario.start.replace(tzinfo=UTC).timestamp()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.complain(("plant", "start"), f"a date and time is needed, e.g. '2026-01-05T06:00+01:00' (got {shown(text)})")
            return 0.0
        if moment.tzinfo is None:
            self.complain(("plant", "start"), f"the offset of the plant's clock is missing: write '{text}+01:00', or '{text}Z' for UTC")
            return 0.0
        return moment.timestamp()

    def _estimate(self, model: TagsModel, scenario: Scenario) -> None:
        """Slow parameters are numbers of the scenario that can change while it runs."""
        for key, read in (("parameters", slow_parameters), ("watched", watched_parameters)):
            try:
                parameters = read(model.estimate, scenario)
                if parameters:
                    plant = Plant(scenario, live=True)
                    for end in (-1.0, 1.0):
                        plant.revise(Changes(scenario, parameters).of([end] * len(parameters)))
            except (UsageError, ScenarioError) as error:
                self.complain(("estimate", key), str(error))

    def _tags(self, model: TagsModel, scenario: Scenario) -> list[Tag]:
        if not model.tags:
            self.complain(("tags",), "no signal is named: give at least one, e.g. 'YARD_LEVEL: {quantity: level.yard, unit: t}'")
        if len(model.tags) > MOST_TAGS:
            raise ScenarioError([self.problem(("tags",), f"at most {MOST_TAGS} signals are possible (got {len(model.tags)})")])
        built = build(scenario, 0, revisable=True)
        plant = _Plant(scenario, Observer(built, Translation(built)), ImposedInputs(scenario, built).names)
        found: list[Tag] = []
        for signal, written in model.tags.items():
            try:
                found.append(self._tag(signal, written, model, plant))
            except UsageError as error:
                key, _, message = str(error).partition("\0")
                loc: Loc = ("tags", signal, key) if message else ("tags", signal)
                self.complain(loc, message or key)
        places: dict[tuple[str, str], str] = {}
        for tag in found:
            first = places.setdefault((tag.source, tag.address), tag.signal)
            if first != tag.signal:
                self.complain(("tags", tag.signal), f"has the same address as {shown(first)} ({shown(tag.address)}): one signal is read once")
        return found

    def _tag(self, signal: str, written: TagModel, model: TagsModel, plant: _Plant) -> Tag:
        if not signal.isprintable() or not signal.strip() or len(signal) > LONGEST_SIGNAL:
            raise UsageError(f"a signal has a name of 1 to {LONGEST_SIGNAL} printable characters (got {shown(signal)})")
        quantity = _input(written.input, plant) if written.input is not None else _at("quantity", lambda: _quantity(written.quantity or "", plant.observer))
        scale, offset = _at("unit", lambda: _scale(written.unit, quantity))
        measurement = _measurement(written, quantity)
        source = _at("source", lambda: _source(written, model))
        told = (written.input or "", written.copy_number - 1)
        return Tag(signal, measurement, written.unit, quantity.si, scale, offset, written.every or 0.0, source, written.address or signal, written.use, *told)


def _at(key: str, read: Any) -> Any:
    """Read one key of a tag; what is wrong with it bears the key."""
    try:
        return read()
    except UsageError as error:
        raise UsageError(f"{key}\0{error}") from None


def _quantity(name: str, observer: Observer) -> Quantity:
    if name.startswith("kpi."):
        raise UsageError(f"{shown(name)} is a key figure of a whole run, which no instrument shows; name a level, a flow, a share, a state or a power")
    return observer.find([name])[0]


def _input(name: str, plant: _Plant) -> Quantity:
    """A truck's mass, or whether a machine stands, as a quantity of its own."""
    if name not in plant.inputs:
        raise UsageError(f"input\0{shown(name)} is no feed, no product with pick-ups and no machine; {nearest(name, plant.inputs)}")
    machine = isinstance(plant.scenario.units[name], MachineModel)
    return Quantity(f"input.{name}", "1" if machine else "kg", "instant", "")


def _scale(unit: str, quantity: Quantity) -> tuple[float, float]:
    if unit in CELSIUS and quantity.si == "K":
        return 1.0, ZERO_CELSIUS
    found = unit_of(unit.strip())
    if found.exponents != unit_of(quantity.si).exponents:
        raise UsageError(f"{quantity.name} is a {kind_of(quantity.si)}, in {quantity.si}, e.g. '{example_of(quantity.si)}' (got the unit {shown(unit)})")
    return float(found.factor), 0.0


def _measurement(written: TagModel, quantity: Quantity) -> Measurement:
    absolute, relative, pieces = _at("error", lambda: _error(written.error, quantity))
    bias = _at("bias", lambda: _size(written.bias, quantity.si))
    resolution = _at("resolution", lambda: _size(written.resolution, quantity.si))
    over = written.over or ("instant" if quantity.when == "instant" else "mean")
    if over == "sum" and not quantity.si.endswith("/s") and quantity.si != "W":
        raise UsageError(f"over\0a sum over time is of a flow or a power; {quantity.name} is in {quantity.si}")
    return Measurement(
        quantity.name,
        over,
        absolute=absolute,
        relative=relative,
        pieces=pieces,
        bias_deviation=bias,
        delay=written.delay,
        resolution=resolution,
        gaps=written.gaps,
    )


def _error(error: ErrorModel | str | None, quantity: Quantity) -> tuple[float, float, int]:
    if error is None:
        return 0.0, 0.0, 0
    if isinstance(error, ErrorModel):
        return _size(error.absolute, quantity.si), error.relative, error.pieces
    if error.strip().endswith(("%", "‰")) and quantity.si != "1":  # of a share, % is points
        share = parse(error, "1")
        if not 0.0 <= share < 1.0:
            raise UsageError(f"a share of the value from 0 to below 100 % is needed (got {shown(error)})")
        return 0.0, share, 0
    return _size(error, quantity.si), 0.0, 0


def _size(text: str | None, si: str) -> float:
    value = parse(text, si) if text is not None else 0.0
    if value < 0.0:
        raise UsageError(f"at least 0 is needed (got {shown(text)})")
    return value


def _source(written: TagModel, model: TagsModel) -> str:
    if written.source is not None:
        if written.source not in model.sources:
            raise UsageError(f"unknown source {shown(written.source)}; {nearest(written.source, model.sources)}")
        return written.source
    if len(model.sources) > 1:
        raise UsageError(f"there are several sources: say which, of {', '.join(model.sources)}")
    return next(iter(model.sources), "")


def _keys(loc: Loc) -> tuple[str, ...]:
    """The keys that may stand where one is unknown."""
    model: type[BaseModel] = TagsModel
    if loc[:1] == ("tags",) and len(loc) == 3:
        return tuple(TagModel.model_fields)
    if loc[:1] == ("sources",) and len(loc) == 3:
        sources = get_args(TagsModel.model_fields["sources"].annotation)
        return tuple(sources[1].model_fields)
    return keys_at(model, loc[:-1])
