"""Replications of a scenario: key figures with intervals, as many runs as are asked for or as an interval of a wanted width needs."""

from __future__ import annotations

import contextlib
import html
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from twin.errors import FileError, RunError, UsageError
from twin.quantities import format_quantity
from twin.results.kpis import kpi_text
from twin.results.replace import make_folder
from twin.results.texts import interval_text
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.problems import nearest
from twin.study.executors import Executor
from twin.study.named_executor import executor as executor_named
from twin.study.periods import WarmUp, period_means, period_of
from twin.study.runs import Job, Outcome
from twin.study.statistics import (
    Interval,
    check_confidence,
    mean_of,
    needed_for_width,
    next_number,
    ratio_of_sums,
    steady_state,
    student_interval,
)

Kind = Literal["terminating", "steady"]
"""``terminating``: what happens from start to horizon, warm-up left out. ``steady``: what the plant tends to, whatever it began with."""
KINDS: tuple[Kind, ...] = ("terminating", "steady")
Progress = Callable[[int, int], None]
"""Called with the runs that have finished and those that are planned so far."""
Series = Mapping[str, Sequence[float]]
"""Means over periods, by key figure."""
ONE_RUN = "one run: no interval"
SAME = 1e-9
"""Bounds that differ by less are the same."""
CLUSTER_FIGURE = "margin"
"""What is watched of a cluster where nothing else is asked for; it has no throughput of its own."""
LEAST_RUNS = 20
"""A sequential procedure begins with at least so many runs: the spread of fewer is itself so uncertain that it stops too early too often."""


@dataclass(frozen=True)
class Procedure:
    """How many replications there are and what is said of them.

    ``number`` runs; with ``until``, a half-width relative to the mean, at least :data:`LEAST_RUNS` are made, and more until that of each figure in ``kpis`` is
    reached, ``at_most`` in all.
    """

    number: int = 10
    kind: Kind = "terminating"
    until: float | None = None
    at_most: int = 100
    kpis: tuple[str, ...] = ("throughput",)
    confidence: float = 0.95

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.number < 1:
            raise UsageError(f"at least one replication is needed (got {self.number})")
        if self.kind not in KINDS:
            raise UsageError(f"a study is 'terminating' or 'steady' (got {self.kind!r})")
        if self.until is not None and not (math.isfinite(self.until) and self.until > 0):
            raise UsageError(f"a relative half-width is above 0, e.g. 0.05 or '5 %' (got {self.until})")
        if self.until is not None and self.at_most < max(2, self.number):
            raise UsageError(f"at most {self.at_most} replications are less than the {max(2, self.number)} to begin with")

    @property
    def first(self) -> int:
        """How many runs there are before anything is judged."""
        return self.number if self.until is None else min(self.at_most, max(self.number, LEAST_RUNS))


@dataclass(frozen=True)
class Estimate:
    """One key figure over replications: its ``values``, NaN where a run has none, and the interval of their mean, None for fewer than two."""

    name: str
    unit: str
    values: tuple[float, ...]
    interval: Interval | None
    ratio: Interval | None = None
    """Of a ratio: that of the sums over all runs, with the interval of the jackknife. ``interval`` is that of the mean of ratios."""
    low: float = math.nan
    high: float = math.nan
    """Of a share of what was processed: the means of its bounds, the change of stock lost, or recovered."""

    @property
    def known(self) -> list[float]:
        """The values without NaN."""
        return [value for value in self.values if not math.isnan(value)]

    @property
    def n(self) -> int:
        """How many runs have a value."""
        return len(self.known)

    @property
    def mean(self) -> float:
        """The mean over the runs that have a value."""
        return mean_of(self.known)

    @property
    def relative_half_width(self) -> float:
        """Half-width over mean, NaN where there is none."""
        return self.interval.half_width / abs(self.mean) if self.interval is not None and self.mean else math.nan

    @property
    def flag(self) -> str:
        """What to know before the figure is used; "" where nothing is amiss."""
        if self.n == 0:
            return "no value"
        if self.n == 1:
            return ONE_RUN
        if self.n < len(self.values):
            return f"a value in {self.n} of {len(self.values)} runs only"
        return f"the change of stock makes it {self.bounds}" if self.open else ""

    @property
    def open(self) -> bool:
        """Whether the change of stock leaves more open than chance does: its bounds are wider than the interval, or hold 100 %."""
        return self.interval is not None and (self.high >= 1.0 + SAME or self.high - self.low > max(2.0 * self.interval.half_width, SAME))

    @property
    def bounds(self) -> str:
        """The bounds as people read them."""
        return interval_text(self.name, self.mean, self.low, self.high, self.unit)

    @property
    def ratio_text(self) -> str:
        """The ratio of sums as people read it, "" of what is no ratio."""
        return "" if self.ratio is None else kpi_text(self.name, self.ratio.mean, self.unit)

    def texts(self) -> tuple[str, str]:
        """Return mean and interval as people read them, the interval "" where there is none."""
        found = self.interval
        ends = "" if found is None else interval_text(self.name, found.mean, found.low, found.high, self.unit)
        return kpi_text(self.name, self.mean, self.unit), ends


