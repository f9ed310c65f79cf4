"""The one place that compiles: the ``@kernel`` and ``@machine_kernel`` decorators, the kernels' signature and their cache.

Every kernel is float64, ``error_model="numpy"`` (no exception leaves it), without fastmath and without threads. Compiled code is cached in a
folder whose name is a hash of all kernel sources here and of the caller's file, because numba's own cache does not see that an imported
file has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float64]

f8, i8 = types.float64, types.int64
MACHINE_SIGNATURE = i8(f8[:, ::1], f8[:, ::1], f8[::1], f8[::1], f8, f8[:, :, ::1], i8[::1])
"""``apply(x, at, coefficients, parameters, load, out, warn) -> status``; see :class:`MachineKernel`."""


_PROBE = 1 << 16
"""Bytes that must fit below the cache for it to be used."""


@cache
def _source_hash(caller: str) -> str:
    digest = hashlib.sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), Path(caller)]:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


@cache
def cache_folder(caller: str) -> Path | None:
    """The folder for compiled code of the file ``caller``, or None where none can be written."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "twin" / f"frozen-{_source_hash(caller)}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:  # a full disk takes a file, but nothing in it
            probe.write(bytes(_PROBE))
            probe.flush()
        return folder
    except (OSError, RuntimeError, KeyError):  # RuntimeError, KeyError: no HOME, and no name of the user to look it up by
        return None


def _compile(function: F, signature: object, nogil: bool = False) -> F:
    folder = cache_folder(inspect.getsourcefile(function) or __file__)
    configuration: Any = numba.config
    before = configuration.CACHE_DIR
    configuration.CACHE_DIR = str(folder) if folder else before  # numba takes the folder from its configuration, when it decorates
    try:
        compiled = _without_losing(numba.njit(signature, cache=folder is not None, error_model="numpy", nogil=nogil)(function))
    except OSError:  # the disk is full now, say: a cache saves time and is worth nothing else
        compiled = numba.njit(signature, cache=False, error_model="numpy", nogil=nogil)(function)
    finally:
        configuration.CACHE_DIR = before
    return cast(F, compiled)


def _without_losing(compiled: Any) -> Any:
    """Let a kernel that compiles at its first call go on when what it compiled cannot be kept."""
    cache = getattr(compiled, "_cache", None)
    save = getattr(cache, "save_overload", None)
    if cache is not None and save is not None:

        def save_if_possible(signature: Any, data: Any) -> None:
            with contextlib.suppress(OSError):
                save(signature, data)

        cache.save_overload = save_if_possible
    return compiled


def kernel(signature: object = None, *, nogil: bool = False) -> Callable[[F], F]:
    """Compile a function that other kernels, or Python, call. With a ``signature`` it compiles at import, else at the first call.

    With ``nogil`` threads of Python can run it side by side; each must write to arrays of its own.
    """

    def decorate(function: F) -> F:
        return _compile(function, signature, nogil)

    return decorate


def machine_kernel(function: F) -> F:
    """Compile the ``apply`` of a machine, to the signature that the line evaluator calls by address."""
    return _compile(function, MACHINE_SIGNATURE)


class Sizes(NamedTuple):
    """Size classes, ascending; ``lower[0]`` is 0. All in m, shape ``(size,)``."""

    lower: Floats
    upper: Floats
    mean: Floats


Properties = Mapping[str, Floats]
"""Material properties by name, each of shape ``(material,)``, in SI units."""


@dataclass(frozen=True)
class MachineKernel:
    """What a machine does to what passes through it.

    ``prepare(values, properties, sizes)`` turns parameters and materials into a flat array of coefficients; it runs at the start and
    whenever a parameter changes, so all expensive physics belongs there. ``values`` holds the machine's parameters in SI: a float each, or an
    array for a table.

    ``apply(x, at, coefficients, parameters, load, out, warn) -> status`` runs for each lot, several times in a recycle loop:

    - ``x`` (material, size), kg: what is to be split; ``out`` (port, material, size), kg, must be overwritten for every port of the machine;
    - ``at`` (material, size), kg/s: the stream through *one* of the parallel machines, which sets the operating conditions. Everything that
      depends on rate or composition is derived from ``at``, never from ``x``: at a given ``at`` the kernel is linear in ``x``;
    - ``parameters``: the ``parameters`` named below, in that order; ``load``: throughput over the machine's rate limit, 0 where it has none;
    - ``warn`` (len(warnings),): add 1 where the valid range is left.

    It allocates nothing and raises nothing; it returns 0, or a positive status that :attr:`statuses` explains.
    """

    apply: Callable[..., int]
    prepare: Callable[[Mapping[str, Any], Properties, Sizes], Floats]
    parameters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
