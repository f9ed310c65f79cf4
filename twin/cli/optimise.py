"""``twin optimise``: the best setting of a plant, judged against the base on fresh random numbers."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import budget, terminal
from twin.cli.progress import Watch, watched

if TYPE_CHECKING:
    from rich.console import Console

    from twin.fit.optimise.chance import Kept
    from twin.fit.optimise.engine import Outcome
    from twin.fit.optimise.front import Against
    from twin.fit.optimise.plant import Advance, Optimum
    from twin.fit.optimise.space import Setting
    from twin.fit.optimise.study import OptimiseStudy
    from twin.fit.optimise.verdict import Verdict
    from twin.study.verdicts import Change

MOST_FAILURES = 5
"""Different errors that are shown."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "search the best setting of a plant and judge it against the base on fresh random numbers"
    parser = commands.add_parser("optimise", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("study", metavar="STUDY", help="study file: what varies, what is sought, which limits hold")
    parser.add_argument("-o", "--output", metavar="FILE", help="all runs (default: ./NAME.h5); those that are in it already are not made again")
    parser.add_argument("--best", metavar="FILE", help="change file of the best setting to write (default: ./NAME_best.yaml)")
    parser.add_argument("--history", metavar="FILE", help="write every setting that was tried, as CSV")
    parser.add_argument("--report", metavar="FILE", help="write a page (HTML) with history, front, importances and verdict")
    parser.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    parser.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    parser.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")
    budget.add_yes(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command; 1 where no setting was found that keeps the limits."""
    from twin.fit.optimise.found import write_best, write_history
    from twin.fit.optimise.plant import optimise
    from twin.fit.optimise.search import check_installed
    from twin.fit.optimise.study import load_study

    check_installed()
    study = load_study(Path(options.study))
    out, best = Path(options.output or f"{study.name}.h5"), Path(options.best or f"{study.name}_best.yaml")
    _check_outputs(options, best)
    budget.weigh([study.scenario], study.problem.effort.most, options.yes)
    with _watched(study) as show:
        try:
            found = optimise(study, out, executor=options.executor, workers=options.workers, address=options.address, progress=show)
        except KeyboardInterrupt:
            terminal.say(f"interrupted: {show.kept()} beside {out}; the same command goes on from there")
            return 130
    written = best if found.best is not None else None
    if written is not None:
        write_best(found, written)
    if options.history is not None:
        write_history(found, Path(options.history))
    if options.report is not None:
        from twin.report.optimising import write_page

        write_page(found, Path(options.report))
    if options.json:
        print(json.dumps(as_object(found, written), indent=2))
    else:
        _print(found, written)
    return 0 if found.best is not None else 1


def _check_outputs(options: argparse.Namespace, best: Path) -> None:
    """Look before hundreds of runs whether what comes after them can be written."""
    from twin.fit.optimise.found import HISTORY
    from twin.results.replace import check_replaceable
    from twin.study.change_file import MARK

    check_replaceable(best, MARK)
    if options.history is not None:
        check_replaceable(Path(options.history), HISTORY)
    if options.report is not None:
        from twin.report.optimising import check_page

        check_page(Path(options.report))


def _watched(study: OptimiseStudy) -> AbstractContextManager[Watch[Advance]]:
    """A bar that tells the phase, and the best value so far."""
    (objective, *_) = study.problem.objectives

    def told(advance: Advance) -> str:
        from rich.markup import escape

        from twin.fit.optimise.wording import value_text

        return "" if math.isnan(advance.best) else f"best of a run {escape(value_text(objective, advance.best, study.units[objective.name]))}"

    return watched(lambda advance: study.name if advance is None else f"{study.name}: {advance.phase}", told)


def _print(found: Optimum, best: Path | None) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.fit.optimise import wording

    out = terminal.console(width=160)
    study, outcome = found.study, found.outcome
    out.print(f"[bold]{escape(study.title or study.name)}[/]")
    print(wording.effort_text(outcome))
    for text in wording.surrogate_texts(outcome):
        print(text)
    _print_importances(out, outcome)
    for found_table in wording.tables(study, outcome):
        table = new_table(*found_table.headings, title=found_table.title)
        for row in found_table.rows:
            table.add_row(*map(escape, row))
        out.print(table)
    for sentence in wording.sentences(study, outcome):
        print(sentence)
    _print_failures(found)
    reused = f", {found.advance.reused} of them found in the file" if found.advance.reused else ""
    print(f"{found.advance.done} runs done{reused}; {found.advance.failed} failed")
    print(found.path)
    if best is not None:
        print(f"{best}: the best setting, as a change of {found.study.path}")


def _print_importances(out: Console, outcome: Outcome) -> None:
    """What of an objective's variance would be left if only one of them were unknown."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.fit.optimise import wording

    rows = wording.importance_rows(outcome)
    if rows:
        table = new_table("importance", *(one.name for one in outcome.problem.objectives))
        for name, shares in rows:
            table.add_row(escape(name), *map(wording.importance_text, shares))
        out.print(table)


def _print_failures(found: Optimum) -> None:
    for error, count in sorted(found.errors.items(), key=lambda item: -item[1])[:MOST_FAILURES]:
        print(f"failed {count} x {error}")


def as_object(found: Optimum, best: Path | None) -> dict[str, Any]:
    """Return an optimisation as JSON; values in SI."""
    from twin.fit.optimise import wording
    from twin.fit.optimise.engine import Double, Single

    study, outcome = found.study, found.outcome
    own: dict[str, Any] = {}
    if isinstance(outcome, Single):
        own = _of_one(study, outcome.verdict)
    elif isinstance(outcome, Double):
        own = {"front": [_point(study, one, knee=k == outcome.front.knee) for k, one in enumerate(outcome.front.points)]}
    return {
        "file": str(found.path),
        "study": study.name,
        "best": None if found.best is None else _setting(found.best),
        **own,
        "surrogates": {
            objective.name: None if fit is None else {"r2": fit.r2, "trusted": fit.trusted}
            for objective, fit in zip(study.problem.objectives, outcome.surrogate.goals, strict=True)
        },
        "importances": {name: [_number(share) for share in shares] for name, shares in wording.importance_rows(outcome)},
        "sentences": wording.sentences(study, outcome),
        "runs": {"done": found.advance.done, "reused": found.advance.reused, "failed": found.advance.failed},
        "errors": found.errors,
        "change_file": None if best is None else str(best),
    }


def _setting(setting: Setting) -> dict[str, Any]:
    return dict(zip(setting.space.names, setting.written, strict=True))


def _of_one(study: OptimiseStudy, verdict: Verdict) -> dict[str, Any]:
    choice = verdict.choice
    return {
        "verdict": verdict.word,
        "nearest": _setting(choice.best.finalist.setting),
        "over_base": _change(study, verdict.objective.name, verdict.over_base),
        "selected": {"probability": choice.probability, "indifference": choice.zone, "finalists": len(choice.judged), "runs": choice.spent},
        "limits": _limits(study, verdict.best.kept),
    }


def _point(study: OptimiseStudy, one: Against, *, knee: bool) -> dict[str, Any]:
    changes = [_change(study, objective.name, change) for objective, change in zip(study.problem.objectives, one.changes, strict=True)]
    return {"setting": _setting(one.point.setting), "knee": knee, "verdict": one.word, "over_base": changes, "limits": _limits(study, one.fresh.kept)}


def _change(study: OptimiseStudy, name: str, change: Change) -> dict[str, Any]:
    ends = (None, None) if change.interval is None else (change.interval.low, change.interval.high)
    difference = {"difference": _number(change.difference), "low": ends[0], "high": ends[1]}
    return {"figure": name, "unit": study.units[name], **difference, "pairs": study.problem.effort.confirm}


def _limits(study: OptimiseStudy, kept: Sequence[Kept]) -> list[dict[str, Any]]:
    from twin.fit.optimise.wording import limit_text

    texts = [limit_text(one.limit, study.units[one.limit.name]) for one in kept]
    return [{"limit": text, "value": _number(one.value), "bound": _number(one.low), "probability": one.sure} for text, one in zip(texts, kept, strict=True)]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
