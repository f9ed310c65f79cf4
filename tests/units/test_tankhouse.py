"""The tankhouse: Faraday's law over a run, cycles and pulls, where elements go, the electrolyte, what it waits for, save and resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin
from twin.errors import BalanceError, DeadlockError, ScenarioError
from twin.kernels import refining
from twin.materials import ELEMENTS
from twin.plant.simulate import Simulation
from twin.results.write import Writer
from twin.units.melts.tankhouse import Electrolyte, Section

DAY, HOUR, KWH = 86400.0, 3600.0, 3.6e6
ANODE = {"Cu": 0.985, "Ni": 0.005, "As": 0.001, "Ag": 0.001, "Au": 0.0001, "Pb": 0.003, "Sb": 0.0005, "Sn": 0.0005, "O": 0.0015}
TANKHOUSE: dict[str, Any] = {
    "kind": "electrorefining",
    "from": "anodes",
    "sections": 2,
    "cells": 4,
    "anodes": 10,
    "anode_mass": "430 kg",
    "cathode_area": "2 m2",
    "current_density": "320 A/m2",
    "anode_cycle": "18 d",
    "rectifier_efficiency": 1,
    "pull": {"time": "0 h"},
    "load": {"time": "0 h"},
}
LOAD = 430.0 * 10 * 4
CATHODES = 9 * 4 * 2.0  # m2 in a section
PORTS = {"cathodes": "cathode", "scrap": "scrap", "slimes": "slimes", "sulphate": "bleed", "liberated": "liberator"}


def plant(
    horizon: str = "40 d", stock: str = "500 t", melt: dict[str, float] | None = None, also: dict[str, Any] | None = None, every: str = "6 h", **changes: Any
) -> twin.Scenario:
    """A tankhouse with a stock of anodes; sand comes too, since a plant needs a material."""
    house = {key: value for key, value in {**TANKHOUSE, **changes}.items() if value is not None}
    ports = {name: port for name, port in PORTS.items() if port != "liberator" or house.get("copper_removal") != "bleed"}
    tree: dict[str, Any] = {
        "twin": 1,
        "time": {"start": "2026-01-05", "horizon": horizon},
        "record": {"every": every, "genealogy": True},
        "resources": {"crane": 1},
        "carriers": {"steam": {"co2": "220 g/kWh"}},
        "materials": {"sand": {}},
        "units": {
            "anodes": {"kind": "bunker", "capacity": "900 t", "initial": {"mass": stock, "melt": melt or ANODE}},
            "tankhouse": house,
            **{name: {"kind": "product", "from": f"tankhouse.{port}"} for name, port in ports.items()},
            "trucks": {"kind": "feed", "every": "10 d", "mass": "1 t", "composition": {"sand": 1}},
            "pit": {"kind": "product", "from": "trucks"},
        },
    }
    tree["units"].update(also or {})
    return twin.load(tree)


def simulated(scenario: twin.Scenario) -> tuple[Simulation, twin.Result]:
    """The plant at the end of a run, and its results."""
    simulation = Simulation(scenario)
    with Writer(None, simulation.translation.labels(), scenario.start, simulation.attrs()) as writer:
        simulation.start()
        simulation.run(simulation.horizon, writer)
        return simulation, simulation.finish(writer)


def electrolyte_of(simulation: Simulation) -> Electrolyte:
    return next(unit for unit in simulation.built.site.units if isinstance(unit, Electrolyte))


def taken(simulation: Simulation, product: str) -> dict[str, float]:
    """What a product took in, kg by element."""
    site = simulation.built.site
    elements = site.components.elements_of(site.accounts[product].taken)
    return dict(zip(ELEMENTS, elements.tolist(), strict=True))


def batches(result: twin.Result) -> list[dict[str, Any]]:
    """Rows of the batch table; elements by name."""
    table = result.dataset("batches")
    rows = []
    for k in range(table.sizes["batch"]):
        row = {name: table[name].values[k] for name in table.data_vars}
        row.update({name: dict(zip(ELEMENTS, row[name].tolist(), strict=True)) for name in ("element_in", "element_out", "metal")})
        rows.append({**row, "hours": float(row["phase_end"] - row["phase_start"]) / 3.6e12})
    return rows


def in_one_section(**changes: Any) -> twin.Scenario:
    return plant(**{"horizon": "19 d", "sections": 1, "stock": "17200 kg", **changes})


# -- Faraday's law, energy -----------------------------------------------------------------------------------------------------------------


def test_copper_and_energy_of_a_cycle_are_those_of_faradays_law() -> None:
    simulation, result = simulated(in_one_section(current_efficiency=0.95, cell_voltage="0.30 V"))
    copper = taken(simulation, "cathodes")["Cu"]
    assert copper == pytest.approx(8.649 * CATHODES * 18, rel=1e-4)
    rows = batches(result)
    assert [row["phase"] for row in rows] == ["section 1 pull 1", "section 1 pull 2", "section 1 pull 3"]
    assert [row["hours"] for row in rows] == pytest.approx([6 * 24.0] * 3)
    direct = sum(float(row["energy"][0]) for row in rows)
    assert direct / KWH / (copper / 1e3) == pytest.approx(266.4, abs=0.05)
    assert all(float(row["waste_heat"][-1]) == float(row["energy"][0]) for row in rows)


@pytest.mark.parametrize(("voltage", "efficiency", "rectifier", "published"), [("0.32 V", 0.93, 1.0, 290.2), ("0.30 V", 0.95, 0.93, 266.4 / 0.93)])
def test_voltage_and_efficiency_move_copper_and_energy_as_they_should(voltage: str, efficiency: float, rectifier: float, published: float) -> None:
    changes = {"cell_voltage": voltage, "current_efficiency": efficiency, "rectifier_efficiency": rectifier}
    simulation, result = simulated(in_one_section(**changes))
    copper = taken(simulation, "cathodes")["Cu"]
    assert copper == pytest.approx(refining.deposition(320.0 * CATHODES, efficiency) * 18 * DAY, rel=1e-12)
    energy = sum(float(row["energy"][0]) for row in batches(result))
    assert energy / KWH / (copper / 1e3) == pytest.approx(published, abs=0.06)


def test_the_meter_reads_cells_and_liberator_cells() -> None:
    changes = {"liberator": {"cell_voltage": "2 V", "current_efficiency": 0.9}, "bleed": {}, "chemical_dissolution": 0.02}
    simulation, result = simulated(in_one_section(**changes))
    won = taken(simulation, "liberated")["Cu"]
    assert won == pytest.approx(0.02 * taken(simulation, "cathodes")["Cu"], rel=1e-9)
    cells = sum(float(row["energy"][0]) for row in batches(result))
    drawn = float(result.dataset("balance")["energy_in"].values[0])
    assert drawn - cells == pytest.approx(won * 843.53 * 2.0 / 0.9 * HOUR, rel=1e-5)
    heat = result.dataset("units")["waste_heat"].values.sum(axis=0) * 6 * HOUR
    assert heat.sum() == pytest.approx(drawn, rel=1e-12)
    assert heat[0, -1] == heat.sum()


def test_steam_is_a_carrier_of_its_own() -> None:
    simulation, result = simulated(in_one_section(heating={"carrier": "steam", "specific": "300 kWh/t"}))
    copper = taken(simulation, "cathodes")["Cu"]
    by_carrier = dict(zip(("electricity", "steam"), result.dataset("balance")["energy_in"].values.tolist(), strict=True))
    assert by_carrier["steam"] == pytest.approx(copper * 300 * KWH / 1e3, rel=1e-12)


def test_power_is_drawn_all_day_and_for_the_copper() -> None:
    still, _ = simulated(plant(horizon="10 d", stock="1 t", power={"idle": "50 kW", "specific": "20 kWh/t"}, also=None))
    assert still.metered[0] == pytest.approx(50e3 * 10 * DAY, rel=1e-12)
    with_power, _ = simulated(in_one_section(power={"specific": "20 kWh/t"}, bleed={}))
    without, _ = simulated(in_one_section(bleed={}))
    assert with_power.metered[0] - without.metered[0] == pytest.approx(taken(without, "cathodes")["Cu"] * 20 * KWH / 1e3, rel=1e-9)


# -- anodes, scrap, slimes -----------------------------------------------------------------------------------------------------------------


def test_elements_go_where_the_shares_send_them() -> None:
    """One whole cycle: copper dissolved is what is deposited, a share of it without current, and what falls into the slimes."""
    simulation, _ = simulated(in_one_section(bleed={}))
    copper = taken(simulation, "cathodes")["Cu"]
    dissolved = copper * 1.01 / (1 - 0.001)
    share = dissolved / (LOAD * ANODE["Cu"])
    electrolyte = electrolyte_of(simulation)
    for element, (to_slimes, to_cathode) in {"Ag": (0.99, 0.008), "Au": (0.999, 0.0005), "Ni": (0.05, 0.0005), "Pb": (0.99, 0.001), "O": (0.0, 0.0)}.items():
        loaded = LOAD * ANODE[element]
        assert taken(simulation, "slimes")[element] == pytest.approx(share * loaded * to_slimes, rel=1e-9)
        assert taken(simulation, "cathodes")[element] == pytest.approx(share * loaded * to_cathode, rel=1e-9)
        assert electrolyte.content[ELEMENTS.index(element)] == pytest.approx(share * loaded * (1 - to_slimes - to_cathode), rel=1e-9)
        assert taken(simulation, "scrap")[element] == pytest.approx((1 - share) * loaded, rel=1e-9)
    assert taken(simulation, "slimes")["rest"] == pytest.approx(share * LOAD * (1 - sum(ANODE.values())), rel=1e-9)
    assert taken(simulation, "slimes")["Cu"] == pytest.approx(0.001 * dissolved, rel=1e-9)


def test_scrap_has_the_composition_of_the_anodes_and_slimes_hold_the_noble_metals() -> None:
    simulation, _ = simulated(in_one_section())
    scrap, cathodes, slimes = (taken(simulation, name) for name in ("scrap", "cathodes", "slimes"))
    for element, share in ANODE.items():
        assert scrap[element] / sum(scrap.values()) == pytest.approx(share, rel=1e-9)
    assert cathodes["Cu"] / sum(cathodes.values()) > 0.9999
    assert slimes["Ag"] / sum(slimes.values()) > 0.05
    assert 2.0 < sum(slimes.values()) / (LOAD - sum(scrap.values())) * 1e3 < 12.0  # kg per ton of anode


def test_a_share_that_is_given_leaves_the_others() -> None:
    scenario = in_one_section(bleed={}, to_slimes={"Ni": 0.2}, to_cathode={"Ag": 0.01})
    simulation, _ = simulated(scenario)
    dissolved = 1 - taken(simulation, "scrap")["Ni"] / (LOAD * ANODE["Ni"])
    assert taken(simulation, "slimes")["Ni"] == pytest.approx(0.2 * dissolved * LOAD * ANODE["Ni"], rel=1e-9)
    assert taken(simulation, "cathodes")["Ag"] == pytest.approx(0.01 * dissolved * LOAD * ANODE["Ag"], rel=1e-9)
    stated = {p.path: p for p in scenario.parameters()}
    assert stated["units.tankhouse.to_slimes.Bi"].low == 0.4


def test_a_cycle_shorter_than_the_copper_lasts_gives_more_scrap() -> None:
    simulation, result = simulated(in_one_section(anode_cycle="15 d"))
    left = sum(taken(simulation, "scrap").values()) / LOAD
    assert left == pytest.approx(1 - 8.64936 * CATHODES * 15 * 1.01 / 0.999 / (LOAD * ANODE["Cu"]), rel=1e-5)
    assert left > 0.25
    assert warned(result, "anodes_used_up") == 0


def test_a_cycle_longer_than_the_copper_lasts_is_cut_and_counted() -> None:
    _, result = simulated(in_one_section(anode_cycle="30 d", horizon="31 d"))
    rows = batches(result)
    life = refining.copper_life(LOAD * ANODE["Cu"] * 0.85, refining.deposition(320.0 * CATHODES, 0.95), 0.01, 0.001)
    assert [row["hours"] for row in rows] == pytest.approx([life / 3 / HOUR] * 3)
    assert {str(row["limit"]) for row in rows} == {"copper of the anodes"}
    assert sum(rows[-1]["element_out"].values()) > 0.15 * LOAD
    assert warned(result, "anodes_used_up") == 1


def warned(result: twin.Result, kind: str) -> int:
    counts = result.dataset("units")["range_warnings"]
    return int(counts.sel(unit="tankhouse", warning=kind))


def test_all_copper_may_dissolve() -> None:
    simulation, _ = simulated(in_one_section(scrap=0, anode_cycle="40 d", horizon="30 d"))
    assert abs(taken(simulation, "scrap")["Cu"]) < 1e-9 * LOAD


@pytest.mark.parametrize("melt", [{"Ni": 0.5}, {"Cu": 0.5, "Fe": 0.3}])
def test_anodes_that_are_hardly_copper_are_counted_and_come_back(melt: dict[str, float]) -> None:
    simulation, result = simulated(in_one_section(melt=melt, load={"time": "1 h"}))
    assert warned(result, "anodes_poor") == 1
    assert sum(taken(simulation, "scrap").values()) > 0.14 * LOAD


def test_what_comes_into_a_cycle_goes_out_of_it() -> None:
    _, result = simulated(plant(horizon="60 d", stagger="5 d"))
    for section in ("section 1", "section 2"):
        rows = [row for row in batches(result) if str(row["phase"]).startswith(section)][:3]
        for element in ELEMENTS:
            came, left = (sum(row[key][element] for row in rows) for key in ("element_in", "element_out"))
            assert left == pytest.approx(came, rel=1e-12, abs=1e-12 * LOAD)
        assert rows[-1]["metal"] == dict.fromkeys(ELEMENTS, 0.0)


# -- balance -------------------------------------------------------------------------------------------------------------------------------

anodes = st.dictionaries(st.sampled_from([element for element in ELEMENTS if element != "Cu"]), st.floats(1e-9, 0.005), max_size=12)


@pytest.mark.soak
@settings(max_examples=25, deadline=None)
@given(anodes, st.floats(0.0, 0.4), st.integers(1, 5), st.sampled_from(["liberator", "bleed"]), st.booleans())
def test_elements_close_for_any_anodes(others: dict[str, float], scrap: float, pulls: int, removal: str, filled: bool) -> None:
    melt = {"Cu": 1 - sum(others.values()), **others}
    changes: dict[str, Any] = {"scrap": scrap, "pulls": pulls, "copper_removal": removal, "initial": {"assay": melt} if filled else None}
    simulation, result = simulated(plant(horizon="35 d", stock="100 t", melt=melt, electrolyte={"volume": "100 l"}, **changes))
    assert result.attrs["worst_residual"] <= 1e-9
    for unit in simulation.built.site.units:
        if isinstance(unit, Section):
            assert (unit.anodes >= 0.0).all()
            assert (unit.slimes >= 0.0).all()


def test_everything_held_is_weighed() -> None:
    """Half way through a cycle, with a bleed that nobody takes: anodes, slimes, electrolyte and parcels."""
    also = {"tank": {"kind": "bunker", "from": "tankhouse.bleed", "capacity": "40 kg"}, "sulphate": {"kind": "product", "from": "tank"}}
    also["sulphate"]["pickup"] = {"every": "100 d", "mass": "1 t"}
    simulation, result = simulated(plant(horizon="21 d", electrolyte={"volume": "100 l"}, also=also))
    assert electrolyte_of(simulation).parcels
    assert result.attrs["worst_residual"] <= 1e-12
    assert warned(result, "electrolyte_over_limit") > 0


def test_a_tankhouse_that_loses_a_millionth_of_what_dissolves_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    absorb = Electrolyte.absorb
    monkeypatch.setattr(Electrolyte, "absorb", lambda self, elements, parent, now: absorb(self, elements * (1 - 1e-6), parent, now))
    with pytest.raises(BalanceError, match="element Ni"):
        simulated(plant())


# -- the electrolyte -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("removal", ["liberator", "bleed"])
def test_the_bleed_holds_nickel_and_arsenic_at_their_limits(removal: str) -> None:
    melt = {**ANODE, "As": 0.003}
    start = {"volume": "1 m3", "initial": {"Ni": "20 g/L", "As": "10 g/L"}}
    simulation, result = simulated(plant(horizon="60 d", melt=melt, electrolyte=start, copper_removal=removal))
    electrolyte = electrolyte_of(simulation)
    held = {element: float(electrolyte.content[ELEMENTS.index(element)]) / electrolyte.volume for element in ("Ni", "As", "Cu")}
    assert held["Ni"] <= 20.0 * (1 + 1e-9)
    assert held["As"] <= 10.0 * (1 + 1e-9)
    assert max(held["Ni"] / 20.0, held["As"] / 10.0) == pytest.approx(1.0, rel=1e-9)
    assert held["Cu"] <= 45.0 * (1 + 1e-9)
    bled = taken(simulation, "sulphate")
    assert bled["Ni"] > 0.0
    assert warned(result, "electrolyte_over_limit") == 0


def test_copper_that_dissolves_chemically_leaves_with_the_bleed_where_there_are_no_liberator_cells() -> None:
    simulation, _ = simulated(in_one_section(copper_removal="bleed", bleed={}))
    electrolyte = electrolyte_of(simulation)
    assert electrolyte.content[ELEMENTS.index("Cu")] == pytest.approx(45.0 * electrolyte.volume, rel=1e-9)
    assert taken(simulation, "sulphate")["Cu"] == pytest.approx(0.01 * taken(simulation, "cathodes")["Cu"], rel=1e-9)


def test_without_limits_nothing_is_bled() -> None:
    simulation, _ = simulated(in_one_section(bleed={}))
    assert sum(taken(simulation, "sulphate").values()) == 0.0


def test_a_bleed_that_takes_more_copper_than_dissolves_is_counted() -> None:
    simulation, result = simulated(plant(horizon="60 d", melt={"Cu": 0.96, "Ni": 0.03}, electrolyte={"volume": "1 m3", "initial": {"Ni": "20 g/L"}}))
    assert warned(result, "electrolyte_low_copper") > 0
    assert sum(taken(simulation, "liberated").values()) == 0.0


# -- cycles, waiting, states ---------------------------------------------------------------------------------------------------------------


def shares(result: twin.Result) -> dict[str, float]:
    """Share of each state over the run."""
    table = result.dataset("units")["state_share"].sel(unit="tankhouse")
    assert np.allclose(table.sum("state").values, 1.0, rtol=0, atol=1e-12)
    return dict(zip(table["state"].values.tolist(), table.mean("time").values.tolist(), strict=True))


def test_sections_starve_when_anodes_are_missing() -> None:
    """Anodes for two loads and a half: both sections run one cycle of 18 d, the second 9 d later, and then wait."""
    _, result = simulated(plant(horizon="40 d", stock=f"{2.5 * LOAD} kg"))
    found = shares(result)
    assert found["running"] == pytest.approx(18 / 40, abs=1e-9)
    assert found["off_shift"] == pytest.approx(9 / 80, abs=1e-9)
    assert found["starved"] == pytest.approx(1 - 18 / 40 - 9 / 80, abs=1e-9)


def test_a_section_may_be_loaded_in_part() -> None:
    _, result = simulated(plant(horizon="40 d", stock=f"{2.5 * LOAD} kg", partial=True))
    rows = batches(result)
    loads = [sum(row["element_in"].values()) for row in rows if str(row["phase"]).endswith("pull 1")]
    assert loads == pytest.approx([LOAD, LOAD, 0.5 * LOAD])
    copper = [row["element_out"]["Cu"] for row in rows if str(row["phase"]).endswith("pull 2")]
    assert copper[2] == pytest.approx(0.5 * copper[0])
    energy = [float(row["energy"][0]) for row in rows]
    assert min(energy) == pytest.approx(0.5 * max(energy))


def test_sections_share_a_crane() -> None:
    """Both are due at once; the second waits while the first is loaded."""
    _, result = simulated(plant(horizon="30 d", stagger="0 h", load={"time": "10 h", "needs": "crane"}, pull={"time": "6 h", "needs": "crane"}))
    assert shares(result)["waiting"] > 10 / (2 * 30 * 24) * 0.99
    rows = batches(result)
    first = [float(row["phase_start"] - np.datetime64("2026-01-05")) / 3.6e12 for row in rows if str(row["phase"]).endswith("pull 1")]
    assert first[:2] == pytest.approx([10.0, 20.0])


def test_a_section_that_cannot_deliver_is_blocked_until_there_is_room() -> None:
    also = {
        "yard": {"kind": "bunker", "from": "tankhouse.scrap", "capacity": "2 t"},
        "scrap": {"kind": "product", "from": "yard", "pickup": {"every": "5 d", "mass": "2 t"}},
    }
    _, result = simulated(in_one_section(stock=f"{2 * LOAD} kg", horizon="38 d", also=also))
    assert shares(result)["blocked"] > 0.05
    assert result.attrs["worst_residual"] <= 1e-9


def test_scrap_that_nobody_takes_is_a_deadlock() -> None:
    also = {"scrap": {"kind": "bunker", "from": "tankhouse.scrap", "capacity": "1 t"}}
    with pytest.raises(DeadlockError, match=r"tankhouse\.section_1.*scrap: room"):
        simulated(in_one_section(also=also))


def test_sections_start_in_the_middle_of_their_cycle_with_anodes_in_the_cells() -> None:
    """Three sections of three pulls: each pull of one coincides with one of the others, and the stock is what has not dissolved yet."""
    simulation, result = simulated(plant(horizon="6.5 d", sections=3, stock="1 t", initial={"assay": ANODE}))
    rows = batches(result)
    assert [str(row["phase"]) for row in rows] == ["section 1 pull 1", "section 2 pull 3", "section 3 pull 2"]
    assert taken(simulation, "cathodes")["Cu"] == pytest.approx(3 * 8.64936 * CATHODES * 6, rel=1e-5)
    start = float(result.dataset("balance")["initial"].sel(element="Ag")) - 1e3 * ANODE["Ag"]
    assert start == pytest.approx(3 * LOAD * ANODE["Ag"], rel=0.02)  # what has dissolved lies in the slimes, but for a little
    assert shares(result)["running"] > 0.9


def test_hardly_more_than_one_event_for_a_pull() -> None:
    simulation, result = simulated(plant(horizon="300 d", stock="800 t"))
    pulls = len(batches(result))
    assert simulation.built.site.clock.events < 1.4 * pulls  # loading and pulling take no time here; deliveries of sand are counted too


# -- origin --------------------------------------------------------------------------------------------------------------------------------


def test_cathodes_are_children_of_the_anodes_that_were_loaded_and_bleed_of_the_electrolyte() -> None:
    _, result = simulated(in_one_section(electrolyte={"volume": "100 l"}))
    table = result.dataset("lots")
    edges = list(zip(table["lot"].values.tolist(), table["parent"].values.tolist(), table["at_unit"].values.tolist(), strict=True))
    parents: dict[int, set[int]] = {}
    for lot, parent, _ in edges:
        parents.setdefault(lot, set()).add(parent)

    def ancestors(lot: int) -> set[int]:
        found: set[int] = set()
        todo = [lot]
        while todo:
            new = parents.get(todo.pop(), set()) - found
            found |= new
            todo += sorted(new)
        return found

    stock = next(lot for lot, parent, unit in edges if unit == "anodes" and parent == 0)
    solution = next(lot for lot, parent, unit in edges if unit == "tankhouse" and parent == 0)
    for product, from_solution in (("cathodes", False), ("scrap", False), ("slimes", False), ("sulphate", True), ("liberated", True)):
        found = ancestors(next(lot for lot, _, unit in edges if unit == product))
        assert stock in found, product
        assert (solution in found) == from_solution, product


# -- save and resume -----------------------------------------------------------------------------------------------------------------------


def busy(horizon: str = "60 d") -> twin.Scenario:
    """A plant that waits for everything; so many record steps that they are written in several blocks."""
    also = {
        "tank": {"kind": "bunker", "from": "tankhouse.bleed", "capacity": "300 kg", "discharge": "mixed"},
        "sulphate": {"kind": "product", "from": "tank", "pickup": {"every": "4 d", "mass": "250 kg"}},
        "yard": {"kind": "bunker", "from": "tankhouse.scrap", "capacity": "3 t"},
        "scrap": {"kind": "product", "from": "yard", "pickup": {"every": "3 d", "mass": "2 t"}},
    }
    hands = {"pull": {"time": "7 h", "needs": "crane"}, "load": {"time": "15 h", "needs": "crane"}}
    return plant(horizon=horizon, every="1 h", sections=3, stock="80 t", initial={"assay": ANODE}, electrolyte={"volume": "100 l"}, also=also, **hands)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("days", [1.0, 6.0, 6.1, 6.4, 13.77, 20.2, 31.0, 44.44, 59.9])
def test_a_run_that_was_saved_goes_on_to_the_last_bit(undisturbed: twin.Result, tmp_path: Path, days: float) -> None:
    twin.run_until(busy(), days * DAY, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == undisturbed.digest


@pytest.fixture(scope="module")
def undisturbed() -> twin.Result:
    result = twin.run(busy())
    found = shares(result)
    assert Simulation(busy()).built.site.recorder.block < 60 * 24 / 2
    assert min(found[state] for state in ("running", "waiting", "blocked", "starved")) > 0.0
    return result


# -- what is refused -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bleed": {"Nickel": "20 g/L"}}, "unknown element 'Nickel'"),
        ({"bleed": {"Cu": "40 g/L"}}, "electrolyte.copper"),
        ({"bleed": {"Ni": "20 t"}}, "density is needed"),
        ({"to_cathode": {"Ag": 0.5}}, "more than all Ag"),
        ({"to_slimes": {"Xx": 0.5}}, "unknown key"),
        ({"current_density": "320 A"}, "current density is needed"),
        ({"scrap": 1}, "less than"),
        ({"anodes": 1}, "anodes"),
        ({"initial": {"assay": {"Ni": 1}}}, "anodes of copper are needed"),
        ({"initial": {"assay": {"Cu": 0.9, "Ni": 0.2}}}, "must not add up to more than 100 %"),
        ({"initial": {"assay": {"Cu": 0.9}}, "stagger": "1 d"}, "leave it out"),
        ({"pull": {"needs": "crab"}}, "unknown resource 'crab'"),
        ({"also": {"second": {**TANKHOUSE, "from": "tankhouse.scrap"}}}, "takes its anodes from bunkers"),
        ({"melt": {"Cu": 0.9, "Ni": 0.2}}, "must not add up to more than 100 %"),
        ({"melt": {"Xx": 0.9}}, "unknown element 'Xx'"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        plant(**changes)


def test_a_bunker_that_never_holds_the_anodes_of_a_section_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"the anodes of a section, .* are more than anodes can hold"):
        twin.run(plant(cells=1000))


def test_a_melt_needs_a_unit_that_works_on_melts() -> None:
    tree = {
        "twin": 1,
        "time": {"horizon": "1 d"},
        "units": {"stock": {"kind": "bunker", "capacity": "2 t", "initial": {"mass": "1 t", "melt": {"Cu": 1}}}, "out": {"kind": "product", "from": "stock"}},
    }
    with pytest.raises(ScenarioError, match="no unit of this plant works on melts"):
        twin.run(twin.load(tree))
