"""How kernels are compiled: cached, never stale, without what would move bits."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import twin.kernels
from twin.kernels import compile as compiling
from twin.kernels import partition
from twin.kernels.line_pass import address_of

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


def test_the_cache_folder_depends_on_all_kernel_sources_and_the_callers_file(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1", encoding="utf-8")
    second.write_text("x = 2", encoding="utf-8")
    assert compiling.cache_folder(str(first)) != compiling.cache_folder(str(second))


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


def test_addresses_are_those_of_this_process() -> None:
    assert address_of(partition.SEPARATOR.apply) != 0
    assert address_of(partition.SEPARATOR.apply) == address_of(partition.SEPARATOR.apply)
    assert address_of(partition.SEPARATOR.apply) != address_of(partition.SPLITTER.apply)
