"""Shared set-up of the tests."""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "validation"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test marked ``sampled(n)``, ``make test`` takes n cases, evenly spread over all of them; the others are left to ``make soak``.

    Tests in a browser come last: its driver keeps an event loop running in the process, and who runs one of his own could not after it.
    """
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, headless, one for all tests of a process, since there can be one only; tests are skipped, with what to install, where it or its driver is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser tests: pip install playwright")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no browser found: apt-get install chromium")
    quiet = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic")
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=executable, args=[*quiet, "--no-first-run"])
        yield opened
        opened.close()
