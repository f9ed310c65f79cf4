"""Sees that a file is opened, by whomever: HDF5 opens files without Python, so that no audit hook tells of it."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_IN_OPEN = 0x20


class Reads:
    """Watches a file by inotify. Where that is not, nothing is seen: the audit hook then is all there is."""

    def __init__(self, path: Path) -> None:
        self._handle = -1
        try:
            library = ctypes.CDLL(None, use_errno=True)
            self._handle = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._handle >= 0 and library.inotify_add_watch(self._handle, os.fsencode(path), _IN_OPEN) < 0:
                self._handle = -1
        except (AttributeError, OSError):  # not Linux
            return

    @property
    def works(self) -> bool:
        """Whether the file is watched."""
        return self._handle >= 0

    def take(self) -> bool:
        """Return whether the file was opened since the last call."""
        try:
            return self.works and bool(os.read(self._handle, 65536))
        except BlockingIOError:
            return False
