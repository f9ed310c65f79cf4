"""Bag opener, ballistic separator and baler in a plant: sizes, ports, whole bales, resume, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError

PLANT: dict[str, Any] = {
    "twin": 1,
    "time": {"start": "2026-01-05", "horizon": "2 d"},
    "lot": "200 kg",
    "catalogue": ["lvp"],
    "size_bounds": "20 40 80 160 240 500 900 mm",
    "record": {"every": "1 h"},
    "units": {
        "trucks": {
            "kind": "feed", "every": "1 h", "mass": "4 t", "composition": {"ldpe_film": "25 %", "pet_clear": "45 %", "fines": "30 %"},
            "size": {"rosin_rammler": {"x63": "400 mm", "n": 4}},
        },
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "300 t"},
        "opener": {
            "kind": "bag_opener", "from": "yard", "rate": "5 t/h",
            "contents": {"fines": {"rosin_rammler": {"x63": "20 mm", "n": 1}}, "default": {"rosin_rammler": {"x63": "150 mm", "n": 2}}},
        },
        "paddles": {"kind": "ballistic_separator", "from": "opener"},
        "film_bay": {"kind": "bunker", "from": "paddles.flat", "capacity": "10 t", "discharge": "mixed"},
        "press": {"kind": "baler", "from": "film_bay", "bale": "650 kg", "cycle_time": "6 min", "power": {"specific": "8 kWh/t"}},
        "bales": {"kind": "bunker", "from": "press", "capacity": "30 t"},
        "film": {"kind": "product", "from": "bales", "targets": ["ldpe_film"], "pickup": {"every": "5 h", "mass": "6.5 t", "unit": "650 kg"}},
        "containers": {"kind": "product", "from": "paddles.rolling", "targets": ["pet_clear"]},
        "fine": {"kind": "product", "from": "paddles.fines"},
    },
}  # fmt: skip


def changed(**units: dict[str, Any]) -> twin.Scenario:
    """The plant with some keys of some units changed."""
    return twin.load({**PLANT, "units": {name: {**unit, **units.get(name, {})} for name, unit in PLANT["units"].items()}})


def test_they_sort_and_close() -> None:
    with twin.run(changed()) as result:
        assert result.attrs["worst_residual"] < 1e-9
        assert result.kpis["grade.film.ldpe_film"].value > 0.7
        assert result.kpis["grade.containers.pet_clear"].value > 0.7
        assert result.kpis["recovery.containers.pet_clear"].value > 0.8


def test_more_bags_opened_set_more_fines_free() -> None:
    shares = []
    for opened in ("50 %", "70 %", "95 %"):
        with twin.run(changed(opener={"opened": opened})) as result:
            flow = result.dataset("streams")["mass_flow"].sum(dim=("time", "material"))
            shares.append(float(flow.sel(stream="paddles.fines") / flow.sel(stream="opener.out")))
    assert shares[1] > shares[0] + 0.01
    assert shares[2] > shares[1] + 0.01


def test_paddles_that_blind_pass_less() -> None:
    fines = []
    for wear in (None, {"parameter": "screening", "per": "10 t", "change": "-5 %"}):
        with twin.run(changed(paddles={"wear": wear} if wear else {})) as result:
            flow = result.dataset("streams")["mass_flow"].sum(dim=("time", "material"))
            fines.append(float(flow.sel(stream="paddles.fines")))
    assert fines[1] < 0.9 * fines[0]


def test_a_baler_makes_whole_bales() -> None:
    with twin.run(changed()) as result:
        taken = result.dataset("streams")["mass_flow"].sel(stream="press.out").sum(dim="material").values * 3600.0 / 650.0
        assert taken.sum() == pytest.approx(round(taken.sum()), abs=0.51)  # but for the one that is on the press in the end
        gone = result.array("balance/out_by_product")[:, list(result.array("product")).index("film")].sum() / 650.0
        assert gone > 10
        assert gone == pytest.approx(round(gone), abs=1e-6)


def test_a_lot_of_another_size_can_be_given() -> None:
    assert changed().units["press"].lot == 650.0
    assert changed(press={"lot": "1.3 t"}).units["press"].lot == 1300.0


def test_resumed_in_the_middle_it_is_the_same_run(tmp_path: Path) -> None:
    scenario = changed(opener={"wear": {"parameter": "opened", "per": "20 t", "change": "-5 %", "replace_after": "60 t", "replace_time": "1 h"}})
    whole = twin.run(scenario, out=tmp_path / "whole.h5")
    twin.run_until(scenario, 17.3 * 3600.0, save=tmp_path / "state.h5")
    with whole, twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5") as resumed:
        assert resumed.digest == whole.digest


def test_measured_shares_of_flat_pieces() -> None:
    with twin.run(changed(paddles={"riding": 0, "flat": {"ldpe_film": {"40 mm": "60 %", "240 mm": "95 %"}, "default": "5 %"}})) as result:
        flow = result.dataset("streams")["mass_flow"].sum(dim="time").sel(material="pet_clear")
        flat, rolling = (float(flow.sel(stream=f"paddles.{port}")) for port in ("flat", "rolling"))
        assert flat / (flat + rolling) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units.paddles.flat": {"folie": "90 %", "default": "5 %"}}, "unknown material or group 'folie'"),
        ({"units.paddles.flat": {"ldpe_film": "90 %"}}, "no share of 'pet_clear', 'fines'"),
        ({"units.opener.contents": {"fines": {"rosin_rammler": {"x63": "20 mm", "n": 1}}}}, "no size distribution for 'ldpe_film'"),
        ({"units.opener.contents": {"rosin_rammler": {"x63": "2 m", "n": 2}}}, "coarser than the largest size bound"),
        ({"units.press.bale": 650}, "bare number"),
        ({"events": [{"at": "1 h", "set": {"units.press.bale": "700 kg"}}]}, "cannot change while the plant runs"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed().change(changes)
    assert any(message in problem.message for problem in caught.value.problems), [problem.message for problem in caught.value.problems]


def test_a_press_in_the_middle_of_a_line_is_refused() -> None:
    direct = {**PLANT["units"], "press": {**PLANT["units"]["press"], "from": "paddles.flat"}}
    del direct["film_bay"]
    with pytest.raises(ScenarioError, match="'lot' is for the machine that takes from bunkers"):
        twin.run(twin.load({**PLANT, "units": direct}))


def test_it_reports_each_wrong_value_once() -> None:
    """A wrong bale is not reported again as a wrong lot."""
    with pytest.raises(ScenarioError) as caught:
        changed(press={"bale": "650 kW"})
    assert [problem.path for problem in caught.value.problems] == ["units.press.bale"]
