"""Joins the sites of a cluster by power and heat, and draws up what the networks did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.meter import Steps
from twin.engine.needs import Needs
from twin.engine.window import window_begin
from twin.errors import BalanceError
from twin.plant.build import Built
from twin.plant.stocks import join_stocks, stock_values
from twin.results.energy import EnergyAccount, Values
from twin.scenario.energy.limited import electric_at_most
from twin.scenario.energy.power import PowerNetwork as PowerModel
from twin.scenario.energy.read import Energy
from twin.units.energy.heat_network import HeatNetwork, Times
from twin.units.energy.heat_setup import setup_of
from twin.units.energy.power import SUMS, Intervals, PowerNetwork, PowerRules, Tap
from twin.units.energy.power_limit import Drawer, PowerLimit, ranks_of
from twin.units.energy.profiles import steps_of
from twin.units.energy.supply_stock import Recorded, SupplyStock
from twin.units.lines.conveyor import Conveyor
from twin.units.lines.line import Line
from twin.units.melts.steam_main import RaisesSteam

HEAT = "heat"
"""Who draws the electricity of the heat network."""
TOLERANCE = 1e-9
"""The most that a heat network may not close by, over what came in."""


@dataclass
class Networks:
    """The units of the energy networks; they stand last at the last site, as no site is theirs."""

    power: PowerNetwork | None
    heat: HeatNetwork | None
    hypothetical: bool
    stocks: list[SupplyStock]

    def account(self, now: int) -> EnergyAccount:
        """What they did up to ``now``, the end of the run. Raises :class:`~twin.errors.BalanceError` where heat does not close."""
        values: dict[str, Values] = {}
        if self.heat is not None:
            self.heat.account(now)
            values |= _heat(self.heat, self.hypothetical)
        if self.power is not None:
            self.power.close(now)
            values |= _power(self.power)
        for stock in self.stocks:
            stock.close(now)
        return EnergyAccount({**values, **stock_values(self.stocks)})


def join_energy(energy: Energy | None, sites: Mapping[str, Built]) -> Networks | None:
    """Put the units of the networks behind all others. None where there are no networks."""
    if energy is None or not (energy.power or energy.heat or energy.fuels or energy.oxygen):
        return None
    last = list(sites.values())[-1].site
    begin = max(window_begin(nanoseconds(built.site.scenario.warmup), built.site.recorder.every) for built in sites.values())
    horizon, start = nanoseconds(last.scenario.horizon), last.scenario.start
    told = {name: Intervals() for name in (*sites, *((HEAT,) if energy.heat is not None else ()))}
    heat = power = None
    if energy.heat is not None:
        setup = setup_of(energy.heat, energy.power, start)
        times = Times(begin, nanoseconds(energy.heat.every), horizon)
        heat = HeatNetwork(last.next_index(), last.clock, setup, times, told[HEAT] if energy.power is not None else None)
        last.units.append(heat)
        _listen(heat, sites)
    if energy.power is not None:
        rules = _rules(energy.power, begin, horizon, energy.heat.every if energy.heat is not None else 3600.0, lambda value: steps_of(value, start))
        known = [_known(built) for built in list(sites.values())[:-1]]
        power = PowerNetwork(last.next_index(), last.clock, rules, list(told), known)
        power.told = told
        power.untold = [process.untold_since for built in sites.values() for process in built.processes if process.power_kept() > 0.0]
        last.units.append(power)
        if energy.power.limit is not None:
            _limit(energy.power.limit, energy.power.priority, sites, electric_at_most(energy.heat))
        for name, built in sites.items():
            recorder = built.site.recorder
            recorder.meter = Tap(recorder.meter, told[name])
    every = nanoseconds(energy.heat.every) if energy.heat is not None else nanoseconds(3600.0)
    stocks = join_stocks(energy, sites, Recorded(begin, every, horizon))
    return Networks(power, heat, energy.heat is not None and energy.heat.hypothetical, stocks)


def _limit(most: float, priority: Sequence[str], sites: Mapping[str, Built], heat: float) -> None:
    """Each lot of each line, and what processes work on, needs its power too, from now on; ``heat`` W are kept for the heat network."""
    last = list(sites.values())[-1].site
    kept = heat + sum(records.idle for built in sites.values() for records in built.process_records)
    kept += sum(process.power_kept() for built in sites.values() for process in built.processes)
    limit = PowerLimit(last.next_index(), last.clock, most, kept)
    last.units.append(limit)
    ranks = ranks_of(list(sites), priority)
    for name, built in sites.items():
        for line in built.lines:
            limit.drawers[line] = Drawer(f"{name}.{line.name}", line, partial(_idle, line), partial(_lot, line), partial(_ready, line, line.needs), ranks[name])
            line.need(Needs([*line.needs.choices, [limit]], line.needs.rank))
        limit.idle += [partial(_belt, conveyor) for conveyor in built.conveyors]
        for process in built.processes:
            process.limit = limit
            limit.drawers[process] = Drawer(f"{name}.{process.name}", process, _nothing, process.power_wanted, partial(process.lacks_only, limit), ranks[name])


def _nothing() -> float:
    """The idle power of a process is kept at all times."""
    return 0.0


def _belt(conveyor: Conveyor) -> float:
    """What a belt draws while it runs, W."""
    return conveyor.power[0]


def _ready(line: Line, needs: Needs) -> bool:
    return needs.find(line) is not None


def _idle(line: Line) -> float:
    """What the machines of a line draw while it stands, W."""
    return float(line.records.power[:, 0].sum())


def _lot(line: Line) -> float:
    """What the present lot of a line draws above that, W: the mass through each machine, over the time that the lot takes."""
    seconds = line.record.duration / NANOSECONDS
    passed = line.network.flows["flow_ratio"] * line.record.feed
    return float((line.records.power[:, 1] * passed).sum()) / seconds if seconds else 0.0


def _rules(model: PowerModel, begin: int, horizon: int, every: float, steps: Callable[..., Steps]) -> PowerRules:
    own, feed_in = (model.pv.power, model.pv.feed_in) if model.pv is not None else (0.0, 0.0)
    return PowerRules(begin, nanoseconds(every), horizon, steps(model.price), steps(model.co2), steps(own), steps(feed_in))


def _known(built: Built) -> Callable[[], int]:
    """Until when a site has told what it drew: up to the block of its record that is open."""
    recorder = built.site.recorder
    return lambda: recorder.first * recorder.every


def _listen(heat: HeatNetwork, sites: Mapping[str, Built]) -> None:
    for offer in heat.setup.offers:
        if offer.place:
            site, _, unit = offer.place.partition(".")
            boiler = next(found for found in sites[site].site.units if isinstance(found, RaisesSteam) and found.name == unit)
            boiler.main.listener = steam = heat.steam[offer.name]
            steam.store = boiler.main.store


def _power(power: PowerNetwork) -> dict[str, Values]:
    rules, seconds = power.rules, _lengths(len(power.grid_by_step), power.rules.every, power.rules.horizon)
    return {
        "power/source": power.sources,
        "power/energy": power.by_source[:, 0].copy(),
        "power/tariff_cost": power.by_source[:, 1].copy(),
        **{f"power/{name}": np.array(value) for name, value in zip(SUMS, power.sums.tolist(), strict=True)},
        "power/highest": np.array(power.highest[0]),
        "power/highest_from_grid": np.array(power.highest[1]),
        "power/time": _ends(len(seconds), rules.every, rules.horizon),
        "power/load": power.load_by_step / seconds[:, None],
        "power/grid": power.grid_by_step / seconds,
        "power/fed": power.fed_by_step / seconds,
    }


def _heat(heat: HeatNetwork, hypothetical: bool) -> dict[str, Values]:
    setup, columns, times = heat.setup, heat.columns, heat.times
    closure = heat.closure()
    if not closure <= TOLERANCE:
        raise BalanceError(f"the heat network does not close by {closure:.3g} of what came in (allowed is {TOLERANCE:g}); please report this")
    sums = {name: heat.sums[column].copy() for name, column in columns.items()}
    seconds = _lengths(len(heat.content), times.every, times.horizon)
    by_step = {name: heat.by_step[:, column] / seconds[:, None] for name, column in columns.items()}
    content, lost, rounded = heat._tank_at(heat.since)
    way = setup.way
    return {
        "heat/source": tuple(offer.name for offer in setup.offers),
        **{f"heat/{name}": sums[name] for name in ("offered", "taken", "source_cost", "source_co2")},
        "heat/wasted": sums["offered"] - sums["taken"],
        "heat/boiler": tuple(maker.name for maker in setup.makers),
        **{f"heat/{name}": sums[name] for name in ("made", "used", "boiler_cost", "boiler_co2")},
        "heat/electric": np.array([maker.electric for maker in setup.makers], dtype=np.int64),
        "heat/biogenic": np.array([maker.biogenic for maker in setup.makers], dtype=np.int64),
        "heat/user": tuple(taker.name for taker in setup.takers),
        **{f"heat/{name}": sums[name] for name in ("wanted", "served", "income")},
        "heat/pipe_loss": np.array(sums["pipe_loss"][0]),
        "heat/lacking": np.array(sums["lacking"][0]),
        "heat/tank_lost": np.array(lost - heat.first[1]),
        "heat/tank_first": np.array(heat.first[0]),
        "heat/tank_last": np.array(content),
        "heat/tank_rounded": np.array(rounded - heat.first[2]),
        "heat/capacity": np.array(0.0 if setup.store is None else setup.store.capacity),
        "heat/closure": np.array(closure),
        "heat/solves": np.array(heat.record.solves, dtype=np.int64),
        "heat/hypothetical": np.array(int(hypothetical), dtype=np.int64),
        "heat/arrival": np.array(np.nan if way is None else way.arrives(way.ground.at(heat.since - 1))),
        "heat/time": _ends(len(seconds), times.every, times.horizon),
        **{f"heat/{name}_by_step": by_step[name] for name in ("offered", "taken", "made", "served")},
        "heat/tank_by_step": by_step["tank"][:, 0],
        "heat/lacking_by_step": by_step["lacking"][:, 0],
        "heat/content": heat.content.copy(),
        "heat/event_time": np.array(heat.event_times, dtype=np.float64) / NANOSECONDS,
        "heat/event": tuple(heat.events),
    }


def _ends(steps: int, every: int, horizon: int) -> np.ndarray:
    return np.array([min((k + 1) * every, horizon) / NANOSECONDS for k in range(steps)])


def _lengths(steps: int, every: int, horizon: int) -> np.ndarray:
    return np.array([(min((k + 1) * every, horizon) - k * every) / NANOSECONDS for k in range(steps)])
