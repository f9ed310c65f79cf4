"""Carbon of a charge: it is followed from the materials through baths and dust until it leaves as gas, fossil, biogenic, mineral and bought apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from smelter_plant import smelter

import twin
from twin.engine.clock import NANOSECONDS
from twin.errors import ScenarioError
from twin.materials import ELEMENTS, builtin_catalogue
from twin.materials.carbon import CO2
from twin.plant.accounts import balance, stocks
from twin.plant.build import build
from twin.units.ground.components import TRACED

C = ELEMENTS.index("C")


def one_furnace(composition: dict[str, str], reductant: bool = False, **more: Any) -> dict[str, Any]:
    """A lance furnace that smelts one mixture for some hours, its slag and copper sold, its off-gas filtered."""
    plant = smelter("9 h")
    units = plant["units"]
    units["bay"]["initial"] = {"mass": "400 t", "composition": composition, "size": {"rosin_rammler": {"x63": "30 mm", "n": 1.2}}}
    charge = {"recipe": {"bay": "20 t"}, "rate": "20 t/h", "blast": {"rate": "8000 Nm3/h", "oxygen": "40 %"}, "max": "3 h"}
    phases: list[Any] = [{"charge": charge}, {"settle": "20 min"}, {"tap": {"slag": "60 t/h", "metal": "40 t/h"}}]
    if reductant:
        phases.insert(1, {"reduce": {"reductant": {"carrier": "coke", "rate": "1.2 t/h"}, "duration": "30 min"}})
    tsl = {**units["tsl"], "from": ["bay"], "phases": phases}
    kept = {
        "bay": {key: value for key, value in units["bay"].items() if key != "from"},
        "o2": units["o2"],
        "tsl": tsl,
        "filter": {"kind": "offgas_filter", "from": "tsl.offgas", "hopper": "20 t"},
        "dust": {"kind": "product", "from": "filter.dust"},
        "stack": {"kind": "product", "from": "filter.gas"},
        "slag": {"kind": "product", "from": "tsl.slag"},
        "copper": {"kind": "product", "from": "tsl.metal"},
    }
    return {**plant, "units": {**kept, **more}, "resources": {}}


def closed(scenario: twin.Scenario) -> tuple[Any, np.ndarray[Any, np.dtype[np.float64]]]:
    """The balance of a plant that was run, and what of its carbon does not close, by origin."""
    built = build(scenario)
    initial = stocks(built)
    for unit in built.site.units:
        if unit.record.until >= 0:
            built.site.clock.schedule(unit, unit.record.until)
    built.site.clock.run(round(scenario.horizon * NANOSECONDS))
    found = balance(built, initial, np.zeros(len(built.site.recorder.axes.carriers)))
    first = found.components.carbon
    rows = initial + found.inflow + found.converted - found.out - found.stored
    return found, rows[first : first + len(TRACED)]


def test_carbon_closes_by_origin_and_leaves_in_the_ratio_of_the_charge() -> None:
    """Boards of low grade and limestone: the mix of their carbon is that of the gas; what is bought leaves as the burner's."""
    scenario = twin.load(one_furnace({"escrap_low": "60 %", "limestone": "5 %", "silica_sand": "35 %"}, reductant=True))
    found, left = closed(scenario)
    first = found.components.carbon
    traced_in = found.converted[first : first + len(TRACED)] + found.inflow[first : first + len(TRACED)]
    assert (traced_in > 10.0).all()
    assert np.abs(left).max() <= 1e-9 * traced_in.sum()
    out = found.out[first : first + len(TRACED)]
    carbon_out = float(found.components.elements_of(found.out)[C])
    charged = 0.6 * 0.2567, 0.05 * 0.1158
    biogenic, mineral = out[TRACED.index("biogenic")], out[TRACED.index("mineral")]
    assert mineral / biogenic == pytest.approx(charged[1] * 0.999 / (charged[0] * 0.12), rel=0.01)
    fossil = carbon_out - float(out.sum())
    assert fossil / biogenic == pytest.approx((charged[0] * 0.88 + charged[1] * 0.001) / (charged[0] * 0.12), rel=0.01)


