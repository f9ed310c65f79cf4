"""Policies as somebody else's package would bring them; tests install them under their names."""

from __future__ import annotations

import math

from twin.scenario.policy import Floats, Policy, PolicyParameter, Values


def cautious(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Follow the level with a lag, and slow the second machine down where the first works little. It asks for more than the bounds let it have."""
    level, works = observed
    lag = float(parameters["lag"])  # type: ignore[arg-type]
    mean = memory[0] + (level - memory[0]) * lag
    slow = math.nan if memory[1] < 3 else float(parameters["slow"]) * (0.5 + works)  # type: ignore[arg-type]
    return (mean / 3600.0, slow), (mean, memory[1] + 1.0)


POLICY = Policy(
    name="cautious",
    decide=cautious,
    reads=("level", "works"),
    sets=("first", "second"),
    parameters={"lag": PolicyParameter("1", "Share of the way to the level at each asking.", default=0.25), "slow": PolicyParameter("sets.second")},
    memory=(0.0, 0.0),
    summary="A set point that lags behind a level.",
)


def failing(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Divide by nothing."""
    return (observed[0] / 0.0,), memory


FAILING = Policy(name="failing", decide=failing, reads=("q",), sets=("v",))
MISCOUNTING = Policy(name="miscounting", decide=lambda observed, memory, parameters: ((1.0, 2.0), ()), reads=("q",), sets=("v",))
