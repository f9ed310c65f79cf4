"""``twin score``: what a live twin said, held against what came."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "hold what a live twin said against what came"
    parser = commands.add_parser("score", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="PLANT", help="scenario of the plant, as 'twin live' had it")
    parser.add_argument("tags", metavar="TAGS", help="tags file, as 'twin live' had it")
    parser.add_argument("--folder", metavar="DIR", default="live", help="folder of 'twin live' (default: ./live)")
    parser.add_argument("--truth", metavar="FILE", help="truth of an emulated plant, from 'twin emulate --truth'; without it readings are what came")
    parser.add_argument("--warmup", metavar="TIME", default="1 d", help="nothing before counts (default: '1 d')")
    parser.add_argument("--no-inputs-alone", action="store_true", help="do not follow the history once more without readings, to compare with")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from dataclasses import asdict

    from twin.cli import tables
    from twin.live.score import score
    from twin.live.tags import load_tags
    from twin.plant.api import load

    tags = load_tags(Path(options.tags), scenario=load(options.scenario))
    with tables.progress("inputs alone") as show:
        found = score(tags, options.folder, options.truth, warmup=options.warmup, inputs_alone=not options.no_inputs_alone, progress=show)
    if options.json:
        rows = [asdict(row) | {"value": row.value if math.isfinite(row.value) else None} for row in found.figures]
        print(json.dumps({"against": found.against, "figures": rows}, indent=2))
    else:
        _show(found)
    return 0


def _show(found: Any) -> None:
    from rich.markup import escape

    from twin.cli import terminal
    from twin.cli.figures import new_table, print_whole
    from twin.quantities import digits, format_quantity

    table = new_table(f"against {'the truth' if found.against == 'truth' else 'readings'}", "", "", "of")
    table.columns[2].justify = "left"
    for row in found.figures:
        if math.isnan(row.value):
            table.add_row(escape(row.name), "", escape(row.note), str(row.count))
        elif row.unit == "s":
            table.add_row(escape(row.name), format_quantity(row.value, "s"), escape(row.note), str(row.count))
        else:
            table.add_row(escape(row.name), digits(row.value), escape(row.unit), str(row.count))
    print_whole(terminal.console(150), table)
