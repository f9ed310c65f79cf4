"""What a report is made from: one or several runs of a scenario, its plant, and sums over the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError, UsageError
from twin.plant.topology import Topology, derive
from twin.results.read import Result
from twin.results.tally import Totals
from twin.scenario import Scenario, load_stored
from twin.scenario.machine import MachineModel
from twin.study.apart import Apart

Floats = NDArray[np.float64]


class Plan:
    """A plant as it is drawn: what its units are called and which role they have, before any run or after."""

    scenario: Scenario
    topology: Topology

    def heading(self, unit: str) -> str:
        """What people call a unit: its title, or its kind."""
        model = self.scenario.units[unit]
        return model.title or model.kind.replace("_", " ")

    def role(self, unit: str) -> str:
        """The role of a unit: feed, bunker, machine, product, conveyor, process or utility."""
        return str(self.scenario.kinds[unit].role)

    def look(self, unit: str) -> str:
        """What a unit is drawn as: its role."""
        return self.role(unit)


@dataclass(frozen=True)
class Planned(Plan):
    """A plant that was not run: nothing is known of its flows."""

    scenario: Scenario
    topology: Topology


@dataclass(frozen=True)
class Source(Plan):
    """Runs of one scenario. Key figures are taken over all of them, figures and balances from the first.

    ``names`` are the names of the files, in the order given.
    """

    results: tuple[Result, ...]
    names: tuple[str, ...]
    scenario: Scenario
    topology: Topology
    totals: Totals
    doubt: Mapping[str, Apart] = field(default_factory=dict)
    """Key figures with what is not known of them by chance and by parameters, where an ensemble was given."""

    @property
    def first(self) -> Result:
        """The run that figures and balances show."""
        return self.results[0]

    @property
    def several(self) -> bool:
        """Whether there are replications, and so intervals."""
        return len(self.results) > 1

    @property
    def duration(self) -> float:
        """Length of the window in s: the record steps from the warm-up to the horizon."""
        return self.totals.duration

    @property
    def start(self) -> float:
        """Where the window begins, in s from the start of the run."""
        return float(self.scenario.horizon - self.totals.duration)

    def labels(self, axis: str) -> list[str]:
        """The labels of an axis of the file, as text."""
        return [str(label) for label in self.first.array(axis)]

    def per_second(self, variable: str) -> Floats:
        """The mean over the window of a rate or share, without its time axis."""
        return self.totals.sums[variable] / self.duration if self.duration > 0 else self.totals.sums[variable] * np.nan

    @cached_property
    def flows(self) -> Floats:
        """The mean flow of each element in each stream over the window, kg/s, (stream, element); NaN where it was not recorded."""
        return self.per_second("streams/element_flow")

    @cached_property
    def groups(self) -> dict[str, str]:
        """The line of each machine."""
        return {machine: line.name for line in self.topology.lines for machine in line.machines}

    def look(self, unit: str) -> str:
        """The role, or "outlet" of a product that earns and recovers nothing, such as waste gas."""
        product = self.totals.inputs.products.get(unit)
        return "outlet" if product is not None and not product.targets and all(price <= 0 for _, price, _ in product.price) else self.role(unit)


def takers_of(scenario: Scenario, bunker: str) -> list[str]:
    """The units that take from a bunker, in the order of the scenario."""
    found = []
    for name, model in scenario.units.items():
        taken = model.from_.names if isinstance(model, MachineModel) else getattr(model, "from_", ())
        if bunker in taken:
            found.append(name)
    return found


def gather(results: Sequence[Result], names: Sequence[str]) -> Source:
    """Return what a report of these runs is made from.

    Raises :class:`~twin.errors.UsageError` where they are not of one scenario or one replication is given twice.
    """
    if not results:
        raise UsageError("a report needs at least one results file")
    first = results[0]
    seen: dict[Any, str] = {}
    for result, name in zip(results, names, strict=True):
        if result.attrs["scenario_sha256"] != first.attrs["scenario_sha256"]:
            raise UsageError(
                f"{name} is a run of another scenario than {names[0]}: a report takes replications of one scenario; see 'twin compare' for several"
            )
        key = (result.attrs["seed"], result.attrs["replication"])
        if key in seen:
            raise UsageError(f"{name} and {seen[key]} are the same replication (seed {key[0]}, replication {key[1]}): give each once")
        seen[key] = name
    scenario = load_stored(first.scenario, first.files)
    _check_axes(first, scenario)
    return Source(tuple(results), tuple(names), scenario, derive(scenario), first.totals)


def _check_axes(result: Result, scenario: Scenario) -> None:
    """Raise ``FileError`` where the arrays of a file are not of the scenario in it."""
    for axis, names in (("unit", scenario.units), ("material", scenario.materials.names)):
        labels = [str(label) for label in result.array(axis)]
        if labels != list(names):
            raise FileError(f"{result.path or 'the result'}: its axis {axis!r} is not of the scenario in it: it was changed after it was made")
