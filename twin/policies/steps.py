"""A set point that goes up or down in steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

from twin.scenario.policy import Floats, Policy, PolicyParameter, Values


def decide(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Return the value of the step that the quantity is on: the first below the first threshold, the next from there on, and so forth.

    >>> decide((4.0,), (), {"thresholds": (2.0, 4.0), "values": (10.0, 15.0, 20.0)})
    ((20.0,), ())
    """
    thresholds, values = parameters["thresholds"], parameters["values"]
    assert isinstance(thresholds, tuple) and isinstance(values, tuple)
    return (values[bisect_right(thresholds, observed[0])],), memory


def check(parameters: Values) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: thresholds must rise, and there must be one value more than thresholds."""
    thresholds, values = parameters["thresholds"], parameters["values"]
    assert isinstance(thresholds, tuple) and isinstance(values, tuple)
    if any(later <= earlier for earlier, later in pairwise(thresholds)):
        yield "thresholds", "must rise from each to the next"
    if len(values) != len(thresholds) + 1:
        yield "values", f"one more than 'thresholds' is needed, {len(thresholds) + 1} (got {len(values)})"


POLICY = Policy(
    name="steps",
    decide=decide,
    reads=("quantity",),
    sets=("value",),
    parameters={
        "thresholds": PolicyParameter("reads.quantity", "Where the next step begins, rising.", many=True),
        "values": PolicyParameter("sets.value", "The set point on each step: below the first threshold, from there on, and so forth.", many=True),
    },
    check=check,
    summary="A set point that goes up or down in steps, at thresholds of a quantity.",
)
