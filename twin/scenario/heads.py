"""How many there are of somebody: a number, or one by calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.quantities import shown
from twin.scenario.fields import NAME, read_name
from twin.scenario.problems import Faults, wrong


def read_heads(value: object) -> int | dict[str, int]:
    """A count, or one for each calendar."""
    if not isinstance(value, Mapping):
        if type(value) is int and value < 1:
            raise wrong(f"must be at least 1 (got {value}); for a time without any give counts by calendar")
        if type(value) is not int:
            raise wrong(f"a whole number from 1 on is needed, or one for each calendar, e.g. {{day: 3, evening: 1}} (got {shown(value)})")
        return value
    faults, found = Faults(), {}
    for name, count in value.items():
        try:
            found[read_name(name)] = count
        except ValueError as error:
            faults.add(str(error), str(name), got=name)
        if type(count) is not int or count < 0:
            faults.add(f"a whole number from 0 on is needed (got {shown(count)})", str(name), got=count)
    if not len(faults) and not any(found.values()):
        faults.add(f"at least one calendar must have one, e.g. {{day: 3, evening: 1}} (got {shown(dict(value))})", got=value)
    faults.stop_if_any()
    return found


COUNT_SCHEMA: dict[str, Any] = {"type": "integer", "minimum": 1}
SHIFTS_SCHEMA = {"type": "object", "propertyNames": {"pattern": f"^{NAME}$"}, "additionalProperties": {"type": "integer", "minimum": 0}, "minProperties": 1}
HEADS_SCHEMA: dict[str, Any] = {"anyOf": [COUNT_SCHEMA, SHIFTS_SCHEMA]}
