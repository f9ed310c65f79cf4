"""Readings that tell of trucks and stops, as what happened to the plant; and back."""

from __future__ import annotations

import math

from twin.live.readings import Reading
from twin.live.tags.tags import Tag, Tags
from twin.quantities import NANOSECONDS
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.units.ground.inputs import Input

LARGEST = 1e9
"""No truck is so heavy, kg: what says so is none."""


def input_of(tags: Tags, reading: Reading) -> Input | None:
    """Return what a reading says that happened; None for one of another tag, one that is no number or not good, and a mass that no truck has."""
    tag = tags.get(reading.signal)
    if tag is None or not tag.input or not tag.use or not reading.good or not math.isfinite(reading.value):
        return None
    time = round(tags.since_start(reading.time) * NANOSECONDS)
    what = _what(tags.scenario, tag.input)
    if what == "stop":
        return Input(time, "stop" if reading.value >= 0.5 else "restart", tag.input, 0.0, tag.copy)
    mass = tag.to_si(reading.value)
    return Input(time, "delivery" if what == "delivery" else "pickup", tag.input, mass) if 0.0 < mass < LARGEST else None


def reading_of(tag: Tag, happened: Input, start: float, sequence: int) -> Reading:
    """Return how a tag tells of what happened; ``start``: the plant's clock at the scenario's start."""
    value = float(happened.what == "stop") if happened.what in ("stop", "restart") else tag.written(happened.mass)
    return Reading(tag.signal, start + happened.time / NANOSECONDS, value, True, sequence)


def _what(scenario: Scenario, unit: str) -> str:
    model = scenario.units[unit]
    if isinstance(model, MachineModel):
        return "stop"
    return "delivery" if scenario.kinds[unit].role == "feed" else "pickup"
