"""Arguments of all commands, and what happens to their errors. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from twin import __version__
from twin.cli import (
    acceptance,
    batch,
    blend,
    budget,
    bundle,
    calibrate,
    cite,
    completion,
    emulate,
    export,
    imports,
    live,
    materials,
    optimise,
    page,
    plan,
    plot,
    reconcile,
    replications,
    report,
    reproduce,
    score,
    sensitivity,
    signals,
    stops,
    sweep,
    tags,
    terminal,
)
from twin.errors import FileError, RunError, ScenarioError, TwinError, UsageError

OWN: dict[str, Callable[[argparse.Namespace], int]] = {
    "sweep": sweep.run,
    "sensitivity": sensitivity.run,
    "report": report.run,
    "reproduce": reproduce.run,
    "cite": cite.run,
    "acceptance": acceptance.run,
    "bundle": bundle.run,
    "materials": materials.run,
    "batch": batch.run,
    "plan": plan.run,
    "optimise": optimise.run,
    "page": page.run,
    "export": export.run,
    "plot": plot.run,
    "reconcile": reconcile.run,
    "import": imports.run,
    "stops": stops.run,
    "blend": blend.run,
    "calibrate": calibrate.run,
    "emulate": emulate.run,
    "live": live.run,
    "score": score.run,
}
"""Commands that have a module of their own: what other commands need is not imported for them."""
EPILOG = "Scenarios are YAML files; results are HDF5 files that h5py and xarray read. 'twin COMMAND --help' tells more."


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are ours, so that ``--json`` covers them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see '{self.prog} --help'")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command ``twin``."""
    parser = _Parser(prog="twin", description="Digital-twin simulation engine for recycling plants.", epilog=EPILOG, allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_run(commands)
    validate = _add(commands, "validate", "check a scenario and print its lines, topology and limits")
    validate.add_argument("scenario", metavar="SCENARIO", help="scenario file")
    _add_set(validate)
    new = _add(commands, "new", "write a commented starter scenario")
    new.add_argument("path", metavar="FILE", nargs="?", default="plant.yaml", help="file to write (default: plant.yaml); an existing one is refused")
    like = new.add_argument(
        "--like",
        metavar="NAME",
        default="",
        help="begin with a plant that comes with twin: copper, elv, lvp, weee or wood",
    )
    like.completer = completion.plants  # type: ignore[attr-defined]  # argcomplete looks for it
    schema = _add(commands, "schema", "print the JSON Schema that editors complete scenarios from")
    which = schema.add_mutually_exclusive_group()
    which.add_argument("--tags", action="store_true", help="that of tags files, not of scenarios")
    which.add_argument("--cluster", action="store_true", help="that of clusters")
    schema.add_argument("-o", "--output", metavar="FILE", help="write to a file instead")
    resume = _add(commands, "resume", "go on from a saved state")
    resume.add_argument("state", metavar="STATE", help="file written by 'twin run --until … --save'")
    resume.add_argument("-o", "--output", metavar="FILE", help="results file (default: ./NAME.h5)")
    resume.add_argument("--until", metavar="TIME", help="stop again at TIME and --save")
    resume.add_argument("--save", metavar="FILE", help="where to keep the state")
    resume.add_argument("--force", action="store_true", help="go on although code or versions differ from those that saved")
    _add_compare(commands)
    trace = _add(commands, "trace", "show from which deliveries each product came")
    trace.add_argument("file", metavar="FILE", help="results file of a run with 'record: {genealogy: true}'")
    trace.add_argument("--product", metavar="NAME", help="one product only")
    trace.add_argument("--element", metavar="SYMBOL", help="follow one element only, e.g. Cu")
    trace.add_argument("--most", metavar="N", type=int, default=12, help="origins shown for each product (default: 12)")
    own = (sweep, sensitivity, report, reproduce, cite, bundle, materials, batch, plan, export, plot, reconcile, imports, stops, acceptance, blend, optimise)
    for command in (*own, calibrate, emulate, live, score, tags, page):
        command.add_parser(commands)
    return parser


def _add(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", metavar="PATH=VALUE", action="append", default=[], help='change a value, e.g. --set units.screen.aperture="10 mm"; may be repeated'
    )


def _add_run(commands: Any) -> None:
    run = _add(commands, "run", "run a scenario, write its results and print the key figures")
    run.add_argument("scenario", metavar="SCENARIO", help="scenario file")
    run.add_argument("-o", "--output", metavar="FILE", help="results file (default: ./NAME.h5); an existing results file is replaced, any other refused")
    run.add_argument("--seed", metavar="N", type=_count, help="seed instead of the scenario's")
    which = run.add_mutually_exclusive_group()
    which.add_argument("--replication", metavar="K", type=_count, default=0, help="run replication K, counted from 0 (default: 0)")
    which.add_argument("--replications", metavar="N", type=_count, help="run replications 0 to N-1, each to a file of its own, and print means with intervals")
    _add_set(run)
    run.add_argument("--until", metavar="TIME", help="stop at TIME, a duration from the start ('10 d') or a date, and --save")
    run.add_argument("--save", metavar="FILE", help="where to keep the state with --until")
    budget.add_yes(run)
    replications.add_options(run)


def _add_compare(commands: Any) -> None:
    compare = _add(commands, "compare", "run scenarios, or take results, and show side by side what differs, with intervals")
    compare.add_argument("files", metavar="FILE", nargs="+", help="scenarios, which are run, or results files (.h5); the base first")
    compare.add_argument("--replications", metavar="N", type=_count, help="runs of each scenario (default: 10)")
    compare.add_argument(
        "-o", "--output", metavar="DIR", help="keep the results file of every run in DIR; with --years: FILE, the figures of every run, from which it goes on"
    )
    compare.add_argument("--seed", metavar="N", type=_count, help="seed of all, instead of the scenarios'")
    compare.add_argument("--kpi", metavar="KPI", action="append", help="show this key figure only, or all of a kind (recovery); may be repeated")
    years = "of two clusters: run them in each of these years, FILE in the place of the series file NAME; may be repeated"
    compare.add_argument("--years", metavar="NAME=FILE", action="append", help=years)
    budget.add_yes(compare)
    replications.add_options(compare)
    pays = compare.add_argument_group("investment", "whether the change pays; without --invest, what the blocks 'money' of the scenarios say")
    pays.add_argument("--invest", metavar="MONEY", help="what the change costs, e.g. '250 kEUR'; with --life and --interest")
    pays.add_argument("--life", metavar="YEARS", help="for how long it serves, e.g. '10 a'")
    pays.add_argument("--interest", metavar="SHARE", help="interest a year, e.g. '6 %%'")
    pays.add_argument("--salvage", metavar="MONEY", help="what it brings at the end of its life (default: nothing)")
    pays.add_argument("--payback-limit", metavar="YEARS", help="tell the probability that it is paid back within so long, e.g. '5 a'")


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0 or number >= 1 << 63 or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number from 0 is needed (got {text!r})")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if completion.WANTED in os.environ:
        return completion.complete(build_parser())
    arguments = list(sys.argv[1:] if argv is None else argv)
    with terminal.streams(), signals.as_interrupt() as ending:
        try:
            try:
                code = ending.code(_command(arguments))
            finally:  # --help leaves by SystemExit
                terminal.flush()
        except BrokenPipeError:  # whoever read the output has enough
            terminal.give_up_stdout()
            return 0
        except OSError as error:  # a full disk below stdout, say
            terminal.give_up_stdout()
            terminal.say(f"twin: cannot write to stdout: {error.strerror or error}")
            return 1
        return code


def _command(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        options = build_parser().parse_args(arguments)
        if options.version:
            print(f"twin {__version__}")
            return 0
        if options.command is None:
            build_parser().print_help()
            return 0
        _check_folder()
        if options.command in OWN:
            return OWN[options.command](options)
        from twin.cli import commands

        return commands.COMMANDS[options.command](options)
    except TwinError as error:
        _report(error, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        from twin.results.temporary import drop_mine

        drop_mine()
        terminal.say(str(interrupt) or "interrupted")
        return signals.INTERRUPTED
    except MemoryError:
        _report(FileError("there is not enough memory for this"), as_json=as_json)
        return RunError.exit_code


def _check_folder() -> None:
    try:
        os.getcwd()  # noqa: PTH109  it is only asked whether there is one
    except OSError as error:
        raise FileError(f"the working folder cannot be used ({error.strerror}); it was removed, perhaps: change to another one") from None


def _report(error: TwinError, *, as_json: bool) -> None:
    if not as_json:
        lines = [str(problem) for problem in error.problems] if isinstance(error, ScenarioError) else [f"twin: {error}"]
        terminal.say("\n".join(lines))
        return
    if isinstance(error, ScenarioError):
        found = [{"file": p.file, "line": p.line, "column": p.column, "path": p.path, "message": p.message} for p in error.problems]
    else:
        found = [{"file": "", "line": 0, "column": 0, "path": "", "message": str(error)}]
    sys.stdout.write(json.dumps({"errors": found}, indent=2) + "\n")
