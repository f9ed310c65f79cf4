"""What an optimisation found, in words and cells: for the terminal, the page and whoever prints it in Python."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.fit.optimise.archive import goal_of
from twin.fit.optimise.chance import Kept
from twin.fit.optimise.engine import Double, Outcome, Single
from twin.fit.optimise.front import Front
from twin.fit.optimise.problem import SURE, Limit, Objective
from twin.fit.optimise.space import Setting
from twin.fit.optimise.study import OptimiseStudy
from twin.fit.optimise.surrogate import TRUSTED, importances
from twin.fit.optimise.verdict import NOT_KEPT, Fresh, Verdict
from twin.results.kpis import kpi_text
from twin.results.texts import difference_text
from twin.study.statistics import MOST_NEEDED, mean_of
from twin.study.verdicts import WITHHELD, Change

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
    failed = sum(trial.observation is None for trial in trials)
    if any(trial.by == "all" for trial in trials):
        return f"all {len(trials)} settings tried" + (f"; {failed} of them failed" if failed else "")
    by = [sum(trial.by in who for trial in trials) for who in (("base", "sobol"), ("tpe",), ("surrogate",))]
    base = " (the base one of them)" if trials[0].by == "base" else ""
    parts = [f"{len(trials)} settings tried: {by[0]} of a Sobol' sequence{base}, {by[1]} by TPE, {by[2]} by the surrogate"]
    if failed:
        parts.append(f"{failed} of them failed")
    return "; ".join(parts)


def surrogate_texts(outcome: Outcome) -> list[str]:
    """Return for each objective whether its surrogate can be trusted."""
    found = []
    for objective, fit in zip(outcome.problem.objectives, outcome.surrogate.goals, strict=True):
        each = outcome.problem.effort.replications
        shared = "replication that all settings share" if each == 1 else f"{each} replications that all settings share"
        if fit is None:
            found.append(f"no surrogate of {objective.name}: too few settings, or all alike; no importances")
        else:
            r2 = f"surrogate of {objective.name}: R2 {fit.r2:.2f} by leave-one-out, on the {shared}"
            found.append(r2 if fit.trusted else f"{r2}; under {TRUSTED:g}: not trusted, not used, no importances")
    return found


def importance_rows(outcome: Outcome) -> list[tuple[str, list[float]]]:
    """Return what varies with its total index for each objective, on the surrogate, largest first; NaN where that is not trusted, nothing where none is."""
    space = outcome.problem.space
    columns = [importances(fit, space) if fit is not None and fit.trusted else [math.nan] * len(space) for fit in outcome.surrogate.goals]
    rows = [(name, [column[k] for column in columns]) for k, name in enumerate(space.names)]
    known = [row for row in rows if not all(math.isnan(share) for share in row[1])]
    return sorted(known, key=lambda row: -max(share for share in row[1] if not math.isnan(share)))


def importance_text(share: float) -> str:
    """Return a total index in per cent."""
    return "–" if math.isnan(share) else "under 1 %" if share < 0.01 else f"{100 * min(share, 1.0):.0f} %"


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


@dataclass(frozen=True)
class Table:
    """A table in words: its title, headings and rows."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def tables(study: OptimiseStudy, outcome: Outcome) -> list[Table]:
    """Return the tables that are shown: the finalists, and the verdict; of two objectives the front."""
    if isinstance(outcome, Single):
        return [_finalists(study, outcome), _verdict(study, outcome.verdict)]
    return [_front(study, outcome.front)] if isinstance(outcome, Double) else []


def _finalists(study: OptimiseStudy, outcome: Single) -> Table:
    problem, (objective, *_) = study.problem, study.problem.objectives
    unit = study.units[objective.name]
    headings = ["", *problem.space.names, f"{objective.name}, search", "choice", "runs", *(limit.name for limit in problem.limits)]
    rows = []
    for k, one in enumerate(outcome.verdict.choice.judged):
        found = [value_text(objective, value, unit) for value in (searched(outcome, one.finalist.setting), one.mean)]
        limits = [kept_text(kept, study.units[kept.limit.name]) for kept in one.kept]
        rows.append([str(k + 1), *setting_cells(one.finalist.setting, 0), *found, str(len(one.finalist.runs)), *limits])
    return Table("finalists", headings, rows)


