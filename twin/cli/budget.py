"""Before a long run: what it will come to, said when it is above a minute, and asked at a terminal when it is above the budget."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twin.cli import terminal
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.plant.estimate import Estimate
    from twin.scenario import Scenario
    from twin.scenario.cluster import Cluster

SAID = 60.0
"""CPU time, s, above which an estimate is said."""
BUDGET_SECONDS, BUDGET_BYTES = 1800.0, 10e9
"""CPU time, s, and size of a file before compression above which a person at a terminal is asked."""


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Declare the option that answers beforehand."""
    parser.add_argument("--yes", action="store_true", help="do not ask before a run that is estimated to be long")


def weigh(scenarios: Sequence[Scenario], runs: int, yes: bool) -> None:
    """Say what ``runs`` runs of each scenario come to, and ask where that is much and somebody is there to answer.

    Raises :class:`~twin.errors.UsageError` where the answer is no. Without a terminal, or with ``yes``, the run goes on.
    """
    from twin.plant.estimate import estimate

    found = max((estimate(scenario) for scenario in scenarios), key=lambda one: one.seconds).times(runs * len(scenarios))
    if found.seconds <= SAID and found.size <= BUDGET_BYTES:
        return
    count = runs * len(scenarios)
    whole = f"{count} runs of {found}" if count > 1 else str(found)
    terminal.say(f"estimated: {whole}, over the {os.cpu_count() or 1} cores of this computer at best; Ctrl-C ends it cleanly")
    if not yes and _much(found) and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write("go on? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "j", "ja"):
            raise UsageError("not begun; larger lots, longer record steps or a shorter horizon make it quicker, and --yes begins without asking")


def plants_of(base: Scenario | Cluster) -> list[Scenario]:
    """The plant, or those of a cluster."""
    from twin.scenario import Scenario

    return [base] if isinstance(base, Scenario) else list(base.sites.values())


def _much(found: Estimate) -> bool:
    return found.seconds > BUDGET_SECONDS or found.size > BUDGET_BYTES
