"""``twin reproduce``: a run made again from its results file alone."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.study.reproduce import ArrayDifference, Reproduction

MOST_ROWS = 15
"""Arrays that the table shows; ``--json`` has them all."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "make a run again from its results file alone and say how equal the two are"
    parser = commands.add_parser("reproduce", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("file", metavar="FILE", help="results file of a finished run")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.cli import tables
    from twin.results.check import is_cluster_file
    from twin.study.reproduce import reproduce

    if is_cluster_file(Path(options.file)):
        return _run_cluster(options)
    with tables.progress("reproduce") as show:
        found = reproduce(options.file, progress=show)
    if options.json:
        print(json.dumps({"file": options.file, **as_object(found)}, indent=2))
    else:
        show_reproduction(options.file, found)
    return 0 if found.reproduced else 1


def _run_cluster(options: argparse.Namespace) -> int:
    """Every site of a cluster against what stands in its file."""
    from twin.cli import tables
    from twin.study.reproduce_cluster import reproduce_cluster

    with tables.progress("reproduce") as show:
        found = reproduce_cluster(Path(options.file), progress=show)
    if options.json:
        own = [{"array": array.name, "largest": None if math.isinf(array.largest) else array.largest, "where": array.where} for array in found.own]
        sites = {name: as_object(one) for name, one in found.sites.items()}
        print(json.dumps({"file": options.file, "reproduced": found.reproduced, "sites": sites, "own": {"compared": found.compared, "differ": own}}, indent=2))
        return 0 if found.reproduced else 1
    for name, one in found.sites.items():
        show_reproduction(f"{options.file}/sites/{name}", one)
    for array in found.own:
        print(f"{options.file}/{array.name}: differs, {_size(array)} {array.where}".rstrip())
    equal = "all" if not found.own else f"{found.compared - len(found.own)} of"
    print(f"{options.file}: {equal} {found.compared} arrays of the cluster itself are equal to the last bit")
    return 0 if found.reproduced else 1


def _size(array: ArrayDifference) -> str:
    return "and cannot be measured:" if math.isinf(array.largest) else f"by {array.largest:.1e} at"


def show_reproduction(file: str, found: Reproduction) -> None:
    """What changed since, the arrays that differ most, and the verdict."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.tables import stdout

    console = stdout()
    for change in found.changes:
        console.print(f"changed: {escape(change)}", soft_wrap=True)
    if found.arrays:
        table = new_table("array", "largest relative difference", "where")
        table.columns[2].justify = "left"
        for array in found.arrays[:MOST_ROWS]:
            table.add_row(escape(array.name), "–" if math.isinf(array.largest) else f"{array.largest:.1e}", escape(array.where))
        console.print(table)
        if len(found.arrays) > MOST_ROWS:
            console.print(f"… and {len(found.arrays) - MOST_ROWS} arrays that differ less")
        console.print(f"{found.compared - len(found.arrays)} of {found.compared} arrays are equal to the last bit")
    if found.first:
        console.print(f"first difference: {escape(found.first)}", soft_wrap=True)
    console.print(escape(f"{file}: {verdict_text(found)}"), soft_wrap=True)


def verdict_text(found: Reproduction) -> str:
    """Say in one phrase whether a run was reproduced, and how well."""
    from twin.study.reproduce import TOLERANCE

    if found.verdict == "equal":
        return f"reproduced to the last bit, {found.events[0]} events, digest {found.digests[0]}"
    unchanged = "" if found.changes else "; versions, processor and sources are the same: what else can move a last bit is the environment, e.g. GLIBC_TUNABLES"
    if found.verdict == "close":
        return f"reproduced within {TOLERANCE:.0e}, not to the last bit: {found.events[0]} events in both, {_largest(found)}{unchanged}"
    return f"NOT reproduced: {found.events[0]} events there, {found.events[1]} here, {_largest(found)} (at most {TOLERANCE:.0e}){unchanged}"


def _largest(found: Reproduction) -> str:
    if math.isinf(found.largest):
        return "arrays that cannot be measured against each other"
    return f"largest relative difference {found.largest:.1e}"


def as_object(found: Reproduction) -> dict[str, Any]:
    """Return a reproduction as JSON; a difference that cannot be measured is null."""
    return {
        "verdict": found.verdict,
        "reproduced": found.reproduced,
        "text": verdict_text(found),
        "digest": {"stored": found.digests[0], "rerun": found.digests[1]},
        "events": {"stored": found.events[0], "rerun": found.events[1]},
        "changes": list(found.changes),
        "arrays": [{"name": a.name, "largest": None if math.isinf(a.largest) else a.largest, "where": a.where} for a in found.arrays],
        "first": found.first or None,
    }
