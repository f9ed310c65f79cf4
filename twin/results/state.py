"""A saved state in a file: nested dicts and lists of numbers, texts and arrays, back exactly as they were."""

from __future__ import annotations

import json
import math
from typing import Any

import h5py
import numpy as np

from twin.errors import FileError
from twin.results.layout import STATE_GROUP

_LONG = 10**4000
_MARK = "$"


def save_state(file: Any, state: dict[str, Any]) -> None:
    """Write ``state`` to the group ``/saved_state`` of an open file, in place of an earlier one.

    It may hold str, int of any size, float, bool, None, list, dict with str keys, and NumPy arrays of numbers or booleans. All come back
    exactly: floats to the last bit (a NaN as NaN), arrays with dtype and shape. Raises ``TypeError``, with the place, for anything else.

    The tree is JSON text; the arrays of one dtype stand end to end in one dataset, so that ten thousand small ones cost little.
    """
    arrays: dict[str, list[Any]] = {}
    tree = _encoded(state, "state", arrays, {})
    if STATE_GROUP in file:
        del file[STATE_GROUP]
    group = file.create_group(STATE_GROUP)
    text = np.frombuffer(json.dumps(tree, separators=(",", ":")).encode("ascii"), dtype=np.uint8)
    group.create_dataset("tree", data=text, compression="gzip", compression_opts=1, fletcher32=True)
    for name, parts in arrays.items():
        values = np.concatenate(parts, dtype=parts[0].dtype)
        filters = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True} if values.size else {}
        group.create_dataset(f"arrays_{name}", data=values, **filters)


def _encoded(value: Any, path: str, arrays: dict[str, list[Any]], filled: dict[str, int]) -> Any:
    kind = type(value)
    if value is None or kind in (str, bool, float):
        return value
    if kind is int:
        return value if abs(value) < _LONG else {_MARK: "int", "hex": hex(value)}
    if kind is list:
        return [_encoded(item, f"{path}[{place}]", arrays, filled) for place, item in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise TypeError(f"{path} has the key {key!r}; keys of a saved state are str")
        items = {key: _encoded(item, f"{path}.{key}", arrays, filled) for key, item in value.items()}
        return {_MARK: "dict", "items": list(items.items())} if _MARK in items else items
    if kind is np.ndarray and value.dtype.kind in "biuf":
        name = ("bool" if value.dtype.kind == "b" else value.dtype.newbyteorder("<").str[1:]) + ("be" if _big_endian(value) else "")
        start = filled.get(name, 0)
        arrays.setdefault(name, []).append(np.ascontiguousarray(value).reshape(-1).view("u1" if name == "bool" else value.dtype))
        filled[name] = start + value.size
        return {_MARK: "array", "of": name, "start": start, "shape": list(value.shape)}
    raise TypeError(f"{path} is a {kind.__module__}.{kind.__qualname__}; a saved state holds str, int, float, bool, None, list, dict and number arrays")


def _big_endian(value: Any) -> bool:
    return bool(value.dtype.itemsize > 1 and value.dtype.str[0] == ">")


def load_state(file: Any) -> dict[str, Any]:
    """Return the state in the group ``/saved_state`` of an open file. Raises ``FileError`` where there is none or it cannot be read."""
    if STATE_GROUP not in file:
        raise FileError(f"{_name(file)} holds no saved state; 'twin run --save' writes one")
    try:
        group = file[STATE_GROUP]
        tree = json.loads(group["tree"][...].tobytes().decode("ascii"))
        arrays = {name.removeprefix("arrays_"): group[name][...] for name in group if name.startswith("arrays_")}
        state = _decoded(tree, arrays)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, RecursionError, MemoryError, OverflowError) as error:
        raise FileError(f"the saved state in {_name(file)} is damaged ({error})") from error
    if not isinstance(state, dict):
        raise FileError(f"the saved state in {_name(file)} is damaged (not a mapping)")
    return state


def _name(file: Any) -> str:
    """The name of the file, also where a site of a cluster is looked at, which is a group of it."""
    return str(getattr(file, "file", file).filename)


def _decoded(value: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_decoded(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK not in value:
        return {key: _decoded(item, arrays) for key, item in value.items()}
    if value[_MARK] == "int":
        return int(value["hex"], 16)
    if value[_MARK] == "dict":
        return {key: _decoded(item, arrays) for key, item in value["items"]}
    shape, start = tuple(value["shape"]), value["start"]
    if not all(type(length) is int and 0 <= length < 1 << 40 for length in (start, *shape)):
        raise ValueError(f"an array of the shape {shape} from {start}")
    flat = arrays[value["of"]][start : start + math.prod(shape)]
    return flat.reshape(shape).astype(bool) if value["of"] == "bool" else flat.reshape(shape).copy()


def has_state(file: Any) -> bool:
    """Return whether an open file holds a saved state."""
    return STATE_GROUP in file and isinstance(file[STATE_GROUP], h5py.Group)
