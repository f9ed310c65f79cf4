"""Makes the empty arrays of a results file: dimension scales in the root, attached to every variable of every group."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np

from twin.results.layout import AXES, ROWS, SERIES, TABLES, TEXT_WIDTHS, WHERE_USED, Variable
from twin.results.memory import MemoryArray

DIMENSION_ONLY = "This is a netCDF dimension but not a netCDF variable."
"""How netCDF marks a dimension without a coordinate."""

ENCODING = "_Encoding"
_ROOT = frozenset(("time", "bound", *(axis.name for axis in AXES)))
_FILTERS = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "fletcher32": True}
_CHUNK_BYTES = 1 << 20
_BUFFER_BYTES = 8 << 20
_MOST_ROWS = 1024


def text_array(values: Sequence[str], width: int = 0) -> Any:
    """Return texts as fixed-length UTF-8, as wide as the longest; with a ``width`` in bytes, longer ones are cut at a character."""
    encoded = [value.encode("utf-8") for value in values]
    if width:
        encoded = [text if len(text) <= width else text[: width - 3].decode("utf-8", "ignore").encode() + "…".encode() for text in encoded]
    size = width or max((len(text) for text in encoded), default=0) or 1
    return np.array(encoded, dtype=f"S{size}").view(text_type(size)).reshape(len(encoded))


def text_type(width: int) -> Any:
    """Return the HDF5 type of a text of ``width`` bytes."""
    import h5py

    return h5py.string_dtype("utf-8", width)


def set_attributes(item: Any, attrs: Mapping[str, str | float]) -> None:
    """Set texts and numbers as attributes of an array that has none of these names; below h5py's dictionaries, which take most of the time of making a file."""
    if isinstance(item, MemoryArray):
        item.attrs.update(attrs)
        return
    from h5py import h5a

    text, number, scalar = _attribute_types()
    for name, value in attrs.items():
        stored, held, kind = text if isinstance(value, str) else number
        h5a.create(item.id, name.encode(), stored, scalar).write(np.array(value, dtype=kind), mtype=held)


@cache
def _attribute_types() -> tuple[Any, Any, Any]:
    """Of a text and of a number: the type in the file, that in memory, that of NumPy; and the space of a single value. As h5py chooses them."""
    import h5py
    from h5py import h5s, h5t

    kinds = (h5py.string_dtype(), np.dtype(np.float64))
    text, number = ((h5t.py_create(kind, logical=True), h5t.py_create(kind), kind) for kind in kinds)
    return text, number, h5s.create_simple(())


def create_root(file: Any, axes: Mapping[str, Sequence[str] | Any], start: datetime) -> None:
    """Make the coordinates: ``axes`` gives the labels of each but time, and for ``size`` an array (size, 3) of lower, upper, mean in m.

    An axis that is missing is empty.
    """
    stamp = f"seconds since {start.isoformat(sep='T')}"
    bound = file.create_dataset("bound", shape=(2,), dtype="f4")
    bound.make_scale(f"{DIMENSION_ONLY}{2:10}")
    time = file.create_dataset("time", shape=(0,), maxshape=(None,), dtype="f8", chunks=(_MOST_ROWS,), fillvalue=np.nan, **_FILTERS)
    bounds = file.create_dataset("time_bounds", shape=(0, 2), maxshape=(None, 2), dtype="f8", chunks=(_MOST_ROWS, 2), fillvalue=np.nan, **_FILTERS)
    time.make_scale("time")
    about = {
        "units": stamp,
        "calendar": "proleptic_gregorian",
        "standard_name": "time",
        "long_name": "end of the record step",
        "bounds": "time_bounds",
    }
    time.attrs.update(about)
    bounds.dims[0].attach_scale(time)
    bounds.dims[1].attach_scale(bound)
    for axis in AXES:
        labels = axes.get(axis.name, ())
        if axis.name == "size":
            table = np.asarray(labels, dtype=np.float64).reshape(-1, 3)
            scale = file.create_dataset("size", data=table[:, 2].copy())
            limits = file.create_dataset("size_bounds", data=table[:, :2].copy())
            scale.attrs.update({"units": axis.unit, "bounds": "size_bounds"})
        else:
            texts = text_array(list(labels))
            scale = file.create_dataset(axis.name, data=texts, dtype=text_type(texts.dtype.itemsize))
            scale.attrs[ENCODING] = "utf-8"
        scale.attrs["long_name"] = axis.long_name
        scale.make_scale(axis.name)
    limits.dims[0].attach_scale(file["size"])
    limits.dims[1].attach_scale(bound)


