"""One scenario out of several files: ``extends``, ``change`` and ``remove``. Every node keeps the place where it was written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path as FilePath

from twin.errors import Problem, ScenarioError, UsageError
from twin.quantities import shown
from twin.scenario.annotations import is_annotation
from twin.scenario.places import DEEPEST, Node, Path, Place, child, dotted, split
from twin.scenario.problems import nearest
from twin.scenario.tables import Files, read_text
from twin.scenario.yaml_source import parse_yaml

_LONGEST_CHAIN = 20
_OWN_KEYS = ("twin", "extends", "name", "title", "change", "remove")
_NUMBER_LIKE = re.compile(r"[+-]?\.?\d.*", re.DOTALL)
CHANGED = "a change"
"""The source of a number that a change put where another source was stated."""


def merged(root: Node, folder: FilePath | None, files: Files, chain: tuple[str, ...] = ()) -> Node:
    """Return the tree that ``root`` describes: itself, or what it extends with its changes made.

    ``folder`` is where a relative name in ``extends`` begins. Raises ``ScenarioError``.
    """
    if not isinstance(root.value, dict):
        raise ScenarioError([root.problem(f"a scenario is a mapping that begins with 'twin: 1' (got {shown(root.plain())})")])
    if "extends" not in root.value:
        stray = [key for key in ("change", "remove") if key in root.value]
        if stray:
            raise ScenarioError([Problem(*root.keys[key], key, f"{key!r} needs 'extends', the scenario that is changed") for key in stray])
        return root
    parent = _parent(root.value["extends"], folder, files, chain)
    problems = [
        Problem(*place, key, f"unknown key beside 'extends'; write it below 'change', e.g. change: {{{key}: ...}} (allowed: {', '.join(_OWN_KEYS)})")
        for key, place in root.keys.items()
        if key not in _OWN_KEYS
    ]
    tree = _drop(parent, ("title",)) if "title" in root.value else parent
    tree = _with(tree, {key: root.value[key] for key in ("twin", "title") if key in root.value}, root.keys)
    tree = _with(_drop(tree, ("name",)), {key: root.value[key] for key in ("name",) if key in root.value}, root.keys)
    tree = _removed(tree, root.value.get("remove"), problems)
    if "change" in root.value:
        tree = _changed(tree, root.value["change"], problems)
    if problems:
        raise ScenarioError(problems)
    return tree


def changed(root: Node, changes: Node) -> Node:
    """Return the tree with the values in ``changes`` (dotted path: value) put in place. Raises ``ScenarioError``."""
    problems: list[Problem] = []
    tree = _changed(root, changes, problems)
    if problems:
        raise ScenarioError(problems)
    return tree


def _parent(written: Node, folder: FilePath | None, files: Files, chain: tuple[str, ...]) -> Node:
    name = written.value
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError([written.problem(f"the name of a scenario file is needed (got {shown(written.plain())})", ("extends",))])
    path = (folder or FilePath()) / name
    try:
        identity = str(path.resolve())
        if identity in chain or len(chain) >= _LONGEST_CHAIN:
            why = "this scenario extends itself" if identity in chain else f"more than {_LONGEST_CHAIN} scenarios extend one another"
            raise ScenarioError([written.problem(f"{why} (by {shown(name)})", ("extends",))])
        text = read_text(path, name)
    except (UsageError, OSError, ValueError, RuntimeError) as error:
        raise ScenarioError([written.problem(str(error), ("extends",))]) from None
    file = os.path.normpath(FilePath(written.place.file).parent / name) if folder is not None else name
    tree = merged(parse_yaml(text, str(file)), path.parent, files, (*chain, identity))
    way = os.path.relpath(path.parent, folder or FilePath()) if path.parent.resolve() != (folder or FilePath()).resolve() else ""
    return _relocated(tree, way) if way else tree


def _relocated(root: Node, way: str) -> Node:
    """Return a tree whose CSV and catalogue names lead from the extending file's folder."""

    def walk(node: Node, endings: tuple[str, ...], within: bool) -> Node:
        if isinstance(node.value, dict):
            return Node({k: walk(n, *_names_below(k, endings, within)) for k, n in node.value.items()}, node.place, node.keys)
        if isinstance(node.value, list):
            return Node([walk(item, endings, within) for item in node.value], node.place)
        if within and isinstance(node.value, str) and node.value.endswith(endings) and not FilePath(node.value).is_absolute():
            return Node(FilePath(os.path.normpath(FilePath(way) / node.value)).as_posix(), node.place)
        return node

    return walk(root, (), False)


