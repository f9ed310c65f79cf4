"""Shared set-up of the tests."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "validation"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked ``sampled(n)``, ``make test`` takes the first n cases; the others are left to ``make soak``."""
    taken: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("sampled")
        if mark is not None:
            test = item.nodeid.partition("[")[0]
            taken[test] += 1
            if taken[test] > mark.args[0]:
                item.add_marker(pytest.mark.soak)
