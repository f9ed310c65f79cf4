"""A scenario as a tree of nodes that know where they were written, and paths into it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from twin.errors import Problem, UsageError
from twin.quantities import shown

Scalar: TypeAlias = str | int | float | bool
Plain: TypeAlias = "Scalar | list[Plain] | dict[str, Plain]"
Path: TypeAlias = tuple[str | int, ...]

DEEPEST = 50
MOST_NODES = 200_000


class Place(NamedTuple):
    """A file, and a line and column in it that count from 1; 0 where there is none."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class Node:
    """A value and where it stands: a scalar, a list of nodes or a mapping of names to nodes; ``keys`` holds the places of a mapping's names."""

    value: Scalar | list[Node] | dict[str, Node]
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Plain:
        """Return the tree without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def children(self) -> Iterator[tuple[str | int, Node]]:
        """Yield (key or index, node) of what is directly below."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def problem(self, message: str, path: Path = ()) -> Problem:
        """Return a problem at this node."""
        return Problem(*self.place, dotted(path), message)


def from_plain(value: object, file: str) -> Node:
    """Return the tree of a Python mapping, list or scalar; every place is ``file`` without a line. Raises ``UsageError``."""
    counted = 0

    def build(item: object, path: Path) -> Node:
        nonlocal counted
        counted += 1
        if len(path) > DEEPEST:
            raise UsageError(f"{dotted(path[:5])}…: is nested more than {DEEPEST} deep")
        if counted > MOST_NODES:
            raise UsageError(f"has more than {MOST_NODES} values")
        if isinstance(item, Mapping):
            for key in item:
                if not isinstance(key, str):
                    raise UsageError(f"{dotted((*path, str(key)))}: a key must be a text (got {shown(key)})")
            place = Place(file)
            return Node({key: build(v, (*path, key)) for key, v in item.items()}, place, dict.fromkeys(item, place))
        if isinstance(item, (list, tuple)):
            return Node([build(v, (*path, i)) for i, v in enumerate(item)], Place(file))
        if isinstance(item, (str, bool, int, float)):
            if reason := _unwritable(item):
                raise UsageError(f"{dotted(path)}: {reason} (got {shown(item)})")
            return Node(item, Place(file))
        raise UsageError(f"{dotted(path)}: a text, number, true, false, list or mapping is needed (got {shown(item)})")

    return build(value, ())


def _unwritable(value: Scalar) -> str | None:
    """Return why a value cannot stand in a YAML file; None where it can."""
    if isinstance(value, str):
        return "a text with half a character cannot be written" if _SURROGATE.search(value) else None
    if isinstance(value, float):
        return None if math.isfinite(value) else "a finite number is needed"
    return None if abs(value) < 10**18 else "a number of at most 18 digits is needed"


def dotted(path: Path) -> str:
    """Return a path as people write it: ``("events", 0, "set")`` is ``"events.0.set"``; a key with a dot in it is quoted."""
    return ".".join(f'"{part}"' if isinstance(part, str) and not _BARE.fullmatch(part) else str(part) for part in path)


_SURROGATE = re.compile("[\ud800-\udfff]")
_BARE = re.compile(r"[^.\"]+")
_PART = re.compile(r'"([^"]*)"|([^."]+)')


def split(text: str) -> Path:
    """Return the parts of a dotted path; raises ``UsageError`` where it is none."""
    parts: list[str | int] = []
    at = 0
    while match := _PART.match(text, at):
        parts.append(match[1] if match[1] is not None else match[2])
        at = match.end()
        if at == len(text):
            return tuple(parts)
        if text[at] != ".":
            break
        at += 1
    raise UsageError(f"a path such as 'units.screen.aperture' is needed (got {shown(text)})")


def lookup(root: Node, path: Path) -> tuple[Node, Place, int]:
    """Return the node at ``path`` or the nearest above it that exists, the place of its key, and how many parts were followed."""
    node, place = root, root.place
    for depth, part in enumerate(path):
        following = child(node, part)
        if following is None:
            return node, place, depth
        place = node.keys.get(str(part), following.place)
        node = following
    return node, place, len(path)


def child(node: Node, part: str | int) -> Node | None:
    """Return what stands at a key or index directly below ``node``."""
    if isinstance(node.value, dict):
        return node.value.get(str(part))
    if isinstance(node.value, list):
        index = int(part) if str(part).isdigit() and len(str(part)) < 9 else len(node.value)
        return node.value[index] if index < len(node.value) else None
    return None
