"""Kernels that Python enters directly, and what a line remembers between lots: neither may change a bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import twin
from twin.kernels import heaps
from twin.kernels.compile import entry
from twin.plant.simulate import Simulation
from twin.units.lines.network import Network

WEEE = Path(__file__).parents[2] / "scenarios" / "weee_line.yaml"


def test_an_entered_kernel_is_the_kernel() -> None:
    total, x = np.zeros(2), np.arange(6.0).reshape(2, 3)
    entry(heaps.add_materials)(total, x, 0.3)
    assert total.tobytes() == (x.sum(axis=1) * 0.3).tobytes()


def _evaluated(network: Network, lot: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[bytes]:
    network.x[:] = lot
    network.evaluate(1, float(lot.sum()), 0)
    return [network.out.tobytes(), network.outlet_mass.tobytes(), network.flow_ratio.tobytes(), network.result[["tau", "bottleneck", "sweeps"]].tobytes()]


def test_a_lot_does_not_depend_on_the_lots_before() -> None:
    """Shares are kept where settings are those of the lot before: a lot must come out as on a line that has seen no other."""
    scenario = twin.load(WEEE)
    seen, chance = Simulation(scenario), np.random.default_rng(16)
    lines = {line.name: line.network for line in Simulation(scenario).built.lines}
    assert any(loop for network in lines.values() for _, _, loop in network.wiring.blocks)
    for line in seen.built.lines:
        network, fresh = line.network, lines[line.name]
        for i, machine in enumerate(network.machines):
            network.seconds[i] = fresh.seconds[i] = machine.seconds(100.0, 0)
        lots = [100.0 * lot / lot.sum() for lot in chance.random((4, *network.x.shape))]
        for lot in (*lots, lots[2], 0.5 * lots[1], lots[2]):
            last = _evaluated(network, lot)
        assert last == _evaluated(fresh, lots[2]), line.name