def _names_below(key: str, endings: tuple[str, ...], within: bool) -> tuple[tuple[str, ...], bool]:
    if within:
        return endings, key not in ("title", "source", "note")
    return ((".csv",), True) if key in ("units", "events") else ((".yaml", ".yml"), key == "catalogue")


def _drop(node: Node, keys: Iterable[str]) -> Node:
    assert isinstance(node.value, dict)
    gone = tuple(keys)
    return Node({key: item for key, item in node.value.items() if key not in gone}, node.place, {k: p for k, p in node.keys.items() if k not in gone})


def _with(node: Node, items: dict[str, Node], keys: dict[str, Place]) -> Node:
    assert isinstance(node.value, dict)
    return Node({**node.value, **items}, node.place, {**node.keys, **{key: keys[key] for key in items}})


def _removed(tree: Node, written: Node | None, problems: list[Problem]) -> Node:
    if written is None:
        return tree
    items = written.value if isinstance(written.value, list) else [written]
    for item in items:
        try:
            path = split(str(item.value)) if isinstance(item.value, str) else split("")
        except UsageError as error:
            problems.append(item.problem(str(error), ("remove",)))
            continue
        try:
            tree = _without(tree, path, 0)
        except UsageError as error:
            problems.append(item.problem(str(error), ("remove",)))
    return tree


def _without(node: Node, path: Path, depth: int) -> Node:
    part = str(path[depth])
    below = child(node, part)
    if below is None:
        raise UsageError(f"there is no {dotted(path)!r} to remove; {nearest(part, _keys(node))}")
    if depth + 1 < len(path):
        return _replaced(node, part, _without(below, path, depth + 1))
    if isinstance(node.value, list):
        return Node([item for item in node.value if item is not below], node.place)
    return _drop(node, (part,))


def _keys(node: Node) -> list[str]:
    return list(node.value) if isinstance(node.value, dict) else [str(i) for i in range(len(node.value))] if isinstance(node.value, list) else []


def _replaced(node: Node, part: str, new: Node, key_place: Place | None = None) -> Node:
    """Return a copy of a mapping or list with one item replaced or, in a mapping, added at the end."""
    if isinstance(node.value, list):
        return Node([new if index == int(part) else item for index, item in enumerate(node.value)], node.place)
    assert isinstance(node.value, dict)
    return Node({**node.value, part: new}, node.place, {**node.keys, part: key_place or node.keys.get(part, new.place)})


def _changed(tree: Node, written: Node, problems: list[Problem]) -> Node:
    if not isinstance(written.value, dict):
        example = "{units.screen.aperture: 10 mm}"
        problems.append(written.problem(f"a mapping of paths to values is needed, e.g. {example} (got {shown(written.plain())})", ("change",)))
        return tree
    for key, value in written.value.items():
        place = written.keys.get(key, value.place)
        try:
            tree = _set(tree, split(key), 0, value, place, sourced=False)
        except UsageError as error:
            problems.append(Problem(*place, f"change.{key}", str(error)))
    return tree


def _set(node: Node, path: Path, depth: int, value: Node, place: Place, *, sourced: bool) -> Node:
    part = str(path[depth])
    if is_annotation(node) and part not in ("value", "basis", "source", "low", "high", "note") and isinstance(node.value, dict):
        inner = _set(node.value["value"], path, depth, value, place, sourced=True)
        return _replaced(node, "value", inner)
    if not isinstance(node.value, (dict, list)):
        node = Node({}, place)  # a quantity that a mapping replaces in part, such as power by power.idle
    sourced = sourced or (depth == 2 and path[0] == "units" and isinstance(node.value, dict) and not {"basis", "source"}.isdisjoint(node.value))
    below = child(node, part)
    last = depth + 1 == len(path)
    if below is None and (isinstance(node.value, list) or (not last and depth < 2) or depth >= DEEPEST):
        raise UsageError(f"there is no {dotted(path[: depth + 1])!r} to change; {nearest(part, _keys(node))}")
    if last:
        return _replaced(node, part, _wrapped(value) if sourced else value, place)
    return _replaced(node, part, _set(below or Node({}, place), path, depth + 1, value, place, sourced=sourced), None if below else place)


def _wrapped(value: Node) -> Node:
    """Return a bare number annotated, so that it does not inherit the source of what it replaces."""
    number = isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    if number or (isinstance(value.value, str) and _NUMBER_LIKE.fullmatch(value.value)):
        fields = {"value": value, "basis": Node("assumed", value.place), "source": Node(CHANGED, value.place)}
        return Node(fields, value.place, dict.fromkeys(fields, value.place))
    return value
