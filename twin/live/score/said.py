"""Reads the files that a score is made from: what the twin said, and the truth of an emulated plant. Either may end in half a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SaidForecast:
    """At ``time`` s: ``values`` (quantity, lead, member), SI."""

    time: float
    leads: tuple[float, ...]
    quantities: tuple[str, ...]
    values: Floats


@dataclass
class Said:
    """What a twin said. ``levels`` and ``parameters``: (window, [mean, low, high]) by name, at ``times`` s of the plant's clock."""

    start: float
    window: float
    capacities: dict[str, float]
    measured: tuple[str, ...]
    tags: str
    times: list[float] = field(default_factory=list)
    levels: dict[str, list[list[float]]] = field(default_factory=dict)
    parameters: dict[str, list[list[float]]] = field(default_factory=dict)
    forecasts: list[SaidForecast] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Truth:
    """What was hidden: ``values`` (SI) by quantity at the times that were asked for; ``hidden``: values by path as written; ``faults`` of signals."""

    start: float
    hidden: dict[str, Any]
    faults: list[dict[str, Any]]
    later: list[dict[str, Any]]
    stops: list[dict[str, Any]]
    values: dict[float, Mapping[str, float]] = field(default_factory=dict)


def _lines(path: Path, what: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return  # it is being written, or its writer was killed
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    raise FileError(f"{path}: line {number} is no JSON; is this {what}?") from None
                if not isinstance(row, dict):
                    raise FileError(f"{path}: line {number} is no JSON object; is this {what}?")
                yield row
    except OSError as error:
        raise FileError(f"{path}: {what} cannot be read ({error.strerror})") from None


def read_said(path: Path) -> Said:
    """Return what a twin said. Raises :class:`~twin.errors.FileError` for a file that is none."""
    rows = _lines(path, "what a twin said (estimates.jsonl of its folder)")
    head = next(rows, {})
    if head.get("estimates") != 1:
        raise FileError(f"{path}: is not what a twin said: its first line must hold 'estimates': 1; give the folder of 'twin live'")
    try:
        said = Said(float(head["start"]), float(head["window"]), dict(head["capacities"]), tuple(head["measured"]), str(head["tags"]))
        for row in rows:
            _take(said, row)
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__} {error}); move it away, and let 'twin live' follow the history anew") from None
    return said


def _take(said: Said, row: Mapping[str, Any]) -> None:
    time = float(row["time"])
    if "levels" in row:
        said.times.append(time)
        for kept, found in ((said.levels, row["levels"]), (said.parameters, row["parameters"])):
            for name, numbers in found.items():
                mean, low, high = numbers
                kept.setdefault(name, []).append([float(mean), float(low), float(high)])
    elif "forecast" in row:
        found = row["forecast"]
        leads, quantities, values = tuple(map(float, found["leads"])), tuple(map(str, found["quantities"])), np.array(found["values"], dtype=float)
        if values.ndim != 3 or values.shape[:2] != (len(quantities), len(leads)) or values.shape[2] < 2:
            raise ValueError(f"a forecast of the shape {values.shape}")
        said.forecasts.append(SaidForecast(time, leads, quantities, values))
    elif "alarm" in row or "joins" in row:
        found = row["alarm" if "alarm" in row else "joins"]
        own = {key: str(found[key]) for key in ("signal", "kind", "text")} | {"time": time, "joins": "joins" in row}
        said.alarms.append(own | {"signals": [own["signal"], *map(str, found.get("signals", []))]})


def read_truth(path: Path, window: float, start: float) -> Truth:
    """Return the truth at ends of windows of ``window`` s. Raises :class:`~twin.errors.FileError` for a file that is none, or is of another start."""
    rows = _lines(path, "the truth of an emulated plant (twin emulate --truth)")
    head = next(rows, {})
    if head.get("truth") != 1:
        raise FileError(f"{path}: is no truth of an emulated plant: its first line must hold 'truth': 1; 'twin emulate --truth FILE' writes one")
    try:
        truth = Truth(float(head["start"]), dict(head["hidden"]), list(head["faults"]), list(head.get("later", [])), list(head["stops"]))
        if abs(truth.start - start) > 1.0:
            raise FileError(f"{path}: the plant of this truth began {truth.start - start:+.0f} s from that of the twin; give the truth of the same run")
        for row in rows:
            if "values" in row and _at_an_end(float(row["time"]) - start, window):
                truth.values[round(float(row["time"]), 3)] = {name: math.nan if value is None else float(value) for name, value in row["values"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__} {error})") from None
    return truth


def _at_an_end(since: float, window: float) -> bool:
    return abs(since / window - round(since / window)) * window < 1e-3
