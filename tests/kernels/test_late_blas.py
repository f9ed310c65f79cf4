"""Kernels begin without linear algebra, and a kernel of somebody's own that asks for it has it all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = "import sys, numpy as np; import numba, twin.kernels.partition; from numba.np import arraymath; "
BEFORE = "print('scipy.linalg' in sys.modules, arraymath._HAVE_BLAS); "
DOT = "f = numba.njit(lambda a: np.dot(a, a)); print(f(np.array([3.0, 4.0])))"
CORRELATE = "f = numba.njit(lambda a: np.correlate(a, a)); print(f(np.array([3.0, 4.0]))[0])"


def said(code: str) -> list[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("use", [DOT, CORRELATE])
def test_linear_algebra_is_looked_for_when_it_is_needed(use: str) -> None:
    assert said(BEGIN + BEFORE + use) == ["False", "True", "25.0"]


def test_what_is_loaded_already_is_left_alone() -> None:
    assert said("import scipy.linalg; " + BEGIN + BEFORE + DOT) == ["True", "True", "25.0"]


def test_other_imports_work_afterwards() -> None:
    assert said(BEGIN + "import scipy.linalg; print(scipy.linalg.norm([3.0, 4.0]), *[f for f in sys.meta_path if 'Refusal' in str(f)])") == ["5.0"]
