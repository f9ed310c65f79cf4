"""Feeds: schedules from CSV, limits, drawn compositions, several into one bunker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plants import departures

import twin

H = 3600 * 10**9
CSV = """\
timestamp,mass_t,x,y
2026-01-05T06:00,2,0.5,0.5
2026-01-05T07:30,1,0.1,0.9
2026-01-05T07:30,3,1,0
"""


def plant(feed: dict[str, Any], csv: str | None = None, **more: Any) -> twin.Scenario:
    units = {
        "trucks": {"kind": "feed", **feed},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "1000 t"},
        "out": {"kind": "product", "from": "yard"},
    }
    top = {
        "twin": 1,
        "name": "feeds",
        "time": {"start": "2026-01-05T05:00", "horizon": "9 h"},
        "materials": {"x": {}, "y": {}},
        "record": {"every": "9 h", "genealogy": True},
    }
    return twin.load({**top, **more, "units": units}, files={"deliveries.csv": csv} if csv else None)


def test_a_schedule_is_kept_to_the_nanosecond_and_row_by_row() -> None:
    result = twin.run(plant({"schedule": "deliveries.csv"}, CSV))
    assert [time / H for time in departures(result, "trucks")] == [1.0, 2.5, 2.5]
    flow = result.array("streams/mass_flow")[0, result.array("stream").tolist().index("trucks")] * 9 * 3600
    assert flow.tolist() == pytest.approx([1000 + 100 + 3000, 1000 + 900])
    assert result.files["deliveries.csv"] == CSV


def test_a_run_from_a_schedule_resumes_from_its_file_alone(tmp_path: Any) -> None:
    scenario = plant({"schedule": "deliveries.csv"}, CSV)
    twin.run_until(scenario, 2 * 3600.0, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == twin.run(scenario).digest


def test_first_and_limit() -> None:
    result = twin.run(plant({"every": "2 h", "mass": "1 t", "composition": {"x": 1}, "first": "30 min", "limit": 3}))
    assert [time / H for time in departures(result, "trucks")] == [0.5, 2.5, 4.5]


def test_drawn_compositions_have_the_stated_mean_and_spread() -> None:
    """Dirichlet: variance of a share is p (1 - p) / (concentration + 1); 4 standard errors, fixed seed."""
    scenario = plant(
        {"every": "1 min", "mass": "1 t", "composition": {"x": "30 %", "y": "70 %"}, "variability": {"concentration": 24}},
        time={"horizon": "40 h"},
        record={"every": "1 min"},
    )
    flow = twin.run(scenario).array("streams/mass_flow")[:, 0]
    shares = flow[1:, 0] / flow[1:].sum(axis=1)
    count, variance = len(shares), 0.3 * 0.7 / 25
    assert count > 2000
    assert abs(shares.mean() - 0.3) < 4 * np.sqrt(variance / count)
    assert shares.var(ddof=1) == pytest.approx(variance, rel=4 * np.sqrt(2 / count))


def test_a_timed_event_changes_deliveries() -> None:
    scenario = plant(
        {"every": "1 h", "mass": "1 t", "composition": {"x": 1}},
        events=[{"at": "3.5 h", "set": {"units.trucks.mass": "2 t", "units.trucks.composition": {"y": 1}}}],
    )
    result = twin.run(scenario)
    flow = result.array("streams/mass_flow")[0, 0] * 9 * 3600
    assert flow.tolist() == pytest.approx([3000.0, 10000.0])


def test_trucks_of_two_feeds_at_one_full_yard_all_come_in() -> None:
    """Who moves up in a waiting list looks at once: after a large draw as many trucks unload as there is room for, whichever feed they are of."""
    units = {
        "a": {"kind": "feed", "every": "1 h", "mass": "10 t", "composition": {"steel": "100 %"}, "queue_limit": 6},
        "b": {"kind": "feed", "every": "1 h", "mass": "10 t", "composition": {"copper": "100 %"}, "queue_limit": 6},
        "yard": {"kind": "bunker", "from": ["a", "b"], "capacity": "100 t"},
        "out": {"kind": "product", "from": "yard", "pickup": {"every": "10 h", "mass": "90 t"}},
    }
    scenario = {"twin": 1, "time": {"horizon": "20 d"}, "record": {"every": "1 h"}, "catalogue": ["weee"], "units": units}
    with twin.run(twin.load(scenario)) as result:
        taken = sum(result.kpis[f"product_mass.{name}"].value for name in ("out",))
        assert taken == pytest.approx(48 * 90e3, rel=0.03)
