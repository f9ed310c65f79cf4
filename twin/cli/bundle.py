"""``twin bundle``: a run with all that belongs to it in one archive."""

from __future__ import annotations

import argparse
import json
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "pack a run with scenario, catalogues, report, environment and citation into one RO-Crate zip"
    parser = commands.add_parser("bundle", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the path")
    parser.add_argument("files", metavar="FILE", nargs="+", help="results file; several are replications of one scenario")
    parser.add_argument("-o", "--output", metavar="FILE", default="bundle.zip", help="archive to write (default: bundle.zip); an existing bundle is replaced")
    parser.add_argument("--license", metavar="TEXT", help="how the bundle may be used: address of a license, or a sentence (default: none is stated)")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.report.bundle import NO_LICENSE, bundle

    written = bundle(options.files, options.output, license=options.license or NO_LICENSE)
    print(json.dumps({"bundle": str(written.path), "files": list(written.names)}, indent=2) if options.json else written.path)
    return 0
