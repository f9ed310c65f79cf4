"""``twin sensitivity``: what the key figures of a study depend on."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import claim, terminal
from twin.cli.replications import progress
from twin.cli.tornado import Bar, check_figure, text_bars, write_figure
from twin.errors import TwinError, UsageError

if TYPE_CHECKING:
    from twin.study.elasticities import Elasticities, Elasticity, OneAtATime
    from twin.study.read import Study
    from twin.study.sensitivity import Influence, Sensitivity

MOST_ROWS = 20
"""Factors that are shown of each key figure; ``--json`` has all."""
TOO_WIDE = 0.25
"""Half-width of a share from which on it says nothing."""
_COLUMNS = {"morris": ("mu*", "sigma"), "sobol": ("total index", "first index"), "ranks": ("coefficient", "share")}
_ABOUT = {
    "morris": "change over the factor's range (elementary effects)",
    "sobol": "share of the variance (Sobol' indices)",
    "ranks": "regression of standardised ranks",
}


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "say what the key figures of a study depend on"
    parser = commands.add_parser("sensitivity", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("study", metavar="STUDY", help="results of 'twin sweep', or a study file, whose sweep is made first")
    parser.add_argument("--response", metavar="KPI", nargs="+", action="extend", default=[], help="key figures (default: those of the study)")
    parser.add_argument("--confidence", metavar="SHARE", type=float, default=0.95, help="confidence of the intervals (default: 0.95)")
    parser.add_argument("--elasticities", action="store_true", help="run the base and each factor a step down and up instead")
    parser.add_argument("--step", metavar="STEP", default="10 %", help="of --elasticities: a share of the base value (default: '10 %%'), or 'range'")
    parser.add_argument("--replications", metavar="N", type=int, help="of --elasticities (default: those of the study)")
    parser.add_argument("--figure", metavar="FILE", help="write the bars as a figure, .svg or .png")
    parser.add_argument("-o", "--output", metavar="FILE", help="results of the sweep of a study file (default: ./NAME.h5)")
    parser.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    parser.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    parser.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")
    claim.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.figure is not None:
        check_figure(Path(options.figure))
    if not options.elasticities and (options.replications is not None or options.step != "10 %"):
        raise UsageError("--step and --replications belong to --elasticities")
    if options.claim is None and (options.spread or options.stake is not None):
        raise UsageError("--stake and --spread belong to --claim")
    if options.claim is not None and (options.elasticities or options.figure is not None):
        raise UsageError("--claim is of the points of a study: give it without --elasticities and --figure")
    try:
        if options.claim is not None:
            claim.show(options, _study(options))
            return 0
        return _elasticities(options) if options.elasticities else _indices(options)
    except KeyboardInterrupt:
        terminal.say("interrupted: runs of a sweep that had finished are kept, the same command goes on from there")
        return 130


def _is_results(path: Path) -> bool:
    import h5py

    return path.suffix == ".h5" or (path.is_file() and bool(h5py.is_hdf5(path)))


def _study(options: argparse.Namespace) -> Study:
    """The study in a results file, or that of a study file once its sweep is made."""
    from twin.study.read import Study
    from twin.study.study_file import load_study
    from twin.study.sweep import sweep

    path = Path(options.study)
    if _is_results(path):
        if options.output is not None:
            raise UsageError("--output is of the sweep of a study file; this one has its results")
        return Study(path)
    loaded = load_study(path)
    with progress(loaded.name) as show:
        return sweep(
            loaded,
            options.output,
            executor=options.executor,
            workers=options.workers,
            address=options.address,
            progress=lambda advance: show(advance.done, advance.total),
        )


def _indices(options: argparse.Namespace) -> int:
    from twin.study.sensitivity import sensitivity

    study = _study(options)
    found = sensitivity(study, options.response, options.confidence)
    if options.json:
        print(
            json.dumps(
                {"file": str(study.path), "digest": study.digest, "confidence": options.confidence, "responses": [_plain(asdict(s)) for s in found]}, indent=2
            )
        )
    else:
        _print_indices(study, found, options.confidence)
    if options.figure is not None:
        write_figure(Path(options.figure), [(s.name, _axis(s), _bars(s)) for s in found if s.factors] or [("nothing to show", "", [])])
    return 0


def _axis(found: Sensitivity) -> str:
    unit = f" [{found.unit}]" if found.method == "morris" else ""
    return f"{_COLUMNS[found.method][0]}{unit}"


def _bars(found: Sensitivity) -> list[Bar]:
    return [Bar(f.path, min(0.0, f.size), max(0.0, f.size), f.half_width) for f in found.factors[:MOST_ROWS]]


def _console() -> Any:
    return terminal.console(140)


def _print_indices(study: Study, found: list[Sensitivity], confidence: float) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    out = _console()
    out.print(f"[bold]{escape(str(study.attrs['study_title'] or study.attrs['study_name']))}[/]")
    for each in found:
        table = new_table(each.name, *_COLUMNS[each.method], "basis", "", title=_ABOUT[each.method])
        table.columns[-1].justify = table.columns[-2].justify = "left"
        for factor, bar in zip(each.factors, text_bars(_bars(each)), strict=False):
            table.add_row(escape(factor.path), *_numbers(each, factor), escape(factor.basis or "–"), bar)
        if each.factors:
            out.print(table)
        else:
            out.print(f"[yellow]{escape(each.name)}[/]: {escape(each.reason)}")
        for line in _notes(each, confidence):
            out.print(line, soft_wrap=True)
    out.print(escape(str(study.path)), soft_wrap=True)


def _numbers(found: Sensitivity, factor: Influence) -> tuple[str, str]:
    from twin.results.texts import difference_text

    if found.method == "morris":
        scale = max(abs(f.size) for f in found.factors)
        mean, sigma = (difference_text(found.name, v, w, found.unit, scale) for v, w in ((factor.size, factor.half_width), (factor.second, None)))
        return mean.removeprefix("+"), sigma.removeprefix("+")
    if found.method == "sobol":
        return f"{factor.size:.3f} ± {factor.half_width or 0.0:.3f}", f"{factor.second:.3f} ± {factor.second_half_width or 0.0:.3f}"
    return f"{factor.size:+.3f}", f"{factor.second * 100:.1f} %"


def _notes(found: Sensitivity, confidence: float) -> list[str]:
    """What one has to know to believe the table."""
    used = (
        f"{found.points} points" if found.used == found.points else f"{found.used} of {found.points} points, the others have no result or belong to one without"
    )
    notes = [f"{used}; intervals at {confidence * 100:g} %" if found.method != "ranks" else used]
    if len(found.factors) > MOST_ROWS:
        notes.append(f"{len(found.factors) - MOST_ROWS} factors with less influence are not shown")
    if not found.factors:
        return notes
    if found.replications == 1:
        notes.append("one run of each point: how much of this is chance is not known")
    elif found.noise is not None:
        notes.append(f"means of {found.replications} replications; {found.noise * 100:.2g} % of the variance between points is chance")
    if found.fit is not None:
        notes.append(f"the regression of ranks explains R² = {found.fit:.2f} of the variance")
    if found.assumed is not None:
        width = f" ± {found.assumed_half_width * 100:.0f}" if found.assumed_half_width else ""
        of = "variance (first indices)" if found.method == "sobol" else "variance of ranks"
        notes.append(f"{found.assumed * 100:.0f}{width} % of the {of} rests on factors with basis 'assumed'{_doubt(found)}")
    return notes


def _doubt(found: Sensitivity) -> str:
    return "; too few points to tell" if (found.assumed_half_width or 0.0) > TOO_WIDE else ""


def _elasticities(options: argparse.Namespace) -> int:
    from twin.study.elasticities import elasticities
    from twin.study.named_executor import executor
    from twin.study.read import Study
    from twin.study.study_file import load_study

    path = Path(options.study)
    study = Study(path).source() if _is_results(path) else load_study(path)
    with progress(study.name) as show, executor(options.executor, options.workers, options.address) as opened:
        found = elasticities(study, opened, options.response, step=_step(options.step), replications=options.replications, progress=show)
    if options.json:
        print(json.dumps({"study": study.name, "step": options.step, **_plain(asdict(found))}, indent=2))
    else:
        _print_elasticities(study.title or study.name, found, options.step)
    if options.figure is not None:
        write_figure(
            Path(options.figure), [(each.name, f"change from the base [{each.unit}]; brown: factor down, blue: up", _swings(each)) for each in found.responses]
        )
    return 0


def _step(text: str) -> float | None:
    from twin.quantities import parse

    if text == "range":
        return None
    try:
        return parse(text if "%" in text else float(text), "1")
    except (TwinError, ValueError):
        raise UsageError(f"--step: a share, e.g. '10 %', or 'range' is needed (got {text!r})") from None


def _swings(found: Elasticities) -> list[Bar]:
    return [Bar(row.step.path, row.down, row.up) for row in found.factors[:MOST_ROWS]]


def _print_elasticities(title: str, found: OneAtATime, step: str) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.results.kpis import kpi_text
    from twin.results.texts import difference_text

    out = _console()
    out.print(f"[bold]{escape(title)}[/]")
    to = "from the low to the high end of each factor" if step == "range" else f"each factor {step} down and up"
    for each in found.responses:
        runs = f"means of {each.replications} replications" if each.replications > 1 else "one run each: no interval"
        heading = f"{each.name} {kpi_text(each.name, each.base, each.unit)}"
        table = new_table(heading, "elasticity", "down", "up", "basis", "", title=f"{to}, {runs}")
        table.columns[-1].justify = table.columns[-2].justify = "left"
        for row, bar in zip(each.factors, text_bars(_swings(each)), strict=False):
            ends = [difference_text(each.name, change, None, each.unit, each.base) for change in (row.down, row.up)]
            table.add_row(escape(row.step.path), _elasticity(row), *ends, row.step.basis, bar)
        out.print(table)
    for line in found.left_out:
        out.print(f"[yellow]left out[/] {escape(line)}", soft_wrap=True)


def _elasticity(row: Elasticity) -> str:
    if math.isnan(row.elasticity):
        return "–"
    return f"{row.elasticity:+.3f}" + (f" ± {row.interval.half_width:.3f}" if row.interval is not None else "")


def _plain(value: Any) -> Any:
    """The same with null for NaN, as JSON needs it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
