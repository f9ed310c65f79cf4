"""What becomes of basis, source and range where a draft changes numbers: the change file says from what, and keeps the range of what may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import UsageError
from twin.materials.number import ANNOTATION
from twin.page.typed import canonical, canonical_limit, sign_of, size_of
from twin.quantities import format_quantity
from twin.scenario import Scenario
from twin.scenario.annotations import NOT_STATED, is_annotation
from twin.scenario.merge import CHANGED
from twin.scenario.model import Parameter
from twin.scenario.places import Node, Path, Plain, child, dotted, split
from twin.study.change_file import Change

FROM = "changed from"
"""How the source of a changed number begins."""
_NUMBER = re.compile(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?\s*([^\W\d].*|[%‰].*)?", re.DOTALL)


def sourced(base: Scenario, changes: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return the changes with basis, source and range: a number that differs is assumed and says what it was, with the range that the base states for it.

    A number that is as in the base, within what is put anew as a whole, keeps what the base says of it. What states its own basis or source is left as it is.
    """
    if not changes:
        return {}
    known = _Base(base, {number.path: number for number in base.numbers})
    return {path: known.sourced(value, _at(base.source, split(path)), split(path)) if path.startswith("units.") else value for path, value in changes.items()}


def states(value: object) -> bool:
    """Whether a value is written with what is known about it."""
    return isinstance(value, Mapping) and "value" in value and all(key in ANNOTATION for key in value)


@dataclass(frozen=True)
class _Base:
    scenario: Scenario
    known: Mapping[str, Parameter]

    def sourced(self, value: Plain, node: Node | None, path: Path) -> Plain:
        """A value with what is to be said of the numbers in it; ``node`` is what the base writes at its path."""
        if states(value):
            return value
        inner = _value_of(node)
        if isinstance(value, dict):
            found: Plain = {key: self.sourced(item, _below(inner, key), (*path, key)) for key, item in value.items()}
        elif isinstance(value, list):
            found = [self.sourced(item, _below(inner, k), (*path, k)) for item, k in zip(value, _matched(value, inner), strict=True)]
        else:
            return self._number(value, node, path)
        same = node is not None and inner is not None and not _says(value) and _sizes(value) == _sizes(node.plain())
        return node.plain() if same and node is not None else found

    def _number(self, value: Plain, node: Node | None, path: Path) -> Plain:
        number = self.known.get(dotted(path))
        if number is None or node is None:
            return self._new(value, path)
        text = str(value)
        try:
            _, si = canonical_limit(text, number.unit, text)
        except UsageError:
            return value
        written = _value_of(node)
        said = written.value if written is not None and isinstance(written.value, (str, int, float)) else ""
        if si == number.value and sign_of(value) == sign_of(said):
            return self._unchanged(value, node, number, path)
        return _changed(value, si, number, str(said), node)

    def _unchanged(self, value: Plain, node: Node, number: Parameter, path: Path) -> Plain:
        if is_annotation(node):
            return node.plain()
        above = any(path[:n] in self.scenario.annotations for n in range(3, len(path)))
        return Change(value, number.basis, number.source).plain() if above else value

    def _new(self, value: Plain, path: Path) -> Plain:
        """A number that the base does not write: it has not the source that the unit states for its numbers."""
        number = self.known.get(dotted(path))
        if number is not None and (number.low is not None or number.source != NOT_STATED):  # a default of twin
            try:
                _, si = canonical_limit(str(value), number.unit, str(value))
            except UsageError:
                return value
            return _changed(value, si, number, "", None)
        unit = self.scenario.units.get(str(path[1])) if len(path) > 2 else None
        stated = unit is not None and bool(unit.basis or unit.source)
        is_number = not isinstance(value, bool) and (isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value)))
        return Change(value, "assumed", CHANGED).plain() if stated and is_number else value


def _changed(value: Plain, si: float, number: Parameter, said: str, node: Node | None) -> Plain:
    """A number that differs: assumed, with what it was, and with the range of what it may be, if it lies within."""
    if number.low is None and number.source == NOT_STATED and not is_annotated(node):
        return value
    before = said or format_quantity(number.value, number.unit)
    whence = "" if number.source == NOT_STATED or number.source.startswith(FROM) else f": {number.source}"
    source = f"{FROM} {before} ({number.basis}{whence})"
    if number.low is None or number.high is None or number.basis != "assumed":
        return Change(value, "assumed", source).plain()
    ends = _ends(number, before, node)
    if not number.low <= si <= number.high:
        return Change(value, "assumed", f"{source}, which may be {ends[0]} to {ends[1]}").plain()
    return Change(value, "assumed", source, *ends).plain()


def is_annotated(node: Node | None) -> bool:
    """Whether what the base writes has basis, source or range of its own."""
    return node is not None and is_annotation(node)


def _ends(number: Parameter, like: str, node: Node | None) -> tuple[Plain, Plain]:
    """The ends of a range as the base writes them, or all digits of a default's."""
    if node is not None and isinstance(node.value, dict) and is_annotation(node) and "low" in node.value and "high" in node.value:
        return node.value["low"].plain(), node.value["high"].plain()
    assert number.low is not None and number.high is not None
    low, high = (canonical(f"{end!r} {number.unit}" if number.unit != "1" else repr(end), number.unit, like)[0] for end in (number.low, number.high))
    return low, high


def _at(root: Node, path: Path) -> Node | None:
    """What is written at a path, with its annotation."""
    node: Node | None = root
    for part in path:
        node = _below(_value_of(node), part)
    return node


def _value_of(node: Node | None) -> Node | None:
    return node.value["value"] if node is not None and isinstance(node.value, dict) and is_annotation(node) else node


def _below(node: Node | None, part: str | int) -> Node | None:
    return child(node, part) if node is not None else None


def _says(plain: Plain) -> bool:
    """Whether something is stated of a value in a tree."""
    inside = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ()
    return states(plain) or any(_says(one) for one in inside)


def _sizes(plain: Plain) -> Any:
    """A tree without what is said of its values, in which texts of one value are equal."""
    if states(plain) and isinstance(plain, dict):
        return _sizes(plain["value"])
    if isinstance(plain, dict):
        return {key: _sizes(item) for key, item in plain.items()}
    return [_sizes(item) for item in plain] if isinstance(plain, list) else size_of(plain)


def _matched(items: list[Plain], node: Node | None) -> list[int]:
    """For each item of a list the place in the base's list at which it stood: that of an equal one, else its own."""
    before = [_sizes(one.plain()) for one in node.value] if node is not None and isinstance(node.value, list) else []
    free = dict.fromkeys(range(len(before)))
    found: list[int | None] = []
    for k, item in enumerate(map(_sizes, items)):
        equal = k if k in free and before[k] == item else next((j for j in free if before[j] == item), None)
        free.pop(equal, None) if equal is not None else None
        found.append(equal)
    return [at if at is not None else k if k in free else len(before) for k, at in enumerate(found)]
