"""Two clusters beside one another over several years of weather and prices: the gain, its interval, and chance apart from the year.

A pair shares its random numbers and its year; no two pairs share their random numbers, or the interval over years would not hold what is chance. One-way
analysis of variance with random effects (years are groups of equal size), as in Searle, Casella, McCulloch, Variance Components, 1992, ch. 3 (from memory,
unverified).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from twin.errors import RunError, UsageError
from twin.results.kpis import Kpi
from twin.scenario.cluster import load_cluster
from twin.study.executors import Executor
from twin.study.replicate import Progress, opened
from twin.study.runs import Job, job_key
from twin.study.statistics import mean_of, variance_of
from twin.study.verdicts import Change, change_of, direction
from twin.study.years_file import YearsFile

LEAST_YEARS = 3


@dataclass(frozen=True)
class Parts:
    """The standard deviation of a difference by the year, and by chance within a year, of one run; NaN where there is one run a year."""

    year: float
    chance: float


def apart(differences: Sequence[Sequence[float]]) -> Parts:
    """Return what the year and what chance do to a difference (year, replication).

    >>> found = apart([[9.0, 11.0], [19.0, 21.0], [29.0, 31.0]])  # means 10, 20, 30; within each a variance of 2
    >>> round(found.chance**2, 9), round(found.year**2, 9)  # 100 between the means, of which 2/2 is chance
    (2.0, 99.0)
    """
    count = len(differences[0])
    means = [mean_of(row) for row in differences]
    if count < 2:
        return Parts(math.nan, math.nan)
    chance = mean_of([variance_of(row) for row in differences])
    return Parts(math.sqrt(max(0.0, variance_of(means) - chance / count)), math.sqrt(chance))


@dataclass(frozen=True)
class YearsRow:
    """A key figure: its mean in base and variant, the ``change`` with the interval over years, and what year and chance do to it."""

    name: str
    unit: str
    base: float
    variant: float
    change: Change
    parts: Parts


@dataclass(frozen=True)
class OverYears:
    """A comparison over ``years`` (their names), each run ``replications`` times in both cases."""

    names: tuple[str, str]
    years: tuple[str, ...]
    replications: int
    confidence: float
    rows: tuple[YearsRow, ...]

    def __getitem__(self, kpi: str) -> YearsRow:
        for row in self.rows:
            if row.name == kpi:
                return row
        raise KeyError(f"no KPI {kpi!r}")


def compare_over_years(
    base: Path,
    variant: Path,
    file: str,
    years: Mapping[str, str],
    *,
    replications: int = 2,
    confidence: float = 0.95,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    progress: Progress | None = None,
    keep: Path | None = None,
) -> OverYears:
    """Run both clusters in every year, where ``years`` has by name the text that takes the place of the series file ``file``, and compare.

    ``keep``: a file in which each run is kept as it finishes; runs that it has already are not made again.

    Raises :class:`~twin.errors.UsageError` for fewer than three years or a file that neither cluster reads, and what loading and running raise.
    """
    if len(years) < LEAST_YEARS:
        raise UsageError(f"at least {LEAST_YEARS} years are needed to tell the year from chance (got {len(years)})")
    cases = [[load_cluster(path, given={file: text}) for text in years.values()] for path in (base, variant)]
    if not any(file in cluster.files for clusters in cases for cluster in clusters):
        raise UsageError(f"neither {base.name} nor {variant.name} reads a series of {file}: name the file as their block energy does")
    if cases[0][0].seed != cases[1][0].seed:
        raise UsageError("both cases need the same seeds of their sites, so that a pair shares its chance")
    places = [(c, y, k) for y in range(len(years)) for k in range(replications) for c in range(2)]
    jobs = [Job(cases[c][y], y * replications + k) for c, y, k in places]
    names = cases[0][0].name, cases[1][0].name if cases[1][0].name != cases[0][0].name else f"{cases[1][0].name}_2"
    with opened(executor, workers, address) as own, YearsFile(keep) if keep is not None else nullcontext() as file_of_runs:
        found = dict(zip(places, _made(jobs, own, file_of_runs, progress), strict=True))
        if file_of_runs is not None:
            head = {"names": names, "years": list(years), "replications": replications}
            told = [{"case": names[c], "year": list(years)[y], "replication": y * replications + k} for c, y, k in places]
            environment = own.environment()
            file_of_runs.write(head, zip([job_key(job, environment) for job in jobs], told, strict=True))
    return OverYears(names, tuple(years), replications, confidence, tuple(_rows(found, len(years), replications, confidence)))


def _made(jobs: Sequence[Job], executor: Executor, kept: YearsFile | None, progress: Progress | None) -> list[Mapping[str, Kpi]]:
    """The key figures of all jobs; those that are kept already are not run. Raises ``RunError`` for one that fails."""
    found: dict[int, Mapping[str, Kpi]] = {}
    keys: list[str] = []
    if kept is not None:
        environment = executor.environment()
        keys = [job_key(job, environment) for job in jobs]
        found = {k: outcome.kpis for k, key in enumerate(keys) if (outcome := kept.outcome(key)) is not None and outcome.kpis is not None}
    open_ones = [k for k in range(len(jobs)) if k not in found]
    if progress is not None and found:
        progress(len(found), len(jobs))
    for place, outcome in executor.run(jobs[k] for k in open_ones):
        k = open_ones[place]
        if outcome.kpis is None:
            raise RunError(f"{jobs[k].scenario.name}, replication {jobs[k].replication}: {outcome.error}")
        if kept is not None:
            kept.append(keys[k], outcome)
        found[k] = outcome.kpis
        if progress is not None:
            progress(len(found), len(jobs))
    return [found[k] for k in range(len(jobs))]


def _rows(found: Mapping[tuple[int, int, int], Mapping[str, Kpi]], years: int, count: int, confidence: float) -> Iterator[YearsRow]:
    units = {name: kpi.unit for run in found.values() for name, kpi in run.items()}
    for name, unit in units.items():
        sides = [[[_value(found[c, y, k], name) for k in range(count)] for y in range(years)] for c in range(2)]
        if any(math.isnan(value) for side in sides for row in side for value in row):
            continue
        means = [[mean_of(row) for row in side] for side in sides]
        change = change_of(means[0], means[1], "paired", direction(name, units), confidence)
        rows = [[b - a for a, b in zip(*pair, strict=True)] for pair in zip(*sides, strict=True)]
        yield YearsRow(name, unit, mean_of(means[0]), mean_of(means[1]), change, apart(rows))


def _value(run: Mapping[str, Kpi], name: str) -> float:
    return run[name].value if name in run else math.nan
