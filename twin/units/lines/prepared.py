"""Coefficients of machines that were prepared before in this process, with the same parameters, materials and sizes.

The runs of a study differ in a few numbers, and most of what building a plant costs is the preparation of machines that did not change. Only kernels of twin
are remembered: their ``prepare`` depends on its arguments alone, which nobody can promise for those of others.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import MachineKernel, Properties, Sizes

Floats = NDArray[np.float64]
Prepare = Callable[[Mapping[str, Any], Properties, Sizes], Floats]
MOST = 64
MOST_BYTES = 1 << 20
"""Of each kernel so many coefficients are kept, of so many bytes in all; the oldest are forgotten first."""


@cache
def remembering(kernel: MachineKernel) -> MachineKernel:
    """Return a kernel that prepares itself once for equal arguments; the same kernel where it does not come with twin."""
    if kernel.prepare.__module__.partition(".")[0] != "twin":
        return kernel
    return replace(kernel, prepare=_Remembered(kernel.prepare))


class _Remembered:
    """A ``prepare`` with what it returned, by its arguments to the last bit."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._found: OrderedDict[Hashable, Floats] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
        own = _exact(values)
        if own is None:
            return self._prepare(values, properties, sizes)
        key = own, _shared(properties, sizes)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = np.array(self._prepare(values, properties, sizes))
        made.flags.writeable = False
        with self._lock:
            if key not in self._found:
                self._found[key] = made
                self._bytes += made.nbytes
            while len(self._found) > 1 and (len(self._found) > MOST or self._bytes > MOST_BYTES):
                self._bytes -= self._found.popitem(last=False)[1].nbytes
        return made


def _exact(values: Mapping[str, Any]) -> bytes | None:
    """A digest of numbers and tables by name; None where one is neither."""
    digest = hashlib.sha256()
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.hasobject:
            return None
        digest.update(f"{name} {array.dtype.str} {array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.digest()


_last: list[tuple[Properties, Sizes, bytes | None]] = []
"""What all machines of a plant share, and its digest; of the plant that was built last."""


def _shared(properties: Properties, sizes: Sizes) -> bytes | None:
    for known, classes, digest in _last:
        if known is properties and classes is sizes:
            return digest
    found = _exact({**{f"properties.{name}": value for name, value in properties.items()}, **{f"sizes.{k}": v for k, v in sizes._asdict().items()}})
    _last[:] = [(properties, sizes, found)]
    return found
