"""A quantity has one name, and one value: what is observed at the end of a record step is what the file says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import twin
from twin.engine.clock import nanoseconds
from twin.errors import UsageError
from twin.plant.simulate import Simulation
from twin.results.layout import BY_PATH
from twin.results.write import Writer
from twin.scenario.quantity_names import PATTERNS

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"


@pytest.fixture(scope="module")
def observed() -> tuple[twin.Result, list[str], dict[int, np.ndarray]]:
    """A run of which all quantities were observed at the end of some record steps, one of them the end of a block, and in the midst of one."""
    scenario = twin.load(EVERYTHING)
    simulation = Simulation(scenario)
    simulation.built.site.recorder.block = 24
    every = nanoseconds(scenario.record.every)
    seen: dict[int, np.ndarray] = {}
    with Writer(None, simulation.translation.labels(), scenario.start, simulation.attrs()) as writer:
        simulation.start()
        simulation.observe(["level.yard"])  # from now on the last step of a block is kept
        names = [name for name in _names(simulation) if not name.startswith(("wear", "kpi"))]
        for step in (1, 7, 23, 24, 25, 48, 60):
            simulation.run(step * every - every // 3, writer)
            simulation.observe(names)
            simulation.run(step * every, writer)
            seen[step - 1] = simulation.observe(names)
        simulation.run(simulation.horizon, writer)
        seen[-1] = simulation.observe(names)
        return simulation.finish(writer), names, seen


def _names(simulation: Simulation) -> list[str]:
    from twin.plant.observe import Observer
    from twin.scenario.quantity_names import names

    observer = Observer(simulation.built, simulation.translation)
    found = list(names(observer.axes, observer._wearing))
    streams = [name for name in found if name.startswith("flow.")]
    return [*found, *(f"{name}.Cu" for name in streams), *(f"share.{name.partition('.')[2]}.Fe" for name in streams)]


def test_what_is_observed_at_the_end_of_a_step_is_what_the_file_says(observed: tuple[twin.Result, list[str], dict[int, np.ndarray]]) -> None:
    result, names, seen = observed
    assert {name.partition(".")[0] for name in names} == {"level", "flow", "share", "state", "load", "power", "queue"}
    for place, name in enumerate(names):
        series = result.quantity(name)
        for step, values in seen.items():
            assert np.array_equal(series[step], values[place], equal_nan=True), (name, step, series[step], values[place])


def test_each_name_that_a_file_lists_is_read_from_it(observed: tuple[twin.Result, list[str], dict[int, np.ndarray]]) -> None:
    result, _, _ = observed
    steps = len(result.array("time"))
    for name in result.quantities():
        value = result.quantity(name)
        assert isinstance(value, float) if name.startswith("kpi.") else value.shape == (steps,)
    assert result.quantity("kpi.throughput") == result.kpis["throughput"].value


def test_a_share_and_its_parts_agree(observed: tuple[twin.Result, list[str], dict[int, np.ndarray]]) -> None:
    result, _, _ = observed
    stream = str(result.array("stream")[0])
    whole, part = result.quantity(f"flow.{stream}"), result.quantity(f"flow.{stream}.Fe")
    with np.errstate(invalid="ignore"):
        assert np.allclose(result.quantity(f"share.{stream}.Fe"), part / whole, equal_nan=True, rtol=1e-15)
    assert np.allclose(whole, result.array("streams/mass_flow")[:, 0].sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("levl.yard", "did you mean 'level'"),
        ("level.yrd", "did you mean 'level.yard'"),
        ("level", "level.BUNKER is needed"),
        ("flow.yard.Xx", "flow.STREAM or flow.STREAM.ELEMENT or flow.STREAM.MATERIAL is needed"),
        ("share.yard", "share.STREAM.ELEMENT is needed"),
        ("state.yardd.runing", "state.UNIT or state.UNIT.STATE is needed"),
        ("kpi.throughputt", "did you mean 'kpi.throughput'"),
        ("wear.mill.gap", "wear.MACHINE.PARAMETER is needed"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(observed: tuple[twin.Result, list[str], dict[int, np.ndarray]], name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        observed[0].quantity(name)


def test_the_paths_of_the_table_are_in_the_layout() -> None:
    for pattern in PATTERNS:
        assert not pattern.path or pattern.path.endswith("/") or pattern.path in BY_PATH
        if pattern.path in BY_PATH and pattern.si:
            assert BY_PATH[pattern.path].unit == pattern.si or pattern.word == "share"


def test_wear_is_known_while_the_plant_runs() -> None:
    """The gap of the crusher grows by 5 % with each 20 t, and is as new after 90 t."""
    scenario = twin.load(EVERYTHING)
    simulation = Simulation(scenario)
    seen = []
    with Writer(None, simulation.translation.labels(), scenario.start, simulation.attrs()) as writer:
        simulation.start()
        for hour in range(0, 96, 6):
            simulation.run(nanoseconds(3600.0 * hour), writer)
            seen.append(float(simulation.observe(["wear.crusher.gap"])[0]))
        machine = next(machine for line in simulation.built.lines for machine in line.machines if machine.name == "crusher")
        assert seen[-1] == pytest.approx(0.05 * machine.record.steps)
    assert seen[0] == 0.0 and max(seen) == pytest.approx(0.2) and sorted(seen) != seen
