"""A film of a day: the run of a results file made again up to that day, and through it minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from twin.engine.states import STATES
from twin.errors import UsageError
from twin.plant.plant import Plant
from twin.quantities import DAY
from twin.results.held import contradictions
from twin.results.read import open_file
from twin.scenario import load_stored
from twin.scenario.kinds.bunker import Bunker

MINUTE = 60.0
BEFORE = 0.5
"""Share of the progress that the days before are said to take; how long they take is not known."""


def film(path: Path, day: int, told: Callable[[float], None]) -> dict[str, Any]:
    """Return levels (t) at the end of each minute of a day (1 is the first) and the state in which each unit spent most of the minute.

    The random numbers are those of the file, so the levels at the hours are those of the run to the last bit. Raises :class:`~twin.errors.UsageError` for a day
    that the run does not have.
    """
    with open_file(path) as result, contradictions(path):
        scenario, replication = load_stored(result.scenario, result.files), int(result.attrs["replication"])
    last = max(1, -(-round(scenario.horizon) // round(DAY)))
    if not 1 <= day <= last:
        raise UsageError(f"the run has the days 1 to {last} (got {day})")
    plant = Plant(scenario.change({"record.every": "1 min"}), replication)
    begin = (day - 1) * DAY
    steps = 10
    for k in range(steps if begin else 0):
        plant.run(begin * (k + 1) / steps)
        told(BEFORE * (k + 1) / steps)
    bunkers = [name for name, model in scenario.units.items() if isinstance(model, Bunker)]
    units = [name for name, model in scenario.units.items() if name not in bunkers and scenario.kinds[name].role not in ("feed", "product")]
    known = [state for state in STATES if units and plant.observes(f"state.{units[0]}.{state}")]
    names = [f"level.{name}" for name in bunkers] + [f"state.{name}.{state}" for name in units for state in known]
    minutes = int(min(DAY, scenario.horizon - begin) // MINUTE)
    levels: list[list[float]] = [[] for _ in bunkers]
    states: list[list[int]] = [[] for _ in units]
    for minute in range(1, minutes + 1):
        plant.run(begin + minute * MINUTE)
        seen = plant.observe(names)
        for k, level in enumerate(seen[: len(bunkers)].tolist()):
            levels[k].append(round(level / 1000.0, 4))
        for k, shares in enumerate(seen[len(bunkers) :].reshape(len(units), len(known))):
            states[k].append(int(shares.argmax()) if shares.max(initial=0.0) > 0.0 else -1)
        if minute % 20 == 0:
            told(BEFORE + (1.0 - BEFORE) * minute / minutes)
    return {
        "day": day,
        "days": last,
        "begin": (scenario.start + timedelta(seconds=begin)).isoformat(timespec="minutes"),
        "minutes": minutes,
        "levels": [{"name": name, "capacity": round(plant.capacities[name] / 1000.0, 4), "values": own} for name, own in zip(bunkers, levels, strict=True)],
        "states": [{"name": name, "values": own} for name, own in zip(units, states, strict=True) if max(own, default=-1) >= 0],
        "state_names": known,
    }
