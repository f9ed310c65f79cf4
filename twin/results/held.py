"""Holds a file against the layout before anything in it is used: what is there, of which type and shape, and how large.

A digest says that a file is what somebody wrote, not that twin did. So presence, types, lengths of axes and attributes are looked at, for results, saved states
and studies alike. What an array of the layout may not do, no array of the file may: stand elsewhere, be virtual, need a filter that is not ours, or be larger
than its axes say.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.errors import FileError, TwinError
from twin.results.layout import ADDED, AXES, COUNTED, OPTIONAL, ROWS, SERIES, STATE_GROUP, TABLES, VARIABLES, WHERE_USED, Variable

MOST_ONCE = 256 << 20
"""Bytes of an array that is read in one piece: labels, texts, what is written once."""
MOST_CHUNK = 256 << 20
"""Bytes of a chunk, which is unpacked in one piece."""
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_KINDS = {"float": ("f", 8), "int": ("i", 8), "text": ("S", None)}


@dataclass(frozen=True)
class Attribute:
    """An attribute of the root: its name, what it must be, in words, and how that is seen; ``needed`` where a file without it is refused."""

    name: str
    what: str
    is_right: Callable[[Any], bool]
    needed: bool = True


def is_text(value: Any) -> bool:
    """Whether a value is a text."""
    return isinstance(value, str)


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 0."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= int(value) < 1 << 63


def is_seed(value: Any) -> bool:
    """Whether a value is a whole number, which stands as text where it is long."""
    return is_count(value) or (isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 1000)


def is_time(value: Any) -> bool:
    """Whether a value is a finite number from 0."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and math.isfinite(value) and bool(value >= 0)


def is_record(value: Any) -> bool:
    """Whether a value is the JSON text of an object whose values are texts."""
    if not isinstance(value, str):
        return False
    try:
        record = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and all(isinstance(item, str) for item in record.values())


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("scenario_name", "a text", is_text),
    Attribute("scenario_sha256", "a text", is_text),
    Attribute("seed", "a whole number", is_seed),
    Attribute("replication", "a whole number", is_count),
    Attribute("warmup", "a time", is_time),
    Attribute("platform", "a JSON object of texts", is_record),
    Attribute("start", "a text", is_text),
    Attribute("created", "a text", is_text),
    Attribute("twin_version", "a text", is_text),
    Attribute("digest", "a text", is_text),
    Attribute("scenario_title", "a text", is_text, needed=False),
    Attribute("about", "a JSON object of texts", is_record, needed=False),
    Attribute("horizon", "a time", is_time, needed=False),
    Attribute("worst_residual", "a time", is_time, needed=False),
    Attribute("events", "a whole number", is_count, needed=False),
    Attribute("lots", "a whole number", is_count, needed=False),
    Attribute("rows_at_once", "a whole number from 1", lambda value: is_count(value) and 0 < int(value) <= 1 << 20, needed=False),
    Attribute("code_sha256", "a text", is_text, needed=False),
    Attribute("kinds_sha256", "a text", is_text, needed=False),
    Attribute("resumed_with_other_code", "a text", is_text, needed=False),
    Attribute("state_digest", "a text", is_text, needed=False),
)
"""Attributes of a results file or a saved state. Others may be there and are not read."""


class Held:
    """An open file that is looked at; every fault is a ``FileError`` with the file and the place in it."""

    def __init__(self, file: Any, path: Path) -> None:
        self.file, self.path = file, path

    def refuse(self, where: str, why: str) -> FileError:
        """Return the error for a place."""
        return FileError(f"{self.path}: {where} {why}: twin did not write this file, or it was changed")

    def attributes(self, attributes: tuple[Attribute, ...]) -> None:
        """Look at the attributes of the root."""
        for attribute in attributes:
            value = self.file.attrs.get(attribute.name)
            if value is None and not attribute.needed:
                continue
            if value is None or not attribute.is_right(value):
                raise self.refuse(f"the attribute {attribute.name}", f"is missing or not {attribute.what}")

    def array(self, name: str, kind: str, shape: tuple[int | None, ...], *, whole: bool = True) -> Any:
        """Look at an array: there, of a ``kind`` ("float", "int", "text"), of a ``shape`` (None: any length); ``whole``: small enough to be read at once."""
        dataset = self.file.get(name)
        if not isinstance(dataset, h5py.Dataset):
            raise self.refuse(name, "is missing")
        letter, width = _KINDS[kind]
        if dataset.dtype.kind != letter or (width is not None and dataset.dtype.itemsize != width):
            raise self.refuse(name, f"has values of type {dataset.dtype}, not {kind}")
        if len(dataset.shape) != len(shape) or any(wanted is not None and wanted != length for wanted, length in zip(shape, dataset.shape, strict=True)):
            shown = " x ".join("any" if length is None else str(length) for length in shape) or "a single value"
            raise self.refuse(name, f"has the shape {' x '.join(map(str, dataset.shape)) or 'of a single value'}, not {shown}")
        if whole and (size := int(np.prod(dataset.shape, dtype=object)) * dataset.dtype.itemsize) > MOST_ONCE:
            raise self.refuse(name, f"has {size / 1e6:.0f} MB, at most {MOST_ONCE / 1e6:.0f} are read at once")
        if kind == "text" and whole:
            self._texts(dataset, name)
        return dataset

    def _texts(self, dataset: Any, name: str) -> None:
        try:
            values = dataset[()]
            for text in [values] if dataset.ndim == 0 else values.reshape(-1).tolist():
                bytes(text).decode("utf-8")
        except UnicodeDecodeError:
            raise self.refuse(name, "is not UTF-8 text") from None

    def scale(self, name: str, *, most: int = 10_000_000) -> int:
        """Return the length of what counts a dimension."""
        dataset = self.file.get(name)
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or dataset.dtype.kind not in "fS":
            raise self.refuse(name, "is missing or counts no dimension")
        if dataset.shape[0] > most:
            raise self.refuse(name, f"has the length {dataset.shape[0]}, at most {most} is possible")
        return int(dataset.shape[0])

    def labels(self, name: str) -> int:
        """Return the length of an axis whose labels are texts, all different."""
        dataset = self.array(name, "text", (None,))
        if len(set(dataset[()].tolist())) != dataset.shape[0]:
            raise self.refuse(name, "names something twice")
        return int(dataset.shape[0])

    def variable(self, variable: Variable, lengths: Mapping[str, int]) -> None:
        """Look at a variable of the layout; ``lengths`` are those of the axes."""
        shape = tuple(lengths[dim] for dim in variable.dims)
        self.array(variable.path, variable.kind, shape, whole=variable.when == "once")


