"""One scenario out of several files: ``extends``, ``change`` and ``remove``. Every node keeps the place where it was written."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path as FilePath

from twin.errors import Problem, ScenarioError, UsageError
from twin.materials.number import ANNOTATION
from twin.quantities import shown
from twin.scenario.annotations import is_annotation
from twin.scenario.places import DEEPEST, Node, Path, Place, child, dotted, split
from twin.scenario.problems import MOST_PROBLEMS, nearest
from twin.scenario.tables import Files, not_stored, read_text
from twin.scenario.yaml_source import parse_yaml

Note = Callable[[Place, str, str], None]
"""``note(place, path, message)`` keeps a problem."""
_SECTIONS = ("about", "time", "record", "calendars", "resources", "carriers", "budget", "materials", "thermochemistry", "units")
"""Top-level keys that hold mappings; a change may be the first to name one."""
_NAMED = ("units", "materials", "calendars", "resources", "sites", "links", "avoided")
_NAMED_HEAT = ("sources", "boilers", "users")
_LONGEST_CHAIN = 20
_OWN_KEYS = ("twin", "extends", "name", "title", "about", "change", "remove")
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
    problems: list[Problem] = []

    def note(place: Place, path: str, message: str) -> None:
        problems.append(Problem(*place, path, message))
        if len(problems) >= MOST_PROBLEMS:
            raise ScenarioError(problems)

    for key, place in root.keys.items():
        if key not in _OWN_KEYS:
            allowed = ", ".join(_OWN_KEYS)
            note(place, key, f"unknown key beside 'extends'; write it below 'change', e.g. change: {{{key}: ...}} (allowed: {allowed})")
    tree = _copied(parent)
    _drop(tree, "name")
    for key in ("twin", "name", "title"):
        if key in root.value:
            _put(tree, key, root.value[key], root.keys[key])
    if "about" in root.value:
        _add(tree, "about", root.value["about"], root.keys["about"])
    if "remove" in root.value:
        _remove(tree, root.value["remove"], note)
    if "change" in root.value:
        _change(tree, root.value["change"], note)
    if problems:
        raise ScenarioError(problems)
    return tree


def changed(root: Node, changes: Node) -> Node:
    """Return the tree with the values in ``changes`` (dotted path: value) put in place. Raises ``ScenarioError``."""
    problems: list[Problem] = []
    tree = _copied(root)
    _change(tree, changes, lambda place, path, message: problems.append(Problem(*place, path, message)))
    if problems:
        raise ScenarioError(problems)
    return tree


def _parent(written: Node, folder: FilePath | None, files: Files, chain: tuple[str, ...]) -> Node:
    name, wanted = _named(written)
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError([written.problem(f"the name of a scenario file is needed (got {shown(written.plain())})", ("extends",))])
    path = (folder or FilePath()) / name
    if files.closed:
        raise ScenarioError([written.problem(not_stored(name), ("extends",))])
    try:
        identity = str(path.resolve())
        if identity in chain or len(chain) >= _LONGEST_CHAIN:
            why = "this scenario extends itself" if identity in chain else f"more than {_LONGEST_CHAIN} scenarios extend one another"
            raise ScenarioError([written.problem(f"{why} (by {shown(name)})", ("extends",))])
        text = read_text(path, name)
        if wanted is not None and wanted != text_hash(text):
            hashes = f"its sha256 is {text_hash(text)[:12]}…, not {str(wanted)[:12]}…"
            raise UsageError(f"{name} is not the file that was changed: {hashes}; make the changes anew, or write its name alone")
    except (UsageError, OSError, ValueError, RuntimeError) as error:
        raise ScenarioError([written.problem(str(error), ("extends",))]) from None
    file = os.path.normpath(FilePath(written.place.file).parent / name) if folder is not None else name
    tree = merged(parse_yaml(text, str(file)), path.parent, files, (*chain, identity))
    way = os.path.relpath(path.parent, folder or FilePath()) if path.parent.resolve() != (folder or FilePath()).resolve() else ""
    return _relocated(tree, way) if way else tree


def _named(written: Node) -> tuple[object, object]:
    """The name of the base and, where it is written ``{file: NAME, sha256: HASH}``, the hash of its text."""
    plain = written.plain()
    if isinstance(plain, dict) and plain.keys() == {"file", "sha256"}:
        return plain["file"], plain["sha256"]
    return written.value, None


def text_hash(text: str) -> str:
    """Return the sha256 of a scenario file's text, in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
    return ((".csv",), True) if key in ("units", "events", "energy") else ((".yaml", ".yml"), key == "catalogue")


