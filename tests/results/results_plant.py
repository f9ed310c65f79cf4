"""A made-up run to write: a yard, one line of two machines, two products, numbers that can be summed by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from twin.materials import ELEMENTS
from twin.results.kpis import Kpi, kpis_of
from twin.results.tally import Tally
from twin.results.write import Writer

START = datetime(2026, 1, 5, 6, 0)
STATES = ("off_shift", "maintenance", "down", "waiting", "blocked", "starved", "running", "overtime", "closing", "changeover", "cleaning", "warm_up")
AXES: dict[str, Any] = {
    "stream": ["deliveries", "yard", "mill.out", "gold", "waste"],
    "unit": ["deliveries", "yard", "mill", "sieve", "gold", "waste"],
    "bunker": ["yard"],
    "machine": ["mill", "sieve"],
    "material": ["steel", "copper"],
    "size": np.array([[0, 0.001, 0.0005], [0.001, 0.01, 0.00316], [0.01, 0.1, 0.0316]]),
    "element": list(ELEMENTS),
    "carrier": ["electricity", "natural_gas"],
    "process": ["mill"],
    "heat_level": ["above 800 °C", "below 200 °C"],
    "steam": ["made", "used", "exported", "blown off"],
    "carbon": ["charge fossil", "charge biogenic", "charge mineral", "carrier"],
    "state": STATES,
    "gate": ["deliveries", "gold", "waste"],
    "resource": ["loader", "fitter"],
    "product": ["gold", "waste"],
    "cause": ["mill starved by yard", "mill blocked by bay"],
    "stop": ["mill: jam", "mill: breakdown"],
    "warning": ["mill: überlast"],
}
KPI_INPUTS = {
    "intake": ["yard"],
    "products": {
        "gold": {"targets": ["Cu", "copper", "metals"], "spec": ["steel"], "price": [["Cu", 6.0, 0.9]]},
        "waste": {"targets": [], "spec": ["Fe"], "price": -0.05},
    },
    "feeds": {"deliveries": {"price": 0.1, "to": "yard"}},
    "carriers": {"electricity": {"price": 5e-8, "co2": 1e-7}, "natural_gas": {"price": 0.0, "co2": 5.6e-8}},
    "lines": {"mill": {"machines": ["mill", "sieve"], "products": ["gold"]}},
    "groups": {"metals": ["steel", "copper"]},
    "heating_values": {"copper": 2e6},
}
ATTRS = {"scenario_name": "made_up", "scenario_sha256": "ab" * 32, "seed": 7, "replication": 0, "warmup": 900.0, "scenario_title": "Made-up <plant>"}
STEP = 900.0


def new_writer(path: Path | str | None, **changes: Any) -> Writer:
    from twin.results.layout import WHERE_USED

    return Writer(path, {**AXES, **changes}, START, ATTRS, WHERE_USED)


def kpis_in(file: Any) -> dict[str, Kpi]:
    """Compute every KPI of an open results file from its arrays."""
    tally = Tally(file)
    tally.add_file(file)
    return kpis_of(tally.totals(file))


def steps(first: int, count: int) -> dict[str, Any]:
    """Record steps ``first`` … ``first + count - 1`` with values that depend on the step alone."""
    number = np.arange(first, first + count, dtype=float)
    lengths = {name: len(AXES[name]) for name in AXES}
    lengths["bound"] = 2
    block: dict[str, Any] = {"time": STEP * (number + 1), "time_bounds": np.stack([STEP * number, STEP * (number + 1)], axis=1)}
    from twin.results.layout import SERIES

    for place, variable in enumerate(SERIES):
        shape = tuple(lengths[dim] for dim in variable.dims[1:])
        grid = np.arange(int(np.prod(shape)), dtype=float).reshape(shape)
        block[variable.path] = (place + 1) / 64 + grid[None] / 8 + np.sin(number).reshape(-1, *[1] * len(shape)) ** 2
    return block


ONCE: dict[str, Any] = {
    "scenario/yaml": "name: made_up\n# Lünen\n",
    "scenario/kpi_inputs": json.dumps(KPI_INPUTS),
    "scenario/file_name": ["feed.csv"],
    "scenario/file_text": ["a,b\n1,2\n"],
    "parameters/path": ["units.mill.rate", "units.sieve.aperture"],
    "parameters/value": [5.0, 0.01],
    "parameters/unit_of_measure": ["kg/s", "m"],
    "parameters/basis": ["assumed", "measured"],
    "parameters/source": ["", "drawing 17"],
    "parameters/low": [4.0, np.nan],
    "parameters/high": [6.0, np.nan],
    "balance/initial": np.ones(len(ELEMENTS)),
    "orders/order_product": ["gold", "gold", "gold", "waste"],
    "orders/order_name": ["A1", "A2", "Ä3", "1"],
    "orders/order_mass": [2e3, 1e3, 1e3, 5e3],
    "orders/due": [1800.0, 2700.0, 3600.0, 90e3],
    "orders/done": [1700.0, 2800.0, np.nan, np.nan],
    "orders/late": [0.0, 100.0, np.nan, np.nan],
    "accounts/energy_cost": np.full((6, 2), np.nan),
    "accounts/co2": np.full((6, 2), np.nan),
    "accounts/through": [1e3, 2e3],
    "accounts/peak_power": [5e3],
    "accounts/peak_time": [900.0],
    "accounts/settled": [np.nan, np.nan],
    "accounts/paid": [np.nan, np.nan],
    "accounts/feed_cost": [np.nan, np.nan, np.nan],
    "units/range_warnings": np.arange(6).reshape(6, 1),
}


def events(count: int, first: int = 0) -> dict[str, Any]:
    return {
        "event_time": 10**9 * np.arange(first, first + count),
        "event_unit": ["mill"] * count,
        "what": [f"event {number} für" for number in range(first, first + count)],
    }


def write_run(path: Path | str | None, count: int = 20, blocks: int = 7) -> Any:
    with new_writer(path) as writer:
        for first in range(0, count, blocks):
            writer.append(steps(first, min(blocks, count - first)))
        writer.append_rows("events", events(3))
        return writer.finish(ONCE)
