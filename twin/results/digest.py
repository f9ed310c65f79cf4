"""The digest of a results file: what two equal runs share to the last bit."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np

from twin.results.layout import STATE_GROUP
from twin.results.memory import MemoryArray, MemoryFile

_BLOCK = 4 << 20
SITES = "sites"
"""The group of a cluster's file below which each site has a run's layout."""


def dataset_paths(file: Any) -> list[str]:
    """Return the paths of all datasets of an open file, or of a group as if it were one, sorted; each group is entered once."""
    if isinstance(file, MemoryFile):
        return file.paths()
    found: list[str] = []
    seen: list[Any] = []

    def walk(group: Any, prefix: str) -> None:
        address = h5py.h5o.get_info(group).addr
        if address in seen:
            return
        seen.append(address)
        for encoded in group:  # below h5py's dictionaries, which take most of the time
            item = h5py.h5o.open(group, encoded)
            path = f"{prefix}/{encoded.decode('utf-8', 'surrogateescape')}"
            if isinstance(item, h5py.h5g.GroupID):
                walk(item, path)
            else:
                found.append(path)

    walk(h5py.h5g.open(file.id, b"."), "")
    return sorted(found)


def blocks(dataset: Any) -> Iterator[Any]:
    """Yield the values of a dataset in blocks along its first axis, of a few MB each, so that memory stays bounded."""
    if dataset.ndim == 0 or dataset.size == 0:
        yield np.asarray(dataset[...])
        return
    row = dataset.dtype.itemsize * (dataset.size // dataset.shape[0])
    chunk = dataset.chunks[0] if dataset.chunks else 1
    step = max(1, _BLOCK // (row * chunk)) * chunk
    for start in range(0, dataset.shape[0], step):
        yield dataset[start : start + step]


def file_digest(file: Any, scenario_sha256: str) -> str:
    """Return the SHA-256, in hex, over path, dtype, shape and little-endian bytes of all datasets, in path order.

    Those of a saved state and of a cluster's sites are left out. ``scenario_sha256`` ends it. Attributes,
    such as when and where the file was made, are not part of it.
    """
    paths = [path for path in dataset_paths(file) if not path.startswith((f"/{STATE_GROUP}/", f"/{SITES}/"))]
    return _digest(file, paths, scenario_sha256)


def state_digest(file: Any) -> str:
    """Return the SHA-256, in hex, of a saved state, by the same rule."""
    return _digest(file, [path for path in dataset_paths(file) if path.startswith(f"/{STATE_GROUP}/")], "")


def cluster_digest(own: str, sites: Mapping[str, str]) -> str:
    """Return the SHA-256, in hex, of a cluster: over the digest of what is its own and those of its sites, in order, each as if it were a file."""
    lines = [own, *(f"{name} {digest}" for name, digest in sites.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digest(file: Any, paths: list[str], ending: str) -> str:
    total = hashlib.sha256()
    for path in paths:
        dataset = file[path] if isinstance(file, MemoryFile) else h5py.h5d.open(file.id, path[1:].encode("utf-8", "surrogateescape"))
        dtype, shape = dataset.dtype, dataset.shape
        kind = dtype.newbyteorder("<")
        total.update(f"{path}\0{kind.str}\0{','.join(map(str, shape))}\0".encode())
        for block in _values(dataset, dtype, shape):
            total.update(np.ascontiguousarray(block, dtype=kind).data.cast("B") if block.size else b"")
    total.update(ending.encode())
    return total.hexdigest()


def _values(dataset: Any, dtype: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    if isinstance(dataset, MemoryArray):
        yield from dataset.parts()
    elif math.prod(shape) * dtype.itemsize > _BLOCK:
        yield from blocks(h5py.Dataset(dataset))
    else:
        values = np.empty(shape, dtype)
        if values.size:
            dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
        yield values
