"""Looks whether a file that claims to be a results file can be trusted, before anything is read from it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.errors import FileError
from twin.results.digest import SITES, cluster_digest, file_digest, state_digest
from twin.results.held import check_results, check_storage
from twin.results.layout import LAYOUT
from twin.results.seal import is_intact
from twin.results.state import has_state

_MOST_OBJECTS = 10_000
_MOST_DEPTH = 8
_UNWRITTEN = 4 << 30
"""Bytes that a file may declare without storing them: series that were not recorded are all fill value."""
_REFERENCES = (b"DIMENSION_LIST", b"REFERENCE_LIST")
"""What HDF5 keeps about dimensions; nothing here is read from it, as it can take a minute to read where it is damaged."""
_DENSEST = 1100
"""Deflate stores at least one byte for 1032."""


def open_checked(path: Path, *, digest: bool, state: bool) -> Any:
    """Open a file for reading, after looking at its seal, kind, layout, links, sizes and (``digest``, if it has no seal) contents.

    ``state`` says whether a saved state is wanted, or a finished run. Of ``FILE/sites/NAME`` the group of a site is returned, which reads like a file. Raises
    ``FileError`` for anything else than that.
    """
    path, site = divided(path)
    file = _open_known(path, digest, state)
    try:
        names = list(site_groups(file))
        if names and site not in names:
            known = ", ".join(f"{path}/{SITES}/{name}" for name in names)
            raise FileError(f"{path} is a cluster of several sites{f', none of them {site!r}' if site else ''}; name one: {known}")
        if site and not names:
            raise FileError(f"{path} is no cluster: it has no site {site!r}; name the file alone")
        node = file[f"{SITES}/{site}"] if site else file
        check_results(node, path, state=state)
    except BaseException:
        file.close()
        raise
    return node


def open_checked_cluster(path: Path, *, state: bool) -> Any:
    """Open the file of a cluster for reading, after the same looks at it and at each of its sites. Raises ``FileError``."""
    file = _open_known(path, True, state)
    try:
        groups = site_groups(file)
        if not groups:
            raise FileError(f"{path} is no cluster, but a single run")
        for group in groups.values():
            check_results(group, path, state=state)
    except BaseException:
        file.close()
        raise
    return file


def is_cluster_file(path: Path) -> bool:
    """Whether a cluster's results or saved state stand at a place; False also for what cannot be read, which whoever opens it will say."""
    try:
        if not path.is_file() or not h5py.is_hdf5(path) or is_intact(path) is False:
            return False
        with h5py.File(path, "r") as file:
            return bool(site_groups(file))
    except (OSError, ValueError, RuntimeError, KeyError, FileError):
        return False


def divided(path: Path) -> tuple[Path, str]:
    """Return the file and the site of ``FILE/sites/NAME``; "" where a file is named alone."""
    if path.parent.name == SITES and not path.exists() and path.parent.parent.is_file():
        return path.parent.parent, path.name
    return path, ""


def site_groups(file: Any) -> dict[str, Any]:
    """Return the groups of a cluster's sites in their order; none where the file is a run's."""
    if SITES not in file or "site" not in file:
        return {}
    names = [label.decode("utf-8", "replace") for label in file["site"][...].tolist()]
    if sorted(names) != sorted(file[SITES]) or not all(isinstance(file[f"{SITES}/{name}"], h5py.Group) for name in names):
        raise FileError(f"{file.filename}: the groups below /{SITES} are not those of its sites: twin did not write this file, or it was changed")
    return {name: file[f"{SITES}/{name}"] for name in names}


def _open_known(path: Path, digest: bool, state: bool) -> Any:
    """Open a file of a run or a cluster that is one, and what it says it is."""
    sealed = check_seal(path, digest)
    file = open_hdf5(path)
    try:
        _check_kind(file, path, state)
        check_structure(file, path)
        if digest and not sealed:
            _check_digest(file, path, state)
    except BaseException:
        file.close()
        raise
    return file


