"""What each suspect looks like in the evidence of a day, how small a fault is found, and which suspect an alarm is most likely of.

A signature is what a fault adds to the evidence, over its deviation without a fault, some hours and days after it began: found by letting a plant of the
model go wrong in memory, with the same chance as one that does not. Were all evidence e normal and apart, and sizes of faults, in those of the trials,
normal with the deviation 1, then the logarithm of how much likelier e is with a fault of signature g than without one is

    (e g)^2/(2 (1 + g g)) - log(1 + g g)/2

and the likeliest size is (e g)/(1 + g g). The likeliest suspect of each cause is held against the likeliest of another; where they are less than ten to one
apart nobody can tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.live.ensemble.fault_free import Followed, Trial
from twin.live.ensemble.members import Following
from twin.live.ensemble.suspects import Suspect, suspects
from twin.live.ensemble.watch import ALLOWANCE, MOST, Limit, find_limit
from twin.scenario import Scenario

Floats = NDArray[np.float64]
DAY = 86400.0
MONTH = 30 * DAY
PLANTS = 4
"""So many hidden plants without a fault share the days that limits are found from: what differs between plants is in them too."""
AGES = (0.25, 0.5, 1.0, 2.0)
"""Days after which a fault's signature is taken."""
DAILY_ALLOWANCE = 0.5
MOST_DAYS = 20
"""Of so many days a plant's own mean is known."""
DAILY_LIMITS = np.geomspace(1.5, 60.0, 40)
DAILY_MONTHS = 400
WILD = 10.0
"""Evidence counts up to so many deviations."""
TEN_TO_ONE = math.log(10.0)
LEAST_GAIN = 3.0
"""A suspect that makes the evidence less than twenty times likelier is none (a logarithm)."""
EXPLAINED = 0.35
"""One that explains less of the evidence, in squares, than this is none."""
SIZES = np.geomspace(0.05, 8.0, 23)
WITHIN = 7.0
"""Days within which a fault is to be found for its size to count as one that can be."""
TRIES = 40


@dataclass(frozen=True)
class Signature:
    """``vectors`` (age, evidence) in deviations. ``smallest``: share of the trial's size that is found within a week in half of the cases, inf where none
    is; ``delay`` and ``late`` s: within which half and nine of ten cases of the trial's own size are found.
    """

    suspect: Suspect
    vectors: Floats
    smallest: float = math.inf
    delay: float = math.inf
    late: float = math.inf


@dataclass(frozen=True)
class Prepared:
    """Limits of alarms, and what faults look like. ``daily``: the limit of the daily sums; ``centres`` and ``scales``: mean and deviation of the evidence
    without a fault, over plants and days.
    """

    limit: Limit
    daily: float
    centres: Floats
    scales: Floats
    signatures: tuple[Signature, ...]


class Blame(NamedTuple):
    """The likeliest suspect (None: none is likely) and its size in those of its trial, what speaks for it (evidence, how much of it), the next of another
    cause where it is as likely; ``unlike``: there is much evidence, and no suspect looks like it.
    """

    signature: Signature | None
    amplitude: float
    speaks: tuple[tuple[int, float], ...]
    other: Signature | None
    unlike: bool = False


def prepare(scenario: Scenario, following: Following, length: float, alarms_a_month: float, seed: int) -> Prepared:
    """Follow plants without a fault for ``length`` s in all, and one with each fault for two days; returns limits and signatures."""
    each = max(length / PLANTS, DAY)
    trials = [Trial(scenario, following, seed + k * 1000) for k in range(PLANTS)]
    free = [trial.follow(each) for trial in trials]
    innovations = np.concatenate([one.innovations for one in free])
    limit = find_limit(innovations, round(MONTH / following.window), 0.5 * alarms_a_month, seed)
    vectors = np.concatenate([one.vectors for one in free])
    trial = trials[0]
    centres = vectors.mean(axis=0)  # a bay that is empty now and then is never believed to hold less than nothing, so its mean is off
    scales = np.maximum(np.sqrt(((vectors - centres) ** 2).mean(axis=0)), trial.evidence.floors(trial.ensemble))
    watched = trial.evidence.watched
    daily = daily_limit(int(watched.sum()), round(len(vectors) * following.window / DAY), 0.5 * alarms_a_month, seed)
    base = trial.follow(AGES[-1] * DAY)
    found = []
    for suspect in suspects(trial.ensemble):
        wrong = trial.follow(AGES[-1] * DAY, suspect)
        places = [round(age * DAY / following.window) - 1 for age in AGES]
        signature = Signature(suspect, (wrong.vectors[places] - base.vectors[places]) / scales)
        found.append(_with_limit(signature, wrong, base, innovations, limit, (daily, watched)))
    return Prepared(limit, daily, centres, scales, tuple(found))


def daily_limit(components: int, days: int, alarms_a_month: float, seed: int) -> float:
    """Return the limit of daily sums at which so many ``components`` without a fault raise ``alarms_a_month`` together.

    Their deviations were found from ``days`` days, so a day's evidence over them is that of Student's law, the same error of the deviation day for day.
    """
    chance = np.random.Generator(np.random.Philox([seed, 8]))
    shape = (DAILY_MONTHS, components)
    errors = np.sqrt(chance.chisquare(days, shape) / days)
    up, down = np.zeros((len(DAILY_LIMITS), *shape)), np.zeros((len(DAILY_LIMITS), *shape))
    counts = np.zeros(len(DAILY_LIMITS))
    limits = DAILY_LIMITS[:, None, None]
    for _ in range(30):
        z = np.clip(chance.standard_normal(shape) / errors, -WILD, WILD)
        up, down = np.maximum(0.0, up + z - DAILY_ALLOWANCE), np.maximum(0.0, down - z - DAILY_ALLOWANCE)
        over = np.maximum(up, down) > limits
        counts += over.sum(axis=(1, 2))
        up[over] = down[over] = 0.0
    few = np.flatnonzero(counts / DAILY_MONTHS <= alarms_a_month)
    return float(DAILY_LIMITS[few[0]]) if len(few) else float(DAILY_LIMITS[-1])


