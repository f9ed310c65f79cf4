"""A draft: a scenario file of the folder and what is changed in it. It becomes a change file, and is loaded from the very text of that file."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any

from twin.errors import Problem, ScenarioError, UsageError
from twin.page.folder import SCENARIOS, Folder
from twin.page.sourcing import sourced, states
from twin.page.typed import canonical_limit, read_typed, sign_of
from twin.plant import topology
from twin.quantities import format_quantity, shown
from twin.scenario import Scenario, load
from twin.scenario.annotations import NOT_STATED
from twin.scenario.model import Parameter
from twin.scenario.places import Plain, child, lookup, split
from twin.scenario.tables import confined
from twin.study.change_file import change_text, check_change_file, write_change_file

ABOUT = {"alternatives": "made with twin page"}
MOST_CHANGES = 2000
KEPT = 24
"""Drafts that stay loaded."""
_PATH = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True)
class Draft:
    """``changes``: new values by path, as a change file writes them; ``remove``: paths that are left out."""

    base: str
    changes: Mapping[str, Plain]
    remove: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether nothing is changed."""
        return not self.changes and not self.remove

    def json(self) -> dict[str, Any]:
        """The draft as the browser keeps it."""
        return {"base": self.base, "changes": dict(self.changes), "remove": list(self.remove)}


def read_draft(given: object) -> Draft:
    """Return the draft that a browser sent. Raises ``UsageError``."""
    if not isinstance(given, Mapping) or not isinstance(base := given.get("base"), str):
        raise UsageError(f"a draft has a 'base' (got {shown(given)})")
    changes, remove = given.get("changes", {}), given.get("remove", [])
    if not isinstance(changes, dict) or not isinstance(remove, list) or len(changes) + len(remove) > MOST_CHANGES:
        raise UsageError(f"a draft has 'changes' and 'remove', together at most {MOST_CHANGES}")
    if not all(isinstance(path, str) and _PATH.fullmatch(path) for path in (*changes, *remove)):
        raise UsageError("a path is a text of at most 200 characters, such as units.screen.aperture")
    return Draft(base, changes, tuple(remove))


