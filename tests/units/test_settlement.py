"""Settlement of traded lots, by hand: 20 t a day with a quarter of copper."""

from __future__ import annotations

import doctest
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin
from twin.engine.streams import Stream
from twin.errors import ScenarioError
from twin.measurement import Measurement
from twin.plant import simulate
from twin.quantities import DAY, NANOSECONDS
from twin.results.kpis import Kpi
from twin.scenario.settlement import Settlement as Terms
from twin.units.ground import settlement
from twin.units.ground.settlement import Settlement, payable_share, settled_assay

PLANT = """
twin: 1
name: trade
time: {start: 2026-01-20, horizon: 40 d, warmup: 10 d}
lot: 1 t
record: {every: 1 d}
catalogue: [weee]
units:
  trucks: {kind: feed, every: {constant: 1 d}, first: 0 s, mass: 20 t, composition: {copper: 25 %, plastics: 75 %}, price: 100 EUR/t}
  yard: {kind: bunker, from: trucks, capacity: 100 t}
  mill: {kind: splitter, from: yard, rate: 10 t/h, shares: {good: 100 %}}
  bay: {kind: bunker, from: mill.good, capacity: 100 t}
  good:
    kind: product
    from: bay
    pickup: {every: {constant: 1 d}, first: 12 h, mass: 20 t}
    settlement:
      metals: {copper: {price: 8000 EUR/t, payable: 96.5 %, minimum_deduction: 1 %, refining_charge: 150 EUR/t}}
      moisture: 2 %
      treatment_charge: 300 EUR/t
"""
DRY = 20 * 0.98
PAID_METAL = DRY * (5 / DRY - 0.01)
"""t of a lot: 25.51 % less a point is less than 96.5 % of it."""
LOT = PAID_METAL * (8000 - 150) - DRY * 300
LOTS = 30
LME = "time,cu [EUR/t]\n2025-12-01,7000\n2026-02-01,8000\n2026-02-15,9000\n2026-03-01,10000\n2026-03-16,6000\n"


def kpis(by_series: object = False, **changes: object) -> dict[str, Kpi]:
    text = PLANT.replace("price: 8000 EUR/t", "price: {series: {file: lme.csv, column: cu}}") if by_series else PLANT
    scenario = twin.load(text, files={"lme.csv": LME}) if by_series else twin.load(text)
    settled = {f"units.good.settlement.{path.replace('__', '.')}": value for path, value in changes.items()}
    with twin.run(scenario.change(settled) if settled else scenario) as result:
        return dict(result.kpis)


def test_a_lot_by_hand() -> None:
    found = kpis()
    assert pytest.approx(31_831.4) == LOT
    assert found["settled.good"].value == pytest.approx(LOTS * LOT)
    assert found["revenue"].value == pytest.approx(LOTS * LOT)
    assert found["unpaid.good"].value == pytest.approx(0.0, abs=1e-6)
    assert found["margin"].value == pytest.approx(LOTS * (LOT - 20 * 100))
    assert found["margin_cash"].value == pytest.approx(found["margin"].value)
    assert found["recovery.good.copper"].value == pytest.approx(1.0)


def test_a_load_of_24_t_with_an_impurity() -> None:
    """1.5 % moisture, 27.5 % of metal of which a point is deducted, 8,000 EUR/t, treatment 180 EUR/t dry; .35 % of an impurity of which .2 % are free, at
    5 EUR/t for each .1 %: 45,684.30 EUR."""
    text = PLANT.replace("20 t", "24 t").replace("{copper: 25 %, plastics: 75 %}", "{copper: 27.0875 %, brass: 0.34475 %, plastics: 72.56775 %}")
    terms = {
        "metals": {"copper": {"price": "8000 EUR/t", "minimum_deduction": "1 %"}},
        "moisture": "1.5 %",
        "treatment_charge": "180 EUR/t",
        "penalties": {"brass": {"free": "0.2 %", "charge": "5 EUR/t", "per": "0.1 %"}},
    }
    with twin.run(twin.load(text).change({"units.good.settlement": terms})) as result:
        assert result.kpis["settled.good"].value == pytest.approx(LOTS * 45_684.30, rel=1e-9)
    less = {**terms, "penalties": {"brass": {"free": "0.4 %", "charge": "5 EUR/t", "per": "0.1 %"}}}
    with twin.run(twin.load(text).change({"units.good.settlement": less})) as result:
        assert result.kpis["settled.good"].value == pytest.approx(LOTS * (45_684.30 + 177.30), rel=1e-9)


