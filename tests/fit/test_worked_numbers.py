"""The worked numbers in docstrings of what takes in a plant's data."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import twin.fit.tables

WITHOUT_FAIL = [f"twin.fit.tables.{module.name}" for module in pkgutil.iter_modules(twin.fit.tables.__path__)]
SOME = ("closing", "equations", "gross_errors", "network", "outcome", "readings", "solve")
CALIBRATE = [*(f"twin.fit.calibrate.{module}" for module in ("emulator", "files", "priors", "scales", "targets")), "twin.study.apart", "twin.study.probes"]


@pytest.mark.parametrize("name", WITHOUT_FAIL)
def test_worked_numbers(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_some() -> None:
    found = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in WITHOUT_FAIL]
    assert sum(len(test.examples) for tests in found for test in tests) >= 10


@pytest.mark.parametrize("name", [*(f"twin.fit.reconcile.{module}" for module in SOME), *CALIBRATE, "twin.measurement", "twin.study.information"])
def test_docstrings_say_what_comes_out(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0 and found.attempted > 0
