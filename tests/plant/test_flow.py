"""Gate, conveyors, taking rules, blending, holding, pick-ups, blocking with several outlets, genealogy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plants import departures, parts, scenario, share

import twin

H = 3600 * 10**9
MIN = 60 * 10**9
STATION: dict[str, Any] = {"kind": "separator", "ports": ["out"], "cycle_time": "1 h"}


def hours(result: twin.Result, unit: str) -> list[float]:
    return [time / H for time in departures(result, unit)]


def stock(mass: str, capacity: str = "10000 kg", **composition: str) -> dict[str, Any]:
    return {"kind": "bunker", "capacity": capacity, "initial": {"mass": mass, "composition": composition or {"part": "100 %"}}}


# -- gate ---------------------------------------------------------------------------------------------------------------------------------


def gate(**feed: Any) -> dict[str, Any]:
    return {
        "jobs": parts({"constant": "1 h"}, **feed),
        "yard": {"kind": "bunker", "from": "jobs", "capacity": "2 kg"},
        "m": {**STATION, "from": "yard", "cycle_time": "3 h"},
        "done": {"kind": "product", "from": "m"},
    }


def test_trucks_wait_up_to_the_queue_limit_and_are_then_turned_away() -> None:
    """Arrivals at 1, 2, …; the first is taken up at once, two lie in the yard, then one truck waits and further ones are turned away."""
    result = twin.run(scenario(gate(queue_limit=1), "20.5 h", record={"every": "1 h", "genealogy": True}))
    assert hours(result, "jobs") == [1, 2, 3, 4, 7, 10, 13, 16, 19]
    turned = result.array("gates/turned_away")[:, result.array("gate").tolist().index("jobs")]
    assert turned.sum() == 20 - 10
    queue = result.array("gates/queue")[:, 0]
    assert queue[:5].tolist() == [0, 0, 0, 0, 0]
    assert queue[5:].tolist() == pytest.approx([1.0, 1.0, 1.0] + [1.0] * 13, abs=1.0)
    assert result.kpis["queue.jobs"].value == pytest.approx(sum(queue[k] * (1 if k < 20 else 0.5) for k in range(21)) / 20.5)


def test_a_truck_unloads_whole_or_not_at_all() -> None:
    units = gate(mass={"constant": "1.5 kg"})
    result = twin.run(scenario(units, "10 h"))
    assert hours(result, "jobs")[:3] == [1, 2, 7]
    level = result.array("units/level_max")
    assert level.max() <= 2.0 + 1e-9


def test_unloading_takes_time_and_a_loader() -> None:
    units = gate(unload={"time": "30 min", "needs": "loader"})
    units["jobs"]["every"] = {"constant": "2 h"}
    units["other"] = parts({"constant": "2 h"}, unload={"time": "30 min", "needs": "loader"})
    units["heap"] = {"kind": "bunker", "from": "other", "capacity": "100 kg"}
    units["end"] = {"kind": "product", "from": "heap"}
    result = twin.run(scenario(units, "5 h", resources={"loader": 1}))
    assert hours(result, "jobs") == [2.5, 4.5]
    assert hours(result, "other") == [3.0]


def test_a_delivery_larger_than_the_yard_is_turned_away_not_waited_for() -> None:
    units = gate(mass={"discrete": {"values": ["1 kg", "5 kg"], "weights": [1, 1]}})
    result = twin.run(scenario(units, "30 h"))
    assert "holds only 2 kg" in " ".join(result.array("events/what").tolist())
    assert result.kpis["product_mass.done"].value > 3


def test_a_feed_with_a_calendar_counts_only_open_time() -> None:
    units = {
        "jobs": parts({"constant": "3 h"}, calendar="day"),
        "yard": {"kind": "bunker", "from": "jobs", "capacity": "99 kg"},
        "end": {"kind": "product", "from": "yard"},
    }
    result = twin.run(scenario(units, "50 h", calendars={"day": {"weekdays": ["06:00-10:00"]}}))
    assert hours(result, "jobs") == [9, 24 + 8]


# -- conveyors ----------------------------------------------------------------------------------------------------------------------------


def test_a_conveyor_delays_and_holds_so_much() -> None:
    units = {
        "stock": stock("5 kg"),
        "m": {**STATION, "from": "stock"},
        "belt": {"kind": "conveyor", "from": "m", "transit": "2.5 h", "capacity": "2 kg"},
        "done": {"kind": "product", "from": "belt"},
    }
    result = twin.run(scenario(units, "20 h"))
    assert hours(result, "done") == [3.5, 4.5, 6.0, 7.0, 8.5]  # two on the belt: the third waits on the machine until 3.5
    assert share(result, "m", "blocked") == pytest.approx((0.5 + 0.5) / 20)


def test_a_conveyor_that_cannot_deliver_fills_up_behind() -> None:
    units = {
        "stock": stock("9 kg"),
        "m": {**STATION, "from": "stock"},
        "belt": {"kind": "conveyor", "from": "m", "transit": "30 min", "capacity": "2 kg"},
        "bay": {"kind": "bunker", "from": "belt", "capacity": "1 kg"},
        "n": {**STATION, "from": "bay", "cycle_time": "4 h"},
        "done": {"kind": "product", "from": "n"},
    }
    result = twin.run(scenario(units, "30 h"))
    assert hours(result, "done") == [5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    assert share(result, "belt", "blocked") > 0.6


# -- taking -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("take", "expected"), [("first", [3.0, 0.0]), ("alternate", [2.0, 1.0]), ("fullest", [1.0, 2.0])])
def test_taking_rules(take: str, expected: list[float]) -> None:
    units = {
        "a": stock("8 kg", "10 kg", x="100 %"),
        "b": stock("9 kg", "10 kg", y="100 %"),
        "m": {**STATION, "from": ["a", "b"], "take": take},
        "done": {"kind": "product", "from": "m"},
    }
    result = twin.run(scenario(units, "3.5 h", materials={"x": {}, "y": {}}))
    flow = result.array("streams/mass_flow")[:, result.array("stream").tolist().index("done")].sum(axis=0) * 3.5 * 3600
    assert flow.tolist() == pytest.approx(expected)


def test_a_blend_waits_for_both_and_keeps_its_shares() -> None:
    units = {
        "a": stock("100 kg", x="100 %"),
        "jobs": {**parts({"constant": "2 h"}), "composition": {"y": "100 %"}},
        "b": {"kind": "bunker", "from": "jobs", "capacity": "50 kg"},
        "m": {**STATION, "from": {"a": "75 %", "b": "25 %"}, "lot": "4 kg"},
        "done": {"kind": "product", "from": "m"},
    }
    result = twin.run(scenario(units, "10 h", materials={"x": {}, "y": {}}))
    assert hours(result, "done") == [3, 5, 7, 9]
    assert result.array("streams/mass_flow")[0, result.array("stream").tolist().index("done")].tolist() == pytest.approx([12 / 36000, 4 / 36000])


def test_partial_lots_are_drawn_only_where_asked_for() -> None:
    units = {"stock": stock("2.5 kg"), "m": {**STATION, "from": "stock"}, "done": {"kind": "product", "from": "m"}}
    assert twin.run(scenario(units, "9 h")).kpis["product_mass.done"].value == 2.0
    units["m"] = {**STATION, "from": "stock", "partial": True}
    assert twin.run(scenario(units, "9 h")).kpis["product_mass.done"].value == pytest.approx(2.5)


def test_partial_lots_take_their_share_of_the_time_at_a_rate() -> None:
    units = {"stock": stock("2.5 kg"), "m": {**STATION, "cycle_time": "1 h", "from": "stock", "partial": True}, "done": {"kind": "product", "from": "m"}}
    plant = scenario(units, "9 h")
    assert hours(twin.run(plant), "done") == [1, 2, 3]
    del units["m"]["cycle_time"]
    units["m"]["rate"] = "1 kg/h"
    assert hours(twin.run(scenario(units, "9 h")), "done") == [1, 2, 2.5]


# -- outlets ------------------------------------------------------------------------------------------------------------------------------


def split(**machine: Any) -> dict[str, Any]:
    """Half to a bunker that is emptied every 10 h, half to a product."""
    return {
        "stock": stock("100 kg"),
        "m": {**STATION, "ports": ["a", "b"], "partition": {"a": {"part": "50 %"}}, "from": "stock", "lot": "2 kg", **machine},
        "bay": {"kind": "bunker", "from": "m.a", "capacity": "2.5 kg"},
        "out_a": {"kind": "product", "from": "bay", "pickup": {"every": {"constant": "10 h"}, "mass": {"constant": "2 kg"}}},
        "out_b": {"kind": "product", "from": "m.b"},
    }


def test_a_line_delivers_as_far_as_there_is_room_and_is_blocked_until_all_is_gone() -> None:
    """Lots end at 1, 2, 3 h; half a kilogram of the third waits on the line until the pick-up at 10 h."""
    result = twin.run(scenario(split(), "12.5 h", record={"every": "30 min", "genealogy": True}))
    assert hours(result, "out_b") == [1, 2, 3, 11, 12]
    assert share(result, "m", "blocked") == pytest.approx(7.5 / 12.5)
    bay = result.array("bunker").tolist().index("bay")
    level = result.array("units/level")[:, bay]
    assert level[6] == pytest.approx(2.5)
    assert level[20] == pytest.approx(1.0)
    assert abs(result.array("balance/material_residual")[0]) < 1e-9


def test_blocking_before_starts_only_with_room_for_all() -> None:
    result = twin.run(scenario(split(blocking="before"), "12.5 h"))
    assert hours(result, "out_b") == [1, 2, 11, 12]
    assert share(result, "m", "blocked") == pytest.approx(8.5 / 12.5)


def test_a_place_reserved_by_one_line_is_not_given_to_another() -> None:
    """Two lines that block before start share a bunker with room for one part."""
    line = {**STATION, "blocking": "before"}
    units = {
        "stock": stock("100 kg"),
        "m": {**line, "from": "stock"},
        "n": {**line, "from": "stock", "cycle_time": "30 min"},
        "bay": {"kind": "bunker", "from": ["m.out", "n.out"], "capacity": "1 kg"},
        "end": {**STATION, "from": "bay", "cycle_time": "10 min"},
        "done": {"kind": "product", "from": "end"},
    }
    result = twin.run(scenario(units, "10 h"))
    assert hours(result, "m")[:3] == [0.0, 1.5, 3.0]
    assert hours(result, "n")[:3] == [1.0, 2.5, 4.0]
    assert share(result, "m", "running") == pytest.approx(2 / 3, abs=0.07)
    assert share(result, "n", "running") == pytest.approx(1 / 3, abs=0.07)


# -- pick-ups -----------------------------------------------------------------------------------------------------------------------------


def test_pickups_take_what_they_find_and_count_what_they_miss() -> None:
    units = {
        "jobs": parts({"constant": "1 h"}),
        "yard": {"kind": "bunker", "from": "jobs", "capacity": "100 kg"},
        "done": {"kind": "product", "from": "yard", "pickup": {"every": {"constant": "3.5 h"}, "mass": {"constant": "5 kg"}, "minimum": "4 kg"}},
    }
    result = twin.run(scenario(units, "15 h"))
    assert hours(result, "done") == [7, 10.5, 14]  # 3 kg at 3.5 h are too few; then 5 of 7, 5 of 2 + 3, and 4 of 4
    kpis = result.kpis
    assert kpis["empty_pickup_share.done"].value == pytest.approx(1 / 4)
    assert kpis["short_pickup_share.done"].value == pytest.approx(1 / 4)
    assert kpis["product_mass.done"].value == pytest.approx(14.0)


def test_off_spec_loads_are_counted_by_mass() -> None:
    units = {
        "stock": stock("10 kg", x="80 %", y="20 %"),
        "m": {**STATION, "from": "stock"},
        "bay": {"kind": "bunker", "from": "m", "capacity": "50 kg"},
        "done": {"kind": "product", "from": "bay", "pickup": {"every": {"constant": "5 h"}, "mass": {"constant": "3 kg"}}, "spec": {"x": ">= 85 %"}},
    }
    top = {"materials": {"x": {}, "y": {}}}
    assert twin.run(scenario(units, "9 h", **top)).kpis["offspec_share.done"].value == pytest.approx(1.0)
    units["done"]["spec"] = {"x": ">= 79 %", "y": "<= 21 %"}
    assert twin.run(scenario(units, "9 h", **top)).kpis["offspec_share.done"].value == 0.0


# -- genealogy ----------------------------------------------------------------------------------------------------------------------------


def test_the_share_of_each_delivery_in_each_product_adds_up() -> None:
    units = {
        "iron": {**parts({"constant": "2 h"}), "composition": {"x": "90 %", "y": "10 %"}},
        "mix": {**parts({"constant": "3 h"}), "composition": {"x": "20 %", "y": "80 %"}},
        "yard": {"kind": "bunker", "from": ["iron", "mix"], "capacity": "100 kg", "discharge": "mixed"},
        "m": {**STATION, "ports": ["good", "rest"], "partition": {"good": {"x": "100 %", "y": "0 %"}}, "from": "yard", "lot": "1.5 kg"},
        "x": {"kind": "product", "from": "m.good"},
        "y": {"kind": "product", "from": "m.rest"},
    }
    units["x_out"], units["y_out"] = units.pop("x"), units.pop("y")
    result = twin.run(scenario(units, "40 h", materials={"x": {}, "y": {}}))
    found = twin.trace(result)
    made = result.array("gates/product_mass").sum(axis=0)
    assert found.mass.sum(axis=(1, 2)).tolist() == pytest.approx(made.tolist(), rel=1e-12)
    assert found.shares("x_out").sum() == pytest.approx(1.0, abs=1e-12)
    first = found.origin_units.index("iron")
    assert found.mass[:, first].sum() <= found.origin_mass[first] * (1 + 1e-12)
    assert np.allclose(found.mass[0, :, 1], 0.0)


def test_first_in_first_out_keeps_deliveries_apart() -> None:
    units = {"jobs": parts({"constant": "1 h"}), "yard": {"kind": "bunker", "from": "jobs", "capacity": "9 kg"}, "m": {**STATION, "from": "yard"}}
    units["done"] = {"kind": "product", "from": "m"}
    found = twin.trace(twin.run(scenario(units, "5.5 h")))
    assert found.shares("done")[:4].tolist() == [0.25, 0.25, 0.25, 0.25]
    assert found.rows("done", 1) == [("jobs", 3600.0, 0.25, 1.0)]
