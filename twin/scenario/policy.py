"""A policy: how a set point follows from what is observed, declared once, and how it is found.

A policy is a pure function with a table of its parameters. Those of twin are named in :data:`OWN`; those of a user are found by the entry-point group
``twin.policies``, as kinds are by ``twin.kinds``. Only what is asked for is imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TypeAlias

from twin.errors import UsageError
from twin.scenario.problems import nearest

GROUP = "twin.policies"
OWN = {
    "fullest": "twin.policies.fullest:POLICY",
    "hysteresis": "twin.policies.hysteresis:POLICY",
    "proportional": "twin.policies.proportional:POLICY",
    "steps": "twin.policies.steps:POLICY",
}
"""The policies that come with twin."""

Floats: TypeAlias = tuple[float, ...]
Value: TypeAlias = float | Floats
Values: TypeAlias = Mapping[str, Value]
"""The parameters of a policy by name, in SI: a number, or a list of them."""
Decide: TypeAlias = Callable[[Floats, Floats, Values], tuple[Floats, Floats]]
READS, SETS = "reads", "sets"
RESERVED = ("policy", "title", "every", "ask", READS, SETS, "bounds", "choices")
"""Keys of an entry of ``policies`` that no parameter may be called by."""


@dataclass(frozen=True)
class PolicyParameter:
    """A parameter: its SI unit, or ``reads.ROLE`` or ``sets.ROLE`` where it has that of what is read or set; needed where it has no ``default``.

    ``many``: a list of numbers.
    """

    unit: str
    description: str = ""
    default: Value | None = None
    many: bool = False


def nothing_wrong(parameters: Values) -> Iterator[tuple[str, str]]:
    """Yield (parameter, message) of what is wrong with the parameters together: nothing."""
    yield from ()


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy.

    ``decide(observed, memory, parameters)`` returns the action and the new memory: ``observed`` are the quantities of ``reads`` in SI and in that order, all
    with a value, the action the values of ``sets`` in theirs. It keeps nothing between two calls but its ``memory``, of which this is the first, and draws
    nothing. A value of an action that is no number (NaN) leaves its set point as it is. ``check`` yields (parameter, message) of what is wrong with
    parameters together. With ``many`` it reads a list of quantities of one unit, under its one word.
    """

    name: str
    decide: Decide
    reads: tuple[str, ...]
    sets: tuple[str, ...]
    parameters: Mapping[str, PolicyParameter] = field(default_factory=dict)
    memory: Floats = ()
    check: Callable[[Values], Iterator[tuple[str, str]]] = nothing_wrong
    summary: str = ""
    many: bool = False

    def __reduce__(self) -> tuple[Callable[[str], Policy], tuple[str]]:
        """A policy is pickled by its name, so that scenarios can go to other processes."""
        return find, (self.name,)

    def decided(self, observed: Floats, memory: Floats, parameters: Values) -> tuple[Floats, Floats]:
        """Return the action and the new memory as floats.

        Raises ``UsageError`` where the policy raises anything, or gives other than as many numbers as it declares, or a memory that is no number.
        """
        try:
            action, kept = self.decide(observed, memory, parameters)
            action, kept = tuple(float(value) for value in action), tuple(float(value) for value in kept)
        except Exception as error:  # whatever a policy of somebody else raises
            raise UsageError(f"its 'decide' failed: {type(error).__name__}: {error}; it got {observed}, memory {memory}") from error
        if len(action) != len(self.sets) or len(kept) != len(self.memory):
            raise UsageError(f"its 'decide' must return {len(self.sets)} values and a memory of {len(self.memory)} (got {len(action)} and {len(kept)})")
        if not all(math.isfinite(value) for value in kept):
            raise UsageError(f"its memory must be finite numbers (got {kept})")
        return action, kept


@cache
def _entries() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        found.setdefault(entry.name, entry)
    return found


def names() -> tuple[str, ...]:
    """Return the names of all installed policies, sorted."""
    return tuple(sorted(dict.fromkeys([*OWN, *_entries()])))


def find(name: str) -> Policy:
    """Return the policy of that name; raises ``UsageError`` for a name that no installed package declares, or that leads to no right declaration."""
    if name in OWN:
        module, _, attribute = OWN[name].partition(":")
        policy = getattr(import_module(module), attribute)
        assert isinstance(policy, Policy)
        return policy
    if name not in _entries():
        raise UsageError(f"unknown policy {name[:80]!r}; {nearest(name, names())}")
    entry = _entries()[name]
    policy = entry.load()
    if not isinstance(policy, Policy) or policy.name != name:
        raise UsageError(f"the entry point {name!r} ({entry.value}) does not lead to a Policy of that name")
    reserved = [key for key in policy.parameters if key in RESERVED]
    if reserved or not policy.reads or not policy.sets:
        raise UsageError(f"the policy {name!r} ({entry.value}) must read and set something, and call no parameter {', '.join(reserved or RESERVED)}")
    return policy
