"""``twin reconcile``: measurements made to agree with the balances, tests of gross errors, a month closed."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli.reconcile_tables import AUDIT_HEAD, VALUES_HEAD, as_object, values_of, write_table

if TYPE_CHECKING:
    from rich.console import Console

    from twin.fit.reconcile import Reconciliation
    from twin.fit.reconcile.readings import Window
    from twin.fit.reconcile.rows import Row
    from twin.fit.reconcile.worth import Worth

SHOWN_WORTHS = 8


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "reconcile measurements with the balances of a plant, test them for gross errors, close a month"
    parser = commands.add_parser("reconcile", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("files", metavar="FILE", nargs="+", help="[PLANT] DATA: a scenario, where the data have no 'flows'; then data, .yaml or .csv")
    parser.add_argument("-o", "--output", metavar="FILE", help="write a page with Sankey diagrams, measured beside reconciled")
    parser.add_argument("--csv", metavar="FILE", help="write the reconciled values as a CSV that twin reads again")
    parser.add_argument("--audit", metavar="FILE", help="write the audit trail as a CSV: measured, reconciled, adjustment, what was taken out, hashes")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--close", metavar="MONTH", action="append", help="close a month, e.g. 2026-03: its window, its loss; 2026-01..2026-03 for several")
    when.add_argument("--window", metavar=("FROM", "TO"), nargs=2, action="append", help="another window than that of the data; may be repeated")
    parser.add_argument("--leave-out", metavar="NAME", action="append", default=[], help="take an instrument out; may be repeated")
    parser.add_argument("--by", metavar="WHO", default="", help="who takes it out, for the audit trail")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit trail")
    parser.add_argument("--target", metavar="NAME", default="flows", help="what should be known better: flows (default), loss, or a quantity")
    parser.add_argument("--language", metavar="LANGUAGE", default="en", help="language of the page: en (default) or de")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.errors import UsageError
    from twin.fit.reconcile import reconcile
    from twin.fit.reconcile.closing import audit_trail
    from twin.fit.reconcile.worth import worths

    if len(options.files) > 2:
        raise UsageError(f"a scenario and data are needed, or data alone (got {len(options.files)} files)")
    if (options.by or options.reason) and not options.leave_out:
        raise UsageError("--by and --reason say who left something out, and why: they need --leave-out NAME")
    windows, plant, leave_out = _windows(options), _plant(options.files[:-1]), tuple(dict.fromkeys(options.leave_out))
    if len(windows) > 1:
        from twin.cli.reconcile_windows import run_windows

        return run_windows(options, plant, windows, leave_out)
    found = reconcile(options.files[-1], plant, window=next(iter(windows), None), leave_out=leave_out)
    best = worths(found, options.target)
    written = []
    if options.csv is not None:
        written.append(write_table(options.csv, values_of([found]), VALUES_HEAD))
    if options.audit is not None:
        written.append(write_table(options.audit, audit_trail(found, options.by, options.reason), AUDIT_HEAD))
    if options.output is not None:
        from twin.report.language import language
        from twin.report.reconciliation import write_page

        words = language(options.language)
        written.append(write_page(found, best, options.target, Path(options.output), by=options.by, reason=options.reason, words=words))
    if options.json:
        print(json.dumps({**as_object(found, best, options.target), "written": [str(path) for path in written]}, indent=2))
    else:
        _show(found, best, options.target)
        for path in written:
            print(path)
    return 0


def _plant(files: list[str]) -> Any:
    from twin.plant.api import load

    return load(files[0]) if files else None


def _windows(options: argparse.Namespace) -> list[Window]:
    """The windows that are asked for, none where the data say theirs."""
    from twin.fit.reconcile.windows import months

    if options.close is not None:
        return [window for text in options.close for window in months(text)]
    return [_window(*texts) for texts in options.window or ()]


def _window(begin: str, end: str) -> Window:
    from twin.errors import UsageError
    from twin.fit.reconcile.readings import Window
    from twin.scenario.calendars import read_moment

    try:
        window = Window(read_moment(begin), read_moment(end))
    except ValueError as error:
        raise UsageError(f"--window: {error}") from None
    if window.seconds <= 0.0:
        raise UsageError(f"--window: it must end after it begins (got {begin} and {end})")
    return window


# -- as tables -----------------------------------------------------------------------------------------------------------------------------


def _show(found: Reconciliation, best: list[Worth], target: str) -> None:
    from rich.markup import escape

    from twin.cli.tables import stdout

    console = stdout(160)
    console.print(f"[bold]{escape(found.data.title or found.data.name)}[/]{f': {found.window}' if found.window is not None else ''}")
    console.print(escape(found.verdict), soft_wrap=True)
    _show_tests(console, found)
    _show_rows(console, found)
    _show_losses(console, found)
    _show_worth(console, best, target)
    for note in found.notes:
        console.print(f"[yellow]note[/] {escape(note)}", soft_wrap=True)


def _show_tests(console: Console, found: Reconciliation) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.fit.reconcile.outcome import shown_bias
    from twin.quantities import format_quantity

    tests, whole = found.tests, found.tests.whole
    if whole.redundancy:
        console.print(f"global test: {whole.text}; measurement test: |z| of at most {tests.critical:.3g}", soft_wrap=True)
    for suspect in tests.suspects:
        console.print(f"[yellow]suspect[/] {escape(shown_bias(suspect, found))}", soft_wrap=True)
    failed = [test for test in tests.nodes if not test.passed]
    if failed:
        table = new_table("balance that does not close", "in - out - stored", "sd", "z", "limit")
        for test in failed:
            lack = format_quantity(test.lack, test.si)
            table.add_row(escape(test.name), lack, format_quantity(test.deviation, test.si), f"{test.statistic:.2f}", f"{test.critical:.2f}")
        console.print(table)


def _show_rows(console: Console, found: Reconciliation) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    table = new_table("quantity", "measured", "± sd", "reconciled", "± sd", "moved by [sd]", "z", "adjustability", "")
    table.columns[-1].justify = "left"
    hidden = [row for row in found.rows if row.status == "not observable"]
    for row in found.rows:
        if row.status != "not observable":
            table.add_row(*(escape(cell) for cell in cells(row)))
    console.print(table)
    if hidden:
        console.print(
            escape(f"not observable: {', '.join(row.name for row in hidden[:12])}{' …' if len(hidden) > 12 else ''} ({len(hidden)} in all)"), soft_wrap=True
        )


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as texts: name, measured, its error, reconciled, its error, adjustment, statistic, adjustability, status."""
    from twin.quantities import format_quantity

    def shown(value: float) -> str:
        return "–" if math.isnan(value) else format_quantity(value, row.si)

    def plain(value: float, form: str) -> str:
        return "–" if math.isnan(value) else format(value, form)

    error = "exact" if row.status == "exact" else shown(row.error)
    name = row.name if row.instrument in ("", row.name) else f"{row.name} ({row.instrument})"
    numbers = (plain(row.adjustment, "+.2f"), plain(row.statistic, "+.2f"), plain(row.adjustability, ".2f"))
    return (name, shown(row.measured), error, shown(row.reconciled), "" if row.status == "exact" else shown(row.deviation), *numbers, row.status)


