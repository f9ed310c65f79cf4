"""Arrivals whose rate changes: pathwise against an inverse of the cumulated rate of its own, then their law.

The oracle sums the rate up in extended precision over pieces that it cuts itself, and inverts by halving whole nanoseconds.
"""

from __future__ import annotations

import itertools
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plants import SEED, departures, parts, scenario
from scipy.stats import chi2, kstest

import twin
from twin.engine.streams import Stream
from twin.errors import ScenarioError
from twin.scenario.distributions import Distribution
from twin.scenario.equilibrium import first_gap
from twin.scenario.variates import Variate

HOUR, DAY = 3600, 86400
LONG = np.longdouble
TWO_PI = 2 * LONG("3.14159265358979323846264338327950288")


def plant(horizon: str = "40 d", events: Any = (), **feed: Any) -> twin.Scenario:
    """Trucks of one kg; every day is recorded."""
    units = {"trucks": parts(feed.pop("every"), **feed), "yard": {"kind": "bunker", "from": "trucks", "capacity": "1 kt"}}
    units["out"] = {"kind": "product", "from": "yard"}
    top: dict[str, Any] = {"record": {"every": "1 d", "genealogy": True}, "calendars": {"day": {"weekdays": ["06:00-18:00"]}}}
    return scenario(units, horizon, events=list(events), **top)


class Summed:
    """The cumulated rate at a time in s, by closed form between ``cuts``; ``rate(t)``: (mean gap, whether the gate is open)."""

    def __init__(self, rate: Any, cuts: list[int], season: tuple[float, int, int], trend: tuple[float, int]) -> None:
        self.cuts, self.season, self.trend = cuts, season, trend
        self.factors = [LONG(1 if is_open else 0) / LONG(mean) for mean, is_open in (rate((a + b) / 2) for a, b in itertools.pairwise(cuts))]
        pieces = [self._primitive(b) - self._primitive(a) for a, b in itertools.pairwise(cuts)]
        self.sums = [LONG(0), *itertools.accumulate(f * p for f, p in zip(self.factors, pieces, strict=True))]

    def _primitive(self, t: Any) -> Any:
        """Of (1 + A cos(w (t - p))) (1 + c t)."""
        amplitude, period, peak = self.season
        t, c, w = LONG(t), LONG(self.trend[0]) / LONG(self.trend[1]), TWO_PI / LONG(period)
        x = w * (t - peak)
        return t + c * t * t / 2 + LONG(amplitude) * (np.sin(x) * (1 + c * t) / w + c * np.cos(x) / (w * w))

    def at(self, ns: int) -> Any:
        t = LONG(ns) / LONG(10**9)
        k = min(int(np.searchsorted(self.cuts, float(t), side="right")) - 1, len(self.factors) - 1)
        return self.sums[k] + self.factors[k] * (self._primitive(t) - self._primitive(self.cuts[k]))

    def inverse(self, target: Any) -> int:
        """The nearest ns; durations are rounded once, where they arise."""
        low, high = 0, self.cuts[-1] * 10**9
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.at(middle) < target else (low, middle)
        return low if target - self.at(low) < self.at(high) - target else high