def test_key_figures_count_the_co2_of_the_charge() -> None:
    """All carbon that left with gas is that of the key figures and of the carriers; of the carriers' it agrees with their factors within 6 %."""
    result = twin.run(one_furnace({"escrap_low": "60 %", "silica_sand": "40 %"}))
    kpis = {name: kpi.value for name, kpi in result.kpis.items()}
    gas = result.array("streams/element_flow")[:, result.array("stream").tolist().index("stack"), C]
    seconds = np.diff(result.array("time_bounds"), axis=1)[:, 0]
    carbon = result.array("units/gas_carbon")
    process, labels = result.array("process").tolist().index("filter"), result.array("carbon").tolist()
    by_origin = dict(zip(labels, (carbon[:, process] * seconds[:, None]).sum(axis=0).tolist(), strict=True))
    assert labels == ["charge fossil", "charge biogenic", "charge mineral", "carrier"]
    assert sum(by_origin.values()) == pytest.approx(float(gas @ seconds), rel=1e-12)
    assert kpis["charge_co2.fossil"] == pytest.approx(CO2 * by_origin["charge fossil"])
    assert kpis["charge_co2.biogenic"] / kpis["charge_co2.fossil"] == pytest.approx(0.12 / 0.88, rel=1e-9)
    assert kpis["charge_co2.mineral"] == 0.0
    assert kpis["co2_with_charge"] == pytest.approx(kpis["co2"] + kpis["charge_co2.fossil"])
    assert kpis["charge_co2_per_tonne.fossil"] == pytest.approx(0.6 * 0.2567 * 0.88 * CO2, rel=0.3), "the gas of a phase that goes on has not left yet"
    over = result.array("batches/phase_end") < 9 * 3600 * NANOSECONDS
    gas_burnt = result.array("batches/energy")[over][:, result.array("carrier").tolist().index("natural_gas")].sum()
    assert by_origin["carrier"] * CO2 == pytest.approx(gas_burnt * 202e-3 / 3.6e6, rel=0.06)


def test_a_composite_has_the_mean_by_carbon() -> None:
    """Shredder copper: 12 % plastics of 3 % biogenic carbon and 7 % fines of 45 %."""
    catalogue = builtin_catalogue("copper_scrap")
    material = catalogue.materials["shredder_copper"]
    parts = {part: (number.value * catalogue.assay(part)[C]) for part, number in material.constituents.items()}
    shares = {part: catalogue.materials[part].properties["biogenic_carbon"].value for part in parts}
    expected = sum(parts[part] * shares[part] for part in parts) / sum(parts.values())
    chosen = catalogue.select(["shredder_copper"])
    assert chosen.properties["biogenic_carbon"][0] == pytest.approx(expected)
    assert 0.03 < expected < 0.45


@pytest.mark.parametrize("name", ["weee", "elv", "lvp", "copper_scrap"])
def test_every_material_with_much_carbon_says_where_it_comes_from(name: str) -> None:
    catalogue = builtin_catalogue(name)
    silent = [
        material.name
        for material in catalogue.materials.values()
        if material.assay.get("C") is not None
        and material.assay["C"].value > 0.01
        and material.properties["biogenic_carbon"].source == "default of twin"
        and material.properties["carbonate_carbon"].source == "default of twin"
    ]
    assert not silent


def test_shares_of_carbon_above_all_of_it_are_refused() -> None:
    plant = one_furnace({"escrap_low": "60 %", "silica_sand": "40 %"})
    odd = {"density": "1 t/m3", "assay": {"C": "50 %"}, "biogenic_carbon": "70 %", "carbonate_carbon": "40 %"}
    plant["materials"] = {**plant.get("materials", {}), "odd": odd}
    with pytest.raises(ScenarioError, match=r"must not add up to more than 100 % of the carbon \(got 110 %\)"):
        twin.load(plant)
