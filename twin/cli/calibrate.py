"""``twin calibrate``: the parameters of a scenario from what its plant was measured to do."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import terminal
from twin.cli.progress import watched

if TYPE_CHECKING:
    from twin.fit.calibrate.making import Advance
    from twin.fit.calibrate.outcome import Calibrated
    from twin.fit.calibrate.pilot import PilotRow
    from twin.fit.calibrate.study_file import Calibration


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "find parameters of a scenario from what its plant was measured to do"
    parser = commands.add_parser("calibrate", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("study", metavar="STUDY", help="calibration file")
    parser.add_argument("-o", "--output", metavar="FILE", help="change file to write (default: ./NAME_calibrated.yaml), its ensemble and runs beside it")
    parser.add_argument("--leave-out", metavar="NAME", action="append", default=[], help="instrument or target that is not fitted to; may be repeated")
    parser.add_argument("--plot", metavar="FILE", help="figure to write, .svg or .png: parameters before and after the data, targets beside what is expected")
    parser.add_argument("--pilot", action="store_true", help="make the pilot alone: chance beside error of each target, and what all runs would take")
    parser.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    parser.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    parser.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command: 0 where the model fits, 1 where it does not."""
    from twin.fit.calibrate.calibrate import calibrate, pilot
    from twin.fit.calibrate.files import check_outputs, ensemble_of, journal_of
    from twin.fit.calibrate.study_file import load_calibration, without
    from twin.study.named_executor import executor

    study = without(load_calibration(Path(options.study)), options.leave_out)
    out = Path(options.output or f"{study.name}_calibrated.yaml")
    check_outputs(study, out)
    if options.plot is not None:
        from twin.report.calibration import check_suffix

        check_suffix(Path(options.plot))

    def piloted(rows: list[PilotRow], advance: Advance) -> None:
        if not options.json:
            show_pilot(study, rows, advance)

    with watched(lambda _: study.name, _stage) as show:
        try:
            if options.pilot:
                with executor(options.executor, options.workers, options.address) as own:
                    rows, advance = pilot(study, own, journal_of(out), show)
                if options.json:
                    print(json.dumps({"pilot": [_pilot_object(row) for row in rows], "runs": advance.total, "seconds_left": advance.left}, indent=2))
                else:
                    piloted(rows, advance)
                return 0
            found = calibrate(study, out, executor=options.executor, workers=options.workers, address=options.address, progress=show, piloted=piloted)
        except KeyboardInterrupt:
            terminal.say(f"interrupted: {show.kept()} in {journal_of(out)}; the same command goes on from there")
            return 130
    if options.plot is not None:
        from twin.report.calibration import write_plot

        write_plot(found, Path(options.plot))
    if options.json:
        print(json.dumps(as_object(found, out), indent=2))
    else:
        show_found(found)
        print("\n".join(str(path) for path in (out, ensemble_of(out), options.plot) if path is not None))
    return 0 if found.fits else 1


def _stage(advance: Advance) -> str:
    return advance.stage


