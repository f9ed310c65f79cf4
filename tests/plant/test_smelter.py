"""Furnaces through whole runs: phases and their limits, ladles and crane, hot charges, returns, lining, accounts, save and resume."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from smelter_plant import phases, smelter

import twin
from twin.errors import BalanceError, RunError, ScenarioError
from twin.materials import ELEMENTS
from twin.units.melts import bath

CU, FE, SI, ZN, SN = (ELEMENTS.index(name) for name in ("Cu", "Fe", "Si", "Zn", "Sn"))
SILICA = 0.060083 / 0.028085


@cache
def base() -> twin.Result:
    return twin.run(twin.load(smelter()))


def rows(result: twin.Result, unit: str, phase: str) -> list[int]:
    units, names = result.array("batches/batch_unit"), result.array("batches/phase")
    return [k for k in range(len(units)) if units[k] == unit and names[k] == phase]


def column(result: twin.Result, name: str) -> Any:
    return result.array(f"batches/{name}")


def test_every_element_and_every_carrier_closes() -> None:
    result = base()
    assert result.attrs["worst_residual"] < 1e-11
    charged = result.array("balance/material_source")
    assert (charged < 0).all(), "all materials are charged and melt"
    assert result.array("balance/energy_in")[list(result.array("carrier")).index("coke")] > 0


def test_heat_closes_in_every_batch_row() -> None:
    result = base()
    heat_in, out, stored = column(result, "heat_in"), column(result, "heat_out"), column(result, "heat_stored")
    measure = np.abs(heat_in) + np.abs(out)
    assert len(measure) > 40
    assert (np.abs(heat_in - out - stored) <= 1e-6 * 1e9 * 1e-3 + 1e-10 * measure).all()


def test_elements_close_in_every_phase() -> None:
    """Metal and slag of a phase, less those of the phase before, are what came in less what left; taps included."""
    result = base()
    k = rows(result, "tsl", "charge")[1]
    before = k - 1
    while column(result, "batch_unit")[before] != "tsl" or column(result, "phase")[before] != "settle":
        before -= 1
    tapped = sum(column(result, "element_out")[j] for j in range(before + 1, k) if column(result, "batch_unit")[j] == "tsl")
    start = column(result, "metal")[before] + column(result, "slag")[before] - tapped
    end = column(result, "metal")[k] + column(result, "slag")[k]
    change = column(result, "element_in")[k] - column(result, "element_out")[k]
    assert np.allclose(end - start, change, atol=1e-6 * float(end.sum()))


def test_a_phase_ends_when_its_test_holds_and_says_what_it_waited_for() -> None:
    result = base()
    for k in rows(result, "tsl", "reduce"):
        slag = column(result, "slag")[k]
        assert slag[CU] / slag.sum() <= 0.012 * (1 + 1e-3)
        assert column(result, "limit")[k] == "reductant"
    assert {str(column(result, "limit")[k]) for k in rows(result, "tsl", "charge")} == {"feeder"}


def test_flux_brings_the_slag_to_its_ratio() -> None:
    """All iron is taken as going into the slag, so the ratio is met to what stays in the metal."""
    result = base()
    slag = column(result, "slag")[rows(result, "tsl", "reduce")[2]]
    assert slag[FE] / (slag[SI] * SILICA) == pytest.approx(1.3, rel=0.03)


def test_the_converter_is_charged_hot_and_waits_for_it() -> None:
    """Black copper keeps its heat on the way: the charge comes in with more heat than the same plant's cold alloy could."""
    result = base()
    first = rows(result, "converter", "charge")[0]
    tapped = [k for k in rows(result, "tsl", "tap metal") if column(result, "phase_end")[k] <= column(result, "phase_start")[first]]
    assert sum(float(column(result, "element_out")[k].sum()) for k in tapped) >= 12_000
    assert column(result, "heat_in")[first] > 0.5 * sum(float(column(result, "heat_out")[k]) for k in tapped) > 0
    states = result.kpis
    assert states["starved.converter"].value > 0.05


def test_the_lance_furnace_waits_for_the_next_furnace() -> None:
    """A converter that is too slow holds the lance furnace up."""
    converter = smelter()["units"]["converter"]
    slow = [converter["phases"][0], {"melt": {"duration": "15 h", "max": "15 h"}}, *converter["phases"][2:]]
    with twin.run(twin.load(smelter(converter={"phases": slow}))) as result:
        assert result.kpis["blocked.tsl"].value > 0.1 > base().kpis["blocked.tsl"].value


