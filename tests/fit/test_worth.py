"""What an instrument is worth, against making it better and reconciling again."""

from __future__ import annotations

import numpy as np
import pytest

from twin.errors import UsageError
from twin.fit.reconcile import Reconciliation, reconcile
from twin.fit.reconcile.worth import worths

TEXT = """
reconcile: 1
flows: {{feed: -> mill, over: screen -> mill, milled: mill -> screen, under: screen -> magnet, steel: magnet ->, rest: magnet ->}}
measurements: {{feed: 100 t ± {feed} t, under: 101 t ± 4 t, steel: 40 t ± {steel} t, over: 30 t ± 2 t}}
"""


def spread(found: Reconciliation) -> float:
    """The mean squared relative error of all flows but for its number."""
    return float(sum((row.deviation / row.reconciled) ** 2 for row in found.rows))


def test_an_error_that_is_halved_brings_what_is_promised() -> None:
    """Readings that agree, so that no value moves when an error changes."""
    base = TEXT.replace("101 t", "100 t")
    before, after = reconcile(base.format(feed=2, steel=3)), reconcile(base.format(feed=1, steel=3))
    promised = {worth.name: worth.fall for worth in worths(before)}
    assert promised["flow.feed"] == pytest.approx(1.0 - spread(after) / spread(before), rel=1e-9)
    of_one = {worth.name: worth.fall for worth in worths(before, "flow.rest")}
    better = reconcile(base.format(feed=2, steel=1.5)).row("flow.rest").deviation
    assert of_one["flow.steel"] == pytest.approx(1.0 - (better / before.row("flow.rest").deviation) ** 2, rel=1e-9)


def test_a_new_instrument_brings_what_is_promised() -> None:
    base = TEXT.replace("101 t", "100 t").format(feed=2, steel=3)
    before = reconcile(base)
    new = next(worth for worth in worths(before) if worth.name == "flow.rest")
    assert not new.halved
    after = reconcile(base.replace("over: 30", "rest: 60 t ± 2 %, over: 30"))
    assert new.fall == pytest.approx(1.0 - spread(after) / spread(before), rel=1e-9)


def test_the_best_stands_first_and_nothing_makes_it_worse() -> None:
    falls = [worth.fall for worth in worths(reconcile(TEXT.format(feed=2, steel=3)))]
    assert falls == sorted(falls, reverse=True) and all(0.0 <= fall < 1.0 for fall in falls) and np.isfinite(falls).all()


def test_targets_that_cannot_be_told() -> None:
    found = reconcile(TEXT.format(feed=2, steel=3))
    with pytest.raises(UsageError, match=r"loss cannot be told: flow.rest not measured"):
        worths(found, "loss")
    with pytest.raises(UsageError, match=r"did you mean 'flow.steel'"):
        worths(found, "flow.stel")
    blind = reconcile("reconcile: 1\nflows: {f: -> a, g: a -> b, h: a -> b, i: b ->}\nmeasurements: {f: 10 ± 1}\n")
    with pytest.raises(UsageError, match="not observable"):
        worths(blind, "flow.g")
