"""Money that does not reward hoarding, and is never made of prices that nobody stated."""

from __future__ import annotations

import math

import pytest

import twin
from twin.results.kpis import Kpi

PLANT = """
twin: 1
name: yard
time: {start: 2026-01-05T06:00, horizon: 30 d, warmup: 5 d}
lot: 1 t
catalogue: [weee]
size_bounds: "8 63 125 mm"
units:
  trucks: {kind: feed, every: {constant: 2 h}, first: 0 s, mass: 20 t, composition: {steel: 50 %, plastics: 50 %},
           size: {rosin_rammler: {x63: 40 mm, n: 1.4}}, queue_limit: 0, when_full: turn_away, price: -30 EUR/t}
  yard: {kind: bunker, from: trucks, capacity: 120 t}
  mill: {kind: splitter, from: yard, rate: 8 t/h, shares: {steel: 50 %, residue: 50 %}, power: {idle: 10 kW}}
  steel: {kind: product, from: mill.steel, price: 150 EUR/t}
  bay: {kind: bunker, from: mill.residue, capacity: 2000 t, initial: {mass: 300 t, composition: {plastics: 1}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}}
  residue: {kind: product, from: bay, price: -80 EUR/t, pickup: {every: 6 h, mass: 24 t}}
carriers: {electricity: {price: 0.20 EUR/kWh}}
"""
HOURS = 25 * 24
PER_TONNE = 30.0 + 0.5 * 150.0 - 0.5 * 80.0
"""What a tonne that is processed earns, EUR: gate fee, half steel, half residue, whenever the residue is fetched."""


def kpis(**changes: object) -> dict[str, Kpi]:
    scenario = twin.load(PLANT)
    with twin.run(scenario.change(changes) if changes else scenario) as result:
        return dict(result.kpis)


def test_the_margin_is_that_of_what_was_processed() -> None:
    found = kpis()
    tonnes = found["processed"].value / 1000
    assert tonnes == pytest.approx(8 * HOURS, rel=1e-6)
    assert found["margin"].value == pytest.approx(tonnes * PER_TONNE - HOURS * 10 * 0.20, rel=1e-9)


@pytest.mark.parametrize(
    "change", [{"units.yard.capacity": "2000 t"}, {"units.residue.pickup": {"every": "48 h", "mass": "192 t"}}], ids=["larger yard", "rarer residue truck"]
)
def test_hoarding_earns_nothing(change: dict[str, object]) -> None:
    """The same tonnage at the same yield has the same margin; what was paid in the window differs by thousands."""
    base, variant = kpis(), kpis(**change)
    assert variant["processed"].value == pytest.approx(base["processed"].value, rel=1e-9)
    assert abs(variant["margin_cash"].value - base["margin_cash"].value) > 5_000
    assert variant["margin"].value == pytest.approx(base["margin"].value, rel=1e-9)


def test_a_verdict_is_withheld_where_paid_and_earned_point_apart() -> None:
    """A mill that is a little slower with a residue truck that comes rarely: less earned, more in the till."""
    base = twin.load(PLANT)
    slower = base.change({"units.mill.rate": "7.9 t/h", "units.residue.pickup": {"every": "48 h", "mass": "192 t"}})
    with twin.run(base) as a, twin.run(slower) as b:
        assert b.kpis["margin"].value < a.kpis["margin"].value and b.kpis["margin_cash"].value > a.kpis["margin_cash"].value
    compared = twin.compare(base, slower, replications=2, executor="serial")
    assert compared["margin"].verdict.startswith("withheld") and compared["margin_cash"].verdict.startswith("withheld")
    assert compared["throughput"].verdict == "worse"


@pytest.mark.parametrize(
    ("remove", "missing"),
    [("units.residue.price", "residue"), ("units.steel.price", "steel"), ("carriers", "electricity")],
)
def test_what_has_no_price_makes_the_margin_incomplete(remove: str, missing: str) -> None:
    tree = [line for line in PLANT.splitlines() if not (remove == "carriers" and line.startswith("carriers"))]
    text = "\n".join(tree)
    text = text.replace(", price: -80 EUR/t", "") if missing == "residue" else text.replace(", price: 150 EUR/t", "") if missing == "steel" else text
    with twin.run(twin.load(text)) as result:
        for name in ("margin", "margin_cash"):
            assert math.isnan(result.kpis[name].value) and result.kpis[name].note == f"incomplete: no price of {missing}"
        if missing == "electricity":
            assert math.isnan(result.kpis["energy_cost"].value)


