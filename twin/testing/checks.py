"""The rules of a machine kernel, and :func:`check_kernel`, which holds a kernel to all of them."""

from __future__ import annotations

import math
import timeit
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from twin.errors import KernelCheckError, UsageError
from twin.kernels.compile import MACHINE_SIGNATURE, SETTLE_SIGNATURE, SPLIT_SIGNATURE, MachineKernel, Properties, Sizes
from twin.materials.pieces import with_pieces
from twin.testing.bare import Bare, Outcome, TroubleError, functions_of, name_of
from twin.testing.claims import Monotone, unkept
from twin.testing.guarded import where_in
from twin.testing.tables import wrong_tables
from twin.testing.trials import Trial, mixture, random, trials

Floats = NDArray[np.float64]
CLOSE = 1e-10
"""What rounding may do to a mass, as a share of the mass that came in."""
ALIKE = 1e-9
"""By how much compiled and uncompiled code may differ, as a share of what came in."""
SIGNATURES = {"apply": MACHINE_SIGNATURE, "settle": SETTLE_SIGNATURE, "split": SPLIT_SIGNATURE}
DECORATORS = {"apply": "@machine_kernel", "settle": "@settling", "split": "@splitting"}
CHECKS = ("prepare", "compiled", "bounds", "tables", "statuses", "buffers", "same again", "finite", "shares", "mass", "sign", "no feed", "linear", "claims")
"""The rules, in the order in which they are held."""


@dataclass(frozen=True)
class Report:
    """What :func:`check_kernel` held, and saw.

    ``warned``: the warnings that rose in some trial, ``refused``: the trials that ended with a declared status. ``microseconds``: of a call of each
    compiled function from Python, on a mixture at 1 kg/s; the shortest of several. It is not judged.
    """

    kernel: str
    checks: tuple[str, ...]
    trials: int
    warned: tuple[str, ...]
    refused: tuple[str, ...]
    microseconds: Mapping[str, float]

    def __str__(self) -> str:
        lines = [f"{self.kernel}: keeps the rules of a machine kernel", f"held: {', '.join(self.checks)}; in {self.trials} trials"]
        lines += [f"warned in some: {'; '.join(self.warned)}"] if self.warned else []
        lines += [f"refused in {len(self.refused)}, the first: {self.refused[0]}"] if self.refused else []
        return "\n".join([*lines, "a call from Python takes " + ", ".join(f"{name} {time:.2g} us" for name, time in self.microseconds.items())])


@dataclass
class _Found:
    """The first fault of each sort."""

    faults: dict[str, str] = field(default_factory=dict)

    def add(self, check: str, text: str, trial: Trial | None = None) -> None:
        self.faults.setdefault(f"{check} {text if check == 'bounds' else ''}", f"{check}: {text}{f' ({trial.name})' if trial else ''}")

    def stop(self, kernel: str) -> None:
        if self.faults:
            found = tuple(self.faults.values())
            raise KernelCheckError(f"{kernel} breaks {len(found)} {'rule' if len(found) == 1 else 'rules'} of a machine kernel", found)


