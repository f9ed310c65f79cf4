"""A bar for commands that make many runs: how far they are, and what is kept when they are stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from twin.cli import terminal


class Advancing(Protocol):
    """How far a study is: runs that need not be made any more, of all that there are, and those that have no result."""

    total: int
    failed: int

    @property
    def done(self) -> int:
        """Runs that need not be made any more."""


A = TypeVar("A", bound=Advancing)


class Watch(Generic[A]):
    """Called as a study goes on; knows how far it is."""

    def __init__(self) -> None:
        self.advance: A | None = None
        self.draw: Callable[[A], None] | None = None

    def __call__(self, advance: A) -> None:
        self.advance = advance
        if self.draw is not None:
            self.draw(advance)

    def kept(self) -> str:
        """What has finished, in words."""
        return "what had finished before is kept" if self.advance is None else f"{self.advance.done} of {self.advance.total} runs are kept"


@contextmanager
def watched(label: Callable[[A | None], str], told: Callable[[A], str]) -> Iterator[Watch[A]]:
    """A progress bar on stderr with the time that is left; nothing is drawn where that is no terminal.

    ``label``: what stands before the bar, also before the first run (None); ``told``: what stands behind it, in rich's markup. Failed runs stand there too.
    """
    watch: Watch[A] = Watch()
    if not sys.stderr.isatty():
        yield watch
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=terminal.console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(label(None)), total=None, told="")

        def draw(advance: A) -> None:
            failed = f" [red]{advance.failed} failed[/]" if advance.failed else ""
            bar.update(task, description=escape(label(advance)), total=advance.total, completed=advance.done, told=f"{told(advance)}{failed}".strip())

        watch.draw = draw
        yield watch
