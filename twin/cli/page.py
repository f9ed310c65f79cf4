"""``twin page``: the plants of a folder in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from twin.cli import terminal


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "open the scenarios and results of a folder in a browser: draw, change, run, look and compare"
    parser = commands.add_parser("page", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=".", help="folder with scenarios; nothing outside it is read or written (default: .)")
    parser.add_argument("--port", metavar="N", type=int, help="port of this computer (default: 8765, or any that is free where that is taken)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address, and leave it to you to open it")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.page.serve import serve

    serve(Path(options.folder), options.port, terminal.say, browser=not options.no_browser)
    return 0
