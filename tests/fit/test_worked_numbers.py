"""The worked numbers in the docstrings of ``twin.fit.tables`` are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import twin.fit.tables

MODULES = [f"twin.fit.tables.{module.name}" for module in pkgutil.iter_modules(twin.fit.tables.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_worked_numbers(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_some() -> None:
    found = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in MODULES]
    assert sum(len(test.examples) for tests in found for test in tests) >= 10
