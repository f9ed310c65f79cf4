"""The daily chart takes a plant for what it is: what sets it apart and lasts is no alarm, what changes is."""

from __future__ import annotations

import numpy as np

from twin.live.ensemble.monitor import Own
from twin.live.ensemble.signatures import DAILY_ALLOWANCE


def sums(offset: float, change: float, seed: int, charts: int = 200) -> float:
    """The share of charts that pass a limit of 6 in thirty days of white evidence about ``offset``, to which ``change`` comes after twenty."""
    chance = np.random.Generator(np.random.Philox([seed, 12]))
    own, up, down, over = Own(charts), np.zeros(charts), np.zeros(charts), np.zeros(charts, dtype=bool)
    for day in range(30):
        vector = chance.standard_normal(charts) + offset + (change if day >= 20 else 0.0)
        z = own.missed(vector)
        up, down = np.maximum(0.0, up + z - DAILY_ALLOWANCE), np.maximum(0.0, down - z - DAILY_ALLOWANCE)
        over |= np.maximum(up, down) > 6.0
        own.learn(vector)
    return float(over.mean())


def test_what_lasts_is_no_alarm_and_what_changes_is() -> None:
    """A chart without a mean of its own passes the limit in most months at an offset of one deviation; one that followed each day would miss the change."""
    assert sums(0.0, 0.0, 1) < 0.08
    assert sums(1.0, 0.0, 2) < 0.15
    assert sums(0.0, 2.0, 3) > 0.8
    assert sums(1.0, 2.0, 4) > 0.8


def test_recursive_residuals_are_white() -> None:
    """Of ten days of evidence about a mean that is drawn as it is believed to be: variance 1 each, uncorrelated; three deviations of 4000 charts."""
    chance = np.random.Generator(np.random.Philox(5))
    own, rows = Own(4000), []
    offset = chance.standard_normal(4000)
    for _ in range(10):
        vector = offset + chance.standard_normal(4000)
        rows.append(own.missed(vector))
        own.learn(vector)
    together = np.cov(np.array(rows))
    assert np.abs(np.diag(together) - 1.0).max() < 0.08
    assert np.abs(together - np.diag(np.diag(together))).max() < 0.06
