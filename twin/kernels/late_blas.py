"""Lets numba look for linear algebra when a kernel asks for it, and not as it begins.

As numba loads what it knows of arrays it imports ``scipy.linalg``, to see whether it is there; that takes a quarter of a warm start, and kernels here use none
of it. Meanwhile that import is refused in this thread, which numba takes as "not installed", and is told otherwise afterwards. All that needs linear algebra
imports it itself, so compiled code is what it would be. Where numba goes another way one day, it begins as slowly as before.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import Any

LOOKS = "numba.np.arraymath"
"""The module that looks, and its answer."""
ANSWER = "_HAVE_BLAS"
LOOKED_FOR = "scipy.linalg"


class _Refusal(MetaPathFinder):
    """Refuses one module, to one thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Raises ``ModuleNotFoundError`` for the module; leaves all else to others."""
        if fullname == LOOKED_FOR and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"{LOOKED_FOR} is not looked for yet", name=fullname)


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        yield
    finally:
        sys.meta_path.remove(refusal)


def look_later() -> None:
    """Load what numba knows of arrays without ``scipy.linalg``; nothing is done where either is loaded already."""
    if LOOKS in sys.modules or LOOKED_FOR in sys.modules or find_spec("scipy") is None:
        return
    with _refused(), contextlib.suppress(ModuleNotFoundError):
        looked: Any = importlib.import_module(LOOKS)
        if hasattr(looked, ANSWER):
            setattr(looked, ANSWER, True)
