"""A dry run of machines that others wrote, when a plant is built: a few calls without a compiler, over arrays that know their bounds."""

from __future__ import annotations

import hashlib

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from twin.errors import KernelError
from twin.kernels.compile import MachineKernel
from twin.testing.bare import Bare, TroubleError, functions_of
from twin.testing.checks import DECORATORS
from twin.testing.guarded import Budget, OutOfBoundsError, SpentError
from twin.testing.tables import wrong_tables
from twin.testing.trials import Trial, mixture, random

Floats = NDArray[np.float64]
LOOKS = 60_000
"""So often a kernel may look into its arrays: a tenth of a second, on any plant. What it would do later is not seen."""
RATES = (0.0, 1.0)
MOST = 1000
_passed: set[tuple[MachineKernel, bytes]] = set()
"""Kernels and numbers that were rehearsed in this process."""


def rehearse(where: str, kernel: MachineKernel, coefficients: Floats, parameters: Floats, shape: tuple[int, int], ports: tuple[str, ...]) -> None:
    """Raise :class:`~twin.errors.KernelError`, beginning with ``where``, if a kernel reaches beyond its arrays; once for the same kernel and numbers.

    ``shape``: how many (materials, size classes) the plant has.
    """
    digest = hashlib.sha256(repr((shape, ports)).encode() + coefficients.tobytes() + b"|" + parameters.tobytes()).digest()
    if (kernel, digest) in _passed:
        return
    advice = "twin.testing.check_kernel finds more of this sort"
    for role, function in functions_of(kernel).items():
        if not isinstance(function, Dispatcher):
            raise KernelError(f"{where}: {role} of its kernel is not compiled; decorate it with {DECORATORS[role]}")
    for text in wrong_tables(kernel, coefficients, shape, len(ports)):
        raise KernelError(f"{where}: {text}; {advice}")
    bare, budget = Bare(kernel, coefficients, parameters, len(ports)), Budget(LOOKS)
    lot = mixture(shape, random(1))
    try:
        for rate in RATES:
            bare.run(Trial("rehearsal", lot, lot * (rate / lot.sum()), rate), budget=budget)
    except SpentError:
        pass
    except TroubleError as trouble:
        if isinstance(trouble.__cause__, OutOfBoundsError):  # what else stops plain Python need not stop what is compiled
            raise KernelError(f"{where}: {trouble}; {advice}") from None
    if len(_passed) >= MOST:
        _passed.clear()
    _passed.add((kernel, digest))