def check_kernel(
    kernel: MachineKernel,
    values: Mapping[str, Any],
    properties: Properties,
    sizes: Sizes,
    *,
    ports: int | Sequence[str],
    claims: Sequence[Monotone] = (),
    seed: int = 1,
) -> Report:
    """Hold a kernel to the rules of :class:`~twin.kernels.compile.MachineKernel`; raise :class:`~twin.errors.KernelCheckError` with all that it breaks.

    ``values``: its parameters in SI, as ``prepare`` takes them. ``properties``: those that it asks for, (material,) each, in SI. ``sizes``: size
    classes, ascending, in m. ``ports``: their names in the order of the kind, or how many. ``claims``: what the model says of a port
    (:class:`~twin.testing.Monotone`). ``seed``: of the lots and streams that it is tried with; the same seed gives the same trials.

    First it runs without a compiler, over arrays that know their bounds. A kernel that reaches beyond them is not run further: compiled code would
    change memory of others there. Then follow, in that order, :data:`CHECKS`:

    - ``prepare`` gives the same finite numbers twice, and finds every parameter that the kernel names;
    - functions are compiled to the signature by which a line calls them; compiled and uncompiled they give the same within rounding;
    - no index leads beyond ports, warnings, settings, coefficients or parameters, or below 0; nothing that is only given is written to;
    - a ``spread`` lets all fall, and only into finer classes; a ``pour`` places all;
    - a status above 0 is one of the ``statuses``; counters of warnings only rise;
    - all that is its own to write is written, whatever was there, and nothing beyond where the buffers have more room; twice the same bits;
    - all is finite; shares are from 0 to 1 and sum to 1 over the ports;
    - mass is kept for each material (in all where composites come apart); nothing is below 0; no feed gives nothing, and no warning;
    - ``apply`` is linear in the lot at a given stream. A response is so by its form.
    """
    names = tuple(f"port {p}" for p in range(ports)) if isinstance(ports, int) else tuple(ports)
    for claim in claims:
        if claim.port not in names:
            raise UsageError(f"a claim names the port {claim.port!r}, and the ports are {', '.join(names)}")
    title, found = name_of(kernel), _Found()
    if not properties:
        raise UsageError("properties must hold at least one property of the materials: it says how many there are")
    if "density" in properties and "piece_number" not in properties:
        properties = with_pieces(properties, sizes.lower, sizes.upper)
    numbers = _prepared(kernel, values, properties, sizes, found)
    _hold_compiled(kernel, found)
    found.stop(title)
    assert numbers is not None
    shape = len(next(iter(properties.values()))), len(sizes.mean)
    tries = trials(shape, seed)
    bare, compiled = Bare(kernel, *numbers, len(names)), Bare(kernel, *numbers, len(names), compiled=True)
    for trial in tries:
        try:
            bare.run(trial)
        except TroubleError as trouble:
            found.add("bounds", str(trouble), trial)
    for text in wrong_tables(kernel, numbers[0], shape, len(names)):
        found.add("tables", text)
    found.stop(title)
    apart = "constituents" in values
    outcomes = []
    try:
        for trial in tries:
            outcome = _hold_buffers(bare, trial, names, found)
            outcomes.append(outcome)
            if outcome.status == 0:
                _hold_masses(outcome, trial, names, apart, found)
                _hold_shares(kernel, outcome, trial, names, found)
            _hold_alike(compiled, outcome, trial, names, found)
        if kernel.response is None:
            _hold_linear(bare, shape, seed, found)
    except TroubleError as trouble:  # at contents of the buffers, or a lot, that the first trials did not have
        found.add("bounds", str(trouble), trial)
    if not found.faults:
        for claim in claims:
            if text := unkept(claim, kernel, values, properties, sizes, names, mixture(shape, random(seed))):
                found.add("claims", text)
    found.stop(title)
    warned = [text for k, text in enumerate(kernel.warnings) if any(outcome.warned[k] for outcome in outcomes)]
    refused = [trial.name for trial, outcome in zip(tries, outcomes, strict=True) if outcome.status]
    return Report(title, CHECKS if claims else CHECKS[:-1], len(tries), tuple(warned), tuple(refused), _speed(compiled, shape, seed))


def _prepared(kernel: MachineKernel, values: Mapping[str, Any], properties: Properties, sizes: Sizes, found: _Found) -> tuple[Floats, Floats] | None:
    """Coefficients and parameters, or None with a fault."""
    missing = [name for name in kernel.parameters if name not in values]
    if missing:
        found.add("prepare", f"the kernel names the parameters {', '.join(missing)}, which are not among the values {', '.join(values)}")
    try:
        first, second = (np.ascontiguousarray(kernel.prepare(values, properties, sizes), dtype=np.float64).ravel() for _ in range(2))
    except Exception as error:  # noqa: BLE001 - a prepare may raise anything
        place = where_in(error)
        found.add("prepare", f"raises {type(error).__name__}: {error}{f', at {place}' if place else ''}")
        return None
    if not np.isfinite(first).all():
        k = int(np.flatnonzero(~np.isfinite(first))[0])
        found.add("prepare", f"number {k} of the {len(first)} coefficients is {first[k]}")
    if first.tobytes() != second.tobytes():
        found.add("prepare", "gives other coefficients when it is called again; it must depend on its arguments alone")
    return None if missing else (first, np.array([float(values[name]) for name in kernel.parameters]))


def _hold_compiled(kernel: MachineKernel, found: _Found) -> None:
    for role, function in functions_of(kernel).items():
        if not isinstance(function, Dispatcher):
            found.add("compiled", f"{role} is not compiled; decorate it with {DECORATORS[role]}")
        elif SIGNATURES[role].args not in function.overloads:
            found.add("compiled", f"{role} is not compiled to the signature by which a line calls it; decorate it with {DECORATORS[role]}")