def _verdict(study: OptimiseStudy, verdict: Verdict) -> Table:
    problem, objective = study.problem, verdict.objective
    headings = ["", *problem.space.names, objective.name, "less the base", *(limit.name for limit in problem.limits)]
    sides = [("base", verdict.base, ""), ("best", verdict.best, over_text(study, objective, verdict.over_base, verdict.base, verdict.best))]
    if verdict.runner_up is not None:
        sides.append(("runner-up", verdict.runner_up, ""))
    rows = []
    for name, side, less in sides:
        mean = kpi_text(objective.name, _mean(side, objective), study.units[objective.name])
        rows.append([name, *setting_cells(side.setting, len(problem.space)), mean, less, *(kept_text(one, study.units[one.limit.name]) for one in side.kept)])
    return Table(f"verdict, {problem.effort.confirm} fresh runs of each", headings, rows)


def _front(study: OptimiseStudy, front: Front) -> Table:
    problem = study.problem
    pairs = [heading for objective in problem.objectives for heading in (objective.name, "less the base")]
    headings = ["", *problem.space.names, *pairs, "verdict", *(limit.name for limit in problem.limits)]
    base = [cell for objective in problem.objectives for cell in (kpi_text(objective.name, _mean(front.base, objective), study.units[objective.name]), "")]
    rows = [["base", *setting_cells(None, len(problem.space)), *base, "", *(kept_text(one, study.units[one.limit.name]) for one in front.base.kept)]]
    for k, one in enumerate(front.points):
        cells = []
        for objective, change in zip(problem.objectives, one.changes, strict=True):
            mean = kpi_text(objective.name, _mean(one.fresh, objective), study.units[objective.name])
            cells += [mean, over_text(study, objective, change, front.base, one.fresh)]
        name = "knee" if k == front.knee else str(k + 1)
        limits = [kept_text(kept, study.units[kept.limit.name]) for kept in one.fresh.kept]
        rows.append([name, *setting_cells(one.point.setting, 0), *cells, one.word, *limits])
    return Table(f"front, {problem.effort.confirm} fresh runs of each", headings, rows)


def _mean(side: Fresh, objective: Objective) -> float:
    interval = side.intervals[objective.name]
    return math.nan if interval is None else interval.mean


def over_text(study: OptimiseStudy, objective: Objective, change: Change, *sides: Fresh) -> str:
    """Return a paired difference with its half-width, in the unit of the sides."""
    width = None if change.interval is None else change.interval.half_width
    return difference_text(objective.name, change.difference, width, study.units[objective.name], *(_mean(side, objective) for side in sides))


def sentences(study: OptimiseStudy, outcome: Outcome) -> list[str]:
    """Return the verdict in sentences."""
    if isinstance(outcome, Single):
        return _of_one(study, outcome.verdict)
    return _of_two(study, outcome.front) if isinstance(outcome, Double) else []


def _of_one(study: OptimiseStudy, verdict: Verdict) -> list[str]:
    """Better than the base or not, how surely selected, the runner-up, whether more runs could change it."""
    said = [_against_base(study, verdict)]
    said += [_limit_said(study, kept) for kept in verdict.best.kept]
    said.append(_selected(study, verdict))
    if verdict.over_runner_up is not None:
        rival = "" if verdict.runner_up is None or verdict.runner_up.keeps else ", which does not surely keep the limits"
        less = over_text(study, verdict.objective, verdict.over_runner_up, verdict.best)
        said.append(f"the best less the runner-up{rival}: {less or 'no value'}")
    said.append(_more_runs(verdict))
    return said


