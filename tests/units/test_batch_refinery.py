"""Slimes refinery and sulphate plant: shares, batches and times, reagents, waits, and a run that goes on from its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError
from twin.materials import ELEMENTS

SLIMES = {"Cu": 0.20, "Ag": 0.15, "Au": 0.01, "Pd": 0.002, "Se": 0.05, "Te": 0.02, "Pb": 0.20, "Sn": 0.10, "Sb": 0.05, "Ni": 0.05}
BLEED = {"Ni": 0.40, "Cu": 0.50, "As": 0.08, "Fe": 0.02}
DORE = {"kind": "slimes_refinery", "from": "slimes", "batch": "1 t", "time": "2 d"}
SULPHATE = {"kind": "sulphate_plant", "from": "slimes", "batch": "1 t", "time": "12 h"}


def plant(unit: dict[str, Any], melt: dict[str, float], ports: tuple[str, ...], stock: str = "5.5 t", horizon: str = "30 d", **more: Any) -> twin.Scenario:
    units: dict[str, Any] = {
        "slimes": {"kind": "bunker", "capacity": "10 t", "initial": {"mass": stock, "melt": melt}},
        "refinery": unit,
        **{port: {"kind": "product", "from": f"refinery.{port}"} for port in ports},
        "trucks": {"kind": "feed", "every": "10 d", "mass": "1 t", "composition": {"sand": 1}},
        "pit": {"kind": "product", "from": "trucks"},
        **more,
    }
    top = {"twin": 1, "time": {"horizon": horizon}, "record": {"every": "1 d", "genealogy": True}, "resources": {"crew": 1}, "materials": {"sand": {}}}
    return twin.load({**top, "units": units})


def dore(**more: Any) -> twin.Scenario:
    return plant({**DORE, **more}, SLIMES, ("dore", "liquor", "selenium", "slag"))


def out(result: twin.Result, product: str) -> dict[str, float]:
    column = result.array("balance/out_by_product")[:, result.array("product").tolist().index(product)]
    return dict(zip(ELEMENTS, column.tolist(), strict=True))


def test_slimes_go_where_the_shares_say_and_close() -> None:
    """Five batches of 1 t; half a tonne is too little for one more."""
    result = twin.run(dore())
    found = out(result, "dore")
    assert found["Ag"] == pytest.approx(5 * 150.0 * 0.985)
    assert found["Au"] == pytest.approx(5 * 10.0 * 0.995)
    assert out(result, "selenium")["Se"] == pytest.approx(5 * 50.0 * 0.93)
    assert out(result, "liquor")["Cu"] == pytest.approx(5 * 200.0 * 0.95)
    assert out(result, "slag")["Pb"] == pytest.approx(5 * 200.0 * 0.998)
    assert out(result, "slag")["Ag"] == pytest.approx(5 * 150.0 * (1 - 0.985 - 0.0005))
    assert found["Ag"] / sum(found.values()) == pytest.approx(0.93, abs=0.02), "doré of this kind is mostly silver"
    assert result.attrs["worst_residual"] < 1e-9


def test_a_batch_takes_its_time_and_energy() -> None:
    result = twin.run(dore(power={"specific": "500 kWh/t"}, heating={"carrier": "natural_gas", "specific": "3 MWh/t"}))
    begin, end = result.array("batches/phase_start"), result.array("batches/phase_end")
    assert ((end - begin) == 2 * 86400 * 10**9).all() and len(begin) == 5
    assert result.kpis["energy.electricity"].value == pytest.approx(5 * 500 * 3.6e6)
    assert result.kpis["energy.natural_gas"].value == pytest.approx(5 * 3 * 3.6e9)


def test_crystals_take_up_sulphate_and_water() -> None:
    """Of 1 t bleed 368 kg Ni fall: NiSO4 with 2 H2O is 190.8 kg for 58.69 kg of nickel."""
    result = twin.run(plant(SULPHATE, BLEED, ("copper", "sulphate", "acid"), stock="1 t"))
    found = out(result, "sulphate")
    assert found["Ni"] == pytest.approx(368.0)
    moles = {metal: found[metal] / mass for metal, mass in {"Ni": 58.693, "Cu": 63.546, "Fe": 55.845}.items()}
    assert found["S"] == pytest.approx(sum(moles.values()) * 32.06, rel=1e-3)
    assert found["H"] == pytest.approx(sum(moles.values()) * 4 * 1.008, rel=1e-3)
    pure = twin.run(plant(SULPHATE, {"Ni": 1.0}, ("copper", "sulphate", "acid"), stock="1 t"))
    assert sum(out(pure, "sulphate").values()) == pytest.approx(920.0 * 190.79 / 58.693, rel=1e-3)
    assert result.attrs["worst_residual"] < 1e-9 and pure.attrs["worst_residual"] < 1e-9


def test_it_waits_for_room_and_hands_and_goes_on_from_its_state(tmp_path: Path) -> None:
    def busy() -> twin.Scenario:
        slag = {"slag_bay": {"kind": "bunker", "from": "refinery.slag", "capacity": "500 kg"}}
        slag["slag"] = {"kind": "product", "from": "slag_bay", "pickup": {"every": "5 d", "mass": "400 kg"}}
        return plant({**DORE, "needs": ["crew"]}, SLIMES, ("dore", "liquor", "selenium"), **slag)

    whole = twin.run(busy())
    assert whole.kpis["blocked.refinery"].value > 0.1
    assert whole.attrs["worst_residual"] < 1e-9
    for days in (1.0, 7.3, 19.0):
        twin.run_until(busy(), days * 86400.0, tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == whole.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"to_dore": {"Cu": "90 %"}}, r"more than all Cu \(got 185 %\)"),
        ({"from": "other.slimes"}, "drawn from a bunker"),
        ({"batch": "0 t"}, "batch"),
        ({"batch": "11 t"}, "a batch, 11 t, is more than slimes can hold, 10 t"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        twin.run(dore(**change))