def _show_losses(console: Console, found: Reconciliation) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    told = [loss for loss in found.losses if not loss.lacking]
    for loss in found.losses:
        if loss.lacking and not loss.component and loss.place == "plant":
            names = f"{', '.join(loss.lacking[:4])}{' …' if len(loss.lacking) > 4 else ''}"
            console.print(escape(f"the plant's unaccounted loss cannot be told: not measured are {names}"), soft_wrap=True)
    if told:
        table = new_table("unaccounted for", "of", "opening + in - out - closing", "95 % interval", "of what came in", "")
        for loss in told:
            low, high = loss.interval
            between = f"{format_quantity(low, loss.si)} to {format_quantity(high, loss.si)}"
            share = "–" if math.isnan(loss.share) else f"{100 * loss.share:.2f} %"
            told_from = "told from 0" if loss.told_from_zero else "not told from 0"
            table.add_row(escape(loss.place), loss.component or "mass", format_quantity(loss.value, loss.si), between, share, told_from)
        console.print(table)


def _show_worth(console: Console, best: list[Worth], target: str) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    if not best or best[0].fall < 5e-4:
        return
    table = new_table(f"worth most for {target}", "variance falls by", "")
    table.columns[-1].justify = "left"
    for worth in best[:SHOWN_WORTHS]:
        if worth.fall >= 5e-4:
            table.add_row(escape(worth.name), f"{100 * worth.fall:.1f} %", "if its error were halved" if worth.halved else "if it were measured to 2 %")
    console.print(table)
