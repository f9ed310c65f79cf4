"""One number of a data file: its value in SI, where it comes from, and the range it may have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import Problem, ScenarioError, UsageError
from twin.quantities import Quantity, shown

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What materials, groups and classes are named by."""

BASES = ("measured", "literature", "calibrated", "assumed")
"""Where a number may come from. ``calibrated``: fitted to the plant's own data with this model, so that it holds for no other."""
ANNOTATION = ("value", "basis", "source", "low", "high", "note")

_HASH = re.compile(r"\bsha-?256[: ]\s*[0-9a-f]{12,64}\b", re.IGNORECASE)


def lacks_hash(basis: str, source: str) -> bool:
    """Whether a number is called calibrated, and its source does not name the data by their hash.

    >>> lacks_hash("calibrated", "march.csv, sha256 8f048aee5839"), lacks_hash("calibrated", "march.csv"), lacks_hash("assumed", "")
    (False, True, False)
    """
    return basis == "calibrated" and _HASH.search(source) is None


NO_HASH = "a calibrated number names the data that it was fitted to, with their hash: source: 'fit to march.csv, sha256 8f048aee5839'"

Report = Callable[[str, str], Problem]
"""``report(path, message)`` makes the problem at a dotted path of the file that is being read."""


@dataclass(frozen=True)
class Number:
    """A value in the SI unit ``unit``, with its basis and source; ``low`` and ``high`` span what it may be where that is stated."""

    value: float
    unit: str
    basis: str = "assumed"
    source: str = "not stated"
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Label:
    """A text that stands for a class, with its basis and source."""

    value: str
    basis: str = "assumed"
    source: str = "not stated"
    note: str = ""


class Reading:
    """Reads numbers, labels and texts from a parsed tree and collects every problem on the way."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.problems: list[Problem] = []

    def wrong(self, path: str, message: str) -> None:
        """Note a problem at the dotted ``path``."""
        self.problems.append(self._report(path, message))

    def stop_if_any(self) -> None:
        """Raise ``ScenarioError`` with all problems, if there are any."""
        if self.problems:
            raise ScenarioError(self.problems)

    def mapping(self, node: object, path: str, allowed: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """Return ``node`` as a mapping of names, empty if it is none; keys outside ``allowed`` (if given) are problems."""
        if not isinstance(node, dict):
            self.wrong(path, f"a mapping is needed (got {shown(node)})")
            return {}
        for key in node:
            if not isinstance(key, str) or (allowed and key not in allowed):
                self.wrong(f"{path}.{key}".strip("."), f"unknown key {shown(key)}; allowed: {', '.join(allowed) or 'names'}")
        return {key: value for key, value in node.items() if isinstance(key, str)}

    def text(self, node: object, path: str, default: str = "") -> str:
        """Return a text, or ``default`` where there is none."""
        if node is None:
            return default
        if not isinstance(node, str):
            self.wrong(path, f"a text is needed (got {shown(node)})")
            return default
        return node

    def number(self, node: object, quantity: Quantity, path: str) -> Number | None:
        """Return a number, plain or with basis and source; None after noting what is wrong with it."""
        if not isinstance(node, dict):
            value = self._value(node, quantity, path)
            return None if value is None else Number(value, quantity.si)
        fields = self.mapping(node, path, ANNOTATION)
        if "value" not in fields:
            self.wrong(path, "'value' is missing")
            return None
        value, low, high = (None if fields.get(key) is None else self._value(fields[key], quantity, f"{path}.{key}") for key in ("value", "low", "high"))
        basis, source, note = self._annotation(fields, path)
        if value is None:
            return None
        if not (value if low is None else low) <= value <= (value if high is None else high):
            limits = f"{fields.get('low')} to {fields.get('high')}"
            self.wrong(path, f"the value must lie between low and high (got {fields['value']}, {limits})")
        return Number(value, quantity.si, basis, source, low, high, note)

    def label(self, node: object, path: str) -> Label | None:
        """Return a class, plain or with basis and source; None after noting what is wrong with it."""
        fields = self.mapping(node, path, ("value", "basis", "source", "note")) if isinstance(node, dict) else {"value": node}
        if "value" not in fields:
            self.wrong(path, "'value' is missing")
            return None
        value, where = fields["value"], f"{path}.value" if isinstance(node, dict) else path
        basis, source, note = self._annotation(fields, path)
        if not isinstance(value, str) or not NAME.fullmatch(value):
            self.wrong(where, f"a class is named by lower-case letters, digits and _, beginning with a letter, e.g. 'pet' (got {shown(value)})")
            return None
        return Label(value, basis, source, note)

    def _annotation(self, fields: Mapping[str, Any], path: str) -> tuple[str, str, str]:
        basis = self.text(fields.get("basis"), f"{path}.basis", "assumed")
        if basis not in BASES:
            self.wrong(f"{path}.basis", f"unknown basis {shown(basis)}; allowed: {', '.join(BASES)}")
        source = self.text(fields.get("source"), f"{path}.source", "not stated")
        if lacks_hash(basis, source):
            self.wrong(f"{path}.source", f"{NO_HASH} (got {shown(source)})")
        return basis, source, self.text(fields.get("note"), f"{path}.note")

    def _value(self, node: object, quantity: Quantity, path: str) -> float | None:
        try:
            return quantity.read(node)
        except UsageError as error:
            self.wrong(path, str(error))
            return None
