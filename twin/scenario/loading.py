"""From a file, a text or a mapping to a :class:`~twin.scenario.model.Scenario`, or to all problems at once."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from twin.errors import Problem, ScenarioError, UsageError
from twin.materials import CLASSES, ELEMENTS, Catalogue, Materials
from twin.quantities import shown
from twin.scenario import catalogues, references
from twin.scenario.annotations import unwrap
from twin.scenario.calculation_points import check_points, unknown_targets
from twin.scenario.events import Entry, timed
from twin.scenario.fields import NAME
from twin.scenario.kind import Kind, UnitModel, find, names
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import with_acceptance
from twin.scenario.machine import MachineModel
from twin.scenario.merge import changed, merged
from twin.scenario.model import Scenario
from twin.scenario.money import check_money, late_series
from twin.scenario.parameters import parameters_of
from twin.scenario.places import Node, Path, Plain, child, dotted, from_plain, lookup
from twin.scenario.policies import check_flows, read_policies
from twin.scenario.problems import MOST_PROBLEMS, in_words, keys_at
from twin.scenario.process import ProcessModel
from twin.scenario.revisions import Revisions
from twin.scenario.set_points import plant_of
from twin.scenario.settings import ELECTRICITY, Settings, resolved_carriers
from twin.scenario.source_settings import read_settings
from twin.scenario.stocks import with_stocks
from twin.scenario.tables import Files, read_text
from twin.scenario.vocabulary import Vocabulary
from twin.scenario.yaml_source import parse_yaml

_TEXT, _MAPPING = "<text>", "<scenario>"
STORED = "<stored scenario>"
CHANGE = "<change>"
"""The file that a problem in changes made from Python names."""
_UNIT_NAME = re.compile(NAME)


def load(
    source: str | bytes | os.PathLike[str] | Mapping[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Scenario:
    """Return the scenario in a YAML file, a YAML text (several lines, or one with ``": "``) or a mapping of the same form.

    ``files`` are texts of catalogues and CSVs that are taken instead of files of that name; others are looked for beside the scenario, or in
    ``folder``. For a text or a mapping with ``files`` and no ``folder`` there are no others: see :func:`load_stored`. Raises ``ScenarioError`` with every
    problem found.
    """
    root, file, where = _read(source, FilePath(folder) if folder is not None else None)
    read = Files(where, dict(files or {}), closed=files is not None and where is None)
    tree = merged(root, where, read, (str(FilePath(file).resolve()),) if file else ())
    if isinstance(tree.value, dict) and "sites" in tree.value:
        message = "this is a cluster of several plants, which 'twin run', 'twin validate' and twin.scenario.cluster.load_cluster take; here one plant is needed"
        raise ScenarioError([Problem(*tree.keys["sites"], "sites", message)])
    return _build(tree, read, file)


def load_stored(text: str, files: Mapping[str, str]) -> Scenario:
    """Return a scenario that was stored in a results or study file, with the texts of all files that it reads.

    Whoever sent such a file must not make this computer read one of its own: ``text`` is never taken for a file's name, and ``extends``, a catalogue or a CSV
    that is not in ``files`` is an error. The same holds for all that is made of the scenario by ``change``. Raises ``ScenarioError``.
    """
    read = Files(None, dict(files), closed=True)
    return _build(merged(parse_yaml(text, STORED), None, read), read, None)


def change(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """Return ``scenario`` with the values at some paths changed."""
    return change_by(scenario, _from_mapping(changes, CHANGE))


def change_by(scenario: Scenario, changes: Node) -> Scenario:
    """The same for changes that were written somewhere, which problems in them then name."""
    given = Files(FilePath(scenario.folder) if scenario.folder is not None else None, scenario.files, closed=scenario.closed)
    return _build(changed(scenario.source, changes), given, scenario.path)


def _from_mapping(mapping: Mapping[str, object], name: str) -> Node:
    try:
        return from_plain(mapping, name)
    except UsageError as error:
        raise ScenarioError([Problem(name, 0, 0, "", str(error))]) from None


def _read(source: object, folder: FilePath | None) -> tuple[Node, str | None, FilePath | None]:
    """Return the tree as written, the file's name, and the folder in which other files are looked for."""
    if isinstance(source, Mapping):
        return _from_mapping(source, _MAPPING), None, folder
    if isinstance(source, bytes):
        try:
            return parse_yaml(source.decode("utf-8-sig"), _TEXT), None, folder
        except UnicodeDecodeError as error:
            raise ScenarioError([Problem(_TEXT, 0, 0, "", f"is not UTF-8 text (byte {error.start})")]) from None
    if isinstance(source, str) and ("\n" in source or ": " in source):
        return parse_yaml(source, _TEXT), None, folder
    if not isinstance(source, (str, os.PathLike)):
        raise UsageError(f"a scenario is a file, a YAML text or a mapping (got {shown(source)})")
    path = FilePath(os.fspath(source))
    try:
        text = read_text(path)
    except UsageError as error:
        raise ScenarioError([Problem(str(path), 0, 0, "", str(error).removeprefix(f"{path}: "))]) from None
    return parse_yaml(text, str(path)), str(path), folder or path.parent


