"""How kernels are compiled: cached, never stale, without what would move bits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import twin.kernels
from twin.kernels import compile as compiling
from twin.kernels.compile import machine_kernel
from twin.kernels.machine_pass import _call as call
from twin.kernels.machine_pass import address_of

KERNEL = """\
import numpy as np
from twin.kernels.compile import machine_kernel

@machine_kernel
def apply(x, at, coefficients, parameters, load, out, warn):
    out[0, 0, 0] = FACTOR * x[0, 0]
    return 0

x = np.ones((1, 1))
out = np.zeros((1, 1, 1))
apply(x, x, np.zeros(1), np.zeros(1), 0.0, out, np.zeros(1, dtype=np.int64))
print(out[0, 0, 0], sum(apply.stats.cache_hits.values()))
"""


def run(path: Path, cache: Path) -> str:
    printed = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_CACHE_DIR": str(cache)})
    return printed.stdout.strip()


def test_a_kernel_is_cached_and_an_edited_one_is_never_served_stale(tmp_path: Path) -> None:
    path, cache = tmp_path / "mine.py", tmp_path / "cache"
    path.write_text(KERNEL.replace("FACTOR", "2.0"), encoding="utf-8")
    assert run(path, cache) == "2.0 0"
    assert run(path, cache) == "2.0 1"
    stamp = path.stat()
    path.write_text(KERNEL.replace("FACTOR", "3.0"), encoding="utf-8")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as an archive or a checkout may leave it
    assert run(path, cache) == "3.0 0"


CHAIN = """\
from numba import float64, types
import numpy as np
from twin.kernels.compile import kernel

@kernel(types.UniTuple(float64, 2)(float64[::1], float64), inner=True)
def scale(x, by):
    for k in range(x.shape[0]):
        x[k] = by * x[k]
    return x[0], x[-1]

@kernel(float64(float64[::1]), inner=True)
def twice(x):
    first, last = scale(x, FACTOR)
    return last - first

@kernel(float64(float64[::1], float64[::1]))
def both(x, y):
    return twice(x) + 100.0 * twice(y)

x, y = np.array([1.0, 3.0]), np.array([1.0, 5.0])
print(both(x, y), x, y, sum(both.stats.cache_hits.values()), sum("twice" in line and line.startswith("define") for line in both.inspect_llvm(both.signatures[0]).splitlines()))
"""


def test_inner_kernels_are_called_by_name_also_from_the_cache(tmp_path: Path) -> None:
    """Compiled once, apart: what calls them holds no code of theirs; edited, none of the old is left."""
    path, cache = tmp_path / "mine.py", tmp_path / "cache"
    path.write_text(CHAIN.replace("FACTOR", "2.0"), encoding="utf-8")
    assert run(path, cache) == "804.0 [2. 6.] [ 2. 10.] 0 0"
    assert run(path, cache) == "804.0 [2. 6.] [ 2. 10.] 1 0"
    path.write_text(CHAIN.replace("FACTOR", "3.0"), encoding="utf-8")
    assert run(path, cache) == "1206.0 [3. 9.] [ 3. 15.] 0 0"


def test_the_cache_folder_depends_on_all_kernel_sources_and_the_callers_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kernel of a copy of the folder is edited in turn: none may leave the name as it was, and undoing it brings the name back."""
    kernels = tmp_path / "kernels"
    shutil.copytree(Path(compiling.__file__).parent, kernels, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiling, "__file__", str(kernels / "compile.py"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    caller = tmp_path / "mine.py"
    caller.write_text("x = 1", encoding="utf-8")

    def folder() -> Path | None:
        compiling._source_hash.cache_clear()
        compiling.cache_folder.cache_clear()
        return compiling.cache_folder(str(caller))

    try:
        first = folder()
        assert first is not None
        edited = sorted(kernels.glob("*.py"))
        assert len(edited) > 20
        for path in edited:
            text = path.read_bytes()
            path.write_bytes(text + b"#")
            assert folder() != first, path.name
            path.write_bytes(text)
        assert folder() == first
        caller.write_text("x = 2", encoding="utf-8")
        assert folder() != first
    finally:
        compiling._source_hash.cache_clear()
        compiling.cache_folder.cache_clear()


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(KERNEL.replace("FACTOR", "2.0"), encoding="utf-8")
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    assert run(path, blocked / "below") == "2.0 0"


def test_nothing_moves_bits() -> None:
    """N3: no fastmath, no threads, no random numbers in any kernel; one place compiles."""
    for path in Path(twin.kernels.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", text)
        assert not re.search(r"fastmath|prange|parallel|np\.random|np\.dot|einsum|linalg| @ ", code), path.name
        assert path.name == "compile.py" or "njit" not in code, path.name


@numba.njit
def call_by_address(address: int, x: Any, coefficients: Any, out: Any, warn: Any) -> int:
    return call(address, x, x, coefficients, np.zeros(1), 0.0, out, warn)


@machine_kernel
def double(x: Any, at: Any, coefficients: Any, parameters: Any, load: float, out: Any, warn: Any) -> int:
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = coefficients[0] * x[m, s]
            out[1, m, s] = x[m, s]
    return 0


@machine_kernel
def swap(x: Any, at: Any, coefficients: Any, parameters: Any, load: float, out: Any, warn: Any) -> int:
    for m in range(x.shape[0]):
        for s in range(x.shape[1]):
            out[0, m, s] = x[m, s]
            out[1, m, s] = coefficients[0] * x[m, s]
    return 0


def test_addresses_are_those_of_this_process() -> None:
    """What stands at an address is the kernel whose address it is: called through it, each does what it does when called by name."""
    x = np.array([[8.0], [4.0]])
    ends = {}
    for name, apply in (("double", double), ("swap", swap)):
        called, direct = np.zeros((2, 2, 1)), np.zeros((2, 2, 1))
        warn = np.zeros(4, dtype=np.int64)
        call_by_address(address_of(apply), x, np.array([2.0]), called, warn)
        apply(x, x, np.array([2.0]), np.zeros(1), 0.0, direct, warn)
        assert called.tobytes() == direct.tobytes(), name
        assert called.sum() == 3.0 * x.sum(), name
        ends[name] = called
    assert not np.array_equal(ends["double"], ends["swap"])
