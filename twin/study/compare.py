"""Scenarios or results side by side: what differs between them, their key figures, and whether the difference is more than chance."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twin.engine.window import window_begin
from twin.errors import UsageError
from twin.plant import topology
from twin.plant.api import load
from twin.plant.investments import investments_of
from twin.quantities import NANOSECONDS
from twin.results.check import divided
from twin.results.cost_inputs import investment_in
from twin.results.findings import range_share
from twin.results.held import contradictions
from twin.results.investment import Investment
from twin.results.kpis import Kpi
from twin.results.limits import limit_of
from twin.results.read import Result, open_file
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster, is_cluster, load_cluster
from twin.scenario.yaml_source import parse_yaml
from twin.study.comparison import Comparison, Limit, Row
from twin.study.differences import ABSENT, RUN, differences, leaves_of
from twin.study.executors import Executor
from twin.study.investment import Means, payoffs
from twin.study.replicate import ONE_RUN, Kind, Procedure, Progress, Replications, Rounds, keep_in, opened
from twin.study.statistics import bonferroni, mean_of, needed_for_width
from twin.study.surplus import surplus_of
from twin.study.verdicts import WITHHELD, Method, change_of, direction, opposed

RESULTS = (".h5", ".hdf5")
"""A file whose name ends so holds results; any other one a scenario."""


def holds_results(path: Path) -> bool:
    """Whether a path names results: a file by its suffix, or a site of a cluster's."""
    return divided(path)[0].suffix.lower() in RESULTS


Item = Scenario | Cluster | Result | str | os.PathLike[str]
Runs = Mapping[tuple[int, int], Mapping[str, Kpi]]
"""Key figures of runs by seed and replication."""


@dataclass(frozen=True)
class _Side:
    """One column of a comparison."""

    name: str
    leaves: Mapping[str, str]
    lines: Mapping[str, Sequence[str]]
    runs: Runs
    warnings: float
    limited: Sequence[str] = ()
    range_share: float = 0.0

    def values(self, name: str, keys: Sequence[tuple[int, int]]) -> list[float]:
        return [self.runs[key][name].value if name in self.runs[key] else math.nan for key in keys]

    def mean(self, name: str) -> float:
        return mean_of([value for value in self.values(name, list(self.runs)) if not math.isnan(value)])


def compare(
    *items: Item,
    replications: int | None = None,
    kind: Kind = "terminating",
    until: float | None = None,
    at_most: int = 100,
    kpis: Sequence[str] = ("throughput",),
    confidence: float = 0.95,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    investment: Investment | None = None,
    payback_limit: float | None = None,
    replicated: Callable[[Sequence[Replications]], None] | None = None,
) -> Comparison:
    """Compare scenarios, which are run, or results, the first being the base.

    Scenarios (or their files) are run ``replications`` times each, 10 by default, on common random numbers where their seeds are equal; the arguments are those
    of :func:`~twin.study.replicate.replicate`, with ``until`` the half-width of a difference relative to the base's mean, and ``folder`` for the results
    files, which are not kept by default. Results (or their files) of one scenario make one side: several are taken pair by pair where seeds and replications
    match, as independent where none does; one run each has no interval.

    ``investment``: what each variant costs more than the base, else what their blocks ``money`` say; where there is one, the comparison holds what it
    brings, with the probability that it is paid back within ``payback_limit`` years.

    ``replicated(sides)`` is called with the replications of all scenarios.

    Raises :class:`~twin.errors.UsageError` for fewer than two sides, or a mixture, and what running and reading raise.
    """
    if payback_limit is not None and not payback_limit > 0.0:
        raise UsageError(f"a limit of payback must be above 0 years (got {payback_limit:g})")
    if len(items) < 2:
        raise UsageError(f"at least two scenarios or results are needed to compare (got {len(items)})")
    stored = [isinstance(item, Result) or (not isinstance(item, Scenario | Cluster) and holds_results(Path(item))) for item in items]
    if any(stored) and not all(stored):
        raise UsageError("scenarios and results cannot be compared with each other; give scenarios to run all, or results of all")
    if all(stored):
        if replications is not None or until is not None or folder is not None:
            raise UsageError("results hold the runs that were made; give scenarios to make others")
        return _with_payoffs(*_of_results(items, confidence), investment, payback_limit)
    procedure = Procedure(10 if replications is None else replications, kind, until, at_most, tuple(kpis), confidence)
    scenarios = [_loaded(item) for item in items]
    if len(dict.fromkeys(isinstance(scenario, Cluster) for scenario in scenarios)) > 1:
        raise UsageError("a cluster and one plant cannot be compared; a site of a cluster's file is one plant: FILE.h5/sites/NAME")
    names = _distinct([scenario.name for scenario in scenarios])
    keep = None if folder is None else keep_in(folder, names)
    with opened(executor, workers, address) as own:
        found = Rounds(scenarios, procedure, own, keep, progress).run(lambda sides: _enough(names, sides))
    if replicated is not None:
        replicated(found)
    return _with_payoffs(_of_replications(names, found), [_means(name, own) for name, own in zip(names, found, strict=True)], investment, payback_limit)


