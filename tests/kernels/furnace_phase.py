"""A furnace phase for tests: the compiled call with its arrays, charged by element."""

from __future__ import annotations

import numpy as np

from twin.kernels import furnace
from twin.kernels.furnace_tables import END_TEST
from twin.materials import ELEMENTS
from twin.materials.heat import heat_data
from twin.materials.thermochemistry import thermochemistry

E = len(ELEMENTS)
FORMATION, SENSIBLE = E, E + 1
METAL, SLAG, SOLID = range(3)
SMELTING, HEAT = thermochemistry().smelting(), heat_data()
DATA = furnace.Data(SMELTING, HEAT.elements, HEAT.species, ELEMENTS.index("O"), ELEMENTS.index("N"))
ENTERS = 6  # of the streams


def row(heating_value=None, temperature=None, **kg):
    """A cold row of ``kg`` by element, its oxygen bound; ``heating_value`` J/kg, for what burns."""
    values = np.zeros(E + 2)
    for name, mass in kg.items():
        values[ELEMENTS.index(name)] = mass
    total = float(values[:E].sum())
    values[FORMATION] = HEAT.formation(values[:E] / total, heating_value) * total
    return values


METHANE = row(50.0e6, C=0.74869, H=0.25131)
HYDROGEN = row(119.9e6, H=1.0)
COKE = row(29.0e6, C=0.88, Si=0.0327, O=0.0373, rest=0.05)
COPPER = row(Cu=1.0)


class Result:
    """What a phase gave, by name."""

    def __init__(self, before, bath, state, account, status, warned):
        self.before, self.bath, self.status, self.split, self.streams = before, bath, status, account.split, account.streams
        self.state = {name: float(state[name][0]) for name in furnace.STATE.names}
        self.state_array = state
        self.sums = {name: float(account.sums[name][0]) for name in furnace.SUMS.names if name != "heat"}
        self.sums |= {f"heat_{level}": float(value) for level, value in enumerate(account.sums["heat"][0])}
        self.limits = {name: value for name, value in zip(furnace.LIMITS, account.limits.tolist(), strict=True) if value}
        self.warnings = {name: int(value) for name, value in zip(furnace.WARNINGS, warned, strict=True) if value}

    @property
    def seconds(self):
        return self.sums["seconds"]

    @property
    def temperature(self):
        return self.state["temperature"]

    @property
    def outcome(self):
        return furnace.OUTCOMES[int(self.sums["outcome"])]

    def kg(self, part, element):
        return float(self.split[part, ELEMENTS.index(element)])

    def percent(self, part, element):
        return 100.0 * self.kg(part, element) / float(self.split[part, :E].sum())

    def left_in_metal(self, element):
        return self.kg(METAL, element) / float(self.before[ELEMENTS.index(element)])

    def stream(self, name, element=None):
        values = self.streams[furnace.STREAMS.index(name)]
        return float(values[:E].sum()) if element is None else float(values[ELEMENTS.index(element)])

    def heat(self, name):
        """Enthalpy of a stream, J."""
        return float(self.streams[furnace.STREAMS.index(name), E:].sum())

    def _gap(self):
        return self.bath - self.before - self.streams[:ENTERS].sum(axis=0) + self.streams[ENTERS:].sum(axis=0)

    def closure(self):
        """Largest relative error of an element's balance."""
        turnover = np.abs(self.before) + np.abs(self.bath) + np.abs(self.streams).sum(axis=0)
        return float(np.max(np.abs(self._gap()[:E]) / np.maximum(turnover[:E], 1e-9)))

    def heat_closure(self):
        """Error of the heat balance over the heats that move."""
        turnover = np.abs(self.before[E:]).sum() + np.abs(self.bath[E:]).sum() + np.abs(self.streams[:, E:]).sum() + self.sums["wall_loss"]
        return float(abs(self._gap()[E:].sum() + self.sums["wall_loss"] - self.sums["electric_heat"]) / max(turnover, 1.0))


def run(bath=None, state=None, feed=None, tests=(), coolant=None, fuel=METHANE, reductant=COKE, data=DATA, **plan):
    """Run a phase. ``tests``: (quantity, element or None, +1 or -1, limit)."""
    bath = np.zeros(E + 2) if bath is None else bath.copy()
    state = furnace.STATE.new() if state is None else state.copy()
    feed = np.zeros((3, E + 2)) if feed is None else feed
    supplies = np.array([COPPER if coolant is None else coolant, fuel, reductant])
    asked = np.array([(furnace.TESTS.index(what), ELEMENTS.index(e) if e else 0, way, limit) for what, e, way, limit in tests], dtype=END_TEST.dtype)
    warn = np.zeros(len(furnace.WARNINGS), dtype=np.int64)
    before = bath.copy()
    status, account = furnace.run_phase(data, furnace.Charge(bath, feed, supplies, asked), furnace.plan_of(plan), state, warn)
    return Result(before, bath, state, account, status, warn)


def melt(temperature, **kg):
    """A bath at equilibrium at ``temperature`` K, and its state."""
    bath = row(**kg)
    mass = sum(kg.values())
    bath[SENSIBLE] = 7e5 * mass
    for _ in range(40):
        found = run(bath, at_most=0.0)
        if abs(temperature - found.temperature) < 0.01:
            break
        bath[SENSIBLE] += (temperature - found.temperature) * 600.0 * mass
    return found.bath, found.state_array


def charge(bulk=None, organic=None, fines=None):
    """The rows of a feed."""
    return np.array([np.zeros(E + 2) if part is None else part for part in (bulk, organic, fines)])