def _copied(node: Node) -> Node:
    """Return a tree that can be changed in place; what aliases share is there twice."""
    if isinstance(node.value, dict):
        return Node({key: _copied(item) for key, item in node.value.items()}, node.place, dict(node.keys))
    if isinstance(node.value, list):
        return Node([_copied(item) for item in node.value], node.place)
    return Node(node.value, node.place)


def _drop(node: Node, key: str) -> None:
    if isinstance(node.value, dict):
        node.value.pop(key, None)
        node.keys.pop(key, None)


def _put(node: Node, key: str, value: Node, place: Place) -> None:
    """Put a value in a mapping, at the end where the key is new."""
    assert isinstance(node.value, dict)
    node.value[key] = value
    node.keys[key] = place


def _add(node: Node, key: str, value: Node, place: Place) -> None:
    """Put a mapping over what stands there, key by key: a study has its question, and the author of what it extends unless it names another."""
    below = child(node, key)
    if below is None or not isinstance(below.value, dict) or not isinstance(value.value, dict):
        _put(node, key, value, place)
        return
    for name, item in value.value.items():
        _put(below, name, item, value.keys[name])


def _remove(tree: Node, written: Node, note: Note) -> None:
    """Take away what stands at each path that is listed."""
    for item in written.value if isinstance(written.value, list) else [written]:
        try:
            path = split(item.value if isinstance(item.value, str) else "")
        except UsageError as error:
            note(item.place, "remove", str(error))
            continue
        node: Node | None = tree
        for part in path[:-1]:
            above, node = node, child(node, part) if node is not None else None
            if node is None:
                break
        last = str(path[-1])
        if node is None or child(node, last) is None:
            missing, above = (part, above) if node is None else (last, node)
            note(item.place, "remove", f"there is no {dotted(path)!r} to remove; {nearest(missing, _keys(above))}")
        elif isinstance(node.value, list):
            del node.value[int(last)]
        else:
            _drop(node, last)


def _keys(node: Node | None) -> list[str]:
    return [str(key) for key, _ in node.children()] if node is not None else []


def _change(tree: Node, written: Node, note: Note) -> None:
    """Put each value at its path."""
    if not isinstance(written.value, dict):
        example = "{units.screen.aperture: 10 mm}"
        note(written.place, "change", f"a mapping of paths to values is needed, e.g. {example} (got {shown(written.plain())})")
        return
    for key, value in written.value.items():
        place = written.keys.get(key, value.place)
        try:
            _set(tree, split(key), value, place)
        except UsageError as error:
            note(place, f"change.{key}", str(error))


def _set(tree: Node, path: Path, value: Node, place: Place) -> None:
    """Put a value at a path. Units and their like must exist, so that a slip in a name is found; other mappings on the way are added."""
    node, sourced = tree, False
    for depth, name in enumerate(path):
        part, last = str(name), depth + 1 == len(path)
        if is_annotation(node) and part not in ANNOTATION:
            node, sourced = _value_of(node), True
        if not isinstance(node.value, (dict, list)):
            node.value, node.place, node.keys = {}, place, {}  # a mapping replaces a quantity in part, such as a rate by rate.normal.sd
        if depth == 2 and path[0] == "units" and isinstance(node.value, dict):
            sourced = sourced or not {"basis", "source"}.isdisjoint(node.value)
        below = child(node, part)
        if below is None and (isinstance(node.value, list) or (not last and _must_exist(path, depth)) or depth >= DEEPEST):
            raise UsageError(f"there is no {dotted(path[: depth + 1])!r} to change; {nearest(part, _keys(node))}")
        if last:
            below = _wrapped(value) if sourced else _copied(value)
        elif below is None:
            below = Node({}, place)
        if isinstance(node.value, list):
            node.value[int(part)] = below
        elif last or part not in node.value:
            _put(node, part, below, place)
        node = below


def _must_exist(path: Path, depth: int) -> bool:
    """Whether a part on the way is a name that somebody gave (a unit, say), or no key of the language: then a slip must be found."""
    if depth == 3:
        return path[:2] == ("energy", "heat") and path[2] in _NAMED_HEAT  # of a cluster
    return path[0] not in _SECTIONS if depth == 0 else depth == 1 and path[0] in _NAMED


def _value_of(annotation: Node) -> Node:
    assert isinstance(annotation.value, dict)
    return annotation.value["value"]


def _wrapped(value: Node) -> Node:
    """Return a bare number annotated, so that it does not inherit the source of what it replaces."""
    number = isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    if number or (isinstance(value.value, str) and _NUMBER_LIKE.fullmatch(value.value)):
        fields = {"value": value, "basis": Node("assumed", value.place), "source": Node(CHANGED, value.place)}
        return Node(fields, value.place, dict.fromkeys(fields, value.place))
    return value