def check_seal(path: Path, digest: bool) -> bool:
    """Look at what stands at ``path`` and, if wanted, at its seal; return whether it has one and it holds."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise FileError(f"cannot read {path}: it is {'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}")
        intact = is_intact(path) if digest else None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FileError(f"cannot read {str(path)!r}: {_reason(error)}") from error
    if intact is False:
        raise FileError(f"{path} is damaged: its bytes are not those that were written; get it again from where it came, or rerun it")
    return bool(intact)


def open_hdf5(path: Path) -> Any:
    """Open an HDF5 file for reading. Raises ``FileError``."""
    try:
        if not h5py.is_hdf5(path):
            if path.suffix.lower() in (".yaml", ".yml"):
                raise FileError(f"{path} is a scenario, not a results file: run it first, 'twin run {path}', and give the file that this writes")
            raise FileError(f"{path} is not an HDF5 file")
        return h5py.File(path, "r")
    except OSError as error:
        raise FileError(f"cannot read {path}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, BlockingIOError):
        return "another program has it open for writing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ValueError):
        return str(error)
    return f"it is damaged ({str(error).partition(chr(10))[0]})"


def _check_kind(file: Any, path: Path, state: bool) -> None:
    try:
        attrs = {name: file.attrs.get(name) for name in ("twin_layout", "complete", "digest")}
        json.loads(file.attrs.get("platform", "{}"))
    except (OSError, RuntimeError, TypeError, ValueError, RecursionError) as error:
        raise FileError(f"{path} is damaged ({error})") from error
    layout = attrs["twin_layout"]
    if layout is None:
        raise FileError(f"{path} is an HDF5 file, but not a results file of twin")
    if str(layout) != str(LAYOUT):
        raise FileError(f"{path} has layout {layout}, this version of twin reads layout {LAYOUT}; read it with the version that wrote it")
    if not isinstance(attrs["digest"], str):
        raise FileError(f"{path} has no digest: the run that wrote it did not end")
    sites = site_groups(file)
    if state and not all(has_state(node) for node in sites.values() or (file,)):
        raise FileError(f"{path} is a finished run, not a saved state; 'twin run --save' writes one")
    if not state and not _true(attrs["complete"]):
        raise FileError(f"{path} is not complete: it is a saved state; 'twin resume' goes on from it")


def _true(value: Any) -> bool:
    return str(value) in ("1", "True")


def check_structure(file: Any, path: Path) -> None:
    """Refuse links out of the file, data that stand elsewhere, types that twin does not write, and sizes that nothing backs.

    Attributes are read once on the way, so that damage shows here and not later.
    """
    unwritten = 0
    seen: list[int] = []

    def walk(group: Any, name: str, depth: int) -> None:
        nonlocal unwritten
        if depth > _MOST_DEPTH:
            raise FileError(f"{path}: groups are nested deeper than {_MOST_DEPTH}")
        for encoded in group:  # below h5py's dictionaries, which take most of the time that opening a file takes
            where = f"{name}/{encoded.decode('utf-8', 'replace')}"
            if group.links.get_info(encoded).type != h5py.h5l.TYPE_HARD:
                raise FileError(f"{path}: {where} is a link out of its place; twin writes none")
            identifier = h5py.h5o.open(group, encoded)
            address = h5py.h5o.get_info(identifier).addr
            if address in visited:
                raise FileError(f"{path}: {where} appears twice; twin writes every object once")
            visited.add(address)
            seen.append(address)
            if len(seen) > _MOST_OBJECTS:
                raise FileError(f"{path}: more than {_MOST_OBJECTS} objects")
            _read_attributes(identifier)
            if isinstance(identifier, h5py.h5g.GroupID):
                walk(identifier, where, depth + 1)
            elif isinstance(identifier, h5py.h5d.DatasetID):
                unwritten += _check_dataset(h5py.Dataset(identifier), path, where)
            else:
                raise FileError(f"{path}: {where} is neither a group nor an array")

    visited: set[int] = set()
    try:
        root = file["/"].id
        _read_attributes(root)
        walk(root, "", 0)
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError) as error:
        raise FileError(f"{path} is damaged ({str(error).partition(chr(10))[0]})") from error
    if unwritten > _UNWRITTEN * max(1, len(site_groups(file))):
        raise FileError(f"{path} declares {unwritten / 1e9:.0f} GB that are not in it (at most {_UNWRITTEN / 1e9:.0f} GB)")


def _read_attributes(identifier: Any) -> None:
    names: list[bytes] = []
    h5py.h5a.iterate(identifier, names.append)
    for name in names:
        if name not in _REFERENCES:
            attribute = h5py.h5a.open(identifier, name)
            if attribute.shape is not None:
                attribute.read(np.empty(attribute.shape, attribute.dtype))


def _check_dataset(dataset: Any, path: Path, where: str) -> int:
    """Look at one array; return how many bytes of it are declared but not stored."""
    if dataset.external:
        raise FileError(f"{path}: the data of {where} stand in another file; twin writes no such arrays")
    if dataset.is_virtual:
        raise FileError(f"{path}: {where} is a virtual array; twin writes none")
    text = h5py.check_string_dtype(dataset.dtype)
    if dataset.dtype.kind not in "biufS" or (text is not None and text.length is None):
        raise FileError(f"{path}: {where} has the type {dataset.dtype}; twin writes numbers and fixed-length texts only")
    if dataset.shape is None:
        raise FileError(f"{path}: {where} is empty")
    check_storage(dataset, lambda why: FileError(f"{path}: {where} {why}"))
    declared = dataset.dtype.itemsize
    for length in dataset.shape:
        declared *= int(length)
    stored = int(dataset.id.get_storage_size())
    return declared if declared > _DENSEST * stored else 0


def _check_digest(file: Any, path: Path, state: bool) -> None:
    try:
        groups = site_groups(file)
        own = file_digest(file, str(file.attrs.get("scenario_sha256", "")))
        stated = {name: str(group.attrs.get("digest")) for name, group in groups.items()}
        right = (cluster_digest(own, stated) if groups else own) == file.attrs["digest"]
        for name, group in groups.items():
            right = right and file_digest(group, str(group.attrs.get("scenario_sha256", ""))) == stated[name]
        if right and state:
            right = all(state_digest(node) == node.attrs.get("state_digest") for node in groups.values() or (file,))
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, UnicodeError) as error:  # what HDF5 and h5py say about damaged bytes
        raise FileError(f"{path} is damaged ({str(error).partition(chr(10))[0]})") from error
    if not right:
        raise FileError(f"{path} is damaged or was changed: its contents do not have the digest it states")
