"""Runs of a plant with its build left out of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twin.plant.simulate import Simulation
from twin.results.write import Writer
from twin.scenario import Scenario


def prepared(scenario: Scenario, out: Path | None = None, *, close: bool = True) -> Callable[[], Callable[[], Simulation]]:
    """Builds the plant and its empty file, untimed; the timed call runs it to the horizon, closes the accounts and the file unless told not to, and
    returns the simulation."""

    def build() -> Callable[[], Simulation]:
        simulation = Simulation(scenario)
        writer = Writer(out, simulation.translation.labels(), scenario.start, simulation.attrs())

        def run() -> Simulation:
            with writer:
                simulation.start()
                simulation.run(simulation.horizon, writer)
                if close:
                    simulation.finish(writer)
            return simulation

        return run

    return build
