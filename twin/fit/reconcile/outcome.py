"""A reconciliation from data to its outcome: rows, tests, a verdict."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twin.errors import ContradictionError, UsageError
from twin.fit.reconcile.closing import Loss, losses_of
from twin.fit.reconcile.data_file import Data, load_data
from twin.fit.reconcile.equations import Setting, build, canonical
from twin.fit.reconcile.gross_errors import Suspect, Tests, run_tests
from twin.fit.reconcile.network import Network, check_names, explicit, of_scenario
from twin.fit.reconcile.readings import MINUTE, Measured, Reading, Window, gathered
from twin.fit.reconcile.rows import Row, rows_of
from twin.fit.reconcile.solve import Solution, solve
from twin.fit.reconcile.system import System
from twin.quantities import format_quantity
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest

ALL = "all"
"""What ``steady`` says where no stock changed."""


@dataclass(frozen=True)
class Reconciliation:
    """An outcome. ``left_out`` are the instruments that were taken out by the user's leave."""

    network: Network
    data: Data
    window: Window | None
    solution: Solution
    tests: Tests
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    losses: tuple[Loss, ...]
    measured: tuple[Measured, ...]

    def row(self, name: str) -> Row:
        """Return the row of a quantity or instrument."""
        for row in self.rows:
            if name in (row.name, row.instrument):
                return row
        raise UsageError(f"{name[:80]!r} is nothing that was reconciled; {nearest(name, [row.name for row in self.rows])}")

    @property
    def verdict(self) -> str:
        """Whether the data agree, in one or two sentences."""
        return verdict_of(self.tests, len(self.left_out))


def verdict_of(tests: Tests, left_out: int = 0) -> str:
    """Return what the tests say, in words."""
    if tests.whole.redundancy == 0:
        return "Nothing can be checked: no balance stands between measured quantities alone, so all measurements are taken as they are."
    start = "Without what was left out, the" if left_out else "The"
    if not tests.suspects:
        if tests.whole.passed:
            return f"{start} measurements agree with the balances within their errors."
        return f"{start} measurements agree with the balances less well than their errors say, and none stands out: the errors are stated too small as a whole."
    told = "; ".join("".join(suspected(suspect)) for suspect in tests.suspects)
    return f"{start} measurements do not agree: {told}. Nothing was taken out: look, then repeat with --leave-out NAME."


def suspected(suspect: Suspect) -> tuple[str, str]:
    """Return what is said of a suspect, and the nodes whose loss would look the same; the second is empty where there is none."""
    if suspect.alone:
        text = f"{suspect.names[0]} is wrong (|z| = {abs(suspect.statistic):.1f}, the limit is {suspect.critical:.1f})"
    else:
        text = f"one of {', '.join(suspect.names)} is wrong, and no data of this plant tell which"
    return text, f", or {' or '.join(suspect.nodes)} loses or gains what is not measured" if suspect.nodes else ""


def reconcile(
    data: Data | str | os.PathLike[str],
    plant: Scenario | None = None,
    *,
    window: Window | None = None,
    leave_out: Sequence[str] = (),
) -> Reconciliation:
    """Reconcile measurements with the balances of a plant.

    ``data``: a file, a YAML text or loaded data; ``plant``: a scenario, None where the data hold the network (``flows``). ``window``: the time, instead of
    that of the data. ``leave_out``: instruments to take out.

    Raises :class:`~twin.errors.ScenarioError` for a wrong file, ``UsageError`` for names that are not there, ``ContradictionError`` where the whole contradicts
    itself.

    STAN's example (Cencic 2016): two nodes, a flow that is not measured and a transfer coefficient.

    >>> found = reconcile('''
    ... reconcile: 1
    ... flows: {f1: -> a, f2: -> a, f5: a -> b, f4: -> b, f3: b ->}
    ... constants: {tc: 0.5 ± 0.05}
    ... relations: [f4 = tc * f3]
    ... measurements: {f1: 100 ± 10, f2: 50 exact, f3: 300 ± 30, f5: 160 ± 16}
    ... ''')
    >>> [(row.name, round(row.reconciled, 5), round(row.deviation, 5)) for row in found.rows if row.status != "exact"][:2]
    [('flow.f1', 102.42596, 7.88279), ('flow.f5', 152.42596, 7.88279)]
    """
    loaded = data if isinstance(data, Data) else load_data(data)
    network = network_of(loaded, plant)
    readings, chosen, dated = _named(loaded, network, window)
    measured, notes = gathered(readings, chosen, dated)
    si = _one_unit(measured, chosen, loaded.setting.constants)
    instruments = {one.instrument: one for one in measured}
    check_names(instruments, leave_out, "instrument that was used")
    kept = [one for one in measured if one.instrument not in leave_out]
    setting = _steady(loaded.setting, network)
    system, by_variable = build(network, kept, setting, si)
    notes += _uncounted(network, system)
    balanced = {variable.name for variable in system.variables}
    notes += [f"{name} stands in no balance without what was left out" for name in leave_out if instruments[name].quantity not in balanced]
    solution = solve(system)
    tests = run_tests(solution)
    if tests.contradiction:
        raise ContradictionError(_contradiction(tests))
    rows = rows_of(solution, tests, by_variable, instruments, leave_out)
    notes += [f"{row.name}: reconciled to less than 0; look at its stream" for row in rows if row.impossible]
    losses = losses_of(network, system, kept)
    return Reconciliation(network, loaded, chosen, solution, tests, rows, tuple(notes), tuple(leave_out), losses, tuple(measured))


