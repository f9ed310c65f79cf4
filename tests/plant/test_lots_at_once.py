"""A lot is drawn and evaluated in one call, and handed over in one: nothing may differ from step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import parts, scenario

import twin
from twin.plant.simulate import Simulation
from twin.units.lines.delivery import Delivery
from twin.units.lines.intake import Intake
from twin.units.lines.line import Line

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"


def doors() -> twin.Scenario:
    """A line with two ports into one small bunker, of which the first may find no room where the second would, one into a heap, one that overflows into a bunker it delivers to as well, a belt and a product."""
    shares = {"a": 0.28, "b": 0.12, "c": 0.15, "d": 0.15, "e": 0.15, "f": 0.1, "g": 0.05}
    units: dict[str, Any] = {
        "jobs": parts({"exponential": {"mean": "20 min"}}, mass={"constant": "8 kg"}, queue_limit=3),
        "yard": {"kind": "bunker", "from": "jobs", "capacity": "100 kg"},
        "m": {"kind": "splitter", "from": "yard", "shares": shares, "cycle_time": "5 min"},
        "both": {"kind": "bunker", "from": ["m.a", "m.b"], "capacity": "3 kg"},
        "heap": {"kind": "bunker", "from": "m.c", "capacity": "50 kg", "discharge": "mixed"},
        "full": {"kind": "bunker", "from": "m.d", "capacity": "1 kg", "when_full": "overflow"},
        "spill": {"kind": "bunker", "from": ["full.overflow", "m.e"], "capacity": "200 kg"},
        "belt": {"kind": "conveyor", "from": "m.f", "transit": "2 min", "capacity": "10 kg"},
        "end": {"kind": "bunker", "from": "belt", "capacity": "500 kg"},
        "slow": {"kind": "separator", "from": "both", "ports": ["out"], "cycle_time": "20 min"},
        "gone": {"kind": "product", "from": "slow"},
        "sold": {"kind": "product", "from": "m.g"},
    }
    for source in ("heap", "full", "spill", "end"):
        units[f"truck_{source}"] = {"kind": "product", "from": source, "pickup": {"every": {"exponential": {"mean": "3 h"}}, "mass": "5 kg"}}
    return scenario(units, "3 d", lot="1 kg", record={"every": "1 h"})


def weee() -> twin.Scenario:
    return twin.load(WEEE).change({"time.horizon": "2 d", "time.warmup": "0 s", "lot": "100 kg"})


def arrays_of(case: twin.Scenario) -> dict[str, bytes]:
    """All that was recorded, what every product took, every bunker's content, and the number of events."""
    simulation = Simulation(case)
    simulation.start()
    site = simulation.built.site
    assert site.recorder.block_end == simulation.horizon  # all steps are still there
    site.clock.run(simulation.horizon - 1)
    for unit in site.units:
        unit.settle(simulation.horizon - 1)
    found = {name: array.tobytes() for name, array in site.recorder.arrays.items()}
    found |= {f"taken {name}": account.taken.tobytes() for name, account in site.accounts.items()}
    for name, bunker in site.bunkers.items():
        found |= {f"{name} {key}": np.asarray(value).tobytes() for key, value in bunker.content.save().items()}
    return {**found, "events": str(site.clock.events).encode(), "lots": str([line.record.lots for line in simulation.built.lines]).encode()}


@pytest.mark.parametrize("make", [doors, weee])
def test_lots_at_once_are_lots_step_by_step(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over: list[bool] = []
    whole, drawn = Delivery.hand_over, Intake.draw

    def noted(self: Delivery, line: Line, now: int) -> bool:
        handed_over.append(whole(self, line, now))
        return handed_over[-1]

    monkeypatch.setattr(Delivery, "hand_over", noted)
    at_once = arrays_of(make())
    assert sum(handed_over) > 100
    monkeypatch.setattr(Delivery, "hand_over", lambda self, line, now: False)
    monkeypatch.setattr(Intake, "draw", lambda self, line, x, amount, lot, now, through=None: drawn(self, line, x, amount, lot, now))
    step_by_step = arrays_of(make())
    assert [name for name in at_once if at_once[name] != step_by_step[name]] == []
