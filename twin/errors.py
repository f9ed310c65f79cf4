"""The exceptions that twin raises.

::

    TwinError
    ├── ScenarioError    a scenario, catalogue or CSV is wrong: all its problems at once   (exit code 2)
    ├── UsageError       a call or command-line argument is wrong                          (exit code 2)
    ├── FileError        a results file cannot be read, written or trusted                 (exit code 2)
    ├── ContradictionError    a plant's measurements contradict each other as a whole      (exit code 1)
    ├── TableError       an export cannot be read, or can be read in two ways              (exit code 2)
    └── RunError         a run that began could not be finished                            (exit code 1)
        ├── DeadlockError    units wait for one another, or for what nobody will ever do
        ├── BudgetError      more events or more time than the budget allows
        ├── NetworkError     rates and splits of a line did not converge
        ├── KernelError      a kernel refused its input, returned a value that is not finite or reached beyond its arrays
        │   └── KernelCheckError    a kernel breaks rules that twin.testing holds it to
        └── BalanceError     mass, an element or energy does not close
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


class TwinError(Exception):
    """Everything that twin raises on purpose."""

    exit_code = 1


class UsageError(TwinError):
    """A call or a command-line argument is wrong."""

    exit_code = 2


class FileError(TwinError):
    """A results file cannot be read, written or trusted."""

    exit_code = 2


class ContradictionError(TwinError):
    """Measurements of a plant contradict each other, or its balances, so that none of them can be trusted more than the rest."""


class TableError(TwinError):
    """A plant's export cannot be read, or can be read in two ways; ``faults`` holds a sentence for each place."""

    exit_code = 2

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with an input file.

    ``line`` and ``column`` count from 1; 0 where a place has none. ``path`` is the dotted place in the merged scenario.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place} {self.path}: {self.message}" if self.path else f"{place}: {self.message}"

    @property
    def order(self) -> tuple[object, ...]:
        """What problems are sorted by: place first, and numbers in texts as numbers, so that row 2 comes before row 10."""
        return (self.file, self.line, self.column, _natural(self.path), _natural(self.message))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"([0-9]{1,300})", text)
    return [(0, int(part), "") if k % 2 else (1, 0, part) for k, part in enumerate(parts) if part]


class ScenarioError(TwinError):
    """An input file is wrong; ``problems`` holds every problem found, in the order of their places."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.order))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RunError(TwinError):
    """A run that began could not be finished."""


class DeadlockError(RunError):
    """Units wait for one another, or for something that nobody will ever do."""


class BudgetError(RunError):
    """A run used more events or more wall-clock time than its budget allows."""


class NetworkError(RunError):
    """Rates and splits of a line did not converge."""


class KernelError(RunError):
    """A kernel refused its input, returned a value that is not finite, or reached beyond its arrays."""


class KernelCheckError(KernelError):
    """A kernel breaks rules of :class:`~twin.kernels.compile.MachineKernel`; ``faults`` holds a sentence for each."""

    def __init__(self, summary: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join([summary, *(f"- {fault}" for fault in self.faults)]))


class BalanceError(RunError):
    """Mass, an element or energy does not close within its tolerance."""