def is_open(t: float) -> bool:
    return int(t // DAY) % 7 < 5 and 6 <= t % DAY / HOUR < 18


def oracle_times(gap: Distribution, summed: Summed, found: list[int]) -> list[int]:
    """Arrivals, ns, each from the one found before: what is drawn, as a share of its mean, on the scale of the cumulated rate."""
    stream, expected = Stream(SEED, 0, "trucks", "arrival"), []
    for k in range(len(found) + 1):
        u = stream.uniform()
        drawn = gap.inverse(u) if k else first_gap(gap, u)
        target = summed.at(found[k - 1] if k else 0) + LONG(drawn) / LONG(gap.mean)
        if target > summed.sums[-1]:
            break
        expected.append(summed.inverse(target))
    return expected


EVENT = 12 * DAY
CAMPAIGN = {"begin": "7 h", "length": "5 h", "repeat": "24 h"}
FORMS: list[dict[str, Any]] = [{"exponential": {"mean": "3 h"}}, {"gamma": {"mean": "3 h", "shape": 3}}, {"uniform": ["1 h", "5 h"]}]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("calendar", [None, "day"])
def test_every_arrival_is_that_of_the_cumulated_rate(form: dict[str, Any], calendar: str | None) -> None:
    """Season, trend, campaign, calendar and an event at once, to one nanosecond. A gap drawn at the rate of the last arrival misses by hours."""
    more = {"calendar": calendar} if calendar else {}
    season = {"amplitude": "60 %", "period": "2 d", "peak": "5 h"}
    campaigns = {"morning": {**CAMPAIGN, "every": {**form, **({"exponential": {"mean": "1 h"}} if "exponential" in form else {})}}}
    if "exponential" not in form:
        campaigns["morning"] = {**CAMPAIGN, "mass": "1 kg", "every": form}
    event = {"at": "12 d", "set": {"units.trucks.every": _scaled(form)}}
    run = twin.run(plant(every=form, season=season, trend={"change": "+20 %", "per": "10 d"}, campaigns=campaigns, events=[event], **more))
    found = departures(run, "trucks")
    in_campaign = 1 if "exponential" in form else 3

    def rate(t: float) -> tuple[float, bool]:
        mean = in_campaign if 7 <= t % DAY / HOUR < 12 else 3 if t < EVENT else 1.5
        return mean * HOUR, calendar is None or is_open(t)

    cuts = sorted({day * DAY + hour * HOUR for day in range(40) for hour in (0, 6, 7, 12, 18)} | {40 * DAY})
    gap = Variate("s").read(form)
    expected = oracle_times(gap, Summed(rate, cuts, (0.6, 2 * DAY, 5 * HOUR), (0.2, 10 * DAY)), found)
    assert len(expected) > 150
    assert len(found) == len(expected)
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= 1


def _scaled(form: dict[str, Any]) -> dict[str, Any]:
    """The same form at half the mean."""
    kind = next(iter(form))
    return {"uniform": ["0.5 h", "2.5 h"]} if kind == "uniform" else {kind: {**form[kind], "mean": "1.5 h"}}


def test_gaps_on_the_scale_of_the_rate_follow_their_law() -> None:
    """Kolmogorov and Smirnov at .001 over 400 days, and the index of dispersion of counts in stretches of equal cumulated rate.

    Gaps drawn at the rate of the last arrival (a mean of 3 h by night, 20 min in the morning) fail both by far.
    """
    campaigns = {"morning": {**CAMPAIGN, "every": {"exponential": {"mean": "20 min"}}}}
    season = {"amplitude": "80 %", "period": "30 d"}
    found = departures(twin.run(plant("400 d", every={"exponential": {"mean": "3 h"}}, campaigns=campaigns, season=season)), "trucks")
    cuts = sorted({day * DAY + hour * HOUR for day in range(400) for hour in (0, 7, 12)} | {400 * DAY})
    summed = Summed(lambda t: (HOUR / 3 if 7 <= t % DAY / HOUR < 12 else 3 * HOUR, True), cuts, (0.8, 30 * DAY, 0), (0.0, 1))
    scaled = [float(summed.at(t)) for t in found]
    assert kstest(np.diff([0.0, *scaled]), "expon").pvalue > 1e-3
    stretches = np.arange(0.0, float(summed.sums[-1]), 10.0)
    counts = np.histogram(scaled, bins=stretches)[0]
    dispersion = counts.var(ddof=1) / counts.mean() * (len(counts) - 1)
    assert chi2.ppf(5e-4, len(counts) - 1) < dispersion < chi2.ppf(1 - 5e-4, len(counts) - 1)
    assert abs(len(found) - float(summed.sums[-1])) < 4 * float(summed.sums[-1]) ** 0.5


def counts(run: twin.Result, key: str = "arrivals", gate: str = "trucks") -> Any:
    return run.array(f"gates/{key}")[:, list(run.array("gate")).index(gate)]


def test_a_morning_after_a_quiet_night() -> None:
    """A truck in 12 h by night and six an hour from 06 to 10: 25.67 a day. Drawn at the rate of the last arrival it is 5.9."""
    campaigns = {"morning": {"begin": "6 h", "length": "4 h", "repeat": "24 h", "every": {"exponential": {"mean": "10 min"}}}}
    run = twin.run(plant("400 d", every={"exponential": {"mean": "12 h"}}, campaigns=campaigns).change({"record": {"every": "1 h"}}))
    hourly = counts(run).reshape(400, 24)
    expected = 20 / 12 + 24
    assert abs(hourly.sum() / 400 - expected) < 4 * (expected / 400) ** 0.5
    assert (abs(hourly[:, 6:10].mean(axis=0) - 6.0) < 4 * (6.0 / 400) ** 0.5).all()


def test_a_season_keeps_the_stated_mean() -> None:
    """A truck in 3 h, amplitude 95 %, period a day: 8 a day, most at noon. Drawn at the rate of the last arrival it is 3.5, three hours late."""
    run = twin.run(plant("400 d", every={"exponential": {"mean": "3 h"}}, season={"amplitude": "95 %", "period": "1 d", "peak": "12 h"}).change(
        {"record": {"every": "1 h"}}
    ))  # fmt: skip
    hourly = counts(run).reshape(400, 24).mean(axis=0)
    assert abs(hourly.sum() - 8) < 4 * (8 / 400) ** 0.5
    centre = np.angle((hourly * np.exp(2j * np.pi * (np.arange(24) + 0.5) / 24)).sum()) % (2 * np.pi) * 24 / (2 * np.pi)
    assert centre == pytest.approx(12.0, abs=0.3)


@pytest.mark.soak
def test_an_event_on_every_acts_on_the_truck_that_is_due() -> None:
    """A mean gap of 20 d until day 10, then an hour: 240 trucks in ten days, in every run. A gap that is not looked at again gives 39 in the mean."""
    events = [{"at": "10 d", "set": {"units.trucks.every": {"exponential": {"mean": "1 h"}}}}]
    ended = plant("20 d", every={"exponential": {"mean": "20 d"}}, events=events)
    found = [counts(twin.run(ended, replication=k))[10:].sum() for k in range(12)]
    assert abs(np.mean(found) - 240) < 4 * (240 / 12) ** 0.5
    assert min(found) > 240 - 5 * 240**0.5


@pytest.mark.sampled(1)
@pytest.mark.parametrize("every", [{"uniform": ["1 h", "9 h"]}, {"gamma": {"mean": "5 h", "shape": 0.5}}, {"discrete": {"values": ["1 h", "9 h"]}}])
def test_as_many_come_from_the_start_on_as_later(every: Any) -> None:
    """With the first gap from its equilibrium the mean count in any time is time over mean gap, also in the first hours: .6 in 3 h.

    A first gap like all others gives .25 (uniform), 1.1 (gamma) and .5 and more (discrete).
    """
    units: dict[str, Any] = {}
    for k in range(200):
        units[f"trucks{k}"] = parts(every)
        units[f"yard{k}"] = {"kind": "bunker", "from": f"trucks{k}", "capacity": "1 t"}
        units[f"out{k}"] = {"kind": "product", "from": f"yard{k}"}
    made = scenario(units, "3 h")
    runs = np.concatenate([twin.run(made, replication=k).array("gates/arrivals").sum(axis=0)[::2] for k in range(4)])
    assert len(runs) == 800
    assert abs(np.mean(runs) - 0.6) < 4 * np.std(runs) / 800**0.5 < 0.2


def test_a_rate_that_stays_at_nothing_ends_the_arrivals() -> None:
    calendars = {"calendars.day.closed": [{"from": "2026-01-07", "to": "2200-01-01"}]}
    run = twin.run(plant("300 d", every={"exponential": {"mean": "1 h"}}, calendar="day", season={"amplitude": "10 %", "period": "1 d"}).change(calendars))
    assert 10 < counts(run)[:2].sum() < 40
    assert counts(run)[2:].sum() == 0


@pytest.mark.sampled(2)
@pytest.mark.parametrize("moment", range(6))
def test_saved_at_random_times_the_rest_is_the_same(tmp_path: Path, moment: int) -> None:
    campaigns = {"morning": {**CAMPAIGN, "every": {"exponential": {"mean": "2 h"}}}}
    events = [{"at": f"{day} d", "set": {"units.trucks.every": {"gamma": {"mean": f"{hours} h", "shape": 2}}}} for day, hours in ((4, 30), (9, 1), (15, 6))]
    season = {"amplitude": "60 %", "period": "2 d"}
    made = plant("25 d", every={"gamma": {"mean": "4 h", "shape": 2}}, calendar="day", campaigns=campaigns, season=season, events=events)
    made = made.change({"units.trucks.every_counts": ["open_time", "open_days", "clock"][moment % 3]})
    whole = twin.run(made).digest
    twin.run_until(made, random.Random(moment).uniform(0.0, 25.0) * DAY, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == whole


# -- what every counts -------------------------------------------------------------------------------------------------------------------


def gate(every: Any, horizon: str = "21 d", **more: Any) -> twin.Scenario:
    """A truck and a pick-up every so often, gate open weekdays 06-18, from a Monday on."""
    made = plant(horizon, every=every, calendar="day", **more)
    return made.change(
        {
            "units.yard.initial": {"mass": "500 t", "composition": {"part": 1}},
            "units.out.pickup": {"every": every, "mass": "1 kg", "calendar": "day", **more},
        }
    )


@pytest.mark.parametrize(
    ("every", "more", "expected"),
    [
        ("1 d", {}, 15),
        ("2 d", {}, 7),
        ("2 h", {}, 90),
        ("1 d", {"every_counts": "open_time"}, 7),
        ("1 d", {"every_counts": "open_days"}, 15),
        ("7 d", {"every_counts": "clock"}, 2),
        ("1 d", {"every_counts": "clock"}, 18),
        ("1 d", {"first": "8 h"}, 15),
    ],
)
def test_one_truck_each_working_day(every: str, more: dict[str, Any], expected: int) -> None:
    """Deliveries and pick-ups alike. `clock`: of 20 trucks in 21 days the last two still wait for Monday."""
    run = twin.run(gate(every, **more))
    assert (counts(run).sum(), counts(run, "pickups", "out").sum()) == (expected, expected)
    times = [datetime(2026, 1, 5).timestamp() + t / 1e9 for t in departures(run, "trucks")]
    hours = [(moment.weekday(), moment.hour + moment.minute / 60) for moment in map(datetime.fromtimestamp, times)]
    assert all(day < 5 and 6 <= hour <= 18 for day, hour in hours)
    if "first" in more:
        assert all(hour == 8 for _, hour in hours)


@pytest.mark.parametrize("spread", [{"exponential": {"mean": "1 d"}}, {"uniform": ["22 h", "26 h"]}, {"gamma": {"mean": "1 d", "shape": 4}}])
def test_a_spread_moves_the_trucks_and_not_their_number(spread: Any) -> None:
    """A year of 52 weeks has 260 working days, whatever the form of the gap."""
    found = counts(twin.run(gate(spread, "364 d"))).sum()
    assert abs(found - 260) < 4 * (260 if "exponential" in spread else 65) ** 0.5
    assert abs(found - 130) > 4 * 130**0.5  # what open time gives


def test_a_schedule_and_a_calendar_are_refused_together(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("timestamp,mass_kg\n2026-01-05T08:00,1\n")
    made = plant(every="1 h", calendar="day")
    with pytest.raises(ScenarioError, match="'calendar' and 'schedule' exclude each other"):
        made.change({"units.trucks": {"kind": "feed", "schedule": str(tmp_path / "s.csv"), "composition": {"part": 1}, "calendar": "day"}})
