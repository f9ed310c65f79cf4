"""What a calibration found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.adequacy import LEVEL, Adequacy
from twin.fit.calibrate.pilot import FAR, PilotRow
from twin.fit.calibrate.priors import Prior
from twin.fit.calibrate.study_file import Calibration
from twin.fit.calibrate.suspects import Suspect
from twin.quantities import format_quantity

Floats = NDArray[np.float64]
CONFIDENCE = 0.9
FLAT = 0.9
"""A direction in which the posterior is at least so wide as the prior is flat: the data say next to nothing of it."""
TIED = 0.8
"""Two parameters with a correlation beyond this are told together rather than apart."""
NAMED = 0.35
"""Parameters with at least this part in a direction are named."""


@dataclass(frozen=True)
class Found:
    """A parameter after the data: ``mean`` and the ends of the 90 % interval, SI; ``width``: of the interval over that of the prior."""

    prior: Prior
    mean: float
    low: float
    high: float
    width: float
    at_bound: bool
    """Whether the interval leans on an end of a uniform prior: the truth may lie beyond."""


@dataclass(frozen=True)
class Predicted:
    """A target after the calibration: what was measured and between what it is expected, SI, of a run of the plant with its chance and the error.

    ``away``: by how many standard deviations the value lies from what the other targets say. ``role``: used, held out, or left out.
    """

    name: str
    unit: str
    value: float
    mean: float
    low: float
    high: float
    away: float
    role: str

    @property
    def inside(self) -> bool:
        """Whether the measured value lies in the interval."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True)
class Calibrated:
    """The outcome of a calibration; ``draws`` (draw, parameter) of the posterior as standard normal numbers, ``ensemble`` (member, parameter) of them.

    ``points`` and ``values`` are the runs of the last stage.
    """

    calibration: Calibration
    pilot: tuple[PilotRow, ...]
    draws: Floats
    ensemble: Floats
    targets: tuple[Predicted, ...]
    adequacy: Adequacy
    suspects: tuple[Suspect, ...]
    made: int
    reused: int
    failed: int
    errors: tuple[str, ...]

    @cached_property
    def parameters(self) -> tuple[Found, ...]:
        """What was found of each parameter."""
        return tuple(_found(prior, self.draws[:, k]) for k, prior in enumerate(self.calibration.priors))

    @cached_property
    def correlations(self) -> Floats:
        """Correlations (parameter, parameter) of the posterior."""
        return np.atleast_2d(np.corrcoef(self.draws.T))

    @property
    def tied(self) -> list[tuple[str, str, float]]:
        """Pairs of parameters that are told together rather than apart."""
        priors, found = self.calibration.priors, self.correlations
        pairs = [(i, k) for i in range(len(priors)) for k in range(i + 1, len(priors)) if abs(found[i, k]) >= TIED]
        return [(priors[i].path, priors[k].path, float(found[i, k])) for i, k in pairs]

    @property
    def flat(self) -> list[tuple[float, tuple[tuple[str, float], ...]]]:
        """Directions of which the data say next to nothing: the posterior's width over the prior's, and the parameters in it with their parts."""
        sizes, axes = np.linalg.eigh(np.atleast_2d(np.cov(self.draws.T)))
        found = []
        for size, axis in zip(sizes.tolist()[::-1], axes.T[::-1], strict=True):
            if size >= FLAT**2:
                sign = 1.0 if axis[int(np.argmax(np.abs(axis)))] > 0.0 else -1.0
                parts = tuple((prior.path, sign * float(part)) for prior, part in zip(self.calibration.priors, axis, strict=True) if abs(part) >= NAMED)
                found.append((math.sqrt(size), parts))
        return found

    @property
    def fits(self) -> bool:
        """Whether the data say nothing against the model."""
        return self.adequacy.fits

    @property
    def held_inside(self) -> tuple[int, int]:
        """How many of the held-out readings lie in their intervals, and how many there are."""
        held = [target for target in self.targets if target.role == "held out"]
        return sum(target.inside for target in held), len(held)

    @property
    def beyond(self) -> list[str]:
        """Readings that were fitted to and lie beyond all that the priors reach, as the pilot saw."""
        used = {target.name for target in self.targets if target.role == "used"}
        return [row.name for row in self.pilot if row.far > FAR and row.name in used]

    def verdict(self) -> str:
        """Return in a sentence or two whether the model fits, with the test and its level."""
        own = self.adequacy
        references, level = f"{own.references} runs of the model itself", f"(level {100 * LEVEL:g} %)"
        if own.p <= LEVEL:
            text = f"This model does not fit: {_share(own.p)} of {references} miss the data that they are fitted to by as much {level}."
            return text + _suspicion(self.suspects, self.beyond)
        if own.offset_p <= LEVEL:
            farthest = own.offsets[0]
            text = f"This model does not fit what {farthest.instrument} reads: in {_share(own.offset_p)} of {references} an instrument lies as far off {level}."
            return text + _suspicion(self.suspects, self.beyond)
        text = f"The data say nothing against this model: {_share(own.p)} of {references} miss the data that they are fitted to by as much"
        text += "." if math.isnan(own.offset_p) else f", and in {_share(own.offset_p)} an instrument lies as far off as {own.offsets[0].instrument} does."
        if math.isnan(own.held_out_p):
            return text
        if own.held_out_p <= LEVEL:
            return f"This model does not fit what was held out: {_share(own.held_out_p)} of {references} miss it by as much {level}, though it fits the rest."
        return f"{text} Of what was held out, {_share(own.held_out_p)} miss as much."

    def __repr__(self) -> str:
        rows = [
            f"{p.prior.path}: {format_quantity(p.mean, p.prior.unit)} ({format_quantity(p.low, p.prior.unit)} to {format_quantity(p.high, p.prior.unit)})"
            for p in self.parameters
        ]
        return "\n".join([self.calibration.title or self.calibration.name, *rows, self.verdict()])


def _share(p: float) -> str:
    return f"{100.0 * p:{'.0f' if p >= 0.0995 else '.2g'}} %"


def _suspicion(suspects: Sequence[Suspect], beyond: Sequence[str]) -> str:
    """Who may be to blame, by how much, and what to do; ``beyond``: readings that the pilot saw to lie where no run comes."""
    able = [suspect for suspect in suspects if suspect.fits]
    if not able and beyond:  # one wrong digit leads all parameters astray, and then nothing fits
        text = f" Beyond all that the priors reach: {', '.join(beyond)}. Look there first, at the unit and each digit, or leave it out"
        return f"{text} (--leave-out {_argument(beyond[0])})."
    if not able:
        return " No one instrument explains it."
    first = able[0]
    text = f" Without {first.name} it would fit ({_share(first.p)}): {first.tells}."
    if first.equals:
        text += f" As well it may be {' or '.join(first.equals)}: these data cannot tell which."
    return text + f" Have it checked and read again, or leave it out (--leave-out {_argument(first.name)})."


def _argument(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _found(prior: Prior, draws: Floats) -> Found:
    values = prior.values(draws)
    low, high = np.quantile(values, [0.5 - CONFIDENCE / 2.0, 0.5 + CONFIDENCE / 2.0]).tolist()
    at_bound = prior.form == "uniform" and bool(np.quantile(draws, 0.5) > 1.9 or np.quantile(draws, 0.5) < -1.9)
    return Found(prior, float(values.mean()), low, high, (high - low) / prior.spread, at_bound)
