"""``twin stops``: mean times between failures and to repair out of a stop log, and the change file that puts them into a scenario."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.engine.calendars import Calendar
    from twin.fit.lifetimes import Fit, Interval
    from twin.fit.stop_logs import Log, Reliability
    from twin.scenario import Scenario


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    from twin.cli.imports import add_options

    summary = "fit times between failures and to repair to a stop log"
    parser = commands.add_parser("stops", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("file", metavar="LOG", help="stop log: an export of a shift book, or a table of 'twin import'")
    parser.add_argument("--plant", metavar="SCENARIO", help="scenario whose machines the log is of: time in which a machine is closed does not count")
    parser.add_argument(
        "--unit", metavar="NAME=MACHINE", action="append", default=[], help="which machine of the log a unit is, where names differ; may be repeated"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="change file to write: the scenario with the fitted 'failures'; needs --plant")
    parser.add_argument(
        "--by-cause", action="store_true", help="fit each cause apart, with a clock of its own, and write 'failures_by_cause' in place of 'failures'"
    )
    parser.add_argument("--planned", metavar="REASON", action="append", default=[], help="a reason that is no failure; may be repeated")
    parser.add_argument("--from", dest="begin", metavar="TIME", help="when the log begins (default: its first stop)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="when the log ends (default: the end of its last stop)")
    parser.add_argument("--confidence", metavar="SHARE", default="90 %", help="confidence of the intervals (default: 90 %%)")
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.cli.imports import options_of
    from twin.cli.replications import share
    from twin.fit.stop_logs import read_log, reliability, with_rare_together

    if options.output is not None and options.plant is None:
        raise UsageError("-o writes what changes in a scenario: say which with --plant")
    log = read_log(Path(options.file), options_of(options), _moment(options.begin, "--from"), _moment(options.end, "--to"))
    if options.by_cause:
        log = with_rare_together(log, options.planned)
    scenario = _plant(options)
    units = _units(options.unit, log, scenario)
    calendars = _calendars(scenario, units, log) if scenario else {}
    confidence = share("--confidence", options.confidence)
    found = reliability(log, options.planned, calendars, confidence, apart=options.by_cause)
    out = Path(options.output) if options.output is not None else None
    if out is not None:
        changes = _changes(options, found, units, log)
        other = "failures" if options.by_cause else "failures_by_cause"
        stale = [f"units.{unit}.{other}" for unit in units.values() if scenario is not None and getattr(scenario.units[unit], other, None)]
        _write(options, out, changes, stale, log)
    if options.json:
        print(json.dumps(as_object(found, log, out), indent=2, ensure_ascii=False))
    else:
        _show(found, log, confidence, out, by_cause=options.by_cause)
    return 0


def _moment(text: str | None, option: str) -> datetime | None:
    from twin.scenario.calendars import read_moment

    if text is None:
        return None
    try:
        return read_moment(text)
    except ValueError:
        raise UsageError(f"{option} is a date, e.g. 2026-03-01 or 2026-03-01T06:00 (got {text!r})") from None


def _plant(options: argparse.Namespace) -> Scenario | None:
    from twin.plant.api import load

    return load(Path(options.plant)) if options.plant is not None else None


def _units(said: list[str], log: Log, scenario: Scenario | None) -> dict[str, str]:
    """Return the unit of each machine of the log that is one of the scenario."""
    from twin.scenario.problems import nearest

    found: dict[str, str] = {}
    if scenario is None:
        return found
    able = [name for name, model in scenario.units.items() if hasattr(model, "failures")]
    for text in said:
        unit, equals, machine = text.partition("=")
        if not equals or machine not in log.machines:
            raise UsageError(f"--unit needs NAME=MACHINE with a machine of the log; {nearest(machine or text, list(log.machines))}")
        if unit not in able:
            raise UsageError(f"--unit {text!r}: no machine of the scenario has this name; {nearest(unit, able)}")
        found[machine] = unit
    for machine in log.machines:
        if machine in able and machine not in found:
            found[machine] = machine
    if not found:
        raise UsageError(
            f"no machine of the log is a unit of the scenario: say which is which, e.g. --unit {able[0] if able else 'NAME'}={next(iter(log.machines))!r}"
        )
    return found


def _calendars(scenario: Scenario, units: dict[str, str], log: Log) -> dict[str, Calendar | None]:
    from twin.engine.calendars import Calendar

    found: dict[str, Calendar | None] = {}
    for machine, unit in units.items():
        name = getattr(scenario.units[unit], "calendar", None)
        found[machine] = Calendar(scenario.calendars[name], log.begin) if name is not None else None
    return found


def _changes(options: argparse.Namespace, found: list[Reliability], units: dict[str, str], log: Log) -> dict[str, Any]:
    """What changes in the scenario, by path: the failures of each machine, all causes together or each apart."""
    from twin.fit.stop_logs import ALL, failures_by_cause_of, failures_of
    from twin.scenario.stops import NOT_STATED

    source = f"stop log {log.source}"
    whole = [one for one in found if one.cause == ALL and one.machine in units]
    if not options.by_cause:
        return {f"units.{units[one.machine]}.failures": failures_of(one, source) for one in whole}
    changes: dict[str, Any] = {}
    for one in whole:
        apart = [each for each in found if each.machine == one.machine and each.cause != ALL]
        if not apart:  # of one cause alone: it is all there is
            stop = next(stop for stop in log.machines[one.machine] if (stop.reason or NOT_STATED) not in options.planned)
            apart = [replace(one, cause=stop.reason or NOT_STATED)]
        causes, notes = failures_by_cause_of(apart, source)
        log.notes.extend(notes)
        changes[f"units.{units[one.machine]}.failures_by_cause"] = causes
    return changes


def _write(options: argparse.Namespace, out: Path, changes: dict[str, Any], remove: list[str], log: Log) -> None:
    from twin.study.change_file import write_change_file

    watched = f"{log.begin:%Y-%m-%d %H:%M} to {log.end:%Y-%m-%d %H:%M}"
    planned = ", ".join(options.planned) or "none"
    how = "cause by cause" if options.by_cause else "all causes of a machine together"
    fitted = f"Failures were fitted by twin stops, {how}, to the stop log {log.source}"
    about = {"preparation": f"{fitted}, watched from {watched}; planned stops, which are no failures: {planned}."}
    write_change_file(Path(options.plant), out, changes, about, out.stem if out.stem.isidentifier() else None, remove)


def as_object(found: list[Reliability], log: Log, out: Path | None) -> dict[str, Any]:
    """Return what was found as a JSON object; times in hours."""
    rows = [_reliability_object(one) for one in found]
    watched = {"from": log.begin.isoformat(), "to": log.end.isoformat()}
    return {"source": log.source, "watched": watched, "notes": log.notes, "machines": rows, "file": str(out) if out else None}


def _reliability_object(one: Reliability) -> dict[str, Any]:
    return {
        "machine": one.machine,
        "cause": one.cause,
        "stops": one.stops,
        "down": one.down,
        "clock": one.clock,
        "up_times": {"ended": len(one.times.up), "censored": len(one.times.still_up)},
        "repairs": {"ended": len(one.times.repairs), "censored": len(one.times.still_down)},
        "between": [_fit_object(fit) for fit in one.between],
        "repair": [_fit_object(fit) for fit in one.repair],
    }


def _fit_object(fit: Fit) -> dict[str, Any]:
    parameters = {name: [p.value, p.low, p.high] for name, p in fit.parameters.items()}
    mean = [fit.mean.value, fit.mean.low, fit.mean.high]
    return {"form": fit.form, "parameters": parameters, "mean": mean, "aic": float(fit.aic), "distance": fit.distance, "limit": fit.limit}


def _show(found: list[Reliability], log: Log, confidence: float, out: Path | None, *, by_cause: bool) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.terminal import console

    screen = console(width=160)
    days = (log.end - log.begin).total_seconds() / 86_400.0
    print(f"{log.source}: watched {log.begin:%Y-%m-%d %H:%M} to {log.end:%Y-%m-%d %H:%M}, {days:.4g} d")
    table = new_table("machine", "cause", "stops", "time down", "mean between", f"{100 * confidence:g} %", "mean repair", f"{100 * confidence:g} %", "time")
    for one in found:
        between, repair = _mean(one.between), _mean(one.repair)
        table.add_row(escape(one.machine or "–"), escape(one.cause), str(one.stops), f"{one.down:.4g} h", *between, *repair, one.clock)
    screen.print(table)
    names = [one.machine if not by_cause else f"{one.machine} {one.cause}".strip() for one in found]
    table = new_table("machine", "of", "form", "parameters", "AIC", "distance", "5 % limit")
    for name, one in zip(names, found, strict=True):
        if (one.cause == found[0].cause) != by_cause:
            for what, fits in (("between", one.between), ("repair", one.repair)):
                for fit in fits:
                    table.add_row(escape(name or "–"), what, fit.form, _parameters(fit), f"{fit.aic:.2f}", f"{fit.distance:.3f}", f"{fit.limit:.3f}")
    screen.print(table)
    for note in log.notes:
        print(f"note: {note}")
    clocks = {one.clock for one in found}
    if "calendar" in clocks:
        print("note: time is calendar time: nights and waits count as time in which a machine worked; --plant leaves out when it was closed")
    if "operating" in clocks:
        print("note: time is that in which the machine was meant to work; waits for material count, so that it works less between failures than is said")
    if out is not None:
        print(f"{out}: failures{' by cause' if by_cause else ''} of {len({one.machine for one in found})} machine(s) by the form with the least AIC")


def _mean(fits: tuple[Fit, ...]) -> tuple[str, str]:
    if not fits:
        return "–", "–"
    mean: Interval = fits[0].mean
    return f"{mean.value:.4g} h", f"{mean.low:.4g} to {mean.high:.4g} h"


def _parameters(fit: Fit) -> str:
    return ", ".join(f"{name} {p.value:.4g}{'' if name == 'shape' else ' h'} ({p.low:.4g} to {p.high:.4g})" for name, p in fit.parameters.items())
