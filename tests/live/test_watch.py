"""What an alarm is of: sensors, weighbridges, machines and the feed told apart, or not where nobody can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hidden_partner import Change, Partner, follow, unblaming

from twin.errors import ScenarioError
from twin.live.alarm import Alarm
from twin.live.ensemble.evidence import Evidence
from twin.live.ensemble.signatures import Prepared, Signature, blame, daily_limit
from twin.live.ensemble.suspects import Suspect, suspects
from twin.live.ensemble.watch import Limit, Watch
from twin.live.follower import Follower
from twin.live.readings import Reading
from twin.live.tags import load_tags

DAY, HOUR = 86400.0, 3600.0
TAGS = f"""
live: 1
plant: {{scenario: {Path(__file__).parent / "sorting_line.yaml"}}}
tags:
  YARD: {{quantity: level.yard, unit: t, error: 3 t}}
  FINES_BAY: {{quantity: level.fines_bay, unit: t, error: 1 t}}
  STEEL_BAY: {{quantity: level.steel_bay, unit: t, error: 1.5 t}}
  REST_BAY: {{quantity: level.rest_bay, unit: t, error: 1.5 t}}
  RUNS: {{quantity: state.screen, unit: "1"}}
  TRUCKS: {{input: deliveries, unit: t}}
  FINES: {{input: fines, unit: t}}
  STEEL: {{input: steel, unit: t}}
  REST: {{input: rest, unit: t}}
  STOPS: {{input: screen}}
estimate:
  members: 10
  fault_free: 8 d
  watched:
    units.screen.aperture: {{low: 12 mm, high: 18 mm}}
    units.deliveries.composition.steel: {{low: 32 %, high: 48 %, instead_of: units.deliveries.composition.plastics}}