def test_a_furnace_that_waits_holds_its_heat_with_gas() -> None:
    """The gas of the wait is booked with the next phase; the bath is as warm as the burner keeps it."""
    converter = smelter()["units"]["converter"]
    slow = [converter["phases"][0], {"melt": {"duration": "15 h", "max": "15 h"}}, *converter["phases"][2:]]
    with twin.run(twin.load(smelter(converter={"phases": slow}))) as result:
        carrier = list(result.array("carrier")).index("natural_gas")
        burnt = {name: [column(r, "energy")[k][carrier] for k in rows(r, "tsl", "charge")] for name, r in (("slow", result), ("base", base()))}
        assert max(burnt["slow"]) > 2 * max(burnt["base"])
        assert result.attrs["worst_residual"] < 1e-11
        measure = np.abs(column(result, "heat_in")) + np.abs(column(result, "heat_out"))
        residual = column(result, "heat_in") - column(result, "heat_out") - column(result, "heat_stored")
        assert (np.abs(residual) <= 1e3 + 1e-10 * measure).all()


def test_a_stock_of_slag_has_the_heat_of_its_oxides() -> None:
    """Else it would burn when it is charged: a stock of oxides makes the furnace colder, not hotter."""
    ends = {}
    for name, initial in (("none", {}), ("slag", {"initial": {"mass": "60 t", "melt": {"Zn": "30 %", "Fe": "15 %", "Si": "8 %", "O": "20.8 %"}}})):
        recipe = phases()
        recipe[0]["charge"] |= {"blast": {"rate": "3000 Nm3/h"}}
        with twin.run(twin.load(smelter("8 h", tsl={"phases": recipe}, returns=initial))) as result:
            k = rows(result, "tsl", "charge")[0]
            ends[name] = float(column(result, "heat_in")[k]), float(column(result, "energy")[k].sum())
    assert ends["slag"][0] < ends["none"][0] and ends["slag"][1] > ends["none"][1]


def test_crane_and_ladles_are_shared() -> None:
    """With one crane for both furnaces that a long job of the converter holds, the lance furnace waits for it."""
    converter = smelter()["units"]["converter"]
    held = [
        converter["phases"][0],
        {"oxidise": {**converter["phases"][1]["oxidise"], "needs": ["crane"], "duration": "8 h", "max": "8 h"}},
        *converter["phases"][2:],
    ]
    with twin.run(twin.load(smelter(converter={"phases": held}))) as result:
        assert result.kpis["waiting.tsl"].value > 0.05 > base().kpis["waiting.tsl"].value


def test_oxygen_is_shared() -> None:
    """A plant that has only enough for one furnace makes the other wait; one that is too small slows the blast down."""
    with twin.run(twin.load(smelter(o2={"capacity": "4000 Nm3/h"}))) as result:
        assert result.kpis["waiting.tsl"].value + result.kpis["waiting.converter"].value > 0.05
    with twin.run(twin.load(smelter(o2={"capacity": "500 Nm3/h"}))) as result:
        first = rows(result, "tsl", "charge")[0]
        hours = (column(result, "phase_end")[first] - column(result, "phase_start")[first]) / 3.6e12
        assert column(result, "oxygen")[first] <= 500 * 1.429 * hours * 1.01


def test_a_tap_serves_two_converters() -> None:
    """Each ladle goes to the first converter that takes it, so two slow ones hold the lance furnace up less than one."""
    plant = smelter()["units"]
    slow = [plant["converter"]["phases"][0], {"melt": {"duration": "9 h", "max": "9 h"}}, *plant["converter"]["phases"][2:]]
    two = phases()
    two[3] = {"tap": {**two[3]["tap"], "metal_to": ["metal", "metal_b"]}}
    charge = {"charge": {**slow[0]["charge"], "recipe": {"tsl.metal_b": {"mass": "24 t", "least": "12 t"}, "alloy": {"mass": "6 t", "least": "2 t"}}}}
    second = {**plant["converter"], "from": ["tsl.metal_b", "alloy", "sand"], "phases": [charge, *slow[1:]]}
    more = {
        "converter_b": second,
        "returns": {"from": ["converter.slag", "converter_b.slag"]},
        "tin": {"from": ["converter.tin_slag", "converter_b.tin_slag"]},
        "copper": {"from": ["converter.metal", "converter_b.metal"]},
        "stack": {"from": ["tsl.offgas", "converter.offgas", "converter_b.offgas"]},
    }
    with (
        twin.run(twin.load(smelter(converter={"phases": slow}))) as one,
        twin.run(twin.load(smelter(tsl={"phases": two}, converter={"phases": slow}, **more))) as both,
    ):
        assert both.kpis["blocked.tsl"].value < 0.5 * one.kpis["blocked.tsl"].value
        assert rows(both, "converter_b", "charge") and both.attrs["worst_residual"] < 1e-11


