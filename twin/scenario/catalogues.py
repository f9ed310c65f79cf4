"""The materials of a scenario: its catalogues, those defined in it, and which of them it uses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from twin.errors import Problem, ScenarioError, UsageError
from twin.materials import ELEMENTS, Catalogue, Material, Materials, builtin_catalogue, builtin_names, builtin_text, catalogue_from_tree
from twin.scenario.places import Node, Path, Plain, child, lookup, split
from twin.scenario.problems import nearest
from twin.scenario.settings import FORMAT
from twin.scenario.tables import Files
from twin.scenario.yaml_source import parse_yaml

Complain = Callable[[Path, str], None]
MOST_MATERIALS = 200
"""The largest length of the material axis: arrays and files grow with it."""
_MOST_ENTRIES, _MOST_PARTS, _DEEPEST_COMPOSITE = 2000, 5000, 20
_INLINE: dict[str, Plain] = {"density": {"value": "1000 kg/m3", "basis": "assumed", "source": "default of a material defined in a scenario"}, "assay": {}}


def read_catalogue(name: str, files: Files) -> Catalogue:
    """Return a catalogue that comes with twin, or one from a YAML file. Raises ``UsageError``, or ``ScenarioError`` with places in the file."""
    is_file = name.endswith((".yaml", ".yml")) or "/" in name
    if name in builtin_names() and files.given.get(name, builtin_text(name)) == builtin_text(name):
        files.texts[name] = builtin_text(name)
        return builtin_catalogue(name)
    if not is_file and name not in files.given:
        raise UsageError(f"unknown catalogue {name!r}; {nearest(name, builtin_names())}; a file's name ends in .yaml")
    root = parse_yaml(files.read(name), name)
    entries = child(root, "materials")
    if entries is not None and (reason := _tangle(entries.plain())):
        raise UsageError(f"{name}: {reason}")
    return catalogue_from_tree(root.plain(), _reporter(root))


def inline_catalogue(written: Node, known: Mapping[str, Material]) -> Catalogue:
    """Return the catalogue of the materials defined in a scenario: density 1000 kg/m3 and an assay that is all ``rest``, unless given.

    Composites may name the materials in ``known`` too.
    """
    entries: dict[str, Plain] = {}
    for name, node in written.children():
        plain = node.plain()
        if isinstance(plain, dict):
            plain = plain if "constituents" in plain else {**_INLINE, **plain}
        entries[str(name)] = plain
    if reason := _tangle(entries):
        raise ScenarioError([written.problem(reason, ("materials",))])
    tree: Plain = {"twin_catalogue": FORMAT, "name": "scenario", "materials": entries}
    return catalogue_from_tree(tree, _reporter(Node({"materials": written}, written.place, {"materials": written.place})), known)


def _tangle(materials: Plain) -> str | None:
    """Return why composites are refused before they are computed; None where they are fine, or where they run in a circle.

    The parts of a composite are followed down to the assays, so that a few lines can ask for more work than a computer has time for.
    """
    entries = materials if isinstance(materials, dict) else {}
    if len(entries) > _MOST_ENTRIES:
        return f"has {len(entries)} materials, at most {_MOST_ENTRIES} are read"
    parts: dict[str, list[str]] = {}
    for name, entry in entries.items():
        constituents = entry.get("constituents") if isinstance(entry, dict) else None
        parts[name] = [part for part in constituents if part in entries] if isinstance(constituents, dict) else []
    work: dict[str, int] = {}
    for _ in range(_DEEPEST_COMPOSITE):
        waiting = [name for name in parts if name not in work]
        work |= {name: 1 + sum(work[part] for part in parts[name]) for name in waiting if all(part in work for part in parts[name])}
    if (most := max(work.values(), default=0)) > _MOST_PARTS:
        return f"a material has {most} parts, counting the parts of its parts; at most {_MOST_PARTS} are followed"
    if len(work) < len(parts) and len(parts) > _DEEPEST_COMPOSITE:
        return f"composites are nested more than {_DEEPEST_COMPOSITE} deep, or in a circle"
    return None


def _reporter(root: Node) -> Callable[[str, str], Problem]:
    def report(path: str, message: str) -> Problem:
        try:
            parts = split(path) if path else ()
        except UsageError:
            parts = ()
        return Problem(*lookup(root, parts)[0].place, path, message)

    return report


def joined(names: Iterable[str], inline: Node | None, files: Files, problems: list[Problem], complain: Complain) -> Catalogue | None:
    """Return all materials that a scenario may name; None, after noting why, where a catalogue is wrong."""
    parts: list[Catalogue] = []
    before = len(problems)
    for index, name in enumerate(names):
        try:
            parts.append(read_catalogue(name, files))
        except ScenarioError as error:
            problems.extend(error.problems)
        except UsageError as error:
            complain(("catalogue", index), str(error))
    if inline is not None:
        try:
            parts.append(inline_catalogue(inline, {name: material for part in parts for name, material in part.materials.items()}))
        except ScenarioError as error:
            problems.extend(error.problems)
    if len(problems) > before:
        return None
    whole = Catalogue("none", "", {})
    for part in parts:
        whole = whole.joined(part) if whole.materials else part
    for name in whole.clashes():
        complain(("materials",), f"{name!r} stands for two things; elements, materials and groups share one namespace")
    return whole


def used_materials(catalogue: Catalogue, used: Iterable[tuple[Path, str]], named: Collection[str], complain: Complain) -> Materials | None:
    """Return the materials of a scenario, in catalogue order; None, after noting which, where some are unknown.

    ``used`` are those that come in, with their places; those in ``named``, which products name, belong to it where they are known.
    """
    names, unknown = dict.fromkeys(named), 0
    for path, name in used:
        if name in catalogue.materials:
            names[name] = None
            continue
        unknown += 1
        what = "a group" if name in catalogue.groups else "an element" if name in ELEMENTS else ""
        hint = "give 'catalogue: [weee]', or 'materials'" if not catalogue.materials else nearest(name, catalogue.materials)
        complain(path, f"{name!r} is {what}, a material is needed; {hint}" if what else f"unknown material {name[:80]!r}; {hint}")
    if len(names) > MOST_MATERIALS:
        complain(("units",), f"at most {MOST_MATERIALS} materials can be in a plant (got {len(names)})")
    if unknown or len(names) > MOST_MATERIALS:
        return None
    chosen = catalogue.select([name for name in catalogue.materials if name in names])
    empty = {group: () for group in catalogue.groups if group not in chosen.groups}
    return replace(chosen, groups={**chosen.groups, **empty})


def tabulated(catalogue: Catalogue, assayed: Collection[str]) -> tuple[str, ...]:
    """Return the composites that the catalogue has a table of liberation for, but for those with an assay that is not the catalogue's (``assayed``).

    What they would become has the catalogue's assay, so such a composite, or one with such a constituent, stays whole where nothing else is asked for.
    """
    having = (name for name, material in catalogue.materials.items() if material.liberated)
    return tuple(name for name in having if not any(part in assayed for part in (name, *catalogue.made_of(name))))


def liberated(catalogue: Catalogue, used: str, apart: Iterable[Collection[str]]) -> list[str]:
    """Return what a material that comes in can break into, where one of the units in ``apart`` breaks it: these composites, or all where none is named."""
    if used not in catalogue.materials or not any(not composites or used in composites for composites in apart):
        return []
    return list(catalogue.made_of(used))
