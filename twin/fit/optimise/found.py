"""What is kept of an optimisation beside its runs: the best setting as a change file, and the history as CSV."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from twin.errors import UsageError
from twin.fit.optimise.archive import slack_of
from twin.fit.optimise.plant import Optimum
from twin.fit.optimise.space import Range, Setting, Variants
from twin.fit.optimise.wording import rank_of, sentences
from twin.results.replace import replacing, text_mark
from twin.study.change_file import Change, Changes, write_change_file

HEAD = "trial,by,"
HISTORY = text_mark("a history of twin", HEAD.encode(), begins=HEAD.encode())


def write_best(found: Optimum, out: Path, setting: Setting | None = None) -> None:
    """Write a scenario that extends the base by the best setting (or another one). Raises ``UsageError`` where there is none, ``FileError``."""
    chosen = setting if setting is not None else found.best
    if chosen is None:
        raise UsageError("no setting was found that surely keeps the limits, so that there is none to write")
    if found.study.path is None:
        raise UsageError("the base is no file that a change file could extend; give the study with 'base' as a file")
    name = out.stem if out.stem.isidentifier() else None
    write_change_file(found.study.path, out, changes_of(found, chosen), _about(found), name)


def changes_of(found: Optimum, setting: Setting) -> Changes:
    """Return what a setting changes: numbers with the range that was searched, words as they are."""
    source = f"set point chosen by twin optimise, study {found.study.name}"
    changes: dict[str, object] = {}
    for factor, value in zip(setting.space.factors, setting.written, strict=True):
        if isinstance(factor, Variants):
            changes |= factor.changes[str(value)]
        elif isinstance(factor, Range):
            changes[factor.path] = Change(value, "assumed", source, factor.at(0.0)[1], factor.at(1.0)[1])
        else:
            changes[factor.path] = value
    return changes  # type: ignore[return-value]


def _about(found: Optimum) -> dict[str, str]:
    study = found.study
    within = "".join(f", with {path}: {value}" for path, value in study.changed.items())
    said = ". ".join(sentences(study, found.outcome))
    return {"preparation": f"Setting found by twin optimise, study {study.name}{within}. {said}."}


def history_text(found: Optimum) -> str:
    """Return all trials as CSV: number, who proposed it, whether it failed, place among the finalists (0: none), values as written, figures in SI."""
    problem = found.outcome.problem
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    figures = [f"{one.name} [{found.study.units[one.name]}]" for one in problem.objectives]
    limits = [f"slack of {one.name}" for one in problem.limits]
    writer.writerow(["trial", "by", "failed", "finalist", *problem.space.names, *figures, *limits])
    for number, trial in enumerate(found.outcome.archive):
        seen = trial.observation
        values = [math.nan if seen is None else seen.values[one.name] for one in problem.objectives]
        slacks = [math.nan if seen is None else slack_of(one, seen) for one in problem.limits]
        cells = ["" if math.isnan(value) else repr(value) for value in (*values, *slacks)]
        writer.writerow([number, trial.by, int(seen is None), rank_of(found.outcome, trial.setting), *trial.setting.written, *cells])
    return stream.getvalue()


def write_history(found: Optimum, out: Path) -> None:
    """Write the history; one of before is replaced, any other file is not. Raises ``FileError``."""
    with replacing(out, HISTORY) as temporary:
        temporary.write_text(history_text(found), encoding="utf-8")
