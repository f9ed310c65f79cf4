"""``twin cite``: the sentence and the entries by which a run is cited."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.cite import Citation


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "print a sentence with value, interval, seed and hashes, and entries for BibTeX and CITATION.cff"
    parser = commands.add_parser("cite", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument("files", metavar="FILE", nargs="+", help="results file; several are replications of one scenario and give an interval")
    parser.add_argument("--kpi", metavar="NAME", action="append", help="key figure to cite (default: throughput); may be repeated")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.study.cite import cite

    found = cite(options.files, tuple(options.kpi or ("throughput",)))
    if options.json:
        print(json.dumps(as_object(found), indent=2))
    else:
        print(f"{found.sentence}\n\n{found.bibtex}\n\n{found.cff}")
    return 0


def as_object(found: Citation) -> dict[str, Any]:
    """Return a citation as JSON."""
    from twin.cli.replications import interval_object
    from twin.results.texts import ONE_RUN

    return {
        "sentence": found.sentence,
        "bibtex": found.bibtex,
        "cff": found.cff,
        "title": found.title,
        "version": found.version,
        "seed": found.seed,
        "replications": list(found.replications),
        "scenario_sha256": found.scenario_sha256,
        "digests": list(found.digests),
        "kpis": {
            v.name: {"mean": v.mean, "unit": v.unit, "n": v.n, "interval": interval_object(v.interval), "flag": "" if v.interval is not None else ONE_RUN}
            for v in found.values
        },
    }
