"""``twin compare``: scenarios, which are run, or results, side by side with intervals on what differs."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from twin.cli import budget, investment, replications, terminal
from twin.cli.figures import new_table
from twin.cli.tables import stdout
from twin.errors import UsageError
from twin.results.kpis import NO_VALUE
from twin.results.temporary import remove_stale
from twin.study.verdicts import WITHHELD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.scenario import Scenario
    from twin.scenario.cluster import Cluster
    from twin.study.apart import Apart, WithMembers
    from twin.study.comparison import Comparison
    from twin.study.replicate import Replications
    from twin.study.verdicts import Change

WIDTH = 180
"""Columns of the tables where the output is no terminal."""


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    if options.years:
        from twin.cli import over_years

        return over_years.run(options)
    from twin.study.compare import compare, holds_results

    files = [Path(name) for name in options.files]
    stored = [holds_results(file) for file in files]
    if options.seed is not None and any(stored):
        raise UsageError("--seed is for scenarios; results have theirs")
    items: list[Path | Scenario | Cluster] = list(files) if any(stored) else [_scenario(file, options.seed) for file in files]
    pays = investment.arguments(options)
    if not any(stored):
        budget.weigh([plant for item in items if not isinstance(item, Path) for plant in budget.plants_of(item)], options.replications or 10, options.yes)
    if options.ensemble is not None and any(stored):
        raise UsageError("--ensemble is for scenarios, which are run with its members; results hold the runs that were made")
    ensemble = replications.ensemble_of(options, [item for item in items if not isinstance(item, Path)])
    sides: list[Replications] = []
    with replications.progress("compare") as show:
        try:
            arguments = {**replications.arguments(options), **pays, "replicated": sides.extend}
            comparison = compare(*items, replications=options.replications, folder=options.output, progress=show, **arguments)
            both = replications.with_members(options, sides, ensemble, show) if ensemble is not None else []
        except KeyboardInterrupt:
            if options.output:
                remove_stale(Path(options.output))  # what the workers were at
            kept = f"are kept in {options.output}" if options.output else "had finished, none is kept; -o DIR keeps them"
            terminal.say(f"interrupted: {show.finished} of {show.planned} runs {kept}")
            return 130
    if options.kpi:
        comparison = comparison.only(options.kpi)
    doubts = _doubts(both, comparison)
    if options.json:
        told = {name: {kpi: replications.apart_object(one) for kpi, one in parts.items()} for name, parts in doubts.items()}
        print(json.dumps({**comparison_object(comparison), **({"ensemble": told} if told else {})}, indent=2))
    else:
        show_comparison(comparison)
        units = {row.name: row.unit for row in comparison.rows}
        for name, parts in doubts.items():
            own = next(own for own, side in zip(both, comparison.names, strict=True) if side == name)
            if itself := [path for path in both[0].ensemble.paths if path not in own.ensemble.paths]:
                print(f"{name} has its own {', '.join(itself)}, which no member changes")
            replications.show_apart(parts, units, both[0], f"{name} less {comparison.names[0]}")
    return 0


def _doubts(both: Sequence[WithMembers], comparison: Comparison) -> dict[str, dict[str, Apart]]:
    """By variant, of each figure shown that changes, what is not known of its difference by chance and by the parameters."""
    from twin.study.apart import differences

    if not both:
        return {}
    shown = {row.name for row in comparison.rows}
    found = {}
    for name, own in zip(comparison.names[1:], both[1:], strict=True):
        found[name] = {kpi: one for kpi, one in differences(both[0], own).items() if kpi in shown and (one.mean or one.one or one.parameters)}
    return found


def _scenario(file: Path, seed: int | None) -> Scenario | Cluster:
    from twin.plant.api import load
    from twin.scenario.cluster import is_cluster, load_cluster

    if is_cluster(file):
        if seed is not None:
            raise UsageError("--seed: each site of a cluster has its own, sites.NAME.seed")
        return load_cluster(file)
    scenario = load(file)
    return scenario if seed is None else scenario.change({"seed": seed})


def show_comparison(comparison: Comparison) -> None:
    """Differences of the scenarios, key figures with their differences, where the bottleneck moved, warnings, and the verdicts together."""
    console = stdout(WIDTH)
    table = new_table("scenario", *comparison.names)
    for difference in comparison.differences:
        table.add_row(escape(difference.path), *(escape(value) for value in difference.values))
    console.print(table if comparison.differences else "the scenarios are the same")
    for k in range(1, len(comparison.names)):
        console.print()
        _print_variant(console, comparison, k)
    console.print()
    _print_limits(console, comparison)
    _print_warnings(console, comparison)
    for k in range(1, len(comparison.names)):
        _print_verdicts(console, comparison, k)
    investment.show(console, comparison.payoffs)
    for remark in (*_about(comparison), *comparison.remarks):
        console.print(escape(remark), soft_wrap=True)


def _print_variant(console: Console, comparison: Comparison, k: int) -> None:
    """One variant beside the base. Of one run each there is no interval, no correlation and no verdict to show."""
    intervals = [row.changes[k - 1].interval for row in comparison.rows]
    most = max((interval.n for interval in intervals if interval is not None), default=0)
    headings = ("key figure", comparison.names[0], comparison.names[k], "difference", "change", *(("corr.", "verdict") if most else ()))
    table = new_table(*headings)
    if most:
        table.columns[6].justify = "left"
    same = 0
    for row in comparison.ordered(k):
        texts, change, relative = row.texts(), row.changes[k - 1], row.relative(k)
        if texts[0] == texts[k] == NO_VALUE:
            continue
        if change.verdict == "no change":
            same += 1
            continue
        cells = [row.name, texts[0], texts[k], row.difference_text(k)]
        cells += ["" if math.isnan(relative) or change.verdict == "no change" else f"{100 * relative:+.2f} %"]
        if most:
            cells += ["" if math.isnan(change.correlation) else f"{change.correlation:.2f}", _verdict(change, most)]
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    if same:
        console.print(f"{same} more key figures did not change")


def _verdict(change: Change, most: int) -> str:
    """The verdict, and whether it rests on fewer runs than others."""
    if change.interval is None:
        return "" if math.isnan(change.difference) else "one run: no interval"
    return change.text if change.interval.n == most else f"{change.text} (a value in {change.interval.n} of {most} runs only)"


def _print_limits(console: Console, comparison: Comparison) -> None:
    """Where the bottleneck moved: the line or furnace that runs most, and the machine that limits each line."""
    table = new_table("bottleneck", *comparison.names, "")
    table.columns[-1].justify = "left"
    lines = [line for line, _ in comparison.busiest]
    limits = [limit.partition(" (")[0] for limit in comparison.plant_limits]
    if any(limit != NO_VALUE for limit in limits):
        table.add_row("limits the plant", *(escape(limit) for limit in comparison.plant_limits), "moved" if len(dict.fromkeys(limits)) > 1 else "")
    if len(comparison.limits) > 0 or len(dict.fromkeys(lines)) > 1:
        moved = "moved" if len(dict.fromkeys(lines)) > 1 else ""
        table.add_row("runs most", *(_of_share(line, share) for line, share in comparison.busiest), moved)
    for limit in comparison.limits:
        cells = [_of_share(machine, share) for machine, share in zip(limit.machines, limit.shares, strict=True)]
        table.add_row(escape(f"limit of line {limit.line}"), *cells, "moved" if limit.moved else "")
    if table.row_count:
        console.print(table)


def _of_share(name: str, share: float) -> str:
    return escape(name if math.isnan(share) else f"{name} {100 * share:.4g} %")


def _print_warnings(console: Console, comparison: Comparison) -> None:
    """Off-spec shares and range warnings, on all sides."""
    for row in comparison.rows:
        if row.name.startswith("offspec_share.") and any(value > 0 for value in row.values):
            texts = ", ".join(f"{name} {text}" for name, text in zip(comparison.names, row.texts(), strict=True))
            console.print(f"[yellow]off-spec[/] {escape(row.name.partition('.')[2])}: {escape(texts)}", soft_wrap=True)
    if any(comparison.warnings):
        texts = ", ".join(
            f"{name} {count:.4g}{f' (in up to {100 * share:.3g} % of the lots of a machine)' if share else ''}"
            for name, count, share in zip(comparison.names, comparison.warnings, comparison.range_shares, strict=True)
        )
        console.print(f"[yellow]warning[/] valid range of a model left, times a run: {escape(texts)}", soft_wrap=True)


def _print_verdicts(console: Console, comparison: Comparison, k: int) -> None:
    """What is better and what is worse, by name; how many others there are."""
    found = comparison.verdicts(k)
    of = "" if len(comparison.names) == 2 else f"{comparison.names[k]} "
    for verdict in ("better", "worse", WITHHELD):
        if found.get(verdict):
            console.print(f"{escape(of)}{verdict}: {escape(', '.join(found[verdict]))}", soft_wrap=True)
    others = [f"{verdict} {len(found[verdict])}" for verdict in ("higher", "lower", "no change", "cannot tell") if found.get(verdict)]
    if others:
        console.print(f"{escape(of)}other key figures: {', '.join(others)}", soft_wrap=True)


def _about(comparison: Comparison) -> list[str]:
    """What the intervals are, and how many figures would appear to differ by chance."""
    variants, each = len(comparison.names) - 1, comparison.confidence_each
    judged = sum(change.interval is not None and change.verdict != "no change" for row in comparison.rows for change in row.changes)
    if not judged:
        return []
    kind = f"{comparison.kind} study; " if comparison.kind is not None else ""
    together = "" if variants == 1 else f", {100 * comparison.confidence:.4g} % for all {variants} variants at once (Bonferroni)"
    chance = (1 - each) * judged
    return [
        f"{kind}intervals of the differences at {100 * each:.4g} % for each key figure{together}",
        f"{judged} difference{' was' if judged == 1 else 's were'} judged: about {chance:.2g} would appear by chance alone; "
        "choose the figure that decides beforehand",
    ]


def comparison_object(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON."""
    return {
        "names": list(comparison.names),
        "kind": comparison.kind,
        "confidence": comparison.confidence,
        "confidence_each": comparison.confidence_each,
        "replications": list(comparison.runs),
        "differences": [{"path": d.path, "values": list(d.values)} for d in comparison.differences],
        "kpis": {
            row.name: {
                "unit": row.unit,
                "values": [replications.number(value) for value in row.values],
                "changes": [_change_object(change) for change in row.changes],
            }
            for row in comparison.rows
        },
        "bottleneck": {
            "busiest": [{"line": line, "utilisation": replications.number(share)} for line, share in comparison.busiest],
            "limits": [
                {"line": limit.line, "machines": list(limit.machines), "shares": [replications.number(share) for share in limit.shares], "moved": limit.moved}
                for limit in comparison.limits
            ],
        },
        "range_warnings": list(comparison.warnings),
        "range_shares": list(comparison.range_shares),
        "limits": list(comparison.plant_limits),
        "remarks": list(comparison.remarks),
        **({"investments": [investment.as_object(one) for one in comparison.payoffs]} if comparison.payoffs else {}),
    }


def _change_object(change: Change) -> dict[str, Any]:
    return {
        "difference": replications.number(change.difference),
        "interval": replications.interval_object(change.interval),
        "method": change.method,
        "n": None if change.interval is None else change.interval.n,
        "correlation": replications.number(change.correlation),
        "verdict": change.verdict,
        "needed": change.needed,
    }
