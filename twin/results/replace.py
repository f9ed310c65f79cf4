"""Puts a file in place in one step: a temporary name in the same folder, then a rename. A killed run leaves the old file or the new one."""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import re
import stat
from pathlib import Path

from twin.errors import FileError

_COUNT = itertools.count()
_TEMPORARY = re.compile(r"\.twin-[0-9a-f]{12}-(?P<host>[0-9a-f]{8})-(?P<process>[0-9]+)-[0-9]+\.tmp")


def _short(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:length]


def target_of(path: Path) -> Path:
    """Return the file that ``path`` will replace, links followed. Raises ``FileError`` where none can be put there."""
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileError(f"cannot write {path}: the folder {target.parent} does not exist; make it first")
    check_replaceable(target)
    return target


def check_replaceable(target: Path) -> None:
    """Raise ``FileError`` if ``target`` exists and is anything but a results file of twin."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror}") from error
    if stat.S_ISREG(mode) and _is_ours(target):
        return
    what = "a folder" if stat.S_ISDIR(mode) else "not a results file of twin"
    raise FileError(f"will not replace {target}: it is {what}; give another name with -o, or remove it")


def _is_ours(target: Path) -> bool:
    import h5py

    try:
        with h5py.File(target, "r") as file:
            return "twin_layout" in file.attrs
    except OSError:
        return False


def temporary_for(target: Path) -> Path:
    """Make an empty temporary file beside ``target``, under a name that nobody else uses, and remove those that dead processes left."""
    remove_stale(target.parent)
    while True:
        name = f".twin-{_short(target.name, 12)}-{_short(platform.node(), 8)}-{os.getpid()}-{next(_COUNT)}.tmp"
        path = target.parent / name
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        except OSError as error:
            raise FileError(f"cannot write to the folder {target.parent}: {error.strerror}") from error
        return path


def remove_stale(folder: Path) -> None:
    """Remove the temporary files in ``folder`` whose process, on this computer, is gone."""
    here = _short(platform.node(), 8)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  the names alone are wanted
    except OSError:
        return
    for name in names:
        match = _TEMPORARY.fullmatch(name)
        if match and match["host"] == here and not _alive(int(match["process"])):
            (folder / name).unlink(missing_ok=True)


def _alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere there is no harmless way to ask
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def put_in_place(temporary: Path, target: Path) -> None:
    """Bring ``temporary`` to disk and rename it to ``target``, in one step that cannot be seen half done."""
    check_replaceable(target)
    _sync(temporary)
    temporary.replace(target)
    if os.name == "posix":
        _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
