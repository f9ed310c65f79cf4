"""The scenario that a command is given, with what ``--set`` and ``--seed`` change in it, and the file that its results go to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.cli.terminal import say
from twin.errors import ScenarioError, UsageError
from twin.plant import topology
from twin.plant.api import load
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.loading import CHANGE


def scenario_of(options: argparse.Namespace) -> Scenario:
    """The scenario with what ``--set`` and ``--seed`` change."""
    changes = changes_of(options.set)
    if getattr(options, "seed", None) is not None:
        changes["seed"] = options.seed
    scenario = load(Path(options.scenario))
    if not changes:
        return scenario
    try:
        changed = scenario.change(changes)
        topology.derive(changed)
    except ScenarioError as error:
        named = [replace(problem, file="--set") if problem.file == CHANGE else problem for problem in error.problems]
        raise ScenarioError(named) from None
    return changed


def changes_of(items: Sequence[str]) -> dict[str, Any]:
    """What ``--set`` changes: values by path."""
    changes: dict[str, Any] = {}
    for item in items:
        path, equals, text = item.partition("=")
        if not equals or not path.strip():
            raise UsageError(f'--set needs PATH=VALUE, e.g. units.screen.aperture="10 mm" (got {item!r})')
        changes[path.strip()] = _value(text)
    return changes


def _value(text: str) -> object:
    """A value of ``--set`` as it would be read from YAML."""
    from twin.scenario.yaml_source import parse_yaml

    return parse_yaml(f"value: {text}\n", "--set").plain()["value"]  # type: ignore[index,call-overload]


def output_of(options: argparse.Namespace, scenario: Scenario | Cluster) -> Path:
    """Where results go: with ``--set`` and no ``-o`` to a name of their own, so that the run of the scenario as it stands is kept beside them."""
    if options.output is not None:
        return Path(options.output)
    if not options.set:
        return Path(f"{scenario.name}.h5")
    out = Path(f"{scenario.name}-set-{scenario.sha256[:8]}.h5")
    say(f"--set without -o: results go to {out}, {scenario.name}.h5 is left as it is")
    return out
