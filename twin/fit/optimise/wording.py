"""What an optimisation found, in words and cells: for the terminal, the page and whoever prints it in Python."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twin.fit.optimise.archive import goal_of
from twin.fit.optimise.chance import Kept
from twin.fit.optimise.engine import Outcome
from twin.fit.optimise.problem import SURE, Limit, Objective
from twin.fit.optimise.selection import Judged
from twin.fit.optimise.space import Setting
from twin.fit.optimise.study import OptimiseStudy
from twin.fit.optimise.surrogate import TRUSTED, importances
from twin.fit.optimise.verdict import NOT_KEPT, Fresh, Verdict
from twin.results.kpis import kpi_text
from twin.results.texts import difference_text
from twin.study.statistics import MOST_NEEDED, mean_of
from twin.study.verdicts import Change

SAMPLED = ("grade_found", "offspec_share")
TRUE = ("grade", "offspec_share_true", "recovery")
"""Figures that tell what samples show, and what is true, where that differs."""


def limit_text(limit: Limit, unit: str) -> str:
    """Return a limit as people say it: ``grade.steel.Fe (true) at least 95 % in 90 % of ISO weeks``."""
    stem = limit.name.partition(".")[0]
    which = " (as sampled)" if stem in SAMPLED else " (true)" if stem in TRUE else ""
    side = "at least" if limit.sense > 0 else "at most"
    often = "" if limit.share is None else f" in {100 * limit.share:.4g} % of {'ISO weeks' if limit.per == 'week' else 'days'}"
    return f"{limit.name}{which} {side} {kpi_text(limit.name, limit.value, unit)}{often}"


def kept_text(kept: Kept, unit: str) -> str:
    """Return what runs say of a limit: its share or mean, and the bound that is judged."""
    if math.isnan(kept.value):
        return "no value"
    if kept.limit.share is None:
        bound = "" if math.isnan(kept.low) else f" ({'at least' if kept.limit.sense > 0 else 'at most'} {kpi_text(kept.limit.name, kept.low, unit)})"
        return f"{kpi_text(kept.limit.name, kept.value, unit)}{bound}"
    return f"{100 * kept.value:.4g} % (at least {100 * kept.low:.3g} %)"


def periods_text(kept: Kept) -> str:
    """Return of how many periods a share is, and as how many independent ones they count; "" of a limit on a mean."""
    if kept.limit.share is None or not kept.periods:
        return ""
    return f"{kept.periods} {kept.limit.per}s of {kept.runs} runs count as {kept.counted:.0f} independent ones"


def effort_text(outcome: Outcome) -> str:
    """Return what was run."""
    trials = outcome.archive.trials
    by = [sum(trial.by in who for trial in trials) for who in (("base", "sobol"), ("tpe",), ("surrogate",))]
    failed = sum(trial.observation is None for trial in trials)
    base = " (the base one of them)" if trials[0].by == "base" else ""
    parts = [f"{len(trials)} settings tried: {by[0]} of a Sobol' sequence{base}, {by[1]} by TPE, {by[2]} by the surrogate"]
    if failed:
        parts.append(f"{failed} of them failed")
    return "; ".join(parts)


def surrogate_text(outcome: Outcome) -> str:
    """Return whether the surrogate can be trusted."""
    fit = outcome.surrogate.goals[0]
    name = outcome.problem.objectives[0].name
    if fit is None:
        return f"no surrogate of {name}: too few settings, or all alike; no importances"
    r2 = f"R2 {fit.r2:.2f} by leave-one-out"
    return f"surrogate of {name}: {r2}" if fit.trusted else f"surrogate of {name}: {r2}, under {TRUSTED:g}: not trusted, not used; no importances"


def importance_rows(outcome: Outcome) -> list[tuple[str, float]]:
    """Return what varies with its total index on the surrogate, largest first; nothing where that is not trusted."""
    fit, space = outcome.surrogate.goals[0], outcome.problem.space
    if fit is None or not fit.trusted:
        return []
    return sorted(zip(space.names, importances(fit, space, outcome.problem.seed), strict=True), key=lambda row: -row[1])


def value_text(objective: Objective, goal: float, unit: str) -> str:
    """Return a value that was turned, as it is."""
    return kpi_text(objective.name, objective.sense * goal, unit)


def setting_cells(setting: Setting | None, count: int) -> list[str]:
    """Return the values of a setting as cells; the base has none."""
    return [str(value) for value in setting.written] if setting is not None else ["" for _ in range(count)]


def searched(outcome: Outcome, setting: Setting) -> float:
    """Return the mean of the objective of a setting in the search, turned; NaN where it failed."""
    objective = outcome.problem.objectives[0]
    return mean_of([goal_of(objective, trial.observation) for trial in outcome.archive if trial.setting == setting and trial.observation is not None])


def finalist_rows(study: OptimiseStudy, outcome: Outcome) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the finalists, the selected one first."""
    problem, (objective, *_) = study.problem, study.problem.objectives
    unit = study.units[objective.name]
    headings = ["", *problem.space.names, f"{objective.name}, search", "choice", "runs", *(limit.name for limit in problem.limits)]
    rows = []
    for k, one in enumerate(outcome.verdict.choice.judged):
        found = [value_text(objective, value, unit) for value in (searched(outcome, one.finalist.setting), one.mean)]
        limits = [kept_text(kept, study.units[kept.limit.name]) for kept in one.kept]
        rows.append([str(k + 1), *setting_cells(one.finalist.setting, 0), *found, str(len(one.finalist.runs)), *limits])
    return headings, rows


