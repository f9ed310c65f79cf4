"""What the commands print: key figures, topology, traces, and the progress bar."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from twin.cli import terminal
from twin.cli.figures import new_table, print_figures, print_limit, print_products, print_stops, print_whole
from twin.plant.cautions import cautions, counted
from twin.quantities import format_quantity
from twin.results.findings import composition_of, findings_of
from twin.results.growth import growing
from twin.results.kpis import Kpi
from twin.results.limits import limit_of, standings
from twin.results.read import Result
from twin.results.stops import pareto
from twin.scenario import Scenario
from twin.scenario.machine import MachineModel
from twin.scenario.process import ProcessModel

if TYPE_CHECKING:
    from twin.plant.topology import Topology

REFRESH = 0.1
"""Seconds between two updates of the progress bar."""


class Progress:
    """Called with the simulated time and the horizon; knows how far the run is."""

    def __init__(self) -> None:
        self.now = self.horizon = 0.0
        self.draw: Any = None
        self._last = 0.0

    def __call__(self, now: float, horizon: float) -> None:
        self.now, self.horizon = now, horizon
        if self.draw is not None and (time.monotonic() - self._last > REFRESH or now >= horizon):
            self._last = time.monotonic()
            self.draw(now, horizon)

    def text(self) -> str:
        """How far the run is."""
        return f"{format_quantity(self.now, 's')} of {format_quantity(self.horizon, 's')}" if self.horizon else "the start"


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """A progress bar on stderr; nothing is drawn where that is no terminal."""
    show = Progress()
    if not sys.stderr.isatty():
        yield show
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeRemainingColumn())
    with Bar(*columns, console=terminal.console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(label), total=1.0, done="")
        show.draw = lambda now, horizon: bar.update(task, completed=now / horizon, done=show.text())
        yield show


def stdout(width: int = 140) -> Console:
    """A console on stdout; where that is no terminal, lines stay whole and tables have a fixed width."""
    return terminal.console(width)


def kpi_object(kpi: Kpi) -> dict[str, Any]:
    """A key figure as JSON: value and unit; bounds and a note where it has them."""
    found: dict[str, Any] = {"value": None if math.isnan(kpi.value) else kpi.value, "unit": kpi.unit}
    if not math.isnan(kpi.low):
        found |= {"low": kpi.low, "high": kpi.high}
    return found | ({"note": kpi.note} if kpi.note else {})


def warnings_of(result: Result, scenario: Scenario) -> list[str]:
    """Figures that say little, ranges that were left, queues that grow, and what the scenario may not mean, one phrase each."""
    from twin.plant.topology import derive

    return [*findings_of(result), *(growth.text for growth in growing(result)), *cautions(scenario, derive(scenario))]


def summary(result: Result, scenario: Scenario) -> dict[str, Any]:
    """A result, of a run of ``scenario``, as the JSON object of ``--json``."""
    return {
        "file": str(result.path) if result.path is not None else None,
        "digest": result.digest,
        "scenario": str(result.attrs["scenario_name"]),
        "seed": int(result.attrs["seed"]),
        "replication": int(result.attrs["replication"]),
        "kpis": {name: kpi_object(kpi) for name, kpi in result.kpis.items()},
        "products": {name: {part.name: part.share for part in composition_of(result.totals, name)} for name in result.totals.inputs.products},
        "limit": limit_of(result.totals).as_object(),
        "waits": [wait._asdict() for wait in standings(result.totals) if wait.share > 0.0],
        "stops": [row._asdict() for row in pareto(result.totals)],
        "balance": {"worst_residual": float(result.attrs["worst_residual"])},
        "warnings": warnings_of(result, scenario),
    }


def show_result(result: Result, scenario: Scenario) -> None:
    """Key figures, warnings, balance and the path of the file, of a run of ``scenario``."""
    console = stdout()
    console.print(f"[bold]{escape(str(result.attrs.get('scenario_title') or result.attrs['scenario_name']))}[/]")
    print_figures(console, result.kpis)
    print_products(console, result.totals)
    console.print()
    print_limit(console, result.totals)
    print_stops(console, result.totals)
    console.print()
    for warning in warnings_of(result, scenario):
        console.print(f"[yellow]warning[/] {escape(warning)}")
    console.print(
        f"balance closed, worst residual {result.attrs['worst_residual']:.1e}; one run, seed {result.attrs['seed']}, "
        f"replication {result.attrs['replication']}: no interval"
    )
    console.print(f"{escape(str(result.path))}", soft_wrap=True)


def show_trace(rows: Mapping[str, Sequence[tuple[str, float, float, float]]]) -> None:
    """Origins of each product, the largest first."""
    console = stdout()
    for product, own in rows.items():
        table = new_table("origin", "time", "share of the product", "share of the origin", title=escape(product))
        for unit, moment, share, of_origin in own:
            table.add_row(escape(unit), format_quantity(moment, "s"), f"{100 * share:.3f} %", f"{100 * of_origin:.3f} %")
        console.print(table)


def topology_object(scenario: Scenario, topology: Topology, notes: Sequence[str]) -> dict[str, Any]:
    """What ``validate`` found, as JSON."""
    return {
        "scenario": scenario.name,
        "sha256": scenario.sha256,
        "materials": list(scenario.materials.names),
        "sizes": list(scenario.sizes.names),
        "lines": {
            line.name: {
                "machines": list(line.machines),
                "from": list(line.bunkers),
                "to": list(dict.fromkeys(line.destinations)),
                "lot": line.lot,
                "recycle": [list(line.machines[a:b]) for a, b, loop in line.blocks if loop],
                "limits": dict(_limits(scenario, line.machines)),
            }
            for line in topology.lines
        },
        "destination": dict(topology.destination),
        "every_counts": counted(scenario),
        "warnings": cautions(scenario, topology),
        "notes": list(notes),
    }


def _limits(scenario: Scenario, machines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in machines:
        model = scenario.units[name]
        assert isinstance(model, MachineModel)
        if text := model.limit_text:
            yield name, text


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}{'es' if what.endswith('s') else 's'}"


def show_topology(scenario: Scenario, topology: Topology, notes: Sequence[str]) -> None:
    """The derived lines with their limits, the plant as a tree from its feeds, and notes."""
    console = stdout()
    counts = ((len(scenario.units), "unit"), (len(topology.lines), "line"), (len(scenario.materials.names), "material"), (len(scenario.sizes), "size class"))
    console.print(f"{escape(scenario.name)}: valid, {', '.join(_counted(count, what) for count, what in counts)}")
    table = new_table("line", "machines", "takes from", "delivers to", "lot", "limits", title="lines")
    for column in table.columns[1:]:
        column.justify = "left"
    for line in topology.lines:
        loops = {name for a, b, loop in line.blocks if loop for name in line.machines[a:b]}
        machines = ", ".join(f"{name} (recycle)" if name in loops else name for name in line.machines)
        limits = ", ".join(f"{name} {text}" for name, text in _limits(scenario, line.machines))
        cells = (line.name, machines, ", ".join(line.bunkers), ", ".join(dict.fromkeys(line.destinations)), format_quantity(line.lot, "kg"), limits)
        table.add_row(*(escape(cell) for cell in cells))
    if topology.lines:
        print_whole(console, table)
    _show_processes(console, scenario, topology)
    console.print(_tree(scenario, topology))
    for name, text in counted(scenario).items():
        console.print(escape(f"{name}: {text}"))
    for warning in cautions(scenario, topology):
        console.print(f"[yellow]warning[/] {escape(warning)}")
    for note in notes:
        console.print(f"[yellow]note[/] {escape(note)}")


def _show_processes(console: Console, scenario: Scenario, topology: Topology) -> None:
    """Furnaces and their like: what they are charged from, their phases, where they deliver to."""
    models = {name: model for name, model in scenario.units.items() if isinstance(model, ProcessModel)}
    if not models:
        return
    table = new_table("process", "kind", "takes from", "phases", "delivers to", title="processes")
    for column in table.columns[1:]:
        column.justify = "left"
    for name, model in models.items():
        phases = ", ".join(phase.title for phase in getattr(model, "phases", ())) if model.works_in_phases else ""
        ports = [f"{stream.partition('.')[2]} to {taker}" for stream, taker in topology.destination.items() if stream.partition(".")[0] == name]
        table.add_row(*(escape(cell) for cell in (name, model.kind, ", ".join(model.from_), phases, ", ".join(ports))))
    print_whole(console, table)


def _tree(scenario: Scenario, topology: Topology) -> Tree:
    """Units below what they take from; a unit that stands elsewhere already is only named."""
    root = Tree("plant")
    seen: set[str] = set()
    takers = _takers(scenario, topology)
    roots = [name for name in scenario.units if name not in {t for own in takers.values() for _, t in own}]

    def grow(branch: Tree, name: str, via: str) -> None:
        label = f"{via + ' -> ' if via else ''}{name} [dim]{scenario.units[name].kind}[/]"
        if name in seen:
            branch.add(f"{label} (above)")
            return
        seen.add(name)
        below = branch.add(label)
        for port, taker in takers.get(name, []):
            grow(below, taker, port)

    for name in roots or list(scenario.units)[:1]:
        grow(root, name, "")
    return root


def _takers(scenario: Scenario, topology: Topology) -> dict[str, list[tuple[str, str]]]:
    """For each unit, (port or nothing, who takes from it)."""
    from twin.plant.streams import streams_of

    found: dict[str, list[tuple[str, str]]] = {}
    for name in scenario.units:
        for stream in streams_of(scenario, name):
            if stream in topology.destination:
                found.setdefault(name, []).append((stream.partition(".")[2], topology.destination[stream]))
    for name, model in scenario.units.items():
        sources = model.from_.names if isinstance(model, MachineModel) else getattr(model, "from_", ())
        for source in sources:
            if source not in topology.destination and "." not in source:
                found.setdefault(source, []).append(("", name))
    return found