def _hold_buffers(bare: Bare, trial: Trial, names: tuple[str, ...], found: _Found) -> Outcome:
    """The outcome of a trial, whatever lay in the buffers before."""
    outcome, kernel = bare.run(trial, 7.0), bare.kernel
    if not 0 <= outcome.status <= len(kernel.statuses):
        declared = f"has {len(kernel.statuses)}" if kernel.statuses else "has none"
        found.add("statuses", f"it returned {outcome.status}, and the kernel {declared}; name each in its statuses, counted from 1", trial)
    if (outcome.warned < 0).any():
        k = int(np.flatnonzero(outcome.warned < 0)[0])
        found.add("statuses", f"counter {k} of its warnings fell by {-outcome.warned[k]}; add 1, and set nothing", trial)
    if outcome.status:
        return outcome
    if not outcome.same(bare.run(trial, 7.0)):
        found.add("same again", "called again it gives other bits; it must depend on its arguments alone", trial)
    anew = bare.run(trial, math.nan)
    for what, old, new in (("setting", outcome.settings, anew.settings), ("share", outcome.shares, anew.shares), ("mass", outcome.out, anew.out)):
        differ = np.argwhere((old != new) & ~(np.isnan(old) & np.isnan(new)))
        if len(differ):
            where = _place(differ[0].tolist(), names) if old.ndim == 3 else f"number {differ[0][0]}"
            found.add("buffers", f"the {what} at {where} depends on what was in the buffer before; write all of it, and add to nothing", trial)
            break
    wide = bare.run(trial, math.nan, room=1)
    beyond = (wide.shares if kernel.response else wide.out)[len(names) :]
    for what, own, wrote in (("ports", len(names), not np.isnan(beyond).all()), ("warnings", len(kernel.warnings), wide.warned[len(kernel.warnings) :].any())):
        if wrote:
            found.add("buffers", f"it writes beyond its {own} {what} where the buffer has room for more; count them by the kernel, not by the array", trial)
    return outcome


def _place(where: Sequence[int], names: tuple[str, ...]) -> str:
    p, m, s = where
    return f"port {names[p]!r}, material {m}, size class {s}" if not names[p].startswith("port ") else f"{names[p]}, material {m}, size class {s}"


def _hold_masses(outcome: Outcome, trial: Trial, names: tuple[str, ...], apart: bool, found: _Found) -> None:
    """Finite, not below 0, and as much as came in."""
    out, x = outcome.out, trial.x
    for what, array in (("setting", outcome.settings), ("share", outcome.shares), ("mass", out)):
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            where = _place(bad[0].tolist(), names) if array.ndim == 3 else f"number {bad[0][0]}"
            found.add("finite", f"the {what} at {where} is {array[tuple(bad[0])]}", trial)
            return
    low = np.argwhere(out < 0.0)
    if len(low):
        found.add("sign", f"at {_place(low[0].tolist(), names)} come {out[tuple(low[0])]:.6g} kg; let the last port take what is left", trial)
    came, left = x.sum(axis=1), out.sum(axis=(0, 2))
    if apart:
        came, left = came.sum(keepdims=True), left.sum(keepdims=True)
    wrong = np.flatnonzero(np.abs(left - came) > CLOSE * came)
    if not x.any():
        if out.any():
            where = np.argwhere(out != 0.0)[0]
            found.add("no feed", f"without a lot {out[tuple(where)]:.6g} kg come at {_place(where.tolist(), names)}", trial)
        if not trial.at.any() and outcome.warned.any():
            found.add("no feed", f"it counts warning {int(np.flatnonzero(outcome.warned)[0])} of a stream that is empty", trial)
    elif len(wrong):
        m = int(wrong[0])
        which, does = "all materials" if apart else f"material {m}", "makes" if left[m] > came[m] else "loses"
        amounts = f"{abs(left[m] - came[m]):.6g} kg of {came[m]:.6g} kg"
        found.add("mass", f"it {does} {amounts} of {which} (rounding may be {CLOSE:g} of it); let the last port take what is left", trial)


