"""The one place that compiles: the ``@kernel`` and ``@machine_kernel`` decorators, the kernels' signature and their cache.

Every kernel is float64, ``error_model="numpy"`` (no exception leaves it), without fastmath and without threads. Compiled code is cached in a
folder whose name is a hash of all kernel sources here and of the caller's file, because numba's own cache does not see that an imported
file has changed.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import llvmlite.binding
import numba
import numpy as np
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

cgutils: Any = _cgutils  # without types
F = TypeVar("F", bound=Callable[..., Any])
Floats = NDArray[np.float64]

f8, i8 = types.float64, types.int64
unsigned: Any = np.uint64
"""Of an index in a kernel: signed ones, unless counted from 0, are each looked at for their sign, which keeps a loop from running on vectors."""
MACHINE_SIGNATURE = i8(f8[:, ::1], f8[:, ::1], f8[::1], f8[::1], f8, f8[:, :, ::1], i8[::1])
"""``apply(x, at, coefficients, parameters, load, out, warn) -> status``; see :class:`MachineKernel`."""
SETTLE_SIGNATURE = i8(f8[:, ::1], f8[::1], f8[::1], f8, f8[::1], i8[::1])
"""``settle(at, coefficients, parameters, load, settings, warn) -> status``; see :class:`Response`."""
SPLIT_SIGNATURE = i8(f8[::1], f8[::1], f8[:, :, ::1])
"""``split(settings, coefficients, shares) -> status``; see :class:`Response`."""


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
        folder = (Path(base) if base else Path.home() / ".cache") / "twin" / f"kernels-{_source_hash(caller)}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:  # a full disk takes a file, but nothing in it
            probe.write(bytes(_PROBE))
            probe.flush()
        return folder
    except (OSError, RuntimeError, KeyError):  # RuntimeError, KeyError: no HOME, and no name of the user to look it up by
        return None


def is_cold(module: str = "evaluator") -> bool:
    """Return whether nothing of that module of kernels is compiled yet for the sources as they are. To be asked before it is imported."""
    folder = cache_folder(str(Path(__file__).with_name(f"{module}.py")))
    return folder is None or not any(folder.glob(f"*/{module}.*nbi"))


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Compiling and loading make a great many objects that stay: to look through them for garbage again and again takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_without_collecting()
def _compile(function: F, signature: object, nogil: bool = False, inner: bool = False, by_address: bool = False) -> F:
    folder = cache_folder(inspect.getsourcefile(function) or __file__)
    wrappers: dict[str, Any] = {"no_cpython_wrapper": inner, "no_cfunc_wrapper": not by_address}  # each is code of its own, and compiled
    configuration: Any = numba.config
    before = configuration.CACHE_DIR
    configuration.CACHE_DIR = str(folder) if folder else before  # numba takes the folder from its configuration, when it decorates
    try:
        compiled = _without_losing(numba.njit(signature, cache=folder is not None, error_model="numpy", nogil=nogil, **wrappers)(function))
    except OSError:  # the disk is full now, say: a cache saves time and is worth nothing else
        compiled = numba.njit(signature, cache=False, error_model="numpy", nogil=nogil, **wrappers)(function)
    finally:
        configuration.CACHE_DIR = before
    return cast(F, _apart(compiled, function) if inner and signature is not None and hasattr(compiled, "overloads") else compiled)


_APART: list[Any] = []
"""Kernels whose code others call by name, so that it must stay."""


def _apart(compiled: Any, function: Callable[..., Any]) -> Any:
    """What other kernels call ``compiled`` by: its name in this process, in place of a copy of its code.

    Numba hands the code of a kernel to all that call it, which compile it again, and so on to the outermost. The name holds the hash of the sources, so
    that what was cached asks for the code that it was compiled with.
    """
    (found,) = compiled.overloads.values()
    name = f"{function.__module__}.{function.__qualname__}.{_source_hash(inspect.getsourcefile(function) or __file__)}"
    llvmlite.binding.add_symbol(name, found.library.get_pointer_to_function(found.fndesc.llvm_func_name))
    _APART.append(compiled)

    def call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.call_conv.get_function_type(signature.return_type, signature.args)
        callee = cgutils.get_or_insert_function(builder.module, kind, name)
        status, result = context.call_conv.call_function(builder, callee, signature.return_type, signature.args, arguments)
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return result

    def named(typing_context: Any, *_: Any) -> Any:
        return found.signature, call

    parameters = [each.replace(annotation=inspect.Parameter.empty) for each in inspect.signature(function).parameters.values()]
    named.__name__ = function.__name__
    named.__signature__ = inspect.Signature([inspect.Parameter("typing_context", inspect.Parameter.POSITIONAL_OR_KEYWORD), *parameters])  # type: ignore[attr-defined]
    return intrinsic(named)


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


def kernel(signature: object = None, *, nogil: bool = False, inner: bool = False) -> Callable[[F], F]:
    """Compile a function that other kernels, or Python, call. With a ``signature`` it compiles at import, else at the first call.

    With ``nogil`` threads of Python can run it side by side; each must write to arrays of its own. ``inner``: only kernels call it, and Python cannot,
    which saves compiling; with a ``signature`` it is then compiled once, and not again with each that calls it.
    """

    def decorate(function: F) -> F:
        return _compile(function, signature, nogil, inner)

    return decorate


def entry(compiled: F) -> F:
    """The compiled code of a kernel with a signature, for Python that calls it lot by lot with handles and arrays of its own.

    Numba finds out the type of each argument before each call, which takes as long as a small kernel does. Here nothing is looked at: an array of another
    type, number of dimensions or layout is read as if it were right, or ends the process. So it is not for arrays that somebody else hands in.
    """
    if not hasattr(compiled, "overloads"):  # the compiler is switched off
        return compiled
    (found,) = compiled.overloads.values()
    return cast(F, found.entry_point)


def machine_kernel(function: F) -> F:
    """Compile the ``apply`` of a machine, to the signature that the line evaluator calls by address."""
    return _compile(function, MACHINE_SIGNATURE, by_address=True)


def settling(function: F) -> F:
    """Compile the ``settle`` of a machine's :class:`Response`."""
    return _compile(function, SETTLE_SIGNATURE, by_address=True)


