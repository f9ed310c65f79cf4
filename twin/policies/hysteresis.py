"""A set point of two values that does not flicker: it changes at one level and changes back at another."""

from __future__ import annotations

from collections.abc import Iterator

from twin.scenario.policy import Floats, Policy, PolicyParameter, Values


def decide(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Return ``raised`` from when the quantity has reached ``up`` until it has fallen to ``down``, else ``normal``. The memory is 1 while it is raised.

    >>> limits = {"up": 8.0, "down": 3.0, "normal": 10.0, "raised": 15.0}
    >>> decide((5.0,), (0.0,), limits), decide((5.0,), (1.0,), limits)
    (((10.0,), (0.0,)), ((15.0,), (1.0,)))
    """
    raised = observed[0] >= parameters["up"] or (memory[0] > 0.0 and observed[0] > parameters["down"])  # type: ignore[operator]
    return (float(parameters["raised" if raised else "normal"]),), (1.0 if raised else 0.0,)  # type: ignore[arg-type]


def check(parameters: Values) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: ``up`` must be above ``down``."""
    if not parameters["up"] > parameters["down"]:  # type: ignore[operator]
        yield "up", "must be more than 'down'"


POLICY = Policy(
    name="hysteresis",
    decide=decide,
    reads=("quantity",),
    sets=("value",),
    parameters={
        "up": PolicyParameter("reads.quantity", "From here on the set point is `raised`."),
        "down": PolicyParameter("reads.quantity", "It stays so until the quantity has fallen to this."),
        "normal": PolicyParameter("sets.value", "The set point otherwise."),
        "raised": PolicyParameter("sets.value", "The set point from `up` down to `down`."),
    },
    memory=(0.0,),
    check=check,
    summary="A set point of two values that changes at one level and changes back at a lower one.",
)
