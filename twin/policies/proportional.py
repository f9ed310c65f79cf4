"""A set point that moves with a quantity, in a straight line between two points."""

from __future__ import annotations

from collections.abc import Iterator

from twin.scenario.policy import Floats, Policy, PolicyParameter, Values


def decide(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Return ``at_low`` where the quantity is ``low`` or less, ``at_high`` where it is ``high`` or more, and in between what a straight line gives.

    A mill that runs at 5 t/h below 2 t in the bunker before it and at 20 t/h above 8 t runs at 12.5 t/h with 5 t there:

    >>> decide((5.0,), (), {"low": 2.0, "high": 8.0, "at_low": 5.0, "at_high": 20.0})
    ((12.5,), ())
    """
    low, high, at_low, at_high = (float(parameters[name]) for name in ("low", "high", "at_low", "at_high"))  # type: ignore[arg-type]
    share = min(1.0, max(0.0, (observed[0] - low) / (high - low)))
    return (at_low + share * (at_high - at_low),), memory


def check(parameters: Values) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: ``high`` must be above ``low``."""
    if not parameters["high"] > parameters["low"]:  # type: ignore[operator]
        yield "high", "must be more than 'low'"


POLICY = Policy(
    name="proportional",
    decide=decide,
    reads=("quantity",),
    sets=("value",),
    parameters={
        "low": PolicyParameter("reads.quantity", "Up to here the set point is `at_low`."),
        "high": PolicyParameter("reads.quantity", "From here on it is `at_high`."),
        "at_low": PolicyParameter("sets.value", "The set point at `low`."),
        "at_high": PolicyParameter("sets.value", "The set point at `high`."),
    },
    check=check,
    summary="A set point that moves with a quantity, in a straight line between two points.",
)
