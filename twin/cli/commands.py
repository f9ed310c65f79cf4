"""What each command does."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from twin.cli import budget, cluster, replications, tables, tags
from twin.cli.changed_scenario import output_of, scenario_of
from twin.cli.running import compile_if_cold, show_saved, told
from twin.errors import TwinError, UsageError
from twin.plant.api import load_stored
from twin.results.read import Result, open_file
from twin.scenario import Scenario

_DATE = re.compile(r"\s*\d{4}-\d\d-")


def run(options: argparse.Namespace) -> int:
    """``twin run``."""
    if _is_cluster(options.scenario):
        return cluster.run(options, _moment)
    scenario = scenario_of(options)
    if (options.until is None) != (options.save is None):
        raise UsageError("--until and --save belong together: the state at that time is kept in the file")
    budget.weigh([scenario], max(1, options.replications or 1), options.yes)
    if options.until is not None:
        return _run_until(options, scenario)
    if options.replications is not None or options.until_half_width is not None:
        return replications.run(options, scenario)
    if options.kind == "steady":
        raise UsageError("--kind steady is of several runs; say how many with --replications")
    out = output_of(options, scenario)
    if options.ensemble is not None:
        raise UsageError("--ensemble tells chance and parameters apart by several runs: give --replications N")
    with _run(scenario, out, options.replication) as result:
        _show_result(result, scenario, options.json)
    return 0


def _run(scenario: Scenario, out: Path, replication: int) -> Result:
    compile_if_cold(scenario)
    from twin.plant import simulate

    with tables.progress(f"{scenario.name} {replication}" if replication else scenario.name) as show, told(show, out):
        return simulate.run(scenario, out=out, replication=replication, progress=show)


def _run_until(options: argparse.Namespace, scenario: Scenario) -> int:
    compile_if_cold(scenario)
    from twin.plant import simulate

    if options.replications is not None or options.output is not None:
        raise UsageError("--until keeps one state in --save; leave out --replications and --output")
    with tables.progress(scenario.name) as show, told(show, Path(options.save)):
        path = simulate.run_until(scenario, _moment(options.until, scenario), Path(options.save), replication=options.replication, progress=show)
    show_saved(path, options.json)
    return 0


def resume(options: argparse.Namespace) -> int:
    """``twin resume``."""
    from twin.results.check import is_cluster_file
    from twin.results.read import open_state
    from twin.results.sources import check_code

    state = Path(options.state)
    if (options.until is None) != (options.save is None):
        raise UsageError("--until and --save belong together: the state at that time is kept in the file")
    if is_cluster_file(state):
        return cluster.resume(options, _moment)
    with open_state(state) as saved:
        check_code(state, saved.attrs, force=options.force)  # before kernels are compiled
        name = str(saved.attrs["scenario_name"])
        scenario = load_stored(saved.scenario, saved.files)
    compile_if_cold(scenario)
    from twin.plant import simulate

    with tables.progress(name) as show, told(show, Path(options.save or options.output or f"{name}.h5")):
        if options.until is not None:
            path = simulate.resume_until(state, _moment(options.until, scenario), Path(options.save), force=options.force, progress=show)
            show_saved(path, options.json)
            return 0
        result = simulate.resume(state, out=Path(options.output or f"{name}.h5"), force=options.force, progress=show)
    with result:
        _show_result(result, scenario, options.json)
    return 0


def validate(options: argparse.Namespace) -> int:
    """``twin validate``."""
    if _is_cluster(options.scenario):
        return cluster.validate(options)
    from twin.plant import notes, topology

    scenario = scenario_of(options)
    found = topology.derive(scenario)
    said = notes.notes_of(scenario, found)
    if options.json:
        print(json.dumps(tables.topology_object(scenario, found, said), indent=2))
    else:
        tables.show_topology(scenario, found, said)
    return 0


def new(options: argparse.Namespace) -> int:
    """``twin new``."""
    from twin.results.replace import write_new
    from twin.scenario.starters import starter

    path = Path(options.path)
    write_new(path, starter(options.like).encode("utf-8"), "a scenario")
    what = f"a plant like {options.like}" if options.like else "a starter scenario"
    print(json.dumps({"file": str(path)}) if options.json else f"{path}: {what}; run it with 'twin run {path}'")
    return 0


def schema(options: argparse.Namespace) -> int:
    """``twin schema``."""
    if options.tags:
        from twin.live.tags.models import tags_schema

        text, mark = json.dumps(tags_schema(), indent=2) + "\n", b'"title": "twin tags"'
    elif options.cluster:
        from twin.scenario.cluster_schema import cluster_schema_text

        text, mark = cluster_schema_text(), b'"title": "twin cluster"'
    else:
        from twin.scenario.schema import schema_text

        text, mark = schema_text(), b'"title": "twin scenario"'
    if options.output is None:
        sys.stdout.write(text)
        return 0
    from twin.results.replace import replacing, text_mark

    with replacing(Path(options.output), text_mark("a schema of twin", mark, len(text), begins=b"{")) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return 0


def compare(options: argparse.Namespace) -> int:
    """``twin compare``."""
    from twin.cli import comparison

    return comparison.run(options)


def trace(options: argparse.Namespace) -> int:
    """``twin trace``."""
    from twin.results.check import is_cluster_file

    if is_cluster_file(Path(options.file)):
        from twin.plant.cluster_trace import trace_cluster
        from twin.results.cluster import open_cluster

        with open_cluster(options.file) as whole:
            found = trace_cluster(whole, options.element)
    else:
        from twin.plant.trace import trace as trace_result

        with open_file(options.file) as result:
            found = trace_result(result, options.element)
    products = [options.product] if options.product is not None else list(found.products)
    rows = {product: found.rows(product, options.most) for product in products}
    if options.json:
        keys = ("unit", "time", "share_of_product", "share_of_origin")
        print(json.dumps({product: [dict(zip(keys, row, strict=True)) for row in own] for product, own in rows.items()}, indent=2))
    else:
        tables.show_trace(rows)
    return 0


def _is_cluster(path: str) -> bool:
    from twin.scenario.cluster import is_cluster

    return is_cluster(Path(path))


def _moment(text: str, scenario: Scenario) -> float:
    """A duration from the start or a date, as s from the start."""
    from twin.quantities import parse
    from twin.scenario.calendars import read_moment

    if _DATE.match(text):
        try:
            return (read_moment(text) - scenario.start).total_seconds()
        except ValueError as error:
            raise UsageError(f"--until: {error}") from None
    try:
        return parse(text, "s")
    except TwinError as error:
        raise UsageError(f"--until: {error}") from None


def _show_result(result: Result, scenario: Scenario, as_json: bool) -> None:
    if as_json:
        print(json.dumps(tables.summary(result, scenario), indent=2))
    else:
        tables.show_result(result, scenario)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "validate": validate,
    "new": new,
    "schema": schema,
    "resume": resume,
    "compare": compare,
    "trace": trace,
    "tags": tags.run,
}