class Replications(Mapping[str, Estimate]):
    """The key figures of a scenario over its replications, by name; a notebook shows them as a table."""

    def __init__(self, scenario: Scenario | Cluster, procedure: Procedure, outcomes: Sequence[Outcome], series: Sequence[Series] = ()) -> None:
        self.scenario, self.procedure, self.outcomes, self._series = scenario, procedure, tuple(outcomes), tuple(series)
        units = {name: kpi.unit for outcome in outcomes for name, kpi in (outcome.kpis or {}).items()}
        self._estimates = {name: self._estimate(name, unit) for name, unit in units.items()}

    def _estimate(self, name: str, unit: str) -> Estimate:
        runs = [outcome.kpis.get(name) if outcome.kpis else None for outcome in self.outcomes]
        found = [math.nan if kpi is None else kpi.value for kpi in runs]
        interval = student_interval([v for v in found if not math.isnan(v)], self.procedure.confidence)
        known = [kpi for kpi in runs if kpi is not None and not math.isnan(kpi.above + kpi.below)]
        ratio = ratio_of_sums([kpi.above for kpi in known], [kpi.below for kpi in known], self.procedure.confidence) if len(known) == len(runs) else None
        low, high = (mean_of([end for kpi in known if not math.isnan(end := getattr(kpi, side))]) for side in ("low", "high"))
        return Estimate(name, unit, tuple(found), interval, ratio, low, high)

    def __getitem__(self, name: str) -> Estimate:
        try:
            return self._estimates[name]
        except KeyError:
            raise KeyError(f"no KPI {name!r}; {nearest(name, self._estimates)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._estimates)

    def __len__(self) -> int:
        return len(self._estimates)

    @property
    def n(self) -> int:
        """The number of runs."""
        return len(self.outcomes)

    @property
    def warnings(self) -> float:
        """How often a run left the valid range of a model, on average."""
        return mean_of([float(outcome.warnings) for outcome in self.outcomes])

    @cached_property
    def warm_up(self) -> tuple[WarmUp, ...]:
        """The verdict on the warm-up for each figure that is watched; none of a terminating study, which starts as the plant does."""
        if isinstance(self.scenario, Cluster):
            return ()
        period = period_of(self.scenario)
        found = {name: [series[name] for series in self._series] for name in (self._series[0] if self._series else ())}
        return tuple(WarmUp(name, period, self.scenario.warmup, steady_state(means)) for name, means in found.items())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to know of the study as a whole."""
        found = [ONE_RUN] if self.n == 1 else []
        wanted = self.procedure.until
        for name in self.procedure.kpis if wanted is not None else ():
            estimate, needed = self[name], self.needed(name)
            if needed is None or needed > self.n:
                count = f"about {needed}" if needed is not None else "very many"
                got = f"{100 * estimate.relative_half_width:.3g} % of the mean" if estimate.mean else "of a mean of 0"
                found.append(f"{name}: half-width {got} after {self.n} replications, wanted {100 * (wanted or 0):.3g} %; needs {count}")
        return tuple(found)

    def needed(self, name: str) -> int | None:
        """Return how many replications the wanted half-width of a figure takes, by the spread found so far; None for more than can be counted on."""
        interval, wanted = self[name].interval, self.procedure.until
        if interval is None or wanted is None:
            return None
        if interval.half_width <= wanted * abs(interval.mean):
            return interval.n
        needed = needed_for_width(interval, wanted * abs(interval.mean))
        return None if needed is None else max(needed, interval.n + 1)

    def title(self) -> str:
        """Return what the figures are of: number, kind and window."""
        window = f"from {format_quantity(self.scenario.warmup, 's')} to {format_quantity(self.scenario.horizon, 's')}"
        return f"{self.n} replication{'' if self.n == 1 else 's'}, {self.procedure.kind} ({window})"

    def __repr__(self) -> str:
        width = max((len(name) for name in self), default=0)
        rows = [f"{name:{width}}  {estimate.texts()[0]} ({estimate.texts()[1] or estimate.flag})" for name, estimate in self.items()]
        return "\n".join([self.title(), *rows, *self.remarks, *map(str, self.warm_up)])

    def _repr_html_(self) -> str:
        head = f"<tr><th>KPI</th><th>mean</th><th>{100 * self.procedure.confidence:.4g} % interval</th><th>n</th><th></th></tr>"
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in (name, *estimate.texts(), str(estimate.n), estimate.flag)) + "</tr>"
            for name, estimate in self.items()
        )
        notes = "".join(f"<p>{html.escape(str(note))}</p>" for note in (*self.remarks, *self.warm_up))
        return f"<h4>{html.escape(self.title())}</h4><table>{head}{body}</table>{notes}"


def replicate(
    scenario: Scenario | Cluster,
    *,
    number: int = 10,
    kind: Kind = "terminating",
    until: float | None = None,
    at_most: int = 100,
    kpis: Sequence[str] = ("throughput",),
    confidence: float = 0.95,
    executor: str | Executor = "processes",
    workers: int | None = None,
    address: str | None = None,
    keep: Callable[[int], Path] | None = None,
    progress: Progress | None = None,
) -> Replications:
    """Run replications 0 to ``number`` - 1 of a scenario, or of a cluster, and return its key figures with intervals.

    ``kind`` says what the study is of: ``"terminating"``, from start to horizon without the warm-up, or ``"steady"``, what the plant tends to; then the warm-up
    is judged (:attr:`Replications.warm_up`). With ``until``, a half-width relative to the mean, runs are added until that of each figure in ``kpis`` is reached
    or ``at_most`` are made. ``executor`` is as in :func:`twin.study.named_executor.executor`, or an open one. ``keep(k)`` names the results file of
    replication k; by default none is kept. Nothing is printed; ``progress(finished, planned)`` is called after each run.

    The result does not depend on executor and workers. Raises :class:`~twin.errors.RunError` where a run fails, ``UsageError`` for wrong arguments.
    """
    procedure = Procedure(number, kind, until, at_most, tuple(kpis), confidence)
    kept = None if keep is None else lambda _, k: keep(k)
    with opened(executor, workers, address) as own:
        return Rounds([scenario], procedure, own, kept, progress).run(_enough)[0]


def _enough(found: Sequence[Replications]) -> int | None:
    """How many replications the wanted half-widths take."""
    own = found[0]
    if own.procedure.until is None:
        return own.n
    needed = [own.needed(name) for name in own.procedure.kpis]
    return None if None in needed else max(count for count in needed if count is not None)


@contextlib.contextmanager
def opened(executor: str | Executor, workers: int | None = None, address: str | None = None) -> Iterator[Executor]:
    """Open an executor by name for as long as the block lasts; one that is open already stays so."""
    if isinstance(executor, Executor):
        yield executor
        return
    with executor_named(executor, workers, address) as own:
        yield own


class Rounds:
    """Runs the same replications of some scenarios, round after round until there are enough.

    What is enough is asked after whole rounds only, so that neither executor nor order decides how many there are.
    """

    def __init__(
        self,
        scenarios: Sequence[Scenario | Cluster],
        procedure: Procedure,
        executor: Executor,
        keep: Callable[[int, int], Path] | None = None,
        progress: Progress | None = None,
    ) -> None:
        if any(isinstance(scenario, Cluster) for scenario in scenarios):
            procedure = _of_clusters(procedure)
        self.scenarios, self.procedure, self.executor = scenarios, procedure, executor
        self._keep, self._progress = keep, progress
        self._outcomes: list[list[Outcome]] = [[] for _ in scenarios]
        self._series: list[list[Series]] = [[] for _ in scenarios]
        self._finished = 0

    def run(self, enough: Callable[[Sequence[Replications]], int | None]) -> list[Replications]:
        """Make the runs; ``enough(so far)`` says how many replications are wanted in all, None for more than can be counted on."""
        procedure, wanted = self.procedure, self.procedure.first
        with tempfile.TemporaryDirectory(prefix="twin-") as folder:
            while True:
                self._round(wanted, Path(folder))
                found = [Replications(*parts) for parts in zip(self.scenarios, [procedure] * len(self.scenarios), self._outcomes, self._series, strict=True)]
                self._check_names(found)
                made = wanted
                wanted = next_number(made, enough(found), made if procedure.until is None else procedure.at_most)
                if wanted == made:
                    return found

    def _check_names(self, found: Sequence[Replications]) -> None:
        for name in self.procedure.kpis:
            if not any(name in own for own in found):
                raise UsageError(f"no KPI {name!r}; {nearest(name, [known for own in found for known in own])}")

    def _round(self, wanted: int, folder: Path) -> None:
        """Bring every scenario to ``wanted`` replications."""
        made = len(self._outcomes[0])
        places = [(s, k) for k in range(made, wanted) for s in range(len(self.scenarios))]
        planned = self._finished + len(places)
        outcomes: dict[int, Outcome] = {}
        series: dict[int, Series] = {}
        for index, outcome in self.executor.run(Job(self.scenarios[s], k, keep=self._path(s, k, folder)) for s, k in places):
            s, k = places[index]
            if outcome.kpis is None:
                _fail(self.scenarios[s], k, outcome)
            outcomes[index], series[index] = outcome, self._reduced(s, k, folder)
            self._finished += 1
            if self._progress is not None:
                self._progress(self._finished, planned)
        for index, (s, _) in enumerate(places):
            self._outcomes[s].append(outcomes[index])
            if series[index]:
                self._series[s].append(series[index])

    def _path(self, s: int, k: int, folder: Path) -> Path | None:
        """Where the results file of a run goes. Of a steady study one is needed for as long as it takes to look at its periods."""
        if self._keep is not None:
            return self._keep(s, k).absolute()  # workers may stand elsewhere
        return folder / f"{s}-{k}.h5" if self.procedure.kind == "steady" else None

    def _reduced(self, s: int, k: int, folder: Path) -> Series:
        """The means over periods of a run, which alone are kept of its arrays."""
        path, scenario = self._path(s, k, folder), self.scenarios[s]
        if self.procedure.kind != "steady" or path is None or isinstance(scenario, Cluster):
            return {}
        import h5py

        watched = tuple(dict.fromkeys(("throughput", *self.procedure.kpis)))
        try:
            with h5py.File(path, "r") as file:
                return period_means(file, period_of(scenario), watched)
        except FileNotFoundError:
            raise FileError(f"{path} is not there: workers on other computers need a folder that all share; give one with -o") from None
        finally:
            if self._keep is None:
                path.unlink(missing_ok=True)


def _of_clusters(procedure: Procedure) -> Procedure:
    """The procedure of a study with clusters in it."""
    if procedure.kind == "steady":
        raise UsageError("--kind steady is of one plant: the warm-up of a cluster's sites is judged site by site")
    return replace(procedure, kpis=(CLUSTER_FIGURE,)) if procedure.kpis == ("throughput",) else procedure


def _fail(scenario: Scenario | Cluster, replication: int, outcome: Outcome) -> None:
    kind, _, text = outcome.error.partition(": ")
    message = f"{scenario.name}, replication {replication}: {text if kind.endswith('Error') else outcome.error}"
    raise FileError(message) if kind == "FileError" else RunError(message)


def keep_in(folder: str | os.PathLike[str], names: Sequence[str]) -> Callable[[int, int], Path]:
    """Return how to name the files of runs that are kept in a folder, which is made: ``FOLDER/NAME-rK.h5``."""
    place = Path(folder)
    make_folder(place)
    return lambda s, k: place / f"{names[s]}-r{k}.h5"
