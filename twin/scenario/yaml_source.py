"""YAML text to nodes with places, in one pass over the parser's events.

Only what reads the same to every YAML version and to a person is taken. Tags, merge keys, directives and several documents are refused, and so
is every plain scalar that YAML 1.1 turns into something else than what is written: ``no``, ``12:30``, ``010``, ``1e3``, ``1,5``. Dates stay
text. Nesting, the number of values after aliases are followed, and the size are limited, so that no file makes the program hang.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from twin.errors import Problem, ScenarioError
from twin.quantities import shown
from twin.scenario.places import DEEPEST, MOST_NODES, Node, Path, Place, Scalar, dotted
from twin.scenario.tables import MOST_BYTES

_INT = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?(0|[1-9]\d*)?\.\d+([eE][-+]\d+)?|[-+]?(0|[1-9]\d*)\.(\d*)([eE][-+]\d+)?")
_WORDS = re.compile(r"(yes|no|on|off|Yes|No|On|Off|YES|NO|ON|OFF|True|TRUE|False|FALSE)")
_NULLS = ("", "~", "null", "Null", "NULL")
_NUMBERS = (
    (re.compile(r"[-+]?\d+(:\d+)+(\.\d*)?"), "YAML 1.1 reads this as a number in base 60; put it in quotes"),
    (re.compile(r"[-+]?0[\d_]+"), "a number must not begin with 0; write it without, or in quotes if it is a name"),
    (re.compile(r"[-+]?0[xob][\da-fA-F_]+"), "write a decimal number"),
    (re.compile(r"[-+]?\d[\d_]*_[\d_]*(\.\d*)?"), "write a number without '_'"),
    (re.compile(r"[-+]?\d+(,\d+)+(\.\d*)?"), "write a number with a decimal point and without separators, 1.5 or 1000"),
    (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+"), "not every YAML reads this as a number; write 1.0e-6 or 1.0e+6, with point and sign"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "a finite number is needed"),
    (re.compile(r"[-+]?\d{19,}"), "this number is too long"),
)
_AFTER_COMMA = re.compile(r"\d")
"""What begins a key that is the rest of a number with a decimal comma."""
_LONGEST_NUMBER = 400
_NUMBER_LIKE = re.compile(r"[-+.\d][-+.\d_,:eE]*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
MOST_CHARACTERS = 10_000
"""The longest key or value."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str, file: str) -> Node:
    """Return the tree of one YAML document. Raises ``ScenarioError`` with every problem found in it."""
    return _Reader(file).read(text)


def reads_as_text(text: str) -> bool:
    """Return whether a plain scalar is read as the text that it is."""
    if len(text) > _LONGEST_NUMBER:
        return _trap(text) is None
    return _trap(text) is None and text not in ("true", "false", "=", "<<") and not _INT.fullmatch(text) and not _FLOAT.fullmatch(text)


def _trap(text: str, *, of_key: bool = False) -> str | None:
    """Return why a plain scalar is refused; None where it is fine."""
    if len(text) > _LONGEST_NUMBER:  # the patterns below take a time that grows with the square of the length
        return "this number is too long" if _NUMBER_LIKE.fullmatch(text) else None
    if _WORDS.fullmatch(text):
        return "put it in quotes" if of_key else "write true or false, or put it in quotes if it is a text"
    if text in _NULLS:
        return "a key is missing" if of_key else "a value is missing"
    if of_key and text in ("true", "false"):
        return "put it in quotes"
    if _INT.fullmatch(text) or _FLOAT.fullmatch(text):
        return None
    return next((reason for pattern, reason in _NUMBERS if pattern.fullmatch(text)), None)


