"""Forges results, states and study files: changes them and seals them again, so that seal and digest vouch for what they should not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twin.results.digest import file_digest, state_digest
from twin.results.seal import add_seal
from twin.study.layout import digest_of


def text(value: str) -> Any:
    encoded = value.encode("utf-8")
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", max(1, len(encoded))))


def replace(file: Any, name: str, values: Any, **how: Any) -> None:
    """Put other values, of whatever type and shape, in the place of an array."""
    attrs = {key: value for key, value in file[name].attrs.items() if key not in ("DIMENSION_LIST", "REFERENCE_LIST")} if name in file else {}
    if name in file:
        del file[name]
    made = file.create_dataset(name, data=values, **how) if values is not None else file.create_dataset(name, **how)
    for key, value in attrs.items():
        made.attrs[key] = value


def forge(source: Path, target: Path, change: Callable[[Any], None]) -> Path:
    """Copy ``source`` to ``target``, let ``change(file)`` do what it wants with the open file, and seal it again with a right digest."""
    shutil.copyfile(source, target)
    with h5py.File(target, "r+") as file:
        change(file)
        seal_again(file)
    add_seal(target)
    return target


def seal_again(file: Any) -> None:
    """Make the digest in an open file right."""
    if "twin_study" in file.attrs:
        file.attrs["digest"] = digest_of(file, str(file.attrs.get("study_sha256", "")))
        return
    file.attrs["digest"] = file_digest(file, str(file.attrs.get("scenario_sha256", "")))
    if "saved_state" in file:
        file.attrs["state_digest"] = state_digest(file)
