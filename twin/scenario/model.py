"""The scenario: what a file describes, checked, in SI, frozen."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, UsageError
from twin.materials import Catalogue, Materials
from twin.materials.pieces import with_pieces
from twin.quantities import format_quantity
from twin.scenario.annotations import NOT_STATED, Annotation
from twin.scenario.calculation_points import CalculationPoint
from twin.scenario.calendars import CalendarSpec
from twin.scenario.kind import Kind, UnitModel
from twin.scenario.machine import MachineModel
from twin.scenario.money import MoneyPlan
from twin.scenario.places import Node, Path, Place, Plain, dotted, lookup, split
from twin.scenario.policies import PolicySpec
from twin.scenario.policy import Policy
from twin.scenario.settings import About, Budget, Carrier, Record, ResourceSpec, Thermochemical
from twin.scenario.sizes import SizeClasses
from twin.scenario.source_settings import SourceSettings


@dataclass(frozen=True)
class Parameter:
    """A number: ``value``, ``low`` and ``high`` in the SI unit ``unit``; ``low`` and ``high`` span what an assumed value may be."""

    path: str
    value: float
    unit: str
    basis: str = "assumed"
    source: str = NOT_STATED
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TimedEvent:
    """A change of parameters ``at`` seconds from the start.

    ``changes`` are the values as written, by path; ``models`` the changed units with all their parameters, this and earlier events applied; ``resources`` and
    ``policies`` the same of resources and policies.
    """

    at: float
    changes: Mapping[str, Plain]
    models: Mapping[str, UnitModel]
    resources: Mapping[str, ResourceSpec] = field(default_factory=dict)
    policies: Mapping[str, PolicySpec] = field(default_factory=dict)


class Revises(Protocol):
    """Checks changes of a scenario that is right."""

    def events_after(self, changes: Mapping[str, Plain]) -> tuple[TimedEvent, ...] | None:
        """Return the events after one at the start that makes ``changes``; None where only the whole check can say whether they are right."""


@dataclass(frozen=True)
class Scenario:
    """A scenario in SI: times in s, masses in kg. It holds no problem: what is wrong is raised by :func:`twin.scenario.load`.

    ``materials`` are those it uses, in catalogue order; ``units`` are in the order written, with the ports they take from written out.
    ``merged`` is the tree after ``extends``, ``change`` and ``remove``, as written; ``files`` are the texts of its catalogues and CSVs.
    """

    name: str
    title: str
    path: str | None
    start: datetime
    horizon: float
    warmup: float
    seed: int
    lot: float | None
    record: Record
    budget: Budget
    materials: Materials
    catalogue: Catalogue
    sizes: SizeClasses
    calendars: Mapping[str, CalendarSpec]
    resources: Mapping[str, ResourceSpec]
    carriers: Mapping[str, Carrier]
    thermochemistry: Thermochemical
    units: Mapping[str, UnitModel]
    kinds: Mapping[str, Kind]
    events: tuple[TimedEvent, ...]
    annotations: Mapping[Path, Annotation]
    files: Mapping[str, str]
    changed: Callable[[Scenario, Mapping[str, object]], Scenario] = field(repr=False)
    """What loads a scenario again with some values changed: the loader gives it, since it makes scenarios and so stands above them."""
    source: Node = field(repr=False)
    """The merged tree with places, as written."""
    tree: Node = field(repr=False)
    """The merged tree with places, annotated values in the place of their annotation."""
    folder: str | None = field(default=None, repr=False)
    closed: bool = field(default=False, repr=False)
    """Whether it reads no file but those in ``files``."""
    numbers: tuple[Parameter, ...] = field(default=(), repr=False)
    policies: Mapping[str, PolicySpec] = field(default_factory=dict)
    source_settings: Mapping[str, SourceSettings] = field(default_factory=dict)
    money: MoneyPlan | None = None
    calculation_points: Mapping[str, CalculationPoint] = field(default_factory=dict)
    sticking: Mapping[str, float] = field(default_factory=dict)
    about: About = field(default_factory=About)
    revisions: Revises | None = field(default=None, repr=False)

    @cached_property
    def properties(self) -> Mapping[str, NDArray[np.float64]]:
        """What kernels get: the properties of materials, each (material,), and what their pieces are, each (material, size).

        Where something sticks there is ``clings`` (material,) too, the share of a material that does.
        """
        found = with_pieces(self.materials.properties, self.sizes.lower, self.sizes.upper, self.materials.forms)
        if not self.sticking:
            return found
        clings = np.zeros(len(self.materials.names))
        for name, share in self.sticking.items():
            clings[list(self.materials.members(name))] = share
        return {**found, "clings": clings}

    @cached_property
    def skills(self) -> dict[str, tuple[str, ...]]:
        """The skills of each resource."""
        return {name: spec.skills for name, spec in self.resources.items()}

    def copies(self, machine: str) -> tuple[int, int]:
        """The least and the most copies of a machine that there are at any time, as events change their ``count``."""
        models = [self.units[machine], *(event.models[machine] for event in self.events if machine in event.models)]
        counts = [model.count for model in models if isinstance(model, MachineModel)]
        return min(counts), max(counts)

    @cached_property
    def merged(self) -> Plain:
        """The merged scenario as a plain tree."""
        return self.source.plain()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over the merged scenario and the contents of its files, without their names, in canonical JSON; the order of units and policies counts.

        What it is about is left out: two studies of one plant have the same numbers.
        """
        tree = self._run
        for key in ("units", "materials", "policies"):
            if isinstance(tree.get(key), dict):
                tree[key] = [[name, item] for name, item in tree[key].items()]
        if isinstance(tree.get("resources"), dict):
            tree["resources"] = {name: _in_order(item) for name, item in tree["resources"].items()}
        for key in ("units", "events", "catalogue"):
            if key in tree:
                tree[key] = self._by_content(tree[key])
        contents = sorted(_digest(text) for text in self.files.values())
        return _digest(json.dumps([tree, contents], sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False))

    @property
    def _run(self) -> dict[str, Any]:
        """The merged tree without what it is about."""
        return {key: value for key, value in self.merged.items() if key != "about"} if isinstance(self.merged, dict) else {}

    def _by_content(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._by_content(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._by_content(item) for item in value]
        return {"sha256": _digest(self.files[value])} if isinstance(value, str) and value in self.files else value

    def parameters(self) -> list[Parameter]:
        """Return every number that a run uses, defaults and materials included, with basis and source."""
        return list(self.numbers)

    def place(self, path: str | Path) -> Place:
        """Return file, line and column of what stands at a path, or of the nearest above it."""
        return lookup(self.tree, split(path) if isinstance(path, str) else path)[0].place

    def problem(self, path: str | Path, message: str) -> Problem:
        """Return a problem at a path, with its place, e.g. ``problem("units.screen.from", "leads nowhere")``."""
        return Problem(*self.place(path), path if isinstance(path, str) else dotted(path), message)

    def change(self, changes: Mapping[str, object]) -> Scenario:
        """Return the scenario with some values changed, e.g. ``change({"units.screen.aperture": "10 mm"})``.

        Raises ``ScenarioError`` with all problems of the changed scenario.
        """
        return self.changed(self, changes)

    def to_yaml(self) -> str:
        """Return the merged scenario as YAML, which :func:`twin.scenario.load` reads again (with ``files=scenario.files``)."""
        from twin.scenario.yaml_text import to_yaml

        return to_yaml(self.merged)

    def run_yaml(self) -> str:
        """Return the same without what it is about: a results file holds this among what its digest is of, and ``about`` beside it."""
        from twin.scenario.yaml_text import to_yaml

        return to_yaml(self._run)

    @property
    def code(self) -> tuple[Kind | Policy, ...]:
        """What the scenario is run by: the kinds of its units, and its policies as far as they are installed."""
        return (*self.kinds.values(), *(spec.code for spec in self.policies.values() if spec.code is not None))

    def units_by_kind(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the units of each kind, kinds and units in the order written."""
        found: dict[str, list[str]] = {}
        for name, model in self.units.items():
            found.setdefault(model.kind, []).append(name)
        return {kind: tuple(names) for kind, names in found.items()}

    def __repr__(self) -> str:
        units = ", ".join(f"{len(names)} {kind}" for kind, names in self.units_by_kind().items())
        title = f" {self.title!r}" if self.title else ""
        return f"<Scenario {self.name}{title}: {format_quantity(self.horizon, 's')}, {len(self.units)} units ({units})>"

    def _repr_html_(self) -> str:
        run = f"{self.name}, {format_quantity(self.horizon, 's')} from {self.start:%Y-%m-%d %H:%M}, seed {self.seed}"
        about = f"{run}, {len(self.materials.names)} materials, {len(self.sizes)} size classes"
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><td {left}>{html.escape(kind)}</td><td>{len(names)}</td><td {left}>{', '.join(names)}</td></tr>"
            for kind, names in self.units_by_kind().items()
        )
        head = f"<thead><tr><th {left}>kind</th><th></th><th {left}>units</th></tr></thead>"
        return f"<h4>{html.escape(self.title or self.name)}</h4><p>{html.escape(about)}</p><table>{head}<tbody>{rows}</tbody></table>"

    def group(self, name: str) -> tuple[str, ...]:
        """Return the materials in use that a material or group stands for; raises ``UsageError`` for any other name."""
        if name in self.materials.names:
            return (name,)
        if name in self.catalogue.groups:
            return self.materials.groups.get(name, ())
        if name in self.catalogue.materials:
            return ()
        raise UsageError(f"unknown material or group {name!r}")


def _in_order(resource: Plain) -> Plain:
    """A resource, with its counts by calendar in a list, since the first that is open counts."""
    if isinstance(resource, dict) and isinstance(count := resource.get("count"), dict):
        return {**resource, "count": [[name, number] for name, number in count.items()]}
    return resource


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