def test_provisional_and_final() -> None:
    """A tenth of each lot is paid 6 days later: what the window owes at its end was owed at its beginning too. 20 days later it is not: 10 lots came before."""
    assert kpis(provisional="90 %", final_after="6 d")["unpaid.good"].value == pytest.approx(0.0, abs=1e-6)
    found = kpis(provisional="90 %", final_after="20 d")
    assert found["settled.good"].value == pytest.approx(LOTS * LOT)
    assert found["unpaid.good"].value == pytest.approx(0.1 * (20 - 10) * LOT)
    assert found["margin_cash"].value == pytest.approx(found["margin"].value - LOT)


@pytest.mark.parametrize(
    ("period", "prices"),
    [
        ("delivery", 2 * [7000] + 14 * [8000] + 14 * [9000]),
        ("month", 2 * [7000] + 28 * [8500]),
        ("next_month", 2 * [8500] + 28 * [(15 * 10_000 + 16 * 6000) / 31]),
    ],
)
def test_whose_price_counts(period: str, prices: list[float]) -> None:
    """The window is from 30 January to 28 February."""
    found = kpis(by_series=True, price_period=period)
    assert found["settled.good"].value == pytest.approx(sum(PAID_METAL * (price - 150) - DRY * 300 for price in prices))


def test_a_rest_at_the_final_price() -> None:
    """All is paid at the price of delivery; the rest is what the next month brings more or less."""
    found = kpis(by_series=True, price_period="next_month", final_after="60 d")
    assert found["unpaid.good"].value == pytest.approx(PAID_METAL * (2 * (8500 - 7000) + 28 * (246_000 / 31) - 14 * 8000 - 14 * 9000))


def test_drawn_assays_split_or_go_to_an_umpire() -> None:
    """With a wide limit the mean of two assays counts, with none the middle of three; both are fair, and the stream is the product's own."""
    same = kpis(metals__copper__assay_error="0.000001 %", metals__copper__splitting_limit="1 %")["settled.good"].value
    assert same == pytest.approx(LOTS * LOT, rel=1e-6)
    split, umpire = (kpis(metals__copper__assay_error="0.3 %", **limit)["settled.good"].value for limit in ({"metals__copper__splitting_limit": "90 %"}, {}))
    assert split != umpire
    for found in (split, umpire):
        assert found == pytest.approx(LOTS * LOT, abs=4 * 0.003 * DRY * 7850 * math.sqrt(LOTS))


def test_assays_are_readings_of_the_one_model() -> None:
    """Three uniforms for each of seller, buyer and umpire; the middle of the three counts."""
    lots = kpis(metals__copper__assay_error="0.3 %")["settled.good"].value
    stream, true = Stream(1, 0, "good", "measurement"), 5 / DRY
    assay, worth = Measurement("share.copper", "instant", absolute=0.003), []
    for _ in range(40):
        seller, buyer, umpire = (assay.read(true, [stream.uniform() for _ in range(3)]) for _ in range(3))
        counts = settled_assay(seller, buyer, umpire, 0.0)
        worth.append(DRY * payable_share(counts, 0.965, 0.01) * (8000 - 150) - DRY * 300)
    assert lots == pytest.approx(math.fsum(worth[10:]), rel=1e-12)


