"""The plant's part of the public face: load with topology, run, save, resume."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from twin.errors import UsageError
from twin.plant import topology
from twin.scenario import Scenario
from twin.scenario import load as load_scenario
from twin.scenario import load_stored as load_stored_scenario

if TYPE_CHECKING:
    from twin.plant.simulate import Progress
    from twin.results.read import Result


def load(source: str | bytes | os.PathLike[str] | Mapping[str, Any], *, files: Mapping[str, str] | None = None) -> Scenario:
    """Load a scenario from a YAML file, a YAML text or a mapping, and check it, its connections included.

    ``files`` are texts of catalogues and CSVs that are taken instead of files of that name; a text or mapping with ``files`` reads no others. Raises
    :class:`~twin.errors.ScenarioError` with all problems and their places.
    """
    scenario = load_scenario(source, files=files)
    topology.derive(scenario)
    return scenario


def load_stored(text: str, files: Mapping[str, str]) -> Scenario:
    """Load the scenario that a results or study file holds, and check it; it reads no file but those in ``files``, whatever it says."""
    scenario = load_stored_scenario(text, files)
    topology.derive(scenario)
    return scenario


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    seed: int | None = None,
    replication: int = 0,
    out: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a scenario (or the file of one) to its horizon and return the result.

    Without ``out`` nothing is written to disk. ``seed`` replaces the scenario's; ``replication`` (0, 1, …) picks an independent run of the same seed. Nothing
    is printed; ``progress(time, horizon)``, both in s, is called now and then. Raises :class:`~twin.errors.RunError` where the run fails or does not close.
    """
    from twin.plant import simulate

    return simulate.run(_ready(scenario, seed), out=None if out is None else Path(out), replication=replication, progress=progress)


def run_until(
    scenario: Scenario | str | os.PathLike[str],
    until: float,
    save: str | os.PathLike[str],
    *,
    seed: int | None = None,
    replication: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Run up to ``until`` (s from the start; events at that instant are not done), keep the state in the file ``save`` and return its path."""
    from twin.plant import simulate

    return simulate.run_until(_ready(scenario, seed), until, Path(save), replication=replication, progress=progress)


@overload
def resume(state: str | os.PathLike[str], *, out: str | os.PathLike[str] | None = None, force: bool = False, progress: Progress | None = None) -> Result: ...
@overload
def resume(state: str | os.PathLike[str], *, until: float, save: str | os.PathLike[str], force: bool = False, progress: Progress | None = None) -> Path: ...
def resume(
    state: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    until: float | None = None,
    save: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Result | Path:
    """Go on from a saved state to the horizon, or to ``until`` with another ``save``.

    The result has the digest of the undisturbed run. Raises :class:`~twin.errors.UsageError` where code or versions differ from those that saved, unless
    ``force``.
    """
    from twin.plant import simulate

    if (until is None) != (save is None) or (save is not None and out is not None):
        raise UsageError("'until' and 'save' belong together, and exclude 'out': the state at that time is kept in the file 'save'")
    if until is not None and save is not None:
        return simulate.resume_until(Path(state), until, Path(save), force=force, progress=progress)
    return simulate.resume(Path(state), out=None if out is None else Path(out), force=force, progress=progress)


def _ready(scenario: Scenario | str | os.PathLike[str], seed: int | None) -> Scenario:
    loaded = scenario if isinstance(scenario, Scenario) else load(scenario)
    return loaded.change({"seed": seed}) if seed is not None and seed != loaded.seed else loaded
