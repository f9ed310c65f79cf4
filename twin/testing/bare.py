"""A machine run without a compiler, over guarded arrays: what it writes, where, and what stops it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from twin.kernels.compile import MachineKernel
from twin.testing.guarded import Budget, Guarded, SpentError, guarded, uncompiled, where_in
from twin.testing.trials import Trial

Floats = NDArray[np.float64]
COUNTED = 7
"""What the counters of warnings hold before a call."""


class TroubleError(Exception):
    """An uncompiled kernel stopped, by an index out of its bounds or by another exception: in words, with its place."""


@dataclass(frozen=True)
class Outcome:
    """What a call wrote: ``out`` (port, material, size), of a response also its ``shares`` and ``settings``; counters that rose, and the status."""

    status: int
    out: Floats
    warned: NDArray[np.int64]
    settings: Floats
    shares: Floats

    def same(self, other: Outcome) -> bool:
        """Whether both hold the same bits."""
        pairs = ((self.out, other.out), (self.warned, other.warned), (self.settings, other.settings), (self.shares, other.shares))
        return self.status == other.status and all(a.tobytes() == b.tobytes() for a, b in pairs)


def functions_of(kernel: MachineKernel) -> dict[str, Any]:
    """The compiled functions of a kernel, by the names of their roles."""
    if kernel.response is None:
        return {"apply": kernel.apply}
    return {"settle": kernel.response.settle, "split": kernel.response.split}


def name_of(kernel: MachineKernel) -> str:
    """What to call a kernel: its module and its compiled functions."""
    functions = [getattr(function, "py_func", function) for function in functions_of(kernel).values()]
    return f"{functions[-1].__module__} ({', '.join(function.__name__ for function in functions)})"


class Bare:
    """A kernel with its coefficients and parameters, to be called without a compiler (``compiled`` False) or with it."""

    def __init__(self, kernel: MachineKernel, coefficients: Floats, parameters: Floats, ports: int, *, compiled: bool = False) -> None:
        self.kernel, self.ports, self.compiled = kernel, ports, compiled
        self.numbers = coefficients, parameters
        self.functions: dict[str, Callable[..., int]] = functions_of(kernel)
        if not compiled:
            self.functions = {name: uncompiled(function) if isinstance(function, Dispatcher) else function for name, function in self.functions.items()}

    def run(self, trial: Trial, fill: float = math.nan, room: int = 0, budget: Budget | None = None) -> Outcome:
        """Call the machine with buffers full of ``fill`` that hold ``room`` more ports, settings and counters than are its own.

        Raises :class:`TroubleError`.
        """
        shape, budget = trial.x.shape, budget or Budget()
        give = partial(guarded, budget=budget, given=True)
        lend = partial(guarded, budget=budget)
        if self.compiled:
            give = lend = lambda array, name: np.ascontiguousarray(array)  # type: ignore[assignment]
        response, warned = self.kernel.response, np.full(len(self.kernel.warnings) + room, COUNTED, dtype=np.int64)
        out = np.full((self.ports + room, *shape), fill)
        settings, shares = np.full(response.count(shape[1]) if response else 0, fill), np.full(out.shape if response else 0, fill)
        coefficients, parameters = (give(array, name) for array, name in zip(self.numbers, ("coefficients", "parameters"), strict=True))
        at, load, warn = give(trial.at, "at"), np.float64(trial.load), lend(warned, "warn")
        with np.errstate(all="ignore"):
            if response is None:
                status = self._call("apply", give(trial.x, "x"), at, coefficients, parameters, load, lend(out, "out"), warn)
            else:
                status = self._call("settle", at, coefficients, parameters, load, lend(settings, "settings"), warn)
                status = status or self._call("split", give(settings, "settings"), coefficients, lend(shares, "shares"))
                if status == 0:
                    out = self._whole(trial.x, shares)
        return Outcome(status, out, warned - COUNTED, settings, shares)

    def _call(self, role: str, *arguments: Any) -> int:
        try:
            return int(self.functions[role](*arguments))
        except SpentError:
            raise
        except Exception as error:
            words = str(error) if isinstance(error, IndexError) else f"raises {type(error).__name__}: {error}"
            raise TroubleError(f"{role} {words}{f', at {place}' if (place := where_in(error)) else ''}") from error

    def _whole(self, x: Floats, shares: Floats) -> Floats:
        """What leaves by given shares; what breaks or is emptied with it."""
        response = self.kernel.response
        assert response is not None

        def given(settings: Floats, coefficients: Floats, out: Floats) -> int:
            out[:] = shares
            return 0

        out = np.zeros(shares.shape)
        fixed = MachineKernel(prepare=self.kernel.prepare, response=replace(response, settle=lambda *_: 0, split=given))
        try:
            fixed.apply(x, x, *self.numbers, 0.0, out, np.zeros(0, dtype=np.int64))
        except Exception as error:
            raise TroubleError(f"spread or pour gives what no machine can use: {type(error).__name__}: {error}") from error
        return out


__all__ = ["COUNTED", "Bare", "Guarded", "Outcome", "TroubleError", "functions_of", "name_of"]
