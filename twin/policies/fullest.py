"""A choice between places by what lies in them: the fullest one, and another only when that holds clearly more."""

from __future__ import annotations

from twin.scenario.policy import Floats, Policy, PolicyParameter, Values


def decide(observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
    """Return the number, from 1, of the quantity that is largest; the memory is the one chosen before, which stays until another is more than ``margin`` above.

    With 12, 20 and 26 t in three yards and a margin of 10 t a line that works off the second stays with it; it goes over when the third holds 31 t.

    >>> decide((12e3, 20e3, 26e3), (2.0,), {"margin": 10e3}), decide((12e3, 20e3, 31e3), (2.0,), {"margin": 10e3})
    (((2.0,), (2.0,)), ((3.0,), (3.0,)))
    """
    best = max(range(len(observed)), key=lambda place: (observed[place], -place))
    before = round(memory[0]) - 1
    if before >= 0 and observed[best] <= observed[before] + float(parameters["margin"]):  # type: ignore[arg-type]
        best = before
    return (best + 1.0,), (best + 1.0,)


POLICY = Policy(
    name="fullest",
    decide=decide,
    reads=("quantities",),
    many=True,
    sets=("value",),
    parameters={"margin": PolicyParameter("reads.quantities", "By how much another must be above the one chosen before.")},
    memory=(0.0,),
    summary="A choice by number: the largest of several quantities, such as the yard that is fullest, kept until another is clearly larger.",
)