class _Reader:
    """Builds the tree of one document from events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node | None] = {}

    def read(self, text: str) -> Node:
        self._refuse_hopeless(text)
        try:
            root = self._document(yaml.parse(text, Loader=_Loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)
            hint = "; a text that begins with one of > | @ ` % & * needs quotes" if "cannot start any token" in str(error.problem) else ""
            self._stop(place, f"this is not YAML: {error.problem or error.context}{hint}")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self._stop(Place(self.file), f"this is not YAML: {str(error).splitlines()[0]}")
        if root is None:
            self._stop(Place(self.file), "is empty; `twin new` writes a scenario to begin with")
        if self.problems:
            raise ScenarioError(self.problems)
        return root

    def _stop(self, place: Place, message: str) -> NoReturn:
        raise ScenarioError([*self.problems, Problem(*place, "", message)])

    def _refuse_hopeless(self, text: str) -> None:
        if len(text) > MOST_BYTES:
            self._stop(Place(self.file), f"is too large ({len(text)} characters, at most {MOST_BYTES} are read)")
        if match := _CONTROL.search(text):
            line = text.count("\n", 0, match.start()) + 1
            self._stop(Place(self.file, line, match.start() - text.rfind("\n", 0, match.start())), f"control character {match[0]!r} is not allowed")
        if text.startswith("%") or "\n%" in text:
            self._stop(Place(self.file, text[: text.find("%")].count("\n") + 1, 1), "YAML directives (lines that begin with '%') are not allowed")

    def _place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, place: Place, message: str, path: Path = ()) -> None:
        if len(self.problems) < 100:
            self.problems.append(Problem(*place, dotted(path), message))

    def _document(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(self._place(event), "only one YAML document is allowed in a file")
            elif isinstance(event, yaml.NodeEvent):
                root = self._tree(event, events)
        return root

    def _tree(self, first: yaml.NodeEvent, events: Iterator[yaml.Event]) -> Node | None:
        """Build one document's tree: a stack of open lists and mappings, no recursion."""
        root = self._begin(first, ())
        if root is None or not isinstance(first, yaml.CollectionStartEvent):
            return root
        stack = [_Open(root, ())]
        for event in events:
            top = stack[-1]
            if isinstance(event, yaml.CollectionEndEvent):
                self._close(stack.pop())
                if not stack:
                    return root
                stack[-1].node.size += top.node.size - 1
                self._limit(stack[-1].node)
                continue
            if top.wants_key:
                self._key(event, top)
                continue
            path = (*top.path, top.key if top.key is not None else len(top.node.value))  # type: ignore[arg-type]
            node = self._begin(event, path)
            if len(stack) >= DEEPEST and isinstance(event, yaml.CollectionStartEvent):
                self._stop(self._place(event), f"is nested more than {DEEPEST} deep")
            if node is not None:
                top.add(node)
                self._limit(top.node)
            top.key = None
            if isinstance(event, yaml.CollectionStartEvent) and node is not None:
                stack.append(_Open(node, path, event.anchor))
        return root

    def _limit(self, node: Node) -> None:
        if node.size > MOST_NODES:
            self._stop(node.place, f"has more than {MOST_NODES} values, counting what aliases repeat")

    def _begin(self, event: yaml.Event, path: Path) -> Node | None:
        """Return the node that an event begins; None, after noting why, where it is refused."""
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", place, path)
        if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
            self._note(place, f"YAML tags are not allowed (got {shown(event.tag)}); write the value itself", path)
        if isinstance(event, yaml.MappingStartEvent):
            node = Node({}, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node([], place)
        elif isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, place, path)
            node = Node("" if value is None else value, place)
        else:
            return None
        if event.anchor:
            self.anchors[event.anchor] = None if isinstance(event, yaml.CollectionStartEvent) else node
        return node

    def _alias(self, anchor: str, place: Place, path: Path) -> Node:
        node = self.anchors.get(anchor)
        if node is None:
            contains = anchor in self.anchors
            self._note(place, f"alias '*{anchor}' {'contains itself' if contains else 'has no anchor before it'}", path)
            return Node("", place)
        return node

    def _close(self, closed: _Open) -> None:
        if closed.anchor:
            self.anchors[closed.anchor] = closed.node

    def _key(self, event: Any, top: _Open) -> None:
        place = self._place(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(place, "a key must be a text, not a list, mapping or alias")
        key = event.value
        if len(key) > MOST_CHARACTERS:
            self._stop(place, f"is a key of {len(key)} characters, at most {MOST_CHARACTERS} are read")
        path = (*top.path, key[:80])
        if event.tag is not None:
            self._note(place, f"YAML tags are not allowed (got {shown(event.tag)})", path)
        if not event.style and key == "<<":
            self._note(place, "merge keys ('<<') are not allowed; write the values, or use 'extends'", path)
        elif not event.style and (trap := _trap(key, of_key=True)):
            self._note(place, f"{trap} (got the key {shown(key)})", path)
        if key in top.node.keys:
            self._note(place, f"this key stands twice, first in line {top.node.keys[key].line}", path)
        top.key = key
        top.node.keys.setdefault(key, place)

    def _scalar(self, event: Any, place: Place, path: Path) -> Scalar | None:
        text: str = event.value
        if len(text) > MOST_CHARACTERS:
            self._note(place, f"is a text of {len(text)} characters, at most {MOST_CHARACTERS} are read", path)
            return None
        if event.style:  # quoted or a block: text as it stands
            return text
        if trap := _trap(text):
            told = trap
            if not text and path and isinstance(path[-1], str) and _AFTER_COMMA.match(path[-1]):
                told = f"inside braces a comma ends the value, and {shown(path[-1])} is read as a key: write a decimal point, 1.5 and not 1,5"
            self._note(place, f"{told} (got {shown(text)})" if text else told, path)
            return None
        if text in ("true", "false"):
            return text == "true"
        if len(text) > _LONGEST_NUMBER:
            return text
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if not math.isfinite(value):
                self._note(place, f"a finite number is needed (got {shown(text)})", path)
                return None
            return value
        if text == "=":
            self._note(place, "put '=' in quotes", path)
        return text


class _Open:
    """A list or mapping whose end has not been reached; ``key`` is the key that waits for its value."""

    __slots__ = ("anchor", "key", "node", "path")

    def __init__(self, node: Node, path: Path, anchor: str | None = None) -> None:
        self.node, self.path, self.anchor = node, path, anchor
        self.key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.node.value, dict) and self.key is None

    def add(self, node: Node) -> None:
        if isinstance(self.node.value, dict):
            if self.key is not None and self.key not in self.node.value:
                self.node.value[self.key] = node
        elif isinstance(self.node.value, list):
            self.node.value.append(node)
        self.node.size += node.size