class _Checked:
    """A tree and everything that is wrong with it, gathered on the way."""

    def __init__(self, source: Node, files: Files) -> None:
        self.files = files
        self.tree, self.annotations, self.problems = unwrap(source, kept=("materials",))
        self.models: dict[str, UnitModel] = {}
        self.partial: dict[str, UnitModel] = {}
        self.kinds: dict[str, Kind] = {}

    def complain(self, loc: Path, message: str, *, at_key: bool = False) -> None:
        """Note a problem at a path of the merged scenario."""
        node, key_place, followed = lookup(self.tree, loc)
        problem = Problem(*(key_place if at_key and followed == len(loc) else node.place), dotted(loc), message)
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            raise ScenarioError(self.problems)

    def complain_of(self, error: ValidationError, model: type[BaseModel], loc: Path) -> None:
        """Note every problem that pydantic found in what stands at ``loc``."""
        for below, message, at_key in _faults(error, model):
            self.complain((*loc, *below), message, at_key=at_key)

    def settings(self) -> tuple[Settings, tuple[str, ...]]:
        """Return the settings, with stand-ins for the wrong ones, and the keys of those."""
        plain = self.tree.plain()
        assert isinstance(plain, dict)
        stand_in: dict[str, Any] = {"twin": 1, "time": {"horizon": "1 d"}, "units": {"none": {}}}
        bad: tuple[str, ...] = ()
        while True:  # what two keys say of each other is looked at once each of them is right
            try:
                given = {**stand_in, **{key: value for key, value in plain.items() if key not in bad}} if bad else plain
                return Settings.model_validate(given, context=self.files), bad
            except ValidationError as error:
                self.complain_of(error, Settings, ())
                worse = [key for key in dict.fromkeys(str(detail["loc"][0]) for detail in error.errors(include_url=False)) if key not in bad]
                if not worse:
                    raise
                bad = (*bad, *worse)

    def written(self, key: str, bad: Collection[str]) -> tuple[str, ...]:
        """Return the names under a key that has faults of its own: they are known all the same, so that nobody who uses one is told that it is not."""
        node = child(self.tree, key)
        return tuple(str(name) for name, _ in node.children()) if key in bad and node is not None and isinstance(node.value, dict) else ()

    def read_units(self, written: Node | None) -> None:
        """Validate each unit with the model of its kind."""
        for key, node in written.children() if written is not None and isinstance(written.value, dict) else ():
            name, loc = str(key), ("units", str(key))
            if not _UNIT_NAME.fullmatch(name):
                self.complain(loc, f"a unit's name has small letters, digits and '_' and begins with a letter (got {shown(name)})", at_key=True)
                continue
            kind = self._kind(node, loc)
            if kind is None:
                continue
            try:
                self.models[name] = kind.model.model_validate(node.plain(), context=self.files)
                self.kinds[name] = kind
            except ValidationError as error:
                self.complain_of(error, kind.model, loc)
                self._keep_what_is_right(name, kind, node, error)

    def _keep_what_is_right(self, name: str, kind: Kind, node: Node, error: ValidationError) -> None:
        """Keep the right parameters of a wrong unit, so that the names in it, and its ports, are checked in the same pass.

        Not where a parameter of its own is wrong, which may be the one that names the ports.
        """
        bad = {str(detail["loc"][0]) for detail in error.errors(include_url=False) if detail["loc"]}
        shared = {field.alias or key for key, field in MachineModel.model_fields.items()} - {"kind"}
        if (kind.role == "machine" and not bad <= shared) or not isinstance(node.value, dict) or not bad:
            return
        with suppress(ValidationError):
            plain = {key: below.plain() for key, below in node.value.items() if key not in bad}
            self.partial[name], self.kinds[name] = kind.model.model_validate(plain, context=self.files), kind

    def _kind(self, node: Node, loc: Path) -> Kind | None:
        written = child(node, "kind")
        if not isinstance(node.value, dict):
            self.complain(loc, f"a unit is a mapping, e.g. {{kind: bunker, from: deliveries, capacity: 600 t}} (got {shown(node.plain())})")
        elif written is None:
            self.complain(loc, f"'kind' is missing; known: {', '.join(names())}")
        elif not isinstance(written.value, str):
            self.complain((*loc, "kind"), f"the name of a kind is needed (got {shown(written.plain())})")
        else:
            try:
                return find(written.value)
            except UsageError as error:
                self.complain((*loc, "kind"), str(error))
        return None

    def validated(self, unit: str, plain: Plain) -> tuple[UnitModel | None, list[tuple[Path, str]]]:
        """Return the model of a unit with other parameters, or what is wrong with them."""
        kind = self.kinds[unit]
        try:
            model = kind.model.model_validate(plain, context=self.files)
        except ValidationError as error:
            return None, [(below, message) for below, message, _ in _faults(error, kind.model)]
        if (after := kind.ports(model)) != (before := kind.ports(self.models[unit])):
            return None, [((), f"the ports must stay {', '.join(before)} (got {', '.join(after)})")]
        return model, []

    def named_axes(self, settings: Settings) -> dict[str, list[str]]:
        """Return the carriers and resources that quantities can name."""
        drawn = [name for model in self.models.values() if isinstance(model, ProcessModel) for name in model.carriers_used()]
        return {"carrier": [ELECTRICITY, *settings.carriers, *drawn], "resource": list(settings.resources)}

    def materials(self, settings: Settings, source: Node, events: list[Entry], skip: bool) -> tuple[Catalogue, Materials] | None:
        """Return all materials that can be named and those that are used; None, after noting why, where some are wrong."""
        inline = child(source, "materials")
        inline = inline if inline is not None and isinstance(inline.value, dict) else None
        catalogue = catalogues.joined(settings.catalogue, inline, self.files, self.problems, self.complain)
        if catalogue is None or skip:
            return None
        used: list[tuple[Path, str]] = [(("units", name, *loc), word) for name, model in self.models.items() for loc, word in model.materials_used()]
        used += [(("events", entry.index, "set"), word) for entry in events for model in entry.event.models.values() for _, word in model.materials_used()]
        named = [name for model in self.models.values() for name in model.materials_named()]
        models = [*self.models.values(), *(model for entry in events for model in entry.event.models.values())]
        apart = [composites for model in models if (composites := model.liberates) is not None]
        assayed = [material for model in self.models.values() if isinstance(model, Feed) for _, material, _ in model.assays_given()]
        tables = catalogues.tabulated(catalogue, assayed)
        if tables and any(model.liberates_by_catalogue for model in models):
            apart.append(tables)
        if apart:
            named += [part for _, name in used for part in catalogues.liberated(catalogue, name, apart)]
        materials = catalogues.used_materials(catalogue, used, named, self.complain)
        if materials is not None:
            materials = replace(materials, liberated={name: table for name, table in materials.liberated.items() if name in tables})
        return None if materials is None else (catalogue, materials)

    def check_liberation(self, materials: Materials) -> None:
        """A composite, or a constituent of one, whose assay varies by delivery must not come apart: what it becomes has the catalogue's assay."""
        apart: dict[str, tuple[str, str]] = {}
        for unit, model in self.models.items():
            composites = model.liberates
            for name in composites or tuple(materials.constituents) if composites is not None else ():
                for material in (name, *(part for part, _ in materials.constituents.get(name, ()))):
                    apart.setdefault(material, (name, unit))
        for feed, model in self.models.items():
            for loc, material, _ in model.assays_given() if isinstance(model, Feed) else ():
                if material in apart:
                    composite, unit = apart[material]
                    self.complain(
                        ("units", feed, *loc),
                        f"{material!r} has an assay of its own here, and {composite!r} comes apart in {unit!r}, which needs the catalogue's assays; "
                        f"leave this assay out, or name in 'liberation' of {unit!r} only composites without it",
                    )

    def check_with(self, vocabulary: Vocabulary, events: list[Entry]) -> None:
        """Check every unit, and every unit that an event changes, in view of materials and sizes."""
        for name, model in self.models.items():
            for loc, message in model.check(vocabulary):
                self.complain(("units", name, *loc), message)
        for entry in events:
            for name, model in entry.event.models.items():
                for loc, message in model.check(vocabulary):
                    self.complain(("events", entry.index, "set"), f"{dotted(('units', name, *loc))}: {message}")


