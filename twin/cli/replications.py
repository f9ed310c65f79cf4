"""``twin run --replications``: the options that every study of replications takes, its progress, and what it prints."""

from __future__ import annotations

import argparse
import contextlib
import glob
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.cli import terminal
from twin.errors import ScenarioError, TwinError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.scenario import Scenario
    from twin.scenario.cluster import Cluster
    from twin.study.apart import Apart, WithMembers
    from twin.study.ensemble import Ensemble
    from twin.study.replicate import Replications
    from twin.study.statistics import Interval


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what a study of replications is told beside their number."""
    group = parser.add_argument_group("replications")
    group.add_argument("--kind", choices=("terminating", "steady"), default="terminating", help="from start to horizon (default), or what the plant tends to")
    group.add_argument("--until-half-width", metavar="SHARE", help="add replications until half-widths are so narrow, e.g. '5 %%'")
    group.add_argument("--of", metavar="KPI", action="append", help="key figure that --until-half-width is of (default: throughput); may be repeated")
    group.add_argument("--at-most", metavar="N", type=int, default=100, help="most replications with --until-half-width (default: 100)")
    group.add_argument("--confidence", metavar="SHARE", default="95 %", help="confidence of the intervals (default: 95 %%)")
    group.add_argument("--ensemble", metavar="FILE", help="values that a calibration leaves possible: each replication again with one, and both doubts apart")
    group.add_argument("--executor", choices=("processes", "serial", "dask"), default="processes", help="who makes the runs (default: processes)")
    group.add_argument("--workers", metavar="N", type=int, help="worker processes (default: one for each core)")
    group.add_argument("--address", metavar="A", help="address of a dask scheduler, e.g. tcp://host:8786")


def arguments(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as arguments of :func:`twin.study.replicate.replicate` and :func:`twin.study.compare.compare`."""
    return {
        "kind": options.kind,
        "until": None if options.until_half_width is None else share("--until-half-width", options.until_half_width),
        "at_most": options.at_most,
        "kpis": tuple(options.of or ("throughput",)),
        "confidence": share("--confidence", options.confidence),
        "executor": options.executor,
        "workers": options.workers,
        "address": options.address,
    }


def share(option: str, text: str) -> float:
    """Return the share that an option gives as "5 %" or 0.05; raises ``UsageError``."""
    from twin.quantities import parse

    try:
        return parse(text if "%" in text else float(text), "1")
    except (TwinError, ValueError):
        raise UsageError(f"{option}: a share is needed, e.g. '5 %' or 0.05 (got {text!r})") from None


class Count:
    """Called with the runs that have finished and those that are planned; knows how far the study is."""

    def __init__(self) -> None:
        self.finished = self.planned = 0
        self.draw: Callable[[int, int], None] | None = None

    def __call__(self, finished: int, planned: int) -> None:
        self.finished, self.planned = finished, planned
        if self.draw is not None:
            self.draw(finished, planned)


@contextmanager
def progress(label: str) -> Iterator[Count]:
    """A bar of finished runs on stderr; nothing is drawn where that is no terminal."""
    show = Count()
    if not sys.stderr.isatty():
        yield show
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal.console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(label), total=None)
        show.draw = lambda finished, planned: bar.update(task, completed=finished, total=planned)
        yield show


def _output(options: argparse.Namespace, scenario: Scenario | Cluster) -> Path:
    """``NAME.h5``; with ``--set`` and no ``-o`` another name where replications of another scenario, such as the one without ``--set``, stand there."""
    from twin.cli.changed_scenario import output_of
    from twin.results.read import open_file

    plain = Path(f"{scenario.name}.h5")
    if options.output is None and options.set:
        for path in sorted(Path().glob(f"{glob.escape(plain.stem)}-r[0-9]*.h5")):
            with contextlib.suppress(TwinError), open_file(path, check=False) as result:
                if result.attrs["scenario_sha256"] != scenario.sha256:
                    return output_of(options, scenario)
        return plain
    return output_of(options, scenario)


