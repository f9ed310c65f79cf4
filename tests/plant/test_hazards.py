"""Hazards of machines: stops that what passes brings about."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import twin
from twin.errors import ScenarioError


def plant(hazards: dict[str, Any], days: float = 4.0, **more: Any) -> dict[str, Any]:
    return {
        "twin": 1,
        "time": {"horizon": f"{days} d"},
        "lot": "500 kg",
        "record": {"every": "1 h"},
        "materials": {"battery": {"groups": ["dangerous"]}, "other": {}},
        "resources": {"crew": 1},
        "units": {
            "trucks": {"kind": "feed", "every": "1 h", "mass": "10 t", "composition": {"battery": "2 %", "other": "98 %"}, "when_full": "turn_away"},
            "yard": {"kind": "bunker", "from": "trucks", "capacity": "100 t", "initial": {"mass": "90 t"}},
            "shredder": {"kind": "separator", "from": "yard", "rate": "5 t/h", "hazards": hazards, **more},
            "out": {"kind": "product", "from": "shredder.out"},
        },
    }


def struck(result: twin.Result, what: str = "struck") -> list[float]:
    times, texts = result.array("events/event_time"), [str(text) for text in result.array("events/what")]
    return [float(t) / 1e9 for t, text in zip(times, texts, strict=True) if text == what]


def test_a_fixed_mass_between_events_strikes_after_the_lot_that_brings_it() -> None:
    """500 kg lots of 2 % bring 10 kg of batteries each: every 25 kg is the third lot, then the fifth, then the eighth; each stop is 30 min."""
    scenario = twin.load(plant({"fire": {"of": "battery", "per": {"constant": "25 kg"}, "stop": "30 min"}}, days=0.5))
    with twin.run(scenario) as result:
        lot, stop = 360.0, 1800.0
        expected = [n * lot + k * stop for k, n in enumerate(math.ceil(25.0 * (k + 1) / 10.0) for k in range(20))]
        found = struck(result)
        np.testing.assert_allclose(found, expected[: len(found)], atol=1e-3)
        assert len(found) > 8
        down = float((result.array("units/down_share")[:, 0] * 3600.0).sum())
        assert down == pytest.approx(min(len(found) * stop, down), abs=1e-6)
        assert result.kpis["availability.shredder"].value == pytest.approx(1 - down / 43200.0, rel=1e-9)
        assert result.attrs["worst_residual"] < 1e-12


def test_how_often_it_strikes_follows_the_mass_that_passes() -> None:
    """Poisson by mass, 10 kg a lot, seen lot by lot: 4 sigma of the binomial around lots times 1 - exp(-10/40); a fixed seed."""
    scenario = twin.load(plant({"fire": {"of": "dangerous", "per": "40 kg", "stop": "1 min"}}, days=20))
    with twin.run(scenario) as result:
        passed = float(result.array("balance/material_out")[list(result.array("material")).index("battery")])
        lots, chance = passed / 10.0, -math.expm1(-10.0 / 40.0)
        assert abs(len(struck(result)) - lots * chance) < 4 * math.sqrt(lots * chance * (1 - chance))


def test_hazards_share_a_crew_and_a_line_that_waits_for_it_is_down() -> None:
    hazards = {name: {"of": "battery", "per": {"constant": "30 kg"}, "stop": "1 h", "needs": "crew"} for name in ("fire", "jam")}
    with twin.run(twin.load(plant(hazards, days=1))) as result:
        begun, over = struck(result), struck(result, "over")
        assert begun[0] == begun[1]  # both strike in the same lot, and the one crew deals with one after the other
        assert over[0] == pytest.approx(begun[0] + 3600.0)
        assert over[1] == pytest.approx(begun[0] + 7200.0)


def test_one_more_hazard_moves_no_other_random_number() -> None:
    fire = {"of": "battery", "per": "60 kg", "stop": {"exponential": {"mean": "20 min"}}}
    never = {"of": "battery", "per": {"constant": "100000 t"}, "stop": "1 h"}
    with twin.run(twin.load(plant({"fire": fire}))) as one, twin.run(twin.load(plant({"fire": fire, "jam": never}))) as two:
        assert struck(one) == struck(two)


@pytest.mark.soak
def test_resumed_at_any_time_it_is_the_same_run(tmp_path: Path) -> None:
    hazards = {
        "fire": {"of": "battery", "per": "60 kg", "stop": {"exponential": {"mean": "40 min"}}, "needs": "crew"},
        "jam": {"per": "20 t", "stop": "15 min"},
    }
    scenario = twin.load(plant(hazards, days=1, failures={"mtbf": "3 h", "mttr": "20 min"}, repair={"needs": "crew"}))
    whole = twin.run(scenario, out=tmp_path / "whole.h5")
    for hours in (1.0, 3.3, 7.77, 15.01, 20.0):
        twin.run_until(scenario, hours * 3600.0, save=tmp_path / "state.h5")
        with twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5") as resumed:
            assert resumed.digest == whole.digest, hours
    whole.close()


@pytest.mark.parametrize(
    ("hazards", "message"),
    [
        ({"fire": {"of": "batery", "per": "2 t", "stop": "1 h"}}, "did you mean 'battery'?"),
        ({"fire": {"of": "battery", "per": "2 h", "stop": "1 h"}}, "a mass is needed"),
        ({"fire": {"of": "battery", "per": "2 t", "stop": "1 h", "needs": "crow"}}, "did you mean 'crew'?"),
        ({"fire": {"of": "battery", "per": "2 t"}}, "missing"),
    ],
)
def test_what_is_wrong_is_said(hazards: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(plant(hazards))
    assert any(message in problem.message for problem in caught.value.problems), [p.message for p in caught.value.problems]


@pytest.mark.parametrize("per", ["0.000001 kg", {"uniform": {"low": "0 kg", "high": "0.000001 kg"}}])
def test_a_lot_with_countless_events_stops_the_line_once(per: Any) -> None:
    """Lots of 500 kg at 5 t/h take 6 min and each brings a stop of 1 h: four begin in 4 h."""
    with twin.run(twin.load(plant({"jam": {"per": per, "stop": "1 h"}}, days=4 / 24))) as result:
        assert len(struck(result)) == 4
        assert result.attrs["worst_residual"] < 1e-12


@pytest.mark.parametrize("more", [{"hazards": {"jam": {"per": "1 t", "stop": "1e300 s"}}}, {"hazards": {}, "failures": {"mtbf": "1e300 s", "mttr": "1e300 s"}}])
def test_a_stop_longer_than_nanoseconds_can_count_lasts_to_the_end(more: dict[str, Any]) -> None:
    with twin.run(twin.load(plant(days=0.5, **more))) as result:
        assert len(struck(result)) <= 1
        assert result.attrs["worst_residual"] < 1e-12


def test_a_horizon_beyond_a_century_is_refused() -> None:
    with pytest.raises(ScenarioError, match="must be at most"):
        twin.load(plant({}, days=1e9))