def test_slag_comes_back_with_its_elements() -> None:
    result = base()
    streams = list(result.array("stream"))
    flow = result.array("streams/element_flow").sum(axis=0)
    assert flow[streams.index("converter.slag"), ZN] > 0
    assert np.isnan(result.array("streams/mass_flow")[0, streams.index("converter.slag")]).all()
    assert flow[streams.index("returns")].sum() == pytest.approx(flow[streams.index("converter.slag")].sum(), rel=0.5)


def test_a_loop_with_returns_comes_to_rest() -> None:
    """Slag goes round from converter to lance furnace, and some lance batches belong to a converter batch: from cycle to cycle nothing changes any more."""
    with twin.run(twin.load(smelter("12 d", trucks={"mass": "31 t"}))) as result:
        ends = rows(result, "tsl", "settle")
        metal = np.array([column(result, "metal")[k] / column(result, "metal")[k].sum() for k in ends])[:, [CU, ZN, SN]]
        changes = {lag: np.abs(metal[lag:] - metal[:-lag]).max(axis=1) for lag in range(1, 9)}
        cycle = min(changes, key=lambda lag: changes[lag][-6:].max())
        assert changes[cycle][-6:].max() < 3e-4 < 1e-3 < changes[cycle][0], (cycle, changes[cycle])


def test_the_lining_wears_and_is_renewed() -> None:
    lining = {"batches": 2, "relining": "10 h", "wall_loss": 0.5}
    with twin.run(twin.load(smelter(tsl={"lining": lining}))) as result:
        notes = [str(what) for what in result.array("events/what")]
        assert "relining after 2 batches" in notes
        starts = [column(result, "phase_start")[k] for k in rows(result, "tsl", "charge")]
        assert starts[2] - starts[1] > 10 * 3.6e12
        state = list(result.array("state")).index("maintenance")
        unit = list(result.array("unit")).index("tsl")
        assert result.array("units/state_share")[:, unit, state].sum() >= 10.0


def test_a_phase_that_cannot_reach_its_end_goes_on_or_fails() -> None:
    never = phases()
    never[1] = {"reduce": {**never[1]["reduce"], "until": {"slag.Cu": "< 0.01 %"}, "max": "30 min"}}
    with twin.run(twin.load(smelter("1 d", tsl={"phases": never}))) as result:
        assert any("ended without its end test: time is up" in str(what) for what in result.array("events/what"))
        kinds = list(result.array("warning"))
        assert result.array("units/range_warnings")[list(result.array("unit")).index("tsl"), kinds.index("phase_ended_by_time")] >= 2
    never[1]["reduce"]["otherwise"] = "fail"
    with pytest.raises(RunError, match="tsl: reduce of batch 1 ended without its end test"):
        twin.run(twin.load(smelter("1 d", tsl={"phases": never})))


def test_a_blend_meets_its_target() -> None:
    recipe = phases()
    recipe[0]["charge"] |= {"recipe": {"bay": "24 t", "rich_bay": "8 t"}, "blend": {"element": "Cu", "target": "40 %", "rich": "rich_bay", "lean": "bay"}}
    more = {
        "rich_trucks": {"kind": "feed", "every": "1 d", "mass": "20 t", "composition": {"copper_no2": "100 %"}},
        "rich_bay": {"kind": "bunker", "from": "rich_trucks", "capacity": "300 t", "initial": {"mass": "100 t"}},
        "returned": {"kind": "product", "from": "returns"},
    }
    with twin.run(twin.load(smelter("1 d", tsl={"from": ["bay", "rich_bay", "sand"], "phases": recipe}, **more))) as result:
        flows, streams = result.array("streams/element_flow").sum(axis=0), list(result.array("stream"))
        charged = flows[streams.index("bay")] + flows[streams.index("rich_bay")]
        assert charged[CU] / charged.sum() == pytest.approx(0.4, rel=1e-6)


