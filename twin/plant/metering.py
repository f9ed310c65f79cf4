"""What a plant's costs rest on: its meter, what the meter found, and the block ``money`` in SI for the results file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.calendars import Calendar
from twin.engine.clock import nanoseconds
from twin.engine.meter import Meter, Rules, Steps
from twin.engine.recording import Recorder
from twin.engine.staffing import Staffing
from twin.engine.window import window_begin
from twin.plant.investments import copies_of, investments_of
from twin.plant.topology import Topology
from twin.quantities import NANOSECONDS
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.money import Labour, MoneyPlan, PriceScenario, WearPart
from twin.scenario.series import Series
from twin.scenario.settings import ELECTRICITY
from twin.units.energy.power import Tap

if TYPE_CHECKING:
    from twin.plant.build import Built

Floats = NDArray[np.float64]
BY_MONTH = "month"


def meter_of(scenario: Scenario, recorder: Recorder) -> Meter | None:
    """Return the meter that a plant needs: for series, a tariff with a peak, or wear parts; None where it needs none."""
    axes, carriers = recorder.axes, scenario.carriers
    prices, factors = {}, {}
    for place, name in enumerate(axes.carriers):
        if name in carriers and (series := carriers[name].price_series) is not None:
            prices[place] = _steps(series, scenario.start)
        if name in carriers and (series := carriers[name].co2_series) is not None:
            factors[place] = _steps(series, scenario.start)
    peak = carriers[ELECTRICITY].peak
    wears = scenario.money is not None and any(costs.wear_parts for costs in scenario.money.by_unit.values())
    if not (prices or factors or wears or peak is not None):
        return None
    window = nanoseconds(peak.window) if peak is not None else 0
    rules = Rules(window_begin(nanoseconds(scenario.warmup), recorder.every), recorder.horizon, prices, factors, window, _midnight(scenario.start))
    return Meter(rules, len(axes.machines), len(axes.processes), len(axes.carriers))


def own_meter(recorder: Recorder) -> Meter | None:
    """The meter of a site itself, also where the power network of a cluster listens before it."""
    return recorder.meter.inner if isinstance(recorder.meter, Tap) else recorder.meter


def _steps(series: Series, start: datetime) -> Steps:
    return Steps([round(second * NANOSECONDS) for second in series.seconds(start)], series.values)


def _midnight(start: datetime) -> int:
    """How long (ns) the midnight before the start lies back."""
    return (start - datetime.combine(start.date(), datetime.min.time())) // timedelta(microseconds=1) * 1000


def peaks(meter: Meter, start: datetime, by: str) -> Iterator[tuple[float, float]]:
    """Yield the highest mean power, W, of the run or of each calendar month, with the time, s, for which it counts; NaN where no whole window lies in it."""
    rules = meter.rules
    bounds = [rules.begin, *(_months(start, rules.begin, rules.end) if by == BY_MONTH else ()), rules.end]
    for begin, end in pairwise(bounds):
        first, last = -(-(begin + rules.midnight) // rules.window), (end + rules.midnight) // rules.window
        highest = float(meter.windows[first:last].max()) if last > first else math.nan
        yield highest / (rules.window / NANOSECONDS), (end - begin) / NANOSECONDS


def _months(start: datetime, begin: int, end: int) -> Iterator[int]:
    """Yield when months begin between two times of the run, ns."""
    moment = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        moment = (moment + timedelta(days=32)).replace(day=1)
        since = (moment - start) // timedelta(microseconds=1) * 1000
        if since >= end:
            return
        if since > begin:
            yield since


def accounts_of(built: Built, units: list[str], machines: list[str], products: list[str]) -> dict[str, Any]:
    """Return the variables of ``/accounts``; none in a plant that has neither a meter nor settlements nor gate fees that change."""
    scenario, recorder = built.site.scenario, built.site.recorder
    meter, axes = own_meter(recorder), recorder.axes
    settlements = {name: account.settlement for name, account in built.site.accounts.items() if account.settlement is not None}
    gates = {gate.feed: gate for gate in built.gates}
    fees = [gates[name].cost if name in gates and gates[name].prices is not None else math.nan for name in axes.gates]
    if meter is None and not settlements and all(math.isnan(fee) for fee in fees):
        return {}
    rows = {name: row for row, name in enumerate((*axes.machines, *axes.processes))}
    tariff = scenario.carriers[ELECTRICITY].peak
    found = list(peaks(meter, scenario.start, tariff.by)) if meter is not None and tariff is not None else [(math.nan, 0.0)]
    tables = {} if meter is None else {"energy_cost": (meter.cost, meter.rules.prices), "co2": (meter.co2, meter.rules.factors)}
    by_unit = {name: np.full((len(units), len(axes.carriers)), np.nan) for name in ("energy_cost", "co2")}
    for name, (table, metered) in tables.items():
        for place, unit in enumerate(units):
            if unit in rows:
                for carrier in metered:
                    by_unit[name][place, carrier] = table[rows[unit], carrier]
    return {
        **{f"accounts/{name}": table for name, table in by_unit.items()},
        "accounts/through": np.array([math.nan if meter is None else meter.through[rows[name]] for name in machines]),
        "accounts/peak_power": np.array([power for power, _ in found]),
        "accounts/peak_time": np.array([time for _, time in found]),
        "accounts/settled": np.array([settlements[name].value if name in settlements else math.nan for name in products]),
        "accounts/feed_cost": np.array(fees),
        "accounts/paid": np.array([settlements[name].paid if name in settlements else math.nan for name in products]),
    }


def cost_inputs(scenario: Scenario, topology: Topology, every: int) -> dict[str, Any]:
    """Return the entry ``costs`` of the KPI inputs; nothing where the scenario has neither the block nor a tariff nor a series."""
    money, peak = scenario.money, scenario.carriers[ELECTRICITY].peak
    series = {
        "priced_by_series": [name for name, carrier in scenario.carriers.items() if carrier.price_series is not None],
        "emits_by_series": [name for name, carrier in scenario.carriers.items() if carrier.co2_series is not None],
    }
    found: dict[str, Any] = {key: names for key, names in series.items() if names}
    if peak is not None:
        found |= {"used": True, "peak": peak.price}
    if money is not None:
        found |= {"used": True, **_of_money(scenario, money, topology, every)}
    return {"costs": found} if found else {}


def _of_money(scenario: Scenario, money: MoneyPlan, topology: Topology, every: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "labour": {role: _labour(scenario, labour, every) for role, labour in money.labour.items()},
        "units": _units(scenario, money, topology),
        "investments": investments_of(scenario),
        "prices": {name: _prices(prices) for name, prices in money.prices.items()},
    }
    if money.carbon is not None:
        found |= {"carbon": money.carbon.price, "factors": dict(money.carbon.factors)}
    return found


def _labour(scenario: Scenario, labour: Labour, every: int) -> float:
    """What one role costs in the time that counts, EUR."""
    shifts = labour.heads.items() if isinstance(labour.heads, dict) else [(labour.calendar, labour.heads)]
    staffing = Staffing([(Calendar(scenario.calendars[name], scenario.start) if name is not None else None, heads) for name, heads in shifts])
    begin, end = window_begin(nanoseconds(scenario.warmup), every), nanoseconds(scenario.horizon)
    pieces = staffing.pieces(begin, end)
    if isinstance(labour.wage, Series):
        wages = _steps(labour.wage, scenario.start)
        return math.fsum(wages.mean(since, until) * heads * (until - since) for since, until, heads in pieces if until > since) / NANOSECONDS
    return labour.wage * sum(heads * (until - since) for since, until, heads in pieces) / NANOSECONDS


def _units(scenario: Scenario, money: MoneyPlan, topology: Topology) -> dict[str, Any]:
    line_of = {machine: line.name for line in topology.lines for machine in line.machines}
    found = {}
    for name, costs in money.by_unit.items():
        found[name] = {
            "line": line_of.get(name, name),
            "copies": copies_of(scenario, name),
            "per_hour": costs.maintenance.per_hour,
            "per_failure": costs.maintenance.per_failure,
            "wear": [[part.price, _lasts(scenario, name, part)] for part in costs.wear_parts.values()],
        }
    return found


def _lasts(scenario: Scenario, unit: str, part: WearPart) -> float:
    model = scenario.units[unit]
    own = model.wear.replace_after if isinstance(model, MachineModel) and model.wear is not None else None
    lasts = part.per if part.per is not None else own
    assert lasts is not None, "check_money has looked"
    return lasts


def _prices(prices: PriceScenario) -> dict[str, Any]:
    products = {name: [list(term) for term in price.fixed] for name, price in prices.products.items()}
    return {"products": products, "feeds": dict(prices.feeds), "carriers": dict(prices.carriers), "carbon": prices.carbon}
