"""Times what is to be compared in turn, round by round within one process, in CPU time.

A machine that others share speeds up and slows down from minute to minute. What runs side by side sees the same machine, so times are compared
round by round, and the median over the rounds counts.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from size import size

Prepare = Callable[[], Callable[[], Any]]
"""Builds what a round needs, untimed, and returns the call that is timed."""


def children_cpu() -> float:
    """CPU seconds, of user and system, of all processes that have been waited for: a timer for commands."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def with_bytecode(folder: Path) -> dict[str, str]:
    """The environment of a command that keeps the bytecode of what it imports in a folder of its own, as an installed one does beside its sources."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


@dataclass(frozen=True)
class Timings:
    """CPU seconds of each contender, one for each round, and what each returned in the last."""

    seconds: Mapping[str, list[float]]
    results: Mapping[str, Any]

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def median_of(self, formula: Callable[..., float]) -> float:
        """The median over the rounds of a formula of the contenders' seconds, given by name."""
        names = list(self.seconds)
        return statistics.median(formula(**dict(zip(names, row, strict=True))) for row in zip(*self.seconds.values(), strict=True))

    def ratio(self, name: str, base: str) -> float:
        """The median over the rounds of the time of ``name`` over that of ``base``."""
        return statistics.median(a / b for a, b in zip(self.seconds[name], self.seconds[base], strict=True))


def interleave(benchmark: Any, contenders: Mapping[str, Prepare], rounds: int, timer: Callable[[], float] = time.process_time) -> Timings:
    """Run all contenders once a round, in turn. The last one, the candidate, is the one that pytest-benchmark times and shows.

    The test that calls this needs the mark ``pytest.mark.benchmark(timer=…)`` with the same timer.
    """
    *others, candidate = contenders
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    results: dict[str, Any] = {}

    def ready(name: str) -> Callable[[], Any]:
        run = contenders[name]()
        gc.collect()
        return run

    def time_the_others() -> tuple[tuple[Callable[[], Any]], dict[str, Any]]:
        for name in others:
            run = ready(name)
            begin = timer()
            results[name] = run()
            seconds[name].append(timer() - begin)
        return (ready(candidate),), {}

    results[candidate] = benchmark.pedantic(lambda run: run(), setup=time_the_others, rounds=size(rounds, 1), iterations=1)
    seconds[candidate] = list(benchmark.stats.stats.data)
    return Timings(seconds, results)
