"""Dust that is charged again brings back zinc and chlorine; a bleed takes them out."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from test_charge_carbon import one_furnace

import twin
from twin.materials import ELEMENTS


@cache
def smelted(bleed: str | None) -> twin.Result:
    """A furnace that fumes zinc while it is charged, all chlorine bound in its dust, which is charged again but for a bleed."""
    plant = one_furnace({"escrap_medium": "40 %", "filter_dust": "30 %", "silica_sand": "30 %"})
    units: dict[str, Any] = {key: value for key, value in plant["units"].items() if key != "dust"}
    units["filter"] = {**units["filter"], "halogens_in_dust": "100 %", **({"bleed": bleed} if bleed else {})}
    units["dust_bin"] = {"kind": "bunker", "from": "filter.dust", "capacity": "200 t"}
    charge = units["tsl"]["phases"][0]["charge"]
    charge |= {"blast": {"rate": "5000 Nm3/h", "oxygen": "40 %"}, "reductant": {"carrier": "coke", "rate": "2 t/h"}}
    charge["recipe"]["dust_bin"] = {"mass": "6 t", "least": "0 t"}
    units["tsl"]["from"] = ["bay", "dust_bin"]
    if bleed:
        units["sold"] = {"kind": "product", "from": "filter.bleed"}
    return twin.run({**plant, "units": units, "time": {"horizon": "14 h"}})


def charged(result: twin.Result, element: str) -> Any:
    """Kg of an element that each charge brought, dust included, over the first."""
    rows = result.array("batches/phase") == "charge"
    masses = result.array("batches/element_in")[rows][:, ELEMENTS.index(element)]
    return masses / masses[0]


def test_without_a_bleed_chlorine_piles_up_until_the_dust_binds_no_more() -> None:
    """The second charge has that of the first again; at last four times as much and more, and zinc by six tenths more."""
    chlorine = charged(smelted(None), "Cl")
    assert chlorine[1] == pytest.approx(2.0, rel=0.04)  # what fumes in another phase than the zinc finds none to bind it, and leaves as gas
    assert (np.diff(chlorine) > 0.0).all() and chlorine[-1] > 3.0
    assert charged(smelted(None), "Zn")[-1] > 1.3


def test_a_bleed_of_a_half_holds_it_at_twice() -> None:
    """1 + 1/2 + 1/4 + …: charge n has 2 - 2^(1-n) times the chlorine of the first."""
    chlorine = charged(smelted("50 %"), "Cl")
    assert len(chlorine) >= 7
    assert chlorine == pytest.approx(2.0 - 0.5 ** np.arange(len(chlorine)), rel=0.03)
    assert charged(smelted("50 %"), "Zn")[-1] - 1.0 < 0.5 * (charged(smelted(None), "Zn")[-1] - 1.0)


def test_the_bleed_is_its_share_of_the_dust_and_all_closes() -> None:
    result = smelted("50 %")
    flows, names = result.array("streams/element_flow"), result.array("stream").tolist()
    seconds = np.diff(result.array("time_bounds"), axis=1)[:, 0]
    dust, bleed = ((flows[:, names.index(f"filter.{port}")] * seconds[:, None]).sum() for port in ("dust", "bleed"))
    assert bleed == pytest.approx(dust) and bleed > 1000.0
    assert result.kpis["product_mass.sold"].value == pytest.approx(bleed)
    assert result.attrs["worst_residual"] < 1e-9
