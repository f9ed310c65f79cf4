"""A long chain of stations that fills: who begins to wait looks along it, and must not look at each station once for each other one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twin.engine import deadlock

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from chain import build_chain


def looks(count: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """How many places a look at a deadlock goes through, while 3 parts pass a chain of ``count`` stations that is empty before; per look."""
    places = whole = 0
    hopeful, dead = deadlock._hopeful, deadlock._dead

    def counted(*arguments: object) -> bool:
        nonlocal places
        places += 1
        return hopeful(*arguments)  # type: ignore[arg-type]

    def counting(units: object) -> object:
        nonlocal whole
        whole += 1
        return dead(units)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(deadlock, "_hopeful", counted)
        patch.setattr(deadlock, "_dead", counting)
        chain = build_chain(3, count)
        chain.run()
    assert chain.passed[0] == 3
    return places / max(whole, 1)


def test_a_look_along_a_chain_costs_as_many_places_as_it_has_stations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place a few times: freed from the wrong end a chain of 300 took thousands of places a look."""
    monkeypatch.setattr(deadlock, "LONGEST_CHAIN", 0)
    assert looks(300, monkeypatch) < 4 * 300
