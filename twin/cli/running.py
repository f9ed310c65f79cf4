"""Around a run: kernels that are not compiled yet, an interrupt, a state that was kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from twin.cli import replications, tables
from twin.cli.signals import Interrupted
from twin.scenario import Scenario

COMPILING = "compiling kernels, once"


def compile_if_cold(scenario: Scenario) -> None:
    """Where nothing is compiled yet, say so on stderr and compile what the plant needs under a bar; to be called before anything that runs is imported."""
    from twin.study.nursery import are_cold, modules_for

    if not are_cold(scenario.kinds):
        return
    modules = modules_for(scenario.kinds)
    print(f"{COMPILING}: the first run takes up to a minute longer", file=sys.stderr)
    with replications.progress(COMPILING) as show:
        for done, module in enumerate(modules):
            show(done, len(modules))
            import_module(module)


@contextmanager
def told(show: tables.Progress, out: Path) -> Iterator[None]:
    """Say, after an interrupt, how far a run was and what is kept of it."""
    try:
        yield
    except KeyboardInterrupt:
        kept = f"{out} is as it was before" if out.exists() else "nothing was written"
        raise Interrupted(f"interrupted at {show.text()}: {kept}") from None


def show_saved(path: Path, as_json: bool) -> None:
    """Say where a state was kept."""
    print(json.dumps({"state": str(path)}) if as_json else f"state kept in {path}; go on with 'twin resume {path}'")
