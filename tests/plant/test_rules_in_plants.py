"""The shipped plants with the rules they would have: one consequence of each, as a difference of two runs with the same history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def _kpis(name: str, days: int, **changes: Any) -> dict[str, float]:
    short = {"time.horizon": f"{days} d", "time.warmup": "0 h"}
    with twin.run(twin.load(SCENARIOS / f"{name}.yaml").change({**short, **{key.replace("__", "."): value for key, value in changes.items()}})) as result:
        assert abs(result.attrs["worst_residual"]) < 1e-12
        return {key: kpi.value for key, kpi in result.kpis.items()}


def test_a_small_evening_crew_leaves_copper_in_the_steel() -> None:
    base, crews = _kpis("weee_line_extended", 12), _kpis("weee_line_extended_two_crews", 12)
    assert crews["closing.shredder"] > 0.0
    assert crews["cleaning.fines_screen"] > 0.0
    overtime = crews["overtime.fines_screen"] + crews["overtime.divider"]
    assert overtime > 0.0
    assert abs(crews["overtime_cost"] - overtime * 80.0 / 3600.0) < 1e-6
    assert crews["grade.steel.Cu"] > base["grade.steel.Cu"]


def test_a_mill_with_stand_by_takes_less_power_for_a_tonne() -> None:
    base, resting = _kpis("elv_shredder", 12), _kpis("elv_shredder_stand_by", 12)
    assert resting["warm_up.mill"] > 0.0
    assert resting["starts.mill"] < base["starts.mill"]
    assert resting["specific_energy"] < base["specific_energy"]


def test_who_loads_steel_waits_longer_when_trucks_come_first() -> None:
    first = _kpis("elv_shredder_stand_by", 12)
    last = _kpis("elv_shredder_stand_by", 12, units__steel__pickup__priority=-1)
    assert first["pickup_wait.steel"] < first["wait.hulks"]
    assert first["pickup_wait.steel"] < last["pickup_wait.steel"]


def test_a_heap_keeps_the_bag_opener_running() -> None:
    heap, none = _kpis("lvp_line_two_halls", 6), _kpis("lvp_line_two_halls", 6, units__flat_heap__capacity="1 t")
    assert heap["changeover.opener"] > 0.0
    assert heap["changeover.opener"] % 900.0 == 0.0  # a quarter of an hour each
    assert heap["blocked.opener"] < none["blocked.opener"]
    assert heap["throughput"] > none["throughput"]


@pytest.mark.soak
def test_a_furnace_that_comes_last_waits_for_the_crane() -> None:
    base, night = _kpis("copper_smelter", 6), _kpis("copper_smelter_night_crew", 6)
    assert night["resource_wait.crane"] > base["resource_wait.crane"]
    assert night["wait.wire"] > 0.0
    one = {f"resources.crane.count.{shift}": 1 for shift in ("day", "evening", "night")}
    first = _kpis("copper_smelter_night_crew", 6, **one)
    last = _kpis("copper_smelter_night_crew", 6, **one, **{"units.lance_furnace.phases.4.tap.priority": -1})
    assert first["waiting.lance_furnace"] < last["waiting.lance_furnace"]
