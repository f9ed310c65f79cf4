"""A digital-twin simulation engine for recycling plants.

>>> import twin
>>> scenario = twin.load("weee_line.yaml")                        # doctest: +SKIP
>>> result = twin.run(scenario, seed=3)                           # doctest: +SKIP
>>> result.kpis["throughput"].value                               # doctest: +SKIP

Nothing is imported before it is used, so that ``import twin`` and ``twin --help`` start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import TwinError

if TYPE_CHECKING:
    from twin.fit.api import import_table, reliability
    from twin.fit.calibrate.calibrate import calibrate
    from twin.fit.control.environment import PlantEnvironment
    from twin.fit.optimise.plant import optimise
    from twin.fit.reconcile.outcome import reconcile
    from twin.live.emulator.emulator import Emulator
    from twin.live.follower import Follower
    from twin.live.score import score
    from twin.live.tags import load_tags
    from twin.materials import builtin_catalogue as catalogue
    from twin.plant.api import load, resume, run, run_until
    from twin.plant.plant import Plant, PlantState
    from twin.plant.trace import Trace, trace
    from twin.report.bundle import bundle
    from twin.report.export import export
    from twin.report.files import report
    from twin.report.plotting import plot
    from twin.results.read import Result
    from twin.results.read import open_file as open  # noqa: A004 -- the word a user expects
    from twin.scenario.cluster import load_cluster
    from twin.scenario.model import Scenario
    from twin.scenario.schema import json_schema as schema
    from twin.scenario.starters import starter
    from twin.study.acceptance import acceptance_curve
    from twin.study.batch_test import batch_test
    from twin.study.blend import blend
    from twin.study.cite import cite
    from twin.study.compare import compare
    from twin.study.comparison import Comparison
    from twin.study.elasticities import elasticities
    from twin.study.information import information
    from twin.study.plan import week_plan
    from twin.study.read import Study
    from twin.study.replicate import Replications, replicate
    from twin.study.reproduce import reproduce
    from twin.study.sensitivity import sensitivity
    from twin.study.sweep import sweep


__version__ = "0.1.0"
"""That of ``pyproject.toml``; it stands here too so that ``twin --version`` looks at nothing else."""

__all__ = [
    "Comparison",
    "Emulator",
    "Follower",
    "Plant",
    "PlantEnvironment",
    "PlantState",
    "Replications",
    "Result",
    "Scenario",
    "Study",
    "Trace",
    "TwinError",
    "acceptance_curve",
    "batch_test",
    "blend",
    "bundle",
    "calibrate",
    "catalogue",
    "cite",
    "compare",
    "elasticities",
    "export",
    "import_table",
    "information",
    "load",
    "load_cluster",
    "load_tags",
    "open",
    "optimise",
    "plot",
    "reconcile",
    "reliability",
    "replicate",
    "report",
    "reproduce",
    "resume",
    "run",
    "run_until",
    "schema",
    "score",
    "sensitivity",
    "starter",
    "sweep",
    "trace",
    "week_plan",
]

_HOMES = {
    "Comparison": ("twin.study.comparison", "Comparison"),
    "Emulator": ("twin.live.emulator.emulator", "Emulator"),
    "Follower": ("twin.live.follower", "Follower"),
    "Plant": ("twin.plant.plant", "Plant"),
    "PlantEnvironment": ("twin.fit.control.environment", "PlantEnvironment"),
    "PlantState": ("twin.plant.plant", "PlantState"),
    "Replications": ("twin.study.replicate", "Replications"),
    "Result": ("twin.results.read", "Result"),
    "Scenario": ("twin.scenario.model", "Scenario"),
    "Study": ("twin.study.read", "Study"),
    "Trace": ("twin.plant.trace", "Trace"),
    "acceptance_curve": ("twin.study.acceptance", "acceptance_curve"),
    "batch_test": ("twin.study.batch_test", "batch_test"),
    "blend": ("twin.study.blend", "blend"),
    "bundle": ("twin.report.bundle", "bundle"),
    "calibrate": ("twin.fit.calibrate.calibrate", "calibrate"),
    "catalogue": ("twin.materials", "builtin_catalogue"),
    "cite": ("twin.study.cite", "cite"),
    "compare": ("twin.study.compare", "compare"),
    "elasticities": ("twin.study.elasticities", "elasticities"),
    "export": ("twin.report.export", "export"),
    "import_table": ("twin.fit.api", "import_table"),
    "information": ("twin.study.information", "information"),
    "load": ("twin.plant.api", "load"),
    "load_cluster": ("twin.scenario.cluster", "load_cluster"),
    "load_tags": ("twin.live.tags", "load_tags"),
    "open": ("twin.results.read", "open_file"),
    "optimise": ("twin.fit.optimise.plant", "optimise"),
    "plot": ("twin.report.plotting", "plot"),
    "reconcile": ("twin.fit.reconcile.outcome", "reconcile"),
    "reliability": ("twin.fit.api", "reliability"),
    "replicate": ("twin.study.replicate", "replicate"),
    "reproduce": ("twin.study.reproduce", "reproduce"),
    "resume": ("twin.plant.api", "resume"),
    "run": ("twin.plant.api", "run"),
    "run_until": ("twin.plant.api", "run_until"),
    "schema": ("twin.scenario.schema", "json_schema"),
    "score": ("twin.live.score", "score"),
    "sensitivity": ("twin.study.sensitivity", "sensitivity"),
    "starter": ("twin.scenario.starters", "starter"),
    "sweep": ("twin.study.sweep", "sweep"),
    "trace": ("twin.plant.trace", "trace"),
    "week_plan": ("twin.study.plan", "week_plan"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name == "report":  # the package of this name, which can be called
        from importlib import import_module

        return import_module("twin.report")
    if name not in _HOMES:
        raise AttributeError(f"module 'twin' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    found = getattr(import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "errors"])
