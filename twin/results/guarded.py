"""A file to write HDF5 through, so that a full disk is noticed by us and not by the HDF5 library.

The library does not survive a write that fails: it raises again from every object that it frees, or crashes when the program ends
(measured with HDF5 2.0). So the first failure is kept in ``error``, this and later writes go to memory, and the library sees a file in
order. Whoever writes looks at ``error`` after each step.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_PAGE = 4096


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block is left: raised inside a call from HDF5 they would be lost, or break the file."""
    if threading.current_thread() is not threading.main_thread():  # signals only reach the main thread
        yield
        return
    caught: list[tuple[int, FrameType | None]] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    held = {number: handler for number, handler in before.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda got, frame: caught.append((got, frame)))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for got, frame in caught[:1]:
            held[signal.Signals(got)](got, frame)


class GuardedFile:
    """An open file with what h5py asks of a Python file object: seek, tell, readinto, write, truncate, flush."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._position = 0
        self._size = os.fstat(self._handle).st_size
        self._spilled: dict[int, bytearray] = {}
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place in the file and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the place in the file."""
        return self._position

    def read(self, count: int) -> bytes:
        """Return ``count`` bytes from the place in the file on."""
        data = bytearray(count)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the place in the file on; what was never written reads as zeros."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            os.lseek(self._handle, self._position + done, os.SEEK_SET)
            part = os.read(self._handle, len(view) - done)
            if not part:
                view[done:] = bytes(len(view) - done)
                break
            view[done : done + len(part)] = part
            done += len(part)
        if self._spilled:
            self._overlay(view)
        self._position += len(view)
        return len(view)

    def _overlay(self, view: memoryview) -> None:
        start, stop = self._position, self._position + len(view)
        for page in range(start // _PAGE, (stop - 1) // _PAGE + 1):
            if page in self._spilled:
                low, high = max(start, page * _PAGE), min(stop, (page + 1) * _PAGE)
                view[low - start : high - start] = self._spilled[page][low - page * _PAGE : high - page * _PAGE]

    def write(self, data: Any) -> int:
        """Write all of ``data``; it never fails, see ``error``."""
        view = memoryview(data).cast("B")
        if self.error is None:
            try:
                done = 0
                while done < len(view):
                    os.lseek(self._handle, self._position + done, os.SEEK_SET)
                    done += os.write(self._handle, view[done:])
            except OSError as error:
                self.error = error
        if self.error is not None:
            self._spill(view)
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def _spill(self, view: memoryview) -> None:
        start, stop = self._position, self._position + len(view)
        for page in range(start // _PAGE, (stop - 1) // _PAGE + 1):
            if page not in self._spilled:
                self._spilled[page] = self._page(page)
            low, high = max(start, page * _PAGE), min(stop, (page + 1) * _PAGE)
            self._spilled[page][low - page * _PAGE : high - page * _PAGE] = view[low - start : high - start]

    def _page(self, page: int) -> bytearray:
        os.lseek(self._handle, page * _PAGE, os.SEEK_SET)
        return bytearray(os.read(self._handle, _PAGE).ljust(_PAGE, b"\0"))

    def truncate(self, size: int | None = None) -> int:
        """Set the length of the file, by default to the place in it."""
        self._size = self._position if size is None else size
        if self.error is None:
            try:
                os.ftruncate(self._handle, self._size)
            except OSError as error:
                self.error = error
        return self._size

    def flush(self) -> None:
        """Do nothing: every write goes to the system at once."""

    def close(self) -> None:
        """Close the file and forget what did not get into it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        self._spilled.clear()
