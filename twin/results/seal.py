"""The seal: a line after the end of the HDF5 data with the SHA-256 of every byte before it.

It is looked at before the HDF5 library sees the file, because the library can crash on damaged bytes (measured with HDF5 2.0: a flipped byte
in a list of dimensions ends in a double free). Readers of HDF5 pass over it; whoever opens the file for writing drops it, and then the
digest of the arrays speaks for the file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_MARK = b"\ntwin seal sha256 "
_LENGTH = len(_MARK) + 64 + 1
_BLOCK = 1 << 20


def seal_of(path: Path, length: int) -> bytes:
    """Return the seal of the first ``length`` bytes of a file."""
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while length > 0:
            block = stream.read(min(length, _BLOCK))
            if not block:
                break
            total.update(block)
            length -= len(block)
    return _MARK + total.hexdigest().encode("ascii") + b"\n"


def add_seal(path: Path) -> None:
    """Append its seal to a file that is closed."""
    seal = seal_of(path, path.stat().st_size)
    with path.open("ab") as stream:
        stream.write(seal)


def _ask_lock(handle: int) -> None:
    """Raise ``BlockingIOError`` if somebody has the file open for writing, by the lock that HDF5 takes."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(handle, fcntl.LOCK_UN)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        return


def is_intact(path: Path) -> bool | None:
    """Return whether a file is, to the last bit, what its seal says; None where it has no seal.

    Raises ``BlockingIOError`` while another program has it open for writing.
    """
    length = path.stat().st_size - _LENGTH
    if length < 0:
        return None
    with path.open("rb") as stream:
        _ask_lock(stream.fileno())
        stream.seek(length)
        stored = stream.read(_LENGTH)
    if not stored.startswith(_MARK):
        return None
    return stored == seal_of(path, length)
