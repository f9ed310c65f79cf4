"""``twin plot``: quantities of a run over time."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "plot quantities of a run over time, in the terminal or as SVG or PNG"
    parser = commands.add_parser("plot", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("file", metavar="FILE", help="results file")
    parser.add_argument("quantities", metavar="QUANTITY", nargs="*", help="name of a quantity, e.g. level.bay; without one their names are listed")
    parser.add_argument("-o", "--output", metavar="FILE", help="figure to write, .svg or .png (needs matplotlib); without it the plot is printed")
    parser.add_argument("--json", action="store_true", help="print one JSON object: the file that was written, or the names of quantities")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.report.plotting import plot
    from twin.results.read import open_file

    with open_file(options.file) as result:
        if not options.quantities:
            names = [name for name in result.quantities() if not name.startswith("kpi.")]
            print(json.dumps({"quantities": names}, indent=2) if options.json else "\n".join(names))
            return 0
        said = plot(result, *options.quantities, out=options.output)
    print(json.dumps({"plot": said}, indent=2) if options.json else said)
    return 0
