"""Completion of what is typed in a shell, by argcomplete; nothing of it is imported where no shell asks."""

from __future__ import annotations

import argparse
from typing import Any

WANTED = "_ARGCOMPLETE"
"""The environment variable by which a shell asks."""


def complete(parser: argparse.ArgumentParser) -> int:
    """Tell the shell what can stand there, and end the process. Returns an exit code where argcomplete is not installed."""
    try:
        import argcomplete
    except ImportError:
        return 1
    argcomplete.autocomplete(parser)
    return 1


def plants(**asked: Any) -> list[str]:
    """What ``twin new --like`` takes."""
    from twin.scenario.starters import patterns

    return patterns()