class Desk:
    """Loads drafts of the scenarios in a folder, and writes them; what was loaded is kept as long as no file changes."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._kept: OrderedDict[object, Scenario] = OrderedDict()
        self._lock = Lock()

    def base(self, draft: Draft) -> Scenario:
        """The scenario file as it stands. Raises ``ScenarioError``."""
        path = self.folder.existing(draft.base, SCENARIOS)
        return self._loaded(("file", draft.base), lambda: load(path))

    def scenario(self, draft: Draft) -> Scenario:
        """The scenario that the change file of a draft is. Raises ``ScenarioError`` with all problems, ``UsageError``."""
        if draft.is_plain:
            return self.base(draft)
        text = self._text(draft, "draft")
        return self._loaded(("text", text), lambda: load(text, folder=self.folder.path))

    def nearest(self, draft: Draft) -> Scenario:
        """The scenario of a draft; of one that cannot be loaded, without the changes in which something is wrong, else the base."""
        try:
            return self.scenario(draft)
        except ScenarioError as error:
            wrong = [problem.path.removeprefix("change.") for problem in error.problems]
            kept = {path: value for path, value in draft.changes.items() if not any(is_within(one, path) or is_within(path, one) for one in wrong)}
            rest = replace(draft, changes=kept, remove=())
        with suppress(ScenarioError):
            return self.scenario(rest)
        return self.base(draft)

    def _text(self, draft: Draft, name: str) -> str:
        path = self.folder.existing(draft.base, SCENARIOS)
        with confined(self.folder.path):
            return change_text(path, self.folder.path / f"{name}.yaml", sourced(self.base(draft), draft.changes), ABOUT, name, draft.remove)

    def _loaded(self, key: object, make: Any) -> Scenario:
        stamp = key, tuple(self.folder.texts())
        with self._lock:
            if stamp in self._kept:
                self._kept.move_to_end(stamp)
                return self._kept[stamp]
        with confined(self.folder.path):
            scenario: Scenario = make()
            topology.derive(scenario)
        with self._lock:
            self._kept[stamp] = scenario
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return scenario

    def tidy(
        self, draft: Draft, typed: Mapping[str, str] = MappingProxyType({}), stated: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    ) -> tuple[Draft, list[Problem]]:
        """Return the draft with one text for each value and without what the base says already, and what is wrong with it.

        ``typed``: what was typed just now, by path; where that can be read in two ways, or in none, the draft keeps what it had.
        ``stated``: basis, source, low and high that were typed for changed numbers.
        """
        base = self.base(draft)
        known = {number.path: number for number in base.numbers}
        changes: dict[str, Plain] = {}
        inner = {path: said for path, said in stated.items() if path not in draft.changes and path not in typed}
        draft, as_is, problems = _stated_inside(draft, base, known, inner)
        for path, value in {**draft.changes, **as_is, **typed}.items():
            try:
                if path in typed:
                    value = _kept_with(draft.changes.get(path), read_typed(typed[path]))
                if path in stated:
                    value = _stated(value, stated[path])
                kept = _tidied(base, path, value, known.get(path))
            except UsageError as error:
                problems.append(Problem("", 0, 0, path, str(error)))
                kept = draft.changes.get(path) if path in typed or path in stated else value
            if kept is not None:
                changes[path] = kept
        return replace(draft, changes=changes), problems

    def save(self, draft: Draft, name: str) -> str:
        """Write the change file of a draft and return its name. Raises ``UsageError``, ``ScenarioError``, ``FileError``; the base is never written."""
        path = self.folder.new(name, ".yaml")
        if path.name == draft.base:
            raise UsageError(f"{path.name} is the scenario that is changed, and stays as it is: give another name")
        draft, problems = self.tidy(draft)
        if problems:
            raise ScenarioError(problems)
        if draft.is_plain:
            raise UsageError(f"nothing is changed: {draft.base} says all of this already")
        check_change_file(path)
        if draft.base in self._bases_of(path.name):
            raise UsageError(f"{draft.base} is itself a change of {path.name}, which would then extend itself: give another name")
        self.scenario(draft)  # a file that does not load is not written
        with confined(self.folder.path):
            write_change_file(self.folder.existing(draft.base, SCENARIOS), path, sourced(self.base(draft), draft.changes), ABOUT, name, draft.remove)
        return path.name

    def _bases_of(self, name: str) -> set[str]:
        """All that extend a file, and those that extend them."""
        listed = self.folder.scenarios()
        found, more = {name}, True
        while more:
            above = {one.file for one in listed if one.extends in found} - found
            found, more = found | above, bool(above)
        return found - {name}


def is_within(path: str, above: str) -> bool:
    """Whether a problem's or change's path is another one, or below it.

    >>> is_within("change.units.screen.rate.mean", "units.screen.rate"), is_within("units.screen_2", "units.screen")
    (True, False)
    """
    own = path.removeprefix("change.")
    return own == above or own.startswith(f"{above}.")


def _tidied(base: Scenario, path: str, value: Plain, number: Parameter | None) -> Plain | None:
    """A value as it is written, None where the base says it already."""
    like = written(base, path)
    if number is not None and isinstance(value, dict) and states(value):
        return _tidied_statement(value, like, number)
    if number is not None and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        found, si = canonical_limit(str(value), number.unit, _like(like, number))
        return None if si == number.value and sign_of(found) == sign_of(like) else as_written(found, like)
    return None if value == like or value == "" else value


def _stated_inside(
    draft: Draft, base: Scenario, known: Mapping[str, Parameter], stated: Mapping[str, Mapping[str, str]]
) -> tuple[Draft, dict[str, Plain], list[Problem]]:
    """What is stated of numbers that have no change of their own: the draft, with it inside what is put anew, the values of those that are as in the base, and
    what is wrong."""
    as_is: dict[str, Plain] = {}
    problems = []
    for path, said in stated.items():
        number = known.get(path)
        own = max((one for one in draft.changes if is_within(path, one)), key=len, default=None)
        below = split(path)[len(split(own)) :] if own is not None else ()
        value = leaf_of(draft.changes[own], below) if own is not None else written(base, path)
        is_number = (isinstance(value, (str, int, float)) and not isinstance(value, bool)) or states(value)
        if any(is_within(path, gone) for gone in draft.remove) or not is_number or (number is None if own is None else value == ""):
            problems.append(Problem("", 0, 0, path, f"the plant has no number at {shown(path)}, of which a basis and a source could be stated"))
        elif own is None and number is not None:
            as_is[path] = _like(value, number)
        elif own is not None:
            try:
                now = _stated(value, said)
                tidied = _tidied_statement(now, written(base, path), number) if number is not None else now
            except UsageError as error:
                problems.append(Problem("", 0, 0, path, str(error)))
                continue
            draft = replace(draft, changes={**draft.changes, own: with_leaf(draft.changes[own], below, now["value"] if tidied is None else tidied)})
    return draft, as_is, problems


def _like(like: Plain, number: Parameter) -> str:
    return like if isinstance(like, str) and like else format_quantity(number.value, number.unit)


def _tidied_statement(value: dict[str, Plain], like: Plain, number: Parameter) -> Plain | None:
    """A number with what is said about it; plain where nothing is, None where the base says all of it."""
    found = dict(value)
    numbers = {}
    for key in ("value", "low", "high"):
        if key in value:
            text, numbers[key] = canonical_limit(str(value[key]), number.unit, _like(like, number))
            found[key] = as_written(text, like)
    said = (numbers["value"], value.get("basis", "assumed"), value.get("source", NOT_STATED), numbers.get("low"), numbers.get("high"))
    if said == (number.value, number.basis, number.source, number.low, number.high):
        return None
    return found if len(found) > 1 else found["value"]


def _kept_with(before: Plain | None, value: str) -> Plain:
    """What was typed, with the basis and source that the one before was given; a range that it was given is that of the old value and goes."""
    if isinstance(before, dict) and states(before):
        return {"value": value, **{key: before[key] for key in ("basis", "source") if key in before}}
    return value


def _stated(value: Plain, said: Mapping[str, str]) -> dict[str, Plain]:
    """A number with what was typed of it; an end of its range that was not typed anew stands under ``low_is`` or ``high_is``."""
    bare = value["value"] if isinstance(value, dict) and states(value) else value
    found: dict[str, Plain] = {"value": bare, **{key: text for key in ("basis", "source") if (text := said.get(key, "").strip())}}
    for key in ("low", "high"):
        if text := read_typed(said.get(key, "")) or said.get(f"{key}_is", ""):
            found[key] = text
    return found


def as_written(text: str, like: Plain) -> Plain:
    """A number without unit as a number, where the base writes it so."""
    if isinstance(like, (int, float)) and not isinstance(like, bool):
        number = float(text) if text.replace(".", "", 1).lstrip("+-").isdigit() else None
        if number is not None:
            return int(number) if number.is_integer() and "." not in text else number
    return text


def written(scenario: Scenario, path: str) -> Plain:
    """What a scenario writes at a path, "" where it writes nothing."""
    node, _, followed = lookup(scenario.tree, split(path))
    return node.plain() if followed == len(split(path)) else ""


def problems_json(problems: Any) -> list[dict[str, Any]]:
    """Problems as the browser shows them: those of numbers stand beside their fields."""
    return [{"path": problem.path.removeprefix("change."), "message": problem.message, "line": problem.line} for problem in problems]


def said_in(draft: Draft, path: str, value: Plain) -> Plain:
    """What a draft says at a path where the scenario, which may be without it, says ``value``; "" where it takes it out."""
    if path in draft.remove:
        return ""
    if path in draft.changes:
        return draft.changes[path]
    for own, said in draft.changes.items():
        if is_within(path, own) and isinstance(said, (dict, list)):  # a unit that the draft brings, or what it puts anew
            return leaf_of(said, split(path)[len(split(own)) :])
        if is_within(own, path):
            value = _put(value, split(own)[len(split(path)) :], said)
    return value


def _put(tree: Plain, parts: tuple[str | int, ...], value: Plain) -> Plain:
    if not parts:
        return value
    first, *rest = parts
    if isinstance(tree, list) and str(first).isdigit():
        return [_put(item, tuple(rest), value) if k == int(first) else item for k, item in enumerate(tree)]
    inside = tree if isinstance(tree, dict) else {}
    return {**inside, str(first): _put(inside.get(str(first), {}), tuple(rest), value)}


def leaf_of(tree: Plain, parts: tuple[str | int, ...]) -> Plain:
    """What stands in a tree below its root; "" where nothing does."""
    for part in parts:
        if isinstance(tree, dict) and str(part) in tree:
            tree = tree[str(part)]
        elif isinstance(tree, list) and str(part).isdigit() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return ""
    return tree


def with_leaf(tree: Plain, parts: tuple[str | int, ...], value: Plain) -> Plain:
    """The tree with another value where it has one."""
    if not parts:
        return value
    first, *rest = parts
    if isinstance(tree, dict):
        return {key: with_leaf(item, tuple(rest), value) if key == str(first) else item for key, item in tree.items()}
    assert isinstance(tree, list)
    return [with_leaf(item, tuple(rest), value) if k == int(first) else item for k, item in enumerate(tree)]


def sources_of(scenario: Scenario, unit: str) -> list[str]:
    """What a unit takes from, as written: streams in a list, those of a blend too."""
    node = child(scenario.tree, "units")
    own = child(child(node, unit), "from") if node is not None and child(node, unit) is not None else None  # type: ignore[arg-type]
    plain = own.plain() if own is not None else []
    if isinstance(plain, dict):
        return list(plain)
    return [str(item) for item in plain] if isinstance(plain, list) else [str(plain)]
