"""The worked numbers in docstrings."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = ("closing", "equations", "gross_errors", "network", "outcome", "readings", "solve")


@pytest.mark.parametrize("name", [*(f"twin.fit.reconcile.{module}" for module in MODULES), "twin.measurement"])
def test_docstrings_say_what_comes_out(name: str) -> None:
    found = doctest.testmod(import_module(name))
    assert found.failed == 0 and found.attempted > 0