def blame(evidence: Floats, signatures: Sequence[Signature]) -> Blame:
    """Return which suspect evidence (evidence,), in deviations, is most likely of."""
    best: dict[str, tuple[float, float, Signature, Floats]] = {}
    for signature in signatures:
        for vector in signature.vectors:
            size = 1.0 + float(vector @ vector)
            amplitude = float(evidence @ vector) / size
            gain = 0.5 * amplitude**2 * size - 0.5 * math.log(size)
            if gain > best.get(signature.suspect.cause, (LEAST_GAIN,))[0]:
                best[signature.suspect.cause] = (gain, amplitude, signature, vector)
    ordered = sorted(best.values(), key=lambda one: -one[0])
    if not ordered:
        return Blame(None, 0.0, (), None)
    gain, amplitude, signature, vector = ordered[0]
    if float(((evidence - amplitude * vector) ** 2).sum()) > (1.0 - EXPLAINED) * float(evidence @ evidence):
        return Blame(None, 0.0, (), None, unlike=True)
    parts = evidence * vector * amplitude
    speaks = tuple((k, float(evidence[k])) for k in np.argsort(-parts, kind="stable").tolist()[:3] if parts[k] > 0.1 * float(parts.sum()))
    near = ordered[1][2] if len(ordered) > 1 and gain - ordered[1][0] < TEN_TO_ONE else None
    return Blame(signature, amplitude, speaks, near)


# -- how small a fault is found --------------------------------------------------------------------------------------------------------------


def _with_limit(signature: Signature, wrong: Followed, base: Followed, free: Floats, limit: Limit, daily: tuple[float, NDArray[np.bool_]]) -> Signature:
    """What a fault adds to innovations and evidence, times a size, is laid over innovations without a fault: is the limit passed within a week?"""
    added = np.nan_to_num(wrong.innovations - base.innovations)
    day = limit.windows_a_month / 30.0
    chance = np.random.Generator(np.random.Philox([1, 11]))
    of_days, watched = daily
    noise = chance.standard_normal((TRIES, round(WITHIN), int(watched.sum())))
    starts = chance.integers(0, max(1, len(free) - len(added)), TRIES).tolist()
    last = signature.vectors[-2:, watched]
    taken_in = 1.0 - 1.0 / (2.0 + MOST_DAYS)  # the plant's own mean follows what lasts
    days = np.stack([last[min(k, 1)] * taken_in**k for k in range(round(WITHIN))]) / math.sqrt(1.0 + 1.0 / (1.0 + MOST_DAYS))
    delays: list[float] = []
    late = math.inf
    for size in (*SIZES.tolist(), 1.0):
        of_day = _delays(noise + size * days, DAILY_ALLOWANCE, of_days) * DAY
        rows = np.stack([np.nan_to_num(free[start : start + len(added)]) for start in starts])
        of_window = _delays(np.clip(rows + size * added[: rows.shape[1]], -MOST, MOST), ALLOWANCE, limit.limit) * DAY / day
        first = np.sort(np.minimum(of_day, of_window))
        delays.append(float(np.median(first)))
        late = float(first[math.ceil(0.9 * len(first)) - 1])
    found = [size for size, delay in zip(SIZES.tolist(), delays, strict=False) if delay <= WITHIN * DAY]
    return replace(signature, smallest=found[0] if found else math.inf, delay=delays[-1], late=late)


def _delays(rows: Floats, allowance: float, limit: float) -> Floats:
    """How many steps each try (try, step, column) takes until a cumulated sum passes the limit; inf: it does not."""
    up, down = np.zeros(rows.shape[::2]), np.zeros(rows.shape[::2])
    found = np.full(len(rows), np.inf)
    for step in range(rows.shape[1]):
        z = rows[:, step]
        up, down = np.maximum(0.0, up + z - allowance), np.maximum(0.0, down - z - allowance)
        over = (np.maximum(up, down) > limit).any(axis=1)
        found = np.where(over & np.isinf(found), step + 1.0, found)
    return found


# -- as plain data ---------------------------------------------------------------------------------------------------------------------------


def save_prepared(prepared: Prepared) -> dict[str, object]:
    """As plain data and arrays; suspects are found anew from the ensemble, in their order."""
    return {
        "limit": list(prepared.limit),
        "daily": prepared.daily,
        "centres": prepared.centres,
        "scales": prepared.scales,
        "vectors": np.array([signature.vectors for signature in prepared.signatures]),
        "found": [[signature.suspect.subject, signature.smallest, signature.delay, signature.late] for signature in prepared.signatures],
    }


def load_prepared(state: Mapping[str, object], known: Sequence[Suspect]) -> Prepared:
    """Return what was saved of the same tags and scenario. Raises ``ValueError`` where it is of others."""
    found = list(state["found"])  # type: ignore[call-overload]
    if [row[0] for row in found] != [suspect.subject for suspect in known]:
        raise ValueError("the suspects of its alarms are others")
    rows = zip(known, state["vectors"], found, strict=True)  # type: ignore[call-overload]
    signatures = tuple(Signature(suspect, np.array(vectors), float(row[1]), float(row[2]), float(row[3])) for suspect, vectors, row in rows)
    centres, scales = np.array(state["centres"]), np.array(state["scales"])
    return Prepared(Limit(*state["limit"]), float(state["daily"]), centres, scales, signatures)  # type: ignore[misc, arg-type]