"""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return Follower(load_tags(TAGS)).prepare()


def alarms(prepared: Prepared, seed: int, days: float, change: Change = lambda window, rows: rows, revised: dict[str, str] | None = None) -> list[Alarm]:
    """Alarms of a plant that goes wrong after three days."""
    follower = Follower(load_tags(TAGS))
    follower.watch_with(prepared)
    partner = Partner(follower, seed)
    follow(follower, partner, 0.0, 3 * DAY)
    assert not follower.alarms
    if revised:
        partner.hidden.revise(revised)
    follow(follower, partner, 3 * DAY, (3 + days) * DAY, change)
    return list(follower.alarms)


def scaled(signal: str, factor: float) -> Change:
    return lambda window, rows: [row._replace(value=row.value * factor) if row.signal == signal else row for row in rows]


def stuck(signal: str) -> Change:
    held: dict[str, float] = {}
    return lambda window, rows: [row._replace(value=held.setdefault(signal, row.value)) if row.signal == signal else row for row in rows]


def most_named(found: list[Alarm]) -> str:
    """The cause that most alarms name, those that cannot tell left out."""
    kinds = [alarm.kind for alarm in found if alarm.kind != "cannot tell"]
    return max(sorted(set(kinds)), key=kinds.count) if kinds else ""


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_causes_are_told_apart(prepared: Prepared, seed: int) -> None:
    """By a rule that always says sensor (or machine, or feed) two of the three would be wrong."""
    scale = alarms(prepared, seed, 3.0, scaled("STEEL_BAY", 1.3))
    assert most_named(scale) == "sensor" and "STEEL_BAY" in {alarm.signal for alarm in scale if alarm.kind == "sensor"}
    worn = alarms(prepared, seed, 3.0, revised={"units.screen.aperture": "19 mm"})
    assert most_named(worn) == "machine" and any("units.screen.aperture" in alarm.text for alarm in worn)
    feed = {"units.deliveries.composition.steel": "50 %", "units.deliveries.composition.plastics": "40 %"}
    other = alarms(prepared, seed, 4.0, revised=feed)
    assert most_named(other) == "feed" and any("units.deliveries.composition.steel" in alarm.text for alarm in other)


@pytest.mark.soak
def test_limits_of_detection_are_stated(prepared: Prepared) -> None:
    smallest = {(own.suspect.subject, own.suspect.form): own.smallest for own in prepared.signatures}
    assert smallest[("FINES_BAY", "factor")] < 1.0  # a quarter too much is found
    assert 0.0 < smallest[("units.screen.aperture", "parameter")] < 1.0
    known = suspects(Follower(load_tags(TAGS), watched=False).ensemble)
    assert [own.suspect for own in prepared.signatures] == list(known)
    causes = {own.suspect.subject: own.suspect.cause for own in prepared.signatures}
    assert causes["units.screen.aperture"] == "machine" and causes["units.deliveries.composition.steel"] == "feed" and causes["fines"] == "sensor"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sensor_that_stands_still_is_named_within_four_hours(seed: int) -> None:
    follower = Follower(load_tags(TAGS.replace("error: 3 t", "error: 1 t")), watched=False)
    follower.watch_with(unblaming(follower, 1e9))  # nothing but that is told
    partner = Partner(follower, seed)
    follow(follower, partner, 0.0, 0.5 * DAY)
    assert not follower.alarms
    follow(follower, partner, 0.5 * DAY, 0.5 * DAY + 4.5 * HOUR, stuck("YARD"))
    first = follower.alarms[0]
    assert (first.signal, first.kind) == ("YARD", "sensor") and 0.5 * DAY < first.time <= 0.5 * DAY + 4 * HOUR
    assert " t for " in first.text  # its unit is told


def test_a_bay_in_which_nothing_moves_may_show_one_number() -> None:
    """A night without trucks and without a run: the reading repeats itself, and the plant has not moved; one that did move is an alarm."""
    watch = Watch(("A",), Limit(1e9, 1.0, 2880))
    for window in range(40):
        assert not watch.step(window * 900.0, np.array([0.0]), {"A": 5.0}, {"A": 5.0}, {"A": 1.0})
        watch.settled({"A": 5.0})
    for window in range(40, 60):  # an empty bay shows 0, and members that were told apart fall back to its floor
        assert not watch.step(window * 900.0, np.array([0.0]), {"A": 0.0}, {"A": 0.0}, {"A": 1.0})
        watch.settled({"A": 0.5}, {"A": 0.6})
    watch.settled({"A": 5.0})
    moved = [watch.step(window * 900.0, np.array([0.0]), {"A": 5.0}, {"A": 5.0 + 0.5 * (window % 2)}, {"A": 1.0}) for window in range(60, 72)]
    assert any(moved) and next(row for row in moved if row)[0].kind == "sensor"


def test_a_signal_may_have_a_name_of_several_words() -> None:
    follower = Follower(load_tags(TAGS.replace("STEEL_BAY:", "steel bay 2:")), watched=False)
    chosen = unblaming(follower, 1e9)
    names = Evidence(follower.ensemble).names
    scales = np.array([0.1 if name == "steel bay 2 in the mean of a day" else 1e9 for name in names])
    follower.watch_with(replace(chosen, daily=2.0, scales=scales))

    def high(window: int, rows: list[Reading]) -> list[Reading]:
        return [row._replace(value=row.value + 30.0) if row.signal == "steel bay 2" and window > 200 else row for row in rows]

    follow(follower, Partner(follower, 1), 0.0, 3 * DAY, high)
    assert [alarm.signal for alarm in follower.alarms] == ["steel bay 2"] and follower.alarms[0].kind == "cannot tell"


def suspect(subject: str, cause: str) -> Suspect:
    return Suspect(subject, cause, "factor", 0.25)  # type: ignore[arg-type]


def test_blame_by_hand() -> None:
    """Two causes at right angles are told apart; two that look alike are not, and what none explains is nobody's."""
    one, two = Signature(suspect("a", "sensor"), np.array([[4.0, 0.0, 0.0]])), Signature(suspect("b", "machine"), np.array([[0.0, 4.0, 0.0]]))
    found = blame(np.array([3.9, 0.4, -0.3]), [one, two])
    assert found.signature is one and found.other is None and found.speaks[0][0] == 0
    assert found.amplitude == pytest.approx(3.9 * 4.0 / 17.0)  # (e g)/(1 + g g)
    alike = Signature(suspect("b", "machine"), np.array([[3.8, 0.5, 0.0]]))
    assert blame(np.array([3.9, 0.2, 0.0]), [one, alike]).other is not None
    assert blame(np.array([0.5, 0.0, 5.0]), [one, two]).signature is None
    assert blame(np.array([0.6, 0.1, 0.2]), [one, two]).signature is None  # too little to say anything


def test_the_daily_limit_lets_by_what_it_says() -> None:
    """A limit for one alarm a month of ten columns; days of Student's law, as of deviations from ten days. Poisson of mean 60 within 4 deviations."""
    limit = daily_limit(10, 10, 1.0, seed=3)
    chance = np.random.Generator(np.random.Philox(9))
    months, count = 60, 0
    for _ in range(months):
        errors = np.sqrt(chance.chisquare(10, 10) / 10)
        up, down = np.zeros(10), np.zeros(10)
        for _ in range(30):
            z = chance.standard_normal(10) / errors
            up, down = np.maximum(0.0, up + z - 0.5), np.maximum(0.0, down - z - 0.5)
            over = np.maximum(up, down) > limit
            count += int(over.sum())
            up[over] = down[over] = 0.0
    assert 29 <= count <= 91
    assert daily_limit(10, 100, 1.0, seed=3) < limit < daily_limit(10, 10, 0.2, seed=3)


def test_what_may_be_watched_is_checked() -> None:
    for wrong, words in (
        ("units.screen.aperture: {low: 18 mm, high: 12 mm}", "low must be below high"),
        ("units.screen.hole: {low: 12 mm, high: 18 mm}", "no number there"),
    ):
        with pytest.raises(ScenarioError, match=r"estimate\.watched") as error:
            load_tags(TAGS.replace("units.screen.aperture: {low: 12 mm, high: 18 mm}", wrong))
        assert words in str(error.value)
