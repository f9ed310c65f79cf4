"""How sure it is that a limit is kept: from independent runs, whose weeks may depend on one another.

A limit in a share of weeks is judged by Jeffreys' distribution of that share (L. D. Brown, T. T. Cai & A. DasGupta 2001), Beta(1/2 + kept, 1/2 + broken).
Runs are independent, weeks of one run are not: a bay that is full on Sunday is full on Monday. So weeks count as fewer: their number is divided by the design
effect, the variance of a run's share over what independent weeks would give (J. N. K. Rao & A. J. Scott 1992), pooled over all settings that were run alike,
at least 1 and at most the weeks of a run. A limit on a mean is judged by Student's distribution of the mean over runs; of runs that are
all equal by Laplace's rule of succession, as a spread of nothing in few runs is no certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.fit.optimise.archive import judged, slack_of
from twin.fit.optimise.problem import SURE, Limit, Observation
from twin.study.statistics import mean_of, probability_above, student_interval, variance_of


@dataclass(frozen=True)
class Kept:
    """What runs say of a limit: ``value`` the share of periods that kept it, or the mean of its figure; ``low`` its lower (of an upper limit: upper) 95 % bound
    towards the limit; ``sure`` the probability that it is kept; ``counted`` periods of ``periods`` as independent ones, NaN of a limit on a mean."""

    limit: Limit
    value: float
    low: float
    sure: float
    runs: int
    periods: int = 0
    counted: float = math.nan


def design_effect(limit: Limit, groups: Sequence[Sequence[Observation]]) -> float:
    """Return by how much periods of a run depend on one another, from the runs of several settings: 1 where they do not."""
    between = within = 0.0
    longest = 1
    for runs in groups:
        kept = [found for run in runs if (found := judged(limit, run))]
        if len(kept) < 2:
            continue
        shares = [mean_of([float(one) for one in run]) for run in kept]
        share, length = mean_of(shares), mean_of([float(len(run)) for run in kept])
        between += (len(kept) - 1) * variance_of(shares) * length
        within += (len(kept) - 1) * share * (1.0 - share)
        longest = max(longest, max(len(run) for run in kept))
    return 1.0 if within <= 0.0 else min(max(1.0, between / within), float(longest))


def kept_of(limit: Limit, runs: Sequence[Observation], effect: float = 1.0) -> Kept:
    """Return what runs of one setting say of a limit.

    >>> weeks = [Observation({}, {"week.purity": (0.96, 0.97, 0.94, 0.96)})] * 20
    >>> found = kept_of(Limit("purity", 0.95, 1, share=0.6), weeks)
    >>> found.value, round(found.low, 3), found.sure > 0.99
    (0.75, 0.665, True)
    >>> round(kept_of(Limit("purity", 0.95, 1, share=0.6), weeks, effect=4.0).low, 3)
    0.571
    """
    return _share_kept(limit, runs, effect) if limit.share is not None else _mean_kept(limit, runs)


def _share_kept(limit: Limit, runs: Sequence[Observation], effect: float) -> Kept:
    from scipy.special import betainc, betaincinv

    periods = [one for run in runs for one in judged(limit, run)]
    share = limit.share or 0.0
    if not periods:
        return Kept(limit, math.nan, math.nan, 0.0, len(runs), 0, 0.0)
    kept, counted = sum(periods) / effect, len(periods) / effect
    one, other = 0.5 + kept, 0.5 + counted - kept
    low, sure = float(betaincinv(one, other, 1.0 - SURE)), 1.0 - float(betainc(one, other, share))
    return Kept(limit, sum(periods) / len(periods), low, sure, len(runs), len(periods), counted)


def sure_above(values: Sequence[float], least: float) -> float:
    """Return the probability that the mean of runs is at least ``least``, by Student's distribution; 0.5 of one run.

    Of runs that are all equal, which say nothing of a spread, it is Laplace's rule of succession, (n + 1) / (n + 2):

    >>> round(sure_above([1.0, 2.0, 3.0], 0.0), 3), round(sure_above([1.0] * 5, 1.0), 3), round(sure_above([1.0] * 5, 2.0), 3)
    (0.963, 0.857, 0.143)
    """
    interval = student_interval(values)
    if interval is None:
        return 0.5 if values else 0.0
    if interval.standard_error == 0.0:
        return (interval.n + 1) / (interval.n + 2) if interval.mean >= least else 1.0 / (interval.n + 2)
    return probability_above(interval, least)


def _mean_kept(limit: Limit, runs: Sequence[Observation]) -> Kept:
    slacks = [slack for run in runs if not math.isnan(slack := slack_of(limit, run))]
    interval = student_interval(slacks, 2.0 * SURE - 1.0)
    sure, mean = sure_above(slacks, 0.0), limit.value + limit.sense * mean_of(slacks)
    told = interval is not None and (interval.standard_error > 0.0 or sure >= SURE)
    return Kept(limit, mean, limit.value + limit.sense * interval.low if told and interval is not None else math.nan, sure, len(slacks))
