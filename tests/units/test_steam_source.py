"""The steam that is over, followed as it happens, against the account that a boiler draws up afterwards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from twin.units.energy.steam_source import SteamSource
from twin.units.melts.steam_main import meet

SECOND = 1_000_000_000


@pytest.mark.parametrize("store", [0.0, 4e6, 4e7])
def test_over_is_what_the_account_says(store: float) -> None:
    """Random makes and draws: the integral of what is over, cut where the source says that it changes, is that of the account, cut at all edges."""
    random = np.random.default_rng(7)
    told, source = [], SteamSource(store, lambda now: None)
    for time in np.cumsum(random.integers(1, 900, 200)).tolist():
        kind = "make" if random.random() < 0.7 else "draw"
        told.append((time * SECOND, kind, int(random.integers(1, 1500)) * SECOND, float(random.random() * 3e6)))
    end = told[-1][0] + 2000 * SECOND
    over, now = 0.0, 0
    while now < end:
        for time, kind, length, heat in told:
            if time == now:
                source.make(now, length, heat) if kind == "make" else source.draw(now, now + length, heat)
        power, change = source.over(now), source.next_change(now)
        news = [time for time, *_ in told if time > now]
        until = min([time for time in (change, *news[:1], end) if time is not None])
        over += power * (until - now) / SECOND
        now = until
    spans = {name: [(t, t + length, heat * SECOND / length) for t, kind, length, heat in told if kind == name] for name in ("make", "draw")}
    edges = sorted({0, end, *(edge for rows in spans.values() for a, b, _ in rows for edge in (a, b) if edge < end)})
    level, account = 0.0, 0.0
    for begin, stop in pairwise(edges):
        made, drawn = (sum(watts for a, b, watts in spans[name] if a <= begin and b >= stop) for name in ("make", "draw"))
        for part, left in meet(begin, stop, made, drawn, level, store):
            account += part.over * (part.end - part.begin) / SECOND
            level = left
    assert account > 0.0
    assert over == pytest.approx(account, rel=1e-9)