def check_results(file: Any, path: Path, *, state: bool) -> None:
    """Hold a results file, or a saved state, against the layout. Raises ``FileError``."""
    held = Held(file, path)
    with damaged(path):
        held.attributes(ATTRIBUTES)
        lengths = _axes(held)
        for variable in (*SERIES, *ROWS):
            if variable.path not in ADDED or variable.path in file:
                held.variable(variable, lengths)
        if state:
            _once_of_a_state(held, lengths)
        else:
            _once(held, lengths)


def _axes(held: Held) -> dict[str, int]:
    lengths = {"bound": 2}
    for axis in AXES:
        if axis.name in ADDED and axis.name not in held.file:
            lengths[axis.name] = 0
        elif axis.name == "size":
            lengths["size"] = int(held.array("size", "float", (None,)).shape[0])
        else:
            lengths[axis.name] = held.labels(axis.name)
    held.array("size_bounds", "float", (lengths["size"], 2))
    lengths["time"] = int(held.array("time", "float", (None,), whole=False).shape[0])
    held.array("time_bounds", "float", (lengths["time"], 2), whole=False)
    for table, dim in TABLES.items():
        if table in WHERE_USED and table not in held.file:
            lengths[dim] = 0
            continue
        lengths[dim] = held.scale(f"{table}/{dim}", most=1 << 40)
    return lengths


def _once(held: Held, lengths: dict[str, int]) -> None:
    for dim, group in COUNTED.items():
        if group in OPTIONAL and group not in held.file:
            continue
        lengths[dim] = held.labels("summary/kpi") if dim == "kpi" else held.scale(f"{group}/{dim}")
    for variable in VARIABLES:
        there = variable.group in held.file if variable.group in OPTIONAL else variable.path not in ADDED or variable.path in held.file
        if variable.when == "once" and there:
            held.variable(variable, lengths)


def _once_of_a_state(held: Held, lengths: dict[str, int]) -> None:
    """Of what is written once a saved state has the scenario alone."""
    lengths["file"] = held.scale("scenario/file") if "scenario/file" in held.file else 0
    for variable in VARIABLES:
        if variable.group == "scenario" and variable.path in held.file:
            held.variable(variable, lengths)
    group = held.file[STATE_GROUP]
    for name in group:
        item = group[name]
        if not isinstance(item, h5py.Dataset) or item.ndim != 1 or item.dtype.kind not in "biuf":
            raise held.refuse(f"{STATE_GROUP}/{name}", "is no list of numbers")


def check_storage(dataset: Any, refuse: Callable[[str], FileError]) -> None:
    """Refuse filters that are not ours (HDF5 would load code for them) and chunks that take more memory than a program has."""
    properties = dataset.id.get_create_plist()
    for place in range(properties.get_nfilters()):
        number = properties.get_filter(place)[0]
        if number not in _FILTERS:
            raise refuse(f"is packed by the filter {number}; twin uses deflate, shuffle and fletcher32 only")
    row = math.prod(map(int, dataset.shape[1:])) * dataset.dtype.itemsize  # blocks are read by whole rows
    if dataset.chunks and (size := max(math.prod(dataset.chunks) * dataset.dtype.itemsize, dataset.chunks[0] * row)) > MOST_CHUNK:
        raise refuse(f"has chunks of {size / 1e6:.0f} MB, at most {MOST_CHUNK / 1e6:.0f} are unpacked")


@contextlib.contextmanager
def damaged(path: Path | None) -> Iterator[None]:
    """Turn what HDF5 and h5py say about damaged bytes into ``FileError``."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError, OverflowError, MemoryError) as error:
        raise FileError(f"{path} is damaged ({str(error).partition(chr(10))[0] or type(error).__name__})") from error


@contextlib.contextmanager
def contradictions(path: Path | str | None) -> Iterator[None]:
    """Turn what comes of a file whose parts each have the right form and contradict one another into ``FileError``.

    The last line behind :func:`check_results`: a name in a table that no axis has, a lot that is its own parent. They are as many as there are places where two
    parts meet, so the errors of Python that they end in are taken together here; the cause is kept for whoever looks for a defect of twin.
    """
    try:
        yield
    except TwinError:
        raise
    except (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        text = str(error).partition("\n")[0][:200]
        raise FileError(f"{path or 'the result'}: its parts contradict one another, or this is a defect of twin ({type(error).__name__}: {text})") from error
