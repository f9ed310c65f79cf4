"""The names of quantities, the same in tags, targets, policies, plots, exports and limits: one table, and how a name is looked up.

A name is words with dots, e.g. ``level.bay`` or ``flow.magnet.steel.Cu``. :data:`PATTERNS` says of each first word what may follow, the SI unit, whether it
holds at an instant or is the mean of a record step, and where it stands in a results file. A name is read from a file and now by the same function,
:func:`values`, so that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.scenario.problems import nearest

Floats = NDArray[np.float64]
Axes = Mapping[str, Sequence[str]]
"""Labels by axis: stream, unit, bunker, machine, material, element, carrier, state, gate, resource, kpi. An axis that is missing is empty."""
When = Literal["instant", "mean", "run"]
WORKING = ("running", "overtime")
"""The states that ``state.UNIT`` adds up."""


@dataclass(frozen=True)
class Pattern:
    """A row of the table. ``forms`` are what may follow the first word; ``path`` is empty where no file holds it, and ends in ``/`` for several arrays."""

    word: str
    forms: tuple[str, ...]
    si: str
    when: When
    path: str
    meaning: str


PATTERNS: tuple[Pattern, ...] = (
    Pattern("level", ("BUNKER",), "kg", "instant", "units/level", "stock of a bunker"),
    Pattern(
        "flow", ("STREAM", "STREAM.ELEMENT", "STREAM.MATERIAL"), "kg/s", "mean", "streams/",
        "mass flow of all that a stream carries, of an element or of a material in it; a melt has elements only",
    ),
    Pattern("share", ("STREAM.ELEMENT",), "1", "mean", "streams/element_flow", "share of an element in a stream; none where nothing flows"),
    Pattern("state", ("UNIT", "UNIT.STATE"), "1", "mean", "units/state_share", "share of the time in which a unit works, overtime included, or is in a state"),
    Pattern("load", ("MACHINE",), "1", "mean", "units/load", "flow through a machine over its limit"),
    Pattern("power", ("UNIT", "UNIT.CARRIER"), "W", "mean", "units/power", "power of all carriers together, or of one"),
    Pattern("queue", ("GATE", "RESOURCE"), "1", "mean", "gates/queue", "trucks that wait at a gate, or units and trucks that wait for a resource"),
    Pattern("wear", ("MACHINE.PARAMETER",), "1", "instant", "", "by how much of its fresh value a parameter has worn; known while the plant runs, in no file"),
    Pattern("kpi", ("NAME",), "", "run", "summary/value", "a key figure of the whole run, in its own unit; in a file only"),
)  # fmt: skip
"""The one table."""
_BY_WORD = {pattern.word: pattern for pattern in PATTERNS}


@dataclass(frozen=True)
class Quantity:
    """A name that was looked up: ``index`` in the array at ``path``, behind the axis of time.

    ``how``: one value, the ``sum`` over the last axis, or the ``share`` of the value at ``part`` in that sum. Of ``wear``, ``index`` is empty and ``words``
    say which.
    """

    name: str
    si: str
    when: When
    path: str
    index: tuple[Any, ...] = ()
    how: Literal["one", "sum", "share"] = "one"
    part: int = 0
    words: tuple[str, ...] = ()


def resolve(name: str, axes: Axes, wearing: Mapping[str, str] | None = None) -> Quantity:
    """Return what ``name`` stands for among the labels of ``axes``. ``wearing``: the parameter that wears, by machine; None where nobody knows.

    Raises ``UsageError`` for a name that stands for nothing, with the nearest that does.
    """
    word, _, rest = name.partition(".")
    if word not in _BY_WORD:
        raise UsageError(f"unknown quantity {name[:80]!r}: it begins with one of {', '.join(_BY_WORD)}, e.g. level.bay; {nearest(word, _BY_WORD)}")
    found = _FIND[word](_BY_WORD[word], name, rest, axes, wearing or {})
    if found is None:
        known = list(names(axes, wearing, word))
        forms = " or ".join(f"{word}.{form}" for form in _BY_WORD[word].forms)
        raise UsageError(f"unknown quantity {name[:80]!r}, {forms} is needed; {nearest(name, known)}")
    return found


def _of(pattern: Pattern, name: str, path: str, *index: Any, how: Literal["one", "sum", "share"] = "one", part: int = 0) -> Quantity:
    return Quantity(name, pattern.si, pattern.when, path, tuple(index), how, part)


Found = Quantity | None
Wearing = Mapping[str, str]


def _place(axes: Axes, axis: str, label: str) -> int:
    """The place of a label on an axis, -1 where it is not there."""
    labels = axes.get(axis, ())
    return list(labels).index(label) if label in labels else -1


def _one_axis(axis: str) -> Callable[[Pattern, str, str, Axes, Wearing], Found]:
    def find(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
        row = _place(axes, axis, rest)
        return _of(pattern, name, pattern.path, row) if row >= 0 else None

    return find


def _stream_and_part(axes: Axes, rest: str) -> tuple[int, str]:
    """The longest stream that the words begin with, and what follows it; -1 where none does."""
    words = rest.split(".")
    for end in range(len(words), 0, -1):
        row = _place(axes, "stream", ".".join(words[:end]))
        if row >= 0:
            return row, ".".join(words[end:])
    return -1, ""


def _flow(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
    row, part = _stream_and_part(axes, rest)
    if row < 0:
        return None
    if not part:
        return _of(pattern, name, "streams/element_flow", row, how="sum")
    for axis, path in (("element", "streams/element_flow"), ("material", "streams/mass_flow")):
        place = _place(axes, axis, part)
        if place >= 0:
            return _of(pattern, name, path, row, place)
    return None


def _share(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
    row, part = _stream_and_part(axes, rest)
    place = _place(axes, "element", part)
    return _of(pattern, name, pattern.path, row, how="share", part=place) if row >= 0 and place >= 0 else None


def _state(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
    unit, _dot, state = rest.partition(".")
    row = _place(axes, "unit", unit)
    if row < 0:
        return None
    if state:
        place = _place(axes, "state", state)
        return _of(pattern, name, pattern.path, row, place) if place >= 0 else None
    working = [place for label in WORKING if (place := _place(axes, "state", label)) >= 0]
    return _of(pattern, name, pattern.path, row, working, how="sum")


def _power(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
    unit, _dot, carrier = rest.partition(".")
    row, place = _place(axes, "unit", unit), _place(axes, "carrier", carrier)
    if row < 0 or (carrier and place < 0):
        return None
    return _of(pattern, name, pattern.path, row, place) if carrier else _of(pattern, name, pattern.path, row, how="sum")


def _queue(pattern: Pattern, name: str, rest: str, axes: Axes, _: Wearing) -> Found:
    for axis, path in (("gate", "gates/queue"), ("resource", "resources/queue")):
        row = _place(axes, axis, rest)
        if row >= 0:
            return _of(pattern, name, path, row)
    return None


def _wear(pattern: Pattern, name: str, rest: str, _: Axes, wearing: Wearing) -> Found:
    machine, _dot, parameter = rest.partition(".")
    right = machine in wearing and wearing[machine] == parameter
    return Quantity(name, pattern.si, pattern.when, "", words=(machine, parameter)) if right else None


_FIND: dict[str, Callable[[Pattern, str, str, Axes, Wearing], Found]] = {
    "level": _one_axis("bunker"),
    "flow": _flow,
    "share": _share,
    "state": _state,
    "load": _one_axis("machine"),
    "power": _power,
    "queue": _queue,
    "wear": _wear,
    "kpi": _one_axis("kpi"),
}


def names(axes: Axes, wearing: Mapping[str, str] | None = None, word: str = "") -> Iterator[str]:
    """Yield the names of all quantities of a plant, or of those that begin with ``word``; parts of a stream are not counted up."""
    wears = tuple(f"{machine}.{parameter}" for machine, parameter in (wearing or {}).items())
    queues = tuple(dict.fromkeys([*axes.get("gate", ()), *axes.get("resource", ())]))
    ends: dict[str, Sequence[str]] = {
        "level": axes.get("bunker", ()),
        "flow": axes.get("stream", ()),
        "share": tuple(f"{stream}.{element}" for stream in axes.get("stream", ()) for element in axes.get("element", ())),
        "state": axes.get("unit", ()),
        "load": axes.get("machine", ()),
        "power": axes.get("unit", ()),
        "queue": queues,
        "wear": wears,
        "kpi": axes.get("kpi", ()),
    }
    for first, labels in ends.items():
        if word in ("", first) and not (word == "" and first == "share"):
            yield from (f"{first}.{label}" for label in labels)


def values(quantity: Quantity, array: Callable[[str], Any]) -> Floats:
    """Return a quantity over time, SI: ``array`` gives what stands at a path, with time as its first axis.

    A sum passes over what has no value; where nothing has one there is none (NaN). The order of adding is that of the axis, so that one step and a whole file
    give the same bits.

    >>> q = Quantity("share.copper.Cu", "1", "mean", "streams/element_flow", (0,), "share", part=1)
    >>> values(q, lambda path: np.array([[[3.0, 1.0, np.nan]]])).tolist()
    [0.25]
    """
    found = np.asarray(array(quantity.path), dtype=np.float64)
    for place in quantity.index:
        found = found[:, place]
    if quantity.how == "one":
        return found
    total = np.zeros(len(found))
    for place in range(found.shape[1]):
        total += np.where(np.isnan(found[:, place]), 0.0, found[:, place])
    total = np.where(np.isnan(found).all(axis=1), np.nan, total)
    if quantity.how == "sum":
        return total
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(found[:, quantity.part] / total)


def as_markdown() -> str:
    """Return the table as the docs show it."""
    lines = ["| name | unit | instant or mean | array | meaning |", "|---|---|---|---|---|"]
    when = {"instant": "instant", "mean": "mean of the record step", "run": "whole run"}
    for pattern in PATTERNS:
        forms = ", ".join(f"`{pattern.word}.{form}`" for form in pattern.forms)
        lines.append(f"| {forms} | {pattern.si or 'its own'} | {when[pattern.when]} | {f'`/{pattern.path}`' if pattern.path else 'none'} | {pattern.meaning} |")
    return "\n".join(lines) + "\n"
