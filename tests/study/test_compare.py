"""Comparison of results: what differs between the scenarios, and the key figures side by side."""

from __future__ import annotations

from typing import Any

import pytest

import twin
from twin.errors import UsageError

PLANT: dict[str, Any] = {
    "twin": 1,
    "name": "pair",
    "time": {"horizon": "2 d"},
    "lot": "100 kg",
    "materials": {"x": {}},
    "units": {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"x": 1}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "1000 t"},
        "m": {"kind": "separator", "from": "yard", "rate": {"value": "0.5 t/h", "basis": "assumed", "source": "a guess", "low": "0.2 t/h", "high": "1 t/h"}},
        "out": {"kind": "product", "from": "m"},
    },
}


def test_differences_are_those_of_the_plant_and_not_of_where_numbers_come_from() -> None:
    base = twin.run(twin.load(PLANT))
    fast = twin.run(twin.load(PLANT).change({"units.m.rate": {"value": "0.8 t/h", "basis": "measured", "source": "weigh belt"}}), seed=9)
    found = twin.compare(base, fast)
    assert [(d.path, d.values) for d in found.differences] == [("units.m.rate", ("0.5 t/h", "0.8 t/h")), ("seed", ("1", "9"))]
    assert found["throughput"].relative(1) == pytest.approx(0.6, abs=0.01)
    assert "units.m.rate" in repr(found)
    assert "<th>" in found._repr_html_()


def test_equal_scenarios_and_a_kpi_that_one_file_does_not_have() -> None:
    base, other = twin.run(twin.load(PLANT)), twin.run(twin.load(PLANT), replication=1)
    assert [d.path for d in twin.compare(base, other).differences] == ["replication"]
    second = {**PLANT, "units": {**PLANT["units"], "more": {"kind": "product", "from": "n"}, "n": {"kind": "separator", "from": "yard", "rate": "1 t/h"}}}
    row = twin.compare(base, twin.run(twin.load(second)))["product_mass.more"]
    assert row.texts()[0] == "–"
    with pytest.raises(KeyError, match="no KPI 'nope'"):
        twin.compare(base, base)["nope"]
    with pytest.raises(UsageError, match="at least two results"):
        twin.compare(base)
