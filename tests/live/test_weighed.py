"""An instrument that was wrong from the first day is seen by its trucks."""

from __future__ import annotations

import json
from pathlib import Path

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
  YARD: {{quantity: level.yard, unit: t, error: 3 t}}
  STEEL: {{quantity: level.steel_bay, unit: t, error: 2 t}}
  TRUCKS: {{input: deliveries, unit: t}}
  PICKUPS: {{input: steel, unit: t}}
  STOPS: {{input: magnet}}
estimate: {{members: 10}}
"""


def followed(factor: float, seed: int, days: float = 6.0) -> Follower:
    follower = Follower(load_tags(TAGS), watched=False)

    def wrong(_window: int, rows: list[Reading]) -> list[Reading]:
        return [row._replace(value=row.value * factor) if row.signal == "YARD" else row for row in rows]

    follow(follower, Partner(follower, seed), 0.0, days * DAY, wrong)
    return follower


@pytest.mark.parametrize(("factor", "seed"), [(1.25, 1), pytest.param(0.75, 2, marks=pytest.mark.soak)])
def test_a_level_that_is_a_quarter_off_from_the_first_day_is_seen_by_its_trucks(factor: float, seed: int) -> None:
    """After six days and some 150 trucks, within three deviations; where nothing is off (the other level) nothing is said."""
    follower = followed(factor, seed)
    found = {row.signal: row for row in follower.weighed.found()}
    yard = found["YARD"]
    assert abs(yard.share - (factor - 1.0)) < 3.0 * (yard.high - yard.low) / (2.0 * 1.96) and yard.clear
    assert ("too much of each" if factor > 1.0 else "too little of each") in yard.text
    assert not found["STEEL"].clear
    after = Follower(load_tags(TAGS), watched=False)
    after.restore(follower.state())
    assert after.weighed.found() == follower.weighed.found()
    json.dumps(follower.weighed.save())


def test_a_truck_that_no_bunker_could_hold_spoils_no_sum() -> None:
    """The weighbridge tells one truck a thousand times too heavy; what is known of the level stays, within half of what it is known to."""
    wrong: list[float] = []

    def heavy(window: int, rows: list[Reading]) -> list[Reading]:
        told = [row._replace(value=row.value * 1.25) if row.signal == "YARD" else row for row in rows]
        for place, row in enumerate(told):
            if row.signal == "TRUCKS" and window > 96 and not wrong:
                wrong.append(row.value)
                told[place] = row._replace(value=1000.0 * row.value)
        return told

    follower = Follower(load_tags(TAGS), watched=False)
    follow(follower, Partner(follower, 1), 0.0, 2.0 * DAY, heavy)
    yard, right = (next(row for row in own.weighed.found() if row.signal == "YARD") for own in (follower, followed(1.25, 1, 2.0)))
    assert wrong and yard.trucks < right.trucks
    assert abs(yard.share - right.share) < (right.high - right.low) / 4.0 and 0.5 < (yard.high - yard.low) / (right.high - right.low) < 2.0


def test_where_nothing_is_off_nothing_is_said() -> None:
    assert not any(row.clear for row in followed(1.0, 3).weighed.found())
