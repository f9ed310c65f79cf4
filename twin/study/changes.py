"""Changes of a scenario by path, with two that the scenario's own ``change`` does not know: numbers of a catalogue, and shares that go on to sum to 1.

Where some shares of a composition or of a material are changed, those that are not give way in proportion; where all are, all are scaled. An assay, which may
leave a rest, is scaled only where it would exceed 100 %.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from twin.errors import Problem, ScenarioError, UsageError
from twin.quantities import parse
from twin.scenario import Scenario
from twin.scenario.annotations import is_annotation
from twin.scenario.loading import CHANGE
from twin.scenario.merge import CHANGED
from twin.scenario.places import Node, Path, Plain, dotted, lookup, split
from twin.scenario.problems import nearest
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml

_EXACT = ("composition", "constituents")
"""Shares that must sum to 1; those of an assay may leave a rest."""


def with_changes(scenario: Scenario, changes: Mapping[str, Plain]) -> Scenario:
    """Return the scenario with the values at some paths changed, e.g. ``{"materials.pcb.assay.Cu": 0.18}``. Raises :class:`~twin.errors.ScenarioError`."""
    if not changes:
        return scenario
    own: dict[str, Plain] = {}
    stored: dict[Path, Plain] = {}
    for text, value in changes.items():
        path = _parts(text)
        if path[:1] == ("materials",) and len(path) > 2 and lookup(scenario.source, path[:2])[2] < 2:
            stored[path] = value
        else:
            own[text] = value
    tree = scenario.tree
    own = {**own, **{dotted(path): value for path, value in _giving_way(tree, {_parts(text): value for text, value in own.items()}).items()}}
    if not stored:
        return scenario.change(own)
    return replace(scenario, files={**scenario.files, **_changed_catalogues(scenario, stored)}).change(own)


def giving_way(scenario: Scenario, changes: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return the new values, by path, of shares of the scenario that give way when others are changed, without those that are changed themselves."""
    found = _giving_way(scenario.tree, {_parts(text): value for text, value in changes.items()})
    return {name: value for path, value in found.items() if (name := dotted(path)) not in changes}


def _parts(text: str) -> Path:
    try:
        return split(text)
    except UsageError:
        return ()  # the scenario's own change says what is wrong with it


def _giving_way(tree: Node, changes: Mapping[Path, Plain]) -> dict[Path, Plain]:
    """Return new values of all shares of which some are changed, so that their sum stays what it may be."""
    groups: dict[Path, dict[str, float]] = {}
    for path, value in changes.items():
        if len(path) > 2 and path[-2] in ("assay", *_EXACT):
            with suppress(UsageError):
                groups.setdefault(path[:-1], {})[str(path[-1])] = parse(value, "1")
    found: dict[Path, Plain] = {}
    for where, new in groups.items():
        old = dict(_shares_at(tree, where))
        found |= {(*where, name): share for name, share in _closed(old, new, exact=where[-1] in _EXACT).items()}
    return found


def _shares_at(tree: Node, where: Path) -> Iterator[tuple[str, float]]:
    node, _, followed = lookup(tree, where)
    for name, below in node.children() if followed == len(where) else ():
        value = below.value["value"] if is_annotation(below) and isinstance(below.value, dict) else below
        with suppress(UsageError):
            yield str(name), parse(value.plain(), "1")


def _closed(old: Mapping[str, float], new: Mapping[str, float], *, exact: bool) -> dict[str, float]:
    """Return the shares that change, or give way, when those in ``new`` are set: to a sum of 1 or, where not ``exact``, of at most 1."""
    others = {name: share for name, share in old.items() if name not in new}
    changed, rest = math.fsum(new.values()), math.fsum(others.values())
    total = changed + rest
    if abs(total - 1.0) <= 1e-12 or (total < 1.0 and not exact):
        return dict(new)
    if rest > 0.0 and changed <= 1.0:
        return {**new, **{name: share * (1.0 - changed) / rest for name, share in others.items()}}
    return {name: share / changed for name, share in new.items()} if not rest and changed > 0.0 else dict(new)


def _changed_catalogues(scenario: Scenario, changes: Mapping[Path, Plain]) -> dict[str, str]:
    """Return the texts of those catalogues in which a number is changed."""
    by_file: dict[str, dict[Path, Plain]] = {}
    problems = []
    for path, value in changes.items():
        try:
            by_file.setdefault(_file_with(scenario, path), {})[path] = value
        except UsageError as error:
            problems.append(Problem(CHANGE, 0, 0, dotted(path), str(error)))
    if problems:
        raise ScenarioError(problems)
    return {name: _changed_text(scenario.files[name], own) for name, own in by_file.items()}


def _file_with(scenario: Scenario, path: Path) -> str:
    """Return the catalogue in which a path leads to a number. Raises ``UsageError``."""
    message = f"there is no material {str(path[1])!r}; {nearest(path[1], scenario.catalogue.materials)}"
    for name, text in scenario.files.items():
        if name.endswith(".csv"):
            continue
        node, _, followed = lookup(_catalogue(text), path)
        if followed == len(path) and (is_annotation(node) or not isinstance(node.value, (dict, list))):
            return name
        if followed > 1:
            known = [str(key) for key, _ in node.children()]
            message = f"there is no number {dotted(path[: followed + 1])!r} in the catalogue {name}; {nearest(path[min(followed, len(path) - 1)], known)}"
    raise UsageError(message)


@lru_cache(maxsize=8)
def _catalogue(text: str) -> Node:
    return parse_yaml(text, "catalogue")


@lru_cache(maxsize=8)
def _plain_catalogue(text: str) -> Plain:
    return _catalogue(text).plain()


def _changed_text(text: str, changes: Mapping[Path, Plain]) -> str:
    materials = {str(path[1]) for path in changes}
    whole: Any = _plain_catalogue(text)
    entries = {name: copy.deepcopy(entry) if name in materials else entry for name, entry in whole["materials"].items()}
    for path, value in {**changes, **_giving_way(_catalogue(text), changes)}.items():
        node: Any = entries
        for part in path[1:-1]:
            node = node[str(part)]
        last = str(path[-1])
        node[last] = {"value": value, "basis": "assumed", "source": CHANGED}
    return to_yaml({**whole, "materials": entries})
