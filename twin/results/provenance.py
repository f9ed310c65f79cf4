"""On what a run was made: versions, C library and processor, all of which can move the last bit of a result."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata

_PACKAGES = ("twin", "numpy", "numba", "llvmlite", "scipy", "h5py", "simpy")


@cache
def platform_record() -> dict[str, str]:
    """Return versions of Python, packages, HDF5 and libc, and the processor's name and features, by name."""
    import h5py

    record = {"python": platform.python_version(), "implementation": sys.implementation.name}
    record |= {name: _version(name) for name in _PACKAGES}
    record["hdf5"] = h5py.version.hdf5_version
    record["libc"] = " ".join(platform.libc_ver()).strip() or platform.version()
    record["system"], record["machine"] = platform.system(), platform.machine()
    record["cpu"], record["cpu_features"] = _processor()
    return record


def _processor() -> tuple[str, str]:
    try:
        from llvmlite import binding
    except ImportError:  # a reader of results needs no compiler
        return platform.processor(), ""
    features = [name for name, present in sorted(binding.get_host_cpu_features().items()) if present]
    return str(binding.get_host_cpu_name()), ",".join(features)


@cache
def twin_version() -> str:
    """Return the version of this package; nothing else is looked at."""
    return _version("twin")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def platform_text() -> str:
    """Return the record as JSON text, as a file stores it."""
    return json.dumps(platform_record(), sort_keys=True)


def differences(stored: Mapping[str, str]) -> list[str]:
    """Return what differs between a stored record and this machine, one phrase each, e.g. ``"numpy 2.0.0 there, 2.4.6 here"``."""
    here = platform_record()
    names = [*here, *(name for name in stored if name not in here)]
    return [f"{name} {stored.get(name, 'unknown')} there, {here.get(name, 'unknown')} here" for name in names if stored.get(name) != here.get(name)]
