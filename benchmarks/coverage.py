"""How often the intervals of a study hold the truth: M/M/1, whose mean waiting time is known. ``python benchmarks/coverage.py`` prints the numbers.

A replication is a queue that starts empty: after a warm-up, the mean wait before service of 20,000 jobs, by Lindley's recursion
W[k+1] = max(0, W[k] + S[k] - A[k]). A study is some replications and Student's 95 % interval. Coverage is the share of studies whose interval holds
load / (1 - load). All from one seed.
"""

from __future__ import annotations

import sys

import numpy as np
from numba import njit

from twin.study.replicate import LEAST_RUNS
from twin.study.statistics import Interval, mser5, needed_for_width, next_number, student_interval, wilson

SEED = 20_260
STUDIES = 2_000
JOBS = 20_000
CASES = ((0.5, 2_000), (0.8, 10_000))
"""Load, and jobs of warm-up: more than twenty times those in which the start is forgotten, 1 / (1 - √load)²."""
GOAL = (0.935, 0.965)
SEQUENTIAL = (0.9, 20_000)
FEW, MOST = 5, 100
FIRST = (FEW, LEAST_RUNS)
"""With how many runs sequential studies begin: few, for what that costs, and as many as twin takes."""
WIDTHS = (0.2, 0.1, 0.05)
LENGTHS = (20, 40, 60, 100)


@njit(cache=True)
def mean_wait(generator: np.random.Generator, load: float, warmup: int, jobs: int) -> float:
    """Mean wait of ``jobs`` jobs after ``warmup`` others, in units of the mean service time."""
    wait, total = 0.0, 0.0
    for k in range(warmup + jobs):
        if k >= warmup:
            total += wait
        wait = max(0.0, wait + generator.standard_exponential() - generator.standard_exponential() / load)
    return total / jobs


def replication(load: float, warmup: int, study: int, number: int) -> float:
    """One replication of a study, with random numbers of its own."""
    words = (round(1000 * load), study, number)
    return float(mean_wait(np.random.Generator(np.random.Philox(np.random.SeedSequence(SEED, spawn_key=words))), load, warmup, JOBS))


def interval_of(values: list[float]) -> Interval:
    """Student's 95 % interval."""
    found = student_interval(values)
    assert found is not None
    return found


def holds(interval: Interval, load: float) -> bool:
    """Whether an interval holds the truth."""
    return interval.low <= load / (1 - load) <= interval.high


def until(width: float, first: int, values: list[float], load: float, warmup: int, study: int) -> Interval:
    """The interval at which a study stops that adds replications until the half-width is so small a share of the mean, in rounds as ``replicate`` does."""
    number = first
    while True:
        values += [replication(load, warmup, study, k) for k in range(len(values), number)]
        interval = interval_of(values[:number])
        if interval.half_width <= width * interval.mean or number >= MOST:
            return interval
        number = next_number(number, needed_for_width(interval, width * interval.mean), MOST)


def line(what: str, hits: int, more: str = "") -> str:
    """One line of the output: coverage and what is known of it from so many studies."""
    low, high = wilson(hits, STUDIES)
    return f"{what}: {100 * hits / STUDIES:.2f} % of {STUDIES} intervals hold the truth (95 %: {100 * low:.2f} to {100 * high:.2f} %){more}"


def fixed(load: float, warmup: int, number: int) -> int:
    """How many studies of a fixed number of replications hold the truth."""
    return sum(holds(interval_of([replication(load, warmup, study, k) for k in range(number)]), load) for study in range(STUDIES))


def sequential(load: float, warmup: int) -> None:
    """Five replications, and studies that go on from there, or that begin with more."""
    stopped: dict[tuple[int, float], list[Interval]] = {(first, width): [] for first in FIRST for width in WIDTHS}
    held = 0
    for study in range(STUDIES):
        values = [replication(load, warmup, study, k) for k in range(FEW)]
        held += holds(interval_of(values), load)
        for first, width in stopped:  # one goes on with the runs of another
            stopped[first, width].append(until(width, first, values, load, warmup, study))
    print(line(f"load {load}, {FEW} replications", held))
    for (first, width), found in stopped.items():
        hits = sum(holds(interval, load) for interval in found)
        mean, most = sum(interval.n for interval in found) / STUDIES, sum(interval.n >= MOST for interval in found)
        more = f"; {mean:.1f} replications on average, {most} studies at {MOST}"
        print(line(f"load {load}, from {first} until {100 * width:.0f} %, at most {MOST}", hits, more))


def false_alarms() -> None:
    """How often MSER-5 finds no steady state in a series that has one: independent normal numbers."""
    generator = np.random.Generator(np.random.Philox(SEED))
    for periods in LENGTHS:
        alarms = sum(not mser5(generator.standard_normal(periods).tolist()).steady for _ in range(STUDIES))
        print(f"MSER-5, {periods} periods of a steady series: no steady state in {100 * alarms / STUDIES:.1f} %")


def main() -> int:
    """Print all; returns 1 where a coverage misses its goal."""
    missed = 0
    for load, warmup in CASES:
        hits = fixed(load, warmup, 20)
        within = GOAL[0] <= hits / STUDIES <= GOAL[1]
        missed += not within
        print(line(f"load {load}, 20 replications", hits, f", goal 93.5 to 96.5 %: {'met' if within else 'MISSED'}"), flush=True)
    sequential(*SEQUENTIAL)
    false_alarms()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