def test_a_saved_state_goes_on_with_the_same_assays(tmp_path: Path) -> None:
    error = {"units.good.settlement.metals.copper.assay_error": "0.3 %", "carriers.electricity": {"price": "0.1 EUR/kWh", "peak": {"price": "9 EUR/(kW a)"}}}
    scenario = twin.load(PLANT).change({**error, "units.mill.power": {"idle": "5 kW"}})
    whole = twin.run(scenario)
    state = simulate.run_until(scenario, 17.3 * DAY, tmp_path / "state.h5")
    with simulate.resume(state, out=tmp_path / "rest.h5") as rest:
        assert rest.attrs["digest"] == whole.attrs["digest"]
        assert rest.kpis["peak_power"].value == 5000.0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("units.good.price", "1 EUR/t", "give 'price' or 'settlement', not both"),
        ("units.good.settlement.metals.copper.splitting_limit", "1 %", "needs an 'assay_error'"),
        ("units.good.settlement.metals.gold", {"price": "1 EUR/t"}, "unknown material"),
        ("units.good.settlement.penalties.lead", {"charge": "5 EUR/t", "per": "0.1 %"}, "unknown material"),
        ("units.good.settlement.penalties", {"copper": {"charge": "5 EUR/t"}}, "'per' is missing"),
        ("units.good", {"kind": "product", "from": "bay", "settlement": {"metals": {"copper": {"price": "1 EUR/t"}}}}, "lots are what trucks or orders take"),
    ],
)
def test_what_is_wrong_is_said(path: str, value: object, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        twin.load(PLANT).change({path: value})
    assert message in str(caught.value)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_an_assay_that_counts_lies_between_the_parties(seller: float, buyer: float, umpire: float, limit: float) -> None:
    assert min(seller, buyer) <= settled_assay(seller, buyer, umpire, limit) <= max(seller, buyer)
    assert 0.0 <= payable_share(seller, buyer, umpire) <= seller


@given(st.lists(st.integers(0, 80), min_size=1, max_size=20), st.floats(0, 1), st.integers(0, 60))
def test_in_the_end_all_is_paid(days: list[int], provisional: float, after: int) -> None:
    terms = Terms.model_validate({"metals": {"x": {"price": "1 EUR/kg"}}, "provisional": provisional, "final_after": f"{after} d", "price_period": "month"})
    found = Settlement(terms, lambda _: np.array([0.5, 0.0]), Stream(1, 0, "p", "assay"), datetime(2026, 1, 5), (0, 1000 * round(DAY) * NANOSECONDS))
    for day in days:
        found.lot(np.array([60.0, 40.0]), 100.0, day * round(DAY) * NANOSECONDS)
    assert found.value == pytest.approx(30.0 * len(days)) and found.paid == pytest.approx(found.value)


def test_a_lot_of_nothing_is_worth_nothing_and_draws_as_any_other() -> None:
    """A weighbridge may show nothing of a load: what the next one is worth is what it is after any other."""
    terms = Terms.model_validate({"metals": {"x": {"price": "1 EUR/kg", "assay_error": "2 %"}}, "treatment_charge": "90 EUR/t"})

    def second_after(first: float) -> tuple[float, float]:
        found = Settlement(terms, lambda _: np.array([0.5, 0.0]), Stream(1, 0, "p", "assay"), datetime(2026, 1, 5), (0, round(DAY) * NANOSECONDS))
        found.lot(first * np.array([0.6, 0.4]), first, 0)
        before = found.value
        found.lot(np.array([60.0, 40.0]), 100.0, 0)
        return before, found.value - before

    nothing, after_nothing = second_after(0.0)
    assert nothing == 0.0 and after_nothing == pytest.approx(second_after(1.0)[1], rel=1e-12)


def test_docstring_numbers() -> None:
    failed, tried = doctest.testmod(settlement)
    assert tried and not failed
