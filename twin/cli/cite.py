"""``twin cite``: the sentence and the entries by which a run is cited."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.cite import Citation
    from twin.study.cite_difference import CitedDifference, CitedSide


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "print a sentence with value, interval, seed and hashes, and entries for BibTeX and CITATION.cff"
    parser = commands.add_parser("cite", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    several = "several of one scenario are replications and give an interval, those of two are cited as a difference"
    parser.add_argument("files", metavar="FILE", nargs="+", help=f"results file; {several}")
    parser.add_argument("--kpi", metavar="NAME", action="append", help="key figure to cite (default: throughput); may be repeated")
    parser.add_argument("--short", action="store_true", help="print one line only, with the beginnings of the hashes")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.study.cite import cite, scenarios_of
    from twin.study.cite_difference import cite_difference

    names = tuple(options.kpi or ("throughput",))
    if len(scenarios_of(options.files)) > 1:
        difference = cite_difference(options.files, names)
        return _show(options, difference, difference_object)
    return _show(options, cite(options.files, names), as_object)


def _show(options: argparse.Namespace, found: Any, described: Callable[[Any], dict[str, Any]]) -> int:
    """Print a citation as it is asked for."""
    if options.json:
        print(json.dumps(described(found), indent=2))
    elif options.short:
        print(found.short)
    else:
        print(f"{found.sentence}\n\n{found.bibtex}\n\n{found.cff}")
    return 0


def as_object(found: Citation) -> dict[str, Any]:
    """Return a citation as JSON."""
    from twin.cli.replications import interval_object
    from twin.results.texts import ONE_RUN

    return {
        "sentence": found.sentence,
        "short": found.short,
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


def difference_object(found: CitedDifference) -> dict[str, Any]:
    """Return a cited difference as JSON."""
    from twin.cli.replications import interval_object
    from twin.results.texts import ONE_RUN

    return {
        "sentence": found.sentence,
        "short": found.short,
        "bibtex": found.bibtex,
        "cff": found.cff,
        "base": _side_object(found.base),
        "variant": _side_object(found.variant),
        "kpis": {
            value.name: {
                "difference": value.change.difference,
                "unit": value.unit,
                "base": value.base,
                "variant": value.variant,
                "n": value.n,
                "method": value.change.method,
                "interval": interval_object(value.change.interval),
                "flag": "" if value.change.interval is not None else ONE_RUN,
            }
            for value in found.values
        },
    }


def _side_object(side: CitedSide) -> dict[str, Any]:
    runs = [{"seed": seed, "replication": replication, "digest": digest} for seed, replication, digest in side.runs]
    return {"name": side.name, "title": side.title, "version": side.version, "scenario_sha256": side.scenario_sha256, "runs": runs}