def splitting(function: F) -> F:
    """Compile the ``split`` of a machine's :class:`Response`."""
    return _compile(function, SPLIT_SIGNATURE, by_address=True)


class Sizes(NamedTuple):
    """Size classes, ascending; ``lower[0]`` is 0. All in m, shape ``(size,)``."""

    lower: Floats
    upper: Floats
    mean: Floats


Properties = Mapping[str, Floats]
"""Material properties by name, each of shape ``(material,)``, in SI units, and what pieces are in each size class: ``piece_number`` and the like of
shape ``(material, size)``, see :class:`twin.materials.pieces.Pieces`."""


@dataclass(frozen=True)
class Spread:
    """Where a mill's broken pieces go, whatever its load: all of it into finer classes.

    ``breakage`` (from, to), or (from, to, material) where materials break in their own ways: share of what is broken in a class that arrives in each
    finer one. ``composites``: the materials that come apart, by place; of what of them falls from a class to another the share ``free``
    (composite, from, to) becomes ``parts`` (composite, material). ``sizes`` (composite, material, size): mass by class of a part that comes off in pieces
    of its own, of which those no coarser than the fragment are taken; the finest class has some of them. A row of zeros: the part takes the fragment's class.
    """

    breakage: Floats
    composites: tuple[int, ...] = ()
    free: Floats | None = None
    parts: Floats | None = None
    sizes: Floats | None = None

    def by_material(self, materials: int) -> Floats:
        """``breakage`` (from, to, material)."""
        return self.breakage if self.breakage.ndim == 3 else np.repeat(self.breakage[:, :, None], materials, axis=2)

    def own(self, k: int) -> list[int]:
        """The parts of composite ``k`` that come off in sizes of their own."""
        return [] if self.sizes is None or self.parts is None else [n for n, row in enumerate(self.sizes[k]) if row.any() and self.parts[k, n] > 0.0]

    def flat(self, materials: int) -> Floats:
        """One array of it for a number of materials.

        Breakage (from, to, material), of composites without what comes free; the number of composites, and for each its place, what comes free (from, to),
        how many parts take the fragment's class, of each its place and its share of the composite, and how many have sizes of their own: of each its place,
        its share of the composite, its sizes, and one over what of them is no coarser than each class.
        """
        kept = self.by_material(materials).copy()
        rows = [np.array([float(len(self.composites))])]
        for k, place in enumerate(self.composites):
            assert self.free is not None and self.parts is not None
            own, freed = self.own(k), kept[:, :, place] * self.free[k]
            kept[:, :, place] -= freed
            with_it = [n for n in np.flatnonzero(self.parts[k]).tolist() if n not in own]
            rows += [np.array([float(place)]), freed.ravel(), np.array([float(len(with_it))])]
            rows += [np.array([float(n), self.parts[k, n]]) for n in with_it]
            rows.append(np.array([float(len(own))]))
            for n in own:
                assert self.sizes is not None
                rows += [np.array([float(n), self.parts[k, n]]), self.sizes[k, n], 1.0 / np.cumsum(self.sizes[k, n])]
        return np.concatenate([kept.ravel(), *rows])