def _means(name: str, own: Replications) -> Means:
    scenario = own.scenario
    if isinstance(scenario, Cluster):
        return Means(name, scenario.horizon - scenario.warmup, {})
    every = scenario.record.every if scenario.record.every is not None else scenario.warmup or scenario.horizon
    window = scenario.horizon - window_begin(round(scenario.warmup * NANOSECONDS), round(every * NANOSECONDS)) / NANOSECONDS
    return Means(name, window, {place: investment_in(entry) for place, entry in investments_of(scenario).items()})


def _means_of_results(name: str, results: Sequence[Result]) -> Means:
    windows = [result.totals.duration for result in results]
    return Means(name, windows[0] if max(windows) - min(windows) <= 1e-9 * max(windows) else math.nan, results[0].totals.inputs.costs.investments)


def _with_payoffs(comparison: Comparison, sides: Sequence[Means], given: Investment | None, limit: float | None) -> Comparison:
    found, remarks = payoffs(comparison.rows, sides, given, limit)
    return replace(comparison, payoffs=tuple(found), remarks=(*comparison.remarks, *remarks))


def _loaded(item: Item) -> Scenario | Cluster:
    if isinstance(item, Scenario | Cluster):
        return item
    assert not isinstance(item, Result)
    return load_cluster(Path(item)) if is_cluster(Path(item)) else load(Path(item))


def _leaves(scenario: Scenario | Cluster) -> dict[str, str]:
    """Values by path; of a cluster each site's below its name, and its own."""
    if isinstance(scenario, Cluster):
        sites = {f"sites.{name}.{path}": text for name, site in scenario.sites.items() for path, text in _leaves(site).items()}
        return {**sites, **leaves_of({"links": {name: json.loads(text) for name, text in scenario.written.items()}}, {})}
    return leaves_of(scenario.merged, scenario.files) | {"seed": str(scenario.seed)}


