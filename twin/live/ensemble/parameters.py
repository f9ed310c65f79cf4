"""Parameters of a plant that nobody measures and that drift slowly: what is believed of each, and what a member's value changes in the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.fit.calibrate.priors import EDGE, Prior
from twin.quantities import parse
from twin.scenario import Scenario
from twin.scenario.places import Plain, split
from twin.study.factors import written

Floats = NDArray[np.float64]
DRIFT = 0.03
"""By so many standard deviations of its prior a parameter may wander in a day, where nothing else is said."""


@dataclass(frozen=True)
class SlowParameter:
    """``prior``: what is believed of it before the plant is seen. ``instead_of``: a path that gives what this one takes, as of two shares of a composition.

    ``drift``: its wandering in a day, in standard deviations of the prior.
    """

    prior: Prior
    instead_of: str = ""
    drift: float = DRIFT


def first_values(parameters: Sequence[SlowParameter], members: int, seed: int) -> Floats:
    """Return standard normal numbers (member, parameter) of mean 0 and deviation 1 exactly, uncorrelated in the mean over seeds."""
    if members < 2:
        raise UsageError(f"an ensemble has at least 2 members (got {members})")
    drawn = np.random.Generator(np.random.Philox([seed, 0])).standard_normal((members, len(parameters)))
    return np.asarray(np.clip((drawn - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1), -EDGE, EDGE))


class Changes:
    """What values change in a scenario, by path."""

    def __init__(self, scenario: Scenario, parameters: Sequence[SlowParameter]) -> None:
        self.parameters = tuple(parameters)
        self._base = {}
        for parameter in self.parameters:
            for path in (parameter.prior.path, parameter.instead_of):
                if path:
                    self._base[path] = number_of(scenario, path, parameter.prior.unit)

    def of(self, u: Sequence[float]) -> dict[str, Plain]:
        """Return the changes at standard normal numbers, one a parameter."""
        changes: dict[str, Plain] = {}
        given = dict(self._base)
        for parameter, one in zip(self.parameters, u, strict=True):
            prior = parameter.prior
            value = float(prior.value(one))
            changes[prior.path] = written(value, prior.unit)
            if parameter.instead_of:
                given[parameter.instead_of] += self._base[prior.path] - value
                changes[parameter.instead_of] = written(max(given[parameter.instead_of], 0.0), prior.unit)
        return changes


def number_of(scenario: Scenario, path: str, si: str) -> float:
    """Return the number of the scenario at a path, SI."""
    node: Plain = scenario.merged
    for part in split(path):
        if isinstance(node, dict) and "value" in node and part not in node:
            node = node["value"]
        try:
            node = node[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            raise UsageError(f"{path}: the scenario says nothing at {part!r}; a slow parameter is a number that stands in the scenario") from None
    if isinstance(node, dict) and "value" in node:
        node = node["value"]
    return parse(node, si)
