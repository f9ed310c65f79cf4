"""What differs between scenarios: leaves of their merged trees, the catalogues they read, seed and replications."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin.materials.number import ANNOTATION
from twin.scenario.places import Plain

ABSENT = "–"
"""Shown where a scenario does not have a value or a side does not have a KPI."""
RUN = ("seed", "replication")
"""Leaves that tell runs of one plant apart."""


@dataclass(frozen=True)
class Difference:
    """A value at ``path`` that is not the same in all scenarios, as written in each."""

    path: str
    values: tuple[str, ...]


def leaves_of(tree: Plain, files: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a merged scenario by path, and of every file that it reads the beginning of its SHA-256; without what it is about."""
    found = _flatten({key: value for key, value in tree.items() if key != "about"} if isinstance(tree, dict) else tree)  # no number depends on that
    return found | {f"contents of {name}": hashlib.sha256(text.encode()).hexdigest()[:8] for name, text in files.items()}


def differences(leaves: Sequence[Mapping[str, str]]) -> list[Difference]:
    """Return the leaves that are not the same in all, those of :data:`RUN` at the end."""
    paths = dict.fromkeys(path for found in leaves for path in found)
    ordered = [path for path in paths if path not in RUN] + [path for path in RUN if path in paths]
    rows = [Difference(path, tuple(found.get(path, ABSENT) for found in leaves)) for path in ordered]
    return [row for row in rows if len(dict.fromkeys(row.values)) > 1]


def _flatten(tree: Plain, path: str = "") -> dict[str, str]:
    if isinstance(tree, dict) and "value" in tree and all(key in ANNOTATION for key in tree):
        return _flatten(tree["value"], path)  # where a value comes from is no difference of the plant
    below = tree.items() if isinstance(tree, dict) else _entries(tree)
    if below:
        found: dict[str, str] = {}
        for key, value in below:
            found.update(_flatten(value, f"{path}.{key}" if path else str(key)))
        return found
    if isinstance(tree, list):
        return {path: ", ".join(str(item) for item in tree)}
    return {path: str(tree)}


def _entries(tree: Plain) -> list[tuple[int, Plain]]:
    """The numbered entries of a list of mappings; a plain list is one value."""
    if isinstance(tree, list) and any(isinstance(item, (dict, list)) for item in tree):
        return list(enumerate(tree))
    return []