def run(options: argparse.Namespace, scenario: Scenario | Cluster) -> int:
    """Run ``twin run SCENARIO --replications N``: each to a file of its own."""
    from twin.results.temporary import remove_stale
    from twin.study.replicate import replicate

    out = _output(options, scenario)
    count = 10 if options.replications is None else options.replications

    def path(k: int) -> Path:
        return out.with_name(f"{out.stem}-r{k}{out.suffix}")

    ensemble = ensemble_of(options, [scenario])
    with progress(scenario.name) as show:
        try:
            found = replicate(scenario, number=count, keep=path, progress=show, **arguments(options))
            both = with_members(options, [found], ensemble, show) if ensemble is not None else []
        except KeyboardInterrupt:
            remove_stale(out.parent)  # what the workers were at
            terminal.say(f"interrupted: {show.finished} of {show.planned or count} runs are kept")
            return 130
    if options.json:
        doubt = {"ensemble": {name: apart_object(parts) for name, parts in both[0].items()}} if both else {}
        print(json.dumps({**as_object(found, path), **doubt}, indent=2))
    else:
        show_replications(found, path)
        for own in both:
            show_apart(dict(own.items()), {name: own.plain[name].unit for name in own.plain}, own, "key figure")
    return 0


def ensemble_of(options: argparse.Namespace, plants: Sequence[Scenario | Cluster]) -> Ensemble | None:
    """Return the ensemble that ``--ensemble`` names, each member that will be run having been put into each plant, before anything is run."""
    if options.ensemble is None:
        return None
    from twin.study.apart import least_runs
    from twin.study.ensemble import read_ensemble

    found = read_ensemble(options.ensemble)
    asked = 10 if options.replications is None else options.replications
    if options.until_half_width is None and asked < least_runs(found):
        raise UsageError(f"--ensemble: {len(found.paths)} parameters need --replications {least_runs(found)} or more (got {asked})")
    for plant in plants:
        own = found.without(found.changed_in(plant, plants[0]))
        for member in range(min(asked, len(own))) if own.paths else ():
            try:
                own.apply(plant, member)
            except ScenarioError as error:
                fault = error.problems[0]
                raise UsageError(f"{options.ensemble}: member {member} cannot be put into {plant.name}: {fault.path}: {fault.message}") from None
    return found


def with_members(options: argparse.Namespace, found: Sequence[Replications], ensemble: Ensemble, show: Count) -> list[WithMembers]:
    """Run each replication again with a member of the ensemble; what a variant sets itself no member undoes."""
    from twin.study.apart import run_members
    from twin.study.replicate import opened

    with opened(options.executor, options.workers, options.address) as own:
        plants = [one.scenario for one in found]
        return [run_members(plant, one, ensemble.without(ensemble.changed_in(plant, plants[0])), own, show) for plant, one in zip(plants, found, strict=True)]


