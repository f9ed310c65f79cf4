"""Kernels as plain Python, over arrays that know their bounds: what a compiled kernel reads or writes elsewhere nobody sees."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

MATRIX = ("material", "size class")
AXES: dict[str, tuple[str, ...]] = {
    "x": MATRIX, "at": MATRIX, "out": ("port", *MATRIX), "shares": ("port", *MATRIX),
    "coefficients": ("number",), "parameters": ("number",), "settings": ("number",), "warn": ("counter",),
}  # fmt: skip
"""The arrays of a kernel, and what their axes are."""
HOLDS = {
    "x": "a row for each material", "at": "a row for each material", "out": "a matrix for each port that the kind names",
    "shares": "a matrix for each port that the kind names", "coefficients": "what prepare returns", "parameters": "what the kernel's parameters name",
    "settings": "what the response's settings name", "warn": "a counter for each of the kernel's warnings",
}  # fmt: skip


class OutOfBoundsError(IndexError):
    """A kernel reached beyond an array, or wrote to one that it is only given."""


class SpentError(Exception):
    """The looks that a kernel was allowed are used up."""


class Budget:
    """How often a kernel may still look into its arrays: a bound of time that is the same on every computer."""

    def __init__(self, looks: float = math.inf) -> None:
        self.left = looks


class Guarded(np.ndarray[Any, np.dtype[Any]]):
    """An array in which an index stands for itself: none wraps, and none leads elsewhere."""

    name: str = ""
    axes: tuple[str, ...] = ()
    given: bool = False
    budget: Budget = Budget()

    def __array_finalize__(self, source: Any) -> None:
        self.name, self.given, self.budget = getattr(source, "name", ""), getattr(source, "given", False), getattr(source, "budget", Guarded.budget)

    def __getitem__(self, key: Any) -> Any:
        self._look(key, "reads")
        found = super().__getitem__(key)
        if isinstance(found, Guarded):
            keys = key if isinstance(key, tuple) else (key,)
            plain = all(isinstance(k, (int, np.integer, slice)) for k in keys)
            kept = [axis for k, axis in zip(keys, self.axes, strict=False) if isinstance(k, slice)]
            found.axes = (*kept, *self.axes[len(keys) :]) if plain else ()
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        self._look(key, "writes to")
        if self.given:
            raise OutOfBoundsError(f"writes to {self.name}, which it is only given")
        super().__setitem__(key, value)

    def _look(self, key: Any, does: str) -> None:
        self.budget.left -= 1
        if self.budget.left < 0:
            raise SpentError
        for axis, k in enumerate(key if type(key) is tuple else (key,)):
            if k is None or k is Ellipsis:
                return  # numpy counts the axes from here on, and no index before was wrong
            if isinstance(k, (int, np.integer)):
                if not 0 <= k < self.shape[axis]:
                    raise OutOfBoundsError(self._explain(axis, int(k), does))
            elif isinstance(k, np.ndarray) and k.dtype.kind in "iu":
                for each in k.ravel().tolist():
                    if not 0 <= each < self.shape[axis]:
                        raise OutOfBoundsError(self._explain(axis, each, does))

    def _explain(self, axis: int, k: int, does: str) -> str:
        what = self.axes[axis] if axis < len(self.axes) else "index"
        size = self.shape[axis]
        bounds = f"which has 0 to {size - 1}" if size else "which is empty"
        wraps = "; an index below 0 counts from the end, and is not meant" if k < 0 else ""
        holds = f" ({HOLDS[self.name]})" if self.name in HOLDS else ""
        return f"{does} {what} {k} of {self.name or 'an array'}, {bounds}{holds}{wraps}"


def guarded(array: NDArray[Any], name: str, budget: Budget, given: bool = False) -> Guarded:
    """Return ``array`` as one that knows its bounds; ``given``: it must not be written to."""
    found: Guarded = np.ascontiguousarray(array).view(Guarded)
    found.name, found.axes, found.given, found.budget = name, AXES[name], given, budget
    return found


def where_in(error: BaseException) -> str:
    """Return the file and the line of a kernel that an error comes from, or "" where none is known."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent != Path(__file__).parent]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what a compiled function was made from, with all compiled functions that it calls; divisions and powers keep compiled code's rules.

    >>> from twin.kernels.sizing import share_below
    >>> bool(uncompiled(share_below)(0.03, 0.02, 0.04) == share_below(0.03, 0.02, 0.04)), hasattr(uncompiled(share_below), "py_func")
    (True, False)
    """
    copy: Callable[..., Any] = _Copies().of(function)
    return copy


class _Copies:
    """Functions with their globals, in which every compiled function is replaced by what it was made from."""

    def __init__(self) -> None:
        self._known: dict[int, FunctionType] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, Dispatcher):
            return self._function(value.py_func)
        if value is math:
            return _MATH
        if isinstance(value, BuiltinFunctionType) and value.__module__ == "math":
            return getattr(_MATH, value.__name__)
        if isinstance(value, ModuleType) and value not in (np, numba):
            return _Module(value, self)
        return value

    def _function(self, function: Any) -> Callable[..., Any]:
        if id(function) in self._known:
            return self._known[id(function)]
        own = dict(function.__globals__)
        cells = tuple(CellType(self.of(cell.cell_contents)) for cell in function.__closure__ or ())
        copy = self._known[id(function)] = FunctionType(function.__code__, own, function.__name__, function.__defaults__, cells)
        for name in _names(function.__code__):
            if name in own:
                own[name] = self.of(own[name])
        own.setdefault("float", np.float64)  # so that 1/float(0) is infinite, as it is where it is compiled
        return copy


def _names(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


class _Module:
    """A module whose compiled functions are not."""

    def __init__(self, module: ModuleType, copies: _Copies) -> None:
        self._module, self._copies = module, copies

    def __getattr__(self, name: str) -> Any:
        return self._copies.of(getattr(self._module, name))


class _Math:
    """``math`` as compiled code has it: what overflows is infinite, what is not defined is not a number, and no exception leaves it."""

    @cache  # noqa: B019 - there is one of it
    def __getattr__(self, name: str) -> Any:
        function = getattr(math, name)
        if not callable(function):
            return function
        other = getattr(np, {"pow": "power"}.get(name, name), None)

        def value(*arguments: Any) -> Any:
            try:
                found = function(*arguments)
            except (OverflowError, ValueError):
                found = other(*arguments) if other is not None else math.nan
            return np.float64(found) if isinstance(found, float) else found

        return value


_MATH = _Math()
