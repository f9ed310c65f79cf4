"""A twin at work for weeks: of a smelter, and of the WEEE line with a memory that does not grow. Long: part of 'make soak'."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.live.emulator.emulator import Emulator
from twin.live.emulator.study_file import load_emulation
from twin.live.following import RowFollower
from twin.live.history import Row
from twin.live.tags import Tags, load_tags

DAY = 86400.0
SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMELTER_DAYS = 7.0
LINE_DAYS = 84.0
EVERY = 14 * DAY
"""From one look at the memory to the next."""
STATUS = Path("/proc/self/status")


def tags_of(scenario: Path, unread: tuple[str, ...], members: int) -> Tags:
    """All inputs, and all levels but some, read every quarter of an hour with an error of 3 % of the capacity, and which lines run and starve."""
    plant = twin.Plant(scenario, live=True)
    tags: dict[str, Any] = {f"IN_{name}": {"input": name} | ({"unit": "t"} if name in plant.inputs and _weighed(plant, name) else {}) for name in plant.inputs}
    for name, capacity in plant.capacities.items():
        if name not in unread:
            tags[f"L_{name}"] = {"quantity": f"level.{name}", "unit": "kg", "error": f"{0.03 * capacity:.0f} kg", "every": "15 min"}
    for line in plant.lines:
        for state in ("", ".starved", ".blocked"):
            tags[f"S_{line.line}{state}"] = {"quantity": f"state.{line.line}{state}", "unit": "1", "every": "15 min"}
    tree = {"live": 1, "plant": {"scenario": str(scenario), "start": "2026-01-05T06:00+01:00"}, "sources": {"log": {"file": "none.csv"}}, "tags": tags}
    return load_tags(tree | {"estimate": {"members": members}})


def _weighed(plant: twin.Plant, name: str) -> bool:
    role = plant.scenario.kinds[name].role if name in plant.scenario.kinds else ""
    return role in ("feed", "product")


def followed(tags: Tags, days: float, seed: int) -> Iterator[tuple[RowFollower, Emulator]]:
    """Follow an emulated plant, and stop after each window."""
    emulator, follower = Emulator(tags, load_emulation(None, tags, seed)), RowFollower(tags, watched=False)
    number = 0
    for part in emulator.run(days * DAY):
        rows = [Row(number + k + 1, reading, reading.time) for k, reading in enumerate(part.readings)]
        number += len(rows)
        follower.take(rows)
        yield follower, emulator


def resident() -> float:
    """The memory of this process, MB."""
    gc.collect()
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return float(line.split()[1]) / 1024.0


@pytest.mark.soak
def test_a_week_of_a_smelter() -> None:
    """Levels are known better than they are read, nine-of-ten intervals hold most of them, and furnaces hold what the twin says give or take what chance does."""
    tags = tags_of(SCENARIOS / "copper_smelter.yaml", (), 10)
    errors, held, moved = [], [], 0.0
    names = [f"level.{name}" for name in twin.Plant(tags.scenario).capacities]
    emulator = None
    for follower, emulator in followed(tags, SMELTER_DAYS, 5):
        ensemble = follower.follower.ensemble
        if ensemble.time < DAY or abs(emulator.time - ensemble.time) > 900.0 + 1.0 or not ensemble.innovations.rows:
            before = emulator.plant.observe(names)
            continue
        capacity = np.array(list(ensemble.capacities.values()))
        known = ensemble.levels()  # of one window ago: the last one waits for late readings
        errors.append((np.array([row.mean for row in known]) - before) / capacity)
        held.append([row.low - 1.0 <= value <= row.high + 1.0 for row, value in zip(known, before.tolist(), strict=True)])
        before = emulator.plant.observe(names)
        moved = max(moved, float(np.abs(before / capacity).max()))
    assert emulator is not None and moved > 0.0
    inside = {row.quantity: row for row in ensemble.inside()}
    true = {name: value for name, value in emulator.plant.inside().items() if math.isfinite(value)}
    metal = [name for name in true if name.startswith("bath.") and name.endswith(".metal.Cu") and name in inside]
    off = [abs(inside[name].mean - true[name]) for name in metal]
    print(f"rms error {np.sqrt(np.mean(np.square(errors))):.4f}, held {np.mean(held):.3f}, copper of {len(metal)} baths off by {max(off):.3f} at most")
    assert np.sqrt(np.mean(np.square(errors))) < 0.03
    assert np.mean(held) > 0.75
    assert metal and max(off) < 0.15


@pytest.mark.soak
@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is read from /proc")
def test_twelve_weeks_of_the_weee_line_do_not_grow() -> None:
    """Ten weeks after the second the process may hold 5 % more; one that kept a window's numbers of its members alone would hold far more."""
    tags = tags_of(SCENARIOS / "weee_line.yaml", ("ferrous", "mix", "rest", "heavies", "concentrate"), 10)
    sizes, states, due = [], [], EVERY
    for follower, _ in followed(tags, LINE_DAYS, 6):
        if follower.ensemble_time >= due:
            due += EVERY
            sizes.append(resident())
            states.append(len(follower.follower.state()))
    print("MB", [f"{size:.0f}" for size in sizes], "state of kB", [size // 1000 for size in states])
    assert len(sizes) >= 5
    assert sizes[-1] < 1.05 * sizes[0]
    assert states[-1] < 1.2 * states[0]
