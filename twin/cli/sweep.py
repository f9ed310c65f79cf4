"""``twin sweep``: all runs of a study."""

from __future__ import annotations

import argparse
import json
import math
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import budget, terminal
from twin.cli.progress import Watch, watched

if TYPE_CHECKING:
    from twin.study.read import Study
    from twin.study.study_file import StudyFile
    from twin.study.sweep import Advance

_NUMBER = re.compile(r"\d[\d.]*(e[+-]?\d+)?")
MOST_FAILURES = 5
"""Different errors that are shown."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "make all runs of a study, those that are finished already excepted"
    parser = commands.add_parser("sweep", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("study", metavar="STUDY", help="study file")
    parser.add_argument("-o", "--output", metavar="FILE", help="study results (default: ./NAME.h5); runs that are in it already are not made again")
    parser.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    parser.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    parser.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--ensemble", metavar="FILE", help="values that a calibration leaves possible: every run again with one, and both doubts apart")
    budget.add_yes(parser)
    parser.add_argument("--keep-runs", metavar="DIR", help="keep the whole results file of every run in DIR")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.results.temporary import remove_stale
    from twin.study.study_file import load_study
    from twin.study.sweep import sweep

    study = load_study(Path(options.study))
    out = Path(options.output or f"{study.name}.h5")
    if options.ensemble is not None:
        _read_members(study, options.ensemble)  # what is wrong is said before anything is run
    budget.weigh(budget.plants_of(study.base), len(study), options.yes)
    with _watched(study.name) as show:
        try:
            found = sweep(
                study,
                out,
                executor=options.executor,
                workers=options.workers,
                address=options.address,
                keep_runs=options.keep_runs,
                progress=show,
            )
        except KeyboardInterrupt:
            if options.keep_runs is not None:
                remove_stale(Path(options.keep_runs))  # what the workers were at
            terminal.say(f"interrupted: {show.kept()} in {out}; the same command goes on from there")
            return 130
    more = {} if options.ensemble is None else _members(options, study, found, out)
    if options.json:
        print(json.dumps({**as_object(found, show.advance), **more}, indent=2))
    else:
        _print(found, show.advance)
        for name, rows in more.get("ensemble", {}).items():
            _print_parts(name, found.all_responses[name], rows)
    return 1 if found.counts["failed"] + found.counts["lost"] else 0


def _read_members(study: StudyFile, file: str) -> StudyFile:
    from twin.study.ensemble import read_ensemble
    from twin.study.sweep_members import with_ensemble

    return with_ensemble(study, read_ensemble(file))


def _members(options: argparse.Namespace, study: StudyFile, plain: Study, out: Path) -> dict[str, Any]:
    """Make the runs with members, and return by figure what is not known at each point."""
    from twin.study.sweep import sweep
    from twin.study.sweep_members import as_objects, members_file, parts_of

    own = _read_members(study, options.ensemble)
    with _watched(f"{study.name} members") as show:
        found = sweep(own, members_file(out), executor=options.executor, workers=options.workers, address=options.address, progress=show)
    names = [name for name in study.responses or ("throughput",) if name in plain.all_responses]
    return {"ensemble": {name: as_objects(parts_of(plain, found, own, name)) for name in names}}


def _print_parts(name: str, unit: str, rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.results.kpis import kpi_text
    from twin.results.texts import difference_text

    factors = list(rows[0]["factors"])
    table = new_table(*(factors or ["point"]), name, "chance, mean", "chance, one run", "parameters", title="95 % half-widths apart")
    for row in rows:
        parts, cells = row["parts"], [str(value) for value in row["factors"].values()] or ["all"]
        if parts is None:
            table.add_row(*(escape(cell) for cell in cells), "–")
            continue
        widths = (parts["chance_of_mean"], parts["chance_of_one_run"], parts["parameters"])
        sizes = [difference_text(name, parts["mean"], width, unit, parts["mean"]).partition("± ")[2] for width in widths]
        table.add_row(*(escape(cell) for cell in cells), kpi_text(name, parts["mean"], unit), *(f"± {size}" if size else "" for size in sizes))
    terminal.console(140).print(table)


def _watched(label: str) -> AbstractContextManager[Watch[Advance]]:
    return watched(lambda _: label, lambda _: "")


def _print(study: Study, advance: Advance | None) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    out = terminal.console(140)
    title = str(study.attrs["study_title"] or study.attrs["study_name"])
    out.print(f"[bold]{escape(title)}[/]")
    points = "1 point" if study.points == 1 else f"{study.points} points"
    about = f"means of {study.replications} replications" if study.replications > 1 else "one run each: no interval"
    table = new_table("key figure", "mean", "min", "max", title=f"over {points}, {about}")
    for row in study.table:
        if not math.isnan(row.mean):
            table.add_row(escape(row.name), *row.texts())
    out.print(table)
    counts = study.counts
    reused = f", {advance.reused} of them found in the file" if advance is not None and advance.reused else ""
    lost = f", {counts['lost']} lost" if counts["lost"] else ""
    out.print(f"{counts['done']} runs done{reused}; {counts['failed']} failed{lost}")
    for error, count in list(_errors(study).items())[:MOST_FAILURES]:
        out.print(f"[yellow]failed[/] {count} x {escape(error)}", soft_wrap=True)
    out.print(escape(str(study.path)), soft_wrap=True)


def _errors(study: Study) -> dict[str, int]:
    """How often each error occurred, by the first line of its first; those that differ in numbers only are counted together."""
    found: dict[str, list[str]] = {}
    for _, _, error in study.failures():
        first = error.partition("\n")[0]
        found.setdefault(_NUMBER.sub("#", first), []).append(first)
    return {alike[0]: len(alike) for alike in sorted(found.values(), key=len, reverse=True)}


def as_object(study: Study, advance: Advance | None) -> dict[str, Any]:
    """Return a sweep as JSON."""

    def value(number: float) -> float | None:
        return None if math.isnan(number) else number

    return {
        "file": str(study.path),
        "digest": study.digest,
        "study": str(study.attrs["study_name"]),
        "scenario": str(study.attrs["scenario_name"]),
        "seed": int(study.attrs["seed"]),
        "points": study.points,
        "replications": study.replications,
        "runs": study.counts,
        "reused": advance.reused if advance is not None else 0,
        "factors": study.factors,
        "responses": {row.name: {"unit": row.unit, "mean": value(row.mean), "min": value(row.low), "max": value(row.high)} for row in study.table},
        "errors": _errors(study),
    }
