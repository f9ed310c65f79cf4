"""``twin export``: a run, a study or a comparison as a spreadsheet."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "write a run, a study or a comparison as a workbook (.xlsx), CSV or Parquet, or a run as an inventory for openLCA (.zip)"
    parser = commands.add_parser("export", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("files", metavar="FILE", nargs="+", help="results or study file; several results files are compared, the first being the base")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="file to write; its suffix, .xlsx, .csv, .parquet or .zip (openLCA), says how")
    parser.add_argument("--table", metavar="NAME", help="one table only (CSV and Parquet hold one, by default the first)")
    parser.add_argument("--quantity", metavar="NAME", action="append", default=[], help="quantity of a run to write over time, e.g. level.bay; may be repeated")
    parser.add_argument("--decimal", choices=("point", "comma"), default="point", help="decimal sign in CSV; comma writes semicolons between values")
    parser.add_argument("--replace", action="store_true", help="replace a file of that name")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a line")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.report.export import export

    said = export(*options.files, out=options.output, table=options.table, quantities=options.quantity, decimal=options.decimal, replace=options.replace)
    print(json.dumps({"written": str(options.output), "what": said}, indent=2) if options.json else said)
    return 0