def show_apart(parts: Mapping[str, Apart], units: Mapping[str, str], own: WithMembers, heading: str) -> None:
    """Print what is not known by chance beside what is not known of the parameters."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.tables import stdout
    from twin.results.kpis import kpi_text
    from twin.results.texts import difference_text

    confidence = f"{100 * own.plain.procedure.confidence:.4g} %"
    title = f"{confidence} half-widths apart: chance of the mean of {own.plain.n} runs and of one run, and parameters of an ensemble of {len(own.ensemble)}"
    table = new_table(heading, "mean", "chance, mean", "chance, one run", "parameters", "of one run's variance", title=title)
    for name, one in parts.items():
        if not one.one and not one.parameters:
            continue
        sizes = [difference_text(name, one.mean, width, units[name], one.mean).partition("± ")[2] for width in (one.chance, one.one, one.parameters)]
        share = "" if math.isnan(one.explained) else f"{100 * one.explained:.0f} %"
        table.add_row(escape(name), kpi_text(name, one.mean, units[name]), *(f"± {size}" if size else "" for size in sizes), share)
    stdout().print(table)


def apart_object(parts: Apart) -> dict[str, float | None]:
    """Return the parts of what is not known as JSON."""
    own = {"mean": parts.mean, "chance_of_mean": parts.chance, "chance_of_one_run": parts.one, "parameters": parts.parameters}
    return {**own, "explained": number(parts.explained)}


def show_replications(found: Replications, path: Callable[[int], Path]) -> None:
    """Mean, interval and number of runs of each key figure, then what to know of the study, and its files."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.tables import stdout
    from twin.results.kpis import NO_VALUE

    console = stdout()
    console.print(f"[bold]{escape(found.scenario.title or found.scenario.name)}[/]")
    table = new_table("key figure", "mean", f"{100 * found.procedure.confidence:.4g} % interval", "ratio of sums", "n", "", title=escape(found.title()))
    table.columns[5].justify = "left"
    for name, estimate in found.items():
        if estimate.n:
            mean, interval = estimate.texts()
            table.add_row(*(escape(cell) for cell in (name, mean, interval or NO_VALUE, estimate.ratio_text, str(estimate.n), estimate.flag)))
    console.print(table)
    for remark in (*found.remarks, *map(str, found.warm_up)):
        console.print(escape(remark), soft_wrap=True)
    if found.warnings:
        console.print(f"[yellow]warning[/] valid range of a model left {found.warnings:.4g} times a run; 'twin run' of one shows where")
    for caution in _cautions(found.scenario):
        console.print(f"[yellow]warning[/] {escape(caution)}", soft_wrap=True)
    for k in range(found.n):
        console.print(escape(str(path(k))), soft_wrap=True)


def _cautions(scenario: Scenario | Cluster) -> list[str]:
    """What to know of the scenario before a figure is trusted; of a cluster, of each site."""
    from twin.plant.cautions import cautions
    from twin.plant.topology import derive
    from twin.scenario import Scenario

    if isinstance(scenario, Scenario):
        return list(cautions(scenario, derive(scenario)))
    return [f"{name}: {text}" for name, site in scenario.sites.items() for text in _cautions(site)]


def as_object(found: Replications, path: Callable[[int], Path]) -> dict[str, Any]:
    """Return replications as JSON."""
    from twin.cli.tables import summary
    from twin.results.read import open_file
    from twin.scenario import Scenario

    scenario, runs = found.scenario, []
    for k, outcome in enumerate(found.outcomes):
        if not isinstance(scenario, Scenario):
            runs.append({"file": str(path(k)), "replication": k, "digest": outcome.digest, "events": outcome.events})
            continue
        with open_file(path(k), check=False) as result:
            runs.append(summary(result, scenario))
    return {
        "scenario": found.scenario.name,
        "seed": found.scenario.seed,
        "replications": found.n,
        "kind": found.procedure.kind,
        "confidence": found.procedure.confidence,
        "kpis": {
            name: {
                "unit": e.unit,
                "mean": number(e.mean),
                "n": e.n,
                "interval": interval_object(e.interval),
                "ratio_of_sums": None if e.ratio is None else {"value": e.ratio.mean, **(interval_object(e.ratio) or {})},
                "bounds": None if math.isnan(e.low) else {"low": e.low, "high": e.high},
                "flag": e.flag,
            }
            for name, e in found.items()
        },
        "remarks": list(found.remarks),
        "warm_up": [
            {"kpi": w.kpi, "verdict": w.state.verdict, "period": w.period, "periods": w.state.periods, "cut": number(w.needed), "text": str(w)}
            for w in found.warm_up
        ],
        "runs": runs,
    }


def interval_object(interval: Interval | None) -> dict[str, float] | None:
    """Return an interval as JSON, null where there is none."""
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "half_width": interval.half_width, "confidence": interval.confidence}


def number(value: float) -> float | None:
    """Return a number as JSON has it, null in the place of NaN."""
    return None if math.isnan(value) else value
