"""``twin reconcile`` of several windows: each, and the whole time as their total."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from twin.fit.reconcile import Reconciliation, Windows
    from twin.fit.reconcile.readings import Window


def run_windows(options: argparse.Namespace, plant: Any, windows: Sequence[Window], leave_out: Sequence[str]) -> int:
    """Run the command for several windows."""
    from twin.cli.reconcile_tables import AUDIT_HEAD, VALUES_HEAD, as_object, values_of, write_table
    from twin.fit.reconcile import reconcile_windows
    from twin.fit.reconcile.closing import audit_trail
    from twin.fit.reconcile.worth import worths

    found = reconcile_windows(options.files[-1], plant, windows=windows, leave_out=leave_out)
    best = worths(found.total, options.target)
    written = []
    if options.csv is not None:
        written.append(write_table(options.csv, values_of(found.windows), VALUES_HEAD))
    if options.audit is not None:
        written.append(write_table(options.audit, audit_trail(found.windows, options.by, options.reason), AUDIT_HEAD))
    if options.output is not None:
        from twin.report.language import language
        from twin.report.reconciliation import write_page

        words = language(options.language)
        written.append(write_page(found, best, options.target, Path(options.output), by=options.by, reason=options.reason, words=words))
    if options.json:
        each = [as_object(one, [], options.target) for one in found.windows]
        whole = {"windows": each, "total": as_object(found.total, best, options.target), "notes": list(found.notes)}
        print(json.dumps({**whole, "written": [str(path) for path in written]}, indent=2))
    else:
        _show(found)
        for path in written:
            print(path)
    return 0


def _show(found: Windows) -> None:
    from rich.markup import escape

    from twin.cli.tables import stdout
    from twin.fit.reconcile.outcome import shown_bias

    console = stdout(160)
    data = found.total.data
    console.print(f"[bold]{escape(data.title or data.name)}[/]: {found.total.window}, {len(found.windows)} windows")
    for one in (*found.windows, found.total):
        what = "total" if one is found.total else str(one.window)
        console.print(escape(f"{what}: {one.verdict}"), soft_wrap=True)
        for suspect in one.tests.suspects:
            console.print(f"[yellow]suspect[/] {escape(shown_bias(suspect, one))}", soft_wrap=True)
    _show_losses(console, found)
    _show_values(console, found)
    for note in (*found.notes, *dict.fromkeys(note for one in (*found.windows, found.total) for note in one.notes)):
        console.print(f"[yellow]note[/] {escape(note)}", soft_wrap=True)


def _show_losses(console: Console, found: Windows) -> None:
    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    table = new_table("window", "unaccounted for of", "opening + in - out - closing", "95 % interval", "")
    table.columns[1].justify = "left"
    for one in (*found.windows, found.total):
        for loss in one.losses:
            if loss.place == "plant":
                low, high = loss.interval
                between = "–" if loss.lacking else f"{format_quantity(low, loss.si)} to {format_quantity(high, loss.si)}"
                value = "–" if loss.lacking else format_quantity(loss.value, loss.si)
                told = "not counted" if loss.lacking else "told from 0" if loss.told_from_zero else "not told from 0"
                table.add_row("total" if one is found.total else str(one.window), loss.component or "mass", value, between, told)
    console.print(table)


def _show_values(console: Console, found: Windows) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    table = new_table("reconciled", *(str(one.window).partition(" ")[0] for one in found.windows), "total")
    for name in dict.fromkeys(row.name for one in (*found.windows, found.total) for row in one.rows):
        table.add_row(escape(name), *(reconciled(one, name) for one in (*found.windows, found.total)))
    console.print(table)


def reconciled(found: Reconciliation, name: str) -> str:
    """Return the reconciled value of a quantity with its error; a dash where it is not told."""
    from twin.quantities import format_quantity

    row = next((row for row in found.rows if row.name == name and not math.isnan(row.reconciled)), None)
    if row is None:
        return "–"
    error = "" if row.status == "exact" or math.isnan(row.deviation) else f" ± {format_quantity(row.deviation, row.si)}"
    return f"{format_quantity(row.reconciled, row.si)}{error}"