def test_a_furnace_without_heel_starts_cold() -> None:
    melting = phases()
    melting.insert(1, {"melt": {"until": {"temperature": "> 1200 °C"}, "max": "20 h"}})
    cold = {key: value for key, value in smelter()["units"]["tsl"].items() if key not in ("initial", "heel")} | {"phases": melting}
    plant = smelter("1 d")
    plant["units"]["tsl"] = cold
    with twin.run(twin.load(plant)) as result:
        k = rows(result, "tsl", "melt")[0]
        assert column(result, "temperature")[k] >= 1473.0
        assert result.attrs["worst_residual"] < 1e-11


def test_every_product_is_traced_back_through_heel_and_returns() -> None:
    result = base()
    found = twin.trace(result, "Cu")
    by_product = result.array("balance/out_by_product")[CU]
    for name in ("copper", "black_slag"):
        p = found.products.index(name)
        assert found.mass[p].sum() == pytest.approx(by_product[list(result.array("product")).index(name)], rel=1e-9)
        assert found.shares(name).sum() == pytest.approx(1.0)
    origins = {unit for unit, _, share, _ in found.rows("copper", 100) if share > 1e-6}
    assert {"bay", "trucks", "alloy", "tsl"} <= origins
    assert (found.mass.sum(axis=(0, 2)) <= found.origin_mass * (1 + 1e-9)).all()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("hours", [2.0, 4.05, 4.5, 9.9, 10.5, 11.1, 16.0, 30.0])
def test_resuming_in_the_middle_of_a_blow_changes_nothing(hours: float, tmp_path: Path) -> None:
    scenario = twin.load(smelter())
    twin.run_until(scenario, hours * 3600 + 7, tmp_path / "state.h5")
    with twin.resume(tmp_path / "state.h5") as resumed:
        assert resumed.digest == base().digest


