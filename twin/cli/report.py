"""``twin report``: a run as one page."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "write a report of a run, of replications of a scenario, or of a comparison of scenarios, as one page that opens without a network"
    parser = commands.add_parser("report", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of paths")
    several = "several of one scenario are replications and give intervals, those of others are compared with the first"
    parser.add_argument("files", metavar="FILE", nargs="+", help=f"results file; {several}")
    parser.add_argument("--brief", action="store_true", help="write two pages of A4 for who decides instead of the whole report")
    parser.add_argument("--language", choices=("en", "de"), default="en", help="language of the report (default: en)")
    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="page to write (default: report.html); an existing report is replaced")
    parser.add_argument("--figures", metavar="DIR", help="write the figures as SVG and PNG to DIR too (needs matplotlib)")
    parser.add_argument("--pdf", action="store_true", help="write a PDF beside the page too (needs weasyprint)")
    more = "values that a calibration leaves possible: each replication is run again with one, and the page tells chance and parameters apart"
    parser.add_argument("--ensemble", metavar="FILE", help=more)
    parser.add_argument("--executor", choices=("processes", "serial"), default="processes", help="where those runs are made (default: processes)")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.results.check import is_cluster_file

    if all(is_cluster_file(Path(file)) for file in options.files):
        return _of_clusters(options)
    from twin.report.files import report

    wanted = {"pdf": options.pdf, "figures": options.figures, "brief": options.brief, "language": options.language}
    if options.ensemble is None:
        written = report(options.files, Path(options.output), **wanted)
    else:
        from twin.cli.replications import progress

        with progress("runs with members") as show:
            written = report(options.files, Path(options.output), **wanted, ensemble=options.ensemble, executor=options.executor, progress=show)
    if options.json:
        pdf = str(written.pdf) if written.pdf is not None else None
        print(json.dumps({"report": str(written.page), "pdf": pdf, "figures": [str(path) for path in written.figures]}, indent=2))
        return 0
    for path in (written.page, *([written.pdf] if written.pdf is not None else []), *written.figures):
        print(path)
    return 0


def _of_clusters(options: argparse.Namespace) -> int:
    """The page of a cluster, or of one beside another."""
    from twin.errors import UsageError
    from twin.report.cluster_page import write_cluster_page

    if options.ensemble is not None:
        raise UsageError("--ensemble is of one plant: the members of a calibration change numbers of its scenario")
    if options.pdf or options.brief or options.figures:
        raise UsageError("the page of a cluster is one HTML file; a site of it has the whole report: twin report FILE.h5/sites/NAME")
    page = write_cluster_page(options.files, Path(options.output), options.language)
    print(json.dumps({"report": str(page), "pdf": None, "figures": []}, indent=2) if options.json else page)
    return 0
