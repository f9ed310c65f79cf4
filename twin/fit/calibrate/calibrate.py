"""Calibration: pilot, runs where they tell most, the posterior, the judgement."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.fit.calibrate.adequacy import Adequacy, Readings, adequacy
from twin.fit.calibrate.emulator import Emulator, fit_emulator
from twin.fit.calibrate.making import Making, Progress, journal_at
from twin.fit.calibrate.outcome import CONFIDENCE, Calibrated, Predicted
from twin.fit.calibrate.pilot import PilotRow, pilot_rows
from twin.fit.calibrate.posterior import Posterior, draws_of
from twin.fit.calibrate.predicting import Chance, given_used
from twin.fit.calibrate.priors import EDGE
from twin.fit.calibrate.scales import Scale, scale_for
from twin.fit.calibrate.smoother import STEPS, assimilate, first_members
from twin.fit.calibrate.study_file import Calibration, load_calibration, without
from twin.fit.calibrate.suspects import suspects_of
from twin.scenario import Scenario
from twin.study.executors import Executor
from twin.study.replicate import opened

Floats = NDArray[np.float64]
INSIDE = 0.005
"""The first points lie between these quantiles of the priors."""
WIDER = 2.5
"""The second points are drawn with this times the covariance of the first posterior."""
STAGE = 100_000
"""Replications of a stage begin at a multiple of this."""
STEPS_FIRST, STEPS_LAST, BURN = 300, 600, 150
DRAWS = 4000
LEAST_ERROR = 0.1
"""Of the error at what was read: an error in per cent of what runs show to be nothing is no less."""
MOST_BENT = 0.5
"""By so many errors of its own a reading is put right at most for what its scale bends: beyond that a second order says nothing."""
_NORMAL = NormalDist()
Said = Callable[[list[PilotRow], Any], None]


def calibrate(
    study: str | os.PathLike[str] | Mapping[str, Any] | Calibration,
    out: str | os.PathLike[str] | None = None,
    *,
    base: Scenario | None = None,
    leave_out: Sequence[str] = (),
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    progress: Progress | None = None,
    piloted: Said | None = None,
) -> Calibrated:
    """Find the parameters of a scenario from what was measured, as the study says.

    ``leave_out`` names instruments, or targets, that are not fitted to. With ``out``, a change file (``out``) and an ensemble
    (``OUT.ensemble.csv``) are written, and the runs kept beside them (``OUT.runs``), so that a calibration that was stopped goes on, with the same bits.
    ``piloted(rows, advance)`` is called after the pilot, ``progress(advance)`` after each run.

    Raises :class:`~twin.errors.ScenarioError` for what is wrong with the study, ``RunError`` where runs fail, ``FileError`` where ``out`` cannot be written.
    """
    from twin.fit.calibrate.files import check_outputs, journal_of, write_files

    loaded = without(load_calibration(study, base=base), leave_out)
    place = None if out is None else Path(out)
    if place is not None:
        check_outputs(loaded, place)
    with journal_at(None if place is None else journal_of(place)) as journal, opened(executor, workers, address) as own:
        found = _Calibrating(loaded, Making(loaded, own, journal, progress), piloted).run()
    if place is not None:
        write_files(found, place)
    return found


def pilot(calibration: Calibration, executor: Executor, journal_path: Path | None = None, progress: Progress | None = None) -> tuple[list[PilotRow], Any]:
    """Make the pilot alone: its rows, and how far the calibration is."""
    with journal_at(journal_path) as journal:
        making = Making(calibration, executor, journal, progress)
        return _Calibrating(calibration, making, None).pilot(), making.advance


@dataclass(frozen=True)
class _Data:
    """What was measured on its scales (target,), and the covariance of measurement (target, target), bias that is shared and discrepancy included."""

    scales: list[Scale]
    measured: Floats
    error: Floats


class _Calibrating:
    """One calibration at work."""

    def __init__(self, calibration: Calibration, making: Making, piloted: Said | None) -> None:
        self.calibration, self.making, self.piloted = calibration, making, piloted
        self.first = self._first_points()

    def _first_points(self) -> Floats:
        own = self.calibration
        if not own.few:
            return first_members(len(own.priors), own.members, own.seed)
        from scipy.stats import qmc

        even = qmc.Sobol(len(own.priors), scramble=True, rng=own.seed).random_base2(math.ceil(math.log2(own.runs[0])))[: own.runs[0]]
        inside = np.clip(even, INSIDE, 1.0 - INSIDE)
        return np.array([[_NORMAL.inv_cdf(share) for share in row] for row in inside.tolist()])

    def pilot(self) -> list[PilotRow]:
        """Make the runs of the pilot, which the first stage needs anyway but for those of the scenario as it stands."""
        own = self.calibration
        self.still = self.making.at("pilot", own.pilot, 0)
        spread = self.making.at("pilot", self.first[: own.pilot], STAGE)
        rows = pilot_rows(own, self._data(np.concatenate([self.still, spread])).scales, self.still, spread)
        self.spread = spread
        return rows

    def run(self) -> Calibrated:
        own = self.calibration
        rows = self.pilot()
        if self.piloted is not None:
            self.piloted(rows, self.making.advance)
        emulator, data, draws = self._in_two_stages() if own.few else self._by_smoother()
        readings = Readings(data.measured, data.error, own.used, own.held, [target.instrument for target in own.targets])
        judged = adequacy(emulator, readings, own.seed)
        suspects = suspects_of(own, data.scales, emulator, readings, judged) if not judged.fitted else ()
        targets = self._predicted(emulator, data, draws, judged)
        chosen = draws[np.linspace(0, len(draws) - 1, min(own.ensemble, len(draws))).round().astype(int)]
        advance = self.making.advance
        made = advance.done - advance.reused
        return Calibrated(own, tuple(rows), draws, chosen, targets, judged, suspects, made, advance.reused, advance.failed, tuple(self.making.errors))

    def _data(self, runs: Floats, near: Floats | None = None) -> _Data:
        """What was measured, on the scales on which these runs (run, target) are nearly normal.

        Errors, and with them scales, are those of a reading of what is ``near`` the truth (target,), SI, where it is known, and not of what was read: a share
        that reads low by chance would be taken for a good one, since its odds are stated more closely, and so would the lower of two weights with an error
        in per cent.
        """
        targets = self.calibration.targets
        about = [t.value for t in targets] if near is None else near.tolist()
        sizes = [max(t.measurement.deviation(one), LEAST_ERROR * t.deviation) for t, one in zip(targets, about, strict=True)]
        own = np.array([math.hypot(size, t.discrepancy) for size, t in zip(sizes, targets, strict=True)])
        shared = np.array([t.shared for t in targets])
        whole = np.hypot(own, shared).tolist()
        scales = [scale_for(runs[:, k], whole[k], share=t.is_share) for k, t in enumerate(targets)]
        slopes = np.array([scale.slope(one) for scale, one in zip(scales, about, strict=True)])
        shown = np.array([float(scale.of(np.array([t.value]))[0]) for scale, t in zip(scales, targets, strict=True)])
        bent = np.array([0.5 * scale.bend(one) for scale, one in zip(scales, about, strict=True)]) * (own**2 + shared**2)
        bent = np.clip(bent, -MOST_BENT * own * slopes, MOST_BENT * own * slopes)
        same = np.array([[a.instrument == b.instrument for b in targets] for a in targets])
        least = 1e-5 * np.abs(shown) + 1e-9  # of what is the same in all runs, such as a day off
        together = np.where(same, np.outer(shared * slopes, shared * slopes), 0.0)
        return _Data(scales, shown - (0.0 if near is None else bent), np.diag((own * slopes) ** 2 + least**2) + together)

    def _fitted(self, points: Floats, values: Floats, degree: int, *, first: bool = False) -> tuple[Emulator, _Data]:
        """An emulator of runs; all but those of the ``first`` stage lie about the answer."""
        there = ~np.isnan(values).any(axis=1)
        data = self._data(values[there], None if first else np.median(values[there], axis=0))
        scaled = np.stack([scale.of(values[there, k]) for k, scale in enumerate(data.scales)], axis=1)
        return fit_emulator(points[there], scaled, degree), data

    def _posterior(self, emulator: Emulator, data: _Data) -> Posterior:
        used = self.calibration.used
        return Posterior(emulator.part(used), data.measured[used], data.error[np.ix_(used, used)])

    def _in_two_stages(self) -> tuple[Emulator, _Data, Floats]:
        own, begun = self.calibration, len(self.spread)
        rest = self.making.at("first stage", self.first[begun:], STAGE + begun)
        emulator, data = self._fitted(self.first, np.concatenate([self.spread, rest]), 2, first=True)
        draws = draws_of(self._posterior(emulator, data), own.seed + 1, STEPS_FIRST, BURN)
        second = self._widened(draws, own.runs[1])
        emulator, data = self._fitted(second, self.making.at("second stage", second, 2 * STAGE), 2)
        return emulator, data, draws_of(self._posterior(emulator, data), own.seed + 2, STEPS_LAST, BURN)

    def _widened(self, draws: Floats, count: int) -> Floats:
        parameters = draws.shape[1]
        covariance = WIDER * np.atleast_2d(np.cov(draws.T)) + 1e-4 * np.eye(parameters)
        noise = np.random.Generator(np.random.Philox(self.calibration.seed + 3)).standard_normal((count, parameters))
        return np.asarray(np.clip(draws.mean(axis=0) + noise @ np.linalg.cholesky(covariance).T, -EDGE, EDGE))

    def _by_smoother(self) -> tuple[Emulator, _Data, Floats]:
        own, members = self.calibration, self.first
        values = np.concatenate([self.spread, self.making.at("step 1", members[len(self.spread) :], STAGE + len(self.spread))])
        for step in range(STEPS):
            emulator, data = self._fitted(members, values, 1, first=step == 0)
            members = assimilate(emulator, data.measured, data.error, own.used, members, own.seed + 10 + step)
            if step + 1 < STEPS:
                values = self.making.at(f"step {step + 2}", members, (step + 2) * STAGE)
        return emulator, data, members

    def _predicted(self, emulator: Emulator, data: _Data, draws: Floats, judged: Adequacy) -> tuple[Predicted, ...]:
        """Between what each target is expected: of those used by the posterior, of others given what those used missed too."""
        own = self.calibration
        generator = np.random.Generator(np.random.Philox(own.seed + 4))
        chosen = draws[generator.integers(0, len(draws), DRAWS)]
        mean, chance = emulator.mean(chosen), emulator.chance * (1.0 + float(emulator.doubt(chosen).mean()))
        used, others = own.used, [k for k in range(len(own.targets)) if k not in own.used]
        shown = np.empty_like(mean)
        shown[:, used] = mean[:, used] + _noise(generator, (data.error + chance)[np.ix_(used, used)], len(chosen))
        if others:
            known = Chance(data.error, chance, emulator.freedom, self._posterior(emulator, data).spare)
            shown[:, others] = mean[:, others] + given_used(known, used, others, data.measured[used] - mean[:, used], generator)
        found = []
        for k, target in enumerate(own.targets):
            values = data.scales[k].back(shown[:, k])
            low, high = np.quantile(values, [0.5 - CONFIDENCE / 2.0, 0.5 + CONFIDENCE / 2.0]).tolist()
            role = "left out" if not target.used else "held out" if target.held_out else "used"
            found.append(Predicted(target.name, target.unit, target.value, float(np.median(values)), low, high, float(judged.away[k]), role))
        return tuple(found)


def _noise(generator: np.random.Generator, covariance: Floats, count: int) -> Floats:
    sizes, axes = np.linalg.eigh(covariance)
    return np.asarray(generator.standard_normal((count, len(covariance))) @ (axes * np.sqrt(np.maximum(sizes, 0.0))).T)