def test_a_kernel_that_loses_a_millionth_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bath.Bath.run

    def leaky(self: bath.Bath, *args: Any) -> bath.Outcome:
        outcome = whole(self, *args)
        self.parts[bath.METAL, CU] *= 1.0 - 1e-6
        return outcome

    monkeypatch.setattr(bath.Bath, "run", leaky)
    with pytest.raises(BalanceError, match="element Cu"):
        twin.run(twin.load(smelter("1 d")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"units.tsl.phases.0.charge.recipe": {"bey": "30 t"}}, "'bey' must also stand under 'from'"),
        ({"units.tsl.phases": [{"settle": "1 h"}]}, "a recipe needs a charge and a tap"),
        ({"units.tsl.phases.1.reduce.until": {"slag.Xx": "< 1 %"}}, "unknown test 'slag.Xx'"),
        ({"units.tsl.phases.1.reduce.until": {"slag.Cu": "1 %"}}, "a limit is needed"),
        ({"units.tsl.phases.1.reduce.reductant": {"carrier": "wood", "rate": "1 t/h"}}, "wood"),
        ({"units.tsl.phases.0.charge.blast.oxygen": "99 %"}, "at most"),
        ({"units.tsl.oxygen.source": "bay"}, "'bay' is no utility"),
        ({"units.tsl.temperature.coldest": "1300 °C"}, "coldest, target and hottest must rise"),
        ({"units.tsl.heel.metal": "100 t"}, "less than the capacity"),
        ({"units.tsl.initial.metal.assay": {"Cu": "80 %", "Fe": "30 %"}}, "more than 100 %"),
        ({"units.tsl.phases.3.tap.needs": ["crone"]}, "crone"),
        ({"units.converter.from": ["tsl.metal", "alloy", "sand", "trucks"]}, "put a bunker between"),
        ({"thermochemistry": {"oxides": {"Fe": "nope"}}}, "unknown variant 'nope'"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        twin.run(twin.load(smelter()).change(changes))


def test_a_machine_cannot_sort_what_has_melted() -> None:
    more = {
        "black_slag": {"kind": "bunker", "from": "tsl.slag", "capacity": "400 t"},
        "mill": {"kind": "splitter", "from": "black_slag", "rate": "10 t/h", "lot": "1 t", "shares": {"a": "50 %", "b": "50 %"}},
        "a": {"kind": "product", "from": "mill.a"},
        "b": {"kind": "product", "from": "mill.b"},
    }
    plant = smelter()
    plant["units"].update(more)
    with pytest.raises(ScenarioError, match="no machine splits"):
        twin.run(twin.load(plant))


def test_walls_lose_more_as_the_lining_wears() -> None:
    """While the bath settles the walls lose most of the heat: in the first batch as in a furnace without wear, in the second a quarter of the walls' more.

    Where wear of the lining does not reach the walls, both runs are the same.
    """
    lost = {}
    for name, wear in (("new", 0.0), ("worn", 0.5)):
        with twin.run(twin.load(smelter("1 d", tsl={"lining": {"batches": 2, "relining": "10 h", "wall_loss": wear}}))) as result:
            lost[name] = [float(result.array("batches/waste_heat")[k].sum()) for k in rows(result, "tsl", "settle")]
    assert lost["worn"][0] == lost["new"][0]
    assert 1.2 < lost["worn"][1] / lost["new"][1] < 1.6  # the burner's off-gas takes heat with it as well


def test_a_ladle_goes_to_the_port_that_is_named_first_where_both_take_it() -> None:
    """Both converters wait for their first ladle: the port written first has it, whichever that is."""
    plant = smelter()["units"]
    charge = {
        **plant["converter"]["phases"][0]["charge"],
        "recipe": {"tsl.metal_b": {"mass": "24 t", "least": "12 t"}, "alloy": {"mass": "6 t", "least": "2 t"}},
    }
    more = {
        "converter_b": {**plant["converter"], "from": ["tsl.metal_b", "alloy", "sand"], "phases": [{"charge": charge}, *plant["converter"]["phases"][1:]]},
        "returns": {"from": ["converter.slag", "converter_b.slag"]},
        "tin": {"from": ["converter.tin_slag", "converter_b.tin_slag"]},
        "copper": {"from": ["converter.metal", "converter_b.metal"]},
        "stack": {"from": ["tsl.offgas", "converter.offgas", "converter_b.offgas"]},
    }
    for order in (["metal", "metal_b"], ["metal_b", "metal"]):
        recipe = phases()
        recipe[3] = {"tap": {**recipe[3]["tap"], "metal_to": order}}
        with twin.run(twin.load(smelter("12 h", tsl={"phases": recipe}, **more))) as result:
            taps = [str(name) for unit, name in zip(result.array("batches/batch_unit"), result.array("batches/phase"), strict=True) if unit == "tsl"]
        first = next(name.rpartition(" ")[2] for name in taps if name.rpartition(" ")[2] in order)
        assert first == order[0], taps


def test_a_blend_takes_no_more_of_the_rich_than_there_is() -> None:
    """Of 8 t of rich scrap there are 6, where the target would take more: all of it is charged, and of the lean no less than the recipe's 24 t.

    Not held to the stock, the blend takes 7 t less of the lean for rich scrap that is not there.
    """
    recipe = phases()
    sources = {"bay": {"mass": "24 t", "least": "0 t"}, "rich_bay": {"mass": "8 t", "least": "0 t"}}
    recipe[0]["charge"] |= {"recipe": sources, "blend": {"element": "Cu", "target": "60 %", "rich": "rich_bay", "lean": "bay"}}
    more = {
        "rich_bay": {"kind": "bunker", "capacity": "300 t", "initial": {"mass": "6 t", "composition": {"copper_no2": "100 %"}}},
        "returned": {"kind": "product", "from": "returns"},
    }
    with twin.run(twin.load(smelter("90 min", tsl={"from": ["bay", "rich_bay", "sand"], "phases": recipe}, **more))) as result:
        flows, streams, bounds = result.array("streams/mass_flow"), list(result.array("stream")), result.array("time_bounds")
        drawn = {name: float((flows[:, streams.index(name)].sum(axis=1) * (bounds[:, 1] - bounds[:, 0])).sum()) for name in ("bay", "rich_bay")}
    assert drawn == {"bay": pytest.approx(24e3, rel=1e-6), "rich_bay": pytest.approx(6e3, rel=1e-6)}