def _steady(setting: Setting, network: Network) -> Setting:
    """The setting with the names of all stocks where ``steady`` is ``all``; raises ``UsageError`` for one that is not there."""
    if setting.steady == (ALL,) and ALL not in network.node:
        return replace(setting, steady=tuple(network.node))
    check_names(network.node, setting.steady, "node")
    return setting


def _uncounted(network: Network, system: System) -> list[str]:
    """A note on stocks that nobody counted: what they gained is unknown, so their balance checks nothing."""
    unknown = {variable.name for variable in system.variables if math.isinf(variable.deviation)}
    names = [node.name for node in network.nodes if f"level.{node.name}.change" in unknown]
    if not names:
        return []
    told = f"{', '.join(names[:6])}{' …' if len(names) > 6 else ''}"
    return [f"stocks that were not counted, so that their balance checks nothing: {told}; count them, or list those that did not change under 'steady'"]


def network_of(data: Data, plant: Scenario | None) -> Network:
    """Return the network of the scenario, or that of the data. Raises ``UsageError`` where there are both or none."""
    if plant is not None and data.edges:
        raise UsageError("the data have 'flows' of their own: leave the scenario out, or the flows")
    if plant is not None:
        return of_scenario(plant, data.by_line)
    if not data.edges:
        raise UsageError("the data name no network: give a scenario before them, or write streams under 'flows', e.g. {scrap: '-> mill', copper: 'mill ->'}")
    return explicit(data.edges, data.stocks, data.breaking, data.name, data.digest)


def _named(data: Data, network: Network, window: Window | None) -> tuple[list[Reading], Window | None, bool]:
    """Readings by full names, the window, and whether what has no time is of another one."""
    chosen = window or data.window or _only_window(data.readings)
    found = []
    for reading in data.readings:
        name = canonical(reading.quantity, network, data.setting.constants)
        instrument = name if reading.instrument == reading.quantity else reading.instrument
        if name.startswith("level.") and name.rpartition(".")[2] not in ("opening", "closing", "change"):
            moment = _moment(reading, chosen)
            if moment is None:
                continue
            name, instrument = f"{name}.{moment}", f"{instrument}.{moment}"
        found.append(replace(reading, quantity=name, instrument=instrument))
    return found, chosen, window is not None and window != data.window


def _only_window(readings: Sequence[Reading]) -> Window | None:
    """The time of all readings, where they have one time; raises ``UsageError`` where they have several."""
    times = {(r.begin, r.end) for r in readings if r.begin is not None and r.end is not None and r.begin < r.end}
    if len(times) > 1:
        raise UsageError(f"the readings are of {len(times)} times: say which one with --close 2026-03 or --window FROM TO, or give 'window' in the data")
    return next((Window(begin, end) for begin, end in times if begin is not None and end is not None), None)


def _moment(reading: Reading, window: Window | None) -> str | None:
    """Whether a stock was counted at the beginning or the end of the window; None for another time."""
    if window is None or reading.begin is None:
        raise UsageError(f"{reading.instrument}: say when the stock was counted ('at', and a window), or name it {reading.quantity}.opening or .closing")
    at: datetime = reading.begin
    near = {"opening": window.begin, "closing": window.end}
    return next((moment for moment, time in near.items() if abs((at - time).total_seconds()) <= MINUTE), None)


def _one_unit(measured: Sequence[Measured], window: Window | None, constants: Sequence[str]) -> str:
    """The unit of flows and stocks; raises ``UsageError`` where there are several."""
    units: dict[str, str] = {}
    for one in measured:
        if one.quantity in constants:
            continue
        share = one.quantity.startswith("share.")
        if share and one.si != "1":
            raise UsageError(f"{one.instrument}: a share is a number without unit, e.g. '12 % ± 0.5 %' (got a value in {one.si})")
        if not share:
            units.setdefault(one.si, one.instrument)
    if len(units) > 1:
        (a, of_a), (b, of_b), *_ = units.items()
        needed = "" if window is not None else "; give a 'window', so that flows become masses"
        raise UsageError(f"{of_a} is in {a} and {of_b} in {b}: flows and stocks must have one unit{needed}")
    return next(iter(units), "kg")


def _contradiction(tests: Tests) -> str:
    names = "; ".join(", ".join(suspect.names) for suspect in tests.suspects) or "none"
    whole, rest = tests.whole, tests.rest
    return (
        f"the measurements contradict each other as a whole: the sum of squared adjustments is {whole.objective:.4g} where {whole.critical:.4g} is the limit "
        f"({whole.redundancy} redundant balances), and with all suspects taken out it is {rest.objective:.4g} where {rest.critical:.4g} is; no values are "
        f"given. Suspects, the worst first: {names}. Look for a wrong unit, window or stream, for errors stated too small, or repeat with --leave-out NAME"
    )


def shown_bias(suspect: Suspect, found: Reconciliation) -> str:
    """Return by how much each measurement that may be wrong reads too much or too little."""
    units = {row.name: row.si for row in found.rows}
    return "; ".join(
        f"{name} would read {format_quantity(abs(bias), units.get(name, 'kg'))} too {'much' if bias > 0 else 'little'}"
        for name, bias in zip(suspect.names, suspect.bias, strict=True)
    )
