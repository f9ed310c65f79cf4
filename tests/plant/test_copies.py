"""Equal machines in parallel: how long they are down, what they draw, and batches."""

from __future__ import annotations

from typing import Any

import pytest
from random_plants import random_plant

import twin

HOUR = 3600.0


def plant(machine: dict[str, Any], days: float, **more: Any) -> twin.Scenario:
    """A stock that never ends, one machine and a product."""
    return twin.load(
        {
            "twin": 1,
            "name": "copies",
            "time": {"start": "2026-01-05T00:00", "horizon": f"{days} d"},
            "lot": "10 kg",
            "record": {"every": "1 h", "genealogy": False},
            "materials": {"part": {}},
            "units": {
                "stock": {"kind": "bunker", "capacity": "100 kt", "initial": {"mass": "90 kt", "composition": {"part": "100 %"}}},
                "m": {"kind": "splitter", "from": "stock", "shares": {"out": 1}, **machine},
                "parts": {"kind": "product", "from": "m"},
            },
            **more,
        }
    )


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_copy_is_there_for_two_thirds_of_the_time(count: int) -> None:
    """Mean life of 10 h at work, mean repair of 5 h; a copy's life runs only while the line works, which all but a single one hardly feel.

    Some 480 lives a copy: 4 sigma of 2/3 are .025 for one. Adding up the copies gave .35 and -.29.
    """
    machine = {"count": count, "rate": "1 t/h", "failures": {"mtbf": "10 h", "mttr": "5 h"}}
    with twin.run(plant(machine, 300, lot="100 kg")) as result:
        assert result.kpis["availability.m"].value == pytest.approx(2 / 3, abs=0.025)
        assert result.array("units/down_share").max() <= 1.0


def test_a_repair_that_outlasts_the_shift_is_off_shift_after_it() -> None:
    """Fails after 7 h of an 8 h shift and is repaired at night: 7 h running and 1 h down of 8 h planned, each day."""
    machine = {"rate": "1 t/h", "calendar": "early", "failures": {"mtbf": {"constant": "7 h"}, "mttr": {"constant": "10 h"}}}
    with twin.run(plant(machine, 20, calendars={"early": {"daily": ["06:00-14:00"]}})) as result:
        assert result.kpis["availability.m"].value == pytest.approx(7 / 8, abs=1e-6)
        assert result.kpis["utilisation.m"].value == pytest.approx(7 / 8, abs=1e-6)
        down = result.array("units/state_share")[:, result.array("unit").tolist().index("m"), result.array("state").tolist().index("down")]
        assert result.array("units/down_share")[:, 0].tolist() == pytest.approx(down.tolist(), abs=1e-12)


def test_planned_maintenance_is_no_down_time() -> None:
    """Fails at 5 h for 10 h; from 8 h to 12 h is maintenance: down for 3 h and 3 h of the first 15 h."""
    machine = {
        "rate": "1 t/h",
        "failures": {"mtbf": {"constant": "5 h"}, "mttr": {"constant": "10 h"}},
        "maintenance": {"every": "100 h", "first": "8 h", "duration": "4 h"},
    }
    with twin.run(plant(machine, 15 / 24)) as result:
        assert result.array("units/down_share")[:, 0].sum() == pytest.approx(6.0)
        assert result.kpis["availability.m"].value == pytest.approx(1 - 6 / 11)


def test_waiting_for_the_fitter_is_down_and_shown_apart() -> None:
    """Two copies fail at 4 h; one fitter mends them one after the other, 3 h each: 3 + 6 copy-hours down, 3 of which wait."""
    machine = {
        "count": 2,
        "rate": "1 t/h",
        "failures": {"mtbf": {"constant": "4 h"}, "mttr": {"constant": "3 h"}},
        "repair": {"needs": "fitter"},
    }
    with twin.run(plant(machine, 10 / 24, resources={"fitter": 1})) as result:
        down, waiting = (result.array(f"units/{name}")[:, 0] for name in ("down_share", "repair_wait_share"))
        assert down.sum() == pytest.approx((3 + 6) / 2)
        assert waiting.tolist() == pytest.approx([0, 0, 0, 0, 0.5, 0.5, 0.5, 0, 0, 0])
        assert result.kpis["availability.m"].value == pytest.approx(1 - 4.5 / 10)
        assert result.kpis["repair_wait.m"].value == pytest.approx(1.5 / 10)


def test_a_hazard_and_a_failure_at_once_count_once() -> None:
    machine = {
        "count": 2,
        "rate": "1 t/h",
        "failures": {"mtbf": {"constant": "2 h"}, "mttr": {"constant": "5 h"}, "clock": "calendar"},
        "hazards": {"jam": {"per": {"constant": "3 t"}, "stop": {"constant": "30 h"}}},
    }
    with twin.run(plant(machine, 4)) as result:
        down = result.array("units/down_share")
        assert down.max() == 1.0
        assert result.kpis["availability.m"].value >= 0.0


@pytest.mark.parametrize("seed", range(20))
def test_no_machine_of_a_random_plant_is_down_for_more_than_all_the_time(seed: int) -> None:
    with twin.run(random_plant(seed)) as result:
        down, waiting = result.array("units/down_share"), result.array("units/repair_wait_share")
        assert down.max(initial=0.0) <= 1.0 + 1e-12
        assert (waiting <= down + 1e-12).all()
        assert all(0.0 <= kpi.value <= 1.0 or kpi.value != kpi.value for name, kpi in result.kpis.items() if name.startswith(("availability", "repair_wait")))


def drawn(result: twin.Result) -> float:
    """Electricity, kWh."""
    return result.kpis["energy.electricity"].value / 3.6e6


def test_idle_power_is_that_of_each_copy_that_works() -> None:
    """10 kW a copy and 1 kWh/t of 2 t/h: a day of two copies draws 480 + 48 kWh; a copy that is down draws nothing."""
    machine: dict[str, Any] = {"count": 2, "rate": "1 t/h", "power": {"idle": "10 kW", "specific": "1 kWh/t"}}
    with twin.run(plant(machine, 1)) as result:
        assert drawn(result) == pytest.approx(528.0)
    machine["failures"] = {"mtbf": {"constant": "4 h"}, "mttr": {"constant": "100 h"}}
    with twin.run(plant(machine, 1)) as result:  # both fail at 4 h
        assert drawn(result) == pytest.approx(4 * 20 + 8, abs=0.05)
        assert abs(float(result.array("balance/energy_residual").sum())) < 1e-6 * float(result.array("balance/energy_in").sum())


def test_power_that_an_event_changes_is_that_of_each_copy_too() -> None:
    machine: dict[str, Any] = {"count": 3, "rate": "1 t/h", "power": {"idle": "10 kW"}}
    with twin.run(plant(machine, 1, events=[{"at": "6 h", "set": {"units.m.power": {"idle": "20 kW"}}}])) as result:
        assert drawn(result) == pytest.approx(6 * 30 + 18 * 60)
