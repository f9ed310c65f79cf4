"""Energy states of a line: what it draws while it stands, and how it starts again, against timetables reckoned by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plants import departures, parts, scenario, share

import twin
from twin.errors import ScenarioError

MINUTE, HOUR = 60 * 10**9, 3600 * 10**9
KWH = 3.6e6
POWER = {"idle": "60 kW", "standby": "12 kW", "switched_off": "1 kW"}


def plant(states: dict[str, Any] | None, every: str = "2 h", horizon: str = "9 h", **line: Any) -> twin.Scenario:
    """A part each ``every``, 30 min of work on it."""
    units = {
        "trucks": parts({"constant": every}),
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "100 kg"},
        "mill": {
            "kind": "separator",
            "ports": ["out"],
            "from": "yard",
            "cycle_time": "30 min",
            "power": POWER if states is not None else {"idle": "60 kW"},
            **line,
        },
        "out": {"kind": "product", "from": "mill"},
    }
    if states is not None:
        units["mill"]["energy_states"] = states
    return scenario(units, horizon, calendars={"early": {"daily": ["00:00-05:00"]}}, record={"every": "30 min", "genealogy": True})


def run(*args: Any, **line: Any) -> tuple[float, list[float]]:
    """Energy, kWh, and when parts left, h."""
    result = twin.run(plant(*args, **line))
    return result.kpis["energy.electricity"].value / KWH, [time / HOUR for time in departures(result, "out")]


def test_without_energy_states_a_line_that_stands_is_idle() -> None:
    assert run(None) == (pytest.approx(9 * 60), [2.5, 4.5, 6.5, 8.5])


def test_stand_by_and_off() -> None:
    """Parts come at 2, 4, 6 and 8 h. Each time 30 min work, 30 min idle, 45 min stand-by, 15 min off; before the first start it is idle."""
    energy, times = run({"standby_after": "30 min", "off_after": "75 min"})
    assert times == [2.5, 4.5, 6.5, 8.5]
    assert energy == pytest.approx(2 * 60 + 3 * (60 + 0.75 * 12 + 0.25 * 1) + 60)  # after the last 30 min of work 30 min idle


def test_a_start_takes_its_time() -> None:
    """The first start takes 20 min, so that the work ends at 2:50: at 4:00 the line is in stand-by, off would be 4:05; at 6:00 it is off since 5:51."""
    result = twin.run(plant({"standby_after": "30 min", "off_after": "75 min", "warm_up": "6 min", "warm_up_off": "20 min"}))
    assert [time / MINUTE for time in departures(result, "out")] == [170, 276, 410, 516]
    assert result.kpis["warm_up.mill"].value == (20 + 6 + 20 + 6) * 60


def test_outside_its_hours_a_line_is_off() -> None:
    """Open from 0 to 5 h: off from 5 to 9 h, and each part has its 30 min of work."""
    energy, _ = run({"standby_after": "1 h"}, calendar="early")
    assert energy == pytest.approx(2 * 60 + (1.5 * 60 + 0.5 * 12) + 60 + 4 * 1)


def test_a_shortest_run_keeps_it_idle() -> None:
    energy, _ = run({"standby_after": "0.1 min", "min_run": "80 min"}, horizon="4 h")
    assert energy == pytest.approx(2 * 60 + 60 * 80 / 60 + 12 * 40 / 60, rel=0.01)


def test_a_shortest_stop_lets_the_next_part_wait() -> None:
    """In stand-by from 2:40 on for at least 3 h: the part of 4 h is begun at 5:40."""
    _, times = run({"standby_after": "10 min", "min_stop": "3 h"})
    assert times[:2] == [2.5, pytest.approx(5 + 40 / 60 + 0.5)]


def test_the_states_are_shown() -> None:
    result = twin.run(plant({"standby_after": "30 min", "warm_up": "15 min"}))
    assert share(result, "mill", "warm_up") == pytest.approx(4 * 0.25 / 9)
    assert result.kpis["starts.mill"].value == 4


@pytest.mark.parametrize("key", ["min_run", "min_stop"])
def test_a_line_that_never_rests_has_no_shortest_run_or_stop(key: str) -> None:
    with pytest.raises(ScenarioError, match="needs 'standby_after' or 'off_after'"):
        plant({key: "1 h"})


def test_the_power_of_a_rest_needs_a_rest() -> None:
    with pytest.raises(ScenarioError, match=r"units.mill.power.standby: the line never rests.*'mill'"):
        twin.run(plant(None, power=POWER))


@pytest.mark.parametrize("until", [2.1, 2.9, 3.7, 4.05, 5.5])
def test_a_run_that_is_resumed_goes_on_to_the_last_bit(tmp_path: Path, until: float) -> None:
    failing = {"failures": {"mtbf": {"exponential": {"mean": "50 min"}}, "mttr": {"exponential": {"mean": "9 min"}}}}
    case = plant(
        {"standby_after": "20 min", "off_after": "50 min", "warm_up": "6 min", "warm_up_off": "20 min", "min_stop": "30 min"}, every="70 min", calendar="early",
        horizon="50 h", **failing,
    )  # fmt: skip
    whole = twin.run(case)
    twin.run_until(case, until * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole.digest