def _faults(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Path, str, bool]]:
    """Yield (place, message, whether the key itself is wrong) of each of pydantic's errors."""
    for detail in error.errors(include_url=False):
        below = tuple(part for part in detail["loc"] if part != "[key]")
        unknown, of_key = detail["type"] == "extra_forbidden", below != detail["loc"]
        message = in_words(detail, keys_at(model, below[:-1]) if unknown else ())
        yield (below[:-1] if detail["type"] == "missing" else below), message, unknown or of_key


def _build(source: Node, files: Files, file: str | None) -> Scenario:
    checked = _Checked(source, files)
    settings, bad = checked.settings()
    files.start = settings.time.start
    checked.read_units(child(checked.tree, "units"))
    unit_names = tuple(settings.units) if "units" not in bad else ()
    calendars = (*settings.calendars, *checked.written("calendars", bad))
    known = references.Names(unit_names, checked.models, checked.partial, checked.kinds, calendars, settings.resources, checked.written("resources", bad))
    checked.models = references.check(known, lambda loc, message: checked.complain(("units", *loc), message))
    for name, spec in settings.resources.items():
        for loc, message in references.wrong_resource(spec, known):
            checked.complain(("resources", name, *loc), message)
    units = checked.tree.plain()
    assert isinstance(units, dict)
    written = units.get("units")
    written = written if isinstance(written, dict) else {}
    plant = plant_of(checked.models, checked.kinds, written, checked.named_axes(settings), checked.validated, resources=settings.resources, closed=files.closed)
    policies = read_policies(settings.policies, plant, checked.complain)
    source_settings = read_settings(plant, checked.complain)
    events = timed(settings, written, checked.models, checked.validated, known, checked.complain, policies)
    before_stocks, revisions = checked.models, None
    checked.models = with_acceptance(with_stocks(checked.models, unit_names, checked.complain), settings.size_bounds)
    stuff = checked.materials(settings, source, events, skip="catalogue" in bad or "materials" in bad)
    faulty = checked.written("carriers", bad)
    drawn = [name for model in checked.models.values() if isinstance(model, ProcessModel) for name in model.carriers_used() if name not in faulty]
    carriers = resolved_carriers(settings.carriers, drawn, settings.time, lambda name, message: checked.complain(("carriers", name), message))
    if settings.money is not None:
        for loc, message in check_money(settings.money, calendars, checked.models, carriers):
            checked.complain(loc, message)
    for loc, message in late_series(checked.models, settings.money, settings.time.start):
        checked.complain(loc, message)
    for loc, message in check_points(settings.calculation_points, checked.models, checked.kinds):
        checked.complain(loc, message)
    if stuff is not None and "size_bounds" not in bad:
        catalogue, materials = stuff
        composites = tuple(materials.constituents)
        words = Vocabulary(
            materials.names,
            tuple(catalogue.materials),
            catalogue.groups,
            ELEMENTS,
            settings.size_bounds,
            materials.fractions(),
            composites,
            {key: tuple(dict.fromkeys(known.classes[key].value for known in catalogue.materials.values())) for key in CLASSES},
        )
        checked.check_with(words, events)
        for loc, message in unknown_targets(settings.calculation_points, words):
            checked.complain(loc, message)
        for name in settings.sticking:
            if name not in materials.names and name not in materials.groups:
                checked.complain(("sticking", name), words.unknown_material(name) or f"{name!r} is not delivered, so that none of it sticks")
        check_flows(policies.values(), plant, materials.names, checked.complain)
        checked.check_liberation(materials)
        revisions = Revisions(settings, written, before_stocks, checked.validated, known, policies, words)
    if checked.problems or stuff is None:
        raise ScenarioError(checked.problems)
    catalogue, materials = stuff
    named = catalogue.numbers(materials.names)
    decided = policies.values()
    numbers = parameters_of(settings, checked.models, events, named, carriers, checked.annotations, checked.complain, decided, source_settings)
    if checked.problems:
        raise ScenarioError(checked.problems)
    return Scenario(
        name=settings.name or _default_name(file),
        title=settings.title,
        about=settings.about,
        path=file,
        start=settings.time.start,
        horizon=settings.time.horizon,
        warmup=settings.time.warmup,
        seed=settings.seed,
        lot=settings.lot,
        record=settings.record,
        budget=settings.budget,
        materials=materials,
        catalogue=catalogue,
        sizes=settings.size_bounds,
        calendars=dict(sorted(settings.calendars.items())),
        resources=dict(sorted(settings.resources.items())),
        carriers={name: carrier for name, (carrier, _) in carriers.items()},
        thermochemistry=settings.thermochemistry,
        money=settings.money,
        calculation_points=settings.calculation_points,
        sticking=settings.sticking,
        units=checked.models,
        kinds=checked.kinds,
        events=tuple(entry.event for entry in events),
        policies=policies,
        source_settings=source_settings,
        annotations=checked.annotations,
        files=dict(files.texts),
        changed=change,
        source=source,
        tree=checked.tree,
        folder=str(files.folder) if files.folder is not None else None,
        closed=files.closed,
        numbers=tuple(numbers),
        revisions=revisions,
    )


def _default_name(file: str | None) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", FilePath(file).stem) if file else ""
    return stem.lstrip("_.-")[:80] or "scenario"
