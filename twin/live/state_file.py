"""A state as a file: plain data as JSON and arrays beside it, sealed by its hash. Nothing in it is run when it is read."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import FileError
from twin.results.replace import Mark, replacing

MAGIC = b"twin live state 1\n"


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def write_state(path: Path, state: Any) -> None:
    """Put a state of dicts with texts as keys, lists, tuples, numbers, texts and arrays in the place of the one before. Raises ``FileError``."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    text = json.dumps(_plain(state, arrays))
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, plain=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)
    content = body.getvalue()
    with replacing(path, Mark("a state of the live twin", _is_ours)) as temporary:
        temporary.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)


def read_state(path: Path) -> Any:
    """Return a state. Raises ``FileError`` for a file that is none, or is damaged."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: the state cannot be read ({error.strerror})") from None
    if not raw.startswith(MAGIC):
        raise FileError(f"{path}: is no state of a live twin; give another folder, or remove the file to begin anew")
    digest, content = raw[len(MAGIC) : len(MAGIC) + 32], raw[len(MAGIC) + 32 :]
    if hashlib.sha256(content).digest() != digest:
        raise FileError(f"{path}: the state is damaged; remove it to begin anew: the history is taken from its begin")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return _whole(json.loads(file["plain"].tobytes().decode()), file)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise FileError(f"{path}: the state cannot be read ({error}); remove it to begin anew") from None


def _plain(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, dict):
        return {"d": [[_plain(key, arrays), _plain(part, arrays)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"t": [_plain(part, arrays) for part in value]}
    if isinstance(value, list):
        return [_plain(part, arrays) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        name = f"a{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"a": name, "scalar": isinstance(value, np.generic)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} in a state")


def _whole(value: Any, arrays: Any) -> Any:
    if isinstance(value, list):
        return [_whole(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if "d" in value:
        return {_whole(key, arrays): _whole(part, arrays) for key, part in value["d"]}
    if "t" in value:
        return tuple(_whole(part, arrays) for part in value["t"])
    found = arrays[value["a"]]
    return found[()] if value["scalar"] else found
