"""From the recorder's sums to the variables of the file: means over record steps, elements, states and power of every unit."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.recording import GATE_COUNTS, RESOURCE_COUNTS, STEAM
from twin.engine.states import STATES
from twin.kernels.heaps import to_elements
from twin.materials import ELEMENTS
from twin.plant.accounts import Balance
from twin.plant.build import Built
from twin.plant.inputs import feed_price_input, moisture_input, points_input, product_input
from twin.plant.metering import accounts_of, cost_inputs
from twin.plant.streams import gas_streams, is_diverted, melt_streams
from twin.plant.waits import places_of
from twin.quantities import NANOSECONDS
from twin.results.layout import table_of
from twin.scenario.kinds.bunker import OVERFLOW, Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import REJECTED, Product
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.units.gates.orders import Orders
from twin.units.ground.components import TRACED

Floats = NDArray[np.float64]
BY_GATE = ("arrivals", "turned_away", "turned_away_mass", "pickups", "short_pickups", "empty_pickups", "rejected_pickups", "limited_pickups", "left")
BY_SAMPLES = ("judged_mass", "passed_offspec", "failed_onspec")
"""Counts of the recorder that stand in the file as they are."""
CARBON = ("charge fossil", *(origin if origin == "carrier" else f"charge {origin}" for origin in TRACED))
"""Where the carbon of off-gas comes from: what is not traced, then what is."""


class Translation:
    """Rows and columns of one plant, found once."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.scenario: Scenario = built.site.scenario
        self.axes = built.site.recorder.axes
        units = list(self.scenario.units)
        self.machines = [name for name in units if name in self.axes.machines and self.scenario.kinds[name].role == "machine"]
        self.products = [name for name, model in self.scenario.units.items() if isinstance(model, Product)]
        line_of = {machine: line.name for line in built.topology.lines for machine in line.machines}
        line_of.update({conveyor.name: conveyor.name for conveyor in built.conveyors})
        line_of.update({name: name for name in self.axes.processes})
        self.state_rows = [(u, self.axes.lines.index(line_of[name])) for u, name in enumerate(units) if name in line_of]
        self.started = [(units.index(line.name), self.axes.lines.index(line.name)) for line in built.topology.lines]
        self.state_columns = [STATES.index(state) for state in self.axes.states]
        self.power_rows = [(u, self.axes.machines.index(name)) for u, name in enumerate(units) if name in self.axes.machines]
        models = {name: model for name in self.machines if isinstance(model := self.scenario.units[name], MachineModel)}
        self.unlimited = [k for k, name in enumerate(self.machines) if models[name].unlimited]
        self.copies = np.array([self.scenario.copies(name)[1] for name in self.machines])
        self.machine_rows = [self.axes.machines.index(name) for name in self.machines]
        ports = [i for i, name in enumerate(self.axes.streams) if "." in name and not is_diverted(self.scenario, name)]
        self.unrecorded = [] if built.site.recorder.streams else ports
        rejected = {name: f"{name}.{REJECTED}" for name in self.products}
        self.rejecting = [(p, self.axes.streams.index(rejected[name])) for p, name in enumerate(self.products) if rejected[name] in self.axes.streams]
        self.units = units
        melts = melt_streams(self.scenario, built.topology.destination)
        self.molten = [row for row, name in enumerate(self.axes.streams) if melts.get(name, False)]
        gases = gas_streams(self.scenario, built.topology.destination)
        self.gas_rows = [(self.axes.processes.index(unit), self.axes.streams.index(stream)) for stream, unit in gases.items()]
        self.use_rows = [(units.index(name), row) for row, name in enumerate(self.axes.processes)]

    def labels(self) -> dict[str, Any]:
        """Labels of the root coordinates."""
        sizes = self.scenario.sizes
        kinds = [kind for line in self.built.lines for machine in line.machines for kind in machine.kernel.warnings]
        warnings = list(dict.fromkeys([*kinds, *(kind for process in self.built.processes for kind in process.WARNINGS)]))
        return {
            "stream": list(self.axes.streams),
            "unit": self.units,
            "bunker": list(self.axes.bunkers),
            "machine": self.machines,
            "material": list(self.scenario.materials.names),
            "size": np.array([sizes.lower, sizes.upper, sizes.mean]).T,
            "element": list(ELEMENTS),
            "carrier": list(self.axes.carriers),
            "process": list(self.axes.processes),
            "heat_level": list(self.axes.levels),
            "carbon": list(CARBON),
            "steam": list(STEAM if self.built.site.recorder.mains else ()),
            "state": list(self.axes.states),
            "gate": list(self.axes.gates),
            "resource": list(self.axes.resources),
            "product": self.products,
            "cause": [wait.label for wait in self.axes.waits],
            "stop": [f"{machine}: {reason}" for machine, reason in self.axes.stops],
            "warning": warnings,
        }

    def series(self, sums: dict[str, NDArray[Any]], first: int) -> dict[str, Floats]:
        """The variables of a block of record steps that begins with step ``first``."""
        recorder = self.built.site.recorder
        count = len(sums["mass"])
        begins = (first + np.arange(count)) * recorder.every
        ends = np.minimum(begins + recorder.every, recorder.horizon)
        seconds = (ends - begins) / NANOSECONDS
        bounds = np.array([begins, ends]).T / NANOSECONDS
        return {
            "time": bounds[:, 1],
            "time_bounds": bounds,
            **self.streams(sums, seconds),
            **self.units_of(sums, seconds),
            **self.gates(sums, seconds),
            **self.resources(sums, seconds),
            "stops/number": sums["stops"],
            "stops/down": sums["stopped"] / NANOSECONDS,
        }

    def streams(self, sums: dict[str, NDArray[Any]], seconds: Floats) -> dict[str, Floats]:
        """The flows of record steps that last ``seconds`` (step,)."""
        mass = sums["mass"] / seconds[:, None, None]
        elements = np.zeros((len(seconds), len(self.axes.streams), len(ELEMENTS)))
        components = self.built.site.components
        to_elements(np.ascontiguousarray(mass), components.elements, elements)
        size = sums["size"] / seconds[:, None, None]
        materials = mass[:, :, : components.solid].copy()
        for row in self.molten:
            materials[:, row] = size[:, row] = np.nan
        for row in self.unrecorded:
            materials[:, row] = elements[:, row] = size[:, row] = np.nan
        return {"streams/mass_flow": materials, "streams/size_flow": size, "streams/element_flow": elements}

    def units_of(self, sums: dict[str, NDArray[Any]], seconds: Floats) -> dict[str, Floats]:
        """States, loads, power and stocks of record steps."""
        state = np.full((len(seconds), len(self.units), len(self.axes.states)), np.nan)
        for unit, row in self.state_rows:
            state[:, unit] = sums["state"][:, row][:, self.state_columns] / (seconds[:, None] * NANOSECONDS)
        starts = np.full((len(seconds), len(self.units)), np.nan)
        for unit, row in self.started:
            starts[:, unit] = sums["starts"][:, row]
        power = np.full((len(seconds), len(self.units), len(self.axes.carriers)), np.nan)
        for unit, row in self.power_rows:
            power[:, unit, 0] = sums["energy"][:, row] / seconds
        for unit, row in self.use_rows:
            power[:, unit] = sums["use"][:, row] / seconds[:, None]
        rows = self.machine_rows
        copies = seconds[:, None] * NANOSECONDS * self.copies  # of a machine's copies the mean
        load = sums["load"][:, rows] / seconds[:, None]
        load[:, self.unlimited] = np.nan  # a machine without a limit has no load
        return {
            "units/state_share": state,
            "units/starts": starts,
            "units/level": sums["level"],
            "units/level_min": sums["low"],
            "units/level_max": sums["high"],
            "units/load": load,
            "units/bottleneck": sums["bottleneck"][:, rows] / seconds[:, None],
            "units/down_share": sums["down"][:, rows] / copies,
            "units/repair_wait_share": sums["repair_wait"][:, rows] / copies,
            "units/wait_share": sums["waits"] / (seconds[:, None] * NANOSECONDS),
            "units/power": power,
            "units/waste_heat": sums["heat"] / seconds[:, None, None],
            "units/boiler_steam": (sums["steam"] / seconds[:, None, None])[:, :, : len(STEAM) if self.built.site.recorder.mains else 0],
            "units/gas_carbon": self._gas_carbon(sums["mass"]) / seconds[:, None, None],
        }

    def _gas_carbon(self, mass: Floats) -> Floats:
        """Carbon that left with gas (step, process, carbon), kg, of the mass (step, stream, component) in streams."""
        components, found = self.built.site.components, np.zeros((len(mass), len(self.axes.processes), len(CARBON)))
        for process, stream in self.gas_rows:
            traced = mass[:, stream, components.carbon : components.carbon + len(TRACED)]
            found[:, process, 1:] += traced
            found[:, process, 0] += np.maximum(mass[:, stream, components.melt + ELEMENTS.index("C")] - traced.sum(axis=1), 0.0)
        return found

    def gates(self, sums: dict[str, NDArray[Any]], seconds: Floats) -> dict[str, Floats]:
        """Trucks and products of record steps."""
        counts = {name: sums["gates"][:, :, column] for column, name in enumerate(GATE_COUNTS)}
        of_products = [self.axes.gates.index(name) for name in self.products]
        streams = [self.axes.streams.index(name) for name in self.products]
        counted = self.built.site.components.counted
        rejected = np.zeros((len(seconds), len(self.products)))
        for product, stream in self.rejecting:
            rejected[:, product] = sums["mass"][:, stream, :counted].sum(axis=1)
        return {
            **{f"gates/{name}": counts[name] for name in BY_GATE},
            "gates/queue": counts["queue"] / seconds[:, None],
            "gates/wait": counts["queue"],
            "gates/unloading": counts["unloading"] / seconds[:, None],
            "gates/product_mass": sums["mass"][:, streams, :counted].sum(axis=2),
            "gates/offspec_mass": counts["offspec_mass"][:, of_products],
            "gates/rejected_mass": rejected,
            "gates/penalty": counts["penalty"][:, of_products],
            **{f"gates/{name}": counts[name][:, of_products] for name in BY_SAMPLES},
        }

    @staticmethod
    def resources(sums: dict[str, NDArray[Any]], seconds: Floats) -> dict[str, Floats]:
        """Resources in record steps."""
        counts = {name: sums["resources"][:, :, column] for column, name in enumerate(RESOURCE_COUNTS)}
        means = {f"resources/{name}": counts[name] / seconds[:, None] for name in ("in_use", "available", "queue")}
        return {**means, "resources/wait": counts["queue"], "resources/grants": counts["grants"]}

    def once(self, balance: Balance, sums: dict[str, Floats]) -> dict[str, Any]:
        """The variables that are written when the run ends. ``sums``: ``bottleneck`` and ``running`` (machine,), s, without warm-up."""
        scenario, built = self.scenario, self.built
        kinds = self.labels()["warning"]
        warned, lots = np.zeros((len(self.units), len(kinds)), dtype=np.int64), np.zeros((2, len(self.units)), dtype=np.int64)
        for line in built.lines:
            lots[1, self.units.index(line.name)] = line.record.slowed
            for i, machine in enumerate(line.machines):
                lots[0, self.units.index(machine.name)] = line.drawn
                for w, kind in enumerate(machine.kernel.warnings):
                    warned[self.units.index(machine.name), kinds.index(kind)] = line.network.warned[i, w]
        for process in built.processes:
            for kind, count in process.warned.items():
                warned[self.units.index(process.name), kinds.index(kind)] = count
        elements = {name: balance.components.elements_of(values) for name, values in _columns(balance)}
        parameters = scenario.parameters()
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = sums["bottleneck"] / sums["running"]
        return {
            "units/bottleneck_share": shares,
            "units/range_warnings": warned,
            "units/lots": lots[0],
            "units/recycle_limited_lots": lots[1],
            **{f"balance/{name}": values for name, values in elements.items()},
            "balance/residual": balance.residual,
            "balance/out_by_product": self._by_product(balance),
            **{f"balance/material_{name}": balance.materials(values) for name, values in _columns(balance)},
            "balance/material_source": balance.materials(balance.converted),
            "balance/material_residual": balance.material_residual,
            "balance/energy_in": balance.metered,
            "balance/energy_used": balance.used,
            "balance/energy_residual": balance.metered - balance.used,
            **self._orders(),
            **accounts_of(built, self.units, self.machines, self.products),
            "parameters/path": [p.path for p in parameters],
            "parameters/value": np.array([p.value for p in parameters]),
            "parameters/unit_of_measure": [p.unit for p in parameters],
            "parameters/basis": [p.basis for p in parameters],
            "parameters/source": [p.source for p in parameters],
            "parameters/low": np.array([np.nan if p.low is None else p.low for p in parameters]),
            "parameters/high": np.array([np.nan if p.high is None else p.high for p in parameters]),
        }

    def _orders(self) -> dict[str, Any]:
        """The table of orders; nothing in a plant without them."""
        books = [loader for loader in self.built.loaders if isinstance(loader, Orders)]
        if not books:
            return {}
        rows = [(book.product, order, done) for book in books for order, done in zip(book.orders, book.done, strict=True)]
        due = np.array([order.due for _, order, _ in rows])
        done = np.array([math.nan if moment < 0 else moment / NANOSECONDS for *_, moment in rows])
        return {
            "orders/order_product": [product for product, *_ in rows],
            "orders/order_name": [order.name for _, order, _ in rows],
            "orders/order_mass": np.array([order.mass for _, order, _ in rows]),
            "orders/due": due,
            "orders/done": done,
            "orders/late": np.maximum(done - due, 0.0),
        }

    def _places(self) -> dict[str, dict[str, list[str]]]:
        """Who fills and empties what, and the streams that lead there."""
        destination = self.built.topology.destination
        found = places_of(self.scenario, self.built.topology)
        return {name: {**sides, "streams": [stream for stream, taker in destination.items() if taker == name]} for name, sides in found.items()}

    def _by_product(self, balance: Balance) -> Floats:
        masses = [balance.components.elements_of(balance.by_product[name]) for name in self.products]
        return np.array(masses, dtype=np.float64).reshape(-1, len(ELEMENTS)).T

    def edges(self, edges: dict[str, Any]) -> dict[str, Any]:
        """Rows of the table of lots: what passed as material, and all of it by element."""
        rows = edges.pop("rows")
        components = self.built.site.components
        elements = np.zeros((1, len(rows), len(ELEMENTS)))
        to_elements(np.ascontiguousarray(rows[None]), components.elements, elements)
        edges["mass"] = rows[:, : components.solid]
        edges["element_mass"] = elements[0]
        return edges

    def rows(self, table: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Rows of the table of batches or samples; what a unit does not tell is NaN or empty."""
        lengths = {
            "material": self.built.site.components.solid,
            "element": len(ELEMENTS),
            "carrier": len(self.axes.carriers),
            "heat_level": len(self.axes.levels),
        }
        columns: dict[str, Any] = {}
        for variable in table_of(table):
            given = [row.get(variable.name) for row in rows]
            if variable.kind == "text":
                columns[variable.name] = [str(value or "") for value in given]
            elif variable.kind == "int":
                columns[variable.name] = np.array(given, dtype=np.int64)
            else:
                blank = np.full([lengths[dim] for dim in variable.dims[1:]], np.nan)
                columns[variable.name] = np.array([blank if value is None else value for value in given])
        return columns

    def kpi_inputs(self) -> str:
        """What the KPIs need besides the arrays, as JSON."""
        scenario, topology = self.scenario, self.built.topology
        products = {name: model for name, model in scenario.units.items() if isinstance(model, Product)}
        feeds = {name: model for name, model in scenario.units.items() if isinstance(model, Feed)}
        returned = returned_streams(self.built)
        return json.dumps(
            {
                "warmup": scenario.warmup,
                "intake": intake_streams(self.built),
                **({"returned": returned} if returned else {}),
                "products": {name: product_input(model, self.built.site.accounts[name].settlement is not None) for name, model in products.items()},
                "feeds": {
                    name: {
                        **feed_price_input(model),
                        "to": _end(self.built, name),
                        **({"patience": True} if model.patience is not None else {}),
                    }
                    for name, model in feeds.items()
                },
                "carriers": {name: {"price": c.price, "co2": c.co2} for name, c in scenario.carriers.items() if name in self.axes.carriers},
                "lines": {
                    line.name: {
                        "machines": list(line.machines),
                        "products": [d for d in dict.fromkeys(line.destinations) if d in products],
                        **_overtime_cost(scenario, line.name),
                    }
                    for line in topology.lines
                }
                | {name: {"machines": []} for name in self.axes.processes},
                "heating_values": dict(zip(scenario.materials.names, scenario.materials.properties["heating_value"].tolist(), strict=True)),
                "places": self._places(),
                "converted": [scenario.materials.names[m] for m in converted_materials(self.built)],
                "smelts": bool(self.axes.processes),
                "groups": {name: list(members) for name, members in scenario.materials.groups.items()},
                **moisture_input(scenario),
                **points_input(scenario),
                **cost_inputs(scenario, topology, self.built.site.recorder.every),
            }
        )


def converted_materials(built: Built) -> list[int]:
    """The materials that come apart in a line, and what they come apart into, by number."""
    found: dict[int, None] = {}
    for line in built.lines:
        for m, row in line.network.constituents.items():
            found.update(dict.fromkeys([m, *np.flatnonzero(row).tolist()]))
    return sorted(found)


def intake_streams(built: Built) -> list[str]:
    """The bunkers that feeds fill, directly or over a conveyor: what leaves them counts as processed; without feeds, those that only empty a stock."""
    scenario = built.site.scenario
    found = dict.fromkeys(_end(built, name) for name, model in scenario.units.items() if isinstance(model, Feed))
    for name in list(found):  # what a full yard cannot take lies in the next one, or leaves
        while (spilt := f"{name}.{OVERFLOW}") in built.topology.destination:
            name = built.topology.destination[spilt]
            found[name if isinstance(scenario.units[name], Bunker) else spilt] = None
    return list(found) or [name for name, model in scenario.units.items() if isinstance(model, Bunker) and _only_empties(scenario, model)]


def _only_empties(scenario: Scenario, bunker: Bunker) -> bool:
    """Whether nothing but what products reject flows to its initial stock."""
    return bunker.initial is not None and all(is_diverted(scenario, source) for source in bunker.from_)


def returned_streams(built: Built) -> list[str]:
    """The streams in which rejected lots go back to where the plant takes in: they are processed again, and counted once."""
    intake = intake_streams(built)
    streams = [f"{name}.{REJECTED}" for name, model in built.site.scenario.units.items() if isinstance(model, Product) and model.rejects]
    return [stream for stream in streams if _end(built, stream) in intake]


def _end(built: Built, stream: str) -> str:
    """Where a stream leads in the end, conveyors passed over."""
    destination = built.topology.destination
    while stream in destination:
        stream = destination[stream]
    return stream


def _overtime_cost(scenario: Scenario, head: str) -> dict[str, float]:
    model = scenario.units[head]
    return {"overtime_cost": model.overtime.cost} if isinstance(model, MachineModel) and model.overtime.cost else {}


def _columns(balance: Balance) -> list[tuple[str, Floats]]:
    return [("initial", balance.initial), ("in", balance.inflow), ("out", balance.out), ("stored", balance.stored)]