@dataclass(frozen=True)
class Response:
    """How a machine's split depends on what it is loaded with: by a few numbers, its settings.

    ``settle(at, coefficients, parameters, load, settings, warn) -> status`` writes the settings, such as a cut size, that the stream ``at``
    (material, size), kg/s, gives, and adds to ``warn``; arguments as of :class:`MachineKernel`.

    ``split(settings, coefficients, shares) -> status`` writes the ``shares`` (port, material, size) that go to each port at given settings. Without
    a ``spread`` the machine moves nothing between materials or size classes (its structure is diagonal by cell) and they sum to 1 over the ports.

    ``spread`` makes the rest of them from the coefficients for a number of (materials, size classes): a machine of one port that breaks pieces.
    Then ``shares[0]`` is what leaves as it came, and the rest falls into finer classes (triangular by size). ``pour`` makes the sizes (material, size)
    that the rest takes, whatever its own were: a machine of one port that empties or forms pieces.

    ``settings``: names of the settings, one number each; with ``by_size`` a last one for every size class. Without any the split does not react.
    Loops of such machines are closed by a solve and only their settings are iterated; they should change steadily with the stream.
    """

    settle: Callable[..., int]
    split: Callable[..., int]
    settings: tuple[str, ...] = ()
    by_size: bool = False
    spread: Callable[[Floats, int, int], Spread] | None = None
    pour: Callable[[Floats, int, int], Floats] | None = None

    def count(self, classes: int) -> int:
        """The number of settings for so many size classes."""
        return len(self.settings) + (classes if self.by_size else 0)


def _apply_response(
    response: Response, x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]
) -> int:
    """An ``apply`` of a machine that gives a response: for who looks at one machine alone. The evaluator has its own way."""
    settings, shares = np.zeros(response.count(x.shape[1])), np.zeros(out.shape)
    status = response.settle(at, coefficients, parameters, load, settings, warn) or response.split(settings, coefficients, shares)
    if status:
        return int(status)
    np.multiply(shares, x, out=out)
    if response.pour is not None:
        out[0] += (x - out[0]).sum(axis=1)[:, None] * response.pour(coefficients, *x.shape)
    if response.spread is not None:
        spread = response.spread(coefficients, *x.shape)
        for j in range(x.shape[1] - 1, 0, -1):
            inside = x[:, j] + (out[0, :, j] - shares[0, :, j] * x[:, j])  # what came, and what fell from coarser classes
            out[0, :, j] = shares[0, :, j] * inside
            fallen = (inside - out[0, :, j])[:, None] * spread.by_material(x.shape[0])[j, :j].T
            for k, place in enumerate(spread.composites):
                assert spread.free is not None and spread.parts is not None
                free = fallen[place] * spread.free[k, j, :j]
                fallen[place] -= free
                kept = spread.parts[k].copy()
                for n in spread.own(k):
                    assert spread.sizes is not None
                    sizes = spread.sizes[k, n]
                    carried = np.cumsum((free * kept[n] / np.cumsum(sizes)[:j])[::-1])[::-1]  # from each class and all that are coarser
                    out[0, n, :j] += carried * sizes[:j]
                    kept[n] = 0.0
                out[0, :, :j] += np.multiply.outer(kept, free)
            out[0, :, :j] += fallen
    return 0


@dataclass(frozen=True, kw_only=True)
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

    A machine gives a ``response`` in its place where it can: its recycle loops are then solved and not searched. ``apply`` is made from it.
    """

    prepare: Callable[[Mapping[str, Any], Properties, Sizes], Floats]
    apply: Callable[..., int] = None  # type: ignore[assignment]  # filled in from the response
    response: Response | None = None
    parameters: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.response is None and self.apply is None:
            raise ValueError("a machine kernel needs an apply or a response")
        if self.response is not None:
            object.__setattr__(self, "apply", partial(_apply_response, self.response))