def create_series(file: Any) -> int:
    """Make every variable that grows with time; return how many record steps are best written at once, the same for all of them."""
    lengths = {axis.name: file[axis.name].shape[0] for axis in AXES}
    widths = [8 * _product([lengths[dim] for dim in variable.dims[1:]]) for variable in SERIES]
    rows = _MOST_ROWS
    while rows > 1 and rows * (16 + sum(widths)) > _BUFFER_BYTES:
        rows //= 2
    for variable, width in zip(SERIES, widths, strict=True):
        chunk = rows
        while chunk > 1 and chunk * width > _CHUNK_BYTES:
            chunk //= 2
        create_variable(file, variable, (0, *(lengths[dim] for dim in variable.dims[1:])), chunk)
    return rows


def create_tables(file: Any, used: Collection[str] = ()) -> None:
    """Make the tables that grow with what happens; of those that not every plant has, the ``used``."""
    tables = {group: dim for group, dim in TABLES.items() if group not in WHERE_USED or group in used}
    for group, dim in tables.items():
        _count(file, group, dim, 0, None)
    names = max(file["unit"].dtype.itemsize, 16)
    for variable in ROWS:
        if variable.group not in tables:
            continue
        shape = (0, *(file[dim].shape[0] for dim in variable.dims[1:]))
        create_variable(file, variable, shape, _MOST_ROWS, TEXT_WIDTHS.get(variable.path, names))


def _count(file: Any, group: str, dim: str, length: int, most: int | None) -> Any:
    scale = file.require_group(group).create_dataset(dim, shape=(length,), maxshape=(most,), dtype="f4", chunks=(_MOST_ROWS,) if most is None else None)
    scale.make_scale(f"{DIMENSION_ONLY}{length:10}")
    return scale


def create_counted(file: Any, group: str, dim: str, length: int) -> None:
    """Make the dimension of a table that is written once."""
    _count(file, group, dim, length, length)


def create_variable(file: Any, variable: Variable, shape: tuple[int, ...], chunk: int, width: int = 1) -> Any:
    """Make an array that grows along its first axis, filled with NaN, with its dimensions attached and its attributes set."""
    kind, fill = {"float": ("f8", np.nan), "int": ("i8", None), "text": (text_type(width), None)}[variable.kind]
    inner = tuple(max(1, length) for length in shape[1:])
    dataset = file.create_dataset(
        variable.path, shape=shape, maxshape=(None, *(length or None for length in shape[1:])), dtype=kind, chunks=(chunk, *inner), fillvalue=fill, **_FILTERS
    )
    describe(file, variable, dataset)
    return dataset


def write_once(file: Any, variable: Variable, values: Any) -> None:
    """Write an array that does not grow."""
    if variable.kind == "text":
        texts = text_array([values] if isinstance(values, str) else list(values))
        texts = texts if variable.dims else texts.reshape(())
        kind = text_type(texts.dtype.itemsize)
    else:
        kind = {"float": "f8", "int": "i8"}[variable.kind]
        texts = np.asarray(values, dtype=kind)
    filters = _FILTERS if texts.size and variable.dims else {}
    dataset = file.create_dataset(variable.path, data=texts, dtype=kind, **filters)
    describe(file, variable, dataset)


def describe(file: Any, variable: Variable, dataset: Any) -> None:
    """Attach the dimensions of a variable and set its attributes."""
    if not isinstance(dataset, MemoryArray):
        from h5py import h5d, h5ds

        for place, scale in enumerate(_scales(variable)):
            h5ds.attach_scale(dataset.id, h5d.open(file.id, scale.encode()), place)
    attrs: dict[str, str | float] = {"long_name": variable.long_name}
    if variable.kind == "text":
        attrs[ENCODING] = "utf-8"
    elif variable.unit == "time":
        about = file["time"].attrs
        stamp = str(about["units"])
        if variable.kind == "int":  # moments of the engine, exact
            stamp = stamp.replace("seconds", "nanoseconds", 1)
        attrs |= {"units": stamp, "calendar": str(about["calendar"])}
    elif variable.unit == "unit_of_measure":
        attrs["units_in"] = "unit_of_measure"
    else:
        attrs["units"] = variable.unit
    if variable.kind == "float":
        attrs["_FillValue"] = math.nan
    set_attributes(dataset, attrs)


def detach(file: Any, variable: Variable) -> None:
    """Undo the attaching of the dimensions of a variable, before it is removed."""
    for place, scale in enumerate(_scales(variable)):
        file[variable.path].dims[place].detach_scale(file[scale])


def _scales(variable: Variable) -> list[str]:
    """Where the scales of a variable's dimensions stand: in the root, or, where a dimension is that of a table, in its group."""
    return [dim if dim in _ROOT else f"{variable.group}/{dim}" for dim in variable.dims]


def _product(lengths: Sequence[int]) -> int:
    total = 1
    for length in lengths:
        total *= length
    return total
