"""SIGTERM ends a command as Ctrl-C does: what was finished is kept and said, temporary files are removed. Only the exit code tells them apart."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit codes after Ctrl-C and after SIGTERM: 128 and the number of the signal."""


class Interrupted(KeyboardInterrupt):
    """An interrupt with what was kept."""


class Ending:
    """Whether SIGTERM came."""

    terminated = False

    def code(self, code: int) -> int:
        """Return the exit code of a command that ended with ``code``."""
        return TERMINATED if code == INTERRUPTED and self.terminated else code


@contextlib.contextmanager
def as_interrupt() -> Iterator[Ending]:
    """Turn SIGTERM into ``KeyboardInterrupt`` until the block is left. A handler that somebody else has set stays."""
    ending = Ending()
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield ending
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        ending.terminated = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