def _hold_shares(kernel: MachineKernel, outcome: Outcome, trial: Trial, names: tuple[str, ...], found: _Found) -> None:
    shares = outcome.shares
    if kernel.response is None or not np.isfinite(shares).all():
        return
    outside = np.argwhere((shares < 0.0) | (shares > 1.0 + CLOSE))
    if len(outside):
        found.add("shares", f"the share at {_place(outside[0].tolist(), names)} is {shares[tuple(outside[0])]:.9g}; it must be from 0 to 1", trial)
    if kernel.response.spread is None and kernel.response.pour is None:
        total = shares.sum(axis=0)
        off = np.argwhere(np.abs(total - 1.0) > CLOSE)
        if len(off):
            m, s = off[0].tolist()
            found.add("shares", f"the shares of material {m}, size class {s} sum to {total[m, s]:.9g} over the ports; they must sum to 1", trial)
    elif kernel.response.spread is not None and (np.abs(shares[0, :, 0] - 1.0) > CLOSE).any():
        m = int(np.flatnonzero(np.abs(shares[0, :, 0] - 1.0) > CLOSE)[0])
        found.add("shares", f"of material {m} the share {shares[0, m, 0]:.9g} of the finest class stays; there is no finer one, so it must be 1", trial)


def _hold_alike(compiled: Bare, outcome: Outcome, trial: Trial, names: tuple[str, ...], found: _Found) -> None:
    other, again = compiled.run(trial, 7.0), compiled.run(trial, 7.0)
    if not other.same(again):
        found.add("same again", "called again it gives other bits; it must depend on its arguments alone", trial)
    if other.status != outcome.status:
        found.add("compiled", f"compiled it returns {other.status}, and uncompiled {outcome.status}", trial)
    elif outcome.status == 0:
        unlike = ~np.isclose(other.out, outcome.out, rtol=0.0, atol=ALIKE * trial.x.sum(), equal_nan=True)
        apart = np.argwhere(unlike)
        if len(apart):
            where = tuple(apart[0])
            pair = f"{other.out[where]:.9g} kg and uncompiled {outcome.out[where]:.9g} kg"
            found.add("compiled", f"at {_place(apart[0].tolist(), names)} compiled code gives {pair}", trial)


def _hold_linear(bare: Bare, shape: tuple[int, int], seed: int, found: _Found) -> None:
    """``apply`` of lots that are sums and multiples of others, in the same stream."""
    draw = random(seed + 1)
    at = mixture(shape, draw) / 100.0
    x, y = mixture(shape, draw), np.where(draw.uniform(size=shape) < 0.5, 0.0, mixture(shape, draw))

    def of(lot: Floats, name: str) -> Outcome:
        return bare.run(Trial(name, lot, at, 0.5), 7.0)

    first, second = of(x, "first"), of(y, "second")
    for words, lot, expected in (
        ("a thousand times a lot", 1000.0 * x, 1000.0 * first.out),
        ("a millionth of a lot", 1e-6 * x, 1e-6 * first.out),
        ("the sum of two lots", x + y, first.out + second.out),
    ):
        got = of(lot, words)
        if first.status or second.status or got.status or not (np.isfinite(got.out).all() and np.isfinite(expected).all()):
            continue
        gaps = np.abs(got.out - expected)
        if (gaps > CLOSE * lot.sum()).any():
            where = np.unravel_index(int(gaps.argmax()), gaps.shape)
            pair = f"{got.out[where]:.6g} kg and not {expected[where]:.6g} kg"
            rule = "conditions must follow from the stream at alone, and never from the lot x"
            found.add("linear", f"of {words} in the same stream come {pair} of material {where[1]}, size class {where[2]} at port {where[0]}; {rule}")


def _speed(compiled: Bare, shape: tuple[int, int], seed: int) -> dict[str, float]:
    """Microseconds of a call, the shortest of several."""
    lot = mixture(shape, random(seed))
    response, (coefficients, parameters) = compiled.kernel.response, compiled.numbers
    out, warn = np.zeros((compiled.ports, *shape)), np.zeros(len(compiled.kernel.warnings), dtype=np.int64)
    settings = np.zeros(response.count(shape[1]) if response else 0)
    arguments: dict[str, tuple[Any, ...]] = {
        "apply": (lot, lot / 100.0, coefficients, parameters, 0.5, out, warn),
        "settle": (lot / 100.0, coefficients, parameters, 0.5, settings, warn),
        "split": (settings, coefficients, out),
    }
    times = {}
    for role, function in compiled.functions.items():
        timer = timeit.Timer(lambda function=function, given=arguments[role]: function(*given))  # type: ignore[misc]
        once = max(timer.timeit(1), 1e-7)
        calls = max(1, min(200, int(2e-3 / once)))
        times[role] = min(timer.repeat(5, calls)) / calls * 1e6
    return times