def test_a_price_of_nothing_that_is_stated_counts() -> None:
    found = kpis(**{"units.residue.price": "0 EUR/t"})
    assert found["margin"].value == pytest.approx(8 * HOURS * (30 + 75) - HOURS * 10 * 0.20, rel=1e-9)


def test_nothing_is_said_of_energy_where_no_unit_states_a_power() -> None:
    text = PLANT.replace(", power: {idle: 10 kW}", "")
    with twin.run(twin.load(text)) as result:
        assert math.isnan(result.kpis["energy_cost"].value) and result.kpis["co2"].note == "no unit states a power"
        assert result.kpis["margin"].value == pytest.approx(8 * HOURS * PER_TONNE, rel=1e-9)


STOCKED = """
twin: 1
name: stocked
time: {start: 2026-01-05T06:00, horizon: 10 d}
lot: 1 t
catalogue: [weee]
size_bounds: "8 63 125 mm"
units:
  trucks: {kind: feed, every: {constant: 4 h}, first: 0 s, mass: 20 t, composition: {copper: 10 %, plastics: 90 %}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}
  yard: {kind: bunker, from: trucks, capacity: 500 t}
  mill: {kind: separator, from: yard, rate: 5 t/h, ports: [metal, rest], partition: {metal: {copper: 90 %, plastics: 0}}}
  bay: {kind: bunker, from: mill.metal, capacity: 800 t, initial: {mass: 80 t, composition: {copper: 1}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}}
  copper: {kind: product, from: bay, price: {copper: 5 EUR/kg}, pickup: {every: 1 d, mass: 25 t}}
  rest: {kind: product, from: mill.rest, price: -50 EUR/t}
"""


def test_a_recovery_over_a_falling_stock_comes_with_bounds() -> None:
    """100 kg of copper in each tonne, 90 recovered; 80 t of stock sold beside make 157 %: the bounds hold 90 %, and it is said."""
    with twin.run(twin.load(STOCKED)) as result:
        recovery = result.kpis["recovery.copper"]
        assert recovery.value > 1.0 and recovery.open
        assert recovery.low == pytest.approx(0.9, rel=1e-3)  # the lot on the line counts as stock
        assert recovery.high == pytest.approx(recovery.value, rel=1e-12)
        from twin.results.findings import findings_of

        assert any("uncertain" in finding and "recovery.copper" in finding for finding in findings_of(result))


def test_a_recovery_without_change_of_stock_has_no_width() -> None:
    text = (
        STOCKED.replace(", initial: {mass: 80 t, composition: {copper: 1}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}", "")
        .replace("pickup: {every: 1 d, mass: 25 t}", "")
        .replace("}, }", "}}")
    )
    with twin.run(twin.load(text.replace("5 EUR/kg}, ", "5 EUR/kg}"))) as result:
        recovery = result.kpis["recovery.copper"]
        assert recovery.value == pytest.approx(0.9, rel=1e-3) and recovery.high - recovery.low < 1e-3 and not recovery.open


def test_a_product_that_is_mostly_something_else_is_warned_of() -> None:
    """2,000 EUR/t for a mixture that is as much plastics as the feed is."""
    text = STOCKED.replace("partition: {metal: {copper: 90 %, plastics: 0}}", "partition: {metal: {copper: 30 %, plastics: 30 %}}").replace(
        "{copper: 5 EUR/kg}", "2000 EUR/t"
    )
    text = text.replace(", initial: {mass: 80 t, composition: {copper: 1}, size: {rosin_rammler: {x63: 40 mm, n: 1.4}}}", "")
    from twin.results.findings import findings_of

    with twin.run(twin.load(text)) as result:
        assert any("copper is paid 2 EUR/kg for all its mass" in finding and "plastics 90 %" in finding for finding in findings_of(result))
    with twin.run(twin.load(STOCKED.replace("{copper: 5 EUR/kg}", "2000 EUR/t"))) as result:
        assert not any("paid" in finding for finding in findings_of(result))
