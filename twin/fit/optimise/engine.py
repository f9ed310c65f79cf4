"""The whole of an optimisation: start, search, choice, verdict. What makes the runs is given: a plant, or a function in its place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.errors import RunError
from twin.fit.optimise import front, search, surrogate
from twin.fit.optimise.archive import Archive, Trial
from twin.fit.optimise.finalists import finalists
from twin.fit.optimise.front import Front, judge_front
from twin.fit.optimise.problem import SEARCH, Observation, Problem, Request, Runs
from twin.fit.optimise.selection import select
from twin.fit.optimise.space import Setting
from twin.fit.optimise.surrogate import Surrogate
from twin.fit.optimise.verdict import Verdict, judge
from twin.study.statistics import mean_of


@dataclass(frozen=True)
class Outcome(ABC):
    """What an optimisation found: all trials, and the surrogate that was fitted to them at the end."""

    problem: Problem
    archive: Archive
    surrogate: Surrogate

    @property
    @abstractmethod
    def selected(self) -> Setting | None:
        """The setting that was selected; None where it does not surely keep the limits."""


@dataclass(frozen=True)
class Single(Outcome):
    """With one objective: the verdict on the best setting."""

    verdict: Verdict

    @property
    def selected(self) -> Setting | None:
        return self.verdict.best.setting if self.verdict.best.keeps else None


@dataclass(frozen=True)
class Double(Outcome):
    """With two objectives: their front; its knee is what is selected."""

    front: Front

    @property
    def selected(self) -> Setting | None:
        knee = self.front.at_knee
        return knee.point.setting if knee.fresh.keeps else None


def explore(problem: Problem, runs: Runs) -> Archive:
    """Spend the budget of the search: the start, then batch after batch; where there are no more settings than that, try each. Raises
    :class:`~twin.errors.RunError` where every run fails."""
    search.check_installed()
    archive = Archive(problem)
    effort = problem.effort
    whole = 0 < problem.space.size <= effort.budget
    first = [] if problem.base is None else [problem.space.setting(problem.base)]
    more = problem.space.every() if whole else search.start(problem, effort.start)
    rest = [setting for setting in more if setting not in first][: None if whole else effort.start - len(first)]
    _try(archive, [*((setting, "base") for setting in first), *((setting, "all" if whole else "sobol") for setting in rest)], runs)
    if not archive.usable:
        raise RunError(f"none of the first {len(archive)} settings gave a value of every objective and limit; look at one of them with 'twin run'")
    while not whole and len(archive) < effort.budget:
        count = min(effort.batch, effort.budget - len(archive))
        own = [(setting, "surrogate") for setting in surrogate.propose(archive, surrogate.surrogate_of(archive), count // 2)]
        _try(archive, [*own, *((setting, "tpe") for setting in search.propose(archive, count - len(own)))], runs)
    return archive


def _try(archive: Archive, settings: Sequence[tuple[Setting, str]], runs: Runs) -> None:
    """Run settings and keep what they showed. One that was tried before meets the next replications."""
    each, times = archive.problem.effort.replications, dict[Setting, int]()
    requests = []
    for setting, _ in settings:
        again = times.get(setting, archive.times(setting))
        times[setting] = again + 1
        requests += [Request(setting, SEARCH + again * each + k, "search") for k in range(each)]
    seen = runs.make(requests)
    for place, (setting, by) in enumerate(settings):
        archive.trials.append(Trial(setting, merged(seen[place * each : (place + 1) * each]), by))


def merged(runs: Sequence[Observation | None]) -> Observation | None:
    """Return the means of several runs, with the periods of all of them; None where one failed."""
    known = [run for run in runs if run is not None]
    if len(known) < len(runs) or len(known) == 1:
        return known[0] if len(known) == len(runs) else None
    values = {name: mean_of([run.values[name] for run in known]) for name in known[0].values}
    return Observation(values, {name: tuple(value for run in known for value in run.periods[name]) for name in known[0].periods})


def optimise_problem(problem: Problem, runs: Runs) -> Outcome:
    """Search, choose and judge."""
    return optimise_one(problem, runs) if len(problem.objectives) == 1 else optimise_two(problem, runs)


def optimise_one(problem: Problem, runs: Runs) -> Single:
    """Search, choose and judge, with one objective."""
    archive = explore(problem, runs)
    fitted = surrogate.surrogate_of(archive)
    choice = select(problem, with_base(problem, finalists(archive, fitted, problem.effort.finalists)), runs)
    return Single(problem, archive, fitted, judge(problem, choice, runs))


def with_base(problem: Problem, settings: Sequence[Setting]) -> list[Setting]:
    """Return finalists with the base among them: the search may have been lucky, and must not lose to it."""
    if problem.base is None:
        return list(settings)
    base = problem.space.setting(problem.base)
    return list(settings) if base in settings else [*settings, base]


def optimise_two(problem: Problem, runs: Runs) -> Double:
    """Search, choose and judge, with two objectives."""
    archive = explore(problem, runs)
    fitted = surrogate.surrogate_of(archive)
    return Double(problem, archive, fitted, judge_front(problem, front.finalists(archive, fitted), runs))


Function = Callable[[Mapping[str, float], np.random.Generator], Observation]


@dataclass
class FunctionRuns:
    """Runs of a function in the place of a plant: of values by name, SI, and a generator that has the replication's random numbers."""

    function: Function
    base: Mapping[str, float]
    seed: int = 0
    common: bool = False
    """Whether settings share their random numbers, as those of a plant do."""
    made: int = field(default=0, init=False)

    def make(self, requests: Sequence[Request]) -> list[Observation | None]:
        """Call the function once for each request."""
        found: list[Observation | None] = []
        for request in requests:
            own = self.made if not self.common else 0
            self.made += 1
            draw = np.random.default_rng((self.seed, request.replication, own))
            values = self.base if request.setting is None else dict(zip(request.setting.space.names, request.setting.values, strict=True))
            found.append(self.function(values, draw))
        return found