def _lines(scenario: Scenario | Cluster) -> dict[str, Sequence[str]]:
    """The machines of each line, as key figures name them."""
    if isinstance(scenario, Cluster):
        return {}
    return {line.name: line.machines for line in topology.derive(scenario).lines}


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names with a number behind those that came before."""
    return tuple(f"{name}_{names[: k + 1].count(name)}" if name in names[:k] else name for k, name in enumerate(names))


def _enough(names: Sequence[str], found: Sequence[Replications]) -> int | None:
    """How many replications bring the differences of the watched figures to the wanted half-width."""
    procedure, made = found[0].procedure, found[0].n
    if procedure.until is None:
        return made
    comparison, needed = _of_replications(names, found), made
    for name in procedure.kpis:
        row = comparison[name]
        for interval in row.differences:
            width = procedure.until * abs(row.values[0])
            if interval is not None and interval.half_width > width:
                count = needed_for_width(interval, width)
                if count is None:
                    return None
                needed = max(needed, count, made + 1)
    return needed


def _of_replications(names: Sequence[str], found: Sequence[Replications]) -> Comparison:
    sides = []
    for name, own in zip(names, found, strict=True):
        scenario = own.scenario
        leaves, lines = _leaves(scenario), _lines(scenario)
        runs = {(scenario.seed, k): outcome.kpis or {} for k, outcome in enumerate(own.outcomes)}
        share = mean_of([outcome.range_share for outcome in own.outcomes])
        sides.append(_Side(name, leaves, lines, runs, own.warnings, [outcome.limit for outcome in own.outcomes], share))
    procedure = found[0].procedure
    remarks = [f"{name}: {verdict}" for name, own in zip(names, found, strict=True) for verdict in own.warm_up]
    remarks += _surpluses(names, found, bonferroni(procedure.confidence, len(found) - 1))
    comparison = _comparison(sides, procedure.confidence, procedure.kind, remarks)
    return comparison if procedure.until is None else _with_widths(comparison, procedure)


def _surpluses(names: Sequence[str], found: Sequence[Replications], confidence: float) -> Iterator[str]:
    """What links bring that only a variant has."""
    base = found[0].scenario
    for name, own in zip(names[1:], found[1:], strict=True):
        if isinstance(base, Cluster) and isinstance(own.scenario, Cluster) and base.seed == own.scenario.seed:
            runs = [[outcome.kpis or {} for outcome in side.outcomes] for side in (found[0], own)]
            yield from surplus_of((base, runs[0]), (own.scenario, runs[1]), name, confidence)


def _with_widths(comparison: Comparison, procedure: Procedure) -> Comparison:
    """The comparison with a remark for each difference that is not known as narrowly as was wanted."""
    remarks = list(comparison.remarks)
    for name in procedure.kpis:
        row = comparison[name]
        for variant, interval in zip(comparison.names[1:], row.differences, strict=True):
            width = interval.half_width / abs(row.values[0]) if interval is not None and row.values[0] else math.nan
            if width > (procedure.until or 0.0):
                got = f"{100 * width:.3g} % of the base after {comparison.runs[0]} replications"
                remarks.append(f"{name}: half-width of the difference of {variant} {got}, wanted {100 * (procedure.until or 0.0):.3g} %")
    return replace(comparison, remarks=tuple(remarks))


def _of_results(items: Sequence[Item], confidence: float) -> tuple[Comparison, list[Means]]:
    results = [item if isinstance(item, Result) else open_file(os.fspath(item)) for item in items if not isinstance(item, Scenario | Cluster)]
    try:
        with contradictions(", ".join(str(result.path) for result in results)):
            sides, means = _sides_of(results)
            return _comparison(sides, confidence, None, []), means
    finally:
        for given, result in zip(items, results, strict=True):
            if given is not result:
                result.close()


def _sides_of(results: Sequence[Result]) -> tuple[list[_Side], list[Means]]:
    """Results of one plant together; each alone where there is one plant only, or one run of each."""
    leaves = [leaves_of(parse_yaml(result.scenario, "scenario").plain(), result.files) for result in results]
    groups: dict[str, list[int]] = {}
    for k, found in enumerate(leaves):
        groups.setdefault(json.dumps([item for item in found.items() if item[0] not in RUN]), []).append(k)
    together = list(groups.values()) if 1 < len(groups) < len(results) else [[k] for k in range(len(results))]
    names = [_file_name(results[own[0]], own[0]) if len(own) == 1 else str(results[own[0]].attrs["scenario_name"]) for own in together]
    members = [[results[k] for k in own] for own in together]
    sides = [_side_of(name, own, leaves[places[0]]) for name, own, places in zip(_distinct(names), members, together, strict=True)]
    return sides, [_means_of_results(side.name, own) for side, own in zip(sides, members, strict=True)]


def _file_name(result: Result, k: int) -> str:
    return result.path.stem if result.path is not None else f"{result.attrs['scenario_name']} ({k + 1})"


def _side_of(name: str, results: Sequence[Result], leaves: Mapping[str, str]) -> _Side:
    runs: dict[tuple[int, int], Mapping[str, Kpi]] = {}
    for result in results:
        key = int(result.attrs["seed"]), int(result.attrs["replication"])
        if key in runs:
            raise UsageError(f"seed {key[0]}, replication {key[1]} of {name} is given twice; give each run once")
        runs[key] = result.kpis
    own = [", ".join(dict.fromkeys(str(key[part]) for key in runs)) for part in range(2)]
    lines = json.loads(str(results[0].array("scenario/kpi_inputs"))).get("lines", {})
    warnings = mean_of([float(result.array("units/range_warnings").sum()) for result in results])
    machines = {head: line["machines"] for head, line in lines.items()}
    limited, share = [limit_of(result.totals).short for result in results], mean_of([range_share(result) for result in results])
    return _Side(name, {**leaves, **dict(zip(RUN, own, strict=True))}, machines, runs, warnings, limited, share)


def _comparison(sides: Sequence[_Side], confidence: float, kind: Kind | None, remarks: Sequence[str]) -> Comparison:
    units = {name: kpi.unit for side in sides for run in side.runs.values() for name, kpi in run.items()}
    each = bonferroni(confidence, len(sides) - 1)
    pairings = [_pairing(sides[0], side) for side in sides[1:]]
    rows = []
    for name, unit in units.items():
        better, changes = direction(name, units), []
        for side, (method, base_keys, keys) in zip(sides[1:], pairings, strict=True):
            changes.append(change_of(sides[0].values(name, base_keys), side.values(name, keys), method, better, each))
        rows.append(Row(name, unit, tuple(side.mean(name) for side in sides), tuple(changes)))
    rows = _with_doubt(rows)
    return Comparison(
        tuple(side.name for side in sides),
        tuple(differences([side.leaves for side in sides])),
        tuple(rows),
        tuple(len(side.runs) for side in sides),
        tuple(_limits(sides)),
        tuple(_busiest(sides)),
        tuple(side.warnings for side in sides),
        confidence,
        kind,
        (*_how([method for method, _, _ in pairings], sides), *remarks),
        tuple(_most_often(side.limited) for side in sides),
        tuple(side.range_share for side in sides),
    )


def _with_doubt(rows: Sequence[Row]) -> list[Row]:
    """Withhold the verdict on money where what was paid and what was earned with the change of stock differ in sign."""
    by_name = {row.name: row for row in rows}
    if "margin" not in by_name or "margin_cash" not in by_name:
        return list(rows)
    pairs = zip(by_name["margin"].changes, by_name["margin_cash"].changes, strict=True)
    doubtful = [opposed(earned, paid) for earned, paid in pairs]

    def judged(row: Row) -> Row:
        changes = (replace(c, verdict=WITHHELD, needed=None) if d and c.verdict else c for c, d in zip(row.changes, doubtful, strict=True))
        return replace(row, changes=tuple(changes))

    return [judged(row) if row.name in ("margin", "margin_cash") else row for row in rows]


def _most_often(limited: Sequence[str]) -> str:
    """What limited most of the runs, and how many of them."""
    named = [limit for limit in limited if limit]
    if not named:
        return ABSENT
    most = max(dict.fromkeys(named), key=named.count)
    return most if len(limited) == 1 else f"{most} ({named.count(most)} of {len(limited)} runs)"


def _pairing(base: _Side, side: _Side) -> tuple[Method, list[tuple[int, int]], list[tuple[int, int]]]:
    """How the runs of two sides belong together: those of equal seed and replication had the same random numbers."""
    both = [key for key in base.runs if key in side.runs]
    if both:
        return ("paired" if len(both) > 1 else "one run"), both, both
    return ("independent" if min(len(base.runs), len(side.runs)) > 1 else "one run"), list(base.runs), list(side.runs)


def _how(methods: Sequence[Method], sides: Sequence[_Side]) -> list[str]:
    """How the differences were found, in words."""
    found = []
    for method, side in zip(methods, sides[1:], strict=True):
        of = "" if len(sides) == 2 else f"{side.name}: "
        if method == "one run":
            each = len(sides[0].runs) == len(side.runs) == 1
            found.append(f"{of}one run each: a change has no interval and may be chance" if each else f"{of}{ONE_RUN}, a change may be chance")
        elif method == "independent":
            found.append(f"{of}{len(sides[0].runs)} and {len(side.runs)} independent runs (Welch); equal seeds would make them share their random numbers")
        else:
            pairs = [key for key in sides[0].runs if key in side.runs]
            found.append(f"{of}{len(pairs)} pairs of runs with common random numbers")
    return list(dict.fromkeys(found))


def _limits(sides: Sequence[_Side]) -> list[Limit]:
    found = []
    for line in dict.fromkeys(head for side in sides for head in side.lines):
        own = [_limiting(side, side.lines.get(line, ())) for side in sides]
        if any(len(side.lines.get(line, ())) > 1 for side in sides):
            found.append(Limit(line, tuple(machine for machine, _ in own), tuple(share for _, share in own)))
    return found


def _limiting(side: _Side, machines: Sequence[str]) -> tuple[str, float]:
    shares = [(machine, side.mean(f"bottleneck_share.{machine}")) for machine in machines]
    return max((entry for entry in shares if entry[1] > 0), key=lambda entry: entry[1], default=(ABSENT, math.nan))


def _busiest(sides: Sequence[_Side]) -> Iterator[tuple[str, float]]:
    """Of each side, what runs most; what stands beside no line and always runs, such as a filter, is no bottleneck."""
    names = dict.fromkeys(name for side in sides for run in side.runs.values() for name in run if name.startswith("utilisation."))
    lines = {f"utilisation.{line}" for side in sides for line, machines in side.lines.items() if machines}
    means = {name: [side.mean(name) for side in sides] for name in names}
    candidates = [name for name in names if name in lines or any(mean < 1.0 for mean in means[name])]
    for k in range(len(sides)):
        shares = [(name.partition(".")[2], means[name][k]) for name in candidates if not math.isnan(means[name][k])]
        yield max(shares, key=lambda entry: entry[1], default=(ABSENT, math.nan))
