"""Numbers that no plant shows: they stop nothing, correct nothing, and are counted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hidden_partner import Partner, follow

from twin.live.follower import Follower
from twin.live.readings import Reading
from twin.live.tags import load_tags

DAY = 86400.0
TAGS = f"""
live: 1
plant: {{scenario: {Path(__file__).parent / "small_line.yaml"}}}
tags:
  YARD: {{quantity: level.yard, unit: t, error: 3 %}}
  STEEL: {{quantity: level.steel_bay, unit: t, error: 2 t, bias: 500 kg}}
  POWER: {{quantity: power.magnet, unit: kW, error: 3 %}}
  RUNS: {{quantity: state.magnet, unit: "1"}}
  EMPTY: {{quantity: state.magnet.starved, unit: "1"}}
  TRUCKS: {{input: deliveries, unit: t}}
  PICKUPS: {{input: steel, unit: t}}
  STOPS: {{input: magnet}}
estimate: {{members: 10, parameters: {{units.magnet.rate: {{low: 8 t/h, high: 12 t/h}}}}}}
"""


def followed(signal: str, value: float, every: int = 2) -> tuple[Follower, Partner]:
    """Over a day and a bit, so that slow parameters are learnt from it too; each ``every``-th window is true."""
    follower = Follower(load_tags(TAGS), watched=False)
    partner = Partner(follower, 1)

    def lying(window: int, rows: list[Reading]) -> list[Reading]:
        return [row._replace(value=value) if row.signal == signal and window % every else row for row in rows]

    follow(follower, partner, 0.0, 1.05 * DAY, lying)
    return follower, partner


@pytest.mark.filterwarnings("error::RuntimeWarning")  # nothing overflows, nothing is divided by nothing
@pytest.mark.parametrize(
    ("signal", "value"),
    [("YARD", 1e308), ("YARD", 1e150), ("STEEL", -1e300), ("POWER", 1e300), ("EMPTY", 1e5), ("RUNS", -5.0), ("TRUCKS", 1e300), ("PICKUPS", 1e300)],
)
def test_what_no_plant_shows_stops_nothing_and_moves_little(signal: str, value: float) -> None:
    follower, partner = followed(signal, value)
    known = {row.quantity: row for row in follower.estimates()}
    assert all(math.isfinite(number) for row in known.values() for number in (row.mean, row.low, row.high))
    elsewhere = value == 1e308 or signal in ("TRUCKS", "PICKUPS")  # no number in kg, and no truck
    assert (follower.ensemble.impossible > 40) is not elsewhere
    if signal in ("YARD", "STEEL"):  # the true ones between are followed
        (true,) = partner.hidden.plant.observe([f"level.{'yard' if signal == 'YARD' else 'steel_bay'}"])
        name, capacity = ("level.yard", 100_000.0) if signal == "YARD" else ("level.steel_bay", 60_000.0)
        assert abs(known[name].mean - true) < 0.1 * capacity
    assert np.isfinite(follower.forecast(leads=[3600.0]).values).all()
    again = Follower(load_tags(TAGS), watched=False)
    again.restore(follower.state())
    assert again.estimates() == follower.estimates() and again.ensemble.impossible == follower.ensemble.impossible


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_level_of_nothing_with_an_error_of_a_share_of_it_is_not_known_for_sure() -> None:
    """3 % of 0 is no error at all: members would all be put to the floor, and nothing could be told from the next reading."""
    follower, _ = followed("YARD", 0.0)
    assert follower.ensemble.model_errors.deviation("YARD") > 0.0
    assert follower.ensemble.deviations["YARD"] >= 0.002 * 100_000.0


def test_a_wrong_unit_is_seen_and_not_believed() -> None:
    """kg for t: a thousand times too much. What was seen less what was expected is told in full, and the level is not full for it."""
    follower = Follower(load_tags(TAGS), watched=False)
    partner = Partner(follower, 1)
    missed = []

    def scaled(window: int, rows: list[Reading]) -> list[Reading]:
        missed.append(abs(float(follower.ensemble.innovations.rows[-1][1])) if window > 11 else 0.0)
        return [row._replace(value=row.value * 1000.0) if row.signal == "STEEL" and window > 10 else row for row in rows]

    follow(follower, partner, 0.0, 0.5 * DAY, scaled)
    steel = next(row for row in follower.estimates() if row.quantity == "level.steel_bay")
    assert np.nanmedian(missed[12:]) > 20.0
    assert steel.mean < 45_000.0
