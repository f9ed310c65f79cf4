"""Shared set-up of the tests."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "validation"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked ``sampled(n)``, ``make test`` takes n cases, evenly spread over all of them; the others are left to ``make soak``."""
    families: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled") is not None:
            families[item.nodeid.partition("[")[0]].append(item)
    for cases in families.values():
        mark = cases[0].get_closest_marker("sampled")
        assert mark is not None
        taken = {k * len(cases) // mark.args[0] for k in range(mark.args[0])}
        for k, case in enumerate(cases):
            if k not in taken:
                case.add_marker(pytest.mark.soak)