def fresh_rows(study: OptimiseStudy, verdict: Verdict) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of base, best and runner-up on fresh random numbers."""
    problem, objective = study.problem, verdict.objective
    unit = study.units[objective.name]
    headings = ["", *problem.space.names, objective.name, "less the base", *(limit.name for limit in problem.limits)]
    sides = [("base", verdict.base, ""), ("best", verdict.best, over_text(study, verdict, verdict.over_base))]
    if verdict.runner_up is not None:
        sides.append(("runner-up", verdict.runner_up, ""))
    rows = []
    for name, side, less in sides:
        mean = kpi_text(objective.name, _mean(side, objective), unit)
        rows.append([name, *setting_cells(side.setting, len(problem.space)), mean, less, *(kept_text(one, study.units[one.limit.name]) for one in side.kept)])
    return headings, rows


def _mean(side: Fresh, objective: Objective) -> float:
    interval = side.intervals[objective.name]
    return math.nan if interval is None else interval.mean


def over_text(study: OptimiseStudy, verdict: Verdict, change: Change) -> str:
    """Return a paired difference with its half-width."""
    name = verdict.objective.name
    width = None if change.interval is None else change.interval.half_width
    return difference_text(name, change.difference, width, study.units[name], _mean(verdict.base, verdict.objective), _mean(verdict.best, verdict.objective))


def sentences(study: OptimiseStudy, outcome: Outcome) -> list[str]:
    """Return the verdict in sentences: better than the base or not, how surely selected, the runner-up, whether more runs could change it."""
    verdict = outcome.verdict
    said = [_against_base(study, verdict)]
    said += [_limit_said(study, kept) for kept in verdict.best.kept]
    said.append(_selected(study, verdict))
    if verdict.over_runner_up is not None:
        rival = "" if verdict.runner_up is None or verdict.runner_up.keeps else ", which does not surely keep the limits"
        said.append(f"the best less the runner-up{rival}: {over_text(study, verdict, verdict.over_runner_up) or 'no value'}")
    said.append(_more_runs(verdict))
    return said


def _against_base(study: OptimiseStudy, verdict: Verdict) -> str:
    name, runs = verdict.objective.name, study.problem.effort.confirm
    less = over_text(study, verdict, verdict.over_base)
    on = f"{name} {less} on {runs} fresh pairs of runs, 95 % interval" if less else f"no value of {name} on fresh runs"
    heads = {
        "better": "the best setting is better than the base",
        "worse": "the best setting found is worse than the base",
        "no change": "the best setting does what the base does",
        NOT_KEPT: "no setting was found that surely keeps the limits; the nearest one is shown",
    }
    return f"{heads.get(verdict.word, 'cannot tell whether the best setting is better than the base')}: {on}"


def _limit_said(study: OptimiseStudy, kept: Kept) -> str:
    unit = study.units[kept.limit.name]
    word = "kept" if kept.sure >= SURE else "broken" if kept.sure <= 1.0 - SURE else "cannot tell whether it is kept"
    about = f"; {periods_text(kept)}" if periods_text(kept) else ""
    return f"{limit_text(kept.limit, unit)}: {word}, {kept_text(kept, unit)} with 95 %{about}"


def _selected(study: OptimiseStudy, verdict: Verdict) -> str:
    choice = verdict.choice
    zone = kpi_text(verdict.objective.name, choice.zone, study.units[verdict.objective.name])
    stated = "" if not math.isnan(verdict.objective.zone) else ", 1 % of its mean as none is stated"
    if len(choice.judged) == 1:
        return "one finalist only: nothing was selected among"
    sure = "selected" if choice.probability >= SURE else "cannot tell which is best: selected"
    return (
        f"{sure} among {len(choice.judged)} finalists with a probability of {100 * choice.probability:.1f} % that none is better by more than {zone} "
        f"(indifference zone{stated}), {choice.spent} runs"
    )


def _more_runs(verdict: Verdict) -> str:
    """Whether more runs could change it."""
    choice, parts = verdict.choice, []
    if verdict.word == "cannot tell":
        needed = verdict.over_base.needed
        count = f"about {needed}" if needed is not None else f"more than {MOST_NEEDED}"
        parts.append(f"{count} pairs of runs would tell it from the base, if the difference stays as found (runs: {{verdict: …}})")
    if choice.probability < SURE and len(choice.judged) > 1:
        parts.append(f"about {choice.needed} runs of each finalist would tell the best one (runs: {{choice: …}})")
    if not verdict.best.keeps and not verdict.best.breaks:
        parts.append("more runs may tell whether the limits are kept (runs: {verdict: …, choice: …})")
    if not parts:
        return "more runs would hardly change the choice; a longer search may find another setting (runs: {search: …})"
    return f"more runs could change this: {'; '.join(parts)}"


def lines(study: OptimiseStudy, outcome: Outcome) -> list[str]:
    """Return all of it as text."""
    found = [study.title or study.name, effort_text(outcome), surrogate_text(outcome)]
    if outcome.selected is not None:
        found.append(f"best: {outcome.selected.text}")
    return [*found, *sentences(study, outcome)]


def rank_of(outcome: Outcome, setting: Setting) -> int:
    """Return the place of a setting among the finalists, from 1; 0 where it is none."""
    judged: Sequence[Judged] = outcome.verdict.choice.judged
    return next((k + 1 for k, one in enumerate(judged) if one.finalist.setting == setting), 0)
