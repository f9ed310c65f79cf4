"""The fuzzer and the killer of this folder, small; ``docs/reliability.md`` has the commands for more."""

from __future__ import annotations

from pathlib import Path

import pytest
import small
from fuzz import fuzz
from kill import kills

pytestmark = pytest.mark.slow


def test_sixty_mutated_inputs_end_in_a_line(tmp_path: Path) -> None:
    tally = fuzz(small.make(tmp_path), 0, 60, 7, print, size=100)
    assert not tally.faults, "\n".join(fault.what for fault in tally.faults)
    assert tally.outcomes.total() == 60


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    """``kills`` raises where an output is neither the old file nor the new one, or where a sweep, run again, gives other bits."""
    found = kills(tmp_path, 5, 7)
    assert sum(found.values()) == 5
