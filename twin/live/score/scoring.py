"""Every figure by which a live twin is judged, as far as a history, what the twin said, and the truth of an emulated plant allow."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError, UsageError
from twin.live.ensemble.parameters import SlowParameter, number_of
from twin.live.ensemble.settings import slow_parameters
from twin.live.score.ahead import Ahead, Course, held_against
from twin.live.score.alarms import alarm_figures
from twin.live.score.alone import alone, measured_course
from twin.live.score.figure import ABSENT, Figure
from twin.live.score.said import Said, Truth, read_said, read_truth
from twin.live.tags import Tags, load_tags
from twin.quantities import parse

Floats = NDArray[np.float64]
TIE = 1.0
"""A level is inside an interval that it misses by up to so many kilograms: an empty bay."""
HOUR = 3600.0


@dataclass(frozen=True)
class Score:
    """Figures in order, with ``count`` of what each is made from. ``against``: "truth", or "readings" where nobody knows it."""

    figures: tuple[Figure, ...]
    against: str

    def __getitem__(self, name: str) -> Figure:
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def score(
    tags: str | os.PathLike[str] | Mapping[str, object] | Tags,
    folder: str | os.PathLike[str],
    truth: str | os.PathLike[str] | None = None,
    *,
    warmup: str | float = "1 d",
    inputs_alone: bool = True,
    progress: Callable[[float, float], None] | None = None,
) -> Score:
    """Return the figures of a twin that kept its history in ``folder``; ``truth``: the file that ``twin emulate --truth`` wrote, None for a real plant.

    Nothing before ``warmup`` counts. ``inputs_alone``: whether to follow the history once more without readings, which takes as long as the twin took.
    Errors and scores of levels are shares of the bunker's capacity. What the data do not allow is nan with its reason.

    Raises :class:`~twin.errors.FileError` for files that are missing, damaged or of another plant, and ``UsageError`` where nothing was said after ``warmup``.
    """
    own, path = load_tags(tags), Path(folder)
    said = read_said(path / "estimates.jsonl")
    if said.tags != own.sha256:
        raise FileError(f"{path}: its twin had other tags; give the tags file that it was started with")
    begin = said.start + parse(warmup, "s")
    if not said.times or said.times[-1] <= begin:
        reached = (said.times[-1] - said.start) / 86400.0 if said.times else 0.0
        raise UsageError(f"{path}: the twin said nothing after the first {warmup} (it got to {reached:g} d); let it go on, or give a shorter warm-up")
    found = read_truth(Path(truth), said.window, said.start) if truth is not None else None
    history = path / "history.sqlite"
    blind = alone(own, said, history, progress) if inputs_alone else None
    course = _course(said, found.values) if found is not None else Course(said.start, said.window, _arrays(measured_course(own, said, history)))
    figures = [Figure("days", (said.times[-1] - begin) / 86400.0, "", sum(time > begin for time in said.times))]
    figures += _of_levels(said, blind, course if found is not None else None, begin)
    figures += _of_parameters(own, said, found)
    figures += _of_forecasts(said, blind, course, begin)
    figures += alarm_figures(said, found, begin)
    return Score(tuple(figures), "truth" if found is not None else "readings")


def _arrays(found: Mapping[str, Sequence[float]]) -> dict[str, Floats]:
    return {name: np.array(values) for name, values in found.items()}


def _course(said: Said, values: Mapping[float, Mapping[str, float]]) -> Course:
    times = sorted(values)
    if not times:
        raise FileError("the truth has no values at the ends of the twin's windows; let a signal come as often as a window is long, or more often")
    steps = round((times[-1] - said.start) / said.window) + 1
    known = {name: np.full(steps, np.nan) for name in (f"level.{bunker}" for bunker in said.capacities)}
    for time in times:
        place = round((time - said.start) / said.window)
        for name, row in known.items():
            row[place] = values[time].get(name, np.nan)
    return Course(said.start, said.window, known)


# -- levels ----------------------------------------------------------------------------------------------------------------------------------


def _of_levels(said: Said, blind: Said | None, course: Course | None, begin: float) -> Iterator[Figure]:
    for which, seen in (("read", True), ("not read", False)):
        names = [name for name in said.levels if (name in said.measured) is seen]
        if course is None or not names:
            why = f"there are no levels that are {which}" if not names else "nobody knows the true levels of this plant"
            yield from (Figure(f"{what}, levels {which}", math.nan, "", 0, why) for what in ("error", "inside 90 %"))
            continue
        error, inside = _errors(said, names, course, begin)
        yield Figure(f"error, levels {which}", _rms(error), "of capacity", len(error))
        yield Figure(f"inside 90 %, levels {which}", _mean(inside), "", len(inside))
        if blind is None:
            yield Figure(f"error of inputs alone, levels {which}", math.nan, "", 0, "not asked for")
            continue
        other = _errors(blind, names, course, begin)[0]
        yield Figure(f"error of inputs alone, levels {which}", _rms(other), "of capacity", len(other))
        yield Figure(f"error over that of inputs alone, levels {which}", _rms(error) / _rms(other) if len(other) and _rms(other) else math.nan, "", len(other))


def _errors(said: Said, names: Sequence[str], course: Course, begin: float) -> tuple[Floats, Floats]:
    """Errors as shares of capacity, and whether the interval held the truth, of all windows after ``begin`` of which the truth is known."""
    errors: list[float] = []
    inside: list[float] = []
    for name in names:
        capacity = said.capacities[name.removeprefix("level.")]
        for time, (mean, low, high) in zip(said.times, said.levels[name], strict=True):
            true = course.at(name, time) if time > begin else math.nan
            if math.isfinite(true):
                errors.append((mean - true) / capacity)
                inside.append(float(low - TIE <= true <= high + TIE))
    return np.array(errors), np.array(inside)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else math.nan


def _mean(values: Sequence[float] | Floats) -> float:
    return float(np.mean(values)) if len(values) else math.nan


# -- slow parameters -------------------------------------------------------------------------------------------------------------------------


def _of_parameters(tags: Tags, said: Said, truth: Truth | None) -> Iterator[Figure]:
    known = {parameter.prior.path: parameter for parameter in slow_parameters(tags.estimate, tags.scenario)}
    for path, rows in said.parameters.items():
        if truth is None or path not in known:
            yield Figure(f"error of {path}", math.nan, "", 0, ABSENT)
            continue
        true = _true_value(tags, known[path], truth, said.times[-1])
        mean, low, high = rows[-1]
        share = known[path].prior.unit == "1"
        yield Figure(f"error of {path}", abs(mean - true) if share else abs(mean / true - 1.0) if true else math.nan, "points" if share else "of the truth", 1)
        yield Figure(f"inside 90 %, {path}", float(low <= true <= high), "", 1)


def _true_value(tags: Tags, parameter: SlowParameter, truth: Truth, end: float) -> float:
    """What it truly was at the end, SI."""
    prior = parameter.prior
    value = truth.hidden.get(prior.path)
    for row in truth.later:
        if float(row["from"]) + truth.start <= end:
            value = row["change"].get(prior.path, value)
    return number_of(tags.scenario, prior.path, prior.unit) if value is None else parse(value, prior.unit)


# -- forecasts -------------------------------------------------------------------------------------------------------------------------------


def _of_forecasts(said: Said, blind: Said | None, course: Course, begin: float) -> Iterator[Figure]:
    chance = np.random.Generator(np.random.Philox([0, 9]))
    rows, others = (_held(own, course, begin, chance) if own is not None else [] for own in (said, blind))
    leads = sorted({lead for forecast in said.forecasts for lead in forecast.leads})
    if not leads:
        yield Figure("forecasts", math.nan, "", 0, ABSENT)
    for lead in leads:
        name = f"{lead / HOUR:g} h ahead"
        mine = [row for row in rows if row.lead == lead]
        if not mine:
            yield Figure(f"inside 90 %, {name}", math.nan, "", 0, ABSENT)
            continue
        yield Figure(f"inside 90 %, {name}", _mean([row.inside for row in mine]), "", len(mine))
        yield Figure(f"score (fair CRPS), {name}", _mean([row.score for row in mine]), "of capacity", len(mine))
        both = [row for row in mine if math.isfinite(row.of_persistence)]
        yield Figure(f"score of persistence, {name}", _mean([row.of_persistence for row in both]), "of capacity", len(both), "" if both else ABSENT)
        yield Figure(f"score over that of persistence, {name}", _over(both, [row.of_persistence for row in both]), "", len(both), "" if both else ABSENT)
        if blind is not None:
            alone_ = [row.score for row in others if row.lead == lead]
            yield Figure(f"score over that of inputs alone, {name}", _over(mine, alone_), "", len(alone_))


def _held(said: Said, course: Course, begin: float, chance: np.random.Generator) -> list[Ahead]:
    after = [forecast for forecast in said.forecasts if forecast.time >= begin - 1e-3]
    return held_against(after, course, said.capacities, said.start, chance)


def _over(rows: Sequence[Ahead], others: Sequence[float]) -> float:
    below = _mean(others)
    return _mean([row.score for row in rows]) / below if below > 0.0 else math.nan
