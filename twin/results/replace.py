"""The one place that decides what an output may replace, and puts it there in one step.

Whatever twin writes - results, states, studies, journals, pages, figures, bundles - goes to a temporary file in the same folder, is brought to disk, and is
renamed. A killed command leaves the old file or the new one. What is replaced is a regular file, reached without a link, that bears the mark of its kind; an
empty file bears none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from twin.errors import FileError
from twin.results.seal import is_intact
from twin.results.temporary import drop, temporary_for

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EBADF, errno.EROFS)
"""What a file system answers that cannot bring a file, or a folder, to disk when asked."""


class DamagedError(Exception):
    """A file bears our seal, and its bytes are not those that were sealed."""


@dataclass(frozen=True)
class Mark:
    """How a kind of output is known. ``what`` names it ("a report of twin"); ``is_on(path)`` looks at a regular file. Without ``is_on`` nothing is replaced."""

    what: str
    is_on: Callable[[Path], bool] | None = None


def text_mark(what: str, mark: bytes, within: int = 4096, begins: bytes = b"") -> Mark:
    """Return a mark that is known by bytes near the start of a file."""

    def is_on(path: Path) -> bool:
        with path.open("rb") as file:
            head = file.read(within)
        return mark in head and head.startswith(begins)

    return Mark(what, is_on)


def hdf5_mark(what: str, attribute: str) -> Mark:
    """Return a mark that is known by an attribute of an HDF5 file. A file whose seal is broken is not given to HDF5, and not replaced."""

    def is_on(path: Path) -> bool:
        import h5py

        if is_intact(path) is False:
            raise DamagedError
        if not h5py.is_hdf5(path):
            return False
        with h5py.File(path, "r") as file:
            return attribute in file.attrs

    return Mark(what, is_on)


RESULTS = hdf5_mark("a results file of twin", "twin_layout")


def what_stands_at(path: Path) -> str | None:
    """Return what stands at a place if it is anything but a regular file, "" for that, None for nothing; links are not followed."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise FileError(f"cannot write {str(path)!r}: {error.strerror if isinstance(error, OSError) else error}") from None
    if stat.S_ISREG(mode):
        return ""
    return next((name for test, name in _KINDS if test(mode)), "no regular file")


def check_replaceable(path: Path, mark: Mark) -> None:
    """Raise ``FileError`` if something stands at ``path`` that an output with this mark must not replace, or its folder does not exist."""
    what = what_stands_at(path)
    if what is None:
        if not path.absolute().parent.is_dir():
            raise FileError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
        return
    if what == "":
        if mark.is_on is None:
            raise FileError(f"{path} exists; give another name")
        try:
            if mark.is_on(path):
                return
            what = f"not {mark.what}"
        except DamagedError:
            what = f"{mark.what}, or was one, and is damaged"
        except BlockingIOError:
            what = "in use by another program"
        except OSError as error:  # errors of HDF5 have no number
            what = f"not {mark.what}" if error.errno is None else f"not to be looked at ({error.strerror})"
    raise FileError(f"will not replace {path}: it is {what}; give another name with -o, or remove it")


def put_in_place(temporary: Path, target: Path, mark: Mark) -> None:
    """Bring ``temporary`` to disk and rename it to ``target``, in one step that cannot be seen half done.

    Where the disk fails to confirm it and nothing stands at ``target``, the file is put there all the same, as it may be all that there is, and
    ``FileError`` says so.
    """
    check_replaceable(target, mark)
    try:
        sync(temporary)
    except OSError as error:
        if what_stands_at(target) is not None:
            raise
        temporary.replace(target)
        raise FileError(f"{target} is written, but the disk did not confirm it ({error.strerror}): look at it before you rely on it") from None
    temporary.replace(target)
    if os.name == "posix":
        with contextlib.suppress(OSError):  # the file is in place; when its name reaches the disk is the file system's affair
            sync(target.absolute().parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to disk; raises ``OSError`` where that fails, but not where the file system cannot be asked."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(target: Path, mark: Mark) -> Iterator[Path]:
    """Yield a temporary file to write; when the block ends it is put in place of ``target``, by an exception it is removed. Raises ``FileError``."""
    check_replaceable(target, mark)
    temporary = temporary_for(target)
    try:
        yield temporary
        put_in_place(temporary, target, mark)
    except OSError as error:
        raise FileError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        drop(temporary)


def write_new(target: Path, content: bytes, what: str) -> None:
    """Write a file where nothing stands. Raises ``FileError``."""
    with replacing(target, Mark(what)) as temporary:
        temporary.write_bytes(content)


def make_folder(path: Path) -> None:
    """Make a folder for outputs, and those above it. Raises ``FileError``."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(f"cannot make the folder {path}: it is {what_stands_at(path) or 'a file'}; give another name") from None
    except OSError as error:
        raise FileError(f"cannot make the folder {path}: {error.strerror}") from None
