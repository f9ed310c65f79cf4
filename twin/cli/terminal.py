"""The one way out to the terminal: control characters of titles and names never reach it, and a stream that cannot take the text never ends in a traceback.

Text comes from files that somebody sent. An escape sequence in a title could clear the screen, rename the window or write what looks like our own verdict; a
character that turns the direction of writing could swap the digits of a number. All of them are shown as U+FFFD.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")
"""C0 but tab and line feed, DEL and C1, what changes the direction of writing, what ends a line unseen, and halves of characters."""
SHOWN = "\ufffd"


def clean(text: str) -> str:
    """Return a text without what a terminal acts on.

    >>> clean("a\\x1b[2Jb")
    'a\ufffd[2Jb'
    """
    return _BAD.sub(SHOWN, text)


class Clean:
    """A text stream that cleans what is written to it. ``raw`` is the stream below, to which rich writes its own colours after cleaning the text."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self.failed: OSError | None = None

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            self.raw.write(clean(text))
        except OSError as error:  # argparse lets it go
            self.failed = error
            raise
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def console(width: int | None = None, *, stderr: bool = False) -> Console:
    """Return a rich console on stdout (or stderr) whose text is clean; where that is no terminal, lines stay whole and tables have the fixed ``width``."""
    from rich.console import Console
    from rich.segment import Segment

    class CleanConsole(Console):
        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(clean(segment.text), segment.style)

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    stream: Any = sys.stderr if stderr else sys.stdout
    raw = stream.raw if isinstance(stream, Clean) else stream
    terminal = bool(raw.isatty())
    return CleanConsole(file=raw, width=None if terminal else width, highlight=False, soft_wrap=not terminal and not stderr)


def say(text: str) -> None:
    """Write a line to stderr. It never fails: a message that nobody can read is not worth ending for."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Put clean streams in the place of stdout and stderr; characters that the terminal has no code for become ``?``, a closed stream takes and forgets."""
    before = sys.stdout, sys.stderr
    if None in before:
        _occupy()
    try:
        sys.stdout, sys.stderr = (_cleaned(stream) for stream in before)
        yield
    finally:
        sys.stdout, sys.stderr = before


def _cleaned(stream: TextIO | None) -> Any:
    if stream is None:
        return Clean(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  it stays open as long as stdout would
    if isinstance(stream, Clean):
        return stream
    with contextlib.suppress(AttributeError, OSError, ValueError):
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]
    return Clean(stream)


def _occupy() -> None:
    """Give the numbers of closed standard streams to the null device, so that no results file gets one of them and what a library prints."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def flush() -> None:
    """Bring to stdout what waits for it, so that a failure shows here and not when Python ends."""
    sys.stdout.flush()
    failed = getattr(sys.stdout, "failed", None)
    if failed is not None:
        raise failed


def give_up_stdout() -> None:
    """Let Python find nothing left to flush on a stdout that takes no more."""
    with contextlib.suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)
