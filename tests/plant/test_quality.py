"""Lots that are accepted, penalised or rejected; where rejected lots go; bales, and what a customer takes at most."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import departures, parts, scenario
from random_plants import random_plant
from smelter_plant import smelter

import twin
from twin.errors import ScenarioError
from twin.plant.streams import melt_streams
from twin.plant.topology import derive
from twin.report.flows import Flow, flows_of
from twin.report.source import gather
from twin.results.layout import SERIES
from twin.scenario.kinds.product import Penalty
from twin.scenario.limits import Limit

H = 3600 * 10**9
XY: dict[str, Any] = {"materials": {"x": {}, "y": {}}}


def stock(mass: str, x: int, **more: Any) -> dict[str, Any]:
    return {"kind": "bunker", "capacity": "100 kg", "initial": {"mass": mass, "composition": {"x": f"{x} %", "y": f"{100 - x} %"}}, **more}


def product(source: Any, load: str = "10 kg", every: str = "1 h", pickup: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "product", "from": source, "pickup": {"every": {"constant": every}, "mass": {"constant": load}, **(pickup or {})}, **more}


def run(units: dict[str, Any], horizon: str, **more: Any) -> twin.Result:
    return twin.run(scenario(units, horizon, **{**XY, **more}))


def total(result: twin.Result, variable: str, label: str, axis: str = "gate") -> float:
    return float(result.array(f"gates/{variable}")[:, result.array(axis).tolist().index(label)].sum())


def flow(result: twin.Result, stream: str) -> list[float]:
    """Kg of each material that a stream carried in the whole run."""
    bounds = result.array("time_bounds")
    seconds = (bounds[:, 1] - bounds[:, 0])[:, None]
    masses: list[float] = (result.array("streams/mass_flow")[:, result.array("stream").tolist().index(stream)] * seconds).sum(axis=0).tolist()
    return masses


def notes(result: twin.Result, unit: str) -> list[str]:
    return [str(what) for what, who in zip(result.array("events/what"), result.array("events/event_unit"), strict=True) if who == unit]


def closes(result: twin.Result) -> None:
    assert np.abs(result.array("balance/material_residual")).max() <= 1e-9 * result.array("balance/material_initial").sum() + 1e-9


# -- penalties ------------------------------------------------------------------------------------------------------------------------------


def test_to_accept_is_the_default() -> None:
    units = {"bay": stock("40 kg", 80), "out": product("bay", spec={"x": ">= 90 %"}, price="1 EUR/kg")}
    plain = run(units, "9 h")
    units["out"]["when_off_spec"] = "accept"
    said = run(units, "9 h")
    assert all(np.array_equal(plain.array(v.path), said.array(v.path), equal_nan=True) for v in SERIES)
    assert total(plain, "offspec_mass", "out", "product") == pytest.approx(40.0)
    assert total(plain, "penalty", "out", "product") == 0.0
    assert plain.kpis["margin"].value == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("penalty", "per_kg"),
    [
        ("30 EUR/t", 0.03),
        ({"x": "30 EUR/t"}, 0.03),
        ({"x": {"price": "20 EUR/t", "per": "1 %"}}, 10 * 0.02),  # 80 % where 90 % is asked for
        ({"x": {"flat": "30 EUR/t", "price": "20 EUR/t", "per": "4 %"}}, 0.03 + 2.5 * 0.02),
        ({"x": {"price": "20 EUR/t", "per": "1 %"}, "y": {"price": "1 EUR/t", "per": "0.1 %"}}, 10 * 0.02 + 50 * 0.001),
        ({"z": "99 EUR/t"}, 0.0),  # kept
    ],
)
def test_penalties_by_hand(penalty: Any, per_kg: float) -> None:
    spec = {"x": ">= 90 %", "y": "<= 15 %", "z": "<= 1 %"}
    units = {"bay": stock("40 kg", 80), "out": product("bay", spec=spec, price="1 EUR/kg", when_off_spec="penalise", penalty=penalty)}
    result = run(units, "9 h", materials={"x": {}, "y": {}, "z": {}})
    assert total(result, "penalty", "out", "product") == pytest.approx(40 * per_kg)
    kpis = result.kpis
    assert kpis["penalties"].value == pytest.approx(kpis["penalty.out"].value) == pytest.approx(40 * per_kg)
    assert kpis["revenue"].value == pytest.approx(40.0)
    assert kpis["margin"].value == pytest.approx(40 - 40 * per_kg)
    assert kpis["offspec_share.out"].value == 1.0
    assert kpis["product_mass.out"].value == pytest.approx(40.0)


def test_what_keeps_the_specification_costs_nothing() -> None:
    units = {"bay": stock("40 kg", 95), "out": product("bay", spec={"x": ">= 90 %"}, when_off_spec="penalise", penalty="30 EUR/t")}
    assert run(units, "9 h").kpis["penalties"].value == 0.0
    assert Penalty.read("30 EUR/t").of([(Limit("x", ">=", 0.9), 0.8)]) == 0.03


@pytest.mark.parametrize("through_a_bunker", [False, True])
def test_products_without_pickups_are_judged_lot_by_lot(through_a_bunker: bool) -> None:
    """Four lots of 80 % come first, then four of 95 %: the former pay."""
    units: dict[str, Any] = {
        "poor": stock("4 kg", 80),
        "rich": stock("4 kg", 95),
        "m": {"kind": "separator", "ports": ["out"], "from": ["poor", "rich"], "cycle_time": "1 h"},
        "out": {"kind": "product", "from": "m", "spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"x": {"price": "10 EUR/t", "per": "1 %"}}},
    }
    if through_a_bunker:
        units["bay"] = {"kind": "bunker", "from": "m", "capacity": "5 kg"}
        units["out"]["from"] = "bay"
    result = run(units, "20 h")
    assert result.kpis["penalties"].value == pytest.approx(4 * 10 * 0.01)
    assert result.kpis["offspec_share.out"].value == pytest.approx(0.5)


# -- rejection ------------------------------------------------------------------------------------------------------------------------------


def test_a_rejected_load_goes_where_rejected_loads_go() -> None:
    units = {
        "bay": stock("25 kg", 80),
        "out": product("bay", spec={"x": ">= 90 %"}, when_off_spec="reject", price="1 EUR/kg"),
        "tip": {"kind": "product", "from": "out.rejected", "price": "-80 EUR/t"},
    }
    result = run(units, "5.5 h")
    assert flow(result, "out") == [0.0, 0.0]
    assert flow(result, "out.rejected") == pytest.approx([20.0, 5.0])
    assert flow(result, "tip") == pytest.approx([20.0, 5.0])
    assert total(result, "rejected_pickups", "out") == 3.0
    assert total(result, "empty_pickups", "out") == 2.0
    assert total(result, "rejected_mass", "out", "product") == pytest.approx(25.0)
    assert total(result, "offspec_mass", "out", "product") == 0.0
    kpis = result.kpis
    assert kpis["rejected_pickup_share.out"].value == pytest.approx(0.6)
    assert kpis["rejected_mass.out"].value == pytest.approx(25.0)
    assert kpis["margin"].value == pytest.approx(-2.0)
    assert notes(result, "out")[0] == "lot of 10 kg rejected: 80 % x, asked for x >= 90 %; goes to tip"
    assert departures(result, "tip") == [1 * H, 2 * H, 3 * H]
    closes(result)


def circle(discharge: str, **more: Any) -> dict[str, Any]:
    """Deliveries of changing quality, sorted; what no truck takes goes back to the yard and is sorted again."""
    return {
        "jobs": {**parts("30 min"), "mass": "1 kg", "composition": {"x": "50 %", "y": "50 %"}, "variability": {"concentration": 5}},
        "yard": {"kind": "bunker", "from": ["jobs", "out.rejected"], "capacity": "60 kg", "discharge": discharge},
        "m": {"kind": "separator", "ports": ["good", "rest"], "partition": {"good": {"x": "90 %", "y": "15 %"}}, "from": "yard", "rate": "4 kg/h"},
        "bay": {"kind": "bunker", "from": "m.good", "capacity": "20 kg", "discharge": discharge},
        "out": product("bay", "5 kg", "4 h", spec={"x": ">= 86 %"}, when_off_spec="reject", price={"x": "1 EUR/kg"}, **more),
        "waste": {"kind": "product", "from": "m.rest"},
    }


@pytest.mark.parametrize("discharge", ["fifo", "mixed"])
def test_a_full_circle_loses_nothing(discharge: str) -> None:
    result = run(circle(discharge), "20 d")
    closes(result)
    rejected, out, bay = flow(result, "out.rejected"), flow(result, "out"), flow(result, "bay")
    assert sum(rejected) > 20.0
    assert sum(out) > 100.0
    assert [a + b for a, b in zip(rejected, out, strict=True)] == pytest.approx(bay, rel=1e-12)
    assert total(result, "offspec_mass", "out", "product") == 0.0
    assert result.kpis["grade.out.x"].value >= 0.86
    assert rejected[0] / sum(rejected) < 0.86
    assert result.kpis["processed"].value == pytest.approx(sum(flow(result, "yard")) - sum(rejected))
    assert result.kpis["recovery.x"].value == pytest.approx(out[0] / (flow(result, "yard")[0] - rejected[0]))


@pytest.mark.parametrize("discharge", ["fifo", "mixed"])
def test_lots_are_followed_through_the_circle(discharge: str) -> None:
    result = run(circle(discharge), "10 d")
    found = twin.trace(result)
    assert found.mass.sum(axis=(1, 2)).tolist() == pytest.approx(result.array("gates/product_mass").sum(axis=0).tolist(), rel=1e-12)
    assert np.all(found.mass.sum(axis=(0, 2)) <= found.origin_mass * (1 + 1e-9))
    assert set(found.origin_units) == {"jobs"}
    assert len(departures(result, "out")) == total(result, "pickups", "out") - total(result, "empty_pickups", "out") - total(result, "rejected_pickups", "out")


def test_a_load_that_finds_no_room_stays_and_is_judged_again() -> None:
    """The bay holds 6 kg for rejected loads of 6 kg, and is emptied at 2.5 h."""
    units = {
        "bay": stock("18 kg", 80),
        "out": product("bay", "6 kg", spec={"x": ">= 90 %"}, when_off_spec="reject"),
        "aside": {"kind": "bunker", "from": "out.rejected", "capacity": "6 kg"},
        "tip": product("aside", "6 kg", "2.5 h"),
    }
    result = run(units, "4.5 h", record={"every": "30 min", "genealogy": True})
    assert [note.rpartition("; ")[2] for note in notes(result, "out")] == [
        "goes to aside", "stays in bay, no room in aside", "goes to aside", "stays in bay, no room in aside",
    ]  # fmt: skip
    assert result.array("units/level")[:, 0].tolist() == pytest.approx([18, 18, 12, 12, 12, 12, 6, 6, 6])
    assert total(result, "rejected_pickups", "out") == 4.0
    assert result.kpis["rejected_mass.out"].value == pytest.approx(12.0)
    closes(result)


def test_a_lot_that_stayed_leaves_once_it_is_good_enough() -> None:
    """A mixed bay at 80 % gets better with 12 kg of pure x at 90 min."""
    units = {
        "bay": {**stock("12 kg", 80), "from": "rich", "discharge": "mixed"},
        "rich": {**parts("90 min"), "mass": "12 kg", "composition": {"x": "100 %"}, "limit": 1},
        "out": product("bay", "12 kg", spec={"x": ">= 90 %"}, when_off_spec="reject"),
        "aside": {"kind": "bunker", "from": "out.rejected", "capacity": "12 kg", "initial": {"mass": "6 kg", "composition": {"y": "100 %"}}},
        "never": product("aside", "1 kg", "99 h"),
    }
    result = run(units, "2.5 h")
    assert total(result, "rejected_pickups", "out") == 1.0
    assert flow(result, "out") == pytest.approx([0.9 * 12, 0.1 * 12])


def test_of_several_bunkers_the_one_that_keeps_the_specification_is_loaded() -> None:
    units = {
        "poor": stock("20 kg", 80),
        "rich": stock("20 kg", 95),
        "out": product(["poor", "rich"], spec={"x": ">= 90 %"}, when_off_spec="reject"),
        "tip": {"kind": "product", "from": "out.rejected"},
    }
    result = run(units, "1.5 h")
    assert flow(result, "out") == pytest.approx([9.5, 0.5])
    assert flow(result, "out.rejected") == pytest.approx([8.0, 2.0])
    assert total(result, "rejected_pickups", "out") == 0.0
    assert total(result, "short_pickups", "out") == 0.0


def test_rejected_loads_may_leave_over_a_conveyor() -> None:
    units = {
        "bay": stock("20 kg", 80),
        "out": product("bay", spec={"x": ">= 90 %"}, when_off_spec="reject"),
        "belt": {"kind": "conveyor", "from": "out.rejected", "transit": "30 min", "capacity": "10 kg"},
        "tip": {"kind": "product", "from": "belt"},
    }
    assert departures(run(units, "4 h"), "tip") == [1.5 * H, 2.5 * H]


def test_a_rejected_load_does_not_queue_behind_trucks_at_the_yard() -> None:
    """From 1 h on a truck with 3 kg waits, as there is room for 2 kg; the rejected 2 kg take it at 2 h. Room for the truck comes at 5 h."""
    units = {
        "jobs": {**parts({"constant": "1 h"}), "mass": {"constant": "3 kg"}, "composition": {"x": "80 %", "y": "20 %"}},
        "yard": {**stock("8 kg", 80, capacity="10 kg"), "from": ["jobs", "out.rejected"]},
        "end": product("yard", "5 kg", "5 h"),
        "bay": stock("2 kg", 80),
        "out": product("bay", "2 kg", "2 h", spec={"x": ">= 90 %"}, when_off_spec="reject"),
    }
    result = run(units, "5.5 h", record={"every": "30 min", "genealogy": True})
    yard = result.array("bunker").tolist().index("yard")
    assert result.array("units/level")[:, yard].tolist() == pytest.approx([8] * 4 + [10] * 6 + [8])
    closes(result)


def test_a_stock_without_feeds_that_gets_its_rejected_loads_back_counts_as_processed() -> None:
    units = circle("fifo")
    del units["jobs"]
    units["yard"] = {**units["yard"], "from": "out.rejected", "initial": {"mass": "50 kg", "composition": {"x": "50 %", "y": "50 %"}}}
    result = run(units, "3 d")
    assert result.kpis["processed"].value == pytest.approx(sum(flow(result, "yard")) - sum(flow(result, "out.rejected")))
    assert result.kpis["processed"].value == pytest.approx(50.0 - float(result.array("units/level")[-1].sum()), abs=1.0)


def test_rejected_mass_is_recorded_where_streams_are_not() -> None:
    plain = run(circle("fifo"), "5 d")
    few = run(circle("fifo"), "5 d", record={"every": "1 d", "streams": False})
    assert few.kpis["rejected_mass.out"].value == pytest.approx(plain.kpis["rejected_mass.out"].value)
    assert few.kpis["processed"].value == pytest.approx(plain.kpis["processed"].value)


def test_the_report_draws_what_is_rejected() -> None:
    source = gather([run(circle("mixed"), "2 d")], ["circle.h5"])
    assert Flow("out", "yard", "out.rejected") in flows_of(source)


def test_slag_too_rich_in_copper_goes_back_to_the_furnace() -> None:
    """All of it in melts: their streams have no materials, and copper is followed through the circle."""
    pickup = {"every": "6 h", "mass": "20 t"}
    units = {
        "slag_bay": {"kind": "bunker", "from": "tsl.slag", "capacity": "800 t"},
        "black_slag": {"from": "slag_bay", "pickup": pickup, "spec": {"Cu": "<= 0.1 %"}, "when_off_spec": "reject"},
        "returns": {"from": ["converter.slag", "black_slag.rejected"], "capacity": "900 t"},
    }
    plant = twin.load(smelter("1 d", **units))
    assert all(melt_streams(plant, derive(plant).destination).values())
    result = twin.run(plant)
    assert result.kpis["rejected_mass.black_slag"].value > 10e3
    assert np.isnan(result.array("streams/mass_flow")[:, result.array("stream").tolist().index("black_slag.rejected")]).all()
    copper = result.array("balance/out_by_product")[result.array("element").tolist().index("Cu")]
    assert twin.trace(result, "Cu").mass.sum(axis=(1, 2)).tolist() == pytest.approx(copper.tolist(), rel=1e-9, abs=1e-9)


# -- bales ----------------------------------------------------------------------------------------------------------------------------------


def test_only_whole_bales_are_loaded() -> None:
    """35 kg in bales of 10 kg: trucks for 25 kg take 20, then 10, then find 5 kg, which is no bale."""
    units = {"bay": stock("35 kg", 80), "out": product("bay", "25 kg", pickup={"unit": "10 kg"})}
    result = run(units, "3.5 h", record={"every": "1 h"})
    masses = result.array("gates/product_mass")[:, 0]
    assert masses.tolist() == pytest.approx([0, 20, 10, 0])
    assert total(result, "short_pickups", "out") == 1.0
    assert total(result, "empty_pickups", "out") == 1.0


def test_bales_of_rounded_mass_are_whole() -> None:
    """Ten lots of 0.1 kg make a bale of 1 kg, though 0.1 ten times is less than 1."""
    units = {
        "jobs": {**parts("1 h"), "every": {"constant": "1 h"}, "mass": {"constant": "0.1 kg"}, "composition": {"x": "100 %"}},
        "bay": {"kind": "bunker", "from": "jobs", "capacity": "5 kg"},
        "out": product("bay", "1 kg", "10.5 h", pickup={"unit": "1 kg"}),
    }
    result = run(units, "11 h")
    assert result.kpis["product_mass.out"].value == pytest.approx(1.0)
    assert result.kpis["short_pickup_share.out"].value == 0.0


def test_a_truck_that_is_too_small_for_a_bale_leaves_empty() -> None:
    units = {"bay": stock("35 kg", 80), "out": product("bay", pickup={"mass": {"discrete": {"values": ["5 kg", "10 kg"], "weights": [1, 1]}}, "unit": "10 kg"})}
    result = run(units, "20 h")
    assert result.kpis["product_mass.out"].value == pytest.approx(30.0)
    assert total(result, "short_pickups", "out") == 0.0
    assert 3 < total(result, "empty_pickups", "out") < 20


# -- limits ---------------------------------------------------------------------------------------------------------------------------------


def test_a_customer_takes_so_much_in_a_period() -> None:
    """25 kg in 6 h: loads of 10, 10 and 5 kg, then trucks are called off until the next period; the bay runs out in it."""
    units = {"bay": stock("60 kg", 80), "out": product("bay", pickup={"limit": {"mass": "25 kg", "per": "6 h"}})}
    result = run(units, "17.5 h", record={"every": "1 h"})
    masses = result.array("gates/product_mass")[:, 0].tolist()
    assert masses[:12] == pytest.approx([0, 10, 10, 5, 0, 0, 10, 10, 5, 0, 0, 0])
    assert masses[12:] == pytest.approx([10, 0, 0, 0, 0, 0])
    assert total(result, "limited_pickups", "out") == 5.0
    assert total(result, "pickups", "out") == 17.0 - 5.0
    assert total(result, "empty_pickups", "out") == 5.0
    assert total(result, "short_pickups", "out") == 0.0
    assert result.kpis["limited_pickup_share.out"].value == pytest.approx(5 / 17)
    assert "the customer's limit is reached" in notes(result, "out")[0]


@pytest.mark.parametrize(("more", "expected"), [({"minimum": "6 kg"}, [10, 10, 0]), ({"unit": "4 kg"}, [8, 8, 8]), ({"unit": "10 kg"}, [10, 10, 0])])
def test_what_is_left_of_a_limit_is_taken_only_where_it_is_worth_a_truck(more: dict[str, Any], expected: list[float]) -> None:
    units = {"bay": stock("60 kg", 80), "out": product("bay", pickup={"limit": {"mass": "25 kg", "per": "1 d"}, **more})}
    result = run(units, "5.5 h", record={"every": "1 h"})
    assert result.array("gates/product_mass")[1:4, 0].tolist() == pytest.approx(expected)


def test_a_limit_moves_no_random_number() -> None:
    units = {"bay": stock("90 kg", 80), "out": product("bay", pickup={"mass": {"uniform": ["1 kg", "2 kg"]}})}
    free = departures(run(units, "9.5 h"), "out")
    units["out"]["pickup"]["limit"] = {"mass": "4 kg", "per": "5 h"}
    result = run(units, "9.5 h")
    assert set(departures(result, "out")) < set(free)
    assert sum(flow(result, "out")) == pytest.approx(8.0)


# -- any plant ------------------------------------------------------------------------------------------------------------------------------


def judged(seed: int) -> twin.Scenario:
    """A random plant whose products are judged, sold in bales and limited, as chance has it."""
    chance, plain = random.Random(seed), dict(random_plant(seed, orders=False).merged)  # type: ignore[call-overload]
    units: dict[str, Any] = plain["units"]
    for name in [name for name, unit in units.items() if unit["kind"] == "product"]:
        unit = units[name]
        unit["spec"] = {"x": f">= {chance.randrange(60, 99)} %"}
        unit["when_off_spec"] = chance.choice(["reject", "reject", "penalise"]) if "pickup" in unit else "penalise"
        if unit["when_off_spec"] == "penalise":
            unit["penalty"] = {"x": {"flat": "3 EUR/t", "price": "20 EUR/t", "per": "1 %"}}
        elif chance.random() < 0.6:
            yard = units["a0"]
            yard["from"] = [*([yard["from"]] if isinstance(yard["from"], str) else yard["from"]), f"{name}.rejected"]
        else:
            units[f"tip_{name}"] = {"kind": "product", "from": f"{name}.rejected"}
        if "pickup" in unit and chance.random() < 0.4:
            unit["pickup"]["unit"] = chance.choice(["50 kg", "130 kg"])
        if "pickup" in unit and chance.random() < 0.4:
            unit["pickup"]["limit"] = {"mass": chance.choice(["130 kg", "500 kg"]), "per": chance.choice(["12 h", "1 d"])}
    return twin.load(plain)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("seed", range(12))
def test_random_plants_close_and_resume_to_the_last_bit(tmp_path: Path, seed: int) -> None:
    plant, chance = judged(seed), random.Random(seed)
    whole = twin.run(plant)
    rejecting = [name for name, unit in plant.units.items() if getattr(unit, "rejects", False)]
    assert all(total(whole, "offspec_mass", name, "product") == 0.0 for name in rejecting)
    for _ in range(2):
        twin.run_until(plant, chance.uniform(1.0, plant.horizon - 1.0), tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest
    if plant.record.genealogy:
        found = twin.trace(whole).mass.sum(axis=(1, 2))
        assert found.tolist() == pytest.approx(whole.array("gates/product_mass").sum(axis=0).tolist(), rel=1e-9, abs=1e-9)


@pytest.mark.soak
def test_the_random_plants_reject() -> None:
    results = [twin.run(judged(seed)) for seed in range(12)]
    assert sum(result.array("gates/rejected_mass").sum() > 0 for result in results) >= 4
    assert sum(result.array("gates/limited_pickups").sum() > 0 for result in results) >= 1
    assert sum(result.array("gates/penalty").sum() > 0 for result in results) >= 10


@pytest.mark.sampled(1)
@pytest.mark.parametrize("discharge", ["fifo", "mixed"])
def test_a_circle_with_bales_and_a_limit_resumes_to_the_last_bit(tmp_path: Path, discharge: str) -> None:
    plant, chance = scenario(circle(discharge, pickup={"unit": "500 g", "limit": {"mass": "12 kg", "per": "1 d"}}), "8 d", **XY), random.Random(discharge)
    whole = twin.run(plant)
    assert total(whole, "limited_pickups", "out") > 3.0
    assert total(whole, "rejected_mass", "out", "product") > 3.0
    for _ in range(6):
        twin.run_until(plant, chance.uniform(1.0, plant.horizon - 1.0), tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


# -- errors ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "place", "message"),
    [
        ({"when_off_spec": "reject"}, "when_off_spec", "'reject' needs a 'spec'"),
        ({"when_off_spec": "refuse"}, "when_off_spec", "refuse"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise"}, "penalty", "'penalty' is missing"),
        ({"spec": {"x": ">= 90 %"}, "penalty": "30 EUR/t"}, "penalty", "only with 'when_off_spec: penalise'"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": "-3 EUR/t"}, "penalty", "-3 EUR/t"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"y": "3 EUR/t"}}, "penalty.y", "no limit on 'y'; known: x"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"x": {"price": "3 EUR/t"}}}, "penalty.x", "'price' and 'per' belong together"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"x": {}}}, "penalty.x.price", "'price' is missing"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"x": {"flt": "3 EUR/t"}}}, "penalty.x.flt", "did you mean 'flat'?"),
        ({"spec": {"x": ">= 90 %"}, "when_off_spec": "penalise", "penalty": {"x": {"price": "3 EUR/t", "per": 0}}}, "penalty.x.per", "must be more than 0"),
        ({"pickup": {"unit": "11 kg"}}, "pickup.unit", "at most 10 kg, less than one unit of 11 kg"),
        ({"pickup": {"unit": "6 kg", "limit": {"mass": "5 kg", "per": "1 d"}}}, "pickup.limit", "less than 'unit'"),
        ({"pickup": {"minimum": "6 kg", "limit": {"mass": "5 kg", "per": "1 d"}}}, "pickup.limit", "less than 'minimum'"),
        ({"pickup": {"limit": {"mass": "5 kg"}}}, "pickup.limit", "'per' is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(more: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        scenario({"bay": stock("35 kg", 80), "out": product("bay", **more)}, "9 h", **XY)
    [problem] = error.value.problems
    assert problem.path == f"units.out.{place}"
    assert message in problem.message


def rejecting(**units: Any) -> dict[str, Any]:
    return {"bay": stock("35 kg", 80), "out": product("bay", spec={"x": ">= 90 %"}, when_off_spec="reject"), **units}


TIP = {"kind": "product", "from": "out.rejected"}


@pytest.mark.parametrize(
    ("units", "path", "message"),
    [
        (rejecting(), "units.out", "'out.rejected' leads nowhere"),
        (rejecting(tip=TIP, more=TIP), "units.more.from", "already leads to 'tip'"),
        (rejecting(tip={**TIP, "from": "out"}), "units.tip.from", "only what it rejects can be taken from it, 'out.rejected'"),
        (rejecting(out=product("bay"), tip=TIP), "units.tip.from", "'when_off_spec: reject' would give it the port 'rejected'"),
        (rejecting(m={"kind": "separator", "ports": ["o"], "from": "out.rejected", "rate": "1 kg/h"}), "units.m.from", "put a bunker between"),
        (rejecting(aside={"kind": "bunker", "from": "out.rejected", "capacity": "9 kg"}), "units.out.pickup.mass", "never fits into 'aside'"),
        ({"bay": stock("35 kg", 80), "out": product("bay", "200 kg", pickup={"unit": "200 kg"})}, "units.out.pickup.unit", "'bay' holds 100 kg"),
    ],
)
def test_where_rejected_loads_go_is_checked(units: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        derive(scenario(units, "9 h", **XY))
    found = [(problem.path, problem.message) for problem in error.value.problems]
    assert any(path == where and message in what for where, what in found), found


def test_without_pickups_nothing_is_rejected() -> None:
    units = {"bay": stock("35 kg", 80), "out": {"kind": "product", "from": "bay", "spec": {"x": ">= 90 %"}, "when_off_spec": "reject"}, "tip": TIP}
    with pytest.raises(ScenarioError, match="a load is rejected at a pick-up"):
        scenario(units, "9 h", **XY)
