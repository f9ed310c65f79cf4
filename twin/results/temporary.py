"""Temporary files: what is not finished stands beside where it goes, under a name that says who is at it, and is removed when nobody is."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import platform
import re
import stat
from pathlib import Path

from twin.errors import FileError

_COUNT = itertools.count()
_NAME = re.compile(r"\.twin-[0-9a-f]{12}-(?P<host>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-[0-9]{1,10}\.tmp")
_MINE: dict[str, Path] = {}
"""The temporary files that this process made, by name: one that bears its number and is not here is of a process that had the number before."""
_CLOCKS = 600.0
"""Seconds by which the clocks of process table and file system may differ."""


def _short(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:length]


def temporary_for(target: Path) -> Path:
    """Make an empty temporary file beside ``target``, under a name that nobody else uses, and remove those that dead processes left.

    Raises ``FileError`` where the folder does not exist or cannot be written.
    """
    remove_stale(target.parent)
    while True:
        name = f".twin-{_short(target.name, 12)}-{_short(platform.node(), 8)}-{os.getpid()}-{next(_COUNT)}.tmp"
        path = target.parent / name
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # neither follows a link nor takes what is there
        except FileExistsError:
            continue
        except FileNotFoundError:
            raise FileError(f"cannot write {target}: the folder {target.parent} does not exist; make it first") from None
        except OSError as error:
            raise FileError(f"cannot write to the folder {target.parent}: {error.strerror}; give another place with -o") from error
        _MINE[name] = path.absolute()
        return path


def drop(temporary: Path) -> None:
    """Remove a temporary file of this process, if it is still there. Never raises: what cannot be removed now is found by :func:`remove_stale`."""
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
    _MINE.pop(temporary.name, None)


def drop_mine() -> None:
    """Remove all temporary files of this process; for one that was interrupted and is about to end."""
    for path in list(_MINE.values()):
        drop(path)


def remove_stale(folder: Path) -> None:
    """Remove the temporary files in ``folder`` whose process, on this computer, is gone. Folders and links of such a name are left alone, and block nobody."""
    here = _short(platform.node(), 8)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  the names alone are wanted
    except OSError:
        return
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or match["host"] != here:
            continue
        path = folder / name
        with contextlib.suppress(OSError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and not _at_work(int(match["process"]), name, found.st_mtime):
                path.unlink(missing_ok=True)


def _at_work(process: int, name: str, changed: float) -> bool:
    """Whether the process that made a temporary file still runs: one of its number that began after the file was last changed is another."""
    if process == os.getpid():
        return name in _MINE
    if os.name != "posix":  # elsewhere there is no harmless way to ask
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    began = _began(process)
    return began is None or began <= changed + _CLOCKS


def _began(process: int) -> float | None:
    """When a process began, in s since 1970; None where the system does not tell."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123  a pseudo-file
            ticks = int(file.read(4096).rpartition(b")")[2].split()[19])
        with open("/proc/stat", "rb") as file:  # noqa: PTH123
            booted = next(int(line.split()[1]) for line in file if line.startswith(b"btime "))
        return booted + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
