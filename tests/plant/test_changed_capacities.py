"""What bunkers and belts hold, and how fast a belt runs, may change while the plant runs: by hand, and to the last bit after a resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plants import departures, scenario, share

import twin
from twin.errors import ScenarioError
from twin.plant.simulate import Simulation
from twin.units.lines.conveyor import Conveyor

H = 3600 * 10**9
STATION = {"kind": "separator", "ports": ["out"], "cycle_time": "1 h"}
STOCK = {"kind": "bunker", "capacity": "9 kg", "initial": {"mass": "9 kg", "composition": {"part": "100 %"}}}


def at(hours: float, **changes: Any) -> list[dict[str, Any]]:
    """An event; ``bay__capacity`` is ``units.bay.capacity``."""
    return [{"at": f"{hours} h", "set": {f"units.{key.replace('__', '.')}": value for key, value in changes.items()}}]


def belt(events: list[dict[str, Any]], horizon: str = "20 h", *, initial: str = "5 kg", **more: Any) -> twin.Scenario:
    """A machine that puts a part on a belt of 4 h each hour."""
    stock = {**STOCK, "initial": {**STOCK["initial"], "mass": initial}}  # type: ignore[dict-item]
    carried = {"kind": "conveyor", "from": "m", "transit": "4 h", "capacity": "100 kg", **more}
    units = {"stock": stock, "m": {**STATION, "from": "stock"}, "belt": carried, "done": {"kind": "product", "from": "belt"}}
    return scenario(units, horizon, events=events)


def bay(events: list[dict[str, Any]], horizon: str, capacity: str = "1 kg") -> twin.Scenario:
    """A machine of 1 h before one of 4 h, and a bay between them."""
    units = {
        "stock": STOCK,
        "m": {**STATION, "from": "stock"},
        "bay": {"kind": "bunker", "from": "m", "capacity": capacity},
        "n": {**STATION, "from": "bay", "cycle_time": "4 h"},
        "done": {"kind": "product", "from": "n"},
    }
    return scenario(units, horizon, events=events, record={"every": "1 h"})


def hours(plant: twin.Scenario) -> list[float]:
    return [time / H for time in departures(twin.run(plant), "done")]


def test_a_belt_that_runs_faster_does_so_under_what_lies_on_it() -> None:
    """On the belt at 1 h, 2 h, …; at 4.5 h they have 0.5, 1.5, 2.5 and 3.5 h before them: half of that at twice the speed. The fifth comes on at 5 h."""
    assert hours(belt([])) == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert hours(belt(at(4.5, belt__transit="2 h"))) == [4.75, 5.25, 5.75, 6.25, 7.0]


def test_a_belt_that_runs_slower_keeps_the_share_of_each_way() -> None:
    assert hours(belt(at(4.5, belt__transit="8 h"))) == [5.5, 7.5, 9.5, 11.5, 13.0]


def test_on_a_belt_that_stands_the_change_holds_from_when_it_runs_on() -> None:
    """Each hour a part, from 1 h on; the bay holds one, from which a part is drawn at 3, 7 and 11 h. The third part is at the end at 5 h and finds no room: the
    belt stands until 7 h. The fourth, put on at 4 h, then has 1 h of its 2 h before it; at 6 h the way gets twice as long, so that it is there at 9 h. The fifth was
    put on at 5 h, as the belt stopped, and is there at 11 h, as is the sixth, which waited for the belt to run and is put on at 7 h."""
    units = {
        "stock": STOCK,
        "m": {**STATION, "from": "stock"},
        "belt": {"kind": "conveyor", "from": "m", "transit": "2 h", "capacity": "100 kg", "when_blocked": "stop"},
        "bay": {"kind": "bunker", "from": "belt", "capacity": "1 kg"},
        "n": {**STATION, "from": "bay", "cycle_time": "4 h"},
        "done": {"kind": "product", "from": "n"},
    }
    simulation = Simulation(scenario(units, "20 h", events=at(6, belt__transit="4 h")))
    simulation.start()
    simulation.built.site.clock.run(int(7.5 * H))
    (unit,) = simulation.built.site.of_type(Conveyor)
    assert isinstance(unit, Conveyor)
    assert unit.record.exits == [9 * H, 11 * H, 11 * H]


def test_a_belt_that_holds_more_takes_what_waits() -> None:
    """With 2 kg on it the third part waits on the machine from 3 h on; at 3.5 h there is room."""
    result = twin.run(belt(at(3.5, belt__capacity="9 kg"), "4.5 h", capacity="2 kg"))
    assert share(result, "m", "blocked") == pytest.approx(0.5 / 4.5)


def test_a_bunker_that_holds_more_takes_what_waits() -> None:
    """The third part is done at 3 h and finds the bay full; at 4 h there is room. The fourth is in at 5 h, the fifth at 6 h, the sixth is done at 7 h."""
    assert share(twin.run(bay([], "7 h")), "m", "blocked") == pytest.approx((2 + 1) / 7)
    assert share(twin.run(bay(at(4, bay__capacity="3 kg"), "7 h")), "m", "blocked") == pytest.approx(1 / 7)


def test_what_lies_in_a_bunker_that_holds_less_stays_until_it_is_drawn() -> None:
    """Two parts lie there at 4 h, when it shall hold one. The fourth waits until the second of them is drawn, at 9 h."""
    result = twin.run(bay(at(4, bay__capacity="1 kg"), "10 h", capacity="3 kg"))
    assert share(result, "m", "blocked") == pytest.approx(5 / 10)
    assert result.quantity("level.bay").tolist() == [0.0, 0.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_a_truck_that_a_smaller_bunker_cannot_hold_is_turned_away() -> None:
    units = {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "2 kg", "composition": {"part": 1}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "9 kg"},
        "done": {"kind": "product", "from": "yard", "pickup": {"every": "1 h", "mass": "2 kg"}},
    }
    result = twin.run(scenario(units, "10 h", events=at(4.5, yard__capacity="1 kg")))
    assert result.array("gates/turned_away").sum() == 5
    assert "holds only 1 kg" in str(result.array("events/what")[1])


def test_a_bunker_must_hold_a_lot_after_each_event() -> None:
    with pytest.raises(ScenarioError, match="is more than it holds"):
        twin.run(bay(at(4, bay__capacity="0.5 kg"), "10 h"))


def test_a_policy_may_set_a_capacity() -> None:
    """With two or more in the bay it holds one, else three: asked each half hour."""
    policy = {
        "policy": "steps", "every": "30 min", "reads": "level.bay", "sets": "units.bay.capacity", "bounds": ["1 kg", "3 kg"],
        "thresholds": ["1.5 kg"], "values": ["3 kg", "1 kg"],
    }  # fmt: skip
    plant = bay([], "20 h", "2 kg").change({"policies": {"room": policy}})
    result = twin.run(plant)
    assert result.array("policies/action_value").tolist()[:2] == [3.0, 1.0]
    assert result.array("policies/action_time").tolist()[0] == H // 2


@pytest.mark.parametrize("moment", [3.2, 4.5, 4.6, 6.5, 7.0, 11.3])
@pytest.mark.parametrize("way", ["run_on", "stop", "accumulate"])
def test_a_run_that_was_saved_has_the_digest_of_the_undisturbed_one(tmp_path: Path, moment: float, way: str) -> None:
    units = {
        "stock": STOCK,
        "m": {**STATION, "from": "stock"},
        "belt": {"kind": "conveyor", "from": "m", "transit": "3 h", "capacity": "3 kg", "when_blocked": way, "power": {"idle": "1 kW", "specific": "1 kWh/t"}},
        "bay": {"kind": "bunker", "from": "belt", "capacity": "1 kg"},
        "n": {**STATION, "from": "bay", "cycle_time": "2.2 h"},
        "done": {"kind": "product", "from": "n"},
    }
    changes = [*at(4.5, belt__transit="100 min", bay__capacity="2 kg"), *at(7, belt__transit="4 h", belt__capacity="1 kg"), *at(11, bay__capacity="1 kg")]
    plant = scenario(units, "24 h", events=changes)
    twin.run_until(plant, moment * 3600, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(plant).digest
