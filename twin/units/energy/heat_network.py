"""The heat network of a cluster while it runs: powers are constant between events, and the tank is integrated exactly.

An event is a step of a series, a tank that is full, empty or at a threshold, or news of a boiler of a site. To look at it (a step of the record ends, a site's
block is written) is none, so that no result hangs on how it is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import NANOSECONDS, Clock
from twin.engine.unit import NEVER, State, Unit
from twin.kernels.heat_store import EMPTY, FREE, FULL, ROUNDING, HeatStore
from twin.units.energy.heat_dispatch import Powers, Situation, by_plan, by_rule
from twin.units.energy.heat_levels import Levels, levels_at
from twin.units.energy.heat_setup import Setup
from twin.units.energy.power import Intervals
from twin.units.energy.steam_source import SteamSource

Floats = NDArray[np.float64]
MODES = (FREE, FULL, EMPTY)
FLOWS = (
    "offered",
    "taken",
    "source_cost",
    "source_co2",
    "made",
    "used",
    "boiler_cost",
    "boiler_co2",
    "wanted",
    "served",
    "income",
    "pipe_loss",
    "tank",
    "lacking",
)
"""What is summed: by source, by boiler, by user, and of the whole."""


@dataclass
class HeatRecord:
    """``until``: the next event, ns; ``solves``: how often powers were set."""

    until: int = 0
    solves: int = 0


@dataclass(frozen=True)
class Times:
    """``begin`` (ns): from when on sums count; ``every`` (ns): a step of the record, up to ``horizon`` (ns)."""

    begin: int
    every: int
    horizon: int


class HeatNetwork(Unit):
    """``told``: where its draw of electricity goes; ``steam``: the steam of boilers of sites, by the name of the source."""

    def __init__(self, index: int, clock: Clock, setup: Setup, times: Times, told: Intervals | None) -> None:
        super().__init__("energy heat", index, clock, record := HeatRecord())
        self.record: HeatRecord = record
        self.setup, self.times, self.told = setup, times, told
        self.steam = {offer.name: SteamSource(0.0, self.look) for offer in setup.offers if offer.place}
        data = setup.store
        self.store = HeatStore(data, setup.fill * data.capacity) if data is not None else None
        sizes = {"offered": len(setup.offers), "made": len(setup.makers), "wanted": len(setup.takers), "pipe_loss": 1}
        self.columns: dict[str, slice] = {}
        size, place = 0, 0
        for name in FLOWS:
            size = sizes.get(name, size)
            self.columns[name] = slice(place, place + size)
            place += size
        self.flows, self.sums = np.zeros(place), np.zeros(place)
        steps = -(-times.horizon // times.every)
        self.by_step, self.content = np.zeros((steps, place)), np.zeros(steps)
        self.since = self.reported = 0
        self.on = np.zeros(len(setup.makers), dtype=np.bool_)
        self.event_times: list[int] = []
        self.events: list[str] = []
        self.first = np.zeros(3)
        """What the tank held, had lost and had been rounded by when sums begin, J."""
        if times.begin == 0:
            self.first[:] = self._tank_at(0)
        self._mode = FREE
        self._held: Levels | None = None
        self._modulates = np.array([not maker.on_off for maker in setup.makers], dtype=np.bool_)

    # -- as a unit -------------------------------------------------------------------------------------------------------------------------

    def look(self, now: int) -> None:
        """Something is new at this instant."""
        if self.record.until < 0:
            self.wake(now)
        elif self.record.until > now:
            self.record.until = now
            self.clock.reschedule(self, now)

    def step(self, now: int) -> bool:
        """Set all powers anew, and wait until something changes."""
        self.account(now)
        self._report(now)
        powers, situation = self._solve(now)
        self.record.solves += 1
        bound = self.store.give(now, powers.tank) if self.store is not None else None
        self._set_flows(now, powers, situation)
        self._note_mode(now)
        times = [bound, self._levels(now).until, *self._thresholds(), *(steam.next_change(now) for steam in self.steam.values())]
        self.record.until = min((time for time in times if time is not None), default=NEVER)
        return self.record.until >= 0

    def settle(self, now: int) -> None:
        """Tell what electricity was drawn: nothing else, since a look must not change what is summed."""
        self._report(now)

    def save(self) -> State:
        store = self.store
        tank = [] if store is None else [store.content, store.since, store.power, MODES.index(store.mode), store.lost, store.rounded]
        return {
            **super().save(),
            "tank": tank,
            "steam": [steam.save() for steam in self.steam.values()],
            "since": self.since,
            "reported": self.reported,
            "mode": self._mode,
            "events": [list(self.event_times), list(self.events)],
            **{name: getattr(self, name).copy() for name in _KEPT},
        }

    def load(self, state: State) -> None:
        super().load(state)
        if self.store is not None:
            self.store.content, self.store.since, self.store.power, mode, self.store.lost, self.store.rounded = state["tank"]
            self.store.mode = MODES[mode]
        for steam, saved in zip(self.steam.values(), state["steam"], strict=True):
            steam.load(saved)
        self.since, self.reported, self._mode = state["since"], state["reported"], state["mode"]
        self.event_times, self.events = (list(column) for column in state["events"])
        for name in _KEPT:
            getattr(self, name)[:] = state[name]

    # -- what holds now --------------------------------------------------------------------------------------------------------------------

    def _solve(self, now: int) -> tuple[Powers, Situation]:
        setup, levels = self.setup, self._levels(now)
        waste = levels.heat.copy()
        for place, offer in enumerate(setup.offers):
            if offer.place:
                waste[place] = self.steam[offer.name].over(now)
        self._switch(now)
        room, give = self._limits(now)
        situation = Situation(levels.demand, waste, levels.most, levels.costs, room, give, self.on, self._modulates)
        if setup.planned:
            return by_plan(situation, levels.plan), situation
        return by_rule(situation), situation

    def _limits(self, now: int) -> tuple[float, float]:
        """What the tank takes and gives at most, W."""
        if self.store is None:
            return 0.0, 0.0
        return min(self.setup.charge, self.store.most_taken(now)), min(self.setup.discharge, self.store.most_given(now))

    def _levels(self, now: int) -> Levels:
        """What series say now."""
        if self._held is None or not self._held.holds(now):
            self._held = levels_at(self.setup, now)
        return self._held

    def _switch(self, now: int) -> None:
        """Boilers that are on or off, by what the tank holds."""
        if self.store is None:
            return
        capacity = self.store.data.capacity
        content = self.store.at(now)
        for place, maker in enumerate(self.setup.makers):
            if not maker.on_off:
                continue
            if content <= (maker.on + ROUNDING) * capacity and not self.on[place]:
                self.on[place] = True
                self._note(now, f"{maker.name} on")
            elif content >= (maker.off - ROUNDING) * capacity and self.on[place]:
                self.on[place] = False
                self._note(now, f"{maker.name} off")

    def _thresholds(self) -> list[int | None]:
        if self.store is None:
            return []
        found = [(maker.off if self.on[place] else maker.on) for place, maker in enumerate(self.setup.makers) if maker.on_off]
        return [self.store.reaches(share * self.store.data.capacity) for share in found]

    def _set_flows(self, now: int, powers: Powers, situation: Situation) -> None:
        """Write down what flows from ``now`` on, W, EUR/s, kg/s."""
        levels, flows = self._levels(now), self.flows
        wanted = levels.wanted
        whole = float(wanted.sum())
        served = wanted * (1.0 - min(powers.lacking, whole) / whole) if whole > 0.0 else wanted
        used = powers.made / levels.ratio
        given: dict[str, Floats | float] = {
            "offered": situation.waste,
            "taken": powers.taken,
            "source_cost": powers.taken * levels.source_price,
            "source_co2": powers.taken * levels.source_co2,
            "made": powers.made,
            "used": used,
            "boiler_cost": used * levels.price,
            "boiler_co2": used * levels.co2,
            "wanted": wanted,
            "served": served,
            "income": served * levels.user_price,
            "pipe_loss": levels.pipe - max(0.0, powers.lacking - whole),
            "tank": self.store.power if self.store is not None else 0.0,
            "lacking": powers.lacking,
        }
        for name, values in given.items():
            flows[self.columns[name]] = values

    # -- what is written down --------------------------------------------------------------------------------------------------------------

    def _note(self, now: int, what: str) -> None:
        self.event_times.append(now)
        self.events.append(what)

    def _note_mode(self, now: int) -> None:
        if self.store is not None and self.store.mode != self._mode:
            if self.store.mode != FREE:
                self._note(now, f"tank {self.store.mode}")
            self._mode = self.store.mode

    def _tank_at(self, now: int) -> tuple[float, float, float]:
        store = self.store
        return (0.0, 0.0, 0.0) if store is None else (store.at(now), store.lost_by(now), store.rounded)

    def account(self, now: int) -> None:
        """Sum what flowed since the last event."""
        begin, times = self.since, self.times
        if now <= begin:
            return
        if begin < times.begin <= now:
            self.first[:] = self._tank_at(times.begin)
        counts = now - max(begin, times.begin)
        if counts > 0:
            self.sums += self.flows * (counts / NANOSECONDS)
        at = begin
        while at < now:
            k = at // times.every
            end = min((k + 1) * times.every, times.horizon)
            until = min(end, now)
            if k < len(self.content):
                self.by_step[k] += self.flows * ((until - at) / NANOSECONDS)
                if until == end and self.store is not None:
                    self.content[k] = self.store.at(end)
            at = until
        self.since = now

    def _report(self, now: int) -> None:
        """Tell the power network what boilers drew."""
        if now <= self.reported:
            return
        if self.told is not None:
            used = self.flows[self.columns["used"]].tolist()
            power = math.fsum(watts for watts, maker in zip(used, self.setup.makers, strict=True) if maker.electric)
            if power > 0.0:
                self.told.add(self.reported, now, power * ((now - self.reported) / NANOSECONDS))
        self.reported = now

    def closure(self) -> float:
        """What came in less what went out and is stored, over what came in or was wanted: rounding, where the network is right."""
        wanted = math.fsum(self.sums[self.columns["wanted"]].tolist())
        taken, made, served, pipe = (math.fsum(self.sums[self.columns[name]].tolist()) for name in ("taken", "made", "served", "pipe_loss"))
        content, lost, rounded = (after - before for after, before in zip(self._tank_at(self.since), self.first.tolist(), strict=True))
        came = taken + made
        went = served + pipe + lost + content - rounded
        return abs(came - went) / max(came, went, wanted, float(self.first[0]), 1.0)


_KEPT = ("flows", "sums", "by_step", "content", "on", "first")