def show_pilot(study: Calibration, rows: list[PilotRow], advance: Advance) -> None:
    """Print what the pilot says of each target, and what the runs take."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.fit.calibrate.pilot import FAR

    out = terminal.console(150)
    out.print(f"[bold]{escape(study.title or study.name)}[/]")
    title = f"pilot: {study.pilot} runs of the scenario as it stands, {study.pilot} drawn from the priors"
    table = new_table("target", "measured", "scenario", "error", "chance", "moved by", title=title)
    for row in rows:
        shares = [f"{100.0 * share:.3g} %" for share in (row.error, row.chance, row.moved)]
        table.add_row(escape(row.name), _text(row.name, row.value, row.unit), _text(row.name, row.base, row.unit), *shares)
    out.print(table)
    idle = [row.name for row in rows if not row.counts]
    if idle:
        out.print(f"tell next to nothing, as error and chance are larger than what the parameters move: {escape(', '.join(idle))}", soft_wrap=True)
    far = [row.name for row in rows if row.far > FAR]
    if far:
        out.print(f"lie beyond all that the priors reach: {escape(', '.join(far))}", soft_wrap=True)
    method = "an emulator in two stages" if study.few else "an ensemble smoother in four steps"
    took = f"{_time(advance.left)} left on {advance.workers} worker{'s' if advance.workers > 1 else ''}"
    count = f"{len(study.priors)} parameter{'s'[: len(study.priors) > 1]}, {len(study.targets)} reading{'s'[: len(study.targets) > 1]}"
    out.print(f"{count}: {method}, {advance.total} runs, {advance.done} done; {took}", soft_wrap=True)


def show_found(found: Calibrated) -> None:
    """Print what a calibration found."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.results.texts import interval_text

    out = terminal.console(150)
    table = new_table("parameter", "prior", "low", "high", "mean", "90 % interval", "width of prior's")
    for one in found.parameters:
        prior, name = one.prior, one.prior.path
        ends = (_text(name, prior.low, prior.unit), _text(name, prior.high, prior.unit))
        interval = interval_text(name, one.mean, one.low, one.high, prior.unit)
        table.add_row(escape(name), prior.form, *ends, _text(name, one.mean, prior.unit), interval, f"{one.width:.2f}")
    out.print(table)
    for first, second, correlation in found.tied:
        out.print(f"told together rather than apart: {escape(first)} and {escape(second)}, correlation {correlation:+.2f}", soft_wrap=True)
    for width, parts in found.flat:
        named = ", ".join(f"{path} ({part:+.2f})" for path, part in parts)
        out.print(f"[yellow]flat[/] the data say next to nothing of {escape(named)}: {width:.2f} of the prior's width is left", soft_wrap=True)
    for one in found.parameters:
        if one.at_bound:
            out.print(f"[yellow]at its bound[/] {escape(one.prior.path)} leans on an end of its prior; the truth may lie beyond", soft_wrap=True)
    _show_targets(found)
    inside, held = found.held_inside
    if held:
        out.print(f"held out: {inside} of {held} readings lie in their 90 % intervals")
    out.print(f"[{'green' if found.fits else 'red'}]{escape(found.verdict())}[/]", soft_wrap=True)
    reused = f", {found.reused} of them found" if found.reused else ""
    failed = f"; {found.failed} failed, the first with {escape(found.errors[0])}" if found.failed else ""
    out.print(f"{found.made + found.reused} runs{reused}{failed}", soft_wrap=True)


def _show_targets(found: Calibrated) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.results.texts import interval_text

    table = new_table("target", "measured", "expected", "90 % interval", "away", "")
    table.columns[5].justify = "left"
    for one in found.targets:
        role = "" if one.role == "used" else one.role
        notes = " ".join(text for text in (role, "" if one.inside else "outside") if text)
        interval = interval_text(one.name, one.mean, one.low, one.high, one.unit)
        table.add_row(escape(one.name), _text(one.name, one.value, one.unit), _text(one.name, one.mean, one.unit), interval, f"{one.away:+.1f}", notes)
    terminal.console(150).print(table)


def _text(name: str, value: float, unit: str) -> str:
    from twin.results.kpis import kpi_text

    return kpi_text(f"_{name}", value, unit)


def _time(seconds: float) -> str:
    from twin.quantities import format_quantity

    return format_quantity(seconds, "s") if seconds >= 1.0 else "less than a second"


def _pilot_object(row: PilotRow) -> dict[str, Any]:
    own = {"name": row.name, "unit": row.unit, "value": row.value, "scenario": row.base}
    return {**own, "error": row.error, "chance": row.chance, "moved": row.moved, "informs": row.counts}


def as_object(found: Calibrated, out: Path) -> dict[str, Any]:
    """Return a calibration as a JSON object; SI."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    parameters = [
        {
            "path": one.prior.path,
            "unit": one.prior.unit,
            "prior": {"form": one.prior.form, "low": one.prior.low, "high": one.prior.high},
            "mean": one.mean,
            "low": one.low,
            "high": one.high,
            "width": one.width,
            "at_bound": one.at_bound,
        }
        for one in found.parameters
    ]
    targets = [
        {
            "name": one.name,
            "unit": one.unit,
            "value": one.value,
            "expected": one.mean,
            "low": one.low,
            "high": one.high,
            "away": one.away,
            "role": one.role,
            "inside": one.inside,
        }
        for one in found.targets
    ]
    own = found.adequacy
    fit = {"fits": found.fits, "verdict": found.verdict(), "p": own.p, "offset_p": number(own.offset_p), "held_out_p": number(own.held_out_p)}
    told = [vars(one) for one in found.suspects]
    offsets = [vars(one) for one in own.offsets]
    return {
        "name": found.calibration.name,
        "data_sha256": found.calibration.data_sha256,
        "file": str(out),
        "parameters": parameters,
        "correlations": found.correlations.tolist(),
        "flat": [{"width": width, "parts": dict(parts)} for width, parts in found.flat],
        "targets": targets,
        "fit": {**fit, "instruments": offsets, "suspects": told},
        "pilot": [_pilot_object(row) for row in found.pilot],
        "runs": {"made": found.made, "found": found.reused, "failed": found.failed},
    }
