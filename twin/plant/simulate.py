"""Runs a scenario: block by block of record steps, to the horizon or to a saved state, and closes the accounts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.clock import Clock, nanoseconds
from twin.engine.states import RUNNING
from twin.errors import UsageError
from twin.plant.accounts import balance, leaking, stocks
from twin.plant.build import Built, build
from twin.plant.deciding import connect_policies
from twin.plant.observe import Observer
from twin.plant.snapshot import check_fits, restore, snapshot
from twin.plant.translation import Translation
from twin.quantities import NANOSECONDS, format_quantity
from twin.results.held import contradictions
from twin.results.read import Result, open_state
from twin.results.sources import check_code, made_by
from twin.results.write import Writer
from twin.scenario import Scenario, load_stored
from twin.units.control.policy import Actions

Progress = Callable[[float, float], None]
"""Called now and then with the simulated time and the horizon, s."""
MOST_ROWS = 2000
"""Rows of batches or lots that are held in memory between two blocks of record steps, about."""
SLICES = 200
"""A progress callback is called at least this often."""


class Simulation:
    """One run: a plant, the file it writes to, and what has been summed up over the blocks written so far."""

    def __init__(
        self, scenario: Scenario, replication: int = 0, actions: Actions | None = None, clock: Clock | None = None, *, revisable: bool = False
    ) -> None:
        self.scenario, self.replication = scenario, replication
        self.built: Built = build(scenario, replication, clock, revisable)
        self.translation = Translation(self.built)
        self.initial = stocks(self.built)
        self.horizon = nanoseconds(scenario.horizon)
        count = len(self.translation.machines)
        self.sums = {"bottleneck": np.zeros(count), "running": np.zeros(count)}
        self.metered = np.zeros(len(self.built.site.recorder.axes.carriers))
        connect_policies(self.built, self.translation, actions or {})

    def observe(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return quantities now, in SI, by the names of :data:`twin.scenario.quantity_names.PATTERNS`: at the end of a record step what the file says of it."""
        return Observer(self.built, self.translation).observe(names)

    def start(self) -> None:
        """Schedule the first events."""
        for unit in self.built.site.units:
            if unit.record.until >= 0:
                self.built.site.clock.schedule(unit, unit.record.until)

    def run(self, until: int, writer: Writer, progress: Progress | None = None) -> None:
        """Do all events before ``until`` (ns) and write every block that ends by then."""
        clock = self.built.site.clock
        slice_length = max(1, self.horizon // SLICES)
        while clock.now < until:
            upto = min(until, self.block_end, (clock.now // slice_length + 1) * slice_length)
            clock.run(upto)
            self.keep(upto, writer)
            if progress is not None:
                progress(upto / NANOSECONDS, self.scenario.horizon)

    @property
    def block_end(self) -> int:
        """When the block of record steps that is being recorded is full, ns; no event of then may be done before it is kept."""
        return self.built.site.recorder.block_end

    def keep(self, now: int, writer: Writer) -> None:
        """Write what has been recorded: the block that is full at ``now`` (ns), or rows that have become many."""
        recorder, genealogy = self.built.site.recorder, self.built.site.genealogy
        if now == recorder.block_end:
            self._write_block(writer, now)
        elif len(recorder.batches) + len(recorder.samples) > MOST_ROWS or (genealogy is not None and len(genealogy.lots) > MOST_ROWS):
            self._write_rows(writer)

    def _write_block(self, writer: Writer, now: int) -> None:
        recorder, translation = self.built.site.recorder, self.translation
        for unit in self.built.site.units:
            unit.settle(now)
        for bunker in self.built.site.bunkers.values():
            if bunker.step_end <= now:
                recorder.close_steps(bunker, now)
        first = recorder.first
        sums = recorder.take()
        self._sum_up(sums, first)
        writer.append(translation.series(sums, first))
        self._write_rows(writer)

    def _write_rows(self, writer: Writer) -> None:
        happening = self.built.site.recorder.take_events()
        if happening.times:
            times = np.array(happening.times, dtype=np.int64)
            writer.append_rows("events", {"event_time": times, "event_unit": happening.units, "what": happening.what})
        genealogy = self.built.site.genealogy
        if genealogy is not None:
            edges = genealogy.take()
            writer.append_rows("lots", self.translation.edges(edges))
        recorder = self.built.site.recorder
        tables = {"batches": recorder.take_batches(), "samples": recorder.take_samples(), "policies": recorder.take_actions()}
        for table, rows in tables.items():
            if rows:
                writer.append_rows(table, self.translation.rows(table, rows))

    def _sum_up(self, sums: dict[str, Any], first: int) -> None:
        """Energy over the whole run, and who limited whom after the warm-up, row by row so that blocks do not change the sums."""
        translation, recorder = self.translation, self.built.site.recorder
        for energies in sums["energy"].tolist():
            for joules in energies:
                self.metered[0] += joules
        for use in sums["use"]:
            for row in use:
                self.metered += row
        line_of = {machine: k for k, line in enumerate(self.built.topology.lines) for machine in line.machines}
        rows = [line_of[machine] for machine in translation.machines]
        warm = -(-nanoseconds(self.scenario.warmup) // recorder.every) - first
        for k in range(max(0, warm), len(sums["mass"])):
            self.sums["bottleneck"] += sums["bottleneck"][k][translation.machine_rows]
            self.sums["running"] += sums["state"][k][rows, RUNNING] / NANOSECONDS

    def finish(self, writer: Writer) -> Result:
        """Close the accounts, write what is written once, and put the file in place. Raises :class:`~twin.errors.BalanceError`."""
        closed = balance(self.built, self.initial, self.metered)
        closed.check(tuple(self.scenario.materials.names), lambda: leaking(self.built))
        once = {**self.translation.once(closed, self.sums), **self._stored_scenario()}
        attrs = {"worst_residual": closed.worst, "events": self.built.site.clock.events, "lots": sum(line.record.lots for line in self.built.lines)}
        for line in self.built.lines:
            if any(loop for _, _, loop in line.network.wiring.blocks):
                attrs[f"sweeps_mean.{line.name}"] = line.record.sweeps / max(1, line.record.lots)
                attrs[f"sweeps_max.{line.name}"] = line.record.most_sweeps
        return writer.finish(once, attrs)

    def save(self, writer: Writer) -> Path:
        """Write the state instead of a finished run."""
        return writer.save(self._state(), self._stored_scenario())

    def _state(self) -> dict[str, Any]:
        own = {
            "initial": self.initial.copy(),
            "metered": self.metered.copy(),
            "bottleneck": self.sums["bottleneck"].copy(),
            "running": self.sums["running"].copy(),
            "replication": self.replication,
            "seed": self.scenario.seed,
        }
        return {**snapshot(self.built), "simulation": own}

    def load(self, state: dict[str, Any]) -> None:
        """Take over a saved state. Raises ``ValueError`` where it is not of this plant."""
        check_fits(self._state(), state)
        restore(self.built, state)
        own = state["simulation"]
        self.initial = own["initial"].copy()
        self.metered = own["metered"].copy()
        self.sums = {"bottleneck": own["bottleneck"].copy(), "running": own["running"].copy()}

    def _stored_scenario(self) -> dict[str, Any]:
        files = self.scenario.files
        return {
            "scenario/yaml": self.scenario.run_yaml(),
            "scenario/file_name": list(files),
            "scenario/file_text": list(files.values()),
            "scenario/kpi_inputs": self.translation.kpi_inputs(),
        }

    def used_tables(self) -> tuple[str, ...]:
        """The tables that not every plant has."""
        return ("policies",) if self.scenario.policies else ()

    def attrs(self) -> dict[str, Any]:
        """Attributes of the file's root."""
        scenario = self.scenario
        return {
            "scenario_name": scenario.name,
            "scenario_title": scenario.title,
            "scenario_sha256": scenario.sha256,
            "seed": scenario.seed,
            "replication": self.replication,
            "horizon": scenario.horizon,
            "warmup": scenario.warmup,
            **({"about": json.dumps(about, ensure_ascii=False)} if (about := scenario.about.texts()) else {}),
            **made_by(scenario.code),
        }


def run(
    scenario: Scenario,
    *,
    out: Path | None = None,
    replication: int = 0,
    progress: Progress | None = None,
    actions: Actions | None = None,
) -> Result:
    """Run a scenario to its horizon. Without ``out`` nothing is written to disk and the result lives in memory.

    A policy of which ``actions`` has the rows is not asked: what it did in the run that they come from is done again.
    """
    simulation = Simulation(scenario, replication, actions)
    with Writer(out, simulation.translation.labels(), scenario.start, simulation.attrs(), simulation.used_tables()) as writer:
        simulation.start()
        simulation.run(simulation.horizon, writer, progress)
        return simulation.finish(writer)


def resume(state: Path, *, out: Path | None = None, force: bool = False, progress: Progress | None = None) -> Result:
    """Go on from a saved state to the horizon; the file then has the digest of the undisturbed run.

    Raises :class:`~twin.errors.UsageError` where code or versions are not those that saved the state, unless ``force``; the file then says so.
    """
    with contradictions(state):
        simulation, attrs = _taken_up(state, force)
        with Writer.resume(state, out, attrs) as writer:
            simulation.run(simulation.horizon, writer, progress)
            return simulation.finish(writer)


def resume_until(state: Path, until: float, save: Path, *, force: bool = False, progress: Progress | None = None) -> Path:
    """Go on from a saved state up to ``until`` (s from the start) and keep the state again."""
    with contradictions(state):
        simulation, attrs = _taken_up(state, force)
        stop = _stop(simulation, until, simulation.built.site.clock.now)
        with Writer.resume(state, save, attrs) as writer:
            simulation.run(stop, writer, progress)
            return simulation.save(writer)


def _stop(simulation: Simulation, until: float, now: int) -> int:
    stop = nanoseconds(until)
    if not now < stop < simulation.horizon:
        times = [format_quantity(time, "s") for time in (now / NANOSECONDS, simulation.scenario.horizon, until)]
        raise UsageError(f"a run can be stopped between {times[0]} and its horizon, {times[1]} (got {times[2]})")
    return stop


def _taken_up(state: Path, force: bool) -> tuple[Simulation, dict[str, Any]]:
    """The simulation in its saved state, and what the new file says of the code."""
    with open_state(state) as saved:
        check_code(state, saved.attrs, force=force)  # first: other code may read another scenario
        scenario = load_stored(saved.scenario, saved.files)
        changed = check_code(state, saved.attrs, scenario.code, force=force)
        content = saved.state
    simulation = Simulation(scenario, content["simulation"]["replication"])
    simulation.load(content)
    attrs: dict[str, Any] = made_by(scenario.code)
    if changed:
        attrs["resumed_with_other_code"] = "; ".join(changed)
    return simulation, attrs


def run_until(scenario: Scenario, until: float, save: Path, *, replication: int = 0, progress: Progress | None = None) -> Path:
    """Run up to ``until`` (s; events at that instant are not done) and keep the state in the file ``save``."""
    simulation = Simulation(scenario, replication)
    stop = _stop(simulation, until, 0)
    with Writer(save, simulation.translation.labels(), scenario.start, simulation.attrs(), simulation.used_tables()) as writer:
        simulation.start()
        simulation.run(stop, writer, progress)
        return simulation.save(writer)
