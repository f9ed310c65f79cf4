"""``twin tags``: a first tags file from a server."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "make a first tags file by browsing an OPC UA server, or check one"
    parser = commands.add_parser("tags", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario of the plant")
    parser.add_argument("--browse", metavar="ADDRESS", help="server to browse, e.g. opc.tcp://plant:4840/line")
    parser.add_argument("--check", metavar="TAGS", help="tags file to hold against the scenario")
    parser.add_argument("-o", "--output", metavar="FILE", help="file to write (default: print it); an existing one is refused")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.errors import UsageError
    from twin.live.tags import load_tags
    from twin.live.tags.browsing import browse, first_tags
    from twin.plant.api import load
    from twin.results.replace import write_new

    if (options.browse is None) == (options.check is None):
        raise UsageError("give a server with --browse ADDRESS, or a tags file with --check TAGS")
    scenario = load(options.scenario)
    if options.check is not None:
        tags = load_tags(Path(options.check), scenario=scenario)
        rows = [{"signal": tag.signal, "quantity": tag.quantity, "unit": tag.unit, "source": tag.source, "address": tag.address} for tag in tags.tags]
        print(
            json.dumps({"tags": rows}, indent=2)
            if options.json
            else f"{len(rows)} tags: {len(tags.shown)} quantities, {len(tags.inputs)} inputs; nothing is wrong"
        )
        return 0
    found = browse(options.browse)
    text = first_tags(scenario, options.scenario, options.browse, found)
    if options.output is not None:
        write_new(Path(options.output), text.encode(), "a tags file")
        print(json.dumps({"file": options.output, "variables": len(found)}) if options.json else f"{options.output}: {len(found)} variables; check every line")
    else:
        sys.stdout.write(json.dumps({"text": text, "variables": len(found)}) + "\n" if options.json else text)
    return 0
