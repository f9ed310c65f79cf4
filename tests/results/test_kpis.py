"""The key figures, against sums done by hand."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from results_plant import AXES, KPI_INPUTS, ONCE, STATES, kpis_in, new_writer, steps

from twin.materials import ELEMENTS
from twin.results import calculation_points, costs, judged
from twin.results.kpis import KPIS, Kpi
from twin.results.layout import SERIES
from twin.results.tally import KpiInputs

CU, FE = ELEMENTS.index("Cu"), ELEMENTS.index("Fe")
HOUR = 3600.0


def run(hours: list[dict[str, Any]], inputs: dict[str, Any] = KPI_INPUTS, warmup: float = HOUR, **once: Any) -> dict[str, Kpi]:
    """The KPIs of a run of one-hour steps; each step names what is not 0 as ``{"variable": {place: value}}``."""
    lengths = {name: len(AXES[name]) for name in AXES}
    block: dict[str, Any] = {v.path: np.zeros((len(hours), *[lengths[d] for d in v.dims[1:]])) for v in SERIES}
    for number, values in enumerate(hours):
        for variable, entries in values.items():
            for place, value in entries.items():
                block[variable][(number, *place)] = value
    block["time"] = HOUR * np.arange(1, len(hours) + 1)
    block["time_bounds"] = np.stack([block["time"] - HOUR, block["time"]], axis=1)
    with new_writer(None) as writer:
        writer._file.attrs["warmup"] = warmup
        writer._attach()
        writer.append(block)
        with writer.finish({"scenario/kpi_inputs": json.dumps(inputs), **once}) as result:
            return dict(result.kpis)


def states(**shares: float) -> dict[tuple[int, int], float]:
    return {(2, STATES.index(state)): share for state, share in shares.items()}


WARM = {"streams/mass_flow": {(1, 0): 1e6}, "gates/arrivals": {(0,): 99}, "units/power": {(2, 0): 1e9}}
FIRST = {
    "streams/mass_flow": {(0, 0): 4.0, (1, 0): 3.0, (1, 1): 1.0, (3, 1): 0.5, (3, 0): 0.1, (4, 0): 2.9},
    "streams/element_flow": {(1, CU): 1.2, (3, CU): 0.6, (4, FE): 2.9, (4, CU): 0.4},
    "units/state_share": states(off_shift=0.25, maintenance=0.05, down=0.1, waiting=0.02, blocked=0.03, starved=0.05, running=0.5),
    "units/starts": {(2,): 3},
    "units/load": {(0,): 0.3, (1,): 0.45},
    "units/bottleneck": {(0,): 0.1, (1,): 0.4},
    "units/down_share": {(0,): 0.07, (1,): 0.03},
    "units/repair_wait_share": {(0,): 0.035},
    "units/waste_heat": {(0, 0): 3e3, (0, 1): 1e3},
    "units/gas_carbon": {(0, 0): 1.0, (0, 1): 0.5, (0, 2): 0.25, (0, 3): 9.0},
    "units/boiler_steam": {(0, 0): 8e3, (0, 1): 5e3, (0, 2): 2e3, (0, 3): 1e3},
    "units/power": {(2, 0): 50e3, (3, 0): 10e3, (3, 1): 5e3},
    "gates/arrivals": {(0,): 5},
    "gates/turned_away": {(0,): 1},
    "gates/turned_away_mass": {(0,): 12e3},
    "gates/queue": {(0,): 1.5},
    "gates/wait": {(0,): 6000.0},
    "gates/unloading": {(0,): 0.5},
    "resources/in_use": {(0,): 0.75},
    "resources/available": {(0,): 1.5},
    "resources/queue": {(0,): 0.25},
    "resources/wait": {(0,): 900.0},
    "resources/grants": {(0,): 3.0},
    "gates/pickups": {(1,): 4, (2,): 1},
    "gates/short_pickups": {(1,): 1},
    "gates/empty_pickups": {(1,): 2},
    "gates/product_mass": {(0,): 2160.0, (1,): 10440.0},
    "gates/offspec_mass": {(0,): 216.0},
}
SECOND = {"units/state_share": states(off_shift=1.0)}


@pytest.fixture(scope="module")
def kpis() -> dict[str, Kpi]:
    return run([WARM, FIRST, SECOND])


STOCK_VALUE = (0.2 * 0.6 * 6.0 * 0.9 / 1.0 - 0.5 * 2.9 * 0.05 / 3.5) * HOUR
"""0.2 kg/s of copper and 0.5 kg/s of all that came did not leave; a kilogram of either that left brought so much on average."""
EXPECTED = {
    "throughput": 2.0,  # 4 kg/s for one of two hours
    "processed": 4.0 * HOUR,
    "recovery.Cu": 0.5,
    "recovery.copper": 0.5,
    "recovery.metals": 0.15,
    "recovery.gold.Cu": 0.5,
    "grade.gold.Cu": 1.0,  # 0.6 of 0.6
    "grade.gold.copper": 0.5 / 0.6,
    "grade.gold.steel": 0.1 / 0.6,
    "grade.gold.metals": 1.0,
    "grade.waste.Fe": 1.0,
    "yield.gold": 0.15,
    "yield.waste": 2.9 / 4.0,
    "product_mass.gold": 0.6 * HOUR,
    "offspec_share.gold": 0.1,
    "offspec_share.waste": 0.0,
    "utilisation.mill": 0.5 / 0.7,  # planned: 0.7 h of two hours
    "starts.mill": 3.0,
    "blocked.mill": 0.03 / 0.7,
    "starved.mill": 0.05 / 0.7,
    "waiting.mill": 0.02 / 0.7,
    "oee.mill": 0.45 / 0.7 * 0.9,
    "availability.mill": 1 - 0.07 / 0.7,
    "availability.sieve": 1 - 0.03 / 0.7,
    "repair_wait.mill": 0.05,
    "repair_wait.sieve": 0.0,
    "load.mill": 0.6,
    "load.sieve": 0.9,
    "bottleneck_share.mill": 0.2,
    "bottleneck_share.sieve": 0.8,
    "specific_energy": 65e3 / 4.0,
    "energy.electricity": 60e3 * HOUR,
    "energy.natural_gas": 5e3 * HOUR,
    "energy_per_mass.electricity": 60e3 / 4.0,
    "energy_per_mass.natural_gas": 5e3 / 4.0,
    "feed_heating_value": 2e6 / 4.0,  # a quarter is copper, which burns in this plant
    "waste_heat.above_800_°C": 3e3 * HOUR,
    "waste_heat.below_200_°C": 1e3 * HOUR,
    "charge_co2.fossil": 44.009 / 12.011 * HOUR,
    "charge_co2.biogenic": 0.5 * 44.009 / 12.011 * HOUR,
    "charge_co2.mineral": 0.25 * 44.009 / 12.011 * HOUR,
    "charge_co2_per_tonne.fossil": 44.009 / 12.011 / 4.0,
    "charge_co2_per_tonne.biogenic": 0.5 * 44.009 / 12.011 / 4.0,
    "charge_co2_per_tonne.mineral": 0.25 * 44.009 / 12.011 / 4.0,
    "co2_with_charge": (60e3 * 1e-7 + 5e3 * 5.6e-8 + 1.25 * 44.009 / 12.011) * HOUR,
    "co2_with_charge_per_tonne": (60e3 * 1e-7 + 5e3 * 5.6e-8 + 1.25 * 44.009 / 12.011) / 4.0,
    "steam_made": 8e3 * HOUR,
    "steam_used": 5e3 * HOUR,
    "steam_exported": 2e3 * HOUR,
    "steam_blown_off": 1e3 * HOUR,
    "deportment.Cu.gold": 0.6,
    "deportment.Cu.waste": 0.4,
    "co2": (60e3 * 1e-7 + 5e3 * 5.6e-8) * HOUR,
    "co2_per_tonne": (60e3 * 1e-7 + 5e3 * 5.6e-8) / 4.0,
    "revenue": (0.6 * 6.0 * 0.9 - 2.9 * 0.05) * HOUR,
    "feed_cost": 4.0 * 0.1 * HOUR,
    "energy_cost": 60e3 * 5e-8 * HOUR,
    "stock_value": STOCK_VALUE,
    "margin": (0.6 * 6.0 * 0.9 - 2.9 * 0.05 - 0.4 - 60e3 * 5e-8) * HOUR + STOCK_VALUE,
    "margin_cash": (0.6 * 6.0 * 0.9 - 2.9 * 0.05 - 0.4 - 60e3 * 5e-8) * HOUR,
    "queue.deliveries": 0.75,
    "wait.deliveries": 1500.0,
    "unloading.deliveries": 0.25,
    "resource_load.loader": 0.5,
    "resource_queue.loader": 0.125,
    "resource_wait.loader": 300.0,
    "turned_away_share.deliveries": 0.2,
    "turned_away_mass.deliveries": 12e3,
    "short_pickup_share.gold": 0.25,
    "empty_pickup_share.gold": 0.5,
    "empty_pickup_share.waste": 0.0,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_by_hand(kpis: dict[str, Kpi], name: str) -> None:
    assert kpis[name].value == pytest.approx(EXPECTED[name], rel=1e-12, abs=1e-15)


JUDGED = copy.deepcopy(KPI_INPUTS)
JUDGED["products"]["gold"] |= {"when_off_spec": "reject", "limited": True, "loads": True}
JUDGED["feeds"]["deliveries"]["patience"] = True
JUDGED["products"]["waste"] |= {"when_off_spec": "penalise"}
JUDGED["returned"] = ["mill.out"]
REJECTIONS = FIRST | {
    "streams/mass_flow": FIRST["streams/mass_flow"] | {(2, 0): 1.5, (2, 1): 0.5},
    "streams/element_flow": FIRST["streams/element_flow"] | {(2, CU): 0.7},
    "gates/rejected_pickups": {(1,): 1},
    "gates/limited_pickups": {(1,): 2},
    "gates/rejected_mass": {(0,): 7200.0},
    "gates/penalty": {(1,): 30.0},
    "gates/left": {(0,): 1},
    "gates/queue": {(0,): 1.5, (1,): 0.5},
    "gates/wait": {(0,): 6000.0, (1,): 800.0},
    "gates/unloading": {(0,): 0.5, (1,): 0.25},
}
EXPECTED_WHERE_JUDGED = {
    "processed": 2.0 * HOUR,  # of 4 kg/s, 2 came back
    "throughput": 1.0,
    "recovery.Cu": 0.6 / 0.5,
    "rejected_mass.gold": 7200.0,
    "rejected_pickup_share.gold": 0.25,
    "limited_pickup_share.gold": 2 / 6,
    "penalties": 30.0,
    "penalty.waste": 30.0,
    "margin_cash": EXPECTED["margin_cash"] - 30.0,
    "left_share.deliveries": 0.2,
    "wait.deliveries": 1200.0,  # who left has waited too
    "pickup_queue.gold": 0.25,
    "pickup_wait.gold": 200.0,
    "loading.gold": 0.125,
}


@pytest.mark.parametrize("name", EXPECTED_WHERE_JUDGED)
def test_by_hand_where_lots_are_rejected_or_penalised(name: str) -> None:
    assert run([WARM, REJECTIONS, SECOND], JUDGED)[name].value == pytest.approx(EXPECTED_WHERE_JUDGED[name], rel=1e-12)


RULED = copy.deepcopy(KPI_INPUTS)
RULED["lines"]["mill"]["overtime_cost"] = 0.02
SHIFT_ENDS = FIRST | {
    "units/state_share": states(
        off_shift=0.03,
        maintenance=0.05,
        down=0.1,
        waiting=0.02,
        blocked=0.03,
        starved=0.05,
        running=0.5,
        overtime=0.1,
        closing=0.05,
        changeover=0.04,
        cleaning=0.01,
        warm_up=0.02,
    )
}
EXPECTED_WHERE_SHIFTS_END_BY_RULE = {
    "overtime.mill": 0.1 * HOUR,
    "closing.mill": 0.05 * HOUR,
    "changeover.mill": 0.04 * HOUR,
    "cleaning.mill": 0.01 * HOUR,
    "warm_up.mill": 0.02 * HOUR,
    "overtime_cost": 0.1 * HOUR * 0.02,
    "utilisation.mill": 0.6 / 0.92,  # overtime is worked time and planned time
    "availability.mill": 1 - 0.07 / 0.92,
    "load.mill": 0.3 / 0.6,
    "bottleneck_share.sieve": 0.4 / 0.6,
    "margin_cash": EXPECTED["margin_cash"] - 0.1 * HOUR * 0.02,
}


@pytest.mark.parametrize("name", EXPECTED_WHERE_SHIFTS_END_BY_RULE)
def test_by_hand_where_shifts_end_by_rule(name: str) -> None:
    assert run([WARM, SHIFT_ENDS, SECOND], RULED)[name].value == pytest.approx(EXPECTED_WHERE_SHIFTS_END_BY_RULE[name], rel=1e-12)


def test_figures_of_what_a_plant_does_not_do_are_not_among_its_own(kpis: dict[str, Kpi]) -> None:
    of_quality = ("rejected", "limited", "penalt", "left", "pickup_", "loading")
    assert [name for name in kpis if name.startswith(of_quality)] == []
    judged = run([WARM, REJECTIONS, SECOND], JUDGED)
    found = {name for name in judged if name.startswith(of_quality)}
    assert found == {name for name in EXPECTED_WHERE_JUDGED if name.startswith(of_quality)}


def test_a_file_of_before_there_were_resources_has_no_figures_of_them(tmp_path: Path) -> None:
    """What is not in a file is absent, and its key figures are not numbers."""
    path = tmp_path / "old.h5"
    with new_writer(path) as writer:
        writer.append(steps(0, 4))
        writer.finish({"scenario/kpi_inputs": json.dumps(KPI_INPUTS)}).close()
    with h5py.File(path, "r+") as file:
        del file["resources"], file["gates/unloading"], file["gates/left"]
        file["scenario_resource"] = file["resource"]  # out of the way under another name
        del file["resource"]
        found = kpis_in(file)
    assert math.isnan(found["unloading.deliveries"].value)
    assert not [name for name in found if name.startswith("resource")]
    assert found["queue.deliveries"].value > 0


EXPECTED_OF_ORDERS = {"on_time_share.gold": 0.25, "late.gold": 200.0, "open_orders.gold": 1.0, "open_orders.waste": 0.0}
"""Of gold four orders were due after the hour of warm-up: one done in time, two 100 and 300 s late, one open. Of waste none was due."""


@pytest.mark.parametrize("name", EXPECTED_OF_ORDERS)
def test_by_hand_what_orders_were_on_time(name: str) -> None:
    orders = {
        "order_product": ["gold"] * 5 + ["waste"],
        "order_name": list("abcdef"),
        "order_mass": [1e3] * 6,
        "due": [HOUR, HOUR + 1, 5000.0, 6000.0, 7000.0, 9e9],
        "done": [9000.0, HOUR + 1, 5100.0, 6300.0, math.nan, math.nan],
        "late": [9000.0 - HOUR, 0.0, 100.0, 300.0, math.nan, math.nan],
    }
    found = run([WARM, FIRST, SECOND], **{f"orders/{column}": values for column, values in orders.items()})
    assert found[name].value == pytest.approx(EXPECTED_OF_ORDERS[name])
    assert math.isnan(found["on_time_share.waste"].value) and math.isnan(found["late.waste"].value)
    assert (found["on_time_share.gold"].above, found["on_time_share.gold"].below) == (1.0, 4.0)


def test_every_row_of_the_table_is_tried_by_hand() -> None:
    tried = {name.partition(".")[0] for name in (*EXPECTED, *EXPECTED_WHERE_JUDGED, *EXPECTED_WHERE_SHIFTS_END_BY_RULE, *EXPECTED_OF_ORDERS)}
    others = (*costs.ROWS, *judged.ROWS, *calculation_points.ROWS)  # tests/results/test_costs.py, tests/plant/test_acceptance.py, test_calculation_points.py
    elsewhere = {row[0].partition(".")[0] for row in others}
    assert tried | elsewhere == {definition.pattern.partition(".")[0] for definition in KPIS}


def test_the_mass_of_a_melt_is_that_of_its_elements() -> None:
    melt = copy.deepcopy(FIRST)
    melt["streams/mass_flow"] |= {(3, 0): math.nan, (3, 1): math.nan}
    assert run([WARM, melt, SECOND], warmup=HOUR)["product_mass.gold"].value == pytest.approx(0.6 * HOUR)


def test_units_are_those_of_the_table(kpis: dict[str, Kpi]) -> None:
    units = {definition.pattern.partition(".")[0]: definition.unit for definition in KPIS}
    assert all(kpi.unit == units[name.partition(".")[0]] for name, kpi in kpis.items())


def test_the_warm_up_is_cut_off_at_the_step_that_begins_with_it() -> None:
    assert run([WARM, FIRST, SECOND], warmup=HOUR)["processed"].value == pytest.approx(4 * HOUR)
    assert run([WARM, FIRST, SECOND], warmup=HOUR + 1)["processed"].value == 0.0
    assert run([FIRST, FIRST], warmup=0.0)["processed"].value == pytest.approx(8 * HOUR)


def test_nothing_processed_gives_no_number(kpis: dict[str, Kpi]) -> None:
    idle = run([WARM, SECOND])
    for name in ("recovery.Cu", "yield.gold", "grade.gold.Cu", "specific_energy", "utilisation.mill", "availability.mill", "wait.deliveries"):
        assert math.isnan(idle[name].value), name
    assert idle["throughput"].value == 0.0 and idle["margin"].value == 0.0
    assert list(idle) == list(kpis)


def test_no_step_at_all() -> None:
    empty = run([])
    assert math.isnan(empty["throughput"].value) and empty["processed"].value == 0.0


def test_inputs_without_prices_and_products() -> None:
    inputs = KpiInputs.from_json("{}")
    assert inputs.intake == () and not inputs.products
    changed = copy.deepcopy(KPI_INPUTS)
    changed["products"] = {"gold": {"price": None}}
    assert math.isnan(run([WARM, FIRST], changed)["revenue"].value)


def test_what_a_plant_does_not_have_is_nan() -> None:
    changed = copy.deepcopy(KPI_INPUTS)
    changed["products"] = {"gold": {"targets": ["unobtainium"]}}
    assert math.isnan(run([WARM, FIRST], changed)["recovery.unobtainium"].value)


def test_oee_without_a_machine_limit_or_products() -> None:
    unlimited = {**FIRST, "units/load": {(0,): np.nan, (1,): 0.45}}
    changed = copy.deepcopy(KPI_INPUTS)
    changed["lines"] = {"mill": {"machines": ["mill", "sieve"]}}
    assert run([WARM, unlimited], changed)["oee.mill"].value == pytest.approx(0.45 / 0.7)


def test_the_sums_do_not_depend_on_blocks() -> None:
    values = []
    for size in (1, 3, 20):
        with new_writer(None) as writer:
            writer._file.attrs["rows_at_once"] = size
            writer._attach()
            for first in range(0, 20, 4):
                writer.append(steps(first, 4))
            with writer.finish(ONCE) as result:
                values.append([kpi.value.hex() for kpi in result.kpis.values()])
    assert values[0] == values[1] == values[2]
