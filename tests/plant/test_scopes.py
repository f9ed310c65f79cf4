"""Scopes of CO2: stack carbon is counted once, with the fuels in it."""

from __future__ import annotations

import pytest
from smelter_plant import smelter

import twin
from twin.materials.carbon import CO2
from twin.results.scopes import scopes_of


def test_the_carbon_of_the_stack_is_scope_1_and_its_fuels_are_not_counted_again() -> None:
    """The carbon that furnaces hand to their filters, all but the biogenic; fuels by factor beside it would add a fifth."""
    with twin.run(twin.load(smelter("20 h"))) as result:
        totals = result.totals
        gone = sum(totals.mass(stream, "C") for stream in totals.names["stream"] if stream.endswith(".offgas"))
        biogenic = sum(totals.at("units/gas_carbon", process, "charge biogenic") for process in totals.names["process"])
        found = scopes_of(totals)
        fuels = sum(result.kpis[f"energy.{carrier}"].value * (totals.inputs.carrier_co2[carrier] or 0.0) for carrier in ("natural_gas", "coke"))
        assert fuels > 0.1 * found.direct > 0.0
        assert found.direct == pytest.approx(CO2 * (gone - biogenic), rel=1e-6)
        assert found.biogenic == pytest.approx(CO2 * biogenic, rel=1e-12)
        assert found.grid == pytest.approx(result.kpis["energy.electricity"].value * totals.inputs.carrier_co2["electricity"], rel=1e-9)