def _of_two(study: OptimiseStudy, front: Front) -> list[str]:
    """What the points of the front are against the base, the knee first, and whether more runs could change it."""
    runs, (one, other) = study.problem.effort.confirm, study.problem.objectives
    knee, count = front.at_knee, len(front.points)
    heads = {
        "better": "the knee of the front is better than the base in one objective at least, and worse in none",
        "worse": "the knee of the front is worse than the base",
        "mixed": "the knee of the front is better than the base in one objective and worse in the other",
        "cannot tell": "cannot tell whether the knee of the front is better than the base",
        "not kept": "no setting was found that surely keeps the limits; the nearest one is shown",
    }
    less = ", ".join(f"{o.name} {over_text(study, o, c, front.base, knee.fresh) or 'no value'}" for o, c in zip((one, other), knee.changes, strict=True))
    said = [f"{heads[knee.word]}: {less} on {runs} fresh pairs of runs"]
    said.append(f"intervals at {100 * front.confidence:.4g} % each, so that all {2 * count} hold at once at 95 % (Bonferroni)")
    said += [_limit_said(study, kept) for kept in knee.fresh.kept]
    words = [point.word for point in front.points]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    all_ = count + len(front.beaten)
    said.append(f"{count} of {all_} {'finalist' if all_ == 1 else 'finalists'} on the front; against the base: {counts}")
    if "cannot tell" in words:
        needed = [c.needed for p in front.points if p.word == "cannot tell" for c in p.changes if c.needed is not None]
        said.append(f"more runs could change this: about {max(needed) if needed else MOST_NEEDED} pairs, if differences stay as found (runs: {{verdict: …}})")
    else:
        said.append("more runs would hardly change the verdicts; a longer search may move the front (runs: {search: …})")
    return said


def _against_base(study: OptimiseStudy, verdict: Verdict) -> str:
    name, runs = verdict.objective.name, study.problem.effort.confirm
    less = over_text(study, verdict.objective, verdict.over_base, verdict.base, verdict.best)
    on = f"{name} {less} on {runs} fresh pairs of runs, 95 % interval" if less else f"no value of {name} on fresh runs"
    if study.problem.base is not None and verdict.best.setting == study.problem.space.setting(study.problem.base) and verdict.best.keeps:
        return f"no setting was found that is better than the base, which was selected itself: {len(verdict.choice.judged)} finalists"
    heads = {
        "better": "the best setting is better than the base",
        "worse": "the best setting found is worse than the base",
        "no change": "the best setting does what the base does",
        WITHHELD: "withheld: what was paid in the window points the other way (margin_cash); a longer window may tell",
        NOT_KEPT: "no setting was found that surely keeps the limits; the nearest one is shown",
    }
    base = " (which breaks the limits)" if verdict.base.breaks else " (which may break the limits)" if not verdict.base.keeps else ""
    return f"{heads.get(verdict.word, 'cannot tell whether the best setting is better than the base')}{base}: {on}"


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
        more = f"about {choice.needed} runs of each finalist" if choice.needed > max(len(one.finalist.runs) for one in choice.judged) else "more runs"
        parts.append(f"{more} would tell the best one (runs: {{choice: …}})")
    if not verdict.best.keeps and not verdict.best.breaks:
        parts.append("more runs may tell whether the limits are kept (runs: {verdict: …, choice: …})")
    if not parts:
        return "more runs would hardly change the choice; a longer search may find another setting (runs: {search: …})"
    return f"more runs could change this: {'; '.join(parts)}"


def lines(study: OptimiseStudy, outcome: Outcome) -> list[str]:
    """Return all of it as text."""
    found = [study.title or study.name, effort_text(outcome), *surrogate_texts(outcome)]
    if outcome.selected is not None:
        found.append(f"best: {outcome.selected.text}")
    return [*found, *sentences(study, outcome)]


def rank_of(outcome: Outcome, setting: Setting) -> int:
    """Return the place of a setting among the finalists, from 1; 0 where it is none."""
    return next((k + 1 for k, one in enumerate(finalists_of(outcome)) if one == setting), 0)


def finalists_of(outcome: Outcome) -> list[Setting]:
    """Return the settings of the choice, the selected one, or the front, first."""
    if isinstance(outcome, Single):
        return [one.finalist.setting for one in outcome.verdict.choice.judged]
    if isinstance(outcome, Double):
        return [one.point.setting for one in outcome.front.points] + [one.setting for one in outcome.front.beaten]
    return []
