"""Equal machines in parallel: how long they are down, what they draw, and batches; what wear is left after a timed event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from random_plants import random_plant

import twin
from twin.cli.parser import main

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


@pytest.mark.sampled(1)
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


@pytest.mark.sampled(6)
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


def reactors(count: int, horizon: str, **more: Any) -> twin.Scenario:
    """Batch reactors of 10 t and 20 h; what they made lies in a tank."""
    return plant({"count": count, "cycle_time": "20 h", **more}, 1, lot="10 t").change({"time.horizon": horizon, "units.tank": {"kind": "bunker", "from": "m", "capacity": "5 kt"}, "units.parts.from": "tank", "units.parts.pickup": {"every": "1000 d", "mass": "1 t"}})  # fmt: skip


def levels(result: twin.Result, bunker: str) -> list[float]:
    """Stock at the end of each hour, t."""
    return [float(x) / 1000 for x in result.array("units/level")[:, result.array("bunker").tolist().index(bunker)]]


def test_each_copy_takes_a_batch_and_its_whole_time() -> None:
    """Four reactors: 40 t in them at any time, which come out together every 20 h; 2 t/h. They once left one by one, each in a quarter of the time."""
    with twin.run(reactors(4, "400 h")) as result:
        done, stock = levels(result, "tank"), levels(result, "stock")
        # what happens at an hour's end is done in the next
        assert done == pytest.approx([40.0 * (hour // 20) for hour in range(400)])
        assert stock == pytest.approx([90_000.0 - 40.0 - made for made in done])
        assert result.kpis["load.m"].value == pytest.approx(1.0)
        assert result.kpis["utilisation.m"].value == pytest.approx(1.0)


def test_fewer_copies_take_fewer_batches_the_next_time() -> None:
    """One of two fails at 30 h, in their second batch, which is finished as it is; the third batch is one, until the repair at 90 h."""
    failing = {"failures": {"mtbf": {"constant": "30 h"}, "mttr": {"constant": "60 h"}}}
    with twin.run(reactors(1, "35 h", **failing)) as result:
        assert levels(result, "tank")[29] == pytest.approx(10.0)
    mixed = {"failures": {"mtbf": {"discrete": {"values": ["30 h", "1000 h"], "weights": [1, 1]}}, "mttr": {"constant": "60 h"}}}
    for seed in range(20):
        with twin.run(reactors(2, "120 h", **mixed), seed=seed) as result:
            if [str(what) for what in result.array("events/what")] == ["failed", "repaired"]:
                done = levels(result, "tank")
                assert [done[hour] for hour in (19, 20, 40, 60, 80, 100)] == pytest.approx([0.0, 20.0, 40.0, 50.0, 60.0, 70.0])
                break
    else:
        pytest.fail("no seed with one failure")


def test_as_many_batches_as_there_are_start_together() -> None:
    """10 t come every 7 h: the first starts alone, 20 h later there are two more, and 20 h after that three."""
    scenario = reactors(4, "100 h").change(
        {
            "units.stock": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"},
            "units.trucks": {"kind": "feed", "every": {"constant": "7 h"}, "mass": {"constant": "10 t"}, "composition": {"part": 1}},
        }
    )
    with twin.run(scenario) as result:
        done = levels(result, "tank")
        first = next(hour for hour, made in enumerate(done) if made > 0)
        assert [done[first + 20 * k] - (done[first + 20 * k - 1]) for k in range(3)] == pytest.approx([10.0, 20.0, 30.0])


def test_a_slower_machine_with_one_copy_takes_the_batches_one_after_the_other() -> None:
    """Four reactors before a dryer of 6 h a batch: 40 t every 24 h; with 3 h they take the reactors' 20 h."""
    for drying, period in (("6 h", 24), ("3 h", 20)):
        scenario = reactors(4, "100 h").change(
            {"units.dryer": {"kind": "splitter", "from": "m", "cycle_time": drying, "shares": {"out": 1}}, "units.tank.from": "dryer"}
        )
        with twin.run(scenario) as result:
            assert levels(result, "tank") == pytest.approx([40.0 * (hour // period) for hour in range(100)])


def test_batches_resume_exactly(tmp_path: Path) -> None:
    scenario = reactors(3, "200 h", failures={"mtbf": "30 h", "mttr": "20 h"}, partial=True)
    whole = twin.run(scenario, out=tmp_path / "whole.h5").digest
    for until in (10.0, 47.0, 130.0):
        twin.run_until(scenario, until=until * HOUR, save=tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5").digest == whole


SORTING = {
    "stock": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}}},
    "eddy": {"kind": "separator", "from": "stock", "rate": "9 t/h", "count": 2, "ports": ["light", "rest"], "partition": {"light": {"part": "20 %"}}},
    "sifter": {"kind": "separator", "from": "eddy.rest", "ports": ["air", "heavy"], "partition": {"air": {"part": "50 %"}}},
    "press": {"kind": "splitter", "from": "sifter.heavy", "rate": "12 t/h", "shares": {"out": 1}},
    "goods": {"kind": "product", "from": ["eddy.light", "sifter.air", "press"]},
}


def test_validate_says_what_a_second_copy_means_for_its_neighbours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`rate` is that of one copy: a second one doubled what the machines behind it got, without a word."""
    path = tmp_path / "plant.yaml"
    written = {"twin": 1, "name": "sorting", "time": {"start": "2026-01-05", "horizon": "1 d"}, "lot": "100 kg", "materials": {"part": {}}, "units": SORTING}
    path.write_text(json.dumps(written))
    note = (
        "eddy: 'rate' is that of one copy, so 2 x 9 t/h = 18 t/h together; sifter of the same line has no limit and may get 2 times what one copy lets through; "
        "the line keeps within the limit of press 12 t/h. To only split today's flow among 2, give rate: 4.5 t/h"
    )
    assert main(["validate", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == [note]
    assert main(["validate", str(path)]) == 0
    assert f"note {note}" in capsys.readouterr().out
    assert main(["validate", str(path), "--json", "--set", "units.eddy.count=1"]) == 0
    assert json.loads(capsys.readouterr().out)["notes"] == []


def test_a_timed_event_leaves_the_wear_as_it_is() -> None:
    """The gap opens by a tenth every 2 t; a change of the power at 5.5 h, which sets all values anew, must not make it new until the next step."""
    worn = {"kind": "shredder", "gap": "20 mm", "shares": None, "rate": "1 t/h", "wear": {"parameter": "gap", "per": "2 t", "change": "+10 %"}}
    machine = {key: value for key, value in worn.items() if value is not None}
    units = {
        "stock": {"kind": "bunker", "capacity": "1 kt", "initial": {"mass": "900 t", "composition": {"part": "100 %"}, "size": ["0 %", "0 %", "100 %"]}},
        "m": {**machine, "from": "stock"},
        "parts": {"kind": "product", "from": "m"},
    }
    base = {
        "twin": 1,
        "name": "worn",
        "time": {"start": "2026-01-05", "horizon": "12 h"},
        "lot": "100 kg",
        "record": {"every": "30 min"},
        "size_bounds": "10 20 100 mm",
        "materials": {"part": {}},
    }
    with (
        twin.run(twin.load({**base, "units": units})) as plain,
        twin.run(twin.load({**base, "units": units, "events": [{"at": "5.5 h", "set": {"units.m.power": {"idle": "1 kW"}}}]})) as changed,
    ):
        sizes = plain.array("streams/size_flow")
        assert (sizes == changed.array("streams/size_flow")).all()
        row = plain.array("stream").tolist().index("m.out")
        assert len({tuple(step) for step in sizes[:, row].round(9).tolist()}) > 4  # the wear shows
