"""A results file that lives in memory, without HDF5: arrays by path, with what the writer and the reader ask of h5py.

Nearly all runs of a study are read once and dropped. To lay out some 140 arrays as HDF5, with their attributes and filters, costs more than such a run; a
dictionary of arrays has the same digest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

_LEAST_PACKED = 1 << 16
"""Bytes from which on rows that are written and done with are packed, as HDF5 would, so that a long run in memory stays small."""


class _Scales:
    """The dimensions of an array: their scales are known by the layout, and need not be attached."""

    def __getitem__(self, place: int) -> Self:
        return self

    def attach_scale(self, scale: object) -> None:
        """Nothing to do."""


_SCALES = _Scales()


class MemoryArray:
    """An array that grows along its first axis: rows come at its end, once."""

    dims = _SCALES
    chunks = None

    def __init__(self, shape: Sequence[int], dtype: Any, fill: float | None, data: Any = None) -> None:
        self.dtype = np.dtype(dtype)
        self.attrs: dict[str, Any] = {}
        self._fill: Any = np.zeros((), self.dtype) if fill is None else fill
        self._inner = tuple(shape[1:])
        self._parts: list[Any] = []
        self._lengths: list[int] = []
        self._whole: Any = None
        self.shape = tuple(shape)
        if not self.shape or data is not None:
            self._whole = np.array(data if data is not None else self._fill, dtype=self.dtype)
        elif self.shape[0]:
            self._grow(self.shape[0])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    def make_scale(self, name: str) -> None:
        """Note that this is the scale of a dimension."""
        self.attrs["NAME"] = name

    def resize(self, length: int, axis: int = 0) -> None:
        """Add rows, which hold the fill value until they are written."""
        assert axis == 0 and self._whole is None and length >= self.shape[0]
        if length > self.shape[0]:
            self._grow(length - self.shape[0])
            self.shape = (length, *self._inner)

    def _grow(self, rows: int) -> None:
        if self._parts and isinstance(self._parts[-1], np.ndarray) and self._parts[-1].nbytes >= _LEAST_PACKED:
            self._parts[-1] = _packed(self._parts[-1])
        self._parts.append(None)
        self._lengths.append(rows)

    def __setitem__(self, rows: slice, values: Any) -> None:
        last = self.shape[0] - self._lengths[-1]
        assert rows.indices(self.shape[0]) == (last, self.shape[0], 1) and self._parts[-1] is None, "rows are written once, at the end"
        self._parts[-1] = np.array(values, dtype=self.dtype).reshape(self._lengths[-1], *self._inner)

    def parts(self) -> Iterator[Any]:
        """Yield the rows in the blocks in which they came."""
        if self._whole is not None:
            yield self._whole
            return
        for part, rows in zip(self._parts, self._lengths, strict=True):
            yield self._unpacked(part, (rows, *self._inner))

    def _unpacked(self, part: Any, shape: tuple[int, ...]) -> Any:
        if part is None:
            return np.full(shape, self._fill, dtype=self.dtype)
        if isinstance(part, np.ndarray):
            return part
        planes = np.frombuffer(zlib.decompress(part), dtype=np.uint8).reshape(self.dtype.itemsize, -1)
        return np.ascontiguousarray(planes.T).view(self.dtype).reshape(shape)

    def __getitem__(self, key: Any) -> Any:
        if self._whole is None:
            parts = list(self.parts())
            if len(parts) == 1:
                return parts[0][key].copy()
            return np.concatenate(parts)[key] if parts else np.empty(self.shape, dtype=self.dtype)[key]
        return self._whole[key].copy() if self.shape else self._whole[key]


def _packed(values: Any) -> bytes:
    """The bytes of an array, those of equal weight together, deflated."""
    planes = np.ascontiguousarray(values).reshape(-1).view(np.uint8).reshape(-1, values.dtype.itemsize).T
    return zlib.compress(planes.tobytes(), 1)


class MemoryGroup:
    """The arrays below a path."""

    def __init__(self, arrays: dict[str, MemoryArray], groups: set[str], prefix: str = "") -> None:
        self.arrays, self._groups, self._prefix = arrays, groups, prefix
        self.attrs: dict[str, Any] = {}

    def create_dataset(
        self, name: str, shape: Sequence[int] | None = None, data: Any = None, dtype: Any = None, fillvalue: float | None = None, **_: object
    ) -> MemoryArray:
        """Make an array, as h5py does; filters and chunks do not matter here."""
        if data is not None:
            data = np.asarray(data, dtype=dtype)
            shape, dtype = data.shape, data.dtype
        path = self._prefix + name
        made = self.arrays[path] = MemoryArray(shape or (), dtype, fillvalue, data)
        self._groups.update(path[:end] for end, letter in enumerate(path) if letter == "/")
        return made

    def require_group(self, name: str) -> MemoryGroup:
        """Return the group of that name."""
        return MemoryGroup(self.arrays, self._groups, f"{self._prefix}{name}/")

    def get(self, name: str) -> MemoryArray | MemoryGroup | None:
        """Return an array or a group, None where there is no such thing."""
        path = self._prefix + name.strip("/")
        if path in self.arrays:
            return self.arrays[path]
        return MemoryGroup(self.arrays, self._groups, f"{path}/") if path in self._groups else None

    def __getitem__(self, name: str) -> Any:
        found = self.get(name)
        if found is None:
            raise KeyError(f"no array or group {self._prefix}{name}")
        return found

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self.arrays or self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        below = (path[len(self._prefix) :].partition("/")[0] for path in self.arrays if path.startswith(self._prefix))
        return iter(sorted(dict.fromkeys(below)))


class MemoryFile(MemoryGroup):
    """The root of a file in memory; false once it is closed."""

    filename = "memory"

    def __init__(self) -> None:
        super().__init__({}, set())
        self._closed = False

    def __bool__(self) -> bool:
        return not self._closed

    def paths(self) -> list[str]:
        """Return the paths of all arrays, sorted."""
        return sorted(f"/{path}" for path in self.arrays)

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Drop the arrays."""
        self.arrays.clear()
        self._closed = True
